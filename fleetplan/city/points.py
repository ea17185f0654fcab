"""What the tags of one node mean to motor traffic: barriers with their gap and access, signals, signs, crossings."""

from __future__ import annotations

import math
from enum import IntEnum
from typing import NamedTuple

from fleetplan.city.classes import AccessTag, Barrier, words
from fleetplan.city.limits import size_limit
from fleetplan.city.raw import Tags
from fleetplan.city.rights import HGV_KEYS, MOTOR_KEYS, access_cases
from fleetplan.city.timed import LIGHT, Case, TimedRule
from fleetplan.units import parse_length_m, parse_weight_kg


class Serves(IntEnum):
    """Which traffic something on a node is for."""

    NOBODY = 0
    FORWARD = 1  # along the way
    BACKWARD = 2
    BOTH = 3
    UNSAID = 4
    MINOR = 5  # at a junction, those who come from the lesser streets


KINDS = ("signals", "stops", "give_ways", "crossings", "calmings")
"""What is met along an edge, as columns of ``Edges``."""

POINT_KEYS = ("barrier", "bollard", "traffic_calming")
"""Keys that make a node matter to motor traffic, beside limits and some values of ``highway``."""
POINT_HIGHWAYS = words("traffic_signals stop give_way crossing")

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
_NO_BOLLARD = words("no removed missing none")
_OPENINGS = words(
    "gate lift_gate swing_gate sliding_gate hampshire_gate security_gate entrance sally_port toll_booth cattle_grid "
    "height_restrictor border_control"
)
"""Barriers whose ``width`` is that of their opening; a bollard's or a block's is its own."""

_DIRECTIONS = {"forward": Serves.FORWARD, "backward": Serves.BACKWARD, "both": Serves.BOTH}
_MARKED = words("marked zebra uncontrolled pelican toucan puffin pegasus tiger yes")
_NO = words("no none")


class NodeFacts(NamedTuple):
    """What the tags of a node say to motor traffic.

    ``forward_access``, ``backward_access`` and ``hgv_access`` are those of a barrier for one direction of the way it
    lies on and for vehicles above 3.5 t, ``barrier_access`` where nothing special is said. ``signals`` … ``calmings``
    tell whom they are for (:class:`Serves`).
    """

    barrier: int
    barrier_access: int
    forward_access: int
    backward_access: int
    hgv_access: int
    barrier_gap_m: float
    barrier_height_m: float
    barrier_length_m: float
    barrier_weight_kg: float
    signals: int
    stops: int
    give_ways: int
    crossings: int
    calmings: int
    timed: tuple[TimedRule, ...]
    unknown: tuple[tuple[str, str], ...]

    @property
    def cuts(self) -> bool:
        """The way must be cut here, so that routing can decide at the node."""
        return self.barrier != Barrier.NONE


def read_node(tags: Tags) -> NodeFacts:
    """The meaning of a node's tags. Never raises."""
    unknown: list[tuple[str, str]] = []
    barrier = _barrier(tags, unknown)
    lengths = [_least(tags, keys, unknown) for keys in (("maxwidth", "maxwidth:physical"), _HEIGHTS, ("maxlength",))]
    gap_m, height_m, length_m = lengths
    weight_kg = _least(tags, ("maxweight",), unknown)
    limited = not all(math.isnan(limit) for limit in (*lengths, weight_kg))
    if barrier == Barrier.NONE and limited:
        barrier = Barrier.OPEN
    if math.isnan(gap_m) and tags.get("barrier") in _OPENINGS:
        gap_m = _least(tags, ("width",), unknown)
    access = forward = backward = hgv = AccessTag.UNTAGGED
    timed: tuple[TimedRule, ...] = ()
    if barrier != Barrier.NONE:
        locked = barrier != Barrier.OPEN and tags.get("locked") == "yes"
        fallback = AccessTag.PRIVATE if locked else AccessTag.UNTAGGED
        cases, _ = access_cases(tags, MOTOR_KEYS, "", unknown, fallback=fallback)
        if len(cases) > 1 and barrier == Barrier.BOLLARD and math.isnan(gap_m):
            # a bollard of which nothing else is said is shut: outside the hours at which it opens it is too
            cases = (*cases[:-1], Case(cases[-1].value or AccessTag.NO))
        access = AccessTag(int(cases[-1].value))
        if len(cases) > 1:
            said = tuple((key, text) for key, text in tags.items() if key.split(":")[0] in (*MOTOR_KEYS, "delivery"))
            timed = (TimedRule("nodes", "barrier_access", (cases,), LIGHT, said),)
        forward, backward, hgv = access, access, access
        if any(":forward" in key or ":backward" in key for key in tags):
            forward, backward = (_plain(tags, MOTOR_KEYS, way, fallback) for way in ("forward", "backward"))
        if "hgv" in tags:
            hgv = _plain(tags, HGV_KEYS, "", fallback)
    return NodeFacts(
        int(barrier),
        int(access),
        int(forward),
        int(backward),
        int(hgv),
        gap_m,
        height_m,
        length_m,
        weight_kg,
        *_met(tags),
        timed,
        tuple(dict.fromkeys(unknown)),
    )


