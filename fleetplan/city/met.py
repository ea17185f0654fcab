"""What is met while driving along an edge: signals, stop and give-way signs, crossings, calming devices.

Whom a thing on a node is for stands in its tags (``direction=forward`` …, along the way it lies on). Where they do not
say, a signal or sign is for the traffic that heads to the nearest junction, if one lies within ``approach_m`` of
``data/reading.toml`` along the street, else for both directions; on a one-way street it is for its traffic. On the
node of a junction it is for all that arrive, unless it is tagged as one for the minor streets.

Signals that follow one another within the same distance are passed in one go and count once: the stop line's signal
and the junction's own, the signals on both roadways of a dual carriageway.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fleetplan.city.points import KINDS, NodeFacts, Serves
from fleetplan.city.raw import RawCity
from fleetplan.city.streets import Bools, Codes, Edges, Floats, Ints, Stretches
from fleetplan.figures import bundled_figures

_HOPS = 12
"""Pieces of street that the way to the nearest junction is followed over; ways are split more often near junctions."""


class Met:
    """Things met along the drivable stretches of a city, by point of the raw ways."""

    def __init__(
        self,
        raw: RawCity,
        begin: Ints,
        end: Ints,
        stretches: Stretches,
        run_m: Floats,
        node_facts: Mapping[int, NodeFacts],
    ) -> None:
        """
        Args:
            begin, end: first and last point of each stretch.
            run_m: metres along all points, one after the other.
        """
        self.stretches = stretches
        codes = {node: [getattr(fact, kind) for kind in KINDS] for node, fact in node_facts.items()}
        marked = sorted(node for node, code in codes.items() if any(code))
        ids = np.array(marked, dtype=np.int64)
        self.code = np.array([codes[node] for node in marked], dtype=np.uint8).reshape(-1, len(KINDS))
        self.near_m = bundled_figures("reading.toml")["approach_m"].value
        degree, ahead = _junctions(stretches, limit_m=self.near_m)
        self.junction = degree >= 3

        point = np.flatnonzero(np.isin(raw.ref, ids)) if len(ids) else np.empty(0, dtype=np.int64)
        after = np.searchsorted(begin, point, side="right") - 1
        inside = (after >= 0) & (point > begin[after]) & (point < end[after]) if len(begin) else after >= 0
        ends = [np.flatnonzero(np.isin(raw.ref[at], ids)) if len(ids) else point for at in (end, begin)]
        stretch = np.concatenate((after[inside], *ends))
        at = np.concatenate((point[inside], end[ends[0]], begin[ends[1]]))
        kept = stretches.drivable[stretch]
        self.stretch, at = stretch[kept], at[kept]
        self.end = np.repeat([0, 1, -1], [inside.sum(), len(ends[0]), len(ends[1])])[kept]
        self.row = np.searchsorted(ids, raw.ref[at])
        self.along_m = run_m[at] - run_m[begin[self.stretch]]
        length = stretches.length_m[self.stretch]
        self.to_v = length - self.along_m + ahead[1][self.stretch]
        self.to_u = self.along_m + ahead[0][self.stretch]
        node = np.where(self.end > 0, stretches.v[self.stretch], stretches.u[self.stretch])
        self.on_junction = (self.end != 0) & self.junction[node]
        self.minor = self._from_lesser_streets(node)

    def _from_lesser_streets(self, node: Ints) -> Bools:
        """The stretch is of a lesser class than the greatest that meets at its junction."""
        table = self.stretches
        rows = np.flatnonzero(table.drivable)
        greatest = np.full(len(self.junction), 255, dtype=np.uint8)
        np.minimum.at(greatest, table.u[rows], table.highway[rows])
        np.minimum.at(greatest, table.v[rows], table.highway[rows])
        lesser: Bools = self.on_junction & (table.highway[self.stretch] > greatest[node])
        return lesser

    def served(self, kind: int, *, forward: bool) -> Bools:
        """Which things of a kind are met by traffic along (or against) the drawing of their stretch."""
        table, code = self.stretches, self.code[self.row, kind]
        ahead, behind = (self.to_v, self.to_u) if forward else (self.to_u, self.to_v)
        one_way = table.forward[self.stretch] != table.backward[self.stretch]
        heading = (ahead <= behind) | (np.minimum(ahead, behind) > self.near_m) | one_way
        own = Serves.FORWARD if forward else Serves.BACKWARD
        met = (code == own) | (code == Serves.BOTH)
        met |= np.isin(code, (Serves.UNSAID, Serves.MINOR)) & heading
        at_junction = np.where(code == Serves.MINOR, self.minor, code != Serves.NOBODY)
        met = np.where(self.on_junction, at_junction, met)
        exists = (table.forward if forward else table.backward)[self.stretch]
        return np.asarray(met & exists & (self.end != (-1 if forward else 1)), dtype=np.bool_)

    def counts(self, edges: Edges, kind: int) -> Codes:
        """Things of one kind met along each edge, its end included, its start not."""
        total = np.zeros((2, len(self.stretches)), dtype=np.int64)
        for side, forward in enumerate((True, False)):
            met = self.served(kind, forward=forward)
            if KINDS[kind] == "signals":
                met = self._in_one_go(met, forward=forward)
            total[side] = np.bincount(self.stretch[met], minlength=len(self.stretches))
        number = total[edges.reverse.astype(np.int64), edges.stretch]
        return np.minimum(number, 255).astype(np.uint8)

    def _in_one_go(self, met: Bools, *, forward: bool) -> Bools:
        """Signals that are paid: those further than ``near_m`` behind the last one on the same stretch.

        Whoever starts at signals has passed them: at a node on which they stand, or at one with signals on another
        approach.
        """
        table = self.stretches
        rows = np.flatnonzero(met)
        way_m = self.along_m[rows] if forward else table.length_m[self.stretch[rows]] - self.along_m[rows]
        order = np.lexsort((way_m, self.stretch[rows]))
        rows, way_m = rows[order], way_m[order]
        before = np.full(len(rows), -np.inf)
        before[self._passed(forward=forward)[self.stretch[rows]]] = 0.0
        same = np.zeros(len(rows), dtype=np.bool_)
        same[1:] = self.stretch[rows[1:]] == self.stretch[rows[:-1]]
        before[1:][same[1:]] = way_m[:-1][same[1:]]
        paid = np.zeros(len(met), dtype=np.bool_)
        paid[rows[way_m - before > self.near_m]] = True
        return paid

    def _passed(self, *, forward: bool) -> Bools:
        """Stretches at whose start (in a direction) signals have just been passed, on whatever other stretch."""
        table = self.stretches
        near = np.zeros((2, len(table)), dtype=np.bool_)
        for side, towards_v in enumerate((True, False)):
            rest = table.length_m[self.stretch] - self.along_m if towards_v else self.along_m
            near[side, self.stretch[self.served(0, forward=towards_v) & (rest <= self.near_m)]] = True
        approaches = np.bincount(table.v[near[0]], minlength=len(self.junction))
        approaches += np.bincount(table.u[near[1]], minlength=len(self.junction))
        start, own = (table.u, near[1]) if forward else (table.v, near[0])
        passed: Bools = approaches[start] - own > 0
        return passed


def _junctions(stretches: Stretches, *, limit_m: float) -> tuple[Ints, Floats]:
    """Drivable streets that meet at each node, and metres from each stretch's u and v on to the nearest junction.

    The way on leads over nodes where exactly two drivable stretches meet; infinite where it is long or a dead end.
    """
    rows = np.flatnonzero(stretches.drivable)
    n, nodes = len(stretches), int(max(stretches.u.max(), stretches.v.max())) + 1 if len(stretches) else 0
    node = np.concatenate((stretches.u[rows], stretches.v[rows]))
    end = np.concatenate((rows, rows + n))  # rows of ahead, flattened: u ends, then v ends
    degree = np.bincount(node, minlength=nodes)
    ahead = np.full(2 * n, np.inf)
    ahead[end[degree[node] >= 3]] = 0.0
    order = np.argsort(node, kind="stable")
    pair = np.flatnonzero(
        (degree[node[order]] == 2) & (np.arange(len(order)) == np.searchsorted(node[order], node[order]))
    )
    one, two = end[order[pair]], end[order[pair + 1]]
    here, there = np.concatenate((one, two)), np.concatenate((two, one))
    far = np.where(there < n, there + n, there - n)
    step = stretches.length_m[there % n] if n else np.empty(0)
    short = step <= limit_m
    here, far, step = here[short], far[short], step[short]
    for _ in range(_HOPS):
        ahead[here] = step + ahead[far]
    return degree, ahead.reshape(2, n)
