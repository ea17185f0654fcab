"""Sentences that say why a street is what it is for a vehicle: each distinct one written once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleetplan.city.classes import WidthSource
from fleetplan.city.streets import Ints

Words = Callable[[int, int, int], str]

_BITS = (16, 16, 8)
_SOURCE_WORDS = {
    WidthSource.SIGN: "sign",
    WidthSource.SURVEY: "surveyed",
    WidthSource.TAG: "tagged width",
    WidthSource.LANES: "from its lanes",
    WidthSource.DEFAULT: "class default",
}


class Reasons:
    """Collects, per row, which sentence applies with which numbers (row 0 of the sentences is empty: nothing limits).

    Up to three whole numbers a sentence, below 65,536, 65,536 and 256; larger ones are cut to that.
    """

    def __init__(self, n: int) -> None:
        self.key = np.zeros(n, dtype=np.int64)
        self._words: list[Words] = []

    def add(self, mask: NDArray[np.bool_], words: Words, *numbers: NDArray[Any]) -> None:
        """From now on ``words`` speaks for the rows of ``mask``."""
        self._words.append(words)
        key = np.full(int(mask.sum()), len(self._words), dtype=np.int64)
        for place, bits in enumerate(_BITS):
            part = np.clip(numbers[place][mask], 0, 2**bits - 1) if place < len(numbers) else 0
            key = (key << bits) + part
        self.key[mask] = key

    def says(self, mask: NDArray[np.bool_], text: str) -> None:
        """A sentence without numbers."""
        self.add(mask, lambda _a, _b, _c: text)

    def write(self, key: Ints) -> tuple[tuple[str, ...], Ints]:
        """Distinct sentences of the given keys, and the row of each."""
        distinct, row = np.unique(np.concatenate([[0], key]), return_inverse=True)
        return tuple(self._sentence(int(value)) for value in distinct), row.reshape(-1)[1:].astype(np.int64)

    def _sentence(self, key: int) -> str:
        if key == 0:
            return ""
        numbers = []
        for bits in reversed(_BITS):
            numbers.append(key & (2**bits - 1))
            key >>= bits
        return self._words[key - 1](*reversed(numbers))


def source_words(code: int) -> str:
    """What a width rests on, for people."""
    return _SOURCE_WORDS.get(WidthSource(code), "") if code else "unknown"


def tenths(values: NDArray[Any]) -> Ints:
    """Rounded down, so that a width which is too small also reads so."""
    return _whole(values * 10 + 1e-6)


def hundredths(values: NDArray[Any]) -> Ints:
    """Rounded half up."""
    return _whole(values * 100 + 0.5)


def _whole(values: NDArray[Any]) -> Ints:
    whole: Ints = np.floor(np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)).astype(np.int64)
    return whole
