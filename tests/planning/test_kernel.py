"""The compiled search held to the slow reference: what it says a day costs, and what it says a change costs.

All problems share one compiled signature, so that nothing is compiled twice.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import pytest

from fleetplan.planning.costing import left_cost
from fleetplan.planning.instance import Day, Instance, make_instance
from fleetplan.planning.kernel.annealing import copy_all
from fleetplan.planning.kernel.classes import best_class, change_class, cost_as
from fleetplan.planning.kernel.days import days_of, put_days
from fleetplan.planning.kernel.inserting import fits_load, price_gap, price_trip, put_in_gap, put_on_day, put_on_trip
from fleetplan.planning.kernel.lane import Lane
from fleetplan.planning.kernel.layout import (
    CLASS,
    COST,
    COUNT,
    DAY,
    END,
    KIND,
    MOST_STOPS,
    MOST_TRIPS,
    NEXT,
    OPTION,
    POINT,
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
from fleetplan.planning.kernel.timing import INFINITE, refresh
from fleetplan.planning.kernel.world import TRIPS_LIMIT, make_world
from fleetplan.planning.problem import DrivingRule, Pay, Problem, Rest
from fleetplan.planning.schedule import Solution, cost_of, time_day
from tests.planning.features import FEATURES, HOUR
from tests.planning.problems import line_table, problem, random_problem, table_of, task, vehicle
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


def check_state(w: Any, instance: Instance, s: Any) -> None:
    """Sums, limits and links of a whole solution."""
    used = [r for r in range(w.slots) if s.info[r, STOPS] > 0]
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


@pytest.mark.parametrize("seed", SEEDS)
def test_days_put_in_cost_what_the_reference_says(seed: int) -> None:
    """A start from given days is priced exactly, and comes out again as it went in."""
    instance = instance_of(seed)
    for draw in range(4):
        solution = random_solution(instance, 100 * seed + draw, left=0.1)
        days = list(solution.days)
        w = make_world(instance)
        s = empty_state(w)
        put_days(w, instance, s, days, solution.left)
        assert days_of(w, instance, s) == days
        check_state(w, instance, s)
        for r, (kind, trips) in enumerate(days):
            timed = time_day(instance, kind, trips)
            assert timed is not None
            assert float(s.day[r, COST]) == pytest.approx(timed.cost, rel=1e-9, abs=1e-7)


@pytest.mark.parametrize("seed", SEEDS)
def test_impossible_days_are_seen(seed: int) -> None:
    """``refresh`` refuses a day just when the reference does, loads and limits of stops aside."""
    instance, w, s = started(seed)
    rng = random.Random(seed)
    for _ in range(20):
        used = [r for r in range(w.slots) if s.info[r, STOPS] > 1]
        if not used:
            return
        r = rng.choice(used)
        row = [e for e in entities_of(w, s, r) if s.entity[e, KIND] == TASK]
        x, y = rng.sample(row, 2)
        before = [int(s.entity[e, OPTION]) for e in (x, y)]
        for e in (x, y):
            c = int(s.info[r, CLASS])
            lo, hi = w.options[c * w.n + e]
            s.entity[e, OPTION] = rng.randrange(lo, hi)
        sound = refresh(w, s, r)
        kind, trips = day_of(w, instance, s, r)
        timed = time_day(instance, kind, trips)
        if not rested(instance):
            assert sound == (timed is not None)
        elif sound:
            assert timed is not None
        if not sound:
            s.entity[x, OPTION], s.entity[y, OPTION] = before
            refresh(w, s, r)


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


def predicted(change: float, before: Any, after: Any) -> None:
    assert float(after.total[0] - before.total[0]) == pytest.approx(change, rel=1e-7, abs=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_changes_cost_what_they_were_said_to_cost(seed: int) -> None:
    """A stop put into every gap, onto trips of its own and into larger vehicles: priced before, priced after."""
    instance, w, s = started(seed, left=0.4)
    rng = random.Random(seed)
    left = [int(x) for x in s.left[1 : s.left[0] + 1]]
    for x in rng.sample(left, min(2, len(left))):
        for r in [r for r in range(w.slots) if s.info[r, STOPS] > 0]:
            c = int(s.info[r, CLASS])
            if s.info[r, STOPS] >= w.numbers[c, MOST_STOPS]:
                continue
            for u in entities_of(w, s, r):
                if s.entity[u, KIND] != END:
                    _try_gap(w, instance, s, r, x, u)
                if s.entity[u, KIND] in (START, RELOAD, END) and s.info[r, TRIPS] < w.numbers[c, MOST_TRIPS]:
                    _try_trip(w, instance, s, r, x, u)


def _reference(w: Any, instance: Instance, s: Any, r: int, x: int, at: tuple[int, int] | int) -> float:
    """Least cost of a day with task ``x`` by any of its options at a place, or infinite."""
    kind, trips = day_of(w, instance, s, r)
    options = instance.classes[kind].options
    costs = [math.inf]
    for o in range(int(options.first[x]), int(options.first[x + 1])):
        if isinstance(at, int):
            changed = (*trips[:at], (o,), *trips[at:])
        else:
            number, after = at
            trip = (*trips[number][:after], o, *trips[number][after:])
            changed = (*trips[:number], trip, *trips[number + 1 :])
        timed = time_day(instance, kind, changed)
        if timed is not None:
            costs.append(timed.cost)
    return min(costs)


def _place(w: Any, s: Any, r: int, u: int) -> tuple[int, int]:
    """Trip and visits done at entity ``u``."""
    number = after = 0
    for e in entities_of(w, s, r)[1:]:
        if s.entity[w_prev := int(s.entity[e, 1]), KIND] == RELOAD:
            number, after = number + 1, 0
        elif s.entity[w_prev, KIND] == TASK:
            after += 1
        if w_prev == u:
            break
    return number, after


def _try_gap(w: Any, instance: Instance, s: Any, r: int, x: int, u: int) -> None:
    c = int(s.info[r, CLASS])
    fits = fits_load(w, s, c, x, u)
    change, o = price_gap(w, s, r, x, u, INFINITE)
    exact = _reference(w, instance, s, r, x, _place(w, s, r, u)) - float(s.day[r, COST])
    if fits and change < INFINITE:
        assert change >= exact - 1e-6 if rested(instance) else change == pytest.approx(exact, rel=1e-7, abs=1e-6)
        after = copied(w, s)
        without_left(after, x)
        assert put_in_gap(w, after, x, o, u)
        predicted(change, s, after)
        check_day(w, instance, after, r) if not rested(instance) else None
    elif not rested(instance):
        assert exact == math.inf
    if change == INFINITE:
        return
    for other in range(w.classes):
        if other == c:
            continue
        cost = cost_as(w, s, r, other, x, o, u)
        if cost < INFINITE:
            after = copied(w, s)
            without_left(after, x)
            put_in_gap(w, after, x, o, u)
            assert change_class(w, after, r, other)
            assert float(after.day[r, COST]) <= cost + 1e-6 if rested(instance) else True
            if not rested(instance):
                assert float(after.day[r, COST]) == pytest.approx(cost, rel=1e-7, abs=1e-6)
            check_day(w, instance, after, r)


def _try_trip(w: Any, instance: Instance, s: Any, r: int, x: int, m: int) -> None:
    change, o = price_trip(w, s, r, x, m)
    rows = [e for e in entities_of(w, s, r) if s.entity[e, KIND] in (START, RELOAD, END)]
    exact = _reference(w, instance, s, r, x, rows.index(m)) - float(s.day[r, COST])
    if change < INFINITE:
        assert change >= exact - 1e-6 if rested(instance) else change == pytest.approx(exact, rel=1e-7, abs=1e-6)
        after = copied(w, s)
        without_left(after, x)
        assert put_on_trip(w, after, x, o, m)
        predicted(change, s, after)
        check_day(w, instance, after, r) if not rested(instance) else None
    elif not rested(instance):
        assert exact == math.inf


@pytest.mark.parametrize("seed", SEEDS)
def test_other_classes_cost_what_they_were_said_to_cost(seed: int) -> None:
    """A day as another class: as priced, and possible by the reference – loads, battery, shift and releases too."""
    instance, w, s = started(seed, left=0.0)
    for r in [r for r in range(w.slots) if s.info[r, STOPS] > 0]:
        for c in range(w.classes):
            cost = cost_as(w, s, r, c, -1, -1, -1)
            if c == s.info[r, CLASS]:
                continue
            if cost == INFINITE:
                continue
            after = copied(w, s)
            assert change_class(w, after, r, c)
            if not rested(instance):
                assert float(after.day[r, COST]) == pytest.approx(cost, rel=1e-9, abs=1e-6)
            check_day(w, instance, after, r)
        after = copied(w, s)
        assert best_class(w, after, r)
        assert after.total[0] <= s.total[0] + 1e-9
        check_state(w, instance, after)


@pytest.mark.parametrize("seed", SEEDS)
def test_days_of_one_stop_cost_what_they_were_said_to_cost(seed: int) -> None:
    """A vehicle of its own is offered just where the reference finds one possible, at its price."""
    instance = instance_of(seed)
    w = make_world(instance)
    for c, made in enumerate(instance.classes):
        for x in range(instance.size):
            s = empty_state(w)
            options = range(int(made.options.first[x]), int(made.options.first[x + 1]))
            timed = [t for o in options if (t := time_day(instance, c, ((o,),))) is not None]
            if made.count == 0:
                continue
            if not timed:
                assert w.alone[c * w.n + x] >= INFINITE
                continue
            cost = min(t.cost for t in timed)
            if w.alone[c * w.n + x] >= INFINITE:
                assert not settled(instance)
                continue
            price = float(w.alone[c * w.n + x])
            assert price == pytest.approx(cost, rel=1e-9, abs=1e-6) if settled(instance) else price >= cost - 1e-6
            r = put_on_day(w, s, x, c)
            assert float(s.day[r, COST]) == pytest.approx(price, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_search_keeps_its_books(seed: int) -> None:
    """After hundreds of steps all sums, limits and links hold, in the current and the best solution alike."""
    instance = instance_of(seed)
    lane = lane_of(instance, seed)
    for heat in (100.0, 1.0):
        lane.run(150, heat, 0.01)
        for s in (lane.state, lane.kept, lane.best):
            check_state(lane.world, instance, s)
        for name in ("info", "used", "total"):
            assert np.array_equal(getattr(lane.state, name), getattr(lane.kept, name)) or name == "info"
        assert days_of(lane.world, instance, lane.state) == days_of(lane.world, instance, lane.kept)
        assert lane.total <= float(lane.state.total[:2].sum()) + 1e-6


def test_search_from_given_days_never_ends_worse() -> None:
    """The best solution is at least as good as the one that the search began with."""
    for seed in SEEDS:
        instance = instance_of(seed)
        lane = lane_of(instance, seed, random_solution(instance, seed))
        before = lane.total
        lane.run(100, 10.0, 0.01)
        assert lane.total <= before + 1e-6
        check_state(lane.world, instance, lane.best)


def test_same_seed_same_answer_and_lanes_do_not_disturb_each_other() -> None:
    """Two lanes at once in two threads find what they find one after the other."""

    def answer(number: int) -> tuple[list[Day], float]:
        lane = lane_of(make_instance(random_problem(30, tasks=(40, 40), features=())), number)
        lane.run(1500, 10.0, 0.01)
        return lane.best_days(), lane.total

    alone = [answer(number) for number in (0, 1)]
    assert alone[0] != alone[1]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(answer, (0, 1))) == alone


def test_ruined_day_that_cannot_be_driven_is_taken_apart() -> None:
    """Where the drive between a removed stop's neighbours is missing, no solution keeps it – free drivers or not."""
    for seed in range(40):
        made = random_problem(seed, tasks=(6, 9), features=())
        made = type(made)(**{**{f: getattr(made, f) for f in made.__dataclass_fields__}, "pay": Pay(0.0, 0, 1, 1.0)})
        instance = make_instance(made)
        lane = lane_of(instance, seed)
        lane.run(200, 100.0, 1.0)
        check_state(lane.world, instance, lane.state)


