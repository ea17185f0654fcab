"""The library's face: compare fleets in one call, and look at, save or map the answer."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleetplan.city.streets import Streets
from fleetplan.demand.stops import Stop, Stops
from fleetplan.fleet.catalogue import vehicle
from fleetplan.fleet.costs import CostPack
from fleetplan.fleet.vehicle import Vehicle
from fleetplan.routing.access import decide_access
from fleetplan.routing.seams import AccessRules, Band
from fleetplan.study.arguments import FleetSpec, study_of_arguments
from fleetplan.study.building import Progress
from fleetplan.study.inputs import StudyInput
from fleetplan.study.result import StudyResult
from fleetplan.study.scenarios import study_of_scenario
from fleetplan.study.study import run_study

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from fleetplan.planning.plan import Plan

__all__ = ["Comparison", "Streets", "compare", "compare_scenario"]


@dataclass(frozen=True, eq=False)
class Comparison:
    """The answer of :func:`compare`: per fleet the best plan and its figures.

    ``print(comparison)`` shows the table. ``interrupted`` says that the user stopped the run and that the plans are the
    best found until then.
    """

    result: StudyResult
    run: Mapping[str, Any]
    interrupted: bool = False

    @property
    def plans(self) -> dict[str, Plan]:
        """The best plan of each fleet."""
        return {name: fleet.plan for name, fleet in self.result.fleets.items()}

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row per fleet, one column per figure; nested figures have dotted names (``cost.total``)."""
        import pandas as pd

        rows = {name: dict(_flat(figures)) for name, figures in self.result.document["fleets"].items()}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("fleet")

    def routes(self) -> gpd.GeoDataFrame:
        """The drives of all fleets, one row per leg (EPSG:4326)."""
        from fleetplan.show.frames import routes_frame

        return routes_frame(self.result)

    def stops(self) -> gpd.GeoDataFrame:
        """Every stop of every fleet with how it is served (EPSG:4326)."""
        from fleetplan.show.frames import stops_frame

        return stops_frame(self.result)

    def to_dict(self) -> dict[str, Any]:
        """The content of ``comparison.json``."""
        return dict(self.result.document)

    def save(self, folder: str | Path) -> list[Path]:
        """Write comparison, plans, routes, manifests and map into a folder; all of them or, on failure, none.

        Raises:
            FleetplanError: a file cannot be written.
        """
        from fleetplan.show.files import save_comparison

        return save_comparison(self.result, Path(folder), run=self.run)

    def save_map(self, path: str | Path) -> Path:
        """Write the map as one HTML file that opens without a network.

        Raises:
            FleetplanError: the file cannot be written.
        """
        from fleetplan.show.fleetmap import save_map

        target = Path(path)
        save_map(self.result, target)
        return target

    def __str__(self) -> str:
        from fleetplan.show.tables import comparison_table

        return comparison_table(self.result.document)


