"""Which country a point lies in, offline: through its time zone."""

from __future__ import annotations

import csv
from functools import lru_cache

import tzfpy

from fleetplan.resources import data_path


def country_at(lat: float, lon: float) -> str:
    """ISO 3166 alpha-2 code of the country at a WGS84 point, ``""`` at sea or where no country is known.

    The time zone comes from ``tzfpy``'s simplified borders, so points within a few hundred metres of a border may
    fall on its other side. The country of a zone is that of the tz database's ``zone.tab``.
    """
    return _countries().get(tzfpy.get_tz(lon, lat), "")


@lru_cache(maxsize=1)
def known_countries() -> frozenset[str]:
    """ISO 3166 alpha-2 codes of all countries that have a time zone, and ``XK`` for Kosovo, which shares Serbia's."""
    return frozenset((*_countries().values(), "XK"))


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    with data_path("timezone-countries.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return {row["zone"]: row["country"] for row in rows}
