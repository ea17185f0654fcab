"""Sharp bends within one street: slow or impossible like corners at junctions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fleetplan.city.classes import WidthSource
from fleetplan.city.streets import Streets
from fleetplan.routing.access import decide_access
from fleetplan.routing.bends import bend_moves, bends_of
from fleetplan.routing.corners import missing_m, swept_path
from fleetplan.routing.driving import edge_times_ms
from fleetplan.routing.seams import AccessRules, Band
from fleetplan.routing.verifying import verify_paths
from tests.routing.builders import KEI, STREET, VAN, plain_town, reach

RULES = AccessRules()
LINE = {"A": (0, 0), "B": (100, 0), "C": (100, 100)}


def alley(width_m: float, source: WidthSource = WidthSource.TAG, line: str = "A B C", **more: Any) -> Streets:
    """One street of 200 m that turns by 90 degrees at B."""
    return plain_town(nodes={**LINE, **more}, ways=[(line, STREET)], widths={0: width_m}, source=source)


def test_a_bend_is_found() -> None:
    """One bend of 90 degrees; none where a curve is drawn in pieces of 3 m."""
    found = bends_of(alley(3.0))
    assert np.degrees(found.angle_rad) == pytest.approx([90], abs=0.5)
    assert found.stretch.tolist() == [0]
    curve = alley(3.0, line="A B D E C", B=(97, 0), D=(100, 0), E=(100, 3))
    assert len(bends_of(curve).stretch) == 0


def test_a_bend_closes_an_alley_to_the_van() -> None:
    """Round 3 m tagged, the kei gets at once and the van not at all; guessed, the van shunts."""
    assert decide_access(alley(3.0), KEI).stretch_band.tolist() == [Band.SQUEEZED]
    van = decide_access(alley(3.0), VAN)
    assert van.stretch_band.tolist() == [Band.BLOCKED_ROOM]
    assert van.reasons[int(van.stretch_reason[0])] == "a bend that the vehicle does not get round: 3.0 m (tagged width)"
    guessed = decide_access(alley(3.0, WidthSource.DEFAULT), VAN)
    assert guessed.stretch_band.tolist() == [Band.SQUEEZED]


def test_moves_cost_time() -> None:
    """4 m: the van lacks d metres at the bend, 2 d / 0.5 moves of 5 s on top of the straight street's time."""
    angle, room = np.array([np.pi / 2]), np.array([3.7])
    lack = missing_m(swept_path(VAN), angle, room, room, ahead=np.array([False]), rounding_m=2.0)[0]
    straight = plain_town(nodes={"A": (0, 0), "B": (200, 0)}, ways=[("A B", STREET)], widths={0: 4.0})
    times = [edge_times_ms(streets, decide_access(streets, VAN), rules=RULES)[0] for streets in (alley(4.0), straight)]
    assert times[0] - times[1] == pytest.approx(4 * lack * 5000, abs=2)
    assert 1000 < times[0] - times[1] < 10_000


def test_no_bends_without_clearance() -> None:
    """Rules without clearance, for comparisons, know no bends."""
    moves, stuck = bend_moves(alley(3.0), VAN, rules=AccessRules(clearance="none"))
    assert not moves.any()
    assert not stuck.any()


def test_the_checker_knows_bends() -> None:
    """A kei's path round the bend is right for it, and closed for the van."""
    streets = alley(3.0)
    path = reach(streets, KEI, (50, 0), (100, 50)).path(0, 1)
    assert verify_paths(streets, KEI, [path]) == []
    assert [fault.code for fault in verify_paths(streets, VAN, [path])] == ["verify_paths.closed_room"]
