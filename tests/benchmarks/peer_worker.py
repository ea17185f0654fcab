"""Runs one peer engine under its own Python: ``peer_worker.py REQUEST.json``, one JSON document to standard output.

This file stands alone (standard library, ``osrm`` and ``valhalla`` only), for the peers' environment holds neither
this project nor numpy. A request names the engine, the city's file, a folder to work in, vehicles and positions;
matrices go to files of raw float64, row by row, ``nan`` where there is no way.

The engines are called through their Python bindings in this process: no server and no JSON of a million numbers
stands between, so a table's time is what the engine itself takes.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from array import array
from pathlib import Path
from typing import Any

NAN = float("nan")
MLD, CH = "mld", "ch"
_PIPELINES = {
    CH: (("extract", ("-p", "PROFILE", "CITY")), ("contract", ("BASE",))),
    MLD: (("extract", ("-p", "PROFILE", "CITY")), ("partition", ("BASE",)), ("customize", ("BASE",))),
}
_LUA = {
    "vehicle_width": "width_m",
    "vehicle_height": "height_m",
    "vehicle_length": "length_m",
    "vehicle_weight": "weight_kg",
}


class PeerError(Exception):
    """What a peer could not do, in words for the report."""


class Steps:
    """Runs programs one after the other, with the time and the peak memory of each."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.peak_mb = 0.0

    def run(self, name: str, command: list[str]) -> float:
        """Runs a program to its end and returns its seconds."""
        begin = time.perf_counter()
        with open(os.devnull, "rb") as nothing, open("last.log", "wb") as log:  # noqa: PTH123
            process = subprocess.Popen(command, stdin=nothing, stdout=log, stderr=subprocess.STDOUT)
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - begin
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds
        self.peak_mb = max(self.peak_mb, _megabytes(usage.ru_maxrss))
        if process.returncode != 0:
            words = Path("last.log").read_text(errors="replace").strip()[-400:]
            raise PeerError(f"{Path(command[0]).name} ended with status {process.returncode}: {words}")
        return seconds


def osrm_answer(request: dict[str, Any]) -> dict[str, Any]:
    """Pipelines and tables of OSRM, one pipeline per vehicle."""
    import osrm

    share = Path(osrm.__file__).parent / "share" / "profiles"
    programs = Path(osrm.__file__).parent / "bin"
    shutil.copytree(share, "profiles", dirs_exist_ok=True)
    steps, per_vehicle = Steps(), []
    city = Path(request["osm"])
    suffix = city.name[city.name.lower().index(".osm") :]
    cold_s, engine = 0.0, None
    for number, vehicle in enumerate(request["vehicles"]):
        engine = None
        folder = Path(f"vehicle-{number}")
        folder.mkdir()
        (folder / f"city{suffix}").symlink_to(city)
        profile = Path("profiles") / f"vehicle-{number}.lua"
        profile.write_text(profile_for((share / "car.lua").read_text(), vehicle))
        words = {"PROFILE": str(profile), "CITY": str(folder / f"city{suffix}"), "BASE": str(folder / "city.osrm")}
        build_s = 0.0
        for program, arguments in _PIPELINES[request["algorithm"]]:
            filled = [words.get(word, word) for word in arguments]
            build_s += steps.run(program, [str(programs / f"osrm-{program}"), "-t", str(request["threads"]), *filled])
        begin = time.perf_counter()
        engine = osrm.OSRM(
            algorithm=request["algorithm"].upper(),
            storage_config=words["BASE"],
            max_locations_distance_table=1_000_000,
            use_shared_memory=False,
        )
        load_s = time.perf_counter() - begin
        answer, table_s = _osrm_table(osrm, engine, request)
        per_vehicle.append({"build_s": build_s, "load_s": load_s, "table_s": table_s})
        cold_s += build_s + load_s + table_s
        if number < len(request["vehicles"]) - 1:
            del engine
            shutil.rmtree(folder)
    # Hints spare the engine the snapping, as our table alone is timed without it.
    hinted = [str(w["hint"]) for w in _osrm_table(osrm, engine, request, generate_hints=True)[0]["sources"]]
    again = [_osrm_table(osrm, engine, request, hints=hinted)[1] for _ in range(request["repeats"])]
    begin = time.perf_counter()
    out = {name: [list(row) for row in answer[name]] for name in ("durations", "distances")}
    read_s = time.perf_counter() - begin
    _write("time_s.f64", out["durations"])
    _write("distance_m.f64", out["distances"])
    ways = [list(w) for w in (w["location"] for w in answer["sources"])]
    return {
        "version": _version("osrm-bindings"),
        "cold_s": cold_s,
        "reweight_s": _median([sum(each.values()) for each in per_vehicle]),
        "table_s": _median(again),
        "read_into_python_s": read_s,
        "peak_mb": max(steps.peak_mb, _own_peak_mb()),
        "steps_s": steps.seconds,
        "vehicles": per_vehicle,
        "snap_m": [float(w["distance"]) for w in answer["sources"]],
        "lon": [float(w[0]) for w in ways],
        "lat": [float(w[1]) for w in ways],
        "through": "Python bindings, one thread; table alone with hints, so without snapping",
        "routes": [_osrm_route(osrm, engine, request, a, b) for a, b in request.get("routes", [])],
    }


