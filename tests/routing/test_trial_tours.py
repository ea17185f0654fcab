"""How much of the mean cost of keeping headings a tour really pays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from fleetplan.routing.trial_tours import LEAST_POINTS, paid_share


def ring(n: int) -> np.ndarray:
    """Points on a circle, 60 s from one to the next."""
    step = np.abs(np.arange(n)[:, None] - np.arange(n)[None, :])
    return 60.0 * np.minimum(step, n - step)


@pytest.mark.parametrize(("longer_ms", "share"), [(0, 0.0), (2500, 0.5), (5000, 1.0), (99_000, 2.0)])
def test_the_share_is_what_the_tour_took_longer(longer_ms: int, share: float) -> None:
    """30 points of 5 s mean excess; the best tour runs round the circle in 30 legs of 60 s."""
    n = 30
    excess = np.full(n, 5.0)
    tours: list[Sequence[int]] = []

    def drive(tour: Sequence[int]) -> list[int]:
        tours.append(tour)
        return [60_000 + longer_ms for _ in tour[1:]]

    assert paid_share(ring(n), excess, drive) == pytest.approx(share)
    assert sorted(tours[0][:-1]) == list(range(n))
    assert tours[0][0] == tours[0][-1] == 0
    steps = np.diff(tours[0]) % n
    assert set(steps.tolist()) in ({1}, {n - 1}), "the shortest tour there is"


def test_too_few_points_or_nothing_to_share_say_nothing() -> None:
    """No tour is driven then, and the mean stands."""

    def refuse(_tour: Sequence[int]) -> list[int]:
        raise AssertionError("nothing is to be driven")

    few = LEAST_POINTS - 1
    assert paid_share(ring(few), np.full(few, 5.0), refuse) == 1.0
    assert paid_share(ring(30), np.zeros(30), refuse) == 1.0
