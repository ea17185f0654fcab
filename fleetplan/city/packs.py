"""Country packs of street widths: figures with sources, inherited from the world's where a country has none."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fleetplan.city.width_model import WidthModel, read_model
from fleetplan.figures import Figure, bundled_figures
from fleetplan.resources import data_path

PACKS = ("JP", "US", "GB", "EU", "world")


@dataclass(frozen=True, slots=True)
class WidthPack:
    """The figures of one country or group of countries.

    Attributes:
        name: one of :data:`PACKS`.
        figures: all figures by key, inherited ones included.
        own: keys that this pack states itself.
        clearance_rule: ``ordinance`` where a law says how much room a vehicle needs (``ordinance.*``), else
            ``meeting`` (``meeting.*``).
        clearance_text: the rule in a sentence.
        model: predicts the road area's width from the network's shape; ``None`` where only tables are known.
    """

    name: str
    figures: Mapping[str, Figure]
    own: frozenset[str]
    clearance_rule: str
    clearance_text: str
    model: WidthModel | None = None

    def __getitem__(self, key: str) -> float:
        return self.figures[key].value

    def __contains__(self, key: object) -> bool:
        return key in self.figures


@lru_cache(maxsize=256)
def width_pack(country: str) -> WidthPack:
    """The pack of a country (ISO 3166 alpha-2): its own, that of a group it belongs to, or the world's."""
    return _pack(next((name for name in PACKS if country in _head(name)["countries"]), "world"))


@lru_cache(maxsize=8)
def _head(name: str) -> dict[str, Any]:
    with data_path("widths", f"{name}.toml").open("rb") as file:
        head = tomllib.load(file)
    return {"countries": frozenset(head["countries"]), "inherits": head.get("inherits", ""), **head["clearance"]} | {
        "model": head.get("model", "")
    }


@lru_cache(maxsize=8)
def _pack(name: str) -> WidthPack:
    head = _head(name)
    own = bundled_figures("widths", f"{name}.toml")
    parent = _pack(head["inherits"]) if head["inherits"] else None
    return WidthPack(
        name=name,
        figures={**(parent.figures if parent else {}), **own},
        own=frozenset(own),
        clearance_rule=head["rule"],
        clearance_text=head["text"],
        model=read_model(data_path("widths", head["model"])) if head["model"] else None,
    )
