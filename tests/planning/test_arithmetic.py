"""What adding up shows before the search: worked out by hand, and never more than what the best plan leaves out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fleetplan.errors import Refusal
from fleetplan.planning.arithmetic import arithmetic_findings, fleet_warnings, least_unserved_parcels
from fleetplan.planning.instance import make_instance
from fleetplan.planning.problem import Access
from fleetplan.planning.trivial import solve_trivial
from tests.planning.problems import HOUR, line_table, problem, random_problem, task, vehicle
from tests.planning.solutions import random_solution

EIGHT = 8 * HOUR


def finding(stops: list[Any], types: list[Any], code: str, **changes: Any) -> Refusal:
    """The only finding of a problem."""
    (found,) = arithmetic_findings(problem(stops, types, **changes))
    assert found.code == code
    return found


def vans(stops: int, **changes: Any) -> Any:
    """Vans that reach every stop in 100 s."""
    return vehicle("van", line_table("van", [1000] * stops), **changes)


def test_nothing_is_said_of_what_just_fits() -> None:
    """Protects against false alarms: loads, stops, hours and loadings at their limit exactly."""
    stops = [task("a", kg=5.0, service=300), task("b", kg=5.0, service=300)]
    van = vans(2, count=1, capacity_kg=10.0, max_stops=2, shift_s=(EIGHT, EIGHT + 900))
    assert arithmetic_findings(problem(stops, [van], reload_s=100, docks=1)) == ()
    assert arithmetic_findings(problem([], [vehicle("van", line_table("van", []))])) == ()


def test_loads_beyond_all_trips_of_the_fleet() -> None:
    """Protects the load bound: 5 × 8 kg against 2 vans × 10 kg leave 20 kg, 2.5 stops of 3 parcels: 8 parcels."""
    stops = [task(f"s{i}", kg=8.0, parcels=3) for i in range(5)]
    found = finding(stops, [vans(5, count=2, capacity_kg=10.0)], "fleet_load")
    assert found.data["unserved_parcels_at_least"] == 8
    assert (found.data["unit"], found.data["asked"], found.data["room"]) == ("kg", 40.0, 20.0)
    assert found.text == (
        "the stops ask for 40 kg to be delivered, all 2 van take 20 kg: at least 8 parcels stay unserved"
    )
    assert arithmetic_findings(problem(stops, [vans(5, count=2, capacity_kg=10.0, max_trips=2)])) == ()
    assert arithmetic_findings(problem(stops, [vans(5, capacity_kg=10.0)])) == ()


def test_trips_that_the_shift_has_no_time_for_do_not_count() -> None:
    """Protects the bound with trips: 10 allowed, but loading 100 s and 200 s of driving fit three times into 1000 s."""
    stops = [task(f"s{i}", kg=10.0) for i in range(5)]
    van = vans(5, count=1, capacity_kg=10.0, max_trips=10, shift_s=(EIGHT, EIGHT + 1000))
    found = finding(stops, [van], "fleet_load", reload_s=100)
    assert (found.data["room"], found.data["unserved_parcels_at_least"]) == (30.0, 2)
    assert "takes 30 kg with up to 3 trips a day" in found.text


def test_stops_that_only_some_types_may_serve_are_held_against_those() -> None:
    """Protects site-dependent stops: the large van has room, but cannot reach the two stops that the kei must share."""
    stops = [task("a", kg=6.0), task("b", kg=6.0), task("c", kg=6.0)]
    kei = replace(vans(3, count=1, capacity_kg=10.0), name="kei")
    large = vans(3, count=5, capacity_kg=100.0, access=((), (), (Access(3, 0.0, 1, 0, 0),)))
    found = finding(stops, [kei, large], "fleet_load")
    assert found.data["types"] == ["kei"]
    assert found.data["unserved_parcels_at_least"] == 1
    assert found.text.startswith(
        "the stops that only kei can serve ask for 12 kg to be delivered, the only kei takes 10 kg"
    )


def test_many_types_are_held_against_what_the_stops_ask_for() -> None:
    """Protects fleets of many types: of ten, only two together may serve the three stops, and they take two."""
    stops = [task(f"s{i}", kg=6.0) for i in range(3)]
    types = [replace(vans(3, count=1, capacity_kg=6.0, cost_per_day=float(i)), name=f"t{i}") for i in range(10)]
    types = [v if i in (2, 5) else replace(v, access=((), (), ())) for i, v in enumerate(types)]
    found = finding(stops, types, "fleet_load")
    assert (found.data["types"], found.data["room"]) == (["t2", "t5"], 12.0)


def test_collections_are_added_up_by_themselves() -> None:
    """Protects returns: they ride home where the deliveries were."""
    stops = [task(f"s{i}", kg=5.0, collect_parcels=4) for i in range(2)]
    found = finding(stops, [vans(2, count=1, capacity_kg=10.0, capacity_parcels=6)], "fleet_load")
    assert (found.data["way"], found.data["unit"], found.data["asked"]) == ("collected", "parcels", 8.0)


def test_more_stops_than_the_days_may_have() -> None:
    """Protects max_stops: five stops, two vans of two; the stop of one parcel is the cheapest to leave."""
    stops = [task(f"s{i}", parcels=i + 1) for i in range(5)]
    found = finding(stops, [vans(5, count=2, max_stops=2)], "fleet_stops")
    assert found.data["unserved_parcels_at_least"] == 1
    assert found.text == "the stops are 5, all 2 van may visit 4 a day: at least 1 parcel stays unserved"


def test_more_work_than_the_shifts_have_hours() -> None:
    """Protects vehicle-hours: 3 × 30 min of service and walks in an hour less 200 s of driving leave 1.1 stops."""
    ways = tuple((Access(i + 1, 50.0, 1, 300, 300),) for i in range(3))
    stops = [task(f"s{i}", service=1200, parcels=2) for i in range(3)]
    found = finding(stops, [vans(3, count=1, shift_s=(EIGHT, EIGHT + HOUR), access=ways)], "fleet_hours")
    assert (found.data["asked"], found.data["room"]) == (5400.0, 3400.0)
    assert found.data["unserved_parcels_at_least"] == 3  # 2000 s of 1800 s each, at 2 parcels each
    assert "take 1.5 h, the only van has 0.9 h for it" in found.text


def test_docks_without_time_for_all_loadings() -> None:
    """Protects docks: 1000 s less 200 s of driving hold two loadings of 400 s, and the stops need three."""
    stops = [task(f"s{i}", kg=10.0) for i in range(3)]
    van = vans(3, count=3, capacity_kg=10.0, shift_s=(EIGHT, EIGHT + 1000))
    found = finding(stops, [van], "docks", reload_s=400, docks=1)
    assert (found.data["loadings"], found.data["unserved_parcels_at_least"]) == (2, 1)
    assert arithmetic_findings(problem(stops, [van], reload_s=400, docks=2)) == ()


def test_impossible_stops_are_told_all_at_once_with_their_reasons() -> None:
    """Protects the first look: every stop that nobody can serve, each with why, the first three in the sentence."""
    stops = [task(f"s{i}", parcels=2, window=(EIGHT, EIGHT + 60)) for i in range(4)]
    stops += [task("heavy", kg=11.0), task("fine")]
    found = finding(stops, [vans(6, count=1, capacity_kg=10.0)], "no_vehicle_can")
    assert {stop: told["code"] for stop, told in found.data["stops"].items()} == {
        "heavy": "too_heavy", **{f"s{i}": "window" for i in range(4)}
    }  # fmt: skip
    assert found.data["unserved_parcels_at_least"] == 9
    assert found.text.startswith("5 stops (9 parcels) can be served by no vehicle of this fleet: heavy: 11 kg is more")
    assert found.text.endswith("; and 2 more")


def test_bounds_add_up_over_impossible_stops_only() -> None:
    """Protects the sum: impossible stops come on top, but two findings about the others may mean the same stops."""
    stops = [task("heavy", kg=99.0, parcels=7), *(task(f"s{i}", kg=8.0) for i in range(4))]
    found = arithmetic_findings(problem(stops, [vans(5, count=1, capacity_kg=10.0, max_stops=1)]))
    assert [one.code for one in found] == ["no_vehicle_can", "fleet_load", "fleet_stops"]
    assert least_unserved_parcels(found) == 7 + 3
    assert fleet_warnings({"x": problem(stops, [vans(5, count=1, capacity_kg=10.0, max_stops=1)])}) == [
        f"fleet x: {one.text}" for one in found
    ]


@pytest.mark.parametrize("seed", range(500, 600))
def test_no_plan_leaves_less_than_the_bound(seed: int) -> None:
    """Protects the claim "must stay unserved": tight fleets, planned at best and at random, never do better."""
    made = random_problem(seed, tasks=(1, 3))
    tight = [replace(v, count=1, capacity_parcels=6, max_stops=2 if seed % 2 else v.max_stops) for v in made.types[:2]]
    made = replace(made, types=tuple(tight), unserved_price_per_parcel=1e7, docks=None)
    made = replace(made, tasks=tuple(replace(t, unserved_price_per_parcel=None) for t in made.tasks))
    instance = make_instance(made)
    left = solve_trivial(instance).left
    assert least_unserved_parcels(arithmetic_findings(made)) <= int(instance.parcels[list(left)].sum())
    wide = random_problem(seed, tasks=(6, 9))
    wide = replace(wide, types=tuple(replace(v, count=1, capacity_parcels=8) for v in wide.types), docks=None)
    instance = make_instance(wide)
    left = random_solution(instance, seed, left=0.0).left
    assert least_unserved_parcels(arithmetic_findings(wide)) <= int(instance.parcels[list(left)].sum())


def test_the_bound_is_often_met() -> None:
    """Protects the bound from being worth nothing: on many tight fleets the best plan leaves just that."""
    met = short = 0
    for seed in range(60):
        made = random_problem(seed, tasks=(3, 3), kinds=(1, 1), features=())
        van = replace(made.types[0], count=1, capacity_parcels=7, capacity_kg=None, capacity_m3=None, max_trips=1)
        made = replace(made, types=(van,), unserved_price_per_parcel=1e7)
        instance = make_instance(made)
        best = int(instance.parcels[list(solve_trivial(instance).left)].sum())
        least = least_unserved_parcels(arithmetic_findings(made))
        assert least <= best
        short += best > 0
        met += 0 < least == best
    assert met > short / 4
