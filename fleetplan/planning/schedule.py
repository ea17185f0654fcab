"""Exact timing of a vehicle's day: the slow and plain reference that the compiled search is held to.

A stretch of a day is a segment ``(duration, earliest, latest)``: the least time it takes, and the span of starts
for which it takes just that, waits included; a later start is too late, an earlier one waits. Two segments join in
constant time, so that the least span of a day is exact without trying starts. The algebra is that of T. Vidal,
T. Crainic, M. Gendreau and C. Prins, "A hybrid genetic algorithm with adaptive diversity management for a large
class of vehicle routing problems with time-windows", Computers & Operations Research 40 (2013), 475–489.

Rests multiply the timings of a day, for each may lie at several places. All are followed from place to place, and a
timing is dropped only when another one can do whatever it can, at no greater cost.

Which rests a day takes:

* A rest is taken on the days on which it is due, and on no others: a day that can be driven within ``after_s``
  without it takes none, even where an unpaid rest in place of a paid wait would be cheaper. A day that cannot be
  driven so is longer than ``after_s`` with or without the rest.
* A rest of the driving rule is taken only where the driving before and after it, up to the nearest rests that
  count, is longer than the limit. Otherwise any wait could be called an unpaid rest.

Among the timings of least cost that of the least span is taken, then the one with the earliest start of the first
loading. Whatever may happen early does: idle time lies as late as it can, before a loading whose goods are not
ready, before a rest or at a door.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from fleetplan.errors import PlanningError
from fleetplan.planning.costing import day_cost, left_cost
from fleetplan.planning.instance import LOAD_TOLERANCE, NO_LIMIT, Day, Instance, TypeClass, with_tolerance
from fleetplan.planning.problem import DrivingRule, Rest

Trips = tuple[tuple[int, ...], ...]
Segment = tuple[int, int, int]

RULE = -1
"""Stands for the driving rule where the number of a rest is asked for."""


@dataclass(frozen=True, slots=True)
class PlacedRest:
    """A rest on trip number ``trip`` after ``after`` of its visits; 0: at the depot, between loading and departure."""

    trip: int
    after: int
    start_s: int
    duration_s: int
    paid: bool


@dataclass(frozen=True, slots=True)
class TimedDay:
    """A vehicle's day with its least-cost timing.

    Attributes:
        kind: number of the class.
        trips: options met, per trip.
        cost: vehicle, driver, kilometres and lateness.
        span_s: from the start of the first loading to the last return.
        paid_s: the span without its unpaid rests.
        start_s: start of the first loading.
        distance_m: metres driven.
        loads_s: start of each trip's loading.
        rests: in the order in which they are taken.
    """

    kind: int
    trips: Trips
    cost: float
    span_s: int
    paid_s: int
    start_s: int
    distance_m: int
    loads_s: tuple[int, ...]
    rests: tuple[PlacedRest, ...]


@dataclass(frozen=True)
class Solution:
    """What the search's rooms hand to each other: days in use, and the canonical tasks left out."""

    days: tuple[Day, ...]
    left: tuple[int, ...]


def make_solution(days: Iterable[Day], left: Iterable[int]) -> Solution:
    """A solution in canonical order, without days at home, so that equal solutions compare and behave alike."""
    return Solution(tuple(sorted(day for day in days if day[1])), tuple(sorted(left)))


def cost_of(instance: Instance, solution: Solution) -> tuple[tuple[int, ...], float]:
    """What a solution is judged by; the smaller is the better one.

    Returns:
        Parcels left out of each priority, the highest first (empty when leaving out has a price), and the money of
        the days together with that of priced parcels.

    Raises:
        PlanningError: a day of the solution cannot be driven.
    """
    parcels, money = left_cost(instance, solution.left)
    costs = [money]
    for kind, trips in solution.days:
        timed = time_day(instance, kind, trips)
        if timed is None:
            raise PlanningError(f"a day of class {kind} with options {trips} cannot be driven")
        costs.append(timed.cost)
    return parcels, math.fsum(costs)


def better(instance: Instance, one: Solution, other: Solution) -> bool:
    """Whether one solution beats the other."""
    return cost_of(instance, one) < cost_of(instance, other)


