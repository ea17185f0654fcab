"""Conditional values of OpenStreetMap: ``no @ (Mo-Fr 07:00-09:00 AND weight>3.5); destination @ (09:00-18:00)``.

A text becomes clauses; of those whose condition holds the last one counts, as the wiki's page on conditional
restrictions has it. A condition is times (:mod:`fleetplan.city.hours`), words for vehicles and purposes, and
comparisons of size and weight; the last two are judged for two classes of goods vehicles, up to 3.5 t and above.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from fleetplan.city.classes import AccessTag, words
from fleetplan.city.hours import is_readable
from fleetplan.figures import bundled_figures
from fleetplan.units import parse_count, parse_length_m, parse_weight_kg


class Truth(IntEnum):
    """Whether something holds; of several that must all hold the least counts."""

    NEVER = 0
    PERHAPS = 1
    SURELY = 2


class Condition(NamedTuple):
    """When a clause holds.

    Attributes:
        times: opening-hours texts, all of which must hold.
        light, heavy: whether the rest holds for goods vehicles up to 3.5 t, and above.
        purpose: what an opening asks of a vehicle (``DESTINATION``, ``DELIVERY``, ``CUSTOMERS``), or ``UNTAGGED``.
        size: a comparison ``>`` or ``>=`` as a limit, (key of the limit, kilograms or metres); ``light`` and
            ``heavy`` judge it too.
        rest: ``light`` and ``heavy`` without that comparison.
        readable: all parts were understood; the others hold perhaps.
    """

    times: tuple[str, ...] = ()
    light: Truth = Truth.SURELY
    heavy: Truth = Truth.SURELY
    purpose: AccessTag = AccessTag.UNTAGGED
    size: tuple[str, float] | None = None
    rest: tuple[Truth, Truth] = (Truth.SURELY, Truth.SURELY)
    readable: bool = True


class Clause(NamedTuple):
    """A value and when it holds."""

    value: str
    when: Condition


_LONGEST = 1000
"""Signs of a text that are looked at: four times what OpenStreetMap allows; what is cut off there is unreadable."""

_BOTH = (Truth.SURELY, Truth.SURELY)
_NEITHER = (Truth.NEVER, Truth.NEVER)
_UNSURE = (Truth.PERHAPS, Truth.PERHAPS)
_PURPOSES = {
    "destination": AccessTag.DESTINATION,
    "delivery": AccessTag.DELIVERY,
    "loading": AccessTag.DELIVERY,
    "unloading": AccessTag.DELIVERY,
    "customers": AccessTag.CUSTOMERS,
}
_VEHICLES = {
    **dict.fromkeys(words("motor_vehicle vehicle motorcar_and_goods"), _BOTH),
    "goods": (Truth.SURELY, Truth.NEVER),
    "hgv": (Truth.NEVER, Truth.SURELY),
    **dict.fromkeys(
        words(
            "motorcar bus psv taxi coach tourist_bus minibus bicycle moped mofa motorcycle foot horse hov carpool "
            "emergency agricultural forestry residents resident private permit disabled employees staff military "
            "hazmat trailer caravan motorhome hgv_articulated electric"
        ),
        _NEITHER,
    ),
    # Rules for bad weather: an ordinary working day has none.
    **dict.fromkeys(words("wet snow ice fog rain smog"), _NEITHER),
    **dict.fromkeys(words("winter summer"), _UNSURE),
}
_COMPARISON = re.compile(r"([a-z_:]+)\s*(<=|>=|<|>|=|≤|≥)\s*(.+)")
_SIGNS = {"≤": "<=", "≥": ">="}


LARGEST: dict[Callable[[str], float], float] = {parse_length_m: 100.0, parse_weight_kg: 200_000.0}
"""Limits beyond these metres and kilograms are slips of the pen, mostly of a unit left out."""


class _Size(NamedTuple):
    limit: str
    parse: Callable[[str], float]
    light: tuple[str, float]
    """Figure of ``data/reading.toml`` that bounds vehicles up to 3.5 t, and its factor to the unit of ``parse``."""


_SIZES = {
    **dict.fromkeys(
        words("weight maxweight gross_weight weightrating maxweightrating weight_rating"),
        _Size("maxweight", parse_weight_kg, ("goods.heaviest_t", 1000.0)),
    ),
    **dict.fromkeys(words("load maxload"), _Size("", parse_weight_kg, ("goods.largest_load_t", 1000.0))),
    **dict.fromkeys(words("length maxlength"), _Size("maxlength", parse_length_m, ("goods.longest_m", 1.0))),
    **dict.fromkeys(words("width maxwidth"), _Size("maxwidth", parse_length_m, ("goods.widest_m", 1.0))),
    **dict.fromkeys(words("height maxheight"), _Size("maxheight", parse_length_m, ("goods.highest_m", 1.0))),
    **dict.fromkeys(words("axleload maxaxleload"), _Size("maxaxleload", parse_weight_kg, ("goods.heaviest_t", 1000.0))),
}
_COUNTS = {"axles": 2.0, "trailers": 0.0, "trailer": 0.0, "wheels": 6.0}
_PERHAPS_COUNTS = words("occupants stay passengers")


@lru_cache(maxsize=4096)
def clauses_of(text: str) -> tuple[Clause, ...]:
    """The clauses of a conditional value in the order written; empty where it has none. Never raises.

    A value without a condition holds perhaps.
    """
    clauses: list[Clause] = []
    parts: list[tuple[str, str]] = []
    for part in _parted(text[:_LONGEST], ";"):
        value, at, condition = part.partition("@")
        if at:
            parts.append((value.strip(), condition.strip()))
        elif parts:  # opening hours without brackets go on behind a semicolon
            parts[-1] = (parts[-1][0], f"{parts[-1][1]}; {part.strip()}".strip("; "))
        elif part.strip():
            parts.append((part.strip(), ""))
    for value, condition in parts:
        clauses.append(Clause(value.lower(), condition_of(condition)))
    return tuple(clauses)


@lru_cache(maxsize=4096)
def condition_of(text: str) -> Condition:
    """What stands behind the ``@``. Never raises."""
    times: list[str] = []
    rest = [Truth.SURELY, Truth.SURELY]
    sized = [Truth.SURELY, Truth.SURELY]
    purpose, size, readable = AccessTag.UNTAGGED, None, True
    for raw in _anded(_bare(text)):
        part = _bare(raw)
        word = part.lower()
        if word in _PURPOSES:
            purpose = max(purpose, _PURPOSES[word])
            continue
        if (compared := _compared(word)) is not None:
            truths, limit = compared
            into = sized if limit is not None and size is None else rest
            size = size or limit
            into[:] = [min(pair) for pair in zip(into, truths, strict=True)]
            continue
        named = _VEHICLES.get(word) or _any_of(word)
        if named is not None:
            rest = [min(pair) for pair in zip(rest, named, strict=True)]
        elif is_readable(part):
            times.append(part)
        else:
            rest, readable = [min(known, Truth.PERHAPS) for known in rest], False
    light, heavy = (min(pair) for pair in zip(rest, sized, strict=True))
    return Condition(tuple(times), light, heavy, purpose, size, (rest[0], rest[1]), readable)


def _compared(text: str) -> tuple[tuple[Truth, Truth], tuple[str, float] | None] | None:
    """Truth of a comparison for both classes, and the limit it makes; ``None`` where it is none that is known."""
    match = _COMPARISON.fullmatch(text)
    if match is None:
        return None
    name, sign, amount = match[1], _SIGNS.get(match[2], match[2]), match[3].strip()
    if name in _PERHAPS_COUNTS:
        return _UNSURE, None
    if name in _COUNTS:
        value = parse_count(amount)
        if math.isnan(value):
            return None
        most = _COUNTS[name]
        return (_judged(sign, value, most, most), _judged(sign, value, -1.0, math.inf)), None
    if name not in _SIZES:
        return None
    size = _SIZES[name]
    value = size.parse(amount)
    if not 0 < value <= LARGEST[size.parse]:
        return None
    key, factor = size.light
    most = bundled_figures("reading.toml")[key].value * factor
    heaviest = name not in ("load", "maxload") and size.parse is parse_weight_kg and size.limit == "maxweight"
    truths = _judged(sign, value, 0.0, most), _judged(sign, value, most if heaviest else 0.0, math.inf)
    limit = (
        (size.limit, value if sign == ">" else math.nextafter(value, 0.0)) if size.limit and sign[0] == ">" else None
    )
    return truths, limit


def _judged(sign: str, value: float, least: float, most: float) -> Truth:
    """Whether a comparison holds for all, some or none of what lies above ``least`` and up to ``most``."""
    if sign == "=":
        return Truth.PERHAPS if least <= value <= most else Truth.NEVER
    if sign in (">", ">="):
        reached = most > value or (sign == ">=" and most == value)
        surely = (least >= value and least < most) or (least == most and reached)
        return Truth.NEVER if not reached else Truth.SURELY if surely else Truth.PERHAPS
    opposite = _judged(">" if sign == "<=" else ">=", value, least, most)
    return Truth(2 - opposite)


def _any_of(text: str) -> tuple[Truth, Truth] | None:
    """Words and comparisons joined by commas, one of which must hold; ``None`` where one is not known."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) < 2:
        return None
    light, heavy = Truth.NEVER, Truth.NEVER
    for part in parts:
        compared = _compared(part)
        truths = _BOTH if part in _PURPOSES else _VEHICLES.get(part) or (compared and compared[0])
        if truths is None:
            return None
        light, heavy = max(light, truths[0]), max(heavy, truths[1])
    return light, heavy


def _bare(text: str) -> str:
    """The text without brackets around the whole of it."""
    text = text.strip()
    while text.startswith("(") and text.endswith(")") and _closes_at_end(text):
        text = text[1:-1].strip()
    return text


def _closes_at_end(text: str) -> bool:
    depth = 0
    for at, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return at == len(text) - 1
    return False


def _anded(text: str) -> list[str]:
    """Parts joined by ``AND`` outside brackets."""
    parts, depth, begin = [], 0, 0
    for match in re.finditer(r"[()]|\sAND\s", text, flags=re.IGNORECASE):
        sign = match[0]
        if sign in "()":
            depth = max(depth + (1 if sign == "(" else -1), 0)
        elif depth == 0:
            parts.append(text[begin : match.start()])
            begin = match.end()
    return [*parts, text[begin:]]


def _parted(text: str, sign: str) -> list[str]:
    """Parts outside brackets."""
    parts, depth, begin = [], 0, 0
    for at, char in enumerate(text):
        depth = max(depth + (char == "(") - (char == ")"), 0)
        if char == sign and depth == 0:
            parts.append(text[begin:at])
            begin = at + 1
    return [*parts, text[begin:]]
