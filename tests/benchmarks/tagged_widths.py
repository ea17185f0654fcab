"""Where no survey exists: predictions for ways whose own width tags are hidden, against those tags.

Tags tell the width between kerbs (or, in Massachusetts, of the right of way), and mappers tag what is remarkable: this
tells whether a pack does harm, not how good it is. A tagged class of widths counts with its middle.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fleetplan.city.assembling import streets_of
from fleetplan.city.classes import Highway, WidthSource
from fleetplan.city.evidence import features_of
from fleetplan.city.graphs import raw_from_graphml
from fleetplan.city.osm_files import read_osm_file
from fleetplan.city.packs import width_pack
from fleetplan.city.raw import Tags
from fleetplan.city.reading import GRAPH_ENDINGS
from fleetplan.city.streets import Streets
from tests.fitting.surveyed import BLOCK_M, CLASSES, Floats
from tests.fitting.widths import folds_of

HIDDEN = ("width", "est_width", "yh:WIDTH", "narrow")


def report_tagged(osm: Path) -> dict[str, Any]:
    """Mean absolute errors, weighted by km, of the pack, the world's table, Japan's model and a local median."""
    city = Streets.from_file(osm, country="")  # what tags say, refined by no model
    country = Streets.from_file(osm).country
    table = city.stretches
    codes = [int(Highway[name.upper()]) for name in CLASSES]
    rows = np.flatnonzero(table.drivable & (table.width_source == WidthSource.TAG) & np.isin(table.highway, codes))
    hidden = {"pack": without_tags(osm, country), "world": without_tags(osm, "")}
    truth, metres = table.road_width_m[rows], table.length_m[rows]
    japan = width_pack("JP").model
    assert japan
    plain = hidden["world"].stretches
    wanted = np.zeros(len(table), dtype=bool)
    wanted[rows] = True
    features = features_of(city.nodes, plain, class_tag_m=np.zeros(len(plain)), wanted=wanted)
    says: dict[str, Floats] = {name: streets.stretches.road_width_m[rows] for name, streets in hidden.items()}
    says["japanese_model"] = japan.predict(features).width_m
    says["class_median_by_blocks"] = _local_median(city, rows, truth, metres)
    figures: dict[str, Any] = {
        name: {
            "mae_m": float(np.average(np.abs(guess - truth), weights=metres)),
            "bias_m": float(np.average(guess - truth, weights=metres)),
        }
        for name, guess in says.items()
    }
    ways = len(np.unique(table.way_id[rows]))
    return {"osm": osm.name, "pack": width_pack(country).name, "ways": ways, "km": metres.sum() / 1000} | figures


def without_tags(osm: Path, country: str) -> Streets:
    """The streets as if nobody had tagged a width, by the pack of a country."""
    raw = raw_from_graphml(osm) if osm.name.endswith(GRAPH_ENDINGS) else read_osm_file(osm)
    return streets_of(replace(raw, tags=[_without(tags) for tags in raw.tags]), country=country, label=osm.name)


def _without(tags: Tags) -> Tags:
    return {key: value for key, value in tags.items() if not key.startswith(HIDDEN)}


def _local_median(city: Streets, rows: Any, truth: Floats, metres: Floats) -> Floats:
    """The median of class and direction among the ways of other blocks: what a local table could reach."""
    table, nodes = city.stretches, city.nodes
    middle = np.column_stack([(place[table.u] + place[table.v])[rows] / 2 for place in (nodes.x_m, nodes.y_m)])
    _, block = np.unique((middle // BLOCK_M).astype(np.int64), axis=0, return_inverse=True)
    fold = folds_of(block.reshape(-1))
    group = table.highway[rows].astype(np.int64) * 2 + (table.forward != table.backward)[rows]
    guess = np.full(len(rows), np.median(truth))
    for number in np.unique(fold):
        for kind in np.unique(group):
            here, there = (fold == number) & (group == kind), (fold != number) & (group == kind)
            if here.any() and there.any():
                guess[here] = np.median(truth[there])
    return guess
