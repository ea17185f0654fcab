"""Reads OpenStreetMap files (``.osm``, ``.osm.gz``, ``.osm.bz2``, ``.osm.pbf``) into raw streets by pyosmium."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any

import numpy as np
import osmium

from fleetplan.city.buildings import RawBuilding, building_of, building_warnings, delivered_to
from fleetplan.city.floors import Outlines, with_buildings
from fleetplan.city.points import POINT_HIGHWAYS, POINT_KEYS
from fleetplan.city.raw import RawCity, Tags, places_of
from fleetplan.city.relations import Turns
from fleetplan.city.streets import Bools, Floats, Ints
from fleetplan.city.tags import NODE_LIMIT_KEYS
from fleetplan.errors import CityError, Fault

_NODE_KEYS = (*POINT_KEYS, *NODE_LIMIT_KEYS)
_PLACE_KEYS = ("addr:housenumber", "shop", "amenity", "office", "building")
_WKB_HEAD = 18  # hexadecimal digits of byte order, geometry type and number of points


def read_osm_file(path: Path) -> RawCity:
    """All ways with a ``highway`` tag, the nodes, restrictions, addresses and shops that go with them.

    Raises:
        CityError: the file cannot be read to its end, or a node stands in it at two places.
    """
    try:
        raw = _read(path)
        faults = _repeated_nodes(path)
    except (RuntimeError, ValueError, OSError, osmium.InvalidLocationError) as error:
        raise CityError.one(
            "city.broken",
            path.name,
            "",
            f"the file cannot be read as OpenStreetMap data ({_short(error)})",
            "fetch the extract again; it may be cut off, or its ending may not match its contents",
        ) from error
    if faults:
        raise CityError(faults)
    return raw


def _read(path: Path) -> RawCity:
    streets, outlines = _Lines(), _Lines()
    tags: list[Tags] = []
    outline_place: list[tuple[int, str, int]] = []
    buildings = _Buildings()
    node_tags: dict[int, Tags] = {}
    places: list[tuple[float, float, int, str, int]] = []
    turns = Turns()
    seen: set[int] = set()  # joined downloads may hold a way twice
    processor = (
        osmium.FileProcessor(str(path))
        .with_locations("flex_mem")
        .with_filter(osmium.filter.KeyFilter("highway", "type", *_NODE_KEYS, *_PLACE_KEYS))
    )
    for item in processor:
        if item.deleted:
            continue
        if item.is_way():
            if item.id in seen:
                continue
            seen.add(item.id)
            if "highway" in item.tags:
                tags.append(_tags(item))
                streets.add(item)
            elif "building" in item.tags:
                buildings.add(item)
            elif (place := delivered_to(item.tags)) is not None:
                outlines.add(item)
                outline_place.append(place)
        elif item.is_node():
            if any(key in item.tags for key in _NODE_KEYS) or item.tags.get("highway") in POINT_HIGHWAYS:
                node_tags[item.id] = _tags(item)
            if (place := delivered_to(item.tags)) is not None and item.location.valid():
                places.append((item.location.lon, item.location.lat, *place))
        elif item.is_relation() and item.tags.get("type", "").startswith("restriction"):
            turns.add(item.id, _tags(item), [(member.role, member.type, member.ref) for member in item.members])
        elif item.is_relation() and "building" in item.tags:
            buildings.relations += 1

    street = streets.done()
    outline = outlines.done()
    building = buildings.lines.done()
    _fill_late(path, [street, outline, building])
    places += _centres(outline, outline_place)
    present = ~np.isnan(street.lon)
    pieces, way_start = _present_runs(street.start, present)
    warnings = turns.warnings()
    way = np.repeat(np.arange(len(tags)), np.diff(street.start))
    clipped = len(np.unique(way[~present]))
    if clipped:
        warnings.append(
            f"{clipped} ways reference points that the file does not hold (a clipped extract): "
            "they were trimmed to the points that are there"
        )
    warnings += building_warnings(buildings.facts, relations=buildings.relations)
    return RawCity(
        way_id=street.way_id[pieces],
        way_start=way_start,
        ref=street.ref[present],
        lon=street.lon[present],
        lat=street.lat[present],
        tags=[tags[piece] for piece in pieces],
        node_tags=node_tags,
        restrictions=tuple(turns.kept),
        places=with_buildings(
            places_of(places), buildings.facts, Outlines(building.start, building.ref, building.lon, building.lat)
        ),
        warnings=tuple(warnings),
    )


def _tags(item: Any) -> Tags:
    """The tags of an object; making a dictionary of osmium's list directly looks every key up again."""
    return {tag.k: tag.v for tag in item.tags}


