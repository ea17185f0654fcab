"""Ways behind the table: the driven path between two points, and tours re-timed with headings kept."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from fleetplan.city.streets import Floats, Streets
from fleetplan.routing.lines import lines_of, piece
from fleetplan.routing.network import PACK, Network, unpack
from fleetplan.routing.seams import DrivePath, Point
from fleetplan.routing.tables import Headings, arrivals, direct_ways, headings_of


def trace_path(
    streets: Streets,
    network: Network,
    headings: Headings,
    graph: csr_matrix,
    points: Sequence[Point],
    here: int,
    there: int,
    *,
    weight: float,
) -> DrivePath:
    """The path whose packed weight the table has for ``here`` to ``there``.

    Args:
        graph: the network with its points (see :func:`fleetplan.routing.tables.graph_with_points`).
        weight: the table's packed entry.
    """
    turns_round = False
    if here == there:
        local: list[int] = []
    else:
        direct = _direct(network, headings, here, there, weight=weight)
        if direct is not None:
            local = direct
        else:
            local = _searched(network, headings, graph, here, there, weight=weight)
            first = headings.start[here] + np.flatnonzero(_edges_at(headings, here) == local[0])[0]
            turns_round = bool(headings.penalty[first] > 0)
    time_ms, length_dm = unpack(np.array([weight]))
    edges = tuple(int(network.edges[edge]) for edge in local)
    lon, lat = _line(streets, edges, points[here], points[there])
    return DrivePath(
        edges=edges,
        start=points[here],
        end=points[there],
        time_ms=int(time_ms[0]),
        distance_dm=int(length_dm[0]),
        turns_round=turns_round,
        lon=lon,
        lat=lat,
    )


def retime_tour(
    streets: Streets, network: Network, points: Sequence[Point], tour: Sequence[int], *, packed: Floats
) -> list[int]:
    """Milliseconds of each leg of a tour when every point is left in the heading it was reached in.

    Leaving against that heading costs turning round beside the stop. The depot (point 0) is left in any heading.
    Of all ways to drive the tour the quickest in total is taken.

    Args:
        tour: numbers of the points in order.
        packed: the table's packed entries, which bound each leg's search.
    """
    if len(tour) < 2:
        return []
    visited = sorted(set(tour))
    headings = headings_of(streets, network, [points[0], *(points[i] for i in visited)])
    row_of = {point: row + 1 for row, point in enumerate(visited)}
    graph = csr_matrix(
        (network.arc_weight, network.arc_to.astype(np.int32), network.arc_start.astype(np.int32)),
        shape=(len(network), len(network)),
    )
    slices = {
        point: slice(int(headings.start[row_of[point]]), int(headings.start[row_of[point] + 1])) for point in visited
    }
    turning = {point: float(network.round_ms[headings.edge[slices[point]]].max()) * PACK for point in visited}
    best = np.zeros(len(_rows(slices[tour[0]])))
    free = True
    steps: list[tuple[Floats, Floats]] = []
    for here, there in pairwise(tour):
        leave, arrive = slices[here], slices[there]
        count = len(_rows(leave))
        turn = np.zeros((count, count)) if free or here == 0 else turning[here] * (1.0 - np.eye(count))
        if here == there:
            drive = np.where(np.eye(count, dtype=bool), 0.0, np.inf)
        else:
            limit = packed[here, there] + turning[here] + turning[there] + 2 * PACK
            drive = _leg(network, headings, graph, leave, arrive, limit=limit)
        leg = (turn[:, :, None] + drive[None, :, :]).min(axis=1)
        steps.append((best, leg))
        best = (best[:, None] + leg).min(axis=0)
        free = False
    legs: list[float] = []
    state = int(np.argmin(best))
    for before, leg in reversed(steps):
        start = int(np.argmin(before + leg[:, state]))
        legs.append(float(leg[start, state]))
        state = start
    return [int(unpack(np.array([leg]))[0][0]) for leg in reversed(legs)]


def _rows(part: slice) -> range:
    return range(part.start, part.stop)


def _leg(
    network: Network, headings: Headings, graph: csr_matrix, leave: slice, arrive: slice, *, limit: float
) -> Floats:
    """Packed weight from every heading of one point to every heading of another."""
    sources, targets = headings.edge[leave], headings.edge[arrive]
    reached = dijkstra(graph, directed=True, indices=sources, limit=limit)
    drive = np.full((len(sources), len(targets)), np.inf)
    for column, target in enumerate(targets):
        arcs = slice(int(network.in_start[target]), int(network.in_start[target + 1]))
        onto = (reached[:, network.in_from[arcs]] + network.in_turn[arcs]).min(axis=1)
        drive[:, column] = headings.rest[leave] + onto + headings.done[arrive][column]
        for row, source in enumerate(sources):
            ahead = headings.done[arrive][column] - headings.done[leave][row]
            if source == target and ahead >= 0:
                drive[row, column] = min(drive[row, column], ahead)
    return drive


def _edges_at(headings: Headings, point: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return headings.edge[headings.start[point] : headings.start[point + 1]]


def _direct(network: Network, headings: Headings, here: int, there: int, *, weight: float) -> list[int] | None:
    """Edges of the way that does not leave the street, when it is the table's way."""
    rows = np.concatenate([_point_rows(headings, here), _point_rows(headings, there)])
    part = Headings(
        point=headings.point[rows],
        edge=headings.edge[rows],
        done=headings.done[rows],
        rest=headings.rest[rows],
        penalty=headings.penalty[rows],
        start=headings.start,
    )
    begin, end, cost = direct_ways(network, part)
    match = np.flatnonzero((part.point[begin] == here) & (part.point[end] == there) & (cost == weight))
    if len(match) == 0:
        return None
    first, last = int(part.edge[begin[match[0]]]), int(part.edge[end[match[0]]])
    edges = [first]
    while edges[-1] != last:
        edges.append(int(network.arc_to[network.arc_start[edges[-1]]]))
    return edges


def _point_rows(headings: Headings, point: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(headings.start[point], headings.start[point + 1])


def _searched(
    network: Network, headings: Headings, graph: csr_matrix, here: int, there: int, *, weight: float
) -> list[int]:
    """Edges of the fastest way over the network."""
    node = len(network) + here
    rows_reached, rows_before = dijkstra(
        graph, directed=True, indices=np.array([node]), return_predecessors=True, limit=weight + PACK
    )
    reached, before = rows_reached[0], rows_before[0]
    rows = _point_rows(headings, there)
    previous, cost, begin = arrivals(
        network,
        Headings(
            headings.point[rows],
            headings.edge[rows],
            headings.done[rows],
            headings.rest[rows],
            headings.penalty[rows],
            headings.start,
        ),
    )
    total = reached[previous] + cost
    pick = int(np.argmin(total))
    if total[pick] != weight:
        raise AssertionError(f"the traced path weighs {total[pick]}, the table has {weight}")
    last = int(headings.edge[rows[np.searchsorted(begin, pick, side="right") - 1]])
    edges, at = [last], int(previous[pick])
    while at != node:
        edges.append(at)
        at = int(before[at])
    return edges[::-1]


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
