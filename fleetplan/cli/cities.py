"""The commands of a city: download one, draw stops in it, and write its streets and travel times as tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleetplan.cli.options import (
    CityArgument,
    CountryOption,
    OrdinanceOption,
    QuantileOption,
    Quiet,
    VehicleOption,
    check_city,
    check_output,
    rules_of,
    together,
    vehicles_of,
)
from fleetplan.cli.running import note, on_stderr, progress_bar, say, some_of

if TYPE_CHECKING:
    from fleetplan.routing.matrix import Matrix

_MOVED_M = 50.0
"""Places that were moved further than this to a street are told: their times may be those of another place."""


def fetch(
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The file to write: .osm.pbf, .osm or .osm.gz.", show_default=False)
    ],
    place: Annotated[
        str | None, typer.Argument(metavar="PLACE", help="An area as openstreetmap.org finds it: 'Abeno, Osaka'")
    ] = None,
    bbox: Annotated[
        str | None, typer.Option(metavar="W,S,E,N", help="A box in degrees instead of a place.", show_default=False)
    ] = None,
    overpass_url: Annotated[str | None, typer.Option(metavar="URL", help="Another Overpass server.")] = None,
    nominatim_url: Annotated[str | None, typer.Option(metavar="URL", help="Another Nominatim server.")] = None,
    quiet: Quiet = False,
) -> None:
    """Download a city from OpenStreetMap as one file.

    With everything that plans need: streets, foot paths, turn restrictions, barriers, signals, buildings, addresses,
    shops. The area is asked for in parts of up to 5 by 5 km. A busy or silent server is asked up to six times, with
    growing pauses. Parts that came are kept for two days: after a failure or Ctrl-C the same command goes on where it
    was. The file is written whole or not at all. Data: OpenStreetMap contributors, ODbL 1.0.
    """
    from fleetplan.city.fetching import fetch as fetch_city
    from fleetplan.city.fetching import where_of

    where = where_of(place, bbox, output)
    try:
        with progress_bar(quiet=quiet) as progress:
            got = fetch_city(where, output, progress=progress, overpass_url=overpass_url, nominatim_url=nominatim_url)
    except KeyboardInterrupt:
        on_stderr().print("interrupted; parts that came are kept, and the same command goes on from there")
        raise typer.Exit(130) from None
    say(str(got))


def stops(
    city: CityArgument,
    n: Annotated[int, typer.Option("-n", min=1, metavar="N", help="How many stops.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The stops file to write, a .csv.")],
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of the draw.")] = 0,
    quiet: Quiet = False,
) -> None:
    """Draw a made-up day's delivery stops in a city.

    From its addresses, businesses and buildings, each by its chance of a delivery; along its streets where the map has
    too few of them. The same seed draws the same stops. For a real day give `compare` your own stops file.
    """
    from fleetplan.demand.files import write_stops
    from fleetplan.demand.sampling import sample_stops
    from fleetplan.study.scenarios import load_city

    together(lambda: check_city(city), lambda: check_output(output, ".csv"))
    with progress_bar(quiet=quiet) as progress:
        progress("reading the city", 0, 2)
        streets = load_city(city)
        progress("drawing stops", 1, 2)
        drawn = sample_stops(streets, n, seed=seed)
        write_stops(drawn, output)
    note(drawn.notes)
    parcels = sum(stop.parcels for stop in drawn)
    say(f"{len(drawn)} stops, {parcels} parcels, written to {output}")


def streets(
    city: CityArgument,
    output: Annotated[Path, typer.Option("-o", "--output", help="The table to write: .csv or .gpkg.")],
    vehicles: Annotated[
        str, typer.Option(metavar="TYPE,TYPE", help="Vehicle types to judge; none: streets and widths alone.")
    ] = "",
    country: CountryOption = None,
    ordinance: OrdinanceOption = "clearance",
    width_quantile: QuantileOption = 0.5,
    quiet: Quiet = False,
) -> None:
    """Write every street with its width, and who may pass.

    One row per stretch between junctions. For each vehicle: its band (free, squeezed, blocked_room, blocked_law), the
    reason and the speed.
    """
    from fleetplan.api import vehicle_columns
    from fleetplan.show.files import write_table
    from fleetplan.study.scenarios import load_city

    kinds, rules, *_ = together(
        lambda: vehicles_of([name.strip() for name in vehicles.split(",") if name.strip()], "--vehicles"),
        lambda: rules_of(ordinance, width_quantile),
        lambda: check_city(city),
        lambda: check_output(output, ".csv", ".gpkg"),
    )
    steps = len(kinds) + 2
    with progress_bar(quiet=quiet) as progress:
        progress("reading the city", 0, steps)
        found = load_city(city, country=country)
        frame = found.frame()
        for done, kind in enumerate(kinds.values()):
            progress(f"judging streets: {kind.name}", done + 1, steps)
            for column, values in vehicle_columns(found, kind, rules=rules).items():
                frame[column] = values
        progress("writing", steps - 1, steps)
        write_table(frame, output, layer="streets")
    say(f"{len(frame)} stretches written to {output}")


def table(
    city: CityArgument,
    points: Annotated[Path, typer.Option(metavar="P.csv", help="The places: id,lat,lon.")],
    vehicle: VehicleOption,
    output: Annotated[Path, typer.Option("-o", "--output", help="The CSV to write: from,to,time_s,distance_m.")],
    country: CountryOption = None,
    ordinance: OrdinanceOption = "clearance",
    width_quantile: QuantileOption = 0.5,
    quiet: Quiet = False,
) -> None:
    """Write times and lengths of the ways between places.

    The fastest ways of one vehicle between all pairs, blank where there is none. Each place is moved to the nearest
    street that the vehicle can reach and leave.
    """
    import numpy as np

    from fleetplan.demand.files import read_stops
    from fleetplan.routing.matrix import travel_matrix
    from fleetplan.show.matrices import write_matrix
    from fleetplan.study.scenarios import load_city

    kinds, rules, places, *_ = together(
        lambda: vehicles_of([vehicle], "--vehicle"),
        lambda: rules_of(ordinance, width_quantile),
        lambda: read_stops(points),
        lambda: check_city(city),
        lambda: check_output(output),
    )
    lat, lon = (np.array([getattr(place, name) for place in places]) for name in ("lat", "lon"))
    with progress_bar(quiet=quiet) as progress:
        progress("reading the city", 0, 3)
        found = load_city(city, country=country)
        progress("travel times", 1, 3)
        matrix = travel_matrix(found, kinds[vehicle], lat=lat, lon=lon, rules=rules)
        progress("writing", 2, 3)
        ids = [place.id for place in places]
        none = write_matrix(matrix, ids, output)
    say(f"{len(places)} × {len(places)} pairs written to {output}{f', {none} without a way' if none else ''}")
    note(_moved(matrix, ids))


def _moved(matrix: Matrix, ids: list[str]) -> list[str]:
    """Which places have no street near, and which one is so far away that the times may be another place's."""
    nowhere = [name for name, stretch in zip(ids, matrix.stretch.tolist(), strict=True) if stretch < 0]
    moved = {
        name: metres
        for name, metres, stretch in zip(ids, matrix.snap_m.tolist(), matrix.stretch.tolist(), strict=True)
        if stretch >= 0 and metres > _MOVED_M
    }
    told = []
    if nowhere:
        have = "place has" if len(nowhere) == 1 else "places have"
        what = f"no street near that {matrix.vehicle} can reach and leave"
        told.append(f"{len(nowhere)} {have} {what}: {some_of(nowhere)}")
    if moved:
        were = "place was" if len(moved) == 1 else "places were"
        furthest = sorted(moved, key=lambda name: (-moved[name], name))
        far = some_of(f"{name} {moved[name]:.0f} m" for name in furthest)
        told.append(f"{len(moved)} {were} moved more than {_MOVED_M:g} m to a street: {far}")
    return told
