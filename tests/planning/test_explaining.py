"""Why a finished plan leaves a stop out, and why a vehicle serves a stop: worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fleetplan.errors import InputError, Refusal
from fleetplan.planning.building import build_plan
from fleetplan.planning.explaining import Explanation, explain, explained, with_own_reasons
from fleetplan.planning.instance import make_instance
from fleetplan.planning.problem import Access, Battery, Problem, Rest
from fleetplan.planning.schedule import Solution, time_day
from fleetplan.travel import UNREACHABLE
from tests.planning.problems import HOUR, line_table, problem, task, vehicle

EIGHT = 8 * HOUR


def left_b(stops: list[Any], places_m: list[int], *, day: Any = {}, **changes: Any) -> Refusal:  # noqa: B006
    """The reason for the second stop, left out while the only van serves the first; 10 m take a second."""
    van = vehicle("van", line_table("van", places_m), **{"count": 1, **changes})
    instance = make_instance(problem(stops, [van], **day))
    first = int(instance.classes[0].options.first[0])
    solution = Solution(((0, ((first,),)),), (1,))
    (entry,) = explained(instance, solution)
    assert entry.by_type == {"van": entry.reason}
    return entry.reason


def test_a_full_trip_tells_what_does_not_fit() -> None:
    """Protects loads: 6 kg and 6 kg are 2 kg too many for 10 kg."""
    told = left_b([task("a", kg=6.0), task("b", kg=6.0)], [1000, 1000], capacity_kg=10.0)
    assert (told.code, told.data["rule"]) == ("fleet_used_up", "load")
    assert told.data["over_kg"] == pytest.approx(2.0)
    assert told.text == "the only van is in use: a trip with time for it is too full by 2 kg"


def test_the_limit_on_trips_is_told_where_a_trip_more_would_help() -> None:
    """Protects max_trips: three stops of 6 kg on a van of 10 kg that may go out twice."""
    van = vehicle("van", line_table("van", [1000] * 3), count=1, capacity_kg=10.0, max_trips=2)
    day = problem([task(name, kg=6.0) for name in "abc"], [van])
    (entry,) = explained(make_instance(day), Solution(((0, ((0,), (1,))),), (2,)))
    assert entry.reason.text.endswith("is too full by 2 kg, and a day has no more than 2 trips")
    assert entry.reason.data["max_trips"] == 2


def test_collections_count_on_the_leg_where_they_ride() -> None:
    """Protects mixed trips: what is collected at b rides home with what was collected at a, 3 parcels too many."""
    stops = [task("a", parcels=0, collect_parcels=5), task("b", parcels=0, collect_parcels=6)]
    told = left_b(stops, [1000, 2000], capacity_parcels=8)
    assert told.text.endswith("is too full by 3 parcels")


def test_a_day_at_its_limit_of_stops_says_so() -> None:
    """Protects max_stops."""
    told = left_b([task("a"), task("b")], [1000, 1000], max_stops=1)
    assert told.text == "the only van is in use: a day has no more than 1 stop"


def test_a_window_is_missed_by_the_least_over_all_places() -> None:
    """Protects windows: after a (300 s, 60 s of service) b is reached after 660 s, 60 s late; before a it is worse."""
    stops = [task("a", window=(EIGHT, EIGHT + 300), service=60), task("b", window=(EIGHT, EIGHT + 600))]
    told = left_b(stops, [3000, 6000])
    assert (told.data["rule"], told.data["late_s"]) == ("window", 60)
    assert told.text == "the only van is in use: in the best place a window is missed by 60 s"


def test_a_shift_is_exceeded_by_the_least_over_all_places() -> None:
    """Protects the shift: 800 s of driving and 500 s of service are 100 s more than 1200 s."""
    stops = [task("a", service=300), task("b", service=200)]
    told = left_b(stops, [3000, 4000], shift_s=(EIGHT, EIGHT + 1200))
    assert (told.data["rule"], told.data["over_shift_s"]) == ("shift", 100)


def test_a_span_is_exceeded_by_the_least_over_all_places() -> None:
    """Protects the longest day: the same with a limit on the day's length."""
    stops = [task("a", service=300), task("b", service=200)]
    told = left_b(stops, [3000, 4000], max_span_s=1200)
    assert (told.data["rule"], told.data["over_span_s"]) == ("span", 100)


