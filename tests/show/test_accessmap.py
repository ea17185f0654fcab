"""The access map as a file and in a browser without a network: what it shows is what was decided."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetplan.city.classes import Highway
from fleetplan.city.streets import Streets
from fleetplan.fleet.catalogue import vehicle
from fleetplan.show.accesscorners import FREE, IMPOSSIBLE, SLOW, CornerTurns, corner_turns
from fleetplan.show.accessdata import access_map_data, posted_limits, streets_data
from fleetplan.show.accessmap import access_html, save_access_map
from fleetplan.show.accesstable import AccessComparison, compare_access
from fleetplan.show.packing import pack_numbers, unpack_lines, unpack_numbers
from tests.show import worlds
from tests.show.conftest import Opened
from tests.show.test_accesstable import crossroads
from tests.show.test_fleetmap import data_of, frame_of
from tests.show.test_offline import loads_of
from tests.towns import town

Opener = Callable[..., Opened]


@pytest.fixture(scope="module")
def helsinki_access(helsinki_path: Path) -> AccessComparison:
    return compare_access(Streets.from_file(helsinki_path), vehicle("full-size-van"), vehicle("kei-van"))


@pytest.fixture(scope="module")
def city_map(tmp_path_factory: pytest.TempPathFactory, helsinki_access: AccessComparison) -> Path:
    corners = one_corner(helsinki_access)
    return save_access_map(helsinki_access, tmp_path_factory.mktemp("access") / "map.html", corners=corners)


def one_corner(comparison: AccessComparison) -> CornerTurns:
    """The van cannot turn between two streets that meet, the kei van can."""
    streets = comparison.streets
    named = streets.stretches.drivable & (streets.stretches.name > 0)
    for node in streets.nodes.osm_id.argsort().tolist():
        ends = (streets.stretches.u == node) | (streets.stretches.v == node)
        rows = np.flatnonzero(named & ends)
        if len(rows) > 2:
            return CornerTurns(*(np.array([value]) for value in (node, rows[0], rows[1], 0)), np.array([True]))
    raise AssertionError


def columns_of(data: dict[str, Any]) -> dict[str, np.ndarray]:
    """Columns per stretch, those of its kind among them."""
    kind = np.array(unpack_numbers(data["kind"], differences=True))
    columns = {key: np.array(unpack_numbers(text))[kind] for key, text in data["kinds"].items()}
    columns["way"] = np.array(unpack_numbers(data["way"], differences=True))
    columns["name"] = np.array(unpack_numbers(data["name"], differences=True))
    columns["length"] = np.array(unpack_numbers(data["length"]))
    return columns


# ---- the data ----


@given(st.lists(st.integers(-(2**51), 2**51)), st.booleans())
def test_columns_round_trip(numbers: list[int], differences: bool) -> None:
    """A packed column unpacks to its numbers, identifiers of ways beyond 32 bits among them."""
    text = pack_numbers(np.array(numbers, dtype=np.int64), differences=differences)
    assert text.isascii()
    assert unpack_numbers(text, differences=differences) == numbers


def test_columns_are_the_streets(helsinki_access: AccessComparison) -> None:
    """Per drivable stretch: way, name, length, bands, reasons and width on the map are those of the decision."""
    streets = helsinki_access.streets
    table, data = streets.stretches, streets_data(helsinki_access)
    rows = np.flatnonzero(table.drivable)
    columns = columns_of(data)
    assert np.array_equal(columns["way"], table.way_id[rows])
    assert [data["names"][row] for row in columns["name"]] == [streets.names[row] for row in table.name[rows]]
    assert np.abs(columns["length"] - table.length_m[rows]).max() <= 0.5
    assert np.abs(columns["width_min"] / 10 - table.width_min_m[rows]).max() < 0.1
    words = [data["classes"][row][0] for row in columns["class"]]
    assert words == [Highway(code).tag.replace("_", " ") for code in table.highway[rows].tolist()]
    for number, access in enumerate(helsinki_access.access):
        assert np.array_equal(columns[f"band{number}"], access.stretch_band[rows])
        told = [data["reasons"][number][row] for row in columns[f"reason{number}"]]
        assert told == [access.reasons[row] for row in access.stretch_reason[rows]]


def test_lines_keep_their_ends(helsinki_access: AccessComparison) -> None:
    """Simplified lines begin and end where the stretches do, to a grid step, so that streets stay joined."""
    table = helsinki_access.streets.stretches
    lines = unpack_lines(streets_data(helsinki_access)["lines"])
    rows = np.flatnonzero(table.drivable)
    assert len(lines) == len(rows)
    for row, (lon, lat) in zip(rows.tolist(), lines, strict=True):
        x, y = table.line(row)
        assert np.allclose([lon[0], lat[0]], [x[0], y[0]], atol=6e-6)
        if len(lon) > 1:
            assert np.allclose([lon[-1], lat[-1]], [x[-1], y[-1]], atol=6e-6)


def test_posted_limits_are_told() -> None:
    """Signs, speed and access tags of a stretch are one sentence; a street without any says nothing."""
    tags = {"highway": "residential", "maxwidth": "2.2", "maxweight": "3.5", "access": "destination"}
    streets = town(
        nodes={"a": (0.0, 0.0), "b": (100.0, 0.0), "c": (200.0, 0.0)},
        ways=[("a b", tags), ("b c", {"highway": "residential"})],
    )
    texts, row = posted_limits(streets, np.arange(2))
    assert [texts[at] for at in row] == ["width 2.2 m, weight 3.5 t, access destination", ""]


def test_corners_that_one_vehicle_cannot_turn() -> None:
    """Turns between streets open to both that are harder for one, both directions as one, the harder one of them."""
    comparison = crossroads()
    edges, stretches = comparison.streets.edges, comparison.streets.stretches
    names = [comparison.streets.names[row] for row in stretches.name[edges.stretch].tolist()]
    centre = int(np.argmax(np.bincount(edges.v)))
    into = {name: edge for edge, name in enumerate(names) if int(edges.v[edge]) == centre}
    out = {name: edge for edge, name in enumerate(names) if int(edges.u[edge]) == centre}
    turns = [("Wide", "Lane"), ("Lane", "Wide"), ("Wide", "Alley"), ("Lane", "Lane"), ("Wide", "Wide")]
    found = corner_turns(
        comparison,
        first=[into[before] for before, _ in turns],
        second=[out[after] for _, after in turns],
        corners=([SLOW, IMPOSSIBLE, IMPOSSIBLE, SLOW, SLOW], [FREE, SLOW, FREE, FREE, SLOW]),
    )
    streets = [[comparison.streets.names[row] for row in stretches.name[rows]] for rows in (found.one, found.other)]
    assert [tuple(sorted(pair)) for pair in zip(*streets, strict=True)] == [("Lane", "Wide"), ("Lane", "Lane")]
    assert found.node.tolist() == [centre, centre]
    assert found.stuck.tolist() == [0, 0]
    assert found.hard.tolist() == [True, False]
    data = access_map_data(comparison, title="t", corners=found)["corners"]
    assert data["places"] == [[1, 0], [0, 0]]
    [(lon, lat)] = unpack_lines(data["at"])
    nodes = comparison.streets.nodes
    assert [lon[0], lat[0]] == pytest.approx([nodes.lon[centre], nodes.lat[centre]], abs=6e-6)
    assert unpack_numbers(data["count"]) == [2]
    assert unpack_numbers(data["what"]) == [1, 0]


# ---- the page ----


def test_page_loads_nothing_and_repeats(helsinki_access: AccessComparison) -> None:
    """The page refers to nothing outside itself and is the same bytes twice; the bundled city stays below 350 kB."""
    page = access_html(helsinki_access)
    assert loads_of(page) == []
    assert page == access_html(helsinki_access)
    assert len(page.encode()) < 350_000


@pytest.mark.parametrize("name", worlds.HOSTILE)
def test_hostile_text_is_data_only(name: str) -> None:
    """Names of streets, vehicles, files and corners are run by nothing and leave the data block nowhere."""
    tame = crossroads()
    streets = replace(tame.streets, names=("", *[name] * (len(tame.streets.names) - 1)), label=name, warnings=(name,))
    vehicles = tuple(replace(kind, name=f"{name}{row}", title=name) for row, kind in enumerate(tame.vehicles))
    hostile = replace(tame, streets=streets, vehicles=(vehicles[0], vehicles[1]))
    page = access_html(hostile, title=name)
    data = data_of(page)
    assert data["title"] == name
    assert name in data["streets"]["names"]
    assert frame_of(page) == frame_of(access_html(tame, title="harmless"))


def test_legend_and_tables_are_the_document(helsinki_access: AccessComparison) -> None:
    """Kilometres in the legend are sums over the columns that the map draws."""
    data = access_map_data(helsinki_access, title="t")
    columns = columns_of(data["streets"])
    closed = [columns[f"band{number}"] >= 2 for number in (0, 1)]
    only_kei = columns["length"][closed[0] & ~closed[1]].sum() / 1000
    assert float(data["legend"]["only"][1]) == pytest.approx(only_kei, abs=0.3)
    assert data["legend"]["only"][0] == "–"
    assert data["classes"][0][1][0] == data["legend"]["bands"][0]
    assert json.loads(json.dumps(data)) == data


# ---- in a browser ----


@pytest.mark.browser
@pytest.mark.parametrize("phone", [False, True])
def test_map_is_quiet_and_shows_the_difference_first(city_map: Path, open_page: Opener, phone: bool) -> None:
    """One request, the file; no console message; streets where only the kei van passes are drawn at once."""
    size = {"width": 390, "height": 844} if phone else {"width": 1400, "height": 900}
    opened = open_page(city_map, phone=phone, **size)
    assert opened.requests == [city_map.as_uri()]
    assert opened.complaints == []
    drawn = opened.page.evaluate("fleetplan.drawn")
    assert drawn["onlyNarrow"] > 50
    assert "room" not in drawn
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert opened.page.locator(".folium-map").bounding_box()["height"] > size["height"] / 2.2


@pytest.mark.browser
def test_switch_click_search_and_paper(city_map: Path, open_page: Opener, helsinki_access: AccessComparison) -> None:
    """The map of one vehicle, a click on a street, a search by keyboard, the corner's card, and print."""
    opened = open_page(city_map)
    page = opened.page
    page.locator("#fp-mode-0").focus()
    page.keyboard.press("Space")
    drawn = page.evaluate("fleetplan.drawn")
    assert {"free", "squeezed", "room"} <= set(drawn)
    assert "onlyNarrow" not in drawn
    assert "closed: too narrow" in page.locator(".fp-legend").inner_text()

    x, y, line = page.evaluate(
        """() => {
            fleetplan.map.setZoom(17, { animate: false });
            const size = fleetplan.map.getSize();
            for (const line of fleetplan.streetsIn([0, 0, 256, 256])) {
                const middle = fleetplan.middleOf(line);
                const at = fleetplan.map.latLngToContainerPoint(fleetplan.placeOf(middle[0], middle[1]));
                const kind = fleetplan.city.kinds[fleetplan.city.kind[line]];
                if (kind.band0 === 2 && at.x > 200 && at.y > 300 && at.x < size.x - 200 && at.y < size.y - 100
                    && fleetplan.streetAt(fleetplan.map.containerPointToLatLng(at), 8) === line) {
                    return [at.x, at.y, line];
                }
            }
        }"""
    )
    page.mouse.click(x, y)
    card = page.locator(".leaflet-popup .fp-card")
    card.wait_for()
    text = card.inner_text()
    rows = np.flatnonzero(helsinki_access.streets.stretches.drivable)
    access = helsinki_access.access[0]
    assert access.reasons[access.stretch_reason[rows[line]]] in text
    assert f"way {helsinki_access.streets.stretches.way_id[rows[line]]}" in text
    assert re.search(r"Width \d+\.\d m \(\d+\.\d–\d+\.\d\), ", text)
    assert page.evaluate("fleetplan.view.chosen") == [line]
    page.keyboard.press("Escape")
    card.wait_for(state="detached")
    assert page.evaluate("fleetplan.view.chosen") == []

    page.locator("#fp-search").fill("ALEKSANTERINKATU")
    found = page.locator(".fp-find .fp-streets button")
    assert found.first.inner_text().startswith("Aleksanterinkatu")
    found.first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".leaflet-popup h3").inner_text() == "Aleksanterinkatu"
    page.get_by_role("button", name=re.compile("Next stretch")).press("Enter")
    assert page.locator(".leaflet-popup h3").inner_text() == "Aleksanterinkatu"

    page.evaluate(
        """() => {
            const corner = fleetplan.corners[0];
            fleetplan.map.setView(fleetplan.placeOf(corner.x, corner.y), 16, { animate: false });
        }"""
    )
    assert page.evaluate("fleetplan.over.corners") == 1
    box = page.locator(".folium-map").bounding_box()
    page.mouse.click(box["width"] / 2, box["height"] / 2)
    page.get_by_text("full-size-van cannot turn, kei-van can.").wait_for()

    sheet = page.pdf()
    assert len(re.findall(rb"/Type /Page\b", sheet)) >= 2
    assert page.evaluate("[fleetplan.map.getZoom(), fleetplan.printing]") == [16, False]
    assert opened.complaints == []
    assert opened.requests == [city_map.as_uri()]


