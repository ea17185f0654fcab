"""Streets: what every street is, as typed tables. Nothing here knows a vehicle.

The tables are frozen dataclasses of equally long numpy arrays (columns). Categories are small integers of the
``IntEnum`` classes of :mod:`fleetplan.city.classes`. Unknown numbers are ``nan``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from fleetplan.city.timed import Timed, streets_during
from fleetplan.errors import FleetplanError

if TYPE_CHECKING:
    import geopandas as gpd
    import networkx as nx

Bools = NDArray[np.bool_]
Codes = NDArray[np.uint8]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Nodes:
    """Ends of stretches: junctions, dead ends, and points where a barrier or a change of tags cuts a way.

    Attributes:
        osm_id: OSM identifier.
        lon, lat: WGS84 degrees.
        x_m, y_m: local metric coordinates (UTM zone of the city, ``Streets.crs``).
        signals: traffic signals stand here; those between the ends of stretches are counted on ``Edges`` only.
        barrier: :class:`~fleetplan.city.classes.Barrier`.
        barrier_access: what the barrier's own access tags say (:class:`~fleetplan.city.classes.AccessTag`);
            ``UNTAGGED`` leaves it to the barrier's kind.
        barrier_gap_m: ``maxwidth`` or ``maxwidth:physical`` of the barrier, the lower one.
        barrier_height_m: its ``maxheight`` or ``maxheight:physical``, the lower one.
        barrier_length_m, barrier_weight_kg: its ``maxlength`` and ``maxweight``. A limit on a node without a
            barrier makes it an ``OPEN`` one.
    """

    osm_id: Ints
    lon: Floats
    lat: Floats
    x_m: Floats
    y_m: Floats
    signals: Bools
    barrier: Codes
    barrier_access: Codes
    barrier_gap_m: Floats
    barrier_height_m: Floats
    barrier_length_m: Floats
    barrier_weight_kg: Floats

    def __len__(self) -> int:
        return len(self.osm_id)


@dataclass(frozen=True, eq=False)
class Stretches:
    """Undirected pieces of street between two nodes, drawn from ``u`` to ``v`` (rows of :class:`Nodes`).

    Attributes:
        way_id: OSM way.
        u, v: node rows.
        highway: :class:`~fleetplan.city.classes.Highway`.
        service: :class:`~fleetplan.city.classes.Service`.
        name: row of ``Streets.names`` (0 is the empty name).
        length_m: length along the street.
        drivable: motor vehicles exist on this class of street (access tags come on top).
        walkable: people may walk here (class and foot access).
        forward, backward: there is an edge from u to v, from v to u: one-way rules and access tags leave the direction
            open at some hour.
        motor_access, foot_access: :class:`~fleetplan.city.classes.AccessTag` for a goods vehicle up to 3.5 t (in the
            direction that is open further; ``Edges`` tells them apart) and on foot.
        lanes: number of lanes, both directions.
        maxspeed_kph: posted limit, in the faster direction.
        maxwidth_m: widest vehicle that signs allow (``maxwidth``, ``maxwidth:physical``).
        maxheight_m, maxlength_m, maxweight_kg: further signs; ``maxweightrating`` counts as a weight.
        parking_left, parking_right: :class:`~fleetplan.city.classes.Parking`, seen from u to v.
        no_stopping: stopping is forbidden along both sides.
        tunnel: in a tunnel or covered passage.
        motorroad: an expressway (``motorroad=yes``).
        roundabout: part of a roundabout.
        maxaxleload_kg: largest load on one axle that signs allow.
        width_m: typical carriageway width, kerb to kerb less parked cars.
        width_min_m: its pinch (10th percentile along the stretch).
        width_lo_m, width_hi_m: 80 % interval of the pinch.
        road_width_m: width of the whole road area, pavements included.
        width_source: :class:`~fleetplan.city.classes.WidthSource`.
        street_min_m, street_lo_m, street_hi_m: where ``width_min_m`` is the room behind a sign, the pinch of the
            street itself and its 80 % interval by a width tag or its lanes; ``nan`` where neither is known and
            wherever no sign was taken, for there the columns above are the street itself.
        street_source: where these three come from, 0 where they are ``nan``.
        line_start: ``int64[n + 1]``: vertices of stretch ``i`` are rows ``line_start[i]:line_start[i + 1]`` of
            ``line_lon`` and ``line_lat``, both ends included.
        line_lon, line_lat: WGS84 vertices of all stretches, one after the other.
    """

    way_id: Ints
    u: Ints
    v: Ints
    highway: Codes
    service: Codes
    name: Ints
    length_m: Floats
    drivable: Bools
    walkable: Bools
    forward: Bools
    backward: Bools
    motor_access: Codes
    foot_access: Codes
    lanes: Floats
    maxspeed_kph: Floats
    maxwidth_m: Floats
    maxheight_m: Floats
    maxlength_m: Floats
    maxweight_kg: Floats
    parking_left: Codes
    parking_right: Codes
    no_stopping: Bools
    tunnel: Bools
    motorroad: Bools
    roundabout: Bools
    maxaxleload_kg: Floats
    width_m: Floats
    width_min_m: Floats
    width_lo_m: Floats
    width_hi_m: Floats
    road_width_m: Floats
    width_source: Codes
    street_min_m: Floats
    street_lo_m: Floats
    street_hi_m: Floats
    street_source: Codes
    line_start: Ints
    line_lon: Floats
    line_lat: Floats

    def __len__(self) -> int:
        return len(self.way_id)

    def line(self, stretch: int) -> tuple[Floats, Floats]:
        """Longitudes and latitudes of a stretch's vertices, from u to v."""
        part = slice(int(self.line_start[stretch]), int(self.line_start[stretch + 1]))
        return self.line_lon[part], self.line_lat[part]


