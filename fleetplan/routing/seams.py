"""What routing hands to the study: access decisions, reach of a vehicle type, paths."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Ordinance = Literal["clearance", "law", "off"]
Clearance = Literal["vehicle", "none"]


class Band(IntEnum):
    """How a vehicle passes a street, from best to worst."""

    FREE = 0
    SQUEEZED = 1
    BLOCKED_ROOM = 2
    BLOCKED_LAW = 3

    @property
    def label(self) -> str:
        """The word in files and maps."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class AccessRules:
    """How widths are judged: the same for all vehicles of a comparison.

    Attributes:
        ordinance: reading of Japan's Vehicle Restriction Ordinance; without effect elsewhere.
        width_quantile: quantile of the pinch's distribution that decisions use, 0.05 to 0.95.
        country: ISO 3166 alpha-2 code, or ``""``.
        clearance: ``vehicle`` asks for room over the mirrors and to meet others; ``none`` lets pass wherever the body
            fits, freely and without waiting, as routers do that cut at the body's width (for comparisons with them).
        traffic: ``False`` drives as on empty streets: the traffic factor of every class is 1 and nobody is met.
    """

    ordinance: Ordinance = "clearance"
    width_quantile: float = 0.5
    country: str = ""
    clearance: Clearance = "vehicle"
    traffic: bool = True


@dataclass(frozen=True, eq=False)
class StreetAccess:
    """A decision for one vehicle on every directed edge.

    Attributes:
        vehicle: the type's name.
        band: :class:`Band` per edge.
        reason: per edge, row of ``reasons``.
        reasons: distinct sentences; row 0 is empty (nothing limits).
        speed_kph: speed at which this vehicle drives the edge between what it meets, 0 where blocked.
        may_stand: the vehicle may stop here to deliver.
        stretch_band, stretch_reason: the better of a stretch's edges per stretch; stretches without any edge
            (footways) are ``BLOCKED_LAW``.
        delay_s: what each edge costs from end to end besides driving and what is counted on it: waiting for oncoming
            traffic where two cannot pass, and moves back and forth at sharp bends.
    """

    vehicle: str
    band: NDArray[np.uint8]
    reason: NDArray[np.int64]
    reasons: tuple[str, ...]
    speed_kph: NDArray[np.float64]
    may_stand: NDArray[np.bool_]
    stretch_band: NDArray[np.uint8]
    stretch_reason: NDArray[np.int64]
    delay_s: NDArray[np.float64] | float = 0.0


@dataclass(frozen=True, slots=True)
class Point:
    """A place on a stretch where a vehicle may stand.

    Attributes:
        stretch: row of ``Streets.stretches``.
        along: share of the stretch's length from its u, 0 to 1.
        lat, lon: WGS84.
        headings: open directed edges of the stretch, one or two rows of ``Streets.edges``.
    """

    stretch: int
    along: float
    lat: float
    lon: float
    headings: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class DrivePath:
    """A driven way from one point to another.

    Attributes:
        edges: rows of ``Streets.edges`` in order; the first and the last are driven in part.
        start, end: the points.
        time_ms: driving time, turns, signals and turning round included.
        distance_dm: decimetres driven.
        turns_round: the vehicle turns round at the start before it leaves (forced in a dead end).
        lon, lat: vertices of the way.
        backed: so many of the first edges are driven backwards, out of a dead-end street.
    """

    edges: tuple[int, ...]
    start: Point
    end: Point
    time_ms: int
    distance_dm: int
    turns_round: bool
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    backed: int = 0


@dataclass(frozen=True, eq=False)
class Walk:
    """The way on foot from a standing place to a stop, one way.

    Attributes:
        distance_m: metres on foot.
        lon, lat: vertices, from the standing place to the stop.
    """

    distance_m: float
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
