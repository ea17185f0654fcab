"""What keeping the heading costs at a stop, on average."""

from __future__ import annotations

import numpy as np
import pytest

from fleetplan.routing.keeping_headings import heading_excess_s
from fleetplan.routing.tables import headings_of, packed_table
from tests.routing.builders import KEI, STREET, plain_town, reach

NODES = {"A": (0, 0), "B": (200, 0), "C": (200, 200), "D": (0, 200), "S": (-100, 0), "F": (200, 1200)}
WAYS = [("A B", STREET), ("B C", STREET), ("C D", STREET), ("D A", STREET), ("A S", STREET), ("C F", STREET)]


def test_turning_in_a_neighbours_dead_end_is_no_matter_of_the_point() -> None:
    """Whether leaving the dead end S costs a turn or nothing, stops on the square have the same excess.

    The stop towards F lies too far away to be anybody's neighbour, so that the neighbours are the same in both.
    """
    streets = plain_town(nodes=NODES, ways=WAYS)
    found = reach(streets, KEI, (100, 0), (200, 100), (100, 200), (0, 100), (-50, 0), (200, 1100))
    network, search = found.network, found.search
    headings = headings_of(streets, network, found.points)
    inside = np.array([bool((network.dead_ends.chain[list(point.headings)] >= 0).any()) for point in found.points])
    assert inside.tolist().count(True) == 2
    free = headings.unturned
    turned = heading_excess_s(network, headings, packed_table(network, headings, search), search)
    unturned = heading_excess_s(network, free, packed_table(network, free, search), search)
    assert turned[~inside] == pytest.approx(unturned[~inside], abs=1e-6)
    assert (turned[~inside] > 0).any()
    assert turned[inside] == pytest.approx(0.0), "a turn there is in the table"


def test_a_stop_on_a_street_that_is_no_way_through_keeps_its_heading_too() -> None:
    """What steers ways round such a street does not make its stops look far out of everybody's way."""
    excess = []
    for tags in (STREET, {**STREET, "motor_vehicle": "destination"}):
        streets = plain_town(nodes=NODES, ways=[WAYS[0], ("B C", tags), *WAYS[2:]])
        found = reach(streets, KEI, (100, 0), (200, 100), (150, 200), (50, 200), (0, 100))
        excess.append(float(found.heading_s[found.stop_point[0]]))
    assert excess[0] > 0.5
    assert excess[1] == pytest.approx(excess[0], rel=0.5)
