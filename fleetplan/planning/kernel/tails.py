"""Tails of two trips exchanged: a trip goes on as another one does, and the other way round.

The move of J.-Y. Potvin and J.-M. Rousseau, "An exchange heuristic for routeing problems with time windows", Journal of
the Operational Research Society 46 (1995), 1433–1446. Removals of ten stops seldom bring it about where trips are long,
and never where both tails are longer than that. It costs little beside them, for what does not promise anything by its
two new arcs, loads and windows is not tried.
"""

from __future__ import annotations

from typing import Any

from fleetplan.compiling import compiled, inlined
from fleetplan.planning.kernel.chance import below
from fleetplan.planning.kernel.classes import same_option
from fleetplan.planning.kernel.layout import (
    ARC_M,
    BASE,
    CAPACITY,
    CLASS,
    DAY,
    DELIVER,
    END,
    FIXED,
    FREE,
    GROUP,
    KIND,
    LOAD,
    MOST_STOPS,
    NEXT,
    NOW,
    OPTION,
    PER_M,
    POINT,
    PRE,
    PREV,
    REST,
    START,
    STOPS,
    SUF,
    TASK,
    TRIP,
    TRIPS,
    WAGE,
    WIDTH,
)
from fleetplan.planning.kernel.linking import link, tidy_day, unlink
from fleetplan.planning.kernel.loads import burden, overload
from fleetplan.planning.kernel.ruining import touch
from fleetplan.planning.kernel.timing import INFINITE, join, refresh

DRAWS = 16
"""Pairs of stops that are drawn until one promises something."""

NEIGHBOURS = 20
"""Neighbours of a stop that may come to follow it."""

WORTH = 4.0
"""Temperatures by which new arcs may be dearer than old ones."""


@compiled
def exchange_tails(w: Any, s: Any, work: Any, rng: Any, heat: float) -> bool:
    """Let a trip go on with the tail of a neighbour's; false when the days cannot be driven so.

    Nothing is touched where no pair of stops promises anything.
    """
    for _ in range(DRAWS):
        x = work.active[1 + below(rng, work.active[0])]
        y = w.near[x, below(rng, NEIGHBOURS)]
        if y < 0 or s.entity[x, DAY] < 0 or s.entity[y, DAY] < 0 or s.entity[x, DAY] == s.entity[y, DAY]:
            continue
        if _promises(w, s, x, y, heat, work.strain[NOW]):
            return _exchange(w, s, work, x, y)
    return True


@inlined
def _promises(w: Any, s: Any, x: int, y: int, heat: float, strain: float) -> bool:
    """Whether ``y`` may follow ``x``, and new arcs and overload are not much dearer."""
    r, q = s.entity[x, DAY], s.entity[y, DAY]
    c, d = s.info[r, CLASS], s.info[q, CLASS]
    before, after = s.entity[y, PREV], s.entity[x, NEXT]
    joined, change = _new_arc(w, s, x, y, c, d)
    if joined < 0:
        return False
    other, more = _new_arc(w, s, before, after, d, c)
    if other < 0:
        return False
    if s.entity[before, KIND] == START and s.entity[after, KIND] == END:
        more -= w.amounts[d, FIXED]
    if change + more > WORTH * heat:
        return False
    exact = w.timed and w.numbers[c, GROUP] == w.numbers[d, GROUP] and s.info[r, TRIPS] + s.info[q, TRIPS] == 2
    if exact and not (_meet(w, s, x, y, joined) and _meet(w, s, before, after, other)):
        return False
    over = _more_overload(w, s, x, y, c, d)
    strained = burden(over, strain) if over > 0.0 else -burden(-over, strain)
    return bool(change + more + strained <= WORTH * heat)


@inlined
def _new_arc(w: Any, s: Any, u: int, v: int, c: int, d: int) -> Any:
    """The cell of the arc from ``u`` of class ``c`` to ``v`` of class ``d``, and what it costs above that to the entity
    after ``u``; the cell is below 0 where class ``c`` may not serve ``v``."""
    base, width = w.numbers[c, BASE], w.numbers[c, WIDTH]
    p, q = s.entity[u, POINT], s.entity[v, POINT]
    if s.entity[v, KIND] == TASK and w.numbers[c, GROUP] != w.numbers[d, GROUP]:
        o = same_option(w, d, c, v, s.entity[v, OPTION], p)
        if o < 0:
            return -1, 0.0
        q = w.point[o]
    arc = base + p * width + q
    change = w.amounts[c, PER_M] * (float(w.table[arc, 1]) - s.segment[u, ARC_M])
    if w.timed and w.pay[WAGE] > 0.0:
        old = base + p * width + s.entity[s.entity[u, NEXT], POINT]
        change += w.pay[WAGE] * (float(w.table[arc, 0]) - float(w.table[old, 0]))
    return arc, change


