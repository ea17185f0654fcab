r"""Whether a vehicle gets round a corner, and what a turn costs.

**Swept path.** A vehicle that turns with its least radius :math:`R` (kerb to kerb, the path of the outer front wheel)
moves about a point on the line of its rear axle. With the wheelbase :math:`l`, the front and rear overhangs
:math:`f` and :math:`h` and the body's width :math:`b`, its outer side at the rear axle runs on the radius
:math:`q = \sqrt{R^2 - l^2}`, its inner side on :math:`i = q - b`, its outer front corner on
:math:`o = \sqrt{q^2 + (l + f)^2}` and its outer rear corner on :math:`t = \sqrt{q^2 + h^2}`. This is the low-speed
turning geometry of road design manuals (the Ackermann condition), wheels taken as flush with the body.

**Corner.** Two corridors of widths :math:`w_1` and :math:`w_2` meet at the angle :math:`\theta` with a sharp inner
corner. The vehicle keeps to the outer side before and after. On a single arc its tail reaches
:math:`t \cos(\max(\varphi_t - \theta, 0))` towards the first outer wall, with :math:`\tan \varphi_t = h / q`, and its
front corner :math:`o \cos(\max(\varphi_o - \theta, 0))` towards the second one, with
:math:`\tan \varphi_o = (l + f) / q`. So the inner walls lie at the distances :math:`a_1 = t(\theta) - w_1` and
:math:`a_2 = o(\theta) - w_2` from the centre, and the inner corner at

.. math:: p = \sqrt{a_1^2 + a_2^2 - 2 a_1 a_2 \cos\theta} / \sin\theta

from it, if it lies within the arc, else :math:`\max(a_1, a_2)` counts. The corner is **free** where
:math:`p \le i`. Corners of streets are rounded or cut off: with the radius :math:`k` the middle of the rounding lies
:math:`k` behind both walls, so :math:`a_1 - k` and :math:`a_2 - k` stand for :math:`a_1` and :math:`a_2`, and
:math:`p + k \le i` is asked. For :math:`\theta = 90°` and equal :math:`t = o` this is the textbook condition
:math:`(o - w_1)^2 + (o - w_2)^2 \le i^2`. Where the first street goes on beyond the corner, the second outer wall
begins at the corner only, and the front corner may swing out in front of it: :math:`\varphi_o` is then at least
:math:`\arccos(a_1 / o)`, where the front corner leaves the first street. The second reach is never less than
:math:`q`.

Otherwise the corner is **slow**: each metre that the inner corner stands in the way costs moves back and forth.

**Impossible** is a corner round which not even a rectangle of the body's length :math:`L` and width could be shunted.
With its outer side touching both outer walls at the angles :math:`\beta` and :math:`\theta - \beta`, the inner corner
is at

.. math:: (w_1 \sin(\theta - \beta) + w_2 \sin\beta - L \sin\beta \sin(\theta - \beta)) / \sin\theta

from that side, which must be at least :math:`b` for all :math:`\beta` (for :math:`\theta = 90°` and :math:`b = 0`
the ladder in the corner, :math:`L^{2/3} \le w_1^{2/3} + w_2^{2/3}`); of a rounded corner, that of its middle with
:math:`w_1 + k` and :math:`w_2 + k`, less :math:`k`. Streets whose width nobody measured never make
a corner impossible. The figures lie in ``data/driving.toml`` with their sources.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from fleetplan.city.classes import Barrier
from fleetplan.city.streets import Bools, Floats, Ints, Streets
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.clearance import corner_width_m, country_of
from fleetplan.routing.driving import angle_delays_s, driving_figure, left_hand_countries
from fleetplan.routing.seams import AccessRules
from fleetplan.routing.topology import Topology, direction_rad
from fleetplan.routing.turning import turning_radius_m, uturn_ms

_STEPS = 64
_STRAIGHT_RAD = 0.01
"""Below it the two walls are one: the corner between them would be a quotient of rounding errors."""
_CACHE: WeakKeyDictionary[Streets, NDArray[np.bool_]] = WeakKeyDictionary()


class Corner(IntEnum):
    """How a vehicle gets from one street into the next."""

    FREE = 0
    SLOW = 1
    IMPOSSIBLE = 2

    @property
    def label(self) -> str:
        """The word in files and maps."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class SweptPath:
    """Radii in metres about the turning centre when a vehicle turns as tightly as it can.

    Attributes:
        inner, outer: the body's inner and outer side at the rear axle.
        front, tail: its outer front and outer rear corner.
        front_angle, tail_angle: how far these lie ahead of and behind the rear axle, in radians.
        length, width: the body's.
    """

    inner: float
    outer: float
    front: float
    tail: float
    front_angle: float
    tail_angle: float
    length: float
    width: float


