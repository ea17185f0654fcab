"""From the search's days to a plan, and back."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from fleetplan.errors import PlanningError
from fleetplan.planning.costing import left_cost
from fleetplan.planning.instance import Day, Instance
from fleetplan.planning.plan import Pause, Plan, Route, StoppedBy, Trip, Visit
from fleetplan.planning.problem import VehicleType
from fleetplan.planning.reasons import reasons_of
from fleetplan.planning.schedule import Solution, TimedDay, make_solution, time_day


def build_plan(
    instance: Instance,
    solution: Solution,
    *,
    stopped_by: StoppedBy,
    effort: tuple[int, int],
    timed: Sequence[TimedDay] | None = None,
) -> Plan:
    """The plan of a solution: exact times, names, routes in canonical order, reasons for what is left out.

    Args:
        instance: the problem.
        solution: which days are driven and what is left out.
        stopped_by, effort: what the plan says of the search.
        timed: the timings of the solution's days, in its order, where they are not each day's own best: days that
            wait for a dock are timed with ``load_from_s``.

    Raises:
        PlanningError: a day cannot be driven, or ``timed`` tells of other days than the solution.
    """
    days = _timed(instance, solution) if timed is None else list(timed)
    if [(day.kind, day.trips) for day in days] != list(solution.days):
        raise PlanningError("the timings are not those of the solution's days")
    problem = instance.problem
    by_name = {vehicle.name: vehicle for vehicle in problem.types}
    routes: list[Route] = []
    for number, made in enumerate(instance.classes):
        alike = sorted((day for day in days if day.kind == number), key=lambda day: day.trips)
        names = _names(made.names, len(alike))
        routes += [_route(instance, by_name[name], day) for name, day in zip(names, alike, strict=True)]
    routes.sort(key=lambda route: (route.type, route.trips[0].visits[0].stop))
    used: Counter[str] = Counter()
    for index, route in enumerate(routes):
        used[route.type] += 1
        routes[index] = replace(route, id=f"{route.type}-{used[route.type]}")
    unserved = reasons_of(problem, [problem.tasks[instance.order[x]].id for x in solution.left], used=used)
    cost = math.fsum([*(day.cost for day in days), left_cost(instance, solution.left)[1]])
    parcels = sum(int(instance.parcels[x]) for x in solution.left)
    return Plan(tuple(routes), unserved, cost, parcels, stopped_by, effort)


def solution_of(instance: Instance, plan: Plan) -> Solution:
    """A plan as the search sees it; times are the least possible, whatever the plan's were.

    A visit becomes the option of its access whose window or step of lateness holds its start of service.

    Raises:
        PlanningError: the plan visits a stop or uses a type that the problem does not have, or a day cannot be
            driven.
    """
    numbers = {instance.problem.tasks[index].id: x for x, index in enumerate(instance.order)}
    kinds = {name: kind for kind, made in enumerate(instance.classes) for name, _ in made.names}
    days: list[Day] = []
    for route in plan.routes:
        kind = kinds.get(route.type)
        if kind is None:
            raise PlanningError(f"the plan to start from uses a {route.type}, which the problem does not have")
        trips = tuple(tuple(_option(instance, kind, visit, numbers) for visit in trip.visits) for trip in route.trips)
        if time_day(instance, kind, trips) is None:
            raise PlanningError(f"route {route.id} of the plan to start from cannot be driven")
        days.append((kind, trips))
    served = {int(x) for day in days for x in instance.tasks_of(day)}
    return make_solution(days, (x for x in range(instance.size) if x not in served))


def same_class(solution: Solution, chosen: int) -> Solution:
    """A solution of one class alone (see :meth:`Instance.only`) as a solution of all classes."""
    return make_solution(((chosen, trips) for _, trips in solution.days), solution.left)


def _timed(instance: Instance, solution: Solution) -> list[TimedDay]:
    days: list[TimedDay] = []
    for kind, trips in solution.days:
        timed = time_day(instance, kind, trips)
        if timed is None:
            raise PlanningError(f"a day of class {kind} with options {trips} cannot be driven")
        days.append(timed)
    return days


def _names(names: tuple[tuple[str, int | None], ...], number: int) -> list[str]:
    """Names for so many vehicles of a class: the first unlimited type takes all, else the types in order."""
    unlimited = [name for name, count in names if count is None]
    if unlimited:
        return [unlimited[0]] * number
    return [name for name, count in names for _ in range(count or 0)][:number]


def _route(instance: Instance, vehicle: VehicleType, day: TimedDay) -> Route:
    made = instance.classes[day.kind]
    trips: list[Trip] = []
    for number, options in enumerate(day.trips):
        load_s = day.loads_s[number]
        now_s = depart_s = _rested(day, number, 0, load_s + (made.turnaround_s if number else made.loading_s))
        point = 0
        visits: list[Visit] = []
        for after, option in enumerate(options, start=1):
            visit, standing = _visit(instance, vehicle, day.kind, option, point=point, leaves_s=now_s)
            visits.append(visit)
            now_s = _rested(day, number, after, visit.depart_s)
            point = standing
        return_s = now_s + int(vehicle.table.time_s[0, point, 0])
        trips.append(Trip(load_s, depart_s, return_s, tuple(visits)))
    rests = tuple(
        Pause(rest.trip, rest.after, rest.start_s, rest.start_s + rest.duration_s, rest.paid) for rest in day.rests
    )
    return Route("", vehicle.name, trips[0].load_s, trips[-1].return_s, tuple(trips), rests)


def _rested(day: TimedDay, trip: int, after: int, done_s: int) -> int:
    """The moment at which the vehicle leaves a place: at once, or when the last rest there is over."""
    return max([done_s, *(r.start_s + r.duration_s for r in day.rests if (r.trip, r.after) == (trip, after))])


def _visit(
    instance: Instance, vehicle: VehicleType, kind: int, option: int, *, point: int, leaves_s: int
) -> tuple[Visit, int]:
    """The visit, and the row of the type's table at which the vehicle stands."""
    options = instance.classes[kind].options
    index, access = instance.order[int(options.task[option])], int(options.access[option])
    task, way = instance.problem.tasks[index], vehicle.access[index][access]
    park_s = vehicle.park_s[way.point] if way.point != point else 0
    arrive_s = leaves_s + int(vehicle.table.time_s[0, point, way.point]) + park_s
    wait_s = max(0, int(options.opens_s[option]) - arrive_s)
    start_s = arrive_s + way.walk_out_s + wait_s
    depart_s = start_s + task.service_s + way.walk_back_s
    late_s = max(0, start_s - task.windows_s[-1][1])
    walk_m = 2.0 * way.rounds * way.walk_m
    visit = Visit(task.id, access, arrive_s, start_s, depart_s, park_s, walk_m, way.walk_s, wait_s, late_s)
    return visit, way.point


def _option(instance: Instance, kind: int, visit: Visit, numbers: dict[str, int]) -> int:
    x = numbers.get(visit.stop)
    if x is None:
        raise PlanningError(f"the plan to start from visits {visit.stop}, which the problem does not have")
    options = instance.classes[kind].options
    for option in range(int(options.first[x]), int(options.first[x + 1])):
        parked_s = visit.start_s - int(options.out_s[option])
        if options.access[option] == visit.access and options.opens_s[option] <= parked_s <= options.closes_s[option]:
            return option
    raise PlanningError(f"the plan to start from serves {visit.stop} in a way that the problem does not allow")
