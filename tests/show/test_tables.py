"""The comparison in words: the right verdict, honest marks, and names that cannot dress up."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from rich.console import Console

from fleetplan.show.tables import (
    comparison_rows,
    comparison_table,
    level_with_best,
    limits_lines,
    rich_comparison,
    streets_lines,
    verdict,
)
from fleetplan.study.result import StudyResult
from tests.show import worlds


def document_of(
    study: StudyResult, costs: dict[str, tuple[float, float]], *, comparable: bool = True
) -> dict[str, Any]:
    """The study's document with other totals and noises: ``{fleet: (total, noise)}``."""
    document: dict[str, Any] = copy.deepcopy(dict(study.document))
    document["comparable"] = comparable
    for name, (total, noise) in costs.items():
        figures = document["fleets"][name]
        figures["cost"] = {**figures["cost"], "total": total, "per_parcel": total / 10, "from_assumptions": total / 4}
        figures["seeds"] = {
            "min": total,
            "max": total + noise,
            "spread": noise,
            "costs": [total, total + noise],
            "unserved_parcels": [0, 0],
        }
    document["best"] = min(costs, key=lambda name: costs[name][0]) if comparable else None
    document["baseline"] = "van"
    return document


def render(document: dict[str, Any], width: int = 200) -> str:
    console = Console(width=width, force_terminal=False, color_system=None)
    with console.capture() as capture:
        console.print(rich_comparison(document))
    return capture.get()


def test_verdict_names_the_cheapest_against_the_baseline(town_study: StudyResult) -> None:
    """A clear winner is named with its price and its distance to the baseline."""
    document = document_of(town_study, {"kei": (90, 1), "mixed": (80, 1), "van": (100, 1)})
    assert verdict(document) == "Cheapest: mixed, 80.00 EUR per day, 20% below van."


def test_verdict_names_the_runner_up_when_the_baseline_wins(town_study: StudyResult) -> None:
    """When the baseline itself is cheapest, the next fleet says by how much."""
    document = document_of(town_study, {"kei": (125, 1), "mixed": (150, 1), "van": (100, 1)})
    assert verdict(document) == "Cheapest: van, 100.00 EUR per day; kei costs 25% more."


def test_difference_inside_the_noise_is_level(town_study: StudyResult) -> None:
    """Fleets nearer to the best than the greater spread are level: 3 apart with a noise of 4."""
    document = document_of(town_study, {"kei": (83, 4), "mixed": (80, 1), "van": (100, 1)})
    assert level_with_best(document) == ["kei", "mixed"]
    assert verdict(document).startswith("Level: kei and mixed differ by less than the solver's spread")
    total = comparison_rows(document)[0]
    assert total.best == (True, True, False)


def test_fleets_that_serve_different_stops_are_not_ranked(town_study: StudyResult) -> None:
    """No mark and no winner when the document says that fleets are not comparable."""
    document = document_of(town_study, {"kei": (83, 4), "mixed": (80, 1), "van": (100, 1)}, comparable=False)
    assert verdict(document).startswith("Not comparable")
    assert not any(any(row.best) for row in comparison_rows(document))
    assert "* best" not in comparison_table(document)


def test_lowest_value_is_marked(town_study: StudyResult) -> None:
    """The fewest kilometres carry the mark in both tables; equal rows carry none."""
    document = document_of(town_study, {"kei": (90, 1), "mixed": (80, 1), "van": (100, 1)})
    for metres, name in ((1000, "kei"), (2000, "mixed"), (3000, "van")):
        document["fleets"][name]["drive_m"] = metres
        document["fleets"][name]["co2e_kg"] = 5.0
    for text in (comparison_table(document), render(document)):
        line = next(line for line in text.splitlines() if line.lstrip().startswith("Driven, km"))
        assert line.split() == ["Driven,", "km", "1.0", "*", "2.0", "3.0"]
        line = next(line for line in text.splitlines() if "CO₂e, kg" in line and "against" not in line)
        assert "*" not in line


def test_share_of_assumptions_and_list_are_shown(town_study: StudyResult) -> None:
    """The table says how much of each total rests on figures that nobody verified, and names them."""
    text = comparison_table(document_of(town_study, {"kei": (90, 1), "mixed": (80, 1), "van": (100, 1)}))
    assert "kei 25%, mixed 25%, van 25%" in text
    assert "driving.turn_s = 5 s (assumption)" in text


