"""Where one more stop costs least: in a gap of a trip, on a trip of its own, or in a vehicle of its own."""

from __future__ import annotations

from typing import Any

from fleetplan.compiling import compiled, inlined
from fleetplan.planning.kernel.layout import (
    ARC_M,
    BASE,
    BUSY,
    CAPACITY,
    CHARGE,
    CLASS,
    CLOSES,
    COLLECT,
    COST,
    DAY,
    DELIVER,
    END,
    ENERGY,
    ENERGY_BASE,
    KIND,
    LENGTH,
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
    ROOM,
    SPAN,
    START,
    STOPS,
    SUF,
    TRIP,
    UNPAID,
    USABLE,
    WIDTH,
)
from fleetplan.planning.kernel.linking import close_day, link, open_day, spare_marker, start_of, unlink
from fleetplan.planning.kernel.resting import beyond_rests, gap_with_rest, loaded_before, take_rest, trip_with_rest
from fleetplan.planning.kernel.settling import settle_rests
from fleetplan.planning.kernel.timing import INFINITE, SPARK, TINY, busier_s, grow, join, refresh, wages


@inlined
def price_gap(w: Any, s: Any, r: int, x: int, u: int, limit: float) -> Any:
    """Least change of cost when task ``x`` comes after entity ``u`` of day ``r``: the change, and the option.

    A rest that becomes due is taken beside the stop. Loads are not looked at. ``limit``: changes above it are of no
    interest.
    """
    c = s.info[r, CLASS]
    base, width = w.numbers[c, BASE], w.numbers[c, WIDTH]
    v = s.entity[u, NEXT]
    arc = s.segment[u, ARC_M]
    if w.rules and s.entity[v, KIND] == REST:  # is taken where ``x`` stands
        v = beyond_rests(s, v)
        arc = float(w.table[base + s.entity[u, POINT] * width + s.entity[v, POINT], 1])
    p, q = s.entity[u, POINT], s.entity[v, POINT]
    now = wages(w, s.day[r, SPAN] - s.day[r, UNPAID]) if w.timed else 0.0
    best = INFINITE
    chosen = -1
    for o in range(w.options[c * w.n + x, 0], w.options[c * w.n + x, 1]):
        i = w.point[o]
        there, back = base + p * width + i, base + i * width + q
        metres = float(w.table[there, 1]) + float(w.table[back, 1]) - arc
        change = w.amounts[c, PER_M] * metres + w.option[o, PRICE]
        if w.timed:
            # No day is shorter than what is done in it.
            least_s = s.day[r, BUSY] + busier_s(w, o, there, back, base + p * width + q)
            if least_s > w.amounts[c, MOST_SPAN] + TINY:
                continue
            if change + wages(w, least_s - s.day[r, UNPAID]) - now >= min(best, limit):
                continue
            f, g = s.segment[u], s.segment[v]
            duration, earliest, latest, fits = f[PRE], f[PRE + 1], f[PRE + 2], True
            if w.readies and w.task[x, READY_AT] > s.trip[s.entity[u, TRIP] - w.n, READY]:
                duration, earliest, latest, fits = _with_ready(w, s, c, x, u)
            if not fits:
                continue
            if w.rules:
                paid, _, _ = gap_with_rest(w, s, r, o, u, duration, earliest, latest)
                if paid >= INFINITE:
                    continue
            else:
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
                paid, _, _, fits = join(a, b, d, float(w.table[back, 0]), g[SUF], g[SUF + 1], g[SUF + 2])
                if not fits or paid > w.amounts[c, MOST_SPAN] + TINY:
                    continue
            change += wages(w, paid) - now
        if w.batteries and w.numbers[c, ENERGY_BASE] >= 0:
            at = w.numbers[c, ENERGY_BASE]
            energy = w.energy[at + p * width + i] + w.energy[at + i * width + q] - w.energy[at + p * width + q]
            if energy > s.trip[s.entity[u, TRIP] - w.n, ROOM] + SPARK:
                continue
        if change < best:
            best, chosen = change, o
    return best, chosen


