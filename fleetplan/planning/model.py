"""First plans by OR-Tools' routing library, and its local search in groups of neighbouring days.

The library's first plan decides what it can reach in the time there is, and no strategy is best everywhere: a
portfolio is run and the cheapest plan by exact costs kept. Its local search scans whole neighbourhoods and slows down
with the square of the stops, so that above some hundred stops it is given a few neighbouring days at a time (measured:
15.5 to 8.0 % above the best on 1,000 stops with windows). Both are limited by numbers of solutions and branches, with
which they repeat exactly; the library has no seed, and takes the order of nodes and vehicles for one.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ortools.constraint_solver import pywrapcp, routing_enums_pb2
from ortools.util import optional_boolean_pb2

from fleetplan.planning.instance import FAR_S, Day, Instance
from fleetplan.planning.routing_model import RoutingProblem, fleet_for, salvaged
from fleetplan.planning.schedule import Solution, better, cost_of, make_solution

STRATEGIES = (
    "PATH_CHEAPEST_ARC",
    "SAVINGS",
    "PARALLEL_CHEAPEST_INSERTION",
    "CHRISTOFIDES",
    "PARALLEL_SAVINGS",
)
"""Beginnings of the portfolio."""

ALIKE = ("CHRISTOFIDES", "PARALLEL_SAVINGS")
"""Beginnings for fleets of one class only: with two, CHRISTOFIDES took ten seconds for six stops at one place."""

FEW = ("SAVINGS", "PATH_CHEAPEST_ARC")
ALL_UP_TO = 400
"""Beginnings for more stops than these: a model of 1,000 takes about a second of one core per beginning."""

LARGEST = 1500
"""Stops above which the library is not asked: with 5,000 it found no plan in 105 s, whatever its time limit."""

ALTERNATIVES_UP_TO = 150
"""Stops up to which a second standing place of each becomes a node of its own, in fleets of one class: with mixed
fleets and alternatives the first solution was seen to search for ever on seven stops."""

BRANCHES = 100
"""Branches of the search per node and solution: a model without a plan, or a local search that finds no other one,
ends on them, not on the clock."""

GIVEN_UP_S = 30.0
"""A model that takes so long is given up and its answer not used, so that the time it took cannot show in a plan."""

GROUP = 80
NEIGHBOURS = 40
SPARE = 2
"""Stops whose days are improved together, days looked at beside each, spare vehicles of each class in the group."""

GROUP_SOLUTIONS = 60
"""Solutions of the library per group."""


def first_solution(
    instance: Instance,
    *,
    strategies: Sequence[str] | None = None,
    limit: int = 1,
    generator: random.Random,
    until: float | None = None,
) -> Solution | None:
    """The cheapest plan of a portfolio, or ``None`` when the library finds none or the problem is too large for it.

    Every class is tried alone, those with the fewest stops left out first helped out by the other classes; a fleet of
    several classes also together, unless vehicles reload: with reloading and mixed capacities the library's first
    solution can search for ever.

    Args:
        instance: what is planned.
        strategies: those of :data:`STRATEGIES` that begin; ``None`` for all, or for the :data:`FEW` of large problems.
        limit: solutions allowed per model, the first included.
        generator: shuffles the order of nodes and vehicles, which is all that may vary.
        until: moment of ``time.monotonic()`` at which the portfolio ends with what it has, for want of time.
    """
    if instance.size > LARGEST or instance.size == 0 or limit < 1:
        return None
    if strategies is None:
        strategies = STRATEGIES if instance.size <= ALL_UP_TO else FEW
    order = list(range(instance.size))
    generator.shuffle(order)
    kinds = [c for c in range(len(instance.classes)) if instance.classes[c].count > 0]
    fleets: list[tuple[int, ...]] = [(c,) for c in kinds]
    if len(kinds) > 1 and all(instance.classes[c].max_trips == 1 for c in kinds):
        fleets.append(tuple(kinds))
    plans: list[Solution] = []
    for fleet in fleets:
        for strategy in strategies:
            if strategy in ALIKE and len(fleet) > 1:
                continue
            found = _with_others(instance, order, fleet, kinds, strategy, limit, until)
            if found is not None:
                plans.append(found)
    return min(plans, key=lambda plan: cost_of(instance, plan), default=None)


def improve_with_model(instance: Instance, start: Solution, limit: int) -> Solution:
    """The plan after guided local search and insertion of close nodes in groups of neighbouring days.

    Every group's answer is timed exactly and taken when it is better; the search ends when no group gains. Vehicles
    that reload are grouped with others of their own class only.

    Args:
        instance: what is planned.
        start: a sound plan.
        limit: solutions of the library over all groups.
    """
    current = start
    near = _nearness(instance)
    tried = [0] * len(current.days)
    used = turn = idle = 0
    while used < limit and idle < len(current.days):
        turn += 1
        idle += 1
        seed = min(range(len(current.days)), key=lambda d: (tried[d], d))
        chosen = _neighbours(instance, current, near, seed)
        for d in chosen:
            tried[d] = turn
        solutions = min(GROUP_SOLUTIONS, limit - used)
        found = _improved(instance, [current.days[d] for d in chosen], list(current.left)[:GROUP], solutions)
        used += solutions
        if found is None:
            continue
        days, left = found
        idle = 0
        kept = [d for d in range(len(current.days)) if d not in set(chosen)]
        unseen = current.left[GROUP:]
        current = Solution((*(current.days[d] for d in kept), *days), (*left, *unseen))
        tried = [tried[d] for d in kept] + [turn] * len(days)
    return make_solution(current.days, current.left)


def _with_others(
    instance: Instance,
    order: list[int],
    fleet: tuple[int, ...],
    kinds: list[int],
    strategy: str,
    limit: int,
    until: float | None,
) -> Solution | None:
    """A plan of some classes, and of the others one by one for what those leave out."""
    days: list[Day] = []
    left = order
    for part in [fleet, *((c,) for c in kinds if c not in fleet)]:
        if not left:
            break
        found = _plan(instance, left, part, strategy, limit, until)
        days += found
        placed = {x for day in found for x in instance.tasks_of(day)}
        left = [x for x in left if x not in placed]
    return make_solution(days, left) if days else None


def _plan(
    instance: Instance,
    order: list[int],
    kinds: Sequence[int],
    strategy: str,
    limit: int,
    until: float | None = None,
) -> list[Day]:
    """Days of the library's plan for some tasks; none when it finds none."""
    began = time.monotonic()
    if until is not None and began >= until:
        return []
    tasks = [x for x in order if any(instance.classes[c].allowed[x] for c in kinds)]
    if not tasks:
        return []
    fleet = fleet_for(instance, kinds, np.array(tasks, dtype=np.int64))
    if not fleet:
        return []
    alternatives = 2 if len(kinds) == 1 and len(tasks) <= ALTERNATIVES_UP_TO else 1
    model = RoutingProblem(instance, tasks, fleet, alternatives=alternatives)
    parameters = _parameters(limit)
    parameters.first_solution_strategy = getattr(routing_enums_pb2.FirstSolutionStrategy, strategy)
    if until is not None:
        parameters.time_limit.FromMilliseconds(max(1, int(min(GIVEN_UP_S, until - time.monotonic()) * 1000)))
    model.routing.AddSearchMonitor(model.routing.solver().BranchesLimit(BRANCHES * model.size * limit))
    answer = model.routing.SolveWithParameters(parameters)
    if answer is None or time.monotonic() - began > GIVEN_UP_S:
        return []
    return [(kind, kept) for kind, trips in model.days(answer) if (kept := salvaged(instance, kind, trips))]


