"""Spells turn restrictions out as forbidden sequences of directed edges."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from fleetplan.city.conditions import clauses_of
from fleetplan.city.points import NodeFacts
from fleetplan.city.raw import RawRestriction
from fleetplan.city.relations import may_have_several_from, may_have_several_to
from fleetplan.city.rights import closing_access
from fleetplan.city.streets import Edges, Ints, Nodes, Restrictions, Stretches
from fleetplan.city.timed import HEAVY, LIGHT, Case, TimedRule
from fleetplan.figures import bundled_figures

Path = tuple[int, ...]
"""Edges that are driven one after the other."""

_MOST_STEPS = 2000
"""Edges that are followed to find the way over a via; a tangle of ways that needs more is none that a sign means."""


class Turn(NamedTuple):
    """A forbidden sequence of edges with its relation and the vehicles that it binds, or the rule that decides that."""

    edges: Path
    relation_id: int
    applies: int
    rule: TimedRule | None


class Spelled(NamedTuple):
    """The table of forbidden sequences, the rules of those that hang on the hour, and warnings."""

    restrictions: Restrictions
    timed: list[tuple[TimedRule, list[int], list[int]]]
    warnings: list[str]


def restrictions_of(
    raw: Sequence[RawRestriction],
    nodes: Nodes,
    stretches: Stretches,
    edges: Edges,
    node_facts: Mapping[int, NodeFacts] | None = None,
) -> Spelled:
    """Forbidden sequences of all restrictions, and a warning that counts those that forbid nothing here.

    ``only_*`` forbids every deviation from its path: at the via node each other way out, turning round included; over
    via ways each way off them and each other way out at their end, for traffic that came from the from way. Where the
    from or the to way runs on through the via node, the pair whose change of direction fits the kind is taken if there
    is exactly one; otherwise the restriction is ambiguous and counted. Barriers that let pass in one direction or some
    vehicles only forbid the passage at their node; their ``relation_id`` is the negative identifier of the node.
    """
    town = _Town(nodes, stretches, edges)
    turns: list[Turn] = []
    unused: Counter[str] = Counter()
    relations: dict[int, str] = {}
    for item in raw:
        sequences, why = _spelled(item, town)
        known = relations.get(item.relation_id)
        relations[item.relation_id] = "" if known == "" or sequences else why
        rule = _rule(item)
        turns += [Turn(one, item.relation_id, 0 if rule else item.applies, rule) for one in sequences]
    turns += _barred(node_facts or {}, town)
    unused.update(why for why in relations.values() if why)
    warnings = []
    if unused:
        reasons = ", ".join(f"{count} {why}" for why, count in sorted(unused.items()))
        total = unused.total()
        warnings.append(f"{total} of {len(relations)} turn restrictions forbid nothing here: {reasons}")
    return _table(turns, warnings)


def _table(turns: list[Turn], warnings: list[str]) -> Spelled:
    """Sequences sorted by their edges; equal ones of plain rules are joined."""
    plain: dict[Path, tuple[int, int]] = {}
    for turn in turns:
        if turn.rule is None:
            relation, applies = plain.get(turn.edges, (turn.relation_id, 0))
            plain[turn.edges] = relation, applies | turn.applies
    rows: list[Turn] = [Turn(one, relation, applies, None) for one, (relation, applies) in plain.items()]
    rows += {turn: None for turn in turns if turn.rule is not None}
    rows.sort(key=lambda turn: (turn.edges, turn.relation_id, turn.applies))
    start = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum([len(turn.edges) for turn in rows], out=start[1:])
    timed: dict[TimedRule, tuple[list[int], list[int]]] = {}
    for row, turn in enumerate(rows):
        if turn.rule is not None:
            at, owner = timed.setdefault(turn.rule, ([], []))
            at.append(row)
            owner.append(turn.relation_id)
    return Spelled(
        Restrictions(
            start=start,
            edge=np.array([edge for turn in rows for edge in turn.edges], dtype=np.int64),
            relation_id=np.array([turn.relation_id for turn in rows], dtype=np.int64),
            applies=np.array([turn.applies for turn in rows], dtype=np.uint8),
        ),
        [(rule, at, owner) for rule, (at, owner) in timed.items()],
        warnings,
    )


def _rule(item: RawRestriction) -> TimedRule | None:
    """When a restriction from a conditional tag is in force: its kind is the one that counts at that moment."""
    if not item.timed:
        return None
    clauses = clauses_of(dict(item.tags)[item.timed])
    cases = [Case(float(clause.value == item.kind), clause.when) for clause in reversed(clauses)]
    return TimedRule("restrictions", "applies", ((*cases, Case(float(item.by_default))),), item.applies, item.tags)


class _Town:
    """Edges by way and by node, for the few that restrictions name."""

    def __init__(self, nodes: Nodes, stretches: Stretches, edges: Edges) -> None:
        self.nodes, self.stretches, self.edges = nodes, stretches, edges
        self.way = stretches.way_id[edges.stretch]
        self._by_way = np.argsort(self.way, kind="stable")
        self._ways = self.way[self._by_way]
        self._by_start = np.argsort(edges.u, kind="stable")
        self._starts = edges.u[self._by_start]
        self._by_end = np.argsort(edges.v, kind="stable")
        self._ends = edges.v[self._by_end]
        figures = bundled_figures("reading.toml")
        self.straight_deg, self.back_deg = figures["turn.straight_deg"].value, figures["turn.back_deg"].value

    def of_ways(self, ways: Iterable[int]) -> list[int]:
        """Edges of some ways, by way and row."""
        return [edge for way in ways for edge in self._run(self._ways, self._by_way, way)]

    def out_of(self, node: int) -> list[int]:
        """Edges that leave a node row."""
        return self._run(self._starts, self._by_start, node)

    def into(self, node: int) -> list[int]:
        """Edges that lead to a node row."""
        return self._run(self._ends, self._by_end, node)

    def _run(self, keys: Ints, order: Ints, key: int) -> list[int]:
        begin, end = np.searchsorted(keys, [key, key + 1])
        found: list[int] = order[begin:end].tolist()
        return sorted(found)

    def row(self, osm_id: int) -> int:
        """Row of a node, -1 where it is absent."""
        at = int(np.searchsorted(self.nodes.osm_id, osm_id))
        return at if at < len(self.nodes) and int(self.nodes.osm_id[at]) == osm_id else -1

    def start(self, edge: int) -> int:
        return int(self.edges.u[edge])

    def end(self, edge: int) -> int:
        return int(self.edges.v[edge])

    def turn_deg(self, first: int, then: int) -> float:
        """Change of direction from the end of one edge to the start of another, to the left positive."""
        change = self._bearing(then, at_end=False) - self._bearing(first, at_end=True)
        return math.degrees(math.remainder(change, 2 * math.pi))

    def _bearing(self, edge: int, *, at_end: bool) -> float:
        lon, lat = self.stretches.line(int(self.edges.stretch[edge]))
        if self.edges.reverse[edge]:
            lon, lat = lon[::-1], lat[::-1]
        i, j = (-2, -1) if at_end else (0, 1)
        return math.atan2(float(lat[j] - lat[i]), float(lon[j] - lon[i]) * math.cos(math.radians(float(lat[i]))))

    def fits(self, kind: str, first: int, then: int) -> bool:
        """The change of direction is the one that the kind speaks of."""
        change = self.turn_deg(first, then)
        if "u_turn" in kind:
            return abs(change) >= self.back_deg
        if "straight" in kind:
            return abs(change) <= self.straight_deg
        if "left" in kind:
            return 0 < change < self.back_deg and change > self.straight_deg / 2
        if "right" in kind:
            return -self.back_deg < change < 0 and change < -self.straight_deg / 2
        return False


_ABSENT = "whose ways are absent or closed to motor traffic in that direction"
_AMBIGUOUS = "whose ways are not split at the via"
_TOO_MANY = "with more members than allowed"


def _spelled(item: RawRestriction, town: _Town) -> tuple[list[Path], str]:
    """The forbidden sequences of a restriction, or why there are none."""
    paths = _paths(item, town)
    if paths is None:
        return [], _TOO_MANY
    if not paths:
        return [], _ABSENT
    if item.kind == "no_u_turn" and not item.via_ways and set(item.from_ways) == set(item.to_ways):
        back = [path for path in paths if int(town.edges.twin[path[0]]) == path[-1]]
        return back, "" if back else _ABSENT
    firsts, lasts = {path[0] for path in paths}, {path[-1] for path in paths}
    from_used, to_used = ({int(town.way[edge]) for edge in ends} for ends in (firsts, lasts))
    if (len(from_used) > 1 and not may_have_several_from(item.kind)) or (
        len(to_used) > 1 and not may_have_several_to(item.kind)
    ):
        return [], _TOO_MANY
    if len(firsts) > len(from_used) or len(lasts) > len(to_used) or len(paths) > len(firsts) * len(lasts):
        paths = [path for path in paths if town.fits(item.kind, path[0], path[-1])]
        if len(paths) != 1:
            return [], _AMBIGUOUS
    if not item.kind.startswith("only_"):
        return paths, ""
    return _deviations(paths, town), ""


def _paths(item: RawRestriction, town: _Town) -> list[Path] | None:
    """Sequences of open edges from a from way over the via to a to way; ``None`` where the via is a tangle."""
    leaving = set(town.of_ways(item.to_ways))
    paths: list[Path] = []
    if not item.via_ways:
        node = town.row(item.via_nodes[0])
        arriving = [edge for edge in town.of_ways(item.from_ways) if town.end(edge) == node]
        out = [edge for edge in town.out_of(node) if edge in leaving]
        return [(first, last) for first in arriving for last in out]
    via = set(town.of_ways(item.via_ways))
    steps = 0
    for first in town.of_ways(item.from_ways):
        stack: list[Path] = [(first,)]
        while stack:
            steps += 1
            if steps > _MOST_STEPS:
                return None
            path = stack.pop()
            node = town.end(path[-1])
            seen = {town.start(edge) for edge in path[1:]}
            ways = {int(town.way[edge]) for edge in path[1:]}
            out = town.out_of(node)
            if len(path) > 1 and ways == set(item.via_ways):
                paths += [(*path, edge) for edge in out if edge in leaving]
            if node not in seen:
                back = int(town.edges.twin[path[-1]])
                stack += [(*path, edge) for edge in out if edge in via and edge != back]
    shortest: dict[tuple[int, int], Path] = {}
    for path in sorted(set(paths), key=lambda path: (len(path), path)):
        shortest.setdefault((path[0], path[-1]), path)
    return list(shortest.values())


def _deviations(paths: list[Path], town: _Town) -> list[Path]:
    """What leaves the paths of an ``only_*`` restriction: each beginning of a path with another edge behind it."""
    allowed = {path[: size + 1] for path in paths for size in range(1, len(path))}
    found: dict[Path, None] = {}
    for path in paths:
        for size in range(1, len(path)):
            for edge in town.out_of(town.end(path[size - 1])):
                sequence = (*path[:size], edge)
                if sequence not in allowed:
                    found[sequence] = None
    return list(found)


def _barred(node_facts: Mapping[int, NodeFacts], town: _Town) -> list[Turn]:
    """Passages at barriers that are closed in one direction, or to vehicles above 3.5 t only."""
    turns = []
    closing = closing_access()
    for osm_id, fact in sorted(node_facts.items()):
        special = {fact.forward_access, fact.backward_access, fact.hgv_access} - {fact.barrier_access}
        node = town.row(osm_id) if special & closing else -1
        if node < 0:
            continue
        out = town.out_of(node)
        for first in town.into(node):
            said = fact.backward_access if town.edges.reverse[first] else fact.forward_access
            applies = LIGHT | HEAVY if said in closing else HEAVY if fact.hgv_access in closing else 0
            onward = [edge for edge in out if edge != int(town.edges.twin[first])]
            turns += [Turn((first, edge), -osm_id, applies, None) for edge in onward if applies]
    return turns
