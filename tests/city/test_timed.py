"""Conditional rules: what a text says, and what a shift makes of it."""

from __future__ import annotations

import json
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetplan.city.classes import AccessTag
from fleetplan.city.conditions import Truth, clauses_of, condition_of
from fleetplan.city.hours import YEAR, held, is_readable, shift_of
from fleetplan.city.streets import Streets
from fleetplan.city.timed import LIGHT, Case, Timed, TimedRule, timed_of
from tests.towns import edge_row, town

LINE = {"a": (0.0, 0.0), "b": (100.0, 0.0)}
NEVER, PERHAPS, SURELY = Truth.NEVER, Truth.PERHAPS, Truth.SURELY


def street(**tags: str) -> Streets:
    """A street of 100 m with these tags; ``__`` in a name stands for a colon."""
    return town(
        nodes=LINE, ways=[("a b", {"highway": "residential", **{k.replace("__", ":"): v for k, v in tags.items()}})]
    )


def access(streets: Streets) -> list[int]:
    """Access from a to b and from b to a for a goods vehicle up to 3.5 t."""
    return [int(streets.edges.motor_access[edge_row(streets, LINE, *ends)]) for ends in ("ab", "ba")]


def hours(begin: float, end: float) -> tuple[float, float]:
    """Seconds after midnight."""
    return begin * 3600, end * 3600


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no @ (08:00-10:00)", [("no", ("08:00-10:00",))]),
        ("no @ 08:00-10:00", [("no", ("08:00-10:00",))]),
        ("no @ (Mo-Fr 08:00-10:00; Sa 09:00-11:00)", [("no", ("Mo-Fr 08:00-10:00; Sa 09:00-11:00",))]),
        ("no @ Mo-Fr 08:00-10:00; Sa 09:00-11:00", [("no", ("Mo-Fr 08:00-10:00; Sa 09:00-11:00",))]),
        ("no @ (Mo-Fr); yes @ (12:00-13:00)", [("no", ("Mo-Fr",)), ("yes", ("12:00-13:00",))]),
        ("no @ (08:00-18:00 AND hgv)", [("no", ("08:00-18:00",))]),
        ("no @ (08:00-18:00) AND (weight > 3.5)", [("no", ("08:00-18:00",))]),
        ("no @ (Mo-Fr AND 08:00-18:00)", [("no", ("Mo-Fr", "08:00-18:00"))]),
        ("No @ (24/7)", [("no", ("24/7",))]),
        ("no", [("no", ())]),
        (" ; ", []),
    ],
)
def test_a_text_becomes_clauses(text: str, expected: list[tuple[str, tuple[str, ...]]]) -> None:
    """Brackets, semicolons inside and outside them, AND."""
    assert [(clause.value, clause.when.times) for clause in clauses_of(text)] == expected


@pytest.mark.parametrize(
    ("text", "light", "heavy"),
    [
        ("weight>3.5", NEVER, SURELY),
        ("weight>7.5", NEVER, PERHAPS),
        ("weight>2.8 t", PERHAPS, SURELY),
        ("weight<=3.5", SURELY, NEVER),
        ("weight<3500 kg", PERHAPS, NEVER),
        ("weight>6000 lbs", PERHAPS, SURELY),
        ("hgv", NEVER, SURELY),
        ("goods", SURELY, NEVER),
        ("delivery", SURELY, SURELY),
        ("residents", NEVER, NEVER),
        ("maxload>3", NEVER, PERHAPS),
        ("length>12", NEVER, PERHAPS),
        ("length<=7", PERHAPS, PERHAPS),
        ("axles>=3", NEVER, PERHAPS),
        ("goods AND weight>2", PERHAPS, NEVER),
        ("goods AND maxload>3,hgv", NEVER, NEVER),
        ("bus,hgv", NEVER, SURELY),
        ("wet", NEVER, NEVER),
        ("winter", PERHAPS, PERHAPS),
        ("occupants>2", PERHAPS, PERHAPS),
    ],
)
def test_conditions_on_vehicles_are_judged_by_class(text: str, light: Truth, heavy: Truth) -> None:
    """Up to 3.5 t and above; what depends on the single vehicle holds perhaps."""
    condition = condition_of(text)
    assert (condition.light, condition.heavy) == (light, heavy)
    assert condition.readable


