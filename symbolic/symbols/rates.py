"""Symbols of rates and of inverse problems: replicates, times to a level, counts and deadlines."""

from __future__ import annotations

import sympy as sp

from symbolic.symbols.classes import count, index

# Replicates of a heavy-tailed diversity.
replicates = count("R")
relative_error = sp.Symbol("r", positive=True)
relative_variance = sp.Symbol("V_R", nonnegative=True)
replicates_needed = sp.Symbol("R_need", positive=True)
fraction_power = sp.Symbol("theta", positive=True)
run_horizon = sp.Symbol("t_R", positive=True)
failure_time = sp.Symbol("t_fail", positive=True)
diversity_variance = sp.Symbol("V_D", nonnegative=True)
relative_power_mean = sp.Symbol("A_theta", positive=True)

# Times.
half_life = sp.Symbol("t_half", positive=True)
share_left = sp.Symbol("ell", positive=True)
level_time = sp.Symbol("t_ell", real=True)
updates_allowed = sp.Symbol("M_max", real=True)
generations_allowed = count("G")
image_updates = index("N_t")
wanted_half_life = sp.Symbol("T", positive=True)
smallest_batch_size = sp.Symbol("N_need", positive=True)
smallest_freedom = sp.Symbol("nu_need", positive=True)
smallest_user_images = sp.Symbol("N_0_need", real=True)
smallest_image_count = sp.Symbol("n_need", real=True)
fidelity_cap = sp.Symbol("f", positive=True)
critical_shrinkage = sp.Symbol("kappa_crit", positive=True)

# Means over image counts.
inverse_next_count = sp.Symbol("g_next", nonnegative=True)
mean_factor_slope = sp.Symbol("rho_slope", real=True)

WORDS: dict[str, str] = {
    "replicates": "independent runs that are averaged",
    "relative_error": "wanted standard error of a mean over runs, relative to the true mean",
    "relative_variance": "variance of a mean over runs, over the square of the true mean",
    "replicates_needed": "independent runs that give the wanted relative error",
    "fraction_power": "a power between 0 and 1",
    "run_horizon": "number of image updates at which the relative error is reached",
    "failure_time": "number of image updates after which a mean over runs has collapsed",
    "diversity_variance": "the same variance ratio for the image diversity",
    "relative_power_mean": "E[(mean over runs / true mean) ** fraction_power]",
    "half_life": "number of updates in which a mean falls to one half",
    "share_left": "share of the start that a mean falls to, below 1",
    "level_time": "number of updates after which a mean has fallen to share_left",
    "updates_allowed": "image updates in a generation that a deadline allows",
    "generations_allowed": "number of generations that a mean must last",
    "image_updates": "image updates in one generation",
    "wanted_half_life": "number of updates in which a mean is to fall to one half",
    "smallest_batch_size": "batch_size that gives the wanted half-life",
    "smallest_freedom": "degrees of freedom that give the wanted half-life",
    "smallest_user_images": "user_images that keep the stationary squared fidelity at its cap",
    "smallest_image_count": "image_count that keeps the stationary squared fidelity at its cap",
    "fidelity_cap": "largest stationary squared fidelity allowed",
    "critical_shrinkage": "shrinkage_factor from which user content no longer holds the state",
    "inverse_next_count": "E[1 / (image_count + 1)]",
    "mean_factor_slope": "derivative of mean_image_factor in text_prob",
}
