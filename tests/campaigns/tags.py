"""Every tag value of the shared extracts and many made-up ones: ``python -m tests.campaigns.tags --n 10000 --seed 1``.

Each parser must read a value within plausible bounds or count it as unreadable: no exception, no wrong unit. Printed
is per parser how many values of the extracts and how many made-up ones were tried and how many were unreadable.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import osmium

from fleetplan.city.classes import AccessTag, Barrier, Highway, Parking
from fleetplan.city.conditions import clauses_of
from fleetplan.city.hours import held, is_readable, shift_of
from fleetplan.city.points import POINT_HIGHWAYS, POINT_KEYS, NodeFacts, Serves, read_node
from fleetplan.city.relations import Turns
from fleetplan.city.tags import NODE_LIMIT_KEYS, StreetFacts, read_street
from fleetplan.city.timed import TimedRule
from fleetplan.city.widths import read_width, width_pack

ROOT = Path(__file__).resolve().parent.parent.parent
SHIFTS = (shift_of(8 * 3600, 18 * 3600), shift_of(20 * 3600, 30 * 3600))
LONGEST = 255
"""Signs of a value in OpenStreetMap, at most."""


@dataclass
class Tally:
    """What happened to one parser's values."""

    mapped: int = 0
    made_up: int = 0
    unreadable: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Parser:
    """Tags that are read in one way.

    ``check`` reads a value of a key and returns whether it was understood; it raises ``AssertionError`` where the
    value was read out of bounds. ``make`` invents a value.
    """

    name: str
    keys: tuple[str, ...]
    check: Callable[[str, str], bool]
    make: Callable[[random.Random], str]


def run(n: int, *, seed: int, mapped: Iterable[tuple[str, str]] = ()) -> dict[str, Tally]:
    """Tries the given (key, value) pairs and ``n`` made-up values per parser."""
    chance = random.Random(seed)
    by_key: dict[str, list[str]] = {}
    for key, value in mapped:
        by_key.setdefault(key, []).append(value)
    tallies = {}
    for parser in PARSERS:
        tally = tallies[parser.name] = Tally()
        for key in parser.keys:
            for value in by_key.get(key, ()):
                tally.mapped += 1
                _try(parser, key, value, tally)
        for number in range(n):
            tally.made_up += 1
            _try(parser, parser.keys[number % len(parser.keys)], parser.make(chance)[:LONGEST], tally)
    return tallies


def _try(parser: Parser, key: str, value: str, tally: Tally) -> None:
    try:
        tally.unreadable += not parser.check(key, value)
    except Exception as error:
        tally.wrong.append(f"{parser.name}: {key}={value!r}: {error!r}")


def mapped_values(folder: Path) -> set[tuple[str, str]]:
    """Every distinct tag of streets, of nodes that matter to them and of restrictions in the extracts of a folder."""
    found: set[tuple[str, str]] = set()
    node_keys = {*POINT_KEYS, *NODE_LIMIT_KEYS}
    for path in sorted(folder.glob("*.osm.pbf")):
        wanted = osmium.filter.KeyFilter("highway", "type", *node_keys)
        for item in osmium.FileProcessor(str(path)).with_filter(wanted):
            tags = dict(item.tags)
            street = item.is_way() and "highway" in tags
            point = item.is_node() and (node_keys & tags.keys() or tags.get("highway") in POINT_HIGHWAYS)
            turn = item.is_relation() and tags.get("type", "").startswith("restriction")
            if street or point or turn:
                found.update(tags.items())
    return found


def _facts(key: str, value: str) -> StreetFacts:
    return read_street({"highway": "residential", key: value})


def _limit(column: str, least: float, most: float) -> Callable[[str, str], bool]:
    """A column of streets is unknown or within bounds; a value joined to a unit is right in that unit."""

    def check(key: str, value: str) -> bool:
        facts = _facts(key, value)
        number = getattr(facts, column)
        assert math.isnan(number) or least < number <= most, number
        expected = _exact(value, column)
        assert math.isnan(number) or expected is None or math.isclose(number, expected, rel_tol=1e-6), number
        return not facts.unknown

    return check