@compiled
def _with_ready(w: Any, s: Any, c: int, x: int, u: int) -> Any:
    """The segment up to ``u`` when its trip's loading must wait for the goods of ``x``."""
    m = s.entity[u, TRIP]
    duration, earliest, latest, fits = loaded_before(w, s, c, x, m)
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
        metres = float(w.table[base + i, 1]) + float(w.table[base + i * width, 1])
        change = w.amounts[c, PER_M] * metres + w.option[o, PRICE]
        if w.timed:
            paid, _, _ = trip_with_rest(w, s, r, x, o, m)
            if paid >= INFINITE:
                continue
            change += wages(w, paid) - wages(w, s.day[r, SPAN] - s.day[r, UNPAID])
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
            if level < -SPARK:
                return False
        kind = s.entity[e, KIND]
        if kind == END:
            return True
        if kind == START or kind == RELOAD:
            if not first:
                level = min(w.amounts[c, USABLE], level + w.amounts[c, CHARGE])
            first = False
            level -= s.trip[e - w.n, ENERGY]
            if level < -SPARK:
                return False
        e = s.entity[e, NEXT]


@compiled
def put_in_gap(w: Any, s: Any, x: int, o: int, u: int) -> bool:
    """Put task ``x`` by option ``o`` after entity ``u``; false when the day cannot be driven so."""
    r = s.entity[u, DAY]
    s.entity[x, OPTION] = o
    link(s, x, u)
    sound = grow(w, s, r, x)
    if w.rules and not sound:
        return _rest_in_gap(w, s, r, x, o, u)
    return sound


@compiled
def _rest_in_gap(w: Any, s: Any, r: int, x: int, o: int, u: int) -> bool:
    """Give a day the rest that it needs since ``x`` came after ``u``; false when that does not do."""
    unlink(s, x)
    refresh(w, s, r)
    f = s.segment[u]
    duration, earliest, latest, fits = f[PRE], f[PRE + 1], f[PRE + 2], True
    if w.readies and w.task[x, READY_AT] > s.trip[s.entity[u, TRIP] - w.n, READY]:
        duration, earliest, latest, fits = _with_ready(w, s, s.info[r, CLASS], x, u)
    k, before = -1, False
    if fits:
        _, k, before = gap_with_rest(w, s, r, o, u, duration, earliest, latest)
    link(s, x, u)
    if k >= 0:
        take_rest(w, s, r, k, u if before else x)
    return refresh(w, s, r)


@compiled
def put_on_trip(w: Any, s: Any, x: int, o: int, m: int) -> bool:
    """Give task ``x`` a trip of its own before the one that begins at ``m`` (or after the last)."""
    r = s.entity[m, DAY]
    e = spare_marker(w, s, r)
    if e < 0:
        return False
    k, before = -1, False
    if w.rules:
        _, k, before = trip_with_rest(w, s, r, x, o, m)
    s.entity[e, KIND] = RELOAD
    s.entity[x, OPTION] = o
    if s.entity[m, KIND] == START:
        link(s, x, m)
        link(s, e, x)
    else:
        link(s, e, s.entity[m, PREV])
        link(s, x, e)
    if k >= 0:
        take_rest(w, s, r, k, s.entity[x, PREV] if before else x)
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
    """Open a day of class ``c`` for task ``x``; returns its slot, or -1 when there is none or it cannot be driven."""
    r = unused_slot(w, s)
    if r < 0:
        return -1
    open_day(w, s, r, c)
    s.entity[x, OPTION] = w.alone_option[c * w.n + x]
    link(s, x, start_of(w, r))
    sound = refresh(w, s, r)
    if w.rules:
        sound = settle_rests(w, s, r)
    if sound:
        return r
    unlink(s, x)
    close_day(w, s, r)
    return -1


@compiled
def price_alone(w: Any, s: Any) -> None:
    """Put into the world what a day for each task alone costs, rests counted; ``s`` is an empty solution."""
    for c in range(w.classes):
        for x in range(w.n):
            at = c * w.n + x
            best, chosen = INFINITE, -1
            for o in range(w.options[at, 0], w.options[at, 1]):
                w.alone_option[at] = o
                r = put_on_day(w, s, x, c)
                if r >= 0:
                    if s.day[r, COST] < best:
                        best, chosen = s.day[r, COST], o
                    unlink(s, x)
                    close_day(w, s, r)
            w.alone[at], w.alone_option[at] = best, chosen
