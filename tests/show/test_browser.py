"""The map in a real browser that has no network: quiet, safe, and it shows what the plan says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from fleetplan.show.fleetmap import save_map
from fleetplan.study.result import StudyResult
from tests.show import worlds
from tests.show.conftest import Opened

pytestmark = pytest.mark.browser

Opener = Callable[..., Opened]


@pytest.fixture(scope="module")
def town_map(tmp_path_factory: pytest.TempPathFactory, town_study: StudyResult) -> Path:
    hostile = worlds.renamed(town_study, {"kei": "<img src=x onerror=alert(1)>", "van": "${alert(1)}{{ 7*7 }}"})
    return save_map(hostile, tmp_path_factory.mktemp("map") / "town.html", title="</title><script>alert(1)</script>")


@pytest.fixture(scope="module")
def city_map(tmp_path_factory: pytest.TempPathFactory, helsinki_study: StudyResult) -> Path:
    return save_map(helsinki_study, tmp_path_factory.mktemp("map") / "city.html")


def drawn(page: Any) -> dict[str, int]:
    counts: dict[str, int] = page.evaluate("fleetplan.drawn")
    return counts


def map_pixels(page: Any) -> bytes:
    page.wait_for_timeout(250)
    shot: bytes = page.locator(".folium-map").screenshot()
    return shot


def test_canary_an_ugly_page_is_caught(tmp_path: Path, open_page: Opener) -> None:
    """The recording works: a request, a console error, an exception and a dialog are all seen."""
    path = tmp_path / "canary.html"
    path.write_text(
        '<!DOCTYPE html><img src="https://x.example/a.png">'
        "<script>console.error('c'); setTimeout(function () { throw new Error('e'); }, 0); alert('d');</script>"
    )
    opened = open_page(path, ready=False)
    opened.page.wait_for_timeout(300)
    assert "https://x.example/a.png" in opened.requests
    assert {text.split(":")[0] for text in opened.complaints} == {"error", "dialog"}
    assert any(text == "error: c" for text in opened.complaints)
    assert any("e" in text for text in opened.complaints if text != "error: c")


@pytest.mark.parametrize("phone", [False, True])
def test_map_opens_without_network_or_complaint(city_map: Path, open_page: Opener, phone: bool) -> None:
    """One request, the file itself; nothing on the console; routes, stops and streets are drawn."""
    size = {"width": 390, "height": 844} if phone else {"width": 1400, "height": 900}
    opened = open_page(city_map, phone=phone, **size)
    assert map_pixels(opened.page)
    assert opened.requests == [city_map.as_uri()]
    assert opened.complaints == []
    counts = drawn(opened.page)
    assert counts["fleets"] == 1
    assert counts["routes"] >= 3
    assert counts["stops"] == 80
    assert counts["numbers"] > 20
    assert counts["narrow"] > 100


@pytest.mark.parametrize("phone", [False, True])
def test_attribution_is_always_in_sight(city_map: Path, open_page: Opener, phone: bool) -> None:
    """OpenStreetMap's contributors are named on screen, beside the panel and above an opened sheet."""
    size = {"width": 390, "height": 844} if phone else {"width": 1400, "height": 900}
    opened = open_page(city_map, phone=phone, **size)
    if phone:
        opened.page.locator(".fp-sheet").click()
        opened.page.wait_for_timeout(100)
    on_top = opened.page.evaluate(
        """() => {
            const link = document.querySelector(".leaflet-control-attribution a"), box = link.getBoundingClientRect();
            const seen = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
            return [link.textContent, link === seen, box.bottom <= window.innerHeight];
        }"""
    )
    assert on_top == ["© OpenStreetMap contributors", True, True]


def test_hostile_names_are_literal_text(town_map: Path, open_page: Opener) -> None:
    """Every hostile name is readable in the list of stops, letter by letter, and nothing of it runs."""
    opened = open_page(town_map)
    page = opened.page
    page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    expect(page.locator(".fp-route:not(:has(.fp-name, .fp-notes))")).to_have_count(0)  # filled once opened
    names = page.evaluate("Array.from(document.querySelectorAll('.fp-name'), element => element.textContent)")
    assert set(worlds.HOSTILE) == set(names)
    text = page.locator("#fleetplan-panel").inner_text()
    for name in ("<img src=x onerror=alert(1)>", "${alert(1)}{{ 7*7 }}", "</title><script>alert(1)</script>"):
        assert name in text
    assert page.title() == "</title><script>alert(1)</script>"
    assert page.locator("#fleetplan-panel img, #fleetplan-panel script").count() == 0
    assert opened.complaints == []
    assert opened.requests == [town_map.as_uri()]


