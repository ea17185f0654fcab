"""Plans traced back onto the streets: the drive and the walk of every leg, and routes re-timed with headings kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from fleetplan.planning.plan import Plan, Route
from fleetplan.planning.problem import Problem
from fleetplan.routing.reach import Reach
from fleetplan.routing.seams import DrivePath
from fleetplan.study.result import Leg, TracedRoute

_NOTHING = np.zeros(0, dtype=np.float64)


def route_points(problem: Problem, route: Route) -> list[list[int]]:
    """Rows of the type's table that each trip of a route drives through, depot first and last."""
    vehicle_type = next(vehicle for vehicle in problem.types if vehicle.name == route.type)
    row_of = {task.id: row for row, task in enumerate(problem.tasks)}
    return [
        [0, *(vehicle_type.access[row_of[visit.stop]][visit.access].point for visit in trip.visits), 0]
        for trip in route.trips
    ]


def trace_plan(problem: Problem, plan: Plan, reaches: Mapping[str, Reach]) -> tuple[TracedRoute, ...]:
    """Every route of a plan as legs on the streets, driven with headings kept; times and metres are the plan's."""
    row_of = {task.id: row for row, task in enumerate(problem.tasks)}
    traced = []
    for route in plan.routes:
        reach = reaches[route.type]
        legs = []
        for number, (trip, points) in enumerate(zip(route.trips, route_points(problem, route), strict=True)):
            met: Sequence[tuple[str, int]] = [*((visit.stop, visit.access) for visit in trip.visits), ("", 0)]
            for (stop, way), here, there, path in zip(met, points[:-1], points[1:], reach.drive(points), strict=True):
                legs.append(_leg(reach, number, stop, way, here, there, row_of.get(stop), path))
        traced.append(TracedRoute(route.id, route.type, tuple(legs)))
    return tuple(traced)


def _leg(reach: Reach, trip: int, stop: str, way: int, here: int, there: int, row: int | None, path: DrivePath) -> Leg:
    lon = lat = walk_lon = walk_lat = _NOTHING
    if here != there:
        lon, lat = path.lon, path.lat
    if row is not None:
        walk = reach.walk(row, way)
        walk_lon, walk_lat = walk.lon, walk.lat
    return Leg(
        trip=trip,
        stop=stop,
        lon=lon,
        lat=lat,
        time_s=int(reach.table.time_s[0, here, there]),
        distance_m=int(reach.table.distance_m[0, here, there]),
        walk_lon=walk_lon,
        walk_lat=walk_lat,
    )


def retimed_difference(problem: Problem, plan: Plan, reaches: Mapping[str, Reach]) -> dict[str, float]:
    """How much longer the routes take to drive when every stop is left in the heading it was reached in.

    The table lets a vehicle leave a stop in either heading; the mean of what that is too short by is planned with the
    time at the stop. Here each trip is driven again with headings kept (turning round where that is quickest). Returned
    are ``table_s`` (that mean included) and ``retimed_s`` over all routes and ``median_share``, the median over routes
    of (re-timed − table) ÷ table.
    """
    table_s, retimed_s, shares = 0.0, 0.0, []
    for route in plan.routes:
        reach, planned, driven = reaches[route.type], 0.0, 0.0
        for points in route_points(problem, route):
            planned += float(sum(reach.table.time_s[0, a, b] for a, b in pairwise(points)))
            planned += sum(float(reach.heading_s[b]) for a, b in pairwise(points) if a != b)
            driven += sum(reach.retime(points)) / 1000.0
        table_s += planned
        retimed_s += driven
        if planned > 0:
            shares.append((driven - planned) / planned)
    return {
        "table_s": table_s,
        "retimed_s": retimed_s,
        "median_share": float(np.median(shares)) if shares else 0.0,
    }
