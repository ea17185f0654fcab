"""Days gathered while the search goes on: possible, at their true cost, cheap beside the prices, and none twice."""

from __future__ import annotations

import random
from collections import Counter
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest

from fleetplan.planning.instance import Day, Instance, make_instance
from fleetplan.planning.kernel.harvest import CELLS, ROWS, gather
from fleetplan.planning.kernel.lane import FIRST_SLACK, WANTED, WIDER, Lane
from fleetplan.planning.kernel.layout import STOPS
from fleetplan.planning.kernel.timing import INFINITE
from fleetplan.planning.pool import Floats, Pool, Rows
from fleetplan.planning.schedule import time_day
from tests.planning.kernels import SEEDS, instance_of, lane_of, rested, settled
from tests.planning.problems import line_table, many_vans, problem, task, vehicle


class Gathered(NamedTuple):
    """What a lane gathered in some steps, and by what measure."""

    instance: Instance
    worth: Floats
    extra: Floats
    slack: float
    rows: Rows


def priced_lane(instance: Instance, seed: int) -> tuple[Lane, Floats, Floats]:
    """A lane with a plan, and prices: of stops about their share of their day and above, of vehicles drawn by lot."""
    lane = lane_of(instance, seed)
    lane.run(200, 50.0, 1.0)
    rng = random.Random(f"prices {seed}")
    worth = np.zeros(instance.size)
    for day, cost in days_in(instance, lane.rows(best=True)):
        tasks = instance.tasks_of(day)
        worth[tasks] = cost / len(tasks) * rng.uniform(0.9, 2.5)
    extra = np.array([rng.choice([0.0, -rng.uniform(0.0, 3.0)]) for _ in instance.classes])
    return lane, worth, extra


@cache
def gathered(seed: int) -> Gathered:
    """What a lane gathers on a random problem in 300 steps."""
    instance = instance_of(seed)
    lane, worth, extra = priced_lane(instance, seed)
    lane.look_for(worth, extra)
    slack = float(lane.harvest.slack[0])
    lane.run(300, 50.0, 1.0)
    return Gathered(instance, worth, extra, slack, lane.gathered())


def each(rows: Rows) -> list[Rows]:
    """The days one by one."""
    cut = np.concatenate([[0], np.cumsum(rows.stops)]).tolist()
    assert cut[-1] == len(rows.option)
    return [
        Rows(rows.kind[j : j + 1], rows.cost[j : j + 1], rows.stops[j : j + 1], rows.option[cut[j] : cut[j + 1]])
        for j in range(len(rows.kind))
    ]


def pools_of(instance: Instance, rows: Rows) -> list[Pool]:
    """Each day as a pool of its own, so that none hides another."""
    pools = [Pool(instance, [one]) for one in each(rows)]
    assert all(len(pool) == 1 for pool in pools)
    return pools


def sets_of(instance: Instance, rows: Rows) -> list[tuple[int, frozenset[int]]]:
    """Class and tasks of each day."""
    return [(int(pool.kind[0]), frozenset(pool.task.tolist())) for pool in pools_of(instance, rows)]


def days_in(instance: Instance, rows: Rows) -> list[tuple[Day, float]]:
    """The days and what they are said to cost."""
    return [(pool.day(0), float(pool.cost[0])) for pool in pools_of(instance, rows)]


@pytest.mark.parametrize("seed", SEEDS)
def test_gathered_days_cost_what_the_reference_says(seed: int) -> None:
    """Each can be driven, within all limits of its class, at just the cost noted; with several rests at no more."""
    instance, *_, rows = gathered(seed)
    for (kind, trips), cost in days_in(instance, rows):
        made = instance.classes[kind]
        timed = time_day(instance, kind, trips)
        assert timed is not None, (kind, trips)
        assert len(trips) <= made.max_trips and sum(map(len, trips)) <= made.max_stops
        if settled(instance):
            assert cost == pytest.approx(timed.cost, rel=1e-9, abs=1e-6)
        else:
            assert cost >= timed.cost - 1e-6


def test_random_problems_gather_every_kind_of_day() -> None:
    """Several trips, several classes, rests, and days of many stops are among what is held to the reference."""
    found: Counter[str] = Counter()
    for seed in SEEDS:
        instance, *_, rows = gathered(seed)
        for (kind, trips), _ in days_in(instance, rows):
            timed = time_day(instance, kind, trips)
            assert timed is not None
            found["days"] += 1
            found["trips"] += len(trips) > 1
            found["classes"] += kind > 0
            found["rests"] += settled(instance) and len(timed.rests) > 0
            found["stops"] += sum(map(len, trips)) >= 4
            found["collections"] += bool(instance.collect.any())
        found["rested"] += rested(instance) and len(rows.kind) > 0
    assert found["days"] > 1000
    assert all(found[name] >= 20 for name in ("trips", "classes", "rests", "stops", "collections"))
    assert found["rested"] >= 5


