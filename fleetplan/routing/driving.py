"""How fast a vehicle drives along a street, and what it meets on the way costs.

The time of an edge is its length at the vehicle's speed there, plus waiting for oncoming traffic where two cannot
pass, plus the signals, signs, crossings and humps met on it. Every figure lies in ``data/driving.toml`` with its
source; most are assumptions and say so. What turns cost is in :mod:`fleetplan.routing.corners`.
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
from fleetplan.routing.clearance import country_of, room_needed_m, usual_width_m
from fleetplan.routing.seams import AccessRules, StreetAccess

_LINKS = {
    Highway.MOTORWAY_LINK: Highway.MOTORWAY,
    Highway.TRUNK_LINK: Highway.TRUNK,
    Highway.PRIMARY_LINK: Highway.PRIMARY,
    Highway.SECONDARY_LINK: Highway.SECONDARY,
    Highway.TERTIARY_LINK: Highway.TERTIARY,
}
_SLOW_SERVICES = (Service.ALLEY, Service.DRIVEWAY, Service.PARKING_AISLE, Service.DRIVE_THROUGH)
_COUNTED = {
    "stops": "stop_s",
    "give_ways": "give_way_s",
    "crossings": "crossing_s",
    "calmings": "calming_s",
}


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


@lru_cache(maxsize=64)
def _class_speeds(country: str) -> tuple[Floats, Floats]:
    """Speed on an unposted street by highway code, and by service code (``nan``: no speed of its own)."""
    figures = bundled_figures("driving.toml")
    speed = np.full(max(Highway) + 1, figures["speed.other"].value)
    for highway in Highway:
        for key in (f"speed.{highway.tag}", f"speed_in.{country}.{highway.tag}"):
            if key in figures:
                speed[highway] = figures[key].value
    service = np.full(max(Service) + 1, np.nan)
    for kind in _SLOW_SERVICES:
        service[kind] = figures[f"speed_service.{kind.name.lower()}"].value
    return speed, service


@lru_cache(maxsize=8)
def _by_class(table: str) -> Floats:
    """A table of ``data/driving.toml`` by highway code; links count as the class they belong to."""
    figures = bundled_figures("driving.toml")
    values = np.full(max(Highway) + 1, figures[f"{table}.other"].value)
    for highway in Highway:
        key = f"{table}.{_LINKS.get(highway, highway).tag}"
        if key in figures:
            values[highway] = figures[key].value
    return values


def edge_speed_kph(streets: Streets, vehicle: Vehicle, *, rules: AccessRules) -> Floats:
    """Speed at which a vehicle drives each edge between what it meets there, ``float64[edges]`` in km/h.

    The posted limit of the direction, or what is usual on an unposted street of the class; at most the advised
    speed and the vehicle's top speed; times the daytime traffic factor of the class. Where the street is narrow, no
    faster than its room allows (:func:`room_speed_kph`).
    """
    table, edges = streets.stretches, streets.edges
    class_speed, service_speed = _class_speeds(country_of(streets, rules))
    usual = class_speed[table.highway]
    slow = service_speed[table.service]
    usual = np.where((table.highway == Highway.SERVICE) & ~np.isnan(slow), slow, usual)
    posted = edges.maxspeed_kph
    limit = np.where(posted > 0, posted, usual[edges.stretch])
    limit = np.where(edges.advisory_kph > 0, np.minimum(limit, edges.advisory_kph), limit)
    if vehicle.top_speed_kph is not None:
        limit = np.minimum(limit, vehicle.top_speed_kph)
    if rules.traffic:
        limit = limit * _by_class("traffic")[table.highway][edges.stretch]
    if rules.clearance == "none":
        return np.asarray(limit, dtype=np.float64)
    return np.minimum(limit, room_speed_kph(streets, vehicle, rules=rules)[edges.stretch])


def room_speed_kph(streets: Streets, vehicle: Vehicle, *, rules: AccessRules) -> Floats:
    """Speed that the free room beside a vehicle allows, ``float64[stretches]`` in km/h.

    ``squeezed_kph`` where the usual width leaves the least room over the mirrors, and ``squeezed_kph_per_m`` more
    for every metre beyond: a street a centimetre narrower is a tenth of a km/h slower, nowhere more.
    """
    spare = usual_width_m(streets, quantile=rules.width_quantile) - room_needed_m(vehicle)
    return driving_figure("squeezed_kph") + driving_figure("squeezed_kph_per_m") * np.maximum(spare, 0.0)


def meeting_waits_s(streets: Streets, vehicle: Vehicle, speed_kph: Floats, *, rules: AccessRules) -> Floats:
    """Expected waiting for oncoming traffic on each edge, ``float64[edges]`` in seconds, end to end.

    On a two-way street of length L with a flow q against the vehicle, both driving at v, 2 q L / v vehicles are met.
    A meeting costs ``meeting.wait_s`` where the two have no room beside each other, nothing where they have
    ``meeting.margin_m`` to spare, and evenly in between.

    Args:
        speed_kph: of the vehicle per edge, 0 where it does not drive.
    """
    table, rows = streets.stretches, streets.edges.stretch
    if rules.clearance == "none" or not rules.traffic:
        return np.zeros(len(rows))
    beside = vehicle.mirror_width_m + driving_figure("meeting.other_width_m")
    margin = driving_figure("meeting.margin_m")
    lacking = beside + margin - usual_width_m(streets, quantile=rules.width_quantile)
    cost_s = driving_figure("meeting.wait_s") * np.clip(lacking / margin, 0.0, 1.0)
    cost_s = np.where(table.forward & table.backward, cost_s, 0.0)
    flow_km = 2.0 * _by_class("flow")[table.highway] * table.length_m / 1000.0
    with np.errstate(divide="ignore", invalid="ignore"):
        met = np.where(speed_kph > 0, flow_km[rows] / speed_kph, 0.0)
    return np.asarray(met * cost_s[rows], dtype=np.float64)


def edge_times_ms(streets: Streets, access: StreetAccess, *, rules: AccessRules) -> Ints:
    """Whole milliseconds to drive each edge from end to end, at least 1; 0 where the vehicle may not.

    Waiting for oncoming traffic and moves at sharp bends are in it, and all that is met on the way, the end node's
    signals and signs included (:func:`end_delays_ms` tells how much of it belongs to the end).
    """
    length_m = streets.stretches.length_m[streets.edges.stretch]
    drives = access.speed_kph > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        running = np.where(drives, length_m * 3600.0 / access.speed_kph, 0.0)
    running += access.delay_s * 1000.0
    for column in ("crossings", "calmings"):
        running += getattr(streets.edges, column) * (driving_figure(_COUNTED[column]) * 1000.0)
    time_ms = np.maximum(np.floor(running + 0.5), 1.0) + end_delays_ms(streets, rules=rules)
    return np.where(drives, time_ms, 0.0).astype(np.int64)


def end_delays_ms(streets: Streets, *, rules: AccessRules) -> Ints:
    """The part of an edge's time that is lost at its end: signals, stop and give-way signs; ``int64[edges]``.

    Whoever leaves the edge before its end does not pay it, and whoever starts on it pays it in full. That nobody stops
    twice within one junction is part of the counts (:mod:`fleetplan.city.met`).
    """
    edges = streets.edges
    signal_s = driving_figure("signal_s" if rules.traffic else "signal_empty_s")
    seconds = edges.signals * signal_s
    for column in ("stops", "give_ways"):
        seconds = seconds + getattr(edges, column) * driving_figure(_COUNTED[column])
    delay_ms: Ints = np.floor(seconds * 1000.0 + 0.5).astype(np.int64)
    return delay_ms


def edge_lengths_dm(streets: Streets) -> Ints:
    """Whole decimetres of each edge, at least 1."""
    length_m = streets.stretches.length_m[streets.edges.stretch]
    return np.maximum(np.floor(length_m * 10.0 + 0.5), 1.0).astype(np.int64)


def angle_delays_s(angle_deg: Floats, junction: Bools, uturn: Bools, *, left_hand: bool) -> Floats:
    """Seconds that passing from one edge to the next costs by its angle and side, corners and U-turns left out.

    Args:
        angle_deg: change of direction, counter-clockwise (to the left) positive.
        junction: three or more streets meet at the node; elsewhere a bend costs nothing.
        uturn: the next edge is the same street the other way.
        left_hand: traffic keeps left, so that a turn to the right crosses the oncoming traffic.
    """
    size: NDArray[np.float64] = np.abs(angle_deg)
    to_left = angle_deg > 0
    across = ~to_left if left_hand else to_left
    seconds = np.where(across, driving_figure("turn.across_s"), driving_figure("turn.near_s"))
    seconds = np.where(size > driving_figure("turn.sharp_deg"), driving_figure("turn.sharp_s"), seconds)
    seconds = np.where(size <= driving_figure("turn.straight_deg"), driving_figure("turn.straight_s"), seconds)
    return np.where(junction & ~uturn, seconds, 0.0)
