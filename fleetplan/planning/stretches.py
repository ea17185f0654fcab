"""The stretches of a vehicle's day before and after each place at which a stop more could go.

Each stretch is a segment of :mod:`fleetplan.planning.schedule`, computed once along the day, forwards and backwards,
together with what else a stop at the place must know: room on the legs before and after it, energy that the trip can do
without, and the latest arrivals after the place that windows and shift allow. Rests are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fleetplan.planning.instance import Instance, TypeClass, with_tolerance
from fleetplan.planning.schedule import Trips

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEW_TRIP = -1
"""Stands for the position of a stop that has a trip of its own."""


@dataclass(frozen=True, eq=False)
class Places:
    """The places of one day, for stops whose goods are ready at the same time.

    Attributes:
        place: trip and position of each.
        before, after: ``[p]`` points of the class's tables.
        head, tail: ``[3, p]`` the stretches before and after: least duration, and the span of starts that have it.
        ready_s: ``[p]`` earliest moment to leave the point before.
        head_late_s: ``[p]`` by how much the stretch before misses a window already, because the goods are late.
        window_s, shift_s: ``[p]`` latest arrival after the place for all windows, and for the shift.
        room: ``[2, 3, p]`` kg, m³ and parcels that can be delivered, and collected.
        busy_s, metres: ``[p]`` of the day with the place's loading, without the arc that the place breaks.
        full_wh, spare_wh: ``[p]`` energy at hand when a trip of its own begins; energy that the trip, or for a trip
            of its own the trips after it, can do without.
        arc_wh: ``[p]`` of the arc that the place breaks.
    """

    place: list[tuple[int, int]]
    before: Ints
    after: Ints
    head: Floats
    tail: Floats
    ready_s: Floats
    head_late_s: Floats
    window_s: Floats
    shift_s: Floats
    room: Floats
    busy_s: Floats
    metres: Floats
    full_wh: Floats
    spare_wh: Floats
    arc_wh: Floats


@dataclass(slots=True)
class _Line:
    """A day as one line of loadings, stops and the return home, with what was computed along it."""

    point: list[int]
    duration_s: list[int]
    opens_s: list[int]
    closes_s: list[int]
    trip: list[int]
    position: list[int]


def places_of(instance: Instance, made: TypeClass, trips: Trips, ready: int) -> Places:
    """The places of a day for stops whose goods are ready at that second; a day without trips has one."""
    options, task = made.options, made.options.task
    start_s, end_s = made.shift_s
    line = _Line([], [], [], [], [], [])
    for number, trip in enumerate(trips):
        wanted = max((int(instance.ready_s[task[o]]) for o in trip), default=start_s)
        loading_s = made.loading_s if number == 0 else made.turnaround_s
        _append(line, 0, loading_s, max(start_s, wanted), end_s, number, -1)
        for position, o in enumerate(trip):
            point, stands_s = int(options.point[o]), int(options.duration_s[o])
            _append(line, point, stands_s, int(options.opens_s[o]), int(options.closes_s[o]), number, position)
    _append(line, 0, 0, start_s, end_s, len(trips), -1)

    heads = _heads(made, line, None, ready)
    late = {number: _heads(made, line, number, ready) for number in range(len(trips)) if _holds_up(line, number, ready)}
    tails = _tails(made, line)
    room = _rooms(instance, made, trips)
    energy = _energies(made, trips)
    time_s, distance_m = made.time_s, made.distance_m
    busy_s = sum(line.duration_s) + sum(int(time_s[a, b]) for a, b in pairwise(line.point))
    metres = sum(int(distance_m[a, b]) for a, b in pairwise(line.point))

    rows: list[tuple[float, ...]] = []
    place: list[tuple[int, int]] = []
    for i in range(len(line.point) - 1):
        number, position = line.trip[i], line.position[i] + 1
        u, v = line.point[i], line.point[i + 1]
        head = late.get(number, heads)[i]
        arc_wh = 0.0 if made.energy_wh is None else float(made.energy_wh[u, v])
        broken = (busy_s - int(time_s[u, v]), metres - int(distance_m[u, v]))
        rows.append((u, v, *head, *tails[i + 1], *broken, 0.0, energy[number][1], arc_wh, *room[number][position]))
        place.append((number, position))
    if len(trips) < made.max_trips:
        capacity = [with_tolerance(c) for c in made.capacity] * 2
        for i in (i for i in range(len(line.point)) if line.position[i] == -1):
            number = line.trip[i]
            loading_s = made.loading_s if number == 0 else made.turnaround_s
            head = _own_head(made, line, heads, i, max(start_s, ready), loading_s)
            tail = tails[i]
            extra_s = loading_s
            if number == 0 and trips:
                tail = _tails(made, line, first_s=made.turnaround_s)[0]
                extra_s = made.turnaround_s
            full_wh, spare_wh = energy[number][0], energy[number][1] if number < len(trips) else np.inf
            own = (0, 0, *head, *tail, busy_s + extra_s, metres, full_wh, spare_wh, 0.0, *capacity)
            rows.append(own)
            place.append((number, NEW_TRIP))
    table = np.array(rows, dtype=np.float64).T
    return Places(
        place=place,
        before=table[0].astype(np.int64),
        after=table[1].astype(np.int64),
        head=table[2:5],
        ready_s=table[5],
        head_late_s=table[6],
        tail=table[7:10],
        window_s=table[10],
        shift_s=table[11],
        busy_s=table[12],
        metres=table[13],
        full_wh=table[14],
        spare_wh=table[15],
        arc_wh=table[16],
        room=table[17:23].reshape(2, 3, -1),
    )


def _append(line: _Line, point: int, duration_s: int, opens_s: int, closes_s: int, trip: int, position: int) -> None:
    line.point.append(point)
    line.duration_s.append(duration_s)
    line.opens_s.append(opens_s)
    line.closes_s.append(closes_s)
    line.trip.append(trip)
    line.position.append(position)


def _holds_up(line: _Line, number: int, ready: int) -> bool:
    """Whether goods ready at that moment would hold up the loading of a trip."""
    return any(
        line.opens_s[i] < ready for i in range(len(line.point)) if line.trip[i] == number and line.position[i] == -1
    )


Head = tuple[float, float, float, float, float]
"""Duration, earliest and latest start of a stretch, its earliest end, and its lateness."""


def _heads(made: TypeClass, line: _Line, number: int | None, ready: int) -> list[Head]:
    """The stretch up to and with each item; the loading of one trip may have to wait for further goods."""
    heads: list[Head] = []
    for i in range(len(line.point)):
        opens_s = line.opens_s[i]
        if line.trip[i] == number and line.position[i] == -1:
            opens_s = max(opens_s, ready)
        head = heads[-1] if heads else None
        point = line.point[i - 1] if heads else 0
        heads.append(_longer(made, head, point, line.point[i], line.duration_s[i], opens_s, line.closes_s[i]))
    return heads


def _own_head(made: TypeClass, line: _Line, heads: list[Head], i: int, opens_s: int, loading_s: int) -> Head:
    """The stretch up to and with the loading of a trip of its own before item ``i``."""
    head, point = (heads[i - 1], line.point[i - 1]) if i else (None, 0)
    return _longer(made, head, point, 0, loading_s, opens_s, made.shift_s[1])


def _longer(
    made: TypeClass, head: Head | None, start: int, end: int, duration_s: int, opens_s: int, closes_s: int
) -> Head:
    if head is None:
        return (duration_s, opens_s, closes_s, opens_s + duration_s, 0.0)
    elapsed = head[0] + int(made.time_s[start, end])
    arrive_s = head[3] + int(made.time_s[start, end])
    wait = max(0.0, opens_s - elapsed - head[2])
    late_s = arrive_s - closes_s if closes_s < made.shift_s[1] else 0.0
    return (
        elapsed + wait + duration_s,
        max(opens_s - elapsed, head[1]) - wait,
        min(closes_s - elapsed, head[2]),
        max(arrive_s, opens_s) + duration_s,
        max(head[4], late_s),
    )


Tail = tuple[float, float, float, float, float]
"""Duration, earliest and latest start of a stretch, and the latest arrival for its windows and for the shift."""


def _tails(made: TypeClass, line: _Line, *, first_s: int | None = None) -> list[Tail]:
    """The stretch from each item to the end; ``first_s`` in place of the first loading's duration."""
    last = len(line.point) - 1
    tails: list[Tail] = [(line.duration_s[last], line.opens_s[last], line.closes_s[last], np.inf, made.shift_s[1])]
    for i in range(last - 1, -1, -1):
        duration, earliest, latest, window_s, shift_s = tails[-1]
        stands_s = first_s if first_s is not None and i == 0 else line.duration_s[i]
        elapsed = stands_s + int(made.time_s[line.point[i], line.point[i + 1]])
        opens_s, closes_s = line.opens_s[i], line.closes_s[i]
        wait = max(0.0, earliest - elapsed - closes_s)
        last_s = closes_s if closes_s < made.shift_s[1] else np.inf
        tails.append(
            (
                elapsed + wait + duration,
                max(earliest - elapsed, opens_s) - wait,
                min(latest - elapsed, closes_s),
                min(last_s, window_s - elapsed),
                shift_s - elapsed,
            )
        )
    tails.reverse()
    return tails


