"""From an instance to the arrays of the search, and from those back to days."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fleetplan.planning.instance import FAR_S, Instance, TypeClass, with_tolerance
from fleetplan.planning.kernel.bundles import Bundle
from fleetplan.planning.kernel.inserting import price_alone
from fleetplan.planning.kernel.layout import (
    CLOSE_TASKS,
    COLLECT,
    DELIVER,
    NEAR_TASKS,
    READY_AT,
    SOFT,
    SORT,
    TASK_FLOATS,
    UNSERVED,
    Floats,
    Ints,
    Ints32,
    World,
    empty_state,
)
from fleetplan.planning.problem import DrivingRule

OPTION_COLUMNS = ("duration_s", "opens_s", "closes_s", "price")
OPTION_KEYS = ("first", "point", *OPTION_COLUMNS)

DRIVING_RESTS = 8
"""No day of the search takes more rests for the driving rule alone."""

NEVER = 1e18
IMPOSSIBLE = 1e300

TRIPS_LIMIT = 30
"""No vehicle of the search makes more trips a day."""

BLOCK = 512
"""Tasks whose neighbours are found at once: whole tables of 5,000 tasks took gigabytes."""

WAIT_WEIGHT, LATE_WEIGHT = 0.2, 1.0
"""Weights of waiting and lateness in the closeness of two tasks (Vidal and others 2013, see ``timing.py``)."""


def make_world(instance: Instance) -> Bundle:
    """The arrays of an instance (see ``layout.World``)."""
    n, classes = instance.size, instance.classes
    problem = instance.problem
    pay, wage = problem.pay, problem.pay.wage_per_h / 3600.0
    dims = _binding_loads(instance)
    near, close, path = _neighbours(instance, wage)
    places = [_places(c, path) for c in classes]
    table, park, base, width, park_base = _tables(instance, places)
    energy, energy_base = _energy(instance, places)
    offsets = np.concatenate([[0], np.cumsum([len(c.options.task) for c in classes])])
    firsts = np.stack([c.options.first + offsets[k] for k, c in enumerate(classes)])

    rests = [(r.duration_s, *r.window_s, float(r.after_s), not r.paid, 1.0) for r in problem.rests]
    limit_s = math.inf
    if problem.driving_rule is not None:
        rule = problem.driving_rule
        limit_s = float(rule.limit_s)
        whole = (min(c.shift_s[0] for c in classes), max(c.shift_s[1] for c in classes))
        rests = [(*rest[:5], float(rest[0] >= rule.rest_s)) for rest in rests]
        rests += [(rule.rest_s, *whole, NEVER, not rule.paid, 1.0)] * _driving_rests(rule, whole[1] - whole[0])
    most_trips = [min(c.max_trips, TRIPS_LIMIT, max(1, n)) for c in classes]
    option = [np.stack([getattr(c.options, name) for name in OPTION_COLUMNS], axis=1) for c in classes]
    numbers = [
        (base[k], width[k], park_base[k], energy_base[k], c.count, most_trips[k], c.max_stops, _group(classes, k))
        for k, c in enumerate(classes)
    ]
    alone, alone_option = _alone(instance)
    content = World(
        n=n,
        classes=len(classes),
        slots=min(n, sum(c.count for c in classes)),
        own=max(most_trips, default=1) - 1 + len(rests),
        dims=len(dims),
        timed=int(_timed(instance)),
        readies=int(any(t.ready_s is not None for t in problem.tasks)),
        collects=int(bool(instance.collect.any())),
        batteries=int(any(c.energy_wh is not None for c in classes)),
        rules=len(rests),
        priced=int(instance.priced),
        options=np.stack([firsts[:, :-1], firsts[:, 1:]], axis=2).reshape(-1, 2).astype(np.int32),
        point=np.concatenate([np.argsort(p)[c.options.point] for c, p in zip(classes, places, strict=True)]).astype(
            np.int32
        ),
        option=np.concatenate(option).astype(np.float64),
        table=table,
        park=park,
        energy=energy,
        numbers=np.array(numbers, dtype=np.int64),
        amounts=np.array([_amounts(c, dims) for c in classes], dtype=np.float64),
        per_vehicle=_per_vehicle(instance, dims),
        task=_tasks(instance, dims, alone),
        pay=np.array([wage, pay.min_s, pay.overtime_after_s, wage * (pay.overtime_factor - 1.0), limit_s]),
        rests=np.array(rests, dtype=np.float64).reshape(-1, 6),
        alone=alone.ravel(),
        alone_option=alone_option.ravel(),
        near=near,
        close=close,
    )
    world = Bundle(content)
    if rests and world.slots:
        price_alone(world, empty_state(world))
    return world


def _driving_rests(rule: DrivingRule, longest_s: int) -> int:
    """Most rests that the driving rule can ask for in a day: two drives with a rest between exceed the limit."""
    return min(DRIVING_RESTS, max(1, 2 * longest_s // (rule.limit_s + 2 * rule.rest_s)))


def _amounts(c: TypeClass, dims: list[int]) -> list[float]:
    """A class's amounts in the order of the layout's columns."""
    capacity = [with_tolerance(c.capacity[d]) for d in dims]
    times = [c.max_span_s, *c.shift_s, c.loading_s, c.turnaround_s]
    return [c.cost_per_day, c.cost_per_m, *times, c.usable_wh, c.charge_wh, *capacity, *[math.inf] * (3 - len(dims))]


def _group(classes: Sequence[TypeClass], k: int) -> int:
    """The first class that shares tables and options with class ``k``."""
    one = classes[k]
    for j, other in enumerate(classes):
        same = other.time_s is one.time_s and other.distance_m is one.distance_m
        if same and all(np.array_equal(getattr(one.options, x), getattr(other.options, x)) for x in OPTION_KEYS):
            return j
    return k


def _binding_loads(instance: Instance) -> list[int]:
    """Loads that some class limits."""
    return [d for d in range(3) if any(math.isfinite(c.capacity[d]) for c in instance.classes)]


def _timed(instance: Instance) -> bool:
    """Whether time can play a part: not where nothing takes any and all windows are whole."""
    problem = instance.problem
    if problem.pay.wage_per_h > 0 or problem.rests or problem.driving_rule:
        return True
    if any(t.ready_s is not None for t in problem.tasks):
        return True
    for c in instance.classes:
        options = c.options
        busy = float(options.duration_s.sum()) + c.turnaround_s * instance.size
        reachable = c.time_s[c.time_s < FAR_S]
        busy += float(reachable.max(initial=0)) * 2 * instance.size
        if len(reachable) < c.time_s.size or busy > min(c.shift_s[1] - c.shift_s[0], c.max_span_s):
            return True
        if options.price.any():
            return True
        if len(options.task) and (options.opens_s.max() > c.shift_s[0] or options.closes_s.min() < c.shift_s[1]):
            return True
    return False


def _places(c: TypeClass, path: Sequence[int]) -> Ints:
    """The class's points in an order that keeps neighbours together, so that the tables' cells near a task share
    cache lines; the depot stays first."""
    rank = np.full(len(c.time_s), len(path), dtype=np.int64)
    at = np.empty(len(path), dtype=np.int64)
    at[path] = np.arange(len(path))
    np.minimum.at(rank, c.options.point, at[c.options.task])
    rank[0] = -1
    return np.argsort(rank, kind="stable")


def _tables(instance: Instance, places: Sequence[Ints]) -> tuple[Ints32, Ints32, list[int], list[int], list[int]]:
    """Seconds and metres of all classes one after the other, shared tables once; parking; and where each begins."""
    seen: dict[tuple[int, int, bytes], tuple[int, int]] = {}
    pending: list[tuple[int, TypeClass, Ints]] = []
    base, width, park_base = [], [], []
    at = park_at = 0
    for c, place in zip(instance.classes, places, strict=True):
        key = (id(c.time_s), id(c.distance_m), place.tobytes())
        if key not in seen:
            seen[key] = (at, park_at)
            pending.append((at, c, place))
            at += c.time_s.size
            park_at += len(c.park_s)
        base.append(seen[key][0])
        park_base.append(seen[key][1])
        width.append(len(c.time_s))
    table = np.empty((at, 2), dtype=np.int32)
    for begin, c, place in pending:
        cells = table[begin : begin + c.time_s.size]
        grid = np.ix_(place, place)
        cells[:, 0] = c.time_s[grid].ravel()
        cells[:, 1] = c.distance_m[grid].ravel()
    return table, np.concatenate([c.park_s[place] for _, c, place in pending]), base, width, park_base


def _energy(instance: Instance, places: Sequence[Ints]) -> tuple[Floats, list[int]]:
    base, parts, at = [], [], 0
    for c, place in zip(instance.classes, places, strict=True):
        if c.energy_wh is None:
            base.append(-1)
            continue
        base.append(at)
        parts.append(c.energy_wh[np.ix_(place, place)].ravel())
        at += c.energy_wh.size
    return np.concatenate(parts) if parts else np.zeros(1), base


def _alone(instance: Instance) -> tuple[Floats, Ints32]:
    """Cost of the cheapest day for each class and task alone, and its option."""
    n, pay = instance.size, instance.problem.pay
    cost = np.full((len(instance.classes), n), IMPOSSIBLE)
    chosen = np.full((len(instance.classes), n), -1, dtype=np.int32)
    offset = 0
    for k, c in enumerate(instance.classes):
        o = c.options
        out = c.time_s[0, o.point].astype(np.float64)
        back = c.time_s[o.point, 0].astype(np.float64)
        span = c.loading_s + out + o.duration_s + back
        wages = pay.wage_per_h / 3600.0 * np.maximum(span, pay.min_s)
        wages += pay.wage_per_h / 3600.0 * (pay.overtime_factor - 1.0) * np.maximum(0.0, span - pay.overtime_after_s)
        served = np.maximum(o.opens_s, np.maximum(c.shift_s[0], instance.ready_s[o.task]) + c.loading_s + out)
        sound = (served <= o.closes_s) & (served + o.duration_s + back <= c.shift_s[1]) & (span <= c.max_span_s)
        if c.energy_wh is not None:
            sound &= c.energy_wh[0, o.point] + c.energy_wh[o.point, 0] <= with_tolerance(c.usable_wh)
        metres = c.distance_m[0, o.point].astype(np.float64) + c.distance_m[o.point, 0]
        money = c.cost_per_day + c.cost_per_m * metres + wages + o.price
        money[~sound] = IMPOSSIBLE
        order = np.lexsort((money, o.task))
        firsts = np.unique(o.task[order], return_index=True)[1]
        best = order[firsts]
        cost[k, o.task[best]] = money[best]
        chosen[k, o.task[best]] = best + offset
        offset += len(o.task)
    return cost, chosen


def _neighbours(instance: Instance, wage: float) -> tuple[Ints32, Ints32, list[int]]:
    """For each task those that are near, and those that are close, windows counted; and a path among neighbours."""
    n = instance.size
    near = np.full((n, NEAR_TASKS), -1, dtype=np.int32)
    close = np.full((n, CLOSE_TASKS), -1, dtype=np.int32)
    plain = np.full((n, n), np.inf, dtype=np.float32)
    closeness = [_Closeness(c, wage) for c in instance.classes]
    for begin in range(0, n, BLOCK):
        rows = np.arange(begin, min(n, begin + BLOCK))
        windowed = np.full((len(rows), n), np.inf, dtype=np.float32)
        for one in closeness:
            one.lower(plain, windowed, rows)
        block = plain[begin : begin + BLOCK]
        for table, out in ((block, near), (windowed, close)):
            table[np.arange(len(rows)), rows] = np.inf
            count = max(0, min(out.shape[1], n - 1))
            if count:
                part = np.argpartition(table, count - 1, axis=1)[:, :count]
                part.sort(axis=1)
                costs = np.take_along_axis(table, part, axis=1)
                out[rows, :count] = np.take_along_axis(part, np.argsort(costs, axis=1, kind="stable"), axis=1)
    return near, close, _path(plain)


class _Closeness:
    """What the way between two tasks costs a class, and what waiting and lateness weigh on it."""

    def __init__(self, made: TypeClass, wage: float) -> None:
        o = made.options
        self.made, self.wage = made, wage
        self.able = np.flatnonzero(made.allowed)
        first = o.first[:-1][self.able]
        self.point = o.point[first]
        self.duration_s = o.duration_s[first]
        if len(self.able):
            self.begins_s = np.minimum.reduceat(o.opens_s, first).astype(np.float64)
            self.lasts_s = np.maximum.reduceat(o.closes_s, first).astype(np.float64)

    def lower(self, plain: NDArray[np.float32], windowed: NDArray[np.float32], rows: Ints) -> None:
        """Put what is less into rows of ``plain``, and into ``windowed``, which holds these rows only."""
        own = np.flatnonzero(np.isin(self.able, rows))
        if not len(own):
            return
        everyone = np.arange(len(self.able))
        out, weighed_out = self._arcs(own, everyone)
        back, weighed_back = self._arcs(everyone, own)
        grid = np.ix_(self.able[own], self.able)
        plain[grid] = np.minimum(plain[grid], np.minimum(out, back.T))
        grid = np.ix_(self.able[own] - rows[0], self.able)
        windowed[grid] = np.minimum(windowed[grid], np.minimum(weighed_out, weighed_back.T))

    def _arcs(self, x: Ints, y: Ints) -> tuple[Floats, Floats]:
        """Cost of each arc from ``x`` to ``y``, and with waiting and lateness."""
        made, wage = self.made, self.wage
        cells = np.ix_(self.point[x], self.point[y])
        travel_s = made.time_s[cells].astype(np.float64)
        arc = made.cost_per_m * made.distance_m[cells] + wage * np.minimum(travel_s, 1e7)
        if made.cost_per_m == 0 and wage == 0:
            arc = made.distance_m[cells].astype(np.float64)
        done_s = self.duration_s[x][:, None] + travel_s
        wait_s = np.maximum(0.0, self.begins_s[y][None, :] - done_s - self.lasts_s[x][:, None])
        late_s = np.maximum(0.0, self.begins_s[x][:, None] + done_s - self.lasts_s[y][None, :])
        scale = wage if wage > 0 else made.cost_per_m if made.cost_per_m > 0 else 1.0
        waits = WAIT_WEIGHT * np.minimum(wait_s, 1e7) + LATE_WEIGHT * np.minimum(late_s, 1e7)
        return arc, arc + scale * waits


def _path(costs: NDArray[np.float32]) -> list[int]:
    """All tasks, each followed by the nearest that is left."""
    n = len(costs)
    path: list[int] = []
    left = np.ones(n, dtype=bool)
    x = 0
    for _ in range(n):
        path.append(x)
        left[x] = False
        x = int(np.where(left, costs[x], np.inf).argmin())
        if not left[x] and len(path) < n:
            x = int(left.argmax())
    return path


def _per_vehicle(instance: Instance, dims: list[int]) -> Floats:
    """Share of the largest vehicle that a unit of each load is; of all that there is to carry, where that is less."""
    share = np.ones(3)
    for k, d in enumerate(dims):
        most = max(float(instance.deliver[:, d].sum()), float(instance.collect[:, d].sum()))
        most = min(most, max((c.capacity[d] for c in instance.classes if c.count), default=most))
        share[k] = 1.0 / most if most > 0.0 else 1.0
    return share


def _tasks(instance: Instance, dims: list[int], alone: Floats) -> Floats:
    """The tasks' rows."""
    table = np.zeros((instance.size, TASK_FLOATS))
    largest = np.array([max((c.capacity[d] for c in instance.classes if c.count), default=1.0) for d in dims])
    largest = np.where(largest > 0, largest, 1.0)
    deliver, collect = instance.deliver[:, dims], instance.collect[:, dims]
    table[:, DELIVER : DELIVER + len(dims)] = deliver
    table[:, COLLECT : COLLECT + len(dims)] = collect
    table[:, READY_AT] = instance.ready_s
    table[:, UNSERVED] = instance.unserved_cost
    table[:, SOFT] = instance.unserved_cost
    if not instance.priced:
        # A day of its own is what serving the task is worth at most; those that cannot be served are all alike.
        own = alone.min(axis=0, initial=IMPOSSIBLE)
        common = float(own[own < IMPOSSIBLE].mean()) if (own < IMPOSSIBLE).any() else 1.0
        table[:, SOFT] = np.where(own < IMPOSSIBLE, own, common) * (1.0 + instance.priority)
    table[:, SORT] = (np.maximum(deliver, collect) / largest).max(axis=1, initial=0.0)
    for c in reversed(instance.classes):
        o = c.options
        table[o.task, SORT + 1] = c.distance_m[0, o.point]
        table[o.task, SORT + 2] = o.closes_s - o.opens_s
        table[o.task, SORT + 3] = o.opens_s
        table[o.task, SORT + 4] = o.closes_s
    return table
