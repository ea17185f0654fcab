"""Real cities that several tests of reading look at, read once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from fleetplan.city.streets import Streets


@pytest.fixture(scope="session")
def extract(shared_data: Path) -> Callable[[str], Streets]:
    """Streets of a shared extract by its file name."""

    @cache
    def read(name: str) -> Streets:
        return Streets.from_file(shared_data / "osm" / name)

    return read
