"""Every rule of trips, days and depots: a plan worked by hand passes, and each doctoring gives just its own code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fleetplan.errors import Refusal
from fleetplan.planning.plan import Pause, Plan, Route, Trip, Unserved, Visit
from fleetplan.planning.problem import Access, Battery, DrivingRule, Lateness, Pay, Problem, Rest
from fleetplan.planning.validating import validate_problem
from fleetplan.planning.verifying import verify
from fleetplan.travel import TravelTable
from tests.planning.problems import HOUR, line_table, problem, task, vehicle

EIGHT = 8 * HOUR
CENT_A_SECOND = Pay(36.0, 0, 24 * HOUR, 1.0)

Case = tuple[set[str], Callable[[Problem, Plan], tuple[Problem, Plan]]]


def visit(stop: str, arrive_s: int, start_s: int, depart_s: int, **more: Any) -> Visit:
    """A visit without parking and walking."""
    values: dict[str, Any] = {"access": 0, "park_s": 0, "walk_m": 0.0, "walk_s": 0, "wait_s": start_s - arrive_s}
    return Visit(stop, arrive_s=arrive_s, start_s=start_s, depart_s=depart_s, **{**values, **more})


def plan_of(*trips: Trip, rests: tuple[Pause, ...] = (), cost: float = 0.0) -> Plan:
    """A plan of one van's day."""
    route = Route("van-1", "van", trips[0].load_s, trips[-1].return_s, trips, rests)
    return Plan((route,), (), cost, 0, "effort", (1, 1))


def with_task(made: Problem, **changes: Any) -> Problem:
    """The problem with its first task changed."""
    return replace(made, tasks=(replace(made.tasks[0], **changes), *made.tasks[1:]))


def with_van(made: Problem, **changes: Any) -> Problem:
    """The problem with its van changed."""
    return replace(made, types=(replace(made.types[0], **changes),))


def with_battery(made: Problem, **changes: Any) -> Problem:
    """The problem with the van's battery changed."""
    battery = made.types[0].battery
    assert battery is not None
    return with_van(made, battery=replace(battery, **changes))


def two_windows() -> tuple[Problem, Plan]:
    """Stop a, 1 km away, is open till 8:01 and from 8:20 to 8:30: the van is there at 8:01:40 and waits 1,100 s."""
    made = problem(
        [task("a", windows_s=((EIGHT, EIGHT + 60), (EIGHT + 1200, EIGHT + 1800)))],
        [vehicle("van", line_table("t", [1000]))],
    )
    return made, plan_of(
        Trip(EIGHT, EIGHT, EIGHT + 1300, (visit("a", EIGHT + 100, EIGHT + 1200, EIGHT + 1200),)),
    )


def lateness() -> tuple[Problem, Plan]:
    """Service starts 901 s after the close, two started quarters of an hour: at 8 an hour that is 4."""
    late = Lateness(8.0, EIGHT + 2000)
    made = problem([task("a", window=(EIGHT, EIGHT + 50), late=late)], [vehicle("van", line_table("t", [1000]))])
    at_s = EIGHT + 951
    trip = Trip(EIGHT, EIGHT, at_s + 100, (visit("a", EIGHT + 100, at_s, at_s, late_s=901),))
    return made, plan_of(trip, cost=4.0)


def collections() -> tuple[Problem, Plan]:
    """At a 1 kg comes off and 8 on, at b 4 come off and none on: 5 kg, then 12, then 8 go home."""
    tasks = [task("a", kg=1.0, collect_parcels=1, collect_kg=8.0, collect_m3=0.5), task("b", kg=4.0)]
    van = vehicle("van", line_table("t", [1000, 2000]), capacity_kg=12.0, capacity_parcels=2, capacity_m3=0.5)
    visits = (visit("a", EIGHT + 100, EIGHT + 100, EIGHT + 100), visit("b", EIGHT + 200, EIGHT + 200, EIGHT + 200))
    return problem(tasks, [van]), plan_of(Trip(EIGHT, EIGHT, EIGHT + 400, visits))


def ready() -> tuple[Problem, Plan]:
    """The goods are there at the very second at which loading begins; the van is loaded for 600 s."""
    made = problem([task("a", ready_s=EIGHT + 50)], [vehicle("van", line_table("t", [1000]))], reload_s=600)
    at_s = EIGHT + 750
    return made, plan_of(Trip(EIGHT + 50, EIGHT + 650, at_s + 100, (visit("a", at_s, at_s, at_s),)))