def swept_path(vehicle: Vehicle) -> SweptPath:
    """The swept path of a vehicle; wheelbase, overhangs and radius are estimated where nobody gives them."""
    length, width = vehicle.length_m, vehicle.body_width_m
    base = vehicle.wheelbase_m
    if base is None:
        base = driving_figure("corner.wheelbase_per_length") * length
    base = min(base, length)
    front = base + driving_figure("corner.front_share") * (length - base)
    tail = length - front
    # a radius no larger than the wheelbase is a slip of the data: nothing turns about its own inner wheel
    outer = float(np.sqrt(max(turning_radius_m(vehicle) ** 2 - base**2, width**2)))
    return SweptPath(
        inner=outer - width,
        outer=outer,
        front=float(np.hypot(outer, front)),
        tail=float(np.hypot(outer, tail)),
        front_angle=float(np.arctan2(front, outer)),
        tail_angle=float(np.arctan2(tail, outer)),
        length=length,
        width=width,
    )


def missing_m(
    path: SweptPath, angle_rad: Floats, first_m: Floats, second_m: Floats, *, ahead: Bools, rounding_m: float
) -> Floats:
    """How far the inner corner stands in the way of a single arc, in metres; at most 0 where it does not.

    Args:
        angle_rad: change of direction, 0 to pi.
        first_m, second_m: room in the street before and after the corner, clearances taken off.
        ahead: the first street goes on beyond the corner.
        rounding_m: radius of the inner corner.
    """
    sine, cosine = np.sin(angle_rad), np.cos(angle_rad)
    near = path.tail * np.cos(np.maximum(path.tail_angle - angle_rad, 0.0)) - first_m
    swing = np.full(len(angle_rad), path.front_angle)
    leaving = np.arccos(np.clip(near / path.front, -1.0, 1.0))
    swing = np.where(ahead, np.maximum(swing, leaving), swing)
    far = path.front * np.cos(np.clip(swing - angle_rad, 0.0, np.pi))
    near, far = near - rounding_m, np.maximum(far, path.outer) - second_m - rounding_m
    within = (far >= near * cosine) & (near >= far * cosine) & (angle_rad > _STRAIGHT_RAD)
    with np.errstate(divide="ignore", invalid="ignore"):
        corner = np.sqrt(np.maximum(near**2 + far**2 - 2.0 * near * far * cosine, 0.0)) / np.maximum(sine, 1e-9)
    wall = np.maximum(near, far)
    return np.where(within, np.maximum(corner, wall), wall) + rounding_m - path.inner


def passes_shunting(
    *, length: float, width: float, angle_rad: Floats, first_m: Floats, second_m: Floats, rounding_m: float
) -> NDArray[np.bool_]:
    """A rectangle can be moved round the corner, in any number of moves."""
    first_m, second_m = first_m + rounding_m, second_m + rounding_m
    needed = (width + rounding_m) * np.sin(angle_rad) - 1e-9
    passes = np.ones(len(angle_rad), dtype=np.bool_)
    for step in range(_STEPS + 1):
        tilt = angle_rad * (step / _STEPS)
        here, there = np.sin(tilt), np.sin(angle_rad - tilt)
        passes &= first_m * there + second_m * here - length * here * there >= needed
    return passes


def corner_bands(
    streets: Streets, topology: Topology, vehicle: Vehicle, rules: AccessRules | None = None
) -> NDArray[np.uint8]:
    """The :class:`Corner` of every arc of the topology, ``uint8[arcs]``.

    U-turns count as free here (:func:`fleetplan.routing.turning.uturn_ms` has their time), and so do all corners
    where rules know no clearance.
    """
    return corner_moves(streets, topology, vehicle, rules or AccessRules())[0]


