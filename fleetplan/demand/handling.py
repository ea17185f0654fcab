"""What a parcel weighs, how long a door takes, and how a load is carried there.

The figures are those of ``data/deliveries.toml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, floor

from fleetplan.figures import Figure, bundled_figures

_SLACK = 1e-9
"""A load that fills a round exactly needs no second one, whatever the last bit of a sum says."""


def handling_figures() -> Mapping[str, Figure]:
    """The figures of parcels, service and walking by key. Treat the result as read-only."""
    return bundled_figures("deliveries.toml")


def parcel_load(parcels: int, *, figures: Mapping[str, Figure] | None = None) -> tuple[float, float]:
    """Weight in kg and volume in m³ of parcels of which only the number is known."""
    known = figures or handling_figures()
    # rounded to grams and cubic centimetres: products of decimals would print as 2.6999999999999997
    return round(parcels * known["parcel_kg"].value, 3), round(parcels * known["parcel_m3"].value, 6)


def service_seconds(parcels: int, *, figures: Mapping[str, Figure] | None = None) -> int:
    """Seconds at the door: per stop, and per parcel."""
    known = figures or handling_figures()
    return round_half_up(known["service_per_stop_s"].value + parcels * known["service_per_parcel_s"].value)


def rounds(weight_kg: float, volume_m3: float, *, figures: Mapping[str, Figure] | None = None) -> int:
    """How often the driver must walk there and back with this load, at least once."""
    known = figures or handling_figures()
    by_weight = ceil(weight_kg / known["carry_kg"].value - _SLACK)
    by_volume = ceil(volume_m3 / known["carry_m3"].value - _SLACK)
    return max(1, by_weight, by_volume)


def walk_seconds(walk_m: float, rounds: int, *, figures: Mapping[str, Figure] | None = None) -> tuple[int, int]:
    """Seconds on foot: the first way to the door, and the rest (further rounds and the last way back).

    ``walk_m`` is one way. Of ``rounds`` there-and-backs, ``2 × rounds − 1`` ways remain after the first.
    """
    one_way_s = walk_m / (figures or handling_figures())["walk_speed_mps"].value
    return round_half_up(one_way_s), round_half_up((2 * rounds - 1) * one_way_s)


def round_half_up(value: float) -> int:
    """The nearest whole number; halves go up, so that equal inputs never round apart."""
    return floor(value + 0.5)
