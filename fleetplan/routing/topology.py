"""Which edge may follow which: the same for every vehicle and shift; made once per city and forgotten with it.

The places where a vehicle can be are *states*: every directed edge is one, and an edge that lies inside a turn
restriction over a via way has a copy for each way of coming that the restriction remembers. Arcs join states.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np

from fleetplan.city.streets import Bools, Codes, Floats, Ints, Streets


@dataclass(frozen=True, eq=False)
class Topology:
    """Pairs of states that meet end to start, sorted by ``tail``, then ``head``.

    Attributes:
        edge: ``int64[states]``, row of ``Streets.edges`` of each state; the first ones are the edges themselves.
        tail, head: states of each arc.
        first, second: their edges.
        uturn: the second edge is the first one's twin.
        angle_deg: change of direction, counter-clockwise positive, -180 to 180.
        junction: three or more streets meet at the node between.
        node: the node between.
        forbidden: for whom a turn restriction closes the arc, bits as ``Restrictions.applies``.
    """

    edge: Ints
    tail: Ints
    head: Ints
    first: Ints
    second: Ints
    uturn: Bools
    angle_deg: Floats
    junction: Bools
    node: Ints
    forbidden: Codes

    @property
    def states(self) -> int:
        """Number of states."""
        return len(self.edge)

    @cached_property
    def copies(self) -> tuple[Ints, Ints]:
        """States of every edge: ``start[edges + 1]`` and the states, the edge itself before its copies."""
        order = np.argsort(self.edge, kind="stable")
        return starts(self.edge, int(self.edge.max(initial=-1)) + 1), order.astype(np.int64)


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
    begin = np.searchsorted(edges.u[order], edges.v, side="left")
    end = np.searchsorted(edges.u[order], edges.v, side="right")
    first, offset = expand_ranges(end - begin)
    second = order[begin[first] + offset].astype(np.int64)
    memory = _Memory(streets)
    edge = np.concatenate([np.arange(n, dtype=np.int64), memory.copied_edges()])
    copies = np.arange(n, len(edge), dtype=np.int64)
    row, offset = expand_ranges((end - begin)[edge[copies]])
    tail = np.concatenate([first, copies[row]])
    second = np.concatenate([second, order[begin[edge[copies]][row] + offset].astype(np.int64)])
    first = edge[tail]
    head, forbidden = memory.led(tail, second)

    sort = np.lexsort((head, tail))
    tail, head, first, second = (column[sort] for column in (tail, head, first, second))
    leaving, arriving = _bearings(streets)
    angle = np.degrees(leaving[second] - arriving[first])
    node = edges.v[first]
    return Topology(
        edge=edge,
        tail=tail,
        head=head,
        first=first,
        second=second,
        uturn=edges.twin[first] == second,
        angle_deg=(angle + 180.0) % 360.0 - 180.0,
        junction=streets_at_node(streets)[node] >= 3,
        node=node,
        forbidden=forbidden[sort],
    )


class _Memory:
    """What turn restrictions must remember of a vehicle's way, as an automaton over edges (Aho and Corasick 1975).

    A copy of an edge stands for a proper beginning of a forbidden sequence, of two or more edges, that ends in it.
    From each state the next one is that of the longest such beginning which the way now ends in.
    """

    def __init__(self, streets: Streets) -> None:
        table = streets.restrictions
        self._n = len(streets.edges)
        self._closed: dict[tuple[int, ...], int] = {}
        starts_at, edge = table.start.tolist(), table.edge.tolist()
        for low, high, applies in zip(starts_at[:-1], starts_at[1:], table.applies.tolist(), strict=True):
            way = tuple(edge[low:high])
            self._closed[way] = self._closed.get(way, 0) | applies
        beginnings = {way[:size] for way in self._closed for size in range(2, len(way))}
        self._state = {way: self._n + i for i, way in enumerate(sorted(beginnings))}
        self._way = {state: way for way, state in self._state.items()}

    def copied_edges(self) -> Ints:
        """The edge of every copy, in their order."""
        return np.array([way[-1] for way in self._state], dtype=np.int64)

    def led(self, tail: Ints, second: Ints) -> tuple[Ints, Codes]:
        """The state that each step from a state onto an edge leads to, and for whom it is closed."""
        head, forbidden = second.copy(), np.zeros(len(tail), dtype=np.uint8)
        firsts = np.array([way[-2] for way in (*self._closed, *self._state)], dtype=np.int64)
        seconds = np.array([way[-1] for way in (*self._closed, *self._state)], dtype=np.int64)
        marked = np.isin(tail * self._n + second, firsts * self._n + seconds) | (tail >= self._n)
        for arc in np.flatnonzero(marked).tolist():
            state, onto = int(tail[arc]), int(second[arc])
            way = (*self._way.get(state, (state,)), onto)
            endings = [way[skip:] for skip in range(len(way) - 1)]
            head[arc] = next((self._state[end] for end in endings if end in self._state), onto)
            for end in endings:
                forbidden[arc] |= self._closed.get(end, 0)
        return head, forbidden


def expand_ranges(counts: Ints) -> tuple[Ints, Ints]:
    """Row and offset of every item of ranges of the given lengths: ``[2, 1]`` gives ``[0, 0, 1]`` and ``[0, 1, 0]``."""
    row = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    offset = np.arange(len(row), dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)
    return row, offset


def starts(key: Ints, n: int) -> Ints:
    """Where each key's rows begin once they are sorted, ``int64[n + 1]``."""
    return np.concatenate([[0], np.cumsum(np.bincount(key, minlength=n))]).astype(np.int64)


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
    leaving = direction_rad(streets, np.where(back, last, first), np.where(back, last - 1, first + 1))
    arriving = direction_rad(streets, np.where(back, first + 1, last - 1), np.where(back, first, last))
    return leaving, arriving


def direction_rad(streets: Streets, start: Ints, end: Ints) -> Floats:
    """Direction from one vertex of the lines to another, radians counter-clockwise from east."""
    lon, lat = streets.stretches.line_lon, streets.stretches.line_lat
    dx = (lon[end] - lon[start]) * np.cos(np.radians(lat[start]))
    return np.asarray(np.arctan2(lat[end] - lat[start], dx), dtype=np.float64)
