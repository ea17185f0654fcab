"""From standing places to points on this vehicle's streets, and why a stop has none."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleetplan.city.classes import Highway
from fleetplan.city.streets import Bools, Codes, Floats, Ints, Streets
from fleetplan.errors import Refusal
from fleetplan.routing.driving import driving_figure
from fleetplan.routing.kerb import AGAINST, EITHER_SIDE
from fleetplan.routing.lines import lines_of, nearest_pairs, pairs_within, piece, project
from fleetplan.routing.network import Network
from fleetplan.routing.seams import Band, Point, StreetAccess
from fleetplan.routing.walking import Standing


def standable_stretches(streets: Streets, network: Network, access: StreetAccess) -> Bools:
    """Stretches where the vehicle may stand, and which it can reach and leave."""
    standable = np.zeros(len(streets.stretches), dtype=np.bool_)
    standable[streets.edges.stretch[network.inside & access.may_stand]] = True
    return standable


def point_on(streets: Streets, network: Network, stretch: int, along: float, heading: int = EITHER_SIDE) -> Point:
    """A point of a stretch with the headings that the network has there.

    Args:
        heading: the one that the kerb asks for (:func:`fleetplan.routing.kerb.required_reverse`); where the network
            has it not, the other one serves.
    """
    lon, lat = piece(streets, lines_of(streets), stretch, along, along)
    headings = tuple(int(edge) for edge in edges_of(streets, stretch) if network.inside[edge])
    if heading != EITHER_SIDE:
        wanted = tuple(edge for edge in headings if bool(streets.edges.reverse[edge]) == (heading == AGAINST))
        headings = wanted or headings
    return Point(stretch, along, float(lat[0]), float(lon[0]), headings)


def edges_of(streets: Streets, stretch: int) -> Ints:
    """Rows of the open directions of a stretch."""
    low, high = np.searchsorted(streets.edges.stretch, [stretch, stretch + 1])
    return np.arange(low, high)


def snapped(streets: Streets, points: NDArray[Any], *, usable: Bools, within_m: float) -> tuple[Ints, Floats, Floats]:
    """The nearest position along a usable stretch for every point, as ``int64``, ``float64`` and ``float64[points]``.

    Args:
        points: shapely points in metric coordinates.
        usable: per stretch.
        within_m: points further from all of them are left out.

    Returns:
        The stretch (-1 where none is near enough), the share of its length, and the distance in metres.
    """
    lines = lines_of(streets)
    stretch, along = np.full(len(points), -1, dtype=np.int64), np.zeros(len(points))
    distance_m = np.full(len(points), np.inf)
    radius_m, left = _FIRST_M, np.arange(len(points))
    while len(left):
        radius_m = min(radius_m, within_m)
        number, near = pairs_within(lines.drivable_tree, lines.drivable, points[left], radius_m=radius_m)
        number, near = number[usable[near]], near[usable[near]]
        metres, share = project(lines, points[left[number]], near)
        order = np.lexsort((near, metres, number))
        found, first = np.unique(number[order], return_index=True)
        best = order[first]
        stretch[left[found]], along[left[found]], distance_m[left[found]] = near[best], share[best], metres[best]
        if radius_m >= within_m:
            break
        left, radius_m = left[stretch[left] < 0], 4 * radius_m
    return stretch, along, distance_m


_FIRST_M = 40.0


def share_points(streets: Streets, stretch: Ints, along: Floats, heading: Codes) -> tuple[Ints, Ints, Floats, Codes]:
    """Groups of standing places on one stretch and in one heading that are closer than ``share_point_m``.

    Returned are each place's group (-1 where ``stretch`` is -1) and each group's stretch, share of length and heading;
    groups are sorted by them, so the order of the places does not matter.
    """
    reach_m = driving_figure("share_point_m")
    group = np.full(len(stretch), -1, dtype=np.int64)
    rows: list[tuple[int, int]] = []
    shares: list[float] = []
    for place in np.lexsort((along, heading, stretch)).tolist():
        if stretch[place] < 0:
            continue
        length_m = float(streets.stretches.length_m[stretch[place]])
        same = bool(rows) and rows[-1] == (stretch[place], heading[place])
        if not same or (float(along[place]) - shares[-1]) * length_m >= reach_m:
            rows.append((int(stretch[place]), int(heading[place])))
            shares.append(float(along[place]))
        group[place] = len(rows) - 1
    return (
        group,
        np.array([row for row, _ in rows], dtype=np.int64),
        np.array(shares, dtype=np.float64),
        np.array([way for _, way in rows], dtype=np.uint8),
    )


def refusals_of(
    streets: Streets,
    network: Network,
    access: StreetAccess,
    standing: Standing,
    points: NDArray[Any],
    *,
    max_walk_m: float,
) -> tuple[Refusal | None, ...]:
    """For every stop beyond the permitted walk the reason why, with the street in front of it."""
    lines = lines_of(streets)
    refused = np.flatnonzero(~(standing.walk_m <= max_walk_m))
    answers: list[Refusal | None] = [None] * len(points)
    if len(refused) == 0:
        return tuple(answers)
    number, stretch = nearest_pairs(lines.drivable_tree, lines.drivable, points[refused])
    front = np.full(len(refused), -1, dtype=np.int64)
    front[number[::-1]] = stretch[::-1]
    for row, stop in enumerate(refused):
        answers[stop] = _refusal(
            streets,
            network,
            access,
            float(standing.walk_m[stop]),
            int(front[row]),
            cut_off=bool(standing.cut_off[stop]),
            max_walk_m=max_walk_m,
        )
    return tuple(answers)


def _refusal(
    streets: Streets,
    network: Network,
    access: StreetAccess,
    walk_m: float,
    front: int,
    *,
    cut_off: bool,
    max_walk_m: float,
) -> Refusal:
    data: dict[str, Any] = {"max_walk_m": max_walk_m}
    words = ""
    if front >= 0:
        name = street_name(streets, front)
        why = _why_not(streets, network, access, front)
        data |= {"street": name, "way_id": int(streets.stretches.way_id[front])}
        data |= {"band": Band(int(access.stretch_band[front])).label, "reason": why}
        words = f"; nearest street, {name}: {why}"
    if not math.isfinite(walk_m):
        data["off_network_m"] = off_m = driving_figure("off_network_m")
        across = " without a motorway or trunk road in between" if cut_off else ""
        text = (
            f"no street or path that leads on foot to a place where {access.vehicle} may stand "
            f"lies within {off_m:g} m{across}{words}"
        )
        return Refusal("no_street", text, data)
    data["walk_m"] = walk_m
    text = (
        f"the nearest place where {access.vehicle} may stand is {math.ceil(walk_m)} m away on foot, "
        f"more than the {max_walk_m:g} m allowed{words}"
    )
    return Refusal("beyond_walk", text, data)


def street_name(streets: Streets, stretch: int) -> str:
    """The name of a street, or words for one that has none."""
    name = streets.names[int(streets.stretches.name[stretch])]
    kind = Highway(int(streets.stretches.highway[stretch])).tag.replace("_", " ")
    return name or f"an unnamed street ({kind})"


def _why_not(streets: Streets, network: Network, access: StreetAccess, stretch: int) -> str:
    if access.stretch_band[stretch] >= Band.BLOCKED_ROOM:
        return access.reasons[int(access.stretch_reason[stretch])]
    edges = edges_of(streets, stretch)
    if not network.inside[edges].any():
        return "open, but this vehicle cannot drive there from the depot and back"
    if not access.may_stand[edges].any():
        return "stopping is not allowed"
    return "open, but too far away"
