"""Random numbers of the search: xorshift64* (S. Vigna, "An experimental exploration of Marsaglia's xorshift generators,
scrambled", ACM Transactions on Mathematical Software 42, 2016), one word of state, the same on every machine."""

from __future__ import annotations

from typing import Any

import numpy as np

from fleetplan.compiling import inlined

_A, _B, _C = np.uint64(12), np.uint64(25), np.uint64(27)
_STAR = np.uint64(0x2545F4914F6CDD1D)
_HALF = np.uint64(11)
_UNIT = 1.0 / 9007199254740992.0


@inlined
def uniform(rng: Any) -> float:
    """A number from 0 to below 1."""
    x = rng[0]
    x ^= x >> _A
    x ^= x << _B
    x ^= x >> _C
    rng[0] = x
    return float((x * _STAR) >> _HALF) * _UNIT


@inlined
def below(rng: Any, k: int) -> int:
    """A whole number from 0 to below ``k``."""
    return int(uniform(rng) * k)


def seeded(*numbers: int) -> np.ndarray:
    """A state for a seed: a few numbers mixed well (splitmix)."""
    state = 0x9E3779B97F4A7C15
    for number in numbers:
        state = (state + (number & 0xFFFFFFFFFFFFFFFF) * 0xBF58476D1CE4E5B9 + 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        state ^= state >> 31
    return np.array([state or 1], dtype=np.uint64)
