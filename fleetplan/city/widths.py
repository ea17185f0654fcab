"""How wide a street is: a typical width, its pinch and how sure both are, from signs, tags, lanes and class.

Order of trust: sign, surveyed polygons (``WidthSource.SURVEY`` keeps their place; none are read yet), tag less
parking, lanes, class and direction. Every number stands in
``data/widths/world.toml`` with its source. A width is decided once per distinct set of tags.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from fleetplan.city.classes import Highway, Parking, Service, WidthSource
from fleetplan.city.raw import Tags
from fleetplan.city.tags import StreetFacts, least_of
from fleetplan.figures import Figure, bundled_figures
from fleetplan.units import parse_length_m


class WidthFacts(NamedTuple):
    """The width columns of ``Stretches``, and tags whose value was no plausible width."""

    width_m: float
    width_min_m: float
    width_lo_m: float
    width_hi_m: float
    road_width_m: float
    width_source: int
    street_min_m: float
    street_lo_m: float
    street_hi_m: float
    street_source: int
    unknown: tuple[tuple[str, str], ...]


class Estimate(NamedTuple):
    """A carriageway width with the factors (or bounds) within which it lies in four of five cases.

    ``carriageway_m`` is kerb to kerb, ``width_m`` what parked cars leave of it; ``lo`` and ``hi`` multiply it.
    """

    carriageway_m: float
    width_m: float
    lo: float
    hi: float
    source: WidthSource


@dataclass(frozen=True, slots=True)
class WidthPack:
    """The figures of one country."""

    name: str
    figures: Mapping[str, Figure]

    def __getitem__(self, key: str) -> float:
        return self.figures[key].value


@lru_cache(maxsize=32)
def width_pack(country: str) -> WidthPack:
    """The figures for a country (ISO 3166 alpha-2): today the world's for all of them."""
    return WidthPack("world", bundled_figures("widths", "world.toml"))


def read_width(tags: Tags, facts: StreetFacts, *, pack: WidthPack) -> WidthFacts:
    """The width of a street with these tags. Never raises, whatever the values are.

    A sign names the widest vehicle that may pass, so the room behind it is that vehicle plus the least clearance;
    the sign itself stays in ``maxwidth_m``. It gives the pinch, not the whole street: ``width_m`` is what the next
    source in the order says, but never less than the pinch. The sign thus tells whether a vehicle fits through; how
    vehicles meet in the street, and what Japan's ordinance allows there, is a matter of the street itself. Where a
    tag or lanes tell that, ``street_min_m``, ``street_lo_m`` and ``street_hi_m`` keep their pinch and interval.
    """
    given = _given(tags)
    if given is not None:
        return given
    unknown: list[tuple[str, str]] = []
    estimate = _by_tag(tags, facts, pack, unknown) or _by_lanes(tags, facts, pack) or _by_class(tags, facts, pack)
    pinch_m = estimate.width_m * pack["pinch.ratio"]
    lo_m = min(estimate.width_m * pack["pinch.ratio_lo"] * estimate.lo, pinch_m)
    hi_m = max(estimate.width_m * pack["pinch.ratio_hi"] * estimate.hi, pinch_m)
    width_m, source = estimate.width_m, estimate.source
    street = _NO_STREET
    sign_m = facts.maxwidth_m
    if sign_m <= pack["sign.widest_vehicle"] and sign_m >= pack["plausible.least"]:
        if source in (WidthSource.TAG, WidthSource.LANES):
            street = (pinch_m, lo_m, hi_m, int(source))
        clearance_m = pack["sign.clearance"]
        pinch_m, lo_m, hi_m = sign_m + clearance_m, sign_m, sign_m + 2 * clearance_m
        width_m, source = max(width_m, pinch_m), WidthSource.SIGN
    road_m = max(estimate.carriageway_m, width_m) + _pavements_m(tags, pack)
    return WidthFacts(width_m, pinch_m, lo_m, hi_m, road_m, int(source), *street, tuple(unknown))