def compare(
    streets: Streets,
    stops: Stops | Iterable[Stop] | str | Path | pd.DataFrame,
    *,
    depot: tuple[float, float],
    fleets: Mapping[str, FleetSpec],
    shift: tuple[str, str] = ("08:00", "18:00"),
    costs: str | Path | CostPack | None = None,
    max_walk_m: float = 150.0,
    seed: int = 0,
    effort: str | int = "normal",
    max_seconds: float | None = None,
    bound: bool = False,
    executor: Executor | None = None,
    progress: Progress | None = None,
    baseline: str | None = None,
    own_vehicles: Mapping[str, Vehicle] | str | Path | None = None,
    reload_min: float = 15.0,
    max_trips: int = 3,
    max_h: float | None = None,
    paid_min_h: float | None = None,
    width_quantile: float = 0.5,
    ordinance: str = "clearance",
    unserved_price_per_parcel: float | None = None,
    docks: int | None = None,
    rest_rules: str | Iterable[str] = (),
    rests: Iterable[Mapping[str, Any]] = (),
    driving_rule: Mapping[str, Any] | None = None,
) -> Comparison:
    """Plan the same delivery day for several fleets and compare them.

    Args:
        streets: the city.
        stops: checked stops, a stops file, or a table with its columns.
        depot: latitude and longitude where every trip starts and ends.
        fleets: by name the vehicle types of each fleet: catalogue names, :class:`Vehicle` objects, or
            ``{"type": "kei-van", "max": 20}`` for a limited number; ``shift`` (two times), ``max_span_h`` and
            ``max_stops`` limit the day of such an entry.
        shift: first loading and last return, ``HH:MM`` (up to ``47:59``).
        costs: a bundled pack (``JP``, ``US``, ``demo``), a file, or a pack; found from the country when absent.
        max_walk_m: longest walk from the vehicle to a stop, one way.
        seed: the search runs with this seed and the next two; the best plan is kept and the spread shown.
        effort: ``quick``, ``normal``, ``thorough`` or a number of steps per search.
        max_seconds: wall-time cap of each search; a bite is reported.
        bound: also work out what each fleet costs at least (:func:`fleetplan.planning.bounding.lower_bound`), for up
            to 200 stops; about 2 s for one type and 100 stops, 25 s for three.
        executor: any :class:`concurrent.futures.Executor`; ``None`` plans in this process.
        progress: called with a text, done and total.
        baseline: the fleet that differences refer to; of the fleets with fewest types the last by name when absent.
        own_vehicles: further vehicles by name, or a TOML file of them.
        reload_min: minutes of loading before every trip.
        max_trips: trips a day and vehicle.
        max_h: paid hours after which overtime starts; the cost pack's when absent.
        paid_min_h: hours that are paid at least; the cost pack's when absent.
        width_quantile: quantile of the pinch's distribution that decides access, 0.05 to 0.95.
        ordinance: how Japan's Vehicle Restriction Ordinance is read: ``clearance``, ``law`` or ``off``.
        unserved_price_per_parcel: ``None``: serve as many parcels as possible first, those of the highest priority
            before all others, then be cheap.
        docks: how many vehicles can be loaded at once; ``None``: all.
        rest_rules: rule sets of rests by name (``JP``, ``JP-drivers``, ``DE``, ``EU-561``; ``data/rests.toml``).
        rests: further rests of every driver, for example
            ``{"minutes": 45, "window": ["11:00", "14:00"], "after_h": 6, "paid": False}``; only ``minutes`` is needed.
        driving_rule: ``{"limit_h": 4.5, "rest_min": 45}``: no longer driving without such a rest.

    Raises:
        InputError: with every fault of the input.
        PlanningError: the checker rejected a plan.
    """
    study = study_of_arguments(
        streets,
        stops,
        depot=depot,
        fleets=fleets,
        shift=shift,
        costs=costs,
        own_vehicles=own_vehicles,
        depot_settings={"reload_min": reload_min, "max_trips": max_trips, "docks": docks},
        shift_settings={"max_h": max_h, "paid_min_h": paid_min_h},
        settings={
            "seed": seed,
            "effort": effort,
            "max_seconds": max_seconds,
            "bound": bound,
            "baseline": baseline,
            "max_walk_m": max_walk_m,
            "width_quantile": width_quantile,
            "ordinance": ordinance,
            "unserved_price_per_parcel": unserved_price_per_parcel,
            "rest_rules": rest_rules,
            "rests": rests,
            "driving_rule": driving_rule,
        },
    )
    return _run(study, executor=executor, progress=progress)


def compare_scenario(
    path: str | Path,
    *,
    seed: int | None = None,
    effort: str | int | None = None,
    max_seconds: float | None = None,
    bound: bool | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Compare the fleets of a scenario file; ``seed``, ``effort``, ``max_seconds`` and ``bound`` replace the file's.

    Raises:
        InputError: with every fault of the scenario and of the files it names.
        PlanningError: the checker rejected a plan.
    """
    study = study_of_scenario(Path(path), progress=progress)
    changes: dict[str, Any] = {"seed": seed, "effort": effort, "max_seconds": max_seconds, "bound": bound}
    study = replace(study, **{name: value for name, value in changes.items() if value is not None})
    return _run(study, executor=executor, progress=progress)


def _run(study: StudyInput, *, executor: Executor | None, progress: Progress | None) -> Comparison:
    began = time.perf_counter()
    result, answers = run_study(study, executor=executor, progress=progress)
    run = {
        "schema": "fleetplan.run/1",
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "wall_s": time.perf_counter() - began,
        "interrupted": answers.interrupted,
        "accidents": list(answers.accidents),
        "host": {"system": platform.system(), "machine": platform.machine(), "python": platform.python_version()},
        "versions": {name: version(name) for name in ("fleetplan", "numpy", "scipy", "ortools", "osmnx", "folium")},
    }
    return Comparison(result, run, answers.interrupted)


def vehicle_columns(streets: Streets, vehicle_or_name: Any, *, rules: AccessRules | None = None) -> dict[str, Any]:
    """The columns ``band_…``, ``reason_…`` and ``speed_kph_…`` of :meth:`Streets.frame` for one vehicle."""
    import numpy as np

    kind = vehicle_or_name if isinstance(vehicle_or_name, Vehicle) else vehicle(str(vehicle_or_name))
    access = decide_access(streets, kind, rules or AccessRules())
    speed = np.zeros(len(streets.stretches))
    np.maximum.at(speed, streets.edges.stretch, access.speed_kph)
    return {
        f"band_{kind.name}": [Band(band).label for band in access.stretch_band.tolist()],
        f"reason_{kind.name}": [access.reasons[row] for row in access.stretch_reason.tolist()],
        f"speed_kph_{kind.name}": speed,
    }


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        elif not isinstance(value, list):
            yield f"{prefix}{key}", value


Streets.vehicle_columns = staticmethod(vehicle_columns)
