"""Symbols of derivations only: a part of a training set, its losses, one example swapped."""

from __future__ import annotations

import sympy as sp

from symbolic.symbols.classes import random
from symbolic.symbols.recursive_stability_loop import part_size, part_stability

__all__ = [
    "crossed_loss",
    "crossed_product",
    "deviation_quantile",
    "fresh_loss",
    "fresh_product",
    "gap_quantile",
    "generated_risk",
    "mean_change",
    "model_shift",
    "moved_loss",
    "moved_product",
    "part_deviation",
    "part_pairs",
    "part_population",
    "part_risk",
    "part_size",
    "part_squares",
    "part_stability",
    "population_risk",
    "population_square",
    "real_risk",
    "swap",
    "synthetic_risk",
]

# Risks of the fitted model on real data, on the law that generated, and on the two parts.
population_risk = random("R_0", nonnegative=True)
generated_risk = random("R_t", nonnegative=True)
real_risk = random("L_r", nonnegative=True)
synthetic_risk = random("L_s", nonnegative=True)
model_shift = random("TV_m", nonnegative=True)

# Independent examples of one law in a training set, whose others may follow them.
part_population = random("R_P", nonnegative=True)
part_risk = random("L_P", nonnegative=True)
part_deviation = random("g_P", real=True)
part_pairs = random("Q_P", nonnegative=True)
part_squares = random("S_P", nonnegative=True)
population_square = random("S_0", nonnegative=True)

# A loss on a fresh example: fitted to the data; with one example swapped; and what follows it, too.
fresh_loss = random("l_f", nonnegative=True)
crossed_loss = random("l_c", nonnegative=True)
moved_loss = random("l_m", nonnegative=True)
swap = sp.Symbol("p_S", integer=True, nonnegative=True)
fresh_product = sp.IndexedBase(random("h_f", nonnegative=True), nonnegative=True)
crossed_product = sp.IndexedBase(random("h_c", nonnegative=True), nonnegative=True)
moved_product = sp.IndexedBase(random("h_m", nonnegative=True), nonnegative=True)

# Values that are exceeded with probability error_chance at most.
gap_quantile = sp.Symbol("q_gap", nonnegative=True)
deviation_quantile = sp.Symbol("q_dev", nonnegative=True)
mean_change = sp.Symbol("Delta_S", nonnegative=True)