_NO_STREET = (math.nan, math.nan, math.nan, 0)
GIVEN_KEYS = ("width_m", "width_min_m", "width_lo_m", "width_hi_m", "road_width_m", "width_source")
"""Attributes by which a graph made from streets hands widths on."""
STREET_KEYS = ("street_min_m", "street_lo_m", "street_hi_m", "street_source")
"""Attributes that come on top where a sign took the place of a tag or lanes."""
_SOURCES = {source.label: source for source in WidthSource}


def _given(tags: Tags) -> WidthFacts | None:
    """Widths that a graph made from streets carries, all six or none; of joined values the narrowest."""
    if any(key not in tags for key in GIVEN_KEYS):
        return None
    sources = [_SOURCES.get(word) for word in tags["width_source"].split(";")]
    try:
        metres = [min(float(part) for part in tags[key].split(";")) for key in GIVEN_KEYS[:-1]]
    except ValueError:
        return None
    known = [source for source in sources if source is not None]
    width_m, pinch_m, lo_m, hi_m, road_m = metres
    if len(known) < len(sources) or not (
        0 < lo_m <= pinch_m <= hi_m < math.inf and pinch_m <= width_m <= road_m < math.inf
    ):
        return None
    source = max(known)
    street = _given_street(tags) if known == [WidthSource.SIGN] else _NO_STREET
    return WidthFacts(width_m, pinch_m, lo_m, hi_m, road_m, int(source), *street, ())


def _given_street(tags: Tags) -> tuple[float, float, float, int]:
    """The street behind a sign, all four attributes or none."""
    if any(key not in tags for key in STREET_KEYS):
        return _NO_STREET
    sources = [_SOURCES.get(word) for word in tags["street_source"].split(";")]
    try:
        pinch_m, lo_m, hi_m = (min(float(part) for part in tags[key].split(";")) for key in STREET_KEYS[:-1])
    except ValueError:
        return _NO_STREET
    known = [source for source in sources if source is not None]
    if len(known) < len(sources) or not 0 < lo_m <= pinch_m <= hi_m < math.inf:
        return _NO_STREET
    return pinch_m, lo_m, hi_m, int(max(known))


def parse_width_class(text: str) -> tuple[float, float] | None:
    """Lower and upper metres of a width class, or ``None``.

    Classes are written ``3.0m～5.5m`` (also ``~`` or ``-``), ``13.0m～`` or ``13.0m以上`` (upper end ``inf``), and
    ``1.5m未満`` (lower end 0). A plain ``~3`` or ``-3`` is no class: it may mean about three, or nothing.
    """
    text = text.strip()
    for word in ("未満", "以下"):  # less than, at most
        text = f"～{text.removesuffix(word)}" if text.endswith(word) else text
    if text.endswith("以上"):  # at least
        text = f"{text.removesuffix('以上')}～"
    match = _CLASS.fullmatch(text)
    if match is None or (match[2] in "~-–" and not (match[1] and match[3])):
        return None
    low_m = parse_length_m(match[1]) if match[1] else 0.0
    high_m = parse_length_m(match[3]) if match[3] else math.inf
    return (low_m, high_m) if 0.0 <= low_m < high_m and (low_m > 0.0 or high_m < math.inf) else None


_CLASS = re.compile(r"([^～〜~–-]*)([～〜~–-])([^～〜~–-]*)")
_TAGGED = ("width:carriageway", "width", "est_width", "yh:WIDTH")
_ONE_WAY_LIKE = frozenset(("left", "right", "yes"))


def _by_tag(tags: Tags, facts: StreetFacts, pack: WidthPack, unknown: list[tuple[str, str]]) -> Estimate | None:
    """The most trusted width tag that can be read and is plausible, less the parking on the carriageway."""
    for key in _TAGGED:
        if key not in tags:
            continue
        value = _tagged(key, tags[key], pack)
        if value is None:
            unknown.append((key, tags[key]))
            continue
        width_m, lo, hi = value
        if not pack["plausible.least"] <= width_m <= pack["plausible.most"]:
            unknown.append((key, tags[key]))
            continue
        parked_m = _parked_m(facts, pack)
        left_m = max(width_m - parked_m, min(width_m, pack["parking.least_left"]))
        return Estimate(width_m, left_m, lo, hi, WidthSource.TAG)
    if tags.get("narrow") == "yes":
        width_m = pack["narrow.width"]
        return Estimate(width_m, width_m, 1 - pack["spread.estimate"], 1.0, WidthSource.TAG)
    return None


