"""Recursive stability of a Gaussian of known variance: how far one real example is felt.

The first fit is to real examples; each later one to real examples of weight ``alpha`` and to what
the model before generated.  Changing one real example moves all later means alike, by its share in
the first: neither generations nor real data make it smaller.  What hides it is the noise that the
loop gathers: total variation falls as the variance of what is generated grows.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.recursive_stability import (
    fit_at,
    memory_at,
    noise_at,
    other_fit_at,
)
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Step
from symbolic.theorems.ours import ours

_t, _a, _n, _n0 = s.generations, s.real_share, s.num_generated, s.num_real
_R, _var, _delta = s.example_distance, s.known_variance, s.paired_shift_at
_memory = s.memory_variance_at
_kept = 1 - _a

LOOP = "only the mean is fitted: first to n_r real examples, then to real ones of weight alpha and "
LOOP += "n_g generated ones; generation t is what the model after t + 1 fits generates"
GAUSSIAN = "generated examples are normal of known variance"
CHANGED = "one real example is changed, by example_distance"
MIXED = "alpha > 0: some real data in each training set"
ALONE = "alpha = 0: after the first fit no real example is seen again"


theorem = ours("recursive stability (F2)")


# -------------------------------------------------------------------------- same noise, one change


def _later(claim: sp.Eq, premise: str, when: sp.Expr, label: str) -> Step:
    """Write a premise at another time."""
    return Step(
        rule="instance", claim=claim, label=label, uses=(f"model:{premise}",), given={_t: when}
    )


_apart = other_fit_at[_t] - fit_at[_t]
_start = eq(_delta[0], _R / _n0)
_paired = eq(_delta[_t], _R / _n0)
paired_shift = theorem(
    "paired_shift",
    "Distance of the means of two loops whose real data differ in one example",
    "With the same noise the change stays what it was at first, for any share of real data.",
    _paired,
    (
        _later(eq(_delta[_t + 1], _apart.subs(_t, _t + 1)), "paired_shift", _t + 1, "later"),
        _later(eq(_delta[0], _apart.subs(_t, 0)), "paired_shift", sp.S.Zero, "first"),
        Step(
            rule="substitution",
            claim=eq(_delta[_t + 1], _a * _delta[0] + _kept * _delta[_t]),
            label="each",
            uses=("later", "model:mean_step", "model:other_mean_step", "model:paired_shift",
                  "first"),
        ),
        Step(
            rule="substitution",
            claim=_start,
            label="start",
            uses=("first", "model:first_mean", "model:other_first_mean", "model:neighbouring"),
        ),
        Step(
            rule="substitution",
            claim=eq(_delta[_t + 1], _kept * _delta[_t] + _a * _R / _n0),
            label="recursion",
            uses=("each", "start"),
        ),
        Step(rule="linear recursion", claim=_paired, uses=("recursion", "start")),
    ),
    LOOP, CHANGED, "both loops draw the same noise",
)  # fmt: skip

# ------------------------------------------------------------------------- what the loop gathers

noise = _var / _n
_each = eq(_memory[_t + 1], _kept**2 * _memory[_t] + noise)
_gathered = (
    _later(eq(_memory[_t + 1], Mean(memory_at[_t + 1] ** 2)), "memory_variance", _t + 1, "later"),
    _later(
        eq(memory_at[_t + 1], fit_at[_t + 1] + noise_at[_t + 1] - fit_at[0]),
        "memory", _t + 1, "memory later",
    ),
    Step(
        rule="substitution",
        claim=eq(memory_at[_t + 1], _kept * memory_at[_t] + noise_at[_t + 1]),
        label="forgets",
        uses=("memory later", "model:mean_step", "model:memory"),
    ),
    _later(eq(Mean(noise_at[_t + 1] ** 2), noise), "noise_variance", _t + 1, "fresh noise"),
    Step(
        rule="substitution",
        claim=_each,
        label="each",
        uses=("later", "forgets", "model:noise_fresh", "fresh noise", "model:memory_variance"),
    ),
    _later(eq(_memory[0], Mean(memory_at[0] ** 2)), "memory_variance", sp.S.Zero, "first"),
    _later(eq(memory_at[0], noise_at[0]), "memory", sp.S.Zero, "first memory"),
    _later(eq(Mean(noise_at[0] ** 2), noise), "noise_variance", sp.S.Zero, "first noise"),
    Step(
        rule="substitution",
        claim=eq(_memory[0], noise),
        label="start",
        uses=("first", "first memory", "first noise"),
    ),
)  # fmt: skip
memory = noise * (1 - _kept ** (2 * _t + 2)) / (1 - _kept**2)
_path = eq(_memory[_t], memory)
memory_variance = theorem(
    "memory_variance",
    "Variance of the mean of what a generation generates, given the real data",
    "The noise of all generations so far, each discounted by the share of generated data.",
    _path,
    (*_gathered, Step(rule="linear recursion", claim=_path, uses=("each", "start"))),
    LOOP, MIXED, "the variance of an example is known; any law of it",
    conditions=(_a > 0,),
)  # fmt: skip
_grown = eq(_memory[_t], noise * (_t + 1))
memory_variance_without_real = theorem(
    "memory_variance_without_real",
    "The same without real data: it grows linearly",
    "Each generation adds the variance of a mean of n_g examples.",
    _grown,
    (
        *_gathered,
        Step(
            rule="substitution bound",
            claim=eq(_memory[_t + 1], _memory[_t] + noise),
            label="alone",
            uses=("each", "model:without_real"),
        ),
        Step(rule="linear recursion", claim=_grown, uses=("alone", "start")),
    ),
    LOOP, ALONE, "the variance of an example is known; any law of it",
)  # fmt: skip
late = noise / (1 - _kept**2)
_late = eq(s.limit_memory_variance, late)
memory_variance_limit = theorem(
    "memory_variance_limit",
    "The same in the long run, with real data",
    "What is gathered stays bounded, the less real data the larger.",
    _late,
    (
        *_gathered[:5],
        Step(
            rule="fixed point of a linear recursion",
            claim=_late,
            uses=("each",),
            given={"room": _a * (2 - _a)},
        ),
    ),
    LOOP, MIXED, "the variance of an example is known; any law of it",
    conditions=(_a > 0,),
)  # fmt: skip

THEOREMS = (
    paired_shift,
    memory_variance,
    memory_variance_without_real,
    memory_variance_limit,
)
