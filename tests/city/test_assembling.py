"""Hand-worked towns: how ways become stretches and edges, and restrictions forbidden turns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyproj
import pytest

from fleetplan.city.assembling import lengths_m, utm_zone
from fleetplan.city.classes import Barrier, Highway
from fleetplan.city.countries import known_countries
from fleetplan.city.packs import PACKS, _head
from fleetplan.city.streets import Streets
from fleetplan.errors import CityError
from fleetplan.routing.driving import left_hand_countries
from tests.towns import edge_row, node_ids, node_row, town, town_xml

# A crossroads: a west, b in the middle, c east, d north, e south; each arm 100 m.
CROSS = {"a": (0.0, 0.0), "b": (100.0, 0.0), "c": (200.0, 0.0), "d": (100.0, 100.0), "e": (100.0, -100.0)}
ROAD = {"highway": "residential"}


def arms(streets: Streets, nodes: dict[str, tuple[float, float]]) -> list[str]:
    """Edges as pairs of names, in the order of the table."""
    name = {number: label for label, number in node_ids(nodes).items()}
    table = streets.edges
    osm_id = streets.nodes.osm_id
    return [name[int(osm_id[u])] + name[int(osm_id[v])] for u, v in zip(table.u, table.v, strict=True)]


def forbidden(streets: Streets, nodes: dict[str, tuple[float, float]]) -> list[str]:
    """What a goods vehicle up to 3.5 t may not drive in a row, as ``ab>bc``."""
    names = arms(streets, nodes)
    table = streets.restrictions
    return sorted(
        ">".join(names[edge] for edge in table.edge[table.start[row] : table.start[row + 1]])
        for row in np.flatnonzero(table.applies & 1)
    )


def test_ways_are_cut_where_they_meet_and_nowhere_else() -> None:
    """A bend is no end; a crossing is one."""
    nodes = {**CROSS, "x": (50.0, 10.0)}
    streets = town(nodes=nodes, ways=[("a x b c", ROAD), ("d b e", {"highway": "service"})])
    assert arms(streets, nodes) == ["ab", "ba", "bc", "cb", "db", "bd", "be", "eb"]
    assert streets.stretches.way_id.tolist() == [100, 100, 101, 101]
    assert len(streets.stretches.line(0)[0]) == 3
    assert streets.stretches.length_m[1] == pytest.approx(100, abs=0.05)
    assert streets.stretches.length_m[0] == pytest.approx(2 * np.hypot(50, 10), abs=0.05)


def test_footways_cut_streets_too() -> None:
    """Where a path meets a street a driver may leave the kerb on foot; the path itself has no edges."""
    streets = town(nodes=CROSS, ways=[("a b c", ROAD), ("b d", {"highway": "footway"})])
    assert arms(streets, CROSS) == ["ab", "ba", "bc", "cb"]
    assert streets.stretches.walkable.all()
    assert streets.stretches.drivable.tolist() == [True, True, False]


def test_one_way_against_the_drawing() -> None:
    """``oneway=-1`` gives the reverse edge only, without a twin."""
    streets = town(nodes=CROSS, ways=[("a b", {**ROAD, "oneway": "-1"}), ("b c", ROAD)])
    assert arms(streets, CROSS) == ["ba", "bc", "cb"]
    assert streets.edges.reverse.tolist() == [True, False, True]
    assert streets.edges.twin.tolist() == [-1, 2, 1]


def test_a_roundabout_runs_one_way_and_is_cut_at_its_arms() -> None:
    """A closed way of four nodes with two arms: two stretches on the ring from arm to arm."""
    nodes = {"n": (0, 10), "w": (-10, 0), "s": (0, -10), "e": (10, 0), "p": (0, 80), "q": (0, -80)}
    streets = town(nodes=nodes, ways=[("n w s e n", {**ROAD, "junction": "roundabout"}), ("p n", ROAD), ("s q", ROAD)])
    assert arms(streets, nodes) == ["ns", "sn", "pn", "np", "sq", "qs"]
    assert streets.edges.stretch.tolist() == [0, 1, 2, 2, 3, 3]


def test_a_way_that_meets_itself_is_cut_there() -> None:
    """A lollipop: the stick ends where the loop closes, and the loop is a stretch of its own."""
    nodes = {"a": (0, 0), "b": (100, 0), "c": (150, 50), "d": (150, -50)}
    streets = town(nodes=nodes, ways=[("a b c d b", ROAD)])
    assert arms(streets, nodes) == ["ab", "ba", "bb", "bb"]
    assert streets.edges.twin.tolist() == [1, 0, 3, 2]


def test_a_barrier_cuts_a_street() -> None:
    """So that routing can decide at the node; its gap and kind are in the table."""
    streets = town(
        nodes=CROSS, ways=[("a b c", ROAD)], node_tags={"b": {"barrier": "bollard", "maxwidth:physical": "2 m"}}
    )
    row = node_row(streets, CROSS, "b")
    assert arms(streets, CROSS) == ["ab", "ba", "bc", "cb"]
    assert (streets.nodes.barrier[row], streets.nodes.barrier_gap_m[row]) == (Barrier.BOLLARD, 2.0)


def test_signals_between_junctions_do_not_cut_streets_and_are_kept_on_them() -> None:
    """One in the middle of a street is no end of a stretch, and paid in both directions."""
    signal = {"b": {"highway": "traffic_signals"}}
    streets = town(nodes=CROSS, ways=[("a b c", ROAD)], node_tags=signal)
    assert len(streets.stretches) == 1
    assert streets.edges.signals.tolist() == [1, 1]


def test_no_left_turn() -> None:
    """From the west into the north arm only."""
    ways = [("a b", ROAD), ("b c", ROAD), ("b d", ROAD), ("b e", ROAD)]
    streets = town(nodes=CROSS, ways=ways, restrictions=[(0, "b", 2, "no_left_turn")])
    assert forbidden(streets, CROSS) == ["ab>bd"]
    assert streets.restrictions.relation_id.tolist() == [1000]
    assert streets.restrictions.edge[streets.restrictions.start[:-1]].tolist() == [edge_row(streets, CROSS, "a", "b")]


def test_only_straight_on_is_spelled_out() -> None:
    """All other ways out are forbidden, turning round included."""
    ways = [("a b", ROAD), ("b c", ROAD), ("b d", ROAD), ("b e", ROAD)]
    streets = town(nodes=CROSS, ways=ways, restrictions=[(0, "b", 1, "only_straight_on")])
    assert forbidden(streets, CROSS) == ["ab>ba", "ab>bd", "ab>be"]


def test_no_u_turn_on_a_way_that_runs_through() -> None:
    """From way and to way are the same; each direction's own twin is forbidden."""
    streets = town(nodes=CROSS, ways=[("a b c", ROAD), ("b d", ROAD)], restrictions=[(0, "b", 0, "no_u_turn")])
    assert forbidden(streets, CROSS) == ["ab>ba", "cb>bc"]