def _rooms(instance: Instance, made: TypeClass, trips: Trips) -> list[list[tuple[float, ...]]]:
    """Per trip and position: kg, m³ and parcels that could be delivered there, then those that could be collected."""
    capacity = np.array([with_tolerance(c) for c in made.capacity])
    rooms = []
    for trip in trips:
        tasks = made.options.task[list(trip)]
        deliver, collect = instance.deliver[tasks], instance.collect[tasks]
        zero = np.zeros((1, 3))
        aboard = np.concatenate([zero, np.cumsum(collect, axis=0)]) + deliver.sum(axis=0)
        aboard = aboard - np.concatenate([zero, np.cumsum(deliver, axis=0)])
        most_before = np.maximum.accumulate(aboard, axis=0)
        most_after = np.maximum.accumulate(aboard[::-1], axis=0)[::-1]
        rooms.append(
            [tuple(row) for row in np.concatenate([capacity - most_before, capacity - most_after], 1).tolist()]
        )
    return rooms


def _energies(made: TypeClass, trips: Trips) -> list[tuple[float, float]]:
    """Per trip the energy at hand when it begins and what it could use more; last, what a further trip would have."""
    if made.energy_wh is None:
        return [(0.0, np.inf)] * (len(trips) + 1)
    at_hand, used = [made.usable_wh], []
    for trip in trips:
        points = [0, *(int(made.options.point[o]) for o in trip), 0]
        used.append(sum(float(made.energy_wh[a, b]) for a, b in pairwise(points)))
        at_hand.append(min(made.usable_wh, at_hand[-1] - used[-1] + made.charge_wh))
    spare = np.inf
    energies = [(at_hand[-1], spare)]
    for start_wh, use_wh in zip(at_hand[-2::-1], used[::-1], strict=True):
        unused_wh = max(0.0, start_wh - use_wh + made.charge_wh - made.usable_wh)
        spare = min(start_wh - use_wh, unused_wh + spare)
        energies.append((start_wh, spare))
    return energies[::-1]