def time_day(
    instance: Instance,
    kind: int,
    trips: Trips,
    *,
    load_from_s: Sequence[int] | None = None,
    overloaded: bool = False,
) -> TimedDay | None:
    """The least-cost timing of these options in this order, or ``None`` when loads, battery or times forbid it.

    Args:
        instance: the problem.
        kind: number of the class.
        trips: option numbers of the class, per trip; without any trip the vehicle stays at home and costs nothing.
        load_from_s: for each trip a second before which its loading does not start, for want of a dock, say; the
            goods' own moments and the shift hold as well.
        overloaded: whether loads may go beyond the capacity.
    """
    made = instance.classes[kind]
    if not trips:
        return TimedDay(kind, (), 0.0, 0, 0, made.shift_s[0], 0, (), ())
    stops = sum(len(trip) for trip in trips)
    if not all(trips) or len(trips) > made.max_trips or stops > made.max_stops:
        return None
    if not (overloaded or loads_fit(instance, made, trips)) or not battery_lasts(made, trips):
        return None
    steps = _steps(instance, made, trips, load_from_s)
    found = _best_timing(instance, made, steps)
    if found is None:
        return None
    loads_s, rests = _moments(instance, made, steps, found)
    paid_s = found.segment[0] - found.unpaid_s
    distance_m = sum(int(made.distance_m[u, v]) for u, v in _arcs(made, trips))
    late = math.fsum(float(made.options.price[option]) for trip in trips for option in trip)
    cost = day_cost(made, instance.problem.pay, paid_s=paid_s, distance_m=distance_m, late=late)
    return TimedDay(kind, trips, cost, found.segment[0], paid_s, found.segment[1], distance_m, loads_s, rests)


def loads_fit(instance: Instance, made: TypeClass, trips: Trips) -> bool:
    """Whether kg, m³ and parcels aboard stay within the capacity on every leg: deliveries to come and collections."""
    for trip in trips:
        tasks = [int(made.options.task[option]) for option in trip]
        for unit, capacity in enumerate(made.capacity):
            aboard = [math.fsum(float(instance.deliver[x, unit]) for x in tasks)]
            for x in tasks:
                aboard.append(aboard[-1] - float(instance.deliver[x, unit]) + float(instance.collect[x, unit]))
            if max(aboard) > with_tolerance(capacity):
                return False
    return True


def battery_lasts(made: TypeClass, trips: Trips) -> bool:
    """Whether each trip's use is there: full at first, recharged before each further trip, never above full."""
    if made.energy_wh is None:
        return True
    left_wh = made.usable_wh
    for trip in trips:
        left_wh -= math.fsum(float(made.energy_wh[u, v]) for u, v in _arcs(made, (trip,)))
        if left_wh < -LOAD_TOLERANCE * max(1.0, made.usable_wh):
            return False
        left_wh = min(made.usable_wh, left_wh + made.charge_wh)
    return True


def join(first: Segment, second: Segment, travel_s: int) -> Segment | None:
    """Two segments one after the other with a drive between, or ``None`` when the second is always too late."""
    elapsed_s = first[0] + travel_s
    if first[1] + elapsed_s > second[2]:
        return None
    wait_s = max(0, second[1] - elapsed_s - first[2])
    earliest_s = max(second[1] - elapsed_s, first[1]) - wait_s
    latest_s = min(second[2] - elapsed_s, first[2])
    return elapsed_s + second[0] + wait_s, earliest_s, latest_s


def loading_segment(instance: Instance, made: TypeClass, number: int, trip: Sequence[int], from_s: int) -> Segment:
    """The loading of trip ``number``: not before the shift, ``from_s`` or the moment at which all goods are ready."""
    duration_s = made.loading_s if number == 0 else made.turnaround_s
    ready_s = max(int(instance.ready_s[made.options.task[option]]) for option in trip)
    return duration_s, max(made.shift_s[0], ready_s, from_s), made.shift_s[1] - duration_s


def option_segment(made: TypeClass, option: int) -> Segment:
    """A stop: from standing parked to being back at the vehicle."""
    options = made.options
    return int(options.duration_s[option]), int(options.opens_s[option]), int(options.closes_s[option])


