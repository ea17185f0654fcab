"""The judge of every answer: costs and checks days by each set's own rules, and tells them as a plan of fleetplan.

It shares nothing with any engine. With the order of visits fixed, the shortest day that ends as early as possible
is the cheapest one, for pay grows with the span and nothing else depends on time.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations

import numpy as np

from fleetplan.errors import Refusal
from fleetplan.planning.plan import Plan, Route, Trip, Unserved, Visit
from fleetplan.planning.problem import Problem, VehicleType
from tests.benchmarks.solver_cases import Case, Day


@dataclass(frozen=True, slots=True)
class Step:
    """Something that starts within a window, ``lead`` after the one before has ended, and lasts ``lasts``."""

    lead: int
    opens: int
    closes: int
    lasts: int


def starts_of(steps: Sequence[Step]) -> list[int] | None:
    """When each step starts on the shortest day that ends as early as it can; ``None`` if a window is missed.

    The lead of the first step does not count.
    """
    early: list[int] = []
    now = steps[0].opens
    for step in steps:
        now = max(now + (step.lead if early else 0), step.opens)
        if now > step.closes:
            return None
        early.append(now)
        now += step.lasts
    late = early[-1]
    for step, after in zip(reversed(steps[:-1]), reversed(steps[1:]), strict=True):
        late = min(step.closes, late - after.lead - step.lasts)
    starts = [late]
    for before, step in pairwise(steps):
        starts.append(max(starts[-1] + before.lasts + step.lead, step.opens))
    return starts


def evaluate(case: Case, days: Sequence[Day]) -> tuple[float, list[str]]:
    """What days cost in the set's own convention, and what is wrong with them (at most one fault a day and rule)."""
    faults: list[str] = []
    visits = Counter(client for day in days for trip in day.trips for client in trip)
    known = range(1, case.clients + 1)
    faults += [f"client {client} visited {visits[client]} times" for client in known if visits[client] != 1]
    strangers = [f"client {client} is none of the clients" for client in visits if client not in known]
    if strangers:
        return math.inf, faults + strangers
    used = Counter(day.kind for day in days)
    for kind, number in sorted(used.items()):
        count = case.types[kind].count
        if count is not None and number > count:
            faults.append(f"{number} vehicles of {case.types[kind].name}, {count} there")
    money = 0.0
    for number, day in enumerate(days, start=1):
        cost, wrong = _evaluate_day(case, day)
        money += cost
        faults += [f"day {number}: {text}" for text in wrong]
    return round(money, case.digits), faults


def _evaluate_day(case: Case, day: Day) -> tuple[float, list[str]]:
    group = case.types[day.kind]
    lengths = case.lengths[group.matrix] if case.exact is None else case.exact
    faults: list[str] = []
    ticks: float = 0
    for trip in day.trips:
        rounds = [0, *trip, 0]
        ticks += sum(lengths[a, b].item() for a, b in pairwise(rounds))
        load = case.demand[list(trip)].sum(axis=0)
        if not trip or (load > np.array(group.capacity)).any():
            faults.append(f"a trip carries {load.tolist()}, {list(group.capacity)} allowed")
        if not group.allowed[list(trip)].all():
            faults.append("visits a client that its type may not")
    if not 1 <= len(day.trips) <= group.max_trips:
        faults.append(f"{len(day.trips)} trips, {group.max_trips} allowed")
    starts = starts_of(_steps_of(case, day)) if case.timed else [0, 0]
    if starts is None:
        faults.append("misses a window")
        starts = [0, 0]
    span = starts[-1] - starts[0]
    if group.max_span is not None and span > group.max_span:
        faults.append(f"lasts {span}, {group.max_span} allowed")
    return group.fixed + group.per_tick * ticks + case.wage * max(span, case.min_paid), faults


def _steps_of(case: Case, day: Day) -> list[Step]:
    durations = case.durations[case.types[day.kind].matrix]
    early, late = (int(second) for second in case.windows[0])
    steps: list[Step] = []
    before = 0
    for trip in day.trips:
        ready = max(early, max((int(case.release[client]) for client in trip), default=early))
        home = int(durations[before, 0]) if steps else 0
        steps.append(Step(home, ready, late, case.loading))
        before = 0
        for client in trip:
            opens, closes = (int(second) for second in case.windows[client])
            lead = int(durations[before, client])
            steps.append(Step(lead, opens, closes, int(case.service[client])))
            before = client
    steps.append(Step(int(durations[before, 0]), early, late, 0))
    return steps


