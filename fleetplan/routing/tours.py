"""Tours driven with headings kept: every point is left in the heading in which it was reached, or turned round at."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from fleetplan.city.streets import Floats, Ints, Streets
from fleetplan.routing.network import Network
from fleetplan.routing.packing import unpack
from fleetplan.routing.paths import line_of, mouth, traced
from fleetplan.routing.seams import DrivePath, Point
from fleetplan.routing.searching import Search
from fleetplan.routing.tables import Headings, heading_ways, headings_of


class _Leg(NamedTuple):
    """From one heading row to another, whether the vehicle turns before, and the packed weight of it all."""

    leave: int
    arrive: int
    turns: bool
    weight: int


def retime_tour(
    streets: Streets, network: Network, search: Search, points: Sequence[Point], tour: Sequence[int]
) -> list[int]:
    """Milliseconds of each leg of a tour when headings are kept.

    Leaving against the heading of arrival costs turning round beside the stop, or backing out of a dead end. The depot
    (point 0) is left in any heading. Of all ways to drive the tour the quickest in total is taken.

    Args:
        tour: numbers of the points in order.
    """
    _, legs = _driven(streets, network, search, points, tour)
    time_ms, _ = unpack(np.array([leg.weight for leg in legs], dtype=np.int64))
    return [int(time) for time in time_ms]


def drive_tour(
    streets: Streets, network: Network, search: Search, points: Sequence[Point], tour: Sequence[int]
) -> list[DrivePath]:
    """The paths of a tour when headings are kept, one for each leg; see :func:`retime_tour`."""
    headings, legs = _driven(streets, network, search, points, tour)
    moving = [number for number, (here, there) in enumerate(pairwise(tour)) if here != there]
    leave = np.array([legs[number].leave for number in moving], dtype=np.int64)
    arrive = np.array([legs[number].arrive for number in moving], dtype=np.int64)
    ways: list[list[int]] = [[] for _ in legs]
    if moving:
        _, onward = heading_ways(network, headings.unturned, leave, arrive, search)
        for number, way in zip(moving, traced(network, headings, search, leave, arrive, onward), strict=True):
            ways[number] = way
    paths = []
    for leg, edges, (here, there) in zip(legs, ways, pairwise(tour), strict=True):
        (time_ms,), (length_dm,) = (column.tolist() for column in unpack(np.array([leg.weight])))
        backs = leg.turns and bool(headings.backs[leg.leave])
        lon, lat = line_of(streets, edges, points[here], points[there])
        paths.append(
            DrivePath(
                edges=tuple(edges),
                start=points[here],
                end=points[there],
                time_ms=time_ms,
                distance_dm=length_dm,
                turns_round=leg.turns and not backs,
                lon=lon,
                lat=lat,
                backed=mouth(network, edges) if backs else 0,
            )
        )
    return paths


def _driven(
    streets: Streets, network: Network, search: Search, points: Sequence[Point], tour: Sequence[int]
) -> tuple[Headings, list[_Leg]]:
    """Headings of the tour's points, and the legs of the quickest way to drive it."""
    visited = sorted(set(tour))
    headings = headings_of(streets, network, [points[0], *(points[i] for i in visited)])
    if len(tour) < 2:
        return headings, []
    row_of = {point: row + 1 for row, point in enumerate(visited)}
    rows = [headings.rows(row_of[point]) for point in tour]
    drives = _drives(network, headings, search, rows)
    best, steps = np.zeros(len(rows[0])), []
    for number, (here, there) in enumerate(pairwise(tour)):
        count = len(rows[number])
        turning = headings.turn[rows[number]].astype(np.float64)
        turn = np.zeros((count, count)) if number == 0 or here == 0 else turning * (1.0 - np.eye(count))
        drive = drives[number]
        if here == there:  # stays as it stands; whoever turns does so on leaving
            turn = drive = np.where(np.eye(count, dtype=bool), 0.0, np.inf)
        every = turn[:, :, None] + drive[None, :, :]  # by heading of arrival, of leaving, and of the next arrival
        steps.append((best, every, turn))
        best = (best[:, None] + every.min(axis=1)).min(axis=0)
    legs: list[_Leg] = []
    state = int(np.argmin(best))
    for number in range(len(steps) - 1, -1, -1):
        before, every, turn = steps[number]
        come = int(np.argmin(before + every.min(axis=1)[:, state]))
        go = int(np.argmin(every[come, :, state]))
        weight = int(every[come, go, state])
        legs.append(_Leg(int(rows[number][go]), int(rows[number + 1][state]), bool(turn[come, go] > 0), weight))
        state = come
    return headings, legs[::-1]


def _drives(network: Network, headings: Headings, search: Search, rows: Sequence[Ints]) -> list[Floats]:
    """Packed weight from every heading of each point of a tour to every heading of the next one."""
    here = np.concatenate([np.repeat(a, len(b)) for a, b in pairwise(rows)])
    there = np.concatenate([np.tile(b, len(a)) for a, b in pairwise(rows)])
    # The penalty is that of leaving against a heading; here it is paid where that happens.
    weight, _ = heading_ways(network, headings.unturned, here, there, search)
    cut = np.cumsum([len(a) * len(b) for a, b in pairwise(rows)])[:-1]
    shapes = [(len(a), len(b)) for a, b in pairwise(rows)]
    return [part.reshape(shape).astype(np.float64) for part, shape in zip(np.split(weight, cut), shapes, strict=True)]
