"""Figures that carry their source: every number that a model rests on is one of these.

Files of figures are TOML tables, one per figure::

    [turn_across_s]
    value = 5.0
    unit = "s"
    source = "assumption: a gap in oncoming traffic at urban flows"
    confidence = "assumption"
    date = "2026-11-22"
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

from fleetplan.errors import InputError
from fleetplan.resources import data_path

Confidence = Literal["maker", "press", "law", "statistic", "computed", "assumption", "unverified"]
CONFIDENCES: tuple[str, ...] = get_args(Confidence)
UNPROVEN: frozenset[str] = frozenset({"assumption", "unverified"})


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its unit, source, confidence and date (ISO, of the source or of its reading)."""

    key: str
    value: float
    unit: str
    source: str
    confidence: Confidence
    date: str

    @property
    def unproven(self) -> bool:
        """True for assumptions and for figures that nobody could verify."""
        return self.confidence in UNPROVEN

    def to_dict(self) -> dict[str, Any]:
        """The figure as it stands in ``comparison.json``."""
        return {
            "key": self.key,
            "value": self.value,
            "unit": self.unit,
            "source": self.source,
            "confidence": self.confidence,
            "date": self.date,
        }


def figure_of(key: str, entry: dict[str, Any], *, where: str) -> Figure:
    """A figure from one TOML table.

    Raises:
        InputError: a key is missing, or the confidence is not one of :data:`CONFIDENCES`.
    """
    missing = [name for name in ("value", "unit", "source", "confidence", "date") if name not in entry]
    if missing:
        raise InputError.one(
            "figure.missing", where, key, f"{', '.join(missing)} missing", "every figure needs all five keys"
        )
    if entry["confidence"] not in CONFIDENCES:
        raise InputError.one(
            "figure.confidence",
            where,
            f"{key}.confidence",
            f"{entry['confidence']!r} is not known",
            f"use one of {', '.join(CONFIDENCES)}",
        )
    return Figure(
        key,
        float(entry["value"]),
        str(entry["unit"]),
        str(entry["source"]),
        entry["confidence"],
        str(entry["date"]),
    )


def read_figures(path: Path) -> dict[str, Figure]:
    """All figures of a TOML file whose tables are figures (tables may be nested; keys are dotted)."""
    with path.open("rb") as file:
        tree = tomllib.load(file)
    figures: dict[str, Figure] = {}

    def walk(prefix: str, table: dict[str, Any]) -> None:
        for name, entry in table.items():
            if not isinstance(entry, dict):
                continue
            key = f"{prefix}{name}"
            if "value" in entry:
                figures[key] = figure_of(key, entry, where=path.name)
            else:
                walk(f"{key}.", entry)

    walk("", tree)
    return figures


@lru_cache(maxsize=32)
def bundled_figures(*parts: str) -> dict[str, Figure]:
    """The figures of a bundled data file, read once. Treat the result as read-only."""
    return read_figures(data_path(*parts))
