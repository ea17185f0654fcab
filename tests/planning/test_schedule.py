"""Exact timing of a day, worked by hand. Stops lie on a line, ten minutes' drive apart unless told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fleetplan.errors import PlanningError
from fleetplan.planning.instance import Instance, make_instance
from fleetplan.planning.problem import Access, Battery, DrivingRule, Lateness, Pay, Rest, Task, VehicleType
from fleetplan.planning.schedule import PlacedRest, Solution, TimedDay, better, cost_of, join, make_solution, time_day
from tests.planning.problems import HOUR, line_table, problem, vehicle

MINUTE = 60
DAY = (0, 24 * HOUR)
SECONDLY = Pay(3600.0, 0, 24 * HOUR, 1.0)
"""A wage of one per second, so that the cost of a day with a free vehicle is its paid time in seconds."""


def stop(name: str, *windows: tuple[int, int], **changes: Any) -> Task:
    """One parcel of 1 kg, served in no time."""
    return Task(
        name,
        **{"parcels": 1, "weight_kg": 1.0, "volume_m3": 0.0, "service_s": 0, **changes},
        windows_s=windows or (DAY,),
    )


def line(*stops: Task, van: dict[str, Any] | None = None, **changes: Any) -> Instance:
    """Stops at 6 km, 12 km, … from the depot for a van that drives 10 m/s; 8 to 18 o'clock."""
    table = line_table("van", [6000 * (i + 1) for i in range(len(stops))])
    return make_instance(problem(stops, [vehicle("van", table, **(van or {}))], **{"pay": SECONDLY, **changes}))


def timed(instance: Instance, *trips: tuple[int, ...], **changes: Any) -> TimedDay:
    """The day with these options, which must be possible."""
    found = time_day(instance, 0, trips, **changes)
    assert found is not None
    return found


def test_vehicle_at_home_costs_nothing() -> None:
    """A vehicle that is not used is not paid, whatever a day costs."""
    day = timed(line(stop("a"), van={"cost_per_day": 50.0}))
    assert (day.cost, day.span_s, day.loads_s, day.rests) == (0.0, 0, (), ())


def test_day_starts_as_late_as_the_window_asks() -> None:
    """The wait for a window is spent at home, and the earliest start of the least span is taken."""
    day = timed(line(stop("a", (12 * HOUR, 13 * HOUR), service_s=300), reload_s=600, van={"cost_per_day": 50.0}), (0,))
    assert day.span_s == 600 + 600 + 300 + 600
    assert day.start_s == 12 * HOUR - 1200
    assert day.cost == 50.0 + 2100.0


def test_wait_between_two_windows_is_paid() -> None:
    """Nothing can avoid the wait between a window that closes early and one that opens late."""
    day = timed(line(stop("a", (8 * HOUR, 9 * HOUR)), stop("b", (11 * HOUR, 12 * HOUR))), (0, 1))
    assert (day.start_s, day.span_s) == (9 * HOUR - 600, 11 * HOUR - 9 * HOUR + 600 + 1200)


def test_each_window_is_an_option_of_its_own() -> None:
    """With several windows the day depends on the one that is met."""
    instance = line(stop("a", (8 * HOUR, 8 * HOUR + 1200)), stop("b", (9 * HOUR, 10 * HOUR), (14 * HOUR, 15 * HOUR)))
    assert timed(instance, (0, 1)).span_s == 9 * HOUR - (8 * HOUR + 1200) + 600 + 1200
    assert timed(instance, (0, 2)).span_s == 14 * HOUR - (8 * HOUR + 1200) + 600 + 1200


def test_lateness_costs_started_quarters() -> None:
    """From 8:10 the van is 40 minutes late, three started quarters; the window itself is out of reach."""
    late = Lateness(price_per_h=40.0, until_s=10 * HOUR)
    task = stop("a", (7 * HOUR + 1800, 7 * HOUR + 1800), late=late)
    day = timed(line(task), (0,))
    assert day.span_s == 1200
    assert day.cost == 1200 + 3 * 10.0
    assert day.start_s == 8 * HOUR


