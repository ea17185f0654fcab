"""Scenario files: what is read, and that every fault is told at once with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fleetplan.errors import InputError
from fleetplan.resources import data_path
from fleetplan.scenario import absent_files, parse_scenario, read_scenario


def document(**changes: Any) -> dict[str, Any]:
    """A small sound scenario, with changes."""
    base: dict[str, Any] = {
        "schema": "fleetplan.scenario/1",
        "city": {"file": "helsinki"},
        "depot": {"lat": 60.17, "lon": 24.94},
        "stops": {"sample": 5},
        "fleets": {"kei": [{"type": "kei-van"}]},
    }
    base.update(changes)
    return base


def faults_of(content: dict[str, Any]) -> dict[str, str]:
    """Field → message of the faults of a document."""
    with pytest.raises(InputError) as caught:
        parse_scenario(content, where="s.toml")
    return {fault.field: fault.message for fault in caught.value.faults}


def test_bundled_demo_scenario_is_sound() -> None:
    """Protects the demo: its scenario file passes the checks that users' files pass."""
    scenario = read_scenario(data_path("helsinki.toml"))
    assert set(scenario.fleets) == {"kei", "van", "mixed"}
    assert scenario.shift.start == 8 * 3600


def test_defaults_are_those_of_the_documentation() -> None:
    """Protects the stated defaults: 150 m, quantile 0.5, clearance, 15 min, three trips, hours of the cost pack."""
    scenario = parse_scenario(document(), where="s.toml")
    assert (scenario.max_walk_m, scenario.width_quantile, scenario.ordinance) == (150.0, 0.5, "clearance")
    assert (scenario.depot.reload_min, scenario.depot.max_trips) == (15.0, 3)
    assert (scenario.shift.max_h, scenario.shift.paid_min_h) == (None, None)


def test_all_faults_are_told_at_once() -> None:
    """Protects against mending one fault at a time: five mistakes give five faults, each at its own path."""
    fields = faults_of(
        document(
            depot={"lat": 160.0, "lon": 24.9},
            shift={"start": "25:99", "end": "18:00"},
            effort="heroic",
            max_walk_m=float("nan"),
            colour="red",
        )
    )
    assert {"depot.lat", "shift.start", "max_walk_m", "colour"} <= set(fields)
    assert any(field.startswith("effort") for field in fields)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"fleets": {}}, "fleets"),
        ({"fleets": {"kei": []}}, "fleets.kei"),
        ({"fleets": {"kei": [{"type": "kei-van", "max": 0}]}}, "fleets.kei.0.max"),
        ({"city": {}}, "city"),
        ({"stops": {"file": "a.csv", "sample": 3}}, "stops"),
        ({"width_quantile": 0.99}, "width_quantile"),
        ({"shift": {"start": "10:00", "end": "09:00"}}, "shift"),
        ({"schema": "fleetplan.scenario/9"}, "schema"),
        ({"seed": -1}, "seed"),
    ],
)
def test_each_fault_names_its_place(changes: dict[str, Any], field: str) -> None:
    """Protects the address of a fault: the path of the key that is wrong."""
    assert field in faults_of(document(**changes))


def test_an_unknown_baseline_is_a_fault() -> None:
    """Protects differences: they cannot refer to a fleet that is not there."""
    assert any("baseline" in message for message in faults_of(document(baseline="vans")).values())


def test_absent_files_are_named_with_their_key(tmp_path: Path) -> None:
    """Protects against a traceback where a file is missing: each absent file is a fault at its key."""
    scenario = parse_scenario(
        document(city={"file": "no.osm.pbf"}, stops={"file": "no.csv"}, vehicles={"file": "no.toml"}), where="s.toml"
    )
    fields = [fault.field for fault in absent_files(scenario, tmp_path, where="s.toml")]
    assert fields == ["city.file", "stops.file", "vehicles.file"]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"seed = ", "scenario.toml"), (b"\xff\xfe\x00", "scenario.encoding"), (None, "scenario.unreadable")],
)
def test_unreadable_files_are_clear_faults(tmp_path: Path, content: bytes | None, code: str) -> None:
    """Protects the first thing a user gets wrong: a broken, binary or absent file is one clear fault."""
    path = tmp_path / "s.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_scenario(path)
    assert [fault.code for fault in caught.value.faults] == [code]


def test_new_keys_are_read_in_seconds_and_names() -> None:
    """Protects the keys of trips, docks, rests and limits of a day, as the documentation writes them."""
    scenario = parse_scenario(
        document(
            depot={"lat": 60.17, "lon": 24.94, "docks": 2},
            fleets={"kei": [{"type": "kei-van", "shift": ["09:00", "15:00"], "max_span_h": 5, "max_stops": 40}]},
            rest_rules="DE",
            rests=[{"minutes": 20, "window": ["10:00", "11:30"], "after_h": 4, "paid": True}],
            driving_rule={"limit_h": 4.5, "rest_min": 45},
        ),
        where="s.toml",
    )
    (entry,) = scenario.fleets["kei"]
    assert (entry.shift, entry.max_span_h, entry.max_stops) == ((9 * 3600, 15 * 3600), 5.0, 40)
    assert (scenario.depot.docks, scenario.rest_rules) == (2, ("DE",))
    assert scenario.rests[0].window == (10 * 3600, 11 * 3600 + 1800)
    assert scenario.driving_rule is not None and scenario.driving_rule.limit_h == 4.5


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"depot": {"lat": 60.17, "lon": 24.94, "docks": 0}}, "depot.docks", "greater than or equal to 1"),
        ({"fleets": {"kei": [{"type": "kei-van", "max_stops": 0}]}}, "fleets.kei.0.max_stops", "greater"),
        ({"fleets": {"kei": [{"type": "kei-van", "max_span_h": 0}]}}, "fleets.kei.0.max_span_h", "greater"),
        ({"fleets": {"kei": [{"type": "kei-van", "shift": ["15:00", "09:00"]}]}}, "fleets.kei.0.shift", "end after"),
        ({"fleets": {"kei": [{"type": "kei-van", "shift": ["07:00", "15:00"]}]}}, "", "reaches beyond [shift]"),
        ({"rests": [{"minutes": 0}]}, "rests.0.minutes", "greater than 0"),
        ({"rests": [{"minutes": 10, "window": ["12:00", "11:00"]}]}, "rests.0.window", "end after"),
        ({"rests": [{"minutes": 10, "window": ["19:00", "20:00"]}]}, "", "misses the shift"),
        ({"driving_rule": {"limit_h": 4}}, "driving_rule.rest_min", "Field required"),
        ({"rest_rules": [""]}, "rest_rules.0", "at least 1 character"),
    ],
)
def test_slips_in_the_new_keys_are_told(changes: dict[str, Any], field: str, words: str) -> None:
    """Protects against silent nonsense: each slip is a fault at its key."""
    faults = faults_of(document(**changes))
    assert list(faults) == [field]
    assert words in faults[field]
