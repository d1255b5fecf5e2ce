"""Premises of transient growth: samples that tell one combination of the parameters only."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.premise import Premises
from symbolic.relations import eq

_a, _b = s.parameter, s.other_parameter
_row, axes = (_b, 0, s.num_parameters - 1), (_a, 0, s.num_parameters - 1)
_score, _curved, _u, _v = s.axis_score, s.axis_curvature, s.mapped_direction, s.parameter_direction
_matrix = s.real_curvature

squares = sp.Sum(_score[_a] ** 2, axes)  # |b|^2
informed = sp.Sum(_score[_a] ** 2 / _curved[_a], axes)  # b' A^-1 b
pulled = sp.Sum(_score[_a] ** 2 / _curved[_a] ** 2, axes)  # |A^-1 b|^2

RETRAINING_TRANSIENT: Premises = {
    "rank_one_information": (
        "Fisher information of rank one",
        eq(s.fisher_information[_a, _b], _score[_a] * _score[_b]),
    ),
    "curvature_axes": (
        "the parameters' axes are those of the curvature",
        eq(sp.Sum(_matrix[_a, _b] * _u[_b], _row), _curved[_a] * _u[_a]),
    ),
    "score_before": (
        "what the samples tell of the direction",
        eq(sp.Sum(_score[_b] * _v[_b], _row), s.score_before),
    ),
    "score_after": (
        "and of where retraining takes it",
        eq(sp.Sum(_score[_b] * _u[_b], _row), s.score_after),
    ),
    "told_direction": (
        "v is the direction of which the samples tell, of length 1",
        eq(s.score_length * _v[_b], _score[_b]),
    ),
    "score_length": ("length of b", eq(s.score_length**2, squares)),
    "norm_along": (
        "other directions do not matter to the map: its norm is what it does to v",
        eq(s.jacobian_norm**2, sp.Sum(_u[_a] ** 2, axes)),
    ),
    "norm_product": (
        "the lengths of b and of A^-1 b, multiplied",
        eq(s.norm_product, sp.sqrt(squares) * sp.sqrt(pulled)),
    ),
    "fisher_size": ("trace of the Fisher information", eq(squares, s.fisher_size)),
    "two_curvatures": (
        "the curvature along each axis is alpha_A or h alpha_A",
        eq(
            _curved[_a] ** 2 + s.condition_number * s.smallest_curvature**2,
            (1 + s.condition_number) * s.smallest_curvature * _curved[_a],
        ),
    ),
}
