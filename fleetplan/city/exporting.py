"""Rows of an osmnx-compatible graph from the tables of streets."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import shapely

from fleetplan.city.classes import AccessTag, Barrier, Highway, Parking, Service, WidthSource
from fleetplan.city.streets import Streets
from fleetplan.city.tags import DRIVABLE, IMPLIED_ONE_WAY, usually_walkable
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
    for row in np.flatnonzero(table.drivable | table.walkable).tolist():
        data = _attributes(streets, row)
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
            if table.barrier_access[row] != AccessTag.UNTAGGED:
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
    if table.motor_access[row] != AccessTag.UNTAGGED:
        data["motor_vehicle"] = _word(table.motor_access[row])
    elif table.drivable[row] and highway not in DRIVABLE:
        data["motor_vehicle"] = "yes"
    if not table.drivable[row] and (highway in DRIVABLE or "motor_vehicle" in data):
        data["area"] = "yes"
    if table.foot_access[row] != AccessTag.UNTAGGED:
        data["foot"] = _word(table.foot_access[row])
    if bool(table.walkable[row]) != usually_walkable(highway) and "foot" not in data:
        data["sidewalk" if table.walkable[row] else "motorroad"] = "yes"
    _put(data, "lanes", table.lanes[row])
    _put(data, "maxspeed", table.maxspeed_kph[row])
    _put(data, "maxwidth", table.maxwidth_m[row])
    _put(data, "maxheight", table.maxheight_m[row])
    _put(data, "maxlength", table.maxlength_m[row])
    _put_weight(data, table.maxweight_kg[row])
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


def _put(data: dict[str, Any], key: str, value: float) -> None:
    if not math.isnan(value):
        data[key] = repr(float(value))


def _put_weight(data: dict[str, Any], weight_kg: float) -> None:
    if not math.isnan(weight_kg):
        data["maxweight"] = f"{float(weight_kg)!r} kg"


def _word(access: int) -> str:
    return AccessTag(access).name.lower()


def _word_of(parking: Parking) -> str:
    return parking.name.lower()
