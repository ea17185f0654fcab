"""Makes the tables of streets from raw ways: parses tags once, cuts ways into stretches, measures, spells out turns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyproj

from fleetplan.city.countries import country_at, known_countries
from fleetplan.city.directed import edges_of, timed_rules, with_met
from fleetplan.city.met import Met
from fleetplan.city.points import NodeFacts, Serves, plain_node, read_node
from fleetplan.city.raw import RawCity, Tags, clean_text, words
from fleetplan.city.streets import Bools, Codes, Floats, Ints, Nodes, Streets, Stretches
from fleetplan.city.tags import NO_STREET, StreetFacts, read_street
from fleetplan.city.timed import USUAL_SHIFT_S
from fleetplan.city.turns import restrictions_of
from fleetplan.city.unread import unread_warnings
from fleetplan.city.widths import WidthFacts, read_width, refine_widths, width_pack
from fleetplan.errors import CityError, InputError

_PREFIXES = (
    "parking:",
    "oneway",
    "lanes",
    "maxspeed",
    "width",
    "sidewalk",
    "max",
    "est_width",
    "yh:WIDTH",
    "road_width_m",
    "street_",
    "met_",
)
_KEYS = words(
    "highway service junction tunnel covered motorroad foot narrow area source:maxspeed zone:maxspeed "
    "zone:traffic traffic_calming"
)
_ACCESS_WORDS = ("access", "vehicle", "motor_vehicle", "motorcar", "goods", "hgv", "delivery")


def streets_of(raw: RawCity, *, country: str | None, label: str) -> Streets:
    """The tables of a city.

    Args:
        raw: ways, nodes and relations as a file, graph or server gave them.
        country: ISO 3166 alpha-2 code, or ``None`` to find it from the centre's location.
        label: where the data came from, for people.

    Raises:
        CityError: the country is no code, or nothing here is a street that a motor vehicle may use.
    """
    _check_country(country, label)
    raw = _without_repeats(_only_streets(raw))
    if not len(raw.ref):
        raise _no_street(label)
    centre_lon, centre_lat = _middle(raw.lon), _middle(raw.lat)
    country = country_at(centre_lat, centre_lon) if country is None else country.upper()
    crs = utm_zone(centre_lat, centre_lon)

    fact_row, tag_sets = _distinct_tags(raw.tags)
    pack = width_pack(country)
    facts = [read_street(tags) for tags in tag_sets]
    widths = [read_width(tags, fact, pack=pack) for tags, fact in zip(tag_sets, facts, strict=True)]
    tagged = np.array(sorted(raw.node_tags), dtype=np.int64)
    node_facts = {node: read_node(raw.node_tags[node]) for node in tagged[np.isin(tagged, raw.ref)].tolist()}

    way_drivable = np.array([fact.drivable for fact in facts], dtype=bool)[fact_row]
    if not way_drivable.any():
        raise _no_street(label)
    begin, end, way = _cut(raw, way_drivable, node_facts)
    nodes, end_row = _nodes(raw, begin, end, node_facts, crs)
    run_m = np.concatenate(([0.0], np.cumsum(lengths_m(raw.lon, raw.lat))))
    stretches, names = _stretches(raw, begin, end, way, end_row, run_m, fact_row, facts, widths)
    firm = np.array([width.firm for width in widths], dtype=bool)[fact_row[way]]
    stretches = refine_widths(nodes, stretches, firm=firm, pack=pack)
    edges = edges_of(stretches, facts, fact_row[way])
    if not len(edges):
        raise _no_street(label)
    edges = with_met(edges, Met(raw, begin, end, stretches, run_m, node_facts), facts, fact_row[way])
    spelled = restrictions_of(raw.restrictions, nodes, stretches, edges, node_facts)
    timed = timed_rules(nodes, stretches, edges, facts, fact_row[way], node_facts, spelled.timed)
    streets = Streets(
        nodes=nodes,
        stretches=stretches,
        edges=edges,
        restrictions=spelled.restrictions,
        places=raw.places,
        names=names,
        crs=crs,
        country=country,
        label=label,
        warnings=(*raw.warnings, *spelled.warnings, *unread_warnings(fact_row, facts, widths, node_facts)),
        timed=timed,
    )
    return streets.during(*USUAL_SHIFT_S)


def utm_zone(lat: float, lon: float) -> int:
    """EPSG code of the UTM zone (WGS84) at a point."""
    zone = min(int((lon + 180.0) // 6.0) + 1, 60)
    return (32600 if lat >= 0 else 32700) + zone


def lengths_m(lon: Floats, lat: Floats) -> Floats:
    """Metres between consecutive WGS84 points.

    On the WGS84 ellipsoid with the radii of curvature at each pair's middle latitude; for pairs up to 10 km apart
    the difference to the geodesic is below 1 in 100,000 outside the polar regions.
    """
    axis_m, flat2 = 6378137.0, 0.00669437999014132  # WGS84 semi-major axis and first eccentricity squared
    phi = np.radians((lat[1:] + lat[:-1]) / 2)
    root2 = 1.0 - flat2 * np.sin(phi) ** 2
    east = np.radians(np.diff(lon)) * axis_m / np.sqrt(root2) * np.cos(phi)
    north = np.radians(np.diff(lat)) * axis_m * (1.0 - flat2) / root2**1.5
    length: Floats = np.hypot(east, north)
    return length


def _check_country(country: str | None, label: str) -> None:
    if country and country.upper() not in known_countries():
        raise CityError.one(
            "city.country",
            label,
            "country",
            f"{country[:40]!r} is no country code",
            "give two letters (ISO 3166), such as JP or GB, or leave it out to have it found from the location",
        )


def _no_street(label: str) -> InputError:
    return CityError.one(
        "city.no_street",
        label,
        "highway",
        "there is no street in it that a motor vehicle may use",
        "use an extract whose ways carry highway tags (residential, service, primary …)",
    )


def _middle(degrees: Floats) -> float:
    return float((degrees.min() + degrees.max()) / 2)


def _only_streets(raw: RawCity) -> RawCity:
    """Leaves out what is known to be no street, and ways of a single point."""
    size = np.diff(raw.way_start)
    known = np.array([tags.get("highway", "") not in NO_STREET for tags in raw.tags], dtype=bool)
    return _chosen(raw, known & (size >= 2))


def _chosen(raw: RawCity, keep: Bools) -> RawCity:
    if keep.all():
        return raw
    size = np.diff(raw.way_start)
    point = np.repeat(keep, size)
    start = np.concatenate(([0], np.cumsum(size[keep]))).astype(np.int64)
    tags = [raw.tags[row] for row in np.flatnonzero(keep)]
    return _with(raw, raw.way_id[keep], start, point, tags)


def _with(raw: RawCity, way_id: Ints, start: Ints, point: Bools, tags: list[Tags]) -> RawCity:
    return RawCity(
        way_id=way_id,
        way_start=start,
        ref=raw.ref[point],
        lon=raw.lon[point],
        lat=raw.lat[point],
        tags=tags,
        node_tags=raw.node_tags,
        restrictions=raw.restrictions,
        places=raw.places,
        warnings=raw.warnings,
    )


def _without_repeats(raw: RawCity) -> RawCity:
    """Drops a point that repeats the one before it in the same way, and ways that shrink to a single point."""
    way = np.repeat(np.arange(len(raw.tags)), np.diff(raw.way_start))
    repeat = np.zeros(len(raw.ref), dtype=bool)
    repeat[1:] = (raw.ref[1:] == raw.ref[:-1]) & (way[1:] == way[:-1])
    if not repeat.any():
        return raw
    size = np.bincount(way[~repeat], minlength=len(raw.tags))
    start = np.concatenate(([0], np.cumsum(size))).astype(np.int64)
    slim = _with(raw, raw.way_id, start, ~repeat, raw.tags)
    return _chosen(slim, size >= 2)


def _distinct_tags(tags: list[Tags]) -> tuple[Ints, list[Tags]]:
    """Row of each way in the list of distinct sets of tags that matter, and that list."""
    matters: dict[str, bool] = {}
    rows: dict[tuple[tuple[str, str], ...], int] = {}
    fact_row = np.empty(len(tags), dtype=np.int64)
    for way, way_tags in enumerate(tags):
        for key in way_tags:
            if key not in matters:
                matters[key] = key in _KEYS or key.startswith(_PREFIXES) or key.split(":")[0] in _ACCESS_WORDS
        kept = tuple([item for item in way_tags.items() if matters[item[0]]])
        fact_row[way] = rows.setdefault(kept, len(rows))
    return fact_row, [dict(kept) for kept in rows]


def _cut(raw: RawCity, way_drivable: Bools, node_facts: Mapping[int, NodeFacts]) -> tuple[Ints, Ints, Ints]:
    """First and last point and the way of each stretch.

    Ways are cut where several ways meet or one meets itself, and drivable ones also at barriers and at via nodes of
    restrictions. Signals, signs and crossings do not cut: they are counted on the edges.
    """
    way = np.repeat(np.arange(len(raw.tags)), np.diff(raw.way_start))
    _, place, uses = np.unique(raw.ref, return_inverse=True, return_counts=True)
    cut = uses[place] > 1
    cut[raw.way_start[:-1]] = True
    cut[raw.way_start[1:] - 1] = True
    marked = [node for node, fact in node_facts.items() if fact.cuts]
    marked += [node for turn in raw.restrictions for node in turn.via_nodes]
    cut |= np.isin(raw.ref, np.array(marked, dtype=np.int64)) & way_drivable[way]
    at = np.flatnonzero(cut)
    same = way[at[1:]] == way[at[:-1]]
    begin, end = at[:-1][same], at[1:][same]
    return begin, end, way[begin]


def _nodes(raw: RawCity, begin: Ints, end: Ints, node_facts: Mapping[int, NodeFacts], crs: int) -> tuple[Nodes, Ints]:
    """Nodes at stretch ends in the order of their identifiers, and the node row of each begin, then of each end."""
    ends = np.concatenate((begin, end))
    osm_id, first, row = np.unique(raw.ref[ends], return_index=True, return_inverse=True)
    lon, lat = raw.lon[ends][first], raw.lat[ends][first]
    x_m, y_m = pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform(lon, lat)
    plain = plain_node()
    fact = [node_facts.get(node, plain) for node in osm_id.tolist()]
    nodes = Nodes(
        osm_id=osm_id,
        lon=lon,
        lat=lat,
        x_m=np.asarray(x_m, dtype=np.float64),
        y_m=np.asarray(y_m, dtype=np.float64),
        signals=np.array([f.signals != Serves.NOBODY for f in fact], dtype=bool),
        barrier=np.array([f.barrier for f in fact], dtype=np.uint8),
        barrier_access=np.array([f.barrier_access for f in fact], dtype=np.uint8),
        barrier_gap_m=np.array([f.barrier_gap_m for f in fact], dtype=np.float64),
        barrier_height_m=np.array([f.barrier_height_m for f in fact], dtype=np.float64),
        barrier_length_m=np.array([f.barrier_length_m for f in fact], dtype=np.float64),
        barrier_weight_kg=np.array([f.barrier_weight_kg for f in fact], dtype=np.float64),
    )
    return nodes, row.astype(np.int64)


def _stretches(
    raw: RawCity,
    begin: Ints,
    end: Ints,
    way: Ints,
    end_row: Ints,
    run_m: Floats,
    fact_row: Ints,
    facts: list[StreetFacts],
    widths: list[WidthFacts],
) -> tuple[Stretches, tuple[str, ...]]:
    size = end - begin + 1
    line_start = np.concatenate(([0], np.cumsum(size))).astype(np.int64)
    point = np.arange(int(line_start[-1])) - np.repeat(line_start[:-1] - begin, size)
    fact = fact_row[way]
    names, way_name = _names(raw.tags)

    def column(field: str, kind: Any) -> Any:
        return np.array([getattr(row, field) for row in facts], dtype=kind)[fact]

    def width(field: str, kind: Any = np.float64) -> Any:
        return np.array([getattr(row, field) for row in widths], dtype=kind)[fact]

    def code(field: str) -> Codes:
        codes: Codes = column(field, np.uint8)
        return codes

    stretches = Stretches(
        way_id=raw.way_id[way],
        u=end_row[: len(begin)],
        v=end_row[len(begin) :],
        highway=code("highway"),
        service=code("service"),
        name=way_name[way],
        length_m=run_m[end] - run_m[begin],
        drivable=column("drivable", bool),
        walkable=column("walkable", bool),
        forward=column("forward", bool),
        backward=column("backward", bool),
        motor_access=code("motor_access"),
        foot_access=code("foot_access"),
        lanes=column("lanes", np.float64),
        maxspeed_kph=column("maxspeed_kph", np.float64),
        maxwidth_m=column("maxwidth_m", np.float64),
        maxheight_m=column("maxheight_m", np.float64),
        maxlength_m=column("maxlength_m", np.float64),
        maxweight_kg=column("maxweight_kg", np.float64),
        parking_left=code("parking_left"),
        parking_right=code("parking_right"),
        no_stopping=column("no_stopping", bool),
        tunnel=column("tunnel", bool),
        motorroad=column("motorroad", bool),
        roundabout=column("roundabout", bool),
        maxaxleload_kg=column("maxaxleload_kg", np.float64),
        width_m=width("width_m"),
        width_min_m=width("width_min_m"),
        width_lo_m=width("width_lo_m"),
        width_hi_m=width("width_hi_m"),
        road_width_m=width("road_width_m"),
        width_source=width("width_source", np.uint8),
        street_min_m=width("street_min_m"),
        street_lo_m=width("street_lo_m"),
        street_hi_m=width("street_hi_m"),
        street_source=width("street_source", np.uint8),
        line_start=line_start,
        line_lon=raw.lon[point],
        line_lat=raw.lat[point],
    )
    return stretches, names


def _names(tags: list[Tags]) -> tuple[tuple[str, ...], Ints]:
    rows = {"": 0}
    way_name = np.empty(len(tags), dtype=np.int64)
    for way, way_tags in enumerate(tags):
        way_name[way] = rows.setdefault(way_tags.get("name", ""), len(rows))
    return tuple(clean_text(name) for name in rows), way_name
