"""The independent checker of plans.

It shares no line with the solver: from problem and plan alone it recomputes every time, load, walk and price. A
plan that was doctored in any way gives faults and never an exception.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from fleetplan.errors import Fault
from fleetplan.planning.plan import Pause, Plan, Route, Trip, Visit
from fleetplan.planning.problem import LATE_STEP_S, Access, Problem, Task, VehicleType
from fleetplan.planning.verifying_rules import (
    ROUNDING,
    Leg,
    Loading,
    check_battery,
    check_docks,
    check_driving,
    check_load,
    check_rests,
    fault,
    in_order,
    leg_energy_wh,
    unpaid_s,
)
from fleetplan.travel import UNREACHABLE


@dataclass
class _Findings:
    """What the walk through the routes gathers."""

    problem: Problem
    faults: list[Fault] = field(default_factory=list)
    served: Counter[str] = field(default_factory=Counter)
    loadings: list[Loading] = field(default_factory=list)
    cost: float = 0.0

    def add(self, code: str, where: str, field_name: str, message: str, remedy: str) -> None:
        self.faults.append(fault(code, where, field_name, message, remedy))


@dataclass
class _Day:
    """What the walk through one route gathers: the pauses at each place, and the drives made."""

    where: str
    vehicle: VehicleType
    pauses: dict[tuple[int, int], list[Pause]]
    legs: list[Leg] = field(default_factory=list)
    metres: float = 0.0


def verify(problem: Problem, plan: Plan) -> list[Fault]:
    """Everything in which a plan breaks its problem or misstates itself; empty when it is right.

    Args:
        problem: a valid problem (see ``validate_problem``).
        plan: any plan, trustworthy or not.

    Returns:
        Faults with codes ``plan.overload`` (on any leg), ``plan.late`` (service outside its windows and the terms
        of lateness), ``plan.ready`` (loaded before the goods are there), ``plan.missed_stop``,
        ``plan.double_visit``, ``plan.unknown_stop``, ``plan.unknown_type``, ``plan.forbidden_vehicle``,
        ``plan.walk``, ``plan.time``, ``plan.shift``, ``plan.span``, ``plan.stops``, ``plan.reload``,
        ``plan.trips``, ``plan.count``, ``plan.battery``, ``plan.rest`` (due and not taken, or taken without cause),
        ``plan.driving``, ``plan.docks``, ``plan.unreachable``, ``plan.empty``, ``plan.duplicate_route``,
        ``plan.unserved_parcels``, ``plan.cost`` and ``plan.malformed`` (a value of the wrong kind).
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
        found.faults += check_docks(problem.docks, found.loadings)
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
    day = _Day(where, vehicle, defaultdict(list))
    for pause in in_order(route.rests):
        day.pauses[pause.trip, pause.after].append(pause)
    _check_span(found, route, vehicle)
    ready_s = route.trips[0].load_s
    for number, trip in enumerate(route.trips):
        if not trip.load_s >= ready_s:
            message = f"loading starts at {trip.load_s}, the vehicle is back at {ready_s}"
            found.add("time", f"{where} trip {number + 1}", "load_s", message, "load after the return")
        _check_trip(found, day, number, trip, numbers)
        ready_s = trip.return_s
    used_wh = [0.0] * len(route.trips)
    for leg in day.legs:
        used_wh[leg.trip] += leg.energy_wh
    found.faults += check_battery(where, vehicle, problem, used_wh)
    found.faults += check_driving(where, problem.driving_rule, day.legs, route.rests)
    found.faults += check_rests(where, problem, route, day.legs)
    per_km = vehicle.distance_cost_per_km + vehicle.energy_cost_per_km
    found.cost += vehicle.cost_per_day + per_km * day.metres / 1000.0
    found.cost += _wages(problem, route.end_s - route.start_s - unpaid_s(route.rests))