@pytest.mark.parametrize(
    "text", ["school days", "", "weight>heavy", "weight>3500", "25:99-26:00", "((", "no", "x" * 300, "\x00"]
)
def test_what_cannot_be_read_is_told_and_holds_perhaps(text: str) -> None:
    """Neither an exception nor a condition that never holds."""
    condition = condition_of(text)
    assert not condition.readable
    assert (condition.light, condition.heavy) == (PERHAPS, PERHAPS)


@pytest.mark.parametrize("sign", ["(", ")", "()", "; ", "@", " AND ", "a:"])
def test_a_text_of_any_length_is_read_in_no_time(sign: str) -> None:
    """Graphs may carry longer values than OpenStreetMap; only so much of a text is looked at, in linear time."""
    clauses = clauses_of("no @ (08:00-18:00 AND " + sign * 200_000)
    assert len(clauses) < 1000
    assert not clauses[0].when.readable


@pytest.mark.parametrize(
    ("tags", "shift", "expected"),
    [
        ({"motor_vehicle__conditional": "no @ (07:00-09:00)"}, (8, 18), AccessTag.NO),
        ({"motor_vehicle__conditional": "no @ (07:00-09:00)"}, (9, 18), AccessTag.UNTAGGED),
        ({"motor_vehicle__conditional": "no @ (07:00-09:00)"}, (22, 30), AccessTag.UNTAGGED),
        ({"motor_vehicle__conditional": "no @ (07:00-09:00)"}, (22, 32), AccessTag.NO),
        ({"motor_vehicle__conditional": "no @ (Sa,Su)"}, (8, 18), AccessTag.UNTAGGED),
        ({"motor_vehicle__conditional": "no @ (Sa,Su)"}, (20, 30), AccessTag.NO),  # Friday's shift ends on Saturday
        ({"motor_vehicle__conditional": "no @ (We 12:00-12:30)"}, (8, 18), AccessTag.NO),
        ({"motor_vehicle__conditional": "no @ (PH)"}, (8, 18), AccessTag.UNTAGGED),
        ({"motor_vehicle__conditional": "no @ (Jul-Aug)"}, (8, 18), AccessTag.NO),
        ({"motor_vehicle": "no", "motor_vehicle__conditional": "yes @ (20:00-10:00)"}, (8, 18), AccessTag.NO),
        ({"motor_vehicle": "no", "motor_vehicle__conditional": "yes @ (20:00-10:00)"}, (4, 10), AccessTag.YES),
        (
            {"motor_vehicle": "no", "motor_vehicle__conditional": "delivery @ (06:00-20:00)"},
            (8, 18),
            AccessTag.DELIVERY,
        ),
        ({"access": "no", "access__conditional": "yes @ (06:00-20:00 AND delivery)"}, (8, 18), AccessTag.DELIVERY),
        ({"access": "no", "access__conditional": "yes @ residents"}, (8, 18), AccessTag.NO),
        ({"access": "no", "access__conditional": "yes @ (weight<=3.5)"}, (8, 18), AccessTag.YES),
        ({"access__conditional": "no @ (08:00-18:00)", "goods": "yes"}, (8, 18), AccessTag.YES),
        ({"goods__conditional": "no @ (08:00-18:00)", "motor_vehicle": "yes"}, (8, 18), AccessTag.NO),
        ({"hgv__conditional": "no @ (08:00-18:00)"}, (8, 18), AccessTag.UNTAGGED),
        ({"access__conditional": "no @ (06:00-20:00); yes @ (07:00-19:00)"}, (8, 18), AccessTag.YES),
        ({"access__conditional": "yes @ (07:00-19:00); no @ (06:00-20:00)"}, (8, 18), AccessTag.NO),
        ({"access__conditional": "no @ (high tide)"}, (8, 18), AccessTag.NO),
        ({"access": "no", "access__conditional": "yes @ (low tide)"}, (8, 18), AccessTag.NO),
        ({"access__conditional": 'no @ ("by decree")'}, (8, 18), AccessTag.NO),
        ({"access__conditional": "no"}, (8, 18), AccessTag.NO),
        ({"access__conditional": "nonsense @ (08:00-18:00)"}, (8, 18), AccessTag.UNTAGGED),
    ],
)
def test_an_edge_is_open_only_if_it_is_so_for_the_whole_shift(
    tags: dict[str, str], shift: tuple[float, float], expected: AccessTag
) -> None:
    """On every working day of the year; of several clauses that hold the last one counts, unreadable times close."""
    assert access(street(**tags).during(*hours(*shift))) == [expected, expected]


