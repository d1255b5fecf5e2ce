"""Texts of one, large covariance: T3, the leading order of their confusion."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.text import CONFUSED
from symbolic.theorems.told_apart import as_squares, lower_steps, upper_steps

_i, _k, _m, _K, _H = s.text, s.other_text, s.count_index, s.num_texts, s.text_diversity
_p, _W = s.text_probs, s.text_products
_texts, _others, _thirds = (_i, 0, _K - 1), (_k, 0, _K - 1), (_m, 0, _K - 1)
_square = Mean(s.posterior(_i, s.image_draw) ** 2)

_lead = sp.Sum(_p[_i] ** 2 * s.text_distance[_i], _texts)
_by_products = sp.Sum(_p[_i] ** 2 * (1 + _W[_i, _i]), _texts)
confusion_large_covariance = Theorem(
    name="confusion_large_covariance",
    title="Posterior confusion at large covariance",
    in_words="With one common, large covariance confusion tends to 1 like one over the variance.",
    statement=eq(1 - s.posterior_confusion, _lead / _H),
    kind=Kind.ASYMPTOTIC,
    source=Source.OURS,
    reference="Theorem 4.1 (T3)",
    assumptions=(
        "all texts share one covariance S, and S grows",
        "text_distance[i] = (mu_i - mubar)' S^-1 (mu_i - mubar), mubar = sum_i p_i mu_i",
        "leading order: told_apart_lower_bound and told_apart_upper_bound enclose the remainder",
        CONFUSED,
    ),
    conditions=(_H > 0,),
    lemmas=("gaussian_exponential", "exponential_tangent"),
    derivation=(
        as_squares,
        *lower_steps,
        *upper_steps,
        Step(
            rule="instance",
            claim=eq(sp.Sum(_p[_m] * _W[_k, _m], _thirds), 0),
            label="centred",
            uses=("model:centred_products",),
            given={_i: _k, _k: _m},
        ),
        Step(
            rule="combination",
            claim=eq(_p[_k] * sp.Sum(_p[_m] * _W[_k, _m], _thirds), 0),
            label="weighted",
            uses=("centred",),
            given={"weights": (_p[_k],)},
        ),
        Step(
            rule="monotone",
            claim=eq(sp.Sum(_p[_k] * _p[_m] * _W[_k, _m], _thirds, _others), 0),
            label="centred pairs",
            uses=("weighted",),
            given={"apply": sp.Sum, "over": (_others,)},
        ),
        Step(
            rule="instance",
            claim=eq(sp.Sum(_p[_m] * _W[_i, _m], _thirds), 0),
            label="centred too",
            uses=("model:centred_products",),
            given={_k: _m},
        ),
        Step(
            rule="leading order between bounds",
            claim=eq(_square, _p[_i] ** 2 * (1 + _W[_i, _i])),
            label="one text",
            uses=(
                "one text, from above", "one text, from below", "model:total",
                "model:centred_products", "centred too", "centred pairs",
            ),
            given={"vanishing": _W, "order": 1},
        ),
        Step(
            rule="monotone",
            claim=eq(sp.Sum(_square, _texts), _by_products),
            label="all texts",
            uses=("one text",),
            given={"apply": sp.Sum, "over": (_texts,)},
        ),
        Step(
            rule="substitution",
            claim=eq(sp.Sum(_p[_i] ** 2 * s.text_distance[_i], _texts),
                     sp.Sum(_p[_i] ** 2 * _W[_i, _i], _texts)),
            label="named",
            uses=("model:text_distance",),
        ),
        Step(
            rule="combination",
            claim=eq(1 - s.posterior_confusion, _lead / _H),
            uses=("sum of variances", "all texts", "named"),
            given={"weights": (1 / _H, 1 / _H, -1 / _H)},
        ),
    ),
)  # fmt: skip

THEOREMS = (confusion_large_covariance,)
