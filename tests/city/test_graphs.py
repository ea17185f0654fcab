"""osmnx graphs in and out: simplified or not, lists, strings, faults, and the round trip."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import osmnx as ox
import pytest
import shapely

from fleetplan.city.classes import AccessTag, Highway, WidthSource
from fleetplan.city.streets import Streets
from fleetplan.errors import CityError
from tests.towns import lat_lon, town

POINTS = {1: (0, 0), 2: (100, 0), 3: (200, 0), 4: (300, 0), 5: (100, 100), 6: (300, 100)}


def graph_of(edges: list[tuple[int, int, dict[str, Any]]], **about: Any) -> nx.MultiDiGraph:
    """A graph as osmnx makes it, of directed edges between the points."""
    graph = nx.MultiDiGraph(**{"crs": "epsg:4326", **about})
    for node in sorted({end for u, v, _ in edges for end in (u, v)}):
        lat, lon = lat_lon(*POINTS[node])
        graph.add_node(node, x=lon, y=lat)
    for u, v, data in edges:
        graph.add_edge(u, v, **data)
    return graph


def both_ways(u: int, v: int, **data: Any) -> list[tuple[int, int, dict[str, Any]]]:
    """Two edges as osmnx writes a two-way street."""
    return [(u, v, {**data, "oneway": False, "reversed": False}), (v, u, {**data, "oneway": False, "reversed": True})]


MOTORWAY = both_ways(1, 2, osmid=7, highway="motorway")


def summary(streets: Streets) -> dict[str, Any]:
    """Street-km, open directions and widths, by what they mean rather than by row."""
    s, drivable = streets.stretches, streets.stretches.drivable
    one_way = drivable & (s.forward != s.backward)
    return {
        "drivable_m": float(s.length_m[drivable].sum()),
        "one_way_m": float(s.length_m[one_way].sum()),
        "walkable_m": float(s.length_m[s.walkable].sum()),
        "edge_m": float(s.length_m[streets.edges.stretch].sum()),
        "width_m2": float((s.length_m * s.width_m)[drivable].sum()),
        "pinch_m2": float((s.length_m * s.width_min_m)[drivable].sum()),
        "lo_m2": float((s.length_m * s.width_lo_m)[drivable].sum()),
        "hi_m2": float((s.length_m * s.width_hi_m)[drivable].sum()),
        "road_m2": float((s.length_m * s.road_width_m)[drivable].sum()),
        "sources": float((s.length_m * s.width_source)[drivable].sum()),
        "access": float((s.length_m * s.motor_access)[drivable].sum()),
        "parking": float((s.length_m * (s.parking_left + s.parking_right))[drivable].sum()),
        "no_stopping": float(s.length_m[drivable & s.no_stopping].sum()),
        "signals": int(streets.nodes.signals[streets.edges.u].sum() > 0),
    }


def test_segments_of_an_unsimplified_graph_become_stretches_between_junctions() -> None:
    """An edge per segment is no street: 1-2-3-4 is cut at 2, where another way joins, and not at 3."""
    edges = [*both_ways(1, 2, osmid=7, highway="residential"), *both_ways(2, 3, osmid=7, highway="residential")]
    edges += [*both_ways(3, 4, osmid=7, highway="residential"), *both_ways(2, 5, osmid=8, highway="service")]
    streets = Streets.from_graph(graph_of(edges))
    s = streets.stretches
    assert sorted(zip(s.way_id.tolist(), s.length_m.round().tolist(), strict=True)) == [(7, 100), (7, 200), (8, 100)]
    assert len(streets.edges) == 6


def test_segments_join_whatever_their_order_and_drawing() -> None:
    """Older graphs do not say which of two edges runs as drawn, and edges come in any order."""
    edges = [(3, 4, {}), (2, 1, {}), (1, 2, {}), (4, 3, {}), (3, 2, {}), (2, 3, {})]
    data = {"osmid": 7, "highway": "residential", "oneway": False}
    streets = Streets.from_graph(graph_of([(u, v, data) for u, v, _ in edges]))
    assert streets.stretches.length_m == pytest.approx([300], rel=1e-3)
    assert len(streets.edges) == 2


def test_one_way_segments_join_in_their_direction_only() -> None:
    """1→2→3 is one way; 4→3 of the same way comes against it and stays apart."""
    data = {"osmid": 7, "highway": "residential", "oneway": True}
    streets = Streets.from_graph(graph_of([(2, 3, data), (1, 2, data), (4, 3, data)]))
    name = streets.nodes.osm_id
    assert sorted(zip(name[streets.edges.u].tolist(), name[streets.edges.v].tolist(), strict=True)) == [(1, 3), (4, 3)]


def test_a_loop_of_segments_does_not_hang() -> None:
    """A closed way whose points all have degree two."""
    data = {"osmid": 7, "highway": "residential", "oneway": True}
    ring = [(1, 2, data), (2, 5, data), (5, 1, data)]
    streets = Streets.from_graph(graph_of(ring))
    assert float(streets.stretches.length_m.sum()) == pytest.approx(100 + 100 + np.hypot(100, 100), rel=1e-3)


def test_a_direction_is_open_where_the_graph_has_an_edge() -> None:
    """Whoever removes an edge closes that direction, even if the attribute still says two-way."""
    graph = graph_of(both_ways(1, 2, osmid=7, highway="residential"))
    graph.remove_edge(2, 1)
    assert len(Streets.from_graph(graph).edges) == 1


def directions(edges: list[tuple[int, int, dict[str, Any]]]) -> list[tuple[int, int]]:
    """Open edges of a graph's streets as pairs of nodes."""
    streets = Streets.from_graph(graph_of(edges))
    name = streets.nodes.osm_id
    return sorted(zip(name[streets.edges.u].tolist(), name[streets.edges.v].tolist(), strict=True))


