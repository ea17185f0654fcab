"""Widths measured on surveyed polygons: streets whose width is known by hand, and what cannot be a survey."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from fleetplan.city.classes import WidthSource
from fleetplan.city.streets import Streets
from fleetplan.city.survey import measure_widths
from fleetplan.errors import InputError
from tests.city.areas import CORNER, CRS, areas_around, polygon, streets_on_grid

STRAIGHT = [(0.0, 0.0), (100.0, 0.0)]


OF_A_PLAN = 'LOCAL_CS["plan",LOCAL_DATUM["plan",0],UNIT["metre",1],AXIS["X",EAST],AXIS["Y",NORTH]]'


def areas(*polygons: Any, crs: int | str | None = CRS) -> gpd.GeoDataFrame:
    """A survey of these polygons."""
    return gpd.GeoDataFrame(geometry=list(polygons), crs=crs)


def box(west: float, south: float, east: float, north: float) -> Any:
    """A rectangle in metres."""
    return polygon((west, south), (east, south), (east, north), (west, north))


def test_a_straight_street() -> None:
    """6 m wide everywhere, the axis 2 m from one edge: 6 m, without spread, on a cross-section every four metres."""
    found = measure_widths(streets_on_grid([STRAIGHT]), areas(box(-5, -2, 105, 4)))
    assert found.median_m[0] == pytest.approx(6.0, abs=1e-3)
    assert found.pinch_m[0] == pytest.approx(6.0, abs=1e-3)
    assert found.samples[0] == 25


def test_a_pinch() -> None:
    """20 of 100 m are 3 m wide: the median says 6 m, the pinch 3 m."""
    throat = polygon((0, -3), (100, -3), (100, 3), (60, 3), (60, 0.5), (40, 0.5), (40, 3), (0, 3), (0, -3)).difference(
        box(40, -3, 60, -2.5)
    )
    found = measure_widths(streets_on_grid([STRAIGHT]), areas(throat))
    assert found.median_m[0] == pytest.approx(6.0, abs=1e-3)
    assert found.pinch_m[0] == pytest.approx(3.0, abs=1e-3)


def test_a_curve() -> None:
    """A quarter of a circle, 4 m wide: cross-sections stand square to the street."""
    bow = [(50 * math.cos(angle), 50 * math.sin(angle)) for angle in np.linspace(0, math.pi / 2, 40)]
    streets = streets_on_grid([bow])
    found = measure_widths(streets, areas_around(streets, 4.0))
    assert found.median_m[0] == pytest.approx(4.0, rel=0.02)
    assert found.pinch_m[0] == pytest.approx(4.0, rel=0.02)


def test_a_dead_end_with_a_turning_head() -> None:
    """The head is wider, the street is not; at its end no cross-section is left out, for nothing joins there."""
    streets = streets_on_grid([STRAIGHT, [(0.0, 0.0), (0.0, 60.0)], [(0.0, 0.0), (0.0, -60.0)]])
    shape = shapely.union_all([box(-3, -60, 3, 60), box(0, -2.5, 90, 2.5), box(90, -6, 100, 6)])
    found = measure_widths(streets, areas(shape))
    assert found.median_m[0] == pytest.approx(5.0, abs=1e-3)
    assert found.samples[0] == 23  # (100 - 8) / 4


def test_junctions_are_left_out() -> None:
    """Where two streets cross, their common polygon is as wide as the other street is long: no cross-section there."""
    streets = streets_on_grid([[(-80.0, 0.0), (0.0, 0.0), (80.0, 0.0)], [(0.0, -80.0), (0.0, 0.0), (0.0, 80.0)]])
    found = measure_widths(streets, areas(shapely.union_all([box(-80, -2.5, 80, 2.5), box(-4.5, -80, 4.5, 80)])))
    widths = np.where(np.isin(streets.stretches.way_id, 1), 5.0, 9.0)
    for column in (found.median_m, found.pinch_m, found.hi_m):
        assert column == pytest.approx(widths, abs=1e-3)


def test_a_street_too_short_for_its_junctions_is_measured_in_its_middle() -> None:
    """A link of 12 m between two junctions has one cross-section, not none."""
    streets = streets_on_grid([[(0.0, -50.0), (0.0, 0.0), (0.0, 50.0)], [(0.0, 0.0), (12.0, 0.0)],
                               [(12.0, -50.0), (12.0, 0.0), (12.0, 50.0)]])  # fmt: skip
    found = measure_widths(streets, areas(box(1, -1.5, 11, 1.5)))
    link = np.flatnonzero(streets.stretches.way_id == 2)[0]
    assert (found.samples[link], found.median_m[link]) == (1, pytest.approx(3.0, abs=1e-3))


def test_islands_and_streets_outside() -> None:
    """An island of 20 m splits the road: only the axis's side of it counts. Outside polygons nothing is known."""
    ring = polygon((0, -8), (100, -8), (100, 4), (0, 4), holes=[[(40, -6), (60, -6), (60, -2), (40, -2)]])
    found = measure_widths(streets_on_grid([STRAIGHT, [(0.0, 50.0), (80.0, 50.0)]]), areas(ring))
    assert found.median_m[0] == pytest.approx(12.0, abs=1e-3)
    assert found.pinch_m[0] == pytest.approx(6.0, abs=1e-3)
    assert (found.samples[1], np.isnan(found.median_m[1])) == (0, True)


