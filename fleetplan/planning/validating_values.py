"""What counts as a number, an amount or a span in a problem, for those who look for its faults."""

from __future__ import annotations

import math

import numpy as np

from fleetplan.errors import Fault

LATEST_S = 10**8
"""No clock of a day goes beyond this; it keeps sums of times far from overflow."""

LARGEST = 1e15
"""Prices and loads beyond this lose whole units in floats."""


def is_number(value: object) -> bool:
    """A finite number that is no truth value."""
    return isinstance(value, (int, float, np.number)) and type(value) is not bool and math.isfinite(value)


def is_whole(value: object, least: float, most: float = LATEST_S) -> bool:
    """A whole number from ``least`` to ``most``."""
    return is_number(value) and least <= value <= most and value == int(value)  # type: ignore[operator,call-overload]


def span_of(value: object) -> tuple[int, int] | None:
    """A pair of whole seconds of which the first is not the later, or ``None``."""
    if not (isinstance(value, (tuple, list)) and len(value) == 2):
        return None
    if not all(is_whole(x, -LATEST_S) for x in value) or value[0] > value[1]:
        return None
    return value[0], value[1]


def fault(code: str, where: str, field: str, message: str, remedy: str) -> Fault:
    """A fault of a problem."""
    return Fault(f"problem.{code}", where, field, message, remedy)


def check_amount(
    faults: list[Fault], where: str, field: str, value: object, *, limit: float = LARGEST, finite: bool = True
) -> None:
    """A number from 0 to ``limit``, or infinite where that is allowed."""
    if not finite and value == math.inf:
        return
    if not (is_number(value) and 0 <= value <= limit):  # type: ignore[operator]
        message = f"{value!r:.60} is negative, too large or no number"
        faults.append(fault("amount", where, field, message, f"a number from 0 to {limit:.0e}"))


def check_seconds(faults: list[Fault], where: str, field: str, value: object, *, least: int = 0) -> None:
    """Whole seconds from ``least``."""
    if not is_whole(value, least):
        message = f"{value!r:.60} is no whole number of seconds from {least} to {LATEST_S:.0e}"
        faults.append(fault("amount", where, field, message, f"whole seconds, {least} or more"))


def check_count(faults: list[Fault], where: str, field: str, value: object, *, code: str, least: int) -> None:
    """A whole number from ``least``."""
    if not is_whole(value, least):
        message = f"{value!r:.60} is no whole number from {least}"
        faults.append(fault(code, where, field, message, f"{least} or more, or leave it out"))