def test_a_via_node_cuts_although_nothing_else_meets_there() -> None:
    """A no-U-turn sign in the middle of a street."""
    streets = town(nodes=CROSS, ways=[("a b c", ROAD)], restrictions=[(0, "b", 0, "no_u_turn")])
    assert forbidden(streets, CROSS) == ["ab>ba", "cb>bc"]


@pytest.mark.parametrize(
    ("more", "binds"),
    [
        ({"except": "psv;bicycle"}, True),
        ({"except": "psv; motorcar"}, False),
        ({"except": "goods"}, False),
        ({"restriction": "", "restriction:hgv": "no_left_turn"}, False),
        ({"restriction": "no_right_turn", "restriction:conditional": "no_left_turn @ (08:00-18:00)"}, True),
        ({"type": "restriction:motorcar", "restriction": "", "restriction:motorcar": "no_left_turn"}, True),
    ],
)
def test_whom_a_restriction_binds(more: dict[str, str], binds: bool) -> None:
    """Exempt vehicles and lorries' own rules are told from those that bind a van."""
    ways = [("a b", ROAD), ("b d", ROAD), ("b c", ROAD)]
    streets = town(nodes=CROSS, ways=ways, restrictions=[(0, "b", 1, "no_left_turn", more)])
    assert forbidden(streets, CROSS) == (["ab>bd"] if binds else [])


