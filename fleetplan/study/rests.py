"""Rests of drivers: those that a scenario states, and rule sets of labour law (``data/rests.toml``) by name."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from fleetplan.errors import Fault, InputError
from fleetplan.figures import Figure, bundled_figures
from fleetplan.planning.problem import DrivingRule, Rest
from fleetplan.resources import data_path
from fleetplan.scenario import DrivingRuleEntry, RestEntry, Settings

_FILE = "rests.toml"
WholeShift = tuple[int, int]


@dataclass(frozen=True)
class RuleSet:
    """What one rule asks for.

    Attributes:
        name: what scenarios call it (``JP``).
        title: the law.
        note: to whom it applies, and how it is simplified.
        country: where it holds for everyone who drives, ISO 3166; empty where it depends on the vehicle.
        rests: seconds of each rest, and seconds of the day after which it is due.
        driving_s: seconds of driving and of the rest that must follow; ``None`` for no such rule.
        figures: the sources.
    """

    name: str
    title: str
    note: str
    country: str
    rests: tuple[tuple[int, int], ...]
    driving_s: tuple[int, int] | None
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class RestPlan:
    """The rests of a study's drivers: ``rests`` and ``driving_rule`` of its problems, and the rule sets behind them."""

    rests: tuple[Rest, ...] = ()
    driving_rule: DrivingRule | None = None
    rules: tuple[RuleSet, ...] = ()


NO_RESTS = RestPlan()


@lru_cache(maxsize=1)
def rule_sets() -> Mapping[str, RuleSet]:
    """All rule sets by name. Treat the result as read-only."""
    figures = bundled_figures(_FILE)
    with data_path(_FILE).open("rb") as file:
        tables = tomllib.load(file)
    return {name: _rule_set(name, table, figures) for name, table in sorted(tables.items())}


def _rule_set(name: str, table: Mapping[str, object], figures: Mapping[str, Figure]) -> RuleSet:
    own = {key.removeprefix(f"{name}."): figure for key, figure in figures.items() if key.startswith(f"{name}.")}
    rests = sorted({key.split(".")[1] for key in own if key.startswith("rests.")})
    limit = own.get("driving.limit_h")
    return RuleSet(
        name=name,
        title=str(table["title"]),
        note=str(table["note"]),
        country=str(table["country"]),
        rests=tuple(
            (round(own[f"rests.{rest}.minutes"].value * 60), round(own[f"rests.{rest}.after_h"].value * 3600))
            for rest in rests
        ),
        driving_s=None if limit is None else (round(limit.value * 3600), round(own["driving.rest_min"].value * 60)),
        figures=tuple(own[key] for key in sorted(own)),
    )


def rest_plan(
    *, shift_s: WholeShift, names: Sequence[str], rests: Iterable[RestEntry], driving_rule: DrivingRuleEntry | None
) -> RestPlan:
    """The rests of a scenario. Those of rule sets, and own ones without a window, may start in the whole shift.

    Raises:
        InputError: a rule set is unknown, or two rules of driving are asked for.
    """
    known = rule_sets()
    faults = [
        Fault(
            "rests.unknown", "scenario", "rest_rules", f"there is no rule set {name[:40]!r}", f"use {', '.join(known)}"
        )
        for name in names
        if name not in known
    ]
    chosen = [known[name] for name in dict.fromkeys(names) if name in known]
    rules = [DrivingRule(*rule.driving_s) for rule in chosen if rule.driving_s is not None]
    if driving_rule is not None:
        limit_s, rest_s = round(driving_rule.limit_h * 3600), round(driving_rule.rest_min * 60)
        rules.append(DrivingRule(limit_s, rest_s, driving_rule.paid))
    if len(rules) > 1:
        message = f"{len(rules)} rules of driving are asked for, only one can hold"
        faults.append(
            Fault("rests.driving", "scenario", "driving_rule", message, "keep the strictest, without the others")
        )
    if faults:
        raise InputError(faults)
    found = [Rest(duration_s, shift_s, after_s) for rule in chosen for duration_s, after_s in rule.rests]
    found += [
        Rest(round(rest.minutes * 60), rest.window or shift_s, round(rest.after_h * 3600), rest.paid) for rest in rests
    ]
    return RestPlan(tuple(found), rules[0] if rules else None, tuple(chosen))


def rest_faults(settings: Settings, *, where: str) -> list[Fault]:
    """What is wrong with the rests that settings ask for."""
    try:
        rest_plan_of(settings)
    except InputError as error:
        return [replace(fault, where=where) for fault in error.faults]
    return []


def rest_plan_of(settings: Settings) -> RestPlan:
    """The rests that settings ask for.

    Raises:
        InputError: a rule set is unknown, or two rules of driving are asked for.
    """
    return rest_plan(
        shift_s=(settings.shift.start, settings.shift.end),
        names=settings.rest_rules,
        rests=settings.rests,
        driving_rule=settings.driving_rule,
    )


def rules_of_country(country: str) -> tuple[RuleSet, ...]:
    """The rule sets of rests that hold for every driver in a country."""
    return tuple(rule for rule in rule_sets().values() if country and rule.country == country and rule.rests)
