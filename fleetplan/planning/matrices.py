"""Arrays of travel tables in documents: rows of numbers as long as people may read them, packed bytes beyond.

A table of 5,000 points has 25 million entries. As JSON numbers, one a line, it would take half a gigabyte and minutes;
packed it takes two bytes an entry while all are below 65,535 (a city's seconds), three below 16.8 million (its
metres), and a third more for being text. No compression: on such tables it gains little, and its bytes depend on the
library's version.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleetplan.travel import UNREACHABLE

ROWS_UP_TO = 250
"""Most points of a table that is written as rows of numbers."""

Rows = list[list[list[int | None]]]


def matrix_document(array: NDArray[np.int32]) -> Rows | dict[str, Any]:
    """An ``int32[p, n, n]`` as a JSON value; an arc without a path is ``null``, or all bits set when packed.

    Packed: ``shape``, ``bytes`` per entry (unsigned, little-endian, in row order) and the ``base64`` of them all.
    """
    if array.shape[1] > ROWS_UP_TO and int(array.min(initial=0)) >= 0:
        return _packed(array)
    never = int(UNREACHABLE)
    return [[[None if x == never else x for x in row] for row in period] for period in array.tolist()]


def matrix_of_rows(periods: Rows) -> NDArray[np.int32]:
    """The array of rows of numbers.

    Raises:
        ValueError: the rows differ in length.
    """
    never = int(UNREACHABLE)
    rows = [[[never if x is None else x for x in row] for row in period] for period in periods]
    return np.array(rows, dtype=np.int32)


def matrix_of_packed(shape: list[int], width: int, text: str) -> NDArray[np.int32]:
    """The array of a packed one.

    Raises:
        ValueError: the bytes do not fit the shape, are no base64 or hold a value of more than 31 bits.
    """
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise ValueError("the packed bytes are no base64") from None
    periods, rows, columns = shape
    if len(data) != periods * rows * columns * width:
        raise ValueError(f"{len(data)} packed bytes do not fill {periods} x {rows} x {columns} entries of {width}")
    words = np.zeros((len(data) // width, 4), dtype=np.uint8)
    words[:, :width] = np.frombuffer(data, dtype=np.uint8).reshape(-1, width)
    values = words.view("<u4").reshape(-1)
    never = values == (1 << 8 * width) - 1
    values[never] = np.uint32(UNREACHABLE)
    if int(values.max(initial=0)) > int(UNREACHABLE):
        raise ValueError("a packed entry has more than 31 bits")
    return values.astype(np.int32).reshape(periods, rows, columns)


def _packed(array: NDArray[np.int32]) -> dict[str, Any]:
    never = array == UNREACHABLE
    largest = int(array.max(initial=0, where=~never))
    width = next(width for width in (1, 2, 3, 4) if largest < (1 << 8 * width) - 1)
    words = array.astype("<u4")
    words[never] = 0xFFFFFFFF
    data = words.reshape(-1, 1).view(np.uint8)[:, :width].tobytes()
    return {"shape": list(array.shape), "bytes": width, "base64": base64.b64encode(data).decode("ascii")}
