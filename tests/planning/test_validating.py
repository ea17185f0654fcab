"""Faults of problems: each kind is found, and all of them at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fleetplan.errors import InputError
from fleetplan.planning.problem import Access, Battery, DrivingRule, Lateness, Pay, Problem, Rest, Task
from fleetplan.planning.solving import solve
from fleetplan.planning.validating import validate_problem
from fleetplan.travel import UNREACHABLE, TravelTable
from tests.planning.problems import line_table, problem, random_problem, table_of, task, vehicle

NAN = float("nan")


def good() -> Problem:
    """Two stops and a van."""
    return problem([task("a"), task("b")], [vehicle("van", line_table("t", [10, 20]))])


def with_task(**changes: Any) -> Callable[[Problem], Problem]:
    """Changes the first task."""
    return lambda m: replace(m, tasks=(replace(m.tasks[0], **changes), *m.tasks[1:]))


def with_type(**changes: Any) -> Callable[[Problem], Problem]:
    """Changes the van."""
    return lambda m: replace(m, types=(replace(m.types[0], **changes),))


def with_rest(**changes: Any) -> Callable[[Problem], Problem]:
    """Adds a rest that is sound but for the changes."""
    return lambda m: replace(m, rests=(replace(Rest(600, (40000, 45000)), **changes),))


def _heavy(one: Task) -> Task:
    return replace(one, weight_kg=9e14)


def far_table(distance: int) -> TravelTable:
    """Every point as far from every other, in seconds and metres."""
    rows = distance * (1 - np.eye(3, dtype=np.int64))
    return table_of("t", rows, rows)


def holed_table() -> TravelTable:
    """Nine seconds of drive that have no length."""
    seconds, metres = np.full((3, 3), 9), np.full((3, 3), 90)
    np.fill_diagonal(seconds, 0)
    np.fill_diagonal(metres, 0)
    metres[0, 1] = UNREACHABLE
    return table_of("t", seconds, metres)


def using_table(use: int) -> TravelTable:
    """The good problem's table with the same use on each arc, the diagonal included."""
    table = line_table("t", [10, 20])
    energy = np.full((1, 3, 3), use, dtype=np.int32)
    return TravelTable("t", table.lat, table.lon, table.time_s, table.distance_m, {"energy_wh": energy})


