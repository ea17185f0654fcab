"""Comparisons made by hand for the map and the files: real paths on given streets, no solver and no router.

Stops are dealt out to routes by their bearing from the depot. Paths are shortest by length between nodes of the
largest strongly connected part of the street network; driving is at 5 m/s, walking at 1.2 m/s in a straight line.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

from fleetplan.city.streets import Streets
from fleetplan.demand.stops import Stop, Stops
from fleetplan.errors import Refusal
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.planning.plan import Plan, Route, Trip, Unserved, Visit
from fleetplan.planning.problem import Access, Pay, Problem, Task, VehicleType
from fleetplan.routing.seams import Band, StreetAccess
from fleetplan.study.result import FleetResult, Leg, StudyResult, TracedRoute
from fleetplan.travel import TravelTable
from tests.towns import town

START_S = 8 * 3600
DOOR_M = 15.0
NOTHING = np.zeros(0)

HOSTILE = (
    "{{ 7*7 }}",
    "{% if %}",
    "{# gone #}",
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "`; alert(1); `",
    "${alert(1)}",
    "<!-- <script>",
    "\"'><svg onload=alert(1)>",
    "]]> & &amp; &lt;",
    "line\u2028separator\u2029end",
    "[bold red]markup[/bold red]",
    "\x1b[31mred",
    '=HYPERLINK("http://x.example")',
    "名前 ﷽ 👩‍👩‍👧",
    "x" * 300,
)


def vehicle(name: str, *, width_m: float, title: str | None = None) -> Vehicle:
    """A plain diesel vehicle of a given width."""
    return Vehicle(
        name=name,
        title=title or name.replace("-", " ").title(),
        body="van",
        powertrain="diesel",
        length_m=3.4 if width_m < 1.6 else 5.5,
        body_width_m=width_m,
        mirror_width_m=width_m + 0.3,
        height_m=1.9,
        payload_kg=350 if width_m < 1.6 else 1000,
        volume_m3=3.2 if width_m < 1.6 else 9.0,
        fill_rate=0.7,
        litres_per_km=0.07,
        kwh_per_km=0.0,
        park_s={"free": 30, "squeezed": 60},
    )


KEI = vehicle("kei-van", width_m=1.475, title="Suzuki Every")
VAN = vehicle("full-size-van", width_m=2.06, title="Ford Transit")


def small_town() -> Streets:
    """A grid of three by three junctions, 120 m apart, with one narrow lane and a footway."""
    nodes = {f"{row}{column}": (120.0 * column, 120.0 * row) for row in range(3) for column in range(3)}
    ways = [
        ("00 01 02", {"highway": "residential", "name": "South Street", "width": "6"}),
        ("10 11 12", {"highway": "tertiary", "name": "Middle Street", "width": "7"}),
        ("20 21 22", {"highway": "residential", "name": "North Street", "width": "6"}),
        ("00 10 20", {"highway": "residential", "name": "West Street", "width": "6"}),
        ("01 11 21", {"highway": "residential", "name": "<img src=x onerror=alert(1)>", "width": "2.4"}),
        ("02 12 22", {"highway": "residential", "name": "East Street", "width": "6"}),
        ("00 11", {"highway": "footway"}),
    ]
    return town(nodes=nodes, ways=ways)


def stops_near(streets: Streets, count: int, *, names: Sequence[str] = (), seed: int = 1) -> Stops:
    """Stops beside nodes of the streets, drawn with a seed; ``names`` are dealt out in turn."""
    rng = np.random.default_rng(seed)
    rows = rng.choice(_core(streets)[0], size=count, replace=count > len(_core(streets)[0]))
    items = []
    for number, row in enumerate(rows.tolist()):
        name = names[number % len(names)] if names else f"Customer {number + 1}"
        lat = float(streets.nodes.lat[row]) + 0.0003 * (number % 3 == 0)
        items.append(
            Stop(f"s{number + 1:03d}", lat, float(streets.nodes.lon[row]), name, 1 + number % 4, 4.5, 0.03, 120, None)
        )
    return Stops(tuple(items))


def access_by_width(streets: Streets, kind: Vehicle) -> StreetAccess:
    """Closed under the mirrors' width and half a metre, squeezed under twice that, else free."""
    stretches, edges = streets.stretches, streets.edges
    need = kind.mirror_width_m + 0.5
    band = np.where(
        stretches.width_min_m < need,
        Band.BLOCKED_ROOM,
        np.where(stretches.width_min_m < 1.5 * need, Band.SQUEEZED, Band.FREE),
    ).astype(np.uint8)
    has_edge = np.isin(np.arange(len(stretches)), edges.stretch)
    band = np.where(has_edge, band, Band.BLOCKED_LAW).astype(np.uint8)
    reasons = ("", f"tight for {need:.2f} m <b>", f"narrower than {need:.2f} m", "no motor vehicles")
    reason = band.astype(np.int64)
    speed = np.where(band[edges.stretch] == Band.FREE, 30.0, 10.0)
    return StreetAccess(
        kind.name, band[edges.stretch], reason[edges.stretch], reasons, speed, band[edges.stretch] < 2, band, reason
    )


