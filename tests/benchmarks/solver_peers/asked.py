"""A request to a peer: the case's arrays from the request's folder, and the answer in one shape for all peers."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


class NotInModelError(Exception):
    """The peer's model lacks something that the case needs."""


@dataclass(frozen=True)
class Asked:
    """What ``tests.benchmarks.solver_engines`` writes: see ``Case`` and ``CaseType`` there for the fields' meaning."""

    seconds: float
    seed: int
    slot: int
    threads: int
    types: list[dict[str, Any]]
    lengths: Any
    durations: Any
    allowed: Any
    demand: Any
    service: Any
    windows: Any
    release: Any
    loading: int
    wage: float
    min_paid: int
    timed: bool
    began: float

    @property
    def nodes(self) -> int:
        """Nodes, the depot included."""
        return len(self.service)

    @property
    def several_trips(self) -> bool:
        """Whether any vehicle may load again."""
        return any(kind["max_trips"] > 1 for kind in self.types)

    def left(self) -> float:
        """Seconds that are left of the time given."""
        return max(0.0, self.seconds - (time.perf_counter() - self.began))


def answer(solve: Callable[[Asked], list[tuple[int, list[list[int]]]]], version: str) -> None:
    """Reads the request, solves within its seconds, and prints days, time and memory."""
    folder = Path(sys.argv[1])
    request = json.loads((folder / "request.json").read_text())
    arrays = {
        name: np.load(folder / f"{name}.npy", mmap_mode="r")
        for name in ("lengths", "durations", "allowed", "demand", "service", "windows", "release")
    }
    spent = time.process_time()
    began = time.perf_counter()
    told: dict[str, Any] = {"version": version}
    try:
        told["days"] = solve(Asked(**request, **arrays, began=began))
    except NotInModelError as error:
        told["not_available"] = str(error)
    told["wall_s"] = time.perf_counter() - began
    told["cpu_s"] = time.process_time() - spent
    told["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    print(json.dumps(told))
