"""Several places from which a stop may be served: the planner weighs walking against driving and parking.

The first way to meet a stop is the least walk. Beside it are looked at, within the permitted walk:

- the least walk from a street that the vehicle passes freely and that is no dead end, where the first place is not on
  such a street: the mouth of an alley;
- the least walk from another street;
- standing where a neighbour on the same street is served, and walking on along the street.

A place further away is only kept if it can pay: what is driven and parked less by standing there must be worth more
than the walk there and back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fleetplan.city.streets import Bools, Codes, Floats, Ints, Streets
from fleetplan.demand.handling import handling_figures
from fleetplan.routing.driving import driving_figure
from fleetplan.routing.network import Network
from fleetplan.routing.seams import Band, StreetAccess
from fleetplan.routing.walking import Standing

MOST_WAYS = 4
"""Ways per stop and vehicle type, the least walk included."""

POINTS_PER_STOP = 2.5
MOST_POINTS = 6000
"""Tables grow with the square of the points: for three types, 6,000 of them take 1.7 GB."""

_SLACK = 1.25
"""Metres driven cost money too, so that a walk may be worth a little more than the seconds it saves."""

LEAST, OPEN, OTHER, ALONG = range(4)
"""Where a way comes from: the least walk, the least from an open through street, that from another street, and on
along the street from a neighbour's place."""


@dataclass(frozen=True, eq=False)
class Places:
    """Candidates for standing, in rows.

    Attributes:
        stop: the stop that is served from there.
        source: :data:`LEAST`, :data:`OPEN`, :data:`OTHER` or :data:`ALONG`.
        stretch, along, heading: where the vehicle stands, and the heading that the kerb asks for.
        walk_m: one way.
    """

    stop: Ints
    source: Ints
    stretch: Ints
    along: Floats
    heading: Codes
    walk_m: Floats

    def __len__(self) -> int:
        return len(self.stop)

    def chosen(self, rows: Ints) -> Places:
        """Some of the rows."""
        return Places(
            self.stop[rows],
            self.source[rows],
            self.stretch[rows],
            self.along[rows],
            self.heading[rows],
            self.walk_m[rows],
        )


def places_of(standing: Standing, heading: Codes, *, source: int, max_walk_m: float) -> Places:
    """The places of the least walks within the permitted one, a row for each stop that has one."""
    rows = np.flatnonzero((standing.walk_m <= max_walk_m) & (standing.stretch >= 0))
    return Places(
        stop=rows,
        source=np.full(len(rows), source, dtype=np.int64),
        stretch=standing.stretch[rows],
        along=standing.along[rows],
        heading=heading[rows],
        walk_m=standing.walk_m[rows],
    )


def joined(parts: list[Places]) -> Places:
    """The rows of several tables, one after the other."""
    return Places(
        np.concatenate([part.stop for part in parts]),
        np.concatenate([part.source for part in parts]),
        np.concatenate([part.stretch for part in parts]),
        np.concatenate([part.along for part in parts]),
        np.concatenate([part.heading for part in parts]),
        np.concatenate([part.walk_m for part in parts]),
    )


def open_streets(streets: Streets, network: Network, access: StreetAccess) -> Bools:
    """Per stretch: the vehicle passes it freely, and it is no part of a dead-end street."""
    dead = np.zeros(len(streets.stretches), dtype=np.bool_)
    dead[streets.edges.stretch[network.dead_ends.outward & network.inside]] = True
    return np.asarray((access.stretch_band == Band.FREE) & ~dead, dtype=np.bool_)


def street_numbers(streets: Streets) -> Ints:
    """Number of the street of each stretch: those of one name are one street, without a name those of one way."""
    name = streets.stretches.name.astype(np.int64)
    nameless = np.array([text == "" for text in streets.names], dtype=np.bool_)[name]
    _, way = np.unique(streets.stretches.way_id, return_inverse=True)
    return np.where(nameless, len(streets.names) + way.reshape(-1), name)


