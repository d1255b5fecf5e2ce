"""Premises of iterative retraining: draws, training sets of each data policy, and their fits.

Everything is measured from the mean of the real data, axis by axis, but in training sets that keep
the same real examples: there from the mean of these.  Nothing is said of the draws but their means
and variances.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.premise import Premises
from symbolic.relations import eq
from symbolic.symbols import Mean, SampleMean

_a, _t = s.feature, s.generations
_n, _n0, _w = s.num_generated, s.num_real, s.fresh_weight
_axes = (_a, 0, s.num_features - 1)

offset = sp.IndexedBase(sp.Symbol("mu", real=True), real=True)
model_spread = sp.IndexedBase(sp.Symbol("sd2", nonnegative=True), nonnegative=True)
real_spread = sp.IndexedBase(sp.Symbol("sd2_real", nonnegative=True), nonnegative=True)
data_offset = sp.IndexedBase(sp.Symbol("mu_R", real=True), real=True)
data_gap = sp.IndexedBase(sp.Symbol("gap_R", real=True), real=True)
_generated = sp.IndexedBase(s.RandomSymbol("y_gen", real=True), real=True)
_real = sp.IndexedBase(s.RandomSymbol("x_real", real=True), real=True)
_centred = sp.IndexedBase(s.RandomSymbol("y_cen", real=True), real=True)
generated, real, centred = _generated[_a], _real[_a], _centred[_a]

kept_variance = sp.IndexedBase(s.RandomSymbol("s_kept", nonnegative=True), nonnegative=True)
cross = sp.Symbol("c_t", real=True)
cross_at = sp.IndexedBase(s.RandomSymbol("c", real=True), real=True)
next_cross = s.RandomSymbol("c'", real=True)
data_error_at = sp.IndexedBase(s.RandomSymbol("e_R", nonnegative=True), nonnegative=True)
kept_square_at = sp.IndexedBase(s.RandomSymbol("K", nonnegative=True), nonnegative=True)
square_at = sp.IndexedBase(s.RandomSymbol("G", nonnegative=True), nonnegative=True)

synthetic_share = s.synthetic_ratio / (1 + s.synthetic_ratio)
_b = synthetic_share
pool_size = (_t + 1) * _n


def total(term: sp.Expr) -> sp.Sum:
    """Sum over the axes.

    Examples
    --------
    >>> total(offset[_a] ** 2)
    Sum(mu[a]**2, (a, 0, d - 1))
    """
    return sp.Sum(term, _axes)


def unbiased_by(size: sp.Expr) -> sp.Expr:
    """Write the factor that a denominator of ``size - ddof`` puts on a mean square.

    Examples
    --------
    >>> unbiased_by(_n)
    n_g/(-ddof + n_g)
    """
    return size / (size - s.ddof)


def _spread(mean: sp.Expr, square: sp.Expr, size: sp.Expr) -> sp.Expr:
    return unbiased_by(size) * total(square - mean**2)


_first_mean, _first_square = SampleMean(real, _n0), SampleMean(real**2, _n0)
_new_mean, _new_square = SampleMean(generated, _n), SampleMean(generated**2, _n)
_fresh_mean = _w * _first_mean + (1 - _w) * _new_mean
_fresh_square = _w * _first_square + (1 - _w) * _new_square
_mixed_mean = _b * SampleMean(centred, _n)
_pool_mean = ((_t + 1) * offset[_a] + _new_mean) / (_t + 2)

RETRAINING: Premises = {
    "generated_location": ("mean of a generated example", eq(Mean(generated), offset[_a])),
    "generated_moment": (
        "second moment of a generated example",
        eq(Mean(generated**2), model_spread[_a] + offset[_a] ** 2),
    ),
    "real_location": ("real examples, measured from their mean", eq(Mean(real), 0)),
    "real_moment": ("second moment of a real example", eq(Mean(real**2), real_spread[_a])),
    "model_location": (
        "location error, axis by axis",
        eq(total(offset[_a] ** 2), s.location_error),
    ),
    "model_spread": ("model variance, axis by axis", eq(total(model_spread[_a]), s.model_variance)),
    "real_spread": ("variance of the real data", eq(total(real_spread[_a]), s.real_variance)),
    "first_location": (
        "the first fit's mean is that of the real examples",
        eq(s.location_error_at[0], total(_first_mean**2)),
    ),
    "first_variance": (
        "the first fit's covariance is that of the real examples",
        eq(s.model_variance_at[0], _spread(_first_mean, _first_square, _n0)),
    ),
    "replaced_location": (
        "a fit to what was generated: its mean",
        eq(s.next_location_error, total(_new_mean**2)),
    ),
    "replaced_variance": (
        "a fit to what was generated: its covariance",
        eq(s.next_model_variance, _spread(_new_mean, _new_square, _n)),
    ),
    "fresh_location": (
        "a fit to generated and fresh real examples: its mean",
        eq(s.next_location_error, total(_fresh_mean**2)),
    ),
    "fresh_variance": (
        "a fit to generated and fresh real examples: its covariance",
        eq(s.next_model_variance, _spread(_fresh_mean, _fresh_square, _n + _n0)),
    ),
    "centred_location": (
        "mean of a generated example, measured from the mean of the real examples at hand",
        eq(Mean(centred), data_offset[_a]),
    ),
    "centred_moment": (
        "its second moment",
        eq(Mean(centred**2), model_spread[_a] + data_offset[_a] ** 2),
    ),
    "data_location": (
        "distance from the real examples' mean, axis by axis",
        eq(total(data_offset[_a] ** 2), s.data_distance),
    ),
    "mixed_distance": (
        "a fit to generated examples and the same real ones: its mean, measured from theirs",
        eq(s.next_data_distance, total(_mixed_mean**2)),
    ),
    "mixed_variance": (
        "a fit to generated examples and the same real ones: its covariance",
        eq(
            s.next_model_variance,
            unbiased_by(_n + _n0)
            * (
                (1 - _b) * s.data_variance + total(_b * SampleMean(centred**2, _n) - _mixed_mean**2)
            ),
        ),
    ),
    "mixed_cross": (
        "product of the model's distance from the real examples' mean and that mean's own error",
        eq(next_cross, total(_mixed_mean * data_gap[_a])),
    ),
    "model_cross": ("the same before the fit", eq(total(data_offset[_a] * data_gap[_a]), cross)),
    "mixed_start": (
        "the first fit's mean is that of the real examples",
        eq(s.data_distance_at[0], 0),
    ),
    "cross_start": ("so it has no distance from it", eq(cross_at[0], 0)),
    "kept_variance": (
        "the real examples at hand stay: their covariance",
        eq(kept_variance[_t], total(_first_square - _first_mean**2)),
    ),
    "kept_error": ("and the error of their mean", eq(data_error_at[_t], total(_first_mean**2))),
    "location_split": (
        "squared distance of the model's mean through the real examples' mean",
        eq(s.location_error_at[_t], s.data_distance_at[_t] + 2 * cross_at[_t] + data_error_at[_t]),
    ),
    "kept_square": (
        "second moment of what a model generates, about the mean of the real examples at hand",
        eq(kept_square_at[_t], s.model_variance_at[_t] + s.data_distance_at[_t]),
    ),
    "mean_distance": (
        "data_distance is the mean over the real examples at hand, too",
        eq(Mean(s.data_distance_at[_t]), s.data_distance),
    ),
    "accumulated_location": (
        "a fit to all examples of all generations: its mean",
        eq(s.next_location_error, total(_pool_mean**2)),
    ),
    "accumulated_moment": (
        "second moment of all examples of all generations",
        eq(s.next_pool_moment, ((_t + 1) * s.pool_moment + total(_new_square)) / (_t + 2)),
    ),
    "accumulated_variance": (
        "a fit to all of them: its covariance",
        eq(
            s.next_model_variance,
            unbiased_by(pool_size + _n) * (s.next_pool_moment - s.next_location_error),
        ),
    ),
    "pool_variance": (
        "the same at each generation, also the first",
        eq(
            s.model_variance_at[_t],
            unbiased_by(pool_size) * (s.pool_moment_at[_t] - s.location_error_at[_t]),
        ),
    ),
    "first_pool": (
        "the first batch of the pool is real",
        eq(s.pool_moment_at[0], total(SampleMean(real**2, _n))),
    ),
    "first_pool_location": (
        "the first batch of the pool is real",
        eq(s.location_error_at[0], total(SampleMean(real, _n) ** 2)),
    ),
    "model_square": (
        "second moment of what a model generates",
        eq(square_at[_t], s.model_variance_at[_t] + s.location_error_at[_t]),
    ),
    "maximum_likelihood": ("covariances are divided by the number of examples", eq(s.ddof, 0)),
    "known_variance": (
        "the covariance is known: only the mean is fitted",
        eq(s.model_variance_at[_t], s.real_variance),
    ),
    "numbers_in_ratio": (
        "all examples of a training set count alike",
        eq(_n, s.synthetic_ratio * _n0),
    ),
    "power_schedule": (
        "the number of generated examples grows like a power",
        eq(s.generated_at[_t], _n * (_t + 1) ** s.schedule_power),
    ),
    "linear_schedule": (
        "the number of generated examples grows linearly",
        eq(s.generated_at[_t], _n * (_t + 1)),
    ),
    "numbers_alike": ("as many generated examples as real ones", eq(_n, _n0)),
}
