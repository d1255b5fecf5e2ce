"""The premises: what the co-evolving system does, each fact once.

Derivations rest on these definitions and laws and on nothing else (but cited lemmas), so that a
theorem with an altered premise finds no support here.  A premise that only some systems meet
(one-hot posteriors, a common covariance) says so, and so must the theorem that uses it.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp
from sympy.core.relational import Relational

from symbolic import symbols as s
from symbolic.symbols import Mean, SampleMean


@dataclass(frozen=True, kw_only=True)
class Premise:
    """A definition or a law of the model.

    Parameters
    ----------
    in_words : str
        What it says.
    statement : sympy Relational
        The same as an equation or inequality.

    Examples
    --------
    >>> MODEL["text_update"].in_words
    'a text update averages the posteriors of N independent images'
    """

    in_words: str
    statement: Relational


def _eq(lhs: sp.Expr, rhs: sp.Expr) -> sp.Eq:
    return sp.Eq(lhs, rhs, evaluate=False)


_i, _k, _K, _N = s.text, s.other_text, s.num_texts, s.batch_size
_p, _u, _y, _x = s.text_probs, s.target_probs, s.image_draw, s.image
_q, _mix, _r = s.density, s.mixture, s.posterior
_t, _n, _n0 = s.generations, s.image_count, s.user_images
_eps, _alpha = s.injection_fraction, s.injection_prob
_texts, _other_texts = (_i, 0, _K - 1), (_k, 0, _K - 1)
_features = (s.feature, 0, s.num_features - 1)

# ------------------------------------------------------------------------------------- text model

axis_variance = sp.IndexedBase(sp.Symbol("l", positive=True), positive=True)
axis_gap = sp.IndexedBase(sp.Symbol("delta", real=True), real=True)
axis_overlap = sp.Function("log_overlap")
_l = axis_variance[s.feature]

_TEXT = {
    "text_update": (
        "a text update averages the posteriors of N independent images",
        _eq(s.next_text_probs[_i], SampleMean(_r(_i, _y), _N)),
    ),
    "posterior": (
        "Bayes: the posterior of a text given an image",
        _eq(_r(_i, _x), _p[_i] * _q(_i, _x) / _mix(_x)),
    ),
    "mixture": (
        "the density of an image of the mixture",
        _eq(_mix(_x), sp.Sum(_p[_i] * _q(_i, _x), _texts)),
    ),
    "density_total": ("densities integrate to one", _eq(sp.Integral(_q(_i, _x), _x), 1)),
    "total": ("probabilities add up to one", _eq(sp.Sum(_p[_i], _texts), 1)),
    "other_total": ("probabilities add up to one", _eq(sp.Sum(_p[_k], _other_texts), 1)),
    "posterior_total": ("posteriors add up to one", _eq(sp.Sum(_r(_i, _y), _texts), 1)),
    "diversity": (
        "text diversity is the Gini-Simpson index",
        _eq(s.text_diversity, 1 - sp.Sum(_p[_i] ** 2, _texts)),
    ),
    "next_diversity": (
        "text diversity after the update",
        _eq(s.next_text_diversity, 1 - sp.Sum(s.next_text_probs[_i] ** 2, _texts)),
    ),
    "confusion": (
        "confusion times diversity is the mean diversity of the posterior",
        _eq(
            s.posterior_confusion * s.text_diversity,
            Mean(1 - sp.Sum(_r(_i, _y) ** 2, _texts)),
        ),
    ),
    "prob_covariance": (
        "covariance of two texts' probabilities after the update",
        _eq(
            s.text_prob_covariance,
            Mean(s.next_text_probs[_i] * s.next_text_probs[_k])
            - Mean(s.next_text_probs[_i]) * Mean(s.next_text_probs[_k]),
        ),
    ),
    "posterior_covariance": (
        "covariance of two texts' posteriors under one image of the mixture",
        _eq(
            s.posterior_covariance,
            Mean(_r(_i, _y) * _r(_k, _y)) - Mean(_r(_i, _y)) * Mean(_r(_k, _y)),
        ),
    ),
    "text_start": (
        "diversity at the start",
        _eq(Mean(s.text_diversity_at[0]), s.initial_text_diversity),
    ),
    "confused_diversity": (
        "name of the mean confused diversity",
        _eq(
            Mean(s.posterior_confusion_at[_t] * s.text_diversity_at[_t]),
            s.mean_confused_diversity[_t],
        ),
    ),
    "overlap": (
        "Bhattacharyya coefficient of two densities",
        _eq(s.bhattacharyya[_i, _k], sp.Integral(sp.sqrt(_q(_i, _x) * _q(_k, _x)), _x)),
    ),
    "axis_overlap": (
        "log overlap on one axis of N(0, 1) and N(delta, l): log of the integral of the root",
        _eq(
            axis_overlap(s.feature),
            sp.log(
                sp.Integral(
                    sp.exp(-(_x**2) / 4 - (_x - axis_gap[s.feature]) ** 2 / (4 * _l))
                    / sp.sqrt(2 * sp.pi * sp.sqrt(_l)),
                    (_x, -sp.oo, sp.oo),
                )
            ),
        ),
    ),
    # Special systems.
    "one_hot": ("one-hot posteriors: a posterior is 0 or 1", _eq(_r(_i, _y) ** 2, _r(_i, _y))),
    "one_hot_pair": (
        "one-hot posteriors: no image is owned twice",
        _eq(_r(_i, _y) * _r(_k, _y), sp.KroneckerDelta(_i, _k) * _r(_i, _y)),
    ),
    "one_hot_confusion": ("one-hot posteriors are never confused", _eq(s.posterior_confusion, 0)),
    "next_homozygosity": (
        "homozygosity after the update",
        _eq(s.next_homozygosity, sp.Sum(s.next_text_probs[_i] ** 2, _texts)),
    ),
    "second_power": ("homozygosity", _eq(sp.Sum(_p[_i] ** 2, _texts), s.homozygosity)),
    "third_power": ("sum of cubes", _eq(sp.Sum(_p[_i] ** 3, _texts), s.third_power_sum)),
}

# ---------------------------------------------------------- texts with one common, large covariance

small = sp.Symbol("eta", positive=True)  # S = S_1 / eta**2
score = sp.IndexedBase(s.RandomSymbol("xi", real=True), real=True)  # (mu_i - mubar)' S_1^-1/2 z
_weight = _p[_k] * sp.exp(small * score[_k] - small**2 * s.text_distance[_k] / 2)
common_total = sp.Sum(_weight, _other_texts)
common_posterior = (
    _p[_i] * sp.exp(small * score[_i] - small**2 * s.text_distance[_i] / 2) / common_total
)
mean_spread = sp.IndexedBase(sp.Symbol("v", nonnegative=True), nonnegative=True)
remainder = sp.IndexedBase(s.RandomSymbol("rest", real=True), real=True)

_COMMON = {
    "common_covariance": (
        "with one covariance, log density ratios are linear in the image",
        _eq(_r(_i, _y), common_posterior),
    ),
    "centred_scores": (
        "means are measured from the mixture's mean",
        _eq(sp.Sum(_p[_k] * score[_k], _other_texts), 0),
    ),
    "score_mean": ("scores are centred under the mixture", _eq(Mean(score[_i]), 0)),
    "score_variance": (
        "a score has the squared Mahalanobis distance as variance, plus that of the means",
        _eq(Mean(score[_i] ** 2), s.text_distance[_i] + small**2 * mean_spread[_i]),
    ),
}

# -------------------------------------------------------------------------------- corpus injection

updated = sp.IndexedBase(s.RandomSymbol("H_upd", nonnegative=True), nonnegative=True)
updated_overlap = s.RandomSymbol("o_upd", nonnegative=True)
update_index = sp.Symbol("m", integer=True, nonnegative=True)

_INJECTION = {
    "fixed_corpus": (
        "with probability alpha, p <- (1 - epsilon) p + epsilon u",
        _eq(
            Mean(s.injected_diversity),
            _alpha * (1 - sp.Sum(((1 - _eps) * _p[_i] + _eps * _u[_i]) ** 2, _texts))
            + (1 - _alpha) * s.text_diversity,
        ),
    ),
    "new_text": (
        "with probability alpha, p <- ((1 - epsilon) p, epsilon)",
        _eq(
            Mean(s.injected_diversity),
            _alpha * (1 - sp.Sum(((1 - _eps) * _p[_i]) ** 2, _texts) - _eps**2)
            + (1 - _alpha) * s.text_diversity,
        ),
    ),
    "target": ("diversity of the corpus", _eq(sp.Sum(_u[_i] ** 2, _texts), 1 - s.target_diversity)),
    "target_overlap": (
        "overlap with the corpus",
        _eq(sp.Sum(_p[_i] * _u[_i], _texts), s.target_overlap),
    ),
    "overlap_step": (
        "an injection mixes in the corpus; text updates are martingales",
        _eq(
            Mean(s.next_target_overlap),
            _alpha * sp.Sum(((1 - _eps) * _p[_i] + _eps * _u[_i]) * _u[_i], _texts)
            + (1 - _alpha) * s.target_overlap,
        ),
    ),
    "overlap_start": ("overlap at the start", _eq(Mean(s.target_overlap_at[0]), s.initial_overlap)),
    "updates_start_before": (
        "a generation injects first, then updates",
        _eq(Mean(updated[0]), Mean(s.injected_diversity_at[_t])),
    ),
    "updates_end_before": (
        "the generation ends with its last text update",
        _eq(Mean(s.text_diversity_at[_t + 1]), Mean(updated[s.text_updates])),
    ),
    "updates_start_after": (
        "a generation updates first, then injects",
        _eq(Mean(updated[0]), Mean(s.text_diversity_at[_t])),
    ),
    "updated_overlap": (
        "text updates are martingales, so the mean overlap stays",
        _eq(Mean(updated_overlap), Mean(s.target_overlap_at[_t])),
    ),
    "fresh_updated_overlap": (
        "the same when p has mean pi and the fresh corpus is independent of it, with mean pi",
        _eq(Mean(updated_overlap), 1 - s.mean_target_diversity),
    ),
    "fresh_overlap": (
        "p has mean pi and the fresh corpus is independent of it, with mean pi",
        _eq(Mean(s.target_overlap_at[_t]), 1 - s.mean_target_diversity),
    ),
}

# ------------------------------------------------------------------------------------- image model

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


_IMAGE = {
    "direction_start": (
        "variance in the direction at the start",
        _eq(s.directional_variance_at[0], s.directional_variance),
    ),
    "image_start": (
        "image diversity at the start",
        _eq(Mean(s.image_diversity_at[0]), s.image_diversity),
    ),
    "image_diversity": (
        "image diversity is the trace of the root",
        _eq(s.image_diversity, sp.Sum(s.image_sd[s.feature], _features)),
    ),
    "mean_over_counts": (
        "the mean after an update, over the image counts and the keep rule",
        _eq(
            Mean(s.next_image_diversity),
            counts_below * s.image_diversity
            + sp.Sum(count_weight * mean_after(s.count_index), (s.count_index, s.min_images, _N)),
        ),
    ),
    "mean_after": (
        "the mean after an update with n images",
        _eq(mean_after(_n), Mean(s.next_image_diversity)),
    ),
    "contraction_factor": (
        "the contraction factor of one update of a given covariance",
        _eq(
            Mean(s.next_image_diversity),
            s.contraction_factor * sp.Sum(s.image_sd[s.feature], _features),
        ),
    ),
    "averaged_contraction": (
        "the isotropic factor averaged over image counts",
        _eq(
            s.contraction_factor,
            1 - (s.num_features + 1) / sp.Integer(8) * inverse_freedom_mean,
        ),
    ),
    "keep_rule": (
        "below min_images the Gaussian is kept, from there on it is updated",
        _eq(
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
        _eq(
            s.next_image_diversity,
            sp.Sum(root_entry(s.feature, s.feature), _features),
        ),
    ),
    "deviation": (
        "the sample covariance in the eigenbasis of Sigma, minus its mean",
        _eq(
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

# --------------------------------------------------------------------------- fidelity, user conten

step_length = s.RandomSymbol("step", nonnegative=True)
step_length_at = sp.IndexedBase(s.RandomSymbol("step", nonnegative=True), nonnegative=True)
variance_at = sp.IndexedBase(s.RandomSymbol("tr_Sigma", positive=True), positive=True)
_g, _f = s.generated_image, s.user_image
pooled_mean = (_n * SampleMean(_g, _n) + _n0 * SampleMean(_f, _n0)) / (_n + _n0)

_z = s.normal_draw[s.feature]
axis_offset = sp.IndexedBase(sp.Symbol("Delta", real=True), real=True)
step_after = sp.Function("E_step", nonnegative=True)
squared_after = sp.Function("E_F2", nonnegative=True)
squared_offset_next = s.RandomSymbol("F2'", nonnegative=True)
_counts = (s.count_index, s.min_images, _N)

_FIDELITY = {
    "step_square": (
        "the step of a text's mean is the mean of n images, axis by axis",
        _eq(
            step_length**2,
            sp.Sum(s.image_sd[s.feature] ** 2 * SampleMean(_z, _n) ** 2, _features),
        ),
    ),
    "step_after": ("mean step of an update with n images", _eq(step_after(_n), Mean(step_length))),
    "step_over_counts": (
        "mean step over the image counts; a kept text does not move",
        _eq(Mean(step_length_at[_t]), sp.Sum(count_weight * step_after(s.count_index), _counts)),
    ),
    "inverse_root_count": (
        "E[1{updated} n^(-1/2)]",
        _eq(
            sp.Sum(count_weight / sp.sqrt(s.count_index), _counts),
            s.inverse_root_count,
        ),
    ),
    "inverse_count": (
        "E[1{updated} / n]",
        _eq(sp.Sum(count_weight / s.count_index, _counts), s.inverse_count),
    ),
    "rho": (
        "rho is the mean factor of image_factor_mean",
        _eq(s.mean_image_factor, s.contraction_factor),
    ),
    "squared_after": (
        "squared offset after an update with n images, axis by axis",
        _eq(
            squared_after(_n),
            sp.Sum(
                Mean((axis_offset[s.feature] + s.image_sd[s.feature] * SampleMean(_z, _n)) ** 2),
                _features,
            ),
        ),
    ),
    "squared_over_counts": (
        "squared offset over the image counts; a kept text does not move",
        _eq(
            Mean(squared_offset_next),
            counts_below * s.squared_offset
            + sp.Sum(count_weight * squared_after(s.count_index), _counts),
        ),
    ),
    "squared_offset": (
        "squared offset, axis by axis",
        _eq(s.squared_offset, sp.Sum(axis_offset[s.feature] ** 2, _features)),
    ),
    "current_variance": (
        "trace of the covariance, axis by axis",
        _eq(s.current_variance, sp.Sum(s.image_sd[s.feature] ** 2, _features)),
    ),
    "trace_by_direction": (
        "the trace is the sum of the variances along fixed axes, all of which have one mean factor",
        _eq(
            Mean(variance_at[_t]),
            s.image_variance / s.directional_variance * Mean(s.directional_variance_at[_t]),
        ),
    ),
}

reference_sd = sp.IndexedBase(sp.Symbol("sd_0", nonnegative=True), nonnegative=True)
axis_cov = sp.IndexedBase(s.RandomSymbol("Sigma'", real=True), real=True)
next_variance = s.RandomSymbol("tr_Sigma'", positive=True)
_other_z = sp.IndexedBase(s.RandomSymbol("zeta", real=True), real=True)[s.feature]
other_draw = _other_z
axis_pool = (
    _n * (axis_offset[s.feature] + s.image_sd[s.feature] * SampleMean(_z, _n))
    + _n0 * reference_sd[s.feature] * SampleMean(_other_z, _n0)
) / (_n + _n0)

_POOL = {
    "fidelity_start": ("no distance at the start", _eq(Mean(s.image_fidelity_at[0]), 0)),
    "squared_start": ("no distance at the start", _eq(Mean(s.squared_fidelity_at[0]), 0)),
    "fidelity_triangle": (
        "triangle inequality for one more step of the mean",
        sp.Le(
            Mean(s.image_fidelity_at[_t + 1]),
            Mean(s.image_fidelity_at[_t]) + Mean(step_length_at[_t]),
            evaluate=False,
        ),
    ),
    "pooled_offset": ("offset of the pooled mean", _eq(s.next_mean_offset, pooled_mean)),
    "pooled_cov": (
        "covariance of the pool, times the shrinkage factor",
        _eq(
            s.next_cov,
            s.shrinkage_factor
            * (
                _n * SampleMean(_g**2, _n)
                + _n0 * SampleMean(_f**2, _n0)
                - (_n + _n0) * pooled_mean**2
            )
            / (_n + _n0 - s.ddof),
        ),
    ),
    "pooled_variance": (
        "trace after the update: the sum of the variances along the axes",
        _eq(Mean(next_variance), sp.Sum(Mean(axis_cov[s.feature]), _features)),
    ),
    "squared_pool_offset": (
        "squared offset of the pooled mean, summed over the axes",
        _eq(Mean(s.next_squared_offset), sp.Sum(Mean(axis_pool**2), _features)),
    ),
    "axis_reference": (
        "trace of the reference covariance, axis by axis",
        _eq(s.image_variance, sp.Sum(reference_sd[s.feature] ** 2, _features)),
    ),
    "generated_mean": ("generated images, measured from mu_0", _eq(Mean(_g), s.mean_offset)),
    "generated_square": (
        "second moment of a generated image",
        _eq(Mean(_g**2), s.current_cov + s.mean_offset**2),
    ),
    "user_mean": ("reference images, measured from mu_0", _eq(Mean(_f), 0)),
    "user_square": ("second moment of a reference image", _eq(Mean(_f**2), s.reference_cov)),
}

MODEL: dict[str, Premise] = {
    name: Premise(in_words=words, statement=statement)
    for group in (_TEXT, _COMMON, _INJECTION, _IMAGE, _FIDELITY, _POOL)
    for name, (words, statement) in group.items()
}
