"""The page around a map: nothing from outside, a policy that holds, no way out for text."""

from __future__ import annotations

import hashlib
import json
import re
from html.parser import HTMLParser

import folium
import pytest
from branca.element import JavascriptLink
from hypothesis import given
from hypothesis import strategies as st

from fleetplan.errors import FleetplanError
from fleetplan.show.offline import ASSETS, OfflineFigure, asset_text, json_for_script, replace_links, script_hashes

# What folium.Map links to, as released.
LINKED = {
    "0.16.0": [
        "https://cdn.jsdelivr.net/npm/leaflet@1.9.3/dist/leaflet.js",
        "https://code.jquery.com/jquery-3.7.1.min.js",
        "https://cdn.jsdelivr.net/npm/bootstrap@5.2.2/dist/js/bootstrap.bundle.min.js",
        "https://cdnjs.cloudflare.com/ajax/libs/Leaflet.awesome-markers/2.0.2/leaflet.awesome-markers.js",
        "https://cdn.jsdelivr.net/npm/leaflet@1.9.3/dist/leaflet.css",
        "https://cdn.jsdelivr.net/npm/bootstrap@5.2.2/dist/css/bootstrap.min.css",
        "https://netdna.bootstrapcdn.com/bootstrap/3.0.0/css/bootstrap.min.css",
        "https://cdn.jsdelivr.net/npm/@fortawesome/fontawesome-free@6.2.0/css/all.min.css",
        "https://cdnjs.cloudflare.com/ajax/libs/Leaflet.awesome-markers/2.0.2/leaflet.awesome-markers.css",
        "https://cdn.jsdelivr.net/gh/python-visualization/folium/folium/templates/leaflet.awesome.rotate.min.css",
    ],
    "0.20.0": [
        "https://cdn.jsdelivr.net/npm/leaflet@1.9.3/dist/leaflet.js",
        "https://code.jquery.com/jquery-3.7.1.min.js",
        "https://cdn.jsdelivr.net/npm/bootstrap@5.2.2/dist/js/bootstrap.bundle.min.js",
        "https://cdnjs.cloudflare.com/ajax/libs/Leaflet.awesome-markers/2.0.2/leaflet.awesome-markers.js",
        "https://cdn.jsdelivr.net/npm/leaflet@1.9.3/dist/leaflet.css",
        "https://cdn.jsdelivr.net/npm/bootstrap@5.2.2/dist/css/bootstrap.min.css",
        "https://netdna.bootstrapcdn.com/bootstrap/3.0.0/css/bootstrap-glyphicons.css",
        "https://cdn.jsdelivr.net/npm/@fortawesome/fontawesome-free@6.2.0/css/all.min.css",
        "https://cdnjs.cloudflare.com/ajax/libs/Leaflet.awesome-markers/2.0.2/leaflet.awesome-markers.css",
        "https://cdn.jsdelivr.net/gh/python-visualization/folium/folium/templates/leaflet.awesome.rotate.min.css",
    ],
}


OWN_SCRIPTS = {
    "basemap.js", "pens.js", "overlay.js", "dom.js", "fleetmap.js", "panel.js", "accesslayer.js", "accesspanel.js"
}  # fmt: skip
OWN_OTHERS = {"fleetmap.css", "accessmap.css", "LICENSES.md"}


def page_of(**settings: object) -> str:
    figure = OfflineFigure(title="t", data={}, **settings)
    figure.add_child(folium.Map([60, 24], tiles=None))
    return figure.render()


class Loads(HTMLParser):
    """Collects everything in a page that a browser would fetch by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            follows = name in ("src", "srcset", "data", "poster", "background", "action")
            if (follows or (name == "href" and tag != "a")) and not (value or "").startswith("data:"):
                self.found.append(f"{tag} {name}={value}")
            if name == "style" and "url(" in (value or ""):
                self.found.append(f"{tag} style={value}")


def loads_of(page: str) -> list[str]:
    parser = Loads()
    parser.feed(page)
    styles = "".join(re.findall(r"<style[^>]*>(.*?)</style>", page, re.DOTALL))
    outside = [found for found in re.findall(r"(?:url\([^)]*\)|@import[^;]*)", styles) if "data:" not in found]
    return parser.found + [found for found in outside if not found.startswith("url(#")]


def test_a_page_loads_nothing() -> None:
    """No element and no style sheet of a finished page fetches anything."""
    assert loads_of(page_of(styles=["fleetmap.css"])) == []


def test_the_search_for_loads_can_fail() -> None:
    """The search above does find folium's own links, and addresses without a scheme in style sheets."""
    found = loads_of(folium.Map([60, 24]).get_root().render())
    assert any("leaflet" in item for item in found)
    assert loads_of("<style>a{background:url(//x.example/y.png)} @import 'z.css';</style>") != []


