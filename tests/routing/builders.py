"""Vehicles and towns whose answers can be worked by hand.

Posted 45 km/h on a residential street, times its traffic factor of 0.8, is 36 km/h: ten metres a second. All
streets are 13 m wide unless a test says otherwise, so everything is free and turning round takes 8 s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fleetplan.city.classes import WidthSource
from fleetplan.city.streets import Streets
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.reach import Reach, reach_of
from fleetplan.routing.seams import AccessRules
from tests.towns import Point, Way, lat_lon, town

STREET = {"highway": "residential", "maxspeed": "45"}
ONE_WAY = {**STREET, "oneway": "yes"}
FOOTWAY = {"highway": "footway"}

_COMMON: dict[str, Any] = {
    "body": "van",
    "powertrain": "petrol",
    "volume_m3": 3.0,
    "fill_rate": 0.7,
    "litres_per_km": 0.08,
    "kwh_per_km": 0.0,
    "park_s": {"free": 30.0, "squeezed": 60.0},
}
KEI = Vehicle(
    name="kei",
    title="Kei",
    length_m=3.395,
    body_width_m=1.475,
    mirror_width_m=1.715,
    height_m=1.9,
    payload_kg=350.0,
    kerb_kg=900.0,
    turning_radius_m=4.1,
    **_COMMON,
)
VAN = Vehicle(
    name="van",
    title="Van",
    length_m=5.981,
    body_width_m=2.113,
    mirror_width_m=2.474,
    height_m=2.6,
    payload_kg=1200.0,
    kerb_kg=2000.0,
    turning_radius_m=6.2,
    **_COMMON,
)


def widened(
    streets: Streets, widths_m: float | np.ndarray[Any, Any], *, source: WidthSource = WidthSource.DEFAULT
) -> Streets:
    """The same streets with all width columns set to the given metres (one number, or one per stretch)."""
    width = np.broadcast_to(np.asarray(widths_m, dtype=np.float64), (len(streets.stretches),)).copy()
    sources = np.full(len(width), int(source), dtype=np.uint8)
    columns = dict.fromkeys(("width_m", "width_min_m", "width_lo_m", "width_hi_m", "road_width_m"), width)
    return replace(streets, stretches=replace(streets.stretches, **columns, width_source=sources))


def plain_town(
    *,
    nodes: Mapping[str, Point],
    ways: Sequence[Way],
    widths: Mapping[int, float] | None = None,
    source: WidthSource = WidthSource.DEFAULT,
    **more: Any,
) -> Streets:
    """A town with lengths rounded to whole metres and every street 13 m wide.

    ``widths`` gives other widths by the way's number, ``source`` where all of them come from.
    """
    streets = town(nodes=nodes, ways=ways, **more)
    width = np.full(len(streets.stretches), 13.0)
    for way, width_m in (widths or {}).items():
        width[streets.stretches.way_id == 100 + way] = width_m
    streets = widened(streets, width, source=source)
    return replace(streets, stretches=replace(streets.stretches, length_m=np.round(streets.stretches.length_m)))


def reach(
    streets: Streets, vehicle: Vehicle, depot: Point, *stops: Point, max_walk_m: float = 150.0, **rules: Any
) -> Reach:
    """Reach from a depot to stops given in metres east and north."""
    places = [lat_lon(*stop) for stop in stops]
    return reach_of(
        streets,
        vehicle,
        lat=np.array([lat for lat, _ in places]),
        lon=np.array([lon for _, lon in places]),
        depot=lat_lon(*depot),
        rules=AccessRules(**rules),
        max_walk_m=max_walk_m,
    )


def drive(streets: Streets, vehicle: Vehicle, start: Point, end: Point, **rules: Any) -> tuple[int, int]:
    """Seconds and metres from a depot to a stop."""
    found = reach(streets, vehicle, start, end, **rules)
    return int(found.table.time_s[0, 0, 1]), int(found.table.distance_m[0, 0, 1])


def leave(streets: Streets, vehicle: Vehicle, stop: Point, depot: Point, **rules: Any) -> tuple[int, int]:
    """Seconds and metres from a stop back to the depot."""
    found = reach(streets, vehicle, depot, stop, **rules)
    return int(found.table.time_s[0, 1, 0]), int(found.table.distance_m[0, 1, 0])
