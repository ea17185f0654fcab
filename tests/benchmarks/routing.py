"""Us, OSRM and Valhalla in one run: ``python -m tests.benchmarks.routing --osm FILE --points N --json``.

Every engine gets the same positions, drawn along the city's streets with a fixed seed, and the same two cores.
Cold is from the OpenStreetMap file to the N × N tables (time and distance) of three vehicles; for OSRM that means a
pipeline per vehicle, for Valhalla (measured on 100 × 100 pairs, extrapolated beyond) only a request per vehicle.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fleetplan.city.streets import Streets
from fleetplan.errors import FleetplanError
from fleetplan.fleet.catalogue import find_vehicles
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.access import gross_mass_kg
from tests.benchmarks import ours, truth
from tests.benchmarks.aims import exponent, extrapolated, ratios
from tests.benchmarks.peers import PeerAnswer, PeerPython, ask, not_measured, peer_python
from tests.benchmarks.points import SEED, Drawn, draw_points

VEHICLES = ("kei-van", "toyota-hiace", "full-size-van")
ONE_MORE = ("small-van", "kei-truck", "ram-promaster", "ford-transit")
GROWTH = (250, 500, 1000, 2000, 4000)
VALHALLA_POINTS = 100
CORES = 2
KEYS = ("cold_s", "reweight_s", "table_s", "peak_mb")
PARTS = ("osrm_ch", "osrm_mld", "valhalla", "osmnx", "growth", "truth")
_ROOT = Path(__file__).resolve().parents[2]


def run(
    path: Path,
    *,
    points: int,
    vehicles: Sequence[str] = VEHICLES,
    python: PeerPython | None = None,
    skip: Iterable[str] = (),
    growth: Sequence[int] = GROWTH,
    repeats: int = 3,
) -> dict[str, Any]:
    """One run on one city, as the document of ``--json``.

    Args:
        skip: parts of ``PARTS`` to leave out; they are reported as not measured.
        growth: numbers of points at which our table's time and memory are measured.
    """
    left_out = set(skip)
    python = python or peer_python()
    path = path.resolve()
    streets = Streets.from_file(path)
    sizes = [] if "growth" in left_out else list(growth)
    drawn = draw_points(streets, max([points, *sizes]))
    known = find_vehicles(vehicles)
    document: dict[str, Any] = {
        "schema": "fleetplan.benchmark.routing/1",
        "osm": path.name,
        "points": points,
        "seed": SEED,
        "vehicles": list(vehicles),
        "machine": {"cores": _cores(), "python": platform.python_version(), "system": platform.system()},
    }
    _say("ours …")
    document["ours"] = _ours(path, drawn, points=points, vehicles=vehicles, sizes=sizes, repeats=repeats)
    request = {
        "osm": str(path),
        "threads": CORES,
        "repeats": repeats,
        "vehicles": [_dimensions(vehicle) for vehicle in known.values()],
    }
    for name in ("osrm_ch", "osrm_mld", "valhalla"):
        _say(f"{name} …")
        document[name] = _peer(name, request, drawn.first(points), python, left_out)
    _say("osmnx …")
    document["osmnx"] = {"not_measured": "left out"} if "osmnx" in left_out else _osmnx(path)
    _say("truth …")
    document["truth"] = _truth(path, streets, python, left_out)
    document["ratios"] = ratios(document, osaka="osaka" in path.name.lower())
    return document


def _ours(
    path: Path, drawn: Drawn, *, points: int, vehicles: Sequence[str], sizes: Sequence[int], repeats: int
) -> dict[str, Any]:
    more = next(name for name in ONE_MORE if name not in vehicles)
    with tempfile.TemporaryDirectory(prefix="fleetplan-cache-") as cache:
        request = {"osm": str(path), "vehicles": list(vehicles), "more": more, "repeats": repeats}
        cold = _our_process(request, drawn.first(points), cache)
        second = _our_process({**request, "more": None, "repeats": 0}, drawn.first(points), cache)
        steps = []
        for size in sizes:
            _say(f"ours, {size} points …")
            single = {**request, "vehicles": [vehicles[0]], "more": None, "repeats": 1}
            found = _our_process(single, drawn.first(size), cache)
            steps.append(
                {"points": size, **{key: found[key] for key in ("table_s", "table_cpu_s", "ready_s", "peak_mb")}}
            )
    whole = [step["points"] for step in steps]
    return {
        "cold_s": cold["ready_s"],
        "reweight_s": cold["reweight_s"],
        "table_s": cold["table_s"],
        "peak_mb": cold["peak_mb"],
        "second_ready_s": second["prepared_s"],
        "second_run_s": second["ready_s"],
        "streets_s": cold["read_s"],
        "engine": cold["engine"],
        "one_more": more,
        "cold": cold,
        "second": second,
        "growth": steps,
        "growth_exponent": {
            "time": exponent(whole, [step["table_s"] for step in steps]),
            "memory": exponent(whole, [step["peak_mb"] for step in steps]),
        },
    }


def _our_process(request: Mapping[str, Any], drawn: Drawn, cache: str) -> dict[str, Any]:
    asked = {**request, "lat": drawn.lat.tolist(), "lon": drawn.lon.tolist()}
    with tempfile.TemporaryDirectory(prefix="fleetplan-ours-") as folder:
        file = Path(folder) / "request.json"
        file.write_text(json.dumps({**asked, "spawned": time.time()}))
        return _document_of(["tests.benchmarks.ours_worker", str(file)], cache=cache)


def _document_of(arguments: Sequence[str], *, cache: str | None = None) -> dict[str, Any]:
    """The JSON document that a module of the benchmarks prints in a process of its own."""
    environment = {**os.environ, **({ours.CACHE_VARIABLE: cache} if cache else {})}
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=_ROOT, env=environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        raise FleetplanError(f"{arguments[0]} ended with status {done.returncode}; its words are above")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _peer(
    name: str, request: Mapping[str, Any], drawn: Drawn, python: PeerPython, left_out: set[str]
) -> dict[str, Any]:
    if name in left_out:
        return _figures_of(not_measured("left out"))
    if name == "valhalla":
        few = drawn.first(VALHALLA_POINTS)
        engine = {"engine": "valhalla", "costing": "truck"}
    else:
        few = drawn
        engine = {"engine": "osrm", "algorithm": name.removeprefix("osrm_")}
    answer = ask(python, {**request, **engine, "lat": few.lat.tolist(), "lon": few.lon.tolist()})
    if name == "valhalla" and answer.missing is None:
        figures = valhalla_figures(answer.figures, points=len(drawn), vehicles=len(request["vehicles"]))
        return _figures_of(PeerAnswer(figures))
    return _figures_of(answer)


def valhalla_figures(measured: Mapping[str, Any], *, points: int, vehicles: int) -> dict[str, Any]:
    """Valhalla's figures for all points from the sizes that were measured."""
    sizes = {int(size): seconds for size, seconds in measured["sizes_s"].items()}
    table_s, power = extrapolated(sizes, points)
    return {
        **measured,
        "cold_s": measured["build_s"] + measured["load_s"] + vehicles * table_s,
        "reweight_s": table_s,
        "table_s": table_s,
        "measured_points": max(sizes),
        "extrapolated": points > max(sizes),
        "exponent_used": power,
    }


