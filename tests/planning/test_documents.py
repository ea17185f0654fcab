"""Plan files: exact round trips, and every kind of damage told as input faults."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetplan.errors import InputError
from fleetplan.planning.documents import SCHEMA, plan_document
from fleetplan.planning.matrices import ROWS_UP_TO
from fleetplan.planning.problem import Problem
from fleetplan.planning.reading import read_plan_document
from fleetplan.planning.verifying import verify
from fleetplan.travel import UNREACHABLE, TravelTable
from tests.planning.naive import naive_plan
from tests.planning.problems import line_table, problem, random_problem, table_of, task, vehicle
from tests.planning.test_verifying import make

NOTHING = line_table("t", [])


def document() -> dict[str, Any]:
    """The hand-worked plan as a file holds it."""
    loaded: dict[str, Any] = json.loads(json.dumps(plan_document(*make())))
    return loaded


@settings(max_examples=120, deadline=None, derandomize=True)
@given(number=st.integers(0, 10**6))
def test_round_trip_is_exact(number: int) -> None:
    """Plan and problem come back equal, and the document of what came back is the same document."""
    made = random_problem(number)
    plan = naive_plan(made, number)
    written = json.loads(json.dumps(plan_document(made, plan), allow_nan=False))
    again, read = read_plan_document(written)
    assert read == plan
    assert plan_document(again, read) == written
    assert without_tables(again) == without_tables(made)
    for one, other in zip(again.types, made.types, strict=True):
        assert one.table.extra.keys() == other.table.extra.keys()
        assert all(np.array_equal(one.table.extra[name], other.table.extra[name]) for name in one.table.extra)
        assert np.array_equal(one.table.time_s, other.table.time_s)
        assert np.array_equal(one.table.distance_m, other.table.distance_m)


def without_tables(made: Problem) -> Problem:
    """The problem with its types' tables, which do not compare, put aside."""
    return replace(made, types=tuple(replace(v, table=NOTHING) for v in made.types))


def test_what_is_at_its_default_is_left_out() -> None:
    """A plain day's file stays as short as before there were batteries and rests."""
    written = document()
    task_keys = {"id", "parcels", "weight_kg", "volume_m3", "windows_s", "service_s"}
    assert written["problem"]["tasks"][0].keys() == task_keys
    assert not {"rests", "driving_rule", "docks"} & written["problem"].keys()
    assert not {"battery", "shift_s", "max_span_s", "max_stops"} & written["problem"]["types"][0].keys()
    assert "rests" not in written["routes"][0]
    assert "late_s" not in written["routes"][0]["trips"][0]["visits"][0]


def test_files_with_one_window_still_read() -> None:
    """Files written before stops could have several windows say ``window_s``."""
    written = document()
    for entry in written["problem"]["tasks"]:
        (entry["window_s"],) = entry.pop("windows_s")
    made, plan = read_plan_document(written)
    assert made.tasks == make()[0].tasks
    assert verify(made, plan) == []


def large_table(points: int, *, largest: int) -> TravelTable:
    """A table of random entries with holes."""
    rng = np.random.default_rng(points)
    time_s = rng.integers(0, largest, (points, points), dtype=np.int64, endpoint=True)
    time_s[0, 1] = largest
    time_s[5] = UNREACHABLE
    np.fill_diagonal(time_s, 0)
    return table_of("t", time_s, time_s)


@pytest.mark.parametrize("largest", [0, 254, 255, 65_534, 65_535, 2**24 - 2, 2**24 - 1, 10**8])
def test_large_tables_are_packed_and_come_back(largest: int) -> None:
    """Each entry takes the fewest bytes that also leave a value for holes, and comes back exactly."""
    table = large_table(ROWS_UP_TO + 1, largest=largest)
    made = problem([], [vehicle("van", table, access=(), refusals=())])
    written = json.loads(json.dumps(plan_document(made, naive_plan(made, 0))))
    packed = written["problem"]["types"][0]["table"]["time_s"]
    widths = [254, 65_534, 2**24 - 2, 2**32 - 2]
    assert packed["bytes"] == 1 + sum(largest > most for most in widths)
    again, _ = read_plan_document(written)
    assert np.array_equal(again.types[0].table.time_s, table.time_s)
    assert again.types[0].table.time_s.dtype == np.int32


