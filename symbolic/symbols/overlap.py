"""Symbols of overlapping texts: likelihood ratios, chi-square divergences, whitened means."""

from __future__ import annotations

import sympy as sp

from symbolic.symbols.classes import random

# Texts with one common covariance S; a_i = S^(-1/2) (mu_i - mubar), mubar = sum_i p_i mu_i.
text_products = sp.IndexedBase(sp.Symbol("W", real=True), real=True)

# Any two texts; and two Gaussians.
chi_square_divergence = sp.IndexedBase(sp.Symbol("chi2", nonnegative=True), nonnegative=True)
log_chi_square = sp.Symbol("log_chi2", nonnegative=True)
log_det_excess = sp.Symbol("logdet_ex", real=True)
excess_mahalanobis = sp.Symbol("Delta_ex", nonnegative=True)

# Only inside derivations: a draw from a reference density, and ratios to that density.
reference_draw = random("y_0", real=True)
reference_density = sp.Function("q_0", positive=True)
likelihood_ratio = sp.IndexedBase(random("G", positive=True), positive=True)
mixture_ratio = random("G_mix", positive=True)
frozen_bhattacharyya = sp.IndexedBase(sp.Symbol("BC_0", nonnegative=True), nonnegative=True)
score = sp.IndexedBase(random("xi", real=True), real=True)  # a_i . z, z standard normal

WORDS: dict[str, str] = {
    "text_products": "inner products of the texts' means, whitened by the common covariance and "
    "measured from the mixture's mean, indexed by two texts",
    "chi_square_divergence": "chi-square divergences of pairs of texts' densities, of the first "
    "text from the second",
    "log_chi_square": "log of one plus the chi-square divergence of two Gaussians",
    "log_det_excess": "log determinant of twice the second covariance minus the first",
    "excess_mahalanobis": "squared Mahalanobis distance of two means in twice the second "
    "covariance minus the first",
}
