"""The map as a file: small, the same every time, and whole or not there; its data says what the plan says."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fleetplan.demand.stops import Stops
from fleetplan.errors import FleetplanError
from fleetplan.show import fleetmap
from fleetplan.show.fleetmap import map_html, save_map
from fleetplan.show.mapdata import map_data
from fleetplan.show.packing import unpack_lines
from fleetplan.study.result import StudyResult
from fleetplan.units import format_clock
from tests.show import worlds
from tests.show.test_offline import loads_of


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="fleetplan-data">(.*?)</script>', page)
    assert found is not None
    value: dict[str, Any] = json.loads(found[1])
    return value


def frame_of(page: str) -> str:
    """The page without its data and its title: what no user text may change."""
    page = re.sub(r'<script type="application/json".*?</script>', "", page, flags=re.DOTALL)
    return re.sub(r"<title>[^<]*</title>", "", page)


def test_page_loads_nothing(town_study: StudyResult) -> None:
    """The finished map refers to nothing outside itself."""
    assert loads_of(map_html(town_study)) == []


def test_budgets(helsinki_study: StudyResult) -> None:
    """A map without a comparison's weight stays under 300 kB, 80 stops for three fleets in Helsinki under 700 kB."""
    streets = worlds.small_town()
    tiny = worlds.study(streets, worlds.stops_near(streets, 1), {"kei": {"kei-van": 1}})
    assert len(map_html(tiny).encode()) < 300_000
    assert len(map_html(helsinki_study).encode()) < 700_000


def test_same_result_same_bytes(town_study: StudyResult) -> None:
    """Two maps of one result are the same bytes, so that runs can be compared by checksum."""
    assert map_html(town_study) == map_html(town_study)


@pytest.mark.parametrize("name", worlds.HOSTILE)
def test_hostile_names_are_data_only(town_study: StudyResult, name: str) -> None:
    """No name is run as a template or leaves the data block; as title it is escaped."""
    hostile = worlds.renamed(town_study, {"kei": name})
    page = map_html(hostile, title=name)
    data = data_of(page)
    assert data["title"] == name
    assert name in [fleet["name"] for fleet in data["fleets"]]
    assert {stop["name"] for stop in data["stops"]} == set(worlds.HOSTILE)
    assert frame_of(page) == frame_of(map_html(town_study, title="harmless"))


def test_hostile_types_streets_and_reasons(town_study: StudyResult) -> None:
    """Names of vehicles, streets and reasons reach the page as data only, too."""
    bad = "</script><img src=x onerror=alert(1)>{{ 7*7 }}"
    vehicles = {name: replace(vehicle, title=bad) for name, vehicle in town_study.vehicles.items()}
    access = {name: replace(item, reasons=("", *[bad] * 3)) for name, item in town_study.access.items()}
    streets = replace(town_study.streets, names=("", *[bad] * (len(town_study.streets.names) - 1)), label=bad)
    page = map_html(replace(town_study, vehicles=vehicles, access=access, streets=streets))
    data = data_of(page)
    assert {kind["title"] for kind in data["types"]} == {bad}
    assert bad in data["narrow"]["texts"]
    assert frame_of(page) == frame_of(map_html(town_study))


def test_visits_carry_the_plan_s_order_and_times(town_study: StudyResult) -> None:
    """Stops, trips and times of every route are those of the plan, in its order."""
    data = data_of(map_html(town_study))
    ids = [stop["id"] for stop in data["stops"]]
    for fleet in data["fleets"]:
        plan = town_study.fleets[fleet["name"]].plan
        assert [route["id"] for route in fleet["routes"]] == [route.id for route in plan.routes]
        for row, route in zip(fleet["routes"], plan.routes, strict=True):
            expected = [
                (visit.stop, number, format_clock(visit.arrive_s))
                for number, trip in enumerate(route.trips, start=1)
                for visit in trip.visits
            ]
            assert [(ids[visit["stop"]], visit["trip"], visit["arrive"]) for visit in row["visits"]] == expected
            assert len(unpack_lines(row["walks"])) == len(expected)
            assert row["legs"] == sorted(row["legs"])
            assert len(unpack_lines(row["lines"])) == len(row["legs"]) == len(expected) + len(route.trips)
        assert [ids[item["stop"]] for item in fleet["unserved"]] == [item.stop for item in plan.unserved]


def test_lines_on_the_map_are_the_traced_legs(helsinki_study: StudyResult) -> None:
    """Unpacked legs begin and end where the traced ones do, to a grid step."""
    route = helsinki_study.fleets["van"].routes[0]
    row = next(fleet for fleet in map_data(helsinki_study, title="t")["fleets"] if fleet["name"] == "van")["routes"][0]
    for leg, (lon, lat) in zip(route.legs, unpack_lines(row["lines"]), strict=True):
        if len(leg.lon):
            assert np.allclose(
                [lon[0], lon[-1], lat[0], lat[-1]], [leg.lon[0], leg.lon[-1], leg.lat[0], leg.lat[-1]], atol=6e-6
            )


def test_narrow_streets_are_the_decisions(town_study: StudyResult) -> None:
    """The lane of 2.4 m is tight for the kei van (2.28 m) and closed to the van; footways are not listed."""
    data = map_data(town_study, title="t")
    assert [kind["name"] for kind in data["types"]] == ["kei-van", "full-size-van"]
    narrow = data["narrow"]
    texts, kinds = narrow["texts"], narrow["kinds"]
    rows = [row for row in narrow["rows"] if texts[row[0]] == "<img src=x onerror=alert(1)>"]
    assert len(rows) == 2
    for row in rows:
        street, width, source, decisions = kinds[row[1]]
        assert [band for band, _ in decisions] == [1, 2]
        assert texts[decisions[1][1]] == "narrower than 2.86 m"
        assert (texts[street], texts[source]) == ("residential", "tag")
        assert texts[width].startswith("2.4 m")
    assert all(texts[kind[0]] != "footway" for kind in kinds)
    assert len(unpack_lines(data["narrow"]["lines"])) == len(data["narrow"]["rows"])


def test_a_failed_map_leaves_the_old_one(
    tmp_path: Path, town_study: StudyResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When rendering fails nothing is written; a success replaces the file and leaves no other behind."""
    path = tmp_path / "deep" / "map.html"
    assert save_map(town_study, path) == path
    before = path.read_bytes()

    def fail(*_: object, **__: object) -> str:
        raise FleetplanError("no")

    monkeypatch.setattr(fleetmap, "map_html", fail)
    with pytest.raises(FleetplanError):
        save_map(town_study, path)
    assert path.read_bytes() == before
    assert [item.name for item in path.parent.iterdir()] == ["map.html"]


def test_empty_plan_still_gives_a_map(town_study: StudyResult) -> None:
    """A fleet that serves nothing, and a comparison without stops' names, are drawn like any other."""
    streets = town_study.streets
    stops = Stops(worlds.stops_near(streets, 2).items)
    result = worlds.study(streets, stops, {"van": {"full-size-van": 1}}, unserved={"van": [0, 1]})
    data = data_of(map_html(result))
    assert data["fleets"][0]["routes"] == []
    assert len(data["fleets"][0]["unserved"]) == 2
