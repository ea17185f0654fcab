"""One lane of the search: a solution that is annealed, with all it needs. Lanes can run in threads side by side."""

from __future__ import annotations

import numpy as np

from fleetplan.planning.instance import FAR_S, Day, Instance
from fleetplan.planning.kernel.annealing import Tune, anneal, copy_all, make_work
from fleetplan.planning.kernel.bundles import Bundle
from fleetplan.planning.kernel.chance import seeded
from fleetplan.planning.kernel.layout import BASE, PER_M, WAGE, WIDTH, empty_state
from fleetplan.planning.kernel.world import days_of, make_world, put_days


class Lane:
    """A search in progress."""

    def __init__(self, instance: Instance, *, seed: int, number: int = 0, world: Bundle | None = None) -> None:
        self.instance = instance
        self.world = make_world(instance) if world is None else world
        self.rng = seeded(seed, number)
        self.work = make_work(self.world)
        self.state = empty_state(self.world)
        self.kept = empty_state(self.world)
        self.best = empty_state(self.world)
        self.tune = Tune()

    def start(self, days: list[Day]) -> None:
        """Go on from given days."""
        self.state = empty_state(self.world)
        put_days(self.world, self.instance, self.state, days)
        copy_all(self.world, self.kept, self.state)
        copy_all(self.world, self.best, self.state)

    def run(self, iterations: int, hot: float, cold: float) -> int:
        """So many steps; returns how many were improvements."""
        return int(
            anneal(self.world, self.state, self.kept, self.best, self.work, self.rng, self.tune, iterations, hot, cold)
        )

    def days(self) -> list[Day]:
        """The best days so far."""
        return days_of(self.world, self.instance, self.best)

    @property
    def cost(self) -> tuple[float, float]:
        """Money of the best solution, and weight of the tasks it leaves out."""
        return float(self.best.total[0]), float(self.best.total[1])


def unit_cost(world: Bundle) -> float:
    """Mean money of an arc to one of the five nearest tasks: what temperatures are measured in."""
    near = world.near[:, : min(5, world.near.shape[1])]
    costs = []
    for c in range(world.classes):
        options = world.options[c * world.n : (c + 1) * world.n]
        able = np.flatnonzero(options[:, 1] > options[:, 0])
        p = np.zeros(world.n, dtype=np.int64)
        p[able] = world.point[options[able, 0]]
        base, width = world.numbers[c, BASE], world.numbers[c, WIDTH]
        cells = world.table[base + p[able][:, None] * width + p[near[able]]]
        money = world.amounts[c, PER_M] * cells[..., 1] + world.pay[WAGE] * cells[..., 0]
        usable = cells[..., 0] < FAR_S
        if usable.any():
            costs.append(float(money[usable].mean()))
    return float(np.mean(costs)) if costs else 1.0