@pytest.mark.parametrize(
    "tags",
    [
        {"highway": "motorway"},
        {"highway": ["motorway_link", "trunk"]},
        {"highway": "tertiary", "junction": "circular"},
    ],
    ids=str,
)
@pytest.mark.parametrize("turn", [False, True])
def test_streets_that_are_one_way_without_a_tag_lose_the_edge_against_their_drawing(
    tags: dict[str, Any], turn: bool
) -> None:
    """osmnx gives both edges where no tag says one-way; in whatever order they come, the reversed one closes."""
    street = both_ways(1, 2, osmid=7, **tags)
    assert directions(street[::-1] if turn else street) == [(1, 2)]


def test_segments_of_a_motorway_join_in_its_direction() -> None:
    """1-2-3 of an unsimplified graph is one stretch with one edge."""
    streets = Streets.from_graph(graph_of([*both_ways(2, 3, osmid=7, highway="motorway"), *MOTORWAY]))
    assert (len(streets.stretches), len(streets.edges)) == (1, 1)
    assert streets.nodes.osm_id[streets.edges.u].tolist() == [1]


def test_segments_of_a_motorway_drawn_against_each_other_stay_apart() -> None:
    """Once closed against its drawing a segment must not be turned round to join another."""
    assert directions([*MOTORWAY, *both_ways(3, 2, osmid=7, highway="motorway")]) == [(1, 2), (3, 2)]


def test_limits_of_nodes_count_without_a_barrier() -> None:
    """A beam's height on a plain node of a graph."""
    graph = graph_of([*both_ways(1, 2, osmid=7, highway="residential"), *both_ways(2, 3, osmid=7, highway="service")])
    graph.nodes[2]["maxheight"] = "1.9"
    assert Streets.from_graph(graph).nodes.barrier_height_m[1] == 1.9


def test_a_motorway_whose_drawing_nobody_tells_stays_open() -> None:
    """Older graphs have no ``reversed``: to close one of the two edges would be a guess."""
    bare = [(u, v, {key: value for key, value in data.items() if key != "reversed"}) for u, v, data in MOTORWAY]
    assert directions(bare) == [(1, 2), (2, 1)]
    told = [(u, v, {**data, "oneway:motor_vehicle": "no"}) for u, v, data in MOTORWAY]
    assert directions(told) == [(1, 2), (2, 1)]


