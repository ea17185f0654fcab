"""The benchmarks' arithmetic and shapes; the benchmarks themselves never run in the default test run."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fleetplan.city.streets import Streets
from tests.benchmarks import aims, ours, routing, truth
from tests.benchmarks.agreement import common_pairs, difference, relative, verdict, worst_pairs
from tests.benchmarks.peer_worker import PeerError, _polyline6, profile_for
from tests.benchmarks.peers import PeerAnswer, PeerPython, ask, not_measured, peer_python
from tests.benchmarks.points import draw_points, main_part

NAN = float("nan")


@pytest.fixture(scope="module")
def helsinki(helsinki_path: Path) -> Streets:
    """The bundled city."""
    return Streets.from_file(helsinki_path)


def _document(**changed: Any) -> dict[str, Any]:
    document: dict[str, Any] = {
        "ours": {
            "cold_s": 10.0,
            "reweight_s": 1.0,
            "table_s": 0.5,
            "peak_mb": 900.0,
            "second_ready_s": 2.0,
            "streets_s": 2.0,
            "growth_exponent": {"time": 1.5, "memory": 0.9},
        },
        "osrm_ch": {"cold_s": 90.0, "reweight_s": 30.0, "table_s": 0.25},
        "osrm_mld": {"cold_s": 29.0, "reweight_s": 9.0, "table_s": 0.4},
        "valhalla": {"table_s": 60.0, "extrapolated": True},
        "osmnx": {"total_s": 9.0},
    }
    return document | changed


def test_ratios_take_the_better_pipeline_and_judge_by_the_aim() -> None:
    """The peers' better pipeline counts against us, never the worse, and a bound just missed is missed."""
    found = aims.ratios(_document(), osaka=False)
    assert {key: (entry["value"], entry["verdict"]) for key, entry in found.items()} == {
        "cold_vs_osrm": (2.9, "missed"),
        "reweight_vs_osrm": (9.0, "met"),
        "table_vs_osrm_mld": (0.8, "missed"),
        "table_vs_osrm_ch": (0.5, "met"),
        "table_vs_valhalla": (120.0, "met"),
        "streets_vs_osmnx": (4.5, "met"),
        "second_run_share": (0.2, "met"),
        "peak_mb": (900.0, "met"),
        "growth_time": (1.5, "met"),
        "growth_memory": (0.9, "met"),
    }
    assert found["table_vs_valhalla"]["note"] == "extrapolated"


def test_osaka_asks_more_of_the_table_alone() -> None:
    """In Osaka the table must be ahead of the contraction hierarchy, elsewhere within twice its time."""
    assert aims.ratios(_document(), osaka=True)["table_vs_osrm_ch"]["verdict"] == "missed"


def test_a_peer_that_is_absent_is_not_measured_with_its_reason() -> None:
    """Nothing is skipped silently: the reason stands beside the ratio; one OSRM pipeline is enough for "better"."""
    absent = {"not_measured": "no wheel"}
    found = aims.ratios(_document(valhalla=absent, osrm_ch=absent), osaka=False)
    assert found["table_vs_valhalla"]["verdict"] == found["table_vs_osrm_ch"]["verdict"] == "not measured"
    assert found["table_vs_valhalla"]["reason"] == "no wheel"
    assert found["cold_vs_osrm"]["value"] == 2.9
    none = aims.ratios(_document(osrm_mld=absent, osrm_ch=absent), osaka=False)
    assert none["cold_vs_osrm"]["reason"] == "no wheel"


def test_exponent_of_exact_powers() -> None:
    """The fit gives back the power it is given, and none for a single size."""
    assert aims.exponent([250, 500, 1000], [3 * n**1.5 for n in (250, 500, 1000)]) == pytest.approx(1.5)
    assert aims.exponent([250], [1.0]) is None


@pytest.mark.parametrize(("half", "power"), [(0.5, 1.0), (0.25, 2.0), (2**-1.5, 1.5), (0.9, 1.0), (0.1, 2.0)])
def test_extrapolation_follows_what_was_measured_between_linear_and_quadratic(half: float, power: float) -> None:
    """Valhalla's seconds for all points lie between linear and quadratic growth, whatever the noise says."""
    seconds, used = aims.extrapolated({50: half, 100: 1.0}, 1000)
    assert used == pytest.approx(power)
    assert seconds == pytest.approx(10.0**power)
    assert aims.extrapolated({50: half, 100: 1.0}, 80) == (1.0, 0.0)


def test_valhalla_is_labelled_only_where_extrapolated() -> None:
    """A hundred points are measured; more are extrapolated, and three vehicles need three matrices."""
    measured = {"build_s": 5.0, "load_s": 1.0, "sizes_s": {"50": 1.0, "100": 4.0}, "peak_mb": 300.0}
    assert routing.valhalla_figures(measured, points=100, vehicles=3)["extrapolated"] is False
    more = routing.valhalla_figures(measured, points=1000, vehicles=3)
    assert more["extrapolated"] is True
    assert more["table_s"] == pytest.approx(400.0)
    assert more["cold_s"] == pytest.approx(1206.0)


