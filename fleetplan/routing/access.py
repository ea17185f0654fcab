"""Which streets a vehicle may and can use: bands with a reason, for all stretches at once.

A stretch is closed by law (signs, access tags, Japan's ordinance when it is read as a law), closed for want of
room (narrower than the vehicle over its mirrors and a margin), squeezed (passable, slowly) or free. Every figure
behind these decisions lies in ``data/access.toml`` with its source.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleetplan.city.classes import AccessTag, Barrier, Highway, WidthSource
from fleetplan.city.streets import Bools, Codes, Floats, Ints, Streets
from fleetplan.figures import bundled_figures
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.driving import stretch_speed_kph
from fleetplan.routing.seams import AccessRules, Band, StreetAccess

CLOSED_TAGS = (AccessTag.PRIVATE, AccessTag.NO)
NO_STANDING = (Highway.MOTORWAY, Highway.MOTORWAY_LINK, Highway.TRUNK, Highway.TRUNK_LINK)
_SOURCE_WORDS = {
    WidthSource.SIGN: "sign",
    WidthSource.SURVEY: "surveyed",
    WidthSource.TAG: "tagged width",
    WidthSource.LANES: "from its lanes",
    WidthSource.DEFAULT: "class default",
}


def access_figure(key: str) -> float:
    """A figure of ``data/access.toml``."""
    return bundled_figures("access.toml")[key].value


def decision_width_m(streets: Streets, *, quantile: float) -> Floats:
    """The pinch of every stretch at a quantile of its distribution, ``float64[stretches]`` in metres.

    The distribution is piecewise linear through ``width_lo_m`` (0.1), ``width_min_m`` (0.5) and ``width_hi_m``
    (0.9), continued with the same slopes to 0.05 and 0.95; quantiles beyond are clamped.
    """
    table = streets.stretches
    return _at_quantile(table.width_lo_m, table.width_min_m, table.width_hi_m, quantile=quantile)


def street_width_m(streets: Streets, *, quantile: float) -> tuple[Floats, Codes]:
    """Width by which vehicles meet and which the ordinance measures, in metres, and its ``WidthSource``.

    A posted width tells who fits through, not how wide the street beyond it is: where a tag or lanes tell that, they
    hold here; elsewhere it is :func:`decision_width_m`.
    """
    table = streets.stretches
    known = table.street_source > 0
    behind = _at_quantile(table.street_lo_m, table.street_min_m, table.street_hi_m, quantile=quantile)
    width = np.where(known, behind, decision_width_m(streets, quantile=quantile))
    return width, np.where(known, table.street_source, table.width_source)


def _at_quantile(lo: Floats, mid: Floats, hi: Floats, *, quantile: float) -> Floats:
    q = min(max(quantile, 0.05), 0.95)
    width = mid + (mid - lo) * (q - 0.5) / 0.4 if q <= 0.5 else mid + (hi - mid) * (q - 0.5) / 0.4
    return np.maximum(np.asarray(width, dtype=np.float64), 0.0)


def gross_mass_kg(vehicle: Vehicle) -> tuple[float, bool]:
    """Mass of the fully loaded vehicle, and whether its kerb mass had to be estimated from its size."""
    if vehicle.kerb_kg is not None:
        return vehicle.kerb_kg + vehicle.payload_kg, False
    kerb_kg = access_figure("kerb_kg_per_m2") * vehicle.length_m * vehicle.body_width_m
    return kerb_kg + vehicle.payload_kg, True


def room_needed_m(vehicle: Vehicle) -> float:
    """Width below which a street has no room for the vehicle."""
    return vehicle.mirror_width_m + access_figure("room_clearance_m")


def free_width_m(vehicle: Vehicle, rules: AccessRules, *, country: str) -> tuple[float, float]:
    """Width from which a street is free, two-way and one-way.

    In Japan (unless the ordinance is off) it is the ordinance's width for the body in built-up areas; elsewhere
    two of these vehicles must meet over their mirrors. Never less than :func:`room_needed_m`.
    """
    if country == "JP" and rules.ordinance != "off":
        two_way = 2 * vehicle.body_width_m + access_figure("ordinance.two_way_margin_m")
        one_way = vehicle.body_width_m + access_figure("ordinance.one_way_margin_m")
    else:
        two_way = 2 * vehicle.mirror_width_m + access_figure("meeting.two_way_margin_m")
        one_way = vehicle.mirror_width_m + access_figure("meeting.one_way_margin_m")
    room = room_needed_m(vehicle)
    return max(two_way, room), max(one_way, room)


def country_of(streets: Streets, rules: AccessRules) -> str:
    """The country whose rules hold: the one given, else the one the city lies in."""
    return rules.country or streets.country


def blocked_nodes(streets: Streets, vehicle: Vehicle) -> Bools:
    """Nodes whose barrier this vehicle cannot pass, ``bool[nodes]``.

    The barrier's own access tags decide first; then the vehicle must keep its limits: a known gap must fit the
    mirrors, and height, length and loaded mass are compared as on streets; then its kind decides.
    """
    nodes = streets.nodes
    access = nodes.barrier_access
    has_barrier = nodes.barrier != Barrier.NONE
    closed = np.isin(access, _codes(_closed_tags()))
    untagged = access == AccessTag.UNTAGGED
    has_gap = ~np.isnan(nodes.barrier_gap_m)
    need_m = vehicle.mirror_width_m + access_figure("barrier_clearance_m")
    too_narrow = has_gap & (nodes.barrier_gap_m < need_m)
    too_large = nodes.barrier_height_m < vehicle.height_m
    too_large |= nodes.barrier_length_m < vehicle.length_m
    too_large |= nodes.barrier_weight_kg < gross_mass_kg(vehicle)[0]
    kind_closed = untagged & ~has_gap & (nodes.barrier == Barrier.BOLLARD)
    return np.asarray(has_barrier & (closed | too_narrow | too_large | kind_closed), dtype=np.bool_)


def decide_access(streets: Streets, vehicle: Vehicle, rules: AccessRules | None = None) -> StreetAccess:
    """What one vehicle may do on every directed edge, and why not.

    Access tags ``private`` and ``no`` close a street by law, ``permit`` too (a figure of the data file);
    ``destination``, ``delivery`` and ``customers`` are open to a delivery. A posted width is compared with the
    body, as the law measures vehicles; the room on the street with the mirrors. Where it admits the body, the
    authority has decided: the ordinance closes nothing there, it only says from where on the street is free.
    """
    rules = rules or AccessRules()
    country = country_of(streets, rules)
    table, edges = streets.stretches, streets.edges
    n = len(table)
    one_way = table.forward != table.backward
    width = decision_width_m(streets, quantile=rules.width_quantile)
    street_width, street_source = street_width_m(streets, quantile=rules.width_quantile)
    has_edge = np.zeros(n, dtype=np.bool_)
    has_edge[edges.stretch] = True

    band = np.full(n, Band.FREE, dtype=np.uint8)
    case = _Cases(n)

    def close(mask: NDArray[Any], as_band: Band, words: Callable[[int, int, int], str], *numbers: NDArray[Any]) -> None:
        fresh = mask & (band < Band.BLOCKED_ROOM) if as_band >= Band.BLOCKED_ROOM else mask & (band == Band.FREE)
        band[fresh] = as_band
        case.add(fresh, words, *numbers)

    def says(text: str) -> Callable[[int, int, int], str]:
        return lambda _a, _b, _c: text

    close(~has_edge, Band.BLOCKED_LAW, says("not open to motor vehicles"))
    for tag, text in (
        (AccessTag.NO, "closed to motor traffic by its access tags"),
        (AccessTag.PRIVATE, "private"),
        (AccessTag.PERMIT, "open to permit holders only"),
    ):
        if tag in _closed_tags():
            close(table.motor_access == tag, Band.BLOCKED_LAW, says(text))

    mass_kg, estimated = gross_mass_kg(vehicle)
    sign_width_m = vehicle.mirror_width_m if access_figure("sign_counts_mirrors") else vehicle.body_width_m
    about = "about " if estimated else ""
    of_estimate = ", its kerb mass estimated" if estimated else ""
    close(
        table.maxwidth_m < sign_width_m,
        Band.BLOCKED_LAW,
        lambda a, _b, _c: f"posted width {a / 10:.1f} m, the vehicle has {sign_width_m:.2f} m",
        _tenths(table.maxwidth_m),
    )
    close(
        table.maxheight_m < vehicle.height_m,
        Band.BLOCKED_LAW,
        lambda a, _b, _c: f"posted height {a / 10:.1f} m, the vehicle has {vehicle.height_m:.2f} m",
        _tenths(table.maxheight_m),
    )
    close(
        table.maxweight_kg < mass_kg,
        Band.BLOCKED_LAW,
        lambda a, _b, _c: (
            f"posted weight {a / 10:.1f} t, the loaded vehicle has {about}{mass_kg / 1000:.2f} t{of_estimate}"
        ),
        _tenths(table.maxweight_kg / 1000),
    )
    close(
        table.maxlength_m < vehicle.length_m,
        Band.BLOCKED_LAW,
        lambda a, _b, _c: f"posted length {a / 10:.1f} m, the vehicle has {vehicle.length_m:.2f} m",
        _tenths(table.maxlength_m),
    )
    source, street_source = table.width_source.astype(np.int64), street_source.astype(np.int64)
    free_two_way, free_one_way = free_width_m(vehicle, rules, country=country)
    if country == "JP" and rules.ordinance == "law":
        margin = np.where(
            one_way, access_figure("ordinance.one_way_margin_m"), access_figure("ordinance.two_way_margin_m")
        )
        needed = np.where(one_way, 1.0, 2.0) * vehicle.body_width_m + margin
        close(
            (street_width < needed) & ~(table.maxwidth_m >= sign_width_m),
            Band.BLOCKED_LAW,
            lambda a, b, c: (
                f"the Vehicle Restriction Ordinance wants {b / 100:.2f} m for this vehicle, "
                f"the street has {a / 10:.1f} m ({_source_words(c)})"
            ),
            _tenths(street_width),
            _hundredths(needed),
            street_source,
        )
    room = np.full(n, room_needed_m(vehicle))
    close(
        width < room,
        Band.BLOCKED_ROOM,
        lambda a, b, c: f"too narrow: {a / 10:.1f} m ({_source_words(c)}), needs {b / 100:.2f} m",
        _tenths(width),
        _hundredths(room),
        source,
    )
    free = np.where(one_way, free_one_way, free_two_way)
    close(
        street_width < free,
        Band.SQUEEZED,
        lambda a, b, c: f"narrow: {a / 10:.1f} m ({_source_words(c)}), free from {b / 100:.2f} m",
        _tenths(street_width),
        _hundredths(free),
        street_source,
    )

    reasons, reason = case.sentences()
    speed = stretch_speed_kph(streets, vehicle, squeezed=band == Band.SQUEEZED)
    speed[band >= Band.BLOCKED_ROOM] = 0.0
    standing = (band < Band.BLOCKED_ROOM) & ~np.isin(table.highway, _codes(NO_STANDING))
    standing &= ~table.no_stopping & ~table.tunnel
    rows = edges.stretch
    return StreetAccess(
        vehicle=vehicle.name,
        band=band[rows],
        reason=reason[rows],
        reasons=reasons,
        speed_kph=speed[rows],
        may_stand=standing[rows],
        stretch_band=band,
        stretch_reason=reason,
    )


class _Cases:
    """Collects, per stretch, which sentence applies with which numbers, and writes each distinct one once."""

    def __init__(self, n: int) -> None:
        self._key = np.zeros((n, 4), dtype=np.int64)
        self._words: list[Callable[[int, int, int], str]] = []

    def add(self, mask: NDArray[Any], words: Callable[[int, int, int], str], *numbers: NDArray[Any]) -> None:
        """From now on ``words`` speaks for the stretches of ``mask``."""
        self._words.append(words)
        self._key[mask, 0] = len(self._words)
        for column, values in enumerate(numbers, start=1):
            self._key[mask, column] = values[mask]

    def sentences(self) -> tuple[tuple[str, ...], Ints]:
        """Distinct sentences (row 0 empty) and the row of each stretch."""
        keys = np.vstack([np.zeros((1, 4), dtype=np.int64), self._key])
        distinct, row = np.unique(keys, axis=0, return_inverse=True)
        texts = [""] + [self._words[int(k) - 1](int(a), int(b), int(c)) for k, a, b, c in distinct[1:]]
        return tuple(texts), row.reshape(-1)[1:].astype(np.int64)


def _closed_tags() -> tuple[AccessTag, ...]:
    return CLOSED_TAGS if access_figure("permit_open") else (*CLOSED_TAGS, AccessTag.PERMIT)


def _codes(values: tuple[int, ...]) -> NDArray[np.uint8]:
    return np.array([int(value) for value in values], dtype=np.uint8)


def _source_words(code: int) -> str:
    return _SOURCE_WORDS.get(WidthSource(code), "") if code else "unknown"


def _tenths(values: NDArray[Any]) -> Ints:
    """Rounded down, so that a width which is too small also reads so."""
    return _whole(values * 10 + 1e-6)


def _hundredths(values: NDArray[Any]) -> Ints:
    return _whole(values * 100 + 0.5)


def _whole(values: NDArray[Any]) -> Ints:
    whole: Ints = np.floor(np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)).astype(np.int64)
    return whole