def _arcs(made: TypeClass, trips: Trips) -> Iterator[tuple[int, int]]:
    for trip in trips:
        points = [0, *(int(made.options.point[option]) for option in trip), 0]
        yield from pairwise(points)


def _driving(made: TypeClass, u: int, v: int) -> int:
    """Seconds of an arc without parking."""
    return int(made.time_s[u, v]) - (int(made.park_s[v]) if u != v else 0)


@dataclass(frozen=True, slots=True)
class _Step:
    """One more thing to do: how long the drive to it is, its segment, and the place for rests that follows it.

    Attributes:
        travel_s: driving and parking.
        driving_s: driving alone.
        ahead_s: all driving of the day that is still to come after it.
        segment: loading, stop or return.
        place: trip and visits done, where a rest may follow; ``None`` after the last return.
    """

    travel_s: int
    driving_s: int
    ahead_s: int
    segment: Segment
    place: tuple[int, int] | None


def _steps(instance: Instance, made: TypeClass, trips: Trips, load_from_s: Sequence[int] | None) -> list[_Step]:
    steps: list[_Step] = []
    at = 0
    ahead_s = sum(_driving(made, u, v) for u, v in _arcs(made, trips))

    def add(point: int, segment: Segment, place: tuple[int, int] | None) -> None:
        nonlocal at, ahead_s
        driving_s = _driving(made, at, point)
        ahead_s -= driving_s
        steps.append(_Step(int(made.time_s[at, point]), driving_s, ahead_s, segment, place))
        at = point

    for number, trip in enumerate(trips):
        from_s = made.shift_s[0] if load_from_s is None else load_from_s[number]
        add(0, loading_segment(instance, made, number, trip, from_s), (number, 0))
        for after, option in enumerate(trip, start=1):
            add(int(made.options.point[option]), option_segment(made, option), (number, after))
    add(0, (0, *made.shift_s), None)
    return steps


@dataclass(frozen=True, slots=True)
class _Timing:
    """A day up to some place, with rests at certain places.

    Attributes:
        segment: the day so far.
        due: numbers of the rests still to be taken.
        driven_s: driving since the last rest that counts for the driving rule.
        owed_s: driving still to be done before the next such rest, for the last one to have been needed.
        unpaid_s: unpaid rests taken.
        placed: the rests taken, as number of the step that they follow and number of the rest.
    """

    segment: Segment
    due: frozenset[int]
    driven_s: int = 0
    owed_s: int = 0
    unpaid_s: int = 0
    placed: tuple[tuple[int, int], ...] = ()

    def beats(self, other: _Timing) -> bool:
        """Whether this timing, with as much due and driven, can do what the other can at no greater cost."""
        duration_s, earliest_s, latest_s = self.segment
        return (
            self.owed_s <= other.owed_s
            and self.unpaid_s >= other.unpaid_s
            and duration_s <= other.segment[0]
            and earliest_s + duration_s <= other.segment[1] + other.segment[0]
            and latest_s >= other.segment[2]
        )


def _best_timing(instance: Instance, made: TypeClass, steps: Sequence[_Step]) -> _Timing | None:
    """The best timing with the fewest rests that are due on it.

    Without a rest no day gets longer. So if every timing with the rests due so far is longer than the next
    ``after_s``, that rest is due too, and the search goes on with it; longer days are left for it alone.
    """
    rests, pay = instance.problem.rests, instance.problem.pay
    for bound_s in [*sorted({rest.after_s for rest in rests}), NO_LIMIT]:
        due = frozenset(number for number, rest in enumerate(rests) if rest.after_s < bound_s)
        ends = _timings(instance, steps, due)
        if not ends:
            return None
        most_s = min(bound_s, made.max_span_s)
        found = [end for end in ends if end.segment[0] <= most_s]
        if found:
            return min(
                found,
                key=lambda end: (pay.cost(end.segment[0] - end.unpaid_s), end.segment[0], end.segment[1], end.placed),
            )
    return None


