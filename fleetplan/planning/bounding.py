"""A lower bound on what any plan costs: the linear program over all trips, by column generation.

A plan is a set of trips that serves every stop. Each trip costs at least its kilometres, the wage of its driving,
loading and service, and its share of what a vehicle-day costs at all: the day's cost divided by the trips that a day
may have, and likewise the paid minimum, of which a share ``λ`` is taken with ``1 − λ`` of the wage by the second,
since the larger of two numbers is at least any mean of them. Waiting, overtime, windows, lateness, rests, ranges,
docks and all loads but the scarcest are left out; each of them can only make plans dearer. Trips may come back to a
stop (see :mod:`fleetplan.planning.pricing`).

Any prices of the stops give a valid bound, converged or not: with ``r < 0`` the least reduced cost and ``f > 0`` the
least cost of any trip, prices divided by ``1 − r / f`` leave no trip a negative reduced cost, and their sum is a
bound by duality (after A. A. Farley, "A note on bounding a class of linear programming problems, including cutting
stock problems", Operations Research 38 (1990), 922–923). So the search for good prices may stop at any time.

How tight it is, on 100 stops beside the best plans known: 6 % below on a capacitated problem and 9 % on a city
problem of three types without windows, but 18 % with windows on a third of its stops (14 % with the small type alone)
and 22 % with several trips a day as well. There it says little, and a report should show the spread over seeds.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetplan.planning.instance import FAR_S, Instance, TypeClass, with_tolerance
from fleetplan.planning.linear import LinearProgram
from fleetplan.planning.pricing import FAR, price, trace

LARGEST = 200
"""Stops up to which a bound is tried: the work grows with their square, and the rounds with their number."""

SHARES = (0.0, 1.0)
"""Of the paid minimum that are tried; which one is better shows only when prices have settled."""

EFFORT = 150
"""Rounds of pricing, with which prices settle on 100 stops: 1.5 s for one type, 25 s for three on one core."""

LEVELS = 300
MOST_LEVELS = 2000
"""Steps that a scarce resource is counted in, rounded down; more where single stops take less than a step."""

STOPS_SHARE = 0.25
"""Weight of the number of stops beside the resource, where some stops take nearly nothing of it."""

SMOOTHING = 0.7
"""Weight of the best prices so far beside the linear program's (P. Wentges, "Weighted Dantzig–Wolfe decomposition for
linear mixed-integer programming", International Transactions in Operational Research 4 (1997), 151–162)."""

COLUMNS = 40
"""Trips that a class adds to the linear program per round."""

SLACK = 1e-9
"""Relative room for the rounding of floats; a bound gives way by it."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bound:
    """No plan costs less.

    Attributes:
        value: money. Where unserved parcels have a price, of any plan; else of any plan that serves every stop.
        kind: how it was found, for the report.
    """

    value: float
    kind: str


def lower_bound(
    instance: Instance, *, effort: int = EFFORT, stopped: Callable[[], bool] = lambda: False
) -> Bound | None:
    """A bound on the cost of every plan, or ``None`` where none is to be had.

    Args:
        instance: what is planned; docks, rests and other rules are relaxed.
        effort: rounds of pricing; the answer repeats exactly.
        stopped: asked before every round; true ends the work with the bound found so far, which is as valid.
    """
    pay = instance.problem.pay
    if instance.size == 0:
        return Bound(0.0, "nothing to serve")
    if instance.size > LARGEST or effort < 1 or pay.overtime_factor < 1.0:
        return None
    shares = SHARES if pay.min_s > 0 and pay.wage_per_h > 0 else (0.0,)
    usable = [c for c in instance.classes if c.count > 0 and len(c.options.task)]
    best = 0.0
    for share in shares:
        value = _search(instance, usable, share, effort, stopped)
        if value is None:
            return None
        best = max(best, value)
    return Bound(best, "linear program over trips") if best > 0 else None


def _search(
    instance: Instance, classes: list[TypeClass], share: float, effort: int, stopped: Callable[[], bool]
) -> float | None:
    """The bound with a share of the paid minimum in the trips' fixed part; ``None`` where there is none."""
    nets = [net for c in classes if (net := _net(instance, c, share)) is not None]
    if len(nets) < len(classes):
        return None
    prices = _Prices(instance, nets)
    return prices.search(effort, stopped) if prices.possible else 0.0


