"""The exact optimum of tiny problems."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import permutations, product

from fleetplan.planning.instance import Instance, make_instance
from fleetplan.planning.problem import Lateness, Pay, Rest
from fleetplan.planning.schedule import cost_of, time_day
from fleetplan.planning.trivial import LARGEST, best_day, is_trivial, solve_trivial
from tests.planning.problems import HOUR, line_table, problem, random_problem, task, vehicle


def every_day(instance: Instance, kind: int, group: tuple[int, ...]) -> float:
    """The least cost of a class's day that serves a group, without leaving any branch; infinite when there is none."""
    first = instance.classes[kind].options.first
    ranges = [range(int(first[x]), int(first[x + 1])) for x in group]
    least = math.inf
    for chosen in product(*ranges):
        for order in permutations(chosen):
            for cuts in product((False, True), repeat=len(order) - 1):
                trips: list[tuple[int, ...]] = [order[:1]]
                for option, cut in zip(order[1:], cuts, strict=True):
                    trips = [*trips, (option,)] if cut else [*trips[:-1], (*trips[-1], option)]
                day = time_day(instance, kind, tuple(trips))
                least = least if day is None else min(least, day.cost)
    return least


def test_no_branch_is_left_too_early() -> None:
    """The cheapest day of a class and a group is that of trying every order, option and cut into trips."""
    possible = 0
    for seed in range(150):
        instance = make_instance(random_problem(seed, tasks=(2, 3)))
        for kind, made in enumerate(instance.classes):
            if math.prod(max(1, n) for n in (made.options.first[1:] - made.options.first[:-1]).tolist()) > 60:
                continue
            group = tuple(range(instance.size))
            day = best_day(instance, kind, group)
            least = every_day(instance, kind, group)
            possible += day is not None
            assert math.isclose(math.inf if day is None else day.cost, least, rel_tol=1e-9), seed
    assert possible >= 40


def test_priority_comes_before_parcels_and_parcels_before_money() -> None:
    """One van takes one stop: the one of higher priority; among equals the one with more parcels, however far."""
    for priority, served in ((1, "near"), (0, "far")):
        stops = (task("near", kg=10.0, parcels=1, priority=priority), task("far", kg=10.0, parcels=5))
        van = vehicle("van", line_table("van", [1000, 9000]), count=1, capacity_kg=10.0, distance_cost_per_km=1.0)
        instance = make_instance(problem(stops, [van]))
        (day,) = solve_trivial(instance).days
        ids = sorted(task.id for task in stops)
        assert [ids[x] for x in instance.tasks_of(day)] == [served]


def test_a_late_stop_may_be_cheaper_than_a_second_van() -> None:
    """Two stops with the same window: a van more costs 50, a started quarter of lateness 5 or 60."""
    stops = [task(name, window=(9 * HOUR, 9 * HOUR), late=Lateness(20.0, 12 * HOUR)) for name in "ab"]
    van = vehicle("van", line_table("van", [6000, 12000]), cost_per_day=50.0)
    instance = make_instance(problem(stops, [van]))
    best = solve_trivial(instance)
    assert (len(best.days), cost_of(instance, best)[1]) == (1, 55.0)
    dear = make_instance(problem([replace(t, late=Lateness(240.0, 12 * HOUR)) for t in stops], [van]))
    assert (len(solve_trivial(dear).days), cost_of(dear, solve_trivial(dear))[1]) == (2, 100.0)


def test_problems_with_many_choices_are_not_trivial() -> None:
    """Three stops with dozens of options each would take minutes where no day is possible."""
    van = vehicle("van", line_table("van", [1000, 2000, 3000]), max_trips=3)
    pay, rests = Pay(20.0, 0, 24 * HOUR, 1.0), (Rest(1800, (0, 1)),)
    few = [task(name) for name in "abc"]
    many = [task(name, window=(8 * HOUR, 9 * HOUR), late=Lateness(1.0, 17 * HOUR)) for name in "abc"]
    assert is_trivial(make_instance(problem(few, [van], pay=pay, rests=rests)))
    assert not is_trivial(make_instance(problem(many, [van], pay=pay, rests=rests)))
    wide = vehicle("van", line_table("van", [1000] * (LARGEST + 1)))
    assert not is_trivial(make_instance(problem([task(f"s{i}") for i in range(LARGEST + 1)], [wide])))
    assert is_trivial(make_instance(problem([], [vehicle("van", line_table("van", []))])))
