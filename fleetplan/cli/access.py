"""The command that holds two vehicles against each other on every street."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from fleetplan.cli.options import (
    AsJson,
    CityArgument,
    CountryOption,
    OrdinanceOption,
    QuantileOption,
    Quiet,
    VehicleOption,
    check_city,
    check_output,
    option_fault,
    rules_of,
    together,
    vehicles_of,
)
from fleetplan.cli.running import progress_bar, say
from fleetplan.errors import InputError


def access(
    city: CityArgument,
    vehicle: VehicleOption,
    against: Annotated[str, typer.Option("--against", metavar="TYPE", help="The vehicle it is held against.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="The map to write, an .html file.")] = None,
    country: CountryOption = None,
    ordinance: OrdinanceOption = "clearance",
    width_quantile: QuantileOption = 0.5,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare where two vehicles may pass, as table and map.

    Kilometres of street by band (free, tight, too narrow, by rule) and class for each vehicle; with -o a map of the
    difference that opens in a browser without a network.
    """
    from fleetplan.show.accesscorners import corners_of
    from fleetplan.show.accessmap import save_access_map
    from fleetplan.show.accesstable import access_document, compare_access, rich_access
    from fleetplan.study.scenarios import load_city
    from fleetplan.writing import canonical_json

    def differ() -> None:
        if vehicle == against:
            message, remedy = f"is {against!r} like --vehicle", "name two different vehicles"
            raise InputError([option_fault("access.same", "--against", message, remedy)])

    one, other, rules, *_ = together(
        lambda: vehicles_of([vehicle], "--vehicle"),
        lambda: vehicles_of([against], "--against"),
        lambda: rules_of(ordinance, width_quantile),
        differ,
        lambda: check_city(city),
        lambda: check_output(output, ".html", ".htm"),
    )
    with progress_bar(quiet=quiet or as_json) as progress:
        progress("reading streets", 0, 3)
        streets = load_city(city, country=country)
        progress("judging streets", 1, 3)
        comparison = compare_access(streets, one[vehicle], other[against], rules=rules)
        document = access_document(comparison)
        if output is not None:
            progress("drawing the map", 2, 3)
            save_access_map(comparison, output, corners=corners_of(comparison))
    if as_json:
        sys.stdout.write(canonical_json(document))
        return
    Console().print(rich_access(document))
    if output is not None:
        say(f"written to {output}")
