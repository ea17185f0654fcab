"""How much of an answer rests on what is believed of widths: kilometres by band when all streets are narrower or wider.

Widths that nobody measured are believed within an interval. Deciding with its narrow end, its middle and its wide end
shows how many kilometres change their band.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fleetplan.city.classes import WidthSource
from fleetplan.city.streets import Bools, Streets
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.access import decide_access
from fleetplan.routing.reach import Reach, street_km_of
from fleetplan.routing.seams import AccessRules, Band, StreetAccess

QUANTILES = (0.1, 0.5, 0.9)


def street_km_by_quantile(
    streets: Streets, vehicle: Vehicle, rules: AccessRules | None = None
) -> dict[str, dict[str, float]]:
    """Kilometres of drivable street by band for a vehicle, by width quantile (``"0.1"``, ``"0.5"``, ``"0.9"``)."""
    rules = rules or AccessRules()
    return {
        f"{quantile:g}": street_km_of(streets, decide_access(streets, vehicle, replace(rules, width_quantile=quantile)))
        for quantile in QUANTILES
    }


def default_street_km(streets: Streets, access: StreetAccess) -> dict[str, float]:
    """Kilometres of drivable street by band whose width rests on a class default."""
    stretches = streets.stretches
    judged = stretches.drivable & (stretches.width_source == WidthSource.DEFAULT)
    return {
        band.label: float(stretches.length_m[judged & (access.stretch_band == band)].sum()) / 1000.0 for band in Band
    }


def points_on_defaults(reach: Reach) -> Bools:
    """Which of a vehicle's points lie on a street whose width rests on a class default, ``bool[points]``."""
    source = reach.streets.stretches.width_source
    return np.array([source[point.stretch] == WidthSource.DEFAULT for point in reach.points], dtype=np.bool_)
