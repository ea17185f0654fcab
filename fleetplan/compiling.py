"""Compiling of inner loops to machine code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

_Kernel = TypeVar("_Kernel", bound=Callable[..., Any])


def compiled(function: _Kernel) -> _Kernel:
    """Compile a kernel at its first call, and let other threads run beside it.

    The machine code is kept on disk, if numba finds a folder that it may write.
    """
    try:
        return cast(_Kernel, njit(cache=True, nogil=True)(function))
    except RuntimeError:
        return cast(_Kernel, njit(nogil=True)(function))


def inlined(function: _Kernel) -> _Kernel:
    """Like :func:`compiled`, for small functions that belong into the code of those that call them."""
    try:
        return cast(_Kernel, njit(cache=True, nogil=True, forceinline=True)(function))
    except RuntimeError:
        return cast(_Kernel, njit(nogil=True, forceinline=True)(function))
