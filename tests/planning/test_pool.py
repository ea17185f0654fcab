"""Days as rows of arrays: the same days come out as went in, each set of stops once."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fleetplan.planning.instance import Day, Instance, make_instance
from fleetplan.planning.pool import Pool, rows_of
from tests.planning.problems import line_table, problem, task, vehicle


def two_types() -> Instance:
    """Four stops on a line and two types of vehicle."""
    at = [1000, 2000, 3000, 4000]
    types = [
        vehicle("small", line_table("t", at), max_trips=3, distance_cost_per_km=1.0),
        vehicle("large", line_table("u", at), max_trips=3, distance_cost_per_km=2.0),
    ]
    return make_instance(problem([task(f"s{i}") for i in range(4)], types))


def pool_of(instance: Instance, days: list[Day], costs: list[float]) -> Pool:
    """A pool of days."""
    return Pool(instance, [rows_of(instance, days, costs)])


def test_days_come_back_as_they_were() -> None:
    """Types, order and division into trips survive, of the first trip's first stop too."""
    instance = two_types()
    days: list[Day] = [(0, ((0, 2), (1,))), (1, ((0,), (3, 1), (2,))), (0, ((3,),)), (1, ((2, 3),))]
    pool = pool_of(instance, days, [4.0, 3.0, 2.0, 1.0])
    assert [pool.day(j) for j in range(len(pool))] == days
    assert pool.stops.tolist() == [3, 4, 1, 2]
    assert pool.task[pool.begin[1] : pool.begin[2]].tolist() == [0, 3, 1, 2]


def test_of_equal_sets_the_cheapest_day_stays() -> None:
    """Three orders of three stops are one day of the pool, the cheapest; another type's same stops are another day."""
    instance = two_types()
    days: list[Day] = [(0, ((1, 0, 2),)), (0, ((0, 1, 2),)), (0, ((0, 2), (1,))), (1, ((1, 0, 2),))]
    pool = pool_of(instance, days, [8.0, 6.0, 9.0, 16.0])
    assert [pool.day(j) for j in range(len(pool))] == [days[1], days[3]]
    assert pool.cost.tolist() == [6.0, 16.0]
    assert pool.place.tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("cost", [math.inf, math.nan])
def test_days_that_are_none_are_dropped(cost: float) -> None:
    """A day that serves a stop twice, one without a cost, and an empty one are in no pool."""
    instance = two_types()
    days: list[Day] = [(0, ((0,), (0,))), (0, ((1,),)), (0, ()), (1, ((2,),))]
    pool = pool_of(instance, days, [1.0, cost, 0.0, 5.0])
    assert [pool.day(j) for j in range(len(pool))] == [days[3]]
    assert pool.place.tolist() == [-1, -1, -1, 0]


def test_costs_above_prices_by_hand() -> None:
    """A day at 10 with stops worth 3 and 4 and a vehicle worth -1 costs 4 above its prices."""
    instance = two_types()
    pool = pool_of(instance, [(0, ((0, 1),)), (1, ((2,),))], [10.0, 5.0])
    over = pool.reduced(np.array([3.0, 4.0, 5.0, 9.0]), np.array([-1.0, 0.0]))
    assert over.tolist() == [4.0, 0.0]


def test_the_least_are_kept_in_order() -> None:
    """Of three days the two of the least value stay, in the order that they had."""
    instance = two_types()
    days: list[Day] = [(0, ((0,), (1,))), (0, ((2,),)), (1, ((3, 0),))]
    pool = pool_of(instance, days, [1.0, 2.0, 3.0])
    pool.keep_least(np.array([5.0, 7.0, 6.0]), 2)
    assert [pool.day(j) for j in range(len(pool))] == [days[0], days[2]]
    assert pool.task.tolist() == [0, 1, 3, 0]


def test_pools_join() -> None:
    """A pool and new rows together are what all days at once are, an empty pool included."""
    instance = two_types()
    days: list[Day] = [(0, ((0,), (1,))), (0, ((2,),)), (0, ((1, 0),)), (1, ((3, 0),))]
    costs = [4.0, 2.0, 3.0, 1.0]
    first = Pool(instance, [Pool(instance, []).rows(), rows_of(instance, days[:2], costs[:2])])
    joined = Pool(instance, [first.rows(), rows_of(instance, days[2:], costs[2:])])
    once = pool_of(instance, days, costs)
    assert [joined.day(j) for j in range(len(joined))] == [once.day(j) for j in range(len(once))] == days[1:]