def _timings(instance: Instance, steps: Sequence[_Step], due: frozenset[int]) -> list[_Timing]:
    """Whole days with these rests taken, without those that another one beats."""
    rule = instance.problem.driving_rule
    timings = [_Timing(steps[0].segment, due)]
    for number, step in enumerate(steps):
        if number > 0:
            timings = [later for one in timings if (later := _go_on(one, step, rule)) is not None]
        if step.place is not None:
            timings = _with_rests(instance, timings, number, step.ahead_s)
    return [one for one in timings if not one.due and one.owed_s <= 0]


def _go_on(timing: _Timing, step: _Step, rule: DrivingRule | None) -> _Timing | None:
    driven_s = timing.driven_s + step.driving_s
    if rule is not None and driven_s > rule.limit_s:
        return None
    segment = join(timing.segment, step.segment, step.travel_s)
    if segment is None:
        return None
    if rule is None:
        return replace(timing, segment=segment)
    return replace(timing, segment=segment, driven_s=driven_s, owed_s=max(0, timing.owed_s - step.driving_s))


def _with_rests(instance: Instance, timings: list[_Timing], after: int, ahead_s: int) -> list[_Timing]:
    """The timings, and those with one or more rests after step number ``after``."""
    rule = instance.problem.driving_rule
    if rule is None and not any(one.due for one in timings):
        return timings
    kept: dict[tuple[frozenset[int], int], list[_Timing]] = {}
    waiting = list(timings)
    while waiting:
        one = waiting.pop()
        alike = kept.setdefault((one.due, one.driven_s), [])
        if any(other.beats(one) for other in alike):
            continue
        alike[:] = [one, *(other for other in alike if not one.beats(other))]
        choices = sorted(one.due)
        if rule is not None and one.driven_s > 0 and one.driven_s + ahead_s > rule.limit_s:
            choices.append(RULE)
        waiting += [rested for rest in choices if (rested := _rest(instance, one, rest, after)) is not None]
    return [one for alike in kept.values() for one in alike]


def _rest(instance: Instance, timing: _Timing, number: int, after: int) -> _Timing | None:
    """The timing with a rest taken now; ``None`` when it cannot be, or makes an earlier one needless."""
    rule = instance.problem.driving_rule
    rest = _rest_of(instance, number)
    segment = join(timing.segment, (rest.duration_s, *rest.window_s), 0)
    if segment is None:
        return None
    driven_s, owed_s = timing.driven_s, timing.owed_s
    if rule is not None and rest.duration_s >= rule.rest_s:
        if owed_s > 0:
            return None
        owed_s = rule.limit_s + 1 - driven_s if number == RULE else 0
        driven_s = 0
    unpaid_s = timing.unpaid_s + (0 if rest.paid else rest.duration_s)
    placed = (*timing.placed, (after, number))
    return _Timing(segment, timing.due - {number}, driven_s, owed_s, unpaid_s, placed)


def _rest_of(instance: Instance, number: int) -> Rest:
    """A rest by its number; one of the driving rule is a rest at any time."""
    if number != RULE:
        return instance.problem.rests[number]
    rule = instance.problem.driving_rule
    assert rule is not None
    return Rest(rule.rest_s, (-NO_LIMIT, NO_LIMIT), paid=rule.paid)


def _moments(
    instance: Instance, made: TypeClass, steps: Sequence[_Step], timing: _Timing
) -> tuple[tuple[int, ...], tuple[PlacedRest, ...]]:
    """Start of each loading and each rest, when everything happens as early as the start of the day allows."""
    now_s = timing.segment[1]
    loads_s: list[int] = []
    rests: list[PlacedRest] = []
    for number, step in enumerate(steps):
        now_s = max(now_s + (step.travel_s if number > 0 else 0), step.segment[1])
        if step.place is not None and step.place[1] == 0:
            loads_s.append(now_s)
        now_s += step.segment[0]
        if step.place is None:
            continue
        for rest in (_rest_of(instance, which) for after, which in timing.placed if after == number):
            now_s = max(now_s, rest.window_s[0])
            rests.append(PlacedRest(*step.place, now_s, rest.duration_s, rest.paid))
            now_s += rest.duration_s
    assert now_s == timing.segment[0] + timing.segment[1]
    return tuple(loads_s), tuple(rests)
