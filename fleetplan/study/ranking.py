"""Which of two plans of one problem is the better one."""

from __future__ import annotations

from fleetplan.planning.plan import Plan
from fleetplan.planning.problem import MOST_PRIORITY, Problem


def rank(problem: Problem, plan: Plan) -> tuple[float, ...]:
    """The order of plans: fewest unserved parcels, of the highest priority first, then cost.

    By cost alone where unserved parcels have a price.
    """
    if problem.unserved_price_per_parcel is not None:
        return (plan.cost,)
    task_of = {task.id: task for task in problem.tasks if task.priority > 0}
    left = [0] * (MOST_PRIORITY + 1)
    for item in plan.unserved:
        if item.stop in task_of:
            left[task_of[item.stop].priority] += task_of[item.stop].all_parcels
    return (*(float(parcels) for parcels in left[:0:-1]), float(plan.unserved_parcels), plan.cost)
