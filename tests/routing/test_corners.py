"""Corners: the swept path, free, slow and impossible ones, against hand-worked numbers and a simulated drive."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fleetplan.city.classes import WidthSource
from fleetplan.city.streets import Streets
from fleetplan.fleet.catalogue import vehicle
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.access import decide_access
from fleetplan.routing.corners import (
    Corner,
    SweptPath,
    corner_bands,
    corner_moves,
    goes_on,
    missing_m,
    passes_shunting,
    swept_path,
    turn_times_ms,
)
from fleetplan.routing.seams import AccessRules
from fleetplan.routing.topology import topology_of
from tests.routing.builders import KEI, ONE_WAY, STREET, VAN, drive, plain_town, reach
from tests.towns import edge_row

RULES = AccessRules()
ELBOW = {"A": (0, 0), "B": (100, 0), "C": (100, 100)}
ROUND = {**ELBOW, "D": (0, 100)}
LONG = replace(VAN, wheelbase_m=3.75)


def one(value: float) -> NDArray[np.float64]:
    """A single number as a column."""
    return np.array([value])


def lack(
    path: SweptPath, degrees: float, first_m: float, second_m: float, *, ahead: bool = False, rounding_m: float = 0.0
) -> float:
    """How far the inner corner stands in the way."""
    angle = one(math.radians(degrees))
    missing = missing_m(path, angle, one(first_m), one(second_m), ahead=np.array([ahead]), rounding_m=rounding_m)
    return float(missing[0])


def elbow(width_m: float | dict[int, float], *, source: WidthSource = WidthSource.TAG, **more: Any) -> Streets:
    """Two streets of 100 m that meet at a right angle, A-B and B-C."""
    widths = width_m if isinstance(width_m, dict) else {0: width_m, 1: width_m}
    return plain_town(nodes=ELBOW, ways=[("A B", STREET), ("B C", STREET)], widths=widths, source=source, **more)


def corner_of(streets: Streets, vehicle: Vehicle, rules: AccessRules = RULES) -> tuple[Corner, float]:
    """Band and moves of the corner from A-B into B-C."""
    topology = topology_of(streets)
    a, b = edge_row(streets, ELBOW, "A", "B"), edge_row(streets, ELBOW, "B", "C")
    row = int(np.flatnonzero((topology.first == a) & (topology.second == b))[0])
    band, moves = corner_moves(streets, topology, vehicle, rules)
    assert (band == corner_bands(streets, topology, vehicle, rules)).all()
    return Corner(int(band[row])), float(moves[row])


def test_swept_path_by_hand() -> None:
    """The van with a wheelbase of 3.75 m: outer side √(6.2² − 3.75²) = 4.937, inner 4.937 − 2.113 = 2.824.

    Overhangs of 2.231 m, 45 % in front: front corner √(4.937² + 4.754²) = 6.854, tail √(4.937² + 1.227²) = 5.087.
    """
    path = swept_path(LONG)
    assert path.outer == pytest.approx(4.937, abs=0.001)
    assert path.inner == pytest.approx(2.824, abs=0.001)
    assert path.front == pytest.approx(6.854, abs=0.001)
    assert path.tail == pytest.approx(5.087, abs=0.001)


def test_what_nobody_gives_is_estimated() -> None:
    """Without wheelbase it is 0.62 × length; a radius below the wheelbase does not break anything."""
    assert swept_path(VAN) == swept_path(replace(VAN, wheelbase_m=0.62 * VAN.length_m))
    tight = swept_path(replace(KEI, wheelbase_m=3.0, turning_radius_m=1.0))
    assert tight.inner == pytest.approx(0.0)


def test_right_angle_by_hand() -> None:
    """4 m streets: the corner is √((5.087 − 4)² + (6.854 − 4)²) = 3.054 m from the centre, 0.230 m too far.

    With a rounding of 1 m: √(0.087² + 1.854²) + 1 = 2.856, 0.032 too far; from 4.2 m on it is free.
    """
    path = swept_path(LONG)
    assert lack(path, 90, 4.0, 4.0) == pytest.approx(0.230, abs=0.002)
    assert lack(path, 90, 4.0, 4.0, rounding_m=1.0) == pytest.approx(0.032, abs=0.002)
    assert lack(path, 90, 4.2, 4.2, rounding_m=1.0) < 0


def test_straight_on_needs_the_body_alone() -> None:
    """Without a turn the street must be as wide as the body, neither more nor less."""
    path = swept_path(VAN)
    assert lack(path, 0, 2.12, 2.12) < 0
    assert lack(path, 0, 2.12, 2.10) == pytest.approx(0.013, abs=1e-3)


@pytest.mark.parametrize("degrees", [0.0, 1e-14, 1e-9, 1e-3, 0.5, 0.6, 1.0])
@pytest.mark.parametrize("width_m", [2.2, 4.0, 5.4, 6.0])
def test_hardly_a_turn(degrees: float, width_m: float) -> None:
    """Two pieces of one straight street meet without a corner, however rounding leaves their angle."""
    assert lack(swept_path(LONG), degrees, width_m, width_m) < 0
    assert lack(swept_path(KEI), degrees, width_m, width_m, rounding_m=2.0) < 0


def test_turning_back_between_two_walls() -> None:
    """A hairpin of 180 degrees is free where tail and front fit into both streets, 5.087 + 6.854 m."""
    path = swept_path(LONG)
    assert lack(path, 180, 6.0, 5.95) < 0
    assert lack(path, 180, 6.0, 5.93) > 0


def test_a_street_that_goes_on_gives_room_to_swing() -> None:
    """Out of 8 m, past the corner of a narrow side street, the nose may swing into the street ahead."""
    path = swept_path(LONG)
    assert lack(path, 90, 8.0, 3.4, ahead=False) > 0
    assert lack(path, 90, 8.0, 3.4, ahead=True) < lack(path, 90, 8.0, 3.4, ahead=False)
    assert lack(path, 90, 4.0, 3.4, ahead=True) == lack(path, 90, 4.0, 3.4, ahead=False), "too narrow to profit"


def outline(path: SweptPath, degrees: float) -> NDArray[np.float64]:
    """Points of the body's outline along a whole drive: 8 m northwards, the arc about the origin, 8 m on."""
    front, back = path.front * math.sin(path.front_angle), -path.tail * math.sin(path.tail_angle)
    x, y = np.array([path.inner, path.outer]), np.linspace(back, front, 60)
    sides = np.array([(a, b) for a in x for b in y])
    ends = np.array([(a, b) for a in np.linspace(path.inner, path.outer, 20) for b in (back, front)])
    body = np.vstack([sides, ends])
    before = [body - np.array([0, s]) for s in np.linspace(0, 8, 80)]
    arc, after = [], []
    for part in np.linspace(0, math.radians(degrees), 300):
        turn = np.array([[math.cos(part), math.sin(part)], [-math.sin(part), math.cos(part)]])
        arc.append(body @ turn)
    angle = math.radians(degrees)
    onward = np.array([-math.sin(angle), math.cos(angle)])
    after = [arc[-1] + onward * s for s in np.linspace(0, 8, 80)]
    return np.vstack([*before, *arc, *after])


