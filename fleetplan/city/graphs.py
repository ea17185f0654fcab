"""Streets from an osmnx graph, and an osmnx-compatible graph from streets.

Values that simplification joined into lists are merged with care for the vehicle: the narrowest width, the lowest
limit, the fewest lanes, the smallest class of street, the strictest access; of names and kinds of service the first.
"""

from __future__ import annotations

import ast
import gzip
import zlib
from array import array
from collections import Counter
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import networkx as nx
import numpy as np
import pyproj
import shapely
from pyproj.exceptions import CRSError

from fleetplan.city.assembling import streets_of
from fleetplan.city.chains import Piece, chained
from fleetplan.city.classes import AccessTag, Highway
from fleetplan.city.points import POINT_KEYS
from fleetplan.city.raw import RawCity, Tags, clean_text
from fleetplan.city.rights import FOOT_KEYS, HGV_KEYS, MOTOR_KEYS, ONEWAY_KEYS, access_of_word
from fleetplan.city.streets import Streets
from fleetplan.city.tags import IMPLIED_ONE_WAY, NODE_LIMIT_KEYS, highway_of_word
from fleetplan.errors import CityError, Fault

if TYPE_CHECKING:
    Graph = nx.MultiDiGraph[Any]

_NOT_TAGS = frozenset(("geometry", "length", "osmid", "oneway", "reversed", "from", "to", "id", "key", "travel_time"))
_ACCESS_KEYS = frozenset(
    f"{key}{ending}" for key in (*MOTOR_KEYS, *HGV_KEYS, *FOOT_KEYS) for ending in ("", ":forward", ":backward")
)
_FIRST_KEYS = frozenset(("name", "service", "ref"))
_TRUE, _FALSE = frozenset(("True", "true", "1")), frozenset(("False", "false", "0"))
_LARGEST_ID = 2**62
"""Identifiers beyond are none of OpenStreetMap and would not fit the tables, which also count down from the least."""
_NO_RESTRICTIONS = "graphs of osmnx carry no turn restrictions: turns are free wherever the directions allow them"


def streets_from_graph(graph: Graph, *, country: str | None = None, label: str = "graph") -> Streets:
    """Streets of an osmnx graph, simplified or not, in geographic coordinates.

    A direction is open where the graph has an edge for it. The exception are motorways, their links and
    ``junction=circular``, which are one-way without a tag although osmnx gives them both edges: only the one with
    ``reversed=False`` counts, where the graph says so. osmnx drops ``oneway=no`` and ``oneway=reversible``, so a
    motorway's two-way link closes and a reversible street stays open; extracts and downloads tell them.
    Attributes may be lists or the strings that reading GraphML leaves. A graph made by :func:`graph_from_streets`
    keeps its widths.

    Args:
        graph: directed multigraph whose nodes have ``x`` (longitude) and ``y`` (latitude).
        country: ISO 3166 alpha-2 code; found from the location when absent.
        label: what to call it in messages.

    Raises:
        CityError: the graph is empty, undirected, projected, lacks coordinates, or has no drivable street.
    """
    return streets_of(raw_from_graph(graph, label=label), country=country, label=label)


def raw_from_graphml(path: Path) -> RawCity:
    """Raw streets of a graph saved as ``.graphml`` or ``.graphml.gz``.

    Raises:
        CityError: the file is no GraphML, a node stands in it twice, or its graph cannot be used.
    """
    try:
        graph: Any = nx.read_graphml(str(path), force_multigraph=True)
    except (nx.NetworkXError, SyntaxError, ValueError, KeyError, TypeError, EOFError, OSError, zlib.error) as error:
        raise CityError.one(
            "city.broken",
            path.name,
            "",
            f"the file cannot be read as GraphML ({' '.join(str(error).split())[:200] or type(error).__name__})",
            "save the graph again with osmnx.save_graphml",
        ) from error
    repeated = _repeated_nodes(path, len(graph))
    if repeated:
        raise CityError.one(
            "city.repeated_node",
            path.name,
            "node",
            f"{len(repeated)} nodes stand in it more than once ({', '.join(repeated[:3])[:60]})",
            "save the graph again with osmnx.save_graphml",
        )
    return raw_from_graph(graph, label=path.name)


