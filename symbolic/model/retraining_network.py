"""Premises of several models that are retrained on what they generate for one another.

All share the same real examples.  Model ``i`` takes ``W_ik n_g`` of its ``n_g`` synthetic examples
from model ``k``: their mean is that of the models' means, with weights ``W_ik``, plus a noise.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.premise import Premises
from symbolic.relations import eq
from symbolic.symbols import Mean

_i, _j, _k, _l = s.model, s.other_model, s.source, s.other_source
_last = s.num_models - 1
_beta, _W, _pi = s.synthetic_shares, s.source_weights, s.stationary_weights

#: Products of a model's distance and another one's noise, and of two models' noises.
distance_noise = sp.IndexedBase(s.RandomSymbol("d_z", real=True))
noise_products = sp.IndexedBase(s.RandomSymbol("z_z", real=True))
consensus_noise = sp.IndexedBase(s.RandomSymbol("c_z", real=True))
mixed_products = sp.Sum(
    _W[_i, _k] * _W[_j, _l] * s.model_products[_k, _l], (_k, 0, _last), (_l, 0, _last)
)

NETWORK: Premises = {
    "network_step": (
        "the product of two models' distances from the real examples' mean, after a retraining",
        eq(
            s.next_model_products[_i, _j],
            _beta[_i]
            * _beta[_j]
            * (
                mixed_products
                + sp.Sum(_W[_i, _k] * distance_noise[_k, _j], (_k, 0, _last))
                + sp.Sum(_W[_j, _k] * distance_noise[_k, _i], (_k, 0, _last))
                + noise_products[_i, _j]
            ),
        ),
    ),
    "network_noise": ("a mean's noise has mean zero", eq(Mean(distance_noise[_i, _j]), 0)),
    "network_noises": (
        "the models' samples are independent, of n_g examples each; the covariance is known",
        eq(
            Mean(noise_products[_i, _j]),
            sp.KroneckerDelta(_i, _j) * s.real_variance / s.num_generated,
        ),
    ),
    "consensus_step": (
        "without real examples, and by the stationary law of W, mixing keeps the average",
        eq(
            s.next_consensus_error,
            s.consensus_error
            + 2 * sp.Sum(_pi[_i] * consensus_noise[_i], (_i, 0, _last))
            + sp.Sum(
                _pi[_i] * _pi[_j] * noise_products[_i, _j], (_i, 0, _last), (_j, 0, _last)
            ),
        ),
    ),
    "consensus_noise": ("a mean's noise has mean zero", eq(Mean(consensus_noise[_i]), 0)),
}  # fmt: skip
