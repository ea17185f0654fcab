"""Reads VRPLIB instances and solutions, and writes solutions.

The keys and sections are those of the sets HFVRP, SDVRPTW, VRPTW, MTVRPTWR and CVRP in the dialect of the public
collection they come from: tables of one row per node or vehicle, numbered from 1, of which node 1 is the depot. In
solutions clients are numbered from 1 and 0 inside a route is a stop at the depot. The ``vrplib`` package reads the
same files; sixty lines save a dependency that would not do the half of this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class VrplibError(ValueError):
    """A file that is not what the format says, with its name."""


@dataclass(frozen=True, eq=False)
class Instance:
    """A file's content: ``specifications`` by upper-case key; ``sections`` as rows of numbers without their index."""

    name: str
    specifications: Mapping[str, str]
    sections: Mapping[str, list[list[float]]]

    @property
    def dimension(self) -> int:
        """Nodes, the depot included."""
        return int(self.specifications["DIMENSION"])

    def number(self, key: str) -> float | None:
        """A specification as a number."""
        return float(self.specifications[key]) if key in self.specifications else None

    def column(self, section: str, rows: int, *, default: float | None = None) -> Floats:
        """One figure for each row of a section, or the specification or default that stands for all.

        Raises:
            VrplibError: there is none of them, or not one figure for each of ``rows``.
        """
        if section in self.sections:
            found = [row[0] for row in self.sections[section] if row]
            if len(found) != rows:
                raise VrplibError(f"{self.name}: {len(found)} figures in {section}, not {rows}")
            return np.array(found, dtype=np.float64)
        value = self.number(section)
        value = default if value is None else value
        if value is None:
            raise VrplibError(f"{self.name}: neither a section nor a figure {section}")
        return np.full(rows, value)

    def pairs(self, section: str) -> Floats | None:
        """A section of two figures for each node, ``float64[nodes, 2]``."""
        if section not in self.sections:
            return None
        found = np.array(self.sections[section], dtype=np.float64)
        if found.shape != (self.dimension, 2):
            raise VrplibError(f"{self.name}: {section} has shape {found.shape}")
        return found


def read_instance(path: Path) -> Instance:
    """An instance file.

    Raises:
        VrplibError: a row is no row of numbers, is numbered wrongly, or the dimension is missing.
    """
    specifications: dict[str, str] = {}
    sections: dict[str, list[list[float]]] = {}
    section = ""
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        text = line.strip()
        if not text or text == "EOF":
            continue
        if text.endswith("_SECTION"):
            section = text.removesuffix("_SECTION")
            sections[section] = []
        elif text[0].isalpha():
            key, _, value = text.partition(":")
            specifications[key.strip().upper()] = value.strip().strip('"')
        elif section != "DEPOT":
            try:
                index, *figures = (float(word) for word in text.split())
            except ValueError as error:
                raise VrplibError(f"{path.name}, line {number}: {error}") from None
            sections[section].append(figures)
            if index != len(sections[section]):
                raise VrplibError(f"{path.name}, line {number}: row {index:g} where {len(sections[section])} is due")
    if "DIMENSION" not in specifications:
        raise VrplibError(f"{path.name}: no DIMENSION")
    return Instance(specifications.get("NAME", path.stem), specifications, sections)


def read_solution(path: Path) -> tuple[dict[int, list[list[int]]], float]:
    """A solution file: the trips of each vehicle number that drives (from 1), and the stated cost."""
    routes: dict[int, list[list[int]]] = {}
    cost = None
    for line in path.read_text().splitlines():
        head, _, rest = line.strip().partition(":")
        word, *more = head.split()[:2] if head else [""]
        if word == "Route":
            trips = trips_of([int(client) for client in rest.split()])
            if trips:
                routes[int(more[0].lstrip("#"))] = trips
        elif word == "Cost":
            cost = float(rest or more[0])
    if cost is None:
        raise VrplibError(f"{path.name}: no cost")
    return routes, cost


def trips_of(visits: Sequence[int]) -> list[list[int]]:
    """A route's clients cut at its reloads; trips that visit nobody are none."""
    trips: list[list[int]] = [[]]
    for client in visits:
        if client == 0:
            trips.append([])
        else:
            trips[-1].append(client)
    return [trip for trip in trips if trip]


def write_solution(
    path: Path, routes: Mapping[int, Sequence[Sequence[int]]], cost: float, *, vehicles: int = 0
) -> None:
    """Writes a solution file; with ``vehicles`` each vehicle has a line, whether it drives or not."""
    lines = []
    for number in range(1, max([vehicles, *routes]) + 1):
        if number in routes or vehicles:
            visits = " 0 ".join(" ".join(map(str, trip)) for trip in routes.get(number, []))
            lines.append(f"Route #{number}: {visits}".rstrip())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*lines, f"Cost: {cost:.10g}"]) + "\n")
