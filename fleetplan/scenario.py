"""Scenario files: one TOML file that says which city, stops, fleets and prices to compare; the library's arguments too.

Paths in a scenario are relative to the scenario's own folder. Every fault of the file is found and raised at once.
"""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from fleetplan.errors import Fault, InputError, faults_of_validation
from fleetplan.units import format_clock, parse_clock

SCHEMA = "fleetplan.scenario/1"
EFFORTS = ("quick", "normal", "thorough")

_REMEDIES = {
    "schema": f'write schema = "{SCHEMA}"',
    "effort": "write quick, normal, thorough or a whole number of steps",
    "bound": "write true or false",
    "paid": "write true or false",
    "ordinance": "write clearance, law or off",
    "start": 'write a time such as "08:00"',
    "end": 'write a time such as "18:00", up to "47:59"',
    "lat": "write the latitude in degrees, -90 to 90",
    "lon": "write the longitude in degrees, -180 to 180",
    "width_quantile": "write a number from 0.05 to 0.95",
    "max": "write a whole number of vehicles, 1 or more, or leave it out for as many as needed",
    "fleets": "add a [fleets] table with at least one fleet of at least one vehicle type",
    "city": "give one of file, place or bbox",
    "stops": 'give file = "stops.csv" or sample = 60',
    "docks": "write how many vehicles can be loaded at once, 1 or more, or leave it out for all",
    "max_stops": "write a whole number of stops, 1 or more, or leave it out for no limit",
    "max_span_h": "write hours from first loading to last return, or leave it out for no limit",
    "shift": 'write two times within [shift] such as ["07:00", "15:00"]',
    "window": 'write two times such as ["11:00", "14:00"]',
    "minutes": "write minutes, above 0 and up to 600",
    "after_h": "write hours from 0 to 48",
    "rest_rules": "name rule sets of data/rests.toml such as JP, or write [[rests]] of your own",
    "limit_h": "write hours of driving, above 0 and up to 48",
    "rest_min": "write minutes, above 0 and up to 600",
}


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("must be a finite number")
    return value


