"""User-content injection into the image model: I10.

A text's ``n`` generated images are pooled with ``N_0`` fresh images from its reference Gaussian;
``m = n + N_0``, ``w = n/m``.  `pool_scale` is 1 for the unbiased covariance without shrinkage.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Theorem

_n, _n0 = s.image_count, s.user_images
pool = _n + _n0
share = _n / pool
pool_scale = s.shrinkage_factor * (pool - 1) / (pool - s.ddof)
_spread = _n * _n0 / (pool * (pool - 1))  # how much the gap between the two means adds

POOLED = (
    "n generated images pooled with N_0 fresh images from the reference Gaussian",
    "n is fixed; n + N_0 > max(1, ddof)",
)
GIVEN = "expectation given the state before the update"

user_content_mean_covariance = Theorem(
    name="user_content_mean_covariance",
    title="Mean covariance after one update with user content",
    in_words="The covariance is pulled to the reference, and the gap of the means adds to it.",
    statement=sp.Eq(
        Mean(s.next_cov),
        pool_scale
        * (share * s.current_cov + (1 - share) * s.reference_cov + _spread * s.mean_offset**2),
        evaluate=False,
    ),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="Theorem 6.2 (I10)",
    assumptions=(*POOLED, GIVEN, "variance along any fixed direction, hence the matrix identity"),
)
user_content_drift = Theorem(
    name="user_content_drift",
    title="Mean offset after one update with user content",
    in_words="User content pulls the mean back towards the reference by the factor n/(n + N_0).",
    statement=sp.Eq(Mean(s.next_mean_offset), share * s.mean_offset, evaluate=False),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="Theorem 6.2 (I10)",
    assumptions=(*POOLED, GIVEN),
)
user_content_squared_drift = Theorem(
    name="user_content_squared_drift",
    title="Mean squared offset after one update with user content",
    in_words="Squared offset: the pull by the share squared, plus the noise of the pooled mean.",
    statement=sp.Eq(
        Mean(s.next_squared_offset),
        share**2 * s.squared_offset
        + (share * s.current_variance + (1 - share) * s.image_variance) / pool,
        evaluate=False,
    ),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="Theorem 6.2 (I10)",
    assumptions=(*POOLED, GIVEN),
)
# The stationary pair (T, F) solves T = scale (w T + (1-w) T0 + spread F) and
# F = w^2 F + (w T + (1-w) T0)/m; F over T0 is the ratio below.
_noise = (1 - share) / (1 - pool_scale * share)  # w T + (1-w) T0 over T0 when F = 0
_feedback = share * pool_scale * _spread / (1 - pool_scale * share)
_fidelity = s.image_variance * _noise / (pool * (1 - share**2) - _feedback)
user_content_stationary_fidelity = Theorem(
    name="user_content_stationary_fidelity",
    title="Stationary squared fidelity with user content",
    in_words="The mean squared distance from the reference settles at this value.",
    statement=sp.Eq(s.stationary_fidelity, _fidelity, evaluate=False),
    kind=Kind.FIXED_POINT,
    source=Source.OURS,
    reference="Theorem 6.2 (I10)",
    assumptions=(*POOLED, "N_0 >= 1"),
)
user_content_stationary_trace = Theorem(
    name="user_content_stationary_trace",
    title="Stationary trace of the covariance with user content",
    in_words="The mean trace of the covariance settles at this value.",
    statement=sp.Eq(
        s.stationary_trace,
        pool_scale
        * ((1 - share) * s.image_variance + _spread * _fidelity)
        / (1 - pool_scale * share),
        evaluate=False,
    ),
    kind=Kind.FIXED_POINT,
    source=Source.OURS,
    reference="Theorem 6.2 (I10)",
    assumptions=(*POOLED, "N_0 >= 1"),
)

THEOREMS = (
    user_content_mean_covariance,
    user_content_drift,
    user_content_squared_drift,
    user_content_stationary_fidelity,
    user_content_stationary_trace,
)
