"""A car's routes beside OSRM's and Valhalla's: ``python -m tests.benchmarks.truth [--osm FILE …] [--json]``.

Every engine is asked for the same positions: ours after snapping to our streets. The car has no clearance and no
traffic here; the peers drive their own car profiles, unchanged. Without ``--osm`` every OpenStreetMap file of the
shared data is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fleetplan.city.streets import Streets
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.access import decide_access
from fleetplan.routing.seams import AccessRules, Band
from tests.benchmarks import ours
from tests.benchmarks.agreement import Matrix, common_pairs, difference, verdict, worst_pairs
from tests.benchmarks.peers import PeerAnswer, PeerPython, ask, peer_python
from tests.benchmarks.points import Drawn, draw_points

POINTS = 70
SNAP_M = 5.0
_NAMES = {"osrm": "OSRM", "valhalla": "Valhalla"}
_QUANTITIES = {"distance": "distance_m", "duration": "time_s"}


def car() -> Vehicle:
    """The car of OSRM's profile: 1.9 m wide over everything, 2.0 m high, 4.8 m long, 2 t."""
    return Vehicle(
        name="car",
        title="car of the peers' profiles",
        body="car",
        powertrain="petrol",
        length_m=4.8,
        body_width_m=1.9,
        mirror_width_m=1.9,
        height_m=2.0,
        payload_kg=500.0,
        volume_m3=1.0,
        fill_rate=1.0,
        litres_per_km=0.06,
        kwh_per_km=0.0,
        park_s={"free": 0.0, "squeezed": 0.0},
        kerb_kg=1500.0,
    )


def measure(
    path: Path, streets: Streets, python: PeerPython, *, points: int = POINTS, routes: bool = False
) -> dict[str, Any]:
    """Differences between us and the peers on one city, as the ``truth`` of the benchmark's document."""
    drawn = draw_points(streets, points)
    rules = ours.plain_rules()
    mine = ours.travel(streets, car(), lat=drawn.lat, lon=drawn.lon, rules=rules)
    moved = ~(mine.snap_m <= SNAP_M)
    lat, lon = np.where(moved, drawn.lat, mine.lat), np.where(moved, drawn.lon, mine.lon)
    question = {"osm": str(path.resolve()), "threads": 2, "repeats": 1, "lat": lat.tolist(), "lon": lon.tolist()}
    asked = {
        "osrm": {**question, "engine": "osrm", "algorithm": "mld", "vehicles": [{}]},
        "valhalla": {**question, "engine": "valhalla", "costing": "auto", "vehicles": [{}], "snaps": True},
    }
    answers = {name: ask(python, request) for name, request in asked.items()}
    document = compare(drawn, mine, moved, answers, reasons=_reasons(streets, drawn, mine, moved, rules))
    document |= {"engine": ours.engine_name(), "city": path.name}
    if routes and document["worst"]:
        pairs = [pair["rows"] for pair in document["worst"]]
        for name, request in asked.items():
            again = ask(python, {**request, "routes": pairs})
            for pair, route in zip(document["worst"], again.figures.get("routes", []), strict=False):
                pair[f"{name}_line"] = route["line"]
    return document


