"""Corners that one of two vehicles cannot turn and the other one can, as places on a map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fleetplan.city.classes import Highway
from fleetplan.routing.seams import Band
from fleetplan.show.accesstable import AccessComparison

FREE, SLOW, IMPOSSIBLE = 0, 1, 2
"""How a vehicle gets round a corner: in one go, in several moves, not at all."""

_HOW = {FREE: "can", SLOW: "can, in several moves"}


@dataclass(frozen=True, slots=True)
class MapPoint:
    """A place where one vehicle cannot do what the other one can, such as turn at a corner.

    Attributes:
        lat, lon: WGS84 degrees.
        text: what happens there, for people; any text.
    """

    lat: float
    lon: float
    text: str


def corner_points(
    comparison: AccessComparison, *, first: ArrayLike, second: ArrayLike, corners: Sequence[ArrayLike]
) -> list[MapPoint]:
    """One place per junction with a turn that just one vehicle can make, on streets that both may drive.

    Args:
        comparison: the vehicles and the city.
        first, second: rows of ``Streets.edges`` of each turn, before and after the corner.
        corners: for each of the two vehicles, per turn :data:`FREE`, :data:`SLOW` or :data:`IMPOSSIBLE`.
    """
    streets = comparison.streets
    rows = [np.asarray(edges, dtype=np.int64) for edges in (first, second)]
    ways = [np.asarray(corner, dtype=np.int64) for corner in corners]
    open_to_both = np.ones(len(rows[0]), dtype=np.bool_)
    for access in comparison.access:
        for edges in rows:
            open_to_both &= access.band[edges] < Band.BLOCKED_ROOM
    found = np.flatnonzero(open_to_both & ((ways[0] == IMPOSSIBLE) != (ways[1] == IMPOSSIBLE)))
    texts: dict[int, list[str]] = {}
    for turn in found.tolist():
        before, after = int(rows[0][turn]), int(rows[1][turn])
        stuck, other = (0, 1) if ways[0][turn] == IMPOSSIBLE else (1, 0)
        text = (
            f"from {_street(comparison, before)} into {_street(comparison, after)}: "
            f"{comparison.vehicles[stuck].name} cannot turn, "
            f"{comparison.vehicles[other].name} {_HOW[int(ways[other][turn])]}"
        )
        known = texts.setdefault(int(streets.edges.v[before]), [])
        if text not in known:
            known.append(text)
    lat, lon = streets.nodes.lat, streets.nodes.lon
    return [MapPoint(float(lat[node]), float(lon[node]), "; ".join(lines)) for node, lines in sorted(texts.items())]


def _street(comparison: AccessComparison, edge: int) -> str:
    streets = comparison.streets
    stretch = int(streets.edges.stretch[edge])
    name = streets.names[int(streets.stretches.name[stretch])]
    return name or f"a {Highway(int(streets.stretches.highway[stretch])).tag.replace('_', ' ')} without a name"