def test_lists_are_merged_with_care() -> None:
    """The narrowest width, the lowest limits, the smallest class, the strictest access; the first name and way."""
    attributes = {
        "osmid": [7, 8],
        "highway": ["residential", "service", "unclassified"],
        "name": ["First", "Second"],
        "width": ["4.5", "3,5"],
        "maxspeed": ["50", "20 mph"],
        "lanes": ["2", "1"],
        "maxheight": ["3.2", "2.8 m"],
        "access": ["yes", "private"],
        "tunnel": ["no", "yes"],
    }
    streets = Streets.from_graph(graph_of(both_ways(1, 2, **attributes), simplified=True))
    s = streets.stretches
    assert (s.way_id[0], streets.names[s.name[0]], s.highway[0]) == (7, "First", Highway.SERVICE)
    assert (s.width_m[0], s.lanes[0], s.maxheight_m[0]) == (3.5, 1.0, 2.8)
    assert s.maxspeed_kph[0] == pytest.approx(32.18688)
    assert s.motor_access[0] == AccessTag.PRIVATE
    assert s.tunnel[0]


def test_ways_joined_in_the_order_of_travel_are_one_street() -> None:
    """Simplification lists the ways of a two-way street in opposite orders for its two edges."""
    forward, backward = both_ways(1, 2, osmid=[7, 8], highway="residential")
    backward[2]["osmid"] = [8, 7]
    streets = Streets.from_graph(graph_of([forward, backward]))
    assert (len(streets.stretches), len(streets.edges)) == (1, 2)


def test_identifiers_below_zero_do_not_meet_the_points_of_bends() -> None:
    """Editors give them to new nodes; a bend of another street must not become a junction with them."""
    lat, lon = lat_lon(50, 50)
    line = shapely.LineString([(lon, lat), (lon, lat), (lon, lat)])
    edges = both_ways(1, 2, osmid=7, highway="residential", geometry=line)
    graph = nx.relabel_nodes(graph_of([*edges, *both_ways(3, 4, osmid=8, highway="residential")]), {3: -1, 4: -2})
    assert len(Streets.from_graph(graph).stretches) == 2


def test_geometry_and_strings_as_graphml_leaves_them() -> None:
    """Coordinates, lists, flags and lines may all be text."""
    (lat, lon), (lat2, lon2), (lat3, lon3) = lat_lon(0, 0), lat_lon(50, 50), lat_lon(100, 0)
    graph = nx.MultiDiGraph(crs="epsg:4326")
    graph.add_node("11", x=str(lon), y=str(lat), highway="traffic_signals")
    graph.add_node("12", x=str(lon3), y=str(lat3))
    line = shapely.LineString([(lon, lat), (lon2, lat2), (lon3, lat3)])
    data = {"osmid": "[7, 8]", "highway": "['residential', 'service']", "oneway": "False"}
    graph.add_edge("11", "12", **data, reversed="False", geometry=line.wkt)
    graph.add_edge("12", "11", **data, reversed="True", geometry=line.reverse().wkt)
    streets = Streets.from_graph(graph)
    assert streets.nodes.osm_id.tolist() == [11, 12]
    assert streets.nodes.signals.tolist() == [True, False]
    assert streets.stretches.length_m == pytest.approx([2 * np.hypot(50, 50)], rel=1e-3)
    assert streets.stretches.highway.tolist() == [Highway.SERVICE]
    assert len(streets.edges) == 2


def test_a_way_is_drawn_as_mapped_so_that_sides_stay() -> None:
    """The reversed edge comes first; parking on the left of the way must stay on its left."""
    forward, backward = both_ways(1, 2, osmid=7, highway="residential", **{"parking:left": "lane"})
    streets = Streets.from_graph(graph_of([backward, forward]))
    assert streets.nodes.osm_id[streets.stretches.u[0]] == 1
    assert (streets.stretches.parking_left[0], streets.stretches.parking_right[0]) == (2, 0)


