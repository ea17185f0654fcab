"""What is taken out: strings of stops near each other in neighbouring trips, or whole days.

Slack induction by string removals: J. Christiaens and G. Vanden Berghe, "Slack Induction by String Removals for Vehicle
Routing Problems", Transportation Science 54 (2020), 417–433. The constants are theirs: 10 stops on average, strings of
at most 10, split strings half of the time.
"""

from __future__ import annotations

from typing import Any

from fleetplan.compiling import compiled, inlined
from fleetplan.planning.kernel.chance import below, uniform
from fleetplan.planning.kernel.layout import DAY, KIND, NEAR_TASKS, NEXT, PREV, STOPS, TASK, TRIP
from fleetplan.planning.kernel.linking import start_of, tidy_day, unlink
from fleetplan.planning.kernel.settling import settle_rests
from fleetplan.planning.kernel.timing import refresh

SPLIT_SHARE = 0.5
LENGTHEN = 0.01


@inlined
def touch(s: Any, work: Any, r: int) -> None:
    """Note that a day changes in this step."""
    if not work.is_touched[r]:
        work.is_touched[r] = 1
        work.touched[0] += 1
        work.touched[work.touched[0]] = r


@inlined
def take_out(s: Any, work: Any, x: int) -> None:
    """Remove a task from its day; the day is put right later."""
    touch(s, work, s.entity[x, DAY])
    unlink(s, x)
    work.taken[0] += 1
    work.taken[work.taken[0]] = x


@compiled
def ruin_strings(w: Any, s: Any, work: Any, rng: Any, seed: int, tune: Any) -> None:
    """Remove strings around a task."""
    mean_trip = (work.active[0] - s.left[0]) / max(1, work.trips[0])
    longest = min(tune.longest, mean_trip)
    most = 4.0 * tune.removed / (1.0 + longest) - 1.0
    strings = int(uniform(rng) * most + 1.0)
    ruined = 0
    work.ruined[0] = 0
    for at in range(-1, NEAR_TASKS):
        if ruined >= strings:
            return
        x = seed if at < 0 else w.near[seed, at]
        if x < 0:
            return
        if s.entity[x, DAY] < 0:
            continue
        m = s.entity[x, TRIP]
        known = False
        for k in range(1, work.ruined[0] + 1):
            if work.ruined[k] == m:
                known = True
                break
        if known:
            continue
        work.ruined[0] += 1
        work.ruined[work.ruined[0]] = m
        _ruin_trip(w, s, work, rng, x, longest)
        ruined += 1


@compiled
def _ruin_trip(w: Any, s: Any, work: Any, rng: Any, x: int, longest: float) -> None:
    """Remove a string that holds ``x`` from its trip, sparing a few in its middle half of the time."""
    before = 0
    e = s.entity[x, PREV]
    while s.entity[e, KIND] == TASK:
        before += 1
        e = s.entity[e, PREV]
    size = before + 1
    e = s.entity[x, NEXT]
    while s.entity[e, KIND] == TASK:
        size += 1
        e = s.entity[e, NEXT]
    length = int(uniform(rng) * min(float(size), longest) + 1.0)
    if length > size:
        length = size
    spared = 0
    if length > 1 and length < size and uniform(rng) < SPLIT_SHARE:
        spared = 1
        while length + spared < size and uniform(rng) < LENGTHEN:
            spared += 1
    span = length + spared
    lowest = max(0, before - span + 1)
    highest = min(before, size - span)
    offset = lowest + below(rng, highest - lowest + 1)
    spare_from = span
    if spared > 0:
        spare_from = 1 + below(rng, length - 1) if length > 1 else span
    e = x
    for _ in range(before - offset):
        e = s.entity[e, PREV]
    for k in range(span):
        following = s.entity[e, NEXT]
        if k < spare_from or k >= spare_from + spared:
            take_out(s, work, e)
        e = following


@compiled
def ruin_day(w: Any, s: Any, work: Any, r: int) -> None:
    """Remove every stop of a day."""
    e = s.entity[start_of(w, r), NEXT]
    while e >= 0:
        following = s.entity[e, NEXT]
        if s.entity[e, KIND] == TASK:
            take_out(s, work, e)
        e = following


@compiled
def settle_ruins(w: Any, s: Any, work: Any) -> None:
    """Put the touched days right after removals; a day that cannot be driven without the removed stops is emptied."""
    for k in range(1, work.touched[0] + 1):
        r = work.touched[k]
        if s.info[r, STOPS] > 0 and tidy_day(w, s, r):
            sound = refresh(w, s, r)
            if w.rules:
                sound = settle_rests(w, s, r)
            if not sound:  # the way past a removed stop is closed, or longer than that by the stop
                ruin_day(w, s, work, r)
                tidy_day(w, s, r)