def study(
    streets: Streets,
    stops: Stops,
    fleets: Mapping[str, Mapping[str, int]],
    *,
    vehicles: Sequence[Vehicle] = (KEI, VAN),
    unserved: Mapping[str, Sequence[int]] | None = None,
) -> StudyResult:
    """A comparison of ``{fleet: {type: number of routes}}``; ``unserved`` names rows of stops left out by fleet."""
    core, edges_at = _core(streets)
    used = {kind.name: kind for kind in vehicles if any(kind.name in counts for counts in fleets.values())}
    middle = [float(np.median([stop.lat for stop in stops])), float(np.median([stop.lon for stop in stops]))]
    nodes = np.array(
        [_nearest(streets, core, *middle), *(_nearest(streets, core, stop.lat, stop.lon) for stop in stops)]
    )
    metres, before = dijkstra(edges_at, indices=nodes, return_predecessors=True)
    distance = np.rint(metres[:, nodes]).astype(np.int32)[None]
    depot = (float(streets.nodes.lat[nodes[0]]), float(streets.nodes.lon[nodes[0]]))
    table_lat, table_lon = streets.nodes.lat[nodes], streets.nodes.lon[nodes]
    results = {}
    for name in sorted(fleets):
        types = []
        for kind in sorted(fleets[name]):
            table = TravelTable(kind, table_lat, table_lon, (distance / 5).astype(np.int32), distance)
            types.append(_vehicle_type(used[kind], table, stops))
        problem = _problem(stops, types)
        left = sorted((unserved or {}).get(name, ()))
        plan = _plan(problem, stops, depot, fleets[name], left)
        traced = tuple(_trace(streets, stops, problem, route, nodes, before) for route in plan.routes)
        results[name] = FleetResult(
            name, problem, plan, _figures(problem, plan, traced, f"plans/{len(results)}.json"), traced
        )
    document = _document(streets, stops, depot, results)
    return StudyResult(
        streets=streets,
        stops=stops,
        depot=depot,
        vehicles={name: used[name] for name in sorted(used)},
        access={name: access_by_width(streets, used[name]) for name in sorted(used)},
        fleets=results,
        document=document,
    )


def renamed(result: StudyResult, names: Mapping[str, str]) -> StudyResult:
    """The same comparison with other names of fleets, in the document too."""
    fleets = {
        names.get(name, name): replace(fleet, name=names.get(name, name)) for name, fleet in result.fleets.items()
    }
    document = dict(result.document)
    document["fleets"] = {names.get(name, name): value for name, value in document["fleets"].items()}
    document["differences"] = {names.get(name, name): value for name, value in document["differences"].items()}
    for key in ("best", "baseline"):
        document[key] = names.get(document[key], document[key])
    return replace(result, fleets=dict(sorted(fleets.items())), document=document)


