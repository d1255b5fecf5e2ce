"""Symbols of iterative retraining: data policies, and the errors of what is retrained."""

from __future__ import annotations

import sympy as sp

from symbolic.symbols.classes import count, index, random

# Data policies.
num_real = count("n_r")
num_generated = count("n_g")
synthetic_ratio = sp.Symbol("lambda", positive=True)
fresh_weight = sp.Symbol("w", positive=True)
label_noise = sp.Symbol("sigma2", nonnegative=True)
generated_at = sp.IndexedBase(
    sp.Symbol("n_k", integer=True, positive=True), integer=True, positive=True
)
schedule_power = sp.Symbol("a_n", nonnegative=True)

# Errors.
real_variance = sp.Symbol("V", nonnegative=True)
location_error = sp.Symbol("m_t", nonnegative=True)
location_error_at = sp.IndexedBase(random("m", nonnegative=True), nonnegative=True)
next_location_error = random("m'", nonnegative=True)
model_variance = sp.Symbol("v_t", nonnegative=True)
model_variance_at = sp.IndexedBase(random("v", nonnegative=True), nonnegative=True)
next_model_variance = random("v'", nonnegative=True)
stationary_location_error = sp.Symbol("m_*", nonnegative=True)
limit_location_error = sp.Symbol("m_inf", nonnegative=True)
limit_model_variance = sp.Symbol("v_inf", nonnegative=True)
best_fresh_weight = sp.Symbol("w_*", positive=True)
best_location_error = sp.Symbol("m_best", nonnegative=True)

# Measured from the mean of the real examples at hand, which stay the same.
data_distance = sp.Symbol("D_t", nonnegative=True)
data_distance_at = sp.IndexedBase(random("D_R", nonnegative=True), nonnegative=True)
next_data_distance = random("D_R'", nonnegative=True)
data_variance = sp.Symbol("s_R", nonnegative=True)

# The pool of all examples so far.
pool_moment = sp.Symbol("q_t", nonnegative=True)
pool_moment_at = sp.IndexedBase(random("q", nonnegative=True), nonnegative=True)
next_pool_moment = random("q'", nonnegative=True)
pool_error = sp.Symbol("p_t", nonnegative=True)
pool_error_at = sp.IndexedBase(random("p_pool", nonnegative=True), nonnegative=True)
next_pool_error = random("p_pool'", nonnegative=True)
training_budget = count("B")

# Several models that generate for one another.
num_models = count("L_M")
model = index("i_M")
other_model = index("j_M")
source = index("k_M")
other_source = index("l_M")
synthetic_shares = sp.IndexedBase(
    sp.Symbol("beta_M", nonnegative=True), shape=(num_models,), nonnegative=True
)
source_weights = sp.IndexedBase(
    sp.Symbol("W_M", nonnegative=True), shape=(num_models, num_models), nonnegative=True
)
model_products = sp.IndexedBase(sp.Symbol("E_M", real=True), shape=(num_models, num_models))
next_model_products = sp.IndexedBase(random("E_M'", real=True))
stationary_weights = sp.IndexedBase(
    sp.Symbol("pi_M", nonnegative=True), shape=(num_models,), nonnegative=True
)
consensus_error = sp.Symbol("m_pi", nonnegative=True)
next_consensus_error = random("m_pi'", nonnegative=True)

WORDS: dict[str, str] = {
    "num_real": "real examples of the first fit; of each later training set where it has any",
    "num_generated": "examples that the model generates for one retraining",
    "synthetic_ratio": "weight of the synthetic over that of the real examples in a training set: "
    "the ratio of their numbers where all count alike",
    "fresh_weight": "weight of the fresh real examples in a training set, at most 1",
    "label_noise": "variance of the noise of a label in linear regression",
    "generated_at": "examples that the model generates for a retraining, indexed by generation",
    "schedule_power": "power of the generation with which the number of generated examples grows",
    "real_variance": "trace of the covariance of the real data",
    "location_error": "(mean) squared distance of the model's mean from that of the real data",
    "model_variance": "(mean) trace of the covariance of what the model generates",
    "stationary_location_error": "stationary mean squared distance of the model's mean from that "
    "of the real data",
    "limit_location_error": "limit of that mean squared distance over the generations",
    "limit_model_variance": "limit of the mean trace of the model's covariance",
    "best_fresh_weight": "weight of the fresh real examples with the smallest stationary error",
    "best_location_error": "smallest stationary error over the weights of the fresh real examples",
    "data_distance": "(mean) squared distance of the model's mean from that of the real examples "
    "at hand",
    "data_variance": "(mean) trace of the covariance of the real examples at hand, divided by "
    "their number",
    "pool_error": "(mean) squared distance of the pool's mean from that of the real data",
    "training_budget": "examples that a model is fitted to, whatever there are",
    "num_models": "number of models that generate for one another",
    "model": "index of a model, from 0",
    "other_model": "index of another model, from 0",
    "synthetic_shares": "weight of the synthetic examples in a training set, indexed by model",
    "source_weights": "share of a model's synthetic examples that another one generates, indexed "
    "by the model and its source; each row adds up to 1",
    "model_products": "(mean) products of the distances of two models' means from that of the real "
    "examples, indexed by both models",
    "stationary_weights": "stationary law of the source weights, indexed by model",
    "consensus_error": "(mean) squared distance from the real data's mean of the models' means, "
    "averaged by the stationary law",
    "pool_moment": "(mean) squared distance of an example of the pool from the real data's mean",
}
