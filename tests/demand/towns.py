"""Hand-made towns for sampling: streets as polylines in metres around a corner, and places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians

import numpy as np

from fleetplan.city.buildings import Use
from fleetplan.city.classes import Highway
from fleetplan.city.raw import places_of
from fleetplan.city.streets import Edges, Nodes, Restrictions, Streets, Stretches

LAT0, LON0 = 60.0, 25.0
METRE_LAT = 1 / 111_195
METRE_LON = METRE_LAT / cos(radians(LAT0))


@dataclass(frozen=True)
class Road:
    """A street as points in metres east and north of the corner."""

    points: Sequence[tuple[float, float]]
    highway: Highway = Highway.RESIDENTIAL
    motor_access: int = 0
    open: bool = True
    tunnel: bool = False


def position(east_m: float, north_m: float) -> tuple[float, float]:
    """Longitude and latitude of a point in metres."""
    return LON0 + east_m * METRE_LON, LAT0 + north_m * METRE_LAT


def town(roads: Sequence[Road], places: Sequence[tuple[float, float, int, str]] = ()) -> Streets:
    """A city of these roads; ends at the same point are one node. ``places`` are east, north, kind, label."""
    ends = sorted({end for road in roads for end in (road.points[0], road.points[-1])})
    row = {end: index for index, end in enumerate(ends)}
    n, k = len(roads), len(ends)
    counts = [len(road.points) for road in roads]
    vertices = np.array([position(*point) for road in roads for point in road.points])
    lengths = [float(np.hypot(*np.diff(np.array(road.points, float), axis=0).T).sum()) for road in roads]
    lon, lat = np.array([position(*end) for end in ends]).T
    unknown, codes = np.full(n, np.nan), np.zeros(n, np.uint8)
    is_open = np.array([road.open for road in roads])
    stretches = Stretches(
        way_id=np.arange(n, dtype=np.int64),
        u=np.array([row[road.points[0]] for road in roads]),
        v=np.array([row[road.points[-1]] for road in roads]),
        highway=np.array([road.highway for road in roads], np.uint8),
        service=codes,
        name=np.arange(1, n + 1, dtype=np.int64),
        length_m=np.array(lengths),
        drivable=np.array([road.highway not in (Highway.FOOTWAY, Highway.OTHER) for road in roads]),
        walkable=np.ones(n, bool),
        forward=is_open,
        backward=is_open,
        motor_access=np.array([road.motor_access for road in roads], np.uint8),
        foot_access=codes,
        lanes=unknown,
        maxspeed_kph=unknown,
        maxwidth_m=unknown,
        maxheight_m=unknown,
        maxlength_m=unknown,
        maxweight_kg=unknown,
        parking_left=codes,
        parking_right=codes,
        no_stopping=np.zeros(n, bool),
        tunnel=np.array([road.tunnel for road in roads]),
        motorroad=np.zeros(n, bool),
        roundabout=np.zeros(n, bool),
        maxaxleload_kg=unknown,
        width_m=unknown,
        width_min_m=unknown,
        width_lo_m=unknown,
        width_hi_m=unknown,
        road_width_m=unknown,
        width_source=codes,
        street_min_m=unknown,
        street_lo_m=unknown,
        street_hi_m=unknown,
        street_source=codes,
        line_start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        line_lon=vertices[:, 0],
        line_lat=vertices[:, 1],
    )
    none = np.zeros(0, np.int64)
    return Streets(
        nodes=Nodes(
            osm_id=np.arange(k, dtype=np.int64),
            lon=lon,
            lat=lat,
            x_m=np.zeros(k),
            y_m=np.zeros(k),
            signals=np.zeros(k, bool),
            barrier=np.zeros(k, np.uint8),
            barrier_access=np.zeros(k, np.uint8),
            barrier_gap_m=np.full(k, np.nan),
            barrier_height_m=np.full(k, np.nan),
            barrier_length_m=np.full(k, np.nan),
            barrier_weight_kg=np.full(k, np.nan),
        ),
        stretches=stretches,
        edges=Edges(
            stretch=none,
            reverse=np.zeros(0, bool),
            u=none,
            v=none,
            twin=none,
            **dict.fromkeys(("maxspeed_kph", "advisory_kph"), unknown[:0]),
            **dict.fromkeys(("motor_access", "hgv_access"), codes[:0]),
            **dict.fromkeys(("signals", "stops", "give_ways", "crossings", "calmings"), codes[:0]),
        ),
        restrictions=Restrictions(start=np.zeros(1, np.int64), edge=none, relation_id=none, applies=codes[:0]),
        places=places_of(
            [
                (*position(east, north), kind, label, Use.RETAIL if kind else Use.UNKNOWN)
                for east, north, kind, label in places
            ]
        ),
        names=("", *(f"Street {index}" for index in range(n))),
        crs=32635,
        country="FI",
        label="town",
    )