def profile_for(lua: str, vehicle: dict[str, Any]) -> str:
    """OSRM's car profile with a vehicle's size and mass; the unchanged profile for a vehicle without any."""
    for name, key in _LUA.items():
        if vehicle.get(key) is None:
            continue
        lua, found = re.subn(rf"(?m)^(\s*{name}\s*=\s*)[0-9.]+", rf"\g<1>{vehicle[key]:g}", lua)
        if found != 1:
            raise PeerError(f"car.lua sets {name} {found} times; this OSRM's profile is not known here")
    return lua


def _osrm_table(osrm: Any, engine: Any, request: dict[str, Any], **options: Any) -> tuple[Any, float]:
    places = list(zip(request["lon"], request["lat"], strict=True))
    options = {"generate_hints": False, **options}
    question = osrm.TableParameters(coordinates=places, annotations=["duration", "distance"], **options)
    begin = time.perf_counter()
    answer = engine.Table(question)
    return answer, time.perf_counter() - begin


def _osrm_route(osrm: Any, engine: Any, request: dict[str, Any], here: int, there: int) -> dict[str, Any]:
    places = [(request["lon"][i], request["lat"][i]) for i in (here, there)]
    question = osrm.RouteParameters(coordinates=places, geometries="geojson", overview="full", steps=False)
    route = engine.Route(question)["routes"][0]
    line = [[float(x) for x in point] for point in route["geometry"]["coordinates"]]
    return {"time_s": float(route["duration"]), "distance_m": float(route["distance"]), "line": line}


def valhalla_answer(request: dict[str, Any]) -> dict[str, Any]:
    """Tiles and matrices of Valhalla; the vehicle counts at the time of the request only."""
    import valhalla
    from valhalla.config import get_config

    Path("tiles").mkdir()
    config = get_config(tile_extract="", tile_dir="tiles")
    for absent in ("tile_extract", "admin", "timezone", "traffic_extract", "transit_dir"):
        config["mjolnir"].pop(absent, None)
    config["mjolnir"]["concurrency"] = request["threads"]
    for limits in config["service_limits"].values():
        if isinstance(limits, dict) and "max_matrix_location_pairs" in limits:
            limits |= {"max_matrix_location_pairs": 10**9, "max_matrix_distance": 1e9}
            limits |= {"max_locations": 10**6, "max_distance": 1e9}
    Path("valhalla.json").write_text(json.dumps(config))
    steps = Steps()
    program = Path(valhalla.__file__).parent / "bin" / "valhalla_build_tiles"
    build_s = steps.run(
        "build_tiles", [str(program), "-c", "valhalla.json", "-j", str(request["threads"]), str(request["osm"])]
    )
    begin = time.perf_counter()
    actor = valhalla.Actor("valhalla.json")
    load_s = time.perf_counter() - begin

    size = len(request["lat"])
    per_vehicle, sizes = [], {}
    for vehicle in request["vehicles"]:
        answer, seconds = _valhalla_matrix(actor, request, vehicle, size)
        per_vehicle.append({"table_s": seconds})
    vehicle = request["vehicles"][-1]
    sizes[size] = _median([_valhalla_matrix(actor, request, vehicle, size)[1] for _ in range(request["repeats"])])
    if size >= 20:
        half = size // 2
        sizes[half] = _median([_valhalla_matrix(actor, request, vehicle, half)[1] for _ in range(request["repeats"])])
    table = answer["sources_to_targets"]
    _write("time_s.f64", table["durations"])
    _write("distance_m.f64", [[None if x is None else x * 1000.0 for x in row] for row in table["distances"]])
    snap = [_valhalla_snap(actor, request, vehicle, i) for i in range(size)] if request.get("snaps") else []
    return {
        "version": _version("pyvalhalla"),
        "build_s": build_s,
        "load_s": load_s,
        "sizes_s": {str(n): s for n, s in sizes.items()},
        "peak_mb": max(steps.peak_mb, _own_peak_mb()),
        "vehicles": per_vehicle,
        "snap_m": [each[0] for each in snap],
        "lat": [each[1] for each in snap],
        "lon": [each[2] for each in snap],
        "through": "Python bindings, one thread; no administrative areas, no time zones",
        "routes": [_valhalla_route(actor, request, vehicle, a, b) for a, b in request.get("routes", [])],
    }