def test_node_names_may_be_anything() -> None:
    """Graphs of other makers count their nodes by words."""
    graph = nx.relabel_nodes(graph_of(both_ways(1, 2, osmid=7, highway="residential")), {1: "x", 2: "y"})
    assert len(Streets.from_graph(graph).edges) == 2


@pytest.mark.parametrize("number", [2**63, -(2**63), 10**30, float("inf"), float("nan")])
def test_numbers_that_are_no_identifiers_are_names(number: float) -> None:
    """Nodes with numbers beyond 64 bits, or none at all, are counted; such a way has no identifier."""
    graph = nx.relabel_nodes(graph_of(both_ways(1, 2, osmid=number, highway="residential")), {1: number})
    streets = Streets.from_graph(graph)
    assert streets.nodes.osm_id.tolist() == [1, 2]
    assert streets.stretches.way_id.tolist() == [0]


@pytest.mark.parametrize(
    "hostile",
    ["[" * 5000 + "]", "LINESTRING (0 0, nan nan, inf 900, 1 1)", "[1, __import__('os')]", "{'a': 1}", "[]", "\x00"],
)
def test_hostile_attributes_are_text(hostile: str) -> None:
    """Nothing is evaluated, nothing breaks."""
    edges = both_ways(1, 2, osmid=hostile, highway="residential", width=hostile, name=hostile, geometry=hostile)
    assert len(Streets.from_graph(graph_of(edges)).edges) == 2


def fault_codes(graph: Any) -> list[str]:
    """Codes of the faults that a graph raises."""
    with pytest.raises(CityError) as caught:
        Streets.from_graph(graph, label="mine")
    assert all(fault.where == "mine" for fault in caught.value.faults)
    return [fault.code for fault in caught.value.faults]


def test_bad_graphs_are_clear_faults() -> None:
    """Empty, undirected, projected by its CRS or by its numbers, without coordinates: all faults at once."""
    good = both_ways(1, 2, osmid=7, highway="residential")
    assert fault_codes(nx.MultiDiGraph(crs="epsg:4326")) == ["city.no_street"]
    assert fault_codes(graph_of(good).to_undirected()) == ["city.graph_undirected"]
    assert fault_codes(graph_of(good, crs="epsg:32635")) == ["city.graph_projected"]
    assert fault_codes(graph_of(good, crs="epsg:nonsense")) == ["city.graph_crs"]
    assert fault_codes(graph_of(both_ways(1, 2, osmid=7, highway="footway"))) == ["city.no_street"]
    metres = graph_of(good)
    nx.set_node_attributes(metres, 400_000.0, "x")
    assert fault_codes(metres) == ["city.graph_projected"]
    bare = graph_of(good).to_undirected()
    for node in bare:
        del bare.nodes[node]["x"]
    assert fault_codes(bare) == ["city.graph_undirected", "city.graph_xy"]


def test_projected_by_osmnx_is_a_fault_with_the_way_back() -> None:
    """The remedy names the call that undoes it."""
    graph = ox.project_graph(graph_of(both_ways(1, 2, osmid=7, highway="residential")))
    with pytest.raises(CityError, match="to_latlong"):
        Streets.from_graph(graph)


