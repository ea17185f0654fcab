"""Compiling of inner loops to machine code, kept on disk where numba finds a folder that it may write."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit

_Kernel = TypeVar("_Kernel", bound=Callable[..., Any])


def compiled(function: _Kernel) -> _Kernel:
    """Compile a kernel at its first call, and let other threads run beside it."""
    return _compile(function)


def inlined(function: _Kernel) -> _Kernel:
    """Like :func:`compiled`, for small functions that belong into the code of those that call them."""
    return _compile(function, forceinline=True)


def _compile(function: _Kernel, **options: bool) -> _Kernel:
    _forget_stale(Path(function.__code__.co_filename).parent)
    try:
        return cast(_Kernel, njit(cache=True, nogil=True, **options)(function))
    except RuntimeError:
        return cast(_Kernel, njit(nogil=True, **options)(function))


@cache
def _forget_stale(folder: Path) -> None:
    """Remove machine code that is older than any source of its folder.

    Numba looks at the file of a function only, not at those of the functions it calls.
    """
    with suppress(OSError):
        newest = max((source.stat().st_mtime for source in folder.glob("*.py")), default=0.0)
        for index in (folder / "__pycache__").glob("*.nbi"):
            if index.stat().st_mtime < newest:
                index.unlink(missing_ok=True)
