"""Hand-worked problems whose best plan is known, and what ``solve`` promises about its arguments."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from itertools import pairwise

import pytest

from fleetplan.errors import InputError, Refusal
from fleetplan.planning import searching, solving
from fleetplan.planning.effort import PROBE_STEPS, Clock
from fleetplan.planning.instance import make_instance
from fleetplan.planning.kernel.lane import Lane
from fleetplan.planning.plan import Plan
from fleetplan.planning.problem import Access, Pay
from fleetplan.planning.schedule import cost_of, make_solution
from fleetplan.planning.solving import Progress, solve
from fleetplan.planning.trivial import solve_trivial
from fleetplan.planning.verifying import verify
from tests.planning.problems import HOUR, line_table, many_vans, problem, random_problem, task, vehicle


def used(plan: Plan) -> dict[str, int]:
    """Vehicles per type."""
    return {name: sum(route.type == name for route in plan.routes) for name in sorted({r.type for r in plan.routes})}


def same_place(count: int) -> list[int]:
    """So many stops at the depot's door, each its own point."""
    return [0] * count


@pytest.mark.parametrize(
    ("stops", "best", "cost"),
    [(2, {"small": 1}, 10.0), (4, {"large": 1}, 15.0), (6, {"large": 1, "small": 1}, 25.0), (8, {"large": 2}, 30.0)],
)
def test_fleet_mix_follows_the_fixed_costs(stops: int, best: dict[str, int], cost: float) -> None:
    """A small van takes 2 parcels for 10, a large one 4 for 15: 6 parcels are 25 mixed, 30 with either type alone."""
    table = line_table("t", same_place(stops))
    types = [
        vehicle("small", table, capacity_parcels=2, cost_per_day=10.0),
        vehicle("large", table, capacity_parcels=4, cost_per_day=15.0),
    ]
    plan = solve(problem([task(f"s{i}") for i in range(stops)], types), effort="quick")
    assert used(plan) == best
    assert plan.cost == pytest.approx(cost)


@pytest.mark.parametrize("engines", [("kernel",), ("kernel", "pool")])
@pytest.mark.parametrize(
    ("count", "best", "cost"),
    [(None, {"small": 10}, 100.0), (6, {"large": 2, "small": 5}, 130.0), (0, {"large": 4}, 160.0)],
)
def test_full_small_vans_beat_few_large_ones(
    engines: tuple[str, ...], count: int | None, best: dict[str, int], cost: float
) -> None:
    """A small van takes 10 parcels for 10, a large one 25 for 40: a parcel costs 1 in a full small van, at least.

    So 100 parcels cost no less than 100, which ten full ones reach, where a stop at a time an open large van looks
    free. With six of them, five and two full large ones are best: 50 + 80; six would leave 40 parcels for two as well.
    """
    parcels = [n for pair in ((3, 7), (4, 6), (5, 5), (2, 8), (9, 1)) for n in 2 * pair]
    table = line_table("t", same_place(len(parcels)))
    types = [
        vehicle("large", table, capacity_parcels=25, cost_per_day=40.0),
        vehicle("small", table, capacity_parcels=10, cost_per_day=10.0, count=count),
    ]
    made = problem([task(f"s{i:02}", parcels=n) for i, n in enumerate(parcels)], types)
    plan = solve(made, effort="quick", engines=engines)
    assert plan.cost == pytest.approx(cost)
    assert used(plan) == best


def test_second_trip_is_cheaper_than_a_second_van() -> None:
    """Four parcels 3.6 km away, two per trip: each trip is 900 s loading + 720 s driving at 0.01 a second, 16.2.

    Two trips of one van cost 50 + 32.4; two vans cost 100 + 32.4.
    """
    table = line_table("t", [3600] * 4)
    tasks = [task(f"s{i}") for i in range(4)]
    changes = {"reload_s": 900, "pay": Pay(36.0, 0, 24 * HOUR, 1.0)}
    two = vehicle("van", table, capacity_parcels=2, cost_per_day=50.0, max_trips=2)
    one = vehicle("van", table, capacity_parcels=2, cost_per_day=50.0, max_trips=1)
    plan = solve(problem(tasks, [two], **changes), effort="quick")
    assert plan.cost == pytest.approx(82.4)
    assert [len(route.trips) for route in plan.routes] == [2]
    assert solve(problem(tasks, [one], **changes), effort="quick").cost == pytest.approx(132.4)