def test_a_conditional_one_way_keeps_both_edges() -> None:
    """In the morning one-way: against it the shift from 8 is closed, that from 10 is open, with the same rows."""
    morning = street(oneway__conditional="yes @ (Mo-Fr 07:00-09:00)")
    assert access(morning) == [AccessTag.UNTAGGED, AccessTag.NO]
    assert int(morning.stretches.motor_access[0]) == AccessTag.UNTAGGED
    later = morning.during(*hours(10, 18))
    assert access(later) == [AccessTag.UNTAGGED, AccessTag.UNTAGGED]
    assert later.nodes is morning.nodes
    assert later.edges.stretch is morning.edges.stretch
    assert later.during(*hours(8, 18)).edges.motor_access.tolist() == morning.edges.motor_access.tolist()


def test_a_reversible_street_opens_for_a_shift_on_one_side_of_the_change() -> None:
    """Into town until noon, out of town from then on; over noon neither direction is open throughout."""
    tidal = {"oneway": "reversible", "oneway__conditional": "yes @ (00:00-12:00); -1 @ (12:00-24:00)"}
    assert access(street(**tidal).during(*hours(6, 12))) == [AccessTag.UNTAGGED, AccessTag.NO]
    assert access(street(**tidal).during(*hours(12, 18))) == [AccessTag.NO, AccessTag.UNTAGGED]
    assert access(street(**tidal)) == [AccessTag.NO, AccessTag.NO]


def test_a_pedestrian_street_that_opens_in_the_morning_has_edges() -> None:
    """They are there, closed in the usual shift and open in an early one; ``access`` alone opens nothing."""
    market = {"highway": "pedestrian", "access": "yes", "motor_vehicle__conditional": "delivery @ (05:00-11:00)"}
    assert access(street(**market)) == [AccessTag.NO, AccessTag.NO]
    assert access(street(**market).during(*hours(5, 10))) == [AccessTag.DELIVERY, AccessTag.DELIVERY]


def test_rules_for_one_direction_and_for_lorries_decide_there_only() -> None:
    """Against the way no motor vehicles in the morning; lorries nowhere at any hour of the day."""
    one = street(motor_vehicle__backward__conditional="no @ (07:00-09:00)")
    assert access(one) == [AccessTag.UNTAGGED, AccessTag.NO]
    lorries = street(hgv__conditional="no @ (06:00-22:00)")
    assert lorries.edges.hgv_access.tolist() == [AccessTag.NO] * 2
    assert access(lorries) == [AccessTag.UNTAGGED] * 2


