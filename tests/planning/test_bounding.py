"""Lower bounds: never above the cost of a plan, whatever the problem; tight where the relaxation is exact."""

from __future__ import annotations

import math
from itertools import pairwise, permutations

import numpy as np
import pytest

from fleetplan.planning.bounding import LARGEST, lower_bound
from fleetplan.planning.instance import make_instance
from fleetplan.planning.pricing import FAR, price, trace
from fleetplan.planning.problem import Pay
from fleetplan.planning.schedule import cost_of
from fleetplan.planning.trivial import solve_trivial
from tests.planning.problems import HOUR, line_table, problem, random_problem, table_of, task, vehicle


@pytest.mark.parametrize("effort", [1, 3, 60])
def test_never_above_the_optimum(effort: int) -> None:
    """Random problems with every feature: the bound holds against trying everything, stopped early or not."""
    bounds = tight = 0
    for seed in range(150):
        instance = make_instance(random_problem(seed, tasks=(1, 4)))
        bound = lower_bound(instance, effort=effort)
        best = solve_trivial(instance)
        if bound is None or (best.left and not instance.priced):
            continue
        cost = cost_of(instance, best)[1]
        assert bound.value <= cost * (1.0 + 1e-9) + 1e-9
        bounds += 1
        tight += bound.value > 0.8 * cost
    assert bounds > 60
    assert effort < 60 or tight > 30


