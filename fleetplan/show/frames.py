"""Routes and stops of a comparison as layers with a coordinate reference system (EPSG:4326)."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from shapely import LineString, Point

from fleetplan.planning.documents import DOOR_WALK_M
from fleetplan.planning.problem import Problem
from fleetplan.study.result import FleetResult, Leg, StudyResult

CRS = "EPSG:4326"

ROUTE_COLUMNS = ("fleet", "route", "type", "trip", "sequence", "stop", "time_s", "distance_m")
WALK_COLUMNS = ("fleet", "route", "type", "trip", "sequence", "stop", "walk_m", "rounds", "walk_s")
STOP_COLUMNS = (
    "fleet", "stop", "name", "parcels", "demand_kg", "volume_m3", "served", "route", "type", "trip", "sequence",
    "arrive_s", "start_s", "depart_s", "park_s", "wait_s", "walk_m", "walk_s", "reason_code", "reason",
)  # fmt: skip
DEPOT_COLUMNS = ("name", "lat", "lon")


def routes_frame(result: StudyResult) -> gpd.GeoDataFrame:
    """One row per driven leg, with the columns of :data:`ROUTE_COLUMNS` and its line.

    ``trip`` and ``sequence`` count from 1, ``sequence`` through the whole route; the way back to the depot has an
    empty ``stop``. Consecutive stops that share a standing place have a leg without geometry.
    """
    rows, lines = [], []
    for fleet in _fleets(result):
        for route in fleet.routes:
            for sequence, leg in enumerate(route.legs, start=1):
                rows.append(
                    (fleet.name, route.id, route.type, leg.trip + 1, sequence, leg.stop, leg.time_s, leg.distance_m)
                )
                lines.append(_line(leg.lon, leg.lat))
    return _frame(rows, ROUTE_COLUMNS, lines)


def walks_frame(result: StudyResult) -> gpd.GeoDataFrame:
    """One row per walk from the vehicle to a door, with the columns of :data:`WALK_COLUMNS` and its line, one way.

    ``walk_m`` and ``walk_s`` are all metres and seconds on foot for the stop (there and back, in all rounds).
    """
    rows, lines = [], []
    for fleet in _fleets(result):
        walked = dict(_walks(fleet))
        for route, trip, sequence, visit in _visits(fleet):
            leg = walked[(route.id, visit.stop)]
            line = _line(leg.walk_lon, leg.walk_lat)
            if line is not None and visit.walk_m > 0:
                rounds = _access(fleet.problem, route.type, visit).rounds
                rows.append(
                    (fleet.name, route.id, route.type, trip, sequence, visit.stop, visit.walk_m, rounds, visit.walk_s)
                )
                lines.append(line)
    return _frame(rows, WALK_COLUMNS, lines)


def stops_frame(result: StudyResult) -> gpd.GeoDataFrame:
    """One row per fleet and stop, with the columns of :data:`STOP_COLUMNS` and its point.

    ``served`` is ``door``, ``on_foot`` or ``unserved``; times are seconds after midnight and missing where a stop is
    unserved.
    """
    rows: list[tuple[Any, ...]] = []
    points: list[Point | LineString | None] = []
    for fleet in _fleets(result):
        served: dict[str, tuple[Any, ...]] = {}
        for route, trip, sequence, visit in _visits(fleet):
            how = "on_foot" if on_foot(fleet.problem, route.type, visit) else "door"
            served[visit.stop] = (
                how, route.id, route.type, trip, sequence, visit.arrive_s, visit.start_s, visit.depart_s,
                visit.park_s, visit.wait_s, visit.walk_m, visit.walk_s, "", "",
            )  # fmt: skip
        for item in fleet.plan.unserved:
            served[item.stop] = ("unserved", "", "", *(None,) * 9, item.reason.code, item.reason.text)
        for stop in result.stops:
            head = (fleet.name, stop.id, stop.name, stop.parcels, stop.demand_kg, stop.volume_m3)
            rows.append((*head, *served[stop.id]))
            points.append(Point(stop.lon, stop.lat))
    return _frame(rows, STOP_COLUMNS, points)


def depot_frame(result: StudyResult) -> gpd.GeoDataFrame:
    """The depot's point."""
    lat, lon = result.depot
    return _frame([("depot", lat, lon)], DEPOT_COLUMNS, [Point(lon, lat)])


def on_foot(problem: Problem, type_name: str, visit: Any) -> bool:
    """Whether a visit's walk is longer than what still counts as standing at the door."""
    return bool(_access(problem, type_name, visit).walk_m > door_walk_m(problem))


def door_walk_m(problem: Problem) -> float:
    """The longest walk, one way, that still counts as standing at the door."""
    return float(str(problem.labels.get("door_walk_m", DOOR_WALK_M)))


def _fleets(result: StudyResult) -> list[FleetResult]:
    return [result.fleets[name] for name in sorted(result.fleets)]


def _visits(fleet: FleetResult) -> list[tuple[Any, int, int, Any]]:
    """Route, trip and sequence (from 1, through the route) and visit of every visit."""
    found = []
    for route in fleet.plan.routes:
        sequence = 0
        for trip_number, trip in enumerate(route.trips, start=1):
            for visit in trip.visits:
                sequence += 1
                found.append((route, trip_number, sequence, visit))
    return found


def _walks(fleet: FleetResult) -> list[tuple[tuple[str, str], Leg]]:
    return [((route.id, leg.stop), leg) for route in fleet.routes for leg in route.legs if leg.stop]


def _access(problem: Problem, type_name: str, visit: Any) -> Any:
    vehicle = next(kind for kind in problem.types if kind.name == type_name)
    row = next(row for row, task in enumerate(problem.tasks) if task.id == visit.stop)
    return vehicle.access[row][visit.access]


def _line(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> LineString | None:
    return LineString(np.column_stack([lon, lat])) if len(lon) >= 2 else None


def _frame(rows: list[tuple[Any, ...]], columns: tuple[str, ...], shapes: list[Any]) -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame(rows, columns=list(columns), geometry=gpd.GeoSeries(shapes, crs=CRS), crs=CRS)
    whole = [name for name in frame.columns if name.endswith("_s") or name in ("trip", "sequence", "parcels", "rounds")]
    return frame.astype(dict.fromkeys(whole, "Int64"))