def _figures_of(answer: PeerAnswer) -> dict[str, Any]:
    leave = ("snap_m", "lat", "lon", "routes")
    return dict.fromkeys(KEYS) | {key: value for key, value in answer.figures.items() if key not in leave}


def _osmnx(path: Path) -> dict[str, Any]:
    try:
        return _document_of(["tests.benchmarks.osmnx_reading", str(path)])
    except FleetplanError as error:
        return {"not_measured": str(error)}


def _truth(path: Path, streets: Streets, python: PeerPython, left_out: set[str]) -> dict[str, Any]:
    if "truth" in left_out:
        return {name: {"not_measured": "left out"} for name in ("ours_osrm", "ours_valhalla", "osrm_valhalla")}
    return truth.measure(path, streets, python)


def _dimensions(vehicle: Vehicle) -> dict[str, float]:
    return {
        "width_m": vehicle.body_width_m,
        "height_m": vehicle.height_m,
        "length_m": vehicle.length_m,
        "weight_kg": gross_mass_kg(vehicle)[0],
    }


def _cores() -> int:
    """Keeps this process and all that it starts to two cores where the system can; returns how many there are."""
    if not hasattr(os, "sched_setaffinity"):
        return os.cpu_count() or 1
    chosen = sorted(os.sched_getaffinity(0))[:CORES]
    os.sched_setaffinity(0, chosen)
    return len(chosen)


