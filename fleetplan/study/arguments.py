"""From the library's arguments to a checked study, by the rules of the scenario file: all faults are told at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from fleetplan.city.streets import Streets
from fleetplan.demand.files import read_stops
from fleetplan.demand.stops import Stop, Stops
from fleetplan.errors import Fault, InputError
from fleetplan.fleet.catalogue import read_vehicles, vehicle
from fleetplan.fleet.costs import CostPack
from fleetplan.fleet.pricing import cost_pack, read_cost_pack
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.scenario import parse_settings
from fleetplan.study.inputs import StudyInput, pack_of_country, study_of_settings
from fleetplan.study.rests import rest_faults

if TYPE_CHECKING:
    import pandas as pd

FleetSpec = Sequence[str | Vehicle | Mapping[str, Any]]
Result = TypeVar("Result")

WHERE = "arguments"


def study_of_arguments(
    streets: object,
    stops: Stops | Iterable[Stop] | str | Path | pd.DataFrame,
    *,
    depot: tuple[float, float],
    fleets: Mapping[str, FleetSpec],
    shift: tuple[str, str],
    costs: str | Path | CostPack | None,
    own_vehicles: Mapping[str, Vehicle] | str | Path | None,
    depot_settings: Mapping[str, Any],
    shift_settings: Mapping[str, Any],
    settings: Mapping[str, Any],
) -> StudyInput:
    """A study from the arguments of :func:`fleetplan.compare`.

    Raises:
        InputError: with every fault found.
    """
    faults: list[Fault] = []

    def attempt(step: Callable[[], Result]) -> Result | None:
        try:
            return step()
        except InputError as error:
            faults.extend(error.faults)
            return None

    if not isinstance(streets, Streets):
        message = f"is {type(streets).__name__}, not Streets"
        faults.append(Fault("arguments.streets", WHERE, "streets", message, "make them with fp.Streets.from_file(...)"))
    known = attempt(lambda: _own_vehicles(own_vehicles)) or {}
    used: dict[str, Vehicle] = {}
    document = {
        **settings,
        "depot": {**_pair(depot, ("lat", "lon")), **depot_settings},
        "shift": {**_pair(shift, ("start", "end")), **{k: v for k, v in shift_settings.items() if v is not None}},
        "fleets": attempt(lambda: _fleets(fleets, known=known, used=used)) or {"": [{"type": "-"}]},
    }
    told = {fault.field.split(".")[0] for fault in faults}
    try:
        checked = parse_settings(document, where=WHERE)
        faults += rest_faults(checked, where=WHERE)
    except InputError as error:
        faults += [fault for fault in error.faults if not {fault.field.split(".")[0]} & told]
    found = attempt(lambda: _checked_stops(stops))
    pack = attempt(lambda: _pack(costs, streets))
    if faults or found is None or pack is None or not isinstance(streets, Streets):
        raise InputError(faults)
    streets = streets.during(checked.shift.start, checked.shift.end)
    return study_of_settings(
        checked, streets=streets, stops=found, vehicles=used, pack=pack, further_types=[*known, *used]
    )


def _pair(values: Any, names: tuple[str, str]) -> dict[str, Any]:
    """A pair as a table; what is no pair leaves both entries empty, which are then the faults."""
    if isinstance(values, str) or not isinstance(values, Sequence) or len(values) != 2:
        return dict.fromkeys(names)
    return dict(zip(names, values, strict=True))


def _own_vehicles(own: Mapping[str, Vehicle] | str | Path | None) -> Mapping[str, Vehicle]:
    if own is None:
        return {}
    return read_vehicles(Path(own)) if isinstance(own, str | Path) else own


def _pack(costs: str | Path | CostPack | None, streets: object) -> CostPack:
    if costs is None:
        return pack_of_country(streets.country if isinstance(streets, Streets) else "")
    if isinstance(costs, CostPack):
        return costs
    if isinstance(costs, Path) or str(costs).endswith(".toml"):
        return read_cost_pack(Path(costs))
    return cost_pack(str(costs))


def _checked_stops(stops: Stops | Iterable[Stop] | str | Path | pd.DataFrame) -> Stops:
    if isinstance(stops, Stops):
        return stops
    if isinstance(stops, str | Path):
        return read_stops(stops)
    if hasattr(stops, "columns"):
        return read_stops(cast("pd.DataFrame", stops))
    items = tuple(stops) if isinstance(stops, Iterable) else ()
    if not isinstance(stops, Iterable) or not all(isinstance(item, Stop) for item in items):
        raise InputError.one(
            "arguments.stops",
            WHERE,
            "stops",
            "are not stops",
            "give fp.read_stops(...), a file, a table or Stops",
        )
    return Stops(items)


def _fleets(
    fleets: Mapping[str, FleetSpec], *, known: Mapping[str, Vehicle], used: dict[str, Vehicle]
) -> dict[str, list[dict[str, Any]]]:
    """The fleets as tables of a scenario; every vehicle met is added to ``used``."""
    if not isinstance(fleets, Mapping) or not all(isinstance(name, str) for name in fleets):
        raise InputError.one(
            "arguments.fleets",
            WHERE,
            "fleets",
            "is no mapping from names to vehicle types",
            'give for example {"kei": ["kei-van"], "van": ["full-size-van"]}',
        )
    tables: dict[str, list[dict[str, Any]]] = {}
    faults: list[Fault] = []
    for name, spec in fleets.items():
        tables[name] = []
        for item in [spec] if isinstance(spec, str | Vehicle | Mapping) else spec:
            table = dict(item) if isinstance(item, Mapping) else {"type": item}
            try:
                found = _vehicle(table.get("type"), known=known)
                if used.setdefault(found.name, found) != found:
                    raise InputError.one(
                        "fleets.twice", "", "", f"two vehicles are called {found.name!r}", "give one another name"
                    )
            except InputError as error:
                faults += [
                    Fault(fault.code, WHERE, f"fleets.{name}", fault.message, fault.remedy) for fault in error.faults
                ]
                continue
            tables[name].append({**table, "type": found.name})
    if faults:
        raise InputError(faults)
    return tables


def _vehicle(kind: object, *, known: Mapping[str, Vehicle]) -> Vehicle:
    if isinstance(kind, Vehicle):
        return kind
    if not isinstance(kind, str):
        raise InputError.one(
            "fleets.type", "", "", f"{kind!r} names no vehicle type", 'give a name, a Vehicle or {"type": name}'
        )
    return known[kind] if kind in known else vehicle(kind)
