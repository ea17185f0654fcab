"""Speed limits: numbers, units, named rules, lanes, directions and advice."""

from __future__ import annotations

import math

import pytest

from fleetplan.city.limits import advised_kph, implied_kph, speed_cases
from fleetplan.city.tags import read_street
from fleetplan.figures import UNPROVEN, bundled_figures
from tests.towns import edge_row, town

MPH = 1.609344


def limit(tags: dict[str, str], direction: str = "forward") -> tuple[float, list[tuple[str, str]]]:
    """The plain limit in a direction, and what was not understood."""
    unknown: list[tuple[str, str]] = []
    return speed_cases(tags, direction, unknown)[-1].value, unknown


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"maxspeed": "50"}, 50.0),
        ({"maxspeed": "30 mph"}, 30 * MPH),
        ({"maxspeed": "walk"}, 7.0),
        ({"maxspeed": "none"}, math.inf),
        ({"maxspeed": "none", "maxspeed:type": "DE:urban"}, math.inf),
        ({"maxspeed": "signals"}, math.inf),
        ({"maxspeed": "signals", "source:maxspeed": "FR:urban"}, 50.0),
        ({"maxspeed": "50; 40"}, 40.0),
        ({"maxspeed": "JP:urban"}, 60.0),
        ({"maxspeed": "DE:rural"}, 100.0),
        ({"maxspeed": "DE:motorway"}, math.inf),
        ({"maxspeed": "GB:nsl_single"}, 60 * MPH),
        ({"maxspeed": "gb:nsl_dual"}, 70 * MPH),
        ({"maxspeed": "DE:zone30"}, 30.0),
        ({"maxspeed": "DE:zone:20"}, 20.0),
        ({"maxspeed": "GB:zone20"}, 20 * MPH),
        ({"maxspeed": "FR:urban;30"}, 30.0),
        ({"maxspeed:type": "PT:urban"}, 50.0),
        ({"maxspeed:type": "sign"}, math.inf),
        ({"source:maxspeed": "massgis"}, math.inf),
        ({"source:maxspeed": "BE-VLG:rural"}, 70.0),
        ({"zone:maxspeed": "DE:30"}, 30.0),
        ({"zone:traffic": "FI:urban"}, 50.0),
        ({"maxspeed": "70", "source:maxspeed": "PT:urban"}, 70.0),
        ({"maxspeed": "70", "maxspeed:goods": "60"}, 60.0),
        ({"maxspeed": "70", "maxspeed:hgv": "60"}, 70.0),
        ({"maxspeed:lanes": "120|120|80"}, 120.0),
        ({"maxspeed": "100", "maxspeed:lanes": "120|120|80"}, 100.0),
    ],
)
def test_posted_and_implied_limits(tags: dict[str, str], expected: float) -> None:
    """A number wins over the rule it follows from; what names no limit leaves the class default."""
    value, unknown = limit(tags)
    assert value == pytest.approx(expected)
    assert not unknown


@pytest.mark.parametrize("text", ["fast", "FI:lunar", "XX:urban", "0", "-50", "500", "30 mhp", "50,000", "5O", ""])
def test_a_limit_that_cannot_be_read_is_counted(text: str) -> None:
    """Never a guess, never another unit."""
    value, unknown = limit({"maxspeed": text})
    assert (value, unknown) == (math.inf, [("maxspeed", text)])


def test_each_direction_has_its_limit_and_a_stretch_shows_the_faster_one() -> None:
    """Along 90, against 40; the tag of the direction wins over that of both."""
    nodes = {"a": (0.0, 0.0), "b": (100.0, 0.0)}
    tags = {"highway": "primary", "maxspeed": "70", "maxspeed:forward": "90", "maxspeed:backward": "40"}
    streets = town(nodes=nodes, ways=[("a b", {**tags, "maxspeed:advisory:backward": "20 mph"})])
    along, against = (edge_row(streets, nodes, *ends) for ends in ("ab", "ba"))
    assert streets.edges.maxspeed_kph[[along, against]].tolist() == [90.0, 40.0]
    assert streets.stretches.maxspeed_kph.tolist() == [90.0]
    assert streets.edges.advisory_kph[against] == pytest.approx(20 * MPH)
    assert math.isnan(streets.edges.advisory_kph[along])


def test_advice_is_kept_apart_from_limits() -> None:
    """It never becomes a limit, and nonsense in it is counted."""
    unknown: list[tuple[str, str]] = []
    assert advised_kph({"maxspeed:advisory": "45 mph"}, "forward", unknown) == pytest.approx(45 * MPH)
    assert math.isnan(advised_kph({"maxspeed:advisory": "slow"}, "forward", unknown))
    assert unknown == [("maxspeed:advisory", "slow")]
    assert limit({"maxspeed:advisory": "45"})[0] == math.inf


@pytest.mark.parametrize(
    ("tags", "column", "expected"),
    [
        ({"maxweight": "3.5"}, "maxweight_kg", 3500.0),
        ({"maxweight": "7.5", "maxweightrating": "3.5"}, "maxweight_kg", 3500.0),
        ({"maxweight": "3500"}, "maxweight_kg", math.nan),  # 3,500 tonnes: somebody meant kilograms
        ({"maxaxleload": "10"}, "maxaxleload_kg", 10_000.0),
        ({"maxlength": "30'"}, "maxlength_m", 9.144),
        ({"maxheight": "280"}, "maxheight_m", math.nan),
        ({"maxheight": "default"}, "maxheight_m", math.nan),
        ({"maxlength:psv": "9"}, "maxlength_m", math.nan),
    ],
)
def test_sizes_and_weights(tags: dict[str, str], column: str, expected: float) -> None:
    """Each in its unit, and nothing that only fits another one."""
    assert getattr(read_street({"highway": "residential", **tags}), column) == pytest.approx(expected, nan_ok=True)


def test_the_rules_of_countries_carry_their_confidence() -> None:
    """Speeds in plausible bounds, in one of two units, and none claimed as proven that nobody looked up."""
    figures = bundled_figures("speed-limits.toml")
    assert len(figures) > 100
    for key, figure in figures.items():
        assert figure.unit in ("km/h", "mph")
        assert 5 <= figure.value <= 140 or key == "DE.motorway"
        assert figure.confidence in UNPROVEN
        country, rule = key.split(".")
        assert implied_kph(f"{country}:{rule}") > 0
