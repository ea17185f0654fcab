"""What a vehicle's file leaves out, estimated by stated formulas.

Every estimate is a figure whose source is the formula with its numbers. Its confidence is ``computed`` when all
inputs are sourced, else that of the weakest input (``unverified``, then ``assumption``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fleetplan.errors import Fault
from fleetplan.figures import Confidence, Figure
from fleetplan.fleet.entries import BATTERY_KEYS, LIMITS, LOAD_KEYS, VehicleEntry, missing_fields
from fleetplan.fleet.vehicle import Vehicle

LITRES_PER_GALLON = 3.785411784
KM_PER_MILE = 1.609344
"""Definitions of the US gallon and of the international mile."""

_NEEDED = ("length_m", "body_width_m", "height_m", "payload_kg")
_OPTIONAL = ("wheelbase_m", "turning_radius_m", "kerb_kg", "engine_cc", *BATTERY_KEYS, "top_speed_kph")
_INPUTS = ("litres_per_100km", "km_per_litre", "mpg_us", "range_km", *LOAD_KEYS)


def weakest(figures: Iterable[Figure]) -> Confidence:
    """The confidence of what is computed from these figures."""
    found = {figure.confidence for figure in figures}
    if "assumption" in found:
        return "assumption"
    return "unverified" if "unverified" in found else "computed"


def derive(key: str, value: float, unit: str, formula: str, inputs: Iterable[Figure]) -> Figure:
    """A figure worked out from others by a formula that its source states."""
    known = tuple(inputs)
    sources = "; ".join(dict.fromkeys(figure.source for figure in known))
    return Figure(key, value, unit, f"{formula} [{sources}]", weakest(known), max(figure.date for figure in known))


def estimate_vehicle(
    name: str, entry: VehicleEntry, estimates: Mapping[str, Figure], *, where: str
) -> tuple[Vehicle | None, list[Fault]]:
    """The vehicle of a file's entry, completed by the estimates, or the faults that prevent it.

    Args:
        name: identifier.
        entry: what the file says, already merged with its base.
        estimates: figures of the formulas (``data/vehicles.toml``, table ``estimates``).
        where: the file, for faults.
    """
    given = _given_figures(entry)
    figures = {key: given[key] for key in (*_NEEDED, *_OPTIONAL, *_INPUTS) if key in given}
    missing = {key: f"state it in {LIMITS[key].unit}" for key in _NEEDED if key not in given}
    if entry.body is None:
        missing["body"] = "use truck, van or car"
    if entry.powertrain is None:
        missing["powertrain"] = "use petrol, diesel or electric"
    else:
        energy = _energy_figure(given, electric=entry.powertrain == "electric")
        if energy is None:
            key, remedy = _ENERGY_REMEDY[entry.powertrain == "electric"]
            missing[key] = remedy
        else:
            figures[energy.key] = energy
    volume = _volume_figure(given)
    if volume is None:
        missing["volume_m3"] = "state it in m³, or load_length_m, load_width_m and load_height_m"
    else:
        figures["volume_m3"] = volume
    if missing:
        return None, missing_fields(name, missing, where=where)
    figures["mirror_width_m"] = given.get("mirror_width_m") or _mirror_figure(figures, entry, estimates)
    figures["fill_rate"] = given.get("fill_rate") or estimates["fill_rate"]
    if "battery_kwh" in figures and "reserve_share" not in figures:
        figures["reserve_share"] = estimates["reserve_share"]
    park_s = {}
    for band in ("free", "squeezed"):
        key = f"park_s.{band}"
        figures[key] = given.get(key) or _park_figure(band, figures, estimates)
        park_s[band] = figures[key].value
    prices = {key: figure for key, figure in given.items() if key.startswith("price.")}
    figures |= prices
    if figures["mirror_width_m"].value < figures["body_width_m"].value:
        message = f"{figures['mirror_width_m'].value:g} m is less than the body's {figures['body_width_m'].value:g} m"
        return None, [
            Fault(
                "vehicles.mirrors", f"{where} [{name}]", "mirror_width_m", message, "state the width over the mirrors"
            )
        ]
    battery_faults = _battery_faults(name, figures, entry, where=where)
    if battery_faults:
        return None, battery_faults
    assert entry.body is not None and entry.powertrain is not None

    def optional(key: str) -> float | None:
        return figures[key].value if key in figures else None

    vehicle = Vehicle(
        name=name,
        title=entry.title or name,
        body=entry.body,
        powertrain=entry.powertrain,
        length_m=figures["length_m"].value,
        body_width_m=figures["body_width_m"].value,
        mirror_width_m=figures["mirror_width_m"].value,
        height_m=figures["height_m"].value,
        payload_kg=figures["payload_kg"].value,
        volume_m3=figures["volume_m3"].value,
        fill_rate=figures["fill_rate"].value,
        litres_per_km=optional("litres_per_km") or 0.0,
        kwh_per_km=optional("kwh_per_km") or 0.0,
        park_s=park_s,
        wheelbase_m=optional("wheelbase_m"),
        turning_radius_m=optional("turning_radius_m"),
        kerb_kg=optional("kerb_kg"),
        engine_cc=optional("engine_cc"),
        battery_kwh=optional("battery_kwh"),
        reserve_share=optional("reserve_share"),
        charge_kw=optional("charge_kw"),
        charge_min=optional("charge_min"),
        top_speed_kph=optional("top_speed_kph"),
        price={key.removeprefix("price."): figure.value for key, figure in sorted(prices.items())},
        figures=dict(sorted(figures.items())),
        notes=entry.notes,
    )
    return vehicle, []


def _battery_faults(name: str, figures: Mapping[str, Figure], entry: VehicleEntry, *, where: str) -> list[Fault]:
    """A battery's figures where there is no battery to have them, or no current to drive with."""
    given = [key for key in BATTERY_KEYS if key in figures]
    place = f"{where} [{name}]"
    if given and entry.powertrain != "electric":
        message = f"a {entry.powertrain} vehicle has no traction battery"
        return [
            Fault("vehicles.battery", place, key, message, 'remove it, or write powertrain = "electric"')
            for key in given
        ]
    if given and "battery_kwh" not in figures:
        message = "the battery's size is missing"
        return [Fault("vehicles.battery", place, key, message, "state battery_kwh, or remove it") for key in given]
    return []


