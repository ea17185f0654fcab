"""The map of two vehicles' access: one self-contained HTML page that opens from disk without a network."""

from __future__ import annotations

from pathlib import Path

from fleetplan.show.accesscorners import CornerTurns
from fleetplan.show.accessdata import access_map_data
from fleetplan.show.accesstable import AccessComparison
from fleetplan.show.pages import page_of
from fleetplan.writing import write_atomically


def access_html(comparison: AccessComparison, *, title: str | None = None, corners: CornerTurns | None = None) -> str:
    """The page as text. Equal comparisons give equal bytes.

    Args:
        comparison: what to show; names of streets in it may be any text.
        title: of the page; both vehicles' names when absent.
        corners: turns that are harder for one of the two; without them the map has none.

    Raises:
        FleetplanError: the installed folium links to something this package does not know.
    """
    if title is None:
        title = f"Where {comparison.vehicles[0].name} and {comparison.vehicles[1].name} can go"
    return page_of(
        bounds=comparison.streets.bounds,
        title=title,
        panel="What two vehicles may do on these streets",
        data=access_map_data(comparison, title=title, corners=corners),
        scripts=("accesslayer.js", "accesspanel.js"),
        styles=("accessmap.css",),
    )


def save_access_map(
    comparison: AccessComparison,
    path: str | Path,
    *,
    title: str | None = None,
    corners: CornerTurns | None = None,
) -> Path:
    """Write :func:`access_html` to a file, whole or not at all, and return its path. Missing folders are made.

    Raises:
        FleetplanError: see :func:`access_html`.
        InputError: the file cannot be written.
    """
    target = Path(path)
    write_atomically(target, access_html(comparison, title=title, corners=corners))
    return target
