"""The checker of paths: silent on right ones, and each kind of doctored path is rejected."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from fleetplan.city.classes import AccessTag, WidthSource
from fleetplan.city.streets import Restrictions, Streets
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.access import decide_access
from fleetplan.routing.corners import turn_times_ms
from fleetplan.routing.driving import edge_times_ms
from fleetplan.routing.plain_rules import PlainRules
from fleetplan.routing.reach import Reach, reach_of
from fleetplan.routing.seams import AccessRules, Band, DrivePath, Ordinance
from fleetplan.routing.topology import topology_of
from fleetplan.routing.verifying import _Judge, verify_paths
from tests.routing.builders import KEI, STREET, VAN, plain_town, reach, widened
from tests.towns import edge_row, lat_lon, town

NODES = {"A": (0, 0), "X": (100, 0), "B": (200, 0), "C": (100, 100), "M": (150, 50)}
WAYS = [("A X", STREET), ("X B", STREET), ("X C", STREET), ("C M B", STREET)]


def town_of(**more: object) -> Streets:
    """A street A-X-B, a branch X-C and a way from C over M to B."""
    return plain_town(nodes=NODES, ways=WAYS, **more)


def left_turn(streets: Streets) -> tuple[Reach, DrivePath]:
    """From (50, 0) left at X to (100, 50)."""
    found = reach(streets, KEI, (50, 0), (100, 50))
    return found, found.path(0, 1)


def codes(streets: Streets, path: DrivePath, **more: object) -> set[str]:
    """Codes of the faults of one path."""
    return {fault.code.removeprefix("verify_paths.") for fault in verify_paths(streets, KEI, [path], **more)}  # type: ignore[arg-type]


def test_a_right_path_passes() -> None:
    """The router's own path and table entry have no fault."""
    streets = town_of()
    found, path = left_turn(streets)
    assert (
        codes(streets, path, times=[(int(found.table.time_s[0, 0, 1]), int(found.table.distance_m[0, 0, 1]))]) == set()
    )


def test_wrong_way() -> None:
    """An edge against a one-way street, and an edge that no street has."""
    streets = town_of()
    _, path = left_turn(streets)
    forward = streets.stretches.forward.copy()
    forward[streets.edges.stretch[path.edges[-1]]] = False
    told = replace(streets, stretches=replace(streets.stretches, forward=forward))
    assert not streets.edges.reverse[path.edges[-1]]
    assert "wrong_way" in codes(told, path)
    assert codes(streets, replace(path, edges=(path.edges[0], -1))) == {"wrong_way"}


def test_backwards_on_the_only_edge() -> None:
    """A path of one edge whose end lies behind its start."""
    streets = town_of()
    found = reach(streets, KEI, (20, 0), (80, 0))
    path = found.path(0, 1)
    assert codes(streets, replace(path, start=path.end, end=path.start)) == {"wrong_way"}


def test_closed_edges() -> None:
    """The same path where its street has become too narrow, or private."""
    _, path = left_turn(town_of())
    assert codes(town_of(widths={2: 2.0}), path) == {"closed_room"}
    private = plain_town(nodes=NODES, ways=[WAYS[0], WAYS[1], ("X C", {**STREET, "access": "private"}), WAYS[3]])
    assert codes(private, path) == {"closed_law"}


def test_closed_edge_for_the_wider_vehicle_only() -> None:
    """A kei's path through an alley of 2.5 m is no path for the van."""
    streets = town_of(widths={2: 2.5})
    _, path = left_turn(streets)
    assert verify_paths(streets, KEI, [path]) == []
    assert [fault.code for fault in verify_paths(streets, VAN, [path])] == ["verify_paths.closed_room"]


def test_forbidden_turn() -> None:
    """The path turns left where a restriction forbids it."""
    _, path = left_turn(town_of())
    forbidden = town_of(restrictions=[(0, "X", 2, "no_left_turn")])
    assert codes(forbidden, path) == {"turn"}


def sequences(streets: Streets, *rows: tuple[list[int], int]) -> Streets:
    """The same streets with forbidden sequences of edges, each with its ``applies``."""
    table = Restrictions(
        start=np.cumsum([0, *(len(edges) for edges, _ in rows)]).astype(np.int64),
        edge=np.array([edge for edges, _ in rows for edge in edges], dtype=np.int64),
        relation_id=np.arange(len(rows), dtype=np.int64),
        applies=np.array([applies for _, applies in rows], dtype=np.uint8),
    )
    return replace(streets, restrictions=table)


