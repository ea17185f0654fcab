"""Users' vehicle files: what they may say, what is estimated, and every slip at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetplan.errors import InputError
from fleetplan.fleet.catalogue import read_vehicles, vehicle
from fleetplan.fleet.vehicle import Vehicle

WHOLE = """
[box-van]
title = "Our box van"
body = "van"
powertrain = "diesel"
length_m = 5.0
body_width_m = 2.0
height_m = 2.4
payload_kg = 900
volume_m3 = { value = 9.5, source = "weighbridge sheet", confidence = "maker", date = "2026-01-01" }
litres_per_100km = 8.0
price = { EUR = 30000 }
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def read_one(tmp_path: Path, text: str) -> Vehicle:
    (found,) = read_vehicles(write(tmp_path, text)).values()
    return found


def faults_of(tmp_path: Path, text: str) -> list[tuple[str, str, str]]:
    with pytest.raises(InputError) as caught:
        read_vehicles(write(tmp_path, text))
    assert all(fault.remedy for fault in caught.value.faults)
    return [(fault.code, fault.where, fault.field) for fault in caught.value.faults]


def test_bare_numbers_are_assumptions_of_the_file(tmp_path: Path) -> None:
    """The output must say which figures came from the user; a stated source is kept."""
    found = read_one(tmp_path, WHOLE)
    assert found.name == "box-van" and found.title == "Our box van"
    assert found.figures["length_m"].confidence == "assumption"
    assert "own.toml" in found.figures["length_m"].source
    assert (found.figures["volume_m3"].confidence, found.figures["volume_m3"].date) == ("maker", "2026-01-01")
    assert found.litres_per_km == pytest.approx(0.08)
    assert found.mirror_width_m == pytest.approx(2.36)
    assert found.price == {"EUR": 30000.0}


def test_a_base_lends_what_the_file_leaves_out(tmp_path: Path) -> None:
    """`base` starts from a catalogue entry; estimates follow the figures that the user replaced."""
    found = read_one(tmp_path, '[mine]\nbase = "kei-van"\npayload_kg = 300\nbody_width_m = 1.4\nprice.EUR = 9000\n')
    every = vehicle("suzuki-every")
    assert (found.payload_kg, found.length_m, found.body) == (300.0, every.length_m, "van")
    assert found.mirror_width_m == pytest.approx(1.64)
    assert found.price == {"EUR": 9000.0, "JPY": 1300000.0}
    assert found.figures["length_m"] == every.figures["length_m"]


def test_replaced_energy_and_load_do_not_mix_with_the_base(tmp_path: Path) -> None:
    """A user's range or load height counts, though the base stated energy or volume in another way."""
    text = """
[reach]
base = "honda-n-van-e"
range_km = 200
[pack]
base = "honda-n-van-e"
battery_kwh = 40
[diesel]
base = "kei-van-electric"
powertrain = "diesel"
km_per_litre = 20
[tall]
base = "kei-truck"
load_height_m = 1.2
[known]
base = "kei-truck"
volume_m3 = 3.0
[box]
base = "kei-van"
load_length_m = 2.0
load_width_m = 1.3
load_height_m = 1.0
[chain]
base = "tall"
load_height_m = 0.5
"""
    found = read_vehicles(write(tmp_path, text))
    assert list(found) == sorted(found)
    assert found["reach"].kwh_per_km == pytest.approx(29.6 / 200)
    assert found["pack"].kwh_per_km == pytest.approx(29.6 / 245, abs=1e-4)
    assert (found["diesel"].litres_per_km, found["diesel"].kwh_per_km) == (0.05, 0.0)
    assert found["tall"].volume_m3 == pytest.approx(1.94 * 1.41 * 1.2, abs=0.005)
    assert found["known"].volume_m3 == 3.0
    assert found["box"].volume_m3 == 2.6
    assert "range_km" not in found["pack"].figures and found["pack"].battery_kwh == 40
    assert found["chain"].volume_m3 == pytest.approx(1.94 * 1.41 * 0.5, abs=0.005)


@pytest.mark.parametrize(
    ("line", "litres"),
    [
        ("litres_per_km = 0.1", 0.1),
        ("km_per_litre = 10", 0.1),
        ("litres_per_100km = 10", 0.1),
        ("mpg_us = 23.521458", 0.1),
    ],
)
def test_every_way_to_state_consumption_gives_litres_per_km(tmp_path: Path, line: str, litres: float) -> None:
    """0.1 L/km is 10 km/L, 10 L/100 km and 23.52 miles per US gallon."""
    found = read_one(tmp_path, WHOLE.replace("litres_per_100km = 8.0", line))
    assert found.litres_per_km == pytest.approx(litres, abs=1e-5)


