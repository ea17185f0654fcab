"""Errors, faults and refusals: what went wrong, where, and how to mend it.

The tree of exceptions::

    FleetplanError
    ├── InputError      the user's data or settings have faults (exit status 2)
    │   └── CityError   a city file or graph cannot be read or holds no usable street
    └── PlanningError   the solver returned something the checker rejects, or failed (exit status 1)

A :class:`Fault` is one thing wrong with an input. All faults that can be found are gathered and raised once.
A :class:`Refusal` is no error: it says, as data, why a vehicle type cannot serve a stop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input.

    ``code`` is a stable identifier (``stops.negative``), ``where`` the file and row or the place in a
    scenario (``stops.csv row 17``), ``field`` the column or key (may be empty), ``message`` what is wrong
    and ``remedy`` how to mend it.
    """

    code: str
    where: str
    field: str
    message: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.where}: {self.field}" if self.field else self.where
        return f"{place}: {self.message} – {self.remedy}"

    def to_dict(self) -> dict[str, str]:
        """The fault as the JSON object of the command line."""
        return {
            "code": self.code,
            "where": self.where,
            "field": self.field,
            "message": self.message,
            "remedy": self.remedy,
        }


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a vehicle type cannot serve a stop, as data that planning passes on without understanding it.

    ``code`` is stable (``too_heavy``, ``beyond_walk`` …), ``text`` a sentence for people, ``data`` the
    figures behind it (JSON values only).
    """

    code: str
    text: str
    data: Mapping[str, Any] = field(default_factory=dict)


class FleetplanError(Exception):
    """Every error that fleetplan raises on purpose."""


class InputError(FleetplanError):
    """The input has faults; all that were found are in :attr:`faults`."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

    @classmethod
    def one(cls, code: str, where: str, field: str, message: str, remedy: str) -> Self:
        """An error of a single fault."""
        return cls([Fault(code, where, field, message, remedy)])


class CityError(InputError):
    """A city cannot be read, or holds no street that a vehicle may use."""


class PlanningError(FleetplanError):
    """A plan could not be made, or the checker rejected it. Nothing unchecked is ever returned."""


def faults_of_validation(
    errors: Iterable[Mapping[str, Any]], *, where: str, code: str, remedies: Mapping[str, str] | None = None
) -> list[Fault]:
    """Faults from the ``.errors()`` of a pydantic ``ValidationError``, addressed by path.

    ``remedies`` maps a field's name to its remedy; other fields get a general one.
    """
    faults = []
    for error in errors:
        path = ".".join(str(part) for part in error["loc"])
        leaf = next((str(p) for p in reversed(error["loc"]) if isinstance(p, str)), "")
        remedy = (remedies or {}).get(leaf, "correct the value; the README lists what this field takes")
        message = "is empty" if error["type"] == "too_short" else str(error["msg"]).removeprefix("Value error, ")
        if error.get("type") not in ("missing", "extra_forbidden", "too_short") and "input" in error:
            message = f"{message} (it is {error['input']!r:.60})"
        faults.append(Fault(f"{code}.{error.get('type', 'invalid')}", where, path, message, remedy))
    return faults
