"""Travel tables between any places: known answers, the command, and what happens where there is no way."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fleetplan.cli import app
from fleetplan.fleet.catalogue import vehicle
from fleetplan.routing.matrix import travel_matrix
from fleetplan.routing.paths import trace_paths
from fleetplan.routing.verifying import verify_paths
from tests.routing.builders import KEI, ONE_WAY, STREET, VAN, plain_town
from tests.towns import lat_lon

SQUARE = {"A": (0.0, 0.0), "B": (200.0, 0.0), "C": (200.0, 200.0), "D": (0.0, 200.0)}


def places(*points: tuple[float, float]) -> dict[str, np.ndarray]:
    """Latitudes and longitudes of points in metres."""
    pairs = [lat_lon(*point) for point in points]
    return {"lat": np.array([lat for lat, _ in pairs]), "lon": np.array([lon for _, lon in pairs])}


def test_one_way_square_by_hand() -> None:
    """10 m/s round a one-way square of 800 m: 50 m on, and 750 m back; a place 20 m aside is moved to the street."""
    streets = plain_town(nodes=SQUARE, ways=[("A B C D A", ONE_WAY)])
    found = travel_matrix(streets, KEI, **places((50, -20), (100, 0)))
    assert found.time_s == pytest.approx(np.array([[0, 5], [75, 0]]), abs=0.01)
    assert found.distance_m == pytest.approx(np.array([[0, 50], [750, 0]]), abs=0.15)
    assert found.snap_m == pytest.approx([20, 0], abs=0.05)
    assert (found.lat[0], found.lon[0]) == pytest.approx(lat_lon(50, 0), abs=1e-7)


def test_dead_end_is_left_in_either_heading() -> None:
    """Unlike for stops, leaving a dead end costs no turning round: 50 m out of it, 30 m on, 2 s for the near turn."""
    nodes = {"A": (0, 0), "X": (100, 0), "B": (200, 0), "D": (100, -100)}
    streets = plain_town(nodes=nodes, ways=[("A X", STREET), ("X B", STREET), ("X D", STREET)])
    found = travel_matrix(streets, KEI, **places((100, -50), (130, 0)))
    assert found.time_s[0, 1] == pytest.approx(10.0, abs=0.01)


def test_a_place_without_a_street_near_has_no_ways() -> None:
    """400 m from any street there is no row and no column, and the other places keep theirs."""
    streets = plain_town(nodes=SQUARE, ways=[("A B C D A", STREET), ("A C", STREET)])
    found = travel_matrix(streets, KEI, **places((50, 0), (100, -400), (100, 0)))
    assert np.isnan(found.time_s[1]).all()
    assert np.isnan(found.time_s[:, 1]).all()
    assert found.time_s[0, 2] == pytest.approx(5.0, abs=0.01)
    assert found.stretch[1] == -1
    assert found.snap_m[1] == np.inf


@pytest.mark.parametrize("broken", [(np.nan, 24.94), (60.17, np.nan), (np.inf, 24.94), (95.0, 500.0)])
def test_coordinates_that_are_none_have_no_ways(broken: tuple[float, float]) -> None:
    """Not a number, infinite, beyond the poles: no row and no column, and the other place keeps its own."""
    streets = plain_town(nodes=SQUARE, ways=[("A B C D A", STREET), ("A C", STREET)])
    lat, lon = lat_lon(50, 0)
    found = travel_matrix(streets, KEI, lat=np.array([broken[0], lat]), lon=np.array([broken[1], lon]))
    assert np.isnan(found.time_s).tolist() == [[True, True], [True, False]]
    assert found.stretch[0] == -1


def test_no_place_and_one_place() -> None:
    """An empty table and a table of one zero are tables too."""
    streets = plain_town(nodes=SQUARE, ways=[("A B C D A", STREET), ("A C", STREET)])
    assert travel_matrix(streets, KEI, lat=np.array([]), lon=np.array([])).time_s.shape == (0, 0)
    assert travel_matrix(streets, KEI, **places((50, 0))).time_s.tolist() == [[0.0]]


def test_ways_of_a_city_pass_the_checker(helsinki_path: Path) -> None:
    """300 random pairs of the bundled city: the traced paths are sound and have the table's times and lengths."""
    from fleetplan.city.streets import Streets

    streets, kind = Streets.from_file(helsinki_path), vehicle("full-size-van")
    rng, table = np.random.default_rng(5), Streets.from_file(helsinki_path).stretches
    row = rng.choice(np.flatnonzero(table.drivable), 60)
    vertex = table.line_start[row]
    found = travel_matrix(streets, kind, lat=table.line_lat[vertex], lon=table.line_lon[vertex])
    points = found.points(streets)
    pairs = rng.integers(0, len(points), (300, 2))
    packed = found.packed[pairs[:, 0], pairs[:, 1]]
    paths = trace_paths(streets, found.network, found.headings, found.search, points, pairs, packed=packed)
    assert verify_paths(streets, kind, paths) == []
    there = np.flatnonzero(found.stretch >= 0)
    times = [found.time_s[there[a], there[b]] * 1000 for a, b in pairs]
    assert [path.time_ms for path in paths] == pytest.approx(times, abs=0.5)


def test_the_answer_is_that_vehicles() -> None:
    """A kei passes an alley of 2.5 m at walking pace, 220 m in all; a van drives 980 m round it."""
    nodes = {"A": (0, 0), "B": (200, 0), "C": (0, 400), "D": (200, 400)}
    ways = [("A B", STREET), ("A C", STREET), ("C D", STREET), ("D B", STREET)]
    streets = plain_town(nodes=nodes, ways=ways, widths={0: 2.5})
    where = places((0, 10), (200, 10))
    kei, van = (travel_matrix(streets, kind, **where) for kind in (KEI, VAN))
    assert kei.distance_m[0, 1] == pytest.approx(220, abs=0.2)
    assert van.distance_m[0, 1] == pytest.approx(980, abs=0.2)


def test_the_command_writes_every_pair(tmp_path: Path) -> None:
    """`fleetplan table` on the bundled city: n² rows in the order of the places, blank where there is no way."""
    (tmp_path / "p.csv").write_text("id,lat,lon\na,60.1699,24.9384\nb,60.1675,24.9427\nc,60.1710,24.9387\n")
    target = tmp_path / "t.csv"
    how = ["table", "helsinki", "--points", str(tmp_path / "p.csv"), "--vehicle", "kei-van", "-o", str(target)]
    answer = CliRunner().invoke(app, [*how, "--quiet"])
    assert answer.exit_code == 0, answer.output
    rows = list(csv.reader(target.read_text().splitlines()))
    assert rows[0] == ["from", "to", "time_s", "distance_m"]
    assert [tuple(row[:2]) for row in rows[1:]] == [(a, b) for a in "abc" for b in "abc"]
    assert rows[1][2:] == ["0.0", "0.0"]
    assert 60 < float(rows[2][2]) < 600


def test_the_command_names_an_unknown_vehicle(tmp_path: Path) -> None:
    """Exit status 2 and the name that is not in the catalogue; nothing is written."""
    (tmp_path / "p.csv").write_text("id,lat,lon\na,60.1699,24.9384\n")
    target = tmp_path / "t.csv"
    how = ["table", "helsinki", "--points", str(tmp_path / "p.csv"), "--vehicle", "tank", "-o", str(target)]
    answer = CliRunner().invoke(app, how)
    assert answer.exit_code == 2
    assert "tank" in answer.output
    assert not target.exists()
