"""Bands and their reasons: law, room, squeezed, free."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetplan.city.classes import AccessTag, WidthSource
from fleetplan.city.streets import Streets
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.access import blocked_nodes, decide_access, decision_width_m, gross_mass_kg, restriction_bit
from fleetplan.routing.seams import AccessRules, Band, Ordinance
from tests.routing.builders import KEI, ONE_WAY, STREET, VAN, plain_town, reach, widened
from tests.towns import node_row, town

LINE = {"A": (0, 0), "B": (100, 0)}


def band_and_reason(
    vehicle: Vehicle,
    *,
    tags: dict[str, str] | None = None,
    width_m: float = 13.0,
    country: str = "FI",
    ordinance: Ordinance = "clearance",
) -> tuple[Band, str]:
    """Band and reason of a single street."""
    streets = plain_town(nodes=LINE, ways=[("A B", tags or STREET)], widths={0: width_m}, country=country)
    access = decide_access(streets, vehicle, AccessRules(ordinance=ordinance))
    return Band(int(access.stretch_band[0])), access.reasons[int(access.stretch_reason[0])]


@pytest.mark.parametrize(
    ("tags", "word"),
    [
        ({"access": "private"}, "private"),
        ({"motor_vehicle": "no"}, "access tags"),
        ({"access": "permit"}, "permit"),
        ({"maxwidth": "2.0"}, "posted width 2.0 m, the vehicle has 2.11 m"),
        ({"maxheight": "2.5"}, "posted height 2.5 m, the vehicle has 2.60 m"),
        ({"maxweight": "3"}, "posted weight 3.0 t, the loaded vehicle has 3.20 t"),
        ({"maxlength": "5"}, "posted length 5.0 m, the vehicle has 5.98 m"),
        ({"highway": "service", "service": "emergency_access"}, "access tags"),
        ({"motor_vehicle": "unknown", "access": "private"}, "private"),
    ],
    ids=lambda value: str(value)[:25],
)
def test_signs_close_by_law(tags: dict[str, str], word: str) -> None:
    """Each access tag and each sign that the van exceeds closes the street by law and says so."""
    band, reason = band_and_reason(VAN, tags={**STREET, **tags})
    assert band == Band.BLOCKED_LAW
    assert word in reason


@pytest.mark.parametrize(
    "tags",
    [
        {"access": "destination"},
        {"access": "delivery"},
        {"access": "customers"},
        {"access": "no", "goods": "yes"},
        {"maxwidth": "2.2"},
        {"maxheight": "2.6"},
        {"maxweight": "3.2"},
        {"maxlength": "6"},
        {"highway": "service", "service": "emergency_access", "motor_vehicle": "yes"},
    ],
    ids=str,
)
def test_open_to_a_delivery(tags: dict[str, str]) -> None:
    """What lets deliveries in, and signs that the van just keeps (a posted width is compared with the body)."""
    assert band_and_reason(VAN, tags={**STREET, **tags})[0] == Band.FREE


def by_direction(**columns: list[float]) -> Streets:
    """A street of two directions with columns of its edges (and stretches) set."""
    streets = plain_town(nodes=LINE, ways=[("A B", STREET)])
    for name, values in columns.items():
        owner = streets.edges if hasattr(streets.edges, name) else streets.stretches
        kind = getattr(owner, name).dtype
        table = replace(owner, **{name: np.array(values, dtype=kind)})
        streets = replace(streets, **{"edges" if owner is streets.edges else "stretches": table})
    return streets


def test_law_holds_per_direction() -> None:
    """Closed eastwards and open westwards: one edge is closed with its reason, the stretch shows the better one."""
    access = decide_access(by_direction(motor_access=[AccessTag.NO, AccessTag.DESTINATION]), VAN)
    assert access.band.tolist() == [Band.BLOCKED_LAW, Band.FREE]
    assert access.reasons[int(access.reason[0])] == "closed to motor traffic by its access tags"
    assert access.reasons[int(access.reason[1])] == ""
    assert access.speed_kph.tolist() == [0.0, pytest.approx(36.0)]
    assert access.may_stand.tolist() == [False, True]
    assert (access.stretch_band.tolist(), access.stretch_reason.tolist()) == ([Band.FREE], [0])


def test_heavy_vehicles_go_by_their_own_tags() -> None:
    """``hgv=no`` eastwards, ``motor_vehicle=private`` westwards: above 3.5 t the first holds, up to it the second."""
    streets = by_direction(
        hgv_access=[AccessTag.NO, AccessTag.YES], motor_access=[AccessTag.UNTAGGED, AccessTag.PRIVATE]
    )
    heavy = decide_access(streets, replace(VAN, payload_kg=1501.0))
    light = decide_access(streets, replace(VAN, payload_kg=1500.0))
    assert heavy.band.tolist() == [Band.BLOCKED_LAW, Band.FREE]
    assert "3.5 t" in heavy.reasons[int(heavy.reason[0])]
    assert light.band.tolist() == [Band.FREE, Band.BLOCKED_LAW]
    assert light.reasons[int(light.reason[1])] == "private"
    assert (restriction_bit(replace(VAN, payload_kg=1501.0)), restriction_bit(VAN)) == (2, 1)


def test_axle_load() -> None:
    """60 % of the loaded van's 3.2 t are 1.92 t: too much for 1.9 t on an axle, not for 2 t."""
    band = decide_access(by_direction(maxaxleload_kg=[1900]), VAN)
    assert band.stretch_band.tolist() == [Band.BLOCKED_LAW]
    assert "axle load 1.9 t, the loaded vehicle has about 1.92 t" in band.reasons[int(band.stretch_reason[0])]
    assert decide_access(by_direction(maxaxleload_kg=[2000]), VAN).stretch_band.tolist() == [Band.FREE]


