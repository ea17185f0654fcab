"""Fits the model of road areas' widths that a country pack ships, from surveyed widths.

``python -m tests.fitting.widths --osm osaka-abeno.osm.pbf --measured osaka-abeno-measured-widths.json`` writes
``data/widths/JP-streets.json`` and the list of ways it has seen. Needs scikit-learn (the ``dev`` extra).

1. Boosted trees of depth three predict the logarithm of a way's median width from each stretch's features, weighted by
   length. The sum of squares in logarithms asks for the typical width.
2. A prediction is less spread than the truth: rare narrow alleys are drawn to the middle, and whoever counts the
   kilometres too narrow for a van counts too few. So the pinch is mapped such that predictions made out of fold are
   distributed as the surveyed pinches are (by length), up to the 80th percentile; beyond, bands do not depend on it.
3. Spreads are the 10th and 90th percentiles of out-of-fold errors, by predicted width.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleetplan.city.classes import Highway
from fleetplan.city.evidence import FEATURES
from fleetplan.city.width_model import SCHEMA
from fleetplan.writing import write_atomically
from tests.fitting.surveyed import CLASSES, Floats, Surveyed, read_surveyed

ROOT = Path(__file__).resolve().parents[2]
FOLDS = 10
TREES = 120
SHARES = (0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
SPREAD_GROUPS = 5
SEEN = Path(__file__).with_name("seen_ways.json")


def folds_of(block: NDArray[np.int64], *, folds: int = FOLDS, seed: int = 0) -> NDArray[np.int64]:
    """Fold of each way: whole blocks, dealt out at random but always the same way."""
    deal = np.random.default_rng(seed).permutation(int(block.max()) + 1) % folds
    fold: NDArray[np.int64] = deal[block]
    return fold


def fit_model(data: Surveyed, ways: NDArray[np.bool_], *, source: str = "", date: str = "") -> dict[str, Any]:
    """The document of a model fitted on some of the ways; spreads and the map come from folds within them."""
    use = ways[data.way]
    features, way = data.features[use], data.way[use]
    median, pinch, weight = np.log(data.median_m[way]), np.log(data.pinch_m[way]), data.length_m[use]
    fold = folds_of(data.block, seed=1)[way]
    unseen = np.zeros(len(way))
    for number in range(FOLDS):
        here = fold == number
        if here.any():
            booster = _boost(features[~here], median[~here], weight[~here])
            unseen[here] = booster.predict(features[here])
    booster = _boost(features, median, weight)
    shares = np.array(SHARES)
    at = weighted_quantile(unseen, weight, shares)
    to = weighted_quantile(pinch, weight, shares)
    shift = to - at
    return {
        "schema": SCHEMA,
        "what": "width of the road area between its edges, pavements included: exp(base + one leaf of each tree)",
        "source": source,
        "confidence": "computed",
        "date": date,
        "ways": int(ways.sum()),
        "km": round(float(data.km[ways].sum()), 1),
        "classes": list(CLASSES),
        "features": list(FEATURES),
        "base": round(float(booster.init_.constant_.ravel()[0]), 5),
        "pinch": {"at": _short(at), "shift": _short(shift)},
        "spread": _spread(unseen, median - unseen, weight),
        "pinch_spread": _spread(unseen, pinch - unseen, weight),
        "class_median": class_medians(data, ways),
        "trees": _trees(booster),
    }


def class_medians(data: Surveyed, ways: NDArray[np.bool_]) -> dict[str, list[float]]:
    """Median width and pinch by class and direction, and over all, of some ways: the baseline to beat."""
    table = {"all": [float(np.median(data.median_m[ways])), float(np.median(data.pinch_m[ways]))]}
    for code in np.unique(data.highway[ways]):
        for one_way in (False, True):
            group = ways & (data.highway == code) & (data.one_way == one_way)
            if group.any():
                key = f"{'one_way' if one_way else 'two_way'}.{Highway(int(code)).tag}"
                table[key] = [float(np.median(data.median_m[group])), float(np.median(data.pinch_m[group]))]
    return {key: [round(value, 2) for value in values] for key, values in sorted(table.items())}


def weighted_quantile(values: Floats, weight: Floats, share: Floats) -> Floats:
    """Quantiles of values that count by a weight."""
    order = np.argsort(values, kind="stable")
    place = (np.cumsum(weight[order]) - weight[order] / 2) / weight.sum()
    quantile: Floats = np.interp(share, place, values[order])
    return quantile


def _boost(features: NDArray[np.float32], target: Floats, weight: Floats) -> Any:
    from sklearn.ensemble import GradientBoostingRegressor

    booster = GradientBoostingRegressor(
        n_estimators=TREES,
        max_depth=3,
        learning_rate=0.06,
        subsample=0.6,
        min_samples_leaf=12,
        max_features=0.4,
        random_state=0,
    )
    return booster.fit(features, target, sample_weight=weight)


def _trees(booster: Any) -> dict[str, list[list[float]]]:
    """Whole trees of depth three: where a branch ends early, its leaf fills what would lie below."""
    feature, threshold, value = [], [], []
    for [fitted] in booster.estimators_:
        tree = fitted.tree_
        level, splits, limits = [0], [], []
        for _ in range(3):
            below = []
            for node in level:
                leaf = tree.children_left[node] < 0
                splits.append(0 if leaf else int(tree.feature[node]))
                limits.append(1e9 if leaf else round(float(tree.threshold[node]), 4))
                below += [node, node] if leaf else [int(tree.children_left[node]), int(tree.children_right[node])]
            level = below
        feature.append(splits)
        threshold.append(limits)
        value.append([round(float(tree.value[node].ravel()[0]) * booster.learning_rate, 4) for node in level])
    return {"feature": feature, "threshold": threshold, "value": value}


def _spread(predicted: Floats, error: Floats, weight: Floats) -> dict[str, list[float]]:
    """Errors' 10th and 90th percentiles in groups of equal length by predicted width."""
    edge = weighted_quantile(predicted, weight, np.linspace(0, 1, SPREAD_GROUPS + 1))
    group = np.clip(np.searchsorted(edge, predicted, side="right") - 1, 0, SPREAD_GROUPS - 1)
    at, low, high = [], [], []
    for number in range(SPREAD_GROUPS):
        mine = group == number
        at.append(float(np.average(predicted[mine], weights=weight[mine])))
        low.append(float(weighted_quantile(error[mine], weight[mine], np.array([0.1]))[0]))
        high.append(float(weighted_quantile(error[mine], weight[mine], np.array([0.9]))[0]))
    return {"at": _short(np.array(at)), "lo": _short(np.array(low)), "hi": _short(np.array(high))}


