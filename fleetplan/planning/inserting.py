"""What a stop more would meet at every place of a finished plan.

A place is a position in a trip, or a trip of its own before, between or after a day's trips, or a day of its own. All
places of a day and all options of all stops asked about are one table of arrays: the stretch of the day before the
place and the stretch after it are joined with the stop in constant time (the segments of T. Vidal, T. Crainic,
M. Gendreau and C. Prins, Computers & Operations Research 40 (2013), 475–489). Rests are left out there, which can only
flatter a place; whatever seems possible and cheap is then timed exactly, cheapest first, until no other can be cheaper.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fleetplan.planning.instance import Day, Instance
from fleetplan.planning.places import RULES, PlaceTable, inserted, place_tables
from fleetplan.planning.schedule import Solution, Trips, make_solution, time_day

Floats = NDArray[np.float64]

MOST_TRIALS = 200
"""Places of one type that are timed exactly for one stop; only rests or docks make more than a few necessary."""

ROUNDING = 1e-9
"""Relative difference of money that is rounding of sums."""


@dataclass(frozen=True, slots=True)
class Insertion:
    """A place of a plan that a stop could have.

    Attributes:
        task: the canonical task.
        kind: class of the vehicle.
        day: number of the day in the solution; ``None`` for a vehicle that the plan does not use yet.
        place: trip and position in it; ``NEW_TRIP`` for a trip of its own before the trip of that number.
        trips: the day with the stop in its place.
        delta: exact change of the plan's money, the price of leaving the stop out not counted.
    """

    task: int
    kind: int
    day: int | None
    place: tuple[int, int]
    trips: Trips
    delta: float


@dataclass(frozen=True, slots=True)
class Findings:
    """What inserting one stop into the days of one class came to.

    Attributes:
        best: the cheapest possible place.
        lacks: when there is none, per rule of :data:`RULES` the least by which a place breaks it that breaks nothing
            else (for loads see ``loads``); empty when every place breaks several rules.
        loads: kg, m³ and parcels too many at the place that ``lacks["load"]`` speaks of.
        blamed: the first rule that every place left by the rules before it breaks, or ``path``.
        rested, docked: places tried that broke none of the rules but failed for the rests, and for what the whole
            solution must hold (the docks).
    """

    best: Insertion | None = None
    lacks: dict[str, float] = field(default_factory=dict)
    loads: tuple[float, float, float] = (0.0, 0.0, 0.0)
    blamed: str = ""
    rested: int = 0
    docked: int = 0


def missed_insertions(
    instance: Instance, solution: Solution, *, holds: Callable[[Solution], bool] | None = None
) -> list[Insertion]:
    """For each stop left out the cheapest place that costs less than leaving it out, where there is one.

    A good search leaves none; each is possible and profitable on its own, not together with the others.

    Args:
        instance: the problem's arrays.
        solution: days and what they leave out.
        holds: what else a whole solution must hold, such as the docks.

    Returns:
        Sorted by what is gained per stop, most first; then by task.
    """
    found = survey(instance, solution, solution.left, below=instance.unserved_cost, holds=holds)
    best = {task: findings.best for (task, _), findings in found.items() if findings.best is not None}
    worth = instance.unserved_cost
    gains = [one for task, one in best.items() if one.delta < worth[task] - ROUNDING * max(1.0, worth[task])]
    return sorted(gains, key=lambda one: (one.delta - worth[one.task], one.task))


def with_insertion(solution: Solution, insertion: Insertion) -> Solution:
    """The solution with one of its left-out stops in its place."""
    days = list(solution.days)
    day: Day = (insertion.kind, insertion.trips)
    if insertion.day is None:
        days.append(day)
    else:
        days[insertion.day] = day
    return make_solution(days, (x for x in solution.left if x != insertion.task))


def with_insertions(solution: Solution, insertions: Sequence[Insertion]) -> Solution:
    """The solution with the first insertion into each of its days, and the first that takes a further vehicle.

    Days do not touch each other, so what is possible and profitable in each alone is so in all of them.
    """
    days = list(solution.days)
    changed: set[int | None] = set()
    placed: set[int] = set()
    for one in insertions:
        if one.day in changed or one.task in placed:
            continue
        changed.add(one.day)
        placed.add(one.task)
        day: Day = (one.kind, one.trips)
        if one.day is None:
            days.append(day)
        else:
            days[one.day] = day
    return make_solution(days, (x for x in solution.left if x not in placed))


def survey(
    instance: Instance,
    solution: Solution,
    tasks: Sequence[int],
    *,
    below: Floats | None = None,
    holds: Callable[[Solution], bool] | None = None,
) -> dict[tuple[int, int], Findings]:
    """For each task and class the cheapest place in the plan, or what every place breaks.

    Args:
        instance: the problem's arrays.
        solution: the plan; none of its days visits any of the tasks.
        tasks: canonical tasks.
        below: ``[n]`` per task the money from which a place is of no interest; with it, places that are no cheaper
            than one on an earlier class are of none either.
        holds: what else a whole solution must hold.
    """
    found = {}
    limits = {task: np.inf if below is None else float(below[task]) for task in tasks}
    for kind, made in enumerate(instance.classes):
        days: list[tuple[int | None, Trips]] = [(i, day[1]) for i, day in enumerate(solution.days) if day[0] == kind]
        if len(days) < made.count:
            days.append((None, ()))
        collected = {task: _Collected() for task in tasks}
        for number, trips in days:
            now = time_day(instance, kind, trips)
            cost_now = 0.0 if now is None else now.cost
            for task, table in place_tables(instance, kind, trips, tasks, cost_now=cost_now):
                collected[task].add(number, trips, cost_now, table)
        for task in tasks:
            findings = collected[task].judge(instance, solution, task, kind, limits[task], holds)
            found[task, kind] = findings
            if below is not None and findings.best is not None:
                limits[task] = findings.best.delta
    return found


_Candidate = tuple[float, int, tuple[int, int], int | None]
"""Least extra cost, option, place and number of the day."""


def _cheapest_first(one: _Candidate) -> tuple[float, int, tuple[int, int], int]:
    return (*one[:3], -1 if one[3] is None else one[3])


class _Collected:
    """What all days of a class offer one task."""

    def __init__(self) -> None:
        self.candidates: list[_Candidate] = []
        self.days: dict[int | None, tuple[Trips, float]] = {}
        self.least = np.full(len(RULES), np.inf)
        self.loads = (0.0, 0.0, 0.0)
        self.standing = -1

    def add(self, number: int | None, trips: Trips, cost_now: float, table: PlaceTable) -> None:
        """Takes in the places of one day."""
        self.days[number] = trips, cost_now
        broken = table.over > 0.0
        kept = table.open & ~broken.any(axis=0)
        rows, columns = np.nonzero(kept)
        floors = table.floor[rows, columns]
        for i in np.argsort(floors, kind="stable")[:MOST_TRIALS].tolist():
            place, option = table.place[rows[i]], int(table.option[columns[i]])
            self.candidates.append((float(floors[i]), option, place, number))
        if len(self.candidates) > 4 * MOST_TRIALS:
            cheap = sorted(self.candidates, key=_cheapest_first)
            self.candidates = cheap[:MOST_TRIALS] + [one for one in cheap[MOST_TRIALS:] if one[3] is None]
        lone = table.open & (broken.sum(axis=0) == 1)
        amounts = np.where(lone & broken, table.over, np.inf).reshape(len(RULES), -1)
        least = amounts.min(axis=1, initial=np.inf)
        if least[0] < self.least[0]:
            kg, m3, parcels = table.loads.reshape(3, -1)[:, int(amounts[0].argmin())].clip(min=0.0).tolist()
            self.loads = (kg, m3, parcels)
        self.least = np.minimum(self.least, least)
        left = table.open
        if not left.any():
            return
        for rule in range(len(RULES)):
            left = left & ~broken[rule]
            if not left.any():
                self.standing = max(self.standing, rule)
                break

    def judge(
        self,
        instance: Instance,
        solution: Solution,
        task: int,
        kind: int,
        limit: float,
        holds: Callable[[Solution], bool] | None,
    ) -> Findings:
        """The cheapest place of all that were taken in, timed exactly, or what is lacking."""
        self.candidates.sort(key=_cheapest_first)
        best: Insertion | None = None
        rested = docked = 0
        for trial, (floor, option, place, number) in enumerate(self.candidates):
            if trial >= MOST_TRIALS and number is not None:
                continue
            least = limit if best is None else min(limit, best.delta)
            if floor >= least - ROUNDING * max(1.0, abs(least)):
                break
            trips, cost_now = self.days[number]
            changed = inserted(trips, place, option)
            timed = time_day(instance, kind, changed)
            if timed is None:
                rested += 1
                continue
            one = Insertion(task, kind, number, place, changed, timed.cost - cost_now)
            if best is not None and one.delta >= best.delta:
                continue
            if holds is not None and not holds(with_insertion(solution, one)):
                docked += 1
                continue
            best = one
        lacks = {rule: float(x) for rule, x in zip(RULES, self.least, strict=True) if np.isfinite(x)}
        return Findings(best, lacks, self.loads, RULES[self.standing] if self.standing >= 0 else "path", rested, docked)
