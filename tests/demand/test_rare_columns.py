"""Windows, lateness, collections, readiness, priorities and vehicles of stops: what is read, written and refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleetplan.demand.checking import check_stops
from fleetplan.demand.files import read_stops, stops_frame, write_stops
from fleetplan.demand.stops import Stop, Stops
from fleetplan.errors import InputError

HEAD = (
    "id,lat,lon,parcels,demand_kg,volume_m3,window_start,window_end,windows,late_until,late_price_per_h,"
    "collect_parcels,collect_kg,collect_m3,ready,priority,vehicles,not_vehicles,unserved_price_per_parcel"
)
H = 3600


def read(tmp_path: Path, *rows: str, head: str = HEAD) -> Stops:
    """The stops of a file with these rows, each filled up with empty cells."""
    path = tmp_path / "stops.csv"
    cells = head.count(",")
    path.write_text("\n".join([head, *(row + "," * (cells - row.count(",")) for row in rows)]) + "\n")
    return read_stops(path)


def only(tmp_path: Path, **cells: str) -> Stop:
    """The one stop of a file with these cells."""
    named = {"id": "a", "lat": "60", "lon": "24", **cells}
    return read(tmp_path, ",".join(f'"{value}"' for value in named.values()), head=",".join(named))[0]


def fault(tmp_path: Path, **cells: str) -> tuple[str, str, str]:
    """Code, field and message of the only fault of such a stop."""
    with pytest.raises(InputError) as caught:
        only(tmp_path, **cells)
    (found,) = caught.value.faults
    assert found.where == "stops.csv row 2"
    assert found.remedy
    return found.code, found.field, found.message


def test_everything_that_a_stop_may_say(tmp_path: Path) -> None:
    """One row with all columns reaches the stop in seconds, money and names."""
    stop = only(
        tmp_path, parcels="2", windows="15:00-17:00; 09:00 – 11:00", late_until="18:00", late_price_per_h="12.5",
        collect_parcels="3", collect_kg="4.5", ready="08:30", priority="7", vehicles="kei-van; bike",
        not_vehicles="van", unserved_price_per_parcel="9",
    )  # fmt: skip
    assert stop.windows_s == ((9 * H, 11 * H), (15 * H, 17 * H))
    assert (stop.late_until_s, stop.late_price_per_h) == (18 * H, 12.5)
    assert (stop.collect_parcels, stop.collect_kg, stop.collect_m3) == (3, 4.5, 0.0849)
    assert (stop.ready_s, stop.priority, stop.unserved_price_per_parcel) == (8 * H + 1800, 7, 9.0)
    assert (stop.vehicles, stop.not_vehicles) == (("kei-van", "bike"), ("van",))
    assert stop.service_s == 60 + 5 * 30, "parcels that are collected are handed over too"


def test_a_stop_may_only_collect(tmp_path: Path) -> None:
    """Parcels that are collected, without a load to deliver: nothing is delivered, whether 0 or nothing is written."""
    for parcels in ("", "0"):
        stop = only(tmp_path, parcels=parcels, collect_parcels="2")
        assert (stop.parcels, stop.demand_kg, stop.volume_m3) == (0, 0.0, 0.0)
        assert (stop.collect_parcels, stop.collect_kg) == (2, 1.8)
    both = only(tmp_path, parcels="", demand_kg="3", collect_kg="5")
    assert (both.parcels, both.demand_kg, both.collect_parcels, both.collect_kg) == (1, 3.0, 1, 5.0)


def test_windows_that_touch_are_one(tmp_path: Path) -> None:
    """09:00-10:00 and 10:00-11:00 are one window: the contract wants windows apart from each other."""
    assert only(tmp_path, windows="10:00-11:00;09:00-10:00").windows_s == ((9 * H, 11 * H),)


@pytest.mark.parametrize(
    ("cells", "code", "field", "words"),
    [
        ({"windows": "9 to 11"}, "window", "windows", "not a span"),
        ({"windows": "09:00-25:99"}, "clock", "windows", "not a time"),
        ({"windows": "11:00-09:00"}, "window", "windows", "ends before"),
        ({"windows": "09:00-11:00;10:00-12:00"}, "window", "windows", "overlaps"),
        ({"windows": "09:00-11:00", "window_start": "09:00"}, "window", "windows", "given twice"),
        ({"window_end": "11:00", "late_until": "12:00"}, "late", "late_price_per_h", "no price"),
        ({"late_price_per_h": "5"}, "late", "late_price_per_h", "nothing is late"),
        ({"window_end": "11:00", "late_until": "10:00", "late_price_per_h": "5"}, "late", "late_until", "before"),
        ({"window_end": "11:00", "late_price_per_h": "-5"}, "negative", "late_price_per_h", "-5"),
        ({"collect_parcels": "1.5"}, "whole", "collect_parcels", "1.5"),
        ({"collect_parcels": "0", "collect_kg": "5"}, "load", "collect_parcels", "no parcel"),
        ({"parcels": "0", "demand_kg": "5", "collect_parcels": "1"}, "load", "parcels", "no parcel"),
        ({"parcels": "0"}, "range", "parcels", "0"),
        ({"ready": "noon"}, "clock", "ready", "noon"),
        ({"priority": "10"}, "range", "priority", "10"),
        ({"priority": "1.5"}, "whole", "priority", "1.5"),
        ({"vehicles": "van;kei-van", "not_vehicles": "van"}, "vehicles", "not_vehicles", "'van'"),
        ({"unserved_price_per_parcel": "much"}, "number", "unserved_price_per_parcel", "much"),
    ],
)
def test_each_slip_is_one_fault_at_its_cell(
    tmp_path: Path, cells: dict[str, str], code: str, field: str, words: str
) -> None:
    """The fault names row, field and remedy, and there is no second one about the same slip."""
    found = fault(tmp_path, **cells)
    assert found[:2] == (f"stops.{code}", field)
    assert words in found[2]


def test_all_faults_of_all_rows_at_once(tmp_path: Path) -> None:
    """Three rows with a slip each are told together, in the order of the rows."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, "a,60,24,,,,,,x", "b,60,24,,,,,,,,,,,,,12", "c,60,24,,,,,,,,,-1")
    assert [(item.where[-1], item.field) for item in caught.value.faults] == [
        ("2", "windows"), ("3", "priority"), ("4", "collect_parcels"),
    ]  # fmt: skip


