"""One vehicle's network: states are edges of the streets (and their copies), arcs are allowed turns.

An arc weighs the next edge's driving time plus what the turn costs. Time and length travel together in one exact
integer, ``milliseconds × 2**22 + decimetres``, so one shortest-path run finds the fastest way and, among equally fast
ones, the shortest. Ways stay below 18 hours and 419 km.

Streets that only serve those who live or deliver there (access ``destination``, ``delivery``, ``customers``) are no way
through: entering one costs a penalty above all times, so a way enters none that it need not. The penalty lies in the
bits above the time and never appears in one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from fleetplan.city.classes import AccessTag
from fleetplan.city.streets import Bools, Floats, Ints, Streets
from fleetplan.errors import CityError
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.access import blocked_nodes, is_heavy, restriction_bit
from fleetplan.routing.corners import turn_times_ms
from fleetplan.routing.dead_ends import DeadEnds, dead_ends_of
from fleetplan.routing.driving import edge_lengths_dm, edge_times_ms, end_delays_ms
from fleetplan.routing.packing import MILLISECOND, PENALTY, pack
from fleetplan.routing.seams import AccessRules, StreetAccess
from fleetplan.routing.topology import Topology, topology_of
from fleetplan.routing.turning import reverse_out_ms, turn_round_ms

GOODS = 1
"""The bit of ``Restrictions.applies`` for vehicles up to 3.5 t."""
_SERVING = (AccessTag.DESTINATION, AccessTag.DELIVERY, AccessTag.CUSTOMERS)


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
        arc: rows of the topology, ascending.
        turn_ms: what passing from the first to the second edge costs.
        parts: the strongly connected parts.
    """

    arc: Ints
    turn_ms: Ints
    parts: Parts


@dataclass(frozen=True, eq=False)
class Network:
    """One strongly connected part of a vehicle's streets: the one in which the depot lies.

    Columns over edges are rows of ``Streets.edges``; arcs are sorted by ``tail``, then ``head``.

    Attributes:
        topology: of the city.
        inside: the edge belongs to the part.
        time_ms, length_dm: to drive an edge from end to end.
        end_ms: the part of the time that is lost at the edge's end.
        weight: both, packed.
        arc: rows of the topology that the vehicle drives.
        tail, head: their states.
        cost: packed weight of an arc, the next edge included.
        begins: the state in which a way begins on an edge: the edge itself, or one of its copies where a restriction
            over a via way leaves only those a way on who come over it.
        twin: the edge in the other direction where the part has it, or -1.
        dead_ends: which edges lie in dead-end streets.
        round_ms: turning round beside a stop on the edge.
        reverse_ms: backing along the edge from end to end, what is lost at its end not counted; never quicker than
            driving.
    """

    topology: Topology
    inside: Bools
    time_ms: Ints
    end_ms: Ints
    length_dm: Ints
    weight: Ints
    arc: Ints
    tail: Ints
    head: Ints
    cost: Ints
    begins: Ints
    twin: Ints
    dead_ends: DeadEnds
    round_ms: Ints
    reverse_ms: Ints


def drives_of(streets: Streets, vehicle: Vehicle, access: StreetAccess, *, rules: AccessRules) -> Drives:
    """What a vehicle with the given access may drive, wherever in the city.

    Turning back at a node is possible only where nothing else leads on: at dead ends, at barriers that the
    vehicle cannot pass, and where every other exit leaves the map for good.

    Raises:
        CityError: no two streets can be driven back and forth.
    """
    topology = topology_of(streets)
    usable = access.speed_kph > 0
    turn_ms, possible = turn_times_ms(streets, topology, vehicle, rules=rules)
    arc = usable_arcs(topology, usable, blocked_nodes(streets, vehicle), possible, applies=restriction_bit(vehicle))
    parts = parts_of(streets, topology, usable, arc)
    if len(parts.share) == 0:
        raise CityError.one(
            "routing.no_network",
            streets.label,
            "",
            f"no street of this city can be driven back and forth by {vehicle.name}",
            "use a larger extract or a narrower vehicle",
        )
    return Drives(arc, turn_ms[arc], parts)


