"""Many random problems, solved and checked: ``python -m tests.campaigns.planning --n 2000 --seed 1``."""

from __future__ import annotations

import argparse
import json
import math
import sys
import traceback
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from fleetplan.planning.documents import plan_document
from fleetplan.planning.instance import Instance, make_instance
from fleetplan.planning.plan import Plan
from fleetplan.planning.problem import MOST_PRIORITY, Problem, VehicleType
from fleetplan.planning.reading import read_plan_document
from fleetplan.planning.schedule import cost_of
from fleetplan.planning.solving import solve
from fleetplan.planning.trivial import solve_trivial
from fleetplan.planning.verifying import verify
from tests.planning.features import FEATURES, features_of
from tests.planning.problems import random_problem

EXACT_UP_TO = 5
EXACT_CHOICES = 32
"""Most ways to meet the stops of a problem, over all of them, for which its optimum is looked up."""
WORST_GAP = 0.10
"""Most that a tiny effort may cost more than the optimum of a problem of four or five stops."""


STEPS = 300
"""Of each lane of the search: enough to be near the optimum of a few stops, few enough for many problems."""


def check(number: int, *, effort: int = STEPS) -> tuple[str, list[str]]:
    """Solves one random problem; returns how the search ended and everything that is wrong."""
    problem = random_problem(number)
    plan = solve(problem, seed=number, effort=effort)
    wrong = [str(fault) for fault in verify(problem, plan)]
    document = json.loads(json.dumps(plan_document(problem, plan), allow_nan=False))
    again_problem, again = read_plan_document(document)
    if again != plan or verify(again_problem, again):
        wrong.append("the plan file does not read back")
    wrong += _against_optimum(problem, plan)
    wrong += _against_parts(problem, number, effort)
    return plan.stopped_by, wrong


def _against_optimum(problem: Problem, plan: Plan) -> list[str]:
    instance = make_instance(problem)
    if not _is_small(instance):
        return []
    parcels, money = cost_of(instance, solve_trivial(instance))
    if not instance.priced and left_parcels(problem, plan) != parcels:
        told = f"{left_parcels(problem, plan)} parcels unserved by priority, the optimum leaves {parcels}"
        return [] if problem.docks is not None and left_parcels(problem, plan) > parcels else [told]
    if plan.cost < money - 1e-6 * max(1.0, money):
        return [f"cost {plan.cost} is below the optimum {money}"]
    if plan.cost > money * (1 + WORST_GAP) + 1e-6 and problem.docks is None:
        return [f"cost {plan.cost}, the optimum is {money}"]
    return []


def _is_small(instance: Instance) -> bool:
    """Whether trying everything ends soon (the optimum is that of a depot with docks enough)."""
    choices = (math.prod(np.diff(made.options.first).clip(1).tolist()) for made in instance.classes)
    return instance.size <= EXACT_UP_TO and max(choices, default=1) <= EXACT_CHOICES


def left_parcels(problem: Problem, plan: Plan) -> tuple[int, ...]:
    """Parcels left out of each priority, the highest first: what a plan without prices is judged by."""
    parcels = [0] * (MOST_PRIORITY + 1)
    tasks = {task.id: task for task in problem.tasks}
    for entry in plan.unserved:
        task = tasks[entry.stop]
        parcels[MOST_PRIORITY - task.priority] += task.all_parcels
    return tuple(parcels)


def _against_parts(problem: Problem, number: int, effort: int) -> list[str]:
    """A search that starts from the best plan with one type alone, as a study's does, never falls behind it."""
    if len(problem.types) == 1:
        return []
    pure = [solve(_only(problem, vehicle), seed=number, effort=effort) for vehicle in problem.types]
    start = min(pure, key=lambda plan: _rank(problem, plan))
    mixed = solve(problem, seed=number, effort=effort, warm_start=start)
    wrong = [str(fault) for fault in verify(problem, mixed)]
    left, cost = _rank(problem, start)
    if _rank(problem, mixed) > (left, cost + 1e-6 * max(1.0, cost)):
        wrong.append(
            f"started from a pure plan of {cost} that leaves {left}: {mixed.cost}, {left_parcels(problem, mixed)}"
        )
    return wrong


def _only(problem: Problem, chosen: VehicleType) -> Problem:
    """The problem with no vehicles but one type's (it keeps the others, without which windows may lie in no shift)."""
    types = tuple(kind if kind is chosen else replace(kind, count=0) for kind in problem.types)
    return replace(problem, types=types)


def _rank(problem: Problem, plan: Plan) -> tuple[tuple[int, ...], float]:
    """What plans are compared by: parcels left out where they have no price, then money."""
    return () if problem.unserved_price_per_parcel is not None else left_parcels(problem, plan), plan.cost


def main() -> int:
    """Runs the campaign; status 1 when anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    ends: Counter[str] = Counter()
    met: Counter[str] = Counter()
    failed = 0
    for number in range(arguments.seed * 1_000_000, arguments.seed * 1_000_000 + arguments.n):
        try:
            end, wrong = check(number)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            end, wrong = "error", [f"{error!r} ({where.name}, {Path(where.filename).name}:{where.lineno})"]
        ends[end] += 1
        met.update(features_of(random_problem(number)) or ("plain",))
        failed += bool(wrong)
        for line in wrong:
            print(f"problem {number}: {line}", flush=True)
    print("problems with " + ", ".join(f"{name}: {met[name]}" for name in ("plain", *FEATURES)))
    print(f"{arguments.n} problems, {failed} failed; searches ended by {dict(sorted(ends.items()))}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
