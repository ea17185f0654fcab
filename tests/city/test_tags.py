"""What tags of ways and nodes mean, and that no value whatever breaks the reading."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetplan.city.classes import AccessTag, Barrier, Highway, Parking, Service
from fleetplan.city.points import read_node
from fleetplan.city.tags import least_of, read_street
from fleetplan.city.widths import read_width, width_pack
from fleetplan.units import parse_length_m


def street(**tags: str) -> dict[str, str]:
    """Tags of a residential street and more; ``__`` in a name stands for a colon."""
    return {"highway": "residential", **{key.replace("__", ":"): value for key, value in tags.items()}}


@pytest.mark.parametrize(
    ("tags", "forward", "backward"),
    [
        ({}, True, True),
        ({"oneway": "yes"}, True, False),
        ({"oneway": "true"}, True, False),
        ({"oneway": "1"}, True, False),
        ({"oneway": "-1"}, False, True),
        ({"oneway": "reverse"}, False, True),
        ({"oneway": "no"}, True, True),
        ({"junction": "roundabout"}, True, False),
        ({"junction": "circular"}, True, False),
        ({"junction": "roundabout", "oneway": "no"}, True, True),
        ({"highway": "motorway"}, True, False),
        ({"highway": "motorway_link"}, True, False),
        ({"highway": "motorway", "oneway": "no"}, True, True),
        ({"highway": "trunk"}, True, True),
        ({"oneway": "alternating"}, True, True),
        ({"oneway": "reversible"}, False, False),
        ({"oneway": "yes", "oneway__motor_vehicle": "no"}, True, True),
        ({"oneway": "no", "oneway__goods": "yes"}, True, False),
        ({"motor_vehicle__backward": "no"}, True, False),
        ({"vehicle__forward": "no"}, False, True),
        ({"vehicle__forward": "no", "goods__forward": "yes"}, True, True),
        ({"vehicle__backward": "private"}, True, False),
        ({"motor_vehicle__forward": "private"}, False, True),
        ({"access__backward": "permit"}, True, False),
        ({"motor_vehicle__backward": "residents"}, True, False),
        ({"motor_vehicle__backward": "agricultural;forestry"}, True, False),
        ({"motor_vehicle__backward": "destination"}, True, True),
        ({"motor_vehicle__backward": "unknown", "vehicle__backward": "no"}, True, False),
        ({"motor_vehicle__backward": "private;delivery"}, True, True),
    ],
)
def test_directions(tags: dict[str, str], forward: bool, backward: bool) -> None:
    """One-way rules, spelled out and implied; ``-1`` runs against the way as drawn."""
    facts = read_street(street(**tags))
    assert (facts.forward, facts.backward) == (forward, backward)
    assert not facts.unknown


@pytest.mark.parametrize(
    ("tags", "access"),
    [
        ({}, AccessTag.UNTAGGED),
        ({"access": "no"}, AccessTag.NO),
        ({"access": "no", "vehicle": "yes"}, AccessTag.YES),
        ({"vehicle": "no", "motor_vehicle": "destination"}, AccessTag.DESTINATION),
        ({"motor_vehicle": "no", "motorcar": "yes"}, AccessTag.YES),
        ({"motorcar": "no", "goods": "delivery"}, AccessTag.DELIVERY),
        ({"goods": "no", "access": "yes"}, AccessTag.NO),
        ({"motor_vehicle": "private;delivery"}, AccessTag.DELIVERY),
        ({"motor_vehicle": "agricultural"}, AccessTag.NO),
        ({"hgv": "no"}, AccessTag.UNTAGGED),
        ({"foot": "no"}, AccessTag.UNTAGGED),
        ({"motor_vehicle": "unknown"}, AccessTag.UNTAGGED),
        ({"motor_vehicle": "unknown", "access": "private"}, AccessTag.PRIVATE),
        ({"goods": "unknown;unknown", "vehicle": "delivery", "access": "no"}, AccessTag.DELIVERY),
        ({"motor_vehicle": "unknown;private"}, AccessTag.PRIVATE),
    ],
)
def test_the_most_specific_access_key_decides_for_a_goods_vehicle(tags: dict[str, str], access: AccessTag) -> None:
    """goods over motorcar over motor_vehicle over vehicle over access; rules for lorries over 3.5 t do not bind."""
    assert read_street(street(**tags)).motor_access == access


@pytest.mark.parametrize(
    ("tags", "walkable"),
    [
        ({}, True),
        ({"motor_vehicle": "no", "vehicle": "no"}, True),
        ({"access": "no"}, False),
        ({"access": "no", "foot": "yes"}, True),
        ({"access": "private"}, True),
        ({"foot": "no"}, False),
        ({"foot": "use_sidepath"}, True),
        ({"highway": "motorway"}, False),
        ({"highway": "trunk"}, False),
        ({"highway": "trunk", "foot": "yes"}, True),
        ({"highway": "trunk", "sidewalk": "left"}, True),
        ({"highway": "trunk", "sidewalk": "separate"}, False),
        ({"highway": "primary", "motorroad": "yes"}, False),
        ({"highway": "cycleway"}, True),
        ({"highway": "cycleway", "foot": "no"}, False),
        ({"highway": "steps"}, True),
        ({"highway": "lane_of_dreams", "foot": "yes"}, False),
    ],
)
def test_who_may_walk(tags: dict[str, str], walkable: bool) -> None:
    """Tags for vehicles do not keep walkers out; motor roads do."""
    assert read_street(street(**tags)).walkable is walkable


@pytest.mark.parametrize(
    "highway", ["residential", "living_street", "service", "track", "road", "motorway", "primary_link"]
)
def test_streets_are_drivable(highway: str) -> None:
    """Everything that motor vehicles exist on, alleys and tracks included."""
    assert read_street({"highway": highway}).drivable


@pytest.mark.parametrize("highway", ["footway", "path", "steps", "cycleway", "bridleway", "corridor", "boulevard", ""])
def test_paths_and_unknown_classes_are_not_drivable_whatever_access_says(highway: str) -> None:
    """An unknown class must never become a street."""
    assert not read_street({"highway": highway, "motor_vehicle": "yes", "access": "yes"}).drivable


def test_a_pedestrian_street_is_drivable_only_where_motor_tags_say_so() -> None:
    """``access`` alone speaks of people."""
    pedestrian = {"highway": "pedestrian"}
    assert not read_street(pedestrian).drivable
    assert not read_street({**pedestrian, "access": "yes"}).drivable
    assert not read_street({**pedestrian, "motor_vehicle": "no"}).drivable
    assert read_street({**pedestrian, "motor_vehicle": "delivery"}).drivable
    assert read_street({**pedestrian, "motorcar": "no", "goods": "destination"}).drivable
    for tags in ({"delivery": "yes"}, {"delivery": "yes", "motor_vehicle": "no"}, {"delivery": "yes", "access": "no"}):
        street = read_street({**pedestrian, **tags})
        assert (street.drivable, street.motor_access, street.hgv_forward) == (True, *[AccessTag.DELIVERY] * 2)
    assert not read_street({**pedestrian, "delivery": "no"}).drivable


def test_the_outline_of_an_area_is_not_drivable() -> None:
    """Squares and car parks are mapped as closed ways."""
    area = {"highway": "service", "area": "yes"}
    assert not read_street(area).drivable
    assert read_street(area).walkable


def test_limits_take_their_units_and_the_lowest_sign() -> None:
    """Feet, commas, kilograms and miles per hour; of two signs the lower one binds."""
    facts = read_street(
        street(
            maxspeed="20 mph",
            maxwidth="7'",
            maxwidth__physical="2,0 m",
            maxheight="3.5;3.2",
            maxlength="8",
            maxweight="3500 kg",
            lanes="2",
        )
    )
    assert facts.maxspeed_kph == pytest.approx(32.18688)
    assert (facts.maxwidth_m, facts.maxheight_m, facts.maxlength_m) == (2.0, 3.2, 8.0)
    assert (facts.maxweight_kg, facts.lanes) == (3500.0, 2.0)
    assert not facts.unknown


def test_limits_that_name_no_figure_are_no_unknown_values() -> None:
    """``none`` and ``unsigned`` are understood: no limit."""
    facts = read_street(street(maxspeed="none", maxheight="default", maxweight="none", maxwidth="unsigned"))
    assert all(math.isnan(v) for v in (facts.maxspeed_kph, facts.maxheight_m, facts.maxweight_kg, facts.maxwidth_m))
    assert not facts.unknown


def test_unknown_values_are_remembered_with_their_key() -> None:
    """They are counted in one warning per key and leave the default in force."""
    facts = read_street(
        street(
            maxspeed="FI:lunar", lanes="many", oneway="perhaps", motor_vehicle="vip", parking__both="odd", maxwidth="0"
        )
    )
    assert sorted(dict(facts.unknown)) == ["lanes", "maxspeed", "maxwidth", "motor_vehicle", "oneway", "parking:both"]
    assert (facts.forward, facts.backward, facts.motor_access) == (True, True, AccessTag.UNTAGGED)


def test_an_unknown_specific_access_value_leaves_the_general_key_in_force() -> None:
    """A street closed by ``vehicle=no`` does not open through a slip in ``motor_vehicle``."""
    assert read_street(street(vehicle="no", motor_vehicle="???")).motor_access == AccessTag.NO


def test_an_access_value_that_says_nothing_is_no_slip() -> None:
    """``unknown`` is a known word: the next key decides, and no warning is due; on foot the same."""
    facts = read_street(street(motor_vehicle="unknown", foot="unknown", access="no"))
    assert (facts.motor_access, facts.foot_access, facts.walkable) == (AccessTag.NO, AccessTag.NO, False)
    assert not facts.unknown
    assert not read_street({"highway": "trunk", "foot": "unknown", "access": "yes"}).walkable
    assert not read_street({"highway": "pedestrian", "motor_vehicle": "unknown", "access": "yes"}).drivable
    assert read_street({"highway": "pedestrian", "goods": "unknown", "vehicle": "yes"}).drivable


@pytest.mark.parametrize(
    ("tags", "access"),
    [
        ({}, AccessTag.NO),
        ({"access": "yes"}, AccessTag.NO),
        ({"motor_vehicle": "no"}, AccessTag.NO),
        ({"motor_vehicle": "unknown"}, AccessTag.NO),
        ({"motor_vehicle": "yes"}, AccessTag.YES),
        ({"goods": "delivery", "access": "no"}, AccessTag.DELIVERY),
        ({"vehicle": "private"}, AccessTag.PRIVATE),
    ],
)
def test_ways_for_fire_engines_open_only_by_a_key_of_motor_traffic(tags: dict[str, str], access: AccessTag) -> None:
    """``service=emergency_access`` is closed to a delivery; the word means nothing off service roads."""
    assert read_street({"highway": "service", "service": "emergency_access", **tags}).motor_access == access
    assert read_street({"highway": "service", "service": "alley", "motor_vehicle": "yes"}).motor_access == AccessTag.YES
    assert read_street(street(service="emergency_access")).motor_access == AccessTag.UNTAGGED


def test_service_kinds() -> None:
    """Alleys are told from drives and aisles; the key counts on service roads only."""
    assert read_street({"highway": "service", "service": "alley"}).service == Service.ALLEY
    assert read_street({"highway": "service", "service": "drive-through"}).service == Service.DRIVE_THROUGH
    assert read_street({"highway": "service", "service": "yard"}).service == Service.OTHER
    assert read_street({"highway": "residential", "service": "alley"}).service == Service.NONE


@pytest.mark.parametrize(
    ("tags", "left", "right"),
    [
        ({}, Parking.UNTAGGED, Parking.UNTAGGED),
        ({"parking__both": "lane"}, Parking.PARALLEL, Parking.PARALLEL),
        ({"parking__left": "lane", "parking__left__orientation": "diagonal"}, Parking.DIAGONAL, Parking.UNTAGGED),
        ({"parking__left": "no", "parking__right": "street_side"}, Parking.NO, Parking.OFF_CARRIAGEWAY),
        ({"parking__right": "half_on_kerb"}, Parking.UNTAGGED, Parking.HALF_ON_KERB),
        ({"parking__lane__both": "perpendicular"}, Parking.PERPENDICULAR, Parking.PERPENDICULAR),
        ({"parking__lane__left": "parallel", "parking__lane__left__parallel": "half_on_kerb"}, Parking.HALF_ON_KERB, 0),
        ({"parking__lane__right": "parallel", "parking__lane__right__parallel": "on_kerb"}, 0, Parking.OFF_CARRIAGEWAY),
        ({"parking__lane__both": "no_parking"}, Parking.NO, Parking.NO),
        ({"parking__both": "lane", "parking__both__restriction": "no_parking"}, Parking.NO, Parking.NO),
    ],
)
def test_parking_in_both_schemes(tags: dict[str, str], left: int, right: int) -> None:
    """The position on the kerb matters as much as the orientation: it decides what is left of the carriageway."""
    facts = read_street(street(**tags))
    assert (facts.parking_left, facts.parking_right) == (left, right)
    assert not facts.unknown


@pytest.mark.parametrize(
    ("tags", "no_stopping"),
    [
        ({"parking__both__restriction": "no_stopping"}, True),
        ({"parking__lane__both": "no_stopping"}, True),
        ({"parking__condition__both": "no_stopping"}, True),
        ({"parking__both": "no", "parking__both__restriction": "no_stopping"}, True),
        ({"parking__left__restriction": "no_stopping", "parking__right__restriction": "no_stopping"}, True),
        ({"parking__left__restriction": "no_stopping"}, False),
        ({"parking__both__restriction": "no_parking"}, False),
        ({"parking__both": "lane"}, False),
    ],
)
def test_stopping_is_forbidden_only_where_both_sides_say_so(tags: dict[str, str], no_stopping: bool) -> None:
    """Where one side is free a van may stop there; where only parking is forbidden it may unload."""
    assert read_street(street(**tags)).no_stopping is no_stopping


@pytest.mark.parametrize(
    ("tags", "barrier", "access"),
    [
        ({"barrier": "bollard"}, Barrier.BOLLARD, AccessTag.UNTAGGED),
        ({"barrier": "bollard", "motor_vehicle": "yes"}, Barrier.BOLLARD, AccessTag.YES),
        ({"barrier": "gate", "access": "private"}, Barrier.GATE, AccessTag.PRIVATE),
        ({"barrier": "kerb"}, Barrier.OPEN, AccessTag.UNTAGGED),
        ({"barrier": "no", "access": "no"}, Barrier.NONE, AccessTag.UNTAGGED),
        ({"maxwidth:physical": "2"}, Barrier.OPEN, AccessTag.UNTAGGED),
        ({"maxheight": "1.9"}, Barrier.OPEN, AccessTag.UNTAGGED),
        ({"highway": "crossing", "maxweight": "3.5"}, Barrier.OPEN, AccessTag.UNTAGGED),
        ({"maxheight": "none"}, Barrier.NONE, AccessTag.UNTAGGED),
    ],
)
def test_barriers(tags: dict[str, str], barrier: Barrier, access: AccessTag) -> None:
    """Their kind, and their own access tags."""
    facts = read_node(tags)
    assert (facts.barrier, facts.barrier_access) == (barrier, access)


def test_a_gap_between_bollards_is_read_with_its_unit() -> None:
    """The narrower of the sign and the gap."""
    facts = read_node({"barrier": "bollard", "maxwidth": "7'", "maxwidth:physical": "2.2"})
    assert facts.barrier_gap_m == pytest.approx(2.1336)


def test_limits_of_a_node_take_their_units_and_the_lowest_sign() -> None:
    """Height over the sign or the beam, length, and mass in tonnes; what is not posted is not known."""
    tags = {"barrier": "height_restrictor", "maxheight": "6'6\"", "maxheight:physical": "1.9", "maxweight": "3.5"}
    facts = read_node({**tags, "maxlength": "7 m"})
    assert (facts.barrier, facts.barrier_height_m, facts.barrier_length_m) == (Barrier.OPEN, 1.9, 7.0)
    assert facts.barrier_weight_kg == 3500.0
    assert math.isnan(facts.barrier_gap_m)
    assert read_node({"barrier": "gate", "maxheight": "low"}).unknown == (("maxheight", "low"),)


def test_an_unknown_barrier_is_remembered_and_passable() -> None:
    """A word nobody knows must not cut a city in two."""
    facts = read_node({"barrier": "troll"})
    assert facts.barrier == Barrier.OPEN
    assert facts.unknown == (("barrier", "troll"),)


def test_of_joined_numbers_the_least_holds() -> None:
    """And one that cannot be read spoils the value, for it might have been the least."""
    assert least_of("3.5; 2.8", parse_length_m) == 2.8
    assert math.isnan(least_of("3.5;narrow", parse_length_m))


KEYS = st.sampled_from(
    [
        *("highway", "oneway", "lanes", "maxspeed", "maxwidth", "maxheight", "maxweight", "maxlength", "width"),
        *("est_width", "width:carriageway", "yh:WIDTH", "access", "goods", "motor_vehicle:forward", "foot", "junction"),
        *("motor_vehicle:conditional", "oneway:conditional", "maxspeed:conditional", "maxweight:conditional", "hgv"),
        *("maxheight:physical", "motor_vehicle", "motor_vehicle:backward", "street_min_m", "street_lo_m"),
        *("street_hi_m", "street_source"),
        *("parking:both", "parking:lane:left", "parking:left:restriction", "sidewalk", "narrow", "service", "tunnel"),
        *("width_m", "width_min_m", "width_lo_m", "width_hi_m", "road_width_m", "width_source", "barrier"),
    ]
)
WORDS = st.one_of(
    st.sampled_from(
        [
            *(
                "yes",
                "no",
                "-1",
                "6'6\"",
                "3,5",
                "1e9",
                "nan",
                "inf",
                "-0",
                "3.0m～5.5m",
                "～",
                "tag",
                ";",
                "2;3",
                "-7",
            ),
            *("no @ (08:00-18:00)", "50 @ (22:00-06:00)", "yes @ delivery", "@", "FI:urban", "GB:nsl_single", "999.5"),
        ]
    ),
    st.text(max_size=8),
)


@settings(max_examples=300)
@given(st.dictionaries(KEYS, WORDS, max_size=12))
def test_no_tag_whatever_breaks_the_reading(tags: dict[str, str]) -> None:
    """Streets and nodes come out with finite positive widths in order, and limits that are positive or unknown."""
    facts = read_street(tags)
    read_node(tags)
    limits = (
        facts.lanes,
        facts.maxspeed_kph,
        facts.maxwidth_m,
        facts.maxheight_m,
        facts.maxlength_m,
        facts.maxweight_kg,
    )
    assert all(math.isnan(limit) or 0 < limit < math.inf for limit in limits)
    assert facts.drivable or not (facts.forward or facts.backward)
    assert not (facts.highway == Highway.OTHER and (facts.drivable or facts.walkable))
    width = read_width(tags, facts, pack=width_pack(""))
    assert 0 < width.width_lo_m <= width.width_min_m <= width.width_hi_m < math.inf
    assert 0 < width.width_min_m <= width.width_m <= width.road_width_m < math.inf
    if width.street_source:
        assert 0 < width.street_lo_m <= width.street_min_m <= width.street_hi_m < math.inf
