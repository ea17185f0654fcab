"""How wide a street is: a typical width, its pinch and how sure both are, from signs, tags, lanes and class.

Order of trust: sign, surveyed polygons (:mod:`fleetplan.city.survey` lays them over streets that were read), tag less
parking, lanes, class and direction. Every number stands in the country's pack under ``data/widths`` with its source.
A width is decided once per distinct set of tags; where a pack has a model of the road area, what rests on lanes, a
class of widths or the default is then refined by what the network's shape tells (:func:`refine_widths`).
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from fleetplan.city.classes import Highway, Parking, Service, WidthSource
from fleetplan.city.evidence import features_of
from fleetplan.city.packs import WidthPack, width_pack
from fleetplan.city.parking import DEEPEST_M, SPACE_KEYS, parked_width_m
from fleetplan.city.raw import Tags
from fleetplan.city.streets import Bools, Floats, Nodes, Stretches
from fleetplan.city.tags import StreetFacts, least_of
from fleetplan.city.width_model import RoadArea
from fleetplan.units import parse_length_m

__all__ = (
    "GIVEN_KEYS",
    "STREET_KEYS",
    "WidthFacts",
    "WidthPack",
    "carriageway_m",
    "parked_m",
    "parse_width_class",
    "read_width",
    "refine_widths",
    "road_area_of",
    "width_pack",
)


class WidthFacts(NamedTuple):
    """The width columns of ``Stretches``, and tags whose value was no plausible width.

    ``firm`` tells that nobody may refine them: a sign, a number that somebody tagged, or widths handed on by a graph.
    """

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
    firm: bool
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
    firm: bool = False


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
    unknown = _unreadable_parking(tags)
    estimate = _by_tag(tags, facts, pack, unknown) or _by_lanes(tags, facts, pack) or _by_class(tags, facts, pack)
    pinch_m = estimate.width_m * pack["pinch.ratio"]
    lo_m = min(estimate.width_m * pack["pinch.ratio_lo"] * estimate.lo, pinch_m)
    hi_m = max(estimate.width_m * pack["pinch.ratio_hi"] * estimate.hi, pinch_m)
    width_m, source, firm = estimate.width_m, estimate.source, estimate.firm
    street = _NO_STREET
    sign_m = facts.maxwidth_m
    if sign_m <= pack["sign.widest_vehicle"] and sign_m >= pack["plausible.least"]:
        if source in (WidthSource.TAG, WidthSource.LANES):
            street = (pinch_m, lo_m, hi_m, int(source))
        clearance_m = pack["sign.clearance"]
        pinch_m, lo_m, hi_m = sign_m + clearance_m, sign_m, sign_m + 2 * clearance_m
        width_m, source, firm = max(width_m, pinch_m), WidthSource.SIGN, True
    road_m = _road_m(tags, facts, pack, max(estimate.carriageway_m, width_m), estimate.source)
    return WidthFacts(width_m, pinch_m, lo_m, hi_m, road_m, int(source), *street, firm, tuple(unknown))


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
    return WidthFacts(width_m, pinch_m, lo_m, hi_m, road_m, int(source), *street, True, ())


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
    ``1.5m未満`` or ``<1.5`` (lower end 0). A plain ``~3`` or ``-3`` is no class: it may mean about three, or nothing.
    """
    text = text.strip()
    if text[:1] in ("<", ">"):  # less than, more than
        text = f"～{text[1:]}" if text[0] == "<" else f"{text[1:]}～"
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
        width_m, lo, hi, firm = value
        if not pack["plausible.least"] <= width_m <= pack["plausible.most"]:
            unknown.append((key, tags[key]))
            continue
        parked_m = _parked_m(tags, facts, pack)
        left_m = max(width_m - parked_m, min(width_m, pack["parking.least_left"]))
        return Estimate(width_m, left_m, lo, hi, WidthSource.TAG, firm)
    if tags.get("narrow") == "yes":
        width_m = pack["narrow.width"]
        return Estimate(width_m, width_m, 1 - pack["spread.estimate"], 1.0, WidthSource.TAG, firm=True)
    return None


