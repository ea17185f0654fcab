"""Solutions of random problems for tests, filled stop by stop at random places, and slow searches through places."""

from __future__ import annotations

import random
from collections.abc import Iterator

from fleetplan.planning.instance import Instance
from fleetplan.planning.schedule import Solution, Trips, make_solution, time_day

Place = tuple[int, int]


def all_insertions(instance: Instance, kind: int, trips: Trips, task: int) -> Iterator[tuple[Place, int, Trips]]:
    """Every place of a day and every option of a task there: place, option, and the day with it; possible or not."""
    options = instance.classes[kind].options
    for option in range(int(options.first[task]), int(options.first[task + 1])):
        for number, trip in enumerate(trips):
            for position in range(len(trip) + 1):
                changed = (*trip[:position], option, *trip[position:])
                yield (number, position), option, (*trips[:number], changed, *trips[number + 1 :])
        for number in range(len(trips) + 1):
            yield (number, -1), option, (*trips[:number], (option,), *trips[number:])


def random_solution(instance: Instance, seed: int, *, left: float = 0.3) -> Solution:
    """Stops in random order, each at a random possible place or, at about this rate, left out."""
    rng = random.Random(f"solution {seed}")
    days: list[tuple[int, Trips]] = []
    out = []
    for task in rng.sample(range(instance.size), instance.size):
        choices = [(number, kind, trips) for number, (kind, trips) in enumerate(days)]
        choices += [
            (len(days), kind, ())
            for kind, made in enumerate(instance.classes)
            if sum(day[0] == kind for day in days) < made.count
        ]
        rng.shuffle(choices)
        found = None
        for number, kind, trips in choices if rng.random() >= left else ():
            ways = [changed for *_, changed in all_insertions(instance, kind, trips, task)]
            rng.shuffle(ways)
            found = next(((number, kind, w) for w in ways if time_day(instance, kind, w) is not None), None)
            if found is not None:
                break
        if found is None:
            out.append(task)
        else:
            days[found[0] : found[0] + 1] = [found[1:]]
    return make_solution(days, out)


def cheapest_insertion(instance: Instance, solution: Solution, kind: int, task: int) -> float | None:
    """The least extra cost of a task on a class, each place timed for itself; ``None`` without a place."""
    days = [trips for other, trips in solution.days if other == kind]
    if len(days) < instance.classes[kind].count:
        days.append(())
    costs = []
    for trips in days:
        now = time_day(instance, kind, trips)
        assert now is not None
        for *_, changed in all_insertions(instance, kind, trips, task):
            timed = time_day(instance, kind, changed)
            if timed is not None:
                costs.append(timed.cost - now.cost)
    return min(costs, default=None)