@pytest.mark.parametrize(
    ("tags", "column", "shift", "expected"),
    [
        ({"maxspeed": "50", "maxspeed__conditional": "30 @ (07:00-09:00)"}, "maxspeed_kph", (8, 18), 30.0),
        ({"maxspeed": "50", "maxspeed__conditional": "30 @ (07:00-09:00)"}, "maxspeed_kph", (9, 18), 50.0),
        ({"maxspeed": "30", "maxspeed__conditional": "20 mph @ (20:00-24:00)"}, "maxspeed_kph", (20, 24), 32.18688),
        ({"maxspeed": "100", "maxspeed__conditional": "80 @ (weight>3.5)"}, "maxspeed_kph", (8, 18), 100.0),
        ({"maxspeed": "100", "maxspeed__conditional": "80 @ wet"}, "maxspeed_kph", (8, 18), 100.0),
        ({"maxspeed": "50", "maxspeed__conditional": "30 @ (some day)"}, "maxspeed_kph", (8, 18), 50.0),
        ({"maxwidth__conditional": "2.2 @ (Mo-Fr 08:00-18:00)"}, "maxwidth_m", (8, 18), 2.2),
        ({"maxwidth__conditional": "2.2 @ (Mo-Fr 08:00-18:00)"}, "maxwidth_m", (19, 23), np.nan),
        ({"maxweight": "12", "maxweight__conditional": "3.5 @ (22:00-06:00)"}, "maxweight_kg", (8, 18), 12_000.0),
        ({"maxweight": "12", "maxweight__conditional": "3.5 @ (22:00-06:00)"}, "maxweight_kg", (20, 24), 3_500.0),
        ({"maxweight": "3.5", "maxweight__conditional": "none @ delivery"}, "maxweight_kg", (8, 18), np.nan),
        ({"motor_vehicle__conditional": "no @ (width>2)"}, "maxwidth_m", (8, 18), 2.0),
        ({"access__conditional": "no @ (08:00-12:00 AND weight>2.8)"}, "maxweight_kg", (8, 18), 2_800.0),
        ({"access__conditional": "no @ (08:00-12:00 AND weight>2.8)"}, "maxweight_kg", (13, 18), np.nan),
    ],
)
def test_the_strictest_limit_of_the_shift_holds(
    tags: dict[str, str], column: str, shift: tuple[float, float], expected: float
) -> None:
    """Speed, size and weight; a closing for what is larger than a size is a sign of that size."""
    streets = street(**tags).during(*hours(*shift))
    np.testing.assert_allclose(getattr(streets.stretches, column), [expected])
    if column == "maxspeed_kph":
        np.testing.assert_allclose(streets.edges.maxspeed_kph, [expected] * 2)
    assert (streets.stretches.motor_access == AccessTag.UNTAGGED).all()


def test_a_gate_may_have_hours() -> None:
    """Open from 6 to 20: closed to a shift that starts at 5."""
    gate = {"b": {"barrier": "gate", "access": "no", "access:conditional": "yes @ (06:00-20:00)"}}
    nodes = {**LINE, "c": (200.0, 0.0)}
    streets = town(nodes=nodes, ways=[("a b c", {"highway": "service"})], node_tags=gate)
    assert streets.nodes.barrier_access.tolist() == [0, AccessTag.YES, 0]
    assert streets.during(*hours(5, 12)).nodes.barrier_access.tolist() == [0, AccessTag.NO, 0]
    assert streets.decided == ("node 2: access:conditional = 'yes @ (06:00-20:00)'",)


@pytest.mark.parametrize(
    ("tags", "early", "day"),
    [
        ({"motor_vehicle": "no", "delivery:conditional": "yes @ (06:00-10:00)"}, AccessTag.DELIVERY, AccessTag.NO),
        ({"highway": "pedestrian", "delivery:conditional": "yes @ (06:00-10:00)"}, AccessTag.DELIVERY, AccessTag.NO),
        (
            {"access": "private", "delivery": "yes", "delivery:conditional": "no @ (10:00-18:00)"},
            *(AccessTag.DELIVERY, AccessTag.PRIVATE),
        ),
        ({"motor_vehicle": "no", "delivery:conditional": "yes @ (at full moon)"}, AccessTag.NO, AccessTag.NO),
        ({"delivery:conditional": "yes @ (06:00-10:00)"}, AccessTag.UNTAGGED, AccessTag.UNTAGGED),
        ({"goods": "no", "delivery:conditional": "yes @ (06:00-10:00)"}, AccessTag.NO, AccessTag.NO),
    ],
)
def test_closed_streets_may_open_to_deliveries_at_hours(tags: dict[str, str], early: AccessTag, day: AccessTag) -> None:
    """``delivery:conditional`` is how pedestrian zones say when they are supplied; open streets stay what they are."""
    streets = town(
        nodes={**LINE, "c": (200.0, 0.0)},
        ways=[
            ("a b", {"highway": "residential", **tags}),
            ("b c", {"highway": "residential"}),
        ],
    )

    def first(during: Streets) -> set[int]:
        return set(during.edges.motor_access[during.edges.stretch == 0].tolist()) or {AccessTag.NO}

    assert first(streets.during(*hours(6, 10))) == {early}
    assert first(streets.during(*hours(8, 18))) == {day}
    again = Streets.from_graph(streets.to_graph())
    assert first(again.during(*hours(6, 10))) == {early}
    assert any("delivery:conditional: values on 1 ways" in warning for warning in streets.warnings) == (
        "moon" in tags.get("delivery:conditional", "")
    )


