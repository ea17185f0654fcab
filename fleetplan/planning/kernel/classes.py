"""A day driven by another class of vehicle."""

from __future__ import annotations

from typing import Any

from fleetplan.compiling import compiled
from fleetplan.planning.kernel.inserting import INFINITE
from fleetplan.planning.kernel.layout import (
    BASE,
    CAPACITY,
    CHARGE,
    CLASS,
    CLOSES,
    COST,
    COUNT,
    DELIVER,
    DRIVE_LIMIT,
    END,
    ENERGY_BASE,
    FIXED,
    GROUP,
    KIND,
    LENGTH,
    LOAD,
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
    REST_COUNTS,
    RULE,
    START,
    STOPS,
    TASK,
    TRIP,
    TRIPS,
    UNPAID,
    USABLE,
    WAGE,
    WIDTH,
)
from fleetplan.planning.kernel.timing import TINY, drive_s, join, lacks_rest, refresh, segment_of, start_of, wages


@compiled
def same_option(w: Any, c: int, other: int, x: int, o: int, p: int) -> int:
    """The option of class ``other`` that stands for option ``o`` of class ``c``, coming from point ``p``; -1: none."""
    lo, hi = w.options[other * w.n + x, 0], w.options[other * w.n + x, 1]
    if hi <= lo:
        return -1
    if hi - lo == 1:
        return lo
    if w.numbers[c, GROUP] == w.numbers[other, GROUP]:
        return lo + (o - w.options[c * w.n + x, 0])
    best = -1
    least = INFINITE
    for k in range(lo, hi):
        if w.option[k, CLOSES] < w.option[o, OPENS] or w.option[k, OPENS] > w.option[o, CLOSES]:
            continue
        travel = w.table[w.numbers[other, BASE] + p * w.numbers[other, WIDTH] + w.point[k], 0] + w.option[k, LENGTH]
        cost = (
            w.amounts[other, PER_M] * w.table[w.numbers[other, BASE] + p * w.numbers[other, WIDTH] + w.point[k], 1]
            + w.pay[WAGE] * travel
        )
        cost += w.option[k, PRICE] + 1e-9 * travel
        if cost < least:
            least, best = cost, k
    return best


