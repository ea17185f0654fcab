"""Downloads everything a city needs into one file: in parts that are kept until the file stands, so that a run that
broke off goes on where it was."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleetplan import __version__
from fleetplan.city.areas import (
    Area,
    area_of_box,
    area_of_place,
    box_faults,
    cut,
    overpass_filters,
    parts_of,
    place_faults,
)
from fleetplan.city.asking import cache_folder, osmnx_settings, patiently
from fleetplan.city.osm_writing import (
    WRITTEN_ENDINGS,
    BrokenPartError,
    Contents,
    ending_of,
    merge_files,
    write_elements,
)
from fleetplan.city.overpass import TooMuchError, ask_overpass, query_of
from fleetplan.errors import CityError, Fault, InputError
from fleetplan.writing import check_folder

if TYPE_CHECKING:
    from shapely import MultiPolygon, Polygon

KEPT_S = 2 * 86_400.0
"""Parts of a run that broke off are used again for two days; older ones are asked for anew, so that one file does not
mix states of the map that lie far apart."""
MAX_HALVINGS = 3
"""How often a part whose sides the server found too long is cut in half each way: down to a 64th of its area."""

Progress = Callable[[str, int, int], None]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Fetched:
    """What a download brought.

    Attributes:
        path: the file.
        contents: what it holds.
        parts, kept: parts it was made of, and how many of them were there from a run before.
        date: state of the map (ISO 8601, UTC; of the oldest part), or ``""`` where the server did not tell.
    """

    path: Path
    contents: Contents
    parts: int
    kept: int
    date: str

    def __str__(self) -> str:
        held = self.contents
        things = f"{held.streets} streets and paths, {held.restrictions} turn restrictions, {held.buildings} buildings"
        parts = f"{self.parts} part{'s' if self.parts != 1 else ''}{f' ({self.kept} from before)' if self.kept else ''}"
        state = f", state of {self.date}" if self.date else ""
        return f"{self.path}: {things}, {held.places} addresses, shops and the like; {parts}{state}"


def fetch(
    where: str | Box,
    output: str | Path,
    *,
    progress: Progress | None = None,
    overpass_url: str | None = None,
    nominatim_url: str | None = None,
) -> Fetched:
    """Download streets, foot paths, turn restrictions, barriers, signals, buildings, addresses and shops.

    Servers, pauses, time-out, headers, further arguments of requests, sizes and cache are those of
    ``osmnx.settings``, which are never left changed; do not download from several threads at once.

    Args:
        where: a place that Nominatim knows as an area, or west, south, east and north in WGS84 degrees.
        output: ``.osm.pbf``, ``.osm`` or ``.osm.gz``; written whole or not at all.
        progress: takes a line of text, parts done and parts in all.
        overpass_url, nominatim_url: other servers than those of ``osmnx.settings``.

    Raises:
        CityError: code ``city.download`` where servers fail (parts that came are kept: call again), ``city.place``,
            ``city.bbox``, ``city.area_size`` or ``city.empty`` where the area is the reason.
        InputError: the output has another ending or cannot be written.
    """
    target = Path(output)
    faults = output_faults(target)
    faults += place_faults(where) if isinstance(where, str) else box_faults(*where)
    if faults:
        raise (InputError if faults[0].code.startswith("output") else CityError)(faults)
    check_folder(target.parent)
    ending = ending_of(target)
    assert ending is not None
    import osmnx

    servers = {"overpass_url": overpass_url, "nominatim_url": nominatim_url}
    folder = cache_folder(osmnx.settings)
    with osmnx_settings(osmnx.settings, cache_folder=folder, **servers), _parts_folder(osmnx.settings) as parts:
        run = _Run(osmnx, parts, progress or (lambda text, done, total: None))
        area = run.area(where)
        files = run.download(area)
        run.tell(f"writing {target.name}")
        contents, date = run.write(files, target, ending=ending, label=area.label)
        run.forget()
    return Fetched(target, contents, len(files), run.kept, date)


def where_of(place: str | None, bbox: str | None, output: Path) -> str | Box:
    """The place or the box that a command line names, as :func:`fetch` takes it.

    Args:
        place: a name, or ``None``.
        bbox: ``W,S,E,N`` in degrees, or ``None``.
        output: checked with them, so that all faults are told at once.

    Raises:
        InputError: not exactly one area is given, it is none, or the output cannot be written.
    """

    def fault(field: str, message: str, remedy: str) -> Fault:
        return Fault("fetch.area", "command line", field, message, remedy)

    faults = output_faults(output)
    if (place is None) == (bbox is None):
        message = "no area is given" if place is None else "two areas are given"
        faults.append(fault("PLACE, --bbox", message, "name a place, or give --bbox W,S,E,N"))
    if place is not None:
        faults += place_faults(place)
    box = _numbers(bbox or "")
    if len(box) == 4:
        faults += box_faults(*box)
    elif bbox is not None:
        faults.append(fault("--bbox", f"{bbox[:60]!r} is not four numbers", "give W,S,E,N in degrees"))
    if faults:
        raise InputError(faults)
    return place if place is not None else (box[0], box[1], box[2], box[3])


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        return []


def output_faults(path: Path) -> list[Fault]:
    """What is wrong with the name of a file to write."""
    if ending_of(path) is None:
        known = ", ".join(WRITTEN_ENDINGS)
        return [Fault("output.ending", str(path), "", "this kind cannot be written", f"end it in one of {known}")]
    if path.is_dir():
        return [Fault("output.write", str(path), "", "this is a folder", "name a file")]
    return []


def digest_of(*words: Any, settings: Any) -> str:
    """A name for a file of the cache, by all that decides its content: the words, the question (here for no area), and
    what osmnx's settings say of the server and of the head of the question."""
    version = (query_of([""]), settings.overpass_url.rstrip("/"), settings.overpass_settings)
    return hashlib.sha256(json.dumps((version, words)).encode()).hexdigest()[:40]


