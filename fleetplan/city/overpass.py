"""What a city needs, asked of an Overpass server part by part, and its answers checked before they are believed."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import requests

from fleetplan.city.asking import LONGEST_PAUSE_S, Tell, TroubleError, http_settings, json_of, words_of
from fleetplan.city.tags import NO_STREET

WAY_FILTER = f'["highway"]["highway"!~"^({"|".join(sorted(NO_STREET))})$"]'
"""Every street and path that a delivery by wheel or on foot may use. The presets of osmnx leave out service roads,
alleys or footways."""
RESTRICTION_FILTER = '["type"~"^restriction"]'
OUTLINE_KEYS = ("building", "addr:housenumber", "shop", "amenity", "office")
"""Ways and multipolygons with these come with their outlines."""
POINT_KEYS = OUTLINE_KEYS[1:]
"""Nodes with these come too; nodes of streets come with all their tags anyway: barriers, signals, crossings."""

SERVER_SHARE = 0.9
"""Share of ``osmnx.settings.requests_timeout`` that the server is given, so that it can still say it ran out of it."""
LONGEST_TEXT = 255
"""Characters of a tag's key or value; OpenStreetMap's own limit."""
_RUNNING_PAUSE_S = 5.0
_EXHAUSTED = re.compile(r"timed out|out of memory|too much memory", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # XML and UTF-8 have no such signs
_KINDS = ("node", "way", "relation")


class TooMuchError(Exception):
    """The server ran out of time or memory for one part; smaller ones may pass."""


class Elements(NamedTuple):
    """An answer taken for whole: OpenStreetMap objects as Overpass writes them, and how old the data are."""

    elements: list[dict[str, Any]]
    date: str


def query_of(filters: Sequence[str]) -> str:
    """The question for the area of some filters, without its settings.

    Streets come whole, also where they run on beyond the area, with every turn restriction they take part in.
    """
    outlines = [f'way["{key}"]{area};' for area in filters for key in OUTLINE_KEYS]
    shapes = [f'rel["type"="multipolygon"]["{key}"]{area};' for area in filters for key in OUTLINE_KEYS]
    points = [f'node["{key}"]{area};' for area in filters for key in POINT_KEYS]
    return "\n".join(
        [
            f"({''.join(f'way{WAY_FILTER}{area};' for area in filters)})->.streets;",
            f"rel(bw.streets){RESTRICTION_FILTER}->.turns;",
            f"({''.join(shapes)})->.shapes;",
            f"(.streets;way(r.shapes);{''.join(outlines)})->.ways;",
            f"({''.join(points)}node(w.ways);.ways;.turns;.shapes;);",
            "out body qt;",
        ]
    )


def settings_of(settings: Any) -> str:
    """The head of a question, from the settings of osmnx."""
    maxsize = "" if settings.overpass_memory is None else f"[maxsize:{settings.overpass_memory}]"
    timeout = max(1, math.floor(settings.requests_timeout * SERVER_SHARE))
    return f"{settings.overpass_settings.format(timeout=timeout, maxsize=maxsize)};"


def ask_overpass(query: str, *, settings: Any, tell: Tell) -> Elements:
    """Ask once for one part.

    Raises:
        TroubleError, RefusalError, requests.RequestException: no whole answer came.
        TooMuchError: the server ran out of time or memory.
    """
    base = settings.overpass_url.rstrip("/")
    pause_s = _slot_pause_s(base, settings)
    if pause_s:
        tell(f"waiting {pause_s:.0f} s for the server's next free slot")
        time.sleep(pause_s)
    text = f"{settings_of(settings)}\n{query}"
    return elements_of(json_of(requests.post(f"{base}/interpreter", data={"data": text}, **http_settings(settings))))


def _slot_pause_s(base: str, settings: Any) -> float:
    """How long the server's own account says to wait; 0 where it has none, for its answer will tell."""
    if not settings.overpass_rate_limit:
        return 0.0
    try:
        response = requests.get(f"{base}/status", **http_settings(settings))
    except requests.RequestException:
        return 0.0
    text = response.text[:10_000] if response.ok else ""
    free = re.search(r"(\d+) slots? available now", text)
    if free and int(free[1]) > 0:
        return 0.0
    waits = [int(seconds) for seconds in re.findall(r"^Slot available after:.*in (-?\d{1,6}) seconds", text, re.M)]
    if waits:
        return min(max(1.0, min(waits)), LONGEST_PAUSE_S)
    limit = re.search(r"^Rate limit: (\d+)", text, re.M)
    running = re.search(r"^Currently running queries.*\n\s*\d", text, re.M)
    return _RUNNING_PAUSE_S if running and limit and int(limit[1]) > 0 else 0.0


def elements_of(answer: Any) -> Elements:
    """The objects of an answer.

    Raises:
        TroubleError: the answer is partial or none that Overpass gives.
        TooMuchError: it is partial because time or memory ran out.
    """
    if not isinstance(answer, dict) or not isinstance(answer.get("elements"), list):
        raise TroubleError("the server's answer is none that Overpass gives")
    if "remark" in answer:  # what came before the error is there, the rest is not
        remark = words_of(str(answer["remark"]))
        if _EXHAUSTED.search(remark):
            raise TooMuchError(remark)
        raise TroubleError(f"the server broke off ({remark})")
    for element in answer["elements"]:
        if not _is_sound(element):
            shown = " ".join(str(element).split())[:60]
            raise TroubleError(f"the server's answer holds what is no object of OpenStreetMap ({shown})")
    osm3s = answer.get("osm3s")
    date = str(osm3s.get("timestamp_osm_base", "")) if isinstance(osm3s, dict) else ""
    return Elements(answer["elements"], date if _DATE.fullmatch(date) else "")


def _is_sound(element: Any) -> bool:
    """Whether an object is one that can be written and read again."""
    if not isinstance(element, dict) or element.get("type") not in _KINDS or not _is_id(element.get("id")):
        return False
    tags = element.get("tags", {})
    if not isinstance(tags, dict) or not all(_is_text(key) and _is_text(value) for key, value in tags.items()):
        return False
    if element["type"] == "node":
        return _is_degrees(element.get("lat"), 90.0) and _is_degrees(element.get("lon"), 180.0)
    if element["type"] == "way":
        nodes = element.get("nodes")
        return isinstance(nodes, list) and all(_is_id(node) for node in nodes)
    members = element.get("members")
    return isinstance(members, list) and all(
        isinstance(member, dict)
        and member.get("type") in _KINDS
        and _is_id(member.get("ref"))
        and _is_text(member.get("role", ""))
        for member in members
    )


def _is_id(value: Any) -> bool:
    return type(value) is int and 0 < value < 2**63


def _is_degrees(value: Any, limit: float) -> bool:
    return type(value) in (int, float) and -limit <= value <= limit


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_TEXT and not _UNWRITABLE.search(value)
