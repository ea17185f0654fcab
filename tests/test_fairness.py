"""Laws that a fair comparison of fleets obeys, on real streets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import fleetplan as fp
from fleetplan.figures import Figure

DEPOT = (60.17099, 24.93872)
EFFORT = 60


@pytest.fixture(scope="module")
def helsinki() -> fp.Streets:
    """The bundled city."""
    from fleetplan.study.scenarios import load_city

    return load_city("helsinki")


@pytest.fixture(scope="module")
def day(helsinki: fp.Streets) -> fp.Stops:
    """Fourteen stops, heavy enough that a kei van needs more than one trip."""
    drawn = fp.sample_stops(helsinki, 14, seed=3)
    return replace(drawn, items=tuple(replace(stop, volume_m3=0.25, demand_kg=20.0) for stop in drawn))


def compare(streets: fp.Streets, stops: fp.Stops, **changes: Any) -> dict[str, Any]:
    """A comparison document at low effort."""
    arguments: dict[str, Any] = {
        "depot": DEPOT,
        "fleets": {"kei": ["kei-van"], "van": ["full-size-van"], "mixed": ["kei-van", "full-size-van"]},
        "seed": 5,
        "effort": EFFORT,
        "costs": "demo",
    }
    return fp.compare(streets, stops, **(arguments | changes)).to_dict()


@pytest.fixture(scope="module")
def plain(helsinki: fp.Streets, day: fp.Stops) -> dict[str, Any]:
    """The comparison that the laws below refer to."""
    return compare(helsinki, day)


def total(document: dict[str, Any], fleet: str) -> float:
    """Cost of a fleet."""
    return float(document["fleets"][fleet]["cost"]["total"])


def test_mixed_is_never_worse_than_the_better_pure_fleet(plain: dict[str, Any]) -> None:
    """Protects the mix: whoever may use both types can use either alone."""
    assert total(plain, "mixed") <= min(total(plain, "kei"), total(plain, "van")) + 1e-6


def test_the_same_vehicle_under_two_names_costs_the_same(helsinki: fp.Streets, day: fp.Stops) -> None:
    """Protects against a name deciding: a renamed copy of the kei van gets the same plan and cost."""
    kei = fp.vehicle("kei-van")
    document = compare(helsinki, day, fleets={"a": [kei], "b": [replace(kei, name="another-van")]})
    a, b = (dict(document["fleets"][name]) for name in "ab")
    assert a["cost"] == b["cost"]
    assert a["drive_m"] == b["drive_m"]


def test_doubled_prices_double_the_cost(helsinki: fp.Streets, day: fp.Stops, plain: dict[str, Any]) -> None:
    """Protects the objective from depending on the currency's size: twice the prices, the same plan, twice the cost."""
    from fleetplan.fleet.pricing import cost_pack

    pack = cost_pack("demo")
    money = {
        key: replace(figure, value=figure.value * 2) if pack.currency in figure.unit else figure
        for key, figure in pack.figures.items()
    }
    doubled = compare(
        helsinki,
        day,
        costs=replace(pack, figures=money),
        fleets={"van": [_dearer(fp.vehicle("full-size-van"), factor=2.0)]},
    )
    assert total(doubled, "van") == pytest.approx(2 * total(plain, "van"), rel=1e-6)
    assert doubled["fleets"]["van"]["drive_m"] == plain["fleets"]["van"]["drive_m"]


def _dearer(vehicle: fp.Vehicle, *, factor: float) -> fp.Vehicle:
    """The vehicle with all its prices multiplied, in the attribute and in the figures behind it."""
    figures: dict[str, Figure] = {
        key: replace(figure, value=figure.value * factor) if key.startswith("price.") else figure
        for key, figure in vehicle.figures.items()
    }
    return replace(vehicle, price={code: amount * factor for code, amount in vehicle.price.items()}, figures=figures)


def test_a_longer_walk_never_leaves_more_unserved(helsinki: fp.Streets, day: fp.Stops) -> None:
    """Protects park-and-walk: allowing more walking can only reach more stops."""
    unserved = [
        compare(helsinki, day, fleets={"van": ["full-size-van"]}, max_walk_m=metres)["fleets"]["van"]["parcels"][
            "unserved"
        ]
        for metres in (0.0, 10.0, 40.0, 150.0)
    ]
    assert unserved == sorted(unserved, reverse=True)
    assert unserved[0] > unserved[-1]


def test_wider_streets_give_kei_and_van_the_same_access(helsinki: fp.Streets) -> None:
    """Protects the reason of a difference: three metres more on every street, and no street tells them apart."""
    stretches = helsinki.stretches
    wider = replace(
        stretches,
        **{
            name: getattr(stretches, name) + 3.0
            for name in ("width_m", "width_min_m", "width_lo_m", "width_hi_m", "road_width_m")
        },
        maxwidth_m=np.full(len(stretches), np.nan),
    )
    frame = replace(helsinki, stretches=wider).frame(["kei-van", "full-size-van"])
    kei, van = frame["band_kei-van"], frame["band_full-size-van"]
    room = kei.isin(["free", "squeezed", "blocked_room"]) & van.isin(["free", "squeezed", "blocked_room"])
    assert (kei[room] != "blocked_room").all()
    assert (van[room] != "blocked_room").all()


def test_order_of_stops_and_fleets_changes_nothing(helsinki: fp.Streets, day: fp.Stops, plain: dict[str, Any]) -> None:
    """Protects repeatability: the same stops and fleets in another order give the same answer."""
    turned = replace(day, items=tuple(reversed(day.items)))
    document = compare(
        helsinki,
        turned,
        fleets={"mixed": ["full-size-van", "kei-van"], "van": ["full-size-van"], "kei": ["kei-van"]},
    )
    assert document["fleets"] == plain["fleets"]
    assert document["differences"] == plain["differences"]