@pytest.mark.parametrize(
    ("tags", "early", "day"),
    [
        ({"motor_vehicle:conditional": "yes @ (06:00-10:00)"}, AccessTag.YES, AccessTag.NO),
        ({"motor_vehicle:conditional": "delivery @ (06:00-10:00)"}, AccessTag.DELIVERY, AccessTag.NO),
        ({"motor_vehicle:conditional": "yes @ (06:00-10:00)", "maxwidth": "2.3"}, AccessTag.YES, AccessTag.YES),
        ({"motor_vehicle": "permissive", "access:conditional": "yes @ (06:00-10:00)"}, *[AccessTag.PERMISSIVE] * 2),
    ],
)
def test_a_bollard_that_sinks_at_hours_is_shut_at_others(
    tags: dict[str, str], early: AccessTag, day: AccessTag
) -> None:
    """A bollard without access tags is closed, so an opening for the morning must not open it for the whole day."""
    nodes = {**LINE, "c": (200.0, 0.0)}
    bollard = {"b": {"barrier": "bollard", **tags}}
    streets = town(nodes=nodes, ways=[("a b c", {"highway": "service"})], node_tags=bollard)
    assert streets.during(*hours(6, 10)).nodes.barrier_access.tolist() == [0, early, 0]
    assert streets.during(*hours(8, 18)).nodes.barrier_access.tolist() == [0, day, 0]


def test_what_decided_is_told_once_per_way_in_harmless_words() -> None:
    """Cut into two stretches, one way gives one sentence; long and hostile texts are capped and cleaned."""
    nodes = {**LINE, "c": (200.0, 0.0), "d": (100.0, 90.0)}
    text = "no @ (08:00-18:00); no @ (\u202e\u0085<script>" + "x" * 150 + ")"
    ways = [("a b c", {"highway": "residential", "access:conditional": text}), ("b d", {"highway": "service"})]
    streets = town(nodes=nodes, ways=ways)
    assert len(streets.decided) == 1
    assert streets.decided[0].startswith("way 100: access:conditional = 'no @ (08:00-18:00); no @ (")
    assert len(streets.decided[0]) < 180
    assert streets.decided[0].isprintable()
    assert any("access:conditional: values on 1 ways" in warning for warning in streets.warnings)


def test_rules_survive_being_kept_as_text() -> None:
    """Streets are kept between runs as arrays and JSON: every kind of rule comes back the same."""
    text = "no @ (07:00-09:00 AND weight>3.5); destination @ (Mo 08:00-10:00 AND hgv); yes @ (?)"
    rule = TimedRule("edges", "motor_access", ((*_cases(text), Case(9.0)), (Case(np.inf),)), 3, (("a", "b"),))
    timed = timed_of([(rule, [4, 7], [100, 101]), (rule, [9], [102])])
    assert timed.rules == (rule,)
    assert (timed.rule.tolist(), timed.row.tolist(), timed.owner.tolist()) == ([0, 0, 0], [4, 7, 9], [100, 101, 102])
    fields = {name: getattr(timed, name) for name in timed.__dataclass_fields__}
    assert {type(value) for value in fields.values()} == {str, np.ndarray}
    again = Timed(**{**fields, "spelled": json.loads(json.dumps(fields["spelled"]))})
    assert again.rules == (rule,)


def _cases(text: str) -> tuple[Case, ...]:
    return tuple(Case(float(number), clause.when) for number, clause in enumerate(clauses_of(text)))