@dataclass(frozen=True, eq=False)
class Edges:
    """Directed drivable edges: each open direction of each drivable stretch.

    Attributes:
        stretch: row of :class:`Stretches`.
        reverse: the edge runs from the stretch's v to its u.
        u, v: node rows, from and to.
        twin: the edge of the same stretch in the other direction, or -1.
        motor_access, hgv_access: :class:`~fleetplan.city.classes.AccessTag` in this direction for a goods vehicle
            up to 3.5 t and for one above; ``NO`` too where a one-way rule closes the direction in this shift.
        maxspeed_kph: posted limit in this direction, or what the country's law implies where a tag names the rule.
        advisory_kph: advised speed in this direction.
        signals, stops, give_ways, crossings, calmings: how many traffic signals, stop signs, give-way signs, zebra
            crossings and calming devices are met on the way from start to end, the end included, the start not.
    """

    stretch: Ints
    reverse: Bools
    u: Ints
    v: Ints
    twin: Ints
    motor_access: Codes
    hgv_access: Codes
    maxspeed_kph: Floats
    advisory_kph: Floats
    signals: Codes
    stops: Codes
    give_ways: Codes
    crossings: Codes
    calmings: Codes

    def __len__(self) -> int:
        return len(self.stretch)


@dataclass(frozen=True, eq=False)
class Restrictions:
    """Forbidden turns: sequences of two or more edges (rows of :class:`Edges`) that no vehicle may drive in a row.

    ``only_*`` restrictions are already spelled out as the sequences they forbid.

    Attributes:
        start: ``int64[n + 1]``: the edges of restriction ``i`` are ``edge[start[i]:start[i + 1]]``.
        edge: the edges of all sequences, one after the other.
        relation_id: OSM relation, or the negative identifier of a node whose barrier forbids the passage.
        applies: for whom, a sum of ``1`` (goods vehicles up to 3.5 t) and ``2`` (above); ``0`` for a turn that is
            free throughout this shift and forbidden at other times.
    """

    start: Ints
    edge: Ints
    relation_id: Ints
    applies: Codes

    def __len__(self) -> int:
        return len(self.relation_id)


@dataclass(frozen=True, eq=False)
class Places:
    """Points of the extract that may want a delivery: addresses, businesses, and buildings without an address.

    Attributes:
        lon, lat: WGS84 degrees.
        kind: 0 for an address or a building, 1 for a business (shop, amenity, office).
        label: what a map may call it.
        use: :class:`~fleetplan.city.buildings.Use`.
        footprint_m2: outline of the building that the place is or lies in; ``nan`` where none is mapped.
        levels: its levels, as tagged or by default.
        levels_tagged: the building's own tags give the levels.
        floor_area_m2: this place's share of the building's floor area (:mod:`fleetplan.city.floors`).
        flats: this place's share of the building's tagged flats; ``nan`` where none are tagged.
    """

    lon: Floats
    lat: Floats
    kind: Codes
    label: Sequence[str]
    use: Codes
    footprint_m2: Floats
    levels: Floats
    levels_tagged: Bools
    floor_area_m2: Floats
    flats: Floats

    def __len__(self) -> int:
        return len(self.lon)


