"""A second opinion on driven paths: re-computed step by step from the streets' tables and the data files.

Shares no code with the router. It is slow and plain on purpose: one edge, one turn at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from fleetplan.city.streets import Streets
from fleetplan.errors import Fault
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.plain_rules import PlainRules
from fleetplan.routing.seams import AccessRules, DrivePath


def verify_paths(
    streets: Streets,
    vehicle: Vehicle,
    paths: Sequence[DrivePath],
    *,
    rules: AccessRules | None = None,
    times: Sequence[tuple[int, int]] | None = None,
) -> list[Fault]:
    """What is wrong with driven paths; empty when nothing is.

    Rejected are an edge against a one-way rule, a closed edge, a forbidden turn or sequence of edges, a corner that
    the vehicle does not get round, a barrier passed, a gap, ends that do not lie on the first and last edge, and
    wrong times and lengths. Times and lengths may differ from
    the exact ones by the router's rounding: 1 ms and 1 dm per edge, and 2 more. Whether a turn at the start was
    due is not judged (it depends on where the vehicle came from), only what it costs when the path says so.

    Args:
        times: the table's seconds and metres of each path, checked as well.
    """
    judge = _Judge(streets, vehicle, rules or AccessRules())
    faults: list[Fault] = []
    for number, path in enumerate(paths):
        for code, message, remedy in judge.judge(path, None if times is None else times[number]):
            faults.append(Fault(f"verify_paths.{code}", f"path {number}", "", message, remedy))
    return faults


_Finding = tuple[str, str, str]
_REROUTE = "compute the path again"
_ROUNDING_M = 0.1
_RETIME = "compute times and lengths again from the edges"


@dataclass
class _Judge:
    streets: Streets
    vehicle: Vehicle
    rules: AccessRules
    _closed: dict[int, tuple[str, str]] = field(default_factory=dict)
    _exits: dict[int, list[int]] | None = None

    def __post_init__(self) -> None:
        self.plain = PlainRules(self.streets, self.vehicle, self.rules)
        table = self.streets.restrictions
        self._forbidden: dict[int, list[tuple[int, ...]]] = {}
        for row, applies in enumerate(table.applies.tolist()):
            sequence = tuple(table.edge[int(table.start[row]) : int(table.start[row + 1])].tolist())
            if self.plain.restriction_applies(applies):
                self._forbidden.setdefault(sequence[0], []).append(sequence)

    def judge(self, path: DrivePath, expected: tuple[int, int] | None) -> list[_Finding]:
        edges, found = list(path.edges), list[_Finding]()
        if not edges:
            if path.start != path.end:
                found.append(("gap", "the path has no edge, but start and end differ", _REROUTE))
            if path.time_ms or path.distance_dm:
                found.append(("time", "the path has no edge, but takes time or has a length", _RETIME))
            return found
        unknown = [edge for edge in edges if not 0 <= edge < len(self.streets.edges)]
        if unknown:
            return [("wrong_way", f"edge {unknown[0]} is not an open direction of any street", _REROUTE)]
        for edge in edges:
            if not self._is_open_direction(edge):
                found.append(("wrong_way", f"edge {edge} runs against a one-way street", _REROUTE))
            kind, why = self._closure(edge)
            if kind:
                found.append((kind, f"edge {edge} is closed to {self.vehicle.name}: {why}", _REROUTE))
        for place in range(1, len(edges)):
            found += self._turn_faults(edges[:place], edges[place])
        found += self._sequence_faults(edges)
        found += self._backing_faults(path)
        for end, edge, word in ((path.start, edges[0], "start"), (path.end, edges[-1], "end")):
            if end.stretch != int(self.streets.edges.stretch[edge]) or not 0.0 <= end.along <= 1.0:
                found.append(("ends", f"the {word} does not lie on edge {edge}", _REROUTE))
        behind = self._share(edges[0], path.start.along) - self._share(edges[0], path.end.along)
        if len(edges) == 1 and behind * self.plain.length_m(edges[0]) > _ROUNDING_M:
            found.append(("wrong_way", f"the end lies behind the start on edge {edges[0]}", _REROUTE))
        if found:
            return found
        return self._measure(path, expected)

    def _measure(self, path: DrivePath, expected: tuple[int, int] | None) -> list[_Finding]:
        edges = path.edges
        first, last = self._share(edges[0], path.start.along), self._share(edges[-1], path.end.along)
        time_ms, length_dm = 0.0, 0.0
        for number, edge in enumerate(edges):
            part = (last if number == len(edges) - 1 else 1.0) - (first if number == 0 else 0.0)
            along_ms, at_end_ms = self.plain.edge_ms(edge)
            time_ms += part * (max(self.plain.back_ms(edge), along_ms) if number < path.backed else along_ms)
            time_ms += at_end_ms if number < len(edges) - 1 else 0.0
            length_dm += part * self.plain.length_m(edge) * 10.0
        for a, b in pairwise(edges):
            time_ms += self.plain.turn_ms(a, b)
        if path.backed:
            time_ms += self.plain.mouth_ms()
        if path.turns_round:
            time_ms += self.plain.round_ms(edges[0])
        slack = len(edges) + 2
        found: list[_Finding] = []
        if abs(time_ms - path.time_ms) > slack:
            found.append(("time", f"the path says {path.time_ms} ms, its edges take {time_ms:.0f} ms", _RETIME))
        if abs(length_dm - path.distance_dm) > slack:
            found.append(("length", f"the path says {path.distance_dm} dm, its edges have {length_dm:.0f} dm", _RETIME))
        if expected is not None:
            time_s, distance_m = expected
            if abs(time_s * 1000 - time_ms) > 500 + slack:
                found.append(("time", f"the table says {time_s} s, the path takes {time_ms / 1000:.1f} s", _RETIME))
            if abs(distance_m * 10 - length_dm) > 5 + slack:
                found.append(("length", f"the table says {distance_m} m, the path has {length_dm / 10:.1f} m", _RETIME))
        return found

    def _turn_faults(self, way: list[int], b: int) -> list[_Finding]:
        """What is wrong with going on to an edge after all those that were driven before."""
        edges, a = self.streets.edges, way[-1]
        node = int(edges.v[a])
        if node != int(edges.u[b]):
            return [("gap", f"edge {b} does not begin where edge {a} ends", _REROUTE)]
        if int(edges.twin[a]) == b:
            if any(self._goes_on([*way, to], set()) for to in self._leading_on().get(a, [])):
                return [("turn", f"turning back at the end of edge {a}, where other streets lead on", _REROUTE)]
        elif self.plain.is_barred(node):
            return [("barrier", f"the barrier between edge {a} and edge {b} does not open", _REROUTE)]
        elif self.plain.is_stuck(a, b):
            return [("corner", f"the vehicle does not get round the corner from edge {a} to edge {b}", _REROUTE)]
        return []

    def _backing_faults(self, path: DrivePath) -> list[_Finding]:
        """Backing on where another street joins: it is for dead ends only, up to their mouth."""
        if not 0 <= path.backed <= len(path.edges) or (path.backed and path.turns_round):
            return [("turn", f"{path.backed} of {len(path.edges)} edges are driven backwards", _REROUTE)]
        twin, onward = self.streets.edges.twin, self._leading_on()
        for a, b in pairwise(path.edges[: path.backed]):
            others = [to for to in onward.get(a, []) if to != b and self._returns(to, a)]
            if others or int(twin[a]) not in onward.get(int(twin[b]), []):
                return [("turn", f"backing on from edge {a}, where other streets join", _REROUTE)]
        return []

    def _returns(self, start: int, goal: int) -> bool:
        """Whether one gets from an edge to another one; a street without return is no other street to a dead end."""
        onward, twin, seen, waiting = self._leading_on(), self.streets.edges.twin, {start}, [start]
        while waiting:
            at = waiting.pop()
            if at == goal:
                return True
            for to in onward.get(at, []) or [int(twin[at])]:
                if to in onward and to not in seen and not self._is_banned(at, to):
                    seen.add(to)
                    waiting.append(to)
        return False

    def _sequence_faults(self, edges: list[int]) -> list[_Finding]:
        """Forbidden sequences of two or more edges that are driven in a row."""
        found: list[_Finding] = []
        for place, edge in enumerate(edges):
            for sequence in self._forbidden.get(edge, []):
                if tuple(edges[place : place + len(sequence)]) == sequence:
                    way = " to ".join(f"edge {row}" for row in sequence)
                    found.append(("turn", f"the way from {way} is forbidden", _REROUTE))
        return found

    def _is_open_direction(self, edge: int) -> bool:
        stretch = int(self.streets.edges.stretch[edge])
        table = self.streets.stretches
        return bool(table.backward[stretch] if self.streets.edges.reverse[edge] else table.forward[stretch])

    def _closure(self, edge: int) -> tuple[str, str]:
        """Kind of closure and its reason; empty when the edge is open to this vehicle."""
        if edge not in self._closed:
            self._closed[edge] = self.plain.closure(edge)
        return self._closed[edge]

    def _share(self, edge: int, along: float) -> float:
        return 1.0 - along if self.streets.edges.reverse[edge] else along

    def _leading_on(self) -> dict[int, list[int]]:
        """For every usable edge the edges that follow it and lead somewhere, turning back left out."""
        if self._exits is not None:
            return self._exits
        edges = self.streets.edges
        u, v, twin = edges.u.tolist(), edges.v.tolist(), edges.twin.tolist()
        usable = {edge for edge in range(len(u)) if not self._closure(edge)[0]}
        leaving: dict[int, list[int]] = {}
        for edge in sorted(usable):
            leaving.setdefault(u[edge], []).append(edge)
        exits = {
            edge: [
                to
                for to in leaving.get(v[edge], [])
                if to != twin[edge] and not self._is_banned(edge, to) and not self.plain.is_barred(v[edge])
                if not self.plain.is_stuck(edge, to)
            ]
            for edge in usable
        }
        entering: dict[int, list[int]] = {}
        for edge, onward in exits.items():
            for to in onward:
                entering.setdefault(to, []).append(edge)

        def is_lost(edge: int) -> bool:
            back = twin[edge]
            return not exits[edge] and not (back in usable and not self._is_banned(edge, back))

        waiting = sorted(edge for edge in usable if is_lost(edge))
        while waiting:
            edge = waiting.pop()
            if edge not in usable:
                continue
            usable.discard(edge)
            before = entering.get(edge, [])
            for other in before:
                exits[other] = [to for to in exits[other] if to != edge]
            affected = [*before, twin[edge]] if twin[edge] in usable else before
            waiting += [other for other in affected if other in usable and is_lost(other)]
        self._exits = {edge: exits[edge] for edge in sorted(usable)}
        return self._exits

    def _goes_on(self, way: list[int], seen: set[tuple[int, ...]]) -> bool:
        """The last step of a way is allowed after all those before it, and is no trap for who came so."""
        memory, at = self._memory(way), way[-1]
        if memory is None or at not in self._leading_on():
            return False
        if len(memory) < 2 or memory in seen:
            return True
        following = [*self._leading_on()[at], int(self.streets.edges.twin[at])]
        return any(self._goes_on([*way, to], seen | {memory}) for to in following)

    def _memory(self, way: list[int]) -> tuple[int, ...] | None:
        """The longest end of a way with which a forbidden sequence begins; ``None`` where the way ends with one."""
        longest: tuple[int, ...] = ()
        for skip in range(len(way) - 1, -1, -1):
            end = tuple(way[skip:])
            for sequence in self._forbidden.get(end[0], []):
                if sequence == end:
                    return None
                if sequence[: len(end)] == end:
                    longest = end
        return longest

    def _is_banned(self, a: int, b: int) -> bool:
        """A turn restriction forbids to drive the one edge after the other."""
        return (a, b) in self._forbidden.get(a, [])
