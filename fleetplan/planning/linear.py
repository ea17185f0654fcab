"""Linear programs that grow by columns, solved by GLOP through OR-Tools' MathOpt. All variables are at least 0.

It repeats exactly within a number of steps, which its limit of time would not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from ortools.math_opt import (
    callback_pb2,
    model_parameters_pb2,
    model_pb2,
    model_update_pb2,
    parameters_pb2,
)
from ortools.math_opt.core.python import solver as core
from ortools.math_opt.python.solve import StatusNotOk

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LinearAnswer:
    """What the simplex method reached.

    Attributes:
        duals: ``[rows]``.
        value, bound: of the solution, and below which no solution lies; infinite where there is none yet.
        steps: of the simplex method.
    """

    duals: Floats
    value: float
    bound: float
    steps: int


class LinearProgram:
    """A program to be made small, with rows from the start and columns as they come.

    Args:
        lower, upper: ``[rows]`` what each row's sum lies between.
        method: the dual simplex is quickest for a program solved once, the primal one goes on after new columns.
    """

    def __init__(self, lower: Floats, upper: Floats, *, method: Literal["primal", "dual"]) -> None:
        self.columns, self.method = 0, method
        self._lower, self._upper = lower, upper
        self._entries: list[tuple[Floats, Ints, Ints, Floats]] = []
        self._solver: Any = None

    def add(self, cost: Floats, row: Ints, column: Ints, coefficient: Floats) -> None:
        """Adds columns.

        Args:
            cost: ``[k]``.
            row, column, coefficient: the entries, ``column`` counted from the first of the new ones; none twice.
        """
        entries = cost, row, column + self.columns, coefficient
        self._entries.append(entries)
        if self._solver is not None:
            update: Any = model_update_pb2.ModelUpdateProto()
            objective = update.objective_updates.linear_coefficients
            _fill(update.new_variables, objective, update.linear_constraint_matrix_updates, self.columns, entries)
            self._solver.update(update)
        self.columns += len(cost)

    def solve(self, most_steps: int | None = None) -> LinearAnswer | None:
        """The optimum, or how far so many steps came; ``None`` when numbers get the better of the method.

        A program that went on from an earlier solution and fails is begun anew once, by the other method.
        """
        fresh = self._solver is None
        if fresh:
            self._solver = self._begun()
        answer = self._answer(self.method, most_steps)
        if answer is None and not fresh:
            self._solver = self._begun()
            answer = self._answer("dual" if self.method == "primal" else "primal", most_steps)
        return answer

    def _begun(self) -> Any:
        model: Any = model_pb2.ModelProto()
        model.linear_constraints.ids.extend(range(len(self._lower)))
        model.linear_constraints.lower_bounds.extend(self._lower.tolist())
        model.linear_constraints.upper_bounds.extend(self._upper.tolist())
        cost, row, column, coefficient = (np.concatenate(part) for part in zip(*self._entries, strict=True))
        entries = cost, row, column, coefficient
        _fill(model.variables, model.objective.linear_coefficients, model.linear_constraint_matrix, 0, entries)
        return core.new(parameters_pb2.SOLVER_TYPE_GLOP, model, parameters_pb2.SolverInitializerProto())

    def _answer(self, method: str, most_steps: int | None) -> LinearAnswer | None:
        parameters = parameters_pb2.SolveParametersProto()
        primal = method == "primal"
        parameters.lp_algorithm = (
            parameters_pb2.LP_ALGORITHM_PRIMAL_SIMPLEX if primal else parameters_pb2.LP_ALGORITHM_DUAL_SIMPLEX
        )
        if most_steps is not None:
            parameters.iteration_limit = most_steps
        plain = model_parameters_pb2.ModelSolveParametersProto()
        silent = callback_pb2.CallbackRegistrationProto()
        try:
            answer: Any = self._solver.solve(parameters, plain, None, silent, None, None)
        except StatusNotOk:
            return None
        duals = np.zeros(len(self._lower))
        bounds = answer.termination.objective_bounds
        value, bound = float(bounds.primal_bound), -math.inf
        if answer.solutions and answer.solutions[0].HasField("dual_solution"):
            values = answer.solutions[0].dual_solution.dual_values
            duals[list(values.ids)] = list(values.values)
            bound = float(bounds.dual_bound)
        return LinearAnswer(duals, value, bound, int(answer.solve_stats.simplex_iterations))


def _fill(variables: Any, objective: Any, matrix: Any, first: int, entries: tuple[Floats, Ints, Ints, Floats]) -> None:
    """Writes columns into a model or an update of one, the matrix by rows."""
    cost, row, column, coefficient = entries
    ids, order = range(first, first + len(cost)), np.lexsort((column, row))
    variables.ids.extend(ids)
    variables.lower_bounds.extend([0.0] * len(cost))
    variables.upper_bounds.extend([math.inf] * len(cost))
    variables.integers.extend([False] * len(cost))
    objective.ids.extend(ids)
    objective.values.extend(cost.tolist())
    matrix.row_ids.extend(row[order].tolist())
    matrix.column_ids.extend(column[order].tolist())
    matrix.coefficients.extend(coefficient[order].tolist())