def _improved(instance: Instance, days: list[Day], left: list[int], limit: int) -> tuple[list[Day], list[int]] | None:
    """Better days for the stops of some days and for stops left out, if the library finds any."""
    counts = {c: sum(kind == c for kind, _ in days) for c in range(len(instance.classes))}
    single = any(instance.classes[kind].max_trips > 1 for kind, _ in days)
    fleet: list[int] = []
    for c, made in enumerate(instance.classes):
        if counts[c] or (not single and made.max_trips == 1):
            fleet += [c] * (counts[c] + max(0, min(SPARE, made.count - counts[c])))
    tasks = [x for day in days for x in instance.tasks_of(day)]
    standing = {
        (kind, int(instance.classes[kind].options.task[o])): o for kind, trips in days for t in trips for o in t
    }
    extra = sum(len(trips) - 1 for _, trips in days)
    model = RoutingProblem(instance, [*tasks, *left], fleet, standing=standing, trips_at_least=extra)
    routes = model.routes(days)
    if routes is None:
        return None
    parameters = _parameters(limit)
    model.routing.AddSearchMonitor(model.routing.solver().BranchesLimit(BRANCHES * model.size * limit))
    model.routing.CloseModelWithParameters(parameters)
    start = model.routing.ReadAssignmentFromRoutes(routes, True)
    if start is None:
        return None
    began = time.monotonic()
    answer = model.routing.SolveFromAssignmentWithParameters(start, parameters)
    if answer is None or time.monotonic() - began > GIVEN_UP_S:
        return None
    found = [(kind, kept) for kind, trips in model.days(answer) if (kept := salvaged(instance, kind, trips))]
    placed = {x for day in found for x in instance.tasks_of(day)}
    missing = [x for x in [*tasks, *left] if x not in placed]
    old, new = Solution(tuple(days), tuple(left)), Solution(tuple(found), tuple(missing))
    return (found, missing) if better(instance, new, old) else None


