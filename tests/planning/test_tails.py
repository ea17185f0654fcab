"""Tails of trips exchanged: the move by hand, and its books held to the slow reference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fleetplan.planning.instance import Day, Instance, make_instance
from fleetplan.planning.kernel import tails
from fleetplan.planning.kernel.annealing import Tune
from fleetplan.planning.kernel.days import days_of
from fleetplan.planning.kernel.tails import exchange_tails
from fleetplan.planning.kernel.timing import INFINITE
from fleetplan.planning.problem import Problem
from fleetplan.planning.schedule import Solution
from tests.planning.features import HOUR
from tests.planning.kernels import SEEDS, check_state, instance_of, lane_of
from tests.planning.problems import line_table, problem, random_problem, table_of, task, vehicle
from tests.planning.solutions import random_solution

ONLY = Tune(tails=1.0)


def exchanged(made: Problem, days: list[Day], *, heat: float = 1e-3, steps: int = 300) -> tuple[list[Day], float]:
    """The best days that exchanges alone reach from given ones, and their cost."""
    instance = make_instance(made)
    lane = lane_of(instance, 0, Solution(tuple(days), ()))
    lane.tune = ONLY
    lane.run(steps, heat, heat)
    check_state(lane.world, instance, lane.best)
    return lane.best_days(), lane.total


def stops_of(made: Problem, days: list[Day]) -> list[list[list[str]]]:
    """Names of the stops of each trip of each day, days sorted."""
    instance = make_instance(made)
    names = [
        [[made.tasks[int(instance.classes[kind].options.task[o])].id for o in trip] for trip in trips]
        for kind, trips in days
    ]
    return sorted(names)


def options_of(instance: Instance, kind: int, trips: list[list[int]]) -> Day:
    """A day of a class, by tasks with one option each; tasks and classes come in the order of their names."""
    first = instance.classes[kind].options.first
    return kind, tuple(tuple(int(first[x]) for x in trip) for trip in trips)


def on_a_line(places_m: list[int], days: list[list[list[int]]], **more: Any) -> tuple[Problem, list[Day]]:
    """Tasks on a line with the depot at 0, one class, and days of it."""
    stops = [task(f"s{i}", service=0) for i in range(len(places_m))]
    one = vehicle("van", line_table("line", places_m), cost_per_day=10.0, distance_cost_per_km=1.0, **more)
    made = problem(stops, [one])
    instance = make_instance(made)
    return made, [options_of(instance, 0, day) for day in days]


def test_crossed_trips_are_uncrossed_in_one_move() -> None:
    """Two days that both go 1 km one way and 2 km the other, 8 km in all, become 4 and 4 km where it was 6 and 6."""
    made, days = on_a_line([1000, -2000, -1000, 2000], [[[0, 1]], [[2, 3]]], capacity_parcels=2)
    before = exchanged(made, days, steps=0)[1]
    after, cost = exchanged(made, days)
    assert before - cost == pytest.approx(4.0)
    assert sorted(sorted(trip) for day in stops_of(made, after) for trip in day) == [["s0", "s3"], ["s1", "s2"]]


def test_a_vehicle_saved_outweighs_a_longer_way() -> None:
    """Two days of 2 km each, or one of 7: 3 more for the way, and 10 less for the second vehicle."""
    metres = np.array([[0, 1000, 1000], [1000, 0, 5000], [1000, 5000, 0]])
    van = vehicle("van", table_of("apart", metres // 10, metres), cost_per_day=10.0, distance_cost_per_km=1.0)
    made = problem([task("1"), task("2")], [van])
    instance = make_instance(made)
    after, cost = exchanged(made, [options_of(instance, 0, [[x]]) for x in (0, 1)])
    assert len(after) == 1
    assert cost == pytest.approx(10.0 + 7.0)


def test_a_trip_that_goes_on_with_a_whole_other_saves_its_vehicle() -> None:
    """A tail may be a whole trip: the day it leaves is closed, and its 10 a day and 4 km are saved."""
    made, days = on_a_line([1000, 2000], [[[0]], [[1]]], capacity_parcels=2)
    before = exchanged(made, days, steps=0)[1]
    after, cost = exchanged(made, days)
    assert len(after) == 1
    assert before - cost == pytest.approx(10.0 + 2.0)


def test_tails_that_no_vehicle_can_carry_stay() -> None:
    """The same two stops in vehicles for one parcel each; a step that changes nothing leaves all books as they were."""
    made, days = on_a_line([1000, 2000], [[[0]], [[1]]], capacity_parcels=1)
    assert exchanged(made, days, heat=1e6)[0] == days


def test_tails_that_come_too_late_stay() -> None:
    """The farther stop closes before a vehicle that has been at the nearer one gets there."""
    stops = [task("1 near", window=(8 * HOUR + 150, 10 * HOUR)), task("2 far", window=(8 * HOUR, 8 * HOUR + 200))]
    one = vehicle("van", line_table("line", [1000, 2000]), cost_per_day=10.0, distance_cost_per_km=1.0)
    made = problem(stops, [one])
    instance = make_instance(made)
    near, far = (options_of(instance, 0, [[x]]) for x in (0, 1))
    after = exchanged(made, [near, far])[0]
    assert stops_of(made, after) == [[["2 far", "1 near"]]]  # in the other order both are met


def test_a_class_takes_over_by_its_own_ways_only() -> None:
    """A tail goes on in another class by that class's options, and not at all where one of its stops has none."""
    places = [1000, -2000, -1000, 2000]
    stops = [task(f"s{i}") for i in range(4)]
    table = line_table("line", places)
    small = vehicle("1 small", table, cost_per_day=10.0, distance_cost_per_km=1.0, capacity_parcels=2, count=1)
    for forbidden in (False, True):
        refusals = (None, None, "too narrow" if forbidden else None, None)
        ways = tuple(() if refusal else small.access[i] for i, refusal in enumerate(refusals))
        large = vehicle("2 large", table, cost_per_day=10.0, distance_cost_per_km=2.0, capacity_parcels=2, count=1)
        large = replace(large, access=ways, refusals=refusals)
        made = problem(stops, [small, large])
        instance = make_instance(made)
        days = [options_of(instance, 1, [[0, 1]]), options_of(instance, 0, [[2, 3]])]
        after = exchanged(made, days)[0]
        trips = {kind: sorted(x for trip in trips for x in trip) for kind, trips in after}
        tasks = {kind: {int(instance.classes[kind].options.task[o]) for o in row} for kind, row in trips.items()}
        assert sorted(map(sorted, tasks.values())) == [[0, 3], [1, 2]]
        if forbidden:
            assert 2 not in tasks[1]


