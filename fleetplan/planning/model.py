"""A first plan by OR-Tools' routing library.

Tables and vectors are registered, never Python callbacks. A further trip is a visit to one of a few copies of the
depot that takes the whole load off; all copies may be left out, and so may every stop, at a price above that of any
plan. The driver's paid minimum is part of a vehicle's fixed cost, and only the seconds beyond it cost more.

Money is scaled by the bound on any plan's cost, so that the integers, and with them the plan, stay the same when all
prices are doubled. Every day the library returns is timed and priced anew by our own exact schedule.
"""

from __future__ import annotations

import math
import random
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ortools.constraint_solver import pywrapcp, routing_enums_pb2
from ortools.util import optional_boolean_pb2

from fleetplan.planning.instance import Instance, TypeClass
from fleetplan.planning.schedule import Day, Timetable

STRATEGIES = (
    "PATH_CHEAPEST_ARC",
    "SAVINGS",
    "PARALLEL_CHEAPEST_INSERTION",
)

MODEL_STEPS = 100
"""Solutions of the library per restart; more of them gain less than the same time in ruin and recreate."""

GIVEN_UP_S = 10.0
"""A model that takes so long, fifty times the usual, is given up and its answer not used, so that the time it
took cannot show in a plan."""

WHOLE_PLAN = 1e12
"""Integer that the bound on a plan's cost is scaled to; penalties of all stops together stay below 1e17."""

MOST_PENALTY = 1e17
SPARE_VEHICLES = 3
SPARE_SHARE = 1.3
"""Vehicles and trips offered beyond what loads and hours ask for at least."""


@dataclass(frozen=True, eq=False)
class ModelAnswer:
    """Days of the library's best plan, the stops it left out, and the solutions it went through."""

    days: list[Day]
    left: list[int]
    solutions: int


def first_solution(
    timetable: Timetable,
    *,
    strategy: int,
    limit: int,
    time_left: float | None,
    generator: random.Random,
) -> ModelAnswer | None:
    """A plan of the library for a fleet of one class, or ``None`` when it finds none.

    Mixed fleets are left to the improvement, which starts them from the best type alone: with reloading and mixed
    capacities the library's first solution can search for ever.

    Args:
        timetable: of the instance to plan.
        strategy: which of :data:`STRATEGIES` begins, taken modulo their number.
        limit: solutions allowed; with it, and without a time limit, the answer repeats exactly.
        time_left: seconds allowed, or ``None``.
        generator: shuffles the order of nodes and vehicles, which is all that may vary.
    """
    instance = timetable.instance
    fleet = _fleet(instance)
    if len(instance.classes) > 1 or not fleet or limit < 1 or (time_left is not None and time_left <= 0.05):
        return None
    n = instance.size
    order = list(range(n))
    generator.shuffle(order)
    generator.shuffle(fleet)
    copies = _reload_copies(instance, fleet)
    nodes = np.array([*order, n, *[n] * copies], dtype=np.int64)
    manager = pywrapcp.RoutingIndexManager(len(nodes), len(fleet), n)
    routing = pywrapcp.RoutingModel(manager)
    scale = _money_scale(instance)
    _add_costs(routing, instance, fleet, nodes, scale)
    _add_time(routing, manager, instance, fleet, nodes, scale)
    _add_loads(routing, instance, fleet, nodes)
    _add_access(routing, manager, instance, fleet, nodes, scale)
    parameters = _parameters(strategy, limit, time_left)
    began = time.monotonic()
    answer = routing.SolveWithParameters(parameters)
    if answer is None or (time_left is None and time.monotonic() - began > GIVEN_UP_S):
        return None
    days: list[Day] = []
    placed: set[int] = set()
    for vehicle, made in enumerate(fleet):
        trips: list[list[int]] = [[]]
        index = answer.Value(routing.NextVar(routing.Start(vehicle)))
        while not routing.IsEnd(index):
            node = int(nodes[manager.IndexToNode(index)])
            if node == n:
                trips.append([])
            else:
                trips[-1].append(node)
            index = answer.Value(routing.NextVar(index))
        day = timetable.day(made, tuple(tuple(trip) for trip in trips if trip))
        if day is not None and day.trips:
            days.append(day)
            placed.update(x for trip in day.trips for x in trip)
    left = [x for x in range(n) if x not in placed]
    return ModelAnswer(days, left, min(limit, int(routing.solver().Solutions())))


