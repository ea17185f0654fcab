"""What a city's streets need once before tables can be asked of them: the order of the hierarchy, kept on disk."""

from __future__ import annotations

import importlib.util
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from fleetplan.city.streets import Streets
from fleetplan.routing.hierarchy import Hierarchy, hierarchy_of, stretch_order
from fleetplan.routing.topology import Topology, topology_of
from fleetplan.storing import content_key, load_arrays, save_arrays

_FORMAT = 1
_CACHE: WeakKeyDictionary[Topology, Hierarchy] = WeakKeyDictionary()


def can_prepare() -> bool:
    """The libraries that the hierarchy needs are there; without them tables come from plain searches."""
    return all(importlib.util.find_spec(name) is not None for name in ("routingkit_cch", "numba"))


def is_prepared(streets: Streets) -> bool:
    """The city's hierarchy is in memory."""
    return topology_of(streets) in _CACHE


def prepare_city(streets: Streets) -> Hierarchy:
    """The hierarchy of a city, made at the first call for this object, and its order at the first on this machine.

    Raises:
        ImportError: the libraries are absent (:func:`can_prepare`).
    """
    topology = topology_of(streets)
    found = _CACHE.get(topology)
    if found is None:
        found = _CACHE[topology] = _prepared(streets, topology)
    return found


def _prepared(streets: Streets, topology: Topology) -> Hierarchy:
    used, stretch = np.unique(streets.edges.stretch[topology.edge], return_inverse=True)
    stretch = stretch.reshape(-1).astype(np.int64)
    first = streets.stretches.line_start
    middle = ((first[:-1] + first[1:]) // 2)[used]
    lon, lat = streets.stretches.line_lon[middle], streets.stretches.line_lat[middle]
    key = content_key(_FORMAT, topology.tail, topology.head, stretch, lon, lat)
    entry = load_arrays("order", key)
    order = None if entry is None else entry[0].get("order")
    if order is None or not _is_order(order, len(used)):
        order = stretch_order(topology, stretch, lon, lat)
        save_arrays("order", key, {"order": order})
    return hierarchy_of(topology, stretch, order)


def _is_order(order: NDArray[np.int32], n: int) -> bool:
    """Every number from 0 to n - 1 once; a file may hold anything."""
    if order.dtype != np.int32 or order.shape != (n,):
        return False
    return bool((np.sort(order) == np.arange(n)).all())
