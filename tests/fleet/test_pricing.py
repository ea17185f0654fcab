"""Cost packs and what a vehicle's day costs in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetplan.errors import InputError
from fleetplan.figures import CONFIDENCES, Figure
from fleetplan.fleet.catalogue import vehicle, vehicles
from fleetplan.fleet.costs import CostPack
from fleetplan.fleet.pricing import (
    CO2E_MEANING,
    PACKS,
    annuity,
    cost_pack,
    read_cost_pack,
    size_class,
    vehicle_costs,
)

MONEY_UNITS = ("/h", "/year", "/km", "/L", "/kWh")


def pack_of(tmp_path: Path, text: str) -> CostPack:
    path = tmp_path / "ours.toml"
    path.write_text(text, encoding="utf-8")
    return read_cost_pack(path)


@pytest.mark.parametrize("name", PACKS)
def test_every_figure_of_a_pack_is_sourced(name: str) -> None:
    """Confidence and source stand beside every price."""
    pack = cost_pack(name)
    assert pack.name == name and pack.note
    for key, figure in pack.figures.items():
        assert figure.key == key and figure.source.strip() and figure.date
        assert figure.confidence in CONFIDENCES
        if figure.confidence in ("maker", "press", "law", "statistic"):
            assert "http" in figure.source


def test_the_demo_pack_is_all_assumptions_and_says_so() -> None:
    """Nobody may take the demonstration for a market."""
    pack = cost_pack("demo")
    assert pack.currency == "EUR"
    assert {figure.confidence for figure in pack.figures.values()} == {"assumption"}
    assert "assumption" in pack.note


@pytest.mark.parametrize("name", PACKS)
def test_every_vehicle_has_a_cost_in_every_pack(name: str) -> None:
    """Each term is positive and rests on figures; amounts are of the order that a fleet manager expects."""
    pack = cost_pack(name)
    day = {"JPY": (1000, 9000), "USD": (10, 80), "EUR": (8, 60)}[pack.currency]
    for found in vehicles().values():
        costs = vehicle_costs(found, pack)
        assert (costs.vehicle, costs.currency) == (found.name, pack.currency)
        assert all(term.amount > 0 and term.figures for term in costs.terms)
        assert day[0] <= costs.amount("vehicle") <= day[1], found.name
        assert costs.amount("driver") == pack.value("wage_per_h")
        units = {term.part: term.per for term in costs.terms}
        assert units == {"vehicle": "day", "driver": "hour", "distance": "km", "energy": "km"}
        assert costs.co2e_kg_per_km > 0 and costs.co2e_figures
        assert CO2E_MEANING.startswith(costs.co2e_boundary)


def test_an_annuity_worked_by_hand() -> None:
    """1000 over two years at 10 % with 100 left: (1000 − 100 / 1.21) × 0.1 / (1 − 1 / 1.21) = 528.571…"""
    assert annuity(1000, years=2, rate=0.10, residual=100) == pytest.approx(528.5714286)
    assert annuity(1000, years=2, rate=0.0, residual=100) == 450.0


@given(price=st.floats(1, 1e6), years=st.integers(1, 30), rate=st.floats(0.001, 0.5), share=st.floats(0, 0.9))
def test_the_annuity_pays_the_vehicle_off(price: float, years: int, rate: float, share: float) -> None:
    """After the last payment exactly the residual value is still owed."""
    payment = annuity(price, years=years, rate=rate, residual=share * price)
    owed = price
    for _ in range(years):
        owed = owed * (1 + rate) - payment
    assert owed == pytest.approx(share * price, rel=1e-6, abs=price * (1 + rate) ** years * 1e-9)


def test_a_day_of_a_kei_van_in_japan_worked_by_hand() -> None:
    """Capital ¥1.3 million over 7 years at 2 % with a tenth left is ¥183,375 a year; ÷ 276 days = ¥664."""
    terms = {term.name: term.amount for term in vehicle_costs(vehicle("kei-van"), cost_pack("JP")).terms}
    assert terms["capital"] == pytest.approx(664.41, abs=0.5)
    assert terms["tax"] == pytest.approx(6400 / 276)
    assert terms["insurance"] == pytest.approx(180000 / 276)
    assert terms["maintenance"] == pytest.approx(70000 / 276)
    assert terms["petrol"] == pytest.approx(160 / 16)
    assert terms["wage"] == 1600


def test_electric_energy_includes_charging_losses() -> None:
    """0.1208 kWh/km at the battery are 0.1342 from the socket, in money and in emissions; maintenance is lower."""
    pack = cost_pack("JP")
    costs = vehicle_costs(vehicle("kei-van-electric"), pack)
    assert costs.amount("energy") == pytest.approx(0.1208 / 0.9 * 25)
    assert costs.co2e_kg_per_km == pytest.approx(0.1208 / 0.9 * 0.46)
    (upkeep,) = (term for term in costs.terms if term.name == "maintenance")
    assert upkeep.amount == pytest.approx(0.7 * 70000 / 276)


def test_a_price_in_another_currency_is_converted_and_counts_as_its_rate() -> None:
    """The exchange rate is a figure behind the capital, so that the total knows it rests on an assumption."""
    costs = vehicle_costs(vehicle("honda-n-van-e"), cost_pack("US"))
    (capital,) = (term for term in costs.terms if term.name == "capital")
    assert {"price.JPY", "exchange.JPY"} <= {figure.key for figure in capital.figures}
    assert capital.unproven


def test_a_price_that_cannot_be_converted_is_a_fault() -> None:
    """A vehicle without a usable price says what to add, instead of costing nothing."""
    found = replace(vehicle("kei-van"), price={"GBP": 9000.0}, name="mine")
    with pytest.raises(InputError) as caught:
        vehicle_costs(found, cost_pack("JP"))
    (fault,) = caught.value.faults
    assert "mine" in fault.where and "price.JPY" in fault.remedy


@pytest.mark.parametrize("name", ["kei-van", "kei-van-electric", "full-size-van", "toyota-hiace"])
def test_doubled_prices_double_every_term(name: str) -> None:
    """Prices are linear: a pack and a purchase price twice as dear cost exactly twice as much."""
    pack = cost_pack("demo")

    def doubled(figure: Figure) -> Figure:
        return replace(figure, value=2 * figure.value)

    money = {
        key: doubled(f) if f.unit.endswith(MONEY_UNITS) and f.unit[:3] == "EUR" else f
        for key, f in pack.figures.items()
    }
    found = vehicle(name)
    dear = replace(
        found,
        price={currency: 2 * price for currency, price in found.price.items()},
        figures={key: doubled(f) if key.startswith("price.") else f for key, f in found.figures.items()},
    )
    once, twice = vehicle_costs(found, pack), vehicle_costs(dear, replace(pack, figures=money))
    assert [term.amount * 2 for term in once.terms] == pytest.approx([term.amount for term in twice.terms])
    assert once.co2e_kg_per_km == twice.co2e_kg_per_km


def test_one_vehicle_under_two_names_costs_the_same() -> None:
    """A comparison of a vehicle with itself must be level."""
    for pack in map(cost_pack, PACKS):
        assert vehicle_costs(vehicle("kei-van"), pack).terms == vehicle_costs(vehicle("suzuki-every"), pack).terms


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("kei-truck", "kei"),
        ("toyota-hiace", "small"),
        ("small-van", "small"),
        ("slate-truck", "small"),
        ("full-size-van", "full-size"),
        ("ram-promaster", "full-size"),
    ],
)
def test_size_classes(name: str, expected: str) -> None:
    """Tax and insurance go by this class; the Japanese 4-number van is small, a Transit is not."""
    assert size_class(vehicle(name)) == expected


def test_unproven_amounts_are_those_of_unproven_figures() -> None:
    """The share of a total that rests on assumptions is counted by term."""
    pack = cost_pack("JP")
    proven = {key: replace(figure, confidence="statistic") for key, figure in pack.figures.items()}
    every = vehicle("kei-van")
    sure = replace(every, figures={key: replace(f, confidence="press") for key, f in every.figures.items()})
    assert vehicle_costs(sure, replace(pack, figures=proven)).unproven_amount("vehicle") == 0
    one = proven | {"insurance_per_year.kei": pack.figures["insurance_per_year.kei"]}
    costs = vehicle_costs(sure, replace(pack, figures=one))
    assert costs.unproven_amount("vehicle") == pytest.approx(180000 / 276)
    assert costs.unproven_amount("driver") == 0


def test_an_unknown_pack_is_a_fault() -> None:
    """The known ones are named."""
    with pytest.raises(InputError, match="JP, US, demo"):
        cost_pack("UK")


def test_an_own_pack_over_a_base(tmp_path: Path) -> None:
    """Users state what they know; one number stands for all size classes; the rest is the base's."""
    text = 'currency = "EUR"\nbase = "demo"\nwage_per_h = 31\ninsurance_per_year = 1000\n[wear_per_km]\nkei = 0.5\n'
    pack = pack_of(tmp_path, text)
    assert (pack.name, pack.currency, pack.value("wage_per_h")) == ("ours", "EUR", 31.0)
    assert pack.figures["wage_per_h"].confidence == "assumption" and "ours.toml" in pack.figures["wage_per_h"].source
    assert [pack.value(f"insurance_per_year.{size}") for size in ("kei", "small", "full-size")] == [1000.0] * 3
    assert pack.value("wear_per_km.kei") == 0.5
    assert pack.value("wear_per_km.small") == cost_pack("demo").value("wear_per_km.small")


