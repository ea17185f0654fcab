"""Problems at the edge of what makes sense: each with the right plan, or with a fault that says what is wrong."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from fleetplan.errors import InputError
from fleetplan.planning.instance import make_instance
from fleetplan.planning.plan import Plan
from fleetplan.planning.problem import Pay, Problem
from fleetplan.planning.schedule import cost_of
from fleetplan.planning.solving import solve
from fleetplan.planning.trivial import solve_trivial
from fleetplan.planning.verifying import verify
from fleetplan.travel import UNREACHABLE
from tests.planning.problems import HOUR, line_table, problem, table_of, task, vehicle

STEPS = 1000
AWAY = int(UNREACHABLE)
PAID = Pay(36.0, 0, 24 * HOUR, 1.0)
"""A cent for each second of the span."""


def planned(made: Problem, **arguments: Any) -> Plan:
    """The plan, which the checker accepts."""
    plan = solve(made, effort=STEPS, **arguments)
    assert verify(made, plan) == []
    return plan


def tasks(count: int, **changes: Any) -> list[Any]:
    """So many equal stops."""
    return [task(f"s{i}", **changes) for i in range(count)]


def visited(plan: Plan) -> list[list[list[str]]]:
    """Stops of each trip of each route."""
    return [[[visit.stop for visit in trip.visits] for trip in route.trips] for route in plan.routes]


@pytest.mark.parametrize("docks", [None, 1])
def test_no_stops(docks: int | None) -> None:
    """Nothing to do: no vehicle leaves and nothing is paid, whatever a vehicle's day costs."""
    plan = planned(problem([], [vehicle("van", line_table("t", []), cost_per_day=50.0)], docks=docks, reload_s=900))
    assert (plan.routes, plan.unserved, plan.cost) == ((), (), 0.0)


@pytest.mark.parametrize("docks", [None, 1])
def test_one_stop(docks: int | None) -> None:
    """One stop 3 km away: a van for 50, six kilometres at 2, 600 s on the road and 900 s of loading at a cent."""
    van = vehicle("van", line_table("t", [3000]), cost_per_day=50.0, distance_cost_per_km=2.0)
    plan = planned(problem(tasks(1), [van], docks=docks, reload_s=900, pay=PAID))
    assert plan.cost == pytest.approx(50 + 12 + 6 + 9)


def test_all_stops_at_one_place() -> None:
    """Twenty parcels for one house 3 km away, six to a van: four vans, whatever way they are shared out."""
    van = vehicle("van", line_table("t", [3000] * 20), cost_per_day=50.0, capacity_parcels=6, distance_cost_per_km=1.0)
    plan = planned(problem(tasks(20), [van]))
    assert not plan.unserved
    assert plan.cost == pytest.approx(4 * (50 + 6))


def test_all_stops_at_the_depot_for_nothing() -> None:
    """No metre, no second, no money: everything is served, and the plan costs nothing."""
    plan = planned(problem(tasks(12), [vehicle("van", line_table("t", [0] * 12))]))
    assert (plan.cost, plan.unserved) == (0.0, ())


def test_stops_that_cannot_reach_each_other() -> None:
    """Eight dead ends, each with a way from the depot and back only: eight trips, three to a van, so three vans."""
    metres = np.full((9, 9), AWAY)
    metres[0, :] = metres[:, 0] = 1000
    np.fill_diagonal(metres, 0)
    van = vehicle("van", table_of("t", metres, metres), max_trips=3, cost_per_day=50.0, distance_cost_per_km=1.0)
    plan = planned(problem(tasks(8), [van]))
    assert not plan.unserved
    assert sorted(len(route) for route in visited(plan)) == [2, 3, 3]
    assert plan.cost == pytest.approx(3 * 50 + 8 * 2)


def test_one_way_round() -> None:
    """A ring that can be driven in one direction only, with a dear way between each stop and the depot: one order."""
    n = 7
    metres = np.full((n + 1, n + 1), AWAY)
    metres[0, :] = metres[:, 0] = 20_000
    np.fill_diagonal(metres, 0)
    for i in range(n + 1):
        metres[i, (i + 1) % (n + 1)] = 500
    plan = planned(problem(tasks(n), [vehicle("van", table_of("t", metres, metres), distance_cost_per_km=1.0)]))
    assert visited(plan) == [[[f"s{i}" for i in range(n)]]]
    assert plan.cost == pytest.approx(0.5 * (n + 1))


