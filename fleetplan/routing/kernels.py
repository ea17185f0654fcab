"""The compiled inner loops of the hierarchy, over plain arrays. Nothing here knows a street.

Nodes are numbered by rank: a node's *upper* neighbours, ``up[start[v]:start[v + 1]]`` in ascending order, outrank it,
and form a clique once the graph is chordal, so that its first upper neighbour is its parent in the elimination tree
and all others are ancestors of that (Dibbelt, Strasser and Wagner 2016, Customizable Contraction Hierarchies, Journal
of Experimental Algorithmics 21). ``rise[k]`` weighs the arc from ``v`` to ``up[k]``, ``fall[k]`` the one back.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleetplan.compiling import compiled

FAR = 2**60
"""No way. Two of them still add up without overflow; from half of it on a sum with a negative offset is none either."""

Longs = NDArray[np.int64]


@compiled
def chordal_graph(begin: Longs, neighbour: Any, nodes: int) -> Any:
    """Upper neighbours and parents after elimination in the order of rank.

    Args:
        begin, neighbour: the undirected graph, both directions, in compressed rows.
        nodes: number of nodes.

    Returns:
        ``start``, ``up`` and ``parent`` (-1 at roots).
    """
    start = np.zeros(nodes + 1, np.int64)
    parent = np.full(nodes, -1, np.int64)
    marked = np.full(nodes, -1, np.int64)
    child = np.full(nodes, -1, np.int64)
    sibling = np.full(nodes, -1, np.int64)
    up = np.empty(4 * len(neighbour) + 16, np.int32)
    filled = 0
    for v in range(nodes):
        low = filled
        marked[v] = v
        if filled + nodes > len(up):
            longer = np.empty(2 * len(up) + nodes, np.int32)
            longer[:filled] = up[:filled]
            up = longer
        for i in range(begin[v], begin[v + 1]):
            u = neighbour[i]
            if u > v and marked[u] != v:
                marked[u] = v
                up[filled] = u
                filled += 1
        c = child[v]
        while c >= 0:
            for i in range(start[c], start[c + 1]):
                u = up[i]
                if marked[u] != v:
                    marked[u] = v
                    up[filled] = u
                    filled += 1
            c = sibling[c]
        up[low:filled] = np.sort(up[low:filled])
        start[v + 1] = filled
        if filled > low:
            above = up[low]
            parent[v] = above
            sibling[v] = child[above]
            child[above] = v
    return start, up[:filled].copy(), parent


@compiled
def customize(start: Longs, up: Any, rise: Longs, fall: Longs) -> None:
    """Lower every weight to that of the best way over lower nodes, by all triangles from below."""
    for v in range(len(start) - 1):
        end = start[v + 1]
        for i in range(start[v], end):
            into, out = fall[i], rise[i]
            j = start[up[i]]
            for k in range(i + 1, end):
                while up[j] != up[k]:
                    j += 1
                rise[j] = min(rise[j], into + rise[k])
                fall[j] = min(fall[j], fall[k] + out)


@compiled
def climb(
    start: Longs,
    up: Any,
    weight: Longs,
    parent: Longs,
    depth: Longs,
    begin: Longs,
    node: Longs,
    offset: Longs,
    low: int,
    high: int,
    label: Any,
) -> None:
    """Distances from points to all their ancestors: rows ``low`` to ``high`` of ``label``, by depth of the ancestor.

    Args:
        weight: ``rise`` for ways from the points, ``fall`` for ways to them.
        begin, node, offset: the nodes of each point, all on one path to the root, and the way between each and the
            point itself.
    """
    distance = np.full(len(parent), FAR, np.int64)
    for point in range(low, high):
        v = node[begin[point]]
        for row in range(begin[point], begin[point + 1]):
            distance[node[row]] = min(distance[node[row]], offset[row])
            v = min(v, node[row])
        while v >= 0:
            here = distance[v]
            distance[v] = FAR
            label[point, depth[v]] = here
            if here < FAR:
                for k in range(start[v], start[v + 1]):
                    distance[up[k]] = min(distance[up[k]], here + weight[k])
            v = parent[v]


@compiled
def shared_depth(here: Any, there: Any, most: int) -> int:
    """Number of common ancestors of two nodes, whose paths from the root are given."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if here[middle - 1] == there[middle - 1]:
            low = middle
        else:
            high = middle - 1
    return low


@compiled
def meet(
    leave: Any, arrive: Any, path: Any, goal: Any, size: Longs, goal_size: Longs, low: int, high: int, table: Any
) -> None:
    """The least sum of two labels over the common ancestors, for all pairs: rows ``low`` to ``high`` of ``table``.

    Args:
        leave, arrive: labels of the points that ways start from and lead to.
        path, goal: their ancestors from the root on.
        size, goal_size: how many each has.
    """
    for i in range(low, high):
        for j in range(table.shape[1]):
            best = np.int64(FAR)
            for d in range(shared_depth(path[i], goal[j], min(size[i], goal_size[j]))):
                best = min(best, leave[i, d] + arrive[j, d])
            table[i, j] = best if best < FAR // 2 else FAR


@compiled
def meet_pairs(
    leave: Any,
    arrive: Any,
    path: Any,
    goal: Any,
    size: Longs,
    goal_size: Longs,
    here: Longs,
    there: Longs,
    low: int,
    high: int,
    out: Longs,
) -> None:
    """As :func:`meet`, for pairs of rows ``here`` and ``there`` only: entries ``low`` to ``high`` of ``out``."""
    for row in range(low, high):
        i, j = here[row], there[row]
        best = np.int64(FAR)
        for d in range(shared_depth(path[i], goal[j], min(size[i], goal_size[j]))):
            best = min(best, leave[i, d] + arrive[j, d])
        out[row] = best if best < FAR // 2 else FAR