def _repeated_nodes(path: Path, number_of_nodes: int) -> list[str]:
    """Names that several nodes of a readable GraphML file have; the graph itself keeps the last one only."""
    opener = gzip.open if path.name.lower().endswith(".gz") else open
    with opener(path, "rb") as file:
        if file.read().count(b"<node ") == number_of_nodes:
            return []
        file.seek(0)
        named = Counter(
            element.get("id", "")
            for _, element in ElementTree.iterparse(file)
            if element.tag.rpartition("}")[2] == "node"
        )
    return sorted(clean_text(name) for name, times in named.items() if times > 1)


def raw_from_graph(graph: Graph, *, label: str) -> RawCity:
    """Raw streets of a graph: one way per chain of equal edges, both directions of a street joined.

    Args:
        graph: as for :func:`streets_from_graph`.
        label: what to call it in messages.

    Raises:
        CityError: the graph is empty, undirected, projected, or lacks coordinates.
    """
    _check(graph, label)
    number = _numbers(graph)
    position = {node: (float(data["x"]), float(data["y"])) for node, data in graph.nodes(data=True)}
    node_tags = {
        number[node]: {str(k): str(v) for k, v in data.items() if k not in ("x", "y", "street_count")}
        for node, data in graph.nodes(data=True)
        if any(key in data for key in ("highway", *POINT_KEYS, *NODE_LIMIT_KEYS))
    }
    chains = chained(_pieces(graph, number, position))
    ref, lon, lat = array("q"), array("d"), array("d")
    way_id, size = array("q"), array("q")
    for chain in chains:
        way_id.append(chain.way_id)
        size.append(len(chain.ref))
        ref.extend(chain.ref)
        lon.extend(chain.lon)
        lat.extend(chain.lat)
    return RawCity(
        way_id=np.array(way_id, dtype=np.int64),
        way_start=np.concatenate(([0], np.cumsum(np.array(size, dtype=np.int64)))).astype(np.int64),
        ref=np.array(ref, dtype=np.int64),
        lon=np.array(lon, dtype=np.float64),
        lat=np.array(lat, dtype=np.float64),
        tags=[chain.tags for chain in chains],
        node_tags=node_tags,
        warnings=(_NO_RESTRICTIONS,),
    )


def _check(graph: Graph, label: str) -> None:
    """Gathers everything that is wrong with a graph and raises once."""
    faults: list[Fault] = []

    def fault(code: str, field: str, message: str, remedy: str) -> None:
        faults.append(Fault(code, label, field, message, remedy))

    if graph.number_of_edges() == 0:
        fault("city.no_street", "edges", "the graph has no edges", "make the graph of a place that has streets")
    if not graph.is_directed():
        fault("city.graph_undirected", "graph", "the graph is undirected", "use the graph before ox.to_undirected")
    bad = [node for node, data in graph.nodes(data=True) if not _is_point(data)]
    if bad:
        shown = ", ".join(str(node)[:30] for node in bad[:3])
        fault("city.graph_xy", "x, y", f"{len(bad)} nodes lack coordinates ({shown} …)", "give every node x and y")
    crs = graph.graph.get("crs")
    projected = False
    try:
        system = None if crs is None else pyproj.CRS.from_user_input(crs)
        projected = system is not None and system.is_projected
        if system is not None and not projected and not _is_like_wgs84(system):
            fault(
                "city.graph_crs",
                "crs",
                f"the CRS {system.name[:60]!r} is not WGS84: its coordinates may lie hundreds of metres aside",
                "transform the graph to EPSG:4326 first",
            )
    except CRSError:
        fault(
            "city.graph_crs", "crs", f"the CRS {str(crs)[:60]!r} is not known", "set graph.graph['crs'] = 'epsg:4326'"
        )
    degrees = all(
        abs(float(data["x"])) <= 180 and abs(float(data["y"])) <= 90
        for _, data in graph.nodes(data=True)
        if _is_point(data)
    )
    if projected or not degrees:
        fault(
            "city.graph_projected",
            "crs",
            "the graph is projected, but longitudes and latitudes are needed",
            "use the graph before ox.project_graph, or ox.project_graph(G, to_latlong=True)",
        )
    if faults:
        raise CityError(faults)