def _clock(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError("must be a time of the form HH:MM in quotes")
    return parse_clock(value)


def _effort(value: Any) -> str | int:
    if value in EFFORTS or (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
        return cast("str | int", value)
    raise ValueError("must be quick, normal, thorough or a whole number of 1 or more")


def _not_empty(entries: tuple[Any, ...]) -> tuple[Any, ...]:
    # min_length would call a list empty whose only entry has a fault
    if not entries:
        raise PydanticCustomError("too_short", "is empty")
    return entries


def _several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Number = Annotated[float, AfterValidator(_finite)]
Clock = Annotated[int, BeforeValidator(_clock)]
Effort = Annotated[str | int, PlainValidator(_effort)]
Minutes = Annotated[Number, Field(gt=0, le=600)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class City(_Table):
    """Where the streets come from: a file (or ``helsinki``), a place, or a box in degrees."""

    file: str | None = None
    place: str | None = None
    bbox: tuple[Number, Number, Number, Number] | None = None
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> City:
        if sum(source is not None for source in (self.file, self.place, self.bbox)) != 1:
            raise ValueError("exactly one of file, place and bbox must be given")
        return self


class Depot(_Table):
    """Where every trip starts and ends."""

    lat: Annotated[Number, Field(ge=-90, le=90)]
    lon: Annotated[Number, Field(ge=-180, le=180)]
    reload_min: Annotated[Number, Field(ge=0, le=600)] = 15.0
    max_trips: Annotated[int, Field(ge=1, le=20)] = 3
    docks: Annotated[int, Field(ge=1, le=100_000)] | None = None


class StopsSource(_Table):
    """A stops file, or a number of stops to sample."""

    file: str | None = None
    sample: Annotated[int, Field(ge=1, le=100_000)] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> StopsSource:
        if (self.file is None) == (self.sample is None):
            raise ValueError("exactly one of file and sample must be given")
        return self


class Shift(_Table):
    """The working day: earliest loading, latest return, and how drivers are paid (by the cost pack when absent)."""

    start: Clock = 8 * 3600
    end: Clock = 18 * 3600
    max_h: Annotated[Number, Field(gt=0, le=48)] | None = None
    paid_min_h: Annotated[Number, Field(ge=0, le=24)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Shift:
        if self.end <= self.start:
            raise ValueError("the shift must end after it starts (a night shift ends at 24:00 or later)")
        return self


class FleetEntry(_Table):
    """A vehicle type of a fleet, in a limited or unlimited number, with limits of its day that others have not."""

    type: Annotated[str, Field(min_length=1)]
    max: Annotated[int, Field(ge=1)] | None = None
    shift: tuple[Clock, Clock] | None = None
    max_span_h: Annotated[Number, Field(gt=0, le=48)] | None = None
    max_stops: Annotated[int, Field(ge=1, le=100_000)] | None = None

    @field_validator("shift")
    @classmethod
    def _in_order(cls, shift: tuple[int, int] | None) -> tuple[int, int] | None:
        if shift is not None and shift[1] <= shift[0]:
            raise ValueError("the shift must end after it starts (a night shift ends at 24:00 or later)")
        return shift


class RestEntry(_Table):
    """A rest of every driver whose day is longer than ``after_h``; it starts within the window."""

    minutes: Minutes
    window: tuple[Clock, Clock] | None = None
    after_h: Annotated[Number, Field(ge=0, le=48)] = 0.0
    paid: bool = False

    @field_validator("window")
    @classmethod
    def _in_order(cls, window: tuple[int, int] | None) -> tuple[int, int] | None:
        if window is not None and window[1] < window[0]:
            raise ValueError("the window must end after it starts")
        return window


class DrivingRuleEntry(_Table):
    """No more than so many hours of driving without a rest of so many minutes."""

    limit_h: Annotated[Number, Field(gt=0, le=48)]
    rest_min: Minutes
    paid: bool = False


class Costs(_Table):
    """Whose prices: a bundled pack (JP, US, demo) or a file."""

    pack: str | None = None
    file: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Costs:
        if self.pack is not None and self.file is not None:
            raise ValueError("give pack or file, not both")
        return self


class VehiclesFile(_Table):
    """The user's own vehicles."""

    file: str


class Settings(_Table):
    """What a scenario and the library's arguments have in common; times in seconds after midnight."""

    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    effort: Effort = "normal"
    max_seconds: Annotated[Number, Field(gt=0)] | None = None
    bound: bool = False
    baseline: str | None = None
    max_walk_m: Annotated[Number, Field(ge=0, le=5000)] = 150.0
    width_quantile: Annotated[Number, Field(ge=0.05, le=0.95)] = 0.5
    ordinance: Literal["clearance", "law", "off"] = "clearance"
    unserved_price_per_parcel: Annotated[Number, Field(ge=0)] | None = None
    depot: Depot
    shift: Shift = Shift()
    rest_rules: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_several)] = ()
    rests: tuple[RestEntry, ...] = ()
    driving_rule: DrivingRuleEntry | None = None
    fleets: Annotated[dict[str, Annotated[tuple[FleetEntry, ...], AfterValidator(_not_empty)]], Field(min_length=1)]

    @field_validator("fleets")
    @classmethod
    def _named(cls, fleets: dict[str, tuple[FleetEntry, ...]]) -> dict[str, tuple[FleetEntry, ...]]:
        for name, entries in fleets.items():
            if not name.strip():
                raise ValueError("a fleet's name is blank")
            types = [entry.type for entry in entries]
            if len(set(types)) < len(types):
                raise ValueError(f"fleet {name!r} names a vehicle type twice")
        return fleets

    @model_validator(mode="after")
    def _known_baseline(self) -> Self:
        if self.baseline is not None and self.baseline not in self.fleets:
            raise ValueError(f"baseline {self.baseline!r} is not one of the fleets {', '.join(sorted(self.fleets))}")
        return self

    @model_validator(mode="after")
    def _shifts_within(self) -> Self:
        start, end = self.shift.start, self.shift.end
        for name, entries in self.fleets.items():
            for entry in entries:
                if entry.shift is not None and not start <= entry.shift[0] < entry.shift[1] <= end:
                    message = f"fleet {name!r}: the shift of {entry.type} reaches beyond [shift]"
                    raise ValueError(f"{message}, {format_clock(start)} to {format_clock(end)}")
        for number, rest in enumerate(self.rests):
            if rest.window is not None and not (rest.window[0] <= end and rest.window[1] >= start):
                message = f"rests.{number}: the window misses the shift"
                raise ValueError(f"{message}, {format_clock(start)} to {format_clock(end)}")
        return self


class Scenario(Settings):
    """A whole scenario file."""

    schema_: Annotated[Literal["fleetplan.scenario/1"], Field(alias="schema")]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    city: City
    stops: StopsSource
    costs: Costs = Costs()
    vehicles: VehiclesFile | None = None


Model = TypeVar("Model", bound=_Table)


def parse_scenario(document: dict[str, Any], *, where: str) -> Scenario:
    """A checked scenario from a parsed TOML document.

    Raises:
        InputError: with every fault of the document.
    """
    return _parse(Scenario, document, where=where, code="scenario")


def parse_settings(document: dict[str, Any], *, where: str) -> Settings:
    """Checked settings from the library's arguments, by the rules of the scenario file.

    Raises:
        InputError: with every fault of the arguments.
    """
    return _parse(Settings, document, where=where, code="settings")


def _parse(model: type[Model], document: dict[str, Any], *, where: str, code: str) -> Model:
    try:
        return model.model_validate(document)
    except ValidationError as error:
        faults = faults_of_validation(error.errors(include_url=False), where=where, code=code, remedies=_REMEDIES)
        raise InputError(faults) from None


def read_scenario(path: Path) -> Scenario:
    """Read and check a scenario file.

    Raises:
        InputError: the file is absent or no TOML, or its content has faults (all at once).
    """
    where = path.name
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError.one(
            "scenario.unreadable", where, "", f"cannot be read: {error.strerror}", "check the path of the scenario file"
        ) from None
    except UnicodeDecodeError:
        raise InputError.one("scenario.encoding", where, "", "is not UTF-8 text", "save the file as UTF-8") from None
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError.one("scenario.toml", where, "", f"is not valid TOML: {error}", "mend the line named") from None
    return parse_scenario(document, where=where)


def absent_files(scenario: Scenario, folder: Path, *, where: str) -> list[Fault]:
    """Faults for the files that a scenario names and that are not there."""
    named = {
        "city.file": scenario.city.file if scenario.city.file != "helsinki" else None,
        "stops.file": scenario.stops.file,
        "costs.file": scenario.costs.file,
        "vehicles.file": scenario.vehicles.file if scenario.vehicles else None,
    }
    return [
        Fault(
            "scenario.absent_file",
            where,
            field,
            f"there is no file {name!r}",
            "write the path relative to the scenario's folder",
        )
        for field, name in named.items()
        if name is not None and not (folder / name).is_file()
    ]
