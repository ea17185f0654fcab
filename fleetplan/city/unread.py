"""Says once per key which values of the map were not understood, so that nothing is guessed in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from fleetplan.city.points import NodeFacts
from fleetplan.city.raw import clean_text
from fleetplan.city.streets import Ints
from fleetplan.city.tags import StreetFacts
from fleetplan.city.widths import WidthFacts

_SHOWN = 3


def unread_warnings(
    fact_row: Ints, facts: list[StreetFacts], widths: list[WidthFacts], node_facts: Mapping[int, NodeFacts]
) -> list[str]:
    """Sentences with counts: values not understood, and ways closed both ways.

    Args:
        fact_row: row of ``facts`` and ``widths`` per way.
        facts, widths: what the distinct sets of tags mean.
        node_facts: what the tags of nodes mean, by identifier.
    """
    ways = np.bincount(fact_row, minlength=len(facts)).tolist()
    found: dict[tuple[str, str], Counter[str]] = {}

    def count(kind: str, pairs: Iterable[tuple[str, str]], times: int) -> None:
        for key, value in pairs:
            found.setdefault((key, kind), Counter())[value] += times

    for times, fact, width in zip(ways, facts, widths, strict=True):
        count("ways", dict.fromkeys((*fact.unknown, *width.unknown)), times)
    for node_fact in node_facts.values():
        count("nodes", node_fact.unknown, 1)
    sentences = [_sentence(key, kind, values) for (key, kind), values in sorted(found.items())]

    closed = sum(n for n, fact in zip(ways, facts, strict=True) if fact.drivable and not fact.forward | fact.backward)
    if closed:
        sentences.append(f"{closed} ways are closed in both directions (oneway=reversible or directional access)")
    return sentences


def _sentence(key: str, kind: str, values: Counter[str]) -> str:
    common = sorted(values.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{clean_text(value)[:30]!r} ({times})" for value, times in common[:_SHOWN])
    more = f" and {len(common) - _SHOWN} more" if len(common) > _SHOWN else ""
    outcome = "the class default holds there"
    if key == "highway":
        outcome = "such ways are neither driven nor walked on"
    elif key.endswith(":conditional"):
        limit = key.startswith("max")
        outcome = "such limits are left out" if limit else "where such a rule may close a street or a turn it does"
    return f"{key}: values on {values.total()} {kind} are unknown or implausible, {outcome}: {shown}{more}"
