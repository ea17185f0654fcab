"""Plan files: exact round trips, and every kind of damage told as input faults."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetplan.errors import InputError
from fleetplan.planning.documents import SCHEMA, plan_document
from fleetplan.planning.reading import read_plan_document
from fleetplan.planning.solving import solve
from fleetplan.planning.verifying import verify
from tests.planning.problems import line_table, problem, random_problem, task, vehicle
from tests.planning.test_verifying import make


def document() -> dict[str, Any]:
    """The hand-worked plan as a file holds it."""
    loaded: dict[str, Any] = json.loads(json.dumps(plan_document(*make())))
    return loaded


@settings(max_examples=30, deadline=None, derandomize=True)
@given(number=st.integers(0, 10**6))
def test_round_trip_is_exact(number: int) -> None:
    """Plan and problem come back equal, and the document of what came back is the same document."""
    made = random_problem(number)
    plan = solve(made, effort=3)
    written = json.loads(json.dumps(plan_document(made, plan), allow_nan=False))
    again, read = read_plan_document(written)
    assert read == plan
    assert plan_document(again, read) == written
    assert (again.tasks, again.shift_s, again.pay, again.labels) == (made.tasks, made.shift_s, made.pay, made.labels)


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
    from dataclasses import replace

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
    plan = solve(made)
    assert read_plan_document(plan_document(made, plan))[1] == plan
    assert not plan.routes


def test_costs_of_a_file_follow_from_the_file() -> None:
    """A changed price in the file makes its stated cost wrong, and the checker says so."""
    made, plan = read_plan_document(damaged(["problem", "types", 0, "cost_per_day"], 21.0))
    assert [fault.code for fault in verify(made, plan)] == ["plan.cost"]
    assert task("a").parcels == 1
