"""Premises of rates: what a mean over runs is measured by, and where counts enter."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.image import count_weight, update_factor
from symbolic.model.premise import Premises
from symbolic.relations import eq
from symbolic.special import log_c
from symbolic.symbols import Mean, SampleMean

_R, _t, _m, _N = s.replicates, s.generations, s.count_index, s.batch_size
_counts = (_m, s.min_images, _N)

run_sd = sp.sqrt(s.directional_variance_at[_t])
sd_over_runs = SampleMean(run_sd, _R)
diversity_over_runs = SampleMean(s.image_diversity_at[_t], _R)

RATES: Premises = {
    "relative_variance": (
        "variance of a mean of standard deviations over R runs, over the square of its mean",
        eq(
            s.relative_variance * Mean(sd_over_runs) ** 2,
            Mean(sd_over_runs**2) - Mean(sd_over_runs) ** 2,
        ),
    ),
    "relative_diversity_variance": (
        "variance of a mean of image diversities over R runs, over the square of its mean",
        eq(
            s.diversity_variance * Mean(diversity_over_runs) ** 2,
            Mean(diversity_over_runs**2) - Mean(diversity_over_runs) ** 2,
        ),
    ),
    "relative_power_mean": (
        "fractional moment of the mean over runs, relative to the true mean",
        eq(
            s.relative_power_mean * Mean(run_sd) ** s.fraction_power,
            Mean(sd_over_runs**s.fraction_power),
        ),
    ),
    "constant_confusion": (
        "systems of constant posterior confusion",
        eq(
            Mean(s.posterior_confusion_at[_t] * s.text_diversity_at[_t]),
            s.posterior_confusion * Mean(s.text_diversity_at[_t]),
        ),
    ),
    "half_life_freedom": (
        "the degrees of freedom with which T updates of factor c(nu) leave one half",
        eq(s.wanted_half_life * log_c(s.smallest_freedom), -sp.log(2)),
    ),
    "inverse_next_count": (
        "E[1 / (n + 1)]",
        eq(sp.Sum(count_weight / (_m + 1), (_m, 0, _N)), s.inverse_next_count),
    ),
    "mean_factor_slope": (
        "slope of the mean factor in p; a kept text has factor one",
        eq(
            s.mean_factor_slope,
            sp.Derivative(sp.Sum(count_weight * (update_factor(_m) - 1), _counts), s.text_prob),
        ),
    ),
}
