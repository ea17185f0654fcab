"""What the tags of one street mean, parsed once per distinct set of tags into a :class:`StreetFacts`.

Semantics follow the tags' pages in the OpenStreetMap wiki. A value that cannot be understood is remembered in
``unknown`` and leaves the class default in force. What hangs on the hour becomes rules in ``timed``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from fleetplan.city.classes import AccessTag, Highway, Service
from fleetplan.city.limits import LIMIT_COLUMNS, SIZE_KEYS, advised_kph, least_of, size_cases, speed_cases
from fleetplan.city.parking import parking_of
from fleetplan.city.points import KINDS
from fleetplan.city.raw import Tags, words
from fleetplan.city.rights import (
    DIRECTIONS,
    FOOT_KEYS,
    HGV_KEYS,
    MOTOR_KEYS,
    ONEWAY_KEYS,
    access_cases,
    access_of_word,
    closing_access,
    oneway_cases,
    plain_access,
    size_rules,
)
from fleetplan.city.timed import HEAVY, LIGHT, Cases, TimedRule
from fleetplan.units import parse_count

__all__ = [
    "DRIVABLE",
    "FOOT_KEYS",
    "IMPLIED_ONE_WAY",
    "MOTOR_KEYS",
    "NODE_LIMIT_KEYS",
    "NO_STREET",
    "ONEWAY_KEYS",
    "StreetFacts",
    "access_of_word",
    "highway_of_word",
    "least_of",
    "read_street",
    "usually_walkable",
]

DRIVABLE = frozenset(range(Highway.MOTORWAY, Highway.TRACK + 1))
"""Classes on which motor vehicles exist; pedestrian streets join them where access tags for motor vehicles say so."""

IMPLIED_ONE_WAY = frozenset((Highway.MOTORWAY, Highway.MOTORWAY_LINK))
"""Classes that run one way unless tags say otherwise."""

_NOT_ON_FOOT = frozenset((Highway.MOTORWAY, Highway.MOTORWAY_LINK, Highway.TRUNK, Highway.TRUNK_LINK, Highway.OTHER))

NO_STREET = words(
    "abandoned bus_guideway bus_stop busway construction demolished disused elevator emergency_bay escape "
    "ladder no planned platform proposed raceway razed rest_area services traffic_island via_ferrata"
)
"""Known values of ``highway`` that are no street for anybody here; such ways are left out without a word."""

_HIGHWAYS = {member.tag: member for member in Highway if member is not Highway.OTHER}
_HIGHWAYS["escalator"] = Highway.STEPS
_SERVICES = {
    "alley": Service.ALLEY,
    "driveway": Service.DRIVEWAY,
    "driveway2": Service.DRIVEWAY,
    "parking_aisle": Service.PARKING_AISLE,
    "drive-through": Service.DRIVE_THROUGH,
    "drive_through": Service.DRIVE_THROUGH,
    "emergency_access": Service.EMERGENCY_ACCESS,
}

NODE_LIMIT_KEYS = ("maxwidth", "maxwidth:physical", "maxheight", "maxheight:physical", "maxlength", "maxweight")
"""Limits that hold for whoever passes a node, whether it carries a barrier or not."""

_ROUND = ("roundabout", "circular")


class StreetFacts(NamedTuple):
    """The columns of one street that its tags alone decide, in the units of ``Stretches`` and ``Edges``.

    ``forward`` and ``backward`` tell the directions that are open at some hour; columns that end in either are those
    of the edge in that direction, as they hold when no condition does. ``timed`` pairs rules with the direction that
    they decide: 1 along the way, -1 against it, 0 for the stretch. ``met`` is what a graph made from streets tells of
    the things met along and then against the street, -1 where it is to be counted.
    """

    highway: int
    service: int
    drivable: bool
    walkable: bool
    forward: bool
    backward: bool
    motor_access: int
    motor_forward: int
    motor_backward: int
    hgv_forward: int
    hgv_backward: int
    foot_access: int
    lanes: float
    maxspeed_kph: float
    speed_forward_kph: float
    speed_backward_kph: float
    advisory_forward_kph: float
    advisory_backward_kph: float
    maxwidth_m: float
    maxheight_m: float
    maxlength_m: float
    maxweight_kg: float
    maxaxleload_kg: float
    parking_left: int
    parking_right: int
    no_stopping: bool
    tunnel: bool
    motorroad: bool
    roundabout: bool
    calmed: bool
    met: tuple[int, ...]
    timed: tuple[tuple[int, TimedRule], ...]
    unknown: tuple[tuple[str, str], ...]


class _Way(NamedTuple):
    """One direction of a street: may it be open at all, who may enter, how fast."""

    open: bool
    motor: AccessTag
    hgv: AccessTag
    speed_kph: float
    advisory_kph: float
    timed: tuple[TimedRule, ...]


_NOWHERE = _Way(False, AccessTag.UNTAGGED, AccessTag.UNTAGGED, math.nan, math.nan, ())


def read_street(tags: Tags) -> StreetFacts:
    """The meaning of a way's tags. Never raises, whatever the values are."""
    unknown: list[tuple[str, str]] = []
    highway = _highway(tags, unknown)
    service = _service(tags) if highway == Highway.SERVICE else Service.NONE
    foot = AccessTag.YES if tags.get("foot") == "use_sidepath" else plain_access(tags, FOOT_KEYS, unknown)
    closed = highway == Highway.PEDESTRIAN or service == Service.EMERGENCY_ACCESS
    drivable = highway in DRIVABLE or (highway == Highway.PEDESTRIAN and _opened_to_motors(tags))
    drivable &= tags.get("area") != "yes"  # the outline of a square or a car park is no line to drive along
    if drivable:
        forward, backward = _ways(tags, highway, unknown, closed=closed)
        motor = min((way.motor for way in (forward, backward) if way.open), default=forward.motor)
    else:
        forward, backward = _NOWHERE, _NOWHERE
        motor = plain_access(tags, MOTOR_KEYS, unknown)
    parking_left, parking_right, no_stopping = parking_of(tags, unknown)
    sizes, timed = _sizes(tags, unknown)
    timed += [(1, rule) for rule in forward.timed if forward.open]
    timed += [(-1, rule) for rule in backward.timed if backward.open]
    speeds = [way.speed_kph for way in (forward, backward) if way.open and not math.isnan(way.speed_kph)]
    return StreetFacts(
        highway=int(highway),
        service=int(service),
        drivable=drivable,
        walkable=_walkable(tags, highway, foot),
        forward=forward.open,
        backward=backward.open,
        motor_access=int(motor),
        motor_forward=int(forward.motor),
        motor_backward=int(backward.motor),
        hgv_forward=int(forward.hgv),
        hgv_backward=int(backward.hgv),
        foot_access=int(foot),
        lanes=_lanes(tags, unknown),
        maxspeed_kph=max(speeds, default=math.nan),
        speed_forward_kph=forward.speed_kph,
        speed_backward_kph=backward.speed_kph,
        advisory_forward_kph=forward.advisory_kph,
        advisory_backward_kph=backward.advisory_kph,
        **sizes,
        parking_left=int(parking_left),
        parking_right=int(parking_right),
        no_stopping=no_stopping,
        tunnel=tags.get("tunnel", "no") != "no" or tags.get("covered", "no") != "no",
        motorroad=tags.get("motorroad") == "yes",
        roundabout=tags.get("junction") in _ROUND,
        calmed=tags.get("traffic_calming", "no") not in ("no", "none"),
        met=_met(tags),
        timed=tuple(timed),
        unknown=tuple(dict.fromkeys(unknown)),
    )


