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
    """One address: what is delivered there, or collected.

    Attributes:
        id: unique identifier.
        lat, lon: WGS84 degrees.
        name: for people; hostile text is possible and never trusted.
        parcels: delivered; at least 1 together with ``collect_parcels``.
        demand_kg, volume_m3: load; filled from parcels by data defaults where the user gave none.
        service_s: seconds at the door for this stop (given, or per stop + per parcel).
        window_s: earliest and latest start of service in seconds after midnight; ``None`` for the whole shift.
        later_windows_s: further windows of the same day, in order and apart from the first and each other.
        late_until_s, late_price_per_h: service may start after the last window, until this second, at this price per
            hour late; a price without a time: until the end of the shift.
        collect_parcels, collect_kg, collect_m3: what is collected there. ``parcels`` is 0 where nothing is delivered.
        ready_s: the goods are at the depot from this second; ``None``: always.
        priority: 0 to 9; among stops that cannot all be served the higher ones come first.
        vehicles: the only vehicle types that may serve it; empty for all.
        not_vehicles: vehicle types that may not.
        unserved_price_per_parcel: its own price in place of the scenario's, where that has one.
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
    later_windows_s: tuple[tuple[int, int], ...] = ()
    late_until_s: int | None = None
    late_price_per_h: float | None = None
    collect_parcels: int = 0
    collect_kg: float = 0.0
    collect_m3: float = 0.0
    ready_s: int | None = None
    priority: int = 0
    vehicles: tuple[str, ...] = ()
    not_vehicles: tuple[str, ...] = ()
    unserved_price_per_parcel: float | None = None

    @property
    def windows_s(self) -> tuple[tuple[int, int], ...]:
        """All windows in order; empty for the whole shift."""
        return () if self.window_s is None else (self.window_s, *self.later_windows_s)


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
        """One row per stop with the columns of the stops file that it uses, and a point geometry (EPSG:4326)."""
        from fleetplan.demand.files import stops_frame

        return stops_frame(self)
