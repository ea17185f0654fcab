"""City problems."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.solver_cases import Case

CITY = "city:"


def is_city(name: str) -> bool:
    return False


def city_case(name: str, shared: Path) -> Case:
    raise NotImplementedError
