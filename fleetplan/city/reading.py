"""Streets of a file, whatever its ending."""

from __future__ import annotations

from pathlib import Path

from fleetplan.city.assembling import streets_of
from fleetplan.city.keeping import keep_streets, kept_streets, streets_key
from fleetplan.city.streets import Streets
from fleetplan.errors import CityError

OSM_ENDINGS = (".osm", ".osm.gz", ".osm.bz2", ".osm.pbf", ".pbf")
GRAPH_ENDINGS = (".graphml", ".graphml.gz")


def streets_from_file(path: Path, *, country: str | None = None) -> Streets:
    """Streets of an OpenStreetMap extract or of a graph that osmnx saved; kept between runs where that is quicker.

    Args:
        path: ``.osm``, ``.osm.gz``, ``.osm.bz2``, ``.osm.pbf``, ``.graphml`` or ``.graphml.gz``.
        country: ISO 3166 alpha-2 code; found from the location when absent.

    Raises:
        CityError: the file is absent, empty, of an unknown kind, broken, or without a drivable street.
    """
    name = path.name.lower()
    known = name.endswith((*OSM_ENDINGS, *GRAPH_ENDINGS))
    if not path.exists():
        raise CityError.one("city.absent", str(path), "", "there is no such file", "check the path of the city file")
    if not known or path.is_dir():
        raise CityError.one(
            "city.ending",
            path.name,
            "",
            "this is not a kind of city file that can be read",
            f"use a file that ends in one of {', '.join((*OSM_ENDINGS, *GRAPH_ENDINGS))}",
        )
    if path.stat().st_size == 0:
        raise CityError.one("city.broken", path.name, "", "the file is empty", "fetch the extract again")
    key = streets_key(path, country)
    found = None if key is None else kept_streets(key)
    if found is None:
        found = read_anew(path, country=country)
        if key is not None:
            keep_streets(key, found)
    return found


def read_anew(path: Path, *, country: str | None = None) -> Streets:
    """Streets of a file that is known to be one, whatever is kept of earlier readings."""
    if path.name.lower().endswith(GRAPH_ENDINGS):
        from fleetplan.city.graphs import raw_from_graphml

        return streets_of(raw_from_graphml(path), country=country, label=path.name)
    from fleetplan.city.osm_files import read_osm_file

    return streets_of(read_osm_file(path), country=country, label=path.name)
