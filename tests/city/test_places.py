"""Streets of places and boxes against a stand-in server: they come out right, once, and from the cache after that."""

from __future__ import annotations

import copy
import dataclasses
import gzip
import json
from pathlib import Path

import numpy as np
import osmnx
import pytest

from fleetplan.city.classes import Highway
from fleetplan.city.streets import Streets
from fleetplan.errors import CityError
from tests.city.stand_in import Reply, StandIn, area_answer, serving
from tests.towns import lat_lon, town

POINTS = {1: (0, 0), 2: (100, 0), 3: (200, 0), 4: (100, 100)}


def overpass_answer() -> bytes:
    """A street with an alley, a footway, a bollard and a restriction, as Overpass writes them."""
    elements: list[dict[str, object]] = []
    for node, (x_m, y_m) in POINTS.items():
        lat, lon = lat_lon(x_m, y_m)
        tags = {"tags": {"barrier": "bollard", "maxwidth:physical": "1.9"}} if node == 2 else {}
        elements.append({"type": "node", "id": node, "lat": lat, "lon": lon, **tags})
    street = {"highway": "residential", "width": "4,5", "maxwidth": "7'", "motorcar": "destination"}
    ways: list[tuple[list[int], dict[str, str]]] = [
        ([1, 2], street),
        ([2, 4], {"highway": "service", "service": "alley", "oneway": "yes"}),
        ([4, 3], {"highway": "footway"}),
        ([2, 3], street),
    ]
    elements += [{"type": "way", "id": 50 + i, "nodes": refs, "tags": tags} for i, (refs, tags) in enumerate(ways)]
    members = [("way", 50, "from"), ("node", 2, "via"), ("way", 51, "to")]
    turn = {"type": "restriction", "restriction": "no_left_turn"}
    rows = [{"type": kind, "ref": ref, "role": role} for kind, ref, role in members]
    return json.dumps({"elements": [*elements, {"type": "relation", "id": 9, "members": rows, "tags": turn}]}).encode()


def download_and_file(ways: list[dict[str, str]], folder: Path) -> tuple[Streets, Streets]:
    """A chain of streets from 1 to 2 to 3, drawn so, by download and from a file."""
    nodes = {"p": POINTS[1], "q": POINTS[2], "r": POINTS[3], "s": POINTS[4]}
    lines = ["p q", "q r", "p s", "s r", "s q"]
    height = {"barrier": "height_restrictor", "maxheight": "2"}
    elements: list[dict[str, object]] = []
    for node, (x_m, y_m) in POINTS.items():
        lat, lon = (round(degrees, 7) for degrees in lat_lon(x_m, y_m))
        elements.append({"type": "node", "id": node, "lat": lat, "lon": lon, "tags": height if node == 2 else {}})
    ids = {name: number for number, name in enumerate(nodes, start=1)}
    for number, (line, tags) in enumerate(zip(lines, ways, strict=True)):
        refs = [ids[name] for name in line.split()]
        elements.append({"type": "way", "id": 100 + number, "nodes": refs, "tags": tags})
    with serving(StandIn(overpass=json.dumps({"elements": elements}).encode()), folder):
        loaded = Streets.from_bbox(*town_box())
    return loaded, town(nodes=nodes, ways=list(zip(lines, ways, strict=True)), node_tags={"q": height})


def test_directions_by_download_are_those_of_the_file(tmp_path: Path) -> None:
    """A way keeps its own ``oneway``, a motorway and a circle their own rules; sides of -1 stay too."""
    loaded, read = download_and_file(
        [
            {"highway": "motorway"},
            {"highway": "residential", "oneway": "reversible"},
            {"highway": "residential", "oneway": "-1", "parking:left": "lane"},
            {"highway": "tertiary", "junction": "circular"},
            {"highway": "motorway_link", "oneway": "no"},
        ],
        tmp_path,
    )
    for column in ("way_id", "u", "v", "forward", "backward", "parking_left", "parking_right", "walkable"):
        order = [np.argsort(city.stretches.way_id) for city in (loaded, read)]
        told, known = (getattr(city.stretches, column)[rows] for city, rows in zip((loaded, read), order, strict=True))
        np.testing.assert_array_equal(told, known, err_msg=column)
    assert loaded.nodes.barrier_height_m.tolist()[1] == read.nodes.barrier_height_m.tolist()[1] == 2.0