def _tagged(key: str, text: str, pack: WidthPack) -> tuple[float, float, float] | None:
    """Width, and the factors of its interval, of a single number or a class."""
    if text == "narrow":
        return pack["narrow.width"], 1 - pack["spread.estimate"], 1.0
    width_m = least_of(text, parse_length_m)
    if not math.isnan(width_m):
        error = pack["spread.tag" if key in ("width", "width:carriageway") else "spread.estimate"]
        return width_m, 1 - error, 1 + error
    classes = [bounds for part in text.split(";") if (bounds := parse_width_class(part)) is not None]
    bounds = min(classes) if len(classes) == len(text.split(";")) else None
    if bounds is None:
        return None
    low_m, high_m = bounds
    if math.isinf(high_m):
        width_m = low_m * pack["class.open_factor"]
        return width_m, low_m / width_m, width_m / low_m
    low_m = max(low_m, min(pack["plausible.least"], high_m))
    width_m = (low_m + high_m) / 2
    return width_m, low_m / width_m, high_m / width_m


def _by_lanes(tags: Tags, facts: StreetFacts, pack: WidthPack) -> Estimate | None:
    """Lanes times lane width; one lane is as wide as a one-way street of its class, for kerbs need distance."""
    if math.isnan(facts.lanes) or not facts.drivable:
        return None
    if facts.lanes < 2:
        width_m = _default_m(facts, pack, one_way=True)
    else:
        slow = facts.maxspeed_kph <= pack["lane.slow_kph"]
        width_m = facts.lanes * pack["lane.slow_width" if slow else "lane.width"]
    parked_m = _parked_m(facts, pack)
    return Estimate(width_m + parked_m, width_m, pack["spread.lanes_lo"], pack["spread.lanes_hi"], WidthSource.LANES)


def _by_class(tags: Tags, facts: StreetFacts, pack: WidthPack) -> Estimate:
    """Class and direction. The default is what is left to traffic: parked cars widen the road, not narrow the lane."""
    width_m = _default_m(facts, pack, one_way=facts.forward != facts.backward)
    parked_m = _parked_m(facts, pack)
    return Estimate(
        width_m + parked_m, width_m, pack["spread.default_lo"], pack["spread.default_hi"], WidthSource.DEFAULT
    )


def _default_m(facts: StreetFacts, pack: WidthPack, *, one_way: bool) -> float:
    highway = Highway(facts.highway)
    name = "alley" if highway == Highway.SERVICE and facts.service == Service.ALLEY else highway.tag
    for group in ("one_way" if one_way else "two_way", "foot"):
        key = f"default.{group}.{name}"
        if key in pack.figures:
            return pack[key]
    return pack["default.foot.other"]


_PARKED: Mapping[int, str] = {
    Parking.PARALLEL: "parking.parallel",
    Parking.DIAGONAL: "parking.diagonal",
    Parking.PERPENDICULAR: "parking.perpendicular",
    Parking.HALF_ON_KERB: "parking.half_on_kerb",
}


def _parked_m(facts: StreetFacts, pack: WidthPack) -> float:
    sides = (facts.parking_left, facts.parking_right)
    return sum(pack[_PARKED[side]] for side in sides if side in _PARKED)


def _pavements_m(tags: Tags, pack: WidthPack) -> float:
    """Width of the pavements that the tags tell of; those mapped as ways of their own are not counted."""
    if tags.get("sidewalk") == "both" or tags.get("sidewalk:both") == "yes":
        return 2 * pack["pavement.side"]
    sides = sum(tags.get(key) == "yes" for key in ("sidewalk:left", "sidewalk:right"))
    return max(sides, int(tags.get("sidewalk") in _ONE_WAY_LIKE)) * pack["pavement.side"]