def _is_like_wgs84(system: pyproj.CRS) -> bool:
    """Longitudes and latitudes that agree with WGS84 within a metre or two."""
    if not system.is_geographic:
        return False
    flat = system.to_2d()
    return flat.to_epsg() in _LIKE_WGS84 or flat.equals(pyproj.CRS(4326), ignore_axis_order=True)


_LIKE_WGS84 = frozenset((4326, 4258, 4269, 4283, 4612, 6318, 6668, 7844, 9057))
"""WGS84 and the regional systems of Europe, North America, Australia and Japan that were made to agree with it."""


def _is_point(data: Mapping[str, Any]) -> bool:
    try:
        return bool(np.isfinite(float(data["x"])) and np.isfinite(float(data["y"])))
    except (KeyError, TypeError, ValueError):
        return False


def _numbers(graph: Graph) -> dict[Hashable, int]:
    """OSM identifier of each node; nodes whose names are none are counted from one."""
    counted = {node: i + 1 for i, node in enumerate(graph)}
    try:
        number = {node: int(node) for node in graph}
    except (TypeError, ValueError, OverflowError):
        return counted
    known = len(set(number.values())) == len(number) and all(abs(value) < _LARGEST_ID for value in number.values())
    return number if known else counted


def _pieces(
    graph: Graph, number: Mapping[Hashable, int], position: Mapping[Hashable, tuple[float, float]]
) -> list[Piece]:
    """Each street between two graph nodes once, drawn in its way's direction, with the directions that are open."""
    pieces: dict[tuple[tuple[int, ...], bytes], Piece] = {}
    bend = min(0, *number.values()) - 1  # points between graph nodes get identifiers that nobody else has
    for u, v, data in graph.edges(data=True):
        lon, lat = _line(data, position[u], position[v])
        reverse = _first(_value(data.get("reversed"))) in _TRUE
        points = np.array((lon, lat)).round(7)
        along, against = points.tobytes(), points[:, ::-1].tobytes()
        way_ids = _way_ids(data.get("osmid"))
        key = tuple(sorted(way_ids))  # simplification joins ways in the order of travel
        twin = pieces.get((key, against))
        if twin is not None and not twin.both and along != against:
            drawn = _is_drawn_apart(data, twin.drawn_against)
            pieces[key, against] = twin.opened(closed_back=drawn and _implies_one_way(data))
            continue
        ref = [number[u], *range(bend, bend - len(lon) + 2, -1), number[v]]
        bend -= len(lon) - 2
        pieces[key, along] = Piece(way_ids[0], ref, lon, lat, _tags(data), both=False, drawn_against=reverse)
    return [piece.finished() for piece in pieces.values()]


def _is_drawn_apart(data: Mapping[str, Any], twin_reversed: bool) -> bool:
    """The graph tells for certain which of two edges runs as the way was drawn."""
    return set(_words(data, "reversed")) <= (_FALSE if twin_reversed else _TRUE)


def _implies_one_way(data: Mapping[str, Any]) -> bool:
    """A part of the edge is of a kind that runs one way without a tag, and no tag of its own says otherwise."""
    if any(key in data for key in ONEWAY_KEYS[:-1]):
        return False
    return any(highway_of_word(word) in IMPLIED_ONE_WAY for word in _words(data, "highway")) or (
        "circular" in _words(data, "junction")
    )


