"""A customisable contraction hierarchy over states: one order per city, re-weighted per vehicle in a tenth of a second.

The order of elimination is nested dissection by RoutingKit's inertial flow (through ``routingkit_cch``), computed on
streets rather than directed edges: all states of one stretch get neighbouring ranks, so they share one path to the
root of the elimination tree, and a place on a street, whatever its headings, needs a single label.

Tables are made from labels: the distances from (or to) a place to all its ancestors, a few hundred numbers. Two places'
distance is the least sum over their common ancestors. Time and length travel in one 64-bit weight, so a table is exact
in both after one run. On Porto's metropolitan area (166,000 edges, two cores) 1,000 × 1,000 pairs take 0.06 s; the
many-to-many queries of ``pyroutingkit`` 0.2.1 and ``routingkit_cch`` 0.1.4 take 2.0 to 2.2 s for one 32-bit metric and
one heading per place, and have to run twice (``tests/benchmarks/engines.py`` measures this again).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleetplan.city.streets import Ints
from fleetplan.routing.topology import Topology, starts

THREADS = min(os.cpu_count() or 1, 8)


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """The chordal graph of a city's states, numbered by rank.

    Attributes:
        rank: ``int64[states]``, number of each state.
        state: the state of each number.
        start, up: upper neighbours (see :mod:`fleetplan.routing.kernels`).
        parent: in the elimination tree, -1 at roots.
        depth: number of proper ancestors.
        arc: ``int64[arcs]``, row in ``up`` of each arc of the topology; -1 for an arc from a state to itself.
        rises: the arc leads to the higher rank.
    """

    rank: Ints
    state: Ints
    start: Ints
    up: NDArray[np.int32]
    parent: Ints
    depth: Ints
    arc: Ints
    rises: NDArray[np.bool_]

    @cached_property
    def lower(self) -> tuple[Ints, NDArray[np.int32]]:
        """Lower neighbours of every node in ascending order, in compressed rows."""
        nodes = len(self.parent)
        owner = np.repeat(np.arange(nodes, dtype=np.int32), np.diff(self.start))
        order = np.argsort(self.up, kind="stable")
        # A last entry that equals no node ends a merge of two rows.
        return starts(self.up.astype(np.int64), nodes), np.append(owner[order], np.int32(-1))


@dataclass(frozen=True, eq=False)
class Ends:
    """Ends of ways: for each place the states it is left by or reached by.

    Attributes:
        begin: ``int64[places + 1]``: states of place ``i`` are rows ``begin[i]:begin[i + 1]``; all of one stretch.
        state: rows of ``Topology.edge``.
        offset: packed weight between each state's end and the place; an end that is reached before the whole of its
            edge is driven has a negative one.
    """

    begin: Ints
    state: Ints
    offset: Ints

    def __len__(self) -> int:
        return len(self.begin) - 1

    def chosen(self, places: Ints) -> Ends:
        """The same ends for some of the places, in the order given."""
        size = np.diff(self.begin)[places]
        begin = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
        row = np.repeat(self.begin[places] - begin[:-1], size) + np.arange(begin[-1])
        return Ends(begin, self.state[row], self.offset[row])


def stretch_order(topology: Topology, stretch: Ints, lon: Any, lat: Any) -> NDArray[np.int32]:
    """Stretches from the first to be eliminated to the last, by nested dissection.

    Args:
        stretch: of every state.
        lon, lat: ``float64[stretches]``, somewhere on each stretch.

    Raises:
        ImportError: ``routingkit_cch`` is not installed.
    """
    from routingkit_cch import compute_order_inertial

    n = len(lon)
    a, b = stretch[topology.tail], stretch[topology.head]
    pair = np.unique(np.minimum(a, b)[a != b] * n + np.maximum(a, b)[a != b])
    low, high = np.divmod(pair, n)
    tail, head = np.concatenate([low, high]), np.concatenate([high, low])
    order = compute_order_inertial(n, tail.tolist(), head.tolist(), lat.tolist(), lon.tolist())
    return np.array(order, dtype=np.int32)


def hierarchy_of(topology: Topology, stretch: Ints, order: NDArray[np.int32]) -> Hierarchy:
    """The hierarchy that an order of stretches gives.

    Args:
        stretch: of every state.
        order: all stretches, the first to be eliminated first.
    """
    from fleetplan.routing import kernels

    states = topology.states
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    state = np.argsort(place[stretch], kind="stable").astype(np.int64)
    rank = np.empty(states, dtype=np.int64)
    rank[state] = np.arange(states)

    tail, head = rank[topology.tail], rank[topology.head]
    together = np.flatnonzero(np.diff(stretch[state]) == 0)  # one path to the root for all states of a stretch
    low = np.concatenate([np.minimum(tail, head), together])
    high = np.concatenate([np.maximum(tail, head), together + 1])
    pair = np.unique((low * states + high)[low != high])
    low, high = np.divmod(pair, max(states, 1))
    start, up, parent = kernels.chordal_graph(starts(low, states), high.astype(np.int32), states)
    owner = np.repeat(np.arange(states, dtype=np.int64), np.diff(start))
    row = np.searchsorted(owner * states + up, np.minimum(tail, head) * states + np.maximum(tail, head))
    return Hierarchy(
        rank=rank,
        state=state,
        start=start,
        up=up,
        parent=parent,
        depth=_depths(parent),
        arc=np.where(tail != head, row, -1),
        rises=tail < head,
    )


def _depths(parent: Ints) -> Ints:
    """Number of ancestors, by jumping twice as far each time."""
    depth = (parent >= 0).astype(np.int64)
    jump = parent.copy()
    while (alive := np.flatnonzero(jump >= 0)).size:
        depth[alive] += depth[jump[alive]]
        jump[alive] = jump[jump[alive]]
    return depth


class Metric:
    """A hierarchy with one vehicle's weights."""

    def __init__(self, hierarchy: Hierarchy, arc: Ints, weight: Ints) -> None:
        """``arc`` are the rows of the topology that the vehicle drives, ``weight`` their packed weights."""
        from fleetplan.routing import kernels

        self.hierarchy = hierarchy
        row, rises = hierarchy.arc[arc], hierarchy.rises[arc]
        usable = row >= 0
        self._first_rise = np.full(len(hierarchy.up), kernels.FAR, dtype=np.int64)
        self._first_fall = self._first_rise.copy()
        self._first_rise[row[usable & rises]] = weight[usable & rises]
        self._first_fall[row[usable & ~rises]] = weight[usable & ~rises]
        self._rise, self._fall = self._first_rise.copy(), self._first_fall.copy()
        kernels.customize(hierarchy.start, hierarchy.up, self._rise, self._fall)

    def table(self, leave: Ends, arrive: Ends) -> Ints:
        """Packed weight of the best way between every pair of ends, ``int64[leave, arrive]``; ``FAR`` for none."""
        from fleetplan.routing import kernels

        here, there = self._labels(leave, self._rise), self._labels(arrive, self._fall)
        out = np.empty((len(leave), len(arrive)), dtype=np.int64)

        def work(low: int, high: int) -> None:
            kernels.meet(here[0], there[0], here[1], there[1], here[2], there[2], low, high, out)

        _in_threads(work, len(leave))
        return out

    def pairs(self, leave: Ends, arrive: Ends, here: Ints, there: Ints) -> Ints:
        """Packed weight of the best way from ends ``here`` to ends ``there``, row by row; ``FAR`` for none."""
        from fleetplan.routing import kernels

        one, other = self._labels(leave, self._rise), self._labels(arrive, self._fall)
        out = np.empty(len(here), dtype=np.int64)

        def work(low: int, high: int) -> None:
            kernels.meet_pairs(*(one[0], other[0], one[1], other[1], one[2], other[2]), here, there, low, high, out)

        _in_threads(work, len(here))
        return out

    def traces(self, leave: Ends, arrive: Ends) -> tuple[Ints, Ints]:
        """States of the best way of each pair (row ``i`` of both), in compressed rows; none where there is no way."""
        from fleetplan.routing import kernels

        h = self.hierarchy
        begin, way = kernels.trace(
            *(h.start, h.up, self._rise, self._fall, self._first_rise, self._first_fall, *h.lower, h.parent),
            *(leave.begin, h.rank[leave.state], leave.offset),
            *(arrive.begin, h.rank[arrive.state], arrive.offset),
            *(0, len(leave)),
        )
        return begin, h.state[way]

    def _labels(self, ends: Ends, weight: Ints) -> tuple[Ints, NDArray[np.int32], Ints]:
        """Labels of all places, their ancestors from the root on, and how many each has."""
        from fleetplan.routing import kernels

        h, n = self.hierarchy, len(ends)
        node = h.rank[ends.state]
        lowest = np.minimum.reduceat(node, ends.begin[:-1]) if n else node
        size = h.depth[lowest] + 1
        path = np.full((n, int(size.max(initial=1))), -1, dtype=np.int32)
        climber, row = lowest.copy(), np.arange(n)
        while len(row):
            path[row, h.depth[climber]] = climber
            climber = h.parent[climber]
            row, climber = row[climber >= 0], climber[climber >= 0]
        label = np.full(path.shape, kernels.FAR, dtype=np.int64)

        def work(low: int, high: int) -> None:
            kernels.climb(h.start, h.up, weight, h.parent, h.depth, ends.begin, node, ends.offset, low, high, label)

        _in_threads(work, n)
        return label, path, size


def _in_threads(work: Callable[[int, int], None], n: int) -> None:
    """Give every thread its share of the rows; the kernels release the interpreter."""
    cuts = np.linspace(0, n, THREADS + 1).astype(int).tolist()
    if n < 2 * THREADS:
        work(0, n)
        return
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, cuts[:-1], cuts[1:]))
