"""Two vehicles in figures: every kilometre counted once, where they differ told as it is."""

from __future__ import annotations

import io
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from fleetplan.city.streets import Streets
from fleetplan.fleet.catalogue import vehicle
from fleetplan.routing.access import decide_access
from fleetplan.routing.seams import AccessRules, Band
from fleetplan.show.accesstable import (
    AccessComparison,
    access_document,
    class_rows,
    compare_access,
    km_text,
    relations,
    rich_access,
    share_text,
    verdict_lines,
)
from tests.towns import town

WIDE, LANE, ALLEY, SHUT = (
    {"highway": "residential", "width": "8", "name": "Wide"},
    {"highway": "residential", "width": "4", "name": "Lane"},
    {"highway": "service", "width": "2.8", "name": "Alley"},
    {"highway": "service", "width": "8", "access": "no"},
)


def crossroads() -> AccessComparison:
    """A full-size van against a kei van on a wide street, a lane, an alley and a closed street of 100 to 400 m."""
    nodes = {"o": (0.0, 0.0), "n": (0.0, 100.0), "e": (200.0, 0.0), "s": (0.0, -300.0), "w": (-400.0, 0.0)}
    streets = town(nodes=nodes, ways=[("o n", WIDE), ("o e", LANE), ("o s", ALLEY), ("o w", SHUT)])
    return compare_access(streets, vehicle("full-size-van"), vehicle("kei-van"))


@pytest.fixture(scope="module")
def helsinki_access(helsinki_path: Path) -> AccessComparison:
    return compare_access(Streets.from_file(helsinki_path), vehicle("full-size-van"), vehicle("kei-van"))


def test_crossroads_by_hand() -> None:
    """Free for both, tight for the van only, closed to the van only, closed to both: 0.1, 0.2, 0.3 and 0.4 km."""
    document = access_document(crossroads())
    van, kei = (document["types"][name]["street_km"] for name in ("full-size-van", "kei-van"))
    assert van == pytest.approx({"free": 0.1, "squeezed": 0.2, "blocked_room": 0.3, "blocked_law": 0.4}, abs=1e-3)
    assert kei == pytest.approx({"free": 0.3, "squeezed": 0.3, "blocked_room": 0.0, "blocked_law": 0.4}, abs=1e-3)
    differences = document["differences"]
    assert differences["only"]["kei-van"]["km"] == pytest.approx(0.3, abs=1e-3)
    assert differences["only"]["kei-van"]["on_defaults_km"] == 0.0
    assert differences["only"]["full-size-van"]["km"] == 0.0
    assert differences["easier"]["kei-van"]["km"] == pytest.approx(0.2, abs=1e-3)
    assert differences["alike"]["km"] == pytest.approx(0.1, abs=1e-3)
    assert differences["neither"]["km"] == pytest.approx(0.4, abs=1e-3)
    assert document["types"]["kei-van"]["by_class"]["service"] == pytest.approx(
        {"free": 0.0, "squeezed": 0.3, "blocked_room": 0.0, "blocked_law": 0.4}, abs=1e-3
    )


def test_verdict_names_the_one_that_passes() -> None:
    """The first sentence says who passes where the other does not, whichever was named first."""
    streets = crossroads().streets
    for pair in (("full-size-van", "kei-van"), ("kei-van", "full-size-van")):
        document = access_document(compare_access(streets, vehicle(pair[0]), vehicle(pair[1])))
        assert verdict_lines(document)[0] == "0.3 km (30 %) are open to kei-van and closed to full-size-van."
    same = access_document(compare_access(streets, vehicle("kei-van"), vehicle("kei-truck")))
    assert verdict_lines(same)[0].startswith("No street is open to one of kei-van and kei-truck")


