"""Which limit binds a route: payload, volume, parcels, shift, window, stops, or the battery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from fleetplan.planning.plan import Route, Trip, Visit
from fleetplan.planning.problem import Problem, Task, VehicleType
from fleetplan.study.hours import battery_used
from fleetplan.study.tracing import route_points

BINDS_AT = 0.9
"""A limit binds a route when this share of it is used."""

LoadOf = tuple[str, str]
"""Names of the fields of :class:`Task` that are delivered and collected."""

LOADS: Mapping[str, LoadOf] = {
    "payload": ("weight_kg", "collect_kg"),
    "volume": ("volume_m3", "collect_m3"),
    "parcels": ("parcels", "collect_parcels"),
}


def fullest(trip: Trip, tasks: Mapping[str, Task], load: LoadOf) -> float:
    """The most that is on board on any leg of a trip: deliveries leave it, collections come on."""
    deliver, collect = ([float(getattr(tasks[visit.stop], name)) for visit in trip.visits] for name in load)
    on_board = most = sum(deliver)
    for left, taken in zip(deliver, collect, strict=True):
        on_board += taken - left
        most = max(most, on_board)
    return most


def binding_limit(
    problem: Problem, route: Route, *, vehicle_type: VehicleType, tasks: Mapping[str, Task]
) -> dict[str, Any]:
    """Which limit binds a route: how far each is used, and the most used one when it is nearly exhausted.

    Load limits count for the fullest leg, the shift as (last return − first loading) ÷ shift, the window as the
    least slack between start of service and the end of the window it falls in (in minutes; it binds under five).
    """
    capacities = (vehicle_type.capacity_kg, vehicle_type.capacity_m3, vehicle_type.capacity_parcels)
    used: dict[str, float] = {}
    for (name, load), capacity in zip(LOADS.items(), capacities, strict=True):
        if capacity:
            used[name] = max(fullest(trip, tasks, load) for trip in route.trips) / capacity
    start_s, end_s = vehicle_type.shift_s or problem.shift_s
    used["shift"] = (route.end_s - route.start_s) / (end_s - start_s)
    stops = sum(len(trip.visits) for trip in route.trips)
    if vehicle_type.max_span_s:
        used["span"] = (route.end_s - route.start_s) / vehicle_type.max_span_s
    if vehicle_type.max_stops:
        used["stops"] = stops / vehicle_type.max_stops
    battery = battery_used(problem, vehicle_type=vehicle_type, trip_wh=_trip_wh(problem, route, vehicle_type))
    if battery is not None:
        used["battery"] = battery
    slacks_s = [
        _slack_s(tasks[visit.stop], visit)
        for trip in route.trips
        for visit in trip.visits
        if tasks[visit.stop].windows_s != (problem.shift_s,)
    ]
    slack_s = min(slacks_s, default=None)
    limit = max(sorted(used), key=lambda name: used[name])
    if slack_s is not None and slack_s < 300:
        limit = "window"
    elif used[limit] < BINDS_AT:
        limit = "none"
    return {
        "route": route.id,
        "limit": limit,
        "used": used,
        "window_slack_min": None if slack_s is None else slack_s / 60.0,
        "trips": len(route.trips),
        "stops": stops,
    }


def _slack_s(task: Task, visit: Visit) -> int:
    """Seconds until the window that service starts in closes; of a late stop until lateness is over too."""
    if visit.late_s > 0 and task.late is not None:
        return task.late.until_s - visit.start_s
    closes = [closes for opens, closes in task.windows_s if opens <= visit.start_s <= closes]
    return closes[0] - visit.start_s if closes else 0


def _trip_wh(problem: Problem, route: Route, vehicle_type: VehicleType) -> Sequence[float]:
    battery, table = vehicle_type.battery, vehicle_type.table
    if battery is None:
        return ()
    energy = table.extra.get("energy_wh")
    return [
        sum(
            float(energy[0, here, there])
            if energy is not None
            else float(table.distance_m[0, here, there]) / 1000.0 * battery.wh_per_km
            for here, there in pairwise(points)
        )
        for points in route_points(problem, route)
    ]
