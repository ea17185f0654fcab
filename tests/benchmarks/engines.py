"""Shortest-path engines on one vehicle's network of one city, in one run, with the ratios.

``python -m tests.benchmarks.engines --osm city.osm.pbf [--places 1000] [--pairs 100000] [--json]``

Ours is beside the many-to-many queries of ``pyroutingkit`` and ``routingkit_cch`` (the same customisable contraction
hierarchies by RoutingKit, 32-bit weights, one metric a run, one state per place) and scipy's Dijkstra on a sample of
the places. All weigh the same arcs. A peer that is not installed is ``not measured``.

It also unpacks the ways of many random pairs and prints for how many the length differs from the table's: for ours, and
for the two runs of a one-metric engine that tell time and length apart (weights ``t`` and ``64 t + d``).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fleetplan.city.streets import Streets
from fleetplan.fleet.catalogue import vehicle
from fleetplan.routing.access import decide_access
from fleetplan.routing.hierarchy import Ends, Metric
from fleetplan.routing.network import Network, drives_of, network_of
from fleetplan.routing.packing import FAR, unpack
from fleetplan.routing.preparing import prepare_city
from fleetplan.routing.seams import AccessRules
from fleetplan.routing.searching import PlainSearch

_SAMPLE = 10  # sources that scipy is asked for; its time grows with their number


def timed(work: Callable[[], Any], *, repeat: int = 3) -> tuple[float, Any]:
    """The least seconds of some runs after a first one, and the answer."""
    answer = work()
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        answer = work()
        seconds.append(time.perf_counter() - start)
    return min(seconds), answer


def measure(path: Path, *, places: int, pairs: int, name: str) -> dict[str, Any]:
    """Times of all engines, ratios to ours, and differences of length."""
    streets, rules, kind = Streets.from_file(path), AccessRules(), vehicle(name)
    access = decide_access(streets, kind, rules)
    drives = drives_of(streets, kind, access, rules=rules)
    network = network_of(streets, kind, access, drives, part=0, rules=rules)
    hierarchy = prepare_city(streets)
    metric_s, metric = timed(lambda: Metric(hierarchy, network.arc, network.cost))
    rng = np.random.default_rng(1)
    edge = rng.choice(np.flatnonzero(network.inside), size=places)
    ends = Ends(np.arange(places + 1, dtype=np.int64), edge, np.zeros(places, dtype=np.int64))
    table_s, table = timed(lambda: metric.table(ends, ends))
    result: dict[str, Any] = {
        "city": path.name,
        "states": network.topology.states,
        "arcs": len(network.arc),
        "places": places,
        "engines": {"ours": {"reweight_s": metric_s, "table_s": table_s, "metrics": 2}},
    }
    engines = result["engines"]
    some = ends.chosen(np.arange(min(_SAMPLE, places)))
    plain = PlainSearch(network)
    seconds, rows = timed(lambda: plain.table(some, ends), repeat=1)
    engines["scipy"] = {"table_s": seconds * places / len(some), "metrics": 2, "extrapolated": True}
    engines["scipy"]["equal"] = bool(np.array_equal(rows, table[: len(some)]))
    engines["pyroutingkit"] = _pyroutingkit(network, streets, edge, table)
    engines["routingkit_cch"] = _routingkit_cch(network, streets, edge)
    for other in ("scipy", "pyroutingkit", "routingkit_cch"):
        seconds = engines[other].get("table_s")
        if seconds is not None:
            runs = 2 / engines[other]["metrics"]
            result.setdefault("ratios", {})[other] = seconds * runs / table_s
    result["lengths"] = _lengths(network, metric, streets, edge, table, pairs=pairs)
    return result


def _weights(network: Network) -> tuple[Any, Any]:
    """Milliseconds and decimetres of every arc, penalties left out."""
    return unpack(network.cost)


def _positions(network: Network, streets: Streets) -> tuple[Any, Any]:
    node = streets.edges.u[network.topology.edge]
    return streets.nodes.lat[node].astype(np.float32), streets.nodes.lon[node].astype(np.float32)


def _topology(network: Network, streets: Streets) -> Any:
    from pyroutingkit import CCHTopology

    topology, (lat, lon) = CCHTopology(), _positions(network, streets)
    tail, head = network.tail.astype(np.uint32), network.head.astype(np.uint32)
    topology.build(tail, head, lat, lon, network.topology.states)
    return topology


def _pyroutingkit(network: Network, streets: Streets, edge: Any, table: Any) -> dict[str, Any]:
    try:
        from pyroutingkit import CCHMetric
    except ImportError:
        return {"not measured": "pyroutingkit is not installed"}
    metric = CCHMetric(_topology(network, streets))
    time_ms, _ = _weights(network)
    weight, place = time_ms.astype(np.uint32), edge.astype(np.uint32)
    reweight_s, _ = timed(lambda: metric.customize(weight), repeat=1)
    seconds, answer = timed(lambda: metric.distances_many_to_many(place, place), repeat=1)
    direct = table < 2**48  # a penalty of ours may choose another way than the fastest
    equal = (answer.astype(np.int64) == unpack(table)[0])[direct].mean()
    return {"reweight_s": reweight_s, "table_s": seconds, "metrics": 1, "equal_share": float(equal)}


def _routingkit_cch(network: Network, streets: Streets, edge: Any) -> dict[str, Any]:
    try:
        import routingkit_cch as cch
    except ImportError:
        return {"not measured": "routingkit_cch is not installed"}
    tail, head = network.tail.tolist(), network.head.tolist()
    lat, lon = (column.tolist() for column in _positions(network, streets))
    order = cch.compute_order_inertial(network.topology.states, tail, head, lat, lon)
    metric = cch.CCHMetric(cch.CCH(order, tail, head, False), _weights(network)[0].tolist())
    query, sources = cch.CCHOneToMany(metric, edge.tolist()), edge.tolist()
    seconds, _ = timed(lambda: [query.distances_from(source) for source in sources], repeat=1)
    return {"table_s": seconds, "metrics": 1}


def _lengths(
    network: Network, metric: Metric, streets: Streets, edge: Any, table: Any, *, pairs: int
) -> dict[str, Any]:
    """Share of pairs whose unpacked way is not as long as the table says, and by how much."""
    rng = np.random.default_rng(2)
    here, there = rng.integers(0, len(edge), (2, pairs))
    keep = (table[here, there] < FAR) & (here != there)
    here, there = here[keep], there[keep]
    _, length_dm = _weights(network)
    ends = Ends(np.arange(len(edge) + 1, dtype=np.int64), edge, np.zeros(len(edge), dtype=np.int64))
    begin, state = metric.traces(ends.chosen(here), ends.chosen(there))
    way_dm = _measured(network, length_dm, begin, state)
    result = {"pairs": len(here), "ours": _differences(way_dm, unpack(table[here, there])[1])}
    try:
        from pyroutingkit import CCHMetric
    except ImportError:
        return {**result, "two_runs": "not measured: pyroutingkit is not installed"}
    time_ms, _ = _weights(network)
    metres = (length_dm + 5) // 10
    topology, place = _topology(network, streets), edge.astype(np.uint32)
    runs = []
    for weight in (time_ms, 64 * time_ms + metres):
        one = CCHMetric(topology)
        one.customize(weight.astype(np.uint32))
        runs.append(one.distances_many_to_many(place, place).astype(np.int64))
    direct = table[here, there] < 2**48
    told_m = (runs[1] - 64 * runs[0])[here, there][direct]
    way_m = _measured(network, metres, begin, state)[direct]
    return {**result, "two_runs": _differences(way_m * 10, told_m * 10)}


def _measured(network: Network, length: Any, begin: Any, state: Any) -> Any:
    """Summed length of the arcs of each way."""
    states = network.topology.states
    key = network.tail * states + network.head
    inner = np.ones(len(state), dtype=bool)
    inner[begin[:-1]] = False
    row = np.flatnonzero(inner)
    arc = np.searchsorted(key, state[row - 1] * states + state[row])
    way = np.repeat(np.arange(len(begin) - 1), np.diff(begin))[row]
    return np.bincount(way, weights=length[arc], minlength=len(begin) - 1).astype(np.int64)


def _differences(way_dm: Any, told_dm: Any) -> dict[str, float]:
    apart = np.abs(way_dm - told_dm)
    return {
        "share": float((apart > 0).mean()),
        "largest_m": float(apart.max(initial=0)) / 10,
        "mean_m_where_different": float(apart[apart > 0].mean()) / 10 if (apart > 0).any() else 0.0,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--osm", type=Path, required=True, help="the extract")
    parser.add_argument("--places", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=100_000, help="ways that are unpacked")
    parser.add_argument("--vehicle", default="kei-van")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    options = parser.parse_args()
    result = measure(options.osm, places=options.places, pairs=options.pairs, name=options.vehicle)
    if options.json:
        json.dump(result, sys.stdout, indent=2, sort_keys=True)
        print()
        return
    print(
        f"{result['city']}: {result['states']:,} states, {result['arcs']:,} arcs, {options.places} × {options.places}"
    )
    for name, row in result["engines"].items():
        if "table_s" not in row:
            print(f"  {name:15} not measured: {row['not measured']}")
            continue
        ratio = result["ratios"].get(name, 1.0)
        about = " (from a sample)" if row.get("extrapolated") else ""
        runs = f"{row['metrics']} metric{'s' if row['metrics'] > 1 else ''}"
        print(f"  {name:15} {row['table_s']:8.3f} s for {runs}{about}; for time and length {ratio:.1f} × ours")
    print(f"  lengths of {result['lengths']['pairs']:,} unpacked ways: {json.dumps(result['lengths'])}")


if __name__ == "__main__":
    main()
