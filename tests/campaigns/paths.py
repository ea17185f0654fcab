"""Random paths of every vehicle on every city, followed step by step by the independent checker.

``python -m tests.campaigns.paths [--osm F …] [--paths 2000] [--vehicles A,B,…] [--seed 1]``

Without ``--osm``: the bundled city and every extract of the shared data. Exit status 1 if a path is rejected.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fleetplan.city.streets import Streets
from fleetplan.errors import Fault, InputError
from fleetplan.fleet.catalogue import find_vehicles
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.resources import data_path
from fleetplan.routing.reach import Reach, reach_of
from fleetplan.routing.verifying import verify_paths

VEHICLES = ("kei-van", "toyota-hiace", "full-size-van")
PLACES = 400
ENDINGS = (".osm.pbf", ".graphml.gz")


def reach_of_places(streets: Streets, vehicle: Vehicle, *, seed: int, places: int = PLACES) -> Reach:
    """Reach of a vehicle for places drawn along the drivable streets, from the first of them that serves as depot."""
    rng, table = np.random.default_rng(seed), streets.stretches
    row = rng.choice(np.flatnonzero(table.drivable), size=places)
    vertex = (table.line_start[row] + table.line_start[row + 1] - 1) // 2
    lat, lon = table.line_lat[vertex], table.line_lon[vertex]
    for depot in zip(lat.tolist(), lon.tolist(), strict=True):
        try:
            found = reach_of(streets, vehicle, lat=lat, lon=lon, depot=depot)
        except InputError:  # no place to start from
            continue
        if len(found.points) > places // 2:
            return found
    raise AssertionError(f"{vehicle.name} finds no depot")


def rejected_paths(streets: Streets, vehicle: Vehicle, *, paths: int, seed: int) -> list[Fault]:
    """What the checker rejects of random paths between random places, times and lengths of the table included.

    A tour of a hundred places driven with headings kept comes on top.
    """
    found = reach_of_places(streets, vehicle, seed=seed)
    pairs = np.random.default_rng(seed + 1).integers(0, len(found.points), (paths, 2))
    driven = found.paths([(a, b) for a, b in pairs.tolist()])
    table = found.table
    times = [(int(table.time_s[0, a, b]), int(table.distance_m[0, a, b])) for a, b in pairs.tolist()]
    faults = verify_paths(streets, vehicle, driven, times=times)
    tour = [0, *np.random.default_rng(seed + 2).permutation(np.arange(1, len(found.points)))[:100].tolist(), 0]
    return faults + verify_paths(streets, vehicle, found.drive(tour))


def shared_cities() -> Iterator[Path]:
    """The bundled city, and the extracts and graphs of the shared data."""
    yield data_path("helsinki.osm.pbf")
    root = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("FLEETPLAN_TEST_DATA", root.parent / "shared")) / "osm"
    yield from sorted(path for path in folder.glob("*") if path.name.endswith(ENDINGS))


def main() -> int:
    """Follow the paths of all cities and vehicles."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--osm", type=Path, nargs="*", help="extracts or graphs")
    parser.add_argument("--paths", type=int, default=2000, help="paths per city and vehicle")
    parser.add_argument("--vehicles", default=",".join(VEHICLES))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    failed = 0
    for path in options.osm or shared_cities():
        streets = Streets.from_file(path)
        for name, vehicle in find_vehicles(options.vehicles.split(",")).items():
            faults = rejected_paths(streets, vehicle, paths=options.paths, seed=options.seed)
            failed += len(faults)
            kinds = ", ".join(f"{code} {count}" for code, count in Counter(f.code for f in faults).items())
            print(f"{path.name:28} {name:16} {options.paths} paths, {len(faults)} rejected {kinds}", flush=True)
            for fault in faults[:3]:
                print(f"    {fault}")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
