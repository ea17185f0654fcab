"""The command line. Standard output holds results; progress, warnings and faults go to standard error.

Exit status: 0 done (unserved stops included), 1 failed, 2 faults in the input, 130 interrupted.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from fleetplan import __version__
from fleetplan.errors import Fault, FleetplanError, InputError

if TYPE_CHECKING:
    from fleetplan.routing.seams import AccessRules, Ordinance

app = typer.Typer(
    name="fleetplan",
    help="Kei trucks, vans or a mix? Plans last-mile fleets on real streets and compares what each costs.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Seed of the search; the scenario's when left out.")]
CityArgument = Annotated[
    str, typer.Argument(metavar="CITY", help="An extract or osmnx graph (.osm, .osm.pbf, .graphml …), or: helsinki")
]

OrdinanceOption = Annotated[
    str, typer.Option("--ordinance", help="Japan's Vehicle Restriction Ordinance read as clearance, law or off.")
]
QuantileOption = Annotated[
    float, typer.Option("--width-quantile", help="Which end of a width's spread to believe, 0.05 to 0.95.")
]
CountryOption = Annotated[str | None, typer.Option("--country", help="ISO country code; found from the location.")]


def main() -> None:
    """Entry point of the ``fleetplan`` command."""
    app()


def _command(function: Callable[..., None]) -> Callable[..., None]:
    """Turn the package's errors into messages and exit statuses."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> None:
        as_json = bool(kwargs.get("as_json", False))
        try:
            function(*args, **kwargs)
        except InputError as error:
            failed = all(fault.code == "city.download" for fault in error.faults)  # the servers', not the user's
            _report(error.faults, as_json=as_json, what="failed" if failed else None)
            raise typer.Exit(1 if failed else 2) from None
        except FleetplanError as error:
            if as_json:
                _print_json({"error": str(error)})
            _stderr().print(f"[red]failed:[/red] {escape(str(error))}", soft_wrap=True)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            if as_json:
                _print_json({"error": "interrupted"})
            _stderr().print("interrupted; nothing was written")
            raise typer.Exit(130) from None

    return run


def _report(faults: tuple[Fault, ...], *, as_json: bool, what: str | None = None) -> None:
    if as_json:
        _print_json({"faults": [fault.to_dict() for fault in faults]})
    console = _stderr()
    what = what or f"{len(faults)} fault{'s' if len(faults) != 1 else ''} in the input"
    console.print(f"[red]{what}[/red]")
    for fault in faults:
        place = f"{fault.where}: {fault.field}" if fault.field else fault.where
        console.print(f"  {escape(place)}: {escape(fault.message)}", soft_wrap=True, highlight=False)
        console.print(f"    → {escape(fault.remedy)}", soft_wrap=True, highlight=False)


def _stderr() -> Console:
    return Console(stderr=True)


