"""Travel tables between points: the fastest allowed way for every pair, time and length of the same way.

A point is left in any open heading free of charge, except out of a dead-end street: whoever stood there came in
the other way, so leaving outward costs turning round beside the stop, backing out, or driving to the end and back,
whichever is quickest. Between two points of the same dead-end street nothing is paid: the last one pays on leaving, so
that several stops in one dead end cost one turn. The depot is left in any heading free of charge (a vehicle
turns in the yard).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fleetplan.city.streets import Bools, Floats, Ints, Streets
from fleetplan.routing.hierarchy import Ends
from fleetplan.routing.network import Network
from fleetplan.routing.packing import FAR, MILLISECOND, pack, unpack
from fleetplan.routing.seams import Point
from fleetplan.routing.searching import Search
from fleetplan.routing.topology import expand_ranges, starts
from fleetplan.routing.turning import reverse_mouth_ms
from fleetplan.travel import UNREACHABLE, TravelTable


@dataclass(frozen=True, eq=False)
class Headings:
    """The headings of all points, one row each, sorted by point, then edge.

    Attributes:
        point: number of the point.
        edge: row of ``Streets.edges``.
        done: packed weight from the edge's start to the point.
        rest: packed weight from the point to the edge's end.
        turn: packed weight of leaving in this heading after arriving in the other one: turning round beside the stop,
            or backing out of a dead-end street where that is quicker.
        backs: it is backing out.
        penalty: the same where leaving so means leaving a dead-end street, for which one arrives in the other heading;
            0 elsewhere, and where the kerb allows this heading only: then one has turned at the end before.
        start: ``int64[points + 1]``: headings of point ``i`` are rows ``start[i]:start[i + 1]``.
    """

    point: Ints
    edge: Ints
    done: Ints
    rest: Ints
    turn: Ints
    backs: Bools
    penalty: Ints
    start: Ints

    def rows(self, point: int) -> Ints:
        """The rows of a point."""
        return np.arange(self.start[point], self.start[point + 1])

    def chosen(self, rows: Ints) -> Headings:
        """Some of the rows, each as a point of its own."""
        own = np.arange(len(rows) + 1, dtype=np.int64)
        return Headings(
            point=own[:-1],
            edge=self.edge[rows],
            done=self.done[rows],
            rest=self.rest[rows],
            turn=self.turn[rows],
            backs=self.backs[rows],
            penalty=self.penalty[rows],
            start=own,
        )

    @property
    def unturned(self) -> Headings:
        """The same headings, left free of charge."""
        return replace(self, penalty=np.zeros_like(self.penalty))


def headings_of(streets: Streets, network: Network, points: Sequence[Point]) -> Headings:
    """The headings of points; the first point is the depot."""
    counts = np.array([len(point.headings) for point in points], dtype=np.int64)
    row, _ = expand_ranges(counts)
    edge = np.array([edge for point in points for edge in point.headings], dtype=np.int64)
    along = np.array([point.along for point in points], dtype=np.float64)[row]
    return headings_at(streets, network, row, edge, along, points=len(points), free=row == 0)


def headings_at(
    streets: Streets, network: Network, point: Ints, edge: Ints, along: Floats, *, points: int, free: Bools
) -> Headings:
    """Headings from columns sorted by point, then edge.

    Args:
        along: share of the stretch's length from its u.
        points: how many there are.
        free: the heading is left without turning round, dead end or not.
    """
    share = np.where(streets.edges.reverse[edge], 1.0 - along, along)
    time_ms, length_dm = network.time_ms[edge], network.length_dm[edge]
    moving_ms = time_ms - network.end_ms[edge]
    done_ms = np.minimum(_rounded(share * moving_ms), moving_ms)
    done_dm = np.minimum(_rounded(share * length_dm), length_dm)
    rest_ms = time_ms - done_ms
    ends, round_ms = network.dead_ends, network.round_ms[edge]
    edges = len(network.twin)
    turned = ends.outward[edge] & ~free & np.isin(point * edges + network.twin[edge], point * edges + edge)
    back_ms = _rounded((1.0 - share) * network.reverse_ms[edge]) + network.end_ms[edge]
    back_ms += ends.back_ms[edge] + reverse_mouth_ms()
    longer_ms = back_ms - rest_ms - ends.ahead_ms[edge]
    backs = ends.outward[edge] & (longer_ms < round_ms)
    turn_ms = np.where(backs, longer_ms, round_ms)
    return Headings(
        point=point,
        edge=edge,
        done=pack(done_ms, done_dm),
        rest=pack(rest_ms, length_dm - done_dm),
        turn=turn_ms * MILLISECOND,
        backs=backs,
        penalty=np.where(turned, turn_ms, 0) * MILLISECOND,
        start=starts(point, points),
    )


def _rounded(values: Floats) -> Ints:
    whole: Ints = np.floor(values + 0.5).astype(np.int64)
    return whole


def leaving(network: Network, headings: Headings) -> Ends:
    """The headings as ends that ways start from."""
    return Ends(headings.start, network.begins[headings.edge], headings.rest + headings.penalty)


def arriving(network: Network, headings: Headings) -> Ends:
    """The headings as ends that ways lead to: in any state of the edge, and not driven to its end."""
    begin, state = network.topology.copies
    size = np.diff(begin)[headings.edge]
    row, offset = expand_ranges(size)
    total = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    return Ends(
        total[headings.start],
        state[begin[headings.edge][row] + offset],
        (headings.done - network.weight[headings.edge])[row],
    )


def packed_table(network: Network, headings: Headings, search: Search) -> Ints:
    """Packed weight of the fastest way between all points, ``int64[points, points]``; ``FAR`` where there is none."""
    table = search.table(leaving(network, headings), arriving(network, headings))
    here, there, weight = _ways_back(network, headings, search)
    table[headings.point[here], headings.point[there]] = FAR
    np.minimum.at(table, (headings.point[here], headings.point[there]), weight)
    here, there, weight = direct_ways(network, headings)
    np.minimum.at(table, (headings.point[here], headings.point[there]), weight)
    np.fill_diagonal(table, 0)
    table[table >= FAR // 2] = FAR
    return table


def _ways_back(network: Network, headings: Headings, search: Search) -> tuple[Ints, Ints, Ints]:
    """All ways between points of which one lies behind the other on a shared edge: heading rows and packed weights.

    To a search the end of an edge is one place, so a point behind on the same edge looks nearer than nothing. For
    such pairs each heading is asked by itself, and the way back to the same edge leads over an edge after it.
    """
    here, there = _pairs_within(headings.edge, np.ones(len(headings.edge), dtype=np.bool_))
    behind = headings.done[there] < headings.done[here]
    points = len(headings.start) - 1
    pair = np.unique(headings.point[here[behind]] * points + headings.point[there[behind]])
    one, other = np.divmod(pair, max(points, 1))
    size = np.diff(headings.start)
    row, offset = expand_ranges(size[one] * size[other])
    here = headings.start[one][row] + offset // size[other][row]
    there = headings.start[other][row] + offset % size[other][row]
    weight, _ = heading_ways(network, headings, here, there, search)
    return here, there, weight


def heading_ways(network: Network, headings: Headings, here: Ints, there: Ints, search: Search) -> tuple[Ints, Ends]:
    """Packed weight from heading rows ``here`` to heading rows ``there``, and the states from which a search leads on.

    Ahead on the same edge the way is direct, and nothing leads on. Behind on the same edge it leads over an edge after
    it, from which the search starts.
    """
    used, row = np.unique(np.concatenate([here, there]), return_inverse=True)
    own = headings.chosen(used)
    one, other = row.reshape(2, -1)
    leave = leaving(network, own)
    edge, done = own.edge, own.done
    same, ahead = edge[one] == edge[other], done[other] - done[one]
    weight = np.where(same, ahead, FAR)
    apart = np.flatnonzero(~same)
    if len(apart):
        weight[apart] = search.pairs(leave, arriving(network, own), one[apart], other[apart])
    state, offset = leave.state[one], leave.offset[one]
    behind = np.flatnonzero(same & (ahead < 0))
    if len(behind):
        shared, which = np.unique(edge[one[behind]], return_inverse=True)
        round_trip, arc = (column[which.reshape(-1)] for column in _rounds(network, shared, search))
        weight[behind] = np.minimum(offset[behind] + round_trip + done[other[behind]], FAR)
        found = arc >= 0
        state[behind[found]] = network.head[arc[found]]
        offset[behind[found]] += network.cost[arc[found]]
    return weight, Ends(np.arange(len(here) + 1, dtype=np.int64), state, offset)


def _rounds(network: Network, edge: Ints, search: Search) -> tuple[Ints, Ints]:
    """Packed weight from the end of each edge round to its start, and the first arc on the way (-1: no way)."""
    low = np.searchsorted(network.tail, network.begins[edge], side="left")
    high = np.searchsorted(network.tail, network.begins[edge], side="right")
    row, offset = expand_ranges(high - low)
    arc = low[row] + offset
    best, first = np.full(len(edge), FAR, dtype=np.int64), np.full(len(edge), -1, dtype=np.int64)
    if len(arc) == 0:
        return best, first
    leave = Ends(np.arange(len(arc) + 1, dtype=np.int64), network.head[arc], network.cost[arc])
    begin, state = network.topology.copies
    at, step = expand_ranges(np.diff(begin)[edge[row]])
    total = np.concatenate([[0], np.cumsum(np.diff(begin)[edge[row]])]).astype(np.int64)
    arrive = Ends(total, state[begin[edge[row]][at] + step], -network.weight[edge[row]][at])
    rows = np.arange(len(arc))
    weight = search.pairs(leave, arrive, rows, rows)
    order = np.lexsort((arc, weight, row))
    found, place = np.unique(row[order], return_index=True)
    best[found], first[found] = weight[order][place], arc[order][place]
    first[best >= FAR // 2] = -1
    return best, first


def direct_ways(network: Network, headings: Headings) -> tuple[Ints, Ints, Ints]:
    """Ways between points without leaving their street: pairs of heading rows and packed weights.

    Pairs ahead of each other on the same edge, and pairs outward along the same dead-end street.
    """
    outward = network.dead_ends.outward[headings.edge]
    here, there = _pairs_within(headings.edge, np.ones(len(outward), dtype=np.bool_))
    ahead = headings.done[there] >= headings.done[here]
    same = (here[ahead], there[ahead], headings.done[there][ahead] - headings.done[here][ahead])

    place = network.dead_ends.potential[headings.edge] - headings.rest
    here, there = _pairs_within(network.dead_ends.chain[headings.edge], outward)
    # Where two edges meet, their ends are one place: on is then only from the inner edge to the outer one.
    potential = network.dead_ends.potential[headings.edge]
    ahead = (place[there] >= place[here]) & (potential[there] >= potential[here])
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


def travel_table(vehicle: str, points: Sequence[Point], packed: Ints) -> TravelTable:
    """The table in whole seconds and metres, rounded half up."""
    time_ms, length_dm = unpack(packed)
    none = packed >= FAR
    return TravelTable(
        type=vehicle,
        lat=np.array([point.lat for point in points], dtype=np.float64),
        lon=np.array([point.lon for point in points], dtype=np.float64),
        time_s=np.where(none, UNREACHABLE, (time_ms + 500) // 1000).astype(np.int32)[None],
        distance_m=np.where(none, UNREACHABLE, (length_dm + 5) // 10).astype(np.int32)[None],
    )
