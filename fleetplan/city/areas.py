"""Areas to download: a place's outline or a box, and the parts in which a server is asked for them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any

import numpy as np
import requests
import shapely

from fleetplan.city.asking import Tell, TroubleError, json_of, osmnx_settings, patiently
from fleetplan.errors import CityError, Fault

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely import MultiPolygon, Polygon

PART_SIDE_M = 5_000.0
"""Side of the largest part, if ``osmnx.settings.max_query_area_size`` does not ask for smaller ones. Dense cities have
some hundred thousand buildings in such a part: an answer that a public server gives in one go."""
MAX_PARTS = 400
"""Areas of more parts (10,000 km²) are refused: they would strain a public server, and extracts of them exist."""
OUTLINE_MARGIN_DEG = 1e-4
"""A place's outline is widened by this much (about 10 m) and then drawn with as few corners as that allows."""

_DEGREE_M = 111_320.0  # of latitude, roughly; the size of a part needs no more
_MAX_CELLS = 250_000


@dataclass(frozen=True)
class Area:
    """What to download: a name for people and a shape in WGS84 degrees."""

    label: str
    shape: Polygon | MultiPolygon


def area_of_box(west: float, south: float, east: float, north: float) -> Area:
    """A WGS84 box.

    Raises:
        CityError: the box is empty, upside down or outside the world.
    """
    faults = box_faults(west, south, east, north)
    if faults:
        raise CityError(faults)
    return Area(f"{west:g},{south:g},{east:g},{north:g}", shapely.box(west, south, east, north))


def box_faults(west: float, south: float, east: float, north: float) -> list[Fault]:
    """Everything that is wrong with a box."""

    def fault(field: str, message: str, remedy: str) -> Fault:
        return Fault("city.bbox", "bbox", field, message, remedy)

    faults = []
    for name, value, limit in (("west", west, 180), ("south", south, 90), ("east", east, 180), ("north", north, 90)):
        if not math.isfinite(value) or abs(value) > limit:
            faults.append(fault(name, f"{value} lies outside the world", f"give degrees from -{limit} to {limit}"))
    in_world = not faults
    if in_world and west >= east:
        faults.append(fault("west, east", f"west ({west}) is not west of east ({east})", "order: w, s, e, n"))
    if in_world and south >= north:
        faults.append(fault("south, north", f"south ({south}) is not south of north ({north})", "order: w, s, e, n"))
    return faults


def place_faults(query: str) -> list[Fault]:
    """What is wrong with a place's name before anybody is asked."""
    if query.strip():
        return []
    return [Fault("city.place", "place", "query", "the name is empty", "give a place, such as 'Porto, Portugal'")]


def area_of_place(query: str, *, osmnx: Any, tell: Tell) -> Area:
    """The outline of a place that Nominatim knows as an area, through osmnx and its cache.

    Raises:
        CityError: the place is unknown or no area, or the server gives no answer.
    """
    settings = osmnx.settings
    hooks = dict(settings.requests_kwargs.get("hooks", {}))
    others = hooks.get("response", [])
    hooks["response"] = [*([others] if callable(others) else others), _check_answer]

    def ask() -> Any:
        with osmnx_settings(settings, requests_kwargs={**settings.requests_kwargs, "hooks": hooks}):
            try:
                return osmnx.geocode_to_gdf(query)
            except JSONDecodeError:  # left in the cache by a run that was interrupted while writing
                with osmnx_settings(settings, use_cache=False):
                    return osmnx.geocode_to_gdf(query)

    try:
        frame = patiently(ask, label=query, tell=tell)
        shape = frame.geometry.iloc[0]
    except TypeError as error:
        raise _unknown(query, "the server knows no such area, only a point or a line of that name") from error
    except ValueError as error:  # osmnx's word for an empty list
        raise _unknown(query, "the server knows no such area") from error
    except (KeyError, AttributeError, IndexError) as error:
        raise CityError.one(
            "city.download",
            query,
            "",
            "the server's answer is none that Nominatim gives",
            "check osmnx.settings.nominatim_url, or give a box",
        ) from error
    outline = shapely.make_valid(shape).buffer(OUTLINE_MARGIN_DEG, join_style="mitre").simplify(OUTLINE_MARGIN_DEG)
    filled = shapely.union_all([shapely.Polygon(polygon.exterior) for polygon in _polygons(outline)])
    return Area(query, _joined(_polygons(filled)))


