"""A problem as arrays in canonical order: what the search works on.

Tasks are ordered by id. Types are ordered by what they are, never by what they are called, and types that differ
in nothing but name and count become one class, so that names and the order of the input cannot change an answer.

Everything that may be chosen at a stop – where to stand, which of its windows to meet, how late to be – is one list
of **options**. An option fixes the standing point, and with it one duration (the way to the door, service, further
rounds and the way back) and one span of moments at which the vehicle may stand parked. That is exact, since waiting
at the door and waiting in the vehicle cost the same. A day is a class and trips of options.

Point 0 of every class's tables is the depot.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fleetplan.planning.problem import LATE_STEP_S, Access, Problem, Task, VehicleType
from fleetplan.travel import UNREACHABLE

FAR_S = 1_000_000_000
"""Stands for an arc that cannot be driven: longer than any shift."""

NO_LIMIT = 1_000_000_000
"""Stands for a limit on stops or seconds that is not there."""

MOST_STEP = 1000.0
"""A level of priority weighs at most so much more than the one below: beyond that the search would lose cents. The
best solution is chosen by the levels themselves, without a limit."""

LOAD_TOLERANCE = 1e-9
"""Relative excess over a capacity that is rounding of sums, not load."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Seconds = NDArray[np.int32]
Day = tuple[int, tuple[tuple[int, ...], ...]]
"""A vehicle's day in the search: the number of its class, and per trip the options met."""


@dataclass(frozen=True, eq=False)
class Options:
    """Every way in which a class may serve a task, sorted by task; those that no day could hold are left out.

    Attributes:
        first: ``[n+1]``; those of task ``i`` are ``first[i] … first[i+1]-1``.
        task: ``[o]`` which task.
        access: ``[o]`` index into the type's access list of the task.
        point: ``[o]`` standing point, a row of the class's tables.
        out_s: ``[o]`` from parked to the door.
        duration_s: ``[o]`` from parked to back at the vehicle, without waiting.
        opens_s, closes_s: ``[o]`` earliest and latest moment to stand parked.
        price: ``[o]`` money for lateness.
    """

    first: Ints
    task: Ints
    access: Ints
    point: Ints
    out_s: Ints
    duration_s: Ints
    opens_s: Ints
    closes_s: Ints
    price: Floats


@dataclass(frozen=True, eq=False)
class TypeClass:
    """Vehicle types that are alike in everything but name and count.

    Attributes:
        names: ``(name, count)`` of the types, sorted by name; a count of ``None`` is unlimited.
        count: vehicles of all names together, at most one per task.
        capacity: kg, m³ and parcels on board, infinite where there is no limit.
        max_trips, max_stops, max_span_s: a day's limits, :data:`NO_LIMIT` where there is none.
        shift_s: earliest start of the first loading and latest return.
        loading_s, turnaround_s: at the depot before the first and before every further trip.
        time_s: ``int32[p, p]`` driving and parking, :data:`FAR_S` where there is no path.
        distance_m: ``int32[p, p]``.
        park_s: ``int32[p]`` what ``time_s`` holds for parking on arrival from elsewhere.
        energy_wh: ``float64[p, p]``, or ``None`` without a battery.
        usable_wh, charge_wh: full less reserve, and what one turnaround charges.
        options: how it may serve each task.
    """

    names: tuple[tuple[str, int | None], ...]
    count: int
    capacity: tuple[float, float, float]
    cost_per_day: float
    cost_per_m: float
    max_trips: int
    max_stops: int
    max_span_s: int
    shift_s: tuple[int, int]
    loading_s: int
    turnaround_s: int
    time_s: Seconds
    distance_m: Seconds
    park_s: Seconds
    energy_wh: Floats | None
    usable_wh: float
    charge_wh: float
    options: Options

    @property
    def allowed(self) -> NDArray[np.bool_]:
        """``[n]`` whether the class has any option for each task."""
        return np.diff(self.options.first) > 0


