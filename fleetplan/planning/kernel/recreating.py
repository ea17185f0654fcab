"""Putting stops back: one after the other, each where it costs least, now and then overlooking a place on purpose.

The orders, and the chance of a blink, are those of Christiaens and Vanden Berghe (see ``ruining.py``).
"""

from __future__ import annotations

from typing import Any

from fleetplan.compiling import compiled, inlined
from fleetplan.planning.kernel.chance import below, uniform
from fleetplan.planning.kernel.classes import change_class, cost_as
from fleetplan.planning.kernel.inserting import price_gap, price_trip, put_in_gap, put_on_day, put_on_trip
from fleetplan.planning.kernel.layout import (
    BASE,
    BUSY,
    CAPACITY,
    CLASS,
    CLOSE_TASKS,
    COLLECT,
    COST,
    COUNT,
    DAY,
    DELIVER,
    END,
    FIXED,
    KIND,
    LENGTH,
    MOST_STOPS,
    MOST_TRIPS,
    NEXT,
    NOW,
    PAID_MIN,
    PER_M,
    PREV,
    RELOAD,
    SORT,
    SPAN,
    START,
    STOPS,
    TRIPS,
    TURNAROUND,
    UNPAID,
    UNSERVED,
    WAGE,
    WIDTH,
)
from fleetplan.planning.kernel.linking import spare_marker, start_of
from fleetplan.planning.kernel.loads import burden, burden_of, overload_with
from fleetplan.planning.kernel.ruining import touch
from fleetplan.planning.kernel.timing import INFINITE, wages

ALL, NONE = -1, -2
"""Classes of which new vehicles are offered in a step, where it is not one of them alone."""

WHOLE_DAY, PRO_RATA = 1.0, -1.0
"""Shares of a new vehicle's day that count in a step, where it is no given one: all of it, and what a task fills."""


@compiled
def sort_taken(w: Any, work: Any, rng: Any) -> None:
    """Order the removed tasks: at random, or by load, distance, or windows."""
    count = work.taken[0]
    draw = below(rng, 17 if w.timed else 11)
    for k in range(1, count + 1):
        x = work.taken[k]
        if draw < 4:
            key = uniform(rng)
        elif draw < 8:
            key = -w.task[x, SORT]
        elif draw < 10:
            key = -w.task[x, SORT + 1]
        elif draw < 11:
            key = w.task[x, SORT + 1]
        elif draw < 13:
            key = w.task[x, SORT + 2]
        elif draw < 15:
            key = w.task[x, SORT + 3]
        else:
            key = -w.task[x, SORT + 4]
        j = k - 1
        while j >= 1 and work.order[j] > key:
            work.order[j + 1] = work.order[j]
            work.taken[j + 1] = work.taken[j]
            j -= 1
        work.order[j + 1] = key
        work.taken[j + 1] = x


@inlined
def _consider_gap(w: Any, s: Any, work: Any, x: int, u: int, upgrades: bool) -> None:
    """Price the gap after ``u`` and keep it when it is the best so far."""
    r = s.entity[u, DAY]
    c = s.info[r, CLASS]
    if s.info[r, STOPS] >= w.numbers[c, MOST_STOPS]:
        return
    strained = burden(overload_with(w, s, c, x, u), work.strain[NOW])
    if strained < INFINITE:
        change, o = price_gap(w, s, r, x, u, work.best[0] - strained)
        change += strained
        if change < work.best[0]:
            work.best[0] = change
            work.place[0] = 0
            work.place[1] = u
            work.place[2] = o
    if upgrades and strained > 0.0:
        change, o = price_gap(w, s, r, x, u, work.best[1])
        if change < work.best[1]:
            work.best[1] = change
            work.place[3] = u
            work.place[4] = o


@inlined
def least_trip(w: Any, s: Any, r: int, x: int) -> float:
    """The least that a trip of its own for a task adds to a day: kilometres, and wages if no more is waited."""
    c = s.info[r, CLASS]
    base, width = w.numbers[c, BASE], w.numbers[c, WIDTH]
    busy_s = s.day[r, BUSY] + w.amounts[c, TURNAROUND] - s.day[r, UNPAID]
    now = wages(w, s.day[r, SPAN] - s.day[r, UNPAID])
    least = INFINITE
    for o in range(w.options[c * w.n + x, 0], w.options[c * w.n + x, 1]):
        out, back = base + w.point[o], base + w.point[o] * width
        cost = w.amounts[c, PER_M] * (float(w.table[out, 1]) + float(w.table[back, 1]))
        if w.timed:
            cost += wages(w, busy_s + float(w.table[out, 0]) + w.option[o, LENGTH] + float(w.table[back, 0])) - now
        least = min(least, cost)
    return least


@compiled
def _consider_trips(w: Any, s: Any, work: Any, x: int, r: int) -> None:
    """Price a trip of its own at every place of a day."""
    c = s.info[r, CLASS]
    if s.info[r, TRIPS] >= w.numbers[c, MOST_TRIPS] or s.info[r, STOPS] >= w.numbers[c, MOST_STOPS]:
        return
    if least_trip(w, s, r, x) >= work.best[0]:
        return
    e = start_of(w, r)
    while e >= 0:
        kind = s.entity[e, KIND]
        if kind == START or kind == RELOAD or kind == END:
            change, o = price_trip(w, s, r, x, e)
            if change < work.best[0]:
                work.best[0] = change
                work.place[0] = 1
                work.place[1] = e
                work.place[2] = o
        e = s.entity[e, NEXT]