@pytest.mark.parametrize(("top_kph", "band"), [(60.0, Band.BLOCKED_LAW), (61.0, Band.FREE), (None, Band.FREE)])
def test_slow_vehicles_keep_off_motor_roads(top_kph: float | None, band: Band) -> None:
    """A vehicle that reaches no more than 60 km/h may not use a motor road; nobody stops to deliver on one."""
    access = decide_access(by_direction(motorroad=[True]), replace(KEI, top_speed_kph=top_kph))
    assert access.stretch_band.tolist() == [band]
    assert not access.may_stand.any()


@pytest.mark.parametrize(("country", "band"), [("US", Band.BLOCKED_LAW), ("FI", Band.FREE)])
def test_low_speed_vehicles_in_the_united_states(country: str, band: Band) -> None:
    """A vehicle of 40 km/h is kept off streets posted above 35 mph (56.3 km/h) there; 56 km/h are fine."""
    slow, rules = replace(KEI, top_speed_kph=40.0), AccessRules(country=country)
    assert decide_access(posted(64.4), slow, rules).stretch_band.tolist() == [band]
    assert decide_access(posted(56.3), slow, rules).stretch_band.tolist() == [Band.FREE]


def posted(limit_kph: float) -> Streets:
    """A street with a posted limit."""
    return plain_town(nodes=LINE, ways=[("A B", {"highway": "residential", "maxspeed": str(limit_kph)})])


@pytest.mark.parametrize(
    ("width_m", "source", "band"),
    [
        (2.2, WidthSource.TAG, Band.FREE),
        (2.1, WidthSource.TAG, Band.BLOCKED_ROOM),
        (2.1, WidthSource.DEFAULT, Band.FREE),
        (2.1, WidthSource.SURVEY, Band.BLOCKED_ROOM),
    ],
    ids=str,
)
def test_without_clearance(width_m: float, source: WidthSource, band: Band) -> None:
    """For comparisons: free wherever the body of 2.113 m fits, and where nobody measured or tagged the width."""
    streets = plain_town(nodes=LINE, ways=[("A B", STREET)], widths={0: width_m}, source=source, country="JP")
    rules = AccessRules(ordinance="law", clearance="none")
    assert decide_access(streets, VAN, rules).stretch_band.tolist() == [band]