@dataclass(frozen=True, eq=False)
class Instance:
    """The whole problem in canonical order.

    Attributes:
        problem: where it came from.
        order: index of each canonical task in the problem's own order.
        deliver, collect: ``[n, 3]`` kg, m³, parcels.
        parcels: ``[n]`` all parcels of a task: what counts when it is left out.
        ready_s: ``[n]`` moment from which the goods can be loaded.
        priority: ``[n]``.
        classes: the vehicle classes.
        unserved_cost: ``[n]`` money that leaving a task out weighs; without a price it exceeds the cost of any plan.
    """

    problem: Problem
    order: tuple[int, ...]
    deliver: Floats
    collect: Floats
    parcels: Ints
    ready_s: Ints
    priority: Ints
    classes: tuple[TypeClass, ...]
    unserved_cost: Floats

    @property
    def size(self) -> int:
        """Number of tasks."""
        return len(self.order)

    @property
    def priced(self) -> bool:
        """Whether leaving a stop out has a price."""
        return self.problem.unserved_price_per_parcel is not None

    def only(self, chosen: Sequence[int]) -> Instance:
        """The same tasks for some of the classes."""
        classes = tuple(self.classes[c] for c in chosen)
        return replace(self, classes=classes, unserved_cost=_unserved_cost(self, classes))

    def tasks_of(self, day: Day) -> list[int]:
        """Tasks of a day, in order."""
        task = self.classes[day[0]].options.task
        return [int(task[option]) for trip in day[1] for option in trip]


def make_instance(problem: Problem) -> Instance:
    """The arrays of a valid problem."""
    order = tuple(sorted(range(len(problem.tasks)), key=lambda i: problem.tasks[i].id))
    tasks = [problem.tasks[i] for i in order]
    deliver = np.array([(t.weight_kg, t.volume_m3, t.parcels) for t in tasks], dtype=np.float64).reshape(-1, 3)
    collect = np.array([(t.collect_kg, t.collect_m3, t.collect_parcels) for t in tasks], dtype=np.float64)
    earliest = min(problem.shift_s[0], *(v.shift_s[0] for v in problem.types if v.shift_s), problem.shift_s[0])
    bare = Instance(
        problem=problem,
        order=order,
        deliver=deliver,
        collect=collect.reshape(-1, 3),
        parcels=np.array([t.all_parcels for t in tasks], dtype=np.int64),
        ready_s=np.array([earliest if t.ready_s is None else t.ready_s for t in tasks], dtype=np.int64),
        priority=np.array([t.priority for t in tasks], dtype=np.int64),
        classes=(),
        unserved_cost=np.zeros(len(order)),
    )
    tables: dict[tuple[object, ...], tuple[Seconds, Seconds, Seconds]] = {}
    made = [_class_of(bare, vehicle, tables) for vehicle in sorted(problem.types, key=lambda v: v.name)]
    classes = _merged(made, len(order))
    return replace(bare, classes=classes, unserved_cost=_unserved_cost(bare, classes))


def with_tolerance(capacity: float) -> float:
    """A capacity with room for the rounding of float sums."""
    return capacity + LOAD_TOLERANCE * max(1.0, capacity)


def usable_ways(problem: Problem, vehicle: VehicleType, task: int) -> list[tuple[int, Access]]:
    """Index and access of every way to meet a task that can be walked.

    Whether the vehicle gets there is the search's affair: a place without a drive from the depot may have one from
    another stop.
    """
    return [(index, way) for index, way in enumerate(vehicle.access[task]) if way.walk_m <= problem.max_walk_m]


def start_spans(task: Task, *, latest_s: int) -> Iterator[tuple[int, int, float]]:
    """Spans in which service may start, with the price of each: the windows, then the steps of lateness.

    Nothing starts after ``latest_s``, the end of the shift.
    """
    for opens_s, closes_s in task.windows_s:
        yield opens_s, closes_s, 0.0
    if task.late is None:
        return
    closed_s = task.windows_s[-1][1]
    for step in range(math.ceil((min(task.late.until_s, latest_s) - closed_s) / LATE_STEP_S)):
        begins_s = closed_s + step * LATE_STEP_S
        ends_s = min(begins_s + LATE_STEP_S, task.late.until_s, latest_s)
        yield begins_s + 1, ends_s, task.late.price_per_h * (step + 1) * LATE_STEP_S / 3600.0


