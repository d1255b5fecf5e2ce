"""Premises of the retraining map: scores, curvatures and likelihoods at the best parameters.

A model is refitted to real data and ``lambda`` times as many samples of itself.  Derivatives are
taken at the parameters that fit the real data best, along a direction ``v`` of the last ones.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.premise import Premises
from symbolic.relations import eq, le

_a, _b, _t = s.parameter, s.other_parameter, s.generations
_A, _B, _v, _u = s.real_curvature, s.fisher_information, s.parameter_direction, s.mapped_direction
_lam, _j = s.synthetic_ratio, s.retraining_eigenvalue
_row, _rows = (_b, 0, s.num_parameters - 1), (_a, 0, s.num_parameters - 1)
length = sp.Sum(_v[_a] ** 2, _rows)
information_form = sp.Sum(_v[_a] * _B[_a, _b] * _v[_b], _row, _rows)
curvature_form = sp.Sum(_v[_a] * _A[_a, _b] * _v[_b], _row, _rows)
_curved = 1 - s.learning_rate * s.curvature * (1 + _lam * s.misfit_eigenvalue)
_pulled = s.learning_rate * s.curvature * _lam * s.misfit_eigenvalue

RETRAINING_MAP: Premises = {
    "mixed_likelihood": (
        "the mixed log-likelihood: real data, and lambda times as many samples of the best model",
        eq(s.mixed_likelihood, s.tried_likelihood + _lam * s.tried_own_likelihood),
    ),
    "parametric_optimum": (
        "no parameters fit the real data better than the best ones",
        le(s.tried_likelihood, s.real_likelihood),
    ),
    "gibbs": (
        "no parameters fit a model's samples better than its own (Gibbs' inequality)",
        le(s.tried_own_likelihood, s.own_likelihood),
    ),
    "retrained_score": (
        "retraining makes the mixed score zero wherever it starts: its derivative along v vanishes",
        eq(
            sp.Sum(
                (-_A[_a, _b] + _lam * s.trained_slope[_a, _b]) * _u[_b]
                + _lam * s.sampled_slope[_a, _b] * _v[_b],
                _row,
            ),
            0,
        ),
    ),
    "own_score": (
        "a model's mean score on its own samples vanishes at all parameters",
        eq(s.sampled_slope[_a, _b], -s.trained_slope[_a, _b]),
    ),
    "fisher_information": (
        "the slope of the mean score on a model's samples is minus its Fisher information",
        eq(s.trained_slope[_a, _b], -_B[_a, _b]),
    ),
    "misfit_direction": (
        "v is an eigenvector: the Fisher information along it is kappa times the curvature",
        eq(
            sp.Sum(_B[_a, _b] * _v[_b], _row),
            s.misfit_eigenvalue * sp.Sum(_A[_a, _b] * _v[_b], _row),
        ),
    ),
    "curvature_form": (
        "curvature along v",
        eq(curvature_form, s.curvature),
    ),
    "map_eigenvector": (
        "v is an eigenvector of the retraining map's Jacobian",
        eq(_u[_b], _j * _v[_b]),
    ),
    "information_equality": (
        "the best model is the real law: its Fisher information is the curvature on real data",
        eq(_A[_a, _b], _B[_a, _b]),
    ),
    "unit_direction": ("v has length 1", eq(length, 1)),
    "linearised_path": (
        "retraining multiplies a small distance along an eigenvector by its eigenvalue",
        eq(s.deviation_at[_t + 1], _j * s.deviation_at[_t]),
    ),
    "deviation_start": ("distance at the start", eq(s.deviation_at[0], s.transient_size)),
    "gradient_step": (
        "a gradient step along an eigenvector of A and of B; the samples stay those of the start",
        eq(s.gradient_eigenvalue_at[_t + 1], _curved * s.gradient_eigenvalue_at[_t] + _pulled),
    ),
    "gradient_start": (
        "training starts from the last parameters",
        eq(s.gradient_eigenvalue_at[0], 1),
    ),
}
