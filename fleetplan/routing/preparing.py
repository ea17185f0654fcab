"""What a city's streets need once before tables can be asked of them: the hierarchy, kept on disk."""

from __future__ import annotations

import importlib
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np

from fleetplan.city.streets import Streets
from fleetplan.routing.hierarchy import Hierarchy, hierarchy_of, stretch_order
from fleetplan.routing.topology import Topology, topology_of
from fleetplan.storing import content_key, load_arrays, save_arrays

_KIND = "hierarchy"
_COLUMNS = {field.name for field in fields(Hierarchy)}
_CACHE: WeakKeyDictionary[Topology, Hierarchy] = WeakKeyDictionary()


@lru_cache(maxsize=1)
def can_prepare() -> bool:
    """The libraries that the hierarchy needs can be loaded; without them tables come from plain searches.

    A library may be there and refuse: numba does so beside a numpy that is newer than it knows.
    """
    try:
        for name in ("routingkit_cch", "numba"):
            importlib.import_module(name)
    except ImportError:
        return False
    return True


def is_prepared(streets: Streets) -> bool:
    """The city's hierarchy is in memory."""
    return topology_of(streets) in _CACHE


def prepare_city(streets: Streets) -> Hierarchy:
    """The hierarchy of a city, made at the first call for this object, and read from disk where an earlier run left it.

    Raises:
        ImportError: the libraries are absent (:func:`can_prepare`).
    """
    topology = topology_of(streets)
    found = _CACHE.get(topology)
    if found is None:
        found = _CACHE[topology] = _prepared(streets, topology)
    return found


@lru_cache(maxsize=1)
def _sources() -> tuple[bytes, ...]:
    """The code that makes a hierarchy and reads it without looking twice: what another one left is not to be found."""
    return tuple(Path(__file__).with_name(name).read_bytes() for name in ("hierarchy.py", "kernels.py"))


def _prepared(streets: Streets, topology: Topology) -> Hierarchy:
    used, stretch = np.unique(streets.edges.stretch[topology.edge], return_inverse=True)
    stretch = stretch.reshape(-1).astype(np.int64)
    first = streets.stretches.line_start
    middle = ((first[:-1] + first[1:]) // 2)[used]
    lon, lat = streets.stretches.line_lon[middle], streets.stretches.line_lat[middle]
    key = content_key(*_sources(), topology.tail, topology.head, stretch, lon, lat)
    entry = load_arrays(_KIND, key)
    if entry is not None and set(entry[0]) == _COLUMNS and len(entry[0]["rank"]) == topology.states:
        return Hierarchy(**entry[0])
    hierarchy = hierarchy_of(topology, stretch, stretch_order(topology, stretch, lon, lat))
    save_arrays(_KIND, key, {name: getattr(hierarchy, name) for name in _COLUMNS})
    return hierarchy