@pytest.mark.parametrize("seed", SEEDS)
def test_gathered_days_are_cheap_beside_the_prices(seed: int) -> None:
    """A day's cost less the prices of its stops and vehicle lies below the slack in force, never at it or above."""
    instance, worth, extra, slack, rows = gathered(seed)
    assert slack >= 0.0
    for pool in pools_of(instance, rows):
        assert float(pool.reduced(worth, extra)[0]) < slack + 1e-9


def test_some_days_are_too_dear_to_be_gathered() -> None:
    """With the prices of stops at nothing no day is cheap, and none is gathered; at twice their share many are."""
    counts = []
    for factor in (0.0, 2.0):
        lane, worth, extra = priced_lane(make_instance(many_vans(30, 40)), 3)
        lane.look_for(factor * worth, extra)
        lane.run(300, 50.0, 1.0)
        counts.append(len(lane.gathered().kind))
    assert counts[0] == 0 and counts[1] > 100


def test_a_dear_vehicle_makes_days_dearer() -> None:
    """What one more vehicle of a class is worth, below nothing, is added to the cost of its days: none is gathered."""
    instance = make_instance(many_vans(30, 40, kinds=3))
    lane, worth, _ = priced_lane(instance, 3)
    kinds = []
    for extra in ([0.0, 0.0, 0.0], [-1e6, -1e6, 0.0]):
        lane.look_for(2.0 * worth, np.array(extra))
        lane.run(300, 50.0, 1.0)
        kinds.append(set(lane.gathered().kind.tolist()))
    assert kinds[0] - {2}
    assert kinds[1] <= {2}


def test_nothing_is_gathered_before_prices_are_known() -> None:
    """A lane without prices gathers nothing, and asking for it does not make it begin."""
    for seed in range(10):
        lane = lane_of(instance_of(seed), seed)
        for _ in range(3):
            lane.run(100, 50.0, 1.0)
            rows = lane.gathered()
            assert len(rows.kind) == len(rows.cost) == len(rows.stops) == len(rows.option) == 0
            assert lane.harvest.slack[0] == -INFINITE


@pytest.mark.parametrize("seed", SEEDS)
def test_no_day_is_gathered_twice_unless_it_became_cheaper(seed: int) -> None:
    """A class and set of tasks comes again only at a lower cost, be it before the days are fetched or after."""
    instance = instance_of(seed)
    lane, worth, extra = priced_lane(instance, seed)
    lane.look_for(2.0 * worth, extra)
    costs: dict[tuple[int, frozenset[int]], float] = {}
    for _ in range(3):
        lane.run(150, 50.0, 1.0)
        rows = lane.gathered()
        for key, cost in zip(sets_of(instance, rows), rows.cost.tolist(), strict=True):
            assert cost < costs.get(key, np.inf)
            costs[key] = cost


def test_a_day_of_another_class_is_another_day() -> None:
    """The same stops in a dearer vehicle are gathered too, and each class once, however often it is met."""
    table = line_table("t", [1000, 2000])
    types = [vehicle(name, table, cost_per_day=day) for name, day in (("a", 5.0), ("b", 8.0))]
    instance = make_instance(problem([task("s0"), task("s1")], types))
    lane = lane_of(instance, 1)
    lane.look_for(np.full(2, 100.0), np.zeros(2))
    cheap = [made.cost_per_day for made in instance.classes].index(5.0)
    for kind in (cheap, 1 - cheap, cheap, 1 - cheap):
        lane.start([(kind, ((0, 1),))], [])
        gather(lane.world, lane.state, lane.harvest, 0)
    assert days_in(instance, lane.gathered()) == [((cheap, ((0, 1),)), 5.0), ((1 - cheap, ((0, 1),)), 8.0)]


def test_gathering_changes_nothing_of_the_search() -> None:
    """With prices or without, a lane makes the same steps: gathering draws no number and moves no stop."""
    instance = make_instance(many_vans(30, 40))
    ends = []
    for told in (False, True):
        lane, worth, extra = priced_lane(instance, 3)
        if told:
            lane.look_for(2.0 * worth, extra)
        lane.run(500, 50.0, 0.1)
        assert (len(lane.gathered().kind) > 0) == told
        ends.append((lane.best_days(), lane.current_days(), lane.total, lane.rng.tolist()))
    assert ends[0] == ends[1]


@pytest.mark.parametrize("seed", range(6))
def test_the_same_seed_gathers_the_same_days(seed: int) -> None:
    """Two lanes with one seed and the same prices gather the same days in the same order; another seed does not."""
    instance = make_instance(many_vans(30, 40))
    _, worth, extra = priced_lane(instance, 3)

    def twice(number: int) -> list[list[float]]:
        lane = lane_of(instance, number)
        found: list[list[float]] = []
        for _ in range(2):
            lane.look_for(2.0 * worth, extra)
            lane.run(200, 50.0, 1.0)
            rows = lane.gathered()
            found += [rows.kind.tolist(), rows.cost.tolist(), rows.stops.tolist(), rows.option.tolist()]
        return found

    first = twice(seed)
    assert first[0] and first[4]
    assert twice(seed) == first != twice(seed + 100)


