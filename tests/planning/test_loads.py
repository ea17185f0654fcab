"""Overload while searching: measured by hand and against the slow reference, priced, and never in what is returned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fleetplan.planning.effort import Clock
from fleetplan.planning.instance import Day, Instance, make_instance
from fleetplan.planning.kernel.classes import best_class, cost_as
from fleetplan.planning.kernel.lane import FULL, STRAIN_RANGE, Lane, fill_of
from fleetplan.planning.kernel.layout import CLASS
from fleetplan.planning.kernel.loads import burden, overload, overload_with
from fleetplan.planning.kernel.timing import INFINITE
from fleetplan.planning.pool import Pool
from fleetplan.planning.problem import Rest
from fleetplan.planning.schedule import Solution, loads_fit
from fleetplan.planning.searching import KernelSearch
from tests.planning.features import HOUR
from tests.planning.kernels import SEEDS, check_state, entities_of, instance_of, lane_of, overload_of
from tests.planning.problems import line_table, problem, task, vehicle
from tests.planning.solutions import random_solution


def two_vans(*parcels: int, count: int | None = None, max_trips: int = 1) -> Instance:
    """Stops on a line a kilometre apart; small vans for 4 parcels at 10 a day, large ones for 10 at 15."""
    table = line_table("line", [1000 * (k + 1) for k in range(len(parcels))])
    small = vehicle("1 small", table, count=count, capacity_parcels=4, max_trips=max_trips)
    small = replace(small, cost_per_day=10.0, distance_cost_per_km=1.0)
    large = replace(small, name="2 large", capacity_parcels=10, cost_per_day=15.0)
    return make_instance(problem([task(f"s{k}", parcels=one) for k, one in enumerate(parcels)], [small, large]))


def one_day(instance: Instance, day: Day) -> Lane:
    """A lane with one day."""
    served = set(instance.tasks_of(day))
    return lane_of(instance, 1, Solution((day,), tuple(x for x in range(instance.size) if x not in served)))


def test_overload_counts_in_shares_of_the_largest_vehicle() -> None:
    """3 parcels in a van for 4, and 3 more: 2 too many, of the 10 of the largest van, which has room for all."""
    lane = one_day(two_vans(3, 3, 4), (0, ((0,),)))
    w, s = lane.world, lane.state
    last = entities_of(w, s, 0)[-2]
    assert overload(w, s, 0, 0, -1, -1) == 0.0
    assert overload_with(w, s, 0, 1, last) == pytest.approx(0.2)
    assert overload(w, s, 0, 0, 1, last) == pytest.approx(0.2)
    assert overload(w, s, 0, 1, 1, last) == 0.0


def test_an_overloaded_trip_counts_only_what_comes_on_top() -> None:
    """6 parcels in a van for 4 are 2 too many; 3 more make it 5, of which 3 are new. Each trip counts for itself."""
    instance = two_vans(3, 3, 3, 1, max_trips=2)
    last = 1
    for other in ((), ((3,),)):
        lane = one_day(instance, (0, (*other, (0, 1))))
        w, s = lane.world, lane.state
        assert overload(w, s, 0, 0, -1, -1) == pytest.approx(0.2)
        assert overload_with(w, s, 0, 2, last) == pytest.approx(0.3)
        assert overload(w, s, 0, 0, 2, last) == pytest.approx(0.5)


def test_overload_has_its_price_or_is_forbidden() -> None:
    """A fifth of a vehicle at 50 a vehicle is 10; without a price it cannot be; nothing costs nothing."""
    assert burden(0.2, 50.0) == pytest.approx(10.0)
    assert burden(0.2, INFINITE) == INFINITE
    assert burden(0.0, INFINITE) == burden(-0.1, 50.0) == 0.0


def test_the_larger_van_takes_over_where_overload_is_dearer() -> None:
    """Two too many are a fifth of a vehicle; the larger van costs 5 more: worth it above 25 a vehicle, not below."""
    for strain, kind in ((24.0, 0), (26.0, 1), (INFINITE, 1)):
        lane = one_day(two_vans(3, 3, 4), (0, ((0, 1),)))
        w, s = lane.world, lane.state
        expected = 10.0 + 4.0 + 0.2 * strain if strain < INFINITE else INFINITE
        assert cost_as(w, s, 0, 0, -1, -1, -1, strain) == pytest.approx(expected)
        assert cost_as(w, s, 0, 1, -1, -1, -1, strain) == pytest.approx(19.0)
        assert best_class(w, s, 0, strain)
        assert s.info[0, CLASS] == kind


def test_only_a_fleet_that_is_nearly_full_is_overloaded() -> None:
    """Small and large van carry 14 parcels: 12 are more than four fifths, 11 are not; nor with a second trip."""
    assert FULL == 0.8
    for parcels, trips, allowed in (((4, 4, 4), 1, True), ((4, 4, 3), 1, False), ((4, 4, 4), 2, False)):
        instance = two_vans(*parcels, count=1, max_trips=trips)
        assert fill_of(instance) == pytest.approx(sum(parcels) / 14 / trips)
        assert (lane_of(instance, 1).work.strain[1] < INFINITE) == allowed
    table = line_table("line", [1])
    anything, van = vehicle("v", table), vehicle("w", table, capacity_parcels=2, count=1)
    assert fill_of(make_instance(problem([task("s")], [anything, van]))) == 0.0
    assert fill_of(make_instance(problem([task("s")], [replace(anything, count=0), van]))) == 0.5


def test_the_price_rises_with_overload_and_falls_without() -> None:
    """Where overload costs more than all it saves, the price falls to the least it may be; where it costs little, the
    small van takes all twelve parcels, 8 of the largest van's 10 too many, and the price rises, to the most it may."""
    instance = two_vans(4, 4, 4, count=1)
    lane = lane_of(instance, 1, Solution(((0, ((0,),)), (1, ((1, 2),))), ()))
    price = float(lane.work.strain[0])
    assert lane.work.strain.tolist() == [price, price, price / STRAIN_RANGE, price * STRAIN_RANGE]
    lane.work.strain[:] = 1000.0, 1000.0, 990.0, 2000.0
    lane.run(500, 1e-3, 1e-3)
    assert lane.kept.total[3] == 0.0
    assert lane.work.strain[0] == 990.0
    lane.work.strain[:] = 1.0, 1.0, 0.1, 2000.0
    lane.run(100, 1e-3, 1e-3)
    assert lane.kept.total[3] == pytest.approx(0.8)
    assert lane.work.strain[0] == pytest.approx((1.0 + lane.tune.stricter) ** 100, rel=0.1)
    lane.work.strain[:] = 1.0, 1.0, 0.1, 1.01
    lane.run(100, 1e-3, 1e-3)
    assert lane.work.strain[0] == 1.01


