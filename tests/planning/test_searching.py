"""The pool beside the lanes: what it keeps, when it answers, what the lanes are told, and that all of it repeats."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fleetplan.planning import searching
from fleetplan.planning.effort import ROUNDS, Clock
from fleetplan.planning.instance import Instance, make_instance
from fleetplan.planning.kernel.lane import FULL, Lane, fill_of
from fleetplan.planning.pool import Pool, rows_of
from fleetplan.planning.recombining import Prices, recombine
from fleetplan.planning.schedule import Solution, loads_fit, make_solution
from fleetplan.planning.searching import PAUSE, RECOMBINED, ROUNDS_OF_RECOMBINING, KernelSearch, _Mixing, _smoothed
from tests.planning.problems import line_table, many_vans, problem, table_of, task, vehicle
from tests.planning.test_recombining import ROOMY, pairs_on_a_line, served_sets


def answers(pool: Pool, best: Solution) -> dict[int, bool]:
    """The rounds after which the pool answers in a search that stands still, and whether with a better plan."""
    clock = Clock(100 * ROUNDS, None)
    found = {}
    with ThreadPoolExecutor(1) as threads:
        mixing = _Mixing(pool.instance, clock, threads)
        mixing.fresh = [pool.rows()]
        for number in range(1, ROUNDS + 1):
            clock.done(*clock.next_round(), 0.0)
            answer = mixing.after_round(best)
            if answer is not None:
                found[number] = answer.solution is not None
    return found


def test_short_days_are_priced_again_and_again() -> None:
    """Days of two stops: asked from a twentieth on, answered in three rounds, asked again after one; plans are rarer.

    A plan is looked for in the first question after each of the moments for it.
    """
    pool, start = pairs_on_a_line(20)
    asked = range(ROUNDS // 20, ROUNDS, ROUNDS_OF_RECOMBINING + PAUSE + 1)
    deciding = {min(number for number in asked if number >= moment * ROUNDS) for moment in RECOMBINED}
    expected = {n + ROUNDS_OF_RECOMBINING: n in deciding for n in asked if n + ROUNDS_OF_RECOMBINING <= ROUNDS}
    assert answers(pool, start) == expected
    assert sum(expected.values()) == len(RECOMBINED)


def two_long_days() -> tuple[Instance, Solution, Solution]:
    """A street with two vans of twelve stops each: a plan that crosses over, and the one that does not."""
    van = vehicle("van", line_table("t", [100 * (i + 1) for i in range(24)]), distance_cost_per_km=1.0, max_stops=12)
    instance = make_instance(problem([task(f"s{i:02}") for i in range(24)], [van]))
    crossing = make_solution([(0, (tuple(range(k, 24, 2)),)) for k in (0, 1)], [])
    return instance, crossing, make_solution([(0, (tuple(range(k, k + 12)),)) for k in (0, 12)], [])


def test_long_days_are_recombined_at_their_moments_only() -> None:
    """With twelve stops a day prices tell too little: nothing is asked but for a plan, at the moments for it."""
    instance, crossing, better = two_long_days()
    pool = Pool(instance, [rows_of(instance, better.days, [2.4, 4.8])])
    asked = [-int(-moment * ROUNDS // 1) for moment in RECOMBINED]
    assert answers(pool, crossing) == {number + ROUNDS_OF_RECOMBINING: True for number in asked}


@pytest.mark.parametrize("known", [True, False])
def test_pools_keep_their_size(monkeypatch: pytest.MonkeyPatch, known: bool) -> None:
    """Before the first prices and after, the days that look cheapest stay, and the best plan is still found in them."""
    pool, start = pairs_on_a_line(20)
    monkeypatch.setattr(searching, "MOST_POOLED", 100)
    with ThreadPoolExecutor(1) as threads:
        mixing = _Mixing(pool.instance, Clock(9, None), threads)
        if known:
            priced = recombine(pool, start=start, limit=ROOMY, decide=False)
            assert priced is not None
            mixing.prices = priced.prices
        mixing.fresh = [pool.rows()]
        assert len(pool) > 100
        found = mixing.last(start)
        assert len(mixing.pool) == 100
    assert found is not None
    assert served_sets(pool.instance, found) == [(i, i + 1) for i in range(0, 40, 2)]


def test_new_prices_are_tempered_by_the_old() -> None:
    """Three fifths of the old and two of the new: 10 and 20 make 14, of a vehicle -2 and 0 make -1.2."""
    worth, extra = _smoothed(
        Prices(np.array([10.0, 0.0]), np.array([-2.0])), Prices(np.array([20.0, 5.0]), np.zeros(1))
    )
    assert worth.tolist() == pytest.approx([14.0, 2.0])
    assert extra.tolist() == pytest.approx([-1.2])


def searched(instance: Instance, start: Solution | None = None) -> Solution:
    """What a short search of the lanes and the pool finds."""
    clock = Clock(8000, None)
    search = KernelSearch(instance, seed=3, clock=clock, seen=lambda _: None)
    return search.improve(start or make_solution([], range(instance.size)), warm=start is not None)


def test_lanes_are_told_prices_where_days_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both lanes hear of new prices again and again, and gather by them; with long days neither does."""
    told: list[int] = []
    gathered = {True: 0, False: 0}
    own_look, own_gathered = Lane.look_for, Lane.gathered

    def look_for(lane: Lane, worth: Any, extra: Any) -> None:
        told.append(id(lane))
        own_look(lane, worth, extra)

    def fetched(lane: Lane) -> Any:
        rows = own_gathered(lane)
        gathered[id(lane) in told] += len(rows.kind)
        return rows

    monkeypatch.setattr(Lane, "look_for", look_for)
    monkeypatch.setattr(Lane, "gathered", fetched)
    instance, crossing, _ = two_long_days()
    searched(instance, crossing)
    assert not told and not any(gathered.values())
    searched(pairs_on_a_line(20)[0].instance)
    assert len(set(told)) == searching.LANES and len(told) > 10
    assert gathered[True] > 0 and gathered[False] == 0


