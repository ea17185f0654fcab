"""The figures of a plan, worked by hand on a day of three stops."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import fleetplan as fp
from fleetplan.fleet.pricing import cost_pack, vehicle_costs
from fleetplan.planning.plan import Plan, Route, Trip, Visit
from fleetplan.study.limits import binding_limit
from fleetplan.study.measuring import measure_plan

VAN = fp.vehicle("full-size-van")


def table() -> fp.TravelTable:
    """A depot and two standing places in a row: 600 s and 2,000 m from one to the next."""
    place = np.arange(3)
    steps = np.abs(place[:, None] - place[None, :]).astype(np.int32)
    return fp.TravelTable(
        VAN.name, np.full(3, 60.0), np.full(3, 25.0), (steps * 600)[None].copy(), (steps * 2000)[None].copy()
    )


def problem() -> fp.Problem:
    """Stops a and b share a standing place 100 m from b; stop c lies further out. Each takes 120 s at the door."""
    tasks = tuple(fp.Task(name, 2, 10.0, 1.0, ((0, 36_000),), 120) for name in "abc")
    access = (
        (fp.Access(1, 0.0, 1, 0, 0),),
        (fp.Access(1, 100.0, 1, 80, 80),),
        (fp.Access(2, 0.0, 1, 0, 0),),
    )
    costs = vehicle_costs(VAN, cost_pack("demo"))
    van = fp.VehicleType(
        name=VAN.name, count=None, capacity_kg=100.0, capacity_m3=2.5, capacity_parcels=None,
        cost_per_day=costs.amount("vehicle"), distance_cost_per_km=costs.amount("distance"),
        energy_cost_per_km=costs.amount("energy"), max_trips=3, table=table(), park_s=(0, 60, 60),
        access=access, refusals=(None, None, None),
    )  # fmt: skip
    pay = fp.Pay(costs.amount("driver"), 0, 32_400, 1.25)
    return fp.Problem(tasks, (van,), (0, 36_000), 900, pay, 150.0, labels={"door_walk_m": 30.0})


def plan() -> Plan:
    """Two trips: a and b from the shared place, then c.

    Trip 1: load 0–900, drive 600, park 60 → a at 1560–1680; b: walk 80, serve 1760–1880, back 1960; home 2560.
    Trip 2: load 2560–3460, drive 1200, park 60 → c at 4720–4840; home 6040.
    """
    first = Trip(0, 900, 2560, (
        Visit("a", 0, 1560, 1560, 1680, 60, 0.0, 0, 0),
        Visit("b", 0, 1680, 1760, 1960, 0, 200.0, 160, 0),
    ))  # fmt: skip
    second = Trip(2560, 3460, 6040, (Visit("c", 0, 4720, 4720, 4840, 60, 0.0, 0, 0),))
    route = Route(f"{VAN.name}-1", VAN.name, 0, 6040, (first, second))
    day = problem()
    kilometres = 12.0  # 2 × 2 km, 2 × 4 km
    van = day.types[0]
    cost = van.cost_per_day + van.cost_per_km * kilometres + day.pay.cost(6040)
    return Plan((route,), (), cost, 0, "effort", (1, 1))


def measured() -> dict[str, Any]:
    """The figures under test."""
    return measure_plan(
        problem(),
        plan(),
        vehicles={VAN.name: VAN},
        costs={VAN.name: vehicle_costs(VAN, cost_pack("demo"))},
        seeds=[plan()],
        street_km={VAN.name: {"free": 1.0}},
        default_km={VAN.name: {"free": 0.5}},
        quantile_km={VAN.name: {"0.1": {"free": 0.2}, "0.9": {"free": 1.0}}},
        on_defaults={VAN.name: np.array([False, True, False])},
        plan_file="plans/van.json",
    )


def test_the_hand_made_plan_is_sound() -> None:
    """Protects the tests below: the independent checker accepts the plan worked out by hand."""
    assert fp.verify(problem(), plan()) == []


def test_activities_by_hand() -> None:
    """Protects hours: 3,600 s driven, 120 parked, 160 walked, 360 served, 1,800 loading; the span of 6,040 is paid."""
    figures = measured()
    activities = {key: figures[key] for key in figures if key.endswith("_s")}
    assert activities == {
        "drive_s": 3600, "park_s": 120, "walk_s": 160, "service_s": 360, "wait_s": 0, "reload_s": 1800, "break_s": 0,
        "span_s": 6040, "paid_s": 6040,
    }  # fmt: skip
    assert (figures["drive_m"], figures["walk_m"]) == (12_000, 200.0)


def test_what_rests_on_widths_that_nobody_measured() -> None:
    """Protects honesty: stops a and b share a place on a street of default width, c does not; km go by quantile."""
    figures = measured()
    assert figures["stops_on_defaults"] == 2
    assert figures["street_km_on_defaults"] == {VAN.name: {"free": 0.5}}
    assert figures["street_km_by_quantile"] == {VAN.name: {"0.1": {"free": 0.2}, "0.9": {"free": 1.0}}}


def test_stops_and_loads_by_hand() -> None:
    """Protects counts: two stops at the door, one 100 m on foot; 30 kg and 3 m³ in two trips of 100 kg and 2.5 m³."""
    figures = measured()
    assert figures["stops"] == {"total": 3, "door": 2, "on_foot": 1, "unserved": 0}
    assert figures["parcels"] == {"delivered": 6, "unserved": 0}
    assert figures["load_factor"] == {"kg": pytest.approx(0.15), "m3": pytest.approx(0.6)}
    assert (figures["vehicles"], figures["routes"], figures["trips"]) == ({VAN.name: 1}, 1, 2)


def test_costs_by_hand() -> None:
    """Protects money: the parts add up to the solver's own cost; all of the demo's prices are assumptions."""
    figures = measured()
    cost = figures["cost"]
    assert cost["total"] == pytest.approx(plan().cost)
    assert cost["driver"] == pytest.approx(23.0 * 6040 / 3600)
    assert cost["per_parcel"] == pytest.approx(cost["total"] / 6)
    assert cost["from_assumptions"] == pytest.approx(cost["total"])
    assert figures["energy"] == {"kwh": 0.0, "litres": pytest.approx(12 * VAN.litres_per_km)}


@pytest.mark.parametrize(
    ("changes", "limit"),
    [
        ({}, "none"),
        ({"capacity_m3": 2.0}, "volume"),
        ({"capacity_kg": 21.0}, "payload"),
        ({"capacity_parcels": 4}, "parcels"),
    ],
)
def test_the_binding_limit_is_the_one_used_up(changes: dict[str, Any], limit: str) -> None:
    """Protects the answer to what binds: the fullest trip (2 m³, 20 kg, 4 parcels) against each capacity."""
    day = problem()
    found = binding_limit(
        day,
        plan().routes[0],
        vehicle_type=replace(day.types[0], **changes),
        tasks={task.id: task for task in day.tasks},
    )
    assert found["limit"] == limit


def test_a_nearly_closed_window_binds() -> None:
    """Protects windows: service that starts two minutes before its window closes is bound by it."""
    day = problem()
    tasks = {task.id: task for task in day.tasks}
    tasks["a"] = replace(tasks["a"], windows_s=((0, 1680),))
    found = binding_limit(day, plan().routes[0], vehicle_type=day.types[0], tasks=tasks)
    assert (found["limit"], found["window_slack_min"]) == ("window", 2.0)
