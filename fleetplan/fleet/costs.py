"""What a vehicle's day costs: figures of a market (cost pack) applied to a vehicle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from fleetplan.figures import Figure

CostPart = Literal["vehicle", "driver", "distance", "energy"]
CostUnit = Literal["day", "hour", "km"]


@dataclass(frozen=True)
class CostTerm:
    """One addend of the cost: an amount per day used, per paid hour or per kilometre, and what it rests on."""

    part: CostPart
    per: CostUnit
    name: str
    amount: float
    figures: tuple[Figure, ...]

    @property
    def unproven(self) -> bool:
        """True when any figure behind the amount is an assumption or unverified."""
        return any(figure.unproven for figure in self.figures)


@dataclass(frozen=True)
class VehicleCosts:
    """The cost terms and emission factors of one vehicle in one market.

    Attributes:
        terms: every addend; the ``driver`` part holds the wage per paid hour.
        co2e_kg_per_km: greenhouse gas per kilometre within ``co2e_boundary``.
        co2e_boundary: ``tank-to-wheel`` or ``well-to-wheel``.
        co2e_figures: what the emission factor rests on.
    """

    vehicle: str
    currency: str
    terms: tuple[CostTerm, ...]
    co2e_kg_per_km: float
    co2e_boundary: str
    co2e_figures: tuple[Figure, ...]

    def amount(self, part: CostPart) -> float:
        """Sum of a part's terms (each part has one unit: vehicle per day, driver per hour, the others per km)."""
        return sum(term.amount for term in self.terms if term.part == part)

    def unproven_amount(self, part: CostPart) -> float:
        """As :meth:`amount`, of the terms that rest on an assumption or an unverified figure."""
        return sum(term.amount for term in self.terms if term.part == part and term.unproven)


@dataclass(frozen=True)
class CostPack:
    """The prices of a market.

    Attributes:
        name: ``JP``, ``US``, ``demo`` or the stem of a user's file.
        currency: ISO 4217.
        figures: every figure of the pack by key.
        note: what a reader must know about the pack as a whole.
    """

    name: str
    currency: str
    figures: Mapping[str, Figure]
    note: str = ""

    def value(self, key: str) -> float:
        """A figure's value."""
        return self.figures[key].value