def _short(values: Floats) -> list[float]:
    return [round(float(value), 4) for value in values]


def written(document: dict[str, Any]) -> str:
    """The model as a file: one line per key, one per tree."""
    lines = []
    for key, value in document.items():
        if key == "trees":
            rows = [
                f"  {json.dumps(name)}: [\n    " + ",\n    ".join(json.dumps(row) for row in table) + "\n  ]"
                for name, table in value.items()
            ]
            lines.append('"trees": {\n' + ",\n".join(rows) + "\n}")
        else:
            lines.append(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> None:
    """Fits on all ways and writes the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--osm", type=Path, required=True)
    parser.add_argument("--measured", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "data" / "widths" / "JP-streets.json")
    given = parser.parse_args()
    data = read_surveyed(given.osm, given.measured)
    document = fit_model(
        data,
        np.ones(len(data.way_id), dtype=bool),
        source="boosted trees fitted on surveyed road areas of Abeno ward, Osaka: road polygons of Project PLATEAU "
        "(2023, CC BY 4.0), measured on cross-sections, and OpenStreetMap (2025-06-16, ODbL)",
        date="2026-11-24",
    )
    write_atomically(given.output, written(document))
    seen = np.diff(np.concatenate(([0], np.sort(data.way_id))))
    write_atomically(
        SEEN, json.dumps({"what": "differences of the sorted way ids fitted on", "ways": seen.tolist()}) + "\n"
    )
    print(
        f"{given.output.name}: {len(data.way_id)} ways, {data.km.sum():.1f} km, {len(written(document)) / 1000:.0f} kB"
    )


if __name__ == "__main__":
    main()
