"""On which side of a street a stop is met: across a wide or fast one nobody carries parcels.

The thresholds lie in ``data/driving.toml`` with their sources; which countries drive on the left too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fleetplan.city.classes import Highway
from fleetplan.city.streets import Bools, Codes, Floats, Ints, Streets
from fleetplan.routing.driving import driving_figure, left_hand_countries
from fleetplan.routing.lines import lines_of

EITHER_SIDE, OWN_SIDE = 0, 1
ALONG, AGAINST = 1, 2
_ON_AXIS_M = 0.1
"""Coordinates are written to a centimetre or a decimetre; nearer to the axis than that a side is rounding."""
_LARGE = (
    Highway.MOTORWAY,
    Highway.MOTORWAY_LINK,
    Highway.TRUNK,
    Highway.TRUNK_LINK,
    Highway.PRIMARY,
    Highway.PRIMARY_LINK,
    Highway.SECONDARY,
    Highway.SECONDARY_LINK,
    Highway.TERTIARY,
    Highway.TERTIARY_LINK,
)


def served_sides(streets: Streets) -> Codes:
    """How the stops of each stretch are approached, ``uint8[stretches]``.

    0: in either direction. 1: only in the one whose kerb is on the stop's side – two-way streets of class tertiary
    and above with many lanes, a wide carriageway, or a limit above that of built-up areas. On one-way streets the
    question does not arise.
    """
    table, edges = streets.stretches, streets.edges
    posted = np.zeros(len(table))
    np.maximum.at(posted, edges.stretch, np.nan_to_num(edges.maxspeed_kph))
    wide = table.lanes >= driving_figure("kerb.lanes")
    wide |= table.width_m >= driving_figure("kerb.width_m")
    wide |= posted > driving_figure("kerb.limit_kph")
    large = np.isin(table.highway, np.array(_LARGE, dtype=np.uint8))
    own = wide & large & table.forward & table.backward
    return np.where(own, OWN_SIDE, EITHER_SIDE).astype(np.uint8)


def is_left_of(streets: Streets, stretch: Ints, vertex: Ints, *, x_m: Floats, y_m: Floats) -> Bools:
    """Whether points lie to the left of a stretch as it is drawn, by the sign of the cross product.

    Args:
        stretch: row of each point's stretch.
        vertex: number of the vertex, from 0, at which the nearest piece of the stretch's line begins.
        x_m, y_m: metres along the axes of the city's grid (``Streets.crs``) from that vertex.
    """
    lines, start = lines_of(streets), streets.stretches.line_start[stretch] + vertex
    # The grid is turned against north, so the line is taken in the grid too.
    along_x, along_y = lines.x_m[start + 1] - lines.x_m[start], lines.y_m[start + 1] - lines.y_m[start]
    return np.asarray(along_x * y_m - along_y * x_m > 0, dtype=np.bool_)


def heading_for_side(left: Bools, *, country: str) -> Bools:
    """Whether the kerb of stops is met driving against the way the stretch is drawn (``Edges.reverse``).

    Who keeps right has the kerb on the right: a stop to the left of the stretch is met in reverse. Who keeps left,
    the other way round.

    Args:
        left: the stop lies to the left of the stretch as it is drawn (from u to v).
    """
    return np.asarray(left ^ (country in left_hand_countries()), dtype=np.bool_)


def required_reverse(
    streets: Streets, points: NDArray[Any], stretch: Ints, along: Floats, *, asked: Bools, country: str
) -> Codes:
    """The heading in which each place is met, ``uint8[places]``: 0 either, 1 along the stretch as drawn, 2 against.

    A stop on the very axis of its street lies on neither side.

    Args:
        points: the stops as shapely points in metric coordinates.
        stretch, along: where the vehicle stands for each; -1 for nowhere.
        asked: whether the side matters for the stop: it is served straight across, not by a walk over other streets.
    """
    heading = np.zeros(len(stretch), dtype=np.uint8)
    own = served_sides(streets) == OWN_SIDE
    rows = np.flatnonzero(asked & (stretch >= 0))
    rows = rows[own[stretch[rows]]]
    lines, begin = lines_of(streets), streets.stretches.line_start
    rows = rows[shapely.distance(points[rows], lines.lines[stretch[rows]]) > _ON_AXIS_M]
    if len(rows) == 0:
        return heading
    steps = np.hypot(np.diff(lines.x_m), np.diff(lines.y_m))
    reached = np.concatenate([[0.0], np.cumsum(steps)])
    first, last = begin[stretch[rows]], begin[stretch[rows] + 1] - 1
    at = reached[first] + along[rows] * (reached[last] - reached[first])
    vertex = np.clip(np.searchsorted(reached, at, side="right") - 1, first, last - 1)
    left = is_left_of(
        streets,
        stretch[rows],
        vertex - first,
        x_m=shapely.get_x(points[rows]) - lines.x_m[vertex],
        y_m=shapely.get_y(points[rows]) - lines.y_m[vertex],
    )
    heading[rows] = np.where(heading_for_side(left, country=country), AGAINST, ALONG)
    return heading