@pytest.mark.parametrize("version", sorted(LINKED))
def test_links_of_released_folium_versions_are_known(version: str) -> None:
    """Oldest and newest supported folium: every link is replaced or dropped, Leaflet is there once."""
    links = "".join(
        f'<script src="{address}"></script>'
        if address.endswith(".js")
        else f'<link rel="stylesheet" href="{address}"/>'
        for address in LINKED[version]
    )
    page = replace_links(links)
    assert loads_of(page) == []
    assert page.count("Leaflet 1.9.4") == 1


def test_an_unknown_link_is_an_error() -> None:
    """A link that nobody vendored stops the map instead of bringing the network back."""
    figure = OfflineFigure(title="t", data={})
    figure.add_child(folium.Map([60, 24], tiles=None))
    figure.header.add_child(JavascriptLink("https://x.example/new.js"))
    with pytest.raises(FleetplanError, match=r"x\.example/new\.js"):
        figure.render()


def test_policy_names_exactly_the_scripts_of_the_page() -> None:
    """The policy's hashes are those of the inline scripts, so nothing else can run; all else is forbidden."""
    page = page_of(scripts=["basemap.js"])
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; ")
    assert "'unsafe-inline'" not in policy[1].split("script-src")[1].split(";")[0]
    assert set(re.findall(r"'sha256-[^']+'", policy[1])) == set(script_hashes(page))
    assert len(script_hashes(page)) >= 4
    assert page.index("Content-Security-Policy") < page.index("<script")


def test_page_is_fit_for_people_and_zoomable() -> None:
    """Language, escaped title, and a viewport in which people may zoom."""
    figure = OfflineFigure(title="</title><script>alert(1)</script>", data={})
    figure.add_child(folium.Map([60, 24], tiles=None))
    page = figure.render()
    assert '<html lang="en">' in page
    assert "<title>&lt;/title&gt;&lt;script&gt;" in page
    assert "user-scalable" not in page
    assert page.count('name="viewport"') == 1


def test_same_input_same_bytes() -> None:
    """folium's random identifiers do not reach the page."""
    assert page_of() == page_of()
    assert not re.search(r"[0-9a-f]{32}", page_of())


@given(st.recursive(st.text() | st.floats(allow_nan=False, allow_infinity=False), lambda x: st.lists(x, max_size=3)))
def test_json_block_holds_any_text(value: object) -> None:
    """Any text comes back unchanged and can neither end the script element nor open another."""
    text = json_for_script(value)
    assert json.loads(text) == value
    assert text.isascii()
    assert not set("<>&") & set(text)


def test_json_block_refuses_nan() -> None:
    """NaN is no JSON and would stop the page."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_for_script({"a": float("nan")})


def test_vendored_files_are_the_ones_in_the_licence_table() -> None:
    """The checksums in LICENSES.md are those of the files, and no third-party file is left out of it."""
    page = (ASSETS / "LICENSES.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", page, re.MULTILINE))
    assert set(table) == {path.name for path in ASSETS.iterdir()} - OWN_SCRIPTS - OWN_OTHERS
    for name, digest in table.items():
        assert hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() == digest, name


def test_assets_are_plain_ascii_without_source_maps() -> None:
    """Inlined text keeps its hash in any encoding, and no developer tool fetches a source map."""
    for path in sorted(ASSETS.glob("*.[jc]s*")):
        text = asset_text(path.name)
        assert text.isascii(), path.name
        assert "sourceMappingURL" not in text, path.name


def test_own_scripts_never_write_markup() -> None:
    """Own scripts put text in with textContent only; the single piece of markup is the constant attribution."""
    for name in sorted(OWN_SCRIPTS):
        text = asset_text(name)
        for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
            assert forbidden not in text, (name, forbidden)


def test_licence_travels_with_the_map() -> None:
    """Leaflet's licence asks to be kept with every copy."""
    page = page_of(notices=["leaflet-LICENSE.txt"])
    assert "BSD 2-Clause License" in page
    assert "Volodymyr Agafonkin" in page
