"""Days in the compiled search: their exact times and costs, and how entities are linked.

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
    CHARGE,
    CLASS,
    CLOSES,
    COLLECT,
    COST,
    DAY,
    DELIVER,
    DRIVE_LIMIT,
    DRIVEN,
    END,
    ENERGY,
    ENERGY_BASE,
    FIXED,
    FREE,
    KIND,
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

TINY = 1e-6


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
    return cost


@inlined
def start_of(w: Any, r: int) -> int:
    """The marker that begins a day."""
    return w.n + r * (w.own + 2)


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


@inlined
def link(s: Any, e: int, after: int) -> None:
    """Put an entity after another one."""
    following = s.entity[after, NEXT]
    s.entity[e, PREV] = after
    s.entity[e, NEXT] = following
    s.entity[after, NEXT] = e
    s.entity[following, PREV] = e
    s.entity[e, DAY] = s.entity[after, DAY]


@inlined
def unlink(s: Any, e: int) -> None:
    """Take an entity out of its day."""
    before, following = s.entity[e, PREV], s.entity[e, NEXT]
    s.entity[before, NEXT] = following
    s.entity[following, PREV] = before
    s.entity[e, DAY] = -1


@compiled
def spare_marker(w: Any, s: Any, r: int) -> int:
    """A marker of the day that is free, or -1."""
    first = start_of(w, r) + 2
    for e in range(first, first + w.own):
        if s.entity[e, KIND] == FREE:
            return e
    return -1


@compiled
def open_day(w: Any, s: Any, r: int, c: int) -> None:
    """An unused slot becomes a day of class ``c`` without stops; ``refresh`` prices it."""
    start = start_of(w, r)
    end = start + 1
    s.entity[start, KIND] = START
    s.entity[end, KIND] = END
    for e in (start, end):
        s.entity[e, DAY] = r
        s.entity[e, POINT] = 0
        s.entity[e, TRIP] = start
    s.entity[start, NEXT] = end
    s.entity[start, PREV] = -1
    s.entity[end, PREV] = start
    s.entity[end, NEXT] = -1
    for e in range(start + 2, start + 2 + w.own):
        s.entity[e, KIND] = FREE
        s.entity[e, DAY] = -1
    s.info[r, CLASS] = c
    s.info[r, TAKEN] = 0
    s.day[r, COST] = 0.0
    s.used[c] += 1


@compiled
def close_day(w: Any, s: Any, r: int) -> None:
    """A day without stops becomes an unused slot."""
    start = start_of(w, r)
    for e in range(start, start + 2 + w.own):
        s.entity[e, KIND] = FREE
        s.entity[e, DAY] = -1
    s.used[s.info[r, CLASS]] -= 1
    s.total[0] -= s.day[r, COST]
    s.day[r, COST] = 0.0
    s.info[r, STOPS] = 0
    s.info[r, TRIPS] = 0


@compiled
def tidy_day(w: Any, s: Any, r: int) -> bool:
    """Drop trips without stops; a day without any is closed. Returns whether the day goes on."""
    start = start_of(w, r)
    stops = 0
    in_trip = 0
    begin = start
    e = s.entity[start, NEXT]
    while e >= 0:
        kind = s.entity[e, KIND]
        following = s.entity[e, NEXT]
        if kind == TASK:
            stops += 1
            in_trip += 1
        elif kind == RELOAD or kind == END:
            if in_trip == 0 and begin != start:
                unlink(s, begin)
                s.entity[begin, KIND] = FREE
                begin = start  # the trip before has stops, or is the first
                if kind == RELOAD:
                    begin = e
            elif in_trip == 0 and kind == RELOAD:
                unlink(s, e)
                s.entity[e, KIND] = FREE
                e = following
                continue
            else:
                begin = e
            in_trip = 0
        e = following
    if stops == 0:
        close_day(w, s, r)
        return False
    return True


@compiled
def refresh(w: Any, s: Any, r: int) -> bool:
    """Work out everything of a day from its links, and correct the total; false when it cannot be driven."""
    c = s.info[r, CLASS]
    base, width = w.numbers[c, BASE], w.numbers[c, WIDTH]
    start = start_of(w, r)
    sound = True
    trips = 0
    stops = 0
    taken = 0
    late = 0.0
    metres = 0.0
    unpaid = 0.0
    energy_base = w.numbers[c, ENERGY_BASE]
    begin = start
    e = start
    p = 0
    while e >= 0:
        kind = s.entity[e, KIND]
        if kind == TASK:
            o = s.entity[e, OPTION]
            q = w.point[o]
            late += w.option[o, PRICE]
            stops += 1
            for k in range(w.dims):
                s.trip[begin - w.n, LOAD + k] += w.task[e, DELIVER + k]
            if w.task[e, READY_AT] > s.trip[begin - w.n, READY]:
                s.trip[begin - w.n, READY] = w.task[e, READY_AT]
        elif kind == REST:
            q = p
            k = s.entity[e, RULE]
            taken |= 1 << k
            if w.rests[k, REST_UNPAID]:
                unpaid += w.rests[k, REST_S]
        else:
            q = 0
        s.entity[e, POINT] = q
        if e != start:
            arc = w.table[base + p * width + q, 1]
            s.segment[s.entity[e, PREV], ARC_M] = arc
            metres += arc
            if energy_base >= 0:
                s.trip[begin - w.n, ENERGY] += w.energy[energy_base + p * width + q]
        if kind == START or kind == RELOAD:
            begin = e
            trips += 1
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
    span = 0.0
    if w.timed:
        sound = _times(w, s, r, c)
        span = s.segment[start + 1, PRE]
    s.day[r, SPAN] = span
    if w.collects:
        _peaks(w, s, r)
    if energy_base >= 0:
        sound = _rooms(w, s, r, c) and sound
    cost = w.amounts[c, FIXED] + w.amounts[c, PER_M] * metres + wages(w, span - unpaid) + late
    s.total[0] += cost - s.day[r, COST]
    s.day[r, COST] = cost
    return sound


@compiled
def _times(w: Any, s: Any, r: int, c: int) -> bool:
    """Segments before, after and within trips, of every entity of a day."""
    base, width = w.numbers[c, BASE], w.numbers[c, WIDTH]
    start = start_of(w, r)
    sound = True
    duration, earliest, latest = segment_of(w, s, c, start)
    f = s.segment[start]
    f[PRE], f[PRE + 1], f[PRE + 2] = duration, earliest, latest
    f[DRIVEN] = 0.0
    e = s.entity[start, NEXT]
    p = 0
    fresh = True
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
            sound = sound and g[DRIVEN] <= w.pay[DRIVE_LIMIT]
            if s.entity[e, KIND] == REST and w.rests[s.entity[e, RULE], REST_COUNTS]:
                g[DRIVEN] = 0.0
        f = g
        p = q
        e = s.entity[e, NEXT]
    end = start + 1
    duration, earliest, latest = segment_of(w, s, c, end)
    f = s.segment[end]
    f[SUF], f[SUF + 1], f[SUF + 2] = duration, earliest, latest
    f[TO_DRIVE] = 0.0
    q = 0
    e = s.entity[end, PREV]
    v = end
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
    span = s.segment[end, PRE]
    return sound and span <= w.amounts[c, MOST_SPAN] + TINY and not lacks_rest(w, s, r, span)


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
    """What each trip of a battery's day may use beyond what it uses; false when one is negative, and uses too much.

    Charging stops when the battery is full, so a trip may also use what would not have gone in afterwards.
    """
    start = start_of(w, r)
    usable, charge = w.amounts[c, USABLE], w.amounts[c, CHARGE]
    level = usable
    e = start
    while e >= 0:
        kind = s.entity[e, KIND]
        if kind == RELOAD:
            spilt = level + charge - usable
            s.trip[e - w.n, ROOM] = spilt if spilt > 0.0 else 0.0
            level = min(usable, level + charge)
        if kind == START or kind == RELOAD:
            level -= s.trip[e - w.n, ENERGY]
        e = s.entity[e, NEXT]
    room = level
    e = s.entity[start + 1, TRIP]
    ahead = 1e18
    sound = True
    while True:
        # ``room``: level after this trip; ``ahead``: what later trips can lose on top of what spills before them.
        own = room if room < ahead else ahead
        spilt = s.trip[e - w.n, ROOM]
        s.trip[e - w.n, ROOM] = own
        sound = sound and own >= -TINY
        if s.entity[e, KIND] == START:
            return sound
        ahead = own + spilt
        full = room + s.trip[e - w.n, ENERGY]
        room = full - charge + spilt
        e = s.entity[s.entity[e, PREV], TRIP]
