"""Clock times, lengths, weights and speeds as people and OpenStreetMap write them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetplan.units import (
    format_clock,
    parse_clock,
    parse_count,
    parse_length_m,
    parse_speed_kph,
    parse_weight_kg,
)

PARSERS = (parse_length_m, parse_weight_kg, parse_speed_kph, parse_count)


@pytest.mark.parametrize(
    ("text", "metres"),
    [
        ("2", 2.0),
        ("2 m", 2.0),
        ("2.5m", 2.5),
        (" 3,5 ", 3.5),
        ("0,6", 0.6),
        (".5", 0.5),
        ("350 cm", 3.5),
        ("2300mm", 2.3),
        ("2km", 2000.0),
        ("1 mi", 1609.344),
        ("4 metres", 4.0),
        ("6'", 1.8288),
        ("6'0\"", 1.8288),
        ("6' 6\"", 1.9812),
        ("6′6″", 1.9812),
        ("7 ft", 2.1336),
        ("6ft 6in", 1.9812),
        ("12' 6\"", 3.81),
        ('78"', 1.9812),
        ("78 in", 1.9812),
        ("6'6", 1.9812),
        ("３．５ｍ", 3.5),
        ("3メートル", 3.0),
    ],
)
def test_lengths_are_metres_unless_a_unit_says_otherwise(text: str, metres: float) -> None:
    """Every spelling that the wiki shows, mistakes included that still say one thing only."""
    assert parse_length_m(text) == pytest.approx(metres)


@pytest.mark.parametrize(
    "text",
    ["", "narrow", "2;3", "2-3", "~3", "-2", "1,500", "2,500 m", "two", "2 furlong", "6'6'", "1.2.3", "none", "²"],
)
def test_lengths_that_say_nothing_certain_are_not_read(text: str) -> None:
    """A wrong unit is worse than none: a thousands comma, a range, a negative or an unknown unit gives nan."""
    assert math.isnan(parse_length_m(text))


@pytest.mark.parametrize(
    ("text", "kilograms"),
    [
        ("3.5", 3500.0),
        ("7,5 t", 7500.0),
        ("3500 kg", 3500.0),
        ("6000 lbs", 2721.55422),
        ("3 st", 2721.55422),
        ("3 lt", 3048.1407),
        ("60 cwt", 3048.1407),
    ],
)
def test_weights_are_tonnes_unless_a_unit_says_otherwise(text: str, kilograms: float) -> None:
    """``st`` in OpenStreetMap is the short ton of the United States."""
    assert parse_weight_kg(text) == pytest.approx(kilograms)


@pytest.mark.parametrize(
    ("text", "kph"), [("50", 50.0), ("30 mph", 48.28032), ("30mph", 48.28032), ("20 km/h", 20.0), ("6 knots", 11.112)]
)
def test_speeds_are_kilometres_per_hour_unless_a_unit_says_otherwise(text: str, kph: float) -> None:
    """Miles per hour must not be read as kilometres per hour."""
    assert parse_speed_kph(text) == pytest.approx(kph)


@pytest.mark.parametrize("text", ["none", "FI:urban", "signals", "50;30", "30 mhp", ""])
def test_speeds_that_are_no_number_are_not_read(text: str) -> None:
    """They leave the class default in force."""
    assert math.isnan(parse_speed_kph(text))


def test_a_unit_of_the_wrong_kind_is_not_read() -> None:
    """``3 t`` is no length, ``3 m`` no weight, ``3 kg`` no speed and ``2 m`` no number of lanes."""
    assert math.isnan(parse_length_m("3 t"))
    assert math.isnan(parse_weight_kg("3 m"))
    assert math.isnan(parse_speed_kph("3 kg"))
    assert math.isnan(parse_count("2 m"))


@given(st.text(max_size=40))
def test_parsers_never_raise_and_never_give_a_negative_number(text: str) -> None:
    """Tags are written by anybody."""
    for parse in PARSERS:
        value = parse(text)
        assert math.isnan(value) or value >= 0


@given(st.floats(0.1, 60).map(lambda value: round(value, 2)), st.sampled_from(["", " m", "m", " metres"]))
def test_decimal_comma_and_point_say_the_same(value: float, unit: str) -> None:
    """Two decimals with a comma are a decimal comma, whatever the unit's spelling."""
    text = f"{value:.2f}{unit}"
    assert parse_length_m(text) == parse_length_m(text.replace(".", ",")) == pytest.approx(value)


@given(st.integers(1, 15), st.integers(0, 11))
def test_feet_and_inches_add_up(feet: int, inches: int) -> None:
    """All spellings of feet and inches agree with inches alone."""
    metres = pytest.approx((12 * feet + inches) * 0.0254)
    for text in (f"{feet}'{inches}\"", f"{feet}' {inches}\"", f"{feet} ft {inches} in", f'{12 * feet + inches}"'):
        assert parse_length_m(text) == metres


@given(st.integers(0, 47 * 60 + 59))
def test_clock_times_survive_a_round_trip(minutes: int) -> None:
    """Shifts may end on the next day, up to 47:59."""
    assert parse_clock(format_clock(60 * minutes)) == 60 * minutes


@pytest.mark.parametrize("text", ["8", "8:60", "48:00", "-1:00", "08:00:00", "", "noon"])
def test_what_is_no_clock_time_is_refused(text: str) -> None:
    """With the text in the message."""
    with pytest.raises(ValueError, match="is not a time"):
        parse_clock(text)
