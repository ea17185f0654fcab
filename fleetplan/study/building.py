"""From streets, stops and vehicles to planning problems: one reach and one set of prices per vehicle type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from fleetplan.demand.handling import walk_seconds
from fleetplan.fleet.costs import VehicleCosts
from fleetplan.fleet.pricing import vehicle_costs
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.planning.problem import Access, Battery, Pay, Problem, VehicleType
from fleetplan.routing.depot import DepotPlace, shared_place
from fleetplan.routing.driving import door_walk_m
from fleetplan.routing.reach import Reach, reach_of
from fleetplan.study.inputs import FleetEntry, StudyInput
from fleetplan.study.tasks import own_refusal, rounds_of, task_of

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True, eq=False)
class Materials:
    """What problems are built from, by vehicle type, and the place where all types start."""

    reaches: Mapping[str, Reach]
    costs: Mapping[str, VehicleCosts]
    depot: DepotPlace


def gather_materials(study: StudyInput, *, progress: Progress | None = None) -> Materials:
    """Reach and costs of every vehicle type of the study.

    Raises:
        InputError: no place near the depot is open to every vehicle, or the costs of one cannot be worked out.
    """
    lat = np.array([stop.lat for stop in study.stops], dtype=np.float64)
    lon = np.array([stop.lon for stop in study.stops], dtype=np.float64)
    rounds = np.array([rounds_of(stop) for stop in study.stops], dtype=np.int64)
    if progress:
        progress("the depot's place", 0, len(study.types))
    place = shared_place(study.streets, [study.vehicles[name] for name in study.types], study.depot, rules=study.rules)
    reaches: dict[str, Reach] = {}
    costs: dict[str, VehicleCosts] = {}
    for done, name in enumerate(study.types):
        if progress:
            progress(f"travel tables: {name}", done, len(study.types))
        vehicle = study.vehicles[name]
        reaches[name] = reach_of(
            study.streets,
            vehicle,
            lat=lat,
            lon=lon,
            depot=study.depot,
            rules=study.rules,
            max_walk_m=study.max_walk_m,
            place=place,
            rounds=rounds,
        )
        costs[name] = vehicle_costs(vehicle, study.pack)
    if progress:
        progress("travel tables", len(study.types), len(study.types))
    return Materials(reaches, costs, place)


def build_problem(study: StudyInput, materials: Materials, fleet: str) -> Problem:
    """The planning problem of one fleet."""
    entries = study.fleets[fleet]
    shift_s = (study.shift.start_s, study.shift.end_s)
    first = materials.costs[entries[0].type]
    pay = Pay(
        wage_per_h=first.amount("driver"),
        min_s=round(study.shift.paid_min_h * 3600),
        overtime_after_s=round(study.shift.max_h * 3600),
        overtime_factor=study.pack.value("overtime_factor"),
    )
    return Problem(
        tasks=tuple(task_of(stop, shift_s=shift_s) for stop in study.stops),
        types=tuple(_vehicle_type(study, materials, entry) for entry in entries),
        shift_s=shift_s,
        reload_s=round(study.reload_min * 60),
        pay=pay,
        max_walk_m=study.max_walk_m,
        unserved_price_per_parcel=study.unserved_price_per_parcel,
        rests=study.rests.rests,
        driving_rule=study.rests.driving_rule,
        docks=study.docks,
        labels={
            "currency": study.pack.currency,
            "door_walk_m": door_walk_m(),
            "names": {stop.id: stop.name for stop in study.stops},
        },
    )


def _vehicle_type(study: StudyInput, materials: Materials, entry: FleetEntry) -> VehicleType:
    name = entry.type
    vehicle, reach, costs = study.vehicles[name], materials.reaches[name], materials.costs[name]
    park_s = tuple(
        0 if row == 0 else round(vehicle.park_s[reach.band_at(row)] + float(reach.heading_s[row]))
        for row in range(len(reach.points))
    )
    refusals = tuple(
        own_refusal(stop, name) or refusal for stop, refusal in zip(study.stops, reach.refusals, strict=True)
    )
    access = tuple(
        () if refusals[row] is not None else accesses(reach, row, rounds=rounds_of(stop))
        for row, stop in enumerate(study.stops)
    )
    return VehicleType(
        name=name,
        count=entry.max,
        capacity_kg=vehicle.payload_kg,
        capacity_m3=vehicle.usable_volume_m3,
        capacity_parcels=None,
        cost_per_day=costs.amount("vehicle"),
        distance_cost_per_km=costs.amount("distance"),
        energy_cost_per_km=costs.amount("energy"),
        max_trips=study.max_trips,
        table=reach.table,
        park_s=park_s,
        access=access,
        refusals=refusals,
        shift_s=entry.shift_s,
        max_span_s=None if entry.max_span_h is None else round(entry.max_span_h * 3600),
        max_stops=entry.max_stops,
        battery=battery_of(vehicle),
    )


def accesses(reach: Reach, stop: int, *, rounds: int) -> tuple[Access, ...]:
    """The ways in which a type may meet a stop, the least walk first, with a load that takes so many rounds."""
    found = []
    for point, walk_m in reach.ways(stop):
        out_s, back_s = walk_seconds(walk_m, rounds)
        found.append(Access(point, walk_m, rounds, out_s, back_s))
    return tuple(found)


def battery_of(vehicle: Vehicle) -> Battery | None:
    """What bounds an electric vehicle's range; ``None`` where its battery is unknown."""
    if vehicle.battery_kwh is None or vehicle.kwh_per_km <= 0:
        return None
    return Battery(
        capacity_wh=vehicle.battery_kwh * 1000.0,
        reserve_wh=vehicle.battery_kwh * 1000.0 * (vehicle.reserve_share or 0.0),
        wh_per_km=vehicle.kwh_per_km * 1000.0,
        charge_w=(vehicle.charge_kw or 0.0) * 1000.0,
        stand_s=round((vehicle.charge_min or 0.0) * 60),
    )
