"""A benchmark's case in numbers that every engine can be given, and the same as a problem of fleetplan.

What a tick of length is, how lengths are rounded and what a plan costs follows the convention under which each set's
best known solutions are stated. Times and lengths are whole numbers, small enough for 32 bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fleetplan.errors import Refusal
from fleetplan.planning.problem import Access, Pay, Problem, Task, VehicleType
from fleetplan.travel import TravelTable
from tests.benchmarks.vrplib import Instance, VrplibError, read_instance, read_solution

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Table = NDArray[np.int32]

EXACT_HFVRP = frozenset(["X125", "X134", "X139", "X233", "X237", "X336", "X344", "X586", "X599", "X613"])
"""The HFVRP instances whose cost is stated in exact lengths, divided by 100."""

NO_TIME_S = 10**7
"""End of the day where a set knows no time: later than any tour over all clients."""


@dataclass(frozen=True)
class Day:
    """A vehicle's day: the number of its type in ``Case.types``, and the clients (from 1) of each of its trips."""

    kind: int
    trips: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, eq=False)
class CaseType:
    """Vehicles that are equal.

    Attributes:
        name: of the type in the problem.
        count: how many there are; ``None`` for as many as wanted.
        capacity: per trip, as many entries as ``Case.demand`` has columns.
        fixed: cost of a vehicle used, in the set's unit.
        per_tick: cost of a tick of length, likewise.
        matrix: its row of ``Case.lengths`` and ``Case.durations``.
        allowed: ``bool[nodes]``, whom it may visit.
        vehicles: their numbers in the set's file; empty where any number will do.
        max_span: longest day; ``None`` for no limit.
        max_trips: most trips of a day.
    """

    name: str
    count: int | None
    capacity: tuple[int, ...]
    fixed: float
    per_tick: float
    matrix: int
    allowed: NDArray[np.bool_]
    vehicles: tuple[int, ...] = ()
    max_span: int | None = None
    max_trips: int = 1


@dataclass(frozen=True, eq=False)
class Case:
    """An instance of a benchmark. Node 0 is the depot.

    Attributes:
        name, set: of the instance and of its set.
        types: the vehicles.
        lengths, durations: ``int64[nodes, nodes]`` for each matrix: ticks of length, units of time.
        exact: lengths in ticks before rounding, where the cost counts these; else ``None``.
        demand: ``int64[nodes, kinds of load]``.
        service: ``int64[nodes]``, time at each node.
        windows: ``int64[nodes, 2]``, when service may start; of the depot: the working day.
        release: ``int64[nodes]``, from when the goods are at the depot.
        loading: time of loading before each trip.
        wage: cost of a unit of time from the start of the first loading to the last return.
        min_paid: least time that is paid.
        digits: to how many digits the set states costs.
        timed: whether time plays any part.
        best_known: cost of the best known solution.
        given: the problem of fleetplan that the case was made from, where it was.
    """

    name: str
    set: str
    types: tuple[CaseType, ...]
    lengths: tuple[Ints, ...]
    durations: tuple[Ints, ...]
    exact: Floats | None
    demand: Ints
    service: Ints
    windows: Ints
    release: Ints
    loading: int = 0
    wage: float = 0.0
    min_paid: int = 0
    digits: int = 0
    timed: bool = True
    best_known: float | None = None
    given: Problem | None = None

    @property
    def clients(self) -> int:
        """Number of clients."""
        return len(self.service) - 1

    @cached_property
    def problem(self) -> Problem:
        """The case as a problem of fleetplan, with the set's unit of cost as money."""
        return self.given or _problem_of(self)


def read_case(path: Path) -> Case:
    """A case from a VRPLIB file, with the best known cost from the solution beside it if there is one.

    Raises:
        VrplibError: the file is broken or of a type that is none of the sets.
    """
    instance = read_instance(path)
    kind = instance.specifications.get("TYPE", "")
    if kind not in _CONVENTIONS:
        raise VrplibError(f"{path.name}: type {kind!r} is none of {', '.join(_CONVENTIONS)}")
    beside = path.with_suffix(".sol")
    best = read_solution(beside)[1] if beside.is_file() else None
    return _case_of(instance, path.stem, kind, best)


