"""One lane of the search: a solution that is annealed, with all it needs. Lanes run in threads side by side."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from fleetplan.planning.instance import FAR_S, Day, Instance
from fleetplan.planning.kernel.annealing import Tune, anneal, copy_all, make_work, recount
from fleetplan.planning.kernel.bundles import Bundle
from fleetplan.planning.kernel.chance import seeded
from fleetplan.planning.kernel.days import days_of, put_days
from fleetplan.planning.kernel.harvest import make_harvest
from fleetplan.planning.kernel.layout import (
    BASE,
    COST,
    COUNT,
    FIRST,
    LEAST,
    MOST,
    NOW,
    OVER,
    PER_M,
    STOPS,
    WAGE,
    WIDTH,
    Floats,
    clear,
    empty_state,
)
from fleetplan.planning.kernel.timing import INFINITE
from fleetplan.planning.pool import Rows, rows_of

FIRST_SLACK = 0.02
"""Share of a mean day's cost that a day may cost above the prices of its stops, to be gathered: at first, and at
least whenever prices change."""

WANTED = 600
"""Days wanted from each round; where they are more, the slack becomes what just so many would have kept within."""

WIDER = 0.002
"""Share of itself, and of a mean day's cost, that the slack grows by where they are few."""


FULL = 0.8
"""Share of all that the whole fleet can carry beyond which the search passes through overloaded vehicles, once every
stop is served: before, what is left out and what is too much would be weighed against each other."""

VEHICLE_FULL, STRAIN_RANGE = 10.0, 1e4
"""Price of an overload of one vehicle at first, in arcs for each of its stops; by what factor it may change."""


