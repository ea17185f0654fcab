"""What the shape of the network tells about a street's width: features per stretch, for the models of country packs.

A narrow alley differs from a wide street in more than its tags: it is shorter, ends at larger streets instead of
crossing them, lies closer to its parallels, and its straight continuation ("stroke") is short. All features are
computed for all stretches at once from the tables alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from fleetplan.city.classes import Highway, Service
from fleetplan.city.streets import Bools, Floats, Ints, Nodes, Stretches

FEATURES: tuple[str, ...] = (
    "rank",
    "one_way",
    "lanes",
    "maxspeed_kph",
    "named",
    "class_tag_m",
    "length",
    "way_length",
    "piece_length",
    "turning",
    "signals",
    "dead_end",
    "rank_beside_low",
    "rank_beside_high",
    "continues",
    "stems",
    "stroke_length",
    "stroke_rank",
    "stroke_one_way",
    "stroke_dead_ends",
    "cross_stroke_low",
    "cross_stroke_high",
    "gap_near_m",
    "gap_far_m",
    "to_major_m",
    "to_tertiary_m",
    "density_100",
    "density_200",
    "junctions_100",
    "one_way_100",
    "rank_100",
    "rank_200",
    "straight_100",
)
"""Names of the features, in the order of the columns of :func:`features_of`.

