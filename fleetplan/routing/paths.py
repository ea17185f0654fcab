"""The ways behind a table's numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fleetplan.city.streets import Floats, Ints, Streets
from fleetplan.routing.hierarchy import Ends
from fleetplan.routing.lines import lines_of, piece
from fleetplan.routing.network import Network
from fleetplan.routing.packing import FAR, unpack
from fleetplan.routing.seams import DrivePath, Point
from fleetplan.routing.searching import Search
from fleetplan.routing.tables import Headings, arriving, direct_ways, heading_ways
from fleetplan.routing.topology import expand_ranges


def trace_paths(
    streets: Streets,
    network: Network,
    headings: Headings,
    search: Search,
    points: Sequence[Point],
    pairs: Ints,
    *,
    packed: Ints,
) -> list[DrivePath]:
    """The paths whose packed weights the table has.

    Args:
        pairs: ``int64[n, 2]``, numbers of the points from and to.
        packed: the table's entry of each pair.

    Raises:
        ValueError: there is no way for one of the pairs.
    """
    if (packed >= FAR).any():
        raise ValueError("a pair of points has no way in between")
    ways: list[tuple[list[int], bool, int]] = [([], False, 0)] * len(pairs)
    direct = _direct(network, headings)
    rest = []
    for number, (start, end) in enumerate(pairs.tolist()):
        weight, ends = direct.get((start, end), (FAR, (0, 0)))
        if weight == packed[number]:
            ways[number] = (_along(network, *ends), False, 0)
        elif start != end:
            rest.append(number)
    searched = np.array(rest, dtype=np.int64)
    for number, way in zip(rest, _searched(network, headings, search, pairs[searched], packed[searched]), strict=True):
        ways[number] = way
    time_ms, length_dm = unpack(packed)
    paths = []
    for number, (edges, turns_round, backed) in enumerate(ways):
        start, end = (points[i] for i in pairs[number].tolist())
        lon, lat = line_of(streets, edges, start, end)
        time, length = int(time_ms[number]), int(length_dm[number])
        paths.append(DrivePath(tuple(edges), start, end, time, length, turns_round, lon, lat, backed))
    return paths


def _direct(network: Network, headings: Headings) -> dict[tuple[int, int], tuple[int, tuple[int, int]]]:
    """Pairs of points with a way that does not leave their street: its weight, its first and its last edge."""
    best: dict[tuple[int, int], tuple[int, tuple[int, int]]] = {}
    rows = (column.tolist() for column in direct_ways(network, headings))
    for here, there, weight in zip(*rows, strict=True):
        pair = (int(headings.point[here]), int(headings.point[there]))
        if pair not in best or weight < best[pair][0]:
            best[pair] = (weight, (int(headings.edge[here]), int(headings.edge[there])))
    return best


def _along(network: Network, first: int, last: int) -> list[int]:
    """Edges of a way that does not leave its street, on which there is one way on."""
    edges = [first]
    while edges[-1] != last:
        arc = int(np.searchsorted(network.tail, edges[-1]))
        edges.append(int(network.topology.edge[network.head[arc]]))
    return edges


def _searched(
    network: Network, headings: Headings, search: Search, pairs: Ints, packed: Ints
) -> list[tuple[list[int], bool, int]]:
    """Edges of each way that a search finds, whether the vehicle turns round first, or how many edges it backs along.

    Every combination of two headings is asked for its weight; one that has the table's is traced.
    """
    if len(pairs) == 0:
        return []
    size = np.diff(headings.start)
    start, end = pairs.T
    number, offset = expand_ranges(size[start] * size[end])
    here = headings.start[start][number] + offset // size[end][number]
    there = headings.start[end][number] + offset % size[end][number]
    weight, onward = heading_ways(network, headings, here, there, search)
    right = np.flatnonzero(weight == packed[number])
    found, first = np.unique(number[right], return_index=True)
    if len(found) < len(pairs):
        raise AssertionError("the table holds a weight that no way has")
    row = right[first]
    edges = traced(network, headings, search, here[row], there[row], onward.chosen(row))
    ways = []
    for way, one in zip(edges, here[row].tolist(), strict=True):
        paid, backs = bool(headings.penalty[one] != 0), bool(headings.backs[one])
        ways.append((way, paid and not backs, mouth(network, way) if paid and backs else 0))
    return ways


def traced(
    network: Network, headings: Headings, search: Search, here: Ints, there: Ints, onward: Ends
) -> list[list[int]]:
    """Edges of the best way from each heading to the one in the same row.

    Args:
        here, there: rows of the headings.
        onward: as :func:`~fleetplan.routing.tables.heading_ways` gives it for them.
    """
    same = headings.edge[here] == headings.edge[there]
    direct = same & (headings.done[there] >= headings.done[here])
    ways = [[edge] for edge in headings.edge[here].tolist()]
    row = np.flatnonzero(~direct)
    begin, state = search.traces(onward.chosen(row), arriving(network, headings.chosen(there[row])))
    edge = network.topology.edge[state]
    for i, number in enumerate(row.tolist()):
        found = edge[begin[i] : begin[i + 1]].tolist()
        ways[number] = [*ways[number], *found] if same[number] else found
    return ways


def mouth(network: Network, edges: Sequence[int]) -> int:
    """How many of a way's first edges lie in the dead-end street that it leaves."""
    ends = network.dead_ends
    inside = [bool(ends.outward[edge]) and ends.chain[edge] == ends.chain[edges[0]] for edge in edges]
    return inside.index(False) if False in inside else len(edges)


def line_of(streets: Streets, edges: Sequence[int], start: Point, end: Point) -> tuple[Floats, Floats]:
    if not edges:
        return np.array([start.lon]), np.array([start.lat])
    lines = lines_of(streets)
    parts = []
    for number, edge in enumerate(edges):
        stretch, back = int(streets.edges.stretch[edge]), bool(streets.edges.reverse[edge])
        a, b = (1.0, 0.0) if back else (0.0, 1.0)
        if number == 0:
            a = start.along
        if number == len(edges) - 1:
            b = end.along
        parts.append(piece(streets, lines, stretch, a, b))
    lon, lat = (np.concatenate(column) for column in zip(*parts, strict=True))
    fresh = np.concatenate([[True], (np.diff(lon) != 0) | (np.diff(lat) != 0)])
    return lon[fresh], lat[fresh]