def _parameters(strategy: int, limit: int, time_left: float | None) -> Any:
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    name = STRATEGIES[strategy % len(STRATEGIES)]
    parameters.first_solution_strategy = getattr(routing_enums_pb2.FirstSolutionStrategy, name)
    parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GREEDY_DESCENT
    operators = parameters.local_search_operators
    operators.use_global_cheapest_insertion_close_nodes_lns = optional_boolean_pb2.BOOL_TRUE
    operators.use_local_cheapest_insertion_close_nodes_lns = optional_boolean_pb2.BOOL_TRUE
    parameters.heuristic_close_nodes_lns_num_nodes = 15
    parameters.solution_limit = limit
    seconds = GIVEN_UP_S if time_left is None else min(GIVEN_UP_S, time_left)
    parameters.time_limit.FromMilliseconds(max(1, int(seconds * 1000)))
    return parameters


def _fleet(instance: Instance) -> list[int]:
    """Class of each vehicle offered: what loads and hours ask for at least, and some to spare."""
    fleet: list[int] = []
    shift_s = instance.problem.shift_s[1] - instance.problem.shift_s[0]
    for number, made in enumerate(instance.classes):
        usable = np.flatnonzero(made.allowed)
        if not len(usable):
            continue
        trips = _trips_needed(instance, made, usable)
        arcs = np.sort(made.time_s[np.ix_(usable, usable)], axis=0)[min(1, len(usable) - 1)]
        busy_s = float((made.duration_s[usable] + np.minimum(arcs, shift_s)).sum())
        days = max(trips / made.max_trips, busy_s / shift_s)
        windows = made.closes_s[usable] - made.opens_s[usable] < shift_s / 2
        wanted = math.ceil(SPARE_SHARE * days) + SPARE_VEHICLES + int(0.1 * windows.sum())
        fleet += [number] * min(made.count, wanted, len(usable))
    return fleet


def _trips_needed(instance: Instance, made: TypeClass, usable: NDArray[np.int64]) -> float:
    totals = instance.loads[usable].sum(axis=0)
    ratios = [total / limit for total, limit in zip(totals, made.capacity, strict=True) if 0 < limit < math.inf]
    return float(max(ratios, default=0.0))


def _reload_copies(instance: Instance, fleet: list[int]) -> int:
    most = sum(instance.classes[c].max_trips - 1 for c in fleet)
    everyone = np.arange(instance.size)
    trips = max(_trips_needed(instance, instance.classes[c], everyone) for c in set(fleet))
    return min(most, math.ceil(SPARE_SHARE * trips) + SPARE_VEHICLES)


def _money_scale(instance: Instance) -> float:
    """Integers per unit of money; 0 when nothing costs anything."""
    problem = instance.problem
    shift_s = problem.shift_s[1] - problem.shift_s[0]
    bound = instance.size * max(
        c.cost_per_day + problem.pay.cost(shift_s) + c.cost_per_m * 2.0 * (c.max_trips + 1) * float(c.distance_m.max())
        for c in instance.classes
    )
    return WHOLE_PLAN / bound if bound > 0 else 0.0


def _add_costs(routing: Any, instance: Instance, fleet: list[int], nodes: NDArray[np.int64], scale: float) -> None:
    pay = instance.problem.pay
    arcs = {}
    for c in sorted(set(fleet)):
        made = instance.classes[c]
        money = np.rint(made.distance_m[np.ix_(nodes, nodes)] * made.cost_per_m * scale).astype(np.int64)
        arcs[c] = routing.RegisterTransitMatrix(money.tolist())
    for vehicle, c in enumerate(fleet):
        routing.SetArcCostEvaluatorOfVehicle(arcs[c], vehicle)
        fixed = instance.classes[c].cost_per_day + pay.wage_per_h * pay.min_s / 3600.0
        routing.SetFixedCostOfVehicle(round(fixed * scale), vehicle)


