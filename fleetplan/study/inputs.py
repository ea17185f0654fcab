"""What a comparison is asked: streets, stops, depot, fleets and rules, checked together before anything is planned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from fleetplan.city.streets import Streets
from fleetplan.demand.files import check_stops
from fleetplan.demand.stops import Stops
from fleetplan.errors import Fault, InputError
from fleetplan.fleet.catalogue import vehicles
from fleetplan.fleet.costs import CostPack
from fleetplan.fleet.pricing import PACKS, cost_pack
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.seams import AccessRules
from fleetplan.scenario import Settings
from fleetplan.study.rests import NO_RESTS, RestPlan, rest_plan_of


@dataclass(frozen=True, slots=True)
class FleetEntry:
    """A vehicle type of a fleet; ``max`` is how many there are, ``None`` for as many as wanted.

    ``shift_s`` is its own shift within the study's, ``max_span_h`` its longest day, ``max_stops`` the most stops of
    a day.
    """

    type: str
    max: int | None = None
    shift_s: tuple[int, int] | None = None
    max_span_h: float | None = None
    max_stops: int | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """The working day in seconds after midnight, and the hours that shape its pay."""

    start_s: int
    end_s: int
    max_h: float
    paid_min_h: float


@dataclass(frozen=True, eq=False)
class StudyInput:
    """Everything that decides a comparison's answer.

    Attributes:
        streets, stops, depot: the place; ``depot`` is (lat, lon).
        fleets: the vehicle types that each fleet may use.
        vehicles: every vehicle type named by a fleet.
        pack: prices.
        shift, reload_min, max_trips: the day at the depot.
        max_walk_m: longest walk from the vehicle to a stop, one way.
        rules: how widths are judged.
        unserved_price_per_parcel: ``None`` to serve as many parcels as possible first, those of the highest priority
            before all others.
        docks: how many vehicles can be loaded at once; ``None``: all.
        rests: the rests of every driver.
        further_types: vehicle types that no fleet has and that stops may name all the same: the user's own.
        baseline: the fleet that differences refer to.
        seed, effort, max_seconds: of the search.
        bound: whether each fleet's cost is held against a lower bound.
    """

    streets: Streets
    stops: Stops
    depot: tuple[float, float]
    fleets: Mapping[str, tuple[FleetEntry, ...]]
    vehicles: Mapping[str, Vehicle]
    pack: CostPack
    shift: Shift
    reload_min: float
    max_trips: int
    max_walk_m: float
    rules: AccessRules
    unserved_price_per_parcel: float | None
    baseline: str
    seed: int
    effort: str | int
    max_seconds: float | None
    bound: bool = False
    docks: int | None = None
    rests: RestPlan = NO_RESTS
    further_types: frozenset[str] = frozenset()

    @property
    def types(self) -> tuple[str, ...]:
        """Names of all vehicle types of all fleets, sorted."""
        return tuple(sorted({entry.type for entries in self.fleets.values() for entry in entries}))


def check_input(study: StudyInput) -> None:
    """Check the parts against each other: stops and depot against the city, loads against vehicles, times.

    Raises:
        InputError: with every fault found.
    """
    faults: list[Fault] = []
    if len(study.stops) == 0:
        faults.append(
            Fault("stops.empty", study.stops.label, "", "there is no stop to deliver to", "add at least one stop")
        )
    faults += check_stops(study.stops, bounds=study.streets.bounds, shift_s=(study.shift.start_s, study.shift.end_s))
    faults += depot_faults(study.depot, study.streets)
    faults += _load_faults(study)
    faults += _type_faults(study)
    if faults:
        raise InputError(faults)


def depot_faults(depot: tuple[float, float], streets: Streets) -> list[Fault]:
    """What is wrong with the depot's position in a city."""
    lat, lon = depot
    west, south, east, north = streets.bounds
    if west <= lon <= east and south <= lat <= north:
        return []
    if west <= lat <= east and south <= lon <= north:
        return [
            Fault(
                "depot.swapped",
                "depot",
                "lat, lon",
                f"({lat}, {lon}) lies inside the city only with latitude and longitude swapped",
                "give the latitude first",
            )
        ]
    return [
        Fault(
            "depot.outside",
            "depot",
            "lat, lon",
            f"({lat}, {lon}) lies outside the city's streets "
            f"(latitude {south:.4f} to {north:.4f}, longitude {west:.4f} to {east:.4f})",
            "move the depot into the city, or load a larger extract",
        )
    ]


