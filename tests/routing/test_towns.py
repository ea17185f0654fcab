"""Drives through towns of a few nodes, worked by hand. Streets are driven at 10 m/s (see builders)."""

from __future__ import annotations

import numpy as np
import pytest

from fleetplan.city.streets import Streets
from fleetplan.errors import CityError, InputError
from tests.routing.builders import KEI, ONE_WAY, STREET, VAN, drive, leave, plain_town, reach
from tests.towns import Point

SQUARE = {"A": (0.0, 0.0), "B": (200.0, 0.0), "C": (200.0, 200.0), "D": (0.0, 200.0)}
CROSS = {"A": (0, 0), "X": (100, 0), "B": (200, 0), "C": (100, 100), "D": (100, -100), "E": (20, 40)}
CROSS_WAYS = [(f"{arm} X", STREET) for arm in "ABCDE"]
ALLEY = {"A": (0, 0), "B": (200, 0), "C": (0, 400), "D": (200, 400), "M": (100, 0)}


def one_way_square() -> Streets:
    """A square of 200 m sides whose south side runs one way from A to B."""
    return plain_town(nodes=SQUARE, ways=[("A B", ONE_WAY), ("B C", STREET), ("C D", STREET), ("D A", STREET)])


def two_way_square() -> Streets:
    """A square of two-way streets with a spur of 100 m west of A, where vehicles can turn."""
    ways = [("A B", STREET), ("B C", STREET), ("C D", STREET), ("D A", STREET), ("A S", STREET)]
    return plain_town(nodes={**SQUARE, "S": (-100, 0)}, ways=ways)


def dead_end(width_m: float = 13.0) -> Streets:
    """A main street from A over X to B, and a dead end of 100 m from X south to D."""
    return plain_town(nodes=CROSS, ways=[("A X", STREET), ("X B", STREET), ("X D", STREET)], widths={2: width_m})


def alley_town(**more: object) -> Streets:
    """An alley of 200 m and 2.5 m from A to B, and a way round of 1000 m over C and D."""
    return plain_town(
        nodes=ALLEY,
        ways=[("A M B", STREET), ("A C", STREET), ("C D", STREET), ("D B", STREET)],
        widths={0: 2.5},
        **more,
    )


def test_ahead_on_a_one_way_street() -> None:
    """50 m ahead on the same street take 5 s."""
    assert drive(one_way_square(), KEI, (50, 0), (100, 0)) == (5, 50)


def test_one_way_detour() -> None:
    """50 m behind on a one-way street means driving round: 100 + 3 × 200 + 50 = 750 m, no junction on the way."""
    assert drive(one_way_square(), KEI, (100, 0), (50, 0)) == (75, 750)


def test_opposite_direction_of_the_same_street() -> None:
    """A two-way street is left in either heading: 60 m back take 6 s, not a way round."""
    assert drive(two_way_square(), KEI, (200, 160), (200, 100)) == (6, 60)
    assert drive(two_way_square(), KEI, (200, 100), (200, 160)) == (6, 60)


@pytest.mark.parametrize(
    ("goal", "right_hand_s", "left_hand_s"),
    [((150, 0), 10, 10), ((100, 50), 15, 12), ((100, -50), 12, 15)],
    ids=["straight", "left", "right"],
)
def test_turn_costs(goal: Point, right_hand_s: int, left_hand_s: int) -> None:
    """From the west over the crossing, 50 + 50 m: straight on is free, near side 2 s, across traffic 5 s."""
    for country, expected_s in (("FI", right_hand_s), ("JP", left_hand_s)):
        streets = plain_town(nodes=CROSS, ways=CROSS_WAYS, country=country)
        assert drive(streets, KEI, (50, 0), goal) == (expected_s, 100)


def test_sharp_turn() -> None:
    """From the west at X back north-west to E (153 degrees): 50 + 45 m (of 89) and 7 s."""
    streets = plain_town(nodes=CROSS, ways=CROSS_WAYS)
    assert drive(streets, KEI, (50, 0), (60, 20)) == pytest.approx((16, 95), abs=1)


