"""What the map of two vehicles' access shows, as one JSON value. The drawing part is ``assets/accesslayer.js``.

Streets are columns of whole numbers, packed as text. What many stretches share – class, width, limits, decisions –
is told once as a *kind*, so that a metropolis of a hundred thousand stretches stays a file of a few megabytes. Texts
of OpenStreetMap stay as they are here; the page shows them as text only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fleetplan.city.classes import AccessTag, Highway, Service, WidthSource
from fleetplan.city.streets import Streets
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.clearance import free_width_m, room_needed_m
from fleetplan.routing.seams import StreetAccess
from fleetplan.show.accesscorners import CornerTurns, corners_data
from fleetplan.show.accesstable import (
    BAND_WORDS,
    AccessComparison,
    access_document,
    class_rows,
    km_text,
    settings_line,
    verdict_lines,
)
from fleetplan.show.basemap import TOLERANCE_M, base_layer, drawing_class, metres_of
from fleetplan.show.packing import Distinct, pack_numbers, pack_vertices

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_SOURCE_WORDS = {
    WidthSource.SIGN: "from a sign",
    WidthSource.SURVEY: "surveyed",
    WidthSource.TAG: "from a width tag",
    WidthSource.LANES: "from its lanes",
    WidthSource.DEFAULT: "class default, nobody measured it",
}
_WORDS = (
    "free: passes with ease. tight: passes at walking pace, others must wait. too narrow: narrower than the vehicle "
    "over its mirrors and a clearance. by rule: access tags, posted width, height, weight or length, or a law.",
    "A width is that of the narrowest part, with its 80 % interval. Where neither a sign, a survey nor a tag tells it, "
    "it is the default of the street's class: right for many streets, not for each.",
)
_TOLD_SERVICES = (
    Service.ALLEY, Service.DRIVEWAY, Service.PARKING_AISLE, Service.DRIVE_THROUGH, Service.EMERGENCY_ACCESS
)  # fmt: skip


def access_map_data(comparison: AccessComparison, *, title: str, corners: CornerTurns | None = None) -> dict[str, Any]:
    """Everything the page needs, as JSON values. Equal comparisons give equal data."""
    streets = comparison.streets
    document = access_document(comparison)
    narrower = min((0, 1), key=lambda row: (comparison.vehicles[row].mirror_width_m, row))
    return {
        "title": title,
        "place": f"{streets.label}: {km_text(document['street_km'])} km of drivable streets",
        "settings": settings_line(document),
        "verdict": verdict_lines(document),
        "words": list(_WORDS),
        "bounds": _middle_of(streets),
        "vehicles": [
            {**_vehicle_data(vehicle, comparison), "narrower": row == narrower}
            for row, vehicle in enumerate(comparison.vehicles)
        ],
        "base": base_layer(streets, shown=~streets.stretches.drivable),
        "streets": streets_data(comparison),
        "corners": corners_data(comparison, corners, drawn_rows(streets)),
        "legend": _legend_data(document),
        "classes": [
            [label, [[km_text(row[band]) for band in BAND_WORDS] for row in rows]]
            for label, rows in class_rows(document)
        ],
        "quantiles": _quantile_rows(document),
        "notes": list(streets.warnings),
    }


def _middle_of(streets: Streets) -> list[float]:
    """West, south, east and north of all but the outermost hundredths: extracts have long tails."""
    west, east = np.quantile(streets.stretches.line_lon, (0.01, 0.99))
    south, north = np.quantile(streets.stretches.line_lat, (0.01, 0.99))
    return [round(float(value), 6) for value in (west, south, east, north)]


def _vehicle_data(vehicle: Vehicle, comparison: AccessComparison) -> dict[str, Any]:
    two_way_m, one_way_m = free_width_m(vehicle, comparison.rules, country=comparison.rules.country)
    return {
        "name": vehicle.name,
        "title": vehicle.title,
        "size": (
            f"{vehicle.length_m:.2f} × {vehicle.body_width_m:.2f} × {vehicle.height_m:.2f} m, "
            f"{vehicle.mirror_width_m:.2f} m over the mirrors"
        ),
        "needs": (
            f"passes from {room_needed_m(vehicle):.2f} m on; free from {two_way_m:.2f} m on two-way and from "
            f"{one_way_m:.2f} m on one-way streets"
        ),
    }


def _legend_data(document: Mapping[str, Any]) -> dict[str, Any]:
    """Kilometres behind each entry of the legend, as text."""
    names = (document["vehicle"], document["against"])
    differences = document["differences"]
    return {
        "only": [km_text(differences["only"][name]["km"]) for name in names],
        "easier": [km_text(differences["easier"][name]["km"]) for name in names],
        "alike": km_text(differences["alike"]["km"]),
        "neither": km_text(differences["neither"]["km"]),
        "bands": [[km_text(document["types"][name]["street_km"][band]) for band in BAND_WORDS] for name in names],
    }


def _quantile_rows(document: Mapping[str, Any]) -> list[list[str]]:
    """Per quantile: its value, what each vehicle passes, and what only it passes, in kilometres."""
    names = (document["vehicle"], document["against"])
    rows = []
    for quantile, only in document["differences"]["by_quantile"].items():
        bands = [document["types"][name]["by_quantile"][quantile] for name in names]
        passed = [row["free"] + row["squeezed"] for row in bands]
        rows.append([quantile, *map(km_text, passed), *(km_text(only[name]) for name in names)])
    return rows


def streets_data(comparison: AccessComparison) -> dict[str, Any]:
    """Every drivable stretch with a line: its geometry, name, way, length and kind, and the table of kinds.

    Columns are texts of :func:`~fleetplan.show.packing.pack_numbers`; ``way``, ``name`` and ``kind`` hold differences.
    Widths of kinds are decimetres, −1 where unknown; ``band`` and ``reason`` have a column per vehicle, ``reasons`` the
    sentences of each.
    """
    streets = comparison.streets
    table = streets.stretches
    rows = drawn_rows(streets)
    names, name = np.unique(table.name[rows], return_inverse=True)
    limits, limit = posted_limits(streets, rows)
    classes = np.unique(table.highway[rows])
    columns: dict[str, Ints] = {
        "class": np.searchsorted(classes, table.highway[rows]).astype(np.int64),
        "service": table.service[rows].astype(np.int64),
        "source": table.width_source[rows].astype(np.int64),
        "oneway": (table.forward[rows] != table.backward[rows]).astype(np.int64),
        "limit": limit,
    }
    for key in ("width_m", "width_min_m", "width_lo_m", "width_hi_m", "road_width_m"):
        columns[key.removesuffix("_m")] = _decimetres(getattr(table, key)[rows])
    sentences = []
    for number, access in enumerate(comparison.access):
        columns[f"band{number}"] = access.stretch_band[rows].astype(np.int64)
        columns[f"reason{number}"], texts = _used_reasons(access, rows)
        sentences.append(texts)
    kinds, kind = np.unique(np.column_stack(list(columns.values())), axis=0, return_inverse=True)
    return {
        "lines": _simple_lines(streets, rows),
        "length": pack_numbers(np.rint(table.length_m[rows]).astype(np.int64)),
        "way": pack_numbers(table.way_id[rows], differences=True),
        "name": pack_numbers(name, differences=True),
        "kind": pack_numbers(kind.reshape(-1), differences=True),
        "kinds": {key: pack_numbers(kinds[:, at]) for at, key in enumerate(columns)},
        "names": [streets.names[row] for row in names.tolist()],
        "classes": [
            [Highway(code).tag.replace("_", " "), drawing_class(Highway(code)), _noun(Highway(code))]
            for code in classes.tolist()
        ],
        "services": {str(int(kind)): kind.name.lower().replace("_", " ") for kind in _TOLD_SERVICES},
        "sources": {str(int(source)): _SOURCE_WORDS.get(source, source.label) for source in WidthSource},
        "limits": limits,
        "reasons": sentences,
    }


def drawn_rows(streets: Streets) -> Ints:
    """The stretches that the map draws, in its order: those of drivable classes with a line."""
    table = streets.stretches
    return np.flatnonzero(table.drivable & (np.diff(table.line_start) >= 2))


def _noun(highway: Highway) -> str:
    """What a street without a name is called."""
    if highway in (Highway.UNCLASSIFIED, Highway.ROAD):
        return "Minor street"
    word = highway.tag.replace("_", " ").capitalize()
    streets = (Highway.RESIDENTIAL, Highway.SERVICE, Highway.PEDESTRIAN, Highway.TERTIARY, Highway.SECONDARY)
    return f"{word} street" if highway in streets else word


def _decimetres(values: Floats) -> Ints:
    """Rounded down, as the reasons do it; −1 where unknown."""
    known = np.isfinite(values)
    return np.where(known, np.floor(np.where(known, values, 0.0) * 10 + 1e-6), -1).astype(np.int64)


def _used_reasons(access: StreetAccess, rows: Ints) -> tuple[Ints, list[str]]:
    used, row = np.unique(access.stretch_reason[rows], return_inverse=True)
    return row.reshape(-1).astype(np.int64), [access.reasons[at] for at in used.tolist()]


def _simple_lines(streets: Streets, rows: Ints) -> str:
    """The lines of stretches, each simplified by itself, so that both ends stay where they are."""
    table = streets.stretches
    counts = (table.line_start[rows + 1] - table.line_start[rows]).astype(np.int64)
    vertices = np.repeat(table.line_start[rows] - np.cumsum(counts) + counts, counts) + np.arange(int(counts.sum()))
    scale = metres_of(streets)
    metres = np.column_stack([table.line_lon[vertices], table.line_lat[vertices]]) * scale
    lines = shapely.linestrings(metres, indices=np.repeat(np.arange(len(rows)), counts))
    simple = shapely.simplify(lines, TOLERANCE_M, preserve_topology=False)
    coordinates = shapely.get_coordinates(simple) / scale
    return pack_vertices(coordinates[:, 0], coordinates[:, 1], counts=shapely.get_num_coordinates(simple))


_LIMITS: tuple[tuple[str, Callable[[float], str]], ...] = (
    ("maxwidth_m", lambda value: f"width {value:g} m"),
    ("maxheight_m", lambda value: f"height {value:g} m"),
    ("maxlength_m", lambda value: f"length {value:g} m"),
    ("maxweight_kg", lambda value: f"weight {value / 1000:g} t"),
    ("maxaxleload_kg", lambda value: f"axle load {value / 1000:g} t"),
)


def posted_limits(streets: Streets, rows: Ints) -> tuple[list[str], Ints]:
    """What signs and tags say about stretches: distinct sentences (the empty one too), and the row of each stretch."""
    table, edges = streets.stretches, streets.edges
    speed = np.full((len(table), 2), np.nan)
    speed[edges.stretch, edges.reverse.astype(np.int64)] = edges.maxspeed_kph
    access = np.where(table.motor_access == AccessTag.YES, AccessTag.UNTAGGED, table.motor_access)
    facts = np.column_stack(
        [
            *(getattr(table, key)[rows] for key, _ in _LIMITS),
            speed[rows],
            access[rows],
            table.no_stopping[rows],
            table.tunnel[rows],
            table.motorroad[rows],
        ]
    )
    facts = np.where(np.isfinite(facts), facts, -1.0)
    distinct, row = np.unique(facts, axis=0, return_inverse=True)
    texts = Distinct()
    sentence = [texts.row(_limits_text(line)) for line in distinct.tolist()]
    return texts.items, np.array(sentence, dtype=np.int64)[row.reshape(-1)]


def _limits_text(facts: Sequence[float]) -> str:
    posted = len(_LIMITS)
    parts = [words(value) for (_, words), value in zip(_LIMITS, facts, strict=False) if value > 0]
    speeds = sorted({value for value in facts[posted : posted + 2] if value > 0})
    if speeds:
        parts.append(f"speed {' or '.join(f'{value:g}' for value in speeds)} km/h")
    tag, no_stopping, tunnel, motorroad = facts[posted + 2 :]
    if tag > 0:
        parts.append(f"access {AccessTag(int(tag)).name.lower()}")
    parts += [
        text
        for text, holds in (("no stopping", no_stopping), ("tunnel or passage", tunnel), ("motor road", motorroad))
        if holds
    ]
    return ", ".join(parts)
