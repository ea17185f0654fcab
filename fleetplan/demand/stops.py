"""Stops: who wants what, where and when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from fleetplan.figures import Figure

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True, slots=True)
class Stop:
    """One delivery address.

    Attributes:
        id: unique identifier.
        lat, lon: WGS84 degrees.
        name: for people; hostile text is possible and never trusted.
        parcels: at least 1.
        demand_kg, volume_m3: load; filled from parcels by data defaults where the user gave none.
        service_s: seconds at the door for this stop (given, or per stop + per parcel).
        window_s: earliest and latest start of service in seconds after midnight; ``None`` for the whole shift.
    """

    id: str
    lat: float
    lon: float
    name: str
    parcels: int
    demand_kg: float
    volume_m3: float
    service_s: int
    window_s: tuple[int, int] | None


@dataclass(frozen=True)
class Stops(Sequence[Stop]):
    """Checked stops in the user's order.

    Attributes:
        items: the stops.
        label: where they came from (file name, ``sample of 60``).
        notes: what reading had to fill in, one sentence each (``12 stops without any demand: one parcel each``).
        rows: the row of the file that each stop stands in, as a spreadsheet counts; empty when there was none.
        figures: what the demand of sampled stops was computed from; empty for stops that were read.
    """

    items: tuple[Stop, ...]
    label: str = "stops"
    notes: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    figures: tuple[Figure, ...] = ()

    @overload
    def __getitem__(self, index: int) -> Stop: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Stop, ...]: ...
    def __getitem__(self, index: int | slice) -> Stop | tuple[Stop, ...]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Stop]:
        return iter(self.items)

    def where(self, index: int) -> str:
        """The place of a stop for faults: ``stops.csv row 17``, or ``stops stop A7`` without rows."""
        return f"{self.label} row {self.rows[index]}" if self.rows else f"{self.label} stop {self.items[index].id}"

    def frame(self) -> gpd.GeoDataFrame:
        """One row per stop with the columns of the stops file and a point geometry (EPSG:4326)."""
        from fleetplan.demand.files import stops_frame

        return stops_frame(self)
