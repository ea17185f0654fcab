"""Entities of a day as a linked list: opening and closing days, putting entities in and taking them out."""

from __future__ import annotations

from typing import Any

from fleetplan.compiling import compiled, inlined
from fleetplan.planning.kernel.layout import (
    CLASS,
    COST,
    DAY,
    END,
    FAULT,
    FREE,
    KIND,
    NEXT,
    POINT,
    PREV,
    RELOAD,
    START,
    STOPS,
    TAKEN,
    TASK,
    TRIP,
    TRIPS,
)


@inlined
def start_of(w: Any, r: int) -> int:
    """The marker that begins a day."""
    return int(w.n + r * (w.own + 2))


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
    s.info[r, FAULT] = 0
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
    s.info[r, FAULT] = 0


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
