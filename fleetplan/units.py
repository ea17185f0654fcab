"""Units of the clock and of measures, as people and OpenStreetMap write them."""

from __future__ import annotations

import math
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


_NUMBER = r"(\d+(?:[.,]\d+)?|[.,]\d+)"
_FEET_INCHES = re.compile(rf"{_NUMBER}\s*(?:'|ft|feet|foot)(?:\s*{_NUMBER}\s*(?:\"|''|in|inch|inches)?)?")
_VALUE_UNIT = re.compile(rf"{_NUMBER}\s*([a-z/'\"]*)\.?")
_QUOTES = str.maketrans({"′": "'", "’": "'", "‘": "'", "´": "'", "″": '"', "”": '"', "“": '"'})

_FULL_WIDTH = {0xFF01 + row: 0x21 + row for row in range(93)}  # ！ to ｝ of Japanese keyboards; ～ is left as it is

FOOT_M = 0.3048
INCH_M = 0.0254
_METRES = {
    "": 1.0,
    "m": 1.0,
    "metre": 1.0,
    "metres": 1.0,
    "meter": 1.0,
    "meters": 1.0,
    "cm": 0.01,
    "mm": 0.001,
    "km": 1000.0,
    "mi": 1609.344,
    "yd": 0.9144,
    '"': INCH_M,
    "''": INCH_M,
    "in": INCH_M,
    "inch": INCH_M,
    "inches": INCH_M,
}
_KILOGRAMS = {
    "": 1000.0,
    "t": 1000.0,
    "tonne": 1000.0,
    "tonnes": 1000.0,
    "kg": 1.0,
    "lb": 0.45359237,
    "lbs": 0.45359237,
    "st": 907.18474,
    "lt": 1016.0469088,
    "cwt": 50.80234544,
}
_KPH = {"": 1.0, "km/h": 1.0, "kmh": 1.0, "kph": 1.0, "mph": 1.609344, "knots": 1.852}


def parse_length_m(text: str) -> float:
    """Metres of a length as OpenStreetMap writes it, or ``nan`` when it cannot be read for certain.

    Metres unless a unit is given: ``2``, ``2 m``, ``3,5``, ``350 cm``, ``6'0"``, ``6' 6"``, ``6'6``, ``7 ft``,
    ``6ft 6in``, ``３．５ｍ``, ``3メートル``. ``1,500`` is not read: it may be one and a half or fifteen hundred.
    """
    clean = _clean(text)
    match = _FEET_INCHES.fullmatch(clean)
    if match is not None:
        feet, inches = _number(match[1]), _number(match[2]) if match[2] else 0.0
        return feet * FOOT_M + inches * INCH_M
    return _scaled(clean, _METRES)


def parse_weight_kg(text: str) -> float:
    """Kilograms of a weight as OpenStreetMap writes it, or ``nan``.

    Tonnes unless a unit is given: ``3.5``, ``7,5 t``, ``3500 kg``, ``6000 lbs``, ``3 st`` (short tons), ``cwt``.
    """
    return _scaled(_clean(text), _KILOGRAMS)


def parse_speed_kph(text: str) -> float:
    """Kilometres per hour of a speed limit that is a number, or ``nan``: ``50``, ``30 mph``, ``6 knots``."""
    return _scaled(_clean(text), _KPH)


def parse_count(text: str) -> float:
    """A plain number without a unit, such as a number of lanes, or ``nan``."""
    return _scaled(_clean(text), {"": 1.0})


def _clean(text: str) -> str:
    """Lower case, plain quotes, and the full-width digits and letters of Japanese keyboards as plain ones."""
    text = text.strip().translate(_QUOTES)
    if not text.isascii():
        text = text.translate(_FULL_WIDTH).replace("メートル", "m")
    return text.lower()


def _scaled(text: str, units: dict[str, float]) -> float:
    match = _VALUE_UNIT.fullmatch(text)
    if match is None or match[2] not in units:
        return math.nan
    return _number(match[1]) * units[match[2]]


def _number(text: str) -> float:
    """A decimal number with point or comma; ``nan`` where the comma may part thousands (``1,500``)."""
    if "," in text and len(text.split(",")[1]) == 3:
        return math.nan
    return float(text.replace(",", "."))