def test_points_are_repeatable_and_fewer_are_the_first_of_more(helsinki: Streets) -> None:
    """Runs at different sizes and times measure the same positions."""
    many, few = draw_points(helsinki, 60), draw_points(helsinki, 20)
    assert many.lat[:20].tolist() == few.lat.tolist()
    assert many.first(20).lon.tolist() == few.lon.tolist()
    assert draw_points(helsinki, 20, seed=1).lat.tolist() != few.lat.tolist()


def test_points_lie_on_streets_of_the_main_part(helsinki: Streets) -> None:
    """Each position lies on its street's line, on one that can be reached and left."""
    drawn = draw_points(helsinki, 40)
    assert main_part(helsinki)[drawn.stretch].all()
    for lat, lon, stretch in zip(drawn.lat, drawn.lon, drawn.stretch, strict=True):
        line_lon, line_lat = helsinki.stretches.line(int(stretch))
        assert line_lat.min() - 1e-9 <= lat <= line_lat.max() + 1e-9
        assert line_lon.min() - 1e-9 <= lon <= line_lon.max() + 1e-9


def test_relative_difference_by_hand() -> None:
    """|a − b| over the larger one; two zeros agree; the unknown stays unknown."""
    found = relative(np.array([100.0, 80.0, 0.0, NAN]), np.array([80.0, 100.0, 0.0, 1.0]))
    assert found[:3].tolist() == [0.2, 0.2, 0.0]
    assert math.isnan(found[3])


def test_statistics_use_only_pairs_that_all_engines_know() -> None:
    """The diagonal and pairs that one engine lacks count for nobody; the bias keeps its sign."""
    a = np.array([[0.0, 100.0, 50.0], [100.0, 0.0, NAN], [100.0, 100.0, 0.0]])
    b = np.array([[9.0, 80.0, 50.0], [80.0, 0.0, 7.0], [80.0, 80.0, 0.0]])
    pairs = common_pairs(a, b)
    assert int(pairs.sum()) == 5
    found = difference(a, b, pairs)
    assert found["median"] == pytest.approx(0.2)
    assert found["bias"] == pytest.approx(0.2)
    assert difference(b, a, pairs)["bias"] == pytest.approx(-0.2)
    assert difference(a, b, np.zeros((3, 3), dtype=np.bool_))["median"] is None


def test_the_aim_is_the_nearer_peer_against_the_peers_among_themselves() -> None:
    """We need to be near one of the peers only, statistic by statistic."""
    near, far = {"median": 0.02, "p95": 0.3}, {"median": 0.5, "p95": 0.4}
    between = {"median": 0.02, "p95": 0.2}
    sides = {"ours_osrm": far, "ours_valhalla": near, "osrm_valhalla": between}
    found = verdict({name: {"distance": side, "duration": side} for name, side in sides.items()})
    assert found["distance"]["median"] == {"nearer": 0.02, "peers": 0.02, "aim": "met"}
    assert found["duration"]["p95"] == {"nearer": 0.3, "peers": 0.2, "aim": "missed"}
    lost = verdict({**{name: {} for name in sides}})
    assert lost["distance"]["median"]["aim"] == "not measured"


def test_worst_pairs_are_far_from_both_peers() -> None:
    """A pair on which one peer agrees with us is no worst pair, nor is one of a few metres."""
    base = np.full((4, 4), 1000.0)
    own, one, two = base.copy(), base.copy(), base.copy()
    own[0, 1] = 2000.0
    own[2, 3], one[2, 3] = 4000.0, 4000.0
    own[3, 0], one[3, 0], two[3, 0] = 90.0, 30.0, 30.0
    pairs = ~np.eye(4, dtype=np.bool_)
    sides = [{"distance_m": table, "time_s": base} for table in (one, two)]
    found = worst_pairs({"distance_m": own, "time_s": base}, {"osrm": sides[0], "valhalla": sides[1]}, pairs, count=1)
    assert found == [(0, 1, 0.5)]


def _answer(time_s: np.ndarray[Any, Any], snap_m: list[float]) -> PeerAnswer:
    return PeerAnswer({"snap_m": snap_m}, time_s, time_s * 10.0)


def test_truth_of_hand_made_tables(helsinki: Streets) -> None:
    """A position that a peer moves is dropped and counted; one that we cannot use is listed with its reason."""
    drawn = draw_points(helsinki, 4)
    table = np.where(np.eye(4, dtype=np.bool_), 0.0, 100.0)
    moved = np.array([False, False, False, True])
    mine = ours.Travel(table * 1.25, table * 10.0, drawn.lat, drawn.lon, np.zeros(4), ("",) * 4)
    answers = {"osrm": _answer(table, [0.0, 0.0, 30.0, 0.0]), "valhalla": _answer(table * 2.0, [0.0] * 4)}
    found = truth.compare(drawn, mine, moved, answers, reasons=("", "", "", "way 7: private"))
    assert found["pairs"] == 2
    assert found["points"]["moved_by_osrm"] == 1
    assert found["ours_osrm"]["duration"]["median"] == pytest.approx(0.2)
    assert found["ours_valhalla"]["duration"]["median"] == pytest.approx(0.375)
    assert found["osrm_valhalla"]["distance"]["median"] == pytest.approx(0.5)
    assert found["aims"]["duration"]["median"]["aim"] == "met"
    assert [(entry["reason"], entry["pairs"]) for entry in found["only_peers"]] == [("way 7: private", 4)]
    json.dumps(found, allow_nan=False)


