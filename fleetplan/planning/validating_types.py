"""Faults of the vehicle types of a problem."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleetplan.errors import Fault
from fleetplan.planning.problem import Access, Battery, Problem, VehicleType
from fleetplan.planning.validating_values import (
    LARGEST,
    LATEST_S,
    check_amount,
    check_count,
    check_seconds,
    fault,
    is_whole,
    span_of,
)
from fleetplan.travel import UNREACHABLE, TravelTable


def check_type(faults: list[Fault], where: str, vehicle: VehicleType, problem: Problem) -> None:
    """Gathers everything wrong with a type. Tables may break the triangle inequality: real ones do."""
    if vehicle.count is not None:
        check_count(faults, where, "count", vehicle.count, code="count", least=0)
    for name in ("capacity_kg", "capacity_m3", "capacity_parcels"):
        if getattr(vehicle, name) is not None:
            check_amount(faults, where, name, getattr(vehicle, name))
    for name in ("cost_per_day", "distance_cost_per_km", "energy_cost_per_km"):
        check_amount(faults, where, name, getattr(vehicle, name))
    if not is_whole(vehicle.max_trips, 1, 1000):
        message = f"{vehicle.max_trips!r:.60} is no count of trips"
        faults.append(fault("max_trips", where, "max_trips", message, "1 to 1000"))
    if vehicle.shift_s is not None:
        span = span_of(vehicle.shift_s)
        if span is None or span[0] == span[1]:
            message = f"{vehicle.shift_s!r:.60} is no span of time"
            faults.append(fault("shift", where, "shift_s", message, "end after it starts"))
    if vehicle.max_span_s is not None:
        check_seconds(faults, where, "max_span_s", vehicle.max_span_s, least=1)
    if vehicle.max_stops is not None:
        check_count(faults, where, "max_stops", vehicle.max_stops, code="max_stops", least=1)
    if vehicle.battery is not None:
        _check_battery(faults, where, vehicle.battery)
    table = vehicle.table
    if len(table.time_s) < 1 or len(table.distance_m) < 1 or table.size < 1:
        faults.append(fault("table", where, "table", "the table is empty", "give the depot and a period"))
        return
    _check_table(faults, where, table)
    _check_lists(faults, where, vehicle, len(problem.tasks))
    for index, ways in enumerate(vehicle.access):
        for way in ways:
            if not _is_sound(way, table.size):
                _check_way(faults, f"{where} access[{index}]", way, table.size)


def _check_battery(faults: list[Fault], where: str, battery: Battery) -> None:
    place = f"{where} battery"
    known = len(faults)
    for name in ("capacity_wh", "reserve_wh", "wh_per_km", "charge_w"):
        check_amount(faults, place, name, getattr(battery, name))
    check_seconds(faults, place, "stand_s", battery.stand_s)
    if len(faults) == known and battery.reserve_wh > battery.capacity_wh:
        message = f"the reserve {battery.reserve_wh:.6g} Wh is more than the battery holds, {battery.capacity_wh:.6g}"
        faults.append(fault("battery", place, "reserve_wh", message, "keep the reserve below the capacity"))


def _check_table(faults: list[Fault], where: str, table: TravelTable) -> None:
    time_s, distance_m = table.time_s, table.distance_m
    names = {"time_s": time_s, "distance_m": distance_m, **table.extra}
    if any(_lowest(array) < 0 for array in names.values()):
        faults.append(fault("table", where, "table", "a time, length or use is negative", "correct the table"))
    if any(len(array) < 1 or bool(np.diagonal(array[0]).any()) for array in names.values()):
        faults.append(fault("table", where, "table", "a point lies away from itself", "zero the diagonal"))
    never = time_s[0] == UNREACHABLE
    if bool(((time_s[0] > LATEST_S) & ~never).any()):
        message = f"a time is beyond {LATEST_S:.0e} s and would overflow sums of 32 bits"
        remedy = "mark pairs without a path as such (UNREACHABLE, in a file null)"
        faults.append(fault("table", where, "table", message, remedy))
    for name, array in names.items():
        if len(array) and bool(((array[0] == UNREACHABLE) & ~never).any()):
            message = f"time_s has a path where {name} has none"
            faults.append(fault("table", where, "table", message, "mark a pair without a path in all of them"))


def _lowest(array: NDArray[np.int32]) -> int:
    return int(array.min(initial=0))


def _check_lists(faults: list[Fault], where: str, vehicle: VehicleType, tasks: int) -> None:
    for name, length, want in (
        ("park_s", len(vehicle.park_s), vehicle.table.size),
        ("access", len(vehicle.access), tasks),
        ("refusals", len(vehicle.refusals), tasks),
    ):
        if length != want:
            message = f"has {length} entries, not {want}"
            faults.append(fault("length", where, name, message, "one entry per point or task"))
    if any(not is_whole(p, 0) for p in vehicle.park_s) or vehicle.park_s[:1] not in ((0,), ()):
        message = "an entry is negative, no whole number, or not 0 at the depot"
        faults.append(fault("park", where, "park_s", message, "seconds from 0; 0 at the depot"))


def _is_sound(way: Access, size: int) -> bool:
    """The usual case at a glance: a large problem has tens of thousands of ways."""
    return (
        type(way.point) is int
        and 0 <= way.point < size
        and type(way.rounds) is int
        and 1 <= way.rounds <= LATEST_S
        and type(way.walk_m) is float
        and 0.0 <= way.walk_m <= LARGEST
        and type(way.walk_out_s) is int
        and 0 <= way.walk_out_s <= LATEST_S
        and type(way.walk_back_s) is int
        and 0 <= way.walk_back_s <= LATEST_S
    )


def _check_way(faults: list[Fault], where: str, way: Access, size: int) -> None:
    if not is_whole(way.point, 0, size - 1):
        message = f"{way.point!r:.60} is no point of the table"
        faults.append(fault("point", where, "point", message, f"0 to {size - 1}"))
    check_count(faults, where, "rounds", way.rounds, code="rounds", least=1)
    check_amount(faults, where, "walk_m", way.walk_m)
    check_seconds(faults, where, "walk_out_s", way.walk_out_s)
    check_seconds(faults, where, "walk_back_s", way.walk_back_s)
