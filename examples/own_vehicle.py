"""Add a vehicle of your own and see whether it beats the catalogue's.

    python examples/own_vehicle.py

The vehicle is described in ``own-vehicle.toml`` beside this script.
"""

from __future__ import annotations

from pathlib import Path

import fleetplan as fp
from fleetplan.resources import data_path

OWN = Path(__file__).with_name("own-vehicle.toml")


def main() -> fp.Comparison:
    streets = fp.Streets.from_file(data_path("helsinki.osm.pbf"))
    stops = fp.read_stops(data_path("helsinki-stops.csv"))[:30]
    result = fp.compare(
        streets,
        stops,
        depot=(60.17099, 24.93872),
        fleets={"catalogue": ["kei-van"], "own": ["kei-van-long"]},
        own_vehicles=OWN,
        baseline="catalogue",
        costs="demo",
        effort="quick",
    )
    print(result)
    return result


if __name__ == "__main__":
    main()
