"""Premises of two self-consuming loops whose real data differ in one example.

Only a mean is fitted; the variance of the examples is known.  Both loops have the same noise: the
means of the residuals of the n_g examples of each generation.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.premise import Premises
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.symbols.classes import index

_t, _a, _n, _n0 = s.generations, s.real_share, s.num_generated, s.num_real

real_index = index("k_E")
example_at = sp.IndexedBase(s.RandomSymbol("x_E", real=True), real=True)
other_example_at = sp.IndexedBase(s.RandomSymbol("x_E'", real=True), real=True)
fit_at = sp.IndexedBase(s.RandomSymbol("mu_F", real=True), real=True)
other_fit_at = sp.IndexedBase(s.RandomSymbol("mu_F'", real=True), real=True)
noise_at = sp.IndexedBase(s.RandomSymbol("z_F", real=True), real=True)
memory_at = sp.IndexedBase(s.RandomSymbol("y_F", real=True), real=True)
#: Total variation between two normals of one variance, by the distance of their means.
normal_shift = sp.Function("TV_N", nonnegative=True)

_all = (real_index, 0, _n0 - 1)


def _step(fit: sp.IndexedBase) -> sp.Eq:
    return eq(fit[_t + 1], _a * fit[0] + (1 - _a) * (fit[_t] + noise_at[_t]))


RECURSIVE_STABILITY: Premises = {
    "first_mean": (
        "the first fit is the mean of the real examples",
        eq(fit_at[0], sp.Sum(example_at[real_index], _all) / _n0),
    ),
    "other_first_mean": (
        "the same from the other real data",
        eq(other_fit_at[0], sp.Sum(other_example_at[real_index], _all) / _n0),
    ),
    "neighbouring": (
        "the two real data sets differ in one example, by example_distance",
        eq(
            sp.Sum(other_example_at[real_index], _all),
            sp.Sum(example_at[real_index], _all) + s.example_distance,
        ),
    ),
    "mean_step": (
        "each later fit is the weighted mean of the real examples and of what was generated",
        _step(fit_at),
    ),
    "other_mean_step": ("the same from the other real data, with the same noise",
                        _step(other_fit_at)),
    "paired_shift": (
        "distance of the two loops' means",
        eq(s.paired_shift_at[_t], other_fit_at[_t] - fit_at[_t]),
    ),
    "memory": (
        "distance of the mean of what was generated from that of the real examples",
        eq(memory_at[_t], fit_at[_t] + noise_at[_t] - fit_at[0]),
    ),
    "noise_fresh": (
        "each generation's noise does not depend on the past",
        eq(Mean(memory_at[_t] * noise_at[_t + 1]), 0),
    ),
    "noise_variance": (
        "variance of the mean of n_g residuals",
        eq(Mean(noise_at[_t] ** 2), s.known_variance / _n),
    ),
    "memory_variance": (
        "variance, given the real examples, of the mean of what was generated",
        eq(s.memory_variance_at[_t], Mean(memory_at[_t] ** 2)),
    ),
    "without_real": ("no real example in any later training set", eq(_a, 0)),
    "limit_stability": (
        "the total variation of two normals is continuous in their variance",
        eq(
            s.limit_recursive_stability,
            normal_shift(s.paired_shift_at[_t], s.limit_memory_variance),
        ),
    ),
}  # fmt: skip
