"""Premises of the text model, and of texts with one common, large covariance."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.premise import Premises
from symbolic.relations import eq
from symbolic.symbols import Mean, SampleMean

_i = s.text
_k = s.other_text
_N = s.batch_size
_p = s.text_probs
_y = s.image_draw
_x = s.image
_q = s.density
_mix = s.mixture
_r = s.posterior
_t = s.generations
_K = s.num_texts
_texts = (_i, 0, _K - 1)
_other_texts = (_k, 0, _K - 1)

axis_variance = sp.IndexedBase(sp.Symbol("l", positive=True), positive=True)
axis_gap = sp.IndexedBase(sp.Symbol("delta", real=True), real=True)
axis_overlap = sp.Function("log_overlap")
axis_chi_square = sp.Function("log_chi2")
axis_excess = sp.IndexedBase(sp.Symbol("g", positive=True), positive=True)  # 2 l - 1
_l = axis_variance[s.feature]

TEXT: Premises = {
    "text_update": (
        "a text update averages the posteriors of N independent images",
        eq(s.next_text_probs[_i], SampleMean(_r(_i, _y), _N)),
    ),
    "posterior": (
        "Bayes: the posterior of a text given an image",
        eq(_r(_i, _x), _p[_i] * _q(_i, _x) / _mix(_x)),
    ),
    "mixture": (
        "the density of an image of the mixture",
        eq(_mix(_x), sp.Sum(_p[_i] * _q(_i, _x), _texts)),
    ),
    "density_total": ("densities integrate to one", eq(sp.Integral(_q(_i, _x), _x), 1)),
    "total": ("probabilities add up to one", eq(sp.Sum(_p[_i], _texts), 1)),
    "other_total": ("probabilities add up to one", eq(sp.Sum(_p[_k], _other_texts), 1)),
    "posterior_total": ("posteriors add up to one", eq(sp.Sum(_r(_i, _y), _texts), 1)),
    "diversity": (
        "text diversity is the Gini-Simpson index",
        eq(s.text_diversity, 1 - sp.Sum(_p[_i] ** 2, _texts)),
    ),
    "next_diversity": (
        "text diversity after the update",
        eq(s.next_text_diversity, 1 - sp.Sum(s.next_text_probs[_i] ** 2, _texts)),
    ),
    "confusion": (
        "confusion times diversity is the mean diversity of the posterior",
        eq(
            s.posterior_confusion * s.text_diversity,
            Mean(1 - sp.Sum(_r(_i, _y) ** 2, _texts)),
        ),
    ),
    "prob_covariance": (
        "covariance of two texts' probabilities after the update",
        eq(
            s.text_prob_covariance,
            Mean(s.next_text_probs[_i] * s.next_text_probs[_k])
            - Mean(s.next_text_probs[_i]) * Mean(s.next_text_probs[_k]),
        ),
    ),
    "posterior_covariance": (
        "covariance of two texts' posteriors under one image of the mixture",
        eq(
            s.posterior_covariance,
            Mean(_r(_i, _y) * _r(_k, _y)) - Mean(_r(_i, _y)) * Mean(_r(_k, _y)),
        ),
    ),
    "text_start": (
        "diversity at the start",
        eq(Mean(s.text_diversity_at[0]), s.initial_text_diversity),
    ),
    "confused_diversity": (
        "name of the mean confused diversity",
        eq(
            Mean(s.posterior_confusion_at[_t] * s.text_diversity_at[_t]),
            s.mean_confused_diversity[_t],
        ),
    ),
    "overlap": (
        "Bhattacharyya coefficient of two densities",
        eq(s.bhattacharyya[_i, _k], sp.Integral(sp.sqrt(_q(_i, _x) * _q(_k, _x)), _x)),
    ),
    "axis_overlap": (
        "log overlap on one axis of N(0, 1) and N(delta, l): log of the integral of the root",
        eq(
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
    "one_hot": ("one-hot posteriors: a posterior is 0 or 1", eq(_r(_i, _y) ** 2, _r(_i, _y))),
    "one_hot_pair": (
        "one-hot posteriors: no image is owned twice",
        eq(_r(_i, _y) * _r(_k, _y), sp.KroneckerDelta(_i, _k) * _r(_i, _y)),
    ),
    "one_hot_confusion": ("one-hot posteriors are never confused", eq(s.posterior_confusion, 0)),
    "next_homozygosity": (
        "homozygosity after the update",
        eq(s.next_homozygosity, sp.Sum(s.next_text_probs[_i] ** 2, _texts)),
    ),
    "second_power": ("homozygosity", eq(sp.Sum(_p[_i] ** 2, _texts), s.homozygosity)),
    "third_power": ("sum of cubes", eq(sp.Sum(_p[_i] ** 3, _texts), s.third_power_sum)),
}

_y0, _q0, _G = s.reference_draw, s.reference_density, s.likelihood_ratio
_W, _xi = s.text_products, s.score

# Densities against a reference density q_0; with one covariance S it is N(mubar, S).
COMMON: Premises = {
    "likelihood_ratio": (
        "a text's density at an image of the reference is the reference's times its ratio",
        eq(_q(_i, _y0), _q0(_y0) * _G[_i]),
    ),
    "mixture_ratio": (
        "the same for the mixture",
        eq(_mix(_y0), _q0(_y0) * s.mixture_ratio),
    ),
    "common_covariance": (
        "with one covariance, log density ratios are linear in the image",
        eq(_G[_i], sp.exp(_xi[_i] - _W[_i, _i] / 2)),
    ),
    "centred_scores": (
        "means are measured from the mixture's mean",
        eq(sp.Sum(_p[_k] * _xi[_k], _other_texts), 0),
    ),
    "centred_products": (
        "means are measured from the mixture's mean",
        eq(sp.Sum(_p[_k] * _W[_i, _k], _other_texts), 0),
    ),
    "text_distance": (
        "a text's squared distance is the inner product with itself",
        eq(s.text_distance[_i], _W[_i, _i]),
    ),
    "frozen_images": (
        "a frozen image model: the overlaps are at all times those of the start",
        eq(s.frozen_bhattacharyya[_i, _k], s.bhattacharyya[_i, _k]),
    ),
    "chi_square_divergence": (
        "chi-square divergence of one density from another",
        eq(
            s.chi_square_divergence[_i, _k],
            sp.Integral(_q(_i, _x) ** 2 / _q(_k, _x), _x) - 1,
        ),
    ),
    "axis_chi_square": (
        "on one axis, N(0, 1) against N(delta, (1 + g)/2): log of the integral of the ratio",
        eq(
            axis_chi_square(s.feature),
            sp.log(
                sp.Integral(
                    sp.exp(
                        -(_x**2) + (_x - axis_gap[s.feature]) ** 2 / (1 + axis_excess[s.feature])
                    )
                    * sp.sqrt((1 + axis_excess[s.feature]) / (4 * sp.pi)),
                    (_x, -sp.oo, sp.oo),
                )
            ),
        ),
    ),
}
