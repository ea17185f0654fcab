"""Files of a comparison: canonical, whole or not at all, and readable by the tools they are for."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetplan.demand.stops import Stops
from fleetplan.errors import InputError
from fleetplan.planning.plan import Pause
from fleetplan.planning.reading import read_plan_document
from fleetplan.show import files
from fleetplan.show.files import canonical_json, manifest_csv, save_comparison, spreadsheet_text, write_table
from fleetplan.show.frames import routes_frame, stops_frame, walks_frame
from fleetplan.study.result import StudyResult
from fleetplan.writing import write_atomically
from tests.show import worlds

plain_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-1e9, 1e9) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def folder_bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@given(plain_json)
def test_canonical_json_is_a_fixed_point(value: object) -> None:
    """Writing what was read back gives the same bytes: rounding and order are settled in one pass."""
    text = canonical_json(value)
    assert canonical_json(json.loads(text)) == text
    assert text.endswith("\n")


def test_canonical_json_by_hand() -> None:
    """Sorted keys, indent 2, six digits, no negative zero, integers left alone, text not escaped."""
    value = {"b": -0.0, "a": 1.23456789, "ü": [1, None, np.float32(0.5), np.int64(7)], "c": -1e-9}
    assert canonical_json(value) == (
        '{\n  "a": 1.234568,\n  "b": 0.0,\n  "c": 0.0,\n  "ü": [\n    1,\n    null,\n    0.5,\n    7\n  ]\n}\n'
    )


@pytest.mark.parametrize("bad", [math.nan, math.inf, [np.nan], {1: "x"}])
def test_canonical_json_refuses_what_is_no_json(bad: object) -> None:
    """NaN, infinities and keys that are not text never reach a file."""
    with pytest.raises(ValueError, match=r"no place in JSON|is not text"):
        canonical_json(bad)
    with pytest.raises(TypeError, match="set"):
        canonical_json({"a": {1, 2}})


def test_write_atomically_keeps_the_old_file_on_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the move fails the old content stays and no temporary file is left."""
    path = tmp_path / "a.txt"
    write_atomically(path, "old")

    def fail(self: Path, target: Path) -> Path:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        with pytest.raises(InputError, match="disk full"):
            write_atomically(path, "new")
    assert folder_bytes(tmp_path) == {"a.txt": b"old"}
    write_atomically(path, "half \ud800 pair")
    assert path.read_bytes() == rb"half \ud800 pair"


def test_all_files_are_written(tmp_path: Path, town_study: StudyResult) -> None:
    """The folder holds exactly the files that were announced, and nothing hidden."""
    paths = save_comparison(town_study, tmp_path / "out", run={"seconds": 1.5})
    names = sorted(str(path.relative_to(tmp_path / "out")) for path in paths)
    assert names == sorted(folder_bytes(tmp_path / "out"))
    assert names == [
        "comparison.json", "manifest-kei.csv", "manifest-mixed.csv", "manifest-van.csv", "map.html",
        "plans/kei.json", "plans/mixed.json", "plans/van.json", "routes.gpkg", "run.json",
    ]  # fmt: skip
    problem, plan = read_plan_document(json.loads((tmp_path / "out/plans/van.json").read_text(encoding="utf-8")))
    assert plan.routes == town_study.fleets["van"].plan.routes
    assert len(problem.tasks) == len(town_study.stops)
    assert json.loads((tmp_path / "out/run.json").read_text()) == {"seconds": 1.5}


def test_equal_results_equal_bytes(tmp_path: Path, town_study: StudyResult) -> None:
    """Everything but the GeoPackage (which holds the time of writing) is the same bytes twice."""
    for name in ("a", "b"):
        save_comparison(town_study, tmp_path / name, run={})
    first, second = folder_bytes(tmp_path / "a"), folder_bytes(tmp_path / "b")
    first.pop("routes.gpkg"), second.pop("routes.gpkg")
    assert first == second