def test_bend_costs_nothing() -> None:
    """Where only two streets meet a bend is no turn: 50 + 50 m round the corner B take 10 s."""
    assert drive(one_way_square(), KEI, (150, 0), (200, 50)) == (10, 100)


def test_signal_delays() -> None:
    """A signal at the crossing adds 8 s to driving straight over it."""
    streets = plain_town(nodes=CROSS, ways=CROSS_WAYS, node_tags={"X": {"highway": "traffic_signals"}})
    assert drive(streets, KEI, (50, 0), (150, 0)) == (18, 100)


def test_forbidden_turn() -> None:
    """Left at X takes 10 + 5 s; where it is forbidden the way leads over B and C: 50 + 100 + 141 + 50 m."""
    nodes = {name: CROSS[name] for name in "AXBC"}
    ways = [("A X", STREET), ("X B", STREET), ("X C", STREET), ("C B", STREET)]
    assert drive(plain_town(nodes=nodes, ways=ways), KEI, (50, 0), (100, 50)) == (15, 100)
    forbidden = plain_town(nodes=nodes, ways=ways, restrictions=[(0, "X", 2, "no_left_turn")])
    assert drive(forbidden, KEI, (50, 0), (100, 50)) == (34, 341)


def test_reaching_the_other_side_of_a_divided_street() -> None:
    """Two one-way carriageways joined at their ends: 100 m east on one, then back on the other by U-turn of streets.

    A-B eastbound, B-C, C-D westbound, D-A: from (100, 0) to (100, 200) it is 100 + 200 + 100 m.
    """
    streets = plain_town(nodes=SQUARE, ways=[("A B", ONE_WAY), ("B C", STREET), ("C D", ONE_WAY), ("D A", STREET)])
    assert drive(streets, KEI, (100, 0), (100, 200)) == (40, 400)


def test_dead_end_costs_turning_round() -> None:
    """In: 50 + 50 m and a near-side turn. Out: turning round 8 s, 50 + 50 m, and 5 s across traffic."""
    assert drive(dead_end(), KEI, (50, 0), (100, -50)) == (12, 100)
    assert leave(dead_end(), KEI, (100, -50), (50, 0)) == (23, 100)


def test_turning_round_is_named_in_the_path() -> None:
    """The path out of the dead end says that it begins with turning round, the path in does not."""
    found = reach(dead_end(), KEI, (50, 0), (100, -50))
    assert found.path(1, 0).turns_round
    assert not found.path(0, 1).turns_round


def test_narrow_dead_end_is_driven_to_its_end() -> None:
    """4 m wide, turning round takes 8 + 4 × 4.2 = 24.8 s; driving on to the end and turning in its head 15 s.

    1.785 m more room than the kei needs allow 27.85 km/h, and meetings cost 0.7 s on 100 m. So out from 80 m down:
    20 m, U-turn, 100 m, across traffic 5 s, 50 m: 2.7 + 15 + 13.7 + 5 + 5 = 41 s, 170 m.
    """
    found = reach(dead_end(4.0), KEI, (50, 0), (100, -80))
    assert (int(found.table.time_s[0, 1, 0]), int(found.table.distance_m[0, 1, 0])) == (41, 170)
    assert not found.path(1, 0).turns_round
    assert len(found.path(1, 0).edges) == 3


def test_several_stops_in_a_dead_end_turn_once() -> None:
    """Both orders of two stops cost 39 s: 20 m of approach, 140 m in the dead end, 2 + 5 s of turns, 8 s once."""
    found = reach(dead_end(), KEI, (50, 0), (100, -30), (100, -70))
    time_s = found.table.time_s[0]
    near, far = (int(point) for point in found.stop_point)
    assert time_s[0, near] + time_s[near, far] + time_s[far, 0] == 39
    assert time_s[0, far] + time_s[far, near] + time_s[near, 0] == 39


