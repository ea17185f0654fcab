"""Recombination of a pool of days: exact where everything is in the pool, safe where it is not."""

from __future__ import annotations

import random
import time
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from fleetplan.planning import recombining
from fleetplan.planning.cp_sat import repeatable_solver
from fleetplan.planning.instance import Day, Instance, make_instance
from fleetplan.planning.pool import Pool, rows_of
from fleetplan.planning.recombining import Prices, recombine
from fleetplan.planning.schedule import Solution, cost_of, make_solution, time_day
from fleetplan.planning.trivial import best_day, solve_trivial
from tests.planning.problems import line_table, problem, random_problem, task, vehicle
from tests.planning.solutions import random_solution

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


def pool_of(instance: Instance, days: list[Day], costs: list[float]) -> Pool:
    """Those days at those costs."""
    return Pool(instance, [rows_of(instance, days, costs)])


def plan_from(pool: Pool, start: Solution, *, limit: float = ROOMY) -> Solution | None:
    """The better plan that recombination finds, if there is one."""
    found = recombine(pool, start=start, limit=limit)
    return None if found is None else found.solution


def nobody(instance: Instance) -> Solution:
    """The plan that serves nothing."""
    return make_solution([], range(instance.size))


@pytest.mark.parametrize("seed", range(40))
def test_whole_pool_gives_the_optimum(seed: int) -> None:
    """With every day in the pool the answer is that of trying everything: counts, priorities and prices included."""
    instance = make_instance(random_problem(seed, tasks=(1, 4)))
    best = solve_trivial(instance)
    found = plan_from(pool_of(instance, *full_pool(instance)), nobody(instance))
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
    found = plan_from(pool_of(instance, *full_pool(instance)), nobody(instance))
    assert found is not None
    assert cost_of(instance, found) == ((0,) * 10, 40.0)
    assert sorted(kind for kind, _ in found.days) == [0, 1]


def test_higher_priority_beats_any_number_of_parcels() -> None:
    """One van, one stop: the one parcel of priority 2 is served, not the fifty of priority 1, however the start was."""
    tasks = [task("a", parcels=50, priority=1), task("b", parcels=1, priority=2)]
    one = vehicle("van", line_table("t", [0, 0]), count=1, max_stops=1)
    instance = make_instance(problem(tasks, [one]))
    start = Solution(((0, ((0,),)),), (1,))
    found = plan_from(pool_of(instance, *full_pool(instance)), start)
    assert found == Solution(((0, ((1,),)),), (0,))


def test_unserved_parcels_are_weighed_by_their_price() -> None:
    """A stop whose parcels cost 5 unserved is left out where the van costs 8, and served where it costs 4."""
    for day, left in ((8.0, (0,)), (4.0, ())):
        van = vehicle("van", line_table("t", [0]), cost_per_day=day)
        instance = make_instance(problem([task("a")], [van], unserved_price_per_parcel=5.0))
        start = Solution(((0, ((0,),)),), ()) if left else nobody(instance)
        found = plan_from(pool_of(instance, *full_pool(instance)), start)
        assert found is not None and found.left == left


def pairs_on_a_line(pairs: int) -> tuple[Pool, Solution]:
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
    days = [*mixed, *right]
    costs = [timed.cost for day in days if (timed := time_day(instance, *day)) is not None]
    return pool_of(instance, days, costs), Solution(tuple(wrong), ())


def served_sets(instance: Instance, solution: Solution) -> list[tuple[int, ...]]:
    """The stops of each day."""
    return sorted(tuple(sorted(instance.tasks_of(day))) for day in solution.days)


@pytest.mark.parametrize("pairs", [20, 240])
def test_groups_find_what_lies_in_the_pool(pairs: int) -> None:
    """With few stops, and with so many that they are worked on in groups, every pair ends up in one van."""
    assert (2 * pairs > recombining.WHOLE) == (pairs == 240)
    pool, start = pairs_on_a_line(pairs)
    found = plan_from(pool, start)
    assert found is not None
    assert served_sets(pool.instance, found) == [(i, i + 1) for i in range(0, 2 * pairs, 2)]