@pytest.mark.parametrize("broken", ["map_html", "stops_frame", "manifest_csv"])
def test_a_failure_leaves_the_earlier_result_whole(
    tmp_path: Path, town_study: StudyResult, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """Whatever fails while files are made, the folder stays byte for byte as it was."""
    save_comparison(town_study, tmp_path, run={"n": 1})
    before = folder_bytes(tmp_path)

    def fail(*_: object, **__: object) -> str:
        raise RuntimeError("injected")

    monkeypatch.setattr(files, broken, fail)
    with pytest.raises(RuntimeError, match="injected"):
        save_comparison(town_study, tmp_path, run={"n": 2})
    assert folder_bytes(tmp_path) == before


@pytest.mark.parametrize("survive", range(0, 24, 3))
def test_a_failure_while_moving_is_taken_back(
    tmp_path: Path, town_study: StudyResult, monkeypatch: pytest.MonkeyPatch, survive: int
) -> None:
    """A disk that fails at any point of the moving leaves the earlier result whole."""
    other = worlds.renamed(town_study, {"kei": "old"})
    save_comparison(other, tmp_path, run={"n": 1})
    before = folder_bytes(tmp_path)
    real, moves = Path.replace, []

    def flaky(self: Path, target: Path) -> Path:
        if not self.name.startswith(".") and ".saving-" in f"{self}{target}":
            moves.append(self)
            if len(moves) == survive + 1:
                raise OSError("disk full")
        return real(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", flaky)
        if survive < 20:
            with pytest.raises(InputError, match="disk full"):
                save_comparison(town_study, tmp_path, run={"n": 2})
            assert folder_bytes(tmp_path) == before
        else:
            save_comparison(town_study, tmp_path, run={"n": 2})


def test_files_of_fleets_that_are_gone_are_removed(tmp_path: Path, town_study: StudyResult) -> None:
    """A folder never mixes two comparisons; the user's own files in it stay."""
    save_comparison(worlds.renamed(town_study, {"kei": "old"}), tmp_path, run={})
    (tmp_path / "plans" / "mine.json").write_text("{}")
    save_comparison(town_study, tmp_path, run={})
    names = set(folder_bytes(tmp_path))
    assert "plans/old.json" not in names
    assert "manifest-old.csv" not in names
    assert {"plans/kei.json", "plans/mine.json"} <= names


def test_a_broken_earlier_document_does_no_harm(tmp_path: Path, town_study: StudyResult) -> None:
    """Whatever lies under the name comparison.json is replaced."""
    (tmp_path / "comparison.json").write_text("[not json")
    save_comparison(town_study, tmp_path, run={})
    assert json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))["schema"]


def test_hostile_fleet_names_stay_in_the_folder(tmp_path: Path, town_study: StudyResult) -> None:
    """A fleet may be called ../x, CON or anything else: each has its own file, inside the folder."""
    names = {"kei": "../x", "mixed": "a/b", "van": "CON"}
    paths = save_comparison(worlds.renamed(town_study, names), tmp_path / "out", run={})
    assert len([path for path in paths if path.parent.name == "plans"]) == 3
    assert [item.name for item in tmp_path.iterdir()] == ["out"]
    assert all(path.resolve().is_relative_to((tmp_path / "out").resolve()) for path in paths)


def test_layers_of_the_geopackage(tmp_path: Path, town_study: StudyResult) -> None:
    """Routes, walks, stops and depot can be read with their CRS, lines where something is driven."""
    save_comparison(town_study, tmp_path, run={})
    layers = {
        name: gpd.read_file(tmp_path / "routes.gpkg", layer=name) for name in ("routes", "walks", "stops", "depot")
    }
    assert all(frame.crs == "EPSG:4326" for frame in layers.values())
    assert set(layers["routes"].columns) == {
        "fleet", "route", "type", "trip", "sequence", "stop", "time_s", "distance_m", "geometry"
    }  # fmt: skip
    assert len(layers["stops"]) == 3 * len(town_study.stops)
    assert set(layers["routes"].geometry.dropna().geom_type) == {"LineString"}


def test_routes_frame_has_every_leg(town_study: StudyResult) -> None:
    """One row per leg; the sum of metres is the figure of the comparison; legs of length zero have no line."""
    frame = routes_frame(town_study)
    for name, fleet in town_study.fleets.items():
        rows = frame[frame.fleet == name]
        assert len(rows) == sum(len(route.legs) for route in fleet.routes)
        assert rows.distance_m.sum() == fleet.figures["drive_m"]
    assert (frame.geometry.isna() == (frame.distance_m == 0)).all()


def test_stops_frame_accounts_for_every_stop(town_study: StudyResult) -> None:
    """Every fleet has a row for every stop; unserved ones carry their reason and no time."""
    frame = stops_frame(town_study)
    for name, fleet in town_study.fleets.items():
        rows = frame[frame.fleet == name]
        assert list(rows.stop) == [stop.id for stop in town_study.stops]
        assert (rows.served == "unserved").sum() == len(fleet.plan.unserved)
        assert (rows.served == "on_foot").sum() == fleet.figures["stops"]["on_foot"]
    left = frame[frame.served == "unserved"].iloc[0]
    assert (left.fleet, left.stop, left.reason_code) == ("van", "s004", "beyond_walk")
    assert left[["arrive_s", "trip", "walk_m"]].isna().all()


