"""Two lanes of annealing side by side: how they share a problem, meet, and recombine what they found.

Small problems are searched by both lanes whole, from different seeds; the lane that falls behind goes on from the
other's solution at a few meetings. Large ones are cut between neighbouring days, each lane anneals its own part, and
every round cuts anew: the lanes then do the work of one that is twice as fast. The days that good solutions are made of
are kept in a pool, and recombined exactly (``recombining``).

There are always two lanes, on one core or on more, so the answer does not depend on the machine.
"""

from __future__ import annotations

import math
import random
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from fleetplan.planning.costing import left_cost
from fleetplan.planning.effort import Clock
from fleetplan.planning.instance import Day, Instance
from fleetplan.planning.kernel.lane import Lane, unit_cost
from fleetplan.planning.kernel.layout import COUNT, NEAR_TASKS
from fleetplan.planning.kernel.world import make_world
from fleetplan.planning.pool import Pool, Rows
from fleetplan.planning.recombining import WHOLE, Prices, Recombined, first_prices, recombine
from fleetplan.planning.schedule import Solution, cost_of, make_solution

LANES = 2

SPLIT_FROM = 400
"""Stops from which on lanes share a problem instead of both searching it whole."""

STEPS_AT_ONCE = 20_000
"""Most steps that lanes take between two moments at which an interrupt is heard: about a second's."""

HOT, COLD = 2.0, 0.12
"""Temperature at the start and at the end, in mean costs of an arc to a near neighbour."""

WARM = 0.3
"""Share of the temperature at which a search starts that goes on from a plan."""

MEETINGS = (0.4, 0.6, 0.8, 0.9)
"""Progress at which the lane that is behind goes on from the other's solution."""

RECOMBINED = (0.3, 0.5, 0.65, 0.8, 0.92)
"""Progress at which the pool is recombined beside the lanes, and once more at the end."""

ROUNDS_OF_RECOMBINING, PAUSE = 3, 1
"""Rounds after which an answer of the pool is waited for, and rounds after it in which nothing is asked."""

MOST_POOLED = 20_000
"""Days in a pool: those that cost least above the prices of their stops."""

FIRST_PRICED = 0.05
"""Progress from which on the pool is priced."""

SHORT_DAYS = 10.0
"""Stops of a mean day up to which prices of stops tell good days apart. With longer days the linear program settles
too late: gathering by its prices made 1,000 stops in days of ten 0.6 % dearer after ten seconds, in days of fifty
0.5 %, and 128, 598 and 732 stops in days of four to six 0.3 to 0.4 % cheaper (one run each)."""

SMOOTHING = 0.6
"""Weight of the prices known beside new ones, which swing while the pool lacks much."""

POOL_SHARE, LEAST_POOL_LIMIT = 0.12, 0.05
"""Deterministic time of one recombination: this share of what the search is expected to take, and the least."""

STEP_S = 15e-6
"""Seconds that a step is expected to take."""

Seen = Callable[[Solution], None]
Rank = tuple[tuple[int, ...], float]
"""Parcels left out by priority, and money: smaller is better (see ``costing.left_cost``)."""