def test_late_service_may_be_worth_its_price() -> None:
    """Waiting two hours for the second stop costs more than eight quarters of lateness at the first."""
    late = Lateness(price_per_h=40.0, until_s=12 * HOUR)
    instance = line(stop("a", (8 * HOUR, 9 * HOUR), late=late), stop("b", (11 * HOUR, 12 * HOUR)))
    options = range(int(instance.classes[0].options.first[1]))
    days = [timed(instance, (option, instance.classes[0].options.first[1])) for option in options]
    assert [day.cost for day in days[:3]] == [9000.0, 9000.0 - 900 + 10, 9000.0 - 1800 + 20]
    assert min(day.cost for day in days) == 2400 + 8 * 10.0


def test_collections_add_to_what_is_still_aboard() -> None:
    """8 kg out and 8 kg back fit 10 kg one after the other, but not when 8 kg come aboard before 8 kg leave."""
    there = stop("a", weight_kg=8.0)
    back = stop("b", parcels=0, weight_kg=0.0, collect_parcels=1, collect_kg=8.0)
    instance = line(there, back, van={"capacity_kg": 10.0})
    assert time_day(instance, 0, ((0, 1),)) is not None
    assert time_day(instance, 0, ((1, 0),)) is None
    assert time_day(line(there, back, van={"capacity_kg": 16.0}), 0, ((1, 0),)) is not None


def test_load_at_the_limit_fits() -> None:
    """Ten times 0.1 kg is 1 kg, whatever the sum of floats says; a gram more is not."""
    tenth = [stop(f"s{i}", weight_kg=0.1) for i in range(10)]
    trips = (tuple(range(10)),)
    assert time_day(line(*tenth, van={"capacity_kg": 1.0}), 0, trips) is not None
    assert time_day(line(*tenth[:9], stop("s9", weight_kg=0.101), van={"capacity_kg": 1.0}), 0, trips) is None


def test_second_trip_waits_for_its_goods_before_loading() -> None:
    """Goods ready at 12 hold up the loading of their own trip only; the wait shortens by starting later."""
    instance = line(stop("a", (8 * HOUR, 10 * HOUR)), stop("b", ready_s=12 * HOUR), reload_s=600, van={"max_trips": 2})
    day = timed(instance, (0,), (1,))
    assert day.loads_s == (10 * HOUR - 1200, 12 * HOUR)
    assert day.span_s == 12 * HOUR - (10 * HOUR - 1200) + 600 + 2400


def test_goods_of_the_first_trip_hold_up_the_day() -> None:
    """Nothing is loaded before all of the trip's goods are there, so one trip for both misses the window."""
    instance = line(stop("a", (8 * HOUR, 10 * HOUR)), stop("b", ready_s=12 * HOUR), reload_s=600)
    assert time_day(instance, 0, ((0, 1),)) is None
    assert timed(instance, (1,)).start_s == 12 * HOUR


def electric(**changes: Any) -> dict[str, Any]:
    """100 Wh/km, 5.5 kWh of which 0.5 kWh stay: 50 km."""
    values = {"capacity_wh": 5500.0, "reserve_wh": 500.0, "wh_per_km": 100.0, **changes}
    return {"battery": Battery(**values), "max_trips": 3}


def test_battery_is_recharged_while_loading_and_standing() -> None:
    """48 km and 36 km need 8.4 kWh: 5 kWh and 4 kW for 15 min of loading and 36 min of standing, 3.4 kWh, just do."""
    stops = [stop(name) for name in "abcd"]
    van = electric(charge_w=4000.0, stand_s=36 * MINUTE)
    instance = line(*stops, reload_s=15 * MINUTE, van=van)
    assert instance.classes[0].charge_wh == pytest.approx(3400.0)
    day = timed(instance, (3,), (2,))
    assert day.span_s == 15 * MINUTE + 4800 + (15 + 36) * MINUTE + 3600
    shorter = electric(charge_w=4000.0, stand_s=36 * MINUTE - 1)
    assert time_day(line(*stops, reload_s=15 * MINUTE, van=shorter), 0, ((3,), (2,))) is None


def test_battery_never_charges_above_full() -> None:
    """After 12 km only 1.2 kWh can be charged, so that what follows has 5 kWh and not 7.2 kWh."""
    stops = [stop(name) for name in "abcd"]
    van = electric(charge_w=3000.0, stand_s=HOUR)
    instance = line(*stops, van=van)
    assert time_day(instance, 0, ((0,), (3,))) is not None
    # 12 km, 48 km and 36 km: after the second trip 0.2 kWh and 3 kWh are there, and 3.6 kWh are wanted.
    assert time_day(instance, 0, ((0,), (3,), (2,))) is None
    assert time_day(instance, 0, ((0,), (2,), (3,))) is None
    assert time_day(instance, 0, ((0,), (3,), (1,))) is not None


