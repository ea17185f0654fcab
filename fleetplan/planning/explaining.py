"""Why a stop is left out of a plan, and why a stop that is served is served by this vehicle.

Every reason is found twice: by trying the stop alone, exactly, with every option (:mod:`fleetplan.planning.reasons`
names the rule), and by trying it at every place of the finished plan (:mod:`fleetplan.planning.inserting`). What is
told was computed from problem and plan; nothing is taken from the search.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from fleetplan.errors import InputError, Refusal
from fleetplan.planning.building import solution_of
from fleetplan.planning.inserting import ROUNDING, Findings, Insertion, survey
from fleetplan.planning.instance import Day, Instance, TypeClass, make_instance
from fleetplan.planning.plan import Plan, Unserved
from fleetplan.planning.problem import Problem, VehicleType
from fleetplan.planning.reasons import alone_refusal, duration, no_vehicle, overall, rest_refusal
from fleetplan.planning.schedule import Solution, time_day
from fleetplan.planning.verifying import verify

Holds = Callable[[Solution], bool]

MOST_LACKS = 2
"""Of the rules that places break, so many are told."""


def explained(instance: Instance, solution: Solution, *, holds: Holds | None = None) -> tuple[Unserved, ...]:
    """Unserved entries of a solution, sorted by stop, with the reasons that its days give.

    Args:
        instance: the problem's arrays.
        solution: days and what they leave out.
        holds: what else a whole solution must hold; by default that its loadings find docks.
    """
    problem = instance.problem
    kinds = {name: kind for kind, made in enumerate(instance.classes) for name, _ in made.names}
    found = survey(instance, solution, solution.left, holds=holds or _docks_of(instance))
    entries = []
    for task in solution.left:
        by_type = {}
        for vehicle in sorted(problem.types, key=lambda v: v.name):
            kind = kinds[vehicle.name]
            findings = found[task, kind]
            refusal = _alone(instance, vehicle, kind, task)
            if refusal is None or (findings.best is not None and refusal.code != "no_vehicle"):
                # What no day alone serves may have a place after another stop, where that is the only way to it.
                refusal = _in_plan(instance, solution, vehicle, kind, task, findings)
            by_type[vehicle.name] = refusal
        entries.append(Unserved(problem.tasks[instance.order[task]].id, overall(by_type), by_type))
    return tuple(sorted(entries, key=lambda entry: entry.stop))


def with_own_reasons(problem: Problem, plan: Plan) -> Plan:
    """A plan made for another problem, with the reasons for what it leaves out told for this one's types."""
    if not plan.unserved:
        return plan
    instance = make_instance(problem)
    return replace(plan, unserved=explained(instance, solution_of(instance, plan)))


@dataclass(frozen=True)
class Explanation:
    """What became of one stop, and why.

    Attributes:
        stop: its id.
        code: ``served``, or the reason why it is left out.
        text: the whole answer as a sentence.
        by_type: per type what it would take, or what stops it.
        route: the vehicle that serves it, ``None`` when it is left out.
        extra_cost: by how much money the plan is dearer than without the stop; ``None`` when it is left out, or when
            its vehicle's day cannot be driven without it as it stands.
    """

    stop: str
    code: str
    text: str
    by_type: dict[str, Refusal]
    route: str | None = None
    extra_cost: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "stop": self.stop,
            "served": self.route is not None,
            "code": self.code,
            "text": self.text,
            "route": self.route,
            "extra_cost": self.extra_cost,
            "by_type": {
                name: {"code": told.code, "text": told.text, "data": dict(told.data)}
                for name, told in sorted(self.by_type.items())
            },
        }


def explain(problem: Problem, plan: Plan, stop: str) -> Explanation:
    """Why a stop is left out, or why this vehicle serves it.

    Args:
        problem: the problem.
        plan: a sound plan of it.
        stop: the stop's id.

    Raises:
        InputError: the problem has no such stop, or the plan is not sound.
    """
    if all(task.id != stop for task in problem.tasks):
        message = f"the plan has no stop {stop!r:.80}"
        raise InputError.one("explain.stop", "plan", "stop", message, "name one of its stops, as in stops.csv")
    faults = verify(problem, plan)
    if faults:
        raise InputError(faults)
    instance = make_instance(problem)
    solution = solution_of(instance, plan)
    for route in plan.routes:
        if any(visit.stop == stop for trip in route.trips for visit in trip.visits):
            return _served(instance, plan, solution, stop, route.id, route.type)
    entry = next(one for one in explained(instance, solution) if one.stop == stop)
    return Explanation(stop, entry.reason.code, entry.reason.text, entry.by_type)


def _alone(instance: Instance, vehicle: VehicleType, kind: int, task: int) -> Refusal | None:
    """Why a type could not serve a task on a day that holds nothing else."""
    problem, index = instance.problem, instance.order[task]
    refusal = alone_refusal(problem, vehicle, index)
    if refusal is not None:
        return refusal
    options = instance.classes[kind].options
    numbers = range(int(options.first[task]), int(options.first[task + 1]))
    if not any(time_day(instance, kind, ((option,),)) is not None for option in numbers):
        return rest_refusal(problem, vehicle, index)
    return no_vehicle(vehicle) if vehicle.count == 0 else None


