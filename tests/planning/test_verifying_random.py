"""The checker against a second, naive planner: what that one plans passes, and any figure moved in it is found."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

from fleetplan.planning.plan import Pause, Plan, Route, Trip, Visit
from fleetplan.planning.problem import Problem
from fleetplan.planning.verifying import verify
from tests.planning.features import FEATURES, features_of
from tests.planning.naive import naive_plan
from tests.planning.problems import random_problem

SEEDS = range(700)


def planned() -> Iterator[tuple[int, Problem, Plan]]:
    """Random problems with their naive plans."""
    for seed in SEEDS:
        made = random_problem(seed)
        yield seed, made, naive_plan(made, seed)


def test_naive_plans_pass() -> None:
    """Two people who read the rules apart from each other agree, with every feature on the road often enough."""
    met: Counter[str] = Counter()
    for seed, made, plan in planned():
        assert [str(fault) for fault in verify(made, plan)] == [], seed
        visits = [visit for route in plan.routes for trip in route.trips for visit in trip.visits]
        met.update(features_of(made) if visits else ())
        met["late"] += any(visit.late_s for visit in visits)
        met["pause"] += any(route.rests for route in plan.routes)
        met["driving pause"] += made.driving_rule is not None and not made.rests and any(r.rests for r in plan.routes)
        met["second trip"] += any(len(route.trips) > 1 for route in plan.routes)
        met["other place"] += any(visit.access for visit in visits)
    assert all(met[name] >= 20 for name in (*FEATURES, "pause", "second trip", "other place")), met
    assert min(met["late"], met["driving pause"]) >= 5, met


WHOLE = {
    Route: ("start_s", "end_s"),
    Trip: ("load_s", "return_s"),
    Visit: ("arrive_s", "start_s", "depart_s", "park_s", "walk_s", "wait_s", "late_s", "walk_m"),
    Pause: ("trip", "after", "start_s", "end_s"),
}
"""Figures that follow from others: a departure may be later than it must, all of these are wrong when moved."""


def doctored(plan: Plan, rng: random.Random, *, value: Any = None) -> tuple[str, Plan]:
    """The plan with one figure of one route moved by one, or by a lot, or any of its values replaced by another."""
    number = rng.randrange(len(plan.routes))
    route = plan.routes[number]
    at = rng.randrange(len(route.trips))
    trip = route.trips[at]
    stop = rng.randrange(len(trip.visits))
    changed: Any = rng.choice([route, trip, trip.visits[stop], *route.rests])
    if value is None:
        name = rng.choice(WHOLE[type(changed)])
        value = getattr(changed, name) + rng.choice([-1, 1, 977])
    else:
        name = rng.choice([field.name for field in fields(changed) if field.name not in ("id", "paid")])
    new = replace(changed, **{name: value})
    if isinstance(new, Route):
        route = new
    elif isinstance(new, Pause):
        route = replace(route, rests=tuple(new if pause is changed else pause for pause in route.rests))
    else:
        if isinstance(new, Visit):
            new = replace(trip, visits=(*trip.visits[:stop], new, *trip.visits[stop + 1 :]))
        route = replace(route, trips=(*route.trips[:at], new, *route.trips[at + 1 :]))
    routes = (*plan.routes[:number], route, *plan.routes[number + 1 :])
    return f"{type(changed).__name__}.{name} = {value!r:.40}", replace(plan, routes=routes)


def test_any_figure_moved_is_found() -> None:
    """No stated figure of a day is free: one second or one place more or less makes a fault."""
    tried = 0
    for seed, made, plan in planned():
        rng = random.Random(f"doctoring {seed}")
        for _ in range(4 if plan.routes else 0):
            told, wrong = doctored(plan, rng)
            tried += 1
            assert verify(made, wrong), (seed, told)
    assert tried > 1000


def test_values_of_the_wrong_kind_are_faults() -> None:
    """Text, NaN, lists, objects or a number of 400 digits in any place give faults, never an exception."""
    for seed, made, plan in planned():
        rng = random.Random(f"kinds {seed}")
        for value in ("x", float("nan"), [None], object(), 10**400) if plan.routes else ():
            told, wrong = doctored(plan, rng, value=value)
            assert verify(made, wrong), (seed, told)


def test_stricter_problems_reject_what_they_forbid() -> None:
    """Rules tightened beyond what a day did are broken by it: span, stops, range, rests and docks."""
    found: Counter[str] = Counter()
    for _, made, plan in planned():
        if not plan.routes:
            continue
        route = max(plan.routes, key=lambda route: (len(route.trips), route.end_s - route.start_s))
        span_s = route.end_s - route.start_s
        stops = sum(len(trip.visits) for trip in route.trips)
        changes: dict[str, dict[str, Any]] = {"plan.span": {"max_span_s": span_s - 1}}
        if stops > 1:
            changes["plan.stops"] = {"max_stops": stops - 1}
        for code, change in changes.items():
            types = tuple(replace(v, **change) if v.name == route.type else v for v in made.types)
            assert code in {fault.code for fault in verify(replace(made, types=types), plan)}
            found[code] += 1
    assert all(found[code] > 50 for code in ("plan.span", "plan.stops"))
