"""The rules of whole trips, days and depots, for the independent checker: load, rests, driving, battery, docks.

Like the checker itself it shares no line with the solver: each rule is read off the problem's docstrings and checked
against what a plan states.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from fleetplan.errors import Fault
from fleetplan.planning.plan import Pause, Route
from fleetplan.planning.problem import DrivingRule, Problem, Rest, Task, VehicleType

ROUNDING = 1e-6
"""Figures of a plan file are rounded to six digits; differences within that are none."""


@dataclass(frozen=True, slots=True)
class Leg:
    """A drive of trip number ``trip`` (from 0) that follows ``after`` of its visits."""

    trip: int
    after: int
    drive_s: int
    energy_wh: float


@dataclass(frozen=True, slots=True)
class Loading:
    """A dock in use."""

    start_s: int
    end_s: int
    where: str


def fault(code: str, where: str, field: str, message: str, remedy: str) -> Fault:
    """A fault of a plan."""
    return Fault(f"plan.{code}", where, field, message, remedy)


def check_load(where: str, tasks: Sequence[Task], vehicle: VehicleType) -> list[Fault]:
    """A trip's load on every leg: what is still to be delivered, and what has been collected."""
    faults = []
    limits = (
        ("kg", vehicle.capacity_kg, [(task.weight_kg, task.collect_kg) for task in tasks]),
        ("m3", vehicle.capacity_m3, [(task.volume_m3, task.collect_m3) for task in tasks]),
        ("parcels", vehicle.capacity_parcels, [(task.parcels, task.collect_parcels) for task in tasks]),
    )
    for unit, capacity, amounts in limits:
        if capacity is None:
            continue
        load = most = sum(delivered for delivered, _ in amounts)
        fullest = 0
        for number, (delivered, collected) in enumerate(amounts, start=1):
            load += collected - delivered
            if load > most:
                most, fullest = load, number
        if not most <= capacity + ROUNDING * (max(1.0, capacity) + len(amounts)):
            place = f"after stop {tasks[fullest - 1].id}" if fullest else "from the depot"
            message = f"carries {most:.6g} {place}, a {vehicle.name} takes {capacity:.6g}"
            faults.append(fault("overload", where, unit, message, "split the load over two trips"))
    return faults


def check_battery(where: str, vehicle: VehicleType, problem: Problem, used_wh: Sequence[float]) -> list[Fault]:
    """The state of charge, from full in the morning, over the trips' use and the charging before each further one."""
    battery = vehicle.battery
    if battery is None:
        return []
    faults = []
    charged_wh = battery.charge_w * (problem.reload_s + battery.stand_s) / 3600.0
    left_wh = battery.capacity_wh
    for number, used in enumerate(used_wh, start=1):
        if number > 1:
            left_wh = min(battery.capacity_wh, left_wh + charged_wh)
        left_wh -= used
        if not left_wh >= battery.reserve_wh - ROUNDING * max(1.0, battery.capacity_wh):
            message = f"comes home with {left_wh:.6g} Wh, the reserve is {battery.reserve_wh:.6g} Wh"
            faults.append(fault("battery", f"{where} trip {number}", "", message, "drive less on this trip or before"))
    return faults


def leg_energy_wh(vehicle: VehicleType, start: int, end: int) -> float:
    """What the drive between two points takes from the battery."""
    if vehicle.battery is None:
        return 0.0
    stated = vehicle.table.extra.get("energy_wh")
    if stated is not None:
        return float(stated[0, start, end])
    return vehicle.battery.wh_per_km * float(vehicle.table.distance_m[0, start, end]) / 1000.0


def check_driving(where: str, rule: DrivingRule | None, legs: Sequence[Leg], rests: Sequence[Pause]) -> list[Fault]:
    """Driving between rests that are long enough stays within the rule."""
    if rule is None:
        return []
    stints = _stints(legs, _long_enough(rule, rests))
    return [
        fault("driving", where, "rests", f"{stint} s without a rest, {rule.limit_s} s allowed", "rest in between")
        for stint in stints
        if not stint <= rule.limit_s
    ]


