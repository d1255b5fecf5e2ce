"""Symbols of the retraining map: its linear part at the optimum, and maps of sampled Gaussians."""

from __future__ import annotations

import sympy as sp

from symbolic.symbols.classes import count, index

# At the parameters that fit the real data best; `real_curvature` and what follows are matrices.
misfit_eigenvalue = sp.Symbol("kappa_B", nonnegative=True)
retraining_eigenvalue = sp.Symbol("j_G", real=True)
jacobian_norm = sp.Symbol("J_norm", nonnegative=True)
wasserstein_misfit = sp.Symbol("epsilon_W", nonnegative=True)
hessian_lipschitz = sp.Symbol("L_H", nonnegative=True)
smallest_curvature = sp.Symbol("alpha_A", positive=True)
critical_ratio = sp.Symbol("lambda_c", positive=True)
mixed_likelihood = sp.Symbol("ell_mix", real=True)
real_likelihood = sp.Symbol("ell_r", real=True)
own_likelihood = sp.Symbol("ell_g", real=True)

# Time, and training that stops early.
retraining_time = sp.Symbol("t_G", real=True)
deviation_at = sp.IndexedBase(sp.Symbol("x_G", real=True), real=True)
curvature = sp.Symbol("a_v", positive=True)
learning_rate = sp.Symbol("eta", positive=True)
critical_rate = sp.Symbol("eta_c", positive=True)
gradient_steps = index("K_g")
gradient_eigenvalue_at = sp.IndexedBase(sp.Symbol("j_g", real=True), real=True)

# Only inside derivations.
num_parameters = count("P")
parameter = index("a_P")
other_parameter = index("b_P")
real_curvature = sp.IndexedBase(sp.Symbol("A", real=True), real=True)
fisher_information = sp.IndexedBase(sp.Symbol("B", real=True), real=True)
trained_slope = sp.IndexedBase(sp.Symbol("S_y", real=True), real=True)
sampled_slope = sp.IndexedBase(sp.Symbol("S_x", real=True), real=True)
parameter_direction = sp.IndexedBase(sp.Symbol("v_G", real=True), real=True)
mapped_direction = sp.IndexedBase(sp.Symbol("u_G", real=True), real=True)
misfit_norm = sp.Symbol("m_X", nonnegative=True)
hessian_gap = sp.Symbol("g_H", nonnegative=True)
tried_likelihood = sp.Symbol("ell_y", real=True)
tried_own_likelihood = sp.Symbol("ell_xy", real=True)

WORDS: dict[str, str] = {
    "num_parameters": "number of parameters of the model",
    "misfit_eigenvalue": "eigenvalue of A^(-1/2) B A^(-1/2): Fisher information over curvature",
    "retraining_eigenvalue": "eigenvalue of the retraining map's Jacobian at its fixed point",
    "jacobian_norm": "Euclidean operator norm of the retraining map's Jacobian",
    "wasserstein_misfit": "1-Wasserstein distance of the best model from the real data",
    "hessian_lipschitz": "Lipschitz constant in x of the log-likelihood's Hessian",
    "smallest_curvature": "least eigenvalue of the mean negative Hessian on real data",
    "critical_ratio": "synthetic_ratio at which a stability condition ends",
    "mixed_likelihood": "mean log-likelihood on real data plus lambda times that on samples of the "
    "best model, at any parameters",
    "real_likelihood": "mean log-likelihood of the best parameters on real data",
    "own_likelihood": "mean log-likelihood of the best parameters on their own samples",
    "retraining_time": "retrainings after which the distance has fallen to share_left",
    "deviation_at": "distance from the fixed point along an eigenvector, to first order",
    "curvature": "mean negative Hessian on real data along a direction",
    "learning_rate": "step size of gradient ascent",
    "critical_rate": "step size from which gradient ascent overshoots for ever",
    "gradient_eigenvalue_at": "the same after so many gradient steps instead of a full refit",
    "gradient_steps": "gradient steps of one retraining, which starts from the last parameters",
}