def test_all_faults_of_a_file_come_at_once(tmp_path: Path) -> None:
    """One run tells everything: wrong words, wrong units, missing figures, unknown keys, taken and bad names."""
    text = """
length = 3
[aliases]
x = "y"
[kei-van]
base = "suzuki-every"
["bad name!"]
base = "kei-van"
[one]
body = "boat"
powertrain = "steam"
length_m = 4500
height_m = nan
payload_kg = "much"
kerb_kg = true
volumen_m3 = 3
price = { euro = 5 }
park_s = { later = 5 }
volume_m3 = { value = 3.0, unit = "L", source = "x", confidence = "maker" }
fill_rate = { value = 0.5, source = "x", confidence = "sure" }
[two]
body = "van"
[three]
base = "kei-vam"
[four]
base = "kei-van"
mirror_width_m = 1.2
"""
    found = faults_of(tmp_path, text)
    fields = {(where, field.split(".")[0]) for _, where, field in found}
    expected = {
        "body", "powertrain", "length_m", "height_m", "payload_kg", "kerb_kg", "volumen_m3", "price", "park_s",
        "volume_m3", "fill_rate",
    }  # fmt: skip
    assert {field for where, field in fields if where == "own.toml [one]"} == expected
    needed = {"length_m", "body_width_m", "height_m", "payload_kg", "powertrain", "volume_m3"}
    assert {field for where, field in fields if where == "own.toml [two]"} == needed
    codes = {(code, where) for code, where, _ in found}
    assert ("vehicles.table", "own.toml") in codes
    assert ("vehicles.reserved", "own.toml") in codes
    assert ("vehicles.taken", "own.toml [kei-van]") in codes
    assert ("vehicles.name", "own.toml [bad name!]") in codes
    assert ("vehicles.unknown", "own.toml [three]") in codes
    assert ("vehicles.mirrors", "own.toml [four]") in codes


def test_remedies_fit_their_faults(tmp_path: Path) -> None:
    """A slip of the keyboard is named, a unit slip gets the bounds, a figure without source its form."""
    lines = ["volumen_m3 = 9", "height_m = nan", "length_m = 5000", "payload_kg = { value = 900 }"]
    with pytest.raises(InputError) as caught:
        read_vehicles(write(tmp_path, "[mine]\n" + "\n".join(lines)))
    remedies = {fault.field: fault.remedy for fault in caught.value.faults}
    assert remedies["volumen_m3"] == "did you mean volume_m3?"
    assert remedies["height_m.value"] == "give a number from 0.5 to 4.5 m"
    assert remedies["length_m"] == "give a number from 1 to 20 m"
    assert remedies["payload_kg.source"].startswith("write payload_kg = {")


def test_electric_vehicles_need_battery_and_range_or_kwh(tmp_path: Path) -> None:
    """The missing figure is named with the ways to state it."""
    text = WHOLE.replace('"diesel"', '"electric"').replace("litres_per_100km = 8.0", "battery_kwh = 40")
    assert [field for _, _, field in faults_of(tmp_path, text)] == ["kwh_per_km"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"[x\n", "vehicles.syntax"),
        (b"\xff\xfe\x00", "vehicles.syntax"),
        (b"", "vehicles.empty"),
        (None, "vehicles.absent"),
    ],
)
def test_a_file_that_is_no_vehicle_file_is_a_fault(tmp_path: Path, content: bytes | None, code: str) -> None:
    """Absent, empty and broken files end in a fault, not in a traceback."""
    path = tmp_path / "own.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_vehicles(path)
    assert caught.value.faults[0].code == code


@given(
    length=st.floats(1.0, 20.0),
    width=st.floats(0.5, 2.5),
    height=st.floats(0.5, 4.5),
    load=st.tuples(st.floats(0.5, 10.0), st.floats(0.5, 2.5), st.floats(0.5, 3.0)),
)
def test_estimates_follow_their_formulas(
    tmp_path_factory: pytest.TempPathFactory,
    length: float,
    width: float,
    height: float,
    load: tuple[float, float, float],
) -> None:
    """Whatever the size: mirrors, volume and parking are what the stated formulas give."""
    names = ("load_length_m", "load_width_m", "load_height_m")
    size = "\n".join(f"{name} = {value!r}" for name, value in zip(names, load, strict=True))
    text = WHOLE.replace("length_m = 5.0", f"length_m = {length!r}").replace(
        "body_width_m = 2.0", f"body_width_m = {width!r}"
    )
    text = text.replace("height_m = 2.4", f"height_m = {height!r}\n{size}")
    text = "\n".join(line for line in text.splitlines() if not line.startswith("volume_m3"))
    found = read_one(tmp_path_factory.mktemp("own"), text)
    kei_size = length <= 3.40 and width <= 1.48 and height <= 2.00
    assert found.mirror_width_m == pytest.approx(width + (0.24 if kei_size else 0.36), abs=0.001)
    assert found.volume_m3 == pytest.approx(load[0] * load[1] * load[2], abs=0.006)
    assert found.park_s["free"] == pytest.approx(10 * (length + 1.5), abs=0.51)
    assert found.park_s["squeezed"] == pytest.approx(15 * (length + 1.5), abs=0.51)
