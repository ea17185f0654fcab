"""The page that every map of this package is: folium's map of a place, offline, beside a panel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import folium

from fleetplan.show.offline import OfflineFigure

_NOTICES = ("leaflet-LICENSE.txt",)
_SHARED_SCRIPTS = ("basemap.js", "pens.js", "overlay.js", "dom.js")
_BODY = (
    '<aside id="fleetplan-panel" aria-label="{label}">'
    "<noscript>This map is drawn by the scripts inside this file; it loads nothing from elsewhere. "
    "Allow scripts for this file to see it.</noscript></aside>\n"
)


def page_of(
    *,
    bounds: tuple[float, float, float, float],
    title: str,
    panel: str,
    data: Mapping[str, Any],
    scripts: Iterable[str],
    styles: Iterable[str],
) -> str:
    """One self-contained page as text. Equal arguments give equal bytes.

    Args:
        bounds: west, south, east and north of what is shown.
        title: of the page; any text.
        panel: what the panel is, for screen readers; never user text.
        data: a JSON value for the scripts.
        scripts, styles: assets after those that all maps share.

    Raises:
        FleetplanError: the installed folium links to something this package does not know.
    """
    west, south, east, north = bounds
    city = folium.Map(
        location=[(south + north) / 2, (west + east) / 2],
        zoom_start=14,
        tiles=None,
        zoom_control=False,
        control_scale=False,
        max_zoom=19,
    )
    figure = OfflineFigure(
        title=title,
        data=data,
        scripts=(*_SHARED_SCRIPTS, *scripts),
        styles=("fleetmap.css", *styles),
        notices=_NOTICES,
        body=_BODY.format(label=panel),
    )
    figure.add_child(city)
    return figure.render()
