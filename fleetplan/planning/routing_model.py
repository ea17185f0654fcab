"""The planning problem in the terms of OR-Tools' routing library.

Tables and vectors are registered, never Python callbacks. A node is a stop met at one standing place (for each class
the one with the least time on foot, and a second one where nodes are few); all nodes of a stop are one disjunction,
whose penalty is the price of leaving it out. A further trip is a visit to one of a few copies of the depot that takes
the whole load off and charges the battery. The driver's paid minimum is part of a vehicle's fixed cost, and only the
seconds beyond it cost more.

What the library cannot say is said more strictly or left to the exact timing that follows:

* Aboard is at most the sum, over a trip's stops, of the larger of delivery and collection; that much must fit.
* Rests and the driving rule shorten the shift by all the rests that a full day could ask for.
* Goods that are ready late bound the moments of their own stops only; lateness is priced by the second.
* Docks are not regarded.

Money is scaled by the bound on any plan's cost, so that the integers, and with them the plan, stay the same when all
prices are doubled.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ortools.constraint_solver import pywrapcp

from fleetplan.planning.costing import day_cost
from fleetplan.planning.instance import FAR_S, NO_LIMIT, Instance, TypeClass
from fleetplan.planning.schedule import Trips, time_day

WHOLE_PLAN = 1e12
"""Integer that the bound on a plan's cost is scaled to."""

MOST_PENALTY = 1e17
"""Integer that the penalties of all stops together stay below."""

SPARE_VEHICLES = 3
SPARE_SHARE = 1.3
"""Trips offered beyond what loads and hours ask for at least."""

UNITS = (("kg", 1000.0), ("m3", 1e6), ("parcels", 1.0))
"""Loads and the integers that one of each is counted as."""

Ints = NDArray[np.int64]


