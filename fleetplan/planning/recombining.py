"""The best plan that can be put together from days the search has met: set partitioning by CP-SAT.

A pool holds good days. Which of them serve every stop once, within the numbers of vehicles, at the least cost is a set
partitioning problem; it decides the mix of types exactly over the pool. Large pools are worked on in groups of
neighbouring days of the plan to start from: the days of the pool that serve only stops of the group compete, the
linear program's reduced costs choose the most promising of them, and CP-SAT decides: among some hundreds at first, and
among more once that is proven. Stops are served exactly once on purpose: with covering them more than once, to be
repaired afterwards, CP-SAT proved nothing in twenty times the time. On two pools of 20,000
short days SCIP and HiGHS found nothing better than the plan among 2,000 of them in two seconds each, where CP-SAT did.

The method is old (B. A. Foster and D. M. Ryan, "An integer programming approach to the vehicle scheduling problem",
Operational Research Quarterly 27 (1976), 367–384); as the last room of a heuristic see Y. Rochat and É. Taillard,
"Probabilistic diversification and intensification in local search for vehicle routing", Journal of Heuristics 1
(1995), 147–167.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from fleetplan.planning.cp_sat import repeatable_solver
from fleetplan.planning.instance import Day, Instance
from fleetplan.planning.linear import LinearProgram
from fleetplan.planning.pool import Pool, rows_of
from fleetplan.planning.schedule import Solution, cost_of, time_day

WHOLE = 450
"""Stops up to which all days are recombined at once."""

GROUP = 150
"""Else: stops of neighbouring days that are; twice as many cost five times the time of the program."""

MOST_PASSES = 8
MOST_IDLE = 2
"""Divisions of the plan into groups that are tried, and those without a gain after which it is left."""

PROMISING = 0.25
"""Share of the pool, the days that look cheapest beside the plan, which says what plan days are neighbours."""

LP_COLUMNS = 4000
"""Days of the pool in a group's linear program, those that look cheapest by the prices known."""

LEAST_COLUMNS, COLUMNS_OF_UNIT, MOST_COLUMNS = 500, 1250, 2000
"""Days among which CP-SAT decides at first, those of the least reduced cost: so many for each unit of effort. Among
too many it finds no plan at all in its time, among too few no better one."""

MORE, MORE_UNTIL = 1.5, 0.5
"""By how much their number grows once the best choice among them is proven, and share of the effort after which not."""

SHARE = 0.25
"""Of the effort, the most for one group."""

RESOLUTION = 1e7
"""Integers that a group's money is spread over."""

LARGEST = 2**50
"""Sum of a group's integer costs; the library refuses sums above 2**62."""

WORK_OF_STEP = 2e-9
"""Units of deterministic time that a step of the simplex method counts for each row: less than it takes (3e-7 to 6e-7 s
measured with 4,000 days), so that hardly any program is cut short."""

