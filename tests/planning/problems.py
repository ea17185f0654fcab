"""Problems for tests: small ones put together by hand, and random ones of every kind."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fleetplan.errors import Refusal
from fleetplan.planning.problem import Access, Pay, Problem, Task, VehicleType
from fleetplan.travel import UNREACHABLE, TravelTable
from tests.planning.features import drawn_features, with_features

HOUR = 3600


def table_of(name: str, time_s: Any, distance_m: Any) -> TravelTable:
    """A table of one period from square lists."""
    seconds = np.array(time_s, dtype=np.int32)[None]
    metres = np.array(distance_m, dtype=np.int32)[None]
    zeros = np.zeros(seconds.shape[1])
    return TravelTable(name, zeros, zeros, seconds, metres)


def line_table(name: str, places_m: Sequence[int], *, metres_per_s: int = 10) -> TravelTable:
    """Points on a line, the depot at 0; ``places_m`` are the others' distances from it."""
    at = np.array([0, *places_m])
    metres = np.abs(at[:, None] - at[None, :])
    return table_of(name, metres // metres_per_s, metres)


def task(
    name: str,
    *,
    parcels: int = 1,
    kg: float = 1.0,
    m3: float = 0.0,
    window: Any = None,
    service: int = 0,
    **more: Any,
) -> Task:
    """A task, by default open all day; ``more`` are further fields of ``Task``."""
    windows = more.pop("windows_s", (window or (0, 24 * HOUR),))
    return Task(name, parcels, kg, m3, windows, service, **more)


def vehicle(name: str, table: TravelTable, **changes: Any) -> VehicleType:
    """A type that costs nothing and carries everything, unless told; point i + 1 serves task i."""
    tasks = table.size - 1
    values: dict[str, Any] = {
        "name": name,
        "count": None,
        "capacity_kg": None,
        "capacity_m3": None,
        "capacity_parcels": None,
        "cost_per_day": 0.0,
        "distance_cost_per_km": 0.0,
        "energy_cost_per_km": 0.0,
        "max_trips": 1,
        "table": table,
        "park_s": (0,) * table.size,
        "access": tuple((Access(i + 1, 0.0, 1, 0, 0),) for i in range(tasks)),
        "refusals": (None,) * tasks,
    }
    return VehicleType(**{**values, **changes})


def problem(tasks: Sequence[Task], types: Sequence[VehicleType], **changes: Any) -> Problem:
    """A day from 8 to 18 with free drivers and no loading time, unless told."""
    values: dict[str, Any] = {
        "tasks": tuple(tasks),
        "types": tuple(types),
        "shift_s": (8 * HOUR, 18 * HOUR),
        "reload_s": 0,
        "pay": Pay(0.0, 0, 24 * HOUR, 1.0),
        "max_walk_m": 100.0,
    }
    return Problem(**{**values, **changes})


def random_problem(
    seed: int,
    *,
    tasks: tuple[int, int] = (0, 9),
    kinds: tuple[int, int] = (1, 3),
    features: Collection[str] | None = None,
) -> Problem:
    """A problem of any kind: windows, counts, several trips, walks, refusals, missing arcs, prices, no costs.

    On top of that come the named ``features`` (see ``tests.planning.features``): unless they are given, none for a
    third of the seeds and a few drawn ones for the others. The features of a seed change nothing else about it.
    """
    made = _plain_problem(seed, tasks, kinds)
    rng = random.Random(f"features {seed}")
    if features is None:
        features = drawn_features(rng)
    return with_features(made, features, rng)


def many_vans(seed: int, stops: int, *, kinds: int = 2) -> Problem:
    """A random problem without a price for unserved parcels or a limit on vehicles."""
    made = random_problem(seed, tasks=(stops, stops), kinds=(kinds, kinds), features=())
    return replace(made, types=tuple(replace(kind, count=None) for kind in made.types), unserved_price_per_parcel=None)


def _plain_problem(seed: int, tasks: tuple[int, int], kinds: tuple[int, int]) -> Problem:
    rng = random.Random(f"problem {seed}")
    n = rng.randint(*tasks)
    start_s = rng.choice([0, 8 * HOUR])
    shift_s = (start_s, start_s + rng.choice([3, 6, 10]) * HOUR)
    size_m = rng.choice([1000, 8000])
    demand = []
    for i in range(n):
        window = (start_s, shift_s[1])
        if rng.random() < 0.3:
            opens = rng.randint(start_s, shift_s[1] - HOUR)
            window = (opens, opens + rng.choice([600, HOUR, 3 * HOUR]))
        parcels = rng.randint(1, 6)
        kg, m3 = round(parcels * rng.uniform(1, 30), 3), round(parcels * rng.uniform(0.01, 0.2), 4)
        demand.append(Task(f"s{i}", parcels, kg, m3, (window,), rng.randint(0, 900)))
    rng.shuffle(demand)
    places = [(rng.uniform(0, size_m), rng.uniform(0, size_m)) for _ in range(n + 1)]
    types = tuple(_random_type(rng, f"type{k}", n, places) for k in range(rng.randint(*kinds)))
    free = rng.random() < 0.1
    pay = Pay(0.0 if free else rng.uniform(5, 40), rng.choice([0, 4 * HOUR]), rng.choice([4, 8, 24]) * HOUR, 1.25)
    price = rng.choice([None, None, None, 0.0, 5.0, 1e6])
    reload_s = rng.choice([0, 600, 900])
    return Problem(
        tuple(demand), types, shift_s, reload_s, pay, rng.choice([50.0, 150.0]), price, labels={"seed": seed}
    )


def _random_type(rng: random.Random, name: str, n: int, places: list[tuple[float, float]]) -> VehicleType:
    points = list(range(1, n + 1))
    if n > 2 and rng.random() < 0.3:
        points[0] = points[1]
    x, y = np.array(places).T
    metres = np.rint(np.hypot(x[:, None] - x, y[:, None] - y) * rng.uniform(1.0, 1.5))
    seconds = np.rint(metres / rng.uniform(3, 9) + np.array([[rng.randint(0, 60) for _ in places] for _ in places]))
    np.fill_diagonal(seconds, 0)
    if rng.random() < 0.2:
        for _ in range(n):
            u, v = rng.randint(0, n), rng.randint(0, n)
            if u != v:
                seconds[u, v] = metres[u, v] = int(UNREACHABLE)
    access: list[tuple[Access, ...]] = []
    refusals: list[Refusal | None] = []
    for i in range(n):
        if rng.random() < 0.08:
            access.append(())
            refusals.append(Refusal("beyond_walk", "no place to stand within the walk"))
            continue
        walk_m = round(rng.choice([0.0, rng.uniform(0, 60), rng.uniform(0, 200)]), 2)
        rounds = rng.choice([1, 1, 2])
        once = round(walk_m / 1.3)
        access.append((Access(points[i], walk_m, rounds, once, once * (2 * rounds - 1)),))
        refusals.append(None)
    return VehicleType(
        name=name,
        count=rng.choice([None, None, 0, 1, 2]),
        capacity_kg=rng.choice([None, 100.0, 350.0]),
        capacity_m3=rng.choice([None, 1.5]),
        capacity_parcels=rng.choice([None, 8]),
        cost_per_day=rng.choice([0.0, 20.0, 60.0]),
        distance_cost_per_km=rng.choice([0.0, 0.1]),
        energy_cost_per_km=rng.choice([0.0, 0.07]),
        max_trips=rng.randint(1, 3),
        table=table_of(name, seconds, metres),
        park_s=(0, *(rng.choice([0, 60, 120]) for _ in range(n))),
        access=tuple(access),
        refusals=tuple(refusals),
    )