def _print_json(document: Any) -> None:
    sys.stdout.write(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on standard error, as the callback that the library takes."""
    if quiet:
        yield lambda text, done, total: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=_stderr(), transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda text, done, total: bar.update(task, description=text, completed=done, total=total)


@app.command()
@_command
def demo(
    folder: Annotated[Path, typer.Option("-o", "--output", help="Where the results go.")] = Path("maps/demo"),
    seed: Annotated[int, typer.Option(min=0, help="Seed of the search.")] = 7,
    quiet: Quiet = False,
) -> None:
    """Plan a delivery day in the centre of Helsinki for three fleets, with bundled data and no network."""
    from fleetplan.resources import data_path

    _compare(data_path("helsinki.toml"), folder, seed=seed, effort=None, max_seconds=None, as_json=False, quiet=quiet)


@app.command()
@_command
def compare(
    scenario: Annotated[Path, typer.Argument(metavar="SCENARIO.toml", help="The scenario file.")],
    folder: Annotated[Path | None, typer.Option("-o", "--output", help="Folder for the results.")] = None,
    seed: Seed = None,
    effort: Annotated[str | None, typer.Option(help="quick, normal, thorough or a number of solutions.")] = None,
    max_seconds: Annotated[float | None, typer.Option(min=0.1, help="Wall-time cap of each search.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare the fleets of a scenario; write comparison, plans, routes, manifests and map into DIR."""
    _compare(
        scenario,
        folder,
        seed=seed,
        effort=_effort(effort),
        max_seconds=max_seconds,
        as_json=as_json,
        quiet=quiet or as_json,
    )


def _rules(ordinance: str, width_quantile: float) -> AccessRules:
    """The rules of the command line.

    Raises:
        InputError: with every option that is wrong.
    """
    from fleetplan.routing.seams import AccessRules

    faults = []
    if ordinance not in ("clearance", "law", "off"):
        faults.append(
            Fault(
                "settings.ordinance",
                "command line",
                "--ordinance",
                f"is {ordinance!r}",
                "give clearance, law or off",
            )
        )
    if not 0.05 <= width_quantile <= 0.95:
        faults.append(
            Fault(
                "settings.width_quantile",
                "command line",
                "--width-quantile",
                f"is {width_quantile:g}",
                "give a number from 0.05 to 0.95",
            )
        )
    if faults:
        raise InputError(faults)
    return AccessRules(cast("Ordinance", ordinance), width_quantile)


def _effort(text: str | None) -> str | int | None:
    if text is None or text in ("quick", "normal", "thorough"):
        return text
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise InputError.one(
        "settings.effort", "command line", "--effort", f"is {text!r}", "give quick, normal, thorough or a whole number"
    )


def _compare(
    scenario: Path,
    folder: Path | None,
    *,
    seed: int | None,
    effort: str | int | None,
    max_seconds: float | None,
    as_json: bool,
    quiet: bool,
) -> None:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from fleetplan.api import compare_scenario
    from fleetplan.show.tables import rich_comparison
    from fleetplan.study.running import ignore_interrupts
    from fleetplan.writing import canonical_json, check_folder

    if folder is not None:
        check_folder(folder)
    with (
        _progress(quiet=quiet) as progress,
        ProcessPoolExecutor(os.cpu_count() or 1, get_context("spawn"), initializer=ignore_interrupts) as pool,
    ):
        answer = compare_scenario(
            scenario, seed=seed, effort=effort, max_seconds=max_seconds, executor=pool, progress=progress
        )
        written = []
        if folder is not None:
            progress("writing files", 0, 1)
            written = answer.save(folder)
    if as_json:
        sys.stdout.write(canonical_json(answer.to_dict()))
    else:
        Console().print(rich_comparison(answer.result.document))
    if written and not as_json:
        names = sorted(path.relative_to(folder).as_posix() for path in written) if folder else []
        Console().print(
            f"written to {escape(str(folder))}: {escape(', '.join(names))}", soft_wrap=True, highlight=False
        )
    if answer.interrupted:
        _stderr().print("interrupted; these are the best plans found until then")
        raise typer.Exit(130)


@app.command()
@_command
def check(
    scenario: Annotated[Path, typer.Argument(metavar="SCENARIO.toml", help="The scenario file.")],
    as_json: AsJson = False,
) -> None:
    """Check a scenario and everything it names, without planning."""
    from fleetplan.routing.quantiles import default_street_km, points_on_defaults
    from fleetplan.study.building import gather_materials
    from fleetplan.study.inputs import check_input
    from fleetplan.study.scenarios import study_of_scenario

    with _progress(quiet=as_json) as progress:
        study = study_of_scenario(scenario, progress=progress)
        check_input(study)
        materials = gather_materials(study, progress=progress)
    reached: dict[str, dict[str, Any]] = {
        name: {
            "stops": len(study.stops),
            "reached": int((reach.stop_point >= 0).sum()),
            "street_km": {band: round(km, 3) for band, km in reach.street_km().items()},
            "street_km_on_defaults": {
                band: round(km, 3) for band, km in default_street_km(study.streets, reach.access).items()
            },
            "stops_on_defaults": int(points_on_defaults(reach)[reach.stop_point[reach.stop_point >= 0]].sum()),
        }
        for name, reach in materials.reaches.items()
    }
    if as_json:
        _print_json({"faults": [], "types": reached, "warnings": [*study.streets.warnings, *study.stops.notes]})
        return
    console = Console()
    console.print(
        f"{escape(scenario.name)} is sound: {len(study.stops)} stops, fleets {', '.join(sorted(study.fleets))}"
    )
    for name, row in reached.items():
        kilometres = ", ".join(f"{band} {km:.1f} km" for band, km in row["street_km"].items())
        guessed = f"{row['stops_on_defaults']} of them from a street whose width is a class default"
        console.print(
            f"  {escape(name)}: reaches {row['reached']} of {row['stops']} stops, {guessed}; streets {kilometres}"
        )
    for warning in (*study.streets.warnings, *study.stops.notes):
        _stderr().print(f"  note: {escape(warning)}", soft_wrap=True)


@app.command()
@_command
def fetch(
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The file to write: .osm.pbf, .osm or .osm.gz.", show_default=False)
    ],
    place: Annotated[
        str | None, typer.Argument(metavar="PLACE", help="An area as openstreetmap.org finds it: 'Abeno, Osaka'")
    ] = None,
    bbox: Annotated[
        str | None, typer.Option(metavar="W,S,E,N", help="A box in degrees instead of a place.", show_default=False)
    ] = None,
    overpass_url: Annotated[str | None, typer.Option(metavar="URL", help="Another Overpass server.")] = None,
    nominatim_url: Annotated[str | None, typer.Option(metavar="URL", help="Another Nominatim server.")] = None,
    quiet: Quiet = False,
) -> None:
    """Download one file with everything a city needs: streets, foot paths, turn restrictions, barriers, signals,
    buildings, addresses, shops.

    The area is asked for in parts of up to 5 by 5 km. A busy or silent server is asked up to six times, with growing
    pauses. Parts that came are kept for two days: after a failure or Ctrl-C the same command goes on where it was.
    The file is written whole or not at all. Data: OpenStreetMap contributors, ODbL 1.0.
    """
    from fleetplan.city.fetching import fetch as fetch_city
    from fleetplan.city.fetching import where_of

    where = where_of(place, bbox, output)
    try:
        with _progress(quiet=quiet) as progress:
            got = fetch_city(where, output, progress=progress, overpass_url=overpass_url, nominatim_url=nominatim_url)
    except KeyboardInterrupt:
        _stderr().print("interrupted; parts that came are kept, and the same command goes on from there")
        raise typer.Exit(130) from None
    Console().print(escape(str(got)), soft_wrap=True, highlight=False)


