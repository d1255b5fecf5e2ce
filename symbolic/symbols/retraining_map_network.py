"""Symbols of several models that are retrained on samples of one another."""

from __future__ import annotations

import sympy as sp

from symbolic.symbols.classes import index

first_share = sp.Symbol("beta_1", nonnegative=True)
second_share = sp.Symbol("beta_2", nonnegative=True)
exchange = sp.Symbol("c_W", nonnegative=True)
largest_ratio = sp.Symbol("lambda_W", positive=True)

# Only inside derivations.
other_eigenvalue = sp.Symbol("j_2", real=True)
eigenvalue_gap = sp.Symbol("j_gap", nonnegative=True)
models = sp.Symbol("N_W", integer=True, positive=True)
leading_model = index("i_W")
source_model = index("k_W")
network_jacobian = sp.IndexedBase(sp.Symbol("J_W", nonnegative=True), nonnegative=True)
source_weight = sp.IndexedBase(sp.Symbol("W_s", nonnegative=True), nonnegative=True)
model_ratio = sp.IndexedBase(sp.Symbol("lambda_s", positive=True), positive=True)

WORDS: dict[str, str] = {
    "first_share": "share of synthetic data in the first model's training set",
    "second_share": "share of synthetic data in the second model's training set",
    "exchange": "share of a model's synthetic data that the other one has generated",
    "largest_ratio": "largest ratio of synthetic to real data among the models",
}
