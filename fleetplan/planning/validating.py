"""Faults of a problem, all at once, for those who build one themselves."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from fleetplan.errors import Fault
from fleetplan.planning.problem import MOST_PRIORITY, Lateness, Pay, Problem, Rest, Task, VehicleType
from fleetplan.planning.validating_types import check_type
from fleetplan.planning.validating_values import (
    LARGEST,
    LATEST_S,
    check_amount,
    check_count,
    check_seconds,
    fault,
    is_number,
    is_whole,
    span_of,
)
from fleetplan.travel import UNREACHABLE


def validate_problem(problem: Problem) -> list[Fault]:
    """Everything wrong with a problem; empty when it can be solved."""
    faults: list[Fault] = []
    span = span_of(problem.shift_s)
    if span is None or span[0] == span[1]:
        message = f"{problem.shift_s!r:.60} is no span of time"
        faults.append(fault("shift", "problem", "shift_s", message, "end after it starts"))
    check_seconds(faults, "problem", "reload_s", problem.reload_s)
    check_amount(faults, "problem", "max_walk_m", problem.max_walk_m, finite=False)
    if problem.unserved_price_per_parcel is not None:
        check_amount(faults, "problem", "unserved_price_per_parcel", problem.unserved_price_per_parcel)
    if problem.docks is not None:
        check_count(faults, "problem", "docks", problem.docks, code="docks", least=1)
    _check_pay(faults, problem.pay)
    for number, rest in enumerate(problem.rests):
        _check_rest(faults, f"problem.rests[{number}]", rest)
    if problem.driving_rule is not None:
        check_seconds(faults, "problem.driving_rule", "limit_s", problem.driving_rule.limit_s, least=1)
        check_seconds(faults, "problem.driving_rule", "rest_s", problem.driving_rule.rest_s, least=1)
        _check_truth(faults, "problem.driving_rule", "paid", problem.driving_rule.paid)
    if not problem.types:
        message = "the fleet is empty"
        faults.append(fault("empty_fleet", "problem", "types", message, "give one vehicle type or more"))
    for kind, names in (("tasks", [t.id for t in problem.tasks]), ("types", [t.name for t in problem.types])):
        for name, times in sorted(Counter(map(str, names)).items()):
            if times > 1:
                message = f"{name!r} occurs {times} times"
                faults.append(fault("duplicate", f"problem.{kind}", "id", message, "give each its own"))
    spans = [span_of(problem.shift_s if v.shift_s is None else v.shift_s) for v in problem.types]
    shifts = [shift for shift in (spans or [span]) if shift is not None]
    for index, task in enumerate(problem.tasks):
        _check_task(faults, f"problem.tasks[{index}] {task.id}", task, problem, shifts)
    for vehicle in problem.types:
        check_type(faults, f"problem.types {vehicle.name}", vehicle, problem)
    if not faults:
        _check_sums(faults, problem)
    return faults


def _check_pay(faults: list[Fault], pay: Pay) -> None:
    check_amount(faults, "problem.pay", "wage_per_h", pay.wage_per_h)
    check_amount(faults, "problem.pay", "min_s", pay.min_s, limit=LATEST_S)
    check_amount(faults, "problem.pay", "overtime_after_s", pay.overtime_after_s, limit=LATEST_S)
    if not (is_number(pay.overtime_factor) and 1 <= pay.overtime_factor <= LARGEST):
        message = f"{pay.overtime_factor!r:.60} is below 1"
        faults.append(fault("pay", "problem.pay", "overtime_factor", message, "1 or more"))


def _check_rest(faults: list[Fault], where: str, rest: Rest) -> None:
    check_seconds(faults, where, "duration_s", rest.duration_s, least=1)
    check_seconds(faults, where, "after_s", rest.after_s)
    _check_truth(faults, where, "paid", rest.paid)
    if span_of(rest.window_s) is None:
        message = f"{rest.window_s!r:.60} is no span of time"
        faults.append(fault("window", where, "window_s", message, "earliest and latest second of its start"))


def _check_truth(faults: list[Fault], where: str, field: str, value: object) -> None:
    if not isinstance(value, bool):
        faults.append(fault("amount", where, field, f"{value!r:.60} is neither true nor false", "True or False"))


def _check_task(faults: list[Fault], where: str, task: Task, problem: Problem, shifts: list[tuple[int, int]]) -> None:
    counts = (task.parcels, task.collect_parcels)
    for name, count in zip(("parcels", "collect_parcels"), counts, strict=True):
        if not is_whole(count, 0):
            message = f"{count!r:.60} is no count"
            faults.append(fault("parcels", where, name, message, "a whole number from 0"))
    if all(is_whole(count, 0) for count in counts) and sum(counts) < 1:
        message = "nothing is delivered and nothing collected"
        faults.append(fault("parcels", where, "parcels", message, "a parcel or more, delivered or collected"))
    for name in ("weight_kg", "volume_m3", "collect_kg", "collect_m3"):
        check_amount(faults, where, name, getattr(task, name))
    check_seconds(faults, where, "service_s", task.service_s)
    if task.ready_s is not None and not is_whole(task.ready_s, -LATEST_S):
        message = f"{task.ready_s!r:.60} is no second of a day"
        faults.append(fault("amount", where, "ready_s", message, "whole seconds after midnight"))
    if isinstance(task.priority, bool) or not is_whole(task.priority, 0, MOST_PRIORITY):
        message = f"{task.priority!r:.60} is no priority"
        faults.append(fault("priority", where, "priority", message, f"a whole number from 0 to {MOST_PRIORITY}"))
    if task.unserved_price_per_parcel is not None:
        check_amount(faults, where, "unserved_price_per_parcel", task.unserved_price_per_parcel)
        if problem.unserved_price_per_parcel is None:
            message = "the stop has a price, the problem has none"
            remedy = "give the problem a price as well, or the stop a priority"
            faults.append(fault("price", where, "unserved_price_per_parcel", message, remedy))
    _check_windows(faults, where, task, shifts)


def _check_windows(faults: list[Fault], where: str, task: Task, shifts: list[tuple[int, int]]) -> None:
    spans = [span_of(window) for window in task.windows_s] if isinstance(task.windows_s, (tuple, list)) else []
    windows = [span for span in spans if span is not None]
    if not spans or len(windows) < len(spans):
        message = f"{task.windows_s!r:.60} holds no window, or one that is no span of time"
        remedy = "one window or more, each with an end after its start"
        faults.append(fault("window", where, "windows_s", message, remedy))
        return
    if any(before[1] >= after[0] for before, after in pairwise(windows)):
        message = f"{task.windows_s!r:.60} are not in order and apart"
        faults.append(fault("window", where, "windows_s", message, "sort them and join those that touch"))
        return
    starts = list(windows)
    if task.late is not None and _check_lateness(faults, f"{where} late", task.late, windows[-1][1]):
        starts.append((windows[-1][1], task.late.until_s))
    if shifts and not any(opens <= end and closes >= start for opens, closes in starts for start, end in shifts):
        message = f"{task.windows_s!r:.60} lies outside the shift {shifts[0]}"
        faults.append(fault("window", where, "windows_s", message, "move the window or the shift"))


def _check_lateness(faults: list[Fault], where: str, late: Lateness, closed_s: int) -> bool:
    """Whether the end of lateness makes sense."""
    check_amount(faults, where, "price_per_h", late.price_per_h)
    if is_whole(late.until_s, -LATEST_S) and late.until_s > closed_s:
        return True
    message = f"{late.until_s!r:.60} is not after the last window, which closes at {closed_s}"
    faults.append(fault("late", where, "until_s", message, "a second after the last window"))
    return False


def _check_sums(faults: list[Fault], problem: Problem) -> None:
    """Sums over the day keep whole units as well: the load of all stops, and no plan costs too much to count."""
    tasks = problem.tasks
    for name in ("parcels", "weight_kg", "volume_m3", "collect_parcels", "collect_kg", "collect_m3"):
        total = sum(float(getattr(task, name)) for task in tasks)
        if total > LARGEST:
            _overflow(faults, name, f"the sum over all stops is {total:.3g}")
    price = problem.unserved_price_per_parcel
    if price is not None:
        own = [price if t.unserved_price_per_parcel is None else t.unserved_price_per_parcel for t in tasks]
        total = sum(float(x) * t.all_parcels for x, t in zip(own, tasks, strict=True))
        if total > LARGEST:
            _overflow(faults, "unserved_price_per_parcel", f"all stops left out would cost {total:.3g}")
    total = sum(_latest_price(task) for task in tasks)
    if total > LARGEST:
        _overflow(faults, "late.price_per_h", f"all stops served as late as allowed would cost {total:.3g}")
    for vehicle in problem.types:
        total = len(tasks) * _dearest_day(problem, vehicle)
        if total > LARGEST:
            _overflow(faults, f"types {vehicle.name}", f"a vehicle for every stop could cost {total:.3g}")


def _latest_price(task: Task) -> float:
    if task.late is None:
        return 0.0
    return float(task.late.price_per_h) * ((task.late.until_s - task.windows_s[-1][1]) / 3600.0 + 0.25)


def _dearest_day(problem: Problem, vehicle: VehicleType) -> float:
    """More than a day to one stop and back can cost."""
    start_s, end_s = problem.shift_s if vehicle.shift_s is None else vehicle.shift_s
    metres = vehicle.table.distance_m[0]
    farthest_m = float(metres.max(initial=0, where=metres != UNREACHABLE))
    wages = problem.pay.cost(float(end_s - start_s))
    return float(vehicle.cost_per_day) + wages + float(vehicle.cost_per_km) * 2.0 * farthest_m / 1000.0


def _overflow(faults: list[Fault], field: str, message: str) -> None:
    remedy = f"use larger units: sums above {LARGEST:.0e} lose whole units"
    faults.append(fault("overflow", "problem", field, message, remedy))
