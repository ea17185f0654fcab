"""Travel tables as files."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fleetplan.routing.matrix import Matrix
from fleetplan.writing import write_atomically

COLUMNS = ("from", "to", "time_s", "distance_m")


def write_matrix(matrix: Matrix, ids: Sequence[str], path: str | Path) -> int:
    """Write a travel table as CSV, one row per pair, and return how many pairs have no way.

    Seconds and metres have one decimal; both are blank where there is no way.

    Args:
        ids: name of each place.

    Raises:
        InputError: the file cannot be written.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    none = np.isnan(matrix.time_s)
    time_s, distance_m = matrix.time_s.tolist(), matrix.distance_m.tolist()
    for here, name in enumerate(ids):
        for there, other in enumerate(ids):
            if none[here, there]:
                rows.writerow((name, other, "", ""))
            else:
                rows.writerow((name, other, f"{time_s[here][there]:.1f}", f"{distance_m[here][there]:.1f}"))
    write_atomically(path, text.getvalue())
    return int(none.sum())
