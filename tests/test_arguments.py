"""Wrong arguments of the library: faults, never a bare exception of Python."""

from __future__ import annotations

from typing import Any

import pytest

import fleetplan as fp
from fleetplan.city.classes import AccessTag
from fleetplan.study.arguments import study_of_arguments
from fleetplan.study.comparing import decided_warnings
from fleetplan.study.inputs import StudyInput
from fleetplan.study.scenarios import load_city
from tests.towns import lat_lon, town


@pytest.fixture(scope="module")
def streets() -> fp.Streets:
    """The bundled city."""
    return load_city("helsinki")


def faults_of(streets: Any, **changes: Any) -> list[fp.Fault]:
    """The faults of a call with changed arguments."""
    arguments: dict[str, Any] = {
        "stops": fp.Stops((fp.Stop("a", 60.17, 24.94, "", 1, 1.0, 0.1, 60, None),)),
        "depot": (60.17099, 24.93872),
        "fleets": {"kei": ["kei-van"]},
    }
    arguments |= changes
    with pytest.raises(fp.InputError) as caught:
        fp.compare(streets, arguments.pop("stops"), **arguments)
    return list(caught.value.faults)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"depot": (1, 2, 3)}, "depot.lat"),
        ({"depot": None}, "depot.lon"),
        ({"depot": ("x", 24.9)}, "depot.lat"),
        ({"depot": (24.93854, 60.17164)}, "lat, lon"),
        ({"fleets": ["kei-van"]}, "fleets"),
        ({"fleets": {1: ["kei-van"]}}, "fleets"),
        ({"fleets": {"kei": [{"max": 2}]}}, "fleets.kei"),
        ({"fleets": {"kei": ["kei-van", "kei-van"]}}, "fleets"),
        ({"fleets": {"kei": []}}, "fleets.kei"),
        ({"fleets": {"kei": ["kay-van"]}}, "fleets.kei"),
        ({"max_walk_m": "150m"}, "max_walk_m"),
        ({"max_walk_m": float("nan")}, "max_walk_m"),
        ({"seed": "a"}, "seed"),
        ({"seed": -1}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"effort": "heroic"}, "effort"),
        ({"effort": 0}, "effort"),
        ({"shift": None}, "shift.start"),
        ({"shift": ("08:00",)}, "shift.start"),
        ({"shift": ("8 am", "18:00")}, "shift.start"),
        ({"docks": 0}, "depot.docks"),
        ({"rests": [{"minutes": "long"}]}, "rests.0.minutes"),
        ({"rests": 45}, "rests"),
        ({"rest_rules": 7}, "rest_rules"),
        ({"driving_rule": "EU"}, "driving_rule"),
        ({"rest_rules": "Atlantis"}, "rest_rules"),
        ({"driving_rule": {"limit_h": 4, "rest_min": 30}, "rest_rules": ["EU-561"]}, "driving_rule"),
        ({"fleets": {"kei": [{"type": "kei-van", "shift": ("07:00", "12:00")}]}}, ""),
        ({"stops": None}, "stops"),
        ({"costs": 5}, "pack"),
        ({"baseline": "vans"}, ""),
        ({"ordinance": "loose"}, "ordinance"),
    ],
)
def test_each_wrong_argument_is_a_fault(streets: fp.Streets, changes: dict[str, Any], field: str) -> None:
    """Protects library users: a wrong argument is named with its place and a remedy."""
    found = faults_of(streets, **changes)
    assert field in {fault.field for fault in found}, found
    assert all(fault.message and fault.remedy for fault in found)


def test_a_city_that_is_no_city_is_a_fault() -> None:
    """Protects the first argument: a file name in its place is told with the call that reads it."""
    found = faults_of("helsinki")
    assert [fault.code for fault in found] == ["arguments.streets"]
    assert "from_file" in found[0].remedy


def test_wrong_arguments_are_told_at_once(streets: fp.Streets) -> None:
    """Protects against mending one at a time: five wrong arguments, five faults."""
    found = faults_of(
        streets, depot=None, seed=-1, shift=("x", "18:00"), costs="nowhere", fleets={"kei": ["kay-van"]}, effort=0
    )
    assert {"depot.lat", "depot.lon", "seed", "shift.start", "pack", "fleets.kei", "effort"} <= {
        fault.field for fault in found
    }


def test_the_shift_decides_which_streets_are_open() -> None:
    """A street closed in the morning is closed to a shift from 8, open to one from 10; a study takes its own shift."""
    nodes = {"a": (0.0, 0.0), "b": (100.0, 0.0)}
    morning = {"highway": "residential", "motor_vehicle:conditional": "no @ (07:00-09:00)"}
    city = town(nodes=nodes, ways=[("a b", morning)])
    lat, lon = lat_lon(50.0, 5.0)

    def study(start: str) -> StudyInput:
        return study_of_arguments(
            city,
            [fp.Stop("s", lat, lon, "", 1, 1.0, 0.1, 60, None)],
            depot=(lat, lon),
            fleets={"kei": ["kei-van"]},
            shift=(start, "18:00"),
            costs=None,
            own_vehicles=None,
            depot_settings={},
            shift_settings={},
            settings={},
        )

    early, late = study("08:00").streets, study("10:00").streets
    assert early.edges.motor_access.tolist() == [AccessTag.NO, AccessTag.NO]
    assert late.edges.motor_access.tolist() == [AccessTag.UNTAGGED, AccessTag.UNTAGGED]
    assert decided_warnings(late.decided) == []
    assert decided_warnings(early.decided) == [
        "1 conditional rules of the map decided something in this shift: "
        "way 100: motor_vehicle:conditional = 'no @ (07:00-09:00)'"
    ]
    assert decided_warnings(tuple("abcde"))[0].endswith("a; b; c and 2 more")
