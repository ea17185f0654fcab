"""Several places from which a stop may be served, in towns worked by hand and in the bundled city."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fleetplan.city.streets import Streets
from fleetplan.fleet.catalogue import vehicle
from fleetplan.routing import alternatives
from fleetplan.routing.alternatives import ALONG, LEAST, MOST_WAYS, OPEN, OTHER
from fleetplan.routing.reach import Reach, reach_of
from tests.routing.builders import KEI, STREET, VAN, plain_town, reach
from tests.routing.test_reach import stops_of
from tests.routing.test_walking import alley, length_m

DEPOT = (20, 0)


def ways(found: Reach, stop: int) -> list[tuple[int, float]]:
    """Source and metres of each way to a stop."""
    rows = slice(found.way_start[stop], found.way_start[stop + 1])
    return [
        (int(source), round(float(walk_m)))
        for source, walk_m in zip(found.way_source[rows], found.way_walk_m[rows], strict=True)
    ]


def test_in_the_alley_or_at_its_mouth() -> None:
    """20 m down the tight dead end: at the door, or from the street's corner with 20 m on foot."""
    found = reach(alley(), KEI, DEPOT, (100, -20))
    assert [walk_m for _, walk_m in ways(found, 0)] == [0, 20]
    door, mouth = (point for point, _ in found.ways(0))
    assert (found.band_at(door), found.band_at(mouth)) == ("squeezed", "free")
    walk = found.walk(0, 1)
    assert walk.distance_m == pytest.approx(20, abs=0.1)
    assert (walk.lat[0], walk.lon[0]) == (found.points[mouth].lat, found.points[mouth].lon)


def test_a_walk_longer_than_it_saves_is_left_out() -> None:
    """97 m down, the walk there and back takes 162 s at 1.2 m/s; the mouth saves 160 s at most.

    That is 41 s to drive in, 57 s to turn and drive out, 30 s of parking that is dearer in the alley, and a fourth.
    """
    found = reach(alley(), KEI, DEPOT, (100, -97))
    first = int(found.stop_point[0])
    assert ways(found, 0) == [(LEAST, 0)]
    assert len(found.points) == 2
    assert first == 1


def test_a_heavy_load_is_not_carried_from_the_mouth() -> None:
    """The same 20 m made five times there and back take longer than driving in."""
    lat, lon = _places((100, -20))
    kwargs = {"lat": lat, "lon": lon, "depot": (_places(DEPOT)[0][0], _places(DEPOT)[1][0])}
    once = reach_of(alley(), KEI, **kwargs, rounds=np.array([1]))
    often = reach_of(alley(), KEI, **kwargs, rounds=np.array([5]))
    assert (len(once.way_point), len(often.way_point)) == (2, 1)


def test_a_neighbours_place_along_the_street() -> None:
    """Doors 5 m beside the street every 20 m: each may be served from its neighbours' places with 20 m more on foot."""
    found = reach(alley(), KEI, DEPOT, (40, 5), (60, 5), (80, 5))
    assert [ways(found, stop) for stop in range(3)] == [
        [(LEAST, 5), (ALONG, 25)],
        [(LEAST, 5), (ALONG, 25), (ALONG, 25)],
        [(LEAST, 5), (ALONG, 25)],
    ]
    assert len(found.points) == 4, "no place of its own for that"
    walk = found.walk(0, 1)
    assert length_m(walk.lon, walk.lat) == pytest.approx(25, abs=0.1)
    assert (walk.lat[0], walk.lon[0]) == (found.points[2].lat, found.points[2].lon)


def test_what_cannot_enter_has_the_mouth_only() -> None:
    """The van walks from the corner to both stops in the alley: one way each, one shared place."""
    found = reach(alley(), VAN, DEPOT, (100, -20), (100, -60))
    assert [ways(found, stop) for stop in range(2)] == [[(LEAST, 20)], [(LEAST, 60)]]
    assert found.stop_point.tolist() == [1, 1]


def test_another_street_within_the_walk() -> None:
    """A corner stop 10 m from one street and 12 m from the other may be served from both."""
    nodes = {"A": (0, 0), "X": (100, 0), "B": (200, 0), "N": (100, 100)}
    town = plain_town(nodes=nodes, ways=[("A X B", {**STREET, "name": "Long"}), ("X N", {**STREET, "name": "Side"})])
    found = reach(town, KEI, DEPOT, (112, 10))
    assert ways(found, 0)[0] == (LEAST, 10)
    assert (OTHER, 12) in ways(found, 0)


