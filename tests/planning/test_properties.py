"""Generated problems, solved and checked; and the fairness of answers under changes that must not matter."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleetplan.planning.problem import Pay, Problem, Task
from fleetplan.planning.solving import solve
from fleetplan.planning.verifying import verify
from tests.campaigns.planning import STEPS, check
from tests.planning.problems import random_problem

ROOT = Path(__file__).resolve().parents[2]


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(number=st.integers(0, 10**9))
def test_every_plan_passes_the_checker(number: int) -> None:
    """300 random problems: no fault, files read back, never behind a pure plan to start from, near the optimum."""
    _, wrong = check(number)
    assert wrong == []


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_paid_span_is_the_least_of_all_starts(number: int) -> None:
    """Trying every start second by second finds no shorter paid span for the routes of a plan."""
    made = random_problem(number, tasks=(5, 8), features=())
    plan = solve(made, effort=STEPS)
    types = {vehicle.name: vehicle for vehicle in made.types}
    tasks = {task.id: index for index, task in enumerate(made.tasks)}
    for route in plan.routes:
        vehicle = types[route.type]
        best = 10**9
        for start_s in range(made.shift_s[0], made.shift_s[1], 60):
            now, point, fits = start_s, 0, True
            for trip in route.trips:
                now += made.reload_s
                for visit in trip.visits:
                    index = tasks[visit.stop]
                    way, wanted = vehicle.access[index][visit.access], made.tasks[index]
                    park_s = vehicle.park_s[way.point] if way.point != point else 0
                    door_s = now + int(vehicle.table.time_s[0, point, way.point]) + park_s + way.walk_out_s
                    fits &= door_s <= wanted.windows_s[0][1]
                    now = max(door_s, wanted.windows_s[0][0]) + wanted.service_s + way.walk_back_s
                    point = way.point
                now += int(vehicle.table.time_s[0, point, 0])
                point = 0
            if fits and now <= made.shift_s[1]:
                best = min(best, now - start_s)
        assert route.end_s - route.start_s <= best


def city(seed: int) -> Problem:
    """A problem of ten or so stops and three types that a search, not enumeration, must solve."""
    return random_problem(seed, tasks=(9, 11), kinds=(3, 3))


def permuted(made: Problem, seed: int) -> Problem:
    """The same problem with tasks, types and each table's points in another order."""
    rng = random.Random(seed)
    order = list(range(len(made.tasks)))
    rng.shuffle(order)
    types = [
        replace(v, access=tuple(v.access[i] for i in order), refusals=tuple(v.refusals[i] for i in order))
        for v in made.types
    ]
    rng.shuffle(types)
    return replace(made, tasks=tuple(made.tasks[i] for i in order), types=tuple(types))


@pytest.mark.parametrize("seed", range(5))
def test_order_of_input_changes_nothing(seed: int) -> None:
    """Permuted tasks and types give the same plan, visit by visit."""
    made = city(seed)
    assert solve(permuted(made, seed), effort=STEPS) == solve(made, effort=STEPS)


@pytest.mark.parametrize("seed", range(5))
def test_same_vehicle_under_two_names_costs_the_same(seed: int) -> None:
    """A type listed twice under different names, or once under another, gives the very same cost."""
    made = random_problem(seed, tasks=(9, 11), kinds=(1, 1))
    made = replace(made, types=(replace(made.types[0], count=None),))
    renamed = replace(made.types[0], name="another name")
    plan = solve(made, effort=STEPS)
    assert solve(replace(made, types=(renamed,)), effort=STEPS).cost == plan.cost
    assert solve(replace(made, types=(renamed, *made.types)), effort=STEPS).cost == plan.cost


@pytest.mark.parametrize("seed", range(5))
def test_names_of_types_do_not_change_the_cost(seed: int) -> None:
    """Names that sort the other way round leave the cost as it is."""
    made = city(seed)
    names = dict(zip(sorted(v.name for v in made.types), "zyx", strict=True))
    renamed = replace(made, types=tuple(replace(v, name=names[v.name]) for v in made.types))
    assert solve(renamed, effort=STEPS).cost == solve(made, effort=STEPS).cost