def test_what_binds(town_study: StudyResult) -> None:
    """Limits are counted over routes; without one, the fullest is named."""
    document = document_of(town_study, {"kei": (90, 1), "mixed": (80, 1), "van": (100, 1)})
    for row in document["fleets"]["van"]["binding"]:
        row["limit"] = "none"
    lines = limits_lines(document)
    assert lines[0] == "kei: volume on 2 of 2 routes"
    assert lines[2] == "van: nothing binds (closest: volume at 93%)"


def test_streets_open_to_each_type(town_study: StudyResult) -> None:
    """Kilometres by band with their share of all."""
    assert streets_lines(town_study.document)[1] == (
        "kei-van: 10.0 km free (74%), 2.0 km tight (15%), 1.0 km too narrow (7%), 0.5 km closed by sign or rule (4%)"
    )


def test_streets_if_all_were_narrower_or_wider(town_study: StudyResult) -> None:
    """What rests on beliefs about widths is said: kilometres at both ends of the interval, stops on class defaults."""
    document = copy.deepcopy(dict(town_study.document))
    figures = document["fleets"]["kei"]
    figures["stops_on_defaults"] = 3
    figures["street_km_by_quantile"] = {
        "kei-van": {"0.1": {"free": 8.0, "blocked_room": 2.5}, "0.9": {"free": 11.0, "blocked_room": 0.0}}
    }
    lines = streets_lines(document)
    assert (
        "kei-van: 8.0 km free and 2.5 km too narrow at the narrow end of what is believed (quantile 0.1), "
        "11.0 km free and 0.0 km too narrow at the wide end (quantile 0.9)"
    ) in lines
    served = figures["stops"]["door"] + figures["stops"]["on_foot"]
    assert lines[-1] == f"stops served from a street whose width is a class default: kei 3 of {served}"


@pytest.mark.parametrize("name", worlds.HOSTILE)
def test_names_are_shown_as_they_are(town_study: StudyResult, name: str) -> None:
    """Markup of the terminal stays text, and no control character gets through."""
    document = worlds.renamed(town_study, {"kei": name}).document
    plain, rich = comparison_table(document), render(dict(document), width=2000)
    shown = "".join(character if character.isprintable() else " " for character in name)
    assert shown in plain
    assert shown in rich
    for text in (plain, rich):
        assert all(character.isprintable() or character == "\n" for character in text)


def test_one_fleet_and_none() -> None:
    """A single fleet is no contest; a document without fleets does not fail."""
    streets = worlds.small_town()
    result = worlds.study(streets, worlds.stops_near(streets, 3), {"kei": {"kei-van": 1}})
    assert verdict(result.document).startswith("kei: ")
    assert "* best" not in comparison_table(result.document)
    assert comparison_table({"fleets": {}}).startswith("No fleet was planned.")


def test_lateness_rests_and_collections_have_lines_where_they_occur(town_study: StudyResult) -> None:
    """A fleet that is late gets the cost and the count, the others a zero; without any there is no such line."""
    document = document_of(town_study, {"kei": (90, 1), "mixed": (80, 1), "van": (100, 1)})
    words = {"– late", "Stops served late", "Parcels collected", "Breaks, h:min"}
    assert not words & {row.label for row in comparison_rows(document)}
    kei = document["fleets"]["kei"]
    kei["cost"]["late"] = 12.5
    kei["stops"] = {**kei["stops"], "late": 3}
    kei["parcels"] = {**kei["parcels"], "collected": 7}
    kei["break_s"] = 2700
    cells = {row.label: row.cells for row in comparison_rows(document) if row.label in words}
    assert cells == {
        "– late": ("12.50", "–", "–"),
        "Stops served late": ("3", "0", "0"),
        "Parcels collected": ("7", "0", "0"),
        "Breaks, h:min": ("0:45", "0:00", "0:00"),
    }


def test_bounds_have_a_row_only_where_there_are_some(town_study: StudyResult) -> None:
    """Asked for, a fleet's row says how much dearer than the best its plan may be; one without has a dash."""
    document = document_of(town_study, {"kei": (90, 1), "mixed": (80, 1), "van": (100, 1)})
    label = "Dearer than the best, at most"
    assert label not in {row.label for row in comparison_rows(document)}
    document["fleets"]["kei"]["bound"] = {"cost": 80.0, "gap": 0.125, "kind": "linear program over trips"}
    (row,) = [row for row in comparison_rows(document) if row.label == label]
    assert row.cells == ("12%", "–", "–")