def test_refused_stops_have_no_way() -> None:
    """Beyond the permitted walk there is no way, and asking for one is an error."""
    found = reach(alley(), VAN, DEPOT, (100, -90), (50, 0), max_walk_m=50)
    assert found.ways(0) == []
    assert len(found.ways(1)) == 1
    with pytest.raises(ValueError, match="not served"):
        found.walk(0)
    with pytest.raises(ValueError, match="not served"):
        found.walk(1, 1)


def _places(*places: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    from tests.towns import lat_lon

    pairs = np.array([lat_lon(*place) for place in places])
    return pairs[:, 0], pairs[:, 1]


@pytest.fixture(scope="module")
def helsinki(helsinki_path: Path) -> Streets:
    """The bundled city."""
    return Streets.from_file(helsinki_path)


def both(city: Streets, name: str, *, n: int, seed: int) -> tuple[Reach, Reach]:
    """Reach with the least walks only, and with several ways."""
    lat, lon = stops_of(city, n, seed=seed)
    kwargs = {"lat": lat, "lon": lon, "depot": (60.1675, 24.9427), "max_walk_m": 200.0}
    return tuple(reach_of(city, vehicle(name), **kwargs, several=several) for several in (False, True))  # type: ignore[return-value, arg-type]


@pytest.mark.parametrize("name", ["kei-van", "full-size-van"])
@pytest.mark.parametrize("seed", [1, 2])
def test_several_ways_only_add_to_the_least_walks(helsinki: Streets, name: str, seed: int) -> None:
    """The least walks, their places and the table between them stay what they are; further ways keep all limits."""
    plain, found = both(helsinki, name, n=120, seed=seed)
    size = len(plain.points)
    assert plain.points == found.points[:size]
    assert np.array_equal(plain.table.time_s, found.table.time_s[:, :size, :size])
    assert np.array_equal(plain.stop_point, found.stop_point)
    assert np.array_equal(plain.walk_m, found.walk_m)
    assert plain.heading_s == pytest.approx(found.heading_s[:size])
    assert size < len(found.points) <= 2.5 * 120 + 1
    assert sorted({0, *found.way_point.tolist()}) == list(range(len(found.points)))
    for stop in range(120):
        met = found.ways(stop)
        assert (met == []) == (plain.stop_point[stop] < 0)
        assert len({point for point, _ in met}) == len(met) <= MOST_WAYS
        assert all(walk_m <= 200.0 for _, walk_m in met)
        assert [walk_m for _, walk_m in met] == sorted(walk_m for _, walk_m in met)


def test_walks_lead_from_the_chosen_place_to_the_door(helsinki: Streets) -> None:
    """Every way's line begins where the vehicle stands, ends at the door, and is as long as it says."""
    _, found = both(helsinki, "kei-van", n=120, seed=3)
    seen = set()
    for stop in range(120):
        for way, (point, walk_m) in enumerate(found.ways(stop)):
            walk = found.walk(stop, way)
            place = found.points[point]
            assert (walk.lat[0], walk.lon[0]) == (place.lat, place.lon)
            assert walk.lat[-1] == found.stop_lat[stop]
            assert walk.distance_m == walk_m
            # Stops within a metre of each other share a place, and lengths on the map are rounded.
            assert length_m(walk.lon, walk.lat) == pytest.approx(walk_m, abs=2.5)
            seen.add(int(found.way_source[found.way_start[stop] + way]))
    assert seen == {LEAST, OPEN, OTHER, ALONG}


def test_tables_stay_within_their_limit(helsinki: Streets, monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for ten more places than the least walks need, the shortest extra walks get them."""
    plain, _ = both(helsinki, "kei-van", n=120, seed=1)
    monkeypatch.setattr(alternatives, "MOST_POINTS", len(plain.points) - 1 + 10)
    _, found = both(helsinki, "kei-van", n=120, seed=1)
    assert len(plain.points) < len(found.points) <= len(plain.points) + 10


@pytest.mark.parametrize("most", [6000, 125])
def test_the_order_of_stops_changes_nothing(helsinki: Streets, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """The same stops in another order have the same points, table and ways, at the tables' limit too."""
    monkeypatch.setattr(alternatives, "MOST_POINTS", most)
    lat, lon = stops_of(helsinki, 120, seed=5)
    order = np.random.default_rng(1).permutation(120)
    one, other = (
        reach_of(helsinki, vehicle("kei-van"), lat=lat[rows], lon=lon[rows], depot=(60.1675, 24.9427), max_walk_m=200.0)
        for rows in (np.arange(120), order)
    )
    assert one.points == other.points
    assert np.array_equal(one.table.time_s, other.table.time_s)
    assert np.array_equal(one.heading_s, other.heading_s)
    assert [one.ways(int(stop)) for stop in order] == [other.ways(stop) for stop in range(120)]
