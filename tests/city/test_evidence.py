"""What the network's shape tells: features worked by hand on small plans, and how they behave."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from fleetplan.city.evidence import FEATURES, GAP_LIMIT_M, NEAR_LIMIT_M, features_of
from fleetplan.city.streets import Streets
from tests.city.areas import streets_on_grid


def features(streets: Streets) -> dict[str, NDArray[np.float32]]:
    """Columns by name, for all stretches."""
    n = len(streets.stretches)
    matrix = features_of(streets.nodes, streets.stretches, class_tag_m=np.zeros(n), wanted=np.ones(n, dtype=bool))
    return dict(zip(FEATURES, matrix.T, strict=True))


# A main street of two stretches goes straight on at (0, 0); a lane of one stretch ends on it there; a dead end.
LINES = [[(-60.0, 0.0), (0.0, 0.0)], [(0.0, 0.0), (90.0, 0.0)], [(0.0, 0.0), (0.0, 40.0)]]
TAGS = [{"highway": "tertiary", "name": "Main"}, {"highway": "tertiary", "name": "Main"}, {"highway": "residential"}]


def test_strokes_and_stems() -> None:
    """The main street goes on through the junction: one stroke of 150 m; the lane meets it as a stem."""
    found = features(streets_on_grid(LINES, tags=TAGS))
    assert np.exp(found["stroke_length"]) == pytest.approx([150, 150, 40], rel=1e-3)
    assert found["stems"].tolist() == [0, 0, 1]
    assert found["continues"].tolist() == [1, 1, 0]
    assert np.exp(found["cross_stroke_high"]) == pytest.approx([40, 40, 150], rel=1e-3)
    assert found["stroke_dead_ends"].tolist() == [2, 2, 1]


def test_a_bend_of_more_than_45_degrees_ends_a_stroke() -> None:
    """A right angle is no continuation; 30 degrees are one."""
    bent = [[(0.0, 0.0), (50.0, 0.0)], [(50.0, 0.0), (50.0, 50.0)]]
    assert np.exp(features(streets_on_grid(bent))["stroke_length"]) == pytest.approx([50, 50], rel=1e-3)
    slight = [bent[0], [(50.0, 0.0), (50.0 + 50 * math.cos(math.pi / 6), 25.0)]]
    assert np.exp(features(streets_on_grid(slight))["stroke_length"]) == pytest.approx([100, 100], rel=1e-3)


def test_classes_at_the_ends() -> None:
    """The lane meets a tertiary street at one end and nothing at the other."""
    found = features(streets_on_grid(LINES, tags=TAGS))
    assert found["rank"].tolist() == [5, 5, 3]
    assert (found["rank_beside_high"][2], found["rank_beside_low"][2]) == (5, 0)
    assert found["dead_end"].tolist() == [1, 1, 1]
    assert found["named"].tolist() == [1, 1, 0]


def test_distances_to_parallel_streets() -> None:
    """Parallels 20 m and 35 m away on the two sides; a crossing street is no parallel; nothing within 60 m is 60."""
    lines = [[(0.0, 0.0), (100.0, 0.0)], [(0.0, 20.0), (100.0, 20.0)], [(0.0, -35.0), (100.0, -35.0)]]
    found = features(streets_on_grid([*lines, [(50.0, 5.0), (50.0, 15.0)]]))
    assert (found["gap_near_m"][0], found["gap_far_m"][0]) == pytest.approx((20, 35), rel=1e-3)
    assert (found["gap_near_m"][1], found["gap_far_m"][1]) == pytest.approx((20, GAP_LIMIT_M), rel=1e-3)


def test_distances_to_larger_streets() -> None:
    """A lane 30 m from a primary street; beyond the limit nothing is said."""
    lines = [[(0.0, 0.0), (100.0, 0.0)], [(0.0, 30.0), (100.0, 30.0)]]
    found = features(streets_on_grid(lines, tags=[{"highway": "residential"}, {"highway": "primary"}]))
    assert found["to_major_m"][0] == pytest.approx(30, rel=1e-3)
    assert features(streets_on_grid(lines))["to_major_m"].tolist() == [NEAR_LIMIT_M, NEAR_LIMIT_M]


def test_density_around() -> None:
    """One street of 100 m in the nine cells of 100 m: 1.11 km per square kilometre, all of its class."""
    found = features(streets_on_grid([[(0.0, 0.0), (100.0, 0.0)]]))
    assert found["density_100"][0] == pytest.approx(100 / 90_000 * 1000, rel=1e-3)
    assert found["rank_100"][0] == pytest.approx(3.0)
    assert found["straight_100"][0] == pytest.approx(1.0, rel=1e-3)


def test_features_do_not_depend_on_how_a_way_is_drawn() -> None:
    """A way drawn the other way round has the same features: nothing is left or right of a street."""
    there = features(streets_on_grid(LINES, tags=TAGS))
    back = features(streets_on_grid([line[::-1] for line in LINES], tags=TAGS))
    for name in FEATURES:
        assert back[name] == pytest.approx(there[name], rel=1e-4, abs=1e-4), name


def test_features_of_some_are_those_of_all() -> None:
    """Asking for some stretches gives their rows of the whole."""
    streets = streets_on_grid(LINES, tags=TAGS)
    every = np.ones(3, dtype=bool)
    some = np.array([False, True, True])
    ask = {"class_tag_m": np.zeros(3)}
    whole = features_of(streets.nodes, streets.stretches, wanted=every, **ask)
    assert np.array_equal(features_of(streets.nodes, streets.stretches, wanted=some, **ask), whole[some])
