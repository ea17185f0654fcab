"""Plans built from the search's days, and read back into them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from fleetplan.errors import PlanningError
from fleetplan.planning.building import build_plan, same_class, solution_of
from fleetplan.planning.instance import make_instance
from fleetplan.planning.plan import Pause, Plan
from fleetplan.planning.problem import Access, Lateness, Pay, Problem, Rest
from fleetplan.planning.schedule import Solution, make_solution, time_day
from fleetplan.planning.trivial import solve_trivial
from fleetplan.planning.verifying import verify
from fleetplan.travel import UNREACHABLE
from tests.planning.features import FEATURES, features_of
from tests.planning.naive import naive_plan
from tests.planning.problems import HOUR, line_table, problem, random_problem, task, vehicle

SEEDS = range(600)


def planned(made: Problem, *days: tuple[int, tuple[tuple[int, ...], ...]], left: tuple[int, ...] = ()) -> Plan:
    """The plan of these days."""
    return build_plan(make_instance(made), make_solution(days, left), stopped_by="effort", effort=(2, 1))


def two_stops(**changes: object) -> Problem:
    """Stops at 6 and 12 km, the second from 12 o'clock, and a van that drives 10 m/s and parks in a minute."""
    access = ((Access(1, 30.0, 1, 20, 20),), (Access(2, 0.0, 1, 0, 0), Access(1, 60.0, 2, 50, 150)))
    van = vehicle("van", line_table("van", [6000, 12000]), access=access, park_s=(0, 60, 60), max_trips=2)
    stops = (task("a", service=300), task("b", window=(12 * HOUR, 13 * HOUR), parcels=3, service=600))
    return problem(stops, [van], **{"pay": Pay(36.0, 0, 24 * HOUR, 1.0), "reload_s": 900, **changes})


def test_moments_of_a_trip() -> None:
    """Every moment of a day with a rest, by hand: loading, drive, parking, walk, rest, wait and way back."""
    made = two_stops(rests=(Rest(1800, (8 * HOUR, 18 * HOUR)),))
    plan = planned(made, (0, ((0, 1),)))
    (route,) = plan.routes
    (trip,) = route.trips
    first, second = trip.visits
    # b opens at 12:00: parked then, 11 min of drive and parking after a rest of 30 min, 5 min 40 s at a before.
    assert (second.arrive_s, second.start_s, second.depart_s) == (12 * HOUR, 12 * HOUR, 12 * HOUR + 600)
    assert route.rests in (
        (Pause(0, 0, first.arrive_s - 660 - 1800, first.arrive_s - 660, False),),
        (Pause(0, 1, 12 * HOUR - 660 - 1800, 12 * HOUR - 660, False),),
        (Pause(0, 2, 12 * HOUR + 600, 12 * HOUR + 2400, False),),
    )
    assert route.end_s - route.start_s == 900 + 660 + 340 + 660 + 600 + 1200 + 1800
    assert (first.park_s, first.walk_m, first.walk_s, first.wait_s, first.late_s) == (60, 60.0, 40, 0, 0)
    assert plan.cost == pytest.approx((900 + 660 + 340 + 660 + 600 + 1200) / 100)
    assert verify(made, plan) == []


def test_shared_standing_place_and_wait() -> None:
    """At the second stop's other access the van stands where it stood: no drive, no parking, two rounds on foot."""
    made = two_stops()
    instance = make_instance(made)
    assert instance.classes[0].options.access.tolist() == [0, 0, 1]
    plan = planned(made, (0, ((0, 2),)))
    visit = plan.routes[0].trips[0].visits[1]
    assert (visit.access, visit.park_s, visit.walk_m, visit.walk_s) == (1, 0, 240.0, 200)
    assert (visit.start_s, visit.depart_s) == (12 * HOUR, 12 * HOUR + 600 + 150)
    assert verify(made, plan) == []


def test_lateness_is_stated() -> None:
    """Ten minutes after a window that no van can meet, at a quarter's price."""
    stops = (task("a", window=(8 * HOUR, 8 * HOUR), late=Lateness(8.0, 9 * HOUR)),)
    made = problem(stops, [vehicle("van", line_table("van", [6000]))])
    plan = planned(made, (0, ((0,),)))
    assert plan.routes[0].trips[0].visits[0].late_s == 600
    assert plan.cost == 2.0
    assert verify(made, plan) == []


def test_types_of_a_class_are_filled_in_turn() -> None:
    """Equal types share a class: vehicles beyond the first type's number are of the second, ids count from one."""
    table = line_table("van", [6000, 12000, 18000])
    made = problem(
        [task("a"), task("b"), task("c")], [vehicle(name, table, count=n) for name, n in (("y", 2), ("x", 1))]
    )
    plan = planned(made, *((0, ((i,),)) for i in range(3)))
    assert [route.id for route in plan.routes] == ["x-1", "y-1", "y-2"]
    assert [route.trips[0].visits[0].stop for route in plan.routes] == ["a", "b", "c"]


