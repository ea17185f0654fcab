"""A problem as arrays in canonical order: what the search works on.

Tasks are ordered by id. Types are ordered by what they are, never by what they are called, and types that differ
in nothing but name and count become one class, so that names and the order of the input cannot change an answer.

Nodes ``0 … n-1`` are the tasks, node ``n`` is the depot. Everything a vehicle does at a task – the way to the
door, service, further rounds and the way back – is one duration; the window is shifted to the moment at which the
vehicle stands parked. That is exact, since waiting at the door and waiting in the vehicle cost the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fleetplan.planning.problem import Problem, VehicleType
from fleetplan.travel import UNREACHABLE

FAR_S = 1.0e9
"""Stands for an arc that cannot be driven: longer than any shift."""

LOAD_TOLERANCE = 1e-9
"""Relative excess over a capacity that is rounding of sums, not load."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TypeClass:
    """Vehicle types that are alike in everything but name and count.

    Attributes:
        names: ``(name, count)`` of the types, sorted by name; a count of ``None`` is unlimited.
        count: vehicles of all names together, at most one per task.
        capacity: kg, m³ and parcels per trip, infinite where there is no limit.
        time_s: ``[n+1, n+1]`` driving and parking, :data:`FAR_S` where there is no path.
        distance_m: ``[n+1, n+1]``.
        out_s: ``[n]`` from parked to the door.
        duration_s: ``[n]`` from parked to back at the vehicle, without waiting.
        opens_s, closes_s: ``[n]`` earliest and latest moment to stand parked.
        allowed: ``[n]`` whether a vehicle of this class could serve the task if it did nothing else.
        access: ``[n]`` index into the type's access list of the task; -1 where there is none.
    """

    names: tuple[tuple[str, int | None], ...]
    count: int
    capacity: tuple[float, float, float]
    cost_per_day: float
    cost_per_m: float
    max_trips: int
    time_s: Floats
    distance_m: Floats
    out_s: Floats
    duration_s: Floats
    opens_s: Floats
    closes_s: Floats
    allowed: NDArray[np.bool_]
    access: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Instance:
    """The whole problem in canonical order.

    Attributes:
        problem: where it came from.
        order: index of each canonical task in the problem's own order.
        loads: ``[n, 3]`` kg, m³, parcels.
        classes: the vehicle classes.
        unserved_cost: ``[n]`` money that leaving a task out weighs; without a price it exceeds the cost of any plan.
    """

    problem: Problem
    order: tuple[int, ...]
    loads: Floats
    classes: tuple[TypeClass, ...]
    unserved_cost: Floats

    @property
    def size(self) -> int:
        """Number of tasks; also the depot's node number."""
        return len(self.order)

    def only(self, chosen: Sequence[int]) -> Instance:
        """The same tasks for some of the classes."""
        classes = tuple(self.classes[c] for c in chosen)
        return replace(self, classes=classes, unserved_cost=_unserved_cost(self.problem, self.loads, classes))


def pick_access(vehicle: VehicleType, task: int, *, max_walk_m: float) -> int:
    """The first way to meet a task that can be walked and driven to and from, or -1."""
    time_s = vehicle.table.time_s[0]
    for index, access in enumerate(vehicle.access[task]):
        there, back = time_s[0, access.point], time_s[access.point, 0]
        if access.walk_m <= max_walk_m and there != UNREACHABLE and back != UNREACHABLE:
            return index
    return -1


def make_instance(problem: Problem) -> Instance:
    """The arrays of a valid problem."""
    order = tuple(sorted(range(len(problem.tasks)), key=lambda i: problem.tasks[i].id))
    tasks = [problem.tasks[i] for i in order]
    loads = np.array([(t.weight_kg, t.volume_m3, t.parcels) for t in tasks], dtype=np.float64).reshape(-1, 3)
    found: dict[tuple[object, ...], TypeClass] = {}
    for vehicle in sorted(problem.types, key=lambda v: v.name):
        made = _class_of(problem, vehicle, order, loads)
        key = _content(made)
        known = found.get(key)
        if known is not None:
            count = min(len(order), known.count + made.count)
            made = replace(known, names=known.names + made.names, count=count)
        found[key] = made
    classes = tuple(found[key] for key in sorted(found))
    return Instance(problem, order, loads, classes, _unserved_cost(problem, loads, classes))


