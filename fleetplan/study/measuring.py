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
from fleetplan.study.hours import activities, late_cost, paid_span_s
from fleetplan.study.limits import LOADS, binding_limit, fullest
from fleetplan.study.ranking import rank
from fleetplan.study.tracing import route_points

Bools = NDArray[np.bool_]


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
    collected = sum(tasks[visit.stop].collect_parcels for visit in visits)
    cost = _cost(problem, plan, tasks=tasks, costs=costs, km_by_type=km_by_type, used=used, moved=delivered + collected)
    late = [visit.late_s for visit in visits if visit.late_s > 0]
    return {
        "vehicles": {name: used.get(name, 0) for name in sorted(types)},
        "routes": len(plan.routes),
        "trips": sum(len(route.trips) for route in plan.routes),
        "drive_m": sum(driven_m.values()),
        "walk_m": sum(visit.walk_m for visit in visits),
        **activities(problem, plan),
        "span_s": sum(spans),
        "paid_s": sum(max(paid_span_s(route), problem.pay.min_s) for route in plan.routes),
        "stops": {
            "total": len(problem.tasks),
            "door": len(visits) - on_foot,
            "on_foot": on_foot,
            "unserved": len(plan.unserved),
            **({"late": len(late)} if late else {}),
        },
        **({"late_s": sum(late)} if late else {}),
        "parcels": {
            "delivered": delivered,
            "unserved": plan.unserved_parcels,
            **({"collected": collected} if any(task.collect_parcels for task in problem.tasks) else {}),
        },
        "load_factor": _load_factor(plan, types=types, tasks=tasks),
        "cost": cost,
        "energy": {
            "kwh": sum(km * vehicles[name].kwh_per_km for name, km in sorted(km_by_type.items())),
            "litres": sum(km * vehicles[name].litres_per_km for name, km in sorted(km_by_type.items())),
        },
        "co2e_kg": sum(km * costs[name].co2e_kg_per_km for name, km in sorted(km_by_type.items())),
        "co2e_boundary": {name: costs[name].co2e_boundary for name in sorted(types)},
        "seeds": seed_figures(problem, seeds),
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


def seed_figures(problem: Problem, seeds: Sequence[Plan]) -> dict[str, Any]:
    """Costs of a fleet's searches, and the solver's noise: the range of cost over seeds that serve equally much.

    A seed that left more parcels, or such of higher priority, is cheaper for that reason, not by noise; where unserved
    parcels have a price, all seeds count.
    """
    fewest = min(rank(problem, seed)[:-1] for seed in seeds)
    equal = [seed.cost for seed in seeds if rank(problem, seed)[:-1] == fewest]
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


def unserved_price(problem: Problem, task: Task) -> float:
    """Money for leaving a stop out; 0 where unserved parcels have no price."""
    if problem.unserved_price_per_parcel is None:
        return 0.0
    own = task.unserved_price_per_parcel
    return task.all_parcels * (problem.unserved_price_per_parcel if own is None else own)


def _load_factor(plan: Plan, *, types: Mapping[str, VehicleType], tasks: Mapping[str, Task]) -> dict[str, float | None]:
    """Load of the fullest leg over capacity, summed over all trips.

    ``None`` where a type has no limit or nothing drives.
    """
    load: defaultdict[str, float] = defaultdict(float)
    room: defaultdict[str, float] = defaultdict(float)
    for route in plan.routes:
        vehicle_type = types[route.type]
        for trip in route.trips:
            load["kg"] += fullest(trip, tasks, LOADS["payload"])
            load["m3"] += fullest(trip, tasks, LOADS["volume"])
            room["kg"] += vehicle_type.capacity_kg or 0.0
            room["m3"] += vehicle_type.capacity_m3 or 0.0
    return {unit: load[unit] / room[unit] if room[unit] > 0 else None for unit in ("kg", "m3")}


def _cost(
    problem: Problem,
    plan: Plan,
    *,
    tasks: Mapping[str, Task],
    costs: Mapping[str, VehicleCosts],
    km_by_type: Mapping[str, float],
    used: Mapping[str, int],
    moved: int,
) -> dict[str, float | None]:
    """Cost by part, and how much of it rests on figures that nobody verified.

    ``late`` is there only if something is.
    """
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
    parts["driver"] = sum(problem.pay.cost(paid_span_s(route)) for route in plan.routes)
    if any(term.unproven for cost in costs.values() for term in cost.terms if term.part == "driver"):
        unproven += parts["driver"]
    parts["unserved"] = sum(unserved_price(problem, tasks[item.stop]) for item in plan.unserved)
    late = late_cost(plan, tasks)
    if late > 0:
        parts["late"] = late
    total = sum(parts.values())
    return {
        **parts,
        "total": total,
        "per_parcel": total / moved if moved else None,
        "from_assumptions": unproven,
    }
