"""Where one more stop costs least: in a gap of a trip, on a trip of its own, or in a vehicle of its own."""

from __future__ import annotations

from typing import Any

from fleetplan.compiling import compiled, inlined
from fleetplan.planning.kernel.layout import (
    ARC_M,
    BASE,
    CAPACITY,
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
    KIND,
    LENGTH,
    LOAD,
    LOADING,
    METRES,
    MID,
    MOST_SPAN,
    NEXT,
    OPENS,
    OPTION,
    PER_M,
    POINT,
    PRE,
    PREV,
    PRICE,
    READY,
    READY_AT,
    RELOAD,
    REST,
    REST_COUNTS,
    ROOM,
    RULE,
    SHIFT,
    SHIFT_END,
    SPAN,
    START,
    STOPS,
    SUF,
    TO_DRIVE,
    TRIP,
    TURNAROUND,
    UNPAID,
    USABLE,
    WAGE,
    WIDTH,
)
from fleetplan.planning.kernel.timing import (
    TINY,
    drive_s,
    join,
    lacks_rest,
    link,
    open_day,
    refresh,
    spare_marker,
    start_of,
    wages,
)

INFINITE = 1e300


@inlined
def fits_load(w: Any, s: Any, c: int, x: int, u: int) -> bool:
    """Whether a trip of class ``c`` can take task ``x`` after entity ``u``."""
    if w.collects:
        for k in range(w.dims):
            if s.peak[u, 0, k] + w.task[x, DELIVER + k] > w.amounts[c, CAPACITY + k]:
                return False
            if s.peak[u, 1, k] + w.task[x, COLLECT + k] > w.amounts[c, CAPACITY + k]:
                return False
        return True
    m = s.entity[u, TRIP] - w.n
    for k in range(w.dims):  # noqa: SIM110 (compiled loops stay loops)
        if s.trip[m, LOAD + k] + w.task[x, DELIVER + k] > w.amounts[c, CAPACITY + k]:
            return False
    return True


@inlined
def price_gap(w: Any, s: Any, r: int, x: int, u: int, limit: float) -> Any:
    """Least change of cost when task ``x`` comes after entity ``u`` of day ``r``: the change, and the option.

    Loads are not looked at. ``limit``: changes above it are of no interest.
    """
    c = s.info[r, CLASS]
    base, width = w.numbers[c, BASE], w.numbers[c, WIDTH]
    v = s.entity[u, NEXT]
    p, q = s.entity[u, POINT], s.entity[v, POINT]
    best = INFINITE
    chosen = -1
    for o in range(w.options[c * w.n + x, 0], w.options[c * w.n + x, 1]):
        i = w.point[o]
        there, back = base + p * width + i, base + i * width + q
        metres = float(w.table[there, 1]) + float(w.table[back, 1]) - s.segment[u, ARC_M]
        change = w.amounts[c, PER_M] * metres + w.option[o, PRICE]
        if w.timed:
            if w.pay[WAGE] == 0.0 and change >= min(best, limit):
                continue
            f, g = s.segment[u], s.segment[v]
            duration, earliest, latest = f[PRE], f[PRE + 1], f[PRE + 2]
            if w.readies and w.task[x, READY_AT] > s.trip[s.entity[u, TRIP] - w.n, READY]:
                duration, earliest, latest, fits = _with_ready(w, s, c, x, u)
                if not fits:
                    continue
            a, b, d, fits = join(
                duration,
                earliest,
                latest,
                float(w.table[there, 0]),
                w.option[o, LENGTH],
                w.option[o, OPENS],
                w.option[o, CLOSES],
            )
            if not fits:
                continue
            span, _, _, fits = join(a, b, d, float(w.table[back, 0]), g[SUF], g[SUF + 1], g[SUF + 2])
            if not fits or span > w.amounts[c, MOST_SPAN] + TINY:
                continue
            change += wages(w, span - s.day[r, UNPAID]) - wages(w, s.day[r, SPAN] - s.day[r, UNPAID])
            if w.rules:
                driven = f[DRIVEN] + drive_s(w, c, p, i) + drive_s(w, c, i, q)
                if s.entity[v, KIND] != REST or not w.rests[s.entity[v, RULE], REST_COUNTS]:
                    driven += g[TO_DRIVE]
                if driven > w.pay[DRIVE_LIMIT] or lacks_rest(w, s, r, span):
                    continue
        if w.batteries and w.numbers[c, ENERGY_BASE] >= 0:
            at = w.numbers[c, ENERGY_BASE]
            energy = w.energy[at + p * width + i] + w.energy[at + i * width + q] - w.energy[at + p * width + q]
            if energy > s.trip[s.entity[u, TRIP] - w.n, ROOM] + TINY:
                continue
        if change < best:
            best, chosen = change, o
    return best, chosen


