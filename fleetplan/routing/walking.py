"""Where a vehicle may stand for a stop, and the way on foot from there.

The driver walks straight across to the nearest street where this vehicle may stand, if that is near, or over the
foot network: from the stop to a walkable street beside it (where none is near, to the nearest one of each
connected piece of the foot network, within a limit), along it, and over walkable streets to the nearest end of a
street where the vehicle may stand. The least walk wins. No straight leg crosses a motorway or a trunk road.

Which streets a walk may begin on does not depend on the vehicle, so whoever may stand in more places never walks
further.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

from fleetplan.city.streets import Bools, Floats, Ints, Streets
from fleetplan.routing.driving import door_walk_m, driving_figure
from fleetplan.routing.lines import crosses_fast_road, lines_of, pairs_within, piece, project
from fleetplan.routing.seams import Walk


@dataclass(frozen=True, eq=False)
class FootNetwork:
    """Walkable streets between nodes; of parallel ones the shortest.

    Attributes:
        graph: lengths in metres, both directions.
        pair: ``smaller node × nodes + larger node`` of each connection, ascending.
        stretch: the walkable stretch of each connection.
        part: ``int64[nodes]``, the connected piece of the foot network that each node belongs to.
    """

    graph: csr_matrix
    pair: Ints
    stretch: Ints
    part: Ints


_CACHE: WeakKeyDictionary[Streets, FootNetwork] = WeakKeyDictionary()


def foot_network_of(streets: Streets) -> FootNetwork:
    """The foot network of a city, computed at the first call for this object."""
    found = _CACHE.get(streets)
    if found is None:
        found = _CACHE[streets] = _build(streets)
    return found


def _build(streets: Streets) -> FootNetwork:
    table, n = streets.stretches, len(streets.nodes)
    rows = np.flatnonzero(table.walkable & (table.u != table.v))
    low, high = np.minimum(table.u[rows], table.v[rows]), np.maximum(table.u[rows], table.v[rows])
    order = np.lexsort((rows, table.length_m[rows], low * n + high))
    pair, first = np.unique((low * n + high)[order], return_index=True)
    stretch = rows[order][first]
    a, b, length = pair // n, pair % n, table.length_m[stretch]
    graph = csr_matrix((np.tile(length, 2), (np.concatenate([a, b]), np.concatenate([b, a]))), shape=(n, n))
    _, part = connected_components(graph, directed=False)
    return FootNetwork(graph, pair, stretch, part.astype(np.int64))


@dataclass(frozen=True, eq=False)
class Standing:
    """The least walk of every stop.

    Attributes:
        walk_m: metres one way, rounded to centimetres; ``inf`` where no place can be reached on foot.
        stretch, along: where the vehicle stands; -1 where nowhere.
        foot_stretch, foot_along, foot_node: where the walk over the foot network leaves the stop's street, and by
            which of its ends; ``foot_node`` is -1 for a walk straight across.
        before: next node on the way towards the standing place, per node of the city (negative at its end).
        cut_off: some way to a standing place was left out because its straight leg crosses a motorway or trunk road.
    """

    walk_m: Floats
    stretch: Ints
    along: Floats
    foot_stretch: Ints
    foot_along: Floats
    foot_node: Ints
    before: Ints
    cut_off: Bools


def least_walks(
    streets: Streets,
    points: NDArray[Any],
    *,
    standable: Bools,
    street: Ints | None = None,
    avoid: Ints | None = None,
) -> Standing:
    """The least walk to each stop from the streets where a vehicle may stand.

    Args:
        points: the stops as shapely points in metric coordinates.
        standable: per stretch, the vehicle may stand there, and come and go.
        street: per stretch, the number of the street that it is a part of.
        avoid: per stop, the street where the vehicle is not to stand, -1 for none.
    """
    lines, table, n = lines_of(streets), streets.stretches, len(streets.nodes)
    rows = np.flatnonzero(standable)
    ends = np.concatenate([table.u[rows], table.v[rows]])
    owner = np.tile(rows, 2)
    share = np.repeat([0.0, 1.0], len(rows))
    order = np.lexsort((share, owner, ends))
    source, first = np.unique(ends[order], return_index=True)
    stand_stretch = np.full(n, -1, dtype=np.int64)
    stand_along = np.zeros(n)
    stand_stretch[source], stand_along[source] = owner[order][first], share[order][first]
    walked, before, root = _walk_from(streets, source)

    door = pairs_within(lines.drivable_tree, lines.drivable, points, radius_m=door_walk_m())
    door_stop, door_stretch, door_m, door_along, lost = _legs(streets, points, *door, use=standable)
    linked = np.isfinite(walked[table.u]) | np.isfinite(walked[table.v])
    foot = pairs_within(lines.walkable_tree, lines.walkable, points, radius_m=driving_figure("off_network_m"))
    foot_stop, foot_stretch, foot_m, foot_along, lost_too = _legs(streets, points, *foot, use=linked)
    part = foot_network_of(streets).part[table.u[foot_stretch]]
    near = (foot_m <= door_walk_m()) | _least_of_groups(foot_m, foot_stop, part)
    foot_stop, foot_stretch = foot_stop[near], foot_stretch[near]
    foot_m, foot_along = foot_m[near], foot_along[near]
    length_m = table.length_m[foot_stretch]
    beside = standable[foot_stretch]
    by_u = foot_m + foot_along * length_m + walked[table.u[foot_stretch]]
    by_v = foot_m + (1.0 - foot_along) * length_m + walked[table.v[foot_stretch]]

    none = np.full(int(beside.sum()) + len(door_stop), -1, dtype=np.int64)
    stop = np.concatenate([door_stop, foot_stop[beside], foot_stop, foot_stop])
    walk_m = np.concatenate([door_m, foot_m[beside], by_u, by_v])
    at_stretch = np.concatenate([door_stretch, foot_stretch[beside], foot_stretch, foot_stretch])
    at_along = np.concatenate([door_along, foot_along[beside], foot_along, foot_along])
    by_node = np.concatenate([none, table.u[foot_stretch], table.v[foot_stretch]])
    walk_m = np.round(walk_m, 2)
    if street is not None and avoid is not None:
        end = root[np.maximum(by_node, 0)]
        stands = np.where(by_node >= 0, np.where(end >= 0, stand_stretch[np.maximum(end, 0)], -1), at_stretch)
        kept = (stands < 0) | (avoid[stop] < 0) | (street[stands] != avoid[stop])
        stop, walk_m, at_stretch = stop[kept], walk_m[kept], at_stretch[kept]
        at_along, by_node = at_along[kept], by_node[kept]

    order = np.lexsort((by_node, at_stretch, walk_m, stop))
    found, first = np.unique(stop[order], return_index=True)
    best = order[first]
    node = by_node[best]
    end = np.where(node >= 0, root[np.maximum(node, 0)], -1)
    result = Standing(
        walk_m=np.full(len(points), np.inf),
        stretch=np.full(len(points), -1, dtype=np.int64),
        along=np.zeros(len(points)),
        foot_stretch=np.full(len(points), -1, dtype=np.int64),
        foot_along=np.zeros(len(points)),
        foot_node=np.full(len(points), -1, dtype=np.int64),
        before=before,
        cut_off=lost | lost_too,
    )
    result.walk_m[found] = walk_m[best]
    over = node >= 0
    reached = np.isfinite(walk_m[best])
    safe = np.maximum(end, 0)
    result.stretch[found] = np.where(reached, np.where(over, stand_stretch[safe], at_stretch[best]), -1)
    result.along[found] = np.where(over, stand_along[safe], at_along[best])
    result.foot_stretch[found] = np.where(over, at_stretch[best], -1)
    result.foot_along[found] = at_along[best]
    result.foot_node[found] = node
    return result


def _legs(
    streets: Streets, points: NDArray[Any], number: Ints, stretch: Ints, *, use: Bools
) -> tuple[Ints, Ints, Floats, Floats, Bools]:
    """Straight legs from stops to stretches in use, without those across a motorway or trunk road.

    Returned are stop, stretch, metres and share of the stretch's length, and which of all stops lost a leg.
    """
    lines = lines_of(streets)
    number, stretch = number[use[stretch]], stretch[use[stretch]]
    metres, along = project(lines, points[number], stretch)
    across = crosses_fast_road(lines, points, number, stretch, along)
    lost = np.zeros(len(points), dtype=np.bool_)
    lost[number[across]] = True
    kept = np.flatnonzero(~across)
    return number[kept], stretch[kept], metres[kept], along[kept], lost


def _least_of_groups(metres: Floats, first: Ints, second: Ints) -> Bools:
    """Rows that have the fewest metres of all rows with the same two keys, equals included."""
    least = np.zeros(len(metres), dtype=np.bool_)
    if len(metres) == 0:
        return least
    order = np.lexsort((metres, second, first))
    fresh = np.concatenate([[True], (np.diff(first[order]) != 0) | (np.diff(second[order]) != 0)])
    best = metres[order][fresh][np.cumsum(fresh) - 1]
    least[order] = metres[order] <= best
    return least


def _walk_from(streets: Streets, source: Ints) -> tuple[Floats, Ints, Ints]:
    """Metres on foot to every node from the nearest source, the node before it, and which source that is."""
    n = len(streets.nodes)
    if len(source) == 0:
        return np.full(n, np.inf), np.full(n, -1, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    reached, before, root = dijkstra(
        foot_network_of(streets).graph, directed=True, indices=source, return_predecessors=True, min_only=True
    )
    return reached, before.astype(np.int64), root.astype(np.int64)


def walk_of(
    streets: Streets,
    standing: Standing,
    stop: int,
    *,
    stand: tuple[float, float],
    door: tuple[float, float],
    first_along: float | None = None,
) -> Walk:
    """The way on foot to one stop.

    Args:
        stop: number of the stop in ``standing``.
        stand, door: latitude and longitude of the standing place and of the stop.
        first_along: share of the standing street's length where the vehicle stands instead, from which the driver
            first walks along that street; ``Walk.distance_m`` leaves it out.
    """
    parts: list[tuple[Floats, Floats]] = [(np.array([stand[1]]), np.array([stand[0]]))]
    if first_along is not None:
        street = int(standing.stretch[stop])
        parts.append(piece(streets, lines_of(streets), street, first_along, float(standing.along[stop])))
    node = int(standing.foot_node[stop])
    if node >= 0:
        lines, foot, n = lines_of(streets), foot_network_of(streets), len(streets.nodes)
        stretch = int(standing.foot_stretch[stop])
        start = 0.0 if int(streets.stretches.u[stretch]) == node else 1.0
        ways = [piece(streets, lines, stretch, start, float(standing.foot_along[stop]))]
        while (before := int(standing.before[node])) >= 0:
            low, high = min(before, node), max(before, node)
            way = int(foot.stretch[np.searchsorted(foot.pair, low * n + high)])
            forward = int(streets.stretches.u[way]) == before
            ways.append(piece(streets, lines, way, 0.0 if forward else 1.0, 1.0 if forward else 0.0))
            node = before
        parts += reversed(ways)
    parts.append((np.array([door[1]]), np.array([door[0]])))
    lon, lat = (np.concatenate(column) for column in zip(*parts, strict=True))
    fresh = np.concatenate([[True], (np.diff(lon) != 0) | (np.diff(lat) != 0)])
    fresh[:1] = True
    if fresh.sum() == 1:
        fresh[-1] = True
    return Walk(float(standing.walk_m[stop]), lon[fresh], lat[fresh])
