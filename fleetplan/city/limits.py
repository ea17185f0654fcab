"""Limits of speed, size and weight on a street, plain and bound to conditions."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import lru_cache

from fleetplan.city.classes import words
from fleetplan.city.conditions import LARGEST, Truth, clauses_of
from fleetplan.city.raw import Tags
from fleetplan.city.timed import Case, Cases, unlimited
from fleetplan.figures import bundled_figures
from fleetplan.units import parse_length_m, parse_speed_kph, parse_weight_kg

Unknown = list[tuple[str, str]]

SIZE_KEYS = {
    "maxwidth_m": ("maxwidth", "maxwidth:physical"),
    "maxheight_m": ("maxheight", "maxheight:physical"),
    "maxlength_m": ("maxlength",),
    "maxweight_kg": ("maxweight", "maxweightrating", "maxweight:goods", "maxweightrating:goods"),
    "maxaxleload_kg": ("maxaxleload",),
}
"""Tags behind each column of limits; of several the lowest counts."""
LIMIT_COLUMNS = {keys[0]: column for column, keys in SIZE_KEYS.items()}
IMPLICIT_KEYS = ("maxspeed:type", "source:maxspeed", "zone:maxspeed", "zone:traffic")
"""Tags that name the rule from which a limit follows (``FR:urban``), where ``maxspeed`` itself gives none."""

FASTEST_KPH = 200.0
_UNLIMITED = words("none default unsigned no_sign no_indications below_default unspecified no unknown")
_UNPOSTED = words("none signals variable default unsigned no unposted unknown")
_RULE = re.compile(r"([a-z]{2}(?:-[a-z0-9]{1,3})?):([a-z0-9_:-]{1,40})")
_ZONE = re.compile(r"(?:zone:?)?(\d{1,3})")


def least_of(text: str, parse: Callable[[str], float]) -> float:
    """The least of the numbers in a text that joins several by ``;``, ``nan`` if one of them cannot be read."""
    if ";" not in text:
        return parse(text)
    values = [parse(part) for part in text.split(";")]
    return math.nan if any(math.isnan(value) for value in values) else min(values)


@lru_cache(maxsize=4096)
def implied_kph(text: str) -> float:
    """The limit that a named rule implies (``JP:urban``, ``DE:zone30``, ``gb:nsl_single``).

    ``inf`` where the rule is known to set none, ``nan`` where it is not known.

    Figures of ``data/speed-limits.toml``; a zone says its own.
    """
    match = _RULE.fullmatch(text.strip().lower())
    if match is None:
        return math.nan
    country, rule = match[1].upper().replace("UK", "GB"), match[2]
    figures = bundled_figures("speed-limits.toml")
    for key in (f"{country}.{rule}", f"{country[:2]}.{rule}"):
        if key in figures:
            unit = 1.609344 if figures[key].unit == "mph" else 1.0
            return figures[key].value * unit
    zone = _ZONE.fullmatch(rule)
    if zone is None:
        return math.nan
    limit = float(zone[1]) * (1.609344 if country[:2] in ("GB", "US") else 1.0)
    return limit if 0 < limit <= FASTEST_KPH else math.nan


def speed_cases(tags: Tags, direction: str, unknown: Unknown) -> Cases:
    """The posted limit in a direction (``forward`` or ``backward``), or what a named rule implies; ``inf`` for none.

    Limits for goods vehicles come before those for all, and those of the direction before those of both.
    """
    if not any("maxspeed" in key or key == "zone:traffic" for key in tags):
        return (Case(math.inf),)
    cases: list[Case] = []
    for key in (f"maxspeed:goods:{direction}", "maxspeed:goods", f"maxspeed:{direction}", "maxspeed"):
        if (text := tags.get(f"{key}:conditional")) is not None:
            cases += _conditional(f"{key}:conditional", text, _speed, unknown)
        if key not in tags:
            continue
        word = tags[key].strip().lower()
        limit = math.inf if word in _UNPOSTED else _speed(word)
        if word in ("none", "no"):
            return (*cases, Case(math.inf))
        if math.isnan(limit):
            unknown.append((key, tags[key]))
        elif limit < math.inf:
            return (*cases, Case(limit))
    for key in (f"maxspeed:lanes:{direction}", "maxspeed:lanes"):
        if key in tags:
            lanes = [_speed(part) for part in tags[key].split("|") if part.strip()]
            known = [limit for limit in lanes if limit < math.inf]
            if known:  # the fastest lane is open to all but the slowest traffic
                return (*cases, Case(max(known)))
    for key in IMPLICIT_KEYS:
        if key in tags and not math.isnan(limit := implied_kph(tags[key])):
            return (*cases, Case(limit))
        if key in tags and _RULE.fullmatch(tags[key].strip().lower()):
            unknown.append((key, tags[key]))
    return (*cases, Case(math.inf))


def advised_kph(tags: Tags, direction: str, unknown: Unknown) -> float:
    """The advised speed in a direction, ``nan`` where none is tagged."""
    for key in (f"maxspeed:advisory:{direction}", "maxspeed:advisory"):
        if key in tags:
            speed = _speed(tags[key])
            if speed < math.inf:
                return speed
            if tags[key].strip().lower() not in _UNPOSTED:
                unknown.append((key, tags[key]))
    return math.nan


def size_cases(tags: Tags, keys: tuple[str, ...], unknown: Unknown) -> tuple[Cases, ...]:
    """The limits of several signs, which all bind; ``inf`` for none.

    A limit of nought is a slip of the pen, not a closed street.
    """
    parse = parse_weight_kg if keys[0] in ("maxweight", "maxaxleload") else parse_length_m
    programs = []
    for key in keys:
        text = tags.get(f"{key}:conditional")
        if key not in tags and text is None:
            continue

        def read(value: str) -> float:
            return size_limit(value, parse)

        cases = [] if text is None else _conditional(f"{key}:conditional", text, read, unknown)
        limit = math.inf
        if key in tags:
            limit = read(tags[key])
            if math.isnan(limit):
                unknown.append((key, tags[key]))
        programs.append((*cases, Case(unlimited(limit))))
    return tuple(programs)


def size_limit(text: str, parse: Callable[[str], float]) -> float:
    """Metres or kilograms of a sign, ``inf`` where the text says that there is none, ``nan`` if unreadable."""
    if text in _UNLIMITED:
        return math.inf
    value = least_of(text, parse)
    return value if 0 < value <= LARGEST[parse] else math.nan


def _speed(text: str) -> float:
    """A limit in km/h, the least of several joined by ``;``; ``inf`` for none, ``nan`` where it cannot be read."""
    speeds = []
    for part in text.strip().lower().split(";"):
        word = part.strip()
        speed = math.inf if word in _UNPOSTED else parse_speed_kph(word)
        if math.isnan(speed):
            walk = word == "walk"
            speed = bundled_figures("reading.toml")["walking_pace_kph"].value if walk else implied_kph(word)
        speeds.append(speed if 0 < speed <= FASTEST_KPH or speed == math.inf else math.nan)
    return math.nan if any(math.isnan(speed) for speed in speeds) else min(speeds)


def _conditional(key: str, text: str, read: Callable[[str], float], unknown: Unknown) -> list[Case]:
    """The clauses of a conditional limit, the last one first; what cannot be read is left out and remembered."""
    clauses = clauses_of(text)
    cases = []
    for clause in reversed(clauses):
        value = read(clause.value)
        if math.isnan(value) or not clause.when.readable:
            unknown.append((key, text))
        elif clause.when.light != Truth.NEVER:
            cases.append(Case(value, clause.when))
    if not clauses:
        unknown.append((key, text))
    return cases
