"""Turn restrictions as relations of OpenStreetMap have them, told apart by the vehicles that they bind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fleetplan.city.conditions import clauses_of
from fleetplan.city.raw import RawRestriction, Tags
from fleetplan.city.timed import HEAVY, LIGHT

_KEYS = {
    LIGHT: ("restriction:goods", "restriction:motorcar", "restriction:motor_vehicle", "restriction:vehicle"),
    HEAVY: ("restriction:hgv", "restriction:motor_vehicle", "restriction:vehicle"),
}
"""Tags that name the kind for one class of vehicles, the most specific first; ``restriction`` is for all."""
_EXEMPT = {
    LIGHT: frozenset(("goods", "motorcar", "motor_vehicle", "vehicle", "delivery")),
    HEAVY: frozenset(("hgv", "motor_vehicle", "vehicle", "delivery")),
}
_FREE = ("none", "no")
"""Values by which a key frees its vehicles of the general restriction."""
_SEVERAL_FROM, _SEVERAL_TO = ("no_entry",), ("no_exit",)

Member = tuple[str, str, int]


class Turns:
    """Gathers turn restrictions and counts those that cannot be used."""

    def __init__(self) -> None:
        self.kept: list[RawRestriction] = []
        self.left_out: Counter[str] = Counter()
        self.unreadable = 0
        self._seen: set[int] = set()

    def add(self, relation_id: int, tags: Tags, members: Sequence[Member]) -> None:
        """A relation with its members as (role, ``n`` or ``w``, identifier)."""
        if relation_id in self._seen:
            return
        self._seen.add(relation_id)
        bits = _bits(tags)
        if not bits:
            return
        ways: dict[str, list[int]] = {"from": [], "to": [], "via": []}
        via_nodes: list[int] = []
        for role, shape, ref in members:
            if role == "via" and shape == "n":
                via_nodes.append(ref)
            elif role in ways and shape == "w":
                ways[role].append(ref)
        found = [item for bit in bits for item in _kinds(tags, bit)]
        if not found:
            self.left_out["are of an unknown kind"] += 1
        elif not ways["from"] or not ways["to"] or not (via_nodes or ways["via"]):
            self.left_out["are incomplete"] += 1
        elif (via_nodes and ways["via"]) or len(via_nodes) > 1:
            self.left_out["have more members than allowed"] += 1
        else:
            merged: dict[tuple[str, str, bool], int] = {}
            for bit, kind, timed, by_default in found:
                merged[kind, timed, by_default] = merged.get((kind, timed, by_default), 0) | bit
            said = tuple((key, text) for key, text in tags.items() if key.startswith("restriction"))
            timed_keys = {timed for _, timed, _ in merged if timed}
            self.unreadable += not all(clause.when.readable for key in timed_keys for clause in clauses_of(tags[key]))
            self.kept += [
                RawRestriction(
                    relation_id,
                    kind,
                    tuple(dict.fromkeys(ways["from"])),
                    tuple(via_nodes),
                    tuple(dict.fromkeys(ways["via"])),
                    tuple(dict.fromkeys(ways["to"])),
                    applies,
                    said,
                    timed,
                    by_default,
                )
                for (kind, timed, by_default), applies in merged.items()
            ]

    def warnings(self) -> list[str]:
        """Sentences that count what was left out and what could not be read, if anything was."""
        sentences = []
        if self.left_out:
            parts = ", ".join(f"{count} {why}" for why, count in sorted(self.left_out.items()))
            sentences.append(f"turn restrictions left out: {parts}")
        if self.unreadable:
            sentences.append(
                f"the conditions of {self.unreadable} turn restrictions are not all readable: where such a one may "
                "forbid a turn it does"
            )
        return sentences


def _bits(tags: Tags) -> list[int]:
    """The classes of vehicles for which the relation can say anything."""
    kind = tags.get("type", "")
    only_for = kind.partition(":")[2]
    excepted = {word.strip() for word in tags.get("except", "").split(";")}
    bits = []
    for bit in (LIGHT, HEAVY):
        named = any(f"{key}{ending}" in tags for key in _KEYS[bit] for ending in ("", ":conditional"))
        general = "restriction" in tags or "restriction:conditional" in tags
        if only_for:
            general &= f"restriction:{only_for}" in _KEYS[bit]
        specific = any(key.startswith("restriction:") and key != "restriction:conditional" for key in tags)
        nothing = not general and not specific and not only_for
        if (named or general or nothing) and not _EXEMPT[bit] & excepted:
            bits.append(bit)
    return bits


def _kinds(tags: Tags, bit: int) -> list[tuple[int, str, str, bool]]:
    """Kinds for one class as (class, kind, key of the conditional tag or ``""``, it is also the plain kind)."""
    for key in (*_KEYS[bit], "restriction"):
        plain = tags.get(key, "")
        if plain in _FREE and key != "restriction":
            return []
        plain = plain if _is_kind(plain) else ""
        timed = f"{key}:conditional"
        values = [clause.value for clause in clauses_of(tags[timed])] if timed in tags else []
        kinds = [value for value in values if _is_kind(value)]
        if kinds or (plain and any(value in _FREE for value in values)):
            every = dict.fromkeys([*kinds, *([plain] if plain else [])])
            return [(bit, kind, timed, kind == plain) for kind in every]
        if plain:
            return [(bit, plain, "", False)]
    return []


def _is_kind(word: str) -> bool:
    return word.startswith(("no_", "only_")) and word.isascii() and len(word) <= 40


def may_have_several_from(kind: str) -> bool:
    """``no_entry`` closes a street to traffic from several."""
    return kind in _SEVERAL_FROM


def may_have_several_to(kind: str) -> bool:
    """``no_exit`` closes several streets to traffic from one."""
    return kind in _SEVERAL_TO
