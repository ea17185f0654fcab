"""Solves fleets × seeds on any executor; fleets that contain another fleet start from its best plan."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from multiprocessing.queues import Queue
from queue import Empty

from fleetplan.errors import PlanningError
from fleetplan.planning import solving
from fleetplan.planning.explaining import with_own_reasons
from fleetplan.planning.plan import Plan
from fleetplan.planning.problem import Problem
from fleetplan.planning.trivial import LARGEST as TRIVIAL
from fleetplan.planning.verifying import verify
from fleetplan.study.building import Progress
from fleetplan.study.inputs import FleetEntry
from fleetplan.study.ranking import rank

SEEDS_PER_FLEET = 3

NEWS_EVERY_S = 0.1
"""How often it is asked whether a plan is there, while workers have nothing to tell."""

News = tuple[str, float, int]
"""A fleet's name, and cost and unserved parcels of its best plan by now."""


@dataclass(frozen=True)
class Answers:
    """Plans by fleet: ``best[name]`` is the cheapest of ``seeds[name]``.

    ``interrupted`` says that the user stopped the run before every seed of every fleet was planned; ``accidents`` tells
    of processes that died and of what became of their work.
    """

    best: Mapping[str, Plan]
    seeds: Mapping[str, tuple[Plan, ...]]
    interrupted: bool
    accidents: tuple[str, ...] = ()


def ignore_interrupts() -> None:
    """Start a worker process deaf to Ctrl-C, so that an idle one survives it; :func:`run_solve` listens meanwhile."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


_news: Queue[News] | None = None
"""Where this worker process tells how its solve goes on."""


def _start_worker(news: Queue[News]) -> None:
    global _news
    ignore_interrupts()
    news.cancel_join_thread()  # what nobody has read must not keep the process from ending
    _news = news


class Workers(ProcessPoolExecutor):
    """Processes, one for each core unless told, that tell how their solves go on while they go on."""

    def __init__(self, count: int | None = None) -> None:
        context = get_context("spawn")
        self.news: Queue[News] = context.Queue()
        super().__init__(count, context, initializer=_start_worker, initargs=(self.news,))


def run_job(
    name: str, problem: Problem, seed: int, effort: str | int, max_seconds: float | None, start: Plan | None
) -> Plan:
    """:func:`run_solve` for a fleet, whose progress is told where this process was told to."""
    news = _news

    def tell(state: solving.Progress) -> None:
        if news is not None:
            news.put((name, state.cost, state.unserved_parcels))

    return run_solve(problem, seed, effort, max_seconds, start, tell)


def run_solve(
    problem: Problem,
    seed: int,
    effort: str | int,
    max_seconds: float | None,
    start: Plan | None,
    on_progress: Callable[[solving.Progress], None] | None = None,
) -> Plan:
    """One solve, as a function that any executor can send away. Ctrl-C ends it with the best plan so far."""
    deaf = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if deaf:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return solving.solve(
            problem, seed=seed, effort=effort, max_seconds=max_seconds, warm_start=start, on_progress=on_progress
        )
    finally:
        if deaf:
            ignore_interrupts()


def solve_fleets(
    problems: Mapping[str, Problem],
    fleets: Mapping[str, Sequence[FleetEntry]],
    *,
    seed: int,
    effort: str | int,
    max_seconds: float | None,
    executor: Executor | None,
    progress: Progress | None = None,
) -> Answers:
    """Plan every fleet with three seeds and keep the best.

    Fleets are planned in stages: a fleet whose types include all of another fleet's (in at least the same numbers)
    comes later and starts from the best plan among those, so a mixed fleet is never dearer than the better pure one; in
    the end every fleet may adopt another's plan (:func:`share_plans`).

    ``executor=None`` solves one after the other in this process; the answers are the same. A process of the executor
    that dies loses its task, not the run: the task is done once more in a process of its own.

    Raises:
        PlanningError: the checker rejected a plan, or the processes of every seed of a fleet died.
        KeyboardInterrupt: interrupted before any fleet had a plan.
    """
    told = _Told(progress, len(problems) * SEEDS_PER_FLEET)
    best: dict[str, Plan] = {}
    plans: dict[str, tuple[Plan, ...]] = {}
    accidents: list[str] = []
    interrupted = False
    if any(len(problem.tasks) > TRIVIAL for problem in problems.values()):
        told("loading the search (on a new machine it is compiled once, which takes a while)")
        solving.warm_up()
    for stage in stages_of(fleets):
        starts = {name: _best_start(name, fleets, best, problems) for name in stage}
        jobs = [
            _Job(name, (problems[name], seed + offset, effort, max_seconds, starts[name]))
            for name in stage
            for offset in range(SEEDS_PER_FLEET)
        ]
        if executor is None:
            found, interrupted = _solve_here(jobs, told)
        else:
            found, interrupted = _solve_there(jobs, executor, told, accidents)
        for name in stage:
            if found[name]:
                plans[name] = tuple(found[name])
                best[name] = min(found[name], key=partial(rank, problems[name]))
            elif not interrupted:
                raise PlanningError(f"every process that planned fleet {name} died; is there memory enough?")
        if interrupted:
            break
    told("planning")
    if interrupted and not best:
        raise KeyboardInterrupt
    return share_plans(problems, Answers(best, plans, interrupted, tuple(accidents)))


@dataclass(frozen=True)
class _Job:
    """One solve of one fleet: its name, and what :func:`run_solve` is given."""

    name: str
    arguments: tuple[Problem, int, str | int, float | None, Plan | None]


class _Told:
    """Tells how far the run is."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress = progress
        self.total = total
        self.done = 0

    def __call__(self, text: str) -> None:
        if self.progress is not None:
            self.progress(text, self.done, self.total)

    def plan(self, name: str, cost: float, unserved_parcels: int) -> None:
        """How good a fleet's plan is by now."""
        self(f"planning {name}: cost {cost:,.2f}, {unserved_parcels} parcels unserved")


