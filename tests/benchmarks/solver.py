"""Ours and the peers on public instances and on cities: ``python -m tests.benchmarks.solver PATH... --seconds 10``.

A PATH is a VRPLIB file, a folder of them, or a city problem (``city:helsinki:100``, ``city:osaka:1000`` …, see
``solver_cities``). Every engine gets the same two cores and the same wall time; every answer is costed and checked by
the set's own rules, and in cities by fleetplan's checker. An infeasible answer has no gap. A peer whose model lacks a
set reads ``n/a``; how peers are given cities stands in ``solver_peers`` and ``solver_cities``.

Equal wall time is equal work only on a machine that does nothing else: ``load_before`` tells how many processes were
busy during the minute before, and processor seconds well below cores × wall time tell the same.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fleetplan.planning.verifying import verify
from tests.benchmarks.solver_cases import Case, Day, routes_of
from tests.benchmarks.solver_checking import evaluate, join_days, plan_of
from tests.benchmarks.solver_engines import ENGINES, Answer, Engine, cores_used, run_engine, version_of
from tests.benchmarks.solver_statistics import failures, medians, paired, with_gaps
from tests.benchmarks.solver_table import show
from tests.benchmarks.solver_targets import case_of, name_of, targets_of
from tests.benchmarks.vrplib import VrplibError, write_solution

Run = Callable[..., Answer]
Key = tuple[str, str, int, float]


def run(
    targets: Sequence[str],
    *,
    seconds: float,
    engines: Sequence[Engine],
    seeds: int = 3,
    resume: Path | None = None,
    again: Sequence[str] = (),
    solutions: Path | None = None,
    run_one: Run = run_engine,
) -> dict[str, Any]:
    """All engines on all targets, as the document of ``--json``.

    Args:
        resume: JSON Lines of results; what it has is not run again, and each new result is appended at once.
        again: engines that run all the same; the newest result of a file counts.
        run_one: what asks an engine.
    """
    kept = read_results(resume) if resume else {}
    names = {engine.name for engine in engines}
    wanted: list[Key] = []
    for target in targets:
        case: Case | None = None
        for seed in range(seeds):
            for engine in engines:
                key = (name_of(target), engine.name, seed, seconds)
                wanted.append(key)
                if key in kept and engine.name not in again:
                    continue
                case = case or case_of(target)
                _say(f"{case.name}, seed {seed}, {engine.name} …")
                kept[key] = measure(run_one, engine, target, case, seconds=seconds, seed=seed, solutions=solutions)
                _say(f"    {_brief(kept[key])}")
                if resume:
                    _append(resume, kept[key])
    instances = {key[0] for key in wanted}
    # costs found earlier by any engine count where the best of a run is the reference
    known = with_gaps([row for row in kept.values() if row["instance"] in instances])
    rows = [row for row in known if (row["instance"], row["engine"], row["seed"], row["seconds"]) in set(wanted)]
    return {
        "schema": "fleetplan.benchmark.solver/1",
        "seconds": seconds,
        "seeds": seeds,
        "engines": {name: sorted({row["version"] for row in rows if row["engine"] == name}) for name in sorted(names)},
        "machine": {"cores": len(cores_used()), "python": platform.python_version(), "system": platform.system()},
        "results": rows,
        "median": medians(rows),
        "failed": failures(rows),
        "paired": paired(rows),
    }


def measure(
    run_one: Run, engine: Engine, target: str, case: Case, *, seconds: float, seed: int, solutions: Path | None = None
) -> dict[str, Any]:
    """One engine on one case with one seed: asked, costed, checked."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    answer = run_one(engine, target, case, seconds=seconds, seed=seed)
    cost: float | None = None
    feasible: bool | None = None if not answer.available else False
    faults: list[str] = []
    if answer.days is not None:
        days = list(answer.days)
        if engine.one_trip and any(kind.max_trips > 1 for kind in case.types):
            days = join_days(case, days)
        cost, faults = _judge(case, days, answer)
        feasible = not faults
        if feasible and solutions:
            file = solutions / f"{case.name.replace(':', '-')}.{engine.name}.{seed}.sol"
            vehicles = sum(len(kind.vehicles) for kind in case.types)
            write_solution(file, routes_of(case, days), cost, vehicles=vehicles if len(case.types) > 1 else 0)
    return {
        "instance": case.name,
        "set": case.set,
        "engine": engine.name,
        "version": (answer.version or version_of(engine)) + (_commit() if engine.script is None else ""),
        "seed": seed,
        "seconds": seconds,
        "cost": cost,
        "best_known": case.best_known,
        "feasible": feasible,
        "wall_s": round(answer.wall_s, 3),
        "cpu_s": round(answer.cpu_s, 3),
        "compile_s": round(answer.compile_s, 3),
        "peak_mb": round(answer.peak_mb, 1),
        "load_before": load,
        "note": "; ".join([answer.note, *faults[:3]]).strip("; "),
    }


