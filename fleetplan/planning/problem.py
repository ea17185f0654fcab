"""The planning problem: tasks, vehicle types with their travel tables, pay and shift. Numbers only.

Everything here is frozen and picklable, so that a solve can go to another process or machine. Times are whole
seconds after midnight, lengths whole metres; money is a float in one currency.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fleetplan.errors import Refusal
from fleetplan.travel import TravelTable


@dataclass(frozen=True, slots=True)
class Task:
    """What one stop asks for.

    Attributes:
        id: the stop's identifier, unique in the problem.
        parcels: number of parcels, at least 1.
        weight_kg, volume_m3: the load delivered.
        window_s: earliest and latest second at which service may start (the driver may wait); the walk from
            the vehicle to the door lies before the start of service.
        service_s: seconds at the door (per stop and per parcel, already added up); without walking.
    """

    id: str
    parcels: int
    weight_kg: float
    volume_m3: float
    window_s: tuple[int, int]
    service_s: int


@dataclass(frozen=True, slots=True)
class Access:
    """One way in which a vehicle type may meet a stop: where it stands, and the walk from there.

    Attributes:
        point: row of the type's travel table.
        walk_m: metres from the standing place to the stop, one way.
        rounds: how often the load makes the driver walk there and back, at least 1.
        walk_out_s: seconds on foot before service starts (the first way to the door).
        walk_back_s: seconds on foot after service starts: further rounds for a load that is carried in several
            goes, and the last way back.
    """

    point: int
    walk_m: float
    rounds: int
    walk_out_s: int
    walk_back_s: int

    @property
    def walk_s(self) -> int:
        """All seconds on foot for this stop."""
        return self.walk_out_s + self.walk_back_s


@dataclass(frozen=True)
class VehicleType:
    """A type of vehicle that the plan may use, with everything that differs between types.

    Attributes:
        name: unique in the problem.
        count: how many there are; ``None`` for as many as wanted.
        capacity_kg, capacity_m3, capacity_parcels: per trip; ``None`` for no limit.
        cost_per_day: paid whole for each vehicle used.
        distance_cost_per_km, energy_cost_per_km: paid per kilometre driven.
        max_trips: trips a day from the depot, at least 1.
        table: travel table between this type's points; point 0 is the depot.
        park_s: seconds to park at each point of the table (0 at the depot). Paid on arriving at a point from
            another one: consecutive stops that share a point park once.
        access: for each task, in the problem's order, the ways to meet it; empty when the type cannot.
        refusals: for each task the reason why ``access`` is empty, else ``None``.
    """

    name: str
    count: int | None
    capacity_kg: float | None
    capacity_m3: float | None
    capacity_parcels: int | None
    cost_per_day: float
    distance_cost_per_km: float
    energy_cost_per_km: float
    max_trips: int
    table: TravelTable
    park_s: tuple[int, ...]
    access: tuple[tuple[Access, ...], ...]
    refusals: tuple[Refusal | None, ...]

    @property
    def cost_per_km(self) -> float:
        """Everything that a kilometre costs."""
        return self.distance_cost_per_km + self.energy_cost_per_km


@dataclass(frozen=True, slots=True)
class Pay:
    """How a driver's day is paid.

    Paid time runs from the start of the first loading to the return to the depot after the last trip, waits
    included; at least ``min_s`` is paid, and seconds beyond ``overtime_after_s`` cost ``overtime_factor`` times
    the wage.
    """

    wage_per_h: float
    min_s: int
    overtime_after_s: int
    overtime_factor: float

    def cost(self, paid_s: float) -> float:
        """Money for a day of ``paid_s`` seconds between first loading and last return."""
        overtime_s = max(0.0, paid_s - self.overtime_after_s)
        regular_s = max(float(self.min_s), paid_s) - overtime_s
        return self.wage_per_h * (regular_s + self.overtime_factor * overtime_s) / 3600.0


@dataclass(frozen=True)
class Problem:
    """A day to plan.

    Attributes:
        tasks: the stops' demands.
        types: the vehicle types, in any order; answers do not depend on the order of tasks or types.
        shift_s: earliest start of loading and latest return to the depot.
        reload_s: seconds of loading at the depot before every trip, the first included.
        pay: the driver's pay, the same for all types.
        max_walk_m: the longest walk allowed from the standing place to a stop, one way.
        unserved_price_per_parcel: ``None``: serve as many parcels as possible first, then be cheap. A price:
            an unserved parcel costs it, and that money is part of the total.
        labels: further facts that travel with the problem into the plan file (JSON values only), for example
            the stops' names.
    """

    tasks: tuple[Task, ...]
    types: tuple[VehicleType, ...]
    shift_s: tuple[int, int]
    reload_s: int
    pay: Pay
    max_walk_m: float
    unserved_price_per_parcel: float | None = None
    labels: Mapping[str, object] = field(default_factory=dict)