def gets_round(
    body: NDArray[np.float64], degrees: float, walls: tuple[float, float], widths: tuple[float, float], *, ahead: bool
) -> bool:
    """No point of the drive lies beyond the outer walls or inside the block at the inner corner."""
    angle = math.radians(degrees)
    first = body[:, 0]
    second = body @ np.array([math.cos(angle), math.sin(angle)])
    inner_1, inner_2 = walls[0] - widths[0], walls[1] - widths[1]
    beyond = (second > walls[1] + 1e-9) & ((first < inner_1) if ahead else True)
    return not ((first > walls[0] + 1e-9) | beyond | ((first < inner_1 - 1e-9) & (second < inner_2 - 1e-9))).any()


@pytest.mark.parametrize("vehicle", [KEI, LONG], ids=["kei", "van"])
@pytest.mark.parametrize("degrees", [30, 60, 90, 120])
@pytest.mark.parametrize("second", [0.0, 0.8])
def test_formula_against_a_simulated_drive(vehicle: Vehicle, degrees: int, second: float) -> None:
    """The formula's least width passes a simulated drive, 3 cm less passes from no lateral position at all."""
    path = swept_path(vehicle)
    widths = np.arange(vehicle.body_width_m, 8, 0.01)
    least = float(next(w for w in widths if lack(path, degrees, float(w), float(w) + second) <= 0))
    body = outline(path, degrees)
    angle = math.radians(degrees)
    reach_1 = float(body[:, 0].max())
    reach_2 = float((body @ np.array([math.cos(angle), math.sin(angle)])).max())
    room = (least + 0.01, least + second + 0.01)
    assert gets_round(body, degrees, (reach_1, reach_2), room, ahead=False)
    tight = (least - 0.03, least + second - 0.03)
    places = [(reach_1 + a, reach_2 + b) for a in np.arange(0, 0.5, 0.1) for b in np.arange(0, 0.5, 0.1)]
    assert not any(gets_round(body, degrees, walls, tight, ahead=False) for walls in places)


