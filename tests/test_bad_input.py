"""Bad input through the command: each fault is clear, all are told at once, and nothing is half-written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fleetplan.cli import app

HEADER = "id,lat,lon,name,parcels,demand_kg,volume_m3,service_min,window_start,window_end\n"
GOOD = "a,60.1702,24.9405,Good,2,,,,,\n"
SCENARIO = """
schema = "fleetplan.scenario/1"
effort = 10
[city]
file = {city}
[depot]
lat = {lat}
lon = {lon}
[stops]
file = "stops.csv"
[fleets]
{fleets}
"""

Check = Callable[..., list[dict[str, str]]]


@pytest.fixture
def faults(tmp_path: Path) -> Check:
    """Run ``compare --json`` on a doctored scenario; give the faults after checking status and folder."""

    def check(
        rows: str = GOOD,
        *,
        city: str = "helsinki",
        lat: float = 60.17164,
        lon: float = 24.93854,
        fleets: str = 'kei = [{ type = "kei-van" }]',
    ) -> list[dict[str, str]]:
        (tmp_path / "stops.csv").write_text(HEADER + rows, encoding="utf-8")
        text = SCENARIO.format(city=json.dumps(city), lat=lat, lon=lon, fleets=fleets)
        (tmp_path / "s.toml").write_text(text, encoding="utf-8")
        before = sorted(path.name for path in tmp_path.rglob("*"))
        outcome = CliRunner().invoke(
            app, ["compare", str(tmp_path / "s.toml"), "-o", str(tmp_path / "out"), "--json"], catch_exceptions=False
        )
        assert outcome.exit_code == 2, outcome.output
        assert sorted(path.name for path in tmp_path.rglob("*")) == before, "something was written"
        found: list[dict[str, str]] = json.loads(outcome.stdout)["faults"]
        assert found
        for fault in found:
            assert set(fault) == {"code", "where", "field", "message", "remedy"}
            assert fault["message"]
            assert fault["remedy"]
        return found

    return check


@pytest.mark.parametrize(
    ("row", "field", "words"),
    [
        ("b,61.5,24.94,Far,1,,,,,\n", "lat", "outside"),
        ("b,24.94,60.17,Swapped,1,,,,,\n", "lat", "swapped"),
        ("a,60.1703,24.9406,Twin,1,,,,,\n", "id", "a"),
        ("b,60.1703,24.9406,Minus,-1,,,,,\n", "parcels", "-1"),
        ("b,60.1703,24.9406,Minus,1,-5,,,,\n", "demand_kg", "-5"),
        ("b,nan,24.9406,Nowhere,1,,,,,\n", "lat", ""),
        ("b,60.1703,24.9406,Heavy,1,9000,,,,\n", "demand_kg", "largest"),
        ("b,60.1703,24.9406,Early,1,,,,05:00,06:00\n", "window", "shift"),
        ("b,60.1703,24.9406,Clock,1,,,,9 am,10:00\n", "window_start", ""),
    ],
)
def test_a_faulty_stop_is_named(faults: Check, row: str, field: str, words: str) -> None:
    """Protects users' stops files: the fault names file, row or stop, and field."""
    found = faults(GOOD + row)
    assert any(field in fault["field"] and words in fault["message"] for fault in found), found
    assert any("stops.csv" in fault["where"] for fault in found)


def test_all_faults_of_a_stops_file_come_at_once(faults: Check) -> None:
    """Protects against mending one fault at a time: four faulty rows give at least four faults."""
    found = faults(
        GOOD
        + "b,nan,24.94,,1,,,,,\n"
        + "c,60.17,24.94,,-3,,,,,\n"
        + "a,60.17,24.94,,1,,,,,\n"
        + "d,60.17,24.94,,1,,,,zz,\n"
    )
    assert len(found) >= 4


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"city": "absent.osm.pbf"}, "scenario.absent_file"),
        ({"lat": 24.93854, "lon": 60.17164}, "depot.swapped"),
        ({"lat": 10.0}, "depot.outside"),
        ({"fleets": "kei = []"}, "scenario"),
        ({"fleets": 'kei = [{ type = "kay-van" }]'}, "vehicle"),
    ],
)
def test_a_faulty_scenario_is_named(faults: Check, changes: dict[str, Any], code: str) -> None:
    """Protects scenario files: absent city, depot elsewhere, empty fleet and unknown vehicle are each a clear fault."""
    found = faults(**changes)
    assert any(fault["code"].startswith(code) for fault in found), found


def test_an_unknown_vehicle_is_told_with_its_neighbours(faults: Check) -> None:
    """Protects against guessing names: a misspelt vehicle brings up the one that was meant."""
    found = faults(fleets='kei = [{ type = "kay-van" }]')
    assert any("kei-van" in fault["message"] + fault["remedy"] for fault in found)


@pytest.mark.parametrize("content", [b"", b"not a map at all", b"\x00\x00\x00\x0d\x0a\x09OSMHeader"])
def test_a_broken_city_file_is_named(faults: Check, tmp_path: Path, content: bytes) -> None:
    """Protects against tracebacks from the reader: an empty, foreign or truncated extract is one clear fault."""
    (tmp_path / "city.osm.pbf").write_bytes(content)
    found = faults(city="city.osm.pbf")
    assert any("city.osm.pbf" in fault["where"] for fault in found), found


def test_a_city_without_a_drivable_street_is_named(faults: Check, tmp_path: Path) -> None:
    """Protects against an empty plan: footways alone are no city to drive in."""
    nodes = "".join(f'<node id="{i}" lat="60.17{i}" lon="24.94{i}" version="1"/>' for i in (1, 2))
    way = '<way id="9" version="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="footway"/></way>'
    (tmp_path / "foot.osm").write_text(f'<osm version="0.6">{nodes}{way}</osm>', encoding="utf-8")
    found = faults(city="foot.osm")
    assert [fault["code"] for fault in found] == ["city.no_street"]


def test_earlier_results_stay_whole_when_a_run_fails(faults: Check, tmp_path: Path) -> None:
    """Protects yesterday's answer: a run with faults leaves the files of an earlier one as they were."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "comparison.json").write_text("yesterday", encoding="utf-8")
    faults(GOOD + "b,nan,24.94,,1,,,,,\n")
    assert (out / "comparison.json").read_text(encoding="utf-8") == "yesterday"
