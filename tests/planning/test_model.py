"""Plans of OR-Tools' routing library: sound under every rule, as told by the exact timing; and they repeat."""

from __future__ import annotations

import random

import numpy as np
import pytest

from fleetplan.planning.instance import Instance, make_instance
from fleetplan.planning.model import LARGEST, STRATEGIES, first_solution, improve_with_model
from fleetplan.planning.problem import Access, Battery, Lateness, Pay, Rest
from fleetplan.planning.schedule import Solution, cost_of, make_solution, time_day
from tests.planning.problems import HOUR, line_table, problem, random_problem, table_of, task, vehicle


def plan(instance: Instance, *, limit: int = 1, **more: object) -> Solution | None:
    """First plan with a generator of its own."""
    return first_solution(instance, limit=limit, generator=random.Random(1), **more)  # type: ignore[arg-type]


def assert_sound(instance: Instance, solution: Solution) -> None:
    """Every task once, no more vehicles than there are, every day possible."""
    served = [x for day in solution.days for x in instance.tasks_of(day)]
    assert sorted([*served, *solution.left]) == list(range(instance.size))
    for kind, made in enumerate(instance.classes):
        assert sum(day[0] == kind for day in solution.days) <= made.count
    assert all(time_day(instance, kind, trips) is not None for kind, trips in solution.days)


@pytest.mark.parametrize("seed", range(40))
def test_random_problems_get_sound_plans(seed: int) -> None:
    """Whatever the features – batteries, rests, collections, lateness, several places – no answer breaks a rule."""
    instance = make_instance(random_problem(seed, tasks=(1, 8)))
    found = plan(instance, strategies=("SAVINGS", "PATH_CHEAPEST_ARC"))
    if found is None:
        return
    assert_sound(instance, found)
    better = improve_with_model(instance, found, 40)
    assert_sound(instance, better)
    assert cost_of(instance, better) <= cost_of(instance, found)


