"""Where vehicles stand for a stop, and the way on foot from there, in towns worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetplan.city.streets import Streets
from fleetplan.routing.reach import Reach
from tests.routing.builders import FOOTWAY, KEI, STREET, VAN, plain_town, reach
from tests.towns import LAT_M, LON_M, Point

NODES = {"A": (0, 0), "X": (100, 0), "B": (200, 0), "F": (100, 80), "G": (150, 80), "E": (100, -100)}


def court() -> Streets:
    """A street A-X-B, and a footway from X 80 m north to F and 50 m east to G."""
    return plain_town(nodes=NODES, ways=[("A X B", STREET), ("X F G", FOOTWAY)])


def alley() -> Streets:
    """A street A-X-B, and a dead-end alley of 2.5 m width from X 100 m south to E."""
    return plain_town(nodes=NODES, ways=[("A X B", STREET), ("X E", STREET)], widths={1: 2.5})


def length_m(lon: np.ndarray, lat: np.ndarray) -> float:
    """Metres along a line near the towns."""
    return float(np.hypot(np.diff(lon) * LON_M, np.diff(lat) * LAT_M).sum())


def walk_of_only_stop(streets: Streets, stop: Point, max_walk_m: float = 150.0, vehicle: object = KEI) -> Reach:
    """Reach with one stop, the depot at (20, 0)."""
    return reach(streets, vehicle, (20, 0), stop, max_walk_m=max_walk_m)  # type: ignore[arg-type]


def test_at_the_door() -> None:
    """12 m beside the street the driver walks straight across: 12 m, at the door."""
    found = walk_of_only_stop(court(), (50, 12))
    assert found.walk_m[0] == pytest.approx(12, abs=0.05)
    assert found.at_door.tolist() == [True]
    walk = found.walk(0)
    assert length_m(walk.lon, walk.lat) == pytest.approx(12, abs=0.1)


def test_walking_round_the_corner() -> None:
    """Stop 5 m off the footway's end: 5 + 50 + 80 m to the vehicle at X, along both legs of the footway."""
    found = walk_of_only_stop(court(), (150, 85))
    assert found.walk_m[0] == pytest.approx(135, abs=0.3)
    assert found.at_door.tolist() == [False]
    walk = found.walk(0)
    assert length_m(walk.lon, walk.lat) == pytest.approx(135, abs=0.5)
    assert walk.distance_m == found.walk_m[0]
    point = found.points[int(found.stop_point[0])]
    assert (walk.lon[0], walk.lat[0]) == (point.lon, point.lat)
    assert (walk.lon[-1], walk.lat[-1]) == (found.stop_lon[0], found.stop_lat[0])


@pytest.mark.parametrize("line", ["X F G", "G F X"])
def test_footways_are_walked_from_either_end(line: str) -> None:
    """10 m before the footway's far end, 5 m off it: 5 + 40 + 80 m, whichever way the footway is drawn."""
    streets = plain_town(nodes=NODES, ways=[("A X B", STREET), (line, FOOTWAY)])
    found = walk_of_only_stop(streets, (140, 85))
    assert found.walk_m[0] == pytest.approx(125, abs=0.3)
    walk = found.walk(0)
    assert length_m(walk.lon, walk.lat) == pytest.approx(125, abs=0.5)


def test_the_shorter_of_parallel_footways() -> None:
    """From X to F lead a footway of 80 m and one of 179 m over K: 5 + 50 + 80 m, not 234 m."""
    nodes = {**NODES, "K": (20, 40)}
    ways = [("A X B", STREET), ("X F", FOOTWAY), ("X K F", FOOTWAY), ("F G", FOOTWAY)]
    found = walk_of_only_stop(plain_town(nodes=nodes, ways=ways), (150, 85), 300)
    assert found.walk_m[0] == pytest.approx(135, abs=0.3)


