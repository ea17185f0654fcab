"""The demand model: expectations worked by hand, and draws whose means are those of the model."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetplan.city.buildings import Use
from fleetplan.city.raw import places_of
from fleetplan.city.streets import Places, Streets
from fleetplan.demand.drawing import chance_of_delivery, draw_loads, draw_parcels, draw_places
from fleetplan.demand.model import (
    basis,
    demand_figures,
    demand_model,
    dwellings_and_workers,
    expected_parcels,
)
from fleetplan.demand.sampling import sample_stops
from tests.city.test_buildings import NODES, STREET, block, ring
from tests.towns import town

HOUSEHOLD = 104.6 * 0.6 / 298 * 0.25
WORKER = 104.6 * 0.4 / 1.2 / 298 * 0.25
"""Parcels a day of one carrier in Finland, for which Germany's parcels stand in."""


def places(*rows: tuple[Use, float], flats: float = math.nan) -> Places:
    """Places of a use and a floor area; ``nan`` for no building."""
    bare = places_of([(24.9, 60.2, int(Use.RETAIL <= use <= Use.INDUSTRY), use.label, use) for use, _ in rows])
    return replace(bare, floor_area_m2=np.array([area for _, area in rows]), flats=np.full(len(rows), flats))


def test_a_town_worked_by_hand() -> None:
    """A block of 20 × 10 m with three levels: 600 m² × 0.8 ÷ 56.4 m² = 8.51 flats, 0.448 parcels a day. A house is one
    household, 0.053. A shop of 10 × 10 m on one level: 80 m² ÷ 18 m² = 4.44 workers, 0.130 parcels."""
    corners = NODES | block("a", 0, 20, 10) | block("b", 50, 12, 8) | block("c", 90, 10, 10)
    ways = [
        STREET,
        (ring("a"), {"building": "apartments", "building:levels": "3", "addr:housenumber": "1"}),
        (ring("b"), {"building": "house", "building:levels": "2", "addr:housenumber": "3"}),
        (ring("c"), {"building": "retail", "building:levels": "1", "shop": "shoes"}),
    ]
    streets = town(nodes=corners, ways=ways, country="FI")
    expected = expected_parcels(streets.places, demand_model("FI"))
    by_hand = [480 / 56.4 * HOUSEHOLD, HOUSEHOLD, 80 / 18 * WORKER]
    assert expected == pytest.approx(by_hand, rel=2e-3)
    assert by_hand == pytest.approx([0.448, 0.0527, 0.130], abs=5e-4)
    assert (
        "demand of 3 stops on one carrier's day, figures for FI: 3 by floor area"
        in sample_stops(streets, 3, seed=0).notes
    )


def test_dwellings_and_workers_worked_by_hand() -> None:
    """Tagged flats decide, a small flat is still a household, an address without a building is an average building,
    a business has at least one worker."""
    model = demand_model("FI")
    table = places((Use.FLATS, 705), (Use.UNKNOWN, 1007.5), (Use.FLATS, 10), (Use.UNKNOWN, math.nan), (Use.HOUSE, 900))
    assert dwellings_and_workers(table, model)[0] == pytest.approx([10, 10, 1, 2.12, 1])
    table = places((Use.OFFICE, 205), (Use.RETAIL, 4), (Use.FOOD, math.nan), (Use.PUBLIC, 625), (Use.NOTHING, math.nan))
    dwellings, workers = dwellings_and_workers(table, model)
    assert workers == pytest.approx([10, 1, 80 / 18, 10, 0])
    assert dwellings == pytest.approx([0, 0, 0, 0, 2.12])
    flats = dwellings_and_workers(places((Use.FLATS, 705), (Use.OFFICE, 205), flats=0.5), model)
    assert flats[0].tolist() == [1, 0] and flats[1] == pytest.approx([0, 10])


