"""Rests put right once a day has changed: those not due are dropped, the others moved to their best places."""

from __future__ import annotations

from typing import Any

from fleetplan.compiling import compiled
from fleetplan.planning.kernel.layout import (
    BASE,
    BROKEN,
    CLASS,
    DRIVE_LIMIT,
    DRIVEN,
    DRIVES_LONG,
    END,
    FAULT,
    FREE,
    KIND,
    MOST_SPAN,
    NEXT,
    POINT,
    PRE,
    PREV,
    REST,
    REST_AFTER,
    RULE,
    SPAN,
    SUF,
    TAKEN,
    TO_DRIVE,
    WIDTH,
)
from fleetplan.planning.kernel.linking import link, start_of, unlink
from fleetplan.planning.kernel.resting import ALWAYS, counts, join_rest, take_rest
from fleetplan.planning.kernel.timing import INFINITE, TINY, join, refresh

POOR = 1e12
"""Added to the rank of a place for a rest after which the driving rule asks for another."""


@compiled
def _shortest_place(w: Any, s: Any, r: int, k: int) -> int:
    """The entity after which rest ``k`` makes the day shortest; -1 where it can be taken nowhere.

    Of the driving rule's rests each must be needed. Places after which the rule is kept come first; a rest that cannot
    bring that about alone comes as late as the rule allows.
    """
    c = s.info[r, CLASS]
    base, width = w.numbers[c, BASE], w.numbers[c, WIDTH]
    limit = w.pay[DRIVE_LIMIT]
    rule = w.rests[k, REST_AFTER] > ALWAYS
    best, chosen = INFINITE, -1
    e = start_of(w, r)
    while s.entity[e, KIND] != END:
        v = s.entity[e, NEXT]
        f, g = s.segment[e], s.segment[v]
        duration, earliest, latest, fits = join_rest(w, f[PRE], f[PRE + 1], f[PRE + 2], k)
        travel = float(w.table[base + s.entity[e, POINT] * width + s.entity[v, POINT], 0])
        span, _, _, meets = join(duration, earliest, latest, travel, g[SUF], g[SUF + 1], g[SUF + 2])
        rank = span
        if counts(w, k):
            if f[DRIVEN] > limit or f[TO_DRIVE] > limit:
                rank += POOR - 1e3 * f[DRIVEN]
            if rule and (f[DRIVEN] <= 0.0 or f[DRIVEN] > limit or f[DRIVEN] + f[TO_DRIVE] <= limit):
                fits = False
        if fits and meets and span <= w.amounts[c, MOST_SPAN] + TINY and rank < best:
            best, chosen = rank, e
        e = v
    return chosen


@compiled
def _marker_of(w: Any, s: Any, r: int, k: int) -> int:
    """The marker of rest ``k`` in a day that takes it."""
    e = start_of(w, r)
    while s.entity[e, KIND] != REST or s.entity[e, RULE] != k:
        e = s.entity[e, NEXT]
    return e


@compiled
def _drop_or_move(w: Any, s: Any, r: int, k: int) -> bool:
    """Drop rest ``k`` when it is not due, else move it to its best place; whether it was dropped."""
    e = _marker_of(w, s, r, k)
    after = s.entity[e, PREV]
    sound = s.info[r, FAULT] == 0
    unlink(s, e)
    s.entity[e, KIND] = FREE
    refresh(w, s, r)
    if w.rests[k, REST_AFTER] > ALWAYS:
        needed = s.info[r, FAULT] & DRIVES_LONG
    else:
        needed = s.day[r, SPAN] > w.rests[k, REST_AFTER]
    if not needed:
        return True
    place = _shortest_place(w, s, r, k)
    take_rest(w, s, r, k, place if place >= 0 else after)
    if not refresh(w, s, r) and sound:
        e = _marker_of(w, s, r, k)
        unlink(s, e)
        link(s, e, after)
        refresh(w, s, r)
    return False


@compiled
def _drop_needless(w: Any, s: Any, r: int) -> None:
    """Drop rests of the driving rule that others have made needless."""
    e = start_of(w, r)
    while e >= 0:
        following = s.entity[e, NEXT]
        if s.entity[e, KIND] == REST and w.rests[s.entity[e, RULE], REST_AFTER] > ALWAYS:
            driven = s.segment[s.entity[e, PREV], DRIVEN] + s.segment[e, TO_DRIVE]
            if driven <= w.pay[DRIVE_LIMIT]:
                unlink(s, e)
                s.entity[e, KIND] = FREE
                refresh(w, s, r)
        e = following


@compiled
def settle_rests(w: Any, s: Any, r: int) -> bool:
    """Drop the rests of a day that are not due, move the others to their best places, and take those that are lacking.

    The day has been refreshed. Returns whether it can be driven so.
    """
    dropped = True
    while dropped:
        dropped = False
        for k in range(w.rules):
            if (s.info[r, TAKEN] >> k) & 1 and _drop_or_move(w, s, r, k):
                dropped = True
    _drop_needless(w, s, r)
    while s.info[r, FAULT] and not s.info[r, FAULT] & BROKEN:
        k = _most_wanted(w, s, r)
        if k < 0:
            return False
        place = _shortest_place(w, s, r, k)
        if place < 0 or not take_rest(w, s, r, k, place):
            return False
        refresh(w, s, r)
    return bool(s.info[r, FAULT] == 0)


@compiled
def _most_wanted(w: Any, s: Any, r: int) -> int:
    """The lacking rest that is due first, or one of the driving rule; -1: none is left."""
    chosen = -1
    for k in range(w.rules):
        if (s.info[r, TAKEN] >> k) & 1:
            continue
        due = s.day[r, SPAN] > w.rests[k, REST_AFTER]
        if w.rests[k, REST_AFTER] > ALWAYS:
            due = s.info[r, FAULT] & DRIVES_LONG
        if due and (chosen < 0 or w.rests[k, REST_AFTER] < w.rests[chosen, REST_AFTER]):
            chosen = k
    return chosen
