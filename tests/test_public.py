"""The public face: its names, and that importing it is cheap."""

from __future__ import annotations

import subprocess
import sys

import fleetplan

NAMES = {
    "Access", "CityError", "Comparison", "CostPack", "Fault", "FleetplanError", "InputError", "Pay", "Plan",
    "PlanningError", "Problem", "Refusal", "Stop", "Stops", "Streets", "Task", "TravelTable", "Vehicle",
    "VehicleType", "__version__", "compare", "explain", "read_stops", "sample_stops", "solve", "vehicle", "vehicles",
    "verify",
}  # fmt: skip
HEAVY = ("numpy", "scipy", "pandas", "geopandas", "shapely", "networkx", "osmnx", "osmium", "ortools", "folium")


def test_the_public_names_are_pinned() -> None:
    """Protects users' scripts: a name that disappears or appears is a decision, not an accident."""
    assert set(fleetplan.__all__) == NAMES
    assert all(getattr(fleetplan, name) is not None for name in NAMES)


def test_import_loads_no_heavy_library() -> None:
    """Protects the start of every command: importing the package loads none of the heavy libraries."""
    code = f"import sys, fleetplan; print([name for name in {HEAVY!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error() -> None:
    """Protects lazy loading: a misspelt name fails as in any module."""
    assert not hasattr(fleetplan, "Street")
