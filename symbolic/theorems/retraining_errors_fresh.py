"""Iterative retraining on generated examples and fresh real ones, and their best weight.

The fresh examples weigh ``w`` in a training set.  A stationary error balances what the few fresh
examples say, ``w^2 V/n_r``, against the noise of the generated ones and the model's own past.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.retraining_errors import generated, real, unbiased_by
from symbolic.relations import eq
from symbolic.symbols import Mean, SampleMean
from symbolic.theorem import Kind, Step
from symbolic.theorems.retraining_errors import (
    FIRST,
    FIT,
    GENERATED,
    GIVEN,
    KNOWN,
    REAL,
    names,
    of_means,
    theorem,
)

_n, _n0, _t, _V, _w = s.num_generated, s.num_real, s.generations, s.real_variance, s.fresh_weight
_m, _v = s.location_error_at, s.model_variance_at
_size, kept = _n + _n0, (1 - _w) ** 2

FRESH = (
    "each training set is n_r fresh real examples of weight w and n_g generated ones of the rest"
)

# ------------------------------------------------------------------------------------- one step

_averages = (SampleMean(real, _n0), SampleMean(generated, _n))
_means = (
    *of_means(real, _n0, "real"),
    *of_means(generated, _n, "generated"),
    Step(
        rule="i.i.d. sum",
        claim=eq(Mean(_averages[0] * _averages[1]), Mean(real) * Mean(generated)),
        label="product",
    ),
)
_facts = (*names("real"), *names("generated"), "product", *GENERATED, *REAL)
_error = _w**2 * _V / _n0 + kept * (s.location_error + s.model_variance / _n)
_location = eq(Mean(s.next_location_error), _error)
fresh_location_step = theorem(
    "fresh_location_step",
    "Location error after one retraining with fresh real examples",
    "Fresh examples pull the model's mean to the data's; both parts add their noise.",
    _location,
    (
        *_means,
        Step(rule="substitution", claim=_location, uses=("model:fresh_location", *_facts)),
    ),
    FIT, FRESH, GIVEN,
)  # fmt: skip
#: Variance within the two parts and between their means, over the whole.
inside = (
    _w * _V * (1 - _w / _n0) + _w * (1 - _w) * s.location_error
    + (1 - _w) * (1 - (1 - _w) / _n) * s.model_variance
)  # fmt: skip
_variance = eq(Mean(s.next_model_variance), unbiased_by(_size) * inside)
fresh_variance_step = theorem(
    "fresh_variance_step",
    "Model variance after one retraining with fresh real examples",
    "Variance within the two parts of the training set, and between their means.",
    _variance,
    (
        *_means,
        Step(rule="substitution", claim=_variance, uses=("model:fresh_variance", *_facts)),
    ),
    FIT, FRESH, GIVEN, "the denominator is n_g + n_r - ddof over n_g + n_r",
    conditions=(_n > s.ddof - _n0,),
)  # fmt: skip

# ------------------------------------------------------------------------------ known covariance

each = Step(
    rule="tower",
    claim=eq(Mean(_m[_t + 1]), _w**2 * _V / _n0 + kept * (Mean(_m[_t]) + Mean(_v[_t]) / _n)),
    label="each location",
    uses=("theorem:fresh_location_step",),
    given={s.next_location_error: _m[_t + 1], s.location_error: _m[_t], s.model_variance: _v[_t]},
)
noise = (_w**2 / _n0 + kept / _n) * _V
_known = (
    each,
    Step(
        rule="substitution",
        claim=eq(Mean(_m[_t + 1]), kept * Mean(_m[_t]) + noise),
        label="known",
        uses=("each location", "model:known_variance"),
    ),
)
_level = noise / (_w * (2 - _w))
_path = eq(Mean(_m[_t]), _level + (1 - _w) ** (2 * _t) * (_V / _n0 - _level))
fresh_location = theorem(
    "fresh_location",
    "Location error with fresh real examples, known covariance",
    "The error relaxes by (1 - w)^2 in each generation towards its stationary value.",
    _path,
    (
        *_known,
        Step(rule="linear recursion", claim=_path, uses=("known", "theorem:first_location")),
    ),
    FIT, FIRST, FRESH, KNOWN,
)  # fmt: skip
_stationary = eq(s.stationary_location_error, _level)
fresh_location_stationary = theorem(
    "fresh_location_stationary",
    "Stationary location error with fresh real examples, known covariance",
    "The error stays bounded for any weight of the fresh examples above zero.",
    _stationary,
    (
        *_known,
        Step(
            rule="fixed point of a linear recursion",
            claim=_stationary,
            uses=("known",),
            given={"room": _w * (2 - _w)},
        ),
    ),
    FIT, FRESH, KNOWN, kind=Kind.FIXED_POINT,
)  # fmt: skip

# --------------------------------------------------------------------------------- best weight

_root = sp.sqrt(_n0**2 + 4 * _n0 * _n)
_best = (_root - _n0) / (2 * _n)  # w^2 = k (1 - w) with k = n_r/n_g
_curvature = _V * (1 + (_n0 + _root) / (2 * _n)) / (_n0 * _w * (2 - _w))
_least = _best * _V / _n0
_gap = Step(
    rule="algebra",
    claim=eq(_level - _least, _curvature * (_w - _best) ** 2),
    label="gap",
)
_square = {"variable": _w, "weight": _curvature, "root": _w - _best}
_weight = eq(s.best_fresh_weight, _best)
best_fresh_weight = theorem(
    "best_fresh_weight",
    "Best weight of fresh real examples, known covariance",
    "The weight w with w^2 = (1 - w) n_r/n_g has the smallest stationary location error.",
    _weight,
    (
        _gap,
        Step(
            rule="minimum",
            claim=_weight,
            uses=("theorem:fresh_location_stationary", "gap"),
            given=_square,
        ),
    ),
    FIT, FRESH, KNOWN,
)  # fmt: skip
_best_error = eq(s.best_location_error, _least)
best_fresh_error = theorem(
    "best_fresh_error",
    "Smallest stationary location error with fresh real examples, known covariance",
    "The best weight is also the share of the error of the fresh examples alone that is left.",
    _best_error,
    (
        _gap,
        Step(
            rule="minimal value",
            claim=_best_error,
            uses=("theorem:fresh_location_stationary", "gap"),
            given={**_square, "at": _best},
        ),
    ),
    FIT, FRESH, KNOWN,
)  # fmt: skip
_golden = eq(s.best_fresh_weight, (sp.sqrt(5) - 1) / 2)
golden_weight = theorem(
    "golden_weight",
    "The best weight of as many fresh real examples as generated ones",
    "The best weight is the reciprocal of the golden ratio, not one half.",
    _golden,
    (
        Step(
            rule="substitution",
            claim=_golden,
            uses=("theorem:best_fresh_weight", "model:numbers_alike"),
        ),
    ),
    FIT, FRESH, KNOWN, "n_g = n_r",
)  # fmt: skip

THEOREMS = (
    fresh_location_step,
    fresh_variance_step,
    fresh_location,
    fresh_location_stationary,
    best_fresh_weight,
    best_fresh_error,
    golden_weight,
)
