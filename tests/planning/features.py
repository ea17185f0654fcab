"""What real days have beyond the plain problem, each added to any problem by name."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from dataclasses import replace

import numpy as np

from fleetplan.planning.problem import (
    Access,
    Battery,
    DrivingRule,
    Lateness,
    Problem,
    Rest,
    Task,
    VehicleType,
)
from fleetplan.travel import UNREACHABLE, TravelTable

HOUR = 3600
PLAIN_SHARE = 1 / 3
"""Of random problems: those without any feature."""

Change = Callable[[Problem, random.Random], Problem]


def drawn_features(rng: random.Random) -> tuple[str, ...]:
    """None for a third of the draws, else one to five."""
    if rng.random() < PLAIN_SHARE:
        return ()
    return tuple(sorted(rng.sample(sorted(FEATURES), rng.randint(1, 5))))


def with_features(problem: Problem, names: Collection[str], rng: random.Random) -> Problem:
    """The problem with each named feature, in the order of :data:`FEATURES`."""
    for name, change in FEATURES.items():
        if name in names:
            problem = change(problem, rng)
    return problem


def features_of(problem: Problem) -> tuple[str, ...]:
    """The features that a problem really has (one drawn for a problem without stops leaves no trace)."""
    return tuple(name for name, has in TRACES.items() if has(problem))


def _tasks(problem: Problem, rng: random.Random, change: Callable[[Task], Task], share: float = 0.6) -> Problem:
    """Changes a share of the tasks, one at least."""
    chosen = [rng.random() < share for _ in problem.tasks]
    if chosen and not any(chosen):
        chosen[rng.randrange(len(chosen))] = True
    tasks = tuple(change(task) if pick else task for task, pick in zip(problem.tasks, chosen, strict=True))
    return replace(problem, tasks=tasks)


def _types(problem: Problem, change: Callable[[VehicleType], VehicleType]) -> Problem:
    return replace(problem, types=tuple(change(vehicle) for vehicle in problem.types))


def _windows(problem: Problem, rng: random.Random) -> Problem:
    """Two or three windows in place of one, the gaps among them anywhere in the shift."""
    start_s, end_s = problem.shift_s

    def change(task: Task) -> Task:
        cuts = sorted(rng.sample(range(start_s // 300, end_s // 300), 2 * rng.choice([2, 2, 3])))
        windows = tuple((300 * one, 300 * other) for one, other in zip(cuts[::2], cuts[1::2], strict=True))
        return replace(task, windows_s=windows)

    return _tasks(problem, rng, change, 0.4)


def _lateness(problem: Problem, rng: random.Random) -> Problem:
    """Service may be late by up to two hours, for nothing, a little or a lot."""

    def change(task: Task) -> Task:
        until_s = task.windows_s[-1][1] + rng.choice([60, 900, 2000, 2 * HOUR])
        return replace(task, late=Lateness(rng.choice([0.0, 3.0, 40.0]), until_s))

    def narrow(task: Task) -> Task:
        opens, closes = task.windows_s[0]
        return replace(task, windows_s=((opens, min(closes, opens + rng.choice([600, HOUR]))), *task.windows_s[1:]))

    return _tasks(_tasks(problem, rng, narrow, 0.3), rng, change)


def _collections(problem: Problem, rng: random.Random) -> Problem:
    """Goods come back from some stops, with a delivery or without one."""

    def change(task: Task) -> Task:
        parcels = rng.randint(1, 4)
        kg, m3 = round(parcels * rng.uniform(1, 30), 3), round(parcels * rng.uniform(0.01, 0.2), 4)
        task = replace(task, collect_parcels=parcels, collect_kg=kg, collect_m3=m3)
        return replace(task, parcels=0, weight_kg=0.0, volume_m3=0.0) if rng.random() < 0.3 else task

    return _tasks(problem, rng, change, 0.5)


def _ready(problem: Problem, rng: random.Random) -> Problem:
    """Some goods reach the depot after the day has begun."""
    start_s, end_s = problem.shift_s
    return _tasks(problem, rng, lambda task: replace(task, ready_s=rng.randint(start_s - HOUR, (start_s + end_s) // 2)))


def _priority(problem: Problem, rng: random.Random) -> Problem:
    return _tasks(problem, rng, lambda task: replace(task, priority=rng.choice([1, 2, 9])), 0.4)


def _own_price(problem: Problem, rng: random.Random) -> Problem:
    """Unserved parcels have a price, and some stops one of their own."""
    if problem.unserved_price_per_parcel is None:
        problem = replace(problem, unserved_price_per_parcel=rng.choice([5.0, 50.0]))
    return _tasks(problem, rng, lambda task: replace(task, unserved_price_per_parcel=rng.choice([0.0, 2.5, 300.0])))


def _type_shift(problem: Problem, rng: random.Random) -> Problem:
    """A type works at other hours than the others."""
    start_s, end_s = problem.shift_s
    early, late = rng.choice([-HOUR, 0, HOUR]), rng.choice([-HOUR, 0, HOUR])
    kinds = list(problem.types)
    number = rng.randrange(len(kinds))
    kinds[number] = replace(kinds[number], shift_s=(start_s + early, end_s + late))
    return _seen(replace(problem, types=tuple(kinds)))


def _seen(problem: Problem) -> Problem:
    """Windows that no shift touches any more are opened: such a problem would be a faulty one."""
    shifts = [problem.shift_s if v.shift_s is None else v.shift_s for v in problem.types]

    def touched(task: Task) -> bool:
        return any(o <= end and c >= start for o, c in task.windows_s for start, end in shifts)

    tasks = tuple(t if touched(t) else replace(t, windows_s=(shifts[0],), late=None) for t in problem.tasks)
    return replace(problem, tasks=tasks)


def _max_span(problem: Problem, rng: random.Random) -> Problem:
    return _types(problem, lambda vehicle: replace(vehicle, max_span_s=rng.choice([None, HOUR, 2 * HOUR, 5 * HOUR])))


def _max_stops(problem: Problem, rng: random.Random) -> Problem:
    return _types(problem, lambda vehicle: replace(vehicle, max_stops=rng.choice([None, 1, 3, 5])))


def _battery(problem: Problem, rng: random.Random) -> Problem:
    """Small batteries, charged between trips or not; use per kilometre or per arc."""

    def change(vehicle: VehicleType) -> VehicleType:
        metres = vehicle.table.distance_m[0]
        farthest_m = int(metres.max(initial=1000, where=metres != UNREACHABLE))
        wh_per_km = rng.choice([150.0, 220.5])
        capacity_wh = round(farthest_m / 1000 * wh_per_km * rng.choice([1.5, 3.0, 6.0]), 1)
        reserve_wh = round(capacity_wh * rng.choice([0.0, 0.1]), 1)
        battery = Battery(capacity_wh, reserve_wh, wh_per_km, rng.choice([0.0, 3700.0]), rng.choice([0, 1800]))
        if rng.random() < 0.5:
            factors = np.array([[rng.uniform(0.7, 1.4) for _ in metres] for _ in metres])
            use = np.rint(metres / 1000 * wh_per_km * factors)
            use[metres == UNREACHABLE] = UNREACHABLE
            vehicle = replace(vehicle, table=_with_extra(vehicle.table, use.astype(np.int32)))
        return replace(vehicle, battery=battery)

    kinds = [change(vehicle) if rng.random() < 0.7 else vehicle for vehicle in problem.types]
    if all(vehicle.battery is None for vehicle in kinds):
        kinds[0] = change(kinds[0])
    return replace(problem, types=tuple(kinds))


def _with_extra(table: TravelTable, use: np.ndarray) -> TravelTable:
    return TravelTable(table.type, table.lat, table.lon, table.time_s, table.distance_m, {"energy_wh": use[None]})


def _rests(problem: Problem, rng: random.Random) -> Problem:
    """A lunch within a window, and at times a short paid rest as well; due always or on long days."""
    start_s, end_s = problem.shift_s
    noon_s = (start_s + end_s) // 2
    window_s = rng.choice([(start_s, end_s), (noon_s - HOUR, noon_s + HOUR)])
    lunch = Rest(rng.choice([600, 2700]), window_s, rng.choice([0, HOUR, 4 * HOUR]), rng.random() < 0.3)
    coffee = Rest(300, (start_s, end_s), rng.choice([0, 2 * HOUR]), True)
    return replace(problem, rests=(lunch, coffee) if rng.random() < 0.4 else (lunch,))


def _driving_rule(problem: Problem, rng: random.Random) -> Problem:
    """So short that small towns feel it."""
    return replace(problem, driving_rule=DrivingRule(rng.choice([900, 2400, 4 * HOUR]), 600, rng.random() < 0.5))


def _docks(problem: Problem, rng: random.Random) -> Problem:
    return replace(problem, docks=rng.choice([1, 1, 2]), reload_s=max(problem.reload_s, 600))


def _standing_places(problem: Problem, rng: random.Random) -> Problem:
    """Most stops can be met from two or three places: their own, or another one's with a walk."""

    def change(vehicle: VehicleType) -> VehicleType:
        access = []
        for ways in vehicle.access:
            more = list(ways)
            for _ in range(rng.choice([0, 1, 1, 2]) if ways else 0):
                walk_m = round(rng.uniform(20, 160), 2)
                once, rounds = round(walk_m / 1.3), ways[0].rounds
                place = Access(rng.randrange(1, vehicle.table.size), walk_m, rounds, once, once * (2 * rounds - 1))
                if all(place.point != way.point for way in more):
                    more.append(place)
            access.append(tuple(more))
        return replace(vehicle, access=tuple(access))

    return _types(problem, change)


