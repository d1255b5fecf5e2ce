"""Several models that are retrained on what they generate for one another: R5, in errors.

``E_ij`` are the mean products of the models' distances from the mean of the real examples, which
all of them keep; its diagonal holds the squared distances.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.retraining_network import distance_noise, mixed_products
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Step
from symbolic.theorems.retraining_errors import KNOWN, theorem

_i, _j, _k = s.model, s.other_model, s.source
_noise = s.real_variance / s.num_generated
_beta, _pi = s.synthetic_shares, s.stationary_weights

EXCHANGE = (
    "model i takes W_ik n_g of its n_g synthetic examples from model k; rows of W add up to 1; the "
    "models' samples are independent"
)
SHARED = "all keep the same real examples, with the weight 1 - beta_i; distances from their mean"
GIVEN = "expectation given the models before the update, and the real examples"

_products = eq(
    Mean(s.next_model_products[_i, _j]),
    _beta[_i] * _beta[_j] * (mixed_products + sp.KroneckerDelta(_i, _j) * _noise),
)
network_location_step = theorem(
    "network_location_step",
    "Distances of several models after one retraining on one another's examples",
    "Real examples pull all models to their mean; exchange makes the models' errors alike.",
    _products,
    (
        Step(
            rule="instance",
            claim=eq(Mean(distance_noise[_k, _j]), 0),
            label="first noise",
            uses=("model:network_noise",),
            given={_i: _k},
        ),
        Step(
            rule="instance",
            claim=eq(Mean(distance_noise[_k, _i]), 0),
            label="second noise",
            uses=("model:network_noise",),
            given={_i: _k, _j: _i},
        ),
        Step(
            rule="substitution",
            claim=_products,
            uses=("model:network_step", "first noise", "second noise", "model:network_noises"),
        ),
    ),
    EXCHANGE, SHARED, KNOWN, GIVEN,
)  # fmt: skip
_wander = eq(
    Mean(s.next_consensus_error),
    s.consensus_error + _noise * sp.Sum(_pi[_i] ** 2, (_i, 0, s.num_models - 1)),
)
network_consensus_step = theorem(
    "network_consensus_step",
    "Drift of the consensus of models that have no real examples",
    "The average by the stationary law wanders for ever, the more slowly the more even the law.",
    _wander,
    (
        Step(
            rule="substitution",
            claim=_wander,
            uses=("model:consensus_step", "model:consensus_noise", "model:network_noises"),
        ),
    ),
    EXCHANGE, "no real examples: beta_i = 1", "pi W = pi, and pi adds up to 1", KNOWN,
    "expectation given the models before the update; distances from the real data's mean",
)  # fmt: skip

THEOREMS = (network_location_step, network_consensus_step)
