"""Symbols of self-consuming loops: recursive stability, distribution shift, generalisation."""

from __future__ import annotations

import sympy as sp

from symbolic.symbols.classes import count, random

# The loop, and real data that differ in one example.
real_share = sp.Symbol("alpha_r", nonnegative=True)
example_distance = sp.Symbol("R_x", nonnegative=True)
input_norm = sp.Symbol("x_norm", nonnegative=True)
known_variance = sp.Symbol("sigma2_x", positive=True)
mean_shift = sp.Symbol("dm_0", real=True)
sd_shift = sp.Symbol("ds_0", real=True)

# How far apart the two loops are.
paired_shift_at = sp.IndexedBase(sp.Symbol("Delta_P", nonnegative=True), nonnegative=True)
memory_variance_at = sp.IndexedBase(sp.Symbol("s2_M", positive=True), positive=True)
limit_memory_variance = sp.Symbol("s2_inf", positive=True)
recursive_stability = sp.Symbol("gamma_n", nonnegative=True)
next_recursive_stability = sp.Symbol("gamma_n'", nonnegative=True)
recursive_stability_at = sp.IndexedBase(sp.Symbol("gamma", nonnegative=True), nonnegative=True)
limit_recursive_stability = sp.Symbol("gamma_inf", nonnegative=True)
wasserstein_stability_at = sp.IndexedBase(sp.Symbol("W_S", nonnegative=True), nonnegative=True)

# Distribution shift.
generation_error = sp.Symbol("e_g", nonnegative=True)
generation_error_at = sp.IndexedBase(sp.Symbol("e_G", nonnegative=True), nonnegative=True)
distribution_shift_at = sp.IndexedBase(sp.Symbol("TV", nonnegative=True), nonnegative=True)
limit_distribution_shift = sp.Symbol("TV_inf", nonnegative=True)

# Generalisation.
loss_bound = sp.Symbol("M_l", positive=True)
loss_lipschitz = sp.Symbol("L_l", nonnegative=True)
num_examples = count("n_S")
part_size = count("m_P")
part_stability = sp.Symbol("gamma_P", nonnegative=True)
uniform_stability = sp.Symbol("beta_n", nonnegative=True)
error_chance = sp.Symbol("delta_G", positive=True)
generalization_gap = random("gap_G", real=True)
generalization_deviation = random("dev_G", real=True)

WORDS: dict[str, str] = {
    "real_share": "weight of the real examples in a training set, at most 1",
    "example_distance": "how far the one real example that is changed moves; at most the diameter "
    "of the domain",
    "input_norm": "length of the input whose label is changed",
    "known_variance": "variance of the examples of a model of which only the mean is fitted",
    "mean_shift": "difference of the first two means, fitted to real data that differ in one "
    "example",
    "sd_shift": "difference of the first two standard deviations, fitted to such data",
    "paired_shift_at": "distance of the means of two loops that start from such data and have the "
    "same noise, indexed by generation",
    "memory_variance_at": "variance, given the real data, of the mean of what a generation "
    "generates, indexed by generation",
    "limit_memory_variance": "limit of that variance over the generations",
    "recursive_stability": "total variation between the laws of all that one generation generates, "
    "from real data that differ in one example",
    "next_recursive_stability": "recursive stability one generation later",
    "recursive_stability_at": "recursive stability, indexed by generation",
    "limit_recursive_stability": "limit of recursive stability over the generations",
    "wasserstein_stability_at": "Wasserstein distance between the laws of one generated example, "
    "from such data, indexed by generation",
    "generation_error": "total variation that a fit adds, at most",
    "generation_error_at": "total variation that each fit adds, indexed from the first, 0",
    "distribution_shift_at": "total variation between the laws of a generated and of a real "
    "example, indexed by the number of fits",
    "limit_distribution_shift": "limit of that total variation over the generations",
    "loss_bound": "a loss is between 0 and this",
    "loss_lipschitz": "Lipschitz constant of a loss as a function of the fitted mean",
    "num_examples": "examples of a training set, real and generated",
    "part_size": "examples of a part of a training set that are independent draws of one law",
    "part_stability": "total variation between the laws of all other examples of the training set, "
    "if one of the part is changed, at most",
    "uniform_stability": "by how much a loss changes if one example of the training set does, at "
    "most",
    "error_chance": "probability with which a bound may fail",
}