def test_forbidden_sequences() -> None:
    """A-X, X-C, C-B in a row is forbidden: the path of the three is rejected, one that starts on X-C is not.

    A sequence of which only two edges are driven, and one for vehicles above 3.5 t, leave the kei alone.
    """
    streets = town_of()
    edges = [edge_row(streets, NODES, a, b) for a, b in pairwise("AXCB")]
    whole = reach(streets, KEI, (50, 0), (110, 90)).path(0, 1)
    late = reach(streets, KEI, (100, 50), (110, 90)).path(0, 1)
    assert list(whole.edges) == edges
    assert codes(sequences(streets, (edges, 1)), whole) == {"turn"}
    assert codes(sequences(streets, (edges, 1)), late) == set()
    assert codes(sequences(streets, ([edges[1], edges[2], 0], 3)), whole) == set()
    assert codes(sequences(streets, (edges, 2)), whole) == set()
    assert codes(sequences(streets, (edges[:2], 3)), whole) == {"turn"}


def test_closed_in_one_direction() -> None:
    """Access tags of the driven direction close the path, those of the other one do not."""
    streets = town_of()
    _, path = left_turn(streets)
    for edge, expected in ((path.edges[-1], {"closed_law"}), (int(streets.edges.twin[path.edges[-1]]), set())):
        tags = streets.edges.motor_access.copy()
        tags[edge] = AccessTag.PRIVATE
        assert codes(replace(streets, edges=replace(streets.edges, motor_access=tags)), path) == expected


def test_a_corner_that_cannot_be_taken() -> None:
    """The kei turns from A-X into X-C, both 3 m by survey; for the van that way is rejected."""
    streets = town_of(widths={0: 3.0, 2: 3.0}, source=WidthSource.SURVEY)
    _, path = left_turn(streets)
    assert verify_paths(streets, KEI, [path]) == []
    assert [fault.code for fault in verify_paths(streets, VAN, [path])] == ["verify_paths.corner"]


@pytest.mark.parametrize(
    "rules",
    [
        AccessRules(),
        AccessRules(clearance="none"),
        AccessRules(traffic=False),
        AccessRules(width_quantile=0.2),
        AccessRules(country="JP"),
    ],
    ids=str,
)
def test_times_agree_whatever_is_met(rules: AccessRules) -> None:
    """Signals, signs, crossings, humps, narrow streets, slow corners and waiting, by two codes."""
    streets = town_of(widths={0: 3.2, 1: 4.3, 2: 3.6, 3: 3.1})
    n = len(streets.edges)
    counts = {
        name: (np.arange(n) * step % 3).astype(np.uint8)
        for step, name in enumerate(("signals", "stops", "give_ways", "crossings", "calmings"), start=1)
    }
    streets = replace(streets, edges=replace(streets.edges, **counts))
    for vehicle in (KEI, VAN):
        found = reach_of(
            streets,
            vehicle,
            lat=np.array([lat_lon(100, 50)[0], lat_lon(180, 20)[0], lat_lon(20, 0)[0]]),
            lon=np.array([lat_lon(100, 50)[1], lat_lon(180, 20)[1], lat_lon(20, 0)[1]]),
            depot=lat_lon(50, 0),
            rules=rules,
        )
        pairs = [(i, j) for i in range(4) for j in range(4)]
        paths = [found.path(i, j) for i, j in pairs]
        times = [(int(found.table.time_s[0, i, j]), int(found.table.distance_m[0, i, j])) for i, j in pairs]
        assert verify_paths(streets, vehicle, paths, rules=rules, times=times) == []


def test_turning_back_at_a_junction() -> None:
    """From A to X and back to A is refused, for other streets lead on from X; at the dead end A it is fine."""
    streets = town_of()
    _, path = left_turn(streets)
    there, back = edge_row(streets, NODES, "A", "X"), edge_row(streets, NODES, "X", "A")
    assert codes(streets, replace(path, edges=(there, back), end=path.start)) == {"turn"}
    at_dead_end = replace(path, edges=(back, there), end=path.start)
    assert codes(streets, at_dead_end) == {"time"}, "the way is allowed, only its time is not that of the doctored path"