class _Mixing:
    """The pool, priced and recombined beside the lanes: again and again, each answer waited for a set number of rounds.

    Rounds, not seconds, decide when an answer comes in, so the search repeats. Only once a cap on time bites is
    an answer taken whenever it is there.
    """

    def __init__(self, instance: Instance, clock: Clock, threads: ThreadPoolExecutor) -> None:
        self.instance, self.clock, self.threads = instance, clock, threads
        self.pool = Pool(instance, [])
        self.fresh: list[Rows] = []
        self.prices: Prices | None = None
        self.told: Prices | None = None
        self.moments = list(RECOMBINED)
        self.running: Future[Recombined | None] | None = None
        self.rounds = self.pause = 0

    def short(self, best: Solution) -> bool:
        """Whether days have so few stops that prices of stops tell which days are good."""
        served = self.instance.size - len(best.left)
        return served <= SHORT_DAYS * len(best.days)

    def after_round(self, best: Solution) -> Recombined | None:
        """An answer that is due: prices, and a plan that beats the one that it began from."""
        progress = self.clock.progress
        if self.running is not None:
            self.rounds += 1
            if self.clock.hurried:
                if not self.running.done():
                    return None
            elif self.rounds < ROUNDS_OF_RECOMBINING:
                return None
            found, self.running = self.running.result(), None
            self.pause = PAUSE
            return found
        if self.pause > 0:
            self.pause -= 1
        elif FIRST_PRICED <= progress < 1.0:
            decide = bool(self.moments) and self.moments[0] <= progress
            if not decide and not (self.short(best) and self.instance.size <= WHOLE):
                return None
            while self.moments and progress >= self.moments[0]:
                self.moments.pop(0)
            fresh, self.fresh = self.fresh, []
            self.running = self.threads.submit(self._recombined, best, fresh, decide)
            self.rounds = 0
        return None

    def last(self, best: Solution) -> Solution | None:
        """What is still running, or else a last recombination."""
        running = self.running.result() if self.running is not None else None
        found = running.solution if running is not None else None
        better_start = found if found is not None and _beats(self.instance, found, best) else best
        last = None if self.clock.too_late() else self._recombined(better_start, self.fresh, True)
        self.clock.too_late()
        if last is not None and last.solution is not None:
            return last.solution
        return found if better_start is found else None

    def _limit(self) -> float:
        """Deterministic time of a recombination: by the steps, and by what time is left once that is short."""
        expected_s = self.clock.steps * STEP_S
        if not self.clock.hurried:
            return max(LEAST_POOL_LIMIT, POOL_SHARE * expected_s)
        limit = max(LEAST_POOL_LIMIT, POOL_SHARE * min(expected_s, self.clock.whole_s))
        return limit if self.clock.latest is None else min(limit, self.clock.latest - time.monotonic())

    def _recombined(self, best: Solution, fresh: list[Rows], decide: bool) -> Recombined | None:
        self.pool = Pool(self.instance, [self.pool.rows(), *fresh])
        if len(self.pool) > MOST_POOLED:
            known = self.prices or first_prices(self.instance, best)
            self.pool.keep_least(self.pool.reduced(*known), MOST_POOLED)
        found = recombine(
            self.pool, start=best, limit=self._limit(), until=self.clock.latest, decide=decide, prices=self.prices
        )
        if found is not None:
            self.told = found.prices if self.told is None else _smoothed(self.told, found.prices)
            self.prices = found.prices
        return found


def _smoothed(old: Prices, new: Prices) -> Prices:
    """Between old prices and new ones, which swing while the pool lacks much."""
    return Prices(*(SMOOTHING * a + (1.0 - SMOOTHING) * b for a, b in zip(old, new, strict=True)))


def _beats(instance: Instance, one: Solution, other: Solution) -> bool:
    return cost_of(instance, one) < cost_of(instance, other)


