"""Iterative retraining on a mix of generated examples and the same real ones each time.

The real examples weigh ``1 - b`` in a training set and the generated ones ``b = lambda/(1 +
lambda)``.  Given the real examples the model's mean is pulled to theirs, so the location error is
that of their mean, ``V/n_r``, plus the distance ``D`` from it.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.retraining_errors import (
    centred,
    cross,
    cross_at,
    data_error_at,
    next_cross,
    real,
    synthetic_share,
    unbiased_by,
)
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Step
from symbolic.theorems.retraining_errors import (
    FIRST,
    FIT,
    KNOWN,
    REAL,
    names,
    of_means,
    theorem,
)

_n, _n0, _t, _V = s.num_generated, s.num_real, s.generations, s.real_variance
_m, _v, _D = s.location_error_at, s.model_variance_at, s.data_distance_at
_b, _ratio = synthetic_share, s.synthetic_ratio
_size = _n + _n0
data_error = _V / _n0

MIXED = (
    "each training set is n_g generated examples and the n_r real ones of the first fit, of the "
    "weights b = lambda/(1 + lambda) and 1 - b"
)
GIVEN = "expectation given the model before the update and the real examples"
ALIKE = "all examples count alike: n_g = lambda n_r"

# ------------------------------------------------------------------------------------- one step

_means = of_means(centred, _n, "generated")
_moments = ("model:centred_moment", "model:centred_location", "model:data_location")
_distance = eq(Mean(s.next_data_distance), _b**2 * (s.data_distance + s.model_variance / _n))
mixed_location_step = theorem(
    "mixed_location_step",
    "Distance from the real examples' mean after one retraining on a mix",
    "The real examples pull the model's mean to theirs; the generated ones add noise.",
    _distance,
    (
        *_means[:2],
        Step(
            rule="substitution",
            claim=_distance,
            uses=("model:mixed_distance", *names("generated")[:2], *_moments,
                  "model:model_spread"),
        ),
    ),
    FIT, MIXED, GIVEN,
)  # fmt: skip
#: Variance within the two parts and between their means, over the whole.
inside = (
    (1 - _b) * s.data_variance + _b * (1 - _b) * s.data_distance
    + _b * (1 - _b / _n) * s.model_variance
)  # fmt: skip
_variance = eq(Mean(s.next_model_variance), unbiased_by(_size) * inside)
mixed_variance_step = theorem(
    "mixed_variance_step",
    "Model variance after one retraining on a mix",
    "Variance within the two parts of the training set, and between their means.",
    _variance,
    (
        *_means,
        Step(
            rule="substitution",
            claim=_variance,
            uses=("model:mixed_variance", *names("generated"), *_moments, "model:model_spread"),
        ),
    ),
    FIT, MIXED, GIVEN, "the denominator is n_g + n_r - ddof over n_g + n_r",
    conditions=(_n > s.ddof - _n0,),
)  # fmt: skip

# ------------------------------------------------------------ from the real examples to the data

#: The distance from the real examples' mean, and that mean's own error, do not correlate.
split = (
    _means[0],
    Step(
        rule="substitution",
        claim=eq(Mean(next_cross), _b * cross),
        label="one product",
        uses=("model:mixed_cross", "mean of generated", "model:centred_location",
              "model:model_cross"),
    ),
    Step(
        rule="tower",
        claim=eq(Mean(cross_at[_t + 1]), _b * Mean(cross_at[_t])),
        label="each product",
        uses=("one product",),
        given={next_cross: cross_at[_t + 1], cross: cross_at[_t]},
    ),
    Step(
        rule="monotone",
        claim=eq(Mean(cross_at[0]), sp.S.Zero),
        label="first product",
        uses=("model:cross_start",),
        given={"apply": Mean},
    ),
    Step(
        rule="geometric sum",
        claim=eq(Mean(cross_at[_t]), sp.S.Zero),
        label="no product",
        uses=("each product", "first product"),
    ),
    *of_means(real, _n0, "real"),
    Step(
        rule="substitution",
        claim=eq(Mean(data_error_at[_t]), data_error),
        label="data error",
        uses=("model:kept_error", *names("real")[:2], *REAL),
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(_m[_t]), data_error + Mean(_D[_t])),
        label="split",
        uses=("model:location_split", "no product", "data error"),
    ),
    Step(
        rule="combination",
        claim=eq(Mean(_D[_t]), Mean(_m[_t]) - data_error),
        label="distance",
        uses=("split",),
        given={"weights": (-1,)},
    ),
    Step(
        rule="instance",
        claim=eq(Mean(_m[_t + 1]), data_error + Mean(_D[_t + 1])),
        label="split later",
        uses=("split",),
        given={_t: _t + 1},
    ),
    Step(
        rule="tower",
        claim=eq(Mean(_D[_t + 1]), _b**2 * (Mean(_D[_t]) + Mean(_v[_t]) / _n)),
        label="each distance",
        uses=("theorem:mixed_location_step",),
        given={
            s.next_data_distance: _D[_t + 1],
            s.data_distance: _D[_t],
            s.model_variance: _v[_t],
        },
    ),
)  # fmt: skip
_split = eq(Mean(_m[_t]), data_error + s.data_distance)
mixed_location_split = theorem(
    "mixed_location_split",
    "Location error through the real examples at hand",
    "The location error is that of the real examples' mean plus the distance from it.",
    _split,
    (
        *split[:-1],
        Step(rule="substitution", claim=_split, uses=("split", "model:mean_distance")),
    ),
    FIT, FIRST, MIXED, "expectation over the real examples, too",
)  # fmt: skip

# ------------------------------------------------------------------------------ known covariance

_gain = _b**2 * _V / _n
_known = (
    *split,
    Step(
        rule="substitution",
        claim=eq(
            Mean(_m[_t + 1]), _b**2 * Mean(_m[_t]) + (1 - _b**2) * data_error + _gain
        ),
        label="known",
        uses=("split later", "each distance", "distance", "model:known_variance"),
    ),
)  # fmt: skip
_share = _ratio**2 / (1 + 2 * _ratio)  # b^2/(1 - b^2)
_path = eq(Mean(_m[_t]), data_error + _share * _V / _n * (1 - _b ** (2 * _t)))
mixed_location = theorem(
    "mixed_location",
    "Location error with the same real examples, known covariance",
    "The error rises from that of the first fit to its stationary value.",
    _path,
    (
        *_known,
        Step(rule="linear recursion", claim=_path, uses=("known", "theorem:first_location")),
    ),
    FIT, FIRST, MIXED, KNOWN,
)  # fmt: skip
room = (1 + 2 * _ratio) / (1 + _ratio) ** 2
_stationary = eq(s.stationary_location_error, data_error + _share * _V / _n)
mixed_location_stationary = theorem(
    "mixed_location_stationary",
    "Stationary location error with the same real examples, known covariance",
    "The error stays bounded, however much of the training set is generated.",
    _stationary,
    (
        *_known,
        Step(
            rule="fixed point of a linear recursion",
            claim=_stationary,
            uses=("known",),
            given={"room": room},
        ),
    ),
    FIT, FIRST, MIXED, KNOWN, kind=Kind.FIXED_POINT,
)  # fmt: skip
_floor = eq(s.stationary_location_error, _V / _n0 * (1 + _ratio / (1 + 2 * _ratio)))
mixed_location_floor = theorem(
    "mixed_location_floor",
    "Stationary location error where all examples count alike",
    "At most half as much again as the error of the real examples alone.",
    _floor,
    (
        Step(
            rule="substitution",
            claim=_floor,
            uses=("theorem:mixed_location_stationary", "model:numbers_in_ratio"),
        ),
    ),
    FIT, FIRST, MIXED, KNOWN, ALIKE, kind=Kind.FIXED_POINT,
)  # fmt: skip

THEOREMS = (
    mixed_location_step,
    mixed_variance_step,
    mixed_location_split,
    mixed_location,
    mixed_location_stationary,
    mixed_location_floor,
)