_ENERGY_REMEDY = {
    True: ("kwh_per_km", "state it, or battery_kwh and range_km"),
    False: ("litres_per_km", "state it, or litres_per_100km, km_per_litre or mpg_us"),
}


def _given_figures(entry: VehicleEntry) -> dict[str, Figure]:
    figures = {}
    for key, limits in LIMITS.items():
        value = getattr(entry, key)
        if key in ("price", "park_s"):
            for part, item in value.items():
                figures[f"{key}.{part}"] = item.figure(f"{key}.{part}", unit=limits.unit or part)
        elif value is not None:
            figures[key] = value.figure(key, unit=limits.unit)
    return figures


def _energy_figure(given: Mapping[str, Figure], *, electric: bool) -> Figure | None:
    """Energy per kilometre: as stated, else from range and battery, L/100 km, km/L or miles per US gallon."""
    if electric:
        if "kwh_per_km" in given:
            return given["kwh_per_km"]
        if "battery_kwh" in given and "range_km" in given:
            battery, reach = given["battery_kwh"], given["range_km"]
            formula = f"battery {battery.value:g} kWh ÷ range {reach.value:g} km, at the battery"
            return derive("kwh_per_km", round(battery.value / reach.value, 4), "kWh/km", formula, (battery, reach))
        return None
    if "litres_per_km" in given:
        return given["litres_per_km"]
    if "litres_per_100km" in given:
        use = given["litres_per_100km"]
        return derive("litres_per_km", round(use.value / 100, 5), "L/km", f"{use.value:g} L/100 km ÷ 100", (use,))
    if "km_per_litre" in given:
        use = given["km_per_litre"]
        return derive("litres_per_km", round(1 / use.value, 5), "L/km", f"1 ÷ {use.value:g} km/L", (use,))
    if "mpg_us" in given:
        use = given["mpg_us"]
        litres = LITRES_PER_GALLON / (KM_PER_MILE * use.value)
        return derive("litres_per_km", round(litres, 5), "L/km", f"3.785 L ÷ (1.609 km × {use.value:g} mpg)", (use,))
    return None


def _volume_figure(given: Mapping[str, Figure]) -> Figure | None:
    """Load space: as stated, else length × width × height of the load (of an open bed: stated load height)."""
    if "volume_m3" in given:
        return given["volume_m3"]
    if not all(key in given for key in LOAD_KEYS):
        return None
    length, width, height = (given[key] for key in LOAD_KEYS)
    formula = f"load length {length.value:g} m × width {width.value:g} m × load height {height.value:g} m"
    volume = round(length.value * width.value * height.value, 2)
    return derive("volume_m3", volume, "m³", formula, (length, width, height))


def _mirror_figure(figures: Mapping[str, Figure], entry: VehicleEntry, estimates: Mapping[str, Figure]) -> Figure:
    """Body width + what the mirrors of a kei vehicle or of a larger one add."""
    body = figures["body_width_m"]
    kei = figures["length_m"].value <= 3.40 and body.value <= 1.48 and figures["height_m"].value <= 2.00
    margin = estimates["mirror_margin_kei_m" if kei else "mirror_margin_m"]
    formula = f"body {body.value:g} m + mirrors {margin.value:g} m"
    return derive("mirror_width_m", round(body.value + margin.value, 3), "m", formula, (body, margin))


def _park_figure(band: str, figures: Mapping[str, Figure], estimates: Mapping[str, Figure]) -> Figure:
    """Seconds to park: the longer the gap a vehicle needs, the longer the search and the manoeuvre."""
    length, margin, rate = figures["length_m"], estimates["park_gap_margin_m"], estimates[f"park_{band}_s_per_m"]
    seconds = round(rate.value * (length.value + margin.value))
    formula = f"{rate.value:g} s per metre × (length {length.value:g} m + {margin.value:g} m gap)"
    return derive(f"park_s.{band}", float(seconds), "s", formula, (length, margin, rate))
