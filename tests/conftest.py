"""What every test may use: the folder of shared real data, and the bundled city."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

# jobs that a script runs in the background ignore Ctrl-C, and so do their children, which tests interrupt
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# a busy machine must not make a property fail: no test asserts how long anything takes; the gate judges the change, not
# the draw, and the campaigns under tests/campaigns look further
settings.register_profile(
    "no_clock",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("no_clock")


@pytest.fixture(scope="session", autouse=True)
def prepared_cities(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What cities are prepared to is kept for this run only, never in the user's cache."""
    os.environ["FLEETPLAN_CACHE"] = str(tmp_path_factory.mktemp("prepared"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of shared extracts and instances; tests that need it skip where it is absent."""
    path = Path(os.environ.get("FLEETPLAN_TEST_DATA", ROOT.parent / "shared"))
    if not path.is_dir():
        pytest.skip(f"no shared test data at {path}; set FLEETPLAN_TEST_DATA to run this test")
    return path


@pytest.fixture(scope="session")
def helsinki_path() -> Path:
    """The bundled extract."""
    return ROOT / "data" / "helsinki.osm.pbf"
