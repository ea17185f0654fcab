"""What the tags of one street mean, parsed once per distinct set of tags into a :class:`StreetFacts`.

Semantics follow the tags' pages in the OpenStreetMap wiki. A value that cannot be understood is remembered in
``unknown`` and leaves the class default in force.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from fleetplan.city.classes import AccessTag, Barrier, Highway, Service
from fleetplan.city.parking import parking_of
from fleetplan.city.raw import Tags, words
from fleetplan.figures import bundled_figures
from fleetplan.units import parse_count, parse_length_m, parse_speed_kph, parse_weight_kg

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

MOTOR_KEYS = ("goods", "motorcar", "motor_vehicle", "vehicle", "access")
"""Access keys for a goods vehicle up to 3.5 t, the most specific first."""
FOOT_KEYS = ("foot", "access")
ONEWAY_KEYS = ("oneway:goods", "oneway:motorcar", "oneway:motor_vehicle", "oneway:vehicle", "oneway")
"""One-way rules, the most specific first."""
NODE_LIMIT_KEYS = ("maxwidth", "maxwidth:physical", "maxheight", "maxheight:physical", "maxlength", "maxweight")
"""Limits that hold for whoever passes a node, whether it carries a barrier or not."""

_SAYS_NOTHING = "unknown"  # an access value by which a mapper says that nobody has looked yet
_ACCESS = {
    "yes": AccessTag.YES,
    "allowed": AccessTag.YES,
    "public": AccessTag.YES,
    "discouraged": AccessTag.YES,
    "designated": AccessTag.DESIGNATED,
    "official": AccessTag.DESIGNATED,
    "permissive": AccessTag.PERMISSIVE,
    "destination": AccessTag.DESTINATION,
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

_OPEN = words(
    "kerb toll_booth cattle_grid entrance height_restrictor border_control sally_port bump_gate "
    "rumble_strip coupure ditch_crossing checkpoint"
)
_GATES = words(
    "gate lift_gate swing_gate sliding_gate hampshire_gate security_gate wicket_gate bar sliding_beam spikes police"
)
_BOLLARDS = words(
    "bollard block cycle_barrier chain stile kissing_gate turnstile full-height_turnstile motorcycle_barrier "
    "bus_trap sump_buster log debris jersey_barrier rope horse_stile planter fence wall hedge barrier_board "
    "tank_trap guard_rail retaining_wall delineators rising_bollard yes"
)
_BARRIERS = {
    **dict.fromkeys(_OPEN, Barrier.OPEN),
    **dict.fromkeys(_GATES, Barrier.GATE),
    **dict.fromkeys(_BOLLARDS, Barrier.BOLLARD),
}


class StreetFacts(NamedTuple):
    """The columns of one street that its tags alone decide, in the units of ``Stretches``."""

    highway: int
    service: int
    drivable: bool
    walkable: bool
    forward: bool
    backward: bool
    motor_access: int
    foot_access: int
    lanes: float
    maxspeed_kph: float
    maxwidth_m: float
    maxheight_m: float
    maxlength_m: float
    maxweight_kg: float
    parking_left: int
    parking_right: int
    no_stopping: bool
    tunnel: bool
    conditional: bool
    unknown: tuple[tuple[str, str], ...]


class NodeFacts(NamedTuple):
    """What the tags of a node say to motor traffic."""

    signals: bool
    barrier: int
    barrier_access: int
    barrier_gap_m: float
    barrier_height_m: float
    barrier_length_m: float
    barrier_weight_kg: float
    unknown: tuple[tuple[str, str], ...]


def read_street(tags: Tags) -> StreetFacts:
    """The meaning of a way's tags. Never raises, whatever the values are."""
    unknown: list[tuple[str, str]] = []
    highway = _highway(tags, unknown)
    service = _service(tags) if highway == Highway.SERVICE else Service.NONE
    motor = _access(tags, MOTOR_KEYS, unknown)
    if service == Service.EMERGENCY_ACCESS and not _opened_to_motors(tags):
        motor = AccessTag.NO
    foot = AccessTag.YES if tags.get("foot") == "use_sidepath" else _access(tags, FOOT_KEYS, unknown)
    drivable = highway in DRIVABLE or (highway == Highway.PEDESTRIAN and _opened_to_motors(tags))
    drivable &= tags.get("area") != "yes"  # the outline of a square or a car park is no line to drive along
    forward, backward = _directions(tags, highway, unknown) if drivable else (False, False)
    parking_left, parking_right, no_stopping = parking_of(tags, unknown)
    return StreetFacts(
        highway=int(highway),
        service=int(service),
        drivable=drivable,
        walkable=_walkable(tags, highway, foot),
        forward=forward,
        backward=backward,
        motor_access=int(motor),
        foot_access=int(foot),
        lanes=_lanes(tags, unknown),
        maxspeed_kph=_maxspeed(tags, unknown),
        maxwidth_m=_least(tags, ("maxwidth", "maxwidth:physical"), parse_length_m, unknown),
        maxheight_m=_least(tags, ("maxheight", "maxheight:physical"), parse_length_m, unknown),
        maxlength_m=_least(tags, ("maxlength",), parse_length_m, unknown),
        maxweight_kg=_least(tags, ("maxweight",), parse_weight_kg, unknown),
        parking_left=int(parking_left),
        parking_right=int(parking_right),
        no_stopping=no_stopping,
        tunnel=tags.get("tunnel", "no") != "no" or tags.get("covered", "no") != "no",
        conditional=any(f"{key}:conditional" in tags for key in (*MOTOR_KEYS, "oneway", "maxspeed")),
        unknown=tuple(unknown),
    )


