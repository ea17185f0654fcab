"""What the compiled search says a change costs, held to the slow reference."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fleetplan.planning.instance import Instance, make_instance
from fleetplan.planning.kernel.annealing import make_work
from fleetplan.planning.kernel.chance import seeded
from fleetplan.planning.kernel.classes import best_class, change_class, cost_as
from fleetplan.planning.kernel.days import put_days
from fleetplan.planning.kernel.inserting import price_gap, price_trip, put_in_gap, put_on_day, put_on_trip
from fleetplan.planning.kernel.layout import (
    CLASS,
    COST,
    END,
    KIND,
    MOST_STOPS,
    MOST_TRIPS,
    PRE,
    RELOAD,
    START,
    STOPS,
    TASK,
    TRIPS,
    empty_state,
)
from fleetplan.planning.kernel.loads import overload, overload_with
from fleetplan.planning.kernel.recreating import ALL, NONE, PRO_RATA, WHOLE_DAY, find_place, least_trip
from fleetplan.planning.kernel.timing import INFINITE, refresh
from fleetplan.planning.kernel.world import make_world
from fleetplan.planning.problem import Pay, VehicleType
from fleetplan.planning.schedule import time_day
from tests.planning.features import HOUR
from tests.planning.kernels import (
    SEEDS,
    check_day,
    check_state,
    copied,
    day_of,
    entities_of,
    instance_of,
    rested,
    settled,
    started,
    without_left,
)
from tests.planning.problems import line_table, problem, task, vehicle


def predicted(change: float, before: Any, after: Any) -> None:
    assert float(after.total[0] - before.total[0]) == pytest.approx(change, rel=1e-7, abs=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_changes_cost_what_they_were_said_to_cost(seed: int) -> None:
    """A stop put into every gap, onto trips of its own and into larger vehicles: priced before, priced after."""
    instance, w, s = started(seed, left=0.4)
    rng = random.Random(seed)
    left = [int(x) for x in s.left[1 : s.left[0] + 1]]
    for x in rng.sample(left, min(2, len(left))):
        for r in [r for r in range(w.slots) if s.info[r, STOPS] > 0]:
            c = int(s.info[r, CLASS])
            if s.info[r, STOPS] >= w.numbers[c, MOST_STOPS]:
                continue
            for u in entities_of(w, s, r):
                if s.entity[u, KIND] != END:
                    _try_gap(w, instance, s, r, x, u)
                if s.entity[u, KIND] in (START, RELOAD, END) and s.info[r, TRIPS] < w.numbers[c, MOST_TRIPS]:
                    _try_trip(w, instance, s, r, x, u)


def _reference(w: Any, instance: Instance, s: Any, r: int, x: int, at: tuple[int, int] | int) -> float:
    """Least cost of a day with task ``x`` by any of its options at a place, or infinite."""
    kind, trips = day_of(w, instance, s, r)
    options = instance.classes[kind].options
    costs = [math.inf]
    for o in range(int(options.first[x]), int(options.first[x + 1])):
        if isinstance(at, int):
            changed = (*trips[:at], (o,), *trips[at:])
        else:
            number, after = at
            trip = (*trips[number][:after], o, *trips[number][after:])
            changed = (*trips[:number], trip, *trips[number + 1 :])
        timed = time_day(instance, kind, changed)
        if timed is not None:
            costs.append(timed.cost)
    return min(costs)


def _place(w: Any, s: Any, r: int, u: int) -> tuple[int, int]:
    """Trip and visits done at entity ``u``."""
    number = after = 0
    for e in entities_of(w, s, r)[1:]:
        if s.entity[w_prev := int(s.entity[e, 1]), KIND] == RELOAD:
            number, after = number + 1, 0
        elif s.entity[w_prev, KIND] == TASK:
            after += 1
        if w_prev == u:
            break
    return number, after


def _try_gap(w: Any, instance: Instance, s: Any, r: int, x: int, u: int) -> None:
    c = int(s.info[r, CLASS])
    more = overload_with(w, s, c, x, u)
    fits = more == 0.0
    assert more == pytest.approx(overload(w, s, r, c, x, u) - overload(w, s, r, c, -1, -1), abs=1e-9)
    change, o = price_gap(w, s, r, x, u, INFINITE)
    exact = _reference(w, instance, s, r, x, _place(w, s, r, u)) - float(s.day[r, COST])
    if fits and change < INFINITE:
        assert change >= exact - 1e-6 if rested(instance) else change == pytest.approx(exact, rel=1e-7, abs=1e-6)
        after = copied(w, s)
        without_left(after, x)
        assert put_in_gap(w, after, x, o, u)
        predicted(change, s, after)
        check_day(w, instance, after, r) if not rested(instance) else None
        _is_fresh(w, after, r)
    elif not rested(instance):
        assert exact == math.inf
    if change < INFINITE:
        assert price_gap(w, s, r, x, u, change + 1e-3) == (change, o)
        assert price_gap(w, s, r, x, u, change - 1e-3)[0] > change - 1e-3
    if change == INFINITE:
        return
    for other in range(w.classes):
        if other == c:
            continue
        cost = cost_as(w, s, r, other, x, o, u, INFINITE)
        if cost < INFINITE:
            after = copied(w, s)
            without_left(after, x)
            put_in_gap(w, after, x, o, u)
            assert change_class(w, after, r, other)
            assert float(after.day[r, COST]) <= cost + 1e-6 if rested(instance) else True
            if not rested(instance):
                assert float(after.day[r, COST]) == pytest.approx(cost, rel=1e-7, abs=1e-6)
            check_day(w, instance, after, r)


def _is_fresh(w: Any, s: Any, r: int) -> None:
    """All that is known of a day is what working it out anew tells."""
    again = copied(w, s)
    refresh(w, again, r)
    row = entities_of(w, s, r)
    markers = [e - w.n for e in row if s.entity[e, KIND] in (START, RELOAD)]
    assert np.array_equal(s.entity[row], again.entity[row])
    assert np.array_equal(s.info[r], again.info[r])
    for name, rows in (("segment", row), ("trip", markers), ("day", r), ("peak", row if w.collects else 0)):
        assert getattr(s, name)[rows] == pytest.approx(getattr(again, name)[rows], rel=1e-9, abs=1e-9), name


def _try_trip(w: Any, instance: Instance, s: Any, r: int, x: int, m: int) -> None:
    change, o = price_trip(w, s, r, x, m)
    assert least_trip(w, s, r, x) <= change + 1e-6
    rows = [e for e in entities_of(w, s, r) if s.entity[e, KIND] in (START, RELOAD, END)]
    exact = _reference(w, instance, s, r, x, rows.index(m)) - float(s.day[r, COST])
    if change < INFINITE:
        assert change >= exact - 1e-6 if rested(instance) else change == pytest.approx(exact, rel=1e-7, abs=1e-6)
        after = copied(w, s)
        without_left(after, x)
        assert put_on_trip(w, after, x, o, m)
        predicted(change, s, after)
        check_day(w, instance, after, r) if not rested(instance) else None
    elif not rested(instance):
        assert exact == math.inf


@pytest.mark.parametrize("seed", SEEDS)
def test_other_classes_cost_what_they_were_said_to_cost(seed: int) -> None:
    """A day as another class: as priced, and possible by the reference – loads, battery, shift and releases too."""
    instance, w, s = started(seed, left=0.0)
    for r in [r for r in range(w.slots) if s.info[r, STOPS] > 0]:
        for c in range(w.classes):
            cost = cost_as(w, s, r, c, -1, -1, -1, INFINITE)
            if c == s.info[r, CLASS]:
                continue
            if cost == INFINITE:
                continue
            after = copied(w, s)
            assert change_class(w, after, r, c)
            if not rested(instance):
                assert float(after.day[r, COST]) == pytest.approx(cost, rel=1e-9, abs=1e-6)
            check_day(w, instance, after, r)
        after = copied(w, s)
        assert best_class(w, after, r, INFINITE)
        assert after.total[0] <= s.total[0] + 1e-9
        check_state(w, instance, after)


@pytest.mark.parametrize("seed", SEEDS)
def test_days_of_one_stop_cost_what_they_were_said_to_cost(seed: int) -> None:
    """A vehicle of its own is offered just where the reference finds one possible, at its price."""
    instance = instance_of(seed)
    w = make_world(instance)
    for c, made in enumerate(instance.classes):
        for x in range(instance.size):
            s = empty_state(w)
            options = range(int(made.options.first[x]), int(made.options.first[x + 1]))
            timed = [t for o in options if (t := time_day(instance, c, ((o,),))) is not None]
            if made.count == 0:
                continue
            if not timed:
                assert w.alone[c * w.n + x] >= INFINITE
                continue
            cost = min(t.cost for t in timed)
            if w.alone[c * w.n + x] >= INFINITE:
                assert not settled(instance)
                continue
            price = float(w.alone[c * w.n + x])
            assert price == pytest.approx(cost, rel=1e-9, abs=1e-6) if settled(instance) else price >= cost - 1e-6
            r = put_on_day(w, s, x, c)
            assert float(s.day[r, COST]) == pytest.approx(price, rel=1e-9, abs=1e-6)


def opening(types: list[VehicleType], share: float, offered: int = ALL) -> tuple[float, float]:
    """What a new vehicle for one stop of 5 parcels and 30 kg counts at most, and what such a vehicle carries."""
    instance = make_instance(problem([task("s0", parcels=5, kg=30.0)], types))
    w = make_world(instance)
    work = make_work(w)
    find_place(w, empty_state(w), work, seeded(1), 0, share, offered, 0.0)
    if work.place[0] < 0:
        return float(work.best[0]), 0.0
    assert work.place[0] == 2
    return float(work.best[0]), float(instance.classes[int(work.place[1])].capacity[2])


def test_generous_steps_count_a_share_of_a_new_vehicle() -> None:
    """The stop is 1 km away at 1 per km. It fills half of a van of 10 parcels at 6, a quarter of one of 20 at 14.

    Whole days are 8 and 16. By its 40 kg the small van is three quarters full, so it counts 6, the large one 4; eager
    steps count a tenth of that. By parcels alone it counts 4, and a large one at 15 a day 4.25. One type alone counts
    its 2 km whole and the share of its 6.
    """
    table = line_table("t", [1000])
    small = vehicle("small", table, capacity_parcels=10, cost_per_day=6.0, distance_cost_per_km=1.0)
    large = vehicle("large", table, capacity_parcels=20, cost_per_day=14.0, distance_cost_per_km=1.0)
    weak = replace(small, capacity_kg=40.0)
    for share, found in ((WHOLE_DAY, (8.0, 10.0)), (PRO_RATA, (4.0, 20.0)), (0.1, (0.4, 20.0))):
        assert opening([weak, large], share) == pytest.approx(found)
    assert opening([small, replace(large, cost_per_day=15.0)], PRO_RATA) == pytest.approx((4.0, 10.0))
    for share, cost in ((WHOLE_DAY, 8.0), (PRO_RATA, 5.0), (0.1, 2.6)):
        assert opening([small], share) == pytest.approx((cost, 10.0))


def test_vehicles_that_no_load_fills_are_not_free() -> None:
    """Without limits on loads a stop fills no share of a van: generous steps still count its 2 km at 1 per km."""
    table = line_table("t", [1000])
    types = [
        vehicle(name, table, capacity_parcels=None, cost_per_day=day, distance_cost_per_km=1.0)
        for name, day in (("small", 6.0), ("large", 14.0))
    ]
    assert opening(types, PRO_RATA) == pytest.approx((2.0, float("inf")))


def test_new_vehicles_are_offered_as_the_step_says() -> None:
    """Of all classes the cheapest, of one class that one, and none at all where the step is closed."""
    table = line_table("t", [1000])
    types = [vehicle(f"v{n}", table, capacity_parcels=n, cost_per_day=float(n)) for n in (10, 20)]
    offers = sorted(opening(types, WHOLE_DAY, offered) for offered in (0, 1))
    assert offers == [(10.0, 10.0), (20.0, 20.0)]
    assert opening(types, WHOLE_DAY, ALL) == (10.0, 10.0)
    assert opening(types, WHOLE_DAY, NONE) == (INFINITE, 0.0)


def test_goods_that_are_ready_later_make_the_whole_trip_wait() -> None:
    """Goods from 10 on move the loading of their trip, wherever their stop is put in: the day that grew by it and the
    day worked out anew both start at 10."""
    stops = [task("1"), task("2"), task("3", ready_s=10 * HOUR)]
    van = vehicle("van", line_table("line", [1000, 2000, 3000]), cost_per_day=10.0, distance_cost_per_km=1.0)
    made = problem(stops, [van], pay=Pay(20.0, 0, 24 * HOUR, 1.0))
    instance = make_instance(made)
    w = make_world(instance)
    for at in (0, 1, 2):
        s = empty_state(w)
        put_days(w, instance, s, [(0, ((0, 1),))], [2])
        without_left(s, 2)
        u = entities_of(w, s, 0)[at]
        _, o = price_gap(w, s, 0, 2, u, INFINITE)
        assert put_in_gap(w, s, 2, o, u)
        _is_fresh(w, s, 0)
        check_day(w, instance, s, 0)
        assert float(s.segment[entities_of(w, s, 0)[0], PRE + 1]) == 10 * HOUR
