"""Random paths on real cities, followed by the independent checker. ``tests.campaigns.paths`` follows 2,000 of each."""

from __future__ import annotations

import pytest

from fleetplan.city.streets import Streets
from fleetplan.fleet.catalogue import vehicle
from tests.campaigns.paths import rejected_paths, shared_cities

PATHS = 400


@pytest.mark.parametrize("name", ["kei-van", "full-size-van"])
@pytest.mark.parametrize("city", ["helsinki.osm.pbf", "porto-old-town.osm.pbf", "osaka-abeno.osm.pbf"])
def test_no_path_breaks_a_rule(city: str, name: str, request: pytest.FixtureRequest) -> None:
    """One-ways, closed streets, restrictions, corners, barriers, times and lengths hold on every one of 400 paths."""
    if city != "helsinki.osm.pbf":
        request.getfixturevalue("shared_data")
    path = next(path for path in shared_cities() if path.name == city)
    assert rejected_paths(Streets.from_file(path), vehicle(name), paths=PATHS, seed=3) == []
