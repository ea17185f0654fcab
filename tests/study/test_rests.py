"""Rests: rule sets with their sources, own rests, and what readers are told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleetplan.errors import InputError
from fleetplan.planning.plan import Plan, Route
from fleetplan.planning.problem import DrivingRule, Rest
from fleetplan.scenario import DrivingRuleEntry, RestEntry
from fleetplan.study.comparing import rest_warnings
from fleetplan.study.rests import RestPlan, rest_plan, rule_sets, rules_of_country
from tests.study.test_tasks import PLAIN, study

H = 3600
SHIFT = (8 * H, 20 * H)


def plan_of(*names: str, rests: tuple[RestEntry, ...] = (), driving: DrivingRuleEntry | None = None) -> RestPlan:
    """The rests of these rule sets and entries."""
    return rest_plan(shift_s=SHIFT, names=names, rests=rests, driving_rule=driving)


def test_the_laws_hours_add_up() -> None:
    """Japan: 45 min after 6 h and an hour in all after 8 h; Germany: 30 min after 6 h and 45 in all after 9 h."""
    assert plan_of("JP").rests == (Rest(2700, SHIFT, 6 * H), Rest(900, SHIFT, 8 * H))
    assert plan_of("DE").rests == (Rest(1800, SHIFT, 6 * H), Rest(900, SHIFT, 9 * H))
    assert plan_of("JP-drivers").driving_rule == DrivingRule(4 * H, 1800)
    assert plan_of("EU-561").driving_rule == DrivingRule(16_200, 2700)


def test_every_rule_set_says_where_it_is_from_and_for_whom() -> None:
    """No hour without a source: each figure is law with a page, each set has a note about what it leaves out."""
    for rule in rule_sets().values():
        assert rule.title and rule.note and rule.figures
        assert all("http" in figure.source and figure.confidence == "law" for figure in rule.figures)
    assert "3.5 t" in rule_sets()["EU-561"].note


def test_own_rests_join_those_of_rule_sets() -> None:
    """A rest without a window may start in the whole shift; a rule named twice counts once."""
    own = (RestEntry(minutes=20, window=("10:00", "11:00")), RestEntry(minutes=5, paid=True))  # type: ignore[arg-type]
    assert plan_of("DE", "DE", rests=own).rests == (
        Rest(1800, SHIFT, 6 * H), Rest(900, SHIFT, 9 * H), Rest(1200, (10 * H, 11 * H)), Rest(300, SHIFT, 0, True),
    )  # fmt: skip


def test_faults_are_told_at_once() -> None:
    """An unknown set, and two rules of driving of which only one could hold."""
    with pytest.raises(InputError) as caught:
        plan_of("EU", "EU-561", driving=DrivingRuleEntry(limit_h=3, rest_min=20))
    assert [fault.field for fault in caught.value.faults] == ["rest_rules", "driving_rule"]
    assert "EU-561" in caught.value.faults[0].remedy


def test_long_days_without_rests_are_told_where_a_rule_exists() -> None:
    """In Japan a plan of 7 h days without rests gets a line; with rests, short days or elsewhere it does not."""
    here = study(PLAIN)
    japan = replace(here, rules=replace(here.rules, country="JP"))
    days = {hours: Plan((Route("r", "kei-van", 0, hours * H, ()),), (), 0.0, 0, "effort", (1, 1)) for hours in (5, 7)}
    (line,) = rest_warnings(japan, {"kei": days[7]})
    assert "longer than 6 h: kei 1 of 1 routes" in line
    assert 'rest_rules = "JP"' in line
    assert rest_warnings(japan, {"kei": days[5]}) == []
    assert rest_warnings(here, {"kei": days[7]}) == []
    assert [rule.name for rule in rules_of_country("JP")] == ["JP"]
    asked = replace(japan, rests=plan_of("JP"))
    (note,) = rest_warnings(asked, {"kei": days[7]})
    assert note.startswith("rests JP: Japan")
