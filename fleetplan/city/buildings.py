"""Buildings: what decides how much is delivered to a place – use, footprint, levels, flats.

A place is an address, a business (shop, amenity, office) or a building. Each gets its share of the floor area of the
building that it is or lies in:

- floor area = footprint × levels; levels as tagged, else the median of the city's tagged buildings of the same kind
  (from :data:`ENOUGH` on), else the default of ``data/buildings.toml``;
- a business mapped as a point inside a building has one level, shared with the other businesses inside, but no more
  than ``business_most_m2``;
- what remains is shared equally by the addresses inside; the building itself is one of them where it has an address
  or is a business as a whole, and where it has no address inside at all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache

import numpy as np
import shapely
from numpy.typing import NDArray

from fleetplan.city.raw import Tags, clean_text, place_of, places_of, words
from fleetplan.city.streets import Bools, Codes, Floats, Ints, Places
from fleetplan.figures import bundled_figures

ENOUGH = 20
"""Tagged buildings of one kind from which on their median is the default of the others in the city."""

_METRES_PER_DEGREE = 111_195.0
"""Of a meridian, on a sphere of 6,371 km: areas are true to 0.7 %."""

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


@dataclass(frozen=True, eq=False)
class Outlines:
    """Outlines of buildings: ring ``i`` is rows ``start[i]:start[i + 1]`` of ``lon`` and ``lat`` (``nan`` = absent)."""

    start: Ints
    ref: Ints
    lon: Floats
    lat: Floats


def with_buildings(places: Places, buildings: Sequence[RawBuilding], outlines: Outlines) -> Places:
    """The places with their share of the buildings' floor area, and the buildings that are places themselves.

    Args:
        places: addresses and businesses that are not buildings.
        buildings, outlines: one row and one ring per building. Where a ring is open, clipped or empty, an address or
            business remains as a place without a building.
    """
    if not len(buildings):
        return places
    scale = _scale(outlines)
    x_m, y_m = outlines.lon * scale[0], outlines.lat * scale[1]
    area_m2, whole = ring_areas_m2(outlines, x_m, y_m)
    row = np.flatnonzero(whole & (area_m2 > 0))
    places = _with_broken(places, buildings, outlines, np.flatnonzero(~whole | (area_m2 <= 0)))
    facts = [buildings[i] for i in row.tolist()]
    if not facts:
        return places
    footprint_m2 = area_m2[row]
    use = np.array([fact.use for fact in facts], dtype=np.uint8)
    levels, tagged = _levels(facts)
    flats = np.array([fact.flats for fact in facts])
    rings = _polygons(outlines, row, x_m, y_m)

    home = _building_of_places(places, rings, use, scale)
    inside = np.flatnonzero(home >= 0)
    business = inside[places.kind[inside] == 1]
    address = inside[places.kind[inside] != 1]
    n = len(facts)
    businesses = np.bincount(home[business], minlength=n)
    addresses = np.bincount(home[address], minlength=n)
    most_m2 = bundled_figures("buildings.toml")["business_most_m2"].value
    least_m2 = bundled_figures("buildings.toml")["footprint_least_m2"].value
    one_m2 = np.minimum(footprint_m2 * np.minimum(levels, 1.0) / np.maximum(businesses, 1), most_m2)
    named = np.array([fact.place is not None for fact in facts], dtype=bool)
    itself = named | ((addresses == 0) & (use != Use.NOTHING) & (footprint_m2 >= least_m2))
    holders = np.maximum(addresses + itself, 1)
    rest_m2 = np.maximum(footprint_m2 * levels - one_m2 * businesses, 0.0) / holders
    rest_m2[use == Use.NOTHING] = np.nan
    # a building that businesses fill holds nobody else, unless somebody says so by an address
    itself &= named | (rest_m2 > 0)

    own = np.flatnonzero(itself)
    middle_x, middle_y = _middles(outlines, row[own], x_m, y_m)
    kinds = [(fact.place or (0, fact.name)) for fact in (facts[i] for i in own.tolist())]
    home = np.concatenate([home, own])
    kind = np.concatenate([places.kind, np.array([kind for kind, _ in kinds], dtype=np.uint8)])
    point = (kind == 1) & (np.arange(len(kind)) < len(places))  # a business inside, not a building that is one
    known = home >= 0
    resident = known & ~point

    def of_building(values: Floats, where: Bools) -> Floats:
        return np.where(where, values[home], np.nan)

    return Places(
        lon=np.concatenate([places.lon, middle_x / scale[0]]),
        lat=np.concatenate([places.lat, middle_y / scale[1]]),
        kind=kind,
        label=(*places.label, *(label for _, label in kinds)),
        use=np.where(resident, use[home], np.concatenate([places.use, use[own]])).astype(np.uint8),
        footprint_m2=of_building(footprint_m2, known),
        levels=of_building(levels, known),
        levels_tagged=known & tagged[home],
        floor_area_m2=np.where(point, of_building(one_m2, known), of_building(rest_m2, known)),
        flats=of_building(flats / holders, resident),
    )


def _with_broken(places: Places, buildings: Sequence[RawBuilding], outlines: Outlines, broken: Ints) -> Places:
    """The places, and those buildings without a usable outline that have an address or are a business."""
    rows = []
    for i in broken.tolist():
        part = slice(int(outlines.start[i]), int(outlines.start[i + 1]))
        there = ~np.isnan(outlines.lon[part])
        place = buildings[i].place
        if place is not None and there.any():
            lon, lat = float(outlines.lon[part][there].mean()), float(outlines.lat[part][there].mean())
            rows.append((lon, lat, *place, buildings[i].use if place[0] == 1 else Use.UNKNOWN))
    if not rows:
        return places
    more = places_of(rows)
    columns = {
        name: np.concatenate([column, getattr(more, name)]) for name, column in vars(places).items() if name != "label"
    }
    return Places(label=(*places.label, *more.label), **columns)


def building_warnings(buildings: Sequence[RawBuilding], *, relations: int) -> list[str]:
    """What reading the buildings left out, one sentence each."""
    sentences = []
    if relations:
        sentences.append(
            f"{relations} buildings drawn as multipolygons are left out: their addresses count as without a building"
        )
    unread = [pair for building in buildings for pair in building.unread]
    for key in sorted({key for key, _ in unread}):
        values = [value for other, value in unread if other == key]
        shown = ", ".join(repr(clean_text(value)[:30]) for value in sorted(set(values))[:3])
        sentences.append(f"{key}: values on {len(values)} buildings are not a single plausible number: {shown}")
    return sentences


def ring_areas_m2(outlines: Outlines, x_m: Floats, y_m: Floats) -> tuple[Floats, Bools]:
    """Area of each ring by the shoelace formula, and which rings are closed, unclipped and of three corners or more."""
    start, size = outlines.start[:-1], np.diff(outlines.start)
    area = np.zeros(len(size))
    whole = size >= 4
    if len(outlines.ref):
        last = np.maximum(outlines.start[1:] - 1, 0)
        first = np.minimum(start, len(outlines.ref) - 1)
        whole &= outlines.ref[first] == outlines.ref[last]
        owner = np.repeat(np.arange(len(size)), size)
        whole &= np.bincount(owner[np.isnan(outlines.lon)], minlength=len(size)) == 0
        # each ring from its own first corner, so that no digits are lost to the distance from the origin
        x, y = x_m - x_m[first][owner], y_m - y_m[first][owner]
        twice = np.zeros(len(x))
        twice[:-1] = x[:-1] * y[1:] - x[1:] * y[:-1]
        twice[last[size > 0]] = 0.0
        area = np.abs(np.bincount(owner, weights=np.nan_to_num(twice), minlength=len(size))) / 2
    return area, whole


def _scale(outlines: Outlines) -> tuple[float, float]:
    """Metres per degree of longitude and of latitude in the middle of the outlines."""
    lat = outlines.lat[~np.isnan(outlines.lat)]
    middle = float((lat.min() + lat.max()) / 2) if len(lat) else 0.0
    return _METRES_PER_DEGREE * math.cos(math.radians(middle)), _METRES_PER_DEGREE


def _levels(facts: Sequence[RawBuilding]) -> tuple[Floats, Bools]:
    """Levels of each building, and whether its own tags give them."""
    levels = np.array([fact.levels for fact in facts])
    tagged = ~np.isnan(levels)
    kind = np.array([fact.kind for fact in facts])
    for name in np.unique(kind):
        known = levels[(kind == name) & tagged]
        figure = bundled_figures("buildings.toml")[f"levels.{name}"].value
        levels[(kind == name) & ~tagged] = float(np.median(known)) if len(known) >= ENOUGH else figure
    return levels, tagged


def _polygons(outlines: Outlines, row: Ints, x_m: Floats, y_m: Floats) -> NDArray[np.object_]:
    owner, vertex = _vertices(outlines, row)
    rings = shapely.linearrings(np.column_stack([x_m[vertex], y_m[vertex]]), indices=owner)
    return np.asarray(shapely.polygons(rings), dtype=object)


def _vertices(outlines: Outlines, row: Ints) -> tuple[Ints, Ints]:
    """For each corner of the chosen rings the ring (0, 1, 2 …) and its row in the outlines."""
    size = outlines.start[row + 1] - outlines.start[row]
    owner = np.repeat(np.arange(len(row)), size)
    first = np.repeat(outlines.start[row] - np.concatenate([[0], np.cumsum(size)[:-1]]), size)
    return owner.astype(np.int64), (first + np.arange(len(owner))).astype(np.int64)


def _middles(outlines: Outlines, row: Ints, x_m: Floats, y_m: Floats) -> tuple[Floats, Floats]:
    """Mean of each ring's corners, the closing one left out."""
    if not len(row):
        return np.empty(0), np.empty(0)
    owner, vertex = _vertices(outlines, row)
    count = np.bincount(owner) - 1
    closing = outlines.start[row + 1] - 1
    return (
        (np.bincount(owner, weights=x_m[vertex]) - x_m[closing]) / count,
        (np.bincount(owner, weights=y_m[vertex]) - y_m[closing]) / count,
    )


def _building_of_places(places: Places, rings: NDArray[np.object_], use: Codes, scale: tuple[float, float]) -> Ints:
    """Row of the building that each place lies in, or at, and -1 for none."""
    home = np.full(len(places), -1, dtype=np.int64)
    lived_in = np.flatnonzero(use != Use.NOTHING)
    if len(places) and len(lived_in):
        points = shapely.points(np.column_stack([places.lon * scale[0], places.lat * scale[1]]))
        reach_m = bundled_figures("buildings.toml")["building_reach_m"].value
        tree = shapely.STRtree(rings[lived_in])
        place, ring = tree.query_nearest(points, max_distance=reach_m, all_matches=False)
        home[place] = lived_in[ring]
    return home