NOON = Rest(1800, (12 * HOUR, 13 * HOUR), after_s=6 * HOUR)


def test_rest_is_taken_only_when_the_day_is_longer() -> None:
    """A span of six hours needs no rest after six hours; a second more does."""
    long = 6 * HOUR - 1200
    day = timed(line(stop("a", (9 * HOUR, 9 * HOUR), service_s=long), rests=(NOON,)), (0,))
    assert (day.rests, day.span_s, day.cost) == ((), 6 * HOUR, 6 * HOUR)
    instance = line(
        stop("a", (9 * HOUR, 9 * HOUR), service_s=3 * HOUR), stop("b", service_s=long - 3 * HOUR - 1199), rests=(NOON,)
    )
    day = timed(instance, (0, 1))
    assert day.rests == (PlacedRest(0, 1, 12 * HOUR, 1800, False),)
    assert (day.span_s, day.paid_s, day.cost) == (6 * HOUR + 1801, 6 * HOUR + 1, 6 * HOUR + 1)


def test_short_day_is_not_shortened_by_an_unpaid_rest() -> None:
    """The paid wait of a day that needs no rest stays paid."""
    rest = replace(NOON, window_s=(9 * HOUR, 13 * HOUR))
    instance = line(stop("a", (9 * HOUR, 9 * HOUR)), stop("b", (12 * HOUR, 12 * HOUR)), rests=(rest,))
    day = timed(instance, (0, 1))
    assert (day.rests, day.paid_s) == ((), 3 * HOUR + 600 + 1200)


def test_rest_lies_where_it_is_cheapest() -> None:
    """Taken in a wait the rest costs nothing; anywhere else the day is half an hour longer."""
    rest = replace(NOON, window_s=(8 * HOUR, 18 * HOUR), paid=True)
    instance = line(
        stop("a", (9 * HOUR, 9 * HOUR), service_s=HOUR),
        stop("b", (12 * HOUR, 12 * HOUR), service_s=3 * HOUR),
        stop("c", service_s=HOUR),
        rests=(rest,),
    )
    day = timed(instance, (0, 1, 2))
    assert day.rests == (PlacedRest(0, 1, 10 * HOUR, 1800, True),)
    assert day.span_s == day.paid_s == 12 * HOUR - 9 * HOUR + 600 + 3 * HOUR + 600 + HOUR + 1800


def test_rest_at_the_depot_follows_the_loading() -> None:
    """The stop takes longer than the rest can wait, so that it is taken before the departure, as late as it may be."""
    rest = Rest(1800, (10 * HOUR, 10 * HOUR + 900))
    day = timed(line(stop("a", (11 * HOUR, 11 * HOUR), service_s=HOUR), rests=(rest,), reload_s=600), (0,))
    assert day.rests == (PlacedRest(0, 0, 10 * HOUR + 900, 1800, False),)
    assert day.start_s == 10 * HOUR + 300
    assert day.span_s == 600 + 1800 + 600 + 300 + HOUR + 600


def test_impossible_rest_makes_the_day_impossible() -> None:
    """Service through the whole window of a rest that is due leaves no place for it."""
    instance = line(stop("a", (9 * HOUR, 9 * HOUR), service_s=7 * HOUR), rests=(NOON,))
    assert time_day(instance, 0, ((0,),)) is None


def test_second_rest_can_make_a_third_one_due() -> None:
    """A rest counts in the span, which may then be long enough for a further rest."""
    first = Rest(1800, DAY, after_s=2 * HOUR)
    second = Rest(600, DAY, after_s=2 * HOUR + 2400)
    day = timed(line(stop("a", service_s=2 * HOUR), rests=(second, first)), (0,))
    assert day.span_s == 2 * HOUR + 1200 + 1800 + 600
    assert sorted(rest.duration_s for rest in day.rests) == [600, 1800]
    assert day.paid_s == 2 * HOUR + 1200
    day = timed(line(stop("a", service_s=2 * HOUR), rests=(replace(second, after_s=2 * HOUR + 3000), first)), (0,))
    assert [rest.duration_s for rest in day.rests] == [1800]


