"""A second opinion on driven paths: re-computed step by step from the streets' tables and the data files.

Shares no code with the router. It is slow and plain on purpose: one edge, one turn at a time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from fleetplan.city.classes import AccessTag, Barrier, Highway, Service
from fleetplan.city.streets import Floats, Streets
from fleetplan.errors import Fault
from fleetplan.figures import bundled_figures
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.resources import data_path
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

    Rejected are an edge against a one-way rule, a closed edge, a forbidden turn, a barrier passed, a gap, ends
    that do not lie on the first and last edge, and wrong times and lengths. Times and lengths may differ from
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
    _meeting: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        table = self.streets.restrictions
        self._law = bundled_figures("access.toml")
        self._pace = bundled_figures("driving.toml")
        self._country = self.rules.country or self.streets.country
        self._forbidden = {
            (int(table.edge[at]), int(table.edge[at + 1]))
            for at, end, applies in zip(table.start[:-1], table.start[1:], table.applies, strict=True)
            if end - at == 2 and applies & 1
        }
        text = data_path("driving.toml").read_text(encoding="utf-8")
        countries = text.split("left_hand = [", 1)[1].split("]", 1)[0]
        self._keeps_left = f'"{self._country}"' in countries

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
        for a, b in pairwise(edges):
            found += self._turn_faults(a, b)
        for end, edge, word in ((path.start, edges[0], "start"), (path.end, edges[-1], "end")):
            if end.stretch != int(self.streets.edges.stretch[edge]) or not 0.0 <= end.along <= 1.0:
                found.append(("ends", f"the {word} does not lie on edge {edge}", _REROUTE))
        behind = self._share(edges[0], path.start.along) - self._share(edges[0], path.end.along)
        if len(edges) == 1 and behind * self._length_m(edges[0]) > _ROUNDING_M:
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
            time_ms += part * self._edge_ms(edge)
            length_dm += part * self._length_m(edge) * 10.0
        for a, b in pairwise(edges):
            time_ms += self._turn_ms(a, b)
        if path.turns_round:
            time_ms += self._round_ms(edges[0])
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

    def _turn_faults(self, a: int, b: int) -> list[_Finding]:
        edges = self.streets.edges
        node = int(edges.v[a])
        if node != int(edges.u[b]):
            return [("gap", f"edge {b} does not begin where edge {a} ends", _REROUTE)]
        if (a, b) in self._forbidden:
            return [("turn", f"the turn from edge {a} to edge {b} is forbidden", _REROUTE)]
        if int(edges.twin[a]) == b:
            if self._leading_on().get(a):
                return [("turn", f"turning back at the end of edge {a}, where other streets lead on", _REROUTE)]
        elif self._is_barred(node):
            return [("barrier", f"the barrier between edge {a} and edge {b} does not open", _REROUTE)]
        return []

    def _is_open_direction(self, edge: int) -> bool:
        stretch = int(self.streets.edges.stretch[edge])
        table = self.streets.stretches
        return bool(table.backward[stretch] if self.streets.edges.reverse[edge] else table.forward[stretch])

    def _closure(self, edge: int) -> tuple[str, str]:
        """Kind of closure and its reason; empty when the edge is open to this vehicle."""
        stretch = int(self.streets.edges.stretch[edge])
        if stretch not in self._closed:
            self._closed[stretch] = self._find_closure(stretch)
        return self._closed[stretch]

    def _find_closure(self, stretch: int) -> tuple[str, str]:
        table, vehicle = self.streets.stretches, self.vehicle
        tag = AccessTag(int(table.motor_access[stretch]))
        if tag in (AccessTag.NO, AccessTag.PRIVATE):
            return "closed_law", f"access {tag.name.lower()}"
        if tag == AccessTag.PERMIT and not self._law["permit_open"].value:
            return "closed_law", "access by permit"
        counts_mirrors = bool(self._law["sign_counts_mirrors"].value)
        signed_m = vehicle.mirror_width_m if counts_mirrors else vehicle.body_width_m
        for sign, size, word in (
            (table.maxwidth_m, signed_m, "width"),
            (table.maxheight_m, vehicle.height_m, "height"),
            (table.maxlength_m, vehicle.length_m, "length"),
            (table.maxweight_kg, self._loaded_kg(), "weight"),
        ):
            posted = float(sign[stretch])
            if not math.isnan(posted) and size > posted:
                return "closed_law", f"posted {word}"
        one_way = bool(table.forward[stretch]) != bool(table.backward[stretch])
        signposted = float(table.maxwidth_m[stretch]) >= signed_m
        if self._country == "JP" and self.rules.ordinance == "law" and not signposted:
            width_m = self._street_width_m(stretch)
            if one_way:
                permitted_m = width_m - self._law["ordinance.one_way_margin_m"].value
            else:
                permitted_m = (width_m - self._law["ordinance.two_way_margin_m"].value) / 2
            if vehicle.body_width_m > permitted_m + 1e-9:
                return "closed_law", "Vehicle Restriction Ordinance"
        width_m = self._width_m(stretch)
        if width_m < vehicle.mirror_width_m + self._law["room_clearance_m"].value:
            return "closed_room", f"{width_m:.2f} m wide"
        return "", ""

    def _loaded_kg(self) -> float:
        vehicle = self.vehicle
        kerb_kg = vehicle.kerb_kg
        if kerb_kg is None:
            kerb_kg = self._law["kerb_kg_per_m2"].value * vehicle.length_m * vehicle.body_width_m
        return kerb_kg + vehicle.payload_kg

    def _is_squeezed(self, stretch: int) -> bool:
        table, vehicle = self.streets.stretches, self.vehicle
        one_way = bool(table.forward[stretch]) != bool(table.backward[stretch])
        japan = self._country == "JP" and self.rules.ordinance != "off"
        rule = "ordinance" if japan else "meeting"
        size_m = vehicle.body_width_m if japan else vehicle.mirror_width_m
        if one_way:
            wanted_m = size_m + self._law[f"{rule}.one_way_margin_m"].value
        else:
            wanted_m = 2 * size_m + self._law[f"{rule}.two_way_margin_m"].value
        wanted_m = max(wanted_m, vehicle.mirror_width_m + self._law["room_clearance_m"].value)
        return self._street_width_m(stretch) < wanted_m

    def _width_m(self, stretch: int) -> float:
        table = self.streets.stretches
        return self._quantile_m(stretch, table.width_lo_m, table.width_min_m, table.width_hi_m)

    def _street_width_m(self, stretch: int) -> float:
        """The street's own width, where a sign gives only the room to pass."""
        table = self.streets.stretches
        if table.street_source[stretch]:
            return self._quantile_m(stretch, table.street_lo_m, table.street_min_m, table.street_hi_m)
        return self._width_m(stretch)

    def _quantile_m(self, stretch: int, *columns: Floats) -> float:
        q = min(max(self.rules.width_quantile, 0.05), 0.95)
        lo, mid, hi = (float(column[stretch]) for column in columns)
        slope = (mid - lo) / 0.4 if q <= 0.5 else (hi - mid) / 0.4
        return max(0.0, mid + slope * (q - 0.5))

    def _edge_ms(self, edge: int) -> float:
        stretch = int(self.streets.edges.stretch[edge])
        table = self.streets.stretches
        highway = Highway(int(table.highway[stretch]))
        service = Service(int(table.service[stretch])).name.lower()
        posted = float(table.maxspeed_kph[stretch])
        if posted > 0:
            speed = posted
        elif highway == Highway.SERVICE and f"speed_service.{service}" in self._pace:
            speed = self._pace[f"speed_service.{service}"].value
        else:
            speed = self._pace.get(f"speed.{highway.tag}", self._pace["speed.other"]).value
        if self.vehicle.top_speed_kph is not None:
            speed = min(speed, self.vehicle.top_speed_kph)
        main = highway.tag.removesuffix("_link")
        speed *= self._pace.get(f"traffic.{main}", self._pace["traffic.other"]).value
        if self._is_squeezed(stretch):
            speed = min(speed, self._pace["squeezed_kph"].value)
        return max(1.0, self._length_m(edge) / (speed / 3.6) * 1000.0)

    def _length_m(self, edge: int) -> float:
        return max(0.1, float(self.streets.stretches.length_m[int(self.streets.edges.stretch[edge])]))

    def _share(self, edge: int, along: float) -> float:
        return 1.0 - along if self.streets.edges.reverse[edge] else along

    def _turn_ms(self, a: int, b: int) -> float:
        edges = self.streets.edges
        node = int(edges.v[a])
        seconds = self._pace["signal_s"].value if edges.signals[a] else 0.0
        if int(edges.twin[a]) == b:
            return (seconds + self._pace["uturn_s"].value) * 1000.0
        if self._meeting_streets(node) < 3:
            return seconds * 1000.0
        turn = math.degrees(self._bearing(b, at_end=False) - self._bearing(a, at_end=True))
        turn = math.remainder(turn, 360.0)
        if abs(turn) > self._pace["turn.sharp_deg"].value:
            key = "turn.sharp_s"
        elif abs(turn) <= self._pace["turn.straight_deg"].value:
            key = "turn.straight_s"
        elif (turn > 0) == self._keeps_left:
            key = "turn.near_s"
        else:
            key = "turn.across_s"
        return (seconds + self._pace[key].value) * 1000.0

    def _round_ms(self, edge: int) -> float:
        radius_m = self.vehicle.turning_radius_m
        if radius_m is None:
            radius_m = self._pace["turn_round.radius_per_length"].value * self.vehicle.length_m
        missing_m = max(0.0, 2 * radius_m - self._width_m(int(self.streets.edges.stretch[edge])))
        return 1000.0 * (
            self._pace["turn_round.base_s"].value + self._pace["turn_round.per_missing_m_s"].value * missing_m
        )

    def _bearing(self, edge: int, *, at_end: bool) -> float:
        stretch = int(self.streets.edges.stretch[edge])
        lon, lat = self.streets.stretches.line(stretch)
        if self.streets.edges.reverse[edge]:
            lon, lat = lon[::-1], lat[::-1]
        i, j = (-2, -1) if at_end else (0, 1)
        shrink = math.cos(math.radians(float(lat[i])))
        return math.atan2(float(lat[j] - lat[i]), float(lon[j] - lon[i]) * shrink)

    def _meeting_streets(self, node: int) -> int:
        if not self._meeting:
            for stretch in sorted(set(self.streets.edges.stretch.tolist())):
                for end in (int(self.streets.stretches.u[stretch]), int(self.streets.stretches.v[stretch])):
                    self._meeting[end] = self._meeting.get(end, 0) + 1
        return self._meeting.get(node, 0)

    def _is_barred(self, node: int) -> bool:
        nodes = self.streets.nodes
        if nodes.barrier[node] == Barrier.NONE:
            return False
        tag = AccessTag(int(nodes.barrier_access[node]))
        if tag in (AccessTag.NO, AccessTag.PRIVATE):
            return True
        if tag == AccessTag.PERMIT and not self._law["permit_open"].value:
            return True
        for limit, size in (
            (nodes.barrier_height_m, self.vehicle.height_m),
            (nodes.barrier_length_m, self.vehicle.length_m),
            (nodes.barrier_weight_kg, self._loaded_kg()),
        ):
            if size > float(limit[node]):
                return True
        gap_m = float(nodes.barrier_gap_m[node])
        if not math.isnan(gap_m):
            return gap_m < self.vehicle.mirror_width_m + self._law["barrier_clearance_m"].value
        return tag == AccessTag.UNTAGGED and nodes.barrier[node] == Barrier.BOLLARD

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
                if to != twin[edge] and (edge, to) not in self._forbidden and not self._is_barred(v[edge])
            ]
            for edge in usable
        }
        entering: dict[int, list[int]] = {}
        for edge, onward in exits.items():
            for to in onward:
                entering.setdefault(to, []).append(edge)

        def is_lost(edge: int) -> bool:
            back = twin[edge]
            return not exits[edge] and not (back in usable and (edge, back) not in self._forbidden)

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
        self._exits = exits
        return exits
