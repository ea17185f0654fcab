"""The exact optimum of tiny problems, by trying everything.

Everything is: which stops are left out, how the others are shared out among vehicles of which classes, in how many
trips, in which order, with which options. A branch is left when its beginning alone cannot be driven or is as dear
as a whole day that is known. Docks are not regarded.
"""

from __future__ import annotations

import math
from itertools import combinations, product

import numpy as np

from fleetplan.planning.costing import day_cost, left_cost
from fleetplan.planning.instance import Instance
from fleetplan.planning.schedule import (
    Segment,
    Solution,
    TimedDay,
    Trips,
    join,
    loading_segment,
    make_solution,
    option_segment,
    time_day,
)

LARGEST = 3
MOST_CHOICES = 5_000
"""Most ways to choose an option for each of a class's tasks: all may have to be tried, where no day is possible."""


def is_trivial(instance: Instance) -> bool:
    """Whether trying everything takes a moment only."""
    if instance.size > LARGEST:
        return False
    choices = [math.prod(max(1, int(x)) for x in np.diff(made.options.first)) for made in instance.classes]
    return sum(choices) <= MOST_CHOICES


def solve_trivial(instance: Instance) -> Solution:
    """The best of all plans of a problem, ties broken by canonical order.

    Exact for any problem, in a time that grows faster than factorials: see :func:`is_trivial`.
    """
    n = instance.size
    cheapest: dict[tuple[int, frozenset[int]], TimedDay] = {}
    for kind in range(len(instance.classes)):
        for size in range(1, n + 1):
            for group in combinations(range(n), size):
                found = best_day(instance, kind, group)
                if found is not None:
                    cheapest[kind, frozenset(group)] = found
    best = make_solution([], range(n))
    best_cost = left_cost(instance, best.left)
    for groups in _partitions(list(range(n))):
        placed = {x for group in groups for x in group}
        left = [x for x in range(n) if x not in placed]
        parcels, price = left_cost(instance, left)
        if parcels > best_cost[0]:
            continue
        for kinds in product(range(len(instance.classes)), repeat=len(groups)):
            if any(kinds.count(kind) > made.count for kind, made in enumerate(instance.classes)):
                continue
            days = [cheapest.get((kind, frozenset(group))) for kind, group in zip(kinds, groups, strict=True)]
            chosen = [day for day in days if day is not None]
            if len(chosen) < len(days):
                continue
            cost = (parcels, math.fsum([price, *(day.cost for day in chosen)]))
            if cost < best_cost or (cost == best_cost and len(left) < len(best.left)):
                best = make_solution(((day.kind, day.trips) for day in chosen), left)
                best_cost = cost
    return best


def best_day(instance: Instance, kind: int, group: tuple[int, ...]) -> TimedDay | None:
    """The cheapest day on which a vehicle of a class serves just these tasks; ``None`` when there is none."""
    search = _DaySearch(instance, kind)
    search.extend((), None, 0, frozenset(group), 0.0)
    return search.best


class _DaySearch:
    """All days of a vehicle, one step after the other, with the best of them."""

    def __init__(self, instance: Instance, kind: int) -> None:
        self.instance = instance
        self.kind = kind
        self.made = instance.classes[kind]
        self.best: TimedDay | None = None
        rule = instance.problem.driving_rule
        rests = instance.problem.rests
        self.unpaid_s = math.inf if rule and not rule.paid else sum(r.duration_s for r in rests if not r.paid)

    def extend(self, trips: Trips, segment: Segment | None, at: int, todo: frozenset[int], dearer: float) -> None:
        """Goes on from some trips, which end at point ``at`` with ``dearer`` money for kilometres and lateness."""
        if segment is not None and self._too_dear(segment, dearer):
            return
        if not todo:
            timed = time_day(self.instance, self.kind, trips)
            if timed is not None and (self.best is None or timed.cost < self.best.cost):
                self.best = timed
            return
        options = self.made.options
        for x in sorted(todo):
            for option in range(int(options.first[x]), int(options.first[x + 1])):
                price = dearer + float(options.price[option])
                if trips:
                    self._go_on((*trips[:-1], (*trips[-1], option)), segment, at, todo - {x}, price)
                if len(trips) < self.made.max_trips:
                    self._open(trips, segment, at, option, todo - {x}, price)

    def _open(
        self, trips: Trips, segment: Segment | None, at: int, option: int, todo: frozenset[int], dearer: float
    ) -> None:
        """Comes home, if the vehicle is away, and leaves again for an option."""
        made = self.made
        # Later stops of the trip may only delay the loading further, which time_day knows.
        loading = loading_segment(self.instance, made, len(trips), (option,), made.shift_s[0])
        home = loading if segment is None else join(segment, loading, int(made.time_s[at, 0]))
        if home is not None:
            dearer += made.cost_per_m * float(made.distance_m[at, 0])
            self._go_on((*trips, (option,)), home, 0, todo, dearer)

    def _go_on(self, trips: Trips, segment: Segment | None, at: int, todo: frozenset[int], dearer: float) -> None:
        """Drives on to the last option of the trips."""
        assert segment is not None
        option = trips[-1][-1]
        point = int(self.made.options.point[option])
        later = join(segment, option_segment(self.made, option), int(self.made.time_s[at, point]))
        if later is not None:
            dearer += self.made.cost_per_m * float(self.made.distance_m[at, point])
            self.extend(trips, later, point, todo, dearer)

    def _too_dear(self, segment: Segment, dearer: float) -> bool:
        """Whether a day that begins so, without rests, is longer than any may be or no cheaper than the best."""
        if segment[0] > self.made.max_span_s:
            return True
        least_s = max(0.0, segment[0] - self.unpaid_s)
        least = day_cost(self.made, self.instance.problem.pay, paid_s=least_s, distance_m=0.0, late=dearer)
        return self.best is not None and least >= self.best.cost


def _partitions(tasks: list[int]) -> list[list[tuple[int, ...]]]:
    """All ways to leave some tasks out and group the others into days."""
    if not tasks:
        return [[]]
    first, rest = tasks[0], tasks[1:]
    found: list[list[tuple[int, ...]]] = []
    for groups in _partitions(rest):
        found.append(groups)
        found.append([(first,), *groups])
        found += [[*groups[:i], (first, *groups[i]), *groups[i + 1 :]] for i in range(len(groups))]
    return found