def test_unknown_kerb_mass_is_estimated_and_said() -> None:
    """Without a kerb mass it is 170 kg per square metre: 5.981 × 2.113 × 170 + 1200 = 3348 kg, named an estimate."""
    unweighed = replace(VAN, kerb_kg=None)
    mass_kg, estimated = gross_mass_kg(unweighed)
    assert estimated
    assert mass_kg == pytest.approx(3348.4, abs=0.1)
    assert "estimated" in band_and_reason(unweighed, tags={**STREET, "maxweight": "3"})[1]


@pytest.mark.parametrize(
    ("width_m", "tags", "kei", "van"),
    [
        (2.2, STREET, Band.BLOCKED_ROOM, Band.BLOCKED_ROOM),
        (2.3, STREET, Band.SQUEEZED, Band.BLOCKED_ROOM),
        (2.98, STREET, Band.SQUEEZED, Band.SQUEEZED),
        (3.94, STREET, Band.FREE, Band.SQUEEZED),
        (5.44, STREET, Band.FREE, Band.SQUEEZED),
        (5.45, STREET, Band.FREE, Band.FREE),
        (2.70, ONE_WAY, Band.SQUEEZED, Band.BLOCKED_ROOM),
        (2.72, ONE_WAY, Band.FREE, Band.BLOCKED_ROOM),
        (3.48, ONE_WAY, Band.FREE, Band.FREE),
    ],
)
def test_room_outside_japan(width_m: float, tags: dict[str, str], kei: Band, van: Band) -> None:
    """Room from mirrors + 0.50 m (2.215, 2.974); free from twice the mirrors + 0.5 (3.93, 5.448), one-way + 1.0."""
    assert band_and_reason(KEI, tags=tags, width_m=width_m)[0] == kei
    assert band_and_reason(VAN, tags=tags, width_m=width_m)[0] == van


@pytest.mark.parametrize(
    ("width_m", "tags", "kei", "van"),
    [
        (3.44, STREET, Band.SQUEEZED, Band.SQUEEZED),
        (3.46, STREET, Band.FREE, Band.SQUEEZED),
        (4.72, STREET, Band.FREE, Band.SQUEEZED),
        (4.74, STREET, Band.FREE, Band.FREE),
        (2.21, ONE_WAY, Band.BLOCKED_ROOM, Band.BLOCKED_ROOM),
        (2.22, ONE_WAY, Band.FREE, Band.BLOCKED_ROOM),
        (2.98, ONE_WAY, Band.FREE, Band.FREE),
    ],
)
def test_ordinance_as_clearance(width_m: float, tags: dict[str, str], kei: Band, van: Band) -> None:
    """In Japan free starts at the ordinance's width: two-way 2 × body + 0.5 m (3.45, 4.726), one-way body + 0.5 m,
    but never below the room over the mirrors."""
    assert band_and_reason(KEI, tags=tags, width_m=width_m, country="JP")[0] == kei
    assert band_and_reason(VAN, tags=tags, width_m=width_m, country="JP")[0] == van


def test_ordinance_as_law() -> None:
    """Read as a law it closes what it does not permit: 4 m two-way is legal for a kei, not for the van."""
    kei, _ = band_and_reason(KEI, width_m=4.0, country="JP", ordinance="law")
    van, reason = band_and_reason(VAN, width_m=4.0, country="JP", ordinance="law")
    assert (kei, van) == (Band.FREE, Band.BLOCKED_LAW)
    assert "4.73 m" in reason
    assert "Ordinance" in reason


def test_ordinance_has_no_effect_elsewhere_or_when_off() -> None:
    """Outside Japan ``law`` changes nothing; in Japan ``off`` gives the rule of other countries."""
    assert band_and_reason(VAN, width_m=4.0, ordinance="law")[0] == Band.SQUEEZED
    assert band_and_reason(KEI, width_m=3.5, country="JP", ordinance="off")[0] == Band.SQUEEZED