@pytest.mark.parametrize("seed", range(6))
def test_never_above_the_optimum_of_five_stops(seed: int) -> None:
    """Five stops, two types, several trips, no windows: the optimum by trying everything, and a bound near it."""
    rng = np.random.default_rng(seed)
    place = rng.uniform(0, 6000, (6, 2))
    metres = np.rint(np.hypot(*(place[:, None] - place[None, :]).T)).astype(int)
    tasks = [task(f"s{i}", parcels=int(rng.integers(1, 4)), service=300) for i in range(5)]
    table = table_of("t", metres // 5, metres)
    small = vehicle("small", table, capacity_parcels=4, cost_per_day=8.0, distance_cost_per_km=0.3, max_trips=2)
    large = vehicle("large", table, capacity_parcels=8, cost_per_day=20.0, distance_cost_per_km=0.5)
    pay = Pay(20.0, HOUR * (seed % 2), 8 * HOUR, 1.25)
    instance = make_instance(problem(tasks, [small, large], pay=pay, reload_s=600))
    bound = lower_bound(instance)
    cost = cost_of(instance, solve_trivial(instance))[1]
    assert bound is not None
    assert 0.6 * cost <= bound.value <= cost * (1.0 + 1e-9)


def test_far_and_few_is_exact() -> None:
    """Three stops, each a full load: three trips there and back are the only plan, and the bound is its cost.

    2 × (1 + 2 + 3) km at 1 a km, three vans at 10.
    """
    van = vehicle(
        "van", line_table("t", [1000, 2000, 3000]), capacity_parcels=5, cost_per_day=10.0, distance_cost_per_km=1.0
    )
    instance = make_instance(problem([task(f"s{i}", parcels=5) for i in range(3)], [van]))
    bound = lower_bound(instance)
    assert bound is not None
    assert bound.value == pytest.approx(42.0, rel=1e-6)


def test_pairs_on_rays_are_exact() -> None:
    """Four pairs of stops, every pair far out on a ray of its own, two stops to a van: a van per pair is optimal.

    Out 5 km, 100 m on, and back: 10.2 km at 1 a km, four times, and four vans at 10.
    """
    place = [(0.0, 0.0)]
    for k in range(4):
        place += [(r * math.cos(k * math.pi / 2), r * math.sin(k * math.pi / 2)) for r in (5000.0, 5100.0)]
    at = np.array(place)
    metres = np.rint(np.hypot(*(at[:, None] - at[None, :]).T)).astype(int)
    van = vehicle("van", table_of("t", metres, metres), capacity_parcels=2, cost_per_day=10.0, distance_cost_per_km=1.0)
    instance = make_instance(problem([task(f"s{i}") for i in range(8)], [van]))
    bound = lower_bound(instance)
    assert bound is not None
    assert bound.value == pytest.approx(4 * 20.2, rel=1e-6)


def test_price_of_unserved_parcels_bounds_too() -> None:
    """A stop that costs 10 to serve and 3 to leave out: no plan costs less than 3, and the bound says so."""
    van = vehicle("van", line_table("t", [0]), cost_per_day=10.0)
    instance = make_instance(problem([task("a")], [van], unserved_price_per_parcel=3.0))
    bound = lower_bound(instance)
    assert bound is not None
    assert bound.value == pytest.approx(3.0, rel=1e-6)


def test_more_effort_is_no_worse_and_repeats() -> None:
    """Rounds only add to the best bound, and the same rounds give the same figure."""
    rng = np.random.default_rng(5)
    place = rng.uniform(0, 9000, (31, 2))
    metres = np.rint(np.hypot(*(place[:, None] - place[None, :]).T)).astype(int)
    van = vehicle("van", table_of("t", metres, metres), capacity_parcels=9, cost_per_day=5.0, distance_cost_per_km=1.0)
    made = problem([task(f"s{i:02d}", parcels=int(rng.integers(1, 5))) for i in range(30)], [van])
    instance = make_instance(made)
    values = [bound.value for effort in (2, 10, 100) if (bound := lower_bound(instance, effort=effort)) is not None]
    assert values == sorted(values) and values[0] < values[-1]
    again = lower_bound(instance, effort=10)
    assert again is not None and again.value == values[1]
    asked = iter([False] * 10 + [True])
    halted = lower_bound(instance, stopped=lambda: next(asked))
    assert halted is not None and halted.value == values[1]


def test_where_no_bound_is_to_be_had() -> None:
    """Stops that cost nothing to serve, and more than the work allows: none. Nothing to serve: zero."""
    free = make_instance(problem([task("a")], [vehicle("van", line_table("t", [100]))]))
    assert lower_bound(free) is None
    places = [0] * (LARGEST + 1)
    van = vehicle("van", line_table("t", places), cost_per_day=1.0)
    assert lower_bound(make_instance(problem([task(f"s{i}") for i in range(len(places))], [van]))) is None
    empty = lower_bound(make_instance(problem([], [van])))
    assert empty is not None and empty.value == 0.0


def cheapest_by_trying(arc: np.ndarray, use: np.ndarray, reward: np.ndarray, task_of: np.ndarray, levels: int) -> float:
    """Least cost of an elementary closed trip."""
    nodes = range(1, len(arc))
    best = FAR
    for size in nodes:
        for order in permutations(nodes, size):
            way = [0, *order, 0]
            arcs = list(pairwise(way))
            if len({int(task_of[x]) for x in order}) < size or sum(use[i, j] for i, j in arcs) > levels:
                continue
            best = min(best, sum(arc[i, j] for i, j in arcs) - sum(reward[x] for x in order))
    return best


def test_pricing_reaches_below_every_elementary_trip() -> None:
    """Five nodes by lot: the least reduced cost is no higher than by trying all trips, and its trip costs that much."""
    exact = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        m = 6
        arc = rng.uniform(1, 9, (m, m))
        use = rng.integers(1, 4, (m, m))
        use[:, 0] = 0
        task_of = np.array([-1, 0, 1, 2, 3, 3])
        reward = np.concatenate([[0.0], rng.uniform(0, 9, m - 1)])
        cost, before, level, rank, last = price(arc, use, reward, task_of, 7)
        least = float(cost.min())
        known = cheapest_by_trying(arc, use, reward, task_of, 7)
        assert least <= known + 1e-9
        exact += math.isclose(least, known)
        way = [0, *trace(before, level, rank, last, int(cost.argmin())), 0]
        arcs = list(pairwise(way))
        assert sum(use[i, j] for i, j in arcs) <= 7
        assert sum(arc[i, j] for i, j in arcs) - sum(reward[x] for x in way) == pytest.approx(least)
        tasks = [int(task_of[x]) for x in way[1:-1]]
        assert all(a != b for gap in (1, 2) for a, b in zip(tasks, tasks[gap:], strict=False))
    assert exact > 20
