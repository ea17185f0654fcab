"""How a vehicle is written in a file: the fields, their units and the bounds that catch slips of units."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator

from fleetplan.errors import Fault, faults_of_validation
from fleetplan.fleet.tables import FigureEntry, Number, read_toml
from fleetplan.fleet.vehicle import Body, Powertrain

RESERVED = ("aliases", "estimates")
"""Tables of the bundled file that are no vehicles."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_CURRENCY = re.compile(r"[A-Z]{3}")


class Limits(NamedTuple):
    """Unit of a field, and the bounds outside which a value is a slip (millimetres for metres, say)."""

    unit: str
    low: float
    high: float


LIMITS: Mapping[str, Limits] = {
    "length_m": Limits("m", 1.0, 20.0),
    "body_width_m": Limits("m", 0.5, 3.0),
    "mirror_width_m": Limits("m", 0.5, 4.0),
    "height_m": Limits("m", 0.5, 4.5),
    "wheelbase_m": Limits("m", 0.5, 12.0),
    "turning_radius_m": Limits("m", 0.5, 20.0),
    "payload_kg": Limits("kg", 1.0, 30_000.0),
    "volume_m3": Limits("m³", 0.01, 120.0),
    "fill_rate": Limits("share", 0.01, 1.0),
    "kerb_kg": Limits("kg", 30.0, 30_000.0),
    "engine_cc": Limits("cm³", 10.0, 20_000.0),
    "litres_per_km": Limits("L/km", 0.005, 1.0),
    "litres_per_100km": Limits("L/100 km", 0.5, 100.0),
    "km_per_litre": Limits("km/L", 1.0, 200.0),
    "mpg_us": Limits("mi/US gal", 2.0, 400.0),
    "kwh_per_km": Limits("kWh/km", 0.005, 3.0),
    "range_km": Limits("km", 5.0, 3_000.0),
    "battery_kwh": Limits("kWh", 0.2, 1_000.0),
    "reserve_share": Limits("share", 0.0, 0.9),
    "charge_kw": Limits("kW", 0.1, 1_000.0),
    "charge_min": Limits("min", 0.0, 600.0),
    "top_speed_kph": Limits("km/h", 5.0, 250.0),
    "load_length_m": Limits("m", 0.1, 15.0),
    "load_width_m": Limits("m", 0.1, 3.0),
    "load_height_m": Limits("m", 0.1, 4.0),
    "price": Limits("", 1.0, 1e12),
    "park_s": Limits("s", 0.0, 3_600.0),
}

ENERGY_KEYS = ("litres_per_km", "litres_per_100km", "km_per_litre", "mpg_us", "kwh_per_km", "range_km")
BATTERY_KEYS = ("battery_kwh", "reserve_share", "charge_kw", "charge_min")
LOAD_KEYS = ("load_length_m", "load_width_m", "load_height_m")


def _within_limits(entry: FigureEntry | None, info: ValidationInfo) -> FigureEntry | None:
    if entry is None or info.field_name is None:
        return entry
    unit, low, high = LIMITS[info.field_name]
    if not low <= entry.value <= high:
        raise ValueError(f"{entry.value:g} is outside {low:g} to {high:g} {unit}".rstrip())
    if unit and entry.unit not in (None, unit):
        raise ValueError(f"the unit is {entry.unit!r}, expected {unit!r}")
    return entry


Measure = Annotated[Number, AfterValidator(_within_limits)]


