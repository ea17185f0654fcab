"""The one depot of all types: where it lies, and who cannot use it, in towns worked by hand."""

from __future__ import annotations

from typing import Any

import pytest

from fleetplan.city.streets import Streets
from fleetplan.errors import InputError
from fleetplan.routing.depot import shared_place
from fleetplan.routing.reach import Reach, reach_of
from fleetplan.routing.seams import AccessRules
from tests.routing.builders import KEI, STREET, VAN, plain_town, reach
from tests.towns import LAT, LAT_M, LON, LON_M, Point

BLOCK = {"A": (0, 0), "B": (600, 0), "C": (600, -300), "D": (0, -300)}
SERVICE = {"highway": "service", "maxspeed": "25"}


def block_with_alley(alley_m: float) -> Streets:
    """Wide streets round a block south of y = 0, and an alley of 2.5 m from A over P and Q to B, P-Q at ``alley_m``."""
    nodes = {**BLOCK, "P": (0, alley_m), "Q": (600, alley_m)}
    alley = {**STREET, "name": "Long Alley"}
    return plain_town(nodes=nodes, ways=[("A B C D A", STREET), ("A P Q B", alley)], widths={1: 2.5})


def position(point: Point) -> tuple[float, float]:
    """Latitude and longitude of metres east and north."""
    return LAT + point[1] / LAT_M, LON + point[0] / LON_M


def start(found: Reach) -> Point:
    """Metres east and north of the depot's place, rounded."""
    point = found.points[0]
    return round((point.lon - LON) * LON_M), round((point.lat - LAT) * LAT_M)


def fault_of(streets: Streets, depot: Point, vehicle: Any = VAN) -> str:
    """The message of the fault that a depot has for a vehicle."""
    with pytest.raises(InputError) as error:
        reach(streets, vehicle, depot, (300, -290))
    (fault,) = error.value.faults
    assert fault.code == "routing.depot"
    assert fault.remedy
    return fault.message


def test_all_types_start_from_the_same_place() -> None:
    """13 m off the street, with an alley 15 m off on the other side: both types start at (300, 0)."""
    found = [reach(block_with_alley(28), vehicle, (300, 13), (300, -290)) for vehicle in (KEI, VAN)]
    assert [start(one) for one in found] == [(300, 0), (300, 0)]
    kei, van = (one.points[0] for one in found)
    assert (kei.stretch, kei.along) == (van.stretch, van.along)


def test_no_start_on_the_far_side_of_the_block() -> None:
    """A depot in an alley 280 m from the next street: the kei starts there, the van cannot, and learns why."""
    streets = block_with_alley(280)
    assert start(reach(streets, KEI, (300, 280), (300, -290))) == (300, 280)
    message = fault_of(streets, (300, 280))
    assert message.startswith("van cannot start from the depot")
    assert "Long Alley, is closed to it (too narrow: 2.5 m" in message
    assert "within 30 m" in message


@pytest.mark.parametrize(
    ("alley_m", "depot_m", "kei_m", "van_m"),
    [(20, 20, 20, 0), (54, 29, 54, 0), (29, 40, 29, 0)],
    ids=["aside of the shared place", "29 m from the depot, 54 m from the place", "40 m from the depot, 29 m aside"],
)
def test_a_few_metres_aside(alley_m: float, depot_m: float, kei_m: int, van_m: int) -> None:
    """The van may start on the wide street if that lies within 30 m of the depot or of the alley's shared place."""
    streets = block_with_alley(alley_m)
    depot = (300, depot_m)
    assert start(reach(streets, KEI, depot, (300, -290))) == (300, kei_m)
    assert start(reach(streets, VAN, depot, (300, -290))) == (300, van_m)


def test_just_too_far_aside() -> None:
    """31 m from alley and depot to the street is more than the 30 m allowed."""
    assert "too narrow" in fault_of(block_with_alley(31), (300, 31))


def test_not_aside_across_a_trunk_road() -> None:
    """The wide street 20 m from the alley lies behind a trunk road: no start there for the van."""
    nodes = {**BLOCK, "P": (0, 20), "Q": (600, 20), "M": (0, 10), "N": (600, 10)}
    ways = [("A B C D A", STREET), ("A M P Q N B", STREET), ("M N", {"highway": "trunk", "maxspeed": "45"})]
    streets = plain_town(nodes=nodes, ways=ways, widths={1: 2.5})
    assert "too narrow" in fault_of(streets, (300, 20))


@pytest.mark.parametrize(
    "tags",
    [
        {"highway": "motorway"},
        {"highway": "motorway_link"},
        {"highway": "trunk"},
        {"highway": "trunk_link"},
        {"highway": "residential", "tunnel": "yes"},
        {"highway": "residential", "parking:both": "no", "parking:both:restriction": "no_stopping"},
        {"highway": "service", "access": "private"},
    ],
    ids=lambda tags: " ".join(tags.values()),
)
def test_where_no_one_may_stop(tags: dict[str, str]) -> None:
    """5 m from a road where stopping is out of the question, 35 m from a street: everyone starts on the street."""
    nodes = {**BLOCK, "M": (0, 40), "N": (600, 40)}
    ways = [("A B C D A", STREET), ("A M N B", {"maxspeed": "45", **tags, "oneway": "no"})]
    streets = plain_town(nodes=nodes, ways=ways)
    for vehicle in (KEI, VAN):
        assert start(reach(streets, vehicle, (300, 35), (300, -290))) == (300, 0)


