"""From stops to planning tasks: windows, lateness, collections, and which vehicle types a stop allows."""

from __future__ import annotations

from fleetplan.demand.handling import rounds
from fleetplan.demand.stops import Stop
from fleetplan.errors import Refusal
from fleetplan.planning.problem import Lateness, Task


def task_of(stop: Stop, *, shift_s: tuple[int, int]) -> Task:
    """A stop as a task of the day.

    Windows that lie wholly outside the shift are left out. Where the last of all opens after the shift, nothing can
    be late any more.
    """
    windows = stop.windows_s or (shift_s,)
    last = windows[-1]
    may_be_late = stop.late_price_per_h is not None and last[0] <= shift_s[1]
    # Lateness counts from the last window, even where that closes before the shift begins.
    kept = tuple(
        window
        for window in windows
        if (window[0] <= shift_s[1] and window[1] >= shift_s[0]) or (window == last and may_be_late)
    )
    until_s = shift_s[1] if stop.late_until_s is None else stop.late_until_s
    late = None
    if stop.late_price_per_h is not None and may_be_late and until_s > last[1]:
        late = Lateness(stop.late_price_per_h, until_s)
    return Task(
        id=stop.id,
        parcels=stop.parcels,
        weight_kg=stop.demand_kg,
        volume_m3=stop.volume_m3,
        windows_s=kept or (last,),
        service_s=stop.service_s,
        collect_parcels=stop.collect_parcels,
        collect_kg=stop.collect_kg,
        collect_m3=stop.collect_m3,
        late=late,
        ready_s=stop.ready_s,
        priority=stop.priority,
        unserved_price_per_parcel=stop.unserved_price_per_parcel,
    )


def rounds_of(stop: Stop) -> int:
    """How often the driver walks there and back: what is collected is carried on the ways back."""
    return max(rounds(stop.demand_kg, stop.volume_m3), rounds(stop.collect_kg, stop.collect_m3))


def own_refusal(stop: Stop, vehicle: str) -> Refusal | None:
    """Why a stop does not let a vehicle type serve it, by its columns ``vehicles`` and ``not_vehicles``."""
    if vehicle in stop.not_vehicles:
        data = {"not_vehicles": list(stop.not_vehicles)}
        return Refusal("forbidden_vehicle", f"the stop does not allow {vehicle}", data)
    if stop.vehicles and vehicle not in stop.vehicles:
        data = {"vehicles": list(stop.vehicles)}
        return Refusal("other_vehicle_required", f"the stop asks for {' or '.join(stop.vehicles)}", data)
    return None
