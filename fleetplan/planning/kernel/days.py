"""Days into the search and out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fleetplan.planning.instance import Day, Instance
from fleetplan.planning.kernel.bundles import Bundle
from fleetplan.planning.kernel.layout import (
    CLASS,
    KIND,
    MOST_TRIPS,
    NEXT,
    OPTION,
    RELOAD,
    SOFT,
    STOPS,
    TASK,
    UNSERVED,
    clear,
)
from fleetplan.planning.kernel.linking import close_day, link, open_day, spare_marker, start_of, unlink
from fleetplan.planning.kernel.resting import take_rest
from fleetplan.planning.kernel.settling import settle_rests
from fleetplan.planning.kernel.timing import refresh
from fleetplan.planning.problem import Rest
from fleetplan.planning.schedule import PlacedRest, TimedDay, time_day


def days_of(world: Bundle, instance: Instance, state: Bundle) -> list[Day]:
    """The days of a solution as options of their classes."""
    offsets = np.concatenate([[0], np.cumsum([len(c.options.task) for c in instance.classes])])
    days: list[Day] = []
    for r in range(world.slots):
        if state.info[r, STOPS] == 0:
            continue
        c = int(state.info[r, CLASS])
        trips: list[list[int]] = [[]]
        e = int(state.entity[start_of(world, r), NEXT])
        while e >= 0:
            kind = state.entity[e, KIND]
            if kind == TASK:
                trips[-1].append(int(state.entity[e, OPTION]) - int(offsets[c]))
            elif kind == RELOAD:
                trips.append([])
            e = int(state.entity[e, NEXT])
        days.append((c, tuple(tuple(trip) for trip in trips if trip)))
    return days


def put_days(world: Bundle, instance: Instance, state: Bundle, days: Sequence[Day], left: Sequence[int]) -> None:
    """Make a solution of days and tasks left out; tasks in neither are in no day.

    Days that the search cannot hold, with more trips or rests than it has room for, are left out as well.
    """
    clear(world, state)
    missing = list(left)
    r = 0
    for day in days:
        if len(day[1]) <= world.numbers[day[0], MOST_TRIPS] and _put_day(world, instance, state, r, day):
            r += 1
        else:
            missing += instance.tasks_of(day)
    state.left[0] = len(missing)
    state.left[1 : len(missing) + 1] = missing
    state.total[1:3] = world.task[missing, UNSERVED].sum(), world.task[missing, SOFT].sum()


def _put_day(world: Bundle, instance: Instance, state: Bundle, r: int, day: Day) -> bool:
    """Put a day into an unused slot, with its rests; false, and nothing done, when it cannot be driven, laden or not.

    Rests that are due are placed by the exact timing, one alone by the search itself, which is then as exact.
    """
    _link_day(world, instance, state, r, day, {})
    sound = refresh(world, state, r)
    if not sound and world.rules == 1:
        sound = settle_rests(world, state, r)
    if not sound and world.rules:
        timed = time_day(instance, *day, overloaded=True)
        if timed is not None:
            _unlink_day(world, instance, state, r, day)
            _link_day(world, instance, state, r, day, _numbered(instance, timed))
            sound = refresh(world, state, r)
    if not sound:
        _unlink_day(world, instance, state, r, day)
    return bool(sound)


def _link_day(
    world: Bundle, instance: Instance, state: Bundle, r: int, day: Day, rests: Mapping[tuple[int, int], Sequence[int]]
) -> None:
    """Open a day and put stops and rests into it, those by trip and visits done."""
    c, trips = day
    offset = sum(len(made.options.task) for made in instance.classes[:c])
    open_day(world, state, r, c)
    e = start_of(world, r)
    for number, trip in enumerate(trips):
        if number:
            marker = spare_marker(world, state, r)
            state.entity[marker, KIND] = RELOAD
            link(state, marker, e)
            e = marker
        for after in range(len(trip) + 1):
            if after:
                option = trip[after - 1]
                x = int(instance.classes[c].options.task[option])
                state.entity[x, OPTION] = option + offset
                link(state, x, e)
                e = x
            for rest in rests.get((number, after), ()):
                if rest < world.rules and take_rest(world, state, r, rest, e):
                    e = int(state.entity[e, NEXT])


def _unlink_day(world: Bundle, instance: Instance, state: Bundle, r: int, day: Day) -> None:
    """Undo ``_link_day``."""
    for x in instance.tasks_of(day):
        unlink(state, x)
    close_day(world, state, r)


def _numbered(instance: Instance, timed: TimedDay) -> dict[tuple[int, int], list[int]]:
    """The numbers of a day's rests in the search, by trip and visits done."""
    rules = instance.problem.rests
    found: dict[tuple[int, int], list[int]] = {}
    due = [k for k, rule in enumerate(rules) if timed.span_s > rule.after_s]
    waiting = sorted(due, key=lambda k: rules[k].after_s)
    beyond = len(rules)
    for rest in timed.rests:
        number = next((k for k in waiting if _may_be(rest, rules[k])), beyond)
        if number == beyond:
            beyond += 1
        else:
            waiting.remove(number)
        found.setdefault((rest.trip, rest.after), []).append(number)
    return found


def _may_be(placed: PlacedRest, rest: Rest) -> bool:
    """Whether a rest taken may be the one of a rule."""
    if (placed.duration_s, placed.paid) != (rest.duration_s, rest.paid):
        return False
    return rest.window_s[0] <= placed.start_s <= rest.window_s[1]
