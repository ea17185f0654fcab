"""Ruin and recreate on exact costs.

A step takes some stops off neighbouring routes (strings of stops, a whole trip, a whole day), puts them back one by
one where the exact cost rises least, and keeps the outcome by simulated annealing. The ruin follows J. Christiaens
and G. Vanden Berghe, "Slack induction by string removals for vehicle routing problems", Transportation Science 54
(2020), 417–433; costs, several trips a day and types are exact here through :mod:`fleetplan.planning.schedule`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fleetplan.planning.instance import Instance
from fleetplan.planning.polishing import Polisher
from fleetplan.planning.schedule import Day, Timetable, Trips

MEAN_REMOVED = 9.0
"""Stops that a step removes on average when it cuts strings."""

LONGEST_STRING = 10
BLINK = 0.02
"""Chance that a place is overlooked, which lets equal choices vary."""

FAVOURED = 0.25
"""Share of steps that open vehicles of one class, drawn by lot, before those of any other."""

GENEROUS = 0.3
"""Chance that a step puts stops back whatever the price of leaving them out, where they have one."""

HOT, COLD = 0.08, 0.002
"""First and last temperature, in units of the mean cost per served stop."""


@dataclass(frozen=True, eq=False)
class Solution:
    """Days in use and the stops left out."""

    days: tuple[Day, ...]
    left: tuple[int, ...]
    money: float
    left_money: float

    @property
    def total(self) -> float:
        """What the search makes small: money and the weight of stops left out."""
        return self.money + self.left_money


def make_solution(instance: Instance, days: list[Day], left: list[int]) -> Solution:
    """A solution in canonical order, so that equal solutions compare and behave alike."""
    ordered = tuple(sorted((day for day in days if day.trips), key=lambda day: (day.vehicle, day.trips)))
    missing = tuple(sorted(left))
    return Solution(
        ordered,
        missing,
        math.fsum(day.cost for day in ordered),
        math.fsum(float(instance.unserved_cost[x]) for x in missing),
    )


class Improver:
    """Improves solutions of one instance; all that varies comes from the generator it is given."""

    def __init__(self, timetable: Timetable, generator: random.Random) -> None:
        self.timetable = timetable
        self.instance = timetable.instance
        self.priced = self.instance.problem.unserved_price_per_parcel is not None
        self.random = generator
        self.idle = [day for c in range(len(self.instance.classes)) if (day := timetable.day(c, ())) is not None]
        self.polisher = Polisher(timetable)
        self.near = _neighbours(self.instance)
        self.weight = self.instance.loads[:, :1].ravel() * 0.0
        for column in range(3):
            total = float(self.instance.loads[:, column].sum())
            self.weight = self.weight + (self.instance.loads[:, column] / total if total > 0 else 0.0)
        self.far = np.min([c.time_s[-1, :-1] for c in self.instance.classes], axis=0)

    def fill(self, solution: Solution) -> Solution:
        """The solution with every stop put back that fits somewhere, or that is worth its price; without chance."""
        order = sorted(solution.left, key=lambda x: (-float(self.far[x]), x))
        filled = []
        for generous in (False, True) if self.priced else (False,):
            days = list(solution.days)
            left = self._recreate(days, order, blink=0.0, share=1.0, generous=generous)
            filled.append(make_solution(self.instance, days, left))
        return min(filled, key=lambda found: found.total)

    def improve(
        self,
        start: Solution,
        *,
        steps: int,
        on_best: Callable[[Solution], None],
        stop: Callable[[], bool],
    ) -> int:
        """Runs steps from a start; every new best goes to ``on_best``. Returns the steps done."""
        current = best = self.tidy(start)
        on_best(best)
        scale = max(best.money, 0.0) / max(1, self.instance.size - len(best.left))
        for step in range(steps):
            if stop():
                return step
            temperature = scale * HOT * (COLD / HOT) ** (step / steps)
            trial = self._step(current)
            threshold = current.total - temperature * math.log(1.0 - self.random.random())
            if trial.total < threshold:
                current = trial
                if trial.total < best.total - 1e-12 * max(1.0, abs(best.total)):
                    current = best = self.tidy(trial)
                    on_best(best)
        return steps

    def _step(self, solution: Solution) -> Solution:
        days = list(solution.days)
        removed = self._choose(solution)
        left = [x for x in solution.left if x not in removed]
        order = sorted(removed | set(solution.left))
        for index, day in enumerate(days):
            if any(x in removed for trip in day.trips for x in trip):
                changed = self.timetable.remove(day, frozenset(removed))
                if changed is None:
                    order = sorted({*order, *(x for trip in day.trips for x in trip)})
                    changed = self.idle[day.vehicle]
                days[index] = changed
        days = [day for day in days if day.trips]
        self._arrange(order)
        share = self.random.random() if self.random.random() < 0.2 else 1.0
        kinds = len(self.instance.classes)
        favoured = self.random.randrange(kinds) if kinds > 1 and self.random.random() < FAVOURED else None
        generous = self.priced and self.random.random() < GENEROUS
        left = self._recreate(days, order, blink=BLINK, share=share, favoured=favoured, generous=generous)
        return make_solution(self.instance, days, left)

    def _choose(self, solution: Solution) -> set[int]:
        """The stops to take out."""
        rng, days = self.random, solution.days
        if not days:
            return set()
        draw = rng.random()
        if draw < 0.07 and len(days) > 1:
            day = days[rng.randrange(len(days))]
            whole = [x for trip in day.trips for x in trip]
            if len(whole) <= 60:
                return set(whole)
        if draw < 0.15:
            trips = [trip for day in days for trip in day.trips]
            return set(trips[rng.randrange(len(trips))])
        home = {x: trip for day in days for trip in day.trips for x in trip}
        mean_length = len(home) / sum(len(day.trips) for day in days)
        longest = min(LONGEST_STRING, mean_length)
        strings = max(1, int(rng.random() * (4.0 * MEAN_REMOVED / (1.0 + longest)) + 0.5))
        seed = rng.randrange(self.instance.size)
        removed: set[int] = set()
        cut: set[tuple[int, ...]] = set()
        for x in (seed, *self.near[seed]):
            if len(cut) >= strings:
                break
            trip = home.get(x)
            if trip is None or trip in cut:
                continue
            cut.add(trip)
            length = min(len(trip), rng.randint(1, max(1, int(longest))))
            at = trip.index(x)
            first = rng.randint(max(0, at - length + 1), min(at, len(trip) - length))
            string = trip[first : first + length]
            if length > 2 and rng.random() < 0.5:
                kept = rng.randrange(length)
                string = string[:kept] + string[kept + 1 :]
            removed.update(string)
        return removed

    def _arrange(self, order: list[int]) -> None:
        """The order of putting back: by chance, the heaviest, the farthest or the nearest first."""
        draw = self.random.random()
        self.random.shuffle(order)
        if draw < 0.35:
            order.sort(key=lambda x: -self.weight[x])
        elif draw < 0.55:
            order.sort(key=lambda x: -self.far[x])
        elif draw < 0.65:
            order.sort(key=lambda x: self.far[x])

    def _recreate(
        self,
        days: list[Day],
        order: list[int],
        *,
        blink: float,
        share: float,
        favoured: int | None = None,
        generous: bool = False,
    ) -> list[int]:
        """Puts stops into the days, which change in place, and returns those that found no place.

        ``share`` of a further vehicle's price counts when one is opened: below 1 it opens vehicles sooner.
        A ``favoured`` class is opened before all others, for a vehicle that pays only once it has several stops
        would never be chosen by the first of them. A ``generous`` filling serves what fits, whatever the price of
        leaving it out: a vehicle may be worth opening for several stops and for none of them alone.
        """
        if not order:
            return []
        instance, timetable = self.instance, self.timetable
        noise = np.random.default_rng(self.random.getrandbits(32)) if blink > 0 else None
        tasks = np.array(order, dtype=np.int64)
        free = [c.count for c in instance.classes]
        for day in days:
            free[day.vehicle] -= 1
        offered = [c for c in range(len(free)) if free[c] > 0]
        columns: list[Day | None] = [*days, *(self.idle[c] for c in offered)]
        idle_at = {len(days) + i: c for i, c in enumerate(offered)}
        if not columns:
            return order
        start = [day for day in columns if day is not None]
        costs = self._blinking(timetable.insertion_costs(tasks, start), noise, blink)
        best = np.empty((len(order), len(columns)))
        at = np.empty((len(order), len(columns)), dtype=np.int64)
        rows = np.arange(len(order))
        first = 0
        for column, day in enumerate(start):
            block = costs[:, first : first + len(day.places)]
            first += len(day.places)
            at[:, column] = block.argmin(axis=1)
            best[:, column] = block[rows, at[:, column]]
            if column in idle_at and share < 1.0:
                best[:, column] -= (1.0 - share) * instance.classes[day.vehicle].cost_per_day
        finite = best[np.isfinite(best)]
        if favoured in offered and len(finite):
            handicap = float(finite.max() - finite.min())
            for column, c in idle_at.items():
                if c != favoured:
                    best[:, column] += handicap
        left: list[int] = []
        priced = self.priced and not generous
        for row, node in enumerate(order):
            column = int(best[row].argmin())
            cost = float(best[row, column])
            day_now = columns[column]
            if day_now is None or cost == math.inf or (priced and cost >= instance.unserved_cost[node]):
                left.append(node)
                continue
            changed = timetable.insert(day_now, day_now.places[int(at[row, column])], node)
            if changed is None:
                left.append(node)
                continue
            vehicle = idle_at.get(column)
            if vehicle is not None:
                free[vehicle] -= 1
                if free[vehicle] == 0:
                    best[:, column] = np.inf
                column = len(columns)
                columns.append(changed)
                best = np.hstack([best, np.full((len(order), 1), np.inf)])
                at = np.hstack([at, np.zeros((len(order), 1), dtype=np.int64)])
            else:
                columns[column] = changed
            if row + 1 < len(order):
                costs = self._blinking(timetable.insertion_costs(tasks[row + 1 :], [changed]), noise, blink)
                at[row + 1 :, column] = costs.argmin(axis=1)
                best[row + 1 :, column] = costs.min(axis=1)
        days[:] = [day for column, day in enumerate(columns) if day is not None and day.trips]
        return left

    @staticmethod
    def _blinking(costs: np.ndarray, noise: np.random.Generator | None, blink: float) -> np.ndarray:
        if noise is not None:
            costs[noise.random(costs.shape) < blink] = np.inf
        return costs

    def tidy(self, solution: Solution) -> Solution:
        """Small moves, whole trips moved between days and types of days changed, while that saves money."""
        days = self.polisher.descend(list(solution.days))
        tolerance = 1e-9 * max(1.0, solution.money)
        for _ in range(100):
            found = self._better_type(days, tolerance) or self._better_chain(days, tolerance)
            if found is None:
                break
            days = found
        return make_solution(self.instance, days, list(solution.left))

    def _better_type(self, days: list[Day], tolerance: float) -> list[Day] | None:
        used = [0] * len(self.instance.classes)
        for day in days:
            used[day.vehicle] += 1
        for index, day in enumerate(days):
            for c, made in enumerate(self.instance.classes):
                if c == day.vehicle or used[c] >= made.count:
                    continue
                changed = self.timetable.day(c, day.trips)
                if changed is not None and changed.cost < day.cost - tolerance:
                    return [*days[:index], changed, *days[index + 1 :]]
        return None

    def _better_chain(self, days: list[Day], tolerance: float) -> list[Day] | None:
        """One trip moved to another place in its own or another day, if that saves money."""
        for index, day in enumerate(days):
            for number, trip in enumerate(day.trips):
                rest: Trips = (*day.trips[:number], *day.trips[number + 1 :])
                shorter = self.timetable.day(day.vehicle, rest)
                if shorter is None:
                    continue
                for other, host in enumerate(days):
                    trips = rest if other == index else host.trips
                    present = day.cost if other == index else day.cost + host.cost
                    for place in range(len(trips) + 1):
                        if other == index and place == number:
                            continue
                        longer = self.timetable.day(host.vehicle, (*trips[:place], trip, *trips[place:]))
                        if longer is None:
                            continue
                        cost = longer.cost if other == index else longer.cost + shorter.cost
                        if cost < present - tolerance:
                            changed = list(days)
                            changed[index] = shorter
                            changed[other] = longer
                            return [d for d in changed if d.trips]
        return None


def _neighbours(instance: Instance) -> list[list[int]]:
    """Tasks by nearness to each task, the mean over the classes that can drive there and back."""
    n = instance.size
    total = np.zeros((n, n))
    for c in instance.classes:
        arcs = np.minimum(c.time_s[:n, :n], 1e6)
        total += arcs + arcs.T
    order = np.argsort(total, axis=1, kind="stable")
    return [[int(x) for x in row if x != i] for i, row in enumerate(order.tolist())]
