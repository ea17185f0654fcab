"""OR-Tools' routing library on one case, one core: the best settings found for it.

A portfolio of first solutions, the cheapest kept (on the second core the second best); guided local search with both
close-nodes neighbourhoods; matrices registered, no callback into Python; where there are no windows the second core
runs its iterated local search, which only ``SolveWithIteratedLocalSearch`` really starts. Span is priced by the span
cost coefficient, never folded into arcs. In cases with windows every client may be dropped at a high price on the
second core, and on both where days are limited, for else most strategies find nothing. Forbidden vehicles are removed
from the node's domain, since the wrapper of ``SetAllowedVehiclesForIndex`` is broken. Reloads by copies of the depot
are fragile, so vehicles make one trip each and sets that release goods during the day are not in its model. A paid
minimum is a soft upper bound of the span on one core, and left out on the other.
"""

from __future__ import annotations

import numpy as np
from asked import Asked, NotInModelError, answer
from ortools.constraint_solver import pywrapcp, routing_enums_pb2, routing_ils_pb2, routing_parameters_pb2
from ortools.util import optional_boolean_pb2

COST = 10_000_000.0
"""Cost of the dearest arc after scaling."""
FIRST_SHARE = 0.4
"""Share of the time that first solutions may take together."""

_STRATEGY = routing_enums_pb2.FirstSolutionStrategy


def solve(asked: Asked) -> list[tuple[int, list[list[int]]]]:
    """The best solution found."""
    if np.any(asked.release):
        raise NotInModelError("reloads are copies of the depot and fragile; no times of release")
    kinds = _handed_over(asked)
    manager = pywrapcp.RoutingIndexManager(asked.nodes, len(kinds), 0)
    routing = pywrapcp.RoutingModel(manager)
    _price(asked, routing, kinds)
    _limit_loads(asked, routing, kinds)
    if asked.timed:
        _limit_times(asked, routing, manager, kinds)
    _limit_visits(asked, routing, manager, kinds)
    best = _search(asked, routing)
    return [] if best is None else _days(asked, routing, manager, kinds, best)


def _handed_over(asked: Asked) -> list[int]:
    """The type of each vehicle: far fewer than one for each client, or the search drowns."""
    kinds: list[int] = []
    span = int(asked.windows[0, 1] - asked.windows[0, 0])
    for number, kind in enumerate(asked.types):
        whole = float((asked.demand.sum(axis=0) / np.maximum(1, kind["capacity"])).max())
        wanted = int(1.15 * whole) + 4
        if asked.wage:
            wanted = max(wanted, int(2.5 * float(asked.service.sum()) / span) + 4)
        elif asked.timed:
            wanted = max(wanted, int(0.3 * asked.nodes))
        kinds += [number] * min(wanted, asked.nodes - 1, kind["count"] or asked.nodes)
    return kinds


def _cost_scale(asked: Asked) -> float:
    dearest = max(float(asked.lengths[k["matrix"]].clip(max=10**8).max()) * k["per_tick"] for k in asked.types)
    scale = COST / dearest
    return min(scale, 1000.0 / asked.wage) if asked.wage else scale


def _price(asked: Asked, routing: pywrapcp.RoutingModel, kinds: list[int]) -> None:
    scale = _cost_scale(asked)
    evaluators: dict[tuple[int, float], int] = {}
    for vehicle, number in enumerate(kinds):
        kind = asked.types[number]
        key = (kind["matrix"], kind["per_tick"])
        if key not in evaluators:
            lengths = asked.lengths[kind["matrix"]].clip(max=10**8)
            arcs = np.round(lengths * (kind["per_tick"] * scale)).astype(np.int64)
            evaluators[key] = routing.RegisterTransitMatrix(list(arcs.tolist()))
        routing.SetArcCostEvaluatorOfVehicle(evaluators[key], vehicle)
        routing.SetFixedCostOfVehicle(round(kind["fixed"] * scale), vehicle)


