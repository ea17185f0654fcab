"""The pool of days as arrays: what goes in comes out, once and at its cheapest."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fleetplan.planning.instance import Day, Instance, make_instance
from fleetplan.planning.pool import Pool, rows_of
from fleetplan.planning.schedule import time_day
from tests.planning.kernels import SEEDS, instance_of
from tests.planning.problems import line_table, problem, task, vehicle
from tests.planning.solutions import random_solution


def street(stops: int = 4) -> Instance:
    """Stops a kilometre apart on a street, for two types with two trips a day; option ``i`` of either serves stop i."""
    table = line_table("t", [1000 * (i + 1) for i in range(stops)])
    types = [vehicle(name, table, max_trips=2, cost_per_day=day) for name, day in (("a", 1.0), ("b", 2.0))]
    return make_instance(problem([task(f"s{i}") for i in range(stops)], types))


def pool_of(instance: Instance, days: list[Day], costs: list[float]) -> Pool:
    """Those days at those costs."""
    return Pool(instance, [rows_of(instance, days, costs)])


def days_in(pool: Pool) -> list[Day]:
    """All days of a pool."""
    return [pool.day(j) for j in range(len(pool))]


@pytest.mark.parametrize("seed", SEEDS)
def test_days_come_out_as_they_went_in(seed: int) -> None:
    """Classes, trips and the order of options survive the way into arrays and back, and so do costs and tasks."""
    instance = instance_of(seed)
    days = list(random_solution(instance, seed, left=0.1).days)
    costs = [timed.cost for day in days if (timed := time_day(instance, *day)) is not None]
    pool = pool_of(instance, days, costs)
    assert days_in(pool) == days
    assert pool.cost.tolist() == costs
    assert pool.place.tolist() == list(range(len(days)))
    cut = np.split(pool.task, pool.begin[1:-1]) if days else []
    assert [part.tolist() for part in cut] == [instance.tasks_of(day) for day in days]
    again = Pool(instance, [pool.rows()])
    assert (days_in(again), again.cost.tolist()) == (days, costs)


def test_the_round_trips_reach_several_classes_and_trips() -> None:
    """The random days that go into arrays and back have second trips, and classes beyond the first."""
    days = [day for seed in SEEDS for day in random_solution(instance_of(seed), seed, left=0.1).days]
    assert sum(len(trips) > 1 for _, trips in days) > 20
    assert sum(kind > 0 for kind, _ in days) > 20
    assert sum(kind > 0 and len(trips) > 1 for kind, trips in days) > 5


def test_of_equal_sets_the_cheapest_day_stays() -> None:
    """Orders and trips make no other day of the same stops; another class does, and of equal costs the first stays."""
    days: list[Day] = [
        (0, ((1, 0, 2),)),
        (1, ((0, 1, 2),)),
        (0, ((0, 1, 2),)),
        (0, ((0,), (2, 1))),
        (0, ((0, 1),)),
        (1, ((2, 1, 0),)),
    ]
    pool = pool_of(street(), days, [8.0, 6.0, 6.5, 7.0, 4.0, 6.0])
    assert days_in(pool) == [days[1], days[2], days[4]]
    assert pool.cost.tolist() == [6.0, 6.5, 4.0]


def test_places_point_to_the_days_that_stay() -> None:
    """Each day given is found again as itself or as the cheaper one that it repeats; those passed over are nowhere."""
    days: list[Day] = [(0, ((1, 0),)), (0, ((2, 2),)), (1, ((0, 1),)), (0, ((0, 1),)), (0, ((3,),)), (1, ((1, 0),))]
    pool = pool_of(street(), days, [5.0, 1.0, 7.0, 4.0, math.inf, 9.0])
    assert days_in(pool) == [days[2], days[3]]
    assert pool.place.tolist() == [1, -1, 0, 1, -1, 0]


@pytest.mark.parametrize("seed", range(20))
def test_places_hold_for_joined_pools_of_random_days(seed: int) -> None:
    """Rows from several sides meet: a day's place has its class and tasks, at the least cost of all that share them."""
    instance = instance_of(seed)
    days: list[Day] = []
    parts = []
    for draw in range(6):
        some = list(random_solution(instance, 100 * seed + draw, left=0.1).days)
        days += some
        parts.append(rows_of(instance, some, [float((7 * k + draw) % 5) for k in range(len(some))]))
    pool = Pool(instance, parts)
    keys = [(kind, frozenset(instance.tasks_of((kind, trips)))) for kind, trips in days]
    costs = np.concatenate([part.cost for part in parts])
    kept = [(kind, frozenset(instance.tasks_of((kind, trips)))) for kind, trips in days_in(pool)]
    assert len(set(kept)) == len(kept) and set(kept) == set(keys)
    assert [kept[place] for place in pool.place.tolist()] == keys
    for key, cost in zip(kept, pool.cost.tolist(), strict=True):
        assert cost == min(c for k, c in zip(keys, costs.tolist(), strict=True) if k == key)