def plain_node() -> NodeFacts:
    """A node without tags."""
    return read_node({})


_HEIGHTS = ("maxheight", "maxheight:physical")


def _barrier(tags: Tags, unknown: list[tuple[str, str]]) -> Barrier:
    word = tags.get("barrier", "no")
    bollard = tags.get("bollard", "no")
    if word in ("no", "bollard") and bollard not in _NO_BOLLARD:
        return Barrier.BOLLARD  # removable and rising ones too: a driver of parcels has no key
    if word == "no" or (word == "bollard" and "bollard" in tags):
        return Barrier.NONE
    if word not in _BARRIERS:
        unknown.append(("barrier", word))
        return Barrier.OPEN
    return _BARRIERS[word]


def _plain(tags: Tags, keys: tuple[str, ...], direction: str, fallback: AccessTag) -> AccessTag:
    return AccessTag(int(access_cases(tags, keys, direction, [], fallback=fallback)[0][-1].value))


def _least(tags: Tags, keys: tuple[str, ...], unknown: list[tuple[str, str]]) -> float:
    """The lowest of several signs, ``nan`` where none is posted."""
    limits = []
    for key in keys:
        if key in tags:
            limit = size_limit(tags[key], parse_weight_kg if key == "maxweight" else parse_length_m)
            if math.isnan(limit):
                unknown.append((key, tags[key]))
            elif limit < math.inf:
                limits.append(limit)
    return min(limits, default=math.nan)


def _met(tags: Tags) -> tuple[int, int, int, int, int]:
    """Signals, stop signs, give-way signs, marked crossings and calming devices on a node, by whom they are for.

    A crossing with signals is a signal. Compass directions (``direction=270``) say nothing about the way.
    """
    signals = stops = give_ways = crossings = calmings = Serves.NOBODY
    highway = tags.get("highway", "")
    kinds = frozenset(tags.get("crossing", "").split(";"))
    has_signals = "traffic_signals" in kinds or tags.get("crossing:signals", "no") not in _NO
    if highway == "traffic_signals" or (highway == "crossing" and has_signals):
        signals = _serves(tags, "traffic_signals:direction")
    elif highway == "crossing":
        markings = tags.get("crossing:markings", "")
        marked = markings not in _NO if markings else bool(kinds & _MARKED) or "crossing_ref" in tags
        crossings = Serves.BOTH if marked else Serves.NOBODY
    elif highway == "stop":
        stops = _serves(tags, "stop:direction")
        if stops == Serves.UNSAID:
            stops = {"all": Serves.BOTH, "minor": Serves.MINOR}.get(tags.get("stop", ""), Serves.UNSAID)
    elif highway == "give_way":
        give_ways = _serves(tags, "give_way:direction")
    if tags.get("traffic_calming", "no") not in _NO:
        told = _DIRECTIONS.get(tags.get("direction", ""), Serves.BOTH)
        calmings = told if highway not in POINT_HIGHWAYS else Serves.BOTH
    return int(signals), int(stops), int(give_ways), int(crossings), int(calmings)


def _serves(tags: Tags, key: str) -> Serves:
    return _DIRECTIONS.get(tags.get(key, ""), _DIRECTIONS.get(tags.get("direction", ""), Serves.UNSAID))
