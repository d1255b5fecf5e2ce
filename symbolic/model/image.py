"""Premises of the image model: image counts, the keep rule, one update's covariance."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.premise import Premises
from symbolic.relations import eq
from symbolic.symbols import Mean, SampleMean

_N = s.batch_size
_n = s.image_count
_features = (s.feature, 0, s.num_features - 1)

image_scale = s.shrinkage_factor / (_n - s.ddof)
count_weight = (
    sp.binomial(_N, s.count_index)
    * s.text_prob**s.count_index
    * (1 - s.text_prob) ** (_N - s.count_index)
)
mean_after = sp.Function("E_D", positive=True)
inverse_freedom_mean = sp.Symbol("E_inv_nu", positive=True)  # E[1/(n - 1)]
counts_below = sp.Symbol("P_below", nonnegative=True)
update_factor = sp.Function("f", positive=True)
cube_rest = sp.IndexedBase(s.RandomSymbol("rest", real=True), real=True)
spread_size = sp.Symbol("eta", positive=True)  # X is of order nu^(-1/2): bookkeeping
deviation = sp.IndexedBase(s.RandomSymbol("X", real=True), real=True)
axis_ratio = sp.Symbol("tau", positive=True)


def root_entry(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    """Entry of the root of ``diag(s^2) + eta X``, to second order and with its remainder."""
    sd, c, eta = s.image_sd, sp.Symbol("c", integer=True, nonnegative=True), spread_size
    second = sp.Sum(
        deviation[a, c] * deviation[c, b] / ((sd[a] + sd[c]) * (sd[c] + sd[b])),
        (c, 0, s.num_features - 1),
    ) / (sd[a] + sd[b])
    first = deviation[a, b] / (sd[a] + sd[b])
    return (
        sd[a] * sp.KroneckerDelta(a, b) + eta * first - eta**2 * second + eta**3 * cube_rest[a, b]
    )


IMAGE: Premises = {
    "direction_start": (
        "variance in the direction at the start",
        eq(s.directional_variance_at[0], s.directional_variance),
    ),
    "image_start": (
        "image diversity at the start",
        eq(Mean(s.image_diversity_at[0]), s.image_diversity),
    ),
    "image_diversity": (
        "image diversity is the trace of the root",
        eq(s.image_diversity, sp.Sum(s.image_sd[s.feature], _features)),
    ),
    "mean_over_counts": (
        "the mean after an update, over the image counts and the keep rule",
        eq(
            Mean(s.next_image_diversity),
            counts_below * s.image_diversity
            + sp.Sum(count_weight * mean_after(s.count_index), (s.count_index, s.min_images, _N)),
        ),
    ),
    "mean_after": (
        "the mean after an update with n images",
        eq(mean_after(_n), Mean(s.next_image_diversity)),
    ),
    "contraction_factor": (
        "the contraction factor of one update of a given covariance",
        eq(
            Mean(s.next_image_diversity),
            s.contraction_factor * sp.Sum(s.image_sd[s.feature], _features),
        ),
    ),
    "averaged_contraction": (
        "the isotropic factor averaged over image counts",
        eq(
            s.contraction_factor,
            1 - (s.num_features + 1) / sp.Integer(8) * inverse_freedom_mean,
        ),
    ),
    "keep_rule": (
        "below min_images the Gaussian is kept, from there on it is updated",
        eq(
            s.mean_image_factor,
            counts_below
            + sp.Sum(
                count_weight * update_factor(s.count_index),
                (s.count_index, s.min_images, _N),
            ),
        ),
    ),
    "root_trace": (
        "image diversity after the update is the trace of the root of Sigma + eta X",
        eq(
            s.next_image_diversity,
            sp.Sum(root_entry(s.feature, s.feature), _features),
        ),
    ),
    # Special systems.
    "unbiased": ("the covariance is divided by n - 1", eq(s.ddof, sp.S.One)),
    "no_shrinkage": ("the covariance is not shrunk", eq(s.shrinkage_factor, sp.S.One)),
    "isotropic": (
        "all standard deviations are equal",
        eq(s.image_sd[s.feature], s.image_sd[0]),
    ),
    "long_axis": (
        "all standard deviations but the first are tau times the first",
        eq(
            s.image_sd[s.feature],
            s.image_sd[0] * (axis_ratio + (1 - axis_ratio) * sp.KroneckerDelta(s.feature, 0)),
        ),
    ),
    "top_direction": (
        "the direction is that of the largest variance at the start",
        eq(s.directional_variance, s.largest_variance),
    ),
    "deviation": (
        "the sample covariance in the eigenbasis of Sigma, minus its mean",
        eq(
            deviation[s.feature, s.other_feature],
            s.image_sd[s.feature]
            * s.image_sd[s.other_feature]
            * (
                SampleMean(
                    s.normal_draw[s.feature] * s.normal_draw[s.other_feature],
                    s.degrees_of_freedom,
                )
                - sp.KroneckerDelta(s.feature, s.other_feature)
            ),
        ),
    ),
}
