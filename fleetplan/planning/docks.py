"""Moments of loading for a fleet that shares a few loading docks.

The search plans days as if there were a dock for everyone. Here their loadings are moved so that never more are under
way at once than there are docks, at the least cost of paid time: CP-SAT knows each trip as a stretch of time with the
span of starts for which it is shortest (exact, by the algebra of :mod:`fleetplan.planning.schedule`), and the loadings
as intervals of a cumulative resource. What comes out is timed exactly, and whatever then still overlaps is moved on by
one loading after the other.

Days that cannot be moved apart are another matter: all windows open at eight, say, and forty vans at two docks. A
planner then has to know beforehand that vans leave in waves. With ``docks`` vehicles per wave and a loading of
``loading_s``, the ``w``-th wave's shift starts ``w * loading_s`` later: split every class into copies with such shifts
and ``docks`` vehicles over all classes in each, plan again, and move the loadings of the outcome, which is nearly
there.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ortools.sat.python import cp_model

from fleetplan.planning.cp_sat import repeatable_solver
from fleetplan.planning.instance import NO_LIMIT, Instance, TypeClass
from fleetplan.planning.schedule import (
    PlacedRest,
    Segment,
    Solution,
    TimedDay,
    join,
    loading_segment,
    option_segment,
    time_day,
)

LIMIT = 2.0
"""Units of CP-SAT's deterministic time, each about a second on one core."""

MOVES = 200
"""Moves of single loadings per trip before giving up; a loading only ever moves on."""

LIMIT_S = 60.0
"""Wall time at which CP-SAT is given up; far above what its deterministic time takes."""

WEIGHT = 1000
"""Of a paid second, beside 1 for a second of span."""


@dataclass(frozen=True, slots=True)
class _Trip:
    """A trip as its loading sees it: between which seconds it may start, and how the return follows from it.

    The return is ``max(load, settled_s) + duration_s``.
    """

    loading_s: int
    from_s: int
    latest_s: int
    settled_s: int
    duration_s: int


def schedule_docks(instance: Instance, solution: Solution, *, limit: float = LIMIT) -> tuple[TimedDay, ...] | None:
    """The days timed so that the docks suffice; ``None`` when no such moments were found.

    The cost is the least by CP-SAT's account within its limit, without regard to other orders, options or days. A day
    may begin earlier than it would alone, and wait at a door for what it gained.

    Args:
        instance: what is planned; without ``docks`` every day keeps its own best moments.
        solution: days that can be driven.
        limit: units of CP-SAT's deterministic time.
    """
    timed = [time_day(instance, kind, trips) for kind, trips in solution.days]
    days = [day for day in timed if day is not None]
    if len(days) < len(timed):
        return None
    docks = instance.problem.docks
    if docks is None or first_overlap(instance, days, docks) is None:
        return tuple(days)
    if docks < 1:
        return None
    loads = _by_cp_sat(instance, days, docks, limit)
    if loads is not None:
        moved = [
            fixed_day(instance, day, at) or time_day(instance, day.kind, day.trips, load_from_s=at)
            for day, at in zip(days, loads, strict=True)
        ]
        exact = [day for day in moved if day is not None]
        settled = _settled(instance, exact, docks) if len(exact) == len(moved) else None
        if settled is not None:
            return settled
    return _settled(instance, days, docks)


def fixed_day(instance: Instance, day: TimedDay, loads_s: Sequence[int]) -> TimedDay | None:
    """A day with its loadings at just these seconds and its rests where they were, all else as early as can be.

    ``None`` where a loading, a stop or a rest would be too late or too early, or where other rests would be due.
    """
    made = instance.classes[day.kind]
    options = made.options
    now_s, rests = made.shift_s[0], list[PlacedRest]()
    for number, trip in enumerate(day.trips):
        duration_s, from_s, _ = loading_segment(instance, made, number, trip, now_s)
        if loads_s[number] < from_s:
            return None
        now_s, at = loads_s[number] + duration_s, 0
        for after, option in enumerate((None, *trip)):
            if option is not None:
                point = int(options.point[option])
                now_s = max(now_s + int(made.time_s[at, point]), int(options.opens_s[option]))
                if now_s > options.closes_s[option]:
                    return None
                now_s, at = now_s + int(options.duration_s[option]), point
            for rest in day.rests:
                if (rest.trip, rest.after) == (number, after):
                    opens_s, closes_s = _window(instance, rest)
                    now_s = max(now_s, opens_s)
                    if now_s > closes_s:
                        return None
                    rests.append(replace(rest, start_s=now_s))
                    now_s += rest.duration_s
        now_s += int(made.time_s[at, 0])
    span_s = now_s - loads_s[0]
    if now_s > made.shift_s[1] or span_s > made.max_span_s:
        return None
    if any((span_s > rest.after_s) != (day.span_s > rest.after_s) for rest in instance.problem.rests):
        return None
    paid_s = span_s - (day.span_s - day.paid_s)
    pay = instance.problem.pay
    cost = day.cost + pay.cost(paid_s) - pay.cost(day.paid_s)
    return replace(
        day, cost=cost, span_s=span_s, paid_s=paid_s, start_s=loads_s[0], loads_s=tuple(loads_s), rests=tuple(rests)
    )


