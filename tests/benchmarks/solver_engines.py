"""Who is measured: each engine runs in processes of its own, on cores that it is tied to, for the same wall time.

An engine that plans on one core runs twice at once, one process on each core (PyVRP with two seeds, OR-Tools with its
two settings), and the better answer counts. The clock starts when a process has the case's arrays in memory, so that
reading files, starting Python and compiling are nobody's loss; what compiling took is told.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.peers import PeerPython, peer_python
from tests.benchmarks.solver_cases import Case, Day
from tests.benchmarks.solver_checking import evaluate

PACKAGES = {"pyvrp": "pyvrp==0.14.1", "vroom": "pyvroom==1.15.2", "ortools": "ortools==9.15.6755"}
CORES = 2
_ROOT = Path(__file__).resolve().parents[2]
_SCRIPTS = Path(__file__).with_name("solver_peers")


@dataclass(frozen=True)
class Engine:
    """One engine.

    Attributes:
        name: on the command line and in results.
        script: of a peer; ``None`` for ours.
        module: that the peer's script imports.
        processes: how many run at once, each on its share of the cores.
        one_trip: whether it cannot load twice, so that its trips are joined to days afterwards.
        options: passed to :mod:`tests.benchmarks.solver_ours`.
    """

    name: str
    script: str | None = None
    module: str = ""
    processes: int = 1
    one_trip: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


ENGINES = {
    engine.name: engine
    for engine in (
        Engine("ours"),
        Engine("ours-without-pyvrp", options={"without": ["pyvrp"]}),
        Engine("ours-without-kernel", options={"without": ["kernel"]}),
        Engine("pyvrp", "with_pyvrp.py", "pyvrp", processes=2),
        Engine("vroom", "with_vroom.py", "vroom", one_trip=True),
        Engine("ortools", "with_ortools.py", "ortools", processes=2, one_trip=True),
    )
}


@dataclass(frozen=True)
class Answer:
    """What an engine answered.

    Attributes:
        days: the plan; ``None`` where there is none.
        note: why not, or what else is to be said.
        available: ``False`` where the engine cannot be asked this at all.
        cost: stated by ours for a plan that it tells with all its times; else worked out from ``days``.
        faults: found by fleetplan's own checker in such a plan.
    """

    days: tuple[Day, ...] | None
    version: str = ""
    wall_s: float = 0.0
    cpu_s: float = 0.0
    compile_s: float = 0.0
    peak_mb: float = 0.0
    note: str = ""
    available: bool = True
    cost: float | None = None
    faults: tuple[str, ...] = ()


def run_engine(engine: Engine, target: str, case: Case, *, seconds: float, seed: int) -> Answer:
    """An engine's answer to a case.

    Args:
        target: from which ours reads the case in its own process (a path or the name of a city problem).
    """
    if engine.script is None:
        return _run_ours(engine, target, seconds=seconds, seed=seed)
    python = solver_python()
    if not python.has(engine.module):
        return Answer(None, available=False, note=python.reasons.get(engine.module, "no Python for it"))
    with tempfile.TemporaryDirectory(prefix="fleetplan-solver-") as folder:
        home = Path(folder)
        _write_case(home, case)
        cores = cores_used()
        share = [cores[slot % len(cores) :: engine.processes] for slot in range(engine.processes)]
        started = []
        for slot in range(engine.processes):
            own = home / f"slot-{slot}"
            own.mkdir()
            for array in home.glob("*.npy"):
                (own / array.name).symlink_to(array)
            request = {**_request_of(case), "seconds": seconds, "seed": engine.processes * seed + slot, "slot": slot}
            (own / "request.json").write_text(json.dumps({**request, "threads": len(share[slot])}))
            command = [str(python.path), "-E", "-s", str(_SCRIPTS / engine.script), str(own)]
            started.append(_start(command, own, cores=share[slot]))
        answers = [_collect(process, log, seconds=seconds) for process, log in started]
    return _better(case, [_told(answer) for answer in answers])


def version_of(engine: Engine) -> str:
    """The version of an engine, as its results tell it."""
    return PACKAGES.get(engine.module, "fleetplan").rpartition("==")[2]


@cache
def solver_python() -> PeerPython:
    """The Python that has the peers, its environment made when first asked for."""
    return peer_python(packages=PACKAGES, folder="solver-peers")


@cache
def cores_used() -> tuple[int, ...]:
    """The cores that engines run on."""
    if not hasattr(os, "sched_getaffinity"):
        return tuple(range(min(CORES, os.cpu_count() or 1)))
    return tuple(sorted(os.sched_getaffinity(0))[:CORES])


def _run_ours(engine: Engine, target: str, *, seconds: float, seed: int) -> Answer:
    request = {"target": target, "seconds": seconds, "seed": seed, **engine.options}
    with tempfile.TemporaryDirectory(prefix="fleetplan-solver-") as folder:
        home = Path(folder)
        (home / "request.json").write_text(json.dumps(request))
        command = [sys.executable, "-m", "tests.benchmarks.solver_ours", str(home)]
        process, log = _start(command, home, cores=cores_used())
        return _told(_collect(process, log, seconds=seconds))


def _start(command: Sequence[str], home: Path, *, cores: Sequence[int]) -> tuple[subprocess.Popen[bytes], Path]:
    log = home / "words.log"

    def tie() -> None:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, cores)

    with log.open("wb") as words:
        process = subprocess.Popen(
            list(command),
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=words,
            start_new_session=True,
            preexec_fn=tie if os.name == "posix" else None,
        )
    return process, log


def _collect(process: subprocess.Popen[bytes], log: Path, *, seconds: float) -> dict[str, Any]:
    """The JSON answer of a process, which may take three times its seconds and five minutes to start."""
    try:
        out, _ = process.communicate(timeout=3.0 * seconds + 300.0)
    except BaseException as error:
        # the process's own session holds nothing but it and what it started
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            return {"error": f"no answer within {3.0 * seconds + 300.0:.0f} s"}
        raise
    try:
        answer: dict[str, Any] = json.loads(out)
    except json.JSONDecodeError:
        words = log.read_text(errors="replace").strip()[-400:]
        return {"error": f"ended with status {process.returncode} and no answer: {words}"}
    return answer


def _told(answer: Mapping[str, Any]) -> Answer:
    days = answer.get("days")
    return Answer(
        days=None if days is None else tuple(Day(kind, tuple(map(tuple, trips))) for kind, trips in days),
        note=answer.get("error", answer.get("not_available", answer.get("note", ""))),
        available="not_available" not in answer,
        faults=tuple(answer.get("faults", ())),
        **{key: answer[key] for key in ("version", "wall_s", "cpu_s", "compile_s", "peak_mb", "cost") if key in answer},
    )


def _better(case: Case, answers: Sequence[Answer]) -> Answer:
    """The best of what several processes found; they share the wall time and add up their other figures."""

    def rank(answer: Answer) -> tuple[int, float]:
        if answer.days is None:
            return 2, 0.0
        cost, faults = evaluate(case, answer.days)
        return (1 if faults else 0), cost

    best = min(answers, key=rank)
    return Answer(
        days=best.days,
        version=best.version,
        wall_s=max(answer.wall_s for answer in answers),
        cpu_s=sum(answer.cpu_s for answer in answers),
        peak_mb=sum(answer.peak_mb for answer in answers),
        note=best.note,
        available=best.available,
    )


def _request_of(case: Case) -> dict[str, Any]:
    kinds = [
        {
            "count": kind.count,
            "capacity": list(kind.capacity),
            "fixed": kind.fixed,
            "per_tick": kind.per_tick,
            "matrix": kind.matrix,
            "max_span": kind.max_span,
            "max_trips": kind.max_trips,
        }
        for kind in case.types
    ]
    figures = {"loading": case.loading, "wage": case.wage, "min_paid": case.min_paid, "timed": case.timed}
    return {"types": kinds, **figures}


def _write_case(home: Path, case: Case) -> None:
    arrays = {
        "lengths": np.stack(case.lengths),
        "durations": np.stack(case.durations),
        "allowed": np.stack([kind.allowed for kind in case.types]),
        "demand": case.demand,
        "service": case.service,
        "windows": case.windows,
        "release": case.release,
    }
    for name, array in arrays.items():
        np.save(home / f"{name}.npy", array)
