"""Premises of several models retrained on samples of one another, and of two eigenvalues."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.premise import Premises
from symbolic.relations import eq, le

_first, _second, _c = s.first_share, s.second_share, s.exchange
_i, _k = s.leading_model, s.source_model
_sources = (_k, 0, s.models - 1)

RETRAINING_NETWORK: Premises = {
    "eigenvalue_sum": (
        "the eigenvalues of two by two numbers add up to the trace",
        eq(s.retraining_eigenvalue + s.other_eigenvalue, s.jacobian_trace),
    ),
    "eigenvalue_product": (
        "and multiply to the determinant",
        eq(s.retraining_eigenvalue * s.other_eigenvalue, s.jacobian_determinant),
    ),
    "eigenvalue_gap": (
        "how far the larger is above the smaller",
        eq(s.retraining_eigenvalue - s.other_eigenvalue, s.eigenvalue_gap),
    ),
    "network_trace": (
        "each of two well-specified models keeps its share of what it has generated itself",
        eq(s.jacobian_trace, _first * (1 - _c) + _second * (1 - _c)),
    ),
    "network_determinant": (
        "and takes its share of what the other one has generated",
        eq(
            s.jacobian_determinant,
            _first * (1 - _c) * _second * (1 - _c) - _first * _c * _second * _c,
        ),
    ),
    "network_jacobian": (
        "a well-specified model takes its share of synthetic data from all models by weight",
        eq(
            (1 + s.model_ratio[_i]) * s.network_jacobian[_i, _k],
            s.model_ratio[_i] * s.source_weight[_i, _k],
        ),
    ),
    "source_weights": (
        "the weights of a model's sources add up to one",
        eq(sp.Sum(s.source_weight[_i, _k], _sources), 1),
    ),
    "largest_ratio": (
        "no model has a larger ratio",
        le(s.model_ratio[_i], s.largest_ratio),
    ),
}
