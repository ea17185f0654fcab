"""The checker rejects every way of doctoring a plan, one case each, and never raises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fleetplan.errors import Refusal
from fleetplan.planning.plan import Plan, Route, Trip, Unserved, Visit
from fleetplan.planning.problem import Access, Pay, Problem
from fleetplan.planning.verifying import verify
from fleetplan.travel import UNREACHABLE
from tests.planning.problems import HOUR, line_table, problem, table_of, task, vehicle

EIGHT = 8 * HOUR


def make() -> tuple[Problem, Plan]:
    """One van, two trips: a and b at 1 km and 2 km, then c at 1 km; d is left out. Worked by hand.

    Loading 600 s, 10 m/s, parking 60 s, walk 13 m in 10 s each way, service 100 s. Trip 1 leaves at +600, is parked
    at a at +760, serves from +770, is back at the van at +880; b +1040, +1050, +1160; home +1360. Trip 2 loads till
    +1960, c +2120, serves +2130, +2240, home +2340. Paid 2340 s at 0.01 = 23.4; 6 km at 0.5 = 3; van 20: 46.4.
    """
    access = tuple((Access(p, 13.0, 1, 10, 10),) for p in (1, 2, 3, 4))
    table = line_table("van", [1000, 2000, 1000, 1000])
    van = vehicle(
        "van",
        table,
        count=1,
        capacity_kg=20.0,
        cost_per_day=20.0,
        distance_cost_per_km=0.2,
        energy_cost_per_km=0.3,
        max_trips=2,
        park_s=(0, 60, 60, 60, 60),
        access=access,
    )
    kei = replace(
        van, name="kei", access=((), *access[1:]), refusals=(Refusal("no_street", "closed"), None, None, None)
    )
    tasks = [task(name, kg=10.0, service=100, window=(EIGHT, EIGHT + 3 * HOUR)) for name in "abcd"]
    made = problem(tasks, [van, kei], reload_s=600, pay=Pay(36.0, 0, 24 * HOUR, 1.0))

    def visit(stop: str, parked: int) -> Visit:
        at = EIGHT + parked
        return Visit(stop, 0, at, at + 10, at + 120, 60, 26.0, 20, 0)

    first = Trip(EIGHT, EIGHT + 600, EIGHT + 1360, (visit("a", 760), visit("b", 1040)))
    second = Trip(EIGHT + 1360, EIGHT + 1960, EIGHT + 2340, (visit("c", 2120),))
    route = Route("van-1", "van", EIGHT, EIGHT + 2340, (first, second))
    left = Unserved("d", Refusal("fleet_used_up", "full"))
    return made, Plan((route,), (left,), 46.4, 1, "effort", (1, 1))


def with_visit(plan: Plan, trip: int, at: int, **changes: Any) -> Plan:
    """The plan with one visit changed."""
    route = plan.routes[0]
    visits = list(route.trips[trip].visits)
    visits[at] = replace(visits[at], **changes)
    return with_trip(plan, trip, visits=tuple(visits))


def with_trip(plan: Plan, trip: int, **changes: Any) -> Plan:
    """The plan with one trip changed."""
    trips = list(plan.routes[0].trips)
    trips[trip] = replace(trips[trip], **changes)
    return with_route(plan, trips=tuple(trips))


def with_route(plan: Plan, **changes: Any) -> Plan:
    """The plan with its route changed."""
    return replace(plan, routes=(replace(plan.routes[0], **changes), *plan.routes[1:]))


def shifted(plan: Plan, seconds: int) -> Plan:
    """The whole plan earlier or later."""
    trips = tuple(
        Trip(
            t.load_s + seconds,
            t.depart_s + seconds,
            t.return_s + seconds,
            tuple(
                replace(v, arrive_s=v.arrive_s + seconds, start_s=v.start_s + seconds, depart_s=v.depart_s + seconds)
                for v in t.visits
            ),
        )
        for t in plan.routes[0].trips
    )
    route = plan.routes[0]
    return with_route(plan, start_s=route.start_s + seconds, end_s=route.end_s + seconds, trips=trips)


def test_the_hand_worked_plan_is_right() -> None:
    """The plan that all cases below doctor has no fault itself, so each fault comes from the doctoring."""
    assert verify(*make()) == []


PLANS: dict[str, tuple[str, Callable[[Plan], Plan]]] = {
    "late": ("plan.late", lambda p: shifted(p, 3 * HOUR)),
    "before the shift": ("plan.shift", lambda p: shifted(p, -1)),
    "after the shift": ("plan.shift", lambda p: shifted(p, 10 * HOUR)),
    "missed stop": ("plan.missed_stop", lambda p: replace(p, unserved=())),
    "double visit": ("plan.double_visit", lambda p: with_visit(p, 1, 0, stop="a")),
    "served and unserved": (
        "plan.double_visit",
        lambda p: replace(p, unserved=(*p.unserved, Unserved("a", Refusal("x", "x")))),
    ),
    "unknown stop": ("plan.unknown_stop", lambda p: with_visit(p, 0, 0, stop="z")),
    "unknown unserved": (
        "plan.unknown_stop",
        lambda p: replace(p, unserved=(*p.unserved, Unserved("z", Refusal("x", "x")))),
    ),
    "unknown type": ("plan.unknown_type", lambda p: with_route(p, type="lorry")),
    "forbidden vehicle": ("plan.forbidden_vehicle", lambda p: with_route(p, type="kei")),
    "no such access": ("plan.forbidden_vehicle", lambda p: with_visit(p, 0, 0, access=1)),
    "negative access": ("plan.forbidden_vehicle", lambda p: with_visit(p, 0, 0, access=-1)),
    "walk metres": ("plan.walk", lambda p: with_visit(p, 0, 0, walk_m=13.0)),
    "walk metres NaN": ("plan.walk", lambda p: with_visit(p, 0, 0, walk_m=float("nan"))),
    "walk seconds": ("plan.walk", lambda p: with_visit(p, 0, 0, walk_s=10)),
    "arrival": ("plan.time", lambda p: with_visit(p, 0, 1, arrive_s=EIGHT + 1039)),
    "service start": ("plan.time", lambda p: with_visit(p, 0, 1, start_s=EIGHT + 1049)),
    "departure": ("plan.time", lambda p: with_visit(p, 0, 1, depart_s=EIGHT + 1159)),
    "no parking": ("plan.time", lambda p: with_visit(p, 0, 1, park_s=0)),
    "negative wait": ("plan.time", lambda p: with_visit(p, 0, 0, wait_s=-5, start_s=EIGHT + 765)),
    "return": ("plan.time", lambda p: with_trip(p, 0, return_s=EIGHT + 1300)),
    "route start": ("plan.time", lambda p: with_route(p, start_s=EIGHT + 100)),
    "route end": ("plan.time", lambda p: with_route(p, end_s=EIGHT + 2300)),
    "loading too short": ("plan.reload", lambda p: with_trip(p, 1, load_s=EIGHT + 1400)),
    "loads while away": ("plan.time", lambda p: with_trip(p, 1, load_s=EIGHT + 1200)),
    "empty trip": ("plan.empty", lambda p: with_trip(p, 1, visits=())),
    "empty route": ("plan.empty", lambda p: with_route(p, trips=())),
    "too many vehicles": ("plan.count", lambda p: replace(p, routes=(p.routes[0], replace(p.routes[0], id="van-2")))),
    "same id twice": ("plan.duplicate_route", lambda p: replace(p, routes=(p.routes[0], p.routes[0]))),
    "cost": ("plan.cost", lambda p: replace(p, cost=46.3)),
    "cost NaN": ("plan.cost", lambda p: replace(p, cost=float("nan"))),
    "unserved parcels": ("plan.unserved_parcels", lambda p: replace(p, unserved_parcels=0)),
    "wrong kind": ("plan.malformed", lambda p: with_route(p, start_s="eight")),
    "no visits at all": ("plan.malformed", lambda p: with_trip(p, 0, visits=None)),
    "no routes at all": ("plan.malformed", lambda p: replace(p, routes=None)),
}


@pytest.mark.parametrize("name", PLANS)
def test_doctored_plans_are_rejected(name: str) -> None:
    """Each doctoring is found under its own code, without an exception."""
    made, plan = make()
    code, doctor = PLANS[name]
    assert code in {fault.code for fault in verify(made, doctor(plan))}


def changed_type(made: Problem, **changes: Any) -> Problem:
    """The problem with its van changed."""
    return replace(made, types=(replace(made.types[0], **changes), *made.types[1:]))


def holed(made: Problem) -> Problem:
    """The problem without a path from a to b."""
    table = made.types[0].table
    time_s = table.time_s[0].copy()
    time_s[1, 2] = UNREACHABLE  # so the stated times cannot follow either
    return changed_type(made, table=table_of("van", time_s, table.distance_m[0]))


PROBLEMS: dict[str, tuple[str, Callable[[Problem], Problem]]] = {
    "overload kg": ("plan.overload", lambda m: changed_type(m, capacity_kg=19.9)),
    "overload parcels": ("plan.overload", lambda m: changed_type(m, capacity_parcels=1)),
    "overload volume": (
        "plan.overload",
        lambda m: replace(
            changed_type(m, capacity_m3=1.0), tasks=tuple(replace(task, volume_m3=0.6) for task in m.tasks)
        ),
    ),
    "walk too long": ("plan.walk", lambda m: replace(m, max_walk_m=12.9)),
    "too many trips": ("plan.trips", lambda m: changed_type(m, max_trips=1)),
    "unreachable": ("plan.unreachable", holed),
    "longer loading": ("plan.reload", lambda m: replace(m, reload_s=601)),
    "dearer wage": ("plan.cost", lambda m: replace(m, pay=Pay(37.0, 0, 24 * HOUR, 1.0))),
    "paid minimum": ("plan.cost", lambda m: replace(m, pay=Pay(36.0, 4 * HOUR, 24 * HOUR, 1.0))),
    "overtime": ("plan.cost", lambda m: replace(m, pay=Pay(36.0, 0, 1000, 1.25))),
    "price of unserved": ("plan.cost", lambda m: replace(m, unserved_price_per_parcel=2.0)),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_plans_of_stricter_problems_are_rejected(name: str) -> None:
    """A plan that fits one problem is rejected under a problem that forbids what it does."""
    made, plan = make()
    code, change = PROBLEMS[name]
    also = {"plan.time"} if name == "unreachable" else set()
    assert {fault.code for fault in verify(change(made), plan)} == {code, *also}


def test_checker_shares_nothing_with_the_solver() -> None:
    """Its modules import neither search, schedule nor costing, so an error there cannot hide here."""
    import ast
    from pathlib import Path

    import fleetplan.planning.verifying as checker
    import fleetplan.planning.verifying_rules as rules

    ours: set[str] = set()
    for module in (checker, rules):
        tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
        ours |= {name for name in imported if name.startswith("fleetplan")}
    assert ours == {
        "fleetplan.errors",
        "fleetplan.planning.plan",
        "fleetplan.planning.problem",
        "fleetplan.planning.verifying_rules",
        "fleetplan.travel",
    }


def test_rounding_to_six_digits_is_no_fault() -> None:
    """Plan files round floats to six digits; a load that fills the van to the last gram still passes."""
    made, plan = make()
    tight = changed_type(made, capacity_kg=float(np.nextafter(20.0, 0.0)))
    assert verify(tight, replace(plan, cost=46.4000004)) == []
