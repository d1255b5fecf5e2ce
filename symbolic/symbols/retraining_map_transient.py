"""Symbols of transient growth: Fisher information of rank one, along the axes of curvature."""

from __future__ import annotations

import sympy as sp

axis_curvature = sp.IndexedBase(sp.Symbol("a_A", positive=True), positive=True)
axis_score = sp.IndexedBase(sp.Symbol("b_F", real=True), real=True)
condition_number = sp.Symbol("h_A", positive=True)
fisher_size = sp.Symbol("I_F", positive=True)

# Only inside derivations.
score_before = sp.Symbol("p_b", real=True)
score_after = sp.Symbol("q_b", real=True)
score_length = sp.Symbol("g_b", positive=True)
norm_product = sp.Symbol("N_b", nonnegative=True)

WORDS: dict[str, str] = {
    "axis_curvature": "curvature on real data along each of its own axes",
    "axis_score": "root of the Fisher information, which is of rank one, along those axes",
    "condition_number": "largest over smallest curvature on real data",
    "fisher_size": "the only eigenvalue of a Fisher information of rank one",
}