def neighbours_along(
    streets: Streets, first: Places, *, group: Ints, stretch: Ints, along: Floats, heading: Codes, max_walk_m: float
) -> tuple[Places, Ints]:
    """For each stop the next places of other stops on the same street, one in each direction, and their groups.

    Args:
        first: the least walks.
        group: number of each of their shared places.
        stretch, along, heading: of the shared places, sorted by stretch, heading and share of length.
    """
    found: list[Places] = []
    groups: list[Ints] = []
    length_m = streets.stretches.length_m
    for step in (-1, 1):
        other = group + step
        inside = (other >= 0) & (other < len(stretch))
        safe = np.clip(other, 0, max(len(stretch) - 1, 0))
        same = inside & (stretch[safe] == first.stretch) & (heading[safe] == first.heading)
        same &= streets.stretches.walkable[first.stretch]
        on_m = np.abs(along[safe] - along[group]) * length_m[first.stretch]
        walk_m = np.round(first.walk_m + on_m, 2)
        rows = np.flatnonzero(same & (walk_m <= max_walk_m))
        found.append(
            Places(
                stop=first.stop[rows],
                source=np.full(len(rows), ALONG, dtype=np.int64),
                stretch=first.stretch[rows],
                along=along[safe][rows],
                heading=heading[safe][rows],
                walk_m=walk_m[rows],
            )
        )
        groups.append(safe[rows])
    return joined(found), np.concatenate(groups)


def matched(streets: Streets, places: Places, *, stretch: Ints, along: Floats, heading: Codes) -> Ints:
    """For each place the known one that is closer than ``share_point_m`` on the same street and heading, or -1."""
    if len(stretch) == 0:
        return np.full(len(places), -1, dtype=np.int64)
    longest_m = float(streets.stretches.length_m.max(initial=1.0)) + 1.0

    def key(stretch: Ints, heading: Codes, along: Floats) -> Floats:
        return (stretch * 3 + heading) * 2.0 * longest_m + along * streets.stretches.length_m[stretch]

    known = key(stretch, heading, along)
    order = np.argsort(known, kind="stable")
    wanted = key(places.stretch, places.heading, places.along)
    right = np.clip(np.searchsorted(known[order], wanted), 0, len(known) - 1)
    left = np.clip(right - 1, 0, len(known) - 1)
    nearer = np.abs(known[order[left]] - wanted) <= np.abs(known[order[right]] - wanted)
    best = order[np.where(nearer, left, right)]
    return np.where(np.abs(known[best] - wanted) < driving_figure("share_point_m"), best, -1)


def fewest_points(places: Places, point: Ints, *, known: int, stops: int, least_m: Floats) -> Ints:
    """Rows whose places are allowed a point of their own: the shortest extra walks, as many as tables can take.

    Args:
        point: number of each row's point; numbers below ``known`` cost nothing.
        stops: how many there are.
        least_m: per stop, the least walk.
    """
    room = max(0, min(int(POINTS_PER_STOP * stops), MOST_POINTS) - known)
    fresh = np.flatnonzero(point >= known)
    extra_m = places.walk_m[fresh] - least_m[places.stop[fresh]]
    order = np.lexsort((point[fresh], extra_m))
    number, first = np.unique(point[fresh][order], return_index=True)
    taken = number[np.argsort(first, kind="stable")][:room]
    return np.flatnonzero((point < known) | np.isin(point, taken))


def worth_walking(
    *, extra_walk_s: Floats, to_first_s: Floats, from_first_s: Floats, park_first_s: Floats, park_s: Floats
) -> Bools:
    """Whether a place further away can pay against a nearer one, called the first.

    Whoever stands there could instead drive on to the first place, park, and drive back to where the way goes on: that
    is the most that standing there saves, and it must exceed the walk.

    Args:
        park_s: parking there; 0 where other stops share the place, for then it may be paid already.
    """
    saved_s = to_first_s + from_first_s + park_first_s - park_s
    return np.asarray(extra_walk_s < _SLACK * np.maximum(saved_s, 0.0), dtype=np.bool_)


def walked_s(metres: Floats) -> Floats:
    """Seconds to walk so many metres there and back once."""
    return 2.0 * metres / handling_figures()["walk_speed_mps"].value


def by_stop(places: Places, point: Ints) -> Ints:
    """Rows sorted by stop, the least walk first, then by walk; each point once per stop."""
    order = np.lexsort((places.source, places.walk_m, places.source != LEAST, places.stop))
    pair = np.stack([places.stop[order], point[order]], axis=1)
    _, first = np.unique(pair, axis=0, return_index=True)
    return order[np.sort(first)]


def fewest_ways(places: Places, rows: Ints) -> Ints:
    """The first :data:`MOST_WAYS` of each stop's rows, which are sorted by stop."""
    stop = places.stop[rows]
    return rows[np.arange(len(rows)) - np.searchsorted(stop, stop, side="left") < MOST_WAYS]
