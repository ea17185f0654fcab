"""The exact optimum of problems of up to three tasks, by trying everything."""

from __future__ import annotations

from itertools import combinations, permutations, product

from fleetplan.planning.improving import Solution, make_solution
from fleetplan.planning.schedule import Day, Timetable, Trips

LARGEST = 3


def solve_trivial(timetable: Timetable) -> Solution:
    """The best of all plans of a problem of at most :data:`LARGEST` tasks, ties broken by canonical order.

    Also exact beyond that size, in a time that grows faster than factorials.
    """
    instance = timetable.instance
    n = instance.size
    cheapest: dict[tuple[int, frozenset[int]], Day] = {}
    for size in range(1, n + 1):
        for group in combinations(range(n), size):
            for number in range(len(instance.classes)):
                days = [timetable.day(number, trips) for order in permutations(group) for trips in _splits(order)]
                possible = [day for day in days if day is not None]
                if possible:
                    cheapest[number, frozenset(group)] = min(possible, key=lambda day: (day.cost, day.trips))
    best = make_solution(instance, [], list(range(n)))
    for groups in _partitions(list(range(n))):
        served = [group for group in groups if group]
        for numbers in product(range(len(instance.classes)), repeat=len(served)):
            if any(numbers.count(c) > made.count for c, made in enumerate(instance.classes)):
                continue
            chosen = [cheapest.get((c, frozenset(group))) for c, group in zip(numbers, served, strict=True)]
            if any(day is None for day in chosen):
                continue
            placed = {x for group in served for x in group}
            left = [x for x in range(n) if x not in placed]
            trial = make_solution(instance, [day for day in chosen if day is not None], left)
            if trial.total < best.total or (trial.total == best.total and len(trial.left) < len(best.left)):
                best = trial
    return best


def _splits(order: tuple[int, ...]) -> list[Trips]:
    """All ways to cut an order of stops into trips."""
    cuts = []
    for marks in product((False, True), repeat=len(order) - 1):
        trips: list[tuple[int, ...]] = []
        start = 0
        for position, mark in enumerate(marks, start=1):
            if mark:
                trips.append(order[start:position])
                start = position
        cuts.append((*trips, order[start:]))
    return cuts


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
