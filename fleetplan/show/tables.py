"""The comparison as words and tables: for ``print``, for the terminal, and for the map's panel.

Everything is read from the document of ``comparison.json``, so that a saved comparison prints the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from rich.console import RenderableType

    from fleetplan.city.streets import Stretches

Figures = Mapping[str, Any]

_PROVEN_SHOWN = 8
_WARNINGS_SHOWN = 8


@dataclass(frozen=True)
class Row:
    """A line of the comparison table: one cell per fleet, and whether that fleet is the best in it."""

    group: str
    label: str
    cells: tuple[str, ...]
    best: tuple[bool, ...]


def comparison_rows(document: Mapping[str, Any]) -> list[Row]:
    """The figures of every fleet, fleets in the order of their names.

    The lowest value is marked as best where low is good, and only when the fleets can be ranked: marks are left
    out when the document says that they are not comparable, when all are equal, or for a single fleet. In cost, a
    fleet whose difference to the best lies inside the solver's noise is marked too.
    """
    fleets = _fleets(document)
    ranked = bool(document.get("comparable", True)) and len(fleets) > 1
    money = str(document.get("currency", ""))
    rows: list[Row] = []

    def add(
        group: str, label: str, text: Callable[[Figures], str], *, low: Callable[[Figures], float | None] | None = None
    ) -> None:
        cells = tuple(text(figures) for figures in fleets.values())
        marks = (False,) * len(fleets)
        if low and ranked:
            marks = _lowest([low(figures) for figures in fleets.values()], cells)
        rows.append(Row(group, label, cells, marks))

    def any_above_zero(*path: str) -> bool:
        return any((_at(figures, *path) or 0) > 0 for figures in fleets.values())

    level = tuple(name in level_with_best(document) for name in fleets)
    rows.append(
        Row(
            "Cost",
            f"Total per day, {money}",
            tuple(_money(_at(figures, "cost", "total")) for figures in fleets.values()),
            level if ranked and not all(level) else (False,) * len(fleets),
        )
    )
    add(
        "Cost",
        f"Per parcel, {money}",
        lambda f: _money(_at(f, "cost", "per_parcel"), digits=2),
        low=lambda f: _at(f, "cost", "per_parcel"),
    )
    for part in ("vehicle", "driver", "distance", "energy", "late", "unserved"):
        if part not in ("late", "unserved") or any_above_zero("cost", part):
            add("Cost", f"– {part}", lambda f, part=part: _money(_at(f, "cost", part)))  # type: ignore[misc]
    add("Cost", "Rests on assumptions", lambda f: _share(_at(f, "cost", "from_assumptions"), _at(f, "cost", "total")))
    add("Cost", "Solver spread", _spread_text)
    if any("bound" in figures for figures in fleets.values()):
        add("Cost", "Dearer than the best, at most", lambda f: _percent(_at(f, "bound", "gap")))
    add("Fleet", "Vehicles", _vehicles_text)
    add("Fleet", "Routes / trips", lambda f: f"{f['routes']} / {f['trips']}")
    add("Distance", "Driven, km", lambda f: f"{f['drive_m'] / 1000:.1f}", low=lambda f: f["drive_m"])
    add("Distance", "Walked, km", lambda f: f"{f['walk_m'] / 1000:.1f}", low=lambda f: f["walk_m"])
    for key, label in _HOURS:
        if key != "break_s" or any_above_zero(key):
            add("Hours", label, lambda f, key=key: _hours(f[key]))  # type: ignore[misc]
    add("Hours", "Loading to return, h:min", lambda f: _hours(f["span_s"]))
    add("Hours", "Paid, h:min", lambda f: _hours(f["paid_s"]), low=lambda f: f["paid_s"])
    add("Energy", "CO₂e, kg", lambda f: f"{f['co2e_kg']:.1f}", low=lambda f: f["co2e_kg"])
    for key, label in (("kwh", "Electricity, kWh"), ("litres", "Fuel, litres")):
        if any_above_zero("energy", key):
            add("Energy", label, lambda f, key=key: f"{f['energy'][key]:.1f}")  # type: ignore[misc]
    add("Stops", "Stops at the door", lambda f: str(_at(f, "stops", "door")))
    add("Stops", "Stops on foot", lambda f: str(_at(f, "stops", "on_foot")))
    add("Stops", "Stops unserved", lambda f: str(_at(f, "stops", "unserved")))
    if any_above_zero("stops", "late"):
        add("Stops", "Stops served late", lambda f: str(_at(f, "stops", "late") or 0))
    add("Stops", "Parcels delivered", lambda f: str(_at(f, "parcels", "delivered")))
    if any_above_zero("parcels", "collected"):
        add("Stops", "Parcels collected", lambda f: str(_at(f, "parcels", "collected") or 0))
    add("Stops", "Load factor, weight", lambda f: _percent(_at(f, "load_factor", "kg")))
    add("Stops", "Load factor, volume", lambda f: _percent(_at(f, "load_factor", "m3")))
    return rows


_HOURS = (
    ("drive_s", "Driving, h:min"),
    ("park_s", "Parking, h:min"),
    ("walk_s", "Walking, h:min"),
    ("service_s", "Serving, h:min"),
    ("wait_s", "Waiting, h:min"),
    ("reload_s", "Loading, h:min"),
    ("break_s", "Breaks, h:min"),
)


def level_with_best(document: Mapping[str, Any]) -> list[str]:
    """The best fleet and those whose cost differs from it by no more than the solver's noise.

    The noise of a pair is the greater of the two ranges of cost over seeds. Empty when fleets are not comparable.
    """
    fleets, best = _fleets(document), document.get("best")
    if best not in fleets:
        return []
    base, noise = _at(fleets[best], "cost", "total"), _noise(fleets[best])
    return [
        name
        for name, figures in fleets.items()
        if name == best or abs(_at(figures, "cost", "total") - base) <= max(noise, _noise(figures))
    ]


def verdict(document: Mapping[str, Any]) -> str:
    """The answer in one sentence."""
    fleets = _fleets(document)
    if not fleets:
        return "No fleet was planned."
    money = str(document.get("currency", ""))
    if document.get("unplanned"):
        return f"Interrupted, nothing is ranked; not planned: {', '.join(document['unplanned'])}."
    if not document.get("comparable", True):
        left = ", ".join(f"{name} {_at(figures, 'parcels', 'unserved')}" for name, figures in fleets.items())
        return f"Not comparable: the fleets leave different stops unserved (parcels left: {left})."
    best = document.get("best")
    if best not in fleets:
        return "The fleets are not ranked."
    totals = {name: _at(figures, "cost", "total") for name, figures in fleets.items()}
    price = f"{_money(totals[best])} {money} per day"
    if len(fleets) == 1:
        return f"{best}: {price}."
    level = level_with_best(document)
    if len(level) > 1:
        names = " and ".join([", ".join(level[:-1]), level[-1]])
        sentence = f"Level: {names} differ by less than the solver's spread; {best} was the cheapest run, {price}"
    else:
        sentence = f"Cheapest: {best}, {price}"
    baseline = document.get("baseline")
    if baseline in fleets and baseline not in level:
        return f"{sentence}, {_share(totals[baseline] - totals[best], totals[baseline])} below {baseline}."
    if len(level) > 1:
        return f"{sentence}."
    second = min((total, name) for name, total in totals.items() if name != best)
    return f"Cheapest: {best}, {price}; {second[1]} costs {_share(second[0] - totals[best], totals[best])} more."


def differences_lines(document: Mapping[str, Any]) -> list[str]:
    """Each fleet against the baseline, one sentence each."""
    money, baseline = str(document.get("currency", "")), document.get("baseline")
    lines = []
    for name, row in sorted(document.get("differences", {}).items()):
        share = "" if row.get("cost_share") is None else f" ({_plus(100 * row['cost_share'])} %)"
        figures = ", ".join(
            f"{_plus(row[key] / unit)} {word}"
            for key, unit, word in (
                ("drive_m", 1000, "km driven"),
                ("walk_m", 1000, "km walked"),
                ("paid_s", 3600, "paid h"),
                ("co2e_kg", 1, "kg CO₂e"),
            )
        )
        cost = f"{_signed(row['cost_total'])} {money}{share}, noise {_money(row['noise'])}"
        lines.append(f"{name} against {baseline}: {row['verdict']}; {cost}; {figures}")
    return lines


def limits_lines(document: Mapping[str, Any]) -> list[str]:
    """Which limit binds the routes of each fleet, one sentence each."""
    lines = []
    for name, figures in _fleets(document).items():
        binding = figures.get("binding") or ()
        count = Counter(str(item["limit"]) for item in binding)
        parts = [f"{limit} on {number} of {len(binding)}" for limit, number in sorted(count.items()) if limit != "none"]
        if parts:
            lines.append(f"{name}: {', '.join(parts)} {'route' if len(binding) == 1 else 'routes'}")
        elif binding:
            fullest = max(((item["used"][key], key) for item in binding for key in sorted(item["used"])), default=None)
            slack = f" (closest: {fullest[1]} at {fullest[0]:.0%})" if fullest else ""
            lines.append(f"{name}: nothing binds{slack}")
    return lines


def streets_lines(document: Mapping[str, Any]) -> list[str]:
    """How much of the street network each vehicle type may use, one sentence per type."""
    types: dict[str, Mapping[str, float]] = {}
    defaults: dict[str, Mapping[str, float]] = {}
    quantiles: dict[str, Mapping[str, Mapping[str, float]]] = {}
    for figures in _fleets(document).values():
        types.update(figures.get("street_km") or {})
        defaults.update(figures.get("street_km_on_defaults") or {})
        quantiles.update(figures.get("street_km_by_quantile") or {})
    lines = []
    for name, km in sorted(types.items()):
        total = sum(km.values())
        if total > 0:
            parts = [f"{km[band]:.1f} km {word} ({km[band] / total:.0%})" for band, word in _BANDS if km.get(band)]
            tight = sum(km.get(band, 0.0) for band in ("squeezed", "blocked_room"))
            guessed = sum(defaults.get(name, {}).get(band, 0.0) for band in ("squeezed", "blocked_room"))
            if tight > 0 and name in defaults:
                parts.append(f"{guessed / tight:.0%} of what is tight or too narrow is judged by a class default")
            lines.append(f"{name}: {', '.join(parts)}")
            if name in quantiles:
                lines.append(f"{name}: {_quantile_words(quantiles[name])}")
    lines += _stops_on_defaults(document)
    return lines


def _quantile_words(by_quantile: Mapping[str, Mapping[str, float]]) -> str:
    """Kilometres that are free and too narrow if all streets are narrower or wider than believed."""
    parts = [
        f"{by_quantile[quantile].get('free', 0.0):.1f} km free and "
        f"{by_quantile[quantile].get('blocked_room', 0.0):.1f} km too narrow at {end} (quantile {quantile})"
        for quantile, end in (("0.1", "the narrow end of what is believed"), ("0.9", "the wide end"))
        if quantile in by_quantile
    ]
    return ", ".join(parts)


def _stops_on_defaults(document: Mapping[str, Any]) -> list[str]:
    """How many stops of each plan are served from a street whose width nobody measured."""
    parts = []
    for name, figures in _fleets(document).items():
        if "stops_on_defaults" in figures:
            served = figures["stops"]["door"] + figures["stops"]["on_foot"]
            parts.append(f"{name} {figures['stops_on_defaults']} of {served}")
    return [f"stops served from a street whose width is a class default: {', '.join(parts)}"] if parts else []


_BANDS = (
    ("free", "free"),
    ("squeezed", "tight"),
    ("blocked_room", "too narrow"),
    ("blocked_law", "closed by sign or rule"),
)


def width_line(stretches: Stretches, row: int) -> str:
    """The width of a stretch at its pinch, with its 80 % interval."""
    pinch, low, high = stretches.width_min_m[row], stretches.width_lo_m[row], stretches.width_hi_m[row]
    if not np.isfinite(pinch):
        return "unknown"
    spread = f" (80 %: {low:.1f}–{high:.1f} m)" if np.isfinite(low) and np.isfinite(high) else ""
    return f"{pinch:.1f} m{spread}"


def comparison_table(document: Mapping[str, Any]) -> str:
    """The whole comparison as plain text: verdict, figures, differences, limits, warnings, assumptions.

    Control characters of names are left out, so that no name can move the cursor or colour the terminal.
    """
    names = [_clean(name) for name in _fleets(document)]
    rows = comparison_rows(document)
    cells = [
        [_clean(cell) + (" *" if best else "  ") for cell, best in zip(r.cells, r.best, strict=True)] for r in rows
    ]
    left = max((len(row.label) for row in rows), default=0)
    widths = [max([len(name) + 2, *(len(line[column]) for line in cells)]) for column, name in enumerate(names)]
    lines = [_clean(verdict(document)), ""]
    lines.append(" " * left + "".join(f"  {name + '  ':>{width}}" for name, width in zip(names, widths, strict=True)))
    group = ""
    for row, line in zip(rows, cells, strict=True):
        if row.group != group and group:
            lines.append("")
        group = row.group
        lines.append(f"{row.label:<{left}}" + "".join(f"  {c:>{w}}" for c, w in zip(line, widths, strict=True)))
    if any(any(row.best) for row in rows):
        lines += ["", "* best of the fleets"]
    for heading, texts in _paragraphs(document):
        lines += ["", heading, *(f"  {_clean(text)}" for text in texts)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def rich_comparison(document: Mapping[str, Any]) -> RenderableType:
    """The same for a terminal, as a rich renderable. Names are shown as they are, never read as markup."""
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for name in _fleets(document):
        table.add_column(Text(_clean(name)), justify="right")
    rows = comparison_rows(document)
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        cells = [
            Text(_clean(cell) + (" *" if best else "  "), style="bold green" if best else "")
            for cell, best in zip(row.cells, row.best, strict=True)
        ]
        table.add_row(Text(row.label), *cells, end_section=following is None or following.group != row.group)
    parts: list[RenderableType] = [Text(_clean(verdict(document)), style="bold"), table]
    if any(any(row.best) for row in rows):
        parts.append(Text("* best of the fleets\n", style="dim"))
    for heading, texts in _paragraphs(document):
        parts.append(Text(heading, style="bold"))
        parts += [Text(f"  {_clean(text)}") for text in texts]
    return Group(*parts)


def _paragraphs(document: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    found = [
        ("Against the baseline", differences_lines(document)),
        ("What binds", limits_lines(document)),
        ("Streets open to each vehicle", streets_lines(document)),
        ("Unserved", _unserved_lines(document)),
        ("Warnings", _shortened([str(text) for text in document.get("warnings", ())], _WARNINGS_SHOWN)),
        ("Figures that nobody verified", _assumption_lines(document)),
    ]
    return [(heading, texts) for heading, texts in found if texts]


def _unserved_lines(document: Mapping[str, Any]) -> list[str]:
    lines = []
    for name, figures in _fleets(document).items():
        codes: dict[str, list[Mapping[str, Any]]] = {}
        for item in figures.get("unserved", ()):
            codes.setdefault(str(item["code"]), []).append(item)
        for _, items in sorted(codes.items()):
            lines.append(f"{name}: {len(items)} × for example {items[0]['stop']}: {items[0]['text']}")
    return lines


def _assumption_lines(document: Mapping[str, Any]) -> list[str]:
    items = list(document.get("assumptions", ()))
    if not items:
        return []
    totals = [
        f"{name} {_share(_at(figures, 'cost', 'from_assumptions'), _at(figures, 'cost', 'total'))}"
        for name, figures in _fleets(document).items()
    ]
    named = [f"{item['key']} = {item['value']:g} {item['unit']} ({item['confidence']})" for item in items]
    head = f"{len(items)} in all; share of the total that rests on them: {', '.join(totals)}"
    return [head, *_shortened(named, _PROVEN_SHOWN, where="all with their sources in comparison.json")]


def _shortened(texts: Sequence[str], limit: int, *, where: str = "all in comparison.json") -> list[str]:
    if len(texts) <= limit:
        return list(texts)
    return [*texts[:limit], f"… and {len(texts) - limit} more ({where})"]


def _fleets(document: Mapping[str, Any]) -> dict[str, Figures]:
    return {name: document["fleets"][name] for name in sorted(document.get("fleets", {}))}


def _at(figures: Figures, *path: str) -> Any:
    value: Any = figures
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _lowest(values: Sequence[float | None], cells: Sequence[str]) -> tuple[bool, ...]:
    """Marks of the lowest value and of those that read the same; none where all read the same."""
    known = [(value, cell) for value, cell in zip(values, cells, strict=True) if value is not None]
    if len({cell for _, cell in known}) < 2:
        return (False,) * len(values)
    return tuple(cell == min(known)[1] for cell in cells)


def _noise(figures: Figures) -> float:
    return float(figures["seeds"]["spread"])


def _spread_text(figures: Figures) -> str:
    spread = _noise(figures)
    return f"{_money(spread)} ({_share(spread, _at(figures, 'cost', 'total'))})"


def _vehicles_text(figures: Figures) -> str:
    used = [f"{count} {name}" for name, count in sorted(figures["vehicles"].items()) if count]
    return ", ".join(used) or "none"


def _money(value: float | None, *, digits: int | None = None) -> str:
    if value is None:
        return "–"
    if digits is None:
        digits = 2 if abs(value) < 1000 else 0
    return f"{value + 0.0:,.{digits}f}".replace(",", " ")


def _signed(value: float) -> str:
    return ("+" if value >= 0 else "−") + _money(abs(value))


def _plus(value: float) -> str:
    return f"{round(value, 1) + 0.0:+.1f}".replace("-", "−")


def _share(part: float | None, whole: float | None) -> str:
    if part is None or not whole:
        return "–"
    share = part / whole
    return f"{share:.1%}" if 0 < abs(share) < 0.1 else f"{share:.0%}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _hours(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02d}"


def _clean(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