def highway_of_word(word: str) -> Highway:
    """The class that a value of ``highway`` names, ``OTHER`` where it is unknown."""
    return _HIGHWAYS.get(word, Highway.OTHER)


def usually_walkable(highway: Highway) -> bool:
    """People may walk on this class unless tags say otherwise."""
    return highway not in _NOT_ON_FOOT


def _highway(tags: Tags, unknown: list[tuple[str, str]]) -> Highway:
    word = tags.get("highway", "")
    highway = _HIGHWAYS.get(word, Highway.OTHER)
    if highway == Highway.OTHER and word not in NO_STREET:
        unknown.append(("highway", word))
    return highway


def _service(tags: Tags) -> Service:
    word = tags.get("service", "")
    return _SERVICES.get(word, Service.OTHER if word else Service.NONE)


def _opened_to_motors(tags: Tags) -> bool:
    """Some streets are for motors only where a key of motor traffic itself says so; ``access`` does not.

    These are pedestrian streets and the ways kept free for fire engines. An opening at certain hours counts.
    """
    return any(
        AccessTag.UNTAGGED < case.value < AccessTag.NO
        for keys in (MOTOR_KEYS[:-1], HGV_KEYS[:-1])
        for direction in _directions_of(tags)
        for case in access_cases(tags, keys, direction, [], fallback=AccessTag.NO)[0]
    )


def _walkable(tags: Tags, highway: Highway, foot: AccessTag) -> bool:
    """Private ways stay walkable, for that is where doors are; ``foot_access`` tells them apart."""
    if foot == AccessTag.NO:
        return False
    if highway in _NOT_ON_FOOT or tags.get("motorroad") == "yes":
        asked = plain_access(tags, FOOT_KEYS[:1], []) != AccessTag.UNTAGGED
        pavement = any(
            tags.get(key, "no") in ("both", "left", "right", "yes")
            for key in ("sidewalk", "sidewalk:both", "sidewalk:left", "sidewalk:right")
        )
        return highway != Highway.OTHER and (asked or pavement)
    return True


def _directions_of(tags: Tags) -> tuple[str, ...]:
    """Both directions where tags tell them apart, else one that stands for both."""
    return ("forward", "backward") if any(":forward" in key or ":backward" in key for key in tags) else ("forward",)


