"""Hand-worked towns: turn restrictions as forbidden sequences, over nodes and ways, for whom and when."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fleetplan.city.streets import Streets
from tests.towns import Point, node_ids, town

ROAD = {"highway": "residential"}
ONE_WAY = {**ROAD, "oneway": "yes"}
# A crossroads: a west, b in the middle, c east, d north, e south; each arm 100 m.
CROSS = {"a": (0.0, 0.0), "b": (100.0, 0.0), "c": (200.0, 0.0), "d": (100.0, 100.0), "e": (100.0, -100.0)}
ARMS = [("a b", ROAD), ("b c", ROAD), ("b d", ROAD), ("b e", ROAD)]
# A main street a b c d with side streets north of b and c.
LADDER = {
    "a": (0.0, 0.0),
    "b": (100.0, 0.0),
    "c": (200.0, 0.0),
    "d": (300.0, 0.0),
    "x": (100.0, 100.0),
    "y": (200.0, 100.0),
    "m": (150.0, 0.0),
    "z": (150.0, -80.0),
}
# Two roadways, eastbound in the south and westbound in the north, with a gap between them.
DUAL = {"a": (0, 0), "b": (100, 0), "c": (200, 0), "f": (200, 20), "e": (100, 20), "d": (0, 20), "m": (100, 10)}


def forbidden(streets: Streets, nodes: dict[str, Point], *, applies: int = 1) -> list[str]:
    """Sequences that vehicles of a class may not drive, as ``ab>bc``."""
    name = {number: label for label, number in node_ids(nodes).items()}
    osm_id, edges, table = streets.nodes.osm_id, streets.edges, streets.restrictions
    word = [name[int(osm_id[u])] + name[int(osm_id[v])] for u, v in zip(edges.u, edges.v, strict=True)]
    return sorted(
        ">".join(word[edge] for edge in table.edge[table.start[row] : table.start[row + 1]])
        for row in np.flatnonzero(table.applies & applies)
    )


def counted(streets: Streets) -> str:
    """What reading said about restrictions."""
    return "; ".join(warning for warning in streets.warnings if "turn restrictions" in warning)


def test_no_turning_back_over_a_link_between_two_roadways() -> None:
    """A via way: the three edges in a row are forbidden, each turn alone is not."""
    ways = [("a b", ONE_WAY), ("b c", ONE_WAY), ("f e", ONE_WAY), ("e d", ONE_WAY), ("b e", ROAD)]
    turn = ([("from", 0), ("via", 4), ("to", 3)], {"restriction": "no_u_turn"})
    streets = town(nodes=DUAL, ways=ways, relations=[turn])
    assert forbidden(streets, DUAL) == ["ab>be>ed"]
    assert streets.restrictions.relation_id.tolist() == [2000]
    assert streets.restrictions.start.tolist() == [0, 3]


@pytest.mark.parametrize("order", [(4, 5), (5, 4)])
def test_several_via_ways_in_any_order(order: tuple[int, int]) -> None:
    """The link is split in its middle; relations need not list its halves in the order of travel."""
    ways = [("a b", ONE_WAY), ("b c", ONE_WAY), ("f e", ONE_WAY), ("e d", ONE_WAY), ("b m", ROAD), ("m e", ROAD)]
    members = [("from", 0), *(("via", way) for way in order), ("to", 3)]
    streets = town(nodes=DUAL, ways=ways, relations=[(members, {"restriction": "no_u_turn"})])
    assert forbidden(streets, DUAL) == ["ab>bm>me>ed"]


def test_only_over_a_via_way_forbids_every_deviation() -> None:
    """Off the via way at its start, and the wrong way at its end for those who came from the from way."""
    ways = [("a b", ROAD), ("b c", ROAD), ("c d", ROAD), ("b x", ROAD), ("c y", ROAD)]
    turn = ([("from", 0), ("via", 1), ("to", 2)], {"restriction": "only_straight_on"})
    streets = town(nodes=LADDER, ways=ways, relations=[turn])
    assert forbidden(streets, LADDER) == ["ab>ba", "ab>bc>cb", "ab>bc>cy", "ab>bx"]


def test_a_via_way_that_a_street_joins_is_followed_edge_by_edge() -> None:
    """The via way is cut at m; leaving it there is a deviation too."""
    ways = [("a b", ONE_WAY), ("b m c", ONE_WAY), ("c d", ONE_WAY), ("m z", ROAD), ("c y", ONE_WAY), ("b x", ONE_WAY)]
    members = [("from", 0), ("via", 1), ("to", 2)]
    streets = town(nodes=LADDER, ways=ways, relations=[(members, {"restriction": "no_straight_on"})])
    assert forbidden(streets, LADDER) == ["ab>bm>mc>cd"]
    streets = town(nodes=LADDER, ways=ways, relations=[(members, {"restriction": "only_straight_on"})])
    assert forbidden(streets, LADDER) == ["ab>bm>mc>cy", "ab>bm>mz", "ab>bx"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("no_left_turn", ["ab>bd"]),
        ("no_right_turn", ["cb>bd"]),
        ("only_left_turn", ["ab>ba", "ab>bc"]),
        ("no_straight_on", []),
    ],
)
def test_a_from_way_that_runs_through_is_read_by_geometry(kind: str, expected: list[str]) -> None:
    """Of both directions only one turns left into d; where none fits, the restriction is counted."""
    streets = town(nodes=CROSS, ways=[("a b c", ROAD), ("b d", ROAD)], restrictions=[(0, "b", 1, kind)])
    assert forbidden(streets, CROSS) == expected
    assert ("not split at the via" in counted(streets)) is not bool(expected)


def test_a_to_way_that_runs_through_is_read_by_geometry() -> None:
    """From a one may turn right into e only; north and straight on are forbidden with turning back."""
    ways = [("a b", ROAD), ("d b e", ROAD), ("b c", ROAD)]
    streets = town(nodes=CROSS, ways=ways, restrictions=[(0, "b", 1, "only_right_turn")])
    assert forbidden(streets, CROSS) == ["ab>ba", "ab>bc", "ab>bd"]


def test_no_entry_and_no_exit_have_several_ends() -> None:
    """From three arms into the fourth; from one arm into two others."""
    entry = ([("from", 0), ("from", 1), ("from", 2), ("via", "b"), ("to", 3)], {"restriction": "no_entry"})
    assert forbidden(town(nodes=CROSS, ways=ARMS, relations=[entry]), CROSS) == ["ab>be", "cb>be", "db>be"]
    leaving = ([("from", 0), ("via", "b"), ("to", 1), ("to", 2)], {"restriction": "no_exit"})
    assert forbidden(town(nodes=CROSS, ways=ARMS, relations=[leaving]), CROSS) == ["ab>bc", "ab>bd"]


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ([("from", 0), ("from", 1), ("via", "b"), ("to", 2)], "with more members than allowed"),
        ([("from", 0), ("via", "b"), ("to", 1), ("to", 2)], "with more members than allowed"),
        ([("from", 0), ("via", "b"), ("via", "c"), ("to", 2)], "have more members than allowed"),
        ([("from", 0), ("via", "b"), ("via", 1), ("to", 2)], "have more members than allowed"),
        ([("from", 0), ("to", 2)], "are incomplete"),
        ([("via", "b"), ("to", 2)], "are incomplete"),
        ([("from", "a"), ("via", "b"), ("to", 2)], "are incomplete"),
        ([], "are incomplete"),
        ([("from", 0)] * 200 + [("via", 1)] * 200 + [("to", 2)], "absent or closed"),
        ([("from", 0), ("via", 2), ("to", 3)], "absent or closed"),
        ([("from", 0), ("via", "d"), ("to", 2)], "absent or closed"),
    ],
)
def test_restrictions_of_a_wrong_shape_are_counted(members: list[tuple[str, int | str]], why: str) -> None:
    """More members than allowed, too few, or ways that do not meet: a sentence, never an error, and no turn closes."""
    streets = town(nodes=CROSS, ways=ARMS, relations=[(members, {"restriction": "no_left_turn"})])
    assert len(streets.restrictions) == 0
    assert why in counted(streets)


def test_a_second_from_way_that_does_not_reach_the_node_does_no_harm() -> None:
    """A way that was split has both halves in the relation; only one of them ends at the via node."""
    nodes = {**CROSS, "w": (-100.0, 0.0)}
    ways = [*ARMS, ("w a", ROAD)]
    turn = ([("from", 4), ("from", 0), ("via", "b"), ("to", 2)], {"restriction": "no_left_turn"})
    assert forbidden(town(nodes=nodes, ways=ways, relations=[turn]), nodes) == ["ab>bd"]


@pytest.mark.parametrize(
    ("tags", "applies"),
    [
        ({"restriction": "no_left_turn"}, 3),
        ({"restriction:hgv": "no_left_turn"}, 2),
        ({"restriction:goods": "no_left_turn"}, 1),
        ({"restriction:motorcar": "no_left_turn"}, 1),
        ({"restriction:motor_vehicle": "no_left_turn"}, 3),
        ({"restriction": "no_left_turn", "except": "goods"}, 2),
        ({"restriction": "no_left_turn", "except": "hgv;psv"}, 1),
        ({"restriction": "no_left_turn", "except": "delivery"}, 0),
        ({"restriction": "no_left_turn", "except": "bicycle"}, 3),
        ({"restriction:bus": "no_left_turn"}, 0),
        ({"restriction:bicycle": "no_left_turn", "restriction:hgv": "no_left_turn"}, 2),
        ({"type": "restriction:hgv", "restriction": "no_left_turn"}, 2),
        ({"type": "restriction:bus", "restriction": "no_left_turn"}, 0),
        ({"restriction:conditional": "no_left_turn @ (weight>3.5)"}, 2),
        ({"restriction:conditional": "no_left_turn @ (hgv)"}, 2),
        ({"restriction:hgv:conditional": "no_left_turn @ (06:00-22:00)"}, 2),
        ({"restriction": "no_left_turn", "restriction:hgv": "none"}, 1),
    ],
)
def test_whom_a_restriction_binds(tags: dict[str, str], applies: int) -> None:
    """Goods vehicles up to 3.5 t and above are told apart by keys, types, exceptions and weights."""
    members = [("from", 0), ("via", "b"), ("to", 2)]
    streets = town(nodes=CROSS, ways=ARMS, relations=[(members, tags)])
    assert int(streets.restrictions.applies.sum()) == applies
    assert not counted(streets)


def test_a_general_and_a_special_kind_bind_their_own_vehicles() -> None:
    """Lorries must go straight on, all others may not turn left."""
    tags = {"restriction": "no_left_turn", "restriction:hgv": "no_right_turn"}
    streets = town(nodes=CROSS, ways=ARMS, relations=[([("from", 0), ("via", "b"), ("to", 2)], tags)])
    assert forbidden(streets, CROSS, applies=1) == ["ab>bd"]
    assert sorted(streets.restrictions.applies.tolist()) == [3]


def test_a_turn_is_open_only_if_it_is_so_for_the_whole_shift() -> None:
    """Forbidden from 7 to 9 on working days: a shift from 8 meets it, one from 9 does not, a Saturday rule never."""
    members = [("from", 0), ("via", "b"), ("to", 2)]
    tags = {"restriction:conditional": "no_left_turn @ (Mo-Fr 07:00-09:00)"}
    weekend = {"restriction:conditional": "no_right_turn @ (Sa,Su)"}
    streets = town(
        nodes=CROSS,
        ways=ARMS,
        relations=[(members, tags), ([("from", 0), ("via", "b"), ("to", 3)], weekend)],
    )
    assert forbidden(streets, CROSS) == ["ab>bd"]
    assert streets.decided == ("relation 2000: restriction:conditional = 'no_left_turn @ (Mo-Fr 07:00-09:00)'",)
    late = streets.during(9 * 3600, 18 * 3600)
    assert (forbidden(late, CROSS), late.decided) == ([], ())
    assert late.restrictions.edge.tolist() == streets.restrictions.edge.tolist()


def test_a_turn_may_be_free_at_hours() -> None:
    """``none`` lifts the plain restriction at night; a shift that begins before the night still meets it."""
    members = [("from", 0), ("via", "b"), ("to", 2)]
    tags = {"restriction": "no_left_turn", "restriction:conditional": "none @ (20:00-06:00)"}
    streets = town(nodes=CROSS, ways=ARMS, relations=[(members, tags)])
    assert forbidden(streets, CROSS) == ["ab>bd"]
    assert forbidden(streets.during(21 * 3600, 29 * 3600), CROSS) == []
    assert forbidden(streets.during(19 * 3600, 29 * 3600), CROSS) == ["ab>bd"]


def test_a_time_that_cannot_be_read_forbids() -> None:
    """The restrictive reading: the turn counts as closed."""
    members = [("from", 0), ("via", "b"), ("to", 2)]
    tags = {"restriction:conditional": "no_left_turn @ (when the moon is full)"}
    streets = town(nodes=CROSS, ways=ARMS, relations=[(members, tags)])
    assert forbidden(streets, CROSS) == ["ab>bd"]
    assert "the conditions of 1 turn restrictions are not all readable" in counted(streets)


def test_a_barrier_that_opens_one_way_forbids_the_other() -> None:
    """A gate closed against the way's direction is passed along it; its row names the node."""
    gate = {"b": {"barrier": "gate", "motor_vehicle:backward": "no"}}
    streets = town(nodes=CROSS, ways=[("a b c", ROAD)], node_tags=gate)
    assert forbidden(streets, CROSS) == ["cb>ba"]
    assert streets.restrictions.relation_id.tolist() == [-2]
    lorries = {"b": {"barrier": "gate", "hgv": "no"}}
    streets = town(nodes=CROSS, ways=[("a b c", ROAD)], node_tags=lorries)
    assert forbidden(streets, CROSS) == []
    assert forbidden(streets, CROSS, applies=2) == ["ab>bc", "cb>ba"]


