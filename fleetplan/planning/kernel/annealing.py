"""The search itself: ruin, recreate, accept by annealing."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from fleetplan.compiling import compiled, inlined
from fleetplan.planning.kernel.bundles import Bundle
from fleetplan.planning.kernel.chance import below, uniform
from fleetplan.planning.kernel.classes import best_class
from fleetplan.planning.kernel.harvest import gather
from fleetplan.planning.kernel.layout import (
    ARC_M,
    CLASS,
    COST,
    DAY,
    DAY_FLOATS,
    DAY_INTS,
    FAULT,
    FIRST,
    FLOATS,
    FREE,
    KIND,
    LEAST,
    MOST,
    NEXT,
    NOW,
    OVER,
    SOFT,
    STOPS,
    TOTALS,
    TRIP_FLOATS,
    TRIPS,
    UNSERVED,
    Bytes,
    Floats,
    Ints,
    Ints32,
)
from fleetplan.planning.kernel.linking import start_of
from fleetplan.planning.kernel.loads import overload
from fleetplan.planning.kernel.recreating import ALL, NONE, PRO_RATA, WHOLE_DAY, put_back, sort_taken
from fleetplan.planning.kernel.ruining import ruin_day, ruin_strings, settle_ruins
from fleetplan.planning.kernel.settling import settle_rests
from fleetplan.planning.kernel.tails import exchange_tails
from fleetplan.planning.kernel.timing import INFINITE

EAGER, EAGER_SHARE = 0.5, 0.1
"""Of the steps that count a share of a vehicle's day while stops are left out: those that count just this share."""


MOST_TRIED = 20
"""Tasks left out that one step tries to put back."""


class Work(NamedTuple):
    """Scratch of the search."""

    touched: Ints32
    is_touched: Bytes
    dirty: Ints32
    is_dirty: Bytes
    taken: Ints32
    ruined: Ints32
    order: Floats
    seen: Ints
    day_seen: Ints
    token: Ints
    best: Floats
    place: Ints
    trips: Ints
    lenience: Floats  # [1] what leaving tasks out counts at the moment, in their own measure
    strain: Floats  # [4] price of overload now, at first, least and most, by vehicle-fulls; infinite: none is allowed
    active: Ints32  # [n + 1] number of tasks that are searched over, then those


LEAST_LENIENCE, MOST_LENIENCE = 0.2, 1e6


class Tune(NamedTuple):
    """What steers the search.

    Attributes:
        tails: chance that a step exchanges tails of trips; else it removes stops and puts them back.
        removed: stops removed on average by strings.
        longest: most stops of a string.
        blink: chance to overlook a place.
        whole_day: chance that a day is removed instead of strings.
        pro_rata: chance that a step counts only that share of a new vehicle's day that a stop fills.
        closed: chance that a step offers no new vehicle.
        favoured: with several classes, chance that a step offers new vehicles of one class alone; else of all.
        same: of those steps, the share that offer the class of the day that the removed stops were taken around; the
            others draw a class, and so do all that begin at a stop left out.
        firmer, softer: shares of itself by which what stops left out count rises after a step with more of them left
            out than in the best solution, and falls after any other; where they have prices it stays.
        stricter, laxer: shares of itself by which the price of overload rises after a step after which the current
            solution has some, and falls after any other.
    """

    tails: float = 0.3
    removed: float = 10.0
    longest: float = 10.0
    blink: float = 0.01
    whole_day: float = 0.08
    pro_rata: float = 0.5
    closed: float = 0.1
    favoured: float = 0.8
    same: float = 0.7
    firmer: float = 0.003
    softer: float = 0.0015
    stricter: float = 0.003
    laxer: float = 0.0003


def make_work(w: Bundle) -> Bundle:
    """Scratch for a world."""
    entities = w.n + w.slots * (w.own + 2)
    work = Work(
        touched=np.zeros(w.slots + 1, np.int32),
        is_touched=np.zeros(w.slots, np.int8),
        dirty=np.zeros(w.slots + 1, np.int32),
        is_dirty=np.zeros(w.slots, np.int8),
        taken=np.zeros(w.n + 2, np.int32),
        ruined=np.zeros(w.n + 2, np.int32),
        order=np.zeros(w.n + 2),
        seen=np.zeros(entities, np.int64),
        day_seen=np.zeros(w.slots, np.int64),
        token=np.zeros(1, np.int64),
        best=np.zeros(2),
        place=np.zeros(5, np.int64),
        trips=np.zeros(1, np.int64),
        lenience=np.ones(1),
        strain=np.full(4, INFINITE),
        active=np.zeros(w.n + 1, np.int32),
    )
    return Bundle(work)


@inlined
def _copy_entity(w: Any, to: Any, s: Any, e: int) -> None:
    """Copy an entity's rows; loops, because a slice costs more than it holds."""
    for k in range(8):
        to.entity[e, k] = s.entity[e, k]
    if w.timed:
        for k in range(FLOATS):
            to.segment[e, k] = s.segment[e, k]
    else:
        to.segment[e, ARC_M] = s.segment[e, ARC_M]
    if w.collects:
        for k in range(w.dims):
            to.peak[e, 0, k] = s.peak[e, 0, k]
            to.peak[e, 1, k] = s.peak[e, 1, k]


