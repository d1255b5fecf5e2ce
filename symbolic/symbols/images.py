"""Symbols of the image model, of fidelity and of user content."""

from __future__ import annotations

import sympy as sp

from symbolic.symbols.classes import random

# Images.
ddof = sp.Symbol("ddof", integer=True, nonnegative=True)
shrinkage_factor = sp.Symbol("kappa", positive=True)
directional_variance = sp.Symbol("sigma2_v", positive=True)
directional_variance_at = sp.IndexedBase(random("sigma2_v", positive=True), positive=True)
image_diversity = sp.Symbol("D_0", positive=True)
image_diversity_at = sp.IndexedBase(random("D", positive=True), positive=True)
next_image_diversity = random("D'", positive=True)
largest_variance = sp.Symbol("lambda_max", positive=True)
image_sd = sp.IndexedBase(sp.Symbol("s", positive=True), positive=True)
contraction_factor = sp.Symbol("rho", nonnegative=True)
decay_rate_limit = sp.Symbol("r_inf", real=True)
lyapunov_exponent = sp.Symbol("lambda_j", real=True)
mean_image_factor = sp.Symbol("rho_bar", nonnegative=True)

# Fidelity.
image_variance = sp.Symbol("tr_Sigma_0", positive=True)
image_fidelity_at = sp.IndexedBase(random("F", nonnegative=True), nonnegative=True)
squared_fidelity_at = sp.IndexedBase(random("F2", nonnegative=True), nonnegative=True)
inverse_root_count = sp.Symbol("g_half", nonnegative=True)
inverse_count = sp.Symbol("g_1", nonnegative=True)

# User content.
current_cov = sp.Symbol("Sigma_t", real=True)
reference_cov = sp.Symbol("Sigma_0", real=True)
mean_offset = sp.Symbol("Delta", real=True)
next_cov = random("Sigma'", real=True)
next_mean_offset = random("Delta'", real=True)
current_variance = sp.Symbol("tr_Sigma_t", positive=True)
squared_offset = sp.Symbol("Delta2", nonnegative=True)
next_squared_offset = random("Delta2'", nonnegative=True)
stationary_fidelity = sp.Symbol("F_*", nonnegative=True)
stationary_trace = sp.Symbol("T_*", positive=True)

WORDS: dict[str, str] = {
    "ddof": "subtracted from the image count in the covariance's denominator",
    "shrinkage_factor": "factor on the covariance after each image update",
    "directional_variance": "variance of the images along a fixed direction at generation 0",
    "directional_variance_at": "variance along a fixed direction, indexed by image update",
    "image_diversity": "trace of the square root of the covariance at generation 0",
    "image_diversity_at": "trace of the square root of the covariance, by image update",
    "next_image_diversity": "trace of the square root of the covariance after one update",
    "largest_variance": "largest eigenvalue of the covariance at generation 0",
    "image_sd": "square roots of the eigenvalues of the covariance, indexed by feature",
    "contraction_factor": "factor of the mean image diversity in one image update",
    "decay_rate_limit": "limit of log mean image diversity over the number of updates",
    "lyapunov_exponent": "almost sure exponential rate of the j-th singular value",
    "mean_image_factor": "mean factor of one image update over the image counts, keep rule in",
    "image_variance": "trace of the covariance at generation 0 (of the reference)",
    "image_fidelity_at": "distance of the mean from its start, indexed by image update",
    "squared_fidelity_at": "squared distance of the mean from its start, by image update",
    "inverse_root_count": "E[1{updated} image_count ** (-1/2)]",
    "inverse_count": "E[1{updated} / image_count]",
    "current_cov": "an entry (or direction) of the covariance now",
    "reference_cov": "the same entry (or direction) of the reference covariance",
    "mean_offset": "current mean minus reference mean along the direction",
    "next_cov": "the same entry of the covariance after one update with user content",
    "next_mean_offset": "mean minus reference mean after one update",
    "current_variance": "trace of the covariance now",
    "squared_offset": "squared distance of the mean from the reference mean now",
    "next_squared_offset": "squared distance of the mean from the reference, one update on",
    "stationary_fidelity": "stationary mean squared distance from the reference mean",
    "stationary_trace": "stationary mean trace of the covariance",
}
