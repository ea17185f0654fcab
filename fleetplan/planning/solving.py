"""The solver: plans a problem, checks the plan, and returns nothing unchecked.

OR-Tools' routing library makes first plans (``model``), the compiled search betters them (``searching``), pools of good
days are recombined exactly (``recombining``), loadings are fitted to the docks (``docks``), and the independent checker
has the last word (``verifying``).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from fleetplan.errors import InputError, PlanningError
from fleetplan.planning.building import build_plan, solution_of
from fleetplan.planning.costing import left_cost
from fleetplan.planning.docks import schedule_docks
from fleetplan.planning.effort import EFFORTS, Clock, steps_of
from fleetplan.planning.explaining import explained, with_own_reasons
from fleetplan.planning.inserting import missed_insertions, with_insertions
from fleetplan.planning.instance import Instance, make_instance
from fleetplan.planning.model import first_solution, improve_with_model
from fleetplan.planning.plan import Plan, StoppedBy
from fleetplan.planning.problem import Problem
from fleetplan.planning.schedule import Solution, TimedDay, cost_of, make_solution
from fleetplan.planning.searching import KernelSearch
from fleetplan.planning.trivial import is_trivial, solve_trivial
from fleetplan.planning.validating import validate_problem
from fleetplan.planning.verifying import verify

__all__ = ["EFFORTS", "ENGINES", "Progress", "solve", "warm_up"]

ENGINES = ("model", "kernel", "pool")
"""Parts of the solver that can be left out, to see what each is worth: first plans of OR-Tools, the compiled search,
the recombination of days."""

MODEL_UP_TO = 100
"""Stops up to which OR-Tools' portfolio makes first plans; beyond, the search does better in the same time."""

MODEL_SHARE = 0.3
"""Of a cap on time, what first plans may take at most."""

RESERVE_S = 0.15
RESERVE_PER_STOP_S = 2e-4
RESERVE_SHARE = 0.08
MOST_RESERVED_S = 2.0
"""Of a cap on time, what is kept for building and checking the plan, and for the last recombination."""

MOST_SWEEPS = 200
"""Times that all stops left out are tried at every place; each time every day may get one of them."""

GRACE_SHARE = 0.5
"""Of what is kept of a cap on time, what the last recombination and putting stops back may take."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a solve has come.

    Attributes:
        share: of the search, 0 to 1.
        steps, steps_allowed: done and allowed.
        cost, unserved_parcels: of the best plan so far, priced unserved parcels included.
        elapsed_s: since the solve began.
    """

    share: float
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
    engines: Collection[str] = ENGINES,
) -> Plan:
    """Plans a day: fewest unserved parcels first, then least cost (with a price per unserved parcel, money alone).

    The same problem, seed and effort give the same plan in any process, as long as ``max_seconds`` does not bite.

    Args:
        problem: what to plan; the order of its tasks and types and the names of its types change no cost.
        seed: steers what may vary.
        effort: ``quick``, ``normal``, ``thorough``, or a number of steps for each of the two lanes of the search.
        max_seconds: a cap on time; the plan says ``stopped_by="time"`` when it bites.
        warm_start: a plan to start from, in place of first plans, and never to fall behind; ignored when it breaks
            the problem.
        on_progress: called after every round of the search.
        engines: those of :data:`ENGINES` to use.

    Raises:
        InputError: the problem, seed or effort has faults.
        PlanningError: the checker rejected the plan, which is an error of this program.
        KeyboardInterrupt: interrupted before any plan was found; later the best plan so far is returned.
    """
    began = time.monotonic()
    steps = steps_of(effort, len(problem.tasks))
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise InputError.one("solve.seed", "solve", "seed", f"{seed!r} is no seed", "use a whole number")
    if max_seconds is not None and not max_seconds >= 0:
        raise InputError.one("solve.max_seconds", "solve", "max_seconds", f"{max_seconds!r} is no time", "0 or more")
    unknown = sorted(set(engines) - set(ENGINES))
    if unknown:
        raise InputError.one("solve.engines", "solve", "engines", f"{unknown} are none", f"use {', '.join(ENGINES)}")
    faults = validate_problem(problem)
    if faults:
        raise InputError(faults)
    instance = make_instance(problem)
    if instance.size == 0 or (is_trivial(instance) and problem.docks is None):
        return _checked(instance, solve_trivial(instance), stopped_by="trivial", effort=(0, 0))
    deadline, reserve_s = None, 0.0
    if max_seconds is not None:
        reserve_s = RESERVE_S + RESERVE_PER_STOP_S * instance.size + min(MOST_RESERVED_S, RESERVE_SHARE * max_seconds)
        deadline = began + max(0.0, max_seconds - reserve_s)
    clock = Clock(steps, deadline, grace_s=GRACE_SHARE * reserve_s)
    if warm_start is not None and verify(problem, warm_start):
        warm_start = None
    best: list[Solution] = []

    def seen(solution: Solution) -> None:
        best[:] = [solution]
        if on_progress is not None:
            levels, money = cost_of(instance, solution)
            parcels = sum(levels) if levels else sum(int(instance.parcels[x]) for x in solution.left)
            elapsed_s = time.monotonic() - began
            on_progress(Progress(clock.progress, clock.used, clock.steps, money, parcels, elapsed_s))

    interrupted = False
    try:
        _search(instance, seed=seed, clock=clock, warm_start=warm_start, seen=seen, engines=engines)
        _mend(instance, best, clock)
    except KeyboardInterrupt:
        if not best:
            raise
        interrupted = True
    stopped_by: StoppedBy = "interrupt" if interrupted else "time" if clock.hurried or clock.cut else "effort"
    plan = _checked(instance, best[0], stopped_by=stopped_by, effort=(clock.steps, clock.used))
    return plan if warm_start is None else _no_worse(instance, plan, warm_start)


