"""Hand-worked towns: signals, signs, crossings and calming, counted on the edges whose traffic they are for."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from fleetplan.city.points import Serves, read_node
from fleetplan.city.streets import Streets
from tests.towns import Point, edge_row, town

ROAD = {"highway": "residential"}
MAIN = {"highway": "secondary"}
SIGNAL = {"highway": "traffic_signals"}
# A crossroads with arms of 100 m; w, e, n, s lie 10 m before its middle x, h lies half way on the western arm.
CROSS: dict[str, Point] = {
    "A": (-100.0, 0.0),
    "B": (100.0, 0.0),
    "C": (0.0, 100.0),
    "D": (0.0, -100.0),
    "x": (0.0, 0.0),
    "w": (-10.0, 0.0),
    "e": (10.0, 0.0),
    "n": (0.0, 10.0),
    "s": (0.0, -10.0),
    "h": (-50.0, 0.0),
}
ARMS = [("A h w x", MAIN), ("x e B", MAIN), ("x n C", ROAD), ("x s D", ROAD)]
INTO = ("Ax", "Bx", "Cx", "Dx")
OUT = ("xA", "xB", "xC", "xD")


def met(streets: Streets, kind: str, ends: tuple[str, ...], nodes: Mapping[str, Point] = CROSS) -> list[int]:
    """What is counted on edges named by their ends."""
    return [int(getattr(streets.edges, kind)[edge_row(streets, nodes, *pair)]) for pair in ends]


def cross(**points: Mapping[str, str]) -> Streets:
    """The crossroads with things on its points."""
    return town(nodes=CROSS, ways=ARMS, node_tags=points)


def test_a_signal_on_the_junction_is_paid_by_all_that_arrive() -> None:
    """Once, and by nobody who leaves."""
    streets = cross(x=SIGNAL)
    assert met(streets, "signals", INTO) == [1, 1, 1, 1]
    assert met(streets, "signals", OUT) == [0, 0, 0, 0]
    assert streets.nodes.signals.sum() == 1


def test_signals_before_a_junction_are_for_those_who_head_to_it() -> None:
    """Four stop lines at 10 m: each passage pays one, at its own line, none on leaving; no stretch is cut."""
    streets = cross(w=SIGNAL, e=SIGNAL, n=SIGNAL, s=SIGNAL)
    assert len(streets.stretches) == 4
    assert met(streets, "signals", INTO) == [1, 1, 1, 1]
    assert met(streets, "signals", OUT) == [0, 0, 0, 0]


def test_a_stop_line_and_the_junction_behind_it_are_paid_once() -> None:
    """From the west a line and the junction's own signal; from the other arms the junction's alone."""
    streets = cross(w=SIGNAL, x=SIGNAL)
    assert met(streets, "signals", INTO) == [1, 1, 1, 1]
    assert met(streets, "signals", OUT) == [0, 0, 0, 0]


def test_a_signal_far_from_junctions_is_for_both_directions() -> None:
    """50 m off, a crossing for people: paid by either; with the junction's own signal it is a second one."""
    assert met(cross(h=SIGNAL), "signals", ("Ax", "xA")) == [1, 1]
    assert met(cross(h=SIGNAL, x=SIGNAL), "signals", ("Ax", "xA", "Bx")) == [2, 1, 1]


@pytest.mark.parametrize(
    ("word", "into", "out"), [("forward", 1, 0), ("backward", 0, 1), ("both", 1, 1), ("268", 1, 0), ("up", 1, 0)]
)
def test_a_tagged_direction_wins(word: str, into: int, out: int) -> None:
    """Along the way as drawn, here towards the junction; a compass direction says nothing about the way."""
    streets = cross(w={**SIGNAL, "traffic_signals:direction": word})
    assert met(streets, "signals", ("Ax", "xA")) == [into, out]


def test_the_way_to_the_junction_leads_over_other_cuts() -> None:
    """The arm is split between signal and junction and a path joins it there: still the signal heads to x."""
    nodes = {**CROSS, "p": (-5.0, 0.0), "q": (-5.0, 40.0)}
    ways = [("A h w p", MAIN), ("p x", {**MAIN, "lanes": "3"}), *ARMS[1:], ("p q", {"highway": "footway"})]
    streets = town(nodes=nodes, ways=ways, node_tags={"w": SIGNAL})
    assert met(streets, "signals", ("Ap", "pA", "px", "xp"), nodes) == [1, 0, 0, 0]


def test_a_signal_where_a_path_crosses_is_kept_with_its_direction() -> None:
    """The path cuts the street at the signal: the edge that ends there pays, and the next one not again."""
    nodes = {**CROSS, "q": (-10.0, 40.0)}
    ways = [*ARMS, ("w q", {"highway": "footway"})]
    streets = town(nodes=nodes, ways=ways, node_tags={"w": SIGNAL, "x": SIGNAL})
    assert met(streets, "signals", ("Aw", "wx", "xw", "wA"), nodes) == [1, 0, 0, 0]
    assert met(streets, "signals", ("Bx", "Cx"), nodes) == [1, 1]