def test_retiming_a_dead_end_agrees_with_the_table() -> None:
    """With headings kept the same two orders take the same 39 s: the turn is where the vehicle really turns."""
    found = reach(dead_end(), KEI, (50, 0), (100, -30), (100, -70))
    near, far = (int(point) for point in found.stop_point)
    assert sum(found.retime([0, near, far, 0])) == pytest.approx(39_000, abs=20)
    assert sum(found.retime([0, far, near, 0])) == pytest.approx(39_000, abs=20)


def test_dead_end_in_two_pieces_is_one() -> None:
    """A dead end cut by a change of tags (X-D, D-F) is one street: from F's piece out costs one turn, as before."""
    nodes = {**CROSS, "F": (100, -200)}
    ways = [("A X", STREET), ("X B", STREET), ("X D", STREET), ("D F", {**STREET, "name": "other"})]
    found = reach(plain_town(nodes=nodes, ways=ways), KEI, (50, 0), (100, -50), (100, -150))
    near, far = (int(point) for point in found.stop_point)
    time_s = found.table.time_s[0]
    assert time_s[far, near] == 10
    assert time_s[near, 0] == 23
    assert time_s[far, 0] == 33


def test_retime_charges_turning_at_an_ordinary_stop() -> None:
    """A stop 50 m east of the depot, then one 50 m west of it: the table drives back, 10 s.

    With headings kept the turn beside the stop costs 8 s more; the depot is left in any heading.
    """
    found = reach(two_way_square(), KEI, (100, 0), (150, 0), (50, 0))
    east, west = (int(point) for point in found.stop_point)
    assert int(found.table.time_s[0, east, west]) == 10
    assert found.retime([0, east, west]) == pytest.approx([5000, 18000], abs=20)
    assert found.retime([0, east, 0, east]) == pytest.approx([5000, 13000, 5000], abs=20)


def test_squeezed_streets_are_slow() -> None:
    """3 m leave a kei 0.785 m beyond the 2.215 m that it needs: 10 + 7.85 km/h, so 20.2 s for 100 m.

    A car does not fit beside it, and 2 × 20 per hour × 0.1 km / 17.85 km/h = 0.22 of them come along: 2.7 s.
    """
    streets = plain_town(nodes=SQUARE, ways=[("A B C D A", STREET)], widths={0: 3.0})
    assert drive(streets, KEI, (50, 0), (150, 0)) == (23, 100)


def test_narrow_alley_is_open_to_kei_only() -> None:
    """The kei takes the alley, 300 m; the van must drive round (90 s, 900 m).

    2.5 m let the kei drive 12.85 km/h: 56.0 s for 200 m, and 0.62 meetings of 12 s. Turning in, its inner side runs on
    a radius of 2.04 m, and the corner reaches 0.18 m further: 0.73 moves of 5 s. 5 + 3.7 + 63.5 + 5 = 77 s.
    """
    assert drive(alley_town(), KEI, (0, 50), (200, 50)) == (77, 300)
    assert drive(alley_town(), VAN, (0, 50), (200, 50)) == (90, 900)


def test_bollard_closes_the_passage() -> None:
    """A bollard in the middle of the alley sends the kei round too: 90 s, 900 m."""
    closed = alley_town(node_tags={"M": {"barrier": "bollard"}})
    assert drive(closed, KEI, (0, 50), (200, 50)) == (90, 900)


def test_street_before_a_bollard_is_a_dead_end() -> None:
    """The kei still enters the alley up to the bollard: 5 s of street, 3.7 s at the corner, 60 m in 16.8 + 2.2 s."""
    closed = alley_town(node_tags={"M": {"barrier": "bollard"}})
    assert drive(closed, KEI, (0, 50), (60, 0)) == (28, 110)


