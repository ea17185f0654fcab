"""Why a type cannot serve a stop alone: each rule worked out by hand, and all of them against trying every day."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fleetplan.errors import Refusal
from fleetplan.planning.explaining import explained
from fleetplan.planning.instance import make_instance
from fleetplan.planning.plan import Plan, Route, Trip, Visit
from fleetplan.planning.problem import Access, Battery, DrivingRule, Lateness, Problem, Rest, VehicleType
from fleetplan.planning.reasons import alone_refusal, duration, overall, reasons_of
from fleetplan.planning.schedule import Solution
from fleetplan.planning.verifying import verify
from fleetplan.travel import UNREACHABLE, TravelTable
from tests.planning.problems import HOUR, line_table, problem, random_problem, table_of, task, vehicle

EIGHT = 8 * HOUR


def alone(stop: Any, van: VehicleType, **changes: Any) -> Refusal | None:
    """Why the type cannot serve the only stop of a problem."""
    return alone_refusal(problem([stop], [van], **changes), van, 0)


VAN = vehicle("van", line_table("van", [1000]))
"""Drives 1000 m in 100 s."""


@pytest.mark.parametrize(
    ("stop", "changes", "code", "words"),
    [
        ({"kg": 11.0}, {"capacity_kg": 10.0}, "too_heavy", "11 kg is more than the 10 kg that a van carries"),
        ({"collect_kg": 11.0}, {"capacity_kg": 10.0}, "too_heavy", "11 kg is more than the 10 kg"),
        ({"m3": 2.5}, {"capacity_m3": 2.0}, "too_big", "2.5 m³ is more than the 2 m³"),
        ({"parcels": 9}, {"capacity_parcels": 8}, "too_big", "9 parcels are more than the 8"),
        ({}, {"access": ((),), "refusals": (Refusal("forbidden_vehicle", "no vans"),)}, "forbidden_vehicle", "no vans"),
        ({}, {"access": ((),)}, "no_access", "no way to meet"),
        ({}, {"access": ((Access(1, 120.0, 1, 90, 90),),)}, "beyond_walk", "120 m is longer than the 100 m"),
        ({}, {"battery": Battery(350.0, 50.0, 200.0)}, "beyond_range", "0.4 kWh, more than the 0.3 kWh"),
        ({"window": (EIGHT, EIGHT + 60)}, {}, "window", "08:01, 40 s before a van can be at the door (at 08:02"),
        ({"ready_s": 9 * HOUR, "window": (EIGHT, 9 * HOUR)}, {}, "goods_late", "ready at 09:00; the window"),
        ({"ready_s": 9 * HOUR, "window": (EIGHT, EIGHT + 60)}, {}, "window", "closes at 08:01"),
        ({"window": (EIGHT, EIGHT + 60), "late": Lateness(1.0, EIGHT + 90)}, {}, "window", "ends at 08:02, 10 s"),
        ({"service": 10 * HOUR}, {}, "shift", "back at 18:03 at the earliest, 200 s after the shift ends"),
        ({"service": HOUR}, {"max_span_s": HOUR}, "span", "takes 63 min; 60 min are allowed"),
        ({}, {"shift_s": (EIGHT, EIGHT + 199)}, "shift", "1 s after the shift ends"),
    ],
)  # fmt: skip
def test_each_rule_is_named_with_its_figures(
    stop: dict[str, Any], changes: dict[str, Any], code: str, words: str
) -> None:
    """Protects the sentences: each rule that stops a type alone is the one told, with its own figures."""
    found = alone(task("a", **stop), replace(VAN, **changes))
    assert found is not None
    assert found.code == code
    assert words.replace("200 s", duration(200)) in found.text


def test_what_just_fits_is_no_reason() -> None:
    """Protects against reasons that are off by one: at each limit exactly, the stop can be served."""
    van = replace(
        VAN,
        capacity_kg=1.0,
        capacity_parcels=1,
        shift_s=(EIGHT, EIGHT + 200),
        max_span_s=200,
        battery=Battery(450.0, 50.0, 200.0),
        access=((Access(1, 100.0, 1, 0, 0),),),
    )
    assert alone(task("a", window=(EIGHT, EIGHT + 100), ready_s=EIGHT), van) is None


def test_the_best_of_several_ways_decides_rule_by_rule() -> None:
    """Protects alternative standing places: one way too far on foot and one too late make the window the reason."""
    van = replace(VAN, access=((Access(1, 150.0, 1, 0, 0), Access(1, 10.0, 1, 500, 500)),))
    found = alone(task("a", window=(EIGHT, EIGHT + 500)), van)
    assert found is not None
    assert found.code == "window"
    assert found.data["earliest_s"] == EIGHT + 600


def test_no_path_is_told_as_such() -> None:
    """Protects one-way traps: a stop from which no path leads back is unreachable, not too late."""
    never = int(UNREACHABLE)
    van = vehicle("van", table_of("van", [[0, 5], [never, 0]], [[0, 50], [never, 0]]))
    found = alone(task("a"), van)
    assert found is not None
    assert found.code == "unreachable"


def test_rests_are_told_when_nothing_else_stops_the_stop() -> None:
    """Protects the rest rule: a day that only its rest makes too long, and a leg longer than one may drive."""
    shop = problem([task("a")], [replace(VAN, shift_s=(EIGHT, EIGHT + 500))], rests=(Rest(400, (0, 24 * HOUR)),))
    (entry,) = explained(make_instance(shop), Solution((), (0,)))
    assert entry.by_type["van"].code == "rest"
    far = problem([task("a")], [VAN], driving_rule=DrivingRule(99, 60))
    (entry,) = explained(make_instance(far), Solution((), (0,)))
    assert entry.reason.code == "driving_rule"
    assert entry.reason.data == {"drive_s": 100, "limit_s": 99}
    assert alone_refusal(far, VAN, 0) is None


def test_without_a_plan_counts_tell_what_stopped_a_possible_stop() -> None:
    """Protects plans built before their reasons are known: types used up, absent and dearer than the price."""
    kei, none, van = replace(VAN, name="kei", count=1), replace(VAN, name="none", count=0), replace(VAN, count=2)
    shop = problem([task("a")], [kei, none, van])
    (entry,) = reasons_of(shop, ["a"], used=Counter(kei=1, van=2))
    assert {name: told.code for name, told in entry.by_type.items()} == {
        "kei": "fleet_used_up",
        "none": "no_vehicle",
        "van": "fleet_used_up",
    }
    (entry,) = reasons_of(replace(shop, unserved_price_per_parcel=1.0), ["a"], used=Counter(kei=1, van=1))
    assert entry.reason.code == entry.by_type["van"].code == "dearer_than_price"


def test_the_most_hopeful_type_speaks_for_the_stop() -> None:
    """Protects the overall reason: possible before impossible, the cheapest of the dear, all if all differ."""
    heavy, late = Refusal("too_heavy", "too heavy"), Refusal("window", "too late")
    dear, dearer = (Refusal("dearer_than_price", x, {"extra_cost": cost}) for x, cost in (("dear", 2.0), ("er", 3.0)))
    assert overall({"a": heavy, "b": dearer, "c": dear}) == dear
    assert overall({"a": heavy, "b": heavy}) == heavy
    both = overall({"a": heavy, "b": late})
    assert (both.code, both.text) == ("no_type", "no type can serve it (a: too heavy; b: too late)")


@pytest.mark.parametrize("seed", range(150))
def test_alone_agrees_with_trying_every_day(seed: int) -> None:
    """Protects the verdict itself: a stop is impossible alone just when no day that the checker accepts serves it."""
    made = random_problem(seed, tasks=(1, 5))
    made = replace(made, rests=(), driving_rule=None)
    instance = make_instance(made)
    kinds = {name: one for one in instance.classes for name, _ in one.names}
    for van in made.types:
        for index in range(len(made.tasks)):
            refusal = alone_refusal(made, van, index)
            assert (refusal is None) == _some_day_serves(made, van, index), (van.name, made.tasks[index].id, refusal)
            assert refusal is not None or kinds[van.name].allowed[instance.order.index(index)]


def _some_day_serves(made: Problem, van: VehicleType, index: int) -> bool:
    """Whether the checker accepts any day of the type for this stop alone."""
    one = replace(van, count=None, access=(van.access[index],), refusals=(van.refusals[index],))
    small = replace(made, tasks=(made.tasks[index],), types=(one,), docks=None)
    start_s = (van.shift_s or made.shift_s)[0]
    stop = made.tasks[index]
    starts = [opens for opens, _ in stop.windows_s]
    if stop.late is not None:
        starts.append(stop.windows_s[-1][1])
    for number, way in enumerate(van.access[index]):
        there_s, back_s = _seconds(van.table, 0, way.point), _seconds(van.table, way.point, 0)
        park_s = van.park_s[way.point] if way.point else 0
        out_s = made.reload_s + there_s + park_s + way.walk_out_s
        moments = {start_s, start_s if stop.ready_s is None else stop.ready_s, *(begin - out_s for begin in starts)}
        for load_s in moments:
            for begin_s in {load_s + out_s, *starts}:
                plan = _one_stop_plan(small, number, load_s, max(begin_s, load_s + out_s), (there_s, back_s, park_s))
                if not [fault for fault in verify(small, plan) if fault.code != "plan.cost"]:
                    return True
    return False


def _seconds(table: TravelTable, start: int, end: int) -> int:
    return int(np.int64(table.time_s[0, start, end]))


def _one_stop_plan(small: Problem, number: int, load_s: int, begin_s: int, legs: tuple[int, int, int]) -> Plan:
    (stop,), (van,) = small.tasks, small.types
    way, (there_s, back_s, park_s) = van.access[0][number], legs
    depart_s = load_s + small.reload_s
    arrive_s = depart_s + there_s + park_s
    done_s = begin_s + stop.service_s + way.walk_back_s
    wait_s = begin_s - arrive_s - way.walk_out_s
    late_s = max(0, begin_s - stop.windows_s[-1][1])
    walk_m = 2.0 * way.rounds * way.walk_m
    visit = Visit(stop.id, number, arrive_s, begin_s, done_s, park_s, walk_m, way.walk_s, wait_s, late_s)
    trip = Trip(load_s, depart_s, done_s + back_s, (visit,))
    route = Route(f"{van.name}-1", van.name, load_s, trip.return_s, (trip,))
    return Plan((route,), (), 0.0, 0, "effort", (0, 0))