def test_nothing_is_overloaded_before_every_stop_is_served() -> None:
    """A search that begins with a stop left out is held to the loads until it has served all."""
    instance = two_vans(4, 4, 4, count=1)
    served = (0, ((0,),)), (1, ((1, 2),))
    lane = lane_of(instance, 1, Solution(served[1:], (0,)))
    assert lane.work.strain[0] == INFINITE
    while lane.left(best=True):
        assert not lane.overloaded(best=False)
        lane.run(1, 10.0, 10.0)
    assert lane.left(best=True) == []
    assert lane.work.strain[0] < INFINITE
    lane.start(served[1:], [0])
    assert lane.work.strain[0] == INFINITE
    lane.start(served, [])
    assert lane.work.strain[0] == lane.work.strain[1] < INFINITE
    lane.start(served, [], strained=False)
    lane.run(100, 10.0, 10.0)
    assert lane.work.strain[0] == INFINITE


def test_a_search_may_begin_overloaded_but_never_ends_so() -> None:
    """Too much in a van for four parcels, with a stop left out or none: any solution within the loads that serves as
    much is better, however dear."""
    instance = two_vans(4, 4, 4, count=1)
    for left in ([], [2]):
        lane = lane_of(instance, 1)
        lane.start([(0, ((0, 1) if left else (0, 1, 2),))], left)
        assert lane.overloaded(best=True) and lane.work.strain[0] < INFINITE
        search = KernelSearch(instance, seed=1, clock=Clock(1, None), seen=lambda _: None)
        assert search._rank(lane) > search._rank_of(Solution((), (0, 1, 2)))
        lane.run(500, 10.0, 1.0)
        assert not lane.overloaded(best=True)
        check_state(lane.world, instance, lane.best)
        assert lane.left(best=True) == []


