"""Plan on a street graph that you already have in osmnx.

    python examples/own_graph.py [GRAPH.graphml]

Any osmnx graph in longitude and latitude will do, simplified or not: ``ox.graph_from_place(...)``, or a saved GraphML.
Without an argument the bundled city serves as the graph.
"""

from __future__ import annotations

import sys

import networkx as nx
import osmnx as ox

import fleetplan as fp
from fleetplan.resources import data_path


def own_graph(path: str | None) -> nx.MultiDiGraph:
    """Your graph, or one of the bundled city."""
    if path is not None:
        return ox.load_graphml(path)
    return fp.Streets.from_file(data_path("helsinki.osm.pbf")).to_graph()


def main(path: str | None = None) -> fp.Comparison:
    streets = fp.Streets.from_graph(own_graph(path))
    stops = fp.sample_stops(streets, 20, seed=1)
    west, south, east, north = streets.bounds
    result = fp.compare(
        streets,
        stops,
        depot=((south + north) / 2, (west + east) / 2),
        fleets={"kei": ["kei-van"], "van": ["full-size-van"]},
        effort="quick",
    )
    print(result)
    return result


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