def test_hostile_names_in_popups(town_map: Path, open_page: Opener, town_study: StudyResult) -> None:
    """Pop-ups of stops, streets and routes show names as text."""
    opened = open_page(town_map)
    page = opened.page
    page.locator(".fp-route summary").first.click()
    page.locator(".fp-stops button").first.wait_for()
    for button in page.locator(".fp-stops button").all()[:5]:
        name = button.locator(".fp-name").text_content()
        button.click()
        expect(page.locator(".leaflet-popup .fp-card h3").last).to_have_text(str(name))
        assert page.locator(".leaflet-popup .fp-card h3").last.text_content() == name
    shown = page.evaluate(
        """() => {
            const hit = fleetplan.hits.filter(hit => hit.kind === "narrow" && hit.xy.length > 3)[0];
            const at = L.point((hit.xy[0] + hit.xy[2]) / 2, (hit.xy[1] + hit.xy[3]) / 2);
            fleetplan.map.closePopup();
            ["routes", "stops", "walks"].forEach(name => document.getElementById("fp-" + name).click());
            fleetplan.map.fire("click", { latlng: fleetplan.map.layerPointToLatLng(at), layerPoint: at });
            return Array.from(document.querySelectorAll(".leaflet-popup .fp-card")).pop().textContent;
        }"""
    )
    assert "<img src=x onerror=alert(1)>" in shown
    assert "narrowest 2.4 m" in shown
    assert "full-size-van: closed, too narrow" in shown
    assert page.locator(".leaflet-popup img").count() == 0
    assert opened.complaints == []


SWITCHES = {
    "fp-routes": "routes",
    "fp-stops": "stops",
    "fp-walks": "walks",
    "fp-narrow-1": "narrow",
    "fp-names": "names",
}


def test_switches_change_what_is_drawn(city_map: Path, open_page: Opener) -> None:
    """Each switch takes its layer off the map, for the eye too, and puts it back; so does that of the base map."""
    opened = open_page(city_map)
    page = opened.page
    before, seen = drawn(page), [map_pixels(page)]
    for switch, count in SWITCHES.items():
        assert before[count] > 0
        page.locator(f"#{switch}").click()
        assert drawn(page)[count] == 0
        seen.append(map_pixels(page))
        page.locator(f"#{switch}").click()
        assert drawn(page) == before
    assert map_pixels(page) == seen[0]
    page.locator("#fp-base").click()
    assert page.locator("canvas.leaflet-tile").count() == 0
    seen.append(map_pixels(page))
    assert len(set(seen)) == len(seen)
    assert opened.complaints == []


def test_fleets_stand_side_by_side(city_map: Path, open_page: Opener) -> None:
    """All fleets at once: every badge of every fleet is drawn, and at one stop they do not hide each other."""
    page = open_page(city_map).page
    for row in range(3):
        box = page.locator(f"#fp-fleet-{row}")
        if not box.is_checked():
            box.click()
    counts = drawn(page)
    assert counts["fleets"] == 3
    assert counts["stops"] == 240
    places = page.evaluate(
        "fleetplan.hits.filter(hit => hit.kind === 'stop').map(hit => [hit.x, hit.y, hit.visits[0].stop])"
    )
    by_stop: dict[int, list[float]] = {}
    for x, _, stop in places:
        by_stop.setdefault(stop, []).append(x)
    apart = [abs(a - b) for xs in by_stop.values() for i, a in enumerate(xs) for b in xs[i + 1 :]]
    assert min(apart) >= 9.5


def test_stop_numbers_are_the_plan_s_order(city_map: Path, open_page: Opener, helsinki_study: StudyResult) -> None:
    """In list and on map, the n-th number of a route is the plan's n-th visit."""
    page = open_page(city_map).page
    page.locator("#fp-fleet-0").check()
    fleet = helsinki_study.fleets["kei"]
    route = fleet.plan.routes[0]
    names = {stop.id: stop.name for stop in helsinki_study.stops}
    expected = [names[visit.stop] for trip in route.trips for visit in trip.visits]
    page.locator(".fp-fleet").first.locator(".fp-route summary").first.click()
    rows = page.locator(".fp-fleet").first.locator(".fp-route").first.locator(".fp-stops button")
    expect(rows).to_have_count(len(expected))
    assert rows.locator(".fp-number").all_text_contents() == [str(n + 1) for n in range(len(expected))]
    assert rows.locator(".fp-name").all_text_contents() == expected
    labels = page.evaluate(
        "fleetplan.data.fleets[0].routes[0].places.map(place => [place.label, place.visits.map(v => v.number)])"
    )
    assert sorted(number for _, numbers in labels for number in numbers) == list(range(1, len(expected) + 1))
    assert all(label == str(numbers[0]) for label, numbers in labels if len(numbers) == 1)


def test_one_route_alone(city_map: Path, open_page: Opener) -> None:
    """Showing one route fades the others, gives its stops their numbers, and is undone."""
    page = open_page(city_map).page
    page.locator(".fp-fleet[open] .fp-route summary").first.click()
    button = page.locator(".fp-only").first
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    focus = page.evaluate("fleetplan.view.focus")
    route = page.evaluate(f"fleetplan.data.fleets[{focus[0]}].routes[{focus[1]}].places.length")
    assert 0 < drawn(page)["numbers"] <= route
    button.click()
    assert page.evaluate("fleetplan.view.focus") is None


