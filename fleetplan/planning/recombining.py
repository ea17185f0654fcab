"""The best plan that can be put together from days the search has met: set partitioning by CP-SAT.

A pool holds good days. Which of them serve every stop once, within the numbers of vehicles, at the least cost is a set
partitioning problem; it decides the mix of types exactly over the pool. Large pools are worked on in groups of
neighbouring days of the plan to start from: the days of the pool that serve only stops of the group compete, the
linear program's reduced costs choose the most promising of them, and CP-SAT decides. Exact cover is kept on purpose:
measured on pools of 20,000 days CP-SAT proved optima of 1,000 columns in a twentieth of a second where covering stops
more than once, to be repaired afterwards, took over a second without proof, and so did SCIP and HiGHS either way.

The method is old (B. A. Foster and D. M. Ryan, "An integer programming approach to the vehicle scheduling problem",
Operational Research Quarterly 27 (1976), 367–384); as the last room of a heuristic see Y. Rochat and É. Taillard,
"Probabilistic diversification and intensification in local search for vehicle routing", Journal of Heuristics 1
(1995), 147–167.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from fleetplan.planning.cp_sat import repeatable_solver
from fleetplan.planning.instance import Day, Instance
from fleetplan.planning.linear import LinearProgram
from fleetplan.planning.schedule import Solution, cost_of, time_day

GROUP = 150
"""Stops of neighbouring days that are recombined at once; twice as many cost five times the time of the program."""

MOST_PASSES = 8
MOST_IDLE = 2
"""Divisions of the plan into groups that are tried, and those without a gain after which it is left."""

PROMISING = 0.25
"""Share of the pool, the days that look cheapest beside the plan, which says what plan days are neighbours."""

LP_COLUMNS = 4000
"""Days of the pool in a group's linear program, those that look cheapest beside the plan to start from."""

CP_COLUMNS = 1000
"""Days among which CP-SAT decides, those of the least reduced cost; with more of them it proves little in its time."""

SHARE = 0.25
"""Of the effort, the most for one group."""

RESOLUTION = 1e7
"""Integers that a group's money is spread over."""

LARGEST = 2**50
"""Sum of a group's integer costs; the library refuses sums above 2**62."""

WORK_OF_STEP = 2e-9
"""Units of deterministic time for a step of the simplex method and a row: about a second's work on one core each."""

