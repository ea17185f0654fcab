"""Reach in the bundled city: paths equal the table, everything is reachable, and it is quick."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path
from weakref import ref

import numpy as np
import pytest

from fleetplan.city.classes import AccessTag
from fleetplan.city.streets import Streets
from fleetplan.fleet.catalogue import vehicle
from fleetplan.routing.access import decide_access
from fleetplan.routing.lines import lines_of, piece
from fleetplan.routing.reach import Reach, reach_of, street_km_of
from fleetplan.routing.seams import AccessRules
from fleetplan.routing.topology import topology_of
from fleetplan.routing.verifying import verify_paths
from fleetplan.travel import UNREACHABLE

TYPES = ("kei-van", "full-size-van")


@pytest.fixture(scope="module")
def helsinki(helsinki_path: Path) -> Streets:
    """The bundled city."""
    return Streets.from_file(helsinki_path)


def stops_of(streets: Streets, n: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Latitudes and longitudes of places some metres beside drivable streets."""
    rng = np.random.default_rng(seed)
    rows = rng.choice(np.flatnonzero(streets.stretches.drivable), size=n)
    lon = np.empty(n)
    lat = np.empty(n)
    for i, row in enumerate(rows):
        along = float(rng.random())
        x, y = piece(streets, lines_of(streets), int(row), along, along)
        lon[i], lat[i] = x[0], y[0]
    return lat + rng.normal(0, 1e-4, n), lon + rng.normal(0, 1e-4, n)


@pytest.fixture(scope="module")
def reaches(helsinki: Streets) -> dict[str, Reach]:
    """Reach of both vans for 80 stops."""
    lat, lon = stops_of(helsinki, 80, seed=4)
    depot = (60.1675, 24.9427)
    return {name: reach_of(helsinki, vehicle(name), lat=lat, lon=lon, depot=depot) for name in TYPES}


@pytest.mark.parametrize("name", TYPES)
def test_every_pair_is_reachable(reaches: dict[str, Reach], name: str) -> None:
    """All points lie in one strongly connected part: no unreachable entry, and nothing but the diagonal is 0."""
    found = reaches[name]
    assert (found.table.time_s != UNREACHABLE).all()
    assert (found.table.time_s >= 0).all()
    # Two points at one junction, each on a street of its own, lie 0 m apart.
    far = np.array(
        [
            len(set(p.headings) & set(q.headings)) == 0 and (p.lat, p.lon) != (q.lat, q.lon)
            for p in found.points
            for q in found.points
        ]
    )
    assert (found.table.distance_m[0].reshape(-1)[far] > 0).all()


