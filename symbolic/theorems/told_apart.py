"""How well texts of one covariance can be told apart: bounds on both sides, for T3.

``(1 - C) H`` is the sum of the posteriors' variances.  Measured from a reference density ``q_0``,
with ``G_i = q_i/q_0`` and ``G = sum_k p_k G_k``, it is ``sum_i p_i^2 (E_0[G_i^2/G] - 1)``; bounds
on ``1/G`` make it explicit.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.overlap import exponent, weight
from symbolic.relations import eq, ge, le
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Step, Theorem

_i, _k, _m, _K = s.text, s.other_text, s.count_index, s.num_texts
_p, _x, _y, _y0 = s.text_probs, s.image, s.image_draw, s.reference_draw
_r, _q, _mix, _q0 = s.posterior, s.density, s.mixture, s.reference_density
_G, _Gm, _W, _xi = s.likelihood_ratio, s.mixture_ratio, s.text_products, s.score
_texts, _others, _thirds = (_i, 0, _K - 1), (_k, 0, _K - 1), (_m, 0, _K - 1)
_H = s.text_diversity
_square = Mean(_r(_i, _y) ** 2)
told_apart = (1 - s.posterior_confusion) * _H

COMMON = (
    "all texts share one covariance S",
    "text_products[i, k] = (mu_i - mubar)' S^-1 (mu_k - mubar), mubar = sum_i p_i mu_i",
)


# (1 - C) H is the mean sum of squared posteriors minus the sum of squared probabilities.
as_squares = Step(
    rule="combination",
    claim=eq(told_apart, sp.Sum(_square, _texts) - sp.Sum(_p[_i] ** 2, _texts)),
    label="sum of variances",
    uses=("model:diversity", "model:confusion"),
    given={"weights": (1, -1)},
)

# ------------------------------------------------------------ one covariance: likelihood ratios

_ratio_sum = sp.Sum(_p[_k] * _G[_k], _others)
_measured = (
    Step(
        rule="change of measure",
        claim=eq(_square, Mean(_r(_i, _y0) ** 2 * _mix(_y0) / _q0(_y0))),
        label="measured",
    ),
    Step(
        rule="instance",
        claim=eq(_r(_i, _y0), _p[_i] * _q(_i, _y0) / _mix(_y0)),
        label="posterior there",
        uses=("model:posterior",),
        given={_x: _y0},
    ),
    Step(
        rule="substitution",
        claim=eq(_square, _p[_i] ** 2 * Mean(_G[_i] ** 2 / _Gm)),
        label="by ratios",
        uses=("measured", "posterior there", "model:likelihood_ratio", "model:mixture_ratio"),
    ),
    Step(
        rule="instance",
        claim=eq(_mix(_y0), sp.Sum(_p[_i] * _q(_i, _y0), _texts)),
        label="mixture there",
        uses=("model:mixture",),
        given={_x: _y0},
    ),
    Step(
        rule="substitution",
        claim=eq(_mix(_y0), _q0(_y0) * _ratio_sum),
        label="mixture by ratios",
        uses=("mixture there", "model:likelihood_ratio"),
    ),
    Step(
        rule="combination",
        claim=eq(_Gm, _ratio_sum),
        label="ratio of the mixture",
        uses=("model:mixture_ratio", "mixture by ratios"),
        given={"weights": (-1 / _q0(_y0), 1 / _q0(_y0))},
    ),
    Step(
        rule="instance",
        claim=eq(_G[_k], sp.exp(_xi[_k] - _W[_k, _k] / 2)),
        label="other ratio",
        uses=("model:common_covariance",),
        given={_i: _k},
    ),
)


def _exponential(label: str, weights: tuple[int, int, int]) -> Step:
    """Take an instance of the Gaussian integral."""
    c1, c2, c3 = weights
    power = (c1**2 * _W[_i, _i] + c2**2 * _W[_k, _k] + c3**2 * _W[_m, _m]) / sp.S(2)
    power += c1 * c2 * _W[_i, _k] + c1 * c3 * _W[_i, _m] + c2 * c3 * _W[_k, _m]
    return Step(
        rule="lemma",
        claim=eq(Mean(sp.exp(c1 * _xi[_i] + c2 * _xi[_k] + c3 * _xi[_m])), sp.exp(power)),
        label=label,
        uses=("lemma:gaussian_exponential",),
        given=dict(zip(weight, weights, strict=True)),
    )


_own = sp.exp(_W[_i, _i])
_first = sp.Sum(_p[_k] * sp.exp(2 * _W[_i, _k]), _others)
_second = sp.Sum(
    _p[_k] * _p[_m] * sp.exp(2 * _W[_i, _k] + 2 * _W[_i, _m] + _W[_k, _m]), _thirds, _others
)
_moments = (
    _exponential("two", (2, 0, 0)),
    _exponential("three", (2, 1, 0)),
    Step(
        rule="substitution",
        claim=eq(Mean(_G[_i] ** 2), _own),
        label="square",
        uses=("model:common_covariance", "two"),
    ),
    Step(
        rule="sum taken out",
        claim=eq(
            Mean(_G[_i] ** 2 * _ratio_sum), sp.Sum(Mean(_p[_k] * _G[_i] ** 2 * _G[_k]), _others)
        ),
        label="cube taken out",
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(_G[_i] ** 2 * _Gm), _own * _first),
        label="cube",
        uses=(
            "ratio of the mixture", "cube taken out", "model:common_covariance", "other ratio",
            "three",
        ),
    ),
)  # fmt: skip

_floor = ge(_square, _p[_i] ** 2 * _own * (2 - _first))
lower_steps = (
    *_measured,
    *_moments,
    Step(
        rule="nonnegative form",
        claim=ge(_G[_i] ** 2 / _Gm, 2 * _G[_i] ** 2 - _G[_i] ** 2 * _Gm),
        note="1/G >= 2 - G",
        label="tangent of the inverse",
        given={"form": _G[_i] ** 2 * (_Gm - 1) ** 2 / _Gm},
    ),
    Step(
        rule="monotone",
        claim=ge(Mean(_G[_i] ** 2 / _Gm), Mean(2 * _G[_i] ** 2 - _G[_i] ** 2 * _Gm)),
        label="in the mean",
        uses=("tangent of the inverse",),
        given={"apply": Mean},
    ),
    Step(
        rule="combination",
        claim=_floor,
        label="one text, from below",
        uses=("in the mean", "by ratios", "square", "cube"),
        given={"weights": (_p[_i] ** 2, 1, 2 * _p[_i] ** 2, -(_p[_i] ** 2))},
    ),
)


def _summed(label: str, claim: sp.Rel, result: sp.Rel) -> tuple[Step, ...]:
    """Add a bound on one text's squared posterior over the texts."""
    over_texts = claim.func(sp.Sum(claim.lhs, _texts), sp.Sum(claim.rhs, _texts), evaluate=False)
    return (
        Step(
            rule="monotone",
            claim=over_texts,
            label="all texts",
            uses=(label,),
            given={"apply": sp.Sum, "over": (_texts,)},
        ),
        Step(
            rule="combination",
            claim=result,
            uses=("sum of variances", "all texts"),
            given={"weights": (1 if isinstance(result, sp.Ge) else -1, 1)},
        ),
    )


