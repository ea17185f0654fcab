"""The solver: plans a problem, checks the plan, and returns nothing unchecked.

Each search restarts from a plan of OR-Tools' routing library and improves it on exact costs. A fleet of several
types is first searched with each type alone, with the same seed and effort, so that the mixed answer is never worse
than that of its best part; a sound plan to start from takes the place of these searches.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from fleetplan.errors import InputError, PlanningError
from fleetplan.planning.building import build_plan, same_class, solution_of
from fleetplan.planning.improving import Improver, Solution, make_solution
from fleetplan.planning.instance import Instance, make_instance
from fleetplan.planning.model import MODEL_STEPS, first_solution
from fleetplan.planning.plan import Plan, StoppedBy
from fleetplan.planning.problem import Problem
from fleetplan.planning.schedule import Timetable
from fleetplan.planning.trivial import LARGEST, solve_trivial
from fleetplan.planning.validating import validate_problem
from fleetplan.planning.verifying import verify

EFFORTS = {"quick": 150, "normal": 600, "thorough": 2500}
"""Steps per search: solutions of the routing library and steps of ruin and recreate, over all restarts."""

STEPS_PER_RESTART = 2000
MOST_RESTARTS = 4


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a solve has come.

    Attributes:
        search, searches: the search under way, from 1, and how many there are (types alone, then together).
        restart: restart of this search, from 1.
        steps, steps_allowed: done and allowed over all searches.
        cost, unserved_parcels: of the best plan so far.
        elapsed_s: since the solve began.
    """

    search: int
    searches: int
    restart: int
    steps: int
    steps_allowed: int
    cost: float
    unserved_parcels: int
    elapsed_s: float


