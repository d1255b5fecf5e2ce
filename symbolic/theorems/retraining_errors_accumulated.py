"""Iterative retraining on the examples of all generations so far: the first real, n_g in each.

The model's mean is that of the whole pool, so generation ``t`` moves it by its noise over ``t + 1``
only: the steps' variances add up like inverse squares, and the errors stay bounded.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.retraining_errors import generated, pool_size, real, unbiased_by
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Step
from symbolic.theorems.retraining_errors import (
    FIT,
    GENERATED,
    GIVEN,
    KNOWN,
    REAL,
    names,
    of_means,
    theorem,
)

_n, _t, _V, _past = s.num_generated, s.generations, s.real_variance, s.past_generation
_m, _v = s.location_error_at, s.model_variance_at
over = (_past, 0, _t)

POOL = "the first batch is n_g real examples; each model is fitted to all batches so far"
GROWS = "t is the generation before the update: n_g (t + 1) examples so far"

# ------------------------------------------------------------------------------------- one step

_means = of_means(generated, _n, "generated")
_location = eq(
    Mean(s.next_location_error), s.location_error + s.model_variance / (_n * (_t + 2) ** 2)
)
accumulated_location_step = theorem(
    "accumulated_location_step",
    "Location error after one retraining on all examples so far",
    "A new batch moves the mean of the pool by its own noise, divided by the number of batches.",
    _location,
    (
        *_means[:2],
        Step(
            rule="substitution",
            claim=_location,
            uses=("model:accumulated_location", *names("generated")[:2], *GENERATED),
        ),
    ),
    FIT, POOL, GROWS, GIVEN,
)  # fmt: skip
_moment = ((_t + 1) * s.pool_moment + s.model_variance + s.location_error) / (_t + 2)
_square = eq(Mean(s.next_pool_moment), _moment)
accumulated_moment_step = theorem(
    "accumulated_moment_step",
    "Second moment of the pool after one more batch",
    "The pool's second moment is the mean of its batches'.",
    _square,
    (
        _means[2],
        Step(
            rule="substitution",
            claim=_square,
            uses=("model:accumulated_moment", "square of generated", *GENERATED),
        ),
    ),
    FIT, POOL, GROWS, GIVEN,
)  # fmt: skip
_variance = eq(Mean(s.next_model_variance), unbiased_by(pool_size + _n) * (_moment - _location.rhs))
accumulated_variance_step = theorem(
    "accumulated_variance_step",
    "Model variance after one retraining on all examples so far",
    "The pool's second moment less the location error.",
    _variance,
    (
        Step(
            rule="substitution",
            claim=_variance,
            uses=("model:accumulated_variance", "theorem:accumulated_location_step",
                  "theorem:accumulated_moment_step"),
        ),
    ),
    FIT, POOL, GROWS, GIVEN, conditions=(_n * (_t + 2) > s.ddof,),
)  # fmt: skip

# ------------------------------------------------------------------------------ known covariance

first = (
    *of_means(real, _n, "real"),
    Step(
        rule="substitution",
        claim=eq(Mean(_m[0]), _V / _n),
        label="start",
        uses=("model:first_pool_location", *names("real")[:2], *REAL),
    ),
)
each = Step(
    rule="tower",
    claim=eq(Mean(_m[_t + 1]), Mean(_m[_t]) + Mean(_v[_t]) / (_n * (_t + 2) ** 2)),
    label="each location",
    uses=("theorem:accumulated_location_step",),
    given={s.next_location_error: _m[_t + 1], s.location_error: _m[_t], s.model_variance: _v[_t]},
)
_path = eq(Mean(_m[_t]), _V / _n * sp.Sum(1 / (_past + 1) ** 2, over))
accumulated_location = theorem(
    "accumulated_location",
    "Location error on all examples so far, known covariance",
    "The steps' variances add up like inverse squares.",
    _path,
    (
        *first,
        each,
        Step(
            rule="substitution",
            claim=eq(Mean(_m[_t + 1]), Mean(_m[_t]) + _V / (_n * (_t + 2) ** 2)),
            label="known",
            uses=("each location", "model:known_variance"),
        ),
        Step(rule="linear recursion", claim=_path, uses=("known", "start")),
    ),
    FIT, POOL, KNOWN,
)  # fmt: skip
_limit = eq(s.limit_location_error, _V * sp.pi**2 / (6 * _n))
accumulated_location_limit = theorem(
    "accumulated_location_limit",
    "Limit of the location error on all examples so far, known covariance",
    "The error of the first batch grows by less than two thirds, for ever.",
    _limit,
    (
        Step(
            rule="endless sum",
            claim=eq(
                s.limit_location_error,
                _V / _n * sp.Sum(1 / (_past + 1) ** 2, (_past, 0, sp.oo)),
            ),
            label="series",
            uses=("theorem:accumulated_location",),
        ),
        Step(rule="substitution", claim=_limit, uses=("series", "lemma:basel")),
    ),
    FIT, POOL, KNOWN, lemmas=("basel",),
)  # fmt: skip

THEOREMS = (
    accumulated_location_step,
    accumulated_moment_step,
    accumulated_variance_step,
    accumulated_location,
    accumulated_location_limit,
)