@compiled
def _scan_all(w: Any, s: Any, work: Any, x: int) -> None:
    """Price every gap of every day: for a task that found no place among its neighbours."""
    for r in range(w.slots):
        if (
            s.info[r, STOPS] == 0
            or w.options[s.info[r, CLASS] * w.n + x, 1] == w.options[s.info[r, CLASS] * w.n + x, 0]
        ):
            continue
        e = start_of(w, r)
        while s.entity[e, NEXT] >= 0:
            _consider_gap(w, s, work, x, e, w.classes > 1)
            e = s.entity[e, NEXT]
        _consider_trips(w, s, work, x, r)


@inlined
def _share_of(w: Any, c: int, x: int) -> float:
    """Share of a vehicle of class ``c`` that a task fills."""
    most = 0.0
    for k in range(w.dims):
        if w.amounts[c, CAPACITY + k] > 0.0:
            most = max(most, max(w.task[x, DELIVER + k], w.task[x, COLLECT + k]) / w.amounts[c, CAPACITY + k])
    return most


@inlined
def _opening_cost(w: Any, c: int, x: int, share: float) -> float:
    """What a new vehicle of class ``c`` for a task counts: its day alone, or, while a step is generous, part of that.

    One class alone counts its kilometres whole and a share of what every day costs. Among several classes the whole
    day counts by the share of the vehicle that the task fills, so that they meet by what they cost once they are full;
    one that no load fills counts as if it were alone.
    """
    cost = w.alone[c * w.n + x]
    if share == WHOLE_DAY:
        return float(cost)
    if w.classes > 1:
        filled = _share_of(w, c, x)
        if filled > 0.0:
            return float(cost * filled if share == PRO_RATA else cost * (share * filled))
    if share == PRO_RATA:
        share = w.task[x, SORT]
    return float(cost - (1.0 - share) * (w.amounts[c, FIXED] + w.pay[WAGE] * w.pay[PAID_MIN]))


@compiled
def find_place(w: Any, s: Any, work: Any, rng: Any, x: int, share: float, offered: int, blink: float) -> None:
    """The cheapest place for a task, in ``work.best[0]`` and ``work.place``: kind, entity or class, option."""
    work.best[0] = INFINITE
    work.best[1] = INFINITE
    work.place[0] = -1
    work.token[0] += 1
    token = work.token[0]
    upgrades = w.classes > 1 and offered == ALL
    for c in range(w.classes):
        if s.used[c] < w.numbers[c, COUNT] and offered in (ALL, c) and w.alone[c * w.n + x] < INFINITE:
            cost = _opening_cost(w, c, x, share)
            if cost < work.best[0]:
                work.best[0] = cost
                work.place[0] = 2
                work.place[1] = c
    for k in range(CLOSE_TASKS):
        y = w.close[x, k]
        if y < 0:
            break
        r = s.entity[y, DAY]
        if r < 0:
            continue
        c = s.info[r, CLASS]
        if w.options[c * w.n + x, 1] == w.options[c * w.n + x, 0]:
            continue
        if work.seen[y] != token:
            work.seen[y] = token
            if uniform(rng) >= blink:
                _consider_gap(w, s, work, x, y, upgrades)
        u = s.entity[y, PREV]
        if work.seen[u] != token:
            work.seen[u] = token
            if uniform(rng) >= blink:
                _consider_gap(w, s, work, x, u, upgrades)
    for k in range(CLOSE_TASKS):
        y = w.close[x, k]
        if y < 0:
            break
        r = s.entity[y, DAY]
        if r >= 0 and w.numbers[s.info[r, CLASS], MOST_TRIPS] > 1 and work.day_seen[r] != token:
            work.day_seen[r] = token
            _consider_trips(w, s, work, x, r)
    if upgrades and work.best[1] < work.best[0]:
        _consider_upgrades(w, s, work, x)
    if work.place[0] < 0 and offered == ALL:
        _scan_all(w, s, work, x)
        if upgrades and work.best[1] < work.best[0]:
            _consider_upgrades(w, s, work, x)


@compiled
def _consider_upgrades(w: Any, s: Any, work: Any, x: int) -> None:
    """The best gap of a full vehicle, if a larger one drives that day."""
    u, o = work.place[3], work.place[4]
    r = s.entity[u, DAY]
    own = s.info[r, CLASS]
    now = s.day[r, COST] + burden_of(w, s, r, work.strain[NOW])
    for c in range(w.classes):
        if c == own or s.used[c] >= w.numbers[c, COUNT]:
            continue
        cost = cost_as(w, s, r, c, x, o, u, work.strain[NOW])
        if cost < INFINITE:
            change = cost - now
            if change < work.best[0]:
                work.best[0] = change
                work.place[0] = 3
                work.place[1] = c


@compiled
def put_back(w: Any, s: Any, work: Any, rng: Any, x: int, share: float, offered: int, blink: float) -> bool:
    """Insert a task where it costs least; false when it stays out."""
    find_place(w, s, work, rng, x, share, offered, blink)
    kind = work.place[0]
    if kind < 0 or work.best[0] >= w.task[x, UNSERVED]:
        return False
    if kind == 0:
        u = work.place[1]
        touch(s, work, s.entity[u, DAY])
        put_in_gap(w, s, x, work.place[2], u)
    elif kind == 1:
        m = work.place[1]
        r = s.entity[m, DAY]
        if spare_marker(w, s, r) < 0:
            return False
        touch(s, work, r)
        put_on_trip(w, s, x, work.place[2], m)  # a day that cannot be driven so has a fault, and the step is undone
    elif kind == 2:
        r = put_on_day(w, s, x, work.place[1])
        if r < 0:
            return False
        touch(s, work, r)
    else:
        u = work.place[3]
        r = s.entity[u, DAY]
        touch(s, work, r)
        o = work.place[4]
        put_in_gap(w, s, x, o, u)
        change_class(w, s, r, work.place[1])
    return True
