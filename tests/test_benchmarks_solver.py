"""The benchmark of the solver: what it concludes, how it asks and goes on. No engine is measured."""

from __future__ import annotations

import json
import math
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fleetplan.planning.problem import Problem
from tests.benchmarks import solver, solver_engines, solver_ours
from tests.benchmarks.peers import PeerPython
from tests.benchmarks.solver_cases import Case, Day, read_case
from tests.benchmarks.solver_checking import plan_of
from tests.benchmarks.solver_cities import is_city
from tests.benchmarks.solver_engines import ENGINES, Answer, Engine, run_engine
from tests.benchmarks.solver_statistics import failures, medians, paired, sign_test, verdict, with_gaps
from tests.benchmarks.solver_targets import SHORT, targets_of
from tests.benchmarks.vrplib import read_solution

SETS = {"CVRP", "HFVRP", "MTVRPTWR", "SDVRPTW", "VRPTW"}


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """Three clients, two vehicles that may reload; node 4 is released at 30."""
    return Path(shutil.copy(Path(__file__).with_name("benchmarks") / "tiny.vrp", tmp_path))


# --- what is concluded


def test_sign_test_against_worked_values() -> None:
    """Two-sided tails of the binomial: 5 of 5 is 2/32, 6 of 6 is 2/64, 9 of 10 is 22/1024; zeros say nothing."""
    assert sign_test([-1.0] * 5) == 2 / 32
    assert sign_test([-1.0] * 6 + [0.0] * 4) == 2 / 64
    assert sign_test([1.0] * 9 + [-1.0]) == pytest.approx(22 / 1024)
    assert sign_test([-1.0, 1.0]) == 1.0
    assert sign_test([]) == sign_test([0.0]) == 1.0


def test_verdicts() -> None:
    """Better and worse need both the median and p below 0.05; five of five are not enough."""
    assert verdict([-0.1] * 6)["verdict"] == "better"
    assert verdict([0.1] * 6)["verdict"] == "worse"
    assert verdict([-9.0] * 5)["verdict"] == "level"
    assert verdict([0.0] * 7 + [-1.0] * 6)["verdict"] == "level"
    endless = {"pairs": 6, "below": 6, "above": 0, "median": None, "p": 2 / 64, "verdict": "better"}
    assert verdict([-math.inf] * 6) == endless


def _row(instance: str, engine: str, cost: float | None, *, best: float | None = 100.0) -> dict[str, Any]:
    known = {"instance": instance, "set": "S", "engine": engine, "seed": 0, "seconds": 1.0}
    return {**known, "cost": cost, "best_known": best, "feasible": cost is not None}


def test_gaps_medians_and_pairs() -> None:
    """An infeasible answer has no gap, counts as a failure and loses its pair; n/a makes no pair at all."""
    rows = [
        _row("a", "ours", 101.0),
        _row("a", "peer", 103.0),
        _row("b", "ours", None),
        _row("b", "peer", 100.0),
        _row("c", "ours", 100.0),
        _row("c", "peer", None),
        {**_row("c", "lacks", None), "feasible": None},
    ]
    told = with_gaps(rows)
    gaps = [row["gap_pct"] for row in told]
    assert [None if gap is None else round(gap, 9) for gap in gaps] == [1.0, 3.0, None, 0.0, 0.0, None, None]
    middle = medians(told)["S"]
    assert [middle["ours"], middle["peer"]] == pytest.approx([0.5, 1.5])
    assert middle["lacks"] is None
    assert failures(told) == {"S": {"ours": 1, "peer": 1}}
    found = paired(told)["S"]
    assert set(found) == {"peer"}
    assert (found["peer"]["pairs"], found["peer"]["below"], found["peer"]["above"]) == (3, 2, 1)


def test_without_a_best_known_the_best_of_the_rows_counts() -> None:
    """In cities the gap is to the best feasible cost of the run or the file."""
    told = with_gaps([_row("a", "ours", 90.0, best=None), _row("a", "peer", 99.0, best=None)])
    assert [(row["bks"], row["bks_source"]) for row in told] == [(90.0, "run")] * 2
    assert told[1]["gap_pct"] == pytest.approx(10.0)


# --- the command


