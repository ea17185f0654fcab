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
        self.rows, self.columns, self.method = len(lower), 0, method
        self._model = model_pb2.ModelProto()
        self._model.linear_constraints.ids.extend(range(self.rows))
        self._model.linear_constraints.lower_bounds.extend(lower.tolist())
        self._model.linear_constraints.upper_bounds.extend(upper.tolist())
        self._solver: Any = None

    def add(self, cost: Floats, row: Ints, column: Ints, coefficient: Floats) -> None:
        """Adds columns.

        Args:
            cost: ``[k]``.
            row, column, coefficient: the entries, ``column`` counted from the first of the new ones; none twice.
        """
        order = np.lexsort((column, row))
        ids = range(self.columns, self.columns + len(cost))
        update: Any = None if self._solver is None else model_update_pb2.ModelUpdateProto()
        variables = self._model.variables if update is None else update.new_variables
        objective = self._model.objective if update is None else update.objective_updates
        matrix = self._model.linear_constraint_matrix if update is None else update.linear_constraint_matrix_updates
        variables.ids.extend(ids)
        variables.lower_bounds.extend([0.0] * len(cost))
        variables.upper_bounds.extend([math.inf] * len(cost))
        variables.integers.extend([False] * len(cost))
        objective.linear_coefficients.ids.extend(ids)
        objective.linear_coefficients.values.extend(cost.tolist())
        if update is None and self.columns:
            raise ValueError("columns before the first solution are added in one go")
        matrix.row_ids.extend(row[order].tolist())
        matrix.column_ids.extend((column[order] + self.columns).tolist())
        matrix.coefficients.extend(coefficient[order].tolist())
        self.columns += len(cost)
        if update is not None:
            self._solver.update(update)

    def solve(self, most_steps: int | None = None) -> LinearAnswer | None:
        """The optimum, or how far so many steps came; ``None`` when numbers get the better of the method."""
        if self._solver is None:
            kind = parameters_pb2.SOLVER_TYPE_GLOP
            self._solver = core.new(kind, self._model, parameters_pb2.SolverInitializerProto())
        parameters = parameters_pb2.SolveParametersProto()
        primal = self.method == "primal"
        parameters.lp_algorithm = (
            parameters_pb2.LP_ALGORITHM_PRIMAL_SIMPLEX if primal else parameters_pb2.LP_ALGORITHM_DUAL_SIMPLEX
        )
        if most_steps is not None:
            parameters.iteration_limit = most_steps
        plain = model_parameters_pb2.ModelSolveParametersProto()
        try:
            answer: Any = self._solver.solve(
                parameters, plain, None, callback_pb2.CallbackRegistrationProto(), None, None
            )
        except StatusNotOk:
            return None
        duals = np.zeros(self.rows)
        bounds = answer.termination.objective_bounds
        value, bound = float(bounds.primal_bound), -math.inf
        if answer.solutions and answer.solutions[0].HasField("dual_solution"):
            values = answer.solutions[0].dual_solution.dual_values
            duals[list(values.ids)] = list(values.values)
            bound = float(bounds.dual_bound)
        return LinearAnswer(duals, value, bound, int(answer.solve_stats.simplex_iterations))
