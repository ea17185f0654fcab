"""One vehicle's network: nodes are directed edges of the streets, arcs are allowed turns.

An arc weighs the next edge's driving time plus what the turn costs. Time and length travel together in one exact
number: ``milliseconds × 2**22 + decimetres`` as float64. Sums stay exact below 2**53, which is 24 days and
419 km, so one shortest-path run finds the fastest way and, among equally fast ones, the shortest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from fleetplan.city.streets import Bools, Floats, Ints, Streets
from fleetplan.errors import CityError
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.access import blocked_nodes, country_of, decision_width_m
from fleetplan.routing.driving import (
    edge_lengths_dm,
    edge_times_ms,
    left_hand_countries,
    turn_costs_ms,
    turn_round_ms,
)
from fleetplan.routing.seams import AccessRules, StreetAccess
from fleetplan.routing.topology import Topology, topology_of

PACK = float(2**22)


def pack(time_ms: NDArray[np.int64], length_dm: NDArray[np.int64]) -> Floats:
    """Time and length as one exact float64."""
    return time_ms.astype(np.float64) * PACK + length_dm.astype(np.float64)


def unpack(weight: Floats) -> tuple[Ints, Ints]:
    """Milliseconds and decimetres of packed weights."""
    time = np.floor(weight / PACK)
    return time.astype(np.int64), (weight - time * PACK).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Parts:
    """The strongly connected parts of a street network, the longest first.

    Attributes:
        number: ``int64[edges]``, the part of each edge; -1 where it belongs to none (closed, or a way without
            return).
        share: ``float64[parts]``, each part's share of the metres of all open streets, every stretch counted once.
    """

    number: Ints
    share: Floats


@dataclass(frozen=True, eq=False)
class Drives:
    """Every turn that a vehicle may drive, and the parts which they make of its streets.

    Attributes:
        first, second: rows of ``Streets.edges``, sorted by first, then second.
        turn_ms: what passing from the first to the second costs.
        parts: the strongly connected parts.
    """

    first: Ints
    second: Ints
    turn_ms: Ints
    parts: Parts


@dataclass(frozen=True, eq=False)
class Network:
    """One strongly connected part of a vehicle's streets: the one in which the depot lies.

    Local rows number the part's edges in ascending order of ``Streets.edges``.

    Attributes:
        edges: row of ``Streets.edges`` per local edge.
        local: local row per row of ``Streets.edges``, -1 outside the part.
        time_ms, length_dm: to drive a local edge from end to end.
        arc_start, arc_to, arc_weight: allowed turns by first edge (CSR); the weight includes the next edge.
        in_start, in_from, in_turn: the same turns by second edge; the weight is the turn's alone.
        twin: local row of the other direction, or -1.
        chain: number of the dead-end street that the edge belongs to, -1 for none; both directions share it.
        outward: the edge leads out of its dead-end street.
        potential: packed weight from the dead end to the end of an outward edge; 0 elsewhere.
        round_ms: turning round beside a stop on the local edge.
    """

    edges: Ints
    local: Ints
    time_ms: Ints
    length_dm: Ints
    arc_start: Ints
    arc_to: Ints
    arc_weight: Floats
    in_start: Ints
    in_from: Ints
    in_turn: Floats
    twin: Ints
    chain: Ints
    outward: Bools
    potential: Floats
    round_ms: Ints

    def __len__(self) -> int:
        return len(self.edges)


def drives_of(streets: Streets, vehicle: Vehicle, access: StreetAccess, *, rules: AccessRules) -> Drives:
    """What a vehicle with the given access may drive, wherever in the city.

    Turning back at a node is possible only where nothing else leads on: at dead ends, at barriers that the
    vehicle cannot pass, and where every other exit leaves the map for good.

    Raises:
        CityError: no two streets can be driven back and forth.
    """
    topology = topology_of(streets)
    usable = access.speed_kph > 0
    arc = usable_arcs(streets, topology, usable, blocked_nodes(streets, vehicle))
    parts = parts_of(streets, usable, topology.first[arc], topology.second[arc])
    if len(parts.share) == 0:
        raise CityError.one(
            "routing.no_network",
            streets.label,
            "",
            f"no street of this city can be driven back and forth by {vehicle.name}",
            "use a larger extract or a narrower vehicle",
        )
    turn_ms = turn_costs_ms(
        topology.angle_deg[arc],
        topology.junction[arc],
        streets.edges.signals[topology.first[arc]] > 0,
        topology.uturn[arc],
        left_hand=country_of(streets, rules) in left_hand_countries(),
    )
    return Drives(topology.first[arc], topology.second[arc], turn_ms, parts)


def parts_of(streets: Streets, usable: Bools, first: Ints, second: Ints) -> Parts:
    """The strongly connected parts of the usable edges under the given turns."""
    n = len(streets.edges)
    graph = csr_matrix((np.ones(len(first), dtype=np.int8), (first, second)), shape=(n, n))
    count, label = connected_components(graph, directed=True, connection="strong")
    inner = label[first][label[first] == label[second]]
    alive = np.flatnonzero(np.bincount(inner, minlength=count))
    rows = np.flatnonzero(usable)
    pair = np.unique(label[rows].astype(np.int64) * len(streets.stretches) + streets.edges.stretch[rows])
    owner, stretch = np.divmod(pair, len(streets.stretches))
    length_m = np.bincount(owner, weights=streets.stretches.length_m[stretch], minlength=count)
    earliest = np.full(count, n, dtype=np.int64)
    np.minimum.at(earliest, label, np.arange(n))
    order = alive[np.lexsort((earliest[alive], -length_m[alive]))]
    number = np.full(count, -1, dtype=np.int64)
    number[order] = np.arange(len(order))
    usable_m = float(streets.stretches.length_m[np.unique(streets.edges.stretch[rows])].sum())
    return Parts(np.where(usable, number[label], -1), length_m[order] / max(usable_m, 1e-9))


def network_of(
    streets: Streets, vehicle: Vehicle, access: StreetAccess, drives: Drives, *, part: int, rules: AccessRules
) -> Network:
    """The network that a vehicle drives on within one part of its streets."""
    n = len(streets.edges)
    inside = drives.parts.number == part
    inner = inside[drives.first] & inside[drives.second]
    edges = np.flatnonzero(inside)
    local = np.full(n, -1, dtype=np.int64)
    local[edges] = np.arange(len(edges))
    first, second, turn_ms = local[drives.first[inner]], local[drives.second[inner]], drives.turn_ms[inner]
    time_ms = edge_times_ms(streets, access.speed_kph)[edges]
    length_dm = edge_lengths_dm(streets)[edges]
    weight = pack(time_ms, length_dm)
    by_second = np.argsort(second, kind="stable")
    twin = streets.edges.twin[edges]
    twin = np.where(twin >= 0, local[np.maximum(twin, 0)], -1)
    arc_start = _starts(first, len(edges))
    in_start = _starts(second, len(edges))
    in_from = first[by_second]
    chain, outward, potential = _dead_ends(
        weight, twin, arc_start=arc_start, arc_to=second, turn=turn_ms * PACK, in_start=in_start, in_from=in_from
    )
    width = decision_width_m(streets, quantile=rules.width_quantile)
    return Network(
        edges=edges,
        local=local,
        time_ms=time_ms,
        length_dm=length_dm,
        arc_start=arc_start,
        arc_to=second,
        arc_weight=turn_ms * PACK + weight[second],
        in_start=in_start,
        in_from=in_from,
        in_turn=turn_ms[by_second] * PACK,
        twin=twin,
        chain=chain,
        outward=outward,
        potential=potential,
        round_ms=turn_round_ms(vehicle, width)[streets.edges.stretch[edges]],
    )


def usable_arcs(streets: Streets, topology: Topology, usable: Bools, blocked: Bools) -> Ints:
    """Rows of the topology that this vehicle may drive, in their order."""
    n = len(streets.edges)
    allowed = usable[topology.first] & usable[topology.second]
    onward = allowed & ~topology.uturn & ~blocked[topology.node]
    back = allowed & topology.uturn
    alive = usable.copy()
    while True:
        exits = np.bincount(topology.first[onward & alive[topology.second]], minlength=n)
        returns = np.bincount(topology.first[back & alive[topology.second]], minlength=n)
        lost = alive & (exits == 0) & (returns == 0)
        if not lost.any():
            break
        alive &= ~lost
    onward &= alive[topology.first] & alive[topology.second]
    back &= alive[topology.first] & alive[topology.second] & (exits[topology.first] == 0)
    return np.flatnonzero(onward | back)


def _starts(sorted_or_not: Ints, n: int) -> Ints:
    return np.concatenate([[0], np.cumsum(np.bincount(sorted_or_not, minlength=n))]).astype(np.int64)


def _dead_ends(
    weight: Floats, twin: Ints, *, arc_start: Ints, arc_to: Ints, turn: Floats, in_start: Ints, in_from: Ints
) -> tuple[Ints, Bools, Floats]:
    """Dead-end streets: from each dead end outward as long as no other street joins.

    A vehicle inside came in the one way there is, so leaving outward is always against its heading. Of a street
    that is a dead end on both sides (the whole network is one street) neither side counts.
    """
    n = len(weight)
    chain = np.full(n, -1, dtype=np.int64)
    outward = np.zeros(n, dtype=np.bool_)
    potential = np.zeros(n, dtype=np.float64)
    out_degree, in_degree = np.diff(arc_start), np.diff(in_start)
    only_exit = np.where(out_degree == 1, arc_to[np.minimum(arc_start[:-1], len(arc_to) - 1)], -1)
    only_entry = np.where(in_degree == 1, in_from[np.minimum(in_start[:-1], len(in_from) - 1)], -1)
    closed_end = (twin >= 0) & (only_exit == twin)
    closed_end &= only_entry[np.maximum(twin, 0)] == np.arange(n)
    inner = np.flatnonzero(closed_end)
    outer, number = twin[inner], np.arange(len(inner), dtype=np.int64)
    reached = weight[outer]
    two_sided = np.zeros(len(inner), dtype=np.bool_)
    for _ in range(n):
        if len(inner) == 0:
            break
        chain[inner], chain[outer] = number, number
        outward[outer] = True
        potential[outer] = reached
        two_sided[number[only_exit[outer] == inner]] = True
        following, leading = only_exit[outer], only_entry[inner]
        goes_on = (following >= 0) & (leading >= 0) & (following != inner)
        goes_on &= twin[np.maximum(following, 0)] == leading
        goes_on &= (only_exit[np.maximum(leading, 0)] == inner) & (only_entry[np.maximum(following, 0)] == outer)
        outer_now = outer[goes_on]
        outer, inner, number = following[goes_on], leading[goes_on], number[goes_on]
        reached = reached[goes_on] + turn[arc_start[outer_now]] + weight[outer]
    drop = (chain >= 0) & two_sided[np.maximum(chain, 0)] if len(two_sided) else np.zeros(n, dtype=np.bool_)
    chain[drop], outward[drop], potential[drop] = -1, False, 0.0
    return chain, outward, potential
