"""How long a search goes on: steps, counted; wall time only as a cap."""

from __future__ import annotations

import math
import time

from fleetplan.errors import InputError

EFFORTS = {"quick": 150, "normal": 750, "thorough": 6000}
"""Steps of each lane of the search per stop."""

LEAST_STEPS = 10_000
"""Steps of a lane that a named effort means at least: small problems are solved in a moment all the same."""

ROUNDS = 80
"""A search goes in so many rounds; between them lanes meet, progress is told, and interrupts are heard."""

MOST_STEPS_OF_ROUND = 50_000
"""A round is no longer than that: a second or two, so that an interrupt is heard."""

PROBE_STEPS = 300
"""Steps of the first round under a cap, from which the speed is known; done even where no time is left, for they put
most stops into some day."""


def steps_of(effort: str | int, size: int) -> int:
    """Steps per lane of an effort, for so many stops.

    Raises:
        InputError: no such effort.
    """
    if isinstance(effort, str) and effort in EFFORTS:
        return max(LEAST_STEPS, EFFORTS[effort] * size)
    if isinstance(effort, int) and not isinstance(effort, bool) and effort >= 1:
        return effort
    known = f"{', '.join(EFFORTS)} or a whole number from 1"
    raise InputError.one("solve.effort", "solve", "effort", f"{effort!r} is no effort", f"use {known}")


class Clock:
    """Counts the steps of a search, and shortens it where the cap on time would cut it off.

    As long as the steps are on their way to end before the cap, nothing depends on time. Once they are not, the search
    hurries: what is left of it is spread over what is left of the time, and the plan says that time stopped it.

    Args:
        steps: allowed.
        deadline: moment of ``time.monotonic()`` at which it must be over; ``None`` without a cap.
        grace_s: seconds after the deadline for what comes after the steps.

    Attributes:
        used: steps done.
        latest: the deadline and its grace.
        hurried: whether the steps are shortened by now.
        whole_s: seconds until the deadline at the start; infinite without one.
        cut: whether something else than steps was, such as first plans.
    """

    def __init__(self, steps: int, deadline: float | None, *, grace_s: float = 0.0) -> None:
        self.steps = steps
        self.deadline = deadline
        self.latest = None if deadline is None else deadline + grace_s
        self.used = 0
        self.hurried = False
        self.cut = False
        self._began = time.monotonic()
        self.whole_s = self.left_s
        self._busy_s = 0.0
        self._progress = 0.0

    @property
    def left_s(self) -> float:
        """Seconds until the deadline; infinite without one."""
        return math.inf if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    @property
    def progress(self) -> float:
        """Share of the search that is over, 0 to 1."""
        return self._progress

    @property
    def over(self) -> bool:
        """Whether the search has to end."""
        return self._progress >= 1.0

    def next_round(self) -> tuple[int, float]:
        """Steps of the next round, and the progress that it leads to."""
        if self.deadline is None:
            return self._by_steps()
        now = time.monotonic()
        left_s = self.deadline - now
        if left_s <= 0:
            self.hurried = self.hurried or self.used < self.steps
            return 0 if self.used else min(PROBE_STEPS, self.steps), 1.0
        if self.used == 0:
            share = PROBE_STEPS / self.steps
            return min(PROBE_STEPS, self.steps), min(1.0, max(share, self._progress))
        rate = self.used / max(self._busy_s, 1e-6)
        if not self.hurried and (self.steps - self.used) / rate > left_s:
            self.hurried = True
            self._began = now
            self._at_hurry = self._progress
        if not self.hurried:
            return self._by_steps()
        whole_s = self.deadline - self._began
        round_s = min(whole_s / ROUNDS, left_s)
        passed = (now - self._began + round_s) / whole_s
        target = self._at_hurry + (1.0 - self._at_hurry) * min(1.0, passed)
        return max(1, int(rate * round_s)), 1.0 if left_s <= round_s else target

    def _by_steps(self) -> tuple[int, float]:
        steps = min(-(-self.steps // ROUNDS), MOST_STEPS_OF_ROUND, self.steps - self.used)
        return steps, (self.used + steps) / self.steps

    def done(self, steps: int, progress: float, busy_s: float) -> None:
        """Note a round."""
        self.used += steps
        self._busy_s += busy_s
        self._progress = 1.0 if self.used >= self.steps else progress

    def too_late(self) -> bool:
        """Whether even the time for what comes after the steps is up; what is left undone then is noted as cut."""
        late = self.latest is not None and time.monotonic() >= self.latest
        self.cut = self.cut or late
        return late