def _tagged(key: str, text: str, pack: WidthPack) -> tuple[float, float, float, bool] | None:
    """Width, the factors of its interval, and whether somebody meant a number; of a number or a class."""
    if text == "narrow":
        return pack["narrow.width"], 1 - pack["spread.estimate"], 1.0, True
    width_m = least_of(text, parse_length_m)
    if not math.isnan(width_m):
        error = pack["spread.tag" if key in ("width", "width:carriageway") else "spread.estimate"]
        return width_m, 1 - error, 1 + error, True
    classes = [bounds for part in text.split(";") if (bounds := parse_width_class(part)) is not None]
    bounds = min(classes) if len(classes) == len(text.split(";")) else None
    if bounds is None:
        return None
    low_m, high_m = bounds
    if math.isinf(high_m):
        width_m = low_m * pack["class.open_factor"]
        return width_m, low_m / width_m, width_m / low_m, False
    low_m = max(low_m, min(pack["plausible.least"], high_m))
    width_m = (low_m + high_m) / 2
    return width_m, low_m / width_m, high_m / width_m, high_m - low_m <= pack["class.narrow"]


def _by_lanes(tags: Tags, facts: StreetFacts, pack: WidthPack) -> Estimate | None:
    """Lanes times lane width; one lane is as wide as a one-way street of its class, for kerbs need distance."""
    if math.isnan(facts.lanes) or not facts.drivable:
        return None
    if facts.lanes < 2:
        width_m = _default_m(facts, pack, one_way=True)
    else:
        slow = facts.maxspeed_kph <= pack["lane.slow_kph"]
        width_m = facts.lanes * pack["lane.slow_width" if slow else "lane.width"]
    parked_m = _parked_m(tags, facts, pack)
    return Estimate(width_m + parked_m, width_m, pack["spread.lanes_lo"], pack["spread.lanes_hi"], WidthSource.LANES)


def _by_class(tags: Tags, facts: StreetFacts, pack: WidthPack) -> Estimate:
    """Class and direction. The default is what is left to traffic: parked cars widen the road, not narrow the lane."""
    width_m = _default_m(facts, pack, one_way=facts.forward != facts.backward)
    parked_m = _parked_m(tags, facts, pack)
    return Estimate(
        width_m + parked_m, width_m, pack["spread.default_lo"], pack["spread.default_hi"], WidthSource.DEFAULT
    )


def _road_m(tags: Tags, facts: StreetFacts, pack: WidthPack, kerbs_m: float, source: WidthSource) -> float:
    """The road area: what lies between the kerbs and the pavements that tags tell of.

    Where the pack knows how wide the whole road of this class usually is, a street of which nobody told the width is
    taken to be so at least.
    """
    road_m = kerbs_m + _pavements_m(tags, pack)
    key = f"road.{'one_way' if facts.forward != facts.backward else 'two_way'}.{_class_name(facts)}"
    return max(road_m, pack[key]) if source >= WidthSource.LANES and key in pack else road_m


def _class_name(facts: StreetFacts) -> str:
    highway = Highway(facts.highway)
    return "alley" if highway == Highway.SERVICE and facts.service == Service.ALLEY else highway.tag


def _default_m(facts: StreetFacts, pack: WidthPack, *, one_way: bool) -> float:
    name = _class_name(facts)
    for group in ("one_way" if one_way else "two_way", "foot"):
        key = f"default.{group}.{name}"
        if key in pack.figures:
            return pack[key]
    return pack["default.foot.other"]


def _parked_m(tags: Tags, facts: StreetFacts, pack: WidthPack) -> float:
    left_m = parked_width_m(tags, "left", facts.parking_left, pack)
    return left_m + parked_width_m(tags, "right", facts.parking_right, pack)


def _unreadable_parking(tags: Tags) -> list[tuple[str, str]]:
    """Depths of parked rows (``parking:left:width`` …) that are no lengths, or that no row of cars has."""
    keys = (key for key in tags if key.startswith("parking:") and key.endswith(":width"))
    return [(key, tags[key]) for key in keys if not 0.0 < parse_length_m(tags[key]) <= DEEPEST_M]


def _pavements_m(tags: Tags, pack: WidthPack) -> float:
    """Width of the pavements that the tags tell of; those mapped as ways of their own are not counted."""
    if tags.get("sidewalk") == "both" or tags.get("sidewalk:both") == "yes":
        return 2 * pack["pavement.side"]
    sides = sum(tags.get(key) == "yes" for key in ("sidewalk:left", "sidewalk:right"))
    return max(sides, int(tags.get("sidewalk") in _ONE_WAY_LIKE)) * pack["pavement.side"]