def test_all_faults_of_a_pack_come_at_once(tmp_path: Path) -> None:
    """Unknown keys, values and units out of range, wrong kinds, and what is missing."""
    text = """
currency = "EUR"
wage_per_h = -1
operating_days = "many"
wages = 3
petrol_per_litre = { value = 1.5, unit = "EUR/gal", source = "x", confidence = "maker" }
diesel_per_litre = { value = 1.5, source = "x", confidence = "sure" }
exchange = 3
[tax_per_year]
kei = 1
huge = 2
"""
    with pytest.raises(InputError) as caught:
        pack_of(tmp_path, text)
    found = {(fault.code, fault.field) for fault in caught.value.faults}
    fields = {field for _, field in found}
    assert ("costs.range", "wage_per_h") in found
    assert ("costs.key", "wages") in found
    assert ("costs.unit", "petrol_per_litre") in found
    assert ("costs.key", "tax_per_year.huge") in found
    assert ("costs.table", "exchange") in found
    assert {"operating_days", "diesel_per_litre.confidence", "life_years", "insurance_per_year.small"} <= fields
    assert all(fault.where == "ours.toml" and fault.remedy for fault in caught.value.faults)


@pytest.mark.parametrize(
    "text", ["", "currency = 3", 'currency = "EUR"\nbase = "UK"', 'currency = "EUR"\nbase = "JP"', "x ="]
)
def test_a_pack_without_a_head_is_a_fault(tmp_path: Path, text: str) -> None:
    """Currency and base are checked; a base in another currency would price in the wrong money."""
    with pytest.raises(InputError):
        pack_of(tmp_path, text)
