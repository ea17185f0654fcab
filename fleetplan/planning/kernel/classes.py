"""A day driven by another class of vehicle."""

from __future__ import annotations

from typing import Any

from fleetplan.compiling import compiled
from fleetplan.planning.kernel.layout import (
    BASE,
    CHARGE,
    CLASS,
    CLOSES,
    COST,
    COUNT,
    DRIVE_LIMIT,
    ENERGY_BASE,
    FIXED,
    GROUP,
    KIND,
    LENGTH,
    METRES,
    MOST_SPAN,
    MOST_STOPS,
    MOST_TRIPS,
    NEXT,
    OPENS,
    OPTION,
    PER_M,
    POINT,
    PRICE,
    READY_AT,
    RELOAD,
    REST,
    REST_AFTER,
    REST_COUNTS,
    RULE,
    STOPS,
    TAKEN,
    TASK,
    TRIP,
    TRIPS,
    UNPAID,
    USABLE,
    WAGE,
    WIDTH,
)
from fleetplan.planning.kernel.linking import start_of
from fleetplan.planning.kernel.loads import burden, burden_of, overload
from fleetplan.planning.kernel.resting import ALWAYS
from fleetplan.planning.kernel.settling import settle_rests
from fleetplan.planning.kernel.timing import INFINITE, SPARK, TINY, drive_s, join, refresh, segment_of, wages


@compiled
def same_option(w: Any, c: int, other: int, x: int, o: int, p: int) -> int:
    """The option of class ``other`` that stands for option ``o`` of class ``c``, coming from point ``p``; -1: none."""
    lo, hi = w.options[other * w.n + x, 0], w.options[other * w.n + x, 1]
    if hi <= lo:
        return -1
    if hi - lo == 1:
        return int(lo)
    if w.numbers[c, GROUP] == w.numbers[other, GROUP]:
        return int(lo + (o - w.options[c * w.n + x, 0]))
    best = -1
    least = INFINITE
    for k in range(lo, hi):
        if w.option[k, CLOSES] < w.option[o, OPENS] or w.option[k, OPENS] > w.option[o, CLOSES]:
            continue
        arc = w.numbers[other, BASE] + p * w.numbers[other, WIDTH] + w.point[k]
        seconds = w.table[arc, 0] + w.option[k, LENGTH]
        cost = w.amounts[other, PER_M] * w.table[arc, 1] + (w.pay[WAGE] + 1e-9) * seconds + w.option[k, PRICE]
        if cost < least:
            least, best = cost, k
    return best


@compiled
def cost_as(w: Any, s: Any, r: int, c: int, x: int, o: int, u: int, strain: float) -> float:
    """Cost of a day as one of class ``c``, with task ``x`` after entity ``u`` (``x`` below 0: as it is).

    ``o`` is the option of ``x`` in the day's present class, ``strain`` the price of overload, which counts. Rests stay
    where they are; infinite where others are due.
    """
    own = s.info[r, CLASS]
    if s.info[r, TRIPS] > w.numbers[c, MOST_TRIPS]:
        return INFINITE
    if s.info[r, STOPS] + (1 if x >= 0 else 0) > w.numbers[c, MOST_STOPS]:
        return INFINITE
    strained = burden(overload(w, s, r, c, x, u), strain)
    if strained >= INFINITE:
        return INFINITE
    if not w.timed and not w.batteries and w.numbers[c, GROUP] == w.numbers[own, GROUP]:
        return strained + _cost_of_length(w, s, r, c, x, o, u)
    base, width, energy_base = w.numbers[c, BASE], w.numbers[c, WIDTH], w.numbers[c, ENERGY_BASE]
    e = start_of(w, r)
    duration, earliest, latest = segment_of(w, s, c, e)
    if x >= 0 and s.entity[u, TRIP] == e:
        earliest = max(earliest, w.task[x, READY_AT])
    late = metres = driven = 0.0
    level = w.amounts[c, USABLE]
    p = 0
    pending = x >= 0 and e == u
    while True:
        entity, kind, option = x, TASK, o
        if not pending:
            e = s.entity[e, NEXT]
            if e < 0:
                break
            entity, kind, option = e, s.entity[e, KIND], s.entity[e, OPTION]
        if kind == TASK:
            option = same_option(w, own, c, entity, option, p)
            if option < 0:
                return INFINITE
            q = w.point[option]
            late += w.option[option, PRICE]
            length, opens, closes = w.option[option, LENGTH], w.option[option, OPENS], w.option[option, CLOSES]
        else:
            q = p if kind == REST else 0
            length, opens, closes = segment_of(w, s, c, entity)
            if kind == RELOAD and x >= 0 and s.entity[u, TRIP] == entity:
                opens = max(opens, w.task[x, READY_AT])
        metres += w.table[base + p * width + q, 1]
        duration, earliest, latest, fits = join(
            duration, earliest, latest, float(w.table[base + p * width + q, 0]), length, opens, closes
        )
        if w.rules:
            driven += drive_s(w, c, p, q)
            fits = fits and driven <= w.pay[DRIVE_LIMIT]
            if kind == REST and w.rests[s.entity[entity, RULE], REST_COUNTS] > 0.0:
                driven = 0.0
        if energy_base >= 0:
            level -= w.energy[energy_base + p * width + q]
            fits = fits and level >= -SPARK
            if kind == RELOAD:
                level = min(w.amounts[c, USABLE], level + w.amounts[c, CHARGE])
        if not fits:
            return INFINITE
        p = q
        pending = not pending and x >= 0 and entity == u
    if duration > w.amounts[c, MOST_SPAN] + TINY or not _rests_due(w, s, r, duration):
        return INFINITE
    money = w.amounts[c, FIXED] + w.amounts[c, PER_M] * metres + late
    return strained + float(money) + wages(w, duration - s.day[r, UNPAID])