class Lane:
    """A search in progress, over all tasks or over those that it is given.

    Args:
        instance, world: the problem, twice.
        seed: one or more numbers that steer the random choices.
    """

    def __init__(self, instance: Instance, world: Bundle, *, seed: Sequence[int]) -> None:
        self.instance = instance
        self.world = world
        self.rng = seeded(*seed)
        self.work = make_work(world)
        self.state, self.kept, self.best = (empty_state(world) for _ in range(3))
        self.harvest = make_harvest(world.n, world.classes)
        self.tune = Tune()
        self.strain = INFINITE
        if fill_of(instance) > FULL:
            self.strain = VEHICLE_FULL * unit_cost(world) * world.n / sum(c.count for c in instance.classes)
            self.work.strain[LEAST], self.work.strain[MOST] = self.strain / STRAIN_RANGE, self.strain * STRAIN_RANGE

    def start(
        self,
        days: Sequence[Day],
        left: Iterable[int],
        *,
        counts: Sequence[int] | None = None,
        strained: bool = True,
    ) -> None:
        """Go on from days and tasks left out; all other tasks belong to somebody else.

        Args:
            days, left: disjoint in their tasks; days of a lane's current solution may be overloaded.
            counts: vehicles of each class, these days' included; all by default.
            strained: whether vehicles of a nearly full fleet may be overloaded on the way, once all these are served.
        """
        if counts is not None:
            numbers = self.world.numbers.copy()
            numbers[:, COUNT] = counts
            self.world = self.world.replace(numbers=numbers)
        missing = sorted(left)
        put_days(self.world, self.instance, self.state, days, missing)
        recount(self.world, self.state, self.work)
        strain = self.work.strain
        strain[FIRST] = self.strain if strained else INFINITE
        if (self.state.left[0] or not strained) and not self.overloaded(best=False):
            strain[NOW] = INFINITE
        elif strain[NOW] >= INFINITE:
            strain[NOW] = self.strain
        for state in (self.kept, self.best):
            clear(self.world, state)
            copy_all(self.world, state, self.state)
        tasks = [x for day in days for x in self.instance.tasks_of(day)] + missing
        self.work.active[0] = len(tasks)
        self.work.active[1 : len(tasks) + 1] = tasks
        self.work.dirty[0] = 0
        self.work.is_dirty[:] = 0

    def run(self, iterations: int, hot: float, cold: float) -> int:
        """So many steps; returns how many were improvements."""
        return int(
            anneal(
                self.world,
                self.state,
                self.kept,
                self.best,
                self.work,
                self.harvest,
                self.rng,
                self.tune,
                iterations,
                hot,
                cold,
            )
        )

    def look_for(self, worth: Floats, extra: Floats) -> None:
        """Gather days that cost hardly more than these prices of their stops and vehicles, from now on."""
        self.harvest.worth[:], self.harvest.extra[:] = worth, extra
        self.harvest.slack[0] = max(float(self.harvest.slack[0]), FIRST_SLACK * self._mean_day())

    def gathered(self) -> Rows:
        """The days gathered since the last call. How many they are says how choosy to be until the next."""
        h = self.harvest
        rows, stops = int(h.size[0]), int(h.size[1])
        h.size[:] = 0
        if h.slack[0] > -INFINITE:
            if rows > WANTED:
                h.slack[0] = float(np.partition(h.over[:rows], WANTED)[WANTED])
            elif rows < WANTED // 2:
                h.slack[0] += WIDER * (abs(float(h.slack[0])) + self._mean_day())
        return Rows(h.kind[:rows].copy(), h.cost[:rows].copy(), h.stops[:rows].copy(), h.option[:stops].copy())

    def best_days(self) -> list[Day]:
        """The days of the best solution."""
        return days_of(self.world, self.instance, self.best)

    def current_days(self) -> list[Day]:
        """The days of the current solution."""
        return days_of(self.world, self.instance, self.state)

    def rows(self, *, best: bool) -> Rows:
        """The days of the best or of the current solution that overload nothing, and what each costs."""
        state = self.best if best else self.state
        used = state.info[:, STOPS] > 0
        fits = state.day[used, OVER] <= 0.0
        days = [day for day, fit in zip(days_of(self.world, self.instance, state), fits, strict=True) if fit]
        return rows_of(self.instance, days, state.day[used, COST][fits].tolist())

    def left(self, *, best: bool) -> list[int]:
        """Tasks left out."""
        state = self.best if best else self.state
        return [int(x) for x in state.left[1 : state.left[0] + 1]]

    def overloaded(self, *, best: bool) -> bool:
        """Whether vehicles are overloaded; in the best solution only where a search began so and found no other."""
        return bool((self.best if best else self.state).total[4] > 0.0)

    def _mean_day(self) -> float:
        return float(self.best.total[0]) / max(1, int(self.best.used.sum()))

    @property
    def total(self) -> float:
        """Money and weight of the best solution."""
        return float(self.best.total[0] + self.best.total[1])

    @property
    def money(self) -> float:
        """Money of the best solution's days."""
        return float(self.best.total[0])


def fill_of(instance: Instance) -> float:
    """Share of what the fleet can carry on all its trips that there is to carry, of the load that fills it most."""
    shares = [0.0]
    for unit in range(3):
        room = sum(c.count * c.max_trips * c.capacity[unit] for c in instance.classes if c.count)
        most = max(float(instance.deliver[:, unit].sum()), float(instance.collect[:, unit].sum()))
        if 0.0 < room < math.inf:
            shares.append(most / room)
    return max(shares)


def unit_cost(world: Bundle) -> float:
    """Mean money of an arc to one of the five nearest tasks, for the cheapest class: the measure of temperatures."""
    near = world.near[:, :5]
    costs = []
    for c in range(world.classes):
        options = world.options[c * world.n : (c + 1) * world.n]
        able = options[:, 1] > options[:, 0]
        pairs = able[:, None] & (near >= 0) & able[near]
        if not pairs.any():
            continue
        point = np.zeros(world.n, dtype=np.int64)
        point[able] = world.point[options[able, 0]]
        base, width = world.numbers[c, BASE], world.numbers[c, WIDTH]
        x, k = np.nonzero(pairs)
        cells = world.table[base + point[x] * width + point[near[x, k]]]
        cells = cells[cells[:, 0] < FAR_S]
        if len(cells):
            costs.append(float((world.amounts[c, PER_M] * cells[:, 1] + world.pay[WAGE] * cells[:, 0]).mean()))
    mean = min(costs, default=0.0)
    return mean if mean > 0 else 1.0