def test_unreadable_rules_are_counted_by_key() -> None:
    """One sentence per key says what the reading made of them."""
    streets = street(access__conditional="no @ (?)", maxspeed__conditional="30 @ (?)")
    said = [warning for warning in streets.warnings if ":conditional" in warning]
    assert [warning.split(", ")[1].split(":")[0] for warning in said] == [
        "where such a rule may close a street or a turn it does",
        "such limits are left out",
    ]


TIMES = st.tuples(st.integers(0, 47), st.integers(1, 47)).map(
    lambda pair: (pair[0] * 30, (pair[0] + pair[1]) % 48 * 30)
)
DAYS = st.sets(st.integers(0, 6), min_size=1)
_NAMES = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([1, 4, 8, 9]), DAYS, TIMES), min_size=1, max_size=3),
    st.sampled_from([0, 9]),
    st.integers(0, 46),
    st.integers(1, 40),
)
def test_the_strictest_value_agrees_with_a_clock(
    clauses: list[tuple[int, set[int], tuple[int, int]]], plain: int, start: int, length: int
) -> None:
    """A week walked through in half hours, by plain arithmetic, gives the same strictest value."""
    text = [
        (value, f"{','.join(_NAMES[day] for day in sorted(days))} {_clock(begin)}-{_clock(end or 24 * 60)}")
        for value, days, (begin, end) in clauses
    ]
    cases = tuple(Case(value, condition_of(when)) for value, when in reversed(text))
    rule = TimedRule("edges", "motor_access", ((*cases, Case(plain)),), LIGHT, ())
    begin_min, end_min = start * 30, min((start + length) * 30, 47 * 60 + 30)
    seen = set()
    for day in range(5):
        for minute in range(begin_min, max(end_min, begin_min + 30), 30):
            at = day * 1440 + minute
            holds = [value for value, days, times in clauses if _holds(days, times, at)]
            seen.add(holds[-1] if holds else plain)
    assert rule.during(shift_of(begin_min * 60, end_min * 60)) == max(seen)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _holds(days: set[int], times: tuple[int, int], at: int) -> bool:
    """A weekly rule at a minute of the week; one whose end comes before its begin runs into the next day."""
    begin, end = times
    if end <= begin:
        end += 1440
    return any(day * 1440 + begin <= at - week < day * 1440 + end for day in days for week in (-10080, 0, 10080))


def test_working_days_are_those_of_a_fixed_year() -> None:
    """Every Monday to Friday, so that a rule for any season is met; the answer does not hang on today's date."""
    days = [date(YEAR, 1, 1) + timedelta(days=day) for day in range(366)]
    working = sum(day.year == YEAR and day.weekday() < 5 for day in days)
    assert held("24/7", shift_of(0, 3600)).surely.shape == (working, 60)
    spans = [held(text, shift_of(*hours(8, 18))).surely.any() for text in ("Dec 31", "Jan 1", "Feb 29", "2019")]
    assert spans == [True, True, False, False]


def test_a_shift_covers_at_least_a_minute_and_whole_ones() -> None:
    """Half minutes are rounded outwards; an empty shift still asks about its beginning."""
    assert shift_of(30, 90) == (0, 2)
    assert shift_of(600, 600) == (10, 11)
    assert shift_of(-60, 1e9) == (0, 2880)
    assert held("24/7", shift_of(47 * 3600, 48 * 3600)).surely.all()
    for one, two in pairwise((0, 59, 60, 3599)):
        assert shift_of(0, one) <= shift_of(0, two)


@settings(max_examples=100)
@given(st.text(alphabet='MoTuWe0123456789:-; ,()@ANDoffPHSHsunrise+[]"/', max_size=40))
def test_no_hours_whatever_break_the_reading(text: str) -> None:
    """What the library takes can be evaluated, what it refuses is told so; no exception, no panic."""
    if is_readable(text):
        assert held(text, shift_of(*hours(8, 18))).perhaps.shape[1] == 600
    clauses_of(f"no @ ({text})")