``rank`` orders classes from alley (1.5 beside 1 for other service ways) over residential (3), unclassified (4) and
tertiary (5) to trunk (8); lengths are logarithms of metres; ``lanes``, ``maxspeed_kph`` and ``class_tag_m`` are 0 where
unknown. ``…_beside_…`` is the highest rank met at the less and at the more important end. A stroke is the chain of
stretches that go straight on through junctions (within 45 degrees, each the other's best continuation);
``cross_stroke_…`` are the longest strokes met at the ends, ``stems`` the ends at which this street meets one that
goes through. ``gap_…`` are the distances to the nearest parallel street on either side and ``to_…`` those
to the nearest primary, trunk or motorway and to the nearest tertiary or larger street, all at most 60 m. ``…_100`` and
``…_200`` are means over the three by three cells of that many metres around the middle.
"""

GAP_LIMIT_M = 60.0
NEAR_LIMIT_M = 60.0
_GO_ON = 0.7071  # cosine of the largest deflection of a stroke, 45 degrees
_PARALLEL = 0.8  # cosine of the largest angle between parallel streets, 37 degrees


def rank_of(stretches: Stretches) -> Floats:
    """Importance of each stretch's class, 0 for ways that carry no motor traffic."""
    highway = stretches.highway
    rank = np.zeros(len(stretches))
    for value, classes in (
        (8.0, (Highway.MOTORWAY, Highway.MOTORWAY_LINK, Highway.TRUNK, Highway.TRUNK_LINK)),
        (7.0, (Highway.PRIMARY, Highway.PRIMARY_LINK)),
        (6.0, (Highway.SECONDARY, Highway.SECONDARY_LINK)),
        (5.0, (Highway.TERTIARY, Highway.TERTIARY_LINK)),
        (4.0, (Highway.UNCLASSIFIED, Highway.ROAD)),
        (3.0, (Highway.RESIDENTIAL,)),
        (2.0, (Highway.LIVING_STREET,)),
        (1.0, (Highway.SERVICE,)),
    ):
        rank[np.isin(highway, np.array([int(member) for member in classes], dtype=np.uint8))] = value
    rank[(highway == Highway.SERVICE) & (stretches.service == Service.ALLEY)] = 1.5
    rank[~stretches.drivable] = 0.0
    return rank


def features_of(nodes: Nodes, stretches: Stretches, *, class_tag_m: Floats, wanted: Bools) -> NDArray[np.float32]:
    """Features of the wanted stretches, ``float32[wanted, len(FEATURES)]``.

    Args:
        nodes, stretches: the tables; their width columns are not read.
        class_tag_m: middle of a width class that the stretch is tagged with, 0 where there is none, per stretch.
        wanted: for which stretches.
    """
    rows = np.flatnonzero(wanted)
    lines = _Lines.of(stretches)
    rank = rank_of(stretches)
    drivable, length = stretches.drivable, stretches.length_m
    one_way = (stretches.forward != stretches.backward).astype(np.float64)
    _, way, pieces = np.unique(stretches.way_id, return_inverse=True, return_counts=True)
    way_m = np.bincount(way, weights=length)
    degree = np.bincount(np.concatenate((stretches.u[drivable], stretches.v[drivable])), minlength=len(nodes))
    columns: dict[str, Floats] = {
        "rank": rank,
        "one_way": one_way,
        "lanes": np.nan_to_num(stretches.lanes),
        "maxspeed_kph": np.nan_to_num(stretches.maxspeed_kph),
        "named": (stretches.name > 0).astype(np.float64),
        "class_tag_m": class_tag_m,
        "length": np.log(np.maximum(length, 1.0)),
        "way_length": np.log(np.maximum(way_m, 1.0))[way],
        "piece_length": np.log(np.maximum(way_m / pieces, 1.0))[way],
        "turning": lines.turning / np.maximum(length, 5.0) * 100.0,
        "signals": nodes.signals[stretches.u].astype(np.float64) + nodes.signals[stretches.v],
        "dead_end": (np.minimum(degree[stretches.u], degree[stretches.v]) <= 1).astype(np.float64),
        **_beside(stretches, rank, len(nodes)),
        **_strokes(stretches, lines, rank, one_way, degree),
        **_around(lines, length, rank, one_way, drivable),
    }
    matrix = np.empty((len(rows), len(FEATURES)), dtype=np.float32)
    near = _distances(lines, rank, rows)
    for column, name in enumerate(FEATURES):
        matrix[:, column] = near[name] if name in near else columns[name][rows]
    return matrix


@dataclass(frozen=True, eq=False)
class _Lines:
    """Geometry of all stretches in local metres: segments, and points on each stretch with their direction."""

    owner: Ints  # stretch of each segment
    start: Floats  # [segments, 2]
    end: Floats
    segment_m: Floats
    straight: Floats  # per stretch, distance between the ends by length
    turning: Floats  # per stretch, radians turned along it
    leave_u: Floats  # [stretches, 2] unit vector from u into the stretch
    leave_v: Floats
    middle: Floats  # [stretches, 2] half way along
    heading: Floats  # [stretches, 2] unit vector along the street there

    @classmethod
    def of(cls, stretches: Stretches) -> _Lines:
        lat0 = np.radians((stretches.line_lat.min() + stretches.line_lat.max()) / 2)
        x = np.radians(stretches.line_lon - stretches.line_lon.min()) * 6378137.0 * np.cos(lat0)
        y = np.radians(stretches.line_lat - stretches.line_lat.min()) * 6356752.0
        xy = np.column_stack((x, y))
        n, begin = len(stretches), stretches.line_start
        point_owner = np.repeat(np.arange(n), np.diff(begin))
        at = np.flatnonzero(point_owner[1:] == point_owner[:-1])
        start, end, owner = xy[at], xy[at + 1], point_owner[at]
        segment_m = np.maximum(np.hypot(*(end - start).T), 1e-6)
        first = begin[:-1] - np.arange(n)
        last = begin[1:] - np.arange(1, n + 1)
        direction = (end - start) / segment_m[:, None]
        run_m = np.concatenate(([0.0], np.cumsum(segment_m)))
        total_m = run_m[last] - run_m[first]
        bend = np.flatnonzero(owner[1:] == owner[:-1])
        a, b = direction[bend], direction[bend + 1]
        angle = np.abs(np.arctan2(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0], (a * b).sum(axis=1)))
        half_m = run_m[first] + total_m / 2
        row = np.clip(np.searchsorted(run_m, half_m, side="right") - 1, first, last - 1)
        apart = np.hypot(*(xy[begin[1:] - 1] - xy[begin[:-1]]).T)
        return cls(
            owner=owner,
            start=start,
            end=end,
            segment_m=segment_m,
            straight=apart / np.maximum(total_m, 1.0),
            turning=np.bincount(owner[bend], weights=angle, minlength=n).astype(np.float64),
            leave_u=direction[first],
            leave_v=-direction[last - 1],
            middle=start[row] + direction[row] * (half_m - run_m[row])[:, None],
            heading=direction[row],
        )