class RoutingProblem:
    """Some tasks of an instance and a fleet for them, as a model of the library.

    Args:
        instance: the whole problem.
        tasks: canonical numbers of those to be planned; their order is that of the nodes.
        fleet: class of each vehicle offered.
        alternatives: standing places per stop that become nodes.
        standing: option met now by ``(class, task)``, which becomes the first node of the class for that task.
        trips_at_least: copies of the depot, where more are needed than loads ask for.
    """

    def __init__(
        self,
        instance: Instance,
        tasks: Sequence[int],
        fleet: Sequence[int],
        *,
        alternatives: int = 1,
        standing: Mapping[tuple[int, int], int] | None = None,
        trips_at_least: int = 0,
    ) -> None:
        self.instance, self.fleet = instance, list(fleet)
        self.kinds = sorted(set(fleet))
        self.tasks = np.array(tasks, dtype=np.int64)
        ways = {c: [_ways(instance.classes[c], x, (standing or {}).get((c, x))) for x in tasks] for c in self.kinds}
        places = [min(alternatives, max(len(ways[c][k]) for c in self.kinds)) for k in range(len(tasks))]
        stops = [(k, r) for k, number in enumerate(places) for r in range(max(1, number))]
        self.options = {c: [ways[c][k][r] if r < len(ways[c][k]) else -1 for k, r in stops] for c in self.kinds}
        self.node_task = np.array([tasks[k] for k, _ in stops], dtype=np.int64)
        self.stops = len(stops)
        self.copies = max(self._reload_copies(), trips_at_least)
        self.depot = self.stops
        self.size = self.stops + 1 + self.copies
        self.start_s = min(instance.classes[c].shift_s[0] for c in self.kinds)
        self.horizon_s = max(instance.classes[c].shift_s[1] for c in self.kinds) - self.start_s
        self.scale = money_scale(instance)
        self.manager = pywrapcp.RoutingIndexManager(self.size, len(self.fleet), self.depot)
        self.routing = pywrapcp.RoutingModel(self.manager)
        self._add_costs()
        self._add_time()
        self._add_loads()
        self._add_counts()
        self._add_energy()
        self._add_choice()

    def column(self, kind: int, name: str) -> Ints:
        """A column of the options that a class has at the nodes; 0 at the depot and where it has none."""
        values = getattr(self.instance.classes[kind].options, name)
        chosen = np.array(self.options[kind], dtype=np.int64)
        found = np.zeros(self.size, dtype=np.int64)
        found[: self.stops] = np.where(chosen >= 0, values[np.maximum(chosen, 0)] if len(values) else 0, 0)
        return found

    def days(self, answer: Any) -> list[tuple[int, Trips]]:
        """Class and trips of every vehicle in use, each stop with the option that fits its moment."""
        clock = self.routing.GetDimensionOrDie("time")
        found = []
        for vehicle, kind in enumerate(self.fleet):
            trips: list[list[int]] = [[]]
            index = answer.Value(self.routing.NextVar(self.routing.Start(vehicle)))
            while not self.routing.IsEnd(index):
                node = self.manager.IndexToNode(index)
                if node >= self.depot:
                    trips.append([])
                else:
                    door_s = self.start_s + answer.Min(clock.CumulVar(index))
                    trips[-1].append(_at_moment(self.instance.classes[kind], self.options[kind][node], door_s))
                index = answer.Value(self.routing.NextVar(index))
            if any(trips):
                found.append((kind, tuple(tuple(trip) for trip in trips if trip)))
        return found

    def routes(self, days: Sequence[tuple[int, Trips]]) -> list[list[int]] | None:
        """Nodes per vehicle of days whose options the model was made with; ``None`` when vehicles are too few."""
        node_of = {(int(x), c): k for c in self.kinds for k, x in reversed(list(enumerate(self.node_task)))}
        routes: list[list[int]] = [[] for _ in self.fleet]
        free = list(range(len(self.fleet)))
        copy = self.depot + 1
        for kind, trips in days:
            vehicle = next((v for v in free if self.fleet[v] == kind), None)
            if vehicle is None:
                return None
            free.remove(vehicle)
            for number, trip in enumerate(trips):
                if number > 0:
                    if copy >= self.size:
                        return None
                    routes[vehicle].append(copy)
                    copy += 1
                task = self.instance.classes[kind].options.task
                routes[vehicle] += [node_of[int(task[option]), kind] for option in trip]
        return routes

    def _reload_copies(self) -> int:
        classes = [self.instance.classes[c] for c in self.fleet]
        most = sum(min(len(self.tasks), c.max_trips) - 1 for c in classes)
        needed = max(trips_needed(self.instance, self.instance.classes[c], self.tasks) for c in self.kinds)
        return max(0, min(most, math.ceil(SPARE_SHARE * needed) + SPARE_VEHICLES))

    def _square(self, kind: int, values: NDArray[np.int32]) -> Ints:
        """A table of points as one of nodes."""
        point = self.column(kind, "point")
        return np.asarray(values[np.ix_(point, point)], dtype=np.int64)

    def _add_costs(self) -> None:
        pay = self.instance.problem.pay
        arcs = {}
        for c in self.kinds:
            made = self.instance.classes[c]
            money = np.rint(self._square(c, made.distance_m) * (made.cost_per_m * self.scale)).astype(np.int64)
            arcs[c] = self.routing.RegisterTransitMatrix(money.tolist())
        for vehicle, c in enumerate(self.fleet):
            self.routing.SetArcCostEvaluatorOfVehicle(arcs[c], vehicle)
            fixed = self.instance.classes[c].cost_per_day + pay.wage_per_h * pay.min_s / 3600.0
            self.routing.SetFixedCostOfVehicle(round(fixed * self.scale), vehicle)

    def _add_time(self) -> None:
        """Clock at the door of each stop, where its windows are the same for all classes; paid span."""
        pay, routing = self.instance.problem.pay, self.routing
        transits = {}
        for c in self.kinds:
            made = self.instance.classes[c]
            out_s = self.column(c, "out_s")
            leave_s = self.column(c, "duration_s") - out_s
            leave_s[self.depot] = made.loading_s
            leave_s[self.depot + 1 :] = made.turnaround_s
            seconds = leave_s[:, None] + self._square(c, made.time_s) + out_s[None, :]
            seconds = np.minimum(seconds, 2 * self.horizon_s + 1)
            transits[c] = routing.RegisterTransitMatrix(seconds.tolist())
        names = ["time"]
        wage = pay.wage_per_h / 3600.0 * self.scale
        if pay.overtime_factor > 1.0 and self.horizon_s > pay.overtime_after_s and wage > 0:
            names.append("overtime")
        for name in names:
            vectors = [transits[c] for c in self.fleet]
            routing.AddDimensionWithVehicleTransits(vectors, self.horizon_s, self.horizon_s, False, name)
        clock = routing.GetDimensionOrDie("time")
        self._add_windows(clock)
        reserve_s = _rests_s(self.instance)
        for vehicle, c in enumerate(self.fleet):
            made = self.instance.classes[c]
            opens_s, closes_s = made.shift_s[0] - self.start_s, made.shift_s[1] - self.start_s - reserve_s
            clock.CumulVar(routing.Start(vehicle)).SetRange(opens_s, max(opens_s, closes_s))
            clock.CumulVar(routing.End(vehicle)).SetRange(opens_s, max(opens_s, closes_s))
            if made.max_span_s < self.horizon_s:
                clock.SetSpanUpperBoundForVehicle(max(0, made.max_span_s - reserve_s), vehicle)
            if wage > 0 and pay.min_s > 0:
                clock.SetSoftSpanUpperBoundForVehicle(pywrapcp.BoundCost(int(pay.min_s), round(wage)), vehicle)
            elif wage > 0:
                clock.SetSpanCostCoefficientForVehicle(round(wage), vehicle)
            if "overtime" in names:
                bound = pywrapcp.BoundCost(int(pay.overtime_after_s), round(wage * (pay.overtime_factor - 1.0)))
                routing.GetDimensionOrDie("overtime").SetSoftSpanUpperBoundForVehicle(bound, vehicle)
            routing.AddVariableMinimizedByFinalizer(clock.CumulVar(routing.End(vehicle)))
            routing.AddVariableMaximizedByFinalizer(clock.CumulVar(routing.Start(vehicle)))

    def _add_windows(self, clock: Any) -> None:
        instance = self.instance
        nearest_s = np.full(self.size, FAR_S, dtype=np.int64)
        for c in self.kinds:
            made = instance.classes[c]
            direct_s = made.time_s[0, self.column(c, "point")].astype(np.int64) + self.column(c, "out_s")
            nearest_s = np.minimum(nearest_s, direct_s + made.loading_s)
        for node in range(self.stops):
            task = instance.problem.tasks[instance.order[int(self.node_task[node])]]
            index = self.manager.NodeToIndex(node)
            ready_s = int(instance.ready_s[self.node_task[node]]) + int(nearest_s[node])
            first_s = max(0, task.windows_s[0][0] - self.start_s, ready_s - self.start_s)
            closes_s = task.windows_s[-1][1] - self.start_s
            until_s = closes_s if task.late is None else task.late.until_s - self.start_s
            last_s = min(self.horizon_s, until_s)
            if first_s > last_s:
                continue
            door = clock.CumulVar(index)
            door.SetRange(first_s, last_s)
            for (_, before_s), (after_s, _) in zip(task.windows_s, task.windows_s[1:], strict=False):
                if after_s - before_s > 1:
                    door.RemoveInterval(before_s + 1 - self.start_s, after_s - 1 - self.start_s)
            if task.late is not None and 0 <= closes_s < last_s:
                price = round(task.late.price_per_h / 3600.0 * self.scale)
                clock.SetCumulVarSoftUpperBound(index, closes_s, price)

    def _add_loads(self) -> None:
        aboard = np.maximum(self.instance.deliver, self.instance.collect)[self.node_task]
        for unit, (name, size) in enumerate(UNITS):
            demand = np.ceil(np.append(aboard[:, unit], np.zeros(1 + self.copies)) * size - 1e-6).astype(np.int64)
            total = max(1, int(demand.sum()))
            limits = [self.instance.classes[c].capacity[unit] for c in self.fleet]
            room = [total if limit * size >= total else int(limit * size + 1e-6) for limit in limits]
            if min(room) >= total:
                continue
            vectors = {}
            for c, fits in zip(self.fleet, room, strict=True):
                if c not in vectors:
                    change = demand.copy()
                    change[self.depot + 1 :] = -fits
                    vectors[c] = self.routing.RegisterUnaryTransitVector(change.tolist())
            kinds = [vectors[c] for c in self.fleet]
            self._add_resource(kinds, room, name)

    def _add_resource(self, vectors: list[int], room: list[int], name: str) -> None:
        """A dimension that only the depot's copies may raise beyond what is used, lest it fall below zero there."""
        slack = max(room) if self.copies else 0
        self.routing.AddDimensionWithVehicleTransitAndCapacity(vectors, slack, room, True, name)
        if not self.copies:
            return
        dimension = self.routing.GetDimensionOrDie(name)
        for node in range(self.stops):
            dimension.SlackVar(self.manager.NodeToIndex(node)).SetValue(0)

    def _add_counts(self) -> None:
        classes = [self.instance.classes[c] for c in self.fleet]
        if self.copies:
            reloads = self.routing.RegisterUnaryTransitVector([0] * (self.depot + 1) + [1] * self.copies)
            most = [min(self.copies, c.max_trips - 1) for c in classes]
            self.routing.AddDimensionWithVehicleCapacity(reloads, 0, most, True, "reloads")
        if min(c.max_stops for c in classes) < len(self.tasks):
            visits = self.routing.RegisterUnaryTransitVector([1] * self.stops + [0] * (1 + self.copies))
            most = [min(self.stops, c.max_stops) for c in classes]
            self.routing.AddDimensionWithVehicleCapacity(visits, 0, most, True, "visits")

    def _add_energy(self) -> None:
        """Watt-hours used since full; charging takes some off, and slack at the depot keeps them from below zero."""
        classes = self.instance.classes
        if all(classes[c].energy_wh is None for c in self.kinds):
            return
        arcs, room = {}, {}
        for c in self.kinds:
            energy_wh = classes[c].energy_wh
            use = np.zeros((self.size, self.size), dtype=np.int64)
            room[c] = NO_LIMIT
            if energy_wh is not None:
                point = self.column(c, "point")
                use = np.ceil(energy_wh[np.ix_(point, point)] - 1e-9).astype(np.int64)
                use[self.depot + 1 :] -= int(classes[c].charge_wh)
                room[c] = int(classes[c].usable_wh)
            arcs[c] = self.routing.RegisterTransitMatrix(use.tolist())
        most = [room[c] for c in self.fleet]
        vectors = [arcs[c] for c in self.fleet]
        self._add_resource(vectors, most, "energy")

    def _add_choice(self) -> None:
        """Everything may be left out; classes stay away from what they may not serve."""
        penalty = self.instance.unserved_cost[self.tasks] * self.scale
        total = float(penalty.sum())
        penalty = penalty * min(1.0, MOST_PENALTY / total) if total > 0 else penalty
        nodes: dict[int, list[int]] = {}
        for node in range(self.stops):
            index = self.manager.NodeToIndex(node)
            nodes.setdefault(int(self.node_task[node]), []).append(index)
            forbidden = [v for v, c in enumerate(self.fleet) if self.options[c][node] < 0]
            if forbidden:
                # SetAllowedVehiclesForIndex takes no list in the wheel, and takes an empty one for "all".
                self.routing.VehicleVar(index).RemoveValues(forbidden)
        for task, price in zip(self.tasks.tolist(), penalty.tolist(), strict=True):
            self.routing.AddDisjunction(nodes[task], round(price))
        for node in range(self.depot + 1, self.size):
            self.routing.AddDisjunction([self.manager.NodeToIndex(node)], 0)


