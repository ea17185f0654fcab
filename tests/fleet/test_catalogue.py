"""The bundled vehicles: complete, sourced, and the right ones kei."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from fleetplan.errors import InputError
from fleetplan.figures import CONFIDENCES
from fleetplan.fleet.catalogue import estimates, find_vehicles, vehicle, vehicles

KEI = {
    "suzuki-carry",
    "daihatsu-hijet-truck",
    "suzuki-every",
    "honda-n-van-e",
    "mitsubishi-minicab-ev",
    "nissan-sakura",
    "mitsubishi-ek-x-ev",
    "byd-racco",
}
LARGER = {
    "slate-truck",
    "ford-transit-connect",
    "ford-transit",
    "ford-e-transit",
    "mercedes-esprinter",
    "ram-promaster",
    "toyota-hiace",
    "grumman-llv",
}
GENERIC = {
    "kei-truck": "suzuki-carry",
    "kei-van": "suzuki-every",
    "kei-van-electric": "honda-n-van-e",
    "small-van": "ford-transit-connect",
    "full-size-van": "ford-transit",
    "full-size-van-electric": "ford-e-transit",
}
FIELDS = (
    "length_m",
    "body_width_m",
    "mirror_width_m",
    "height_m",
    "payload_kg",
    "volume_m3",
    "fill_rate",
    "wheelbase_m",
    "turning_radius_m",
    "kerb_kg",
    "engine_cc",
    "battery_kwh",
    "top_speed_kph",
)


def test_the_catalogue_lists_every_vehicle_sorted() -> None:
    """A scenario may rely on these names; a listing is in a stable order."""
    assert set(vehicles()) == KEI | LARGER | set(GENERIC)
    assert list(vehicles()) == sorted(vehicles())


@pytest.mark.parametrize("name", sorted(KEI | LARGER | set(GENERIC)))
def test_every_number_of_a_vehicle_is_a_figure_with_its_source(name: str) -> None:
    """No number without a source: what the model computes with is exactly what the figures say."""
    found = vehicle(name)
    for field in FIELDS:
        value = getattr(found, field)
        if value is None:
            assert field not in found.figures
        else:
            assert found.figures[field].value == value
    energy = "kwh_per_km" if found.powertrain == "electric" else "litres_per_km"
    assert found.figures[energy].value == getattr(found, energy) > 0
    assert found.litres_per_km * found.kwh_per_km == 0
    assert {f"price.{currency}" for currency in found.price} == {k for k in found.figures if k.startswith("price.")}
    assert all(found.figures[f"price.{currency}"].value == price for currency, price in found.price.items())
    assert found.price, "a vehicle without a price has no cost of a day"
    assert set(found.park_s) == {"free", "squeezed"}
    assert all(found.figures[f"park_s.{band}"].value == seconds for band, seconds in found.park_s.items())
    for key, figure in found.figures.items():
        assert figure.key == key
        assert figure.confidence in CONFIDENCES
        assert figure.source.strip() and figure.unit and figure.date
        assert math.isfinite(figure.value)


def test_every_figure_of_the_estimates_has_its_source() -> None:
    """What the formulas add to the catalogue is as open to doubt as the catalogue itself."""
    for key, figure in estimates().items():
        assert figure.key == key and figure.source.strip() and figure.date and figure.unit
        assert figure.unproven or "http" in figure.source


@pytest.mark.parametrize("name", sorted(KEI | LARGER))
def test_what_is_said_to_be_sourced_names_an_address(name: str) -> None:
    """Anyone must be able to look a figure up: maker, press, law and statistic give an address."""
    for figure in vehicle(name).figures.values():
        if figure.confidence in ("maker", "press", "law", "statistic"):
            assert "http" in figure.source, f"{name} {figure.key}: {figure.source}"


@pytest.mark.parametrize("name", sorted(KEI | LARGER))
def test_kei_is_what_the_law_says(name: str) -> None:
    """The legal limits tell kei vehicles from all others of the catalogue."""
    assert vehicle(name).is_kei == (name in KEI)


@pytest.mark.parametrize(
    ("field", "value"),
    [("length_m", 3.41), ("body_width_m", 1.49), ("height_m", 2.01), ("engine_cc", 661.0), ("payload_kg", 351.0)],
)
def test_one_limit_passed_is_enough_to_be_no_kei(field: str, value: float) -> None:
    """Each legal limit counts by itself."""
    every = vehicle("suzuki-every")
    assert every.is_kei
    assert not replace(every, **{field: value}).is_kei


def test_passenger_kei_carry_165_kg() -> None:
    """Japanese law allows a passenger kei with the driver alone (4 − 1) × 55 kg of freight."""
    for name in ("nissan-sakura", "mitsubishi-ek-x-ev", "byd-racco"):
        found = vehicle(name)
        assert (found.payload_kg, found.body) == (165.0, "car")
        assert found.figures["payload_kg"].confidence == "law"


@pytest.mark.parametrize(("alias", "name"), sorted(GENERIC.items()))
def test_a_generic_name_is_the_real_vehicle_under_that_name(alias: str, name: str) -> None:
    """A plan for `kei-van` says `kei-van`, and has the Every's figures."""
    assert vehicle(alias).name == alias
    assert vehicle(name).name == name
    assert replace(vehicle(alias), name=name) == vehicle(name)


