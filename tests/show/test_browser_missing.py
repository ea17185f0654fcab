"""Browser tests never pass by not running: where Chromium is absent they say so, and in CI they fail."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(("ci", "outcome"), [("true", "1 error"), ("", "1 skipped")])
def test_absent_browser_skips_but_fails_in_ci(tmp_path: Path, ci: str, outcome: str) -> None:
    """Without Chromium a browser test skips with its reason, and is an error where CI is "true"."""
    test = Path(__file__).with_name("test_browser.py")
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-v",
            "-rs",
            "-p",
            "no:cacheprovider",
            f"{test}::test_canary_an_ugly_page_is_caught",
        ],
        env={**os.environ, "CI": ci, "CHROMIUM": str(tmp_path / "none")},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome in run.stdout
    assert "no Chromium found" in run.stdout
    assert (run.returncode == 0) == (not ci)
