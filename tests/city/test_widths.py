"""How wide a street is taken to be: the order of trust, parking, classes, signs, and plausibility."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetplan.city.classes import WidthSource
from fleetplan.city.tags import read_street
from fleetplan.city.widths import WidthFacts, parse_width_class, read_width, width_pack
from fleetplan.figures import UNPROVEN, bundled_figures

PACK = width_pack("")


def width_of(highway: str = "residential", **tags: str) -> WidthFacts:
    """The width of a street with these tags; ``__`` in a name stands for a colon."""
    full = {"highway": highway, **{key.replace("__", ":"): value for key, value in tags.items()}}
    return read_width(full, read_street(full), pack=PACK)


def test_the_order_of_trust() -> None:
    """Sign before tag before lanes before class."""
    tags = {"maxwidth": "2", "width": "4", "lanes": "2"}
    order = []
    for key in [*tags, "nothing"]:
        order.append(width_of(**tags).width_source)
        tags.pop(key, None)
    assert order == [WidthSource.SIGN, WidthSource.TAG, WidthSource.LANES, WidthSource.DEFAULT]


def test_the_order_among_width_tags() -> None:
    """The carriageway's own tag first, estimates after measurements."""
    tags = {"width__carriageway": "5", "width": "9", "est_width": "7", "yh__WIDTH": "3.0m～5.5m"}
    widths = []
    for key in list(tags):
        widths.append(width_of(**tags).width_m)
        del tags[key]
    assert widths == [5.0, 9.0, 7.0, 4.25]


def test_parked_cars_take_their_part_of_a_tagged_width() -> None:
    """8 m less 2 m on either side leaves 4 m; the road area keeps its 8 m."""
    width = width_of(width="8", parking__both="lane")
    assert (width.width_m, width.road_width_m) == (4.0, 8.0)
    assert width_of(width="8", parking__left="half_on_kerb").width_m == 7.0
    assert width_of(width="8", parking__left="street_side", parking__right="no").width_m == 8.0


def test_a_street_with_mapped_parking_stays_passable() -> None:
    """5 m with cars on both sides would be 1 m: then the width was meant without them, or they stand closer."""
    assert width_of(width="5", parking__both="lane").width_m == PACK["parking.least_left"]
    assert width_of(width="2", parking__both="lane").width_m == 2.0


def test_parked_cars_do_not_narrow_a_default() -> None:
    """A class default is what traffic finds; parked cars widen the road instead."""
    plain, parked = width_of(), width_of(parking__both="lane")
    assert parked.width_m == plain.width_m
    assert parked.road_width_m == plain.road_width_m + 4.0


def test_lanes_times_lane_width() -> None:
    """3 m each, 2.7 m where the limit is 30 km/h or less."""
    assert width_of("secondary", lanes="2").width_m == 6.0
    assert width_of("secondary", lanes="2", maxspeed="30").width_m == pytest.approx(5.4)
    assert width_of("secondary", lanes="4").width_m == 12.0


def test_a_single_lane_is_as_wide_as_a_one_way_street_of_its_class() -> None:
    """One lane between kerbs is wider than a lane among others."""
    assert width_of(lanes="1").width_m == width_of(oneway="yes").width_m == PACK["default.one_way.residential"]


def test_defaults_by_class_and_direction() -> None:
    """Two-way, one-way and alleys differ; every class has one."""
    assert width_of().width_m == PACK["default.two_way.residential"]
    assert width_of(oneway="-1").width_m == PACK["default.one_way.residential"]
    assert width_of("service", service="alley").width_m == PACK["default.two_way.alley"]
    assert width_of("footway").width_m == PACK["default.foot.footway"]


def test_a_sign_names_a_vehicle_and_the_room_is_that_plus_clearance() -> None:
    """Behind a 6'6" restriction lies room for a vehicle of 1.98 m, so the pinch is 2.48 m, sure to half a metre."""
    width = width_of(maxwidth="6'6\"")
    assert width.width_min_m == pytest.approx(1.9812 + 0.5)
    assert (width.width_lo_m, width.width_hi_m) == pytest.approx((1.9812, 1.9812 + 1.0))
    assert width.width_m == PACK["default.two_way.residential"]  # the street beyond the restriction