@pytest.mark.parametrize(
    "packed",
    [
        {"shape": [1, 5, 5], "bytes": 2, "base64": "AAAA"},
        {"shape": [1, 5, 5], "bytes": 5, "base64": ""},
        {"shape": [1, 5, 5], "bytes": 2, "base64": "é" * 68},
        {"shape": [1, 5, 5], "bytes": 2, "base64": "*" * 68},
        {"shape": [1, 5], "bytes": 2, "base64": ""},
        {"shape": [0, 5, 5], "bytes": 2, "base64": ""},
        {"shape": [-1, 5, -5], "bytes": 2, "base64": "A" * 68},
        {"shape": [2**30, 2**30, 2**30], "bytes": 2, "base64": ""},
        {"shape": [1, 5, 5], "bytes": 4, "base64": base64.b64encode(b"\xfe" * 100).decode()},
        {"shape": [1, 5, 5], "bytes": 1, "base64": base64.b64encode(bytes(24)).decode()},
        {"bytes": 2, "base64": ""},
        {},
    ],
)
def test_damaged_packing_is_told_as_faults(packed: dict[str, Any]) -> None:
    """Bytes that do not fill a table are an input fault."""
    with pytest.raises(InputError) as caught:
        read_plan_document(damaged(["problem", "types", 0, "table", "time_s"], packed))
    assert all(fault.where and fault.message and fault.remedy for fault in caught.value.faults)


def test_keys_are_those_of_the_interface() -> None:
    """Scripts outside read these keys."""
    written = document()
    assert written["schema"] == SCHEMA == "fleetplan.plan/1"
    route = written["routes"][0]
    assert {"id", "type", "start_s", "end_s", "trips"} <= route.keys()
    keys = {"stop", "arrive_s", "start_s", "depart_s", "park_s", "walk_m", "walk_s", "served", "lat", "lon"}
    assert keys <= route["trips"][0]["visits"][0].keys()
    assert {"stop", "code", "text", "by_type"} <= written["unserved"][0].keys()


@pytest.mark.parametrize(("limit", "served"), [(13.0, "door"), (12.0, "on_foot"), (None, "door")])
def test_on_foot_starts_beyond_the_door_walk(limit: float | None, served: str) -> None:
    """The van stands 13 m away: at the door up to a limit of 13 m (30 m unless told), on foot beyond."""
    made, plan = make()
    made = replace(made, labels={} if limit is None else {"door_walk_m": limit})
    assert plan_document(made, plan)["routes"][0]["trips"][0]["visits"][0]["served"] == served


def test_unknown_keys_are_left_alone() -> None:
    """Others may add to the file (traced paths, names) without breaking the checker."""
    written = document()
    written["paths"] = [1]
    written["routes"][0]["colour"] = "red"
    assert verify(*read_plan_document(written)) == []


