"""Recombination of a pool of days: exact where everything is in the pool, safe where it is not."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from fleetplan.planning.instance import Day, Instance, make_instance
from fleetplan.planning.recombining import make_pool, recombine
from fleetplan.planning.schedule import Solution, cost_of, make_solution, time_day
from fleetplan.planning.trivial import best_day, solve_trivial
from tests.planning.problems import line_table, problem, random_problem, task, vehicle

ROOMY = 5.0
"""Deterministic units that prove the optimum of everything here."""


def full_pool(instance: Instance) -> tuple[list[Day], list[float]]:
    """The cheapest day of every class for every set of tasks."""
    days, costs = [], []
    for kind in range(len(instance.classes)):
        for size in range(1, instance.size + 1):
            for group in combinations(range(instance.size), size):
                found = best_day(instance, kind, group)
                if found is not None:
                    days.append((found.kind, found.trips))
                    costs.append(found.cost)
    return days, costs


def nobody(instance: Instance) -> Solution:
    """The plan that serves nothing."""
    return make_solution([], range(instance.size))


@pytest.mark.parametrize("seed", range(40))
def test_whole_pool_gives_the_optimum(seed: int) -> None:
    """With every day in the pool the answer is that of trying everything: counts, priorities and prices included."""
    instance = make_instance(random_problem(seed, tasks=(1, 4)))
    days, costs = full_pool(instance)
    best = solve_trivial(instance)
    found = recombine(instance, days, costs, start=nobody(instance), limit=ROOMY)
    parcels, money = cost_of(instance, found or nobody(instance))
    best_parcels, best_money = cost_of(instance, best)
    assert parcels == best_parcels
    assert money == pytest.approx(best_money, rel=1e-6)


def test_numbers_of_vehicles_hold() -> None:
    """One small van at 10 takes one stop, large ones at 30 take two: three stops cost 40 – never 10 twice or more."""
    table = line_table("t", [0, 0, 0])
    types = [
        vehicle("small", table, capacity_parcels=1, cost_per_day=10.0, count=1),
        vehicle("large", table, capacity_parcels=2, cost_per_day=30.0),
    ]
    instance = make_instance(problem([task(f"s{i}") for i in range(3)], types))
    days, costs = full_pool(instance)
    found = recombine(instance, days, costs, start=nobody(instance), limit=ROOMY)
    assert found is not None
    assert cost_of(instance, found) == ((0,) * 10, 40.0)
    assert sorted(kind for kind, _ in found.days) == [0, 1]


def test_higher_priority_beats_any_number_of_parcels() -> None:
    """One van, one stop: the one parcel of priority 2 is served, not the fifty of priority 1, however the start was."""
    tasks = [task("a", parcels=50, priority=1), task("b", parcels=1, priority=2)]
    one = vehicle("van", line_table("t", [0, 0]), count=1, max_stops=1)
    instance = make_instance(problem(tasks, [one]))
    start = Solution(((0, ((0,),)),), (1,))
    days, costs = full_pool(instance)
    found = recombine(instance, days, costs, start=start, limit=ROOMY)
    assert found == Solution(((0, ((1,),)),), (0,))


def test_unserved_parcels_are_weighed_by_their_price() -> None:
    """A stop whose parcels cost 5 unserved is left out where the van costs 8, and served where it costs 4."""
    for day, left in ((8.0, (0,)), (4.0, ())):
        van = vehicle("van", line_table("t", [0]), cost_per_day=day)
        instance = make_instance(problem([task("a")], [van], unserved_price_per_parcel=5.0))
        start = Solution(((0, ((0,),)),), ()) if left else nobody(instance)
        days, costs = full_pool(instance)
        found = recombine(instance, days, costs, start=start, limit=ROOMY)
        assert found is not None and found.left == left


def pairs_on_a_line(pairs: int) -> tuple[Instance, list[Day], list[float], Solution]:
    """Stops two by two along a street, a pool that holds every pair as a day, a start that mixes neighbours up."""
    at = [1000 + 400 * (i // 2) + i % 2 for i in range(2 * pairs)]
    van = vehicle("van", line_table("t", at), capacity_parcels=2, distance_cost_per_km=1.0)
    instance = make_instance(problem([task(f"s{i:04d}") for i in range(2 * pairs)], [van]))
    wrong: list[Day] = []
    for i in range(0, 2 * pairs, 4):
        wrong += [(0, ((i, i + 2),)), (0, ((i + 1, i + 3),))]
    right: list[Day] = [(0, ((i, i + 1),)) for i in range(0, 2 * pairs, 2)]
    noise = random.Random(1)
    mixed: list[Day] = [(0, (tuple(noise.sample(range(2 * pairs), 2)),)) for _ in range(600)]
    pool = [*mixed, *right]
    costs = [timed.cost for day in pool if (timed := time_day(instance, *day)) is not None]
    return instance, pool, costs, Solution(tuple(wrong), ())


@pytest.mark.parametrize("pairs", [20, 180])
def test_groups_find_what_lies_in_the_pool(pairs: int) -> None:
    """With few stops, and with so many that they are worked on in groups, every pair ends up in one van."""
    instance, pool, costs, start = pairs_on_a_line(pairs)
    found = recombine(instance, pool, costs, start=start, limit=ROOMY)
    assert found is not None
    served = sorted(tuple(sorted(instance.tasks_of(day))) for day in found.days)
    assert served == [(i, i + 1) for i in range(0, 2 * pairs, 2)]


def test_answers_repeat() -> None:
    """Effort in deterministic units: the same pool and limit give the same days in the same order, even cut short."""
    instance, pool, costs, start = pairs_on_a_line(180)
    for limit in (0.002, 0.02, 0.2):
        first = recombine(instance, pool, costs, start=start, limit=limit)
        assert first == recombine(instance, pool, costs, start=start, limit=limit)


@pytest.mark.parametrize("seed", range(20))
def test_poor_pools_never_harm(seed: int) -> None:
    """Days picked by lot, some twice and some with a stop twice: an answer is sound and better, or there is none."""
    instance = make_instance(random_problem(seed + 1000, tasks=(2, 5)))
    days, costs = full_pool(instance)
    rng = random.Random(seed)
    if not days:
        return
    picked = [rng.randrange(len(days)) for _ in range(8)]
    pool, prices = [days[j] for j in picked], [costs[j] for j in picked]
    kind, trips = pool[0]
    pool.append((kind, (*trips, trips[0])))
    prices.append(0.0)
    start = solve_trivial(instance) if seed % 2 else nobody(instance)
    found = recombine(instance, pool, prices, start=start, limit=ROOMY)
    if found is None:
        return
    assert cost_of(instance, found) < cost_of(instance, start)
    served = [x for day in found.days for x in instance.tasks_of(day)]
    assert sorted([*served, *found.left]) == list(range(instance.size))
    for number, made in enumerate(instance.classes):
        assert sum(kind == number for kind, _ in found.days) <= made.count


def test_of_equal_sets_the_cheapest_day_stays() -> None:
    """Two orders of three stops on a line are one day of the pool, at the shorter order's cost."""
    van = vehicle("van", line_table("t", [1000, 2000, 3000]), distance_cost_per_km=1.0)
    instance = make_instance(problem([task(f"s{i}") for i in range(3)], [van]))
    days: list[Day] = [(0, ((1, 0, 2),)), (0, ((0, 1, 2),)), (0, ((0, 2, 1),))]
    costs = [timed.cost for day in days if (timed := time_day(instance, *day)) is not None]
    pool = make_pool(instance, days, costs, nobody(instance))
    assert pool is not None
    assert pool.days == [(0, ((0, 1, 2),))]
    assert pool.cost.tolist() == [6.0]


def test_nothing_to_recombine() -> None:
    """No stops, no days, no effort: no answer and no fault."""
    empty = make_instance(problem([], [vehicle("van", line_table("t", []))]))
    assert recombine(empty, [], [], start=Solution((), ()), limit=1.0) is None
    instance, pool, costs, start = pairs_on_a_line(4)
    assert recombine(instance, pool, costs, start=start, limit=0.0) is None
    assert recombine(instance, [], [], start=start, limit=1.0) is None
