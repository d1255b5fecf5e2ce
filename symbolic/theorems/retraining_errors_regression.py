"""Linear regression on labels that the model before gave, with fresh standard Gaussian inputs.

The labels' noise is known; the location error is that of the weights.  Unlike a mean, least
squares divides by the inputs' scatter, whose inverse has the mean ``1/(n - d - 1)``.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.series import shift
from symbolic.lemmas.wishart import rows
from symbolic.model.retraining_regression import inverse_trace
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Step, Theorem
from symbolic.theorems.retraining_errors import theorem

_n, _n0, _t, _d = s.num_generated, s.num_real, s.generations, s.num_features
_m, _past, _noise = s.location_error_at, s.past_generation, s.label_noise

LABELS = (
    "each batch has fresh inputs of d independent standard normals, and labels that the model "
    "before gives them, with noise of variance sigma2; weights by least squares"
)
GIVEN = "expectation given the weights before the update; location_error = |w_t - w_*|^2"
LAST = "fitted to the last batch alone, of n_g inputs; the first to n_r inputs with real labels"
ALL = "fitted to all batches so far, of n_g inputs each, the first with real labels"
_ENOUGH = (_n > _d + 1,)


def _per_row(size: sp.Expr) -> sp.Expr:
    return _noise * _d / (size - _d - 1)


def _trace(size: sp.Expr, name: str) -> Step:
    return Step(
        rule="instance",
        claim=eq(inverse_trace(size), _d / (size - _d - 1)),
        label=name,
        uses=("lemma:inverse_wishart_trace",),
        given={rows: size},
    )


def _one_step(name: str, title: str, added: sp.Expr, size: sp.Expr, *assumptions: str) -> Theorem:
    claim = eq(Mean(s.next_location_error), s.location_error + added)
    policy = name.split("_")[1]
    return theorem(
        name,
        title,
        "The labels' noise moves the weights; what they already missed stays.",
        claim,
        (
            _trace(size, "trace"),
            Step(
                rule="substitution",
                claim=claim,
                uses=("model:weights_step", "model:label_noise", f"model:{policy}_noise", "trace"),
            ),
        ),
        LABELS, GIVEN, *assumptions, conditions=_ENOUGH, lemmas=("inverse_wishart_trace",),
    )  # fmt: skip


regression_replaced_step = _one_step(
    "regression_replaced_step",
    "Error of regression after one retraining on the last labels",
    _per_row(_n),
    _n,
    LAST,
)
_pool = (_t + 2) * _n
regression_accumulated_step = _one_step(
    "regression_accumulated_step",
    "Error of regression after one retraining on all labels so far",
    _per_row(_pool) / (_t + 2),
    _pool,
    ALL,
    "t is the generation before the update",
)


def _each(name: str, added: sp.Expr) -> Step:
    return Step(
        rule="tower",
        claim=eq(Mean(_m[_t + 1]), Mean(_m[_t]) + added),
        label="each",
        uses=(f"theorem:{name}",),
        given={s.next_location_error: _m[_t + 1], s.location_error: _m[_t]},
    )


def _first(size: sp.Expr, premise: str) -> tuple[Step, ...]:
    return (
        _trace(size, "first trace"),
        Step(
            rule="substitution",
            claim=eq(Mean(_m[0]), _per_row(size)),
            label="first",
            uses=(premise, "first trace"),
        ),
    )


_linear = eq(Mean(_m[_t]), _per_row(_n0) + _t * _per_row(_n))
regression_replaced = theorem(
    "regression_replaced",
    "Error of regression on the last labels grows without bound",
    "Each generation adds the error of a fit to its own labels.",
    _linear,
    (
        _each("regression_replaced_step", _per_row(_n)),
        *_first(_n0, "model:first_weights"),
        Step(rule="linear recursion", claim=_linear, uses=("each", "first")),
    ),
    LABELS, LAST, conditions=(*_ENOUGH, _n0 > _d + 1), lemmas=("inverse_wishart_trace",),
)  # fmt: skip
_term = _per_row((_past + 1) * _n) / (_past + 1)
_path = eq(Mean(_m[_t]), sp.Sum(_term, (_past, 0, _t)))
regression_accumulated = theorem(
    "regression_accumulated",
    "Error of regression on all labels so far",
    "Each generation adds its share of the error of a fit to the pool.",
    _path,
    (
        _each("regression_accumulated_step", _per_row(_pool) / (_t + 2)),
        *_first(_n, "model:first_pool_weights"),
        Step(rule="linear recursion", claim=_path, uses=("each", "first")),
    ),
    LABELS, ALL, conditions=_ENOUGH, lemmas=("inverse_wishart_trace",),
)  # fmt: skip
_shift = (_d + 1) / _n
_series = sp.Sum(1 / ((_past + 1) * (_past + 1 - _shift)), (_past, 0, sp.oo))
_limit = eq(
    s.limit_location_error,
    -_noise * _d / (_d + 1) * (sp.EulerGamma + sp.digamma(1 - _shift)),
)
regression_accumulated_limit = theorem(
    "regression_accumulated_limit",
    "Limit of the error of regression on all labels so far",
    "The error stays bounded; it exceeds pi^2/6 times sigma2 d/n_g, most for few inputs.",
    _limit,
    (
        Step(
            rule="endless sum",
            claim=eq(s.limit_location_error, sp.Sum(_term, (_past, 0, sp.oo))),
            label="series",
            uses=("theorem:regression_accumulated",),
            given={"domain": {_n: _d + 1 + sp.Symbol("over_d", integer=True, positive=True)}},
        ),
        Step(
            rule="instance",
            claim=eq(_series, -(sp.EulerGamma + sp.digamma(1 - _shift)) / _shift),
            label="digamma",
            uses=("lemma:digamma_series",),
            given={shift: _shift},
        ),
        Step(
            rule="algebra",
            claim=eq(sp.Sum(_term, (_past, 0, sp.oo)), _noise * _d / _n * _series),
            label="shifted",
        ),
        Step(rule="substitution", claim=_limit, uses=("series", "shifted", "digamma")),
    ),
    LABELS, ALL, "n_g > d + 1", conditions=_ENOUGH, lemmas=("digamma_series",),
)  # fmt: skip

THEOREMS = (
    regression_replaced_step,
    regression_accumulated_step,
    regression_replaced,
    regression_accumulated,
    regression_accumulated_limit,
)
