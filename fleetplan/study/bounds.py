"""What each fleet costs at least, beside what its plan costs."""

from __future__ import annotations

from collections.abc import Mapping
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

    A bound is an object of ``comparison.json``: ``cost``, what any plan of the fleet costs at least; ``gap``, by which
    share of that the fleet's plan may be dearer than the best plan; and ``kind``.
    """
    found: dict[str, dict[str, Any]] = {}
    warnings: list[str] = []
    for done, (name, plan) in enumerate(plans.items()):
        problem = problems[name]
        if len(problem.tasks) > LARGEST:
            warnings.append(f"fleet {name}: no lower bound, which is worked out for up to {LARGEST} stops")
            continue
        if plan.unserved and problem.unserved_price_per_parcel is None:
            warnings.append(f"fleet {name}: no lower bound, for it holds for plans that serve every stop")
            continue
        if progress is not None:
            progress(f"lower bound of {name}", done, len(plans))
        try:
            bound = lower_bound(make_instance(problem))
        except KeyboardInterrupt:
            warnings.append(f"fleet {name}: no lower bound, it was interrupted")
            return found, warnings, True
        if bound is None or bound.value <= 0.0:
            warnings.append(f"fleet {name}: no lower bound is known for what its days may be")
            continue
        cost = float(figures[name]["cost"]["total"])
        found[name] = {"cost": bound.value, "gap": max(0.0, cost / bound.value - 1.0), "kind": bound.kind}
    return found, warnings, False
