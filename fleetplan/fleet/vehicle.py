"""What a vehicle is: a frozen record with a source for every figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from fleetplan.figures import Figure

Powertrain = Literal["petrol", "diesel", "electric"]
Body = Literal["truck", "van", "car"]


@dataclass(frozen=True)
class Vehicle:
    """A vehicle type.

    Attributes:
        name: identifier in scenarios (``kei-van``).
        title: what people call it (``Suzuki Every``).
        body: ``truck`` (open bed), ``van`` or ``car``.
        powertrain: what moves it.
        length_m, body_width_m, height_m: outer size; the width without mirrors.
        mirror_width_m: over the mirrors; estimated by the catalogue's stated formula where nobody publishes it.
        wheelbase_m, turning_radius_m: kerb to kerb; ``None`` where unknown.
        payload_kg: load without the driver.
        volume_m3: load space, of an open bed the bed's area × stated load height.
        fill_rate: usable share of the load space.
        kerb_kg: mass without load; ``None`` where unknown.
        engine_cc: displacement; ``None`` for electric vehicles.
        litres_per_km, kwh_per_km: energy use; the other one is 0.
        battery_kwh: ``None`` without a traction battery.
        reserve_share: share of the battery that plans never draw upon; ``None`` without one.
        charge_kw: power at the depot between trips; ``None`` for no charging there.
        charge_min: minutes that the vehicle stands charging before each further trip, besides loading.
        top_speed_kph: ``None`` where unknown.
        park_s: seconds to park, by band of the street (``free``, ``squeezed``).
        price: purchase price by currency; empty where unknown.
        figures: the source of every number above, by field name (``price.JPY`` for prices, ``park_s.free`` for
            parking), and of the inputs of those that are estimated (``range_km``, ``load_height_m`` …).
        notes: which variant this is, and what the figures leave open.
    """

    name: str
    title: str
    body: Body
    powertrain: Powertrain
    length_m: float
    body_width_m: float
    mirror_width_m: float
    height_m: float
    payload_kg: float
    volume_m3: float
    fill_rate: float
    litres_per_km: float
    kwh_per_km: float
    park_s: Mapping[str, float]
    wheelbase_m: float | None = None
    turning_radius_m: float | None = None
    kerb_kg: float | None = None
    engine_cc: float | None = None
    battery_kwh: float | None = None
    reserve_share: float | None = None
    charge_kw: float | None = None
    charge_min: float | None = None
    top_speed_kph: float | None = None
    price: Mapping[str, float] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)
    notes: str = ""

    @property
    def usable_volume_m3(self) -> float:
        """Load space × fill rate."""
        return self.volume_m3 * self.fill_rate

    @property
    def is_kei(self) -> bool:
        """Within Japan's legal limits for kei vehicles: 3.40 × 1.48 × 2.00 m, 660 cc or electric, 350 kg."""
        small = self.length_m <= 3.40 and self.body_width_m <= 1.48 and self.height_m <= 2.00
        engine = self.powertrain == "electric" or (self.engine_cc is not None and self.engine_cc <= 660)
        return small and engine and self.payload_kg <= 350
