"""Two vehicles on the same streets in figures: kilometres by band, by class of street and by belief about widths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Group, RenderableType
from rich.table import Table

from fleetplan.city.classes import Highway, WidthSource
from fleetplan.city.streets import Streets
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.access import country_of, decide_access
from fleetplan.routing.seams import AccessRules, Band, StreetAccess

SCHEMA = "fleetplan.access/1"
QUANTILES = (0.1, 0.5, 0.9)
"""The narrow end, the middle and the wide end of what is believed about a street's pinch."""

Bools = NDArray[np.bool_]
Pair = tuple[StreetAccess, StreetAccess]


@dataclass(frozen=True, eq=False)
class AccessComparison:
    """What two vehicles may do on a city's streets.

    Attributes:
        streets: the city.
        vehicles: the vehicle in question, and the one it is held against.
        rules: how widths are judged.
        access: the decision for each vehicle, in the same order.
        at_quantiles: the same at each of :data:`QUANTILES`.
    """

    streets: Streets
    vehicles: tuple[Vehicle, Vehicle]
    rules: AccessRules
    access: Pair
    at_quantiles: Mapping[float, Pair]


def compare_access(
    streets: Streets, vehicle: Vehicle, against: Vehicle, *, rules: AccessRules | None = None
) -> AccessComparison:
    """Judge every street for two vehicles, as the rules say and at each of :data:`QUANTILES`."""
    rules = rules or AccessRules()
    rules = replace(rules, country=country_of(streets, rules))
    both = (vehicle, against)

    def judged(by: AccessRules) -> Pair:
        return decide_access(streets, vehicle, by), decide_access(streets, against, by)

    known = {rules.width_quantile: judged(rules)}
    for quantile in QUANTILES:
        if quantile not in known:
            known[quantile] = judged(replace(rules, width_quantile=quantile))
    at_quantiles = {quantile: known[quantile] for quantile in QUANTILES}
    return AccessComparison(streets, both, rules, known[rules.width_quantile], at_quantiles)


def relations(pair: Pair) -> dict[str, Bools]:
    """How two vehicles differ on each stretch, as masks that leave no stretch out and overlap nowhere.

    ``only_first`` and ``only_second``: one passes, the other does not. ``first_easier`` and ``second_easier``: both
    pass, one in a better band. ``alike``: both pass in the same band. ``neither``: closed to both.
    """
    first, second = (access.stretch_band.astype(np.int64) for access in pair)
    passes_first, passes_second = first < Band.BLOCKED_ROOM, second < Band.BLOCKED_ROOM
    both = passes_first & passes_second
    return {
        "only_second": ~passes_first & passes_second,
        "only_first": passes_first & ~passes_second,
        "second_easier": both & (second < first),
        "first_easier": both & (first < second),
        "alike": both & (first == second),
        "neither": ~passes_first & ~passes_second,
    }


def access_document(comparison: AccessComparison) -> dict[str, Any]:
    """The comparison as one JSON value; lengths are kilometres of drivable streets.

    ``types.TYPE`` has ``street_km`` by band, ``on_defaults_km`` (the part whose width is a class default),
    ``by_class`` and ``by_quantile``. ``differences`` tells where only one passes (``only.TYPE``), where both pass
    and one with more ease (``easier.TYPE``), and where they are ``alike`` or ``neither`` passes, each with the part
    that rests on class defaults; ``by_quantile`` has kilometres that only one passes.
    """
    streets, rules = comparison.streets, comparison.rules
    table = streets.stretches
    km = np.where(table.drivable, table.length_m, 0.0) / 1000.0
    guessed = np.where(table.width_source == WidthSource.DEFAULT, km, 0.0)
    names = [vehicle.name for vehicle in comparison.vehicles]
    return {
        "schema": SCHEMA,
        "city": streets.label,
        "country": rules.country,
        "ordinance": rules.ordinance,
        "width_quantile": rules.width_quantile,
        "vehicle": names[0],
        "against": names[1],
        "street_km": float(km.sum()),
        "by_width_source": {
            source.label: float(km[table.width_source == source].sum()) for source in sorted(WidthSource)
        },
        "types": {
            name: {
                "street_km": by_band(access, km),
                "on_defaults_km": by_band(access, guessed),
                "by_class": {
                    Highway(code).tag: by_band(access, np.where(table.highway == code, km, 0.0))
                    for code in np.unique(table.highway[table.drivable]).tolist()
                },
                "by_quantile": {
                    f"{quantile:g}": by_band(pair[row], km) for quantile, pair in comparison.at_quantiles.items()
                },
            }
            for row, (name, access) in enumerate(zip(names, comparison.access, strict=True))
        },
        "differences": {
            **_differences(comparison.access, names, km, guessed),
            "by_quantile": {
                f"{quantile:g}": {
                    name: float(km[relations(pair)[key]].sum())
                    for name, key in zip(names, ("only_first", "only_second"), strict=True)
                }
                for quantile, pair in comparison.at_quantiles.items()
            },
        },
    }