def _check_answer(response: requests.Response, *_: Any, **__: Any) -> None:
    """Runs on each answer before osmnx sees it, which would wait for a busy server without end."""
    if not response.is_redirect and not isinstance(json_of(response), list):
        raise TroubleError("the server gave no list of places")


def _unknown(query: str, message: str) -> CityError:
    return CityError.one(
        "city.place",
        query,
        "",
        message,
        "spell the place as openstreetmap.org finds it, choose an area rather than a point, or give a box",
    )


def parts_of(area: Area, *, max_area_m2: float) -> list[Polygon | MultiPolygon]:
    """The area cut along a grid, from south to north and west to east; a small one is a single part.

    Args:
        area: what to download.
        max_area_m2: of a part's grid cell (``osmnx.settings.max_query_area_size``); at most ``PART_SIDE_M`` squared.

    Raises:
        CityError: there would be more than ``MAX_PARTS``.
    """
    side_m = min(PART_SIDE_M, math.sqrt(max_area_m2))
    west, south, east, north = area.shape.bounds
    across_m = (east - west) * _DEGREE_M * math.cos(math.radians((south + north) / 2))
    columns = max(1, math.ceil(across_m / side_m))
    rows = max(1, math.ceil((north - south) * _DEGREE_M / side_m))
    count = columns * rows
    if count <= _MAX_CELLS:
        cells = _cells_of(area.shape, columns, rows)
        count = len(cells)
        if count <= MAX_PARTS:
            return _pieces(area.shape, cells)
    raise CityError.one(
        "city.area_size",
        area.label,
        "",
        f"the area is too large for a download ({count} parts of {side_m / 1000:g} km; at most {MAX_PARTS})",
        "choose a smaller area, or use a regional extract (.osm.pbf)",
    )


def cut(shape: Polygon | MultiPolygon, columns: int, rows: int) -> list[Polygon | MultiPolygon]:
    """The shape cut along an even grid over its bounds; cells that hold none of it are left out."""
    return _pieces(shape, _cells_of(shape, columns, rows))


def _cells_of(shape: Polygon | MultiPolygon, columns: int, rows: int) -> NDArray[np.object_]:
    """Boxes of an even grid over the shape's bounds that touch it."""
    west, south, east, north = shape.bounds
    x, y = np.linspace(west, east, columns + 1), np.linspace(south, north, rows + 1)
    column, row = np.tile(np.arange(columns), rows), np.repeat(np.arange(rows), columns)
    cells = shapely.box(x[column], y[row], x[column + 1], y[row + 1])
    shapely.prepare(shape)
    touched: NDArray[np.object_] = cells[shapely.intersects(shape, cells)]
    return touched


def _pieces(shape: Polygon | MultiPolygon, cells: NDArray[np.object_]) -> list[Polygon | MultiPolygon]:
    return [_joined(polygons) for polygons in map(_polygons, shapely.intersection(shape, cells)) if polygons]


def _polygons(shape: Any) -> list[Polygon]:
    """The polygons of any geometry, lines and points along an edge left out."""
    return [part for part in shapely.get_parts(shape, return_index=False) if part.geom_type == "Polygon" and part.area]


def _joined(polygons: list[Polygon]) -> Polygon | MultiPolygon:
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def overpass_filters(shape: Polygon | MultiPolygon) -> list[str]:
    """How Overpass is told the shape: one filter for a box, else one per polygon; holes are filled."""
    west, south, east, north = shape.bounds
    if shapely.equals(shape, shapely.box(west, south, east, north)):
        return [f"({south:.7f},{west:.7f},{north:.7f},{east:.7f})"]
    corners = [shapely.get_coordinates(polygon.exterior)[:-1] for polygon in _polygons(shape)]
    return ['(poly:"' + " ".join(f"{lat:.7f} {lon:.7f}" for lon, lat in ring) + '")' for ring in corners]
