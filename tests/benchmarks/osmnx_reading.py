"""How long osmnx takes from OSM XML to a simplified graph of the highways that our streets hold.

``python -m tests.benchmarks.osmnx_reading CITY.osm.pbf``, one JSON document out. osmnx reads XML only, and no way
that references an absent node: the conversion is done first and not counted in osmnx's time.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import osmium

from fleetplan.city.streets import Streets
from tests.benchmarks.ours_worker import peak_mb


def measure(path: Path) -> dict[str, Any]:
    """Seconds of osmnx's two steps and of the conversion before them."""
    import osmnx

    ways = {int(way) for way in Streets.from_file(path).stretches.way_id}
    with tempfile.TemporaryDirectory(prefix="fleetplan-osmnx-") as folder:
        xml = Path(folder) / "highways.osm"
        begin = time.perf_counter()
        count = convert(path, xml, ways)
        convert_s = time.perf_counter() - begin
        begin = time.perf_counter()
        graph = osmnx.graph_from_xml(xml, simplify=False, retain_all=True)
        graph_s = time.perf_counter() - begin
        begin = time.perf_counter()
        simple = osmnx.simplify_graph(graph)
        simplify_s = time.perf_counter() - begin
    return {
        "version": osmnx.__version__,
        "graph_from_xml_s": graph_s,
        "simplify_graph_s": simplify_s,
        "total_s": graph_s + simplify_s,
        "conversion_not_counted_s": convert_s,
        "ways": count,
        "nodes": len(simple),
        "edges": simple.number_of_edges(),
        "peak_mb": peak_mb(),
    }


def convert(path: Path, out: Path, ways: set[int]) -> int:
    """Writes the given ways and their nodes as OSM XML, absent nodes left out; returns the number of ways."""
    wanted: dict[int, tuple[list[int], dict[str, str]]] = {}
    for item in osmium.FileProcessor(path, osmium.osm.WAY):
        if item.id in ways:
            wanted[item.id] = ([node.ref for node in item.nodes], dict(item.tags))
    needed = {ref for refs, _ in wanted.values() for ref in refs}
    present: set[int] = set()
    written = 0
    writer = osmium.SimpleWriter(str(out))
    try:
        for item in osmium.FileProcessor(path, osmium.osm.NODE):
            if item.id in needed:
                present.add(item.id)
                writer.add_node(item)
        for number, (refs, tags) in sorted(wanted.items()):
            kept = [ref for ref in refs if ref in present]
            if len(kept) > 1:
                writer.add_way(osmium.osm.mutable.Way(id=number, nodes=kept, tags=tags, version=1, visible=True))
                written += 1
    finally:
        writer.close()
    return written


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))
