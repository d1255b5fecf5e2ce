"""Premises of linear regression on labels that the model before gave, with fresh inputs.

Least squares on the inputs ``X`` and the labels ``X w + noise`` give ``w + A^(-1) X' noise``, with
``A`` the sum of ``X'X`` over all batches that are kept.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.premise import Premises
from symbolic.relations import eq
from symbolic.symbols import Mean

_t, _n = s.generations, s.num_generated
#: Mean trace of the inverse of ``X'X`` for so many inputs.
inverse_trace = sp.Function("E_inv", positive=True)
noise_product = s.RandomSymbol("noise_product", real=True)
noise_square = s.RandomSymbol("noise_square", nonnegative=True)
_batches = _t + 2

REGRESSION: Premises = {
    "weights_step": (
        "squared distance of the weights from the true ones, when noise moves them",
        eq(s.next_location_error, s.location_error + 2 * noise_product + noise_square),
    ),
    "label_noise": ("the noise of the labels has mean zero", eq(Mean(noise_product), 0)),
    "replaced_noise": (
        "the noise of labels on the inputs that are fitted to",
        eq(Mean(noise_square), s.label_noise * inverse_trace(_n)),
    ),
    "accumulated_noise": (
        "of all batches, alike in law, the last one has its share in the inverse of their sum",
        eq(Mean(noise_square), s.label_noise * inverse_trace(_batches * _n) / _batches),
    ),
    "first_weights": (
        "the first fit is least squares on real labels",
        eq(Mean(s.location_error_at[0]), s.label_noise * inverse_trace(s.num_real)),
    ),
    "first_pool_weights": (
        "the first batch of the pool is real",
        eq(Mean(s.location_error_at[0]), s.label_noise * inverse_trace(_n)),
    ),
}
