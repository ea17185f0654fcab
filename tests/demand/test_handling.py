"""Parcels, time at the door, and walking with a load."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetplan.demand.handling import (
    handling_figures,
    parcel_load,
    round_half_up,
    rounds,
    service_seconds,
    walk_seconds,
)
from fleetplan.demand.model import demand_figures
from fleetplan.figures import CONFIDENCES, bundled_figures


def test_every_figure_has_its_source() -> None:
    """The files of deliveries, demand and buildings are sourced throughout; only unproven figures name no page."""
    for figures in (handling_figures(), demand_figures(), bundled_figures("buildings.toml")):
        for figure in figures.values():
            assert figure.confidence in CONFIDENCES and figure.source.strip() and figure.date
            assert "http" in figure.source or figure.unproven, figure.key


def test_defaults_worked_by_hand() -> None:
    """Three parcels: 3 × 0.9 kg, 3 × 0.0283 m³, 60 s + 3 × 30 s."""
    assert parcel_load(3) == (2.7, 0.0849)
    assert service_seconds(3) == 150


@pytest.mark.parametrize(
    ("weight_kg", "volume_m3", "expected"),
    [(0, 0, 1), (20, 0.12, 1), (20.001, 0, 2), (0, 0.1201, 2), (60, 0.12, 3), (41, 0.5, 5), (0.1 * 200, 0, 1)],
)
def test_rounds_worked_by_hand(weight_kg: float, volume_m3: float, expected: int) -> None:
    """20 kg or 0.12 m³ go in one round; the scarcer of the two decides; a full round needs no second."""
    assert rounds(weight_kg, volume_m3) == expected


def test_rounds_forgive_the_last_bit_of_a_sum() -> None:
    """A sum of parcels that is 20.000000000000004 kg is 20 kg."""
    assert rounds(sum([0.1] * 200), 0) == 1


def test_walk_worked_by_hand() -> None:
    """120 m at 1.2 m/s are 100 s: one round is out 100 and back 100; three rounds leave five ways."""
    assert walk_seconds(120, 1) == (100, 100)
    assert walk_seconds(120, 3) == (100, 500)
    assert walk_seconds(0, 4) == (0, 0)


def test_halves_go_up() -> None:
    """0.6 m are half a second: up, never to the nearest even number."""
    assert walk_seconds(0.6, 1) == (1, 1)
    assert [round_half_up(x) for x in (0.5, 1.5, 2.5, 2.49)] == [1, 2, 3, 2]


def test_own_figures_move_the_result() -> None:
    """An assumption can be changed without touching the bundled file."""
    figures = dict(handling_figures())
    figures["carry_kg"] = replace(figures["carry_kg"], value=5.0)
    figures["walk_speed_mps"] = replace(figures["walk_speed_mps"], value=0.6)
    assert rounds(20, 0, figures=figures) == 4
    assert walk_seconds(120, 1, figures=figures) == (200, 200)


@given(st.floats(0, 5000), st.floats(0, 50), st.floats(0, 2000))
def test_more_load_never_walks_less(weight_kg: float, volume_m3: float, walk_m: float) -> None:
    """Rounds carry the whole load, and walking grows with load and distance."""
    found = rounds(weight_kg, volume_m3)
    assert found * 20 >= weight_kg - 1e-6 and found * 0.12 >= volume_m3 - 1e-6
    assert rounds(weight_kg * 2, volume_m3 * 2) >= found
    out_s, back_s = walk_seconds(walk_m, found)
    assert abs(out_s + back_s - 2 * found * walk_m / 1.2) <= 1
    assert walk_seconds(walk_m + 10, found)[0] >= out_s