def early_shift() -> tuple[Problem, Plan]:
    """The van may start at seven, an hour before the others, for 400 s and two stops at most; it uses all of that."""
    seven = EIGHT - HOUR
    van = vehicle(
        "van", line_table("t", [1000, 2000]), shift_s=(seven, seven + 400), max_span_s=400, max_stops=2, max_trips=2
    )
    one = Trip(seven, seven, seven + 400, tuple(visit(s, seven + t, seven + t, seven + t) for s, t in _PASSED))
    return problem([task("a"), task("b")], [van]), plan_of(one)


_PASSED = (("a", 100), ("b", 200))


def battery() -> tuple[Problem, Plan]:
    """Two trips of 4 km at 200 Wh a kilometre: 1,000 Wh, 200 left, 900 charged but full at 1,000, again 200 left.

    Loading takes 600 s, and the van stands 300 s longer before the second trip: 900 s at 3,600 W.
    """
    table = line_table("t", [2000, 2000])
    van = vehicle("van", table, max_trips=2, battery=Battery(1000.0, 150.0, 200.0, 3600.0, 300))
    first = Trip(EIGHT, EIGHT + 600, EIGHT + 1000, (visit("a", EIGHT + 800, EIGHT + 800, EIGHT + 800),))
    second = Trip(EIGHT + 1000, EIGHT + 1900, EIGHT + 2300, (visit("b", EIGHT + 2100, EIGHT + 2100, EIGHT + 2100),))
    return problem([task("a"), task("b")], [van], reload_s=600), plan_of(first, second)


def with_use(made: Problem, home_wh: int) -> Problem:
    """The problem with a stated use: 475 Wh to b, ``home_wh`` back from there, 400 on every other arc."""
    table = made.types[0].table
    use = np.full((1, 3, 3), 400, dtype=np.int32)
    use[0, range(3), range(3)] = 0
    use[0, 0, 2], use[0, 2, 0] = 475, home_wh
    stated = TravelTable("t", table.lat, table.lon, table.time_s, table.distance_m, {"energy_wh": use})
    return with_van(made, table=stated)


LUNCH = Rest(1800, (12 * HOUR, 13 * HOUR), after_s=4 * HOUR)
WIDE = replace(LUNCH, window_s=(43_000, 47_000))


def lunch() -> tuple[Problem, Plan]:
    """An hour out to a, served at 11:56:40 for 100 s; unpaid rest from 12:00 to 12:30; home at 13:30: paid 5 h."""
    made = problem(
        [task("a", window=(43_000, 43_000), service=100)],
        [vehicle("van", line_table("t", [36_000]))],
        pay=CENT_A_SECOND,
        rests=(LUNCH,),
    )
    return made, lunch_plan((43_200, 45_000))


def lunch_plan(*spans: tuple[int, int], paid: bool = False, after: int = 1, home_s: int | None = None) -> Plan:
    """The day of ``lunch`` with rests at these times, its cost as stated times give it."""
    rests = tuple(Pause(0, after, start_s, end_s, paid) for start_s, end_s in spans)
    back_s = (spans[-1][1] if spans else 43_100) + HOUR if home_s is None else home_s
    unpaid_s = 0 if paid else sum(end_s - start_s for start_s, end_s in spans)
    trip = Trip(EIGHT, EIGHT, back_s, (visit("a", EIGHT + HOUR, 43_000, 43_100),))
    return plan_of(trip, rests=rests, cost=(back_s - EIGHT - unpaid_s) / 100)


def depot_rest() -> tuple[Problem, Plan]:
    """Loaded from 8:00 to 8:10, a paid rest of 30 min at the depot, away at 8:40 to a stop 100 s away."""
    made = problem(
        [task("a")],
        [vehicle("van", line_table("t", [1000]))],
        reload_s=600,
        rests=(Rest(1800, (EIGHT, EIGHT + 900), paid=True),),
    )
    return made, depot_rest_plan(EIGHT + 600)


def depot_rest_plan(rest_s: int, *, wait_s: int = 0) -> Plan:
    """The day of ``depot_rest`` with its rest starting at another time."""
    away_s = rest_s + 1800 + wait_s
    trip = Trip(EIGHT, away_s, away_s + 200, (visit("a", away_s + 100, away_s + 100, away_s + 100),))
    return plan_of(trip, rests=(Pause(0, 0, rest_s, rest_s + 1800, True),))


