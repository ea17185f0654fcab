"""The commands beside ``compare`` and ``demo``, each in a process of its own as users run them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import geopandas as gpd
import pytest

from tests.test_end_to_end import SCENARIO, fleetplan


@pytest.mark.parametrize("ending", ["csv", "gpkg"])
def test_streets_writes_bands_per_vehicle(tmp_path: Path, ending: str) -> None:
    """Protects the streets table: the interface's columns, and band, reason and speed for each vehicle."""
    name = f"out/streets.{ending}"
    done = fleetplan("streets", "helsinki", "-o", name, "--vehicles", "kei-van,full-size-van", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    if ending == "csv":
        with (tmp_path / name).open(encoding="utf-8", newline="") as file:
            columns = next(csv.reader(file))
    else:
        columns = list(gpd.read_file(tmp_path / name, rows=1).columns)
    base = "way_id u v highway oneway length_m width_m width_min_m width_lo_m width_hi_m road_width_m width_source"
    judged = "band_{0} reason_{0} speed_kph_{0}"
    wanted = " ".join([base, judged.format("kei-van"), judged.format("full-size-van")]).split()
    assert columns[: len(wanted)] == wanted


def test_streets_names_every_unknown_vehicle(tmp_path: Path) -> None:
    """Protects against mending one at a time: two misspelt vehicles are two faults, and nothing is written."""
    done = fleetplan("streets", "helsinki", "-o", "s.csv", "--vehicles", "foo,bar", cwd=tmp_path)
    assert done.returncode == 2
    assert "foo" in done.stderr
    assert "bar" in done.stderr
    assert not (tmp_path / "s.csv").exists()


def test_stops_are_drawn_by_seed(tmp_path: Path) -> None:
    """Protects samples: the same seed draws the same file, another seed another one."""
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        done = fleetplan("stops", "helsinki", "-n", "12", "--seed", seed, "-o", f"{name}.csv", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    texts = [(tmp_path / f"{name}.csv").read_text(encoding="utf-8") for name in "abc"]
    assert texts[0] == texts[1] != texts[2]
    assert len(texts[0].splitlines()) == 13


def test_vehicles_are_listed_with_whole_names(tmp_path: Path) -> None:
    """Protects what users type: in a narrow terminal every name is whole; with --json every figure has its source."""
    shown = fleetplan("vehicles", cwd=tmp_path)
    listed = json.loads(fleetplan("vehicles", "--json", cwd=tmp_path).stdout)
    assert {"kei-truck", "kei-van", "kei-van-electric", "small-van", "full-size-van", "full-size-van-electric"} <= set(
        listed
    )
    assert all(name in shown.stdout for name in listed)
    assert all(figure["source"] for vehicle in listed.values() for figure in vehicle["figures"].values())


def test_check_tells_what_each_vehicle_reaches(tmp_path: Path) -> None:
    """Protects the dry run: a sound scenario is told so with what each vehicle reaches, and nothing is made."""
    (tmp_path / "s.toml").write_text(SCENARIO, encoding="utf-8")
    done = fleetplan("check", "s.toml", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["faults"] == []
    assert set(document["types"]) == {"kei-van", "full-size-van"}
    assert [path.name for path in tmp_path.iterdir()] == ["s.toml"]


def test_a_folder_that_cannot_be_made_is_told_before_planning(tmp_path: Path) -> None:
    """Protects a long run's result: an output path below a file is a fault at once, with exit status 2."""
    (tmp_path / "s.toml").write_text(SCENARIO, encoding="utf-8")
    (tmp_path / "file").touch()
    done = fleetplan("compare", "s.toml", "-o", "file/out", "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert json.loads(done.stdout)["faults"][0]["code"] == "output.write"


def test_a_plan_file_that_is_none_is_a_fault(tmp_path: Path) -> None:
    """Protects verify: an absent file, foreign text and a foreign document are faults with exit status 2."""
    (tmp_path / "text.json").write_text("not json", encoding="utf-8")
    (tmp_path / "other.json").write_text("{}", encoding="utf-8")
    for name in ("absent.json", "text.json", "other.json"):
        done = fleetplan("verify", name, "--json", cwd=tmp_path)
        assert done.returncode == 2, name
        assert json.loads(done.stdout)["faults"], name
