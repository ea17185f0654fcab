"""Turning round beside a stop, at the end of a dead end, and backing out of one.

Times depend on the vehicle's turning circle and length and on the street's usual width; the figures lie in
``data/driving.toml`` with their sources.
"""

from __future__ import annotations

import numpy as np

from fleetplan.city.streets import Floats, Ints, Streets
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.clearance import usual_width_m
from fleetplan.routing.driving import driving_figure, room_speed_kph
from fleetplan.routing.seams import AccessRules


def turning_radius_m(vehicle: Vehicle) -> float:
    """The least radius, kerb to kerb; estimated from the length where nobody gives it."""
    if vehicle.turning_radius_m is not None:
        return vehicle.turning_radius_m
    return driving_figure("turn_round.radius_per_length") * vehicle.length_m


def turn_round_ms(streets: Streets, vehicle: Vehicle, *, rules: AccessRules) -> Ints:
    """Milliseconds to turn round beside a stop, ``int64[edges]``.

    With the radius R, kerb to kerb, the vehicle's length L and the usual width w: ``base_s`` for one sweep where
    w ≥ 2 R; for every metre of 2 R - w ``per_missing_m_s`` more, for moves forward and back (a three-point turn lacks
    some metres); and where w < L, so that the vehicle cannot stand across, ``per_short_m_s`` for every metre of
    L - w, for finding an opening and backing into it. Out of a narrow dead end :func:`reverse_out_ms` may be quicker.
    """
    width_m = usual_width_m(streets, quantile=rules.width_quantile)
    return _ms(_turning_s(vehicle, width_m))[streets.edges.stretch]


def uturn_ms(streets: Streets, vehicle: Vehicle, *, rules: AccessRules) -> Ints:
    """Milliseconds to turn at the end of each edge where nothing leads on, ``int64[edges]``.

    The end of a dead end gives ``turn_round.head_m`` of room beyond the street's width (a turning head, a driveway, a
    yard's mouth); where the vehicle's circle does not fit even there, it turns as in a street of that width.
    """
    width_m = usual_width_m(streets, quantile=rules.width_quantile) + driving_figure("turn_round.head_m")
    seconds = np.maximum(_turning_s(vehicle, width_m), driving_figure("uturn_s"))
    return _ms(seconds)[streets.edges.stretch]


def reverse_kph(vehicle: Vehicle) -> float:
    """Speed at which a vehicle of this length backs out of a street."""
    small, large = driving_figure("reverse.length_small_m"), driving_figure("reverse.length_large_m")
    share = min(max((vehicle.length_m - small) / (large - small), 0.0), 1.0)
    fast, slow = driving_figure("reverse.kph_small"), driving_figure("reverse.kph_large")
    return fast + (slow - fast) * share


def reverse_out_ms(streets: Streets, vehicle: Vehicle, *, rules: AccessRules) -> Ints:
    """Milliseconds to back along each edge from its end to its start, ``int64[edges]``, at least 1.

    The whole way out takes its share of the edges up to the mouth, and :func:`reverse_mouth_ms` there.
    """
    kph = np.minimum(reverse_kph(vehicle), room_speed_kph(streets, vehicle, rules=rules))
    seconds = streets.stretches.length_m * 3.6 / kph
    return np.maximum(_ms(seconds), 1)[streets.edges.stretch]


def reverse_mouth_ms() -> int:
    """Milliseconds to back out of a dead end's mouth into the street that it joins."""
    return int(driving_figure("reverse.mouth_s") * 1000.0 + 0.5)


def _turning_s(vehicle: Vehicle, width_m: Floats) -> Floats:
    room_m = np.nan_to_num(width_m, nan=0.0)
    missing_m = np.maximum(2.0 * turning_radius_m(vehicle) - room_m, 0.0)
    short_m = np.maximum(vehicle.length_m - room_m, 0.0)
    moving_s = driving_figure("turn_round.per_missing_m_s") * missing_m
    return driving_figure("turn_round.base_s") + moving_s + driving_figure("turn_round.per_short_m_s") * short_m


def _ms(seconds: Floats) -> Ints:
    return np.floor(seconds * 1000.0 + 0.5).astype(np.int64)
