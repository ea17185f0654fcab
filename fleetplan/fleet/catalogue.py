"""The vehicles that fleetplan knows, and those that users add."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

from fleetplan.errors import Fault, InputError
from fleetplan.figures import Figure, figure_of
from fleetplan.fleet.entries import RESERVED, VehicleEntry, read_entries
from fleetplan.fleet.estimating import estimate_vehicle
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.resources import data_path


def vehicle(name: str) -> Vehicle:
    """A vehicle of the catalogue by its own or its generic name (``kei-van``); the name stays as asked for.

    Raises:
        InputError: the catalogue has no such vehicle.
    """
    return find_vehicles([name])[name]


def vehicles() -> dict[str, Vehicle]:
    """All vehicles of the catalogue by name, generic names included, sorted."""
    return dict(_catalogue())


def find_vehicles(names: Iterable[str], extra: Mapping[str, Vehicle] | None = None) -> dict[str, Vehicle]:
    """The vehicles of these names, from ``extra`` (a user's own) or the catalogue.

    Raises:
        InputError: one fault for each name that neither knows.
    """
    known = {**_catalogue(), **(extra or {})}
    wanted = list(dict.fromkeys(str(name) for name in names))
    faults = [_unknown(name, known) for name in wanted if name not in known]
    if faults:
        raise InputError(faults)
    return {name: known[name] for name in wanted}


def read_vehicles(path: str | Path) -> dict[str, Vehicle]:
    """The vehicles of a user's TOML file, sorted by name.

    One table per vehicle, with the field names of the catalogue. ``base`` names an entry of the catalogue (or an
    earlier one of the file) to start from. A figure is a bare number, which is then an assumption of that file, or
    a table with value, source, confidence and date.

    Raises:
        InputError: everything that is wrong with the file, at once.
    """
    path = Path(path)
    entries, reserved, faults = read_entries(path)
    for name in reserved:
        faults.append(
            Fault("vehicles.reserved", path.name, name, "this table is for the catalogue only", "rename the vehicle")
        )
    known, _, formulas = _bundled()
    result: dict[str, Vehicle] = {}
    bases: dict[str, VehicleEntry] = dict(known)
    for name, entry in entries.items():
        where = f"{path.name} [{name[:64]}]"
        if name in known:
            remedy = f'choose another name; base = "{name}" starts from the catalogue\'s figures'
            faults.append(Fault("vehicles.taken", where, "", "the catalogue has a vehicle of this name", remedy))
            continue
        if entry.base is not None:
            if entry.base not in bases:
                faults.append(_unknown(entry.base, bases, where=where, field="base"))
                continue
            entry = entry.over(bases[entry.base])
        bases[name] = entry
        made, missing = estimate_vehicle(name, entry, formulas, where=path.name)
        faults += missing
        if made is not None:
            result[name] = made
    if not entries and not faults:
        remedy = "add a table such as [my-van] with length_m, body_width_m and so on"
        faults.append(Fault("vehicles.empty", path.name, "", "there is no vehicle in this file", remedy))
    if faults:
        raise InputError(faults)
    return dict(sorted(result.items()))


def estimates() -> Mapping[str, Figure]:
    """The figures of the estimating formulas and of the size classes by key. Treat the result as read-only."""
    return _bundled()[2]


def _unknown(name: str, known: Iterable[str], *, where: str = "fleet", field: str = "type") -> Fault:
    close = get_close_matches(name, sorted(known), n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    message = f"there is no vehicle {name[:64]!r}"
    return Fault("vehicles.unknown", where, field, message, f"{hint}`fleetplan vehicles` lists all")


@lru_cache(maxsize=1)
def _bundled() -> tuple[dict[str, VehicleEntry], dict[str, str], dict[str, Figure]]:
    """Entries by name (generic names too), generic names, and the figures of the estimates."""
    path = data_path("vehicles.toml")
    entries, reserved, faults = read_entries(path)
    if faults:
        raise InputError(faults)
    aliases, formulas = (reserved[name] for name in RESERVED)
    figures = {key: figure_of(key, entry, where=path.name) for key, entry in formulas.items()}
    return entries | {alias: entries[name] for alias, name in aliases.items()}, dict(aliases), figures


@lru_cache(maxsize=1)
def _catalogue() -> dict[str, Vehicle]:
    entries, aliases, formulas = _bundled()
    result: dict[str, Vehicle] = {}
    faults: list[Fault] = []
    for name, entry in entries.items():
        if name not in aliases:
            made, missing = estimate_vehicle(name, entry, formulas, where="vehicles.toml")
            faults += missing
            if made is not None:
                result[name] = made
    if faults:
        raise InputError(faults)
    result |= {alias: replace(result[name], name=alias) for alias, name in aliases.items()}
    return dict(sorted(result.items()))