def _valhalla_question(request: dict[str, Any], vehicle: dict[str, Any]) -> dict[str, Any]:
    costing = request["costing"]
    sizes = {"width": "width_m", "height": "height_m", "length": "length_m"}
    options = {name: vehicle[key] for name, key in sizes.items() if vehicle.get(key) is not None}
    if vehicle.get("weight_kg") is not None and costing == "truck":
        options["weight"] = vehicle["weight_kg"] / 1000.0
    return {"costing": costing, "costing_options": {costing: options}}


def _places(request: dict[str, Any], rows: Any) -> list[dict[str, Any]]:
    # Snapping to a node up to 5 m off is Valhalla's habit; here every engine starts at the very same position.
    return [{"lat": request["lat"][i], "lon": request["lon"][i], "node_snap_tolerance": 0} for i in rows]


def _valhalla_matrix(
    actor: Any, request: dict[str, Any], vehicle: dict[str, Any], size: int
) -> tuple[dict[str, Any], float]:
    places = _places(request, range(size))
    question = {"sources": places, "targets": places, "verbose": False, **_valhalla_question(request, vehicle)}
    text = json.dumps(question)
    begin = time.perf_counter()
    answer = actor.matrix(text)
    seconds = time.perf_counter() - begin
    return json.loads(answer), seconds


def _valhalla_snap(
    actor: Any, request: dict[str, Any], vehicle: dict[str, Any], row: int
) -> tuple[float, float, float]:
    question = {"locations": _places(request, [row]), "verbose": False, **_valhalla_question(request, vehicle)}
    try:
        found = (actor.locate(question)[0].get("edges") or [])[:1]
    except RuntimeError:
        found = []
    if not found:
        return NAN, NAN, NAN
    lat, lon = float(found[0]["correlated_lat"]), float(found[0]["correlated_lon"])
    return _metres(request["lat"][row], request["lon"][row], lat, lon), lat, lon


def _valhalla_route(
    actor: Any, request: dict[str, Any], vehicle: dict[str, Any], here: int, there: int
) -> dict[str, Any]:
    question = {"locations": _places(request, (here, there)), **_valhalla_question(request, vehicle)}
    trip = actor.route(question)["trip"]
    line = _polyline6(trip["legs"][0]["shape"])
    return {"time_s": trip["summary"]["time"], "distance_m": trip["summary"]["length"] * 1000.0, "line": line}


def _polyline6(text: str) -> list[list[float]]:
    """Longitudes and latitudes of an encoded line of six decimals."""
    numbers, value, shift = [], 0, 0
    for letter in text:
        part = ord(letter) - 63
        value |= (part & 31) << shift
        shift += 5
        if part < 32:
            numbers.append(~(value >> 1) if value & 1 else value >> 1)
            value, shift = 0, 0
    line, lat, lon = [], 0, 0
    for north, east in zip(numbers[::2], numbers[1::2], strict=True):
        lat, lon = lat + north, lon + east
        line.append([lon / 1e6, lat / 1e6])
    return line


def _metres(lat: float, lon: float, lat2: float, lon2: float) -> float:
    from math import cos, hypot, radians

    return hypot((lon2 - lon) * cos(radians(lat)), lat2 - lat) * 111_195.0


def _write(name: str, rows: list[list[float | None]]) -> None:
    with Path(name).open("wb") as file:
        for row in rows:
            array("d", [NAN if x is None else float(x) for x in row]).tofile(file)


def _median(values: list[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package)


def _megabytes(maxrss: int) -> float:
    return maxrss / (1e6 if sys.platform == "darwin" else 1e3 / 1.024)


def _own_peak_mb() -> float:
    # The kernel's mark of this very program; ru_maxrss also remembers the process that started it.
    status = Path("/proc/self/status")
    for line in status.read_text().splitlines() if status.is_file() else ():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return _megabytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def main() -> int:
    """Answers one request; what went wrong is an answer too."""
    request = json.loads(Path(sys.argv[1]).read_text())
    os.chdir(request["folder"])
    # Libraries print to file descriptor 1; the answer must stay alone there.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        answer = {"osrm": osrm_answer, "valhalla": valhalla_answer}[request["engine"]](request)
    except (PeerError, ImportError, RuntimeError, OSError, KeyError, ValueError) as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    out.write(json.dumps(answer))
    out.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
