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
from fleetplan.units import LAST_CLOCK_S, format_clock, parse_clock

REQUIRED = ("id", "lat", "lon")
OPTIONAL = ("name", "parcels", "demand_kg", "volume_m3", "service_min", "window_start", "window_end")
RARE = (
    "windows", "late_until", "late_price_per_h", "collect_parcels", "collect_kg", "collect_m3", "ready", "priority",
    "vehicles", "not_vehicles", "unserved_price_per_parcel",
)  # fmt: skip
"""Columns that are written only where some stop uses them."""
COLUMNS = REQUIRED + OPTIONAL + RARE

_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")
_SECONDS = re.compile(r"(\d{1,2}:\d{2}):00(\.0+)?")
_SPAN = re.compile(r"([\d:.]+)\s*[-–]\s*([\d:.]+)")
_SEPARATOR = ";"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST_ID = 100

_LIMITS: Mapping[str, tuple[float, float, str]] = {
    "lat": (-90.0, 90.0, "give degrees from −90 to 90; are lat and lon swapped?"),
    "lon": (-180.0, 180.0, "give degrees from −180 to 180; are lat and lon swapped?"),
    "parcels": (1.0, 100_000.0, "give a whole number of at least 1, or leave the cell empty"),
    "demand_kg": (0.0, 1_000_000.0, "give kilograms, 0 or more, or leave the cell empty"),
    "volume_m3": (0.0, 100_000.0, "give cubic metres, 0 or more, or leave the cell empty"),
    "service_min": (0.0, 24.0 * 60.0, "give minutes from 0 to 1440, or leave the cell empty"),
    "late_price_per_h": (0.0, 1e9, "give money per hour late, 0 or more, or leave the cell empty"),
    "collect_parcels": (0.0, 100_000.0, "give a whole number, or leave the cell empty"),
    "collect_kg": (0.0, 1_000_000.0, "give kilograms, 0 or more, or leave the cell empty"),
    "collect_m3": (0.0, 100_000.0, "give cubic metres, 0 or more, or leave the cell empty"),
    "priority": (0.0, 9.0, "give a whole number from 0 to 9, or leave the cell empty"),
    "unserved_price_per_parcel": (0.0, 1e9, "give money, 0 or more, or leave the cell empty"),
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
        collected = self._collected(row, where)
        parcels = self._number(row, "parcels", where, whole=True, low=0.0 if collected and collected[0] else None)
        weight = self._number(row, "demand_kg", where)
        volume = self._number(row, "volume_m3", where)
        minutes = self._number(row, "service_min", where)
        windows = self._windows(row, where)
        late = self._lateness(row, where, windows)
        ready_s = self._clock(row, "ready", where)
        priority = self._number(row, "priority", where, whole=True)
        vehicles, not_vehicles = self._types(row, where)
        price = self._number(row, "unserved_price_per_parcel", where)
        only_collects = collected is not None and collected[0] > 0 and parcels in (None, 0.0)
        if only_collects and parcels == 0 and (weight or volume):
            message = "no parcel is delivered, yet there is a load to deliver"
            self._fault("load", where, "parcels", message, "give the number of parcels, or no demand_kg and volume_m3")
        if len(self.faults) > before or stop_id is None or lat is None or lon is None or collected is None:
            return None
        count = 1 if parcels is None else int(parcels)
        if only_collects and not (weight or volume):
            count, weight, volume = 0, 0.0, 0.0
        elif parcels is None and weight is None and volume is None:
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
            service_s=service_seconds(count + collected[0]) if minutes is None else round_half_up(minutes * 60),
            window_s=windows[0] if windows else None,
            later_windows_s=windows[1:],
            late_until_s=late[0],
            late_price_per_h=late[1],
            collect_parcels=collected[0],
            collect_kg=collected[1],
            collect_m3=collected[2],
            ready_s=ready_s,
            priority=int(priority or 0),
            vehicles=vehicles,
            not_vehicles=not_vehicles,
            unserved_price_per_parcel=price,
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
        self,
        row: Mapping[str, Any],
        field: str,
        where: str,
        *,
        needed: bool = False,
        whole: bool = False,
        low: float | None = None,
    ) -> float | None:
        least, high, remedy = _LIMITS[field]
        low = least if low is None else low
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

    def _clock(self, row: Mapping[str, Any], field: str, where: str) -> int | None:
        """The second of a cell; ``None`` for an empty one and, with a fault, for one that is no time."""
        raw = row.get(field)
        return None if is_blank(raw) else self._second(str(raw), field, where)

    def _second(self, raw: str, field: str, where: str) -> int | None:
        text = raw.strip()
        with_seconds = _SECONDS.fullmatch(text)
        try:
            return parse_clock(with_seconds[1] if with_seconds else text)
        except ValueError:
            self._fault("clock", where, field, f"{text[:40]!r} is not a time", "write HH:MM, from 00:00 to 47:59")
            return None

    def _windows(self, row: Mapping[str, Any], where: str) -> tuple[tuple[int, int], ...]:
        """All windows of a stop in order; none for the whole shift, and none with a fault."""
        one = not is_blank(row.get("window_start")) or not is_blank(row.get("window_end"))
        raw = row.get("windows")
        if is_blank(raw):
            window = self._window(row, where) if one else None
            return () if window is None else (window,)
        if one:
            message = "the windows are given twice, here and in window_start and window_end"
            self._fault("window", where, "windows", message, "use either this column or those two")
            return ()
        return self._listed_windows(str(raw), where)

    def _listed_windows(self, text: str, where: str) -> tuple[tuple[int, int], ...]:
        remedy = "write spans such as 09:00-11:00;15:00-17:00"
        found: list[tuple[int, int]] = []
        for part in filter(None, (part.strip() for part in text.split(_SEPARATOR))):
            span = _SPAN.fullmatch(part)
            if span is None:
                self._fault("window", where, "windows", f"{part[:40]!r} is not a span of time", remedy)
                return ()
            opens, closes = (self._second(side, "windows", where) for side in span.groups())
            if opens is None or closes is None:
                return ()
            if closes < opens:
                message, hint = f"{part!r} ends before it starts", "after midnight hours go on counting (25:30)"
                self._fault("window", where, "windows", message, hint)
                return ()
            found.append((opens, closes))
        joined: list[tuple[int, int]] = []
        for opens, closes in sorted(found):
            if joined and opens < joined[-1][1]:
                message = f"{format_clock(opens)}-{format_clock(closes)} overlaps the window before it"
                self._fault("window", where, "windows", message, "write overlapping windows as one")
                return ()
            if joined and opens == joined[-1][1]:
                joined[-1] = (joined[-1][0], closes)
            else:
                joined.append((opens, closes))
        return tuple(joined)

    def _window(self, row: Mapping[str, Any], where: str) -> tuple[int, int] | None:
        before = len(self.faults)
        start, end = (self._clock(row, field, where) for field in ("window_start", "window_end"))
        if len(self.faults) > before:
            return None
        window = (0 if start is None else start, LAST_CLOCK_S if end is None else end)
        if window[1] < window[0]:
            message = "the window ends before it starts"
            remedy = "swap the times; after midnight hours go on counting (25:30)"
            self._fault("window", where, "window_end", message, remedy)
            return None
        return window

    def _lateness(
        self, row: Mapping[str, Any], where: str, windows: tuple[tuple[int, int], ...]
    ) -> tuple[int | None, float | None]:
        """Until when, and at what price an hour, service may start late."""
        before = len(self.faults)
        until_s = self._clock(row, "late_until", where)
        price = self._number(row, "late_price_per_h", where)
        windowed = any(not is_blank(row.get(field)) for field in ("windows", "window_start", "window_end"))
        if len(self.faults) > before or (until_s is None and price is None):
            return None, None
        if price is None:
            message = "lateness has no price"
            self._fault("late", where, "late_price_per_h", message, "give money per hour late; 0 if it is free")
        elif not windowed:
            message = "without a window nothing is late"
            self._fault("late", where, "late_price_per_h", message, "give the stop a window, or leave the cell empty")
        elif until_s is not None and windows and until_s < windows[-1][1]:
            message = f"{format_clock(until_s)} is before the last window closes"
            self._fault("late", where, "late_until", message, "write a later time, or leave the cell empty")
        return until_s, price

    def _collected(self, row: Mapping[str, Any], where: str) -> tuple[int, float, float] | None:
        """Parcels, kg and m³ collected; a load without a number is one parcel. ``None`` with a fault."""
        before = len(self.faults)
        parcels = self._number(row, "collect_parcels", where, whole=True)
        weight = self._number(row, "collect_kg", where)
        volume = self._number(row, "collect_m3", where)
        if len(self.faults) > before:
            return None
        if parcels == 0 and (weight or volume):
            message = "no parcel is collected, yet there is a load to collect"
            self._fault("load", where, "collect_parcels", message, "give the number, or leave the other cells empty")
            return None
        if not (parcels or weight or volume):
            return 0, 0.0, 0.0
        count = int(parcels or 1)
        default_kg, default_m3 = parcel_load(count)
        return count, default_kg if weight is None else weight, default_m3 if volume is None else volume

    def _types(self, row: Mapping[str, Any], where: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Vehicle types that alone may serve the stop, and those that may not."""
        only, never = (
            tuple(dict.fromkeys(filter(None, (part.strip() for part in _clean(row.get(field)).split(_SEPARATOR)))))
            for field in ("vehicles", "not_vehicles")
        )
        both = sorted({*only} & {*never})
        if both:
            message = f"{both[0][:64]!r} is named as allowed too"
            self._fault("vehicles", where, "not_vehicles", message, "name it in one of the two columns")
        return only, never


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