@pytest.mark.parametrize(("day", "cost", "vans"), [(5.0, 50.0, 2), (25.0, 85.0, 1)])
def test_overtime_is_weighed_against_a_further_van(day: float, cost: float, vans: int) -> None:
    """Four hours of service at 10 an hour, doubled after 2 h: one driver 20 + 40, two drivers 20 + 20.

    With a van at 5 two vans win (50 against 65), with a van at 25 one does (85 against 90).
    """
    table = line_table("t", same_place(4))
    tasks = [task(f"s{i}", service=HOUR) for i in range(4)]
    plan = solve(
        problem(tasks, [vehicle("van", table, cost_per_day=day)], pay=Pay(10.0, 0, 2 * HOUR, 2.0)), effort="quick"
    )
    assert plan.cost == pytest.approx(cost)
    assert used(plan) == {"van": vans}


def test_paid_minimum_is_paid_whole() -> None:
    """Two hours of work are paid as four: 4 × 10 for one driver, never 40 twice for two."""
    tasks = [task(f"s{i}", service=HOUR // 2) for i in range(4)]
    made = problem(tasks, [vehicle("van", line_table("t", same_place(4)))], pay=Pay(10.0, 4 * HOUR, 8 * HOUR, 1.25))
    plan = solve(made, effort="quick")
    assert plan.cost == pytest.approx(40.0)
    assert used(plan) == {"van": 1}


@pytest.mark.parametrize(("day", "cost", "wait_s"), [(5.0, 10.0, 0), (100.0, 130.0, 3 * HOUR)])
def test_waiting_is_paid(day: float, cost: float, wait_s: int) -> None:
    """One stop opens at 9 sharp, one at 12 sharp, at 10 an hour: one van waits 3 paid hours, two vans do not.

    A van at 5 makes two vans 10 and one 35; a van at 100 makes one 130 and two 200. Nobody starts before 9.
    """
    nine, twelve = (9 * HOUR, 9 * HOUR), (12 * HOUR, 12 * HOUR)
    tasks = [task("a", window=nine), task("b", window=twelve), task("c"), task("d")]
    made = problem(
        tasks, [vehicle("van", line_table("t", same_place(4)), cost_per_day=day)], pay=Pay(10, 0, 24 * HOUR, 1.0)
    )
    plan = solve(made, effort="quick")
    assert plan.cost == pytest.approx(cost)
    assert sum(visit.wait_s for route in plan.routes for trip in route.trips for visit in trip.visits) == wait_s
    assert min(route.start_s for route in plan.routes) >= 9 * HOUR


def test_windows_decide_the_order() -> None:
    """On a line of 1, 2, 3, 4 km whose windows close from far to near, the van drives out first: 8 km all the same.

    In the other order of windows it serves on the way out; both cost 8.0 at 1 per km.
    """
    places = [1000, 2000, 3000, 4000]
    for order in (places, places[::-1]):
        tasks = [
            task(f"s{at}", window=(8 * HOUR + 600 + 600 * order.index(at), 8 * HOUR + 1100 + 600 * order.index(at)))
            for at in places
        ]
        van = vehicle("van", line_table("t", places), distance_cost_per_km=1.0, cost_per_day=50.0)
        plan = solve(problem(tasks, [van]), effort="quick")
        assert [v.stop for r in plan.routes for t in r.trips for v in t.visits] == [f"s{at}" for at in order]
        assert plan.cost == pytest.approx(58.0)


def test_fewest_parcels_are_left_when_the_fleet_is_too_small() -> None:
    """One van takes 3 of 5 parcels: a plan that serves 3 exists, so 2 are left, however cheap leaving more is."""
    tasks = [task("a"), task("b"), task("c"), task("d", parcels=2)]
    table = line_table("t", [9000, 9000, 9000, 100])
    van = vehicle("van", table, count=1, capacity_parcels=3, distance_cost_per_km=5.0)
    plan = solve(problem(tasks, [van]), effort="quick")
    assert plan.unserved_parcels == 2
    assert {entry.reason.code for entry in plan.unserved} == {"fleet_used_up"}


def test_serving_wins_over_any_money_without_a_price() -> None:
    """A van at a million a day for four parcels is still hired, for nobody put a price on leaving them out."""
    van = vehicle("van", line_table("t", same_place(4)), cost_per_day=1e6)
    plan = solve(problem([task(f"s{i}") for i in range(4)], [van]), effort="quick")
    assert plan.cost == pytest.approx(1e6)
    assert not plan.unserved


def test_priced_parcels_are_left_when_serving_is_dearer() -> None:
    """The far stop costs 20 km × 1, leaving it 5; the near ones cost 0.2 km for one tour: 5.2 in all."""
    table = line_table("t", [100, 100, 100, 10000])
    tasks = [task(name) for name in "abcd"]
    made = problem(tasks, [vehicle("van", table, distance_cost_per_km=1.0)], unserved_price_per_parcel=5.0)
    plan = solve(made, effort="quick")
    assert plan.cost == pytest.approx(5.2)
    assert [(entry.stop, entry.reason.code) for entry in plan.unserved] == [("d", "dearer_than_price")]


def test_reasons_name_what_stands_in_the_way() -> None:
    """Each stop is impossible in one way, and the reason says which; the free one is served."""
    table = line_table("t", [100, 100, 100, 36000 * 6, 100, 100, 5000])
    tasks = [
        task("free"),
        task("heavy", kg=500),
        task("large", m3=9),
        task("shift", service=1),
        task("refused"),
        task("walk"),
        task("window", window=(8 * HOUR, 8 * HOUR + 60)),
    ]
    access = [(Access(i + 1, 0.0, 1, 0, 0),) for i in range(7)]
    access[4] = ()
    access[5] = (Access(6, 101.0, 1, 70, 70),)
    no_street = Refusal("no_street", "no open street nearby")
    van = vehicle(
        "van",
        table,
        capacity_kg=350,
        capacity_m3=2,
        access=tuple(access),
        refusals=(None, None, None, None, no_street, None, None),
    )
    plan = solve(problem(tasks, [van]), effort="quick")
    assert {entry.stop: entry.reason.code for entry in plan.unserved} == {
        "heavy": "too_heavy",
        "large": "too_big",
        "refused": "no_street",
        "shift": "shift",
        "walk": "beyond_walk",
        "window": "window",
    }
    assert all(set(entry.by_type) == {"van"} for entry in plan.unserved)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_tiny_problems_end_at_once(count: int) -> None:
    """Up to three stops are enumerated, on a line to the farthest and back: 2 km per km of distance."""
    places = [1000 * (i + 1) for i in range(count)]
    van = vehicle("van", line_table("t", places), distance_cost_per_km=1.0, cost_per_day=50.0)
    plan = solve(problem([task(f"s{i}") for i in range(count)], [van]))
    assert plan.stopped_by == "trivial"
    assert plan.cost == pytest.approx(50.0 + 2.0 * count if count else 0.0)


def test_consecutive_stops_that_share_a_point_park_once() -> None:
    """Two stops at one standing place and one elsewhere: 60 s of parking twice, not three times."""
    table = line_table("t", [1000, 2000])
    access = tuple((Access(p, 10.0, 1, 8, 8),) for p in (1, 1, 2))
    van = vehicle("van", table, access=access, refusals=(None,) * 3, park_s=(0, 60, 60), cost_per_day=1.0)
    plan = solve(problem([task(name) for name in "abc"], [van], pay=Pay(36.0, 0, 24 * HOUR, 1.0)))
    visits = plan.routes[0].trips[0].visits
    assert sum(visit.park_s for visit in visits) == 120
    assert plan.routes[0].end_s - plan.routes[0].start_s == 400 + 120 + 3 * 16


def test_time_cap_is_reported_and_still_gives_a_checked_plan() -> None:
    """With no time at all there is a whole plan, and it says that time ended the search."""
    made = random_problem(3, tasks=(9, 9))
    plan = solve(made, effort=10**6, max_seconds=0.0)
    assert plan.stopped_by == "time"
    assert verify(made, plan) == []


def test_interrupt_keeps_the_best_plan() -> None:
    """Ctrl-C during the search gives the best checked plan so far, and says so."""
    made = random_problem(5, tasks=(9, 9))

    def interrupt(progress: Progress) -> None:
        if progress.steps > 0:
            raise KeyboardInterrupt

    plan = solve(made, effort=200, on_progress=interrupt)
    assert plan.stopped_by == "interrupt"
    assert verify(made, plan) == []


def test_without_time_stops_are_in_days_all_the_same() -> None:
    """A cap of nothing leaves time for a few hundred steps, which put every stop into some day."""
    table = line_table("t", [100 * i for i in range(60)])
    made = problem([task(f"s{i}") for i in range(60)], [vehicle("van", table, max_stops=4)])
    plan = solve(made, effort=10**6, max_seconds=0.0)
    assert (plan.unserved, plan.effort, plan.stopped_by) == ((), (10**6, PROBE_STEPS), "time")


def test_putting_stops_back_ends_with_the_time() -> None:
    """Every stop left out is put back where there is room, but not after the time is up, which is noted."""
    instance = make_instance(many_vans(6, 12))
    nobody = make_solution([], range(12))
    late, free = Clock(9, time.monotonic() - 9.0, grace_s=1.0), Clock(9, None)
    stopped, filled = [nobody], [nobody]
    solving._mend(instance, stopped, late)
    solving._mend(instance, filled, free)
    assert (stopped, late.cut) == ([nobody], True)
    assert (filled[0].left, free.cut) == ((), False)


def test_an_interrupt_while_stops_are_put_back_keeps_the_best_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C after the search, while the last stops are tried, is no later than one during it."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(solving, "missed_insertions", interrupted)
    table = line_table("t", same_place(6))
    made = problem([task(f"s{i}") for i in range(6)], [vehicle("van", table, count=1, max_stops=4)])
    plan = solve(made, effort=50)
    assert (plan.stopped_by, plan.unserved_parcels) == ("interrupt", 2)


def test_money_counts_while_a_stop_of_high_priority_cannot_be_served() -> None:
    """Priorities weigh, but what nobody can serve drowns no money: the days are those of the stops without it."""
    table = line_table("t", [(i * 7919) % 60_000 for i in range(70)])
    van = vehicle("van", table, capacity_parcels=5, capacity_kg=100.0, distance_cost_per_km=1.0)
    tasks = [task(f"s{i:02}", priority=i % 4) for i in range(70)]
    heavy = [replace(one, weight_kg=1000.0, priority=9) if i < 3 else one for i, one in enumerate(tasks)]
    light = solve(problem(tasks[3:], [replace(van, access=van.access[3:], refusals=van.refusals[3:])]), effort=2000)
    plan = solve(problem(heavy, [van]), effort=2000, engines=("kernel",))
    assert plan.unserved_parcels == 3
    assert plan.cost <= light.cost * 1.002


def test_no_lane_goes_on_for_long_unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many steps a round has, interrupts are heard every few thousand; the steps are done all the same."""
    asked: list[int] = []

    def run(lane: Lane, steps: int, hot: float, cold: float) -> int:
        asked.append(steps)
        assert hot >= cold
        return own(lane, steps, hot, cold)

    own = Lane.run
    monkeypatch.setattr(Lane, "run", run)
    monkeypatch.setattr(searching, "STEPS_AT_ONCE", 7)
    plan = solve(many_vans(6, 12), effort=800)
    assert (max(asked), sum(asked), plan.effort) == (7, 1600, (800, 800))


def test_interrupts_are_heard_after_cp_sat() -> None:
    """CP-SAT leaves Python's handling of Ctrl-C alone, in docks, in the pool and where the routing library asks it for
    rests: else the first interrupt after it ended the process unheard."""
    code = """
import signal, time
from tests.campaigns.planning import check
from tests.planning import test_docks, test_recombining
test_recombining.test_numbers_of_vehicles_hold()
test_docks.test_vans_load_one_after_the_other()
check(26)
try:
    signal.raise_signal(signal.SIGINT)
    time.sleep(5)
except KeyboardInterrupt:
    print("heard")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "heard\n"), done.stderr


def test_progress_never_goes_back() -> None:
    """What is told of a search is its best plan: money only falls, steps and share only grow, the last is the end."""
    made = many_vans(6, 30)
    told: list[Progress] = []
    plan = solve(made, effort=400, on_progress=told.append)
    ranks = [(state.unserved_parcels, state.cost) for state in told]
    assert all(later <= (left, cost + 1e-9 * cost) for (left, cost), later in pairwise(ranks))
    assert all(a.steps <= b.steps and a.share <= b.share and a.elapsed_s <= b.elapsed_s for a, b in pairwise(told))
    assert (told[-1].steps, told[-1].share) == (400, 1.0)
    assert plan.cost == pytest.approx(told[-1].cost)
    assert len(told) > 10


@pytest.mark.parametrize("engines", [("model",), ("kernel",), ("kernel", "pool"), ("model", "kernel", "pool")])
def test_parts_can_be_left_out(engines: tuple[str, ...]) -> None:
    """Each part of the solver is worth what it is worth: without some of them there is a checked plan all the same."""
    made = many_vans(6, 12)
    plan = solve(made, effort=300, engines=engines)
    assert verify(made, plan) == []
    assert plan.unserved_parcels == solve(made, effort=300).unserved_parcels < 12


def test_unknown_parts_are_faults() -> None:
    """A part that does not exist is the user's fault and named so."""
    with pytest.raises(InputError, match="magic"):
        solve(random_problem(6, tasks=(12, 12)), engines=("magic",))


def test_no_worse_than_the_start_even_where_docks_cost() -> None:
    """Forty searches of one step from good plans, with one dock and without: none falls behind its start."""
    for seed in range(40):
        made = random_problem(seed, tasks=(5, 9), kinds=(2, 2), features=("docks",) if seed % 2 else ())
        good = solve(made, effort=300)
        plan = solve(made, effort=1, seed=seed, warm_start=good)
        assert (plan.unserved_parcels, plan.cost) <= (good.unserved_parcels, good.cost * (1 + 1e-12)) or (
            made.unserved_price_per_parcel is not None and plan.cost <= good.cost * (1 + 1e-12)
        )


def test_a_start_that_breaks_the_problem_is_ignored() -> None:
    """A plan made for longer hours is no start for shorter ones, and does no harm."""
    van = vehicle("van", line_table("t", [9000] * 5), cost_per_day=5.0)
    made = problem([task(f"s{i}", service=HOUR) for i in range(5)], [van])
    short = problem(made.tasks, [van], shift_s=(8 * HOUR, 11 * HOUR))
    cold, warm = solve(short, effort=100), solve(short, effort=100, warm_start=solve(made, effort=100))
    assert warm == cold


def test_interrupt_before_any_plan_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a plan to keep, Ctrl-C is what it is everywhere."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(solving, "first_solution", interrupted)
    with pytest.raises(KeyboardInterrupt):
        solve(random_problem(5, tasks=(9, 9)), effort=5)


def test_warm_start_is_never_made_worse() -> None:
    """A plan to start from bounds the answer from above, whatever the effort."""
    made = random_problem(11, tasks=(9, 9), kinds=(1, 1))
    good = solve(made, effort=300)
    assert solve(made, effort=1, seed=9, warm_start=good).cost <= good.cost


def test_unchecked_plans_are_never_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the checker finds a fault, ``solve`` raises instead of handing the plan on."""
    fault = InputError.one("plan.cost", "plan", "cost", "wrong", "mend").faults[0]
    monkeypatch.setattr(solving, "verify", lambda *_: [fault])
    with pytest.raises(solving.PlanningError, match=r"wrong"):
        solve(random_problem(5, tasks=(2, 2)))


@pytest.mark.parametrize("effort", ["fast", 0, -3, 1.5, True])
def test_unknown_efforts_are_faults(effort: object) -> None:
    """An effort that does not exist is the user's fault and named so."""
    with pytest.raises(InputError, match="effort"):
        solve(random_problem(5), effort=effort)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", [1.5, "1", None, True])
def test_unknown_seeds_are_faults(seed: object) -> None:
    """A seed that is no whole number is the caller's fault and named so, not an error from deep inside."""
    with pytest.raises(InputError, match="seed"):
        solve(random_problem(5), seed=seed)  # type: ignore[arg-type]


def test_a_vehicle_is_opened_for_several_stops_that_none_pays_alone() -> None:
    """Random problem 300: each stop costs 5 per parcel to leave out, a vehicle 35.55 for its minimum hours.

    No stop pays for a vehicle alone, three together do: 62.24 (found by trying everything) instead of 70.
    """
    day = random_problem(300)
    instance = make_instance(day)
    _, least = cost_of(instance, solve_trivial(instance))
    plan = solve(day, seed=300, effort=100)
    assert len(plan.routes) == 1
    assert plan.cost == pytest.approx(least)
