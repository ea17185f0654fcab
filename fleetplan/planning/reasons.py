"""Why a vehicle type cannot serve a stop, found by trying the stop alone: nothing else to do all day.

The rules are tried in a fixed order, and at each of them all ways to meet the stop that are still possible are kept:
the first rule that leaves none is the reason, told with the figures of the way that comes nearest. The numbers are
taken from the problem itself, not from the search's arrays. What the finished plan leaves no room for is told by
:mod:`fleetplan.planning.explaining`.

Codes: those of the type's own refusals (``beyond_walk``, ``forbidden_vehicle`` …), ``no_access``, ``beyond_walk``,
``too_heavy``, ``too_big``, ``unreachable``, ``beyond_range``, ``window``, ``goods_late``, ``shift``, ``span``,
``driving_rule``, ``rest``; for stops that could be served alone ``no_vehicle``, ``dearer_than_price``,
``fleet_used_up``, ``docks_full`` and ``missed_insertion``; for all types together ``no_type``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fleetplan.errors import Refusal
from fleetplan.planning.instance import start_spans, usable_ways, with_tolerance
from fleetplan.planning.plan import Unserved
from fleetplan.planning.problem import Access, Problem, Task, VehicleType
from fleetplan.travel import UNREACHABLE
from fleetplan.units import format_clock

ALONE_POSSIBLE = ("missed_insertion", "dearer_than_price", "docks_full", "fleet_used_up", "no_vehicle")
"""Codes of a type that could serve the stop if it did nothing else, the most hopeful first."""


def reasons_of(problem: Problem, stops: Iterable[str], *, used: Counter[str]) -> tuple[Unserved, ...]:
    """Unserved entries, sorted by stop, from trying each stop alone and counting vehicles.

    Args:
        problem: the problem.
        stops: ids of the stops left out.
        used: vehicles in use per type.
    """
    numbers = {task.id: index for index, task in enumerate(problem.tasks)}
    entries = []
    for stop in sorted(stops):
        by_type = {
            vehicle.name: alone_refusal(problem, vehicle, numbers[stop]) or by_count(problem, vehicle, used)
            for vehicle in sorted(problem.types, key=lambda v: v.name)
        }
        entries.append(Unserved(stop, overall(by_type), by_type))
    return tuple(entries)


def overall(by_type: dict[str, Refusal]) -> Refusal:
    """The most hopeful reason: what could serve the stop if the least were changed."""
    for code in ALONE_POSSIBLE:
        hopeful = [refusal for refusal in by_type.values() if refusal.code == code]
        if hopeful:
            return min(hopeful, key=lambda refusal: refusal.data.get("extra_cost", 0.0))
    refusals = list(by_type.values())
    if len({refusal.code for refusal in refusals}) == 1:
        return refusals[0]
    text = "; ".join(f"{name}: {refusal.text}" for name, refusal in by_type.items())
    return Refusal("no_type", f"no type can serve it ({text})", {"codes": sorted({r.code for r in refusals})})


def by_count(problem: Problem, vehicle: VehicleType, used: Counter[str]) -> Refusal:
    """For a stop that could be served alone: no vehicle is left, or serving costs more than leaving it out."""
    if vehicle.count == 0:
        return no_vehicle(vehicle)
    if vehicle.count is None or used[vehicle.name] < vehicle.count:
        price = problem.unserved_price_per_parcel
        text = "serving it costs more than leaving it out" if price is not None else "the plan has no room for it"
        return Refusal("dearer_than_price" if price is not None else "fleet_used_up", text)
    text = f"the loads, windows and shift of all {vehicle.count} {vehicle.name} leave no room for it"
    return Refusal("fleet_used_up", text, {"count": vehicle.count})


def no_vehicle(vehicle: VehicleType) -> Refusal:
    """The fleet names the type and has none of it."""
    return Refusal("no_vehicle", f"there is no {vehicle.name} in this fleet", {"count": 0})


def alone_refusal(problem: Problem, vehicle: VehicleType, index: int) -> Refusal | None:
    """The first rule that keeps a type from serving a task even if it did nothing else, or ``None``.

    Rests are not looked at: whether they leave room is only known by timing the day (:func:`rest_refusal`).
    """
    task = problem.tasks[index]
    if not vehicle.access[index]:
        return vehicle.refusals[index] or Refusal("no_access", f"a {vehicle.name} has no way to meet the stop")
    walk_m = min(way.walk_m for way in vehicle.access[index])
    if walk_m > problem.max_walk_m:
        text = f"the walk of {walk_m:.0f} m is longer than the {problem.max_walk_m:.0f} m allowed"
        return Refusal("beyond_walk", text, {"walk_m": walk_m, "max_walk_m": problem.max_walk_m})
    ways = [way for _, way in usable_ways(problem, vehicle, index)]
    return (
        _by_load(vehicle, task)
        or _by_path(vehicle, ways)
        or _by_range(vehicle, ways)
        or _by_time(problem, vehicle, task, ways)
    )


def rest_refusal(problem: Problem, vehicle: VehicleType, index: int) -> Refusal:
    """For a task whose every day alone fails with the rests that are due, and with nothing else."""
    rule = problem.driving_rule
    legs_s = [_legs(vehicle, way) for _, way in usable_ways(problem, vehicle, index)]
    legs_s = [legs for legs in legs_s if UNREACHABLE not in legs]
    longest_s = min((max(there_s, back_s) for there_s, back_s in legs_s), default=0)
    if rule is not None and longest_s > rule.limit_s:
        text = (
            f"the drive takes a {vehicle.name} {duration(longest_s)} at a stretch; "
            f"a rest is due after {duration(rule.limit_s)}, and nothing to rest at lies between"
        )
        return Refusal("driving_rule", text, {"drive_s": longest_s, "limit_s": rule.limit_s})
    return Refusal("rest", f"with the rests that are due no day of a {vehicle.name} holds it")


def _by_load(vehicle: VehicleType, task: Task) -> Refusal | None:
    name = vehicle.name
    weight_kg, volume_m3 = max(task.weight_kg, task.collect_kg), max(task.volume_m3, task.collect_m3)
    parcels = max(task.parcels, task.collect_parcels)
    if vehicle.capacity_kg is not None and weight_kg > with_tolerance(vehicle.capacity_kg):
        text = f"{weight_kg:g} kg is more than the {vehicle.capacity_kg:g} kg that a {name} carries"
        return Refusal("too_heavy", text, {"weight_kg": weight_kg, "capacity_kg": vehicle.capacity_kg})
    if vehicle.capacity_m3 is not None and volume_m3 > with_tolerance(vehicle.capacity_m3):
        text = f"{volume_m3:g} m³ is more than the {vehicle.capacity_m3:g} m³ that a {name} takes"
        return Refusal("too_big", text, {"volume_m3": volume_m3, "capacity_m3": vehicle.capacity_m3})
    if vehicle.capacity_parcels is not None and parcels > vehicle.capacity_parcels:
        text = f"{parcels} parcels are more than the {vehicle.capacity_parcels} that a {name} takes"
        return Refusal("too_big", text, {"parcels": parcels, "capacity_parcels": vehicle.capacity_parcels})
    return None


def _by_path(vehicle: VehicleType, ways: list[Access]) -> Refusal | None:
    """Drops the ways to which no path leads there and back."""
    ways[:] = [way for way in ways if UNREACHABLE not in _legs(vehicle, way)]
    if ways:
        return None
    return Refusal("unreachable", f"no allowed path leads a {vehicle.name} from the depot to the stop and back")


def _by_range(vehicle: VehicleType, ways: list[Access]) -> Refusal | None:
    """Drops the ways that are beyond the battery's range."""
    battery = vehicle.battery
    if battery is None:
        return None
    usable_wh = battery.capacity_wh - battery.reserve_wh
    needs_wh = [_energy_wh(vehicle, 0, way.point) + _energy_wh(vehicle, way.point, 0) for way in ways]
    least_wh = min(needs_wh)
    ways[:] = [way for way, wh in zip(ways, needs_wh, strict=True) if wh <= with_tolerance(usable_wh)]
    if ways:
        return None
    text = (
        f"the way there and back takes {least_wh / 1000:.1f} kWh, "
        f"more than the {usable_wh / 1000:.1f} kWh that a {vehicle.name} may use"
    )
    return Refusal("beyond_range", text, {"needed_wh": least_wh, "usable_wh": usable_wh})