def _add_time(
    routing: Any, manager: Any, instance: Instance, fleet: list[int], nodes: NDArray[np.int64], scale: float
) -> None:
    """Clock at the door of each stop (its window is the same for all types), span paid beyond the minimum."""
    problem, pay, n = instance.problem, instance.problem.pay, instance.size
    start_s, end_s = problem.shift_s
    horizon = end_s - start_s
    transits = {}
    for c in sorted(set(fleet)):
        made = instance.classes[c]
        leave = np.append(made.duration_s - made.out_s, problem.reload_s)
        reach = np.append(made.out_s, 0.0)
        seconds = np.minimum(leave[:, None] + made.time_s + reach[None, :], 2.0 * horizon + 1.0)
        transits[c] = routing.RegisterTransitMatrix(np.rint(seconds)[np.ix_(nodes, nodes)].astype(np.int64).tolist())
    names = ["time"]
    wage = pay.wage_per_h / 3600.0 * scale
    if pay.overtime_factor > 1.0 and horizon > pay.overtime_after_s and wage > 0:
        names.append("overtime")
    for name in names:
        vectors = [transits[c] for c in fleet]
        routing.AddDimensionWithVehicleTransits(vectors, horizon, horizon, False, name)
    clock = routing.GetDimensionOrDie("time")
    for node in range(len(nodes)):
        task = nodes[node]
        if task == n:
            continue
        opens, closes = problem.tasks[instance.order[task]].window_s
        low, high = max(0, opens - start_s), min(horizon, closes - start_s)
        if low <= high:
            clock.CumulVar(manager.NodeToIndex(node)).SetRange(low, high)
    for vehicle in range(len(fleet)):
        if wage > 0:
            bound = pywrapcp.BoundCost(int(pay.min_s), round(wage))
            clock.SetSoftSpanUpperBoundForVehicle(bound, vehicle)
        if "overtime" in names:
            bound = pywrapcp.BoundCost(int(pay.overtime_after_s), round(wage * (pay.overtime_factor - 1.0)))
            routing.GetDimensionOrDie("overtime").SetSoftSpanUpperBoundForVehicle(bound, vehicle)
        routing.AddVariableMinimizedByFinalizer(clock.CumulVar(routing.End(vehicle)))
        routing.AddVariableMaximizedByFinalizer(clock.CumulVar(routing.Start(vehicle)))


def _add_loads(routing: Any, instance: Instance, fleet: list[int], nodes: NDArray[np.int64]) -> None:
    n = instance.size
    for column, (name, unit) in enumerate((("kg", 1000.0), ("m3", 1e6), ("parcels", 1.0))):
        demand = np.ceil(np.append(instance.loads[:, column], 0.0) * unit - 1e-6).astype(np.int64)
        total = max(1, int(demand.sum()))
        limits = [instance.classes[c].capacity[column] for c in fleet]
        room = [total if limit * unit >= total else int(limit * unit + 1e-6) for limit in limits]
        if min(room) >= total:
            continue
        vectors = {}
        for c, size in zip(fleet, room, strict=True):
            if c not in vectors:
                change = demand[nodes]
                change[n + 1 :] = -size
                vectors[c] = routing.RegisterUnaryTransitVector(change.tolist())
        routing.AddDimensionWithVehicleTransitAndCapacity([vectors[c] for c in fleet], max(room), room, True, name)
        dimension = routing.GetDimensionOrDie(name)
        for node in range(n):
            dimension.SlackVar(node).SetValue(0)
    if len(nodes) > n + 1:
        reloads = routing.RegisterUnaryTransitVector([0] * (n + 1) + [1] * (len(nodes) - n - 1))
        most = [instance.classes[c].max_trips - 1 for c in fleet]
        routing.AddDimensionWithVehicleCapacity(reloads, 0, most, True, "reloads")


def _add_access(
    routing: Any, manager: Any, instance: Instance, fleet: list[int], nodes: NDArray[np.int64], scale: float
) -> None:
    """Everything may be left out; types stay away from what they may not serve."""
    n, parcels = instance.size, instance.loads[:, 2]
    price = instance.problem.unserved_price_per_parcel
    each = 2.0 * WHOLE_PLAN if price is None else price * scale
    each = min(each, MOST_PENALTY / max(1.0, float(parcels.sum())))
    for node in range(len(nodes)):
        task = nodes[node]
        if node == n:
            continue
        index = manager.NodeToIndex(node)
        if task == n:
            routing.AddDisjunction([index], 0)
            continue
        routing.AddDisjunction([index], round(each * parcels[task]))
        forbidden = [v for v, c in enumerate(fleet) if not instance.classes[c].allowed[task]]
        if forbidden:
            routing.VehicleVar(index).RemoveValues(forbidden)
