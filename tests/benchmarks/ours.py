"""Our side of the benchmarks, behind a few calls, so that the engine may change its shape without them."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleetplan.city.streets import Streets
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.seams import AccessRules

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


def has_matrix() -> bool:
    """Whether tables between any positions can be asked for; else the reach from a depot stands in."""
    return importlib.util.find_spec("fleetplan.routing.matrix") is not None


def _preparing() -> Any:
    """The module that prepares cities, where it and its libraries are there; else ``None``."""
    if importlib.util.find_spec("fleetplan.routing.preparing") is None:
        return None
    module = importlib.import_module("fleetplan.routing.preparing")
    return module if getattr(module, "can_prepare", lambda: True)() else None


def engine_name() -> str:
    """What the tables are computed with: ``hierarchy`` or ``scipy``."""
    return "hierarchy" if has_matrix() and _preparing() is not None else "scipy"


def plain_rules() -> tuple[AccessRules, list[str]]:
    """Rules without clearance and traffic, as a car of the peers drives, and what could not be switched off."""
    wanted: dict[str, Any] = {"clearance": "none", "traffic": False}
    known = {each.name for each in fields(AccessRules)}
    return (
        AccessRules(ordinance="off", **{name: value for name, value in wanted.items() if name in known}),
        [name for name in wanted if name not in known],
    )


def prepare(streets: Streets) -> None:
    """The work that is done once per city."""
    preparing = _preparing()
    if preparing is not None:
        preparing.prepare_city(streets)


def table_again(streets: Streets, vehicle: Vehicle, *, lat: NDArray[np.float64], lon: NDArray[np.float64]) -> Again:
    """Makes the table alone, to be timed: what remains when the vehicle is known and the positions are snapped.

    The weights of the vehicle are in place, as an OSRM pipeline's are before its table is asked for. Where the engine
    cannot separate the two, the whole of :func:`travel` is repeated.
    """
    if has_matrix():
        matrix = importlib.import_module("fleetplan.routing.matrix")
        tables = importlib.import_module("fleetplan.routing.tables")
        unpack = importlib.import_module("fleetplan.routing.network").unpack
        found = matrix.travel_matrix(streets, vehicle, lat=lat, lon=lon)
        if all(hasattr(found, name) for name in ("network", "headings", "search")):

            def again() -> None:
                time_ms, length_dm = unpack(tables.packed_table(found.network, found.headings, found.search))
                np.divide(time_ms, 1000.0)
                np.divide(length_dm, 10.0)

            return Again(again, "weights in place, positions snapped")
    return Again(lambda: travel(streets, vehicle, lat=lat, lon=lon), "weights and snapping repeated")


def travel(
    streets: Streets,
    vehicle: Vehicle,
    *,
    lat: NDArray[np.float64],
    lon: NDArray[np.float64],
    rules: AccessRules | None = None,
) -> Travel:
    """Travel of a vehicle between positions."""
    rules = rules or AccessRules()
    if not has_matrix():
        return _by_reach(streets, vehicle, lat, lon, rules)
    matrix = importlib.import_module("fleetplan.routing.matrix")
    found = matrix.travel_matrix(streets, vehicle, lat=lat, lon=lon, rules=rules)
    off = ~np.isfinite(found.snap_m)
    refused = tuple("no street for this vehicle near" if missing else "" for missing in off)
    return Travel(found.time_s, found.distance_m, found.lat, found.lon, found.snap_m, refused)


def _by_reach(
    streets: Streets, vehicle: Vehicle, lat: NDArray[np.float64], lon: NDArray[np.float64], rules: AccessRules
) -> Travel:
    from fleetplan.routing.packing import unpack
    from fleetplan.routing.reach import reach_of

    reach = reach_of(streets, vehicle, lat=lat, lon=lon, depot=(float(lat[0]), float(lon[0])), rules=rules)
    row = reach.stop_point
    time_ms, length_dm = unpack(np.where(np.isfinite(reach.packed), reach.packed, 0.0))
    served = (row[:, None] >= 0) & (row[None, :] >= 0) & np.isfinite(reach.packed[row[:, None], row[None, :]])
    pick = np.ix_(row, row)
    at = np.array([(p.lat, p.lon) for p in reach.points], dtype=np.float64)[row]
    return Travel(
        time_s=np.where(served, time_ms[pick] / 1000.0, np.nan),
        distance_m=np.where(served, length_dm[pick] / 10.0, np.nan),
        lat=np.where(row >= 0, at[:, 0], lat),
        lon=np.where(row >= 0, at[:, 1], lon),
        snap_m=np.where(row >= 0, reach.walk_m, np.nan),
        refused=tuple("" if refusal is None else refusal.text for refusal in reach.refusals),
    )
