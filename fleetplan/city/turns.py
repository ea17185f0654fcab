"""Spells turn restrictions out as forbidden pairs of directed edges."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fleetplan.city.raw import RawRestriction
from fleetplan.city.streets import Edges, Nodes, Restrictions, Stretches


def restrictions_of(
    raw: Sequence[RawRestriction], nodes: Nodes, stretches: Stretches, edges: Edges
) -> tuple[Restrictions, list[str]]:
    """Forbidden turns of all restrictions, and a warning that counts those that fit no turn here.

    ``only_*`` forbids every other turn out of the from edge, turning round included. A restriction whose from or to
    way runs on through the via node is ambiguous (ways should be split there) and is left out.
    """
    via_rows = _node_rows(nodes, [turn.via_node for turn in raw])
    into, out_of = _edges_at(set(via_rows), edges)
    way = stretches.way_id[edges.stretch]
    pairs: dict[tuple[int, int], int] = {}
    unusable = 0
    for turn, via in zip(raw, via_rows, strict=True):
        arrive = [e for e in into.get(via, []) if int(way[e]) in turn.from_ways]
        leave = [e for e in out_of.get(via, []) if int(way[e]) in turn.to_ways]
        forbidden = _forbidden(turn, arrive, leave, out_of.get(via, []), edges)
        unusable += not forbidden
        for pair in forbidden:
            pairs.setdefault(pair, turn.relation_id)
    ordered = sorted((start, end, relation) for (start, end), relation in pairs.items())
    table = np.array(ordered, dtype=np.int64).reshape(-1, 3)
    warnings = []
    if unusable:
        warnings.append(
            f"{unusable} of {len(raw)} turn restrictions forbid nothing here: their ways are absent, closed to motor "
            "traffic or not split at the via node"
        )
    return Restrictions(
        start=np.arange(0, 2 * len(table) + 1, 2, dtype=np.int64),
        edge=table[:, :2].reshape(-1),
        relation_id=table[:, 2],
        applies=np.full(len(table), 3, dtype=np.uint8),
    ), warnings


def _forbidden(
    turn: RawRestriction, arrive: list[int], leave: list[int], all_leave: list[int], edges: Edges
) -> list[tuple[int, int]]:
    if not arrive or not leave:
        return []
    same_way = set(turn.from_ways) == set(turn.to_ways)
    if same_way and turn.kind == "no_u_turn":
        return [(a, b) for a in arrive for b in leave if int(edges.twin[a]) == b]
    if len(arrive) > len(turn.from_ways) or len(leave) > len(turn.to_ways):
        return []
    if turn.kind.startswith("only_"):
        return [(a, b) for a in arrive for b in all_leave if b not in leave]
    return [(a, b) for a in arrive for b in leave]


def _node_rows(nodes: Nodes, wanted: list[int]) -> list[int]:
    """Rows of nodes by identifier, -1 where absent."""
    ids = np.array(wanted, dtype=np.int64)
    at = np.searchsorted(nodes.osm_id, ids)
    at = np.minimum(at, len(nodes) - 1)
    return [int(row) for row in np.where(nodes.osm_id[at] == ids, at, -1)]


def _edges_at(via_rows: set[int], edges: Edges) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """Edges that run into and out of the given nodes."""
    wanted = np.array(sorted(via_rows), dtype=np.int64)
    into: dict[int, list[int]] = {}
    out_of: dict[int, list[int]] = {}
    for edge in np.flatnonzero(np.isin(edges.v, wanted)).tolist():
        into.setdefault(int(edges.v[edge]), []).append(edge)
    for edge in np.flatnonzero(np.isin(edges.u, wanted)).tolist():
        out_of.setdefault(int(edges.u[edge]), []).append(edge)
    return into, out_of
