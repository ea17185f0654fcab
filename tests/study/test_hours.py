"""Hours, money and limits of a day with rests, lateness, collections and a battery, worked by hand.

The town of :mod:`tests.study.test_measuring`: depot, place 1 (600 s, 2 km), place 2 (1,200 s, 4 km), parking 60 s.
The day: load 0–900, rest 900–1500 at the depot, leave at 1800; a at 2460–2580 (drive 600, park 60); 120 s idle, rest
2700–3300; home at 3900. Stand 300 s and load: 3900–5100; c at 6360–6480 (drive 1,200, park 60); home at 7680.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import fleetplan as fp
from fleetplan.errors import Refusal
from fleetplan.fleet.pricing import cost_pack, vehicle_costs
from fleetplan.planning.plan import Pause, Plan, Route, Trip, Unserved, Visit
from fleetplan.planning.problem import Battery, Lateness
from fleetplan.study.hours import activities, late_cost, paid_span_s
from fleetplan.study.limits import LOADS, binding_limit, fullest
from fleetplan.study.measuring import measure_plan
from fleetplan.study.ranking import rank
from tests.study.test_measuring import VAN, problem

BATTERY = Battery(capacity_wh=10_000, reserve_wh=1_000, wh_per_km=800.0, charge_w=2_400.0, stand_s=300)


def day() -> fp.Problem:
    """The town's problem with a battery, a window that a misses by 460 s, and collections."""
    base = problem()
    first, second, third = base.tasks
    tasks = (
        replace(first, windows_s=((0, 2_000),), late=Lateness(8.0, 9_000)),
        second,
        replace(third, collect_parcels=5, collect_kg=30.0, collect_m3=0.5),
    )
    return replace(base, tasks=tasks, types=(replace(base.types[0], battery=BATTERY),))


def plan() -> Plan:
    """The day above; b is left out."""
    first = Trip(0, 1800, 3900, (Visit("a", 0, 2460, 2460, 2580, 60, 0.0, 0, 0, late_s=460),))
    second = Trip(3900, 5100, 7680, (Visit("c", 0, 6360, 6360, 6480, 60, 0.0, 0, 0),))
    rests = (Pause(0, 0, 900, 1500, False), Pause(0, 1, 2700, 3300, True))
    route = Route(f"{VAN.name}-1", VAN.name, 0, 7680, (first, second), rests)
    left = Unserved("b", Refusal("fleet_used_up", "no vehicle is left"))
    return Plan((route,), (left,), 0.0, 2, "effort", (1, 1))


def measured(changed: fp.Problem) -> dict[str, Any]:
    """The figures of the day."""
    return measure_plan(
        changed,
        plan(),
        vehicles={VAN.name: VAN},
        costs={VAN.name: vehicle_costs(VAN, cost_pack("demo"))},
        seeds=[plan()],
        street_km={VAN.name: {}},
        default_km={VAN.name: {}},
        quantile_km={VAN.name: {}},
        on_defaults={VAN.name: np.zeros(3, dtype=np.bool_)},
        plan_file="plans/van.json",
    )


def test_activities_with_rests_add_up_to_the_span() -> None:
    """1,200 s of rest; 300 s idle before leaving and 120 s before the second rest; 900 + 1,200 s of loading."""
    found = activities(day(), plan())
    assert found == {
        "drive_s": 3600, "park_s": 120, "walk_s": 0, "service_s": 240, "wait_s": 420, "reload_s": 2100, "break_s": 1200,
    }  # fmt: skip
    assert sum(found.values()) == 7680


def test_unpaid_rests_are_not_paid() -> None:
    """Of two rests of 600 s one is paid: 7,080 s of wages, and the driver's cost is for those."""
    assert paid_span_s(plan().routes[0]) == 7080
    figures = measured(day())
    assert (figures["span_s"], figures["paid_s"]) == (7680, 7080)
    assert figures["cost"]["driver"] == pytest.approx(23.0 * 7080 / 3600)


