"""Sampled stops for a city without any: from its addresses and shops, else from its streets."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import shapely
from numpy.typing import NDArray

from fleetplan.city.classes import AccessTag, Highway
from fleetplan.city.streets import Streets
from fleetplan.demand.handling import handling_figures, parcel_load, round_half_up, service_seconds
from fleetplan.demand.stops import Stop, Stops
from fleetplan.errors import InputError
from fleetplan.figures import Figure

_METRES_PER_DEGREE = 111_195.0
"""Of a meridian, on a sphere of 6,371 km."""

_DIGITS = 6
"""Decimals of sampled positions: about 0.1 m."""

_THROUGH_ONLY = (Highway.MOTORWAY, Highway.MOTORWAY_LINK, Highway.TRUNK, Highway.TRUNK_LINK)
_LIVED_IN = (
    Highway.RESIDENTIAL,
    Highway.LIVING_STREET,
    Highway.UNCLASSIFIED,
    Highway.TERTIARY,
    Highway.SECONDARY,
    Highway.PRIMARY,
    Highway.ROAD,
)
_CLOSED = (AccessTag.NO, AccessTag.PRIVATE, AccessTag.PERMIT)
_KINDS = ("address", "shop")


def sample_stops(streets: Streets, n: int, *, seed: int) -> Stops:
    """Draw ``n`` distinct stops of a plausible delivery day, the same ones for the same seed.

    Stops stand at addresses and shops near a street that vehicles use; where there are too few, the rest stands
    along lived-in streets, evenly by length. How many shops and how many parcels follows the shares of
    ``data/deliveries.toml``.

    Args:
        streets: the city.
        n: number of stops, at least 1.
        seed: of the random numbers, 0 or more.

    Raises:
        InputError: ``n`` or ``seed`` is out of range, or the city has no street to deliver along.
    """
    if n < 1:
        raise InputError.one("sample.size", "sample", "n", f"{n} stops cannot be drawn", "ask for at least 1")
    if seed < 0:
        raise InputError.one("sample.seed", "sample", "seed", f"{seed} is below 0", "give a seed of 0 or more")
    figures = handling_figures()
    usable = _usable_stretches(streets)
    rng = np.random.default_rng(seed)
    lon, lat, kind, labels = _draw_places(streets, usable, n, rng, figures)
    notes: list[str] = []
    short = n - len(lon)
    if short > 0:
        street_lon, street_lat, street_labels = _draw_on_streets(streets, usable, short, rng)
        source = "streets" if short == n else "addresses and shops are too few: the rest stands along streets"
        notes.append(f"{short} of {n} stops are points along streets" if short == n else f"{source} ({short} of {n})")
        lon, lat = np.concatenate([lon, street_lon]), np.concatenate([lat, street_lat])
        kind = np.concatenate([kind, np.zeros(short, np.int64)])
        labels = [*labels, *street_labels]
    parcels = _draw_parcels(kind, rng, figures)
    width = max(3, len(str(n)))
    items = []
    for index in range(n):
        count = int(parcels[index])
        weight_kg, volume_m3 = parcel_load(count)
        items.append(
            Stop(
                id=f"s{index + 1:0{width}d}",
                lat=round(float(lat[index]), _DIGITS),
                lon=round(float(lon[index]), _DIGITS),
                name=labels[index],
                parcels=count,
                demand_kg=weight_kg,
                volume_m3=volume_m3,
                service_s=service_seconds(count),
                window_s=None,
            )
        )
    return Stops(tuple(items), label=f"sample of {n}", notes=tuple(notes))


def _usable_stretches(streets: Streets) -> NDArray[np.int64]:
    """Stretches along which vehicles deliver: open, above ground, in the largest connected part of the network."""
    table = streets.stretches
    usable = (
        table.drivable
        & (table.forward | table.backward)
        & ~table.tunnel
        & ~np.isin(table.highway, _THROUGH_ONLY)
        & ~np.isin(table.motor_access, _CLOSED)
        & (table.length_m > 0)
    )
    rows = np.flatnonzero(usable)
    if len(rows) == 0:
        remedy = "take another city; fleetplan delivers along streets that are open to motor vehicles"
        raise InputError.one("sample.streets", streets.label, "", "there is no street to deliver along", remedy)
    # trunk roads and tunnels join parts of a city although nobody is delivered to there
    joined = np.flatnonzero(table.drivable & (table.forward | table.backward))
    part = _connected_parts(table.u[joined], table.v[joined], len(streets.nodes))
    length_m = np.bincount(part[table.u[rows]], weights=table.length_m[rows], minlength=len(streets.nodes))
    largest: NDArray[np.int64] = rows[part[table.u[rows]] == int(np.argmax(length_m))]
    return largest


def _connected_parts(u: NDArray[np.int64], v: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """For each node the smallest node number of its connected part (undirected)."""
    part = np.arange(n, dtype=np.int64)
    while True:
        low = np.minimum(part[u], part[v])
        hooked = part.copy()
        np.minimum.at(hooked, part[u], low)
        np.minimum.at(hooked, part[v], low)
        hooked = hooked[hooked]
        while not np.array_equal(hooked, hooked[hooked]):
            hooked = hooked[hooked]
        if np.array_equal(hooked, part):
            return part
        part = hooked


def _lines(streets: Streets, rows: NDArray[np.int64], scale: tuple[float, float]) -> NDArray[np.object_]:
    """The stretches' lines in metres on a plane that touches the city (true to 0.1 % over 100 km)."""
    table = streets.stretches
    counts = table.line_start[rows + 1] - table.line_start[rows]
    owner = np.repeat(np.arange(len(rows)), counts)
    first = np.repeat(table.line_start[rows] - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
    vertex = first + np.arange(len(owner))
    coordinates = np.column_stack([table.line_lon[vertex] * scale[0], table.line_lat[vertex] * scale[1]])
    return np.asarray(shapely.linestrings(coordinates, indices=owner), dtype=object)


def _scale(streets: Streets) -> tuple[float, float]:
    """Metres per degree of longitude and of latitude in the middle of the city."""
    _, south, _, north = streets.bounds
    return _METRES_PER_DEGREE * float(np.cos(np.radians((south + north) / 2))), _METRES_PER_DEGREE


def _draw_places(
    streets: Streets, usable: NDArray[np.int64], n: int, rng: np.random.Generator, figures: Mapping[str, Figure]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], list[str]]:
    """Up to ``n`` places near usable streets: longitudes, latitudes, kinds and labels."""
    places = streets.places
    scale = _scale(streets)
    points = shapely.points(np.column_stack([places.lon * scale[0], places.lat * scale[1]]).reshape(-1, 2))
    tree = shapely.STRtree(_lines(streets, usable, scale))
    near = np.unique(tree.query_nearest(points, max_distance=figures["sample_reach_m"].value, all_matches=False)[0])
    # sorted, so that the draw does not depend on the order in which a reader found the places
    label = np.array([places.label[row] for row in near], dtype=object)
    order = (
        np.lexsort((label.astype(str), places.kind[near], places.lat[near], places.lon[near])) if len(near) else near
    )
    near, label = near[order], label[order]
    shops, addresses = np.flatnonzero(places.kind[near] == 1), np.flatnonzero(places.kind[near] != 1)
    wanted = min(n, len(near))
    of_shops = min(len(shops), max(round_half_up(wanted * figures["sample_shop_share"].value), wanted - len(addresses)))
    drawn = np.concatenate(
        [
            rng.permutation(shops)[:of_shops],
            rng.permutation(addresses)[: wanted - of_shops],
        ]
    )
    drawn = rng.permutation(drawn)
    chosen = near[drawn]
    return places.lon[chosen], places.lat[chosen], places.kind[chosen].astype(np.int64), [str(x) for x in label[drawn]]


