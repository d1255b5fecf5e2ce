"""Premises of in-context regression by linear attention: one context, and the prior.

A context is ``n`` inputs of ``d`` independent standard normals with labels ``w'x + noise``.  All
that one layer of linear attention sees of it is ``u``, the mean product of input and label; it
predicts with the coefficients ``eta u``.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.premise import Premises
from symbolic.relations import eq
from symbolic.symbols import Mean, SampleMean

_a, _b, _eta = s.feature, s.other_feature, s.attention_gain
axes = (_a, 0, s.num_features - 1)
other_axes = (_b, 0, s.num_features - 1)

coefficient = sp.IndexedBase(sp.Symbol("w_A", real=True), real=True)
vector = sp.IndexedBase(sp.Symbol("v_A", real=True), real=True)
label_error = s.RandomSymbol("e_A", real=True)
_product = sp.IndexedBase(s.RandomSymbol("h_A", real=True), real=True)
label_product = _product[_a]
task_square = s.RandomSymbol("W2", nonnegative=True)
task_context_square = s.RandomSymbol("U2", nonnegative=True)
task_context_product = s.RandomSymbol("UW", real=True)
_z = s.normal_draw

SCATTER_POWERS = (2, 3, 4, 5, 6)


def total(term: sp.Expr) -> sp.Sum:
    """Sum over the axes.

    Examples
    --------
    >>> total(coefficient[_a] ** 2)
    Sum(w_A[a]**2, (a, 0, d - 1))
    """
    return sp.Sum(term, axes)


IN_CONTEXT: Premises = {
    "label_product": (
        "product of an input and its label",
        eq(label_product, _z[_a] * (sp.Sum(coefficient[_b] * _z[_b], other_axes) + label_error)),
    ),
    "input_noise": (
        "the noise of a label has mean zero whatever its input",
        eq(Mean(_z[_a] * label_error), 0),
    ),
    "input_noise_cross": (
        "also where inputs weigh it",
        eq(Mean(_z[_a] ** 2 * _z[_b] * label_error), 0),
    ),
    "input_noise_square": (
        "and one variance; inputs have variance one",
        eq(Mean(_z[_a] ** 2 * label_error**2), s.label_noise),
    ),
    "coefficient_norm": (
        "squared length of the coefficients, axis by axis",
        eq(total(coefficient[_a] ** 2), s.squared_norm),
    ),
    "coefficient_product": (
        "their product with another vector",
        eq(total(coefficient[_a] * vector[_a]), s.coefficient_product),
    ),
    "context_square": (
        "squared length of a context's mean product of input and label",
        eq(s.context_square, total(SampleMean(label_product, s.num_context) ** 2)),
    ),
    "context_product": (
        "its product with a vector",
        eq(s.context_product, total(vector[_a] * SampleMean(label_product, s.num_context))),
    ),
    **{
        f"scatter_power_{power}": (
            "trace of a power of the inputs' scatter X'X/n, over their dimension",
            eq(
                s.scatter_trace[power],
                s.context_wishart_trace[power] / (s.num_context**power * s.num_features),
            ),
        )
        for power in SCATTER_POWERS
    },
    "prior": (
        "mean squared length of true coefficients of the prior",
        eq(Mean(task_square), s.prior_variance * s.num_features),
    ),
    "attention_error": (
        "linear attention predicts with its gain times the mean product of input and label",
        eq(
            s.attention_error,
            Mean(_eta**2 * task_context_square - 2 * _eta * task_context_product + task_square),
        ),
    ),
}