@inlined
def copy_day(w: Any, to: Any, s: Any, r: int) -> None:
    """Copy one day of ``s`` into ``to``; tasks that ``to`` has elsewhere are overwritten by their own days."""
    first = start_of(w, r)
    for e in range(first, first + w.own + 2):
        if s.entity[e, KIND] != FREE or to.entity[e, KIND] != FREE:
            _copy_entity(w, to, s, e)
            for k in range(TRIP_FLOATS):
                to.trip[e - w.n, k] = s.trip[e - w.n, k]
    for k in range(DAY_FLOATS):
        to.day[r, k] = s.day[r, k]
    for k in range(DAY_INTS):
        to.info[r, k] = s.info[r, k]
    if s.info[r, STOPS] == 0:
        return
    e = s.entity[first, NEXT]
    while e >= 0:
        if e < w.n:
            _copy_entity(w, to, s, e)
        e = s.entity[e, NEXT]


@compiled
def copy_rest(w: Any, to: Any, s: Any) -> None:
    """Copy what belongs to no day."""
    for c in range(w.classes):
        to.used[c] = s.used[c]
    for k in range(TOTALS):
        to.total[k] = s.total[k]
    for k in range(s.left[0] + 1):
        to.left[k] = s.left[k]
    for k in range(1, s.left[0] + 1):
        to.entity[s.left[k], DAY] = -1


@compiled
def copy_all(w: Any, to: Any, s: Any) -> None:
    """Copy a whole solution."""
    for r in range(w.slots):
        copy_day(w, to, s, r)
    copy_rest(w, to, s)


@compiled
def recount(w: Any, s: Any, work: Any) -> None:
    """Sum the totals anew, free of rounding."""
    total = over = 0.0
    trips = overloaded = 0
    for r in range(w.slots):
        if s.info[r, STOPS] > 0:
            total += s.day[r, COST]
            s.day[r, OVER] = overload(w, s, r, s.info[r, CLASS], -1, -1)
            over += s.day[r, OVER]
            overloaded += s.day[r, OVER] > 0.0
            trips += s.info[r, TRIPS]
    weight = soft = 0.0
    for k in range(1, s.left[0] + 1):
        weight += w.task[s.left[k], UNSERVED]
        soft += w.task[s.left[k], SOFT]
    s.total[0], s.total[1], s.total[2], s.total[3], s.total[4] = total, weight, soft, over, overloaded
    work.trips[0] = trips


@compiled
def _take_left(w: Any, s: Any, work: Any, rng: Any) -> None:
    """Take tasks that are left out along, at random where they are many: each may be tried at every place there is."""
    before = s.left[0]
    tried = min(before, MOST_TRIED)
    for k in range(1, tried + 1):
        if before > MOST_TRIED:
            j = k + below(rng, before - k + 1)
            s.left[k], s.left[j] = s.left[j], s.left[k]
        work.taken[0] += 1
        work.taken[work.taken[0]] = s.left[k]
    s.left[0] = before - tried
    s.total[1] = s.total[2] = 0.0
    for k in range(1, s.left[0] + 1):
        x = s.left[k + tried]
        s.left[k] = x
        s.total[1] += w.task[x, UNSERVED]
        s.total[2] += w.task[x, SOFT]


@compiled
def step(w: Any, s: Any, work: Any, rng: Any, tune: Any, heat: float) -> bool:
    """Exchange two tails, or ruin and recreate; false when a day came out that cannot be driven."""
    for k in range(1, work.touched[0] + 1):
        work.is_touched[work.touched[k]] = 0
    work.touched[0] = 0
    work.taken[0] = 0
    if uniform(rng) < tune.tails:
        return exchange_tails(w, s, work, rng, heat) and _settled(w, s, work)
    draw = uniform(rng)
    x = work.active[1 + below(rng, work.active[0])]
    r = s.entity[x, DAY]
    own = s.info[r, CLASS] if r >= 0 else -1
    if r >= 0 and draw < tune.whole_day:
        ruin_day(w, s, work, r)
    else:
        ruin_strings(w, s, work, rng, x, tune)
    settle_ruins(w, s, work)
    before = s.left[0]
    _take_left(w, s, work, rng)
    sort_taken(w, work, rng)
    generous = uniform(rng) < tune.pro_rata
    # Stops that are worth no vehicle alone may be worth one together: its day must cost the first of them little.
    eager = generous and before > 0 and uniform(rng) < EAGER
    offered = ALL
    draw = uniform(rng)
    if draw < tune.closed:
        offered = NONE
    elif w.classes > 1 and draw < tune.closed + tune.favoured:
        offered = own if own >= 0 and uniform(rng) < tune.same else below(rng, w.classes)
    for k in range(1, work.taken[0] + 1):
        x = work.taken[k]
        share = WHOLE_DAY
        if generous:
            share = EAGER_SHARE if eager else PRO_RATA
        if not put_back(w, s, work, rng, x, share, offered, tune.blink):
            s.left[0] += 1
            s.left[s.left[0]] = x
            s.entity[x, DAY] = -1
            s.total[1] += w.task[x, UNSERVED]
            s.total[2] += w.task[x, SOFT]
    return _settled(w, s, work)


