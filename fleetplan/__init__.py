"""fleetplan: kei trucks, vans or a mix? Plans last-mile fleets on real streets and compares what they cost.

The names below are the public library; each is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fleetplan.api import Comparison, compare
    from fleetplan.city.streets import Streets
    from fleetplan.demand.files import read_stops
    from fleetplan.demand.sampling import sample_stops
    from fleetplan.demand.stops import Stop, Stops
    from fleetplan.errors import CityError, Fault, FleetplanError, InputError, PlanningError, Refusal
    from fleetplan.fleet.catalogue import vehicle, vehicles
    from fleetplan.fleet.costs import CostPack
    from fleetplan.fleet.vehicle import Vehicle
    from fleetplan.planning.explaining import explain
    from fleetplan.planning.plan import Plan
    from fleetplan.planning.problem import Access, Pay, Problem, Task, VehicleType
    from fleetplan.planning.solving import solve
    from fleetplan.planning.verifying import verify
    from fleetplan.travel import TravelTable

_HOMES = {
    "Access": "fleetplan.planning.problem",
    "CityError": "fleetplan.errors",
    "Comparison": "fleetplan.api",
    "CostPack": "fleetplan.fleet.costs",
    "Fault": "fleetplan.errors",
    "FleetplanError": "fleetplan.errors",
    "InputError": "fleetplan.errors",
    "Pay": "fleetplan.planning.problem",
    "Plan": "fleetplan.planning.plan",
    "PlanningError": "fleetplan.errors",
    "Problem": "fleetplan.planning.problem",
    "Refusal": "fleetplan.errors",
    "Stop": "fleetplan.demand.stops",
    "Stops": "fleetplan.demand.stops",
    "Streets": "fleetplan.api",
    "Task": "fleetplan.planning.problem",
    "TravelTable": "fleetplan.travel",
    "Vehicle": "fleetplan.fleet.vehicle",
    "VehicleType": "fleetplan.planning.problem",
    "compare": "fleetplan.api",
    "explain": "fleetplan.planning.explaining",
    "read_stops": "fleetplan.demand.files",
    "sample_stops": "fleetplan.demand.sampling",
    "solve": "fleetplan.planning.solving",
    "vehicle": "fleetplan.fleet.catalogue",
    "vehicles": "fleetplan.fleet.catalogue",
    "verify": "fleetplan.planning.verifying",
}

__all__ = [
    "Access",
    "CityError",
    "Comparison",
    "CostPack",
    "Fault",
    "FleetplanError",
    "InputError",
    "Pay",
    "Plan",
    "PlanningError",
    "Problem",
    "Refusal",
    "Stop",
    "Stops",
    "Streets",
    "Task",
    "TravelTable",
    "Vehicle",
    "VehicleType",
    "__version__",
    "compare",
    "explain",
    "read_stops",
    "sample_stops",
    "solve",
    "vehicle",
    "vehicles",
    "verify",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'fleetplan' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