def _in_plan(
    instance: Instance, solution: Solution, vehicle: VehicleType, kind: int, task: int, found: Findings
) -> Refusal:
    """Why the plan has no place for a task on a type that could serve it alone."""
    if found.best is None:
        return _no_place(instance, solution, vehicle, kind, found)
    worth, delta = float(instance.unserved_cost[task]), found.best.delta
    if not instance.priced or delta < worth - ROUNDING * max(1.0, worth):
        text = f"a {vehicle.name} could serve it for {_money(instance, delta)} more: the search did not find this place"
        return Refusal("missed_insertion", text, {"extra_cost": delta})
    text = (
        f"leaving it out costs {_money(instance, worth)}, "
        f"a {vehicle.name} serves it for no less than {_money(instance, delta)} more"
    )
    return Refusal("dearer_than_price", text, {"price": worth, "extra_cost": delta})


def _no_place(instance: Instance, solution: Solution, vehicle: VehicleType, kind: int, found: Findings) -> Refusal:
    problem = instance.problem
    used = sum(day[0] == kind for day in solution.days)
    made = instance.classes[kind]
    names = " or ".join(name for name, count in made.names if count != 0)
    if found.docked:
        docks = "the only dock" if problem.docks == 1 else f"the {problem.docks} docks"
        text = f"a {names} has time for it, but the loadings were not brought to fit {docks}"
        return Refusal("docks_full", text, {"count": used, "docks": problem.docks})
    trips_used = all(len(day[1]) >= made.max_trips for day in solution.days if day[0] == kind)
    lacks = _lacks(made, found, trips_used=trips_used)
    told = "; ".join(text for text, _ in lacks[:MOST_LACKS])
    whole = f"all {used} {names} are in use" if used > 1 else f"the only {names} is in use"
    data: dict[str, Any] = {"count": used, "rule": found.blamed}
    for _, figures in lacks:
        data |= figures
    return Refusal("fleet_used_up", f"{whole}: {told}", data)


def _lacks(made: TypeClass, found: Findings, *, trips_used: bool) -> list[tuple[str, dict[str, Any]]]:
    """Sentences and figures of what is lacking at the places that come nearest."""
    lacks = found.lacks
    told: list[tuple[str, dict[str, Any]]] = []
    if found.rested:
        told.append(("the rests that are due leave no time for it", {"rule": "rest"}))
    if "load" in lacks:
        units = (("kg", "kg"), ("m³", "m3"), ("parcels", "parcels"))
        over = [(amount, sign, key) for amount, (sign, key) in zip(found.loads, units, strict=True) if amount > 0]
        text = " and ".join(f"{amount:.4g} {sign}" for amount, sign, _ in over).replace(" 1 parcels", " 1 parcel")
        data: dict[str, Any] = {f"over_{key}": amount for amount, _, key in over}
        more = ""
        if trips_used and made.max_trips > 1:
            more, data["max_trips"] = f", and a day has no more than {made.max_trips} trips", made.max_trips
        told.append((f"a trip with time for it is too full by {text}{more}", data))
    if "stops" in lacks:
        stops = "stop" if made.max_stops == 1 else "stops"
        told.append((f"a day has no more than {made.max_stops} {stops}", {"max_stops": made.max_stops}))
    if "range" in lacks:
        told.append((f"the battery lacks {lacks['range'] / 1000:.2g} kWh", {"lacks_wh": lacks["range"]}))
    if "window" in lacks:
        text = f"in the best place a window is missed by {duration(lacks['window'])}"
        told.append((text, {"late_s": round(lacks["window"])}))
    if "shift" in lacks:
        text = f"in the best place the vehicle is back {duration(lacks['shift'])} after its shift"
        told.append((text, {"over_shift_s": round(lacks["shift"])}))
    if "span" in lacks:
        text = f"in the best place the day gets {duration(lacks['span'])} too long"
        told.append((text, {"over_span_s": round(lacks["span"])}))
    if told:
        return told
    whole = {
        "path": "no place of its trips can be driven to and from",
        "load": "every trip is too full for it, and has no time for it either",
        "stops": f"every day with room for it has its {made.max_stops} stops",
        "range": "no battery reaches so far",
        "window": "no trip with room for it keeps all its windows",
        "shift": "no trip with room for it is back in its shift",
        "span": "every day with room for it gets too long",
    }
    return [(whole[found.blamed], {})]


