"""The command that tells what became of one stop, and why."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from fleetplan.cli.options import AsJson
from fleetplan.cli.running import printable, say

if TYPE_CHECKING:
    from fleetplan.planning.explaining import Explanation


def explain(
    plan: Annotated[Path, typer.Argument(metavar="PLAN.json", help="A plan file, DIR/plans/FLEET.json.")],
    stop: Annotated[str, typer.Option("--stop", metavar="ID", help="The stop's id, as in stops.csv.")],
    as_json: AsJson = False,
) -> None:
    """Tell why a plan leaves a stop out, or why this vehicle serves it.

    Tries the stop alone and at every place of the plan, for every vehicle type, from the file alone.
    """
    from fleetplan.planning.explaining import explain as explain_stop
    from fleetplan.planning.reading import read_plan_file
    from fleetplan.writing import canonical_json

    problem, found = read_plan_file(plan)
    answer = explain_stop(problem, found, stop)
    names = problem.labels.get("names")
    name = str(names.get(stop) or "") if isinstance(names, dict) else ""
    if as_json:
        document = {**answer.to_dict(), "name": name, "currency": problem.labels.get("currency")}
        sys.stdout.write(canonical_json(document))
        return
    _show(answer, name)


def _show(answer: Explanation, name: str) -> None:
    from rich.table import Table
    from rich.text import Text

    title = f"{answer.stop} ({name})" if name else answer.stop
    say(f"{title} is {f'served by {answer.route}' if answer.route is not None else 'left out'}")
    if answer.route is None:
        say(f"  {answer.text}")
    table = Table("vehicle", "verdict", "why", box=None, header_style="bold", pad_edge=False)
    for kind, told in sorted(answer.by_type.items()):
        table.add_row(*(Text(printable(cell)) for cell in (kind, told.code, told.text)))
    Console().print(table)