@pytest.mark.parametrize("name", TYPES)
def test_paths_have_the_times_of_the_table(helsinki: Streets, reaches: dict[str, Reach], name: str) -> None:
    """400 random pairs: the path's time and length are the table's, and the independent checker agrees."""
    found = reaches[name]
    rng = np.random.default_rng(1)
    pairs = rng.integers(0, len(found.points), (400, 2)).tolist()
    paths = [found.path(i, j) for i, j in pairs]
    table = [(int(found.table.time_s[0, i, j]), int(found.table.distance_m[0, i, j])) for i, j in pairs]
    assert [((p.time_ms + 500) // 1000, (p.distance_dm + 5) // 10) for p in paths] == table
    assert verify_paths(helsinki, vehicle(name), paths, times=table) == []


@pytest.mark.parametrize("name", TYPES)
def test_path_lines_join_the_points(reaches: dict[str, Reach], name: str) -> None:
    """The drawn line begins and ends at the points and is as long as the table says, within 1 %."""
    found = reaches[name]
    n = len(found.points)
    for i, j in [(0, n - 1), (n - 1, 0), (1, n // 2), (n // 2, 2)]:
        path = found.path(i, j)
        p, q = found.points[i], found.points[j]
        assert (path.lon[0], path.lat[0]) == pytest.approx((p.lon, p.lat))
        assert (path.lon[-1], path.lat[-1]) == pytest.approx((q.lon, q.lat))
        metres = np.hypot(np.diff(path.lon) * 111_320 * np.cos(np.radians(p.lat)), np.diff(path.lat) * 111_400).sum()
        assert metres == pytest.approx(path.distance_dm / 10, rel=0.01, abs=2)


def test_triangles_hold_up_to_turning_round(reaches: dict[str, Reach]) -> None:
    """No way over a third point is quicker than the direct one, but for the free choice of heading and rounding.

    A stop in between may be left in any heading, so a detour saves at most the turns of one U-turn and junction. Points
    on streets that serve only those who stop there are left out: over them a detour is a way that is no way through.
    """
    found = reaches["kei-van"]
    access = found.streets.edges.motor_access[[point.headings[0] for point in found.points]]
    through = ~np.isin(access, [AccessTag.DESTINATION, AccessTag.DELIVERY, AccessTag.CUSTOMERS])
    time_s = found.table.time_s[0].astype(np.int64)
    over = (time_s[:, through, None] + time_s[None, through, :]).min(axis=1)
    assert (time_s <= over + 120).all()
    assert np.median(time_s - over) <= 1


def test_kei_reaches_at_least_what_the_van_reaches(reaches: dict[str, Reach]) -> None:
    """Every stop's walk with the kei van is at most the walk with the full-size van."""
    kei, van = reaches["kei-van"], reaches["full-size-van"]
    assert (kei.walk_m <= van.walk_m).all()
    assert (kei.walk_m < van.walk_m).any()


def test_all_types_share_the_depot(reaches: dict[str, Reach]) -> None:
    """Both vans leave from the very same place."""
    kei, van = (reaches[name].points[0] for name in TYPES)
    assert (kei.stretch, kei.along) == (van.stretch, van.along)


def test_walks_stay_within_the_limit(reaches: dict[str, Reach]) -> None:
    """Served stops have a point and a walk within 150 m; refused ones have neither a point nor a silent reason."""
    for found in reaches.values():
        served = found.stop_point >= 0
        assert served.any()
        assert (found.walk_m[served] <= 150).all()
        assert (found.walk_m[~served] > 150).all()
        assert [refusal is None for refusal in found.refusals] == served.tolist()


def test_street_km_covers_the_city(helsinki: Streets, reaches: dict[str, Reach]) -> None:
    """The bands' kilometres add up to the city's drivable kilometres, and the van's free ones are fewer."""
    km = reaches["kei-van"].street_km()
    drivable = helsinki.stretches.length_m[helsinki.stretches.drivable].sum() / 1000
    assert sum(km.values()) == pytest.approx(drivable)
    assert km["free"] > reaches["full-size-van"].street_km()["free"]


def test_retimed_tours_are_never_quicker(reaches: dict[str, Reach]) -> None:
    """Keeping the heading can only cost time; on a random tour it adds little."""
    for found in reaches.values():
        order = [0, *np.random.default_rng(2).permutation(np.arange(1, len(found.points))).tolist(), 0]
        packed_ms = sum(found.path(a, b).time_ms for a, b in pairwise(order))
        driven_ms = sum(found.retime(order))
        assert packed_ms - 20 * len(order) <= driven_ms <= 1.15 * packed_ms


def test_same_answer_twice(helsinki: Streets, reaches: dict[str, Reach]) -> None:
    """Two runs give the same points and tables."""
    first = reaches["kei-van"]
    again = reach_of(helsinki, vehicle("kei-van"), lat=first.stop_lat, lon=first.stop_lon, depot=(60.1675, 24.9427))
    assert again.points == first.points
    assert np.array_equal(again.packed, first.packed)


def test_lower_quantile_closes_more(helsinki: Streets, reaches: dict[str, Reach]) -> None:
    """Deciding by the pessimistic end of each pinch leaves the van fewer free streets."""
    careful = decide_access(helsinki, vehicle("full-size-van"), AccessRules(width_quantile=0.1))
    assert street_km_of(helsinki, careful)["free"] < reaches["full-size-van"].street_km()["free"]


def test_quick_enough_for_a_day(helsinki: Streets) -> None:
    """80 stops of the bundled city take well under 3 s per vehicle even on a busy machine."""
    lat, lon = stops_of(helsinki, 80, seed=5)
    start = time.perf_counter()
    reach_of(helsinki, vehicle("kei-van"), lat=lat, lon=lon, depot=(60.1675, 24.9427))
    assert time.perf_counter() - start < 3.0


def test_what_is_kept_per_city_goes_with_it(helsinki_path: Path) -> None:
    """Topology and lines are kept as long as their streets live, not longer."""
    streets = Streets.from_file(helsinki_path)
    kept = topology_of(streets)
    assert topology_of(streets) is kept
    gone = ref(streets)
    del streets
    assert gone() is None