def _limit_loads(asked: Asked, routing: pywrapcp.RoutingModel, kinds: list[int]) -> None:
    for load in range(asked.demand.shape[1]):
        index = routing.RegisterUnaryTransitVector(asked.demand[:, load].tolist())
        limits = [int(asked.types[number]["capacity"][load]) for number in kinds]
        routing.AddDimensionWithVehicleCapacity(index, 0, limits, True, f"load-{load}")


def _limit_times(
    asked: Asked,
    routing: pywrapcp.RoutingModel,
    manager: pywrapcp.RoutingIndexManager,
    kinds: list[int],
) -> None:
    early, late = (int(second) for second in asked.windows[0])
    transits: dict[int, int] = {}
    for matrix in sorted({asked.types[number]["matrix"] for number in kinds}):
        steps = asked.durations[matrix].astype(np.int64) + asked.service[:, None]
        steps[0] += asked.loading
        transits[matrix] = routing.RegisterTransitMatrix(steps.clip(max=2 * late).tolist())
    each = [transits[asked.types[number]["matrix"]] for number in kinds]
    routing.AddDimensionWithVehicleTransits(each, late, late, False, "time")
    time = routing.GetDimensionOrDie("time")
    for node in range(1, asked.nodes):
        opens, closes = (int(second) for second in asked.windows[node])
        time.CumulVar(manager.NodeToIndex(node)).SetRange(max(early, opens), min(late, closes))
    wage = round(asked.wage * _cost_scale(asked))
    for vehicle, number in enumerate(kinds):
        time.CumulVar(routing.Start(vehicle)).SetRange(early, late)
        time.CumulVar(routing.End(vehicle)).SetRange(early, late)
        most = asked.types[number]["max_span"]
        if most is not None:
            time.SetSpanUpperBoundForVehicle(most, vehicle)
        if wage and asked.min_paid and asked.slot == 0:
            bound = pywrapcp.BoundCost(asked.min_paid, wage)
            time.SetSoftSpanUpperBoundForVehicle(bound, vehicle)
            fixed = round((asked.types[number]["fixed"] + asked.wage * asked.min_paid) * _cost_scale(asked))
            routing.SetFixedCostOfVehicle(fixed, vehicle)
        elif wage:
            time.SetSpanCostCoefficientForVehicle(wage, vehicle)


def _limit_visits(
    asked: Asked,
    routing: pywrapcp.RoutingModel,
    manager: pywrapcp.RoutingIndexManager,
    kinds: list[int],
) -> None:
    droppable = asked.timed and (asked.slot == 1 or any(kind["max_span"] is not None for kind in asked.types))
    for node in range(1, asked.nodes):
        index = manager.NodeToIndex(node)
        if droppable:
            routing.AddDisjunction([index], 20 * round(COST))
        closed = [vehicle for vehicle, number in enumerate(kinds) if not asked.allowed[number, node]]
        if closed:
            routing.VehicleVar(index).RemoveValues(closed)


def _search(asked: Asked, routing: pywrapcp.RoutingModel) -> object | None:
    last = _parameters()
    last.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    operators = last.local_search_operators
    on = optional_boolean_pb2.BOOL_TRUE
    operators.use_global_cheapest_insertion_close_nodes_lns = on
    operators.use_local_cheapest_insertion_close_nodes_lns = on
    last.heuristic_close_nodes_lns_num_nodes = 15
    routing.CloseModelWithParameters(last)
    if asked.slot == 1 and not asked.timed:
        return _iterated(asked, routing)
    starts = _starts(asked, routing)
    if not starts:
        _set_limit(last, asked.left())
        return routing.SolveWithParameters(last)
    begin = starts[min(asked.slot, len(starts) - 1)]
    # the library's assignments are overwritten by the next search: what is kept are the routes
    held = routing.ReadAssignmentFromRoutes(begin[1], True)
    _set_limit(last, asked.left())
    found = routing.SolveFromAssignmentWithParameters(held, last)
    return found if found is not None else held