def _class_of(
    bare: Instance, vehicle: VehicleType, tables: dict[tuple[object, ...], tuple[Seconds, Seconds, Seconds]]
) -> TypeClass:
    problem, battery = bare.problem, vehicle.battery
    shift_s = vehicle.shift_s or problem.shift_s
    rows: list[tuple[int, int, int, int, int, int, int, float]] = []
    for node, i in enumerate(bare.order):
        task = problem.tasks[i]
        for index, way in usable_ways(problem, vehicle, i):
            for opens_s, closes_s, price in start_spans(task, latest_s=shift_s[1]):
                opens_s = max(shift_s[0], opens_s - way.walk_out_s)
                closes_s = min(shift_s[1], closes_s - way.walk_out_s)
                duration_s = way.walk_s + task.service_s
                rows.append((node, index, way.point, way.walk_out_s, duration_s, opens_s, closes_s, price))
    table = np.array(rows, dtype=np.float64).reshape(-1, 8).T
    node, access, raw, out_s, duration_s, opens_s, closes_s = (column.astype(np.int64) for column in table[:7])
    points = np.unique(np.concatenate([[0], raw]))
    key = (id(vehicle.table.time_s), id(vehicle.table.distance_m), vehicle.park_s, points.tobytes())
    if key not in tables:
        tables[key] = _tables(vehicle, points)
    time_s, distance_m, park_s = tables[key]
    point = np.searchsorted(points, raw)
    energy_wh = _energy(vehicle, points, distance_m)
    usable_wh = 0.0 if battery is None else battery.capacity_wh - battery.reserve_wh
    stand_s = 0 if battery is None else battery.stand_s
    limits = (vehicle.capacity_kg, vehicle.capacity_m3, vehicle.capacity_parcels)
    capacity = tuple(math.inf if limit is None else float(limit) for limit in limits)
    most = np.array([with_tolerance(c) for c in capacity])
    max_span_s = NO_LIMIT if vehicle.max_span_s is None else vehicle.max_span_s

    # Bounds hold whatever comes before and after: the quickest way to the point, the quickest one home from it.
    fits = np.all(np.concatenate([bare.deliver, bare.collect], axis=1) <= np.tile(most, 2), axis=1)
    to, fro = _quickest(time_s, point, axis=0), _quickest(time_s, point, axis=1)
    leaves_s = np.maximum(shift_s[0], bare.ready_s[node]) + problem.reload_s
    served_s = np.maximum(opens_s, leaves_s + to)
    possible = fits[node] & (opens_s <= closes_s) & (served_s <= closes_s)
    possible &= (served_s + duration_s + fro <= shift_s[1]) & (problem.reload_s + to + duration_s + fro <= max_span_s)
    first = np.searchsorted(node[possible], np.arange(bare.size + 1))
    options = Options(
        first=first.astype(np.int64),
        task=node[possible],
        access=access[possible],
        point=point[possible],
        out_s=out_s[possible],
        duration_s=duration_s[possible],
        opens_s=opens_s[possible],
        closes_s=closes_s[possible],
        price=table[7][possible],
    )
    return TypeClass(
        names=((vehicle.name, vehicle.count),),
        count=bare.size if vehicle.count is None else min(bare.size, vehicle.count),
        capacity=(capacity[0], capacity[1], capacity[2]),
        cost_per_day=float(vehicle.cost_per_day),
        cost_per_m=float(vehicle.cost_per_km) / 1000.0,
        max_trips=vehicle.max_trips,
        max_stops=NO_LIMIT if vehicle.max_stops is None else vehicle.max_stops,
        max_span_s=max_span_s,
        shift_s=shift_s,
        loading_s=problem.reload_s,
        turnaround_s=problem.reload_s + stand_s,
        time_s=time_s,
        distance_m=distance_m,
        park_s=park_s,
        energy_wh=energy_wh,
        usable_wh=usable_wh,
        charge_wh=0.0 if battery is None else battery.charge_w * (problem.reload_s + stand_s) / 3600.0,
        options=options,
    )