@pytest.mark.parametrize(
    ("name", "used", "relations"),
    [("helsinki", 43, 45), ("porto-old-town.osm.pbf", 36, 42), ("porto-metro.osm.pbf", 336, 357)],
)
def test_real_restrictions_are_used_and_connected(
    request: pytest.FixtureRequest, helsinki_path: Path, name: str, used: int, relations: int
) -> None:
    """So many of so many relations forbid something, and each sequence runs from edge to edge.

    In the old town 2 relations lack a member and the ways of 4 are cut off by the extract's edge or one-way against
    the turn; in the metropolitan area it is 14 and 5, and 2 relations repeat others.
    """
    helsinki = name == "helsinki"
    streets = Streets.from_file(helsinki_path) if helsinki else request.getfixturevalue("extract")(name)
    table, edges = streets.restrictions, streets.edges
    inner = np.ones(len(table.edge), dtype=bool)
    inner[table.start[:-1]] = False
    rows = np.flatnonzero(inner)
    np.testing.assert_array_equal(edges.v[table.edge[rows - 1]], edges.u[table.edge[rows]])
    assert (np.diff(table.start) >= 2).all()
    assert len(np.unique(table.relation_id)) == used, (used, relations)


def test_a_tangle_of_via_ways_is_counted() -> None:
    """All streets of a grid as via: there are thousands of ways through, and reading does not try them all."""
    nodes = {f"{x},{y}": (50.0 * x, 50.0 * y) for x in range(8) for y in range(8)}
    lines = [f"{x},{y} {x + 1},{y}" for x in range(7) for y in range(8)]
    lines += [f"{x},{y} {x},{y + 1}" for x in range(8) for y in range(7)]
    members = [("from", 0), *(("via", row) for row in range(1, len(lines) - 1)), ("to", len(lines) - 1)]
    streets = town(
        nodes=nodes, ways=[(line, ROAD) for line in lines], relations=[(members, {"restriction": "no_exit"})]
    )
    assert len(streets.restrictions) == 0
    assert "with more members than allowed" in counted(streets)


