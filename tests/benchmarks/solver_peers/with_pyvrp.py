"""PyVRP on one case, one seed, one core.

Costs are scaled so that its penalties (at most 100,000 a unit) can outweigh them: raw HFVRP costs are 10,000 times
larger and it then warns that it struggles. A length is multiplied with its type's price into the type's own matrix,
which keeps prices exact where unit prices would be rounded to whole numbers. A paid minimum is a fixed cost plus
overtime beyond it at the wage, which is exactly the same money. Loading lies on the arcs out of the depot. Clients
that a type may not visit are a day away from it: enough to be infeasible, short of the values it hangs on. Loads of
many digits are rounded up to thousandths of the smallest capacity, for the same reason as costs.
"""

from __future__ import annotations

import numpy as np
import pyvrp
from asked import Asked, answer

MEAN_ARC = (30_000.0, 100_000.0)
"""Mean cost of an arc after scaling, by core: of 100 to 300,000 the best at equal iterations on three fleet-mix cases.

The larger one is a little better and near its limit: at 300,000 nothing feasible is found on X129-FSMFD.
"""
LOAD = 10_000
"""Largest capacity that is left as it is; beyond, loads are counted in larger units."""
WAGE = 400
"""Whole cost of a unit of time after scaling, where time is paid."""


def solve(asked: Asked) -> list[tuple[int, list[list[int]]]]:
    """The best solution found, complete or not."""
    data = _data(asked)
    # its own MaxRuntime starts the clock after the first descent, which takes seconds at 1,000 stops
    result = pyvrp.solve(data, stop=lambda _: asked.left() <= 0.0, seed=asked.seed, collect_stats=False, display=False)
    days = []
    for route in result.best.routes():
        trips: dict[int, list[int]] = {}
        for activity in route.schedule():
            if activity.is_client():
                trips.setdefault(activity.trip, []).append(activity.idx + 1)
        days.append((route.vehicle_type(), list(trips.values())))
    return days


def _data(asked: Asked) -> pyvrp.ProblemData:
    scale, unit = _scale(asked), _load_unit(asked)
    demand = -(-asked.demand // unit)
    clients = [
        pyvrp.Client(
            location=node,
            delivery=demand[node].tolist(),
            service_duration=int(asked.service[node]),
            tw_early=int(asked.windows[node, 0]) if asked.timed else 0,
            release_time=int(asked.release[node]),
            **({"tw_late": int(asked.windows[node, 1])} if asked.timed else {}),
        )
        for node in range(1, asked.nodes)
    ]
    profiles: dict[tuple[object, ...], int] = {}
    distances: list[np.ndarray] = []
    durations: list[np.ndarray] = []
    kinds = []
    for number, kind in enumerate(asked.types):
        key = (kind["matrix"], kind["per_tick"], asked.allowed[number].tobytes())
        if key not in profiles:
            profiles[key] = len(profiles)
            distance, duration = _matrices(asked, number, scale)
            distances.append(distance)
            durations.append(duration)
        kinds.append(_vehicle_type(asked, number, profiles[key], scale, unit))
    return pyvrp.ProblemData(
        locations=[pyvrp.Location(0, 0) for _ in range(asked.nodes)],
        clients=clients,
        depots=[pyvrp.Depot(0)],
        vehicle_types=kinds,
        distance_matrices=distances,
        duration_matrices=durations,
    )


def _scale(asked: Asked) -> float:
    if asked.wage > 0:
        return WAGE / asked.wage
    if len(asked.types) == 1 and asked.types[0]["fixed"] == 0:
        return 1.0 / asked.types[0]["per_tick"]
    same_lengths = len({kind["per_tick"] for kind in asked.types}) == 1 and not any(k["fixed"] for k in asked.types)
    if same_lengths:
        return 1.0 / asked.types[0]["per_tick"]
    return MEAN_ARC[asked.slot] / (float(asked.lengths[0].mean()) * asked.types[0]["per_tick"])


def _load_unit(asked: Asked) -> np.ndarray:
    smallest = np.array([kind["capacity"] for kind in asked.types]).min(axis=0)
    return np.where(smallest > LOAD, np.maximum(1, smallest // 1000), 1)


def _matrices(asked: Asked, number: int, scale: float) -> tuple[np.ndarray, np.ndarray]:
    kind = asked.types[number]
    lengths = np.round(asked.lengths[kind["matrix"]] * (kind["per_tick"] * scale)).astype(np.int64)
    if not asked.timed:
        durations = np.zeros_like(lengths)
    else:
        durations = asked.durations[kind["matrix"]].astype(np.int64)
        durations[0, 1:] += asked.loading
    closed = ~asked.allowed[number]
    if closed.any():
        away = 20 * int(lengths.max())
        lengths[closed, :] = lengths[:, closed] = away
        if asked.timed:
            durations[closed, :] = durations[:, closed] = int(asked.windows[0, 1])
    unreachable = durations >= 2**31 - 1
    lengths[unreachable] = min(20 * int(lengths[~unreachable].max()), 2**31)
    durations[unreachable] = int(asked.windows[0, 1])
    np.fill_diagonal(lengths, 0)
    np.fill_diagonal(durations, 0)
    return lengths, durations


def _vehicle_type(asked: Asked, number: int, profile: int, scale: float, unit: np.ndarray) -> pyvrp.VehicleType:
    kind = asked.types[number]
    early, late = (int(second) for second in asked.windows[0])
    most = kind["max_span"] if kind["max_span"] is not None else late - early
    wage = round(asked.wage * scale)
    given: dict[str, object] = {"tw_early": early, "tw_late": late, "shift_duration": most} if asked.timed else {}
    fixed = kind["fixed"] * scale
    if wage and asked.min_paid:
        fixed += wage * asked.min_paid
        given |= {"shift_duration": asked.min_paid, "max_overtime": most - asked.min_paid, "unit_overtime_cost": wage}
    elif wage:
        given |= {"unit_duration_cost": wage}
    if kind["max_trips"] > 1:
        given |= {"reload_depots": [0], "max_reloads": kind["max_trips"] - 1}
    return pyvrp.VehicleType(
        num_available=min(kind["count"] or asked.nodes - 1, asked.nodes - 1),
        capacity=(np.array(kind["capacity"]) // unit).tolist(),
        fixed_cost=round(fixed),
        profile=profile,
        **given,
    )


if __name__ == "__main__":
    from importlib.metadata import version

    answer(solve, version("pyvrp"))
