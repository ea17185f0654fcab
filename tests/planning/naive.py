"""A planner too plain to be wrong: it loads early, drives on and rests as soon as it may. For tests of the checker."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from itertools import pairwise

from fleetplan.errors import Refusal
from fleetplan.planning.plan import Pause, Plan, Route, Trip, Unserved, Visit
from fleetplan.planning.problem import Access, Problem, Rest, Task, VehicleType
from fleetplan.travel import UNREACHABLE

Trips = list[list[tuple[int, int]]]
"""Per trip the task and the access met."""


class _ImpossibleError(Exception):
    """The day cannot be driven as simply as this."""


def naive_plan(problem: Problem, seed: int) -> Plan:
    """A plan that appends stops in a random order to days of random types, and leaves out what does not fit."""
    rng = random.Random(f"naive {seed}")
    days: list[tuple[VehicleType, Trips, Route, float]] = []
    tasks = problem.tasks
    left = [number for number in rng.sample(range(len(tasks)), len(tasks)) if not _append(problem, rng, days, number)]
    cost = sum(day[3] for day in days)
    if problem.unserved_price_per_parcel is not None:
        own = [tasks[i].unserved_price_per_parcel for i in left]
        prices = [problem.unserved_price_per_parcel if price is None else price for price in own]
        cost += sum(price * tasks[i].all_parcels for price, i in zip(prices, left, strict=True))
    routes = tuple(replace(day[2], id=f"{day[0].name}-{i}") for i, day in enumerate(days))
    unserved = tuple(Unserved(tasks[i].id, Refusal("naive", "did not fit at once")) for i in left)
    return Plan(routes, unserved, cost, sum(tasks[i].all_parcels for i in left), "effort", (1, 1))


def _append(
    problem: Problem, rng: random.Random, days: list[tuple[VehicleType, Trips, Route, float]], number: int
) -> bool:
    """Whether the stop found a place: in the last trip of a day, in a new trip of it, or in a new day."""
    choices: list[tuple[int | None, VehicleType, Trips]] = []
    for index, (vehicle, trips, _, _) in enumerate(days):
        for access in range(len(vehicle.access[number])):
            choices.append((index, vehicle, [*trips[:-1], [*trips[-1], (number, access)]]))
            choices.append((index, vehicle, [*trips, [(number, access)]]))
    rng.shuffle(choices)
    for vehicle in rng.sample(problem.types, len(problem.types)):
        used = sum(day[0].name == vehicle.name for day in days)
        if vehicle.count is None or used < vehicle.count:
            choices += [(None, vehicle, [[(number, access)]]) for access in range(len(vehicle.access[number]))]
    for index, vehicle, trips in choices:
        others = [day[2] for i, day in enumerate(days) if i != index]
        try:
            route, cost = timed(problem, vehicle, trips, others)
        except _ImpossibleError:
            continue
        if index is None:
            days.append((vehicle, trips, route, cost))
        else:
            days[index] = (vehicle, trips, route, cost)
        return True
    return False


def timed(problem: Problem, vehicle: VehicleType, trips: Trips, others: list[Route]) -> tuple[Route, float]:
    """A day and its cost; the rests that it turns out to need are put in and the day is timed again.

    Raises:
        _ImpossibleError: it breaks a rule.
    """
    rests: tuple[Rest, ...] = ()
    while True:
        route, cost = _Walk(problem, vehicle, others, list(rests)).day(trips)
        due = tuple(rest for rest in problem.rests if route.end_s - route.start_s > rest.after_s)
        if due == rests:
            return route, cost
        if len(due) <= len(rests):
            raise _ImpossibleError
        rests = due


@dataclass
class _Walk:
    problem: Problem
    vehicle: VehicleType
    others: list[Route]
    rests: list[Rest]
    pauses: list[Pause] = field(default_factory=list)
    now_s: int = 0
    driven_s: int = 0
    metres: float = 0.0
    late_cost: float = 0.0

    def day(self, trips: Trips) -> tuple[Route, float]:
        """Walks along the day."""
        problem, vehicle = self.problem, self.vehicle
        shift_s = vehicle.shift_s or problem.shift_s
        self.now_s = shift_s[0]
        if len(trips) > vehicle.max_trips or sum(map(len, trips)) > (vehicle.max_stops or 10**9):
            raise _ImpossibleError
        left_wh = vehicle.battery.capacity_wh if vehicle.battery else 0.0
        made = []
        for number, stops in enumerate(trips):
            if vehicle.battery and number:
                at_depot_s = problem.reload_s + vehicle.battery.stand_s
                left_wh = min(vehicle.battery.capacity_wh, left_wh + vehicle.battery.charge_w * at_depot_s / 3600)
            trip, used_wh = self.trip(number, stops, last=number == len(trips) - 1)
            left_wh -= used_wh
            if vehicle.battery and left_wh < vehicle.battery.reserve_wh:
                raise _ImpossibleError
            made.append(trip)
        span_s = made[-1].return_s - made[0].load_s
        if made[-1].return_s > shift_s[1] or span_s > (vehicle.max_span_s or 10**9) or self.rests:
            raise _ImpossibleError
        paid_s = span_s - sum(p.end_s - p.start_s for p in self.pauses if not p.paid)
        cost = vehicle.cost_per_day + problem.pay.cost(paid_s) + vehicle.cost_per_km * self.metres / 1000
        route = Route("", vehicle.name, made[0].load_s, made[-1].return_s, tuple(made), tuple(self.pauses))
        return route, cost + self.late_cost

    def trip(self, number: int, stops: list[tuple[int, int]], *, last: bool) -> tuple[Trip, float]:
        """One trip and the energy that it takes."""
        tasks = [self.problem.tasks[i] for i, _ in stops]
        self.check_load(tasks)
        battery = self.vehicle.battery
        loading_s = self.problem.reload_s + (battery.stand_s if battery and number else 0)
        load_s = self.free_dock_s(max([self.now_s, *(t.ready_s for t in tasks if t.ready_s is not None)]), loading_s)
        self.now_s = load_s + loading_s
        ways = [self.vehicle.access[i][access] for i, access in stops]
        points = [0, *(way.point for way in ways), 0]
        used_wh = 0.0
        visits: list[Visit] = []
        away_s = self.now_s
        for after, (u, v) in enumerate(pairwise(points)):
            seconds = int(self.vehicle.table.time_s[0, u, v])
            if seconds == UNREACHABLE:
                raise _ImpossibleError
            self.rest(number, after, seconds, last=last and after == len(stops))
            away_s = away_s if after else self.now_s
            used_wh += self.energy_wh(u, v)
            self.now_s += seconds
            self.driven_s += seconds
            self.metres += float(self.vehicle.table.distance_m[0, u, v])
            if after < len(stops):
                park_s = self.vehicle.park_s[v] if u != v else 0
                visits.append(self.visit(tasks[after], stops[after][1], ways[after], park_s))
        return Trip(load_s, away_s, self.now_s, tuple(visits)), used_wh

    def visit(self, task: Task, access: int, way: Access, park_s: int) -> Visit:
        """Parks, walks, waits and serves."""
        if way.walk_m > self.problem.max_walk_m:
            raise _ImpossibleError
        arrive_s = self.now_s + park_s
        door_s = arrive_s + way.walk_out_s
        open_s = next((max(door_s, opens) for opens, closes in task.windows_s if closes >= door_s), None)
        start_s, late_s = door_s, 0
        if open_s is not None:
            start_s = open_s
        elif task.late is not None and door_s <= task.late.until_s:
            late_s = door_s - task.windows_s[-1][1]
            self.late_cost += task.late.price_per_h / 4 * ((late_s + 899) // 900)
        else:
            raise _ImpossibleError
        self.now_s = start_s + task.service_s + way.walk_back_s
        walk_m = 2 * way.rounds * way.walk_m
        return Visit(
            task.id, access, arrive_s, start_s, self.now_s, park_s, walk_m, way.walk_s, start_s - door_s, late_s
        )

    def rest(self, trip: int, after: int, seconds: int, *, last: bool) -> None:
        """Takes what is due as soon as it may be, at the latest before the last drive; else what driving asks for."""
        for rest in sorted(self.rests, key=lambda rest: rest.window_s[1]):
            earliest_s, latest_s = rest.window_s
            start_s = max(self.now_s, earliest_s) if last else self.now_s
            if earliest_s <= start_s <= latest_s:
                self.rests.remove(rest)
                self.pause(Pause(trip, after, start_s, start_s + rest.duration_s, rest.paid))
        rule = self.problem.driving_rule
        if rule is not None and self.driven_s + seconds > rule.limit_s:
            if seconds > rule.limit_s:
                raise _ImpossibleError
            self.pause(Pause(trip, after, self.now_s, self.now_s + rule.rest_s, rule.paid))

    def pause(self, pause: Pause) -> None:
        """Notes a rest."""
        self.pauses.append(pause)
        self.now_s = pause.end_s
        rule = self.problem.driving_rule
        if rule is not None and pause.end_s - pause.start_s >= rule.rest_s:
            self.driven_s = 0

    def free_dock_s(self, earliest_s: int, loading_s: int) -> int:
        """The first moment from which a dock is free for the whole loading."""
        taken = [
            (trip.load_s, trip.load_s + self.loading_s(route.type, number))
            for route in self.others
            for number, trip in enumerate(route.trips)
        ]
        for at_s in sorted({earliest_s, *(end for _, end in taken if end > earliest_s)}):
            overlapping = [start for start, end in taken if start < at_s + loading_s and end > at_s]
            if self.problem.docks is None or loading_s == 0 or len(overlapping) < self.problem.docks:
                return at_s
        raise _ImpossibleError

    def loading_s(self, kind: str, number: int) -> int:
        """How long another vehicle keeps its dock."""
        battery = next(v for v in self.problem.types if v.name == kind).battery
        return self.problem.reload_s + (battery.stand_s if battery and number else 0)

    def check_load(self, tasks: list[Task]) -> None:
        """Leg by leg."""
        for leg in range(len(tasks) + 1):
            rows = [(t.weight_kg, t.volume_m3, float(t.parcels)) for t in tasks[leg:]]
            rows += [(t.collect_kg, t.collect_m3, float(t.collect_parcels)) for t in tasks[:leg]]
            limits = (self.vehicle.capacity_kg, self.vehicle.capacity_m3, self.vehicle.capacity_parcels)
            for column, limit in enumerate(limits):
                if limit is not None and sum(row[column] for row in rows) > limit:
                    raise _ImpossibleError

    def energy_wh(self, u: int, v: int) -> float:
        """What an arc takes."""
        if self.vehicle.battery is None:
            return 0.0
        if "energy_wh" in self.vehicle.table.extra:
            return float(self.vehicle.table.extra["energy_wh"][0, u, v])
        return float(self.vehicle.table.distance_m[0, u, v]) / 1000 * self.vehicle.battery.wh_per_km
