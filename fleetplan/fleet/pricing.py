"""Cost packs, and what one vehicle costs in one of them.

Per day used, paid whole: (annuity of the price + tax + insurance + maintenance) ÷ operating days. The annuity
spreads the price over ``life_years`` at ``interest_rate``, with ``residual_share`` of it left at the end:
``(P − R / (1 + i)^n) × i / (1 − (1 + i)^−n)``. Per paid hour: the wage. Per kilometre: tyres and wear, and energy.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from fleetplan.errors import Fault, InputError, faults_of_validation
from fleetplan.figures import Figure
from fleetplan.fleet.catalogue import estimates
from fleetplan.fleet.costs import CostPack, CostPart, CostTerm, CostUnit, VehicleCosts
from fleetplan.fleet.tables import FigureEntry, Number, read_toml
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.resources import data_path

PACKS = ("JP", "US", "demo")

SizeClass = Literal["kei", "small", "full-size"]
SIZE_CLASSES: tuple[SizeClass, ...] = ("kei", "small", "full-size")

CO2E_BOUNDARY = "tank-to-wheel"
CO2E_MEANING = (
    "tank-to-wheel: carbon dioxide from the tailpipe; for electric driving, what generating the charged electricity "
    "emits, charging losses included. Making and moving the fuels, the vehicle and its battery are outside."
)
"""What the boundary takes in, for people."""


class Range(NamedTuple):
    """Unit and bounds of a pack's figure; ``{currency}`` stands for the pack's currency."""

    unit: str
    low: float
    high: float


_MONEY = 1e9
GENERAL: Mapping[str, Range] = {
    "wage_per_h": Range("{currency}/h", 0.0, _MONEY),
    "overtime_factor": Range("factor", 1.0, 5.0),
    "paid_min_h": Range("h", 0.0, 24.0),
    "max_h": Range("h", 0.5, 24.0),
    "operating_days": Range("days/year", 1.0, 366.0),
    "life_years": Range("years", 0.5, 40.0),
    "interest_rate": Range("share/year", 0.0, 1.0),
    "residual_share": Range("share", 0.0, 0.99),
    "electric_maintenance_factor": Range("factor", 0.0, 5.0),
    "petrol_per_litre": Range("{currency}/L", 0.0, _MONEY),
    "diesel_per_litre": Range("{currency}/L", 0.0, _MONEY),
    "electricity_per_kwh": Range("{currency}/kWh", 0.0, _MONEY),
    "charging_efficiency": Range("share", 0.1, 1.0),
    "petrol_co2e_kg_per_litre": Range("kg/L", 0.0, 20.0),
    "diesel_co2e_kg_per_litre": Range("kg/L", 0.0, 20.0),
    "grid_co2e_kg_per_kwh": Range("kg/kWh", 0.0, 5.0),
}
BY_SIZE: Mapping[str, Range] = {
    "tax_per_year": Range("{currency}/year", 0.0, _MONEY),
    "insurance_per_year": Range("{currency}/year", 0.0, _MONEY),
    "maintenance_per_year": Range("{currency}/year", 0.0, _MONEY),
    "wear_per_km": Range("{currency}/km", 0.0, _MONEY),
}
_EXCHANGE = Range("{currency}", 1e-9, _MONEY)


def cost_pack(name: str) -> CostPack:
    """A bundled cost pack: ``JP``, ``US`` or ``demo``.

    Raises:
        InputError: there is no such pack.
    """
    if name not in PACKS:
        remedy = f"use one of {', '.join(PACKS)}, or the path of a TOML file"
        raise InputError.one("costs.unknown", "costs", "pack", f"there is no cost pack {name[:64]!r}", remedy)
    return _bundled(name)


def read_cost_pack(path: str | Path) -> CostPack:
    """A cost pack from a TOML file.

    The file has the keys of the bundled ones; ``base`` names a bundled pack of the same currency for what it
    leaves out. A figure is a bare number, which is then an assumption of that file, or a table with value,
    source, confidence and date. Figures by size class are tables of ``kei``, ``small`` and ``full-size``.

    Raises:
        InputError: everything that is wrong with the file, at once.
    """
    path = Path(path)
    tree = read_toml(path, code="costs")
    faults: list[Fault] = []
    try:
        head = _Head.model_validate({key: tree[key] for key in ("currency", "base", "note") if key in tree})
    except ValidationError as error:
        remedies = {"currency": 'state it, for example currency = "EUR"', "base": f"use one of {', '.join(PACKS)}"}
        raise InputError(
            faults_of_validation(error.errors(), where=path.name, code="costs", remedies=remedies)
        ) from None
    figures: dict[str, Figure] = {}
    if head.base is not None:
        base = cost_pack(head.base)
        if base.currency != head.currency:
            message = f"the base {head.base} is in {base.currency}, this pack in {head.currency}"
            faults.append(Fault("costs.currency", path.name, "base", message, "use a base of the same currency"))
        figures.update(base.figures)
    for key, item in tree.items():
        if key in ("currency", "base", "note"):
            continue
        if key in GENERAL:
            parts, limits = {"": item}, GENERAL[key]
        elif key in BY_SIZE:
            parts, limits = _parts(path, key, item, SIZE_CLASSES, faults), BY_SIZE[key]
        elif key == "exchange":
            parts, limits = _parts(path, key, item, None, faults), _EXCHANGE
        else:
            faults.append(Fault("costs.key", path.name, key[:64], "this key is not known", "remove or correct it"))
            continue
        for part, value in parts.items():
            name = f"{key}.{part}" if part else key
            figure = _figure(path, name, value, limits, head.currency, faults)
            if figure is not None:
                figures[name] = figure
    wanted = [*GENERAL, *(f"{key}.{size}" for key in BY_SIZE for size in SIZE_CLASSES)]
    touched = {fault.field for fault in faults}
    faults += [
        Fault("costs.missing", path.name, key, "this figure is needed", "state it, or name a base")
        for key in wanted
        if key not in figures and not touched & {key, key.partition(".")[0]}
    ]
    if faults:
        raise InputError(faults)
    return CostPack(path.stem, head.currency, dict(sorted(figures.items())), head.note)


def size_class(vehicle: Vehicle) -> SizeClass:
    """The class by which packs set tax, insurance, maintenance and wear.

    ``kei``: within the legal limits; ``small``: body within ``small_max_length_m`` and ``small_max_body_width_m`` of
    ``data/vehicles.toml``; ``full-size``: the rest.
    """
    if vehicle.is_kei:
        return "kei"
    known = estimates()
    short = vehicle.length_m <= known["small_max_length_m"].value
    return "small" if short and vehicle.body_width_m <= known["small_max_body_width_m"].value else "full-size"


def annuity(price: float, *, years: float, rate: float, residual: float) -> float:
    """Yearly payment that pays a price off over years at an interest rate, less the residual value at the end."""
    if rate == 0:
        return (price - residual) / years
    growth: float = (1 + rate) ** years
    return (price - residual / growth) * rate / (1 - 1 / growth)


def vehicle_costs(vehicle: Vehicle, pack: CostPack) -> VehicleCosts:
    """What a vehicle costs per day used, per paid hour and per kilometre, and what it emits, in a market.

    Raises:
        InputError: the vehicle has no price in the pack's currency nor in one that the pack converts.
    """
    size = size_class(vehicle)
    days = pack.figures["operating_days"]
    price, price_figures = _price(vehicle, pack)
    life, rate, share = (pack.figures[key] for key in ("life_years", "interest_rate", "residual_share"))
    yearly = annuity(price, years=life.value, rate=rate.value, residual=share.value * price)

    def term(part: CostPart, per: CostUnit, name: str, amount: float, *figures: Figure) -> CostTerm:
        return CostTerm(part, per, name, amount, figures)

    tax, insurance, upkeep, wear = (pack.figures[f"{key}.{size}"] for key in BY_SIZE)
    upkeep_figures, upkeep_value = [upkeep], upkeep.value
    if vehicle.powertrain == "electric":
        factor = pack.figures["electric_maintenance_factor"]
        upkeep_figures, upkeep_value = [upkeep, factor], upkeep.value * factor.value
    energy, energy_figures, co2e, co2e_figures = _energy(vehicle, pack)
    wage = pack.figures["wage_per_h"]
    terms = (
        term("vehicle", "day", "capital", yearly / days.value, *price_figures, life, rate, share, days),
        term("vehicle", "day", "tax", tax.value / days.value, tax, days),
        term("vehicle", "day", "insurance", insurance.value / days.value, insurance, days),
        term("vehicle", "day", "maintenance", upkeep_value / days.value, *upkeep_figures, days),
        term("driver", "hour", "wage", wage.value, wage),
        term("distance", "km", "tyres and wear", wear.value, wear),
        term(
            "energy",
            "km",
            "electricity" if vehicle.powertrain == "electric" else vehicle.powertrain,
            energy,
            *energy_figures,
        ),
    )
    return VehicleCosts(vehicle.name, pack.currency, terms, co2e, CO2E_BOUNDARY, co2e_figures)


class _Head(BaseModel):
    model_config = ConfigDict(extra="forbid")

    currency: str
    base: Literal["JP", "US", "demo"] | None = None
    note: str = ""


_NUMBER: TypeAdapter[FigureEntry] = TypeAdapter(Number)


def _parts(
    path: Path, key: str, item: object, allowed: tuple[str, ...] | None, faults: list[Fault]
) -> dict[str, object]:
    """The named parts of a table of figures; one figure for all size classes is spread over them."""
    if allowed is not None and (not isinstance(item, dict) or "value" in item):
        return dict.fromkeys(allowed, item)
    if not isinstance(item, dict):
        faults.append(Fault("costs.table", path.name, key, "a table of figures is wanted", "write it as [exchange]"))
        return {}
    for part in item:
        if allowed is not None and part not in allowed:
            remedy = f"use {', '.join(allowed)}"
            faults.append(Fault("costs.key", path.name, f"{key}.{part[:64]}", "this key is not known", remedy))
    return {part: value for part, value in item.items() if allowed is None or part in allowed}


def _figure(path: Path, key: str, value: object, limits: Range, currency: str, faults: list[Fault]) -> Figure | None:
    unit = limits.unit.format(currency=currency)
    try:
        entry = _NUMBER.validate_python(value, context={"file": path.name})
    except ValidationError as error:
        remedy = f"give a number in {unit}, or a table with value, source and confidence"
        for fault in faults_of_validation(error.errors(), where=path.name, code="costs"):
            field = f"{key}.{fault.field}" if fault.field else key
            faults.append(Fault(fault.code, fault.where, field, fault.message, remedy))
        return None
    if not limits.low <= entry.value <= limits.high:
        message = f"{entry.value:g} is outside {limits.low:g} to {limits.high:g} {unit}"
        faults.append(Fault("costs.range", path.name, key, message, "correct the value or its unit"))
        return None
    if entry.unit not in (None, unit):
        faults.append(
            Fault("costs.unit", path.name, key, f"the unit is {entry.unit!r}, expected {unit!r}", "correct the unit")
        )
        return None
    return entry.figure(key, unit=unit)


def _price(vehicle: Vehicle, pack: CostPack) -> tuple[float, tuple[Figure, ...]]:
    """The purchase price in the pack's currency: stated, else converted from the first currency that can be."""
    if pack.currency in vehicle.price:
        return vehicle.price[pack.currency], (vehicle.figures[f"price.{pack.currency}"],)
    for currency, price in sorted(vehicle.price.items()):
        exchange = pack.figures.get(f"exchange.{currency}")
        if exchange is not None:
            return price * exchange.value, (vehicle.figures[f"price.{currency}"], exchange)
    known = ", ".join(sorted(vehicle.price)) or "no currency"
    raise InputError.one(
        "vehicles.price",
        f"vehicle {vehicle.name}",
        "price",
        f"there is a price in {known}, but the costs are in {pack.currency}",
        f"add price.{pack.currency} to the vehicle, or an exchange rate to the cost pack",
    )


def _energy(vehicle: Vehicle, pack: CostPack) -> tuple[float, tuple[Figure, ...], float, tuple[Figure, ...]]:
    """Money and CO2e per kilometre, each with the figures behind it."""
    if vehicle.powertrain == "electric":
        use, losses = vehicle.figures["kwh_per_km"], pack.figures["charging_efficiency"]
        price, grid = pack.figures["electricity_per_kwh"], pack.figures["grid_co2e_kg_per_kwh"]
        charged = use.value / losses.value
        return charged * price.value, (use, losses, price), charged * grid.value, (use, losses, grid)
    use, price = vehicle.figures["litres_per_km"], pack.figures[f"{vehicle.powertrain}_per_litre"]
    factor = pack.figures[f"{vehicle.powertrain}_co2e_kg_per_litre"]
    return use.value * price.value, (use, price), use.value * factor.value, (use, factor)


@lru_cache(maxsize=len(PACKS))
def _bundled(name: str) -> CostPack:
    return read_cost_pack(data_path("costs", f"{name}.toml"))