@compiled
def _with_ready(w: Any, s: Any, c: int, x: int, u: int) -> Any:
    """The segment up to ``u`` when its trip's loading must wait for the goods of ``x``."""
    m = s.entity[u, TRIP]
    opens = max(w.task[x, READY_AT], w.amounts[c, SHIFT])
    if s.entity[m, KIND] == START:
        duration, earliest, latest = w.amounts[c, LOADING], opens, w.amounts[c, SHIFT_END]
        fits = opens <= latest
    else:
        z = s.entity[m, PREV]
        f = s.segment[z]
        home = float(w.table[w.numbers[c, BASE] + s.entity[z, POINT] * w.numbers[c, WIDTH], 0])
        duration, earliest, latest, fits = join(
            f[PRE], f[PRE + 1], f[PRE + 2], home, w.amounts[c, TURNAROUND], opens, w.amounts[c, SHIFT_END]
        )
    if u == m or not fits:
        return duration, earliest, latest, fits
    first = s.entity[m, NEXT]
    out = float(w.table[w.numbers[c, BASE] + s.entity[first, POINT], 0])
    g = s.segment[u]
    return join(duration, earliest, latest, out, g[MID], g[MID + 1], g[MID + 2])


@compiled
def price_trip(w: Any, s: Any, r: int, x: int, m: int) -> Any:
    """Least change of cost when ``x`` gets a trip of its own before the trip that begins at ``m``, or, where ``m`` is
    the end of the day, after the last: the change, and the option."""
    c = s.info[r, CLASS]
    base, width = w.numbers[c, BASE], w.numbers[c, WIDTH]
    best = INFINITE
    chosen = -1
    for k in range(w.dims):
        if w.task[x, DELIVER + k] > w.amounts[c, CAPACITY + k] or w.task[x, COLLECT + k] > w.amounts[c, CAPACITY + k]:
            return best, chosen
    for o in range(w.options[c * w.n + x, 0], w.options[c * w.n + x, 1]):
        i = w.point[o]
        change = (
            w.amounts[c, PER_M] * (float(w.table[base + i, 1]) + float(w.table[base + i * width, 1]))
            + w.option[o, PRICE]
        )
        if w.timed:
            opens = max(w.task[x, READY_AT], w.amounts[c, SHIFT])
            length = w.amounts[c, LOADING] if s.entity[m, KIND] == START else w.amounts[c, TURNAROUND]
            if s.entity[m, KIND] == START:
                duration, earliest, latest, fits = (
                    length,
                    opens,
                    w.amounts[c, SHIFT_END],
                    opens <= w.amounts[c, SHIFT_END],
                )
            else:
                z = s.entity[m, PREV]
                f = s.segment[z]
                home = float(w.table[base + s.entity[z, POINT] * width, 0])
                duration, earliest, latest, fits = join(
                    f[PRE], f[PRE + 1], f[PRE + 2], home, length, opens, w.amounts[c, SHIFT_END]
                )
            if not fits:
                continue
            out = float(w.table[base + i, 0])
            duration, earliest, latest, fits = join(
                duration, earliest, latest, out, w.option[o, LENGTH], w.option[o, OPENS], w.option[o, CLOSES]
            )
            if not fits:
                continue
            home = float(w.table[base + i * width, 0])
            if s.entity[m, KIND] == END:
                g = s.segment[m]
                span, _, _, fits = join(duration, earliest, latest, home, g[SUF], g[SUF + 1], g[SUF + 2])
            else:
                opens = max(s.trip[m - w.n, READY], w.amounts[c, SHIFT])
                duration, earliest, latest, fits = join(
                    duration, earliest, latest, home, w.amounts[c, TURNAROUND], opens, w.amounts[c, SHIFT_END]
                )
                if not fits:
                    continue
                following = s.entity[m, NEXT]
                g = s.segment[following]
                out = float(w.table[base + s.entity[following, POINT], 0])
                span, _, _, fits = join(duration, earliest, latest, out, g[SUF], g[SUF + 1], g[SUF + 2])
            if not fits or span > w.amounts[c, MOST_SPAN] + TINY:
                continue
            change += wages(w, span - s.day[r, UNPAID]) - wages(w, s.day[r, SPAN] - s.day[r, UNPAID])
            if w.rules:
                more = drive_s(w, c, 0, i) + drive_s(w, c, i, 0)
                e = s.entity[m, PREV] if s.entity[m, KIND] != START else m
                driven = s.segment[e, DRIVEN] + s.segment[e, TO_DRIVE] + more
                if driven > w.pay[DRIVE_LIMIT] or lacks_rest(w, s, r, span):
                    continue
        if w.batteries and w.numbers[c, ENERGY_BASE] >= 0 and not _level_holds(w, s, r, c, i, m):
            continue
        if change < best:
            best, chosen = change, o
    return best, chosen


