"""When an opening-hours text holds during a shift, minute by minute over a year of working days.

The texts follow the opening-hours specification of the OpenStreetMap wiki and are read by ``opening-hours-py``. No
holiday calendar is given to it, so ``PH`` and ``SH`` never hold; the sun rises at 07:00 and sets at 19:00, as that
library assumes for a place it is not told.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from opening_hours import OpeningHours, State

YEAR = 2026
"""The year whose working days stand for all: fixed, so that the same city gives the same answer on any day."""

_LONGEST_TEXT = 255  # no value of OpenStreetMap is longer
_DAY = 24 * 60
_FIRST = datetime(YEAR, 1, 1)
_DAYS = (datetime(YEAR + 1, 1, 1) - _FIRST).days
_MINUTES = (_DAYS + 2) * _DAY  # a shift of the last day may run on into the next night
_WORKING = np.array([day for day in range(_DAYS) if (_FIRST + timedelta(days=day)).weekday() < 5], dtype=np.int64)


class Shift(NamedTuple):
    """A shift in whole minutes after midnight, its end left out."""

    start_min: int
    end_min: int


class Held(NamedTuple):
    """Whether a text holds, ``bool[working days, minutes of the shift]``: perhaps, and for certain."""

    perhaps: NDArray[np.bool_]
    surely: NDArray[np.bool_]


def shift_of(start_s: float, end_s: float) -> Shift:
    """Whole minutes that cover a shift, at least one, within the two days that a shift may touch."""
    start = min(max(int(start_s // 60), 0), 2 * _DAY - 1)
    return Shift(start, min(max(int(-(-end_s // 60)), start + 1), 2 * _DAY))


@lru_cache(maxsize=4096)
def is_readable(text: str) -> bool:
    """The text follows the specification of opening hours."""
    return _parsed(text) is not None


@lru_cache(maxsize=32)
def held(text: str, shift: Shift) -> Held:
    """When a readable text holds during a shift that begins on any Monday to Friday of :data:`YEAR`.

    Rules with a comment (``"by permit"``) and those marked ``unknown`` hold perhaps.
    """
    hours = _parsed(text)
    perhaps, surely = np.zeros(_MINUTES, dtype=np.bool_), np.zeros(_MINUTES, dtype=np.bool_)
    if hours is not None:
        for begin, end, state, comment in hours.intervals(_FIRST, _FIRST + timedelta(minutes=_MINUTES)):
            if state == State.CLOSED:
                continue
            part = slice(_minute(begin), _MINUTES if end is None else _minute(end))
            perhaps[part] = True
            surely[part] = state == State.OPEN and not comment
    at = (_WORKING * _DAY)[:, None] + np.arange(shift.start_min, shift.end_min)
    return Held(perhaps[at], surely[at])


def _minute(moment: datetime) -> int:
    return int((moment - _FIRST).total_seconds() // 60)


def _parsed(text: str) -> OpeningHours | None:
    if not text.strip() or len(text) > _LONGEST_TEXT or not text.isprintable():
        return None
    try:
        return OpeningHours(text)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # a panic of the library's Rust code is no Exception
        return None
