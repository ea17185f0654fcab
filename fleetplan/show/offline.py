"""Maps that need no network: folium's page with every outside reference replaced by text inside it.

folium links to half a dozen hosts. :class:`OfflineFigure` renders the page as folium does and then swaps each
``<script src>`` and ``<link>`` for a vendored text, or drops what a fleet map does not use. A reference that is
not known raises, so a new folium release cannot quietly bring the network back. A content security policy with
the hashes of the page's scripts makes the browser hold the same promise.

No user text ever passes through folium, branca or Jinja (branca parses what it renders as a template again):
data goes in afterwards, as one JSON value in which no character can end the script element.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from branca.element import Figure

from fleetplan.errors import FleetplanError

ASSETS = Path(__file__).resolve().parent / "assets"

_VENDORED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"/leaflet@1\.\d+\.\d+/dist/leaflet\.js$"), "leaflet.js"),
    (re.compile(r"/leaflet@1\.\d+\.\d+/dist/leaflet\.css$"), "leaflet.css"),
)
"""What folium asks for, by the end of its address, and the vendored file that takes its place."""

_DROPPED: tuple[re.Pattern[str], ...] = (
    re.compile(r"/jquery-\d[\w.]*\.js$"),  # folium's own popups only
    re.compile(r"/bootstrap(\.bundle)?(\.min)?\.js$"),
    re.compile(r"/bootstrap(\.min)?\.css$"),
    re.compile(r"/bootstrap-(theme|glyphicons)(\.min)?\.css$"),
    re.compile(r"/leaflet\.awesome-markers\.(js|css)$", re.IGNORECASE),
    re.compile(r"/leaflet\.awesome\.rotate(\.min)?\.css$"),
    re.compile(r"/(font-awesome|all)(\.min)?\.css$"),
)
"""What folium asks for and a fleet map does not use: icon fonts, a grid of buttons, popups built as strings."""

_SCRIPT_LINK = re.compile(r"<script\b[^>]*?\bsrc\s*=\s*[\"']([^\"']*)[\"'][^>]*>\s*</script>", re.IGNORECASE)
_STYLE_LINK = re.compile(r"<link\b[^>]*?\bhref\s*=\s*[\"']([^\"']*)[\"'][^>]*>", re.IGNORECASE)
_VIEWPORT = re.compile(r"<meta\s+name\s*=\s*[\"']viewport[\"'][^>]*>", re.IGNORECASE)
_RANDOM_ID = re.compile(r"(?<=_)[0-9a-f]{32}(?![0-9a-f])")
_SCRIPT = re.compile(r"<script(?P<kind>[^>]*)>(?P<text>.*?)</script>", re.DOTALL | re.IGNORECASE)
_CSS_ADDRESS = re.compile(r"url\(\s*[\"']?(?!data:|#)[^)]*\)", re.IGNORECASE)
_SOURCE_MAP = re.compile(r"^\s*(//|/\*)# sourceMappingURL=.*$", re.MULTILINE)

_OPENING, _CLOSING = "<!--fleetplan:opening-->", "<!--fleetplan:closing-->"
_POLICY = (
    "default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
    "connect-src 'none'; base-uri 'none'; form-action 'none'"
)


@lru_cache(maxsize=32)
def asset_text(name: str) -> str:
    """A file of the assets folder, ready to stand inside an HTML element.

    Source map references are removed, and style sheets lose the images that a fleet map never shows.

    Raises:
        FleetplanError: the file is not plain ASCII (a page read in another encoding would break its hash), or
            holds text that would end the element it stands in.
    """
    text = (ASSETS / name).read_text(encoding="utf-8")
    if not text.isascii():
        raise FleetplanError(f"the asset {name} is not plain ASCII")
    text = _SOURCE_MAP.sub("", text).strip() + "\n"
    if name.endswith(".css"):
        text = _CSS_ADDRESS.sub("none", text)
    if "</script" in text.lower() or "</style" in text.lower() or "<!--" in text:
        raise FleetplanError(f"the asset {name} would end the element that it stands in")
    return text


def json_for_script(value: Any) -> str:
    """JSON that cannot leave a ``<script type="application/json">`` element, whatever text it holds.

    Raises:
        ValueError: the value holds NaN or an infinity.
    """
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"), sort_keys=True)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text  # ensure_ascii has already escaped U+2028 and U+2029


def replace_links(page: str) -> str:
    """A folium page with each linked script and style sheet replaced by vendored text, or dropped.

    Raises:
        FleetplanError: the page links to something unknown.
    """
    page = _SCRIPT_LINK.sub(lambda match: _element_of(match[1], "script"), page)
    return _STYLE_LINK.sub(lambda match: _element_of(match[1], "style"), page)


def _element_of(address: str, tag: str) -> str:
    for pattern, name in _VENDORED:
        if pattern.search(address):
            return _inline(tag, name)
    if any(pattern.search(address) for pattern in _DROPPED):
        return ""
    raise FleetplanError(f"the map would load {address!r}, which is not part of this package; maps work offline")


def _inline(tag: str, name: str) -> str:
    return f"<{tag}>\n{asset_text(name)}</{tag}>"


def steady_ids(page: str) -> str:
    """The page with folium's random identifiers numbered in the order in which they appear."""
    numbers: dict[str, str] = {}
    return _RANDOM_ID.sub(lambda match: numbers.setdefault(match[0], f"{len(numbers) + 1}"), page)