def _solve_here(jobs: Sequence[_Job], told: _Told) -> tuple[dict[str, list[Plan]], bool]:
    """Plans of jobs done one after the other, and whether the user interrupted them."""
    found: dict[str, list[Plan]] = {job.name: [] for job in jobs}
    for job in jobs:
        told(f"planning {job.name}")

        def show(state: solving.Progress, name: str = job.name) -> None:
            told.plan(name, state.cost, state.unserved_parcels)

        try:
            plan = run_solve(*job.arguments, show)
        except KeyboardInterrupt:
            return found, True
        found[job.name].append(plan)
        told.done += 1
        if plan.stopped_by == "interrupt":
            return found, True
    return found, False


def _solve_there(
    jobs: Sequence[_Job], executor: Executor, told: _Told, accidents: list[str]
) -> tuple[dict[str, list[Plan]], bool]:
    """Plans of jobs done by an executor, and whether the user interrupted them."""
    found: dict[str, list[Plan]] = {job.name: [] for job in jobs}
    futures: list[Future[Plan]] = []
    try:
        futures.extend(_submitted(executor, job) for job in jobs)
        interrupted = False
        for job, future in zip(jobs, futures, strict=True):
            told(f"planning {job.name}")
            try:
                plan = _awaited(future, executor, told)
            except BrokenExecutor:
                again = _once_more(job)
                outcome = "was lost twice and is left out" if again is None else "was done once more"
                accidents.append(
                    f"fleet {job.name}: a process died, and the search with seed {job.arguments[1]} {outcome}"
                )
                if again is None:
                    continue
                plan = again
            found[job.name].append(plan)
            told.done += 1
            told.plan(job.name, plan.cost, plan.unserved_parcels)
            interrupted = interrupted or plan.stopped_by == "interrupt"
    except KeyboardInterrupt:
        interrupted = True
    return (_rescue(jobs, futures), True) if interrupted else (found, False)


