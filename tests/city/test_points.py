"""Barriers on nodes: kind, access, lock and gap."""

from __future__ import annotations

import math

import pytest

from fleetplan.city.classes import AccessTag, Barrier
from fleetplan.city.points import read_node


@pytest.mark.parametrize(
    ("tags", "barrier"),
    [
        ({"barrier": "bollard"}, Barrier.BOLLARD),
        ({"barrier": "bollard", "bollard": "removable"}, Barrier.BOLLARD),
        ({"barrier": "bollard", "bollard": "rising"}, Barrier.BOLLARD),
        ({"bollard": "rising"}, Barrier.BOLLARD),
        ({"barrier": "bollard", "bollard": "removed"}, Barrier.NONE),
        ({"bollard": "no"}, Barrier.NONE),
        ({"barrier": "lift_gate"}, Barrier.GATE),
        ({"barrier": "swing_gate"}, Barrier.GATE),
        ({"barrier": "height_restrictor"}, Barrier.OPEN),
    ],
)
def test_kinds_of_barriers(tags: dict[str, str], barrier: Barrier) -> None:
    """A bollard that can be lowered is closed to whoever has no key, unless access says more."""
    assert read_node(tags).barrier == barrier


@pytest.mark.parametrize(
    ("tags", "access"),
    [
        ({"barrier": "gate"}, AccessTag.UNTAGGED),
        ({"barrier": "gate", "locked": "yes"}, AccessTag.PRIVATE),
        ({"barrier": "gate", "locked": "no"}, AccessTag.UNTAGGED),
        ({"barrier": "gate", "locked": "yes", "motor_vehicle": "delivery"}, AccessTag.DELIVERY),
        ({"barrier": "gate", "access": "no", "goods": "yes"}, AccessTag.YES),
        ({"barrier": "bollard", "bollard": "rising", "motor_vehicle": "permit"}, AccessTag.PERMIT),
        ({"barrier": "lift_gate", "motorcar": "no", "hgv": "yes"}, AccessTag.NO),
        ({"barrier": "entrance", "locked": "yes"}, AccessTag.UNTAGGED),
    ],
)
def test_the_barrier_s_own_access(tags: dict[str, str], access: AccessTag) -> None:
    """The most specific key decides, then a lock."""
    assert read_node(tags).barrier_access == access


@pytest.mark.parametrize(
    ("tags", "gap_m"),
    [
        ({"barrier": "bollard", "maxwidth:physical": "1.9"}, 1.9),
        ({"barrier": "bollard", "maxwidth": "2.2", "maxwidth:physical": "2"}, 2.0),
        ({"barrier": "bollard", "width": "0.2"}, math.nan),
        ({"barrier": "block", "width": "1.5"}, math.nan),
        ({"barrier": "gate", "width": "3.5"}, 3.5),
        ({"barrier": "lift_gate", "width": "12'"}, 3.6576),
        ({"barrier": "gate", "width": "3.5", "maxwidth": "2.5"}, 2.5),
        ({"barrier": "gate", "width": "wide"}, math.nan),
        ({"barrier": "gate", "width": "0"}, math.nan),
    ],
)
def test_the_gap_of_a_barrier(tags: dict[str, str], gap_m: float) -> None:
    """A sign or the measured gap; ``width`` of a gate is its opening, of a bollard its own thickness."""
    assert read_node(tags).barrier_gap_m == pytest.approx(gap_m, nan_ok=True)


def test_directions_and_lorries_have_their_own_access() -> None:
    """Where nothing special is said they are the barrier's."""
    facts = read_node({"barrier": "gate", "motor_vehicle": "yes", "motor_vehicle:forward": "no", "hgv": "no"})
    assert (facts.forward_access, facts.backward_access, facts.hgv_access) == (
        AccessTag.NO,
        AccessTag.YES,
        AccessTag.NO,
    )
    plain = read_node({"barrier": "gate", "access": "private"})
    assert {plain.forward_access, plain.backward_access, plain.hgv_access} == {AccessTag.PRIVATE}
