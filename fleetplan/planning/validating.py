"""Faults of a problem, all at once, for those who build one themselves."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from fleetplan.errors import Fault
from fleetplan.planning.problem import Problem, Task, VehicleType

LATEST_S = 10**8
"""No clock of a day goes beyond this; it keeps sums of times far from overflow."""

LARGEST = 1e15
"""Prices and loads beyond this lose whole units in floats."""


def validate_problem(problem: Problem) -> list[Fault]:
    """Everything wrong with a problem; empty when it can be solved."""
    faults: list[Fault] = []
    start_s, end_s = problem.shift_s
    if not (_number(start_s) and _number(end_s) and -LATEST_S <= start_s < end_s <= LATEST_S):
        faults.append(
            _fault(
                "problem.shift", "problem", "shift_s", f"{problem.shift_s} is no span of time", "end after it starts"
            )
        )
    _check_amount(faults, "problem", "reload_s", problem.reload_s, limit=LATEST_S)
    _check_amount(faults, "problem", "max_walk_m", problem.max_walk_m, finite=False)
    if problem.unserved_price_per_parcel is not None:
        _check_amount(faults, "problem", "unserved_price_per_parcel", problem.unserved_price_per_parcel)
    pay = problem.pay
    _check_amount(faults, "problem.pay", "wage_per_h", pay.wage_per_h)
    _check_amount(faults, "problem.pay", "min_s", pay.min_s, limit=LATEST_S)
    _check_amount(faults, "problem.pay", "overtime_after_s", pay.overtime_after_s, limit=LATEST_S)
    if not (_number(pay.overtime_factor) and 1 <= pay.overtime_factor <= LARGEST):
        faults.append(
            _fault("problem.pay", "problem.pay", "overtime_factor", f"{pay.overtime_factor!r} is below 1", "1 or more")
        )
    if not problem.types:
        faults.append(
            _fault("problem.empty_fleet", "problem", "types", "the fleet is empty", "give one vehicle type or more")
        )
    for kind, names in (("tasks", [t.id for t in problem.tasks]), ("types", [t.name for t in problem.types])):
        for name, times in sorted(Counter(map(str, names)).items()):
            if times > 1:
                message = f"{name!r} occurs {times} times"
                faults.append(_fault("problem.duplicate", f"problem.{kind}", "id", message, "give each its own"))
    for index, task in enumerate(problem.tasks):
        _check_task(faults, f"problem.tasks[{index}] {task.id}", task, problem)
    for vehicle in problem.types:
        _check_type(faults, f"problem.types {vehicle.name}", vehicle, problem)
    return faults


def _check_task(faults: list[Fault], where: str, task: Task, problem: Problem) -> None:
    if not (_number(task.parcels) and 1 <= task.parcels <= LATEST_S and task.parcels == int(task.parcels)):
        faults.append(
            _fault("problem.parcels", where, "parcels", f"{task.parcels!r} is no count", "a whole number from 1")
        )
    _check_amount(faults, where, "weight_kg", task.weight_kg)
    _check_amount(faults, where, "volume_m3", task.volume_m3)
    _check_amount(faults, where, "service_s", task.service_s, limit=LATEST_S)
    opens, closes = task.window_s
    if not (_number(opens) and _number(closes) and opens <= closes):
        message = f"{task.window_s} is no span of time"
        faults.append(_fault("problem.window", where, "window_s", message, "give it an end after its start"))
    elif closes < problem.shift_s[0] or opens > problem.shift_s[1]:
        message = f"{task.window_s} lies outside the shift {problem.shift_s}"
        faults.append(_fault("problem.window", where, "window_s", message, "move the window or the shift"))


def _check_type(faults: list[Fault], where: str, vehicle: VehicleType, problem: Problem) -> None:
    tasks = len(problem.tasks)
    if vehicle.count is not None and not (_number(vehicle.count) and vehicle.count >= 0):
        faults.append(_fault("problem.count", where, "count", f"{vehicle.count!r} is no count", "0, more, or None"))
    for name in ("capacity_kg", "capacity_m3", "capacity_parcels"):
        if getattr(vehicle, name) is not None:
            _check_amount(faults, where, name, getattr(vehicle, name))
    for name in ("cost_per_day", "distance_cost_per_km", "energy_cost_per_km"):
        _check_amount(faults, where, name, getattr(vehicle, name))
    if not (_number(vehicle.max_trips) and 1 <= vehicle.max_trips <= 1000):
        faults.append(
            _fault("problem.max_trips", where, "max_trips", f"{vehicle.max_trips!r} is no count of trips", "1 to 1000")
        )
    table = vehicle.table
    if len(table.time_s) < 1 or table.size < 1:
        faults.append(_fault("problem.table", where, "table", "the table is empty", "give the depot and a period"))
        return
    if bool((table.time_s < 0).any()) or bool((table.distance_m < 0).any()):
        faults.append(_fault("problem.table", where, "table", "a time or length is negative", "correct the table"))
    if bool(np.diagonal(table.time_s[0]).any()) or bool(np.diagonal(table.distance_m[0]).any()):
        faults.append(_fault("problem.table", where, "table", "a point lies away from itself", "zero the diagonal"))
    for name, length, want in (
        ("park_s", len(vehicle.park_s), table.size),
        ("access", len(vehicle.access), tasks),
        ("refusals", len(vehicle.refusals), tasks),
    ):
        if length != want:
            message = f"has {length} entries, not {want}"
            faults.append(_fault("problem.length", where, name, message, "one entry per point or task"))
    if any(not (_number(p) and 0 <= p <= LATEST_S) for p in vehicle.park_s) or vehicle.park_s[:1] not in ((0,), ()):
        message = "an entry is negative, no number, or not 0 at the depot"
        faults.append(_fault("problem.park", where, "park_s", message, "seconds from 0; 0 at the depot"))
    for index, ways in enumerate(vehicle.access):
        for way in ways:
            place = f"{where} access[{index}]"
            if not (_number(way.point) and 0 <= way.point < table.size):
                message = f"{way.point!r} is no point of the table"
                faults.append(_fault("problem.point", place, "point", message, f"0 to {table.size - 1}"))
            if not (_number(way.rounds) and way.rounds >= 1):
                faults.append(_fault("problem.rounds", place, "rounds", f"{way.rounds!r} is no count", "1 or more"))
            _check_amount(faults, place, "walk_m", way.walk_m)
            _check_amount(faults, place, "walk_out_s", way.walk_out_s, limit=LATEST_S)
            _check_amount(faults, place, "walk_back_s", way.walk_back_s, limit=LATEST_S)


def _number(value: object) -> bool:
    return isinstance(value, (int, float, np.number)) and type(value) is not bool and bool(np.isfinite(value))


def _check_amount(
    faults: list[Fault], where: str, field: str, value: float, *, limit: float = LARGEST, finite: bool = True
) -> None:
    if not finite and value == math.inf:
        return
    if not (_number(value) and 0 <= value <= limit):
        remedy = f"a number from 0 to {limit:.0e}"
        faults.append(_fault("problem.amount", where, field, f"{value!r} is negative, too large or no number", remedy))


def _fault(code: str, where: str, field: str, message: str, remedy: str) -> Fault:
    return Fault(code, where, field, message, remedy)
