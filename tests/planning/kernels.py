"""Random problems for tests of the compiled search, and its solutions held to the slow reference.

All problems share one compiled signature, so that nothing is compiled twice.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from fleetplan.planning.costing import left_cost
from fleetplan.planning.instance import Day, Instance, make_instance, with_tolerance
from fleetplan.planning.kernel.annealing import copy_all
from fleetplan.planning.kernel.days import days_of, put_days
from fleetplan.planning.kernel.lane import Lane
from fleetplan.planning.kernel.layout import (
    CLASS,
    COST,
    DAY,
    END,
    KIND,
    NEXT,
    OPTION,
    OVER,
    RELOAD,
    REST,
    SOFT,
    START,
    STOPS,
    TASK,
    TRIPS,
    empty_state,
)
from fleetplan.planning.kernel.linking import start_of
from fleetplan.planning.kernel.world import make_world
from fleetplan.planning.problem import Problem
from fleetplan.planning.schedule import Solution, cost_of, time_day
from tests.planning.features import FEATURES
from tests.planning.problems import problem, random_problem, table_of, task, vehicle
from tests.planning.solutions import random_solution

SEEDS = range(60)


def timeless(seed: int) -> Problem:
    """A problem in which time plays no part: vehicles that share a table or not, with one or more trips."""
    rng = random.Random(f"timeless {seed}")
    n = rng.randint(5, 11)
    x, y = np.array([(rng.uniform(0, 9000), rng.uniform(0, 9000)) for _ in range(n + 1)]).T
    metres = np.rint(np.hypot(x[:, None] - x, y[:, None] - y))
    tables = [table_of("plane", 0 * metres, factor * metres) for factor in (1, 2)]
    types = [
        vehicle(
            f"v{k}",
            tables[k == 2],
            capacity_parcels=5 + 4 * k,
            cost_per_day=rng.choice([5.0, 20.0]) * (1 + k),
            distance_cost_per_km=1.0 - 0.2 * k,
            max_trips=rng.choice([1, 2]),
            count=rng.choice([2, None]),
            max_stops=rng.choice([4, None]),
        )
        for k in range(3)
    ]
    collected = (rng.randint(0, 3) if seed % 4 == 0 else 0 for _ in range(n))
    stops = [task(f"s{i}", parcels=rng.randint(1, 4), collect_parcels=one) for i, one in enumerate(collected)]
    return problem(stops, types)


@cache
def instance_of(seed: int) -> Instance:
    """A random problem with stops; every feature has its turn, and a third of the problems has rests."""
    if seed % 6 == 0:
        return make_instance(timeless(seed))
    names = sorted(FEATURES)
    chosen: Any = None
    if seed % 3 == 1:
        chosen = {names[seed // 3 % len(names)], names[seed // 5 % len(names)]}
    if seed % 3 == 2:
        chosen = {("rests", "driving rule")[seed % 2], names[seed // 3 % len(names)]}
    return make_instance(random_problem(seed, tasks=(2, 11), features=chosen))


def settled(instance: Instance) -> bool:
    """Whether days that the search leaves behind are timed exactly: without rests, or with one rule alone."""
    return instance.problem.driving_rule is None and len(instance.problem.rests) < 2


def rested(instance: Instance) -> bool:
    """Whether rests are placed by rule of thumb, so that the kernel's days may cost more than they must."""
    return bool(instance.problem.rests) or instance.problem.driving_rule is not None


def day_of(w: Any, instance: Instance, s: Any, r: int) -> Day:
    """One day of a solution."""
    offsets = np.concatenate([[0], np.cumsum([len(c.options.task) for c in instance.classes])])
    c = int(s.info[r, CLASS])
    trips: list[list[int]] = [[]]
    for e in entities_of(w, s, r)[1:-1]:
        if s.entity[e, KIND] == RELOAD:
            trips.append([])
        elif s.entity[e, KIND] == TASK:
            trips[-1].append(int(s.entity[e, OPTION] - offsets[c]))
    return c, tuple(tuple(trip) for trip in trips)


def entities_of(w: Any, s: Any, r: int) -> list[int]:
    """A day's entities in order, links checked both ways."""
    row = [int(start_of(w, r))]
    while s.entity[row[-1], NEXT] >= 0:
        row.append(int(s.entity[row[-1], NEXT]))
    assert [int(s.entity[e, 1]) for e in row] == [-1, *row[:-1]]
    assert all(s.entity[e, DAY] == r for e in row)
    assert s.entity[row[0], KIND] == START and s.entity[row[-1], KIND] == END
    return row


def check_day(w: Any, instance: Instance, s: Any, r: int) -> None:
    """The kernel's cost is the reference's; with rests it is no less."""
    kind, trips = day_of(w, instance, s, r)
    timed = time_day(instance, kind, trips)
    assert timed is not None, (kind, trips)
    cost = float(s.day[r, COST])
    if rested(instance):
        assert cost >= timed.cost - 1e-6
        check_rests(w, instance, s, r)
    else:
        assert cost == pytest.approx(timed.cost, rel=1e-9, abs=1e-7)


