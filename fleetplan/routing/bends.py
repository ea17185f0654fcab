"""Sharp bends within a stretch: corners between two pieces of the same street, judged as those at junctions are.

A street may turn a corner without a junction, as alleys do. What :mod:`fleetplan.routing.corners` says of two
streets holds here with one width on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from fleetplan.city.streets import Bools, Floats, Ints, Streets
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.clearance import corner_width_m
from fleetplan.routing.corners import missing_m, passes_shunting, swept_path
from fleetplan.routing.driving import driving_figure
from fleetplan.routing.seams import AccessRules


@dataclass(frozen=True, eq=False)
class Bends:
    """Bends of a city's drivable stretches.

    Attributes:
        stretch: row of ``Streets.stretches`` of each bend.
        angle_rad: change of direction, positive.
    """

    stretch: Ints
    angle_rad: Floats


_CACHE: WeakKeyDictionary[Streets, Bends] = WeakKeyDictionary()


def bends_of(streets: Streets) -> Bends:
    """Vertices at which a drivable stretch turns by more than ``turn.straight_deg``, kept with the city.

    Pieces shorter than ``corner.leg_m`` beside them are rounding of the drawing, and do not count.
    """
    found = _CACHE.get(streets)
    if found is None:
        found = _CACHE[streets] = _find(streets)
    return found


def _find(streets: Streets) -> Bends:
    table = streets.stretches
    lon, lat, start = table.line_lon, table.line_lat, table.line_start
    between = np.ones(len(lon), dtype=np.bool_)
    between[start[:-1]] = False
    between[start[1:] - 1] = False
    owner = np.repeat(np.arange(len(table)), np.diff(start))
    at = np.flatnonzero(between & table.drivable[owner])
    before = _step(lon, lat, at - 1, at)
    after = _step(lon, lat, at, at + 1)
    angle = np.arctan2(after[1], after[0]) - np.arctan2(before[1], before[0])
    angle = np.abs((angle + np.pi) % (2.0 * np.pi) - np.pi)
    metres = np.minimum(np.hypot(*before), np.hypot(*after)) * _METRES_PER_DEGREE
    sharp = (np.degrees(angle) > driving_figure("turn.straight_deg")) & (metres >= driving_figure("corner.leg_m"))
    return Bends(owner[at[sharp]].astype(np.int64), angle[sharp])


_METRES_PER_DEGREE = 111_320.0
"""Of latitude; half a percent off at most, which matters little to the length of a leg."""


def _step(lon: Floats, lat: Floats, start: Ints, end: Ints) -> tuple[Floats, Floats]:
    return (lon[end] - lon[start]) * np.cos(np.radians(lat[start])), lat[end] - lat[start]


def bend_moves(streets: Streets, vehicle: Vehicle, *, rules: AccessRules) -> tuple[Floats, Bools]:
    """Moves back and forth that a vehicle needs at the bends of each stretch, and where it does not get round one.

    Returned are ``float64[stretches]`` and ``bool[stretches]``; impossible only where somebody measured, tagged or
    posted the width.
    """
    n = len(streets.stretches)
    bends = bends_of(streets)
    if rules.clearance == "none" or len(bends.stretch) == 0:
        return np.zeros(n), np.zeros(n, dtype=np.bool_)
    widths, measured = corner_width_m(streets, quantile=rules.width_quantile)
    width, known = widths[bends.stretch], measured[bends.stretch]
    path, rounding_m = swept_path(vehicle), driving_figure("corner.rounding_m")
    room = width - 2.0 * driving_figure("corner.clearance_m")
    ahead = np.zeros(len(room), dtype=np.bool_)
    lack = missing_m(path, bends.angle_rad, room, room, ahead=ahead, rounding_m=rounding_m)
    moves = np.clip(2.0 * lack / driving_figure("corner.gain_m"), 0.0, driving_figure("corner.most_moves"))
    least = width - 2.0 * driving_figure("corner.least_clearance_m")
    passes = passes_shunting(
        length=path.length,
        width=path.width,
        angle_rad=bends.angle_rad,
        first_m=least,
        second_m=least,
        rounding_m=rounding_m,
    )
    stuck = np.zeros(n, dtype=np.bool_)
    stuck[bends.stretch[(lack > 0) & known & ~passes]] = True
    return np.bincount(bends.stretch, weights=moves, minlength=n).astype(np.float64), stuck
