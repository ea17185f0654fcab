"""The bound beside a fleet's cost: below it, honest where there is none, and never in the way of the plans."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from fleetplan.planning.bounding import LARGEST
from fleetplan.planning.plan import Plan
from fleetplan.planning.problem import Problem
from fleetplan.planning.solving import solve
from fleetplan.study import bounds
from fleetplan.study.bounds import bound_fleets
from tests.planning.problems import line_table, problem, task, vehicle


def two_stops(**changes: Any) -> Problem:
    """Two stops 1 and 2 km out, one vehicle for both: a day costs 10 and its 4 km 4."""
    van = vehicle("van", line_table("line", [1000, 2000]), cost_per_day=10.0, distance_cost_per_km=1.0)
    return problem([task("one"), task("two")], [replace(van, **changes)])


def bound_of(made: Problem, plan: Plan | None = None) -> tuple[dict[str, Any], list[str], bool]:
    plan = plan or solve(made, seed=0, effort=100)
    return bound_fleets({"vans": made}, {"vans": plan}, {"vans": {"cost": {"total": plan.cost}}})


def test_a_bound_is_below_the_best_plan_and_tells_the_gap() -> None:
    """One vehicle, 4 km: 14 is the best; what the bound leaves open is its gap."""
    found, warnings, stopped = bound_of(two_stops())
    assert not warnings and not stopped
    row = found["vans"]
    assert 0 < row["cost"] <= 14.0 + 1e-6
    assert row["gap"] == pytest.approx(14.0 / row["cost"] - 1.0)
    assert row["kind"]


def test_plans_that_leave_stops_out_are_bounded_by_plans_that_serve_the_same() -> None:
    """One parcel and one vehicle: the nearer stop alone costs 12 at least and at best, not the 14 of both."""
    found, warnings, _ = bound_of(two_stops(capacity_parcels=1, count=1))
    assert not warnings
    assert found["vans"]["cost"] == pytest.approx(12.0)
    assert found["vans"]["gap"] == pytest.approx(0.0, abs=1e-6)


def test_a_plan_that_serves_nobody_has_no_bound() -> None:
    """Nothing served costs nothing, and a share of nothing says nothing."""
    found, warnings, _ = bound_of(two_stops(capacity_parcels=0, count=1))
    assert found == {}
    assert warnings == ["fleet vans: no lower bound is known for what its days may be"]


def test_large_problems_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit nothing is begun."""
    many = problem(
        [task(f"s{i}") for i in range(LARGEST + 1)], [vehicle("van", line_table("line", list(range(1, LARGEST + 2))))]
    )
    monkeypatch.setattr(bounds, "lower_bound", lambda instance, **more: pytest.fail("must not be asked"))
    found, warnings, _ = bound_of(many, solve(two_stops(), seed=0, effort=100))
    assert found == {}
    assert warnings == [f"fleet vans: no lower bound, which is worked out for up to {LARGEST} stops"]


def test_an_interrupt_keeps_the_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while bounds are worked out ends that alone, and says so."""

    def interrupted(instance: object, **more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bounds, "lower_bound", interrupted)
    found, warnings, stopped = bound_of(two_stops())
    assert found == {} and stopped
    assert warnings == ["fleet vans: no lower bound, it was interrupted"]


def test_an_interrupt_ends_the_work_that_it_meets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real signal reaches the main thread although compiled code runs, and the work is told to stop, not left."""
    ended: list[bool] = []

    def slow(instance: object, *, stopped: Callable[[], bool]) -> None:
        time.sleep(0.3)  # until the main thread waits
        os.kill(os.getpid(), signal.SIGINT)
        until = time.monotonic() + 20.0
        while not stopped() and time.monotonic() < until:
            time.sleep(0.01)
        ended.append(stopped())

    monkeypatch.setattr(bounds, "lower_bound", slow)
    made = two_stops()
    plan = solve(made, seed=0, effort=100)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever libraries made of it
    try:
        found, warnings, stopped = bound_of(made, plan)
    finally:
        signal.signal(signal.SIGINT, before)
    assert found == {} and stopped and ended == [True]
    assert warnings == ["fleet vans: no lower bound, it was interrupted"]
