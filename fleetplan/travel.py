"""The seam between routing and planning: travel tables between numbered points.

Below this seam no one knows a street; above it no one knows a demand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

UNREACHABLE = np.int32(2**31 - 1)
"""The entry of a pair of points that no allowed path joins."""


@dataclass(frozen=True, eq=False)
class TravelTable:
    """Times and lengths of the fastest allowed paths between points, for one vehicle type.

    Attributes:
        type: name of the vehicle type.
        lat, lon: WGS84 position of each point, ``float64[n]``; row 0 is the depot.
        time_s: seconds, ``int32[p, n, n]`` for ``p`` periods of the day (one for now), row = from,
            column = to; zero on the diagonal, :data:`UNREACHABLE` where there is no path.
        distance_m: metres of the same paths, ``int32[p, n, n]``.
        extra: further resources by name (``energy_wh``), same shape.

    Raises:
        ValueError: the arrays' shapes or types do not fit each other.
    """

    type: str
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    time_s: NDArray[np.int32]
    distance_m: NDArray[np.int32]
    extra: Mapping[str, NDArray[np.int32]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n = len(self.lat)
        if len(self.lon) != n:
            raise ValueError("lat and lon differ in length")
        for name, array in (("time_s", self.time_s), ("distance_m", self.distance_m), *self.extra.items()):
            if array.ndim != 3 or array.shape[1:] != (n, n):
                raise ValueError(f"{name} has shape {array.shape}, expected (periods, {n}, {n})")
            if array.dtype != np.int32:
                raise ValueError(f"{name} is {array.dtype}, expected int32")

    @property
    def size(self) -> int:
        """Number of points."""
        return len(self.lat)