def test_lateness_costs_started_quarters() -> None:
    """460 s late at 8 an hour: one started quarter, 2.00; the part is there only because something is late."""
    tasks = {task.id: task for task in day().tasks}
    assert late_cost(plan(), tasks) == pytest.approx(2.0)
    figures = measured(day())
    assert figures["cost"]["late"] == pytest.approx(2.0)
    assert (figures["stops"]["late"], figures["late_s"]) == (1, 460)
    parts = ("vehicle", "driver", "distance", "energy", "unserved", "late")
    assert figures["cost"]["total"] == pytest.approx(sum(figures["cost"][part] for part in parts))


def test_collections_count_as_moved() -> None:
    """4 parcels delivered, 5 collected: the cost per parcel is over nine."""
    figures = measured(day())
    assert figures["parcels"] == {"delivered": 4, "unserved": 2, "collected": 5}
    assert figures["cost"]["per_parcel"] == pytest.approx(figures["cost"]["total"] / 9)


def test_the_fullest_leg_counts() -> None:
    """Out with 30 kg for a, b and c; back with 20 kg delivered twice and 30 collected: 40 kg after c comes last."""
    tasks = {task.id: task for task in day().tasks}
    visits = plan().routes[0].trips[0].visits + plan().routes[0].trips[1].visits
    trip = Trip(0, 0, 0, visits)
    assert fullest(trip, tasks, LOADS["payload"]) == 30.0
    assert fullest(trip, tasks, LOADS["parcels"]) == 5


def test_the_battery_binds() -> None:
    """4 km use 3.2 kWh; 1,200 s at 2.4 kW give 0.8 back; 8 km use 6.4: 8.8 of the 9 kWh above the reserve."""
    tasks = {task.id: task for task in day().tasks}
    found = binding_limit(day(), plan().routes[0], vehicle_type=day().types[0], tasks=tasks)
    assert found["used"]["battery"] == pytest.approx(8.8 / 9)
    assert found["limit"] == "battery"


@pytest.mark.parametrize(("changes", "limit"), [({"max_stops": 2}, "stops"), ({"max_span_s": 7700}, "span")])
def test_limits_of_a_day_bind(changes: dict[str, int], limit: str) -> None:
    """Two stops of two, and 7,680 s of 7,700, are used up."""
    tasks = {task.id: task for task in day().tasks}
    kind = replace(day().types[0], battery=None, **changes)  # type: ignore[arg-type]
    assert binding_limit(day(), plan().routes[0], vehicle_type=kind, tasks=tasks)["limit"] == limit


def test_slack_is_that_of_the_window_met() -> None:
    """c starts at 6,360 in the second of two windows, which closes 240 s later: the window binds."""
    tasks = {task.id: task for task in day().tasks}
    tasks["c"] = replace(tasks["c"], windows_s=((0, 100), (6_000, 6_600)))
    found = binding_limit(day(), plan().routes[0], vehicle_type=day().types[0], tasks=tasks)
    assert (found["limit"], found["window_slack_min"]) == ("window", 4.0)


def test_a_stops_own_price_of_being_left_out() -> None:
    """Two parcels of b at its own 7.5 each, not at the scenario's 100; without a price for all it means nothing."""
    own = replace(day().tasks[1], unserved_price_per_parcel=7.5)
    changed = replace(day(), tasks=(day().tasks[0], own, day().tasks[2]))
    assert measured(changed)["cost"]["unserved"] == 0.0
    assert measured(replace(changed, unserved_price_per_parcel=100.0))["cost"]["unserved"] == pytest.approx(15.0)


def test_priorities_rank_before_parcels() -> None:
    """Leaving out two parcels of no priority is better than one of priority 1, whatever the cost."""
    tasks = (*problem().tasks[:2], replace(problem().tasks[2], parcels=1, priority=1))
    base = replace(problem(), tasks=tasks)

    def leaving(name: str, parcels: int, cost: float) -> Plan:
        return Plan((), (Unserved(name, Refusal("x", "x")),), cost, parcels, "effort", (1, 1))

    two, one = leaving("a", 2, 90.0), leaving("c", 1, 10.0)
    assert rank(base, two) < rank(base, one)
    assert rank(replace(base, unserved_price_per_parcel=1.0), two) > rank(
        replace(base, unserved_price_per_parcel=1.0), one
    )
