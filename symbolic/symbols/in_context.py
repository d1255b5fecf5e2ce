"""Symbols of in-context regression by linear attention, alone and in a self-consuming loop."""

from __future__ import annotations

import sympy as sp

from symbolic.symbols.classes import count, random

# One context.
num_context = count("n_c")
attention_gain = sp.Symbol("eta_A", positive=True)
best_attention_gain = sp.Symbol("eta_best", positive=True)
prior_variance = sp.Symbol("tau2", positive=True)
real_label_noise = sp.Symbol("sigma2_r", nonnegative=True)
squared_norm = sp.Symbol("w2", nonnegative=True)
coefficient_product = sp.Symbol("wv", real=True)
context_square = random("u2", nonnegative=True)
context_product = random("uv", real=True)
attention_error = sp.Symbol("E_A", nonnegative=True)
best_attention_error = sp.Symbol("E_best", nonnegative=True)
scatter_trace = sp.IndexedBase(random("tr_S", nonnegative=True), nonnegative=True)
context_wishart_trace = sp.IndexedBase(random("tr_X", nonnegative=True), nonnegative=True)

# The loop.
first_square = sp.Symbol("u2_0", positive=True)
context_overlap = sp.Symbol("c_A", real=True)
next_context_overlap = random("c_A'", real=True)
context_overlap_at = sp.IndexedBase(random("omega", real=True), real=True)
coefficient_square = sp.Symbol("N_A", nonnegative=True)
next_coefficient_square = random("N_A'", nonnegative=True)
coefficient_square_at = sp.IndexedBase(random("N_w", nonnegative=True), nonnegative=True)
context_growth = random("g_A", positive=True)
context_rate = sp.Symbol("r_A", real=True)
context_share = sp.Symbol("alpha_c", real=True)
typical_share = sp.Symbol("alpha_typ", real=True)

# Of the loop, only inside derivations.
first_aim = sp.Symbol("uw_0", real=True)
context_product_now = sp.Symbol("o_A", real=True)
aim_now = sp.Symbol("r_w", real=True)

# Augmentation.
num_synthetic = sp.Symbol("n_s", nonnegative=True)
augmentation_shift = sp.Symbol("B_s", nonnegative=True)
augmentation_sampling_error = sp.Symbol("V_s", nonnegative=True)
augmentation_threshold = sp.Symbol("n_aug", real=True)
augmentation_limit = sp.Symbol("E_end", nonnegative=True)
endless_threshold = sp.Symbol("n_end", real=True)
augmentation_error = sp.Function("E_s", nonnegative=True)  # of the number of synthetic inputs
augmentation_slope = sp.Function("dE_s", real=True)  # its derivative

WORDS: dict[str, str] = {
    "num_context": "examples of a context",
    "attention_gain": "what linear attention multiplies a context's mean product of input and "
    "label by: the coefficients that it predicts with",
    "best_attention_gain": "gain with the smallest mean squared error over the prior",
    "prior_variance": "variance of each true coefficient, of mean 0",
    "real_label_noise": "variance of the noise of a real label, where it may differ from that of a "
    "generated one",
    "squared_norm": "squared length of the true coefficients",
    "coefficient_product": "product of the true coefficients with another vector",
    "attention_error": "mean squared distance of the coefficients of attention from the true ones, "
    "over contexts and the prior",
    "best_attention_error": "the smallest over the gains",
    "scatter_trace": "trace of a power of the inputs' scatter X'X/n over their dimension, indexed "
    "by the power",
    "first_square": "squared length of the mean product u_0 of the real context",
    "context_overlap": "product of the coefficients and u_0, over the squared length of u_0",
    "context_overlap_at": "the same, indexed by generation",
    "coefficient_square": "squared length of the coefficients",
    "coefficient_square_at": "the same, indexed by generation",
    "context_growth": "what a generation multiplies the squared difference of two runs of the loop "
    "with the same inputs and noise by",
    "context_rate": "almost sure growth, in a generation, of the logarithm of the difference of "
    "two such runs",
    "context_share": "share of real examples above which that mean square shrinks",
    "typical_share": "share of real examples above which a typical difference shrinks",
    "num_synthetic": "inputs that the model labels for one retraining with the real examples",
    "augmentation_shift": "squared distance of the mean coefficients from the true ones",
    "augmentation_sampling_error": "the rest of the error: the variance of the coefficients",
    "augmentation_threshold": "number of real examples from which on synthetic ones do not help",
    "augmentation_limit": "mean squared distance from the true coefficients after endless ones",
    "endless_threshold": "number of real examples from which on endless ones do not help",
}