LIMIT_S = 60.0
"""Wall time at which a group is given up; far above what its deterministic time takes."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Prices(NamedTuple):
    """What linear programs over a pool make of it.

    Attributes:
        worth: ``[n]`` money for serving each task.
        extra: ``[classes]`` money that one more vehicle of each class would bring, negative or 0.
    """

    worth: Floats
    extra: Floats


@dataclass(frozen=True, eq=False)
class Recombined:
    """What a pool came to.

    Attributes:
        solution: the best plan found, or ``None`` where none beats the one to start from.
        prices: of its tasks and vehicles.
    """

    solution: Solution | None
    prices: Prices


def recombine(
    pool: Pool,
    *,
    start: Solution,
    limit: float,
    until: float | None = None,
    decide: bool = True,
    prices: Prices | None = None,
) -> Recombined | None:
    """The best plan found from the days of a pool and of a plan to start from; ``None`` where there is nothing to do.

    Repeats exactly: effort is counted in deterministic units. Loading docks are not looked at.

    Args:
        pool: days, at the costs that :func:`~fleetplan.planning.schedule.time_day` gives them.
        start: a sound plan.
        limit: units of CP-SAT's deterministic time, each about a second on one core.
        until: moment of ``time.monotonic()`` at which, for want of time, CP-SAT ends and no further group is begun.
        decide: false: only the linear programs are solved, for their prices.
        prices: found earlier; they say which days are the most promising.
    """
    instance = pool.instance
    timed = [time_day(instance, kind, trips) for kind, trips in start.days]
    if not len(pool) or limit <= 0 or any(day is None for day in timed):
        return None
    own = rows_of(instance, start.days, [day.cost for day in timed if day is not None])
    pool = Pool(instance, [own, pool.rows()])
    chosen = np.unique(pool.place[: len(start.days)])
    if len(chosen) < len(start.days) or (len(chosen) and chosen[0] < 0):
        return None
    left = np.array(sorted(start.left), dtype=np.int64)
    worth, extra = _shares(pool, chosen), np.zeros(len(instance.classes))
    if prices is not None:
        worth, extra = prices.worth.copy(), prices.extra
    found, extras = Prices(worth.copy(), extra.copy()), [np.zeros(len(instance.classes))]
    used, passes, idle = 0.0, 0, 0
    while used < limit and passes < MOST_PASSES and idle < MOST_IDLE:
        idle += 1
        groups, reach = _groups(pool, chosen, left, passes)
        picked, missing = set(chosen.tolist()), set(left.tolist())
        for group in groups:
            if used >= limit or (until is not None and time.monotonic() >= until):
                used = limit
                break
            counts = np.bincount(pool.kind[sorted(picked)], minlength=len(instance.classes))
            trial = _Group(pool, chosen, group, reach, counts, Prices(worth, extra), until)
            work, better = trial.solve(min(limit * SHARE if len(groups) > 1 else limit, limit - used), decide=decide)
            used += work
            if passes == 0 and trial.priced:
                found.worth[trial.tasks] = trial.prices.worth[trial.tasks]
                extras.append(trial.prices.extra)
                found.extra[:] = np.min(extras, axis=0)
            if better is not None:
                days, out = better
                picked = picked - set(trial.old.tolist()) | set(days)
                missing = missing - set(trial.left.tolist()) | set(out)
                idle = 0
        chosen, left = np.array(sorted(picked), dtype=np.int64), np.array(sorted(missing), dtype=np.int64)
        passes += 1
        if len(groups) == 1 or not decide:
            break
    return Recombined(_checked(instance, [pool.day(j) for j in chosen], left, start), found)


@dataclass(frozen=True, eq=False)
class _Reach:
    """Which days of the present plan each day of the pool takes stops from; stops left out are days of their own.

    Attributes:
        column, part: the pairs, sorted.
        parts: per day of the pool, how many.
        owner: ``[n]`` the part of each task.
    """

    column: Ints
    part: Ints
    parts: Ints
    owner: Ints


def _groups(pool: Pool, chosen: Ints, left: Ints, turn: int) -> tuple[list[Ints], _Reach]:
    """Parts of the plan in groups of neighbours, those between which the pool moves stops most, and each in one."""
    instance = pool.instance
    size = len(chosen) + len(left)
    owner = np.full(instance.size, -1, dtype=np.int64)
    tasks, position = pool.entries(chosen)
    owner[tasks] = position
    owner[left] = len(chosen) + np.arange(len(left))
    columns = np.repeat(np.arange(len(pool)), np.diff(pool.begin))
    pairs = np.unique(columns * size + owner[pool.task])
    column, part = pairs // size, pairs % size
    reach = _Reach(column, part, np.bincount(column, minlength=len(pool)), owner)
    stops = np.bincount(owner, minlength=size)
    if instance.size <= WHOLE:
        return [np.arange(size)], reach
    links: dict[int, Floats] = {}
    weight = _promise(pool, chosen)[column] / np.maximum(1, reach.parts[column] - 1)
    groups: list[Ints] = []
    free = np.ones(size, dtype=bool)
    order = np.random.default_rng(turn).permutation(size)
    for seed in order:
        if not free[seed]:
            continue
        group, total = [int(seed)], int(stops[seed])
        link: Floats = np.zeros(size)
        free[seed] = False
        while total < GROUP:
            last = group[-1]
            if last not in links:
                near = np.isin(column, column[part == last])
                total_of = np.bincount(part[near], weights=weight[near], minlength=size)
                links[last] = np.asarray(total_of, dtype=np.float64)
            link += links[last]
            best = int(np.argmax(np.where(free, link, -1.0)))
            if not free[best] or link[best] <= 0.0:
                break
            free[best] = False
            group.append(best)
            total += int(stops[best])
        groups.append(np.array(group, dtype=np.int64))
    return groups, reach


def first_prices(instance: Instance, plan: Solution) -> Prices:
    """For each stop its share of what its day of a plan costs: prices until a linear program knows better."""
    timed = [time_day(instance, kind, trips) for kind, trips in plan.days]
    costs = [math.inf if day is None else day.cost for day in timed]
    own = Pool(instance, [rows_of(instance, plan.days, costs)])
    return Prices(_shares(own, np.arange(len(own))), np.zeros(len(instance.classes)))


def _shares(pool: Pool, chosen: Ints) -> Floats:
    """For each stop its share of what its day of the plan costs."""
    share = np.zeros(pool.instance.size)
    tasks, position = pool.entries(chosen)
    share[tasks] = (pool.cost[chosen] / pool.stops[chosen])[position]
    return share


def _promise(pool: Pool, chosen: Ints) -> Floats:
    """1 for the days of the pool that look cheapest beside the plan, a stop at its share of its day, else 0."""
    reduced = pool.reduced(_shares(pool, chosen), np.zeros(len(pool.instance.classes)))
    return np.asarray(reduced <= np.quantile(reduced, PROMISING), dtype=np.float64)


class _Group:
    """Some days of the plan, to be replaced by others that serve the same stops."""

    def __init__(
        self,
        pool: Pool,
        chosen: Ints,
        parts: Ints,
        reach: _Reach,
        counts: Ints,
        prices: Prices,
        until: float | None = None,
    ) -> None:
        instance = pool.instance
        self.instance, self.pool = instance, pool
        served = len(chosen)
        self.old = chosen[parts[parts < served]]
        member = np.zeros(served + int((reach.owner >= served).sum()), dtype=bool)
        member[parts] = True
        self.tasks = np.flatnonzero(member[reach.owner])
        self.left = np.flatnonzero(member[reach.owner] & (reach.owner >= served))
        hits = np.bincount(reach.column, weights=member[reach.part].astype(np.float64), minlength=len(pool))
        columns = np.flatnonzero(hits == reach.parts)
        self.row = np.full(instance.size, -1, dtype=np.int64)
        self.row[self.tasks] = np.arange(len(self.tasks))
        ours = np.bincount(pool.kind[self.old], minlength=len(instance.classes))
        most = np.array([c.count for c in instance.classes], dtype=np.int64)
        self.most = most - counts + ours
        self.columns, self.prices, self.priced = columns, prices, False
        self.until = until
        self._price_of_leaving()

    def _nearest(self, columns: Ints, prices: Prices, most: int) -> Ints:
        """The days of the least reduced cost, those that bear the prices, and those of the plan."""
        if len(columns) <= most:
            return columns
        over = self.pool.reduced(*prices, columns)
        bearing = columns[np.abs(over) <= 1e-9 * max(1.0, self.money)][:most]
        return np.union1d(np.union1d(columns[np.argsort(over, kind="stable")[:most]], bearing), self.old)

    def _price_of_leaving(self) -> None:
        """Money for each stop that may be left out: its price, or more than all that comes after it in rank.

        What days cost a stop at most bounds the money of any plan of the group.
        """
        instance, pool = self.instance, self.pool
        tasks, position = pool.entries(self.columns)
        each = (pool.cost[self.columns] / np.diff(pool.begin)[self.columns])[position]
        worst = np.zeros(instance.size)
        np.maximum.at(worst, tasks, each)
        self.money = float(worst[self.tasks].sum())
        if instance.priced:
            old = float(pool.cost[self.old].sum() + instance.unserved_cost[self.left].sum())
            cheap = instance.unserved_cost[self.tasks] <= old
            self.droppable = np.union1d(self.tasks[cheap], self.left)
            self.price = instance.unserved_cost[self.droppable]
            return
        self.droppable = self.tasks if len(self.left) else self.left
        self.price = np.zeros(len(self.droppable))
        above = self.money if self.money > 0 else 1.0
        for level in np.unique(instance.priority[self.droppable]):
            these = instance.priority[self.droppable] == level
            parcels = instance.parcels[self.droppable[these]].astype(np.float64)
            self.price[these] = parcels * (above * (1.0 + 1e-6))
            above += float(self.price[these].sum())

    def solve(self, limit: float, *, decide: bool) -> tuple[float, tuple[list[int], list[int]] | None]:
        """Effort used, and the days and stops left out of a better choice, if there is one."""
        if len(self.columns) == len(self.old) and not len(self.droppable):
            return 0.0, None
        steps, bound = self._linear(limit)
        work = steps * len(self.tasks) * WORK_OF_STEP
        present = float(self.pool.cost[self.old].sum()) + float(self.price[np.isin(self.droppable, self.left)].sum())
        if not decide or bound > present - 1e-9 * max(1.0, abs(present)) or work >= limit:
            return work, None
        # A day that costs more above the prices than the plan does above the program is in no better plan.
        gap = present - bound + 1e-9 * max(1.0, abs(present))
        candidates = np.union1d(self.columns[self.pool.reduced(*self.prices, self.columns) <= gap], self.old)
        wanted, better = int(min(MOST_COLUMNS, max(LEAST_COLUMNS, COLUMNS_OF_UNIT * limit))), None
        while True:
            columns = self._nearest(candidates, self.prices, wanted)
            used, found, proven = self._decide(columns, limit - work)
            work += used
            if found is not None and (better is None or self._cost(found) < self._cost(better)):
                better = found
            if not proven or len(candidates) <= wanted or work >= limit * MORE_UNTIL:
                return work, better
            wanted = int(wanted * MORE)

    def _cost(self, choice: tuple[list[int], list[int]]) -> float:
        """What days and stops left out come to."""
        days, out = choice
        return float(self.pool.cost[days].sum() + self.price[np.isin(self.droppable, out)].sum())

    def _linear(self, limit: float) -> tuple[int, float]:
        """Steps taken and the least cost; the program's prices become the group's.

        Stops may be served more than once, which costs no less and keeps their prices from swinging below nothing.
        """
        rows, kinds = len(self.tasks), len(self.instance.classes)
        columns = self._nearest(self.columns, self.prices, LP_COLUMNS)
        tasks, position = self.pool.entries(columns)
        m = len(columns)
        row = np.concatenate([self.row[tasks], self.row[self.droppable], rows + self.pool.kind[columns]])
        column = np.concatenate([position, m + np.arange(len(self.droppable)), np.arange(m)])
        cost = np.concatenate([self.pool.cost[columns], np.minimum(self.price, 2.0 * self.money + 1.0)])
        lower = np.concatenate([np.ones(rows), np.full(kinds, -math.inf)])
        program = LinearProgram(lower, np.concatenate([np.full(rows, math.inf), self.most]), method="dual")
        program.add(cost, row, column, np.ones(len(row)))
        answer = program.solve(max(1, int(limit / (WORK_OF_STEP * max(1, rows)))))
        if answer is None:
            return 0, math.inf
        if answer.bound > -math.inf:
            worth = np.zeros(self.instance.size)
            worth[self.tasks] = answer.duals[:rows]
            self.prices, self.priced = Prices(worth, answer.duals[rows:]), True
        return answer.steps, answer.bound

    def _decide(self, columns: Ints, limit: float) -> tuple[float, tuple[list[int], list[int]] | None, bool]:
        """Effort used, the better choice among some days, if one is found, and whether there is no better one."""
        pool = self.pool
        total = self.money + float(self.price.sum())
        scale = min(RESOLUTION / self.money if self.money > 0 else math.inf, LARGEST / total if total > 0 else 1.0)
        cost = np.rint(np.concatenate([pool.cost[columns], self.price]) * scale).astype(np.int64)
        now = np.concatenate([np.isin(columns, self.old), np.isin(self.droppable, self.left)])
        model = cp_model.CpModel()
        picks = [model.new_bool_var("") for _ in range(len(cost))]
        rows: list[list[Any]] = [[] for _ in self.tasks]
        tasks, position = pool.entries(columns)
        for row, j in zip(self.row[tasks].tolist(), position.tolist(), strict=True):
            rows[row].append(picks[j])
        for j, row in enumerate(self.row[self.droppable].tolist()):
            rows[row].append(picks[len(columns) + j])
        for members in rows:
            model.add_exactly_one(members)
        for kind, most in enumerate(self.most.tolist()):
            ours = np.flatnonzero(pool.kind[columns] == kind).tolist()
            if len(ours) > most:
                model.add(cp_model.LinearExpr.sum([picks[j] for j in ours]) <= most)
        model.minimize(cp_model.LinearExpr.weighted_sum(picks, cost.tolist()))
        # no hint: told of the plan so far, CP-SAT searches near it and finds less in the same time
        left_s = LIMIT_S if self.until is None else min(LIMIT_S, max(0.0, self.until - time.monotonic()))
        solver = repeatable_solver(limit, most_s=left_s)
        solver.parameters.linearization_level = 2
        status = solver.solve(model)
        work = float(solver.response_proto.deterministic_time)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE) or solver.objective_value >= int(cost[now].sum()):
            return work, None, status in (cp_model.OPTIMAL, cp_model.INFEASIBLE)
        taken = np.array([solver.boolean_value(pick) for pick in picks])
        picked = columns[taken[: len(columns)]].tolist()
        return work, (picked, self.droppable[taken[len(columns) :]].tolist()), status == cp_model.OPTIMAL


def _checked(instance: Instance, days: list[Day], left: Ints, start: Solution) -> Solution | None:
    """The plan, if every day of it can be driven and it is better than the start by the exact measure."""
    if any(time_day(instance, kind, trips) is None for kind, trips in days):
        return None
    found = Solution(tuple(days), tuple(left.tolist()))
    return found if cost_of(instance, found) < cost_of(instance, start) else None