class KernelSearch:
    """The compiled search on one problem.

    Args:
        instance: what is planned.
        seed: steers what may vary.
        clock: counts and caps the steps.
        seen: told of every best solution.
        pooled: whether days are recombined.
    """

    def __init__(self, instance: Instance, *, seed: int, clock: Clock, seen: Seen, pooled: bool = True) -> None:
        self.instance = instance
        self.seed = seed
        self.clock = clock
        self.seen = seen
        self.world = make_world(instance)
        self.pooled = pooled
        self.generator = random.Random(f"lanes {seed}")
        # What no vehicle can serve would be tried in vain at every step, and drown all money by its weight.
        self.servable = np.any([made.allowed for made in instance.classes], axis=0)
        self.aside = np.flatnonzero(~self.servable).tolist()
        self.unit = unit_cost(self.world)
        self.hot = HOT

    def improve(self, start: Solution, *, warm: bool) -> Solution:
        """Anneal from a solution; the best one found, which may be the start."""
        if warm:
            self.hot = max(COLD, HOT * WARM)
        with ThreadPoolExecutor(LANES + 1) as threads:
            if self.instance.size >= SPLIT_FROM:
                return self._shared(start, threads)
            return self._side_by_side(start, threads)

    def _heat(self, progress: float) -> float:
        return float(self.unit * self.hot * (COLD / self.hot) ** progress)

    def _round(self, lanes: Sequence[Lane], threads: ThreadPoolExecutor) -> None:
        steps, progress = self.clock.next_round()
        began = time.monotonic()
        first = self.clock.progress
        for done in range(0, steps, STEPS_AT_ONCE):
            some = min(STEPS_AT_ONCE, steps - done)
            hot, cold = (self._heat(first + (progress - first) * x / steps) for x in (done, done + some))
            for job in [threads.submit(lane.run, some, hot, cold) for lane in lanes]:
                job.result()
        self.clock.done(steps, progress, time.monotonic() - began)

    def _side_by_side(self, start: Solution, threads: ThreadPoolExecutor) -> Solution:
        lanes = [Lane(self.instance, self.world, seed=(self.seed, k)) for k in range(LANES)]
        for lane in lanes:
            lane.start(start.days, self._tried(start))
        best, least = start, self._rank_of(start)
        meetings, mixing = list(MEETINGS), self._mixing(threads)
        while not self.clock.over:
            self._round(lanes, threads)
            for lane in lanes:
                if _better(self._rank(lane), least):
                    best, least = self._joined([lane], best=True), self._rank(lane)
            mixed = self._mixed(mixing, lanes, best)
            if mixed is not None and self._rank_of(mixed) < least:
                best, least = mixed, self._rank_of(mixed)
                max(lanes, key=self._rank).start(best.days, self._tried(best))
            if meetings and self.clock.progress >= meetings[0]:
                meetings.pop(0)
                ahead, behind = sorted(lanes, key=self._rank)
                behind.start(ahead.best_days(), ahead.left(best=True))
            self.seen(best)
        return best if mixing is None else mixing.last(best) or best

    def _shared(self, start: Solution, threads: ThreadPoolExecutor) -> Solution:
        lanes = [Lane(self.instance, self.world, seed=(self.seed, k)) for k in range(LANES)]
        current = best = start
        least, mixing = self._rank_of(start), self._mixing(threads)
        while not self.clock.over:
            parts = self._parts(current)
            for lane, (days, left, counts) in zip(lanes, parts, strict=True):
                lane.start(days, left, counts=counts, strained=not self._tried(current))
            self._round(lanes, threads)
            current = self._joined(lanes, best=False)
            if _better(self._rank(*lanes), least):
                best, least = self._joined(lanes, best=True), self._rank(*lanes)
            mixed = self._mixed(mixing, lanes, best)
            if mixed is not None and self._rank_of(mixed) < least:
                current = best = mixed
                least = self._rank_of(best)
            if any(lane.overloaded(best=False) for lane in lanes) and self._tried(current):
                current = best  # what is left out and what is too much are never weighed against each other
            self.seen(best)
        return best if mixing is None else mixing.last(best) or best

    def _mixing(self, threads: ThreadPoolExecutor) -> _Mixing | None:
        return _Mixing(self.instance, self.clock, threads) if self.pooled else None

    def _mixed(self, mixing: _Mixing | None, lanes: Sequence[Lane], best: Solution) -> Solution | None:
        """Hand the days of a round on to the pool, and new prices to the lanes; a better plan, if one is due."""
        if mixing is None:
            return None
        for lane in lanes:
            mixing.fresh += [lane.gathered(), lane.rows(best=True), lane.rows(best=False)]
        found = mixing.after_round(best)
        if found is None:
            return None
        if mixing.told is not None:
            for lane in lanes if mixing.short(best) else []:
                lane.look_for(*mixing.told)
        return found.solution

    def _tried(self, solution: Solution) -> list[int]:
        """What a solution leaves out and some vehicle could serve."""
        return [x for x in solution.left if self.servable[x]]

    def _joined(self, lanes: Sequence[Lane], *, best: bool) -> Solution:
        """The solution of some lanes together."""
        days = [day for lane in lanes for day in (lane.best_days() if best else lane.current_days())]
        return make_solution(days, [*(x for lane in lanes for x in lane.left(best=best)), *self.aside])

    def _rank(self, *lanes: Lane) -> Rank:
        """What the best solutions of some lanes come to together; beyond everything where one overloads vehicles."""
        levels, price = left_cost(self.instance, [x for lane in lanes for x in lane.left(best=True)])
        if any(lane.overloaded(best=True) for lane in lanes):
            return (sys.maxsize,) * len(levels), math.inf
        return levels, sum(lane.money for lane in lanes) + price

    def _rank_of(self, solution: Solution) -> Rank:
        """What a solution comes to once a lane holds it."""
        lane = Lane(self.instance, self.world, seed=(0,))
        lane.start(solution.days, self._tried(solution))
        return self._rank(lane)

    def _parts(self, solution: Solution) -> list[tuple[list[Day], list[int], list[int]]]:
        """Two halves of neighbouring days, with what is left out near them, and a share of the spare vehicles."""
        days, near = solution.days, self.world.near
        lane_of = np.zeros(self.instance.size, dtype=np.int64)
        if days:
            tasks = [self.instance.tasks_of(day) for day in days]
            day_of = np.full(self.instance.size, -1, dtype=np.int64)
            for number, members in enumerate(tasks):
                day_of[members] = number
            order = self._by_distance(tasks, day_of)
            sizes = np.array([len(tasks[number]) for number in order])
            half = int(np.searchsorted(np.cumsum(sizes), sizes.sum() / 2))
            for number in order[half + 1 :]:
                lane_of[tasks[number]] = 1
        counts = np.array(self.world.numbers[:, COUNT])
        parts: list[tuple[list[Day], list[int], list[int]]] = [([], [], []), ([], [], [])]
        for day in days:
            parts[int(lane_of[self.instance.tasks_of(day)[0]])][0].append(day)
        left_lane = self.generator.randrange(LANES)
        for x in self._tried(solution):
            served = [y for y in near[x] if y >= 0]
            lane = int(lane_of[served[0]]) if served and self.generator.random() < 0.5 else left_lane
            parts[lane][1].append(x)
        used = [np.bincount([d[0] for d in part[0]], minlength=len(counts)) for part in parts]
        spare = counts - used[0] - used[1]
        extra = (spare + self.generator.randrange(2)) // 2
        parts[0][2].extend((used[0] + extra).tolist())
        parts[1][2].extend((used[1] + spare - extra).tolist())
        return parts

    def _by_distance(self, tasks: Sequence[Sequence[int]], day_of: np.ndarray) -> list[int]:
        """Days by steps through neighbours from a random one: those that touch come after each other."""
        near = self.world.near[:, : NEAR_TASKS // 4]
        seen = [self.generator.randrange(len(tasks))]
        known = set(seen)
        for number in seen:
            touching = day_of[near[list(tasks[number])]].ravel()
            counted = np.bincount(touching[touching >= 0], minlength=len(tasks))
            for other in np.argsort(-counted, kind="stable")[: int((counted > 0).sum())].tolist():
                if other not in known:
                    known.add(other)
                    seen.append(other)
        return seen + [number for number in range(len(tasks)) if number not in known]


def _better(one: Rank, other: Rank) -> bool:
    """Whether a rank is smaller by more than rounding.

    The levels of priority are compared for themselves: as weights they would drown the money.
    """
    return one[0] < other[0] or (one[0] == other[0] and one[1] < other[1] - 1e-9 * max(1.0, abs(other[1])))