@compiled
def _settled(w: Any, s: Any, work: Any) -> bool:
    """Give the touched days their rests and best classes; whether all of them can be driven."""
    sound = True
    for k in range(1, work.touched[0] + 1):
        r = work.touched[k]
        if s.info[r, STOPS] == 0:
            continue
        if w.rules:
            settle_rests(w, s, r)
        if w.classes > 1:
            best_class(w, s, r, work.strain[NOW])
        sound = sound and s.info[r, FAULT] == 0
    return sound


@inlined
def _weigh(w: Any, s: Any, kept: Any, work: Any) -> None:
    """Overload of the touched days, and of all; exactly none where no day has any."""
    for k in range(1, work.touched[0] + 1):
        r = work.touched[k]
        s.day[r, OVER] = overload(w, s, r, s.info[r, CLASS], -1, -1) if s.info[r, STOPS] > 0 else 0.0
        s.total[3] += s.day[r, OVER] - kept.day[r, OVER]
        s.total[4] += (s.day[r, OVER] > 0.0) - (kept.day[r, OVER] > 0.0)
    if s.total[4] == 0.0:
        s.total[3] = 0.0


@compiled
def anneal(
    w: Any,
    s: Any,
    kept: Any,
    best: Any,
    work: Any,
    harvest: Any,
    rng: Any,
    tune: Any,
    iterations: int,
    hot: float,
    cold: float,
) -> int:
    """So many steps from temperature ``hot`` to ``cold``, both in money; returns how many were improvements.

    Args:
        w: the problem.
        s: the solution worked on.
        kept: the current solution; equals ``s`` at the start and at the end.
        best: the best so far; as long as it is overloaded, any that is not and serves as much is better;
            where leaving out has a price, any that is not.
        work: scratch.
        harvest: takes what days look worth keeping.
        rng: state of the random numbers.
        tune: what steers.
        iterations: steps.
        hot, cold: temperature at the start and at the end.
    """
    if work.active[0] == 0:
        return 0
    recount(w, s, work)
    copy_rest(w, kept, s)
    for r in range(w.slots):
        kept.day[r, OVER] = s.day[r, OVER]
    found = 0
    ratio = (cold / hot) ** (1.0 / max(1, iterations))
    heat = hot
    for _ in range(iterations):
        sound = step(w, s, work, rng, tune, heat)
        if work.strain[NOW] < INFINITE:
            _weigh(w, s, kept, work)
        if sound and harvest.slack[0] > -INFINITE:
            for k in range(1, work.touched[0] + 1):
                if s.info[work.touched[k], STOPS] > 0 and s.day[work.touched[k], OVER] <= 0.0:
                    gather(w, s, harvest, work.touched[k])
        heat *= ratio
        change = (s.total[0] - kept.total[0]) + work.lenience[0] * (s.total[2] - kept.total[2])
        if work.strain[NOW] < INFINITE:
            change += work.strain[NOW] * (s.total[3] - kept.total[3])
        if sound and change < -heat * math.log(uniform(rng) + 1e-300):
            for k in range(1, work.touched[0] + 1):
                r = work.touched[k]
                work.trips[0] += s.info[r, TRIPS] - kept.info[r, TRIPS]
                copy_day(w, kept, s, r)
                if not work.is_dirty[r]:
                    work.is_dirty[r] = 1
                    work.dirty[0] += 1
                    work.dirty[work.dirty[0]] = r
            copy_rest(w, kept, s)
            gain = (s.total[0] - best.total[0]) + (s.total[1] - best.total[1])
            better = gain < -1e-7 * max(1.0, abs(best.total[0])) * 1e-2
            if best.total[4] > 0.0:
                better = w.priced or s.total[1] <= best.total[1] * (1.0 + 1e-9)
            if s.total[4] == 0.0 and better:
                found += 1
                for k in range(1, work.dirty[0] + 1):
                    copy_day(w, best, s, work.dirty[k])
                    work.is_dirty[work.dirty[k]] = 0
                work.dirty[0] = 0
                copy_rest(w, best, s)
                if best.left[0] == 0 and work.strain[NOW] >= INFINITE:
                    work.strain[NOW] = work.strain[FIRST]
        else:
            for k in range(1, work.touched[0] + 1):
                copy_day(w, s, kept, work.touched[k])
            copy_rest(w, s, kept)
        if work.strain[NOW] < INFINITE:
            if kept.total[4] == 0.0:
                work.strain[NOW] = max(work.strain[LEAST], work.strain[NOW] * (1.0 - tune.laxer))
            else:
                work.strain[NOW] = min(work.strain[MOST], work.strain[NOW] * (1.0 + tune.stricter))
        if not w.priced:
            if kept.left[0] > best.left[0]:
                work.lenience[0] = min(MOST_LENIENCE, work.lenience[0] * (1.0 + tune.firmer))
            else:
                work.lenience[0] = max(LEAST_LENIENCE, work.lenience[0] * (1.0 - tune.softer))
    return found
