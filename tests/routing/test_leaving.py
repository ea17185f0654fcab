"""How a vehicle comes to a stop and leaves it: kerb sides, backing out of dead ends, gates. Worked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fleetplan.city.streets import Streets
from fleetplan.routing.paths import trace_paths
from fleetplan.routing.seams import AccessRules, Point
from fleetplan.routing.tables import headings_of, packed_table
from fleetplan.routing.verifying import verify_paths
from tests.routing.builders import KEI, STREET, VAN, drive, leave, plain_town, reach

LANE = {"A": (0, 0), "X": (200, 0), "B": (400, 0), "M": (200, -60), "D": (200, -100)}
WIDE = {"highway": "primary", "maxspeed": "45", "lanes": "4"}
RING = {"A": (0, 0), "B": (400, 0), "C": (400, 200), "D": (0, 200), "S": (-100, 200)}


def dead_end(width_m: float) -> Streets:
    """A main street A-B and a dead end of 100 m from X south to D, cut at M by a change of its name."""
    ways = [("A X", STREET), ("X B", STREET), ("X M", {**STREET, "name": "One"}), ("M D", {**STREET, "name": "Two"})]
    return plain_town(nodes=LANE, ways=ways, widths={2: width_m, 3: width_m})


def test_a_van_backs_out_of_a_narrow_dead_end() -> None:
    """20 m from the mouth of an alley of 3.5 m: backing 14.4 s (5 km/h) and 12 s at the mouth beat turning (> 90 s)."""
    streets = dead_end(3.5)
    seconds, metres = leave(streets, VAN, (200, -20), (100, 0))
    assert metres == 120
    assert seconds == round(14.4 + 12 + 5 + 10), "backing, mouth, a turn to the left, 100 m at 10 m/s"


def test_a_kei_turns_where_the_street_lets_it() -> None:
    """On 13 m it turns in one sweep of 8 s, however near the mouth; 40 m down a street of 4.5 m it shunts 22.8 s."""
    assert leave(dead_end(13.0), KEI, (200, -20), (100, 0))[0] == (8 + 2 + 5 + 10)
    found = reach(dead_end(4.5), KEI, (100, 0), (200, -40))
    path = found.path(int(found.stop_point[0]), 0)
    assert path.turns_round
    assert path.backed == 0


def test_the_path_says_how_far_it_is_backed() -> None:
    """Out of the inner stretch two edges are driven backwards; the checker agrees, and not with another count."""
    streets = dead_end(3.5)
    found = reach(streets, VAN, (100, 0), (200, -62))
    path = found.path(int(found.stop_point[0]), 0)
    assert (path.backed, path.turns_round) == (2, False)
    assert verify_paths(streets, VAN, [path]) == []
    for wrong in (0, 1, 3, 9):
        assert verify_paths(streets, VAN, [replace(path, backed=wrong)]) != []


def test_nobody_backs_past_a_junction() -> None:
    """A way that is backed along from one street into the next is rejected where a third one joins."""
    nodes = {"A": (0, 0), "X": (100, 0), "B": (200, 0), "C": (100, 100)}
    streets = plain_town(nodes=nodes, ways=[("A X", STREET), ("X B", STREET), ("X C", STREET)])
    path = reach(streets, KEI, (50, 0), (150, 0)).path(0, 1)
    assert {fault.code for fault in verify_paths(streets, KEI, [replace(path, backed=2)])} == {"verify_paths.turn"}


def test_two_places_where_two_stretches_of_a_dead_end_meet() -> None:
    """The end of one stretch and the start of the next are one place: no metre apart, and the way is found at once."""
    streets = dead_end(6.0)
    found = reach(streets, KEI, (100, 0), (200, -30))
    table, m = streets.stretches, int(np.flatnonzero(streets.nodes.osm_id == 4)[0])
    inner, outer = (int(row) for row in np.flatnonzero((table.u == m) | (table.v == m))[::-1])
    points = [found.points[0]]
    for stretch in (inner, outer):
        along = 0.0 if int(table.u[stretch]) == m else 1.0
        edges = tuple(int(edge) for edge in np.flatnonzero(streets.edges.stretch == stretch))
        points.append(Point(stretch, along, 0.0, 0.0, edges))
    headings = headings_of(streets, found.network, points)
    packed = packed_table(found.network, headings, found.search)
    pairs = np.array([(a, b) for a in range(3) for b in range(3)])
    weights = packed[pairs[:, 0], pairs[:, 1]]
    paths = trace_paths(streets, found.network, headings, found.search, points, pairs, packed=weights)
    assert [paths[5].distance_dm, paths[7].distance_dm] == [0, 0]
    assert verify_paths(streets, KEI, [path for path in paths if path.edges]) == []


def ring(tags: dict[str, str], country: str = "FI") -> Streets:
    """A block with 400 m of the given street along its south side, from A to B, and a spur at D to turn in."""
    ways = [("A B", tags), ("B C", STREET), ("C D", STREET), ("D A", STREET), ("D S", STREET)]
    return plain_town(nodes=RING, ways=ways, country=country)


@pytest.mark.parametrize(("country", "north_m", "south_m"), [("FI", 1100, 100), ("JP", 100, 1100)])
def test_a_stop_on_a_wide_street_is_met_on_its_own_side(country: str, north_m: int, south_m: int) -> None:
    """100 m ahead on four lanes: on the kerb's side at once, across the street only round the block.

    That is 100 m back to A, 200 m to D, 400 m to C, 200 m to B and 200 m along the other kerb.
    """
    streets = ring(WIDE, country)
    north, south = (
        int(found.table.distance_m[0, 0, 1])
        for found in (reach(streets, KEI, (100, 0), (200, y), country=country) for y in (15, -15))
    )
    assert (north, south) == (north_m, south_m)


def test_stops_on_both_sides_of_a_wide_street_are_two_places() -> None:
    """Opposite each other they share no standing place; on a small street they do."""
    for tags, places in ((WIDE, 2), (STREET, 1)):
        found = reach(ring(tags), KEI, (100, 0), (200, 15), (200, -15))
        assert len(found.points) == 1 + places
        assert [len(point.headings) for point in found.points[1:]] == [3 - places] * places


def test_a_gate_takes_half_a_minute() -> None:
    """A gate that is not tagged as closed is opened: 30 s; an entrance without a gate costs nothing."""
    nodes = {"A": (0, 0), "M": (100, 0), "B": (200, 0)}
    for barrier, seconds in (("gate", 40), ("lift_gate", 40), ("entrance", 10)):
        streets = plain_town(nodes=nodes, ways=[("A M B", STREET)], node_tags={"M": {"barrier": barrier}})
        assert drive(streets, KEI, (50, 0), (150, 0))[0] == seconds


def test_rules_without_clearance_still_know_the_country() -> None:
    """Whatever else is switched off, the reach of a vehicle goes by the rules it was asked with."""
    streets = plain_town(
        nodes={"A": (0, 0), "B": (200, 0), "C": (200, 200), "D": (0, 200)},
        ways=[("A B C D A", STREET), ("A C", STREET)],
        widths={0: 2.6, 1: 2.6},
    )
    narrow = reach(streets, KEI, (50, 0), (150, 0)).table.time_s[0, 0, 1]
    free = reach(streets, KEI, (50, 0), (150, 0), **vars_of(AccessRules(clearance="none"))).table.time_s[0, 0, 1]
    assert free < narrow


def vars_of(rules: AccessRules) -> dict[str, object]:
    """Fields of rules as keywords."""
    return {"clearance": rules.clearance, "traffic": rules.traffic}


def test_who_was_turned_at_the_end_of_a_wide_dead_end_does_not_turn_again() -> None:
    """The kerb of a stop on the far side is met after turning at the end, so leaving that way costs nothing more.

    Four lanes of 100 m down from X at 8.1 m/s, the stop half-way on the east side, where one drives outward in
    Finland. In: 10 s, 2 s into the street, 18.5 s for 150 m, 15 s to turn. Out: 6 s, 5 s across traffic, 10 s.
    """
    ways = [("A X", STREET), ("X B", STREET), ("X D", WIDE)]
    nodes = {name: place for name, place in LANE.items() if name != "M"}
    found = reach(plain_town(nodes=nodes, ways=ways), KEI, (100, 0), (215, -50))
    assert len(found.points[1].headings) == 1
    assert found.table.time_s[0].tolist() == [[0, 45], [21, 0]]


@pytest.mark.parametrize(("tags", "gate"), [({**STREET, "maxspeed": "5"}, {}), (STREET, {"M": {"barrier": "gate"}})])
def test_backing_is_never_quicker_than_driving(tags: dict[str, str], gate: dict[str, dict[str, str]]) -> None:
    """Down a street of 4 km/h, or behind a gate: from the inner stop to the outer one the way is that ahead.

    What backing costs more than driving on is 12 s at the mouth at least, so no stop is left for less than nothing.
    """
    ways = [("A X", STREET), ("X B", STREET), ("X M", {**tags, "name": "One"}), ("M D", {**tags, "name": "Two"})]
    streets = plain_town(nodes=LANE, ways=ways, widths={2: 3.5, 3: 3.5}, node_tags=gate)
    for kind in (KEI, VAN):
        found = reach(streets, kind, (100, 0), (200, -20), (200, -98))
        outer, inner = (int(point) for point in found.stop_point)
        paths = found.paths([(inner, 0), (inner, outer), (outer, inner)])
        assert paths[1].backed == 0
        assert paths[1].time_ms == paths[2].time_ms
        assert paths[0].time_ms >= paths[1].time_ms + 12_000
        assert verify_paths(streets, kind, paths) == []


def test_the_side_is_right_far_along_a_straight_street() -> None:
    """The metric grid is turned by 1.8 degrees against north in Helsinki: 28 m aside after 900 m, and 8 m matter.

    Stops at 200 m and at 900 m on the kerb's side (south, eastwards) are met at once, those across are not.
    """
    nodes = {"A": (0, 0), "B": (1000, 0), "C": (1000, 200), "D": (0, 200), "S": (-100, 200)}
    ways = [("A B", WIDE), ("B C", STREET), ("C D", STREET), ("D A", STREET), ("D S", STREET)]
    streets = plain_town(nodes=nodes, ways=ways)
    stops = [(200, -8), (200, 8), (900, -8), (900, 8)]
    found = reach(streets, KEI, (100, 0), *stops)
    sides = [[bool(streets.edges.reverse[edge]) for edge in found.points[p].headings] for p in found.stop_point]
    assert sides == [[False], [True], [False], [True]]


def test_a_stop_on_the_axis_lies_on_neither_side() -> None:
    """Which side of its own axis a stop lies on is rounding: it is met in either direction."""
    found = reach(ring(WIDE), KEI, (100, 0), (200, 0), (300, 0.02))
    assert [len(point.headings) for point in found.points[1:]] == [2, 2]
