"""Faults of problems: each kind is found, and all of them at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from fleetplan.errors import InputError
from fleetplan.planning.problem import Access, Pay, Problem
from fleetplan.planning.solving import solve
from fleetplan.planning.validating import validate_problem
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
    assert [validate_problem(random_problem(number)) for number in range(50)] == [[]] * 50


def test_all_faults_come_at_once() -> None:
    """Three faults in different places are three faults of one error."""
    made = with_task(weight_kg=-1.0, service_s=-1)(replace(good(), reload_s=-1))
    with pytest.raises(InputError) as caught:
        solve(made)
    assert {fault.field for fault in caught.value.faults} == {"weight_kg", "service_s", "reload_s"}
