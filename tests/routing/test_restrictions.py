"""Turns over a via way, and streets that are no way through: hand-worked, by both engines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from fleetplan.city.streets import Restrictions, Streets
from fleetplan.routing import searching
from fleetplan.routing.packing import PENALTY
from fleetplan.routing.topology import topology_of
from fleetplan.routing.verifying import verify_paths
from tests.routing.builders import KEI, STREET, drive, plain_town, reach
from tests.towns import Way, edge_row

LADDER = {"A": (0, 0), "X": (100, 0), "Y": (200, 0), "B": (300, 0), "C": (100, 100), "D": (200, 100)}
LADDER_WAYS = [("A X", STREET), ("X Y", STREET), ("Y B", STREET), ("C X", STREET), ("Y D", STREET)]
BLOCK = {"A": (0, 0), "B": (200, 0), "C": (0, 300), "D": (200, 300), "W": (-100, 0), "E": (300, 0)}


@pytest.fixture(params=["hierarchy", "scipy"], autouse=True)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every answer here is asked of both engines."""
    monkeypatch.setattr(searching, "SMALL", 0 if request.param == "hierarchy" else 10**12)
    if request.param == "scipy":
        monkeypatch.setattr(searching, "can_prepare", lambda: False)


def ladder(*sequences: str, applies: int = 3, ways: Sequence[Way] = LADDER_WAYS) -> Streets:
    """Two dead ends A and B on one street, C and D on side streets of it, and sequences that are forbidden."""
    used = {name: place for name, place in LADDER.items() if any(name in line.split() for line, _ in ways)}
    streets = plain_town(nodes=used, ways=ways)
    shut = [[edge_row(streets, used, *pair) for pair in sequence.split()] for sequence in sequences]
    table = Restrictions(
        start=np.cumsum([0, *map(len, shut)]).astype(np.int64),
        edge=np.array([edge for way in shut for edge in way], dtype=np.int64),
        relation_id=np.arange(len(shut), dtype=np.int64),
        applies=np.full(len(shut), applies, dtype=np.uint8),
    )
    return replace(streets, restrictions=table)


def test_a_turn_over_a_via_way() -> None:
    """From C over X and Y to D is forbidden: on to B, turning there, is 400 m instead of 200; from A it stays 200 m."""
    assert drive(ladder(), KEI, (100, 50), (200, 50))[1] == 200
    forbidden = ladder("CX XY YD")
    assert drive(forbidden, KEI, (100, 50), (200, 50))[1] == 400
    assert drive(forbidden, KEI, (50, 0), (200, 50))[1] == 200
    assert drive(forbidden, KEI, (100, 50), (250, 0))[1] == 200


def test_a_way_that_begins_on_the_via_way_is_free() -> None:
    """Whoever starts between X and Y did not come from C."""
    assert drive(ladder("CX XY YD"), KEI, (150, 0), (200, 50))[1] == 100


def test_overlapping_sequences() -> None:
    """Two restrictions share a beginning, and one is the end of another: all hold at once."""
    forbidden = ladder("CX XY YD", "CX XY YB", "XY YD")
    assert drive(forbidden, KEI, (50, 0), (200, 50))[1] == 400, "straight on to B and back, for X-Y-D is shut to all"
    topology = topology_of(forbidden)
    assert topology.states == len(forbidden.edges) + 1, "one beginning of two edges to remember"


def test_a_restriction_for_heavier_vehicles() -> None:
    """What holds above 3.5 t only does not hold for a kei."""
    assert drive(ladder("CX XY YD", applies=2), KEI, (100, 50), (200, 50))[1] == 200


def no_way_through(word: str) -> Streets:
    """From A to B 200 m of a street for those who deliver there, or 800 m round it; dead ends W and E beyond."""
    ways = [
        ("A B", {**STREET, "motor_vehicle": word}),
        ("A C", STREET),
        ("C D", STREET),
        ("D B", STREET),
        ("W A", STREET),
        ("B E", STREET),
    ]
    return plain_town(nodes=BLOCK, ways=ways)


@pytest.mark.parametrize("word", ["destination", "delivery", "customers"])
def test_a_street_for_those_who_stop_there_is_no_way_through(word: str) -> None:
    """From W to E one drives round (1,000 m), although straight on would be 400 m."""
    assert drive(no_way_through("yes"), KEI, (-100, 0), (300, 0))[1] == 400
    assert drive(no_way_through(word), KEI, (-100, 0), (300, 0))[1] == 1000


def test_a_stop_on_such_a_street_is_served_and_left_by_either_end() -> None:
    """100 m into it from A and 100 m out to B are driven like any other metres; no penalty shows anywhere."""
    streets = no_way_through("destination")
    found = reach(streets, KEI, (-50, 0), (100, 0), (250, 0))
    here, there = (int(point) for point in found.stop_point)
    assert int(found.table.distance_m[0, 0, here]) == 150
    assert int(found.table.distance_m[0, here, there]) == 150
    assert found.packed[0, here] >= PENALTY
    assert int(found.table.time_s.max()) < 3600
    path = found.path(0, here)
    assert path.distance_dm == 1500
    assert path.time_ms == 15_000


def test_what_lies_behind_such_streets_only_is_still_reached() -> None:
    """A yard that only a street for deliveries leads to is served: the penalty steers, it does not close."""
    ways = [("A B", {**STREET, "motor_vehicle": "destination"}), ("B E", STREET), ("W A", STREET)]
    streets = plain_town(nodes={name: BLOCK[name] for name in "ABEW"}, ways=ways)
    assert drive(streets, KEI, (-50, 0), (250, 0))[1] == 300


def test_a_way_that_a_restriction_leads_into_a_trap_is_driven_back() -> None:
    """Y leads on to D only, which is shut to who comes from C: from C to A, left at X shut too, one turns at Y.

    50 + 100 + 100 + 50 m. To the checker that is no turning back on an open street; from A to D over Y it is.
    """
    shut = ("CX XY YD", "CX XA")
    streets = ladder(*shut, ways=[way for way in LADDER_WAYS if way[0] != "Y B"])
    found = reach(streets, KEI, (100, 50), (50, 0), (200, 50))
    west, north = (int(point) for point in found.stop_point)
    path = found.path(0, west)
    assert path.distance_dm == 3000
    assert verify_paths(streets, KEI, [path]) == []
    nodes = {name: place for name, place in LADDER.items() if name != "B"}
    back = tuple(edge_row(streets, nodes, *pair) for pair in ("AX", "XY", "YX"))
    codes = {fault.code for fault in verify_paths(streets, KEI, [replace(found.path(west, north), edges=back)])}
    assert "verify_paths.turn" in codes
