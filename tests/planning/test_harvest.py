"""Days gathered by the compiled search: each is what it is said to be, and cheap enough beside the prices."""

from __future__ import annotations

import numpy as np
import pytest

from fleetplan.planning.instance import Instance
from fleetplan.planning.kernel import harvest
from fleetplan.planning.kernel.lane import Lane
from fleetplan.planning.pool import Pool, Rows
from fleetplan.planning.schedule import time_day
from tests.planning.kernels import SEEDS, instance_of, lane_of, settled

STEPS = 1500


def fair_prices(instance: Instance) -> tuple[np.ndarray, np.ndarray]:
    """Prices by which many days look cheap: a third of what serving each stop alone costs at most."""
    alone = np.zeros(instance.size)
    for x in range(instance.size):
        for kind, made in enumerate(instance.classes):
            for o in np.flatnonzero(made.options.task == x).tolist():
                timed = time_day(instance, kind, ((o,),))
                if timed is not None:
                    alone[x] = max(alone[x], timed.cost)
    return alone / 3.0, np.full(len(instance.classes), -1.0)


def searched(instance: Instance, seed: int, prices: tuple[np.ndarray, np.ndarray]) -> tuple[Lane, Rows, float]:
    """A lane that has searched with prices: what it gathered, and within what slack."""
    lane = lane_of(instance, seed)
    lane.look_for(*prices)
    slack = float(lane.harvest.slack[0])
    lane.run(STEPS, 100.0, 1.0)
    return lane, lane.gathered(), slack


@pytest.mark.parametrize("seed", SEEDS)
def test_gathered_days_cost_what_they_are_said_to(seed: int) -> None:
    """The slow reference drives every gathered day at the cost gathered, and it lies within the slack of its prices."""
    instance = instance_of(seed)
    prices = fair_prices(instance)
    _, rows, slack = searched(instance, seed, prices)
    pool = Pool(instance, [rows])
    assert np.isfinite(rows.cost).all()
    for j in range(len(pool)):
        timed = time_day(instance, *pool.day(j))
        assert timed is not None
        if settled(instance):
            assert timed.cost == pytest.approx(float(pool.cost[j]), rel=1e-9, abs=1e-6)
        else:
            assert timed.cost <= pool.cost[j] + 1e-6
    if len(pool):
        assert pool.reduced(*prices).max() < slack + 1e-6


def test_many_problems_gather_something() -> None:
    """The other tests look at days: most problems gather some, and some of several trips."""
    pools = [
        Pool(instance_of(seed), [searched(instance_of(seed), seed, fair_prices(instance_of(seed)))[1]])
        for seed in SEEDS
    ]
    assert sum(len(pool) > 0 for pool in pools) > len(pools) / 2
    assert any(len(pool.day(j)[1]) > 1 for pool in pools for j in range(len(pool)))


@pytest.mark.parametrize("seed", list(SEEDS)[:12])
def test_nothing_is_gathered_before_prices_are_known(seed: int) -> None:
    """Without prices every day would look cheap or none: none is gathered."""
    lane = lane_of(instance_of(seed), seed)
    lane.run(STEPS, 100.0, 1.0)
    assert len(lane.gathered().kind) == 0


@pytest.mark.parametrize("seed", list(SEEDS)[:12])
def test_gathering_changes_no_search(seed: int) -> None:
    """A lane that gathers goes the way of one that does not."""
    instance = instance_of(seed)
    gathering, _, _ = searched(instance, seed, fair_prices(instance))
    plain = lane_of(instance, seed)
    plain.run(STEPS, 100.0, 1.0)
    assert gathering.best_days() == plain.best_days()
    assert gathering.current_days() == plain.current_days()


@pytest.mark.parametrize("seed", list(SEEDS)[:12])
def test_the_same_seed_gathers_the_same(seed: int) -> None:
    """Two runs bring the same days in the same order, and a day is not brought again at the same cost."""
    instance = instance_of(seed)
    prices = fair_prices(instance)
    _, first, _ = searched(instance, seed, prices)
    _, second, _ = searched(instance, seed, prices)
    assert first.option.tolist() == second.option.tolist()
    assert first.cost.tolist() == second.cost.tolist()
    begin = np.concatenate([[0], np.cumsum(first.stops)])
    seen: dict[tuple[int, frozenset[int]], float] = {}
    tasks = np.concatenate([made.options.task for made in instance.classes])
    for j in range(len(first.kind)):
        options = first.option[begin[j] : begin[j + 1]]
        key = int(first.kind[j]), frozenset(tasks[np.where(options < 0, -1 - options, options)].tolist())
        assert first.cost[j] < seen.get(key, np.inf)
        seen[key] = float(first.cost[j])


def test_full_buffers_only_lose_days() -> None:
    """With prices that make every day cheap the buffers fill: they are never overrun, and what is there is whole."""
    seed = next(s for s in SEEDS if len(searched(instance_of(s), s, fair_prices(instance_of(s)))[1].kind) > 10)
    instance = instance_of(seed)
    lane = lane_of(instance, seed)
    lane.look_for(np.full(instance.size, 1e9), np.zeros(len(instance.classes)))
    lane.harvest.size[0] = harvest.ROWS - 2
    lane.run(STEPS, 100.0, 1.0)
    assert lane.harvest.size[0] == harvest.ROWS
    lane.harvest.size[:] = 0, harvest.CELLS - 1
    lane.run(STEPS, 100.0, 1.0)
    assert lane.harvest.size[1] <= harvest.CELLS


def test_the_slack_follows_the_harvest() -> None:
    """Too many days: only as many as wanted would have been kept within the new slack; hardly any: it widens."""
    instance = instance_of(SEEDS[0])
    lane = lane_of(instance, 0)
    lane.look_for(*fair_prices(instance))
    rows = harvest.ROWS
    lane.harvest.size[0] = rows
    lane.harvest.over[:] = np.arange(rows)[::-1]
    lane.gathered()
    assert lane.harvest.slack[0] == 600.0
    lane.gathered()
    assert lane.harvest.slack[0] > 600.0
