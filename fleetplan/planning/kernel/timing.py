"""Days in the compiled search: their exact times and costs.

A stretch of a day is a segment ``(duration, earliest, latest)``: the least time it takes, and the span of starts for
which it takes just that, waits included. Two segments join in constant time (T. Vidal, T. Crainic, M. Gendreau and
C. Prins, "A hybrid genetic algorithm with adaptive diversity management for a large class of vehicle routing problems
with time-windows", Computers & Operations Research 40 (2013), 475–489). ``planning.schedule`` does the same in plain
Python and is what tests hold this to.
"""

from __future__ import annotations

from typing import Any

from fleetplan.compiling import compiled, inlined
from fleetplan.planning.kernel.layout import (
    ARC_M,
    BASE,
    BROKEN,
    BUSY,
    CHARGE,
    CLASS,
    CLOSES,
    COLLECT,
    COST,
    DELIVER,
    DRIVE_LIMIT,
    DRIVEN,
    DRIVES_LONG,
    END,
    ENERGY,
    ENERGY_BASE,
    FAULT,
    FIXED,
    KIND,
    LACKS_REST,
    LATE,
    LENGTH,
    LOAD,
    LOADING,
    METRES,
    MID,
    MOST_SPAN,
    NEXT,
    OPENS,
    OPTION,
    OVERTIME_AFTER,
    OVERTIME_EXTRA,
    PAID_MIN,
    PARK_BASE,
    PER_M,
    POINT,
    PRE,
    PREV,
    PRICE,
    READY,
    READY_AT,
    RELOAD,
    REST,
    REST_AFTER,
    REST_CLOSES,
    REST_COUNTS,
    REST_OPENS,
    REST_S,
    REST_UNPAID,
    ROOM,
    RULE,
    SHIFT,
    SHIFT_END,
    SPAN,
    START,
    STOPS,
    SUF,
    TAKEN,
    TASK,
    TO_DRIVE,
    TRIP,
    TRIPS,
    TURNAROUND,
    UNPAID,
    USABLE,
    WAGE,
    WIDTH,
)
from fleetplan.planning.kernel.linking import start_of

INFINITE = 1e300
"""Stands for the price of what cannot be."""

TINY = 1e-6

SPARK = 5e-10
"""Watt hours that may be missing through rounding; less than the checker allows."""


@inlined
def join(
    duration: float, earliest: float, latest: float, travel: float, second: float, opens: float, closes: float
) -> Any:
    """Two segments with a drive between: duration, earliest, latest, and whether the second can still be met."""
    elapsed = duration + travel
    gap = opens - elapsed
    wait = gap - latest
    if wait < 0.0:
        wait = 0.0
    start = gap if gap > earliest else earliest
    end = closes - elapsed
    return elapsed + second + wait, start - wait, end if end < latest else latest, earliest + elapsed <= closes


@inlined
def wages(w: Any, paid_s: float) -> float:
    """Money for so many paid seconds."""
    cost = w.pay[WAGE] * (paid_s if paid_s > w.pay[PAID_MIN] else w.pay[PAID_MIN])
    if paid_s > w.pay[OVERTIME_AFTER]:
        cost += w.pay[OVERTIME_EXTRA] * (paid_s - w.pay[OVERTIME_AFTER])
    return float(cost)


@inlined
def busier_s(w: Any, o: int, there: int, back: int, direct: int) -> float:
    """Seconds that option ``o`` adds to a day, waiting aside, by the cells of the new arcs and of the old one."""
    return float(w.table[there, 0]) + float(w.option[o, LENGTH]) + float(w.table[back, 0]) - float(w.table[direct, 0])


@inlined
def segment_of(w: Any, s: Any, c: int, e: int) -> Any:
    """Duration, opening and close of one entity in a day of class ``c``."""
    kind = s.entity[e, KIND]
    if kind == TASK:
        o = s.entity[e, OPTION]
        return w.option[o, LENGTH], w.option[o, OPENS], w.option[o, CLOSES]
    if kind == REST:
        k = s.entity[e, RULE]
        return w.rests[k, REST_S], w.rests[k, REST_OPENS], w.rests[k, REST_CLOSES]
    if kind == END:
        return 0.0, w.amounts[c, SHIFT], w.amounts[c, SHIFT_END]
    length = w.amounts[c, LOADING] if kind == START else w.amounts[c, TURNAROUND]
    ready = s.trip[e - w.n, READY]
    return length, ready if ready > w.amounts[c, SHIFT] else w.amounts[c, SHIFT], w.amounts[c, SHIFT_END]