def read_node(tags: Tags) -> NodeFacts:
    """The meaning of a node's tags. Never raises."""
    unknown: list[tuple[str, str]] = []
    word = tags.get("barrier", "no")
    barrier = Barrier.NONE if word == "no" else _BARRIERS.get(word)
    if barrier is None:
        unknown.append(("barrier", word))
        barrier = Barrier.OPEN
    gap_m = _least(tags, ("maxwidth", "maxwidth:physical"), parse_length_m, unknown)
    height_m = _least(tags, ("maxheight", "maxheight:physical"), parse_length_m, unknown)
    length_m = _least(tags, ("maxlength",), parse_length_m, unknown)
    weight_kg = _least(tags, ("maxweight",), parse_weight_kg, unknown)
    limited = not all(math.isnan(limit) for limit in (gap_m, height_m, length_m, weight_kg))
    if barrier == Barrier.NONE and limited:
        barrier = Barrier.OPEN
    access = _access(tags, MOTOR_KEYS, unknown) if barrier != Barrier.NONE else AccessTag.UNTAGGED
    signals = tags.get("highway") == "traffic_signals"
    return NodeFacts(signals, int(barrier), int(access), gap_m, height_m, length_m, weight_kg, tuple(unknown))


def plain_node() -> NodeFacts:
    """A node without tags."""
    return read_node({})


def least_of(text: str, parse: Callable[[str], float]) -> float:
    """The least of the numbers in a text that joins several by ``;``, ``nan`` if one of them cannot be read."""
    if ";" not in text:
        return parse(text)
    values = [parse(part) for part in text.split(";")]
    return math.nan if any(math.isnan(value) for value in values) else min(values)


def highway_of_word(word: str) -> Highway:
    """The class that a value of ``highway`` names, ``OTHER`` where it is unknown."""
    return _HIGHWAYS.get(word, Highway.OTHER)


def access_of_word(word: str) -> AccessTag | None:
    """What a single value of an access key says, ``None`` where it is unknown."""
    return _ACCESS.get(word)


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


def _access(tags: Tags, keys: tuple[str, ...], unknown: list[tuple[str, str]]) -> AccessTag:
    """The most specific key that says something decides; of values joined by ``;`` the most open one holds.

    ``unknown`` says nothing, so the next key decides.
    """
    for key in keys:
        if key not in tags:
            continue
        words = [word.strip() for word in tags[key].split(";")]
        if all(word == _SAYS_NOTHING for word in words):
            continue
        known = [_ACCESS[word] for word in words if word in _ACCESS]
        if known:
            return min(known)
        unknown.append((key, tags[key]))
    return AccessTag.UNTAGGED