def test_numbers_of_vehicles_hold_over_all_groups() -> None:
    """Ten vans cost half of what the others do: every group of days would take them, and together they get ten."""
    pairs, cheap = 240, 10
    table = line_table("t", [1000 + 400 * (i // 2) + i % 2 for i in range(2 * pairs)])
    types = [
        vehicle("dear", table, capacity_parcels=2, cost_per_day=100.0),
        vehicle("cheap", table, capacity_parcels=2, cost_per_day=50.0, count=cheap),
    ]
    instance = make_instance(problem([task(f"s{i:04d}") for i in range(2 * pairs)], types))
    own = [made.cost_per_day for made in instance.classes]
    days: list[Day] = [(kind, ((i, i + 1),)) for kind in (0, 1) for i in range(0, 2 * pairs, 2)]
    dear = own.index(100.0)
    found = plan_from(
        pool_of(instance, days, [own[kind] for kind, _ in days]),
        Solution(tuple((dear, trips) for kind, trips in days if kind == dear), ()),
    )
    assert found is not None
    assert sum(kind != dear for kind, _ in found.days) == cheap
    assert served_sets(instance, found) == [(i, i + 1) for i in range(0, 2 * pairs, 2)]


def test_answers_repeat() -> None:
    """Effort in deterministic units: the same pool and limit give the same days and prices, even cut short."""
    for pairs in (180, 240):
        for limit in (0.002, 0.02, 0.2):
            first, second = (recombine(pool, start=start, limit=limit) for pool, start in [pairs_on_a_line(pairs)] * 2)
            assert first is not None and second is not None
            assert first.solution == second.solution
            for one, other in zip(first.prices, second.prices, strict=True):
                assert one.tolist() == other.tolist()


@pytest.mark.parametrize("seed", range(20))
def test_poor_pools_never_harm(seed: int) -> None:
    """Days picked by lot, some twice and some with a stop twice: an answer is sound and better, or there is none."""
    instance = make_instance(random_problem(seed + 1000, tasks=(2, 5)))
    days, costs = full_pool(instance)
    rng = random.Random(seed)
    if not days:
        return
    picked = [rng.randrange(len(days)) for _ in range(8)]
    some, prices = [days[j] for j in picked], [costs[j] for j in picked]
    kind, trips = some[0]
    some.append((kind, (*trips, trips[0])))
    prices.append(0.0)
    start = solve_trivial(instance) if seed % 2 else nobody(instance)
    found = plan_from(pool_of(instance, some, prices), start)
    if found is None:
        return
    assert cost_of(instance, found) < cost_of(instance, start)
    served = [x for day in found.days for x in instance.tasks_of(day)]
    assert sorted([*served, *found.left]) == list(range(instance.size))
    for number, made in enumerate(instance.classes):
        assert sum(kind == number for kind, _ in found.days) <= made.count


@pytest.mark.parametrize("decide", [True, False])
def test_of_equal_sets_the_cheapest_day_stays(decide: bool) -> None:
    """Orders of three stops on a line are one day: the start's own day is driven in the pool's shorter order.

    Out and back are 6 km; by way of the second stop first they are 8, and 7 if somebody claims so.
    """
    van = vehicle("van", line_table("t", [1000, 2000, 3000]), distance_cost_per_km=1.0)
    instance = make_instance(problem([task(f"s{i}") for i in range(3)], [van]))
    days: list[Day] = [(0, ((1, 0, 2),)), (0, ((0, 1, 2),))]
    pool = pool_of(instance, days, [7.0, 6.0])
    found = recombine(pool, start=Solution((days[0],), ()), limit=ROOMY, decide=decide)
    assert found is not None and found.solution == Solution((days[1],), ())
    assert cost_of(instance, found.solution)[1] == 6.0
    assert plan_from(pool, Solution((days[1],), ())) is None


def test_a_cap_on_time_ends_cp_sat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deterministic units may take longer than seconds: the moment at which all must be over holds beside them."""
    most: list[float] = []

    def noted(limit: float, *, most_s: float) -> object:
        most.append(most_s)
        return repeatable_solver(limit, most_s=most_s)

    monkeypatch.setattr(recombining, "repeatable_solver", noted)
    pool, start = pairs_on_a_line(20)
    recombine(pool, start=start, limit=ROOMY)
    assert most and set(most) == {recombining.LIMIT_S}
    most.clear()
    recombine(pool, start=start, limit=ROOMY, until=time.monotonic() + 5.0)
    assert most and all(0.0 <= seconds <= 5.0 for seconds in most)


def test_nothing_to_recombine() -> None:
    """No stops, no days, no effort: no answer and no fault."""
    empty = make_instance(problem([], [vehicle("van", line_table("t", []))]))
    assert recombine(Pool(empty, []), start=Solution((), ()), limit=1.0) is None
    pool, start = pairs_on_a_line(4)
    assert recombine(pool, start=start, limit=0.0) is None
    assert recombine(Pool(pool.instance, []), start=start, limit=1.0) is None
    impossible = Solution(((0, ((0, 1, 2),)),), tuple(range(3, 8)))
    assert recombine(pool, start=impossible, limit=1.0) is None


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("decide", [True, False])
def test_prices_are_below_every_day_and_every_plan(seed: int, decide: bool) -> None:
    """Prices of a full pool: no day costs less than its stops and vehicle are worth, nor the best plan less than all.

    That is what makes them tell good days from others, and bound from below (weak duality).
    """
    instance = make_instance(random_problem(seed, tasks=(1, 4)))
    pool = pool_of(instance, *full_pool(instance))
    for start in (nobody(instance), random_solution(instance, seed)):
        found = recombine(pool, start=start, limit=ROOMY, decide=decide)
        if found is None:
            assert not len(pool)
            continue
        worth, extra = found.prices
        close = 1e-6 * max(1.0, float(pool.cost.max()))
        if len(pool) > len(start.days) or start.left:
            assert pool.reduced(worth, extra).min() >= -close
        assert worth.min() >= -close and extra.max() <= close
        best = solve_trivial(instance)
        served = [x for day in best.days for x in instance.tasks_of(day)]
        money = sum(timed.cost for day in best.days if (timed := time_day(instance, *day)) is not None)
        counts = np.array([made.count for made in instance.classes])
        assert worth[served].sum() + float(extra @ counts) <= money + 10 * close


def test_prices_by_hand() -> None:
    """One small van at 10 takes one stop, large ones at 30 take two: a stop is worth 15, a second small van 5 more.

    Any two stops are worth 30 at most, for one large van serves both; so three are worth 45, of which 5 are the small
    van's doing: 40 is what the best plan costs.
    """
    table = line_table("t", [0, 0, 0])
    types = [
        vehicle("small", table, capacity_parcels=1, cost_per_day=10.0, count=1),
        vehicle("large", table, capacity_parcels=2, cost_per_day=30.0),
    ]
    instance = make_instance(problem([task(f"s{i}") for i in range(3)], types))
    pool = pool_of(instance, *full_pool(instance))
    for start in (nobody(instance), Solution(((1, ((0, 1),)), (1, ((2,),))), ())):
        found = recombine(pool, start=start, limit=ROOMY, decide=False)
        assert found is not None
        assert found.prices.worth.tolist() == pytest.approx([15.0, 15.0, 15.0])
        assert found.prices.extra.tolist() == pytest.approx([-5.0, 0.0])


@pytest.mark.parametrize("seed", range(20))
def test_without_deciding_no_stop_changes_its_day(seed: int) -> None:
    """Asked for prices alone, recombination leaves stops together as they are, and beats no optimum."""
    instance = make_instance(random_problem(seed, tasks=(2, 5)))
    pool = pool_of(instance, *full_pool(instance))
    start = random_solution(instance, seed)
    found = recombine(pool, start=start, limit=ROOMY, decide=False)
    if found is None:
        assert not len(pool)
        return
    assert found.prices.worth.shape == (instance.size,) and found.prices.extra.shape == (len(instance.classes),)
    if found.solution is not None:
        assert served_sets(instance, found.solution) == served_sets(instance, start)
        assert found.solution.left == start.left
        assert cost_of(instance, solve_trivial(instance)) <= cost_of(instance, found.solution)
        assert cost_of(instance, found.solution) < cost_of(instance, start)


def test_a_better_plan_is_left_alone_without_deciding() -> None:
    """Every pair could have a van of its own, but nobody asked for a plan; large problems are priced in groups."""
    for pairs in (20, 240):
        pool, start = pairs_on_a_line(pairs)
        found = recombine(pool, start=start, limit=ROOMY, decide=False)
        assert found is not None and found.solution is None
        assert found.prices.worth.min() >= -1e-6
        money = cost_of(pool.instance, start)[1]
        assert 0.0 < found.prices.worth.sum() < money


def test_prices_stay_where_nothing_is_priced() -> None:
    """Out of time before the first group, the prices known stand as they were – those of vehicles too."""
    pool, start = pairs_on_a_line(4)
    known = Prices(np.arange(8.0), np.array([-3.0]))
    found = recombine(pool, start=start, limit=ROOMY, until=0.0, prices=known)
    assert found is not None and found.solution is None
    assert found.prices.worth.tolist() == known.worth.tolist()
    assert found.prices.extra.tolist() == [-3.0]
    assert known.worth.tolist() == list(range(8))


def test_prices_known_do_not_change_what_is_found() -> None:
    """Prices say which days come first. Where all have room, wrong ones cost neither the plan nor the new prices."""
    pool, start = pairs_on_a_line(20)
    wrong = Prices(np.linspace(5.0, 0.0, 40), np.array([-2.0]))
    plain, told = (recombine(pool, start=start, limit=ROOMY, prices=prices) for prices in (None, wrong))
    assert plain is not None and told is not None and plain.solution is not None and told.solution is not None
    assert served_sets(pool.instance, told.solution) == served_sets(pool.instance, plain.solution)
    assert told.prices.worth.sum() == pytest.approx(plain.prices.worth.sum())
    assert told.prices.extra.tolist() == pytest.approx([0.0])


def test_more_days_never_lead_to_a_dearer_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A best choice among few days is proven, one among more breaks off early: the cheaper of the two stands."""
    pool, start = pairs_on_a_line(20)
    own, asked = recombining._Group._decide, []

    def decide(group: Any, columns: Any, limit: float) -> Any:
        asked.append(len(columns))
        if len(asked) > 1:  # two days of the start become two pairs, all else stays
            right = [j for j in columns.tolist() if sorted(group.pool.entries(np.array([j]))[0]) in ([0, 1], [2, 3])]
            work, better, _ = own(group, np.union1d(group.old, right), limit)
            assert better is not None
            return work, better, False
        work, better, proven = own(group, columns, limit)
        assert proven
        return 0.0, better, True

    monkeypatch.setattr(recombining._Group, "_decide", decide)
    for name in ("LEAST_COLUMNS", "MOST_COLUMNS"):
        monkeypatch.setattr(recombining, name, 60)
    found = plan_from(pool, start)
    assert len(asked) == 2
    assert found is not None
    assert served_sets(pool.instance, found) == [(i, i + 1) for i in range(0, 40, 2)]


def test_the_plan_itself_is_always_among_the_days_to_choose_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the program's least cost a hair too high by rounding, no day of the plan may drop out of the choice."""
    pool, start = pairs_on_a_line(20)
    own = recombining._Group._linear

    def linear(group: Any, limit: float) -> Any:
        steps, _ = own(group, limit)
        return steps, float(group.pool.cost[group.old].sum()) - 1e-6

    monkeypatch.setattr(recombining._Group, "_linear", linear)
    found = plan_from(pool, start)
    assert found is not None
    assert served_sets(pool.instance, found) == [(i, i + 1) for i in range(0, 40, 2)]


@pytest.mark.parametrize(("count", "cost", "small", "large"), [(None, 40.0, 4, 0), (2, 60.0, 2, 1), (0, 80.0, 0, 2)])
def test_the_mix_of_types_is_decided_over_the_pool(count: int | None, cost: float, small: int, large: int) -> None:
    """Eight stops, by twos in small vans at 10 or by fives in large ones at 40, from two large ones at 80.

    Four small vans at 40 are best; where there are two of them, those and one large van, at 60.
    """
    table = line_table("t", [0] * 8)
    types = [
        vehicle("large", table, capacity_parcels=5, cost_per_day=40.0),
        vehicle("small", table, capacity_parcels=2, cost_per_day=10.0, count=count),
    ]
    instance = make_instance(problem([task(f"s{i}") for i in range(8)], types))
    days: list[Day] = []
    costs: list[float] = []
    for kind, made in enumerate(instance.classes):
        for size in range(1, int(made.capacity[2]) + 1):
            for group in combinations(range(8), size):
                days.append((kind, (group,)))
                costs.append(made.cost_per_day)
    of_large = [made.cost_per_day for made in instance.classes].index(40.0)
    start = make_solution([(of_large, (tuple(range(5)),)), (of_large, ((5, 6, 7),))], [])
    found = plan_from(pool_of(instance, days, costs), start) or start
    assert cost_of(instance, found)[1] == cost
    kinds = [kind for kind, _ in found.days]
    assert (kinds.count(1 - of_large), kinds.count(of_large)) == (small, large)