def _parameters(limit: int) -> Any:
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    operators = parameters.local_search_operators
    operators.use_global_cheapest_insertion_close_nodes_lns = optional_boolean_pb2.BOOL_TRUE
    operators.use_local_cheapest_insertion_close_nodes_lns = optional_boolean_pb2.BOOL_TRUE
    parameters.heuristic_close_nodes_lns_num_nodes = 15
    parameters.solution_limit = limit
    parameters.sat_parameters.catch_sigint_signal = False  # asked where rests are placed; see cp_sat.py
    parameters.time_limit.FromMilliseconds(int(GIVEN_UP_S * 1000))
    return parameters


def _nearness(instance: Instance) -> NDArray[np.int32]:
    """``[n, n]`` seconds from task to task of the quickest class, between the first standing places of each."""
    near = np.full((instance.size, instance.size), FAR_S, dtype=np.int32)
    for made in instance.classes:
        usable = np.flatnonzero(made.allowed)
        point = made.options.point[made.options.first[usable]]
        block = np.ix_(usable, usable)
        near[block] = np.minimum(near[block], made.time_s[np.ix_(point, point)])
    return near


def _neighbours(instance: Instance, solution: Solution, near: NDArray[np.int32], seed: int) -> list[int]:
    """A day and those whose stops lie nearest to its own, up to a group's stops."""
    tasks = [np.array(instance.tasks_of(day), dtype=np.int64) for day in solution.days]
    kinds = [day[0] for day in solution.days]
    begin = np.cumsum([0, *(len(x) for x in tasks)])[:-1]
    rows = near[np.ix_(tasks[seed], np.concatenate(tasks))]
    mean = np.minimum.reduceat(rows, begin, axis=1).mean(axis=0)
    mean[seed] = -1.0
    chosen: list[int] = []
    total = 0
    reloads = instance.classes[kinds[seed]].max_trips > 1
    for d in np.argsort(mean, kind="stable")[: NEIGHBOURS + 1].tolist():
        apart = kinds[d] != kinds[seed] and (reloads or instance.classes[kinds[d]].max_trips > 1)
        if apart or (chosen and total + len(tasks[d]) > GROUP):
            continue
        chosen.append(d)
        total += len(tasks[d])
    return chosen
