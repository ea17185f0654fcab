"""The example scripts and files are documentation: each must run as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def run(*command: str, cwd: Path) -> str:
    """Standard output of a Python command that must succeed."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, cwd=cwd, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_plan_helsinki_runs(tmp_path: Path) -> None:
    """Protects the first script a newcomer opens: it plans three fleets and writes their files."""
    printed = run(str(ROOT / "examples" / "plan_helsinki.py"), str(tmp_path / "out"), cwd=tmp_path)
    assert "mixed" in printed
    assert (tmp_path / "out" / "map.html").stat().st_size > 100_000


def test_own_graph_runs(tmp_path: Path) -> None:
    """Protects the way in for osmnx users: a graph goes to a comparison."""
    assert "kei" in run(str(ROOT / "examples" / "own_graph.py"), cwd=tmp_path)


def test_own_vehicle_runs(tmp_path: Path) -> None:
    """Protects users' own vehicles: the file beside the script is read and its vehicle planned."""
    assert "own" in run(str(ROOT / "examples" / "own_vehicle.py"), cwd=tmp_path)


@pytest.mark.parametrize("page", [*sorted((ROOT / "examples").glob("*.md")), ROOT / "README.md"], ids=lambda p: p.name)
def test_python_blocks_of_the_pages_run(page: Path, tmp_path: Path) -> None:
    """Protects the written examples: every ``python`` block of a page runs, blocks of one page after each other."""
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    if blocks:
        script = tmp_path / "page.py"
        script.write_text("\n".join(blocks), encoding="utf-8")
        run(str(script), cwd=tmp_path)