def test_the_street_behind_a_sign_keeps_the_width_of_its_tag_or_lanes() -> None:
    """7 m with a sign for 2.3 m: room for 2.8 m, but vehicles meet on what the tag alone would give."""
    for tags in ({"width": "7"}, {"lanes": "2"}):
        plain, signed = width_of("primary", **tags), width_of("primary", maxwidth="2.3", **tags)
        assert signed.width_min_m == pytest.approx(2.8)
        assert signed.street_min_m == plain.width_min_m
        assert (signed.street_lo_m, signed.street_hi_m) == (plain.width_lo_m, plain.width_hi_m)
        assert (signed.street_source, plain.street_source) == (plain.width_source, 0)
        assert signed.width_m == plain.width_m


def test_a_class_default_is_no_knowledge_of_the_street_behind_a_sign() -> None:
    """A sign on a street of which nobody said more narrows it: the default is for streets without signs."""
    assert width_of(maxwidth="2.3").street_source == 0
    assert math.isnan(width_of(maxwidth="2.3").street_min_m)


def test_a_sign_beyond_any_vehicle_says_nothing_about_room() -> None:
    """``maxwidth=3.5`` at roadworks does not make a main road 4 m narrow."""
    assert width_of("primary", maxwidth="3.5") == width_of("primary")


def test_narrow_streets() -> None:
    """``narrow=yes`` and the discouraged ``width=narrow`` both mean less than 2.2 m."""
    assert width_of(narrow="yes").width_m == width_of(width="narrow").width_m == 2.2


@pytest.mark.parametrize("value", ["2km", "0.5", "75", "wide", "-3", "4-", "~4"])
def test_implausible_widths_are_remembered_and_ignored(value: str) -> None:
    """Slips must not become streets of two kilometres."""
    width = width_of(width=value, est_width="6")
    assert width.unknown == (("width", value),)
    assert (width.width_m, width.width_source) == (6.0, WidthSource.TAG)


def test_of_joined_widths_the_narrowest_holds() -> None:
    """Both of numbers and of classes, as simplified graphs join them."""
    assert width_of(width="4.5;3.5").width_m == 3.5
    assert width_of(est_width="5.5m～13.0m;3.0m～5.5m").width_m == 4.25


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("3.0m～5.5m", (3.0, 5.5)),
        ("3.0m〜5.5m", (3.0, 5.5)),
        ("3-5.5", (3.0, 5.5)),
        ("13.0m～", (13.0, math.inf)),
        ("13m以上", (13.0, math.inf)),
        ("1.5m未満", (0.0, 1.5)),
        ("～3.0m", (0.0, 3.0)),
        ("5.5m～3.0m", None),
        ("3 m", None),
        ("～", None),
        ("3-4-5", None),
    ],
)
def test_width_classes(text: str, bounds: tuple[float, float] | None) -> None:
    """Full-width tildes of both code points, dashes, open ends, and Japanese words for them."""
    assert parse_width_class(text) == bounds


def test_a_class_bounds_its_interval() -> None:
    """Whoever says 3.0 to 5.5 m says nothing beyond 5.5 m."""
    width = width_of(yh__WIDTH="3.0m～5.5m")
    assert width.width_hi_m == pytest.approx(5.5 * PACK["pinch.ratio_hi"])
    assert width.width_lo_m == pytest.approx(3.0 * PACK["pinch.ratio_lo"])


def test_the_less_is_known_the_wider_the_interval() -> None:
    """Relative to the pinch: a measured tag, an estimate, a class default."""

    def spread(width: WidthFacts) -> float:
        return (width.width_hi_m - width.width_lo_m) / width.width_min_m

    assert spread(width_of(width="5")) < spread(width_of(est_width="5")) < spread(width_of())


def test_pavements_widen_the_road_not_the_carriageway() -> None:
    """Two tagged pavements add two metres each."""
    both, one = width_of(width="6", sidewalk="both"), width_of(width="6", sidewalk="left")
    assert (both.width_m, both.road_width_m, one.road_width_m) == (6.0, 10.0, 8.0)


