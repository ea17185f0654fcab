"""Streets of a named place or a box, downloaded through osmnx from OpenStreetMap's public servers and cached."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs
import requests

from fleetplan.city.assembling import streets_of
from fleetplan.city.graphs import raw_from_graph
from fleetplan.city.streets import Streets
from fleetplan.city.tags import FOOT_KEYS, MOTOR_KEYS, NO_STREET, NODE_LIMIT_KEYS
from fleetplan.errors import CityError, Fault

if TYPE_CHECKING:
    import networkx as nx

WAY_FILTER = f'["highway"]["highway"!~"^({"|".join(sorted(NO_STREET))})$"]'
"""What is asked of Overpass: every street and path that a delivery by wheel or on foot may use. The presets of osmnx
leave out service roads, alleys or footways."""

_SIDES = ("left", "right", "both")
WAY_TAGS = (
    *(
        "area",
        "bridge",
        "covered",
        "highway",
        "junction",
        "lanes",
        "lanes:backward",
        "lanes:both_ways",
        "lanes:forward",
    ),
    *("maxheight", "maxheight:physical", "maxlength", "maxweight", "maxwidth", "maxwidth:physical"),
    *("maxspeed", "maxspeed:backward", "maxspeed:forward", "maxspeed:goods", "motorroad", "name", "narrow"),
    *("oneway", "oneway:goods", "oneway:motor_vehicle", "oneway:motorcar", "oneway:vehicle", "ref", "service"),
    *("sidewalk", "sidewalk:both", "sidewalk:left", "sidewalk:right", "tunnel"),
    *("est_width", "width", "width:carriageway", "yh:WIDTH"),
    *(f"parking:{side}{part}" for side in _SIDES for part in ("", ":orientation", ":restriction")),
    *(f"parking:condition:{side}" for side in _SIDES),
    *(f"parking:lane:{side}{part}" for side in _SIDES for part in ("", ":parallel", ":diagonal", ":perpendicular")),
    *(f"{key}{part}" for key in (*MOTOR_KEYS, "foot") for part in ("", ":forward", ":backward", ":conditional")),
)
NODE_TAGS = ("barrier", "highway", *NODE_LIMIT_KEYS, *MOTOR_KEYS, *FOOT_KEYS[:1])

_WARNINGS = (
    "turn restrictions do not come with a download through osmnx: turns are free wherever the directions allow them; "
    "an extract (.osm.pbf) has them",
    "addresses and shops do not come with a download through osmnx: sampled stops are drawn from the streets",
)
_OSMNX_CACHE = "./cache"
_BUSY = frozenset((429, 504))


def streets_from_place(query: str, *, country: str | None = None) -> Streets:
    """Streets of a place that Nominatim knows as an area, for example ``"Abeno, Osaka, Japan"``.

    Downloads are cached under the user's cache folder, or wherever ``osmnx.settings.cache_folder`` was set to. The
    settings of osmnx are changed while downloading and restored; do not download from several threads at once.

    Raises:
        CityError: the place is unknown or no area, a server does not answer, or there is no drivable street.
    """
    if not query.strip():
        raise CityError.one(
            "city.place", "place", "query", "the name is empty", "give a place, such as 'Porto, Portugal'"
        )

    def download(osmnx: Any, **how: Any) -> Any:
        return osmnx.graph_from_place(query, **how)

    return _streets(download, label=query, country=country)


def streets_from_bbox(west: float, south: float, east: float, north: float, *, country: str | None = None) -> Streets:
    """Streets inside a WGS84 box; those that cross its edge run on to their next junction outside.

    Raises:
        CityError: the box is empty, upside down or outside the world, a server does not answer, or there is no
            drivable street.
    """
    faults = _box_faults(west, south, east, north)
    if faults:
        raise CityError(faults)

    def download(osmnx: Any, **how: Any) -> Any:
        return osmnx.graph_from_bbox((west, south, east, north), **how)

    return _streets(download, label=f"{west:g},{south:g},{east:g},{north:g}", country=country)


def _box_faults(west: float, south: float, east: float, north: float) -> list[Fault]:
    def fault(field: str, message: str, remedy: str) -> Fault:
        return Fault("city.bbox", "bbox", field, message, remedy)

    faults = []
    for name, value, limit in (("west", west, 180), ("south", south, 90), ("east", east, 180), ("north", north, 90)):
        if not math.isfinite(value) or abs(value) > limit:
            faults.append(fault(name, f"{value} lies outside the world", f"give degrees from -{limit} to {limit}"))
    in_world = not faults
    if in_world and west >= east:
        faults.append(fault("west, east", f"west ({west}) is not west of east ({east})", "order: w, s, e, n"))
    if in_world and south >= north:
        faults.append(fault("south, north", f"south ({south}) is not south of north ({north})", "order: w, s, e, n"))
    return faults


def _streets(download: Callable[..., nx.MultiDiGraph[Any]], *, label: str, country: str | None) -> Streets:
    import osmnx

    try:
        with _osmnx_settings(osmnx.settings):
            graph = download(osmnx, custom_filter=WAY_FILTER, simplify=False, retain_all=True, truncate_by_edge=True)
    except _BusyError as error:
        raise _failed(label, f"the server is busy (HTTP {error})", "wait a minute and try again") from error
    except requests.RequestException as error:
        raise _failed(
            label,
            f"the server does not answer ({type(error).__name__})",
            "check the network, or use an extract (.osm.pbf) instead",
        ) from error
    except (ValueError, TypeError) as error:
        raise _failed(
            label,
            f"the servers know no such area or nothing in it ({' '.join(str(error).split())[:160]})",
            "spell the place as openstreetmap.org finds it, choose an area rather than a point, or give a box",
        ) from error
    raw = raw_from_graph(graph, label=label, all_oneway=True)
    return streets_of(replace(raw, warnings=_WARNINGS), country=country, label=label)


def _failed(label: str, message: str, remedy: str) -> CityError:
    return CityError([Fault("city.download", label, "", message, remedy)])


class _BusyError(Exception):
    """A server asks to come back later; osmnx itself would wait and ask again without end."""


def _raise_when_busy(response: requests.Response, *_: Any, **__: Any) -> None:
    if response.status_code in _BUSY and not response.url.split("?")[0].endswith("/status"):
        raise _BusyError(str(response.status_code))


@contextmanager
def _osmnx_settings(settings: Any) -> Iterator[None]:
    """The settings of osmnx for a download of delivery streets, put back afterwards, errors or not.

    With ``all_oneway`` each way comes once and keeps its own ``oneway``, which osmnx would otherwise reduce to yes or
    no: motorways, roundabouts and reversible streets then mean what they mean in an extract.
    """
    names = ("all_oneway", "useful_tags_way", "useful_tags_node", "cache_folder", "requests_kwargs")
    before = {name: getattr(settings, name) for name in names}
    settings.all_oneway = True
    settings.useful_tags_way = list(dict.fromkeys((*before["useful_tags_way"], *WAY_TAGS)))
    settings.useful_tags_node = list(dict.fromkeys((*before["useful_tags_node"], *NODE_TAGS)))
    if str(before["cache_folder"]) == _OSMNX_CACHE:
        settings.cache_folder = Path(platformdirs.user_cache_dir("fleetplan")) / "osmnx"
    settings.requests_kwargs = {**before["requests_kwargs"], "hooks": {"response": _raise_when_busy}}
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(settings, name, value)