CASES: dict[str, tuple[str, Callable[[Problem], Problem]]] = {
    "no types": ("problem.empty_fleet", lambda m: replace(m, types=())),
    "duplicate tasks": ("problem.duplicate", with_task(id="b")),
    "duplicate types": ("problem.duplicate", lambda m: replace(m, types=m.types * 2)),
    "shift backwards": ("problem.shift", lambda m: replace(m, shift_s=(9, 8))),
    "negative loading": ("problem.amount", lambda m: replace(m, reload_s=-1)),
    "NaN walk": ("problem.amount", lambda m: replace(m, max_walk_m=NAN)),
    "negative price": ("problem.amount", lambda m: replace(m, unserved_price_per_parcel=-1.0)),
    "NaN wage": ("problem.amount", lambda m: replace(m, pay=Pay(NAN, 0, 0, 1.0))),
    "overtime is cheaper": ("problem.pay", lambda m: replace(m, pay=Pay(1.0, 0, 0, 0.5))),
    "no parcels": ("problem.parcels", with_task(parcels=0)),
    "half a parcel": ("problem.parcels", with_task(parcels=1.5)),
    "negative load": ("problem.amount", with_task(weight_kg=-0.1)),
    "NaN volume": ("problem.amount", with_task(volume_m3=NAN)),
    "infinite load": ("problem.amount", with_task(weight_kg=float("inf"))),
    "negative service": ("problem.amount", with_task(service_s=-1)),
    "window backwards": ("problem.window", with_task(windows_s=((40000, 39000),))),
    "window before the shift": ("problem.window", with_task(windows_s=((0, 100),))),
    "window after the shift": ("problem.window", with_task(windows_s=((80000, 90000),))),
    "no window": ("problem.window", with_task(windows_s=())),
    "windows are None": ("problem.window", with_task(windows_s=None)),
    "window of three": ("problem.window", with_task(windows_s=((30000, 31000, 32000),))),
    "window of text": ("problem.window", with_task(windows_s=(("a", "b"),))),
    "window at half a second": ("problem.window", with_task(windows_s=((30000.5, 31000),))),
    "windows out of order": ("problem.window", with_task(windows_s=((40000, 41000), (30000, 31000)))),
    "windows overlap": ("problem.window", with_task(windows_s=((30000, 35000), (34000, 41000)))),
    "windows touch": ("problem.window", with_task(windows_s=((30000, 35000), (35000, 41000)))),
    "all windows outside": ("problem.window", with_task(windows_s=((0, 100), (80000, 90000)))),
    "half a second of service": ("problem.amount", with_task(service_s=0.5)),
    "nothing at all": ("problem.parcels", with_task(parcels=0, collect_parcels=0)),
    "negative collection": ("problem.parcels", with_task(collect_parcels=-1)),
    "half a collection": ("problem.parcels", with_task(collect_parcels=0.5)),
    "negative collected load": ("problem.amount", with_task(collect_kg=-0.1)),
    "NaN collected volume": ("problem.amount", with_task(collect_m3=NAN)),
    "lateness ends with the window": ("problem.late", with_task(late=Lateness(1.0, 24 * 3600))),
    "lateness never ends": ("problem.late", with_task(late=Lateness(1.0, float("inf")))),  # type: ignore[arg-type]
    "paid for being late": ("problem.amount", with_task(late=Lateness(-1.0, 25 * 3600))),
    "ready NaN": ("problem.amount", with_task(ready_s=NAN)),
    "priority ten": ("problem.priority", with_task(priority=10)),
    "priority below": ("problem.priority", with_task(priority=-1)),
    "half a priority": ("problem.priority", with_task(priority=0.5)),
    "priority is a truth": ("problem.priority", with_task(priority=True)),
    "price of one stop only": ("problem.price", with_task(unserved_price_per_parcel=1.0)),
    "negative price of a stop": (
        "problem.amount",
        lambda m: with_task(unserved_price_per_parcel=-1.0)(replace(m, unserved_price_per_parcel=1.0)),
    ),
    "type's shift backwards": ("problem.shift", with_type(shift_s=(40000, 30000))),
    "type's shift empty": ("problem.shift", with_type(shift_s=(40000, 40000))),
    "no span": ("problem.amount", with_type(max_span_s=0)),
    "no stops": ("problem.max_stops", with_type(max_stops=0)),
    "half a trip": ("problem.max_trips", with_type(max_trips=1.5)),
    "battery below nothing": ("problem.amount", with_type(battery=Battery(-1.0, 0.0, 1.0))),
    "battery NaN": ("problem.amount", with_type(battery=Battery(NAN, 0.0, 1.0))),
    "all is reserve": ("problem.battery", with_type(battery=Battery(10.0, 11.0, 1.0))),
    "use below nothing": ("problem.amount", with_type(battery=Battery(10.0, 0.0, -1.0))),
    "discharging at the depot": ("problem.amount", with_type(battery=Battery(10.0, 0.0, 1.0, -5.0))),
    "stands for less than nothing": ("problem.amount", with_type(battery=Battery(10.0, 0.0, 1.0, 5.0, -1))),
    "no docks": ("problem.docks", lambda m: replace(m, docks=0)),
    "half a dock": ("problem.docks", lambda m: replace(m, docks=1.5)),
    "rest of nothing": ("problem.amount", with_rest(duration_s=0)),
    "rest window backwards": ("problem.window", with_rest(window_s=(40000, 39000))),
    "rest due before the day": ("problem.amount", with_rest(after_s=-1)),
    "rest paid perhaps": ("problem.amount", with_rest(paid=None)),
    "no driving": ("problem.amount", lambda m: replace(m, driving_rule=DrivingRule(0, 600))),
    "rest from driving of nothing": ("problem.amount", lambda m: replace(m, driving_rule=DrivingRule(600, 0))),
    "loads too great together": ("problem.overflow", lambda m: replace(m, tasks=tuple(_heavy(t) for t in m.tasks))),
    "prices too great together": (
        "problem.overflow",
        lambda m: with_task(parcels=10**8)(replace(m, unserved_price_per_parcel=1e10)),
    ),
    "days too dear together": ("problem.overflow", with_type(cost_per_day=9e14)),
    "kilometres too dear together": ("problem.overflow", with_type(distance_cost_per_km=1e15, table=far_table(10**6))),
    "lateness too dear": ("problem.overflow", with_task(late=Lateness(1e14, 60 * 3600))),
    "drive of years": ("problem.table", with_type(table=far_table(2 * 10**8))),
    "length without an end": ("problem.table", with_type(table=holed_table())),
    "use of an arc below nothing": ("problem.table", with_type(table=using_table(-1))),
    "use at rest": ("problem.table", with_type(table=using_table(1))),
    "negative count": ("problem.count", with_type(count=-1)),
    "negative capacity": ("problem.amount", with_type(capacity_kg=-1.0)),
    "NaN day cost": ("problem.amount", with_type(cost_per_day=NAN)),
    "no trips": ("problem.max_trips", with_type(max_trips=0)),
    "short access": ("problem.length", with_type(access=())),
    "short refusals": ("problem.length", with_type(refusals=())),
    "table too small": ("problem.point", with_type(table=line_table("t", [10]), park_s=(0, 0))),
    "parking at the depot": ("problem.park", with_type(park_s=(60, 0, 0))),
    "negative parking": ("problem.park", with_type(park_s=(0, -1, 0))),
    "short parking": ("problem.length", with_type(park_s=(0,))),
    "negative time": (
        "problem.table",
        with_type(table=table_of("t", [[0, -1, 1], [1, 0, 1], [1, 1, 0]], [[0] * 3] * 3)),
    ),
    "away from itself": ("problem.table", with_type(table=table_of("t", [[1] * 3] * 3, [[0] * 3] * 3))),
    "no rounds": ("problem.rounds", with_type(access=((Access(1, 1.0, 0, 1, 1),), ()))),
    "negative walk": ("problem.amount", with_type(access=((Access(1, -1.0, 1, 1, 1),), ()))),
}


