"""Scores what fleetplan believes of street widths against surveyed or tagged ones.

``python -m tests.benchmarks.widths --osm F --measured J [--predictions CSV] --json``

J holds ``{way id: [median m, 10th percentile m, samples]}`` of the road area, pavements included. Scored are
residential, unclassified, service, living-street and tertiary ways, weighted by km. The figures at the top are those
of ways that what is scored has not seen:

- ways that the shipped model was fitted on (the shared half of Osaka) are scored by the same procedure fitted anew on
  the other blocks of 300 m, ten folds (``mode: cross_validated``); the shipped model's figures on ways it knows stand
  beside as ``shipped_on_seen_ways`` and are no claim;
- as soon as a file holds ways that the shipped model has not seen, the shipped model is scored on those alone
  (``mode: shipped``).

A way's band is what the access rule makes of its predicted pinch, against its surveyed 10th percentile; in Japan the
free width is the ordinance's. Baselines: everything free; and the median of class and direction, fitted on the same
training ways as the model. ``significance`` gives 95 % intervals of the differences to the median baseline, by
drawing blocks with replacement.

``--predictions CSV`` writes each way's prediction beside the truth. ``--tagged`` takes the ways' own width tags as the
truth (hidden from the prediction), for cities without a survey: the width between the kerbs.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fleetplan.city.classes import Highway
from fleetplan.city.packs import width_pack
from fleetplan.city.width_model import WidthModel, model_of
from fleetplan.errors import FleetplanError
from fleetplan.fleet.catalogue import vehicle as vehicle_of
from fleetplan.routing.access import free_width_m, room_needed_m
from fleetplan.routing.seams import AccessRules, Band
from fleetplan.writing import write_atomically
from tests.fitting.surveyed import Floats, Surveyed, read_surveyed
from tests.fitting.widths import FOLDS, SEEN, fit_model, folds_of

VEHICLES = ("kei-van", "toyota-hiace", "full-size-van")
DRAWS = 400


@dataclass(frozen=True, eq=False)
class Guess:
    """Predictions per way, in metres; intervals are ``None`` for baselines."""

    width_m: Floats
    pinch_m: Floats
    interval: tuple[Floats, Floats] | None = None
    pinch_interval: tuple[Floats, Floats] | None = None


def guess_of(data: Surveyed, model: WidthModel) -> Guess:
    """What a model says of each way: the mean of its stretches by length."""
    area = model.predict(data.features)
    mean = data.by_way
    return Guess(
        mean(area.width_m),
        mean(area.pinch_m),
        (mean(area.lo_m), mean(area.hi_m)),
        (mean(area.pinch_lo_m), mean(area.pinch_hi_m)),
    )


def median_guess(data: Surveyed, table: dict[str, Any]) -> Guess:
    """The median of each way's class and direction."""
    keys = [
        f"{'one_way' if one_way else 'two_way'}.{Highway(int(code)).tag}"
        for code, one_way in zip(data.highway, data.one_way, strict=True)
    ]
    pairs = np.array([table.get(key, table["all"]) for key in keys])
    return Guess(pairs[:, 0], pairs[:, 1])


def cross_validated(data: Surveyed) -> tuple[Guess, Guess]:
    """The procedure and the median baseline, each way by what was fitted on other blocks."""
    fold = folds_of(data.block)
    columns = np.zeros((8, len(data.way_id)))
    for number in range(FOLDS):
        here = fold == number
        if not here.any():
            continue
        document = fit_model(data, ~here)
        model, median = guess_of(data, model_of(document)), median_guess(data, document["class_median"])
        assert model.interval and model.pinch_interval
        rows = (model.width_m, model.pinch_m, *model.interval, *model.pinch_interval, median.width_m, median.pinch_m)
        columns[:, here] = np.array(rows)[:, here]
    width, pinch, low, high, pinch_low, pinch_high, median_width, median_pinch = columns
    return Guess(width, pinch, (low, high), (pinch_low, pinch_high)), Guess(median_width, median_pinch)


def bands(pinch_m: Floats, one_way: Any, vehicle: str, country: str) -> Any:
    """Band of each way for a vehicle: free, squeezed or too narrow."""
    van = vehicle_of(vehicle)
    free_two_way, free_one_way = free_width_m(van, AccessRules(), country=country)
    free = np.where(one_way, free_one_way, free_two_way)
    band = np.where(pinch_m < free, Band.SQUEEZED, Band.FREE)
    return np.where(pinch_m < room_needed_m(van), Band.BLOCKED_ROOM, band)


