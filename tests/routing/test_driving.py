"""Speeds, waiting, what is met on the way, and turning, from the figures of the data file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetplan.city.streets import Streets
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.access import decide_access
from fleetplan.routing.driving import (
    angle_delays_s,
    edge_times_ms,
    end_delays_ms,
    left_hand_countries,
    routing_figures,
)
from fleetplan.routing.seams import AccessRules
from fleetplan.routing.turning import reverse_kph, reverse_out_ms, turn_round_ms, uturn_ms
from tests.routing.builders import KEI, ONE_WAY, STREET, VAN, plain_town, widened

LINE = {"A": (0, 0), "B": (100, 0)}
RULES = AccessRules()
BARE = AccessRules(clearance="none", traffic=False)


def line(tags: dict[str, str] | None = None, *, width_m: float = 13.0, **more: Any) -> Streets:
    """A street of 100 m."""
    return plain_town(nodes=LINE, ways=[("A B", tags or STREET)], widths={0: width_m}, **more)


def with_edges(streets: Streets, **columns: Any) -> Streets:
    """The same streets with some columns of their edges replaced."""
    kinds = {name: getattr(streets.edges, name).dtype for name in columns}
    full = {name: np.array(values, dtype=kinds[name]) for name, values in columns.items()}
    return replace(streets, edges=replace(streets.edges, **full))


def edge_ms(streets: Streets, vehicle: Vehicle, rules: AccessRules = RULES) -> list[int]:
    """Milliseconds of each edge."""
    times: list[int] = edge_times_ms(streets, decide_access(streets, vehicle, rules), rules=rules).tolist()
    return times


@pytest.mark.parametrize(
    ("tags", "width_m", "speed_kph"),
    [
        (STREET, 13, 36),
        ({"highway": "residential"}, 13, 22.4),
        ({"highway": "primary"}, 13, 42.25),
        ({"highway": "primary_link", "maxspeed": "40"}, 13, 26),
        ({"highway": "service", "service": "alley"}, 13, 15),
        ({"highway": "service", "service": "driveway", "maxspeed": "20"}, 13, 20),
        ({"highway": "trunk", "maxspeed": "100"}, 13, 64),
        ({"highway": "living_street"}, 13, 20),
        (STREET, 3.0, 17.85),
        (STREET, 2.215, 10),
        ({"highway": "service", "service": "driveway", "maxspeed": "5"}, 3.0, 5),
    ],
    ids=str,
)
def test_speeds(tags: dict[str, str], width_m: float, speed_kph: float) -> None:
    """Posted or usual limit, at most the top speed of 80, times the traffic factor; 10 km/h with the least room, and
    10 km/h more for every further metre."""
    access = decide_access(line(tags, width_m=width_m), replace(KEI, top_speed_kph=80.0))
    assert access.speed_kph == pytest.approx(speed_kph)


def test_limits_and_advice_by_direction() -> None:
    """30 posted eastwards, 60 westwards with 40 advised: 24 and 32 km/h, a residential street's flow being 0.8."""
    streets = with_edges(line(), maxspeed_kph=[30, 60], advisory_kph=[np.nan, 40])
    assert decide_access(streets, KEI).speed_kph == pytest.approx([24, 32])


def test_a_city_without_clearance_and_traffic() -> None:
    """For comparisons: the posted 45 in full, nobody met, and no room taken off: 100 m of a 3 m street in 8 s."""
    assert edge_ms(line(width_m=3.0), KEI, BARE) == [8000, 8000]
    assert edge_ms(line(width_m=3.0), KEI, AccessRules(traffic=False)) == [20168, 20168]
    assert edge_ms(line(width_m=3.0), KEI, AccessRules(clearance="none")) == [10000, 10000]


def test_closed_streets_have_no_speed() -> None:
    """Speed 0 stands for closed, and so does a time of 0."""
    assert (decide_access(line(width_m=2.0), VAN).speed_kph == 0).all()
    assert edge_ms(line(width_m=2.0), VAN) == [0, 0]


def test_waiting_for_oncoming_traffic() -> None:
    """At 3 m and 17.85 km/h 2 × 20 / h × 0.1 km / 17.85 km/h = 0.2241 cars are met, 12 s each: 2.689 s.

    4.0 m lack 0.215 of the 4.215 m at which both drive on: 43 % of 12 s, and 0.1436 of them at 27.85 km/h.
    """
    assert decide_access(line(width_m=3.0), KEI).delay_s == pytest.approx(2.689, abs=0.001)
    assert decide_access(line(width_m=4.0), KEI).delay_s == pytest.approx(0.1436 * 0.43 * 12, abs=0.001)
    assert decide_access(line(width_m=4.22), KEI).delay_s == pytest.approx(0)
    assert edge_ms(line(width_m=3.0), KEI) == [20168 + 2689, 20168 + 2689]


def test_nobody_comes_along_a_one_way_street() -> None:
    """A one-way street of 3 m is slow, but nobody has to be let through."""
    assert decide_access(line(ONE_WAY, width_m=3.0), KEI).delay_s.tolist() == [0.0]