def compare(
    drawn: Drawn, mine: ours.Travel, moved: Any, answers: Mapping[str, PeerAnswer], *, reasons: Sequence[str]
) -> dict[str, Any]:
    """The document of one city from the tables of all engines."""
    far = {name: ~(np.array(a.figures["snap_m"]) <= SNAP_M) for name, a in answers.items() if a.missing is None}
    dropped = np.logical_or.reduce([*far.values(), np.zeros(len(drawn), dtype=np.bool_)])
    tables = {
        name: {"distance_m": a.distance_m, "time_s": a.time_s} for name, a in answers.items() if a.missing is None
    }
    tables = {name: {k: _without(t, dropped) for k, t in two.items()} for name, two in tables.items()}
    own = {"distance_m": _without(mine.distance_m, dropped | moved), "time_s": _without(mine.time_s, dropped | moved)}
    sides = {"ours": own, **tables}
    pairs = common_pairs(*(table for two in sides.values() for table in two.values()))
    differences: dict[str, Any] = {}
    for one, other in (("ours", "osrm"), ("ours", "valhalla"), ("osrm", "valhalla")):
        name = f"{one}_{other}"
        if one not in sides or other not in sides:
            why = next(answers[side].missing for side in (one, other) if side in answers and side not in sides)
            differences[name] = {"not_measured": why}
            continue
        differences[name] = {
            quantity: difference(sides[one][key], sides[other][key], pairs) for quantity, key in _QUANTITIES.items()
        }
    worst = worst_pairs(own, tables, pairs) if tables else []
    return {
        **differences,
        "pairs": int(pairs.sum()),
        "points": {
            "drawn": len(drawn),
            "moved_by_us": int(moved.sum()),
            **{f"moved_by_{name}": int(rows.sum()) for name, rows in far.items()},
            "snap_limit_m": SNAP_M,
        },
        "aims": verdict(differences),
        "only_peers": _only_peers(drawn, own, tables, dropped, reasons) if len(tables) == 2 else [],
        "worst": [_pair(here, there, size, mine, sides) for here, there, size in worst],
    }


def _without(table: Matrix | None, rows: Any) -> Matrix:
    assert table is not None
    table = table.copy()
    table[rows, :] = np.nan
    table[:, rows] = np.nan
    return table


def _only_peers(
    drawn: Drawn,
    own: Mapping[str, Matrix],
    tables: Mapping[str, Mapping[str, Matrix]],
    dropped: Any,
    reasons: Sequence[str],
) -> list[dict[str, Any]]:
    """Pairs that both peers have a way for and we have not, gathered by the position and reason behind them."""
    theirs = common_pairs(*(two["time_s"] for two in tables.values()))
    lost = theirs & ~np.isfinite(own["time_s"])
    answer = []
    for row in np.flatnonzero(~dropped & (lost.any(axis=0) | lost.any(axis=1))):
        if reasons[row]:
            count = int(lost[row].sum() + lost[:, row].sum())
            place = {"lat": float(drawn.lat[row]), "lon": float(drawn.lon[row])}
            answer.append({"pairs": count, "reason": reasons[row], **place})
    usable = np.array([not reason for reason in reasons])
    for here, there in np.argwhere(lost & usable[:, None] & usable[None, :]):
        ends = [[float(drawn.lat[i]), float(drawn.lon[i])] for i in (here, there)]
        answer.append(
            {"pairs": 1, "reason": "both ends are open, but no way leads from one to the other", "ends": ends}
        )
    return answer


def _reasons(streets: Streets, drawn: Drawn, mine: ours.Travel, moved: Any, rules: AccessRules) -> list[str]:
    """Why the street on which a position was drawn is not ours to use; empty where it is."""
    access = decide_access(streets, car(), rules)
    words = []
    for row in range(len(drawn)):
        if not moved[row]:
            words.append("")
            continue
        stretch = int(drawn.stretch[row])
        closed = (
            access.reasons[int(access.stretch_reason[stretch])]
            if access.stretch_band[stretch] >= Band.BLOCKED_ROOM
            else ""
        )
        way = f"way {int(streets.stretches.way_id[stretch])}"
        words.append(f"{way}: {closed or mine.refused[row] or 'open, but not in the part that this car can leave'}")
    return words


def _pair(
    here: int, there: int, size: float, mine: ours.Travel, sides: Mapping[str, Mapping[str, Matrix]]
) -> dict[str, Any]:
    return {
        "rows": [here, there],
        "from": [round(float(mine.lat[here]), 6), round(float(mine.lon[here]), 6)],
        "to": [round(float(mine.lat[there]), 6), round(float(mine.lon[there]), 6)],
        "difference": size,
        **{
            f"{name}_{quantity}": round(float(table[here, there]), 1)
            for name, two in sides.items()
            for quantity, table in two.items()
        },
    }