def test_walks_frame_is_who_walks(town_study: StudyResult) -> None:
    """Only visits with metres on foot are walks, and their lines end at the stop."""
    frame = walks_frame(town_study)
    total = sum(fleet.figures["walk_m"] for fleet in town_study.fleets.values())
    assert frame.walk_m.sum() == pytest.approx(total)
    stops = {stop.id: stop for stop in town_study.stops}
    for row in frame.itertuples():
        assert row.geometry.coords[-1] == (stops[row.stop].lon, stops[row.stop].lat)


def test_manifest_is_the_plan_in_order(town_study: StudyResult) -> None:
    """The drivers' list names every visit once, in driving order, with clock times."""
    fleet = town_study.fleets["kei"]
    rows = list(csv.DictReader(io.StringIO(manifest_csv(town_study, fleet))))
    visits = [visit.stop for route in fleet.plan.routes for trip in route.trips for visit in trip.visits]
    assert [row["stop"] for row in rows] == visits
    first = fleet.plan.routes[0].trips[0].visits[0]
    assert rows[0]["arrive"] == f"{first.arrive_s // 3600:02d}:{round(first.arrive_s % 3600 / 60):02d}"
    assert [int(row["sequence"]) for row in rows if row["route"] == "kei-van-1"] == list(
        range(1, sum(row["route"] == "kei-van-1" for row in rows) + 1)
    )


def test_manifest_shows_rests_collections_and_lateness(town_study: StudyResult) -> None:
    """Rests are rows between the stops, with their clock times; further columns come only where something is told."""
    fleet = town_study.fleets["kei"]
    route = fleet.plan.routes[0]
    trip = route.trips[0]
    first = trip.visits[0]
    late = replace(first, late_s=600)
    rests = (Pause(0, 0, 9 * 3600, 9 * 3600 + 900, True), Pause(0, 1, 11 * 3600, 12 * 3600, False))
    changed = replace(route, trips=(replace(trip, visits=(late, *trip.visits[1:])), *route.trips[1:]), rests=rests)
    stops = [
        replace(stop, collect_parcels=2, collect_kg=1.5) if stop.id == first.stop else stop for stop in town_study.stops
    ]
    result = replace(town_study, stops=Stops(tuple(stops)))
    day = replace(fleet, plan=replace(fleet.plan, routes=(changed,)))
    rows = list(csv.DictReader(io.StringIO(manifest_csv(result, day))))
    assert [(row["stop"], row["name"]) for row in rows[:1] + rows[2:3]] == [("", "rest")] * 2
    assert (rows[2]["start"], rows[2]["depart"], rows[2]["sequence"]) == ("11:00", "12:00", "")
    assert (rows[1]["collect_parcels"], rows[1]["collect_kg"], rows[1]["late_min"]) == ("2", "1.50", "10")
    assert rows[3]["collect_parcels"] == rows[3]["late_min"] == ""
    assert rows[3]["sequence"] == "2"
    plain = csv.DictReader(io.StringIO(manifest_csv(town_study, fleet))).fieldnames
    assert plain is not None and not {"collect_parcels", "late_min"} & set(plain)


@given(st.text(max_size=20))
def test_no_cell_starts_a_formula(text: str) -> None:
    """Whatever the text, a spreadsheet reads it as text, and no control character gets through."""
    safe = spreadsheet_text(text)
    assert not safe.lstrip(" ").startswith(("=", "+", "-", "@"))
    assert safe.isprintable()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", " =1", "\t=1", "\uff1d1"])
def test_formulas_are_disarmed(text: str) -> None:
    """The usual ways to start a formula are led by an apostrophe; ordinary names are left alone."""
    assert spreadsheet_text(text).startswith("'")
    assert spreadsheet_text("Bakery 5-7") == "Bakery 5-7"


def test_write_table_both_ways(tmp_path: Path, town_study: StudyResult) -> None:
    """CSV without geometry and with disarmed text, GeoPackage with it, any other ending refused."""
    frame = stops_frame(town_study)
    write_table(frame, tmp_path / "s.csv", layer="stops")
    rows = list(csv.DictReader((tmp_path / "s.csv").open(encoding="utf-8", newline="")))
    assert len(rows) == len(frame)
    assert "geometry" not in rows[0]
    assert any(row["name"].startswith("'=HYPERLINK") for row in rows)
    write_table(frame, tmp_path / "s.gpkg", layer="stops")
    assert len(gpd.read_file(tmp_path / "s.gpkg", layer="stops")) == len(frame)
    with pytest.raises(ValueError, match="neither"):
        write_table(frame, tmp_path / "s.xlsx", layer="stops")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.csv", "s.gpkg"]
