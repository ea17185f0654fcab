"""Plans as JSON documents that carry their problem, and back.

A document is a plain JSON value of schema ``fleetplan.plan/1``; reading one gives the same problem and plan again,
so that a checker needs nothing else. Keys that this page does not know are left alone, so others may add to it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fleetplan.errors import Fault, InputError, Refusal, faults_of_validation
from fleetplan.planning.plan import Plan, Route, StoppedBy, Trip, Unserved, Visit
from fleetplan.planning.problem import Access, Pay, Problem, Task, VehicleType
from fleetplan.planning.validating import validate_problem
from fleetplan.travel import UNREACHABLE, TravelTable

SCHEMA = "fleetplan.plan/1"
DOOR_WALK_M = 30.0
"""A stop is served at the door up to this walk, one way, unless ``problem.labels["door_walk_m"]`` says otherwise."""

REMEDY = "restore the file from where it was written"


def plan_document(problem: Problem, plan: Plan) -> dict[str, Any]:
    """A plan with its problem as a JSON value.

    Every visit also says where the vehicle stands (``lat``, ``lon``) and whether the stop is ``served`` at the
    ``door`` or ``on_foot``. An arc without a path is ``null`` in the tables.
    """
    return {
        "schema": SCHEMA,
        "problem": _problem_document(problem),
        "routes": [_route_document(problem, route) for route in plan.routes],
        "unserved": [
            {
                "stop": entry.stop,
                **_refusal_document(entry.reason),
                "by_type": {name: _refusal_document(entry.by_type[name]) for name in sorted(entry.by_type)},
            }
            for entry in plan.unserved
        ],
        "cost": plan.cost,
        "unserved_parcels": plan.unserved_parcels,
        "stopped_by": plan.stopped_by,
        "effort": list(plan.effort),
    }


def read_plan_document(document: object) -> tuple[Problem, Plan]:
    """The problem and the plan of a document; the plan is not checked beyond its form (see ``verify``).

    Raises:
        InputError: the document is not of this schema; all faults at once.
    """
    if not isinstance(document, dict):
        raise InputError.one("plan.document", "plan", "", "the document is no JSON object", REMEDY)
    if document.get("schema") != SCHEMA:
        message = f"{document.get('schema')!r:.60} is not {SCHEMA!r}"
        raise InputError.one("plan.schema", "plan", "schema", message, "give a plan file written by this version")
    try:
        parsed = _PlanModel.model_validate(document)
    except ValidationError as error:
        raise InputError(
            Fault(f.code, f.where, f.field, f.message, REMEDY)
            for f in faults_of_validation(_plain(error), where="plan", code="plan")
        ) from None
    faults: list[Fault] = []
    types = [_type(entry, faults) for entry in parsed.problem.types]
    if faults:
        raise InputError(faults)
    problem = _problem(parsed.problem, tuple(vehicle for vehicle in types if vehicle is not None))
    faults = validate_problem(problem)
    if faults:
        raise InputError(faults)
    return problem, _plan(parsed)


def _problem_document(problem: Problem) -> dict[str, Any]:
    pay = problem.pay
    return {
        "tasks": [
            {
                "id": t.id,
                "parcels": t.parcels,
                "weight_kg": t.weight_kg,
                "volume_m3": t.volume_m3,
                "window_s": list(t.window_s),
                "service_s": t.service_s,
            }
            for t in problem.tasks
        ],
        "types": [_type_document(v) for v in problem.types],
        "shift_s": list(problem.shift_s),
        "reload_s": problem.reload_s,
        "pay": {
            "wage_per_h": pay.wage_per_h,
            "min_s": pay.min_s,
            "overtime_after_s": pay.overtime_after_s,
            "overtime_factor": pay.overtime_factor,
        },
        "max_walk_m": problem.max_walk_m if np.isfinite(problem.max_walk_m) else None,
        "unserved_price_per_parcel": problem.unserved_price_per_parcel,
        "labels": dict(problem.labels),
    }


def _type_document(vehicle: VehicleType) -> dict[str, Any]:
    table = vehicle.table
    return {
        "name": vehicle.name,
        "count": vehicle.count,
        "capacity_kg": vehicle.capacity_kg,
        "capacity_m3": vehicle.capacity_m3,
        "capacity_parcels": vehicle.capacity_parcels,
        "cost_per_day": vehicle.cost_per_day,
        "distance_cost_per_km": vehicle.distance_cost_per_km,
        "energy_cost_per_km": vehicle.energy_cost_per_km,
        "max_trips": vehicle.max_trips,
        "table": {
            "type": table.type,
            "lat": table.lat.tolist(),
            "lon": table.lon.tolist(),
            "time_s": _matrix_document(table.time_s),
            "distance_m": _matrix_document(table.distance_m),
            "extra": {name: _matrix_document(table.extra[name]) for name in sorted(table.extra)},
        },
        "park_s": list(vehicle.park_s),
        "access": [
            [[w.point, w.walk_m, w.rounds, w.walk_out_s, w.walk_back_s] for w in ways] for ways in vehicle.access
        ],
        "refusals": [None if refusal is None else _refusal_document(refusal) for refusal in vehicle.refusals],
    }


def _matrix_document(array: NDArray[np.int32]) -> list[list[list[int | None]]]:
    never = int(UNREACHABLE)
    return [[[None if x == never else x for x in row] for row in period] for period in array.tolist()]


def _refusal_document(refusal: Refusal) -> dict[str, Any]:
    return {"code": refusal.code, "text": refusal.text, "data": dict(refusal.data)}


def _route_document(problem: Problem, route: Route) -> dict[str, Any]:
    vehicle = next(v for v in problem.types if v.name == route.type)
    numbers = {task.id: index for index, task in enumerate(problem.tasks)}
    limit = problem.labels.get("door_walk_m", DOOR_WALK_M)
    door_walk_m = float(limit) if isinstance(limit, (int, float)) else DOOR_WALK_M

    def visit_document(visit: Visit) -> dict[str, Any]:
        way = vehicle.access[numbers[visit.stop]][visit.access]
        return {
            "stop": visit.stop,
            "access": visit.access,
            "arrive_s": visit.arrive_s,
            "start_s": visit.start_s,
            "depart_s": visit.depart_s,
            "park_s": visit.park_s,
            "walk_m": visit.walk_m,
            "walk_s": visit.walk_s,
            "wait_s": visit.wait_s,
            "served": "on_foot" if way.walk_m > door_walk_m else "door",
            "lat": float(vehicle.table.lat[way.point]),
            "lon": float(vehicle.table.lon[way.point]),
        }

    return {
        "id": route.id,
        "type": route.type,
        "start_s": route.start_s,
        "end_s": route.end_s,
        "trips": [
            {
                "load_s": trip.load_s,
                "depart_s": trip.depart_s,
                "return_s": trip.return_s,
                "visits": [visit_document(visit) for visit in trip.visits],
            }
            for trip in route.trips
        ],
    }


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False)


_Int = Annotated[int, Field(ge=-(2**53), le=2**53)]
_Real = Annotated[float, Field(strict=True)]
_Pair = Annotated[list[_Int], Field(min_length=2, max_length=2)]
_Cell = Annotated[int, Field(ge=0, lt=2**31)] | None
_Way = tuple[_Int, _Real, _Int, _Int, _Int]


class _RefusalModel(_Model):
    code: str
    text: str
    data: dict[str, Any] = Field(default_factory=dict)


class _TaskModel(_Model):
    id: str
    parcels: _Int
    weight_kg: _Real
    volume_m3: _Real
    window_s: _Pair
    service_s: _Int


class _TableModel(_Model):
    type: str
    lat: list[_Real]
    lon: list[_Real]
    time_s: list[list[list[_Cell]]]
    distance_m: list[list[list[_Cell]]]
    extra: dict[str, list[list[list[_Cell]]]] = Field(default_factory=dict)


class _TypeModel(_Model):
    name: str
    count: _Int | None
    capacity_kg: _Real | None
    capacity_m3: _Real | None
    capacity_parcels: _Int | None
    cost_per_day: _Real
    distance_cost_per_km: _Real
    energy_cost_per_km: _Real
    max_trips: _Int
    table: _TableModel
    park_s: list[_Int]
    access: list[list[Annotated[list[_Real], Field(min_length=5, max_length=5)]]]
    refusals: list[_RefusalModel | None]


class _PayModel(_Model):
    wage_per_h: _Real
    min_s: _Int
    overtime_after_s: _Int
    overtime_factor: _Real


class _ProblemModel(_Model):
    tasks: list[_TaskModel]
    types: list[_TypeModel]
    shift_s: _Pair
    reload_s: _Int
    pay: _PayModel
    max_walk_m: _Real | None
    unserved_price_per_parcel: _Real | None
    labels: dict[str, Any] = Field(default_factory=dict)


class _VisitModel(_Model):
    stop: str
    access: _Int
    arrive_s: _Int
    start_s: _Int
    depart_s: _Int
    park_s: _Int
    walk_m: _Real
    walk_s: _Int
    wait_s: _Int


class _TripModel(_Model):
    load_s: _Int
    depart_s: _Int
    return_s: _Int
    visits: list[_VisitModel]


class _RouteModel(_Model):
    id: str
    type: str
    start_s: _Int
    end_s: _Int
    trips: list[_TripModel]


class _UnservedModel(_Model):
    stop: str
    code: str
    text: str
    data: dict[str, Any] = Field(default_factory=dict)
    by_type: dict[str, _RefusalModel] = Field(default_factory=dict)


class _PlanModel(_Model):
    schema_: Literal["fleetplan.plan/1"] = Field(alias="schema")
    problem: _ProblemModel
    routes: list[_RouteModel]
    unserved: list[_UnservedModel]
    cost: _Real
    unserved_parcels: _Int
    stopped_by: StoppedBy
    effort: _Pair


def _plain(error: ValidationError) -> list[Mapping[str, Any]]:
    return [dict(entry) for entry in error.errors(include_url=False)]


def _type(entry: _TypeModel, faults: list[Fault]) -> VehicleType | None:
    where = f"plan problem.types {entry.name}"
    table: TravelTable | None = None
    try:
        table = TravelTable(
            entry.table.type,
            np.array(entry.table.lat, dtype=np.float64),
            np.array(entry.table.lon, dtype=np.float64),
            _matrix(entry.table.time_s),
            _matrix(entry.table.distance_m),
            {name: _matrix(rows) for name, rows in entry.table.extra.items()},
        )
    except ValueError as error:
        faults.append(Fault("plan.table", where, "table", f"{error}", REMEDY))
    if any(x != int(x) for ways in entry.access for way in ways for x in (way[0], *way[2:])):
        faults.append(Fault("plan.access", where, "access", "points, rounds and seconds are whole numbers", REMEDY))
    if table is None or faults:
        return None
    ways = tuple(tuple(Access(int(w[0]), w[1], int(w[2]), int(w[3]), int(w[4])) for w in ways) for ways in entry.access)
    return VehicleType(
        name=entry.name,
        count=entry.count,
        capacity_kg=entry.capacity_kg,
        capacity_m3=entry.capacity_m3,
        capacity_parcels=entry.capacity_parcels,
        cost_per_day=entry.cost_per_day,
        distance_cost_per_km=entry.distance_cost_per_km,
        energy_cost_per_km=entry.energy_cost_per_km,
        max_trips=entry.max_trips,
        table=table,
        park_s=tuple(entry.park_s),
        access=ways,
        refusals=tuple(None if r is None else Refusal(r.code, r.text, r.data) for r in entry.refusals),
    )


def _matrix(periods: list[list[list[int | None]]]) -> NDArray[np.int32]:
    """Raises ``ValueError`` for rows of different lengths."""
    never = int(UNREACHABLE)
    rows = [[[never if x is None else x for x in row] for row in period] for period in periods]
    return np.array(rows, dtype=np.int32)


def _problem(entry: _ProblemModel, types: tuple[VehicleType, ...]) -> Problem:
    return Problem(
        tasks=tuple(
            Task(t.id, t.parcels, t.weight_kg, t.volume_m3, (t.window_s[0], t.window_s[1]), t.service_s)
            for t in entry.tasks
        ),
        types=types,
        shift_s=(entry.shift_s[0], entry.shift_s[1]),
        reload_s=entry.reload_s,
        pay=Pay(entry.pay.wage_per_h, entry.pay.min_s, entry.pay.overtime_after_s, entry.pay.overtime_factor),
        max_walk_m=np.inf if entry.max_walk_m is None else entry.max_walk_m,
        unserved_price_per_parcel=entry.unserved_price_per_parcel,
        labels=entry.labels,
    )


def _plan(entry: _PlanModel) -> Plan:
    routes = tuple(
        Route(
            route.id,
            route.type,
            route.start_s,
            route.end_s,
            tuple(
                Trip(trip.load_s, trip.depart_s, trip.return_s, tuple(Visit(**dict(v)) for v in trip.visits))
                for trip in route.trips
            ),
        )
        for route in entry.routes
    )
    unserved = tuple(
        Unserved(
            e.stop,
            Refusal(e.code, e.text, e.data),
            {name: Refusal(r.code, r.text, r.data) for name, r in e.by_type.items()},
        )
        for e in entry.unserved
    )
    effort = (entry.effort[0], entry.effort[1])
    return Plan(routes, unserved, entry.cost, entry.unserved_parcels, entry.stopped_by, effort)


def read_plan_file(path: Path) -> tuple[Problem, Plan]:
    """Problem and plan of a plan file.

    Raises:
        InputError: the file is absent or no JSON, or its content has faults (all at once).
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        raise InputError.one("plan.unreadable", path.name, "", message, "check the path of the plan file") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        message = f"is not JSON: {error}"
        raise InputError.one("plan.json", path.name, "", message, "give a file that a comparison wrote") from None
    return read_plan_document(document)