def town_box() -> tuple[float, float, float, float]:
    """West, south, east and north around the points."""
    south, west = lat_lon(-50, -50)
    north, east = lat_lon(300, 200)
    return west, south, east, north


def settings_now() -> dict[str, object]:
    names = ("useful_tags_way", "cache_folder", "requests_kwargs", "use_cache", "overpass_url", "nominatim_url")
    return {name: copy.deepcopy(getattr(osmnx.settings, name)) for name in names}


def test_another_question_makes_a_kept_city_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A city that was fetched when less was asked for is asked for anew, without anybody counting versions."""
    with serving(StandIn(overpass=overpass_answer()), tmp_path) as answers:
        Streets.from_bbox(*town_box())
        Streets.from_bbox(*town_box())
        assert len(answers.asked) == 1
        monkeypatch.setattr("fleetplan.city.overpass.OUTLINE_KEYS", ("building", "addr:housenumber", "shop"))
        Streets.from_bbox(*town_box())
        assert len(answers.asked) == 2


def test_a_box_brings_the_tags_and_street_kinds_that_deliveries_need(tmp_path: Path) -> None:
    """osmnx alone would drop the alley, the footway, the bollard, the sign and the restriction."""
    with serving(StandIn(overpass=overpass_answer()), tmp_path) as answers:
        streets = Streets.from_bbox(*town_box())
    table = streets.stretches
    kinds = sorted(Highway(code).name for code in table.highway)
    assert kinds == ["FOOTWAY", "RESIDENTIAL", "RESIDENTIAL", "SERVICE"]
    assert "alley" not in answers.asked[0]  # not filtered out
    signs = table.maxwidth_m[table.highway == Highway.RESIDENTIAL]
    assert signs == pytest.approx([7 * 0.3048] * 2)
    assert streets.nodes.barrier_gap_m[streets.nodes.osm_id.tolist().index(2)] == 1.9
    assert len(streets.edges) == 5  # two two-way pieces of the street, the alley one way
    assert len(streets.restrictions) == 1
    assert streets.warnings == ()  # restrictions, addresses and shops came along: nothing to warn of
    assert streets.country == "FI"


def test_a_place_is_found_by_its_name(tmp_path: Path) -> None:
    """The query goes to Nominatim, its outline to Overpass."""
    with serving(StandIn(overpass=overpass_answer(), nominatim=area_answer(*town_box())), tmp_path) as answers:
        streets = Streets.from_place("Town, Finland", country="SE")
    assert "q=Town" in answers.asked[0]
    assert len(streets.edges) == 5
    assert (streets.label, streets.country) == ("Town, Finland", "SE")


def test_the_second_download_comes_from_the_cache(tmp_path: Path) -> None:
    """A server is asked once for the same box or place; a second call needs no network at all."""
    answers = StandIn(overpass=overpass_answer(), nominatim=area_answer(*town_box()))
    with serving(answers, tmp_path):
        box = Streets.from_bbox(*town_box())
        place = Streets.from_place("Town, Finland")
        assert len(answers.asked) == 3
        answers.script = answers.places = [Reply(status=400)] * 9
        again = [Streets.from_bbox(*town_box()), Streets.from_place(" Town,  Finland ")]
        assert len(answers.asked) == 3
    for first, second in zip((box, place), again, strict=True):
        np.testing.assert_array_equal(first.stretches.length_m, second.stretches.length_m)
    assert [city.label for city in again] == [box.label, " Town,  Finland "]


def test_a_broken_file_in_the_cache_is_fetched_again(tmp_path: Path) -> None:
    """A full disk or a careless hand must not close a place for ever; other faults ask for nothing."""
    with serving(StandIn(overpass=overpass_answer()), tmp_path) as answers:
        Streets.from_bbox(*town_box())
        (file,) = tmp_path.rglob("*.osm.pbf")
        file.write_bytes(file.read_bytes()[:60])
        assert len(Streets.from_bbox(*town_box()).edges) == 5
        assert len(answers.asked) == 2
        with pytest.raises(CityError) as caught:
            Streets.from_bbox(*town_box(), country="Finland")
        assert len(answers.asked) == 2
    assert "osm.pbf" not in caught.value.faults[0].where  # people know no name of the cache


def test_without_osmnxs_cache_every_call_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Protects users who turned the cache off."""
    monkeypatch.setattr(osmnx.settings, "use_cache", False)
    with serving(StandIn(overpass=overpass_answer()), tmp_path) as answers:
        for count in (1, 2):
            assert len(Streets.from_bbox(*town_box()).edges) == 5
            assert len(answers.asked) == count
    assert not list(tmp_path.iterdir())