def _words(data: Mapping[str, Any], key: str) -> list[str]:
    value = _value(data.get(key))
    return [value] if isinstance(value, str) else value


def _line(
    data: Mapping[str, Any], start: tuple[float, float], end: tuple[float, float]
) -> tuple[list[float], list[float]]:
    """Longitudes and latitudes of an edge; its ends are those of its nodes."""
    geometry = data.get("geometry")
    if isinstance(geometry, str):
        with np.errstate(invalid="ignore"):
            geometry = shapely.from_wkt(geometry, on_invalid="ignore")
    middle: list[tuple[float, float]] = []
    if isinstance(geometry, shapely.LineString) and not geometry.is_empty:
        middle = [(x, y) for x, y, *_ in geometry.coords[1:-1] if abs(x) <= 180 and abs(y) <= 90]
    line = [start, *middle, end]
    return [point[0] for point in line], [point[1] for point in line]


def _way_ids(osmid: Any) -> list[int]:
    """OSM ways of an edge, ``[0]`` where it names none."""
    value = _value(osmid)
    try:
        ways = [int(part) for part in ([value] if isinstance(value, str) else value)]
    except ValueError:
        return [0]
    return ways if ways and all(abs(way) < _LARGEST_ID for way in ways) else [0]


def _value(value: Any) -> str | list[str]:
    """A text or a list of texts; reading GraphML leaves lists as their Python spelling."""
    if isinstance(value, str) and value[:1] == "[" and value[-1:] == "]":
        try:
            value = ast.literal_eval(value)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return str(value)
    if isinstance(value, list | tuple | set | frozenset):
        parts = [str(part) for part in value]
        return sorted(parts) if isinstance(value, set | frozenset) else parts
    return "" if value is None else str(value)


def _first(value: str | list[str]) -> str:
    return value if isinstance(value, str) else next(iter(value), "")


def _tags(data: Mapping[str, Any]) -> Tags:
    tags = {}
    for key, raw in data.items():
        if key in _NOT_TAGS or raw is None or raw != raw:  # NaN stands for an absent tag in tables
            continue
        value = _value(raw)
        merged = value if isinstance(value, str) else _merged(key, value)
        if merged:
            tags[str(key)] = merged
    return tags


def _merged(key: str, values: list[str]) -> str:
    """One value for several; numbers stay joined by ``;``, of which the parsers take the least."""
    distinct = list(dict.fromkeys(values))
    if len(distinct) < 2 or key in _FIRST_KEYS:
        return next(iter(distinct), "")
    if key == "highway":
        return max(distinct, key=lambda word: (highway_of_word(word) == Highway.OTHER, highway_of_word(word)))
    if key in _ACCESS_KEYS:
        return max(distinct, key=lambda word: access_of_word(word) or AccessTag.UNTAGGED)
    if key in ("tunnel", "covered"):
        return next(word for word in distinct if word != "no")
    return ";".join(distinct)


def graph_from_streets(streets: Streets) -> Graph:
    """An osmnx-compatible graph of the drivable and walkable stretches (EPSG:4326, simplified).

    Edges carry OSM tags as osmnx spells them (``osmid``, ``highway``, ``oneway``, ``length``, ``geometry`` …) and
    the width columns under their own names, so that reading the graph again keeps them. Turn restrictions and places
    stay behind: the graphs of osmnx have no room for them.
    """
    from fleetplan.city.exporting import edge_rows, node_rows

    graph: Graph = nx.MultiDiGraph(crs="epsg:4326", simplified=True, created_with="fleetplan")
    edges = edge_rows(streets)
    graph.add_nodes_from(node_rows(streets, edges))
    graph.add_edges_from((u, v, data) for u, v, data in edges)
    return graph
