"""The figures of one fleet's plan: vehicles, hours by activity, kilometres, cost by part, energy, loads, limits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleetplan.fleet.costs import CostPart, VehicleCosts
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.planning.plan import Plan, Route
from fleetplan.planning.problem import Problem, Task, VehicleType
from fleetplan.study.tracing import route_points

Bools = NDArray[np.bool_]

BINDS_AT = 0.9
"""A limit binds a route when this share of it is used."""


def measure_plan(
    problem: Problem,
    plan: Plan,
    *,
    vehicles: Mapping[str, Vehicle],
    costs: Mapping[str, VehicleCosts],
    seeds: Sequence[Plan],
    street_km: Mapping[str, Mapping[str, float]],
    default_km: Mapping[str, Mapping[str, float]],
    quantile_km: Mapping[str, Mapping[str, Mapping[str, float]]],
    on_defaults: Mapping[str, Bools],
    plan_file: str,
) -> dict[str, Any]:
    """The fleet's object of ``comparison.json``, with the keys of the interface page.

    Args:
        street_km, default_km: kilometres by band per type, of all streets and of those whose width is a class default.
        quantile_km: kilometres by band per type and width quantile.
        on_defaults: per type, which of its points lie on a street whose width is a class default.
    """
    types = {vehicle_type.name: vehicle_type for vehicle_type in problem.types}
    tasks = {task.id: task for task in problem.tasks}
    rows = {task.id: row for row, task in enumerate(problem.tasks)}
    driven_m = {route.id: _driven_m(problem, route) for route in plan.routes}
    km_by_type: defaultdict[str, float] = defaultdict(float)
    for route in plan.routes:
        km_by_type[route.type] += driven_m[route.id] / 1000.0
    visits = [visit for route in plan.routes for trip in route.trips for visit in trip.visits]
    door_m = float(str(problem.labels["door_walk_m"]))
    on_foot = sum(
        types[route.type].access[rows[visit.stop]][visit.access].walk_m > door_m
        for route in plan.routes
        for trip in route.trips
        for visit in trip.visits
    )
    used = Counter(route.type for route in plan.routes)
    spans = [route.end_s - route.start_s for route in plan.routes]
    delivered = sum(tasks[visit.stop].parcels for visit in visits)
    cost = _cost(problem, plan, costs=costs, km_by_type=km_by_type, used=used, delivered=delivered)
    priced = problem.unserved_price_per_parcel is not None
    return {
        "vehicles": {name: used.get(name, 0) for name in sorted(types)},
        "routes": len(plan.routes),
        "trips": sum(len(route.trips) for route in plan.routes),
        "drive_m": sum(driven_m.values()),
        "walk_m": sum(visit.walk_m for visit in visits),
        **_activities(problem, plan),
        "span_s": sum(spans),
        "paid_s": sum(max(span, problem.pay.min_s) for span in spans),
        "stops": {
            "total": len(problem.tasks),
            "door": len(visits) - on_foot,
            "on_foot": on_foot,
            "unserved": len(plan.unserved),
        },
        "parcels": {"delivered": delivered, "unserved": plan.unserved_parcels},
        "load_factor": _load_factor(plan, types=types, tasks=tasks),
        "cost": cost,
        "energy": {
            "kwh": sum(km * vehicles[name].kwh_per_km for name, km in sorted(km_by_type.items())),
            "litres": sum(km * vehicles[name].litres_per_km for name, km in sorted(km_by_type.items())),
        },
        "co2e_kg": sum(km * costs[name].co2e_kg_per_km for name, km in sorted(km_by_type.items())),
        "co2e_boundary": {name: costs[name].co2e_boundary for name in sorted(types)},
        "seeds": seed_figures(seeds, priced=priced),
        "street_km": {name: dict(street_km[name]) for name in sorted(types)},
        "street_km_on_defaults": {name: dict(default_km[name]) for name in sorted(types)},
        "street_km_by_quantile": {
            name: {quantile: dict(km) for quantile, km in quantile_km[name].items()} for name in sorted(types)
        },
        "stops_on_defaults": sum(
            bool(on_defaults[route.type][types[route.type].access[rows[visit.stop]][visit.access].point])
            for route in plan.routes
            for trip in route.trips
            for visit in trip.visits
        ),
        "unserved": [
            {
                "stop": item.stop,
                "code": item.reason.code,
                "text": item.reason.text,
                "by_type": {
                    name: {"code": refusal.code, "text": refusal.text} for name, refusal in sorted(item.by_type.items())
                },
            }
            for item in plan.unserved
        ],
        "binding": [
            binding_limit(problem, route, vehicle_type=types[route.type], tasks=tasks) for route in plan.routes
        ],
        "stopped_by": plan.stopped_by,
        "effort": {"allowed": plan.effort[0], "used": plan.effort[1]},
        "plan": plan_file,
    }


def seed_figures(seeds: Sequence[Plan], *, priced: bool) -> dict[str, Any]:
    """Costs of a fleet's searches, and the solver's noise: the range of cost over seeds that serve equally much.

    A seed that left more parcels is cheaper for that reason, not by noise; where unserved parcels have a price, all
    seeds count.
    """
    fewest = min(seed.unserved_parcels for seed in seeds)
    equal = [seed.cost for seed in seeds if priced or seed.unserved_parcels == fewest]
    costs = [seed.cost for seed in seeds]
    return {
        "min": min(costs),
        "max": max(costs),
        "spread": max(equal) - min(equal),
        "costs": costs,
        "unserved_parcels": [seed.unserved_parcels for seed in seeds],
    }


def _driven_m(problem: Problem, route: Route) -> int:
    table = next(vehicle.table for vehicle in problem.types if vehicle.name == route.type)
    return sum(
        int(table.distance_m[0, here, there])
        for points in route_points(problem, route)
        for here, there in pairwise(points)
    )


def _activities(problem: Problem, plan: Plan) -> dict[str, int]:
    """Seconds by activity; they add up to the span from first loading to last return."""
    service = {task.id: task.service_s for task in problem.tasks}
    totals = Counter(drive_s=0, park_s=0, walk_s=0, service_s=0, wait_s=0, reload_s=0, break_s=0)
    for route in plan.routes:
        ready_s = route.start_s
        for trip in route.trips:
            totals["wait_s"] += trip.load_s - ready_s
            totals["reload_s"] += trip.depart_s - trip.load_s
            at_s = trip.depart_s
            for visit in trip.visits:
                totals["drive_s"] += visit.arrive_s - visit.park_s - at_s
                totals["park_s"] += visit.park_s
                totals["walk_s"] += visit.walk_s
                totals["wait_s"] += visit.wait_s
                totals["service_s"] += service[visit.stop]
                at_s = visit.depart_s
            totals["drive_s"] += trip.return_s - at_s
            ready_s = trip.return_s
    return dict(totals)


def _load_factor(plan: Plan, *, types: Mapping[str, VehicleType], tasks: Mapping[str, Task]) -> dict[str, float | None]:
    """Load over capacity, summed over all trips; ``None`` where a type has no limit or nothing drives."""
    load: defaultdict[str, float] = defaultdict(float)
    room: defaultdict[str, float] = defaultdict(float)
    for route in plan.routes:
        vehicle_type = types[route.type]
        for trip in route.trips:
            load["kg"] += sum(tasks[visit.stop].weight_kg for visit in trip.visits)
            load["m3"] += sum(tasks[visit.stop].volume_m3 for visit in trip.visits)
            room["kg"] += vehicle_type.capacity_kg or 0.0
            room["m3"] += vehicle_type.capacity_m3 or 0.0
    return {unit: load[unit] / room[unit] if room[unit] > 0 else None for unit in ("kg", "m3")}


def _cost(
    problem: Problem,
    plan: Plan,
    *,
    costs: Mapping[str, VehicleCosts],
    km_by_type: Mapping[str, float],
    used: Mapping[str, int],
    delivered: int,
) -> dict[str, float | None]:
    """Cost by part, and how much of it rests on figures that nobody verified."""
    units: dict[CostPart, Mapping[str, float]] = {
        "vehicle": {name: float(count) for name, count in used.items()},
        "distance": km_by_type,
        "energy": km_by_type,
    }
    parts: dict[str, float] = {}
    unproven = 0.0
    for part, amounts in units.items():
        parts[part] = sum(costs[name].amount(part) * amount for name, amount in sorted(amounts.items()))
        unproven += sum(costs[name].unproven_amount(part) * amount for name, amount in sorted(amounts.items()))
    parts["driver"] = sum(problem.pay.cost(route.end_s - route.start_s) for route in plan.routes)
    if any(term.unproven for cost in costs.values() for term in cost.terms if term.part == "driver"):
        unproven += parts["driver"]
    parts["unserved"] = plan.unserved_parcels * (problem.unserved_price_per_parcel or 0.0)
    total = sum(parts.values())
    return {
        **parts,
        "total": total,
        "per_parcel": total / delivered if delivered else None,
        "from_assumptions": unproven,
    }


def binding_limit(
    problem: Problem, route: Route, *, vehicle_type: VehicleType, tasks: Mapping[str, Task]
) -> dict[str, Any]:
    """Which limit binds a route: how far each is used, and the most used one when it is nearly exhausted.

    Load limits count for the fullest trip, the shift as (last return − first loading) ÷ shift, the window as the
    least slack between start of service and a window's end (in minutes; it binds under five).
    """
    used: dict[str, float] = {}
    loads: dict[str, tuple[float | None, list[float]]] = {
        "payload": (vehicle_type.capacity_kg, [sum(tasks[v.stop].weight_kg for v in t.visits) for t in route.trips]),
        "volume": (vehicle_type.capacity_m3, [sum(tasks[v.stop].volume_m3 for v in t.visits) for t in route.trips]),
        "parcels": (vehicle_type.capacity_parcels, [sum(tasks[v.stop].parcels for v in t.visits) for t in route.trips]),
    }
    for name, (capacity, amounts) in loads.items():
        if capacity:
            used[name] = max(amounts) / capacity
    used["shift"] = (route.end_s - route.start_s) / (problem.shift_s[1] - problem.shift_s[0])
    slack_s = min(
        (
            next((closes for _, closes in tasks[visit.stop].windows_s if closes >= visit.start_s), 0) - visit.start_s
            for trip in route.trips
            for visit in trip.visits
            if tasks[visit.stop].windows_s != (problem.shift_s,)
        ),
        default=None,
    )
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
        "stops": sum(len(trip.visits) for trip in route.trips),
    }
