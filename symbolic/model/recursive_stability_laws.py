"""Premises on two loops whose real data differ in one example: fitted variance; regression.

Where mean and variance of a line are fitted to generated examples alone, generation ``t`` has the
mean ``m_0 + s_0 A_t`` and the standard deviation ``s_0 B_t``; ``A`` and ``B`` are made of the
standard normals drawn and do not depend on the real data.  Where weights are fitted on inputs with
``X'X = n I`` each weight is a mean, along its axis.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.premise import Premises
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.symbols.classes import index

_t, _a, _n, _n0 = s.generations, s.real_share, s.num_generated, s.num_real


def _random(name: str, **known: bool) -> sp.IndexedBase:
    return sp.IndexedBase(s.RandomSymbol(name, real=True, **known), real=True)


standard_mean = _random("A_L")
standard_sd = _random("B_L")
sample_mean = _random("zbar_L")
sample_variance = _random("v_L")
residual = _random("z_L")
pair_difference = _random("d_L")
_A, _B, _z = standard_mean[_t], standard_sd[_t], residual[_t]

axis = index("a_W")
label = index("k_W")
inputs = sp.IndexedBase(sp.Symbol("X_W", real=True), real=True)
labels = _random("y_W")
other_labels = _random("y_W'")
weight_at = _random("w_W")
other_weight_at = _random("w_W'")
weight_noise_at = _random("z_W")
weight_shift_at = sp.IndexedBase(sp.Symbol("d_W", real=True), real=True)
changed_input = sp.IndexedBase(sp.Symbol("x_W", real=True), real=True)
weight_distance_at = sp.IndexedBase(sp.Symbol("D_W", nonnegative=True), nonnegative=True)
_labels = (label, 0, _n0 - 1)
axes = (axis, 0, s.num_features - 1)


def _fitted(values: sp.IndexedBase) -> sp.Expr:
    return sp.Sum(inputs[label, axis] * values[label], _labels)


def _step(weight: sp.IndexedBase) -> sp.Eq:
    made = weight[_t, axis] + weight_noise_at[_t, axis]
    return eq(weight[_t + 1, axis], _a * weight[0, axis] + (1 - _a) * made)


RECURSIVE_STABILITY_LAWS: Premises = {
    "standard_mean": (
        "a fit to n_g examples moves the mean by that of their residuals",
        eq(standard_mean[_t + 1], _A + _B * sample_mean[_t]),
    ),
    "standard_sd": (
        "and multiplies the variance by theirs",
        eq(standard_sd[_t + 1] ** 2, _B**2 * sample_variance[_t]),
    ),
    "standard_mean_start": ("from the first mean", eq(standard_mean[0], 0)),
    "standard_sd_start": ("and the first standard deviation", eq(standard_sd[0], 1)),
    "sample_centred": (
        "means of fresh residuals have the mean zero",
        eq(Mean(_B * sample_mean[_t]), 0),
    ),
    "sample_fresh": (
        "whatever the mean so far",
        eq(Mean(_A * _B * sample_mean[_t]), 0),
    ),
    "sample_mean_square": (
        "and a variance of one over their number",
        eq(Mean(_B**2 * sample_mean[_t] ** 2), Mean(_B**2) / _n),
    ),
    "sample_variance_mean": (
        "their variance, divided by n_g - 1, has the mean one",
        eq(Mean(_B**2 * sample_variance[_t]), Mean(_B**2)),
    ),
    "residual_centred": ("a residual has the mean zero", eq(Mean(_B * _z), 0)),
    "residual_fresh": ("whatever the mean so far", eq(Mean(_A * _B * _z), 0)),
    "residual_square": ("and the variance one", eq(Mean(_B**2 * _z**2), Mean(_B**2))),
    "pair_difference": (
        "examples of the two loops, made of the same normals, differ by so much",
        eq(pair_difference[_t], s.mean_shift + s.sd_shift * (_A + _B * _z)),
    ),
    "first_weight": (
        "the first weights, by least squares on inputs with X'X = n I",
        eq(weight_at[0, axis], _fitted(labels) / _n0),
    ),
    "other_first_weight": (
        "the same from the other labels",
        eq(other_weight_at[0, axis], _fitted(other_labels) / _n0),
    ),
    "changed_label": (
        "one label differs, by example_distance",
        eq(_fitted(other_labels), _fitted(labels) + changed_input[axis] * s.example_distance),
    ),
    "weight_step": ("each later fit, along an axis", _step(weight_at)),
    "other_weight_step": (
        "the same from the other labels, with the same noise",
        _step(other_weight_at),
    ),
    "weight_shift": (
        "distance of the two loops' weights, along an axis",
        eq(weight_shift_at[_t, axis], other_weight_at[_t, axis] - weight_at[_t, axis]),
    ),
    "weight_distance": (
        "and in all",
        eq(weight_distance_at[_t] ** 2, sp.Sum(weight_shift_at[_t, axis] ** 2, axes)),
    ),
    "input_norm": (
        "length of the input whose label is changed",
        eq(s.input_norm**2, sp.Sum(changed_input[axis] ** 2, axes)),
    ),
}