def test_of_overlapping_polygons_the_one_around_the_axis_holds() -> None:
    """A street of 5 m beside a square that overlaps it: the street's own polygon is measured."""
    found = measure_widths(streets_on_grid([STRAIGHT]), areas(box(0, -1, 100, 40), box(0, -2.5, 100, 2.5)))
    assert found.median_m[0] == pytest.approx(5.0, abs=1e-3)


@pytest.mark.parametrize("crs", [4326, 6674])
def test_areas_in_another_crs_are_reprojected(crs: int) -> None:
    """Degrees, and Japan's plane zone VI: the same 6 m."""
    found = measure_widths(streets_on_grid([STRAIGHT]), areas(box(-5, -3, 105, 3)).to_crs(crs))
    assert found.median_m[0] == pytest.approx(6.0, rel=1e-3)


def test_a_file_of_areas(tmp_path: Path) -> None:
    """GeoJSON with multipolygons and a third coordinate is read like a frame."""
    path = tmp_path / "areas.geojson"
    many = shapely.force_3d(shapely.MultiPolygon([box(-5, -3, 105, 3), box(0, 200, 5, 205)]))
    areas(many).to_crs(4326).to_file(path)
    found = measure_widths(streets_on_grid([STRAIGHT]), path)
    assert found.median_m[0] == pytest.approx(6.0, rel=1e-3)


BOWTIE = shapely.Polygon(
    [CORNER, (CORNER[0] + 9, CORNER[1] + 9), (CORNER[0] + 9, CORNER[1]), (CORNER[0], CORNER[1] + 9)]
)


@pytest.mark.parametrize(
    ("survey", "codes"),
    [
        (areas(), {"survey.empty"}),
        (areas(shapely.Point(*CORNER)), {"survey.empty"}),
        (areas(box(0, 0, 9, 9), crs=None), {"survey.crs"}),
        (areas(BOWTIE, box(0, 0, 9, 9)), {"survey.invalid"}),
        (areas(BOWTIE, crs=None), {"survey.crs", "survey.invalid"}),
        (areas(box(0, 0, 9, 9), crs=OF_A_PLAN), {"survey.crs"}),
        (gpd.GeoDataFrame({"name": ["a"]}), {"survey.crs", "survey.empty"}),
    ],
)
def test_what_is_no_survey(survey: Any, codes: set[str]) -> None:
    """All faults at once, each with a remedy."""
    with pytest.raises(InputError) as caught:
        streets_on_grid([STRAIGHT]).with_surveyed_areas(survey)
    assert {fault.code for fault in caught.value.faults} == codes
    assert all(fault.remedy for fault in caught.value.faults)


