"""Widths measured on surveyed road polygons: a cadastre, ``area:highway``, PLATEAU.

Along every stretch, cross-sections are laid every few metres, square to the street, and cut off at the edges of the
polygon in which the street's axis lies. Near junctions, where the polygon of the crossing street would be measured,
there are none. Their median is the street's width, their 10th percentile its pinch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from pyproj.exceptions import ProjError

from fleetplan.city.classes import WidthSource
from fleetplan.city.packs import width_pack
from fleetplan.city.streets import Bools, Floats, Ints, Streets
from fleetplan.city.widths import carriageway_m, parked_m
from fleetplan.errors import Fault, InputError

if TYPE_CHECKING:
    import geopandas as gpd

Covers = Literal["carriageway", "road_area"]

STEP_M = 4.0
"""Metres between cross-sections."""
JUNCTION_M = 8.0
"""No cross-section lies nearer than this to a junction, unless the stretch is too short for any other."""
REACHES_M = (15.0, 60.0)
"""Cross-sections reach so far to either side; the longer ones where the shorter find no edge."""
_BATCH = 20_000


@dataclass(frozen=True, eq=False)
class SurveyedWidths:
    """Widths of the polygons along each stretch, ``nan`` where none was measured.

    Attributes:
        median_m: typical width.
        pinch_m: 10th percentile.
        lo_m, hi_m: 5th and 25th percentile, between which the pinch lies in four of five cases.
        samples: cross-sections that found both edges.
    """

    median_m: Floats
    pinch_m: Floats
    lo_m: Floats
    hi_m: Floats
    samples: Ints


def with_surveyed_areas(
    streets: Streets, areas: gpd.GeoDataFrame | gpd.GeoSeries | str | Path, *, covers: Covers = "carriageway"
) -> Streets:
    """Streets whose widths are measured on surveyed polygons wherever a polygon holds their axis.

    Args:
        streets: a city.
        areas: polygons with a CRS, or a file of them that geopandas reads.
        covers: what a polygon is: the ``carriageway`` from kerb to kerb, or the whole ``road_area``, off which
            pavements are taken by the rule of the country's pack. Parked cars that are mapped are taken off both.

    A sign keeps its say about who fits through; the survey then tells the street behind it. Stretches outside all
    polygons keep what they had; a warning says how much was measured.

    Raises:
        InputError: the file cannot be read, there is no polygon or no CRS, or polygons are invalid.
    """
    if covers not in get_args(Covers):
        raise InputError.one("survey.covers", "areas", "covers", f"{covers!r} is not known", "carriageway or road_area")
    found = measure_widths(streets, areas)
    pack, table = width_pack(streets.country), streets.stretches
    error_m = pack["survey.error"]
    parked = parked_m(table, pack)

    def left(metres: Floats) -> Floats:
        kerbs_m = carriageway_m(metres, pack) if covers == "road_area" else metres
        return np.maximum(kerbs_m - parked, np.minimum(kerbs_m, pack["parking.least_left"]))

    pinch = left(found.pinch_m)
    low, high = left(np.maximum(found.lo_m - error_m, 0.1)), left(found.hi_m + error_m)
    width = np.maximum(left(found.median_m), pinch)
    beside = np.maximum(table.road_width_m - table.width_m - parked, 0.0) if covers == "carriageway" else 0.0
    road = np.maximum(found.median_m + beside, width)

    measured = found.samples > 0
    signed = measured & (table.width_source == WidthSource.SIGN)
    plain = measured & ~signed

    def laid(old: Floats, new: Floats, where: Bools) -> Floats:
        return np.where(where, new, old)

    width_m = np.where(signed, np.maximum(width, table.width_min_m), laid(table.width_m, width, plain))
    stretches = replace(
        table,
        width_m=width_m,
        width_min_m=laid(table.width_min_m, pinch, plain),
        width_lo_m=laid(table.width_lo_m, np.minimum(low, pinch), plain),
        width_hi_m=laid(table.width_hi_m, np.maximum(high, pinch), plain),
        road_width_m=np.where(measured, np.maximum(road, width_m), table.road_width_m),
        width_source=np.where(plain, np.uint8(WidthSource.SURVEY), table.width_source).astype(np.uint8),
        street_min_m=laid(table.street_min_m, pinch, signed),
        street_lo_m=laid(table.street_lo_m, np.minimum(low, pinch), signed),
        street_hi_m=laid(table.street_hi_m, np.maximum(high, pinch), signed),
        street_source=np.where(signed, np.uint8(WidthSource.SURVEY), table.street_source).astype(np.uint8),
    )
    drivable_km = float(table.length_m[table.drivable].sum()) / 1000.0
    measured_km = float(table.length_m[table.drivable & measured].sum()) / 1000.0
    said = f"surveyed areas give the width of {measured_km:.1f} of {drivable_km:.1f} km that motor vehicles drive on"
    return replace(streets, stretches=stretches, warnings=(*streets.warnings, said))


def measure_widths(
    streets: Streets, areas: gpd.GeoDataFrame | gpd.GeoSeries | str | Path, *, step_m: float = STEP_M
) -> SurveyedWidths:
    """Widths of surveyed polygons along the drivable stretches.

    Args:
        streets: a city.
        areas: as in :func:`with_surveyed_areas`.
        step_m: metres between cross-sections.

    Raises:
        InputError: as in :func:`with_surveyed_areas`.
    """
    polygons = read_areas(areas, crs=streets.crs)
    owner, point, heading = _cross_sections(streets, step_m)
    width = _across(polygons, point, heading)
    good = ~np.isnan(width)
    owner, width = owner[good], width[good]
    n = len(streets.stretches)
    samples = np.bincount(owner, minlength=n)
    order = np.lexsort((width, owner))
    width, first = width[order], np.cumsum(samples) - samples

    def quantile(share: float) -> Floats:
        place = first + share * np.maximum(samples - 1, 0)
        low = np.minimum(np.floor(place).astype(np.int64), max(len(width) - 1, 0))
        high = np.minimum(low + 1, np.maximum(first + samples - 1, 0))
        values = np.full(n, np.nan)
        some = samples > 0
        if some.any():
            part = (place - low)[some]
            values[some] = width[low[some]] * (1 - part) + width[high[some]] * part
        return values

    return SurveyedWidths(quantile(0.5), quantile(0.1), quantile(0.05), quantile(0.25), samples.astype(np.int64))


def read_areas(areas: gpd.GeoDataFrame | gpd.GeoSeries | str | Path, *, crs: int) -> NDArray[Any]:
    """Polygons of a frame or a file in local metres; multipolygons are taken apart.

    Raises:
        InputError: as in :func:`with_surveyed_areas`; all faults at once.
    """
    import geopandas as gpd

    where = Path(areas).name if isinstance(areas, (str, Path)) else "areas"
    if isinstance(areas, (str, Path)):
        try:
            areas = gpd.read_file(areas)
        except Exception as error:  # geopandas hands on whatever its reader raises
            raise InputError.one(
                "survey.file", where, "", f"it cannot be read: {type(error).__name__}", "give a GeoPackage or GeoJSON"
            ) from error
    if not isinstance(areas, (gpd.GeoDataFrame, gpd.GeoSeries)):
        raise InputError.one("survey.type", where, "", "it is no GeoDataFrame", "give a GeoDataFrame or a file")
    try:
        geometry = np.asarray(areas.geometry.array, dtype=object)
        given_crs = areas.crs
    except AttributeError:  # a frame without a geometry column
        geometry, given_crs = np.empty(0, dtype=object), None
    faults = _faults(geometry, given_crs, where)
    if faults:
        raise InputError(faults)
    try:
        to_local = pyproj.Transformer.from_crs(given_crs, crs, always_xy=True)
    except ProjError as error:  # a plan's own axes, tied to no place on earth
        raise InputError.one(
            "survey.crs",
            where,
            "crs",
            f"the CRS {pyproj.CRS(given_crs).name[:60]!r} cannot be brought to the city's",
            "transform the areas to EPSG:4326 first: areas.to_crs(4326)",
        ) from error
    polygons = _polygons(geometry)
    xy = shapely.get_coordinates(polygons)
    x_m, y_m = to_local.transform(xy[:, 0], xy[:, 1])
    local: NDArray[Any] = shapely.set_coordinates(polygons.copy(), np.column_stack((x_m, y_m)))
    return local


def _polygons(geometry: NDArray[Any]) -> NDArray[Any]:
    parts = shapely.get_parts(geometry)
    return np.asarray(shapely.force_2d(parts[shapely.get_type_id(parts) == 3]))


def _faults(geometry: NDArray[Any], crs: Any, where: str) -> list[Fault]:
    faults = []
    if crs is None:
        faults.append(Fault("survey.crs", where, "crs", "the areas have no CRS", "set one: areas.set_crs(…)"))
    polygons = _polygons(geometry)
    polygons = polygons[~shapely.is_empty(polygons)]
    if not len(polygons):
        faults.append(Fault("survey.empty", where, "geometry", "there is no polygon", "give polygons of road areas"))
    valid = shapely.is_valid(polygons)
    if not valid.all():
        reason = shapely.is_valid_reason(polygons[~valid][0])
        faults.append(
            Fault(
                "survey.invalid",
                where,
                "geometry",
                f"{int((~valid).sum())} of {len(polygons)} polygons are invalid (the first: {reason})",
                "repair them: areas.make_valid()",
            )
        )
    return faults


def _cross_sections(streets: Streets, step_m: float) -> tuple[Ints, Floats, Floats]:
    """Stretch, axis point and unit heading of each cross-section, in local metres."""
    table, nodes = streets.stretches, streets.nodes
    x, y = pyproj.Transformer.from_crs(4326, streets.crs, always_xy=True).transform(table.line_lon, table.line_lat)
    xy = np.column_stack((x, y))
    n = len(table)
    point_owner = np.repeat(np.arange(n), np.diff(table.line_start))
    at = np.flatnonzero(point_owner[1:] == point_owner[:-1])
    start = xy[at]
    along = xy[at + 1] - start
    metres = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)
    run_m = np.concatenate(([0.0], np.cumsum(metres)))
    first = table.line_start[:-1] - np.arange(n)
    last = table.line_start[1:] - np.arange(1, n + 1)
    length_m = run_m[last] - run_m[first]

    degree = np.bincount(np.concatenate((table.u[table.drivable], table.v[table.drivable])), minlength=len(nodes))
    spare_u, spare_v = (np.where(degree[end] > 1, JUNCTION_M, 0.0) for end in (table.u, table.v))
    tight = spare_u + spare_v >= length_m
    spare_u = np.where(tight, length_m / 2, spare_u)
    room_m = np.where(tight, 0.0, length_m - spare_u - spare_v)
    count = np.where(table.drivable, np.maximum(np.round(room_m / step_m), 1), 0).astype(np.int64)

    owner = np.repeat(np.arange(n), count)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    target = run_m[first][owner] + spare_u[owner] + (number + 0.5) * (room_m / np.maximum(count, 1))[owner]
    segment = np.clip(np.searchsorted(run_m, target, side="right") - 1, first[owner], last[owner] - 1)
    heading = along[segment] / metres[segment][:, None]
    return owner, start[segment] + heading * (target - run_m[segment])[:, None], heading


def _across(polygons: NDArray[Any], point: Floats, heading: Floats) -> Floats:
    """Width of the polygon around each point, square to the heading; ``nan`` where there is none or no edge near.

    Where polygons overlap, the one holds in whose middle the axis lies.
    """
    inside, row = _containing(polygons, point)
    edge_start, edge_end, edge_owner = _edges_of(polygons)
    width = np.full(len(point), np.nan)
    if not len(row):
        return width
    tree = shapely.STRtree(np.asarray(shapely.linestrings(np.stack((edge_start, edge_end), axis=1)), dtype=object))
    across = np.column_stack((-heading[:, 1], heading[:, 0]))
    sides = np.full((2, len(row)), np.inf)
    open_rows = np.arange(len(row))
    for reach_m in REACHES_M:
        for begin in range(0, len(open_rows), _BATCH):
            part = open_rows[begin : begin + _BATCH]
            here, square = point[row[part]], across[row[part]]
            rays = shapely.linestrings(np.stack((here - square * reach_m, here + square * reach_m), axis=1))
            ray, edge = tree.query(rays, predicate="intersects")
            same = edge_owner[edge] == inside[part[ray]]
            ray, edge = ray[same], edge[same]
            along = edge_end[edge] - edge_start[edge]
            offset = edge_start[edge] - here[ray]
            slant = square[ray, 0] * along[:, 1] - square[ray, 1] * along[:, 0]
            sure = np.abs(slant) > 1e-12  # an edge along the ray itself is met at its neighbours' ends
            ray, along, offset, slant = ray[sure], along[sure], offset[sure], slant[sure]
            metres = (offset[:, 0] * along[:, 1] - offset[:, 1] * along[:, 0]) / slant
            for side, mask in enumerate((metres >= 0, metres <= 0)):
                np.minimum.at(sides[side], part[ray[mask]], np.abs(metres[mask]))
        open_rows = open_rows[np.isinf(sides[:, open_rows]).any(axis=0)]
        if not len(open_rows):
            break
    total = sides.sum(axis=0)
    whole = np.isfinite(total)
    row, total, (left, right) = row[whole], total[whole], sides[:, whole]
    aside = np.abs(left - right)
    best = np.lexsort((aside, row))[::-1]
    width[row[best]] = total[best]  # of several the last stays, which lies least aside
    return width


def _containing(polygons: NDArray[Any], point: Floats) -> tuple[Ints, Ints]:
    """Pairs of polygon and point inside it. Polygons are asked, not points, for they are prepared only once."""
    tree = shapely.STRtree(np.asarray(shapely.points(point), dtype=object))
    polygon, row = tree.query(polygons, predicate="covers")
    return polygon.astype(np.int64), row.astype(np.int64)


def _edges_of(polygons: NDArray[Any]) -> tuple[Floats, Floats, Ints]:
    """Start, end and polygon of every edge, holes included."""
    rings, owner = shapely.get_rings(polygons, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    at = np.flatnonzero(ring[1:] == ring[:-1])
    return xy[at], xy[at + 1], owner[ring[at]].astype(np.int64)
