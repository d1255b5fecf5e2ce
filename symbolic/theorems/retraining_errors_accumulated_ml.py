"""Iterative retraining on the examples of all generations so far, under maximum likelihood.

The pool's second moment stays that of the real data, so the variance and the location error follow
from one recursion.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.series import small
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Step
from symbolic.theorems.retraining_errors import FIT, LIKELIHOOD, REAL, names, theorem
from symbolic.theorems.retraining_errors_accumulated import POOL, each, first, over

_n, _t, _V, _past = s.num_generated, s.generations, s.real_variance, s.past_generation
_m, _v, _q = s.location_error_at, s.model_variance_at, s.pool_moment_at

_likely = (
    *first,
    each,
    Step(
        rule="tower",
        claim=eq(
            Mean(_q[_t + 1]),
            ((_t + 1) * Mean(_q[_t]) + Mean(_v[_t]) + Mean(_m[_t])) / (_t + 2),
        ),
        label="each moment",
        uses=("theorem:accumulated_moment_step",),
        given={
            s.next_pool_moment: _q[_t + 1],
            s.pool_moment: _q[_t],
            s.location_error: _m[_t],
            s.model_variance: _v[_t],
        },
    ),
    Step(
        rule="substitution bound",
        claim=eq(_v[_t], _q[_t] - _m[_t]),
        label="fit",
        uses=("model:pool_variance", "model:maximum_likelihood"),
    ),
    Step(
        rule="monotone",
        claim=eq(Mean(_v[_t]), Mean(_q[_t] - _m[_t])),
        label="mean fit",
        uses=("fit",),
        given={"apply": Mean},
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(_q[_t + 1]), Mean(_q[_t])),
        label="kept",
        uses=("each moment", "mean fit"),
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(_q[0]), _V),
        label="first moment",
        uses=("model:first_pool", *names("real"), *REAL),
    ),
    Step(
        rule="linear recursion",
        claim=eq(Mean(_q[_t]), _V),
        label="conserved",
        uses=("kept", "first moment"),
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(_v[_t]), _V - Mean(_m[_t])),
        label="variance",
        uses=("mean fit", "conserved"),
    ),
    Step(
        rule="instance",
        claim=eq(Mean(_v[_t + 1]), _V - Mean(_m[_t + 1])),
        label="variance later",
        uses=("variance",),
        given={_t: _t + 1},
    ),
    Step(
        rule="instance",
        claim=eq(Mean(_v[0]), _V - Mean(_m[0])),
        label="variance at first",
        uses=("variance",),
        given={_t: sp.S.Zero},
    ),
    Step(
        rule="combination",
        claim=eq(Mean(_m[_t]), _V - Mean(_v[_t])),
        label="location",
        uses=("variance",),
        given={"weights": (1,)},
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(_v[_t + 1]), (1 - 1 / (_n * (_t + 2) ** 2)) * Mean(_v[_t])),
        label="each variance",
        uses=("variance later", "each location", "location"),
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(_v[0]), _V * (1 - 1 / _n)),
        label="first variance",
        uses=("variance at first", "start"),
    ),
)  # fmt: skip
_factor = 1 - 1 / (_n * (_past + 1) ** 2)
_left = eq(Mean(_v[_t]), _V * sp.Product(_factor, over))
accumulated_variance_ml = theorem(
    "accumulated_variance_ml",
    "Model variance on all examples so far, maximum likelihood",
    "Each generation takes a smaller share of the variance than the one before.",
    _left,
    (
        *_likely,
        Step(rule="linear recursion", claim=_left, uses=("each variance", "first variance")),
    ),
    FIT, POOL, LIKELIHOOD,
)  # fmt: skip
_error_ml = eq(Mean(_m[_t]), _V - _left.rhs)
accumulated_location_ml = theorem(
    "accumulated_location_ml",
    "Location error on all examples so far, maximum likelihood",
    "What the model's variance loses its location error gains: their sum stays V.",
    _error_ml,
    (
        *_likely,
        Step(
            rule="substitution",
            claim=_error_ml,
            uses=("location", "theorem:accumulated_variance_ml"),
        ),
    ),
    FIT, POOL, LIKELIHOOD,
)  # fmt: skip
_angle = sp.pi / sp.sqrt(_n)
_sine = (
    Step(
        rule="instance",
        claim=eq(
            sp.Product(_factor, (_past, 0, sp.oo)), sp.sin(_angle) / _angle
        ),
        label="product of the sine",
        uses=("lemma:sine_product",),
        given={small: 1 / sp.sqrt(_n)},
    ),
)  # fmt: skip
_limit_v = eq(s.limit_model_variance, _V * sp.sin(_angle) / _angle)
accumulated_variance_limit = theorem(
    "accumulated_variance_limit",
    "Limit of the model variance on all examples so far, maximum likelihood",
    "The variance does not collapse: for many examples about V (1 - pi^2/(6 n_g)) is left.",
    _limit_v,
    (
        *_sine,
        Step(
            rule="endless sum",
            claim=eq(s.limit_model_variance, _V * sp.Product(_factor, (_past, 0, sp.oo))),
            label="product",
            uses=("theorem:accumulated_variance_ml",),
        ),
        Step(rule="substitution", claim=_limit_v, uses=("product", "product of the sine")),
    ),
    FIT, POOL, LIKELIHOOD, lemmas=("sine_product",),
)  # fmt: skip

THEOREMS = (accumulated_variance_ml, accumulated_location_ml, accumulated_variance_limit)