def test_long_days_are_built_with_their_rest() -> None:
    """One van serves all twelve stops with lunch in between: a second van would cost more than the rest."""
    van = vehicle("van", line_table("van", [6000 * (i + 1) for i in range(12)]), count=1)
    stops = [task(f"s{i:02}", service=900) for i in range(12)]
    rests = (Rest(2700, (11 * HOUR, 14 * HOUR), 4 * HOUR),)
    instance = make_instance(problem(stops, [van], pay=Pay(20.0, 0, 24 * HOUR, 1.0), rests=rests))
    lane = lane_of(instance, 1)
    lane.run(500, 10.0, 0.01)
    (day,) = lane.best_days()
    timed = time_day(instance, *day)
    assert timed is not None and len(timed.rests) == 1 and sum(map(len, day[1])) == 12
    assert lane.total == pytest.approx(timed.cost)


def test_driving_rule_lets_long_drives_be_built() -> None:
    """All stops need five hours of driving, so a limit of two hours asks for two rests at least."""
    van = vehicle("van", line_table("van", [15000 * (i + 1) for i in range(6)]), count=1)
    stops = [task(f"s{i}", service=60) for i in range(6)]
    rule = DrivingRule(2 * HOUR, 1800)
    instance = make_instance(problem(stops, [van], pay=Pay(20.0, 0, 24 * HOUR, 1.0), driving_rule=rule))
    lane = lane_of(instance, 1)
    lane.run(500, 10.0, 0.01)
    (day,) = lane.best_days()
    timed = time_day(instance, *day)
    assert timed is not None and len(timed.rests) >= 2 and sum(map(len, day[1])) == 6


