"""Recombination of a pool of days: exact where everything is in the pool, safe where it is not."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from fleetplan.planning.instance import Day, Instance, make_instance
from fleetplan.planning.pool import Pool, rows_of
from fleetplan.planning.recombining import Recombined, recombine
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


def recombined(
    instance: Instance, days: list[Day], costs: list[float], *, start: Solution, limit: float, decide: bool = True
) -> Recombined | None:
    """What a pool of these days comes to."""
    return recombine(Pool(instance, [rows_of(instance, days, costs)]), start=start, limit=limit, decide=decide)


def solution_of(
    instance: Instance, days: list[Day], costs: list[float], *, start: Solution, limit: float
) -> Solution | None:
    """The better plan found in a pool, if any."""
    found = recombined(instance, days, costs, start=start, limit=limit)
    return None if found is None else found.solution


def nobody(instance: Instance) -> Solution:
    """The plan that serves nothing."""
    return make_solution([], range(instance.size))


@pytest.mark.parametrize("seed", range(40))
def test_whole_pool_gives_the_optimum(seed: int) -> None:
    """With every day in the pool the answer is that of trying everything: counts, priorities and prices included."""
    instance = make_instance(random_problem(seed, tasks=(1, 4)))
    days, costs = full_pool(instance)
    best = solve_trivial(instance)
    found = solution_of(instance, days, costs, start=nobody(instance), limit=ROOMY)
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
    found = solution_of(instance, days, costs, start=nobody(instance), limit=ROOMY)
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
    found = solution_of(instance, days, costs, start=start, limit=ROOMY)
    assert found == Solution(((0, ((1,),)),), (0,))


def test_unserved_parcels_are_weighed_by_their_price() -> None:
    """A stop whose parcels cost 5 unserved is left out where the van costs 8, and served where it costs 4."""
    for day, left in ((8.0, (0,)), (4.0, ())):
        van = vehicle("van", line_table("t", [0]), cost_per_day=day)
        instance = make_instance(problem([task("a")], [van], unserved_price_per_parcel=5.0))
        start = Solution(((0, ((0,),)),), ()) if left else nobody(instance)
        days, costs = full_pool(instance)
        found = solution_of(instance, days, costs, start=start, limit=ROOMY)
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
    found = solution_of(instance, pool, costs, start=start, limit=ROOMY)
    assert found is not None
    served = sorted(tuple(sorted(instance.tasks_of(day))) for day in found.days)
    assert served == [(i, i + 1) for i in range(0, 2 * pairs, 2)]


def test_answers_repeat() -> None:
    """Effort in deterministic units: the same pool and limit give the same days in the same order, even cut short."""
    instance, pool, costs, start = pairs_on_a_line(180)
    for limit in (0.002, 0.02, 0.2):
        first = solution_of(instance, pool, costs, start=start, limit=limit)
        assert first == solution_of(instance, pool, costs, start=start, limit=limit)


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
    found = solution_of(instance, pool, prices, start=start, limit=ROOMY)
    if found is None:
        return
    assert cost_of(instance, found) < cost_of(instance, start)
    served = [x for day in found.days for x in instance.tasks_of(day)]
    assert sorted([*served, *found.left]) == list(range(instance.size))
    for number, made in enumerate(instance.classes):
        assert sum(kind == number for kind, _ in found.days) <= made.count


@pytest.mark.parametrize("seed", range(40))
def test_prices_bound_the_optimum_from_below(seed: int) -> None:
    """With every day in the pool, no day costs less than its prices, and all prices together no more than the best plan
    that serves everything: what says which days are promising is the dual of the true program."""
    instance = make_instance(random_problem(seed, tasks=(2, 5)))
    best = solve_trivial(instance)
    days, costs = full_pool(instance)
    if best.left or not days or instance.priced:
        return
    found = recombined(instance, days, costs, start=best, limit=ROOMY, decide=False)
    assert found is not None and found.solution is None
    worth, extra = found.prices
    pool = Pool(instance, [rows_of(instance, days, costs)])
    money = cost_of(instance, best)[1]
    assert pool.reduced(worth, extra).min() >= -1e-6 * max(1.0, money)
    assert (extra <= 1e-9).all()
    total = worth.sum() + sum(e * made.count for e, made in zip(extra, instance.classes, strict=True) if e < 0)
    assert total <= money * (1 + 1e-6) + 1e-6


def test_prices_by_hand() -> None:
    """One stop 1 km away and one 3 km away, each alone or both at 6: only the day of both costs just its prices."""
    van = vehicle("van", line_table("t", [1000, 3000]), distance_cost_per_km=1.0)
    instance = make_instance(problem([task("a"), task("b")], [van]))
    days, costs = full_pool(instance)
    assert sorted(costs) == [2.0, 6.0, 6.0]
    found = recombined(instance, days, costs, start=nobody(instance), limit=ROOMY)
    assert found is not None and found.solution is not None
    assert len(found.solution.days) == 1
    assert found.prices.worth.sum() == pytest.approx(6.0)


def test_many_small_vehicles_beat_few_large_ones() -> None:
    """Six stops: two small vans of three at 10 each cost less than one large van at 25, and less than a mix at 35."""
    types = [
        vehicle("small", line_table("t", [0] * 6), capacity_parcels=3, cost_per_day=10.0),
        vehicle("large", line_table("u", [0] * 6), capacity_parcels=6, cost_per_day=25.0),
    ]
    instance = make_instance(problem([task(f"s{i}") for i in range(6)], types))
    days, costs = full_pool(instance)
    large = next(day for day in days if day[0] == 1 and len(day[1][0]) == 6)
    found = solution_of(instance, days, costs, start=Solution((large,), ()), limit=ROOMY)
    assert found is not None
    assert cost_of(instance, found)[1] == 20.0


def test_nothing_to_recombine() -> None:
    """No stops, no days, no effort: no answer and no fault."""
    empty = make_instance(problem([], [vehicle("van", line_table("t", []))]))
    assert solution_of(empty, [], [], start=Solution((), ()), limit=1.0) is None
    instance, pool, costs, start = pairs_on_a_line(4)
    assert solution_of(instance, pool, costs, start=start, limit=0.0) is None
    assert solution_of(instance, [], [], start=start, limit=1.0) is None