def _check_span(found: _Findings, route: Route, vehicle: VehicleType) -> None:
    """The limits of the whole day: shift, span and stops."""
    where = f"route {route.id}"
    shift_s = found.problem.shift_s if vehicle.shift_s is None else vehicle.shift_s
    if not route.start_s >= shift_s[0]:
        found.add("shift", where, "start_s", f"{route.start_s} is before the shift {shift_s}", "start later")
    if not route.end_s <= shift_s[1]:
        found.add("shift", where, "end_s", f"{route.end_s} is after the shift {shift_s}", "serve fewer stops")
    span_s = route.end_s - route.start_s
    if vehicle.max_span_s is not None and not span_s <= vehicle.max_span_s:
        message = f"a day of {span_s} s, {vehicle.max_span_s} s allowed"
        found.add("span", where, "end_s", message, "serve fewer stops or wait less")
    stops = sum(len(trip.visits) for trip in route.trips)
    if vehicle.max_stops is not None and stops > vehicle.max_stops:
        message = f"{stops} stops, {vehicle.max_stops} allowed"
        found.add("stops", where, "trips", message, "move stops to another vehicle")


def _check_trip(found: _Findings, day: _Day, number: int, trip: Trip, numbers: dict[str, int]) -> None:
    """Checks one trip and notes its drives."""
    where = f"{day.where} trip {number + 1}"
    if not trip.visits:
        found.add("empty", where, "visits", "the trip visits nobody", "leave it out")
    ready_s = _check_loading(found, day, number, trip)
    point = 0
    tasks: list[Task] = []
    for after, visit in enumerate(trip.visits):
        if after:
            ready_s = _rested(found, where, day.pauses[number, after], ready_s)
        place = f"{where} stop {visit.stop}"
        index = numbers.get(visit.stop)
        if index is None:
            found.add("unknown_stop", place, "stop", "the problem has no such stop", "visit stops of the problem")
            ready_s = visit.depart_s
            continue
        task = found.problem.tasks[index]
        tasks.append(task)
        if task.ready_s is not None and not trip.load_s >= task.ready_s:
            message = f"loaded from {trip.load_s}, the goods are there from {task.ready_s}"
            found.add("ready", place, "load_s", message, "load later, or carry it on a later trip")
        ways = day.vehicle.access[index]
        if not 0 <= visit.access < len(ways):
            message = f"a {day.vehicle.name} has no access {visit.access} to this stop"
            found.add("forbidden_vehicle", place, "access", message, "serve it with a type that can reach it")
            ready_s = visit.depart_s
            continue
        way = ways[visit.access]
        drive_s = _drive(found, place, day, number, after, point, way.point)
        park_s = day.vehicle.park_s[way.point] if way.point != point else 0
        _check_visit(found, place, visit, task, way, drive_s=drive_s, park_s=park_s, ready_s=ready_s)
        point, ready_s = way.point, visit.depart_s
    if trip.visits:
        ready_s = _rested(found, where, day.pauses[number, len(trip.visits)], ready_s)
    drive_s = _drive(found, where, day, number, len(trip.visits), point, 0)
    if _differs(trip.return_s, ready_s + drive_s):
        message = f"{trip.return_s} is stated, {ready_s + drive_s} follows from the table"
        found.add("time", where, "return_s", message, "recompute the times")
    found.faults += check_load(where, tasks, day.vehicle)


def _check_loading(found: _Findings, day: _Day, number: int, trip: Trip) -> int:
    """Checks what happens at the depot before a trip, notes the dock in use and returns the departure."""
    where = f"{day.where} trip {number + 1}"
    battery = day.vehicle.battery
    loading_s = found.problem.reload_s + (battery.stand_s if battery is not None and number else 0)
    loaded_s = trip.load_s + loading_s
    found.loadings.append(Loading(trip.load_s, loaded_s, where))
    if not trip.depart_s >= loaded_s:
        message = f"leaves {trip.depart_s - trip.load_s} s after loading starts; loading takes {loading_s} s"
        found.add("reload", where, "depart_s", message, "leave when the vehicle is loaded")
        loaded_s = trip.depart_s
    pauses = day.pauses[number, 0]
    rested_s = _rested(found, where, pauses, loaded_s)
    if pauses and _differs(trip.depart_s, rested_s):
        message = f"{trip.depart_s} is stated, the rest before it ends at {rested_s}"
        found.add("time", where, "depart_s", message, "leave when the rest is over")
    return trip.depart_s


