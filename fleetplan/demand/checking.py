"""What only the city and the shift can tell about stops."""

from __future__ import annotations

from collections.abc import Mapping
from math import cos, radians

from fleetplan.demand.handling import handling_figures
from fleetplan.demand.stops import Stop, Stops
from fleetplan.errors import Fault
from fleetplan.figures import Figure
from fleetplan.units import format_clock

_METRES_PER_DEGREE = 111_195.0
"""Of a meridian, on a sphere of 6,371 km."""


def check_stops(
    stops: Stops,
    *,
    bounds: tuple[float, float, float, float],
    shift_s: tuple[int, int],
    figures: Mapping[str, Figure] | None = None,
) -> list[Fault]:
    """Faults of stops that lie outside the city or whose window misses the shift.

    Args:
        bounds: west, south, east and north of the city in degrees; stops may lie ``city_margin_m`` beyond.
        shift_s: earliest start of loading and latest return, seconds after midnight.
    """
    inside = _box(bounds, (figures or handling_figures())["city_margin_m"].value)
    faults = []
    for index, stop in enumerate(stops):
        where = stops.where(index)
        if not inside(stop.lon, stop.lat):
            if inside(stop.lat, stop.lon):
                message = f"{stop.lat:g}, {stop.lon:g} lies in the city only with lat and lon swapped"
                faults.append(Fault("stops.swapped", where, "lat, lon", message, "swap the two columns"))
            else:
                west, south, east, north = bounds
                message = (
                    f"{stop.lat:g}, {stop.lon:g} lies outside the city, whose streets reach from "
                    f"{south:.4f}, {west:.4f} to {north:.4f}, {east:.4f}"
                )
                remedy = "correct the position, remove the stop, or take a larger city"
                faults.append(Fault("stops.outside", where, "lat, lon", message, remedy))
        faults += _time_faults(stop, where, shift_s)
    return faults


def _time_faults(stop: Stop, where: str, shift_s: tuple[int, int]) -> list[Fault]:
    """Every window misses the shift, or the goods are ready only after it."""
    faults = []
    shift = f"the shift {format_clock(shift_s[0])} to {format_clock(shift_s[1])}"
    windows = stop.windows_s
    late = stop.late_price_per_h is not None
    until_s = shift_s[1] if stop.late_until_s is None else stop.late_until_s
    reached = any(start <= shift_s[1] and end >= shift_s[0] for start, end in windows)
    reached |= late and any(start <= shift_s[1] for start, _ in windows) and until_s >= shift_s[0]
    if windows and not reached:
        spans = " and ".join(f"{format_clock(start)} to {format_clock(end)}" for start, end in windows)
        noun, verb = ("window", "misses") if len(windows) == 1 else ("windows", "miss")
        remedy = f"move the {noun} or lengthen the shift"
        field = "window_start" if len(windows) == 1 else "windows"
        faults.append(Fault("stops.window_shift", where, field, f"the {noun} {spans} {verb} {shift}", remedy))
    if stop.ready_s is not None and stop.ready_s >= shift_s[1]:
        message = f"the goods are ready at {format_clock(stop.ready_s)}, after {shift}"
        faults.append(Fault("stops.ready_shift", where, "ready", message, "ready them earlier or lengthen the shift"))
    return faults


class _box:  # noqa: N801 - used like a function
    """Says whether a point lies inside bounds widened by a margin."""

    def __init__(self, bounds: tuple[float, float, float, float], margin_m: float) -> None:
        west, south, east, north = bounds
        lat_margin = margin_m / _METRES_PER_DEGREE
        lon_margin = lat_margin / max(0.01, cos(radians((south + north) / 2)))
        self._lon = (west - lon_margin, east + lon_margin)
        self._lat = (south - lat_margin, north + lat_margin)

    def __call__(self, lon: float, lat: float) -> bool:
        return self._lon[0] <= lon <= self._lon[1] and self._lat[0] <= lat <= self._lat[1]
