"""How commands run: progress, what is printed where, and errors as messages and exit statuses."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from typer.core import TyperGroup

from fleetplan.errors import Fault, FleetplanError, InputError

_USAGE_ERROR: type[Any] = typer.BadParameter.__mro__[1]
"""click's ``UsageError``, which typer has from click or brings along itself, by version."""


class Commands(TyperGroup):
    """The commands; with ``--json`` a wrong option or a missing argument is a fault on standard output as well."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The commands in the order they were added in; older versions of typer sort them by name."""
        return list(self.commands)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read what stands before the command, and remember whether JSON is asked for behind it."""
        ctx.meta[__name__] = "--json" in args
        with _told_as_json(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Read the command's own options and run it."""
        with _told_as_json(ctx):
            return super().invoke(ctx)


@contextmanager
def _told_as_json(ctx: Any) -> Iterator[None]:
    try:
        yield
    except _USAGE_ERROR as error:
        if ctx.meta[__name__]:
            path = error.ctx.command_path if error.ctx else ctx.command_path
            remedy = f"`{path} --help` tells what it takes"
            fault = Fault("command.usage", "command line", "", error.format_message(), remedy)
            print_json({"faults": [fault.to_dict()]})
        raise


def command(function: Callable[..., None]) -> Callable[..., None]:
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
                print_json({"error": str(error)})
            on_stderr().print(f"[red]failed:[/red] {escape(str(error))}", soft_wrap=True, highlight=False)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            if as_json:
                print_json({"error": "interrupted"})
            on_stderr().print("interrupted; nothing was written")
            raise typer.Exit(130) from None

    return run


def _report(faults: tuple[Fault, ...], *, as_json: bool, what: str | None = None) -> None:
    if as_json:
        print_json({"faults": [fault.to_dict() for fault in faults]})
    console = on_stderr()
    what = what or f"{len(faults)} fault{'s' if len(faults) != 1 else ''} in the input"
    console.print(f"[red]{what}[/red]")
    for fault in faults:
        place = f"{fault.where}: {fault.field}" if fault.field else fault.where
        _print(console, f"  {place}: {fault.message}")
        _print(console, f"    → {fault.remedy}")


def on_stderr() -> Console:
    """The console of progress, notes and faults."""
    return Console(stderr=True)


def say(text: str) -> None:
    """A line of the result, as plain text that is neither wrapped nor read as markup."""
    _print(Console(), text)


def note(texts: Iterable[str]) -> None:
    """What a reader should know beside the result, a line each."""
    for text in texts:
        _print(on_stderr(), f"note: {text}")


def _print(console: Console, text: str) -> None:
    console.print(printable(text), markup=False, emoji=False, soft_wrap=True, highlight=False)


def printable(text: str) -> str:
    """Text from anywhere, so that names from maps and files cannot steer the terminal."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)


def some_of(names: Iterable[str], *, most: int = 5) -> str:
    """The first few of many names, and how many more there are."""
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def print_json(document: Any) -> None:
    """A small document on standard output."""
    sys.stdout.write(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on standard error where that is a terminal, as the callback that the library takes."""
    console = on_stderr()
    if quiet or not console.is_terminal:
        yield lambda text, done, total: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)
        shown = ""

        def show(text: str, done: int, total: int) -> None:
            nonlocal shown
            new, shown = text != shown, text  # drawn at once: what comes next may let no other thread run for a while
            bar.update(task, description=text, completed=done, total=total, refresh=new)

        yield show