@pytest.mark.parametrize(("first_m", "second_m"), [(8.0, 3.2), (7.0, 3.0), (9.0, 2.9)])
def test_swinging_into_the_street_ahead_is_simulated_too(first_m: float, second_m: float) -> None:
    """What the formula calls free because the street goes on is free in the simulated drive."""
    path = swept_path(LONG)
    least = float(next(w for w in np.arange(second_m - 0.8, 8, 0.01) if lack(path, 90, first_m, w, ahead=True) <= 0))
    assert lack(path, 90, first_m, least, ahead=False) > 0
    body = outline(path, 90)
    near = float(body[:, 0].max())
    in_street = body[:, 0] < near - first_m
    far = max(float(body[in_street, 1].max()), path.outer)
    assert gets_round(body, 90, (near, far), (first_m, least + 0.01), ahead=True)


@pytest.mark.parametrize(
    ("length", "width", "first_m", "second_m", "passes"),
    [
        (2.82, 0.0, 1.0, 1.0, True),
        (2.84, 0.0, 1.0, 1.0, False),
        (7.02 * 1.001, 0.0, 1.0, 4.2426, False),
        (3.65, 1.0, 2.0, 2.0, True),
        (3.67, 1.0, 2.0, 2.0, False),
    ],
)
def test_the_ladder_in_the_corner(length: float, width: float, first_m: float, second_m: float, passes: bool) -> None:
    """L^(2/3) = w1^(2/3) + w2^(2/3): 2.828 m for two corridors of 1 m; with a width of 1 m in two of 2 m,
    L = 2 (2 √2 − 1) = 3.657 m."""
    found = passes_shunting(
        length=length,
        width=width,
        angle_rad=one(math.pi / 2),
        first_m=one(first_m),
        second_m=one(second_m),
        rounding_m=0.0,
    )
    assert bool(found[0]) is passes


def test_bands_of_an_elbow() -> None:
    """Right angle of 3 m: the kei gets round at once, the van not at all; of 4 m the van shunts, of 5 m it does not.

    At 3 m a rectangle of 5.981 m has (4.9 + 4.9) × 0.7071 − 5.981 / 2 − 2 = 1.94 m at the rounded corner for 2.113 m.
    """
    assert corner_of(elbow(3.0), KEI)[0] == Corner.FREE
    assert corner_of(elbow(3.0), VAN)[0] == Corner.IMPOSSIBLE
    assert corner_of(elbow(4.0), VAN)[0] == Corner.SLOW
    assert corner_of(elbow(5.0), VAN) == (Corner.FREE, 0.0)


def test_a_guessed_width_makes_nothing_impossible() -> None:
    """3 m by class or lanes on either side: slow with at most eight moves."""
    for source in (WidthSource.DEFAULT, WidthSource.LANES):
        band, moves = corner_of(elbow(3.0, source=source), VAN)
        assert band == Corner.SLOW
        assert 0 < moves <= 8
    half = elbow(3.0)
    sources = np.array([int(WidthSource.SURVEY), int(WidthSource.DEFAULT)], dtype=np.uint8)
    half = replace(half, stretches=replace(half.stretches, width_source=sources))
    assert corner_of(half, VAN)[0] == Corner.SLOW


def test_no_corner_without_clearance() -> None:
    """Rules without clearance, for comparisons, know no corners either."""
    assert corner_of(elbow(3.0), VAN, AccessRules(clearance="none")) == (Corner.FREE, 0.0)


def test_moves_cost_time() -> None:
    """4 m elbow: the van lacks d metres, that is 2 d / 0.5 moves of 5 s; a mere bend costs nothing else."""
    streets = elbow(4.0)
    path = swept_path(VAN)
    expected_s = 4 * lack(path, 90, 3.7, 3.7, rounding_m=2.0) * 5
    topology = topology_of(streets)
    times, possible = turn_times_ms(streets, topology, VAN, rules=RULES)
    corner = np.flatnonzero(~topology.uturn)
    assert possible.all()
    assert times[corner] == pytest.approx(expected_s * 1000, abs=1)
    assert 1 < expected_s < 10


