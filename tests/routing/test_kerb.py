"""On which side of a street a stop is met."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fleetplan.city.streets import Streets
from fleetplan.routing.kerb import EITHER_SIDE, OWN_SIDE, heading_for_side, is_left_of, served_sides
from tests.routing.builders import plain_town, widened
from tests.towns import lat_lon

LINE = {"A": (0, 0), "B": (100, 0)}


def line(tags: dict[str, str], width_m: float = 6.0, **more: Any) -> Streets:
    """A street of 100 m eastwards."""
    return widened(plain_town(nodes=LINE, ways=[("A B", tags)], **more), width_m)


@pytest.mark.parametrize(
    ("tags", "width_m", "code"),
    [
        ({"highway": "tertiary"}, 6.0, EITHER_SIDE),
        ({"highway": "tertiary"}, 9.0, OWN_SIDE),
        ({"highway": "tertiary", "lanes": "4"}, 6.0, OWN_SIDE),
        ({"highway": "secondary", "maxspeed": "60"}, 6.0, OWN_SIDE),
        ({"highway": "secondary", "maxspeed": "50"}, 6.0, EITHER_SIDE),
        ({"highway": "residential", "lanes": "4", "maxspeed": "70"}, 12.0, EITHER_SIDE),
        ({"highway": "primary", "lanes": "4", "oneway": "yes"}, 12.0, EITHER_SIDE),
    ],
    ids=str,
)
def test_wide_and_fast_streets_are_served_from_their_own_side(tags: dict[str, str], width_m: float, code: int) -> None:
    """From 4 lanes, 9 m or more than 50 km/h, of class tertiary and above, with traffic both ways."""
    assert served_sides(line(tags, width_m)).tolist() == [code]


def test_sides_and_headings() -> None:
    """A stop to the north of an eastbound line lies left: met westwards where one keeps right, eastwards in Japan."""
    streets = line({"highway": "primary"})
    north = is_left_of(
        streets, np.array([0, 0]), np.array([0, 0]), x_m=np.array([50.0, 50.0]), y_m=np.array([10, -10.0])
    )
    assert north.tolist() == [True, False]
    assert heading_for_side(north, country="FI").tolist() == [True, False]
    assert heading_for_side(north, country="JP").tolist() == [False, True]


def test_the_side_is_that_of_the_nearest_piece() -> None:
    """A line that turns north at M: a point east of the second piece lies to its right."""
    streets = plain_town(nodes={"A": (0, 0), "M": (100, 0), "B": (100, 100)}, ways=[("A M B", {"highway": "primary"})])
    assert len(streets.stretches) == 1
    east = is_left_of(streets, np.array([0]), np.array([1]), x_m=np.array([10.0]), y_m=np.array([50.0]))
    assert not east.any()
    assert lat_lon(110, 50)[1] > float(streets.stretches.line_lon[1])
