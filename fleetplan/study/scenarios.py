"""From a scenario file to a checked study: everything the file names is read, and all faults are told at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from fleetplan.city.places import streets_from_bbox, streets_from_place
from fleetplan.city.streets import Streets
from fleetplan.demand.files import check_stops, read_stops
from fleetplan.demand.sampling import sample_stops
from fleetplan.demand.stops import Stops
from fleetplan.errors import Fault, InputError
from fleetplan.fleet.catalogue import read_vehicles, vehicle, vehicles
from fleetplan.fleet.costs import CostPack
from fleetplan.fleet.pricing import cost_pack, read_cost_pack
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.resources import data_path
from fleetplan.scenario import Scenario, absent_files, read_scenario
from fleetplan.study.building import Progress
from fleetplan.study.inputs import StudyInput, depot_faults, pack_of_country, study_of_settings
from fleetplan.study.rests import rest_faults


def study_of_scenario(path: Path, *, progress: Progress | None = None) -> StudyInput:
    """Read a scenario and everything it names.

    Raises:
        InputError: with every fault found (of the scenario first; of its files once the scenario itself is sound).
    """
    scenario = read_scenario(path)
    folder, where = path.parent, path.name
    faults: list[Fault] = absent_files(scenario, folder, where=where)
    if faults:
        raise InputError(faults)
    own: dict[str, Vehicle] = {}
    pack: CostPack | None = None
    stops: Stops | None = None
    streets: Streets | None = None

    def attempt(step: Callable[[], None]) -> None:
        try:
            step()
        except InputError as error:
            faults.extend(error.faults)

    def read_own() -> None:
        if scenario.vehicles:
            own.update(read_vehicles(folder / scenario.vehicles.file))

    def read_costs() -> None:
        nonlocal pack
        if scenario.costs.file:
            pack = read_cost_pack(folder / scenario.costs.file)
        elif scenario.costs.pack:
            pack = cost_pack(scenario.costs.pack)

    def read_streets() -> None:
        nonlocal streets
        if progress:
            progress("reading streets", 0, 1)
        streets = _city_of(scenario, folder, progress).during(scenario.shift.start, scenario.shift.end)

    def read_demand() -> None:
        nonlocal stops
        if scenario.stops.file:
            stops = read_stops(folder / scenario.stops.file)

    faults += rest_faults(scenario, where=where)
    attempt(read_own)
    attempt(read_costs)
    attempt(read_demand)
    attempt(read_streets)
    faults += _unknown_types(scenario, own, where=where)
    if faults and streets is not None:
        faults += depot_faults((scenario.depot.lat, scenario.depot.lon), streets)
        if stops is not None:
            faults += check_stops(stops, bounds=streets.bounds, shift_s=(scenario.shift.start, scenario.shift.end))
    if faults or streets is None:
        raise InputError(faults)
    if stops is None:
        stops = sample_stops(streets, scenario.stops.sample or 1, seed=scenario.seed)
    pack = pack or pack_of_country(streets.country)
    if scenario.currency is not None and scenario.currency != pack.currency:
        raise InputError.one(
            "scenario.currency",
            where,
            "currency",
            f"is {scenario.currency}, but the prices of pack {pack.name} are in {pack.currency}",
            "leave the currency out, or name a cost pack or file in that currency",
        )
    types = {entry.type for entries in scenario.fleets.values() for entry in entries}
    return study_of_settings(
        scenario,
        streets=streets,
        stops=stops,
        vehicles={name: own.get(name) or vehicle(name) for name in sorted(types)},
        pack=pack,
        further_types=own,
    )


def load_city(city: str | Path, *, country: str | None = None) -> Streets:
    """Streets of a CITY argument: a file, or the word ``helsinki`` for the bundled extract.

    Raises:
        CityError: the file is absent, broken, or holds no drivable street.
    """
    if str(city) == "helsinki":
        return Streets.from_file(data_path("helsinki.osm.pbf"), country=country)
    return Streets.from_file(city, country=country)


def _city_of(scenario: Scenario, folder: Path, progress: Progress | None) -> Streets:
    city = scenario.city
    if city.file is not None:
        return load_city(city.file if city.file == "helsinki" else folder / city.file, country=city.country)
    if city.place is not None:
        return streets_from_place(city.place, country=city.country, progress=progress)
    assert city.bbox is not None
    return streets_from_bbox(*city.bbox, country=city.country, progress=progress)


def _unknown_types(scenario: Scenario, own: Mapping[str, Vehicle], *, where: str) -> list[Fault]:
    faults = []
    known = {*own, *vehicles()}
    for name, entries in scenario.fleets.items():
        for row, entry in enumerate(entries):
            if entry.type in known:
                continue
            try:
                vehicle(entry.type)
            except InputError as error:
                faults += [replace(fault, where=where, field=f"fleets.{name}.{row}.type") for fault in error.faults]
    return faults
