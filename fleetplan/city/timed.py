"""Rules that hold at certain times only, and what a city's tables say during a shift.

Reading a map makes a :class:`TimedRule` of every value that depends on the hour, and :func:`streets_during` decides
them for a shift: of the values that may hold at any moment of it, on any Monday to Friday without a holiday, the
strictest counts. An opening-hours text that cannot be read closes: access, one-way rules and turns take the stricter
reading. Limits of speed, size and weight leave such a text out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleetplan.city.classes import AccessTag
from fleetplan.city.conditions import Condition, Truth
from fleetplan.city.hours import Shift, held, shift_of

if TYPE_CHECKING:
    from fleetplan.city.streets import Streets

USUAL_SHIFT_S = (8 * 3600, 18 * 3600)
"""The shift for which a freshly read city stands."""

LIGHT, HEAVY = 1, 2
"""Goods vehicles up to 3.5 t and above, as bits."""


class Case(NamedTuple):
    """A value of a rule, and when it holds; ``None`` is always."""

    value: float
    when: Condition | None = None


Cases = tuple[Case, ...]
"""Values in order of rank: the first whose condition holds counts. The last one holds always and is the plain one."""


@dataclass(frozen=True, slots=True)
class TimedRule:
    """What decides one value of one column.

    Attributes:
        table, column: what it decides: ``edges`` (``motor_access``, ``hgv_access``, ``maxspeed_kph``), ``stretches``
            (``maxwidth_m`` …), ``nodes`` (``barrier_access``) or ``restrictions`` (``applies``).
        cases: several rules that bind together; the strictest of their values counts.
        bits: for which vehicles, :data:`LIGHT` and :data:`HEAVY`; more than one only in ``applies``.
        tags: the tags that say so, key and text as mapped.
    """

    table: str
    column: str
    cases: tuple[Cases, ...]
    bits: int
    tags: tuple[tuple[str, str], ...]

    @property
    def strictest_is_highest(self) -> bool:
        """Access and turns are strict where the value is high, limits where it is low."""
        return self.column in ("motor_access", "hgv_access", "barrier_access", "applies")

    def plain(self) -> float:
        """The value where no condition holds."""
        return self._strictest([program[-1].value for program in self.cases])

    def during(self, shift: Shift) -> float:
        """The strictest value that may hold in a shift; for ``applies`` the bits of the vehicles that it binds."""
        if self.column == "applies":
            return float(sum(bit for bit in (LIGHT, HEAVY) if self.bits & bit and self._value(shift, bit) > 0))
        return self._value(shift, self.bits)

    def _value(self, shift: Shift, bit: int) -> float:
        return self._strictest([value for program in self.cases for value in _possible(program, shift, bit)])

    def _strictest(self, values: list[float]) -> float:
        return max(values) if self.strictest_is_highest else min(values)


@dataclass(frozen=True, eq=False)
class Timed:
    """All timed rules of a city, in arrays and one text, so that they can be kept in files like any other table.

    Attributes:
        spelled: the distinct rules as JSON; :attr:`rules` has them as objects.
        rule: row of ``rules`` per application.
        row: row of the rule's table that it decides, per application.
        owner: the OSM way, node or relation that carries the tag, per application.
    """

    spelled: str = "[]"
    rule: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    row: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    owner: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.rule)

    @cached_property
    def rules(self) -> tuple[TimedRule, ...]:
        """The distinct rules."""
        return tuple(_rule_of(item) for item in json.loads(self.spelled))


def timed_of(found: Iterable[tuple[TimedRule, Sequence[int], Sequence[int]]]) -> Timed:
    """The table of rules from (rule, rows that it decides, their owners)."""
    rules: dict[TimedRule, int] = {}
    rule, row, owner = [], [], []
    for item, rows, owners in found:
        number = rules.setdefault(item, len(rules))
        rule += [number] * len(rows)
        row += list(rows)
        owner += list(owners)
    return Timed(
        json.dumps([[item.table, item.column, item.cases, item.bits, item.tags] for item in rules]),
        np.array(rule, dtype=np.int64),
        np.array(row, dtype=np.int64),
        np.array(owner, dtype=np.int64),
    )


def _rule_of(spelled: list[Any]) -> TimedRule:
    table, column, cases, bits, tags = spelled
    return TimedRule(
        table,
        column,
        tuple(tuple(Case(float(value), _condition_of(when)) for value, when in program) for program in cases),
        bits,
        tuple((key, text) for key, text in tags),
    )


def _condition_of(spelled: list[Any] | None) -> Condition | None:
    if spelled is None:
        return None
    times, light, heavy, purpose, size, rest, readable = spelled
    return Condition(
        tuple(times),
        Truth(light),
        Truth(heavy),
        AccessTag(purpose),
        None if size is None else (size[0], size[1]),
        (Truth(rest[0]), Truth(rest[1])),
        readable,
    )


def streets_during(streets: Streets, start_s: float, end_s: float) -> Streets:
    """The same city during a shift; see :meth:`fleetplan.city.streets.Streets.during`."""
    timed = streets.timed
    if not len(timed):
        return streets
    shift = shift_of(start_s, end_s)
    value = np.array([rule.during(shift) for rule in timed.rules])
    tables: dict[str, Any] = {name: getattr(streets, name) for name in ("nodes", "stretches", "edges", "restrictions")}
    for table, column in sorted({(rule.table, rule.column) for rule in timed.rules}):
        mine = np.array([(rule.table, rule.column) == (table, column) for rule in timed.rules])[timed.rule]
        cells = getattr(tables[table], column).copy()
        decided = value[timed.rule[mine]]
        if not np.issubdtype(cells.dtype, np.floating):
            decided = decided.astype(cells.dtype)
        cells[timed.row[mine]] = np.where(np.isinf(decided), np.nan, decided) if cells.dtype.kind == "f" else decided
        tables[table] = replace(tables[table], **{column: cells})
    tables["stretches"] = _with_display(tables["stretches"], tables["edges"], _edge_rows(timed))
    return replace(streets, **tables, decided=tuple(_sentences(timed, value)))


@lru_cache(maxsize=8192)
def _possible(program: Cases, shift: Shift, bit: int) -> tuple[float, ...]:
    """The values of a program that may hold at some moment of a shift. Many ways share a text, so it is kept."""
    values: list[float] = []
    alive: NDArray[np.bool_] = np.ones((1, 1), dtype=np.bool_)
    for case in program:
        if case.when is None:
            return (*values, case.value)
        truth = case.when.light if bit == LIGHT else case.when.heavy
        if truth == Truth.NEVER:
            continue
        perhaps: NDArray[np.bool_] = np.ones((1, 1), dtype=np.bool_)
        surely: NDArray[np.bool_] = np.full((1, 1), truth == Truth.SURELY)
        for text in case.when.times:
            hours = held(text, shift)
            perhaps, surely = perhaps & hours.perhaps, surely & hours.surely
        if (alive & perhaps).any():
            values.append(case.value)
        alive = alive & ~surely
        if not alive.any():
            break
    return tuple(values)


def _edge_rows(timed: Timed) -> NDArray[np.int64]:
    of_edges = np.array([rule.table == "edges" for rule in timed.rules])
    return np.unique(timed.row[of_edges[timed.rule]])


def _with_display(stretches: Any, edges: Any, changed: NDArray[np.int64]) -> Any:
    """Access and limit of the stretches whose edges changed: those of the less restricted direction."""
    if not len(changed):
        return stretches
    rows = np.flatnonzero(np.isin(edges.stretch, edges.stretch[changed]))
    of = edges.stretch[rows]
    access, speed = stretches.motor_access.copy(), stretches.maxspeed_kph.copy()
    access[of], speed[of] = 255, np.nan
    np.minimum.at(access, of, edges.motor_access[rows])
    np.fmax.at(speed, of, edges.maxspeed_kph[rows])
    return replace(stretches, motor_access=access, maxspeed_kph=speed)


def _sentences(timed: Timed, value: NDArray[np.float64]) -> list[str]:
    """One sentence per way, node or relation whose plain tags a conditional one overrules in this shift."""
    from fleetplan.city.raw import clean_text

    told: dict[tuple[str, int, str, str], None] = {}
    plain = np.array([rule.plain() * (rule.bits if rule.column == "applies" else 1) for rule in timed.rules])
    for number in np.flatnonzero((plain != value)[timed.rule]).tolist():
        rule = timed.rules[int(timed.rule[number])]
        for key, text in rule.tags:
            if key.endswith(":conditional"):
                told.setdefault((_OWNERS[rule.table], int(timed.owner[number]), key, text))
    return [
        f"{kind} {owner}: {clean_text(key)[:60]} = {clean_text(text)[:_SHOWN]!r}" for kind, owner, key, text in told
    ]


_OWNERS = {"edges": "way", "stretches": "way", "nodes": "node", "restrictions": "relation"}
_SHOWN = 80


def unlimited(value: float) -> float:
    """A limit for :class:`Case`: no limit, ``nan`` in tables, is infinite there, so that the lowest one counts."""
    return math.inf if math.isnan(value) else value