def first_overlap(instance: Instance, days: Sequence[TimedDay], docks: int) -> list[tuple[int, int]] | None:
    """Day and trip of the first ``docks + 1`` loadings under way at once; ``None`` where there are none.

    A loading that ends when another one begins does not overlap it.
    """
    spans = sorted((day.loads_s[k], _end(instance, day, k), d, k) for d, day in enumerate(days) for k in _trips(day))
    busy: list[tuple[int, int, int]] = []
    for load_s, ends_s, d, k in spans:
        while busy and busy[0][0] <= load_s:
            heapq.heappop(busy)
        if ends_s > load_s:
            heapq.heappush(busy, (ends_s, d, k))
        if len(busy) > docks:
            return [(d, k) for _, d, k in sorted(busy)]
    return None


def _trips(day: TimedDay) -> range:
    return range(len(day.trips))


def _end(instance: Instance, day: TimedDay, number: int) -> int:
    made = instance.classes[day.kind]
    return day.loads_s[number] + (made.turnaround_s if number else made.loading_s)


def _window(instance: Instance, rest: PlacedRest) -> tuple[int, int]:
    """When a rest may start: the window of its rule, or any time for one of the driving rule."""
    for one in instance.problem.rests:
        opens_s, closes_s = one.window_s
        if (one.duration_s, one.paid) == (rest.duration_s, rest.paid) and opens_s <= rest.start_s <= closes_s:
            return opens_s, closes_s
    return -NO_LIMIT, NO_LIMIT


def _settled(instance: Instance, begin: Sequence[TimedDay], docks: int) -> tuple[TimedDay, ...] | None:
    """The days, with loadings that still overlap moved on, one by one, where that costs least."""
    days = list(begin)
    for _ in range(MOVES * sum(len(day.trips) for day in days)):
        clash = first_overlap(instance, days, docks)
        if clash is None:
            return tuple(days)
        best: tuple[float, int, TimedDay] | None = None
        for d, k in clash:
            others = [_end(instance, days[e], j) for e, j in clash if (e, j) != (d, k)]
            from_s = list(days[d].loads_s)
            from_s[k] = max(from_s[k] + 1, min(others))
            trial = time_day(instance, days[d].kind, days[d].trips, load_from_s=from_s)
            if trial is None:
                continue
            rise = trial.cost - days[d].cost
            if best is None or (rise, d) < best[:2]:
                best = rise, d, trial
        if best is None:
            return None
        days[best[1]] = best[2]
    return None


def _by_cp_sat(instance: Instance, days: Sequence[TimedDay], docks: int, limit: float) -> list[list[int]] | None:
    """Loadings of least paid time, each day with the rests of its own best timing."""
    pay = instance.problem.pay
    model = cp_model.CpModel()
    intervals = []
    loads: list[list[cp_model.IntVar]] = []
    costs: list[cp_model.LinearExprT] = []
    for day in days:
        made = instance.classes[day.kind]
        opens_s, closes_s = made.shift_s
        own: list[cp_model.IntVar] = []
        back: cp_model.IntVar | None = None
        for number in range(len(day.trips)):
            trip = _trip(instance, made, day, number)
            if trip is None or trip.from_s > trip.latest_s:
                return None
            load = model.new_int_var(trip.from_s, trip.latest_s, "")
            if back is not None:
                model.add(load >= back)
            back = model.new_int_var(opens_s, closes_s, "")
            model.add(back >= load + trip.duration_s)
            model.add(back >= trip.settled_s + trip.duration_s)
            if trip.loading_s > 0:
                intervals.append(model.new_fixed_size_interval_var(load, trip.loading_s, ""))
            model.add_hint(load, max(trip.from_s, min(trip.latest_s, day.loads_s[number])))
            own.append(load)
        assert back is not None
        span = back - own[0]
        if made.max_span_s < closes_s - opens_s:
            model.add(span <= made.max_span_s)
        unpaid_s = day.span_s - day.paid_s
        most_s = max(closes_s - opens_s, pay.min_s)
        paid = model.new_int_var(pay.min_s, most_s, "")
        model.add(paid >= span - unpaid_s)
        over = model.new_int_var(0, most_s, "")
        model.add(over >= span - unpaid_s - pay.overtime_after_s)
        dearer = max(0, round(WEIGHT * (pay.overtime_factor - 1.0)))
        costs += [WEIGHT * paid, dearer * over, span]
        loads.append(own)
    model.add_cumulative(intervals, [1] * len(intervals), docks)
    model.minimize(cp_model.LinearExpr.sum(costs))
    solver = repeatable_solver(limit, most_s=LIMIT_S)
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return [[solver.value(load) for load in own] for own in loads]


def _trip(instance: Instance, made: TypeClass, day: TimedDay, number: int) -> _Trip | None:
    """One trip of a day, with the day's rests where they lie."""
    trip = day.trips[number]
    loading = loading_segment(instance, made, number, trip, made.shift_s[0])
    whole = _rested(instance, day, number, 0, loading)
    at = 0
    for after, option in enumerate(trip, start=1):
        point = int(made.options.point[option])
        later = None if whole is None else join(whole, option_segment(made, option), int(made.time_s[at, point]))
        whole = _rested(instance, day, number, after, later)
        at = point
    done = None if whole is None else join(whole, (0, *made.shift_s), int(made.time_s[at, 0]))
    if done is None:
        return None
    duration_s, settled_s, latest_s = done
    return _Trip(loading[0], loading[1], latest_s, settled_s, duration_s)


def _rested(instance: Instance, day: TimedDay, number: int, after: int, segment: Segment | None) -> Segment | None:
    """A stretch with the rests that the day takes at its end."""
    for rest in day.rests:
        if (rest.trip, rest.after) == (number, after) and segment is not None:
            segment = join(segment, (rest.duration_s, *_window(instance, rest)), 0)
    return segment
