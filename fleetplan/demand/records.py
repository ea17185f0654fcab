"""Stops as rows of a table, the way back from :mod:`fleetplan.demand.cells`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fleetplan.demand.cells import COLUMNS, RARE
from fleetplan.demand.stops import Stop
from fleetplan.units import LAST_CLOCK_S, format_clock


def record_of(stop: Stop) -> dict[str, Any]:
    """A stop as the cells of its row, by column; empty text where it says nothing."""
    several = len(stop.windows_s) > 1
    start, end = (None, None) if stop.window_s is None or several else stop.window_s
    collects = stop.collect_parcels > 0
    return {
        "id": stop.id,
        "lat": stop.lat,
        "lon": stop.lon,
        "name": stop.name,
        "parcels": stop.parcels,
        "demand_kg": stop.demand_kg,
        "volume_m3": stop.volume_m3,
        "service_min": stop.service_s / 60,
        "window_start": _clock(start),
        "window_end": _clock(end),
        "windows": ";".join(f"{_clock(opens)}-{_clock(closes)}" for opens, closes in stop.windows_s) if several else "",
        "late_until": _clock(stop.late_until_s),
        "late_price_per_h": _or_blank(stop.late_price_per_h),
        "collect_parcels": stop.collect_parcels if collects else "",
        "collect_kg": stop.collect_kg if collects else "",
        "collect_m3": stop.collect_m3 if collects else "",
        "ready": _clock(stop.ready_s),
        "priority": stop.priority or "",
        "vehicles": ";".join(stop.vehicles),
        "not_vehicles": ";".join(stop.not_vehicles),
        "unserved_price_per_parcel": _or_blank(stop.unserved_price_per_parcel),
    }


def columns_used(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """The usual columns, and of the rare ones those in which some row says something."""
    return [name for name in COLUMNS if name not in RARE or any(record[name] != "" for record in records)]


def _clock(seconds: int | None) -> str:
    return "" if seconds is None else format_clock(min(seconds, LAST_CLOCK_S))


def _or_blank(value: float | None) -> float | str:
    return "" if value is None else value
