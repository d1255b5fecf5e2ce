"""Premises of a Gaussian that is retrained on real data and on samples that are not its own law's.

Tempered sampling and kernel smoothing change the variance of the samples, selection their mean as
well.  Real data have mean 0; fits are by moments and data are infinite.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.premise import Premises
from symbolic.relations import eq

_t, _lam, _V = s.generations, s.synthetic_ratio, s.real_variance
_v, _m, _sd = s.fitted_variance, s.fitted_shift, s.fitted_sd
_mean, _spread = s.chosen_mean(_m, _v), s.chosen_spread(_v)
shift, variance = s.shift_after(_m, _v), s.variance_after(_m, _v)
of_shift = {name: sp.Derivative(shift, name) for name in (_m, _v)}
of_variance = {name: sp.Derivative(variance, name) for name in (_m, _v)}
line = sp.Symbol("x_s", real=True)

RETRAINING_SAMPLES: Premises = {
    "centred_variance": (
        "variance of the real data and lambda times as many samples, of one mean",
        eq((1 + _lam) * s.variance_map(_v), _V + _lam * s.sample_spread(_v)),
    ),
    "variance_path": (
        "each retraining applies the map",
        eq(s.fitted_variance_at[_t + 1], s.variance_map(s.fitted_variance_at[_t])),
    ),
    "variance_eigenvalue": (
        "the eigenvalue is the map's derivative",
        eq(s.retraining_eigenvalue, sp.Derivative(s.variance_map(_v), _v)),
    ),
    "tempered_samples": (
        "a normal density to the power 1/T is that of T times the variance",
        eq(s.sample_spread(_v), s.temperature * _v),
    ),
    "kernel_samples": (
        "a kernel's variance, in proportion to that of the data, adds to it",
        eq(s.sample_spread(_v), _v + s.bandwidth**2 * _v),
    ),
    "fixed_kernel_samples": (
        "a kernel of fixed width adds its variance",
        eq(s.sample_spread(_v), _v + s.fixed_bandwidth**2),
    ),
    "chosen_mean": (
        "the best of k samples lie e standard deviations above the mean",
        eq(_mean, _m + s.selected_mean * sp.sqrt(_v)),
    ),
    "chosen_spread": (
        "the variance of the best of k samples is c times the variance",
        eq(_spread, s.selected_variance * _v),
    ),
    "joint_shift": (
        "mean of the real data and lambda times as many samples",
        eq((1 + _lam) * shift, _lam * _mean),
    ),
    "joint_variance": (
        "mean square of the same",
        eq((1 + _lam) * (variance + shift**2), _V + _lam * (_spread + _mean**2)),
    ),
    "fixed_shift": ("retraining leaves the mean where it is", eq(shift, _m)),
    "fixed_variance": ("and the variance", eq(variance, _v)),
    "fitted_sd": ("the standard deviation", eq(_v, _sd**2)),
    "jacobian_trace": (
        "trace of the derivatives of mean and variance",
        eq(s.jacobian_trace, of_shift[_m] + of_variance[_v]),
    ),
    "jacobian_determinant": (
        "their determinant",
        eq(
            s.jacobian_determinant,
            of_shift[_m] * of_variance[_v] - of_shift[_v] * of_variance[_m],
        ),
    ),
    "stability_margin": (
        "determinant of I - J",
        eq(s.stability_margin, 1 - s.jacobian_trace + s.jacobian_determinant),
    ),
    "best_of_two_mean": (
        "mean of the larger of two standard normals, 2 x phi Phi integrated by parts",
        eq(
            s.selected_mean,
            sp.Integral(2 * (sp.exp(-(line**2) / 2) / sp.sqrt(2 * sp.pi)) ** 2,
                        (line, -sp.oo, sp.oo)),
        ),
    ),
    "best_of_two_square": (
        "the larger and the smaller mirror each other, so each has the mean square of one",
        eq(s.selected_variance + s.selected_mean**2, 1),
    ),
    "replaced_sd": (
        "without real data selection multiplies the variance by c",
        eq(s.fitted_sd_at[_t + 1] ** 2, s.selected_variance * s.fitted_sd_at[_t] ** 2),
    ),
    "replaced_shift": (
        "and moves the mean by e standard deviations",
        eq(s.fitted_shift_at[_t + 1],
           s.fitted_shift_at[_t] + s.selected_mean * s.fitted_sd_at[_t]),
    ),
    "sd_start": ("standard deviation at the start", eq(s.fitted_sd_at[0], s.initial_sd)),
    "shift_start": (
        "the first model has the mean of the real data",
        eq(s.fitted_shift_at[0], 0),
    ),
}  # fmt: skip