def parts_of(streets: Streets, topology: Topology, usable: Bools, arc: Ints) -> Parts:
    """The strongly connected parts of the usable edges under the given arcs of the topology.

    An edge belongs to a part when one of its states does: there is always one that can be driven round to.
    """
    n, tail, head = len(streets.edges), topology.tail[arc], topology.head[arc]
    graph = csr_matrix((np.ones(len(arc), dtype=np.int8), (tail, head)), shape=(topology.states, topology.states))
    count, label = connected_components(graph, directed=True, connection="strong")
    inner = label[tail][label[tail] == label[head]]
    alive = np.bincount(inner, minlength=count) > 0
    state = np.flatnonzero(usable[topology.edge] & alive[label])
    owner, edge = label[state].astype(np.int64), topology.edge[state]
    stretches = len(streets.stretches)
    pair = np.unique(owner * stretches + streets.edges.stretch[edge])
    part, stretch = np.divmod(pair, stretches)
    length_m = np.bincount(part, weights=streets.stretches.length_m[stretch], minlength=count)
    earliest = np.full(count, n, dtype=np.int64)
    np.minimum.at(earliest, owner, edge)
    found = np.flatnonzero(alive & (earliest < n))
    order = found[np.lexsort((earliest[found], -length_m[found]))]
    place = np.full(count, len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    number = np.full(n, len(order), dtype=np.int64)
    np.minimum.at(number, edge, place[owner])
    rows = np.unique(streets.edges.stretch[usable])
    usable_m = float(streets.stretches.length_m[rows].sum())
    return Parts(np.where(number < len(order), number, -1), length_m[order] / max(usable_m, 1e-9))


def network_of(
    streets: Streets, vehicle: Vehicle, access: StreetAccess, drives: Drives, *, part: int, rules: AccessRules
) -> Network:
    """The network that a vehicle drives on within one part of its streets."""
    topology = topology_of(streets)
    inside = drives.parts.number == part
    inner = inside[topology.first[drives.arc]] & inside[topology.second[drives.arc]]
    arc, turn_ms = drives.arc[inner], drives.turn_ms[inner]
    first, second = topology.first[arc], topology.second[arc]
    time_ms = np.where(inside, edge_times_ms(streets, access, rules=rules), 0)
    length_dm = edge_lengths_dm(streets)
    weight = pack(time_ms, length_dm)
    turn = turn_ms * MILLISECOND
    tag = streets.edges.hgv_access if is_heavy(vehicle) else streets.edges.motor_access
    serving = np.isin(tag, np.array(_SERVING, dtype=np.uint8))
    entered = serving[second] & ~serving[first]
    twin = streets.edges.twin
    twin = np.where((twin >= 0) & inside & inside[np.maximum(twin, 0)], twin, -1)
    end_ms = end_delays_ms(streets, rules=rules)
    reverse_ms = np.maximum(reverse_out_ms(streets, vehicle, rules=rules), time_ms - end_ms)
    dead_ends = dead_ends_of(weight, reverse_ms + end_ms, twin, topology.tail[arc], topology.head[arc], turn)
    return Network(
        topology=topology,
        inside=inside,
        time_ms=time_ms,
        end_ms=end_ms,
        length_dm=length_dm,
        weight=weight,
        arc=arc,
        tail=topology.tail[arc],
        head=topology.head[arc],
        cost=turn + weight[second] + np.where(entered, PENALTY, 0),
        begins=_begins(topology, inside, topology.tail[arc]),
        twin=twin,
        dead_ends=dead_ends,
        round_ms=turn_round_ms(streets, vehicle, rules=rules),
        reverse_ms=reverse_ms,
    )


def usable_arcs(
    topology: Topology, usable: Bools, blocked: Bools, possible: Bools | None = None, *, applies: int
) -> Ints:
    """Rows of the topology that a vehicle may drive, in their order.

    Args:
        usable: per edge.
        blocked: per node, no way past it.
        possible: per row of the topology, the vehicle gets round; all rows if absent.
        applies: bits of the turn restrictions that hold for the vehicle, as ``Restrictions.applies``.
    """
    states = topology.states
    allowed = usable[topology.first] & usable[topology.second] & ((topology.forbidden & applies) == 0)
    if possible is not None:
        allowed &= possible
    onward = allowed & ~topology.uturn & ~blocked[topology.node]
    back = allowed & topology.uturn
    alive = usable[topology.edge]
    while True:
        exits = np.bincount(topology.tail[onward & alive[topology.head]], minlength=states)
        returns = np.bincount(topology.tail[back & alive[topology.head]], minlength=states)
        lost = alive & (exits == 0) & (returns == 0)
        if not lost.any():
            break
        alive &= ~lost
    onward &= alive[topology.tail] & alive[topology.head]
    back &= alive[topology.tail] & alive[topology.head] & (exits[topology.tail] == 0)
    return np.flatnonzero(onward | back)


def _begins(topology: Topology, inside: Bools, tail: Ints) -> Ints:
    """The state of each edge in which a way may begin: the first one that leads on."""
    leads = np.zeros(topology.states, dtype=np.bool_)
    leads[tail] = True
    begins = np.arange(len(inside), dtype=np.int64)
    lost = np.flatnonzero(inside & ~leads[: len(inside)])
    start, state = topology.copies
    for edge in lost.tolist():
        onward = [copy for copy in state[start[edge] : start[edge + 1]].tolist() if leads[copy]]
        begins[edge] = next(iter(onward), edge)
    return begins
