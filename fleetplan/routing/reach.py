"""The face of routing: what one vehicle type reaches in a city, from one depot, for given stops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from fleetplan.city.streets import Floats, Ints, Streets
from fleetplan.errors import Refusal
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.access import country_of, decide_access
from fleetplan.routing.alternatives import ALONG, LEAST
from fleetplan.routing.depot import DepotPlace, depot_place, start_of
from fleetplan.routing.driving import door_walk_m
from fleetplan.routing.keeping_headings import heading_excess_s
from fleetplan.routing.lines import lines_of, metric_points
from fleetplan.routing.network import Network, drives_of, network_of
from fleetplan.routing.packing import FAR, unpack
from fleetplan.routing.paths import trace_paths
from fleetplan.routing.seams import AccessRules, Band, DrivePath, Point, StreetAccess, Walk
from fleetplan.routing.searching import Search, search_of
from fleetplan.routing.snapping import point_on, refusals_of, standable_stretches
from fleetplan.routing.tables import Headings, headings_of, packed_table, travel_table
from fleetplan.routing.tours import drive_tour, retime_tour
from fleetplan.routing.trial_tours import paid_share
from fleetplan.routing.walking import Standing, walk_of
from fleetplan.routing.ways import find_ways, useful_rows
from fleetplan.travel import TravelTable


@dataclass(frozen=True, eq=False)
class Reach:
    """What a vehicle type reaches.

    Attributes:
        vehicle: the type.
        access: its decisions on every street.
        points: places where it may stand; point 0 is the depot.
        table: travel times and lengths between the points.
        stop_point: ``int64[stops]``, the point of the least walk to each stop, -1 where refused.
        walk_m: ``float64[stops]``, metres of that walk one way; of a refused stop the least walk there is (``inf``
            where none is).
        way_start: ``int64[stops + 1]``; rows ``way_start[i]:way_start[i + 1]`` are the ways to meet stop ``i``, the
            least walk first, none where refused (:mod:`fleetplan.routing.alternatives`).
        way_point, way_walk_m: point of the table and metres on foot one way, per way.
        way_source: where each way comes from.
        refusals: per stop the reason why it cannot be served, else ``None``.
        max_walk_m: the longest walk allowed, one way.
        heading_s: ``float64[points]``, mean seconds by which keeping the heading of arrival lengthens a tour over the
            point; it is no part of the table and comes on top of parking.
    """

    vehicle: Vehicle
    access: StreetAccess
    points: tuple[Point, ...]
    table: TravelTable
    stop_point: Ints
    walk_m: Floats
    way_start: Ints
    way_point: Ints
    way_walk_m: Floats
    way_source: Ints
    refusals: tuple[Refusal | None, ...]
    max_walk_m: float
    streets: Streets
    stop_lat: Floats
    stop_lon: Floats
    network: Network
    packed: Ints
    standings: tuple[Standing, ...]
    search: Search
    heading_s: Floats

    @cached_property
    def _headings(self) -> Headings:
        return headings_of(self.streets, self.network, self.points)

    @property
    def at_door(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Per stop: served, and from no further than ``door_walk_m``."""
        return (self.stop_point >= 0) & (self.walk_m <= door_walk_m())

    def ways(self, stop: int) -> list[tuple[int, float]]:
        """Point and metres on foot, one way, of every way to meet a stop, the least walk first."""
        rows = slice(int(self.way_start[stop]), int(self.way_start[stop + 1]))
        return list(zip(self.way_point[rows].tolist(), self.way_walk_m[rows].tolist(), strict=True))

    def walk(self, stop: int, way: int = 0) -> Walk:
        """The way on foot from the vehicle to a served stop, by default the least walk.

        Raises:
            ValueError: the stop is refused, or has not so many ways.
        """
        row = int(self.way_start[stop]) + way
        if not 0 <= way < int(self.way_start[stop + 1] - self.way_start[stop]):
            raise ValueError(f"stop {stop} is not served by {self.vehicle.name}")
        point, source = self.points[int(self.way_point[row])], int(self.way_source[row])
        standing = self.standings[LEAST if source == ALONG else source]
        door = (float(self.stop_lat[stop]), float(self.stop_lon[stop]))
        found = walk_of(
            self.streets,
            standing,
            stop,
            stand=(point.lat, point.lon),
            door=door,
            first_along=point.along if source == ALONG else None,
        )
        return replace(found, distance_m=float(self.way_walk_m[row]))

    def path(self, here: int, there: int) -> DrivePath:
        """The very path between two points whose time and length the table has."""
        return self.paths([(here, there)])[0]

    def paths(self, pairs: Sequence[tuple[int, int]]) -> list[DrivePath]:
        """The paths between pairs of points whose times and lengths the table has."""
        rows = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        packed = self.packed[rows[:, 0], rows[:, 1]]
        return trace_paths(self.streets, self.network, self._headings, self.search, self.points, rows, packed=packed)

    def retime(self, points: Sequence[int]) -> list[int]:
        """Milliseconds of each leg of a tour over points when headings are kept.

        The table lets a point be left in any open heading; here leaving against the heading of arrival costs
        turning round beside the stop, except at the depot.
        """
        return retime_tour(self.streets, self.network, self.search, self.points, points)

    def drive(self, points: Sequence[int]) -> list[DrivePath]:
        """The paths of a tour over points when headings are kept, one for each leg."""
        return drive_tour(self.streets, self.network, self.search, self.points, points)

    def street_km(self) -> dict[str, float]:
        """Kilometres of the city's drivable stretches by band."""
        return street_km_of(self.streets, self.access)

    def band_at(self, point: int) -> str:
        """The band of the street where a point lies."""
        return Band(int(self.access.stretch_band[self.points[point].stretch])).label