@dataclass(frozen=True, eq=False)
class _Net:
    """A class's trips: node 0 is the depot, the others are tasks at their standing places.

    Attributes:
        task: ``[m]``, -1 at the depot.
        arc: ``[m, m]`` money, the trip's fixed part on the arcs from the depot.
        use, levels: the scarce resource.
        most: trips of the class at most.
        least: what any trip costs at least.
    """

    task: Ints
    arc: Floats
    use: Ints
    levels: int
    most: float
    least: float


def _net(instance: Instance, made: TypeClass, share: float) -> _Net | None:
    """The trips of a class, a share of the paid minimum in their fixed part; ``None`` where they cannot be counted."""
    pay, options = instance.problem.pay, made.options
    pairs = np.unique(options.task * (len(made.time_s) + 1) + options.point, return_inverse=True)
    nodes = len(pairs[0])
    task, point = pairs[0] // (len(made.time_s) + 1), pairs[0] % (len(made.time_s) + 1)
    stand_s, late = np.full(nodes, np.inf), np.full(nodes, np.inf)
    np.minimum.at(stand_s, pairs[1], options.duration_s.astype(np.float64))
    np.minimum.at(late, pairs[1], options.price)
    task, point = np.concatenate([[-1], task]), np.concatenate([[0], point])
    stand_s, late = np.concatenate([[0.0], stand_s]), np.concatenate([[0.0], late])
    drive_s = made.time_s[np.ix_(point, point)].astype(np.float64)
    metres = made.distance_m[np.ix_(point, point)].astype(np.float64)
    wage = pay.wage_per_h / 3600.0
    trips = float(min(made.max_trips, instance.size))
    second = (1.0 - share) * wage
    fixed = (made.cost_per_day + share * wage * pay.min_s) / trips + second * made.loading_s
    arc = second * (drive_s + stand_s[None, :]) + made.cost_per_m * metres + late[None, :]
    arc[0, :] += fixed
    absent = drive_s >= FAR_S
    arc[absent] = FAR
    np.fill_diagonal(arc, FAR)
    busy_s = np.where(absent, 0.0, drive_s + stand_s[None, :])
    found = _resource(instance, made, task, busy_s, ~absent)
    if found is None:
        return None
    use, levels = found
    # The cheapest trip of all: the cheapest way out, and the cheapest way home, be it from another stop.
    least = float(arc[0, 1:].min() + arc[1:, 0].min())
    if least >= FAR:
        return None
    return _Net(task.astype(np.int64), arc, use, levels, made.count * trips, least)


def _resource(
    instance: Instance, made: TypeClass, task: Ints, busy_s: Floats, there: NDArray[np.bool_]
) -> tuple[Ints, int] | None:
    """Use of the scarcest of loads and time on each arc, rounded down, and how much there is of it."""
    stops = task[1:]
    each, index = np.unique(stops, return_index=True)
    span_s = float(min(made.shift_s[1] - made.shift_s[0], made.max_span_s)) - made.loading_s
    if span_s <= 0:
        return None
    nearest_s = np.where(there, busy_s, np.inf)[:, 1:].min(axis=0)
    wanted = float(nearest_s[index].sum()) / span_s
    part = busy_s / span_s
    for loads in (instance.deliver, instance.collect):
        for unit, capacity in enumerate(made.capacity):
            if not 0 < capacity < math.inf:
                continue
            ratio = float(loads[each, unit].sum()) / capacity
            if ratio >= wanted:
                wanted = ratio
                part = np.zeros_like(busy_s)
                part[:, 1:] = (loads[stops, unit] / with_tolerance(capacity))[None, :]
    # Elementary trips have no more stops than there are tasks, nor than the smallest uses that fit together.
    least = np.where(there, part, np.inf)[:, 1:].min(axis=0)
    smallest = np.sort(np.array([least[stops == x].min() for x in each]))
    fit = int(np.searchsorted(np.cumsum(smallest), 1.0 + SLACK, side="right"))
    most_stops = max(1, min(len(each), fit, made.max_stops))
    if float(least.min()) * MOST_LEVELS < 1.0:
        part = part * (1.0 - STOPS_SHARE)
        part[:, 1:] += STOPS_SHARE / most_stops
        least = least * (1.0 - STOPS_SHARE) + STOPS_SHARE / most_stops
    levels = max(LEVELS, math.ceil(1.0 / max(float(least.min()), 1e-12)))
    if levels > MOST_LEVELS:
        return None
    use = np.floor(part * levels * (1.0 - SLACK) + SLACK).astype(np.int64)
    use[:, 1:] = np.maximum(use[:, 1:], 1)
    return use, levels


