"""Time and length in one exact integer: ``milliseconds × 2**22 + decimetres``, and penalties in the bits above.

Ways stay below 18 hours and 419 km. A penalty steers and never appears in a time.
"""

from __future__ import annotations

from fleetplan.city.streets import Ints

MILLISECOND = 2**22
"""A millisecond in a packed weight; decimetres lie below."""
PENALTY = 2**48
"""A street that is no way through, entered; 31 of them still fit a float64 exactly."""
FAR = 2**60
"""The packed weight where there is no way."""


def pack(time_ms: Ints, length_dm: Ints) -> Ints:
    """Time and length as one exact integer."""
    packed: Ints = time_ms * MILLISECOND + length_dm
    return packed


def unpack(weight: Ints) -> tuple[Ints, Ints]:
    """Milliseconds and decimetres of packed weights, penalties left out."""
    below = weight & (PENALTY - 1)
    return below // MILLISECOND, below % MILLISECOND
