"""City problems: ``city:PLACE:STOPS`` or ``city:PLACE:STOPS:SEED`` with the places helsinki, osaka and porto.

A delivery day of one carrier: stops drawn by fleetplan's own demand model, three vehicle types with their own streets,
walks and parking, each as many as wanted; a shift of ten hours with four paid at least and no overtime; three trips a
day, a quarter of an hour of loading before each; a window on every third stop. Stops that no type reaches are replaced
by the next ones drawn. What the day costs is the bundled prices of the country, or the demo's.

Building takes routing over all streets; what it gives is kept in ``FLEETPLAN_CACHE`` or the user's cache folder and
does not follow later changes of the router: raise ``RECIPE`` to build anew.

Peers see the same day. Walking and parking lie on the arcs, type by type, which is exact. PyVRP has reloads, duration
cost and paid minimum (its overtime); its answer is the problem's own optimum as far as it finds it. VROOM and OR-Tools
drive one trip a vehicle (``join_days`` then gives trips to one vehicle where that is cheaper); OR-Tools prices span and
paid minimum, VROOM only driving. All are costed by our clock and checked by fleetplan's checker.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from fleetplan.city.streets import Streets
from fleetplan.demand.handling import rounds, walk_seconds
from fleetplan.demand.sampling import sample_stops
from fleetplan.demand.stops import Stop
from fleetplan.errors import Refusal
from fleetplan.fleet.catalogue import find_vehicles
from fleetplan.fleet.costs import VehicleCosts
from fleetplan.fleet.pricing import vehicle_costs
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.planning.problem import Access, Pay, Problem, Task, VehicleType
from fleetplan.resources import data_path
from fleetplan.routing.depot import shared_place
from fleetplan.routing.reach import Reach, reach_of
from fleetplan.routing.seams import AccessRules
from fleetplan.storing import cache_folder, content_key
from fleetplan.study.inputs import pack_of_country
from fleetplan.travel import UNREACHABLE, TravelTable
from tests.benchmarks.solver_cases import Case, CaseType

CITY = "city:"
RECIPE = 1
TYPES = ("kei-van", "toyota-hiace", "full-size-van")
SIZES = (100, 300, 1000, 5000)
SHIFT_S = (8 * 3600, 18 * 3600)
WINDOWS_S = tuple((start * 3600, end * 3600) for start, end in ((9, 11), (10, 12), (12, 14), (14, 16), (16, 18)))
WINDOW_EVERY = 3
RELOAD_S = 900
PAID_MIN_S = 4 * 3600
MAX_TRIPS = 3
MAX_WALK_M = 150.0
DEPOTS = {"helsinki": (60.17099, 24.93872), "osaka": (34.6290, 135.5400), "porto": (41.1705, -8.6440)}
"""Positions near which each place's depot lies: our choice, on streets that every type may drive."""


@dataclass(frozen=True)
class _Name:
    place: str
    stops: int
    seed: int


def is_city(name: str) -> bool:
    """Whether this is the name of a city problem."""
    try:
        _parsed(name)
    except ValueError:
        return False
    return True


def _parsed(name: str) -> _Name:
    word, place, stops, *seed = name.split(":")
    if word != "city" or place not in DEPOTS or len(seed) > 1 or int(stops) < 1:
        raise ValueError(f"{name!r} is no city problem")
    return _Name(place, int(stops), int(seed[0]) if seed else 0)


def city_case(name: str, shared: Path) -> Case:
    """A city problem as a case, built when first asked for.

    Raises:
        FileNotFoundError: the place's extract is not in the shared folder.
        ValueError: no such problem.
    """
    return case_of_problem(city_problem(name, shared), name=name, set_name=f"city-{_parsed(name).stops}")


def city_problem(name: str, shared: Path) -> Problem:
    """A city problem, from the disk where it was built before."""
    parsed = _parsed(name)
    extracts = {"helsinki": data_path("helsinki.osm.pbf")}
    files = {"osaka": "osaka-abeno.osm.pbf", "porto": "porto-metro.osm.pbf"}
    extract = extracts.get(parsed.place) or shared / "osm" / files[parsed.place]
    if not extract.is_file():
        raise FileNotFoundError(f"no extract at {extract}")
    key = content_key(RECIPE, parsed.place, parsed.stops, parsed.seed, extract.read_bytes())
    folder = (cache_folder() or user_cache_path("fleetplan")) / "benchmark-cities"
    path = folder / f"{parsed.place}-{parsed.stops}-{parsed.seed}-{key[:12]}.npz"
    if not path.is_file():
        write_problem(path, _build(parsed, extract))
    return read_problem(path)


