"""Premises of a training budget: fits to a sample of all examples so far, or to a reservoir.

Covariances are by maximum likelihood.  A sample and a reservoir are drawn without replacement,
each set being as likely as any other.
"""

from __future__ import annotations

from symbolic import symbols as s
from symbolic.model.premise import Premises
from symbolic.model.retraining_errors import pool_size, real, total
from symbolic.relations import eq
from symbolic.symbols import Mean, SampleMean

_t, _n, _B = s.generations, s.num_generated, s.training_budget
_stream = pool_size + _n  # examples so far, with the new batch

sample_product = s.RandomSymbol("sample_product", real=True)
sample_square = s.RandomSymbol("sample_square", nonnegative=True)
sample_moment = s.RandomSymbol("sample_moment", nonnegative=True)
batch_product = s.RandomSymbol("batch_product", real=True)
batch_square = s.RandomSymbol("batch_square", nonnegative=True)
batch_moment = s.RandomSymbol("batch_moment", nonnegative=True)
replaced_count = s.RandomSymbol("j", integer=True, nonnegative=True)
reservoir_product = s.RandomSymbol("reservoir_product", real=True)
reservoir_square = s.RandomSymbol("reservoir_square", nonnegative=True)

BUDGET: Premises = {
    "sample_location": (
        "the fit's mean is that of the sample, which misses the pool's",
        eq(s.next_location_error, s.pool_error + 2 * sample_product + sample_square),
    ),
    "sample_unbiased": ("a sample's mean is the pool's, on average", eq(Mean(sample_product), 0)),
    "sample_spread": (
        "variance of the mean of a sample drawn without replacement",
        eq(
            Mean(sample_square),
            (1 / _B - 1 / pool_size) * pool_size / (pool_size - 1)
            * (s.pool_moment - s.pool_error),
        ),
    ),
    "sample_variance": (
        "the fit's covariance is that of the sample",
        eq(s.next_model_variance, sample_moment - s.next_location_error),
    ),
    "sample_moment": ("second moment of a sample", eq(Mean(sample_moment), s.pool_moment)),
    "batch_location": (
        "a new batch moves the pool's mean",
        eq(
            s.next_pool_error,
            s.pool_error + 2 * batch_product / (_t + 2) + batch_square / (_t + 2) ** 2,
        ),
    ),
    "batch_unbiased": ("its mean is the pool's, on average", eq(Mean(batch_product), 0)),
    "batch_spread": (
        "its mean misses the pool's as the sample's does, and by its own noise",
        eq(Mean(batch_square), Mean(sample_square) + Mean(s.next_model_variance) / _n),
    ),
    "batch_moment": (
        "second moment of a batch of the fitted model",
        eq(Mean(batch_moment), Mean(s.next_model_variance) + Mean(s.next_location_error)),
    ),
    "batch_pooled": (
        "second moment of the pool with the new batch",
        eq(s.next_pool_moment, ((_t + 1) * s.pool_moment + batch_moment) / (_t + 2)),
    ),
    "first_pool_error": (
        "the first batch of the pool is real",
        eq(s.pool_error_at[0], total(SampleMean(real, _n) ** 2)),
    ),
    "reservoir_location": (
        "a fit to the reservoir: replacing j of its examples moves its mean",
        eq(s.next_location_error, s.location_error + 2 * reservoir_product + reservoir_square),
    ),
    "reservoir_unbiased": ("by nothing, on average", eq(Mean(reservoir_product), 0)),
    "reservoir_spread": (
        "j new examples bring their noise, and B - j old ones are drawn without replacement",
        eq(
            Mean(reservoir_square),
            s.model_variance
            * (Mean(replaced_count) + Mean(replaced_count * (_B - replaced_count)) / (_B - 1))
            / _B**2,
        ),
    ),
    "reservoir_count": (
        "each example so far is in the reservoir with the same chance",
        eq(Mean(replaced_count), _B * _n / _stream),
    ),
    "reservoir_pairs": (
        "and each pair of them",
        eq(
            Mean(replaced_count * (replaced_count - 1)),
            _B * (_B - 1) * _n * (_n - 1) / (_stream * (_stream - 1)),
        ),
    ),
    "reservoir_moment": (
        "second moment of the reservoir, which the fitted model reproduces",
        eq(
            Mean(s.next_model_variance) + Mean(s.next_location_error),
            s.model_variance + s.location_error,
        ),
    ),
    "first_reservoir": (
        "the first reservoir holds real examples",
        eq(s.location_error_at[0], total(SampleMean(real, _B) ** 2)),
    ),
    "first_reservoir_variance": (
        "and their covariance is fitted",
        eq(
            s.model_variance_at[0],
            total(SampleMean(real**2, _B) - SampleMean(real, _B) ** 2),
        ),
    ),
}  # fmt: skip
