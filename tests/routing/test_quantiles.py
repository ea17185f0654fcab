"""Kilometres by band at both ends of what is believed, worked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import fleetplan as fp
from fleetplan.city.classes import WidthSource
from fleetplan.city.streets import Streets
from fleetplan.routing.access import decide_access, room_needed_m
from fleetplan.routing.quantiles import QUANTILES, default_street_km, points_on_defaults, street_km_by_quantile
from fleetplan.routing.reach import reach_of
from fleetplan.routing.seams import AccessRules
from tests.city.areas import streets_on_grid

VAN = fp.vehicle("full-size-van")


def town(lo_m: float, mid_m: float, hi_m: float) -> Streets:
    """1 km of one street whose pinch lies between lo and hi, beside 0.5 km of which somebody tagged 9 m."""
    lines = [[(0.0, 0.0), (1000.0, 0.0)], [(0.0, 0.0), (0.0, 500.0)]]
    streets = streets_on_grid(lines, tags=[{"highway": "residential"}, {"highway": "residential", "width": "9"}])
    table = streets.stretches
    guess = table.width_source == WidthSource.DEFAULT

    def column(old: np.ndarray, value: float) -> np.ndarray:
        return np.where(guess, value, old)

    stretches = replace(
        table,
        width_m=column(table.width_m, mid_m),
        width_min_m=column(table.width_min_m, mid_m),
        width_lo_m=column(table.width_lo_m, lo_m),
        width_hi_m=column(table.width_hi_m, hi_m),
    )
    return replace(streets, stretches=stretches)


def test_kilometres_move_between_bands_with_the_quantile() -> None:
    """2.5 m is too narrow for a van, 4 m tight, 7 m free: 1 km passes through all bands, the tagged 0.5 km stays."""
    assert 2.5 < room_needed_m(VAN) < 4.0
    km = street_km_by_quantile(town(2.5, 4.0, 7.0), VAN)
    assert list(km) == [f"{quantile:g}" for quantile in QUANTILES]
    assert km["0.1"]["blocked_room"] == pytest.approx(1.0, rel=1e-3)
    assert km["0.5"]["squeezed"] == pytest.approx(1.0, rel=1e-3)
    assert km["0.9"]["free"] == pytest.approx(1.5, rel=1e-3)
    assert all(sum(bands.values()) == pytest.approx(1.5, rel=1e-3) for bands in km.values())
    assert km["0.1"]["free"] == km["0.5"]["free"] == pytest.approx(0.5, rel=1e-3)


def test_the_rules_of_the_comparison_hold_at_every_quantile() -> None:
    """Only the quantile is replaced: with Japan's ordinance off or on, kilometres differ."""
    streets = town(4.8, 5.0, 5.2)
    japan, elsewhere = AccessRules(country="JP"), AccessRules(country="FR")
    assert street_km_by_quantile(streets, VAN, japan)["0.5"]["free"] == pytest.approx(1.5, rel=1e-3)
    assert street_km_by_quantile(streets, VAN, elsewhere)["0.5"]["free"] == pytest.approx(0.5, rel=1e-3)


def test_what_rests_on_a_default() -> None:
    """The street of which nobody told the width: its kilometre by band, and the points on it."""
    streets = town(2.5, 4.0, 7.0)
    km = default_street_km(streets, decide_access(streets, VAN))
    assert (km["squeezed"], km["free"]) == (pytest.approx(1.0, rel=1e-3), 0.0)
    table = streets.stretches
    lon, lat = (degrees[table.line_start[1:] - 1] for degrees in (table.line_lon, table.line_lat))
    depot = (float(streets.nodes.lat[table.u[0]]), float(streets.nodes.lon[table.u[0]]))
    reach = reach_of(streets, VAN, lat=lat, lon=lon, depot=depot)
    flags = points_on_defaults(reach)
    assert flags[reach.stop_point].tolist() == (table.width_source == WidthSource.DEFAULT).tolist()
