"""The planning problem: tasks, vehicle types with their travel tables, pay and shift. Numbers only.

Everything here is frozen and picklable, so that a solve can go to another process or machine. Times are whole
seconds after midnight, lengths whole metres; money is a float in one currency.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fleetplan.errors import Refusal
from fleetplan.travel import TravelTable

LATE_STEP_S = 900
"""Lateness is priced by started quarters of an hour, like parking: simple to tell and exact to plan with."""

MOST_PRIORITY = 9


@dataclass(frozen=True, slots=True)
class Lateness:
    """Service may start after the last window has closed, at a price.

    Attributes:
        price_per_h: money for an hour late, charged by started quarters of an hour (:data:`LATE_STEP_S`).
        until_s: latest second at which service may start all the same.
    """

    price_per_h: float
    until_s: int


@dataclass(frozen=True, slots=True)
class Task:
    """What one stop asks for.

    Attributes:
        id: the stop's identifier, unique in the problem.
        parcels: number of parcels delivered; at least 1 together with ``collect_parcels``.
        weight_kg, volume_m3: the load delivered, which leaves the depot with the trip.
        windows_s: one or more spans, in order and apart from each other, in which service may start (earliest and
            latest second; the driver may wait); the walk from the vehicle to the door lies before it.
        service_s: seconds at the door (per stop and per parcel, already added up); without walking.
        collect_parcels, collect_kg, collect_m3: what is collected there and brought to the depot by the same trip.
        late: on what terms service may start after the last window; ``None``: never.
        ready_s: the goods are at the depot from this second; the trip's loading starts no sooner. ``None``: always.
        priority: 0 to 9. Among stops that cannot all be served those of a higher priority come first, whatever
            their parcels; without meaning where unserved parcels have a price.
        unserved_price_per_parcel: this stop's price in place of the problem's, where that has one.
    """

    id: str
    parcels: int
    weight_kg: float
    volume_m3: float
    windows_s: tuple[tuple[int, int], ...]
    service_s: int
    collect_parcels: int = 0
    collect_kg: float = 0.0
    collect_m3: float = 0.0
    late: Lateness | None = None
    ready_s: int | None = None
    priority: int = 0
    unserved_price_per_parcel: float | None = None

    @property
    def all_parcels(self) -> int:
        """Parcels delivered and collected: what counts when the stop is left out."""
        return self.parcels + self.collect_parcels


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


@dataclass(frozen=True, slots=True)
class Battery:
    """What bounds the range of an electric vehicle.

    Attributes:
        capacity_wh: when full; every day starts full.
        reserve_wh: never drawn upon.
        wh_per_km: use per kilometre, where the type's table has no ``extra["energy_wh"]`` for each arc.
        charge_w: power at the depot before each further trip, while loading and while ``stand_s``; never above full.
        stand_s: seconds that the vehicle stands at the depot before each further trip, in addition to loading.
    """

    capacity_wh: float
    reserve_wh: float
    wh_per_km: float
    charge_w: float = 0.0
    stand_s: int = 0


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
        shift_s: earliest start of loading and latest return; ``None`` for the problem's.
        max_span_s: longest day from the start of the first loading to the last return; ``None`` for no limit.
        max_stops: most stops of a day; ``None`` for no limit.
        battery: what bounds its range; ``None`` for no bound.
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
    shift_s: tuple[int, int] | None = None
    max_span_s: int | None = None
    max_stops: int | None = None
    battery: Battery | None = None

    @property
    def cost_per_km(self) -> float:
        """Everything that a kilometre costs."""
        return self.distance_cost_per_km + self.energy_cost_per_km


@dataclass(frozen=True, slots=True)
class Pay:
    """How a driver's day is paid.

    Paid time runs from the start of the first loading to the return to the depot after the last trip, waits
    included and unpaid rests left out; at least ``min_s`` is paid, and seconds beyond ``overtime_after_s`` cost
    ``overtime_factor`` times the wage.
    """

    wage_per_h: float
    min_s: int
    overtime_after_s: int
    overtime_factor: float

    def cost(self, paid_s: float) -> float:
        """Money for a day of ``paid_s`` paid seconds."""
        overtime_s = max(0.0, paid_s - self.overtime_after_s)
        regular_s = max(float(self.min_s), paid_s) - overtime_s
        return self.wage_per_h * (regular_s + self.overtime_factor * overtime_s) / 3600.0


@dataclass(frozen=True, slots=True)
class Rest:
    """A rest that drivers take: between two stops, where the vehicle stands, or at the depot.

    It lies inside the day, after the first loading, and interrupts neither a drive nor a service nor a loading. It is
    taken once on a day on which it is due, in one piece, and on no other day: rests are no way to wait unpaid.

    Attributes:
        duration_s: how long, neither shorter nor longer.
        window_s: earliest and latest second at which it starts.
        after_s: due on every day whose span, first loading to last return, is longer than this.
        paid: whether it counts as paid time.
    """

    duration_s: int
    window_s: tuple[int, int]
    after_s: int = 0
    paid: bool = False


@dataclass(frozen=True, slots=True)
class DrivingRule:
    """No more than ``limit_s`` of driving (parking aside) without a rest of ``rest_s`` or longer in between.

    Rests of other rules count when they are long enough; waiting, loading and service never do. A rest taken for this
    rule lasts just ``rest_s``, and is taken only where the rule would be broken without it.
    """

    limit_s: int
    rest_s: int
    paid: bool = False


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
        unserved_price_per_parcel: ``None``: serve as many parcels as possible first, those of the highest priority
            before all others, then be cheap. A price: an unserved parcel costs it, and that money is part of the total.
        rests: the rests that every driver takes when they are due.
        driving_rule: how long one may drive without a rest; ``None``: as long as one likes.
        docks: how many vehicles can be loaded at once; ``None``: all.
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
    rests: tuple[Rest, ...] = ()
    driving_rule: DrivingRule | None = None
    docks: int | None = None
    labels: Mapping[str, object] = field(default_factory=dict)
