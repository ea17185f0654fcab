"""The model of Japan's pack: its trees, what it may change, and how it does on surveyed streets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fleetplan.city.classes import Highway, WidthSource
from fleetplan.city.evidence import FEATURES
from fleetplan.city.packs import width_pack
from fleetplan.city.streets import Streets
from fleetplan.city.width_model import model_of, trees_sum
from fleetplan.city.widths import carriageway_m
from fleetplan.errors import FleetplanError, InputError
from fleetplan.resources import data_path
from tests.benchmarks.widths import VEHICLES, guess_of, median_guess, report, scored, seen_ways, vehicle_scores
from tests.city.areas import streets_on_grid
from tests.fitting.surveyed import Surveyed, read_surveyed

MODEL = width_pack("JP").model


@pytest.fixture(scope="module")
def surveyed(shared_data: Path) -> Surveyed:
    """The shared half of Osaka."""
    osm = shared_data / "osm"
    return read_surveyed(osm / "osaka-abeno.osm.pbf", osm / "osaka-abeno-measured-widths.json")


def test_trees_by_hand() -> None:
    """Left at most the threshold, right above, level by level: leaves 0 to 7 from left to right."""
    rows = np.array([[0, 0], [0, 9], [5, 0], [9, 9]], dtype=np.float32)
    feature = np.array([[0, 1, 1, 0, 0, 0, 0]])
    threshold = np.array([[4, 5, 5, -1, -1, 5, 5]], dtype=np.float32)
    leaves = np.arange(8, dtype=np.float64)[None]
    assert trees_sum(rows, feature, threshold, leaves).tolist() == [1, 3, 4, 7]
    twice = trees_sum(rows, np.repeat(feature, 2, 0), np.repeat(threshold, 2, 0), np.repeat(leaves, 2, 0))
    assert twice.tolist() == [2, 6, 8, 14]


def test_a_model_of_other_features_is_refused() -> None:
    """A file that was fitted for other columns would give nonsense without a word."""
    document = json.loads(data_path("widths", "JP-streets.json").read_text(encoding="utf-8"))
    document["features"] = document["features"][::-1]
    with pytest.raises(FleetplanError, match="fitted"):
        model_of(document)


def test_predictions_are_ordered() -> None:
    """Whatever the features: interval around width, pinch within its own and not above the width."""
    assert MODEL
    rows = np.random.default_rng(1).uniform(0, 60, (500, len(FEATURES))).astype(np.float32)
    area = MODEL.predict(rows)
    assert (area.lo_m <= area.width_m).all() and (area.width_m <= area.hi_m).all()
    assert (area.pinch_lo_m <= area.pinch_m).all() and (area.pinch_m <= area.pinch_hi_m).all()
    assert (area.pinch_m <= area.width_m).all()
    assert (area.pinch_lo_m > 0.5).all() and (area.hi_m < 200).all()


def test_what_somebody_measured_stays() -> None:
    """In Japan too a sign and a tagged number hold; lanes, a class of widths and nothing are refined."""
    lines = [[(0.0, 40.0 * row), (80.0, 40.0 * row)] for row in range(6)]
    street = {"highway": "residential"}
    tags = [street | more for more in ({}, {"width": "4"}, {"maxwidth": "2"}, {"lanes": "2"})]
    tags += [street | {"yh:WIDTH": "3.0m～5.5m"}, {"highway": "primary"}]
    plain, japan = (streets_on_grid(lines, tags=tags, country=country).stretches for country in ("", "JP"))
    assert japan.width_source.tolist() == plain.width_source.tolist()
    changed = (japan.width_min_m != plain.width_min_m).tolist()
    assert changed[:5] == [True, False, False, True, True]
    assert MODEL
    said = (2 * japan.width_m - plain.width_m)[4]  # the class's middle and the model's word weigh alike
    assert 3.0 < said <= 5.5
    assert (japan.width_lo_m[4], japan.width_hi_m[4]) == (plain.width_lo_m[4], plain.width_hi_m[4])


def test_a_graph_made_from_streets_keeps_refined_widths() -> None:
    """What was refined once is handed on, not refined again from the graph's own shape."""
    lines = [[(0.0, 0.0), (80.0, 0.0)], [(80.0, 0.0), (80.0, 50.0)], [(80.0, 0.0), (150.0, 0.0)]]
    streets = streets_on_grid(lines, country="JP")
    again = Streets.from_graph(streets.to_graph(), country="JP")
    before, after = (sorted(s.stretches.width_min_m.round(6).tolist()) for s in (streets, again))
    assert after == before


