"""The city's streets as a small drawing: lines merged per class, simplified, and packed into plain text.

The drawing part is ``assets/basemap.js``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fleetplan.city.classes import Highway, Service
from fleetplan.city.streets import Streets
from fleetplan.show.packing import QUANTUM_DEG, pack_lines

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

TOLERANCE_M = 1.5
"""How far simplification may move a drawn street; below the width of its line at every zoom level."""

_METRES_PER_DEGREE = 111_195.0  # mean sphere of 6,371 km; used for drawing only

_GROUPS: tuple[tuple[str, tuple[Highway, ...]], ...] = (
    ("path", (Highway.FOOTWAY, Highway.PATH, Highway.STEPS, Highway.CYCLEWAY, Highway.BRIDLEWAY, Highway.CORRIDOR)),
    ("pedestrian", (Highway.PEDESTRIAN,)),
    ("track", (Highway.TRACK,)),
    ("service", (Highway.SERVICE,)),
    ("local", (Highway.UNCLASSIFIED, Highway.RESIDENTIAL, Highway.LIVING_STREET, Highway.ROAD)),
    ("tertiary", (Highway.TERTIARY, Highway.TERTIARY_LINK)),
    ("secondary", (Highway.SECONDARY, Highway.SECONDARY_LINK)),
    ("primary", (Highway.PRIMARY, Highway.PRIMARY_LINK)),
    ("motorway", (Highway.MOTORWAY, Highway.MOTORWAY_LINK, Highway.TRUNK, Highway.TRUNK_LINK)),
)
"""Drawn in this order, so that larger streets lie on top."""

NAME_GAP_M = 300.0
"""A street's name is repeated where its last one is this far away."""

NAMES_SHOWN = 5_000
"""The names of the longest stretches are kept; more would be a larger file than their use is worth."""

_UNSEEN_SERVICE = (Service.PARKING_AISLE, Service.DRIVE_THROUGH)


def metres_of(streets: Streets) -> NDArray[Any]:
    """Metres of a degree of longitude and of latitude in the middle of a city, for drawing only."""
    _, south, _, north = streets.bounds
    return np.array([_METRES_PER_DEGREE * np.cos(np.radians((south + north) / 2)), _METRES_PER_DEGREE])


def stretches_in(streets: Streets, box: Box | None) -> NDArray[np.bool_]:
    """Which stretches have a line that may touch a box (west, south, east, north); all of them without a box."""
    stretches = streets.stretches
    found: NDArray[np.bool_] = np.diff(stretches.line_start) >= 2
    if box is None or not found.any():
        return found
    west, south, east, north = box
    starts = stretches.line_start[:-1][found]
    lon, lat = stretches.line_lon, stretches.line_lat
    found[found] = (
        (np.maximum.reduceat(lon, starts) >= west)
        & (np.minimum.reduceat(lon, starts) <= east)
        & (np.maximum.reduceat(lat, starts) >= south)
        & (np.minimum.reduceat(lat, starts) <= north)
    )
    return found


def drawing_class(highway: Highway) -> str:
    """The class of street by which the drawing part styles a highway value."""
    return next((name for name, members in _GROUPS if highway in members), "path")


def base_layer(
    streets: Streets, *, box: Box | None = None, shown: NDArray[np.bool_] | None = None
) -> list[dict[str, Any]]:
    """The drawing of a city: ``{"class": name, "lines": packed}`` per class of street, back to front.

    Parking aisles and drive-throughs are left out. Stretches of a class are joined where they meet, simplified
    by :data:`TOLERANCE_M` and packed. With a box, only stretches that touch it; with ``shown``, only those of the mask.
    """
    stretches = streets.stretches
    seen = ~np.isin(stretches.service, [int(service) for service in _UNSEEN_SERVICE]) & stretches_in(streets, box)
    if shown is not None:
        seen &= shown
    layers = []
    for name, members in _GROUPS:
        rows = np.flatnonzero(np.isin(stretches.highway, [int(member) for member in members]) & seen)
        if len(rows):
            layers.append({"class": name, "lines": pack_lines(merged_lines(streets, rows))})
    return layers


def merged_lines(streets: Streets, rows: NDArray[np.int64]) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """The lines of some stretches, joined where exactly two meet, and simplified by :data:`TOLERANCE_M`."""
    stretches = streets.stretches
    counts = (stretches.line_start[rows + 1] - stretches.line_start[rows]).astype(np.int64)
    rows, counts = rows[counts >= 2], counts[counts >= 2]
    if not len(rows):
        return []
    starts = np.repeat(stretches.line_start[rows] - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
    vertices = starts + np.arange(int(counts.sum()))
    scale = metres_of(streets)
    metres = np.column_stack([stretches.line_lon[vertices], stretches.line_lat[vertices]]) * scale
    lines = shapely.linestrings(metres, indices=np.repeat(np.arange(len(rows)), counts))
    merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines)))
    simple = shapely.simplify(merged, TOLERANCE_M, preserve_topology=False)
    coordinates, owner = shapely.get_coordinates(simple, return_index=True)
    starts = np.concatenate([[0], np.flatnonzero(np.diff(owner)) + 1])
    places = coordinates / scale
    pieces = np.split(places, starts[1:])
    # In rows from the south, so that close lines follow each other and steps stay short.
    order = np.lexsort((places[starts, 0], np.rint(places[starts, 1] / QUANTUM_DEG)))
    return [(pieces[row][:, 0], pieces[row][:, 1]) for row in order.tolist()]


def street_names(streets: Streets, *, box: Box | None = None) -> list[list[Any]]:
    """Where names of streets are written: ``[text, lat, lon, angle in degrees, length of the stretch in metres]``.

    A name stands at the middle of its longest stretch, and of others of at least 40 m that lie
    :data:`NAME_GAP_M` away from it. Longest first; the angle turns clockwise and never puts text upside down.
    """
    stretches = streets.stretches
    rows = np.flatnonzero(
        (stretches.name > 0)
        & (stretches.length_m >= 40)
        & stretches_in(streets, box)
        & (stretches.drivable | (stretches.highway == Highway.PEDESTRIAN))
    )
    rows = rows[np.lexsort((rows, -stretches.length_m[rows]))]
    scale = metres_of(streets)
    taken: dict[int, list[NDArray[np.float64]]] = {}
    names: list[list[Any]] = []
    for row in rows.tolist():
        line = np.column_stack(stretches.line(row)) * scale
        steps = np.hypot(*np.diff(line, axis=0).T)
        part = min(int(np.searchsorted(np.cumsum(steps), steps.sum() / 2)), len(steps) - 1)
        middle = (line[part] + line[part + 1]) / 2
        others = taken.setdefault(int(stretches.name[row]), [])
        if any(np.hypot(*(middle - other)) < NAME_GAP_M for other in others):
            continue
        others.append(middle)
        east, north_m = line[part + 1] - line[part]
        angle = -np.degrees(np.arctan2(north_m, east))
        angle = (angle + 90) % 180 - 90
        lon, lat = middle / scale
        text = streets.names[int(stretches.name[row])]
        names.append([text, round(float(lat), 5), round(float(lon), 5), round(float(angle)), round(float(steps.sum()))])
        if len(names) == NAMES_SHOWN:
            break
    return names
