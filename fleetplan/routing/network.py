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
class Network:
    """The largest strongly connected part of one vehicle's streets.

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


def network_of(streets: Streets, vehicle: Vehicle, access: StreetAccess, *, rules: AccessRules) -> Network:
    """The network that a vehicle with the given access drives on.

    Turning back at a node is possible only where nothing else leads on: at dead ends, at barriers that the
    vehicle cannot pass, and where every other exit leaves the map for good.

    Raises:
        CityError: no two streets can be driven back and forth.
    """
    topology = topology_of(streets)
    country = country_of(streets, rules)
    usable = access.speed_kph > 0
    arc = _usable_arcs(streets, topology, usable, blocked_nodes(streets, vehicle))
    n = len(streets.edges)
    first, second = topology.first[arc], topology.second[arc]
    turn_ms = turn_costs_ms(
        topology.angle_deg[arc],
        topology.junction[arc],
        streets.nodes.signals[topology.node[arc]],
        topology.uturn[arc],
        left_hand=country in left_hand_countries(),
    )
    graph = csr_matrix((np.ones(len(first), dtype=np.int8), (first, second)), shape=(n, n))
    _, label = connected_components(graph, directed=True, connection="strong")
    counts = np.bincount(label[usable], minlength=1) if usable.any() else np.zeros(1, dtype=np.int64)
    inside = usable & (label == int(np.argmax(counts)))
    inner = inside[first] & inside[second]
    if not inner.any():
        raise CityError.one(
            "routing.no_network",
            streets.label,
            "",
            f"no street of this city can be driven back and forth by {vehicle.name}",
            "use a larger extract or a narrower vehicle",
        )
    edges = np.flatnonzero(inside)
    local = np.full(n, -1, dtype=np.int64)
    local[edges] = np.arange(len(edges))
    first, second, turn_ms = local[first[inner]], local[second[inner]], turn_ms[inner]
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


def _usable_arcs(streets: Streets, topology: Topology, usable: Bools, blocked: Bools) -> Ints:
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
