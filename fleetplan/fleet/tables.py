"""Reading the TOML files of vehicles and costs, the bundled ones and the users' own."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, FiniteFloat, ValidationInfo

from fleetplan.errors import InputError
from fleetplan.figures import Confidence, Figure

UNDATED = "undated"
"""The date of a user's figure that carries none; the day of reading would change the output from run to run."""


class FigureEntry(BaseModel):
    """A figure as a file writes it: a table with its source, or a bare number (then an assumption of that file)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: FiniteFloat
    unit: str | None = None
    source: str
    confidence: Confidence
    date: str = UNDATED

    def figure(self, key: str, *, unit: str) -> Figure:
        """The figure under its key; ``unit`` is what the field is measured in."""
        return Figure(key, self.value, unit, self.source, self.confidence, self.date)


def _entry_of(raw: Any, info: ValidationInfo) -> Any:
    """A bare number as a table: the reader's context names the file it stands in."""
    if isinstance(raw, bool):
        raise ValueError("a number is wanted")
    if not isinstance(raw, (int, float)) and not isinstance(raw, (dict, FigureEntry)):
        raise ValueError("a number, or a table with value, source and confidence, is wanted")
    if isinstance(raw, (int, float)):
        return {"value": raw, "source": f"stated in {(info.context or {}).get('file', 'the file')}", **_STATED}
    return raw


_STATED = {"confidence": "assumption", "date": UNDATED}

Number = Annotated[FigureEntry, BeforeValidator(_entry_of)]
"""A number, or a table with value, unit, source, confidence and date."""


def read_toml(path: Path, *, code: str) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        InputError: the file is absent, unreadable or not TOML (``<code>.absent``, ``.unreadable``, ``.syntax``).
    """
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise InputError.one(f"{code}.absent", str(path), "", "there is no such file", "check the path") from None
    except OSError as error:
        message = f"it cannot be read ({error.strerror or error})"
        raise InputError.one(
            f"{code}.unreadable", str(path), "", message, "check the path and the permissions"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError.one(
            f"{code}.syntax", path.name, "", f"it is not valid TOML: {error}", "mend the line; TOML is UTF-8 text"
        ) from None