def money_scale(instance: Instance) -> float:
    """Integers per unit of money; 0 when nothing costs anything."""
    pay = instance.problem.pay
    day = [
        day_cost(c, pay, paid_s=c.shift_s[1] - c.shift_s[0], distance_m=2.0 * float(c.distance_m.max(initial=0)))
        for c in instance.classes
    ]
    bound = max(1, instance.size) * max(day, default=0.0)
    return WHOLE_PLAN / bound if bound > 0 else 0.0


def trips_needed(instance: Instance, made: TypeClass, tasks: Ints) -> float:
    """Trips that the loads of some tasks ask for at least."""
    usable = tasks[made.allowed[tasks]]
    ratios = [0.0]
    for loads in (instance.deliver, instance.collect):
        totals = loads[usable].sum(axis=0)
        ratios += [float(x) / limit for x, limit in zip(totals, made.capacity, strict=True) if 0 < limit < math.inf]
    return max(ratios)


def fleet_for(instance: Instance, kinds: Sequence[int], tasks: Ints) -> list[int]:
    """Class of each vehicle offered: what loads and hours ask for at least, and some to spare."""
    fleet: list[int] = []
    for kind in kinds:
        made = instance.classes[kind]
        usable = tasks[made.allowed[tasks]]
        if not len(usable) or made.count < 1:
            continue
        options = made.options
        first = options.first[usable]
        point, shift_s = options.point[first], max(1, made.shift_s[1] - made.shift_s[0])
        arcs_s = np.partition(made.time_s[np.ix_(point, point)], min(1, len(usable) - 1), axis=0)[
            min(1, len(usable) - 1)
        ]
        busy_s = float((options.duration_s[first] + np.minimum(arcs_s, shift_s)).sum())
        stops = len(usable) / made.max_stops
        days = max(trips_needed(instance, made, usable) / made.max_trips, busy_s / shift_s, stops)
        narrow = int((options.closes_s[first] - options.opens_s[first] < shift_s / 2).sum())
        wanted = math.ceil(SPARE_SHARE * days) + SPARE_VEHICLES + int(0.1 * narrow)
        fleet += [kind] * min(made.count, wanted, len(usable))
    return fleet


