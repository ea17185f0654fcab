"""The cells of one stop's row: text and numbers as people write them, each fault with its place and remedy."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

from fleetplan.demand.handling import parcel_load, round_half_up, service_seconds
from fleetplan.demand.stops import Stop
from fleetplan.errors import Fault
from fleetplan.units import LAST_CLOCK_S, parse_clock

REQUIRED = ("id", "lat", "lon")
OPTIONAL = ("name", "parcels", "demand_kg", "volume_m3", "service_min", "window_start", "window_end")
COLUMNS = REQUIRED + OPTIONAL

_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")
_SECONDS = re.compile(r"(\d{1,2}:\d{2}):00(\.0+)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST_ID = 100

_LIMITS: Mapping[str, tuple[float, float, str]] = {
    "lat": (-90.0, 90.0, "give degrees from −90 to 90; are lat and lon swapped?"),
    "lon": (-180.0, 180.0, "give degrees from −180 to 180; are lat and lon swapped?"),
    "parcels": (1.0, 100_000.0, "give a whole number of at least 1, or leave the cell empty"),
    "demand_kg": (0.0, 1_000_000.0, "give kilograms, 0 or more, or leave the cell empty"),
    "volume_m3": (0.0, 100_000.0, "give cubic metres, 0 or more, or leave the cell empty"),
    "service_min": (0.0, 24.0 * 60.0, "give minutes from 0 to 1440, or leave the cell empty"),
}


class RowReader:
    """Reads rows into stops, gathers the faults, and counts what had to be filled in.

    Args:
        decimal_comma: a single comma inside a number is a decimal comma (files that separate by semicolon or tab).
    """

    def __init__(self, *, decimal_comma: bool) -> None:
        self.faults: list[Fault] = []
        self.without_demand = 0
        self.load_filled = 0
        self._decimal_comma = decimal_comma
        self._seen: dict[str, str] = {}

    def read(self, row: Mapping[str, Any], *, where: str) -> Stop | None:
        """The stop of a row, or ``None`` when the row has faults (which are then in :attr:`faults`)."""
        before = len(self.faults)
        stop_id = self._id(row.get("id"), where)
        lat = self._number(row, "lat", where, needed=True)
        lon = self._number(row, "lon", where, needed=True)
        parcels = self._number(row, "parcels", where, whole=True)
        weight = self._number(row, "demand_kg", where)
        volume = self._number(row, "volume_m3", where)
        minutes = self._number(row, "service_min", where)
        window = self._window(row, where)
        if len(self.faults) > before or stop_id is None or lat is None or lon is None:
            return None
        count = 1 if parcels is None else int(parcels)
        if parcels is None and weight is None and volume is None:
            self.without_demand += 1
        elif weight is None or volume is None:
            self.load_filled += 1
        default_kg, default_m3 = parcel_load(count)
        return Stop(
            id=stop_id,
            lat=lat,
            lon=lon,
            name=_clean(row.get("name")),
            parcels=count,
            demand_kg=default_kg if weight is None else weight,
            volume_m3=default_m3 if volume is None else volume,
            service_s=service_seconds(count) if minutes is None else round_half_up(minutes * 60),
            window_s=window,
        )

    def notes(self) -> tuple[str, ...]:
        """What was filled in, one sentence each."""
        notes = []
        if self.without_demand:
            noun = "stop" if self.without_demand == 1 else "stops"
            notes.append(f"{self.without_demand} {noun} without any demand: one parcel each")
        if self.load_filled:
            noun = "stop" if self.load_filled == 1 else "stops"
            notes.append(f"{self.load_filled} {noun} without kg or m³: filled from the number of parcels")
        return tuple(notes)

    def _fault(self, code: str, where: str, field: str, message: str, remedy: str) -> None:
        self.faults.append(Fault(f"stops.{code}", where, field, message, remedy))

    def _id(self, raw: Any, where: str) -> str | None:
        text = _clean(raw, whole=True).strip()
        if not text:
            self._fault("id", where, "id", "the id is empty", "give every stop an id of its own")
            return None
        if len(text) > _LONGEST_ID or _CONTROL.search(text):
            remedy = f"use at most {_LONGEST_ID} printable signs"
            self._fault("id", where, "id", "the id is too long or holds control characters", remedy)
            return None
        if text in self._seen:
            remedy = "give every stop an id of its own"
            self._fault("duplicate", where, "id", f"{text!r} is already the id of {self._seen[text]}", remedy)
            return None
        self._seen[text] = where
        return text

    def _number(
        self, row: Mapping[str, Any], field: str, where: str, *, needed: bool = False, whole: bool = False
    ) -> float | None:
        low, high, remedy = _LIMITS[field]
        raw = row.get(field)
        if is_blank(raw):
            if needed:
                self._fault("blank", where, field, "the cell is empty", remedy)
            return None
        value = self._parse(raw)
        if value is None or not math.isfinite(value):
            self._fault("number", where, field, f"{str(raw)[:40]!r} is not a number", remedy)
        elif not low <= value <= high:
            code = "range" if field in ("lat", "lon") else "negative" if value < 0 else "range"
            self._fault(code, where, field, f"{value:g} is outside {low:g} to {high:g}", remedy)
        elif whole and value != int(value):
            self._fault("whole", where, field, f"{value:g} is not a whole number", remedy)
        else:
            return value
        return None

    def _parse(self, raw: Any) -> float | None:
        if isinstance(raw, bool):
            return None
        if isinstance(raw, Real):
            return float(raw)
        text = str(raw).strip().replace("−", "-")
        if self._decimal_comma and _DECIMAL_COMMA.fullmatch(text):
            text = text.replace(",", ".")
        if "_" in text:  # float() would read 1_000
            return None
        try:
            return float(text)
        except ValueError:
            return None

    def _window(self, row: Mapping[str, Any], where: str) -> tuple[int, int] | None:
        times: list[int | None] = []
        for field in ("window_start", "window_end"):
            raw = row.get(field)
            if is_blank(raw):
                times.append(None)
                continue
            text = str(raw).strip()
            with_seconds = _SECONDS.fullmatch(text)
            try:
                times.append(parse_clock(with_seconds[1] if with_seconds else text))
            except ValueError:
                message = f"{text[:40]!r} is not a time"
                self._fault("clock", where, field, message, "write HH:MM, from 00:00 to 47:59")
                return None
        start, end = times
        if start is None and end is None:
            return None
        window = (0 if start is None else start, LAST_CLOCK_S if end is None else end)
        if window[1] < window[0]:
            message = "the window ends before it starts"
            remedy = "swap the times; after midnight hours go on counting (25:30)"
            self._fault("window", where, "window_end", message, remedy)
            return None
        return window


def is_blank(raw: Any) -> bool:
    """True for an empty cell of a file and for a missing value of a data frame."""
    if raw is None or (isinstance(raw, float) and math.isnan(raw)):
        return True
    # pandas' own missing values differ from themselves or refuse to say
    if type(raw).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(raw, str) and not raw.strip()


def _clean(raw: Any, *, whole: bool = False) -> str:
    """Text of a cell; a number that stands for an id loses its ``.0``; lone surrogates become ``?``."""
    if raw is None or is_blank(raw):
        return ""
    if whole and isinstance(raw, Real) and not isinstance(raw, Integral) and float(raw).is_integer():
        return str(int(float(raw)))
    return str(raw).encode("utf-8", "replace").decode("utf-8")