def driving() -> tuple[Problem, Plan]:
    """Half an hour to a, half an hour to b, ten minutes of rest there, an hour home: never more than an hour."""
    made = problem(
        [task("a"), task("b")],
        [vehicle("van", line_table("t", [18_000, 36_000]), park_s=(0, 60, 60))],
        driving_rule=DrivingRule(3600, 600),
    )
    return made, driving_plan(0, 600)


def driving_plan(at_a_s: int, at_b_s: int, *, paid: bool = False) -> Plan:
    """The day of ``driving`` with rests of other lengths."""
    a_s = EIGHT + 1860
    b_s = a_s + at_a_s + 1860
    rests = [Pause(0, 1, a_s, a_s + at_a_s, paid), Pause(0, 2, b_s, b_s + at_b_s, paid)]
    visits = (visit("a", a_s, a_s, a_s, park_s=60), visit("b", b_s, b_s, b_s, park_s=60))
    trip = Trip(EIGHT, EIGHT, b_s + at_b_s + 3600, visits)
    return plan_of(trip, rests=tuple(rest for rest in rests if rest.end_s > rest.start_s))


def docks(second_s: int = EIGHT + 600) -> tuple[Problem, Plan]:
    """Two vans, ten minutes at the only dock each: one from 8:00, the other from 8:10, when it is free again."""
    made = problem([task("a"), task("b")], [vehicle("van", line_table("t", [1000, 2000]))], reload_s=600, docks=1)
    first = Trip(EIGHT, EIGHT + 600, EIGHT + 800, (visit("a", EIGHT + 700, EIGHT + 700, EIGHT + 700),))
    at_s = second_s + 800
    second = Trip(second_s, second_s + 600, second_s + 1000, (visit("b", at_s, at_s, at_s),))
    routes = tuple(
        Route(f"van-{number}", "van", trip.load_s, trip.return_s, (trip,))
        for number, trip in enumerate((first, second), start=1)
    )
    return made, Plan(routes, (), 0.0, 0, "effort", (1, 1))


def unserved() -> tuple[Problem, Plan]:
    """Left out: a with three parcels and one to collect at its own price of 5, b with one at the general 2: 22."""
    tasks = [task("a", parcels=3, collect_parcels=1, unserved_price_per_parcel=5.0), task("b", priority=9)]
    made = problem(tasks, [vehicle("van", line_table("t", [1000, 2000]))], unserved_price_per_parcel=2.0)
    left = tuple(Unserved(stop, Refusal("dearer", "dearer than its price")) for stop in "ab")
    return made, Plan((), left, 22.0, 5, "effort", (1, 1))


def hurried() -> Plan:
    """The day of ``two_places`` with half of the walk to a called a wait of less than nothing."""
    at_s = EIGHT + 260
    visits = (
        visit("b", at_s, at_s, at_s, park_s=60),
        visit("a", at_s, at_s + 10, at_s + 30, access=1, walk_m=52.0, walk_s=40, wait_s=-10),
    )
    return plan_of(Trip(EIGHT, EIGHT, at_s + 230, visits))


def two_places() -> tuple[Problem, Plan]:
    """The van parks 60 s in the street, serves b at the kerb, then a from the same place, 26 m and 20 s away."""
    ways = ((Access(1, 0.0, 1, 0, 0), Access(2, 26.0, 1, 20, 20)), (Access(2, 0.0, 1, 0, 0),))
    van = vehicle("van", line_table("t", [1000, 2000]), park_s=(0, 60, 60), access=ways)
    at_s = EIGHT + 260
    visits = (
        visit("b", at_s, at_s, at_s, park_s=60),
        visit("a", at_s, at_s + 20, at_s + 40, access=1, walk_m=52.0, walk_s=40, wait_s=0),
    )
    return problem([task("a"), task("b")], [van]), plan_of(Trip(EIGHT, EIGHT, at_s + 240, visits))


MADE: dict[str, Callable[[], tuple[Problem, Plan]]] = {
    made.__name__: made
    for made in (
        two_windows,
        lateness,
        collections,
        ready,
        early_shift,
        battery,
        lunch,
        depot_rest,
        driving,
        docks,
        unserved,
        two_places,
    )
}