def check_rests(where: str, problem: Problem, route: Route, legs: Sequence[Leg]) -> list[Fault]:
    """Each rest that is due is taken once, and every other pause is a rest that the driving rule needs.

    Unpaid pauses make a day cheaper, so none is taken at will.
    """
    faults = []
    places = {(trip, after) for trip, made in enumerate(route.trips) for after in range(len(made.visits) + 1)}
    for pause in route.rests:
        if (pause.trip, pause.after) not in places:
            message = f"a rest after {pause.after} visits of trip {pause.trip} lies nowhere in the route"
            faults.append(fault("rest", where, "rests", message, "place it after a visit or before a departure"))
    span_s = route.end_s - route.start_s
    due = [rest for rest in problem.rests if span_s > rest.after_s]
    rule = problem.driving_rule
    pauses = in_order(route.rests)
    for_driving = [rule is not None and _lasts(p) == rule.rest_s and p.paid == rule.paid for p in pauses]
    needed = _needed(rule, legs, pauses)
    taken = _matched(due, pauses, first=sorted(range(len(pauses)), key=lambda i: (for_driving[i], needed[i])))
    for number, rest in enumerate(due):
        if number not in taken:
            pay = "paid" if rest.paid else "unpaid"
            message = (
                f"the {pay} rest of {rest.duration_s} s that starts within {rest.window_s} is due on a day of "
                f"{span_s} s and is not taken"
            )
            faults.append(fault("rest", where, "rests", message, "rest as long as stated, within the window"))
    for number, pause in enumerate(pauses):
        if number in taken.values() or (for_driving[number] and needed[number]):
            continue
        message = f"the rest from {pause.start_s} to {pause.end_s} is none that is due"
        faults.append(fault("rest", where, "rests", message, "leave it out, or wait in paid time"))
    return faults


def in_order(rests: Iterable[Pause]) -> list[Pause]:
    """Pauses in the order in which the day meets them."""
    return sorted(rests, key=lambda p: (p.trip, p.after, p.start_s, p.end_s))


def unpaid_s(rests: Iterable[Pause]) -> int:
    """Seconds of rest that are not paid."""
    return sum(pause.end_s - pause.start_s for pause in rests if not pause.paid)


def check_docks(docks: int | None, loadings: Sequence[Loading]) -> list[Fault]:
    """No more loadings at a moment than docks; one may start when another ends."""
    if docks is None:
        return []
    events = [(loading.start_s, 1, loading.where) for loading in loadings if loading.end_s > loading.start_s]
    events += [(loading.end_s, -1, loading.where) for loading in loadings if loading.end_s > loading.start_s]
    faults = []
    busy = 0
    for at_s, change, where in sorted(events):
        busy += change
        if change > 0 and busy > docks:
            message = f"{busy} vehicles are loaded at {at_s}, the depot has {docks} docks"
            faults.append(fault("docks", where, "load_s", message, "load when a dock is free"))
    return faults


def _lasts(pause: Pause) -> int:
    return pause.end_s - pause.start_s


def _long_enough(rule: DrivingRule, rests: Sequence[Pause]) -> list[Pause]:
    return in_order(pause for pause in rests if _lasts(pause) >= rule.rest_s)


def _stints(legs: Sequence[Leg], enough: Sequence[Pause]) -> list[int]:
    """Seconds driven before the first, between every two and after the last of the rests."""
    places = [(pause.trip, pause.after) for pause in enough]
    stints = [0] * (len(enough) + 1)
    for leg in legs:
        stints[bisect_right(places, (leg.trip, leg.after))] += leg.drive_s
    return stints


def _needed(rule: DrivingRule | None, legs: Sequence[Leg], pauses: Sequence[Pause]) -> list[bool]:
    """Whether the driving rule would be broken without each pause."""
    if rule is None:
        return [False] * len(pauses)
    stints = _stints(legs, _long_enough(rule, pauses))
    around = iter([one + two > rule.limit_s for one, two in pairwise(stints)])
    return [_lasts(pause) >= rule.rest_s and next(around) for pause in pauses]


def _matched(due: Sequence[Rest], pauses: Sequence[Pause], *, first: Sequence[int]) -> dict[int, int]:
    """Gives as many pauses as possible to a due rest each, those named first before others (augmenting paths).

    Returns:
        For each rest that is taken the number of its pause.
    """
    taken: dict[int, int] = {}

    def give(pause: int, seen: set[int]) -> bool:
        for number, rest in enumerate(due):
            if number in seen or not _is(pauses[pause], rest):
                continue
            seen.add(number)
            if number not in taken or give(taken[number], seen):
                taken[number] = pause
                return True
        return False

    for pause in first:
        give(pause, set())
    return taken


def _is(pause: Pause, rest: Rest) -> bool:
    earliest_s, latest_s = rest.window_s
    return (
        _lasts(pause) == rest.duration_s and earliest_s <= pause.start_s <= latest_s and bool(pause.paid) == rest.paid
    )
