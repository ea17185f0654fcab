"""A stand-in for Overpass and Nominatim on this machine, so that downloads are tested without a network or a pause."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import parse_qs

import osmium

FREE = "Connected as: 1\nCurrent time: now\nAnnounced endpoint: none\nRate limit: 2\n2 slots available now.\n"

Element = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """One answer of a server; ``sent`` cuts it off after so many bytes, ``hangs`` keeps it back until the end."""

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    sent: int | None = None
    hangs: bool = False


@dataclass
class StandIn:
    """What the servers answer, and what they were asked.

    ``overpass`` is an answer or makes one from a question. ``script`` holds replies of Overpass, and ``places`` replies
    of Nominatim, that come before those. ``asked`` gathers paths of Nominatim and questions of Overpass, ``slept``
    the pauses that nobody waited for.
    """

    overpass: bytes | Callable[[str], Reply] = b'{"elements": []}'
    nominatim: bytes = b"[]"
    script: list[Reply] = field(default_factory=list)
    places: list[Reply] = field(default_factory=list)
    slots: str = FREE
    asked: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    url: str = ""

    def reply(self, question: str) -> Reply:
        if self.script:
            return self.script.pop(0)
        return Reply(self.overpass) if isinstance(self.overpass, bytes) else self.overpass(question)


def area_answer(west: float, south: float, east: float, north: float, *, kind: str = "Polygon") -> bytes:
    """Nominatim's answer for a place whose outline is a box, or for a mere point."""
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    geojson = {"type": kind, "coordinates": [ring] if kind == "Polygon" else ring[0]}
    place: dict[str, Any] = {
        "place_id": 1,
        "osm_type": "relation",
        "osm_id": 1,
        "lat": str((south + north) / 2),
        "lon": str((west + east) / 2),
        "class": "boundary",
        "type": "administrative",
        "importance": 0.5,
        "addresstype": "city",
        "name": "Town",
        "display_name": "Town",
        "boundingbox": [str(south), str(north), str(west), str(east)],
        "geojson": geojson,
    }
    return json.dumps([place]).encode()


def answer_of(elements: Sequence[Element], **more: Any) -> bytes:
    """An Overpass answer of these objects."""
    base = {"version": 0.6, "osm3s": {"timestamp_osm_base": "2026-11-01T00:00:00Z"}, "elements": list(elements)}
    return json.dumps(base | more).encode()


def elements_of_file(path: Path) -> list[Element]:
    """The objects of an OpenStreetMap file as Overpass writes them."""
    kinds = {"n": "node", "w": "way", "r": "relation"}
    elements: list[Element] = []
    for item in osmium.FileProcessor(str(path)):
        element: Element = {"type": kinds[item.type_str()], "id": item.id, "tags": dict(item.tags)}
        if item.is_node():
            element |= {"lat": item.location.lat, "lon": item.location.lon}
        elif item.is_way():
            element["nodes"] = [node.ref for node in item.nodes]
        else:
            element["members"] = [{"type": kinds[m.type], "ref": m.ref, "role": m.role} for m in item.members]
        elements.append(element)
    return elements


def box_of(question: str) -> tuple[float, float, float, float]:
    """South, west, north and east of a question's first box."""
    found = re.search(r"\((-?[\d.]+),(-?[\d.]+),(-?[\d.]+),(-?[\d.]+)\)", question)
    assert found, question
    south, west, north, east = map(float, found.groups())
    return south, west, north, east


def clipped_to(elements: Sequence[Element], question: str) -> list[Element]:
    """What Overpass gives of a city for a box: ways with a node in it, whole, their nodes, restrictions and points."""
    south, west, north, east = box_of(question)
    inside = {
        e["id"] for e in elements if e["type"] == "node" and south <= e["lat"] <= north and west <= e["lon"] <= east
    }
    ways = [e for e in elements if e["type"] == "way" and not inside.isdisjoint(e["nodes"])]
    way_ids = {way["id"] for way in ways}
    node_ids = {node for way in ways for node in way["nodes"]}
    nodes = (element for element in elements if element["type"] == "node")
    points = [e for e in nodes if e["id"] in node_ids or (e["id"] in inside and _is_place(e))]
    turns = [e for e in elements if e["type"] == "relation" and way_ids & {m["ref"] for m in e["members"]}]
    return [*points, *ways, *turns]


def _is_place(node: Element) -> bool:
    return not {"addr:housenumber", "shop", "amenity", "office"}.isdisjoint(node.get("tags", {}))


@contextmanager
def serving(answers: StandIn, cache: Path) -> Iterator[StandIn]:
    """Runs the stand-in and points osmnx to it, with an own cache folder; everything is put back afterwards.

    ``time.sleep`` returns at once and notes what was asked of it.
    """
    import osmnx

    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/api/status"):
                self._answer(Reply(answers.slots.encode()), "text/plain")
            else:
                answers.asked.append(self.path)
                answers.agents.add(self.headers["User-Agent"])
                self._answer(answers.places.pop(0) if answers.places else Reply(answers.nominatim))

        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            question = parse_qs(form)["data"][0]
            answers.asked.append(question)
            answers.agents.add(self.headers["User-Agent"])
            self._answer(answers.reply(question))

        def _answer(self, reply: Reply, kind: str = "application/json") -> None:
            if reply.hangs:
                over.wait()
                return
            self.send_response(reply.status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(reply.body)))
            for name, value in reply.headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body[: reply.sent])

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    settings = osmnx.settings
    names = ("overpass_url", "nominatim_url", "cache_folder")
    before = {name: getattr(settings, name) for name in names}
    answers.url = f"http://127.0.0.1:{server.server_port}"
    settings.overpass_url, settings.nominatim_url = f"{answers.url}/api", answers.url
    settings.cache_folder = cache
    try:
        with mock.patch("time.sleep", answers.slept.append):
            yield answers
    finally:
        for name, value in before.items():
            setattr(settings, name, value)
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()