def lines_of(document: Mapping[str, Any]) -> list[str]:
    """The document as plain-text tables."""
    head = f"{document['osm']}, {document['points']} points, {', '.join(document['vehicles'])}"
    lines = [f"{head}; our engine: {document['ours']['engine']}", ""]
    lines.append(f"{'':10}{'cold s':>12}{'one more s':>12}{'table s':>12}{'peak MB':>10}")
    for side in ("ours", "osrm_ch", "osrm_mld", "valhalla"):
        figures = document[side]
        if "not_measured" in figures:
            lines.append(f"{side:10}  not measured: {figures['not_measured']}")
            continue
        cells = [figures[key] for key in KEYS]
        text = "".join(f"{cell:>12.2f}" for cell in cells[:3]) + f"{cells[3]:>10.0f}"
        note = ""
        if figures.get("extrapolated"):
            note = f"  extrapolated from {figures['measured_points']} points, exponent {figures['exponent_used']:.2f}"
        lines.append(f"{side:10}{text}{note}")
    mine = document["ours"]
    cold = mine["cold"]
    tables = " + ".join(f"{seconds:.2f}" for seconds in cold["tables_s"].values())
    lines.append(
        f"ours, cold: start and imports {cold['import_s']:.2f} s, read {cold['read_s']:.2f} s, "
        f"prepare {cold['prepare_s']:.2f} s, tables {tables} s; second run: ready for tables after "
        f"{mine['second_ready_s']:.2f} s, with three tables {mine['second_run_s']:.2f} s"
    )
    lines.append(f"ours, table alone: {cold['table_holds']}")
    osmnx = document["osmnx"]
    if "not_measured" in osmnx:
        lines.append(f"osmnx: not measured: {osmnx['not_measured']}")
    else:
        lines.append(
            f"osmnx {osmnx['version']}: graph_from_xml {osmnx['graph_from_xml_s']:.1f} s + simplify_graph "
            f"{osmnx['simplify_graph_s']:.1f} s (conversion to XML before, not counted: "
            f"{osmnx['conversion_not_counted_s']:.1f} s); our Streets {mine['streets_s']:.2f} s"
        )
    if mine["growth"]:
        lines += ["", f"{'points':>8}{'table s':>10}{'CPU s':>10}{'ready s':>10}{'peak MB':>10}"]
        for step in mine["growth"]:
            cells = "".join(f"{step[key]:>10.2f}" for key in ("table_s", "table_cpu_s", "ready_s"))
            lines.append(f"{step['points']:>8}{cells}{step['peak_mb']:>10.0f}")
        fitted = {key: "–" if value is None else f"{value:.2f}" for key, value in mine["growth_exponent"].items()}
        lines.append(f"fitted exponent: time {fitted['time']}, memory {fitted['memory']}")
    lines.append("")
    for key, entry in document["ratios"].items():
        value = "–" if entry["value"] is None else f"{entry['value']:.3g}"
        why = f" ({entry['reason']})" if "reason" in entry else f" ({entry['note']})" if "note" in entry else ""
        lines.append(f"{entry['verdict']:12} {key:18} {value:>8}  {entry['aim']:14} {entry['what']}{why}")
    if "city" in document["truth"]:
        lines += ["", *truth.lines_of(document["truth"])]
    return lines


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.routing", description=__doc__)
    parser.add_argument("--osm", required=True, type=Path)
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--vehicles", default=",".join(VEHICLES), help="catalogue names, separated by commas")
    parser.add_argument("--peer-python", help="a Python 3.12 or newer for the peers")
    parser.add_argument("--skip", default="", help=f"parts to leave out, separated by commas: {', '.join(PARTS)}")
    parser.add_argument("--growth", default=",".join(map(str, GROWTH)), help="numbers of points for our growth")
    parser.add_argument("--repeats", type=int, default=3, help="how often a warm table is timed; the median counts")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    skip = {part for part in given.skip.split(",") if part}
    if unknown := skip - set(PARTS):
        parser.error(f"--skip knows no {', '.join(sorted(unknown))}")
    if given.points < 2 or given.repeats < 1:
        parser.error("at least two points and one repeat")
    try:
        document = run(
            given.osm,
            points=given.points,
            vehicles=[name for name in given.vehicles.split(",") if name],
            python=peer_python(given.peer_python),
            skip=skip,
            growth=[int(size) for size in given.growth.split(",") if size],
            repeats=given.repeats,
        )
    except FleetplanError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(lines_of(document)), file=sys.stderr if given.json else sys.stdout, flush=True)
    if given.json:
        print(json.dumps(document, indent=2, sort_keys=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