def _load_faults(study: StudyInput) -> list[Fault]:
    """A stop that not even the largest vehicle of any fleet could carry in one trip."""
    if not study.vehicles:
        return []
    strongest = max(study.vehicles.values(), key=lambda vehicle: vehicle.payload_kg)
    roomiest = max(study.vehicles.values(), key=lambda vehicle: vehicle.usable_volume_m3)
    faults = []
    for index, stop in enumerate(study.stops):
        where = study.stops.where(index)
        for field, weight_kg in (("demand_kg", stop.demand_kg), ("collect_kg", stop.collect_kg)):
            if weight_kg > strongest.payload_kg:
                faults.append(
                    Fault(
                        "stops.too_heavy",
                        where,
                        field,
                        f"is {weight_kg:g}, but the largest vehicle carries {strongest.payload_kg:g} kg "
                        f"({strongest.name})",
                        "split the stop into several, or add a vehicle that carries more",
                    )
                )
        for field, volume_m3 in (("volume_m3", stop.volume_m3), ("collect_m3", stop.collect_m3)):
            if volume_m3 > roomiest.usable_volume_m3:
                faults.append(
                    Fault(
                        "stops.too_big",
                        where,
                        field,
                        f"is {volume_m3:g}, but the largest vehicle holds {roomiest.usable_volume_m3:.2f} m³ "
                        f"({roomiest.name})",
                        "split the stop into several, or add a larger vehicle",
                    )
                )
    return faults


def _type_faults(study: StudyInput) -> list[Fault]:
    """Stops that name a vehicle type which neither the fleets nor the catalogue know."""
    known = {*study.types, *study.further_types, *vehicles()}
    faults = []
    for index, stop in enumerate(study.stops):
        for field, names in (("vehicles", stop.vehicles), ("not_vehicles", stop.not_vehicles)):
            for name in names:
                if name not in known:
                    close = get_close_matches(name, sorted(known), n=2, cutoff=0.5)
                    remedy = f"did you mean {' or '.join(close)}?" if close else "name a type of the scenario's fleets"
                    message = f"there is no vehicle {name[:64]!r}"
                    faults.append(Fault("stops.vehicles", study.stops.where(index), field, message, remedy))
    return faults


def shift_of(start_s: int, end_s: int, pack: CostPack, *, max_h: float | None, paid_min_h: float | None) -> Shift:
    """The working day; hours that nobody states are the cost pack's."""
    return Shift(
        start_s,
        end_s,
        pack.value("max_h") if max_h is None else float(max_h),
        pack.value("paid_min_h") if paid_min_h is None else float(paid_min_h),
    )


def study_of_settings(
    settings: Settings,
    *,
    streets: Streets,
    stops: Stops,
    vehicles: Mapping[str, Vehicle],
    pack: CostPack,
    further_types: Iterable[str] = (),
) -> StudyInput:
    """A study from checked settings and what they refer to.

    Raises:
        InputError: a rule set of rests is unknown.
    """
    fleets = {
        name: tuple(
            FleetEntry(entry.type, entry.max, entry.shift, entry.max_span_h, entry.max_stops) for entry in entries
        )
        for name, entries in settings.fleets.items()
    }
    shift = settings.shift
    return StudyInput(
        streets=streets,
        stops=stops,
        depot=(settings.depot.lat, settings.depot.lon),
        fleets=fleets,
        vehicles=vehicles,
        pack=pack,
        shift=shift_of(shift.start, shift.end, pack, max_h=shift.max_h, paid_min_h=shift.paid_min_h),
        reload_min=settings.depot.reload_min,
        max_trips=settings.depot.max_trips,
        max_walk_m=settings.max_walk_m,
        rules=AccessRules(settings.ordinance, settings.width_quantile, streets.country),
        unserved_price_per_parcel=settings.unserved_price_per_parcel,
        baseline=settings.baseline or default_baseline(fleets),
        seed=settings.seed,
        effort=settings.effort,
        max_seconds=settings.max_seconds,
        bound=settings.bound,
        docks=settings.depot.docks,
        rests=rest_plan_of(settings),
        further_types=frozenset(further_types),
    )


def default_baseline(fleets: Mapping[str, Sequence[FleetEntry]]) -> str:
    """The fleet that differences refer to when nobody says: the last by name of those with fewest types."""
    if not fleets:
        return ""
    fewest = min(len(entries) for entries in fleets.values())
    return max(name for name, entries in fleets.items() if len(entries) == fewest)


def pack_of_country(country: str) -> CostPack:
    """The bundled prices of a country, or the demo's assumptions where there are none."""
    return cost_pack(country if country in PACKS else "demo")
