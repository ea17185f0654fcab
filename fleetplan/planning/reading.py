"""Problem and plan of a plan document (see ``documents``), with every fault of a damaged one told at once.

Keys that this page does not know are left alone, so others may add to a document.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator

from fleetplan.errors import Fault, InputError, Refusal, faults_of_validation
from fleetplan.planning.documents import SCHEMA
from fleetplan.planning.matrices import matrix_of_packed, matrix_of_rows
from fleetplan.planning.plan import Pause, Plan, Route, StoppedBy, Trip, Unserved, Visit
from fleetplan.planning.problem import (
    Access,
    Battery,
    DrivingRule,
    Lateness,
    Pay,
    Problem,
    Rest,
    Task,
    VehicleType,
)
from fleetplan.planning.validating import validate_problem
from fleetplan.travel import TravelTable

REMEDY = "restore the file from where it was written"


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


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False)


_Int = Annotated[int, Field(ge=-(2**53), le=2**53)]
_Real = Annotated[float, Field(strict=True)]
_Pair = Annotated[list[_Int], Field(min_length=2, max_length=2)]
_Cell = Annotated[int, Field(ge=0, lt=2**31)] | None


class _RefusalModel(_Model):
    code: str
    text: str
    data: dict[str, Any] = Field(default_factory=dict)


class _LatenessModel(_Model):
    price_per_h: _Real
    until_s: _Int


class _TaskModel(_Model):
    id: str
    parcels: _Int
    weight_kg: _Real
    volume_m3: _Real
    windows_s: list[_Pair]
    service_s: _Int
    collect_parcels: _Int = 0
    collect_kg: _Real = 0.0
    collect_m3: _Real = 0.0
    late: _LatenessModel | None = None
    ready_s: _Int | None = None
    priority: _Int = 0
    unserved_price_per_parcel: _Real | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_window(cls, value: object) -> object:
        """Documents written before a stop could have several windows say ``window_s``."""
        if isinstance(value, dict) and "window_s" in value and "windows_s" not in value:
            return {**value, "windows_s": [value["window_s"]]}
        return value


class _PackedModel(_Model):
    shape: Annotated[list[Annotated[int, Field(ge=0, lt=2**31)]], Field(min_length=3, max_length=3)]
    bytes: Annotated[int, Field(ge=1, le=4)]
    base64: str


def _form(value: object) -> str:
    return "packed" if isinstance(value, (dict, _PackedModel)) else "rows"


_Matrix = Annotated[
    Annotated[list[list[list[_Cell]]], Tag("rows")] | Annotated[_PackedModel, Tag("packed")], Discriminator(_form)
]


class _TableModel(_Model):
    type: str
    lat: list[_Real]
    lon: list[_Real]
    time_s: _Matrix
    distance_m: _Matrix
    extra: dict[str, _Matrix] = Field(default_factory=dict)


class _BatteryModel(_Model):
    capacity_wh: _Real
    reserve_wh: _Real
    wh_per_km: _Real
    charge_w: _Real = 0.0
    stand_s: _Int = 0


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
    shift_s: _Pair | None = None
    max_span_s: _Int | None = None
    max_stops: _Int | None = None
    battery: _BatteryModel | None = None


class _PayModel(_Model):
    wage_per_h: _Real
    min_s: _Int
    overtime_after_s: _Int
    overtime_factor: _Real


class _RestModel(_Model):
    duration_s: _Int
    window_s: _Pair
    after_s: _Int = 0
    paid: bool = False


class _DrivingRuleModel(_Model):
    limit_s: _Int
    rest_s: _Int
    paid: bool = False


class _ProblemModel(_Model):
    tasks: list[_TaskModel]
    types: list[_TypeModel]
    shift_s: _Pair
    reload_s: _Int
    pay: _PayModel
    max_walk_m: _Real | None
    unserved_price_per_parcel: _Real | None
    rests: list[_RestModel] = Field(default_factory=list)
    driving_rule: _DrivingRuleModel | None = None
    docks: _Int | None = None
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
    late_s: _Int = 0


class _TripModel(_Model):
    load_s: _Int
    depart_s: _Int
    return_s: _Int
    visits: list[_VisitModel]


class _PauseModel(_Model):
    trip: _Int
    after: _Int
    start_s: _Int
    end_s: _Int
    paid: bool


class _RouteModel(_Model):
    id: str
    type: str
    start_s: _Int
    end_s: _Int
    trips: list[_TripModel]
    rests: list[_PauseModel] = Field(default_factory=list)


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
            {name: _matrix(array) for name, array in entry.table.extra.items()},
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
        shift_s=None if entry.shift_s is None else _pair(entry.shift_s),
        max_span_s=entry.max_span_s,
        max_stops=entry.max_stops,
        battery=None if entry.battery is None else Battery(**dict(entry.battery)),
    )


def _matrix(entry: _PackedModel | list[list[list[int | None]]]) -> NDArray[np.int32]:
    """Raises ``ValueError`` for numbers that fill no array."""
    if isinstance(entry, _PackedModel):
        return matrix_of_packed(entry.shape, entry.bytes, entry.base64)
    return matrix_of_rows(entry)


def _pair(values: list[int]) -> tuple[int, int]:
    return values[0], values[1]


def _task(entry: _TaskModel) -> Task:
    values = dict(entry)
    values["windows_s"] = tuple(_pair(window) for window in entry.windows_s)
    values["late"] = None if entry.late is None else Lateness(**dict(entry.late))
    return Task(**values)


def _rest(entry: _RestModel) -> Rest:
    return Rest(entry.duration_s, _pair(entry.window_s), entry.after_s, entry.paid)


def _problem(entry: _ProblemModel, types: tuple[VehicleType, ...]) -> Problem:
    return Problem(
        tasks=tuple(_task(task) for task in entry.tasks),
        types=types,
        shift_s=_pair(entry.shift_s),
        reload_s=entry.reload_s,
        pay=Pay(**dict(entry.pay)),
        max_walk_m=np.inf if entry.max_walk_m is None else entry.max_walk_m,
        unserved_price_per_parcel=entry.unserved_price_per_parcel,
        rests=tuple(_rest(rest) for rest in entry.rests),
        driving_rule=None if entry.driving_rule is None else DrivingRule(**dict(entry.driving_rule)),
        docks=entry.docks,
        labels=entry.labels,
    )


def _route(entry: _RouteModel) -> Route:
    trips = tuple(
        Trip(trip.load_s, trip.depart_s, trip.return_s, tuple(Visit(**dict(visit)) for visit in trip.visits))
        for trip in entry.trips
    )
    rests = tuple(Pause(**dict(pause)) for pause in entry.rests)
    return Route(entry.id, entry.type, entry.start_s, entry.end_s, trips, rests)


def _plan(entry: _PlanModel) -> Plan:
    unserved = tuple(
        Unserved(
            e.stop,
            Refusal(e.code, e.text, e.data),
            {name: Refusal(r.code, r.text, r.data) for name, r in e.by_type.items()},
        )
        for e in entry.unserved
    )
    routes = tuple(_route(route) for route in entry.routes)
    effort = (entry.effort[0], entry.effort[1])
    return Plan(routes, unserved, entry.cost, entry.unserved_parcels, entry.stopped_by, effort)
