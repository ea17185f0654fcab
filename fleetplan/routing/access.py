"""Which streets a vehicle may and can use: bands with a reason, for all directed edges at once.

A street is closed by law (signs, access tags of the direction, Japan's ordinance when it is read as a law), closed
for want of room (narrower than the vehicle over its mirrors and a margin), squeezed (passable, slowly) or free.
Every figure behind these decisions lies in ``data/access.toml`` with its source.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleetplan.city.classes import AccessTag, Barrier, Highway
from fleetplan.city.streets import Bools, Codes, Ints, Streets
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.bends import bend_moves
from fleetplan.routing.clearance import (
    MEASURED,
    access_figure,
    country_of,
    decision_width_m,
    free_width_m,
    room_needed_m,
    street_width_m,
)
from fleetplan.routing.driving import driving_figure, edge_speed_kph, meeting_waits_s
from fleetplan.routing.reasons import Reasons, Words, hundredths, source_words, tenths
from fleetplan.routing.seams import AccessRules, Band, StreetAccess

__all__ = [
    "CLOSED_TAGS",
    "NO_STANDING",
    "access_figure",
    "blocked_nodes",
    "country_of",
    "decide_access",
    "decision_width_m",
    "gross_mass_kg",
    "is_heavy",
    "restriction_bit",
]

CLOSED_TAGS = (AccessTag.PRIVATE, AccessTag.NO)
NO_STANDING = (Highway.MOTORWAY, Highway.MOTORWAY_LINK, Highway.TRUNK, Highway.TRUNK_LINK)
_MOTORWAYS = (Highway.MOTORWAY, Highway.MOTORWAY_LINK)


def gross_mass_kg(vehicle: Vehicle) -> tuple[float, bool]:
    """Mass of the fully loaded vehicle, and whether its kerb mass had to be estimated from its size."""
    if vehicle.kerb_kg is not None:
        return vehicle.kerb_kg + vehicle.payload_kg, False
    kerb_kg = access_figure("kerb_kg_per_m2") * vehicle.length_m * vehicle.body_width_m
    return kerb_kg + vehicle.payload_kg, True


def is_heavy(vehicle: Vehicle) -> bool:
    """Signs for heavy goods vehicles hold for it: its loaded mass is above 3.5 t."""
    return gross_mass_kg(vehicle)[0] > access_figure("heavy_kg")


def restriction_bit(vehicle: Vehicle) -> int:
    """The bit of ``Restrictions.applies`` that concerns this vehicle."""
    return 2 if is_heavy(vehicle) else 1


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

    Access tags ``private`` and ``no`` close a direction by law, ``permit`` too (a figure of the data file);
    ``destination``, ``delivery`` and ``customers`` are open to a delivery. Vehicles above 3.5 t go by the tags for
    heavy goods vehicles. A posted width is compared with the body, as the law measures vehicles; the room on the
    street with the mirrors. Where it admits the body, the authority has decided: the ordinance closes nothing
    there, it only says from where on the street is free.

    Without clearance (``rules.clearance``) a street has room wherever its width is known by a sign, a survey or a
    tag and the body fits, or is not known; it is free then.
    """
    rules = rules or AccessRules()
    rules = replace(rules, country=country_of(streets, rules))
    edges, table = streets.edges, streets.stretches
    moves, stuck = bend_moves(streets, vehicle, rules=rules)
    band, reasons = _judge_stretches(streets, vehicle, rules, stuck)
    rows = edges.stretch
    edge_band, edge_key = band[rows], reasons.key[rows].copy()
    tag = edges.hgv_access if is_heavy(vehicle) else edges.motor_access
    whom = " to vehicles above 3.5 t" if is_heavy(vehicle) else ""
    law = Reasons(len(edges))
    for closed, text in (
        (AccessTag.NO, f"closed{whom or ' to motor traffic'} by its access tags"),
        (AccessTag.PRIVATE, "private"),
        (AccessTag.PERMIT, "open to permit holders only"),
    ):
        if closed in _closed_tags():
            law.says(tag == closed, text)
    by_tag = law.key > 0
    edge_band[by_tag] = Band.BLOCKED_LAW

    # rows of sentences: those of stretches first, then those of access tags
    texts, row = reasons.write(np.where(by_tag, 0, edge_key))
    law_texts, law_row = law.write(law.key)
    reason = np.where(by_tag, len(texts) - 1 + law_row, row)
    stretch_band, stretch_reason = _better_edge(streets, edge_band, reason, none=len(texts) + len(law_texts) - 1)
    open_edge = edge_band < Band.BLOCKED_ROOM
    speed = np.where(open_edge, edge_speed_kph(streets, vehicle, rules=rules), 0.0)
    no_standing = np.isin(table.highway, _codes(NO_STANDING)) | table.motorroad | table.no_stopping | table.tunnel
    return StreetAccess(
        vehicle=vehicle.name,
        band=edge_band,
        reason=reason,
        reasons=(*texts, *law_texts[1:], "not open to motor vehicles"),
        speed_kph=speed,
        may_stand=open_edge & ~no_standing[rows],
        delay_s=meeting_waits_s(streets, vehicle, speed, rules=rules) + moves[rows] * driving_figure("corner.move_s"),
        stretch_band=stretch_band,
        stretch_reason=stretch_reason,
    )