def test_days_fetched_are_left_alone() -> None:
    """What was fetched is not overwritten by what is gathered next."""
    lane, worth, extra = priced_lane(make_instance(many_vans(30, 40)), 3)
    lane.look_for(2.0 * worth, extra)
    lane.run(200, 50.0, 1.0)
    rows = lane.gathered()
    before = [part.tolist() for part in (rows.kind, rows.cost, rows.stops, rows.option)]
    lane.run(200, 50.0, 1.0)
    assert len(lane.gathered().kind) > 0
    assert [part.tolist() for part in (rows.kind, rows.cost, rows.stops, rows.option)] == before


def greedy_lane() -> tuple[Instance, Lane]:
    """A lane that wants every day that it meets."""
    instance = make_instance(many_vans(6, 60))
    lane, worth, extra = priced_lane(instance, 3)
    lane.look_for(np.full_like(worth, 1e6), 0.0 * extra)
    return instance, lane


def test_full_rows_end_the_gathering_until_they_are_fetched() -> None:
    """Once as many days are gathered as there are rows, the search goes on without; those there are sound."""
    instance, lane = greedy_lane()
    lane.run(6000, 50.0, 1.0)
    assert lane.harvest.size[0] == ROWS
    rows = lane.gathered()
    assert len(rows.kind) == ROWS
    assert len(rows.option) == rows.stops.sum() <= CELLS
    known = days_in(instance, rows)
    for (kind, trips), cost in known[-200:]:
        timed = time_day(instance, kind, trips)
        assert timed is not None and cost == pytest.approx(timed.cost, rel=1e-9, abs=1e-6)
    lane.run(300, 50.0, 1.0)
    again = lane.gathered()
    assert 0 < len(again.kind) <= ROWS
    costs = dict(zip(sets_of(instance, rows), rows.cost.tolist(), strict=True))
    for key, cost in zip(sets_of(instance, again), again.cost.tolist(), strict=True):
        assert cost < costs.get(key, np.inf)


def test_full_cells_end_the_gathering_until_they_are_fetched() -> None:
    """Where the stops have no room, days of fewer may still fit, and none is cut short."""
    instance, lane = greedy_lane()
    room = 7
    lane.harvest.size[1] = CELLS - room
    lane.run(300, 50.0, 1.0)
    h = lane.harvest
    rows, cells = (int(x) for x in h.size)
    assert rows > 0 and CELLS - room < cells <= CELLS
    assert h.stops[:rows].sum() == cells - (CELLS - room)
    fitted = Rows(h.kind[:rows].copy(), h.cost[:rows].copy(), h.stops[:rows].copy(), h.option[CELLS - room : cells])
    for (kind, trips), cost in days_in(instance, fitted):
        timed = time_day(instance, kind, trips)
        assert timed is not None and cost == pytest.approx(timed.cost, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("full", ["rows", "cells"])
def test_a_day_without_room_does_not_count_as_gathered(full: str) -> None:
    """One row short, or one cell, nothing is noted of a day, so that it is taken at the next chance – but then once."""
    _, lane = greedy_lane()
    w, s, h = lane.world, lane.state, lane.harvest
    r = int(np.argmax(s.info[:, STOPS]))
    stops = int(s.info[r, STOPS])
    h.size[:] = (ROWS, 0) if full == "rows" else (0, CELLS - stops + 1)
    before = h.size.tolist()
    gather(w, s, h, r)
    assert h.size.tolist() == before
    h.size[:] = (ROWS - 1, 0) if full == "rows" else (0, CELLS - stops)
    gather(w, s, h, r)
    assert h.size.tolist() == [before[0] if full == "rows" else 1, stops if full == "rows" else CELLS]
    h.size[:] = 0
    gather(w, s, h, r)
    assert h.size.tolist() == [0, 0]


def test_many_days_make_the_lane_choosy() -> None:
    """With more than wanted, the slack becomes that within which just so many would have been gathered."""
    _, lane = greedy_lane()
    lane.run(1500, 50.0, 1.0)
    rows = int(lane.harvest.size[0])
    over = lane.harvest.over[:rows].copy()
    assert rows > WANTED
    lane.gathered()
    slack = float(lane.harvest.slack[0])
    assert slack == np.sort(over)[WANTED]
    assert (over < slack).sum() <= WANTED <= (over <= slack).sum()


def test_few_days_make_the_lane_generous() -> None:
    """One van at 50 a day: the first slack is 1, and grows by a five-hundredth of itself and of that day."""
    van = vehicle("van", line_table("t", [0] * 4), cost_per_day=50.0)
    lane = lane_of(make_instance(problem([task(f"s{i}") for i in range(4)], [van])), 1)
    lane.run(200, 10.0, 0.1)
    assert lane.money == pytest.approx(50.0)
    lane.look_for(np.zeros(4), np.zeros(1))
    assert float(lane.harvest.slack[0]) == pytest.approx(FIRST_SLACK * 50.0) == 1.0
    lane.run(50, 10.0, 0.1)
    assert len(lane.gathered().kind) == 0
    assert float(lane.harvest.slack[0]) == pytest.approx(1.0 + WIDER * 51.0)
