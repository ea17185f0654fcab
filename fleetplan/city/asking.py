"""Asking OpenStreetMap's servers with patience, and with the settings of osmnx.

What may pass – a busy server, a time-out, a cut-off or foreign answer – is asked again after growing pauses, up to a
limit; what will not pass is told at once. osmnx itself would ask a busy server again for ever.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, TypeVar

import platformdirs
import requests
from urllib3.exceptions import NewConnectionError

from fleetplan.errors import CityError

TRIES = 6
"""How often the same question is asked before giving up."""
TRIES_WITHOUT_CONNECTION = 2
"""The same, where no connection came about at all: a wrong address or no network seldom passes."""
FIRST_PAUSE_S = 5.0
"""Pause before the second try."""
PAUSE_GROWTH = 2.0
"""Each pause over the one before it: 5, 10, 20, 40 and 80 s between six tries."""
LONGEST_PAUSE_S = 300.0
"""A server that asks for a longer pause (``Retry-After``) is given up at once, and its wish told."""

Tell = Callable[[str], None]
Answer = TypeVar("Answer")

_OSMNX_CACHE = "./cache"  # the default of osmnx, which would litter the working folder
_BUSY = frozenset((429, 504))
_SHOWN = 160
_UNUSABLE = (requests.exceptions.SSLError, requests.TooManyRedirects, ValueError)  # ValueError: no scheme, no host …


class TroubleError(Exception):
    """Something that may pass; ``pause_s`` is how long the server asks to wait, ``tries`` how often to ask."""

    def __init__(self, what: str, *, pause_s: float = 0.0, tries: int = TRIES) -> None:
        super().__init__(what)
        self.pause_s, self.tries = pause_s, tries


class RefusalError(Exception):
    """Something that will not pass by waiting."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


def patiently(ask: Callable[[], Answer], *, label: str, tell: Tell) -> Answer:
    """Ask until there is an answer, with growing pauses where that may help.

    Args:
        ask: asks once; it may raise :class:`TroubleError`, :class:`RefusalError` and what requests raises.
        label: the place, for the fault.
        tell: takes a line on what is waited for.

    Raises:
        CityError: code ``city.download``; nothing came within the tries, or nothing will come.
    """
    for attempt in range(1, TRIES + 1):
        try:
            return ask()
        except RefusalError as error:
            raise _failed(label, str(error), error.remedy) from error
        except TroubleError as error:
            trouble = error
        except requests.RequestException as error:
            trouble = _trouble_of(error, label)
        pause_s = max(FIRST_PAUSE_S * PAUSE_GROWTH ** (attempt - 1), trouble.pause_s)
        if pause_s > LONGEST_PAUSE_S:
            wish = f"{trouble}; it asks to wait {pause_s:.0f} s"
            raise _failed(label, wish, f"try again in {pause_s / 60:.0f} minutes; parts that came are kept")
        if attempt >= trouble.tries:
            break
        tell(f"{trouble}: trying again in {pause_s:.0f} s (try {attempt + 1} of {trouble.tries})")
        time.sleep(pause_s)
        tell(f"{label}: asking again (try {attempt + 1} of {trouble.tries})")
    raise _failed(
        label,
        f"{trouble}, {attempt} times",
        "check the network, wait a minute and try again (parts that came are kept), name another server, "
        "or use an extract (.osm.pbf)",
    )


def _trouble_of(error: requests.RequestException, label: str) -> TroubleError:
    """What requests could not do, in words without the address, which may hold a key."""
    name = type(error).__name__
    if isinstance(error, requests.Timeout):
        return TroubleError("the server does not answer in time")
    if isinstance(error, _UNUSABLE):
        raise _failed(label, f"the server's address cannot be used ({name})", "check overpass_url and nominatim_url")
    if isinstance(error, requests.ConnectionError):
        reason = getattr(error.args[0], "reason", None) if error.args else None
        if isinstance(reason, NewConnectionError) or isinstance(error, requests.exceptions.ProxyError):
            return TroubleError("the server does not answer (no connection)", tries=TRIES_WITHOUT_CONNECTION)
    return TroubleError(f"the connection broke off ({name})")


def _failed(label: str, message: str, remedy: str) -> CityError:
    return CityError.one("city.download", label, "", message, remedy)


def json_of(response: requests.Response) -> Any:
    """The JSON document of an answer.

    Raises:
        TroubleError: the server is busy or stumbled, or this is no whole JSON document.
        RefusalError: the server will not answer this question.
    """
    status = response.status_code
    if status in _BUSY:
        raise TroubleError(f"the server is busy (HTTP {status})", pause_s=_retry_after_s(response))
    if status >= 500:
        raise TroubleError(f"the server failed (HTTP {status})", pause_s=_retry_after_s(response))
    if status >= 400:
        raise RefusalError(
            f"the server refuses the question (HTTP {status}: {words_of(response.text)})",
            "check the server's address and your right to use it (osmnx.settings.overpass_url, nominatim_url), "
            "or use an extract (.osm.pbf)",
        )
    try:
        return response.json()
    except (ValueError, RecursionError):  # cut off on its way, or a page in HTML with status 200
        text = response.content[:_SHOWN].lstrip()
        what = "a cut-off answer" if text[:1] in (b"{", b"[") else "a page instead of data"
        raise TroubleError(f"the server gave {what}") from None


def _retry_after_s(response: requests.Response) -> float:
    """Seconds of the header ``Retry-After``, which holds seconds or a date; 0 when absent or unreadable."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # the latter for a time zone of twenty digits
        return 0.0
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def words_of(text: str) -> str:
    """The words of a page or a remark, without tags and control characters, on one line and of bounded length."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text[: 20 * _SHOWN])
    pieces = [piece.rpartition(">")[2] for piece in plain.split("<")]
    return " ".join(" ".join(pieces).split())[:_SHOWN]


def http_settings(settings: Any) -> dict[str, Any]:
    """What requests is to use, from the settings of osmnx: time-out, headers and whatever the user added."""
    headers = {
        "User-Agent": settings.http_user_agent,
        "Referer": settings.http_referer,
        "Accept-Language": settings.http_accept_language,
    }
    return {"timeout": settings.requests_timeout, "headers": headers, **settings.requests_kwargs}


@contextmanager
def osmnx_settings(settings: Any, **changes: Any) -> Iterator[None]:
    """Settings of osmnx with changes, put back afterwards, errors or not; changes to ``None`` are left out."""
    changes = {name: value for name, value in changes.items() if value is not None}
    before = {name: getattr(settings, name) for name in changes}
    for name, value in changes.items():
        setattr(settings, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(settings, name, value)


def cache_folder(settings: Any) -> Path:
    """Where downloads are kept: osmnx's folder where one was set, else fleetplan's under the user's cache."""
    if str(settings.cache_folder) == _OSMNX_CACHE:
        return Path(platformdirs.user_cache_dir("fleetplan")) / "osmnx"
    return Path(settings.cache_folder)
