"""Exact timing against brute force: every start, every place of every rest, walked through second by second.

All figures of the random days are quarters of an hour, so that a start worth trying is a quarter, or a second later
where lateness begins. The brute force knows problems only: no segments, no options but by number.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from fleetplan.planning.instance import Instance, make_instance
from fleetplan.planning.problem import Access, Battery, DrivingRule, Lateness, Pay, Problem, Rest, Task, VehicleType
from fleetplan.planning.schedule import TimedDay, Trips, time_day
from tests.planning.problems import problem, table_of, vehicle

QUARTER = 900
DAYS = 1200
DRIVERS = 400


def random_day(seed: int) -> tuple[Instance, Trips] | None:
    """A day of one to four stops on one or two trips with a random choice of rules; ``None`` without options."""
    rng = random.Random(f"day {seed}")
    n = rng.randint(1, 4)
    tasks = tuple(_task(rng, f"s{i}") for i in range(n))
    rests = tuple(
        Rest(rng.randint(1, 3) * QUARTER, _span(rng, 0, 24), rng.choice([0, 8, 12, 16]) * QUARTER, rng.random() < 0.5)
        for _ in range(rng.choice([0, 0, 1, 1, 2]))
    )
    rule = None
    if rng.random() < 0.4:
        rule = DrivingRule(rng.randint(3, 7) * QUARTER, rng.randint(1, 2) * QUARTER, rng.random() < 0.5)
    made = problem(
        tasks,
        [_van(rng, n)],
        shift_s=(0, rng.choice([16, 24, 32]) * QUARTER),
        reload_s=rng.choice([0, 1]) * QUARTER,
        pay=Pay(3600.0, rng.choice([0, 12]) * QUARTER, rng.choice([12, 96]) * QUARTER, 1.5),
        rests=rests,
        driving_rule=rule,
    )
    instance = make_instance(made)
    options = instance.classes[0].options
    if not instance.classes[0].allowed.all():
        return None
    order = [rng.randrange(int(options.first[x]), int(options.first[x + 1])) for x in rng.sample(range(n), n)]
    cut = rng.randint(1, max(1, n - 1)) if rng.random() < 0.6 else n
    return instance, tuple(tuple(part) for part in (order[:cut], order[cut:]) if part)


def _span(rng: random.Random, earliest: int, latest: int) -> tuple[int, int]:
    opens = rng.randint(earliest, latest)
    return opens * QUARTER, rng.randint(opens, latest + 8) * QUARTER


def _task(rng: random.Random, name: str) -> Task:
    windows: tuple[tuple[int, int], ...] = ((0, 48 * QUARTER),)
    if rng.random() < 0.4:
        ends = sorted(rng.sample(range(24), rng.choice([2, 4])))
        windows = tuple((a * QUARTER, b * QUARTER) for a, b in zip(ends[::2], ends[1::2], strict=True))
    late = Lateness(400.0, windows[-1][1] + rng.randint(1, 4) * QUARTER) if rng.random() < 0.3 else None
    return Task(
        name,
        parcels=1,
        weight_kg=float(rng.randint(0, 4)),
        volume_m3=0.0,
        windows_s=windows,
        service_s=rng.choice([0, 1, 4]) * QUARTER,
        collect_kg=float(rng.choice([0, 0, 3])),
        late=late,
        ready_s=rng.randint(1, 12) * QUARTER if rng.random() < 0.2 else None,
    )


def _van(rng: random.Random, n: int) -> VehicleType:
    quarters = np.array([[0 if u == v else rng.randint(1, 3) for v in range(n + 1)] for u in range(n + 1)])
    battery = None
    if rng.random() < 0.3:
        battery = Battery(
            rng.randint(5, 9) * 100.0, 100.0, 100.0, rng.choice([0.0, 800.0]), rng.randint(0, 1) * QUARTER
        )
    shared = rng.random() < 0.3
    return vehicle(
        "van",
        table_of("van", quarters * QUARTER, quarters * 1000),
        access=tuple((Access(1 if shared else i + 1, 10.0, 1, QUARTER * (i % 2), QUARTER),) for i in range(n)),
        park_s=(0, *(rng.choice([0, QUARTER]) for _ in range(n))),
        capacity_kg=rng.choice([None, 7.0]),
        max_trips=2,
        max_span_s=rng.choice([None, 14 * QUARTER, 20 * QUARTER]),
        battery=battery,
        cost_per_day=10.0,
        distance_cost_per_km=1.0,
    )


@dataclass
class Walk:
    """A day walked through up to some moment."""

    start_s: int
    now_s: int
    pauses: list[int] = field(default_factory=list)
    stints: list[int] = field(default_factory=lambda: [0])
    counted: list[int] = field(default_factory=list)

    def copy(self) -> Walk:
        """The same, free to go another way."""
        return Walk(self.start_s, self.now_s, [*self.pauses], [*self.stints], [*self.counted])


RULE = -1


def brute_force(made: Problem, visits: list[list[tuple[int, int, int]]]) -> tuple[float, int, int] | None:
    """Cost of time, span and start of the best timing of ``(task, earliest, latest start of service)`` per trip."""
    shift_s = made.shift_s
    found: dict[int, list[tuple[float, int, int]]] = {}
    for second in (0, 1):
        for start_s in range(shift_s[0] + second, shift_s[1] + 1, QUARTER):
            for walk in _walks(made, visits, Walk(start_s, start_s)):
                span_s = walk.now_s - start_s
                if _allowed(made, walk, span_s):
                    unpaid_s = sum(_rest(made, r).duration_s for r in walk.pauses if not _rest(made, r).paid)
                    taken = sum(r != RULE for r in walk.pauses)
                    found.setdefault(taken, []).append((made.pay.cost(span_s - unpaid_s), span_s, start_s))
    return min(found[min(found)]) if found else None


def _rest(made: Problem, number: int) -> Rest:
    if number != RULE:
        return made.rests[number]
    assert made.driving_rule is not None
    return Rest(made.driving_rule.rest_s, (-(10**9), 10**9), 0, made.driving_rule.paid)


def _walks(made: Problem, visits: list[list[tuple[int, int, int]]], walk: Walk) -> Iterator[Walk]:
    """Every whole day from this start."""
    walks = [walk]
    van = made.types[0]
    at = 0
    for number, trip in enumerate(visits):
        ready_s = max([made.tasks[x].ready_s or 0 for x, _, _ in trip])
        loading_s = made.reload_s + (van.battery.stand_s if number and van.battery else 0)
        for one in walks:
            one.now_s = max(one.now_s, ready_s) + loading_s
        if number == 0:
            walks = [one for one in walks if one.start_s >= ready_s]
        walks = [rested for one in walks for rested in _rested(made, one)]
        for x, opens_s, closes_s in trip:
            way = van.access[x][0]
            for one in walks:
                _drive(one, van, at, way.point)
                one.now_s = max(one.now_s + way.walk_out_s, opens_s)
            walks = [one for one in walks if one.now_s <= closes_s]
            for one in walks:
                one.now_s += made.tasks[x].service_s + way.walk_back_s
            walks = [rested for one in walks for rested in _rested(made, one)]
            at = way.point
        for one in walks:
            _drive(one, van, at, 0)
        at = 0
    for one in walks:
        if one.now_s <= made.shift_s[1]:
            yield one


def _drive(walk: Walk, van: VehicleType, u: int, v: int) -> None:
    drive_s = int(van.table.time_s[0, u, v])
    walk.now_s += drive_s + (van.park_s[v] if u != v else 0)
    walk.stints[-1] += drive_s


def _rested(made: Problem, walk: Walk) -> list[Walk]:
    """The day with any rests at this place, in any order."""
    found = [walk]
    for number in range(RULE if made.driving_rule else 0, len(made.rests)):
        rest = _rest(made, number)
        if number in walk.pauses and (number != RULE or walk.stints[-1] == 0):
            continue
        start_s = max(walk.now_s, rest.window_s[0])
        if start_s <= rest.window_s[1]:
            other = walk.copy()
            other.now_s = start_s + rest.duration_s
            other.pauses.append(number)
            if made.driving_rule and rest.duration_s >= made.driving_rule.rest_s:
                other.counted.append(number)
                other.stints.append(0)
            if number != RULE or walk.stints[-1] > 0:
                found += _rested(made, other)
    return found


def _allowed(made: Problem, walk: Walk, span_s: int) -> bool:
    most_s = made.types[0].max_span_s
    if most_s is not None and span_s > most_s:
        return False
    due = sorted(number for number, rest in enumerate(made.rests) if span_s > rest.after_s)
    if sorted(number for number in walk.pauses if number != RULE) != due:
        return False
    rule = made.driving_rule
    if rule is None:
        return True
    needed = all(
        walk.stints[i] + walk.stints[i + 1] > rule.limit_s for i, number in enumerate(walk.counted) if number == RULE
    )
    return needed and max(walk.stints) <= rule.limit_s


def spans_of(instance: Instance, trips: Trips) -> tuple[list[list[tuple[int, int, int]]], float]:
    """Task, earliest and latest start of service of each option, told from the tasks; and the money for lateness."""
    made, options = instance.problem, instance.classes[0].options
    money, visits = 0.0, []
    for trip in trips:
        visits.append([])
        for option in trip:
            x = instance.order[int(options.task[option])]
            task = made.tasks[x]
            opens_s = max(int(options.opens_s[option] + options.out_s[option]), 0)
            window = [span for span in task.windows_s if span[0] <= opens_s <= span[1]]
            if window:
                visits[-1].append((x, *window[0]))
                continue
            assert task.late is not None
            step = math.ceil((opens_s - task.windows_s[-1][1]) / QUARTER)
            closes_s = task.windows_s[-1][1] + step * QUARTER
            visits[-1].append((x, closes_s - QUARTER + 1, min(closes_s, task.late.until_s)))
            money += step * task.late.price_per_h / 4
    return visits, money


def loads_and_battery(made: Problem, visits: list[list[tuple[int, int, int]]]) -> tuple[bool, int]:
    """Whether kilograms and watt-hours suffice; and the metres."""
    van, battery = made.types[0], made.types[0].battery
    fits, metres = True, 0
    level_wh = 0.0 if battery is None else battery.capacity_wh
    for number, trip in enumerate(visits):
        points = [0, *(van.access[x][0].point for x, _, _ in trip), 0]
        driven_m = sum(int(van.table.distance_m[0, u, v]) for u, v in pairwise(points))
        metres += driven_m
        if battery is not None:
            charging_s = (made.reload_s + battery.stand_s) if number else 0
            level_wh = min(battery.capacity_wh, level_wh + battery.charge_w * charging_s / 3600)
            level_wh -= battery.wh_per_km * driven_m / 1000
            fits &= level_wh >= battery.reserve_wh
        if van.capacity_kg is not None:
            tasks = [made.tasks[x] for x, _, _ in trip]
            for leg in range(len(tasks) + 1):
                aboard = sum(t.collect_kg for t in tasks[:leg]) + sum(t.weight_kg for t in tasks[leg:])
                fits &= aboard <= van.capacity_kg
    return fits, metres


def compare(instance: Instance, trips: Trips) -> TimedDay | None:
    """The day as timed, which must be what brute force finds."""
    made = instance.problem
    day = time_day(instance, 0, trips)
    visits, late = spans_of(instance, trips)
    fits, metres = loads_and_battery(made, visits)
    best = brute_force(made, visits) if fits else None
    if best is None:
        assert day is None
        return None
    assert day is not None
    assert (day.span_s, day.start_s) == best[1:]
    assert math.isclose(day.cost, 10.0 + best[0] + metres / 1000 + late)
    return day


def test_timing_is_what_brute_force_finds() -> None:
    """Cost, span and start of 1,200 random days under every rule, possible or not; each rule bites often enough."""
    met: Counter[str] = Counter()
    for seed in range(DAYS):
        made = random_day(seed)
        if made is None:
            continue
        instance, trips = made
        day = compare(instance, trips)
        met["impossible" if day is None else "possible"] += 1
        if day is not None:
            rests = len(day.rests)
            met[f"{min(rests, 2)} rests"] += 1
            met["two trips"] += len(trips) > 1
            met["late"] += any(instance.classes[0].options.price[option] > 0 for trip in trips for option in trip)
            met["driving rule"] += instance.problem.driving_rule is not None and rests > 0
            met["battery"] += instance.classes[0].energy_wh is not None
    least = {"possible": 300, "impossible": 300, "1 rests": 80, "2 rests": 10, "driving rule": 40, "two trips": 30}
    least |= {"late": 20, "battery": 60}
    assert all(met[what] >= number for what, number in least.items()), met


def driver_day(seed: int) -> tuple[Instance, Trips]:
    """Four to six stops on one trip; an unpaid driving rule that takes several rests, and waits to take them in."""
    rng = random.Random(f"driver {seed}")
    n = rng.randint(4, 6)
    quarters = np.array([[0 if u == v else rng.randint(1, 2) for v in range(n + 1)] for u in range(n + 1)])
    tasks, clock = [], 0
    for i in range(n):
        clock += rng.choice([2, 2, 3, 5])
        window = (clock * QUARTER, (clock + rng.choice([0, 2])) * QUARTER) if rng.random() < 0.5 else (0, 48 * QUARTER)
        tasks.append(Task(f"s{i}", 1, 1.0, 0.0, (window,), rng.choice([0, 1]) * QUARTER))
    rests = [Rest(QUARTER, (0, 40 * QUARTER), rng.choice([0, 16]) * QUARTER, paid=True)] if rng.random() < 0.3 else []
    made = problem(
        tasks,
        [
            vehicle(
                "van", table_of("van", quarters * QUARTER, quarters * 1000), cost_per_day=10.0, distance_cost_per_km=1.0
            )
        ],
        shift_s=(0, 40 * QUARTER),
        pay=Pay(3600.0, 0, 96 * QUARTER, 1.5),
        rests=tuple(rests),
        driving_rule=DrivingRule(rng.randint(2, 4) * QUARTER, rng.randint(1, 2) * QUARTER, paid=False),
    )
    return make_instance(made), (tuple(range(n)),)


def test_rests_of_the_driving_rule_are_placed_as_brute_force_places_them() -> None:
    """Days with several unpaid rests, whose number and places decide what is paid; each rest is needed."""
    rests: Counter[int] = Counter()
    for seed in range(DRIVERS):
        instance, trips = driver_day(seed)
        day = compare(instance, trips) if instance.classes[0].allowed.all() else None
        rests[-1 if day is None else len(day.rests)] += 1
    assert rests[1] + rests[2] >= 30 and sum(number for taken, number in rests.items() if taken > 2) >= 10, rests