def corner_moves(
    streets: Streets, topology: Topology, vehicle: Vehicle, rules: AccessRules
) -> tuple[NDArray[np.uint8], Floats]:
    """The :class:`Corner` of every arc, and the moves back and forth that a slow one takes, on average."""
    band = np.full(len(topology.first), Corner.FREE, dtype=np.uint8)
    moves = np.zeros(len(band))
    if rules.clearance == "none":
        return band, moves
    width, known = corner_width_m(streets, quantile=rules.width_quantile)
    rows = streets.edges.stretch
    first, second = rows[topology.first], rows[topology.second]
    path = swept_path(vehicle)
    turned = np.abs(topology.angle_deg)
    # narrower streets cannot do better, so a corner that is free at the narrower width on both sides needs no more
    asked = np.flatnonzero(~topology.uturn & (np.minimum(width[first], width[second]) < 2.0 * path.front))
    angle = np.radians(turned[asked])
    ahead = goes_on(streets)[topology.first[asked]]
    ahead &= turned[asked] > driving_figure("turn.straight_deg")
    before, after = width[first[asked]], width[second[asked]]
    both = 2.0 * driving_figure("corner.clearance_m")
    rounding_m = driving_figure("corner.rounding_m")
    lack = missing_m(path, angle, before - both, after - both, ahead=ahead, rounding_m=rounding_m)
    slow = lack > 0
    shunts = np.minimum(2.0 * lack / driving_figure("corner.gain_m"), driving_figure("corner.most_moves"))
    moves[asked] = np.where(slow, shunts, 0.0)
    band[asked[slow]] = Corner.SLOW
    judged = slow & known[first[asked]] & known[second[asked]]
    least = 2.0 * driving_figure("corner.least_clearance_m")
    stuck = ~passes_shunting(
        length=path.length,
        width=path.width,
        angle_rad=angle[judged],
        first_m=before[judged] - least,
        second_m=after[judged] - least,
        rounding_m=rounding_m,
    )
    band[asked[judged][stuck]] = Corner.IMPOSSIBLE
    return band, moves


def turn_times_ms(
    streets: Streets, topology: Topology, vehicle: Vehicle, *, rules: AccessRules
) -> tuple[Ints, NDArray[np.bool_]]:
    """Milliseconds of every arc of the topology, and whether the vehicle gets round it at all.

    The delay by angle and side at junctions, the moves of a slow corner, opening a gate, or turning round where the arc
    is a U-turn.
    Signals and signs are part of the edges' times.
    """
    left_hand = country_of(streets, rules) in left_hand_countries()
    seconds = angle_delays_s(topology.angle_deg, topology.junction, topology.uturn, left_hand=left_hand)
    band, moves = corner_moves(streets, topology, vehicle, rules)
    seconds = seconds + moves * driving_figure("corner.move_s")
    seconds += (streets.nodes.barrier[topology.node] == Barrier.GATE) * driving_figure("gate_s")
    time_ms = np.floor(seconds * 1000.0 + 0.5).astype(np.int64)
    turns = uturn_ms(streets, vehicle, rules=rules)[topology.first]
    return np.where(topology.uturn, turns, time_ms), band != Corner.IMPOSSIBLE


def goes_on(streets: Streets) -> Bools:
    """Edges from whose end some street open to motor traffic leads straight on, either way, ``bool[edges]``.

    A matter of where the walls are, so one-way rules and turn restrictions do not count. Kept with the city.
    """
    found = _CACHE.get(streets)
    if found is None:
        found = _CACHE[streets] = _goes_on(streets)
    return found


def _goes_on(streets: Streets) -> Bools:
    table, edges = streets.stretches, streets.edges
    rows = np.unique(edges.stretch)
    begin, end = table.line_start[rows], table.line_start[rows + 1] - 1
    node = np.concatenate([table.u[rows], table.v[rows]])
    outward = np.concatenate([direction_rad(streets, begin, begin + 1), direction_rad(streets, end, end - 1)])
    order = np.argsort(node, kind="stable")
    node, outward = node[order], outward[order]
    low, high = np.searchsorted(node, edges.v, side="left"), np.searchsorted(node, edges.v, side="right")
    edge = np.repeat(np.arange(len(edges)), high - low)
    other = np.arange(len(edge)) - np.repeat(np.cumsum(high - low) - (high - low), high - low) + low[edge]
    first, last = table.line_start[edges.stretch], table.line_start[edges.stretch + 1] - 1
    arriving = direction_rad(
        streets, np.where(edges.reverse, first + 1, last - 1), np.where(edges.reverse, first, last)
    )
    angle = np.degrees(outward[other] - arriving[edge])
    straight = np.abs((angle + 180.0) % 360.0 - 180.0) <= driving_figure("turn.straight_deg")
    return np.bincount(edge[straight], minlength=len(edges)) > 0
