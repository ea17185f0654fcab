"""Shortest ways on a vehicle's network, by two engines that give the same integers.

Large questions go to the hierarchy (:mod:`fleetplan.routing.hierarchy`), small ones to scipy's Dijkstra: preparing a
city for a few dozen ways would take longer than finding them. Where the hierarchy's libraries are absent, scipy answers
everything.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from fleetplan.city.streets import Floats, Ints, Streets
from fleetplan.routing.hierarchy import Ends, Metric
from fleetplan.routing.network import Network
from fleetplan.routing.packing import FAR
from fleetplan.routing.preparing import can_prepare, is_prepared, prepare_city
from fleetplan.routing.topology import starts

SMALL = 3_000_000
"""Up to this many states times places scipy answers sooner than a city is prepared, about two and a half seconds."""
_CHUNK_BYTES = 200_000_000


class Search(Protocol):
    """Finds the best ways between ends. Weights are packed; :data:`~fleetplan.routing.packing.FAR` says none."""

    def table(self, leave: Ends, arrive: Ends) -> Ints:
        """Weights between every pair, ``int64[leave, arrive]``."""

    def pairs(self, leave: Ends, arrive: Ends, here: Ints, there: Ints) -> Ints:
        """Weights from places ``here`` of the first to places ``there`` of the second, ``int64[rows]``."""

    def traces(self, leave: Ends, arrive: Ends) -> tuple[Ints, Ints]:
        """States of the ways between equal rows, in compressed rows; empty where there is none."""


def search_of(streets: Streets, network: Network, *, places: int) -> Search:
    """The engine for so many places on a network."""
    small = network.topology.states * places <= SMALL
    if (is_prepared(streets) or not small) and can_prepare():
        return Metric(prepare_city(streets), network.arc, network.cost)
    return PlainSearch(network)


class PlainSearch:
    """Dijkstra's algorithm by scipy, one run per place; packed weights stay exact in its float64."""

    def __init__(self, network: Network) -> None:
        n = network.topology.states
        self._n = n
        start = starts(network.tail, n)
        self._graph: csr_matrix = csr_matrix((network.cost.astype(np.float64), network.head, start), shape=(n, n))

    def table(self, leave: Ends, arrive: Ends) -> Ints:
        """Weights between every pair."""
        out = np.empty((len(leave), len(arrive)), dtype=np.int64)
        graph = self._with_places(leave)
        step = max(1, _CHUNK_BYTES // (8 * (self._n + len(leave) + 2 * len(arrive.state) + 1)))
        for low in range(0, len(leave), step):
            high = min(low + step, len(leave))
            reached = dijkstra(graph, directed=True, indices=self._n + np.arange(low, high))
            out[low:high] = _arrived(reached[:, arrive.state], arrive)
        return out

    def pairs(self, leave: Ends, arrive: Ends, here: Ints, there: Ints) -> Ints:
        """Weights from places ``here`` of the first to places ``there`` of the second."""
        graph, out = self._with_places(leave), np.empty(len(here), dtype=np.int64)
        order = np.argsort(here, kind="stable")
        place, first = np.unique(here[order], return_index=True)
        for source, rows in zip(place.tolist(), np.split(order, first[1:]), strict=True):
            reached = dijkstra(graph, directed=True, indices=[self._n + source])
            ends = arrive.chosen(there[rows])
            out[rows] = _arrived(reached[:, ends.state], ends)[0]
        return out

    def traces(self, leave: Ends, arrive: Ends) -> tuple[Ints, Ints]:
        """States of the ways between equal rows."""
        graph, size = self._with_places(leave), np.zeros(len(leave) + 1, dtype=np.int64)
        ways: list[int] = []
        for row in range(len(leave)):
            rows_reached, rows_before = dijkstra(
                graph, directed=True, indices=[self._n + row], return_predecessors=True
            )
            reached, before = rows_reached[0], rows_before[0]
            ends = slice(int(arrive.begin[row]), int(arrive.begin[row + 1]))
            total = reached[arrive.state[ends]] + arrive.offset[ends]
            way, at = [], int(arrive.state[ends][int(np.argmin(total))])
            while np.isfinite(total.min()) and at < self._n:
                way.append(at)
                at = int(before[at])
            ways += reversed(way)
            size[row + 1] = len(ways)
        return size, np.array(ways, dtype=np.int64)

    def _with_places(self, leave: Ends) -> csr_matrix:
        """The network with one more node per place, from which its states start."""
        graph, n = self._graph, self._n + len(leave)
        data = np.concatenate([graph.data, leave.offset.astype(np.float64)])
        start = np.concatenate([graph.indptr, graph.indptr[-1] + leave.begin[1:]])
        return csr_matrix((data, np.concatenate([graph.indices, leave.state]), start), shape=(n, n))


def _arrived(reached: Floats, arrive: Ends) -> Ints:
    """The least of each place's ends; ways that do not exist stay :data:`FAR`."""
    total = np.minimum.reduceat(reached + arrive.offset, arrive.begin[:-1], axis=1)
    return np.where(np.isfinite(total), total, float(FAR)).astype(np.int64)
