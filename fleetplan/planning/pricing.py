"""The cheapest trip by reduced costs, over trips that may come back to a stop, though not by way of one other only.

Dynamic programming over one integer resource (load, or time): N. Christofides, A. Mingozzi and P. Toth, "Exact
algorithms for the vehicle routing problem, based on spanning tree and shortest path relaxations", Mathematical
Programming 20 (1981), 255–282, with their elimination of two-cycles. Every real trip is among those looked at, so
that the least reduced cost found bounds that of all real trips from below.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleetplan.compiling import compiled

FAR = 1e300

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@compiled
def price(arc: Floats, use: Ints, reward: Floats, task: Ints, levels: int) -> Any:
    """Cheapest closed trips, one per last stop.

    Args:
        arc: ``[m, m]`` cost of going from node to node and serving the latter; node 0 is the depot; ``FAR``: never.
        use: ``[m, m]`` what it takes of the resource, at least 1 but on arcs back to the depot.
        reward: ``[m]`` taken off whenever a node is served.
        task: ``[m]`` which task a node serves, -1 at the depot; consecutive nodes, and those two apart, differ in it.
        levels: how much of the resource there is.

    Returns:
        ``cost[m]`` of the best trip that ends at each node (``FAR``: none), and for tracing back ``node``, ``level``
        and ``rank`` ``[levels + 1, m, 2]``, the state before, and ``last[m, 2]``, level and rank of the last state.
    """
    m = len(arc)
    value = np.full((levels + 1, m, 2), FAR)
    before = np.full((levels + 1, m, 2), -1, np.int64)
    level = np.zeros((levels + 1, m, 2), np.int64)
    rank = np.zeros((levels + 1, m, 2), np.int64)
    cost = np.full(m, FAR)
    last = np.zeros((m, 2), np.int64)
    for j in range(1, m):
        w = use[0, j]
        if arc[0, j] < FAR and w <= levels:
            value[w, j, 0] = arc[0, j] - reward[j]
            before[w, j, 0] = 0
    for w in range(levels + 1):
        for i in range(1, m):
            if value[w, i, 0] >= FAR:
                continue
            if arc[i, 0] < FAR and w + use[i, 0] <= levels:
                closed = value[w, i, 0] + arc[i, 0]
                if closed < cost[i]:
                    cost[i] = closed
                    last[i, 0] = w
            first = task[before[w, i, 0]]
            for j in range(1, m):
                if arc[i, j] >= FAR or task[j] == task[i]:
                    continue
                v = w + use[i, j]
                if v > levels:
                    continue
                r = 1 if first == task[j] else 0
                if value[w, i, r] >= FAR:
                    continue
                new = value[w, i, r] + arc[i, j] - reward[j]
                if new >= value[v, j, 1]:
                    continue
                if new < value[v, j, 0]:
                    if task[before[v, j, 0]] != task[i]:
                        value[v, j, 1] = value[v, j, 0]
                        before[v, j, 1] = before[v, j, 0]
                        level[v, j, 1] = level[v, j, 0]
                        rank[v, j, 1] = rank[v, j, 0]
                    value[v, j, 0] = new
                    before[v, j, 0] = i
                    level[v, j, 0] = w
                    rank[v, j, 0] = r
                elif task[before[v, j, 0]] != task[i]:
                    value[v, j, 1] = new
                    before[v, j, 1] = i
                    level[v, j, 1] = w
                    rank[v, j, 1] = r
    return cost, before, level, rank, last


def trace(before: Ints, level: Ints, rank: Ints, last: Ints, end: int) -> list[int]:
    """Nodes of the best trip that ends at a node, without the depot."""
    found = []
    node, w, r = end, int(last[end, 0]), int(last[end, 1])
    while node > 0:
        found.append(node)
        node, w, r = int(before[w, node, r]), int(level[w, node, r]), int(rank[w, node, r])
    return found[::-1]
