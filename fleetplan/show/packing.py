"""Lines and columns of whole numbers as short plain text that a page unpacks.

A line is packed as differences of whole 1e-5 degrees (about a metre) in the encoded polyline format
(https://developers.google.com/maps/documentation/utilities/polylinealgorithm), here with longitude and latitude
in the order lat, lon, and as one run for many lines: each line is led by its number of vertices. A column is the
same letters for a row of whole numbers, or for their differences. The unpacking part is ``assets/basemap.js``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Line = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Longitudes and latitudes of a line's vertices, in degrees."""

QUANTUM_DEG = 1e-5
"""The packed grid: 1.1 m north to south."""


def pack_lines(lines: Iterable[Line]) -> str:
    """Many lines (longitudes, latitudes in degrees) as one ASCII text.

    Vertices that fall on the same grid point as the one before are left out; a line of which one vertex is left
    is kept with that vertex.
    """
    pairs = [(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)) for lon, lat in lines]
    if not pairs:
        return ""
    lon, lat = (np.concatenate([pair[axis] for pair in pairs]) for axis in (0, 1))
    return pack_vertices(lon, lat, counts=[len(pair[0]) for pair in pairs])


def pack_vertices(lon: NDArray[np.float64], lat: NDArray[np.float64], *, counts: ArrayLike) -> str:
    """:func:`pack_lines` for lines that lie one after the other in two arrays, ``counts`` vertices each."""
    given = np.asarray(counts, dtype=np.int64)
    owner = np.repeat(np.arange(len(given)), given)
    grid = np.rint(np.column_stack([lat, lon]) / QUANTUM_DEG).astype(np.int64)
    if len(grid):
        kept = np.any(np.diff(grid, axis=0) != 0, axis=1) | (np.diff(owner) != 0)
        kept = np.concatenate([[True], kept])
        grid, owner = grid[kept], owner[kept]
    steps = np.diff(grid, axis=0, prepend=0)
    left = np.bincount(owner, minlength=len(given))
    # Each count stands in front of its line's steps.
    numbers = np.zeros(2 * len(grid) + len(given), dtype=np.int64)
    heads = 2 * (np.cumsum(left) - left) + np.arange(len(given))
    body = np.ones(len(numbers), dtype=bool)
    body[heads] = False
    numbers[heads] = left
    numbers[body] = steps.ravel()
    return pack_numbers(numbers)


def unpack_lines(text: str) -> list[Line]:
    """The lines of :func:`pack_lines`, on its grid."""
    numbers = unpack_numbers(text)
    lines: list[Line] = []
    at = 0
    last = np.zeros(2, dtype=np.int64)
    while at < len(numbers):
        count = numbers[at]
        steps = np.array(numbers[at + 1 : at + 1 + 2 * count], dtype=np.int64).reshape(count, 2)
        at += 1 + 2 * count
        grid = last + np.cumsum(steps, axis=0)
        if count:
            last = grid[-1]
        degrees = (grid * QUANTUM_DEG).astype(np.float64)
        lines.append((degrees[:, 1], degrees[:, 0]))
    return lines


def pack_numbers(numbers: NDArray[Any], *, differences: bool = False) -> str:
    """Whole numbers below 2^52 in size as ASCII text: small ones take one letter.

    Five bits a letter, lowest first; letters that another one follows have bit 32 set. With ``differences`` each
    number is told by how much it is larger than the one before, which is short where neighbours are alike.
    """
    whole = numbers.astype(np.int64)
    if differences:
        whole = np.diff(whole, prepend=0)
    rest = np.where(whole < 0, ~(whole << 1), whole << 1)
    most = int(rest.max()) if len(rest) else 0
    shifts = np.arange(0, max(most.bit_length(), 1), 5)
    parts = (rest[:, None] >> shifts) & 0x1F
    more = (rest[:, None] >> shifts >> 5) > 0
    used = np.concatenate([np.ones((len(rest), 1), dtype=bool), more[:, :-1]], axis=1)
    letters = np.where(more, parts | 0x20, parts) + 63
    return bytes(letters[used].astype(np.uint8)).decode("ascii")


def unpack_numbers(text: str, *, differences: bool = False) -> list[int]:
    """The numbers of :func:`pack_numbers`."""
    numbers: list[int] = []
    rest = shift = last = 0
    for letter in text:
        value = ord(letter) - 63
        rest |= (value & 0x1F) << shift
        shift += 5
        if value < 0x20:
            number = ~(rest >> 1) if rest & 1 else rest >> 1
            last = last + number if differences else number
            numbers.append(last)
            rest = shift = 0
    return numbers


class Distinct:
    """Distinct values in order of their first use."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self._rows: dict[str, int] = {}

    def row(self, value: Any) -> int:
        """Where the value stands in ``items``; it is added there when it is new."""
        key = repr(value)
        if key not in self._rows:
            self._rows[key] = len(self.items)
            self.items.append(value)
        return self._rows[key]
