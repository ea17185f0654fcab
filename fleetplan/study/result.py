"""What a study finds: per fleet the best plan, its figures, and its routes on the streets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleetplan.city.streets import Streets
from fleetplan.demand.stops import Stops
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.planning.plan import Plan
from fleetplan.planning.problem import Problem
from fleetplan.routing.seams import StreetAccess


@dataclass(frozen=True, eq=False)
class Leg:
    """One drive of a route on the streets, and the walk at its end.

    Attributes:
        trip: 0-based trip of the route.
        stop: id of the stop it leads to; empty for the way back to the depot.
        lon, lat: vertices of the drive; empty when consecutive stops share a standing place.
        time_s, distance_m: as the table has them.
        walk_lon, walk_lat: vertices of the walk from the vehicle to the door; empty on the way back.
    """

    trip: int
    stop: str
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    time_s: int
    distance_m: int
    walk_lon: NDArray[np.float64]
    walk_lat: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TracedRoute:
    """A route of the plan, back on the streets. ``id`` and ``type`` are those of the plan's route."""

    id: str
    type: str
    legs: tuple[Leg, ...]


@dataclass(frozen=True, eq=False)
class FleetResult:
    """One fleet's answer.

    Attributes:
        name: the fleet's name in the scenario (hostile text is possible).
        problem, plan: what was solved, and the best plan found.
        figures: the fleet's object of ``comparison.json`` (see the interface page): vehicles, routes, trips,
            drive_m, …, cost, energy, co2e_kg, stops, parcels, load_factor, street_km,
            street_km_on_defaults, street_km_by_quantile, stops_on_defaults, unserved, binding.
        routes: the plan's routes on the streets.
    """

    name: str
    problem: Problem
    plan: Plan
    figures: Mapping[str, Any]
    routes: tuple[TracedRoute, ...]


@dataclass(frozen=True, eq=False)
class StudyResult:
    """The whole comparison.

    Attributes:
        streets, stops: the inputs.
        depot: latitude and longitude.
        vehicles: every vehicle type used, by name.
        access: every type's access decisions, by name.
        fleets: the answers by fleet name, sorted.
        document: the whole ``comparison.json`` as a JSON value.
    """

    streets: Streets
    stops: Stops
    depot: tuple[float, float]
    vehicles: Mapping[str, Vehicle]
    access: Mapping[str, StreetAccess]
    fleets: Mapping[str, FleetResult]
    document: Mapping[str, Any]