@compiled
def _seek(
    start: Longs, up: Any, weight: Longs, parent: Longs, node: Any, offset: Any, distance: Longs, by: Longs
) -> Any:
    """Distances from the nodes of a point to their ancestors, and the node before each; the lowest node is returned.

    ``by`` is -1 where a way begins.
    """
    v = node[0]
    for row in range(len(node)):
        if offset[row] < distance[node[row]]:
            distance[node[row]] = offset[row]
            by[node[row]] = -1
        v = min(v, node[row])
    lowest = v
    while v >= 0:
        if distance[v] < FAR:
            for k in range(start[v], start[v + 1]):
                far = distance[v] + weight[k]
                if far < distance[up[k]]:
                    distance[up[k]] = far
                    by[up[k]] = v
        v = parent[v]
    return lowest


@compiled
def _arc(start: Longs, up: Any, low: int, high: int) -> Any:
    """Row of the arc between two neighbours, the lower one first."""
    a, b = start[low], start[low + 1]
    return a + np.searchsorted(up[a:b], high)


@compiled
def _unpack(
    start: Longs,
    up: Any,
    rise: Longs,
    fall: Longs,
    first_rise: Longs,
    first_fall: Longs,
    down_start: Longs,
    down: Any,
    source: int,
    target: int,
    way: Any,
    filled: int,
    todo: Any,
) -> int:
    """Append to ``way`` the nodes after ``source`` on the arc to ``target``, which is one arc of the hierarchy."""
    todo[0, 0], todo[0, 1] = source, target
    waiting = 1
    while waiting > 0:
        waiting -= 1
        a, b = todo[waiting, 0], todo[waiting, 1]
        k = _arc(start, up, min(a, b), max(a, b))
        whole = rise[k] if a < b else fall[k]
        if (first_rise[k] if a < b else first_fall[k]) == whole:
            way[filled] = b
            filled += 1
            continue
        i, j = down_start[a], down_start[b]
        while True:
            if down[i] < down[j]:
                i += 1
            elif down[i] > down[j]:
                j += 1
            else:
                x = down[i]
                if fall[_arc(start, up, x, a)] + rise[_arc(start, up, x, b)] == whole:
                    todo[waiting, 0], todo[waiting, 1] = x, b
                    todo[waiting + 1, 0], todo[waiting + 1, 1] = a, x
                    waiting += 2
                    break
                i += 1
                j += 1
    return filled


@compiled
def trace(
    start: Longs,
    up: Any,
    rise: Longs,
    fall: Longs,
    first_rise: Longs,
    first_fall: Longs,
    down_start: Longs,
    down: Any,
    parent: Longs,
    leave_begin: Longs,
    leave_node: Longs,
    leave_offset: Longs,
    arrive_begin: Longs,
    arrive_node: Longs,
    arrive_offset: Longs,
    low: int,
    high: int,
) -> Any:
    """Nodes of the best way of each pair of points, ``leave`` to ``arrive`` row by row.

    Args:
        first_rise, first_fall: weights before customisation.
        down_start, down: lower neighbours of each node in ascending order.

    Returns:
        Where each way begins, and the nodes of all ways one after the other.
    """
    nodes = len(parent)
    there, back = np.full(nodes, FAR, np.int64), np.full(nodes, FAR, np.int64)
    by, onto = np.full(nodes, -1, np.int64), np.full(nodes, -1, np.int64)
    begin = np.zeros(high - low + 1, np.int64)
    way = np.empty(1024, np.int64)
    todo = np.empty((nodes + 2, 2), np.int64)
    chain = np.empty(nodes, np.int64)
    filled = 0
    for pair in range(low, high):
        own = slice(leave_begin[pair], leave_begin[pair + 1])
        other = slice(arrive_begin[pair], arrive_begin[pair + 1])
        source = _seek(start, up, rise, parent, leave_node[own], leave_offset[own], there, by)
        target = _seek(start, up, fall, parent, arrive_node[other], arrive_offset[other], back, onto)
        best, top = np.int64(FAR // 2), -1
        v = source
        while v >= 0:
            if there[v] + back[v] < best:
                best, top = there[v] + back[v], v
            v = parent[v]
        if top >= 0:
            size = 1
            chain[0] = top
            while by[chain[size - 1]] >= 0:
                chain[size] = by[chain[size - 1]]
                size += 1
            if filled + nodes > len(way):
                longer = np.empty(2 * len(way) + nodes, np.int64)
                longer[:filled] = way[:filled]
                way = longer
            way[filled] = chain[size - 1]
            filled += 1
            for i in range(size - 1, 0, -1):
                a, b = chain[i], chain[i - 1]
                filled = _unpack(
                    start, up, rise, fall, first_rise, first_fall, down_start, down, a, b, way, filled, todo
                )
            v = top
            while onto[v] >= 0:
                a, b = v, onto[v]
                filled = _unpack(
                    start, up, rise, fall, first_rise, first_fall, down_start, down, a, b, way, filled, todo
                )
                v = b
        begin[pair - low + 1] = filled
        for lowest in (source, target):
            v = lowest
            while v >= 0:
                there[v], back[v], by[v], onto[v] = FAR, FAR, -1, -1
                v = parent[v]
    return begin, way[:filled].copy()