def test_barrier() -> None:
    """A path through M, where a bollard has been put."""
    found = reach(town_of(node_tags={"M": {"highway": "crossing"}}), KEI, (120, 80), (180, 20))
    path = found.path(0, 1)
    closed = town_of(node_tags={"M": {"barrier": "bollard"}})
    opened = town_of(node_tags={"M": {"barrier": "gate"}})
    edges = (edge_row(closed, NODES, "C", "M"), edge_row(closed, NODES, "M", "B"))
    start = replace(path.start, stretch=int(closed.edges.stretch[edges[0]]))
    end = replace(path.end, stretch=int(closed.edges.stretch[edges[1]]))
    doctored = replace(path, edges=edges, start=start, end=end)
    assert "barrier" in codes(closed, doctored)
    assert "barrier" not in codes(opened, doctored)


@pytest.mark.parametrize(
    ("tags", "barred"),
    [
        ({"barrier": "height_restrictor", "maxheight": "1.8"}, True),
        ({"barrier": "height_restrictor", "maxheight": "1.9"}, False),
        ({"maxweight": "1.2"}, True),
        ({"maxweight": "1.25"}, False),
        ({"barrier": "gate", "maxlength": "3"}, True),
        ({"barrier": "gate", "maxlength": "3.4"}, False),
    ],
    ids=str,
)
def test_limits_of_a_node(tags: dict[str, str], barred: bool) -> None:
    """The kei (1.9 m high, 1.25 t loaded, 3.395 m long) driven through M, where a limit has been put."""
    found = reach(town_of(node_tags={"M": {"barrier": "entrance"}}), KEI, (120, 80), (180, 20))
    path = found.path(0, 1)
    assert len(path.edges) == 2
    assert ("barrier" in codes(town_of(node_tags={"M": tags}), path)) is barred


@pytest.mark.parametrize("country", ["FI", "JP"])
@pytest.mark.parametrize("ordinance", ["clearance", "law", "off"])
@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_bands_behind_signs_agree_with_the_router(country: str, ordinance: Ordinance, quantile: float) -> None:
    """Closures and squeezes on streets with and without signs, tags, lanes and one-way rules, by two codes."""
    rules = AccessRules(country=country, ordinance=ordinance, width_quantile=quantile)
    widths: list[dict[str, str]] = [{}, {"width": "7"}, {"width": "4.5"}, {"width": "2.6"}, {"lanes": "2"}]
    signs: list[dict[str, str]] = [{}, {"maxwidth": "1.8"}, {"maxwidth": "2.3"}, {"maxwidth": "2.6"}, {"maxwidth": "4"}]
    ways = [
        ("A X", {**STREET, **width, **sign, "oneway": oneway})
        for width in widths
        for sign in signs
        for oneway in ("yes", "no")
    ]
    streets = town(nodes=NODES, ways=ways)
    seen: set[int] = set()
    for vehicle in (KEI, VAN):
        band = decide_access(streets, vehicle, rules).stretch_band
        judge = _Judge(streets, vehicle, rules)
        kinds = {"closed_law": Band.BLOCKED_LAW, "closed_room": Band.BLOCKED_ROOM}
        for stretch in range(len(streets.stretches)):
            kind, _ = judge.plain.stretch_closure(stretch)
            open_band = Band.SQUEEZED if judge.plain.is_squeezed(stretch) else Band.FREE
            assert band[stretch] == kinds.get(kind, open_band), (vehicle.name, stretch)
        seen |= set(band.tolist())
    assert seen == {int(value) for value in Band}