def test_driving_rule_counts_driving_only() -> None:
    """40 minutes of driving by a limit of 30 take a rest in between; parking, service and waiting are no driving."""
    stops = (stop("a", service_s=HOUR), stop("b", service_s=HOUR))
    rule = DrivingRule(limit_s=30 * MINUTE, rest_s=15 * MINUTE)
    instance = line(*stops, driving_rule=rule, van={"park_s": (0, 300, 300)})
    day = timed(instance, (0, 1))
    assert day.span_s == 2 * HOUR + 40 * MINUTE + 600 + 15 * MINUTE
    assert day.paid_s == day.span_s - 15 * MINUTE
    assert [(rest.after, rest.duration_s) for rest in day.rests] == [(1, 900)]
    assert timed(line(*stops, driving_rule=replace(rule, limit_s=40 * MINUTE)), (0, 1)).rests == ()
    assert time_day(line(*stops, driving_rule=replace(rule, limit_s=20 * MINUTE - 1)), 0, ((0, 1),)) is None


def test_long_rest_counts_for_the_driving_rule() -> None:
    """A rest that is due anyway and long enough takes the place of one that the driving rule asks for."""
    stops = (stop("a", service_s=HOUR), stop("b", service_s=HOUR))
    rule = DrivingRule(limit_s=30 * MINUTE, rest_s=15 * MINUTE)
    lunch = Rest(1800, DAY)
    day = timed(line(*stops, driving_rule=rule, rests=(lunch,)), (0, 1))
    assert [(rest.after, rest.duration_s) for rest in day.rests] == [(1, 1800)]
    day = timed(line(*stops, driving_rule=rule, rests=(replace(lunch, duration_s=600),)), (0, 1))
    assert sorted(rest.duration_s for rest in day.rests) == [600, 900]


def test_driving_rule_gives_no_unpaid_rest_without_need() -> None:
    """A long paid wait is no reason for a rest as long as the driving stays within the limit."""
    rule = DrivingRule(limit_s=40 * MINUTE, rest_s=15 * MINUTE)
    instance = line(stop("a", (9 * HOUR, 9 * HOUR)), stop("b", (12 * HOUR, 12 * HOUR)), driving_rule=rule)
    assert timed(instance, (0, 1)).rests == ()


def test_longest_span_counts_rests() -> None:
    """Unpaid as it is, a rest counts for the longest day."""
    stops, rests = (stop("a", service_s=HOUR),), (Rest(1800, DAY),)
    assert timed(line(*stops, rests=rests, van={"max_span_s": HOUR + 3000}), (0,)).span_s == HOUR + 3000
    assert time_day(line(*stops, rests=rests, van={"max_span_s": HOUR + 2999}), 0, ((0,),)) is None


def test_unpaid_rest_lowers_overtime_but_not_the_minimum() -> None:
    """Two hours and 20 minutes with 30 unpaid: overtime begins on paid time, and the least pay stays."""
    tasks, rests = (stop("a", service_s=2 * HOUR - 1800),), (Rest(1800, DAY),)
    overtime = timed(line(*tasks, rests=rests, pay=Pay(36.0, 0, HOUR, 1.5)), (0,))
    assert (overtime.span_s, overtime.paid_s) == (2 * HOUR + 1200, HOUR + 3000)
    assert overtime.cost == pytest.approx(36.0 + 1.5 * 30.0)
    assert timed(line(*tasks, rests=rests, pay=Pay(36.0, 4 * HOUR, 8 * HOUR, 1.5)), (0,)).cost == pytest.approx(144.0)


def test_shift_of_the_type_holds() -> None:
    """A type's own shift takes the place of the problem's."""
    van = {"shift_s": (10 * HOUR, 11 * HOUR)}
    assert timed(line(stop("a"), van=van), (0,)).start_s == 10 * HOUR
    assert time_day(line(stop("a", service_s=2400), van=van), 0, ((0,),)) is not None
    assert line(stop("a", service_s=2401), van=van).classes[0].options.first[1] == 0
    instance = line(stop("a", service_s=1200), stop("b", service_s=0), van=van)
    assert time_day(instance, 0, ((0, 1),)) is not None
    assert time_day(line(stop("a", service_s=1201), stop("b"), van=van), 0, ((0, 1),)) is None


