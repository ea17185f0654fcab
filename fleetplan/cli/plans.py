"""The commands of a delivery day: plan and compare fleets, check a scenario before and a plan after."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from fleetplan.cli.options import AsJson, Quiet, ScenarioArgument, check_scenario, effort_of, together
from fleetplan.cli.running import note, on_stderr, print_json, progress_bar, say

if TYPE_CHECKING:
    from fleetplan.routing.reach import Reach
    from fleetplan.study.inputs import StudyInput

_RULES_SHOWN = 5


def demo(
    folder: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where the results go.")] = Path(
        "maps/demo"
    ),
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of the search.")] = 7,
    quiet: Quiet = False,
) -> None:
    """Plan a day in Helsinki for three fleets, without a network.

    City, stops and prices come with the package. Open DIR/map.html in a browser afterwards.
    """
    from fleetplan.resources import data_path

    _compare(
        data_path("helsinki.toml"),
        folder,
        seed=seed,
        effort=None,
        max_seconds=None,
        bound=False,
        as_json=False,
        quiet=quiet,
    )


def compare(
    scenario: ScenarioArgument,
    folder: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Folder for the results; without it the table is all."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Seed of the search; the scenario's when left out.")
    ] = None,
    effort: Annotated[
        str | None,
        typer.Option(metavar="LEVEL", help="quick, normal, thorough or a number of steps; the scenario's if absent."),
    ] = None,
    max_seconds: Annotated[
        float | None, typer.Option(min=0.1, metavar="S", help="Wall-time cap of each search.")
    ] = None,
    bound: Annotated[
        bool,
        typer.Option("--bound", help="Say how far each plan is from a lower bound (up to 200 stops; takes longer)."),
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare what the fleets of a scenario cost.

    Plans the same day for every fleet and prints a table; with -o writes comparison, plans, routes, manifests and map.
    Ctrl-C stops the search and keeps the best plans found until then (exit status 130).
    """
    _compare(
        scenario,
        folder,
        seed=seed,
        effort=effort,
        max_seconds=max_seconds,
        bound=bound,
        as_json=as_json,
        quiet=quiet or as_json,
    )


def _compare(
    scenario: Path,
    folder: Path | None,
    *,
    seed: int | None,
    effort: str | None,
    max_seconds: float | None,
    bound: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    from fleetplan.api import compare_scenario
    from fleetplan.show.tables import rich_comparison
    from fleetplan.study.running import Workers
    from fleetplan.writing import canonical_json, check_folder

    def check_writable() -> None:
        if folder is not None:
            check_folder(folder)

    level, *_ = together(lambda: effort_of(effort), lambda: check_scenario(scenario), check_writable)
    with progress_bar(quiet=quiet) as progress, Workers() as pool:
        answer = compare_scenario(
            scenario,
            seed=seed,
            effort=level,
            max_seconds=max_seconds,
            bound=bound or None,
            executor=pool,
            progress=progress,
        )
        written = []
        if folder is not None:
            progress("writing files", 0, 1)
            written = answer.save(folder)
    if as_json:
        sys.stdout.write(canonical_json(answer.to_dict()))
    else:
        Console().print(rich_comparison(answer.result.document))
    if written and folder and not as_json:
        say(f"written to {folder}: {', '.join(sorted(path.relative_to(folder).as_posix() for path in written))}")
    note(answer.run["accidents"])
    if answer.interrupted:
        on_stderr().print("interrupted; these are the best plans found until then")
        raise typer.Exit(130)


def check(scenario: ScenarioArgument, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Check a scenario and all it names, without planning.

    Tells what each vehicle reaches, how much of that rests on guessed widths (class defaults, where nobody mapped or
    measured one), which rules bound to hours hold in the shift, and what is more than a fleet can do. Writes nothing.
    """
    from fleetplan.planning.arithmetic import fleet_warnings
    from fleetplan.study.building import build_problem, gather_materials
    from fleetplan.study.comparing import stop_warnings
    from fleetplan.study.inputs import check_input
    from fleetplan.study.scenarios import study_of_scenario

    check_scenario(scenario)
    with progress_bar(quiet=quiet or as_json) as progress:
        study = study_of_scenario(scenario, progress=progress)
        check_input(study)
        materials = gather_materials(study, progress=progress)
    types = {name: _reached(study, reach) for name, reach in materials.reaches.items()}
    too_much = fleet_warnings({name: build_problem(study, materials, name) for name in study.fleets})
    warnings = [*too_much, *study.streets.warnings, *study.stops.notes, *stop_warnings(study)]
    decided = study.streets.decided
    if as_json:
        print_json({"faults": [], "types": types, "decided": list(decided), "warnings": warnings})
        return
    say(f"{scenario.name} is sound: {len(study.stops)} stops, fleets {', '.join(sorted(study.fleets))}")
    for name, row in types.items():
        _say_reached(name, row)
    if decided:
        say(f"conditional rules of the map that decide something in this shift: {len(decided)}")
        for sentence in decided[:_RULES_SHOWN]:
            say(f"  {sentence}")
        if len(decided) > _RULES_SHOWN:
            say(f"  and {len(decided) - _RULES_SHOWN} more; --json lists all")
    note(warnings)


def _reached(study: StudyInput, reach: Reach) -> dict[str, Any]:
    from fleetplan.routing.quantiles import default_street_km, points_on_defaults

    on_defaults = default_street_km(study.streets, reach.access)
    return {
        "stops": len(study.stops),
        "reached": int((reach.stop_point >= 0).sum()),
        "street_km": {band: round(km, 3) for band, km in reach.street_km().items()},
        "street_km_on_defaults": {band: round(km, 3) for band, km in on_defaults.items()},
        "stops_on_defaults": int(points_on_defaults(reach)[reach.stop_point[reach.stop_point >= 0]].sum()),
    }


def _say_reached(name: str, row: dict[str, Any]) -> None:
    from fleetplan.show.accesstable import BAND_WORDS

    km, guessed = row["street_km"], row["street_km_on_defaults"]
    say(
        f"  {name} reaches {row['reached']} of {row['stops']} stops, "
        f"{row['stops_on_defaults']} of them from a street whose width is a class default"
    )
    bands = ", ".join(f"{word} {km[band]:.1f} ({guessed[band]:.1f})" for band, word in BAND_WORDS.items())
    say(f"    km of street, in brackets those on class defaults: {bands}")


def verify(
    plan: Annotated[Path, typer.Argument(metavar="PLAN.json", help="A plan file, DIR/plans/FLEET.json.")],
    as_json: AsJson = False,
) -> None:
    """Check a plan file with the independent checker.

    Loads, times, windows, shifts, trips, walks and cost, from the file alone. Exit status 1 if anything is wrong.
    """
    from fleetplan.planning.reading import read_plan_file
    from fleetplan.planning.verifying import verify as verify_plan

    problem, found = read_plan_file(plan)
    faults = verify_plan(problem, found)
    if as_json:
        print_json({"faults": [fault.to_dict() for fault in faults], "sound": not faults})
    else:
        for fault in faults:
            say(str(fault))
        visits = sum(len(trip.visits) for route in found.routes for trip in route.trips)
        state = "sound" if not faults else f"rejected: {len(faults)} fault{'s' if len(faults) != 1 else ''}"
        routes = f"{len(found.routes)} route{'s' if len(found.routes) != 1 else ''}"
        say(f"{plan.name} is {state} ({routes}, {visits} stops)")
    if faults:
        raise typer.Exit(1)