def days_of(case: Case, routes: dict[int, list[list[int]]]) -> list[Day]:
    """A solution file's routes as days; the number of a route tells its vehicle where the set says so."""
    kind = {number: index for index, group in enumerate(case.types) for number in group.vehicles}
    return [Day(kind.get(number, 0), tuple(map(tuple, trips))) for number, trips in sorted(routes.items())]


def routes_of(case: Case, days: Sequence[Day]) -> dict[int, list[list[int]]]:
    """The opposite of :func:`days_of`: each day under the number of a vehicle of its type."""
    left = [iter(group.vehicles) for group in case.types]
    spare = iter(range(1 + max((number for group in case.types for number in group.vehicles), default=0), 10**9))
    return {next(left[day.kind], None) or next(spare): [list(trip) for trip in day.trips] for day in days}


@dataclass(frozen=True)
class _Convention:
    """How a set counts: ticks for a unit of its coordinates, rounding, ticks in a unit of its cost, its digits."""

    ticks: int
    rounding: Callable[[Floats], Floats]
    ticks_per_cost: float
    digits: int
    timed: bool


_CONVENTIONS = {
    "HFVRP": _Convention(1000, np.round, 1.0, 0, timed=False),
    "SDVRPTW": _Convention(1000, np.round, 1.0, 0, timed=True),
    "VRPTW": _Convention(10, np.trunc, 10.0, 1, timed=True),
    "MTVRPTWR": _Convention(10, np.trunc, 1.0, 0, timed=True),
    "CVRP": _Convention(1, np.round, 1.0, 0, timed=False),
}


def _case_of(instance: Instance, name: str, kind: str, best: float | None) -> Case:
    nodes = instance.dimension
    rule = _CONVENTIONS[kind]
    exact = kind == "HFVRP" and name.split("-")[0] in EXACT_HFVRP
    coordinates = instance.pairs("NODE_COORD")
    if coordinates is None or instance.specifications.get("EDGE_WEIGHT_TYPE") != "EUC_2D":
        raise VrplibError(f"{instance.name}: no coordinates of the plane")
    across = coordinates[:, None, :] - coordinates[None, :, :]
    plane = np.sqrt((across**2).sum(axis=2))
    lengths = rule.rounding(plane * rule.ticks).astype(np.int64)
    windows = np.tile(np.array([0, NO_TIME_S], dtype=np.int64), (nodes, 1))
    if rule.timed:
        given = instance.pairs("TIME_WINDOW")
        if given is None:
            raise VrplibError(f"{instance.name}: no time windows")
        windows = _whole(given * rule.ticks)
    service = _whole(instance.column("SERVICE_TIME", nodes, default=0.0) * rule.ticks)
    service[0] = 0
    release = _whole(instance.column("RELEASE_TIME", nodes, default=0.0) * rule.ticks)
    per_cost = 100.0 * rule.ticks if exact else rule.ticks_per_cost
    fixed_unit = 1.0 / 100.0 if exact else rule.ticks / rule.ticks_per_cost
    return Case(
        name=name,
        set=kind,
        types=_types_of(instance, rule, per_tick=1.0 / per_cost, fixed_unit=fixed_unit),
        lengths=(lengths,),
        durations=(lengths if rule.timed else _whole(plane),),
        exact=plane * rule.ticks if exact else None,
        demand=_whole(instance.column("DEMAND", nodes))[:, None],
        service=service,
        windows=windows,
        release=release,
        digits=2 if exact else rule.digits,
        timed=rule.timed,
        best_known=best,
    )