def test_every_column_survives_the_round_trip() -> None:
    """One street with everything on it: signs, access, parking, lanes, tunnel, one-way against its drawing."""
    tags = {
        "highway": "residential",
        "name": "Street",
        "oneway": "-1",
        "lanes": "2",
        "maxspeed": "30",
        "maxwidth": "2.1",
        "maxheight": "3",
        "maxlength": "8",
        "maxweight": "3.5",
        "motor_vehicle": "destination",
        "foot": "yes",
        "parking:both:restriction": "no_stopping",
        "tunnel": "building_passage",
        "width": "7",
        "sidewalk": "both",
    }
    nodes = {"a": (0.0, 0.0), "b": (100.0, 0.0), "c": (200.0, 0.0)}
    node_tags = {
        "b": {"barrier": "bollard", "maxwidth:physical": "2.3", "motor_vehicle": "yes"},
        "c": {"barrier": "height_restrictor", "maxheight": "1.9", "maxlength": "7", "maxweight": "3.5"},
    }
    ways = [("a b c", tags), ("a c", {"highway": "trunk", "sidewalk": "both"}), ("b c", {"highway": "steps"})]
    ways += [
        ("a b", {"highway": "service", "service": "alley", "parking:left": "lane", "parking:right": "half_on_kerb"}),
        ("b a", {"highway": "tertiary", "parking:right": "lane", "parking:right:orientation": "diagonal"}),
        ("b c", {"highway": "primary", "motorroad": "yes", "oneway": "yes", "parking:left": "street_side"}),
        ("a b", {"highway": "service", "area": "yes"}),
        ("a b", {"highway": "pedestrian", "access": "yes"}),
        ("b c", {"highway": "pedestrian", "goods": "delivery", "foot": "designated"}),
        ("a c", {"highway": "residential", "oneway": "reversible"}),
        ("c a", {"highway": "service", "service": "emergency_access"}),
        ("a b", {"highway": "motorway"}),
        ("b c", {"highway": "motorway_link", "oneway": "no"}),
        ("b c", {"highway": "tertiary", "lanes": "2", "maxwidth": "2.2"}),
    ]
    streets = town(nodes=nodes, ways=ways, node_tags=node_tags)
    again = Streets.from_graph(streets.to_graph())

    def rows(city: Streets) -> list[tuple[Any, ...]]:
        s = city.stretches
        columns = [
            name for name in s.__dataclass_fields__ if not name.startswith("line") and name not in ("u", "v", "name")
        ]
        turned = s.backward & ~s.forward  # the graph draws a one-way street the way it is driven
        table = {name: getattr(s, name).copy() for name in columns}
        table["forward"] |= turned
        table["backward"] &= ~turned
        left, right = table["parking_left"].copy(), table["parking_right"].copy()
        table["parking_left"], table["parking_right"] = np.where(turned, right, left), np.where(turned, left, right)
        ends = [
            tuple(sorted((int(a), int(b)))) for a, b in zip(city.nodes.osm_id[s.u], city.nodes.osm_id[s.v], strict=True)
        ]
        text = [tuple(f"{value:.6f}" for value in row) for row in zip(*table.values(), strict=True)]
        return sorted((*end, *row) for end, row in zip(ends, text, strict=True))

    assert rows(again) == rows(streets)
    for column in streets.nodes.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(again.nodes, column), getattr(streets.nodes, column))


