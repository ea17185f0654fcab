"""Speeds, turn costs and turning round, from the figures of the data file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fleetplan.routing.access import decide_access
from fleetplan.routing.driving import left_hand_countries, routing_figures, turn_costs_ms, turn_round_ms
from tests.routing.builders import KEI, STREET, VAN, plain_town

LINE = {"A": (0, 0), "B": (100, 0)}


@pytest.mark.parametrize(
    ("tags", "width_m", "speed_kph"),
    [
        (STREET, 13, 36),
        ({"highway": "residential"}, 13, 24),
        ({"highway": "primary"}, 13, 32.5),
        ({"highway": "primary_link", "maxspeed": "40"}, 13, 26),
        ({"highway": "service", "service": "alley"}, 13, 15),
        ({"highway": "service", "service": "driveway", "maxspeed": "20"}, 13, 20),
        ({"highway": "trunk", "maxspeed": "100"}, 13, 64),
        (STREET, 3.0, 10),
        ({"highway": "service", "service": "driveway", "maxspeed": "5"}, 3.0, 5),
    ],
    ids=str,
)
def test_speeds(tags: dict[str, str], width_m: float, speed_kph: float) -> None:
    """Posted or usual limit, at most the top speed of 80, times the traffic factor; squeezed at most 10 km/h."""
    streets = plain_town(nodes=LINE, ways=[("A B", tags)], widths={0: width_m})
    access = decide_access(streets, replace(KEI, top_speed_kph=80.0))
    assert access.speed_kph == pytest.approx(speed_kph)


def test_closed_streets_have_no_speed() -> None:
    """Speed 0 stands for closed."""
    streets = plain_town(nodes=LINE, ways=[("A B", STREET)], widths={0: 2.0})
    assert (decide_access(streets, VAN).speed_kph == 0).all()


def test_turn_costs_by_side() -> None:
    """Straight 0, near side 2, across 5, sharp 7, U-turn 15 s; at a mere bend nothing; a signal adds 8 s."""
    angle = np.array([10.0, 90.0, -90.0, 170.0, 180.0, 90.0, 0.0])
    junction = np.array([True, True, True, True, True, False, True])
    uturn = np.array([False, False, False, False, True, False, False])
    signals = np.array([False, False, False, False, False, False, True])
    right = turn_costs_ms(angle, junction, signals, uturn, left_hand=False)
    left = turn_costs_ms(angle, junction, signals, uturn, left_hand=True)
    assert right.tolist() == [0, 5000, 2000, 7000, 15000, 0, 8000]
    assert left.tolist() == [0, 2000, 5000, 7000, 15000, 0, 8000]


def test_turning_round_depends_on_circle_and_width() -> None:
    """8 s where the circle fits, 4 s more per metre missing; the radius is 1.15 × length where nobody gives it."""
    widths = np.array([13.0, 4.0])
    assert turn_round_ms(KEI, widths).tolist() == [8000, 24800]
    assert turn_round_ms(VAN, widths).tolist() == [8000, 41600]
    circle_m = 2 * 1.15 * KEI.length_m
    unknown = turn_round_ms(replace(KEI, turning_radius_m=None), np.array([4.0]))
    assert unknown[0] == pytest.approx(8000 + 4000 * (circle_m - 4.0), abs=1)


def test_which_side_countries_drive_on() -> None:
    """Japan and Britain keep left, Finland and the United States right."""
    assert {"JP", "GB"} <= left_hand_countries()
    assert not {"FI", "US", "PT"} & left_hand_countries()


def test_every_figure_has_a_source() -> None:
    """All figures behind access and times say where they come from and how sure they are."""
    figures = routing_figures()
    assert len(figures) > 40
    assert all(figure.source and figure.unit and figure.date for figure in figures)