LIMIT_S = 60.0
"""Wall time at which a group is given up; far above what its deterministic time takes."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pool:
    """Days with their tasks in compressed rows; no two of one class serve the same tasks.

    Attributes:
        days: ``m`` of them.
        kind, cost: ``[m]``.
        begin: ``[m+1]``; the tasks of day ``j`` are ``task[begin[j]:begin[j+1]]``.
        task: all tasks, day after day.
        chosen: the days of the plan to start from.
    """

    days: list[Day]
    kind: Ints
    cost: Floats
    begin: Ints
    task: Ints
    chosen: Ints

    def entries(self, columns: Ints) -> tuple[Ints, Ints]:
        """Tasks of some days, and for each the position of its day among them."""
        lengths = self.begin[columns + 1] - self.begin[columns]
        offset = np.repeat(self.begin[columns] - np.cumsum(lengths) + lengths, lengths)
        return self.task[offset + np.arange(int(lengths.sum()))], np.repeat(np.arange(len(columns)), lengths)


def recombine(
    instance: Instance,
    days: Sequence[Day],
    costs: Sequence[float] | Floats,
    *,
    start: Solution,
    limit: float,
    until: float | None = None,
) -> Solution | None:
    """The best plan found from the days of a pool and of a plan to start from, or ``None`` when none beats that plan.

    Repeats exactly: effort is counted in deterministic units. Loading docks are not looked at.

    Args:
        instance: what is planned.
        days: the pool; days that serve a task twice are passed over.
        costs: of each of them, as :func:`~fleetplan.planning.schedule.time_day` would have it.
        start: a sound plan.
        limit: units of CP-SAT's deterministic time, each about a second on one core.
        until: moment of ``time.monotonic()`` after which no further group is begun, for want of time.
    """
    pool = make_pool(instance, days, costs, start) if len(days) else None
    if pool is None or limit <= 0:
        return None
    left = np.array(sorted(start.left), dtype=np.int64)
    used, passes, idle = 0.0, 0, 0
    while used < limit and passes < MOST_PASSES and idle < MOST_IDLE:
        idle += 1
        groups, reach = _groups(instance, pool, left, passes)
        chosen = set(pool.chosen.tolist())
        missing = set(left.tolist())
        for group in groups:
            if used >= limit or (until is not None and time.monotonic() >= until):
                used = limit
                break
            counts = np.bincount(pool.kind[sorted(chosen)], minlength=len(instance.classes))
            trial = _Group(instance, pool, group, reach, counts)
            work, found = trial.solve(min(limit * SHARE if len(groups) > 1 else limit, limit - used))
            used += work
            if found is not None:
                picked, out = found
                chosen = chosen - set(trial.old.tolist()) | set(picked)
                missing = missing - set(trial.left.tolist()) | set(out)
                idle = 0
        pool = Pool(pool.days, pool.kind, pool.cost, pool.begin, pool.task, np.array(sorted(chosen), dtype=np.int64))
        left = np.array(sorted(missing), dtype=np.int64)
        passes += 1
        if len(groups) == 1:
            break
    return _checked(instance, [pool.days[j] for j in pool.chosen], left, start)


def make_pool(instance: Instance, days: Sequence[Day], costs: Sequence[float] | Floats, start: Solution) -> Pool | None:
    """The pool without repetitions, the days of the plan to start from among it; ``None`` when one is impossible."""
    timed = [time_day(instance, kind, trips) for kind, trips in start.days]
    if any(day is None for day in timed):
        return None
    own = np.array([day.cost for day in timed if day is not None])
    everything: list[Day] = [*start.days, *days]
    cost = np.concatenate([own, np.asarray(costs, dtype=np.float64)])
    kind = np.fromiter((day[0] for day in everything), dtype=np.int64, count=len(everything))
    lengths = np.fromiter((sum(map(len, day[1])) for day in everything), dtype=np.int64, count=len(everything))
    options = np.fromiter(
        chain.from_iterable(chain.from_iterable(day[1] for day in everything)), dtype=np.int64, count=int(lengths.sum())
    )
    owner = np.repeat(np.arange(len(everything)), lengths)
    first = np.concatenate([[0], np.cumsum([len(c.options.task) for c in instance.classes])])[:-1]
    tasks = np.concatenate([c.options.task for c in instance.classes])[options + first[kind[owner]]]
    # A random number of 62 bits per task: days of one class with equal sums serve the same tasks.
    marks = np.random.default_rng(0).integers(1, 2**62, instance.size, dtype=np.int64)
    total = np.zeros(len(everything), dtype=np.int64)
    np.add.at(total, owner, marks[tasks])
    ordered = np.lexsort((tasks, owner))
    twice = (tasks[ordered][1:] == tasks[ordered][:-1]) & (owner[ordered][1:] == owner[ordered][:-1])
    sound = np.isfinite(cost) & (lengths > 0)
    sound[owner[ordered][1:][twice]] = False
    if not sound[: len(own)].all():
        return None
    rank = np.lexsort((np.arange(len(everything)), cost, total, kind))
    rank = rank[sound[rank]]
    leader = np.ones(len(rank), dtype=bool)
    leader[1:] = (kind[rank][1:] != kind[rank][:-1]) | (total[rank][1:] != total[rank][:-1])
    best = np.empty(len(everything), dtype=np.int64)
    best[rank] = rank[leader][np.cumsum(leader) - 1]
    kept = np.sort(rank[leader])
    inside = np.isin(owner, kept)
    return Pool(
        days=[everything[j] for j in kept],
        kind=kind[kept],
        cost=cost[kept],
        begin=np.concatenate([[0], np.cumsum(lengths[kept])]),
        task=tasks[inside],
        chosen=np.sort(np.searchsorted(kept, best[: len(own)])),
    )


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


def _groups(instance: Instance, pool: Pool, left: Ints, turn: int) -> tuple[list[Ints], _Reach]:
    """Parts of the plan in groups of neighbours, those between which the pool moves stops most, and each in one."""
    size = len(pool.chosen) + len(left)
    owner = np.full(instance.size, -1, dtype=np.int64)
    tasks, position = pool.entries(pool.chosen)
    owner[tasks] = position
    owner[left] = len(pool.chosen) + np.arange(len(left))
    columns = np.repeat(np.arange(len(pool.days)), np.diff(pool.begin))
    pairs = np.unique(columns * size + owner[pool.task])
    column, part = pairs // size, pairs % size
    reach = _Reach(column, part, np.bincount(column, minlength=len(pool.days)), owner)
    stops = np.bincount(owner, minlength=size)
    if instance.size <= GROUP * 4 // 3:
        return [np.arange(size)], reach
    links: dict[int, Floats] = {}
    weight = _promise(instance, pool)[column] / np.maximum(1, reach.parts[column] - 1)
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


def _promise(instance: Instance, pool: Pool) -> Floats:
    """1 for the days of the pool that look cheapest beside the plan, a stop at its share of its day, else 0."""
    share = np.zeros(instance.size)
    tasks, position = pool.entries(pool.chosen)
    share[tasks] = (pool.cost[pool.chosen] / np.diff(pool.begin)[pool.chosen])[position]
    reduced = pool.cost - np.add.reduceat(share[pool.task], pool.begin[:-1])
    return np.asarray(reduced <= np.quantile(reduced, PROMISING), dtype=np.float64)


class _Group:
    """Some days of the plan, to be replaced by others that serve the same stops."""

    def __init__(self, instance: Instance, pool: Pool, parts: Ints, reach: _Reach, counts: Ints) -> None:
        self.instance, self.pool = instance, pool
        served = len(pool.chosen)
        self.old = pool.chosen[parts[parts < served]]
        member = np.zeros(served + int((reach.owner >= served).sum()), dtype=bool)
        member[parts] = True
        self.tasks = np.flatnonzero(member[reach.owner])
        self.left = np.flatnonzero(member[reach.owner] & (reach.owner >= served))
        hits = np.bincount(reach.column, weights=member[reach.part].astype(np.float64), minlength=len(pool.days))
        columns = np.flatnonzero(hits == reach.parts)
        self.row = np.full(instance.size, -1, dtype=np.int64)
        self.row[self.tasks] = np.arange(len(self.tasks))
        ours = np.bincount(pool.kind[self.old], minlength=len(instance.classes))
        most = np.array([c.count for c in instance.classes], dtype=np.int64)
        self.most = most - counts + ours
        share = np.zeros(instance.size)
        tasks, position = pool.entries(self.old)
        share[tasks] = (pool.cost[self.old] / np.diff(pool.begin)[self.old])[position]
        self.columns = self._nearest(columns, share, LP_COLUMNS)
        self._price_of_leaving()

    def _nearest(self, columns: Ints, dual: Floats, most: int, extra: Floats | None = None) -> Ints:
        """The days of the least reduced cost, and those of the plan."""
        if len(columns) <= most:
            return columns
        tasks, position = self.pool.entries(columns)
        reduced = self.pool.cost[columns] - np.bincount(position, weights=dual[tasks], minlength=len(columns))
        if extra is not None:
            reduced = reduced - extra[self.pool.kind[columns]]
        best = columns[np.argsort(reduced, kind="stable")[:most]]
        return np.union1d(best, self.old)

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

    def solve(self, limit: float) -> tuple[float, tuple[list[int], list[int]] | None]:
        """Effort used, and the days and stops left out of a better choice, if there is one."""
        if len(self.columns) == len(self.old) and not len(self.droppable):
            return 0.0, None
        steps, dual, extra, bound = self._linear(limit)
        work = steps * len(self.tasks) * WORK_OF_STEP
        present = float(self.pool.cost[self.old].sum()) + float(self.price[np.isin(self.droppable, self.left)].sum())
        if bound > present - 1e-9 * max(1.0, abs(present)) or work >= limit:
            return work, None
        columns = self._nearest(self.columns, dual, CP_COLUMNS, extra)
        used, found = self._decide(columns, limit - work)
        return work + used, found

    def _linear(self, limit: float) -> tuple[int, Floats, Floats, float]:
        """Steps taken, value of serving each task, of one more vehicle of each class, and the least cost."""
        pool, columns = self.pool, self.columns
        m, rows, kinds = len(columns), len(self.tasks), len(self.instance.classes)
        tasks, position = pool.entries(columns)
        row = np.concatenate([self.row[tasks], self.row[self.droppable], rows + pool.kind[columns]])
        column = np.concatenate([position, m + np.arange(len(self.droppable)), np.arange(m)])
        cost = np.concatenate([pool.cost[columns], np.minimum(self.price, 2.0 * self.money + 1.0)])
        lower = np.concatenate([np.ones(rows), np.full(kinds, -math.inf)])
        program = LinearProgram(lower, np.concatenate([np.ones(rows), self.most]), method="dual")
        program.add(cost, row, column, np.ones(len(row)))
        answer = program.solve(max(1, int(limit / (WORK_OF_STEP * max(1, rows)))))
        if answer is None:
            return 0, np.zeros(self.instance.size), np.zeros(kinds), math.inf
        dual = answer.duals
        worth = np.zeros(self.instance.size)
        worth[self.tasks] = dual[:rows]
        return answer.steps, worth, dual[rows:], answer.bound

    def _decide(self, columns: Ints, limit: float) -> tuple[float, tuple[list[int], list[int]] | None]:
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
        for pick, taken in zip(picks, now.tolist(), strict=True):
            model.add_hint(pick, taken)
        solver = repeatable_solver(limit, most_s=LIMIT_S)
        status = solver.solve(model)
        work = float(solver.response_proto.deterministic_time)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE) or solver.objective_value >= int(cost[now].sum()):
            return work, None
        taken = np.array([solver.boolean_value(pick) for pick in picks])
        picked = columns[taken[: len(columns)]].tolist()
        return work, (picked, self.droppable[taken[len(columns) :]].tolist())


def _checked(instance: Instance, days: list[Day], left: Ints, start: Solution) -> Solution | None:
    """The plan, if every day of it can be driven and it is better than the start by the exact measure."""
    if any(time_day(instance, kind, trips) is None for kind, trips in days):
        return None
    found = Solution(tuple(days), tuple(left.tolist()))
    return found if cost_of(instance, found) < cost_of(instance, start) else None
