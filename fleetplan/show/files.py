"""Everything a comparison leaves in a folder: document, plans, layers, drivers' lists, map."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleetplan.planning.documents import plan_document
from fleetplan.show.fleetmap import map_html
from fleetplan.show.frames import depot_frame, routes_frame, stops_frame, walks_frame
from fleetplan.show.manifests import manifest_csv, spreadsheet_text
from fleetplan.study.naming import file_names
from fleetplan.study.result import StudyResult
from fleetplan.writing import canonical_json, told_writing, write_atomically

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = [
    "canonical_json",
    "manifest_csv",
    "routes_frame",
    "save_comparison",
    "spreadsheet_text",
    "stops_frame",
    "write_atomically",
    "write_table",
]


def save_comparison(result: StudyResult, folder: str | Path, *, run: Mapping[str, Any]) -> list[Path]:
    """Write all files of a comparison and return their paths, sorted.

    ``comparison.json``, ``run.json``, ``plans/<fleet>.json``, ``manifest-<fleet>.csv``, ``routes.gpkg`` and
    ``map.html``. All are written to a hidden folder first and moved only when every one is complete; if moving fails,
    what was there before is put back. Files of an earlier comparison's fleets that this one has not are removed.

    Args:
        result: what to save.
        folder: made when it is missing.
        run: the content of ``run.json``, everything that may differ between two equal runs.

    Raises:
        InputError: the folder cannot be written.
        FleetplanError: the map cannot be made; see :func:`~fleetplan.show.fleetmap.map_html`.
    """
    target = Path(folder)
    with told_writing(target):
        target.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=target, prefix=".saving-"))
        try:
            new = work / "new"
            names = _write_all(result, new, run=run)
            _move_all(new, target, work / "old", names=names, stale=_stale(target, names))
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return [target / name for name in names]


def _write_all(result: StudyResult, folder: Path, *, run: Mapping[str, Any]) -> list[str]:
    files = file_names(result.fleets)
    texts = {"comparison.json": canonical_json(result.document), "run.json": canonical_json(run)}
    for name, fleet in result.fleets.items():
        texts[f"plans/{files[name]}.json"] = canonical_json(plan_document(fleet.problem, fleet.plan))
        texts[f"manifest-{files[name]}.csv"] = manifest_csv(result, fleet)
    texts["map.html"] = map_html(result)
    for name, text in texts.items():
        write_atomically(folder / name, text)
    layers = {"routes": routes_frame, "walks": walks_frame, "stops": stops_frame, "depot": depot_frame}
    for layer, make in layers.items():
        frame = make(result)
        kind = "Point" if layer in ("stops", "depot") else "LineString"
        frame.to_file(folder / "routes.gpkg", layer=layer, driver="GPKG", engine="pyogrio", geometry_type=kind)
    return sorted([*texts, "routes.gpkg"])


def _move_all(new: Path, target: Path, old: Path, *, names: list[str], stale: list[str]) -> None:
    """Move files into place; on any failure take them back and restore what was there."""
    kept: list[str] = []
    placed: list[str] = []
    try:
        for name in [*names, *stale]:
            if (target / name).exists():
                (old / name).parent.mkdir(parents=True, exist_ok=True)
                (target / name).replace(old / name)
                kept.append(name)
        for name in names:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (new / name).replace(target / name)
            placed.append(name)
    except BaseException:
        for name in placed:
            (target / name).unlink(missing_ok=True)
        for name in kept:
            (old / name).replace(target / name)
        raise


def _stale(folder: Path, names: list[str]) -> list[str]:
    """Files that an earlier comparison in this folder wrote for fleets which are no longer there."""
    try:
        fleets = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))["fleets"]
        files = file_names(str(name) for name in fleets).values()
    except (OSError, ValueError, KeyError, TypeError):
        return []
    earlier = {name for file in files for name in (f"plans/{file}.json", f"manifest-{file}.csv")}
    return sorted(earlier - set(names))


def write_table(frame: gpd.GeoDataFrame, path: str | Path, *, layer: str) -> None:
    """Write a table whole or not at all: ``.csv`` without the geometry, or a layer of a new ``.gpkg``.

    In a CSV, text that a spreadsheet would run as a formula is led by an apostrophe.

    Raises:
        ValueError: the file's ending is neither.
        InputError: the file cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() == ".csv":
        plain = frame.drop(columns=frame.geometry.name)
        for column in plain.columns[[not _is_number(kind) for kind in plain.dtypes]]:
            plain[column] = [spreadsheet_text(value) if isinstance(value, str) else value for value in plain[column]]
        write_atomically(target, plain.to_csv(index=False, lineterminator="\n"))
    elif target.suffix.lower() == ".gpkg":
        with told_writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            work = Path(tempfile.mkdtemp(dir=target.parent, prefix=".saving-"))
            try:
                frame.to_file(work / "table.gpkg", layer=layer, driver="GPKG", engine="pyogrio")
                (work / "table.gpkg").replace(target)
            finally:
                shutil.rmtree(work, ignore_errors=True)
    else:
        raise ValueError(f"{target.name} ends in neither .csv nor .gpkg")


def _is_number(kind: Any) -> bool:
    return bool(getattr(kind, "kind", "O") in "biuf")
