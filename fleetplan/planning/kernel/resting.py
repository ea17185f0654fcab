"""Rests in the compiled search, and what a stop costs together with a rest.

A day takes a rest just once, and only when it is due; rests of the driving rule only where they are needed
(``planning.schedule`` says what that means). A stop that makes one rest due is priced together with that rest, right
before or right after it; once a day has changed, ``settling`` drops rests that are not due and moves each of the
others to where the day is shortest. So days are at times dearer than their best timing, and never cheaper.
"""

from __future__ import annotations

from typing import Any

from fleetplan.compiling import compiled, inlined
from fleetplan.planning.kernel.layout import (
    BASE,
    CLASS,
    CLOSES,
    DRIVE_LIMIT,
    DRIVEN,
    END,
    KIND,
    LENGTH,
    LOADING,
    MOST_SPAN,
    NEXT,
    OPENS,
    POINT,
    PRE,
    PREV,
    READY,
    READY_AT,
    REST,
    REST_AFTER,
    REST_CLOSES,
    REST_COUNTS,
    REST_OPENS,
    REST_S,
    REST_UNPAID,
    RULE,
    SHIFT,
    SHIFT_END,
    START,
    SUF,
    TAKEN,
    TO_DRIVE,
    TURNAROUND,
    UNPAID,
    WIDTH,
)
from fleetplan.planning.kernel.linking import link, spare_marker
from fleetplan.planning.kernel.timing import INFINITE, TINY, drive_s, join

NONE, SEVERAL = -1, -2

ALWAYS = 1e17
"""A span beyond which no day is: rests that are due only then are those of the driving rule."""


@inlined
def counts(w: Any, k: int) -> bool:
    """Whether the driving rule counts a rest."""
    return bool(w.rests[k, REST_COUNTS] > 0.0)


@inlined
def beyond_rests(s: Any, e: int) -> int:
    """The first entity from ``e`` on that is no rest."""
    while s.entity[e, KIND] == REST:
        e = s.entity[e, NEXT]
    return e


@compiled
def take_rest(w: Any, s: Any, r: int, k: int, after: int) -> bool:
    """Put rest ``k`` after an entity; the day is put right later."""
    e = spare_marker(w, s, r)
    if e < 0:
        return False
    s.entity[e, KIND] = REST
    s.entity[e, RULE] = k
    link(s, e, after)
    return True


@compiled
def missing_rest(w: Any, s: Any, r: int, also: int, span: float, legal: bool) -> int:
    """The rest that a day of such a span lacks when it takes ``also`` as well: its number, ``NONE`` or ``SEVERAL``.

    ``legal``: whether the driving rule is kept.
    """
    missing = NONE
    for k in range(w.rules):
        if span > w.rests[k, REST_AFTER] and k != also and not (s.info[r, TAKEN] >> k) & 1:
            if missing != NONE:
                return SEVERAL
            missing = k
    if missing != NONE or legal:
        return missing
    if also >= 0:
        return SEVERAL
    for k in range(w.rules):
        if w.rests[k, REST_AFTER] > ALWAYS and not (s.info[r, TAKEN] >> k) & 1:
            return k
    return SEVERAL


@inlined
def join_rest(w: Any, duration: float, earliest: float, latest: float, k: int) -> Any:
    """A segment and rest ``k`` after it, where the vehicle stands."""
    return join(duration, earliest, latest, 0.0, w.rests[k, REST_S], w.rests[k, REST_OPENS], w.rests[k, REST_CLOSES])


@compiled
def _stop_with_rest(
    w: Any,
    c: int,
    o: int,
    p: int,
    duration: float,
    earliest: float,
    latest: float,
    driven: float,
    k: int,
    before: bool,
) -> Any:
    """A segment, then the drive from point ``p`` to a stop, with rest ``k`` (none: below 0) before or after the stop.

    Returns duration, earliest, latest, driving since the last rest, whether that fits, and whether the driving is
    legal.
    """
    i = w.point[o]
    fits = True
    if k >= 0 and before:
        duration, earliest, latest, fits = join_rest(w, duration, earliest, latest, k)
        if counts(w, k):
            driven = 0.0
    travel = float(w.table[w.numbers[c, BASE] + p * w.numbers[c, WIDTH] + i, 0])
    duration, earliest, latest, meets = join(
        duration, earliest, latest, travel, w.option[o, LENGTH], w.option[o, OPENS], w.option[o, CLOSES]
    )
    fits = fits and meets
    driven += drive_s(w, c, p, i)
    legal = driven <= w.pay[DRIVE_LIMIT]
    if k >= 0 and not before:
        duration, earliest, latest, meets = join_rest(w, duration, earliest, latest, k)
        fits = fits and meets
        if counts(w, k):
            driven = 0.0
    return duration, earliest, latest, driven, fits, legal


@compiled
def _gap_span(
    w: Any, s: Any, r: int, o: int, u: int, duration: float, earliest: float, latest: float, k: int, before: bool
) -> Any:
    """Span of a day with option ``o`` after ``u`` and rest ``k`` beside it, and whether the driving is legal.

    Rests that follow ``u`` are then taken at the stop.
    """
    c = s.info[r, CLASS]
    duration, earliest, latest, driven, fits, legal = _stop_with_rest(
        w, c, o, s.entity[u, POINT], duration, earliest, latest, s.segment[u, DRIVEN], k, before
    )
    v = s.entity[u, NEXT]
    while fits and s.entity[v, KIND] == REST:
        j = s.entity[v, RULE]
        duration, earliest, latest, fits = join_rest(w, duration, earliest, latest, j)
        if counts(w, j):
            driven = 0.0
        v = s.entity[v, NEXT]
    if not fits:
        return INFINITE, False
    i, q = w.point[o], s.entity[v, POINT]
    g = s.segment[v]
    travel = float(w.table[w.numbers[c, BASE] + i * w.numbers[c, WIDTH] + q, 0])
    span, _, _, fits = join(duration, earliest, latest, travel, g[SUF], g[SUF + 1], g[SUF + 2])
    if not fits or span > w.amounts[c, MOST_SPAN] + TINY:
        return INFINITE, False
    return span, legal and driven + drive_s(w, c, i, q) + g[TO_DRIVE] <= w.pay[DRIVE_LIMIT]


