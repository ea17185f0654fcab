"""Our side of the benchmarks, behind a few calls, so that the engine may change its shape without them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetplan.city.streets import Streets
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.matrix import travel_matrix
from fleetplan.routing.packing import unpack
from fleetplan.routing.preparing import can_prepare, prepare_city
from fleetplan.routing.seams import AccessRules
from fleetplan.routing.tables import packed_table

CACHE_VARIABLE = "FLEETPLAN_CACHE"


@dataclass(frozen=True, eq=False)
class Travel:
    """Travel between positions: ``float64[n, n]`` seconds and metres (``nan`` = no way), where each position was
    moved to, how far in metres, and why a position could not be used (empty where it could)."""

    time_s: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    snap_m: NDArray[np.float64]
    refused: tuple[str, ...]


@dataclass(frozen=True)
class Again:
    """A table to be made again, and what its time holds."""

    make: Callable[[], object]
    holds: str


def engine_name() -> str:
    """What large tables are computed with: ``hierarchy`` or ``scipy``."""
    return "hierarchy" if can_prepare() else "scipy"


def plain_rules() -> AccessRules:
    """Rules without clearance and traffic, as a car of the peers drives."""
    return AccessRules(ordinance="off", clearance="none", traffic=False)


def prepare(streets: Streets) -> None:
    """The work that is done once per city."""
    if can_prepare():
        prepare_city(streets)


def table_again(streets: Streets, vehicle: Vehicle, *, lat: NDArray[np.float64], lon: NDArray[np.float64]) -> Again:
    """Makes the table alone, to be timed: what remains when the vehicle is known and the positions are snapped.

    The weights of the vehicle are in place, as an OSRM pipeline's are before its table is asked for.
    """
    found = travel_matrix(streets, vehicle, lat=lat, lon=lon)

    def again() -> None:
        time_ms, length_dm = unpack(packed_table(found.network, found.headings, found.search))
        np.divide(time_ms, 1000.0)
        np.divide(length_dm, 10.0)

    return Again(again, "weights in place, positions snapped")


def travel(
    streets: Streets,
    vehicle: Vehicle,
    *,
    lat: NDArray[np.float64],
    lon: NDArray[np.float64],
    rules: AccessRules | None = None,
) -> Travel:
    """Travel of a vehicle between positions."""
    found = travel_matrix(streets, vehicle, lat=lat, lon=lon, rules=rules or AccessRules())
    off = ~np.isfinite(found.snap_m)
    refused = tuple("no street for this vehicle near" if missing else "" for missing in off)
    return Travel(found.time_s, found.distance_m, found.lat, found.lon, found.snap_m, refused)
