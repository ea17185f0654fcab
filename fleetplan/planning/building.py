"""From the search's days to a plan, and back."""

from __future__ import annotations

import math
from collections import Counter

from fleetplan.errors import PlanningError
from fleetplan.planning.improving import Solution, make_solution
from fleetplan.planning.instance import Instance
from fleetplan.planning.plan import Plan, Route, StoppedBy, Trip, Visit
from fleetplan.planning.problem import VehicleType
from fleetplan.planning.reasons import reasons_of
from fleetplan.planning.schedule import Day, Timetable


def build_plan(timetable: Timetable, solution: Solution, *, stopped_by: StoppedBy, effort: tuple[int, int]) -> Plan:
    """The plan of a solution: exact times, names, routes in canonical order, reasons for what is left out."""
    problem = timetable.instance.problem
    by_name = {vehicle.name: vehicle for vehicle in problem.types}
    chosen: list[tuple[str, Day]] = []
    for number, made in enumerate(timetable.instance.classes):
        days = [day for day in solution.days if day.vehicle == number]
        days.sort(key=lambda day: day.trips[0][0])
        chosen += zip(_names(made.names, len(days)), days, strict=True)
    routes = [_route(timetable, by_name[name], day) for name, day in chosen]
    routes.sort(key=lambda route: (route.type, route.trips[0].visits[0].stop))
    numbered: Counter[str] = Counter()
    named = []
    for route in routes:
        numbered[route.type] += 1
        named.append(Route(f"{route.type}-{numbered[route.type]}", route.type, route.start_s, route.end_s, route.trips))
    order, tasks = timetable.instance.order, problem.tasks
    left = [tasks[order[x]] for x in solution.left]
    parcels = sum(task.parcels for task in left)
    unserved = reasons_of(problem, [task.id for task in left], used=numbered)
    cost = math.fsum(day.cost for day in solution.days) + parcels * (problem.unserved_price_per_parcel or 0.0)
    return Plan(tuple(named), unserved, cost, parcels, stopped_by, effort)


def _names(names: tuple[tuple[str, int | None], ...], number: int) -> list[str]:
    """Names for so many vehicles of a class: the first unlimited type takes all, else the types in order."""
    unlimited = [name for name, count in names if count is None]
    if unlimited:
        return [unlimited[0]] * number
    return [name for name, count in names for _ in range(count or 0)][:number]


def _route(timetable: Timetable, vehicle: VehicleType, day: Day) -> Route:
    problem, order = timetable.instance.problem, timetable.instance.order
    made = timetable.instance.classes[day.vehicle]
    time_s = vehicle.table.time_s[0]
    now = round(day.start_s)
    trips = []
    for nodes in day.trips:
        load_s = now
        now = leave_s = load_s + problem.reload_s
        point = 0
        visits = []
        for node in nodes:
            index, access = order[node], int(made.access[node])
            task, way = problem.tasks[index], vehicle.access[index][access]
            park_s = vehicle.park_s[way.point] if way.point != point else 0
            arrive_s = now + int(time_s[point, way.point]) + park_s
            wait_s = max(0, task.window_s[0] - arrive_s - way.walk_out_s)
            start_s = arrive_s + way.walk_out_s + wait_s
            now = start_s + task.service_s + way.walk_back_s
            walk_m = 2.0 * way.rounds * way.walk_m
            visits.append(Visit(task.id, access, arrive_s, start_s, now, park_s, walk_m, way.walk_s, wait_s))
            point = way.point
        now += int(time_s[point, 0])
        trips.append(Trip(load_s, leave_s, now, tuple(visits)))
    return Route("", vehicle.name, trips[0].load_s, now, tuple(trips))


def solution_of(timetable: Timetable, plan: Plan) -> Solution:
    """A plan as the search sees it; times are the least possible, whatever the plan's were.

    Raises:
        PlanningError: a day cannot be driven.
    """
    instance = timetable.instance
    nodes = {instance.problem.tasks[index].id: node for node, index in enumerate(instance.order)}
    classes = {name: number for number, made in enumerate(instance.classes) for name, _ in made.names}
    days = []
    for route in plan.routes:
        trips = tuple(tuple(nodes[visit.stop] for visit in trip.visits) for trip in route.trips)
        day = timetable.day(classes[route.type], trips)
        if day is None:
            raise PlanningError(f"route {route.id} of the plan to start from cannot be driven")
        days.append(day)
    return make_solution(instance, days, [nodes[entry.stop] for entry in plan.unserved])


def same_class(timetable: Timetable, solution: Solution, chosen: int) -> Solution:
    """A solution of one class alone as a solution of all classes."""
    instance: Instance = timetable.instance
    days = [day for old in solution.days if (day := timetable.day(chosen, old.trips)) is not None]
    return make_solution(instance, days, list(solution.left))
