"""Ours on one case, in a process of its own: ``python -m tests.benchmarks.solver_ours FOLDER``.

The folder holds ``request.json`` with ``target``, ``seconds``, ``seed`` and ``without`` (parts to plan without); the
answer is one JSON document on standard output. A small problem is planned before the clock starts, so that what numba
compiles is neither in the wall time nor hidden: it is ``compile_s``.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from fleetplan.planning.plan import Plan
from fleetplan.planning.problem import Problem
from fleetplan.planning.verifying import verify
from tests.benchmarks.solver_cases import Case, CaseType, Day
from tests.benchmarks.solver_targets import problem_of

ENDLESS = 10**9
"""Effort that no run uses up: the wall time is the limit."""


def solve_ours(
    problem: Problem, *, seed: int, seconds: float, without: Sequence[str] = (), effort: int = ENDLESS
) -> Plan:
    """The one call of the solver; ``without`` names the parts that an ablation leaves out.

    Raises:
        NotImplementedError: the solver cannot leave out such a part.
    """
    from fleetplan.planning.solving import ENGINES, solve  # takes seconds to load

    unknown = sorted(set(without) - set(ENGINES))
    if unknown:
        raise NotImplementedError(f"the solver has no part named {', '.join(unknown)}")
    engines = [name for name in ENGINES if name not in without]
    return solve(problem, seed=seed, effort=effort, max_seconds=seconds, engines=engines)


def days_of_plan(problem: Problem, plan: Plan) -> list[Day]:
    """A plan's routes by number of type and client."""
    kinds = {vehicle.name: number for number, vehicle in enumerate(problem.types)}
    clients = {task.id: number for number, task in enumerate(problem.tasks, start=1)}
    return [
        Day(kinds[route.type], tuple(tuple(clients[visit.stop] for visit in trip.visits) for trip in route.trips))
        for route in plan.routes
    ]


def small_case() -> Case:
    """Thirty clients in the plane with two types, windows and pay: it makes every part of the solver compile."""
    rng = np.random.default_rng(0)
    place = rng.integers(0, 1000, size=(31, 2))
    lengths = np.hypot(*(place[:, None, :] - place[None, :, :]).transpose(2, 0, 1)).astype(np.int64)
    windows = np.tile(np.array([0, 20_000], dtype=np.int64), (31, 1))
    windows[1:10, 1] = 10_000
    allowed = np.ones(31, dtype=np.bool_)
    return Case(
        name="small",
        set="small",
        types=tuple(CaseType(f"t{size}", None, (size,), 1e4 * size, 1.0, 0, allowed, max_trips=2) for size in (4, 7)),
        lengths=(lengths,),
        durations=(lengths,),
        exact=None,
        demand=np.ones((31, 1), dtype=np.int64),
        service=np.full(31, 60, dtype=np.int64),
        windows=windows,
        release=np.zeros(31, dtype=np.int64),
        wage=1.0,
        min_paid=3600,
    )


def main(arguments: Sequence[str]) -> int:
    """Plans and prints."""
    request: dict[str, Any] = json.loads((Path(arguments[0]) / "request.json").read_text())
    without = request.get("without", [])
    problem = problem_of(request["target"])
    told: dict[str, Any] = {"version": version("fleetplan")}
    try:
        began = time.perf_counter()
        solve_ours(small_case().problem, seed=0, seconds=60.0, without=without, effort=40)
        told["compile_s"] = time.perf_counter() - began
        spent = _cpu_s()
        began = time.perf_counter()
        plan = solve_ours(problem, seed=request["seed"], seconds=request["seconds"], without=without)
        told["wall_s"] = time.perf_counter() - began
        told["cpu_s"] = _cpu_s() - spent
        told["days"] = [(day.kind, day.trips) for day in days_of_plan(problem, plan)]
        told["cost"] = plan.cost
        told["faults"] = [str(fault) for fault in verify(problem, plan)][:5]
        told["note"] = f"stopped by {plan.stopped_by}, {plan.effort[1]} steps"
    except NotImplementedError as error:
        told["not_available"] = str(error)
    told["peak_mb"] = max(used.ru_maxrss for used in _used()) / 1024.0
    print(json.dumps(told))
    return 0


def _used() -> list[Any]:
    import resource  # not on every system

    return [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]


def _cpu_s() -> float:
    return float(sum(used.ru_utime + used.ru_stime for used in _used()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