class Fake:
    """An engine that answers with one vehicle that loads for each client, or as it is told."""

    def __init__(self, make: Callable[[Engine, Case], Answer] | None = None) -> None:
        self.calls: list[tuple[str, str, int]] = []
        self.make = make

    def __call__(self, engine: Engine, target: str, case: Case, *, seconds: float, seed: int) -> Answer:
        self.calls.append((case.name, engine.name, seed))
        if self.make:
            return self.make(engine, case)
        days = (Day(0, tuple((client,) for client in range(1, case.clients + 1))),)
        return Answer(days, version="1", wall_s=seconds, cpu_s=2 * seconds)


def test_end_to_end_with_a_fake_engine(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The fixed keys are in one JSON document on standard output, progress elsewhere, solutions on the disk."""
    tiny.with_suffix(".sol").write_text("Route #1: 1 0 2 0 3\nCost: 320\n")

    def make(engine: Engine, case: Case) -> Answer:
        if engine.name == "vroom":
            return Answer(None, available=False, note="no reloads")
        if engine.name == "ortools":
            return Answer((Day(0, ((1,), (2,))),), version="9")
        return Answer((Day(0, ((1,), (2,), (3,))),), version="1", wall_s=1.0, cpu_s=2.0)

    arguments = [str(tiny), "--seconds", "1", "--seeds", "2", "--json", "--solutions", str(tmp_path / "out")]
    assert solver.main(arguments, run_one=Fake(make)) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    first = document["results"][0]
    keys = {"instance", "set", "engine", "version", "seed", "cost", "bks", "gap_pct", "feasible", "wall_s", "cpu_s"}
    assert set(first) >= keys
    assert (first["instance"], first["set"], first["cost"], first["bks"]) == ("tiny", "MTVRPTWR", 328.0, 320.0)
    middle = document["median"]["MTVRPTWR"]
    assert [middle["ours"], middle["pyvrp"]] == pytest.approx([2.5, 2.5])
    assert middle["vroom"] is middle["ortools"] is None
    assert document["failed"] == {"MTVRPTWR": {"ortools": 2}}
    assert {row["feasible"] for row in document["results"] if row["engine"] == "vroom"} == {None}
    assert document["paired"]["MTVRPTWR"]["pyvrp"]["verdict"] == "level"
    assert "n/a: no reloads" in err
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["tiny.ours.0.sol", "tiny.ours.1.sol", "tiny.pyvrp.0.sol", "tiny.pyvrp.1.sol"]
    assert read_solution(tmp_path / "out" / "tiny.ours.0.sol") == ({1: [[1], [2], [3]]}, 328.0)


def test_resume_skips_what_is_done_and_runs_again_what_is_asked(tiny: Path, tmp_path: Path) -> None:
    """A file with a line cut short goes on where it stopped; other seconds are other runs; the newest result counts."""
    file = tmp_path / "deep" / "r.jsonl"
    engines = [ENGINES["ours"], ENGINES["pyvrp"]]

    def run(fake: Fake, *, seconds: float = 1.0, again: Sequence[str] = ()) -> dict[str, Any]:
        return solver.run(
            [str(tiny)], seconds=seconds, engines=engines, seeds=2, resume=file, again=again, run_one=fake
        )

    first = Fake()
    whole = run(first)
    assert len(first.calls) == 4
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:3], lines[3][:40]]))
    second = Fake()
    assert run(second)["results"] == whole["results"]
    assert second.calls == [("tiny", "pyvrp", 1)]
    third = Fake()
    run(third)
    assert third.calls == []
    run(third, seconds=2.0)
    assert len(third.calls) == 4
    newer = Fake(lambda engine, case: Answer((Day(0, ((1,), (2,))), Day(0, ((3,),))), version="2"))
    again = run(newer, again=["ours"])
    assert [call[1] for call in newer.calls] == ["ours", "ours"]
    assert {row["version"] for row in again["results"] if row["engine"] == "pyvrp"} == {"1"}
    assert {row["version"].partition("+")[0] for row in again["results"] if row["engine"] == "ours"} == {"2"}


def test_faults_of_our_own_checker_make_a_plan_infeasible(tiny: Path) -> None:
    """A plan that fleetplan's checker refused in the worker has no gap, whatever its routes."""
    days = (Day(0, ((1,), (2,), (3,))),)
    fake = Fake(lambda engine, case: Answer(days, faults=("plan.time: wrong",)))
    row = solver.measure(fake, ENGINES["ours"], str(tiny), read_case(tiny), seconds=1.0, seed=0)
    assert row["feasible"] is False
    assert "plan.time" in row["note"]


SCRIPT = """
from asked import NotInModelError, answer

def solve(asked):
    if asked.release.max() == 600:
        raise NotInModelError("no releases")
    assert asked.lengths[0][0].tolist() == [0, 50, 100, 14]
    assert asked.types[0]["count"] == 2 and asked.types[0]["max_trips"] == 3
    broken, whole, seeds = [(0, [[1]])], [(0, [[1], [2], [3]])], {(10, 0): 0, (11, 1): 1}
    return [broken, whole][seeds[asked.seed, asked.slot]]

answer(solve, "7")
"""


def test_a_peer_runs_on_each_core_and_the_better_answer_counts(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A peer's processes see the whole case and a seed each; a broken answer, however cheap, loses to a sound one."""
    asked = Path(solver_engines.__file__).with_name("solver_peers") / "asked.py"
    shutil.copy(asked, tmp_path / "asked.py")
    (tmp_path / "script.py").write_text(SCRIPT)
    monkeypatch.setattr(solver_engines, "_SCRIPTS", tmp_path)
    monkeypatch.setattr(solver_engines, "solver_python", lambda: PeerPython(Path(sys.executable)))
    peer = Engine("peer", "script.py", "peer", processes=2)
    case = read_case(tiny)
    answer = run_engine(peer, str(tiny), case, seconds=1.0, seed=5)
    assert (answer.days, answer.version, answer.note) == ((Day(0, ((1,), (2,), (3,))),), "7", "")
    assert answer.peak_mb > 0
    without = run_engine(peer, str(tiny), replace(case, release=np.array([0, 0, 0, 600])), seconds=1.0, seed=5)
    assert (without.available, without.days, without.note) == (False, None, "no releases")
    (tmp_path / "script.py").write_text("raise SystemExit('out of memory')")
    died = run_engine(peer, str(tiny), case, seconds=1.0, seed=5)
    assert (died.available, died.days) == (True, None)
    assert "out of memory" in died.note


def test_our_process_answers_with_days_that_it_checked(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The worker warms up on the small case first, and tells days, cost and what the checker finds in the plan."""
    asked: list[tuple[int, float]] = []

    def solve(problem: Problem, *, seed: int, seconds: float, **_: Any) -> Any:
        asked.append((len(problem.tasks), seconds))
        days = [Day(0, tuple((client,) for client in range(1, len(problem.tasks) + 1)))]
        return plan_of(problem, days, cost=300.0)

    monkeypatch.setattr(solver_ours, "solve_ours", solve)
    (tmp_path / "request.json").write_text(json.dumps({"target": str(tiny), "seconds": 2.0, "seed": 1}))
    assert solver_ours.main([str(tmp_path)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert asked == [(30, 60.0), (3, 2.0)]
    assert told["days"] == [[0, [[1], [2], [3]]]]
    assert told["compile_s"] > 0
    assert len(told["faults"]) == 1
    assert "328" in told["faults"][0]


def test_an_ablation_that_the_solver_does_not_know_is_not_available(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No row claims to be without a part that was there all the same."""
    request = {"target": str(tiny), "seconds": 2.0, "seed": 1, "without": ["everything"]}
    (tmp_path / "request.json").write_text(json.dumps(request))
    assert solver_ours.main([str(tmp_path)]) == 0
    assert "everything" in json.loads(capsys.readouterr().out)["not_available"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--engines", "gurobi"], "no engine gurobi"),
        ([], "name a PATH"),
        (["city:atlantis:100"], "no city problem"),
        (["nowhere.vrp"], "no instance at"),
        (["city:osaka:100", "--seconds", "0"], "some time"),
    ],
)
def test_the_command_refuses_what_it_does_not_know(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    """Unknown engines, places and files end with a sentence, before anything is run."""
    fake = Fake()
    with pytest.raises(SystemExit):
        solver.main(arguments, run_one=fake)
    assert words in capsys.readouterr().err
    assert fake.calls == []


def test_targets(tiny: Path) -> None:
    """A folder stands for its instances, each is taken once; the short panel has twelve over all sets."""
    assert targets_of([str(tiny), str(tiny.parent), "city:porto:100:3"]) == [str(tiny.resolve()), "city:porto:100:3"]
    named = ("city:osaka:300", "city:osaka", "city:osaka:x", "city:osaka:0")
    assert [is_city(name) for name in named] == [True, False, False, False]
    assert len(SHORT) == 12
    assert {name.split("/")[1] for name in SHORT if "/" in name} == SETS
