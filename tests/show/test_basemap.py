"""The packed streets: exact on their grid, small, and merged without changing what is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetplan.show.basemap import (
    TOLERANCE_M,
    base_layer,
    merged_lines,
    street_names,
    stretches_in,
)
from fleetplan.show.packing import pack_lines, unpack_lines
from fleetplan.study.result import StudyResult
from tests.show import worlds
from tests.towns import town

places = st.tuples(st.floats(-180, 180), st.floats(-85, 85))


def arrays(line: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([x for x, _ in line]), np.array([y for _, y in line])


@given(st.lists(st.lists(places, max_size=6), max_size=5))
def test_packing_round_trip(lines: list[list[tuple[float, float]]]) -> None:
    """Unpacked lines are the packed ones to half a grid step, less vertices that repeat on the grid."""
    text = pack_lines(arrays(line) for line in lines)
    back = unpack_lines(text)
    assert text.isascii()
    assert len(back) == len(lines)
    for line, (lon, lat) in zip(lines, back, strict=True):
        grid = [(round(x / 1e-5), round(y / 1e-5)) for x, y in line]
        kept = [place for i, place in enumerate(grid) if i == 0 or place != grid[i - 1]]
        assert [(round(x / 1e-5), round(y / 1e-5)) for x, y in zip(lon, lat, strict=True)] == kept


def test_packed_text_of_the_format_s_own_example() -> None:
    """The published example of the encoded polyline format, after its leading count of three vertices."""
    text = pack_lines([(np.array([-120.2, -120.95, -126.453]), np.array([38.5, 40.7, 43.252]))])
    assert text == "E" + "_p~iF~ps|U_ulLnnqC_mqNvxq`@"


def test_straight_street_in_pieces_becomes_one_line() -> None:
    """Three stretches in a row become one line with two ends, for nothing is seen of their joints."""
    nodes = {
        "a": (0.0, 0.0),
        "b": (100.0, 0.0),
        "c": (200.0, 0.0),
        "d": (300.0, 0.0),
        "e": (100.0, 80.0),
        "f": (200.0, 80.0),
    }
    ways = [("a b c d", {"highway": "residential"}), ("b e", {"highway": "primary"}), ("c f", {"highway": "primary"})]
    streets = town(nodes=nodes, ways=ways)
    rows = np.flatnonzero(streets.stretches.highway == 12)
    assert len(rows) == 3
    lines = merged_lines(streets, rows)
    assert [len(lon) for lon, _ in lines] == [2]


def test_simplification_stays_within_its_tolerance(helsinki_study: StudyResult) -> None:
    """Every vertex of the city lies within the tolerance and a grid step of a drawn line of its class."""
    import shapely

    streets = helsinki_study.streets
    rows = np.flatnonzero((streets.stretches.highway == 12) & (streets.stretches.service == 0))
    scale = np.array([111_195 * np.cos(np.radians(60.17)), 111_195])
    lines = unpack_lines(pack_lines(merged_lines(streets, rows)))
    drawn = shapely.multilinestrings([shapely.linestrings(np.column_stack(line) * scale) for line in lines])
    vertices = np.concatenate([np.column_stack(streets.stretches.line(int(row))) for row in rows]) * scale
    away = shapely.distance(shapely.points(vertices), drawn)
    assert away.max() < TOLERANCE_M + 1.2


def test_larger_streets_lie_on_top() -> None:
    """Classes come back to front, so that a primary road is not crossed out by an alley."""
    streets = worlds.small_town()
    assert [entry["class"] for entry in base_layer(streets)] == ["path", "local", "tertiary"]


def test_names_are_read_from_left_to_right() -> None:
    """A street drawn from east to west has its name upright, at its middle."""
    streets = town(
        nodes={"a": (0.0, 0.0), "b": (100.0, 0.0), "c": (0.0, 100.0)},
        ways=[("b a", {"highway": "residential", "name": "Main"}), ("a c", {"highway": "residential"})],
    )
    [[text, lat, lon, angle, length]] = street_names(streets)
    assert (text, angle, length) == ("Main", 0, pytest.approx(100, abs=1))
    assert (lat, lon) == (pytest.approx(60.17), pytest.approx(24.9409, abs=1e-4))


def test_the_city_is_small(helsinki_study: StudyResult) -> None:
    """All streets and paths of the bundled city take less than 30 kB."""
    assert sum(len(entry["lines"]) for entry in base_layer(helsinki_study.streets)) < 30_000


def test_a_box_cuts_the_city(helsinki_study: StudyResult) -> None:
    """With a box only stretches that touch it are drawn: as many as a look at every vertex's extent finds."""
    streets = helsinki_study.streets
    west, south, east, north = streets.bounds
    box = (west, south, (west + east) / 2, (south + north) / 2)
    expected = []
    for row in range(len(streets.stretches)):
        lon, lat = streets.stretches.line(row)
        expected.append(lon.min() <= box[2] and lon.max() >= box[0] and lat.min() <= box[3] and lat.max() >= box[1])
    assert stretches_in(streets, box).tolist() == expected
    assert 0 < len(street_names(streets, box=box)) < len(street_names(streets))
    whole, part = base_layer(streets), base_layer(streets, box=box)
    assert sum(len(entry["lines"]) for entry in part) < 0.6 * sum(len(entry["lines"]) for entry in whole)
