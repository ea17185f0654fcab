"""A browser without a network for maps, and small comparisons to draw."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fleetplan.study.result import StudyResult
from tests.show import worlds

LAUNCH = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars")


@dataclass
class Opened:
    """A page and everything it did that a good map does not do."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def find_chromium() -> str | None:
    """The system's Chromium: ``$CHROMIUM``, else the first of its usual names on the path."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named if Path(named).exists() else None
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((found for name in names if (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium. Without one the tests skip; in continuous integration that is a failure."""
    missing = ""
    executable = find_chromium()
    if executable is None:
        missing = "no Chromium found; install it (Debian: apt-get install chromium) or set CHROMIUM"
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing = "playwright is not installed; install the extra 'test'"
    if missing:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable, args=list(LAUNCH))
        yield running
        running.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Opened]]:
    """Opens a file in a context of its own that has no network, and records requests and complaints."""
    contexts = []

    def open_file(
        path: Path, *, width: int = 1400, height: int = 900, phone: bool = False, ready: bool = True
    ) -> Opened:
        context = browser.new_context(
            viewport={"width": width, "height": height}, offline=True, is_mobile=phone, has_touch=phone
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        opened = Opened(page)
        page.on("request", lambda request: opened.requests.append(request.url))
        page.on("console", lambda message: opened.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: opened.complaints.append(f"error: {error}"))

        def on_dialog(dialog: Any) -> None:
            opened.complaints.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        page.on("dialog", on_dialog)
        page.goto(path.as_uri())
        if ready:
            page.wait_for_selector("html[data-ready=yes]", state="attached")
        return opened

    yield open_file
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def town_study() -> StudyResult:
    """Three fleets on a small town, stops with hostile names; one fleet leaves a stop unserved."""
    streets = worlds.small_town()
    stops = worlds.stops_near(streets, len(worlds.HOSTILE), names=worlds.HOSTILE)
    fleets = {"kei": {"kei-van": 2}, "mixed": {"kei-van": 1, "full-size-van": 1}, "van": {"full-size-van": 2}}
    return worlds.study(streets, stops, fleets, unserved={"van": [3]})


@pytest.fixture(scope="session")
def helsinki_study(helsinki_path: Path) -> StudyResult:
    """Three fleets and 80 stops in the bundled city."""
    from fleetplan.city.streets import Streets

    streets = Streets.from_file(helsinki_path)
    fleets = {"kei": {"kei-van": 4}, "mixed": {"kei-van": 2, "full-size-van": 1}, "van": {"full-size-van": 3}}
    return worlds.study(streets, worlds.stops_near(streets, 80), fleets)
