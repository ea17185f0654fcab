"""What must stay unserved whatever the search does, found by adding up before it begins.

Stops that no vehicle could serve alone; loads, stops and hours beyond what the whole fleet has with all its trips;
more loadings than the docks have time for. Stops that only some types may serve are held against those types alone: by
Hall's condition (P. Hall, "On representatives of subsets", Journal of the London Mathematical Society 10 (1935), 26–30)
the fleet is too small as soon as some set of types is too small for the stops that no other type may serve.

Each finding gives a bound on the parcels left out that holds for every plan; the search still leaves out the fewest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetplan.errors import Refusal
from fleetplan.planning.instance import Instance, TypeClass, make_instance, with_tolerance
from fleetplan.planning.problem import Problem
from fleetplan.planning.reasons import alone_refusal, no_vehicle, overall

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_CLASSES = 8
"""Up to so many classes every set of them is looked at; beyond, each class, what stops ask for, and all of them."""

STOPS_NAMED = 3
"""Of stops that nobody can serve, so many are named in the sentence; the data name all."""

UNITS = (("kg", "kg"), ("m3", "m³"), ("parcels", "parcels"))


def arithmetic_findings(problem: Problem, instance: Instance | None = None) -> tuple[Refusal, ...]:
    """Everything that adding up shows to be too much, all at once; empty when nothing is.

    Args:
        problem: a valid problem.
        instance: its arrays, where they are at hand.

    Returns:
        Refusals with codes ``no_vehicle_can`` (stops that cannot be served, each with its reason), ``fleet_load``,
        ``fleet_stops``, ``fleet_hours`` and ``docks``; their data hold ``unserved_parcels_at_least``, a bound for each
        finding taken alone (see :func:`least_unserved_parcels`).
    """
    instance = instance or make_instance(problem)
    possible = _possible(instance)
    mask = np.zeros(instance.size, dtype=np.int64)
    for kind, row in enumerate(possible):
        mask |= row.astype(np.int64) << kind
    findings = [_nobody_can(instance, mask)] if bool((mask == 0).any()) else []
    fleet = _Fleet(
        instance, mask, [_day_of(made, row, instance) for made, row in zip(instance.classes, possible, strict=True)]
    )
    findings += [found for found in (*_loads(fleet), _stops(fleet), _hours(fleet), _docks(fleet)) if found is not None]
    return tuple(findings)


def least_unserved_parcels(findings: Iterable[Refusal]) -> int:
    """A bound on the parcels left out by any plan: those of impossible stops, and the worst of the other findings."""
    alone, others = 0, 0
    for found in findings:
        least = int(found.data["unserved_parcels_at_least"])
        if found.code == "no_vehicle_can":
            alone += least
        else:
            others = max(others, least)
    return alone + others


def fleet_warnings(problems: Mapping[str, Problem]) -> list[str]:
    """The findings of several fleets as lines for a reader."""
    return [f"fleet {name}: {found.text}" for name in sorted(problems) for found in arithmetic_findings(problems[name])]


@dataclass(frozen=True, slots=True)
class _ClassDay:
    """What one vehicle of a class can do in a day at most.

    Attributes:
        trips: trips that its hours allow.
        work_s: seconds for service and walking, beside one loading and one way out and back.
        trip_s: a trip takes no less than this.
    """

    trips: int
    work_s: int
    trip_s: int


@dataclass(frozen=True, eq=False)
class _Fleet:
    """The classes and, per task, the set of those that could serve it alone, as bits."""

    instance: Instance
    mask: Ints
    days: list[_ClassDay]

    def sets(self) -> Iterator[int]:
        """Sets of classes worth looking at, as bits."""
        classes = len(self.instance.classes)
        if classes <= MOST_CLASSES:
            yield from range(1, 1 << classes)
            return
        every = (1 << classes) - 1
        yield from sorted({*(1 << kind for kind in range(classes)), *np.unique(self.mask).tolist(), every} - {0})

    def within(self, chosen: int) -> NDArray[np.bool_]:
        """Tasks that no class beside the chosen ones could serve, and these could."""
        return np.asarray((self.mask != 0) & (self.mask & ~chosen == 0))

    def kinds(self, chosen: int) -> list[int]:
        """Numbers of the classes of a set."""
        return [kind for kind in range(len(self.instance.classes)) if chosen >> kind & 1]

    def names(self, chosen: int) -> list[str]:
        """Names of the types of a set that the fleet has any of."""
        classes = self.instance.classes
        return sorted(name for kind in self.kinds(chosen) for name, count in classes[kind].names if count != 0)


def _possible(instance: Instance) -> list[NDArray[np.bool_]]:
    return [made.allowed & (made.count > 0) for made in instance.classes]


def _nobody_can(instance: Instance, mask: Ints) -> Refusal:
    problem = instance.problem
    types = sorted(problem.types, key=lambda v: v.name)
    left = np.flatnonzero(mask == 0).tolist()
    reasons: dict[str, Refusal] = {}
    for task in left:
        index = instance.order[task]
        by_type = {v.name: alone_refusal(problem, v, index) or no_vehicle(v) for v in types}
        reasons[problem.tasks[index].id] = overall(by_type)
    parcels = int(instance.parcels[left].sum())
    named = "; ".join(f"{stop}: {reason.text}" for stop, reason in list(reasons.items())[:STOPS_NAMED])
    more = f"; and {len(left) - STOPS_NAMED} more" if len(left) > STOPS_NAMED else ""
    stops = f"{len(left)} stops ({parcels} parcels)" if len(left) > 1 else f"1 stop ({parcels} parcels)"
    data = {
        "stops": {stop: {"code": reason.code, "text": reason.text} for stop, reason in reasons.items()},
        "unserved_parcels_at_least": parcels,
    }
    return Refusal("no_vehicle_can", f"{stops} can be served by no vehicle of this fleet: {named}{more}", data)


def _day_of(made: TypeClass, possible: NDArray[np.bool_], instance: Instance) -> _ClassDay:
    options = made.options
    if not possible.any():
        return _ClassDay(0, 0, 0)
    out_s, back_s = int(made.time_s[0, options.point].min()), int(made.time_s[options.point, 0].min())
    trip_s = out_s + int(options.duration_s.min()) + back_s
    day_s = min(made.max_span_s, made.shift_s[1] - made.shift_s[0])
    each_s = made.turnaround_s + trip_s
    fit = (day_s - made.loading_s + made.turnaround_s) // each_s if each_s > 0 else made.max_trips
    trips = max(1, min(made.max_trips, fit, made.max_stops, instance.size))
    return _ClassDay(trips, max(0, day_s - made.loading_s - out_s - back_s), trip_s)


def _loads(fleet: _Fleet) -> Iterator[Refusal | None]:
    classes = fleet.instance.classes
    for word, asked in (("delivered", fleet.instance.deliver), ("collected", fleet.instance.collect)):
        for unit, (key, sign) in enumerate(UNITS):
            room = [made.count * day.trips * made.capacity[unit] for made, day in zip(classes, fleet.days, strict=True)]
            worst = _worst(fleet, dict.fromkeys(fleet.sets(), asked[:, unit]), _nan_free(room))
            if worst is None:
                continue
            trips = max(fleet.days[kind].trips for kind in fleet.kinds(worst.chosen))
            text = (
                f"{_asking(fleet, worst.chosen)} ask for {worst.asked:,.6g} {sign} to be {word}, {_all(fleet, worst)} "
                f"{'takes' if _one(fleet, worst) else 'take'} {worst.room:,.6g} {sign}"
                f"{f' with up to {trips} trips a day' if trips > 1 else ''}"
            )
            yield _finding("fleet_load", text, worst, fleet, {"unit": key, "way": word})


def _stops(fleet: _Fleet) -> Refusal | None:
    room = [float(made.count) * made.max_stops for made in fleet.instance.classes]
    ones = np.ones(fleet.instance.size)
    worst = _worst(fleet, dict.fromkeys(fleet.sets(), ones), room)
    if worst is None:
        return None
    text = (
        f"{_asking(fleet, worst.chosen)} are {worst.asked:.0f}, {_all(fleet, worst)} may visit {worst.room:.0f} a day"
    )
    return _finding("fleet_stops", text, worst, fleet, {})


def _hours(fleet: _Fleet) -> Refusal | None:
    room = [float(made.count) * day.work_s for made, day in zip(fleet.instance.classes, fleet.days, strict=True)]
    shortest = [_shortest_s(made, fleet.instance.size) for made in fleet.instance.classes]
    asked = {chosen: np.min([shortest[kind] for kind in fleet.kinds(chosen)], axis=0) for chosen in fleet.sets()}
    worst = _worst(fleet, asked, room)
    if worst is None:
        return None
    text = (
        f"service and walking at {_asking(fleet, worst.chosen)} take {worst.asked / 3600:,.1f} h, "
        f"{_all(fleet, worst)} {'has' if _one(fleet, worst) else 'have'} {worst.room / 3600:,.1f} h for it"
    )
    return _finding("fleet_hours", text, worst, fleet, {})


def _shortest_s(made: TypeClass, tasks: int) -> Floats:
    """``[n]`` the least time at each task, infinite where the class cannot serve it."""
    shortest = np.full(tasks, np.inf)
    if made.count > 0:
        np.minimum.at(shortest, made.options.task, made.options.duration_s.astype(np.float64))
    return shortest


def _docks(fleet: _Fleet) -> Refusal | None:
    """Every trip needs a loading, and the loadings at one dock follow each other."""
    instance = fleet.instance
    problem = instance.problem
    used = [(made, day) for made, day in zip(instance.classes, fleet.days, strict=True) if day.trips > 0]
    if problem.docks is None or problem.reload_s == 0 or not used:
        return None
    begin_s = min(made.shift_s[0] for made, _ in used)
    end_s = max(made.shift_s[1] - day.trip_s for made, day in used)
    loadings = problem.docks * max(0, (end_s - begin_s) // problem.reload_s)
    rows = [(instance.deliver[:, unit], max(made.capacity[unit] for made, _ in used)) for unit in range(3)]
    rows += [(instance.collect[:, unit], max(made.capacity[unit] for made, _ in used)) for unit in range(3)]
    rows.append((np.ones(instance.size), float(max(made.max_stops for made, _ in used))))
    every = (1 << len(instance.classes)) - 1
    found = []
    for asked, most in rows:
        if np.isfinite(most):
            room = [loadings * most if kind == 0 else 0.0 for kind in range(len(instance.classes))]
            found.append(_shortfall(fleet, every, asked, room))
    worst = max((one for one in found if one is not None), key=lambda one: one.parcels, default=None)
    if worst is None:
        return None
    docks = "1 dock has" if problem.docks == 1 else f"{problem.docks} docks have"
    text = f"{docks} time for {loadings} loadings in the whole shift, fewer than the stops need"
    return _finding("docks", text, worst, fleet, {"loadings": loadings})


@dataclass(frozen=True, slots=True)
class _Shortfall:
    """A set of classes (bits) that is too small for the stops that only it may serve."""

    chosen: int
    asked: float
    room: float
    parcels: int


def _worst(fleet: _Fleet, asked: Mapping[int, Floats], room: list[float]) -> _Shortfall | None:
    """The set of classes that leaves the most parcels; the smallest such set."""
    found = [_shortfall(fleet, chosen, amounts, room) for chosen, amounts in asked.items()]
    short = [one for one in found if one is not None]
    return min(short, key=lambda one: (-one.parcels, one.chosen.bit_count(), one.chosen), default=None)


def _shortfall(fleet: _Fleet, chosen: int, amounts: Floats, room: list[float]) -> _Shortfall | None:
    """What the classes of a set lack, and the fewest parcels that make up for it: stops may be split for the bound."""
    whole = math.fsum(room[kind] for kind in fleet.kinds(chosen))
    tasks = np.flatnonzero(fleet.within(chosen) & (amounts > 0.0))
    asked = math.fsum(amounts[tasks].tolist())
    if asked <= with_tolerance(whole):
        return None
    parcels = fleet.instance.parcels[tasks].astype(np.float64)
    cheapest = np.argsort(parcels / amounts[tasks], kind="stable")
    missing, left = asked - with_tolerance(whole), 0.0
    for amount, number in zip(amounts[tasks][cheapest].tolist(), parcels[cheapest].tolist(), strict=True):
        left += number * min(1.0, missing / amount)
        missing -= amount
        if missing <= 0.0:
            break
    return _Shortfall(chosen, asked, whole, max(1, math.ceil(left - 1e-6)))


def _finding(code: str, text: str, worst: _Shortfall, fleet: _Fleet, data: Mapping[str, object]) -> Refusal:
    least = "1 parcel stays" if worst.parcels == 1 else f"{worst.parcels} parcels stay"
    figures = {
        "types": fleet.names(worst.chosen),
        "asked": worst.asked,
        "room": worst.room,
        "unserved_parcels_at_least": worst.parcels,
    }
    return Refusal(code, f"{text}: at least {least} unserved", {**figures, **data})


def _asking(fleet: _Fleet, chosen: int) -> str:
    if bool(fleet.within(chosen).sum() == (fleet.mask != 0).sum()):
        return "the stops"
    return f"the stops that only {' or '.join(fleet.names(chosen))} can serve"


def _all(fleet: _Fleet, worst: _Shortfall) -> str:
    names = " and ".join(fleet.names(worst.chosen))
    return f"the only {names}" if _one(fleet, worst) else f"all {_count(fleet, worst)} {names}"


def _one(fleet: _Fleet, worst: _Shortfall) -> bool:
    return _count(fleet, worst) == 1


def _count(fleet: _Fleet, worst: _Shortfall) -> int:
    return sum(fleet.instance.classes[kind].count for kind in fleet.kinds(worst.chosen))


def _nan_free(room: list[float]) -> list[float]:
    """Nothing times no limit is nothing."""
    return [0.0 if math.isnan(x) else x for x in room]
