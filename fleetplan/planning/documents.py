"""Plans as JSON documents that carry their problem, so that a checker needs nothing else.

A document is a plain JSON value of schema ``fleetplan.plan/1``; ``reading`` makes problem and plan of it again. What a
problem or plan leaves at its default is left out, so that simple ones stay short. A document is complete whatever its
size: large tables are packed (see ``matrices``), 130 to 170 MB for each vehicle type at 5,000 points.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

import numpy as np

from fleetplan.errors import Refusal
from fleetplan.planning.matrices import matrix_document
from fleetplan.planning.plan import Plan, Route, Visit
from fleetplan.planning.problem import Problem, VehicleType

SCHEMA = "fleetplan.plan/1"
DOOR_WALK_M = 30.0
"""A stop is served at the door up to this walk, one way, unless ``problem.labels["door_walk_m"]`` says otherwise."""


def plan_document(problem: Problem, plan: Plan) -> dict[str, Any]:
    """A plan with its problem as a JSON value.

    Every visit also says where the vehicle stands (``lat``, ``lon``) and whether the stop is ``served`` at the
    ``door`` or ``on_foot``. An arc without a path is ``null`` in the tables.
    """
    types = {vehicle.name: vehicle for vehicle in problem.types}
    numbers = {task.id: index for index, task in enumerate(problem.tasks)}
    return {
        "schema": SCHEMA,
        "problem": _problem_document(problem),
        "routes": [_route_document(problem, route, types[route.type], numbers) for route in plan.routes],
        "unserved": [
            {
                "stop": entry.stop,
                **_refusal_document(entry.reason),
                "by_type": {name: _refusal_document(entry.by_type[name]) for name in sorted(entry.by_type)},
            }
            for entry in plan.unserved
        ],
        "cost": plan.cost,
        "unserved_parcels": plan.unserved_parcels,
        "stopped_by": plan.stopped_by,
        "effort": list(plan.effort),
    }


def _stated(value: Any) -> Any:
    """Dataclasses as objects without what is at its default, tuples as lists, all else as it is."""
    if is_dataclass(value):
        given = ((field, getattr(value, field.name)) for field in fields(value))
        return {field.name: _stated(item) for field, item in given if field.default is MISSING or item != field.default}
    if isinstance(value, tuple):
        return [_stated(item) for item in value]
    return value


def _problem_document(problem: Problem) -> dict[str, Any]:
    document = {
        "tasks": [_stated(task) for task in problem.tasks],
        "types": [_type_document(vehicle) for vehicle in problem.types],
        "shift_s": list(problem.shift_s),
        "reload_s": problem.reload_s,
        "pay": _stated(problem.pay),
        "max_walk_m": problem.max_walk_m if np.isfinite(problem.max_walk_m) else None,
        "unserved_price_per_parcel": problem.unserved_price_per_parcel,
        "labels": dict(problem.labels),
    }
    more = {"rests": problem.rests, "driving_rule": problem.driving_rule, "docks": problem.docks}
    return document | {name: _stated(value) for name, value in more.items() if value not in ((), None)}


def _type_document(vehicle: VehicleType) -> dict[str, Any]:
    table = vehicle.table
    document = {
        "name": vehicle.name,
        "count": vehicle.count,
        "capacity_kg": vehicle.capacity_kg,
        "capacity_m3": vehicle.capacity_m3,
        "capacity_parcels": vehicle.capacity_parcels,
        "cost_per_day": vehicle.cost_per_day,
        "distance_cost_per_km": vehicle.distance_cost_per_km,
        "energy_cost_per_km": vehicle.energy_cost_per_km,
        "max_trips": vehicle.max_trips,
        "table": {
            "type": table.type,
            "lat": table.lat.tolist(),
            "lon": table.lon.tolist(),
            "time_s": matrix_document(table.time_s),
            "distance_m": matrix_document(table.distance_m),
            "extra": {name: matrix_document(table.extra[name]) for name in sorted(table.extra)},
        },
        "park_s": list(vehicle.park_s),
        "access": [
            [[w.point, w.walk_m, w.rounds, w.walk_out_s, w.walk_back_s] for w in ways] for ways in vehicle.access
        ],
        "refusals": [None if refusal is None else _refusal_document(refusal) for refusal in vehicle.refusals],
    }
    names = ("shift_s", "max_span_s", "max_stops", "battery")
    more = {name: getattr(vehicle, name) for name in names}
    return document | {name: _stated(value) for name, value in more.items() if value is not None}


def _refusal_document(refusal: Refusal) -> dict[str, Any]:
    return {"code": refusal.code, "text": refusal.text, "data": dict(refusal.data)}


def _route_document(problem: Problem, route: Route, vehicle: VehicleType, numbers: Mapping[str, int]) -> dict[str, Any]:
    limit = problem.labels.get("door_walk_m", DOOR_WALK_M)
    door_walk_m = float(limit) if isinstance(limit, (int, float)) else DOOR_WALK_M

    def visit_document(visit: Visit) -> dict[str, Any]:
        way = vehicle.access[numbers[visit.stop]][visit.access]
        return {
            **_stated(visit),
            "served": "on_foot" if way.walk_m > door_walk_m else "door",
            "lat": float(vehicle.table.lat[way.point]),
            "lon": float(vehicle.table.lon[way.point]),
        }

    document = {
        "id": route.id,
        "type": route.type,
        "start_s": route.start_s,
        "end_s": route.end_s,
        "trips": [
            {
                "load_s": trip.load_s,
                "depart_s": trip.depart_s,
                "return_s": trip.return_s,
                "visits": [visit_document(visit) for visit in trip.visits],
            }
            for trip in route.trips
        ],
    }
    return document | ({"rests": [_stated(pause) for pause in route.rests]} if route.rests else {})
