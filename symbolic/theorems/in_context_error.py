"""The error of linear attention in a self-consuming loop: its path and where it ends."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.in_context_loop import aim_at, product_at
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Step
from symbolic.theorems.in_context import excess, theorem
from symbolic.theorems.in_context_loop import (
    ALONE,
    LOOP,
    STABLE,
    first,
    growth,
    kept,
    overlap,
    recursions,
)

_n, _d, _t, _eta, _share = (
    s.num_generated, s.num_features, s.generations, s.attention_gain, s.real_share,
)  # fmt: skip
_norm, _m, _N = s.squared_norm, s.location_error_at, s.coefficient_square_at
_later, _noise = _t + 1, _d * s.label_noise / _n
_rest = _eta * _share / (1 - kept)


def _solved(claim: sp.Eq, each: Step, start: str) -> tuple[Step, Step]:
    """Steps from a recursion with its numbers to the path that solves it."""
    name = f"{each.label} in numbers"
    return each, Step(rule="linear recursion", claim=claim, label=name, uses=(each.label, start))


def _each(later: sp.Expr, value: sp.Expr, name: str, *uses: str) -> Step:
    claim = eq(Mean(later.subs(_t, _later)), value)
    return Step(rule="substitution", claim=claim, label=name, uses=(f"each {name}", *uses))


def _ends(claim: sp.Eq) -> Step:
    return Step(
        rule="substitution",
        claim=claim,
        uses=("model:coefficient_error", "length in numbers", "aim in numbers"),
    )


_noise_level = (1 - _share) ** 2 * _eta**2 * _noise / (1 - growth)
_level = _eta**2 * _share**2 * (1 + kept) / ((1 - kept) * (1 - growth))
_slow = 2 * _eta**2 * _share * (1 - _share) * (1 - _eta) / ((1 - kept) * (1 - kept * excess(_n)))
_lengths = _noise_level * (1 - growth**_t) + first * (
    _level + _slow * kept**_t + (_eta**2 - _level - _slow) * growth**_t
)
_error = eq(Mean(_m[_t]), _lengths + (1 - 2 * overlap) * _norm)
context_error = theorem(
    "context_error",
    "Error of linear attention in a self-consuming loop",
    "The overlap relaxes by eta (1 - alpha), the squared length by the factor of its growth.",
    _error,
    (
        *recursions,
        *_solved(
            eq(Mean(product_at), overlap * first),
            _each(
                product_at,
                _eta * (_share * first + (1 - _share) * Mean(product_at)),
                "product",
                "kept square",
            ),
            "start of products",
        ),
        *_solved(
            eq(Mean(aim_at), overlap * _norm),
            _each(
                aim_at, _eta * (_share * _norm + (1 - _share) * Mean(aim_at)), "aim", "kept aim"
            ),
            "start of aims",
        ),
        *_solved(
            eq(Mean(_N[_t]), _lengths),
            _each(
                _N[_t],
                growth * Mean(_N[_t])
                + _eta**2
                * (
                    _share**2 * first
                    + 2 * _share * (1 - _share) * overlap * first
                    + (1 - _share) ** 2 * _noise
                ),
                "length",
                "kept square",
                "product in numbers",
            ),
            "start of lengths",
        ),
        _ends(_error),
    ),
    LOOP, "eta (1 - alpha) is not 1, nor is the factor of growth, nor are the two equal",
)  # fmt: skip
_root, _over = sp.Symbol("over_root", positive=True), sp.Symbol("over_kept", positive=True)
#: The gain and the dimension where the growth is below 1: its root, and what it lacks to 1.
_shrinking = {
    _eta: 1 / ((1 - _share) * (1 + _root) * (1 + _over)),
    _d: _n * ((1 + _root) ** 2 - 1) - 1,
}
_end = eq(s.stationary_location_error, _noise_level + first * _level + (1 - 2 * _rest) * _norm)
context_stationary_error = theorem(
    "context_stationary_error",
    "Stationary error of linear attention in a self-consuming loop",
    "Bounded where the growth is below 1; the error of the real context stays in it.",
    _end,
    (
        Step(
            rule="long-run limit",
            claim=_end,
            uses=("theorem:context_error",),
            given={"vanishing": {kept: 1 - kept, growth: 1 - growth}, "domain": _shrinking},
        ),
    ),
    LOOP, "the growth eta^2 (1 - alpha)^2 (1 + (d + 1)/n_g) is below 1",
    conditions=(STABLE,), kind=Kind.FIXED_POINT,
)  # fmt: skip

# -------------------------------------------------------------------------- without real examples

_alone = _eta**2 * excess(_n)
_settled = _eta**2 * _noise / (1 - _alone)
_lengths_alone = _settled * (1 - _alone**_t) + first * _eta**2 * _alone**_t
_error_alone = eq(Mean(_m[_t]), _lengths_alone + (1 - 2 * _eta ** (_t + 1)) * _norm)
context_error_without_real = theorem(
    "context_error_without_real",
    "Error of linear attention without real examples",
    "The squared length grows by eta^2 (1 + (d + 1)/n_g); the mean coefficients fade by eta.",
    _error_alone,
    (
        *recursions,
        *_solved(
            eq(Mean(aim_at), _eta ** (_t + 1) * _norm),
            _each(aim_at, _eta * Mean(aim_at), "aim", "model:no_real_share"),
            "start of aims",
        ),
        *_solved(
            eq(Mean(_N[_t]), _lengths_alone),
            _each(
                _N[_t],
                _alone * Mean(_N[_t]) + _eta**2 * _noise,
                "length",
                "model:no_real_share",
            ),
            "start of lengths",
        ),
        _ends(_error_alone),
    ),
    LOOP, ALONE, "the factor of growth is not 1",
)  # fmt: skip
_forgotten = eq(s.stationary_location_error, _norm)
context_forgetting = theorem(
    "context_forgetting",
    "Linear attention without real examples forgets",
    "Where it does not explode it ends at no coefficients at all, whose error is |w|^2.",
    _forgotten,
    (
        Step(
            rule="substitution bound",
            claim=_forgotten,
            uses=("theorem:context_stationary_error", "model:no_real_share",
                  "model:no_label_noise"),
        ),
    ),
    LOOP, ALONE, "generated labels without noise; eta^2 (1 + (d + 1)/n_g) is below 1",
    conditions=(_alone < 1,), kind=Kind.FIXED_POINT,
)  # fmt: skip

THEOREMS = (
    context_error,
    context_stationary_error,
    context_error_without_real,
    context_forgetting,
)
