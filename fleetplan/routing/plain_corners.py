"""The geometry of corners once more, plainly: the vehicle drawn in the plane, one corner at a time.

Part of the second opinion on paths (:mod:`fleetplan.routing.verifying`): it shares no code with the router.
"""

from __future__ import annotations

import math

from fleetplan.figures import bundled_figures
from fleetplan.fleet.vehicle import Vehicle


def in_the_way_m(
    vehicle: Vehicle, radius_m: float, turn: float, before_m: float, after_m: float, *, ahead: bool
) -> float:
    """The vehicle on an arc about the origin, at first northwards: how far the inner corner reaches into it."""
    pace = _pace()
    body_m, length_m = vehicle.body_width_m, vehicle.length_m
    base_m = vehicle.wheelbase_m
    if base_m is None:
        base_m = pace["corner.wheelbase_per_length"] * length_m
    base_m = min(base_m, length_m)
    nose_m = base_m + pace["corner.front_share"] * (length_m - base_m)
    side_m = math.sqrt(max(radius_m**2 - base_m**2, body_m**2))
    room_1 = before_m - 2 * pace["corner.clearance_m"]
    room_2 = after_m - 2 * pace["corner.clearance_m"]

    def reach(x: float, y: float, along: float) -> float:
        return x * math.cos(along) + y * math.sin(along)

    def turned(x: float, y: float, by: float) -> tuple[float, float]:
        return x * math.cos(by) - y * math.sin(by), x * math.sin(by) + y * math.cos(by)

    tail, front = (side_m, nose_m - length_m), (side_m, nose_m)
    tail_peak = min(turn, math.atan2(length_m - nose_m, side_m))
    wall_1 = turned(*tail, tail_peak)[0]
    inner_1 = wall_1 - room_1
    begin = math.atan2(nose_m, side_m)
    if ahead:
        # the front meets the second outer wall only once it has left the first street
        begin = max(begin, math.acos(min(1.0, max(-1.0, inner_1 / math.hypot(*front)))))
    at = max(begin, turn)
    nose = (math.hypot(*front) * math.cos(at), math.hypot(*front) * math.sin(at))
    inner_2 = max(reach(*nose, turn), side_m) - room_2
    # the middle of the rounded inner corner: x = inner_1, and x cos + y sin = inner_2
    inner_1, inner_2 = inner_1 - pace["corner.rounding_m"], inner_2 - pace["corner.rounding_m"]
    edge_m = max(inner_1, inner_2)
    if turn > 0.01 and inner_2 >= inner_1 * math.cos(turn) and inner_1 >= inner_2 * math.cos(turn):
        rise = (inner_2 - inner_1 * math.cos(turn)) / max(math.sin(turn), 1e-9)
        edge_m = max(edge_m, math.hypot(inner_1, rise))
    return edge_m + pace["corner.rounding_m"] - (side_m - body_m)


def fits_round(vehicle: Vehicle, turn: float, before_m: float, after_m: float) -> bool:
    """A rectangle of the body's size passes the corner in any number of moves, give or take 5 mm."""
    pace = _pace()
    rounding_m = pace["corner.rounding_m"]
    room_1 = before_m - 2 * pace["corner.least_clearance_m"] + rounding_m
    room_2 = after_m - 2 * pace["corner.least_clearance_m"] + rounding_m
    length_m, width_m = vehicle.length_m, vehicle.body_width_m
    for step in range(201):
        tilt = turn * step / 200
        spare = room_1 * math.sin(turn - tilt) + room_2 * math.sin(tilt)
        spare -= length_m * math.sin(tilt) * math.sin(turn - tilt)
        if spare < (width_m + rounding_m - 0.005) * math.sin(turn):
            return False
    return True


def _pace() -> dict[str, float]:
    return {key: figure.value for key, figure in bundled_figures("driving.toml").items()}