def _starts(asked: Asked, routing: pywrapcp.RoutingModel) -> list[tuple[int, list[list[int]]]]:
    strategies = [
        _STRATEGY.PATH_CHEAPEST_ARC,
        _STRATEGY.SAVINGS,
        _STRATEGY.PARALLEL_CHEAPEST_INSERTION,
        _STRATEGY.CHRISTOFIDES,
    ]
    if len(asked.types) == 1:
        strategies.append(_STRATEGY.PARALLEL_SAVINGS)
    if asked.timed:
        # with windows savings starts far better, and at 1,000 stops it may be all there is time for
        strategies[:2] = strategies[1::-1]
    starts: list[tuple[int, list[list[int]]]] = []
    until = asked.seconds * (1.0 - FIRST_SHARE)
    for strategy in strategies:
        allowed = asked.left() - until
        if allowed <= 0:
            break
        first = _parameters()
        first.first_solution_strategy = strategy
        first.solution_limit = 1
        _set_limit(first, max(0.05, allowed))
        found = routing.SolveWithParameters(first)
        if found is not None:
            starts.append((found.ObjectiveValue(), _routes(routing, found)))
    return sorted(starts)


def _iterated(asked: Asked, routing: pywrapcp.RoutingModel) -> object | None:
    """Iterated local search as its parameters' own documentation describes it: string removals and insertion."""
    search = _parameters()
    search.first_solution_strategy = (
        _STRATEGY.PARALLEL_SAVINGS if len(asked.types) == 1 else _STRATEGY.PARALLEL_CHEAPEST_INSERTION
    )
    search.use_iterated_local_search = True
    iterated = search.iterated_local_search_parameters
    iterated.perturbation_strategy = routing_ils_pb2.PerturbationStrategy.RUIN_AND_RECREATE
    ruin = iterated.ruin_recreate_parameters.ruin_strategies.add()
    ruin.sisr.avg_num_removed_visits = 10
    ruin.sisr.max_removed_sequence_size = 10
    ruin.sisr.bypass_factor = 0.01
    iterated.ruin_recreate_parameters.recreate_strategy.heuristic = _STRATEGY.LOCAL_CHEAPEST_INSERTION
    iterated.improve_perturbed_solution = False
    best = iterated.best_solution_acceptance_strategy
    best.greedy_descent.SetInParent()
    annealing = iterated.reference_solution_acceptance_strategy.simulated_annealing
    annealing.cooling_schedule_strategy = routing_ils_pb2.CoolingScheduleStrategy.EXPONENTIAL
    annealing.automatic_temperatures = True
    _set_limit(search, asked.left())
    return routing.SolveWithIteratedLocalSearch(search)


def _parameters() -> routing_parameters_pb2.RoutingSearchParameters:
    return pywrapcp.DefaultRoutingSearchParameters()


def _set_limit(parameters: routing_parameters_pb2.RoutingSearchParameters, seconds: float) -> None:
    parameters.time_limit.FromMilliseconds(max(1, int(1000 * seconds)))


def _routes(routing: pywrapcp.RoutingModel, found: object) -> list[list[int]]:
    routes = []
    for vehicle in range(routing.vehicles()):
        index, route = found.Value(routing.NextVar(routing.Start(vehicle))), []
        while not routing.IsEnd(index):
            route.append(index)
            index = found.Value(routing.NextVar(index))
        routes.append(route)
    return routes


def _days(
    asked: Asked,
    routing: pywrapcp.RoutingModel,
    manager: pywrapcp.RoutingIndexManager,
    kinds: list[int],
    found: object,
) -> list[tuple[int, list[list[int]]]]:
    return [
        (kinds[vehicle], [[manager.IndexToNode(index) for index in route]])
        for vehicle, route in enumerate(_routes(routing, found))
        if route
    ]


if __name__ == "__main__":
    from importlib.metadata import version

    answer(solve, version("ortools"))
