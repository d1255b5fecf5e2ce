"""Premises of augmentation: real examples and inputs that the first fit labels, fitted together.

This is the first retraining of the loop, as a function of the number of synthetic inputs, which
may be any number: only averages over a batch depend on it.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.in_context import coefficient, total
from symbolic.model.in_context_loop import first_context_aim, first_context_square
from symbolic.model.premise import Premises
from symbolic.relations import eq
from symbolic.symbols import Mean

_a, _eta, _share = s.feature, s.attention_gain, s.real_share
_number, _error = s.num_synthetic, s.augmentation_error

# Entries of u_0, of the batch's mean product and of the coefficients after the retraining.
_first = sp.IndexedBase(s.RandomSymbol("u_A", real=True), real=True)
_batch = sp.IndexedBase(s.RandomSymbol("b_A", real=True), real=True)
_after = sp.IndexedBase(s.RandomSymbol("w_1", real=True), real=True)
first_entry, batch_entry, after_entry = _first[_a], _batch[_a], _after[_a]
endless_gap = sp.Symbol("gap_E", real=True)
gain_gap = sp.Symbol("gap_A", real=True)

AUGMENTATION: Premises = {
    "augmented_share": (
        "real examples and synthetic ones count alike",
        eq(_share, s.num_real / (s.num_real + _number)),
    ),
    "augmented_ratio": ("the same as a ratio", eq(s.synthetic_ratio, _number / s.num_real)),
    "augmented_size": ("the batch is the synthetic inputs", eq(s.num_generated, _number)),
    "augmentation_error": (
        "mean squared distance from the truth after the first retraining",
        eq(_error(_number), Mean(s.location_error_at[1])),
    ),
    "augmented_entry": (
        "coefficients after it, entry by entry",
        eq(after_entry, _eta * (_share * first_entry + (1 - _share) * batch_entry)),
    ),
    "augmentation_shift": (
        "squared distance of the mean coefficients from the true ones",
        eq(s.augmentation_shift, total((Mean(after_entry) - coefficient[_a]) ** 2)),
    ),
    "augmentation_sampling_error": (
        "the rest of the error is their variance",
        eq(s.augmentation_sampling_error, _error(_number) - s.augmentation_shift),
    ),
    "augmentation_slope": (
        "derivative in the number of synthetic inputs",
        eq(s.augmentation_slope(_number), sp.Derivative(_error(_number), _number)),
    ),
    "augmentation_limit": (
        "endless inputs have the scatter 1: attention repeats eta u_0, multiplied by eta",
        eq(
            s.augmentation_limit,
            Mean(_eta**4 * first_context_square - 2 * _eta**2 * first_context_aim + s.squared_norm),
        ),
    ),
    "endless_gap": (
        "what endless inputs add to the error without any",
        eq(endless_gap, s.augmentation_limit - _error(0)),
    ),
    "gain_gap": (
        "mean product of u_0 and what eta u_0 lacks to the true coefficients",
        eq(gain_gap, Mean(first_context_aim - _eta * first_context_square)),
    ),
}