def signed_band(
    tags: dict[str, str], *, country: str = "FI", quantile: float = 0.5, **rules: Ordinance
) -> tuple[Band, str]:
    """The van's band and reason on a street as its tags alone make it."""
    streets = town(nodes=LINE, ways=[("A B", tags)], country=country)
    access = decide_access(streets, VAN, AccessRules(width_quantile=quantile, **rules))
    return Band(int(access.stretch_band[0])), access.reasons[int(access.stretch_reason[0])]


@pytest.mark.parametrize(
    ("tags", "band", "word"),
    [
        ({"width": "7", "maxwidth": "2.5"}, Band.FREE, ""),
        ({"lanes": "2", "maxwidth": "2.5"}, Band.FREE, ""),
        ({"width": "7", "maxwidth": "2.3"}, Band.BLOCKED_ROOM, "too narrow: 2.8 m (sign), needs 2.97 m"),
        ({"width": "4", "maxwidth": "2.5"}, Band.SQUEEZED, "narrow: 3.9 m (tagged width), free from 5.45 m"),
        ({"width": "2.5", "maxwidth": "2.5"}, Band.SQUEEZED, "narrow: 2.4 m (tagged width), free from 5.45 m"),
        ({"maxwidth": "2.5"}, Band.SQUEEZED, "narrow: 3.0 m (sign), free from 5.45 m"),
        ({"width": "7", "maxwidth": "2.1"}, Band.BLOCKED_LAW, "posted width 2.1 m"),
    ],
    ids=str,
)
def test_a_sign_decides_on_room_and_the_street_on_meeting(tags: dict[str, str], band: Band, word: str) -> None:
    """A posted 2.5 m leaves 3.0 m, room for the van; on 7 m of carriageway (pinch 6.88) two of them meet with ease.

    A tag narrower than that does not close what the sign says lets vehicles of 2.5 m through.
    """
    found, reason = signed_band({"highway": "primary", **tags})
    assert found == band
    assert (word in reason) if word else not reason


@pytest.mark.parametrize(
    ("tags", "law", "clearance"),
    [
        ({"width": "7"}, Band.FREE, Band.FREE),
        ({"width": "7", "maxwidth": "2.5"}, Band.FREE, Band.FREE),
        ({"width": "4.5"}, Band.BLOCKED_LAW, Band.SQUEEZED),
        ({"width": "4.5", "maxwidth": "2.5"}, Band.SQUEEZED, Band.SQUEEZED),
        ({"maxwidth": "2.5"}, Band.SQUEEZED, Band.SQUEEZED),
        ({"width": "4.5", "maxwidth": "3.5"}, Band.SQUEEZED, Band.SQUEEZED),
        ({"width": "4.5", "maxwidth": "2.1"}, Band.BLOCKED_LAW, Band.BLOCKED_LAW),
        ({"width": "2.6", "oneway": "yes"}, Band.BLOCKED_LAW, Band.BLOCKED_ROOM),
        ({"width": "2.6", "oneway": "yes", "maxwidth": "2.6"}, Band.SQUEEZED, Band.SQUEEZED),
    ],
    ids=str,
)
def test_the_ordinance_does_not_close_what_a_sign_admits(tags: dict[str, str], law: Band, clearance: Band) -> None:
    """The ordinance wants 4.73 m of the van on two-way streets; where the authority posts a width that it keeps, it may
    pass, at most squeezed."""
    full = {"highway": "primary", **tags}
    assert signed_band(full, country="JP", ordinance="law")[0] == law
    assert signed_band(full, country="JP", ordinance="clearance")[0] == clearance


def test_the_street_behind_a_sign_has_its_own_interval() -> None:
    """Tagged 5.7 m: pinch 5.60, low end 5.7 × 0.787 × 0.9 = 4.04; the van is free from 5.45 m."""
    tags = {"highway": "primary", "width": "5.7", "maxwidth": "2.6"}
    assert signed_band(tags)[0] == Band.FREE
    assert signed_band(tags, quantile=0.1) == (Band.BLOCKED_ROOM, "too narrow: 2.6 m (sign), needs 2.97 m")
    assert signed_band(tags, quantile=0.45) == (
        Band.SQUEEZED,
        "narrow: 5.4 m (tagged width), free from 5.45 m",
    )