@pytest.mark.browser
def test_paper_has_the_streets(city_map: Path, open_page: Opener) -> None:
    """While it prints, the canvas that paper shows holds the streets too; afterwards the tiles have them again."""
    page = open_page(city_map).page
    blue = """() => {
        const canvas = fleetplan.overlay._container, context = canvas.getContext("2d");
        const bytes = context.getImageData(0, 0, canvas.width, canvas.height).data;
        let count = 0;
        for (let i = 0; i < bytes.length; i += 4) {
            if (bytes[i] === 0 && bytes[i + 1] === 0x72 && bytes[i + 2] === 0xb2 && bytes[i + 3] === 255) { count++; }
        }
        return count;
    }"""
    zoom = page.evaluate("fleetplan.map.getZoom()")
    assert page.evaluate(blue) == 0
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(blue) > 500
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(blue) == 0
    assert page.evaluate("fleetplan.map.getZoom()") == zoom


@pytest.mark.browser
def test_phone_list_leads_to_the_map(city_map: Path, open_page: Opener) -> None:
    """On a phone a street chosen from the opened sheet closes it and shows its card on the map."""
    page = open_page(city_map, width=390, height=844, phone=True).page
    page.locator(".fp-sheet").tap()
    button = page.locator(".fp-where .fp-streets button").first
    name = button.locator(".fp-name").inner_text()
    button.tap()
    assert page.locator(".leaflet-popup h3").inner_text() == name
    assert not page.locator(".fp-body").is_visible()
    assert page.locator(".leaflet-popup a", has_text="OpenStreetMap way").is_visible()


@pytest.mark.browser
def test_hostile_names_are_literal_text_on_the_map(tmp_path: Path, open_page: Opener) -> None:
    """Hostile street names are readable letter by letter in list and card, and nothing of them runs."""
    bad = "<img src=x onerror=alert(1)></script>{{ 7*7 }}${alert(1)}"
    tame = crossroads()
    streets = replace(tame.streets, names=("", *[bad] * (len(tame.streets.names) - 1)), label=bad, warnings=(bad,))
    path = save_access_map(replace(tame, streets=streets), tmp_path / "hostile.html", title=bad)
    opened = open_page(path)
    page = opened.page
    page.locator(".fp-where .fp-streets button").first.click()
    assert page.locator(".leaflet-popup h3").inner_text() == bad
    assert page.locator("h1").inner_text() == bad
    assert page.locator("#fleetplan-panel img, #fleetplan-panel script, .leaflet-popup img").count() == 0
    assert opened.complaints == []
    assert opened.requests == [path.as_uri()]
