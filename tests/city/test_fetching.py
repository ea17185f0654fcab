"""One file with everything a city needs, from servers that are busy, slow, cut off or wrong."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import numpy as np
import osmium
import osmnx
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from fleetplan.city.areas import MAX_PARTS, Area, area_of_box, overpass_filters, parts_of
from fleetplan.city.asking import (
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    PAUSE_GROWTH,
    TRIES,
    TRIES_WITHOUT_CONNECTION,
    TroubleError,
)
from fleetplan.city.fetching import KEPT_S, MAX_HALVINGS, fetch
from fleetplan.city.osm_writing import merge_files, write_elements
from fleetplan.city.overpass import elements_of, query_of
from fleetplan.city.streets import Streets
from fleetplan.city.tags import NO_STREET
from fleetplan.cli import app
from fleetplan.errors import CityError
from tests.city.stand_in import (
    Element,
    Reply,
    StandIn,
    answer_of,
    area_answer,
    box_of,
    clipped_to,
    elements_of_file,
    serving,
)
from tests.towns import lat_lon

ROOT = Path(__file__).resolve().parents[2]


def node(osm_id: int, x_m: float, y_m: float, **tags: str) -> Element:
    lat, lon = (round(degrees, 7) for degrees in lat_lon(x_m, y_m))
    return {
        "type": "node",
        "id": osm_id,
        "lat": lat,
        "lon": lon,
        "tags": {k.replace("_", ":"): v for k, v in tags.items()},
    }


def way(osm_id: int, nodes: Sequence[int], **tags: str) -> Element:
    return {"type": "way", "id": osm_id, "nodes": list(nodes), "tags": tags}


TOWN: list[Element] = [
    node(1, 0, 0),
    node(2, 1000, 0, barrier="bollard", maxwidth_physical="1.9"),
    node(3, 2000, 0),
    node(4, 1000, 1000, highway="traffic_signals"),
    node(5, 40, 20),
    node(6, 60, 20),
    node(7, 60, 40),
    node(8, 1950, 30, shop="bakery", name="Leipä <b>"),
    way(50, [1, 2], highway="residential", width="4,5"),
    way(51, [2, 3], highway="residential"),
    way(52, [2, 4], highway="service", service="alley"),
    way(53, [4, 3], highway="footway"),
    way(54, [5, 6, 7, 5], building="yes", **{"addr:housenumber": "7", "addr:street": "Katu"}),
    {
        "type": "relation",
        "id": 900,
        "members": [
            {"type": "way", "ref": 50, "role": "from"},
            {"type": "node", "ref": 2, "role": "via"},
            {"type": "way", "ref": 52, "role": "to"},
        ],
        "tags": {"type": "restriction", "restriction": "no_left_turn"},
    },
]
"""Two kilometres of street, an alley, a foot path, a bollard, a signal, a building, a shop and a restriction."""


def box() -> tuple[float, float, float, float]:
    """West, south, east and north around the town."""
    (south, west), (north, east) = lat_lon(-50, -50), lat_lon(2050, 1050)
    return west, south, east, north


def knowing(answers: StandIn) -> StandIn:
    """A server that knows the town and gives of it what a box holds."""
    answers.overpass = lambda question: Reply(answer_of(clipped_to(TOWN, question)))
    return answers


def first_part_only(answers: StandIn) -> StandIn:
    """The same, busy whenever it is asked for anything but the westernmost part."""

    def reply(question: str) -> Reply:
        first = box_of(question)[1] == pytest.approx(box()[0], abs=1e-6)
        return Reply(answer_of(clipped_to(TOWN, question))) if first else BUSY

    answers.overpass = reply
    return answers


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of at most 1.1 km, of which the town has two, side by side."""
    monkeypatch.setattr(osmnx.settings, "max_query_area_size", 1_110.0**2)


def objects(path: Path) -> list[tuple[str, int]]:
    return [(item.type_str(), item.id) for item in osmium.FileProcessor(str(path))]


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("ending", [".osm.pbf", ".osm", ".osm.gz"])
def test_one_file_holds_everything_sorted_and_once(tmp_path: Path, small_parts: None, ending: str) -> None:
    """Parts overlap at their seams: each object is there once, by type and identifier, and two runs are byte-equal."""
    paths = [tmp_path / "a" / f"town{ending}", tmp_path / f"again{ending}"]
    for path in paths:
        with serving(knowing(StandIn()), tmp_path / "cache") as answers:
            got = fetch(box(), path)
        assert got.parts == len(answers.asked) == 2
    assert paths[0].read_bytes() == paths[1].read_bytes()
    found = objects(paths[0])
    assert found == [*(("n", i) for i in range(1, 9)), *(("w", i) for i in range(50, 55)), ("r", 900)]
    held = got.contents
    assert (held.streets, held.restrictions, held.buildings, held.places) == (4, 1, 1, 2)
    assert got.date == "2026-11-01T00:00:00Z"
    assert not files(tmp_path / "cache" / "parts")