_below = ge(told_apart, sp.Sum(_p[_i] ** 2 * (_own * (2 - _first) - 1), _texts))
told_apart_lower_bound = Theorem(
    name="told_apart_lower_bound",
    title="Texts of one covariance are told apart at least so well",
    in_words="With one common covariance, (1 - C) H is at least this finite sum.",
    statement=_below,
    kind=Kind.LOWER_BOUND,
    source=Source.OURS,
    reference="Theorem 4.1 (T3)",
    assumptions=(*COMMON, "useful for small distances: the gap is of second order in them"),
    lemmas=("gaussian_exponential",),
    derivation=(
        as_squares, *lower_steps, *_summed("one text, from below", _floor, _below),
    ),
)  # fmt: skip

# The geometric mean of the ratios is exp(-wbar/2), since the scores are centred: G >= exp(-wbar/2).
_wbar = sp.Sum(_p[_k] * _W[_k, _k], _others)
_shift = _xi[_k] - _W[_k, _k] / 2 + _wbar / 2
_lift = sp.exp(_wbar / 2)
_spread = _G[_i] ** 2 * _Gm**2 - 2 * _G[_i] ** 2 * _Gm + _G[_i] ** 2
_ceiling_form = _own * (2 - _first) + _lift * _own * (_second - 2 * _first + 1)
_ceiling = le(_square, _p[_i] ** 2 * _ceiling_form)
upper_steps = (
    *_measured,
    *_moments,
    _exponential("four", (2, 1, 1)),
    Step(
        rule="instance",
        claim=eq(_G[_m], sp.exp(_xi[_m] - _W[_m, _m] / 2)),
        label="third ratio",
        uses=("model:common_covariance",),
        given={_i: _m},
    ),
    Step(
        rule="sum taken out",
        claim=eq(
            Mean(_G[_i] ** 2 * _ratio_sum**2),
            sp.Sum(Mean(_p[_k] * _p[_m] * _G[_i] ** 2 * _G[_k] * _G[_m]), _thirds, _others),
        ),
        label="fourth taken out",
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(_G[_i] ** 2 * _Gm**2), _own * _second),
        label="fourth",
        uses=(
            "ratio of the mixture", "fourth taken out", "model:common_covariance", "other ratio",
            "third ratio", "four",
        ),
    ),
    Step(
        rule="instance",
        claim=ge(sp.exp(_shift), 1 + _shift),
        label="tangent",
        uses=("lemma:exponential_tangent",),
        given={exponent: _shift},
    ),
    Step(
        rule="combination",
        claim=ge(_p[_k] * sp.exp(_shift), _p[_k] * (1 + _shift)),
        label="weighted tangent",
        uses=("tangent",),
        given={"weights": (_p[_k],)},
    ),
    Step(
        rule="monotone",
        claim=ge(
            sp.Sum(_p[_k] * sp.exp(_shift), _others), sp.Sum(_p[_k] * (1 + _shift), _others)
        ),
        label="all tangents",
        uses=("weighted tangent",),
        given={"apply": sp.Sum, "over": (_others,)},
    ),
    Step(
        rule="substitution bound",
        claim=ge(_lift * _Gm, 1),
        note="the mixture's ratio is at least the geometric mean, exp(-wbar/2)",
        label="mixture's floor",
        uses=(
            "all tangents", "ratio of the mixture", "model:common_covariance",
            "model:centred_scores", "model:total",
        ),
    ),
    Step(
        rule="combination",
        claim=le(_G[_i] ** 2 / _Gm, 2 * _G[_i] ** 2 - _G[_i] ** 2 * _Gm + _lift * _spread),
        note="1/G = 2 - G + (G - 1)^2/G",
        label="chord of the inverse",
        uses=("mixture's floor",),
        given={"weights": (_G[_i] ** 2 * (_Gm - 1) ** 2 / _Gm,)},
    ),
    Step(
        rule="monotone",
        claim=le(
            Mean(_G[_i] ** 2 / _Gm),
            Mean(2 * _G[_i] ** 2 - _G[_i] ** 2 * _Gm + _lift * _spread),
        ),
        label="in the mean, from above",
        uses=("chord of the inverse",),
        given={"apply": Mean},
    ),
    Step(
        rule="combination",
        claim=_ceiling,
        label="one text, from above",
        uses=("in the mean, from above", "by ratios", "square", "cube", "fourth"),
        given={
            "weights": (
                _p[_i] ** 2,
                -1,
                -(_p[_i] ** 2) * (2 + _lift),
                _p[_i] ** 2 * (1 + 2 * _lift),
                -(_p[_i] ** 2) * _lift,
            )
        },
    ),
)  # fmt: skip
_above = le(told_apart, sp.Sum(_p[_i] ** 2 * (_ceiling_form - 1), _texts))
told_apart_upper_bound = Theorem(
    name="told_apart_upper_bound",
    title="Texts of one covariance are told apart at most so well",
    in_words="With one common covariance, (1 - C) H is at most this finite sum.",
    statement=_above,
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="Theorem 4.1 (T3)",
    assumptions=(*COMMON, "useful for small distances: the gap is of second order in them"),
    lemmas=("gaussian_exponential", "exponential_tangent"),
    derivation=(
        as_squares, *upper_steps, *_summed("one text, from above", _ceiling, _above),
    ),
)  # fmt: skip

THEOREMS = (told_apart_lower_bound, told_apart_upper_bound)
