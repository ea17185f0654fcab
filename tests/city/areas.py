"""Made surveys: polygons of known widths around streets, and small streets on a metric grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from fleetplan.city.assembling import streets_of
from fleetplan.city.raw import RawCity
from fleetplan.city.streets import Streets

CRS = 32653  # the UTM zone of Osaka
CORNER = (550_000.0, 3_834_000.0)


def areas_around(streets: Streets, widths_m: Any) -> gpd.GeoDataFrame:
    """A polygon of a given width around each drivable stretch."""
    table = streets.stretches
    line = np.repeat(np.arange(len(table)), np.diff(table.line_start))
    lines = gpd.GeoSeries(shapely.linestrings(table.line_lon, table.line_lat, indices=line), crs=4326)
    lines = lines.to_crs(streets.crs)[table.drivable]
    metres = np.broadcast_to(np.asarray(widths_m, dtype=np.float64), len(table))[table.drivable]
    return gpd.GeoDataFrame(geometry=lines.buffer(metres / 2, cap_style="flat"), crs=streets.crs)


def streets_on_grid(
    lines: Sequence[Sequence[tuple[float, float]]], *, tags: Sequence[dict[str, str]] = (), country: str = ""
) -> Streets:
    """Streets through points given in metres east and north of a corner; equal points are one node."""
    to_degrees = pyproj.Transformer.from_crs(CRS, 4326, always_xy=True)
    points = [point for line in lines for point in line]
    numbers = {point: row + 1 for row, point in enumerate(dict.fromkeys(points))}
    east, north = np.array(points, dtype=np.float64).T
    lon, lat = to_degrees.transform(east + CORNER[0], north + CORNER[1])
    raw = RawCity(
        way_id=np.arange(1, len(lines) + 1, dtype=np.int64),
        way_start=np.concatenate(([0], np.cumsum([len(line) for line in lines]))).astype(np.int64),
        ref=np.array([numbers[point] for point in points], dtype=np.int64),
        lon=np.asarray(lon),
        lat=np.asarray(lat),
        tags=list(tags) or [{"highway": "residential"} for _ in lines],
    )
    return streets_of(raw, country=country, label="grid")


def polygon(*points: tuple[float, float], holes: Sequence[Sequence[tuple[float, float]]] = ()) -> Any:
    """A polygon in metres from the same corner."""

    def place(ring: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(east + CORNER[0], north + CORNER[1]) for east, north in ring]

    return shapely.Polygon(place(points), [place(hole) for hole in holes])
