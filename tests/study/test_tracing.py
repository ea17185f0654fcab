"""Plans traced back onto the streets: the drive ends, and the walk begins, where the visit's own way says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleetplan.planning.plan import Plan, Route, Trip, Visit
from fleetplan.study.building import build_problem, gather_materials
from fleetplan.study.tracing import retimed_difference, route_points, trace_plan
from tests.routing.test_walking import length_m
from tests.study.test_tasks import PLAIN, study


def test_a_further_way_is_traced_from_its_own_place() -> None:
    """The stop in the alley met from the mouth, and two doors on the street served from the first one's place."""
    checked = study(PLAIN, PLAIN, PLAIN)
    materials = gather_materials(checked)
    problem = build_problem(checked, materials, "kei")
    reach, kei = materials.reaches["kei-van"], problem.types[0]
    alley, first, second = kei.access
    assert [round(way.walk_m) for way in alley] == [0, 20]
    beside = next(number for number, way in enumerate(second) if way.point == first[0].point)
    visits = tuple(
        Visit(stop, access, 0, 0, 0, 0, 0.0, 0, 0) for stop, access in (("s0", 1), ("s1", 0), ("s2", beside))
    )
    route = Route("kei-van-1", "kei-van", 0, 0, (Trip(0, 0, 0, visits),))
    plan = Plan((route,), (), 0.0, 0, "effort", (1, 1))
    points = [0, alley[1].point, first[0].point, first[0].point, 0]
    assert route_points(problem, route) == [points]
    (traced,) = trace_plan(problem, plan, {"kei-van": reach})
    mouth, door, same, home = traced.legs
    assert [leg.stop for leg in traced.legs] == ["s0", "s1", "s2", ""]
    for leg, point, stop in ((mouth, points[1], 0), (door, points[2], 1), (same, points[3], 2)):
        place = reach.points[point]
        assert (leg.walk_lat[0], leg.walk_lon[0]) == (place.lat, place.lon)
        assert leg.walk_lat[-1] == checked.stops[stop].lat
    assert (mouth.lat[-1], mouth.lon[-1]) == pytest.approx((reach.points[points[1]].lat, reach.points[points[1]].lon))
    assert length_m(mouth.walk_lon, mouth.walk_lat) == pytest.approx(20, abs=0.1)
    assert length_m(same.walk_lon, same.walk_lat) == pytest.approx(25, abs=0.2), "20 m along the street and 5 across"
    assert len(same.lon) == 0 and same.time_s == 0, "the vehicle stays where it stands"
    assert len(home.walk_lon) == 0
    found = retimed_difference(problem, plan, {"kei-van": reach})
    assert found["retimed_s"] == pytest.approx(found["table_s"], rel=0.5)
    at_door = replace(plan, routes=(replace(route, trips=(Trip(0, 0, 0, (replace(visits[0], access=0),)),)),))
    (traced,) = trace_plan(problem, at_door, {"kei-van": reach})
    assert len(set(zip(traced.legs[0].walk_lon, traced.legs[0].walk_lat, strict=True))) <= 2