@compiled
def _level_holds(w: Any, s: Any, r: int, c: int, i: int, m: int) -> bool:
    """Whether the battery holds when a trip to point ``i`` and back comes before the trip that begins at ``m``."""
    at, width = w.numbers[c, ENERGY_BASE], w.numbers[c, WIDTH]
    use = w.energy[at + i] + w.energy[at + i * width]
    level = w.amounts[c, USABLE]
    e = start_of(w, r)
    first = True
    while True:
        if e == m:
            if not first:
                level = min(w.amounts[c, USABLE], level + w.amounts[c, CHARGE])
            first = False
            level -= use
            if level < -TINY:
                return False
        kind = s.entity[e, KIND]
        if kind == END:
            return True
        if kind == START or kind == RELOAD:
            if not first:
                level = min(w.amounts[c, USABLE], level + w.amounts[c, CHARGE])
            first = False
            level -= s.trip[e - w.n, ENERGY]
            if level < -TINY:
                return False
        e = s.entity[e, NEXT]


@compiled
def put_in_gap(w: Any, s: Any, x: int, o: int, u: int) -> bool:
    """Put task ``x`` by option ``o`` after entity ``u``; false when the day cannot be driven so."""
    r = s.entity[u, DAY]
    s.entity[x, OPTION] = o
    if w.timed or w.collects or w.batteries:
        link(s, x, u)
        return refresh(w, s, r)
    c = s.info[r, CLASS]
    base, width = w.numbers[c, BASE], w.numbers[c, WIDTH]
    v = s.entity[u, NEXT]
    link(s, x, u)
    m = s.entity[u, TRIP]
    s.entity[x, TRIP] = m
    i = w.point[o]
    s.entity[x, POINT] = i
    for k in range(w.dims):
        s.trip[m - w.n, LOAD + k] += w.task[x, DELIVER + k]
    out = float(w.table[base + s.entity[u, POINT] * width + i, 1])
    back = float(w.table[base + i * width + s.entity[v, POINT], 1])
    metres = out + back - s.segment[u, ARC_M]
    s.segment[u, ARC_M] = out
    s.segment[x, ARC_M] = back
    s.day[r, METRES] += metres
    s.day[r, COST] += w.amounts[c, PER_M] * metres
    s.total[0] += w.amounts[c, PER_M] * metres
    s.info[r, STOPS] += 1
    return True


@compiled
def put_on_trip(w: Any, s: Any, x: int, o: int, m: int) -> bool:
    """Give task ``x`` a trip of its own before the one that begins at ``m`` (or after the last)."""
    r = s.entity[m, DAY]
    e = spare_marker(w, s, r)
    if e < 0:
        return False
    s.entity[e, KIND] = RELOAD
    s.entity[x, OPTION] = o
    if s.entity[m, KIND] == START:
        link(s, x, m)
        link(s, e, x)
    else:
        link(s, e, s.entity[m, PREV])
        link(s, x, e)
    return refresh(w, s, r)


@compiled
def unused_slot(w: Any, s: Any) -> int:
    """The first slot without a day, or -1."""
    for r in range(w.slots):
        if s.info[r, STOPS] == 0:
            return r
    return -1


@compiled
def put_on_day(w: Any, s: Any, x: int, c: int) -> int:
    """Open a day of class ``c`` for task ``x``; returns its slot, or -1 when there is none."""
    r = unused_slot(w, s)
    if r < 0:
        return -1
    open_day(w, s, r, c)
    start = start_of(w, r)
    s.entity[x, OPTION] = w.alone_option[c * w.n + x]
    link(s, x, start)
    refresh(w, s, r)
    return r
