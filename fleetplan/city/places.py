"""Streets of a named place or a box: downloaded into the cache once, then read from there like any extract."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from fleetplan.city.areas import area_of_box, place_faults
from fleetplan.city.asking import cache_folder
from fleetplan.city.fetching import Box, Progress, digest_of, fetch
from fleetplan.city.reading import streets_from_file
from fleetplan.city.streets import Streets
from fleetplan.errors import CityError


def streets_from_place(query: str, *, country: str | None = None, progress: Progress | None = None) -> Streets:
    """Streets of a place that Nominatim knows as an area, for example ``"Abeno, Osaka, Japan"``.

    The download (see :func:`fleetplan.city.fetching.fetch`) is kept under the user's cache folder, or wherever
    ``osmnx.settings.cache_folder`` was set to, and a second call needs no network; with
    ``osmnx.settings.use_cache = False`` nothing is kept. ``fleetplan fetch`` brings the newest state of the map.

    Raises:
        CityError: the place is unknown or no area, a server does not answer, or there is no drivable street.
    """
    faults = place_faults(query)
    if faults:
        raise CityError(faults)
    return _streets(query, label=query, country=country, progress=progress)


def streets_from_bbox(
    west: float,
    south: float,
    east: float,
    north: float,
    *,
    country: str | None = None,
    progress: Progress | None = None,
) -> Streets:
    """Streets that touch a WGS84 box, whole: they run on outside to where their way ends. Kept as for a place.

    Raises:
        CityError: the box is empty, upside down or outside the world, a server does not answer, or there is no
            drivable street.
    """
    label = area_of_box(west, south, east, north).label
    return _streets((west, south, east, north), label=label, country=country, progress=progress)


def _streets(where: str | Box, *, label: str, country: str | None, progress: Progress | None) -> Streets:
    with _city_file(where) as path:
        kept = path.exists()
        if not kept:
            fetch(where, path, progress=progress)
        try:
            return _read(path, label=label, country=country)
        except CityError as error:
            if not kept or error.faults[0].code != "city.broken":
                raise
        fetch(where, path, progress=progress)
        return _read(path, label=label, country=country)


def _read(path: Path, *, label: str, country: str | None) -> Streets:
    """Streets of the file, which people know by the name of the place and not by its name in the cache."""
    try:
        return replace(streets_from_file(path, country=country), label=label)
    except CityError as error:
        raise CityError(replace(fault, where=label) for fault in error.faults) from error


@contextmanager
def _city_file(where: str | Box) -> Iterator[Path]:
    """Where the city of this place, these servers and this question is kept."""
    import osmnx

    settings = osmnx.settings
    if isinstance(where, str):
        name = digest_of(" ".join(where.split()), settings.nominatim_url.rstrip("/"), settings=settings)
    else:
        name = digest_of([float(degrees) for degrees in where], settings=settings)
    file = f"{name}.osm.pbf"
    if settings.use_cache:
        yield cache_folder(settings) / "cities" / file
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / file