@pytest.mark.parametrize(("gap", "expected"), [("1.9", (77, 300)), ("1.8", (90, 900))])
def test_gap_between_bollards(gap: str, expected: tuple[int, int]) -> None:
    """1.9 m is enough for 1.715 m over the mirrors and 0.10 m, 1.8 m is not."""
    streets = alley_town(node_tags={"M": {"barrier": "bollard", "maxwidth:physical": gap}})
    assert drive(streets, KEI, (0, 50), (200, 50)) == expected


def test_only_the_strong_component_is_used() -> None:
    """A one-way street that leads off the map takes no point: the stop on it is met from the square.

    Every entry of the table is finite, and no point lies on the lost street.
    """
    nodes = {**SQUARE, "O": (500, 0)}
    ways = [("A B", STREET), ("B C", STREET), ("C D", STREET), ("D A", STREET), ("B O", ONE_WAY)]
    found = reach(plain_town(nodes=nodes, ways=ways), KEI, (100, 0), (260, 0), (0, 100))
    assert found.walk_m[0] == pytest.approx(60, abs=0.1)
    assert int(found.table.time_s.max()) < 200
    lost = int(np.flatnonzero(found.streets.stretches.way_id == 104)[0])
    assert lost not in [point.stretch for point in found.points]


def test_turning_back_where_the_other_exit_leaves_the_map() -> None:
    """A street whose only other exit leads off the map can be turned in at its end: D-X-E with E one-way out.

    The stop 50 m before that node is reached at the door, and left again.
    """
    nodes = {**SQUARE, "P": (200, -100), "O": (200, -300)}
    ways = [("A B", STREET), ("B C", STREET), ("C D", STREET), ("D A", STREET), ("B P", STREET), ("P O", ONE_WAY)]
    found = reach(plain_town(nodes=nodes, ways=ways), KEI, (100, 0), (200, -50))
    assert found.walk_m[0] == pytest.approx(0, abs=0.1)
    assert int(found.table.distance_m[0, 1, 0]) == 150


def test_depot_far_from_any_street() -> None:
    """A depot 1 km off is a fault that names the vehicle and a remedy."""
    with pytest.raises(InputError) as error:
        reach(one_way_square(), KEI, (0, -1000), (50, 0))
    (fault,) = error.value.faults
    assert fault.code == "routing.depot"
    assert "kei" in fault.message
    assert fault.remedy


def test_city_too_narrow_for_the_vehicle() -> None:
    """Where every street is 2.5 m wide a van has no network, and the error says so."""
    streets = plain_town(nodes=SQUARE, ways=[("A B C D A", STREET)], widths={0: 2.5})
    with pytest.raises(CityError, match="van"):
        reach(streets, VAN, (50, 0), (150, 0))


def test_loop_that_meets_itself() -> None:
    """A way that ends where it began (X-P-Q-X): in by P 50 + 100 + 50 m, and back the same way, no turn needed.

    Behind the vehicle on the one-way loop: from (150, 0) to (130, 0) it is 50 + 150 + 180 m round, a left turn at
    X (124 degrees, 5 s) and 30 m: 46 s.
    """
    nodes = {"A": (0, 0), "X": (100, 0), "P": (200, 0), "Q": (200, 150)}
    two_way = plain_town(nodes=nodes, ways=[("A X", STREET), ("X P Q X", STREET)])
    assert drive(two_way, KEI, (50, 0), (200, 50)) == (20, 200)
    assert leave(two_way, KEI, (200, 50), (50, 0)) == (20, 200)
    one_way = plain_town(nodes=nodes, ways=[("A X", STREET), ("X P Q X", ONE_WAY)])
    assert drive(one_way, KEI, (150, 0), (130, 0)) == (46, 410)


def test_no_stops() -> None:
    """Without any stop the reach is the depot alone."""
    found = reach(one_way_square(), KEI, (50, 0))
    assert found.table.size == 1
    assert found.refusals == ()
