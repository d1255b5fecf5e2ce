"""Iterative retraining on a mix with the same real examples, under maximum likelihood.

Given the real examples, what the model's variance loses its distance from their mean gains.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.retraining_errors import kept_square_at, kept_variance, synthetic_share
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Step
from symbolic.theorems.retraining_errors import FIRST, FIT, LIKELIHOOD, REAL, names, theorem
from symbolic.theorems.retraining_errors_mixed import MIXED, data_error, inside, room, split

_n, _t, _V = s.num_generated, s.generations, s.real_variance
_m, _v, _D, _K = s.location_error_at, s.model_variance_at, s.data_distance_at, kept_square_at
_b, _data_spread = synthetic_share, _V * (1 - 1 / s.num_real)

_likely = (
    *split,
    Step(
        rule="substitution bound",
        claim=eq(Mean(s.next_model_variance), inside),
        label="one variance",
        uses=("theorem:mixed_variance_step", "model:maximum_likelihood"),
    ),
    Step(
        rule="tower",
        claim=eq(
            Mean(_v[_t + 1]),
            (1 - _b) * Mean(kept_variance[_t]) + _b * (1 - _b) * Mean(_D[_t])
            + _b * (1 - _b / _n) * Mean(_v[_t]),
        ),
        label="each variance",
        uses=("one variance",),
        given={
            s.next_model_variance: _v[_t + 1],
            s.model_variance: _v[_t],
            s.data_distance: _D[_t],
            s.data_variance: kept_variance[_t],
        },
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(kept_variance[_t]), _data_spread),
        label="data variance",
        uses=("model:kept_variance", *names("real"), *REAL),
    ),
    Step(
        rule="monotone",
        claim=eq(Mean(_K[_t]), Mean(_v[_t] + _D[_t])),
        label="square",
        uses=("model:kept_square",),
        given={"apply": Mean},
    ),
    Step(
        rule="instance",
        claim=eq(Mean(_K[_t + 1]), Mean(_v[_t + 1]) + Mean(_D[_t + 1])),
        label="square later",
        uses=("square",),
        given={_t: _t + 1},
    ),
    Step(
        rule="combination",
        claim=eq(Mean(_v[_t]), Mean(_K[_t]) - Mean(_D[_t])),
        label="variance left",
        uses=("square",),
        given={"weights": (-1,)},
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(_K[_t + 1]), _b * Mean(_K[_t]) + (1 - _b) * _data_spread),
        label="each square",
        uses=("square later", "each variance", "each distance", "data variance",
              "variance left"),
    ),
    Step(
        rule="instance",
        claim=eq(Mean(_K[0]), Mean(_v[0]) + Mean(_D[0])),
        label="square first",
        uses=("square",),
        given={_t: sp.S.Zero},
    ),
    Step(
        rule="substitution bound",
        claim=eq(Mean(_v[0]), _data_spread),
        label="variance first",
        uses=("theorem:first_variance", "model:maximum_likelihood"),
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(_K[0]), _data_spread),
        label="start",
        uses=("square first", "variance first", "model:mixed_start"),
    ),
    Step(
        rule="linear recursion",
        claim=eq(Mean(_K[_t]), _data_spread),
        label="conserved",
        uses=("each square", "start"),
    ),
    Step(
        rule="substitution",
        claim=eq(
            Mean(_m[_t + 1]),
            _b**2 * (1 - 1 / _n) * (Mean(_m[_t]) - data_error) + data_error
            + _b**2 * _data_spread / _n,
        ),
        label="each location",
        uses=("split later", "each distance", "variance left", "conserved", "distance"),
    ),
)  # fmt: skip
_factor = _b**2 * (1 - 1 / _n)
_rest = _b**2 * _data_spread / (_n * (1 - _b**2) + _b**2)
_path_ml = eq(Mean(_m[_t]), data_error + _rest * (1 - _factor**_t))
mixed_location_ml = theorem(
    "mixed_location_ml",
    "Location error with the same real examples, maximum likelihood",
    "The error rises from that of the first fit to its stationary value.",
    _path_ml,
    (
        *_likely,
        Step(
            rule="linear recursion",
            claim=_path_ml,
            uses=("each location", "theorem:first_location"),
        ),
    ),
    FIT, FIRST, MIXED, LIKELIHOOD,
)  # fmt: skip
_variance_ml = eq(Mean(_v[_t]), _V - _path_ml.rhs)
mixed_variance_ml = theorem(
    "mixed_variance_ml",
    "Model variance with the same real examples, maximum likelihood",
    "Variance and location error add up to V for ever: the variance does not collapse.",
    _variance_ml,
    (
        *_likely,
        Step(
            rule="substitution",
            claim=_variance_ml,
            uses=("variance left", "conserved", "distance", "theorem:mixed_location_ml"),
        ),
    ),
    FIT, FIRST, MIXED, LIKELIHOOD,
)  # fmt: skip
_floor_ml = eq(s.stationary_location_error, data_error + _rest)
mixed_location_floor_ml = theorem(
    "mixed_location_floor_ml",
    "Stationary location error with the same real examples, maximum likelihood",
    "The error stays bounded; the stationary variance is V less this.",
    _floor_ml,
    (
        *_likely,
        Step(
            rule="fixed point of a linear recursion",
            claim=_floor_ml,
            uses=("each location",),
            given={"room": room + _b**2 / _n},
        ),
    ),
    FIT, FIRST, MIXED, LIKELIHOOD, kind=Kind.FIXED_POINT,
)  # fmt: skip

THEOREMS = (mixed_location_ml, mixed_variance_ml, mixed_location_floor_ml)