def dearer_task(one: Task, factor: float) -> Task:
    """The task with its own prices times the factor."""
    own, late = one.unserved_price_per_parcel, one.late
    return replace(
        one,
        unserved_price_per_parcel=None if own is None else own * factor,
        late=None if late is None else replace(late, price_per_h=late.price_per_h * factor),
    )


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("factor", [2.0, 1024.0])
def test_doubled_prices_double_the_cost(seed: int, factor: float) -> None:
    """Money has no natural unit: with all prices times a power of two, the same plan costs exactly as much more."""
    made = city(seed)
    price = made.unserved_price_per_parcel
    dearer = replace(
        made,
        pay=replace(made.pay, wage_per_h=made.pay.wage_per_h * factor),
        unserved_price_per_parcel=None if price is None else price * factor,
        tasks=tuple(dearer_task(t, factor) for t in made.tasks),
        types=tuple(
            replace(
                v,
                cost_per_day=v.cost_per_day * factor,
                distance_cost_per_km=v.distance_cost_per_km * factor,
                energy_cost_per_km=v.energy_cost_per_km * factor,
            )
            for v in made.types
        ),
    )
    plan, dear = solve(made, effort=STEPS), solve(dearer, effort=STEPS)
    assert dear.cost == plan.cost * factor
    assert dear.routes == plan.routes


@pytest.mark.parametrize("seed", range(5))
def test_longer_walks_never_leave_more_unserved(seed: int) -> None:
    """A stop within a short walk is within a longer one too."""
    made = random_problem(seed, tasks=(9, 11), kinds=(3, 3), features=())
    made = replace(made, unserved_price_per_parcel=None)
    left = [solve(replace(made, max_walk_m=walk_m), effort=5000).unserved_parcels for walk_m in (20.0, 80.0, 200.0)]
    assert left == sorted(left, reverse=True)


@pytest.mark.parametrize("wage", [0.0, 1e-9, 1e9])
def test_free_and_huge_prices_are_planned(wage: float) -> None:
    """Nothing overflows and nothing divides by zero when work costs nothing or a fortune."""
    made = replace(city(2), pay=Pay(wage, 0, 8 * 3600, 1.25))
    assert verify(made, solve(made, effort=STEPS)) == []


def test_every_process_gives_the_same_bytes() -> None:
    """Neither the order of hashes nor the number of cores leaks into a plan, however large; a repeat agrees as well."""
    program = (
        "import json,hashlib,os,sys;from tests.planning.problems import random_problem;"
        "cores=sorted(os.sched_getaffinity(0)) if hasattr(os,'sched_getaffinity') else [];"
        "cores and sys.argv[1]=='one' and os.sched_setaffinity(0,cores[:1]);"
        "from fleetplan.planning.solving import solve;from fleetplan.planning.documents import plan_document;"
        "ps=[random_problem(s,tasks=(12,12),kinds=(2,2)) for s in range(3)];"
        "from dataclasses import replace;p=random_problem(1,tasks=(420,420),kinds=(2,2),features=());"
        "ps+=[replace(p,types=tuple(replace(v,count=None) for v in p.types))];"
        f"ds=[plan_document(p,solve(p,seed=4,effort={STEPS})) for p in ps];"
        "print(hashlib.sha256(json.dumps(ds).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program, cores],
            env={**os.environ, "PYTHONHASHSEED": str(value)},
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for value, cores in ((0, "all"), (1, "all"), (77, "one"))
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == len(hashlib.sha256().hexdigest())


def test_seeds_steer_the_search() -> None:
    """Another seed may give another plan: what varies is under the seed's command."""
    made = random_problem(8, tasks=(40, 40), kinds=(2, 2), features=())
    plans = [solve(made, seed=seed, effort=3, engines=("kernel",)) for seed in range(4)]
    assert len({plan.routes for plan in plans}) > 1