def street_km_of(streets: Streets, access: StreetAccess) -> dict[str, float]:
    """Kilometres of a city's drivable stretches by band."""
    drivable = streets.stretches.drivable
    km = np.bincount(access.stretch_band[drivable], weights=streets.stretches.length_m[drivable], minlength=len(Band))
    return {band.label: float(km[band]) / 1000.0 for band in Band}


def _seconds(packed: Ints) -> Floats:
    """Whole seconds of packed weights, infinite where there is no way; as the table has them."""
    time_ms, _ = unpack(packed)
    return np.where(packed >= FAR, np.inf, (time_ms + 500) // 1000)


def reach_of(
    streets: Streets,
    vehicle: Vehicle,
    *,
    lat: Floats,
    lon: Floats,
    depot: tuple[float, float],
    rules: AccessRules | None = None,
    max_walk_m: float = 150.0,
    place: DepotPlace | None = None,
    several: bool = True,
    rounds: Ints | None = None,
) -> Reach:
    """What a vehicle type reaches from a depot.

    Args:
        lat, lon: the stops, WGS84 degrees.
        depot: latitude and longitude.
        rules: how widths are judged; the same for all types of a comparison.
        max_walk_m: the longest walk from the standing place to a stop, one way.
        place: where the types of a comparison start (:func:`~fleetplan.routing.depot.shared_place`); found for this
            vehicle alone when absent.
        several: look for several ways to meet each stop; otherwise the least walk is the only one.
        rounds: per stop, how often its load makes the driver walk there and back; once when absent.

    Raises:
        CityError: no two streets can be driven back and forth by this vehicle.
        InputError: no street where vehicles may stop lies near the depot, or this vehicle may not use the one that
            does, nor another beside it.
    """
    rules = rules or AccessRules()
    rules = replace(rules, country=country_of(streets, rules))
    lat, lon = np.asarray(lat, dtype=np.float64), np.asarray(lon, dtype=np.float64)
    access = decide_access(streets, vehicle, rules)
    drives = drives_of(streets, vehicle, access, rules=rules)
    start = start_of(streets, access, drives.parts, place or depot_place(streets, depot, vehicle=vehicle.name))
    network = network_of(streets, vehicle, access, drives, part=start.part, rules=rules)
    stops = metric_points(lines_of(streets), lat=lat, lon=lon)
    country = country_of(streets, rules)
    ways = find_ways(
        streets,
        network,
        access,
        stops,
        standable=standable_stretches(streets, network, access),
        max_walk_m=max_walk_m,
        country=country,
        several=several,
    )
    places = zip(ways.stretch.tolist(), ways.along.tolist(), ways.heading.tolist(), strict=True)
    found = (point_on(streets, network, *place) for place in places)
    points = (point_on(streets, network, start.stretch, start.along), *found)
    search, headings = search_of(streets, network, places=len(points)), headings_of(streets, network, points)
    packed, near = packed_table(network, headings, search), ways.least + 1
    excess_s = heading_excess_s(network, headings, packed, search, among=near)

    def drive(tour: Sequence[int]) -> list[int]:
        return retime_tour(streets, network, search, points, tour)

    heading_s = excess_s * paid_share(_seconds(packed[:near, :near]), excess_s[:near], drive)
    if several:
        band = access.stretch_band[ways.stretch]
        park_s = np.where(band == Band.FREE, *(vehicle.park_s[kind.label] for kind in (Band.FREE, Band.SQUEEZED)))
        rows = useful_rows(
            ways,
            drive_s=lambda here, there: _seconds(packed[1 + here, 1 + there]),
            park_s=park_s + heading_s[1:],
            rounds=rounds,
        )
        kept = np.concatenate([[0], 1 + np.union1d(np.arange(ways.least), ways.point[rows])])
        ways, points = ways.chosen(rows), tuple(points[row] for row in kept)
        if len(kept) < len(packed):
            packed, heading_s = packed[np.ix_(kept, kept)], heading_s[kept]
    table = travel_table(vehicle.name, points, packed)
    standing, way_start = ways.standings[LEAST], ways.starts(len(stops))
    served = way_start[:-1] < way_start[1:]
    stop_point = np.full(len(stops), -1, dtype=np.int64)
    stop_point[served] = 1 + ways.point[way_start[:-1][served]]
    return Reach(
        vehicle=vehicle,
        access=access,
        points=points,
        table=table,
        stop_point=stop_point,
        walk_m=standing.walk_m,
        way_start=way_start,
        way_point=1 + ways.point,
        way_walk_m=ways.places.walk_m,
        way_source=ways.places.source,
        refusals=refusals_of(streets, network, access, standing, stops, max_walk_m=max_walk_m),
        max_walk_m=max_walk_m,
        streets=streets,
        stop_lat=lat,
        stop_lon=lon,
        network=network,
        packed=packed,
        standings=ways.standings,
        search=search,
        heading_s=heading_s,
    )