def test_beyond_the_permitted_walk() -> None:
    """With 100 m allowed the same stop is refused, with the distance, the limit and the street in front."""
    found = walk_of_only_stop(court(), (150, 85), max_walk_m=100)
    refusal = found.refusals[0]
    assert refusal is not None
    assert found.stop_point.tolist() == [-1]
    assert refusal.code == "beyond_walk"
    assert refusal.data["walk_m"] == pytest.approx(135, abs=0.3)
    assert refusal.data["max_walk_m"] == 100
    with pytest.raises(ValueError, match="not served"):
        found.walk(0)


def test_alley_closed_to_the_van() -> None:
    """60 m down the alley the kei stands at the door, the van's driver walks 60 m from the corner."""
    kei = walk_of_only_stop(alley(), (100, -60))
    van = walk_of_only_stop(alley(), (100, -60), vehicle=VAN)
    assert kei.walk_m[0] == pytest.approx(0, abs=0.05)
    assert van.walk_m[0] == pytest.approx(60, abs=0.3)
    assert kei.band_at(int(kei.stop_point[0])) == "squeezed"
    assert van.band_at(int(van.stop_point[0])) == "free"


def test_refusal_says_why_the_street_is_closed() -> None:
    """90 m down with 50 m allowed: the van's refusal names the alley's width and what the van needs."""
    refusal = walk_of_only_stop(alley(), (100, -90), 50, VAN).refusals[0]
    assert refusal is not None
    assert "too narrow: 2.5 m" in refusal.text
    assert refusal.data["band"] == "blocked_room"


def test_nearest_place_counts_not_the_nearest_street() -> None:
    """20 m from the alley but 25 m from the street the van crosses straight to the street: 25 m."""
    found = walk_of_only_stop(alley(), (120, -25), vehicle=VAN)
    assert found.walk_m[0] == pytest.approx(25, abs=0.1)


def test_no_place_on_foot() -> None:
    """A footway without any connection to a street: refused as ``no_street``."""
    nodes = {**NODES, "P": (0, 300), "Q": (100, 300)}
    streets = plain_town(nodes=nodes, ways=[("A X B", STREET), ("P Q", FOOTWAY)])
    refusal = walk_of_only_stop(streets, (50, 300)).refusals[0]
    assert refusal is not None
    assert refusal.code == "no_street"


def test_no_standing_on_a_trunk_road() -> None:
    """Beside a trunk road the vehicle stands at the corner of the side street: 10 m to the road, 50 m along it."""
    trunk = {"highway": "trunk", "maxspeed": "50", "foot": "yes"}
    streets = plain_town(nodes=NODES, ways=[("A X B", trunk), ("X E", STREET)])
    found = walk_of_only_stop(streets, (150, 10))
    assert found.walk_m[0] == pytest.approx(60, abs=0.3)


def test_past_a_path_that_leads_nowhere() -> None:
    """35 m to a footway without any connection, 40 m to the street on the other side: 40 m, not refused."""
    nodes = {**NODES, "P": (0, 75), "Q": (100, 75)}
    streets = plain_town(nodes=nodes, ways=[("A X B", STREET), ("P Q", FOOTWAY)])
    found = walk_of_only_stop(streets, (50, 40))
    assert found.walk_m[0] == pytest.approx(40, abs=0.1)
    assert found.at_door.tolist() == [False]


def test_more_places_never_mean_a_longer_walk() -> None:
    """The nearest path (35 m off, 300 m to a lane that only the kei can use) must not hide the street 45 m off."""
    nodes = {"A": (0, 0), "B": (400, 0), "K": (500, 200), "L": (500, 80), "P": (200, 80)}
    ways = [("A B", STREET), ("B K", {"highway": "trunk", "maxspeed": "45"}), ("K L", STREET), ("L P", FOOTWAY)]
    streets = plain_town(nodes=nodes, ways=ways, widths={2: 2.5})
    for vehicle in (KEI, VAN):
        found = walk_of_only_stop(streets, (200, 45), 400, vehicle)
        assert found.walk_m[0] == pytest.approx(45, abs=0.1)
    lane = reach(streets, KEI, (20, 0), (500, 150))
    assert lane.walk_m[0] == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize(("north_m", "served"), [(59, True), (61, False)])
