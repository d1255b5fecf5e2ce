"""Symbols of genetic drift: one-hot posteriors, variances, the time until one text is left."""

from __future__ import annotations

import sympy as sp

from symbolic.symbols.classes import index, random
from symbolic.symbols.sizes import num_texts

# Counts of one update, and the text model along a trajectory.
text_counts = sp.IndexedBase(random("n", nonnegative=True), nonnegative=True)
text_probs_at = sp.IndexedBase(random("p", nonnegative=True), nonnegative=True)  # [update, text]
third_power_sum_at = sp.IndexedBase(random("S_3", nonnegative=True), nonnegative=True)
next_third_power_sum = random("S_3'", positive=True)
initial_third_power_sum = sp.Symbol("S_3_0", positive=True)

# Variances and covariances.
text_diversity_variance = sp.Symbol("Var_H", nonnegative=True)
text_diversity_variance_at = sp.IndexedBase(sp.Symbol("Var_H", nonnegative=True), nonnegative=True)
text_prob_covariance_at = sp.IndexedBase(sp.Symbol("Cov_p", real=True), real=True)
self_overlap_variance = sp.Symbol("V_self", nonnegative=True)
overlap_variance = sp.Symbol("V_pair", nonnegative=True)
self_overlap_covariance = sp.Symbol("C_self", real=True)
shared_overlap_covariance = sp.Symbol("C_pair", real=True)

# Until one text is left.
unsettled = sp.IndexedBase(random("U", nonnegative=True), nonnegative=True)  # 1 while two are left
text_unsettled = sp.IndexedBase(random("U_text", nonnegative=True), nonnegative=True)
only_text = sp.IndexedBase(random("A", nonnegative=True), nonnegative=True)  # 1 if alone
fixation_prob = sp.Symbol("P_fix", nonnegative=True)
fixation_time = sp.Symbol("T_fix", nonnegative=True)
text_residence = sp.IndexedBase(
    sp.Symbol("R", nonnegative=True), shape=(num_texts,), nonnegative=True
)
cutoff_update = index("tau")
fixation_time_offset = sp.Symbol("c_fix", real=True)

WORDS: dict[str, str] = {
    "initial_third_power_sum": "sum of cubed text probabilities at generation 0",
    "text_diversity_variance": "variance of the text diversity after one text update",
    "self_overlap_variance": "variance of k(y, y), k(y, y') = sum_i r_i(y) r_i(y')",
    "overlap_variance": "variance of k(y, y'), two independent images of the mixture",
    "self_overlap_covariance": "covariance of k(y, y) and k(y, y')",
    "shared_overlap_covariance": "covariance of k(y, y') and k(y, y''), three independent images",
    "fixation_prob": "probability that a given text is the only one left in the end",
    "fixation_time": "mean number of text updates until one text is left",
    "text_residence": "mean sum of a text's probability over the updates at which it lies strictly "
    "between 0 and 1, indexed by text",
    "fixation_time_offset": "what the last steps take off the mean time until one text is "
    "left, the same for all starts; near (log N)/3 + 0.722 for large N",
    "cutoff_update": "number of updates after which a bound in two pieces changes over",
}
