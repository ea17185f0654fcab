"""Plan a delivery day in the centre of Helsinki for three fleets, through the library.

    python examples/plan_helsinki.py [FOLDER]

Everything it needs is bundled; it takes well under a minute and writes the results to maps/helsinki unless a folder
is given.
"""

from __future__ import annotations

import sys
from pathlib import Path

import fleetplan as fp
from fleetplan.resources import data_path


def main(folder: Path) -> fp.Comparison:
    streets = fp.Streets.from_file(data_path("helsinki.osm.pbf"))
    stops = fp.read_stops(data_path("helsinki-stops.csv"))
    result = fp.compare(
        streets,
        stops,
        depot=(60.17099, 24.93872),  # on Postikatu, by the main post office
        fleets={"kei": ["kei-van"], "van": ["full-size-van"], "mixed": ["kei-van", "full-size-van"]},
        baseline="van",
        costs="demo",
        seed=7,
        effort="quick",
    )
    print(result)
    print(result.frame[["cost.total", "routes", "trips", "paid_s", "walk_m"]])
    result.save(folder)
    return result


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "maps/helsinki"))