def solve(
    problem: Problem,
    *,
    seed: int = 0,
    effort: str | int = "normal",
    max_seconds: float | None = None,
    warm_start: Plan | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Plan:
    """Plans a day: fewest unserved parcels first, then least cost (with a price per unserved parcel, money alone).

    The same problem, seed and effort give the same plan in any process, as long as ``max_seconds`` does not bite.

    Args:
        problem: what to plan; the order of its tasks and types and the names of its types change no cost.
        seed: steers what may vary.
        effort: ``quick``, ``normal``, ``thorough``, or a number of steps per search.
        max_seconds: a cap on time; the plan says ``stopped_by="time"`` when it bites.
        warm_start: a plan to start from, in place of the searches with each type alone; ignored when it breaks the
            problem.
        on_progress: called after each new best plan and each restart.

    Raises:
        InputError: the problem, seed or effort has faults.
        PlanningError: the checker rejected the plan, which is an error of this program.
        KeyboardInterrupt: interrupted before any plan was found; later the best plan so far is returned.
    """
    steps = steps_of(effort)
    if max_seconds is not None and not max_seconds >= 0:
        raise InputError.one("solve.max_seconds", "solve", "max_seconds", f"{max_seconds!r} is no time", "0 or more")
    faults = validate_problem(problem)
    if faults:
        raise InputError(faults)
    timetable = Timetable(make_instance(problem))
    instance = timetable.instance
    if instance.size <= LARGEST:
        return _checked(timetable, solve_trivial(timetable), stopped_by="trivial", effort=(0, 0))
    search = _Search(timetable, seed=seed, steps=steps, max_seconds=max_seconds, on_progress=on_progress)
    interrupted = False
    try:
        search.run(warm_start)
    except KeyboardInterrupt:
        if search.best is None:
            raise
        interrupted = True
    assert search.best is not None
    stopped_by: StoppedBy = "interrupt" if interrupted else "time" if search.out_of_time else "effort"
    return _checked(timetable, search.best, stopped_by=stopped_by, effort=(search.allowed, search.used))


def steps_of(effort: str | int) -> int:
    """Steps per search of an effort.

    Raises:
        InputError: no such effort.
    """
    if isinstance(effort, str) and effort in EFFORTS:
        return EFFORTS[effort]
    if isinstance(effort, int) and not isinstance(effort, bool) and effort >= 1:
        return effort
    known = f"{', '.join(EFFORTS)} or a whole number from 1"
    raise InputError.one("solve.effort", "solve", "effort", f"{effort!r} is no effort", f"use {known}")


def _checked(timetable: Timetable, solution: Solution, *, stopped_by: StoppedBy, effort: tuple[int, int]) -> Plan:
    plan = build_plan(timetable, solution, stopped_by=stopped_by, effort=effort)
    faults = verify(timetable.instance.problem, plan)
    if faults:
        raise PlanningError("the checker rejected the plan:\n" + "\n".join(str(fault) for fault in faults))
    return plan


class _Search:
    """All searches of one solve, and the best solution they found."""

    def __init__(
        self,
        timetable: Timetable,
        *,
        seed: int,
        steps: int,
        max_seconds: float | None,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self.timetable = timetable
        self.seed = seed
        self.steps = steps
        self.began = time.monotonic()
        self.deadline = None if max_seconds is None else self.began + max_seconds
        self.on_progress = on_progress
        kinds = len(timetable.instance.classes)
        self.searches = 1 if kinds == 1 else kinds + 1
        self.allowed = steps * self.searches
        self.used = 0
        self.at = (1, 1)
        self.out_of_time = False
        self.best: Solution | None = None

    def run(self, warm_start: Plan | None) -> None:
        """Each type alone, unless there is a sound plan to start from; then all together from the best of these."""
        everything = self.timetable.instance
        starts: list[Solution] = []
        if warm_start is not None and not verify(everything.problem, warm_start):
            starts.append(solution_of(self.timetable, warm_start))
            self.searches = 1
            self.allowed = self.steps
            self._record(starts[-1])
        if self.searches > 1:
            for chosen in range(len(everything.classes)):
                self.at = (chosen + 1, 1)
                found = self._restarts(
                    Timetable(everything.only([chosen])),
                    starts=[],
                    seen=partial(self._record_alone, chosen),
                )
                starts.append(same_class(self.timetable, found, chosen))
        self.at = (self.searches, 1)
        self._restarts(self.timetable, starts=starts, seen=self._record)

    def _restarts(self, timetable: Timetable, *, starts: list[Solution], seen: Callable[[Solution], None]) -> Solution:
        """Restarts of one search; the first goes on from the best start, if there is one."""
        instance = timetable.instance
        restarts = min(MOST_RESTARTS, max(1, self.steps // STEPS_PER_RESTART))
        best: Solution | None = None

        def keep(solution: Solution) -> None:
            nonlocal best
            seen(solution)
            if best is None or better(instance, solution, best):
                best = solution

        for solution in starts:
            keep(solution)
        for restart in range(restarts):
            self.at = (self.at[0], restart + 1)
            steps = self.steps // restarts + (1 if restart < self.steps % restarts else 0)
            generator = random.Random(f"{self.seed}/{restart}")
            improver = Improver(timetable, generator)
            nothing = make_solution(instance, [], list(range(instance.size)))
            start = improver.fill(nothing)
            keep(start)
            budget = min(MODEL_STEPS, steps // 4)
            made = first_solution(
                timetable,
                strategy=self.seed + restart,
                limit=budget,
                time_left=self._time_left(),
                generator=generator,
            )
            if made is not None:
                filled = improver.fill(make_solution(instance, made.days, made.left))
                keep(filled)
                start = filled if better(instance, filled, start) else start
                self.used += made.solutions
                steps -= made.solutions
            if best is not None and starts and restart == 0:
                start = best
            self.used += improver.improve(start, steps=max(0, steps), on_best=keep, stop=self._stop)
            self._report()
        assert best is not None
        return best

    def _record_alone(self, chosen: int, solution: Solution) -> None:
        self._record(same_class(self.timetable, solution, chosen))

    def _record(self, solution: Solution) -> None:
        if self.best is None or better(self.timetable.instance, solution, self.best):
            self.best = solution
            self._report()

    def _report(self) -> None:
        if self.on_progress is None or self.best is None:
            return
        instance = self.timetable.instance
        money, parcels = price(instance, self.best)
        elapsed_s = time.monotonic() - self.began
        search, restart = self.at
        self.on_progress(Progress(search, self.searches, restart, self.used, self.allowed, money, parcels, elapsed_s))

    def _time_left(self) -> float | None:
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def _stop(self) -> bool:
        if self.deadline is not None and time.monotonic() >= self.deadline:
            self.out_of_time = True
        return self.out_of_time


def price(instance: Instance, solution: Solution) -> tuple[float, int]:
    """Money of a solution, priced unserved parcels included, and its unserved parcels."""
    parcels = int(sum(instance.loads[x, 2] for x in solution.left))
    return solution.money + parcels * (instance.problem.unserved_price_per_parcel or 0.0), parcels


def better(instance: Instance, one: Solution, other: Solution) -> bool:
    """Whether one solution beats the other: fewer unserved parcels (unless priced), then less money."""
    money, parcels = price(instance, one)
    other_money, other_parcels = price(instance, other)
    if instance.problem.unserved_price_per_parcel is None and parcels != other_parcels:
        return parcels < other_parcels
    return money < other_money