def test_what_was_fetched_reads_as_streets_with_restriction_barrier_and_places(tmp_path: Path) -> None:
    """Protects the file's use: nothing of the answer is lost on its way into the tables."""
    with serving(knowing(StandIn()), tmp_path / "cache"):
        fetch(box(), tmp_path / "town.osm.pbf")
    streets = Streets.from_file(tmp_path / "town.osm.pbf")
    assert len(streets.restrictions) == 1
    assert streets.nodes.barrier_gap_m[streets.nodes.osm_id.tolist().index(2)] == 1.9
    assert sorted(streets.places.label) == ["Katu 7", "Leipä <b>"]
    np.testing.assert_allclose(streets.bounds, (*lat_lon(0, 0)[::-1], *lat_lon(2000, 1000)[::-1]), atol=1e-6)


def test_nothing_about_mappers_is_written(tmp_path: Path) -> None:
    """A server may tell users, changesets and times; the file does not."""
    told = [
        element | {"user": "somebody", "uid": 7, "changeset": 8, "version": 3, "timestamp": "2020-01-01T00:00:00Z"}
        for element in TOWN
    ]
    with serving(StandIn(overpass=answer_of(told)), tmp_path / "cache"):
        fetch(box(), tmp_path / "town.osm")
    text = (tmp_path / "town.osm").read_text(encoding="utf-8")
    assert not any(word in text for word in ("somebody", "uid", "changeset", 'version="3"', "2020"))


# What may pass