def _class_of(problem: Problem, vehicle: VehicleType, order: tuple[int, ...], loads: Floats) -> TypeClass:
    n = len(order)
    access = np.array([pick_access(vehicle, i, max_walk_m=problem.max_walk_m) for i in order], dtype=np.int64)
    points = np.zeros(n + 1, dtype=np.int64)
    out, duration, opens, closes = np.zeros(n), np.zeros(n), np.zeros(n), np.full(n, -FAR_S)
    start_s, end_s = problem.shift_s
    for node, i in enumerate(order):
        if access[node] < 0:
            continue
        task, way = problem.tasks[i], vehicle.access[i][access[node]]
        points[node] = way.point
        out[node] = way.walk_out_s
        duration[node] = way.walk_s + task.service_s
        opens[node] = max(start_s, task.window_s[0] - way.walk_out_s)
        closes[node] = min(end_s, task.window_s[1] - way.walk_out_s)
    raw_s = vehicle.table.time_s[0][np.ix_(points, points)]
    park = np.array(vehicle.park_s, dtype=np.float64)[points]
    moved = points[:, None] != points[None, :]
    time_s = np.where(raw_s == UNREACHABLE, FAR_S, raw_s + np.where(moved, park[None, :], 0.0))
    time_s[:, n] = np.where(raw_s[:, n] == UNREACHABLE, FAR_S, raw_s[:, n])
    distance_m = np.where(raw_s == UNREACHABLE, 0, vehicle.table.distance_m[0][np.ix_(points, points)])
    served_s = np.maximum(opens, start_s + problem.reload_s + time_s[n, :n])
    limits = (vehicle.capacity_kg, vehicle.capacity_m3, vehicle.capacity_parcels)
    capacity = tuple(np.inf if limit is None else float(limit) for limit in limits)
    fits = (loads <= np.array([with_tolerance(c) for c in capacity])).all(axis=1)
    in_time = (served_s <= closes) & (served_s + duration + time_s[:n, n] <= end_s)
    count = n if vehicle.count is None else min(n, vehicle.count)
    return TypeClass(
        names=((vehicle.name, vehicle.count),),
        count=count,
        capacity=(capacity[0], capacity[1], capacity[2]),
        cost_per_day=float(vehicle.cost_per_day),
        cost_per_m=float(vehicle.cost_per_km) / 1000.0,
        max_trips=vehicle.max_trips,
        time_s=time_s,
        distance_m=distance_m.astype(np.float64),
        out_s=out,
        duration_s=duration,
        opens_s=opens,
        closes_s=closes,
        allowed=(access >= 0) & fits & in_time,
        access=access,
    )


def with_tolerance(capacity: float) -> float:
    """A capacity with room for the rounding of float sums."""
    return capacity + LOAD_TOLERANCE * max(1.0, capacity)


def _content(made: TypeClass) -> tuple[object, ...]:
    """What a class is, without names and counts: the key that merges and orders classes."""
    digest = hashlib.sha256()
    for array in (made.time_s, made.distance_m, made.out_s, made.duration_s, made.opens_s, made.closes_s, made.access):
        digest.update(np.ascontiguousarray(array).tobytes())
    return (made.cost_per_day, made.capacity, made.cost_per_m, made.max_trips, digest.hexdigest())


def _unserved_cost(problem: Problem, loads: Floats, classes: tuple[TypeClass, ...]) -> Floats:
    parcels = loads[:, 2]
    if problem.unserved_price_per_parcel is not None:
        return parcels * float(problem.unserved_price_per_parcel)
    shift = problem.shift_s[1] - problem.shift_s[0]
    day = [
        c.cost_per_day + problem.pay.cost(shift) + c.cost_per_m * 2.0 * (c.max_trips + 1) * float(c.distance_m.max())
        for c in classes
    ]
    bound = 2.0 * max(1, len(loads)) * max(day, default=0.0)
    return parcels * (bound if bound > 0 else 1.0)