def test_a_stop_that_nobody_leaves() -> None:
    """A stop with a way in and none out is left, with its reason; the others are served."""
    metres = np.array(line_table("t", [100, 200, 300, 400, 500]).distance_m[0])
    metres[3, :] = AWAY
    metres[3, 3] = 0
    plan = planned(problem(tasks(5), [vehicle("van", table_of("t", metres, metres), distance_cost_per_km=1.0)]))
    assert [entry.stop for entry in plan.unserved] == ["s2"]
    assert plan.unserved[0].reason.text
    assert plan.cost == pytest.approx(1.0)


@pytest.mark.parametrize("scale", [0.0, 1e-9, 1.0, 1e9, 1e12])
def test_costs_of_any_size(scale: float) -> None:
    """Small vans take 2 parcels for 10, large ones 4 for 15: six parcels are 25, in whatever money that is told."""
    table = line_table("t", [0] * 6)
    types = [
        vehicle("small", table, capacity_parcels=2, cost_per_day=10.0 * scale),
        vehicle("large", table, capacity_parcels=4, cost_per_day=15.0 * scale),
    ]
    plan = planned(problem(tasks(6), types))
    assert plan.cost == pytest.approx(25.0 * scale)
    assert not plan.unserved


@pytest.mark.parametrize("field", ["cost_per_day", "distance_cost_per_km"])
@pytest.mark.parametrize("value", [1e16, math.inf, math.nan, -1.0])
def test_impossible_costs_are_faults(field: str, value: float) -> None:
    """What cannot be added up without losing units is refused before anything is planned, and named."""
    van = vehicle("van", line_table("t", [100] * 5), **{field: value})
    with pytest.raises(InputError, match=field):
        solve(problem(tasks(5), [van]))


def test_the_largest_tables_and_prices() -> None:
    """Arcs of two million kilometres at a million each, and a million parcels of the highest priority: no overflow."""
    far = 2_000_000_000
    metres = np.array([[0 if i == j else far for j in range(6)] for i in range(6)])
    seconds = np.array([[0 if i == j else 60 for j in range(6)] for i in range(6)])
    van = vehicle("van", table_of("t", seconds, metres), cost_per_day=1e12, distance_cost_per_km=1e6, count=1)
    made = problem(tasks(5, parcels=1_000_000, priority=9), [van])
    plan = planned(made)
    assert not plan.unserved
    assert plan.cost == pytest.approx(1e12 + 6 * 2e6 * 1e6)


@pytest.mark.parametrize("pay", [Pay(0.0, 0, 24 * HOUR, 1.0), PAID])
def test_detours_that_are_shortcuts(pay: Pay) -> None:
    """Where the direct way takes ten times as long as one by other stops, the plan is that of trying everything."""
    rng = np.random.default_rng(7)
    for _ in range(6):
        seconds = rng.integers(50, 200, (6, 6))
        seconds[rng.random((6, 6)) < 0.4] = 2000
        np.fill_diagonal(seconds, 0)
        van = vehicle(
            "van",
            table_of("t", seconds, 10 * seconds),
            cost_per_day=5.0,
            distance_cost_per_km=1.0,
            capacity_parcels=3,
            max_trips=2,
        )
        made = problem(tasks(5, window=(8 * HOUR, 9 * HOUR)), [van], pay=pay)
        instance = make_instance(made)
        _, least = cost_of(instance, solve_trivial(instance))
        assert planned(made).cost == pytest.approx(least)


@pytest.mark.parametrize(("stops", "vans"), [(10, 1), (11, 2), (30, 3)])
def test_fractional_demand_fills_a_vehicle_to_the_brim(stops: int, vans: int) -> None:
    """Ten loads of 0.1 kg are 1 kg, though their sum as floats is not: ten fit into a van for 1 kg, eleven do not."""
    van = vehicle("van", line_table("t", [100] * stops), capacity_kg=1.0, cost_per_day=10.0)
    plan = planned(problem(tasks(stops, kg=0.1), [van]))
    assert plan.cost == pytest.approx(10.0 * vans)
    assert not plan.unserved


@pytest.mark.parametrize(("field", "value"), [("parcels", 1.5), ("parcels", -1), ("kg", math.nan), ("m3", -0.1)])
def test_impossible_demand_is_a_fault(field: str, value: float) -> None:
    """Half a parcel and loads that are no amounts are refused, and the stop is named."""
    with pytest.raises(InputError, match="s0"):
        solve(problem(tasks(5, **{field: value}), [vehicle("van", line_table("t", [100] * 5))]))


def test_fleet_of_none() -> None:
    """With no vehicle at all everything is left, and the reason says that the fleet is used up."""
    plan = planned(problem(tasks(5), [vehicle("van", line_table("t", [100] * 5), count=0)]))
    assert len(plan.unserved) == 5
    assert plan.routes == ()