def test_keyboard_reaches_a_stop(city_map: Path, open_page: Opener) -> None:
    """Without a mouse: open a route, choose a stop, read its card; Escape closes it."""
    opened = open_page(city_map)
    page = opened.page
    summary = page.locator(".fp-fleet[open] .fp-route summary").first
    summary.focus()
    page.keyboard.press("Enter")
    page.locator(".fp-fleet[open] .fp-stops button").first.focus()
    page.keyboard.press("Enter")
    card = page.locator(".leaflet-popup .fp-card")
    assert "arrives" in card.inner_text()
    expect(card).to_be_focused()
    page.keyboard.press("Escape")
    card.wait_for(state="detached")
    expect(page.locator("button:focus")).to_have_count(1)


def test_table_holds_the_figures(city_map: Path, open_page: Opener, helsinki_study: StudyResult) -> None:
    """The panel's table has a column per fleet and the totals of the document."""
    page = open_page(city_map).page
    heads = page.locator(".fp-table thead th").all_text_contents()[1:]
    assert heads == ["kei", "mixed", "van"]
    cells = page.locator(".fp-table tbody tr").nth(1).locator("td").all_text_contents()
    totals = [f"{helsinki_study.document['fleets'][name]['cost']['total']:.2f}" for name in heads]
    assert [cell.split(" ")[0] for cell in cells] == totals


def test_click_on_the_map_opens_a_stop(city_map: Path, open_page: Opener) -> None:
    """A click on a badge opens that stop's card."""
    page = open_page(city_map).page
    x, y, stop = page.evaluate(
        """() => {
            const size = fleetplan.map.getSize();
            const hit = fleetplan.hits.filter(hit => hit.kind === "stop").map(hit => {
                const at = fleetplan.map.layerPointToContainerPoint([hit.x, hit.y]);
                return [at.x, at.y, hit.visits[0].stop];
            }).filter(at => at[0] > 80 && at[1] > 80 && at[0] < size.x - 80 && at[1] < size.y - 80);
            return hit[hit.length - 1];
        }"""
    )
    page.mouse.click(x, y)
    card = page.locator(".leaflet-popup .fp-card")
    card.wait_for()
    assert page.evaluate(f"fleetplan.data.stops[{stop}].id") in card.inner_text()


def test_phone_sheet_leaves_the_map_in_sight(city_map: Path, open_page: Opener) -> None:
    """On a phone the closed sheet takes under half the screen and the opened one leaves a third for the map."""
    page = open_page(city_map, width=390, height=844, phone=True).page
    assert page.locator(".folium-map").bounding_box()["height"] > 844 / 2
    page.locator(".fp-sheet").tap()
    page.wait_for_timeout(100)
    assert page.locator(".folium-map").bounding_box()["height"] > 844 / 3
    assert page.locator(".fp-table").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_print_has_map_figures_and_stops(city_map: Path, open_page: Opener) -> None:
    """On paper: the map first, the figures, every stop of the fleet on the map, no switches; several pages."""
    opened = open_page(city_map, width=794, height=1123)
    page = opened.page
    sheet = page.pdf()
    assert len(re.findall(rb"/Type /Page\b", sheet)) >= 3
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert not page.locator(".fp-switches").is_visible()
    expect(page.locator(".fp-stops li:visible")).to_have_count(80)
    map_box, table_box = page.locator(".folium-map").bounding_box(), page.locator(".fp-table").bounding_box()
    size = page.evaluate("[fleetplan.map.getSize().x, fleetplan.map.getSize().y]")
    assert size == [pytest.approx(map_box["width"], abs=1), pytest.approx(map_box["height"], abs=1)]
    assert map_box["height"] > 300
    assert map_box["y"] + map_box["height"] <= table_box["y"]
    page.emulate_media(media="screen")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    expect(page.locator(".fp-stops li:visible")).to_have_count(0)
    assert opened.complaints == []


def test_map_works_inside_a_notebook_s_frame(tmp_path: Path, city_map: Path, open_page: Opener) -> None:
    """As a sandboxed srcdoc frame, the way notebooks show HTML, the map draws and stays quiet."""
    import html

    path = tmp_path / "frame.html"
    text = html.escape(city_map.read_text(encoding="utf-8"))
    path.write_text(
        '<!DOCTYPE html><meta charset="utf-8"><link rel="icon" href="data:,">'
        f'<iframe sandbox="allow-scripts" style="width:1000px;height:700px" srcdoc="{text}"></iframe>',
        encoding="utf-8",
    )
    opened = open_page(path, ready=False)
    frame = opened.page.frames[1]
    frame.wait_for_selector("html[data-ready=yes]", state="attached")
    assert frame.evaluate("fleetplan.drawn.stops") == 80
    assert opened.complaints == []