@compiled
def _rests_due(w: Any, s: Any, r: int, span: float) -> bool:
    """Whether the rests that a day takes are those that are due after such a span (the driving rule aside)."""
    for k in range(w.rules):
        taken = (s.info[r, TAKEN] >> k) & 1
        if span > w.rests[k, REST_AFTER]:
            if not taken:
                return False
        elif taken and w.rests[k, REST_AFTER] < ALWAYS:
            return False
    return True


@compiled
def _cost_of_length(w: Any, s: Any, r: int, c: int, x: int, o: int, u: int) -> float:
    """Where time plays no part and the tables are the same, only the length counts."""
    metres = s.day[r, METRES]
    if x >= 0:
        base, width = w.numbers[c, BASE], w.numbers[c, WIDTH]
        i, p, q = w.point[o], s.entity[u, POINT], s.entity[s.entity[u, NEXT], POINT]
        metres += float(w.table[base + p * width + i, 1]) + float(w.table[base + i * width + q, 1])
        metres -= float(w.table[base + p * width + q, 1])
    return float(w.amounts[c, FIXED] + w.amounts[c, PER_M] * metres) + wages(w, 0.0)


@compiled
def change_class(w: Any, s: Any, r: int, c: int) -> bool:
    """Make a day one of class ``c``; false when it cannot be driven so."""
    own = s.info[r, CLASS]
    p = 0
    e = s.entity[start_of(w, r), NEXT]
    while e >= 0:
        if s.entity[e, KIND] == TASK:
            o = same_option(w, own, c, e, s.entity[e, OPTION], p)
            s.entity[e, OPTION] = o
            p = w.point[o]
        elif s.entity[e, KIND] != REST:
            p = 0
        e = s.entity[e, NEXT]
    s.used[own] -= 1
    s.used[c] += 1
    s.info[r, CLASS] = c
    sound = refresh(w, s, r)
    if w.rules:
        return settle_rests(w, s, r)
    return sound


@compiled
def best_class(w: Any, s: Any, r: int, strain: float) -> bool:
    """Let the cheapest class drive a day, overload counted; returns false only when a change went wrong."""
    own = s.info[r, CLASS]
    best, chosen = s.day[r, COST] + burden_of(w, s, r, strain) - TINY, -1
    for c in range(w.classes):
        if c == own or s.used[c] >= w.numbers[c, COUNT]:
            continue
        cost = cost_as(w, s, r, c, -1, -1, -1, strain)
        if cost < best:
            best, chosen = cost, c
    if chosen < 0:
        return True
    return change_class(w, s, r, chosen)
