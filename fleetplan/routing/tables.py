"""Travel tables between points: the fastest allowed way for every pair, time and length of the same way.

A point is left in any open heading free of charge, except out of a dead-end street: whoever stood there came in
the other way, so leaving outward costs turning round beside the stop, or driving to the end and back, whichever
is quicker. Between two points of the same dead-end street nothing is paid: the last one pays on leaving, so
that several stops in one dead end cost one turn. The depot is left in any heading free of charge (a vehicle
turns in the yard).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from fleetplan.city.streets import Bools, Floats, Ints, Streets
from fleetplan.routing.network import PACK, Network, pack, unpack
from fleetplan.routing.seams import Point
from fleetplan.routing.topology import expand_ranges
from fleetplan.travel import TravelTable

_CHUNK_BYTES = 200_000_000


@dataclass(frozen=True, eq=False)
class Headings:
    """The headings of all points, one row each, sorted by point, then edge.

    Attributes:
        point: number of the point.
        edge: local edge of the network.
        done: packed weight from the edge's start to the point.
        rest: packed weight from the point to the edge's end.
        penalty: packed weight of turning round, where leaving so means leaving a dead-end street.
        start: ``int64[points + 1]``: headings of point ``i`` are rows ``start[i]:start[i + 1]``.
    """

    point: Ints
    edge: Ints
    done: Floats
    rest: Floats
    penalty: Floats
    start: Ints


def headings_of(streets: Streets, network: Network, points: Sequence[Point]) -> Headings:
    """The headings of points; the first point is the depot."""
    counts = np.array([len(point.headings) for point in points], dtype=np.int64)
    row, _ = expand_ranges(counts)
    rows = np.array([edge for point in points for edge in point.headings], dtype=np.int64)
    edge = network.local[rows]
    along = np.array([point.along for point in points], dtype=np.float64)[row]
    share = np.where(streets.edges.reverse[rows], 1.0 - along, along)
    time_ms, length_dm = network.time_ms[edge], network.length_dm[edge]
    moving_ms = time_ms - network.end_ms[edge]
    done_ms = np.minimum(np.floor(share * moving_ms + 0.5).astype(np.int64), moving_ms)
    done_dm = np.minimum(np.floor(share * length_dm + 0.5).astype(np.int64), length_dm)
    penalty_ms = np.where(network.outward[edge] & (row > 0), network.round_ms[edge], 0)
    return Headings(
        point=row,
        edge=edge,
        done=pack(done_ms, done_dm),
        rest=pack(time_ms - done_ms, length_dm - done_dm),
        penalty=penalty_ms * PACK,
        start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
    )


def graph_with_points(network: Network, headings: Headings) -> csr_matrix:
    """The network with one more node per point, from which its headings start (nodes ``len(network) + point``)."""
    n, p = len(network), len(headings.start) - 1
    start = np.concatenate([network.arc_start, network.arc_start[-1] + headings.start[1:]])
    data = np.concatenate([network.arc_weight, headings.rest + headings.penalty])
    to = np.concatenate([network.arc_to, headings.edge])
    small = np.int32 if len(to) < 2**31 else np.int64
    return csr_matrix((data, to.astype(small), start.astype(small)), shape=(n + p, n + p))


def arrivals(network: Network, headings: Headings) -> tuple[Ints, Floats, Ints]:
    """How each heading is arrived at: previous edges, packed cost of the turn and of the part up to the point.

    Returned are the previous edges and costs of all headings, one after the other, and where each one begins.
    """
    begin, end = network.in_start[headings.edge], network.in_start[headings.edge + 1]
    row, offset = expand_ranges(end - begin)
    arc = begin[row] + offset
    start = np.concatenate([[0], np.cumsum(end - begin)[:-1]]).astype(np.int64)
    return network.in_from[arc], network.in_turn[arc] + headings.done[row], start


def packed_table(network: Network, headings: Headings) -> Floats:
    """Packed weight of the fastest way between all points, ``float64[points, points]``."""
    points = len(headings.start) - 1
    graph = graph_with_points(network, headings)
    previous, cost, begin = arrivals(network, headings)
    table = np.full((points, points), np.inf)
    step = max(1, int(_CHUNK_BYTES // (8 * (graph.shape[0] + 2 * len(previous)))))
    for low in range(0, points, step):
        rows = np.arange(low, min(low + step, points))
        reached = dijkstra(graph, directed=True, indices=len(network) + rows)
        by_heading = np.minimum.reduceat(reached[:, previous] + cost, begin, axis=1)
        table[rows] = np.minimum.reduceat(by_heading, headings.start[:-1], axis=1)
    here, there, weight = direct_ways(network, headings)
    np.minimum.at(table, (headings.point[here], headings.point[there]), weight)
    np.fill_diagonal(table, 0.0)
    return table


def direct_ways(network: Network, headings: Headings) -> tuple[Ints, Ints, Floats]:
    """Ways between points without leaving their street: pairs of heading rows and packed weights.

    Pairs ahead of each other on the same edge, and pairs outward along the same dead-end street.
    """
    outward = network.outward[headings.edge]
    here, there = _pairs_within(headings.edge, np.ones(len(outward), dtype=np.bool_))
    ahead = headings.done[there] >= headings.done[here]
    same = (here[ahead], there[ahead], headings.done[there][ahead] - headings.done[here][ahead])

    place = network.potential[headings.edge] - headings.rest
    here, there = _pairs_within(network.chain[headings.edge], outward)
    ahead = place[there] >= place[here]
    along = (here[ahead], there[ahead], place[there][ahead] - place[here][ahead])
    here, there, weight = (np.concatenate(parts) for parts in zip(same, along, strict=True))
    other = headings.point[here] != headings.point[there]
    return here[other], there[other], weight[other]


def _pairs_within(group: Ints, member: Bools) -> tuple[Ints, Ints]:
    """All ordered pairs of member rows that share a group."""
    rows = np.flatnonzero(member)
    order = rows[np.argsort(group[rows], kind="stable")]
    key = group[order]
    begin = np.searchsorted(key, key, side="left")
    end = np.searchsorted(key, key, side="right")
    here, offset = expand_ranges(end - begin)
    return order[here], order[begin[here] + offset]


def travel_table(vehicle: str, points: Sequence[Point], packed: Floats) -> TravelTable:
    """The table in whole seconds and metres, rounded half up."""
    time_ms, length_dm = unpack(packed)
    return TravelTable(
        type=vehicle,
        lat=np.array([point.lat for point in points], dtype=np.float64),
        lon=np.array([point.lon for point in points], dtype=np.float64),
        time_s=((time_ms + 500) // 1000).astype(np.int32)[None],
        distance_m=((length_dm + 5) // 10).astype(np.int32)[None],
    )