def warm_up() -> float:
    """Load or compile the search's machine code; returns the seconds it took (most of a minute once per machine)."""
    from fleetplan.planning.kernel.warming import warm_problem

    began = time.monotonic()
    solve(warm_problem(), effort=50)
    return time.monotonic() - began


def _search(
    instance: Instance,
    *,
    seed: int,
    clock: Clock,
    warm_start: Plan | None,
    seen: Callable[[Solution], None],
    engines: Collection[str],
) -> None:
    """First plans, then the search; every best solution is told."""
    start = make_solution([], range(instance.size))
    warm = False
    if warm_start is not None:
        start, warm = solution_of(instance, warm_start), True
    elif "model" in engines and instance.size <= MODEL_UP_TO:
        until = None if clock.deadline is None else time.monotonic() + MODEL_SHARE * clock.left_s
        made = first_solution(instance, generator=random.Random(f"model {seed}"), until=until)
        if until is not None and time.monotonic() >= until:
            clock.cut = True
        if made is not None:
            start = made
    seen(start)
    if "kernel" in engines:
        search = KernelSearch(instance, seed=seed, clock=clock, seen=seen, pooled="pool" in engines)
        seen(min(start, search.improve(start, warm=warm), key=lambda solution: cost_of(instance, solution)))
        return
    while not clock.over:
        steps, progress = clock.next_round()
        began = time.monotonic()
        if steps:
            start = improve_with_model(instance, start, steps)
            seen(start)
        clock.done(steps, progress, time.monotonic() - began)


def _no_worse(instance: Instance, plan: Plan, start: Plan) -> Plan:
    """The plan, or the one it started from where that is better: few docks can make a plan dearer that was cheaper."""

    def rank(one: Plan) -> tuple[tuple[int, ...], float]:
        return left_cost(instance, solution_of(instance, one).left)[0], one.cost

    if rank(plan) <= rank(start):
        return plan
    kept = replace(start, stopped_by=plan.stopped_by, effort=plan.effort)
    return with_own_reasons(instance.problem, kept)


def _mend(instance: Instance, best: list[Solution], clock: Clock) -> None:
    """Put every stop back that the search left out for no reason, as long as there is time."""
    for _ in range(MOST_SWEEPS):
        if not best[0].left or clock.too_late():
            break
        missed = missed_insertions(instance, best[0])
        if not missed:
            break
        best[:] = [with_insertions(best[0], missed)]


def _docked(instance: Instance, solution: Solution) -> tuple[Solution, list[TimedDay]]:
    """The days timed so that the docks suffice; where no moments do, the dearest days to keep are given up."""
    days = list(solution.days)
    left = list(solution.left)
    while True:
        kept = make_solution(days, left)
        timed = schedule_docks(instance, kept)
        if timed is not None:
            return kept, list(timed)
        weight = instance.unserved_cost
        given_up = min(kept.days, key=lambda day: float(weight[instance.tasks_of(day)].sum()))
        days = [day for day in kept.days if day != given_up]
        left += instance.tasks_of(given_up)


def _checked(instance: Instance, solution: Solution, *, stopped_by: StoppedBy, effort: tuple[int, int]) -> Plan:
    timed: list[TimedDay] | None = None
    if instance.problem.docks is not None:
        solution, timed = _docked(instance, solution)
    plan = build_plan(instance, solution, stopped_by=stopped_by, effort=effort, timed=timed)
    if plan.unserved:
        plan = replace(plan, unserved=explained(instance, solution))
    faults = verify(instance.problem, plan)
    if faults:
        raise PlanningError("the checker rejected the plan:\n" + "\n".join(str(fault) for fault in faults))
    return plan