@pytest.mark.parametrize(
    ("country", "name"),
    [
        ("JP", "JP"),
        ("US", "US"),
        ("GB", "GB"),
        ("FI", "EU"),
        ("PT", "EU"),
        ("NO", "EU"),
        ("CH", "world"),
        ("", "world"),
    ],
)
def test_packs_by_country(country: str, name: str) -> None:
    """Members of the European Economic Area share a pack; whoever has none gets the world's."""
    assert width_pack(country).name == name


def test_packs_inherit_what_they_do_not_state() -> None:
    """Every pack answers every key of the world's; its own figures differ, the others are the world's objects."""
    for name in ("JP", "US", "GB", "DE"):
        pack = width_pack(name)
        assert set(PACK.figures) <= set(pack.figures)
        assert pack.own
        assert all(pack.figures[key] is PACK.figures[key] for key in set(PACK.figures) - pack.own)


def test_japan_carries_the_ordinance_as_data() -> None:
    """The widths from which the ordinance lets a kei van of 1.475 m pass, as the table of facts works them out."""
    pack, body_m = width_pack("JP"), 1.475
    assert pack.clearance_rule == "ordinance"
    assert body_m + pack["ordinance.one_way_margin_m"] == pytest.approx(1.975)
    assert 2 * body_m + pack["ordinance.two_way_margin_m"] == pytest.approx(3.45)
    assert 2 * body_m + pack["ordinance.crowded_two_way_margin_m"] == pytest.approx(4.45)
    assert 2 * body_m + pack["ordinance.outside_two_way_margin_m"] == pytest.approx(2.95)
    assert {width_pack(country).clearance_rule for country in ("US", "GB", "FR", "")} == {"meeting"}


def test_lanes_and_parked_cars_are_as_wide_as_the_country_builds_them() -> None:
    """Two slow lanes: 2.75 m in Europe, 2.7 m elsewhere; a car parked in America takes 8 ft."""
    tags = {"highway": "secondary", "lanes": "2", "maxspeed": "30"}
    assert read_width(tags, read_street(tags), pack=width_pack("DE")).width_m == 5.5
    assert read_width(tags, read_street(tags), pack=PACK).width_m == pytest.approx(5.4)
    parked = {"highway": "residential", "width": "9", "parking:right": "lane"}
    assert read_width(parked, read_street(parked), pack=width_pack("US")).width_m == pytest.approx(9 - 2.44)


def test_american_roads_are_wider_than_what_traffic_finds() -> None:
    """Massachusetts tells the whole road, 12.2 m; what traffic finds between parked cars stays the default."""
    tags = {"highway": "residential"}
    width = read_width(tags, read_street(tags), pack=width_pack("US"))
    assert (width.road_width_m, width.width_m) == (12.2, PACK["default.two_way.residential"])
    tags["width"] = "7"
    assert read_width(tags, read_street(tags), pack=width_pack("US")).road_width_m == 7.0


@pytest.mark.parametrize(
    ("tags", "left_m"),
    [
        ({"parking:left": "lane"}, 8.0),
        ({"parking:both": "lane"}, 6.0),
        ({"parking:left": "lane", "parking:left:orientation": "diagonal"}, 7.0),
        ({"parking:left": "lane", "parking:left:orientation": "perpendicular"}, 6.0),
        ({"parking:left": "half_on_kerb"}, 9.0),
        ({"parking:left": "half_on_kerb", "parking:left:orientation": "perpendicular"}, 8.0),
        ({"parking:both": "lane", "parking:both:staggered": "yes"}, 8.0),
        ({"parking:left": "half_on_kerb", "parking:left:staggered": "yes"}, 9.5),
        ({"parking:left": "on_kerb"}, 10.0),
        ({"parking:left": "street_side"}, 10.0),
        ({"parking:lane:left": "parallel"}, 8.0),
        ({"parking:lane:left": "diagonal"}, 7.0),
        ({"parking:lane:left": "parallel", "parking:lane:left:parallel": "half_on_kerb"}, 9.0),
        ({"parking:lane:left": "parallel", "parking:lane:left:parallel": "on_kerb"}, 10.0),
        ({"parking:lane:left": "parallel", "parking:lane:left:parallel": "lay_by"}, 10.0),
        ({"parking:lane:both": "perpendicular"}, 2.5),
        ({"parking:lane:left": "no_parking"}, 10.0),
        ({"parking:left": "lane", "parking:left:width": "1.8"}, 8.2),
        ({"parking:both": "lane", "parking:both:width": "7 ft"}, 10 - 2 * 2.1336),
        ({"parking:left": "half_on_kerb", "parking:left:width": "2.4 m"}, 8.8),
        ({"parking:left": "no", "parking:left:width": "2"}, 10.0),
    ],
)
def test_what_parked_cars_leave_of_ten_metres(tags: dict[str, str], left_m: float) -> None:
    """Both schemes, orientation, position, alternating sides, and a depth that somebody measured."""
    full = {"highway": "residential", "width": "10", **tags}
    assert read_width(full, read_street(full), pack=PACK).width_m == pytest.approx(left_m)