def _build(name: _Name, extract: Path) -> Problem:
    streets = Streets.from_file(extract)
    vehicles = find_vehicles(TYPES)
    rules = AccessRules(country=streets.country)
    depot = DEPOTS[name.place]
    place = shared_place(streets, list(vehicles.values()), depot, rules=rules)
    drawn = sample_stops(streets, name.stops + name.stops // 5 + 5, seed=name.seed)
    lat = np.array([stop.lat for stop in drawn], dtype=np.float64)
    lon = np.array([stop.lon for stop in drawn], dtype=np.float64)
    reached = [
        reach_of(streets, vehicle, lat=lat, lon=lon, depot=depot, rules=rules, max_walk_m=MAX_WALK_M, place=place)
        for vehicle in vehicles.values()
    ]
    rows = np.flatnonzero(np.any([reach.stop_point >= 0 for reach in reached], axis=0))[: name.stops]
    if len(rows) < name.stops:
        raise ValueError(f"only {len(rows)} of {len(drawn)} stops in {name.place} can be reached")
    stops = [drawn[int(row)] for row in rows]
    windows = _windows(name)
    tasks = tuple(
        Task(
            id=stop.id,
            parcels=stop.parcels,
            weight_kg=stop.demand_kg,
            volume_m3=stop.volume_m3,
            windows_s=(windows[number],),
            service_s=stop.service_s,
        )
        for number, stop in enumerate(stops)
    )
    pack = pack_of_country(streets.country)
    types = [
        _vehicle_type(vehicle, vehicle_costs(vehicle, pack), reach, stops, rows)
        for vehicle, reach in zip(vehicles.values(), reached, strict=True)
    ]
    wage = vehicle_costs(next(iter(vehicles.values())), pack).amount("driver")
    return Problem(
        tasks=tasks,
        types=tuple(types),
        shift_s=SHIFT_S,
        reload_s=RELOAD_S,
        pay=Pay(wage_per_h=wage, min_s=PAID_MIN_S, overtime_after_s=SHIFT_S[1] - SHIFT_S[0], overtime_factor=1.0),
        max_walk_m=MAX_WALK_M,
    )


def _vehicle_type(
    vehicle: Vehicle, costs: VehicleCosts, reach: Reach, stops: Sequence[Stop], rows: NDArray[np.int64]
) -> VehicleType:
    """A type that meets each stop where its reach says, on a table of just these points."""
    served = reach.stop_point[rows]
    points = np.unique(np.append(0, served[served >= 0]))
    row_of = {int(point): number for number, point in enumerate(points)}
    access: list[tuple[Access, ...]] = []
    for stop, row in zip(stops, rows, strict=True):
        point = int(reach.stop_point[row])
        walk_m = round(float(reach.walk_m[row]), 2)
        goes = rounds(stop.demand_kg, stop.volume_m3)
        access.append((Access(row_of[point], walk_m, goes, *walk_seconds(walk_m, goes)),) if point >= 0 else ())
    return VehicleType(
        name=vehicle.name,
        count=None,
        capacity_kg=vehicle.payload_kg,
        capacity_m3=vehicle.usable_volume_m3,
        capacity_parcels=None,
        cost_per_day=costs.amount("vehicle"),
        distance_cost_per_km=costs.amount("distance"),
        energy_cost_per_km=costs.amount("energy"),
        max_trips=MAX_TRIPS,
        table=TravelTable(
            type=vehicle.name,
            lat=reach.table.lat[points],
            lon=reach.table.lon[points],
            time_s=reach.table.time_s[:1, points][:, :, points],
            distance_m=reach.table.distance_m[:1, points][:, :, points],
        ),
        park_s=tuple(
            round(vehicle.park_s[reach.band_at(int(p))] + float(reach.heading_s[p])) if p else 0 for p in points
        ),
        access=tuple(access),
        refusals=tuple(reach.refusals[int(row)] for row in rows),
    )


def _windows(name: _Name) -> list[tuple[int, int]]:
    rng = np.random.default_rng([RECIPE, name.stops, name.seed])
    chosen = rng.permutation(name.stops)[: name.stops // WINDOW_EVERY]
    windows = [SHIFT_S] * name.stops
    for stop, which in zip(chosen, rng.integers(0, len(WINDOWS_S), len(chosen)), strict=True):
        windows[stop] = WINDOWS_S[which]
    return windows


def write_problem(path: Path, problem: Problem) -> None:
    """Keeps a city problem: tables as arrays, the rest as JSON. Nothing is pickled."""
    arrays: dict[str, NDArray[Any]] = {}
    for number, vehicle in enumerate(problem.types):
        arrays[f"time_{number}"] = vehicle.table.time_s
        arrays[f"distance_{number}"] = vehicle.table.distance_m
        arrays[f"place_{number}"] = np.stack([vehicle.table.lat, vehicle.table.lon])
    rest = {
        "tasks": [
            [t.id, t.parcels, t.weight_kg, t.volume_m3, list(t.windows_s[0]), t.service_s] for t in problem.tasks
        ],
        "types": [
            {
                "name": v.name,
                "capacity": [v.capacity_kg, v.capacity_m3],
                "costs": [v.cost_per_day, v.distance_cost_per_km, v.energy_cost_per_km],
                "max_trips": v.max_trips,
                "park_s": v.park_s,
                "access": [
                    [[a.point, a.walk_m, a.rounds, a.walk_out_s, a.walk_back_s] for a in ways] for ways in v.access
                ],
                "refusals": [None if r is None else [r.code, r.text] for r in v.refusals],
            }
            for v in problem.types
        ],
        "day": [list(problem.shift_s), problem.reload_s, problem.max_walk_m],
        "pay": [problem.pay.wage_per_h, problem.pay.min_s, problem.pay.overtime_after_s, problem.pay.overtime_factor],
    }
    arrays["rest"] = np.frombuffer(json.dumps(rest).encode(), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    Path(file.name).replace(path)


def read_problem(path: Path) -> Problem:
    """The opposite of :func:`write_problem`."""
    with np.load(path, allow_pickle=False) as entry:
        arrays = {name: entry[name] for name in entry.files}
    rest = json.loads(arrays["rest"].tobytes())
    tasks = tuple(
        Task(name, parcels, kg, m3, (tuple(window),), service)
        for name, parcels, kg, m3, window, service in rest["tasks"]
    )
    types = []
    for number, kind in enumerate(rest["types"]):
        lat, lon = arrays[f"place_{number}"]
        table = TravelTable(kind["name"], lat, lon, arrays[f"time_{number}"], arrays[f"distance_{number}"])
        capacity_kg, capacity_m3 = kind["capacity"]
        per_day, per_km, energy_per_km = kind["costs"]
        types.append(
            VehicleType(
                name=kind["name"],
                count=None,
                capacity_kg=capacity_kg,
                capacity_m3=capacity_m3,
                capacity_parcels=None,
                cost_per_day=per_day,
                distance_cost_per_km=per_km,
                energy_cost_per_km=energy_per_km,
                max_trips=kind["max_trips"],
                table=table,
                park_s=tuple(kind["park_s"]),
                access=tuple(tuple(Access(*way) for way in ways) for ways in kind["access"]),
                refusals=tuple(None if refusal is None else Refusal(*refusal) for refusal in kind["refusals"]),
            )
        )
    shift_s, reload_s, max_walk_m = rest["day"]
    return Problem(tasks, tuple(types), tuple(shift_s), reload_s, Pay(*rest["pay"]), max_walk_m)


def case_of_problem(problem: Problem, *, name: str, set_name: str) -> Case:
    """A problem with one window and one access for each stop as a case, exactly.

    Parking, and the walks out and back, lie on the arcs of each type; loads count in grams and cubic centimetres.
    """
    nodes = len(problem.tasks) + 1
    kinds: list[CaseType] = []
    lengths: list[NDArray[Any]] = []
    durations: list[NDArray[Any]] = []
    for number, vehicle in enumerate(problem.types):
        length, duration, allowed = _arcs_of(vehicle, nodes)
        lengths.append(length)
        durations.append(duration)
        kinds.append(
            CaseType(
                name=vehicle.name,
                count=vehicle.count,
                capacity=(_most(vehicle.capacity_kg, 1e3), _most(vehicle.capacity_m3, 1e6)),
                fixed=vehicle.cost_per_day,
                per_tick=vehicle.cost_per_km / 1000.0,
                matrix=number,
                allowed=allowed,
                max_trips=vehicle.max_trips,
            )
        )
    window = [problem.shift_s, *(task.windows_s[0] for task in problem.tasks)]
    load = [(0.0, 0.0), *((task.weight_kg * 1e3, task.volume_m3 * 1e6) for task in problem.tasks)]
    return Case(
        name=name,
        set=set_name,
        types=tuple(kinds),
        lengths=tuple(lengths),
        durations=tuple(durations),
        exact=None,
        demand=np.ceil(np.array(load) - 1e-3).astype(np.int64),
        service=np.array([0, *(task.service_s for task in problem.tasks)], dtype=np.int64),
        windows=np.array(window, dtype=np.int64),
        release=np.array([0, *(task.ready_s or 0 for task in problem.tasks)], dtype=np.int64),
        loading=problem.reload_s,
        wage=problem.pay.wage_per_h / 3600.0,
        min_paid=problem.pay.min_s,
        digits=6,
        given=problem,
    )


def _arcs_of(vehicle: VehicleType, nodes: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.bool_]]:
    ways = [entry[0] if entry else None for entry in vehicle.access]
    allowed = np.array([True, *(way is not None for way in ways)])
    point = np.array([0, *(way.point if way else 0 for way in ways)], dtype=np.int64)
    out_s = np.array([0, *(way.walk_out_s if way else 0 for way in ways)], dtype=np.int32)
    back_s = np.array([0, *(way.walk_back_s if way else 0 for way in ways)], dtype=np.int32)
    park_s = np.array(vehicle.park_s, dtype=np.int32)[point]
    across = np.ix_(point, point)
    length, drive = vehicle.table.distance_m[0][across], vehicle.table.time_s[0][across]
    far = drive == UNREACHABLE
    parked = np.where(point[:, None] == point[None, :], 0, park_s[None, :])
    duration = np.where(far, 0, drive) + parked + out_s[None, :] + back_s[:, None]
    length = np.where(far, UNREACHABLE, length)
    duration = np.where(far, UNREACHABLE, duration).astype(np.int32)
    assert length.shape == (nodes, nodes)
    return length, duration, allowed


def _most(capacity: float | None, scale: float) -> int:
    return 2**40 if capacity is None else int(capacity * scale + 1e-3)