def _awaited(future: Future[Plan], executor: Executor, told: _Told) -> Plan:
    """The plan of a future; meanwhile what the workers tell is passed on."""
    while isinstance(executor, Workers) and not future.done():
        with suppress(Empty):
            told.plan(*executor.news.get(timeout=NEWS_EVERY_S))
    return future.result()


def _submitted(executor: Executor, job: _Job) -> Future[Plan]:
    """The future of a job; broken from the start where the executor is."""
    try:
        return executor.submit(run_job, job.name, *job.arguments)
    except BrokenExecutor as error:
        future: Future[Plan] = Future()
        future.set_exception(error)
        return future


def _once_more(job: _Job) -> Plan | None:
    """The plan of a job done in a process of its own, so that this one lives on when that one dies too."""
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=ignore_interrupts) as pool:
        try:
            return pool.submit(run_solve, *job.arguments).result()
        except BrokenExecutor:
            return None


def share_plans(problems: Mapping[str, Problem], answers: Answers) -> Answers:
    """Let every fleet adopt another fleet's plan that it could drive itself and that is better than its own.

    Without this a mix that uses one type only, yet was searched longer, would look better than that type's own fleet.
    """
    best, seeds = dict(answers.best), dict(answers.seeds)
    for name, problem in problems.items():
        if name not in answers.best:
            continue
        types = {vehicle_type.name for vehicle_type in problem.types}
        for other in sorted(answers.best):
            plan = answers.best[other]
            if (
                rank(problem, plan) < rank(problem, best[name])
                and {route.type for route in plan.routes} <= types
                and not verify(problem, plan)
            ):
                best[name] = plan
        if best[name] is not answers.best[name]:
            best[name] = with_own_reasons(problem, best[name])
            seeds[name] = (*answers.seeds[name], best[name])
    return replace(answers, best=best, seeds=seeds)


def stages_of(fleets: Mapping[str, Sequence[FleetEntry]]) -> list[list[str]]:
    """Fleet names in stages, contained fleets first; within a stage sorted by name."""
    depth: dict[str, int] = {}

    def depth_of(name: str) -> int:
        if name not in depth:
            inner = [other for other in fleets if other != name and _contains(fleets[name], fleets[other], strict=True)]
            depth[name] = 1 + max((depth_of(other) for other in inner), default=-1)
        return depth[name]

    for name in fleets:
        depth_of(name)
    return [sorted(name for name in fleets if depth[name] == level) for level in sorted(set(depth.values()))]


def _contains(outer: Sequence[FleetEntry], inner: Sequence[FleetEntry], *, strict: bool) -> bool:
    of_type = {entry.type: entry for entry in outer}
    for entry in inner:
        own = of_type.get(entry.type)
        if own is None or replace(own, max=None) != replace(entry, max=None):
            return False
        if own.max is not None and (entry.max is None or entry.max > own.max):
            return False
    return not strict or set(outer) != set(inner)


def _best_start(
    name: str, fleets: Mapping[str, Sequence[FleetEntry]], best: Mapping[str, Plan], problems: Mapping[str, Problem]
) -> Plan | None:
    inner = [best[other] for other in sorted(best) if _contains(fleets[name], fleets[other], strict=True)]
    return min(inner, key=lambda plan: rank(problems[name], plan), default=None)


def _rescue(jobs: Sequence[_Job], futures: Sequence[Future[Plan]]) -> dict[str, list[Plan]]:
    """After an interrupt: call off what has not begun, and take what the rest still hands over."""
    for future in futures:
        future.cancel()
    wait([future for future in futures if not future.cancelled()], timeout=15)
    found: dict[str, list[Plan]] = {job.name: [] for job in jobs}
    for job, future in zip(jobs, futures, strict=False):
        if future.done() and not future.cancelled() and future.exception() is None:
            found[job.name].append(future.result())
    return found
