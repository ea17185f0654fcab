"""The independent checker of plans.

It shares no line with the solver: from problem and plan alone it recomputes every time, load, walk and price. A
plan that was doctored in any way gives faults and never an exception.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from fleetplan.errors import Fault
from fleetplan.planning.plan import Plan, Route, Trip, Visit
from fleetplan.planning.problem import Access, Problem, Task, VehicleType
from fleetplan.travel import UNREACHABLE

ROUNDING = 1e-6
"""Figures of a plan file are rounded to six digits; differences within that are none."""


@dataclass
class _Findings:
    """What the walk through the routes gathers."""

    problem: Problem
    faults: list[Fault] = field(default_factory=list)
    served: Counter[str] = field(default_factory=Counter)
    cost: float = 0.0

    def add(self, code: str, where: str, field_name: str, message: str, remedy: str) -> None:
        self.faults.append(Fault(f"plan.{code}", where, field_name, message, remedy))


def verify(problem: Problem, plan: Plan) -> list[Fault]:
    """Everything in which a plan breaks its problem or misstates itself; empty when it is right.

    Args:
        problem: a valid problem (see ``validate_problem``).
        plan: any plan, trustworthy or not.

    Returns:
        Faults with codes ``plan.overload``, ``plan.late`` (service outside its window), ``plan.missed_stop``,
        ``plan.double_visit``, ``plan.unknown_stop``, ``plan.unknown_type``, ``plan.forbidden_vehicle``,
        ``plan.walk``, ``plan.time``, ``plan.shift``, ``plan.reload``, ``plan.trips``, ``plan.count``,
        ``plan.unreachable``, ``plan.empty``, ``plan.duplicate_route``, ``plan.unserved_parcels``, ``plan.cost``
        and ``plan.malformed`` (a value of the wrong kind).
    """
    found = _Findings(problem)
    try:
        types = {vehicle.name: vehicle for vehicle in problem.types}
        numbers = {task.id: index for index, task in enumerate(problem.tasks)}
        for route in plan.routes:
            try:
                _check_route(found, route, types, numbers)
            except Exception as error:
                _malformed(found, f"route {_brief(route)}", error)
        _check_counts(found, plan, types)
        _check_stops(found, plan, numbers)
        _check_totals(found, plan, numbers)
    except Exception as error:
        _malformed(found, "plan", error)
    return found.faults


def _malformed(found: _Findings, where: str, error: Exception) -> None:
    found.add(
        "malformed", where, "", f"a value is of the wrong kind ({error!r:.200})", "restore the plan from its source"
    )


def _brief(route: object) -> str:
    return f"{getattr(route, 'id', route)!r:.80}"


def _differs(stated: float, right: float, *, tolerance: float = 0.0) -> bool:
    """True also for NaN, which compares false with everything."""
    return not abs(stated - right) <= tolerance


def _check_route(found: _Findings, route: Route, types: dict[str, VehicleType], numbers: dict[str, int]) -> None:
    where = f"route {route.id}"
    problem = found.problem
    for trip in route.trips:
        for visit in trip.visits:
            found.served[visit.stop] += 1
    vehicle = types.get(route.type)
    if vehicle is None:
        found.add(
            "unknown_type", where, "type", f"{route.type!r} is no type of the problem", "use a type of the problem"
        )
        return
    if not route.trips:
        found.add("empty", where, "trips", "the route has no trip", "leave it out")
        return
    if len(route.trips) > vehicle.max_trips:
        message = f"{len(route.trips)} trips, {vehicle.max_trips} allowed"
        found.add("trips", where, "trips", message, "move a trip to another vehicle")
    if _differs(route.start_s, route.trips[0].load_s):
        message = f"{route.start_s} is not the start of the first loading, {route.trips[0].load_s}"
        found.add("time", where, "start_s", message, "state the start of the first loading")
    if _differs(route.end_s, route.trips[-1].return_s):
        message = f"{route.end_s} is not the last return, {route.trips[-1].return_s}"
        found.add("time", where, "end_s", message, "state the return of the last trip")
    if not route.start_s >= problem.shift_s[0]:
        found.add("shift", where, "start_s", f"{route.start_s} is before the shift {problem.shift_s}", "start later")
    if not route.end_s <= problem.shift_s[1]:
        found.add("shift", where, "end_s", f"{route.end_s} is after the shift {problem.shift_s}", "serve fewer stops")
    ready_s = route.trips[0].load_s
    metres = 0.0
    for number, trip in enumerate(route.trips, start=1):
        place = f"{where} trip {number}"
        if not trip.load_s >= ready_s:
            message = f"loading starts at {trip.load_s}, the vehicle is back at {ready_s}"
            found.add("time", place, "load_s", message, "load after the return")
        if not trip.depart_s >= trip.load_s + problem.reload_s:
            message = f"leaves {trip.depart_s - trip.load_s} s after loading starts; loading takes {problem.reload_s} s"
            found.add("reload", place, "depart_s", message, "leave when the vehicle is loaded")
        metres += _check_trip(found, place, trip, vehicle, numbers)
        ready_s = trip.return_s
    found.cost += vehicle.cost_per_day + (vehicle.distance_cost_per_km + vehicle.energy_cost_per_km) * metres / 1000.0
    found.cost += _wages(problem, route.end_s - route.start_s)


def _check_trip(found: _Findings, where: str, trip: Trip, vehicle: VehicleType, numbers: dict[str, int]) -> float:
    """Checks one trip and returns its metres."""
    if not trip.visits:
        found.add("empty", where, "visits", "the trip visits nobody", "leave it out")
    point, ready_s, metres = 0, trip.depart_s, 0.0
    tasks: list[Task] = []
    for visit in trip.visits:
        place = f"{where} stop {visit.stop}"
        index = numbers.get(visit.stop)
        if index is None:
            found.add("unknown_stop", place, "stop", "the problem has no such stop", "visit stops of the problem")
            ready_s = visit.depart_s
            continue
        task = found.problem.tasks[index]
        tasks.append(task)
        ways = vehicle.access[index]
        if not 0 <= visit.access < len(ways):
            message = f"a {vehicle.name} has no access {visit.access} to this stop"
            found.add("forbidden_vehicle", place, "access", message, "serve it with a type that can reach it")
            ready_s = visit.depart_s
            continue
        way = ways[visit.access]
        metres += _check_visit(found, place, visit, task, way, vehicle, from_point=point, ready_s=ready_s)
        point, ready_s = way.point, visit.depart_s
    drive_s, drive_m = _arc(found, where, vehicle, point, 0)
    if _differs(trip.return_s, ready_s + drive_s):
        message = f"{trip.return_s} is stated, {ready_s + drive_s} follows from the table"
        found.add("time", where, "return_s", message, "recompute the times")
    _check_load(found, where, tasks, vehicle)
    return metres + drive_m


def _check_visit(
    found: _Findings,
    where: str,
    visit: Visit,
    task: Task,
    way: Access,
    vehicle: VehicleType,
    *,
    from_point: int,
    ready_s: int,
) -> float:
    """Checks one visit and returns the metres driven to it."""
    drive_s, drive_m = _arc(found, where, vehicle, from_point, way.point)
    park_s = vehicle.park_s[way.point] if way.point != from_point else 0
    steps = (
        ("park_s", visit.park_s, park_s),
        ("arrive_s", visit.arrive_s, ready_s + drive_s + park_s),
        ("start_s", visit.start_s, visit.arrive_s + way.walk_out_s + visit.wait_s),
        ("depart_s", visit.depart_s, visit.start_s + task.service_s + way.walk_back_s),
    )
    for name, stated, right in steps:
        if _differs(stated, right):
            found.add("time", where, name, f"{stated} is stated, {right} follows", "recompute the times")
    if not visit.wait_s >= 0:
        found.add("time", where, "wait_s", f"{visit.wait_s} is negative", "a wait is 0 or longer")
    if not task.window_s[0] <= visit.start_s <= task.window_s[1]:
        message = f"service starts at {visit.start_s}, the window is {task.window_s}"
        found.add("late", where, "start_s", message, "serve it inside its window")
    if not way.walk_m <= found.problem.max_walk_m:
        message = f"{way.walk_m} m one way, {found.problem.max_walk_m} m allowed"
        found.add("walk", where, "walk_m", message, "stand nearer or leave it unserved")
    walk_m = 2.0 * way.rounds * way.walk_m
    if _differs(visit.walk_m, walk_m, tolerance=ROUNDING * max(1.0, walk_m) * 2 * way.rounds):
        found.add("walk", where, "walk_m", f"{visit.walk_m} m is stated, {walk_m} m follows", "state all rounds")
    if _differs(visit.walk_s, way.walk_out_s + way.walk_back_s):
        message = f"{visit.walk_s} s is stated, {way.walk_out_s + way.walk_back_s} s follows"
        found.add("walk", where, "walk_s", message, "state all rounds")
    return drive_m


def _arc(found: _Findings, where: str, vehicle: VehicleType, start: int, end: int) -> tuple[int, float]:
    seconds = int(vehicle.table.time_s[0, start, end])
    if seconds == int(UNREACHABLE):
        found.add("unreachable", where, "", f"no path from point {start} to {end}", "visit it in another order or type")
    return seconds, float(vehicle.table.distance_m[0, start, end])


def _check_load(found: _Findings, where: str, tasks: list[Task], vehicle: VehicleType) -> None:
    limits = (
        ("kg", vehicle.capacity_kg, [task.weight_kg for task in tasks]),
        ("m3", vehicle.capacity_m3, [task.volume_m3 for task in tasks]),
        ("parcels", vehicle.capacity_parcels, [float(task.parcels) for task in tasks]),
    )
    for unit, capacity, loads in limits:
        if capacity is None:
            continue
        load = math.fsum(loads)
        if not load <= capacity + ROUNDING * max(1.0, capacity) + ROUNDING * len(loads):
            message = f"carries {load:.6g}, a {vehicle.name} takes {capacity:.6g}"
            found.add("overload", where, unit, message, "split the load over two trips")


def _wages(problem: Problem, paid_s: float) -> float:
    pay = problem.pay
    overtime_s = max(0.0, paid_s - pay.overtime_after_s)
    hours = max(paid_s, pay.min_s) / 3600.0
    return pay.wage_per_h * (hours + (pay.overtime_factor - 1.0) * overtime_s / 3600.0)


def _check_counts(found: _Findings, plan: Plan, types: dict[str, VehicleType]) -> None:
    used = Counter(str(route.type) for route in plan.routes)
    for name, number in sorted(used.items()):
        vehicle = types.get(name)
        if vehicle is not None and vehicle.count is not None and number > vehicle.count:
            found.add("count", f"type {name}", "routes", f"{number} used, {vehicle.count} there", "use fewer")
    for name, number in sorted(Counter(str(route.id) for route in plan.routes).items()):
        if number > 1:
            found.add("duplicate_route", f"route {name}", "id", f"occurs {number} times", "give each its own id")


def _check_stops(found: _Findings, plan: Plan, numbers: dict[str, int]) -> None:
    seen = found.served + Counter(entry.stop for entry in plan.unserved)
    for stop in numbers:
        times = seen[stop]
        if times == 0:
            found.add("missed_stop", f"stop {stop}", "", "neither served nor unserved", "serve it or say why not")
        elif times > 1:
            found.add("double_visit", f"stop {stop}", "", f"served or left out {times} times", "once is enough")
    for entry in plan.unserved:
        if entry.stop not in numbers:
            found.add("unknown_stop", f"unserved {entry.stop}", "stop", "the problem has no such stop", "remove it")


def _check_totals(found: _Findings, plan: Plan, numbers: dict[str, int]) -> None:
    problem = found.problem
    left = sum(problem.tasks[numbers[entry.stop]].parcels for entry in plan.unserved if entry.stop in numbers)
    if _differs(plan.unserved_parcels, left):
        message = f"{plan.unserved_parcels} is stated, {left} are left"
        found.add("unserved_parcels", "plan", "unserved_parcels", message, "count the parcels of the unserved stops")
    cost = found.cost + left * (problem.unserved_price_per_parcel or 0.0)
    if _differs(plan.cost, cost, tolerance=ROUNDING * max(1.0, abs(cost))):
        found.add("cost", "plan", "cost", f"{plan.cost} is stated, {cost:.6f} follows", "recompute the cost")
