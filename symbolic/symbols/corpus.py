"""Symbols of corpus injection."""

from __future__ import annotations

import sympy as sp

from symbolic.symbols.classes import random

injection_prob = sp.Symbol("alpha", nonnegative=True)
injection_fraction = sp.Symbol("epsilon", nonnegative=True)
target_diversity = sp.Symbol("H_u", nonnegative=True)
mean_target_diversity = sp.Symbol("H_pi", nonnegative=True)
target_overlap = sp.Symbol("o", nonnegative=True)
initial_overlap = sp.Symbol("o_0", nonnegative=True)
corpus_concentration = sp.Symbol("c", positive=True)
corpus_probs = sp.IndexedBase(random("U_c", nonnegative=True), nonnegative=True)  # a fresh corpus
diversity_floor = sp.Symbol("h", positive=True)
injection_dose = sp.Symbol("delta", nonnegative=True)
stationary_text_diversity = sp.Symbol("H_*", nonnegative=True)
limit_text_diversity = sp.Symbol("H_inf", nonnegative=True)
best_injection_fraction = sp.Symbol("epsilon_*", positive=True)
best_text_diversity = sp.Symbol("H_best", nonnegative=True)
injected_share = sp.Symbol("s_inj", nonnegative=True)
smallest_injection_dose = sp.Symbol("delta_min", nonnegative=True)
smallest_injection_prob = sp.Symbol("alpha_min", nonnegative=True)
smallest_injection_fraction = sp.Symbol("epsilon_min", nonnegative=True)

# A transient X_0 g^t, and how long it takes to come down to a level.
transient_size = sp.Symbol("X_0", positive=True)
transient_factor = sp.Symbol("g", positive=True)
transient_level = sp.Symbol("x_0", positive=True)
transient_time = sp.Symbol("t_x", real=True)

WORDS: dict[str, str] = {
    "injection_prob": "probability of a corpus injection in a generation",
    "injection_fraction": "share of the injected corpus in the mixture",
    "target_diversity": "(mean) Gini-Simpson diversity of the injected corpus",
    "mean_target_diversity": "Gini-Simpson diversity of the mean of the injected corpora",
    "target_overlap": "sum over texts of probability now times target probability",
    "initial_overlap": "sum over texts of initial probability times target probability",
    "corpus_concentration": "concentration of the Dirichlet law of fresh corpora",
    "diversity_floor": "text diversity that the stationary mean must not fall below",
    "injection_dose": "injection_prob * injection_fraction * (2 - injection_fraction)",
    "stationary_text_diversity": "stationary mean text diversity",
    "limit_text_diversity": "lower limit of the mean text diversity",
    "best_injection_fraction": "injection fraction with the largest guaranteed diversity",
    "best_text_diversity": "largest guaranteed text diversity over injection fractions",
    "injected_share": "injection_prob * injection_fraction: mean share of a corpus per generation",
    "smallest_injection_dose": "smallest injection dose that keeps a wanted diversity",
    "smallest_injection_prob": "smallest injection probability that keeps a wanted diversity",
    "smallest_injection_fraction": "smallest injection fraction that keeps a wanted diversity",
    "transient_size": "distance from the stationary value at generation 0",
    "transient_factor": "factor of that distance in one generation, below 1",
    "transient_level": "distance from the stationary value that is wanted, below the first",
    "transient_time": "generations after which the distance is the wanted one",
}