def _rested(found: _Findings, where: str, pauses: Sequence[Pause], ready_s: int) -> int:
    """Checks the times of the pauses at one place and returns the end of the last, or else ``ready_s``."""
    for pause in pauses:
        if not pause.start_s >= ready_s:
            message = f"a rest starts at {pause.start_s}, the driver is free at {ready_s}"
            found.add("time", where, "rests", message, "rest between two stops")
        if not pause.end_s >= pause.start_s:
            message = f"a rest ends at {pause.end_s}, before it starts at {pause.start_s}"
            found.add("time", where, "rests", message, "end it later")
        ready_s = pause.end_s
    return ready_s


def _check_visit(
    found: _Findings,
    where: str,
    visit: Visit,
    task: Task,
    way: Access,
    *,
    drive_s: int,
    park_s: int,
    ready_s: int,
) -> None:
    """Checks the times and the walk of one visit, and counts what its lateness costs."""
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
    _check_window(found, where, visit, task)
    if not way.walk_m <= found.problem.max_walk_m:
        message = f"{way.walk_m} m one way, {found.problem.max_walk_m} m allowed"
        found.add("walk", where, "walk_m", message, "stand nearer or leave it unserved")
    walk_m = 2.0 * way.rounds * way.walk_m
    if _differs(visit.walk_m, walk_m, tolerance=ROUNDING * max(1.0, walk_m) * 2 * way.rounds):
        found.add("walk", where, "walk_m", f"{visit.walk_m} m is stated, {walk_m} m follows", "state all rounds")
    if _differs(visit.walk_s, way.walk_out_s + way.walk_back_s):
        message = f"{visit.walk_s} s is stated, {way.walk_out_s + way.walk_back_s} s follows"
        found.add("walk", where, "walk_s", message, "state all rounds")


def _check_window(found: _Findings, where: str, visit: Visit, task: Task) -> None:
    closed_s = task.windows_s[-1][1]
    late_s = max(0, visit.start_s - closed_s)
    if _differs(visit.late_s, late_s):
        found.add("time", where, "late_s", f"{visit.late_s} is stated, {late_s} follows", "recompute the times")
    if any(opens <= visit.start_s <= closes for opens, closes in task.windows_s):
        return
    if task.late is not None and closed_s < visit.start_s <= task.late.until_s:
        found.cost += task.late.price_per_h * -(-late_s // LATE_STEP_S) * LATE_STEP_S / 3600.0
        return
    windows = " or ".join(f"{opens} to {closes}" for opens, closes in task.windows_s)
    until = "" if task.late is None else f", late until {task.late.until_s}"
    message = f"service starts at {visit.start_s}, its window is {windows}{until}"
    found.add("late", where, "start_s", message, "serve it inside a window")


def _drive(found: _Findings, where: str, day: _Day, trip: int, after: int, start: int, end: int) -> int:
    """Notes a drive between two points and returns its seconds."""
    table = day.vehicle.table
    seconds = int(table.time_s[0, start, end])
    if seconds == int(UNREACHABLE):
        found.add("unreachable", where, "", f"no path from point {start} to {end}", "visit it in another order or type")
    else:
        day.legs.append(Leg(trip, after, seconds, leg_energy_wh(day.vehicle, start, end)))
    day.metres += float(table.distance_m[0, start, end])
    return seconds


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
    unserved = [problem.tasks[numbers[entry.stop]] for entry in plan.unserved if entry.stop in numbers]
    left = sum(task.all_parcels for task in unserved)
    if _differs(plan.unserved_parcels, left):
        message = f"{plan.unserved_parcels} is stated, {left} are left"
        found.add("unserved_parcels", "plan", "unserved_parcels", message, "count the parcels of the unserved stops")
    cost = found.cost + sum(task.all_parcels * _price(problem, task) for task in unserved)
    if _differs(plan.cost, cost, tolerance=ROUNDING * max(1.0, abs(cost))):
        found.add("cost", "plan", "cost", f"{plan.cost} is stated, {cost:.6f} follows", "recompute the cost")


def _price(problem: Problem, task: Task) -> float:
    """What an unserved parcel of a task costs."""
    if problem.unserved_price_per_parcel is None:
        return 0.0
    own = task.unserved_price_per_parcel
    return problem.unserved_price_per_parcel if own is None else own