def planned(plan: Plan) -> Callable[[Problem, Plan], tuple[Problem, Plan]]:
    """Puts another plan in place of the right one."""
    return lambda made, _: (made, plan)


def costing(cost: float) -> Callable[[Problem, Plan], tuple[Problem, Plan]]:
    """States another cost."""
    return lambda made, plan: (made, replace(plan, cost=cost))


def posed(change: Callable[[Problem], Problem]) -> Callable[[Problem, Plan], tuple[Problem, Plan]]:
    """Puts another problem in place of the plan's own."""
    return lambda made, plan: (change(made), plan)


def at_a(made: Problem, plan: Plan, number: int = 0, **changes: Any) -> tuple[Problem, Plan]:
    """Changes a visit of the first trip."""
    trip = plan.routes[0].trips[0]
    visits = list(trip.visits)
    visits[number] = replace(visits[number], **changes)
    route = replace(plan.routes[0], trips=(replace(trip, visits=tuple(visits)), *plan.routes[0].trips[1:]))
    return made, replace(plan, routes=(route,))


DOCTORED: dict[str, dict[str, Case]] = {
    "two_windows": {
        "between the windows": (
            {"plan.late"},
            planned(plan_of(Trip(EIGHT, EIGHT, EIGHT + 200, (visit("a", EIGHT + 100, EIGHT + 100, EIGHT + 100),)))),
        ),
        "the second is shorter": (
            {"plan.late"},
            posed(lambda m: with_task(m, windows_s=(m.tasks[0].windows_s[0], (EIGHT + 1201, EIGHT + 1800)))),
        ),
        "the second alone is enough": (set(), posed(lambda m: with_task(m, windows_s=m.tasks[0].windows_s[1:]))),
    },
    "lateness": {
        "lateness understated": ({"plan.time"}, lambda m, p: at_a(m, p, late_s=900)),
        "one quarter paid": ({"plan.cost"}, costing(2.0)),
        "paid by the second": ({"plan.cost"}, costing(8.0 * 901 / 3600)),
        "one second less is one quarter": (
            {"plan.cost", "plan.time"},
            posed(lambda m: with_task(m, windows_s=((EIGHT, EIGHT + 51),))),
        ),
        "later than that": ({"plan.late", "plan.cost"}, posed(lambda m: with_task(m, late=Lateness(8.0, EIGHT + 950)))),
        "no lateness allowed": ({"plan.late", "plan.cost"}, posed(lambda m: with_task(m, late=None))),
        "just in time": (set(), posed(lambda m: with_task(m, late=Lateness(8.0, EIGHT + 951)))),
    },
    "collections": {
        "too heavy on the middle leg": ({"plan.overload"}, posed(lambda m: with_van(m, capacity_kg=11.9))),
        "too many parcels": ({"plan.overload"}, posed(lambda m: with_van(m, capacity_parcels=1))),
        "no room on the way home": ({"plan.overload"}, posed(lambda m: with_van(m, capacity_m3=0.4))),
        "too heavy from the depot": ({"plan.overload"}, posed(lambda m: with_task(m, weight_kg=8.1))),
    },
    "ready": {"goods come a second later": ({"plan.ready"}, posed(lambda m: with_task(m, ready_s=EIGHT + 51)))},
    "early_shift": {
        "the common shift": ({"plan.shift"}, posed(lambda m: with_van(m, shift_s=None))),
        "starts later": ({"plan.shift"}, posed(lambda m: with_van(m, shift_s=(EIGHT - HOUR + 1, EIGHT)))),
        "ends earlier": ({"plan.shift"}, posed(lambda m: with_van(m, shift_s=(EIGHT - HOUR, EIGHT - HOUR + 399)))),
        "shorter day": ({"plan.span"}, posed(lambda m: with_van(m, max_span_s=399))),
        "fewer stops": ({"plan.stops"}, posed(lambda m: with_van(m, max_stops=1))),
    },
    "battery": {
        "not charged": ({"plan.battery"}, posed(lambda m: with_battery(m, charge_w=0.0))),
        "charged too slowly": ({"plan.battery"}, posed(lambda m: with_battery(m, charge_w=2900.0))),
        "charged just enough": (set(), posed(lambda m: with_battery(m, charge_w=3000.0))),
        "drawn from the reserve": ({"plan.battery"}, posed(lambda m: with_battery(m, reserve_wh=200.1))),
        "down to the reserve": (set(), posed(lambda m: with_battery(m, reserve_wh=200.0))),
        "too small": ({"plan.battery"}, posed(lambda m: with_battery(m, capacity_wh=949.0))),
        "stood too short": ({"plan.reload"}, posed(lambda m: with_battery(m, stand_s=301))),
        "use of each arc": (set(), posed(lambda m: with_use(m, 375))),
        "never above full": ({"plan.battery"}, posed(lambda m: with_use(m, 376))),
    },
    "lunch": {
        "not taken": ({"plan.rest"}, planned(lunch_plan())),
        "before its window": ({"plan.rest"}, planned(lunch_plan((43_199, 44_999)))),
        "after its window": ({"plan.rest"}, planned(lunch_plan((46_801, 48_601)))),
        "at the end of its window": (set(), planned(lunch_plan((46_800, 48_600)))),
        "too short": ({"plan.rest"}, planned(lunch_plan((43_200, 44_999)))),
        "longer, unpaid": ({"plan.rest"}, planned(lunch_plan((43_200, 45_001)))),
        "in two pieces": ({"plan.rest"}, planned(lunch_plan((43_200, 44_100), (44_100, 45_000)))),
        "stated as paid": ({"plan.rest"}, planned(lunch_plan((43_200, 45_000), paid=True))),
        "taken twice": ({"plan.rest"}, planned(lunch_plan((43_200, 45_000), (45_000, 46_800)))),
        "the second during the first": (
            {"plan.rest", "plan.time"},
            planned(lunch_plan((43_200, 45_000), (44_000, 45_800))),
        ),
        "nowhere": ({"plan.rest", "plan.time"}, planned(lunch_plan((43_200, 45_000), after=2))),
        "ends before it starts": (
            {"plan.rest", "plan.time"},
            planned(lunch_plan((43_200, 43_100))),
        ),
        "not due": ({"plan.rest"}, posed(lambda m: replace(m, rests=(replace(LUNCH, after_s=19_800),)))),
        "just due": (set(), posed(lambda m: replace(m, rests=(replace(LUNCH, after_s=19_799),)))),
        "no rest in the rules": ({"plan.rest"}, posed(lambda m: replace(m, rests=()))),
        "due twice": ({"plan.rest"}, posed(lambda m: replace(m, rests=(LUNCH, LUNCH)))),
        "wide and narrow, given crosswise": (
            set(),
            lambda m, p: (
                replace(m, rests=(WIDE, replace(LUNCH, window_s=(43_200, 43_200)))),
                lunch_plan((43_200, 45_000), (45_000, 46_800)),
            ),
        ),
        "during service": (
            {"plan.time"},
            lambda m, p: (replace(m, rests=(replace(LUNCH, window_s=(43_000, 43_200)),)), lunch_plan((43_099, 44_899))),
        ),
        "late home": ({"plan.time"}, planned(lunch_plan((43_200, 45_000), home_s=48_601))),
        "wages for the rest": ({"plan.cost"}, costing(198.0)),
    },
    "depot_rest": {
        "while loading": ({"plan.time"}, planned(depot_rest_plan(EIGHT + 599))),
        "waits after it": ({"plan.time"}, planned(depot_rest_plan(EIGHT + 600, wait_s=1))),
        "waits before it": (set(), planned(depot_rest_plan(EIGHT + 900))),
        "too late": ({"plan.rest"}, planned(depot_rest_plan(EIGHT + 901))),
    },
    "driving": {
        "no rest": ({"plan.driving"}, planned(driving_plan(0, 0))),
        "too short": ({"plan.driving", "plan.rest"}, planned(driving_plan(0, 599))),
        "longer than the rule asks": ({"plan.rest"}, planned(driving_plan(0, 601))),
        "too early": ({"plan.driving"}, planned(driving_plan(600, 0))),
        "one too many": ({"plan.rest"}, planned(driving_plan(600, 600))),
        "stated as paid": ({"plan.rest"}, planned(driving_plan(0, 600, paid=True))),
        "a paid rule": (
            set(),
            lambda m, p: (replace(m, driving_rule=DrivingRule(3600, 600, True)), driving_plan(0, 600, paid=True)),
        ),
        "a stricter rule": ({"plan.driving"}, posed(lambda m: replace(m, driving_rule=DrivingRule(3599, 600)))),
        "a rest of another rule counts": (
            set(),
            lambda m, p: (replace(m, rests=(Rest(900, (EIGHT, EIGHT + HOUR + 900)),)), driving_plan(0, 900)),
        ),
        "that rest in time, a useless one before": (
            {"plan.rest"},
            lambda m, p: (replace(m, rests=(Rest(900, (EIGHT, EIGHT + 2 * HOUR)),)), driving_plan(600, 900)),
        ),
        "two of a kind, one for each rule": (
            set(),
            lambda m, p: (replace(m, rests=(Rest(600, (EIGHT, EIGHT + 2 * HOUR)),)), driving_plan(600, 600)),
        ),
    },
    "docks": {
        "a second too early": ({"plan.docks"}, planned(docks(EIGHT + 599)[1])),
        "both at once": ({"plan.docks"}, planned(docks(EIGHT)[1])),
        "two docks": (set(), lambda m, p: (replace(m, docks=2), docks(EIGHT)[1])),
        "as many as wanted": (set(), lambda m, p: (replace(m, docks=None), docks(EIGHT)[1])),
        "longer loading": ({"plan.reload"}, posed(lambda m: replace(m, reload_s=601, docks=2))),
    },
    "unserved": {
        "all at the general price": ({"plan.cost"}, costing(10.0)),
        "collections forgotten": ({"plan.cost"}, costing(17.0)),
        "its own price is nothing": ({"plan.cost"}, posed(lambda m: with_task(m, unserved_price_per_parcel=0.0))),
        "parcels forgotten": ({"plan.unserved_parcels"}, lambda m, p: (m, replace(p, unserved_parcels=4))),
    },
    "two_places": {
        "the other place": ({"plan.time", "plan.walk"}, lambda m, p: at_a(m, p, 1, access=0)),
        "parked twice": ({"plan.time"}, lambda m, p: at_a(m, p, 1, park_s=60)),
        "waits less than nothing": ({"plan.time"}, planned(hurried())),
        "no third place": ({"plan.forbidden_vehicle"}, lambda m, p: at_a(m, p, 1, access=2)),
        "too far to walk": ({"plan.walk"}, posed(lambda m: replace(m, max_walk_m=25.9))),
    },
}

