"""Days worth keeping, gathered while the search goes on: those that look cheap beside the prices of their stops.

A step makes several days and keeps few. Which of them could be part of a better plan shows once the linear program over
all days met so far has put a price on each stop: a day that costs hardly more than the prices of its stops is gathered,
whether the step that made it is accepted or not. This is column generation with the search as its pricing heuristic.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fleetplan.compiling import compiled
from fleetplan.planning.kernel.bundles import Bundle
from fleetplan.planning.kernel.layout import (
    CLASS,
    COST,
    KIND,
    NEXT,
    OPTION,
    RELOAD,
    STOPS,
    TASK,
    Floats,
    Ints,
    Ints32,
    Words,
)
from fleetplan.planning.kernel.linking import start_of
from fleetplan.planning.kernel.timing import INFINITE

ROWS = 4096
"""Most days gathered between two times that they are fetched."""

CELLS = 1 << 17
"""Most stops of those days."""

KNOWN = 1 << 16
"""Places for days that were gathered before; a power of two. One that falls on another's place drives it out."""

_MASK = np.uint64(KNOWN - 1)


class Harvest(NamedTuple):
    """What is gathered, and by what measure."""

    worth: Floats  # [n] price of serving each task
    extra: Floats  # [classes] value of one more vehicle, at most 0
    slack: Floats  # [1] what a day may cost above the prices of its stops; -1e300: nothing is gathered
    mark: Words  # [n + classes] random bits; a day's are those of its class and tasks together
    known: Words  # [KNOWN] bits of days gathered before
    known_cost: Floats  # [KNOWN]
    size: Ints  # [2] days and stops gathered
    kind: Ints32  # [ROWS]
    cost: Floats  # [ROWS]
    over: Floats  # [ROWS] what it costs above the prices
    stops: Ints32  # [ROWS]
    option: Ints32  # [CELLS] options in order; the first of each trip but a day's first is -1 minus the option


def make_harvest(n: int, classes: int) -> Bundle:
    """Gathers nothing until it is given prices."""
    generator = np.random.default_rng(0)
    harvest = Harvest(
        worth=np.zeros(n),
        extra=np.zeros(classes),
        slack=np.full(1, -INFINITE),
        mark=generator.integers(1, 2**63, n + classes, dtype=np.uint64),
        known=np.zeros(KNOWN, np.uint64),
        known_cost=np.zeros(KNOWN),
        size=np.zeros(2, np.int64),
        kind=np.zeros(ROWS, np.int32),
        cost=np.zeros(ROWS),
        over=np.zeros(ROWS),
        stops=np.zeros(ROWS, np.int32),
        option=np.zeros(CELLS, np.int32),
    )
    return Bundle(harvest)


@compiled
def gather(w: Any, s: Any, h: Any, r: int) -> None:
    """Keep a day that can be driven, if it costs hardly more than the prices of its stops."""
    c = s.info[r, CLASS]
    reduced = s.day[r, COST] - h.extra[c]
    key = h.mark[w.n + c]
    e = s.entity[start_of(w, r), NEXT]
    while e >= 0:
        if s.entity[e, KIND] == TASK:
            reduced -= h.worth[e]
            key ^= h.mark[e]
        e = s.entity[e, NEXT]
    if reduced >= h.slack[0]:
        return
    at = int(key & _MASK)
    if h.known[at] == key and h.known_cost[at] <= s.day[r, COST] * (1.0 + 1e-9):
        return
    row, cell = h.size[0], h.size[1]
    if row >= ROWS or cell + s.info[r, STOPS] > CELLS:
        return
    h.known[at] = key
    h.known_cost[at] = s.day[r, COST]
    h.kind[row] = c
    h.cost[row] = s.day[r, COST]
    h.over[row] = reduced
    h.stops[row] = s.info[r, STOPS]
    reloaded = False
    e = s.entity[start_of(w, r), NEXT]
    while e >= 0:
        kind = s.entity[e, KIND]
        if kind == RELOAD:
            reloaded = True
        elif kind == TASK:
            o = s.entity[e, OPTION]
            h.option[cell] = -1 - o if reloaded else o
            reloaded = False
            cell += 1
        e = s.entity[e, NEXT]
    h.size[0] = row + 1
    h.size[1] = cell
