"""Places of a finished plan for one stop more: against timing every place for itself, and against the checker."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleetplan.planning.building import build_plan
from fleetplan.planning.explaining import explained
from fleetplan.planning.inserting import missed_insertions, survey, with_insertion
from fleetplan.planning.instance import Instance, make_instance
from fleetplan.planning.places import place_tables
from fleetplan.planning.schedule import Solution, cost_of, time_day
from fleetplan.planning.stretches import NEW_TRIP
from fleetplan.planning.trivial import solve_trivial
from fleetplan.planning.verifying import verify
from tests.planning.problems import line_table, problem, random_problem, task, vehicle
from tests.planning.solutions import all_insertions, cheapest_insertion, random_solution


def random_case(seed: int) -> tuple[Instance, Solution]:
    """A random problem, half served at random."""
    instance = make_instance(random_problem(seed, tasks=(3, 9)))
    return instance, random_solution(instance, seed)


@pytest.mark.parametrize("seed", range(120))
def test_places_are_what_timing_each_of_them_finds(seed: int) -> None:
    """Protects the arrays: a place keeps all rules just when its day can be timed, and then costs what that costs."""
    instance, solution = random_case(seed)
    rested = bool(instance.problem.rests) or instance.problem.driving_rule is not None
    for kind, trips in [*solution.days, *((kind, ()) for kind in range(len(instance.classes)))]:
        now = time_day(instance, kind, trips)
        assert now is not None
        for stop, table in place_tables(instance, kind, trips, solution.left, cost_now=now.cost):
            rows = {place: row for row, place in enumerate(table.place)}
            columns = {int(option): column for column, option in enumerate(table.option)}
            for place, option, changed in all_insertions(instance, kind, trips, stop):
                timed = time_day(instance, kind, changed)
                if place not in rows:
                    assert timed is None
                    continue
                row, column = rows[place], columns[option]
                kept = bool(table.open[row, column] and (table.over[:, row, column] <= 0).all())
                assert kept or timed is None
                assert rested or kept == (timed is not None)
                if timed is not None:
                    delta, floor = timed.cost - now.cost, float(table.floor[row, column])
                    assert floor <= delta + 1e-6
                    assert rested or floor == pytest.approx(delta, abs=1e-6)


@pytest.mark.parametrize("seed", range(120))
def test_the_cheapest_place_is_found_on_every_class(seed: int) -> None:
    """Protects the least extra cost, rests included: it is that of timing every place of the plan."""
    instance, solution = random_case(seed)
    for (stop, kind), found in survey(instance, solution, solution.left).items():
        right = cheapest_insertion(instance, solution, kind, stop)
        assert (found.best.delta if found.best else None) == (None if right is None else pytest.approx(right, abs=1e-6))


@pytest.mark.parametrize("seed", range(200, 320))
def test_no_place_is_claimed_that_the_checker_rejects(seed: int) -> None:
    """Protects the mending of plans: what is called missed passes the checker, and betters the plan by its delta."""
    instance, solution = random_case(seed)
    if verify(instance.problem, _plan(instance, solution)):  # its loadings meet at a dock
        return

    def holds(trial: Solution) -> bool:
        return not verify(instance.problem, _plan(instance, trial))

    named = {entry.stop for entry in explained(instance, solution) if entry.reason.code == "missed_insertion"}
    missed = missed_insertions(instance, solution, holds=holds)
    assert named == {instance.problem.tasks[instance.order[one.task]].id for one in missed}
    for one in missed:
        better = with_insertion(solution, one)
        assert verify(instance.problem, _plan(instance, better)) == []
        assert cost_of(instance, better) < cost_of(instance, solution)
        weighed = one.delta - (float(instance.unserved_cost[one.task]) if instance.priced else 0.0)
        assert cost_of(instance, better)[1] - cost_of(instance, solution)[1] == pytest.approx(weighed, abs=1e-6)


@pytest.mark.parametrize("seed", range(400, 480))
def test_the_best_plan_misses_nothing(seed: int) -> None:
    """Protects solved problems from false alarms: a plan that is the best of all has no place for what it leaves."""
    made = replace(random_problem(seed, tasks=(1, 3)), docks=None)
    instance = make_instance(made)
    assert missed_insertions(instance, solve_trivial(instance)) == []


def _plan(instance: Instance, solution: Solution):  # type: ignore[no-untyped-def]
    return build_plan(instance, solution, stopped_by="effort", effort=(0, 0))


def test_a_missed_place_is_found_in_the_middle_of_a_trip() -> None:
    """Protects the search's own mending, by hand: b lies on the way from a to c and costs nothing more."""
    van = vehicle("van", line_table("van", [1000, 2000, 3000]), count=1, distance_cost_per_km=1.0)
    instance = make_instance(problem([task("a"), task("b"), task("c")], [van]))
    (missed,) = missed_insertions(instance, Solution(((0, ((0, 2),)),), (1,)))
    assert (missed.day, missed.delta) == (0, 0.0)
    assert missed.trips[0] in ((0, 1, 2), (0, 2, 1))
    assert missed_insertions(instance, Solution(((0, ((0, 1, 2),)),), ())) == []


def test_a_trip_of_its_own_and_a_vehicle_of_its_own_are_places() -> None:
    """Protects full vehicles: with room for one stop a trip, b takes a second trip, or the second van's first."""
    stops = [task("a", kg=6.0), task("b", kg=6.0)]
    table = line_table("van", [1000, 2000])
    for changes, day, place in (({"max_trips": 2, "count": 1}, 0, (0, NEW_TRIP)), ({"count": 2}, None, (0, NEW_TRIP))):
        van = vehicle("van", table, capacity_kg=10.0, distance_cost_per_km=1.0, **changes)
        instance = make_instance(problem(stops, [van]))
        (missed,) = missed_insertions(instance, Solution(((0, ((0,),)),), (1,)))
        assert (missed.day, missed.place, missed.delta) == (day, place, 4.0)


def test_a_place_dearer_than_the_price_is_not_missed() -> None:
    """Protects prices: going 2 km further for 2.00 is missed at a price of 2.01 and not at 2.00."""
    van = vehicle("van", line_table("van", [1000, 2000]), count=1, distance_cost_per_km=1.0)
    for price, number in ((2.0, 0), (2.01, 1)):
        instance = make_instance(problem([task("a"), task("b")], [van], unserved_price_per_parcel=price))
        assert len(missed_insertions(instance, Solution(((0, ((0,),)),), (1,)))) == number
