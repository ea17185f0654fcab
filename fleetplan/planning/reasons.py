"""Why a stop is left out, per type and overall; each reason is found by trying the stop alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from fleetplan.errors import Refusal
from fleetplan.planning.instance import pick_access, with_tolerance
from fleetplan.planning.plan import Plan, Unserved
from fleetplan.planning.problem import Problem, VehicleType
from fleetplan.travel import UNREACHABLE

ALONE_POSSIBLE = ("dearer_than_price", "fleet_used_up")


def reasons_of(problem: Problem, stops: Iterable[str], *, used: Counter[str]) -> tuple[Unserved, ...]:
    """Unserved entries, sorted by stop.

    Args:
        problem: the problem.
        stops: ids of the stops left out.
        used: vehicles in use per type.
    """
    numbers = {task.id: index for index, task in enumerate(problem.tasks)}
    types = sorted(problem.types, key=lambda v: v.name)
    entries = []
    for stop in sorted(stops):
        by_type = {v.name: refusal_of(problem, v, numbers[stop], used=used[v.name]) for v in types}
        entries.append(Unserved(stop, _overall(by_type), by_type))
    return tuple(entries)


def with_own_reasons(problem: Problem, plan: Plan) -> Plan:
    """A plan made for another problem, with the reasons for what it leaves out told for this one's types."""
    used = Counter(route.type for route in plan.routes)
    return replace(plan, unserved=reasons_of(problem, [item.stop for item in plan.unserved], used=used))


def refusal_of(problem: Problem, vehicle: VehicleType, index: int, *, used: int) -> Refusal:
    """Why one type does not serve one task."""
    task = problem.tasks[index]
    if not vehicle.access[index]:
        return vehicle.refusals[index] or Refusal("no_access", f"a {vehicle.name} has no way to meet the stop")
    ways = [way for way in vehicle.access[index] if way.walk_m <= problem.max_walk_m]
    if not ways:
        walk_m = min(way.walk_m for way in vehicle.access[index])
        text = f"the walk of {walk_m:.0f} m is longer than the {problem.max_walk_m:.0f} m allowed"
        return Refusal("beyond_walk", text, {"walk_m": walk_m, "max_walk_m": problem.max_walk_m})
    if vehicle.capacity_kg is not None and task.weight_kg > with_tolerance(vehicle.capacity_kg):
        text = f"{task.weight_kg:g} kg is more than the {vehicle.capacity_kg:g} kg that a {vehicle.name} carries"
        return Refusal("too_heavy", text, {"weight_kg": task.weight_kg, "capacity_kg": vehicle.capacity_kg})
    if vehicle.capacity_m3 is not None and task.volume_m3 > with_tolerance(vehicle.capacity_m3):
        text = f"{task.volume_m3:g} m³ is more than the {vehicle.capacity_m3:g} m³ that a {vehicle.name} takes"
        return Refusal("too_big", text, {"volume_m3": task.volume_m3, "capacity_m3": vehicle.capacity_m3})
    if vehicle.capacity_parcels is not None and task.parcels > vehicle.capacity_parcels:
        text = f"{task.parcels} parcels are more than the {vehicle.capacity_parcels} that a {vehicle.name} takes"
        return Refusal("too_big", text, {"parcels": task.parcels, "capacity_parcels": vehicle.capacity_parcels})
    index_of_way = pick_access(vehicle, index, max_walk_m=problem.max_walk_m)
    if index_of_way < 0:
        return Refusal("unreachable", f"no allowed path leads a {vehicle.name} from the depot to the stop and back")
    return _by_time(problem, vehicle, index, index_of_way) or _by_fleet(problem, vehicle, used)


def _by_time(problem: Problem, vehicle: VehicleType, index: int, way_index: int) -> Refusal | None:
    task, way = problem.tasks[index], vehicle.access[index][way_index]
    time_s = vehicle.table.time_s[0]
    there_s, back_s = int(time_s[0, way.point]), int(time_s[way.point, 0])
    assert UNREACHABLE not in (there_s, back_s)
    park_s = vehicle.park_s[way.point] if way.point != 0 else 0
    start_s, end_s = problem.shift_s
    door_s = start_s + problem.reload_s + there_s + park_s + way.walk_out_s
    if door_s > task.window_s[1]:
        late_s = door_s - task.window_s[1]
        text = f"the window closes {_minutes(late_s)} before a {vehicle.name} can be at the door"
        return Refusal("window", text, {"earliest_s": door_s, "closes_s": task.window_s[1]})
    home_s = max(door_s, task.window_s[0]) + task.service_s + way.walk_back_s + back_s
    if home_s > end_s:
        text = f"a {vehicle.name} would be back {_minutes(home_s - end_s)} after the shift ends"
        return Refusal("shift", text, {"return_s": home_s, "shift_end_s": end_s})
    return None


def _by_fleet(problem: Problem, vehicle: VehicleType, used: int) -> Refusal:
    """The stop fits alone: either no vehicle is left, or serving costs more than the price of leaving it out."""
    price = problem.unserved_price_per_parcel
    if price is not None and (vehicle.count is None or used < vehicle.count):
        text = f"serving it costs more than the {price:g} per parcel that leaving it out costs"
        return Refusal("dearer_than_price", text, {"price_per_parcel": price})
    if vehicle.count == 0:
        return Refusal("fleet_used_up", f"there is no {vehicle.name} in this fleet", {"count": 0})
    count = used if vehicle.count is None else vehicle.count
    text = f"the loads, windows and shift of all {count} {vehicle.name} leave no room for it"
    return Refusal("fleet_used_up", text, {"count": count})


def _overall(by_type: dict[str, Refusal]) -> Refusal:
    """The most hopeful reason: what could serve the stop if it were changed least."""
    for code in ALONE_POSSIBLE:
        for refusal in by_type.values():
            if refusal.code == code:
                return refusal
    refusals = list(by_type.values())
    codes = sorted({refusal.code for refusal in refusals})
    if len(codes) == 1:
        return refusals[0]
    text = "; ".join(f"{name}: {refusal.text}" for name, refusal in by_type.items())
    return Refusal("no_type", f"no type can serve it ({text})", {"codes": codes})


def _minutes(seconds: int) -> str:
    return f"{seconds} s" if seconds < 120 else f"{seconds / 60:.0f} min"
