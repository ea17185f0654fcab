"""Seconds of a plan by activity, what of them is paid, and what lateness costs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from fleetplan.planning.plan import Pause, Plan, Route
from fleetplan.planning.problem import LATE_STEP_S, Problem, Task, VehicleType


def activities(problem: Problem, plan: Plan) -> dict[str, int]:
    """Seconds by activity; they add up to the span from first loading to last return."""
    tasks = {task.id: task for task in problem.tasks}
    types = {vehicle_type.name: vehicle_type for vehicle_type in problem.types}
    totals = Counter(drive_s=0, park_s=0, walk_s=0, service_s=0, wait_s=0, reload_s=0, break_s=0)
    for route in plan.routes:
        battery = types[route.type].battery
        back_s = route.start_s
        for number, trip in enumerate(route.trips):
            totals["wait_s"] += trip.load_s - back_s
            load_s = problem.reload_s + (battery.stand_s if battery is not None and number else 0)
            totals["reload_s"] += load_s
            at_s = _rested(totals, route, number, 0, trip.load_s + load_s)
            totals["wait_s"] += trip.depart_s - at_s
            at_s = trip.depart_s
            for place, visit in enumerate(trip.visits, start=1):
                totals["drive_s"] += visit.arrive_s - visit.park_s - at_s
                totals["park_s"] += visit.park_s
                totals["walk_s"] += visit.walk_s
                totals["wait_s"] += visit.wait_s
                totals["service_s"] += tasks[visit.stop].service_s
                at_s = _rested(totals, route, number, place, visit.depart_s)
            totals["drive_s"] += trip.return_s - at_s
            back_s = trip.return_s
    return dict(totals)


def _rested(totals: Counter[str], route: Route, trip: int, after: int, at_s: int) -> int:
    """The second at which a vehicle goes on after the rests at one place; waits before them are counted too."""
    for rest in rests_at(route, trip, after):
        totals["wait_s"] += rest.start_s - at_s
        totals["break_s"] += rest.end_s - rest.start_s
        at_s = rest.end_s
    return at_s


def rests_at(route: Route, trip: int, after: int) -> Iterator[Pause]:
    """The rests taken on a trip after so many of its visits, in order of time."""
    yield from sorted(
        (rest for rest in route.rests if (rest.trip, rest.after) == (trip, after)), key=lambda rest: rest.start_s
    )


def paid_span_s(route: Route) -> int:
    """Seconds from first loading to last return without the rests that are not paid."""
    unpaid_s = sum(rest.end_s - rest.start_s for rest in route.rests if not rest.paid)
    return route.end_s - route.start_s - unpaid_s


def late_cost(plan: Plan, tasks: Mapping[str, Task]) -> float:
    """Money for lateness, by started quarters of an hour."""
    cost = 0.0
    for route in plan.routes:
        for trip in route.trips:
            for visit in trip.visits:
                late = tasks[visit.stop].late
                if late is not None and visit.late_s > 0:
                    steps = math.ceil(visit.late_s / LATE_STEP_S)
                    cost += late.price_per_h * steps * LATE_STEP_S / 3600.0
    return cost


def battery_used(problem: Problem, *, vehicle_type: VehicleType, trip_wh: Sequence[float]) -> float | None:
    """The largest share of what a battery may give, reserve left out, that was used up at any moment of a day.

    Args:
        trip_wh: what each trip uses.
    """
    battery = vehicle_type.battery
    if battery is None or battery.capacity_wh <= battery.reserve_wh:
        return None
    charged_wh = battery.charge_w * (problem.reload_s + battery.stand_s) / 3600.0
    used_wh = most_wh = 0.0
    for number, wh in enumerate(trip_wh):
        used_wh = max(0.0, used_wh - charged_wh) + wh if number else wh
        most_wh = max(most_wh, used_wh)
    return most_wh / (battery.capacity_wh - battery.reserve_wh)
