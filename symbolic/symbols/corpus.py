"""Symbols of corpus injection."""

from __future__ import annotations

import sympy as sp

injection_prob = sp.Symbol("alpha", nonnegative=True)
injection_fraction = sp.Symbol("epsilon", nonnegative=True)
target_diversity = sp.Symbol("H_u", nonnegative=True)
mean_target_diversity = sp.Symbol("H_pi", nonnegative=True)
initial_overlap = sp.Symbol("o_0", nonnegative=True)
diversity_floor = sp.Symbol("h", positive=True)
injection_dose = sp.Symbol("delta", nonnegative=True)
stationary_text_diversity = sp.Symbol("H_*", nonnegative=True)
limit_text_diversity = sp.Symbol("H_inf", nonnegative=True)
best_injection_fraction = sp.Symbol("epsilon_*", positive=True)
best_text_diversity = sp.Symbol("H_best", nonnegative=True)

WORDS: dict[str, str] = {
    "injection_prob": "probability of a corpus injection in a generation",
    "injection_fraction": "share of the injected corpus in the mixture",
    "target_diversity": "(mean) Gini-Simpson diversity of the injected corpus",
    "mean_target_diversity": "Gini-Simpson diversity of the mean of the injected corpora",
    "initial_overlap": "sum over texts of initial probability times target probability",
    "diversity_floor": "text diversity that the stationary mean must not fall below",
    "injection_dose": "injection_prob * injection_fraction * (2 - injection_fraction)",
    "stationary_text_diversity": "stationary mean text diversity",
    "limit_text_diversity": "lower limit of the mean text diversity",
    "best_injection_fraction": "injection fraction with the largest guaranteed diversity",
    "best_text_diversity": "largest guaranteed text diversity over injection fractions",
}
