"""Solves fleets × seeds on any executor; fleets that contain another fleet start from its best plan."""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, replace

from fleetplan.planning.explaining import with_own_reasons
from fleetplan.planning.plan import Plan
from fleetplan.planning.problem import Problem
from fleetplan.planning.solving import solve
from fleetplan.planning.verifying import verify
from fleetplan.study.building import Progress
from fleetplan.study.inputs import FleetEntry
from fleetplan.study.ranking import rank

SEEDS_PER_FLEET = 3


@dataclass(frozen=True)
class Answers:
    """Plans by fleet: ``best[name]`` is the cheapest of ``seeds[name]``.

    ``interrupted`` says that the user stopped the run before every seed of every fleet was planned.
    """

    best: Mapping[str, Plan]
    seeds: Mapping[str, tuple[Plan, ...]]
    interrupted: bool


def ignore_interrupts() -> None:
    """Start a worker process deaf to Ctrl-C, so that an idle one survives it; :func:`run_solve` listens meanwhile."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def run_solve(problem: Problem, seed: int, effort: str | int, max_seconds: float | None, start: Plan | None) -> Plan:
    """One solve, as a function that any executor can send away. Ctrl-C ends it with the best plan so far."""
    deaf = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if deaf:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return solve(problem, seed=seed, effort=effort, max_seconds=max_seconds, warm_start=start)
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

    ``executor=None`` solves one after the other in this process; the answers are the same.
    """
    total = len(problems) * SEEDS_PER_FLEET
    best: dict[str, Plan] = {}
    plans: dict[str, tuple[Plan, ...]] = {}
    interrupted = False
    done = 0

    def finished(name: str, found: list[Plan]) -> None:
        if found:
            plans[name] = tuple(found)
            best[name] = min(found, key=lambda plan: rank(problems[name], plan))

    for stage in stages_of(fleets):
        starts = {name: _best_start(name, fleets, best, problems) for name in stage}
        jobs = [(name, seed + offset) for name in stage for offset in range(SEEDS_PER_FLEET)]
        found: dict[str, list[Plan]] = {name: [] for name in stage}
        futures: list[Future[Plan]] = []
        try:
            if executor is None:
                for name, run_seed in jobs:
                    if progress:
                        progress(f"planning {name}", done, total)
                    plan = run_solve(problems[name], run_seed, effort, max_seconds, starts[name])
                    found[name].append(plan)
                    done += 1
                    if plan.stopped_by == "interrupt":
                        raise KeyboardInterrupt
            else:
                futures = [
                    executor.submit(run_solve, problems[name], run_seed, effort, max_seconds, starts[name])
                    for name, run_seed in jobs
                ]
                for (name, _), future in zip(jobs, futures, strict=True):
                    if progress:
                        progress(f"planning {name}", done, total)
                    plan = future.result()
                    found[name].append(plan)
                    done += 1
                    interrupted = interrupted or plan.stopped_by == "interrupt"
                if interrupted:
                    raise KeyboardInterrupt
        except KeyboardInterrupt:
            interrupted = True
            if futures:
                found = _rescue(jobs, futures)
        for name in stage:
            finished(name, found[name])
        if interrupted:
            break
    if progress:
        progress("planning", done, total)
    if interrupted and not best:
        raise KeyboardInterrupt
    return share_plans(problems, Answers(best, plans, interrupted))


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
    return Answers(best, seeds, answers.interrupted)


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


def _rescue(jobs: Sequence[tuple[str, int]], futures: Sequence[Future[Plan]]) -> dict[str, list[Plan]]:
    """After an interrupt: call off what has not begun, and take what the rest still hands over."""
    for future in futures:
        future.cancel()
    wait([future for future in futures if not future.cancelled()], timeout=15)
    found: dict[str, list[Plan]] = {name: [] for name, _ in jobs}
    for (name, _), future in zip(jobs, futures, strict=True):
        if future.done() and not future.cancelled() and future.exception() is None:
            found[name].append(future.result())
    return found
