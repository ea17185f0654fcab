"""From files to files: the demo, repeatability across processes, and real cities."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import fleetplan as fp

ROOT = Path(__file__).resolve().parent.parent


def fleetplan(*arguments: str, cwd: Path, hash_seed: str = "0") -> subprocess.CompletedProcess[str]:
    """Run the command in a folder."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": hash_seed}
    return subprocess.run(
        [sys.executable, "-m", "fleetplan", *arguments], capture_output=True, text=True, cwd=cwd, env=environment
    )


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's folder, made by the command in an empty folder."""
    folder = tmp_path_factory.mktemp("demo")
    done = fleetplan("demo", "-o", "out", "--quiet", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "out"


def test_demo_writes_every_file(demo: Path) -> None:
    """Protects the first command of the README: all files of the interface are there."""
    names = {path.relative_to(demo).as_posix() for path in demo.rglob("*") if path.is_file()}
    fleets = ("kei", "mixed", "van")
    assert names == {
        "comparison.json",
        "run.json",
        "routes.gpkg",
        "map.html",
        *(f"plans/{name}.json" for name in fleets),
        *(f"manifest-{name}.csv" for name in fleets),
    }


def test_demo_serves_everyone_and_adds_up(demo: Path) -> None:
    """Protects the figures: every stop is served, cost parts add up to the total, activities to the span."""
    document = json.loads((demo / "comparison.json").read_text(encoding="utf-8"))
    assert document["schema"] == "fleetplan.comparison/1"
    assert document["comparable"] is True
    for fleet in document["fleets"].values():
        assert fleet["stops"]["total"] == 80
        assert fleet["stops"]["unserved"] == 0
        assert fleet["stops"]["door"] + fleet["stops"]["on_foot"] == 80
        parts = ("vehicle", "driver", "distance", "energy", "unserved")
        assert sum(fleet["cost"][part] for part in parts) == pytest.approx(fleet["cost"]["total"], abs=1e-4)
        hours = ("drive_s", "park_s", "walk_s", "service_s", "wait_s", "reload_s", "break_s")
        assert sum(fleet[part] for part in hours) == fleet["span_s"]
    costs = {name: fleet["cost"]["total"] for name, fleet in document["fleets"].items()}
    assert costs["mixed"] <= min(costs["kei"], costs["van"]) + 1e-6
    assert document["best"] == min(sorted(costs), key=lambda name: costs[name])


def test_demo_drives_as_planned(demo: Path) -> None:
    """Protects the tables: driven again with headings kept, the median route is within 2 % of its plan."""
    document = json.loads((demo / "comparison.json").read_text(encoding="utf-8"))
    for fleet in document["fleets"].values():
        assert abs(fleet["retimed"]["median_share"]) <= 0.02


def test_demo_plans_pass_the_checker(demo: Path) -> None:
    """Protects the promise that nothing unchecked is returned: each plan file verifies on its own."""
    for plan in sorted((demo / "plans").glob("*.json")):
        done = fleetplan("verify", str(plan), "--json", cwd=demo)
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(done.stdout) == {"faults": [], "sound": True}


def test_a_doctored_plan_file_is_rejected(demo: Path, tmp_path: Path) -> None:
    """Protects against a checker that nods: a visit taken out of a plan file is found, with exit status 1."""
    document = json.loads((demo / "plans" / "van.json").read_text(encoding="utf-8"))
    document["routes"][0]["trips"][0]["visits"].pop()
    broken = tmp_path / "van.json"
    broken.write_text(json.dumps(document), encoding="utf-8")
    done = fleetplan("verify", str(broken), "--json", cwd=tmp_path)
    assert done.returncode == 1
    assert any(fault["code"] == "plan.missed_stop" for fault in json.loads(done.stdout)["faults"])


SCENARIO = """
schema = "fleetplan.scenario/1"
seed = 3
effort = 40
[city]
file = "helsinki"
[depot]
lat = 60.17164
lon = 24.93854
[stops]
sample = 25
[fleets]
kei = [{ type = "kei-van" }]
mixed = [{ type = "kei-van" }, { type = "full-size-van" }]
"""


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    """Protects repeatability: equal input gives equal comparison and plans, whatever the hash seed."""
    (tmp_path / "s.toml").write_text(SCENARIO, encoding="utf-8")
    for run in ("1", "2"):
        done = fleetplan("compare", "s.toml", "-o", f"run{run}", "--quiet", cwd=tmp_path, hash_seed=run)
        assert done.returncode == 0, done.stderr
    files = ["comparison.json", "plans/kei.json", "plans/mixed.json"]
    for name in files:
        assert (tmp_path / "run1" / name).read_bytes() == (tmp_path / "run2" / name).read_bytes(), name


def test_json_output_is_one_document(tmp_path: Path) -> None:
    """Protects scripts that call the command: standard output is the comparison and nothing else."""
    (tmp_path / "s.toml").write_text(SCENARIO, encoding="utf-8")
    done = fleetplan("compare", "s.toml", "--json", "--effort", "20", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert set(document["fleets"]) == {"kei", "mixed"}
    assert all("bound" not in fleet for fleet in document["fleets"].values())
    assert str(tmp_path) not in done.stdout


def test_plans_are_held_against_a_bound_where_it_is_asked_for(tmp_path: Path) -> None:
    """Protects --bound: each fleet's total lies between its bound and that with the gap, which is loose, but says less
    than everything."""
    (tmp_path / "s.toml").write_text(SCENARIO, encoding="utf-8")
    done = fleetplan("compare", "s.toml", "--json", "--effort", "2000", "--bound", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for fleet in json.loads(done.stdout)["fleets"].values():
        bound, total = fleet["bound"], fleet["cost"]["total"]
        assert bound["cost"] <= total + 1e-6
        assert total == pytest.approx(bound["cost"] * (1.0 + bound["gap"]))
        assert 0.0 <= bound["gap"] < 1.0


def plan_city(
    streets: fp.Streets, *, n: int, depot: tuple[float, float] | None = None, **changes: Any
) -> dict[str, Any]:
    """A quick comparison of three vehicles on a sample of stops; without a depot the last stop drawn serves as one."""
    stops = fp.sample_stops(streets, n + 1, seed=7)
    depot = depot or (stops[n].lat, stops[n].lon)
    stops = replace(stops, items=stops[:n])
    fleets = {"kei": ["kei-van"], "hiace": ["toyota-hiace"], "van": ["full-size-van"]}
    return fp.compare(streets, stops, depot=depot, fleets=fleets, effort=30, seed=7, **changes).to_dict()


@pytest.mark.parametrize("ordinance", ["clearance", "law"])
def test_osaka_is_planned_under_both_readings(shared_data: Path, ordinance: str) -> None:
    """Protects the case that the tool exists for: narrow Japanese streets, three vehicles, both readings of the law."""
    streets = fp.Streets.from_file(shared_data / "osm" / "osaka-abeno.osm.pbf")
    document = plan_city(streets, n=20, depot=(34.6374, 135.5312), ordinance=ordinance)
    assert document["currency"] == "JPY"
    km = {
        name: next(iter(fleet["street_km"].values()))
        for name, fleet in ((name, document["fleets"][name]) for name in ("kei", "hiace", "van"))
    }
    van = document["fleets"]["van"]
    by_quantile = van["street_km_by_quantile"]["full-size-van"]
    assert by_quantile["0.5"] == km["van"]
    assert by_quantile["0.1"]["free"] < by_quantile["0.5"]["free"] < by_quantile["0.9"]["free"]
    assert 0 < van["stops_on_defaults"] <= van["stops"]["door"] + van["stops"]["on_foot"]
    passable = {name: bands["free"] + bands["squeezed"] for name, bands in km.items()}
    assert passable["kei"] >= passable["hiace"] >= passable["van"]
    assert passable["kei"] > passable["van"]


def test_an_osmnx_graph_goes_to_a_plan(shared_data: Path) -> None:
    """Protects osmnx users: a saved, simplified graph with lists in its attributes goes through to a plan."""
    streets = fp.Streets.from_file(shared_data / "osm" / "tachikawa.graphml.gz")
    document = plan_city(streets, n=15)
    assert all(fleet["stops"]["total"] == 15 for fleet in document["fleets"].values())
