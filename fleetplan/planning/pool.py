"""Days kept as rows of arrays: many thousands are held, compared and handed on at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fleetplan.planning.instance import Day, Instance

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Rows:
    """Days in compressed rows.

    Attributes:
        kind, cost, stops: ``[m]`` class, money and number of stops.
        option: the options of all stops, day after day, counted over all classes; the first of each trip but a day's
            first is given as -1 minus the option.
    """

    kind: Ints
    cost: Floats
    stops: Ints
    option: Ints


class Pool:
    """Days with their tasks; no two of one class serve the same tasks.

    Args:
        instance: what they belong to.
        rows: days; dearer ones that repeat others, those that serve a task twice, and those without a price are
            passed over.

    Attributes:
        kind, cost, stops, option: as in :class:`Rows`.
        place: for each day given, where it, or the cheaper one that it repeats, is among the days kept; -1: nowhere.
    """

    def __init__(self, instance: Instance, rows: Sequence[Rows]) -> None:
        self.instance = instance
        self.kind = np.concatenate([np.zeros(0, np.int64), *(one.kind for one in rows)]).astype(np.int64)
        self.cost = np.concatenate([np.zeros(0), *(one.cost for one in rows)])
        self.stops = np.concatenate([np.zeros(0, np.int64), *(one.stops for one in rows)]).astype(np.int64)
        self.option = np.concatenate([np.zeros(0, np.int64), *(one.option for one in rows)]).astype(np.int64)
        kept, self.place = self._first_of_each()
        self._take(kept)

    def __len__(self) -> int:
        return len(self.kind)

    @cached_property
    def begin(self) -> Ints:
        """``[m+1]``; the tasks of day ``j`` are ``task[begin[j]:begin[j+1]]``."""
        return np.concatenate([[0], np.cumsum(self.stops)])

    @cached_property
    def task(self) -> Ints:
        """All tasks, day after day."""
        tasks = np.concatenate([c.options.task for c in self.instance.classes])
        return np.asarray(tasks[np.where(self.option < 0, -1 - self.option, self.option)], dtype=np.int64)

    def entries(self, columns: Ints) -> tuple[Ints, Ints]:
        """Tasks of some days, and for each the position of its day among them."""
        where, position = self._cells(columns)
        return self.task[where], position

    def rows(self) -> Rows:
        """The days, to be joined with others."""
        return Rows(self.kind, self.cost, self.stops, self.option)

    def day(self, j: int) -> Day:
        """One day."""
        kind = int(self.kind[j])
        first = sum(len(c.options.task) for c in self.instance.classes[:kind])
        trips: list[list[int]] = [[]]
        for option in self.option[self.begin[j] : self.begin[j + 1]].tolist():
            if option < 0:
                trips.append([])
            trips[-1].append((-1 - option if option < 0 else option) - first)
        return kind, tuple(tuple(trip) for trip in trips if trip)

    def reduced(self, worth: Floats, extra: Floats, columns: Ints | None = None) -> Floats:
        """What days cost above the prices of their stops, and of their vehicles: all of them, or some."""
        columns = np.arange(len(self)) if columns is None else columns
        tasks, position = self.entries(columns)
        prices = np.bincount(position, weights=worth[tasks], minlength=len(columns))
        return np.asarray(self.cost[columns] - prices - extra[self.kind[columns]], dtype=np.float64)

    def keep_least(self, value: Floats, most: int) -> None:
        """Drop all but so many days of the least value."""
        if len(self) > most:
            kept = np.sort(np.argsort(value, kind="stable")[:most])
            # the last place is for those that are nowhere: -1 finds it
            moved = np.full(len(self) + 1, -1, dtype=np.int64)
            moved[kept] = np.arange(len(kept))
            self.place = moved[self.place]
            self._take(kept)

    def _take(self, columns: Ints) -> None:
        where, _ = self._cells(columns)
        self.option = self.option[where]
        self.kind, self.cost, self.stops = self.kind[columns], self.cost[columns], self.stops[columns]
        for name in ("begin", "task"):
            self.__dict__.pop(name, None)

    def _cells(self, columns: Ints) -> tuple[Ints, Ints]:
        lengths = self.stops[columns]
        offset = np.repeat(self.begin[columns] - np.cumsum(lengths) + lengths, lengths)
        return offset + np.arange(int(lengths.sum())), np.repeat(np.arange(len(columns)), lengths)

    def _first_of_each(self) -> tuple[Ints, Ints]:
        """The cheapest sound day of every class and set of tasks, in order, and where each day's is among them."""
        # A random number of 62 bits per task: days of one class with equal sums serve the same tasks.
        marks = np.random.default_rng(0).integers(1, 2**62, self.instance.size, dtype=np.int64)
        owner = np.repeat(np.arange(len(self)), self.stops)
        total = np.zeros(len(self), dtype=np.int64)
        np.add.at(total, owner, marks[self.task])
        ordered = np.lexsort((self.task, owner))
        twice = (np.diff(self.task[ordered]) == 0) & (np.diff(owner[ordered]) == 0)
        sound = np.isfinite(self.cost) & (self.stops > 0)
        sound[owner[ordered][1:][twice]] = False
        rank = np.lexsort((np.arange(len(self)), self.cost, total, self.kind))
        rank = rank[sound[rank]]
        leader = np.ones(len(rank), dtype=bool)
        leader[1:] = (np.diff(self.kind[rank]) != 0) | (np.diff(total[rank]) != 0)
        kept = np.sort(rank[leader])
        place = np.full(len(self), -1, dtype=np.int64)
        place[rank] = np.searchsorted(kept, rank[leader][np.cumsum(leader) - 1])
        return kept, place


def rows_of(instance: Instance, days: Sequence[Day], costs: Sequence[float] | Floats) -> Rows:
    """Days as rows."""
    first = np.concatenate([[0], np.cumsum([len(c.options.task) for c in instance.classes])])
    option: list[int] = []
    for kind, trips in days:
        for number, trip in enumerate(trips):
            shifted = [int(first[kind]) + o for o in trip]
            if number and shifted:
                shifted[0] = -1 - shifted[0]
            option += shifted
    return Rows(
        kind=np.array([day[0] for day in days], dtype=np.int64),
        cost=np.asarray(costs, dtype=np.float64),
        stops=np.array([sum(map(len, day[1])) for day in days], dtype=np.int64),
        option=np.array(option, dtype=np.int64),
    )
