"""Who may drive where: access tags and one-way rules, by class of vehicle and direction, plain and conditional.

Two classes of vehicles are told apart: goods vehicles up to 3.5 t (``goods``) and above (``hgv``). The more specific
key decides, and a key of one direction comes before those of both.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from fleetplan.city.classes import AccessTag
from fleetplan.city.conditions import Clause, Truth, clauses_of
from fleetplan.city.raw import Tags
from fleetplan.city.timed import Case, Cases
from fleetplan.figures import bundled_figures

Unknown = list[tuple[str, str]]

MOTOR_KEYS = ("goods", "motorcar", "motor_vehicle", "vehicle", "access")
"""Access keys for a goods vehicle up to 3.5 t, the most specific first."""
HGV_KEYS = ("hgv", "motor_vehicle", "vehicle", "access")
"""Access keys for a goods vehicle above 3.5 t, the most specific first."""
FOOT_KEYS = ("foot", "access")
ONEWAY_KEYS = ("oneway:goods", "oneway:motorcar", "oneway:motor_vehicle", "oneway:vehicle", "oneway")
"""One-way rules, the most specific first."""
DIRECTIONS = ("forward", "backward")

_SAYS_NOTHING = "unknown"  # an access value by which a mapper says that nobody has looked yet
_ACCESS = {
    "yes": AccessTag.YES,
    "allowed": AccessTag.YES,
    "public": AccessTag.YES,
    "discouraged": AccessTag.YES,
    "unsuitable": AccessTag.YES,
    "designated": AccessTag.DESIGNATED,
    "official": AccessTag.DESIGNATED,
    "permissive": AccessTag.PERMISSIVE,
    "destination": AccessTag.DESTINATION,
    "local": AccessTag.DESTINATION,
    "delivery": AccessTag.DELIVERY,
    "loading": AccessTag.DELIVERY,
    "customers": AccessTag.CUSTOMERS,
    "permit": AccessTag.PERMIT,
    "private": AccessTag.PRIVATE,
    "residents": AccessTag.PRIVATE,
    "no": AccessTag.NO,
    "agricultural": AccessTag.NO,
    "forestry": AccessTag.NO,
    "military": AccessTag.NO,
    "emergency": AccessTag.NO,
    "bus": AccessTag.NO,
    "psv": AccessTag.NO,
    "taxi": AccessTag.NO,
    "hov": AccessTag.NO,
    "use_sidepath": AccessTag.NO,
    "dismount": AccessTag.NO,
}

_ONEWAY = {
    "yes": (True, False),
    "true": (True, False),
    "1": (True, False),
    "-1": (False, True),
    "reverse": (False, True),
    "no": (True, True),
    "false": (True, True),
    "0": (True, True),
    "alternating": (True, True),  # by turns, so passable both ways after a wait
    "reversible": (False, False),  # the direction depends on the hour: closed is the safe reading
}


class Sizes(NamedTuple):
    """Limits that conditional access makes for all vehicles: ``no @ (weight>3.5)`` is a sign of 3.5 t."""

    column_key: str
    cases: Cases


def access_of_word(word: str) -> AccessTag | None:
    """What a single value of an access key says, ``None`` where it is unknown."""
    return _ACCESS.get(word)


def plain_access(tags: Tags, keys: tuple[str, ...], unknown: Unknown) -> AccessTag:
    """The most specific key that says something decides; of values joined by ``;`` the most open one holds.

    ``unknown`` says nothing, so the next key decides.
    """
    for key in keys:
        if key in tags and (said := _said(tags, key, unknown)) is not None:
            return said
    return AccessTag.UNTAGGED


def access_cases(
    tags: Tags, keys: tuple[str, ...], direction: str, unknown: Unknown, *, fallback: AccessTag
) -> tuple[Cases, bool]:
    """What one class of vehicle may do in a direction (``""`` for a node), and whether a key of that direction decides.

    Args:
        fallback: what holds where no tag says anything.
    """
    cases: list[Case] = []
    if not any(key.partition(":")[0] in keys for key in tags):
        return tuple(_for_deliveries(tags, fallback, unknown)), False
    for ending in (f":{direction}", "") if direction else ("",):
        for key in keys:
            name = f"{key}{ending}"
            if (text := tags.get(f"{name}:conditional")) is not None:
                cases += _conditional(f"{name}:conditional", text, unknown, light=keys[0] != "hgv")
            said = _said(tags, name, unknown) if name in tags else None
            if said is None and direction:
                lanes = tags.get(f"{key}:lanes{ending}")
                said = None if lanes is None else _of_lanes(lanes)
            if said is not None:
                plain = [Case(said)] if key == "goods" else _for_deliveries(tags, said, unknown)
                return (*cases, *plain), bool(ending)
    return (*cases, *_for_deliveries(tags, fallback, unknown)), False


def size_rules(tags: Tags, keys: tuple[str, ...]) -> list[Sizes]:
    """Limits of size and weight hidden in conditional access: ``motor_vehicle:conditional=no @ (width>2)``."""
    found = []
    for key in keys:
        text = tags.get(f"{key}:conditional")
        for clause in () if text is None else clauses_of(text):
            size = clause.when.size
            if size is None or _value(clause) not in (AccessTag.NO, AccessTag.PRIVATE):
                continue
            light, heavy = clause.when.rest
            when = clause.when._replace(light=max(light, heavy), heavy=max(light, heavy))
            found.append(Sizes(size[0], (Case(size[1], when), Case(math.inf))))
    return found


def oneway_cases(tags: Tags, implied: tuple[bool, bool], unknown: Unknown) -> tuple[Cases, Cases]:
    """Along and against the way: ``NO`` where the one-way rule closes the direction, ``UNTAGGED`` where it does not."""
    open_ways: list[tuple[tuple[bool, bool], Clause | None]] = []
    for key in ONEWAY_KEYS:
        name = f"{key}:conditional"
        if name in tags:
            clauses = clauses_of(tags[name])
            open_ways += [(_ONEWAY[clause.value], clause) for clause in reversed(clauses) if clause.value in _ONEWAY]
            if not clauses or not all(item.value in _ONEWAY and item.when.readable for item in clauses):
                unknown.append((name, tags[name]))
        word = tags.get(key, "").strip().lower()
        if word in _ONEWAY:
            open_ways.append((_ONEWAY[word], None))
            break
        if word:
            unknown.append((key, tags[key]))
    else:
        open_ways.append((implied, None))
    along, against = (
        tuple(
            Case(AccessTag.UNTAGGED if ways[side] else AccessTag.NO, None if clause is None else clause.when)
            for ways, clause in open_ways
        )
        for side in (0, 1)
    )
    return along, against


@lru_cache(maxsize=1)
def closing_access() -> frozenset[AccessTag]:
    """What closes a direction for good: the same as closes a whole street, permits by the same figure."""
    permit_open = bool(bundled_figures("access.toml")["permit_open"].value)
    return frozenset((AccessTag.PRIVATE, AccessTag.NO, *(() if permit_open else (AccessTag.PERMIT,))))


def _said(tags: Tags, key: str, unknown: Unknown) -> AccessTag | None:
    """What one key says; ``None`` where it says nothing or nothing that is known."""
    parts = [word.strip() for word in tags[key].split(";")]
    if all(word == _SAYS_NOTHING for word in parts):
        return None
    known = [_ACCESS[word] for word in parts if word in _ACCESS]
    if known:
        return min(known)
    unknown.append((key, tags[key]))
    return None


def _of_lanes(text: str) -> AccessTag | None:
    """Of several lanes the most open one; a lane without a word is open."""
    lanes = [part.strip() for part in text.split("|")]
    if not all(lanes):
        return None
    known = [_ACCESS[word] for lane in lanes for word in lane.split(";") if word in _ACCESS]
    return min(known, default=None)


def _for_deliveries(tags: Tags, said: AccessTag, unknown: Unknown) -> list[Case]:
    """What the plain word comes to: ``delivery`` (at some hours: ``delivery:conditional``) opens a closed street."""
    if said not in (AccessTag.NO, AccessTag.PRIVATE):
        return [Case(said)]

    def opened(word: AccessTag | None) -> AccessTag:
        return AccessTag.DELIVERY if word is not None and word <= AccessTag.CUSTOMERS else said

    cases = []
    if (text := tags.get("delivery:conditional")) is not None:
        clauses = clauses_of(text)
        known = [clause for clause in clauses if _value(clause) is not None]
        cases = [Case(opened(_value(clause)), clause.when) for clause in reversed(known)]
        if not clauses or len(known) < len(clauses) or not all(clause.when.readable for clause in known):
            unknown.append(("delivery:conditional", text))
    return [*cases, Case(opened(_ACCESS.get(tags.get("delivery", ""))))]


def _value(clause: Clause) -> AccessTag | None:
    known = [_ACCESS[word] for part in clause.value.split("|") for word in part.split(";") if word in _ACCESS]
    return min(known, default=None)


def _conditional(key: str, text: str, unknown: Unknown, *, light: bool) -> list[Case]:
    """The clauses of a conditional access tag, the last one first.

    A closing for whatever is larger than a limit is left to :func:`size_rules` where the key is one for all vehicles.
    """
    for_all = key.removesuffix(":conditional") in ("access", "vehicle", "motor_vehicle")
    clauses = clauses_of(text)
    cases = []
    for clause in reversed(clauses):
        value = _value(clause)
        if value is None:
            unknown.append((key, text))
            continue
        if not clause.when.readable:
            unknown.append((key, text))
        if for_all and clause.when.size is not None and value in (AccessTag.NO, AccessTag.PRIVATE):
            continue
        if (clause.when.light if light else clause.when.heavy) != Truth.NEVER:
            purpose = clause.when.purpose if value < AccessTag.CUSTOMERS else AccessTag.UNTAGGED
            cases.append(Case(max(value, purpose), clause.when))
    if not clauses:
        unknown.append((key, text))
    return cases