FEATURES: dict[str, Change] = {
    "windows": _windows,
    "lateness": _lateness,
    "collections": _collections,
    "ready": _ready,
    "priority": _priority,
    "own price": _own_price,
    "standing places": _standing_places,
    "type shift": _type_shift,
    "max span": _max_span,
    "max stops": _max_stops,
    "battery": _battery,
    "rests": _rests,
    "driving rule": _driving_rule,
    "docks": _docks,
}

TRACES: dict[str, Callable[[Problem], bool]] = {
    "windows": lambda p: any(len(t.windows_s) > 1 for t in p.tasks),
    "lateness": lambda p: any(t.late for t in p.tasks),
    "collections": lambda p: any(t.collect_parcels for t in p.tasks),
    "ready": lambda p: any(t.ready_s is not None for t in p.tasks),
    "priority": lambda p: any(t.priority for t in p.tasks),
    "own price": lambda p: any(t.unserved_price_per_parcel is not None for t in p.tasks),
    "standing places": lambda p: any(len(ways) > 1 for v in p.types for ways in v.access),
    "type shift": lambda p: any(v.shift_s for v in p.types),
    "max span": lambda p: any(v.max_span_s for v in p.types),
    "max stops": lambda p: any(v.max_stops for v in p.types),
    "battery": lambda p: any(v.battery for v in p.types),
    "rests": lambda p: bool(p.rests),
    "driving rule": lambda p: p.driving_rule is not None,
    "docks": lambda p: p.docks is not None,
}