def test_trips_and_stops_are_limited() -> None:
    """No more trips and stops than the type allows, and no trip that visits nobody."""
    stops = (stop("a"), stop("b"), stop("c"))
    instance = line(*stops, van={"max_trips": 2, "max_stops": 2})
    assert time_day(instance, 0, ((0,), (1,))) is not None
    assert time_day(instance, 0, ((0, 1, 2),)) is None
    assert time_day(line(*stops, van={"max_trips": 1}), 0, ((0,), (1,))) is None
    assert time_day(instance, 0, ((0,), ())) is None


def test_stops_that_share_a_point_park_once() -> None:
    """Parking is paid on arriving from elsewhere, and metres are those of the table."""
    access = ((Access(1, 30.0, 1, 40, 40),), (Access(1, 50.0, 1, 60, 60),))
    van = {"access": access, "park_s": (0, 120, 120), "distance_cost_per_km": 1000.0}
    day = timed(line(stop("a"), stop("b"), van=van), (0, 1))
    assert day.span_s == 600 + 120 + 80 + 120 + 600
    assert day.distance_m == 12000
    assert day.cost == day.span_s + 12000.0


def test_dock_holds_up_a_loading() -> None:
    """A loading that may not start before a moment delays its trip, and the day starts later where that saves pay."""
    instance = line(stop("a"), stop("b"), reload_s=600, van={"max_trips": 2})
    day = timed(instance, (0,), (1,), load_from_s=(9 * HOUR, 11 * HOUR))
    assert day.loads_s == (11 * HOUR - 1800, 11 * HOUR)
    assert day.span_s == 1800 + 600 + 2400
    assert timed(instance, (0,), (1,), load_from_s=(9 * HOUR, 17 * HOUR + 600)).span_s == day.span_s
    assert time_day(instance, 0, ((0,), (1,)), load_from_s=(9 * HOUR, 17 * HOUR + 601)) is None


def test_joining_waits_only_as_long_as_it_must() -> None:
    """The later of two segments may wait for the first to start late; a second that is over is impossible."""
    assert join((60, 0, 100), (10, 500, 600), 40) == (60 + 40 + 300 + 10, 100, 100)
    assert join((60, 0, 1000), (10, 500, 600), 40) == (110, 400, 500)
    assert join((60, 501, 1000), (10, 500, 600), 40) is None


def problem_of_two(price: float | None) -> Instance:
    """Two stops, the first with two parcels and priority 3."""
    urgent = stop("a", parcels=1, collect_parcels=1, priority=3, unserved_price_per_parcel=7.0)
    return line(urgent, stop("b", parcels=5), unserved_price_per_parcel=price)


def test_cost_counts_parcels_by_priority_or_money() -> None:
    """Without a price parcels left out come before money, the highest priority first; with one all is money."""
    instance = problem_of_two(None)
    one, other = Solution(((0, ((0,),)),), (1,)), Solution(((0, ((1,),)),), (0,))
    assert cost_of(instance, one) == ((0, 0, 0, 0, 0, 0, 0, 0, 0, 5), 1200.0)
    assert cost_of(instance, other) == ((0, 0, 0, 0, 0, 0, 2, 0, 0, 0), 2400.0)
    assert better(instance, one, other)
    assert not better(instance, one, one)
    priced = problem_of_two(1.0)
    assert cost_of(priced, one) == ((), 1205.0)
    assert cost_of(priced, make_solution([], [1, 0])) == ((), 14.0 + 5.0)


def test_cost_of_an_impossible_day_is_refused() -> None:
    """A solution whose day cannot be driven has no cost, not even an infinite one that might be compared."""
    with pytest.raises(PlanningError):
        cost_of(problem_of_two(None), Solution(((0, ((0,), (1,))),), ()))


def test_numbers_stay_whole() -> None:
    """Seconds and metres are Python integers, not numpy's, and so go into files as they are."""
    instance = line(stop("a"), van={"cost_per_day": 1.0})
    day = timed(instance, (0,))
    for value in (day.span_s, day.paid_s, day.start_s, day.distance_m, *day.loads_s):
        assert type(value) is int
    assert type(day.cost) is float
    assert isinstance(instance.problem.types[0], VehicleType)