def _beside(stretches: Stretches, rank: Floats, nodes: int) -> dict[str, Floats]:
    """The highest rank among the other stretches at either end."""
    n = len(stretches)
    node = np.concatenate((stretches.u, stretches.v))
    value = np.concatenate((rank, rank))
    who = np.concatenate((np.arange(n), np.arange(n)))
    order = np.lexsort((-value, node))
    node, value, who = node[order], value[order], who[order]
    head = np.concatenate(([True], node[1:] != node[:-1]))
    best, second, owner = np.zeros(nodes), np.zeros(nodes), np.full(nodes, -1)
    best[node[head]], owner[node[head]] = value[head], who[head]
    after = np.flatnonzero(head) + 1
    after = after[after < len(node)]
    after = after[~head[after]]
    second[node[after]] = value[after]
    ends = [np.where(owner[end] == np.arange(n), second[end], best[end]) for end in (stretches.u, stretches.v)]
    return {"rank_beside_low": np.minimum(*ends), "rank_beside_high": np.maximum(*ends)}


def _strokes(stretches: Stretches, lines: _Lines, rank: Floats, one_way: Floats, degree: Ints) -> dict[str, Floats]:
    """Chains of stretches that go straight on, and what they meet."""
    n = len(stretches)
    rows = np.flatnonzero(stretches.drivable)
    stretch = np.concatenate((rows, rows))
    at_v = np.repeat(np.array([0, 1]), len(rows))
    node = np.concatenate((stretches.u[rows], stretches.v[rows]))
    leave = np.concatenate((lines.leave_u[rows], lines.leave_v[rows]))
    order = np.argsort(node, kind="stable")
    stretch, at_v, node, leave = stretch[order], at_v[order], node[order], leave[order]
    count = degree[node]
    first = (np.cumsum(degree) - degree)[node]
    own = np.repeat(np.arange(len(node)), count)
    other = first[own] + np.arange(len(own)) - np.repeat(np.cumsum(count) - count, count)
    own, other = own[own != other], other[own != other]
    straight = -(leave[own] * leave[other]).sum(axis=1)
    best = np.full(len(node), -2.0)
    np.maximum.at(best, own, straight)
    partner = np.full(len(node), -1)
    hit = straight >= best[own]
    partner[own[hit]] = other[hit]
    goes_on = (partner >= 0) & (best > _GO_ON)
    goes_on &= partner[np.maximum(partner, 0)] == np.arange(len(node))
    through = np.zeros(len(degree), dtype=bool)
    through[node[goes_on]] = True

    label = np.arange(n)
    a, b = stretch[goes_on], stretch[partner[goes_on]]
    while True:
        lower = label.copy()
        np.minimum.at(lower, a, label[b])
        np.minimum.at(lower, label[a], label[b])
        lower = lower[lower]
        if np.array_equal(lower, label):
            break
        label = lower
    length = np.bincount(label, weights=stretches.length_m, minlength=n)
    length_of = np.maximum(length, 1.0)

    def mean(values: Floats) -> Floats:
        total: Floats = np.bincount(label, weights=values * stretches.length_m, minlength=n) / length_of
        return total[label]

    log_m = np.log(length_of)[label]
    met = np.zeros((n, 2))
    foreign = label[stretch[other]] != label[stretch[own]]
    np.maximum.at(met, (stretch[own], at_v[own]), np.where(foreign, log_m[stretch[other]], 0.0))
    ends = np.zeros((n, 2))
    ends[stretch, at_v] = goes_on
    stems = np.zeros((n, 2))
    stems[stretch, at_v] = ~goes_on & through[node]
    dead = (degree[stretches.u] == 1).astype(np.float64) + (degree[stretches.v] == 1)
    return {
        "continues": ends.sum(axis=1),
        "stems": stems.sum(axis=1),
        "stroke_length": log_m,
        "stroke_rank": mean(rank),
        "stroke_one_way": mean(one_way),
        "stroke_dead_ends": np.bincount(label, weights=dead * stretches.drivable, minlength=n)[label],
        "cross_stroke_low": met.min(axis=1),
        "cross_stroke_high": met.max(axis=1),
    }