def damaged(path: list[Any], value: Any) -> dict[str, Any]:
    """The document with one value replaced, or deleted for ``...``."""
    written = document()
    place: Any = written
    for key in path[:-1]:
        place = place[key]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return written


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["schema"], "fleetplan.plan/9"),
        (["schema"], ...),
        (["problem"], ...),
        (["problem", "tasks"], {}),
        (["problem", "tasks", 0, "parcels"], "two"),
        (["problem", "tasks", 0, "parcels"], True),
        (["problem", "tasks", 0, "weight_kg"], -1.0),
        (["problem", "tasks", 0, "weight_kg"], float("nan")),
        (["problem", "types", 0, "table", "time_s"], [[[0, 1], [1]]]),
        (["problem", "types", 0, "table", "time_s"], []),
        (["problem", "types", 0, "table", "time_s", 0, 0, 1], -4),
        (["problem", "types", 0, "table", "lat"], [0.0]),
        (["problem", "types", 0, "access", 1], [[99, 1.0, 1, 1, 1]]),
        (["problem", "types", 0, "access", 1], [[1.5, 1.0, 1, 1, 1]]),
        (["problem", "types", 0, "access", 1], [[1]]),
        (["problem", "types", 0, "park_s"], [0]),
        (["problem", "tasks", 0, "windows_s"], ...),
        (["problem", "tasks", 0, "windows_s"], []),
        (["problem", "tasks", 0, "windows_s"], [[1]]),
        (["problem", "tasks", 0, "late"], {"price_per_h": 1.0}),
        (["problem", "tasks", 0, "late"], {"price_per_h": 1.0, "until_s": 3}),
        (["problem", "tasks", 0, "priority"], 11),
        (["problem", "tasks", 0, "collect_kg"], "much"),
        (["problem", "tasks", 0, "unserved_price_per_parcel"], 1.0),
        (["problem", "types", 0, "battery"], {"capacity_wh": 1.0}),
        (["problem", "types", 0, "battery"], []),
        (["problem", "types", 0, "shift_s"], [3, 2]),
        (["problem", "types", 0, "max_stops"], 0),
        (["problem", "rests"], [{"duration_s": 1}]),
        (["problem", "rests"], [{"duration_s": 1, "window_s": [1, 2], "paid": 1}]),
        (["problem", "driving_rule"], {"limit_s": 0, "rest_s": 1}),
        (["problem", "docks"], 0),
        (["routes", 0, "rests"], [{"trip": 0}]),
        (["routes", 0, "rests"], [{"trip": 0, "after": 1, "start_s": 1, "end_s": 2, "paid": "no"}]),
        (["routes", 0, "trips", 0, "visits", 0, "late_s"], 0.5),
        (["problem", "pay", "min_s"], None),
        (["problem", "shift_s"], [1]),
        (["routes", 0, "trips", 0, "visits", 0, "stop"], 5),
        (["routes", 0, "trips", 0, "visits", 0, "arrive_s"], ...),
        (["routes", 0, "trips"], None),
        (["unserved", 0, "by_type"], []),
        (["cost"], "much"),
        (["effort"], [1, 2, 3]),
        (["stopped_by"], "boredom"),
    ],
)
def test_damage_is_told_as_faults(path: list[Any], value: Any) -> None:
    """Whatever is wrong with a file is an input fault with a place and a remedy, never another exception."""
    with pytest.raises(InputError) as caught:
        read_plan_document(damaged(path, value))
    assert all(fault.where and fault.message and fault.remedy for fault in caught.value.faults)


@pytest.mark.parametrize("value", [None, [], "x", 3, {}])
def test_other_json_is_no_plan(value: object) -> None:
    """A file that holds some other JSON value is refused."""
    with pytest.raises(InputError):
        read_plan_document(value)


def test_several_faults_come_at_once() -> None:
    """All faults of one file are told together."""
    written = damaged(["cost"], "much")
    written["problem"]["reload_s"] = None
    with pytest.raises(InputError) as caught:
        read_plan_document(written)
    assert {fault.field for fault in caught.value.faults} == {"cost", "problem.reload_s"}


def test_plan_of_nothing_round_trips() -> None:
    """A day without stops is a plan too."""
    made = problem([], [vehicle("van", line_table("t", []))])
    plan = naive_plan(made, 0)
    assert read_plan_document(plan_document(made, plan))[1] == plan
    assert not plan.routes


def test_costs_of_a_file_follow_from_the_file() -> None:
    """A changed price in the file makes its stated cost wrong, and the checker says so."""
    made, plan = read_plan_document(damaged(["problem", "types", 0, "cost_per_day"], 21.0))
    assert [fault.code for fault in verify(made, plan)] == ["plan.cost"]
    assert task("a").parcels == 1