def test_depot_in_a_private_yard() -> None:
    """150 m up a private drive the depot's place is in front of its gate, on the street, 150 m off."""
    nodes = {**BLOCK, "Y": (250, 0), "Z": (250, 150)}
    ways = [("A Y B C D A", STREET), ("Y Z", {**SERVICE, "access": "private"})]
    assert start(reach(plain_town(nodes=nodes, ways=ways), VAN, (250, 150), (300, -290))) == (250, 0)


def two_towns() -> Streets:
    """A ladder of 20 streets of 30 m (0.6 km in all), and 5 km off a ring of 14 km with a single stretch."""
    lower = {f"g{i}": (i * 30.0, 0.0) for i in range(8)}
    upper = {f"h{i}": (i * 30.0, 30.0) for i in range(8)}
    ways = [(f"{side}{i} {side}{i + 1}", STREET) for side in "gh" for i in range(7)]
    ways += [(f"g{i} h{i}", STREET) for i in range(8)]
    ring = {"A": (5000, 0), "B": (9000, 0), "C": (9000, 3000), "D": (5000, 3000)}
    return plain_town(nodes={**lower, **upper, **ring}, ways=[*ways, ("A B C D A", STREET)])


def test_the_network_is_that_of_the_depot() -> None:
    """On the long ring of two edges the ring is served, in the ladder of 44 edges the ladder: where the depot is."""
    streets = two_towns()
    on_ring = reach(streets, VAN, (6000, 0), (5000, 100), (100, 0))
    assert (on_ring.stop_point >= 0).tolist() == [True, False]
    in_ladder = reach(streets, VAN, (50, 0), (5000, 100), (100, 0))
    assert (in_ladder.stop_point >= 0).tolist() == [False, True]
    refusal = on_ring.refusals[1]
    assert refusal is not None
    assert "cannot drive there from the depot and back" in refusal.text


def test_not_on_an_islet_of_the_map() -> None:
    """A car park of 40 m that joins nothing, 5 m from the depot, is a gap of the map: the street 20 m off it is."""
    nodes = {**BLOCK, "P": (280, 25), "Q": (320, 25)}
    streets = plain_town(nodes=nodes, ways=[("A B C D A", STREET), ("P Q", SERVICE)])
    for vehicle in (KEI, VAN):
        assert start(reach(streets, vehicle, (300, 20), (300, -290))) == (300, 0)


def test_a_wide_court_behind_a_narrow_gate() -> None:
    """A court of 20 m, wide itself, behind 40 m of alley from a block of 8 km: the kei starts there, the van cannot."""
    nodes = {"A": (0, 0), "X": (1000, 0), "B": (2000, 0), "C": (2000, -2000), "D": (0, -2000)}
    nodes |= {"P": (1000, 40), "Q": (1000, 60)}
    ways = [("A X B C D A", STREET), ("X P", STREET), ("P Q", STREET)]
    streets = plain_town(nodes=nodes, ways=ways, widths={1: 2.5})
    assert start(reach(streets, KEI, (1000, 60), (300, -1990))) == (1000, 60)
    assert "is open to it, but it cannot drive from there" in fault_of(streets, (1000, 60))


def test_a_comparison_starts_where_every_type_may() -> None:
    """A depot 20 m up the alley's side, 120 m from the street: kei and van both start on the street, told as 120 m."""
    streets = block_with_alley(100)
    place = shared_place(streets, [KEI, VAN], position((300, 120)), rules=AccessRules())
    found = [
        reach_of(streets, kind, lat=lat, lon=lon, depot=position((300, 120)), place=place)
        for kind in (KEI, VAN)
        for lat, lon in [([position((300, -290))[0]], [position((300, -290))[1]])]
    ]
    assert [start(one) for one in found] == [(300, 0), (300, 0)]
    assert round(place.distance_m) == 120
    alone = shared_place(streets, [KEI], position((300, 120)), rules=AccessRules())
    assert round(alone.distance_m) == 20


def test_a_comparison_without_a_common_place_names_who_is_shut_out() -> None:
    """A depot in an alley 320 m from the street that the van needs: one fault, which names the van and the alley."""
    streets = block_with_alley(320)
    with pytest.raises(InputError) as error:
        shared_place(streets, [KEI, VAN], position((300, 320)), rules=AccessRules())
    (fault,) = error.value.faults
    assert fault.message.startswith("van cannot start from the depot: the street in front, Long Alley, is closed to it")
    assert "within 300 m" in fault.message