class _Prices:
    """The search for prices of stops whose sum, made valid, is as large as can be."""

    def __init__(self, instance: Instance, nets: list[_Net]) -> None:
        self.instance, self.nets = instance, nets
        n = instance.size
        self.most = instance.unserved_cost.copy() if instance.priced else np.full(n, np.inf)
        alone = np.full(n, np.inf)
        for net in nets:
            back = net.arc[0, 1:] + net.arc[1:, 0]
            np.minimum.at(alone, net.task[1:], np.where(back < FAR, back, np.inf))
        self.alone = np.minimum(alone, self.most)
        self.possible = bool(np.isfinite(self.alone).all()) and all(net.least > 0 for net in nets)

    def search(self, effort: int, stopped: Callable[[], bool]) -> float:
        """The best bound within so many rounds."""
        n = self.instance.size
        master = _Master(n, [net.most for net in self.nets], self.alone)
        best, centre, centre_extra = 0.0, np.zeros(n), np.zeros(len(self.nets))
        for turn in range(effort):
            if stopped():
                break
            solved = master.solve()
            if solved is None:
                break
            dual, extra, value = solved
            if value <= best * (1.0 + 1e-6):
                break
            weight = SMOOTHING if turn else 0.0
            found = False
            for mixed in (weight, 0.0) if weight else (0.0,):
                prices = np.clip(mixed * centre + (1.0 - mixed) * dual, 0.0, self.most)
                fines = np.minimum(mixed * centre_extra + (1.0 - mixed) * extra, 0.0)
                bound, columns = self._priced(prices, fines, dual, extra)
                if bound > best:
                    best, centre, centre_extra = bound, prices, fines
                if columns:
                    master.add(columns)
                    found = True
                    break
            if not found:
                break
        return best * (1.0 - SLACK)

    def _priced(
        self, prices: Floats, fines: Floats, dual: Floats, extra: Floats
    ) -> tuple[float, list[tuple[int, float, Ints]]]:
        """The valid bound of some prices, and trips that the linear program lacks: class, cost and tasks."""
        worst, columns = 1.0, []
        for number, net in enumerate(self.nets):
            reward = np.concatenate([[0.0], prices])[net.task + 1]
            cost, before, level, rank, last = price(net.arc, net.use, reward, net.task, net.levels)
            least = float(cost.min()) - float(fines[number])
            if least < 0:
                worst = max(worst, 1.0 - least / net.least)
            for end in np.argsort(cost, kind="stable")[:COLUMNS].tolist():
                if cost[end] - fines[number] >= 0:
                    break
                nodes = trace(before, level, rank, last, end)
                tasks = net.task[nodes]
                money = float(cost[end] + reward[nodes].sum())
                if money - float(dual[tasks].sum()) - float(extra[number]) < -1e-9 * max(1.0, money):
                    columns.append((number, money, tasks))
        most = np.array([net.most for net in self.nets])
        return float(prices.sum() + (fines * most).sum()) / worst, columns


class _Master:
    """The linear program over the trips found so far: each stop at least once, or at the cost of serving it alone."""

    def __init__(self, tasks: int, most: list[float], alone: Floats) -> None:
        self.tasks = tasks
        lower = np.concatenate([np.ones(tasks), np.full(len(most), -math.inf)])
        upper = np.concatenate([np.full(tasks, math.inf), most])
        self.program = LinearProgram(lower, upper, method="primal")
        self.program.add(alone, np.arange(tasks), np.arange(tasks), np.ones(tasks))

    def add(self, columns: list[tuple[int, float, Ints]]) -> None:
        """Adds trips."""
        entries: Counter[tuple[int, int]] = Counter()
        for column, (number, _, tasks) in enumerate(columns):
            entries[self.tasks + number, column] = 1
            entries.update((x, column) for x in tasks.tolist())
        place = np.array(list(entries), dtype=np.int64).reshape(-1, 2)
        cost = np.array([cost for _, cost, _ in columns])
        self.program.add(cost, place[:, 0], place[:, 1], np.array(list(entries.values()), dtype=np.float64))

    def solve(self) -> tuple[Floats, Floats, float] | None:
        """Prices of the stops, fines of the classes, and the value of the program; ``None`` when that fails."""
        answer = self.program.solve()
        return None if answer is None else (answer.duals[: self.tasks], answer.duals[self.tasks :], answer.value)