def _core(streets: Streets) -> tuple[np.ndarray, csr_matrix]:
    edges, length = streets.edges, streets.stretches.length_m
    order = np.lexsort((length[edges.stretch], edges.v, edges.u))
    first = np.ones(len(order), dtype=bool)
    pairs = np.column_stack([edges.u[order], edges.v[order]])
    first[1:] = np.any(np.diff(pairs, axis=0) != 0, axis=1)
    kept = order[first]
    n = len(streets.nodes)
    graph = csr_matrix((np.maximum(length[edges.stretch[kept]], 0.1), (edges.u[kept], edges.v[kept])), shape=(n, n))
    _, label = connected_components(graph, directed=True, connection="strong")
    return np.flatnonzero(label == np.bincount(label).argmax()), graph


def _nearest(streets: Streets, core: np.ndarray, lat: float, lon: float) -> int:
    away = (streets.nodes.lat[core] - lat) ** 2 + ((streets.nodes.lon[core] - lon) * math.cos(math.radians(lat))) ** 2
    return int(core[np.argmin(away)])


def _vehicle_type(kind: Vehicle, table: TravelTable, stops: Stops) -> VehicleType:
    access = []
    for row, stop in enumerate(stops):
        north = (stop.lat - table.lat[row + 1]) * 111_195
        east = (stop.lon - table.lon[row + 1]) * 111_195 * math.cos(math.radians(stop.lat))
        walk_m = round(math.hypot(north, east), 2)
        access.append((Access(row + 1, walk_m, 1, round(walk_m / 1.2), round(walk_m / 1.2)),))
    return VehicleType(
        kind.name, None, kind.payload_kg, kind.usable_volume_m3, None, 40.0, 0.1, 0.15, 3, table,
        (0, *[30] * len(stops)), tuple(access), (None,) * len(stops),
    )  # fmt: skip


def _problem(stops: Stops, types: Sequence[VehicleType]) -> Problem:
    shift = (START_S, 18 * 3600)
    return Problem(
        tasks=tuple(Task(s.id, s.parcels, s.demand_kg, s.volume_m3, (shift,), s.service_s) for s in stops),
        types=tuple(types),
        shift_s=shift,
        reload_s=900,
        pay=Pay(18.0, 4 * 3600, 9 * 3600, 1.25),
        max_walk_m=150.0,
        labels={"currency": "EUR", "door_walk_m": DOOR_M, "names": {stop.id: stop.name for stop in stops}},
    )


def _plan(
    problem: Problem, stops: Stops, depot: tuple[float, float], counts: Mapping[str, int], left: Sequence[int]
) -> Plan:
    """Stops by bearing in equal shares; the first route of each type has two trips."""
    rows = [row for row in range(len(stops)) if row not in set(left)]
    rows.sort(key=lambda row: (math.atan2(stops[row].lat - depot[0], stops[row].lon - depot[1]), row))
    names = [kind for kind in sorted(counts) for _ in range(counts[kind])]
    shares = np.array_split(np.array(rows, dtype=int), len(names))
    routes, number = [], {}
    for kind, share in zip(names, shares, strict=True):
        number[kind] = number.get(kind, 0) + 1
        if len(share):
            parts = np.array_split(share, 2) if number[kind] == 1 and len(share) > 3 else [share]
            routes.append(_route(problem, kind, number[kind], [part.tolist() for part in parts]))
    reason = Refusal("beyond_walk", "no place to stand within 150 m <b>of</b> {{ 7*7 }}")
    unserved = tuple(
        Unserved(stops[row].id, reason, dict.fromkeys(sorted(counts), reason))
        for row in sorted(left, key=lambda row: stops[row].id)
    )
    paid = sum(problem.pay.cost(route.end_s - route.start_s) + 40.0 for route in routes)
    return Plan(tuple(routes), unserved, paid, sum(stops[row].parcels for row in left), "effort", (100, 80))