def lines_of(document: Mapping[str, Any]) -> list[str]:
    """The document of one city as a plain-text table."""
    lines = [f"{document['city']}: {document['pairs']} pairs, engine {document['engine']}"]
    lines.append(f"  positions: {', '.join(f'{key} {value}' for key, value in document['points'].items())}")
    lines.append(f"  {'':16} {'distance':>24} {'duration':>26}")
    lines.append(f"  {'':16} {'median':>8}{'p95':>8}{'bias':>8} {'median':>10}{'p95':>8}{'bias':>8}")
    for name in ("ours_osrm", "ours_valhalla", "osrm_valhalla"):
        entry = document[name]
        if "not_measured" in entry:
            lines.append(f"  {name:16} not measured: {entry['not_measured']}")
            continue
        cells = [entry[q][s] for q in _QUANTITIES for s in ("median", "p95", "bias")]
        text = [f"{100 * c:7.1f}%" if c is not None else "      –" for c in cells]
        lines.append(f"  {name:16} {''.join(text[:3])}   {''.join(text[3:])}")
    for quantity, statistics in document["aims"].items():
        for statistic, entry in statistics.items():
            lines.append(f"  {quantity} {statistic}: ours to the nearer peer no more than theirs: {entry['aim']}")
    lines += [f"  only the peers get there ({e['pairs']} pairs): {e['reason']}" for e in document["only_peers"][:20]]
    for pair in document["worst"]:
        ends = " → ".join("{:.5f},{:.5f}".format(*pair[end]) for end in ("from", "to"))
        figures = "; ".join(
            f"{name} {pair[f'{name}_distance_m']:.0f} m {pair[f'{name}_time_s']:.0f} s"
            for name in ("ours", *_NAMES)
            if f"{name}_time_s" in pair
        )
        lines.append(f"  worst {100 * pair['difference']:.0f} %: {ends}: {figures}")
    return lines


def cities(paths: Sequence[str]) -> tuple[list[Path], list[str]]:
    """The files named, or every OpenStreetMap extract of the shared data, and what is left out with the reason."""
    if paths:
        return [Path(path) for path in paths], []
    shared = Path(os.environ.get("FLEETPLAN_TEST_DATA", Path(__file__).resolve().parents[3] / "shared")) / "osm"
    found = sorted(p for suffix in (".osm.pbf", ".osm", ".osm.gz", ".osm.bz2") for p in shared.glob(f"*{suffix}"))
    graphs = sorted(shared.glob("*.graphml*"))
    return found, [f"{p.name}: not measured: the peers read OpenStreetMap files only" for p in graphs]


def summary_of(documents: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """One line a city: our difference to the nearer peer beside theirs to each other, median and 95th percentile."""
    lines = [f"{'nearer peer ≤ peers':24}{'distance median':>24}{'p95':>24}{'duration median':>24}{'p95':>24}"]
    for city, document in documents.items():
        cells = []
        for quantity in _QUANTITIES:
            for statistic, width in (("median", 24), ("p95", 24)):
                entry = document["aims"][quantity][statistic]
                known = entry["aim"] != "not measured"
                figures = f"{100 * entry['nearer']:.1f} ≤ {100 * entry['peers']:.1f} % " if known else ""
                cells.append(f"{figures + entry['aim']:>{width}}")
        lines.append(f"{city:24}{''.join(cells)}")
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; status 1 where there is nothing to measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.truth", description=__doc__)
    parser.add_argument("--osm", nargs="*", default=[], help="OpenStreetMap files; every shared one when absent")
    parser.add_argument("--points", type=int, default=POINTS)
    parser.add_argument("--peer-python", help="a Python 3.12 or newer for the peers")
    parser.add_argument("--routes", action="store_true", help="add the peers' lines of the worst pairs")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    paths, left_out = cities(given.osm)
    if not paths:
        print("no city: give --osm, or set FLEETPLAN_TEST_DATA", file=sys.stderr)
        return 1
    python = peer_python(given.peer_python)
    documents: dict[str, dict[str, Any]] = {}
    out = sys.stderr if given.json else sys.stdout
    for path in paths:
        streets = Streets.from_file(path)
        documents[path.name] = measure(path, streets, python, points=given.points, routes=given.routes)
        print("\n".join([*lines_of(documents[path.name]), ""]), file=out, flush=True)
    print("\n".join([*summary_of(documents), *left_out]), file=out, flush=True)
    if given.json:
        print(json.dumps(documents, indent=2, sort_keys=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