def _judge_stretches(streets: Streets, vehicle: Vehicle, rules: AccessRules, stuck: Bools) -> tuple[Codes, Reasons]:
    """Band and reason of every stretch by signs, room, bends and clearance: what holds in both directions."""
    table = streets.stretches
    country = rules.country
    band = np.full(len(table), Band.FREE, dtype=np.uint8)
    reasons = Reasons(len(table))

    def close(mask: NDArray[Any], as_band: Band, words: Words, *numbers: NDArray[Any]) -> None:
        fresh = mask & (band < Band.BLOCKED_ROOM) if as_band >= Band.BLOCKED_ROOM else mask & (band == Band.FREE)
        band[fresh] = as_band
        reasons.add(fresh, words, *numbers)

    sign_width_m = vehicle.mirror_width_m if access_figure("sign_counts_mirrors") else vehicle.body_width_m
    _close_by_signs(streets, vehicle, country, sign_width_m, close)

    one_way = table.forward != table.backward
    width = decision_width_m(streets, quantile=rules.width_quantile)
    source = table.width_source.astype(np.int64)
    street_width, street_source = street_width_m(streets, quantile=rules.width_quantile)
    bare = rules.clearance == "none"
    if country == "JP" and rules.ordinance == "law" and not bare:
        margin = np.where(
            one_way, access_figure("ordinance.one_way_margin_m"), access_figure("ordinance.two_way_margin_m")
        )
        needed = np.where(one_way, 1.0, 2.0) * vehicle.body_width_m + margin
        close(
            (street_width < needed) & ~(table.maxwidth_m >= sign_width_m),
            Band.BLOCKED_LAW,
            lambda a, b, c: (
                f"the Vehicle Restriction Ordinance wants {b / 100:.2f} m for this vehicle, "
                f"the street has {a / 10:.1f} m ({source_words(c)})"
            ),
            tenths(street_width),
            hundredths(needed),
            street_source.astype(np.int64),
        )
    room = np.full(len(table), vehicle.body_width_m if bare else room_needed_m(vehicle))
    known = np.isin(table.width_source, _codes(MEASURED)) if bare else np.ones(len(table), dtype=np.bool_)
    close(
        (width < room) & known,
        Band.BLOCKED_ROOM,
        lambda a, b, c: f"too narrow: {a / 10:.1f} m ({source_words(c)}), needs {b / 100:.2f} m",
        tenths(width),
        hundredths(room),
        source,
    )
    close(
        stuck,
        Band.BLOCKED_ROOM,
        lambda a, _b, c: f"a bend that the vehicle does not get round: {a / 10:.1f} m ({source_words(c)})",
        tenths(width),
        np.zeros(len(table), dtype=np.int64),
        source,
    )
    if not bare:
        free_two_way, free_one_way = free_width_m(vehicle, rules, country=country)
        free = np.where(one_way, free_one_way, free_two_way)
        close(
            street_width < free,
            Band.SQUEEZED,
            lambda a, b, c: f"narrow: {a / 10:.1f} m ({source_words(c)}), free from {b / 100:.2f} m",
            tenths(street_width),
            hundredths(free),
            street_source.astype(np.int64),
        )
    return band, reasons