def test_a_file_that_is_no_survey(tmp_path: Path) -> None:
    """An absent file and one of another kind are told by name, not by a traceback of the reader."""
    (tmp_path / "notes.txt").write_text("no areas here")
    for name in ("absent.gpkg", "notes.txt"):
        with pytest.raises(InputError, match=name):
            streets_on_grid([STRAIGHT]).with_surveyed_areas(tmp_path / name)
    with pytest.raises(InputError, match="covers"):
        streets_on_grid([STRAIGHT]).with_surveyed_areas(areas(box(0, 0, 9, 9)), covers="kerbs")  # type: ignore[arg-type]


def test_a_survey_goes_before_tags() -> None:
    """The surveyed carriageway replaces a tag; its interval is narrow; the rest of the road stays beside it."""
    streets = streets_on_grid([STRAIGHT], tags=[{"highway": "residential", "width": "9", "sidewalk": "both"}])
    table = streets.with_surveyed_areas(areas(box(-5, -2.5, 105, 2.5))).stretches
    assert table.width_source[0] == WidthSource.SURVEY
    assert (table.width_m[0], table.width_min_m[0]) == pytest.approx((5.0, 5.0), abs=1e-3)
    assert (table.width_lo_m[0], table.width_hi_m[0]) == pytest.approx((4.9, 5.1), abs=1e-3)
    assert table.road_width_m[0] == pytest.approx(9.0, abs=1e-3)  # two pavements of 2 m beside 5 m


def test_a_survey_stands_behind_a_sign() -> None:
    """A sign says who fits through; how vehicles meet in the street, the survey says."""
    tags = [{"highway": "residential", "maxwidth": "2"}]
    table = streets_on_grid([STRAIGHT], tags=tags).with_surveyed_areas(areas(box(-5, -3.5, 105, 3.5))).stretches
    assert (table.width_source[0], table.street_source[0]) == (WidthSource.SIGN, WidthSource.SURVEY)
    assert table.width_min_m[0] == pytest.approx(2.5)
    assert table.street_min_m[0] == pytest.approx(7.0, abs=1e-3)


@pytest.mark.parametrize(("area_m", "carriageway_m"), [(5.0, 5.0), (8.0, 6.0), (14.0, 10.0)])
def test_pavements_are_taken_off_a_road_area(area_m: float, carriageway_m: float) -> None:
    """Up to 6 m there are none; then they grow to 2 m on either side, and the rest is carriageway again."""
    survey = areas(box(-5, -area_m / 2, 105, area_m / 2))
    table = streets_on_grid([STRAIGHT]).with_surveyed_areas(survey, covers="road_area").stretches
    assert table.width_m[0] == pytest.approx(carriageway_m, abs=1e-3)
    assert table.road_width_m[0] == pytest.approx(area_m, abs=1e-3)


def test_parked_cars_stand_on_a_surveyed_carriageway() -> None:
    """8 m with cars on one side leave 6 m."""
    streets = streets_on_grid([STRAIGHT], tags=[{"highway": "residential", "parking:left": "lane"}])
    table = streets.with_surveyed_areas(areas(box(-5, -4, 105, 4))).stretches
    assert table.width_m[0] == pytest.approx(6.0, abs=1e-3)


def test_a_real_city_with_polygons_of_known_widths(helsinki_path: Path) -> None:
    """Every street of the bundled city gets a polygon of 2 to 12 m: the median is that width within 2 %."""
    streets = Streets.from_file(helsinki_path)
    table = streets.stretches
    widths_m = np.random.default_rng(0).uniform(2.0, 12.0, len(table))
    measured = streets.with_surveyed_areas(areas_around(streets, widths_m))
    error = np.abs(measure_widths(streets, areas_around(streets, widths_m)).median_m / widths_m - 1.0)
    long = table.drivable & (table.length_m > 30.0)
    assert np.isnan(error[long]).sum() == 0
    assert np.quantile(error[long], 0.99) < 0.02
    after = measured.stretches
    assert (after.width_source[table.drivable] <= WidthSource.SURVEY).all()
    assert (after.width_min_m <= after.width_m).all()
    assert (after.width_m <= after.road_width_m).all()
    assert (after.width_lo_m <= after.width_min_m).all()
    assert (after.width_min_m <= after.width_hi_m).all()
    assert "surveyed areas give the width of" in measured.warnings[-1]