def refine_widths(nodes: Nodes, stretches: Stretches, *, firm: Bools, pack: WidthPack) -> Stretches:
    """Widths of streets of which only lanes, a class of widths or nothing is known, by the pack's model.

    The model predicts the road area between its edges. Pavements are taken off it by the pack's rule
    (:func:`carriageway_m`), then parked cars that are mapped. Where a class of widths is tagged, its middle and the
    model's word, cut off at its upper end, weigh alike, and its interval stays. Without a model the stretches come
    back as they are.

    Args:
        nodes, stretches: the tables.
        firm: per stretch, that its width must stay.
        pack: of the city's country.
    """
    wanted = _refinable(stretches, firm, pack)
    if not wanted.any():
        return stretches
    area = road_area_of(nodes, stretches, firm=firm, pack=pack)
    parked = parked_m(stretches, pack)[wanted]
    tagged = stretches.width_source[wanted] == WidthSource.TAG
    most = np.where(tagged, stretches.width_hi_m[wanted] / pack["pinch.ratio_hi"], math.inf)

    def left(road_m: Floats) -> Floats:
        kerbs_m = np.minimum(carriageway_m(road_m, pack), most)
        return np.maximum(kerbs_m - parked, np.minimum(kerbs_m, pack["parking.least_left"]))

    def column(old: Floats, new: Floats, *, share: float = 0.5) -> Floats:
        values = old.copy()
        values[wanted] = np.where(tagged, share * new + (1 - share) * old[wanted], new)
        return values

    pinch = left(area.pinch_m)
    width_min_m = column(stretches.width_min_m, pinch)
    width_m = np.maximum(column(stretches.width_m, left(area.width_m)), width_min_m)
    return replace(
        stretches,
        width_m=width_m,
        width_min_m=width_min_m,
        width_lo_m=np.minimum(column(stretches.width_lo_m, left(area.pinch_lo_m), share=0.0), width_min_m),
        width_hi_m=np.maximum(column(stretches.width_hi_m, left(area.pinch_hi_m), share=0.0), width_min_m),
        road_width_m=np.maximum(column(stretches.road_width_m, area.width_m, share=1.0), width_m),
    )


def road_area_of(nodes: Nodes, stretches: Stretches, *, firm: Bools, pack: WidthPack) -> RoadArea:
    """What the pack's model says of the stretches that :func:`refine_widths` would refine, in their order."""
    if pack.model is None:
        raise ValueError(f"the width pack {pack.name} has no model")
    wanted = _refinable(stretches, firm, pack)
    class_tag_m = np.where((stretches.width_source == WidthSource.TAG) & ~firm, stretches.width_m, 0.0)
    return pack.model.predict(features_of(nodes, stretches, class_tag_m=class_tag_m, wanted=wanted))


def carriageway_m(road_m: Floats, pack: WidthPack) -> Floats:
    """What the pavements leave of a road area: all of it in narrow streets, which have none.

    From ``pavement.none_up_to`` on, all further width is pavement until both have ``pavement.side``.
    """
    narrow_m = pack["pavement.none_up_to"]
    width: Floats = np.minimum(road_m, np.maximum(narrow_m, road_m - 2 * pack["pavement.side"]))
    return width


def _refinable(stretches: Stretches, firm: Bools, pack: WidthPack) -> Bools:
    if pack.model is None:
        return np.zeros(len(stretches), dtype=np.bool_)
    classes = np.array(pack.model.classes, dtype=np.uint8)
    wanted: Bools = stretches.drivable & ~firm & np.isin(stretches.highway, classes)
    return wanted


def parked_m(stretches: Stretches, pack: WidthPack) -> Floats:
    """Metres that the mapped parking takes of each stretch's carriageway, by the pack's depths."""
    depth_m = np.zeros(len(Parking))
    for kind, key in SPACE_KEYS.items():
        depth_m[kind] = pack[key]
    depth_m[Parking.HALF_ON_KERB] = pack["parking.parallel"] * pack["parking.half_on_kerb_share"]
    parked: Floats = depth_m[stretches.parking_left] + depth_m[stretches.parking_right]
    return parked
