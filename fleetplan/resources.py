"""Where the bundled data files lie: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

from fleetplan.errors import FleetplanError

_PACKAGE = Path(__file__).resolve().parent


def data_path(*parts: str) -> Path:
    """The path of a bundled data file, for example ``data_path("vehicles.toml")``.

    Raises:
        FleetplanError: the file is not part of this installation.
    """
    for root in (_PACKAGE / "data", _PACKAGE.parent / "data"):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise FleetplanError(f"the data file {'/'.join(parts)} is missing from this installation; install again")
