"""How far two engines' tables differ, and whether ours lies within what two peers differ from each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
WORST_FROM_M = 300.0
"""Pairs nearer than this are no news when they differ: a few metres are a large share of them."""


def relative(a: Matrix, b: Matrix) -> Matrix:
    """``|a - b| / max(a, b)``, 0 where both are 0, ``nan`` where one is unknown."""
    larger = np.maximum(a, b)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(larger > 0, np.abs(a - b) / larger, larger * 0.0)


def common_pairs(*tables: Matrix) -> NDArray[np.bool_]:
    """Pairs of two different positions that every table knows a way for."""
    known = np.logical_and.reduce([np.isfinite(table) for table in tables])
    return known & ~np.eye(len(known), dtype=np.bool_)


def difference(a: Matrix, b: Matrix, pairs: NDArray[np.bool_]) -> dict[str, float | None]:
    """Median and 95th percentile of the relative differences, and the median of ``(a - b) / max(a, b)``."""
    if not pairs.any():
        return {"median": None, "p95": None, "bias": None}
    size = relative(a, b)[pairs]
    bias = np.median(size * np.sign(a - b)[pairs])
    return {"median": float(np.median(size)), "p95": float(np.percentile(size, 95)), "bias": float(bias)}


def verdict(differences: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Per quantity and statistic: our difference to the nearer peer, theirs to each other, and ``met`` or ``missed``.

    Args:
        differences: ``ours_osrm``, ``ours_valhalla`` and ``osrm_valhalla``, each ``{distance{}, duration{}}``.
    """
    answer: dict[str, Any] = {}
    for quantity in ("distance", "duration"):
        answer[quantity] = {}
        for statistic in ("median", "p95"):
            ours = [differences[name].get(quantity, {}).get(statistic) for name in ("ours_osrm", "ours_valhalla")]
            theirs = differences["osrm_valhalla"].get(quantity, {}).get(statistic)
            known = [value for value in ours if value is not None]
            if theirs is None or len(known) < 2:
                answer[quantity][statistic] = {"nearer": None, "peers": theirs, "aim": "not measured"}
                continue
            nearer = min(known)
            answer[quantity][statistic] = {
                "nearer": nearer,
                "peers": theirs,
                "aim": "met" if nearer <= theirs else "missed",
            }
    return answer


def worst_pairs(
    ours: Mapping[str, Matrix], peers: Mapping[str, Mapping[str, Matrix]], pairs: NDArray[np.bool_], *, count: int = 10
) -> list[tuple[int, int, float]]:
    """Pairs where we differ most from the nearer peer, in distance or duration, with that difference.

    Of a pair and its way back only the worse one is kept, and no position appears more than twice, so that one odd
    street does not fill the list.
    """
    score = np.zeros(pairs.shape)
    for quantity, table in ours.items():
        score = np.fmax(score, np.fmin.reduce([relative(table, peer[quantity]) for peer in peers.values()]))
    far = np.fmin.reduce([peer["distance_m"] for peer in peers.values()]) >= WORST_FROM_M
    score = np.where(pairs & far, score, -1.0)
    order = np.argsort(-score, axis=None, kind="stable")
    chosen: list[tuple[int, int, float]] = []
    seen: dict[int, int] = {}
    for flat in order:
        here, there = (int(i) for i in np.unravel_index(int(flat), score.shape))
        if score[here, there] < 0 or len(chosen) == count:
            break
        if any((there, here) == (a, b) for a, b, _ in chosen) or max(seen.get(here, 0), seen.get(there, 0)) >= 2:
            continue
        seen[here], seen[there] = seen.get(here, 0) + 1, seen.get(there, 0) + 1
        chosen.append((here, there, float(score[here, there])))
    return chosen