_UNITS = {
    "metres": {"": 1.0, " m": 1.0, "m": 1.0, " cm": 0.01, "'": 0.3048, " ft": 0.3048, '"': 0.0254, " in": 0.0254},
    "kilograms": {"": 1000.0, " t": 1000.0, "t": 1000.0, " kg": 1.0, " lbs": 0.45359237, " st": 907.18474},
    "kph": {"": 1.0, " km/h": 1.0, " mph": 1.609344, "mph": 1.609344, " knots": 1.852},
}
_MEASURES = {"maxspeed_kph": "kph", "maxweight_kg": "kilograms", "maxaxleload_kg": "kilograms"}


def _exact(value: str, column: str) -> float | None:
    """What a plain number with a unit is, worked out apart from the parsers; ``None`` for anything else."""
    digits = value.rstrip("abcdefghijklmnopqrstuvwxyz/'\" ")
    try:
        number = float(digits) if digits.replace(".", "", 1).isdecimal() and digits.isascii() else None
    except ValueError:
        return None
    factor = _UNITS[_MEASURES.get(column, "metres")].get(value[len(digits) :])
    return None if number is None or factor is None else number * factor


def _check_lanes(key: str, value: str) -> bool:
    facts = _facts(key, value)
    assert math.isnan(facts.lanes) or 0 < facts.lanes <= 20, facts.lanes
    return not facts.unknown and not math.isnan(facts.lanes)


def _check_access(key: str, value: str) -> bool:
    facts = _facts(key, value)
    for code in (facts.motor_access, facts.motor_forward, facts.motor_backward, facts.hgv_forward, facts.hgv_backward):
        AccessTag(code)
    AccessTag(facts.foot_access)
    return not facts.unknown


def _check_oneway(key: str, value: str) -> bool:
    facts = _facts(key, value)
    assert facts.drivable
    return not facts.unknown


def _check_class(key: str, value: str) -> bool:
    facts = read_street({"highway": "service", key: value})
    Highway(facts.highway)
    assert facts.drivable or not (facts.forward or facts.backward)
    return not facts.unknown


def _check_parking(key: str, value: str) -> bool:
    facts = _facts(key, value)
    Parking(facts.parking_left)
    Parking(facts.parking_right)
    return not facts.unknown


def _check_width(key: str, value: str) -> bool:
    tags = {"highway": "residential", key: value}
    width = read_width(tags, read_street(tags), pack=width_pack(""))
    assert 0 < width.width_lo_m <= width.width_min_m <= width.width_hi_m < 200, width
    assert 0 < width.width_min_m <= width.width_m <= width.road_width_m < 200, width
    return not width.unknown


def _check_conditional(key: str, value: str) -> bool:
    facts = _facts(key, value)
    _decide(rule for _, rule in facts.timed)
    return not facts.unknown


def _decide(rules: Iterable[TimedRule]) -> None:
    for rule in rules:
        for shift in SHIFTS:
            decided = rule.during(shift)
            if rule.strictest_is_highest:
                AccessTag(int(decided))
            else:
                assert decided > 0, decided
                assert decided == math.inf or decided <= (200_000 if rule.column.endswith("_kg") else 200), decided


def _check_hours(_: str, value: str) -> bool:
    clauses_of(f"no @ ({value})")
    if not is_readable(value):
        return False
    for shift in SHIFTS:
        hours = held(value, shift)
        assert (hours.surely <= hours.perhaps).all()
    return True


def _check_point(key: str, value: str) -> bool:
    facts: NodeFacts = read_node({"barrier": "gate", key: value})
    Barrier(facts.barrier)
    for code in (facts.barrier_access, facts.forward_access, facts.backward_access, facts.hgv_access):
        AccessTag(code)
    for code in (facts.signals, facts.stops, facts.give_ways, facts.crossings, facts.calmings):
        Serves(code)
    for number, most in ((facts.barrier_gap_m, 100), (facts.barrier_height_m, 100), (facts.barrier_length_m, 100)):
        assert math.isnan(number) or 0 < number <= most, number
    assert math.isnan(facts.barrier_weight_kg) or 0 < facts.barrier_weight_kg <= 200_000, facts.barrier_weight_kg
    _decide(facts.timed)
    return not facts.unknown


def _check_turn(key: str, value: str) -> bool:
    turns = Turns()
    turns.add(1, {"type": "restriction", key: value}, [("from", "w", 1), ("via", "n", 2), ("to", "w", 3)])
    turns.warnings()
    assert all(turn.applies in (1, 2, 3) for turn in turns.kept)
    return not turns.left_out