def test_totals_are_those_of_a_count_street_by_street(helsinki_access: AccessComparison) -> None:
    """Kilometres by band and class, summed here one stretch after the other, are the document's."""
    streets = helsinki_access.streets
    table, document = streets.stretches, access_document(helsinki_access)
    for kind, access in zip(helsinki_access.vehicles, helsinki_access.access, strict=True):
        again = decide_access(streets, kind, helsinki_access.rules)
        assert np.array_equal(again.stretch_band, access.stretch_band)
        counted: dict[tuple[int, str], float] = defaultdict(float)
        for row in range(len(table)):
            if table.drivable[row]:
                band = Band(int(access.stretch_band[row])).label
                counted[int(table.highway[row]), band] += float(table.length_m[row]) / 1000
        figures = document["types"][kind.name]
        for band in figures["street_km"]:
            by_class = sum(km for (_, label), km in counted.items() if label == band)
            assert figures["street_km"][band] == pytest.approx(by_class)
            assert sum(row[band] for row in figures["by_class"].values()) == pytest.approx(by_class)
            assert figures["on_defaults_km"][band] <= figures["street_km"][band] + 1e-9
    assert sum(document["by_width_source"].values()) == pytest.approx(document["street_km"])


def test_relations_leave_no_street_out(helsinki_access: AccessComparison) -> None:
    """Every stretch stands in exactly one relation, and their kilometres add up to all streets."""
    masks = relations(helsinki_access.access)
    assert np.array_equal(
        sum(mask.astype(int) for mask in masks.values()), np.ones(len(helsinki_access.streets.stretches))
    )
    document = access_document(helsinki_access)
    differences = document["differences"]
    parts = [
        *differences["only"].values(),
        *differences["easier"].values(),
        differences["alike"],
        differences["neither"],
    ]
    assert sum(part["km"] for part in parts) == pytest.approx(document["street_km"])


def test_wider_streets_let_more_pass(helsinki_access: AccessComparison) -> None:
    """From the narrow to the wide end of what is believed, no vehicle loses a street; the middle is the answer."""
    document = access_document(helsinki_access)
    for figures in document["types"].values():
        passed = [row["free"] + row["squeezed"] for row in figures["by_quantile"].values()]
        assert passed == sorted(passed)
        assert figures["by_quantile"]["0.5"] == figures["street_km"]


def test_rules_reach_the_decisions() -> None:
    """Ordinance, quantile and country are those asked for: read as a law in Japan the lane is closed to the van."""
    streets = crossroads().streets
    rules = AccessRules("law", 0.9, "JP")
    comparison = compare_access(streets, vehicle("full-size-van"), vehicle("kei-van"), rules=rules)
    document = access_document(comparison)
    assert (document["country"], document["ordinance"], document["width_quantile"]) == ("JP", "law", 0.9)
    assert document["types"]["full-size-van"]["street_km"]["blocked_law"] > 0.5
    assert set(document["types"]["kei-van"]["by_quantile"]) == {"0.1", "0.5", "0.9"}


def test_terminal_shows_every_class_and_both_vehicles(helsinki_access: AccessComparison) -> None:
    """The printed table has a line per class and vehicle, and ends with how it was judged."""
    document = access_document(helsinki_access)
    out = io.StringIO()
    Console(file=out, width=200).print(rich_access(document))
    text = out.getvalue()
    assert all(label in text for label, _ in class_rows(document))
    assert text.count("full-size-van") > len(class_rows(document))
    assert "are class defaults" in text


def test_small_numbers_are_not_nothing() -> None:
    """Ten metres are not printed as 0.0 km, nor one per mille as 0 %, nor almost all as all."""
    assert [km_text(km) for km in (0.0, 0.01, 0.26, 999.4, 999.6, 12345.0)] == [
        "–", "< 0.1", "0.3", "999.4", "1,000", "12,345"
    ]  # fmt: skip
    shares = [share_text(part, 1000) for part in (0, 1, 500, 999, 1000)]
    assert shares == ["0 %", "under 1 %", "50 %", "over 99 %", "100 %"]
