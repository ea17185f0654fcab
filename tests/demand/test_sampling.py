"""Sampled stops: repeatable, distinct, near streets, and a plausible day."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fleetplan.city.classes import AccessTag, Highway
from fleetplan.city.streets import Places, Streets
from fleetplan.demand.drawing import chance_of_delivery
from fleetplan.demand.files import read_stops, write_stops
from fleetplan.demand.model import demand_model, expected_parcels
from fleetplan.demand.sampling import sample_stops
from fleetplan.demand.stops import Stops
from fleetplan.errors import InputError
from tests.demand.towns import METRE_LAT, METRE_LON, Road, position, town

MAIN = Road([(0, 0), (500, 0), (1000, 0)])
HOSTILE = "<img src=x onerror=alert(1)>"


def metres(stops: Stops) -> np.ndarray:
    """East and north of each stop in metres."""
    lon0, lat0 = position(0, 0)
    return np.array([((s.lon - lon0) / METRE_LON, (s.lat - lat0) / METRE_LAT) for s in stops])


def row_of_places(n: int, *, kind: int = 0) -> list[tuple[float, float, int, str]]:
    return [(10.0 * i, 20.0, kind, f"place {i}") for i in range(n)]


def test_the_same_seed_draws_the_same_stops() -> None:
    """A scenario with `sample = 30` is the same day on every machine; another seed is another day."""
    streets = town([MAIN], row_of_places(90))
    first = sample_stops(streets, 30, seed=3)
    assert sample_stops(streets, 30, seed=3) == first
    assert sample_stops(streets, 30, seed=4) != first
    assert [stop.id for stop in first] == [f"s{i:03d}" for i in range(1, 31)]
    assert first.label == "sample of 30"
    assert first.notes == ("demand of 30 stops on one carrier's day, figures for FI: 30 without a mapped building",)


def test_the_order_in_which_places_were_found_does_not_matter() -> None:
    """Another reader's order of the same places gives the same draw."""
    streets = town([MAIN], row_of_places(60) + row_of_places(20, kind=1))
    order = np.random.default_rng(1).permutation(len(streets.places))
    mixed = Places(**{key: np.array(column)[order] for key, column in vars(streets.places).items()})
    assert sample_stops(replace(streets, places=mixed), 40, seed=5) == sample_stops(streets, 40, seed=5)


def test_places_are_drawn_once_each() -> None:
    """All places there are, each once – also several shops at one address."""
    shops = [(50.0, 10.0, 1, f"shop {i}") for i in range(4)]
    found = sample_stops(town([MAIN], shops), 4, seed=0)
    assert sorted(stop.name for stop in found) == [f"shop {i}" for i in range(4)]
    assert len({stop.id for stop in found}) == 4


def test_only_places_near_a_street_that_vehicles_use() -> None:
    """150 m from a street is near; beyond it, and beside paths, tunnels, motorways and closed streets, is not."""
    roads = [
        MAIN,
        Road([(1000, 0), (1000, 400)], Highway.MOTORWAY),
        Road([(1000, 400), (2000, 400)], tunnel=True),
        Road([(1000, 400), (1000, 1400)], Highway.FOOTWAY),
        Road([(0, 0), (0, -1000)], motor_access=AccessTag.PRIVATE),
        Road([(0, 0), (-1000, 0)], open=False),
    ]
    places = [
        (500.0, 149.0, 0, "near"),
        (500.0, 151.0, 0, "far"),
        (1010.0, 300.0, 0, "motorway"),
        (1900.0, 410.0, 0, "tunnel"),
        (1010.0, 1200.0, 0, "path"),
        (10.0, -900.0, 0, "private"),
        (-900.0, 10.0, 0, "closed"),
    ]
    found = sample_stops(town(roads, places), 2, seed=0)
    assert found[0].name == "near"
    assert found[1].name.startswith("Street ")
    assert found.notes == (
        "demand of 2 stops on one carrier's day, figures for FI: 1 without a mapped building, "
        "1 as the average building along a street",
        "addresses, businesses and buildings are too few: the rest stands along streets (1 of 2)",
    )


def test_streets_that_hang_together_with_nothing_get_no_stops() -> None:
    """A clipped-off piece could never be reached from a depot in the city."""
    island = Road([(5000, 0), (5300, 0)])
    streets = town([MAIN, island], [(5100.0, 0.0, 0, "island"), (100.0, 0.0, 0, "town")])
    assert [stop.name for stop in sample_stops(streets, 1, seed=1)] == ["town"]
    assert metres(sample_stops(streets, 60, seed=1))[:, 0].max() <= 1000.1


def test_a_piece_is_connected_through_long_chains() -> None:
    """Connectedness is found however long the chain and whatever the order of its nodes."""
    order = np.random.default_rng(0).permutation(60)
    chain = [Road([(100.0 * i, 0), (100.0 * i + 100, 0)]) for i in order]
    pieces = [Road([(100.0 * i, 900), (100.0 * i + 50, 900)]) for i in range(50)]
    found = metres(sample_stops(town([*pieces, *chain]), 200, seed=0))
    assert np.abs(found[:, 1]).max() < 0.2
    assert found[:, 0].max() > 5500 and found[:, 0].min() < 500


