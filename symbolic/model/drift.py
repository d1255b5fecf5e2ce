"""Premises on genetic drift: what is counted and measured, and what happens to single texts."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.premise import Premises
from symbolic.relations import eq
from symbolic.symbols import Mean

_i, _k, _t, _N = s.text, s.other_text, s.generations, s.batch_size
_r, _y, _p = s.posterior, s.image_draw, s.text_probs
_texts = (_i, 0, s.num_texts - 1)
_pairs = ((_k, 0, s.num_texts - 1), (_i, 0, s.num_texts - 1))
_ri, _rk = _r(_i, _y), _r(_k, _y)
_path, _h, _s3 = s.text_probs_at, s.text_diversity_at, s.third_power_sum_at
# Of k(y, y') = sum_i r_i(y) r_i(y'), y and y' independent images: a mean over both is a sum over
# texts of products of means over one.
_mean_self = sp.Sum(Mean(_ri**2), _texts)
_mean_pair = sp.Sum(Mean(_ri) ** 2, _texts)

DRIFT: Premises = {
    "diversity_variance": (
        "variance of the diversity after the update",
        eq(
            s.text_diversity_variance,
            Mean(s.next_text_diversity**2) - Mean(s.next_text_diversity) ** 2,
        ),
    ),
    "self_overlap_variance": (
        "variance of k(y, y)",
        eq(s.self_overlap_variance, sp.Sum(Mean(_ri**2 * _rk**2), *_pairs) - _mean_self**2),
    ),
    "overlap_variance": (
        "variance of k(y, y'), y and y' independent",
        eq(s.overlap_variance, sp.Sum(Mean(_ri * _rk) ** 2, *_pairs) - _mean_pair**2),
    ),
    "self_overlap_covariance": (
        "covariance of k(y, y) and k(y, y'), y and y' independent",
        eq(
            s.self_overlap_covariance,
            sp.Sum(Mean(_ri**2 * _rk) * Mean(_rk), *_pairs) - _mean_self * _mean_pair,
        ),
    ),
    "shared_overlap_covariance": (
        "covariance of k(y, y') and k(y, y''), all three independent",
        eq(
            s.shared_overlap_covariance,
            sp.Sum(Mean(_ri * _rk) * Mean(_ri) * Mean(_rk), *_pairs) - _mean_pair**2,
        ),
    ),
    # Along a trajectory.
    "diversity_variance_at": (
        "variance of the diversity after t updates",
        eq(s.text_diversity_variance_at[_t], Mean(_h[_t] ** 2) - Mean(_h[_t]) ** 2),
    ),
    "prob_covariance_at": (
        "covariance of two texts' probabilities after t updates",
        eq(
            s.text_prob_covariance_at[_t],
            Mean(_path[_t, _i] * _path[_t, _k]) - Mean(_path[_t, _i]) * Mean(_path[_t, _k]),
        ),
    ),
    "next_third_power": (
        "sum of cubes after the update",
        eq(s.next_third_power_sum, sp.Sum(s.next_text_probs[_i] ** 3, _texts)),
    ),
    "third_power_start": (
        "sum of cubes at the start",
        eq(Mean(_s3[0]), s.initial_third_power_sum),
    ),
    "squared_diversity_start": (
        "the start is given: squared diversity",
        eq(Mean(_h[0] ** 2), s.initial_text_diversity**2),
    ),
    "probs_start": ("the start is given: probabilities", eq(Mean(_path[0, _i]), _p[_i])),
    "product_start": (
        "the start is given: products of probabilities",
        eq(Mean(_path[0, _i] * _path[0, _k]), _p[_i] * _p[_k]),
    ),
    # Special systems.
    "one_hot_counts": (
        "one-hot posteriors: the update's probabilities are shares of multinomial counts",
        eq(s.next_text_probs[_i], s.text_counts[_i] / _N),
    ),
    # Until one text is left.
    "settled": (
        "diversity is zero once one text is left",
        eq(_h[_t], s.unsettled[_t] * _h[_t]),
    ),
    "mean_time": (
        "the mean of a time is the sum of its tail probabilities",
        eq(s.fixation_time, sp.Sum(Mean(s.unsettled[_t]), (_t, 0, sp.oo))),
    ),
    "unsettled_at_most_one": (
        "being unsettled is an event: 1 or 0",
        sp.Le(s.unsettled[_t], 1, evaluate=False),
    ),
    "diversity_at": (
        "text diversity along a trajectory",
        eq(_h[_t], 1 - sp.Sum(_path[_t, _i] ** 2, _texts)),
    ),
    "total_at": (
        "probabilities add up to one",
        eq(sp.Sum(_path[_t, _i], _texts), 1),
    ),
    "text_unsettled": (
        "a text that has probability is unsettled exactly while the model is",
        eq(_path[_t, _i] * s.text_unsettled[_t, _i], _path[_t, _i] * s.unsettled[_t]),
    ),
    "residence": (
        "mean sum of a text's probability while it is neither lost nor alone",
        eq(
            s.text_residence[_i],
            sp.Sum(Mean(_path[_t, _i] * s.text_unsettled[_t, _i]), (_t, 0, sp.oo)),
        ),
    ),
}
