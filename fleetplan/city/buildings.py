"""Buildings and businesses: what their tags say about use, levels and flats.

The floor area that places share is worked out in :mod:`fleetplan.city.floors`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache

from fleetplan.city.raw import Tags, clean_text, place_of, words
from fleetplan.figures import bundled_figures

_MOST_LEVELS = 200
_MOST_FLATS = 5000
_LEVELS = re.compile(r"\d{1,3}(?:[.,]\d{1,2})?", re.ASCII)
_FLATS = re.compile(r"\d{1,4}", re.ASCII)


class Use(IntEnum):
    """What a place is used for. ``UNKNOWN`` is ``building=yes`` and an address without a building."""

    UNKNOWN = 0
    HOUSE = 1
    FLATS = 2
    RETAIL = 3
    FOOD = 4
    OFFICE = 5
    LODGING = 6
    PUBLIC = 7
    INDUSTRY = 8
    NOTHING = 9
    """Garages, sheds, roofs, ruins: nobody is delivered to."""

    @property
    def label(self) -> str:
        """The name in data files."""
        return self.name.lower()


_USES = {
    Use.UNKNOWN: words("yes residential building"),
    Use.HOUSE: words(
        "house detached semidetached_house semi terrace bungalow villa cabin static_caravan farm houseboat ger"
    ),
    Use.FLATS: words("apartments dormitory block flats tower_block"),
    Use.RETAIL: words("retail supermarket kiosk shop commercial mall store"),
    Use.OFFICE: words("office government"),
    Use.LODGING: words("hotel hostel guest_house"),
    Use.PUBLIC: words(
        "public civic school kindergarten university college hospital clinic church chapel cathedral mosque temple "
        "synagogue shrine monastery convent religious museum art_gallery library townhall fire_station "
        "train_station transportation sports_hall sports_centre stadium pavilion theatre association"
    ),
    Use.INDUSTRY: words("industrial warehouse manufacture factory works hangar depot"),
}
_USE_OF_BUILDING = {value: use for use, values in _USES.items() for value in values}
_FOOD = words("restaurant cafe bar pub fast_food food_court ice_cream biergarten nightclub")
_LEVELS_AS = {
    **dict.fromkeys(("detached", "semidetached_house", "semi", "terrace", "villa", "farm"), "house"),
    **dict.fromkeys(("block", "flats", "tower_block"), "apartments"),
    **dict.fromkeys(("civic", "government", "townhall", "library"), "public"),
    **dict.fromkeys(("hostel", "guest_house"), "hotel"),
    **dict.fromkeys(("clinic",), "hospital"),
    **dict.fromkeys(("college",), "university"),
}


@dataclass(frozen=True, slots=True)
class RawBuilding:
    """What the tags of one building say; ``nan`` for what they leave open.

    Attributes:
        kind: the row of ``levels`` in ``data/buildings.toml`` that stands in for untagged levels.
        use: of the building as a whole.
        levels, flats: as tagged.
        place: kind and label where the building itself has an address or is a business.
        name: what a map may call it.
        unread: values that were not understood, as ``(key, value)``.
    """

    kind: str
    use: Use
    levels: float
    flats: float
    place: tuple[int, str] | None
    name: str
    unread: tuple[tuple[str, str], ...] = ()


def building_of(tags: Tags) -> RawBuilding:
    """What the tags of a building mean. Never raises: what cannot be read is in ``unread``."""
    value = tags.get("building", "yes").split(";")[0].strip().lower()
    place = place_of(tags)
    levels, flats = parse_levels(tags.get("building:levels")), parse_flats(tags.get("building:flats"))
    unread = [
        (key, tags[key])
        for key, number in (("building:levels", levels), ("building:flats", flats))
        if key in tags and math.isnan(number)
    ]
    kind = _LEVELS_AS.get(value, value)
    said = value if value in _USE_OF_BUILDING and value != "yes" else "building"
    return RawBuilding(
        kind=kind if f"levels.{kind}" in bundled_figures("buildings.toml") else "other",
        use=use_of_business(tags) if place is not None and place[0] == 1 else use_of_building(value),
        levels=levels,
        flats=flats,
        place=place,
        name=clean_text(tags.get("name", "")) or said,
        unread=tuple(unread),
    )


def delivered_to(tags: Tags) -> tuple[int, str, int] | None:
    """Kind, label and use of a mapped object that may want a delivery and is no building, or ``None``."""
    place = place_of(tags)
    return None if place is None else (*place, use_of_business(tags) if place[0] == 1 else Use.UNKNOWN)


@cache
def use_of_building(value: str) -> Use:
    """Use by the value of ``building``; ``NOTHING`` for what nobody is delivered to, and for unknown values."""
    return _USE_OF_BUILDING.get(value, Use.NOTHING)


def use_of_business(tags: Tags) -> Use:
    """Use of a shop, amenity or office by its tags."""
    if tags.get("amenity", "") in _FOOD:
        return Use.FOOD
    if tags.get("shop", "no") != "no":
        return Use.RETAIL
    return Use.OFFICE if tags.get("office", "no") != "no" else Use.PUBLIC


def parse_levels(text: str | None) -> float:
    """Levels above ground, ``nan`` where the value is absent, not a single number, 0 or above 200."""
    clean = (text or "").strip()
    if not _LEVELS.fullmatch(clean):
        return math.nan
    levels = float(clean.replace(",", "."))
    return levels if 0 < levels <= _MOST_LEVELS else math.nan


def parse_flats(text: str | None) -> float:
    """Number of flats, ``nan`` where the value is absent, not a whole number, 0 or above 5,000."""
    clean = (text or "").strip()
    flats = float(clean) if _FLATS.fullmatch(clean) else math.nan
    return flats if 0 < flats <= _MOST_FLATS else math.nan


def building_warnings(buildings: Sequence[RawBuilding], *, relations: int) -> list[str]:
    """What reading the buildings left out, one sentence each."""
    sentences = []
    if relations:
        outcome = "what stands in them counts as without a building"
        sentences.append(f"{relations} buildings drawn as multipolygons are left out: {outcome}")
    unread = [pair for building in buildings for pair in building.unread]
    for key in sorted({key for key, _ in unread}):
        values = [value for other, value in unread if other == key]
        shown = ", ".join(repr(clean_text(value)[:30]) for value in sorted(set(values))[:3])
        sentences.append(f"{key}: values on {len(values)} buildings are not a single plausible number: {shown}")
    return sentences
