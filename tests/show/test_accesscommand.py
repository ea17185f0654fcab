"""The access command, in this process: its JSON, its map, its faults, and the streets table beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from typer.testing import CliRunner

from fleetplan.cli import app


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fleetplan(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


def test_access_and_streets_tell_the_same(folder: Path) -> None:
    """Protects planners who work on in GIS: kilometres by band are those of the streets table for the same rules."""
    rules = ("--width-quantile", "0.3", "--country", "JP", "--ordinance", "law")
    names = ("full-size-van", "kei-van")
    done = fleetplan(
        "access", "helsinki", "--vehicle", names[0], "--against", names[1], "-o", "m/map.html", "--json", *rules
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert (folder / "m" / "map.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    for ending in ("csv", "gpkg"):
        done = fleetplan("streets", "helsinki", "-o", f"s.{ending}", "--vehicles", ",".join(names), *rules)
        assert done.exit_code == 0, done.stderr
    csv_text = (folder / "s.csv").read_bytes()
    assert csv_text.isascii()  # no spreadsheet can take it for another encoding
    table, layer = pd.read_csv(folder / "s.csv"), gpd.read_file(folder / "s.gpkg", layer="streets")
    assert layer.crs.to_epsg() == 4326
    assert list(layer.columns[:-1]) == list(table.columns)
    for name in names:
        assert (table[f"band_{name}"] == layer[f"band_{name}"]).all()
        km = table.groupby(f"band_{name}")["length_m"].sum() / 1000
        for band in ("free", "squeezed", "blocked_room"):  # footways are closed by law and no street of a vehicle
            assert document["types"][name]["street_km"][band] == pytest.approx(km.get(band, 0.0), abs=0.01)


def test_access_tells_every_fault(folder: Path) -> None:
    """Protects against mending one at a time, and against a map of a vehicle held against itself."""
    done = fleetplan("access", "helsinki", "--vehicle", "foo", "--against", "bar", "--json")
    assert done.exit_code == 2
    assert len(json.loads(done.stdout)["faults"]) == 2
    wrong = ("--ordinance", "maybe", "--width-quantile", "2")
    done = fleetplan("access", "helsinki", "--vehicle", "kei-van", "--against", "kei-van", *wrong)
    assert done.exit_code == 2
    assert "--ordinance" in done.stderr
    assert "--width-quantile" in done.stderr
    done = fleetplan("access", "helsinki", "--vehicle", "kei-van", "--against", "kei-van")
    assert done.exit_code == 2
    assert "two different vehicles" in done.stderr
