"""When linear attention explodes in a self-consuming loop: in the mean square, and typically.

The difference of two runs with the same draws obeys ``D' = eta (1 - alpha) S D`` with ``S`` the
scatter of fresh inputs.  Its mean square grows by one factor, its logarithm by another rate, which
is the smaller one: rare runs explode before the typical one does.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.in_context_loop import scatter_rate, unit_square
from symbolic.relations import eq, le
from symbolic.symbols import ChiSquare, Mean
from symbolic.theorem import Kind, Step
from symbolic.theorems.in_context import CONTEXT, PRIOR, excess, theorem
from symbolic.theorems.in_context_loop import ALONE, LOOP, growth

_n, _d, _t, _eta, _share = (
    s.num_generated, s.num_features, s.generations, s.attention_gain, s.real_share,
)  # fmt: skip
_noise, _prior, _generated = s.label_noise, s.prior_variance, 1 - s.real_share
ROTATED = "inputs of a rotation-invariant law: the factors of the generations are independent"
NEGATIVE = "where it is negative every share does, also none"

# -------------------------------------------------------------------------- in the mean square

_growth = eq(Mean(s.context_growth), growth)
context_growth_factor = theorem(
    "context_growth_factor",
    "Growth of a mean squared difference in a loop of linear attention",
    "The mean error stays bounded where it is below 1; noise adds, and does not multiply.",
    _growth,
    (
        Step(
            rule="instance",
            claim=eq(Mean(unit_square), excess(_n)),
            label="unit square",
            uses=("theorem:context_moment",),
            given={
                s.context_square: unit_square,
                s.num_context: _n,
                s.squared_norm: sp.S.One,
                s.label_noise: sp.S.Zero,
            },
        ),
        Step(
            rule="substitution", claim=_growth, uses=("model:context_growth", "unit square")
        ),
    ),
    LOOP,
)  # fmt: skip
_bounded = eq(s.context_share, 1 - 1 / (_eta * sp.sqrt(excess(_n))))
context_bounded_share = theorem(
    "context_bounded_share",
    "Share of real examples that keeps the mean error of linear attention bounded",
    "Any larger constant share does, for so many generated examples.",
    _bounded,
    (
        Step(
            rule="level reached",
            claim=_bounded,
            uses=("theorem:context_growth_factor",),
            given={"level": sp.S.One, "variable": _share},
        ),
    ),
    LOOP, NEGATIVE,
)  # fmt: skip
_per = (_d + 1) / s.num_context
_of_total = eq(Mean(s.context_growth), _eta**2 * (_generated**2 + _generated * _per))
_part = (sp.sqrt(_per**2 + 4 / _eta**2) - _per) / 2
_bounded_total = eq(s.context_share, 1 - _part)
context_bounded_share_of_total = theorem(
    "context_bounded_share_of_total",
    "The same where real and generated examples fill one context",
    "Fewer generated examples scatter more: the share is larger than with so many throughout.",
    _bounded_total,
    (
        Step(
            rule="substitution",
            claim=_of_total,
            label="of total",
            uses=("theorem:context_growth_factor", "model:context_split"),
        ),
        Step(
            rule="level reached",
            claim=_bounded_total,
            uses=("of total",),
            given={"level": sp.S.One, "variable": _share},
        ),
    ),
    LOOP, "n_g = (1 - alpha) n_c of a context of n_c examples", NEGATIVE,
)  # fmt: skip
_best = 1 / (excess(_n) + _noise / (_n * _prior))
_trained = le(Mean(s.context_growth), _generated**2 * _best)
_used = _best**2 * _generated**2 * excess(_n)
context_trained_gain_bounded = theorem(
    "context_trained_gain_bounded",
    "Linear attention trained for the length of its batches does not explode",
    "The best gain is small enough for any share of real examples, also none: it forgets.",
    _trained,
    (
        Step(
            rule="substitution",
            claim=eq(s.best_attention_gain, _best),
            label="best gain",
            uses=("theorem:best_attention_gain", "model:same_length"),
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(s.context_growth), _used),
            label="growth",
            uses=("theorem:context_growth_factor", "model:trained_gain", "best gain"),
        ),
        Step(
            rule="combination",
            claim=_trained,
            uses=("growth",),
            given={
                "weights": (-1,),
                "form": _generated**2 * _best**2 * _noise / (_n * _prior),
            },
        ),
    ),
    LOOP, CONTEXT, PRIOR, "the gain is the best one for n_g examples",
    "attained without noise of the real labels", kind=Kind.UPPER_BOUND,
)  # fmt: skip

# ------------------------------------------------------------------------- unbiased, orthogonal

_V, _design = _d * _noise, "X'X = n I in each batch, eta = 1: least squares, unbiased; one noise"
_linear = eq(Mean(s.location_error_at[_t]), _V / s.num_real + _t * _V / _n)
context_growth_unbiased = theorem(
    "context_growth_unbiased",
    "Error of unbiased regression in a loop without real examples",
    "With an orthogonal design it grows linearly, not geometrically.",
    _linear,
    (
        Step(
            rule="substitution",
            claim=_linear,
            uses=("theorem:replaced_location_known", "model:orthogonal_design"),
        ),
    ),
    _design, ALONE,
)  # fmt: skip
_rest = eq(
    s.stationary_location_error,
    _V / s.num_real + _V / _n * _generated**2 / (1 - _generated**2),
)
context_stationary_unbiased = theorem(
    "context_stationary_unbiased",
    "Stationary error of unbiased regression in a loop with real examples",
    "With an orthogonal design any constant share of real examples keeps it bounded.",
    _rest,
    (
        Step(
            rule="substitution",
            claim=_rest,
            uses=("theorem:mixed_location_stationary", "model:orthogonal_design",
                  "model:share_of_ratio"),
        ),
    ),
    _design, "alpha > 0", conditions=(_share > 0, _share < 1), kind=Kind.FIXED_POINT,
)  # fmt: skip

# ------------------------------------------------------------------------------------- typically

_digammas = (sp.digamma(_n / 2) + sp.digamma((_n + _d - 1) / 2)) / 2 + sp.log(2) - sp.log(_n)


def _log_mean(freedom: sp.Expr, name: str) -> Step:
    return Step(
        rule="Gamma integral",
        claim=eq(Mean(sp.log(ChiSquare(freedom))), sp.digamma(freedom / 2) + sp.log(2)),
        label=name,
    )


_scatter = (
    _log_mean(_n, "along"),
    _log_mean(_n + _d - 1, "in all"),
    Step(
        rule="substitution",
        claim=eq(scatter_rate, _digammas),
        label="scatter",
        uses=("model:scatter_rate", "lemma:scattered_direction", "along", "in all"),
    ),
    Step(
        rule="combination",
        claim=eq(s.context_rate, sp.log(_eta * _generated) + scatter_rate),
        label="rate",
        uses=("model:context_rate", "model:scatter_rate"),
        given={"weights": (1, -1)},
    ),
)
_rate = eq(s.context_rate, sp.log(_eta * _generated) + _digammas)
context_typical_rate = theorem(
    "context_typical_rate",
    "Typical growth of a difference in a loop of linear attention",
    "Almost surely the logarithm of its length grows by so much in a generation.",
    _rate,
    (*_scatter, Step(rule="substitution", claim=_rate, uses=("rate", "scatter"))),
    LOOP, ROTATED, conditions=(_share < 1,), lemmas=("scattered_direction",),
)  # fmt: skip
_typical = eq(s.typical_share, 1 - sp.exp(-_digammas) / _eta)
_reached = eq(s.typical_share, 1 - sp.exp(-scatter_rate) / _eta)
context_typical_share = theorem(
    "context_typical_share",
    "Share of real examples that keeps a typical run of linear attention bounded",
    "Smaller than for the mean square, which rare runs dominate.",
    _typical,
    (
        *_scatter,
        Step(
            rule="level reached",
            claim=_reached,
            label="reached",
            uses=("rate",),
            given={"level": sp.S.Zero, "variable": _share},
        ),
        Step(
            rule="substitution bound",
            claim=_typical,
            uses=("reached", "scatter"),
        ),
    ),
    LOOP, ROTATED, NEGATIVE, lemmas=("scattered_direction",),
)  # fmt: skip

THEOREMS = (
    context_growth_factor,
    context_bounded_share,
    context_bounded_share_of_total,
    context_trained_gain_bounded,
    context_growth_unbiased,
    context_stationary_unbiased,
    context_typical_rate,
    context_typical_share,
)