def test_the_van_drives_round_a_corner_that_it_cannot_take() -> None:
    """A-B-C is 150 m; the van cannot turn at B and goes back over D: 50 + 100 + 100 + 50 m. The kei takes it."""
    ways = [("A B", STREET), ("B C", STREET), ("C D", STREET), ("D A", STREET)]
    ends = [("A P", STREET), ("C Q", STREET)]
    streets = plain_town(
        nodes={**ROUND, "P": (-50, 0), "Q": (100, 150)},
        ways=[*ways, *ends],
        widths={0: 3.0, 1: 3.0},
        source=WidthSource.SURVEY,
    )
    assert drive(streets, KEI, (50, 0), (100, 50))[1] == 100
    assert drive(streets, VAN, (50, 0), (100, 50))[1] == 300
    path = reach(streets, VAN, (50, 0), (100, 50)).path(0, 1)
    assert edge_row(streets, ROUND, "A", "B") not in path.edges[:-1]


def test_a_street_ends_where_the_corner_cannot_be_taken() -> None:
    """Where the only way on is an impossible corner the vehicle turns back as in a dead end."""
    streets = elbow(3.0)
    found = reach(streets, VAN, (20, 0), (80, 0))
    assert (found.points[1].stretch, int(found.table.distance_m[0, 0, 1])) == (0, 60)
    with_corner = topology_of(streets)
    assert not turn_times_ms(streets, with_corner, VAN, rules=RULES)[1].all()


def test_streets_go_on_whoever_may_drive_there() -> None:
    """A-B goes on over B to E although E-B is one-way against it; at an elbow nothing goes on."""
    nodes = {**ELBOW, "E": (200, 0)}
    streets = plain_town(nodes=nodes, ways=[("A B", STREET), ("B C", STREET), ("E B", ONE_WAY)])
    ahead = goes_on(streets)
    assert ahead[edge_row(streets, nodes, "A", "B")]
    assert not ahead[edge_row(streets, nodes, "C", "B")]
    assert not goes_on(elbow(3.0)).any()


@settings(max_examples=150, deadline=None)
@given(
    degrees=st.floats(0, 180),
    first=st.floats(2.2, 9),
    second=st.floats(2.2, 9),
    more=st.floats(0, 3),
    ahead=st.booleans(),
    rounding=st.floats(0, 3),
)
def test_wider_streets_make_no_corner_worse(
    degrees: float, first: float, second: float, more: float, ahead: bool, rounding: float
) -> None:
    """More room on either side never leaves more in the way, and never makes a corner impossible."""
    path = swept_path(LONG)
    now = max(0.0, lack(path, degrees, first, second, ahead=ahead, rounding_m=rounding))
    assert lack(path, degrees, first + more, second, ahead=ahead, rounding_m=rounding) <= now + 1e-6
    assert lack(path, degrees, first, second + more, ahead=ahead, rounding_m=rounding) <= now + 1e-6
    angle = one(math.radians(degrees))

    def passes(wide: float) -> bool:
        found = passes_shunting(
            length=path.length,
            width=path.width,
            angle_rad=angle,
            first_m=one(first + wide),
            second_m=one(second),
            rounding_m=rounding,
        )
        return bool(found[0])

    assert passes(more) or not passes(0.0)


@settings(max_examples=100, deadline=None)
@given(degrees=st.floats(0, 179), first=st.floats(2.0, 9), second=st.floats(2.0, 9), ahead=st.booleans())
def test_the_kei_gets_round_where_the_van_does(degrees: float, first: float, second: float, ahead: bool) -> None:
    """The smaller vehicle never lacks more than the larger one needs."""
    if lack(swept_path(LONG), degrees, first, second, ahead=ahead) <= 0:
        assert lack(swept_path(KEI), degrees, first, second, ahead=ahead) <= 0


@pytest.mark.parametrize(("city", "least_share"), [("osaka-abeno", 0.03), ("porto-old-town", 0.1)])
def test_a_van_shunts_where_a_kei_turns(shared_data: Path, city: str, least_share: float) -> None:
    """In narrow old quarters a van needs several moves at many turns that a kei takes at once, and never vice versa."""
    streets = Streets.from_file(shared_data / "osm" / f"{city}.osm.pbf")
    topology = topology_of(streets)
    kei, van = (vehicle(name) for name in ("kei-van", "full-size-van"))
    open_to = [decide_access(streets, kind).speed_kph > 0 for kind in (kei, van)]
    both = open_to[0] & open_to[1]
    turns = both[topology.first] & both[topology.second] & ~topology.uturn & (np.abs(topology.angle_deg) > 45)
    small, large = (corner_bands(streets, topology, kind)[turns] for kind in (kei, van))
    assert ((small == Corner.FREE) & (large > Corner.FREE)).mean() > least_share
    assert (small <= large).mean() > 0.999