def _judge(case: Case, days: list[Day], answer: Answer) -> tuple[float, list[str]]:
    """Cost and faults: by the set's rules, and in cities also by fleetplan's checker of plans."""
    cost, faults = evaluate(case, days)
    faults += answer.faults
    if case.given is None or faults:
        return cost, faults
    plan = plan_of(case.given, days, cost=cost)
    if plan is None:
        return cost, ["misses a window"]
    # ours is held to the cost that it states for its own times
    return max(cost, answer.cost or cost), [str(fault) for fault in verify(case.given, plan)]


def read_results(path: Path) -> dict[Key, dict[str, Any]]:
    """Results of a file by instance, engine, seed and seconds; the newest counts, a line cut short does not."""
    found: dict[Key, dict[str, Any]] = {}
    if not path.is_file():
        return found
    for line in path.read_text().splitlines():
        try:
            row = json.loads(line)
            found[row["instance"], row["engine"], row["seed"], row["seconds"]] = row
        except (json.JSONDecodeError, KeyError, TypeError):
            continue
    return found


def _append(path: Path, row: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = path.read_text() if path.is_file() else ""
    with path.open("a") as file:
        # a run that was killed may have left half a line
        file.write(("" if not text or text.endswith("\n") else "\n") + json.dumps(row, sort_keys=True) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _commit() -> str:
    """Which code this is: results of a file may be of several."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True)
    return f"+{done.stdout.strip()}" if done.returncode == 0 else ""


def _brief(row: dict[str, Any]) -> str:
    if row["feasible"] is None:
        return f"n/a: {row['note']}"
    if not row["feasible"]:
        return f"no feasible plan: {row['note']}"
    known = row["best_known"]
    gap = f", gap {100.0 * (row['cost'] / known - 1.0):.2f} %" if known else ""
    return f"{row['cost']:.10g}{gap}, {row['wall_s']:.1f} s, {row['peak_mb']:.0f} MB {row['note']}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.solver", description=__doc__)
    parser.add_argument("paths", nargs="*", metavar="PATH", help="VRPLIB files, folders, or city problems")
    parser.add_argument("--panel", choices=["short"], help="a dozen instances over all sets")
    parser.add_argument("--seconds", type=float, default=10.0, help="wall time of each solve")
    parser.add_argument("--engines", default="ours,pyvrp,vroom,ortools", help=f"of {', '.join(ENGINES)}")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--resume", type=Path, help="JSON Lines: append results at once, skip what is done")
    parser.add_argument("--again", default="", help="engines to run although --resume has them")
    parser.add_argument("--solutions", type=Path, help="folder for .sol files")
    parser.add_argument("--json", action="store_true")
    return parser


def main(arguments: Sequence[str] | None = None, *, run_one: Run = run_engine) -> int:
    """Measures and prints."""
    parser = _parser()
    given = parser.parse_args(arguments)
    chosen = [name for name in given.engines.split(",") if name]
    again = [name for name in given.again.split(",") if name]
    if unknown := {*chosen, *again} - set(ENGINES):
        parser.error(f"there is no engine {', '.join(sorted(unknown))}; there are {', '.join(ENGINES)}")
    if given.seconds <= 0 or given.seeds < 1 or not chosen:
        parser.error("some time, one seed and one engine at least")
    try:
        targets = targets_of(given.paths, panel=given.panel)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    if not targets:
        parser.error("name a PATH or a --panel")
    try:
        document = run(
            targets,
            seconds=given.seconds,
            engines=[ENGINES[name] for name in chosen],
            seeds=given.seeds,
            resume=given.resume,
            again=again,
            solutions=given.solutions,
            run_one=run_one,
        )
    except VrplibError as error:
        print(error, file=sys.stderr)
        return 1
    show(document, to_error=given.json)
    if given.json:
        print(json.dumps(document, indent=2, sort_keys=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
