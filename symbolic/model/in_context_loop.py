"""Premises of linear attention in a self-consuming loop.

The real context, with the mean product ``u_0``, is kept.  In generation ``t`` the model labels a
batch of fresh inputs with its coefficients ``w_t``, whose mean product is ``b``; then
``w_(t+1) = eta (alpha u_0 + (1 - alpha) b)``.  The first coefficients are ``eta u_0``.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.premise import Premises
from symbolic.relations import eq
from symbolic.symbols import Mean

_t, _eta, _share = s.generations, s.attention_gain, s.real_share
_square, _now, _aim = s.first_square, s.context_product_now, s.first_aim

# Of the batch: its square, and its products with u_0 and with the true coefficients.
batch_square = s.RandomSymbol("b2", nonnegative=True)
batch_product = s.RandomSymbol("bu", real=True)
batch_aim = s.RandomSymbol("bw", real=True)
unit_square = s.RandomSymbol("b2_1", positive=True)
scatter_rate = sp.Symbol("r_S", real=True)
first_context_square = s.RandomSymbol("u2_r", nonnegative=True)
first_context_aim = s.RandomSymbol("uw_r", real=True)

next_product = s.RandomSymbol("o_A'", real=True)
next_aim = s.RandomSymbol("r_w'", real=True)
_product = sp.IndexedBase(s.RandomSymbol("o_t", real=True), real=True)
_aims = sp.IndexedBase(s.RandomSymbol("r_t", real=True), real=True)
_first = sp.IndexedBase(s.RandomSymbol("u2_t", nonnegative=True), nonnegative=True)
_first_aims = sp.IndexedBase(s.RandomSymbol("uw_t", real=True), real=True)
product_at, aim_at = _product[_t], _aims[_t]
first_square_at, first_aim_at = _first[_t], _first_aims[_t]

CONTEXT_LOOP: Premises = {
    "next_coefficient_square": (
        "squared length of the next coefficients",
        eq(
            s.next_coefficient_square,
            _eta**2
            * (
                _share**2 * _square
                + 2 * _share * (1 - _share) * batch_product
                + (1 - _share) ** 2 * batch_square
            ),
        ),
    ),
    "next_context_product": (
        "product of the next coefficients and u_0",
        eq(next_product, _eta * (_share * _square + (1 - _share) * batch_product)),
    ),
    "next_aim": (
        "product of the next coefficients and the true ones",
        eq(next_aim, _eta * (_share * _aim + (1 - _share) * batch_aim)),
    ),
    "context_overlap": (
        "product of the coefficients and u_0, in its squared lengths",
        eq(_now, s.context_overlap * _square),
    ),
    "next_overlap": (
        "the same after the retraining",
        eq(s.next_context_overlap * _square, next_product),
    ),
    "kept_context_square": (
        "the real context is kept: the squared length of u_0",
        eq(Mean(first_square_at), Mean(first_context_square)),
    ),
    "kept_context_aim": (
        "and its product with the true coefficients",
        eq(Mean(first_aim_at), Mean(first_context_aim)),
    ),
    "first_overlap": ("the first coefficients are eta u_0", eq(s.context_overlap_at[0], _eta)),
    "first_product": (
        "so is their product with u_0",
        eq(_product[0], _eta * _first[0]),
    ),
    "first_aim": (
        "with the true coefficients",
        eq(_aims[0], _eta * _first_aims[0]),
    ),
    "first_coefficient_square": (
        "and their squared length",
        eq(s.coefficient_square_at[0], _eta**2 * _first[0]),
    ),
    "coefficient_error": (
        "squared distance of the coefficients from the true ones",
        eq(s.location_error_at[_t], s.coefficient_square_at[_t] - 2 * aim_at + s.squared_norm),
    ),
    "no_real_share": ("no real examples but for the first fit", eq(_share, 0)),
    "no_label_noise": ("the model's labels carry no noise", eq(s.label_noise, 0)),
    "context_growth": (
        "the difference of two runs with the same draws, squared, from one of length 1",
        eq(s.context_growth, _eta**2 * (1 - _share) ** 2 * unit_square),
    ),
    "context_rate": (
        "mean logarithm of what a generation multiplies the length of that difference by",
        eq(s.context_rate, sp.log(_eta * (1 - _share)) + Mean(sp.log(unit_square)) / 2),
    ),
    "scatter_rate": (
        "the same of the scatter alone",
        eq(scatter_rate, Mean(sp.log(unit_square)) / 2),
    ),
    "context_split": (
        "real and generated examples fill one context",
        eq(s.num_generated, (1 - _share) * s.num_context),
    ),
    "trained_gain": (
        "the gain is the best one for as many examples as the batch has",
        eq(_eta, s.best_attention_gain),
    ),
    "same_length": ("as many examples as the context", eq(s.num_context, s.num_generated)),
    "orthogonal_design": (
        "variance of least squares on X'X = n I: n times the noise of its weights",
        eq(s.real_variance, s.num_features * s.label_noise),
    ),
    "share_of_ratio": (
        "the share of the real examples by weight",
        eq(s.synthetic_ratio, (1 - _share) / _share),
    ),
}
