"""Streets kept between runs: reading a large extract once is enough, until the file or the reading changes.

An entry holds the tables' arrays and, as JSON, their texts (see :mod:`fleetplan.storing`). Its key is made from the
file's bytes, the country asked for, and the sources, data and libraries that reading rests on, so a stale entry is
never found.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import importlib.metadata
import typing
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleetplan.city.streets import Streets
from fleetplan.resources import data_path
from fleetplan.storing import cache_folder, content_key, load_arrays, save_arrays

LEAST_BYTES = 200_000
"""Smaller files are read as fast as an entry."""
_KIND = "streets"
_LIBRARIES = ("opening-hours-py", "osmium", "osmnx", "pyproj", "shapely", "tzfpy")
"""They say when a rule holds, in which country a city lies, and what a file's geometry is."""


def streets_key(path: Path, country: str | None) -> str | None:
    """The key of a file's streets, or ``None`` where nothing is kept."""
    if cache_folder() is None or path.stat().st_size < LEAST_BYTES:
        return None
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    return content_key(content, path.name, country, _reading_digest())


def kept_streets(key: str) -> Streets | None:
    """The streets kept under a key, or ``None``."""
    entry = load_arrays(_KIND, key)
    if entry is None:
        return None
    arrays, texts = entry
    try:
        return typing.cast(Streets, _restored(Streets, "", arrays, texts))
    except (KeyError, TypeError, ValueError):
        return None


def keep_streets(key: str, streets: Streets) -> None:
    """Keep streets under a key."""
    arrays: dict[str, NDArray[Any]] = {}
    texts: dict[str, Any] = {}
    _taken_apart(streets, "", arrays, texts)
    save_arrays(_KIND, key, arrays, texts)


@lru_cache(maxsize=1)
def _reading_digest() -> str:
    """Digest of the sources, data files and libraries that decide what a file's streets are."""
    digest = hashlib.sha256()
    for name in _LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            digest.update(f"{name} {importlib.metadata.version(name)};".encode())
    package = Path(__file__).resolve().parent
    sources = [*package.glob("*.py"), package.parent / "units.py"]
    data = data_path("access.toml").parent
    figures = [path for path in data.rglob("*") if path.suffix in (".toml", ".csv", ".json") and path.is_file()]
    for path in sorted([*sources, *figures]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _taken_apart(value: Any, prefix: str, arrays: dict[str, NDArray[Any]], texts: dict[str, Any]) -> None:
    for field in dataclasses.fields(value):
        name, part = f"{prefix}{field.name}", getattr(value, field.name)
        if isinstance(part, np.ndarray):
            arrays[name] = part
        elif dataclasses.is_dataclass(part):
            _taken_apart(part, f"{name}.", arrays, texts)
        else:
            texts[name] = part


def _restored(kind: Any, prefix: str, arrays: dict[str, NDArray[Any]], texts: dict[str, Any]) -> Any:
    hints = typing.get_type_hints(kind)
    values: dict[str, Any] = {}
    for field in dataclasses.fields(kind):
        name, hint = f"{prefix}{field.name}", hints[field.name]
        if dataclasses.is_dataclass(hint):
            values[field.name] = _restored(hint, f"{name}.", arrays, texts)
        elif name in arrays:
            values[field.name] = arrays[name]
        else:
            part = texts[name]
            values[field.name] = tuple(part) if isinstance(part, list) else part
    return kind(**values)
