"""A small problem whose planning compiles, or loads, all of the search's machine code."""

from __future__ import annotations

import numpy as np

from fleetplan.planning.problem import Access, Pay, Problem, Rest, Task, VehicleType
from fleetplan.travel import TravelTable

STOPS = 6


def warm_problem() -> Problem:
    """Six stops on a line, two types with two trips, and a rest."""
    at = np.arange(STOPS + 1) * 60
    seconds = np.abs(at[:, None] - at[None, :]).astype(np.int32)[None]
    zeros = np.zeros(STOPS + 1)
    table = TravelTable("line", zeros, zeros, seconds, seconds * 10)
    types = tuple(
        VehicleType(
            name=name,
            count=None,
            capacity_kg=None,
            capacity_m3=None,
            capacity_parcels=capacity,
            cost_per_day=10.0 * capacity,
            distance_cost_per_km=1.0,
            energy_cost_per_km=0.0,
            max_trips=2,
            table=table,
            park_s=(0,) * (STOPS + 1),
            access=tuple((Access(i + 1, 0.0, 1, 0, 0),) for i in range(STOPS)),
            refusals=(None,) * STOPS,
        )
        for name, capacity in (("small", 2), ("large", 3))
    )
    tasks = tuple(Task(f"s{i}", 1, 1.0, 0.0, ((0, 36000),), 60) for i in range(STOPS))
    rests = (Rest(600, (0, 36000), 1200),)
    return Problem(tasks, types, (0, 36000), 300, Pay(20.0, 0, 36000, 1.0), 100.0, rests=rests)