def vehicle_scores(data: Surveyed, pinch_m: Floats | None, weight: Floats) -> dict[str, Any]:
    """Agreement, balanced accuracy and confusion (km, true band by predicted band); ``None`` says always free."""
    scores = {}
    for name in VEHICLES:
        true = bands(data.pinch_m, data.one_way, name, data.streets.country)
        said = np.zeros_like(true) if pinch_m is None else bands(pinch_m, data.one_way, name, data.streets.country)
        km = np.zeros((3, 3))
        np.add.at(km, (true, said), weight)
        present = km.sum(axis=1) > 0
        recall = np.diag(km)[present] / km.sum(axis=1)[present]
        labels = [Band(code).label for code in range(3)]
        scores[name] = {
            "agree": float(np.trace(km) / km.sum()),
            "balanced": float(recall.mean()),
            "confusion": {
                true_label: dict(zip(labels, km[row].round(3).tolist(), strict=True))
                for row, true_label in enumerate(labels)
            },
        }
    return scores


def scored(data: Surveyed, guess: Guess, weight: Floats | None = None) -> dict[str, Any]:
    """All figures of a prediction."""
    weight = data.km if weight is None else weight
    error = guess.width_m - data.median_m

    def mean(values: Any) -> float:
        return float(np.average(values, weights=weight))

    figures: dict[str, Any] = {
        "vehicles": vehicle_scores(data, guess.pinch_m, weight),
        "mae_m": mean(np.abs(error)),
        "bias_m": mean(error),
        "pinch_mae_m": mean(np.abs(guess.pinch_m - data.pinch_m)),
    }
    for key, truth, interval in (
        ("coverage80", data.median_m, guess.interval),
        ("coverage80_pinch", data.pinch_m, guess.pinch_interval),
    ):
        if interval:
            figures[key] = mean((truth >= interval[0]) & (truth <= interval[1]))
    return figures


def significance(data: Surveyed, guess: Guess, median: Guess, *, draws: int) -> dict[str, Any]:
    """95 % intervals of prediction less baseline, over blocks drawn with replacement."""
    rng = np.random.default_rng(0)
    blocks = int(data.block.max()) + 1
    rows: dict[str, list[float]] = {}
    for _ in range(draws):
        count = np.bincount(rng.integers(0, blocks, blocks), minlength=blocks)
        weight = data.km * count[data.block]
        ours, theirs = (vehicle_scores(data, each.pinch_m, weight) for each in (guess, median))
        for name in VEHICLES:
            for key in ("agree", "balanced"):
                rows.setdefault(f"{name}.{key}", []).append(ours[name][key] - theirs[name][key])
            rows.setdefault(f"{name}.balanced_over_always_free", []).append(
                ours[name]["balanced"] - 1 / len([km for km in ours[name]["confusion"].values() if sum(km.values())])
            )
        gain = np.abs(guess.width_m - data.median_m) - np.abs(median.width_m - data.median_m)
        rows.setdefault("mae_m", []).append(float(np.average(gain, weights=weight)))
    return {key: [float(edge) for edge in np.quantile(values, (0.025, 0.975))] for key, values in sorted(rows.items())}


def chosen_ways(data: Surveyed, keep: Any) -> Surveyed:
    """The same for some of the ways."""
    row = keep[data.way]
    number = np.cumsum(keep) - 1
    _, block = np.unique(data.block[keep], return_inverse=True)
    ways = {key: getattr(data, key)[keep] for key in ("way_id", "median_m", "pinch_m", "samples", "km", "one_way")}
    return replace(
        data,
        rows=data.rows[row],
        way=number[data.way[row]],
        features=data.features[row],
        length_m=data.length_m[row],
        highway=data.highway[keep],
        block=block,
        **ways,
    )


def seen_ways() -> Any:
    """The ways that the shipped model was fitted on."""
    return np.cumsum(json.loads(SEEN.read_text(encoding="utf-8"))["ways"])