def test_both_roadways_of_one_junction_are_passed_in_one_go() -> None:
    """A dual carriageway is crossed: two junction nodes 15 m apart, each with signals, paid once from either side."""
    nodes: dict[str, Point] = {
        "S": (0.0, -100.0),
        "u": (0.0, 0.0),
        "v": (0.0, 15.0),
        "N": (0.0, 115.0),
        "a": (-100.0, 0.0),
        "b": (100.0, 0.0),
        "c": (100.0, 15.0),
        "d": (-100.0, 15.0),
    }
    one = {**MAIN, "oneway": "yes"}
    ways = [("S u v N", ROAD), ("a u b", one), ("c v d", one)]
    streets = town(nodes=nodes, ways=ways, node_tags={"u": SIGNAL, "v": SIGNAL})
    assert met(streets, "signals", ("Su", "uv", "vN", "Nv", "vu", "uS"), nodes) == [1, 0, 0, 1, 0, 0]
    assert met(streets, "signals", ("au", "cv", "ub", "vd"), nodes) == [1, 1, 0, 0]


def test_a_one_way_street_pays_what_stands_on_it() -> None:
    """There is no other traffic; just behind a junction whose signals were passed it is not paid again."""
    one = {**MAIN, "oneway": "yes"}
    ways = [("x e B", one), *ARMS[2:], ARMS[0]]
    assert met(town(nodes=CROSS, ways=ways, node_tags={"e": SIGNAL}), "signals", ("xB",)) == [1]
    assert met(town(nodes=CROSS, ways=ways, node_tags={"e": SIGNAL, "x": SIGNAL}), "signals", ("xB", "Ax")) == [0, 1]


def test_a_crossing_with_signals_is_a_signal_and_no_crossing() -> None:
    """However it says so; marked crossings count for both directions, unmarked ones not at all."""
    for tags in ({"crossing": "traffic_signals"}, {"crossing": "marked", "crossing:signals": "yes"}):
        streets = cross(h={"highway": "crossing", **tags})
        assert met(streets, "signals", ("Ax", "xA")) == [1, 1]
        assert met(streets, "crossings", ("Ax", "xA")) == [0, 0]
    streets = cross(h={"highway": "crossing", "crossing": "zebra"}, w={"highway": "crossing", "crossing": "unmarked"})
    assert met(streets, "crossings", ("Ax", "xA", "Bx")) == [1, 1, 0]


@pytest.mark.parametrize(
    ("tags", "into"),
    [
        ({"stop": "all"}, [1, 1, 1, 1]),
        ({"stop": "minor"}, [0, 0, 1, 1]),
        ({}, [1, 1, 1, 1]),
    ],
)
def test_stop_signs_on_the_junction_are_for_all_or_the_minor_streets(tags: dict[str, str], into: list[int]) -> None:
    """The west and east arms are of a higher class than those from the north and south."""
    streets = cross(x={"highway": "stop", **tags})
    assert met(streets, "stops", INTO) == into
    assert met(streets, "stops", OUT) == [0, 0, 0, 0]


def test_signs_before_a_junction_are_for_those_who_head_to_it() -> None:
    """Stop in the north, give way in the south; in the west a sign that is tagged the other way round."""
    streets = cross(
        n={"highway": "stop"}, s={"highway": "give_way"}, w={"highway": "give_way", "direction": "backward"}
    )
    assert met(streets, "stops", INTO + OUT) == [0, 0, 1, 0, 0, 0, 0, 0]
    assert met(streets, "give_ways", INTO + OUT) == [0, 0, 0, 1, 1, 0, 0, 0]


def test_calming_on_nodes_and_on_ways() -> None:
    """Two humps on the arm; a way that is calmed as a whole has one at least, and what is no calming counts nothing."""
    streets = town(
        nodes=CROSS,
        ways=[*ARMS[:2], ("x n C", {**ROAD, "traffic_calming": "table"}), ("x s D", {**ROAD, "traffic_calming": "no"})],
        node_tags={"h": {"traffic_calming": "hump"}, "w": {"traffic_calming": "bump", "direction": "forward"}},
    )
    assert met(streets, "calmings", ("Ax", "xA", "xC", "Cx", "Dx")) == [2, 1, 1, 1, 0]


def test_many_things_on_one_edge_stop_at_the_column_s_largest_number() -> None:
    """300 crossings between two ends are 255, not 44."""
    nodes: dict[str, Point] = {f"k{i}": (float(i), 0.0) for i in range(302)}
    marked = {f"k{i}": {"highway": "crossing", "crossing": "zebra"} for i in range(1, 301)}
    streets = town(nodes=nodes, ways=[(" ".join(nodes), ROAD)], node_tags=marked)
    assert streets.edges.crossings.tolist() == [255, 255]


def test_everything_met_survives_a_graph() -> None:
    """Counts of both directions, though the points between junctions are gone from a simplified graph."""
    streets = cross(
        w=SIGNAL, h={"highway": "crossing", "crossing": "zebra"}, n={"highway": "stop"}, e={"traffic_calming": "hump"}
    )
    again = Streets.from_graph(streets.to_graph())
    for kind in ("signals", "stops", "give_ways", "crossings", "calmings"):
        assert met(again, kind, INTO + OUT) == met(streets, kind, INTO + OUT)


@pytest.mark.parametrize(
    ("tags", "serves"),
    [
        (SIGNAL, Serves.UNSAID),
        ({**SIGNAL, "direction": "both"}, Serves.BOTH),
        ({**SIGNAL, "direction": "backward", "traffic_signals:direction": "forward"}, Serves.FORWARD),
        ({"highway": "crossing", "crossing": "island;traffic_signals"}, Serves.UNSAID),
        ({"highway": "street_lamp"}, Serves.NOBODY),
    ],
)
def test_whom_a_signal_is_for(tags: dict[str, str], serves: Serves) -> None:
    """The key of the signal itself before the general one."""
    assert read_node(tags).signals == serves
