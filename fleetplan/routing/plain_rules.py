"""The rules once more, plainly: one street, one turn at a time, from the tables and the data files.

Part of the second opinion on paths (:mod:`fleetplan.routing.verifying`): it shares no code with the router.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from fleetplan.city.classes import AccessTag, Barrier, Highway, Service, WidthSource
from fleetplan.city.streets import Floats, Streets
from fleetplan.figures import bundled_figures
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.resources import data_path
from fleetplan.routing.plain_corners import fits_round, in_the_way_m
from fleetplan.routing.seams import AccessRules

_LOOKED_AT = {int(WidthSource.SIGN), int(WidthSource.SURVEY), int(WidthSource.TAG)}


@dataclass
class PlainRules:
    """What one vehicle may do, and how long it takes."""

    streets: Streets
    vehicle: Vehicle
    rules: AccessRules
    _meeting: dict[int, int] = field(default_factory=dict)
    _leaving: dict[int, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._law = {key: figure.value for key, figure in bundled_figures("access.toml").items()}
        self._pace = {key: figure.value for key, figure in bundled_figures("driving.toml").items()}
        self._country = self.rules.country or self.streets.country
        text = data_path("driving.toml").read_text(encoding="utf-8")
        countries = text.split("left_hand = [", 1)[1].split("]", 1)[0]
        self._keeps_left = f'"{self._country}"' in countries
        self._bare = self.rules.clearance == "none"

    # --- closures

    def closure(self, edge: int) -> tuple[str, str]:
        """Kind of closure of an edge and its reason; empty when it is open to this vehicle."""
        edges = self.streets.edges
        heavy = self._loaded_kg() > self._law["heavy_kg"]
        tag = AccessTag(int(edges.hgv_access[edge] if heavy else edges.motor_access[edge]))
        if tag in (AccessTag.NO, AccessTag.PRIVATE):
            return "closed_law", f"access {tag.name.lower()}"
        if tag == AccessTag.PERMIT and not self._law["permit_open"]:
            return "closed_law", "access by permit"
        return self.stretch_closure(int(edges.stretch[edge]))

    def stretch_closure(self, stretch: int) -> tuple[str, str]:
        """The same for what holds in both directions: signs, room, the ordinance."""
        table, vehicle = self.streets.stretches, self.vehicle
        signed_m = vehicle.mirror_width_m if self._law["sign_counts_mirrors"] else vehicle.body_width_m
        for sign, size, word in (
            (table.maxwidth_m, signed_m, "width"),
            (table.maxheight_m, vehicle.height_m, "height"),
            (table.maxlength_m, vehicle.length_m, "length"),
            (table.maxweight_kg, self._loaded_kg(), "weight"),
            (table.maxaxleload_kg, self._loaded_kg() * self._law["axle_share"], "axle load"),
        ):
            posted = float(sign[stretch])
            if not math.isnan(posted) and size > posted + 1e-9:
                return "closed_law", f"posted {word}"
        top_kph = math.inf if vehicle.top_speed_kph is None else vehicle.top_speed_kph
        motorway = table.motorroad[stretch] or table.highway[stretch] in (Highway.MOTORWAY, Highway.MOTORWAY_LINK)
        if motorway and top_kph <= self._pace["slow.motorway_kph"]:
            return "closed_law", "too slow for a motorway"
        fast = float(table.maxspeed_kph[stretch]) > self._pace["slow.lsv_limit_kph"]
        if fast and self._country == "US" and top_kph <= self._pace["slow.lsv_kph"]:
            return "closed_law", "posted too fast for a low-speed vehicle"
        signposted = float(table.maxwidth_m[stretch]) >= signed_m
        if self._country == "JP" and self.rules.ordinance == "law" and not signposted and not self._bare:
            width_m = self.street_width_m(stretch)
            if self._is_one_way(stretch):
                permitted_m = width_m - self._law["ordinance.one_way_margin_m"]
            else:
                permitted_m = (width_m - self._law["ordinance.two_way_margin_m"]) / 2
            if vehicle.body_width_m > permitted_m + 1e-9:
                return "closed_law", "Vehicle Restriction Ordinance"
        width_m = self.width_m(stretch)
        if self._bare:
            if int(table.width_source[stretch]) in _LOOKED_AT and width_m < vehicle.body_width_m:
                return "closed_room", f"{width_m:.2f} m wide"
        elif width_m < self._least_room_m():
            return "closed_room", f"{width_m:.2f} m wide"
        elif self._bends(stretch)[0]:
            return "closed_room", "a bend"
        return "", ""

    def is_squeezed(self, stretch: int) -> bool:
        """An open stretch is too narrow to be free."""
        vehicle = self.vehicle
        if self._bare:
            return False
        japan = self._country == "JP" and self.rules.ordinance != "off"
        rule = "ordinance" if japan else "meeting"
        size_m = vehicle.body_width_m if japan else vehicle.mirror_width_m
        if self._is_one_way(stretch):
            wanted_m = size_m + self._law[f"{rule}.one_way_margin_m"]
        else:
            wanted_m = 2 * size_m + self._law[f"{rule}.two_way_margin_m"]
        return self.street_width_m(stretch) < max(wanted_m, self._least_room_m())

    def is_barred(self, node: int) -> bool:
        """A barrier at the node does not let the vehicle pass."""
        nodes = self.streets.nodes
        if nodes.barrier[node] == Barrier.NONE:
            return False
        tag = AccessTag(int(nodes.barrier_access[node]))
        if tag in (AccessTag.NO, AccessTag.PRIVATE):
            return True
        if tag == AccessTag.PERMIT and not self._law["permit_open"]:
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
            return gap_m < self.vehicle.mirror_width_m + self._law["barrier_clearance_m"]
        return tag == AccessTag.UNTAGGED and nodes.barrier[node] == Barrier.BOLLARD

    def restriction_applies(self, applies: int) -> bool:
        """A turn restriction with these bits concerns this vehicle."""
        heavy = self._loaded_kg() > self._law["heavy_kg"]
        return bool(applies & (2 if heavy else 1))

    def _loaded_kg(self) -> float:
        vehicle = self.vehicle
        kerb_kg = vehicle.kerb_kg
        if kerb_kg is None:
            kerb_kg = self._law["kerb_kg_per_m2"] * vehicle.length_m * vehicle.body_width_m
        return kerb_kg + vehicle.payload_kg

    # --- widths

    def _is_one_way(self, stretch: int) -> bool:
        table = self.streets.stretches
        return bool(table.forward[stretch]) != bool(table.backward[stretch])

    def _least_room_m(self) -> float:
        return self.vehicle.mirror_width_m + self._law["room_clearance_m"]

    def width_m(self, stretch: int) -> float:
        """The pinch."""
        table = self.streets.stretches
        return self._quantile_m(stretch, table.width_lo_m, table.width_min_m, table.width_hi_m)

    def street_width_m(self, stretch: int) -> float:
        """The pinch of the street itself, where a sign gives only the room to pass."""
        table = self.streets.stretches
        if table.street_source[stretch]:
            return self._quantile_m(stretch, table.street_lo_m, table.street_min_m, table.street_hi_m)
        return self.width_m(stretch)

    def usual_m(self, stretch: int) -> float:
        """The width along most of the street."""
        table = self.streets.stretches
        return max(0.0, float(table.width_m[stretch]) + self.width_m(stretch) - float(table.width_min_m[stretch]))

    def _corner_m(self, stretch: int) -> tuple[float, bool]:
        table = self.streets.stretches
        if table.width_source[stretch] != WidthSource.SIGN:
            return self.usual_m(stretch), int(table.width_source[stretch]) in _LOOKED_AT
        source = int(table.street_source[stretch]) or int(WidthSource.SIGN)
        return self.street_width_m(stretch), source in _LOOKED_AT

    def _quantile_m(self, stretch: int, *columns: Floats) -> float:
        q = min(max(self.rules.width_quantile, 0.05), 0.95)
        lo, mid, hi = (float(column[stretch]) for column in columns)
        slope = (mid - lo) / 0.4 if q <= 0.5 else (hi - mid) / 0.4
        return max(0.0, mid + slope * (q - 0.5))

    # --- times

    def edge_ms(self, edge: int) -> tuple[float, float]:
        """Milliseconds along an edge, and what is lost at its end on top."""
        edges, stretch = self.streets.edges, int(self.streets.edges.stretch[edge])
        speed = self._speed_kph(edge)
        running = self.length_m(edge) / (speed / 3.6) + self._waiting_s(stretch, speed)
        running += self._bends(stretch)[1] * self._pace["corner.move_s"]
        running += int(edges.crossings[edge]) * self._pace["crossing_s"]
        running += int(edges.calmings[edge]) * self._pace["calming_s"]
        end = int(edges.signals[edge]) * self._pace["signal_s" if self.rules.traffic else "signal_empty_s"]
        end += int(edges.stops[edge]) * self._pace["stop_s"]
        end += int(edges.give_ways[edge]) * self._pace["give_way_s"]
        return max(1.0, running * 1000.0), end * 1000.0

    def _speed_kph(self, edge: int) -> float:
        edges, table = self.streets.edges, self.streets.stretches
        stretch = int(edges.stretch[edge])
        highway = Highway(int(table.highway[stretch]))
        service = Service(int(table.service[stretch])).name.lower()
        posted, advised = float(edges.maxspeed_kph[edge]), float(edges.advisory_kph[edge])
        if posted > 0:
            speed = posted
        elif highway == Highway.SERVICE and f"speed_service.{service}" in self._pace:
            speed = self._pace[f"speed_service.{service}"]
        elif f"speed_in.{self._country}.{highway.tag}" in self._pace:
            speed = self._pace[f"speed_in.{self._country}.{highway.tag}"]
        else:
            speed = self._pace.get(f"speed.{highway.tag}", self._pace["speed.other"])
        if advised > 0:
            speed = min(speed, advised)
        if self.vehicle.top_speed_kph is not None:
            speed = min(speed, self.vehicle.top_speed_kph)
        if self.rules.traffic:
            speed *= self._of_class("traffic", highway)
        if not self._bare:
            speed = min(speed, self._room_kph(stretch))
        return speed

    def _room_kph(self, stretch: int) -> float:
        spare_m = max(0.0, self.usual_m(stretch) - self._least_room_m())
        return self._pace["squeezed_kph"] + self._pace["squeezed_kph_per_m"] * spare_m

    def _of_class(self, table: str, highway: Highway) -> float:
        return self._pace.get(f"{table}.{highway.tag.removesuffix('_link')}", self._pace[f"{table}.other"])

    def _waiting_s(self, stretch: int, speed_kph: float) -> float:
        if self._bare or not self.rules.traffic or self._is_one_way(stretch):
            return 0.0
        room_m = self.usual_m(stretch) - self.vehicle.mirror_width_m - self._pace["meeting.other_width_m"]
        share = min(1.0, max(0.0, 1.0 - room_m / self._pace["meeting.margin_m"]))
        highway = Highway(int(self.streets.stretches.highway[stretch]))
        hours = float(self.streets.stretches.length_m[stretch]) / 1000.0 / speed_kph
        met = 2.0 * self._of_class("flow", highway) * hours
        return met * share * self._pace["meeting.wait_s"]

    def length_m(self, edge: int) -> float:
        """Metres of an edge, at least a decimetre."""
        return max(0.1, float(self.streets.stretches.length_m[int(self.streets.edges.stretch[edge])]))

    def round_ms(self, edge: int) -> float:
        """Turning round beside a stop."""
        return 1000.0 * self._sweep_s(self.usual_m(int(self.streets.edges.stretch[edge])))

    def back_ms(self, edge: int) -> float:
        """Backing along an edge from end to end, never quicker than driving ahead."""
        small, large = self._pace["reverse.length_small_m"], self._pace["reverse.length_large_m"]
        share = min(1.0, max(0.0, (self.vehicle.length_m - small) / (large - small)))
        kph = self._pace["reverse.kph_small"] * (1 - share) + self._pace["reverse.kph_large"] * share
        kph = min(kph, self._room_kph(int(self.streets.edges.stretch[edge])))
        backing_ms = float(self.streets.stretches.length_m[int(self.streets.edges.stretch[edge])]) * 3600.0 / kph
        return max(backing_ms, self.edge_ms(edge)[0])

    def mouth_ms(self) -> float:
        """Backing out of a dead end's mouth into the street that it joins."""
        return 1000.0 * self._pace["reverse.mouth_s"]

    def turn_ms(self, a: int, b: int) -> float:
        """From one edge into the next."""
        if int(self.streets.edges.twin[a]) == b:
            width_m = self.usual_m(int(self.streets.edges.stretch[a])) + self._pace["turn_round.head_m"]
            return 1000.0 * max(self._pace["uturn_s"], self._sweep_s(width_m))
        turn, nodes = self._turn_deg(a, b), self.streets.nodes
        seconds = self._corner(a, b)[1] * self._pace["corner.move_s"]
        if nodes.barrier[int(self.streets.edges.v[a])] == Barrier.GATE:
            seconds += self._pace["gate_s"]
        if self._meeting_streets(int(self.streets.edges.v[a])) >= 3:
            if abs(turn) > self._pace["turn.sharp_deg"]:
                seconds += self._pace["turn.sharp_s"]
            elif abs(turn) <= self._pace["turn.straight_deg"]:
                seconds += self._pace["turn.straight_s"]
            elif (turn > 0) == self._keeps_left:
                seconds += self._pace["turn.near_s"]
            else:
                seconds += self._pace["turn.across_s"]
        return seconds * 1000.0

    def _sweep_s(self, width_m: float) -> float:
        missing_m = max(0.0, 2 * self._radius_m() - width_m)
        seconds = self._pace["turn_round.base_s"] + self._pace["turn_round.per_missing_m_s"] * missing_m
        if width_m < self.vehicle.length_m:
            seconds += self._pace["turn_round.per_short_m_s"] * (self.vehicle.length_m - width_m)
        return seconds

    def _radius_m(self) -> float:
        given = self.vehicle.turning_radius_m
        return self._pace["turn_round.radius_per_length"] * self.vehicle.length_m if given is None else given

    # --- corners

    def is_stuck(self, a: int, b: int) -> bool:
        """The vehicle does not get round the corner from one edge into the next, however often it shunts."""
        stretch = self.streets.edges.stretch
        if self._bare or not all(self._corner_m(int(stretch[edge]))[1] for edge in (a, b)):
            return False
        return int(self.streets.edges.twin[a]) != b and self._corner(a, b)[0]

    def _corner(self, a: int, b: int) -> tuple[bool, float]:
        """Whether nothing helps, and how many moves it takes."""
        if self._bare:
            return False, 0.0
        stretch = self.streets.edges.stretch
        before, after = self._corner_m(int(stretch[a])), self._corner_m(int(stretch[b]))
        turn = math.radians(abs(self._turn_deg(a, b)))
        return self._elbow(turn, before, after, ahead=self._leads_ahead(a) and self._is_turn(a, b))

    def _elbow(
        self, turn: float, before: tuple[float, bool], after: tuple[float, bool], *, ahead: bool
    ) -> tuple[bool, float]:
        """The same for two widths, of which somebody is sure or not."""
        (before_m, sure), (after_m, also) = before, after
        lack_m = in_the_way_m(self.vehicle, self._radius_m(), turn, before_m, after_m, ahead=ahead)
        if lack_m <= 0:
            return False, 0.0
        moves = min(2 * lack_m / self._pace["corner.gain_m"], self._pace["corner.most_moves"])
        return sure and also and not fits_round(self.vehicle, turn, before_m, after_m), moves

    def _bends(self, stretch: int) -> tuple[bool, float]:
        """Whether some bend within the stretch stops the vehicle, and the moves that all of them take."""
        if self._bare:
            return False, 0.0
        lon, lat = self.streets.stretches.line(stretch)
        stopped, moves = False, 0.0
        for i in range(1, len(lon) - 1):
            turn = math.remainder(_heading(lon, lat, i, i + 1) - _heading(lon, lat, i - 1, i), math.tau)
            leg_m = 111_320.0 * min(_degrees(lon, lat, i - 1, i), _degrees(lon, lat, i, i + 1))
            if leg_m >= self._pace["corner.leg_m"] and math.degrees(abs(turn)) > self._pace["turn.straight_deg"]:
                room = self._corner_m(stretch)
                stuck, more = self._elbow(abs(turn), room, room, ahead=False)
                stopped, moves = stopped or stuck, moves + more
        return stopped, moves

    def _is_turn(self, a: int, b: int) -> bool:
        return abs(self._turn_deg(a, b)) > self._pace["turn.straight_deg"]

    def _leads_ahead(self, a: int) -> bool:
        """Some street leads straight on from the end of the edge, whoever may drive there."""
        if not self._leaving:
            for stretch in sorted(set(self.streets.edges.stretch.tolist())):
                lon, lat = self.streets.stretches.line(stretch)
                self._leaving.setdefault(int(self.streets.stretches.u[stretch]), []).append(_heading(lon, lat, 0, 1))
                self._leaving.setdefault(int(self.streets.stretches.v[stretch]), []).append(_heading(lon, lat, -1, -2))
        arriving = self._bearing(a, at_end=True)
        return any(
            abs(math.remainder(math.degrees(leaving - arriving), 360.0)) <= self._pace["turn.straight_deg"]
            for leaving in self._leaving[int(self.streets.edges.v[a])]
        )

    def _turn_deg(self, a: int, b: int) -> float:
        turn = math.degrees(self._bearing(b, at_end=False) - self._bearing(a, at_end=True))
        return math.remainder(turn, 360.0)

    def _bearing(self, edge: int, *, at_end: bool) -> float:
        stretch = int(self.streets.edges.stretch[edge])
        lon, lat = self.streets.stretches.line(stretch)
        if self.streets.edges.reverse[edge]:
            lon, lat = lon[::-1], lat[::-1]
        return _heading(lon, lat, -2, -1) if at_end else _heading(lon, lat, 0, 1)

    def _meeting_streets(self, node: int) -> int:
        if not self._meeting:
            for stretch in sorted(set(self.streets.edges.stretch.tolist())):
                for end in (int(self.streets.stretches.u[stretch]), int(self.streets.stretches.v[stretch])):
                    self._meeting[end] = self._meeting.get(end, 0) + 1
        return self._meeting.get(node, 0)


def _heading(lon: Floats, lat: Floats, i: int, j: int) -> float:
    """Direction from one vertex to another, radians counter-clockwise from east."""
    shrink = math.cos(math.radians(float(lat[i])))
    return math.atan2(float(lat[j] - lat[i]), float(lon[j] - lon[i]) * shrink)


def _degrees(lon: Floats, lat: Floats, i: int, j: int) -> float:
    """Degrees of latitude between two vertices."""
    shrink = math.cos(math.radians(float(lat[i])))
    return math.hypot(float(lon[j] - lon[i]) * shrink, float(lat[j] - lat[i]))
