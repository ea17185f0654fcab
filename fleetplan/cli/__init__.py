"""The command line. Standard output holds results; progress, warnings and faults go to standard error.

Exit status: 0 done (unserved stops included), 1 failed, 2 faults in the input, 130 interrupted.

Rooms: ``plans`` (scenarios and plans), ``explaining`` (one stop of a plan), ``catalogue`` (vehicles), ``cities`` (city
files and what is drawn from them), ``access`` (two vehicles on every street); ``options`` holds what several of them
take, ``running`` how they run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from fleetplan import __version__
from fleetplan.cli import access, catalogue, cities, explaining, plans
from fleetplan.cli.running import Commands, command

__all__ = ["app", "main"]

app = typer.Typer(
    name="fleetplan",
    help="Kei trucks, vans or a mix? Plans last-mile fleets on real streets and compares what each costs.",
    epilog="Start with `fleetplan demo`. `fleetplan COMMAND --help` tells what a command takes.",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

_COMMANDS: dict[str, Callable[..., None]] = {  # in the order of --help
    "demo": plans.demo,
    "compare": plans.compare,
    "check": plans.check,
    "verify": plans.verify,
    "explain": explaining.explain,
    "vehicles": catalogue.vehicles,
    "fetch": cities.fetch,
    "stops": cities.stops,
    "access": access.access,
    "streets": cities.streets,
    "table": cities.table,
}
for _name, _function in _COMMANDS.items():
    app.command(_name)(command(_function))


def main() -> None:
    """Entry point of the ``fleetplan`` command."""
    app()


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