def test_a_depth_of_parked_cars_that_is_no_length_is_remembered() -> None:
    """``parking:left:width=narrow`` is counted as unreadable, and so is a depth that no row of cars has."""
    assert width_of(width="10", parking__left="lane", parking__left__width="narrow").unknown == (
        ("parking:left:width", "narrow"),
    )
    deep = width_of(width="10", parking__left="lane", parking__left__width="20")
    assert (deep.width_m, deep.unknown) == (8.0, (("parking:left:width", "20"),))


@pytest.mark.parametrize(
    ("value", "width_m"),
    [("3-4 m", 3.5), ("3–4", 3.5), ("2.5;3", 2.5), ("3,5", 3.5), ("12' 6\"", 3.81), ("12'6", 3.81), ("３．５ｍ", 3.5),
     ("350 cm", 3.5), ("<3.5", 2.25), (">4", 4.8), ("4 m以上", 4.8)],
)  # fmt: skip
def test_widths_as_people_write_them(value: str, width_m: float) -> None:
    """Ranges, joined values, comma decimals, feet and inches, full-width digits, bounds."""
    width = width_of(width=value)
    assert (width.width_source, width.unknown) == (WidthSource.TAG, ())
    assert width.width_m == pytest.approx(width_m)


def test_numbers_and_short_ranges_are_firm_and_classes_are_not() -> None:
    """A model may refine what a map's class of widths leaves open, and nothing that somebody measured."""
    firm = [width_of(width=value).firm for value in ("3.5", "3-4", "narrow", "3.0m～5.5m", "13m～")]
    assert firm == [True, True, True, False, False]
    assert (width_of(maxwidth="2").firm, width_of(lanes="2").firm, width_of().firm) == (True, False, False)


ANY = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["3.0m～5.5m", "2.5;3", "3-4 m", "12' 6\"", "2km", "～", "1e9", "0", "-1", "<", "lane", "half_on_kerb"]
    ),
)
KEYS = ("width", "width:carriageway", "est_width", "yh:WIDTH", "maxwidth", "lanes", "sidewalk", "parking:left",
        "parking:left:width", "parking:both", "parking:both:orientation", "parking:lane:right", "narrow")  # fmt: skip


@given(st.dictionaries(st.sampled_from(KEYS), ANY, max_size=6), st.sampled_from(["", "JP", "US", "GB", "FI"]))
def test_whatever_the_tags_say_widths_are_sound(tags: dict[str, str], country: str) -> None:
    """Never an exception; pinch within its interval, pinch at most width, width at most the road, all finite."""
    tags = {"highway": "residential", **tags}
    width = read_width(tags, read_street(tags), pack=width_pack(country))
    assert 0 < width.width_lo_m <= width.width_min_m <= width.width_hi_m < math.inf
    assert width.width_min_m <= width.width_m <= width.road_width_m < 200


@pytest.mark.parametrize("name", ["world", "JP", "US", "GB", "EU"])
def test_every_figure_has_a_source_and_honest_confidence(name: str) -> None:
    """What rests on nothing measured says so, and nothing else does."""
    for figure in bundled_figures("widths", f"{name}.toml").values():
        assert figure.source
        assert figure.source.startswith(("assumption", "general knowledge")) == (figure.confidence in UNPROVEN)
