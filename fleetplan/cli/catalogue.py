"""The command that shows vehicles and where their figures come from."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from fleetplan.cli.options import AsJson, vehicles_of
from fleetplan.cli.running import print_json


def vehicles(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One vehicle, with every source.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the vehicles, or show one with its sources.

    Sizes in metres, payload in kg, hold in m³. An asterisk marks what is an assumption or unverified. The names are
    what scenarios and --vehicle take; a scenario may bring vehicles of its own.
    """
    from fleetplan.fleet import catalogue
    from fleetplan.show.catalogue import catalogue_table, vehicle_document, vehicle_table

    if name is None:
        fleet = catalogue.vehicles()
        if as_json:
            print_json({key: vehicle_document(item) for key, item in fleet.items()})
        else:
            console = Console()
            console.print(catalogue_table(fleet, width=console.width))
        return
    found = vehicles_of([name], "NAME")[name]
    if as_json:
        print_json(vehicle_document(found))
    else:
        Console().print(vehicle_table(found))
