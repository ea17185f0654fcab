"""The peers' own environment, and one request to a peer in a process of its own.

OSRM and Valhalla come as wheels for Python 3.12 and newer. They live in an environment of their own in the user's
cache folder, made once; nothing of it is seen by this project's Python.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

PACKAGES = {"osrm": "osrm-bindings==26.10.*", "valhalla": "pyvalhalla==3.9.1"}
OLDEST = (3, 12)
_WORKER = Path(__file__).with_name("peer_worker.py")


@dataclass(frozen=True)
class PeerPython:
    """A Python for the peers: which of them it can import, and why not the others."""

    path: Path | None
    reasons: Mapping[str, str] = field(default_factory=dict)

    def has(self, peer: str) -> bool:
        """Whether this Python imports a peer (``osrm``, ``valhalla`` …)."""
        return self.path is not None and peer not in self.reasons


@dataclass(frozen=True)
class PeerAnswer:
    """What a peer answered: figures and the matrices, or the reason why there are none."""

    figures: Mapping[str, Any]
    time_s: NDArray[np.float64] | None = None
    distance_m: NDArray[np.float64] | None = None

    @property
    def missing(self) -> str | None:
        """Why this peer was not measured."""
        return self.figures.get("not_measured")


def not_measured(reason: str) -> PeerAnswer:
    """The answer of a peer that cannot be had."""
    return PeerAnswer({"not_measured": reason})


def peer_python(
    given: str | Path | None = None,
    *,
    cache: Path | None = None,
    packages: Mapping[str, str] = PACKAGES,
    folder: str = "peers",
) -> PeerPython:
    """The Python that runs the peers, with an environment made for it where needed.

    Args:
        given: use this interpreter (an environment that already has the peers is used as it is); else the newest
            Python 3.12 or later found under pyenv's versions or on the search path.
        cache: where environments are kept; the user's cache folder when absent.
        packages: what is installed for each module that must be importable.
        folder: where in the user's cache folder.
    """
    candidates = [Path(given)] if given else _candidates()
    if not candidates:
        reason = f"no Python {OLDEST[0]}.{OLDEST[1]} or newer on this machine; name one with --peer-python"
        return _none(reason, packages)
    reasons: list[str] = []
    best: PeerPython | None = None
    for python in candidates:
        version = _version_of(python)
        if version is None or version < OLDEST:
            reasons.append(f"{python} is no Python {OLDEST[0]}.{OLDEST[1]} or newer")
            continue
        found = _importable(python, packages)
        if found.reasons:
            found = _with_environment(python, version, cache or user_cache_path("fleetplan") / folder, packages)
        if found.path is not None and not found.reasons:
            return found
        best = best or found
        reasons += [f"Python {version[0]}.{version[1]}: {text}" for text in dict.fromkeys(found.reasons.values())]
    if best is not None and any(best.has(peer) for peer in packages):
        return best
    return _none("; ".join(reasons), packages)


def ask(python: PeerPython, request: Mapping[str, Any], *, timeout_s: float = 3600.0) -> PeerAnswer:
    """One request to a peer, in a process and a temporary folder of its own, both gone afterwards."""
    peer = str(request["engine"])
    if not python.has(peer):
        return not_measured(python.reasons.get(peer, "no Python for it"))
    if ".osm" not in Path(str(request["osm"])).name.lower():
        return not_measured("the peers read OpenStreetMap files only")
    with _folder() as folder:
        asked = folder / "request.json"
        asked.write_text(json.dumps({**request, "folder": str(folder)}))
        return _answer(python, asked, folder, timeout_s=timeout_s)


def _answer(python: PeerPython, asked: Path, folder: Path, *, timeout_s: float) -> PeerAnswer:
    with (folder / "errors.log").open("wb") as log:
        process = subprocess.Popen(
            [str(python.path), "-I", str(_WORKER), str(asked)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
        try:
            out, _ = process.communicate(timeout=timeout_s)
        except BaseException as error:
            # The worker's own session holds nothing but it and the programs it started.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                return not_measured(f"no answer within {timeout_s:.0f} s")
            raise
    words = (folder / "errors.log").read_text(errors="replace").strip()[-300:]
    try:
        figures = json.loads(out)
    except json.JSONDecodeError:
        return not_measured(f"ended with status {process.returncode} and no answer: {words}")
    if "error" in figures:
        return not_measured(figures["error"])
    return PeerAnswer(figures, _matrix(folder / "time_s.f64"), _matrix(folder / "distance_m.f64"))


def _matrix(path: Path) -> NDArray[np.float64] | None:
    if not path.is_file():
        return None
    flat = np.fromfile(path, dtype=np.float64)
    side = round(len(flat) ** 0.5)
    return flat.reshape(side, side)


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="fleetplan-peer-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _candidates() -> list[Path]:
    found = list((Path.home() / ".pyenv" / "versions").glob("*/bin/python"))
    found += [Path(p) for minor in range(OLDEST[1], 30) if (p := shutil.which(f"python3.{minor}"))]
    found += [Path(p) for name in ("python3", "python") if (p := shutil.which(name))]
    by_version: dict[tuple[int, ...], Path] = {}
    for path in [*found, Path(sys.executable)]:
        version = _version_of(path)
        if version is not None and version >= OLDEST:
            by_version.setdefault(version, path)
    return [by_version[version] for version in sorted(by_version, reverse=True)]


def _version_of(python: Path) -> tuple[int, ...] | None:
    code, out = _run([str(python), "-I", "-c", "import sys; print(*sys.version_info[:2])"])
    try:
        return tuple(int(part) for part in out.split()) if code == 0 else None
    except ValueError:
        return None


def _importable(python: Path, packages: Mapping[str, str]) -> PeerPython:
    reasons = {}
    for peer in packages:
        code, out = _run([str(python), "-I", "-c", f"import {peer}"])
        if code != 0:
            reasons[peer] = f"{peer} cannot be imported: {out.strip()[-200:]}"
    return PeerPython(python, reasons)


def _with_environment(python: Path, version: Sequence[int], cache: Path, packages: Mapping[str, str]) -> PeerPython:
    home = cache / f"python-{version[0]}.{version[1]}"
    inside = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not inside.is_file():
        print(f"making an environment for the peers in {home} (once) …", file=sys.stderr, flush=True)
        home.parent.mkdir(parents=True, exist_ok=True)
        code, out = _run([str(python), "-m", "venv", str(home)], timeout_s=300.0)
        if code != 0:
            shutil.rmtree(home, ignore_errors=True)
            return _none(f"no environment could be made: {out.strip()[-200:]}", packages)
    found = _importable(inside, packages)
    for peer in list(found.reasons):
        _, out = _run([str(inside), "-m", "pip", "install", "-q", packages[peer]], timeout_s=900.0)
        if _importable(inside, packages).has(peer):
            continue
        found = PeerPython(inside, {**found.reasons, peer: f"{packages[peer]} cannot be had: {out.strip()[-200:]}"})
    still = _importable(inside, packages)
    return PeerPython(inside, {peer: found.reasons[peer] for peer in still.reasons})


def _none(reason: str, packages: Mapping[str, str]) -> PeerPython:
    return PeerPython(None, dict.fromkeys(packages, reason))


def _run(command: list[str], *, timeout_s: float = 60.0) -> tuple[int, str]:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout_s
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 1, str(error)
    return done.returncode, done.stdout.decode(errors="replace")