def plan_of(problem: Problem, days: Sequence[Day], *, cost: float) -> Plan | None:
    """Days as a plan with all its times, every stop met from its first access; ``None`` if a window is missed.

    Only problems without rests, docks, batteries, lateness and further windows can be told so.
    """
    routes: list[Route] = []
    served: set[str] = set()
    used: Counter[str] = Counter()
    for day in days:
        vehicle = problem.types[day.kind]
        used[vehicle.name] += 1
        route = _route_of(problem, vehicle, day, f"{vehicle.name}-{used[vehicle.name]}")
        if route is None:
            return None
        routes.append(route)
        served.update(visit.stop for trip in route.trips for visit in trip.visits)
    left = [task for task in problem.tasks if task.id not in served]
    reason = Refusal("benchmark", "left out")
    return Plan(
        routes=tuple(sorted(routes, key=lambda route: (route.type, route.trips[0].visits[0].stop))),
        unserved=tuple(Unserved(task.id, reason) for task in sorted(left, key=lambda task: task.id)),
        cost=cost,
        unserved_parcels=sum(task.all_parcels for task in left),
        stopped_by="time",
        effort=(0, 0),
    )


def _route_of(problem: Problem, vehicle: VehicleType, day: Day, name: str) -> Route | None:
    early, late = vehicle.shift_s or problem.shift_s
    time_s = vehicle.table.time_s[0]
    steps: list[Step] = []
    parks: list[int] = []
    point = 0
    back_s = 0
    for trip in day.trips:
        tasks = [problem.tasks[client - 1] for client in trip]
        ready = max([early, *(task.ready_s for task in tasks if task.ready_s is not None)])
        steps.append(Step(back_s + int(time_s[point, 0]), ready, late, problem.reload_s))
        point = back_s = 0
        for client, task in zip(trip, tasks, strict=True):
            if not vehicle.access[client - 1]:
                return None
            way = vehicle.access[client - 1][0]
            parks.append(vehicle.park_s[way.point] if way.point != point else 0)
            lead = back_s + int(time_s[point, way.point]) + parks[-1] + way.walk_out_s
            steps.append(Step(lead, *task.windows_s[0], task.service_s))
            point, back_s = way.point, way.walk_back_s
    steps.append(Step(back_s + int(time_s[point, 0]), early, late, 0))
    starts = starts_of(steps)
    if starts is None:
        return None
    return _told(problem, vehicle, day, name, starts, parks)


def _told(problem: Problem, vehicle: VehicleType, day: Day, name: str, starts: list[int], parks: list[int]) -> Route:
    """The route with its times; a trip leaves as soon as it is loaded and waits at the door."""
    time_s = vehicle.table.time_s[0]
    at, parked = iter(starts), iter(parks)
    trips: list[Trip] = []
    load_s = next(at)
    for _ in range(len(day.trips)):
        trip = day.trips[len(trips)]
        depart_s = now = load_s + problem.reload_s
        point = 0
        visits: list[Visit] = []
        for client in trip:
            task, way = problem.tasks[client - 1], vehicle.access[client - 1][0]
            park_s, start_s = next(parked), next(at)
            arrive_s = now + int(time_s[point, way.point]) + park_s
            now = start_s + task.service_s + way.walk_back_s
            point = way.point
            visits.append(
                Visit(
                    stop=task.id,
                    access=0,
                    arrive_s=arrive_s,
                    start_s=start_s,
                    depart_s=now,
                    park_s=park_s,
                    walk_m=2.0 * way.rounds * way.walk_m,
                    walk_s=way.walk_s,
                    wait_s=start_s - arrive_s - way.walk_out_s,
                )
            )
        trips.append(Trip(load_s, depart_s, now + int(time_s[point, 0]), tuple(visits)))
        load_s = next(at)
    return Route(name, vehicle.name, trips[0].load_s, trips[-1].return_s, tuple(trips))


def join_days(case: Case, days: Sequence[Day]) -> list[Day]:
    """Days of one vehicle after the other by one vehicle, where that is allowed and cheaper.

    This is for engines that cannot load twice: their trips are given the days that a dispatcher would see at once.
    """
    left = dict(enumerate(days))
    costs = {number: _evaluate_day(case, day)[0] for number, day in left.items()}
    hopeless: set[tuple[int, int]] = set()
    while pair := _pair_to_join(case, left, costs, hopeless):
        number = max(left) + 1
        left[number] = _both(left[pair[0]], left[pair[1]])
        costs[number] = _evaluate_day(case, left[number])[0]
        del left[pair[0]], left[pair[1]]
    return list(left.values())


def _pair_to_join(
    case: Case, left: dict[int, Day], costs: dict[int, float], hopeless: set[tuple[int, int]]
) -> tuple[int, int] | None:
    """The first pair that is cheaper as one day, days of few visits first: they find the most room."""
    order = sorted(left, key=lambda number: sum(map(len, left[number].trips)))
    for pair in permutations(order, 2):
        first, second = left[pair[0]], left[pair[1]]
        if first.kind != second.kind or pair in hopeless:
            continue
        cost, faults = _evaluate_day(case, _both(first, second))
        if not faults and cost < costs[pair[0]] + costs[pair[1]] - 1e-9:
            return pair
        hopeless.add(pair)
    return None


def _both(first: Day, second: Day) -> Day:
    return Day(first.kind, first.trips + second.trips)
