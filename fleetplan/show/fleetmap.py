"""The map of a comparison: one self-contained HTML page that opens from disk without a network."""

from __future__ import annotations

from pathlib import Path

import folium

from fleetplan.show.mapdata import map_data
from fleetplan.show.offline import OfflineFigure
from fleetplan.study.result import StudyResult
from fleetplan.writing import write_atomically

_SCRIPTS = ("basemap.js", "pens.js", "fleetmap.js", "panel.js")
_STYLES = ("fleetmap.css",)
_NOTICES = ("leaflet-LICENSE.txt",)
_BODY = (
    '<aside id="fleetplan-panel" aria-label="Comparison of fleets">'
    "<noscript>This map is drawn by the scripts inside this file; it loads nothing from elsewhere. "
    "Allow scripts for this file to see it.</noscript></aside>\n"
)


def map_html(result: StudyResult, *, title: str | None = None) -> str:
    """The page as text. Equal results give equal bytes.

    Args:
        result: what to show; names in it may be any text.
        title: of the page; the fleets' names when absent.

    Raises:
        FleetplanError: the installed folium links to something this package does not know.
    """
    if title is None:
        title = f"{' · '.join(sorted(result.fleets))} – fleetplan"
    west, south, east, north = result.streets.bounds
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
        data=map_data(result, title=title),
        scripts=_SCRIPTS,
        styles=_STYLES,
        notices=_NOTICES,
        body=_BODY,
    )
    figure.add_child(city)
    return figure.render()


def save_map(result: StudyResult, path: str | Path, *, title: str | None = None) -> Path:
    """Write the map of a comparison to an HTML file and return its path.

    The file appears only when it is complete; missing folders are made.

    Raises:
        FleetplanError: see :func:`map_html`.
        OSError: the file cannot be written.
    """
    target = Path(path)
    write_atomically(target, map_html(result, title=title))
    return target