class _Table:
    """Points of many ways in flat arrays; absent points have ``nan`` coordinates."""

    def __init__(self, way_id: Ints, start: Ints, ref: Ints, lon: Floats, lat: Floats) -> None:
        self.way_id, self.start, self.ref, self.lon, self.lat = way_id, start, ref, lon, lat


class _Lines:
    """Gathers the points of ways; coordinates come as one block of WKB per way, which spares a call per point."""

    def __init__(self) -> None:
        self.way_id = array("q")
        self.length = array("q")
        self.ref = array("q")
        self.blocks: list[bytes] = []
        self.factory = osmium.geom.WKBFactory()

    def add(self, way: Any) -> None:
        refs = [node.ref for node in way.nodes]
        self.way_id.append(way.id)
        self.length.append(len(refs))
        self.ref.extend(refs)
        try:
            block = bytes.fromhex(self.factory.create_linestring(way, osmium.geom.use_nodes.ALL)[_WKB_HEAD:])
        except (osmium.InvalidLocationError, RuntimeError):  # an absent point, or fewer than two points
            block = np.array(
                [(n.location.lon, n.location.lat) if n.location.valid() else (np.nan, np.nan) for n in way.nodes],
                dtype="<f8",
            ).tobytes()
        self.blocks.append(block)

    def done(self) -> _Table:
        block = b"".join(self.blocks)
        point = (np.frombuffer(block, dtype="<f8") if block else np.empty(0)).reshape(-1, 2)
        start = np.zeros(len(self.length) + 1, dtype=np.int64)
        np.cumsum(np.array(self.length, dtype=np.int64), out=start[1:])
        return _Table(
            np.array(self.way_id, dtype=np.int64),
            start,
            np.array(self.ref, dtype=np.int64),
            point[:, 0].copy(),
            point[:, 1].copy(),
        )


class _Buildings:
    """Gathers the outlines of buildings and what their tags say, and counts those drawn as relations."""

    def __init__(self) -> None:
        self.lines = _Outlines()
        self.facts: list[RawBuilding] = []
        self.relations = 0
        self.known: dict[tuple[tuple[str, str], ...], RawBuilding] = {}

    def add(self, way: Any) -> None:
        self.lines.add(way)
        tags = tuple((tag.k, tag.v) for tag in way.tags)
        if tags not in self.known:  # thousands of buildings have the same two or three tags
            self.known[tags] = building_of(dict(tags))
        self.facts.append(self.known[tags])


class _Outlines(_Lines):
    """Lines of which only the shape matters: identifiers of points are kept where one of them is absent.

    Elsewhere they say no more than whether the line ends where it began: all are 0, or 0 with a 1 at the end.
    """

    def add(self, way: Any) -> None:
        try:
            block = bytes.fromhex(self.factory.create_linestring(way, osmium.geom.use_nodes.ALL)[_WKB_HEAD:])
        except (osmium.InvalidLocationError, RuntimeError):
            super().add(way)
            return
        size = len(block) // 16
        self.way_id.append(way.id)
        self.length.append(size)
        self.ref.extend(bytes(size))
        self.ref[-1] = int(not way.is_closed())
        self.blocks.append(block)


