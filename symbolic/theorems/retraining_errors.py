"""Iterative retraining on what the model generated, and nothing else: errors in closed form.

The first fit is to real examples.  ``m`` is the mean squared distance of the model's mean from the
real data's, ``v`` the mean trace of its covariance, ``V`` that of the real data.  Nothing is
assumed of the law of the data: Gaussians, categories (one-hot examples, ``V`` their Gini-Simpson
diversity) and any other family of which mean and covariance are fitted obey the same equations.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.retraining_errors import generated, real
from symbolic.relations import eq
from symbolic.symbols import Mean, SampleMean
from symbolic.theorem import Step
from symbolic.theorems.ours import ours

_n, _n0, _t, _V = s.num_generated, s.num_real, s.generations, s.real_variance
_m, _v = s.location_error_at, s.model_variance_at
_past = s.past_generation

FIT = "mean and covariance of a training set of independent draws are fitted; any law of the data"
GIVEN = "expectation given the model before the update"
FIRST = "the first fit is to n_r real examples"
REPLACED = "each training set is n_g examples that the model before it generated"
LIKELIHOOD = "maximum likelihood (ddof = 0), as for categories, where V = 1 - sum_i p_i^2"
KNOWN = (
    "the covariance is known (a Gaussian of known covariance; linear regression with known noise "
    "and X'X = n I, where V = sigma^2 d)"
)


def of_means(draw: sp.Expr, size: sp.Expr, name: str) -> tuple[Step, ...]:
    """Steps to the moments of a mean of draws: its mean, its mean square, the mean of squares."""
    mean, squares = SampleMean(draw, size), SampleMean(draw**2, size)
    square = Mean(draw**2) / size + (1 - 1 / size) * Mean(draw) ** 2
    return (
        Step(rule="i.i.d. sum", claim=eq(Mean(mean), Mean(draw)), label=f"mean of {name}"),
        Step(rule="i.i.d. sum", claim=eq(Mean(mean**2), square), label=f"squared mean of {name}"),
        Step(rule="i.i.d. sum", claim=eq(Mean(squares), Mean(draw**2)), label=f"square of {name}"),
    )


def names(name: str) -> tuple[str, ...]:
    """Labels of `of_means`, in order."""
    return tuple(f"{what} of {name}" for what in ("mean", "squared mean", "square"))


GENERATED = ("model:generated_moment", "model:generated_location", "model:model_location",
             "model:model_spread")  # fmt: skip
REAL = ("model:real_moment", "model:real_location", "model:real_spread")


theorem = ours("iterative retraining (R4)")


# ------------------------------------------------------------------------------------- one step

_generated_means = of_means(generated, _n, "generated")
_location = eq(Mean(s.next_location_error), s.location_error + s.model_variance / _n)
replaced_location_step = theorem(
    "replaced_location_step",
    "Location error after one retraining on generated examples",
    "The model's mean takes a step of the variance of a mean of n_g generated examples.",
    _location,
    (
        *_generated_means[:2],
        Step(
            rule="substitution",
            claim=_location,
            uses=("model:replaced_location", *names("generated")[:2], *GENERATED),
        ),
    ),
    FIT, REPLACED, GIVEN,
)  # fmt: skip
ENOUGH = (_n > s.ddof,)
_variance = eq(Mean(s.next_model_variance), s.model_variance * (_n - 1) / (_n - s.ddof))
replaced_variance_step = theorem(
    "replaced_variance_step",
    "Model variance after one retraining on generated examples",
    "A covariance fitted to n_g examples shrinks by (n_g - 1)/(n_g - ddof) in the mean.",
    _variance,
    (
        *_generated_means,
        Step(
            rule="substitution",
            claim=_variance,
            uses=("model:replaced_variance", *names("generated"), *GENERATED[:2],
                  GENERATED[3]),
        ),
    ),
    FIT, REPLACED, GIVEN, conditions=ENOUGH,
)  # fmt: skip

# ------------------------------------------------------------------------------------ first fit

_first_location = eq(Mean(_m[0]), _V / _n0)
_first_variance = eq(Mean(_v[0]), _V * (_n0 - 1) / (_n0 - s.ddof))
first_location = theorem(
    "first_location",
    "Location error of the first fit",
    "The mean of n_r real examples has the variance V/n_r.",
    _first_location,
    (
        *of_means(real, _n0, "real")[:2],
        Step(
            rule="substitution",
            claim=_first_location,
            uses=("model:first_location", *names("real")[:2], *REAL),
        ),
    ),
    FIT, FIRST,
)  # fmt: skip
first_variance = theorem(
    "first_variance",
    "Model variance of the first fit",
    "The mean of the covariance fitted to n_r real examples.",
    _first_variance,
    (
        *of_means(real, _n0, "real"),
        Step(
            rule="substitution",
            claim=_first_variance,
            uses=("model:first_variance", *names("real"), *REAL),
        ),
    ),
    FIT, FIRST, conditions=(_n0 > s.ddof,),
)  # fmt: skip

# --------------------------------------------------------------------------------- trajectories

_shrinks = (_n - 1) / (_n - s.ddof)
_start = _V * (_n0 - 1) / (_n0 - s.ddof)
_each = (
    Step(
        rule="tower",
        claim=eq(Mean(_m[_t + 1]), Mean(_m[_t]) + Mean(_v[_t]) / _n),
        label="each location",
        uses=("theorem:replaced_location_step",),
        given={
            s.next_location_error: _m[_t + 1],
            s.location_error: _m[_t],
            s.model_variance: _v[_t],
        },
    ),
    Step(
        rule="tower",
        claim=eq(Mean(_v[_t + 1]), _shrinks * Mean(_v[_t])),
        label="each variance",
        uses=("theorem:replaced_variance_step",),
        given={s.next_model_variance: _v[_t + 1], s.model_variance: _v[_t]},
    ),
)
_path = eq(Mean(_v[_t]), _start * _shrinks**_t)
_both = (*ENOUGH, _n0 > s.ddof)
replaced_variance = theorem(
    "replaced_variance",
    "Model variance when generated examples replace all others",
    "The mean covariance shrinks by one factor in each generation.",
    _path,
    (
        _each[1],
        Step(
            rule="geometric sum",
            claim=_path,
            uses=("each variance", "theorem:first_variance"),
        ),
    ),
    FIT, FIRST, REPLACED, conditions=_both,
)  # fmt: skip
_walk = eq(Mean(_m[_t]), _V / _n0 + _start / _n * sp.Sum(_shrinks**_past, (_past, 0, _t - 1)))
replaced_location = theorem(
    "replaced_location",
    "Location error when generated examples replace all others",
    "The model's mean takes independent steps, each of the variance that is left, over n_g.",
    _walk,
    (
        _each[0],
        Step(
            rule="substitution",
            claim=eq(Mean(_m[_t + 1]), Mean(_m[_t]) + _start * _shrinks**_t / _n),
            label="variance known",
            uses=("each location", "theorem:replaced_variance"),
        ),
        Step(
            rule="linear recursion",
            claim=_walk,
            uses=("variance known", "theorem:first_location"),
        ),
    ),
    FIT, FIRST, REPLACED, conditions=_both,
)  # fmt: skip
_linear = eq(Mean(_m[_t]), _V / _n0 + _t * _V / _n)
replaced_location_unbiased = theorem(
    "replaced_location_unbiased",
    "Location error grows without bound when generated examples replace all others",
    "With unbiased covariances the error grows by V/n_g in each generation, for ever.",
    _linear,
    (
        Step(
            rule="substitution bound",
            claim=_linear,
            uses=("theorem:replaced_location", "model:unbiased"),
        ),
    ),
    FIT, FIRST, REPLACED, "the covariance is divided by n - 1 (ddof = 1)",
    conditions=(_n > 1, _n0 > 1),
)  # fmt: skip
_known_walk = (
    Step(
        rule="substitution",
        claim=eq(Mean(_m[_t + 1]), Mean(_m[_t]) + _V / _n),
        label="known",
        uses=("each location", "model:known_variance"),
    ),
)
replaced_location_known = theorem(
    "replaced_location_known",
    "Location error without bound, known covariance",
    "Where only the mean is fitted its error grows by V/n_g in each generation, for ever.",
    _linear,
    (
        _each[0],
        *_known_walk,
        Step(rule="linear recursion", claim=_linear, uses=("known", "theorem:first_location")),
    ),
    FIT, FIRST, REPLACED, KNOWN,
)  # fmt: skip
_left = _V * (1 - 1 / _n0) * (1 - 1 / _n) ** _t
_collapse = eq(Mean(_v[_t]), _left)
replaced_variance_ml = theorem(
    "replaced_variance_ml",
    "Model variance collapses when generated examples replace all others",
    "With maximum likelihood the variance shrinks by 1 - 1/n_g in each generation, to nothing.",
    _collapse,
    (
        Step(
            rule="substitution bound",
            claim=_collapse,
            uses=("theorem:replaced_variance", "model:maximum_likelihood"),
        ),
    ),
    FIT, FIRST, REPLACED, LIKELIHOOD,
)  # fmt: skip
_moved = eq(Mean(_m[_t]), _V - _left)
replaced_location_ml = theorem(
    "replaced_location_ml",
    "Location error under maximum likelihood when generated examples replace all others",
    "What the model's variance loses its location error gains: their sum stays V.",
    _moved,
    (
        _each[0],
        Step(
            rule="substitution",
            claim=eq(Mean(_m[_t + 1]), Mean(_m[_t]) + _left / _n),
            label="variance known",
            uses=("each location", "theorem:replaced_variance_ml"),
        ),
        Step(
            rule="linear recursion",
            claim=_moved,
            uses=("variance known", "theorem:first_location"),
        ),
    ),
    FIT, FIRST, REPLACED, LIKELIHOOD,
)  # fmt: skip

THEOREMS = (
    replaced_location_step,
    replaced_variance_step,
    first_location,
    first_variance,
    replaced_variance,
    replaced_location,
    replaced_location_unbiased,
    replaced_location_known,
    replaced_variance_ml,
    replaced_location_ml,
)