def test_unsound_days_are_passed_over() -> None:
    """No day that serves a stop twice, on one trip or two, and none without a cost or without stops; all else stays."""
    good: list[Day] = [(0, ((0, 1), (2,))), (1, ((3,),))]
    bad: list[Day] = [(0, ((0, 1, 0),)), (1, ((2,), (2,))), (0, ((1,),)), (1, ((1,),)), (0, ())]
    pool = pool_of(street(), [bad[0], good[0], *bad[1:], good[1]], [0.0, 3.0, 0.0, math.inf, math.nan, 0.0, 2.0])
    assert days_in(pool) == good
    assert pool.place.tolist() == [-1, 0, -1, -1, -1, -1, 1]


def test_what_days_cost_above_prices() -> None:
    """By hand: costs 10, 9 and 4, stops worth 3, 5, 2 and 1, a vehicle of the second class worth -1.5 to have more of.

    Stops 0 and 1: 10 - 8 = 2. Stops 1, 2 and 3 on two trips of the second class: 9 - 8 + 1.5 = 2.5. Stop 3: 4 - 1 = 3.
    """
    pool = pool_of(street(), [(0, ((1, 0),)), (1, ((3,), (1, 2))), (0, ((3,),))], [10.0, 9.0, 4.0])
    reduced = pool.reduced(np.array([3.0, 5.0, 2.0, 1.0]), np.array([0.0, -1.5]))
    assert reduced.tolist() == [2.0, 2.5, 3.0]


def test_entries_are_the_tasks_of_the_days_asked_for() -> None:
    """Days are asked for in any order; their tasks come in that order, and say to which of the days they belong."""
    pool = pool_of(street(), [(0, ((1, 0),)), (1, ((3,), (1, 2))), (0, ((3,),))], [10.0, 9.0, 4.0])
    tasks, position = pool.entries(np.array([2, 0, 1]))
    assert tasks.tolist() == [3, 1, 0, 3, 1, 2]
    assert position.tolist() == [0, 1, 1, 2, 2, 2]


def test_the_days_of_least_value_are_kept_in_their_order() -> None:
    """Of equal values the earlier stay; tasks, costs and places follow the days, and enough room changes nothing."""
    days: list[Day] = [(0, ((0, 1),)), (1, ((3,), (1, 2))), (0, ((2,),)), (1, ((0,),)), (0, ((1, 0),))]
    pool = pool_of(street(), days, [5.0, 9.0, 4.0, 3.0, 6.0])
    assert pool.begin.tolist() == [0, 2, 5, 6, 7] and pool.task.tolist() == [0, 1, 3, 1, 2, 2, 0]
    pool.keep_least(np.array([1.0, 0.0, 1.0, 2.0]), 4)
    assert days_in(pool) == days[:4]
    pool.keep_least(np.array([1.0, 0.0, 1.0, 2.0]), 2)
    assert days_in(pool) == days[:2]
    assert pool.cost.tolist() == [5.0, 9.0]
    assert pool.begin.tolist() == [0, 2, 5] and pool.task.tolist() == [0, 1, 3, 1, 2]
    assert pool.place.tolist() == [0, 1, -1, -1, 0]
    pool.keep_least(np.array([1.0, 0.0]), 1)
    assert days_in(pool) == [days[1]]
    assert pool.place.tolist() == [-1, 0, -1, -1, -1]


def test_an_empty_pool_is_a_pool() -> None:
    """Nothing given, or nothing sound: no days, and no fault in asking about them."""
    for pool in (Pool(street(), []), pool_of(street(), [], []), pool_of(street(), [(0, ((0, 0),))], [1.0])):
        assert len(pool) == 0
        assert pool.begin.tolist() == [0] and not len(pool.task)
        assert not len(pool.reduced(np.ones(4), np.zeros(2)))
        pool.keep_least(np.zeros(0), 3)
        assert days_in(Pool(street(), [pool.rows()])) == []