def test_widths_of_a_real_city_are_consistent(surveyed: Surveyed) -> None:
    """The table holds what the model says, less pavements; pinch, width and road area keep their order."""
    assert MODEL
    table = surveyed.streets.stretches
    assert (table.width_min_m <= table.width_m).all() and (table.width_m <= table.road_width_m).all()
    assert (table.width_lo_m <= table.width_min_m).all() and (table.width_min_m <= table.width_hi_m).all()
    rows = surveyed.rows
    default = table.width_source[rows] == WidthSource.DEFAULT
    area = MODEL.predict(surveyed.features)
    assert table.road_width_m[rows][default] == pytest.approx(area.width_m[default])
    pinch = carriageway_m(area.pinch_m, width_pack("JP"))
    assert table.width_min_m[rows][default] == pytest.approx(pinch[default])
    assert set(np.unique(table.highway[rows])) <= {Highway[name.upper()] for name in
        ("tertiary", "unclassified", "residential", "living_street", "service")}  # fmt: skip


def test_the_model_beats_both_baselines(surveyed: Surveyed) -> None:
    """On the ways it was fitted on, so a ceiling: the benchmark tells the honest figures, this that it is in force."""
    assert MODEL
    guess, median = guess_of(surveyed, MODEL), median_guess(surveyed, MODEL.class_median)
    ours, theirs = scored(surveyed, guess), scored(surveyed, median)
    assert ours["mae_m"] < 0.8 * theirs["mae_m"]
    free = vehicle_scores(surveyed, None, surveyed.km)
    for name in VEHICLES:
        assert ours["vehicles"][name]["balanced"] > theirs["vehicles"][name]["balanced"] + 0.1
        assert ours["vehicles"][name]["balanced"] > free[name]["balanced"] + 0.15
        km = sum(sum(row.values()) for row in ours["vehicles"][name]["confusion"].values())
        assert km == pytest.approx(surveyed.km.sum(), abs=0.01)
    assert ours["coverage80"] > 0.75


def test_the_benchmark_scores_the_shipped_model_on_ways_it_has_not_seen(shared_data: Path, tmp_path: Path) -> None:
    """Ways kept apart get the shipped model; seen ways among them are left out. Truths here are made up: 5 m."""
    osm = shared_data / "osm" / "osaka-abeno.osm.pbf"
    streets = Streets.from_file(osm)
    table = streets.stretches
    small = table.drivable & (table.highway == Highway.RESIDENTIAL)
    others = np.setdiff1d(table.way_id[small], seen_ways())[:60]
    seen = np.intersect1d(table.way_id[small], seen_ways())[:20]
    measured = tmp_path / "other-half.json"
    measured.write_text(json.dumps({str(way): [5.0, 4.8, 9] for way in [*others.tolist(), *seen.tolist()]}))
    document = report(osm, measured, predictions=tmp_path / "said.csv", draws=3)
    assert (document["mode"], document["ways"], document["seen_ways_left_out"]) == ("shipped", 60, 20)
    assert set(document["vehicles"]) == {"kei-van", "toyota-hiace", "full-size-van"}
    assert set(document["vehicles"]["kei-van"]) == {"agree", "balanced", "confusion"}
    assert {"mae_m", "bias_m", "coverage80"} <= set(document)
    assert set(document["baselines"]) == {"always_free", "class_median"}
    said = (tmp_path / "said.csv").read_text().splitlines()
    assert said[0].startswith("way_id,road_width_m,lo,hi")
    assert len(said) == 61


def test_a_handful_of_seen_ways_is_too_few_to_score(shared_data: Path, tmp_path: Path) -> None:
    """The shipped model's figures on ways it knows are no claim, and three ways are none to fit another on."""
    measured = tmp_path / "few.json"
    measured.write_text(json.dumps({str(way): [5.0, 4.8, 9] for way in seen_ways()[:3].tolist()}))
    with pytest.raises(FleetplanError, match="too few to fit anew"):
        report(shared_data / "osm" / "osaka-abeno.osm.pbf", measured, draws=3)


@pytest.mark.parametrize(
    "text",
    [
        '{"5": [NaN, 2, 3]}',
        '{"5": [3, 0, 3]}',
        '{"5": [1e999, 2, 3]}',
        "",
        "[1, 2]",
        '{"a": [1, 2, 3]}',
        '{"5": [1]}',
        "null",
    ],
)
def test_what_is_no_table_of_surveyed_widths(text: str, tmp_path: Path, shared_data: Path) -> None:
    """The benchmark's input is somebody else's file: a clear fault, no traceback."""
    path = tmp_path / "measured.json"
    path.write_text(text)
    with pytest.raises(InputError, match="measured"):
        read_surveyed(shared_data / "osm" / "osaka-abeno.osm.pbf", path)


def test_no_other_pack_has_the_model() -> None:
    """On tagged streets of Boston and Porto it errs by metres: it stays in Japan."""
    assert [name for name in ("US", "GB", "FI", "PT", "", "BR") if width_pack(name).model] == []