def test_reason_names_width_source_and_need() -> None:
    """The sentence for a narrow street: its width, where the width comes from, what the van needs."""
    assert band_and_reason(VAN, width_m=2.4)[1] == "too narrow: 2.4 m (class default), needs 2.97 m"
    assert band_and_reason(VAN, width_m=13.0)[1] == ""


def test_width_quantile_interpolates_and_clamps() -> None:
    """Through 2 (0.1), 3 (0.5) and 5 m (0.9): 2.5 at 0.3, 4 at 0.7, 1.875 at 0.05, 5.25 at 0.95 and beyond."""
    streets = plain_town(nodes=LINE, ways=[("A B", STREET)])
    table = replace(
        streets.stretches, width_lo_m=np.array([2.0]), width_min_m=np.array([3.0]), width_hi_m=np.array([5.0])
    )
    streets = replace(streets, stretches=table)
    for quantile, width_m in (
        (0.1, 2),
        (0.3, 2.5),
        (0.5, 3),
        (0.7, 4),
        (0.05, 1.875),
        (0.0, 1.875),
        (0.95, 5.25),
        (1, 5.25),
    ):
        assert decision_width_m(streets, quantile=quantile)[0] == pytest.approx(width_m)


@pytest.mark.parametrize(
    ("tags", "kei", "van"),
    [
        ({"barrier": "bollard"}, True, True),
        ({"barrier": "bollard", "access": "yes"}, False, False),
        ({"barrier": "bollard", "maxwidth:physical": "2.0"}, False, True),
        ({"barrier": "gate"}, False, False),
        ({"barrier": "gate", "access": "private"}, True, True),
        ({"barrier": "gate", "motor_vehicle": "destination"}, False, False),
        ({"barrier": "toll_booth", "maxwidth": "2.5"}, False, True),
        ({"barrier": "bollard", "access": "no", "maxwidth:physical": "4"}, True, True),
        ({"barrier": "height_restrictor", "maxheight": "1.9"}, False, True),
        ({"barrier": "height_restrictor", "maxheight": "1.8", "access": "yes"}, True, True),
        ({"barrier": "height_restrictor", "maxheight": "2.6"}, False, False),
        ({"barrier": "height_restrictor"}, False, False),
        ({"maxheight:physical": "2.5"}, False, True),
        ({"barrier": "gate", "maxweight": "2"}, False, True),
        ({"barrier": "lift_gate", "maxlength": "5"}, False, True),
        ({"barrier": "bollard", "maxheight": "4"}, True, True),
    ],
    ids=str,
)
def test_barriers(tags: dict[str, str], kei: bool, van: bool) -> None:
    """Access tags decide first, then the gap against the mirrors + 0.10 m and the limits that the vehicle must keep
    (kei 1.9 m high, 1.25 t loaded; van 2.6 m, 3.2 t, 5.98 m long), then the barrier's kind."""
    nodes = {"A": (0, 0), "M": (50, 0), "B": (100, 0)}
    streets = plain_town(nodes=nodes, ways=[("A M B", STREET)], node_tags={"M": tags})
    row = node_row(streets, nodes, "M")
    assert blocked_nodes(streets, KEI)[row] == kei
    assert blocked_nodes(streets, VAN)[row] == van


@pytest.mark.parametrize("highway", ["motorway", "trunk", "trunk_link", "motorway_link"])
def test_no_standing_on_fast_roads(highway: str) -> None:
    """Vehicles drive on motorways and trunk roads, but do not stop there to deliver."""
    streets = plain_town(nodes=LINE, ways=[("A B", {"highway": highway, "oneway": "no"})])
    access = decide_access(streets, KEI)
    assert not access.may_stand.any()
    assert (access.speed_kph > 0).all()


@pytest.mark.parametrize(
    "tags", [{"tunnel": "yes"}, {"parking:both:restriction": "no_stopping"}, {"access": "private"}], ids=str
)
def test_no_standing_in_tunnels_nor_where_stopping_is_forbidden(tags: dict[str, str]) -> None:
    """No delivery from a tunnel, a no-stopping street or a closed one; an ordinary street is fine."""
    streets = plain_town(nodes=LINE, ways=[("A B", {**STREET, **tags})])
    assert not decide_access(streets, KEI).may_stand.any()
    assert decide_access(plain_town(nodes=LINE, ways=[("A B", STREET)]), KEI).may_stand.all()