def _served(instance: Instance, plan: Plan, solution: Solution, stop: str, route: str, kind_name: str) -> Explanation:
    problem = instance.problem
    index = next(i for i, task in enumerate(problem.tasks) if task.id == stop)
    task = instance.order.index(index)
    number, day = next((i, day) for i, day in enumerate(solution.days) if task in instance.tasks_of(day))
    kind, trips = day
    options = instance.classes[kind].options
    option = next(o for trip in trips for o in trip if options.task[o] == task)
    shorter = tuple(kept for trip in trips if (kept := tuple(o for o in trip if o != option)))
    with_it, without = time_day(instance, kind, trips), time_day(instance, kind, shorter)
    assert with_it is not None
    stands = _stands(instance, kind, task, option)
    if without is None:
        text = f"{route} serves it ({stands}); without it, its other stops cannot be driven to in this order"
        return Explanation(stop, "served", text, {kind_name: Refusal("serves", text)}, route)
    extra = with_it.cost - without.cost
    days = [*solution.days[:number], *(((kind, shorter),) if shorter else ()), *solution.days[number + 1 :]]
    others = Solution(tuple(days), (*solution.left, task))
    found = survey(instance, others, [task], holds=_docks_of(instance))
    routes = _routes_of(instance, plan, others, emptied=None if shorter else route)
    kinds = {name: k for k, made in enumerate(instance.classes) for name, _ in made.names}
    lead = f"{route} serves it for {_money(instance, extra)} more than the plan without it ({stands})"
    by_type: dict[str, Refusal] = {}
    for vehicle in sorted(problem.types, key=lambda v: v.name):
        other = kinds[vehicle.name]
        refusal = _alone(instance, vehicle, other, task)
        best = found[task, other].best
        if vehicle.name == kind_name:
            by_type[vehicle.name] = _own(instance, lead, extra, best)
        elif refusal is not None:
            by_type[vehicle.name] = refusal
        elif best is None:
            by_type[vehicle.name] = _no_place(instance, others, vehicle, other, found[task, other])
        else:
            by_type[vehicle.name] = _elsewhere(instance, vehicle, extra, best, routes)
    told = [by_type[kind_name].text, *(f"{n}: {told.text}" for n, told in by_type.items() if n != kind_name)]
    return Explanation(stop, "served", "; ".join(told), by_type, route, extra)


def _own(instance: Instance, lead: str, extra: float, best: Insertion | None) -> Refusal:
    data: dict[str, Any] = {"extra_cost": extra}
    if best is not None and best.delta < extra - ROUNDING * max(1.0, abs(extra)):
        lead += f", though another place on this type costs only {_money(instance, best.delta)}"
        data["best_extra_cost"] = best.delta
    return Refusal("serves", lead, data)


def _elsewhere(instance: Instance, vehicle: VehicleType, extra: float, best: Insertion, routes: list[str]) -> Refusal:
    """The cheapest place on another type."""
    where = "a day of its own" if best.day is None else routes[best.day]
    option = next(o for trip in best.trips for o in trip if instance.classes[best.kind].options.task[o] == best.task)
    stands = _stands(instance, best.kind, best.task, option)
    text = f"the cheapest place on a {vehicle.name} costs {_money(instance, best.delta)} ({where}; {stands})"
    tolerance = ROUNDING * max(1.0, abs(extra))
    code = "dearer" if best.delta > extra + tolerance else "cheaper" if best.delta < extra - tolerance else "level"
    walk_m = _walk_m(instance, best.kind, best.task, option)
    return Refusal(code, text, {"extra_cost": best.delta, "walk_m": walk_m})


def _routes_of(instance: Instance, plan: Plan, solution: Solution, *, emptied: str | None) -> list[str]:
    """The plan's name of each day."""
    names = {
        visit.stop: route.id
        for route in plan.routes
        if route.id != emptied
        for trip in route.trips
        for visit in trip.visits
    }
    tasks = instance.problem.tasks
    return [names[tasks[instance.order[instance.tasks_of(day)[0]]].id] for day in solution.days]


def _walk_m(instance: Instance, kind: int, task: int, option: int) -> float:
    name = instance.classes[kind].names[0][0]
    vehicle = next(v for v in instance.problem.types if v.name == name)
    return vehicle.access[instance.order[task]][int(instance.classes[kind].options.access[option])].walk_m


def _stands(instance: Instance, kind: int, task: int, option: int) -> str:
    walk_m = _walk_m(instance, kind, task, option)
    return "stands at the door" if walk_m < 0.5 else f"stands {walk_m:.0f} m away"


def _docks_of(instance: Instance) -> Holds | None:
    """Whether a solution's loadings find docks when every day is timed for itself; ``None`` without a limit."""
    docks = instance.problem.docks
    if docks is None:
        return None
    known: dict[Day, tuple[tuple[int, int], ...]] = {}

    def loadings(day: Day) -> tuple[tuple[int, int], ...]:
        if day not in known:
            timed, made = time_day(instance, *day), instance.classes[day[0]]
            starts_s = () if timed is None else timed.loads_s
            lasts_s = [made.loading_s, *[made.turnaround_s] * len(starts_s)]
            known[day] = tuple((start_s, start_s + last_s) for start_s, last_s in zip(starts_s, lasts_s, strict=False))
        return known[day]

    def holds(solution: Solution) -> bool:
        spans = [span for day in solution.days for span in loadings(day) if span[0] < span[1]]
        turns = sorted([(start_s, 1) for start_s, _ in spans] + [(end_s, -1) for _, end_s in spans])
        return max(accumulate(step for _, step in turns), default=0) <= docks

    return holds


def _money(instance: Instance, amount: float) -> str:
    currency = instance.problem.labels.get("currency", "")
    return f"{amount:.2f} {currency}".strip()