def _ways(tags: Tags, highway: Highway, unknown: list[tuple[str, str]], *, closed: bool) -> tuple[_Way, _Way]:
    """Both directions of a street; ``closed`` ones open only by a key of motor traffic itself."""
    implied = tags.get("junction") in _ROUND or highway in IMPLIED_ONE_WAY
    along, against = oneway_cases(tags, (True, not implied), unknown)
    alike = len(_directions_of(tags)) == 1
    forward = _way(tags, "forward", along, unknown, closed=closed)
    if alike and along == against:
        return forward, forward
    return forward, _way(tags, "backward", against, unknown, closed=closed)


def _way(tags: Tags, direction: str, oneway: Cases, unknown: list[tuple[str, str]], *, closed: bool) -> _Way:
    fallback = AccessTag.NO if closed else AccessTag.UNTAGGED
    last = -1 if closed else None
    motor, motor_own = access_cases(tags, MOTOR_KEYS[:last], direction, unknown, fallback=fallback)
    hgv, hgv_own = access_cases(tags, HGV_KEYS[:last], direction, unknown, fallback=fallback)
    speed = speed_cases(tags, direction, unknown)
    shut = (motor_own or hgv_own) and all(
        len(cases) == 1 and cases[0].value in closing_access() for cases in (motor, hgv)
    )
    opens = any(case.value != AccessTag.NO for case in oneway) and not shut
    timed = []
    for column, cases, bit in (("motor_access", motor, LIGHT), ("hgv_access", hgv, HEAVY)):
        programs = (cases, oneway) if len(oneway) > 1 else (cases,)
        if max(len(program) for program in programs) > 1:
            timed.append(TimedRule("edges", column, programs, bit, _tags_of(tags, _ENTRY_WORDS)))
    if len(speed) > 1:
        timed.append(TimedRule("edges", "maxspeed_kph", (speed,), LIGHT, _tags_of(tags, ("maxspeed",))))
    rule = oneway[-1].value
    return _Way(
        opens,
        AccessTag(int(max(motor[-1].value, rule))),
        AccessTag(int(max(hgv[-1].value, rule))),
        _finite(speed[-1].value),
        advised_kph(tags, direction, unknown),
        tuple(timed),
    )


_ENTRY_WORDS = (*MOTOR_KEYS, "hgv", "delivery", "oneway")


def _tags_of(tags: Tags, names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The tags whose key begins with one of some words."""
    return tuple((key, text) for key, text in tags.items() if key.split(":")[0] in names)


def _sizes(tags: Tags, unknown: list[tuple[str, str]]) -> tuple[dict[str, float], list[tuple[int, TimedRule]]]:
    """Limits of size and weight by column, and the rules of those that hang on conditions."""
    if not any(key.startswith("max") or key.endswith(":conditional") for key in tags):
        return dict.fromkeys(SIZE_KEYS, math.nan), []
    hidden = size_rules(tags, ("access", "vehicle", "motor_vehicle")) if ":conditional" in "".join(tags) else []
    limits: dict[str, float] = {}
    timed = []
    for column, keys in SIZE_KEYS.items():
        programs = size_cases(tags, keys, unknown)
        programs += tuple(rule.cases for rule in hidden if LIMIT_COLUMNS[rule.column_key] == column)
        limits[column] = _finite(min((program[-1].value for program in programs), default=math.inf))
        if any(len(program) > 1 for program in programs):
            words_of = (*keys, "access", "vehicle", "motor_vehicle")
            timed.append((0, TimedRule("stretches", column, programs, LIGHT, _tags_of(tags, words_of))))
    return limits, timed


def met_key(kind: str, direction: str) -> str:
    """Attribute by which a graph made from streets tells how many things of a kind are met in a direction."""
    return f"met_{kind}:{direction}"


_MET_KEYS = tuple(met_key(kind, direction) for direction in DIRECTIONS for kind in KINDS)
_NOT_TOLD = (-1,) * len(_MET_KEYS)


def _met(tags: Tags) -> tuple[int, ...]:
    if _MET_KEYS[0] not in tags:
        return _NOT_TOLD
    numbers = [parse_count(tags.get(key, "0")) for key in _MET_KEYS]
    return tuple(int(number) if 0 <= number <= 255 else -1 for number in numbers)


def _finite(value: float) -> float:
    return math.nan if math.isinf(value) else value


def _lanes(tags: Tags, unknown: list[tuple[str, str]]) -> float:
    if "lanes" in tags:
        lanes = least_of(tags["lanes"], parse_count)
        if 0 < lanes <= 20:
            return lanes
        unknown.append(("lanes", tags["lanes"]))
    sides = [parse_count(tags[key]) for key in ("lanes:forward", "lanes:backward", "lanes:both_ways") if key in tags]
    return sum(sides) if sides and 0 < sum(sides) <= 20 else math.nan
