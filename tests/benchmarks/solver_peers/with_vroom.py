"""VROOM on one case, exploration level 5.

It has neither several trips nor a longest day of a route nor times of release: sets that need those are not in its
model, except that a city's vehicles may do with one trip. Neither waiting nor service nor a paid minimum costs
anything there. A city's vehicle is given its day and its paid minimum as fixed cost and its length as the cost of
arcs; with the wage on the arcs as well it found plans dearer by up to 40 %. It does not keep to its timeout while it
builds first solutions (a thousand stops may take it three times as long): the wall time tells.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import vroom
from asked import Asked, NotInModelError, answer

LARGEST_ARC = 1_000_000.0
"""Cost of the dearest arc after scaling; it counts in 32 bits."""


def solve(asked: Asked) -> list[tuple[int, list[list[int]]]]:
    """The solution found within the time left."""
    if any(kind["max_span"] is not None for kind in asked.types):
        raise NotInModelError("no limit on a route's duration")
    if np.any(asked.release):
        raise NotInModelError("no times of release and no reloads")
    problem = vroom.Input()
    prices = [asked.lengths[kind["matrix"]] * kind["per_tick"] for kind in asked.types]
    reachable = [asked.durations[kind["matrix"]] < 2**31 - 1 for kind in asked.types]
    scale = LARGEST_ARC / max(float(price[free].max()) for price, free in zip(prices, reachable, strict=True))
    early, late = (int(second) for second in asked.windows[0])
    patterns, pattern_of = np.unique(asked.allowed, axis=1, return_inverse=True)
    numbers: list[int] = []
    for number, kind in enumerate(asked.types):
        profile = f"profile-{number}"
        far = ~reachable[number]
        durations = asked.durations[kind["matrix"]].astype(np.uint32) if asked.timed else np.zeros(far.shape)
        problem.set_durations_matrix(profile, np.where(far, 10 * late, durations))
        problem.set_costs_matrix(profile, np.round(np.where(far, 10 * LARGEST_ARC / scale, prices[number]) * scale))
        for _ in range(_handed_over(asked, number)):
            problem.add_vehicle(
                vroom.Vehicle(
                    len(numbers) + 1,
                    start=0,
                    end=0,
                    profile=profile,
                    capacity=kind["capacity"],
                    skills={int(pattern) + 1 for pattern in np.flatnonzero(patterns[number])},
                    costs=vroom.VehicleCosts(fixed=round((kind["fixed"] + asked.wage * asked.min_paid) * scale)),
                    **({"time_window": vroom.TimeWindow(early + asked.loading, late)} if asked.timed else {}),
                )
            )
            numbers.append(number)
    _add_jobs(asked, problem, pattern_of)
    found = problem.solve(
        exploration_level=5, nb_threads=asked.threads, timeout=timedelta(seconds=asked.left())
    ).to_dict()
    return [
        (numbers[route["vehicle"] - 1], [[step["id"] for step in route["steps"] if step["type"] == "job"]])
        for route in found["routes"]
    ]


def _add_jobs(asked: Asked, problem: vroom.Input, pattern_of: np.ndarray) -> None:
    """A job asks for the skill of its pattern of allowed types; vehicles have those of the patterns they are in."""
    for node in range(1, asked.nodes):
        window = (int(asked.windows[node, 0]), int(asked.windows[node, 1]))
        problem.add_job(
            vroom.Job(
                node,
                location=node,
                default_service=int(asked.service[node]),
                delivery=vroom.Amount(asked.demand[node].tolist()),
                skills={int(pattern_of[node]) + 1},
                **({"time_windows": [vroom.TimeWindow(*window)]} if asked.timed else {}),
            )
        )


def _handed_over(asked: Asked, number: int) -> int:
    """Enough vehicles for everything to go in one type, with some to spare, where there are as many as wanted."""
    kind = asked.types[number]
    if kind["count"] is not None:
        return int(kind["count"])
    whole = asked.demand.sum(axis=0) / np.maximum(1, kind["capacity"])
    work = float(asked.service.sum()) / max(1, asked.windows[0, 1] - asked.windows[0, 0]) if asked.timed else 0.0
    return min(asked.nodes - 1, int(1.5 * max(float(whole.max()), 2.0 * work)) + 5)


if __name__ == "__main__":
    from importlib.metadata import version

    answer(solve, version("pyvroom"))
