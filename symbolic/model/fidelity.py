"""Premises of fidelity: how far a text's mean wanders."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.image import count_weight, counts_below
from symbolic.model.premise import Premises
from symbolic.relations import eq
from symbolic.symbols import Mean, SampleMean

_N = s.batch_size
_t = s.generations
_n = s.image_count
_n0 = s.user_images
_features = (s.feature, 0, s.num_features - 1)

step_length = s.RandomSymbol("step", nonnegative=True)
step_length_at = sp.IndexedBase(s.RandomSymbol("step", nonnegative=True), nonnegative=True)
variance_at = sp.IndexedBase(s.RandomSymbol("tr_Sigma", positive=True), positive=True)

_z = s.normal_draw[s.feature]
axis_offset = sp.IndexedBase(sp.Symbol("Delta", real=True), real=True)
step_after = sp.Function("E_step", nonnegative=True)
squared_after = sp.Function("E_F2", nonnegative=True)
squared_offset_next = s.RandomSymbol("F2'", nonnegative=True)
_counts = (s.count_index, s.min_images, _N)

FIDELITY: Premises = {
    "step_square": (
        "the step of a text's mean is the mean of n images, axis by axis",
        eq(
            step_length**2,
            sp.Sum(s.image_sd[s.feature] ** 2 * SampleMean(_z, _n) ** 2, _features),
        ),
    ),
    "step_after": ("mean step of an update with n images", eq(step_after(_n), Mean(step_length))),
    "step_over_counts": (
        "mean step over the image counts; a kept text does not move",
        eq(Mean(step_length_at[_t]), sp.Sum(count_weight * step_after(s.count_index), _counts)),
    ),
    "inverse_root_count": (
        "E[1{updated} n^(-1/2)]",
        eq(
            sp.Sum(count_weight / sp.sqrt(s.count_index), _counts),
            s.inverse_root_count,
        ),
    ),
    "inverse_count": (
        "E[1{updated} / n]",
        eq(sp.Sum(count_weight / s.count_index, _counts), s.inverse_count),
    ),
    "rho": (
        "rho is the mean factor of image_factor_mean",
        eq(s.mean_image_factor, s.contraction_factor),
    ),
    "squared_after": (
        "squared offset after an update with n images, axis by axis",
        eq(
            squared_after(_n),
            sp.Sum(
                Mean((axis_offset[s.feature] + s.image_sd[s.feature] * SampleMean(_z, _n)) ** 2),
                _features,
            ),
        ),
    ),
    "squared_over_counts": (
        "squared offset over the image counts; a kept text does not move",
        eq(
            Mean(squared_offset_next),
            counts_below * s.squared_offset
            + sp.Sum(count_weight * squared_after(s.count_index), _counts),
        ),
    ),
    "squared_offset": (
        "squared offset, axis by axis",
        eq(s.squared_offset, sp.Sum(axis_offset[s.feature] ** 2, _features)),
    ),
    "current_variance": (
        "trace of the covariance, axis by axis",
        eq(s.current_variance, sp.Sum(s.image_sd[s.feature] ** 2, _features)),
    ),
    "trace_by_direction": (
        "the trace is the sum of the variances along fixed axes, all of which have one mean factor",
        eq(
            Mean(variance_at[_t]),
            s.image_variance / s.directional_variance * Mean(s.directional_variance_at[_t]),
        ),
    ),
    "fidelity_start": ("no distance at the start", eq(Mean(s.image_fidelity_at[0]), 0)),
    "squared_start": ("no distance at the start", eq(Mean(s.squared_fidelity_at[0]), 0)),
    "fidelity_triangle": (
        "triangle inequality for one more step of the mean",
        sp.Le(
            Mean(s.image_fidelity_at[_t + 1]),
            Mean(s.image_fidelity_at[_t]) + Mean(step_length_at[_t]),
            evaluate=False,
        ),
    ),
}