def _route(problem: Problem, kind: str, number: int, trips: Sequence[Sequence[int]]) -> Route:
    vehicle_type = next(item for item in problem.types if item.name == kind)
    clock, done = START_S, []
    for rows in trips:
        load, here, visits = clock, 0, []
        clock += problem.reload_s
        leaves = clock
        for row in rows:
            access = vehicle_type.access[row][0]
            drive = int(vehicle_type.table.time_s[0, here, access.point])
            arrive = clock + drive + 30
            start = arrive + access.walk_out_s
            clock = start + problem.tasks[row].service_s + access.walk_back_s
            visits.append(
                Visit(problem.tasks[row].id, 0, arrive, start, clock, 30, 2 * access.walk_m, access.walk_s, 0)
            )
            here = access.point
        clock += int(vehicle_type.table.time_s[0, here, 0])
        done.append(Trip(load, leaves, clock, tuple(visits)))
    return Route(f"{kind}-{number}", kind, START_S, clock, tuple(done))


def _trace(
    streets: Streets, stops: Stops, problem: Problem, route: Route, nodes: np.ndarray, before: np.ndarray
) -> TracedRoute:
    vehicle_type = next(item for item in problem.types if item.name == route.type)
    row_of = {task.id: row for row, task in enumerate(problem.tasks)}
    legs = []
    for number, trip in enumerate(route.trips):
        points = [0, *(row_of[visit.stop] + 1 for visit in trip.visits), 0]
        for (here, there), stop in zip(pairwise(points), [*(v.stop for v in trip.visits), ""], strict=True):
            lon, lat = _path(streets, before[here], int(nodes[here]), int(nodes[there]))
            walk_lon = walk_lat = NOTHING
            if stop:
                place = stops[row_of[stop]]
                walk_lon = np.array([streets.nodes.lon[nodes[there]], place.lon])
                walk_lat = np.array([streets.nodes.lat[nodes[there]], place.lat])
            table = vehicle_type.table
            legs.append(
                Leg(
                    number,
                    stop,
                    lon,
                    lat,
                    int(table.time_s[0, here, there]),
                    int(table.distance_m[0, here, there]),
                    walk_lon,
                    walk_lat,
                )
            )
    return TracedRoute(route.id, route.type, tuple(legs))


def _path(streets: Streets, before: np.ndarray, start: int, end: int) -> tuple[np.ndarray, np.ndarray]:
    if start == end:
        return NOTHING, NOTHING
    edges, stretches = streets.edges, streets.stretches
    chain = [end]
    while chain[-1] != start:
        chain.append(int(before[chain[-1]]))
    lon, lat = [], []
    for u, v in pairwise(reversed(chain)):
        rows = np.flatnonzero((edges.u == u) & (edges.v == v))
        edge = int(rows[np.argmin(stretches.length_m[edges.stretch[rows]])])
        x, y = stretches.line(int(edges.stretch[edge]))
        step = -1 if edges.reverse[edge] else 1
        lon.append(x[::step])
        lat.append(y[::step])
    return np.concatenate(lon), np.concatenate(lat)


