"""Files of every ending, broken ones too, and what real extracts must come out as."""

from __future__ import annotations

import bz2
import gzip
import re
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import osmium
import pytest

from fleetplan.city.classes import AccessTag, WidthSource
from fleetplan.city.countries import country_at
from fleetplan.city.streets import Streets
from fleetplan.errors import CityError
from tests.towns import town_xml

NODES = {"a": (0.0, 0.0), "b": (100.0, 0.0), "c": (200.0, 0.0), "shop": (50.0, 20.0), "door": (150.0, 20.0)}
XML = town_xml(
    nodes=NODES,
    ways=[
        ("a b c", {"highway": "residential"}),
        ("a b door a", {"building": "yes", "addr:street": "Katu", "addr:housenumber": "7"}),
    ],
    node_tags={
        "shop": {"shop": "bakery", "name": "Leipä\n<b>", "addr:housenumber": "1"},
        "door": {"addr:housenumber": "3", "addr:street": "Katu"},
    },
)


@pytest.fixture(scope="module")
def helsinki(helsinki_path: Path) -> Streets:
    """The bundled city, read once."""
    return Streets.from_file(helsinki_path)


def km(streets: Streets, rows: np.ndarray) -> float:
    """Kilometres of some stretches."""
    return float(streets.stretches.length_m[rows].sum()) / 1000


@pytest.mark.parametrize(
    ("ending", "pack"), [(".osm", lambda b: b), (".osm.gz", gzip.compress), (".osm.bz2", bz2.compress)]
)
def test_the_same_town_from_every_ending(tmp_path: Path, ending: str, pack: Callable[[bytes], bytes]) -> None:
    """Packed or not, in capitals or not."""
    path = tmp_path / f"Town{ending}"
    path.write_bytes(pack(XML.encode()))
    streets = Streets.from_file(path)
    assert (len(streets.edges), len(streets.places), streets.label) == (2, 3, f"Town{ending}")


def test_addresses_and_shops_become_places(tmp_path: Path) -> None:
    """Nodes and outlines (at the mean of their corners, the closing one once), with labels fit for a map."""
    path = tmp_path / "town.osm"
    path.write_text(XML, encoding="utf-8")
    places = Streets.from_file(path).places
    assert places.label == ("Leipä <b>", "Katu 3", "Katu 7")
    assert places.kind.tolist() == [1, 0, 0]
    lons = [places.lon[1], 24.94, 24.94 + (places.lon[1] - 24.94) / 1.5]
    assert places.lon[2] == pytest.approx(np.mean(lons), abs=1e-6)


def test_nodes_after_their_ways_are_found(tmp_path: Path) -> None:
    """Overpass writes them so; identifiers below zero come from editors."""
    path = tmp_path / "late.osm"
    path.write_text(
        '<osm version="0.6"><way id="-3"><nd ref="-1"/><nd ref="-2"/><tag k="highway" v="residential"/></way>'
        '<way id="4"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/></way>'
        '<node id="-1" lat="60.1" lon="24.9"/><node id="-2" lat="60.101" lon="24.9"/>'
        '<node id="1" lat="60.1" lon="24.91"/><node id="2" lat="60.101" lon="24.91"/></osm>',
        encoding="utf-8",
    )
    streets = Streets.from_file(path)
    assert streets.stretches.way_id.tolist() == [-3, 4]
    assert streets.stretches.length_m == pytest.approx(111.4, abs=0.1)
    assert streets.warnings == ()