def report(osm: Path, measured: Path, *, predictions: Path | None = None, draws: int = DRAWS) -> dict[str, Any]:
    """The whole document of the command."""
    data = read_surveyed(osm, measured)
    pack = width_pack(data.streets.country)
    if pack.model is None:
        raise FleetplanError(f"the width pack {pack.name} has no model of the road area; see --tagged")
    seen = np.isin(data.way_id, seen_ways())
    document: dict[str, Any] = {"osm": osm.name, "measured": measured.name, "pack": pack.name}
    if seen.all():
        blocks = len(np.unique(data.block))
        if blocks < FOLDS:
            raise FleetplanError(
                f"{measured.name}: the model has seen all of its {len(seen)} ways, and {blocks} blocks of 300 m are "
                f"too few to fit anew without some of them ({FOLDS} at least); give more ways, or others"
            )
        guess, median = cross_validated(data)
        document |= {"mode": "cross_validated", "shipped_on_seen_ways": scored(data, guess_of(data, pack.model))}
    else:
        data = chosen_ways(data, ~seen)
        guess, median = guess_of(data, pack.model), median_guess(data, pack.model.class_median)
        document["mode"] = "shipped"
    document |= scored(data, guess)
    document |= {
        "ways": len(data.way_id),
        "km": float(data.km.sum()),
        "seen_ways_left_out": int(seen.sum()) if document["mode"] == "shipped" else 0,
        "blocks": int(data.block.max()) + 1,
        "baselines": {
            "always_free": {"vehicles": vehicle_scores(data, None, data.km)},
            "class_median": scored(data, median),
        },
        "significance": significance(data, guess, median, draws=draws),
    }
    if predictions:
        write_atomically(predictions, predictions_csv(data, guess))
    return document


def predictions_csv(data: Surveyed, guess: Guess) -> str:
    """One row per way: prediction, its interval, and the truth."""
    assert guess.interval
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["way_id", "road_width_m", "lo", "hi", "pinch_m", "measured_m", "measured_pinch_m", "km"])
    columns = (guess.width_m, *guess.interval, guess.pinch_m, data.median_m, data.pinch_m, data.km)
    for row, way in enumerate(data.way_id):
        writer.writerow([int(way), *(f"{column[row]:.3f}" for column in columns)])
    return out.getvalue()


def table_of(document: dict[str, Any]) -> str:
    """The figures for people."""
    lines = [f"{document['ways']} ways, {document['km']:.1f} km, {document['blocks']} blocks ({document['mode']})"]
    free, median = document["baselines"]["always_free"], document["baselines"]["class_median"]
    for name, row in (("always free", free), ("class median", median), ("fleetplan", document)):
        cells = [f"{v} {s['agree']:.3f} / {s['balanced']:.3f}" for v, s in row["vehicles"].items()]
        errors = f"MAE {row['mae_m']:.2f} m, bias {row['bias_m']:+.2f} m" if "mae_m" in row else ""
        lines.append(f"{name:13s} {'   '.join(cells)}   {errors}")
    lines.append(
        f"coverage of the 80 % interval: {document['coverage80']:.1%}, pinch {document['coverage80_pinch']:.1%}"
    )
    lines += [f"{key}: {low:+.3f} … {high:+.3f}" for key, (low, high) in document["significance"].items()]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.widths",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--osm", type=Path, required=True, help="an OpenStreetMap extract")
    parser.add_argument("--measured", type=Path, help="JSON of surveyed road areas by way")
    parser.add_argument("--tagged", action="store_true", help="score against the ways' own, hidden width tags instead")
    parser.add_argument("--predictions", type=Path, metavar="CSV", help="write predictions beside the truth")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    given = parser.parse_args(arguments)
    if given.tagged == (given.measured is not None):
        parser.error("give either --measured or --tagged")
    try:
        if given.tagged:
            from tests.benchmarks.tagged_widths import report_tagged

            print(json.dumps(report_tagged(given.osm), indent=2, sort_keys=True))
            return 0
        document = report(given.osm, given.measured, predictions=given.predictions)
    except FleetplanError as error:
        print(error, file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(f"{error.name} is missing: folds are fitted with scikit-learn, pip install -e .[dev]", file=sys.stderr)
        return 1
    print(json.dumps(document, indent=2, sort_keys=True) if given.json else table_of(document))
    return 0


if __name__ == "__main__":
    sys.exit(main())
