"""Draws parcels, kilograms and cubic metres of places that get a delivery today.

Consignments arrive by chance (Poisson). A stop exists because at least one came, so their number is drawn from the
Poisson distribution cut below 1. A consignment holds 1 parcel, or more with a probability that falls by the same
factor with each (geometric). Weight and volume of a parcel are log-normal, correlated, and cut at what carriers
take; their means are those that ``data/deliveries.toml`` gives parcels of which only the number is known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fleetplan.city.streets import Floats, Ints
from fleetplan.figures import Figure


def chance_of_delivery(expected: Floats, consignment_parcels: float) -> Floats:
    """Probability that at least one consignment comes today, given the expected number of parcels."""
    return -np.expm1(-expected / consignment_parcels)


def draw_places(chance: Floats, n: int, rng: np.random.Generator) -> Ints:
    """``n`` distinct rows in random order, each draw proportional to the chance of the rows still there.

    Exponential clocks (Efraimidis and Spirakis 2006): the row whose clock rings first is drawn first.
    """
    clock = rng.exponential(size=len(chance)) / np.maximum(chance, 1e-300)
    return np.argsort(clock, kind="stable")[:n].astype(np.int64)


def draw_parcels(expected: Floats, consignment_parcels: float, rng: np.random.Generator) -> Ints:
    """Parcels of places that get at least one, given how many they expect.

    Args:
        expected: parcels expected on any day, more than 0.
        consignment_parcels: mean number of parcels that come together, at least 1.
    """
    consignments = expected / consignment_parcels
    # the first arrival within the day, given that there is one; the others follow in the rest of the day
    share = rng.random(len(expected))
    first = -np.log1p(share * np.expm1(-consignments))
    number = 1 + rng.poisson(np.maximum(consignments - first, 0.0))
    more = rng.negative_binomial(number, 1.0 / consignment_parcels) if consignment_parcels > 1.0 else 0
    return (number + more).astype(np.int64)


def draw_loads(
    parcels: NDArray[np.int64], rng: np.random.Generator, *, figures: Mapping[str, Figure]
) -> tuple[Floats, Floats]:
    """Kilograms and cubic metres of each stop: the sums over its parcels, to the gram and the cubic centimetre."""
    value = {key: figures[key].value for key in ("parcel_kg", "parcel_m3", "parcel_correlation")}
    total = int(parcels.sum())
    first, other = rng.standard_normal(total), rng.standard_normal(total)
    second = value["parcel_correlation"] * first + math.sqrt(1.0 - value["parcel_correlation"] ** 2) * other
    owner = np.repeat(np.arange(len(parcels)), parcels)
    sums: list[Floats] = []
    for key, normal, digits in (("parcel_kg", first, 3), ("parcel_m3", second, 6)):
        spread, most = figures[f"{key}_spread"].value, figures[f"{key}_most"].value
        single = np.minimum(np.exp(_log_middle(value[key], spread, most) + spread * normal), most)
        whole = np.asarray(np.bincount(owner, weights=single, minlength=len(parcels)), dtype=np.float64)
        sums.append(np.asarray(np.round(np.maximum(whole, 10.0**-digits), digits), dtype=np.float64))
    return sums[0], sums[1]


@lru_cache(maxsize=32)
def _log_middle(mean: float, spread: float, most: float) -> float:
    """Mean of the logarithm such that the log-normal distribution, cut at ``most``, has the mean asked for."""
    if mean >= most:
        return math.log(most) + 40.0 * max(spread, 1.0)
    low, high = math.log(mean) - spread**2 - 1.0, math.log(most) + 40.0 * max(spread, 1.0)
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if _cut_mean(middle, spread, most) < mean else (low, middle)
    return (low + high) / 2


def _cut_mean(middle: float, spread: float, most: float) -> float:
    """Mean of the smaller of a log-normal number and ``most``."""
    if spread <= 0.0:
        return min(math.exp(middle), most)
    at = (math.log(most) - middle) / spread
    body = math.exp(middle + spread**2 / 2 + math.log(max(_below(at - spread), 1e-300)))
    return body + most * _below(-at)


def _below(z: float) -> float:
    """Share of the normal distribution below ``z``."""
    return 0.5 * math.erfc(-z / math.sqrt(2.0))