def test_days_with_overload_are_not_handed_on() -> None:
    """Of the current solution's days those within their limits are; of two days, one is."""
    instance = two_vans(3, 3, 2)
    lane = lane_of(instance, 1, Solution(((0, ((0, 1),)), (0, ((2,),))), ()))
    lane.work.strain[0] = 1.0
    lane.run(0, 1.0, 1.0)
    pool = Pool(instance, [lane.rows(best=False)])
    assert [pool.day(k) for k in range(len(pool))] == [(0, ((2,),))]


def test_an_overloaded_day_with_rests_stays_a_day() -> None:
    """Its rests are placed as in any other, so that nothing of it is left out for its load."""
    rests = (Rest(1800, (9 * HOUR, 14 * HOUR), 2 * HOUR), Rest(900, (12 * HOUR, 18 * HOUR), 6 * HOUR))
    van = vehicle("van", line_table("line", [72_000, 144_000]), capacity_parcels=4)
    instance = make_instance(problem([task("1", parcels=3), task("2", parcels=3)], [van], rests=rests))
    lane = lane_of(instance, 1, Solution(((0, ((0, 1),)),), ()))
    assert lane.left(best=False) == []
    assert lane.overloaded(best=False)
    check_state(lane.world, instance, lane.state, overloads=True)


def test_a_limit_far_beyond_all_loads_is_no_measure() -> None:
    """One van takes a hundred million m³, the other one: half a m³ too much in it is a third of all that there is."""
    table = line_table("line", [1000, 2000])
    types = [vehicle("1", table, capacity_m3=1.0), vehicle("2", table, capacity_m3=1e8)]
    instance = make_instance(problem([task("1", m3=0.75), task("2", m3=0.75)], types))
    lane = one_day(instance, (0, ((0, 1),)))
    assert lane.overloaded(best=False) and float(lane.state.total[3]) == pytest.approx(1 / 3)


@pytest.mark.parametrize("seed", SEEDS)
def test_overloads_keep_the_books(seed: int) -> None:
    """Hundreds of steps with overload at any price: the current solution's overload and times are the reference's,
    the best solution and all days gathered and handed on are within their limits."""
    instance = instance_of(seed)
    for strain in (1e-3, 1.0, 1e3):
        lane = lane_of(instance, seed, random_solution(instance, seed, left=0.1))
        lane.work.strain[:] = strain, strain, strain / 100.0, strain * 100.0
        lane.look_for(np.full(instance.size, 1e6), np.zeros(len(instance.classes)))
        for heat in (50.0, 1.0):
            lane.run(150, heat, heat)
            check_state(lane.world, instance, lane.best)
            assert all(loads_fit(instance, instance.classes[kind], trips) for kind, trips in lane.best_days())
            for s in (lane.state, lane.kept):
                check_state(lane.world, instance, s, overloads=True)
        for rows in (lane.gathered(), lane.rows(best=True), lane.rows(best=False)):
            pool = Pool(instance, [rows])
            assert all(
                loads_fit(instance, instance.classes[kind], trips) for kind, trips in map(pool.day, range(len(pool)))
            )


def test_random_problems_overload_vehicles() -> None:
    """The problems above do: with deliveries alone, with collections, and in days of several trips."""
    found = [0, 0, 0]
    for seed in SEEDS:
        instance = instance_of(seed)
        lane = lane_of(instance, seed, random_solution(instance, seed, left=0.1))
        lane.work.strain[:] = 1e-3, 1e-3, 1e-5, 1e-1
        for _ in range(3):
            lane.run(100, 50.0, 50.0)
            for kind, trips in lane.current_days():
                if overload_of(instance, (kind, trips)) > 0.0:
                    found[0] += 1
                    found[1] += bool(instance.collect.any())
                    found[2] += len(trips) > 1
    assert min(found) >= 5, found