@inlined
def drive_s(w: Any, c: int, p: int, q: int) -> float:
    """Seconds of driving between two points, without parking."""
    seconds = float(w.table[w.numbers[c, BASE] + p * w.numbers[c, WIDTH] + q, 0])
    return seconds - w.park[w.numbers[c, PARK_BASE] + q] if p != q else seconds


@compiled
def refresh(w: Any, s: Any, r: int) -> bool:
    """Work out everything of a day from its links, and correct the total; false when it cannot be driven so.

    Loads are not looked at.
    """
    c = s.info[r, CLASS]
    start = start_of(w, r)
    _follow(w, s, r, c)
    return _closed(w, s, r, c, start, start + 1)


@compiled
def grow(w: Any, s: Any, r: int, x: int) -> bool:
    """Work out a day that has task ``x`` more than when ``refresh`` last did; what stays is not gone through again.

    False when the day cannot be driven so; loads are not looked at. Long days of many trips are what this is for.
    """
    if w.rules or s.info[r, FAULT]:
        return refresh(w, s, r)
    c, o = s.info[r, CLASS], s.entity[x, OPTION]
    base, width, energy_base = w.numbers[c, BASE], w.numbers[c, WIDTH], w.numbers[c, ENERGY_BASE]
    u, v = s.entity[x, PREV], s.entity[x, NEXT]
    m = s.entity[u, TRIP]
    p, i, q = s.entity[u, POINT], w.point[o], s.entity[v, POINT]
    s.entity[x, TRIP], s.entity[x, POINT] = m, i
    for k in range(w.dims):
        s.trip[m - w.n, LOAD + k] += w.task[x, DELIVER + k]
    first = x
    if w.task[x, READY_AT] > s.trip[m - w.n, READY]:
        s.trip[m - w.n, READY] = w.task[x, READY_AT]
        first = m
    out, back = float(w.table[base + p * width + i, 1]), float(w.table[base + i * width + q, 1])
    s.day[r, METRES] += out + back - s.segment[u, ARC_M]
    s.segment[u, ARC_M], s.segment[x, ARC_M] = out, back
    s.day[r, LATE] += w.option[o, PRICE]
    s.day[r, BUSY] += busier_s(w, o, base + p * width + i, base + i * width + q, base + p * width + q)
    s.info[r, STOPS] += 1
    if energy_base >= 0:
        there, away = w.energy[energy_base + p * width + i], w.energy[energy_base + i * width + q]
        s.trip[m - w.n, ENERGY] += there + away - w.energy[energy_base + p * width + q]
    return _closed(w, s, r, c, first, x)


@inlined
def _closed(w: Any, s: Any, r: int, c: int, first: int, last: int) -> bool:
    """Times from ``first`` on and up to ``last``, peaks, rooms and cost of a day whose links and sums are right."""
    fault = 0
    span = 0.0
    if w.timed:
        fault = _times(w, s, r, c, first, last)
        span = s.segment[start_of(w, r) + 1, PRE]
    s.day[r, SPAN] = span
    if w.collects:
        _peaks(w, s, r)
    if w.numbers[c, ENERGY_BASE] >= 0 and not _rooms(w, s, r, c):
        fault |= BROKEN
    s.info[r, FAULT] = fault
    cost = w.amounts[c, FIXED] + w.amounts[c, PER_M] * s.day[r, METRES] + s.day[r, LATE]
    cost += wages(w, span - s.day[r, UNPAID])
    s.total[0] += cost - s.day[r, COST]
    s.day[r, COST] = cost
    return fault == 0


