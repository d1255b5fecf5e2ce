"""Texts told apart at most so well, whatever their densities: the chi-square bound, and T3.

Nothing here supposes one common covariance.  By Jensen's inequality, ``1/q <= sum_k p_k/q_k``, so
that ``(1 - C) H <= sum_ik p_i^2 p_k chi2(q_i || q_k)``: as the texts' Gaussians become alike,
confusion tends to 1.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.text import axis_chi_square, axis_excess, axis_gap
from symbolic.relations import eq, ge, le
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.text import CONFUSED, posterior_mean
from symbolic.theorems.told_apart import as_squares, told_apart

_i, _k, _K, _H = s.text, s.other_text, s.num_texts, s.text_diversity
_p, _x, _y = s.text_probs, s.image, s.image_draw
_r, _q, _mix = s.posterior, s.density, s.mixture
_texts, _others = (_i, 0, _K - 1), (_k, 0, _K - 1)
_square = Mean(_r(_i, _y) ** 2)

_chi = s.chi_square_divergence
_qi, _qk, _qmix = _q(_i, _x), _q(_k, _x), _mix(_x)
_own_integral = sp.Integral(_qi**2 / _qmix, _x)
_pair_form = 2 * _qi**2 / _qmix - _qi**2 * _qk / _qmix**2
_as_integral = (
    *posterior_mean,
    Step(
        rule="expectation under the mixture",
        claim=eq(_square, sp.Integral(_r(_i, _x) ** 2 * _qmix, _x)),
        label="as integral",
    ),
    Step(
        rule="substitution",
        claim=eq(_square, _p[_i] ** 2 * _own_integral),
        label="by densities",
        uses=("as integral", "model:posterior"),
    ),
)
_harmonic = le(_square, _p[_i] ** 2 * sp.Sum(_p[_k] * (1 + _chi[_i, _k]), _others))
_divergences = sp.Sum(_p[_i] ** 2 * _p[_k] * _chi[_i, _k], _others, _texts)
_chi_steps = (
    *_as_integral,
    Step(
        rule="nonnegative form",
        claim=ge(_qi**2 / _qk, _pair_form),
        note="1/q_k >= 2/q - q_k/q^2",
        label="tangent of the inverse",
        given={"form": _qi**2 * (_qk - _qmix) ** 2 / (_qk * _qmix**2)},
    ),
    Step(
        rule="monotone",
        claim=ge(sp.Integral(_qi**2 / _qk, _x), sp.Integral(_pair_form, _x)),
        label="integrated",
        uses=("tangent of the inverse",),
        given={"apply": sp.Integral, "over": (_x,)},
    ),
    Step(
        rule="combination",
        claim=ge(_p[_k] * (1 + _chi[_i, _k]), _p[_k] * sp.Integral(_pair_form, _x)),
        label="weighted",
        uses=("integrated", "model:chi_square_divergence"),
        given={"weights": (_p[_k], _p[_k])},
    ),
    Step(
        rule="monotone",
        claim=ge(
            sp.Sum(_p[_k] * (1 + _chi[_i, _k]), _others),
            sp.Sum(_p[_k] * sp.Integral(_pair_form, _x), _others),
        ),
        label="all others",
        uses=("weighted",),
        given={"apply": sp.Sum, "over": (_others,)},
    ),
    Step(
        rule="combination",
        claim=eq(_qi**2 / _qmix, _qi**2 / _qmix**2 * sp.Sum(_p[_i] * _qi, _texts)),
        label="mixture in",
        uses=("model:mixture",),
        given={"weights": (_qi**2 / _qmix**2,)},
    ),
    Step(
        rule="monotone",
        claim=eq(
            _own_integral,
            sp.Integral(_qi**2 / _qmix**2 * sp.Sum(_p[_k] * _qk, _others), _x),
        ),
        label="mixture in the integral",
        uses=("mixture in",),
        given={"apply": sp.Integral, "over": (_x,)},
    ),
    Step(
        rule="sum taken out",
        claim=eq(
            sp.Integral(_qi**2 / _qmix**2 * sp.Sum(_p[_k] * _qk, _others), _x),
            sp.Sum(sp.Integral(_p[_k] * _qi**2 * _qk / _qmix**2, _x), _others),
        ),
        label="taken out",
    ),
    Step(
        rule="combination",
        claim=ge(sp.Sum(_p[_k] * (1 + _chi[_i, _k]), _others), _own_integral),
        label="harmonic mean",
        uses=("all others", "model:total", "mixture in the integral", "taken out"),
        given={"weights": (1, 2 * _own_integral, 1, 1)},
    ),
    Step(
        rule="combination",
        claim=_harmonic,
        label="one text",
        uses=("harmonic mean", "by densities"),
        given={"weights": (_p[_i] ** 2, -1)},
    ),
)

_all_texts = sp.Sum(_p[_i] ** 2 * _p[_k] * (1 + _chi[_i, _k]), _others, _texts)
_chi_bound = le(told_apart, _divergences)
told_apart_chi_square_bound = Theorem(
    name="told_apart_chi_square_bound",
    title="Texts are told apart at most as well as their chi-square divergences allow",
    in_words="(1 - C) H is at most the texts' mean chi-square divergence, pair by pair.",
    statement=_chi_bound,
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="Theorem 4.1 (T3)",
    assumptions=(
        "any densities q_i with finite divergences; for Gaussians see chi_square_gaussian",
        "chi_square_divergence[i, k] = integral of q_i^2/q_k, minus 1",
    ),
    derivation=(
        as_squares,
        *_chi_steps,
        Step(
            rule="monotone",
            claim=le(sp.Sum(_square, _texts), _all_texts),
            label="all texts",
            uses=("one text",),
            given={"apply": sp.Sum, "over": (_texts,)},
        ),
        Step(
            rule="combination",
            claim=_chi_bound,
            uses=("sum of variances", "all texts", "model:total"),
            given={"weights": (-1, 1, -sp.Sum(_p[_i] ** 2, _texts))},
        ),
    ),
)

confusion_tends_to_one = Theorem(
    name="confusion_tends_to_one",
    title="Texts that become alike are confused completely",
    in_words="As the texts' densities become alike, posterior confusion tends to 1.",
    statement=eq(s.posterior_confusion, 1),
    kind=Kind.ASYMPTOTIC,
    source=Source.RECONSTRUCTED,
    reference="Theorem 4.1 (T3)",
    assumptions=(
        "all chi-square divergences tend to 0",
        "for Gaussians: covariances grow and Sigma_i Sigma_k^-1 -> I (chi_square_gaussian)",
        "what is left out is at most sum_ik p_i^2 p_k chi2_ik/H (told_apart_chi_square_bound)",
        CONFUSED,
    ),
    derivation=(
        *posterior_mean,
        as_squares,
        Step(
            rule="nonnegative form",
            claim=ge(_square, _p[_i] ** 2),
            note="a variance is not negative",
            label="one text",
            uses=("posterior mean",),
            given={"form": Mean((_r(_i, _y) - _p[_i]) ** 2), "weights": (2 * _p[_i],)},
        ),
        Step(
            rule="monotone",
            claim=ge(sp.Sum(_square, _texts), sp.Sum(_p[_i] ** 2, _texts)),
            label="all texts",
            uses=("one text",),
            given={"apply": sp.Sum, "over": (_texts,)},
        ),
        Step(
            rule="combination",
            claim=ge(1 - s.posterior_confusion, 0),
            label="from below",
            uses=("sum of variances", "all texts"),
            given={"weights": (1 / _H, 1 / _H)},
        ),
        Step(
            rule="combination",
            claim=le(1 - s.posterior_confusion, _divergences / _H),
            label="from above",
            uses=("theorem:told_apart_chi_square_bound",),
            given={"weights": (1 / _H,)},
        ),
        Step(
            rule="leading order between bounds",
            claim=eq(1 - s.posterior_confusion, 0),
            label="limit",
            uses=("from above", "from below"),
            given={"vanishing": _chi, "order": 0},
        ),
        Step(
            rule="combination",
            claim=eq(s.posterior_confusion, 1),
            uses=("limit",),
            given={"weights": (-1,)},
        ),
    ),
)

# --------------------------------------------------------------------------------- two Gaussians

_a, _axes = s.feature, (s.feature, 0, s.num_features - 1)
_g, _gap = axis_excess[_a], axis_gap[_a]
_axis_value = sp.log((1 + _g) / 2) - sp.log(_g) / 2 + _gap**2 / _g
_excess, _delta = sp.Symbol("g", positive=True), sp.Symbol("delta", real=True)
_axis_integral = sp.Integral(
    sp.exp(-(_x**2) + (_x - _delta) ** 2 / (1 + _excess)) * sp.sqrt((1 + _excess) / (4 * sp.pi)),
    (_x, -sp.oo, sp.oo),
)
_gaussian = eq(
    s.log_chi_square,
    s.log_det_second - (s.log_det_first + s.log_det_excess) / 2 + s.excess_mahalanobis,
)
chi_square_gaussian = Theorem(
    name="chi_square_gaussian",
    title="Chi-square divergence of two Gaussians",
    in_words="The divergence grows with the distance of the means and the difference of shapes.",
    statement=_gaussian,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="T3",
    assumptions=(
        "log_chi_square = log(1 + chi2(q_1 || q_2)); covariances S_1, S_2 positive definite",
        "2 S_2 - S_1 is positive definite (otherwise the divergence is infinite)",
        "excess_mahalanobis = (mu_1 - mu_2)' (2 S_2 - S_1)^-1 (mu_1 - mu_2)",
    ),
    lemmas=(
        "diagonalised_chi_square", "diagonalised_excess", "diagonalised_excess_determinants",
    ),
    derivation=(
        Step(
            rule="integral",
            claim=eq(
                _axis_integral, (1 + _excess) / (2 * sp.sqrt(_excess)) * sp.exp(_delta**2 / _excess)
            ),
            note="variances 1 and (1 + g)/2 on one axis, means delta apart",
            label="one axis",
        ),
        Step(
            rule="logarithm",
            claim=eq(axis_chi_square(_a), _axis_value),
            label="log of one axis",
            uses=("model:axis_chi_square", "one axis"),
            given={_excess: _g, _delta: _gap},
        ),
        Step(
            rule="substitution",
            claim=eq(s.log_chi_square, sp.Sum(_axis_value, _axes)),
            label="all axes",
            uses=("lemma:diagonalised_chi_square", "log of one axis"),
        ),
        Step(
            rule="combination",
            claim=_gaussian,
            uses=(
                "all axes", "lemma:diagonalised_excess", "lemma:diagonalised_excess_determinants",
            ),
            given={"weights": (1, 1, 1)},
        ),
    ),
)  # fmt: skip

THEOREMS = (told_apart_chi_square_bound, confusion_tends_to_one, chi_square_gaussian)