times = st.integers(0, 47 * 60).map(lambda minute: minute * 60)
names = st.lists(st.sampled_from(["kei-van", "full-size-van", "bike 1"]), max_size=2, unique=True).map(tuple)


@st.composite
def stops_strategy(draw: st.DrawFn) -> Stop:
    """A stop that uses any of the columns."""
    edges = sorted(set(draw(st.lists(times, max_size=6))))
    windows = tuple(zip(edges[0::2], edges[1::2], strict=False))
    collected = draw(st.integers(0, 9))
    late = draw(st.one_of(st.none(), st.floats(0, 1e6))) if windows else None
    only_types = draw(names)
    return Stop(
        id="a", lat=60.0, lon=24.0, name="", parcels=draw(st.integers(0 if collected else 1, 9)),
        demand_kg=0.0, volume_m3=0.0, service_s=60,
        window_s=windows[0] if windows else None, later_windows_s=windows[1:],
        late_until_s=None if late is None else draw(st.one_of(st.none(), st.just(windows[-1][1] + 60))),
        late_price_per_h=late,
        collect_parcels=collected,
        collect_kg=draw(st.floats(0, 1e5)) if collected else 0.0,
        collect_m3=draw(st.floats(0, 1e4)) if collected else 0.0,
        ready_s=draw(st.one_of(st.none(), times)), priority=draw(st.integers(0, 9)),
        vehicles=only_types, not_vehicles=tuple(name for name in draw(names) if name not in only_types),
        unserved_price_per_parcel=draw(st.one_of(st.none(), st.floats(0, 1e6))),
    )  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(stop=stops_strategy())
def test_written_and_framed_stops_are_read_back_the_same(tmp_path: Path, stop: Stop) -> None:
    """Whatever a stop says, file and frame give it back to the last bit."""
    stops = Stops((stop,))
    write_stops(stops, tmp_path / "stops.csv")
    assert read_stops(tmp_path / "stops.csv").items == stops.items
    assert read_stops(stops_frame(stops)).items == stops.items


def test_columns_that_nobody_uses_are_not_written(tmp_path: Path) -> None:
    """Plain stops keep the plain file: its columns are the documented ones."""
    stops = Stops((Stop("a", 60.0, 24.0, "", 1, 1.0, 0.1, 60, (8 * H, 9 * H)),))
    write_stops(stops, tmp_path / "stops.csv")
    head = (tmp_path / "stops.csv").read_text().splitlines()[0]
    assert head == "id,lat,lon,name,parcels,demand_kg,volume_m3,service_min,window_start,window_end"
    assert "priority" not in stops_frame(stops).columns


def faults_in_shift(stop: Stop) -> list[str]:
    """Codes of what a shift from 08:00 to 18:00 finds wrong with a stop."""
    return [item.code for item in check_stops(Stops((stop,)), bounds=(24, 60, 25, 61), shift_s=(8 * H, 18 * H))]


def test_one_window_within_the_shift_is_enough() -> None:
    """Of several windows one must meet the shift; lateness may reach into it; goods must be ready before its end."""
    base = {"id": "a", "lat": 60.5, "lon": 24.5, "name": "", "parcels": 1, "demand_kg": 1.0, "volume_m3": 0.1}

    def stop(window: tuple[int, int], **more: object) -> Stop:
        return Stop(**base, service_s=60, window_s=window, **more)  # type: ignore[arg-type]

    early = (6 * H, 7 * H)
    assert faults_in_shift(stop(early)) == ["stops.window_shift"]
    assert faults_in_shift(stop(early, later_windows_s=((9 * H, 10 * H),))) == []
    assert faults_in_shift(stop(early, late_price_per_h=5.0)) == []
    assert faults_in_shift(stop(early, late_price_per_h=5.0, late_until_s=7 * H + 1800)) == ["stops.window_shift"]
    assert faults_in_shift(stop((9 * H, 10 * H), ready_s=18 * H)) == ["stops.ready_shift"]
