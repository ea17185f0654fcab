"""The compiled search held to the slow reference: what it says days cost, and the books it keeps while it searches."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from fleetplan.planning.instance import Day, make_instance
from fleetplan.planning.kernel import world
from fleetplan.planning.kernel.days import days_of, put_days
from fleetplan.planning.kernel.layout import (
    CLASS,
    COST,
    COUNT,
    KIND,
    OPTION,
    POINT,
    REST,
    STOPS,
    TASK,
    empty_state,
)
from fleetplan.planning.kernel.timing import INFINITE, refresh
from fleetplan.planning.kernel.world import TRIPS_LIMIT, make_world
from fleetplan.planning.problem import DrivingRule, Pay, Rest
from fleetplan.planning.schedule import time_day
from tests.planning.features import HOUR
from tests.planning.kernels import (
    SEEDS,
    check_state,
    day_of,
    entities_of,
    instance_of,
    lane_of,
    rested,
    started,
)
from tests.planning.problems import line_table, problem, random_problem, task, vehicle
from tests.planning.solutions import random_solution


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


@pytest.mark.parametrize("seed", SEEDS)
def test_search_keeps_its_books(seed: int) -> None:
    """After hundreds of steps all sums, limits and links hold, in the current and the best solution alike."""
    instance = instance_of(seed)
    lane = lane_of(instance, seed)
    for heat in (100.0, 1.0):
        lane.run(150, heat, 0.01)
        check_state(lane.world, instance, lane.best)
        for s in (lane.state, lane.kept):
            check_state(lane.world, instance, s, overloads=bool(lane.work.strain[0] < INFINITE))
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
        check_state(lane.world, instance, lane.state, overloads=bool(lane.work.strain[0] < INFINITE))


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


@pytest.mark.parametrize("seed", range(8))
def test_neighbours_do_not_depend_on_how_many_are_found_at_once(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables of neighbours, made a few rows at a time to save memory, are those of all rows together."""
    instance = instance_of(seed)
    whole = make_world(instance)
    monkeypatch.setattr(world, "BLOCK", 2)
    parts = make_world(instance)
    assert np.array_equal(parts.near, whole.near)
    assert np.array_equal(parts.close, whole.close)
    assert np.array_equal(parts.point, whole.point)