def test_truth_without_peers_says_so(helsinki: Streets) -> None:
    """Both peers absent: every comparison carries the reason, and the text prints."""
    drawn = draw_points(helsinki, 3)
    table = np.ones((3, 3))
    mine = ours.Travel(table, table, drawn.lat, drawn.lon, np.zeros(3), ("",) * 3)
    answers = {name: not_measured("no wheel") for name in ("osrm", "valhalla")}
    found = truth.compare(drawn, mine, np.zeros(3, dtype=np.bool_), answers, reasons=("",) * 3)
    assert found["osrm_valhalla"] == {"not_measured": "no wheel"}
    text = "\n".join(truth.lines_of({**found, "city": "x", "engine": "y"}))
    assert text.count("not measured: no wheel") == 3


def test_a_run_without_peers_keeps_its_shape(helsinki_path: Path, tmp_path: Path) -> None:
    """The fixed keys are there with every peer absent, as ``not measured``, and the document is strict JSON."""
    python = peer_python(tmp_path / "nowhere")
    assert not python.has("osrm")
    document = routing.run(
        helsinki_path, points=12, vehicles=["kei-van"], python=python, skip=["osmnx", "growth"], repeats=1
    )
    assert set(document) >= {"ours", "osrm_ch", "osrm_mld", "valhalla", "ratios", "truth"}
    assert set(document["truth"]) >= {"ours_osrm", "ours_valhalla", "osrm_valhalla"}
    for side in ("ours", "osrm_ch", "osrm_mld", "valhalla"):
        assert set(document[side]) >= set(routing.KEYS)
    for peer in ("osrm_ch", "osrm_mld", "valhalla"):
        assert document[peer]["cold_s"] is None
        assert "nowhere" in document[peer]["not_measured"]
    assert document["ours"]["cold_s"] > document["ours"]["streets_s"] > 0
    assert document["ratios"]["cold_vs_osrm"]["verdict"] == "not measured"
    json.dumps(document, allow_nan=False)
    assert "not measured" in "\n".join(routing.lines_of(document))


def test_asking_a_peer_that_cannot_be_imported(tmp_path: Path) -> None:
    """The reason why a peer is absent is its answer."""
    python = PeerPython(tmp_path, {"osrm": "osrm cannot be imported"})
    assert ask(python, {"engine": "osrm", "osm": "a.osm.pbf"}).missing == "osrm cannot be imported"
    graph = ask(python, {"engine": "valhalla", "osm": "a.graphml.gz"})
    assert graph.missing == "the peers read OpenStreetMap files only"


def test_profiles_carry_the_vehicle_and_refuse_an_unknown_profile() -> None:
    """Each size is set exactly once in OSRM's profile; a profile without it is an error, not a wrong width."""
    lua = "x = {\n    vehicle_height = 2.0, -- m\n    vehicle_width = 1.9,\n    vehicle_weight = 2000,\n}"
    found = profile_for(lua, {"height_m": 2.5, "width_m": 2.06, "weight_kg": 3500})
    assert "vehicle_height = 2.5, -- m" in found
    assert "vehicle_width = 2.06," in found
    assert "vehicle_weight = 3500," in found
    assert profile_for(lua, {}) == lua
    with pytest.raises(PeerError, match="vehicle_length"):
        profile_for(lua, {"length_m": 5.0})


def test_encoded_lines_of_six_decimals() -> None:
    """A line of two points, encoded by hand: 0.000001°, 0.000002° and a step back by as much."""
    assert _polyline6("AC@B") == [[2e-06, 1e-06], [0.0, 0.0]]


def test_summary_of_truth_has_one_line_a_city() -> None:
    """The summary says met, missed or not measured for each city, and prints where nothing was measured."""
    side = {"distance": {"median": 0.01, "p95": 0.3}, "duration": {"median": 0.02, "p95": 0.1}}
    peers = {"distance": {"median": 0.02, "p95": 0.2}, "duration": {"median": 0.02, "p95": 0.2}}
    measured = {"aims": verdict({"ours_osrm": side, "ours_valhalla": side, "osrm_valhalla": peers})}
    absent = {"aims": verdict({name: {} for name in ("ours_osrm", "ours_valhalla", "osrm_valhalla")})}
    lines = truth.summary_of({"a.osm.pbf": measured, "b.osm.pbf": absent})
    assert len(lines) == 3
    assert "1.0 ≤ 2.0 % met" in lines[1]
    assert "30.0 ≤ 20.0 % missed" in lines[1]
    assert lines[2].count("not measured") == 4