def test_edges_and_their_hours_survive_the_round_trip() -> None:
    """Access, speeds and advice by direction, lorries apart, and rules that a shift decides anew from their tags."""
    nodes = {"a": (0.0, 0.0), "b": (100.0, 0.0), "c": (200.0, 0.0), "d": (100.0, 100.0), "e": (100.0, -100.0)}
    nodes |= {"f": (200.0, 100.0), "g": (200.0, -100.0)}
    ways = [
        ("a b", {"highway": "primary", "maxspeed:forward": "90", "maxspeed:backward": "40", "hgv": "no"}),
        ("b c", {"highway": "residential", "oneway": "-1", "maxspeed:advisory": "25", "goods": "delivery"}),
        ("b d", {"highway": "residential", "oneway": "yes", "oneway:conditional": "no @ (Mo-Fr 19:00-23:00)"}),
        ("b e", {"highway": "residential", "motor_vehicle:conditional": "no @ (07:00-09:00)", "maxspeed": "30"}),
        ("c f", {"highway": "tertiary", "maxspeed": "50", "maxspeed:conditional": "30 @ (07:00-09:00)"}),
        ("c g", {"highway": "tertiary", "maxaxleload": "8", "maxweight:conditional": "3.5 @ (07:00-09:00)"}),
        ("d f c e d", {"highway": "tertiary", "junction": "roundabout"}),
        ("f g", {"highway": "trunk", "motorroad": "yes", "motor_vehicle:backward:conditional": "no @ (07:00-09:00)"}),
        ("g e", {"highway": "pedestrian", "motor_vehicle:conditional": "delivery @ (19:00-23:00)"}),
        ("a e", {"highway": "service", "access:conditional": "no @ (weight>2.8 AND 07:00-09:00)", "hgv": "private"}),
    ]
    gate = {"a": {"barrier": "gate", "access": "no", "access:conditional": "yes @ (06:00-20:00)"}}
    streets = town(nodes=nodes, ways=ways, node_tags=gate)
    again = Streets.from_graph(streets.to_graph())
    columns = ("motor_access", "hgv_access", "maxspeed_kph", "advisory_kph", "signals", "crossings")
    wide = ("maxweight_kg", "maxaxleload_kg", "motorroad", "roundabout", "motor_access", "maxspeed_kph")

    def rows(city: Streets) -> list[tuple[str, ...]]:
        edges, osm_id = city.edges, city.nodes.osm_id
        table = [osm_id[edges.u], osm_id[edges.v], *(getattr(edges, column) for column in columns)]
        table += [getattr(city.stretches, column)[edges.stretch] for column in wide]
        return sorted(tuple(f"{float(value):.4f}" for value in row) for row in zip(*table, strict=True))

    for shift in ((8 * 3600, 18 * 3600), (19 * 3600, 23 * 3600), (9 * 3600, 12 * 3600)):
        one, two = streets.during(*shift), again.during(*shift)
        assert rows(two) == rows(one)
        np.testing.assert_array_equal(two.nodes.barrier_access, one.nodes.barrier_access)
    assert rows(streets.during(0, 3600)) != rows(streets)


@pytest.mark.parametrize("ending", [".graphml", ".graphml.gz"])
def test_a_node_twice_in_graphml_is_a_fault(tmp_path: Path, ending: str) -> None:
    """The graph would silently keep the last one, wherever it lies."""
    graph = graph_of(both_ways(1, 2, osmid=7, highway="residential"))
    text = "\n".join(nx.generate_graphml(graph))
    begin = text.index('<node id="1"')
    node = text[begin : text.index("</node>", begin) + len("</node>")]
    path = tmp_path / f"twice{ending}"
    path.write_bytes((gzip.compress if ending.endswith("gz") else bytes)(text.replace(node, node + node).encode()))
    with pytest.raises(CityError) as caught:
        Streets.from_file(path)
    assert caught.value.faults[0].code == "city.repeated_node"
    path.write_bytes((gzip.compress if ending.endswith("gz") else bytes)(text.encode()))
    assert len(Streets.from_file(path).edges) == 2


def test_tags_of_one_direction_turn_with_the_street() -> None:
    """An edge that runs against the drawing of its way: its tags of forward and backward are those of the way."""
    against = {"osmid": 7, "highway": "residential", "oneway": True, "reversed": True}
    graph = graph_of([(1, 2, {**against, "maxspeed:forward": "90", "maxspeed:backward": "40"})])
    assert Streets.from_graph(graph).edges.maxspeed_kph.tolist() == [40.0]
    drawn = both_ways(1, 2, osmid=7, highway="residential", **{"maxspeed:forward": "90", "maxspeed:backward": "40"})
    streets = Streets.from_graph(graph_of(drawn[::-1]))
    speed = {int(streets.nodes.osm_id[u]): v for u, v in zip(streets.edges.u, streets.edges.maxspeed_kph, strict=True)}
    assert speed == {1: 90.0, 2: 40.0}


