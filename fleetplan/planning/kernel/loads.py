"""Loads of trips, and by how much they are beyond what a vehicle carries.

The search may pass through solutions that overload vehicles, at a price: where a fleet is nearly full, every way from
one good solution to the next leads through such (T. Vidal, T. G. Crainic, M. Gendreau and C. Prins, "A unified solution
framework for multi-attribute vehicle routing problems", European Journal of Operational Research 234 (2014), 658–673).
Overload is measured in shares of the largest vehicle, summed over trips and over kg, m³ and parcels.
"""

from __future__ import annotations

from typing import Any

from fleetplan.compiling import compiled, inlined
from fleetplan.planning.kernel.layout import (
    CAPACITY,
    CLASS,
    COLLECT,
    DELIVER,
    KIND,
    LOAD,
    NEXT,
    RELOAD,
    START,
    TRIP,
    TRIPS,
)
from fleetplan.planning.kernel.linking import start_of
from fleetplan.planning.kernel.timing import INFINITE


@inlined
def burden(over: float, strain: float) -> float:
    """What an overload counts at a price per vehicle-full; infinite where none is allowed."""
    if over <= 0.0:
        return 0.0
    return over * strain if strain < INFINITE else INFINITE


@inlined
def _load(w: Any, s: Any, m: int, k: int) -> float:
    """The highest load of the trip that begins at marker ``m``."""
    return float(s.peak[m, 1, k] if w.collects else s.trip[m - w.n, LOAD + k])


@inlined
def _load_with(w: Any, s: Any, x: int, u: int, k: int) -> float:
    """The highest load of a trip once it takes task ``x`` after entity ``u``."""
    if w.collects:
        return float(max(s.peak[u, 0, k] + w.task[x, DELIVER + k], s.peak[u, 1, k] + w.task[x, COLLECT + k]))
    return float(s.trip[s.entity[u, TRIP] - w.n, LOAD + k] + w.task[x, DELIVER + k])


@inlined
def overload_with(w: Any, s: Any, c: int, x: int, u: int) -> float:
    """By how much more a trip of class ``c`` is overloaded when it takes task ``x`` after entity ``u``; 0: it fits."""
    more = 0.0
    for k in range(w.dims):
        capacity = w.amounts[c, CAPACITY + k]
        load = _load_with(w, s, x, u, k)
        if load > capacity:
            more += (load - max(capacity, _load(w, s, s.entity[u, TRIP], k))) * w.per_vehicle[k]
    return more


@compiled
def overload(w: Any, s: Any, r: int, c: int, x: int, u: int) -> float:
    """Overload of a day's trips in a vehicle of class ``c``, with ``x`` after ``u`` (below 0: as they are)."""
    over = 0.0
    e = start_of(w, r)
    while e >= 0:
        kind = s.entity[e, KIND]
        if kind == START or kind == RELOAD:
            for k in range(w.dims):
                load = _load_with(w, s, x, u, k) if x >= 0 and s.entity[u, TRIP] == e else _load(w, s, e, k)
                if load > w.amounts[c, CAPACITY + k]:
                    over += (load - w.amounts[c, CAPACITY + k]) * w.per_vehicle[k]
            if s.info[r, TRIPS] == 1:
                return over
        e = s.entity[e, NEXT]
    return over


@inlined
def burden_of(w: Any, s: Any, r: int, strain: float) -> float:
    """What a day's overload counts as it is."""
    return burden(overload(w, s, r, s.info[r, CLASS], -1, -1), strain)