def test_a_battery_tells_what_it_lacks() -> None:
    """Protects ranges: 3.0, 1.0 and 3.4 km of a round take 740 of 680 Wh, though each stop alone takes no more."""
    van = vehicle("van", line_table("van", [3000, 3400]), count=1, battery=Battery(700.0, 20.0, 100.0))
    metres = van.table.distance_m.copy()
    metres[0, 1, 2] = metres[0, 2, 1] = 1000
    van = replace(van, table=replace(van.table, distance_m=metres))
    (entry,) = explained(make_instance(problem([task("a"), task("b")], [van])), Solution(((0, ((0,),)),), (1,)))
    assert entry.reason.data["rule"] == "range"
    assert entry.reason.data["lacks_wh"] == pytest.approx(60.0)


def test_rests_can_be_all_that_is_in_the_way() -> None:
    """Protects rests: a day of 750 s fits a shift of 1000 s, with the rest of 300 s that it makes due it does not."""
    day = {"rests": (Rest(300, (0, 24 * HOUR), after_s=700),)}
    stops = [task("a", service=50), task("b", service=100)]
    told = left_b(stops, [3000, 3000], shift_s=(EIGHT, EIGHT + 1000), day=day)
    assert told.code == "fleet_used_up"
    assert told.text == "the only van is in use: the rests that are due leave no time for it"


def test_a_dock_that_is_busy_is_the_reason() -> None:
    """Protects docks: two loadings of 600 s one after the other leave 100 s for 200 s of driving."""
    van = vehicle("van", line_table("van", [1000, 1000]), count=2, capacity_kg=1.0)
    day = problem([task("a"), task("b")], [van], shift_s=(EIGHT, EIGHT + 1300), reload_s=600, docks=1)
    (entry,) = explained(make_instance(day), Solution(((0, ((0,),)),), (1,)))
    assert entry.reason.code == "docks_full"
    (entry,) = explained(make_instance(replace(day, docks=2)), Solution(((0, ((0,),)),), (1,)))
    assert entry.reason.code == "missed_insertion"


def test_dearer_than_its_price_names_both() -> None:
    """Protects prices: 1.50 for leaving it out against 2 km more at 1.00."""
    stops, day = [task("a"), task("b")], {"unserved_price_per_parcel": 1.5, "labels": {"currency": "EUR"}}
    told = left_b(stops, [1000, 2000], distance_cost_per_km=1.0, day=day)
    assert (told.code, told.data) == ("dearer_than_price", {"price": 1.5, "extra_cost": 2.0})
    assert told.text == "leaving it out costs 1.50 EUR, a van serves it for no less than 2.00 EUR more"


def test_a_place_that_the_search_missed_has_a_code_of_its_own() -> None:
    """Protects honesty: a stop that fits and is left out all the same is called what it is."""
    told = left_b([task("a"), task("b")], [1000, 2000], distance_cost_per_km=1.0)
    assert (told.code, told.data) == ("missed_insertion", {"extra_cost": 2.0})


def town() -> Problem:
    """A kei van reaches both doors; a large van stands 80 m away from b, and costs more."""
    table = line_table("kei", [1000, 2000])
    kei = vehicle("kei", table, count=1, cost_per_day=20.0, distance_cost_per_km=1.0)
    far = Access(2, 80.0, 1, 60, 60)
    large = vehicle("large", table, cost_per_day=50.0, distance_cost_per_km=2.0, access=(kei.access[0], (far,)))
    none = vehicle("none", table, count=0)
    return problem([task("a"), task("b")], [kei, large, none], labels={"currency": "EUR"})


def why(day: Problem, days: Any, left: tuple[int, ...], stop: str) -> Explanation:
    """The explanation of a stop in the plan of a solution."""
    instance = make_instance(day)
    return explain(day, build_plan(instance, Solution(days, left), stopped_by="effort", effort=(0, 0)), stop)


def kinds_of(day: Problem) -> dict[str, int]:
    """Class numbers by type."""
    return {name: kind for kind, made in enumerate(make_instance(day).classes) for name, _ in made.names}