def _energy_wh(vehicle: VehicleType, start: int, end: int) -> float:
    assert vehicle.battery is not None
    stated = vehicle.table.extra.get("energy_wh")
    if stated is not None:
        return float(stated[0, start, end])
    return float(vehicle.table.distance_m[0, start, end]) * vehicle.battery.wh_per_km / 1000.0


@dataclass(frozen=True, slots=True)
class _Try:
    """One way to meet a stop in one span of starts, by a day that does nothing else.

    Attributes:
        door_s: the driver's earliest moment at the door; ``early_s`` if the goods were there from the start.
        closes_s: the latest start of service.
        home_s: the earliest return.
        span_s: the shortest day.
    """

    door_s: int
    early_s: int
    closes_s: int
    home_s: int
    span_s: int


def _by_time(problem: Problem, vehicle: VehicleType, task: Task, ways: Sequence[Access]) -> Refusal | None:
    end_s = (vehicle.shift_s or problem.shift_s)[1]
    tries = [
        _try(problem, vehicle, task, way, opens_s, closes_s)
        for way in ways
        for opens_s, closes_s, _ in start_spans(task, latest_s=end_s)
    ]
    in_time = [one for one in tries if one.door_s <= one.closes_s]
    if not in_time:
        return _by_window(vehicle, task, tries)
    in_shift = [one for one in in_time if one.home_s <= end_s]
    if not in_shift:
        home_s = min(one.home_s for one in in_time)
        text = (
            f"a {vehicle.name} would be back at {format_clock(home_s)} at the earliest, "
            f"{duration(home_s - end_s)} after the shift ends"
        )
        return Refusal("shift", text, {"return_s": home_s, "shift_end_s": end_s})
    span_s = min(one.span_s for one in in_shift)
    if vehicle.max_span_s is not None and span_s > vehicle.max_span_s:
        text = (
            f"a day of a {vehicle.name} with this stop alone takes {duration(span_s)}; "
            f"{duration(vehicle.max_span_s)} are allowed"
        )
        return Refusal("span", text, {"span_s": span_s, "max_span_s": vehicle.max_span_s})
    return None