def test_what_is_met_on_the_way() -> None:
    """100 m in 10 s; one signal 8, stop 5.5, give-way sign 2, crossing 0.5 and hump 2 s each, by direction."""
    counts = {"signals": [1, 0], "stops": [0, 1], "give_ways": [0, 1], "crossings": [2, 0], "calmings": [0, 3]}
    streets = with_edges(line(), **counts)
    assert edge_ms(streets, KEI) == [10_000 + 8_000 + 1_000, 10_000 + 5_500 + 2_000 + 6_000]
    assert end_delays_ms(streets, rules=RULES).tolist() == [8_000, 7_500]
    assert end_delays_ms(streets, rules=BARE).tolist() == [4_800, 7_500]


@settings(max_examples=60, deadline=None)
@given(
    width_m=st.floats(2.98, 9),
    less_m=st.floats(0, 0.05),
    one_way=st.booleans(),
    highway=st.sampled_from(["residential", "tertiary", "service"]),
)
def test_no_cliff_in_width(width_m: float, less_m: float, one_way: bool, highway: str) -> None:
    """A street up to 5 cm narrower is never faster, and at most 15 % slower as long as the van passes at all."""
    streets = line({"highway": highway, "oneway": "yes" if one_way else "no"})
    narrower = max(width_m - less_m, 2.975)
    wide, narrow = (edge_ms(widened(streets, metres), VAN)[0] for metres in (width_m, narrower))
    assert wide <= narrow <= wide * 1.15 + 1


@settings(max_examples=40, deadline=None)
@given(width_m=st.floats(3, 13), more_m=st.floats(0, 5))
def test_the_smaller_vehicle_is_never_slower(width_m: float, more_m: float) -> None:
    """On the same street the kei is as fast as the van or faster, and wider streets slow neither."""
    streets = line()
    times = [[edge_ms(widened(streets, w), vehicle)[0] for vehicle in (KEI, VAN)] for w in (width_m, width_m + more_m)]
    assert all(kei <= van for kei, van in times)
    assert all(wide <= narrow for wide, narrow in zip(times[1], times[0], strict=True))


def test_turn_delays_by_side() -> None:
    """Straight 0, near side 2, across 5, sharp 7 s; at a mere bend nothing, and a U-turn is counted elsewhere."""
    angle = np.array([10.0, 90.0, -90.0, 170.0, 180.0, 90.0])
    junction = np.array([True, True, True, True, True, False])
    uturn = np.array([False, False, False, False, True, False])
    right = angle_delays_s(angle, junction, uturn, left_hand=False)
    left = angle_delays_s(angle, junction, uturn, left_hand=True)
    assert right.tolist() == [0, 5, 2, 7, 0, 0]
    assert left.tolist() == [0, 2, 5, 7, 0, 0]


@pytest.mark.parametrize(
    ("vehicle", "width_m", "expected"),
    [(KEI, 13.0, 8000), (KEI, 4.0, 24800), (VAN, 13.0, 8000), (VAN, 4.0, 81220)],
    ids=["kei-wide", "kei-narrow", "van-wide", "van-narrow"],
)
def test_turning_round_depends_on_circle_and_width(vehicle: Vehicle, width_m: float, expected: int) -> None:
    """8 s where the circle fits (8.2 and 12.4 m), 4 s more per metre missing; the van of 5.981 m cannot stand across
    4 m either: 20 s for each of 1.981 m."""
    assert turn_round_ms(line(width_m=width_m), vehicle, rules=RULES).tolist() == [expected, expected]


def test_unknown_turning_radius() -> None:
    """The radius is 1.15 × length where nobody gives it."""
    unknown = turn_round_ms(line(width_m=4.0), replace(KEI, turning_radius_m=None), rules=RULES)
    assert unknown[0] == pytest.approx(8000 + 4000 * (2 * 1.15 * KEI.length_m - 4.0), abs=1)


@pytest.mark.parametrize(
    ("vehicle", "width_m", "expected"),
    [(KEI, 4, 15000), (VAN, 4, 29600), (VAN, 8, 15000)],
    ids=["kei", "van-narrow", "van-wide"],
)
def test_turning_at_a_dead_end(vehicle: Vehicle, width_m: float, expected: int) -> None:
    """The end gives 3 m more: the kei (circle 8.2 m) turns in 15 s, the van lacks 5.4 m at 4 m of street."""
    assert uturn_ms(line(width_m=width_m), vehicle, rules=RULES).tolist() == [expected, expected]


def test_backing_out() -> None:
    """A kei backs out at 8 km/h (45 s for 100 m), the van of 5.981 m at 5.02 km/h (71.7 s)."""
    assert reverse_kph(KEI) == 8.0
    assert reverse_kph(VAN) == pytest.approx(8 - 3 * 2.581 / 2.6, abs=0.001)
    assert reverse_out_ms(line(), KEI, rules=RULES)[0] == 45_000
    assert reverse_out_ms(line(), VAN, rules=RULES)[0] == pytest.approx(100 * 3600 / reverse_kph(VAN), abs=1)


def test_which_side_countries_drive_on() -> None:
    """Japan and Britain keep left, Finland and the United States right."""
    assert {"JP", "GB"} <= left_hand_countries()
    assert not {"FI", "US", "PT"} & left_hand_countries()


def test_every_figure_has_a_source() -> None:
    """All figures behind access and times say where they come from and how sure they are."""
    figures = routing_figures()
    assert len(figures) > 90
    assert all(figure.source and figure.unit and figure.date for figure in figures)
