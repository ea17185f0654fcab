"""Raw streets: what every source (file, graph, download) brings before anything is parsed.

Each source fills one :class:`RawCity`; :mod:`fleetplan.city.assembling` makes the tables of it, so that a street
means the same wherever it came from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from fleetplan.city.classes import words as words
from fleetplan.city.streets import Floats, Ints, Places

Tags = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RawRestriction:
    """A turn restriction as mapped.

    Attributes:
        relation_id: OSM relation.
        kind: ``no_left_turn``, ``only_straight_on`` …
        from_ways, to_ways: OSM ways.
        via_nodes, via_ways: what lies between; one of the two is empty.
        applies: for whom, a sum of ``1`` (goods vehicles up to 3.5 t) and ``2`` (above).
        tags: the tags of the relation that name the kind, plain and conditional.
        timed: the key of the conditional tag that this kind comes from, ``""`` where it holds always.
        by_default: where it comes from a conditional tag, the kind that holds when no condition does is the same.
    """

    relation_id: int
    kind: str
    from_ways: tuple[int, ...]
    via_nodes: tuple[int, ...]
    via_ways: tuple[int, ...]
    to_ways: tuple[int, ...]
    applies: int = 3
    tags: tuple[tuple[str, str], ...] = ()
    timed: str = ""
    by_default: bool = False


@dataclass(frozen=True, eq=False)
class RawCity:
    """Ways with their points and tags.

    Attributes:
        way_id: OSM id per way; a way that was clipped in its middle is here once per piece.
        way_start: ``int64[ways + 1]``: points of way ``i`` are rows ``way_start[i]:way_start[i + 1]``.
        ref, lon, lat: OSM node and WGS84 degrees per point.
        tags: tags per way.
        node_tags: tags of the nodes that have some which matter to streets.
        restrictions: turn restrictions.
        places: addresses, businesses, and buildings without an address.
        warnings: what was left out, one sentence each.
    """

    way_id: Ints
    way_start: Ints
    ref: Ints
    lon: Floats
    lat: Floats
    tags: list[Tags]
    node_tags: Mapping[int, Tags] = field(default_factory=dict)
    restrictions: tuple[RawRestriction, ...] = ()
    places: Places = field(default_factory=lambda: no_places())
    warnings: tuple[str, ...] = ()


def no_places() -> Places:
    """An empty table of places."""
    return places_of([])


def places_of(rows: Sequence[tuple[float, float, int, str, int]]) -> Places:
    """A table of places from ``(lon, lat, kind, label, use)`` rows, in the order given, without any building."""
    unknown = np.full(len(rows), np.nan)
    return Places(
        lon=np.array([row[0] for row in rows], dtype=np.float64),
        lat=np.array([row[1] for row in rows], dtype=np.float64),
        kind=np.array([row[2] for row in rows], dtype=np.uint8),
        label=tuple(row[3] for row in rows),
        use=np.array([row[4] for row in rows], dtype=np.uint8),
        footprint_m2=unknown,
        levels=unknown,
        levels_tagged=np.zeros(len(rows), dtype=np.bool_),
        floor_area_m2=unknown,
        flats=unknown,
    )


_DELIVERED_AMENITIES = words(
    "restaurant cafe bar pub fast_food food_court ice_cream biergarten nightclub pharmacy bank post_office library "
    "clinic dentist doctors hospital veterinary school kindergarten college university townhall courthouse police "
    "fire_station theatre cinema arts_centre community_centre social_facility nursing_home place_of_worship "
    "childcare driving_school language_school music_school car_rental"
)
_EMPTY_SHOPS = frozenset(("no", "vacant", "disused"))
_LABEL_LENGTH = 120


def place_of(tags: Tags) -> tuple[int, str] | None:
    """Kind (0 address, 1 shop or amenity) and label of a mapped object that may want a delivery, or ``None``."""
    shop, amenity = tags.get("shop", "no"), tags.get("amenity", "")
    delivered = shop not in _EMPTY_SHOPS or amenity in _DELIVERED_AMENITIES or tags.get("office", "no") != "no"
    number = tags.get("addr:housenumber", "")
    if not delivered and not number:
        return None
    address = " ".join(part for part in (tags.get("addr:street", tags.get("addr:place", "")), number) if part)
    name = tags.get("name", "") if delivered else ""
    return int(delivered), clean_text(name or address or amenity or shop)


def clean_text(text: str) -> str:
    """Text of the map without control characters, on one line, of bounded length."""
    printable = "".join(sign if sign.isprintable() else " " for sign in text[: 4 * _LABEL_LENGTH])
    return " ".join(printable.split())[:_LABEL_LENGTH]