def test_no_long_way_over_unmapped_ground(north_m: float, served: bool) -> None:
    """Straight from a street to a door is walked up to 60 m; what lies beyond has no known way, however long a walk."""
    streets = plain_town(nodes=NODES, ways=[("A X B", STREET)])
    found = walk_of_only_stop(streets, (50, north_m), 500)
    assert (found.stop_point[0] >= 0) == served
    refusal = found.refusals[0]
    if refusal is not None:
        assert refusal.code == "no_street"
        assert "lies within 60 m;" in refusal.text
        assert refusal.data["off_network_m"] == 60


def behind(tags: dict[str, str], *more: tuple[str, dict[str, str]]) -> Streets:
    """A street A-X-B at y = 0 and, 12 m north of it, a road with the given tags that meets no other."""
    nodes = {**NODES, "M": (-300, 12), "N": (500, 12), "T": (100, 40)}
    return plain_town(nodes=nodes, ways=[("A X B", STREET), ("M N", tags), *more])


@pytest.mark.parametrize("kind", ["motorway", "motorway_link", "trunk", "trunk_link"])
def test_no_straight_way_across_a_motorway(kind: str) -> None:
    """25 m from the street, a motorway or trunk road in between: refused, and the text says what lies between."""
    refusal = walk_of_only_stop(behind({"highway": kind}), (50, 25)).refusals[0]
    assert refusal is not None
    assert refusal.code == "no_street"
    assert "without a motorway or trunk road in between" in refusal.text
    near = walk_of_only_stop(behind({"highway": kind}), (50, 10))
    assert near.walk_m[0] == pytest.approx(10, abs=0.1)


@pytest.mark.parametrize("tags", [{"highway": "motorway", "tunnel": "yes"}, {"highway": "primary"}])
def test_other_roads_are_crossed(tags: dict[str, str]) -> None:
    """A motorway in a tunnel, or an ordinary main road, does not cut the 25 m to the street."""
    tags = {**tags, "parking:both": "no", "parking:both:restriction": "no_stopping", "foot": "no"}
    found = walk_of_only_stop(behind(tags), (50, 25))
    assert found.walk_m[0] == pytest.approx(25, abs=0.1)


def test_over_the_footbridge() -> None:
    """A footway from X across the motorway: 10 m to it and 25 m along it, 35 m in all."""
    found = walk_of_only_stop(behind({"highway": "motorway"}, ("X T", FOOTWAY)), (110, 25))
    assert found.walk_m[0] == pytest.approx(35, abs=0.2)


@settings(max_examples=30, deadline=None)
@given(x=st.integers(-150, 350), y=st.integers(-150, 200), low=st.integers(0, 300), more=st.integers(0, 300))
def test_longer_walks_never_lose_a_stop(x: int, y: int, low: int, more: int) -> None:
    """A stop served with a limit is served with any longer one, by the same walk; no walk exceeds its limit.

    A way is known exactly up to 60 m from the town's lines, measured here by hand.
    """
    short = walk_of_only_stop(COURT, (x, y), low)
    longer = walk_of_only_stop(COURT, (x, y), low + more)
    assert short.walk_m[0] == longer.walk_m[0]
    assert (short.stop_point[0] >= 0) == (short.walk_m[0] <= low)
    assert (short.refusals[0] is None) == (short.stop_point[0] >= 0)
    if short.stop_point[0] >= 0:
        assert longer.stop_point[0] >= 0
    off_m = min(
        math.hypot(x - min(max(x, 0), 200), y),
        math.hypot(x - 100, y - min(max(y, 0), 80)),
        math.hypot(x - min(max(x, 100), 150), y - 80),
    )
    if abs(off_m - 60) > 0.2:
        assert math.isfinite(short.walk_m[0]) == (off_m < 60)


COURT = court()
