"""The two engines against each other: the hierarchy and scipy's Dijkstra give the same integers, ways included."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleetplan import compiling
from fleetplan.city.streets import Ints, Streets
from fleetplan.errors import CityError
from fleetplan.fleet.catalogue import vehicle
from fleetplan.routing import kernels
from fleetplan.routing.access import decide_access
from fleetplan.routing.hierarchy import Ends, Metric
from fleetplan.routing.network import Network, drives_of, network_of
from fleetplan.routing.packing import FAR
from fleetplan.routing.preparing import can_prepare, prepare_city
from fleetplan.routing.seams import AccessRules
from fleetplan.routing.searching import PlainSearch, Search, search_of
from tests.routing.builders import KEI, STREET, plain_town
from tests.routing.test_tables import towns


def network(streets: Streets, name: str | None = None) -> Network:
    """The main part of a vehicle's network."""
    rules, kind = AccessRules(), KEI if name is None else vehicle(name)
    access = decide_access(streets, kind, rules)
    drives = drives_of(streets, kind, access, rules=rules)
    return network_of(streets, kind, access, drives, part=0, rules=rules)


def some_ends(found: Network, n: int, *, seed: int, least: int = 0) -> Ends:
    """Random edges of the network, their twins beside them, with random offsets."""
    rng = np.random.default_rng(seed)
    edge = rng.choice(np.flatnonzero(found.inside), size=n)
    states = [[e, t] if (t := int(found.twin[e])) >= 0 and rng.random() < 0.7 else [e] for e in edge.tolist()]
    begin = np.concatenate([[0], np.cumsum([len(s) for s in states])]).astype(np.int64)
    state = np.array([s for row in states for s in row], dtype=np.int64)
    return Ends(begin, state, rng.integers(least, 2**40, len(state)))


def with_gaps(found: Network, *, seed: int) -> Network:
    """The same network without a third of its arcs, so that some ends are not reached."""
    kept = np.flatnonzero(np.random.default_rng(seed).random(len(found.arc)) > 0.33)
    arcs = {name: getattr(found, name)[kept] for name in ("arc", "tail", "head", "cost")}
    return replace(found, **arcs)


def weight_of(found: Network, way: list[int]) -> int:
    """The packed weight of a sequence of states, arc by arc."""
    cost = {(a, b): c for a, b, c in zip(found.tail.tolist(), found.head.tolist(), found.cost.tolist(), strict=True)}
    return sum(cost[pair] for pair in pairwise(way))


def check_ways(found: Network, search: Search, leave: Ends, arrive: Ends, table: Ints) -> None:
    """Traced ways exist, begin and end where they should, and weigh what the table says."""
    n = len(leave)
    begin, state = search.traces(leave, arrive)
    for row in range(n):
        way = state[begin[row] : begin[row + 1]].tolist()
        assert (not way) == (table[row, row] >= FAR)
        if way:
            mine = slice(int(leave.begin[row]), int(leave.begin[row + 1]))
            yours = slice(int(arrive.begin[row]), int(arrive.begin[row + 1]))
            first = dict(zip(leave.state[mine].tolist(), leave.offset[mine].tolist(), strict=True))[way[0]]
            last = dict(zip(arrive.state[yours].tolist(), arrive.offset[yours].tolist(), strict=True))[way[-1]]
            assert first + weight_of(found, way) + last == table[row, row]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(data=st.data())
def test_engines_agree_on_random_towns(data: st.DataObject) -> None:
    """Tables, pairs and ways of the hierarchy equal plain Dijkstra's, restrictions, one-ways and gaps included."""
    nodes, ways, turns, signals = data.draw(towns())
    streets = plain_town(nodes=nodes, ways=ways, restrictions=turns, node_tags=signals)
    try:
        found = network(streets)
    except CityError:
        return
    if data.draw(st.booleans()):
        found = with_gaps(found, seed=4)
    metric, plain = Metric(prepare_city(streets), found.arc, found.cost), PlainSearch(found)
    leave, arrive = some_ends(found, 7, seed=1), some_ends(found, 7, seed=2, least=-(2**40))
    table = plain.table(leave, arrive)
    assert np.array_equal(metric.table(leave, arrive), table)
    here, there = np.divmod(np.random.default_rng(3).permutation(49)[:20], 7)
    assert np.array_equal(metric.pairs(leave, arrive, here, there), table[here, there])
    assert np.array_equal(plain.pairs(leave, arrive, here, there), table[here, there])
    check_ways(found, metric, leave, arrive, table)
    check_ways(found, plain, leave, arrive, table)


CITIES = {
    "helsinki.osm.pbf": 60,
    "osaka-abeno.osm.pbf": 60,
    "porto-old-town.osm.pbf": 60,
    "boston-north.osm.pbf": 60,
    "tachikawa.graphml.gz": 60,
    "porto-metro.osm.pbf": 12,
}
"""How many places plain Dijkstra is asked from: a seventh of a second for each in the largest."""


@pytest.mark.parametrize(
    ("city", "name"),
    [
        *((city, "full-size-van") for city in CITIES),
        ("helsinki.osm.pbf", "kei-van"),
        ("osaka-abeno.osm.pbf", "kei-van"),
    ],
)
def test_engines_agree_on_cities(city: str, name: str, helsinki_path: Path, request: pytest.FixtureRequest) -> None:
    """Hundreds of places of every city: not one of the packed weights differs, and the ways weigh what they should."""
    path = helsinki_path if city == "helsinki.osm.pbf" else request.getfixturevalue("shared_data") / "osm" / city
    streets = Streets.from_file(path)
    found = network(streets, name)
    metric, plain = Metric(prepare_city(streets), found.arc, found.cost), PlainSearch(found)
    leave, arrive = some_ends(found, CITIES[city], seed=3), some_ends(found, 400, seed=4)
    table = metric.table(leave, arrive)
    assert np.array_equal(table, plain.table(leave, arrive))
    check_ways(found, metric, leave, arrive.chosen(np.arange(len(leave))), table[:, : len(leave)])


@pytest.mark.parametrize("name", ["numba", "routingkit_cch"])
def test_a_library_that_cannot_be_loaded_is_done_without(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Absent, or there and refusing to be imported: however large the question, scipy answers it."""
    streets = plain_town(nodes={"A": (0, 0), "B": (200, 0)}, ways=[("A B", STREET)])
    found = network(streets)
    assert isinstance(search_of(streets, found, places=10**9), Metric)
    monkeypatch.setitem(sys.modules, name, None)
    can_prepare.cache_clear()
    try:
        assert isinstance(search_of(streets, found, places=10**9), PlainSearch)
    finally:
        can_prepare.cache_clear()


def test_kernels_compile_where_nothing_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where numba finds no folder to keep machine code in it raises; the kernel is compiled for this run then."""
    real = compiling.njit

    def homeless(**options: object) -> object:
        if options.pop("cache", False):
            raise RuntimeError("cannot cache function: no locator available")
        return real(**options)

    monkeypatch.setattr(compiling, "njit", homeless)
    assert compiling.compiled(kernels.shared_depth.py_func)(np.array([1, 2]), np.array([1, 3]), 2) == 1