def _fill_late(path: Path, tables: list[_Table]) -> None:
    """Looks for points still missing in a second pass: some writers put nodes after the ways."""
    missing = np.unique(np.concatenate([table.ref[np.isnan(table.lon)] for table in tables]))
    if not len(missing):
        return
    found: dict[int, tuple[float, float]] = {}
    wanted = set(missing.tolist())
    nodes = osmium.FileProcessor(str(path), osmium.osm.NODE)
    if missing[0] > 0:  # the filter knows no negative identifiers, as editors give them to new points
        nodes = nodes.with_filter(osmium.filter.IdFilter(wanted))
    for node in nodes:
        if node.id in wanted and node.location.valid():
            found[node.id] = (node.location.lon, node.location.lat)
    for table in tables if found else []:
        for row in np.flatnonzero(np.isnan(table.lon)):
            table.lon[row], table.lat[row] = found.get(int(table.ref[row]), (np.nan, np.nan))


def _repeated_nodes(path: Path) -> list[Fault]:
    """The fault of a file in which nodes stand at several places: streets drawn through them would jump.

    Repeated nodes that agree, as joined downloads have them, are none. Whether any node is repeated tell the sizes of
    two indexes, one of which keeps an entry per node and one per identifier; that takes no Python loop.
    """
    entries = osmium.index.create_map("sparse_mem_array")
    identifiers = osmium.index.create_map("sparse_mem_map")
    nodes = osmium.io.Reader(str(path), osmium.osm.NODE)
    osmium.apply(nodes, osmium.NodeLocationsForWays(entries), osmium.NodeLocationsForWays(identifiers))
    nodes.close()
    if entries.used_memory() // _unit("sparse_mem_array") == identifiers.used_memory() // _unit("sparse_mem_map"):
        return []
    place: dict[int, tuple[int, int]] = {}
    moved: set[int] = set()
    for node in osmium.FileProcessor(str(path), osmium.osm.NODE):
        if not node.deleted and node.location.valid():
            at = (node.location.x, node.location.y)
            if place.setdefault(node.id, at) != at:
                moved.add(node.id)
    if not moved:
        return []
    shown = ", ".join(str(node) for node in sorted(moved)[:3])
    return [
        Fault(
            "city.repeated_node",
            path.name,
            "node",
            f"{len(moved)} nodes stand at several places ({shown}{' …' if len(moved) > 3 else ''})",
            "join extracts of the same day only, for example with osmium merge, or fetch the city anew",
        )
    ]


def _unit(kind: str) -> int:
    """Bytes that one node takes in an index."""
    index = osmium.index.create_map(kind)
    index.set(1, osmium.osm.Location(0.0, 0.0))
    return int(index.used_memory())


def _present_runs(start: Ints, present: Bools) -> tuple[Ints, Ints]:
    """Runs of present points, at least two long or not: the way of each run, and run starts among present points."""
    way = np.repeat(np.arange(len(start) - 1), np.diff(start))
    first = present.copy()
    first[1:] &= ~present[:-1] | (way[1:] != way[:-1])
    begin = np.flatnonzero(first)
    run_start = np.append(np.cumsum(present)[begin] - 1, np.count_nonzero(present)).astype(np.int64)
    return way[begin], run_start


def _centres(outline: _Table, place: list[tuple[int, str, int]]) -> list[tuple[float, float, int, str, int]]:
    """Mean of the outline's present corners, the closing one left out."""
    rows = []
    for i, facts in enumerate(place):
        begin, end = int(outline.start[i]), int(outline.start[i + 1])
        if end - begin > 1 and outline.ref[begin] == outline.ref[end - 1]:
            end -= 1
        lon, lat = outline.lon[begin:end], outline.lat[begin:end]
        there = ~np.isnan(lon)
        if there.any():
            rows.append((float(lon[there].mean()), float(lat[there].mean()), *facts))
    return rows


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