def _figures(problem: Problem, plan: Plan, traced: Sequence[TracedRoute], file: str) -> dict[str, Any]:
    visits = [visit for route in plan.routes for trip in route.trips for visit in trip.visits]
    paid_s = sum(route.end_s - route.start_s for route in plan.routes)
    drive_s = sum(leg.time_s for route in traced for leg in route.legs)
    walk_s = sum(visit.walk_s for visit in visits)
    trips = sum(len(route.trips) for route in plan.routes)
    parcels = {task.id: task.parcels for task in problem.tasks}
    delivered = sum(parcels[visit.stop] for visit in visits)
    names = sorted(kind.name for kind in problem.types)
    used = {name: sum(route.type == name for route in plan.routes) for name in names}
    foot = sum(visit.walk_m / 2 > DOOR_M for visit in visits)
    return {
        "vehicles": used,
        "routes": len(plan.routes),
        "trips": trips,
        "drive_m": sum(leg.distance_m for route in traced for leg in route.legs),
        "walk_m": sum(visit.walk_m for visit in visits),
        "drive_s": drive_s,
        "park_s": 30 * len(visits),
        "walk_s": walk_s,
        "service_s": 120 * len(visits),
        "wait_s": 0,
        "reload_s": 900 * trips,
        "break_s": 0,
        "span_s": paid_s,
        "paid_s": paid_s,
        "stops": {
            "total": len(problem.tasks), "door": len(visits) - foot, "on_foot": foot, "unserved": len(plan.unserved)
        },
        "parcels": {"delivered": delivered, "unserved": plan.unserved_parcels},
        "load_factor": {"kg": 0.41, "m3": 0.93},
        "cost": {
            "vehicle": 40.0 * len(plan.routes),
            "driver": plan.cost - 40.0 * len(plan.routes),
            "distance": 0.0,
            "energy": 0.0,
            "unserved": 0.0,
            "total": plan.cost,
            "per_parcel": plan.cost / delivered if delivered else None,
            "from_assumptions": 0.4 * plan.cost,
        },
        "energy": {"kwh": 0.0, "litres": 3.2},
        "co2e_kg": 8.4,
        "co2e_boundary": dict.fromkeys(names, "tank-to-wheel"),
        "seeds": {
            "min": plan.cost, "max": plan.cost + 2, "spread": 2.0,
            "costs": [plan.cost, plan.cost + 2], "unserved_parcels": [plan.unserved_parcels] * 2,
        },
        "street_km": {name: {"free": 10.0, "squeezed": 2.0, "blocked_room": 1.0, "blocked_law": 0.5} for name in names},
        "unserved": [
            {
                "stop": item.stop,
                "code": item.reason.code,
                "text": item.reason.text,
                "by_type": {name: {"code": each.code, "text": each.text} for name, each in item.by_type.items()},
            }
            for item in plan.unserved
        ],
        "binding": [
            {"route": route.id, "limit": "volume", "used": {"volume": 0.93, "shift": 0.5}, "window_slack_min": None}
            for route in plan.routes
        ],
        "stopped_by": "effort",
        "effort": {"allowed": 100, "used": 80},
        "plan": file,
    }  # fmt: skip


def _document(
    streets: Streets, stops: Stops, depot: tuple[float, float], fleets: Mapping[str, FleetResult]
) -> dict[str, Any]:
    figures = {name: fleet.figures for name, fleet in fleets.items()}
    comparable = len({frozenset(item.stop for item in fleet.plan.unserved) for fleet in fleets.values()}) <= 1
    best = min(sorted(figures), key=lambda name: figures[name]["cost"]["total"])
    base = sorted(figures)[-1]
    differences = {}
    for name in sorted(figures):
        if name != base:
            gap = figures[name]["cost"]["total"] - figures[base]["cost"]["total"]
            differences[name] = {
                "cost_total": gap,
                "cost_share": gap / figures[base]["cost"]["total"],
                "noise": 2.0,
                "verdict": "not comparable" if not comparable else "cheaper" if gap < 0 else "dearer",
                **{
                    key: figures[name][key] - figures[base][key]
                    for key in ("co2e_kg", "drive_m", "walk_m", "span_s", "paid_s")
                },
                "unserved_parcels": 0,
            }
    return {
        "schema": "fleetplan.comparison/1",
        "seed": 7,
        "effort": "normal",
        "currency": "EUR",
        "baseline": base,
        "inputs": {"city": {"label": streets.label}, "depot": {"lat": depot[0], "lon": depot[1]}},
        "comparable": comparable,
        "best": best if comparable else None,
        "fleets": figures,
        "differences": differences,
        "assumptions": [
            {
                "key": "driving.turn_s", "value": 5.0, "unit": "s", "source": "a guess <b>",
                "confidence": "assumption", "date": "2026-11-22",
            }
        ],
        "warnings": ["the demo prices are assumptions", *streets.warnings],
    }  # fmt: skip
