"""The vehicle catalogue for the terminal: a table of all, and one vehicle with the source of every figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from fleetplan.fleet.vehicle import Vehicle


def catalogue_table(fleet: Mapping[str, Vehicle]) -> Table:
    """All vehicles, one per row. A star marks a figure that nobody verified."""
    table = Table(title="Vehicles (* assumption or unverified)", title_justify="left")
    table.add_column("name")
    table.add_column("what it is")
    for heading in ("length m", "width m", "over mirrors", "height m", "payload kg", "usable m³", "per 100 km", "kei"):
        table.add_column(heading, justify="right")
    for name, vehicle in fleet.items():
        table.add_row(
            escape(name),
            escape(vehicle.title),
            _cell(vehicle, "length_m", "{:.2f}"),
            _cell(vehicle, "body_width_m", "{:.3f}"),
            _cell(vehicle, "mirror_width_m", "{:.3f}"),
            _cell(vehicle, "height_m", "{:.2f}"),
            _cell(vehicle, "payload_kg", "{:.0f}"),
            f"{vehicle.usable_volume_m3:.2f}{_star(vehicle, 'volume_m3')}",
            _energy(vehicle),
            "yes" if vehicle.is_kei else "",
        )
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