@pytest.mark.parametrize(("kinds", "stops"), [(2, 40), (3, 60)])
def test_searches_with_a_pool_repeat(kinds: int, stops: int) -> None:
    """The lanes and the pool run beside each other in threads; what comes out depends on the seed alone."""
    instance = make_instance(many_vans(6, stops, kinds=kinds))
    first = searched(instance)
    assert searched(instance) == first
    assert len(first.days) > 1


@pytest.mark.parametrize("split_from", [1, 1000])
def test_nearly_full_fleets_are_planned_within_their_loads(monkeypatch: pytest.MonkeyPatch, split_from: int) -> None:
    """Whole or in parts, lanes pass overloaded days on to each other, and the plan has none; all stops are served."""
    monkeypatch.setattr(searching, "SPLIT_FROM", split_from)
    overloaded = 0
    own_start = Lane.start

    def start(lane: Lane, *days: Any, **more: Any) -> None:
        nonlocal overloaded
        own_start(lane, *days, **more)
        overloaded += lane.overloaded(best=True)

    monkeypatch.setattr(Lane, "start", start)
    for seed in range(4):
        draw = np.random.default_rng(seed)
        x, y = np.rint(draw.uniform(0, 9000, (2, 61)))
        metres = np.rint(np.hypot(x[:, None] - x, y[:, None] - y))
        parcels = draw.integers(1, 9, 60)
        counts = {25: 4, 40: 2}
        counts[10] = int(parcels.sum() / 0.93 - sum(k * v for k, v in counts.items())) // 10
        types = [
            vehicle(f"v{k}", table_of("plane", metres / 10, metres), capacity_parcels=k, count=n, cost_per_day=10.0 + k)
            for k, n in counts.items()
        ]
        types = [replace(one, distance_cost_per_km=1.0) for one in types]
        made = problem([task(f"s{i}", parcels=int(n)) for i, n in enumerate(parcels)], types)
        instance = make_instance(made)
        assert FULL < fill_of(instance) <= 1.0
        found = searched(instance)
        assert not found.left
        assert all(loads_fit(instance, instance.classes[kind], trips) for kind, trips in found.days)
    assert (overloaded > 0) == (split_from == 1)
