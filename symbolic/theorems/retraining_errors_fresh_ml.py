"""Iterative retraining with fresh real examples, under maximum likelihood.

What the model's variance loses its location error gains, so both follow from one recursion.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.retraining_errors import square_at
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Step
from symbolic.theorems.retraining_errors import FIRST, FIT, LIKELIHOOD, theorem
from symbolic.theorems.retraining_errors_fresh import FRESH, each, inside, kept, noise

_n, _n0, _t, _V, _w = s.num_generated, s.num_real, s.generations, s.real_variance, s.fresh_weight
_m, _v, _G = s.location_error_at, s.model_variance_at, square_at

_likely = (
    each,
    Step(
        rule="substitution bound",
        claim=eq(Mean(s.next_model_variance), inside),
        label="one variance",
        uses=("theorem:fresh_variance_step", "model:maximum_likelihood"),
    ),
    Step(
        rule="tower",
        claim=eq(
            Mean(_v[_t + 1]),
            _w * _V * (1 - _w / _n0) + _w * (1 - _w) * Mean(_m[_t])
            + (1 - _w) * (1 - (1 - _w) / _n) * Mean(_v[_t]),
        ),
        label="each variance",
        uses=("one variance",),
        given={
            s.next_model_variance: _v[_t + 1],
            s.model_variance: _v[_t],
            s.location_error: _m[_t],
        },
    ),
    Step(
        rule="monotone",
        claim=eq(Mean(_G[_t]), Mean(_v[_t] + _m[_t])),
        label="square",
        uses=("model:model_square",),
        given={"apply": Mean},
    ),
    Step(
        rule="instance",
        claim=eq(Mean(_G[_t + 1]), Mean(_v[_t + 1]) + Mean(_m[_t + 1])),
        label="square later",
        uses=("square",),
        given={_t: _t + 1},
    ),
    Step(
        rule="combination",
        claim=eq(Mean(_v[_t]), Mean(_G[_t]) - Mean(_m[_t])),
        label="variance left",
        uses=("square",),
        given={"weights": (-1,)},
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(_G[_t + 1]), (1 - _w) * Mean(_G[_t]) + _w * _V),
        label="each square",
        uses=("square later", "each variance", "each location", "variance left"),
    ),
    Step(
        rule="instance",
        claim=eq(Mean(_G[0]), Mean(_v[0]) + Mean(_m[0])),
        label="square first",
        uses=("square",),
        given={_t: sp.S.Zero},
    ),
    Step(
        rule="substitution bound",
        claim=eq(Mean(_v[0]), _V * (1 - 1 / _n0)),
        label="variance first",
        uses=("theorem:first_variance", "model:maximum_likelihood"),
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(_G[0]), _V),
        label="start",
        uses=("square first", "variance first", "theorem:first_location"),
    ),
    Step(
        rule="linear recursion",
        claim=eq(Mean(_G[_t]), _V),
        label="conserved",
        uses=("each square", "start"),
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(_m[_t + 1]), kept * (1 - 1 / _n) * Mean(_m[_t]) + noise),
        label="left",
        uses=("each location", "variance left", "conserved"),
    ),
)  # fmt: skip
_factor = kept * (1 - 1 / _n)
_level_ml = noise / (_w * (2 - _w) + kept / _n)
_path_ml = eq(Mean(_m[_t]), _level_ml + _factor**_t * (_V / _n0 - _level_ml))
fresh_location_ml = theorem(
    "fresh_location_ml",
    "Location error with fresh real examples, maximum likelihood",
    "The error relaxes geometrically towards its stationary value.",
    _path_ml,
    (
        *_likely,
        Step(rule="linear recursion", claim=_path_ml, uses=("left", "theorem:first_location")),
    ),
    FIT, FIRST, FRESH, LIKELIHOOD,
)  # fmt: skip
_variance_ml = eq(Mean(_v[_t]), _V - _path_ml.rhs)
fresh_variance_ml = theorem(
    "fresh_variance_ml",
    "Model variance with fresh real examples, maximum likelihood",
    "Variance and location error add up to V for ever: the variance does not collapse.",
    _variance_ml,
    (
        *_likely,
        Step(
            rule="substitution",
            claim=_variance_ml,
            uses=("variance left", "conserved", "theorem:fresh_location_ml"),
        ),
    ),
    FIT, FIRST, FRESH, LIKELIHOOD,
)  # fmt: skip
_stationary_ml = eq(s.stationary_location_error, _level_ml)
fresh_location_stationary_ml = theorem(
    "fresh_location_stationary_ml",
    "Stationary location error with fresh real examples, maximum likelihood",
    "The error stays bounded; the stationary variance is V less this.",
    _stationary_ml,
    (
        *_likely,
        Step(
            rule="fixed point of a linear recursion",
            claim=_stationary_ml,
            uses=("left",),
            given={"room": _w * (2 - _w) + kept / _n},
        ),
    ),
    FIT, FIRST, FRESH, LIKELIHOOD, kind=Kind.FIXED_POINT,
)  # fmt: skip

THEOREMS = (fresh_location_ml, fresh_variance_ml, fresh_location_stationary_ml)
