"""The campaign over tag values, small: every value of real cities, and 300 made-up ones per parser."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.campaigns.tags import PARSERS, Tally, mapped_values, run


@pytest.fixture(scope="module")
def tallies(helsinki_path: Path) -> dict[str, Tally]:
    """What became of the values."""
    return run(300, seed=20, mapped=sorted(mapped_values(helsinki_path.parent)))


@pytest.mark.parametrize("parser", [parser.name for parser in PARSERS])
def test_every_value_is_read_within_bounds_or_counted(tallies: dict[str, Tally], parser: str) -> None:
    """Never an exception, never a wrong unit; and the made-up values are neither all nonsense nor all sense."""
    tally = tallies[parser]
    assert tally.wrong == []
    assert tally.made_up == 300
    assert 0.02 < tally.unreadable / (tally.mapped + tally.made_up) < 0.95


def test_the_campaign_sees_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """A parser that takes feet for metres, and one that raises, are told."""
    monkeypatch.setattr("fleetplan.city.limits.parse_length_m", lambda text: float(text.strip("' ftmcin\"") or "nan"))
    monkeypatch.setattr("tests.campaigns.tags.PARSERS", [parser for parser in PARSERS if parser.name == "maxlength"])
    assert run(50, seed=1)["maxlength"].wrong


def test_made_up_values_are_the_same_each_time() -> None:
    """A campaign can be repeated by its seed."""
    for parser in PARSERS:
        one, two = (parser.make(random.Random(7)) for _ in range(2))
        assert one == two


def test_every_value_of_the_shared_extracts(shared_data: Path) -> None:
    """Tags of ways, nodes and restrictions of five cities, more than ten thousand distinct ones."""
    found = mapped_values(shared_data / "osm")
    assert len(found) > 10_000
    wrong = [line for tally in run(0, seed=1, mapped=sorted(found)).values() for line in tally.wrong]
    assert wrong == []
