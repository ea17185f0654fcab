"""How long widths on surveyed polygons take, and how true they are: ``python -m tests.benchmarks.survey --osm F``.

Every drivable stretch of the extract gets a polygon of a known width (2 to 12 m, drawn with a seed); once as polygons
of their own and once, at 5 m, all in one. Timed is the measuring alone, on one core.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np

from fleetplan.city.streets import Streets
from fleetplan.city.survey import measure_widths
from tests.city.areas import areas_around


def report(osm: Path) -> dict[str, Any]:
    """Kilometres, seconds, and errors of the median width as shares of the true one."""
    streets = Streets.from_file(osm)
    table = streets.stretches
    long = table.drivable & (table.length_m > 30.0)
    widths_m = np.random.default_rng(0).uniform(2.0, 12.0, len(table))
    apart = areas_around(streets, widths_m)
    five = areas_around(streets, 5.0)
    joined = gpd.GeoSeries([five.geometry.union_all()], crs=five.crs)
    document: dict[str, Any] = {"osm": osm.name, "km": float(table.length_m[table.drivable].sum()) / 1000.0}
    for name, areas, truth in (("apart", apart, widths_m), ("joined", joined, np.full(len(table), 5.0))):
        begin = time.perf_counter()
        found = measure_widths(streets, areas)
        seconds = time.perf_counter() - begin
        error = np.abs(found.median_m / truth - 1.0)[long]
        document[name] = {
            "seconds": seconds,
            "cross_sections": int(found.samples.sum()),
            "unmeasured_share": float(np.isnan(error).mean()),
            "error_p50": float(np.nanquantile(error, 0.5)),
            "error_p95": float(np.nanquantile(error, 0.95)),
            "error_max": float(np.nanmax(error)),
        }
    return document


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--osm", type=Path, required=True)
    parser.add_argument("--json", action="store_true", help="the same; the report is always JSON")
    print(json.dumps(report(parser.parse_args().osm), indent=2))
