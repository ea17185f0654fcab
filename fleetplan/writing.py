"""Files that appear whole or not at all, and JSON that is the same bytes for the same value."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from fleetplan.errors import InputError

DIGITS = 6
"""Decimals that floats keep in files."""


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, indent 2, floats rounded to :data:`DIGITS` digits and a newline at the end.

    Whole floats stay floats (``2.0``), integers stay integers, −0.0 becomes 0.0, numpy numbers and arrays become
    plain ones, and text is not escaped beyond what JSON needs.

    Raises:
        ValueError: the value holds NaN or an infinity, or an object whose keys are not text.
        TypeError: the value holds something that JSON has no word for.
    """
    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, sort_keys=True, indent=2) + "\n"


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        if not math.isfinite(value):
            raise ValueError(f"{value} has no place in JSON")
        return round(float(value), DIGITS) + 0.0  # + 0.0 turns −0.0 into 0.0
    if isinstance(value, Mapping):
        wrong = [key for key in value if not isinstance(key, str)]
        if wrong:
            raise ValueError(f"the key {wrong[0]!r} is not text")
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def write_atomically(path: str | Path, content: str | bytes) -> None:
    """Write a file under a temporary name in its folder, then move it into place. Missing folders are made.

    Text is written as UTF-8 with the newlines it has; half of a surrogate pair, for which UTF-8 has no bytes, as
    its escape. On any failure the file that was there stays as it was.

    Raises:
        InputError: the folder or file cannot be written.
    """
    target = Path(path)
    with told_writing(target):
        _write(target, content)


@contextmanager
def told_writing(path: str | Path) -> Iterator[None]:
    """Tell what cannot be written as a fault of the path that the user gave.

    Raises:
        InputError: in place of an ``OSError``.
    """
    try:
        yield
    except OSError as error:
        raise InputError.one(
            "output.write",
            str(path),
            "",
            f"cannot be written: {error.strerror or error}",
            "check the path, the folder's permissions and the free space",
        ) from None


def check_folder(path: Path) -> None:
    """Find out before a long run whether a folder can be made and written to; what was made for it is taken away.

    Raises:
        InputError: it cannot.
    """
    with told_writing(path):
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        path.mkdir(parents=True, exist_ok=True)
        try:
            with tempfile.TemporaryFile(dir=path):
                pass
        finally:
            for folder in missing:
                folder.rmdir()


def _write(target: Path, content: str | bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:40]}.", suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        temporary.chmod(0o666 & ~current_umask())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def current_umask() -> int:
    """The process's file mode mask (reading it means setting it for a moment)."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
