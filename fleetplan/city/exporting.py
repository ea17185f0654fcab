"""Rows of an osmnx-compatible graph from the tables of streets."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely

from fleetplan.city.classes import AccessTag, Barrier, Highway, Parking, Service, WidthSource
from fleetplan.city.limits import SIZE_KEYS
from fleetplan.city.points import KINDS
from fleetplan.city.rights import DIRECTIONS
from fleetplan.city.streets import Floats, Ints, Streets
from fleetplan.city.tags import DRIVABLE, IMPLIED_ONE_WAY, met_key, usually_walkable
from fleetplan.city.widths import GIVEN_KEYS, STREET_KEYS

EdgeRow = tuple[int, int, dict[str, Any]]

_PARKING = {
    Parking.NO: "no",
    Parking.HALF_ON_KERB: "half_on_kerb",
    Parking.OFF_CARRIAGEWAY: "street_side",
    Parking.PARALLEL: "lane",
    Parking.DIAGONAL: "lane",
    Parking.PERPENDICULAR: "lane",
}
_BARRIER = {Barrier.OPEN: "entrance", Barrier.GATE: "gate", Barrier.BOLLARD: "bollard"}


def edge_rows(streets: Streets) -> list[EdgeRow]:
    """Edges of the drivable and walkable stretches as (from, to, attributes), OSM node identifiers."""
    table = streets.stretches
    osm_id = streets.nodes.osm_id
    rows: list[EdgeRow] = []
    ways = np.full((len(table), 2), -1, dtype=np.int64)
    ways[streets.edges.stretch, streets.edges.reverse.astype(np.int64)] = np.arange(len(streets.edges))
    timed = _timed_tags(streets)
    for row in np.flatnonzero(table.drivable | table.walkable).tolist():
        data = _attributes(streets, row)
        columns, tags = timed.get(row, (frozenset(), {}))
        data |= _of_edges(streets, ways[row], timed=columns)
        for column in columns & SIZE_KEYS.keys():
            data.pop(SIZE_KEYS[column][0], None)
        data |= tags
        u, v = int(osm_id[table.u[row]]), int(osm_id[table.v[row]])
        line = np.column_stack(table.line(row))
        forward, backward = bool(table.forward[row]), bool(table.backward[row])
        one_way = bool(table.drivable[row]) and forward != backward
        data["oneway"] = one_way
        if table.drivable[row] and not (forward or backward):
            data["oneway:goods"] = "reversible"
        elif table.drivable[row] and not one_way and Highway(table.highway[row]) in IMPLIED_ONE_WAY:
            data["oneway:goods"] = "no"
        if not one_way or forward:
            rows.append((u, v, {**data, "reversed": False, "geometry": shapely.LineString(line)}))
        if not one_way or backward:
            rows.append((v, u, {**data, "reversed": True, "geometry": shapely.LineString(line[::-1])}))
    return rows


def node_rows(streets: Streets, edges: list[EdgeRow]) -> list[tuple[int, dict[str, Any]]]:
    """Nodes that the edges touch as (identifier, attributes)."""
    table = streets.nodes
    timed = {
        int(streets.timed.row[at]): dict(streets.timed.rules[rule].tags)
        for at, rule in enumerate(streets.timed.rule.tolist())
        if streets.timed.rules[rule].table == "nodes"
    }
    streets_at: Counter[int] = Counter()
    for u, v, data in edges:
        if data["oneway"] or not data["reversed"]:
            streets_at.update((u, v))
    rows = []
    for row, node in enumerate(table.osm_id.tolist()):
        if node not in streets_at:
            continue
        point: dict[str, Any] = {
            "x": float(table.lon[row]),
            "y": float(table.lat[row]),
            "street_count": streets_at[node],
        }
        if table.signals[row]:
            point["highway"] = "traffic_signals"
        if table.barrier[row] != Barrier.NONE:
            point["barrier"] = _BARRIER[Barrier(table.barrier[row])]
            _put(point, "maxwidth:physical", table.barrier_gap_m[row])
            _put(point, "maxheight", table.barrier_height_m[row])
            _put(point, "maxlength", table.barrier_length_m[row])
            _put_weight(point, table.barrier_weight_kg[row])
            if row in timed:
                point |= timed[row]
            elif table.barrier_access[row] != AccessTag.UNTAGGED:
                point["motor_vehicle"] = _word(table.barrier_access[row])
        rows.append((node, point))
    return rows


def _attributes(streets: Streets, row: int) -> dict[str, Any]:
    """OSM tags that say what the columns of a stretch say."""
    table = streets.stretches
    highway = Highway(table.highway[row])
    data: dict[str, Any] = {
        "osmid": int(table.way_id[row]),
        "highway": highway.tag,
        "length": float(table.length_m[row]),
    }
    if table.name[row]:
        data["name"] = streets.names[int(table.name[row])]
    if table.service[row] != Service.NONE:
        data["service"] = Service(table.service[row]).name.lower()
    if not table.drivable[row] and table.motor_access[row] != AccessTag.UNTAGGED:
        data["motor_vehicle"] = _word(table.motor_access[row])
    if not table.drivable[row] and (highway in DRIVABLE or "motor_vehicle" in data):
        data["area"] = "yes"
    if table.motorroad[row]:
        data["motorroad"] = "yes"
    if table.roundabout[row]:
        data["junction"] = "roundabout"
    if table.foot_access[row] != AccessTag.UNTAGGED:
        data["foot"] = _word(table.foot_access[row])
    if bool(table.walkable[row]) != usually_walkable(highway) and "foot" not in data:
        data["sidewalk" if table.walkable[row] else "motorroad"] = "yes"
    elif table.walkable[row] and table.motorroad[row] and "foot" not in data:
        data["sidewalk"] = "yes"
    _put(data, "lanes", table.lanes[row])
    _put(data, "maxwidth", table.maxwidth_m[row])
    _put(data, "maxheight", table.maxheight_m[row])
    _put(data, "maxlength", table.maxlength_m[row])
    _put_weight(data, table.maxweight_kg[row])
    _put_weight(data, table.maxaxleload_kg[row], "maxaxleload")
    for side, kind in (("left", table.parking_left[row]), ("right", table.parking_right[row])):
        if kind != Parking.UNTAGGED:
            data[f"parking:{side}"] = _PARKING[Parking(kind)]
            if kind in (Parking.DIAGONAL, Parking.PERPENDICULAR):
                data[f"parking:{side}:orientation"] = _word_of(Parking(kind))
    if table.no_stopping[row]:
        data["parking:both:restriction"] = "no_stopping"
    if table.tunnel[row]:
        data["tunnel"] = "yes"
    for key in GIVEN_KEYS[:-1]:
        data[key] = float(getattr(table, key)[row])
    data["width_source"] = WidthSource(table.width_source[row]).label
    if table.street_source[row]:
        for key in STREET_KEYS[:-1]:
            data[key] = float(getattr(table, key)[row])
        data["street_source"] = WidthSource(table.street_source[row]).label
    return data


def _of_edges(streets: Streets, ways: Ints, *, timed: frozenset[str]) -> dict[str, Any]:
    """Tags of what the directions of a stretch say: access, speeds, things met; ``timed`` columns are left to rules."""
    edges, table = streets.edges, streets.stretches
    data: dict[str, Any] = {}
    present = [(direction, int(edge)) for direction, edge in zip(DIRECTIONS, ways, strict=True) if edge >= 0]
    if not present:
        return data
    row = int(edges.stretch[present[0][1]])
    if not timed & {"motor_access", "hgv_access"}:
        said = [_entry(int(edges.motor_access[edge]), int(edges.hgv_access[edge])) for _, edge in present]
        data |= _by_direction(dict(zip((direction for direction, _ in present), said, strict=True)))
        if Highway(table.highway[row]) not in DRIVABLE and not data:
            data["motor_vehicle"] = "yes"
    for key, name in (("maxspeed", "maxspeed_kph"), ("maxspeed:advisory", "advisory_kph")):
        if name not in timed:
            column = getattr(edges, name)
            data |= _by_direction({direction: _speed(key, column, edge) for direction, edge in present})
    for kind in KINDS:
        for direction, edge in present:
            number = int(getattr(edges, kind)[edge])
            if number:
                data[met_key(kind, direction)] = str(number)
    data.setdefault(met_key(KINDS[0], DIRECTIONS[0]), "0")  # tells that the others are to be believed
    return data


def _entry(motor: int, hgv: int) -> dict[str, str]:
    """Access tags of one direction."""
    if motor == hgv:
        return {} if motor == AccessTag.UNTAGGED else {"motor_vehicle": _word(motor)}
    pairs = (("goods", motor), ("hgv", hgv))
    return {key: _word(access) for key, access in pairs if access != AccessTag.UNTAGGED}


def _speed(key: str, column: Floats, edge: int) -> dict[str, str]:
    value = float(column[edge])
    return {} if math.isnan(value) else {key: repr(value)}


def _by_direction(said: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """One set of tags where the directions agree, else each with its direction in the key."""
    if len({tuple(tags.items()) for tags in said.values()}) == 1:
        return dict(next(iter(said.values())))
    return {f"{key}:{direction}": text for direction, tags in said.items() for key, text in tags.items()}


def _timed_tags(streets: Streets) -> dict[int, tuple[frozenset[str], dict[str, str]]]:
    """By stretch the columns that rules with conditions decide, and the tags as mapped behind them.

    ``oneway`` moves to ``oneway:goods``, for a graph's own ``oneway`` only says which edges there are.
    """
    columns: dict[int, set[str]] = {}
    found: dict[int, dict[str, str]] = {}
    timed, table = streets.timed, streets.stretches
    for rule, row in zip(timed.rule.tolist(), timed.row.tolist(), strict=True):
        item = timed.rules[rule]
        if item.table not in ("edges", "stretches"):
            continue
        stretch = int(streets.edges.stretch[row]) if item.table == "edges" else row
        columns.setdefault(stretch, set()).add(item.column)
        tags = found.setdefault(stretch, {})
        for key, text in item.tags:
            moved = key in ("oneway", "oneway:conditional")
            tags[key.replace("oneway", "oneway:goods", 1) if moved else key] = text
        if "oneway:goods:conditional" in tags and "oneway:goods" not in tags:
            implied = bool(table.roundabout[stretch]) or Highway(table.highway[stretch]) in IMPLIED_ONE_WAY
            tags["oneway:goods"] = "yes" if implied else "no"
    return {stretch: (frozenset(columns[stretch]), tags) for stretch, tags in found.items()}


def _put(data: dict[str, Any], key: str, value: float) -> None:
    if not math.isnan(value):
        data[key] = repr(float(value))


def _put_weight(data: dict[str, Any], weight_kg: float, key: str = "maxweight") -> None:
    if not math.isnan(weight_kg):
        data[key] = f"{float(weight_kg)!r} kg"


def _word(access: int) -> str:
    return AccessTag(access).name.lower()


def _word_of(parking: Parking) -> str:
    return parking.name.lower()