def _opened_to_motors(tags: Tags) -> bool:
    """Some streets are for motors only where a key of motor traffic itself says so; ``access`` does not.

    These are pedestrian streets and the ways kept free for fire engines.
    """
    return AccessTag.UNTAGGED < _access(tags, MOTOR_KEYS[:-1], []) < AccessTag.NO


def _walkable(tags: Tags, highway: Highway, foot: AccessTag) -> bool:
    """Private ways stay walkable, for that is where doors are; ``foot_access`` tells them apart."""
    if foot == AccessTag.NO:
        return False
    if highway in _NOT_ON_FOOT or tags.get("motorroad") == "yes":
        asked = _access(tags, FOOT_KEYS[:1], []) != AccessTag.UNTAGGED
        pavement = any(
            tags.get(key, "no") in ("both", "left", "right", "yes")
            for key in ("sidewalk", "sidewalk:both", "sidewalk:left", "sidewalk:right")
        )
        return highway != Highway.OTHER and (asked or pavement)
    return True


def _directions(tags: Tags, highway: Highway, unknown: list[tuple[str, str]]) -> tuple[bool, bool]:
    implied = tags.get("junction") in ("roundabout", "circular") or highway in IMPLIED_ONE_WAY
    forward, backward = (True, False) if implied else (True, True)
    for key in ONEWAY_KEYS:
        word = tags.get(key, "").strip().lower()
        if word in _ONEWAY:
            forward, backward = _ONEWAY[word]
            break
        if word:
            unknown.append((key, tags[key]))
    return forward and not _is_closed(tags, "forward"), backward and not _is_closed(tags, "backward")


def _is_closed(tags: Tags, direction: str) -> bool:
    """Access tags close one direction to a carrier."""
    if not any(key.endswith(direction) for key in tags):
        return False
    return _access(tags, tuple(f"{key}:{direction}" for key in MOTOR_KEYS), []) in _closed_access()


@lru_cache(maxsize=1)
def _closed_access() -> frozenset[AccessTag]:
    """What closes a direction: the same as closes a whole street, permits by the same figure."""
    permit_open = bool(bundled_figures("access.toml")["permit_open"].value)
    return frozenset((AccessTag.PRIVATE, AccessTag.NO, *(() if permit_open else (AccessTag.PERMIT,))))


def _lanes(tags: Tags, unknown: list[tuple[str, str]]) -> float:
    if "lanes" in tags:
        lanes = least_of(tags["lanes"], parse_count)
        if 0 < lanes <= 20:
            return lanes
        unknown.append(("lanes", tags["lanes"]))
    sides = [parse_count(tags[key]) for key in ("lanes:forward", "lanes:backward", "lanes:both_ways") if key in tags]
    return sum(sides) if sides and 0 < sum(sides) <= 20 else math.nan


def _maxspeed(tags: Tags, unknown: list[tuple[str, str]]) -> float:
    if tags.get("maxspeed") == "none":
        return math.nan
    for key in ("maxspeed:goods", "maxspeed"):
        if key in tags:
            speed_kph = least_of(tags[key], parse_speed_kph)
            if 0 < speed_kph <= 200:
                return speed_kph
            unknown.append((key, tags[key]))
    sides = [parse_speed_kph(tags[key]) for key in ("maxspeed:forward", "maxspeed:backward") if key in tags]
    return min((side for side in sides if 0 < side <= 200), default=math.nan)


_UNLIMITED = words("none default unsigned no_sign no_indications below_default unspecified no")


def _least(
    tags: Tags,
    keys: tuple[str, ...],
    parse: Callable[[str], float],
    unknown: list[tuple[str, str]],
) -> float:
    """The lowest limit of several signs; a limit of nought is a slip of the pen, not a closed street."""
    limits = []
    for key in keys:
        if key in tags and tags[key] not in _UNLIMITED:
            value = least_of(tags[key], parse)
            if 0 < value < math.inf:
                limits.append(value)
            else:
                unknown.append((key, tags[key]))
    return min(limits, default=math.nan)
