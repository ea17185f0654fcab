"""A fitted model of the road area's width: boosted trees of depth three, a map to the pinch, and spreads.

The file says what it was fitted on and how. Prediction is plain numpy: the sum of one leaf per tree is the logarithm
of the width.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleetplan.city.classes import Highway
from fleetplan.city.evidence import FEATURES
from fleetplan.city.streets import Floats
from fleetplan.errors import FleetplanError

SCHEMA = "fleetplan.width-model/1"
_SPLITS = 7  # of a whole tree of depth three, its root first, then level by level


@dataclass(frozen=True, eq=False)
class RoadArea:
    """Predicted width of the road area between its edges, pavements included, in metres.

    Attributes:
        width_m: typical width (median along the street).
        lo_m, hi_m: its 80 % interval.
        pinch_m: 10th percentile along the street, set so that the kilometres of streets by width come out as surveyed.
        pinch_lo_m, pinch_hi_m: its 80 % interval.
    """

    width_m: Floats
    lo_m: Floats
    hi_m: Floats
    pinch_m: Floats
    pinch_lo_m: Floats
    pinch_hi_m: Floats


@dataclass(frozen=True, eq=False)
class WidthModel:
    """A model as it stands in its file (see :func:`read_model`)."""

    source: str
    date: str
    classes: tuple[int, ...]
    base: float
    feature: NDArray[np.int64]
    threshold: NDArray[np.float32]
    value: Floats
    pinch: tuple[Floats, Floats]
    spread: tuple[Floats, Floats, Floats]
    pinch_spread: tuple[Floats, Floats, Floats]
    class_median: dict[str, tuple[float, float]]

    def log_width(self, features: NDArray[np.float32]) -> Floats:
        """Logarithm of the predicted width in metres of each row of ``features`` (columns as in ``FEATURES``)."""
        return trees_sum(features, self.feature, self.threshold, self.value) + self.base

    def predict(self, features: NDArray[np.float32]) -> RoadArea:
        """Width, pinch and intervals of each row of ``features``."""
        log_m = self.log_width(features)
        at, shift = self.pinch
        pinch = log_m + np.interp(log_m, at, shift)
        low, high = (log_m + np.interp(log_m, self.spread[0], side) for side in self.spread[1:])
        pinch_low, pinch_high = (log_m + np.interp(log_m, self.pinch_spread[0], side) for side in self.pinch_spread[1:])
        pinch = np.minimum(pinch, log_m)
        return RoadArea(
            width_m=np.exp(log_m),
            lo_m=np.exp(np.minimum(low, log_m)),
            hi_m=np.exp(np.maximum(high, log_m)),
            pinch_m=np.exp(pinch),
            pinch_lo_m=np.exp(np.minimum(pinch_low, pinch)),
            pinch_hi_m=np.exp(np.maximum(pinch_high, pinch)),
        )


def trees_sum(
    features: NDArray[np.float32], feature: NDArray[np.int64], threshold: NDArray[np.float32], value: Floats
) -> Floats:
    """Sum over trees of the leaf that each row falls into, ``float64[rows]``.

    Args:
        features: ``float32[rows, features]``.
        feature, threshold: ``[trees, 7]``: at a split, rows whose feature is at most the threshold go left.
        value: ``float64[trees, 8]``: the leaves from left to right.
    """
    columns = np.ascontiguousarray(features.T)
    total = np.zeros(len(features))
    for splits, limits, leaves in zip(feature, threshold, value, strict=True):
        right = [columns[split] > limit for split, limit in zip(splits, limits, strict=True)]
        second = np.where(right[0], right[2], right[1])
        third = np.where(right[0], np.where(second, right[6], right[5]), np.where(second, right[4], right[3]))
        total += leaves[4 * right[0] + 2 * second + third]
    return total


def read_model(path: Path) -> WidthModel:
    """A model from its JSON file.

    Raises:
        FleetplanError: the file was written for other features than this version computes.
    """
    return model_of(json.loads(path.read_text(encoding="utf-8")), name=path.name)


def model_of(document: dict[str, Any], *, name: str = "model") -> WidthModel:
    """A model from the content of its file.

    Raises:
        FleetplanError: as :func:`read_model`.
    """
    if document.get("schema") != SCHEMA or tuple(document["features"]) != FEATURES:
        raise FleetplanError(f"{name} was not fitted for this version; run python -m tests.fitting.widths again")
    trees = document["trees"]
    return WidthModel(
        source=document["source"],
        date=document["date"],
        classes=tuple(int(Highway[word.upper()]) for word in document["classes"]),
        base=float(document["base"]),
        feature=np.array(trees["feature"], dtype=np.int64).reshape(-1, _SPLITS),
        threshold=np.array(trees["threshold"], dtype=np.float32).reshape(-1, _SPLITS),
        value=np.array(trees["value"], dtype=np.float64).reshape(-1, _SPLITS + 1),
        pinch=_knots(document["pinch"], "at", "shift"),
        spread=_knots(document["spread"], "at", "lo", "hi"),
        pinch_spread=_knots(document["pinch_spread"], "at", "lo", "hi"),
        class_median={key: (float(width), float(pinch)) for key, (width, pinch) in document["class_median"].items()},
    )


def _knots(table: dict[str, Any], *names: str) -> Any:
    return tuple(np.array(table[name], dtype=np.float64) for name in names)