@app.command("vehicles")
@_command
def show_vehicles(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One vehicle, with every source.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the vehicle catalogue, or show one vehicle with the source of every figure."""
    from fleetplan.fleet.catalogue import vehicle, vehicles
    from fleetplan.show.catalogue import catalogue_table, vehicle_document, vehicle_table

    if name is None:
        fleet = vehicles()
        if as_json:
            _print_json({key: vehicle_document(item) for key, item in fleet.items()})
        else:
            console = Console()
            console.print(catalogue_table(fleet, width=console.width))
        return
    found = vehicle(name)
    if as_json:
        _print_json(vehicle_document(found))
    else:
        Console().print(vehicle_table(found))


@app.command()
@_command
def stops(
    city: CityArgument,
    n: Annotated[int, typer.Option("-n", min=1, help="How many stops.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The stops file to write.")],
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draw.")] = 0,
) -> None:
    """Draw delivery stops from a city's addresses, businesses and buildings, or along its streets without any."""
    from fleetplan.demand.files import write_stops
    from fleetplan.demand.sampling import sample_stops
    from fleetplan.study.scenarios import load_city

    drawn = sample_stops(load_city(city), n, seed=seed)
    write_stops(drawn, output)
    for note in drawn.notes:
        _stderr().print(f"note: {escape(note)}", soft_wrap=True)
    parcels = sum(stop.parcels for stop in drawn)
    Console().print(f"{len(drawn)} stops, {parcels} parcels, written to {escape(str(output))}", highlight=False)


@app.command()
@_command
def streets(
    city: CityArgument,
    output: Annotated[Path, typer.Option("-o", "--output", help="The table to write: .csv or .gpkg.")],
    vehicles: Annotated[str, typer.Option(help="Types to judge, separated by commas.")] = "",
    country: CountryOption = None,
    ordinance: OrdinanceOption = "clearance",
    width_quantile: QuantileOption = 0.5,
) -> None:
    """Write every stretch of street with its width, and for each vehicle whether and why it may pass."""
    from fleetplan.api import vehicle_columns
    from fleetplan.fleet.catalogue import find_vehicles
    from fleetplan.show.files import write_table
    from fleetplan.study.scenarios import load_city

    rules = _rules(ordinance, width_quantile)
    kinds = find_vehicles(name.strip() for name in vehicles.split(",") if name.strip())
    if output.suffix.lower() not in (".csv", ".gpkg"):
        raise InputError.one(
            "streets.ending", str(output), "", "neither .csv nor .gpkg", "name a file that ends in .csv or .gpkg"
        )
    found = load_city(city, country=country)
    frame = found.frame()
    for kind in kinds.values():
        for column, values in vehicle_columns(found, kind, rules=rules).items():
            frame[column] = values
    write_table(frame, output, layer="streets")
    Console().print(f"{len(frame)} stretches written to {escape(str(output))}", highlight=False)


@app.command()
@_command
def table(
    city: CityArgument,
    points: Annotated[Path, typer.Option(metavar="P.csv", help="The places: id,lat,lon.")],
    vehicle: Annotated[str, typer.Option(metavar="TYPE", help="The vehicle type; `fleetplan vehicles` lists them.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The CSV to write: from,to,time_s,distance_m.")],
    country: CountryOption = None,
    ordinance: OrdinanceOption = "clearance",
    width_quantile: QuantileOption = 0.5,
    quiet: Quiet = False,
) -> None:
    """Write times and lengths of the fastest ways between all places for one vehicle; blank where there is none."""
    import numpy as np

    from fleetplan.demand.files import read_stops
    from fleetplan.fleet.catalogue import vehicle as vehicle_of
    from fleetplan.routing.matrix import travel_matrix
    from fleetplan.show.matrices import write_matrix
    from fleetplan.study.scenarios import load_city

    kind, rules = vehicle_of(vehicle), _rules(ordinance, width_quantile)
    places = read_stops(points)
    lat, lon = (np.array([getattr(place, name) for place in places]) for name in ("lat", "lon"))
    with _progress(quiet=quiet) as progress:
        progress("reading the city", 0, 3)
        streets = load_city(city, country=country)
        progress("travel times", 1, 3)
        matrix = travel_matrix(streets, kind, lat=lat, lon=lon, rules=rules)
        progress("writing", 2, 3)
        none = write_matrix(matrix, [place.id for place in places], output)
    far = int((matrix.stretch < 0).sum())
    Console().print(
        f"{len(places)} × {len(places)} pairs written to {escape(str(output))}"
        f"{f', {none} without a way' if none else ''}"
        f"{f'; {far} places have no street near that {kind.name} can reach and leave' if far else ''}",
        soft_wrap=True,
        highlight=False,
    )


@app.command()
@_command
def access(
    city: CityArgument,
    vehicle: Annotated[str, typer.Option("--vehicle", metavar="TYPE", help="The vehicle in question.")],
    against: Annotated[str, typer.Option("--against", metavar="TYPE", help="The vehicle it is held against.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="The map to write, an .html file.")] = None,
    country: CountryOption = None,
    ordinance: OrdinanceOption = "clearance",
    width_quantile: QuantileOption = 0.5,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare two vehicles on every street of a city: kilometres by band and class, and a map of the difference."""
    from fleetplan.fleet.catalogue import find_vehicles
    from fleetplan.show.accesscorners import corners_of
    from fleetplan.show.accessmap import save_access_map
    from fleetplan.show.accesstable import access_document, compare_access, rich_access
    from fleetplan.study.scenarios import load_city
    from fleetplan.writing import canonical_json

    rules = _rules(ordinance, width_quantile)
    kinds = find_vehicles([vehicle, against])
    if vehicle == against:
        raise InputError.one(
            "access.same", "command line", "--against", f"is {against!r} like --vehicle", "name two different vehicles"
        )
    if output is not None and output.suffix.lower() not in (".html", ".htm"):
        raise InputError.one(
            "access.ending",
            str(output),
            "",
            "does not end in .html",
            "name an .html file; `fleetplan streets` writes .csv and .gpkg",
        )
    with _progress(quiet=quiet or as_json) as progress:
        progress("reading streets", 0, 3)
        streets = load_city(city, country=country)
        progress("judging streets", 1, 3)
        comparison = compare_access(streets, kinds[vehicle], kinds[against], rules=rules)
        document = access_document(comparison)
        if output is not None:
            progress("drawing the map", 2, 3)
            save_access_map(comparison, output, corners=corners_of(comparison))
    if as_json:
        sys.stdout.write(canonical_json(document))
        return
    Console().print(rich_access(document))
    if output is not None:
        Console().print(f"written to {escape(str(output))}", soft_wrap=True, highlight=False)


@app.command()
@_command
def verify(
    plan: Annotated[Path, typer.Argument(metavar="PLAN.json", help="A plan file, DIR/plans/FLEET.json.")],
    as_json: AsJson = False,
) -> None:
    """Check a plan file with the independent checker: loads, times, windows, shifts, trips, walks, cost."""
    from fleetplan.planning.documents import read_plan_file
    from fleetplan.planning.verifying import verify as verify_plan

    problem, found = read_plan_file(plan)
    faults = verify_plan(problem, found)
    if as_json:
        _print_json({"faults": [fault.to_dict() for fault in faults], "sound": not faults})
    else:
        for fault in faults:
            Console().print(escape(str(fault)), soft_wrap=True, highlight=False)
        visits = sum(len(trip.visits) for route in found.routes for trip in route.trips)
        state = "sound" if not faults else f"rejected: {len(faults)} fault{'s' if len(faults) != 1 else ''}"
        Console().print(f"{escape(plan.name)} is {state} ({len(found.routes)} routes, {visits} stops)")
    if faults:
        raise typer.Exit(1)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"fleetplan {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del version


if __name__ == "__main__":
    main()
