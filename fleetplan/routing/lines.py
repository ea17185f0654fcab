"""The streets' lines in local metres, with spatial indexes; made once per city and forgotten with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely import STRtree

from fleetplan.city.streets import Bools, Floats, Ints, Streets
from fleetplan.routing.access import NO_STANDING

_TOUCH_M = 0.01


@dataclass(frozen=True, eq=False)
class StreetLines:
    """Lines of all stretches in the city's metric coordinates.

    Attributes:
        x_m, y_m: vertices, aligned with ``line_lon`` and ``line_lat``.
        lines: one shapely line per stretch.
        drivable, walkable: rows of the stretches in each index.
        drivable_tree, walkable_tree: spatial indexes over them.
        fast_tree: spatial index over the motorways, trunk roads and their links that lie in no tunnel.
        to_metric: from longitude and latitude.
    """

    x_m: Floats
    y_m: Floats
    lines: NDArray[Any]
    drivable: Ints
    walkable: Ints
    drivable_tree: STRtree
    walkable_tree: STRtree
    fast_tree: STRtree
    to_metric: Transformer


_CACHE: WeakKeyDictionary[Streets, StreetLines] = WeakKeyDictionary()


def lines_of(streets: Streets) -> StreetLines:
    """The lines of a city, computed at the first call for this object."""
    found = _CACHE.get(streets)
    if found is None:
        found = _CACHE[streets] = _build(streets)
    return found


def _build(streets: Streets) -> StreetLines:
    table = streets.stretches
    to_metric = Transformer.from_crs(4326, streets.crs, always_xy=True)
    x_m, y_m = to_metric.transform(table.line_lon, table.line_lat)
    owner = np.repeat(np.arange(len(table)), np.diff(table.line_start))
    lines: NDArray[Any] = np.asarray(shapely.linestrings(np.column_stack([x_m, y_m]), indices=owner))
    has_edge = np.zeros(len(table), dtype=np.bool_)
    has_edge[streets.edges.stretch] = True
    drivable = np.flatnonzero(table.drivable | has_edge)
    walkable = np.flatnonzero(table.walkable)
    fast = np.isin(table.highway, np.array(NO_STANDING, dtype=table.highway.dtype)) & ~table.tunnel
    return StreetLines(
        x_m=np.asarray(x_m, dtype=np.float64),
        y_m=np.asarray(y_m, dtype=np.float64),
        lines=lines,
        drivable=drivable,
        walkable=walkable,
        drivable_tree=STRtree(lines[drivable]),
        walkable_tree=STRtree(lines[walkable]),
        fast_tree=STRtree(lines[fast]),
        to_metric=to_metric,
    )


def metric_points(lines: StreetLines, *, lat: Floats, lon: Floats) -> NDArray[Any]:
    """Shapely points in metric coordinates; infinitely far away where a coordinate is none."""
    x_m, y_m = lines.to_metric.transform(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))
    none = ~(np.isfinite(x_m) & np.isfinite(y_m))
    return np.asarray(shapely.points(np.where(none, np.inf, x_m), np.where(none, np.inf, y_m)))


def pairs_within(tree: STRtree, rows: Ints, points: NDArray[Any], *, radius_m: float) -> tuple[Ints, Ints]:
    """Pairs of a point's number and a stretch no further than the radius, sorted."""
    if len(rows) == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    point, item = tree.query(points, predicate="dwithin", distance=radius_m)
    stretch = rows[item]
    order = np.lexsort((stretch, point))
    return point[order].astype(np.int64), stretch[order]


def nearest_pairs(tree: STRtree, rows: Ints, points: NDArray[Any]) -> tuple[Ints, Ints]:
    """For every point its nearest stretch (all of them where several are equally near), sorted."""
    if len(rows) == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    point, item = tree.query_nearest(points, all_matches=True)
    stretch = rows[item]
    order = np.lexsort((stretch, point))
    return point[order].astype(np.int64), stretch[order]


def project(lines: StreetLines, points: NDArray[Any], stretch: Ints) -> tuple[Floats, Floats]:
    """Distance of each point to its stretch in metres, and the share of the stretch's length where it is nearest."""
    line = lines.lines[stretch]
    along = shapely.line_locate_point(line, points, normalized=True)
    return shapely.distance(line, points), np.clip(np.nan_to_num(along, nan=0.0), 0.0, 1.0)


def crosses_fast_road(lines: StreetLines, points: NDArray[Any], number: Ints, stretch: Ints, along: Floats) -> Bools:
    """Whether the straight legs from points to places on stretches cross a motorway, a trunk road or a link.

    Args:
        number: row of ``points`` where each leg begins.
        stretch, along: where it ends; a leg that only touches such a road with an end does not cross it.
    """
    crossing = np.zeros(len(number), dtype=np.bool_)
    if len(number) == 0 or len(lines.fast_tree) == 0:
        return crossing
    there = shapely.line_interpolate_point(lines.lines[stretch], along, normalized=True)
    length_m = shapely.distance(points[number], there)
    near = np.zeros(len(points), dtype=np.bool_)
    near[lines.fast_tree.query(points, predicate="dwithin", distance=float(length_m.max()))[0]] = True
    legs = np.flatnonzero(near[number] & (length_m > 2 * _TOUCH_M))
    if len(legs) == 0:
        return crossing
    start, end = shapely.get_coordinates(points[number[legs]]), shapely.get_coordinates(there[legs])
    margin = (end - start) * (_TOUCH_M / length_m[legs])[:, None]
    straight = shapely.linestrings(np.stack([start + margin, end - margin], axis=1))
    crossing[legs[np.unique(lines.fast_tree.query(straight, predicate="intersects")[0])]] = True
    return crossing


def piece(streets: Streets, lines: StreetLines, stretch: int, start: float, end: float) -> tuple[Floats, Floats]:
    """Longitudes and latitudes of a stretch from one share of its length to another (backwards when it is smaller)."""
    if start > end:
        lon, lat = piece(streets, lines, stretch, end, start)
        return lon[::-1], lat[::-1]
    part = slice(int(streets.stretches.line_start[stretch]), int(streets.stretches.line_start[stretch + 1]))
    lon, lat = streets.stretches.line(stretch)
    steps = np.hypot(np.diff(lines.x_m[part]), np.diff(lines.y_m[part]))
    reached = np.concatenate([[0.0], np.cumsum(steps)])
    total = reached[-1]
    if total <= 0:
        return lon[[0, -1]], lat[[0, -1]]
    share = reached / total
    inner = (share > start) & (share < end)
    at = np.concatenate([[start], share[inner], [end]])
    return np.interp(at, share, lon), np.interp(at, share, lat)