@compiled
def _follow(w: Any, s: Any, r: int, c: int) -> None:
    """Points, trips, loads and sums of a day, from entity to entity."""
    base, width, energy_base = w.numbers[c, BASE], w.numbers[c, WIDTH], w.numbers[c, ENERGY_BASE]
    start = start_of(w, r)
    trips = stops = taken = 0
    late = metres = unpaid = busy = 0.0
    begin = e = start
    p = 0
    while e >= 0:
        kind = s.entity[e, KIND]
        if kind == TASK:
            o = s.entity[e, OPTION]
            q = w.point[o]
            late += w.option[o, PRICE]
            busy += w.option[o, LENGTH]
            stops += 1
            for k in range(w.dims):
                s.trip[begin - w.n, LOAD + k] += w.task[e, DELIVER + k]
            if w.task[e, READY_AT] > s.trip[begin - w.n, READY]:
                s.trip[begin - w.n, READY] = w.task[e, READY_AT]
        elif kind == REST:
            q = p
            k = s.entity[e, RULE]
            taken |= 1 << k
            busy += w.rests[k, REST_S]
            if w.rests[k, REST_UNPAID]:
                unpaid += w.rests[k, REST_S]
        else:
            q = 0
        s.entity[e, POINT] = q
        if e != start:
            arc = w.table[base + p * width + q, 1]
            s.segment[s.entity[e, PREV], ARC_M] = arc
            metres += arc
            busy += w.table[base + p * width + q, 0]
            if energy_base >= 0:
                s.trip[begin - w.n, ENERGY] += w.energy[energy_base + p * width + q]
        if kind == START or kind == RELOAD:
            begin = e
            trips += 1
            busy += w.amounts[c, LOADING] if kind == START else w.amounts[c, TURNAROUND]
            for k in range(w.dims):
                s.trip[e - w.n, LOAD + k] = 0.0
            s.trip[e - w.n, READY] = -1e18
            s.trip[e - w.n, ENERGY] = 0.0
        s.entity[e, TRIP] = begin
        p = q
        e = s.entity[e, NEXT]
    s.info[r, STOPS] = stops
    s.info[r, TRIPS] = trips
    s.info[r, TAKEN] = taken
    s.day[r, METRES] = metres
    s.day[r, LATE] = late
    s.day[r, UNPAID] = unpaid
    s.day[r, BUSY] = busy


@compiled
def _times(w: Any, s: Any, r: int, c: int, first: int, last: int) -> int:
    """Segments and driving up to the entities of a day from ``first`` on, and from those up to ``last`` to its end.

    Returns what forbids the day; what comes before ``first`` must be sound.
    """
    fault = _times_up_to(w, s, r, c, first)
    _times_from(w, s, c, last)
    span = s.segment[start_of(w, r) + 1, PRE]
    if span > w.amounts[c, MOST_SPAN] + TINY:
        fault |= BROKEN
    if lacks_rest(w, s, r, span):
        fault |= LACKS_REST
    return fault


@compiled
def _times_up_to(w: Any, s: Any, r: int, c: int, first: int) -> int:
    """Segments of the day and of its trip up to ``first`` and every entity after it; returns what forbids them."""
    base, width = w.numbers[c, BASE], w.numbers[c, WIDTH]
    sound = True
    legal = True
    e = first
    if s.entity[e, KIND] == START:
        duration, earliest, latest = segment_of(w, s, c, e)
        sound = earliest <= latest
        f = s.segment[e]
        f[PRE], f[PRE + 1], f[PRE + 2] = duration, earliest, latest
        f[DRIVEN] = 0.0
        e = s.entity[e, NEXT]
    u = s.entity[e, PREV]
    f = s.segment[u]
    duration, earliest, latest = f[PRE], f[PRE + 1], f[PRE + 2]
    p = s.entity[u, POINT]
    fresh = s.entity[u, KIND] == START or s.entity[u, KIND] == RELOAD
    while e >= 0:
        q = s.entity[e, POINT]
        travel = float(w.table[base + p * width + q, 0])
        length, opens, closes = segment_of(w, s, c, e)
        duration, earliest, latest, fits = join(duration, earliest, latest, travel, length, opens, closes)
        sound = sound and fits
        g = s.segment[e]
        g[PRE], g[PRE + 1], g[PRE + 2] = duration, earliest, latest
        if w.readies:
            if fresh:
                g[MID], g[MID + 1], g[MID + 2] = length, opens, closes
            else:
                a, b, d, _ = join(f[MID], f[MID + 1], f[MID + 2], travel, length, opens, closes)
                g[MID], g[MID + 1], g[MID + 2] = a, b, d
            fresh = s.entity[e, KIND] == RELOAD
        if w.rules:
            g[DRIVEN] = f[DRIVEN] + drive_s(w, c, p, q)
            legal = legal and g[DRIVEN] <= w.pay[DRIVE_LIMIT]
            if s.entity[e, KIND] == REST and w.rests[s.entity[e, RULE], REST_COUNTS]:
                g[DRIVEN] = 0.0
        f = g
        p = q
        e = s.entity[e, NEXT]
    fault = 0 if sound else BROKEN
    return fault if legal else fault | DRIVES_LONG


