"""One comparison from checked input to result: reach, problems, plans, figures, document."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

from fleetplan.errors import PlanningError
from fleetplan.planning.arithmetic import fleet_warnings
from fleetplan.planning.plan import Plan
from fleetplan.planning.problem import Problem
from fleetplan.planning.verifying import verify
from fleetplan.routing.depot import DepotPlace
from fleetplan.routing.quantiles import default_street_km, points_on_defaults, street_km_by_quantile
from fleetplan.study.bounds import bound_fleets
from fleetplan.study.building import Progress, build_problem, gather_materials
from fleetplan.study.comparing import (
    comparison_document,
    decided_warnings,
    depot_warnings,
    heading_warning,
    rest_warnings,
    stop_warnings,
    width_warning,
)
from fleetplan.study.inputs import StudyInput, check_input
from fleetplan.study.measuring import measure_plan
from fleetplan.study.naming import file_names
from fleetplan.study.result import FleetResult, StudyResult
from fleetplan.study.running import Answers, solve_fleets
from fleetplan.study.tracing import retimed_difference, trace_plan

_LOG = logging.getLogger(__name__)


def run_study(
    study: StudyInput, *, executor: Executor | None = None, progress: Progress | None = None
) -> tuple[StudyResult, Answers]:
    """Plan and compare the fleets of a study.

    Returns:
        The result, and how the planning went (interrupted, it holds the best plans found so far).

    Raises:
        InputError: the input has faults; all are named.
        PlanningError: a plan was rejected by the checker.
        KeyboardInterrupt: interrupted before any fleet had a plan.
    """
    check_input(study)
    materials = gather_materials(study, progress=progress)
    problems = {name: build_problem(study, materials, name) for name in sorted(study.fleets)}
    too_much = fleet_warnings(problems)
    for text in too_much:
        _LOG.warning("before the search: %s", text)
    answers = solve_fleets(
        problems,
        study.fleets,
        seed=study.seed,
        effort=study.effort,
        max_seconds=study.max_seconds,
        executor=executor,
        progress=progress,
    )
    plans = {name: answers.best[name] for name in sorted(answers.best)}
    _check(problems, plans)
    files = file_names(plans)
    reaches = materials.reaches
    default_km = {kind: default_street_km(study.streets, reaches[kind].access) for kind in study.types}
    quantile_km = {
        kind: street_km_by_quantile(study.streets, study.vehicles[kind], study.rules) for kind in study.types
    }
    on_defaults = {kind: points_on_defaults(reaches[kind]) for kind in study.types}
    figures = {
        name: measure_plan(
            problems[name],
            plan,
            vehicles=study.vehicles,
            costs=materials.costs,
            seeds=answers.seeds[name],
            street_km={kind: reaches[kind].street_km() for kind in study.types},
            default_km=default_km,
            quantile_km=quantile_km,
            on_defaults=on_defaults,
            plan_file=f"plans/{files[name]}.json",
        )
        for name, plan in plans.items()
    }
    for name, plan in plans.items():
        figures[name]["retimed"] = retimed_difference(problems[name], plan, materials.reaches)
    unbounded: list[str] = []
    if study.bound and not answers.interrupted:
        bounds, unbounded, stopped = bound_fleets(problems, plans, figures, progress=progress)
        answers = replace(answers, interrupted=stopped)
        for name, bound in bounds.items():
            figures[name]["bound"] = bound
    missing = sorted(set(study.fleets) - set(plans))
    document = comparison_document(
        study,
        materials,
        plans=plans,
        figures=figures,
        missing=missing,
        warnings=[*too_much, *unbounded, *_warnings(study, materials.depot, plans, figures, missing=missing)],
    )
    result = StudyResult(
        streets=study.streets,
        stops=study.stops,
        depot=study.depot,
        vehicles={name: study.vehicles[name] for name in study.types},
        access={name: materials.reaches[name].access for name in study.types},
        fleets={
            name: FleetResult(
                name, problems[name], plan, figures[name], trace_plan(problems[name], plan, materials.reaches)
            )
            for name, plan in plans.items()
        },
        document=document,
    )
    return result, answers


def _check(problems: Mapping[str, Problem], plans: Mapping[str, Plan]) -> None:
    """The solver checks its own plans; plans that came from another process or machine are checked again here."""
    for name, plan in plans.items():
        faults = verify(problems[name], plan)
        if faults:
            raise PlanningError(f"the plan of fleet {name} was rejected: {faults[0]}")


def _warnings(
    study: StudyInput,
    depot: DepotPlace,
    plans: Mapping[str, Plan],
    figures: Mapping[str, Mapping[str, Any]],
    *,
    missing: list[str],
) -> list[str]:
    """What a reader must know, weightiest first: gaps of this run, what the answer rests on, the city's tags."""
    warnings = [f"fleet {name} was not planned: the run was interrupted" for name in missing]
    for name, plan in plans.items():
        if plan.stopped_by == "time":
            warnings.append(f"fleet {name}: the cap of {study.max_seconds:g} s ended a search before its effort")
        if plan.stopped_by == "interrupt":
            warnings.append(f"fleet {name}: the search was interrupted; this is its best plan so far")
    warnings += depot_warnings(study, depot)
    warnings += study.stops.notes
    warnings += stop_warnings(study)
    warnings += rest_warnings(study, plans)
    warnings.append(heading_warning(figures))
    warnings.append(width_warning(study))
    if study.rules.country == "JP":
        warnings.append(
            "Japan's Vehicle Restriction Ordinance is read as "
            + {
                "clearance": "clearance: narrower streets are passed slowly (ordinance = law would close them)",
                "law": "law: streets narrower than it allows are closed (ordinance = clearance would only slow there)",
                "off": "off: the general clearance rule applies",
            }[study.rules.ordinance]
        )
    elif study.rules.ordinance == "law":
        warnings.append("ordinance = law has no effect here: it is a rule of Japan")
    if study.pack.note:
        warnings.append(f"prices of pack {study.pack.name}: {study.pack.note}")
    warnings += study.streets.warnings
    warnings += decided_warnings(study.streets.decided)
    return warnings
