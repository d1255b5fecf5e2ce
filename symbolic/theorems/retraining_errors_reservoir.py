"""A reservoir: only ``B`` examples are kept of all so far, each with the same chance.

A new batch replaces about ``B/(t + 2)`` of them, so that the steps' variances add up like the
harmonic series: unlike a pool that keeps everything, a reservoir forgets the real data.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.retraining_budget import replaced_count, reservoir_square
from symbolic.model.retraining_errors import pool_size, real
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Step
from symbolic.theorems.retraining_errors import (
    FIT,
    GIVEN,
    LIKELIHOOD,
    REAL,
    names,
    of_means,
    theorem,
)

_t, _n, _B, _V = s.generations, s.num_generated, s.training_budget, s.real_variance
_m, _v, _past = s.location_error_at, s.model_variance_at, s.past_generation

RESERVOIR = (
    "the first B examples are real, of a batch of n_g; each model is fitted to the B examples that "
    "are kept and generates the next n_g, after which any B of all so far are equally likely kept"
)
_CONDITIONS = (_n >= _B, _B >= 2)


def renewed(time: sp.Expr) -> sp.Expr:
    """Share of the model's variance that one retraining moves into its location error.

    Examples
    --------
    >>> renewed(sp.S.Zero).subs({_n: 1, _B: 1})
    1
    """
    return (2 - (_n - 1) / (_n * (time + 2) - 1)) / (_B * (time + 2))


_stream = pool_size + _n
_location = eq(Mean(s.next_location_error), s.location_error + renewed(_t) * s.model_variance)
_variance = eq(Mean(s.next_model_variance), (1 - renewed(_t)) * s.model_variance)
_moved = (
    Step(
        rule="combination",
        claim=eq(
            Mean(replaced_count**2),
            _B * (_B - 1) * _n * (_n - 1) / (_stream * (_stream - 1)) + _B * _n / _stream,
        ),
        label="square",
        uses=("model:reservoir_pairs", "model:reservoir_count"),
        given={"weights": (1, 1)},
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(reservoir_square), renewed(_t) * s.model_variance),
        label="moved",
        uses=("model:reservoir_spread", "square", "model:reservoir_count"),
    ),
    Step(
        rule="substitution",
        claim=_location,
        label="location",
        uses=("model:reservoir_location", "model:reservoir_unbiased", "moved"),
    ),
)
reservoir_location_step = theorem(
    "reservoir_location_step",
    "Location error after one retraining on a reservoir",
    "New examples bring their noise, and which of the old ones stay is drawn.",
    _location,
    _moved,
    FIT, RESERVOIR, LIKELIHOOD, GIVEN, "t is the generation before the update",
    conditions=_CONDITIONS,
)  # fmt: skip
reservoir_variance_step = theorem(
    "reservoir_variance_step",
    "Model variance after one retraining on a reservoir",
    "What the location error gains the model's variance loses.",
    _variance,
    (
        *_moved,
        Step(
            rule="combination",
            claim=_variance,
            uses=("model:reservoir_moment", "location"),
            given={"weights": (1, -1)},
        ),
    ),
    FIT, RESERVOIR, LIKELIHOOD, GIVEN, "t is the generation before the update",
    conditions=_CONDITIONS,
)  # fmt: skip

# --------------------------------------------------------------------------------- trajectories

_left = _V * (1 - 1 / _B) * sp.Product(1 - renewed(_past), (_past, 0, _t - 1))
_each = (
    Step(
        rule="tower",
        claim=eq(Mean(_v[_t + 1]), (1 - renewed(_t)) * Mean(_v[_t])),
        label="each variance",
        uses=("theorem:reservoir_variance_step",),
        given={s.next_model_variance: _v[_t + 1], s.model_variance: _v[_t]},
    ),
    *of_means(real, _B, "real"),
    Step(
        rule="substitution",
        claim=eq(Mean(_v[0]), _V * (1 - 1 / _B)),
        label="first variance",
        uses=("model:first_reservoir_variance", *names("real"), *REAL),
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(_m[0]), _V / _B),
        label="first location",
        uses=("model:first_reservoir", *names("real"), *REAL),
    ),
)
_path = eq(Mean(_v[_t]), _left)
reservoir_variance_ml = theorem(
    "reservoir_variance_ml",
    "Model variance with a reservoir",
    "A reservoir collapses, though slowly: like a power of the generation, about -2/B.",
    _path,
    (
        *_each,
        Step(rule="linear recursion", claim=_path, uses=("each variance", "first variance")),
    ),
    FIT, RESERVOIR, LIKELIHOOD, conditions=_CONDITIONS,
)  # fmt: skip
_error = eq(Mean(_m[_t]), _V - _left)
reservoir_location_ml = theorem(
    "reservoir_location_ml",
    "Location error with a reservoir",
    "What the model's variance loses its location error gains: their sum stays V.",
    _error,
    (
        *_each,
        Step(
            rule="tower",
            claim=eq(Mean(_m[_t + 1]), Mean(_m[_t]) + renewed(_t) * Mean(_v[_t])),
            label="each location",
            uses=("theorem:reservoir_location_step",),
            given={
                s.next_location_error: _m[_t + 1],
                s.location_error: _m[_t],
                s.model_variance: _v[_t],
            },
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(_m[_t + 1]), Mean(_m[_t]) + renewed(_t) * _left),
            label="variance known",
            uses=("each location", "theorem:reservoir_variance_ml"),
        ),
        Step(rule="linear recursion", claim=_error, uses=("variance known", "first location")),
    ),
    FIT, RESERVOIR, LIKELIHOOD, conditions=_CONDITIONS,
)  # fmt: skip

THEOREMS = (
    reservoir_location_step,
    reservoir_variance_step,
    reservoir_variance_ml,
    reservoir_location_ml,
)
