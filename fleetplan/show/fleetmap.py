"""The map of a comparison: one self-contained HTML page that opens from disk without a network."""

from __future__ import annotations

from pathlib import Path

from fleetplan.show.mapdata import map_data
from fleetplan.show.pages import page_of
from fleetplan.study.result import StudyResult
from fleetplan.writing import write_atomically


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
    return page_of(
        bounds=result.streets.bounds,
        title=title,
        panel="Comparison of fleets",
        data=map_data(result, title=title),
        scripts=("fleetmap.js", "panel.js"),
        styles=(),
    )


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