def test_footways_are_closed_with_a_reason() -> None:
    """A stretch without any directed edge is closed by law, and says that it is not for motor vehicles."""
    streets = plain_town(nodes={**LINE, "C": (0, 50)}, ways=[("A B", STREET), ("A C", {"highway": "footway"})])
    access = decide_access(streets, KEI)
    row = int(np.flatnonzero(~streets.stretches.drivable)[0])
    assert access.stretch_band[row] == Band.BLOCKED_LAW
    assert access.reasons[int(access.stretch_reason[row])] == "not open to motor vehicles"


@settings(max_examples=60, deadline=None)
@given(
    width_m=st.floats(0.5, 8),
    more_m=st.floats(0, 5),
    one_way=st.booleans(),
    country=st.sampled_from(["FI", "JP"]),
    ordinance=st.sampled_from(["clearance", "law", "off"]),
    quantile=st.floats(0.05, 0.95),
)
def test_wider_is_never_worse(
    width_m: float, more_m: float, one_way: bool, country: str, ordinance: Ordinance, quantile: float
) -> None:
    """A wider street never gets a worse band, and the wider vehicle never a better one."""
    streets = plain_town(nodes=LINE, ways=[("A B", ONE_WAY if one_way else STREET)])
    rules = AccessRules(ordinance=ordinance, country=country, width_quantile=quantile)
    bands = [
        [int(decide_access(widened(streets, width), vehicle, rules).stretch_band[0]) for vehicle in (KEI, VAN)]
        for width in (width_m, width_m + more_m)
    ]
    severity = np.array([[{3: 2, 2: 2}.get(band, band) for band in row] for row in bands])
    assert (severity[1] <= severity[0]).all()
    assert (severity[:, 0] <= severity[:, 1]).all()


@pytest.fixture(scope="module")
def helsinki(helsinki_path: Path) -> Streets:
    """The bundled city."""
    return Streets.from_file(helsinki_path)


def test_three_metres_more_make_kei_and_van_equal(helsinki: Streets) -> None:
    """With every street and gap 3 m wider and no other signs, both stand in the same places for the same walks."""
    table, nodes = helsinki.stretches, helsinki.nodes
    unsigned = np.full(len(table), np.nan)
    wider = {name: getattr(table, name) + 3.0 for name in ("width_m", "width_min_m", "width_lo_m", "width_hi_m")}
    streets = replace(
        helsinki,
        stretches=replace(
            table, **wider, maxwidth_m=unsigned, maxheight_m=unsigned, maxweight_kg=unsigned, maxlength_m=unsigned
        ),
        nodes=replace(nodes, barrier_gap_m=nodes.barrier_gap_m + 3.0),
    )
    kei, van = (decide_access(streets, vehicle) for vehicle in (KEI, VAN))
    assert ((kei.stretch_band >= Band.BLOCKED_ROOM) == (van.stretch_band >= Band.BLOCKED_ROOM)).all()
    assert np.array_equal(kei.may_stand, van.may_stand)
    there = [(x, y) for x in range(-400, 401, 200) for y in range(-400, 401, 200)]
    reached = [reach(streets, vehicle, (0, 0), *there) for vehicle in (KEI, VAN)]
    assert np.array_equal(reached[0].walk_m, reached[1].walk_m)
    assert np.array_equal(reached[0].stop_point, reached[1].stop_point)


def test_helsinki_reasons_are_few_sentences(helsinki: Streets) -> None:
    """Reasons are distinct sentences, not one per street, and every closed street has one."""
    access = decide_access(helsinki, VAN)
    assert len(access.reasons) == len(set(access.reasons)) < 100
    closed = access.stretch_band >= Band.SQUEEZED
    assert (access.stretch_reason[closed] > 0).all()
    assert (access.stretch_reason[~closed] == 0).all()
