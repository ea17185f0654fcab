"""The drivers' lists: every stop and rest of a fleet's routes in driving order, for a spreadsheet."""

from __future__ import annotations

import csv
import io
from typing import Any

from fleetplan.planning.plan import Route
from fleetplan.study.hours import rests_at
from fleetplan.study.result import FleetResult, StudyResult
from fleetplan.units import format_clock

COLUMNS = (
    "route", "trip", "sequence", "stop", "name", "arrive", "start", "depart", "parcels", "kg", "walk_m", "lat", "lon",
)  # fmt: skip
COLLECTED = ("collect_parcels", "collect_kg")
LATE = ("late_min",)

_FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters that make spreadsheets read a cell as a formula, in their full-width forms too."""


def manifest_csv(result: StudyResult, fleet: FleetResult) -> str:
    """The drivers' list of one fleet: every stop in driving order, with times of the day.

    Times are rounded to the minute. A rest is a row without a stop, named ``rest``, from ``start`` to ``depart``.
    What is collected, and how late a stop is served, stands in further columns where it occurs. Text that a
    spreadsheet would run as a formula is led by an apostrophe.
    """
    stops = {stop.id: stop for stop in result.stops}
    visits = [visit for route in fleet.plan.routes for trip in route.trips for visit in trip.visits]
    columns: tuple[str, ...] = COLUMNS
    if any(stop.collect_parcels for stop in stops.values()):
        columns += COLLECTED
    if any(visit.late_s > 0 for visit in visits):
        columns += LATE
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for route in fleet.plan.routes:
        sequence = 0
        for number, trip in enumerate(route.trips):
            writer.writerows(_rests(route, number, 0))
            for place, visit in enumerate(trip.visits, start=1):
                sequence += 1
                stop = stops[visit.stop]
                times = zip(("arrive", "start", "depart"), (visit.arrive_s, visit.start_s, visit.depart_s), strict=True)
                writer.writerow(
                    {
                        "route": spreadsheet_text(route.id),
                        "trip": number + 1,
                        "sequence": sequence,
                        "stop": spreadsheet_text(stop.id),
                        "name": spreadsheet_text(stop.name),
                        **{name: format_clock(seconds) for name, seconds in times},
                        "parcels": stop.parcels,
                        "kg": f"{stop.demand_kg:.2f}",
                        "walk_m": f"{visit.walk_m:.0f}",
                        "lat": f"{stop.lat:.6f}",
                        "lon": f"{stop.lon:.6f}",
                        "collect_parcels": stop.collect_parcels or "",
                        "collect_kg": f"{stop.collect_kg:.2f}" if stop.collect_parcels else "",
                        "late_min": f"{visit.late_s / 60:.0f}" if visit.late_s > 0 else "",
                    }
                )
                writer.writerows(_rests(route, number, place))
    return out.getvalue()


def _rests(route: Route, trip: int, after: int) -> list[dict[str, Any]]:
    return [
        {
            "route": spreadsheet_text(route.id),
            "trip": trip + 1,
            "name": "rest",
            "start": format_clock(rest.start_s),
            "depart": format_clock(rest.end_s),
        }
        for rest in rests_at(route, trip, after)
    ]


def spreadsheet_text(text: str) -> str:
    """Text that no spreadsheet takes for a formula, without control characters."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    return f"'{plain}" if plain.lstrip(" ").startswith(_FORMULA_STARTS) else plain