def salvaged(instance: Instance, kind: int, trips: Trips) -> Trips:
    """What is left of a day when each stop in turn that makes it impossible is passed over."""
    if time_day(instance, kind, trips) is not None:
        return trips
    kept: Trips = ()
    for trip in trips:
        opened = False
        for option in trip:
            longer = (*kept[:-1], (*kept[-1], option)) if opened else (*kept, (option,))
            if time_day(instance, kind, longer) is not None:
                kept, opened = longer, True
    return kept


def _ways(made: TypeClass, task: int, first: int | None) -> list[int]:
    """One option per standing place, the one met now before all others, then by time spent."""
    options = made.options
    found = range(int(options.first[task]), int(options.first[task + 1]))
    ranked = sorted(found, key=lambda o: (int(options.duration_s[o]), int(options.access[o]), o))
    if first is not None:
        ranked.insert(0, first)
    seen: dict[int, int] = {}
    for option in ranked:
        seen.setdefault(int(options.access[option]), option)
    return list(seen.values())


def _at_moment(made: TypeClass, option: int, door_s: int) -> int:
    """The option of the same standing place whose span holds a moment at the door, or lies nearest to it."""
    options = made.options
    task, access = int(options.task[option]), int(options.access[option])
    same = [
        o for o in range(int(options.first[task]), int(options.first[task + 1])) if int(options.access[o]) == access
    ]

    def distance(o: int) -> tuple[int, int]:
        parked_s = door_s - int(options.out_s[o])
        return max(0, int(options.opens_s[o]) - parked_s, parked_s - int(options.closes_s[o])), o

    return min(same, key=distance)


def _rests_s(instance: Instance) -> int:
    """Seconds of all rests that a full day could ask for."""
    problem = instance.problem
    longest_s = max((c.shift_s[1] - c.shift_s[0] for c in instance.classes), default=0)
    seconds = sum(rest.duration_s for rest in problem.rests if rest.after_s < longest_s)
    rule = problem.driving_rule
    return seconds + (longest_s // max(1, rule.limit_s) * rule.rest_s if rule is not None else 0)
