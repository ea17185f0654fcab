"""Positions for the benchmarks: drawn along streets where a vehicle may be, the same for every engine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from fleetplan.city.classes import AccessTag, Barrier, Highway
from fleetplan.city.streets import Streets

SEED = 20261124
_CLOSED = (AccessTag.PERMIT, AccessTag.PRIVATE, AccessTag.NO)
_NO_STOPS = (Highway.MOTORWAY, Highway.MOTORWAY_LINK, Highway.TRUNK, Highway.TRUNK_LINK)


@dataclass(frozen=True, eq=False)
class Drawn:
    """Positions on streets: WGS84 degrees, row of ``Streets.stretches`` and share of its length from its u."""

    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    stretch: NDArray[np.int64]
    along: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.lat)

    def first(self, n: int) -> Drawn:
        """The first ``n`` of them."""
        return Drawn(self.lat[:n], self.lon[:n], self.stretch[:n], self.along[:n])


def draw_points(streets: Streets, n: int, *, seed: int = SEED) -> Drawn:
    """``n`` positions, every metre of the eligible streets equally likely; fewer are the first of more.

    Eligible are the streets of :func:`main_part` where a stop can lie: no motorways, trunk roads, links or tunnels.
    """
    table = streets.stretches
    eligible = main_part(streets) & ~table.tunnel & ~np.isin(table.highway, [int(h) for h in _NO_STOPS])
    rows = np.flatnonzero(eligible & (table.length_m > 0))
    if len(rows) == 0:
        raise ValueError("no street of this city can be driven back and forth")
    share = np.random.default_rng(seed).random((n, 2))
    reached = np.cumsum(table.length_m[rows])
    stretch = rows[np.minimum(np.searchsorted(reached, share[:, 0] * reached[-1], side="right"), len(rows) - 1)]
    place = [_position(streets, int(row), float(along)) for row, along in zip(stretch, share[:, 1], strict=True)]
    lat, lon = np.array(place, dtype=np.float64).reshape(-1, 2).T
    return Drawn(lat, lon, stretch.astype(np.int64), share[:, 1].copy())


def main_part(streets: Streets) -> NDArray[np.bool_]:
    """Stretches of the longest strongly connected part of the streets that no access tag or barrier closes.

    Turn restrictions and vehicles play no part: the positions must suit every engine and every vehicle.
    """
    table, edges, nodes = streets.stretches, streets.edges, streets.nodes
    closed_node = np.isin(nodes.barrier_access, [int(a) for a in _CLOSED]) & (nodes.barrier != Barrier.NONE)
    closed_node |= (nodes.barrier == Barrier.BOLLARD) & (nodes.barrier_access == AccessTag.UNTAGGED)
    usable = ~np.isin(edges.motor_access, [int(a) for a in _CLOSED]) & ~closed_node[edges.u] & ~closed_node[edges.v]
    u, v, stretch = edges.u[usable], edges.v[usable], edges.stretch[usable]
    graph = csr_matrix((np.ones(len(u), dtype=np.int8), (u, v)), shape=(len(nodes), len(nodes)))
    _, part = connected_components(graph, directed=True, connection="strong")
    inner = part[u] == part[v]
    metres = np.bincount(part[u[inner]], weights=table.length_m[stretch[inner]], minlength=part.max() + 1)
    chosen = np.zeros(len(table), dtype=np.bool_)
    chosen[stretch[inner & (part[u] == metres.argmax())]] = True
    return chosen


def _position(streets: Streets, stretch: int, along: float) -> tuple[float, float]:
    lon, lat = streets.stretches.line(stretch)
    steps = np.hypot(np.diff(lon) * np.cos(np.radians(lat[0])), np.diff(lat))
    reached = np.concatenate([[0.0], np.cumsum(steps)])
    at = along * reached[-1]
    return float(np.interp(at, reached, lat)), float(np.interp(at, reached, lon))