@pytest.mark.parametrize(("crs", "codes"), [("epsg:4301", ["city.graph_crs"]), ("epsg:4258", []), ("OGC:CRS84", [])])
def test_degrees_of_another_datum_are_a_fault(crs: str, codes: list[str]) -> None:
    """Tokyo's old datum lies 400 m aside; Europe's ETRS89 and WGS84 in another order of axes do not."""
    graph = graph_of(both_ways(1, 2, osmid=7, highway="residential"), crs=crs)
    if codes:
        assert fault_codes(graph) == codes
    else:
        assert len(Streets.from_graph(graph).edges) == 2


def test_helsinki_survives_the_round_trip(helsinki_path: Path) -> None:
    """Street-km, one-ways, widths with their sources, access and parking; and osmnx can work with the graph."""
    streets = Streets.from_file(helsinki_path)
    graph = streets.to_graph()
    assert summary(Streets.from_graph(graph)) == pytest.approx(summary(streets))
    nodes, edges = ox.graph_to_gdfs(graph)
    assert len(nodes) == len(graph)
    assert len(edges) == graph.number_of_edges()
    ends = [int(node) for node in streets.nodes.osm_id[[streets.edges.u[0], streets.edges.v[0]]]]
    assert ox.shortest_path(graph, *ends, weight="length")[-1] == ends[-1]


def test_a_saved_graph_reads_the_same(tmp_path: Path) -> None:
    """Saved by osmnx and read from the file, or loaded by osmnx and read from memory."""
    nodes = {"a": (0.0, 0.0), "b": (100.0, 0.0), "c": (200.0, 0.0), "d": (150.0, 50.0)}
    ways = [
        ("a b", {"highway": "residential", "width": "4,5", "parking:both": "lane"}),
        ("b d c", {"highway": "tertiary", "lanes": "2", "oneway": "yes", "motor_vehicle": "delivery"}),
        ("c b", {"highway": "service", "maxwidth": "6'6\""}),
    ]
    streets = town(nodes=nodes, ways=ways, node_tags={"b": {"highway": "traffic_signals"}})
    path = tmp_path / "town.graphml"
    ox.save_graphml(streets.to_graph(), path)
    assert summary(Streets.from_file(path)) == pytest.approx(summary(streets))
    assert summary(Streets.from_graph(ox.load_graphml(path))) == pytest.approx(summary(streets))


def test_a_simplified_copy_of_our_own_graph_reads_too(helsinki_path: Path) -> None:
    """Users cut and simplify graphs; widths joined into lists stay in order."""
    graph = Streets.from_file(helsinki_path).to_graph()
    graph.graph["simplified"] = False
    for *_, data in graph.edges(data=True):
        data.pop("geometry")
    simple = ox.simplify_graph(graph)
    assert any(isinstance(data.get("width_m"), list) for *_, data in simple.edges(data=True))
    s = Streets.from_graph(simple).stretches
    assert (s.width_lo_m <= s.width_min_m).all()
    assert set(s.width_source.tolist()) <= {WidthSource.TAG, WidthSource.LANES, WidthSource.DEFAULT}


def test_tachikawa_through_osmnx_equals_tachikawa_from_its_file(shared_data: Path, tmp_path: Path) -> None:
    """A graph of 2021 with lists in its attributes and ``est_width`` on 88 km; both ways in give the same tables."""
    packed = shared_data / "osm" / "tachikawa.graphml.gz"
    with gzip.open(packed) as source, (tmp_path / "t.graphml").open("wb") as target:
        shutil.copyfileobj(source, target)
    graph = ox.load_graphml(tmp_path / "t.graphml")
    streets, read = Streets.from_graph(graph, label="Tachikawa"), Streets.from_file(packed)
    for column in streets.stretches.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(streets.stretches, column), getattr(read.stretches, column))
    s = streets.stretches
    truth_km = sum(data["length"] for *_, data in ox.convert.to_undirected(graph).edges(data=True)) / 1000
    assert float(s.length_m.sum()) / 1000 == pytest.approx(truth_km, rel=0.01)
    assert float(s.length_m[s.width_source == WidthSource.TAG].sum()) / 1000 == pytest.approx(88, abs=3)
    assert streets.country == "JP"
    assert any("no turn restrictions" in warning for warning in streets.warnings)
