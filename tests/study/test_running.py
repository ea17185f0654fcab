"""The order in which fleets are planned, and what starts from what."""

from __future__ import annotations

import os
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest

from fleetplan.errors import PlanningError, Refusal
from fleetplan.planning.plan import Plan, Unserved
from fleetplan.planning.problem import Pay, Problem, Task, VehicleType
from fleetplan.planning.solving import Progress
from fleetplan.study import running
from fleetplan.study.inputs import FleetEntry, default_baseline
from fleetplan.study.running import SEEDS_PER_FLEET, Workers, solve_fleets, stages_of
from fleetplan.travel import TravelTable
from tests.planning.problems import line_table, vehicle
from tests.planning.problems import problem as hand_made
from tests.planning.problems import task as stop

KEI, VAN = FleetEntry("kei-van"), FleetEntry("full-size-van")


def test_pure_fleets_come_before_the_mix() -> None:
    """Protects the mix's start: whatever it contains is planned first."""
    assert stages_of({"mixed": [KEI, VAN], "van": [VAN], "kei": [KEI]}) == [["kei", "van"], ["mixed"]]


def test_limited_numbers_count() -> None:
    """Protects against an impossible start: three vans are no start for a fleet of two, two are one for three."""
    two, three = [FleetEntry("full-size-van", 2)], [FleetEntry("full-size-van", 3)]
    assert stages_of({"a": three, "b": two}) == [["b"], ["a"]]
    assert stages_of({"a": [VAN], "b": three}) == [["b"], ["a"]]


def test_limits_of_a_day_count() -> None:
    """Protects against an impossible start: days without a limit on stops are no start for days with one."""
    short = [FleetEntry("full-size-van", max_stops=20)]
    assert stages_of({"a": [KEI, *short], "b": [VAN]}) == [["a", "b"]]
    assert stages_of({"a": [KEI, *short], "b": short}) == [["b"], ["a"]]


def test_equal_fleets_share_a_stage() -> None:
    """Protects against a loop: two fleets of the same types wait for neither."""
    assert stages_of({"a": [KEI, VAN], "b": [VAN, KEI]}) == [["a", "b"]]


def test_the_default_baseline_does_not_depend_on_order() -> None:
    """Protects repeatability: the fleet that differences refer to is found by size and name."""
    fleets = {"mixed": [KEI, VAN], "van": [VAN], "kei": [KEI]}
    assert default_baseline(fleets) == default_baseline(dict(reversed(fleets.items()))) == "van"


EMPTY = Problem((), (), (0, 3600), 0, Pay(1.0, 0, 3600, 1.25), 100.0)


def answer(cost: float, unserved_parcels: int = 0) -> Plan:
    """A plan of a given cost."""
    return Plan((), (), cost, unserved_parcels, "effort", (1, 1))


def test_the_best_plan_serves_most_then_costs_least(monkeypatch: pytest.MonkeyPatch) -> None:
    """Protects the choice among seeds: more parcels first, cheaper second."""
    plans = {0: answer(5.0, 1), 1: answer(9.0), 2: answer(8.0)}
    monkeypatch.setattr(running, "run_solve", lambda problem, seed, *rest: plans[seed])
    answers = solve_fleets({"van": EMPTY}, {"van": [VAN]}, seed=0, effort=1, max_seconds=None, executor=None)
    assert answers.best["van"] is plans[2]
    assert answers.seeds["van"] == tuple(plans.values())


def test_a_mix_starts_from_the_best_pure_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Protects that a mix is never dearer than the better pure fleet: it is handed that fleet's plan."""
    starts: list[Any] = []

    def solve(problem: Problem, seed: int, effort: Any, max_seconds: Any, start: Plan | None, *rest: Any) -> Plan:
        starts.append(start)
        return answer(10.0 - len(starts))

    monkeypatch.setattr(running, "run_solve", solve)
    fleets = {"mixed": [KEI, VAN], "van": [VAN], "kei": [KEI]}
    answers = solve_fleets(dict.fromkeys(fleets, EMPTY), fleets, seed=0, effort=1, max_seconds=None, executor=None)
    assert starts[: 2 * SEEDS_PER_FLEET] == [None] * 6
    assert starts[2 * SEEDS_PER_FLEET :] == [answers.best["van"]] * 3