GOOD = Reply(answer_of(TOWN))
BUSY = Reply(b"<html>rate limited</html>", status=429)
PASSING = {
    "busy": BUSY,
    "gateway": Reply(b"", status=504),
    "failed": Reply(b"oops", status=500),
    "cut in transfer": Reply(GOOD.body, sent=len(GOOD.body) // 2),
    "cut at the server": Reply(GOOD.body[: len(GOOD.body) // 2]),
    "page": Reply(b"<html><body>runtime error: The server is probably too busy</body></html>"),
    "remark": Reply(answer_of(TOWN[:8], remark="runtime error: \x1b[31m open64: 2 No such file or directory")),
    "not Overpass": Reply(b'{"elements": 3}'),
    "no object": Reply(answer_of([*TOWN, {"type": "node", "id": 77, "lat": 60.0}])),
    "half a sign": Reply(answer_of([*TOWN, way(60, [1, 2], name="\ud800")])),
}


@pytest.mark.parametrize("name", PASSING)
def test_what_may_pass_is_asked_again(tmp_path: Path, name: str) -> None:
    """Protects completeness: a partial or foreign answer is never taken for the whole; the next one is."""
    with serving(StandIn(script=[PASSING[name], PASSING[name], GOOD]), tmp_path / "cache") as answers:
        got = fetch(box(), tmp_path / "town.osm.pbf")
    assert got.contents.streets == 4
    assert len(answers.asked) == 3
    assert answers.slept == [FIRST_PAUSE_S, FIRST_PAUSE_S * PAUSE_GROWTH]


@pytest.mark.parametrize("name", PASSING)
def test_what_does_not_pass_ends_after_the_last_try(tmp_path: Path, name: str) -> None:
    """Protects against waiting for ever: pauses double, then there is a clear fault and no file."""
    with (
        serving(StandIn(overpass=lambda _: PASSING[name]), tmp_path / "cache") as answers,
        pytest.raises(CityError) as caught,
    ):
        fetch(box(), tmp_path / "out" / "town.osm.pbf")
    assert len(answers.asked) == TRIES
    assert answers.slept == [FIRST_PAUSE_S * PAUSE_GROWTH**i for i in range(TRIES - 1)]
    fault = caught.value.faults[0]
    assert fault.code == "city.download"
    assert f"{TRIES} times" in fault.message
    assert fault.message.isprintable()
    assert not files(tmp_path / "out")


def test_a_silent_server_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A time-out is osmnx's own setting, and the server is told less, so that it can still say it ran out of it."""
    monkeypatch.setattr(osmnx.settings, "requests_timeout", 0.2)
    with serving(StandIn(script=[Reply(hangs=True), GOOD]), tmp_path / "cache") as answers:
        said: list[str] = []
        got = fetch(box(), tmp_path / "town.osm.pbf", progress=lambda text, done, total: said.append(text))
    assert (got.contents.streets, len(answers.asked)) == (4, 2)
    waiting = next(row for row, text in enumerate(said) if "in time: trying again in 5 s (try 2 of 6)" in text)
    assert "asking again" in said[waiting + 1]  # the wait is not shown beyond its end
    monkeypatch.setattr(osmnx.settings, "requests_timeout", 100)
    with serving(StandIn(overpass=GOOD.body), tmp_path / "cache") as answers:
        fetch(box(), tmp_path / "town.osm.pbf")
    assert answers.asked[0].startswith("[out:json][timeout:90];")


def test_the_server_says_how_long_to_wait(tmp_path: Path) -> None:
    """``Retry-After`` in seconds or as a date is kept to where it is longer; what is beyond the limit ends the run."""
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    replies = [Reply(b"", 429, (("Retry-After", "42"),)), Reply(b"", 503, (("Retry-After", date),)), GOOD]
    with serving(StandIn(script=replies), tmp_path / "cache") as answers:
        fetch(box(), tmp_path / "town.osm.pbf")
    assert answers.slept == [42.0, pytest.approx(90, abs=10)]
    far = Reply(b"", 429, (("Retry-After", str(int(LONGEST_PAUSE_S) + 60)),))
    with serving(StandIn(script=[far]), tmp_path / "cache") as answers, pytest.raises(CityError, match="360 s"):
        fetch(box(), tmp_path / "other.osm.pbf")
    assert answers.slept == []
    for text in ("soon", "Mon, 01 Jan 2029 00:00:00 +99999999999999999999"):
        odd = Reply(b"", 429, (("Retry-After", text),))
        with serving(StandIn(script=[odd, GOOD]), tmp_path / "cache") as answers:
            fetch(box(), tmp_path / "town.osm.pbf")
        assert answers.slept == [FIRST_PAUSE_S]


@pytest.mark.parametrize(
    ("slots", "pause_s"),
    [
        ("Rate limit: 2\nSlot available after: 2026-11-24T00:00:00Z, in 14 seconds.\n"
         "Slot available after: 2026-11-24T00:00:00Z, in 9 seconds.\n", [9.0]),
        ("Rate limit: 2\n1 slots available now.\nSlot available after: x, in 14 seconds.\n", []),
        ("Rate limit: 1\nCurrently running queries (pid, space limit, time limit, start time):\n77 1 1 now\n", [5.0]),
        ("Rate limit: 0\nCurrently running queries (pid, space limit, time limit, start time):\n77 1 1 now\n", []),
        ("<html>nonsense", []),
    ],
)  # fmt: skip
def test_the_servers_slots_are_kept_to(tmp_path: Path, slots: str, pause_s: list[float]) -> None:
    """Protects the public servers: with osmnx's rate limit on, a question waits for a free slot."""
    with serving(StandIn(overpass=GOOD.body, slots=slots), tmp_path / "cache") as answers:
        fetch(box(), tmp_path / "town.osm.pbf")
    assert answers.slept == pause_s


def test_without_a_rate_limit_nobody_is_asked_for_slots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An own server has no slots: osmnx's setting turns the question for them off."""
    monkeypatch.setattr(osmnx.settings, "overpass_rate_limit", False)
    with serving(StandIn(overpass=GOOD.body, slots="Slot available after: x, in 14 seconds."), tmp_path) as answers:
        fetch(box(), tmp_path / "town.osm.pbf")
    assert answers.slept == []


# What will not pass


def test_a_refused_question_is_not_asked_again(tmp_path: Path) -> None:
    """Waiting mends no refusal; what the server said is told in plain words."""
    refusal = Reply(b"<html><p>Error</p>: <b>parse error</b> \x1b[31m line 1</html>", status=400)
    with (
        serving(StandIn(script=[refusal]), tmp_path) as answers,
        pytest.raises(CityError, match="parse error") as caught,
    ):
        fetch(box(), tmp_path / "town.osm.pbf")
    assert len(answers.asked) == 1
    assert "<" not in caught.value.faults[0].message
    assert "\x1b" not in caught.value.faults[0].message


def test_no_connection_is_given_up_soon(tmp_path: Path) -> None:
    """A closed port stands for a missing network."""
    with serving(StandIn(), tmp_path) as answers:
        gone = answers.url
    with serving(StandIn(), tmp_path) as answers, pytest.raises(CityError, match="does not answer"):
        fetch(box(), tmp_path / "town.osm.pbf", overpass_url=gone)
    assert len(answers.slept) == TRIES_WITHOUT_CONNECTION - 1
    assert answers.asked == []


@pytest.mark.parametrize("url", ["example", "ftp://example/api", "http://"])
def test_an_address_that_is_none_is_told(tmp_path: Path, url: str) -> None:
    """A wrong setting is no busy server."""
    with pytest.raises(CityError, match="address cannot be used"):
        fetch(box(), tmp_path / "town.osm.pbf", overpass_url=url)


def test_an_empty_area_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    """Nothing there is said as such, is not kept as an answer, and replaces nothing."""
    path = tmp_path / "town.osm.pbf"
    path.write_bytes(b"before")
    houses = [element for element in TOWN if "highway" not in element.get("tags", {})]
    with serving(StandIn(overpass=answer_of(houses)), tmp_path / "cache"), pytest.raises(CityError) as caught:
        fetch(box(), path)
    assert caught.value.faults[0].code == "city.empty"
    assert path.read_bytes() == b"before"
    assert files(tmp_path) == ["town.osm.pbf"]


def test_an_unknown_place_and_a_mere_point_are_faults(tmp_path: Path) -> None:
    """No server is asked for the streets of what has no area."""
    with serving(StandIn(), tmp_path) as answers:
        with pytest.raises(CityError, match="no such area") as caught:
            fetch("Nowhere at all", tmp_path / "a.osm.pbf")
        answers.nominatim = area_answer(*box(), kind="Point")
        with pytest.raises(CityError, match="only a point"):
            fetch("A point", tmp_path / "a.osm.pbf")
    assert caught.value.faults[0].code == "city.place"
    assert all("/search" in path for path in answers.asked)
    assert not list(tmp_path.glob("a.osm*"))


def test_a_busy_nominatim_is_asked_again(tmp_path: Path) -> None:
    """osmnx would wait for it without end; a page in HTML is no answer either."""
    busy = [BUSY, Reply(b"<html>"), Reply(b"{}")]
    answers = StandIn(overpass=GOOD.body, nominatim=area_answer(*box()), places=busy)
    with serving(answers, tmp_path):
        assert fetch("Town", tmp_path / "a.osm.pbf").contents.streets == 4
    assert [path.startswith("/search") for path in answers.asked] == [True] * 4 + [False]
    answers = StandIn(places=[BUSY] * 20)
    with serving(answers, tmp_path / "other"), pytest.raises(CityError, match=f"busy.*{TRIES} times"):
        fetch("Town", tmp_path / "a.osm.pbf")
    assert len(answers.asked) == TRIES


def test_settings_of_osmnx_come_back_whatever_happens(tmp_path: Path) -> None:
    """A library must not leave another library's global settings changed."""

    def now() -> dict[str, object]:
        names = [name for name in vars(osmnx.settings) if name[0] != "_" and name.islower()]
        values = {name: getattr(osmnx.settings, name) for name in names}
        return {k: copy.deepcopy(v) for k, v in values.items() if isinstance(v, str | int | float | list | dict | Path)}

    with serving(StandIn(overpass=GOOD.body, nominatim=area_answer(*box())), tmp_path) as answers:
        before = now()
        fetch("Town", tmp_path / "a.osm.pbf", overpass_url=f"{answers.url}/api", nominatim_url=answers.url)
        assert now() == before
        answers.places = [Reply(b"", status=400)]
        answers.script = [Reply(b"", status=400)]
        for where in ("Elsewhere", box()):
            with pytest.raises(CityError, match="refuses"):
                fetch(where, tmp_path / "a.osm.pbf", overpass_url=f"{answers.url}/api")
            assert now() == before


def test_headers_and_arguments_of_osmnx_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Users name themselves to the servers, and their own hooks run, through osmnx's settings."""
    seen: list[str] = []

    def hook(response: object, *_: object, **__: object) -> None:
        seen.append(type(response).__name__)

    monkeypatch.setattr(osmnx.settings, "http_user_agent", "a study of ours")
    monkeypatch.setattr(osmnx.settings, "requests_kwargs", {"hooks": {"response": hook}})
    with serving(StandIn(overpass=GOOD.body, nominatim=area_answer(*box())), tmp_path) as answers:
        fetch("Town", tmp_path / "a.osm.pbf")
    assert answers.agents == {"a study of ours"}
    assert seen == ["Response"] * 3  # place, slots, data


# Parts


def test_a_run_that_broke_off_goes_on_where_it_was(tmp_path: Path, small_parts: None) -> None:
    """Parts that came are not asked for again, after a failure and after Ctrl-C alike."""
    path = tmp_path / "town.osm.pbf"

    def interrupted(text: str, done: int, total: int) -> None:
        if "trying again" in text:
            raise KeyboardInterrupt

    with serving(first_part_only(StandIn()), tmp_path / "cache") as answers:
        with pytest.raises(CityError, match="busy"):
            fetch(box(), path)
        assert len(answers.asked) == 1 + TRIES
        answers.asked.clear()
        with pytest.raises(KeyboardInterrupt):
            fetch(box(), path, progress=interrupted)
        assert len(answers.asked) == 1
        assert not path.exists()
        answers.asked.clear()
        knowing(answers)
        got = fetch(box(), path)
        assert len(answers.asked) == 1
        assert (got.parts, got.kept, got.contents.streets) == (2, 1, 4)
        fetch(box(), tmp_path / "whole.osm.pbf")
        assert len(answers.asked) == 3  # a new fetch brings the newest state
    assert path.read_bytes() == (tmp_path / "whole.osm.pbf").read_bytes()


def test_old_parts_and_other_servers_mean_asking_anew(tmp_path: Path, small_parts: None) -> None:
    """A file must not mix states of the map that lie far apart, nor answers of different servers."""
    path = tmp_path / "town.osm.pbf"
    old = time.time() - KEPT_S - 60
    with serving(first_part_only(StandIn()), tmp_path / "cache") as answers:
        with pytest.raises(CityError):
            fetch(box(), path)
        (part,) = (tmp_path / "cache" / "parts").iterdir()
        os.utime(part, (old, old))
        with pytest.raises(CityError):
            fetch(box(), path)
        assert part.stat().st_mtime > old
    with serving(knowing(StandIn()), tmp_path / "cache") as answers:  # another port is another server
        assert fetch(box(), path).kept == 0
    assert len(answers.asked) == 2


def test_without_osmnxs_cache_nothing_is_kept(
    tmp_path: Path, small_parts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Protects users who turned the cache off: no file but theirs."""
    monkeypatch.setattr(osmnx.settings, "use_cache", False)
    with serving(knowing(StandIn()), tmp_path / "unused"):
        fetch(box(), tmp_path / "town.osm.pbf")
    assert files(tmp_path) == ["town.osm.pbf"]


def test_a_part_that_cannot_be_read_is_taken_away(tmp_path: Path, small_parts: None) -> None:
    """A full disk must not make a place impossible to fetch for two days."""
    path = tmp_path / "town.osm.pbf"
    with serving(knowing(StandIn()), tmp_path / "cache") as answers:
        good = answers.overpass
        answers.script = [Reply(answer_of(TOWN))]
        answers.overpass = lambda _: BUSY
        with pytest.raises(CityError):
            fetch(box(), path)
        (part,) = (tmp_path / "cache" / "parts").iterdir()
        part.write_bytes(part.read_bytes()[:50])
        answers.overpass = good
        with pytest.raises(CityError, match="cannot be read"):
            fetch(box(), path)
        assert fetch(box(), path).contents.streets == 4


def test_a_part_too_large_for_the_server_is_cut_in_four(tmp_path: Path) -> None:
    """The server's own time or memory runs out: smaller parts come instead, and a resumed run knows."""
    exhausted = Reply(
        answer_of(TOWN[:3], remark='runtime error: Query timed out in "query" at line 3 after 90 seconds.')
    )
    path = tmp_path / "town.osm.pbf"
    with serving(knowing(StandIn(script=[exhausted])), tmp_path / "cache") as answers:
        got = fetch(box(), path)
        assert (got.parts, len(answers.asked), got.contents.streets) == (4, 5, 4)
        assert answers.slept == []
        fetch(box(), tmp_path / "whole.osm.pbf")
        assert path.read_bytes() == (tmp_path / "whole.osm.pbf").read_bytes()

        answers.script, answers.overpass = [exhausted], lambda _: BUSY
        with pytest.raises(CityError, match="busy"):
            fetch(box(), path)
        knowing(answers).asked.clear()
        fetch(box(), path)
        assert len(answers.asked) == 4

    memory = Reply(answer_of([], remark="runtime error: Query run out of memory using about 512 MB of RAM."))
    with (
        serving(StandIn(overpass=lambda _: memory), tmp_path / "no") as answers,
        pytest.raises(CityError, match="memory"),
    ):
        fetch(box(), tmp_path / "never.osm.pbf")
    assert len(answers.asked) == MAX_HALVINGS + 1


def test_a_place_is_asked_for_by_its_outline(tmp_path: Path) -> None:
    """The outline goes to Overpass a little widened, so that a street along the border is in."""
    with serving(StandIn(overpass=GOOD.body, nominatim=area_answer(*box())), tmp_path) as answers:
        fetch("Town, Finland", tmp_path / "a.osm.pbf")
    assert "q=Town" in answers.asked[0]
    south, west, north, east = box_of(answers.asked[1])
    assert (west, south) < (box()[0], box()[1])
    assert (east, north) > (box()[2], box()[3])
    assert east - box()[2] < 2e-4


@example(west=1.0, south=45.0, wide=0.274076420919692, high=0.274076420919692, corners=4, side_m=4359.0)
@given(
    west=st.floats(-170, 170),
    south=st.floats(-75, 75),
    wide=st.floats(0.001, 0.4),
    high=st.floats(0.001, 0.3),
    corners=st.integers(3, 9),
    side_m=st.floats(2_000, 50_000),
)
def test_parts_cover_the_area_and_are_small(
    west: float, south: float, wide: float, high: float, corners: int, side_m: float
) -> None:
    """Protects completeness: every point of an area lies in a part, no part is larger than allowed, none is empty."""
    turns = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    shape = shapely.Polygon(np.column_stack((west + wide * np.cos(turns) / 2, south + high * np.sin(turns) / 2)))
    parts = parts_of(Area("any", shape), max_area_m2=side_m**2)
    # on a grid, for the plain overlay makes triangles that are not there from points a rounding beside a slanting edge
    whole = shapely.union_all(parts, grid_size=1e-12)
    assert shapely.symmetric_difference(whole, shape, grid_size=1e-12).area < 1e-9 * shape.area + 1e-12
    assert sum(part.area for part in parts) == pytest.approx(shape.area)
    for part in parts:
        w, s, e, n = part.bounds
        assert (n - s) * 111_000 < min(side_m, 5_000) * 1.01
        assert (e - w) * 111_000 * np.cos(np.radians(south)) < min(side_m, 5_000) * 1.05


def test_islands_are_parts_and_the_sea_between_is_not() -> None:
    """A city with far islands (Tokyo) must not be refused for the sea that its bounds hold."""
    islands = shapely.MultiPolygon([shapely.box(139.0, 35.0, 139.04, 35.04), shapely.box(142.0, 27.0, 142.02, 27.02)])
    parts = parts_of(Area("Tokyo", islands), max_area_m2=1e12)
    assert 2 <= len(parts) <= 6
    both = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)])
    assert [text[:7] for text in overpass_filters(both)] == ['(poly:"', '(poly:"']


def test_an_area_too_large_is_refused_before_anybody_is_asked(tmp_path: Path) -> None:
    """A country is not for a public server, and a slip in a box must not cost a day."""
    assert len(parts_of(area_of_box(24, 60, 24.9, 60.9), max_area_m2=1e12)) <= MAX_PARTS
    for west, east in ((20.0, 30.0), (-179.0, 179.0)):
        with serving(StandIn(), tmp_path) as answers, pytest.raises(CityError) as caught:
            fetch((west, 55.0, east, 65.0), tmp_path / "a.osm.pbf")
        assert caught.value.faults[0].code == "city.area_size"
        assert answers.asked == []


def test_the_question_asks_for_everything() -> None:
    """Protects the one thing no stand-in can: what is asked, for each part of a divided area."""
    text = query_of(["(1,2,3,4)", '(poly:"1 2 3 4 5 6")'])
    for area in ("(1,2,3,4)", '(poly:"1 2 3 4 5 6")'):
        assert f'way["highway"]["highway"!~"^({"|".join(sorted(NO_STREET))})$"]{area};' in text
        for key in ("building", "addr:housenumber", "shop", "amenity", "office"):
            assert f'way["{key}"]{area};' in text
            assert f'rel["type"="multipolygon"]["{key}"]{area};' in text
        assert f'node["shop"]{area};' in text
    assert 'rel(bw.streets)["type"~"^restriction"]->.turns;' in text
    assert "node(w.ways);" in text
    assert text.count("(") == text.count(")")
    assert all(line.endswith(";") for line in text.splitlines())


KEYS = ("type", "id", "lat", "lon", "tags", "nodes", "members", "ref", "role", "elements")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.sampled_from(["node", "way"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=12,
)


@given(JSON, st.dictionaries(st.text(), JSON), st.lists(st.integers() | JSON, max_size=4))
def test_what_a_server_makes_up_is_told(whole: object, tags: object, nodes: object) -> None:
    """Protects against a crash: any document is sound or trouble."""
    for answer in (whole, {"elements": whole}, {"elements": [TOWN[0] | {"tags": tags}, TOWN[8] | {"nodes": nodes}]}):
        with contextlib.suppress(TroubleError):
            elements_of(answer)


SIGNS = st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff", include_characters="\t\n\r")
TEXT = st.text(SIGNS, min_size=1, max_size=255)


@pytest.mark.parametrize("ending", [".osm.pbf", ".osm"])
@settings(max_examples=40)
@given(
    tags=st.lists(st.dictionaries(TEXT, TEXT, max_size=3), min_size=3, max_size=3),
    ids=st.lists(st.integers(1, 2**40), min_size=4, max_size=4, unique=True),
    lon=st.floats(-180, 180),
    lat=st.floats(-90, 90),
)
def test_what_is_sound_comes_back_from_the_file(
    tmp_path_factory: pytest.TempPathFactory,
    ending: str,
    tags: list[dict[str, str]],
    ids: list[int],
    lon: float,
    lat: float,
) -> None:
    """Protects the data: whatever text a file can hold, identifiers and positions are read as they were sent."""
    members = [{"type": "way", "ref": ids[2], "role": "from"}, {"type": "node", "ref": ids[0], "role": ""}]
    sent: list[Element] = [
        {"type": "relation", "id": ids[3], "members": members, "tags": tags[2]},
        {"type": "way", "id": ids[2], "nodes": [ids[1], ids[0]], "tags": tags[1] | {"highway": "path"}},
        {"type": "node", "id": ids[0], "lat": lat, "lon": lon, "tags": tags[0]},
        {"type": "node", "id": ids[1], "lat": 60, "lon": 25},
    ]
    folder = tmp_path_factory.getbasetemp()
    part, path = folder / "part.osm.pbf", folder / f"whole{ending}"
    write_elements(elements_of({"elements": sent}), part)
    merge_files([part], path, ending=ending, generator="test", check=lambda contents: None)
    read = {(item.type_str(), item.id): dict(item.tags) for item in osmium.FileProcessor(str(path))}
    for element in sent:
        assert read[element["type"][0], element["id"]] == element.get("tags", {})


def test_porto_in_parts_equals_porto_from_the_file(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Buildings, addresses, shops and restrictions of a real city, in parts: every table is the extract's."""
    monkeypatch.setattr("fleetplan.city.areas.PART_SIDE_M", 8_000.0)
    source = shared_data / "osm" / "porto-old-town.osm.pbf"
    elements = elements_of_file(source)
    points = np.array([(e["lon"], e["lat"]) for e in elements if e["type"] == "node"])
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    answers = StandIn(overpass=lambda question: Reply(answer_of(clipped_to(elements, question))))
    with serving(answers, tmp_path / "cache"):
        got = fetch((west, south, east, north), tmp_path / "porto.osm.pbf")
    assert got.parts == len(answers.asked) >= 4
    assert got.contents.restrictions == 41  # one of the extract's 42 has lost all its ways
    assert got.contents.buildings == 11_353 + 51  # ways and multipolygons
    loaded, read = Streets.from_file(got.path), Streets.from_file(source)
    for table in ("nodes", "stretches", "edges", "restrictions", "places"):
        told, known = getattr(loaded, table), getattr(read, table)
        for column in dataclasses.fields(known):
            pair = getattr(told, column.name), getattr(known, column.name)
            np.testing.assert_array_equal(*pair, err_msg=f"{table}.{column.name}")


# The command


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["fetch", *arguments])
    return done.exit_code, done.stdout, done.stderr


def bbox() -> str:
    return ",".join(f"{degrees:.6f}" for degrees in box())


def test_the_command_writes_the_file_and_says_what_is_in_it(tmp_path: Path) -> None:
    """Protects the first thing a new user does: results on standard output, progress elsewhere."""
    path = tmp_path / "town.osm.pbf"
    with serving(StandIn(overpass=GOOD.body, nominatim=area_answer(*box())), tmp_path / "cache"):
        status, said, _ = run("Town, Finland", "-o", str(path))
        assert (status, path.exists()) == (0, True)
        assert "4 streets and paths, 1 turn restrictions, 1 buildings" in said
        assert "state of 2026-11-01T00:00:00Z" in said
        again = run("--bbox", bbox(), "-o", str(tmp_path / "b.osm"), "--quiet")
        assert again[0] == 0
        assert again[2] == ""
    with serving(StandIn(overpass=GOOD.body), tmp_path / "cache") as answers:
        status, _, _ = run("--bbox", "-71.1,42.3,-71.0,42.4", "-o", str(path), "--overpass-url", f"{answers.url}/api")
        assert (status, box_of(answers.asked[0])[1]) == (0, -71.1)


def test_faults_of_the_command_line_come_all_at_once(tmp_path: Path) -> None:
    """Exit status 2, every fault, nobody asked; an output that cannot be written is told before the download."""
    with serving(StandIn(overpass=GOOD.body), tmp_path / "cache") as answers:
        status, _, said = run("--bbox", "25,60.2,24,60.1", "-o", "town.gpkg")
        assert status == 2
        assert "3 faults" in said
        assert ".osm.pbf, .osm.gz, .osm" in said
        for arguments in ([], ["Town", "--bbox", bbox()], ["--bbox", "1,2,3"], ["--bbox", "a,b,c,d"], [" "]):
            assert run(*arguments, "-o", str(tmp_path / "a.osm"))[0] == 2, arguments
        (tmp_path / "file").touch()
        assert run("--bbox", bbox(), "-o", str(tmp_path / "file" / "a.osm"))[0] == 2
        (tmp_path / "folder.osm").mkdir()
        assert run("--bbox", bbox(), "-o", str(tmp_path / "folder.osm"))[0] == 2
        assert answers.asked == []
        assert run("Nowhere", "-o", str(tmp_path / "a.osm"))[0] == 2


def test_a_failing_server_is_exit_status_1(tmp_path: Path) -> None:
    """Protects scripts: what the servers did is not the user's fault, and calling again may help."""
    with serving(StandIn(overpass=lambda _: BUSY), tmp_path / "cache"):
        status, _, said = run("--bbox", bbox(), "-o", str(tmp_path / "a.osm"))
    assert status == 1
    assert "busy" in said
    assert "fault" not in said


def test_ctrl_c_ends_with_130_and_keeps_the_parts(tmp_path: Path, small_parts: None) -> None:
    """A real process, interrupted while the server is silent on the second part; the next asks for that one only."""
    path, cache = tmp_path / "a.osm.pbf", tmp_path / "cache"
    code = (
        "import osmnx, sys; "
        "osmnx.settings.max_query_area_size, osmnx.settings.cache_folder = 1_110.0**2, sys.argv[1]; "
        "from fleetplan.cli import app; app(sys.argv[2:])"
    )
    with serving(knowing(StandIn()), cache) as answers:
        arguments = ["--bbox", bbox(), "-o", str(path), "--overpass-url", f"{answers.url}/api"]
        answers.script = [Reply(answer_of(TOWN)), Reply(hangs=True)]
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(cache), "fetch", *arguments],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        while len(answers.asked) < 2 and process.poll() is None:
            process_wait(process)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 130, said
        assert "goes on from there" in said
        assert not path.exists()
        assert not [name for name in files(tmp_path) if name.endswith(".part")]
        answers.asked.clear()
        status, told, _ = run(*arguments)
    assert status == 0
    assert len(answers.asked) == 1
    assert "2 parts (1 from before)" in told


def process_wait(process: subprocess.Popen[str]) -> None:
    try:
        process.wait(0.02)
    except subprocess.TimeoutExpired:
        return
