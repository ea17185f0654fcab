"""Descent by small moves: strings of up to three stops moved, two stops swapped, ends of trips exchanged or turned.

All moves are rated at once by what their arcs cost (wage and kilometres); only the most promising are then timed and
priced exactly, and a move is made only if the exact cost falls.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetplan.planning.schedule import Day, Timetable, Trips

TRIED = 12
"""Most promising moves that are priced exactly before a descent ends."""

LONGEST_MOVED = 3

Key = tuple[int, int]
Change = dict[Key, tuple[int, ...]]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Flat:
    """All visits of all trips, one after the other, and the gaps between them."""

    keys: list[Key]
    trips: list[tuple[int, ...]]
    node: Ints
    before: Ints
    after: Ints
    trip: Ints
    position: Ints
    kind: Ints


class Polisher:
    """Descends with the small moves of one instance."""

    def __init__(self, timetable: Timetable) -> None:
        self.timetable = timetable
        wage = timetable.pay.wage_per_h / 3600.0
        classes = timetable.instance.classes
        self.price = np.stack([np.minimum(c.time_s, 1e6) * wage + c.distance_m * c.cost_per_m for c in classes])

    def descend(self, days: list[Day], *, most: int = 200) -> list[Day]:
        """The days after as many improving moves as there are, at most ``most``."""
        days = [day for day in days if day.trips]
        for _ in range(most):
            better = self._move(days)
            if better is None:
                break
            days = better
        return days

    def _move(self, days: list[Day]) -> list[Day] | None:
        flat = _flatten(days)
        if not len(flat.node):
            return None
        found: list[tuple[float, int, int, int, int]] = []
        for kind, length, rated in self._rated(flat):
            size = rated.shape[1]
            flatly = rated.ravel()
            promising = np.flatnonzero(flatly < -1e-9)
            if len(promising) > TRIED:
                promising = promising[np.argsort(flatly[promising], kind="stable")[:TRIED]]
            found += [(float(flatly[m]), kind, length, *divmod(int(m), size)) for m in promising]
        found.sort()
        changed = list(days)
        touched: set[int] = set()
        tried = 0
        for _, kind, length, one, other in found:
            if tried >= TRIED:
                break
            change = _change(flat, kind, length, one, other)
            own = {index for index, _ in change}
            if own & touched:
                continue
            better = self._apply(days, change)
            if better is None:
                tried += 1
                continue
            touched |= own
            for index, day in better.items():
                changed[index] = day
        return [day for day in changed if day.trips] if touched else None

    def _rated(self, flat: _Flat) -> Iterator[tuple[int, int, NDArray[np.float64]]]:
        """Kinds of moves with the rated change of cost of every pair ``(visit, visit or gap)``."""
        price, node, kind, trip = self.price, flat.node, flat.kind, flat.trip
        arc_in = price[kind, flat.before, node]
        arc_out = price[kind, node, flat.after]
        depot = self.timetable.depot
        last = flat.after == depot
        # Gaps: one before every visit, and one at the end of every trip.
        u = np.concatenate([flat.before, node[last]])
        v = np.concatenate([node, np.full(int(last.sum()), depot)])
        gap_kind, gap_trip = np.concatenate([kind, kind[last]]), np.concatenate([trip, trip[last]])
        gap_at = np.concatenate([flat.position, flat.position[last] + 1])
        broken = price[gap_kind, u, v]
        inside = np.zeros(len(node))
        for length in range(1, LONGEST_MOVED + 1):
            count = len(node) - length + 1
            if count < 1:
                break
            first, end = np.arange(count), np.arange(count) + length - 1
            whole = trip[first] == trip[end]
            if length > 1:
                inside = inside[:count] + arc_out[end - 1]
            a, b, s, e = flat.before[first], flat.after[end], node[first], node[end]
            gain = arc_in[first] + arc_out[end] - price[kind[first], a, b]
            own = (gap_trip[None, :] == trip[first, None]) & (gap_at >= flat.position[first, None])
            own &= gap_at <= flat.position[first, None] + length
            for turned in (0, 1) if length > 1 else (0,):
                x, y = (e, s) if turned else (s, e)
                rated = price[gap_kind, u, x[:, None]] + price[gap_kind, y[:, None], v] - broken - gain[:, None]
                yield turned, length, np.where(own | ~whole[:, None], 0.0, rated)
        a, b = flat.before, flat.after
        k = kind[:, None]
        put = price[k, a[:, None], node[None, :]] + price[k, node[None, :], b[:, None]]
        rated = put + put.T - (arc_in + arc_out)[:, None] - (arc_in + arc_out)[None, :]
        adjacent = (trip[:, None] == trip[None, :]) & (np.abs(flat.position[:, None] - flat.position[None, :]) <= 1)
        yield 2, 0, np.where(adjacent | (np.arange(len(node))[:, None] >= np.arange(len(node))), 0.0, rated)
        # Turning the visits i … j of a trip; arcs inside are taken as equal both ways.
        rated = price[k, a[:, None], node[None, :]] + price[k, node[:, None], b[None, :]]
        rated -= arc_in[:, None] + arc_out[None, :]
        inside_trip = (trip[:, None] == trip[None, :]) & (flat.position[:, None] < flat.position[None, :])
        yield 3, 0, np.where(inside_trip, rated, 0.0)
        # Exchanging what follows gap i and gap j of two trips.
        rated = price[gap_kind[:, None], u[:, None], v[None, :]] + price[gap_kind[None, :], u[None, :], v[:, None]]
        rated -= broken[:, None] + broken[None, :]
        yield 4, 0, np.where(gap_trip[:, None] < gap_trip[None, :], rated, 0.0)

    def _apply(self, days: list[Day], change: Change) -> dict[int, Day] | None:
        """The days that a change of trips makes, by their number, if that saves money."""
        before = after = 0.0
        changed: dict[int, Day] = {}
        for index in sorted({index for index, _ in change}):
            trips: Trips = tuple(
                new for number, trip in enumerate(days[index].trips) if (new := change.get((index, number), trip))
            )
            day = self.timetable.day(days[index].vehicle, trips)
            if day is None:
                return None
            before += days[index].cost
            after += day.cost
            changed[index] = day
        return changed if after < before - 1e-9 * max(1.0, before) else None


def _flatten(days: list[Day]) -> _Flat:
    keys: list[Key] = []
    trips: list[tuple[int, ...]] = []
    rows: list[tuple[int, int, int, int, int, int]] = []
    for index, day in enumerate(days):
        depot = int(day.ends[0, 0])
        for number, trip in enumerate(day.trips):
            ends = (depot, *trip, depot)
            rows += [(x, ends[i], ends[i + 2], len(keys), i, day.vehicle) for i, x in enumerate(trip)]
            keys.append((index, number))
            trips.append(trip)
    columns = np.array(rows, dtype=np.int64).reshape(-1, 6).T
    return _Flat(keys, trips, columns[0], columns[1], columns[2], columns[3], columns[4], columns[5])


def _change(flat: _Flat, kind: int, length: int, one: int, other: int) -> Change:
    """The trips that a move changes."""
    if kind <= 1:
        return _moved(flat, one, length, _gap(flat, other), turned=kind == 1)
    if kind == 4:
        (t, i), (r, j) = _gap(flat, one), _gap(flat, other)
        first, second = flat.trips[t], flat.trips[r]
        return {flat.keys[t]: first[:i] + second[j:], flat.keys[r]: second[:j] + first[i:]}
    t, i, r, j = int(flat.trip[one]), int(flat.position[one]), int(flat.trip[other]), int(flat.position[other])
    if kind == 3:
        trip = flat.trips[t]
        return {flat.keys[t]: trip[:i] + trip[i : j + 1][::-1] + trip[j + 1 :]}
    one_trip, other_trip = list(flat.trips[t]), list(flat.trips[r])
    if t == r:
        one_trip[i], one_trip[j] = one_trip[j], one_trip[i]
        return {flat.keys[t]: tuple(one_trip)}
    one_trip[i], other_trip[j] = other_trip[j], one_trip[i]
    return {flat.keys[t]: tuple(one_trip), flat.keys[r]: tuple(other_trip)}


def _gap(flat: _Flat, number: int) -> Key:
    """Trip and position of a gap: those before visits come first, then the ends of the trips."""
    if number < len(flat.node):
        return int(flat.trip[number]), int(flat.position[number])
    trip = number - len(flat.node)
    return trip, len(flat.trips[trip])


def _moved(flat: _Flat, one: int, length: int, gap: Key, *, turned: bool) -> Change:
    t, i = int(flat.trip[one]), int(flat.position[one])
    r, j = gap
    source = flat.trips[t]
    string = source[i : i + length]
    if turned:
        string = string[::-1]
    rest = source[:i] + source[i + length :]
    if t == r:
        at = j if j <= i else j - length
        return {flat.keys[t]: rest[:at] + string + rest[at:]}
    target = flat.trips[r]
    return {flat.keys[t]: rest, flat.keys[r]: target[:j] + string + target[j:]}