def _around(lines: _Lines, length_m: Floats, rank: Floats, one_way: Floats, drivable: Bools) -> dict[str, Floats]:
    """Means over the cells around each middle, weighted by length of street."""
    street_m = np.where(drivable, length_m, 0.0)
    out: dict[str, Floats] = {}
    for size_m in (100, 200):
        cell = np.floor((lines.middle - lines.middle.min(axis=0)) / size_m).astype(np.int64) + 1
        high = int(cell[:, 1].max()) + 2
        at = cell[:, 0] * high + cell[:, 1]  # cells by number, for a raster over a city flung far apart would be huge
        keys, row = np.unique(at, return_inverse=True)

        def total(values: Floats, keys: Ints = keys, row: Ints = row, high: int = high) -> Floats:
            cells = np.bincount(row, weights=values, minlength=len(keys))
            sums = np.zeros(len(keys))
            for step in (-high - 1, -high, -high + 1, -1, 0, 1, high - 1, high, high + 1):
                place = np.searchsorted(keys, keys + step)
                place = np.minimum(place, len(keys) - 1)
                sums += np.where(keys[place] == keys + step, cells[place], 0.0)
            return sums[row]

        around_m = total(street_m)
        per_m = 1.0 / np.maximum(around_m, 1.0)
        out[f"density_{size_m}"] = around_m / (9.0 * size_m * size_m) * 1000.0
        out[f"rank_{size_m}"] = total(street_m * rank) * per_m
        if size_m == 100:
            out["junctions_100"] = total(drivable.astype(np.float64)) * per_m * 100.0
            out["one_way_100"] = total(street_m * one_way) * per_m
            out["straight_100"] = total(street_m * lines.straight) * per_m
    return out


def _distances(lines: _Lines, rank: Floats, rows: Ints) -> dict[str, Floats]:
    """Distances from the wanted stretches to parallel streets on both sides and to the next larger ones."""
    street = np.flatnonzero(rank[lines.owner] > 0)
    start, end, owner = lines.start[street], lines.end[street], lines.owner[street]
    along = (end - start) / lines.segment_m[street][:, None]
    segments = np.asarray(shapely.linestrings(np.stack((start, end), axis=1)), dtype=object)
    point, heading = lines.middle[rows], lines.heading[rows]
    across = np.column_stack((-heading[:, 1], heading[:, 0]))
    rays = shapely.linestrings(np.stack((point - across * GAP_LIMIT_M, point + across * GAP_LIMIT_M), axis=1))
    row, hit = shapely.STRtree(segments).query(rays, predicate="intersects")
    parallel = np.abs((along[hit] * heading[row]).sum(axis=1)) > _PARALLEL
    parallel &= owner[hit] != rows[row]
    row, hit = row[parallel], hit[parallel]
    # where the ray meets the segment, in metres from the point, positive to the left
    reach = start[hit] - point[row]
    slant = across[row, 0] * along[hit, 1] - across[row, 1] * along[hit, 0]
    metres = (reach[:, 0] * along[hit, 1] - reach[:, 1] * along[hit, 0]) / slant
    gap = np.full((2, len(rows)), GAP_LIMIT_M)
    for side, mask in enumerate((metres > 0.5, metres < -0.5)):
        np.minimum.at(gap[side], row[mask], np.abs(metres[mask]))
    left, right = gap
    middle = shapely.points(point)
    out = {"gap_near_m": np.minimum(left, right), "gap_far_m": np.maximum(left, right)}
    for name, least in (("to_major_m", 6.5), ("to_tertiary_m", 4.5)):
        chosen = rank[owner] > least
        metres = np.full(len(rows), NEAR_LIMIT_M)
        if chosen.any():
            larger = shapely.STRtree(segments[chosen])
            (row, _), found = larger.query_nearest(
                middle, max_distance=NEAR_LIMIT_M, return_distance=True, all_matches=False
            )
            metres[row] = found
        out[name] = metres
    return out