def test_no_place_expects_more_than_a_stop_can_take() -> None:
    """A mapper's slip – a tower of a square kilometre – does not fill every vehicle of the fleet."""
    assert expected_parcels(places((Use.OFFICE, 1e8)), demand_model("US")).tolist() == [40]


@pytest.mark.parametrize(
    ("country", "household", "flat_m2"),
    [
        ("JP", 90.4 * 0.6 / 298 * 0.313, 51.1),
        ("US", 162 * 0.6 / 298 * 0.245, 78.7),
        ("GB", 147.9 * 0.6 / 298 * 0.25, 60.3),
        ("FI", HOUSEHOLD, 56.4),
        ("PT", HOUSEHOLD, 60),
        ("BR", 137 * 0.6 / 298 * 0.25, 60),
        ("", 137 * 0.6 / 298 * 0.25, 60),
    ],
)
def test_figures_are_those_of_the_country(country: str, household: float, flat_m2: float) -> None:
    """A country's own figures come first, Europe's stand in for its other countries, the world's for the rest."""
    model = demand_model(country)
    assert model.household_parcels == pytest.approx(household)
    assert model.dwelling_m2[Use.FLATS] == flat_m2
    own = {figure.key.rpartition(".")[2] for figure in model.figures}
    assert not own & ({"JP", "US", "GB", "FI"} - {country})


def test_the_basis_is_told_in_words() -> None:
    """Whoever reads the line knows how much is measured and how much assumed."""
    table = replace(
        places((Use.FLATS, 100), (Use.FLATS, 100), (Use.UNKNOWN, math.nan)), levels_tagged=np.arange(3) == 0
    )
    assert basis(table, np.arange(3)) == "2 by floor area (levels of 1 assumed), 1 without a mapped building"
    assert basis(places((Use.FLATS, 100), flats=3.0), np.arange(1)) == "1 by tagged flats"
    assert basis(table, np.arange(0)) == ""


@settings(max_examples=30, deadline=None)
@given(st.floats(0.001, 40.0), st.sampled_from([1.0, 1.56, 4.0]), st.integers(0, 2**32 - 1))
def test_parcels_have_the_mean_of_the_model(expected: float, together: float, seed: int) -> None:
    """Whatever a place expects: every stop gets at least a parcel, and many such stops average what the model says –
    expected ÷ chance of any delivery."""
    n = 20_000
    drawn = draw_parcels(np.full(n, expected), together, np.random.default_rng(seed))
    assert drawn.min() >= 1
    mean = expected / chance_of_delivery(np.array([expected]), together)[0]
    assert mean == pytest.approx(expected / (1 - math.exp(-expected / together)))
    spread = math.sqrt(mean * (2 * together - 1) + 0.25)
    assert abs(drawn.mean() - mean) < 5.5 * spread / math.sqrt(n)


def test_single_consignments_follow_poisson() -> None:
    """With one parcel per consignment the shares are Poisson's, cut below 1: at 1.2 expected 0.517, 0.310, 0.124."""
    drawn = draw_parcels(np.full(200_000, 1.2), 1.0, np.random.default_rng(3))
    shares = np.bincount(drawn, minlength=5)[1:5] / len(drawn)
    by_hand = [math.exp(-1.2) * 1.2**k / math.factorial(k) / (1 - math.exp(-1.2)) for k in range(1, 5)]
    assert by_hand[:3] == pytest.approx([0.517, 0.310, 0.124], abs=5e-4)
    assert shares == pytest.approx(by_hand, abs=0.005)


def test_loads_of_a_large_sample_have_the_means_of_a_parcel() -> None:
    """Kilograms and cubic metres spread, but 300,000 parcels together weigh what parcel_kg and parcel_m3 say."""
    parcels = np.full(100_000, 3)
    weight_kg, volume_m3 = draw_loads(parcels, np.random.default_rng(1), figures=demand_figures())
    assert weight_kg.sum() / parcels.sum() == pytest.approx(0.9, rel=0.03)
    assert volume_m3.sum() / parcels.sum() == pytest.approx(0.0283, rel=0.01)
    assert np.percentile(weight_kg, 90) > 4 * np.percentile(weight_kg, 10)
    assert weight_kg.max() <= 90 and volume_m3.max() <= 0.45 and weight_kg.min() > 0 and volume_m3.min() > 0
    assert 0.3 < np.corrcoef(np.log(weight_kg), np.log(volume_m3))[0, 1] < 0.7


