"""How wide a street is to a vehicle: the widths that decisions use, and the room that a vehicle needs.

Every figure lies in ``data/access.toml`` with its source.
"""

from __future__ import annotations

import numpy as np

from fleetplan.city.classes import WidthSource
from fleetplan.city.streets import Bools, Codes, Floats, Streets
from fleetplan.figures import bundled_figures
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.seams import AccessRules

MEASURED = (WidthSource.SIGN, WidthSource.SURVEY, WidthSource.TAG)
"""Sources by which somebody has looked at this street."""


def access_figure(key: str) -> float:
    """A figure of ``data/access.toml``."""
    return bundled_figures("access.toml")[key].value


def decision_width_m(streets: Streets, *, quantile: float) -> Floats:
    """The pinch of every stretch at a quantile of its distribution, ``float64[stretches]`` in metres.

    The distribution is piecewise linear through ``width_lo_m`` (0.1), ``width_min_m`` (0.5) and ``width_hi_m``
    (0.9), continued with the same slopes to 0.05 and 0.95; quantiles beyond are clamped.
    """
    table = streets.stretches
    return _at_quantile(table.width_lo_m, table.width_min_m, table.width_hi_m, quantile=quantile)


def street_width_m(streets: Streets, *, quantile: float) -> tuple[Floats, Codes]:
    """Width by which vehicles meet and which the ordinance measures, in metres, and its ``WidthSource``.

    A posted width tells who fits through, not how wide the street beyond it is: where a tag or lanes tell that, they
    hold here; elsewhere it is :func:`decision_width_m`.
    """
    table = streets.stretches
    known = table.street_source > 0
    behind = _at_quantile(table.street_lo_m, table.street_min_m, table.street_hi_m, quantile=quantile)
    width = np.where(known, behind, decision_width_m(streets, quantile=quantile))
    return width, np.where(known, table.street_source, table.width_source)


def usual_width_m(streets: Streets, *, quantile: float) -> Floats:
    """Width along which a vehicle drives, in metres: the typical width, moved with the quantile as the pinch is.

    The pinch decides who passes; how fast, and how two vehicles get by, is a matter of the street as it mostly is.
    """
    table = streets.stretches
    moved = table.width_m + decision_width_m(streets, quantile=quantile) - table.width_min_m
    return np.maximum(moved, 0.0)


def corner_width_m(streets: Streets, *, quantile: float) -> tuple[Floats, Bools]:
    """Width that a corner has on this street's side, and whether anybody measured, tagged or posted it.

    The usual width; where only the room behind a sign is known, that room.
    """
    table = streets.stretches
    signed = table.width_source == WidthSource.SIGN
    behind, source = street_width_m(streets, quantile=quantile)
    width = np.where(signed, behind, usual_width_m(streets, quantile=quantile))
    known = np.isin(np.where(signed, source, table.width_source), np.array(MEASURED, dtype=np.uint8))
    return width, known


def _at_quantile(lo: Floats, mid: Floats, hi: Floats, *, quantile: float) -> Floats:
    q = min(max(quantile, 0.05), 0.95)
    width = mid + (mid - lo) * (q - 0.5) / 0.4 if q <= 0.5 else mid + (hi - mid) * (q - 0.5) / 0.4
    return np.maximum(np.asarray(width, dtype=np.float64), 0.0)


def room_needed_m(vehicle: Vehicle) -> float:
    """Width below which a street has no room for the vehicle."""
    return vehicle.mirror_width_m + access_figure("room_clearance_m")


def free_width_m(vehicle: Vehicle, rules: AccessRules, *, country: str) -> tuple[float, float]:
    """Width from which a street is free, two-way and one-way.

    In Japan (unless the ordinance is off) it is the ordinance's width for the body in built-up areas; elsewhere
    two of these vehicles must meet over their mirrors. Never less than :func:`room_needed_m`.
    """
    if country == "JP" and rules.ordinance != "off":
        two_way = 2 * vehicle.body_width_m + access_figure("ordinance.two_way_margin_m")
        one_way = vehicle.body_width_m + access_figure("ordinance.one_way_margin_m")
    else:
        two_way = 2 * vehicle.mirror_width_m + access_figure("meeting.two_way_margin_m")
        one_way = vehicle.mirror_width_m + access_figure("meeting.one_way_margin_m")
    room = room_needed_m(vehicle)
    return max(two_way, room), max(one_way, room)


def country_of(streets: Streets, rules: AccessRules) -> str:
    """The country whose rules hold: the one given, else the one the city lies in."""
    return rules.country or streets.country