def _types_of(instance: Instance, rule: _Convention, *, per_tick: float, fixed_unit: float) -> tuple[CaseType, ...]:
    """Equal vehicles as one type, in the order of their first ones."""
    nodes = instance.dimension
    given = instance.number("VEHICLES")
    vehicles = int(given) if given is not None else 1
    capacity = _whole(instance.column("CAPACITY", vehicles))
    fixed = instance.column("VEHICLES_FIXED_COST", vehicles, default=0.0)
    unit = instance.column("VEHICLES_UNIT_DISTANCE_COST", vehicles, default=1.0)
    span = instance.number("VEHICLES_MAX_DURATION")
    reloads = "VEHICLES_RELOAD_DEPOT" in instance.sections
    allowed = np.ones((vehicles, nodes), dtype=np.bool_)
    if "VEHICLES_ALLOWED_CLIENTS" in instance.sections:
        allowed[:, 1:] = False
        for row, listed in enumerate(instance.sections["VEHICLES_ALLOWED_CLIENTS"]):
            allowed[row, [int(node) - 1 for node in listed]] = True
    groups: dict[tuple[object, ...], list[int]] = {}
    for row in range(vehicles):
        groups.setdefault((capacity[row], fixed[row], unit[row], allowed[row].tobytes()), []).append(row)
    return tuple(
        CaseType(
            name=f"type-{number}",
            count=len(rows) if given is not None and len(rows) < nodes - 1 else None,
            capacity=(int(capacity[rows[0]]),),
            fixed=float(fixed[rows[0]]) * fixed_unit,
            per_tick=float(unit[rows[0]]) * per_tick,
            matrix=0,
            allowed=allowed[rows[0]],
            vehicles=tuple(row + 1 for row in rows) if given is not None else (),
            max_span=None if span is None else int(span * rule.ticks),
            max_trips=_most_trips(instance) if reloads else 1,
        )
        for number, rows in enumerate(groups.values(), start=1)
    )


def _most_trips(instance: Instance) -> int:
    """More trips than this do not fit into the day: each serves somebody."""
    day = instance.sections["TIME_WINDOW"][0]
    shortest = float(instance.column("SERVICE_TIME", instance.dimension)[1:].min())
    return int(min(instance.dimension - 1, 1000, (day[1] - day[0]) // max(1.0, shortest)))


def _whole(figures: Floats) -> Ints:
    return np.round(figures).astype(np.int64)


def _problem_of(case: Case) -> Problem:
    tasks = tuple(
        Task(
            id=str(node),
            parcels=1,
            weight_kg=float(case.demand[node, 0]),
            volume_m3=0.0,
            windows_s=((int(case.windows[node, 0]), int(case.windows[node, 1])),),
            service_s=int(case.service[node]),
            ready_s=int(case.release[node]) or None,
        )
        for node in range(1, case.clients + 1)
    )
    early, late = (int(second) for second in case.windows[0])
    tables = [
        (durations[None].astype(np.int32), lengths[None].astype(np.int32))
        for durations, lengths in zip(case.durations, case.lengths, strict=True)
    ]
    return Problem(
        tasks=tasks,
        types=tuple(_vehicle_type(case, group, *tables[group.matrix]) for group in case.types),
        shift_s=(early, late),
        reload_s=case.loading,
        pay=Pay(wage_per_h=case.wage * 3600.0, min_s=case.min_paid, overtime_after_s=late, overtime_factor=1.0),
        max_walk_m=0.0,
    )


def _vehicle_type(case: Case, group: CaseType, time_s: Table, distance_m: Table) -> VehicleType:
    """A type; types of one matrix share its arrays."""
    nodes = case.clients + 1
    refused = Refusal("site", "this vehicle does not serve this client")
    allowed = group.allowed[1:].tolist()
    return VehicleType(
        name=group.name,
        count=group.count,
        capacity_kg=float(group.capacity[0]),
        capacity_m3=None,
        capacity_parcels=None,
        cost_per_day=group.fixed,
        distance_cost_per_km=group.per_tick * 1000.0,
        energy_cost_per_km=0.0,
        max_trips=group.max_trips,
        table=TravelTable(
            type=group.name,
            lat=np.zeros(nodes),
            lon=np.zeros(nodes),
            time_s=time_s,
            distance_m=distance_m,
        ),
        park_s=(0,) * nodes,
        access=tuple((Access(node, 0.0, 1, 0, 0),) if free else () for node, free in enumerate(allowed, start=1)),
        refusals=tuple(None if free else refused for free in allowed),
        max_span_s=group.max_span,
    )
