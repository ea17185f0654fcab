"""The benchmark's document as tables in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table


def show(document: Mapping[str, Any], *, to_error: bool) -> None:
    """Prints gaps of instances, medians of sets and what the paired differences say."""
    console = Console(stderr=to_error, highlight=False, soft_wrap=False)
    rows = document["results"]
    engines = list(dict.fromkeys(row["engine"] for row in rows))
    versions = {name: ", ".join(document["engines"].get(name, [])) for name in engines}
    words = f"gap in %, {document['seconds']:g} s, {document['seeds']} seeds, {document['machine']['cores']} cores"
    console.print(_gaps(rows, engines, title=words))
    console.print(_medians(document, engines))
    if document["paired"]:
        console.print(_paired(document))
    console.print("; ".join(f"{name} {version}" for name, version in versions.items() if version))
    compiled = [row["compile_s"] for row in rows if row["compile_s"]]
    if compiled:
        console.print(f"compiling, not in the wall time: up to {max(compiled):.1f} s")


def _gaps(rows: list[Mapping[str, Any]], engines: list[str], *, title: str) -> Table:
    table = Table(title=title)
    for head in ("set", "instance", "best known"):
        table.add_column(head)
    for name in engines:
        table.add_column(name, justify="right")
    for instance in dict.fromkeys(row["instance"] for row in rows):
        own = [row for row in rows if row["instance"] == instance]
        bks = own[0]["bks"]
        reference = "–" if bks is None else f"{bks:.10g}" + ("" if own[0]["bks_source"] == "file" else " *")
        cells = [_cell([row for row in own if row["engine"] == name]) for name in engines]
        table.add_row(own[0]["set"], instance, reference, *cells)
    if any(row["bks_source"] == "run" for row in rows):
        table.caption = "* best of these results"
    return table


def _cell(rows: list[Mapping[str, Any]]) -> str:
    """The gaps of an engine's seeds on one instance: ``0.12 0.30 –``."""
    if not rows or all(row["feasible"] is None for row in rows):
        return "n/a"
    return " ".join("–" if row["gap_pct"] is None else f"{row['gap_pct']:.2f}" for row in rows)


def _medians(document: Mapping[str, Any], engines: list[str]) -> Table:
    table = Table(title="median gap in % (answers that were no feasible plan)")
    table.add_column("set")
    for name in engines:
        table.add_column(name, justify="right")
    for name, found in document["median"].items():
        failed = document["failed"].get(name, {})
        cells = []
        for engine in engines:
            value = found.get(engine)
            text = f"{value:.2f}" if value is not None else "–" if engine in failed else "n/a"
            cells.append(text + (f" ({failed[engine]})" if engine in failed else ""))
        table.add_row(name, *cells)
    return table


def _paired(document: Mapping[str, Any]) -> Table:
    table = Table(title="ours against each, pairs of instance and seed: median difference of gaps, sign test")
    for head in ("set", "against", "pairs", "ours below", "ours above", "median", "p", ""):
        table.add_column(head, justify="left" if head in ("set", "against", "") else "right")
    for name, engines in document["paired"].items():
        for engine, found in engines.items():
            middle = "–" if found["median"] is None else f"{found['median']:+.2f}"
            counts = [str(found[key]) for key in ("pairs", "below", "above")]
            table.add_row(name, engine, *counts, middle, f"{found['p']:.3f}", found["verdict"])
    return table