@pytest.mark.parametrize("seed", SEEDS)
def test_exchanges_keep_the_books(seed: int) -> None:
    """Hundreds of exchanges, hot and cold: sums, limits, links and times hold in the current and the best solution."""
    instance = instance_of(seed)
    lane = lane_of(instance, seed, random_solution(instance, seed, left=0.1))
    lane.tune = ONLY
    for heat in (1e4, 1.0):
        lane.run(200, heat, heat)
        check_state(lane.world, instance, lane.best)
        for s in (lane.state, lane.kept):
            check_state(lane.world, instance, s, overloads=bool(lane.work.strain[0] < INFINITE))
        assert days_of(lane.world, instance, lane.state) == days_of(lane.world, instance, lane.kept)


def test_random_problems_exchange_everything() -> None:
    """The problems above do exchange tails: in days of several trips, between classes, and with vehicles saved."""
    moved = saved = 0
    for seed in SEEDS:
        instance = instance_of(seed)
        start = random_solution(instance, seed, left=0.1)
        lane = lane_of(instance, seed, start)
        before = lane.current_days()
        lane.tune = ONLY
        lane.run(200, 1e4, 1e4)
        after = lane.current_days()
        moved += after != before
        saved += len(after) < len(before)
    assert moved > len(SEEDS) // 2
    assert saved > 3


def test_nothing_is_touched_where_nothing_promises() -> None:
    """Far below the price of any new arc, an exchange changes no day."""
    instance = make_instance(random_problem(30, tasks=(30, 30), features=()))
    lane = lane_of(instance, 3)
    lane.run(3000, 10.0, 1e-3)
    w, s, work = lane.world, lane.state, lane.work
    before, entities = days_of(w, instance, s), s.entity.copy()
    work.touched[0] = 0
    for _ in range(50):
        assert exchange_tails(w, s, work, lane.rng, -1e9)
    assert work.touched[0] == 0
    assert days_of(w, instance, s) == before
    assert np.array_equal(entities, s.entity)
    assert tails.DRAWS > 1