@dataclass(frozen=True, eq=False)
class Streets:
    """A city's streets.

    Attributes:
        nodes, stretches, edges, restrictions, places: the tables.
        names: street names; ``stretches.name`` points here, row 0 is empty.
        crs: EPSG code of the local metric coordinates.
        country: ISO 3166 alpha-2 code of the country the centre lies in, or ``""``.
        label: where the data came from, for people (file name or query).
        warnings: what reading the data had to decide or leave out, one sentence each.
        timed: rules that hold at certain times only; the tables are as they decide in the shift of :meth:`during`,
            08:00 to 18:00 for a city freshly read.
        decided: which of them changed something in this shift, one sentence each.
    """

    nodes: Nodes
    stretches: Stretches
    edges: Edges
    restrictions: Restrictions
    places: Places
    names: tuple[str, ...]
    crs: int
    country: str
    label: str
    warnings: tuple[str, ...] = ()
    timed: Timed = field(default_factory=Timed)
    decided: tuple[str, ...] = ()

    vehicle_columns: ClassVar[Callable[[Streets, Any], Mapping[str, Any]] | None] = None
    """Columns of a vehicle for :meth:`frame`; the public face sets it, for a city knows no vehicle."""

    @classmethod
    def from_file(cls, path: str | Path, *, country: str | None = None) -> Streets:
        """Streets of an OpenStreetMap extract or a saved osmnx graph.

        Args:
            path: ``.osm``, ``.osm.gz``, ``.osm.bz2``, ``.osm.pbf``, ``.graphml`` or ``.graphml.gz``.
            country: ISO 3166 alpha-2 code; found from the location when absent.

        Raises:
            CityError: the file is absent, broken, or holds no drivable street.
        """
        from fleetplan.city.reading import streets_from_file

        return streets_from_file(Path(path), country=country)

    @classmethod
    def from_graph(cls, graph: nx.MultiDiGraph[Any], *, country: str | None = None, label: str = "graph") -> Streets:
        """Streets of an osmnx graph, simplified or not, in geographic coordinates.

        Raises:
            CityError: the graph is empty, has no ``x`` and ``y``, is projected, or has no drivable street.
        """
        from fleetplan.city.graphs import streets_from_graph

        return streets_from_graph(graph, country=country, label=label)

    @classmethod
    def from_place(cls, query: str, *, country: str | None = None) -> Streets:
        """Streets of a named place, downloaded from the servers of osmnx's settings once and kept.

        Raises:
            CityError: the place is unknown, the server does not answer, or there is no drivable street.
        """
        from fleetplan.city.places import streets_from_place

        return streets_from_place(query, country=country)

    @classmethod
    def from_bbox(cls, west: float, south: float, east: float, north: float, *, country: str | None = None) -> Streets:
        """Streets that touch a WGS84 box, downloaded from the servers of osmnx's settings once and kept.

        Raises:
            CityError: the box is empty or upside down, the server does not answer, or there is no drivable street.
        """
        from fleetplan.city.places import streets_from_bbox

        return streets_from_bbox(west, south, east, north, country=country)

    def during(self, start_s: float, end_s: float) -> Streets:
        """The same city for a shift, in seconds after midnight, up to 47:59 for one that ends on the next day.

        An edge, a turn or a limit counts as open only if it is so for the whole shift on every ordinary working day:
        Monday to Friday, all year round, without a holiday. Of the values that may hold at any moment the strictest
        one is taken. Tables keep their rows and order; an edge that is closed in this shift says ``NO`` in
        ``motor_access``, a turn that is free ``0`` in ``applies``.
        """
        return streets_during(self, start_s, end_s)

    def with_surveyed_areas(
        self,
        areas: gpd.GeoDataFrame | gpd.GeoSeries | str | Path,
        *,
        covers: Literal["carriageway", "road_area"] = "carriageway",
    ) -> Streets:
        """Streets whose widths are measured on surveyed road polygons wherever one holds their axis.

        Args:
            areas: polygons with a CRS (a cadastre, ``area:highway``, PLATEAU), or a file that geopandas reads.
            covers: what a polygon is: the ``carriageway`` from kerb to kerb, or the whole ``road_area``, off which
                pavements are taken by the rule of the country's width pack.

        Raises:
            InputError: the file cannot be read, there is no polygon or no CRS, or polygons are invalid.
        """
        from fleetplan.city.survey import with_surveyed_areas

        return with_surveyed_areas(self, areas, covers=covers)

    def to_graph(self) -> nx.MultiDiGraph[Any]:
        """An osmnx-compatible graph of the drivable and walkable stretches (EPSG:4326, simplified)."""
        from fleetplan.city.graphs import graph_from_streets

        return graph_from_streets(self)

    def frame(self, vehicles: Iterable[Any] = ()) -> gpd.GeoDataFrame:
        """One row per stretch with the columns of ``fleetplan streets`` and the line as geometry (EPSG:4326).

        For each vehicle (a :class:`~fleetplan.fleet.Vehicle` or a catalogue name) the columns ``band_<type>``,
        ``reason_<type>`` and ``speed_kph_<type>`` are added.
        """
        from fleetplan.city.frames import frame_of

        frame = frame_of(self)
        for vehicle in vehicles:
            if Streets.vehicle_columns is None:
                raise FleetplanError("bands per vehicle need the whole package; import it as `import fleetplan`")
            for column, values in Streets.vehicle_columns(self, vehicle).items():
                frame[column] = values
        return frame

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north of all vertices."""
        lon, lat = self.stretches.line_lon, self.stretches.line_lat
        return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())