def test_restrictions_that_cannot_be_used_are_counted() -> None:
    """Of an unknown kind; over a way that is not there."""
    streets = town(
        nodes=CROSS,
        ways=[("a b", ROAD), ("b c", ROAD), ("b d", {"highway": "footway"})],
        restrictions=[(0, "b", 1, "mind_the_gap"), (0, "b", 2, "no_left_turn")],
    )
    assert len(streets.restrictions) == 0
    said = [warning for warning in streets.warnings if "turn restrictions" in warning]
    assert said == [
        "turn restrictions left out: 1 are of an unknown kind",
        "1 of 1 turn restrictions forbid nothing here: 1 whose ways are absent or closed to motor traffic in that "
        "direction",
    ]


def test_a_clipped_way_is_trimmed_to_what_is_there() -> None:
    """Absent points at the end and in the middle: two present runs of two points each are kept, one point is not."""
    nodes = {**CROSS, "x": (50.0, 0.0)}
    streets = town(nodes=nodes, ways=[("gone1 a x gone2 b c gone3 d gone4", ROAD)])
    assert arms(streets, nodes) == ["ax", "xa", "bc", "cb"]
    assert streets.stretches.way_id.tolist() == [100, 100]
    assert [warning for warning in streets.warnings if "trimmed" in warning] == [
        "1 ways reference points that the file does not hold (a clipped extract): they were trimmed to the points "
        "that are there"
    ]


def test_unknown_values_give_one_warning_per_key_with_counts() -> None:
    """However many ways carry them; an unknown class of street is neither driven nor walked on."""
    streets = town(
        nodes=CROSS,
        ways=[
            ("a b", {**ROAD, "maxspeed": "FI:lunar"}),
            ("b c", {**ROAD, "maxspeed": "FI:lunar", "name": "x"}),
            ("b d", {**ROAD, "maxspeed": "slow"}),
            ("b e", {"highway": "skyway"}),
        ],
    )
    assert list(streets.warnings) == [
        "highway: values on 1 ways are unknown or implausible, such ways are neither driven nor walked on: "
        "'skyway' (1)",
        "maxspeed: values on 3 ways are unknown or implausible, the class default holds there: 'FI:lunar' (2), "
        "'slow' (1)",
    ]
    assert np.isnan(streets.stretches.maxspeed_kph).all()
    other = streets.stretches.highway == Highway.OTHER
    assert not (streets.stretches.drivable | streets.stretches.walkable)[other].any()


def test_what_is_known_to_be_no_street_is_left_out_without_a_word() -> None:
    """Planned and building streets, platforms."""
    ways = [("a b", ROAD), *[("b c", {"highway": kind}) for kind in ("construction", "proposed", "platform")]]
    streets = town(nodes=CROSS, ways=ways)
    assert (len(streets.stretches), streets.warnings) == (1, ())


def test_names_are_kept_once_and_made_harmless() -> None:
    """Two ways of one name share a row; line breaks and control characters do not survive."""
    streets = town(
        nodes=CROSS,
        ways=[
            ("a b", {**ROAD, "name": "Kei\u202eka\u0085tu"}),
            ("b c", {**ROAD, "name": "B"}),
            ("b d", {**ROAD, "name": "B"}),
        ],
    )
    assert streets.names == ("", "Kei ka tu", "B")
    assert streets.stretches.name.tolist() == [1, 2, 2]


def test_repeated_points_add_neither_length_nor_stretch() -> None:
    """A point drawn twice in a row is one; a way of one place is none."""
    streets = town(nodes=CROSS, ways=[("a a b b", ROAD), ("c c", ROAD)])
    assert arms(streets, CROSS) == ["ab", "ba"]


