"""Sampled stops for a city without any: from its addresses, businesses and buildings, else from its streets."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import shapely
from numpy.typing import NDArray

from fleetplan.city.classes import AccessTag, Highway
from fleetplan.city.streets import Streets
from fleetplan.demand.drawing import chance_of_delivery, draw_loads, draw_parcels, draw_places
from fleetplan.demand.handling import service_seconds
from fleetplan.demand.model import basis, demand_figures, demand_model, expected_parcels
from fleetplan.demand.stops import Stop, Stops
from fleetplan.errors import InputError
from fleetplan.figures import Figure, bundled_figures

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
_LOAD_KEYS = ("parcel_correlation", "parcel_kg_most", "parcel_kg_spread", "parcel_m3_most", "parcel_m3_spread")
"""Figures of single parcels; their means stand among the deliveries of every plan."""


def sample_stops(streets: Streets, n: int, *, seed: int, figures: Mapping[str, Figure] | None = None) -> Stops:
    """Draw ``n`` distinct stops of one carrier's delivery day, the same ones for the same seed.

    Stops stand at addresses, businesses and buildings near a street that vehicles use, each drawn by its chance of
    getting a delivery today (:mod:`fleetplan.demand.model`); where there are too few, the rest stands along lived-in
    streets, evenly by length. Parcels and loads are drawn as :mod:`fleetplan.demand.drawing` says. What the demand
    rests on is the first of the notes.

    Args:
        streets: the city; its country decides on the figures.
        n: number of stops, at least 1.
        seed: of the random numbers, 0 or more.
        figures: other figures than the bundled ones, all keys of :func:`~fleetplan.demand.model.demand_figures`.

    Raises:
        InputError: ``n`` or ``seed`` is out of range, or the city has no street to deliver along.
    """
    if n < 1:
        raise InputError.one("sample.size", "sample", "n", f"{n} stops cannot be drawn", "ask for at least 1")
    if seed < 0:
        raise InputError.one("sample.seed", "sample", "seed", f"{seed} is below 0", "give a seed of 0 or more")
    known = demand_figures() if figures is None else figures
    model = demand_model(streets.country, figures=known)
    usable = _usable_stretches(streets)
    rng = np.random.default_rng(seed)
    near = _near_places(streets, usable, reach_m=known["sample_reach_m"].value)
    expected = expected_parcels(streets.places, model)[near]
    drawn = draw_places(chance_of_delivery(expected, model.consignment_parcels), n, rng)
    chosen, expected = near[drawn], expected[drawn]
    lon, lat = streets.places.lon[chosen], streets.places.lat[chosen]
    labels = [str(streets.places.label[row]) for row in chosen]
    short = n - len(chosen)
    if short > 0:
        street_lon, street_lat, street_labels = _draw_on_streets(streets, usable, short, rng)
        lon, lat, labels = np.concatenate([lon, street_lon]), np.concatenate([lat, street_lat]), labels + street_labels
        on_street = np.full(short, model.building_dwellings * model.household_parcels)
        expected = np.concatenate([expected, np.minimum(on_street, model.most_parcels)])
    parcels = draw_parcels(expected, model.consignment_parcels, rng)
    weight_kg, volume_m3 = draw_loads(parcels, rng, figures=known)
    width = max(3, len(str(n)))
    items = [
        Stop(
            id=f"s{index + 1:0{width}d}",
            lat=round(float(lat[index]), _DIGITS),
            lon=round(float(lon[index]), _DIGITS),
            name=labels[index],
            parcels=int(parcels[index]),
            demand_kg=float(weight_kg[index]),
            volume_m3=float(volume_m3[index]),
            service_s=service_seconds(int(parcels[index]), figures=known),
            window_s=None,
        )
        for index in range(n)
    ]
    used = (*model.figures, *(known[key] for key in _LOAD_KEYS))
    if (~np.isnan(streets.places.floor_area_m2[chosen])).any():
        used += tuple(bundled_figures("buildings.toml").values())
    notes = _notes(n, short, basis(streets.places, chosen), streets.country)
    return Stops(tuple(items), label=f"sample of {n}", notes=notes, figures=used)


def _notes(n: int, short: int, places: str, country: str) -> tuple[str, ...]:
    """What the demand rests on, and how many stops stand along streets for want of places."""
    parts = [places] if places else []
    if short:
        parts.append(f"{short} as the average building along a street")
    of_whom = f"figures for {country}" if country else "figures of no country in particular"
    notes = [f"demand of {n} stops on one carrier's day, {of_whom}: {', '.join(parts)}"]
    if short == n:
        notes.append(f"{short} of {n} stops are points along streets")
    elif short:
        notes.append(f"addresses, businesses and buildings are too few: the rest stands along streets ({short} of {n})")
    return tuple(notes)


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


def _near_places(streets: Streets, usable: NDArray[np.int64], *, reach_m: float) -> NDArray[np.int64]:
    """Rows of the places near usable streets, in an order that does not depend on how a reader found them."""
    places = streets.places
    scale = _scale(streets)
    points = shapely.points(np.column_stack([places.lon * scale[0], places.lat * scale[1]]).reshape(-1, 2))
    tree = shapely.STRtree(_lines(streets, usable, scale))
    near = np.unique(tree.query_nearest(points, max_distance=reach_m, all_matches=False)[0])
    if not len(near):
        return near.astype(np.int64)
    label = np.array([places.label[row] for row in near.tolist()], dtype=object).astype(str)
    columns = (places.flats, places.floor_area_m2, places.use, places.kind, places.lat, places.lon)
    order = np.lexsort((label, *(column[near] for column in columns)))
    return near[order].astype(np.int64)


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