def test_an_interrupt_keeps_the_plans_found_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    """Protects work done: Ctrl-C in the second fleet keeps the first fleet's plan and says that it was interrupted."""
    calls: list[int] = []

    def solve(*arguments: Any) -> Plan:
        calls.append(1)
        if len(calls) > SEEDS_PER_FLEET + 1:
            raise KeyboardInterrupt
        return answer(float(len(calls)))

    monkeypatch.setattr(running, "run_solve", solve)
    fleets = {"kei": [KEI], "mixed": [KEI, VAN]}
    answers = solve_fleets(dict.fromkeys(fleets, EMPTY), fleets, seed=0, effort=1, max_seconds=None, executor=None)
    assert answers.interrupted
    assert set(answers.best) == {"kei", "mixed"}
    assert len(answers.seeds["mixed"]) == 1


def test_an_interrupt_before_any_plan_is_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Protects the exit status: with nothing to show, the interrupt goes through."""

    def solve(*arguments: Any) -> Plan:
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "run_solve", solve)
    with pytest.raises(KeyboardInterrupt):
        solve_fleets({"kei": EMPTY}, {"kei": [KEI]}, seed=0, effort=1, max_seconds=None, executor=None)


def test_a_fleet_adopts_a_better_plan_that_it_could_drive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Protects fairness: a mix that found a better plan with kei vans alone does not beat the kei fleet with it."""
    costs = iter([9.0, 9.0, 9.0, 9.0, 8.0, 9.0])
    monkeypatch.setattr(running, "run_solve", lambda *arguments: answer(next(costs)))
    monkeypatch.setattr(running, "verify", lambda problem, plan: [])
    fleets = {"kei": [KEI], "mixed": [KEI, VAN]}
    answers = solve_fleets(dict.fromkeys(fleets, EMPTY), fleets, seed=0, effort=1, max_seconds=None, executor=None)
    assert answers.best["kei"] == answers.best["mixed"]
    assert [plan.cost for plan in answers.seeds["kei"]] == [9.0, 9.0, 9.0, 8.0]


def test_an_adopted_plan_tells_its_reasons_for_its_own_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """Protects reasons: what the kei fleet leaves out is told for the kei van, though the mix found the plan."""
    task = Task("far", 1, 1.0, 0.1, ((0, 3600),), 60)
    table = TravelTable("t", np.zeros(1), np.zeros(1), np.zeros((1, 1, 1), np.int32), np.zeros((1, 1, 1), np.int32))

    def kind(name: str) -> VehicleType:
        refusal = Refusal("beyond_walk", f"too far for {name}")
        return VehicleType(name, None, 1.0, 1.0, None, 1.0, 0.0, 0.0, 1, table, (0,), ((),), (refusal,))

    fleets = {"kei": [KEI], "mixed": [KEI, VAN]}
    problems = {
        name: replace(EMPTY, tasks=(task,), types=tuple(kind(entry.type) for entry in entries))
        for name, entries in fleets.items()
    }
    told = Unserved("far", Refusal("beyond_walk", "too far for full-size-van"))
    costs = iter([9.0, 9.0, 9.0, 8.0, 8.0, 8.0])
    monkeypatch.setattr(running, "run_solve", lambda *arguments: replace(answer(next(costs), 1), unserved=(told,)))
    monkeypatch.setattr(running, "verify", lambda problem, plan: [])
    answers = solve_fleets(problems, fleets, seed=0, effort=1, max_seconds=None, executor=None)
    (item,) = answers.best["kei"].unserved
    assert answers.best["kei"].cost == 8.0
    assert item.reason.text == "too far for kei-van"
    assert set(item.by_type) == {"kei-van"}


