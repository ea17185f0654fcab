"""Towns with all that is rare, in which both engines agree and the checker of paths has nothing to say.

Restrictions over via ways, streets that end where they begin, parallel streets, streets that are no way through, stops
at the very ends of streets and on one side only.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fleetplan.city.streets import Restrictions, Streets
from fleetplan.errors import CityError
from fleetplan.routing.access import decide_access
from fleetplan.routing.hierarchy import Metric
from fleetplan.routing.network import Network, drives_of, network_of
from fleetplan.routing.packing import FAR, PENALTY, unpack
from fleetplan.routing.paths import trace_paths
from fleetplan.routing.preparing import prepare_city
from fleetplan.routing.seams import AccessRules, Point
from fleetplan.routing.searching import PlainSearch
from fleetplan.routing.snapping import point_on
from fleetplan.routing.tables import headings_of, packed_table
from fleetplan.routing.tours import drive_tour, retime_tour
from fleetplan.routing.verifying import verify_paths
from tests.routing.builders import KEI, ONE_WAY, STREET, plain_town

NAMES = "ABCDEFGHI"
STOPS = 6
RULES = AccessRules(country="FI")


@st.composite
def cities(draw: st.DrawFn) -> Streets:
    """Five to ten streets on a jittered grid, loops and parallel streets, and sequences of edges that are forbidden."""
    jitter = st.integers(-40, 40)
    nodes = {name: (150.0 * (i % 3) + draw(jitter), 150.0 * (i // 3) + draw(jitter)) for i, name in enumerate(NAMES)}
    near = [(a, b) for a in NAMES for b in NAMES if a < b and np.hypot(*np.subtract(nodes[a], nodes[b])) < 230]
    pairs = draw(st.lists(st.sampled_from(near), min_size=5, max_size=10, unique=True))
    lines = [f"{a} {b}" for a, b in pairs]
    for number, (a, b) in enumerate(draw(st.lists(st.sampled_from(pairs), max_size=3))):
        p, q = f"p{number}", f"q{number}"
        nodes[p] = (nodes[a][0] + 45.0 + draw(jitter) / 2, nodes[a][1] + 45.0)
        nodes[q] = (nodes[a][0] + 60.0, nodes[a][1] - 20.0 + draw(jitter) / 2)
        lines.append(draw(st.sampled_from([f"{a} {p} {q} {a}", f"{a} {p} {q} {b}"])))
    kinds = [STREET, STREET, STREET, ONE_WAY, {**STREET, "motor_vehicle": "destination"}]
    used = {name: place for name, place in nodes.items() if any(name in line.split() for line in lines)}
    streets = plain_town(nodes=used, ways=[(line, draw(st.sampled_from(kinds))) for line in lines])
    return replace(streets, restrictions=_sequences(draw, streets))


def _sequences(draw: st.DrawFn, streets: Streets) -> Restrictions:
    u, v, ways = streets.edges.u.tolist(), streets.edges.v.tolist(), []
    for _ in range(draw(st.integers(0, 4))):
        way = [draw(st.integers(0, len(u) - 1))]
        for _ in range(draw(st.integers(1, 3))):
            following = [edge for edge in range(len(u)) if u[edge] == v[way[-1]] and edge not in way]
            way += [draw(st.sampled_from(following))] if following else []
        ways += [way] if len(way) > 1 else []
    return Restrictions(
        start=np.cumsum([0, *map(len, ways)]).astype(np.int64),
        edge=np.array([edge for way in ways for edge in way], dtype=np.int64),
        relation_id=np.arange(len(ways), dtype=np.int64),
        applies=np.full(len(ways), 1, dtype=np.uint8),
    )


def _places(draw: st.DrawFn, streets: Streets, network: Network) -> list[Point]:
    points = []
    for number in range(STOPS):
        edge = draw(st.sampled_from(np.flatnonzero(network.inside).tolist()))
        along, side = draw(st.sampled_from([0.0, 0.2, 0.5, 1.0])), draw(st.sampled_from([0, 0, 1, 2]))
        points.append(point_on(streets, network, int(streets.edges.stretch[edge]), along, side if number else 0))
    return points


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(data=st.data())
def test_both_engines_and_the_checker_agree(data: st.DataObject) -> None:
    """Tables are equal, every pair has a way, no time is negative, all paths are sound, no tour is too quick."""
    streets = data.draw(cities())
    access = decide_access(streets, KEI, RULES)
    try:
        drives = drives_of(streets, KEI, access, rules=RULES)
    except CityError:
        assume(False)
    network = network_of(streets, KEI, access, drives, part=0, rules=RULES)
    points = data.draw(st.composite(_places)(streets, network))
    headings = headings_of(streets, network, points)
    engines = Metric(prepare_city(streets), network.arc, network.cost), PlainSearch(network)
    table, other = (packed_table(network, headings, engine) for engine in engines)
    assert np.array_equal(table, other)
    assert ((table >= 0) & (table < FAR)).all()
    pairs = np.array([(a, b) for a in range(STOPS) for b in range(STOPS)])
    tour = [0, *data.draw(st.lists(st.integers(0, STOPS - 1), max_size=6)), 0]
    driven = [retime_tour(streets, network, engine, points, tour) for engine in engines]
    assert driven[0] == driven[1]
    if (network.dead_ends.chain[list(points[0].headings)] < 0).all() and (table < PENALTY).all():
        # whoever starts inside a dead end may leave its stops in the heading of the start, against the table's belief
        assert sum(driven[0]) >= sum(int(unpack(table[a, [b]])[0][0]) for a, b in pairwise(tour))
    for engine in engines:
        weights = table[pairs[:, 0], pairs[:, 1]]
        legs = drive_tour(streets, network, engine, points, tour)
        assert [leg.time_ms for leg in legs] == driven[0]
        paths = [*trace_paths(streets, network, headings, engine, points, pairs, packed=weights), *legs]
        faults = verify_paths(streets, KEI, paths, rules=RULES)
        # the checker does not see traps that only open up several forbidden sequences further on
        assert [fault for fault in faults if "turning back" not in fault.message] == []
