"""Symbols of a Gaussian retrained on real data and on tempered, smoothed or chosen samples."""

from __future__ import annotations

import sympy as sp

# How samples are drawn.
temperature = sp.Symbol("T_s", positive=True)
critical_temperature = sp.Symbol("T_c", positive=True)
bandwidth = sp.Symbol("h_s", positive=True)
fixed_bandwidth = sp.Symbol("h_0", nonnegative=True)
selected_mean = sp.Symbol("e_k", positive=True)
selected_variance = sp.Symbol("c_k", positive=True)

# What becomes of the model.
stationary_variance = sp.Symbol("v_*", nonnegative=True)
fitted_variance = sp.Symbol("v_G", positive=True)
fitted_sd = sp.Symbol("sigma_G", positive=True)
fitted_shift = sp.Symbol("Delta_G", real=True)
jacobian_trace = sp.Symbol("tr_J", real=True)
jacobian_determinant = sp.Symbol("det_J", real=True)
stability_margin = sp.Symbol("D_J", real=True)
initial_sd = sp.Symbol("sigma_0", positive=True)
fitted_shift_at = sp.IndexedBase(sp.Symbol("Delta_G", real=True), real=True)
total_shift = sp.Symbol("Delta_inf", real=True)

# Only inside derivations.
fitted_variance_at = sp.IndexedBase(sp.Symbol("v_G", positive=True), positive=True)
fitted_sd_at = sp.IndexedBase(sp.Symbol("sigma_G", positive=True), positive=True)
sample_spread = sp.Function("S_G", real=True)  # variance of the samples of a centred model
variance_map = sp.Function("V_G", real=True)  # variance after retraining on them and real data
chosen_mean = sp.Function("M_k", real=True)  # mean and variance of chosen samples
chosen_spread = sp.Function("S_k", real=True)
shift_after = sp.Function("F_m", real=True)  # shift and variance after retraining on them
variance_after = sp.Function("F_v", real=True)

WORDS: dict[str, str] = {
    "temperature": "samples are drawn from the fitted density to the power 1 / temperature",
    "critical_temperature": "temperature from which the variance grows without bound",
    "bandwidth": "width of the kernels over the standard deviation of the data they are put on",
    "fixed_bandwidth": "width of the kernels, the same whatever the data",
    "selected_mean": "mean of the best of k standard normal values",
    "selected_variance": "variance of the best of k standard normal values, at most 1",
    "stationary_variance": "variance at which retraining leaves the model",
    "fitted_variance": "variance of the model after a fit",
    "fitted_sd": "standard deviation of the model after a fit",
    "fitted_shift": "distance of the model's mean from that of the real data, towards the better",
    "jacobian_trace": "trace of the Jacobian of retraining, in mean and variance",
    "jacobian_determinant": "determinant of the same Jacobian",
    "stability_margin": "determinant of I - J, positive as long as retraining is stable",
    "initial_sd": "standard deviation of the first model",
    "fitted_shift_at": "the shift after so many retrainings",
    "total_shift": "how far the mean moves in the long run",
}