def test_dock_times_are_those_given() -> None:
    """Timings that hold a loading back are built as they are; those of other days are refused."""
    made = two_stops(docks=1)
    instance = make_instance(made)
    solution = Solution(((0, ((0,),)),), (1,))
    held = time_day(instance, 0, ((0,),), load_from_s=(11 * HOUR,))
    assert held is not None
    plan = build_plan(instance, solution, stopped_by="effort", effort=(1, 1), timed=[held])
    assert plan.routes[0].start_s == 11 * HOUR
    assert verify(made, plan) == []
    with pytest.raises(PlanningError):
        build_plan(instance, Solution((), (0, 1)), stopped_by="effort", effort=(1, 1), timed=[held])


def test_days_that_cannot_be_driven_are_refused() -> None:
    """Neither a plan of an impossible day nor a start from one."""
    made = two_stops()
    with pytest.raises(PlanningError):
        planned(made, (0, ((0,), (0,), (0,))))
    plan = planned(made, (0, ((0, 1),)))
    instance = make_instance(made)
    assert solution_of(instance, plan) == Solution(((0, ((0, 1),)),), ())
    route = plan.routes[0]
    visits = route.trips[0].visits
    for changed in (
        replace(route, type="lorry"),
        replace(route, trips=(replace(route.trips[0], visits=(replace(visits[0], stop="z"),)),)),
        replace(route, trips=(replace(route.trips[0], visits=(replace(visits[1], start_s=14 * HOUR),)),)),
        replace(route, trips=(replace(route.trips[0], visits=(replace(visits[1], access=7),)),)),
        replace(route, trips=(*route.trips, replace(route.trips[0], visits=()))),
    ):
        with pytest.raises(PlanningError):
            solution_of(instance, replace(plan, routes=(changed,)))


def test_solution_of_one_class_is_one_of_all() -> None:
    """Days planned with one class alone keep their options and change their class's number."""
    assert same_class(Solution(((0, ((2, 1),)),), (0,)), 3) == Solution(((3, ((2, 1),)),), (0,))


def test_exact_plans_pass_the_checker() -> None:
    """600 tiny random problems: the optimum is a sound plan, reads back, and no naive plan beats it."""
    met: Counter[str] = Counter()
    for seed in SEEDS:
        made = replace(random_problem(seed, tasks=(0, 4)), docks=None)
        instance = make_instance(made)
        best = solve_trivial(instance)
        plan = build_plan(instance, best, stopped_by="trivial", effort=(0, 0))
        assert [str(fault) for fault in verify(made, plan)] == [], seed
        again = build_plan(instance, solution_of(instance, plan), stopped_by="trivial", effort=(0, 0))
        assert again == plan, seed
        naive = naive_plan(made, seed)
        if all_paid(made) and driven_directly(made, naive):
            assert judged(made, plan) <= judged(made, naive), seed
            met["compared"] += 1
        visits = [visit for route in plan.routes for trip in route.trips for visit in trip.visits]
        met.update(features_of(made) if visits else ())
        met["pause"] += any(route.rests for route in plan.routes)
        met["second trip"] += any(len(route.trips) > 1 for route in plan.routes)
        met["other place"] += any(visit.access for visit in visits)
    assert all(met[name] >= 10 for name in (*FEATURES, "pause") if name != "docks"), met
    assert min(met["second trip"], met["other place"]) >= 5, met
    assert met["compared"] >= 400, met


def all_paid(made: Problem) -> bool:
    """Whether all rests are paid. If not, a day longer than needed may be cheaper for its unpaid rest."""
    return all(rest.paid for rest in made.rests) and (made.driving_rule is None or made.driving_rule.paid)


def driven_directly(made: Problem, plan: Plan) -> bool:
    """Whether each standing place is joined to the depot both ways, as the solver wants it to be."""
    types, numbers = {v.name: v for v in made.types}, {task.id: i for i, task in enumerate(made.tasks)}
    for route in plan.routes:
        time_s = types[route.type].table.time_s[0]
        for visit in (visit for trip in route.trips for visit in trip.visits):
            point = types[route.type].access[numbers[visit.stop]][visit.access].point
            if UNREACHABLE in (time_s[0, point], time_s[point, 0]):
                return False
    return True


def judged(made: Problem, plan: Plan) -> tuple[list[int], float]:
    """Parcels left out by priority, the highest first, and money, which rounding does not decide."""
    tasks = {task.id: task for task in made.tasks}
    left = [tasks[entry.stop] for entry in plan.unserved]
    if made.unserved_price_per_parcel is not None:
        left = []
    return [sum(t.all_parcels for t in left if t.priority == p) for p in range(9, -1, -1)], round(plan.cost, 6)


def test_naive_plans_can_be_started_from() -> None:
    """Any sound plan reads back as days that take no longer; without unpaid rests they cost no more."""
    for seed in SEEDS:
        made = replace(random_problem(seed), docks=None)
        instance = make_instance(made)
        naive = naive_plan(made, seed)
        if not driven_directly(made, naive):
            continue
        plan = build_plan(instance, solution_of(instance, naive), stopped_by="effort", effort=(0, 0))
        assert [str(fault) for fault in verify(made, plan)] == [], seed
        if all_paid(made):
            assert plan.cost <= naive.cost + 1e-6, seed