def by_band(access: StreetAccess, km: NDArray[np.float64]) -> dict[str, float]:
    """Kilometres by band, given those of each stretch."""
    summed = np.bincount(access.stretch_band, weights=km, minlength=len(Band))
    return {band.label: float(summed[band]) for band in Band}


def _differences(pair: Pair, names: list[str], km: NDArray[np.float64], guessed: NDArray[np.float64]) -> dict[str, Any]:
    summed = {
        key: {"km": float(km[mask].sum()), "on_defaults_km": float(guessed[mask].sum())}
        for key, mask in relations(pair).items()
    }
    first, second = names
    return {
        "only": {first: summed["only_first"], second: summed["only_second"]},
        "easier": {first: summed["first_easier"], second: summed["second_easier"]},
        "alike": summed["alike"],
        "neither": summed["neither"],
    }


def km_text(km: float) -> str:
    """Kilometres for people: one decimal, none from a thousand on, a dash for nothing."""
    if km <= 0:
        return "–"
    if km < 0.05:
        return "< 0.1"
    return f"{km:,.0f}" if km >= 999.5 else f"{km:.1f}"


def verdict_lines(document: Mapping[str, Any]) -> list[str]:
    """What a reader should know first: where one passes and the other does not, and what that rests on."""
    first, second = document["vehicle"], document["against"]
    total = document["street_km"]
    only, easier = document["differences"]["only"], document["differences"]["easier"]
    lines = []
    for one, other in ((second, first), (first, second)):
        km, guessed = only[one]["km"], only[one]["on_defaults_km"]
        if km > 0:
            rests = f"; {share_text(guessed, km)} of that is judged by a class default" if guessed > 0 else ""
            lines.append(f"{km_text(km)} km ({share_text(km, total)}) are open to {one} and closed to {other}{rests}.")
    if not lines:
        lines.append(f"No street is open to one of {first} and {second} and closed to the other.")
    for one, other in ((second, first), (first, second)):
        km = easier[one]["km"]
        if km > 0:
            lines.append(f"On another {km_text(km)} km {one} passes with ease and {other} only slowly.")
    return lines


def share_text(part: float, whole: float) -> str:
    """A share for people; neither nothing nor all of it where it is not."""
    share = part / whole if whole > 0 else 0.0
    if 0 < share < 0.01:
        return "under 1 %"
    return "over 99 %" if 0.99 < share < 1 else f"{100 * share:.0f} %"


BAND_WORDS = {"free": "free", "squeezed": "tight", "blocked_room": "too narrow", "blocked_law": "by rule"}


def rich_access(document: Mapping[str, Any]) -> RenderableType:
    """The figures for a terminal."""
    names = (document["vehicle"], document["against"])
    table = Table(title="km of drivable streets", title_justify="left", pad_edge=False)
    table.add_column("class")
    table.add_column("vehicle", overflow="fold")
    for word in BAND_WORDS.values():
        table.add_column(word, justify="right")
    for label, rows in class_rows(document):
        for number, name in enumerate(names):
            cells = (km_text(rows[number][band]) for band in BAND_WORDS)
            table.add_row(label if number == 0 else "", name, *cells, end_section=number == len(names) - 1)
    sure = Table(title="km by what is believed about the pinch", title_justify="left", pad_edge=False)
    sure.add_column("width quantile")
    for name in names:
        sure.add_column(f"{name} passes", justify="right")
    for name in names:
        sure.add_column(f"only {name}", justify="right")
    for quantile, row in document["differences"]["by_quantile"].items():
        passed = [_passable(document["types"][name]["by_quantile"][quantile]) for name in names]
        sure.add_row(quantile, *(km_text(km) for km in (*passed, *(row[name] for name in names))))
    return Group(table, sure, *verdict_lines(document), settings_line(document))


def class_rows(document: Mapping[str, Any]) -> list[tuple[str, tuple[Mapping[str, float], Mapping[str, float]]]]:
    """Total and classes of street by length, longest first, with the kilometres by band of both vehicles."""
    first, second = (document["types"][document[role]] for role in ("vehicle", "against"))
    classes = sorted(first["by_class"], key=lambda tag: (-sum(first["by_class"][tag].values()), tag))
    rows = [(tag.replace("_", " "), (first["by_class"][tag], second["by_class"][tag])) for tag in classes]
    return [("all streets", (first["street_km"], second["street_km"])), *rows]


def _passable(bands: Mapping[str, float]) -> float:
    return bands["free"] + bands["squeezed"]


def settings_line(document: Mapping[str, Any]) -> str:
    """How it was judged, and how much of the length rests on a class default."""
    guessed, whole = document["by_width_source"][WidthSource.DEFAULT.label], document["street_km"]
    parts = [f"country {document['country'] or 'unknown'}"]
    if document["country"] == "JP":
        parts.append(f"ordinance: {document['ordinance']}")
    parts.append(f"width quantile {document['width_quantile']:g}")
    parts.append(
        f"widths of {km_text(guessed)} of {km_text(whole)} km ({share_text(guessed, whole)}) are class defaults"
    )
    return " · ".join(parts)
