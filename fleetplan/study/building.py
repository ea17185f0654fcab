"""From streets, stops and vehicles to planning problems: one reach and one set of prices per vehicle type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from fleetplan.demand.handling import rounds, walk_seconds
from fleetplan.fleet.costs import VehicleCosts
from fleetplan.fleet.pricing import vehicle_costs
from fleetplan.planning.problem import Access, Pay, Problem, Task, VehicleType
from fleetplan.routing.depot import DepotPlace, shared_place
from fleetplan.routing.driving import door_walk_m
from fleetplan.routing.reach import Reach, reach_of
from fleetplan.study.inputs import StudyInput

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
        )
        costs[name] = vehicle_costs(vehicle, study.pack)
    if progress:
        progress("travel tables", len(study.types), len(study.types))
    return Materials(reaches, costs, place)


def build_problem(study: StudyInput, materials: Materials, fleet: str) -> Problem:
    """The planning problem of one fleet."""
    entries = study.fleets[fleet]
    shift_s = (study.shift.start_s, study.shift.end_s)
    tasks = tuple(
        Task(
            id=stop.id,
            parcels=stop.parcels,
            weight_kg=stop.demand_kg,
            volume_m3=stop.volume_m3,
            windows_s=(stop.window_s or shift_s,),
            service_s=stop.service_s,
        )
        for stop in study.stops
    )
    first = materials.costs[entries[0].type]
    pay = Pay(
        wage_per_h=first.amount("driver"),
        min_s=round(study.shift.paid_min_h * 3600),
        overtime_after_s=round(study.shift.max_h * 3600),
        overtime_factor=study.pack.value("overtime_factor"),
    )
    return Problem(
        tasks=tasks,
        types=tuple(_vehicle_type(study, materials, entry.type, entry.max) for entry in entries),
        shift_s=shift_s,
        reload_s=round(study.reload_min * 60),
        pay=pay,
        max_walk_m=study.max_walk_m,
        unserved_price_per_parcel=study.unserved_price_per_parcel,
        labels={
            "currency": study.pack.currency,
            "door_walk_m": door_walk_m(),
            "names": {stop.id: stop.name for stop in study.stops},
        },
    )


def _vehicle_type(study: StudyInput, materials: Materials, name: str, count: int | None) -> VehicleType:
    vehicle, reach, costs = study.vehicles[name], materials.reaches[name], materials.costs[name]
    park_s = tuple(
        0 if row == 0 else round(vehicle.park_s[reach.band_at(row)] + float(reach.heading_s[row]))
        for row in range(len(reach.points))
    )
    access: list[tuple[Access, ...]] = []
    for row, stop in enumerate(study.stops):
        point = int(reach.stop_point[row])
        if point < 0:
            access.append(())
            continue
        walk_m = round(float(reach.walk_m[row]), 2)
        goes = rounds(stop.demand_kg, stop.volume_m3)
        out_s, back_s = walk_seconds(walk_m, goes)
        access.append((Access(point, walk_m, goes, out_s, back_s),))
    return VehicleType(
        name=name,
        count=count,
        capacity_kg=vehicle.payload_kg,
        capacity_m3=vehicle.usable_volume_m3,
        capacity_parcels=None,
        cost_per_day=costs.amount("vehicle"),
        distance_cost_per_km=costs.amount("distance"),
        energy_cost_per_km=costs.amount("energy"),
        max_trips=study.max_trips,
        table=reach.table,
        park_s=park_s,
        access=tuple(access),
        refusals=reach.refusals,
    )
