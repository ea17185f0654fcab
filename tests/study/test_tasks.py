"""Stops become tasks, vehicles become types: what a scenario says reaches the problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

import fleetplan as fp
from fleetplan.demand.stops import Stop, Stops
from fleetplan.planning.problem import Battery, DrivingRule, Lateness, Problem, Rest
from fleetplan.planning.validating import validate_problem
from fleetplan.study.arguments import study_of_arguments
from fleetplan.study.building import battery_of, build_problem, gather_materials
from fleetplan.study.comparing import stop_warnings
from fleetplan.study.inputs import StudyInput, check_input
from fleetplan.study.tasks import own_refusal, rounds_of, task_of
from tests.routing.builders import STREET, plain_town
from tests.towns import lat_lon

H = 3600
SHIFT = (8 * H, 18 * H)
PLAIN = Stop("a", 60.0, 24.0, "", 1, 1.0, 0.1, 60, None)


def stop(**changes: Any) -> Stop:
    """A plain stop with changes."""
    return replace(PLAIN, **changes)


@pytest.mark.parametrize(
    ("changes", "windows_s", "late"),
    [
        ({}, (SHIFT,), None),
        ({"window_s": (9 * H, 10 * H)}, ((9 * H, 10 * H),), None),
        ({"window_s": (6 * H, 7 * H), "later_windows_s": ((9 * H, 10 * H),)}, ((9 * H, 10 * H),), None),
        ({"window_s": (9 * H, 10 * H), "late_price_per_h": 5.0}, ((9 * H, 10 * H),), Lateness(5.0, 18 * H)),
        (
            {"window_s": (9 * H, 10 * H), "late_price_per_h": 5.0, "late_until_s": 11 * H},
            ((9 * H, 10 * H),),
            Lateness(5.0, 11 * H),
        ),
        ({"window_s": (6 * H, 7 * H), "late_price_per_h": 5.0}, ((6 * H, 7 * H),), Lateness(5.0, 18 * H)),
        (
            {"window_s": (9 * H, 10 * H), "later_windows_s": ((19 * H, 20 * H),), "late_price_per_h": 5.0},
            ((9 * H, 10 * H),),
            None,
        ),
        ({"window_s": (17 * H, 19 * H), "late_price_per_h": 5.0}, ((17 * H, 19 * H),), None),
    ],
)
def test_windows_and_lateness_within_the_shift(changes: dict[str, Any], windows_s: Any, late: Lateness | None) -> None:
    """Windows outside the shift fall away; lateness counts from the last window and ends with the shift if not sooner.

    A last window that opens after the shift cannot be missed, and one that closes after it leaves no time to be late.
    """
    task = task_of(stop(**changes), shift_s=SHIFT)
    assert (task.windows_s, task.late) == (windows_s, late)


def test_collections_and_the_rest_reach_the_task() -> None:
    """Loads both ways, readiness, priority and price are the stop's."""
    task = task_of(
        stop(
            parcels=0, demand_kg=0.0, volume_m3=0.0, collect_parcels=2, collect_kg=3.0, collect_m3=0.2,
            ready_s=9 * H, priority=4, unserved_price_per_parcel=7.0,
        ),
        shift_s=SHIFT,
    )  # fmt: skip
    assert (task.parcels, task.weight_kg, task.volume_m3) == (0, 0.0, 0.0)
    assert (task.collect_parcels, task.collect_kg, task.collect_m3, task.all_parcels) == (2, 3.0, 0.2, 2)
    assert (task.ready_s, task.priority, task.unserved_price_per_parcel) == (9 * H, 4, 7.0)


def test_what_is_collected_is_carried_on_the_ways_back() -> None:
    """20 kg in one go: 50 kg out and 70 kg back are four rounds, not three and four."""
    assert rounds_of(stop(demand_kg=50.0, collect_kg=70.0)) == 4
    assert rounds_of(stop(demand_kg=50.0)) == 3


def test_a_stop_may_forbid_or_require_vehicles() -> None:
    """Both are told as data: which types were named, and a sentence."""
    forbidden = own_refusal(stop(not_vehicles=("van",)), "van")
    required = own_refusal(stop(vehicles=("kei-van", "bike")), "van")
    assert forbidden is not None and forbidden.code == "forbidden_vehicle"
    assert forbidden.data == {"not_vehicles": ["van"]}
    assert required is not None and required.code == "other_vehicle_required"
    assert required.text == "the stop asks for kei-van or bike"
    assert own_refusal(stop(vehicles=("kei-van",)), "kei-van") is None
    assert own_refusal(stop(not_vehicles=("van",)), "kei-van") is None


def test_batteries_by_hand() -> None:
    """29.6 kWh with 10 % kept, 29.6 ÷ 245 kWh/km, 6 kW at the depot; without a battery there is no bound."""
    assert battery_of(fp.vehicle("kei-van-electric")) == Battery(
        29_600.0, pytest.approx(2_960.0), pytest.approx(120.8), 6_000.0, 0
    )
    assert battery_of(fp.vehicle("kei-van")) is None
    slow = replace(fp.vehicle("kei-van-electric"), reserve_share=0.25, charge_kw=None, charge_min=30.0)
    assert battery_of(slow) == Battery(29_600.0, 7_400.0, pytest.approx(120.8), 0.0, 1_800)


STREETS = plain_town(
    nodes={"A": (0, 0), "X": (100, 0), "B": (200, 0), "E": (100, -100)},
    ways=[("A X B", {**STREET, "name": "Street"}), ("X E", {**STREET, "name": "Alley"})],
    widths={1: 2.5},
)