def _pick(chance: random.Random, *words: str) -> str:
    return chance.choice(words)


def _number(chance: random.Random) -> str:
    whole = chance.choice((chance.randint(0, 9), chance.randint(0, 60), chance.randint(-9, 9999)))
    tail = _pick(chance, "", "", ".5", ",5", f".{chance.randint(0, 999)}", ",500", "e3", ".5.5")
    return f"{whole}{tail}"


def _noise(chance: random.Random) -> str:
    """Text of any kind, control characters and other scripts included."""
    signs = "abzM 0189.,;:|@()'\"-–～<>=/\\&$%\u202e\u0000\u00a0\t\nßäé米٣½❤𝟛"
    return "".join(chance.choice(signs) for _ in range(chance.randint(0, 12)))


def _noisy(make: Callable[[random.Random], str]) -> Callable[[random.Random], str]:
    """Mostly values of a kind, some of them joined, cut or spoilt."""

    def made(chance: random.Random) -> str:
        value = make(chance)
        match chance.randint(0, 9):
            case 0:
                return _noise(chance)
            case 1:
                at = chance.randint(0, len(value))
                return value[:at] + _noise(chance)[:2] + value[at:]
            case 2:
                return value[: chance.randint(0, len(value))]
            case 3:
                return f"{value};{make(chance)}"
            case _:
                return value

    return made


def _measure(kind: str) -> Callable[[random.Random], str]:
    def made(chance: random.Random) -> str:
        unit = _pick(chance, *_UNITS[kind], " furlongs", " mm", "'6\"", " t", " mph")
        return _pick(chance, f"{_number(chance)}{unit}", "none", "default", "unsigned", f"{_number(chance)}-{unit}")

    return _noisy(made)


def _speed(chance: random.Random) -> str:
    rule = (
        f"{_pick(chance, 'DE', 'JP', 'GB', 'XX', 'fr')}:{_pick(chance, 'urban', 'rural', 'zone30', '20', 'nsl_dual')}"
    )
    unit = _pick(chance, *_UNITS["kph"], " mhp")
    return _pick(chance, f"{_number(chance)}{unit}", rule, "walk", "none", "signals", f"{_number(chance)}|50")


def _access(chance: random.Random) -> str:
    return _pick(chance, "yes", "no", "private", "delivery", "destination", "permit", "unknown", "vip", "yes|no|", "NO")


def _time(chance: random.Random) -> str:
    days = _pick(chance, "", "Mo-Fr ", "Sa,Su ", "PH ", "Jan-Mar ", "SH,Mo ", "week 1-20 ", "Mo[1] ", "2026 Mar 3 ")
    clock = f"{chance.randint(0, 24):02d}:{_pick(chance, '00', '30', '07', '61')}-{chance.randint(0, 27):02d}:00"
    return days + _pick(chance, clock, clock, "sunset-sunrise", "10:00+", "24/7", "off", f"{clock},{clock}")


def _condition(chance: random.Random) -> str:
    name = _pick(chance, "weight", "length", "maxload", "axles", "depth")
    size = f"{name}{_pick(chance, '>', '<=', '=')}{_number(chance)}"
    part = _pick(chance, _time(chance), _time(chance), size, "hgv", "delivery", "wet", "goods,hgv")
    return _pick(chance, part, f"({part})", f"({part} AND {_time(chance)})", f"({part}) and ({size})", f"(({part})")


def _conditional(chance: random.Random) -> str:
    clauses = [
        f"{_pick(chance, 'no', 'no', 'no', 'no', _access(chance), _speed(chance), '-1')} @ {_condition(chance)}"
        for _ in range(chance.choice((1, 1, 2, 3)))
    ]
    return _pick(chance, ";", "; ", "; ", "@").join(clauses)


def _turn(chance: random.Random) -> str:
    kind = _pick(chance, "no_left_turn", "only_straight_on", "no_entry", "give_way", "no_", "only_", "none")
    return _pick(chance, kind, f"{kind} @ {_condition(chance)}", f"{kind} @ {_condition(chance)}; {kind} @ wet")


def _words(*known: str) -> Callable[[random.Random], str]:
    return _noisy(lambda chance: _pick(chance, *known))