CASES = [(rule, name) for rule, cases in DOCTORED.items() for name in cases]


@pytest.mark.parametrize("rule", MADE)
def test_hand_worked_days_are_right(rule: str) -> None:
    """Each rule's example is a sound problem and a plan without a fault."""
    made, plan = MADE[rule]()
    assert validate_problem(made) == []
    assert verify(made, plan) == []


@pytest.mark.parametrize(("rule", "name"), CASES)
def test_each_doctoring_gives_just_its_code(rule: str, name: str) -> None:
    """A rule broken by a second, a gram or a place is found under its own code and no other."""
    codes, doctor = DOCTORED[rule][name]
    assert {fault.code for fault in verify(*doctor(*MADE[rule]()))} == codes


def test_each_rule_is_doctored() -> None:
    """No example is without a case that breaks it."""
    assert MADE.keys() == DOCTORED.keys()
    assert all(any(codes for codes, _ in cases.values()) for cases in DOCTORED.values())


def test_several_hundred_rests_are_still_told_as_faults() -> None:
    """A plan full of pauses gives faults, soon and without an exception."""
    made, _ = lunch()
    many = replace(made, rests=(LUNCH,) * 20)
    plan = lunch_plan(*[(43_200, 45_000)] * 400)
    assert {"plan.rest", "plan.time"} <= {fault.code for fault in verify(many, plan)}


@pytest.mark.parametrize(
    "rests",
    [None, (None,), (Pause(None, 0, 0, 0, False),), (Pause(0, "x", "x", "x", "x"),) * 2, (Pause(0, 1, 0, 1, []),)],  # type: ignore[arg-type]
)
def test_rests_of_the_wrong_kind_never_raise(rests: Any) -> None:
    """Whatever a plan holds in place of rests, the answer is a list of faults."""
    made, plan = lunch()
    assert verify(made, replace(plan, routes=(replace(plan.routes[0], rests=rests),)))


def test_priorities_change_no_number() -> None:
    """A priority says what comes first, not what a plan costs."""
    made, plan = unserved()
    assert verify(with_task(made, priority=3), plan) == []