GRID = {f"{x}{y}": (100.0 * x, 100.0 * y) for x in range(4) for y in range(3)}
BLOCKS = [
    (f"{x}{y} {x + dx}{y + dy}", ROAD)
    for x in range(4)
    for y in range(3)
    for dx, dy in ((1, 0), (0, 1))
    if f"{x + dx}{y + dy}" in GRID
]


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_restrictions_in_a_grid_forbid_what_a_walker_would_read(data: st.DataObject) -> None:
    """Every walk of the path's length from the from way: forbidden if and only if the signs say so to a walker."""
    ways = {frozenset(line.split()): row for row, (line, _) in enumerate(BLOCKS)}
    around = {name: sorted(other for pair in ways if name in pair for other in pair - {name}) for name in GRID}
    path = [data.draw(st.sampled_from(sorted(GRID)))]
    for _ in range(data.draw(st.integers(2, 4))):
        path.append(data.draw(st.sampled_from([name for name in around[path[-1]] if name not in path] or ["stop"])))
        assume(path[-1] != "stop")
    rows = [ways[frozenset(pair)] for pair in pairwise(path)]
    only = data.draw(st.booleans())
    kind = "only_straight_on" if only else "no_straight_on"
    via = [("via", row) for row in rows[1:-1]] or [("via", path[1])]
    relation = ([("from", rows[0]), *via, ("to", rows[-1])], {"restriction": kind})
    streets = town(nodes=GRID, ways=BLOCKS, relations=[relation])
    found = {tuple(row.split(">")) for row in forbidden(streets, GRID)}
    walks = [path[:2]]
    while walks and len(walks[0]) < len(path):
        walks = [[*walk, name] for walk in walks for name in around[walk[-1]]]
    for walk in walks:
        steps = [a + b for a, b in pairwise(walk)]
        read = any(tuple(steps[i:j]) in found for i in range(len(steps)) for j in range(i + 2, len(steps) + 1))
        assert read == ((walk != path) if only else (walk == path)), walk
