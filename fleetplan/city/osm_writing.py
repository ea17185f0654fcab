"""Writes OpenStreetMap files by pyosmium: sorted by type, then identifier, each object once, nothing about mappers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import osmium
from osmium.osm import mutable

from fleetplan.city.overpass import POINT_KEYS, Elements
from fleetplan.errors import InputError
from fleetplan.writing import current_umask, told_writing

WRITTEN_ENDINGS = {".osm.pbf": "pbf", ".osm.gz": "osm.gz", ".osm": "osm"}
"""Endings of files that can be written, and what libosmium calls their format."""

_RANK = {"node": 0, "way": 1, "relation": 2}
_LETTER = {"node": "n", "way": "w", "relation": "r"}
_DATE = "osmosis_replication_timestamp"


@dataclass
class Contents:
    """What a file holds: ways with ``highway``, turn restrictions, buildings, and addresses, shops, amenities and
    offices together."""

    streets: int = 0
    restrictions: int = 0
    buildings: int = 0
    places: int = 0


def ending_of(path: Path) -> str | None:
    """The ending by which a file can be written, or ``None``."""
    name = path.name.lower()
    return next((ending for ending in WRITTEN_ENDINGS if name.endswith(ending) and name != ending), None)


def write_elements(answer: Elements, path: Path) -> None:
    """Write the objects of one answer as ``.osm.pbf``, whole or not at all.

    Raises:
        InputError: the file cannot be written.
    """
    unique = {(_RANK[element["type"]], element["id"]): element for element in answer.elements}
    with _writing(path, ".osm.pbf", date=answer.date) as writer:
        for _, element in sorted(unique.items()):
            _add(writer, element)


def merge_files(
    parts: Sequence[Path], path: Path, *, ending: str, generator: str, check: Callable[[Contents], None]
) -> tuple[Contents, str]:
    """Write everything that sorted files hold into one, each object once; whole or not at all.

    The objects stay in libosmium's compact buffers, so that a large city needs about as much memory as its file
    unpacked. Where parts tell the same object differently, the first part's telling counts.

    Args:
        parts: files of :func:`write_elements`.
        path: the file to write.
        ending: of :data:`WRITTEN_ENDINGS`; decides the format.
        generator: which programme the file names.
        check: looks at what was gathered before the file takes its place, and may raise.

    Returns:
        What the file holds, and the date of the oldest part (ISO 8601, UTC) or ``""``.

    Raises:
        InputError: the file cannot be written.
        BrokenPartError: a part cannot be read.
    """
    reader = osmium.MergeInputReader()
    dates = []
    for part in parts:
        try:
            with osmium.io.Reader(str(part), osmium.osm.osm_entity_bits.NOTHING) as head:
                dates.append(head.header().get(_DATE))
            reader.add_file(str(part))
        except (RuntimeError, OSError) as error:
            raise BrokenPartError(part) from error
    date = min((date for date in dates if date), default="")
    with _writing(path, ending, date=date, generator=generator) as writer:
        copy = _Copy(writer)
        reader.apply(copy)
        check(copy.contents)
    return copy.contents, date


class BrokenPartError(Exception):
    """A part on disk cannot be read, for example after a full disk; its path is the first argument."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path


class _Copy:
    """Hands objects on and counts what they are."""

    def __init__(self, writer: Any) -> None:
        self.writer = writer
        self.contents = Contents()

    def node(self, node: Any) -> None:
        self.writer.add_node(node)
        self._count_place(node.tags)

    def way(self, way: Any) -> None:
        self.writer.add_way(way)
        self.contents.streets += "highway" in way.tags
        self._count_outline(way.tags)

    def relation(self, relation: Any) -> None:
        self.writer.add_relation(relation)
        self.contents.restrictions += relation.tags.get("type", "").startswith("restriction")
        self._count_outline(relation.tags)

    def _count_outline(self, tags: Any) -> None:
        self.contents.buildings += "building" in tags
        self._count_place(tags)

    def _count_place(self, tags: Any) -> None:
        if tags:
            self.contents.places += any(key in tags for key in POINT_KEYS)


def _add(writer: Any, element: dict[str, Any]) -> None:
    tags = dict(sorted(element.get("tags", {}).items()))
    if element["type"] == "node":
        location = (float(element["lon"]), float(element["lat"]))
        writer.add_node(mutable.Node(id=element["id"], location=location, tags=tags))
    elif element["type"] == "way":
        writer.add_way(mutable.Way(id=element["id"], nodes=element["nodes"], tags=tags))
    else:
        members = [(_LETTER[row["type"]], row["ref"], row.get("role", "")) for row in element["members"]]
        writer.add_relation(mutable.Relation(id=element["id"], members=members, tags=tags))


@contextmanager
def _writing(path: Path, ending: str, *, date: str, generator: str = "fleetplan") -> Iterator[Any]:
    """A writer to a temporary file beside the target, which takes its place once everything is written."""
    header = osmium.io.Header()
    header.set("generator", generator)
    header.set("sorting", "Type_then_ID")
    if date:
        header.set(_DATE, date)
    with told_writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".part")
        os.close(handle)
    temporary = Path(name)
    try:
        file = osmium.io.File(name, f"{WRITTEN_ENDINGS[ending]},add_metadata=false")
        writer = osmium.SimpleWriter(file, header=header, overwrite=True)
        try:
            yield writer
        finally:
            writer.close()
        temporary.chmod(0o666 & ~current_umask())
        temporary.replace(path)
    except (RuntimeError, OSError) as error:  # libosmium writes behind, and tells in any later call
        raise InputError.one(
            "output.write",
            str(path),
            "",
            f"cannot be written: {' '.join(str(error).split())[:200]}",
            "check the path, the folder's permissions and the free space",
        ) from None
    finally:
        temporary.unlink(missing_ok=True)