@pytest.mark.parametrize("name", CASES)
def test_each_fault_is_found(name: str) -> None:
    """Every kind of fault has its code and stops ``solve`` before it starts."""
    code, change = CASES[name]
    made = change(good())
    assert code in {fault.code for fault in validate_problem(made)}
    with pytest.raises(InputError):
        solve(made)


def test_good_problems_have_no_fault() -> None:
    """The base of the cases above, and random problems, pass."""
    assert validate_problem(good()) == []
    assert [validate_problem(random_problem(number)) for number in range(300)] == [[]] * 300


def test_odd_but_sound_problems_have_no_fault() -> None:
    """Triangles that do not close, tables with holes, windows met only late or at a type's own hours are all fine."""
    broken = table_of("t", [[0, 9, 1], [9, 0, 1], [1, 1, 0]], [[0, 90, 1], [90, 0, 1], [1, 1, 0]])
    never = int(UNREACHABLE)
    holes = table_of("t", [[0, never, 1], [9, 0, 1], [1, 1, 0]], [[0, never, 1], [90, 0, 1], [1, 1, 0]])
    for sound in (
        with_type(table=broken),
        with_type(table=holes),
        with_task(windows_s=((0, 100),), late=Lateness(0.0, 9 * 3600)),
        lambda m: with_type(shift_s=(0, 9 * 3600))(with_task(windows_s=((0, 100),))(m)),
        with_task(parcels=0, weight_kg=0.0, collect_parcels=2),
        with_task(ready_s=-5, priority=9),
        with_type(battery=Battery(0.0, 0.0, 0.0)),
        lambda m: replace(m, docks=1, rests=(Rest(1, (0, 0)),), driving_rule=DrivingRule(1, 1)),
    ):
        assert [str(fault) for fault in validate_problem(sound(good()))] == []


def test_all_faults_come_at_once() -> None:
    """Three faults in different places are three faults of one error."""
    made = with_task(weight_kg=-1.0, service_s=-1)(replace(good(), reload_s=-1))
    with pytest.raises(InputError) as caught:
        solve(made)
    assert {fault.field for fault in caught.value.faults} == {"weight_kg", "service_s", "reload_s"}
