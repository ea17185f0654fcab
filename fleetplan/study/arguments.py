"""From the library's arguments to a checked study: all faults are told at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from fleetplan.city.streets import Streets
from fleetplan.demand.files import read_stops
from fleetplan.demand.stops import Stop, Stops
from fleetplan.errors import Fault, InputError
from fleetplan.fleet.catalogue import read_vehicles, vehicle
from fleetplan.fleet.costs import CostPack
from fleetplan.fleet.pricing import cost_pack, read_cost_pack
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.seams import AccessRules
from fleetplan.study.inputs import FleetEntry, StudyInput, default_baseline, pack_of_country, shift_of
from fleetplan.units import parse_clock

if TYPE_CHECKING:
    import pandas as pd

FleetSpec = Sequence[str | Vehicle | Mapping[str, Any]]


def study_of_arguments(
    streets: Streets,
    stops: Stops | Iterable[Stop] | str | Path | pd.DataFrame,
    *,
    depot: tuple[float, float],
    fleets: Mapping[str, FleetSpec],
    shift: tuple[str, str],
    costs: str | Path | CostPack | None,
    baseline: str | None,
    own_vehicles: Mapping[str, Vehicle] | str | Path | None,
    ordinance: str,
    settings: dict[str, Any],
    hours: tuple[float | None, float | None],
    width_quantile: float,
) -> StudyInput:
    faults: list[Fault] = []
    known: dict[str, Vehicle] = {}
    if isinstance(own_vehicles, str | Path):
        known.update(read_vehicles(Path(own_vehicles)))
    elif own_vehicles is not None:
        known.update(own_vehicles)
    entries: dict[str, tuple[FleetEntry, ...]] = {}
    used: dict[str, Vehicle] = {}
    for name, spec in fleets.items():
        try:
            entries[name] = _entries(name, spec, known=known, used=used)
        except InputError as error:
            faults += error.faults
    checked: Stops | None = None
    try:
        checked = _checked_stops(stops)
    except InputError as error:
        faults += error.faults
    try:
        start_s, end_s = (parse_clock(text) for text in shift)
    except ValueError as error:
        start_s, end_s = 0, 1
        faults.append(Fault("shift.clock", "settings", "shift", str(error), 'write times such as "08:00"'))
    if ordinance not in ("clearance", "law", "off"):
        faults.append(
            Fault("settings.ordinance", "settings", "ordinance", f"is {ordinance!r}", "use clearance, law or off")
        )
    if baseline is not None and baseline not in fleets:
        faults.append(
            Fault("settings.baseline", "settings", "baseline", f"{baseline!r} is no fleet", "name one of the fleets")
        )
    pack: CostPack | None = None
    try:
        pack = _pack(costs, streets)
    except InputError as error:
        faults += error.faults
    if faults or checked is None or pack is None:
        raise InputError(faults)
    return StudyInput(
        streets=streets,
        stops=checked,
        depot=(float(depot[0]), float(depot[1])),
        fleets=entries,
        vehicles=used,
        pack=pack,
        shift=shift_of(start_s, end_s, pack, max_h=hours[0], paid_min_h=hours[1]),
        rules=AccessRules(ordinance, width_quantile, streets.country),  # type: ignore[arg-type]
        baseline=baseline or default_baseline(entries),
        **settings,
    )


def _pack(costs: str | Path | CostPack | None, streets: Streets) -> CostPack:
    if costs is None:
        return pack_of_country(streets.country)
    if isinstance(costs, CostPack):
        return costs
    if isinstance(costs, Path) or costs.endswith(".toml"):
        return read_cost_pack(Path(costs))
    return cost_pack(costs)


def _checked_stops(stops: Stops | Iterable[Stop] | str | Path | pd.DataFrame) -> Stops:
    if isinstance(stops, Stops):
        return stops
    if isinstance(stops, str | Path):
        return read_stops(stops)
    items = None if hasattr(stops, "columns") else tuple(stops)
    if items is not None and all(isinstance(item, Stop) for item in items):
        return Stops(items)
    return read_stops(cast("pd.DataFrame", stops))


def _entries(
    name: str, spec: FleetSpec, *, known: Mapping[str, Vehicle], used: dict[str, Vehicle]
) -> tuple[FleetEntry, ...]:
    """The entries of one fleet; every vehicle met is added to ``used``."""
    entries: list[FleetEntry] = []
    for item in [spec] if isinstance(spec, str | Vehicle) else spec:
        limit = None
        kind: Any = item
        if isinstance(item, Mapping):
            kind, limit = item.get("type"), item.get("max")
        found = kind if isinstance(kind, Vehicle) else known.get(str(kind)) or vehicle(str(kind))
        if used.setdefault(found.name, found) != found:
            raise InputError.one(
                "fleets.twice",
                "settings",
                f"fleets.{name}",
                f"two different vehicles are called {found.name!r}",
                "give one of them another name",
            )
        if any(entry.type == found.name for entry in entries):
            raise InputError.one(
                "fleets.twice", "settings", f"fleets.{name}", f"names {found.name!r} twice", "name each type once"
            )
        entries.append(FleetEntry(found.name, None if limit is None else int(limit)))
    return tuple(entries)
