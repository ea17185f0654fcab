"""The one place where all vehicles start: in front of the depot, on a street where vehicles may stop.

The place lies on a street that no access tag closes, that is no motorway, trunk road, link or tunnel, where stopping
is allowed, and from which one gets to the rest of the city and back. The fleets of a comparison share the nearest
such place that all their types may use (:func:`shared_place`); one in which each type had a depot of its own would be
none. A type asked about alone may start a few metres beside the place that vehicles in general use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import shapely

from fleetplan.city.classes import AccessTag, Barrier
from fleetplan.city.streets import Bools, Floats, Ints, Streets
from fleetplan.errors import Fault, InputError
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.access import CLOSED_TAGS, NO_STANDING, access_figure, decide_access
from fleetplan.routing.driving import driving_figure
from fleetplan.routing.lines import crosses_fast_road, lines_of, metric_points, pairs_within, project
from fleetplan.routing.network import GOODS, Parts, drives_of, parts_of, usable_arcs
from fleetplan.routing.seams import AccessRules, Band, StreetAccess
from fleetplan.routing.snapping import edges_of, street_name
from fleetplan.routing.topology import topology_of


@dataclass(frozen=True, slots=True)
class DepotPlace:
    """The place that all types share.

    Attributes:
        stretch, along: row of ``Streets.stretches`` and share of its length from its u.
        depot: the depot's own position as a shapely point in metric coordinates.
        distance_m: from there to the place, straight.
    """

    stretch: int
    along: float
    depot: shapely.Point
    distance_m: float


@dataclass(frozen=True, slots=True)
class Start:
    """Where one type starts, and the part of its streets (see ``Parts``) that it drives on."""

    stretch: int
    along: float
    part: int


_CACHE: WeakKeyDictionary[Streets, Floats] = WeakKeyDictionary()


def depot_place(streets: Streets, depot: tuple[float, float], *, vehicle: str) -> DepotPlace:
    """The place in front of a depot; the same for every vehicle.

    Streets whose part of the general network is small (less than ``depot_place_share``; often cut off by the edge
    of the extract) count only where there is no other.

    Args:
        depot: latitude and longitude.
        vehicle: the type that the fault names.

    Raises:
        InputError: no such street lies within ``depot_snap_m``.
    """
    return _candidates(streets, depot, who=vehicle)[0]


def shared_place(
    streets: Streets, vehicles: Sequence[Vehicle], depot: tuple[float, float], *, rules: AccessRules
) -> DepotPlace:
    """The nearest place to a depot where each of the vehicles may stand, come and go.

    Args:
        vehicles: every type of a comparison.
        depot: latitude and longitude.
        rules: how widths are judged.

    Raises:
        CityError: a vehicle cannot drive two streets back and forth.
        InputError: no such place lies within ``depot_snap_m``; each vehicle to which the nearest street is closed is
            named with the reason.
    """
    places = _candidates(streets, depot, who="a vehicle")
    open_to_all = np.ones(len(streets.stretches), dtype=np.bool_)
    faults: list[Fault] = []
    for vehicle in vehicles:
        access = decide_access(streets, vehicle, rules)
        drives = drives_of(streets, vehicle, access, rules=rules)
        home = _homes(streets, access, drives.parts)
        usable = home < len(drives.parts.share)
        open_to_all &= usable
        if not usable[places[0].stretch]:
            faults += _closed(streets, access, places[0], within_m=driving_figure("depot_snap_m")).faults
    for place in places:
        if open_to_all[place.stretch]:
            return place
    raise InputError(faults)


def _candidates(streets: Streets, depot: tuple[float, float], *, who: str) -> list[DepotPlace]:
    """Places near a depot where vehicles in general may stop, come and go, nearest first; never empty."""
    lines, radius_m = lines_of(streets), driving_figure("depot_snap_m")
    points = metric_points(lines, lat=np.array([depot[0]]), lon=np.array([depot[1]]))
    stretch = np.zeros(0, dtype=np.int64)
    if np.isfinite(shapely.get_x(points[0])):
        _, stretch = pairs_within(lines.drivable_tree, lines.drivable, points, radius_m=radius_m)
        share = stopping_share(streets)[stretch]
        enough = driving_figure("depot_place_share")
        if not (share >= enough).any():
            enough = driving_figure("depot_part_share")
        stretch = stretch[share >= enough]
    if len(stretch) == 0:
        raise InputError.one(
            "routing.depot",
            "depot",
            "",
            f"no street where {who} could stop and start lies within {radius_m:.0f} m of latitude {depot[0]:g}, "
            f"longitude {depot[1]:g}",
            "check latitude and longitude, move the depot to a street, or use a larger extract",
        )
    distance_m, along = project(lines, np.repeat(points, len(stretch)), stretch)
    order = np.lexsort((stretch, distance_m))
    return [DepotPlace(int(stretch[i]), float(along[i]), points[0], float(distance_m[i])) for i in order]


def stopping_share(streets: Streets) -> Floats:
    """Where vehicles in general may stop, come and go; computed at the first call for this object.

    Returned is, per stretch, the share of the city's open metres that lie in the same strongly connected part when
    no width, height or weight counts; 0 where stopping is not possible.
    """
    found = _CACHE.get(streets)
    if found is None:
        found = _CACHE[streets] = _stopping_share(streets)
    return found


def _stopping_share(streets: Streets) -> Floats:
    table, nodes, edges = streets.stretches, streets.nodes, streets.edges
    tags = CLOSED_TAGS if access_figure("permit_open") else (*CLOSED_TAGS, AccessTag.PERMIT)
    closed = np.array(tags, dtype=np.uint8)
    usable = ~np.isin(edges.motor_access, closed)
    shut = np.isin(nodes.barrier_access, closed) & (nodes.barrier != Barrier.NONE)
    bollard = (nodes.barrier == Barrier.BOLLARD) & (nodes.barrier_access == AccessTag.UNTAGGED)
    topology = topology_of(streets)
    blocked = shut | (bollard & np.isnan(nodes.barrier_gap_m))
    arc = usable_arcs(topology, usable, blocked, applies=GOODS)
    parts = parts_of(streets, topology, usable, arc)
    share = np.zeros(len(table))
    np.maximum.at(share, edges.stretch, np.append(parts.share, 0.0)[parts.number])
    no_stop = np.isin(table.highway, np.array(NO_STANDING, dtype=np.uint8)) | table.no_stopping | table.tunnel
    no_stop |= table.motorroad
    return np.where(no_stop, 0.0, share)


def _in_sizable_part(parts: Parts) -> Bools:
    """Edges in a part that is more than an islet."""
    share = np.append(parts.share, 0.0)[parts.number]
    return np.asarray(share >= driving_figure("depot_part_share"), dtype=np.bool_)


def _homes(streets: Streets, access: StreetAccess, parts: Parts) -> Ints:
    """Per stretch the longest sizable part that holds it and lets the vehicle stand, or the number of parts if none."""
    fit = np.flatnonzero(access.may_stand & _in_sizable_part(parts))
    home = np.full(len(streets.stretches), len(parts.share), dtype=np.int64)
    np.minimum.at(home, streets.edges.stretch[fit], parts.number[fit])
    return home


def start_of(streets: Streets, access: StreetAccess, parts: Parts, place: DepotPlace) -> Start:
    """Where a type starts: at the shared place if it may stand there and come and go.

    Otherwise beside it: within ``depot_offset_m``, straight, of the depot or of the shared place, on the longest
    part of its streets that comes so near, at the nearest point.

    Raises:
        InputError: no street that the type may use lies so near.
    """
    none = len(parts.share)
    home = _homes(streets, access, parts)
    if home[place.stretch] < none:
        return Start(place.stretch, place.along, int(home[place.stretch]))
    lines, offset_m = lines_of(streets), driving_figure("depot_offset_m")
    there = shapely.line_interpolate_point(lines.lines[place.stretch], place.along, normalized=True)
    points = np.array([there, place.depot])
    number, stretch = pairs_within(lines.drivable_tree, lines.drivable, points, radius_m=offset_m)
    number, stretch = number[home[stretch] < none], stretch[home[stretch] < none]
    distance_m, along = project(lines, points[number], stretch)
    free = np.flatnonzero(~crosses_fast_road(lines, points, number, stretch, along))
    if len(free) == 0:
        raise _closed(streets, access, place, within_m=offset_m)
    order = np.lexsort((number[free], stretch[free], distance_m[free], home[stretch[free]]))
    best = int(free[order[0]])
    return Start(int(stretch[best]), float(along[best]), int(home[stretch[best]]))


def _closed(streets: Streets, access: StreetAccess, place: DepotPlace, *, within_m: float) -> InputError:
    name, vehicle = street_name(streets, place.stretch), access.vehicle
    if access.stretch_band[place.stretch] >= Band.BLOCKED_ROOM:
        why = f"is closed to it ({access.reasons[int(access.stretch_reason[place.stretch])]})"
    elif not access.may_stand[edges_of(streets, place.stretch)].any():
        why = "is one where it may not stop"
    else:
        why = "is open to it, but it cannot drive from there to the rest of its streets and back"
    return InputError.one(
        "routing.depot",
        "depot",
        "",
        f"{vehicle} cannot start from the depot: the street in front, {name}, {why}; "
        f"no other street that serves as depot lies within {within_m:.0f} m",
        f"move the depot to a street that every vehicle may use, or leave {vehicle} out of the fleets",
    )
