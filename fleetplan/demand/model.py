"""How many parcels a place may expect: from dwellings, workers and floor area.

The figures are those of ``data/demand.toml``, by country where there are sources. For one carrier's delivery day:

- a household gets ``parcels_per_household_year × to_households ÷ delivery_days_year × carrier_share`` parcels, a
  worker ``parcels_per_household_year × (1 − to_households) ÷ workers_per_household ÷ delivery_days_year ×
  carrier_share``;
- a place has as many dwellings as tags say (``building:flats``), one in a house, else its useful floor area (floor
  area × ``useful_share``) ÷ ``dwelling_m2``, but at least one; ``dwellings_per_building`` where no building is mapped;
- a business has one worker per ``worker_m2`` of useful floor area, of ``business_m2`` where no building is mapped;
- no place expects more than ``stop_most_parcels``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from fleetplan.city.buildings import Use
from fleetplan.city.raw import words
from fleetplan.city.streets import Floats, Places
from fleetplan.demand.handling import handling_figures
from fleetplan.figures import Figure, bundled_figures

_EUROPE = words("AT BE BG CH CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK")
"""The European Economic Area and Switzerland: where the figures of ``EU`` stand in."""

_AT_WORK = (Use.RETAIL, Use.FOOD, Use.OFFICE, Use.LODGING, Use.PUBLIC, Use.INDUSTRY)
_HOMES = (Use.UNKNOWN, Use.FLATS)


@cache
def demand_figures() -> Mapping[str, Figure]:
    """The figures of demand and of single parcels by key. Treat the result as read-only."""
    return {**handling_figures(), **bundled_figures("demand.toml")}


@dataclass(frozen=True, slots=True)
class DemandModel:
    """What one country's figures amount to.

    Attributes:
        household_parcels, worker_parcels: parcels that one carrier brings a household or a worker on a delivery day.
        consignment_parcels: parcels that come together, at least 1.
        dwelling_m2, worker_m2: useful floor area by :class:`~fleetplan.city.buildings.Use`.
        useful_share: useful part of the floor area.
        building_dwellings: dwellings where no building is mapped.
        business_m2: floor area of a business whose building is not mapped.
        most_parcels: what no place exceeds.
        figures: what all this was computed from.
    """

    household_parcels: float
    worker_parcels: float
    consignment_parcels: float
    dwelling_m2: Mapping[Use, float]
    worker_m2: Mapping[Use, float]
    useful_share: float
    building_dwellings: float
    business_m2: float
    most_parcels: float
    figures: tuple[Figure, ...]


def demand_model(country: str, *, figures: Mapping[str, Figure] | None = None) -> DemandModel:
    """The model of a country; ``EU`` or ``world`` stand in for figures that it has not.

    Args:
        country: ISO 3166 alpha-2 code, or ``""``.
        figures: other figures than the bundled ones, all keys of :func:`demand_figures`.
    """
    known = demand_figures() if figures is None else figures
    used: dict[str, Figure] = {}

    def figure(key: str) -> float:
        names = [key, f"{key}.{country}", *([f"{key}.EU"] if country in _EUROPE else []), f"{key}.world"]
        found = next(known[name] for name in names if name in known)
        used[found.key] = found
        return found.value

    parcels = figure("parcels_per_household_year") / figure("delivery_days_year") * figure("carrier_share")
    at_home = figure("to_households")
    return DemandModel(
        household_parcels=parcels * at_home,
        worker_parcels=parcels * (1.0 - at_home) / figure("workers_per_household"),
        consignment_parcels=figure("parcels_per_consignment"),
        dwelling_m2={use: figure(f"dwelling_m2.{use.label}") for use in _HOMES},
        worker_m2={use: figure(f"worker_m2.{use.label}") for use in _AT_WORK},
        useful_share=figure("useful_share"),
        building_dwellings=figure("dwellings_per_building"),
        business_m2=figure("business_m2"),
        most_parcels=figure("stop_most_parcels"),
        figures=tuple(used[key] for key in sorted(used)),
    )


def expected_parcels(places: Places, model: DemandModel) -> Floats:
    """Parcels that each place expects on a delivery day of one carrier, more than 0."""
    dwellings, workers = dwellings_and_workers(places, model)
    return np.minimum(dwellings * model.household_parcels + workers * model.worker_parcels, model.most_parcels)


def dwellings_and_workers(places: Places, model: DemandModel) -> tuple[Floats, Floats]:
    """Dwellings and workers of each place: whole buildings' shares, so neither need be a whole number."""
    mapped = ~np.isnan(places.floor_area_m2)
    useful_m2 = np.where(mapped, places.floor_area_m2, model.business_m2) * model.useful_share
    dwellings, workers = np.zeros(len(places)), np.zeros(len(places))
    for use, worker_m2 in model.worker_m2.items():
        rows = places.use == use
        workers[rows] = np.maximum(useful_m2[rows] / worker_m2, 1.0)
    home = ~np.isin(places.use, _AT_WORK)
    dwellings[home] = np.where(mapped[home], 1.0, model.building_dwellings)
    for use, dwelling_m2 in model.dwelling_m2.items():
        rows = home & mapped & (places.use == use)
        dwellings[rows] = np.maximum(useful_m2[rows] / dwelling_m2, 1.0)
    tagged = home & ~np.isnan(places.flats)
    dwellings[tagged] = np.maximum(places.flats[tagged], 1.0)
    return dwellings, workers


def basis(places: Places, chosen: NDArray[np.int64]) -> str:
    """What the demand of the chosen places rests on, in words; empty where none is chosen."""
    tagged = ~np.isnan(places.flats[chosen])
    mapped = ~np.isnan(places.floor_area_m2[chosen]) & ~tagged
    assumed = mapped & ~places.levels_tagged[chosen]
    parts = []
    if mapped.any():
        levels = f" (levels of {assumed.sum()} assumed)" if assumed.any() else ""
        parts.append(f"{mapped.sum()} by floor area{levels}")
    if tagged.any():
        parts.append(f"{tagged.sum()} by tagged flats")
    if not (mapped | tagged).all():
        parts.append(f"{(~(mapped | tagged)).sum()} without a mapped building")
    return ", ".join(parts)