def test_why_this_vehicle_compares_what_the_types_would_cost() -> None:
    """Protects the answer for a served stop: 2 km more on the kei, a day of its own with 4 km on the large van."""
    day = town()
    kei = kinds_of(day)["kei"]
    answer = why(day, ((kei, ((0, 1),)),), (), "b")
    assert (answer.code, answer.route, answer.extra_cost) == ("served", "kei-1", 2.0)
    assert {name: told.code for name, told in answer.by_type.items()} == {
        "kei": "serves",
        "large": "dearer",
        "none": "no_vehicle",
    }
    assert answer.by_type["large"].data == {"extra_cost": 58.0, "walk_m": 80.0}
    assert answer.text == (
        "kei-1 serves it for 2.00 EUR more than the plan without it (stands at the door); "
        "large: the cheapest place on a large costs 58.00 EUR (a day of its own; stands 80 m away); "
        "none: there is no none in this fleet"
    )


def test_a_cheaper_place_elsewhere_is_not_hidden() -> None:
    """Protects honesty: a stop on a dear vehicle of its own says that another would be cheaper, and where."""
    day = town()
    kinds = kinds_of(day)
    answer = why(day, tuple(sorted([(kinds["kei"], ((0,),)), (kinds["large"], ((1,),))])), (), "b")
    assert answer.extra_cost == 58.0
    assert answer.by_type["kei"].code == "cheaper"
    assert "costs 2.00 EUR (kei-1; stands at the door)" in answer.by_type["kei"].text


def test_a_type_in_use_elsewhere_tells_why_it_cannot() -> None:
    """Protects the other types' reasons: the only kei is full, so the stop stays on the large van."""
    day = town()
    kei = replace(next(v for v in day.types if v.name == "kei"), capacity_parcels=1)
    day = replace(day, types=(kei, *(v for v in day.types if v.name != "kei")))
    kinds = kinds_of(day)
    answer = why(day, tuple(sorted([(kinds["kei"], ((0,),)), (kinds["large"], ((1,),))])), (), "b")
    assert answer.by_type["kei"].code == "fleet_used_up"
    assert answer.by_type["kei"].data["over_parcels"] == pytest.approx(1.0)


def test_a_day_that_needs_the_stop_to_get_through_says_so() -> None:
    """Protects odd tables: without b there is no path from a to c, so no cost without it can be told."""
    van = vehicle("van", line_table("van", [1000, 2000, 3000]), count=1)
    seconds = van.table.time_s.copy()
    seconds[0, 1, 3] = int(UNREACHABLE)
    day = problem([task(name) for name in "abc"], [replace(van, table=replace(van.table, time_s=seconds))])
    answer = why(day, ((0, ((0, 1, 2),)),), (), "b")
    assert (answer.code, answer.route, answer.extra_cost) == ("served", "van-1", None)
    assert answer.text.endswith("without it, its other stops cannot be driven to in this order")


def test_a_stop_left_out_is_explained_by_its_reason() -> None:
    """Protects the same answer in plan file and explanation."""
    day = replace(town(), types=tuple(replace(v, capacity_parcels=1, count=1) for v in town().types[:1]))
    answer = why(day, ((0, ((0,),)),), (1,), "b")
    assert (answer.code, answer.route, answer.extra_cost) == ("fleet_used_up", None, None)
    assert answer.to_dict()["by_type"]["kei"]["data"]["over_parcels"] == pytest.approx(1.0)
    assert answer.to_dict()["served"] is False


def test_what_cannot_be_explained_is_a_fault() -> None:
    """Protects callers: an unknown stop, and a plan that the checker rejects."""
    day = town()
    instance = make_instance(day)
    plan = build_plan(instance, Solution(((kinds_of(day)["kei"], ((0, 1),)),), ()), stopped_by="effort", effort=(0, 0))
    with pytest.raises(InputError, match="no stop 'c'"):
        explain(day, plan, "c")
    with pytest.raises(InputError, match="cost"):
        explain(day, replace(plan, cost=1.0), "b")


def test_an_adopted_plan_tells_the_reasons_of_its_new_fleet() -> None:
    """Protects plans shared between fleets: the reasons name the types of the fleet that drives the plan now."""
    day = replace(town(), types=tuple(replace(v, capacity_parcels=1, count=1) for v in town().types[:1]))
    instance = make_instance(day)
    assert time_day(instance, 0, ((0,),)) is not None
    plan = build_plan(instance, Solution(((0, ((0,),)),), (1,)), stopped_by="effort", effort=(0, 0))
    mixed = replace(day, types=(*day.types, vehicle("tiny", line_table("tiny", [1000, 2000]), capacity_kg=0.5)))
    (entry,) = with_own_reasons(mixed, plan).unserved
    assert {name: told.code for name, told in entry.by_type.items()} == {"kei": "fleet_used_up", "tiny": "too_heavy"}
