"""A tour over a city's points, driven on trial, to learn how far keeping the heading lengthens tours like it.

The mean over a point's neighbours (:mod:`fleetplan.routing.keeping_headings`) says where the excess falls; how much of
it a good tour really pays depends on the city, for a tour passes along streets where it can. One tour over the points
nearest to the depot, by nearest neighbours and improved by moving short chains, tells the share.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from fleetplan.city.streets import Floats

LEAST_POINTS = 20
"""With fewer points one tour says nothing about others."""
MOST_POINTS = 400
_ROUNDS = 6
_CHAIN = 3


def paid_share(time_s: Floats, excess_s: Floats, drive: Callable[[Sequence[int]], list[int]]) -> float:
    """Share of the mean excess that a tour pays, 0 to 2; 1 where there are too few points to tell.

    Args:
        time_s: ``float64[n, n]``, the table, depot first.
        excess_s: ``float64[n]``, mean excess at each point.
        drive: milliseconds of the legs of a tour when headings are kept.
    """
    n = len(excess_s)
    if n < LEAST_POINTS or excess_s.sum() <= 0:
        return 1.0
    near = np.sort(np.argsort(time_s[0], kind="stable")[:MOST_POINTS])
    tour = near[_tour(time_s[np.ix_(near, near)] + excess_s[near][None, :])].tolist()
    planned = float(sum(time_s[here, there] for here, there in pairwise(tour)))
    driven = sum(drive(tour)) / 1000.0
    return float(np.clip((driven - planned) / max(float(excess_s[near].sum()), 1e-9), 0.0, 2.0))


def _tour(time_s: Floats) -> list[int]:
    """Points in the order of a good closed tour from the first one."""
    left = np.ones(len(time_s), dtype=np.bool_)
    left[0] = False
    tour = [0]
    while left.any():
        tour.append(int(np.where(left, time_s[tour[-1]], np.inf).argmin()))
        left[tour[-1]] = False
    tour.append(0)
    for _ in range(_ROUNDS):
        before = list(tour)
        for size in range(1, _CHAIN + 1):
            for place in range(1, len(tour) - size):
                tour = _chain_moved(tour, place, size, time_s)
        if tour == before:
            break
    return tour


def _chain_moved(tour: list[int], place: int, size: int, time_s: Floats) -> list[int]:
    """The tour with a chain of points where it costs least."""
    chain, rest = tour[place : place + size], tour[:place] + tour[place + size :]
    first, last, here = chain[0], chain[-1], np.array(rest)
    saved = time_s[tour[place - 1], first] + time_s[last, tour[place + size]]
    saved -= time_s[tour[place - 1], tour[place + size]]
    cost = time_s[here[:-1], first] + time_s[last, here[1:]] - time_s[here[:-1], here[1:]]
    best = int(cost.argmin())
    if cost[best] >= saved - 1e-6:
        return tour
    return rest[: best + 1] + chain + rest[best + 1 :]