@pytest.mark.parametrize("kind", [KEI, VAN], ids=["kei", "van"])
def test_every_street_and_turn_of_a_city_agrees(helsinki_path: Path, kind: Vehicle) -> None:
    """Bands, times of edges, of turns and of turning back, and impossible corners: two codes, all of Helsinki.

    The widths are drawn and called surveyed, so that every band and every kind of corner is there.
    """
    city = Streets.from_file(helsinki_path)
    drawn = np.random.default_rng(5).uniform(1.8, 7.0, len(city.stretches))
    streets = widened(city, drawn, source=WidthSource.SURVEY)
    rules = AccessRules(country=streets.country)
    access, topology = decide_access(streets, kind, rules), topology_of(streets)
    plain = PlainRules(streets, kind, rules)
    closed = {"closed_law": Band.BLOCKED_LAW, "closed_room": Band.BLOCKED_ROOM}
    times_ms = edge_times_ms(streets, access, rules=rules)
    for edge, stretch in enumerate(streets.edges.stretch.tolist()):
        kind_of = plain.closure(edge)[0]
        expected = closed.get(kind_of, Band.SQUEEZED if plain.is_squeezed(stretch) else Band.FREE)
        assert access.band[edge] == expected
        assert kind_of or times_ms[edge] == pytest.approx(sum(plain.edge_ms(edge)), abs=1.01)
    turns_ms, possible = turn_times_ms(streets, topology, kind, rules=rules)
    for row, (a, b) in enumerate(zip(topology.first.tolist(), topology.second.tolist(), strict=True)):
        assert turns_ms[row] == pytest.approx(plain.turn_ms(a, b), abs=1.01)
    arcs = zip(topology.first.tolist(), topology.second.tolist(), strict=True)
    stuck = np.array([plain.is_stuck(a, b) for a, b in arcs])
    assert not (stuck & possible).any()
    assert (stuck == possible).mean() < 0.01, "the checker gives 5 mm away"
    assert stuck.any() == (kind is VAN)
    assert set(access.band.tolist()) == {int(band) for band in Band}


def test_gap() -> None:
    """An edge of the middle left out; and no edge at all between two points."""
    streets = plain_town(nodes=NODES, ways=[WAYS[0], WAYS[1], WAYS[3], ("A C", STREET)])
    found = reach(streets, KEI, (50, 0), (150, 50))
    path = found.path(0, 1)
    assert len(path.edges) >= 3
    assert "gap" in codes(streets, replace(path, edges=(path.edges[0], *path.edges[2:])))
    assert codes(streets, replace(path, edges=(), time_ms=0, distance_dm=0)) == {"gap"}


def test_ends_not_on_the_path() -> None:
    """The path's end point lies on another street than its last edge."""
    streets = town_of()
    found, path = left_turn(streets)
    assert codes(streets, replace(path, end=found.points[0])) == {"ends"}


@pytest.mark.parametrize(("field", "code"), [("time_ms", "time"), ("distance_dm", "length")])
def test_wrong_time_and_length(field: str, code: str) -> None:
    """50 ms or 5 dm... more than rounding explains are found; one unit is rounding."""
    streets = town_of()
    _, path = left_turn(streets)
    value = getattr(path, field)
    assert codes(streets, replace(path, **{field: value + 50})) == {code}
    assert codes(streets, replace(path, **{field: value + 1})) == set()


def test_wrong_table_entry() -> None:
    """A table that says one second or metre more than the path is found."""
    streets = town_of()
    found, path = left_turn(streets)
    time_s, distance_m = int(found.table.time_s[0, 0, 1]), int(found.table.distance_m[0, 0, 1])
    assert codes(streets, path, times=[(time_s + 1, distance_m)]) == {"time"}
    assert codes(streets, path, times=[(time_s, distance_m + 1)]) == {"length"}


def test_turning_round_must_be_paid() -> None:
    """Out of a dead end: the path claims its turn but not the time for it, or the time but not the turn."""
    streets = plain_town(nodes={**NODES, "D": (100, -100)}, ways=[*WAYS, ("X D", STREET)])
    found = reach(streets, KEI, (50, 0), (100, -50))
    path = found.path(1, 0)
    assert path.turns_round
    assert codes(streets, path) == set()
    assert codes(streets, replace(path, turns_round=False)) == {"time"}
    assert codes(streets, replace(path, time_ms=path.time_ms - 8000)) == {"time"}


def test_several_paths_are_told_apart() -> None:
    """Faults name the number of the path."""
    streets = town_of()
    _, path = left_turn(streets)
    faults = verify_paths(streets, KEI, [path, replace(path, time_ms=1), path])
    assert [fault.where for fault in faults] == ["path 1"]
    assert np.all([fault.remedy for fault in faults])
