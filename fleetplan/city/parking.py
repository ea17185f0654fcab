"""Parking beside a street, from both tagging schemes: ``parking:left`` … and the older ``parking:lane:left`` …."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from fleetplan.city.classes import Parking
from fleetplan.city.raw import Tags
from fleetplan.units import parse_length_m

_ORIENTATION = {
    "parallel": Parking.PARALLEL,
    "diagonal": Parking.DIAGONAL,
    "perpendicular": Parking.PERPENDICULAR,
}
_POSITION = {
    "no": Parking.NO,
    "none": Parking.NO,
    "street_side": Parking.OFF_CARRIAGEWAY,
    "on_kerb": Parking.OFF_CARRIAGEWAY,
    "shoulder": Parking.OFF_CARRIAGEWAY,
    "separate": Parking.OFF_CARRIAGEWAY,
    "drawn_separately": Parking.OFF_CARRIAGEWAY,
    "lay_by": Parking.OFF_CARRIAGEWAY,
    "painted_area_only": Parking.PARALLEL,
    "half_on_kerb": Parking.HALF_ON_KERB,
    "on_street": Parking.PARALLEL,
    "lane": Parking.PARALLEL,
    "yes": Parking.PARALLEL,
    "marked": Parking.PARALLEL,
    "inline": Parking.PARALLEL,
    "staggered": Parking.PARALLEL,
}
_FORBIDDEN = frozenset(("no_parking", "no_stopping", "no_standing", "fire_lane"))
_NO_STOP = frozenset(("no_stopping", "fire_lane"))


def parking_of(tags: Tags, unknown: list[tuple[str, str]]) -> tuple[Parking, Parking, bool]:
    """Parking on the left and on the right of the way's direction, and whether stopping is forbidden on both sides.

    Values that are not understood are appended to ``unknown`` as (key, value).
    """
    if not any(key.startswith("parking:") for key in tags):
        return Parking.UNTAGGED, Parking.UNTAGGED, False
    left, left_stop = _side(tags, "left", unknown)
    right, right_stop = _side(tags, "right", unknown)
    return left, right, left_stop and right_stop


def _side(tags: Tags, side: str, unknown: list[tuple[str, str]]) -> tuple[Parking, bool]:
    """Parking on one side, and whether stopping is forbidden there."""
    rule = next((tags[key] for key in _rule_keys(side) if key in tags), "")
    for key in (f"parking:{side}", f"parking:lane:{side}", "parking:both", "parking:lane:both"):
        if key not in tags:
            continue
        word = tags[key]
        if word in _FORBIDDEN:
            return Parking.NO, word in _NO_STOP or rule in _NO_STOP
        parking = _kind(tags, key, word)
        if parking is None:
            unknown.append((key, word))
            continue
        if rule in _FORBIDDEN and parking != Parking.OFF_CARRIAGEWAY:
            parking = Parking.NO
        return parking, rule in _NO_STOP
    return (Parking.NO, rule in _NO_STOP) if rule in _FORBIDDEN else (Parking.UNTAGGED, False)


def _rule_keys(side: str) -> tuple[str, ...]:
    return (
        f"parking:{side}:restriction",
        f"parking:condition:{side}",
        "parking:both:restriction",
        "parking:condition:both",
    )


def _kind(tags: Tags, key: str, word: str) -> Parking | None:
    """The new scheme names the position and keeps the orientation apart; the old one does it the other way round."""
    orientation = _ORIENTATION.get(word)
    if orientation is not None:
        position = _POSITION.get(tags.get(f"{key}:{word}", "on_street"))
        return position if position in (Parking.HALF_ON_KERB, Parking.OFF_CARRIAGEWAY) else orientation
    position = _POSITION.get(word)
    if position == Parking.PARALLEL:
        return _ORIENTATION.get(tags.get(f"{key}:orientation", "parallel"), Parking.PARALLEL)
    return position


class Figures(Protocol):
    """Numbers by key, such as a width pack."""

    def __getitem__(self, key: str, /) -> float:
        """The number."""


SPACE_KEYS: Mapping[Parking, str] = {
    Parking.PARALLEL: "parking.parallel",
    Parking.DIAGONAL: "parking.diagonal",
    Parking.PERPENDICULAR: "parking.perpendicular",
}
"""Figure of the width pack for the depth of a parked row, by orientation."""
DEEPEST_M = 8.0
"""No row of parked cars is deeper; a larger value of ``parking:*:width`` is a slip."""


def parked_width_m(tags: Tags, side: str, parking: int, figures: Figures) -> float:
    """Metres of the carriageway that a row of parked cars takes on one side, on the average of the street.

    The whole depth of the row on the carriageway, half of it where cars stand half on the kerb, and half of either
    where spaces alternate from side to side (``staggered``); nothing where they stand off it.

    Args:
        tags: of the way.
        side: ``left`` or ``right``.
        parking: what :func:`parking_of` found there.
        figures: ``parking.parallel``, ``parking.diagonal``, ``parking.perpendicular`` in metres, and the shares
            ``parking.half_on_kerb_share`` and ``parking.staggered_share``.
    """
    if parking in (Parking.UNTAGGED, Parking.NO, Parking.OFF_CARRIAGEWAY):
        return 0.0
    bases = (f"parking:{side}", f"parking:lane:{side}", "parking:both", "parking:lane:both")
    depth_m = figures[SPACE_KEYS.get(_orientation(tags, bases), "parking.parallel")]
    for base in bases:
        given_m = parse_length_m(tags.get(f"{base}:width", ""))
        if 0.0 < given_m <= DEEPEST_M:
            depth_m = given_m
            break
    if parking == Parking.HALF_ON_KERB:
        depth_m *= figures["parking.half_on_kerb_share"]
    words = {tags.get(base) for base in bases} | {tags.get(f"{base}:{tags.get(base)}") for base in bases}
    if "staggered" in words or any(tags.get(f"{base}:staggered") == "yes" for base in bases):
        depth_m *= figures["parking.staggered_share"]
    return depth_m


def _orientation(tags: Tags, bases: tuple[str, ...]) -> Parking:
    for base in bases:
        for word in (tags.get(base, ""), tags.get(f"{base}:orientation", "")):
            if word in _ORIENTATION:
                return _ORIENTATION[word]
        if base in tags:
            break
    return Parking.PARALLEL