@inlined
def _meet(w: Any, s: Any, u: int, v: int, arc: int) -> bool:
    """Whether ``v`` and all after it are in time after ``u``."""
    f, g = s.segment[u], s.segment[v]
    _, _, _, fits = join(f[PRE], f[PRE + 1], f[PRE + 2], float(w.table[arc, 0]), g[SUF], g[SUF + 1], g[SUF + 2])
    return bool(fits)


@inlined
def _more_overload(w: Any, s: Any, x: int, y: int, c: int, d: int) -> float:
    """By how much more the two trips are overloaded after the exchange, by what they deliver."""
    over = 0.0
    m, k = s.entity[x, TRIP] - w.n, s.entity[y, TRIP] - w.n
    for i in range(w.dims):
        moved = 0.0
        e = s.entity[x, NEXT]
        while s.entity[e, KIND] == TASK or s.entity[e, KIND] == REST:
            if s.entity[e, KIND] == TASK:
                moved -= w.task[e, DELIVER + i]
            e = s.entity[e, NEXT]
        e = y
        while s.entity[e, KIND] == TASK or s.entity[e, KIND] == REST:
            if s.entity[e, KIND] == TASK:
                moved += w.task[e, DELIVER + i]
            e = s.entity[e, NEXT]
        here, there = w.amounts[c, CAPACITY + i], w.amounts[d, CAPACITY + i]
        more = max(0.0, s.trip[m, LOAD + i] + moved - here) - max(0.0, s.trip[m, LOAD + i] - here)
        more += max(0.0, s.trip[k, LOAD + i] - moved - there) - max(0.0, s.trip[k, LOAD + i] - there)
        over += more * w.per_vehicle[i]
    return over


@compiled
def _exchange(w: Any, s: Any, work: Any, x: int, y: int) -> bool:
    """Exchange what follows ``x`` for what begins with ``y``."""
    r, q = s.entity[x, DAY], s.entity[y, DAY]
    c, d = s.info[r, CLASS], s.info[q, CLASS]
    touch(s, work, r)
    touch(s, work, q)
    before = s.entity[y, PREV]
    _detach(s, work.ruined, s.entity[x, NEXT])
    _detach(s, work.taken, y)
    sound = _attach(w, s, work.taken, x, d, c)
    sound = _attach(w, s, work.ruined, before, c, d) and sound
    work.taken[0] = 0
    sound = _settle(w, s, r, work.strain[NOW]) and sound
    return _settle(w, s, q, work.strain[NOW]) and sound


@inlined
def _settle(w: Any, s: Any, r: int, strain: float) -> bool:
    """Put a day right; whether it can be driven."""
    if not tidy_day(w, s, r):
        return True
    c = s.info[r, CLASS]
    sound = refresh(w, s, r)
    if not w.rules and not sound:
        return False
    return s.info[r, STOPS] <= w.numbers[c, MOST_STOPS] and burden(overload(w, s, r, c, -1, -1), strain) < INFINITE


@compiled
def _detach(s: Any, buffer: Any, first: int) -> None:
    """Take the rest of a trip out of its day, its stops in order into ``buffer``; its rests are dropped."""
    buffer[0] = 0
    e = first
    while s.entity[e, KIND] == TASK or s.entity[e, KIND] == REST:
        following = s.entity[e, NEXT]
        unlink(s, e)
        if s.entity[e, KIND] == TASK:
            buffer[0] += 1
            buffer[buffer[0]] = e
        else:
            s.entity[e, KIND] = FREE
        e = following


@compiled
def _attach(w: Any, s: Any, buffer: Any, after: int, c: int, d: int) -> bool:
    """Link the stops of a buffer after an entity, each by the option of class ``d`` that stands for its own of ``c``;
    false when there is none."""
    sound = True
    e = after
    for k in range(1, buffer[0] + 1):
        x = buffer[k]
        if c != d:
            o = same_option(w, c, d, x, s.entity[x, OPTION], s.entity[e, POINT])
            if o < 0:
                sound = False
            else:
                s.entity[x, OPTION] = o
                s.entity[x, POINT] = w.point[o]
        link(s, x, e)
        e = x
    return sound