@compiled
def cost_as(w: Any, s: Any, r: int, c: int, x: int, o: int, u: int) -> float:
    """Cost of a day as one of class ``c``, with task ``x`` after entity ``u`` (``x`` below 0: as it is).

    ``o`` is the option of ``x`` in the day's present class.
    """
    own = s.info[r, CLASS]
    if (
        s.info[r, TRIPS] > w.numbers[c, MOST_TRIPS]
        or s.info[r, STOPS] + (1 if x >= 0 else 0) > w.numbers[c, MOST_STOPS]
    ):
        return INFINITE
    if w.collects or w.batteries:
        if x >= 0:
            return INFINITE
    elif not w.timed and w.numbers[c, GROUP] == w.numbers[own, GROUP]:
        return _cost_of_length(w, s, r, c, x, o, u)
    base, width = w.numbers[c, BASE], w.numbers[c, WIDTH]
    e = start_of(w, r)
    duration, earliest, latest = segment_of(w, s, c, e)
    late = 0.0
    metres = 0.0
    driven = 0.0
    energy, energy_base = 0.0, w.numbers[c, ENERGY_BASE]
    level = w.amounts[c, USABLE]
    p = 0
    begin = e
    pending = x >= 0 and e == u
    if x >= 0 and w.task[x, READY_AT] > earliest and s.entity[u, TRIP] == e:
        earliest = w.task[x, READY_AT]
    while True:
        if pending:
            task, entity, kind = x, -1, TASK
            option = same_option(w, own, c, x, o, p)
        else:
            e = s.entity[e, NEXT]
            if e < 0:
                break
            task, entity, kind = e, e, s.entity[e, KIND]
            option = same_option(w, own, c, e, s.entity[e, OPTION], p) if kind == TASK else -1
        if kind == TASK:
            if option < 0:
                return INFINITE
            q = w.point[option]
            late += w.option[option, PRICE]
            length, opens, closes = w.option[option, LENGTH], w.option[option, OPENS], w.option[option, CLOSES]
        else:
            q = p if kind == REST else 0
            length, opens, closes = segment_of(w, s, c, entity)
            if kind == RELOAD:
                begin = entity
                if x >= 0 and s.entity[u, TRIP] == begin and w.task[x, READY_AT] > opens:
                    opens = w.task[x, READY_AT]
        metres += w.table[base + p * width + q, 1]
        duration, earliest, latest, fits = join(
            duration, earliest, latest, float(w.table[base + p * width + q, 0]), length, opens, closes
        )
        if not fits:
            return INFINITE
        if w.rules:
            driven += drive_s(w, c, p, q)
            if driven > w.pay[DRIVE_LIMIT]:
                return INFINITE
            if kind == REST and w.rests[s.entity[entity, RULE], REST_COUNTS]:
                driven = 0.0
        if energy_base >= 0:
            energy += w.energy[energy_base + p * width + q]
            if kind == RELOAD or kind == END:
                level -= energy
                if level < -TINY:
                    return INFINITE
                level = min(w.amounts[c, USABLE], level + w.amounts[c, CHARGE])
                energy = 0.0
        p = q
        pending = (not pending) and x >= 0 and entity == u
    if duration > w.amounts[c, MOST_SPAN] + TINY or lacks_rest(w, s, r, duration):
        return INFINITE
    if not _loads_fit(w, s, r, c, x, u):
        return INFINITE
    return w.amounts[c, FIXED] + w.amounts[c, PER_M] * metres + wages(w, duration - s.day[r, UNPAID]) + late


@compiled
def _cost_of_length(w: Any, s: Any, r: int, c: int, x: int, o: int, u: int) -> float:
    """Where time plays no part and the tables are the same, only the length counts."""
    if not _loads_fit(w, s, r, c, x, u):
        return INFINITE
    metres = s.day[r, METRES]
    if x >= 0:
        base, width = w.numbers[c, BASE], w.numbers[c, WIDTH]
        i, p, q = w.point[o], s.entity[u, POINT], s.entity[s.entity[u, NEXT], POINT]
        metres += float(w.table[base + p * width + i, 1]) + float(w.table[base + i * width + q, 1])
        metres -= float(w.table[base + p * width + q, 1])
    return w.amounts[c, FIXED] + w.amounts[c, PER_M] * metres + wages(w, 0.0)


@compiled
def _loads_fit(w: Any, s: Any, r: int, c: int, x: int, u: int) -> bool:
    e = start_of(w, r)
    while e >= 0:
        kind = s.entity[e, KIND]
        if kind == START or kind == RELOAD:
            for k in range(w.dims):
                load = s.peak[e, 1, k] if w.collects else s.trip[e - w.n, LOAD + k]
                if x >= 0 and s.entity[u, TRIP] == e:
                    load += w.task[x, DELIVER + k]
                if load > w.amounts[c, CAPACITY + k]:
                    return False
            if s.info[r, TRIPS] == 1:
                return True
        e = s.entity[e, NEXT]
    return True


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
    return refresh(w, s, r)


@compiled
def best_class(w: Any, s: Any, r: int) -> bool:
    """Let the cheapest class drive a day; returns false only when a change went wrong."""
    own = s.info[r, CLASS]
    best, chosen = s.day[r, COST] - TINY, -1
    for c in range(w.classes):
        if c == own or s.used[c] >= w.numbers[c, COUNT]:
            continue
        cost = cost_as(w, s, r, c, -1, -1, -1)
        if cost < best:
            best, chosen = cost, c
    if chosen < 0:
        return True
    return change_class(w, s, r, chosen)
