"""Recursive stability of a Gaussian of known variance: total variation, exactly.

All examples of one generation tell of a changed real example by their mean alone.  Its two laws
are normals of one variance, as far apart as the changed example moves the first fit.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.recursive_stability import added, distance, number, variance
from symbolic.model.recursive_stability import normal_shift
from symbolic.relations import eq, le
from symbolic.theorem import Kind, Step, Theorem
from symbolic.theorems.recursive_stability import (
    ALONE,
    CHANGED,
    GAUSSIAN,
    LOOP,
    MIXED,
    late,
    memory,
    noise,
    theorem,
)

_t, _a, _n0 = s.generations, s.real_share, s.num_real
_R, _gamma = s.example_distance, s.recursive_stability_at


def _normals(spread: sp.Expr, label: str = "") -> Step:
    value = sp.erf(_R / _n0 / (2 * sp.sqrt(2) * sp.sqrt(spread)))
    return Step(
        rule="instance",
        claim=eq(normal_shift(_R / _n0, spread), value),
        label=label,
        uses=("lemma:normal_total_variation",),
        given={distance: _R / _n0, variance: spread},
    )


def _stability(
    name: str, title: str, in_words: str, spread: sp.Expr, of: str, *assumptions: str,
    conditions: tuple[sp.Rel, ...] = (),
) -> Theorem:  # fmt: skip
    step = _normals(spread, "normals")
    claim = eq(_gamma[_t], step.claim.rhs)
    return theorem(
        name,
        title,
        in_words,
        claim,
        (
            step,
            Step(
                rule="substitution",
                claim=claim,
                uses=("lemma:sufficient_mean", "theorem:paired_shift", f"theorem:{of}", "normals"),
            ),
        ),
        LOOP, GAUSSIAN, CHANGED, *assumptions, conditions=conditions,
        lemmas=("sufficient_mean", "normal_total_variation"),
    )  # fmt: skip


recursive_stability_gaussian = _stability(
    "recursive_stability_gaussian",
    "Recursive stability of a Gaussian of known variance",
    "The change over the standard deviation of the mean of what is generated tells the two apart.",
    memory, "memory_variance", MIXED, conditions=(_a > 0,),
)  # fmt: skip
recursive_stability_without_real = _stability(
    "recursive_stability_without_real",
    "Recursive stability of a Gaussian of known variance, without real data",
    "One real example is felt ever less: its change drowns in noise that grows.",
    noise * (_t + 1), "memory_variance_without_real", ALONE,
)  # fmt: skip


def _tangent(
    name: str, title: str, in_words: str, spread: sp.Expr, of: str, *assumptions: str,
    conditions: tuple[sp.Rel, ...] = (),
) -> Theorem:  # fmt: skip
    argument = _R / _n0 / (2 * sp.sqrt(2) * sp.sqrt(spread))
    claim = le(_gamma[_t], _R / _n0 / sp.sqrt(2 * sp.pi * spread))
    return theorem(
        name,
        title,
        in_words,
        claim,
        (
            Step(
                rule="instance",
                claim=le(sp.erf(argument), 2 * argument / sp.sqrt(sp.pi)),
                label="tangent",
                uses=("lemma:erf_tangent",),
                given={number: argument},
            ),
            Step(
                rule="substitution bound",
                claim=le(sp.erf(argument), _R / _n0 / sp.sqrt(2 * sp.pi * spread)),
                label="bound",
                uses=("tangent",),
            ),
            Step(
                rule="combination",
                claim=claim,
                uses=("bound", f"theorem:{of}"),
                given={"weights": (1, -1)},
            ),
        ),
        LOOP, GAUSSIAN, CHANGED, *assumptions, conditions=conditions,
        kind=Kind.UPPER_BOUND, lemmas=("erf_tangent",),
    )  # fmt: skip


recursive_stability_bound = _tangent(
    "recursive_stability_bound",
    "Recursive stability of a Gaussian, a bound without special functions",
    "Of order one over the number of real examples, close where the change is small.",
    memory, "recursive_stability_gaussian", MIXED, conditions=(_a > 0,),
)  # fmt: skip
recursive_stability_without_real_bound = _tangent(
    "recursive_stability_without_real_bound",
    "Recursive stability of a Gaussian without real data vanishes",
    "It falls at least like one over the root of the number of generations.",
    noise * (_t + 1), "recursive_stability_without_real", ALONE,
)  # fmt: skip
_more = noise * (1 - _a) ** 2 * (1 - (1 - _a) ** (2 * _t)) / (1 - (1 - _a) ** 2)
_first = _normals(noise, "normals")
_never_more = le(_gamma[_t], _first.claim.rhs)
recursive_stability_gaussian_first = theorem(
    "recursive_stability_gaussian_first",
    "Recursive stability of a Gaussian is largest in the first generation",
    "What is gathered later only hides the changed example, whatever the share of real data.",
    _never_more,
    (
        Step(rule="algebra", claim=eq(memory, noise + _more), label="first and later"),
        Step(
            rule="substitution",
            claim=eq(s.memory_variance_at[_t], noise + _more),
            label="gathered",
            uses=("theorem:memory_variance", "first and later"),
        ),
        Step(
            rule="substitution",
            claim=eq(_gamma[_t], normal_shift(_R / _n0, noise + _more)),
            label="stability",
            uses=("lemma:sufficient_mean", "theorem:paired_shift", "gathered"),
        ),
        Step(
            rule="instance",
            claim=le(normal_shift(_R / _n0, noise + _more), normal_shift(_R / _n0, noise)),
            label="falls",
            uses=("lemma:more_noise",),
            given={distance: _R / _n0, variance: noise, added: _more},
        ),
        _first,
        Step(
            rule="combination",
            claim=_never_more,
            uses=("stability", "falls", "normals"),
            given={"weights": (-1, 1, -1)},
        ),
    ),
    LOOP, GAUSSIAN, CHANGED, MIXED, conditions=(_a > 0,), kind=Kind.UPPER_BOUND,
    lemmas=("sufficient_mean", "more_noise", "normal_total_variation"),
)  # fmt: skip
_lasting = _normals(late, "normals")
_limit = eq(s.limit_recursive_stability, _lasting.claim.rhs)
recursive_stability_limit = theorem(
    "recursive_stability_limit",
    "Recursive stability of a Gaussian in the long run, with real data",
    "It does not vanish: what is kept of the real data goes on telling of the changed example.",
    _limit,
    (
        _lasting,
        Step(
            rule="substitution",
            claim=_limit,
            uses=("model:limit_stability", "theorem:paired_shift",
                  "theorem:memory_variance_limit", "normals"),
        ),
    ),
    LOOP, GAUSSIAN, CHANGED, MIXED,
    conditions=(_a > 0,), lemmas=("normal_total_variation",),
)  # fmt: skip

THEOREMS = (
    recursive_stability_gaussian,
    recursive_stability_without_real,
    recursive_stability_bound,
    recursive_stability_without_real_bound,
    recursive_stability_gaussian_first,
    recursive_stability_limit,
)