def study(*stops: Stop, fleets: Mapping[str, Any] | None = None, **settings: Any) -> StudyInput:
    """A study in a street with an alley that kei vans alone may enter; stops are placed in it."""
    places = [lat_lon(100, -20), lat_lon(60, 5), lat_lon(80, 5)]
    items = [replace(item, id=f"s{n}", lat=places[n][0], lon=places[n][1]) for n, item in enumerate(stops)]
    depot_settings = {key: settings.pop(key) for key in ("docks", "max_trips") if key in settings}
    return study_of_arguments(
        STREETS,
        Stops(tuple(items)),
        depot=lat_lon(20, 0),
        fleets=fleets or {"kei": ["kei-van"], "van": ["full-size-van"]},
        shift=("08:00", "18:00"),
        costs="demo",
        own_vehicles=None,
        depot_settings=depot_settings,
        shift_settings={},
        settings=settings,
    )


def problem(checked: StudyInput, fleet: str) -> Problem:
    """The problem of a fleet, which solvers must accept as it is."""
    check_input(checked)
    built = build_problem(checked, gather_materials(checked), fleet)
    assert validate_problem(built) == []
    return built


def test_every_setting_reaches_the_problem() -> None:
    """Docks, trips, rests, the rule of driving, and the limits of an entry's day, in seconds."""
    entry = {"type": "kei-van", "max": 3, "shift": ["09:00", "15:00"], "max_span_h": 5.5, "max_stops": 40}
    checked = study(
        PLAIN, PLAIN, fleets={"kei": [entry]}, docks=2, max_trips=4,
        rests=[{"minutes": 30, "window": ["11:00", "14:00"], "after_h": 6, "paid": True}, {"minutes": 10}],
        driving_rule={"limit_h": 4, "rest_min": 30},
    )  # fmt: skip
    day = problem(checked, "kei")
    assert (day.docks, day.shift_s) == (2, SHIFT)
    assert day.rests == (Rest(1800, (11 * H, 14 * H), 6 * H, True), Rest(600, SHIFT, 0, False))
    assert day.driving_rule == DrivingRule(4 * H, 1800)
    (kei,) = day.types
    assert (kei.count, kei.max_trips) == (3, 4)
    assert (kei.shift_s, kei.max_span_s, kei.max_stops) == ((9 * H, 15 * H), 19_800, 40)


def test_silence_asks_for_nothing() -> None:
    """Without the new keys a problem has no rests, docks, batteries or limits of a day: answers stay what they were."""
    day = problem(study(PLAIN, PLAIN), "kei")
    assert (day.rests, day.driving_rule, day.docks) == ((), None, None)
    (kei,) = day.types
    assert (kei.shift_s, kei.max_span_s, kei.max_stops, kei.battery) == (None, None, None, None)
    assert all(task.late is None and task.ready_s is None and task.priority == 0 for task in day.tasks)


def test_several_ways_reach_the_problem() -> None:
    """The kei van may stand in the alley or at its mouth 20 m away, the van only there; walks take 1.2 m a second."""
    checked = study(stop(demand_kg=50.0, volume_m3=0.0))
    kei, van = (problem(checked, name).types[0] for name in ("kei", "van"))
    assert [(way.walk_m, way.rounds, way.walk_out_s, way.walk_back_s) for way in van.access[0]] == [
        (pytest.approx(20, abs=0.05), 3, 17, 83)
    ]
    assert [round(way.walk_m) for way in kei.access[0]] == [0], "three rounds of 20 m cost more than driving in"
    light = problem(study(stop(demand_kg=1.0)), "kei").types[0]
    assert [(round(way.walk_m), way.rounds) for way in light.access[0]] == [(0, 1), (20, 1)]
    door, mouth = (way.point for way in light.access[0])
    assert light.park_s[door] > light.park_s[mouth] > 0


def test_a_stops_own_rules_close_it_to_a_type() -> None:
    """Access is empty with the stop's reason, though the vehicle could drive there; other stops stay open."""
    checked = study(stop(not_vehicles=("kei-van",)), stop(vehicles=("full-size-van",)), PLAIN)
    kei, van = (problem(checked, name).types[0] for name in ("kei", "van"))
    assert [refusal and refusal.code for refusal in kei.refusals] == [
        "forbidden_vehicle",
        "other_vehicle_required",
        None,
    ]
    assert [bool(ways) for ways in kei.access] == [False, False, True]
    assert all(van.access) and van.refusals == (None, None, None)


def test_unknown_vehicles_and_loads_too_heavy_to_collect_are_faults() -> None:
    """Names that nobody knows and collections that no vehicle carries are told at once, at their cells."""
    with pytest.raises(fp.InputError) as caught:
        check_input(study(stop(vehicles=("kay-van",)), stop(not_vehicles=("small-van",), collect_kg=9e4)))
    assert [(fault.code, fault.field) for fault in caught.value.faults] == [
        ("stops.too_heavy", "collect_kg"), ("stops.vehicles", "vehicles"),
    ]  # fmt: skip
    assert "kei-van" in caught.value.faults[1].remedy


def test_columns_that_mean_nothing_here_are_told() -> None:
    """A price of its own without a price for all, and a priority beside one, are said to be without effect."""
    (line,) = stop_warnings(study(stop(unserved_price_per_parcel=3.0), PLAIN))
    assert line.startswith("1 stop has a price")
    (line,) = stop_warnings(study(stop(priority=3), stop(priority=1), unserved_price_per_parcel=2.0))
    assert line.startswith("2 stops have a priority")
    assert stop_warnings(study(stop(priority=3))) == []