def _draw_on_streets(
    streets: Streets, usable: NDArray[np.int64], n: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str]]:
    """``n`` points along lived-in streets, evenly by length, with the streets' names."""
    table = streets.stretches
    lived_in = usable[np.isin(table.highway[usable], _LIVED_IN)]
    rows = lived_in if len(lived_in) else usable
    reach = np.cumsum(table.length_m[rows])
    where = rng.random(n) * reach[-1]
    drawn = np.minimum(np.searchsorted(reach, where, side="right"), len(rows) - 1)
    share = 1.0 - (reach[drawn] - where) / table.length_m[rows[drawn]]
    scale = _scale(streets)
    points = shapely.line_interpolate_point(_lines(streets, rows, scale)[drawn], share, normalized=True)
    lon, lat = shapely.get_x(points) / scale[0], shapely.get_y(points) / scale[1]
    return lon, lat, [streets.names[int(table.name[row])] for row in rows[drawn]]


def _draw_parcels(
    kind: NDArray[np.int64], rng: np.random.Generator, figures: Mapping[str, Figure]
) -> NDArray[np.int64]:
    """Parcels per stop by kind of place."""
    draws = rng.random(len(kind))
    parcels = np.ones(len(kind), np.int64)
    for code, name in enumerate(_KINDS):
        prefix = f"sample_parcels.{name}."
        shares = sorted(
            (int(key.removeprefix(prefix)), f.value) for key, f in figures.items() if key.startswith(prefix)
        )
        limits = np.cumsum([share for _, share in shares])
        rows = kind == code
        index = np.searchsorted(limits, draws[rows] * limits[-1], side="right")
        parcels[rows] = np.array([count for count, _ in shares])[np.minimum(index, len(shares) - 1)]
    return parcels
