"""How the search lays out a problem (:class:`World`) and a solution (:class:`State`) in arrays.

A solution is a doubly linked list of **entities** per vehicle's day: the tasks, and markers for the start of the
day, the return at its end, further loadings between trips, and rests. Tasks are entities ``0 … n-1``; each of the
``slots`` days owns ``own + 2`` markers: its start, its end, and ``own`` for loadings and rests, so that days can be
copied one by one.

Each entity has one row of integers and one of floats, so that what belongs together shares a cache line. The float
rows hold, for the exact cost of a change in constant time, the segments ``(duration, earliest, latest)`` of the day up
to the entity, from it to the end, and of its trip without loading up to it (see ``timing.py``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleetplan.planning.kernel.bundles import Bundle

Bytes = NDArray[np.int8]
Ints32 = NDArray[np.int32]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Words = NDArray[np.uint64]

NEXT, PREV, DAY, OPTION, POINT, TRIP, KIND, RULE = range(8)
"""Columns of an entity's integers: neighbours in the day, its day (-1: none), option (of a task), standing point,
the marker that begins its trip, its kind, and the rest rule of a rest."""

FREE, TASK, START, RELOAD, END, REST = range(6)
"""Kinds of entities; FREE markers lie in no day."""

PRE, SUF, MID, ARC_M, DRIVEN, TO_DRIVE = 0, 3, 6, 9, 10, 11
"""Columns of an entity's floats: the three segments (three columns each), metres of the arc to the next entity, and
seconds driven since the last rest that the driving rule counts, and still to drive until the next."""
FLOATS = 12

LOAD, READY, ENERGY, ROOM = 0, 3, 4, 5
"""Columns of a marker that begins a trip: load delivered (kg, m³, parcels), moment from which its goods can be
loaded, energy used, and energy that the trip may use beyond that."""
TRIP_FLOATS = 6

COST, METRES, SPAN, LATE, UNPAID, BUSY, OVER = range(7)
"""Columns of a day's floats; LATE is the price of its options, BUSY its seconds without waiting.

OVER is its overload, which only the search keeps (``annealing``)."""
DAY_FLOATS = 7

NOW, FIRST, LEAST, MOST = range(4)
"""Columns of the price of overload."""

TOTALS = 5
"""Totals of a solution; the overload and the days with it are kept by the search alone, too."""

CLASS, STOPS, TRIPS, TAKEN, FAULT = range(5)
"""Columns of a day's integers; an unused slot has no stop. TAKEN is a bit per rest rule, FAULT what forbids the day."""
DAY_INTS = 5

LACKS_REST, DRIVES_LONG, BROKEN = 1, 2, 4
"""Bits of FAULT: a rest is due that is not taken, the driving rule is broken, and times or battery do not hold."""

NEAR_TASKS = 100
"""Neighbours of a task that strings are removed from."""

CLOSE_TASKS = 40
"""Neighbours of a task beside which it is put back."""

LENGTH, OPENS, CLOSES, PRICE = range(4)
"""Columns of an option: seconds from parked to back at the vehicle, span of moments to stand parked, and money for
lateness."""

BASE, WIDTH, PARK_BASE, ENERGY_BASE, COUNT, MOST_TRIPS, MOST_STOPS, GROUP = range(8)
"""Columns of a class's whole numbers: where its tables begin and how many points they have (no energy: -1), its limits,
and a number shared by classes that have tables and options in common."""

FIXED, PER_M, MOST_SPAN, SHIFT, SHIFT_END, LOADING, TURNAROUND, USABLE, CHARGE, CAPACITY = range(10)
"""Columns of a class's amounts; the last are three capacities, tolerance included."""

DELIVER, COLLECT, READY_AT, UNSERVED, SOFT, SORT = 0, 3, 6, 7, 8, 9
"""Columns of a task: loads (three each), moment from which its goods can be loaded, weight of leaving it out, what
that counts while searching, and what it is sorted by: share of the largest vehicle, distance from the depot, length of
its windows, their opening and close."""
TASK_FLOATS = 14

WAGE, PAID_MIN, OVERTIME_AFTER, OVERTIME_EXTRA, DRIVE_LIMIT = range(5)
"""Pay per second, least seconds paid, overtime and what a second of it costs in addition; longest drive
without a rest."""

REST_S, REST_OPENS, REST_CLOSES, REST_AFTER, REST_UNPAID, REST_COUNTS = range(6)
"""Columns of a rest rule; the last says whether the driving rule counts it."""


class World(NamedTuple):
    """The problem; never changed by the search. Few arrays, because each is handed to every compiled function."""

    n: int
    classes: int
    slots: int
    own: int
    dims: int
    timed: int
    readies: int
    collects: int
    batteries: int
    rules: int
    priced: int
    options: Ints32  # [classes * n, 2] first option of a task and one beyond its last
    point: Ints32  # [options]
    option: Floats  # [options, 4]
    table: Ints32  # [cells, 2] seconds with parking, and metres: all classes, one after the other
    park: Ints32  # [points of all classes]
    energy: Floats
    numbers: Ints  # [classes, 8]
    amounts: Floats  # [classes, 12]
    per_vehicle: Floats  # [3] share of the largest vehicle that a unit of each load is
    task: Floats  # [n, TASK_FLOATS]
    pay: Floats
    rests: Floats  # [rules, 6]
    alone: Floats  # [classes * n] cost of a day of its own, infinite where impossible
    alone_option: Ints32
    near: Ints32  # [n, NEAR_TASKS] tasks by distance, for removal; -1 where there are no more
    close: Ints32  # [n, CLOSE_TASKS] tasks by distance and windows, for insertion


class State(NamedTuple):
    """A solution. Rows beyond the tasks are markers."""

    entity: Ints32  # [entities, 8]
    segment: Floats  # [entities, FLOATS]
    trip: Floats  # [entities - n, TRIP_FLOATS]
    peak: Floats  # [entities, 2, 3] highest load of the trip before and after, with collections only
    day: Floats  # [slots, DAY_FLOATS]
    info: Ints  # [slots, DAY_INTS]
    used: Ints  # [classes] days in use
    total: Floats  # [TOTALS] money of days, weight of tasks left out, what those count, overload, days with it
    left: Ints32  # [n + 1] number of tasks left out, then those


def empty_state(world: Bundle) -> Bundle:
    """A solution without days and tasks."""
    entities = world.n + world.slots * (world.own + 2)
    state = State(
        entity=np.full((entities, 8), -1, dtype=np.int32),
        segment=np.zeros((entities, FLOATS)),
        trip=np.zeros((entities - world.n, TRIP_FLOATS)),
        peak=np.zeros((entities if world.collects else 1, 2, 3)),
        day=np.zeros((world.slots, DAY_FLOATS)),
        info=np.zeros((world.slots, DAY_INTS), dtype=np.int64),
        used=np.zeros(world.classes, dtype=np.int64),
        total=np.zeros(TOTALS),
        left=np.zeros(world.n + 1, dtype=np.int32),
    )
    bundle = Bundle(state)
    clear(world, bundle)
    return bundle


def clear(world: Bundle, state: Bundle) -> None:
    """All days unused, and no task in any."""
    state.entity[:] = -1
    state.entity[: world.n, KIND] = TASK
    state.entity[world.n :, KIND] = FREE
    for table in (state.day, state.info, state.used, state.total, state.left):
        table[:] = 0
