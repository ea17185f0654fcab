"""Our side in a fresh process: ``python -m tests.benchmarks.ours_worker REQUEST.json``, one JSON document out.

The clock starts in the process that starts this one, so that the interpreter and the imports count too.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Reads a city, prepares it, and makes each vehicle's table, then one more vehicle's, then that table again."""
    import numpy as np

    from fleetplan.city.streets import Streets
    from fleetplan.fleet.catalogue import find_vehicles
    from tests.benchmarks import ours

    names = [*request["vehicles"], *([request["more"]] if request.get("more") else [])]
    known = find_vehicles(names)
    lat, lon = (np.array(request[key], dtype=np.float64) for key in ("lat", "lon"))
    imported = time.time()

    begin = time.perf_counter()
    streets = Streets.from_file(request["osm"])
    read_s = time.perf_counter() - begin
    begin = time.perf_counter()
    ours.prepare(streets)
    prepare_s = time.perf_counter() - begin
    prepared_s = time.time() - request["spawned"]

    def table(name: str) -> tuple[ours.Travel, float]:
        start = time.perf_counter()
        found = ours.travel(streets, known[name], lat=lat, lon=lon)
        return found, time.perf_counter() - start

    tables, seconds = [], {}
    for name in request["vehicles"]:
        found, seconds[name] = table(name)
        tables.append({"unreachable": int(np.isnan(found.time_s).sum()), "snapped_median_m": _median(found.snap_m)})
    ready_s = time.time() - request["spawned"]
    more_s = table(request["more"])[1] if request.get("more") else None
    again, busy, holds = [], [], ""
    if request["repeats"]:
        once = ours.table_again(streets, known[names[-1]], lat=lat, lon=lon)
        holds = once.holds
        for _ in range(request["repeats"]):
            begin, worked = time.perf_counter(), time.process_time()
            once.make()
            again.append(time.perf_counter() - begin)
            busy.append(time.process_time() - worked)
    return {
        "engine": ours.engine_name(),
        "ready_s": ready_s,
        "prepared_s": prepared_s,
        "import_s": imported - request["spawned"],
        "read_s": read_s,
        "prepare_s": prepare_s,
        "tables_s": seconds,
        "tables": tables,
        "reweight_s": more_s,
        "table_s": statistics.median(again) if again else None,
        "table_cpu_s": statistics.median(busy) if busy else None,
        "table_holds": holds,
        "peak_mb": peak_mb(),
        "streets": {"stretches": len(streets.stretches), "edges": len(streets.edges)},
    }


def _median(values: Any) -> float | None:
    import numpy as np

    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else None


def peak_mb() -> float:
    """Most memory that this process ever held.

    The kernel's high-water mark of this very program where it is told; ``ru_maxrss`` also remembers the process
    that started it.
    """
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3 / 1.024)


def main() -> int:
    """Answers one request."""
    print(json.dumps(answer(json.loads(Path(sys.argv[1]).read_text()))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
