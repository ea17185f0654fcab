"""Arrays kept between runs, found again by the content they were made from. Nothing is ever unpickled.

Entries lie in the folder named by ``FLEETPLAN_CACHE`` (``off`` keeps nothing), else in the user's cache folder. An
entry that is broken, or that another version wrote, counts as absent and is written anew; one that cannot be written
is done without.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from numpy.typing import NDArray

FOLDER_VARIABLE = "FLEETPLAN_CACHE"
KEPT_BYTES = 2_000_000_000
"""Above this the entries that were not used for longest go."""
_ABANDONED_S = 86_400.0
"""A file still being written after a day was left behind by a run that was killed."""
_BROKEN = (OSError, ValueError, KeyError, EOFError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error)
_NOTES = "notes"
_ENDING = ".npz"
_UNFINISHED = ".part"


def cache_folder() -> Path | None:
    """Where entries are kept, or ``None`` where nothing is kept."""
    named = os.environ.get(FOLDER_VARIABLE, "")
    if named.lower() == "off":
        return None
    return Path(named) if named else Path(platformdirs.user_cache_dir("fleetplan")) / "prepared"


def content_key(*parts: Any) -> str:
    """A name for what an entry is made from: texts, numbers, bytes and arrays, in order."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else b""
        if isinstance(part, np.ndarray):
            data = np.ascontiguousarray(part).tobytes()
            digest.update(f"{part.dtype.str}{part.shape}".encode())
        elif not isinstance(part, bytes):
            data = repr(part).encode()
        digest.update(f"{len(data)}:".encode())
        digest.update(data)
    return digest.hexdigest()[:40]


def load_arrays(kind: str, key: str) -> tuple[dict[str, NDArray[Any]], Any] | None:
    """The arrays and the notes of an entry, or ``None`` where there is no sound one."""
    folder = cache_folder()
    if folder is None:
        return None
    path = folder / f"{kind}-{key}{_ENDING}"
    try:
        with np.load(path, allow_pickle=False) as entry:
            arrays = {name: entry[name] for name in entry.files}
        notes = json.loads(arrays.pop(_NOTES).tobytes().decode("utf-8"))
    except _BROKEN:
        return None
    with contextlib.suppress(OSError):  # others' entries can be read, not marked as used
        path.touch()
    return arrays, notes


def save_arrays(kind: str, key: str, arrays: Mapping[str, NDArray[Any]], notes: Any = None) -> None:
    """Keep arrays and notes (JSON values) under a key.

    Raises:
        ValueError: an array holds Python objects, which would have to be pickled.
    """
    objects = [name for name, array in arrays.items() if array.dtype.hasobject]
    if objects:
        raise ValueError(f"arrays of Python objects are not kept: {', '.join(objects)}")
    folder = cache_folder()
    if folder is None:
        return
    text = np.frombuffer(json.dumps(notes).encode("utf-8"), dtype=np.uint8)
    entry: dict[str, Any] = {_NOTES: text, **arrays}
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=f".{kind}.", suffix=_UNFINISHED)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, **entry)  # numpy 1.26 would store ``allow_pickle=False`` as an array
            temporary.replace(folder / f"{kind}-{key}{_ENDING}")
        finally:
            temporary.unlink(missing_ok=True)
        _forget_oldest(folder)


def _forget_oldest(folder: Path) -> None:
    for path in folder.glob(f".*{_UNFINISHED}"):
        if time.time() - path.stat().st_mtime > _ABANDONED_S:
            path.unlink(missing_ok=True)
    entries = sorted(((path.stat().st_mtime, path) for path in folder.glob(f"*{_ENDING}")), reverse=True)
    total = 0
    for _, path in entries:
        total += path.stat().st_size
        if total > KEPT_BYTES:
            path.unlink(missing_ok=True)
