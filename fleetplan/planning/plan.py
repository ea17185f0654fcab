"""The plan: which vehicle visits whom, when. A route is one vehicle's day, a list of trips from the depot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from fleetplan.errors import Refusal

StoppedBy = Literal["effort", "time", "interrupt", "trivial"]


@dataclass(frozen=True, slots=True)
class Visit:
    """One stop served.

    Attributes:
        stop: the task's id.
        access: index into the type's access list of that task.
        arrive_s: the vehicle stands, parked, at the standing place.
        start_s: service starts at the door (after the way there and any wait for the window).
        depart_s: the driver is back at the vehicle (service, further rounds and the way back are over).
        park_s: seconds of parking before ``arrive_s``; 0 when the previous stop shared the standing place.
        walk_m: all metres on foot for this stop: one-way distance × 2 × rounds.
        walk_s: all seconds on foot for this stop.
        wait_s: seconds of waiting for a window to open.
        late_s: seconds from the close of the last window to the start of service; 0 inside a window.
    """

    stop: str
    access: int
    arrive_s: int
    start_s: int
    depart_s: int
    park_s: int
    walk_m: float
    walk_s: int
    wait_s: int
    late_s: int = 0


@dataclass(frozen=True, slots=True)
class Pause:
    """A rest taken on trip number ``trip`` (from 0) after ``after`` of its visits.

    With ``after`` 0 it is taken at the depot between the end of loading (and charging) and the departure, which is
    later by it; after the last visit, before the drive home. The next drive, or the departure, begins at ``end_s``,
    or at the ``end_s`` of the last of several pauses at one place.
    """

    trip: int
    after: int
    start_s: int
    end_s: int
    paid: bool


@dataclass(frozen=True, slots=True)
class Trip:
    """From the depot and back: loading from ``load_s``, away from ``depart_s``, home at ``return_s``."""

    load_s: int
    depart_s: int
    return_s: int
    visits: tuple[Visit, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """One vehicle's day. ``start_s`` is the start of the first loading, ``end_s`` the last return."""

    id: str
    type: str
    start_s: int
    end_s: int
    trips: tuple[Trip, ...]
    rests: tuple[Pause, ...] = ()


@dataclass(frozen=True, slots=True)
class Unserved:
    """A stop left out, with the overall reason and one per type."""

    stop: str
    reason: Refusal
    by_type: dict[str, Refusal] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """Routes and what was left out, in a canonical order, with exact cost and how the search ended.

    Attributes:
        routes: sorted by type, then by first visit's stop; ids are ``<type>-1`` and so on.
        unserved: sorted by stop id.
        cost: money of the whole plan (vehicles, drivers, kilometres, priced unserved parcels).
        unserved_parcels: parcels of ``unserved``.
        stopped_by: what ended the search.
        effort: steps that each lane of the search was allowed, and used.
    """

    routes: tuple[Route, ...]
    unserved: tuple[Unserved, ...]
    cost: float
    unserved_parcels: int
    stopped_by: StoppedBy
    effort: tuple[int, int]
