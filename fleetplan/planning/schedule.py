"""Exact timing of a vehicle's day, and of every change of it by one more stop.

A stretch of a day is a segment ``(duration, earliest, latest)``: the least time it takes, and the span of starts
for which it takes just that, waits for windows included. Two segments join in constant time, so a day's least paid
span and the effect of an insertion at any place are exact without walking along the route. The algebra is that of
T. Vidal, T. Crainic, M. Gendreau and C. Prins, "A hybrid genetic algorithm with adaptive diversity management for a
large class of vehicle routing problems with time-windows", Computers & Operations Research 40 (2013), 475–489.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetplan.planning.costing import day_cost, pay_costs
from fleetplan.planning.instance import Instance, with_tolerance

Floats = NDArray[np.float64]
Trips = tuple[tuple[int, ...], ...]
Segment = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Day:
    """One vehicle's day with its exact cost and every place where a stop may be inserted.

    Attributes:
        vehicle: number of the class.
        trips: nodes per trip; without any, the vehicle stays at home and costs nothing.
        cost, span_s, distance_m: exact; the span is the least possible paid time.
        start_s: the start of the first loading that gives this span.
        places: for each place the trip and the position in it; a trip number one beyond an existing trip's
            with position -1 means a new trip before the trip of that number.
        ends: ``int64[2, places]`` node before and node after each place.
        state: ``float64[11, places]``: segment before (3), segment after (3), room for kg, m³ and parcels (3),
            metres of the day without the arc that the place breaks, and day cost less present cost.
    """

    vehicle: int
    trips: Trips
    cost: float
    span_s: float
    distance_m: float
    start_s: float
    places: tuple[tuple[int, int], ...]
    ends: NDArray[np.int64]
    state: Floats


class Timetable:
    """Times days of an instance. Holds plain lists of the numbers, which Python reads faster than arrays."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        problem = instance.problem
        self.pay = problem.pay
        self.reload_s = float(problem.reload_s)
        self.shift_s = (float(problem.shift_s[0]), float(problem.shift_s[1]))
        self.depot = instance.size
        self.time_s = [c.time_s.tolist() for c in instance.classes]
        self.distance_m = [c.distance_m.tolist() for c in instance.classes]
        self.segments: list[list[Segment]] = [
            list(zip(c.duration_s.tolist(), c.opens_s.tolist(), c.closes_s.tolist(), strict=True))
            for c in instance.classes
        ]
        self.capacity = [tuple(with_tolerance(x) for x in c.capacity) for c in instance.classes]
        self.loads: list[list[float]] = instance.loads.tolist()
        self.loading: Segment = (self.reload_s, self.shift_s[0], self.shift_s[1] - self.reload_s)
        self.home: Segment = (0.0, self.shift_s[0], self.shift_s[1])
        self.stacks = Stacks(instance) if instance.classes else None

    def day(self, vehicle: int, trips: Trips) -> Day | None:
        """The day of a vehicle, or ``None`` when loads or times do not allow it."""
        instance, depot = self.instance, self.depot
        made = instance.classes[vehicle]
        if len(trips) > made.max_trips:
            return None
        time_s, distance_m, segments = self.time_s[vehicle], self.distance_m[vehicle], self.segments[vehicle]
        capacity, loads = self.capacity[vehicle], self.loads
        loading, home = self.loading, self.home

        if not trips:
            row = np.array([*loading, *home, *capacity, 0.0, made.cost_per_day])
            ends = np.array([[depot], [depot]], dtype=np.int64)
            return Day(vehicle, (), 0.0, 0.0, 0.0, 0.0, ((0, -1),), ends, row[:, None])

        nodes: list[int] = []
        places: list[tuple[int, int]] = []
        parts: list[Segment] = []
        rooms: list[list[float]] = [[], [], []]
        for number, trip in enumerate(trips):
            kg = m3 = parcels = 0.0
            for node in trip:
                load = loads[node]
                kg += load[0]
                m3 += load[1]
                parcels += load[2]
            if kg > capacity[0] or m3 > capacity[1] or parcels > capacity[2]:
                return None
            length = len(trip) + 1
            rooms[0] += [capacity[0] - kg] * length
            rooms[1] += [capacity[1] - m3] * length
            rooms[2] += [capacity[2] - parcels] * length
            nodes.append(depot)
            nodes += trip
            parts.append(loading)
            parts += [segments[node] for node in trip]
            places += [(number, position) for position in range(length)]
        nodes.append(depot)
        parts.append(home)
        count = len(nodes) - 1

        # The joins below are those of ``join``, written out: this is where the search spends its time.
        duration, earliest, latest = loading
        before: list[list[float]] = [[duration], [earliest], [latest]]
        keep_duration, keep_earliest, keep_latest = (column.append for column in before)
        arcs_m: list[float] = []
        u = depot
        for i in range(1, count + 1):
            v = nodes[i]
            arcs_m.append(distance_m[u][v])
            part, opens, closes = parts[i]
            elapsed = duration + time_s[u][v]
            if earliest + elapsed > closes:
                return None
            gap = opens - elapsed
            wait = gap - latest
            if wait < 0.0:
                wait = 0.0
            if gap > earliest:
                earliest = gap
            earliest -= wait
            if closes - elapsed < latest:
                latest = closes - elapsed
            duration = elapsed + part + wait
            keep_duration(duration)
            keep_earliest(earliest)
            keep_latest(latest)
            u = v
        span_s, start_s = duration, earliest
        metres = sum(arcs_m)
        cost = day_cost(made, self.pay, span_s=span_s, distance_m=metres)

        duration, earliest, latest = home
        after: list[list[float]] = [[duration], [earliest], [latest]]
        keep_duration, keep_earliest, keep_latest = (column.append for column in after)
        v = depot
        for i in range(count - 1, 0, -1):
            u = nodes[i]
            part, opens, closes = parts[i]
            elapsed = part + time_s[u][v]
            gap = earliest - elapsed
            wait = gap - closes
            if wait < 0.0:
                wait = 0.0
            if latest - elapsed < closes:
                closes = latest - elapsed
            if opens > closes:
                return None
            latest = closes
            earliest = (gap if gap > opens else opens) - wait
            duration = elapsed + duration + wait
            keep_duration(duration)
            keep_earliest(earliest)
            keep_latest(latest)
            v = u
        for column in after:
            column.reverse()

        ends = np.array([nodes[:-1], nodes[1:]], dtype=np.int64)
        state = np.empty((11, count))
        state[:3] = [column[:-1] for column in before]
        state[3:6] = after
        state[6:9] = rooms
        state[9] = metres
        state[9] -= arcs_m
        state[10] = made.cost_per_day - cost
        if len(trips) < made.max_trips:
            extra: list[tuple[float, ...]] = []
            starts = [i for i in range(count) if nodes[i] == depot]
            for number, i in enumerate(starts):
                following = (after[0][i], after[1][i], after[2][i])
                later = join(loading, following, time_s[depot][nodes[i + 1]])
                if later is not None:
                    so_far = (before[0][i], before[1][i], before[2][i])
                    extra.append((*so_far, *later, *capacity, metres, made.cost_per_day - cost))
                    places.append((number, -1))
            so_far = (before[0][-2], before[1][-2], before[2][-2])
            earlier = join(so_far, loading, time_s[nodes[-2]][depot])
            if earlier is not None:
                extra.append((*earlier, *home, *capacity, metres, made.cost_per_day - cost))
                places.append((len(trips), -1))
            if extra:
                ends = np.concatenate([ends, np.full((2, len(extra)), depot, dtype=np.int64)], axis=1)
                state = np.concatenate([state, np.array(extra).T], axis=1)
        return Day(vehicle, trips, cost, span_s, metres, start_s, tuple(places), ends, state)

    def insertion_costs(self, tasks: NDArray[np.int64], days: Sequence[Day]) -> Floats:
        """Exact change of cost when each task is inserted at each place of the days, one after the other.

        Args:
            tasks: ``int64[k]`` nodes.
            days: the days; their places follow each other.

        Returns:
            ``float64[k, places]``, infinite where loads, times or access forbid it.
        """
        stacks = self.stacks
        assert stacks is not None
        if len(days) == 1:
            ends, state = days[0].ends, days[0].state
        else:
            ends = np.concatenate([day.ends for day in days], axis=1)
            state = np.concatenate([day.state for day in days], axis=1)
        u, v = ends
        first = days[0].vehicle
        x = tasks[:, None]
        if all(day.vehicle == first for day in days):
            c: NDArray[np.int64] | int = first
        else:
            c = np.repeat([day.vehicle for day in days], [len(day.places) for day in days])
        out_s, back_s = stacks.time_s[c, u, x], stacks.time_s[c, x, v]
        duration, opens, closes = stacks.duration_s[c, x], stacks.opens_s[c, x], stacks.closes_s[c, x]
        elapsed = state[0] + out_s
        wait = np.maximum(opens - elapsed - state[2], 0.0)
        possible = (state[1] + elapsed <= closes) & stacks.allowed[c, x]
        earliest = np.maximum(opens - elapsed, state[1]) - wait
        latest = np.minimum(closes - elapsed, state[2])
        elapsed = elapsed + wait + duration + back_s
        wait = np.maximum(state[4] - elapsed - latest, 0.0)
        possible &= earliest + elapsed <= state[5]
        span_s = elapsed + wait + state[3]
        load = stacks.loads[tasks]
        possible &= (load[:, 0, None] <= state[6]) & (load[:, 1, None] <= state[7]) & (load[:, 2, None] <= state[8])
        metres = state[9] + stacks.distance_m[c, u, x] + stacks.distance_m[c, x, v]
        cost = pay_costs(self.pay, span_s) + stacks.cost_per_m[c] * metres + state[10]
        return np.where(possible, cost, np.inf)

    def insert(self, day: Day, place: tuple[int, int], node: int) -> Day | None:
        """The day with a node at one of its places."""
        number, position = place
        trips = day.trips
        if position < 0:
            return self.day(day.vehicle, (*trips[:number], (node,), *trips[number:]))
        trip = trips[number]
        changed = (*trip[:position], node, *trip[position:])
        return self.day(day.vehicle, (*trips[:number], changed, *trips[number + 1 :]))

    def remove(self, day: Day, nodes: frozenset[int]) -> Day | None:
        """The day without some nodes, trips left empty included; without any left, the day of a vehicle at home."""
        trips = tuple(left for trip in day.trips if (left := tuple(x for x in trip if x not in nodes)))
        return self.day(day.vehicle, trips)


class Stacks:
    """The classes' arrays, one above the other."""

    def __init__(self, instance: Instance) -> None:
        classes = instance.classes
        self.time_s = np.stack([c.time_s for c in classes])
        self.distance_m = np.stack([c.distance_m for c in classes])
        self.duration_s = np.stack([c.duration_s for c in classes])
        self.opens_s = np.stack([c.opens_s for c in classes])
        self.closes_s = np.stack([c.closes_s for c in classes])
        self.allowed = np.stack([c.allowed for c in classes])
        self.cost_per_m = np.array([c.cost_per_m for c in classes])
        self.loads = instance.loads


def join(first: Segment, second: Segment, travel_s: float) -> Segment | None:
    """Two segments one after the other with a drive between, or ``None`` when the second is always too late."""
    elapsed = first[0] + travel_s
    if first[1] + elapsed > second[2]:
        return None
    gap = second[1] - elapsed
    wait = gap - first[2]
    if wait < 0.0:
        wait = 0.0
    earliest = gap if gap > first[1] else first[1]
    latest = second[2] - elapsed
    return (
        elapsed + second[0] + wait,
        earliest - wait,
        latest if latest < first[2] else first[2],
    )
