"""Makes the table of directed edges: which there are, what is met on them, and which rules decide what on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from fleetplan.city.met import Met
from fleetplan.city.points import KINDS, NodeFacts
from fleetplan.city.streets import Edges, Ints, Nodes, Stretches
from fleetplan.city.tags import StreetFacts
from fleetplan.city.timed import Timed, TimedRule, timed_of


def edges_of(stretches: Stretches, facts: list[StreetFacts], fact: Ints) -> Edges:
    """Directions of drivable stretches that are open at some hour, in the order of stretches, along before against.

    What is met on them is still missing.
    """
    forward = stretches.drivable & stretches.forward
    backward = stretches.drivable & stretches.backward
    count = forward.astype(np.int64) + backward
    stretch = np.repeat(np.arange(len(stretches)), count)
    first = np.concatenate(([0], np.cumsum(count)[:-1])).astype(np.int64)
    reverse = np.arange(len(stretch)) > first[stretch]
    reverse |= ~forward[stretch]
    both = (count == 2)[stretch]
    twin = np.where(both, np.arange(len(stretch)) + np.where(reverse, -1, 1), -1)
    none = np.zeros(len(stretch), dtype=np.uint8)

    def column(name: str, kind: Any) -> Any:
        along, against = name.format("forward"), name.format("backward")
        table = np.array([(getattr(row, along), getattr(row, against)) for row in facts], dtype=kind)
        return table[fact[stretch], reverse.astype(np.int64)]

    return Edges(
        stretch=stretch,
        reverse=reverse,
        u=np.where(reverse, stretches.v[stretch], stretches.u[stretch]),
        v=np.where(reverse, stretches.u[stretch], stretches.v[stretch]),
        twin=twin.astype(np.int64),
        motor_access=column("motor_{}", np.uint8),
        hgv_access=column("hgv_{}", np.uint8),
        maxspeed_kph=column("speed_{}_kph", np.float64),
        advisory_kph=column("advisory_{}_kph", np.float64),
        **dict.fromkeys(KINDS, none),
    )


def with_met(edges: Edges, met: Met, facts: list[StreetFacts], fact: Ints) -> Edges:
    """The edges with what is met on them; a way that is calmed as a whole has one device per stretch at least."""
    counts: dict[str, Any] = {kind: met.counts(edges, row) for row, kind in enumerate(KINDS)}
    calmed = np.array([row.calmed for row in facts], dtype=bool)[fact[edges.stretch]]
    counts["calmings"] = np.maximum(counts["calmings"], calmed.astype(np.uint8))
    given = np.array([row.met for row in facts], dtype=np.int64).reshape(-1, 2, len(KINDS))
    told = given[fact[edges.stretch], edges.reverse.astype(np.int64)]
    for row, kind in enumerate(KINDS):
        counts[kind] = np.where(told[:, row] >= 0, told[:, row], counts[kind]).astype(np.uint8)
    return replace(edges, **counts)


def timed_rules(
    nodes: Nodes,
    stretches: Stretches,
    edges: Edges,
    facts: list[StreetFacts],
    fact: Ints,
    node_facts: Mapping[int, NodeFacts],
    turns: list[tuple[TimedRule, list[int], list[int]]],
) -> Timed:
    """The table of rules that hang on conditions, with the rows that they decide."""
    found: list[tuple[TimedRule, list[int], list[int]]] = []
    edge_fact = fact[edges.stretch]
    by_edge, by_stretch = np.argsort(edge_fact, kind="stable"), np.argsort(fact, kind="stable")
    edge_key, stretch_key = edge_fact[by_edge], fact[by_stretch]
    for number, row in enumerate(facts):
        for direction, rule in row.timed:
            order, key = (by_edge, edge_key) if direction else (by_stretch, stretch_key)
            rows = order[slice(*np.searchsorted(key, [number, number + 1]))]
            if direction:
                rows = rows[edges.reverse[rows] == (direction < 0)]
            owner = stretches.way_id[edges.stretch[rows] if direction else rows]
            found.append((rule, rows.tolist(), owner.tolist()))
    for osm_id, point in node_facts.items():
        at = int(np.searchsorted(nodes.osm_id, osm_id)) if point.timed else len(nodes)
        if at < len(nodes) and int(nodes.osm_id[at]) == osm_id:
            found += [(rule, [at], [osm_id]) for rule in point.timed]
    return timed_of([*found, *turns])
