"""The travel table against plain Python on random towns, and what every table must satisfy."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fleetplan.errors import InputError
from fleetplan.routing.packing import PENALTY, pack, unpack
from fleetplan.routing.reach import Reach
from fleetplan.routing.verifying import verify_paths
from tests.routing.brute import BruteTown
from tests.routing.builders import KEI, ONE_WAY, STREET, plain_town, reach

NAMES = "ABCDEFGHI"


@st.composite
def towns(draw: st.DrawFn) -> tuple[dict[str, tuple[float, float]], list[tuple[str, dict[str, str]]], list, dict]:
    """Nodes on a jittered grid, six to twelve streets between neighbours (some one-way), restrictions, signals."""
    jitter = st.integers(-40, 40)
    nodes = {name: (150.0 * (i % 3) + draw(jitter), 150.0 * (i // 3) + draw(jitter)) for i, name in enumerate(NAMES)}
    near = [
        (a, b)
        for i, a in enumerate(NAMES)
        for j, b in enumerate(NAMES)
        if i < j and abs(i % 3 - j % 3) <= 1 and j // 3 - i // 3 <= 1
    ]
    pairs = draw(st.lists(st.sampled_from(near), min_size=6, max_size=12, unique=True))
    ways = [(f"{a} {b}", ONE_WAY if draw(st.integers(0, 3)) == 0 else STREET) for a, b in pairs]
    used = {name: nodes[name] for name in NAMES if any(name in pair for pair in pairs)}
    turns = []
    for _ in range(draw(st.integers(0, 3))):
        first = draw(st.integers(0, len(pairs) - 1))
        via = draw(st.sampled_from(pairs[first]))
        others = [i for i, pair in enumerate(pairs) if via in pair and i != first]
        if others:
            turns.append((first, via, draw(st.sampled_from(others)), "no_left_turn"))
    signals = {name: {"highway": "traffic_signals"} for name in used if draw(st.integers(0, 5)) == 0}
    return used, ways, turns, signals


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(data=st.data())
def test_table_equals_plain_python(data: st.DataObject) -> None:
    """Times and lengths of all pairs equal an independent search to the millisecond and decimetre."""
    nodes, ways, turns, signals = data.draw(towns())
    streets = plain_town(nodes=nodes, ways=ways, restrictions=turns, node_tags=signals)
    places = [
        (nodes[a][0] + t * (nodes[b][0] - nodes[a][0]), nodes[a][1] + t * (nodes[b][1] - nodes[a][1]))
        for a, b, t in (
            (*ways[data.draw(st.integers(0, len(ways) - 1))][0].split(), data.draw(st.sampled_from([0, 0.2, 0.5, 1])))
            for _ in range(6)
        )
    ]
    try:
        found = reach(streets, KEI, places[0], *places[1:], max_walk_m=100.0)
    except InputError:
        return
    brute = BruteTown(streets, metres_per_s=10.0, round_ms=8000, home=found.points[0].headings[0])
    assert len(brute.inside) > 0
    assume(not brute.nearly_ambiguous())
    expected = brute.table(found.points)
    time_ms, length_dm = unpack(found.packed)
    got = [[(int(t), int(d)) for t, d in zip(*rows, strict=True)] for rows in zip(time_ms, length_dm, strict=True)]
    assert got == expected
    _check_paths(found)


def _check_paths(found: Reach) -> None:
    n = len(found.points)
    pairs = [(i, j) for i in range(n) for j in range(n)]
    table = [(int(found.table.time_s[0, i, j]), int(found.table.distance_m[0, i, j])) for i, j in pairs]
    paths = [found.path(i, j) for i, j in pairs]
    assert verify_paths(found.streets, KEI, paths, times=table) == []


def test_packed_weights_are_exact() -> None:
    """Time and length survive the packing, up to eighteen hours and four hundred kilometres, penalties or not."""
    time_ms = np.array([0, 1, 999, 3_600_000 * 18], dtype=np.int64)
    length_dm = np.array([0, 4_190_000, 7, 4_000_000], dtype=np.int64)
    back = unpack(pack(time_ms, length_dm))
    assert back[0].tolist() == time_ms.tolist()
    assert back[1].tolist() == length_dm.tolist()
    back = unpack(pack(time_ms, length_dm) + 31 * PENALTY)
    assert back[0].tolist() == time_ms.tolist()
    assert back[1].tolist() == length_dm.tolist()


def test_table_rounds_half_up() -> None:
    """10 m/s: 55 m take 5.5 s, printed 6; 54 m take 5.4 s, printed 5."""
    nodes = {"A": (0, 0), "B": (200, 0), "C": (200, 200), "D": (0, 200)}
    streets = plain_town(nodes=nodes, ways=[("A B C D A", STREET), ("A C", STREET)])
    found = reach(streets, KEI, (20, 0), (75.05, 0), (74, 0))
    assert [int(found.table.time_s[0, 0, p]) for p in found.stop_point] == [6, 5]


def test_order_of_stops_does_not_matter() -> None:
    """Permuted stops get the same points, walks and table."""
    nodes = {"A": (0, 0), "B": (200, 0), "C": (200, 200), "D": (0, 200)}
    streets = plain_town(nodes=nodes, ways=[("A B C D A", STREET), ("A C", STREET)])
    stops = [(50, 5), (150, -4), (205, 80), (90, 90), (50.2, -6)]
    there, back = reach(streets, KEI, (0, 100), *stops), reach(streets, KEI, (0, 100), *stops[::-1])
    assert there.points == back.points
    assert there.stop_point.tolist() == back.stop_point.tolist()[::-1]
    assert np.array_equal(there.table.time_s, back.table.time_s)
    assert there.stop_point[0] == there.stop_point[4], "two stops 0.2 m apart share a standing place"
