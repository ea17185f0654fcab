"""Exact money of a vehicle's day, as a number and as arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleetplan.planning.instance import TypeClass
from fleetplan.planning.problem import Pay

Floats = NDArray[np.float64]


def day_cost(vehicle: TypeClass, pay: Pay, *, span_s: float, distance_m: float) -> float:
    """Vehicle, driver and kilometres of one day."""
    return vehicle.cost_per_day + pay.cost(span_s) + vehicle.cost_per_m * distance_m


def pay_costs(pay: Pay, span_s: Floats) -> Floats:
    """``pay.cost`` of many paid spans at once."""
    paid = np.maximum(span_s, float(pay.min_s))
    if pay.overtime_factor != 1.0:
        paid = paid + (pay.overtime_factor - 1.0) * np.maximum(span_s - float(pay.overtime_after_s), 0.0)
    return paid * (pay.wage_per_h / 3600.0)