def script_hashes(page: str) -> list[str]:
    """CSP sources of the page's scripts, in order, data blocks left out."""
    found = []
    for match in _SCRIPT.finditer(page):
        if "application/json" in match["kind"]:
            continue
        digest = base64.b64encode(hashlib.sha256(match["text"].encode("utf-8")).digest()).decode("ascii")
        found.append(f"'sha256-{digest}'")
    return list(dict.fromkeys(found))


class OfflineFigure(Figure):  # type: ignore[misc]
    """The root of a folium map, rendered as one page that loads nothing.

    Add a ``folium.Map`` as its child; ``render`` gives the page.

    Args:
        title: the page's title; any text.
        data: a JSON value, found by scripts in ``#fleetplan-data``.
        scripts, styles: own assets, after those of folium's.
        notices: texts (licences) to be kept in the page's head as comments of a style sheet.
        body: static markup behind folium's own; never user text.
        lang: language of the page's own words.
    """

    def __init__(
        self,
        *,
        title: str,
        data: Mapping[str, Any],
        scripts: Iterable[str] = (),
        styles: Iterable[str] = (),
        notices: Iterable[str] = (),
        body: str = "",
        lang: str = "en",
    ) -> None:
        super().__init__()
        self._page_title = title
        self._data = data
        self._scripts = tuple(scripts)
        self._styles = tuple(styles)
        self._notices = tuple(notices)
        self._body = body
        self._lang = lang

    def render(self, **kwargs: Any) -> str:
        """The whole page.

        Raises:
            FleetplanError: folium links to something unknown, or its page has lost the shape this relies on.
        """
        page = steady_ids(super().render(**kwargs))
        page = _VIEWPORT.sub("", page)
        page = _once(page, "<html>", f'<html lang="{html.escape(self._lang)}">')
        page = _once(page, "<head>", f"<head>\n{_OPENING}")
        page = _once(page, "</head>", f"{_CLOSING}</head>")
        page = _once(page, "</body>", f"{self._body}</body>")
        page = replace_links(page)
        own = "".join(f"<style>\n/*\n{asset_text(name).replace('*/', '* /')}*/\n</style>\n" for name in self._notices)
        own += "".join(_inline("style", name) for name in self._styles)
        own += "".join(_inline("script", name) for name in self._scripts)
        page = _once(page, _CLOSING, own)
        # The policy needs the scripts' hashes and stands in front of them. User text comes last of all.
        policy = _POLICY.format(hashes=" ".join(script_hashes(page)))
        opening = (
            '<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{html.escape(self._page_title)}</title>\n"
            f'<script type="application/json" id="fleetplan-data">{json_for_script(self._data)}</script>\n'
        )
        return _once(page, _OPENING, opening).strip() + "\n"


def _once(page: str, mark: str, text: str) -> str:
    if page.count(mark) != 1:
        raise FleetplanError(f"folium's page has {page.count(mark)} {mark}; this version of folium is not supported")
    before, after = page.split(mark)
    return before + text + after
