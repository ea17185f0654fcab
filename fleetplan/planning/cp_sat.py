"""CP-SAT as this package uses it: one worker, a fixed seed, effort in deterministic time, so that answers repeat."""

from __future__ import annotations

from ortools.sat.python import cp_model


def repeatable_solver(limit: float, *, most_s: float) -> cp_model.CpSolver:
    """A solver for one model.

    Args:
        limit: units of deterministic time, each about a second on one core.
        most_s: seconds after which it ends all the same.
    """
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_deterministic_time = limit
    solver.parameters.max_time_in_seconds = most_s
    solver.parameters.catch_sigint_signal = False  # else Ctrl-C ends the process from then on
    return solver
