"""The ways behind a table's numbers: single paths, and tours with headings kept."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from fleetplan.city.streets import Floats, Ints, Streets
from fleetplan.routing.lines import lines_of, piece
from fleetplan.routing.network import Network
from fleetplan.routing.packing import FAR, unpack
from fleetplan.routing.seams import DrivePath, Point
from fleetplan.routing.searching import Search
from fleetplan.routing.tables import Headings, arriving, direct_ways, heading_ways, headings_of
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
        lon, lat = _line(streets, edges, start, end)
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
    begin, state = search.traces(onward.chosen(row), arriving(network, headings.chosen(there[row])))
    edge = network.topology.edge[state]
    ways = []
    for i, (one, other) in enumerate(zip(here[row].tolist(), there[row].tolist(), strict=True)):
        edges = edge[begin[i] : begin[i + 1]].tolist()
        if headings.edge[one] == headings.edge[other]:
            edges = [int(headings.edge[one]), *edges]
        paid, backs = bool(headings.penalty[one] != 0), bool(headings.backs[one])
        ways.append((edges, paid and not backs, _mouth(network, edges) if paid and backs else 0))
    return ways


def _mouth(network: Network, edges: Sequence[int]) -> int:
    """How many of a way's first edges lie in the dead-end street that it leaves."""
    ends = network.dead_ends
    inside = [bool(ends.outward[edge]) and ends.chain[edge] == ends.chain[edges[0]] for edge in edges]
    return inside.index(False) if False in inside else len(edges)


def retime_tour(
    streets: Streets, network: Network, search: Search, points: Sequence[Point], tour: Sequence[int]
) -> list[int]:
    """Milliseconds of each leg of a tour when every point is left in the heading it was reached in.

    Leaving against that heading costs turning round beside the stop, or backing out of a dead end. The depot (point 0)
    is left in any heading.
    Of all ways to drive the tour the quickest in total is taken.

    Args:
        tour: numbers of the points in order.
    """
    if len(tour) < 2:
        return []
    visited = sorted(set(tour))
    headings = headings_of(streets, network, [points[0], *(points[i] for i in visited)])
    row_of = {point: row + 1 for row, point in enumerate(visited)}
    rows = [headings.rows(row_of[point]) for point in tour]
    legs = _legs(network, headings, search, rows)
    best = np.zeros(len(rows[0]))
    steps: list[tuple[Floats, Floats]] = []
    for number, (here, there) in enumerate(pairwise(tour)):
        count = len(rows[number])
        turning = headings.turn[rows[number]].astype(np.float64)
        turn = np.zeros((count, count)) if number == 0 or here == 0 else turning * (1.0 - np.eye(count))
        drive = np.where(np.eye(count, dtype=bool), 0.0, np.inf) if here == there else legs[number]
        leg = (turn[:, :, None] + drive[None, :, :]).min(axis=1)
        steps.append((best, leg))
        best = (best[:, None] + leg).min(axis=0)
    times: list[float] = []
    state = int(np.argmin(best))
    for before, leg in reversed(steps):
        start = int(np.argmin(before + leg[:, state]))
        times.append(float(leg[start, state]))
        state = start
    time_ms, _ = unpack(np.array(times[::-1]).astype(np.int64))
    return [int(time) for time in time_ms]


def _legs(network: Network, headings: Headings, search: Search, rows: Sequence[Ints]) -> list[Floats]:
    """Packed weight from every heading of each point of a tour to every heading of the next one."""
    here = np.concatenate([np.repeat(a, len(b)) for a, b in pairwise(rows)])
    there = np.concatenate([np.tile(b, len(a)) for a, b in pairwise(rows)])
    # The penalty is that of leaving against a heading; here it is paid where that happens.
    weight, _ = heading_ways(network, headings.unturned, here, there, search)
    cut = np.cumsum([len(a) * len(b) for a, b in pairwise(rows)])[:-1]
    shapes = [(len(a), len(b)) for a, b in pairwise(rows)]
    return [part.reshape(shape).astype(np.float64) for part, shape in zip(np.split(weight, cut), shapes, strict=True)]


def _line(streets: Streets, edges: Sequence[int], start: Point, end: Point) -> tuple[Floats, Floats]:
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