class _Run:
    """One download: which parts there are, which of them are on disk, and what it is waiting for."""

    def __init__(self, osmnx: Any, folder: Path, progress: Progress) -> None:
        self.osmnx, self.folder, self.progress = osmnx, folder, progress
        self.done, self.total, self.kept = 0, 1, 0
        self.traces: list[Path] = []  # every file of the cache that this area has left there

    def tell(self, text: str) -> None:
        self.progress(text, self.done, self.total)

    def area(self, where: str | Box) -> Area:
        if not isinstance(where, str):
            return area_of_box(*where)
        self.tell(f"looking for {where}")
        return area_of_place(where, osmnx=self.osmnx, tell=self.tell)

    def download(self, area: Area) -> list[Path]:
        """Files of all parts, in the order of the grid."""
        limit_m2 = self.osmnx.settings.max_query_area_size
        waiting = deque((shape, 0) for shape in parts_of(area, max_area_m2=limit_m2))
        self.total = len(waiting)
        files = []
        while waiting:
            shape, halvings = waiting.popleft()
            self.tell(f"{area.label}: part {self.done + 1} of {self.total}")
            file = self._part(shape, area.label, may_cut=halvings < MAX_HALVINGS)
            if file is None:
                quarters = cut(shape, 2, 2)
                waiting.extendleft((quarter, halvings + 1) for quarter in reversed(quarters))
                self.total += len(quarters) - 1
                continue
            files.append(file)
            self.done += 1
        return files

    def _part(self, shape: Polygon | MultiPolygon, label: str, *, may_cut: bool) -> Path | None:
        """The file of one part, asked for unless it is there; ``None`` where the server wants it smaller."""
        query = query_of(overpass_filters(shape))
        name = digest_of(query, settings=self.osmnx.settings)
        file, too_much = self.folder / f"{name}.osm.pbf", self.folder / f"{name}.too-much"
        self.traces += [file, too_much]
        if _is_fresh(file):
            self.kept += 1
            return file
        if may_cut and _is_fresh(too_much):
            return None
        try:
            answer = patiently(
                lambda: ask_overpass(query, settings=self.osmnx.settings, tell=self.tell), label=label, tell=self.tell
            )
        except TooMuchError as error:
            if not may_cut:
                raise _too_much(label, str(error)) from error
            too_much.parent.mkdir(parents=True, exist_ok=True)
            too_much.touch()
            return None
        write_elements(answer, file)
        return file

    def write(self, files: list[Path], target: Path, *, ending: str, label: str) -> tuple[Contents, str]:
        """The file itself, unless there is no street in it: then nothing is written and nothing kept."""

        def check(contents: Contents) -> None:
            if not contents.streets:
                self.forget()
                raise _empty(label)

        try:
            return merge_files(files, target, ending=ending, generator=f"fleetplan {__version__}", check=check)
        except BrokenPartError as error:
            error.path.unlink(missing_ok=True)
            raise _broken(label) from error

    def forget(self) -> None:
        """Take the parts away once the whole file stands."""
        for path in self.traces:
            path.unlink(missing_ok=True)


def _is_fresh(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime < KEPT_S
    except OSError:
        return False


@contextmanager
def _parts_folder(settings: Any) -> Iterator[Path]:
    """Where parts are kept: in the cache, or nowhere for longer than the run where osmnx is told to keep nothing."""
    if settings.use_cache:
        yield Path(settings.cache_folder) / "parts"
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _broken(label: str) -> CityError:
    return CityError.one(
        "city.download", label, "", "a part kept from before cannot be read; it was taken away", "try again"
    )


def _too_much(label: str, remark: str) -> CityError:
    return CityError.one(
        "city.download",
        label,
        "",
        f"the server runs out of time or memory even for the smallest part ({remark})",
        "try again later, name another server, or use an extract (.osm.pbf); "
        "osmnx.settings.requests_timeout and overpass_memory say what the server may use",
    )


def _empty(label: str) -> CityError:
    return CityError.one(
        "city.empty",
        label,
        "",
        "the server knows no street there: there is nothing in it",
        "look at the area on openstreetmap.org; longitudes come before latitudes in a box",
    )