def _quickest(time_s: Seconds, point: Ints, *, axis: int) -> Ints:
    """Seconds of the quickest way from the depot to each point (``axis=0``), or back (1), by whatever other points.

    Dijkstra's algorithm over the full table; the direct arcs, unless the table breaks the triangle inequality.
    """
    arcs = time_s if axis == 0 else time_s.T
    least = arcs[0].astype(np.int64)
    least[0] = 0
    waiting = least.copy()
    while True:
        u = int(waiting.argmin())
        if waiting[u] >= FAR_S:
            return np.asarray(least[point], dtype=np.int64)
        waiting[u] = np.iinfo(np.int64).max
        better = least[u] + arcs[u] < least
        least[better] = least[u] + arcs[u, better]
        waiting[better] = least[better]


def _tables(vehicle: VehicleType, points: Ints) -> tuple[Seconds, Seconds, Seconds]:
    whole = len(points) == vehicle.table.size
    raw_s, raw_m = vehicle.table.time_s[0], vehicle.table.distance_m[0]
    if not whole:
        raw_s, raw_m = raw_s[np.ix_(points, points)], raw_m[np.ix_(points, points)]
    park_s = np.array(vehicle.park_s, dtype=np.int32)[points]
    absent = raw_s == UNREACHABLE
    time_s = raw_s + park_s[None, :]
    np.fill_diagonal(time_s, np.diagonal(raw_s))
    time_s[absent] = FAR_S
    distance_m = raw_m.copy()
    distance_m[absent] = 0
    return np.ascontiguousarray(time_s), np.ascontiguousarray(distance_m), park_s


def _energy(vehicle: VehicleType, points: Ints, distance_m: Seconds) -> Floats | None:
    if vehicle.battery is None:
        return None
    stated = vehicle.table.extra.get("energy_wh")
    if stated is None:
        return np.asarray(distance_m * (vehicle.battery.wh_per_km / 1000.0), dtype=np.float64)
    return np.asarray(stated[0][np.ix_(points, points)], dtype=np.float64)


def _merged(made: Sequence[TypeClass], tasks: int) -> tuple[TypeClass, ...]:
    """Equal classes as one, in an order that no name decides."""
    figures = [_figures(one) for one in made]
    found: dict[tuple[object, ...], TypeClass] = {}
    for one, key in zip(made, figures, strict=True):
        content = (*key, _digest(one) if figures.count(key) > 1 else "")
        known = found.get(content)
        if known is not None:
            count = min(tasks, known.count + one.count)
            one = replace(known, names=known.names + one.names, count=count)
        found[content] = one
    return tuple(found[key] for key in sorted(found))


def _figures(one: TypeClass) -> tuple[object, ...]:
    return (
        one.cost_per_day,
        one.capacity,
        one.cost_per_m,
        one.max_trips,
        one.max_stops,
        one.max_span_s,
        one.shift_s,
        one.turnaround_s,
        one.usable_wh,
        one.charge_wh,
        len(one.options.task),
        int(one.options.duration_s.sum()),
    )


def _digest(one: TypeClass) -> str:
    digest = hashlib.sha256()
    options = one.options
    columns = (options.task, options.access, options.point, options.out_s, options.duration_s, options.opens_s)
    energy = () if one.energy_wh is None else (one.energy_wh,)
    for array in (*columns, options.closes_s, options.price, one.time_s, one.distance_m, *energy):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _unserved_cost(bare: Instance, classes: Sequence[TypeClass]) -> Floats:
    """Money per task left out: its price, or more than any plan costs, and more again for each level of priority."""
    problem = bare.problem
    parcels = bare.parcels.astype(np.float64)
    price = problem.unserved_price_per_parcel
    if price is not None:
        own = [problem.tasks[i].unserved_price_per_parcel for i in bare.order]
        return parcels * np.array([price if x is None else x for x in own], dtype=np.float64)
    day = [
        c.cost_per_day
        + problem.pay.cost(c.shift_s[1] - c.shift_s[0])
        + c.cost_per_m * 2.0 * float(c.distance_m.max(initial=0))
        for c in classes
    ]
    late = [float(c.options.price.max(initial=0.0)) for c in classes]
    bound = 2.0 * max(1, bare.size) * (max(day, default=0.0) + max(late, default=0.0))
    weight = np.full(bare.size, bound if bound > 0 else 1.0)
    for level in np.unique(bare.priority)[1:]:
        lower = float(parcels[bare.priority < level].sum())
        weight[bare.priority >= level] *= min(1.0 + lower, MOST_STEP)
    return np.asarray(parcels * weight, dtype=np.float64)