def test_a_way_drawn_twice_gives_parallel_stretches() -> None:
    """Both are kept; a network may have parallel streets."""
    streets = town(nodes=CROSS, ways=[("a b", ROAD), ("a b", {"highway": "service"})])
    assert arms(streets, CROSS) == ["ab", "ba", "ab", "ba"]


def test_country_and_metric_coordinates() -> None:
    """Helsinki lies in Finland, in UTM zone 35 north; a given country is believed."""
    streets = town(nodes=CROSS, ways=[("a b", ROAD)])
    assert (streets.country, streets.crs) == ("FI", 32635)
    assert np.hypot(np.diff(streets.nodes.x_m), np.diff(streets.nodes.y_m))[0] == pytest.approx(100, rel=1e-3)
    assert town(nodes=CROSS, ways=[("a b", ROAD)], country="jp").country == "JP"


@pytest.mark.parametrize("country", ["Finland", "UK", "EU", "ZZ", "日本"])
def test_a_country_that_is_no_code_is_a_fault(country: str) -> None:
    """A name, or two letters that are no country's, would silently miss every table of figures and the driving side."""
    with pytest.raises(CityError, match="no country code"):
        town(nodes=CROSS, ways=[("a b", ROAD)], country=country)


def test_every_country_of_the_tables_is_known() -> None:
    """Packs of widths and the list of countries that keep left name countries that a user may give."""
    packs = {country for name in PACKS for country in _head(name)["countries"]}
    assert packs | left_hand_countries() <= known_countries()


@pytest.mark.parametrize(
    ("lat", "lon", "epsg"), [(60.2, 24.9, 32635), (-33.9, 151.2, 32756), (35.0, 180.0, 32660), (35.0, -180.0, 32601)]
)
def test_utm_zones(lat: float, lon: float, epsg: int) -> None:
    """North and south, and the seam of the map."""
    assert utm_zone(lat, lon) == epsg


def test_lengths_agree_with_the_geodesic() -> None:
    """One part in 100,000, from the equator to Helsinki, for points up to 10 km apart."""
    random = np.random.default_rng(5)
    lat = np.repeat(random.uniform(-65, 65, 200), 2)
    lon = np.repeat(random.uniform(-170, 170, 200), 2)
    lat[1::2] += random.uniform(-0.06, 0.06, 200)
    lon[1::2] += random.uniform(-0.06, 0.06, 200)
    _, _, truth_m = pyproj.Geod(ellps="WGS84").inv(lon[::2], lat[::2], lon[1::2], lat[1::2])
    assert lengths_m(lon, lat)[::2] == pytest.approx(truth_m, rel=1e-5)


@pytest.mark.parametrize(
    "ways", [[], [("a b", {"highway": "footway"})], [("a b", {"highway": "construction"})], [("a", ROAD)]]
)
def test_a_town_without_a_street_is_a_fault(ways: list[tuple[str, dict[str, str]]]) -> None:
    """Nothing, a path only, a building site only, a way of one point."""
    with pytest.raises(CityError) as caught:
        town(nodes=CROSS, ways=ways)
    assert caught.value.faults[0].code == "city.no_street"


def test_the_same_town_gives_the_same_tables(tmp_path: Path) -> None:
    """Reading twice gives equal arrays, whatever the hash seed: nothing hangs on the order of sets."""
    path = tmp_path / "town.osm"
    ways = [("a b c", ROAD), ("d b e", {"highway": "service"})]
    path.write_text(town_xml(nodes=CROSS, ways=ways, restrictions=[(1, "b", 1, "no_u_turn")]), encoding="utf-8")
    one, two = Streets.from_file(path), Streets.from_file(path)
    for table in ("nodes", "stretches", "edges", "restrictions"):
        first, second = getattr(one, table), getattr(two, table)
        for column in first.__dataclass_fields__:
            np.testing.assert_array_equal(getattr(first, column), getattr(second, column))
