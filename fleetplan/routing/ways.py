"""All ways in which a vehicle type may meet the stops: places looked for, shared, and kept where they can pay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleetplan.city.streets import Bools, Codes, Floats, Ints, Streets
from fleetplan.routing.alternatives import (
    LEAST,
    OPEN,
    OTHER,
    Places,
    by_stop,
    fewest_points,
    fewest_ways,
    joined,
    matched,
    neighbours_along,
    open_streets,
    places_of,
    street_numbers,
    walked_s,
    worth_walking,
)
from fleetplan.routing.kerb import required_reverse
from fleetplan.routing.network import Network
from fleetplan.routing.seams import StreetAccess
from fleetplan.routing.snapping import share_points
from fleetplan.routing.topology import expand_ranges
from fleetplan.routing.walking import Standing, least_walks


@dataclass(frozen=True, eq=False)
class Ways:
    """Ways to meet stops, in rows, and the shared places where the vehicle stands.

    Attributes:
        places: the rows.
        point: the shared place of each row.
        stretch, along, heading: the shared places; those of the least walks come first.
        least: how many those are.
        standings: the walks behind the rows, by their source.
    """

    places: Places
    point: Ints
    stretch: Ints
    along: Floats
    heading: Codes
    least: int
    standings: tuple[Standing, ...]

    def chosen(self, rows: Ints) -> Ways:
        """Some of the rows, with the places that they or the least walks need, in their order."""
        used = np.union1d(np.arange(self.least), self.point[rows])
        return Ways(
            self.places.chosen(rows),
            np.searchsorted(used, self.point[rows]),
            self.stretch[used],
            self.along[used],
            self.heading[used],
            self.least,
            self.standings,
        )

    def starts(self, stops: int) -> Ints:
        """Where the rows of each stop begin, ``int64[stops + 1]``; the rows must be sorted by stop."""
        return np.searchsorted(self.places.stop, np.arange(stops + 1)).astype(np.int64)


def find_ways(
    streets: Streets,
    network: Network,
    access: StreetAccess,
    stops: NDArray[Any],
    *,
    standable: Bools,
    max_walk_m: float,
    country: str,
    several: bool,
) -> Ways:
    """Candidates for all stops, no more of them than tables can take.

    Args:
        stops: shapely points in metric coordinates.
        standable: per stretch, the vehicle may stand there, and come and go.
        several: look for more than the least walk.
    """

    def places(standing: Standing, source: int) -> Places:
        stand = np.where(standing.walk_m <= max_walk_m, standing.stretch, -1)
        asked = standing.foot_node < 0
        heading = required_reverse(streets, stops, stand, standing.along, asked=asked, country=country)
        return places_of(standing, heading, source=source, max_walk_m=max_walk_m)

    least = least_walks(streets, stops, standable=standable)
    first = places(least, LEAST)
    group, stretch, along, heading = share_points(streets, first.stretch, first.along, first.heading)
    if not several or len(first) == 0:
        return Ways(first, group, stretch, along, heading, len(stretch), (least,))
    open_street = standable & open_streets(streets, network, access)
    from_open = least if open_street[first.stretch].all() else least_walks(streets, stops, standable=open_street)
    street = street_numbers(streets)
    avoid = np.full(len(stops), -1, dtype=np.int64)
    avoid[first.stop] = street[first.stretch]
    from_other = least_walks(streets, stops, standable=standable, street=street, avoid=avoid)
    further = joined([places(from_open, OPEN), places(from_other, OTHER)])
    own = matched(streets, further, stretch=stretch, along=along, heading=heading)
    fresh = own < 0
    number, *added = share_points(streets, further.stretch[fresh], further.along[fresh], further.heading[fresh])
    own[fresh] = len(stretch) + number
    beside, beside_group = neighbours_along(
        streets, first, group=group, stretch=stretch, along=along, heading=heading, max_walk_m=max_walk_m
    )
    found = Ways(
        joined([first, further, beside]),
        np.concatenate([group, own, beside_group]),
        np.concatenate([stretch, added[0]]).astype(np.int64),
        np.concatenate([along, added[1]]),
        np.concatenate([heading, added[2]]).astype(np.uint8),
        len(stretch),
        (least, from_open, from_other),
    )
    kept = fewest_points(found.places, found.point, known=len(stretch), stops=len(stops), least_m=least.walk_m)
    return found.chosen(kept)


def useful_rows(
    ways: Ways, *, drive_s: Callable[[Ints, Ints], Floats], park_s: Floats, rounds: Ints | None = None
) -> Ints:
    """Rows that can pay against every way of the same stop with a shorter walk; each point once per stop.

    They are sorted by stop, the least walk first. Parking is free where other stops may be served from the place too,
    so the rows are judged again until no place loses its last other stop.

    Args:
        drive_s: seconds from the first of the shared places given to the second.
        park_s: ``[p]`` to park at each.
        rounds: per stop, how often the walk is made; once when absent.
    """
    places, point = ways.places, ways.point
    rows = by_stop(places, point)
    while True:
        begin = np.searchsorted(places.stop[rows], places.stop[rows], side="left")
        later, offset = expand_ranges(np.arange(len(rows)) - begin)
        near, far = rows[begin[later] + offset], rows[later]
        shared = np.bincount(point[rows], minlength=len(ways.stretch)) > 1
        here, there = point[near], point[far]
        extra_walk_s = walked_s(places.walk_m[far] - places.walk_m[near])
        pays = worth_walking(
            extra_walk_s=extra_walk_s if rounds is None else extra_walk_s * rounds[places.stop[far]],
            to_first_s=drive_s(there, here),
            from_first_s=drive_s(here, there),
            park_first_s=park_s[here],
            park_s=np.where(shared[there], 0.0, park_s[there]),
        )
        if pays.all():
            return fewest_ways(places, rows)
        useless = np.zeros(len(point), dtype=np.bool_)
        useless[far[~pays]] = True
        rows = rows[~useless[rows]]