def test_usable_volume_is_the_filled_share() -> None:
    """3.28 m³ × 0.7: the loads that a kei van really takes."""
    assert vehicle("kei-van").usable_volume_m3 == pytest.approx(2.296)


def test_an_open_bed_holds_area_times_stated_height() -> None:
    """A kei truck's volume is the bed's area × the load height, and is an assumption as the height is one."""
    figures = vehicle("kei-truck").figures
    assert figures["volume_m3"].value == pytest.approx(1.94 * 1.41 * 1.0, abs=0.005)
    assert figures["volume_m3"].confidence == "assumption"
    assert "load height 1 m" in figures["volume_m3"].source


def test_a_published_mirror_width_is_kept_and_the_others_are_estimated() -> None:
    """The Hijet's 1.715 m was measured; a Carry's is its body + the same 0.24 m, a Slate's + the Transit's 0.36 m."""
    assert vehicle("daihatsu-hijet-truck").figures["mirror_width_m"].confidence == "press"
    assert vehicle("suzuki-carry").mirror_width_m == pytest.approx(1.475 + 0.24)
    assert vehicle("suzuki-carry").figures["mirror_width_m"].confidence == "computed"
    assert vehicle("slate-truck").mirror_width_m == pytest.approx(1.793 + 0.36)
    assert vehicle("ford-transit").mirror_width_m == 2.474


def test_longer_vehicles_take_longer_to_park() -> None:
    """Parking grows with the gap that is needed, and with a street where others must pass."""
    assert vehicle("kei-van").park_s == {"free": 49.0, "squeezed": 73.0}
    assert vehicle("full-size-van").park_s == {"free": 75.0, "squeezed": 112.0}
    assert vehicle("kei-van").figures["park_s.free"].confidence == "assumption"


def test_an_unknown_vehicle_names_close_ones() -> None:
    """A slip in a scenario is mended from the message alone, and all slips are told at once."""
    with pytest.raises(InputError) as caught:
        find_vehicles(["kei-vam", "kei-van", "zeppelin"])
    first, second = caught.value.faults
    assert first.code == second.code == "vehicles.unknown"
    assert "kei-van" in first.remedy and "fleetplan vehicles" in first.remedy
    assert "'zeppelin'" in second.message and "fleetplan vehicles" in second.remedy


def test_own_vehicles_are_found_beside_the_catalogue() -> None:
    """A fleet may mix a user's vehicles with those of the catalogue, in the order asked for."""
    own = replace(vehicle("kei-van"), name="mine")
    assert list(find_vehicles(["mine", "kei-van", "mine"], {"mine": own})) == ["mine", "kei-van"]
