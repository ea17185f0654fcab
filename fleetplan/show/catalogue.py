"""The vehicle catalogue for the terminal: a table of all, and one vehicle with the source of every figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from fleetplan.fleet.vehicle import Vehicle

TITLES_FROM = 110
"""Width of a terminal, in characters, from which the catalogue shows what each vehicle is beside its name."""


def catalogue_table(fleet: Mapping[str, Vehicle], *, width: int) -> Table:
    """All vehicles, one per row, in metres and usable cubic metres, for a terminal of so many characters.

    A star marks a figure that nobody verified. Names are always whole, for they are what users type.
    """
    rows = [
        (
            escape(name),
            "kei" if vehicle.is_kei else "",
            _cell(vehicle, "length_m", "{:.2f}"),
            _cell(vehicle, "body_width_m", "{:.2f}"),
            _cell(vehicle, "mirror_width_m", "{:.2f}"),
            _cell(vehicle, "height_m", "{:.2f}"),
            _cell(vehicle, "payload_kg", "{:.0f}"),
            f"{vehicle.usable_volume_m3:.2f}{_star(vehicle, 'volume_m3')}",
            _energy(vehicle),
            escape(vehicle.title),
        )
        for name, vehicle in fleet.items()
    ]
    headings = ("name", "", "long", "wide", "mirrors", "high", "kg", "m³", "per 100 km", "what it is")
    count = len(headings) if width >= TITLES_FROM else len(headings) - 1
    title = "Vehicles (* assumption or unverified)"
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    for column, heading in enumerate(headings[:count]):
        widest = max(len(heading), *(len(row[column]) for row in rows))
        figures = 2 <= column <= 8
        table.add_column(heading, justify="right" if figures else "left", no_wrap=True, min_width=min(widest, 24))
    for row in rows:
        table.add_row(*row[:count])
    return table


def vehicle_table(vehicle: Vehicle) -> Table:
    """One vehicle: every figure with unit, confidence, date and source."""
    table = Table(title=f"{escape(vehicle.name)}: {escape(vehicle.title)}", title_justify="left")
    for heading in ("figure", "value", "unit", "confidence", "date", "source"):
        table.add_column(heading, overflow="fold")
    for key, figure in sorted(vehicle.figures.items()):
        table.add_row(
            escape(key), f"{figure.value:g}", escape(figure.unit), figure.confidence, figure.date, escape(figure.source)
        )
    return table


def vehicle_document(vehicle: Vehicle) -> dict[str, Any]:
    """A vehicle as a JSON value, with the source of every figure."""
    return {
        "name": vehicle.name,
        "title": vehicle.title,
        "body": vehicle.body,
        "powertrain": vehicle.powertrain,
        "is_kei": vehicle.is_kei,
        "usable_volume_m3": vehicle.usable_volume_m3,
        "length_m": vehicle.length_m,
        "body_width_m": vehicle.body_width_m,
        "mirror_width_m": vehicle.mirror_width_m,
        "height_m": vehicle.height_m,
        "payload_kg": vehicle.payload_kg,
        "volume_m3": vehicle.volume_m3,
        "fill_rate": vehicle.fill_rate,
        "litres_per_km": vehicle.litres_per_km,
        "kwh_per_km": vehicle.kwh_per_km,
        "wheelbase_m": vehicle.wheelbase_m,
        "turning_radius_m": vehicle.turning_radius_m,
        "kerb_kg": vehicle.kerb_kg,
        "engine_cc": vehicle.engine_cc,
        "battery_kwh": vehicle.battery_kwh,
        "reserve_share": vehicle.reserve_share,
        "charge_kw": vehicle.charge_kw,
        "charge_min": vehicle.charge_min,
        "top_speed_kph": vehicle.top_speed_kph,
        "park_s": dict(vehicle.park_s),
        "price": dict(vehicle.price),
        "figures": {key: figure.to_dict() for key, figure in sorted(vehicle.figures.items())},
    }


def _cell(vehicle: Vehicle, field: str, form: str) -> str:
    return form.format(getattr(vehicle, field)) + _star(vehicle, field)


def _star(vehicle: Vehicle, field: str) -> str:
    figure = vehicle.figures.get(field)
    return "*" if figure is not None and figure.unproven else ""


def _energy(vehicle: Vehicle) -> str:
    if vehicle.powertrain == "electric":
        return f"{vehicle.kwh_per_km * 100:.1f} kWh{_star(vehicle, 'kwh_per_km')}"
    return f"{vehicle.litres_per_km * 100:.1f} l{_star(vehicle, 'litres_per_km')}"