def _try(problem: Problem, vehicle: VehicleType, task: Task, way: Access, opens_s: int, closes_s: int) -> _Try:
    start_s = (vehicle.shift_s or problem.shift_s)[0]
    there_s, back_s = _legs(vehicle, way)
    park_s = vehicle.park_s[way.point] if way.point != 0 else 0
    out_s = problem.reload_s + there_s + park_s + way.walk_out_s
    after_s = task.service_s + way.walk_back_s + back_s
    door_s = out_s + (start_s if task.ready_s is None else max(start_s, task.ready_s))
    return _Try(door_s, out_s + start_s, closes_s, max(door_s, opens_s) + after_s, out_s + after_s)


def _by_window(vehicle: VehicleType, task: Task, tries: Sequence[_Try]) -> Refusal:
    nearest = min(tries, key=lambda one: one.door_s - one.closes_s)
    late_s = nearest.door_s - nearest.closes_s
    closes = "the window closes" if len(task.windows_s) == 1 else "the last window closes"
    if task.late is not None:
        closes = "even late service ends"
    told = (
        f"{closes} at {format_clock(nearest.closes_s)}, {duration(late_s)} before a {vehicle.name} can be at the door"
    )
    data = {"earliest_s": nearest.door_s, "closes_s": nearest.closes_s}
    if task.ready_s is not None and any(one.early_s <= one.closes_s for one in tries):
        text = f"the goods are ready at {format_clock(task.ready_s)}; {told}"
        return Refusal("goods_late", text, {**data, "ready_s": task.ready_s})
    return Refusal("window", f"{told} (at {format_clock(nearest.door_s)} at the earliest)", data)


def _legs(vehicle: VehicleType, way: Access) -> tuple[int, int]:
    """Seconds of driving there and back, without parking."""
    time_s = vehicle.table.time_s[0]
    return int(time_s[0, way.point]), int(time_s[way.point, 0])


def duration(seconds: float) -> str:
    """A span of time for a sentence: seconds up to two minutes, minutes up to two hours, then hours."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
