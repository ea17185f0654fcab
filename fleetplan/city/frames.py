"""The table of streets that users see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from fleetplan.city.classes import Highway, WidthSource
from fleetplan.city.streets import Streets

if TYPE_CHECKING:
    import geopandas as gpd

_DECIMALS = 3


def frame_of(streets: Streets) -> gpd.GeoDataFrame:
    """One row per stretch, in the order of ``streets.stretches``, with its line as geometry (EPSG:4326).

    ``u`` and ``v`` are OSM nodes; ``oneway`` is ``yes`` (from u to v), ``-1`` (from v to u), ``no``, or empty where
    no motor vehicle may drive. Metres are rounded to millimetres.
    """
    import geopandas as gpd

    table = streets.stretches
    osm_id = streets.nodes.osm_id
    highway = np.array([member.tag for member in Highway], dtype=object)
    source = np.array(["", *(member.label for member in WidthSource)], dtype=object)
    oneway = np.array(["", "yes", "-1", "no"], dtype=object)
    open_ways = np.where(table.drivable, table.forward + 2 * table.backward.astype(np.int64), 0)
    line = np.repeat(np.arange(len(table)), np.diff(table.line_start))
    return gpd.GeoDataFrame(
        {
            "way_id": table.way_id,
            "u": osm_id[table.u],
            "v": osm_id[table.v],
            "highway": highway[table.highway],
            "oneway": oneway[open_ways],
            "length_m": table.length_m.round(_DECIMALS),
            "width_m": table.width_m.round(_DECIMALS),
            "width_min_m": table.width_min_m.round(_DECIMALS),
            "width_lo_m": table.width_lo_m.round(_DECIMALS),
            "width_hi_m": table.width_hi_m.round(_DECIMALS),
            "road_width_m": table.road_width_m.round(_DECIMALS),
            "width_source": source[table.width_source],
        },
        geometry=shapely.linestrings(table.line_lon, table.line_lat, indices=line),
        crs="EPSG:4326",
    )
