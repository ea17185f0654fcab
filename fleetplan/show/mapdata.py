"""What the map shows, as one JSON value: plans, streets, figures. The drawing part is ``assets/fleetmap.js``.

Texts of users and of OpenStreetMap stay as they are here; the page shows them as text only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleetplan.city.classes import Highway, WidthSource
from fleetplan.planning.plan import Route
from fleetplan.planning.problem import Problem
from fleetplan.routing.seams import Band
from fleetplan.show.basemap import Box, base_layer, street_names, stretches_in
from fleetplan.show.frames import door_walk_m
from fleetplan.show.packing import Distinct, pack_lines
from fleetplan.show.tables import comparison_rows, differences_lines, limits_lines, streets_lines, verdict, width_line
from fleetplan.study.result import FleetResult, StudyResult, TracedRoute
from fleetplan.units import format_clock

MARGIN_DEG = 0.01
"""About 1.1 km: a metropolitan extract would otherwise weigh more than the routes on it."""

_NOTHING: NDArray[np.float64] = np.zeros(0, dtype=np.float64)


def map_data(result: StudyResult, *, title: str) -> dict[str, Any]:
    """Everything the page needs, as JSON values. Equal results give equal data."""
    document = result.document
    stop_rows = {stop.id: row for row, stop in enumerate(result.stops)}
    box = surroundings(result)
    types = sorted(result.vehicles, key=lambda name: (result.vehicles[name].mirror_width_m, name))
    return {
        "title": title,
        "place": f"{len(result.stops)} stops, {result.streets.label}",
        "verdict": verdict(document),
        "best": document.get("best"),
        "baseline": document.get("baseline"),
        "bounds": _bounds(result),
        "depot": [round(result.depot[0], 6), round(result.depot[1], 6)],
        "base": base_layer(result.streets, box=box),
        "names": street_names(result.streets, box=box),
        "types": [_type_data(result, name) for name in types],
        "stops": [_stop_data(stop) for stop in result.stops],
        "narrow": narrow_data(result, types, box=box),
        "fleets": [_fleet_data(result.fleets[name], types, stop_rows) for name in sorted(result.fleets)],
        "table": _table_data(document),
        "differences": differences_lines(document),
        "limits": limits_lines(document),
        "streets": streets_lines(document),
        "warnings": list(document.get("warnings", ())),
        "assumptions": [_assumption(item) for item in document.get("assumptions", ())],
    }


def _bounds(result: StudyResult) -> list[float]:
    lat = [result.depot[0], *(stop.lat for stop in result.stops)]
    lon = [result.depot[1], *(stop.lon for stop in result.stops)]
    return [round(value, 6) for value in (min(lon), min(lat), max(lon), max(lat))]


def surroundings(result: StudyResult) -> Box:
    """The part of the city that the map draws: stops, depot and routes, and :data:`MARGIN_DEG` around them."""
    legs = [leg for fleet in result.fleets.values() for route in fleet.routes for leg in route.legs if len(leg.lon)]
    west, south, east, north = _bounds(result)
    wide = MARGIN_DEG / np.cos(np.radians((south + north) / 2))
    return (
        min([west, *(float(leg.lon.min()) for leg in legs)]) - float(wide),
        min([south, *(float(leg.lat.min()) for leg in legs)]) - MARGIN_DEG,
        max([east, *(float(leg.lon.max()) for leg in legs)]) + float(wide),
        max([north, *(float(leg.lat.max()) for leg in legs)]) + MARGIN_DEG,
    )


def _type_data(result: StudyResult, name: str) -> dict[str, Any]:
    vehicle = result.vehicles[name]
    return {
        "name": name,
        "title": vehicle.title,
        "size": f"{vehicle.length_m:.2f} × {vehicle.body_width_m:.2f} m, {vehicle.mirror_width_m:.2f} m over mirrors",
        "load": f"{vehicle.payload_kg:.0f} kg, {vehicle.usable_volume_m3:.1f} m³ usable",
    }


def _stop_data(stop: Any) -> dict[str, Any]:
    row = {
        "id": stop.id,
        "name": stop.name,
        "at": [round(stop.lat, 6), round(stop.lon, 6)],
        "load": f"{stop.parcels} {'parcel' if stop.parcels == 1 else 'parcels'}, {stop.demand_kg:.1f} kg",
    }
    if stop.collect_parcels:
        noun = "parcel" if stop.collect_parcels == 1 else "parcels"
        row["load"] += f"; collects {stop.collect_parcels} {noun}, {stop.collect_kg:.1f} kg"
    if stop.windows_s:
        row["window"] = ", ".join(f"{format_clock(opens)}–{format_clock(closes)}" for opens, closes in stop.windows_s)
    return row


def _fleet_data(fleet: FleetResult, types: Sequence[str], stop_rows: Mapping[str, int]) -> dict[str, Any]:
    traced = {route.id: route for route in fleet.routes}
    return {
        "name": fleet.name,
        "routes": [
            _route_data(fleet.problem, route, traced[route.id], types, stop_rows) for route in fleet.plan.routes
        ],
        "unserved": [
            {
                "stop": stop_rows[item.stop],
                "text": item.reason.text,
                "by": [[name, item.by_type[name].text] for name in sorted(item.by_type)],
            }
            for item in fleet.plan.unserved
        ],
    }


def _route_data(
    problem: Problem, route: Route, traced: TracedRoute, types: Sequence[str], stop_rows: Mapping[str, int]
) -> dict[str, Any]:
    vehicle = next(kind for kind in problem.types if kind.name == route.type)
    task_rows = {task.id: row for row, task in enumerate(problem.tasks)}
    door_m = door_walk_m(problem)
    trips, visits = [], []
    for number, trip in enumerate(route.trips, start=1):
        tasks = [problem.tasks[task_rows[visit.stop]] for visit in trip.visits]
        load_kg, load_m3 = sum(task.weight_kg for task in tasks), sum(task.volume_m3 for task in tasks)
        full = [f"{load_kg:.0f} kg{_share(load_kg, vehicle.capacity_kg)}"]
        full.append(f"{load_m3:.2f} m³{_share(load_m3, vehicle.capacity_m3)}")
        trips.append(
            {
                "leaves": format_clock(trip.depart_s),
                "back": format_clock(trip.return_s),
                "load": f"{sum(task.parcels for task in tasks)} parcels, {', '.join(full)}",
            }
        )
        for visit in trip.visits:
            access = vehicle.access[task_rows[visit.stop]][visit.access]
            visits.append(
                {
                    "stop": stop_rows[visit.stop],
                    "trip": number,
                    "arrive": format_clock(visit.arrive_s),
                    "serve": format_clock(visit.start_s),
                    "leave": format_clock(visit.depart_s),
                    "foot": f"{access.walk_m:.0f} m" + (f" × {access.rounds} rounds" if access.rounds > 1 else "")
                    if access.walk_m > door_m
                    else "",
                }
            )
    metres = sum(leg.distance_m for leg in traced.legs)
    return {
        "id": route.id,
        "type": types.index(route.type),
        "hours": f"{format_clock(route.start_s)}–{format_clock(route.end_s)}",
        "km": f"{metres / 1000:.1f} km",
        "trips": trips,
        "visits": visits,
        "legs": [leg.trip + 1 for leg in traced.legs],
        "lines": pack_lines((leg.lon, leg.lat) for leg in traced.legs),
        "walks": pack_lines(
            (leg.walk_lon, leg.walk_lat) if len(leg.walk_lon) > 1 else (_NOTHING, _NOTHING)
            for leg in traced.legs
            if leg.stop
        ),
    }


def _share(amount: float, capacity: float | None) -> str:
    return f" ({amount / capacity:.0%} full)" if capacity else ""


def narrow_data(result: StudyResult, types: Sequence[str], *, box: Box | None = None) -> dict[str, Any]:
    """Streets that some vehicle type cannot pass, or only slowly, with the width and the reason.

    Only drivable stretches count: a footway is closed to every vehicle and says nothing. A row holds the index of
    the street's name in ``texts`` and of its ``kinds`` entry, which has class, width, source of the width, and per
    type ``[band, reason]``; all but the bands are rows of ``texts``.
    """
    stretches = result.streets.stretches
    bands = np.array([result.access[name].stretch_band for name in types], dtype=np.uint8).reshape(
        len(types), len(stretches)
    )
    shown = stretches.drivable & np.any(bands != Band.FREE, axis=0) & stretches_in(result.streets, box)
    rows = np.flatnonzero(shown)
    texts, kinds = Distinct(), Distinct()
    decisions = [result.access[name] for name in types]
    table = []
    for row in rows.tolist():
        kind = [
            texts.row(Highway(int(stretches.highway[row])).tag.replace("_", " ")),
            texts.row(width_line(stretches, row)),
            texts.row(WidthSource(int(stretches.width_source[row])).label),
            [
                [int(access.stretch_band[row]), texts.row(access.reasons[int(access.stretch_reason[row])])]
                for access in decisions
            ],
        ]
        table.append([texts.row(result.streets.names[int(stretches.name[row])]), kinds.row(kind)])
    return {
        "lines": pack_lines(stretches.line(row) for row in rows.tolist()),
        "rows": table,
        "kinds": kinds.items,
        "texts": texts.items,
    }


def _table_data(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "fleets": sorted(document.get("fleets", {})),
        "rows": [
            {
                "group": row.group,
                "label": row.label,
                "cells": list(row.cells),
                "best": [bool(mark) for mark in row.best],
            }
            for row in comparison_rows(document)
        ],
    }


def _assumption(item: Mapping[str, Any]) -> str:
    return f"{item['key']} = {item['value']:g} {item['unit']} ({item['confidence']}; {item['source']})"
