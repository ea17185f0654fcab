"""From results to statements: gaps, medians of sets, and paired differences with a sign test."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

Row = Mapping[str, Any]
LEVEL = 0.05
"""Probability under which a difference is taken for one."""


def with_gaps(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows with ``bks`` and ``gap_pct``: from the best known cost, else from the best of these rows themselves."""
    best: dict[str, float] = {}
    for row in rows:
        if row["feasible"]:
            best[row["instance"]] = min(best.get(row["instance"], math.inf), row["cost"])
    told = []
    for row in rows:
        known = row["best_known"]
        bks = known if known is not None else best.get(row["instance"])
        gap = 100.0 * (row["cost"] / bks - 1.0) if row["feasible"] and bks else None
        source = None if bks is None else "file" if known is not None else "run"
        told.append({**row, "bks": bks, "bks_source": source, "gap_pct": gap})
    return told


def medians(rows: Iterable[Row]) -> dict[str, dict[str, float | None]]:
    """The median gap of each set and engine, over all instances and seeds with a feasible answer."""
    gaps: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found = gaps[row["set"]][row["engine"]]
        if row["gap_pct"] is not None:
            found.append(row["gap_pct"])
    return {
        name: {engine: median(found) if found else None for engine, found in engines.items()}
        for name, engines in gaps.items()
    }


def failures(rows: Iterable[Row]) -> dict[str, dict[str, int]]:
    """How often an engine that could be asked gave no feasible answer, by set; only where it did."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        if row["feasible"] is False:
            counts[row["set"]][row["engine"]] += 1
    return {name: dict(engines) for name, engines in counts.items()}


def sign_test(differences: Sequence[float]) -> float:
    """Two-sided probability of signs at least this uneven when either is as likely; zeros say nothing."""
    below = sum(difference < 0 for difference in differences)
    above = sum(difference > 0 for difference in differences)
    n = below + above
    if n == 0:
        return 1.0
    tail = sum(math.comb(n, k) for k in range(min(below, above) + 1)) / 2.0**n
    return min(1.0, 2.0 * tail)


def paired(rows: Iterable[Row], *, ours: str = "ours") -> dict[str, dict[str, dict[str, Any]]]:
    """Gap of ours minus gap of each other engine, on the same instance with the same seed, by set.

    Where only one of the two has a feasible answer the difference is infinite; where neither has, or the other's model
    lacks the set, there is no pair. The verdict is ``better`` or ``worse`` when the median is not zero, has that sign
    and the signs are too uneven for chance, else ``level``.
    """
    gaps: dict[tuple[str, str, int], dict[str, float]] = defaultdict(dict)
    for row in rows:
        if row["feasible"] is not None:
            gap = row["gap_pct"] if row["feasible"] else math.inf
            gaps[row["set"], row["instance"], row["seed"]][row["engine"]] = gap
    differences: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for (name, _, _), found in gaps.items():
        if ours not in found:
            continue
        for engine, gap in found.items():
            if engine != ours and not (math.isinf(gap) and math.isinf(found[ours])):
                differences[name][engine].append(found[ours] - gap)
    return {
        name: {engine: verdict(found) for engine, found in engines.items()} for name, engines in differences.items()
    }


def verdict(differences: Sequence[float]) -> dict[str, Any]:
    """What paired differences (ours minus the other's, in points of per cent) amount to."""
    middle = median(differences)
    p = sign_test(differences)
    word = "level" if p >= LEVEL or middle == 0 else "better" if middle < 0 else "worse"
    below, above = sum(d < 0 for d in differences), sum(d > 0 for d in differences)
    told = middle if math.isfinite(middle) else None
    return {"pairs": len(differences), "below": below, "above": above, "median": told, "p": p, "verdict": word}
