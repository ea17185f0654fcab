"""Units of the clock and of measures, as people and OpenStreetMap write them."""

from __future__ import annotations

import re

_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)")
LAST_CLOCK_S = 47 * 3600 + 59 * 60


def parse_clock(text: str) -> int:
    """Seconds after midnight of ``HH:MM``, up to ``47:59`` for shifts that end on the next day.

    Raises:
        ValueError: the text is not such a time.
    """
    match = _CLOCK.fullmatch(text.strip())
    if match is None or int(match[1]) > 47:
        raise ValueError(f"{text!r} is not a time of the form HH:MM between 00:00 and 47:59")
    return int(match[1]) * 3600 + int(match[2]) * 60


def format_clock(seconds: float) -> str:
    """``HH:MM`` of seconds after midnight, rounded to the nearest minute."""
    minutes = round(seconds / 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
