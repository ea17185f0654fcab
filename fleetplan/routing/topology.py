"""Which edge can follow which, the same for every vehicle; made once per city and forgotten with it."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from fleetplan.city.streets import Bools, Floats, Ints, Streets


@dataclass(frozen=True, eq=False)
class Topology:
    """Pairs of edges that meet end to start and that no turn restriction forbids, sorted by first, then second.

    Attributes:
        first, second: rows of ``Streets.edges``.
        uturn: the second edge is the first one's twin.
        angle_deg: change of direction, counter-clockwise positive, -180 to 180.
        junction: three or more streets meet at the node between.
        node: the node between.
    """

    first: Ints
    second: Ints
    uturn: Bools
    angle_deg: Floats
    junction: Bools
    node: Ints


_CACHE: WeakKeyDictionary[Streets, Topology] = WeakKeyDictionary()


def topology_of(streets: Streets) -> Topology:
    """The topology of a city, computed at the first call for this object."""
    found = _CACHE.get(streets)
    if found is None:
        found = _CACHE[streets] = _build(streets)
    return found


def _build(streets: Streets) -> Topology:
    edges = streets.edges
    n = len(edges)
    order = np.argsort(edges.u, kind="stable")
    start = np.searchsorted(edges.u[order], edges.v, side="left")
    stop = np.searchsorted(edges.u[order], edges.v, side="right")
    first, offset = expand_ranges(stop - start)
    second = order[start[first] + offset].astype(np.int64)

    turns = streets.restrictions
    pair = (np.diff(turns.start) == 2) & (turns.applies & 1 > 0)
    banned = turns.from_edge[pair] * n + turns.to_edge[pair]
    keep = ~np.isin(first * n + second, banned)
    first, second = first[keep], second[keep]

    leaving, arriving = _bearings(streets)
    angle = np.degrees(leaving[second] - arriving[first])
    angle = (angle + 180.0) % 360.0 - 180.0
    node = edges.v[first]
    return Topology(
        first=first,
        second=second,
        uturn=edges.twin[first] == second,
        angle_deg=angle,
        junction=streets_at_node(streets)[node] >= 3,
        node=node,
    )


def expand_ranges(counts: Ints) -> tuple[Ints, Ints]:
    """Row and offset of every item of ranges of the given lengths: ``[2, 1]`` gives ``[0, 0, 1]`` and ``[0, 1, 0]``."""
    row = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    offset = np.arange(len(row), dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)
    return row, offset


def streets_at_node(streets: Streets) -> Ints:
    """Number of stretches open to some motor traffic that end at each node (a loop ends there twice)."""
    rows = np.unique(streets.edges.stretch)
    ends = np.concatenate([streets.stretches.u[rows], streets.stretches.v[rows]])
    return np.bincount(ends, minlength=len(streets.nodes)).astype(np.int64)


def _bearings(streets: Streets) -> tuple[Floats, Floats]:
    """Direction in which each edge leaves its start and arrives at its end, radians counter-clockwise from east."""
    table, edges = streets.stretches, streets.edges
    first = table.line_start[edges.stretch]
    last = table.line_start[edges.stretch + 1] - 1
    back = edges.reverse
    leaving = _direction(streets, np.where(back, last, first), np.where(back, last - 1, first + 1))
    arriving = _direction(streets, np.where(back, first + 1, last - 1), np.where(back, first, last))
    return leaving, arriving


def _direction(streets: Streets, start: Ints, end: Ints) -> Floats:
    lon, lat = streets.stretches.line_lon, streets.stretches.line_lat
    dx = (lon[end] - lon[start]) * np.cos(np.radians(lat[start]))
    return np.asarray(np.arctan2(lat[end] - lat[start], dx), dtype=np.float64)
