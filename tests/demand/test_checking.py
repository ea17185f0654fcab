"""Stops against the city and the shift."""

from __future__ import annotations

import pytest

from fleetplan.demand.checking import check_stops
from fleetplan.demand.stops import Stop, Stops

BOUNDS = (24.90, 60.15, 25.00, 60.20)
SHIFT = (8 * 3600, 18 * 3600)


def stop(name: str, lat: float, lon: float, window: tuple[int, int] | None = None) -> Stop:
    return Stop(name, lat, lon, "", 1, 1.0, 0.03, 90, window)


def codes(*items: Stop, rows: tuple[int, ...] = ()) -> list[tuple[str, str]]:
    faults = check_stops(Stops(items, label="stops.csv", rows=rows), bounds=BOUNDS, shift_s=SHIFT)
    return [(fault.code, fault.where) for fault in faults]


def test_stops_inside_have_no_fault() -> None:
    """Also on the edge, and a little beyond the outermost street."""
    assert codes(stop("a", 60.17, 24.94), stop("b", 60.15, 25.00), stop("c", 60.204, 24.94)) == []


def test_outside_and_swapped_are_told_apart_with_their_rows() -> None:
    """Swapped coordinates would lie inside: the remedy is another than for a stop in the next town."""
    found = codes(stop("a", 60.17, 24.94), stop("b", 24.94, 60.17), stop("c", 61.0, 24.94), rows=(2, 3, 5))
    assert found == [("stops.swapped", "stops.csv row 3"), ("stops.outside", "stops.csv row 5")]


def test_the_margin_is_half_a_kilometre() -> None:
    """400 m beyond the last street is kept, 600 m is taken for a slip – to the north as to the east."""
    metre = 1 / 111_195
    east = metre / 0.4977  # cos 60.15…60.20
    assert codes(stop("a", 60.20 + 400 * metre, 24.95), stop("b", 60.17, 25.00 + 400 * east)) == []
    found = codes(stop("a", 60.20 + 600 * metre, 24.95), stop("b", 60.17, 25.00 + 600 * east))
    assert [code for code, _ in found] == ["stops.outside", "stops.outside"]


@pytest.mark.parametrize(
    ("window", "wrong"),
    [
        ((0, 8 * 3600 - 1), True),
        ((0, 8 * 3600), False),
        ((9 * 3600, 10 * 3600), False),
        ((18 * 3600, 20 * 3600), False),
        ((18 * 3600 + 1, 20 * 3600), True),
    ],
)
def test_a_window_must_meet_the_shift(window: tuple[int, int], wrong: bool) -> None:
    """A window that ends before or starts after the shift can never be met."""
    assert codes(stop("a", 60.17, 24.94, window)) == ([("stops.window_shift", "stops.csv stop a")] if wrong else [])


def test_one_stop_may_have_both_faults() -> None:
    """Everything at once."""
    found = codes(stop("a", 24.94, 60.17, (0, 60)))
    assert [code for code, _ in found] == ["stops.swapped", "stops.window_shift"]
