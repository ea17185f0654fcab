"""The command ``explain``: what became of one stop, from a plan file alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fleetplan.cli import app
from fleetplan.planning.building import build_plan
from fleetplan.planning.documents import plan_document
from fleetplan.planning.instance import make_instance
from fleetplan.planning.schedule import Solution
from fleetplan.writing import canonical_json
from tests.planning.problems import line_table, problem, task, vehicle


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    """One van with room for one stop; a is served, [bold]b is left out."""
    van = vehicle("van", line_table("van", [1000, 2000]), count=1, capacity_kg=10.0, distance_cost_per_km=1.0)
    names = {"a": "Baker\x1b[2J", "[bold]b": ""}
    stops = [task("a", kg=6.0), task("[bold]b", kg=6.0)]
    day = problem(stops, [van], labels={"currency": "EUR", "names": names})
    instance = make_instance(day)
    served = instance.order.index(0)
    option = int(instance.classes[0].options.first[served])
    solution = Solution(((0, ((option,),)),), (1 - served,))
    plan = build_plan(instance, solution, stopped_by="effort", effort=(0, 0))
    path = tmp_path / "van.json"
    path.write_text(canonical_json(plan_document(day, plan)), encoding="utf-8")
    return path


def run(*arguments: str) -> Any:
    """The command in this process, as if in a wide terminal."""
    return CliRunner().invoke(app, ["explain", *arguments], env={"COLUMNS": "200"})


def test_a_stop_left_out_is_explained(plan_file: Path) -> None:
    """Protects planners: which stop, what is lacking and for which vehicle; names cannot steer the terminal."""
    done = run(str(plan_file), "--stop", "[bold]b")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[0] == "[bold]b is left out"
    assert "the only van is in use: a trip with time for it is too full by 2 kg" in done.stdout
    assert "fleet_used_up" in done.stdout


def test_a_served_stop_is_explained(plan_file: Path) -> None:
    """Protects planners: which vehicle, and what the plan saves without the stop; a name's escape codes are dead."""
    done = run(str(plan_file), "--stop", "a")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[0].startswith("a (Baker\ufffd[2J) is served by van-1")
    assert "van-1 serves it for 2.00 EUR more than the plan without it" in done.stdout
    assert "\x1b" not in done.stdout


def test_json_is_one_document(plan_file: Path) -> None:
    """Protects scripts: the same answer as one document, the same bytes each time."""
    done = run(str(plan_file), "--stop", "[bold]b", "--json")
    answer = json.loads(done.stdout)
    assert (answer["stop"], answer["served"], answer["code"]) == ("[bold]b", False, "fleet_used_up")
    assert set(answer["by_type"]["van"]) == {"code", "text", "data"}
    assert done.stdout == run(str(plan_file), "--stop", "[bold]b", "--json").stdout
    assert json.loads(run(str(plan_file), "--stop", "a", "--json").stdout)["extra_cost"] == 2.0


def test_faults_are_told_with_exit_status_2(plan_file: Path, tmp_path: Path) -> None:
    """Protects scripts: an unknown stop, an absent file and a doctored plan are faults, not crashes."""
    document = json.loads(plan_file.read_text(encoding="utf-8"))
    (tmp_path / "broken.json").write_text(json.dumps({**document, "cost": 1e9}), encoding="utf-8")
    for path, stop, code in (
        (plan_file, "zzz", "explain.stop"),
        (tmp_path / "absent.json", "a", "plan.unreadable"),
        (tmp_path / "broken.json", "a", "plan.cost"),
    ):
        done = run(str(path), "--stop", stop, "--json")
        assert done.exit_code == 2, done.output
        assert code in [fault["code"] for fault in json.loads(done.stdout)["faults"]]