_ENTRY = ("access", "vehicle", "motor_vehicle", "motorcar", "goods", "hgv")
_SPEEDS = ("maxspeed", "maxspeed:goods", "maxspeed:forward", "maxspeed:type", "source:maxspeed", "zone:maxspeed")
_SIDES = ("parking:left", "parking:both", "parking:lane:right", "parking:lane:both", "parking:both:restriction")
PARSERS = (
    Parser("maxwidth", ("maxwidth", "maxwidth:physical"), _limit("maxwidth_m", 0, 100), _measure("metres")),
    Parser("maxheight", ("maxheight", "maxheight:physical"), _limit("maxheight_m", 0, 100), _measure("metres")),
    Parser("maxlength", ("maxlength",), _limit("maxlength_m", 0, 100), _measure("metres")),
    Parser("maxweight", ("maxweight", "maxweightrating"), _limit("maxweight_kg", 0, 200_000), _measure("kilograms")),
    Parser("maxaxleload", ("maxaxleload",), _limit("maxaxleload_kg", 0, 200_000), _measure("kilograms")),
    Parser("maxspeed", (*_SPEEDS, "zone:traffic", "maxspeed:lanes"), _limit("maxspeed_kph", 0, 200), _noisy(_speed)),
    Parser(
        "maxspeed:advisory", ("maxspeed:advisory",), _limit("advisory_forward_kph", 0, 200), _measure("kph")
    ),
    Parser("lanes", ("lanes", "lanes:forward", "lanes:backward"), _check_lanes, _noisy(_number)),
    Parser(
        "access",
        (*_ENTRY, "foot", *(f"{key}:{way}" for key in _ENTRY for way in ("forward", "backward", "lanes"))),
        _check_access,
        _noisy(_access),
    ),
    Parser(
        "oneway",
        ("oneway", "oneway:goods", "oneway:motor_vehicle", "junction"),
        _check_oneway,
        _words("yes", "no", "-1", "reversible", "roundabout", "circular", "alternating", "True"),
    ),
    Parser("class", ("highway", "service", "area", "motorroad", "traffic_calming"), _check_class, _words(
        "residential", "service", "footway", "skyway", "alley", "yes", "pedestrian", "emergency_access")),
    Parser("parking", _SIDES, _check_parking, _words(
        "lane", "parallel", "no", "half_on_kerb", "no_stopping", "street_side", "odd", "diagonal")),
    Parser("width", ("width", "width:carriageway", "est_width", "yh:WIDTH"), _check_width, _measure("metres")),
    Parser(
        "conditional",
        tuple(f"{key}:conditional" for key in (*_ENTRY, "motor_vehicle:forward", "oneway", "maxspeed", "maxweight")),
        _check_conditional,
        _noisy(_conditional),
    ),
    Parser("opening hours", ("opening_hours",), _check_hours, _noisy(_time)),
    Parser(
        "barrier",
        ("barrier", "bollard", "locked", *NODE_LIMIT_KEYS, "width", "access", "motor_vehicle:forward", "highway",
         "crossing", "traffic_signals:direction", "direction", "stop", "traffic_calming", "access:conditional"),
        _check_point,
        _noisy(lambda chance: _pick(chance, _access(chance), _number(chance), "gate", "bollard", "rising", "forward",
                                    "traffic_signals", "crossing", "zebra", "minor", _conditional(chance))),
    ),
    Parser(
        "restriction",
        ("restriction", "restriction:hgv", "restriction:goods", "restriction:conditional", "except", "type"),
        _check_turn,
        _noisy(_turn),
    ),
)  # fmt: skip


def main() -> int:
    """Runs the campaign; status 1 when anything raised or was read out of bounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    shared = Path(os.environ.get("FLEETPLAN_TEST_DATA", ROOT.parent / "shared"))
    mapped = mapped_values(shared / "osm") | mapped_values(ROOT / "data")
    if not (shared / "osm").is_dir():
        print(f"no shared extracts at {shared}: the bundled city only", file=sys.stderr)
    tallies = run(arguments.n, seed=arguments.seed, mapped=sorted(mapped))
    print(f"{'parser':<20}{'mapped':>9}{'made up':>9}{'unreadable':>12}{'wrong':>7}")
    for name, tally in tallies.items():
        print(f"{name:<20}{tally.mapped:>9}{tally.made_up:>9}{tally.unreadable:>12}{len(tally.wrong):>7}")
    wrong = [line for tally in tallies.values() for line in tally.wrong]
    for line in wrong[:50]:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