class VehicleEntry(BaseModel):
    """One table of a vehicle file. Everything may be absent here; the estimator says what is needed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: str | None = None
    title: str | None = None
    notes: str = ""
    body: Body | None = None
    powertrain: Powertrain | None = None
    length_m: Measure | None = None
    body_width_m: Measure | None = None
    mirror_width_m: Measure | None = None
    height_m: Measure | None = None
    wheelbase_m: Measure | None = None
    turning_radius_m: Measure | None = None
    payload_kg: Measure | None = None
    volume_m3: Measure | None = None
    fill_rate: Measure | None = None
    kerb_kg: Measure | None = None
    engine_cc: Measure | None = None
    litres_per_km: Measure | None = None
    litres_per_100km: Measure | None = None
    km_per_litre: Measure | None = None
    mpg_us: Measure | None = None
    kwh_per_km: Measure | None = None
    range_km: Measure | None = None
    battery_kwh: Measure | None = None
    reserve_share: Measure | None = None
    charge_kw: Measure | None = None
    charge_min: Measure | None = None
    top_speed_kph: Measure | None = None
    load_length_m: Measure | None = None
    load_width_m: Measure | None = None
    load_height_m: Measure | None = None
    price: dict[str, Measure] = {}
    park_s: dict[str, Measure] = {}

    @field_validator("price")
    @classmethod
    def _currencies(cls, price: dict[str, FigureEntry]) -> dict[str, FigureEntry]:
        for currency in price:
            if _CURRENCY.fullmatch(currency) is None:
                raise ValueError(f"{currency[:20]!r} is not a currency code of three capitals")
        return price

    @field_validator("park_s")
    @classmethod
    def _bands(cls, park_s: dict[str, FigureEntry]) -> dict[str, FigureEntry]:
        for band in park_s:
            if band not in ("free", "squeezed"):
                raise ValueError(f"{band[:20]!r} is not a band in which a vehicle parks (free, squeezed)")
        return park_s

    def over(self, base: VehicleEntry) -> VehicleEntry:
        """This entry where it says something, else the base's.

        What the base derived from a figure that is replaced here is dropped, so that it is worked out anew:
        energy use, load volume, width over the mirrors.
        """
        own = {name: getattr(self, name) for name in self.model_fields_set}
        inherited = {name: getattr(base, name) for name in base.model_fields_set}
        if any(key in own for key in ENERGY_KEYS) or ("powertrain" in own and own["powertrain"] != base.powertrain):
            for key in ENERGY_KEYS:
                inherited.pop(key, None)
        if "battery_kwh" in own and "range_km" not in own and "kwh_per_km" not in own:
            # a bigger battery drives farther: keep the base's energy use, not its range
            if base.range_km is not None and base.kwh_per_km is None and base.battery_kwh is not None:
                kept = base.battery_kwh.value / base.range_km.value
                inherited["kwh_per_km"] = base.range_km.model_copy(update={"value": kept, "unit": "kWh/km"})
            inherited.pop("range_km", None)
        if own.get("powertrain", "electric") != "electric":
            for key in BATTERY_KEYS:
                inherited.pop(key, None)
        if any(key in own for key in LOAD_KEYS) and "volume_m3" not in own:
            inherited.pop("volume_m3", None)
        if "volume_m3" in own:
            for key in LOAD_KEYS:
                inherited.pop(key, None)
        if "body_width_m" in own and "mirror_width_m" not in own:
            inherited.pop("mirror_width_m", None)
        for table in ("price", "park_s"):
            if table in own and table in inherited:
                own[table] = {**inherited[table], **own[table]}
        merged = {**inherited, **own}
        merged.pop("base", None)
        return VehicleEntry.model_construct(_fields_set=set(merged), **merged)


_REMEDIES = {
    name: f"give a number from {limits.low:g} to {limits.high:g} {limits.unit}".rstrip()
    for name, limits in LIMITS.items()
} | {
    "body": "use truck, van or car",
    "powertrain": "use petrol, diesel or electric",
    "base": "name an entry of `fleetplan vehicles`",
    "price": "write a price by currency: price = { EUR = 30000 }",
    "park_s": "write seconds by band: park_s = { free = 50, squeezed = 75 }",
}


def _faults_of_entry(error: ValidationError, *, where: str) -> list[Fault]:
    """The faults of one vehicle's table, each with the remedy of its field."""
    faults = []
    for item in error.errors():
        field, inner = str(item["loc"][0]), str(item["loc"][-1])
        remedy = _REMEDIES.get(field, "give text in quotes")
        if item["type"] == "extra_forbidden":
            known = sorted(FigureEntry.model_fields if len(item["loc"]) > 1 else VehicleEntry.model_fields)
            close = get_close_matches(inner, known, n=1)
            remedy = f"did you mean {close[0]}?" if close else f"remove it; known are {', '.join(known)}"
        elif len(item["loc"]) > 1 and inner in ("source", "confidence", "date", "unit"):
            remedy = f'write {field} = {{ value = …, source = "…", confidence = "…" }} or the bare number'
        faults += faults_of_validation([item], where=where, code="vehicles", remedies={inner: remedy, field: remedy})
    return faults


def read_entries(path: Path) -> tuple[dict[str, VehicleEntry], dict[str, Any], list[Fault]]:
    """The vehicles of a file, its reserved tables, and everything that is wrong with it.

    Raises:
        InputError: the file is absent, unreadable or not TOML.
    """
    tree = read_toml(path, code="vehicles")
    entries: dict[str, VehicleEntry] = {}
    faults: list[Fault] = []
    for name, table in tree.items():
        if name in RESERVED:
            continue
        where = f"{path.name} [{name[:64]}]"
        if not isinstance(table, dict):
            faults.append(
                Fault("vehicles.table", path.name, name[:64], "it is not a table", "put it below a [vehicle-name] line")
            )
            continue
        if _NAME.fullmatch(name) is None:
            remedy = "use letters, digits, '-', '_' and '.', at most 64 signs, a letter or digit first"
            faults.append(Fault("vehicles.name", where, "", "this name cannot be used", remedy))
        try:
            entries[name] = VehicleEntry.model_validate(table, context={"file": path.name})
        except ValidationError as error:
            faults += _faults_of_entry(error, where=where)
    return entries, {name: tree[name] for name in RESERVED if name in tree}, faults


def missing_fields(name: str, fields: Mapping[str, str], *, where: str) -> list[Fault]:
    """Faults for fields that a vehicle needs: ``fields`` maps a field to how to mend it."""
    return [
        Fault("vehicles.missing", f"{where} [{name}]", field, "this figure is needed", remedy)
        for field, remedy in fields.items()
    ]
