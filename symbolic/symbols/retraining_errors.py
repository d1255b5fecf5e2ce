"""Symbols of iterative retraining: data policies, and the errors of what is retrained."""

from __future__ import annotations

import sympy as sp

from symbolic.symbols.classes import count, random

# Data policies.
num_real = count("n_r")
num_generated = count("n_g")
synthetic_ratio = sp.Symbol("lambda", positive=True)
fresh_weight = sp.Symbol("w", positive=True)

# Errors.
real_variance = sp.Symbol("V", nonnegative=True)
location_error = sp.Symbol("m_t", nonnegative=True)
location_error_at = sp.IndexedBase(random("m", nonnegative=True), nonnegative=True)
next_location_error = random("m'", nonnegative=True)
model_variance = sp.Symbol("v_t", nonnegative=True)
model_variance_at = sp.IndexedBase(random("v", nonnegative=True), nonnegative=True)
next_model_variance = random("v'", nonnegative=True)

WORDS: dict[str, str] = {
    "num_real": "real examples of the first fit; of each later training set where it has any",
    "num_generated": "examples that the model generates for one retraining",
    "synthetic_ratio": "number of synthetic over number of real examples in a training set",
    "fresh_weight": "weight of the fresh real examples in the mean of a training set, at most 1",
    "real_variance": "trace of the covariance of the real data",
    "location_error": "(mean) squared distance of the model's mean from that of the real data",
    "model_variance": "(mean) trace of the covariance of what the model generates",
}
