"""Many random problems, solved and checked: ``python -m tests.campaigns.planning --n 2000 --seed 1``."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import replace

from fleetplan.planning.documents import plan_document
from fleetplan.planning.instance import make_instance
from fleetplan.planning.plan import Plan
from fleetplan.planning.problem import Problem
from fleetplan.planning.reading import read_plan_document
from fleetplan.planning.schedule import Timetable
from fleetplan.planning.solving import price, solve
from fleetplan.planning.trivial import solve_trivial
from fleetplan.planning.verifying import verify
from tests.planning.problems import random_problem

EXACT_UP_TO = 5
WORST_GAP = 0.10
"""Most that a tiny effort may cost more than the optimum of a problem of four or five stops."""


def check(number: int, *, effort: int = 30) -> tuple[str, list[str]]:
    """Solves one random problem; returns how the search ended and everything that is wrong."""
    problem = random_problem(number)
    plan = solve(problem, seed=number, effort=effort)
    wrong = [str(fault) for fault in verify(problem, plan)]
    document = json.loads(json.dumps(plan_document(problem, plan), allow_nan=False))
    again_problem, again = read_plan_document(document)
    if again != plan or verify(again_problem, again):
        wrong.append("the plan file does not read back")
    wrong += _against_optimum(problem, plan)
    wrong += _against_parts(problem, plan, number, effort)
    return plan.stopped_by, wrong


def _against_optimum(problem: Problem, plan: Plan) -> list[str]:
    if not len(problem.tasks) <= EXACT_UP_TO:
        return []
    timetable = Timetable(make_instance(problem))
    money, parcels = price(timetable.instance, solve_trivial(timetable))
    if problem.unserved_price_per_parcel is None and plan.unserved_parcels != parcels:
        return [f"{plan.unserved_parcels} parcels unserved, the optimum leaves {parcels}"]
    if plan.cost < money - 1e-6 * max(1.0, money):
        return [f"cost {plan.cost} is below the optimum {money}"]
    if plan.cost > money * (1 + WORST_GAP) + 1e-6:
        return [f"cost {plan.cost}, the optimum is {money}"]
    return []


def _against_parts(problem: Problem, plan: Plan, number: int, effort: int) -> list[str]:
    wrong = []
    for vehicle in problem.types if len(problem.types) > 1 else ():
        alone = solve(replace(problem, types=(vehicle,)), seed=number, effort=effort)
        if problem.unserved_price_per_parcel is None and alone.unserved_parcels != plan.unserved_parcels:
            if alone.unserved_parcels < plan.unserved_parcels:
                wrong.append(f"{vehicle.name} alone leaves fewer parcels")
        elif alone.cost < plan.cost - 1e-6 * max(1.0, plan.cost):
            wrong.append(f"{vehicle.name} alone costs {alone.cost}, the fleet {plan.cost}")
    return wrong


def main() -> int:
    """Runs the campaign; status 1 when anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    ends: Counter[str] = Counter()
    failed = 0
    for number in range(arguments.seed * 1_000_000, arguments.seed * 1_000_000 + arguments.n):
        try:
            end, wrong = check(number)
        except Exception as error:
            end, wrong = "error", [repr(error)]
        ends[end] += 1
        failed += bool(wrong)
        for line in wrong:
            print(f"problem {number}: {line}", flush=True)
    print(f"{arguments.n} problems, {failed} failed; searches ended by {dict(sorted(ends.items()))}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