@compiled
def _times_from(w: Any, s: Any, c: int, last: int) -> None:
    """Segments from ``last`` and every entity before it to the end of the day."""
    base, width = w.numbers[c, BASE], w.numbers[c, WIDTH]
    e = last
    if s.entity[e, KIND] == END:
        duration, earliest, latest = segment_of(w, s, c, e)
        f = s.segment[e]
        f[SUF], f[SUF + 1], f[SUF + 2] = duration, earliest, latest
        f[TO_DRIVE] = 0.0
        e = s.entity[e, PREV]
    v = s.entity[e, NEXT]
    f = s.segment[v]
    duration, earliest, latest = f[SUF], f[SUF + 1], f[SUF + 2]
    q = s.entity[v, POINT]
    while e >= 0:
        p = s.entity[e, POINT]
        length, opens, closes = segment_of(w, s, c, e)
        travel = float(w.table[base + p * width + q, 0])
        duration, earliest, latest, _ = join(length, opens, closes, travel, duration, earliest, latest)
        g = s.segment[e]
        g[SUF], g[SUF + 1], g[SUF + 2] = duration, earliest, latest
        if w.rules:
            ahead = s.segment[v, TO_DRIVE]
            if s.entity[v, KIND] == REST and w.rests[s.entity[v, RULE], REST_COUNTS]:
                ahead = 0.0
            g[TO_DRIVE] = ahead + drive_s(w, c, p, q)
        q = p
        v = e
        e = s.entity[e, PREV]


@inlined
def lacks_rest(w: Any, s: Any, r: int, span: float) -> bool:
    """Whether a rest is due after such a span that the day does not take."""
    for k in range(w.rules):
        if span > w.rests[k, REST_AFTER] and not (s.info[r, TAKEN] >> k) & 1:
            return True
    return False


@compiled
def _peaks(w: Any, s: Any, r: int) -> None:
    """Highest load of each trip before and after every entity: on the legs up to it, and from it on."""
    start = start_of(w, r)
    e = start
    while e >= 0:
        kind = s.entity[e, KIND]
        for k in range(w.dims):
            if kind == START or kind == RELOAD:
                load = s.trip[e - w.n, LOAD + k]
                s.peak[e, 0, k] = load
                s.peak[e, 1, k] = load  # load on leaving, for the moment
            elif kind != END:
                before = s.entity[e, PREV]
                load = s.peak[before, 1, k]
                if kind == TASK:
                    load += w.task[e, COLLECT + k] - w.task[e, DELIVER + k]
                s.peak[e, 1, k] = load
                s.peak[e, 0, k] = max(load, s.peak[before, 0, k])
        e = s.entity[e, NEXT]
    e = s.entity[start + 1, PREV]
    fresh = True
    while e >= 0:
        if not fresh:
            following = s.entity[e, NEXT]
            for k in range(w.dims):
                s.peak[e, 1, k] = max(s.peak[e, 1, k], s.peak[following, 1, k])
        kind = s.entity[e, KIND]
        fresh = kind == RELOAD
        e = s.entity[e, PREV]


@compiled
def _rooms(w: Any, s: Any, r: int, c: int) -> bool:
    """What each trip of a battery's day may use beyond what it uses; false when one uses too much.

    Charging stops when the battery is full, so a trip may also use what would not have gone in afterwards.
    """
    start = start_of(w, r)
    usable, charge = w.amounts[c, USABLE], w.amounts[c, CHARGE]
    level = usable
    sound = True
    e = start
    while e >= 0:
        kind = s.entity[e, KIND]
        if kind == RELOAD:
            spilt = level + charge - usable
            s.trip[e - w.n, ROOM] = spilt if spilt > 0.0 else 0.0
            level = min(usable, level + charge)
        if kind == START or kind == RELOAD:
            level -= s.trip[e - w.n, ENERGY]
            sound = sound and level >= -SPARK
        e = s.entity[e, NEXT]
    room = level
    e = s.entity[start + 1, TRIP]
    ahead = 1e18
    while True:
        # ``room``: level after this trip; ``ahead``: what later trips can lose on top of what spills before them.
        own = room if room < ahead else ahead
        spilt = s.trip[e - w.n, ROOM]
        s.trip[e - w.n, ROOM] = own
        if s.entity[e, KIND] == START:
            return sound
        ahead = own + spilt
        full = room + s.trip[e - w.n, ENERGY]
        room = full - charge + spilt
        e = s.entity[s.entity[e, PREV], TRIP]