@settings(max_examples=25, deadline=None)
@given(st.floats(0.05, 10.0), st.floats(0.0, 1.8), st.floats(1.5, 100.0))
def test_the_mean_holds_whatever_the_spread_and_the_cut(mean: float, spread: float, cut: float) -> None:
    """Own figures of spread and limit move single parcels, never the mean."""
    figures = dict(demand_figures())
    for key, value in (("parcel_kg", mean), ("parcel_kg_spread", spread), ("parcel_kg_most", mean * cut)):
        figures[key] = replace(figures[key], value=value)
    n = 40_000
    weight_kg, _ = draw_loads(np.ones(n, np.int64), np.random.default_rng(0), figures=figures)
    slack = 5.5 * weight_kg.std() / math.sqrt(n) + 1e-3
    assert abs(weight_kg.mean() - mean) < slack + 0.01 * mean
    assert weight_kg.max() <= mean * cut + 1e-3


def test_draws_of_places_follow_the_chance() -> None:
    """The first place drawn is each with its share of the chances; all are drawn once when all are wanted."""
    chance = np.array([0.1, 0.2, 0.7])
    rng = np.random.default_rng(0)
    first = np.bincount([draw_places(chance, 1, rng)[0] for _ in range(20_000)], minlength=3) / 20_000
    assert first == pytest.approx(chance, abs=0.02)
    assert sorted(draw_places(chance, 9, rng)) == [0, 1, 2]
    assert chance_of_delivery(np.array([1.56]), 1.56)[0] == pytest.approx(1 - math.exp(-1))


def test_helsinki_makes_a_plausible_day(helsinki_path: Path) -> None:
    """Parcels per stop lie between one per bell and what Germany's carriers leave per recipient and large houses get
    (1.56 together); homes and businesses both get their part; figures that decided are those of Finland or Europe."""
    stops = sample_stops(Streets.from_file(helsinki_path), 600, seed=1)
    parcels = [stop.parcels for stop in stops]
    assert 1.6 < np.mean(parcels) < 3.5
    assert 0.3 < np.mean(np.array(parcels) == 1) < 0.7
    assert "by floor area (levels of" in stops.notes[0] and "figures for FI" in stops.notes[0]


def test_osaka_without_buildings_stands_along_its_streets(shared_data: Path) -> None:
    """An extract without buildings and addresses still gives a day, and says that it is an average."""
    stops = sample_stops(Streets.from_file(shared_data / "osm" / "osaka-abeno.osm.pbf"), 300, seed=1)
    assert stops.notes == (
        "demand of 300 stops on one carrier's day, figures for JP: 300 as the average building along a street",
        "300 of 300 stops are points along streets",
    )
    assert 1.4 < np.mean([stop.parcels for stop in stops]) < 1.9


def test_porto_is_drawn_from_its_buildings(shared_data: Path) -> None:
    """11,353 outlines: nearly all stops stand at one, and their parcels average what all places expect, divided by
    the number of places that get a delivery."""
    streets = Streets.from_file(shared_data / "osm" / "porto-old-town.osm.pbf")
    stops = sample_stops(streets, 2000, seed=2)
    by_area = re.search(r": (\d+) by floor area", stops.notes[0])
    assert by_area is not None and int(by_area[1]) > 1950
    model = demand_model(streets.country)
    expected = expected_parcels(streets.places, model)
    mean = expected.sum() / chance_of_delivery(expected, model.consignment_parcels).sum()
    assert np.mean([stop.parcels for stop in stops]) == pytest.approx(mean, rel=0.12)
