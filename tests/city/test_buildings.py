"""Buildings: hand-worked floor areas, who shares them, hostile tags, real cities."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetplan.city.buildings import Use, building_of, parse_flats, parse_levels
from fleetplan.city.streets import Places, Streets
from tests.towns import town

STREET = ("w e", {"highway": "residential"})
NODES = {"w": (0.0, 0.0), "e": (300.0, 0.0)}


def block(name: str, x_m: float, width_m: float, depth_m: float) -> dict[str, tuple[float, float]]:
    """Corners of a building north of the street."""
    corners = ((0.0, 0.0), (width_m, 0.0), (width_m, depth_m), (0.0, depth_m))
    return {f"{name}{i}": (x_m + dx, 10.0 + dy) for i, (dx, dy) in enumerate(corners)}


def ring(name: str) -> str:
    return f"{name}0 {name}1 {name}2 {name}3 {name}0"


def places_of_town(
    buildings: Mapping[str, tuple[float, float, float, dict[str, str]]],
    points: Mapping[str, tuple[float, float, dict[str, str]]] | None = None,
) -> Places:
    """Places of a street with buildings (west edge, width, depth, tags) and tagged points (x, y, tags)."""
    nodes = dict(NODES)
    for name, (x_m, width_m, depth_m, _) in buildings.items():
        nodes |= block(name, x_m, width_m, depth_m)
    nodes |= {name: (x_m, y_m) for name, (x_m, y_m, _) in (points or {}).items()}
    ways = [STREET, *((ring(name), {"building": "yes"} | tags) for name, (_, _, _, tags) in buildings.items())]
    tags = {name: row[2] for name, row in (points or {}).items()}
    return town(nodes=nodes, ways=ways, node_tags=tags, country="FI").places


def row_of(places: Places, label: str) -> int:
    return list(places.label).index(label)


def test_footprint_times_levels_worked_by_hand() -> None:
    """20 m × 10 m with three levels are 600 m²; a house without levels has the two of data/buildings.toml."""
    places = places_of_town(
        {
            "a": (0, 20, 10, {"building": "apartments", "building:levels": "3", "addr:housenumber": "1"}),
            "b": (50, 12, 8, {"building": "house", "addr:housenumber": "3"}),
        }
    )
    assert places.label == ("1", "3")
    assert places.footprint_m2 == pytest.approx([200, 96], rel=1e-3)
    assert places.floor_area_m2 == pytest.approx([600, 192], rel=1e-3)
    assert places.levels.tolist() == [3, 2] and places.levels_tagged.tolist() == [True, False]
    assert places.use.tolist() == [Use.FLATS, Use.HOUSE] and places.kind.tolist() == [0, 0]
    assert np.isnan(places.flats).all()


def test_addresses_share_a_building() -> None:
    """Two doors inside and one at the gate share 600 m² and 12 flats; the building is no place of its own then."""
    places = places_of_town(
        {"a": (0, 20, 10, {"building": "apartments", "building:levels": "3", "building:flats": "12"})},
        {
            "door": (5, 12, {"addr:housenumber": "1 A"}),
            "edge": (20, 15, {"addr:housenumber": "1 B"}),
            "gate": (10, 4, {"addr:housenumber": "1 C"}),
            "far": (100, 15, {"addr:housenumber": "9"}),
        },
    )
    assert places.label == ("1 A", "1 B", "1 C", "9")
    assert places.floor_area_m2[:3] == pytest.approx(200, rel=1e-3)
    assert places.flats[:3].tolist() == [4, 4, 4]
    assert np.isnan(places.floor_area_m2[3]) and places.use[3] == Use.UNKNOWN


def test_shops_have_a_level_and_the_rest_is_lived_in() -> None:
    """Two shops halve the ground floor of 200 m²; the house above them, without any address, keeps 400 m²."""
    places = places_of_town(
        {"a": (0, 20, 10, {"building": "apartments", "building:levels": "3"})},
        {"s": (5, 12, {"shop": "shoes", "name": "S"}), "f": (15, 12, {"amenity": "cafe", "name": "F"})},
    )
    assert places.label == ("S", "F", "apartments")
    assert places.kind.tolist() == [1, 1, 0]
    assert places.use.tolist() == [Use.RETAIL, Use.FOOD, Use.FLATS]
    assert places.floor_area_m2 == pytest.approx([100, 100, 400], rel=1e-3)


def test_a_point_inside_a_hall_is_not_the_hall() -> None:
    """A kiosk in a hall of 2,000 m² has no more than business_most_m2; a shop that is the building has all of it."""
    inside = places_of_town(
        {"a": (0, 50, 40, {"building": "retail", "building:levels": "1"})}, {"k": (9, 20, {"shop": "kiosk"})}
    )
    assert inside.floor_area_m2 == pytest.approx([400, 1600], rel=1e-3)
    whole = places_of_town({"a": (0, 50, 40, {"building": "yes", "shop": "supermarket", "building:levels": "1"})})
    assert whole.floor_area_m2 == pytest.approx([2000], rel=1e-3)
    assert whole.use.tolist() == [Use.RETAIL] and whole.kind.tolist() == [1]


def test_sheds_garages_and_ruins_are_no_places() -> None:
    """Nobody is delivered to in a carport; an address on one is still an address, without a building."""
    places = places_of_town(
        {
            "a": (0, 20, 10, {"building": "garage"}),
            "b": (30, 4, 4, {"building": "yes"}),
            "c": (60, 20, 10, {"building": "ruins"}),
            "d": (90, 20, 10, {"building": "garage", "addr:housenumber": "7"}),
        }
    )
    assert places.label == ("7",)
    assert np.isnan(places.floor_area_m2[0])


def test_broken_outlines_keep_their_address() -> None:
    """A clipped, an open and a flat outline have no area; an address or shop on them remains a place."""
    corners = block("a", 0, 20, 10) | block("b", 50, 20, 10) | block("c", 90, 20, 0)
    streets = town(
        nodes=NODES | corners,
        ways=[
            STREET,
            ("a0 a1 gone a3 a0", {"building": "yes", "addr:housenumber": "1"}),
            ("b0 b1 b2 b3", {"building": "yes", "shop": "shoes", "name": "open"}),
            ("c0 c1 c2 c3 c0", {"building": "yes", "addr:housenumber": "5"}),
            ("b0 b1 b2", {"building": "house"}),
        ],
    )
    assert sorted(streets.places.label) == ["1", "5", "open"]
    assert np.isnan(streets.places.floor_area_m2).all()


def test_untagged_levels_follow_the_city() -> None:
    """From 20 tagged buildings of a kind on, their median counts: one-storey suburbs stay one storey high."""
    low = {f"h{i}": (12.0 * i, 10.0, 8.0, {"building": "house", "building:levels": "1"}) for i in range(20)}
    assert places_of_town(low | {"x": (400, 10, 8, {"building": "house", "name": "x"})}).levels[-1] == 1
    few = dict(list(low.items())[:19])
    assert places_of_town(few | {"x": (400, 10, 8, {"building": "house", "name": "x"})}).levels[-1] == 2


@pytest.mark.parametrize(
    ("text", "levels"),
    [("3", 3), (" 5 ", 5), ("3.5", 3.5), ("3,5", 3.5), ("200", 200), ("0.5", 0.5)]
    + [(bad, math.nan) for bad in ("", "ground;1", "-2", "1e9", "1;2", "201", "0", "0.0", "nan", "inf", "３", "4 m")],
)
def test_levels_are_a_single_plausible_number(text: str, levels: float) -> None:
    """Values as people write them; whatever else stands there is unknown, never a silently wrong number."""
    assert parse_levels(text) == pytest.approx(levels, nan_ok=True)


def test_hostile_values_are_counted_and_take_the_default() -> None:
    """Unreadable levels and flats leave the default in force and are named in a warning, once per key."""
    bad = ("ground;1", "-2", "1e9", "<b>")
    corners, ways = dict(NODES), [STREET]
    for i, value in enumerate(bad):
        corners |= block(f"b{i}", 30.0 * i, 20, 10)
        tags = {"building": "house", "building:levels": value, "building:flats": value, "addr:housenumber": str(i)}
        ways.append((ring(f"b{i}"), tags))
    streets = town(nodes=corners, ways=ways)
    assert streets.places.levels.tolist() == [2] * 4 and np.isnan(streets.places.flats).all()
    told = [warning for warning in streets.warnings if warning.startswith("building:")]
    assert [warning.split(":")[1] for warning in told] == ["flats", "levels"]
    assert "values on 4 buildings" in told[1]


@given(
    st.dictionaries(
        st.sampled_from(
            ["building", "building:levels", "building:flats", "name", "shop", "amenity", "addr:housenumber"]
        ),
        st.text(max_size=12),
    )
)
def test_any_tags_are_read(tags: dict[str, str]) -> None:
    """No value of any tag stops the reading of a city; numbers stay within bounds."""
    fact = building_of(tags)
    assert math.isnan(fact.levels) or 0 < fact.levels <= 200
    flats = parse_flats(tags.get("building:flats"))
    assert math.isnan(flats) or 1 <= flats <= 5000


def test_helsinki_buildings(helsinki_path: Path) -> None:
    """433 outlines, 67 multipolygons told as left out; most addresses and businesses find their building."""
    streets = Streets.from_file(helsinki_path)
    places = streets.places
    assert any(warning.startswith("67 buildings drawn as multipolygons") for warning in streets.warnings)
    mapped = ~np.isnan(places.floor_area_m2)
    assert 0.7 < mapped.mean() < 0.9
    assert 0.3 < places.levels_tagged[mapped].mean() < 0.5
    assert np.nanmax(places.footprint_m2) < 30_000
    # shares never exceed what the footprints times the levels hold
    assert (places.floor_area_m2[mapped] <= places.footprint_m2[mapped] * places.levels[mapped] + 1e-6).all()


def test_porto_buildings(shared_data: Path) -> None:
    """11,353 outlines become some 10,000 places; without multipolygons and sheds their area is a city's."""
    places = Streets.from_file(shared_data / "osm" / "porto-old-town.osm.pbf").places
    assert 9_000 < (places.kind == 0).sum() < 11_500
    assert (~np.isnan(places.floor_area_m2)).mean() > 0.95
    assert 5e6 < np.nansum(places.floor_area_m2) < 12e6