ONE_STOP = hand_made([stop("a")], [vehicle("kei-van", line_table("kei-van", [1000]), cost_per_day=50.0)])


class Doomed(ProcessPoolExecutor):
    """One process, which dies of some of the jobs that it is given."""

    def __init__(self, *deadly: int) -> None:
        super().__init__(1, get_context("spawn"))
        self.deadly = deadly
        self.given = 0

    def submit(self, fn: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        self.given += 1
        if self.given in self.deadly:
            return super().submit(os._exit, 1)
        return super().submit(fn, *arguments, **named)


def test_a_process_that_dies_loses_its_task_not_the_run() -> None:
    """Protects a night's work: what the dead process had is done once more, with the same answer, and it is told."""
    problems, fleets = {"kei": ONE_STOP}, {"kei": [KEI]}
    told: list[str] = []
    with Doomed(3) as executor:
        answers = solve_fleets(
            problems,
            fleets,
            seed=4,
            effort=1,
            max_seconds=None,
            executor=executor,
            progress=lambda text, done, total: told.append(f"{done}/{total}"),
        )
    plain = solve_fleets(problems, fleets, seed=4, effort=1, max_seconds=None, executor=None)
    assert (answers.best, answers.seeds) == (plain.best, plain.seeds)
    assert answers.accidents == ("fleet kei: a process died, and the search with seed 6 was done once more",)
    assert told[-1] == "3/3"
    assert not plain.accidents


def test_a_task_that_kills_twice_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Protects the run from a search that is too large for the machine: the other seeds count; without any it fails."""
    monkeypatch.setattr(running, "_once_more", lambda job: None)
    with Doomed(3) as executor:
        answers = solve_fleets({"kei": ONE_STOP}, {"kei": [KEI]}, seed=0, effort=1, max_seconds=None, executor=executor)
    assert len(answers.seeds["kei"]) == SEEDS_PER_FLEET - 1
    assert answers.accidents == (
        "fleet kei: a process died, and the search with seed 2 was lost twice and is left out",
    )
    with Doomed(1) as executor, pytest.raises(PlanningError, match="every process that planned fleet kei died"):
        solve_fleets({"kei": ONE_STOP}, {"kei": [KEI]}, seed=0, effort=1, max_seconds=None, executor=executor)


def test_progress_tells_cost_and_what_is_unserved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Protects the terminal: while a fleet is planned here, the line says how good its plan is by now."""

    def solve(*arguments: Any) -> Plan:
        arguments[-1](Progress(0.5, 5, 10, 1234.5, 2, 0.1))
        return answer(9.0)

    monkeypatch.setattr(running, "run_solve", solve)
    told: list[str] = []
    solve_fleets(
        {"kei": ONE_STOP},
        {"kei": [KEI]},
        seed=0,
        effort=1,
        max_seconds=None,
        executor=None,
        progress=lambda text, done, total: told.append(text),
    )
    assert "planning kei: cost 1,234.50, 2 parcels unserved" in told


def test_workers_tell_how_their_solves_go_on() -> None:
    """Protects the terminal while processes plan: cost and unserved parcels of a search arrive before its plan does."""
    told: list[tuple[str, int]] = []
    made = hand_made(
        [stop(f"s{i}") for i in range(8)],
        [vehicle("kei-van", line_table("kei-van", [1000 * i for i in range(8)]), cost_per_day=50.0)],
    )
    with Workers(1) as executor:
        solve_fleets(
            {"kei": made},
            {"kei": [KEI]},
            seed=0,
            effort=20_000,
            max_seconds=None,
            executor=executor,
            progress=lambda text, done, total: told.append((text, done)),
        )
    assert ("planning kei: cost 50.00, 0 parcels unserved", 0) in told
