"""Exact money of a vehicle's day, and of the stops left out."""

from __future__ import annotations

import math
from collections.abc import Iterable

from fleetplan.planning.instance import Instance, TypeClass
from fleetplan.planning.problem import MOST_PRIORITY, Pay


def day_cost(vehicle: TypeClass, pay: Pay, *, paid_s: float, distance_m: float, late: float = 0.0) -> float:
    """Vehicle, driver, kilometres and lateness of one day."""
    return vehicle.cost_per_day + pay.cost(paid_s) + vehicle.cost_per_m * distance_m + late


def left_cost(instance: Instance, left: Iterable[int]) -> tuple[tuple[int, ...], float]:
    """What stops left out weigh: parcels of each priority, the highest first, or money where they have a price.

    Returns:
        The parcels (empty when leaving out is priced) and the money (0 when it is not).
    """
    if instance.priced:
        return (), math.fsum(float(instance.unserved_cost[x]) for x in left)
    parcels = [0] * (MOST_PRIORITY + 1)
    for x in left:
        parcels[MOST_PRIORITY - int(instance.priority[x])] += int(instance.parcels[x])
    return tuple(parcels), 0.0
