"""Surveyed widths of road areas beside what an extract knows: the rows that the width model learns from.

One row per stretch inside the surveyed box, with the surveyed width of its way; ways weigh by their length there.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from fleetplan.city import assembling
from fleetplan.city.classes import Highway, WidthSource
from fleetplan.city.evidence import features_of
from fleetplan.city.reading import read_anew
from fleetplan.city.streets import Streets, Stretches
from fleetplan.errors import InputError

CLASSES = ("tertiary", "unclassified", "residential", "living_street", "service")
BLOCK_M = 300.0
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Surveyed:
    """Ways with surveyed widths and their stretches.

    Attributes:
        streets: the city, widths as shipped.
        rows: stretches (rows of ``streets.stretches``), each of one way.
        way: row of the way of each of ``rows``.
        features: ``float32[rows, features]``.
        length_m: of each of ``rows``.
        way_id, median_m, pinch_m, samples: of each way, the survey's figures.
        km, one_way, highway, block: of each way; ``block`` numbers squares of 300 m by the way's midpoint.
    """

    streets: Streets
    rows: Ints
    way: Ints
    features: NDArray[np.float32]
    length_m: Floats
    way_id: Ints
    median_m: Floats
    pinch_m: Floats
    samples: Ints
    km: Floats
    one_way: NDArray[np.bool_]
    highway: Ints
    block: Ints

    def by_way(self, values: Floats) -> Floats:
        """Mean of a column of ``rows`` per way, weighted by length."""
        total: Floats = np.bincount(self.way, weights=values * self.length_m, minlength=len(self.way_id))
        return total / (self.km * 1000.0)


@dataclass(frozen=True, eq=False)
class Read:
    """A city as shipped, and what its widths rested on before the pack's model refined them."""

    streets: Streets
    plain: Stretches
    firm: NDArray[np.bool_]

    @property
    def class_tag_m(self) -> Floats:
        """The middle of the class of widths that a stretch is tagged with, else 0."""
        return np.where((self.plain.width_source == WidthSource.TAG) & ~self.firm, self.plain.width_m, 0.0)


def read_city(path: Path) -> Read:
    """Streets of a file; the step that refines widths is listened to, so that both states are known."""
    heard: list[tuple[Stretches, NDArray[np.bool_]]] = []
    refine: Callable[..., Stretches] = assembling.refine_widths

    def listen(nodes: Any, stretches: Stretches, *, firm: NDArray[np.bool_], pack: Any) -> Stretches:
        heard.append((stretches, firm))
        return refine(nodes, stretches, firm=firm, pack=pack)

    with patch.object(assembling, "refine_widths", listen):
        streets = read_anew(path)
    return Read(streets, *heard[-1])


def read_surveyed(osm: Path, measured: Path) -> Surveyed:
    """The ways of an extract that a file ``{way id: [median m, 10th percentile m, samples]}`` has widths of.

    Raises:
        InputError: the file is no such table, or none of its ways is a small street of the extract.
    """
    survey = _read_measured(measured)
    city = read_city(osm)
    streets, table = city.streets, city.plain
    codes = np.array([int(Highway[name.upper()]) for name in CLASSES], dtype=np.uint8)
    chosen = table.drivable & np.isin(table.highway, codes) & np.isin(table.way_id, np.array(list(survey)))
    if not chosen.any():
        raise InputError.one(
            "widths.no_way", measured.name, "", "none of its ways is a small street of the extract", "check the files"
        )
    rows = np.flatnonzero(chosen)
    x, y = _middles(streets)
    features = features_of(streets.nodes, table, class_tag_m=city.class_tag_m, wanted=chosen)
    way_id, way = np.unique(table.way_id[rows], return_inverse=True)
    length_m = table.length_m[rows]
    metres = np.bincount(way, weights=length_m)
    centre = np.column_stack([np.bincount(way, weights=length_m * place[rows]) / metres for place in (x, y)])
    _, block = np.unique((centre // BLOCK_M).astype(np.int64), axis=0, return_inverse=True)
    one_way = np.bincount(way, weights=length_m * (table.forward != table.backward)[rows]) / metres > 0.5
    highway = np.zeros(len(way_id), dtype=np.int64)
    highway[way] = table.highway[rows]
    figures = np.array([survey[int(number)] for number in way_id], dtype=np.float64)
    return Surveyed(
        streets=streets,
        rows=rows,
        way=way,
        features=features,
        length_m=length_m,
        way_id=way_id,
        median_m=figures[:, 0],
        pinch_m=figures[:, 1],
        samples=figures[:, 2].astype(np.int64),
        km=metres / 1000.0,
        one_way=one_way,
        highway=highway,
        block=block.reshape(-1),
    )


def _read_measured(path: Path) -> dict[int, tuple[float, float, int]]:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        survey = {int(way): (float(row[0]), float(row[1]), int(row[2])) for way, row in table.items()}
        odd = [
            way for way, (median, pinch, _) in survey.items() if not (0 < pinch < math.inf and 0 < median < math.inf)
        ]
        if odd:
            raise ValueError(f"the widths of way {odd[0]} are no positive metres")
        return survey
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise InputError.one(
            "widths.measured",
            path.name,
            "",
            f"it is no table of surveyed widths: {error}",
            "give JSON of the form {way id: [median m, 10th percentile m, samples]}",
        ) from error


def _middles(streets: Streets) -> tuple[Floats, Floats]:
    """Metric coordinates of the middles of all stretches (mean of both ends)."""
    nodes, table = streets.nodes, streets.stretches
    return (nodes.x_m[table.u] + nodes.x_m[table.v]) / 2, (nodes.y_m[table.u] + nodes.y_m[table.v]) / 2
