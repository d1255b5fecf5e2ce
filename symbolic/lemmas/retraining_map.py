"""Cited lemmas on the misfit of a retrained model: least eigenvalues, transport, Neumann's series.

Each small case works on the statement that it is given, in worlds where the bound is attained (it
must hold as an equation there) and in others where it is not.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction

import sympy as sp
from sympy.core.relational import Relational

from symbolic import symbols as s
from symbolic.lemmas.lemma import lemma
from symbolic.model.retraining_map import curvature_form, information_form, length
from symbolic.relations import ge, le
from symbolic.worlds import World, holds, retraining_map, retraining_map_network

F = Fraction
_i, _k = s.leading_model, s.source_model
resolvent_norm = sp.Symbol("R_norm", nonnegative=True)
perturbation_norm = sp.Symbol("E_norm", nonnegative=True)


def _attained(
    statement: Relational, here: Callable[[], World], *elsewhere: Callable[[], World]
) -> bool:
    """Tell whether a bound holds everywhere and is attained in the first world alone."""
    equal = sp.Eq(statement.lhs, statement.rhs, evaluate=False)
    strict = all(holds(statement, w()) and not holds(equal, w()) for w in elsewhere)
    return holds(equal, here()) and strict


def _least_eigenvalue(statement: Relational) -> bool:
    """Along the least curved direction, and along another."""
    return _attained(statement, retraining_map.misfit, retraining_map.across)


def _transport(statement: Relational) -> bool:
    """Data that are the model's Gaussian moved, and data at a point."""
    return _attained(statement, retraining_map.misfit, retraining_map.at_a_point)


def _norms(statement: Relational) -> bool:
    """Where the matrices' largest effects are along one axis, and where they are not."""
    return _attained(statement, retraining_map.misfit, retraining_map.across)


def _neumann(statement: Relational) -> bool:
    """Of ``(I + E)^-1 E``: attained by a negative number E; operator norms of matrices."""
    for size in (F(1, 3), F(2, 5)):
        values = {perturbation_norm: size, resolvent_norm: size / (1 - size)}
        if not holds(sp.Eq(*statement.args, evaluate=False), World(name="number", values=values)):
            return False
    for a, b, c, d in itertools.product((F(0), F(1, 7)), (F(1, 3), F(2)), (F(-1, 4),), (F(1, 5),)):
        matrix = sp.Matrix([[a, b], [c, d]])
        mapped = (sp.eye(2) + matrix).inv() * matrix
        norms = [max((m.T * m).eigenvals()) for m in (matrix, mapped)]
        size, result = (sp.sqrt(norm) for norm in norms)
        if statement.subs({perturbation_norm: size, resolvent_norm: result}) != sp.true:
            return False
    return True


def _leading_row(statement: Relational) -> bool:
    """Rows that add up to one number, and rows that do not."""
    alike = ((F(1, 3), F(2, 3)), (F(1, 5), F(4, 5)))

    def even() -> World:
        return retraining_map_network.network("rows alike", alike, (F(2, 3), F(2, 3)))

    return _attained(statement, even, retraining_map_network.three)


LEMMAS = (
    lemma(
        "least_eigenvalue",
        "the curvature on real data along v is at least its least eigenvalue, times |v|^2",
        ge(s.curvature, s.smallest_curvature * length),
        "Rayleigh; Horn and Johnson, Matrix Analysis, th. 4.2.2",
        _least_eigenvalue,
    ),
    lemma(
        "transported_hessian",
        "the means of a matrix that is Lipschitz in x (the Hessian) under the best model and under "
        "the real data differ by at most L times their 1-Wasserstein distance, along v",
        le(
            information_form - curvature_form,
            s.wasserstein_misfit * s.hessian_lipschitz * length,
        ),
        "Kantorovich and Rubinstein (1958); Villani, Optimal Transport (2009), remark 6.5",
        _transport,
    ),
    lemma(
        "transported_hessian_norm",
        "the same in operator norm",
        le(s.hessian_gap, s.wasserstein_misfit * s.hessian_lipschitz),
        "Kantorovich and Rubinstein (1958); Villani, Optimal Transport (2009), remark 6.5",
        _transport,
    ),
    lemma(
        "misfit_norm",
        "A^-1 B = I + A^-1 (B - A), and the norm of A^-1 is one over A's least eigenvalue",
        le(s.smallest_curvature * s.misfit_norm, s.smallest_curvature + s.hessian_gap),
        "Horn and Johnson, Matrix Analysis, ch. 5.6: norms of sums and products",
        _norms,
    ),
    lemma(
        "neumann_series",
        "R = (I + E)^-1 E is E - E R, so its norm is at most |E| + |E| |R|",
        le(resolvent_norm, perturbation_norm * (1 + resolvent_norm)),
        "Golub and Van Loan, Matrix Computations, lemma 2.3.3",
        _neumann,
    ),
    lemma(
        "leading_row",
        "the largest eigenvalue of a matrix without negative entries is at most the sum of the row "
        "in which its eigenvector is largest",
        le(s.retraining_eigenvalue, sp.Sum(s.network_jacobian[_i, _k], (_k, 0, s.models - 1))),
        "Perron and Frobenius; Horn and Johnson, Matrix Analysis, th. 8.1.22",
        _leading_row,
    ),
)
