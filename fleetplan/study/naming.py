"""Safe file names for fleets: what a user calls a fleet may be any text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_RESERVED = frozenset({"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)})


def file_names(fleets: Iterable[str]) -> dict[str, str]:
    """A file name without ending for each fleet.

    A name of ASCII letters, digits, ``-`` and ``_`` stays itself. Any other keeps its safe characters and gains eight
    digits of its SHA-256, so that distinct fleets keep distinct files, on file systems that ignore case too.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for fleet in sorted(fleets):
        safe = fleet
        if not _SAFE.fullmatch(fleet) or fleet.lower() in _RESERVED or fleet.lower() in taken:
            kept = re.sub(r"[^A-Za-z0-9_-]+", "-", fleet).strip("-")[:30] or "fleet"
            safe = f"{kept}-{hashlib.sha256(fleet.encode()).hexdigest()[:8]}"
        taken.add(safe.lower())
        names[fleet] = safe
    return names
