"""Loadings at few docks: never more at once than there are, every day still possible, the least paid time."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from fleetplan.planning.building import build_plan
from fleetplan.planning.docks import first_overlap, fixed_day, schedule_docks
from fleetplan.planning.instance import Day, Instance, make_instance
from fleetplan.planning.problem import Pay
from fleetplan.planning.schedule import Solution, TimedDay, time_day
from fleetplan.planning.verifying import verify
from tests.planning.problems import HOUR, line_table, problem, random_problem, task, vehicle

LOADING = 900


def most_at_once(instance: Instance, days: Sequence[TimedDay]) -> int:
    """Loadings under way at the busiest second, counted at every start."""
    spans = []
    for day in days:
        made = instance.classes[day.kind]
        spans += [(s, s + (made.turnaround_s if k else made.loading_s)) for k, s in enumerate(day.loads_s)]
    return max((sum(a <= at < b for a, b in spans) for at, _ in spans), default=0)


def checked(instance: Instance, solution: Solution, days: tuple[TimedDay, ...] | None) -> tuple[TimedDay, ...]:
    """The days, after the checker of plans, which shares no code with the search, has seen them."""
    assert days is not None
    assert [(day.kind, day.trips) for day in days] == list(solution.days)
    plan = build_plan(instance, solution, stopped_by="effort", effort=(1, 1), timed=days)
    assert verify(instance.problem, plan) == []
    return days


def parallel(vans: int, docks: int | None, *, window: tuple[int, int] = (0, 24 * HOUR)) -> tuple[Instance, Solution]:
    """Vans that each serve one stop 1,000 s away, for 36 an hour."""
    tasks = [task(f"s{i}", window=window) for i in range(vans)]
    van = vehicle("van", line_table("t", [10000] * vans))
    pay = Pay(36.0, 0, 24 * HOUR, 1.0)
    instance = make_instance(problem(tasks, [van], reload_s=LOADING, docks=docks, pay=pay))
    return instance, Solution(tuple((0, ((i,),)) for i in range(vans)), ())


def test_vans_load_one_after_the_other() -> None:
    """Five vans, two docks, the whole day: two load at 8:00, two at 8:15, one at 8:30, and no day gets longer."""
    instance, solution = parallel(5, 2)
    days = checked(instance, solution, schedule_docks(instance, solution))
    assert most_at_once(instance, days) == 2
    assert [day.span_s for day in days] == [LOADING + 2000] * 5


def test_touching_loadings_do_not_overlap() -> None:
    """One dock, a loading that ends at 8:15 and one that begins then: no overlap; a second earlier there is one."""
    instance, solution = parallel(2, 1)
    first, second = (day for day in (time_day(instance, *day) for day in solution.days) if day is not None)
    touching = fixed_day(instance, second, [8 * HOUR + LOADING])
    closer = fixed_day(instance, second, [8 * HOUR + LOADING - 1])
    assert touching is not None and closer is not None
    assert first_overlap(instance, [first, touching], 1) is None
    assert first_overlap(instance, [first, closer], 1) == [(0, 0), (1, 0)]


def test_a_narrow_window_makes_some_wait_at_the_door() -> None:
    """Three vans, one dock, all doors open at 12:00 for ten minutes: 900 + 1,000 s before it the last one may load.

    Latest loading 12:10 − 1,900 s. The others load 900 and 1,800 s before; the first van waits at the door for 20
    minutes, the second for five: 1,200 + 300 s more than the 3 × 2,900 s without docks.
    """
    instance, solution = parallel(3, 1, window=(12 * HOUR, 12 * HOUR + 600))
    days = checked(instance, solution, schedule_docks(instance, solution))
    assert most_at_once(instance, days) == 1
    assert sum(day.span_s for day in days) == 3 * (LOADING + 2000) + 1200 + 300


def test_too_few_docks_are_told() -> None:
    """Three vans that all have to be loaded by 8:20 through one dock cannot be; nor can anyone without a dock."""
    instance, solution = parallel(3, 1, window=(8 * HOUR, 8 * HOUR + LOADING + 1000 + 300))
    assert schedule_docks(instance, solution) is None


def test_without_docks_nothing_moves() -> None:
    """No limit on docks: every day keeps the moments of its own best timing."""
    instance, solution = parallel(4, None)
    timed = [time_day(instance, *day) for day in solution.days]
    assert schedule_docks(instance, solution) == tuple(timed)


def random_days(seed: int) -> tuple[Instance, Solution]:
    """Days by lot of a random problem with every feature, one to three docks."""
    rng = random.Random(f"docks {seed}")
    made = random_problem(seed, tasks=(4, 9))
    made = replace(made, docks=rng.randint(1, 2), reload_s=rng.choice([600, 900, 1800]))
    instance = make_instance(made)
    left = list(range(instance.size))
    rng.shuffle(left)
    days: list[Day] = []
    while left:
        x = left.pop()
        used = [sum(kind == c for kind, _ in days) for c in range(len(instance.classes))]
        kinds = [c for c, made in enumerate(instance.classes) if made.allowed[x] and used[c] < made.count]
        if not kinds:
            continue
        kind = rng.choice(kinds)
        options = instance.classes[kind].options
        trips: tuple[tuple[int, ...], ...] = ((int(options.first[x]),),)
        if time_day(instance, kind, trips) is None:
            continue
        if left and rng.random() < 0.7:
            y = left[-1]
            if options.first[y + 1] > options.first[y]:
                longer = (
                    (*trips, (int(options.first[y]),)) if rng.random() < 0.5 else ((*trips[0], int(options.first[y])),)
                )
                if time_day(instance, kind, longer) is not None:
                    trips = longer
                    left.pop()
        days.append((kind, trips))
    served = {x for day in days for x in instance.tasks_of(day)}
    return instance, Solution(tuple(days), tuple(x for x in range(instance.size) if x not in served))


def test_random_days_fit_the_docks_and_stay_possible() -> None:
    """Sound moments or none, under rests, batteries, late goods and windows; often loadings had to be moved for it."""
    found = 0
    for seed in range(120):
        instance, solution = random_days(seed)
        days = schedule_docks(instance, solution, limit=0.2)
        if days is None:
            continue
        docks = instance.problem.docks
        alone = [day for kind, trips in solution.days if (day := time_day(instance, kind, trips)) is not None]
        found += docks is not None and first_overlap(instance, alone, docks) is not None
        assert docks is not None and most_at_once(instance, checked(instance, solution, days)) <= docks
    assert found > 25


@pytest.mark.parametrize("vans", [12, 30])
def test_many_vans_repeat(vans: int) -> None:
    """A fleet at three docks: never more than three at once, and the same moments twice."""
    instance, solution = parallel(vans, 3)
    days = checked(instance, solution, schedule_docks(instance, solution))
    assert most_at_once(instance, days) <= 3
    assert days == schedule_docks(instance, solution)
