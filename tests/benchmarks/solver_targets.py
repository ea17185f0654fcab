"""What the command line names: VRPLIB files, folders of them, and city problems such as ``city:osaka:300``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from fleetplan.planning.problem import Problem
from tests.benchmarks.solver_cases import Case, read_case
from tests.benchmarks.solver_cities import CITY, city_case, city_problem, is_city

SHORT = (
    "vrp/HFVRP/X125-HVRP.vrp",
    "vrp/HFVRP/X228-FSMFD.vrp",
    "vrp/HFVRP/X359-HD.vrp",
    "vrp/SDVRPTW/PR03.vrp",
    "vrp/SDVRPTW/PR12A.vrp",
    "vrp/VRPTW/R1_10_2.vrp",
    "vrp/VRPTW/RC2_10_6.vrp",
    "vrp/MTVRPTWR/R203R0.25.vrp",
    "vrp/MTVRPTWR/C2_2_05R0.25.vrp",
    "vrp/CVRP/X-n359-k29.vrp",
    "city:osaka:300",
    "city:porto:1000",
)
"""A dozen for daily use: every set, small and large, many types and one."""


def shared_folder() -> Path:
    """The folder of shared data."""
    return Path(os.environ.get("FLEETPLAN_TEST_DATA", Path(__file__).resolve().parents[3] / "shared"))


def targets_of(named: Iterable[str], *, panel: str | None = None) -> list[str]:
    """Every case that was named, once and in order; a folder stands for all instances in it.

    Raises:
        FileNotFoundError: there is no such file, or a folder without instances.
        ValueError: no such city problem.
    """
    wanted = [*named]
    if panel == "short":
        wanted += [name if name.startswith(CITY) else str(shared_folder() / name) for name in SHORT]
    found: dict[str, None] = {}
    for name in wanted:
        if name.startswith(CITY):
            if not is_city(name):
                raise ValueError(f"{name!r} is no city problem; write city:helsinki:300, :osaka: or :porto:")
            found[name] = None
            continue
        path = Path(name)
        files = sorted(path.rglob("*.vrp")) if path.is_dir() else [path]
        if not files or not files[0].is_file():
            raise FileNotFoundError(f"no instance at {path}")
        found |= {str(file.resolve()): None for file in files}
    return list(found)


def name_of(target: str) -> str:
    """The name of a case as its results tell it."""
    return target if target.startswith(CITY) else Path(target).stem


def case_of(target: str) -> Case:
    """A case by its name or path."""
    return city_case(target, shared_folder()) if target.startswith(CITY) else read_case(Path(target))


def problem_of(target: str) -> Problem:
    """The same as fleetplan is given it, without the arrays that the peers need."""
    return city_problem(target, shared_folder()) if target.startswith(CITY) else read_case(Path(target)).problem
