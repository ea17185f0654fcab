"""How fast a vehicle drives and what turns, signals and turning round cost.

Every figure lies in ``data/driving.toml`` with its source; most are assumptions and say so.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fleetplan.city.classes import Highway, Service
from fleetplan.city.streets import Bools, Floats, Ints, Streets
from fleetplan.figures import Figure, bundled_figures
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.resources import data_path

_LINKS = {
    Highway.MOTORWAY_LINK: Highway.MOTORWAY,
    Highway.TRUNK_LINK: Highway.TRUNK,
    Highway.PRIMARY_LINK: Highway.PRIMARY,
    Highway.SECONDARY_LINK: Highway.SECONDARY,
    Highway.TERTIARY_LINK: Highway.TERTIARY,
}
_SLOW_SERVICES = (Service.ALLEY, Service.DRIVEWAY, Service.PARKING_AISLE, Service.DRIVE_THROUGH)


def driving_figure(key: str) -> float:
    """A figure of ``data/driving.toml``."""
    return bundled_figures("driving.toml")[key].value


def routing_figures() -> tuple[Figure, ...]:
    """Every figure that access and travel times rest on, in the order of the files."""
    return (*bundled_figures("access.toml").values(), *bundled_figures("driving.toml").values())


def door_walk_m() -> float:
    """The walk up to which a stop counts as served at the door."""
    return driving_figure("door_walk_m")


@lru_cache(maxsize=1)
def left_hand_countries() -> frozenset[str]:
    """ISO 3166 codes of the countries that drive on the left."""
    with data_path("driving.toml").open("rb") as file:
        return frozenset(tomllib.load(file)["left_hand"])


@lru_cache(maxsize=1)
def _class_tables() -> tuple[Floats, Floats, Floats]:
    """Unposted speed and traffic factor by highway code; unposted speed by service code (``nan``: none)."""
    figures = bundled_figures("driving.toml")
    size = max(Highway) + 1
    speed = np.full(size, figures["speed.other"].value)
    traffic = np.full(size, figures["traffic.other"].value)
    for highway in Highway:
        if f"speed.{highway.tag}" in figures:
            speed[highway] = figures[f"speed.{highway.tag}"].value
        main = _LINKS.get(highway, highway)
        if f"traffic.{main.tag}" in figures:
            traffic[highway] = figures[f"traffic.{main.tag}"].value
    service = np.full(max(Service) + 1, np.nan)
    for kind in _SLOW_SERVICES:
        service[kind] = figures[f"speed_service.{kind.name.lower()}"].value
    return speed, traffic, service


def stretch_speed_kph(streets: Streets, vehicle: Vehicle, *, squeezed: NDArray[np.bool_]) -> Floats:
    """Speed of a vehicle on every stretch between junctions, ``float64[stretches]`` in km/h.

    The posted limit, or the usual one of the class where none is posted, at most the vehicle's top speed; times
    the daytime traffic factor of the class; on ``squeezed`` stretches at most walking pace with a margin
    (``squeezed_kph``).
    """
    table = streets.stretches
    class_speed, traffic, service_speed = _class_tables()
    default = class_speed[table.highway]
    slow = service_speed[table.service]
    default = np.where((table.highway == Highway.SERVICE) & ~np.isnan(slow), slow, default)
    posted = table.maxspeed_kph
    limit = np.where(np.isnan(posted) | (posted <= 0), default, posted)
    if vehicle.top_speed_kph is not None:
        limit = np.minimum(limit, vehicle.top_speed_kph)
    speed = limit * traffic[table.highway]
    return np.where(squeezed, np.minimum(speed, driving_figure("squeezed_kph")), speed)


def edge_times_ms(streets: Streets, speed_kph: Floats) -> Ints:
    """Whole milliseconds to drive each edge from end to end, at least 1; 0 where the speed is 0."""
    length_m = streets.stretches.length_m[streets.edges.stretch]
    with np.errstate(divide="ignore", invalid="ignore"):
        time_ms = np.where(speed_kph > 0, np.maximum(np.floor(length_m * 3600.0 / speed_kph + 0.5), 1.0), 0.0)
    return time_ms.astype(np.int64)


def edge_lengths_dm(streets: Streets) -> Ints:
    """Whole decimetres of each edge, at least 1."""
    length_m = streets.stretches.length_m[streets.edges.stretch]
    return np.maximum(np.floor(length_m * 10.0 + 0.5), 1.0).astype(np.int64)


def turn_costs_ms(angle_deg: Floats, junction: Bools, signals: Bools, uturn: Bools, *, left_hand: bool) -> Ints:
    """Milliseconds that passing from one edge to the next costs at their node.

    Args:
        angle_deg: change of direction, counter-clockwise (to the left) positive.
        junction: three or more streets meet at the node; elsewhere a bend costs nothing.
        signals: traffic signals stand at the node.
        uturn: the next edge is the same street the other way.
        left_hand: traffic keeps left, so that a turn to the right crosses the oncoming traffic.
    """
    size = np.abs(angle_deg)
    to_left = angle_deg > 0
    across = ~to_left if left_hand else to_left
    seconds = np.where(across, driving_figure("turn.across_s"), driving_figure("turn.near_s"))
    seconds = np.where(size > driving_figure("turn.sharp_deg"), driving_figure("turn.sharp_s"), seconds)
    seconds = np.where(size <= driving_figure("turn.straight_deg"), driving_figure("turn.straight_s"), seconds)
    seconds = np.where(junction, seconds, 0.0)
    seconds = np.where(uturn, driving_figure("uturn_s"), seconds)
    seconds = seconds + np.where(signals, driving_figure("signal_s"), 0.0)
    return np.floor(seconds * 1000.0 + 0.5).astype(np.int64)


def turn_round_ms(vehicle: Vehicle, width_m: Floats) -> Ints:
    """Milliseconds to turn round beside a stop on streets of the given widths.

    One sweep where the carriageway is as wide as the turning circle; every metre that it is narrower costs
    further moves. The circle is twice the turning radius, estimated from the length where nobody gives it.
    """
    radius_m = vehicle.turning_radius_m
    if radius_m is None:
        radius_m = driving_figure("turn_round.radius_per_length") * vehicle.length_m
    missing_m = np.maximum(2.0 * radius_m - np.nan_to_num(width_m, nan=0.0), 0.0)
    seconds = driving_figure("turn_round.base_s") + driving_figure("turn_round.per_missing_m_s") * missing_m
    return np.floor(seconds * 1000.0 + 0.5).astype(np.int64)
