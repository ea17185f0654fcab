"""Reading and writing stops: round trips, forms that people use, and every fault with its row."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleetplan.demand.files import read_stops, stops_frame, write_stops
from fleetplan.demand.stops import Stop, Stops
from fleetplan.errors import Fault, InputError
from fleetplan.units import LAST_CLOCK_S

HOSTILE = "</script><script>alert('x')</script>\";=cmd|' /C calc'!A0\n\u202e{{7*7}}"


def write(tmp_path: Path, text: str | bytes, name: str = "stops.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def faults_of(source: Any) -> tuple[Fault, ...]:
    with pytest.raises(InputError) as caught:
        read_stops(source)
    assert all(fault.remedy and fault.message for fault in caught.value.faults)
    return caught.value.faults


texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)
ids = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=20)
minutes = st.integers(0, LAST_CLOCK_S // 60)


@st.composite
def stops_strategy(draw: st.DrawFn) -> Stops:
    names = draw(st.lists(ids.map(str.strip).filter(bool), min_size=1, max_size=6, unique=True))
    items = []
    for name in names:
        window = sorted((draw(minutes) * 60, draw(minutes) * 60)) if draw(st.booleans()) else None
        label = draw(texts)
        items.append(
            Stop(
                id=name,
                lat=draw(st.floats(-90, 90)),
                lon=draw(st.floats(-180, 180)),
                name=label if label.strip() else "",
                parcels=draw(st.integers(1, 100_000)),
                demand_kg=draw(st.floats(0, 1e6)),
                volume_m3=draw(st.floats(0, 1e5)),
                service_s=draw(st.integers(0, 86_400)),
                window_s=None if window is None else (window[0], window[1]),
            )
        )
    return Stops(tuple(items))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(stops=stops_strategy())
def test_written_stops_are_read_back_the_same(tmp_path: Path, stops: Stops) -> None:
    """Whatever the ids, names and numbers: file and frame give the same stops back, to the last bit."""
    path = tmp_path / "stops.csv"
    write_stops(stops, path)
    assert read_stops(path).items == stops.items
    assert list(tmp_path.iterdir()) == [path]


@settings(max_examples=30, deadline=None)
@given(stops=stops_strategy())
def test_frames_are_read_back_the_same(stops: Stops) -> None:
    """`stops.frame()` is a valid input again; positions come from its geometry."""
    assert read_stops(stops_frame(stops)).items == stops.items


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson"])
def test_layers_are_read_back_the_same(tmp_path: Path, suffix: str) -> None:
    """GIS users keep their stops as layers."""
    stops = read_stops(
        write(tmp_path, "id,lat,lon,name,window_start,window_end\n01,60.17,24.94,Ä,08:00,9:30\n2,60.2,25,,,\n")
    )
    path = tmp_path / f"stops{suffix}"
    stops.frame().to_file(path)
    again = read_stops(path)
    assert again.items == stops.items
    assert again.label == path.name


def test_a_minimal_file_fills_in_defaults_and_says_so(tmp_path: Path) -> None:
    """No demand is one parcel; missing kg or m³ follow from parcels; both are counted."""
    text = "id,lat,lon,parcels,demand_kg,service_min\na,60.1,24.9,,,\nb,60.2,24.8,3,,\nc,60.3,24.7,2,7.5,2.5\n"
    stops = read_stops(write(tmp_path, text))
    assert [(s.parcels, s.demand_kg, s.volume_m3, s.service_s) for s in stops] == [
        (1, 0.9, 0.0283, 90),
        (3, 2.7, 0.0849, 150),
        (2, 7.5, 0.0566, 150),
    ]
    assert stops.notes == (
        "1 stop without any demand: one parcel each",
        "2 stops without kg or m³: filled from the number of parcels",
    )
    assert stops.rows == (2, 3, 4) and stops.where(1) == "stops.csv row 3"
    assert all(stop.window_s is None for stop in stops)


def test_ids_are_text_and_keep_leading_zeros(tmp_path: Path) -> None:
    """`007` is not `7`, and both may be in one file."""
    stops = read_stops(write(tmp_path, "id,lat,lon\n007,60,24\n7,60,24\n 1e3 ,60,24\n"))
    assert [stop.id for stop in stops] == ["007", "7", "1e3"]


def test_windows_may_be_open_at_one_end_and_pass_midnight(tmp_path: Path) -> None:
    """One given time is enough; seconds that spreadsheets append are accepted."""
    text = "id,lat,lon,window_start,window_end\na,60,24,22:00,25:30\nb,60,24,,12:00\nc,60,24,9:00:00,\n"
    windows = [stop.window_s for stop in read_stops(write(tmp_path, text))]
    assert windows == [(79200, 91800), (0, 43200), (32400, LAST_CLOCK_S)]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffid,lat,lon,demand_kg\nx,60.5,24.25,1.5\n",
        "ID ; Lat;LON;demand_kg\r\nx;60,5;24,25;1,5\r\n",
        "id\tlat\tlon\tdemand_kg\nx\t60,5\t24.25\t1,5\n",
        '"id","lat","lon","demand_kg"\n"x","60.5","24.25","1.5"\n',
        "demand_kg,lon,lat,id\n\n1.5,24.25,60.5,x\n,,,\n",
    ],
)
def test_forms_that_spreadsheets_write(tmp_path: Path, text: str) -> None:
    """Byte order mark, semicolons with decimal commas, tabs, quotes, blank lines, any order of columns."""
    (stop,) = read_stops(write(tmp_path, text))
    assert (stop.id, stop.lat, stop.lon, stop.demand_kg) == ("x", 60.5, 24.25, 1.5)


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    """Names are carried, never interpreted, and survive writing and reading."""
    stops = Stops((Stop(HOSTILE.replace("\n", ""), 60.0, 24.0, HOSTILE, 1, 1.0, 0.1, 60, None),))
    path = tmp_path / "stops.csv"
    write_stops(stops, path)
    assert read_stops(path).items == stops.items


ROWS = [
    ("5,,24,1,1,1,1,,", "stops.blank", "lat"),
    ("5,nan,24,1,1,1,1,,", "stops.number", "lat"),
    ("5,inf,24,1,1,1,1,,", "stops.number", "lat"),
    ("5,north,24,1,1,1,1,,", "stops.number", "lat"),
    ("5,135.5,34.6,1,1,1,1,,", "stops.range", "lat"),
    ("5,60,-181,1,1,1,1,,", "stops.range", "lon"),
    (",60,24,1,1,1,1,,", "stops.id", "id"),
    ("good,60,24,1,1,1,1,,", "stops.duplicate", "id"),
    ("5,60,24,0,1,1,1,,", "stops.range", "parcels"),
    ("5,60,24,-2,1,1,1,,", "stops.negative", "parcels"),
    ("5,60,24,1.5,1,1,1,,", "stops.whole", "parcels"),
    ("5,60,24,1_0,1,1,1,,", "stops.number", "parcels"),
    ("5,60,24,1,-0.1,1,1,,", "stops.negative", "demand_kg"),
    ("5,60,24,1,nan,1,1,,", "stops.number", "demand_kg"),
    ("5,60,24,1,1,-1,1,,", "stops.negative", "volume_m3"),
    ("5,60,24,1,1,1,-1,,", "stops.negative", "service_min"),
    ('5,60,24,1,"1,5",1,1,,', "stops.number", "demand_kg"),
    ("5,60,24,1,1,1,1,8.30,", "stops.clock", "window_start"),
    ("5,60,24,1,1,1,1,,48:00", "stops.clock", "window_end"),
    ("5,60,24,1,1,1,1,12:00,08:00", "stops.window", "window_end"),
    ("5,60,24,1,1,1,1,,,surplus", "stops.cells", ""),
]
HEAD = "id,lat,lon,parcels,demand_kg,volume_m3,service_min,window_start,window_end\ngood,60,24,1,1,1,1,,\n"


@pytest.mark.parametrize(("row", "code", "field"), ROWS)
def test_each_fault_is_told_with_its_row(tmp_path: Path, row: str, code: str, field: str) -> None:
    """One doctored row, one fault: the file, the row as a spreadsheet counts, and the column."""
    (fault,) = faults_of(write(tmp_path, HEAD + row + "\n"))
    assert (fault.code, fault.where, fault.field) == (code, "stops.csv row 3", field)


def test_all_faults_come_at_once_in_the_order_of_rows(tmp_path: Path) -> None:
    """A file is mended in one go, not one run per slip."""
    distinct = [
        row.replace("5,", f"n{number},", 1) if row.startswith("5,") else row for number, (row, _, _) in enumerate(ROWS)
    ]
    faults = faults_of(write(tmp_path, HEAD + "\n".join(distinct) + "\n"))
    assert [fault.code for fault in faults] == [code for _, code, _ in ROWS]
    assert [fault.where for fault in faults] == [f"stops.csv row {number}" for number in range(3, 3 + len(ROWS))]


def test_a_row_may_have_several_faults(tmp_path: Path) -> None:
    """Every cell of a row is looked at."""
    faults = faults_of(write(tmp_path, "id,lat,lon,parcels\n,95,x,-1\n"))
    assert {fault.field for fault in faults} == {"id", "lat", "lon", "parcels"}


def test_rows_count_as_a_spreadsheet_counts(tmp_path: Path) -> None:
    """Blank lines count; a line break inside quotes does not make a new row."""
    text = 'id,lat,lon,name\na,60,24,"two\nlines"\n\nb,60,999,\n'
    (fault,) = faults_of(write(tmp_path, text))
    assert fault.where == "stops.csv row 4"


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (None, "stops.csv", "stops.absent"),
        (None, "stops.gpkg", "stops.absent"),
        (b"", "stops.csv", "stops.empty"),
        (b"id,lat,lon\n", "stops.csv", "stops.empty"),
        (b"\xff\xfei\x00d\x00", "stops.csv", "stops.encoding"),
        (b'id,lat,lon\n"a,60,24\n', "stops.csv", "stops.syntax"),
        (b"name,latitude\nx,1\n", "stops.csv", "stops.columns"),
        (b"id,lat,lat,lon\nx,1,1,1\n", "stops.csv", "stops.columns"),
        (b"PK", "stops.xlsx", "stops.format"),
        (b"not a layer", "stops.gpkg", "stops.unreadable"),
        (b"{", "stops.geojson", "stops.unreadable"),
    ],
)
def test_files_that_are_no_stops_are_faults(tmp_path: Path, content: bytes | None, name: str, code: str) -> None:
    """Absent, empty and broken files end in a clear fault."""
    path = write(tmp_path, content, name) if content is not None else tmp_path / name
    assert {fault.code for fault in faults_of(path)} == {code}


def test_missing_columns_are_all_named(tmp_path: Path) -> None:
    """The fault says which columns are missing and which were found."""
    faults = faults_of(write(tmp_path, "id,latitude,longitude\na,60,24\n"))
    assert [fault.field for fault in faults] == ["lat", "lon"]
    assert "latitude" in faults[0].message


def test_unknown_columns_are_noted(tmp_path: Path) -> None:
    """A misspelt optional column must not vanish silently."""
    stops = read_stops(write(tmp_path, "id,lat,lon,demand\na,60,24,5\n"))
    assert "columns that mean nothing here: demand" in stops.notes


def test_frames_with_pandas_missing_values() -> None:
    """NaN, None, NaT and NA in optional columns are empty cells; numeric ids and clock objects are understood."""
    frame = pd.DataFrame(
        {
            "id": [1.0, 2.0, 3.0],
            "lat": [60.0, 60.1, 60.2],
            "lon": np.array([24, 25, 26]),
            "parcels": pd.array([2, None, 3], dtype="Int64"),
            "demand_kg": [np.nan, 4.0, None],
            "window_start": [pd.NaT, datetime.time(8, 0), None],
        }
    )
    stops = read_stops(frame)
    assert [stop.id for stop in stops] == ["1", "2", "3"]
    assert [(stop.parcels, stop.demand_kg) for stop in stops] == [(2, 1.8), (1, 4.0), (3, 2.7)]
    assert [stop.window_s for stop in stops] == [None, (28800, LAST_CLOCK_S), None]


def test_geometry_in_any_crs() -> None:
    """Positions in a projected CRS are brought to degrees."""
    points = gpd.GeoSeries(shapely.points([[24.94, 60.17], [24.95, 60.18]]), crs=4326).to_crs(3067)
    stops = read_stops(gpd.GeoDataFrame({"id": ["a", "b"]}, geometry=points))
    assert [(stop.lat, stop.lon) for stop in stops] == [pytest.approx((60.17, 24.94)), pytest.approx((60.18, 24.95))]


def test_geometry_that_is_no_point_is_a_fault() -> None:
    """Lines, empty and missing geometry are named by row; a missing CRS cannot be guessed."""
    shapes = [shapely.Point(24, 60), shapely.LineString([(24, 60), (25, 61)]), None, shapely.Point()]
    frame = gpd.GeoDataFrame({"id": list("abcd")}, geometry=shapes, crs=4326)
    faults = faults_of(frame)
    assert [(fault.code, fault.where) for fault in faults] == [("stops.geometry", f"stops row {n}") for n in (2, 3, 4)]
    bare = gpd.GeoDataFrame({"id": ["a"]}, geometry=[shapely.Point(24, 60)])
    assert [fault.code for fault in faults_of(bare)] == ["stops.crs"]


@pytest.mark.parametrize("source", [None, 3, ["a"]])
def test_anything_else_is_a_fault(source: Any) -> None:
    """A slip in a script is told as a fault."""
    assert [fault.code for fault in faults_of(source)] == ["stops.format"]


def test_writing_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the last step fails the old file is whole and no temporary file stays."""
    path = write(tmp_path, "old")
    stops = Stops((Stop("a", 60.0, 24.0, "", 1, 1.0, 0.1, 60, None),))

    def fail(self: Path, target: Path) -> Path:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(InputError, match="no space left"):
        write_stops(stops, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_writing_makes_missing_folders(tmp_path: Path) -> None:
    """As every other command that writes."""
    write_stops(Stops(()), tmp_path / "absent" / "stops.csv")
    assert (tmp_path / "absent" / "stops.csv").is_file()


def test_writing_below_a_file_is_a_fault(tmp_path: Path) -> None:
    """Not a traceback."""
    (tmp_path / "file").touch()
    with pytest.raises(InputError) as caught:
        write_stops(Stops(()), tmp_path / "file" / "stops.csv")
    assert caught.value.faults[0].code == "output.write"
