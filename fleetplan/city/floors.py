"""Floor areas: each place gets its share of the building that it is or lies in.

- floor area = footprint × levels; levels as tagged, else the median of the city's tagged buildings of the same kind
  (from :data:`ENOUGH` on), else the default of ``data/buildings.toml``;
- a business mapped as a point inside a building has one level, shared with the other businesses inside, but no more
  than ``business_most_m2``;
- what remains is shared equally by the addresses inside; the building itself is one of them where it has an address
  or is a business as a whole, and where it has no address inside at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from fleetplan.city.buildings import RawBuilding, Use
from fleetplan.city.raw import places_of
from fleetplan.city.streets import Bools, Codes, Floats, Ints, Places
from fleetplan.figures import bundled_figures

ENOUGH = 20
"""Tagged buildings of one kind from which on their median is the default of the others in the city."""

_EQUATOR_M = 6_378_137.0
_ECCENTRICITY2 = 0.00669437999014
"""Of the WGS84 ellipsoid, squared."""


@dataclass(frozen=True, eq=False)
class Outlines:
    """Outlines of buildings: ring ``i`` is rows ``start[i]:start[i + 1]`` of ``lon`` and ``lat`` (``nan`` = absent)."""

    start: Ints
    ref: Ints
    lon: Floats
    lat: Floats


def with_buildings(places: Places, buildings: Sequence[RawBuilding], outlines: Outlines) -> Places:
    """The places with their share of the buildings' floor area, and the buildings that are places themselves.

    Args:
        places: addresses and businesses that are not buildings.
        buildings, outlines: one row and one ring per building. Where a ring is open, clipped or empty, an address or
            business remains as a place without a building.
    """
    if not len(buildings):
        return places
    scale = _scale(outlines)
    x_m, y_m = outlines.lon * scale[0], outlines.lat * scale[1]
    area_m2, whole = ring_areas_m2(outlines, x_m, y_m)
    row = np.flatnonzero(whole & (area_m2 > 0))
    places = _with_broken(places, buildings, outlines, np.flatnonzero(~whole | (area_m2 <= 0)))
    facts = [buildings[i] for i in row.tolist()]
    if not facts:
        return places
    footprint_m2 = area_m2[row]
    use = np.array([fact.use for fact in facts], dtype=np.uint8)
    levels, tagged = _levels(facts)
    flats = np.array([fact.flats for fact in facts])
    rings = _polygons(outlines, row, x_m, y_m)

    home = _building_of_places(places, rings, use, scale)
    named = np.array([fact.place is not None for fact in facts], dtype=bool)
    share = _shares(home, places.kind, use=use, footprint_m2=footprint_m2, levels=levels, named=named)

    own = np.flatnonzero(share.itself)
    middle_x, middle_y = _middles(outlines, row[own], x_m, y_m)
    kinds = [(fact.place or (0, fact.name)) for fact in (facts[i] for i in own.tolist())]
    home = np.concatenate([home, own])
    kind = np.concatenate([places.kind, np.array([kind for kind, _ in kinds], dtype=np.uint8)])
    point = (kind == 1) & (np.arange(len(kind)) < len(places))  # a business inside, not a building that is one
    known = home >= 0
    resident = known & ~point

    def of_building(values: Floats, where: Bools) -> Floats:
        return np.where(where, values[home], np.nan)

    return Places(
        lon=np.concatenate([places.lon, middle_x / scale[0]]),
        lat=np.concatenate([places.lat, middle_y / scale[1]]),
        kind=kind,
        label=(*places.label, *(label for _, label in kinds)),
        use=np.where(resident, use[home], np.concatenate([places.use, use[own]])).astype(np.uint8),
        footprint_m2=of_building(footprint_m2, known),
        levels=of_building(levels, known),
        levels_tagged=known & tagged[home],
        floor_area_m2=np.where(point, of_building(share.business_m2, known), of_building(share.rest_m2, known)),
        flats=of_building(flats / share.holders, resident),
    )


@dataclass(frozen=True, eq=False)
class _Shares:
    """Of each building: a business's and an address's share, how many share the rest, and whether it does itself."""

    business_m2: Floats
    rest_m2: Floats
    holders: Ints
    itself: Bools


def _shares(home: Ints, kind: Codes, *, use: Codes, footprint_m2: Floats, levels: Floats, named: Bools) -> _Shares:
    figures = bundled_figures("buildings.toml")
    businesses = np.bincount(home[(home >= 0) & (kind == 1)], minlength=len(use))
    addresses = np.bincount(home[(home >= 0) & (kind != 1)], minlength=len(use))
    one_level_m2 = footprint_m2 * np.minimum(levels, 1.0)
    business_m2 = np.minimum(one_level_m2 / np.maximum(businesses, 1), figures["business_most_m2"].value)
    shed = (use == Use.NOTHING) | (footprint_m2 < figures["footprint_least_m2"].value)
    itself = named | ((addresses == 0) & ~shed)
    holders = np.maximum(addresses + itself, 1)
    rest_m2 = np.maximum(footprint_m2 * levels - business_m2 * businesses, 0.0) / holders
    rest_m2[use == Use.NOTHING] = np.nan
    # a building that businesses fill holds nobody else, unless somebody says so by an address
    return _Shares(business_m2, rest_m2, holders, itself & (named | (rest_m2 > 0)))


def _with_broken(places: Places, buildings: Sequence[RawBuilding], outlines: Outlines, broken: Ints) -> Places:
    """The places, and those buildings without a usable outline that have an address or are a business."""
    rows = []
    for i in broken.tolist():
        part = slice(int(outlines.start[i]), int(outlines.start[i + 1]))
        there = ~np.isnan(outlines.lon[part])
        place = buildings[i].place
        if place is not None and there.any():
            lon, lat = float(outlines.lon[part][there].mean()), float(outlines.lat[part][there].mean())
            rows.append((lon, lat, *place, buildings[i].use if place[0] == 1 else Use.UNKNOWN))
    if not rows:
        return places
    more = places_of(rows)
    columns = {
        name: np.concatenate([column, getattr(more, name)]) for name, column in vars(places).items() if name != "label"
    }
    return Places(label=(*places.label, *more.label), **columns)


def ring_areas_m2(outlines: Outlines, x_m: Floats, y_m: Floats) -> tuple[Floats, Bools]:
    """Area of each ring by the shoelace formula, and which rings are closed, unclipped and of three corners or more."""
    start, size = outlines.start[:-1], np.diff(outlines.start)
    area = np.zeros(len(size))
    whole = size >= 4
    if len(outlines.ref):
        last = np.maximum(outlines.start[1:] - 1, 0)
        first = np.minimum(start, len(outlines.ref) - 1)
        whole &= outlines.ref[first] == outlines.ref[last]
        owner = np.repeat(np.arange(len(size)), size)
        whole &= np.bincount(owner[np.isnan(outlines.lon)], minlength=len(size)) == 0
        # each ring from its own first corner, so that no digits are lost to the distance from the origin
        x, y = x_m - x_m[first][owner], y_m - y_m[first][owner]
        twice = np.zeros(len(x))
        twice[:-1] = x[:-1] * y[1:] - x[1:] * y[:-1]
        twice[last[size > 0]] = 0.0
        area = np.abs(np.bincount(owner, weights=np.nan_to_num(twice), minlength=len(size))) / 2
    return area, whole


def _scale(outlines: Outlines) -> tuple[float, float]:
    """Metres per degree of longitude and of latitude in the middle of the outlines, on the WGS84 ellipsoid."""
    lat = outlines.lat[~np.isnan(outlines.lat)]
    middle = math.radians(float((lat.min() + lat.max()) / 2)) if len(lat) else 0.0
    bulge = 1.0 - _ECCENTRICITY2 * math.sin(middle) ** 2
    normal_m, meridian_m = _EQUATOR_M / math.sqrt(bulge), _EQUATOR_M * (1.0 - _ECCENTRICITY2) / bulge**1.5
    return math.radians(normal_m) * math.cos(middle), math.radians(meridian_m)


def _levels(facts: Sequence[RawBuilding]) -> tuple[Floats, Bools]:
    """Levels of each building, and whether its own tags give them."""
    levels = np.array([fact.levels for fact in facts])
    tagged = ~np.isnan(levels)
    kind = np.array([fact.kind for fact in facts])
    for name in np.unique(kind):
        known = levels[(kind == name) & tagged]
        figure = bundled_figures("buildings.toml")[f"levels.{name}"].value
        levels[(kind == name) & ~tagged] = float(np.median(known)) if len(known) >= ENOUGH else figure
    return levels, tagged


def _polygons(outlines: Outlines, row: Ints, x_m: Floats, y_m: Floats) -> NDArray[np.object_]:
    owner, vertex = _vertices(outlines, row)
    rings = shapely.linearrings(np.column_stack([x_m[vertex], y_m[vertex]]), indices=owner)
    return np.asarray(shapely.polygons(rings), dtype=object)


def _vertices(outlines: Outlines, row: Ints) -> tuple[Ints, Ints]:
    """For each corner of the chosen rings the ring (0, 1, 2 …) and its row in the outlines."""
    size = outlines.start[row + 1] - outlines.start[row]
    owner = np.repeat(np.arange(len(row)), size)
    first = np.repeat(outlines.start[row] - np.concatenate([[0], np.cumsum(size)[:-1]]), size)
    return owner.astype(np.int64), (first + np.arange(len(owner))).astype(np.int64)


def _middles(outlines: Outlines, row: Ints, x_m: Floats, y_m: Floats) -> tuple[Floats, Floats]:
    """Mean of each ring's corners, the closing one left out."""
    if not len(row):
        return np.empty(0), np.empty(0)
    owner, vertex = _vertices(outlines, row)
    count = np.bincount(owner) - 1
    closing = outlines.start[row + 1] - 1
    return (
        (np.bincount(owner, weights=x_m[vertex]) - x_m[closing]) / count,
        (np.bincount(owner, weights=y_m[vertex]) - y_m[closing]) / count,
    )


def _building_of_places(places: Places, rings: NDArray[np.object_], use: Codes, scale: tuple[float, float]) -> Ints:
    """Row of the building that each place lies in, or at, and -1 for none."""
    home = np.full(len(places), -1, dtype=np.int64)
    lived_in = np.flatnonzero(use != Use.NOTHING)
    if len(places) and len(lived_in):
        points = shapely.points(np.column_stack([places.lon * scale[0], places.lat * scale[1]]))
        reach_m = bundled_figures("buildings.toml")["building_reach_m"].value
        tree = shapely.STRtree(rings[lived_in])
        place, ring = tree.query_nearest(points, max_distance=reach_m, all_matches=False)
        home[place] = lived_in[ring]
    return home
