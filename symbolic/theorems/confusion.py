"""What blurred posteriors do to text diversity: T4; `confusion_limit` has T3."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.general import axis_overlap, first_variance, gap_of_means, term
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.text import CONFUSED, confused_pairs, pairs

_N, _K, _t, _d = s.batch_size, s.num_texts, s.generations, s.num_features
_i, _k, _p, _y, _x = s.text, s.other_text, s.text_probs, s.image_draw, s.image
_r, _q, _mix, _m = s.posterior, s.density, s.mixture, s.count_index
_CH = s.posterior_confusion * s.text_diversity
_texts = (_i, 0, _K - 1)
_ri, _rk = _r(_i, _y), _r(_k, _y)

# ----------------------------------------------------------------------------- overlap of the texts

_qi, _qk = _p[_i] * _q(_i, _x), _p[_k] * _q(_k, _x)
_mean_root = sp.sqrt(_qi * _qk)
# What is counted twice if a text is paired with itself; no pair of a sum over pairs is.
_same = sp.KroneckerDelta(_i, _k) * _qk
_counted_twice = _same * _mean_root / (2 * _mix(_x))
_twice = sp.Integral(_counted_twice, _x)
_overlaps = sp.Sum(sp.sqrt(_p[_i] * _p[_k]) * s.bhattacharyya[_i, _k], *pairs)
confusion_bound = Theorem(
    name="confusion_bound",
    title="Posterior confusion under Bhattacharyya overlap",
    in_words="Confused diversity is at most the overlap of the texts' Gaussians, pair by pair.",
    statement=sp.Le(_CH, _overlaps, evaluate=False),
    kind=Kind.UPPER_BOUND,
    source=Source.RECONSTRUCTED,
    reference="Theorem 4.2 (T4)",
    assumptions=(
        "the sum runs over unordered pairs, half of the sum over ordered pairs",
        "any densities q_i; for Gaussians see bhattacharyya_gaussian",
        CONFUSED,
    ),
    lemmas=("square_of_sum", "two_of_many"),
    derivation=(
        *confused_pairs,
        Step(
            rule="expectation under the mixture",
            claim=eq(Mean(_ri * _rk), sp.Integral(_r(_i, _x) * _r(_k, _x) * _mix(_x), _x)),
            label="pair as integral",
        ),
        Step(
            rule="instance",
            claim=eq(_r(_k, _x), _qk / _mix(_x)),
            label="other posterior",
            uses=("model:posterior",),
            given={_i: _k},
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(_ri * _rk), sp.Integral(_qi * _qk / _mix(_x), _x)),
            label="pair",
            uses=("pair as integral", "model:posterior", "other posterior"),
        ),
        Step(
            rule="lemma",
            claim=sp.Ge(
                sp.Sum(_p[_m] * _q(_m, _x), (_m, 0, _K - 1)), _qi + _qk - _same, evaluate=False
            ),
            label="two of many",
            uses=("lemma:two_of_many",),
            given={term[_m]: _p[_m] * _q(_m, _x), term[_i]: _qi, term[_k]: _qk},
        ),
        Step(
            rule="AM-GM",
            claim=sp.Ge(_mix(_x), 2 * _mean_root - _same, evaluate=False),
            label="mixture's floor",
            uses=("two of many", "model:mixture"),
            given={"weights": (1, 1), "form": (sp.sqrt(_qi) - sp.sqrt(_qk)) ** 2},
        ),
        Step(
            rule="combination",
            claim=sp.Le(_qi * _qk / _mix(_x) - _counted_twice, _mean_root / 2, evaluate=False),
            label="integrand",
            uses=("mixture's floor",),
            given={"weights": (_mean_root / (2 * _mix(_x)),)},
        ),
        Step(
            rule="monotone",
            claim=sp.Le(
                sp.Integral(_qi * _qk / _mix(_x) - _counted_twice, _x),
                sp.Integral(_mean_root / 2, _x),
                evaluate=False,
            ),
            label="integral",
            uses=("integrand",),
            given={"apply": sp.Integral, "over": (_x,)},
        ),
        Step(
            rule="combination",
            claim=sp.Le(
                Mean(_ri * _rk) - _twice,
                sp.sqrt(_p[_i] * _p[_k]) * s.bhattacharyya[_i, _k] / 2,
                evaluate=False,
            ),
            label="one pair",
            uses=("integral", "pair", "model:overlap"),
            given={"weights": (1, -1, sp.sqrt(_p[_i] * _p[_k]) / 2)},
        ),
        Step(
            rule="monotone",
            claim=sp.Le(
                sp.Sum(Mean(_ri * _rk) - _twice, *pairs),
                _overlaps / 2,
                evaluate=False,
            ),
            label="all pairs",
            uses=("one pair",),
            given={"apply": sp.Sum, "over": pairs},
        ),
        Step(
            rule="off the diagonal",
            claim=eq(sp.Sum(_twice, *pairs), sp.Sum(sp.S.Zero, *pairs)),
            label="no text twice",
        ),
        Step(
            rule="combination",
            claim=sp.Le(_CH, _overlaps, evaluate=False),
            uses=("confused pairs", "all pairs", "no text twice"),
            given={"weights": (-1, 2, -2)},
        ),
    ),
)

_a = s.feature
_axes = (_a, 0, _d - 1)
_l, _g = first_variance[_a], gap_of_means[_a]
_half = (1 + _l) / 2
_axis_value = -(_g**2) / _half / 8 - (sp.log(_half) - sp.log(_l) / 2) / 2
_var, _delta = sp.Symbol("l", positive=True), sp.Symbol("delta", real=True)
_axis_integral = sp.Integral(
    sp.exp(-(_x**2) / 4 - (_x - _delta) ** 2 / (4 * _var)) / sp.sqrt(2 * sp.pi * sp.sqrt(_var)),
    (_x, -sp.oo, sp.oo),
)
_gaussian = eq(
    s.log_bhattacharyya,
    -s.mahalanobis / 8 - (s.log_det_average - (s.log_det_first + s.log_det_second) / 2) / 2,
)
bhattacharyya_gaussian = Theorem(
    name="bhattacharyya_gaussian",
    title="Bhattacharyya coefficient of two Gaussians",
    in_words="Overlap falls with the Mahalanobis distance and with the difference of shapes.",
    statement=_gaussian,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="T4",
    assumptions=(
        "positive definite covariances S_1, S_2; average (S_1 + S_2)/2",
        "mahalanobis = (mu_1 - mu_2)' ((S_1 + S_2)/2)^-1 (mu_1 - mu_2)",
    ),
    lemmas=("diagonalised_overlap", "diagonalised_form", "diagonalised_determinants"),
    derivation=(
        Step(
            rule="integral",
            claim=eq(
                _axis_integral,
                sp.exp(-(_delta**2) / (4 * (1 + _var))) * sp.sqrt(2 * sp.sqrt(_var) / (1 + _var)),
            ),
            note="variances 1 and l on one axis, means delta apart",
            label="one axis",
        ),
        Step(
            rule="logarithm",
            claim=eq(axis_overlap(_a), _axis_value),
            label="log of one axis",
            uses=("model:axis_overlap", "one axis"),
            given={_var: _l, _delta: _g},
        ),
        Step(
            rule="substitution",
            claim=eq(s.log_bhattacharyya, sp.Sum(_axis_value, _axes)),
            label="all axes",
            uses=("lemma:diagonalised_overlap", "log of one axis"),
        ),
        Step(
            rule="combination",
            claim=_gaussian,
            uses=("all axes", "lemma:diagonalised_form", "lemma:diagonalised_determinants"),
            given={"weights": (1, -sp.Rational(1, 8), -sp.Rational(1, 2))},
        ),
    ),
)

THEOREMS = (confusion_bound, bhattacharyya_gaussian)
