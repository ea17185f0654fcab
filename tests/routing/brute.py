"""Travel tables by plain Python, written without looking at the router: for towns of a few streets.

All streets must be free for the vehicle and driven at one speed; there are no barriers.
"""

from __future__ import annotations

import heapq
import math

from fleetplan.city.streets import Streets
from fleetplan.routing.seams import Point

Cost = tuple[int, int]
NEVER: Cost = (10**12, 10**12)


class BruteTown:
    """Successors, times and dead ends of a small town, edge by edge."""

    def __init__(self, streets: Streets, *, metres_per_s: float, round_ms: int, home: int) -> None:
        """``home`` is an edge of the part to look at, the one where the depot lies."""
        self.round_ms = round_ms
        edges, table = streets.edges, streets.stretches
        self.u, self.v = edges.u.tolist(), edges.v.tolist()
        self.twin, self.reverse = edges.twin.tolist(), edges.reverse.tolist()
        self.stretch = edges.stretch.tolist()
        metres = [float(table.length_m[s]) for s in self.stretch]
        self.cost: list[Cost] = [(math.floor(m * 1000 / metres_per_s + 0.5), math.floor(m * 10 + 0.5)) for m in metres]
        self.signals = streets.edges.signals.tolist()
        self.degree = [0] * len(streets.nodes)
        for s in set(self.stretch):
            self.degree[int(table.u[s])] += 1
            self.degree[int(table.v[s])] += 1
        self.x, self.y = streets.nodes.x_m.tolist(), streets.nodes.y_m.tolist()
        turns = streets.restrictions
        banned = {
            (int(turns.edge[at]), int(turns.edge[at + 1]))
            for at, end, applies in zip(turns.start[:-1], turns.start[1:], turns.applies, strict=True)
            if end - at == 2 and applies & 1
        }
        self.inside = self._component(banned, home)
        self.tips = {e: self._tip(e, set()) for e in self.inside}

    def _component(self, banned: set[tuple[int, int]], home: int) -> set[int]:
        every = range(len(self.u))
        onward = {
            a: [b for b in every if self.u[b] == self.v[a] and b != self.twin[a] and (a, b) not in banned]
            for a in every
        }
        alive = set(every)
        while True:
            gone = {
                a
                for a in alive
                if not any(b in alive for b in onward[a])
                and not (self.twin[a] in alive and (a, self.twin[a]) not in banned)
            }
            if not gone:
                break
            alive -= gone
        self.following = {}
        for a in alive:
            self.following[a] = [b for b in onward[a] if b in alive]
            if not self.following[a]:
                self.following[a] = [self.twin[a]]
        reachable = {a: self._flood(a) for a in alive}
        parts = [frozenset(b for b in reachable[a] | {a} if a in reachable[b] or a == b) for a in sorted(alive)]
        inside = set(next((part for part in parts if home in part), frozenset()))
        self.following = {a: [b for b in self.following[a] if b in inside] for a in inside}
        self.preceding = {b: [a for a in sorted(inside) if b in self.following[a]] for b in inside}
        return inside

    def _flood(self, start: int) -> set[int]:
        seen: set[int] = set()
        waiting = [start]
        while waiting:
            for b in self.following.get(waiting.pop(), []):
                if b not in seen:
                    seen.add(b)
                    waiting.append(b)
        return seen

    def _tip(self, outward: int, seen: set[int]) -> int | None:
        """The innermost edge of the dead end that this edge leads out of, or ``None``."""
        inward = self.twin[outward]
        if inward not in self.inside or outward in seen:
            return None
        if self.following[inward] == [outward]:
            return outward if self.preceding[outward] == [inward] else None
        if len(self.following[inward]) != 1 or len(self.preceding[outward]) != 1:
            return None
        deeper = self.preceding[outward][0]
        if self.following[inward] != [self.twin[deeper]]:
            return None
        if self.following[deeper] != [outward] or self.preceding[self.twin[deeper]] != [inward]:
            return None
        return self._tip(deeper, seen | {outward})

    def tip_of(self, stretch: int) -> tuple[int, int] | None:
        """Dead end that a stretch belongs to and its outward edge; nothing where both directions lead out."""
        mine = [e for e in self.inside if self.stretch[e] == stretch]
        out = [e for e in mine if self.tips[e] is not None]
        if len(out) != 1:
            return None
        tip = self.tips[out[0]]
        assert tip is not None
        return tip, out[0]

    def turn_ms(self, a: int, b: int) -> int:
        """Right-hand traffic, straight streets, the bundled figures: 0, 2, 5, 7, U-turn 15, signal 8 s."""
        signal = 8000 if self.signals[a] else 0
        if b == self.twin[a]:
            return signal + 15000
        if self.degree[self.v[a]] < 3:
            return signal
        first = math.atan2(self.y[self.v[a]] - self.y[self.u[a]], self.x[self.v[a]] - self.x[self.u[a]])
        then = math.atan2(self.y[self.v[b]] - self.y[self.u[b]], self.x[self.v[b]] - self.x[self.u[b]])
        angle = math.remainder(math.degrees(then - first), 360)
        if abs(angle) > 135:
            return signal + 7000
        if abs(angle) > 45:
            return signal + (5000 if angle > 0 else 2000)
        return signal

    def nearly_ambiguous(self) -> bool:
        """Some change of direction lies so near a limit that projection could move it across."""
        for a in self.inside:
            for b in self.following[a]:
                first = math.atan2(self.y[self.v[a]] - self.y[self.u[a]], self.x[self.v[a]] - self.x[self.u[a]])
                then = math.atan2(self.y[self.v[b]] - self.y[self.u[b]], self.x[self.v[b]] - self.x[self.u[b]])
                size = abs(math.remainder(math.degrees(then - first), 360))
                if min(abs(size - 45), abs(size - 135), abs(size - 180)) < 1.0 and b != self.twin[a]:
                    return True
        return False

    def done(self, edge: int, along: float) -> Cost:
        """From the edge's start to a position."""
        share = 1 - along if self.reverse[edge] else along
        ms, dm = self.cost[edge]
        return min(math.floor(share * ms + 0.5), ms), min(math.floor(share * dm + 0.5), dm)

    def _from(self, edge: int) -> dict[int, Cost]:
        """Cheapest cost from the end of an edge to the start of every edge, turns included."""
        best: dict[int, Cost] = {}
        heap: list[tuple[Cost, int]] = [((self.turn_ms(edge, b), 0), b) for b in self.following[edge]]
        heapq.heapify(heap)
        while heap:
            (ms, dm), at = heapq.heappop(heap)
            if at in best:
                continue
            best[at] = (ms, dm)
            edge_ms, edge_dm = self.cost[at]
            for b in self.following[at]:
                if b not in best:
                    heapq.heappush(heap, ((ms + edge_ms + self.turn_ms(at, b), dm + edge_dm), b))
        return best

    def table(self, points: tuple[Point, ...]) -> list[list[Cost]]:
        """Cheapest (ms, dm) between all points; the first one is the depot."""
        onward = {e: self._from(e) for point in points for e in point.headings}
        ends = [self.tip_of(point.stretch) for point in points]
        rows = []
        for i, p in enumerate(points):
            row = []
            for j, q in enumerate(points):
                best = (0, 0) if i == j else NEVER
                for e in p.headings:
                    at, (full_ms, full_dm) = self.done(e, p.along), self.cost[e]
                    end = ends[i]
                    leaving = i > 0 and end is not None and end[1] == e
                    same_end = end is not None and ends[j] is not None and end[0] == ends[j][0]  # type: ignore[index]
                    extra = self.round_ms if leaving and not same_end else 0
                    for f in q.headings:
                        to = self.done(f, q.along)
                        if e == f and to >= at:
                            best = min(best, (extra + to[0] - at[0], to[1] - at[1]))
                        if f in onward[e]:
                            ms, dm = onward[e][f]
                            best = min(best, (extra + full_ms - at[0] + ms + to[0], full_dm - at[1] + dm + to[1]))
                row.append(best)
            rows.append(row)
        return rows