def check_rests(w: Any, instance: Instance, s: Any, r: int) -> None:
    """Each rest at most once, those taken due and those due taken."""
    taken = [int(s.entity[e, 7]) for e in entities_of(w, s, r) if s.entity[e, KIND] == REST]
    assert len(taken) == len(set(taken))
    span = float(s.day[r, 2])
    for number, rest in enumerate(instance.problem.rests):
        assert (number in taken) == (span > rest.after_s), (taken, span)


def roomy(instance: Instance) -> Instance:
    """The same problem with vehicles that carry everything."""
    classes = tuple(replace(c, capacity=(math.inf, math.inf, math.inf)) for c in instance.classes)
    return replace(instance, classes=classes)


def overload_of(instance: Instance, day: Day) -> float:
    """What a day carries too much, leg by leg, in shares of the largest vehicle, at most of all there is."""
    kind, trips = day
    over = 0.0
    for unit in range(3):
        largest = max((c.capacity[unit] for c in instance.classes if c.count), default=math.inf)
        everything = max(float(instance.deliver[:, unit].sum()), float(instance.collect[:, unit].sum()))
        measure = min(largest, everything)
        capacity = with_tolerance(instance.classes[kind].capacity[unit])
        for trip in trips:
            tasks = [int(instance.classes[kind].options.task[o]) for o in trip]
            aboard = [float(instance.deliver[tasks, unit].sum())]
            aboard += [float(instance.collect[x, unit] - instance.deliver[x, unit]) for x in tasks]
            over += max(0.0, max(np.cumsum(aboard)) - capacity) / (measure or 1.0)
    return over


def check_state(w: Any, instance: Instance, s: Any, *, overloads: bool = False) -> None:
    """Sums, limits and links of a whole solution; one that a search goes on from may have ``overloads``, well told."""
    used = [r for r in range(w.slots) if s.info[r, STOPS] > 0]
    overs = [overload_of(instance, day_of(w, instance, s, r)) for r in used]
    assert [float(s.day[r, OVER]) for r in used] == pytest.approx(overs, abs=1e-9)
    assert float(s.total[3]) == pytest.approx(math.fsum(overs), abs=1e-9)
    if overloads:
        instance = roomy(instance)
    for r in used:
        check_day(w, instance, s, r)
        made = instance.classes[int(s.info[r, CLASS])]
        assert s.info[r, TRIPS] <= made.max_trips and s.info[r, STOPS] <= made.max_stops
    left = [int(x) for x in s.left[1 : s.left[0] + 1]]
    served = [x for day in days_of(w, instance, s) for x in instance.tasks_of(day)]
    assert sorted([*served, *left]) == list(range(instance.size))
    assert all(s.entity[x, DAY] < 0 for x in left)
    kinds = Counter(int(s.info[r, CLASS]) for r in used)
    for c, made in enumerate(instance.classes):
        assert s.used[c] == kinds[c] <= made.count
    money = math.fsum(float(s.day[r, COST]) for r in used)
    assert float(s.total[0]) == pytest.approx(money, rel=1e-9, abs=1e-6)
    assert float(s.total[1]) == pytest.approx(float(instance.unserved_cost[left].sum()), rel=1e-9, abs=1e-6)
    assert float(s.total[2]) == pytest.approx(float(w.task[left, SOFT].sum()), rel=1e-9, abs=1e-6)
    _, cost = cost_of(instance, Solution(tuple(days_of(w, instance, s)), tuple(left)))
    money += left_cost(instance, left)[1]
    assert money >= cost - 1e-6
    if settled(instance):
        assert money == pytest.approx(cost, rel=1e-9, abs=1e-6)


def started(seed: int, *, left: float = 0.3) -> tuple[Instance, Any, Any]:
    """A problem, its world and a random sound solution."""
    instance = instance_of(seed)
    w = make_world(instance)
    s = empty_state(w)
    solution = random_solution(instance, seed, left=left)
    put_days(w, instance, s, solution.days, solution.left)
    return instance, w, s


def lane_of(instance: Instance, seed: int, solution: Solution | None = None) -> Lane:
    """A lane that starts with a solution, or with nothing served."""
    lane = Lane(instance, make_world(instance), seed=(seed, 7))
    solution = Solution((), tuple(range(instance.size))) if solution is None else solution
    lane.start(solution.days, solution.left)
    return lane


def copied(w: Any, s: Any) -> Any:
    """A copy to try things on."""
    other = empty_state(w)
    copy_all(w, other, s)
    return other


def without_left(s: Any, x: int) -> None:
    """Take a task off the list of those left out, as the search does before it puts tasks back."""
    left = [int(y) for y in s.left[1 : s.left[0] + 1] if y != x]
    s.left[0] = len(left)
    s.left[1 : len(left) + 1] = left
