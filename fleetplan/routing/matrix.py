"""Travel tables between any places of a city, without depot or stops: what other routers call a matrix."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fleetplan.city.streets import Floats, Ints, Streets
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.access import country_of, decide_access
from fleetplan.routing.driving import driving_figure
from fleetplan.routing.lines import lines_of, metric_points
from fleetplan.routing.network import Network, drives_of, network_of
from fleetplan.routing.packing import FAR, unpack
from fleetplan.routing.seams import AccessRules, Point
from fleetplan.routing.searching import Search, search_of
from fleetplan.routing.snapping import point_on, snapped
from fleetplan.routing.tables import Headings, headings_at, packed_table
from fleetplan.routing.topology import expand_ranges


@dataclass(frozen=True, eq=False)
class Matrix:
    """The fastest ways of one vehicle between all places.

    Attributes:
        vehicle: the type's name.
        time_s, distance_m: ``float64[n, n]``, row from, column to; exact to the millisecond and the decimetre; ``nan``
            where there is no way.
        lat, lon: ``float64[n]``, the position on a street that each place was moved to; ``nan`` where none is near.
        snap_m: ``float64[n]``, how far that is, straight; ``inf`` where none is near.
        stretch, along: the same position as row of ``Streets.stretches`` (-1: none) and share of its length.
    """

    vehicle: str
    time_s: Floats
    distance_m: Floats
    lat: Floats
    lon: Floats
    snap_m: Floats
    stretch: Ints
    along: Floats
    packed: Ints
    network: Network
    headings: Headings
    search: Search

    def points(self, streets: Streets) -> list[Point]:
        """The places on streets as points, those with a street near only, in their order."""
        rows = np.flatnonzero(self.stretch >= 0)
        return [point_on(streets, self.network, int(self.stretch[i]), float(self.along[i])) for i in rows]


def travel_matrix(
    streets: Streets,
    vehicle: Vehicle,
    *,
    lat: Floats,
    lon: Floats,
    rules: AccessRules | None = None,
    snap_m: float | None = None,
) -> Matrix:
    """Times and lengths of the fastest ways of a vehicle between all places.

    Each place is moved to the nearest position along a street that the vehicle can reach and leave, in the largest part
    of its network. It is left in either heading, free of charge.

    Args:
        lat, lon: WGS84 degrees, ``float64[n]``.
        rules: how widths are judged.
        snap_m: how far a street may be away; ``depot_snap_m`` of ``data/driving.toml`` if absent.

    Raises:
        CityError: the vehicle cannot drive two streets back and forth.
    """
    rules = rules or AccessRules()
    rules = replace(rules, country=country_of(streets, rules))
    access = decide_access(streets, vehicle, rules)
    drives = drives_of(streets, vehicle, access, rules=rules)
    network = network_of(streets, vehicle, access, drives, part=0, rules=rules)
    lines, edges = lines_of(streets), streets.edges
    usable = np.zeros(len(streets.stretches), dtype=np.bool_)
    usable[edges.stretch[network.inside]] = True
    places = metric_points(lines, lat=lat, lon=lon)
    within_m = driving_figure("depot_snap_m") if snap_m is None else snap_m
    stretch, along, distance_m = snapped(streets, places, usable=usable, within_m=within_m)

    there = np.flatnonzero(stretch >= 0)
    edge = np.flatnonzero(network.inside)
    low = np.searchsorted(edges.stretch[edge], stretch[there], side="left")
    high = np.searchsorted(edges.stretch[edge], stretch[there], side="right")
    row, offset = expand_ranges(high - low)
    headings = headings_at(
        streets,
        network,
        row,
        edge[low[row] + offset],
        along[there][row],
        points=len(there),
        free=np.ones(len(row), dtype=np.bool_),
    )
    search = search_of(streets, network, places=len(there))
    packed = packed_table(network, headings, search)
    time_ms, length_dm = unpack(packed)
    n = len(stretch)
    time_s, distance = np.full((n, n), np.nan), np.full((n, n), np.nan)
    time_s[np.ix_(there, there)] = np.where(packed >= FAR, np.nan, time_ms / 1000.0)
    distance[np.ix_(there, there)] = np.where(packed >= FAR, np.nan, length_dm / 10.0)
    at_lat, at_lon = _positions(streets, stretch, along)
    return Matrix(
        vehicle=vehicle.name,
        time_s=time_s,
        distance_m=distance,
        lat=at_lat,
        lon=at_lon,
        snap_m=distance_m,
        stretch=stretch,
        along=along,
        packed=packed,
        network=network,
        headings=headings,
        search=search,
    )


def _positions(streets: Streets, stretch: Ints, along: Floats) -> tuple[Floats, Floats]:
    """Latitudes and longitudes of positions on stretches, ``nan`` where there is none."""
    import shapely

    lines = lines_of(streets)
    there = np.flatnonzero(stretch >= 0)
    place = shapely.line_interpolate_point(lines.lines[stretch[there]], along[there], normalized=True)
    lat, lon = np.full(len(stretch), np.nan), np.full(len(stretch), np.nan)
    lon[there], lat[there] = lines.to_metric.transform(shapely.get_x(place), shapely.get_y(place), direction="INVERSE")
    return lat, lon