@compiled
def gap_with_rest(w: Any, s: Any, r: int, o: int, u: int, duration: float, earliest: float, latest: float) -> Any:
    """Least paid seconds of a day with option ``o`` after ``u``, up to which it takes the segment that is given.

    Returns the seconds, infinite when there is no way; the rest to be taken beside the stop, or ``NONE``; and whether
    it comes before the stop.
    """
    span, legal = _gap_span(w, s, r, o, u, duration, earliest, latest, NONE, False)
    best, first = INFINITE, False
    k = SEVERAL
    if span < INFINITE:
        k = missing_rest(w, s, r, NONE, span, legal)
        if k == NONE:
            return span - s.day[r, UNPAID], k, False
    if k >= 0:
        unpaid = s.day[r, UNPAID] + w.rests[k, REST_S] * w.rests[k, REST_UNPAID]
        for before in (False, True):
            span, legal = _gap_span(w, s, r, o, u, duration, earliest, latest, k, before)
            if span - unpaid < best and missing_rest(w, s, r, k, span, legal) == NONE:
                best, first = span - unpaid, before
    return best, k, first


@compiled
def loaded_before(w: Any, s: Any, c: int, x: int, m: int) -> Any:
    """The day up to the loading of a trip with ``x`` that begins at marker ``m``, or is put before that one (for the
    end of the day: after the last): duration, earliest, latest, and whether it fits."""
    opens = max(w.task[x, READY_AT], w.amounts[c, SHIFT])
    closes = w.amounts[c, SHIFT_END]
    if s.entity[m, KIND] == START:
        return w.amounts[c, LOADING], opens, closes, opens <= closes
    z = s.entity[m, PREV]
    f = s.segment[z]
    home = float(w.table[w.numbers[c, BASE] + s.entity[z, POINT] * w.numbers[c, WIDTH], 0])
    return join(f[PRE], f[PRE + 1], f[PRE + 2], home, w.amounts[c, TURNAROUND], opens, closes)


@compiled
def _trip_span(w: Any, s: Any, r: int, x: int, o: int, m: int, k: int, before: bool) -> Any:
    """Span of a day with a trip for option ``o`` before that of ``m`` and rest ``k`` on it, and whether the driving is
    legal."""
    c = s.info[r, CLASS]
    base, width = w.numbers[c, BASE], w.numbers[c, WIDTH]
    kind = s.entity[m, KIND]
    driven = 0.0
    if kind != START:
        z = s.entity[m, PREV]
        driven = s.segment[z, DRIVEN] + drive_s(w, c, s.entity[z, POINT], 0)
    kept = driven <= w.pay[DRIVE_LIMIT]
    duration, earliest, latest, fits = loaded_before(w, s, c, x, m)
    if not fits:
        return INFINITE, False
    duration, earliest, latest, driven, fits, legal = _stop_with_rest(
        w, c, o, 0, duration, earliest, latest, driven, k, before
    )
    if not fits:
        return INFINITE, False
    travel = float(w.table[base + w.point[o] * width, 0])
    driven += drive_s(w, c, w.point[o], 0)
    v = m
    if kind != END:
        opens = max(s.trip[m - w.n, READY], w.amounts[c, SHIFT])
        duration, earliest, latest, fits = join(
            duration, earliest, latest, travel, w.amounts[c, TURNAROUND], opens, w.amounts[c, SHIFT_END]
        )
        v = s.entity[m, NEXT]
        travel = float(w.table[base + s.entity[v, POINT], 0])
        if s.entity[v, KIND] != REST or not counts(w, s.entity[v, RULE]):
            driven += drive_s(w, c, 0, s.entity[v, POINT]) + s.segment[v, TO_DRIVE]
    g = s.segment[v]
    span, _, _, meets = join(duration, earliest, latest, travel, g[SUF], g[SUF + 1], g[SUF + 2])
    if not (fits and meets) or span > w.amounts[c, MOST_SPAN] + TINY:
        return INFINITE, False
    return span, kept and legal and driven <= w.pay[DRIVE_LIMIT]


@compiled
def trip_with_rest(w: Any, s: Any, r: int, x: int, o: int, m: int) -> Any:
    """Like ``gap_with_rest``, for a day with a trip for option ``o`` of task ``x`` before that of ``m``."""
    span, legal = _trip_span(w, s, r, x, o, m, NONE, False)
    best, first = INFINITE, False
    k = SEVERAL
    if span < INFINITE:
        k = NONE
        if w.rules:
            k = missing_rest(w, s, r, NONE, span, legal)
        if k == NONE:
            return span - s.day[r, UNPAID], k, False
    if k >= 0:
        unpaid = s.day[r, UNPAID] + w.rests[k, REST_S] * w.rests[k, REST_UNPAID]
        for before in (False, True):
            span, legal = _trip_span(w, s, r, x, o, m, k, before)
            if span - unpaid < best and missing_rest(w, s, r, k, span, legal) == NONE:
                best, first = span - unpaid, before
    return best, k, first