def test_settings_of_osmnx_come_back_after_success_and_after_failure(tmp_path: Path) -> None:
    """A library must not leave another library's global settings changed."""
    before = settings_now()
    with serving(StandIn(overpass=overpass_answer()), tmp_path):
        Streets.from_bbox(*town_box())
    with serving(StandIn(), tmp_path / "other"), pytest.raises(CityError):
        Streets.from_bbox(*town_box())
    assert settings_now() == before


def test_the_cache_lies_under_the_user_unless_told_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """osmnx's own default would litter the working folder."""
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_: str(tmp_path / "user"))
    with serving(StandIn(overpass=overpass_answer()), tmp_path / "unused"):
        monkeypatch.setattr(osmnx.settings, "cache_folder", "./cache")
        Streets.from_bbox(*town_box())
    assert list((tmp_path / "user").rglob("*.osm.pbf"))
    assert not (tmp_path / "unused").exists()


@pytest.mark.parametrize("status", [429, 504])
def test_a_busy_server_is_a_fault_with_a_remedy(tmp_path: Path, status: int) -> None:
    """osmnx would sleep and ask again for ever."""
    with (
        serving(StandIn(overpass=lambda _: Reply(status=status)), tmp_path),
        pytest.raises(CityError, match="busy") as caught,
    ):
        Streets.from_bbox(*town_box())
    assert caught.value.faults[0].code == "city.download"
    assert "try again" in caught.value.faults[0].remedy


def test_an_empty_answer_and_an_unknown_place_are_faults(tmp_path: Path) -> None:
    """Nothing there is said as such."""
    with serving(StandIn(), tmp_path):
        with pytest.raises(CityError, match="nothing in it"):
            Streets.from_bbox(*town_box())
        with pytest.raises(CityError, match="no such area"):
            Streets.from_place("Nowhere at all")


def test_a_server_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    """A closed port stands for a missing network."""
    with serving(StandIn(), tmp_path) as answers:
        gone = answers.url
    with serving(StandIn(), tmp_path), pytest.MonkeyPatch.context() as patch:
        patch.setattr(osmnx.settings, "nominatim_url", gone)
        with pytest.raises(CityError, match="does not answer"):
            Streets.from_place("A town behind a closed port")


def test_all_faults_of_a_box_are_told_at_once() -> None:
    """West and east changed, south and north too."""
    with pytest.raises(CityError) as caught:
        Streets.from_bbox(25.0, 60.2, 24.9, 60.1)
    assert [fault.field for fault in caught.value.faults] == ["west, east", "south, north"]
    with pytest.raises(CityError) as caught:
        Streets.from_bbox(float("nan"), -91, 200, 60.1)
    assert [fault.field for fault in caught.value.faults] == ["west", "south", "east"]


def test_an_empty_name_is_a_fault() -> None:
    """It must not reach a server."""
    with pytest.raises(CityError, match="name is empty"):
        Streets.from_place("  ")


def test_abeno_by_download_equals_abeno_from_the_file(shared_data: Path, tmp_path: Path) -> None:
    """The same data through Overpass gives the very streets of the extract: each stretch, metre, width and rule."""
    body = gzip.decompress((shared_data / "osm" / "osaka-abeno.overpass.json.gz").read_bytes())
    with serving(StandIn(overpass=body), tmp_path):
        loaded = Streets.from_bbox(135.5122, 34.6246, 135.5502, 34.6502)
    read = Streets.from_file(shared_data / "osm" / "osaka-abeno.osm.pbf")
    for table in ("nodes", "stretches", "edges", "restrictions", "places"):
        told, known = getattr(loaded, table), getattr(read, table)
        assert len(told) == len(known)
        for column in dataclasses.fields(known):
            pair = getattr(told, column.name), getattr(known, column.name)
            np.testing.assert_array_equal(*pair, err_msg=f"{table}.{column.name}")
    assert float(loaded.stretches.length_m[loaded.stretches.drivable].sum()) > 500_000
    assert (loaded.country, loaded.names) == ("JP", read.names)
