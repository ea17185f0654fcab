"""Corners that are harder for one of two vehicles than for the other, as columns and for the map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fleetplan.routing.corners import corner_bands
from fleetplan.routing.seams import Band
from fleetplan.routing.topology import topology_of
from fleetplan.show.accesstable import AccessComparison
from fleetplan.show.packing import pack_numbers, pack_vertices

FREE, SLOW, IMPOSSIBLE = 0, 1, 2
"""How a vehicle gets round a corner: in one go, in several moves, not at all."""

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class CornerTurns:
    """Pairs of streets between which one vehicle turns with more trouble than the other, sorted by node.

    Attributes:
        node: row of ``Streets.nodes``.
        one, other: rows of ``Streets.stretches``; a pair stands for both directions.
        stuck: which of the two vehicles has the trouble, 0 or 1.
        hard: it cannot turn at all and the other one can; else it needs several moves and the other one does not.
    """

    node: Ints
    one: Ints
    other: Ints
    stuck: Ints
    hard: Bools

    def __len__(self) -> int:
        return len(self.node)


def corners_of(comparison: AccessComparison) -> CornerTurns:
    """The turns of a comparison's city that are harder for one of its vehicles."""
    topology = topology_of(comparison.streets)
    bands = [corner_bands(comparison.streets, topology, kind, comparison.rules) for kind in comparison.vehicles]
    return corner_turns(comparison, first=topology.first, second=topology.second, corners=bands)


def corner_turns(
    comparison: AccessComparison, *, first: ArrayLike, second: ArrayLike, corners: Sequence[ArrayLike]
) -> CornerTurns:
    """The turns between streets open to both vehicles that are harder for one of them.

    Args:
        comparison: the vehicles and the city.
        first, second: rows of ``Streets.edges`` of each turn, before and after the corner.
        corners: for each of the two vehicles, per turn :data:`FREE`, :data:`SLOW` or :data:`IMPOSSIBLE`.
    """
    edges = comparison.streets.edges
    before, after = (np.asarray(rows, dtype=np.int64) for rows in (first, second))
    ways = [np.asarray(corner, dtype=np.int64) for corner in corners]
    shown = ways[0] != ways[1]
    # Several moves against none, or not at all against somehow; the streets themselves must be open to both.
    for access in comparison.access:
        for rows in (before, after):
            shown &= access.band[rows] < Band.BLOCKED_ROOM
    found = np.flatnonzero(shown)
    pair = np.sort(np.column_stack([edges.stretch[before[found]], edges.stretch[after[found]]]), axis=1)
    stuck = (ways[1][found] > ways[0][found]).astype(np.int64)
    soft = (np.maximum(ways[0], ways[1])[found] < IMPOSSIBLE).astype(np.int64)
    # Of both directions of a pair the harder one is kept: it comes first in this order.
    table = np.column_stack([edges.v[before[found]], pair, stuck, soft])
    table = table[np.lexsort(table.T[::-1])]
    fresh = np.any(np.diff(table[:, :4], axis=0, prepend=-1) != 0, axis=1)
    node, one, other, stuck, soft = table[fresh].T
    return CornerTurns(node, one, other, stuck, soft == 0)


def corners_data(comparison: AccessComparison, turns: CornerTurns | None, rows: Ints) -> dict[str, Any]:
    """The corners for the page: packed places, and per place its turns between streets of the map.

    ``count`` has the number of turns of each place; ``one`` and ``other`` are positions in ``rows`` (the stretches
    that the map draws), ``what`` is twice the vehicle with the trouble, plus 1 where it cannot turn at all. ``places``
    counts places per vehicle: those with a turn it cannot make, and those where it needs several moves only.
    """
    if turns is None or not len(turns):
        return {"at": "", "count": "", "one": "", "other": "", "what": "", "places": [[0, 0], [0, 0]]}
    nodes, count = np.unique(turns.node, return_counts=True)
    table = comparison.streets.nodes
    places = []
    for vehicle in (0, 1):
        hard = np.unique(turns.node[(turns.stuck == vehicle) & turns.hard])
        soft = np.unique(turns.node[(turns.stuck == vehicle) & ~turns.hard])
        places.append([len(hard), len(np.setdiff1d(soft, hard))])
    return {
        "at": pack_vertices(table.lon[nodes], table.lat[nodes], counts=np.ones(len(nodes), dtype=np.int64)),
        "count": pack_numbers(count),
        "one": pack_numbers(np.searchsorted(rows, turns.one), differences=True),
        "other": pack_numbers(np.searchsorted(rows, turns.other), differences=True),
        "what": pack_numbers(2 * turns.stuck + turns.hard),
        "places": places,
    }