def scattered(stops: int, seed: int, **changes: object) -> Instance:
    """Stops by lot around a depot in the middle, small and large vans."""
    rng = np.random.default_rng(seed)
    place = np.vstack([[5000.0, 5000.0], rng.uniform(0, 10000, (stops, 2))])
    metres = np.rint(np.hypot(*(place[:, None, :] - place[None, :, :]).T)).astype(int)
    tasks = [task(f"s{i:03d}", parcels=int(rng.integers(1, 5)), service=180) for i in range(stops)]
    table = table_of("t", metres // 7, metres)
    types = [
        vehicle("small", table, capacity_parcels=20, cost_per_day=25.0, distance_cost_per_km=0.2),
        vehicle("large", table, capacity_parcels=50, cost_per_day=45.0, distance_cost_per_km=0.3),
    ]
    pay = Pay(18.0, 2 * HOUR, 8 * HOUR, 1.25)
    return make_instance(problem(tasks, types, pay=pay, reload_s=600, **changes))


def test_portfolio_keeps_the_cheapest() -> None:
    """The whole portfolio is as cheap as the cheapest of its strategies alone, and some strategy is dearer."""
    instance = scattered(40, 3)
    alone = {name: plan(instance, strategies=(name,)) for name in STRATEGIES}
    costs = [cost_of(instance, found) for found in alone.values() if found is not None]
    whole = plan(instance)
    assert whole is not None
    assert cost_of(instance, whole) == min(costs)
    assert max(costs) > min(costs)


def test_answers_repeat() -> None:
    """Solution limits, not the clock: first plans and improved plans are the same twice, and better than the start."""
    instance = scattered(50, 4)
    first = plan(instance, strategies=("SAVINGS",))
    assert first is not None and first == plan(instance, strategies=("SAVINGS",))
    better = improve_with_model(instance, first, 60)
    assert better == improve_with_model(instance, first, 60)
    assert cost_of(instance, better) < cost_of(instance, first)


def test_second_trip_is_cheaper_than_a_second_van() -> None:
    """Four parcels, two per trip, a van at 50 a day: one van drives twice."""
    van = vehicle("van", line_table("t", [3600] * 4), capacity_parcels=2, cost_per_day=50.0, max_trips=2)
    instance = make_instance(problem([task(f"s{i}") for i in range(4)], [van], reload_s=900))
    found = plan(instance)
    assert found is not None
    assert [len(trips) for _, trips in found.days] == [2]
    assert cost_of(instance, found)[1] == 50.0


def test_battery_needs_charging_between_trips() -> None:
    """4 km there and back at 250 Wh/km and 1,000 Wh: each of two stops is a trip of its own, charged for an hour."""
    battery = Battery(1000.0, 0.0, 250.0, charge_w=1000.0, stand_s=HOUR)
    table = table_of(
        "t", [[0, 300, 300], [300, 0, 600], [300, 600, 0]], [[0, 2000, 2000], [2000, 0, 4000], [2000, 4000, 0]]
    )
    van = vehicle("van", table, max_trips=2, battery=battery, cost_per_day=10.0)
    instance = make_instance(problem([task("a"), task("b")], [van]))
    found = plan(instance)
    assert found is not None
    assert cost_of(instance, found) == ((0,) * 10, 10.0)
    assert [len(trips) for _, trips in found.days] == [2]


def test_nearer_standing_place_is_not_always_met() -> None:
    """A stop reached from a place at the door, a ten-minute detour, or with two minutes' walk from the main street.

    Paid by time at 36 an hour, 20 s out, 120 s on foot and 20 s back are 1.60; the way to the door would be 12.
    """
    table = table_of("t", [[0, 600, 20], [600, 0, 600], [20, 600, 0]], [[0] * 3] * 3)
    access = ((Access(1, 0.0, 1, 0, 0), Access(2, 80.0, 1, 60, 60)),)
    van = vehicle("van", table, access=access, refusals=(None,))
    instance = make_instance(problem([task("a")], [van], pay=Pay(36.0, 0, 24 * HOUR, 1.0)))
    found = plan(instance)
    assert found is not None
    assert cost_of(instance, found)[1] == pytest.approx(1.6)


def test_second_window_and_lateness_are_met_by_their_options() -> None:
    """A stop that opens at 8 and again at 12 beside one open from 12 to 13: one van serves both around noon.

    A third one closed at 11 but may be served late for 4 an hour until 14: cheaper than a second van at 30.
    """
    tasks = [
        task("a", windows_s=((8 * HOUR, 9 * HOUR), (12 * HOUR, 13 * HOUR))),
        task("b", window=(12 * HOUR, 13 * HOUR)),
        task("c", window=(10 * HOUR, 11 * HOUR), late=Lateness(4.0, 14 * HOUR)),
    ]
    van = vehicle("van", line_table("t", [100, 200, 300]), cost_per_day=30.0)
    instance = make_instance(problem(tasks, [van], pay=Pay(40.0, 0, 24 * HOUR, 1.0)))
    found = plan(instance, limit=30)
    assert found is not None and not found.left
    assert len(found.days) == 1
    assert cost_of(instance, found)[1] < 30.0 + 5.0


def test_stops_that_one_class_cannot_reach_go_to_another() -> None:
    """The first stop is refused to the large van, the second does not fit the small one: both are served."""
    table = line_table("t", [100, 200])
    here = (Access(1, 0.0, 1, 0, 0),)
    types = [
        vehicle("large", table, access=((), (Access(2, 0.0, 1, 0, 0),)), max_trips=2),
        vehicle("small", table, access=(here, ()), capacity_parcels=1, max_trips=2),
    ]
    instance = make_instance(problem([task("a"), task("b", parcels=9)], types))
    found = plan(instance)
    assert found is not None and not found.left
    assert len(found.days) == 2


def test_rests_leave_room_in_the_day() -> None:
    """Five stops of two hours and a rest of an hour do not fit ten hours: four are served by the one driver."""
    van = vehicle("van", line_table("t", [0] * 5), count=1)
    rests = (Rest(HOUR, (10 * HOUR, 16 * HOUR), after_s=6 * HOUR),)
    instance = make_instance(problem([task(f"s{i}", service=2 * HOUR) for i in range(5)], [van], rests=rests))
    found = plan(instance)
    assert found is not None
    assert len(found.left) == 1


def test_large_and_empty_problems_are_declined() -> None:
    """No stops, and more than the library can take: ``None`` without a model being made."""
    empty = make_instance(problem([], [vehicle("van", line_table("t", []))]))
    assert plan(empty) is None
    places = [0] * (LARGEST + 1)
    large = make_instance(
        problem([task(f"s{i}") for i in range(len(places))], [vehicle("van", line_table("t", places))])
    )
    assert plan(large) is None
    assert improve_with_model(empty, make_solution([], []), 10) == make_solution([], [])
