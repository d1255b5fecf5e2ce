"""Premises of distribution shift: laws over finitely many outcomes, each fitted to the last one.

A fit is to real examples of weight ``alpha`` and to what the model before generated; it misses the
law that it is fitted to by some total variation.  Law 0 is that of the real data, law ``t`` that of
what is generated after ``t`` fits, so that the first fit is to real data whatever ``alpha``.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.premise import Premises
from symbolic.relations import eq, le
from symbolic.symbols.classes import count, index

_t, _a = s.generations, s.real_share
outcome = index("x_O")
other_outcome = index("y_O")
num_outcomes = count("K_O")
law_at = sp.IndexedBase(sp.Symbol("D", real=True), real=True)
#: Laws of all that one generation generates, from either real data, and the channel to the next.
batch_law = sp.IndexedBase(sp.Symbol("P", real=True), real=True)
other_batch_law = sp.IndexedBase(sp.Symbol("P'", real=True), real=True)
channel = sp.IndexedBase(sp.Symbol("C_O", nonnegative=True), nonnegative=True)
batch_law_next = sp.IndexedBase(sp.Symbol("Q", real=True), real=True)
other_batch_law_next = sp.IndexedBase(sp.Symbol("Q'", real=True), real=True)

outcomes = (outcome, 0, num_outcomes - 1)
_others = (other_outcome, 0, num_outcomes - 1)
x, y = outcome, other_outcome
#: What a fit misses at one outcome, and how far a law is from the first there.
missed = law_at[_t + 1, x] - _a * law_at[0, x] - (1 - _a) * law_at[_t, x]
away = law_at[_t, x] - law_at[0, x]


def half_sum(difference: sp.Expr) -> sp.Expr:
    """Total variation: half the sum of the absolute differences.

    Examples
    --------
    >>> half_sum(away)
    Sum(Abs(D[0, x_O] - D[t, x_O]), (x_O, 0, K_O - 1))/2
    """
    return sp.Sum(sp.Abs(difference), outcomes) / 2


DISTRIBUTION_SHIFT: Premises = {
    "distribution_shift": (
        "total variation between the laws of a generated and of a real example",
        eq(s.distribution_shift_at[_t], half_sum(away)),
    ),
    "fit_error": (
        "total variation between a fit and what it is fitted to",
        eq(s.generation_error_at[_t], half_sum(missed)),
    ),
    "largest_error": (
        "each fit adds at most generation_error",
        le(s.generation_error_at[_t], s.generation_error),
    ),
    "second_outcome": (
        "each fit moves generation_error from the first to the second of two outcomes",
        eq(law_at[_t + 1, 1], (1 - _a) * law_at[_t, 1] + s.generation_error),
    ),
    "first_outcome_alone": ("real examples show the first outcome", eq(law_at[0, 1], 0)),
    "two_outcomes": (
        "real examples never show the second outcome: its probability is the total variation",
        eq(s.distribution_shift_at[_t], law_at[_t, 1]),
    ),
    "batch_channel": (
        "without real data what is generated next depends on the last examples alone",
        eq(batch_law_next[x], sp.Sum(channel[x, y] * batch_law[y], _others)),
    ),
    "other_batch_channel": (
        "and in the same way from the other real data",
        eq(other_batch_law_next[x], sp.Sum(channel[x, y] * other_batch_law[y], _others)),
    ),
    "batch_stability": (
        "total variation of the laws of all that one generation generates",
        eq(s.recursive_stability, half_sum(other_batch_law[x] - batch_law[x])),
    ),
    "next_batch_stability": (
        "the same one generation later",
        eq(s.next_recursive_stability, half_sum(other_batch_law_next[x] - batch_law_next[x])),
    ),
}