def _close_by_signs(
    streets: Streets, vehicle: Vehicle, country: str, sign_width_m: float, close: Callable[..., None]
) -> None:
    """Signs that name a size or a mass, and roads that slow vehicles may not use."""
    table = streets.stretches
    mass_kg, estimated = gross_mass_kg(vehicle)
    about = "about " if estimated else ""
    of_estimate = ", its kerb mass estimated" if estimated else ""
    axle_kg = mass_kg * access_figure("axle_share")
    for posted, size, tell in (
        (table.maxwidth_m, sign_width_m, f"width {{}} m, the vehicle has {sign_width_m:.2f} m"),
        (table.maxheight_m, vehicle.height_m, f"height {{}} m, the vehicle has {vehicle.height_m:.2f} m"),
        (
            table.maxweight_kg / 1000,
            mass_kg / 1000,
            f"weight {{}} t, the loaded vehicle has {about}{mass_kg / 1000:.2f} t{of_estimate}",
        ),
        (table.maxlength_m, vehicle.length_m, f"length {{}} m, the vehicle has {vehicle.length_m:.2f} m"),
        (
            table.maxaxleload_kg / 1000,
            axle_kg / 1000,
            f"axle load {{}} t, the loaded vehicle has about {axle_kg / 1000:.2f} t",
        ),
    ):
        close(posted < size, Band.BLOCKED_LAW, _posted(tell), tenths(posted))
    speed_kph = vehicle.top_speed_kph
    if speed_kph is not None and speed_kph <= driving_figure("slow.motorway_kph"):
        fast = np.isin(table.highway, _codes(_MOTORWAYS)) | table.motorroad
        close(fast, Band.BLOCKED_LAW, lambda _a, _b, _c: f"a motorway; the vehicle reaches only {speed_kph:.0f} km/h")
    if speed_kph is not None and country == "US" and speed_kph <= driving_figure("slow.lsv_kph"):
        close(
            table.maxspeed_kph > driving_figure("slow.lsv_limit_kph"),
            Band.BLOCKED_LAW,
            lambda a, _b, _c: f"posted {a / 10:.0f} km/h, closed to low-speed vehicles",
            tenths(table.maxspeed_kph),
        )


def _posted(tell: str) -> Words:
    return lambda a, _b, _c: f"posted {tell.format(f'{a / 10:.1f}')}"


def _better_edge(streets: Streets, band: Codes, reason: Ints, *, none: int) -> tuple[Codes, Ints]:
    """The better of a stretch's edges, the forward one of two equals; ``none`` where there is no edge."""
    rows = streets.edges.stretch
    n = len(streets.stretches)
    best = np.full(n, Band.BLOCKED_LAW, dtype=np.uint8)
    np.minimum.at(best, rows, band)
    why = np.full(n, none, dtype=np.int64)
    chosen = np.flatnonzero(band == best[rows])[::-1]
    why[rows[chosen]] = reason[chosen]
    return best, why


def _closed_tags() -> tuple[AccessTag, ...]:
    return CLOSED_TAGS if access_figure("permit_open") else (*CLOSED_TAGS, AccessTag.PERMIT)


def _codes(values: tuple[int, ...]) -> NDArray[np.uint8]:
    return np.array([int(value) for value in values], dtype=np.uint8)