def test_days_beyond_the_room_for_trips_are_left_out() -> None:
    """More trips than the search has markers for would run into the next day's; their stops are served anew."""
    count = TRIPS_LIMIT + 5
    van = vehicle("van", line_table("van", [60] * count), count=1, max_trips=count)
    instance = make_instance(problem([task(f"s{i:02}") for i in range(count)], [van]))
    w = make_world(instance)
    s = empty_state(w)
    put_days(w, instance, s, [(0, tuple((i,) for i in range(count)))], [])
    assert s.left[0] == count and not days_of(w, instance, s)
    check_state(w, instance, s)
    put_days(w, instance, s, [(0, tuple((i,) for i in range(TRIPS_LIMIT)))], range(TRIPS_LIMIT, count))
    assert s.left[0] == 5
    check_state(w, instance, s)


def test_random_problems_reach_every_part() -> None:
    """Time counts in some problems only; classes, releases, collections, batteries and rests have their turn."""
    worlds = [make_world(instance_of(seed)) for seed in SEEDS]
    assert any(not w.timed and w.classes > 1 and not w.collects for w in worlds)
    for name in ("timed", "readies", "collects", "batteries", "rules"):
        assert 3 <= sum(getattr(w, name) > 0 for w in worlds) < len(worlds)


def test_points_follow_the_options() -> None:
    """An entity's standing point is that of its option, a marker's the depot."""
    _, w, s = started(3)
    for r in [r for r in range(w.slots) if s.info[r, STOPS] > 0]:
        for e in entities_of(w, s, r):
            if s.entity[e, KIND] == TASK:
                assert s.entity[e, POINT] == w.point[s.entity[e, OPTION]]
            elif s.entity[e, KIND] != REST:
                assert s.entity[e, POINT] == 0
            assert s.used[s.info[r, CLASS]] <= w.numbers[s.info[r, CLASS], COUNT]
