"""What each fleet costs at least, beside what its plan costs."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from typing import Any

from fleetplan.planning.bounding import LARGEST, lower_bound
from fleetplan.planning.instance import make_instance
from fleetplan.planning.plan import Plan
from fleetplan.planning.problem import Problem
from fleetplan.study.building import Progress


def bound_fleets(
    problems: Mapping[str, Problem],
    plans: Mapping[str, Plan],
    figures: Mapping[str, Mapping[str, Any]],
    *,
    progress: Progress | None = None,
) -> tuple[dict[str, dict[str, Any]], list[str], bool]:
    """Lower bounds of fleets by name, warnings about those that have none, and whether the user interrupted it.

    A bound is an object of ``comparison.json``: ``cost``, what any plan of the fleet costs at least that serves the
    same stops (any plan at all where unserved parcels have a price); ``gap``, by which share of that the fleet's plan
    may be dearer than the best such plan; and ``kind``.
    """
    found: dict[str, dict[str, Any]] = {}
    warnings: list[str] = []
    name, halt = "", Event()
    # Beside the main thread, for an interrupt that comes in the midst of compiled code is lost or breaks it.
    with ThreadPoolExecutor(1) as thread:
        try:
            for done, (name, plan) in enumerate(plans.items()):
                problem = problems[name]
                if len(problem.tasks) > LARGEST:
                    warnings.append(f"fleet {name}: no lower bound, which is worked out for up to {LARGEST} stops")
                    continue
                if progress is not None:
                    progress(f"lower bound of {name}", done, len(plans))
                instance = make_instance(_of_served(problem, plan))
                bound = thread.submit(lower_bound, instance, stopped=halt.is_set).result()
                if bound is None or bound.value <= 0.0:
                    warnings.append(f"fleet {name}: no lower bound is known for what its days may be")
                    continue
                cost = float(figures[name]["cost"]["total"])
                found[name] = {"cost": bound.value, "gap": max(0.0, cost / bound.value - 1.0), "kind": bound.kind}
        except KeyboardInterrupt:
            halt.set()
            warnings.append(f"fleet {name}: no lower bound, it was interrupted")
    return found, warnings, halt.is_set()


def _of_served(problem: Problem, plan: Plan) -> Problem:
    """The problem without the stops that a plan leaves out, where that has no price."""
    if problem.unserved_price_per_parcel is not None or not plan.unserved:
        return problem
    left = {item.stop for item in plan.unserved}
    kept = [row for row, task in enumerate(problem.tasks) if task.id not in left]
    types = tuple(
        replace(
            kind, access=tuple(kind.access[row] for row in kept), refusals=tuple(kind.refusals[row] for row in kept)
        )
        for kind in problem.types
    )
    return replace(problem, tasks=tuple(problem.tasks[row] for row in kept), types=types)