def test_without_places_stops_spread_along_streets_by_length() -> None:
    """900 m of one street get about nine times the stops of 100 m of another, evenly along; bends are followed."""
    long, short = Road([(0, 0), (600, 0), (600, 300)]), Road([(0, 0), (0, -100)])
    found = sample_stops(town([long, short]), 1000, seed=2)
    east, north = metres(found).T
    on_short = north < -0.1
    assert 60 <= on_short.sum() <= 140
    on_line = (np.abs(north) < 0.2) | (np.abs(east - 600) < 0.2) | (on_short & (np.abs(east) < 0.2))
    assert on_line.all()
    assert 250 <= ((north > 0.1) & ~on_short).sum() <= 350
    assert set(Counter(stop.name for stop in found)) == {"Street 0", "Street 1"}
    assert found.notes[1:] == ("1000 of 1000 stops are points along streets",)
    assert [found[0].id, found[-1].id] == ["s0001", "s1000"]


def test_lived_in_streets_come_before_service_roads() -> None:
    """Points along streets stand where people live, unless there is nothing else."""
    service = Road([(0, 0), (0, 3000)], Highway.SERVICE)
    assert {stop.name for stop in sample_stops(town([service, MAIN]), 50, seed=0)} == {"Street 1"}
    assert {stop.name for stop in sample_stops(town([service]), 5, seed=0)} == {"Street 0"}


def test_likelier_places_are_drawn_more_often() -> None:
    """A shop of 100 m² (4.4 workers) gets a delivery about 1.1 times as often as an address of 2.12 dwellings; the
    draw follows the chance, so that a shop is no rarer or commoner than the model says."""
    places = row_of_places(1000) + [(1.0 * i, -20.0, 1, f"shop {i}") for i in range(1000)]
    streets = town([MAIN], [(east % 1000, north, kind, label) for east, north, kind, label in places])
    model = demand_model("FI")
    chance = chance_of_delivery(expected_parcels(streets.places, model), model.consignment_parcels)
    shops = sum(stop.name.startswith("shop") for seed in range(20) for stop in sample_stops(streets, 50, seed=seed))
    expected = 1000 * chance[-1] / (chance[0] + chance[-1])
    assert 1.05 < chance[-1] / chance[0] < 1.2
    assert abs(shops - expected) < 4 * np.sqrt(1000 * 0.25)


def test_stops_carry_what_they_were_computed_from() -> None:
    """A comparison of sampled stops lists the assumptions of the demand; stops that were read have none."""
    found = sample_stops(town([MAIN], row_of_places(9)), 5, seed=0)
    keys = {figure.key for figure in found.figures}
    assert {"carrier_share.world", "parcels_per_household_year.EU", "parcel_kg_spread"} <= keys
    assert not any(key.endswith((".JP", ".US", ".GB")) for key in keys)


def test_hostile_labels_stay_text(tmp_path: Path) -> None:
    """Names of OpenStreetMap are carried as they are, through the file too."""
    found = sample_stops(town([MAIN], [(10.0, 0.0, 0, HOSTILE)]), 1, seed=0)
    write_stops(found, tmp_path / "stops.csv")
    assert read_stops(tmp_path / "stops.csv")[0].name == found[0].name == HOSTILE


@pytest.mark.parametrize(("n", "seed", "code"), [(0, 0, "sample.size"), (-3, 0, "sample.size"), (1, -1, "sample.seed")])
def test_impossible_samples_are_faults(n: int, seed: int, code: str) -> None:
    """Told with their remedy."""
    with pytest.raises(InputError) as caught:
        sample_stops(town([MAIN]), n, seed=seed)
    assert caught.value.faults[0].code == code


def test_a_city_without_streets_is_a_fault() -> None:
    """Footways alone cannot be delivered along."""
    with pytest.raises(InputError) as caught:
        sample_stops(town([Road([(0, 0), (9, 9)], Highway.FOOTWAY)]), 1, seed=0)
    assert caught.value.faults[0].code == "sample.streets"


@pytest.fixture(scope="module")
def helsinki(helsinki_path: Path) -> Streets:
    return Streets.from_file(helsinki_path)


def test_the_demo_stops_stand_at_places_of_the_extract(helsinki: Streets, helsinki_path: Path) -> None:
    """The kept file was drawn by an earlier sampling and stays, for the README quotes its plan; its stops must still
    be addresses and businesses of the bundled extract, by name and place."""
    places = helsinki.places
    known = {
        (f"{lat:.6f}", f"{lon:.6f}", label)
        for lat, lon, label in zip(places.lat, places.lon, places.label, strict=True)
    }
    stops = read_stops(helsinki_path.with_name("helsinki-stops.csv"))
    missing = [stop.name for stop in stops if (f"{stop.lat:.6f}", f"{stop.lon:.6f}", stop.name) not in known]
    assert missing == []


def test_the_same_seed_writes_the_same_bytes(helsinki: Streets, tmp_path: Path) -> None:
    """Files of stops are repeatable on a real city, whose places come from buildings, addresses and shops."""
    for name in ("one.csv", "two.csv"):
        write_stops(sample_stops(helsinki, 80, seed=7), tmp_path / name)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


def test_the_demo_stops_make_a_plausible_day(helsinki_path: Path) -> None:
    """80 places, 1.5 to 2.5 parcels each, some more; more than one kei van's load and less than a full-size van's."""
    stops = read_stops(helsinki_path.with_name("helsinki-stops.csv"))
    assert len(stops) == 80 and stops.notes == ()
    parcels = [stop.parcels for stop in stops]
    assert 1.5 <= np.mean(parcels) <= 2.5 and max(parcels) >= 5
    assert 3.28 * 0.7 < sum(stop.volume_m3 for stop in stops) < 11.0 * 0.7
