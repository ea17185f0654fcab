"""All places of a vehicle's day at which a stop more could go, as arrays, and which rules each of them breaks.

A place is a position in a trip, or a trip of its own before, between or after the day's trips. The stretch of the day
before the place and the stretch after it are joined with the stop in constant time, for all places of a day and all
options of many stops at once. Rests are left out, which can only flatter a place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetplan.planning.instance import FAR_S, Instance, TypeClass, with_tolerance
from fleetplan.planning.schedule import Trips
from fleetplan.planning.stretches import NEW_TRIP, Places, places_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RULES = ("load", "stops", "range", "window", "shift", "span")
"""Rules that a place may break, in the order in which they are told."""

TABLE_CELLS = 200_000
"""Places times options that are computed at once: what a few dozen megabytes hold."""


@dataclass(frozen=True, eq=False)
class PlaceTable:
    """What each option of a task meets at each place of a day: ``[p, o]`` each.

    Attributes:
        place: trip and position of each row.
        option: option number of each column.
        open: whether there are paths to and from the place.
        over: ``[6, p, o]`` by how much each rule of :data:`RULES` is broken; not above zero where it is kept. Loads
            count relative to the capacity.
        loads: ``[3, p, o]`` kg, m³ and parcels too many.
        floor: the least possible change of cost, exact where no rests are due.
    """

    place: list[tuple[int, int]]
    option: Ints
    open: NDArray[np.bool_]
    over: Floats
    loads: Floats
    floor: Floats


def inserted(trips: Trips, place: tuple[int, int], option: int) -> Trips:
    """The trips of a day with an option at a place."""
    number, position = place
    if position == NEW_TRIP:
        return (*trips[:number], (option,), *trips[number:])
    trip = trips[number]
    return (*trips[:number], (*trip[:position], option, *trip[position:]), *trips[number + 1 :])


def place_tables(
    instance: Instance, kind: int, trips: Trips, tasks: Sequence[int], *, cost_now: float
) -> Iterator[tuple[int, PlaceTable]]:
    """The table of each task that has options in the class, for one day."""
    made = instance.classes[kind]
    first, ready_s = made.options.first, instance.ready_s
    groups: dict[int, list[int]] = {}
    for task in tasks:
        if first[task] < first[task + 1]:
            groups.setdefault(max(int(ready_s[task]), made.shift_s[0]), []).append(task)
    chunk = max(1, TABLE_CELLS // max(1, sum(map(len, trips)) + len(trips)) // max(1, int(np.diff(first).max())))
    for ready, alike in groups.items():
        places = places_of(instance, made, trips, ready)
        for begin in range(0, len(alike), chunk):
            yield from _split(instance, made, trips, places, alike[begin : begin + chunk], cost_now)


def _split(
    instance: Instance, made: TypeClass, trips: Trips, places: Places, members: Sequence[int], cost_now: float
) -> Iterator[tuple[int, PlaceTable]]:
    """The tables of some tasks, computed as one."""
    first = made.options.first
    option = np.concatenate([np.arange(first[task], first[task + 1]) for task in members])
    whole = _meet(instance, made, trips, places, option, cost_now)
    end = 0
    for task in members:
        at, end = end, end + int(first[task + 1] - first[task])
        yield (
            task,
            PlaceTable(
                whole.place,
                option[at:end],
                whole.open[:, at:end],
                whole.over[:, :, at:end],
                whole.loads[:, :, at:end],
                whole.floor[:, at:end],
            ),
        )


def _meet(
    instance: Instance, made: TypeClass, trips: Trips, places: Places, option: Ints, cost_now: float
) -> PlaceTable:
    options, problem = made.options, instance.problem
    task, x = options.task[option], options.point[option]
    u, v = places.before[:, None], places.after[:, None]
    duration_s = options.duration_s[option].astype(np.float64)
    opens_s, closes_s = options.opens_s[option].astype(np.float64), options.closes_s[option].astype(np.float64)
    out_s, back_s = made.time_s[u, x].astype(np.float64), made.time_s[x, v].astype(np.float64)
    over = np.empty((len(RULES), len(places.place), len(option)))

    capacity = np.array([with_tolerance(c) for c in made.capacity])[:, None, None]
    loads = np.maximum(
        instance.deliver[task].T[:, None, :] - places.room[0][:, :, None],
        instance.collect[task].T[:, None, :] - places.room[1][:, :, None],
    )
    with np.errstate(invalid="ignore"):
        relative = np.where(np.isinf(capacity), -np.inf, loads / np.where(capacity > 0.0, capacity, 1.0))
    over[0] = relative.max(axis=0)
    over[1] = sum(map(len, trips)) + 1 - made.max_stops
    over[2] = _range_over(made, places, x)

    arrive_s = places.ready_s[:, None] + out_s
    next_s = np.maximum(arrive_s, opens_s) + duration_s + back_s
    last_s = _windows_only(made, closes_s)
    late_s = np.maximum(places.head_late_s[:, None], next_s - places.window_s[:, None])
    over[3] = np.maximum(late_s, arrive_s - last_s)
    over[4] = next_s - places.shift_s[:, None]

    head, tail = places.head[:, :, None], places.tail[:, :, None]
    elapsed = head[0] + out_s
    wait = np.maximum(opens_s - elapsed - head[2], 0.0)
    latest = np.minimum(closes_s - elapsed, head[2])
    elapsed = elapsed + wait + duration_s + back_s
    span_s = elapsed + np.maximum(tail[1] - elapsed - latest, 0.0) + tail[0]
    over[5] = span_s - made.max_span_s

    unpaid = any(not rest.paid for rest in problem.rests) or (
        problem.driving_rule is not None and not problem.driving_rule.paid
    )
    paid_s = places.busy_s[:, None] + out_s + duration_s + back_s if unpaid else span_s
    metres = places.metres[:, None] + made.distance_m[u, x] + made.distance_m[x, v]
    price = options.price[option] + sum(float(options.price[o]) for trip in trips for o in trip)
    floor = made.cost_per_day + pay_costs(instance, paid_s) + made.cost_per_m * metres + price - cost_now
    return PlaceTable(places.place, option, (out_s < FAR_S) & (back_s < FAR_S), over, loads, floor)


def pay_costs(instance: Instance, paid_s: Floats) -> Floats:
    """``pay.cost`` of many paid spans at once."""
    pay = instance.problem.pay
    overtime_s = np.maximum(paid_s - float(pay.overtime_after_s), 0.0)
    regular_s = np.maximum(paid_s, float(pay.min_s)) - overtime_s
    return np.asarray(pay.wage_per_h * (regular_s + pay.overtime_factor * overtime_s) / 3600.0)


def _range_over(made: TypeClass, places: Places, x: Ints) -> Floats:
    if made.energy_wh is None:
        return np.full((len(places.place), len(x)), -1.0)
    u, v = places.before[:, None], places.after[:, None]
    more_wh = made.energy_wh[u, x] + made.energy_wh[x, v] - places.arc_wh[:, None]
    own = np.array([position == NEW_TRIP for _, position in places.place])[:, None]
    full_wh, spare_wh = places.full_wh[:, None], places.spare_wh[:, None]
    kept_wh = np.minimum(made.usable_wh, full_wh - more_wh + made.charge_wh)
    alone = np.maximum(more_wh - full_wh, full_wh - kept_wh - spare_wh)
    tolerance = with_tolerance(made.usable_wh) - made.usable_wh
    return np.asarray(np.where(own, alone, more_wh - spare_wh) - tolerance)


def _windows_only(made: TypeClass, closes_s: Floats) -> Floats:
    """Latest starts that a window sets; where the shift's end sets it, the return home tells."""
    return np.where(closes_s >= made.shift_s[1], np.inf, closes_s)
