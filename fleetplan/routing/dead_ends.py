"""Dead-end streets of a network: from each dead end outward as long as no other street joins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fleetplan.city.streets import Bools, Ints
from fleetplan.routing.packing import MILLISECOND
from fleetplan.routing.topology import starts


@dataclass(frozen=True, eq=False)
class DeadEnds:
    """Columns over edges (rows of ``Streets.edges``).

    Attributes:
        chain: number of the dead-end street that the edge belongs to, -1 for none; both directions share it.
        outward: the edge leads out of its dead-end street.
        potential: packed weight from the dead end to the end of an outward edge; 0 elsewhere.
        ahead_ms: driving on from the end of an outward edge to the end of the street's mouth; 0 elsewhere.
        back_ms: the same backwards; gates and corners between the edges cost what they cost ahead.
    """

    chain: Ints
    outward: Bools
    potential: Ints
    ahead_ms: Ints
    back_ms: Ints


def dead_ends_of(weight: Ints, reverse_ms: Ints, twin: Ints, tail: Ints, head: Ints, turn: Ints) -> DeadEnds:
    """The dead-end streets of a network.

    A vehicle inside came in the one way there is, so leaving outward is always against its heading. Of a street
    that is a dead end on both sides (the whole network is one street) neither side counts.

    Args:
        weight, reverse_ms, twin: per edge: packed weight, time to back along it and to leave it at its end, the other
            direction or -1.
        tail, head, turn: states and packed weight of each turn, sorted by ``tail``.
    """
    edges = len(weight)
    n = max(len(weight), int(max(tail.max(initial=-1), head.max(initial=-1))) + 1)
    twin, weight, reverse_ms = (
        np.concatenate([column, np.full(n - len(column), -1)]) for column in (twin, weight, reverse_ms)
    )
    arc_start = starts(tail, n)
    by_head = np.argsort(head, kind="stable")
    in_start, in_from = starts(head, n), tail[by_head]
    chain = np.full(n, -1, dtype=np.int64)
    outward = np.zeros(n, dtype=np.bool_)
    potential, backed = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    if len(tail) == 0:
        return DeadEnds(chain[:edges], outward[:edges], *(np.zeros(edges, dtype=np.int64) for _ in range(3)))
    out_degree, in_degree = np.diff(arc_start), np.diff(in_start)
    only_exit = np.where(out_degree == 1, head[np.minimum(arc_start[:-1], len(head) - 1)], -1)
    only_entry = np.where(in_degree == 1, in_from[np.minimum(in_start[:-1], len(in_from) - 1)], -1)
    closed_end = (twin >= 0) & (only_exit == twin)
    closed_end &= only_entry[np.maximum(twin, 0)] == np.arange(n)
    inner = np.flatnonzero(closed_end)
    outer, number = twin[inner], np.arange(len(inner), dtype=np.int64)
    reached, reversed_ms = weight[outer], reverse_ms[outer]
    two_sided = np.zeros(len(inner), dtype=np.bool_)
    for _ in range(n):
        if len(inner) == 0:
            break
        chain[inner], chain[outer] = number, number
        outward[outer] = True
        potential[outer], backed[outer] = reached, reversed_ms
        two_sided[number[only_exit[outer] == inner]] = True
        following, leading = only_exit[outer], only_entry[inner]
        goes_on = (following >= 0) & (leading >= 0) & (following != inner)
        goes_on &= twin[np.maximum(following, 0)] == leading
        goes_on &= (only_exit[np.maximum(leading, 0)] == inner) & (only_entry[np.maximum(following, 0)] == outer)
        outer_now = outer[goes_on]
        outer, inner, number = following[goes_on], leading[goes_on], number[goes_on]
        between = turn[arc_start[outer_now]]
        reversed_ms = reversed_ms[goes_on] + between // MILLISECOND + reverse_ms[outer]
        reached = reached[goes_on] + between + weight[outer]
    drop = (chain >= 0) & two_sided[np.maximum(chain, 0)] if len(two_sided) else np.zeros(n, dtype=np.bool_)
    chain[drop], outward[drop], potential[drop], backed[drop] = -1, False, 0, 0
    whole, whole_back = np.zeros(len(two_sided), dtype=np.int64), np.zeros(len(two_sided), dtype=np.int64)
    out = np.flatnonzero(outward)
    np.maximum.at(whole, chain[out], potential[out])
    np.maximum.at(whole_back, chain[out], backed[out])
    ahead_ms, back_ms = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    ahead_ms[out] = (whole[chain[out]] - potential[out]) // MILLISECOND
    back_ms[out] = whole_back[chain[out]] - backed[out]
    return DeadEnds(chain[:edges], outward[:edges], potential[:edges], ahead_ms[:edges], back_ms[:edges])