def test_ways_twice_deleted_or_out_of_the_world(tmp_path: Path) -> None:
    """A way that joined downloads hold twice counts once, a deleted one never, an impossible point is absent."""
    street = '<tag k="highway" v="residential"/></way>'
    path = tmp_path / "odd.osm"
    path.write_text(
        '<osm version="0.6"><node id="1" lat="60.1" lon="24.9"/><node id="2" lat="60.101" lon="24.9"/>'
        '<node id="3" lat="95" lon="24.9"/>'
        f'<way id="4" version="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/>{street}'
        f'<way id="4" version="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/>{street}'
        f'<way id="5" version="2" visible="false"><nd ref="1"/><nd ref="2"/>{street}'
        f'<way id="6" version="2">{street}</osm>',
        encoding="utf-8",
    )
    streets = Streets.from_file(path)
    assert streets.stretches.way_id.tolist() == [4]
    assert streets.stretches.length_m == pytest.approx([111.4], abs=0.1)
    assert len(streets.warnings) == 1


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("town.shp", b"x", "city.ending"),
        ("town.osm.zip", b"x", "city.ending"),
        ("town.osm", b"", "city.broken"),
        ("town.osm", b"hello", "city.broken"),
        ("town.osm", XML.encode()[:-30], "city.broken"),
        ("town.osm", re.sub(rb'lat="[^"]*"', b'lat="nan"', XML.encode()), "city.broken"),
        ("town.osm", re.sub(rb'lat="[^"]*"', b'lat="95.5"', XML.encode()), "city.no_street"),
        ("town.osm.gz", gzip.compress(b"hello"), "city.broken"),
        ("town.osm.gz", gzip.compress(XML.encode())[:-20], "city.broken"),
        ("town.osm.bz2", bz2.compress(XML.encode())[:-20], "city.broken"),
        ("town.osm.pbf", XML.encode(), "city.broken"),
        ("town.graphml", b"<graphml", "city.broken"),
        ("town.graphml", b"<html></html>", "city.broken"),
        ("town.graphml.gz", b"no gzip", "city.broken"),
        ("town.osm", b'<osm version="0.6"></osm>', "city.no_street"),
        ("town.osm.pbf", b"", "city.broken"),
        ("town.osm.pbf", bytes(64), "city.broken"),
    ],
)
def test_bad_files_are_clear_faults(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    """With the file's name, what is wrong and a remedy; never another exception."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CityError) as caught:
        Streets.from_file(path)
    fault = caught.value.faults[0]
    assert (fault.code, fault.where) == (code, name)
    assert fault.message
    assert fault.remedy


def test_a_truncated_extract_is_a_fault(tmp_path: Path, helsinki_path: Path) -> None:
    """Half a download must not pass for half a city."""
    path = tmp_path / "half.osm.pbf"
    path.write_bytes(helsinki_path.read_bytes()[:300_000])
    with pytest.raises(CityError, match="cut off"):
        Streets.from_file(path)


@pytest.mark.parametrize("size", [1, 3, 4, 50, 200, 10_000, 600_000])
def test_an_extract_cut_off_anywhere_is_a_fault(tmp_path: Path, helsinki_path: Path, size: int) -> None:
    """In the length of a block, in the header, among nodes, among ways."""
    path = tmp_path / "half.osm.pbf"
    path.write_bytes(helsinki_path.read_bytes()[:size])
    with pytest.raises(CityError) as caught:
        Streets.from_file(path)
    assert caught.value.faults[0].code == "city.broken"


def test_an_extract_of_nothing_is_a_fault(tmp_path: Path) -> None:
    """A sound file of the right kind with no object in it."""
    path = tmp_path / "nothing.osm.pbf"
    osmium.SimpleWriter(str(path)).close()
    with pytest.raises(CityError) as caught:
        Streets.from_file(path)
    assert caught.value.faults[0].code == "city.no_street"


def _twice(lat: float) -> str:
    """A street whose first node stands in the file twice, the second time at a latitude."""
    return (
        '<osm version="0.6"><node id="1" lat="60.1" lon="24.9"/><node id="2" lat="60.101" lon="24.9"/>'
        f'<node id="1" lat="{lat}" lon="24.9"/><way id="4" version="1"><nd ref="1"/><nd ref="2"/>'
        '<tag k="highway" v="residential"/></way></osm>'
    )


@pytest.mark.parametrize("ending", [".osm", ".osm.pbf"])
def test_a_node_at_two_places_is_a_fault(tmp_path: Path, ending: str) -> None:
    """Joined extracts of different days: a street through it would jump. The node is named."""
    path = tmp_path / "joined.osm"
    path.write_text(_twice(60.2), encoding="utf-8")
    if ending == ".osm.pbf":
        with osmium.SimpleWriter(str(tmp_path / "joined.osm.pbf")) as writer:
            for item in osmium.FileProcessor(str(path)):
                writer.add(item)
    with pytest.raises(CityError) as caught:
        Streets.from_file(tmp_path / f"joined{ending}")
    fault = caught.value.faults[0]
    assert (fault.code, fault.message) == ("city.repeated_node", "1 nodes stand at several places (1)")


def test_a_node_twice_at_one_place_is_none(tmp_path: Path) -> None:
    """Joined extracts that overlap."""
    path = tmp_path / "joined.osm"
    path.write_text(_twice(60.1), encoding="utf-8")
    assert len(Streets.from_file(path).edges) == 2


def test_an_absent_file_and_a_folder_are_faults(tmp_path: Path) -> None:
    """Each with its own words."""
    with pytest.raises(CityError, match="no such file"):
        Streets.from_file(tmp_path / "nowhere.osm.pbf")
    with pytest.raises(CityError, match="not a kind of city file"):
        Streets.from_file(tmp_path)


def test_helsinki_street_kilometres(helsinki: Streets) -> None:
    """Some 33 km of streets in the centre (outlines of squares left out), and three times as much on foot."""
    assert km(helsinki, helsinki.stretches.drivable) == pytest.approx(32.6, abs=0.5)
    assert 90 < km(helsinki, helsinki.stretches.walkable) < 105
    assert (helsinki.country, helsinki.crs) == ("FI", 32635)


def test_helsinki_is_trimmed_and_says_so(helsinki: Streets) -> None:
    """191 ways of the extract reference absent nodes."""
    assert any(warning.startswith("191 ways reference points") for warning in helsinki.warnings)


def test_helsinki_restrictions(helsinki: Streets) -> None:
    """Of 45 restrictions 43 forbid a turn between streets that are there; each turn runs through one node."""
    table, edges = helsinki.restrictions, helsinki.edges
    assert len(np.unique(table.relation_id)) == 43
    assert any("2 of 45 turn restrictions" in warning for warning in helsinki.warnings)
    np.testing.assert_array_equal(edges.v[table.edge[table.start[:-1]]], edges.u[table.edge[table.start[1:] - 1]])


def test_helsinki_places(helsinki: Streets) -> None:
    """1,470 addresses and 515 shops, many of them the same object, and further restaurants and offices."""
    places = helsinki.places
    assert 1600 < len(places) < 2100
    assert 400 < int((places.kind == 0).sum()) < 1470
    assert int((places.kind == 1).sum()) > 515
    west, _, _, north = helsinki.bounds
    assert places.lon.min() > west - 0.01
    assert places.lat.max() < north + 0.01


def test_tables_are_sound(helsinki: Streets) -> None:
    """Rows point to rows that exist, lines begin and end at their nodes, twins are twins, widths are in order."""
    s, e, n = helsinki.stretches, helsinki.edges, helsinki.nodes
    assert s.line_start[0] == 0
    assert s.line_start[-1] == len(s.line_lon) == len(s.line_lat)
    assert (np.diff(s.line_start) >= 2).all()
    np.testing.assert_array_equal(s.line_lon[s.line_start[:-1]], n.lon[s.u])
    np.testing.assert_array_equal(s.line_lat[s.line_start[1:] - 1], n.lat[s.v])
    assert (s.length_m > 0).all()
    two = e.twin >= 0
    np.testing.assert_array_equal(e.twin[e.twin[two]], np.flatnonzero(two))
    np.testing.assert_array_equal(e.u[two], e.v[e.twin[two]])
    np.testing.assert_array_equal(e.u, np.where(e.reverse, s.v[e.stretch], s.u[e.stretch]))
    assert s.drivable[e.stretch].all()
    assert (s.width_lo_m <= s.width_min_m).all()
    assert (s.width_min_m <= s.width_hi_m).all()
    assert (s.width_min_m <= s.width_m).all()
    assert (s.width_m <= s.road_width_m).all()
    assert set(np.unique(s.width_source)) <= {int(source) for source in WidthSource}
    assert (np.diff(n.osm_id) > 0).all()


def test_the_table_of_streets(helsinki: Streets) -> None:
    """The columns that ``fleetplan streets`` promises, one row per stretch, in degrees."""
    frame = helsinki.frame()
    assert list(frame.columns) == [
        *("way_id", "u", "v", "highway", "oneway", "length_m", "width_m", "width_min_m", "width_lo_m", "width_hi_m"),
        *("road_width_m", "width_source", "geometry"),
    ]
    assert len(frame) == len(helsinki.stretches)
    assert frame.crs.to_epsg() == 4326
    assert not frame.isna().any().any()
    assert set(frame.oneway) <= {"", "yes", "-1", "no"}
    first = frame.iloc[0]
    assert first.geometry.coords[0] == (
        helsinki.nodes.lon[helsinki.stretches.u[0]],
        helsinki.nodes.lat[helsinki.stretches.u[0]],
    )
    assert first.u == helsinki.nodes.osm_id[helsinki.stretches.u[0]]


@pytest.mark.parametrize(
    ("lat", "lon", "country"),
    [
        (60.17, 24.94, "FI"),
        (35.68, 139.76, "JP"),
        (38.72, -9.14, "PT"),
        (40.71, -74.0, "US"),
        (43.65, -79.38, "CA"),
        (51.5, -0.12, "GB"),
        (0.0, -30.0, ""),
    ],
)
def test_countries(lat: float, lon: float, country: str) -> None:
    """Through the time zone, offline; at sea there is none."""
    assert country_at(lat, lon) == country


@pytest.mark.parametrize(
    ("name", "country", "drivable_km"),
    [
        ("osaka-abeno.osm.pbf", "JP", (560, 600)),
        ("boston-north.osm.pbf", "US", (900, 1000)),
        ("porto-old-town.osm.pbf", "PT", (170, 210)),
        ("porto-metro.osm.pbf", "PT", (9_400, 10_800)),
    ],
)
def test_shared_extracts_load(
    extract: Callable[[str], Streets], name: str, country: str, drivable_km: tuple[float, float]
) -> None:
    """Kilometres as their description tells them, in seconds."""
    begin = time.perf_counter()
    streets = extract(name)
    assert time.perf_counter() - begin < 60
    assert streets.country == country
    assert drivable_km[0] < km(streets, streets.stretches.drivable) < drivable_km[1]


def test_tagged_widths_of_boston_are_used(extract: Callable[[str], Streets]) -> None:
    """3,097 ways with 678 km carry a width there; nearly all are plausible."""
    streets = extract("boston-north.osm.pbf")
    assert 600 < km(streets, streets.stretches.width_source == WidthSource.TAG) < 690


def test_hours_of_osaka_decide(extract: Callable[[str], Streets]) -> None:
    """Four ways are closed at some hour from 8 to 18 and open at night, two more are closed but at night."""
    osaka = extract("osaka-abeno.osm.pbf")
    assert [sentence.split(":")[0] for sentence in osaka.decided] == [
        "way 151050380",
        "way 151050568",
        "way 151051824",
        "way 446683427",
    ]
    night = osaka.during(22 * 3600, 24 * 3600)
    closed = osaka.edges.motor_access != night.edges.motor_access
    ways = set(osaka.stretches.way_id[osaka.edges.stretch[closed]].tolist())
    assert ways == {151050380, 151050568, 151051824, 446683427, 172497565, 755068749}
    assert (osaka.edges.motor_access[closed] == AccessTag.NO).all()


def test_signals_of_real_cities_are_met(extract: Callable[[str], Streets], helsinki: Streets) -> None:
    """Where signals stand on an end of a street some edge pays them, and most signals are paid though ways run on."""
    for streets in (helsinki, extract("porto-old-town.osm.pbf"), extract("boston-north.osm.pbf")):
        edges = streets.edges
        arriving = streets.nodes.signals[edges.v]
        assert (edges.signals[arriving] > 0).mean() > 0.5
        assert 0 < edges.signals.sum() < 4 * np.count_nonzero(arriving) + 400
        assert edges.crossings.sum() > 100
