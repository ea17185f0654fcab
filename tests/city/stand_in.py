"""A stand-in for Overpass and Nominatim on this machine, so that downloads are tested without a network."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_STATUS = "Connected as: 1\nCurrent time: now\nAnnounced endpoint: none\nRate limit: 2\n2 slots available now.\n"


@dataclass
class StandIn:
    """What the servers answer, and which queries they were asked."""

    overpass: bytes = b'{"elements": []}'
    nominatim: bytes = b"[]"
    status: int = 200
    asked: list[str] = field(default_factory=list)
    url: str = ""


def area_answer(west: float, south: float, east: float, north: float) -> bytes:
    """Nominatim's answer for a place whose outline is a box."""
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
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
        "geojson": {"type": "Polygon", "coordinates": [ring]},
    }
    return json.dumps([place]).encode()


@contextmanager
def serving(answers: StandIn, cache: Path) -> Iterator[StandIn]:
    """Runs the stand-in and points osmnx to it, with an own cache folder; everything is put back afterwards."""
    import osmnx

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/api/status"):
                self._answer(200, _STATUS.encode(), "text/plain")
            else:
                answers.asked.append(self.path)
                self._answer(answers.status, answers.nominatim, "application/json")

        def do_POST(self) -> None:
            answers.asked.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self._answer(answers.status, answers.overpass, "application/json")

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings = osmnx.settings
    names = ("overpass_url", "nominatim_url", "cache_folder")
    before = {name: getattr(settings, name) for name in names}
    answers.url = f"http://127.0.0.1:{server.server_port}"
    settings.overpass_url, settings.nominatim_url = f"{answers.url}/api", answers.url
    settings.cache_folder = cache
    try:
        yield answers
    finally:
        for name, value in before.items():
            setattr(settings, name, value)
        server.shutdown()
        server.server_close()
        thread.join()
