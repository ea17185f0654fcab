"""What several commands take, and what is checked of it before anything long begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from fleetplan.errors import Fault, InputError

if TYPE_CHECKING:
    from fleetplan.fleet.vehicle import Vehicle
    from fleetplan.routing.seams import AccessRules, Ordinance

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress.")]
ScenarioArgument = Annotated[Path, typer.Argument(metavar="SCENARIO.toml", help="The scenario file.")]
CityArgument = Annotated[
    str,
    typer.Argument(
        metavar="CITY",
        help="A city file (.osm, .osm.pbf, .graphml …; `fleetplan fetch` makes one), or the word helsinki (bundled).",
    ),
]
VehicleOption = Annotated[
    str, typer.Option("--vehicle", metavar="TYPE", help="The vehicle type; `fleetplan vehicles` lists them.")
]
OrdinanceOption = Annotated[
    str,
    typer.Option(
        "--ordinance",
        metavar="clearance|law|off",
        help="Japan's Vehicle Restriction Ordinance: streets narrower than it allows are slow (clearance), "
        "closed (law), or it is left out (off).",
    ),
]
QuantileOption = Annotated[
    float,
    typer.Option(
        "--width-quantile",
        metavar="0.05…0.95",
        help="Which end of a width's spread to believe: low takes unmeasured streets for narrow, high for wide.",
    ),
]
CountryOption = Annotated[
    str | None,
    typer.Option(
        "--country", metavar="CODE", help="Two-letter country code, such as JP; found from the location if left out."
    ),
]


def together(*steps: Callable[[], Any]) -> list[Any]:
    """What each step returns.

    Raises:
        InputError: with the faults of all steps.
    """
    answers: list[Any] = []
    faults: list[Fault] = []
    for step in steps:
        try:
            answers.append(step())
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    return answers


def option_fault(code: str, option: str, message: str, remedy: str) -> Fault:
    """A fault of an option on the command line."""
    return Fault(code, "command line", option, message, remedy)


def rules_of(ordinance: str, width_quantile: float) -> AccessRules:
    """The rules of the command line.

    Raises:
        InputError: with every option that is wrong.
    """
    from fleetplan.routing.seams import AccessRules

    faults = []
    if ordinance not in ("clearance", "law", "off"):
        faults.append(
            option_fault("settings.ordinance", "--ordinance", f"is {ordinance!r}", "give clearance, law or off")
        )
    if not 0.05 <= width_quantile <= 0.95:
        faults.append(
            option_fault(
                "settings.width_quantile",
                "--width-quantile",
                f"is {width_quantile:g}",
                "give a number from 0.05 to 0.95",
            )
        )
    if faults:
        raise InputError(faults)
    return AccessRules(cast("Ordinance", ordinance), width_quantile)


def effort_of(text: str | None) -> str | int | None:
    """The effort of the command line.

    Raises:
        InputError: it is none.
    """
    if text is None or text in ("quick", "normal", "thorough"):
        return text
    if text.isdecimal() and int(text) > 0:
        return int(text)
    remedy = "give quick, normal, thorough or a whole number above 0"
    raise InputError([option_fault("settings.effort", "--effort", f"is {text!r}", remedy)])


def vehicles_of(names: list[str], option: str) -> dict[str, Vehicle]:
    """The catalogue's vehicles of these names.

    Raises:
        InputError: one fault of the option for each name that is not there.
    """
    from fleetplan.fleet.catalogue import find_vehicles

    try:
        return find_vehicles(names)
    except InputError as error:
        raise InputError(replace(fault, where="command line", field=option) for fault in error.faults) from None


def check_scenario(path: Path) -> None:
    """Find out at once what is wrong with a scenario file itself, before the files that it names are read.

    Raises:
        InputError: with everything that is.
    """
    from fleetplan.scenario import read_scenario

    if path.is_dir():
        raise InputError.one(
            "scenario.unreadable", str(path), "SCENARIO.toml", "this is a folder", "name a scenario file in it"
        )
    read_scenario(path)


def check_city(city: str) -> None:
    """Find out at once that a city file is absent.

    Raises:
        InputError: it is.
    """
    if city != "helsinki" and not Path(city).is_file():
        message = "this is a folder" if Path(city).is_dir() else "there is no such file"
        remedy = "check the path; CITY is a city file (`fleetplan fetch` makes one) or the word helsinki"
        raise InputError.one("city.absent", city, "CITY", message, remedy)


def check_output(path: Path | None, *endings: str) -> None:
    """Find out before a long run whether a file can be written; without one there is nothing to find out.

    Raises:
        InputError: its ending is none of these (where any are given), it is a folder, or its folder cannot be written.
    """
    from fleetplan.writing import check_folder

    if path is None:
        return
    if endings and path.suffix.lower() not in endings:
        known = " or ".join(endings)
        raise InputError.one(
            "output.ending", str(path), "--output", "this kind cannot be written", f"name a file that ends in {known}"
        )
    if path.is_dir():
        raise InputError.one("output.write", str(path), "--output", "this is a folder", "name a file in it")
    check_folder(path.parent)
