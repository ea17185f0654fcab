"""What it costs on average that a vehicle leaves a stop in the heading in which it arrived.

A travel table lets a stop be left in either heading, for it does not know how the vehicle came. Taken alone it is too
short: whoever arrives eastbound and goes on westbound turns round, or drives round a block. For each point the excess
is averaged here over its nearest neighbours to come from and to go to, a pair of them weighing the more the less the
point lies out of the way between them. What tours really pay of it is found by driving one on trial
(:mod:`fleetplan.routing.trial_tours`); planning adds that to the time at the stop.
"""

from __future__ import annotations

import numpy as np

from fleetplan.city.streets import Floats, Ints
from fleetplan.routing.driving import driving_figure
from fleetplan.routing.network import Network
from fleetplan.routing.packing import FAR, MILLISECOND, PENALTY
from fleetplan.routing.searching import Search
from fleetplan.routing.tables import Headings, heading_ways


def heading_excess_s(
    network: Network, headings: Headings, packed: Ints, search: Search, *, among: int | None = None
) -> Floats:
    """Mean seconds by which keeping the heading lengthens the ways over each point, ``float64[points]``.

    Args:
        headings: of all points, the depot first; the depot has none to keep.
        packed: the table between the points.
        among: only so many of the first points count as neighbours, all when absent.
    """
    points = len(headings.start) - 1
    excess = np.zeros(points)
    among = points if among is None else among
    if among < 4:
        return excess
    k = min(int(driving_figure("heading.neighbours")), among - 2)
    # A street that is no way through steers ways, it makes no stop far: penalties do not count here.
    driven = np.where(packed < FAR, packed % PENALTY, packed)
    before, after = _nearest(driven.T[:, :among], k), _nearest(driven[:, :among], k)
    two = np.flatnonzero(np.diff(headings.start) == 2)
    two = two[two > 0]
    own = np.stack([headings.start[two], headings.start[two] + 1], axis=1)
    into = _least(network, headings, search, before[two], own, towards=True)
    out = _least(network, headings, search, after[two], own, towards=False)
    turn = headings.turn[own].astype(np.float64)[:, None, None, :]
    # Axes: point, where from, where to, heading in which it is left.
    straight, turned = (part[:, :, None, :] for part in (into, into[:, :, ::-1]))
    kept = (np.minimum(straight, turn + turned) + out[:, None, :, :]).min(axis=3)
    free = driven[before[two], two[:, None]][:, :, None] + driven[two[:, None], after[two]][:, None, :]
    pair = (before[two][:, :, None] != after[two][:, None, :]) & np.isfinite(kept) & (free < FAR)
    aside = np.where(pair, free - driven[before[two][:, :, None], after[two][:, None, :]], np.inf)
    # Without turning where the way to the point begins, which is not in ``kept`` either.
    unkept = into.min(axis=2)[:, :, None] + packed[two[:, None], after[two]][:, None, :]
    weight = np.exp(-np.maximum(aside, 0.0) / (MILLISECOND * 1000.0 * driving_figure("heading.likely_s")))
    total = np.maximum(weight.sum(axis=(1, 2)), 1e-12)
    longer = (weight * np.where(pair, kept - unkept, 0.0)).sum(axis=(1, 2)) / total
    excess[two] = np.maximum(longer, 0.0) / MILLISECOND / 1000.0
    return excess


def _nearest(packed: Ints, k: int) -> Ints:
    """The ``k`` points with the least entry in each row, the row's own left out."""
    own = packed.copy()
    np.fill_diagonal(own, FAR * 2)
    nearest: Ints = np.sort(np.argpartition(own, k - 1, axis=1)[:, :k], axis=1)
    return nearest


def _least(network: Network, headings: Headings, search: Search, others: Ints, own: Ints, *, towards: bool) -> Floats:
    """The least packed weight between each point's headings and its neighbours, ``float64[points, neighbours, 2]``.

    Turning round is not counted.

    Args:
        others: ``int64[points, neighbours]``.
        own: ``int64[points, 2]``, heading rows of each point.
        towards: ways lead from the neighbours to the point.
    """
    ends = np.stack([headings.start[others], headings.start[others + 1] - 1], axis=2)
    mine = np.broadcast_to(own[:, None, :, None], (*others.shape, 2, 2)).reshape(-1)
    theirs = np.broadcast_to(ends[:, :, None, :], (*others.shape, 2, 2)).reshape(-1)
    here, there = (theirs, mine) if towards else (mine, theirs)
    weight, _ = heading_ways(network, headings.unturned, here, there, search)
    drive = np.where(weight >= FAR // 2, np.inf, weight.astype(np.float64))
    least: Floats = drive.reshape(*others.shape, 2, 2).min(axis=3)
    return least
