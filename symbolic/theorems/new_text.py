"""Injection of new texts: T5, reading A, and its best injection fraction."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.injection import updated
from symbolic.recursions import solve_linear, stationary_point
from symbolic.relations import eq, ge
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.injection import BEFORE, dose, drift, kept

_alpha, _eps, _t, _M = s.injection_prob, s.injection_fraction, s.generations, s.text_updates
_h, _hi, _H0 = s.text_diversity_at, s.injected_diversity_at, s.initial_text_diversity
_texts = (s.text, 0, s.num_texts - 1)
_gain = 2 * _alpha * _eps * (1 - _eps)
_factor = drift * kept
guaranteed = stationary_point(_factor, drift * _gain)

NEW_TEXT = "new text: p <- ((1 - epsilon) p, epsilon) with probability alpha"
DOMAIN = "N >= 2, M >= 1, alpha > 0"


_curve = ge(Mean(_h[_t]), solve_linear(_factor, drift * _gain, _H0, _t))
new_text_curve_lower_bound = Theorem(
    name="new_text_curve_lower_bound",
    title="Text diversity that new texts guarantee at each generation",
    in_words="Injecting new texts keeps mean diversity above this curve, from any start.",
    statement=_curve,
    kind=Kind.LOWER_BOUND,
    source=Source.OURS,
    reference="Theorem 6.1 (T5)",
    assumptions=(NEW_TEXT, BEFORE, "equality if posteriors are one-hot"),
    conditions=(_factor < 1,),
    derivation=(
        Step(
            rule="combination",
            claim=eq(sp.Sum(s.text_probs[s.text] ** 2, _texts), 1 - s.text_diversity),
            label="sum of squares",
            uses=("model:diversity",),
            given={"weights": (1,)},
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(s.injected_diversity), kept * s.text_diversity + _gain),
            label="one injection",
            uses=("model:new_text", "sum of squares"),
        ),
        Step(
            rule="tower",
            claim=eq(Mean(_hi[_t]), kept * Mean(_h[_t]) + _gain),
            label="injected",
            uses=("one injection",),
            given={s.text_diversity: _h[_t], s.injected_diversity: _hi[_t]},
        ),
        Step(
            rule="tower",
            claim=ge(Mean(updated[_M]), drift * Mean(_hi[_t])),
            note="M text updates from the injected state",
            label="all updates",
            uses=("theorem:text_diversity_lower_bound",),
            given={_h[_t]: updated[_M], _t: _M, _H0: _hi[_t]},
        ),
        Step(
            rule="combination",
            claim=ge(Mean(_h[_t + 1]), _factor * Mean(_h[_t]) + drift * _gain),
            label="generation",
            uses=("model:updates_end_before", "all updates", "injected"),
            given={"weights": (1, 1, drift)},
        ),
        Step(
            rule="induction",
            claim=_curve,
            uses=("generation", "model:text_start"),
        ),
    ),
)

new_text_lower_bound = Theorem(
    name="new_text_lower_bound",
    title="Text diversity that new texts guarantee",
    in_words="Injecting new texts keeps mean diversity above this value in the long run.",
    statement=ge(s.limit_text_diversity, guaranteed),
    kind=Kind.LOWER_BOUND,
    source=Source.RECONSTRUCTED,
    reference="Theorem 6.1 (T5)",
    assumptions=(NEW_TEXT, BEFORE, "equality if posteriors are one-hot"),
    conditions=(_factor < 1,),
    derivation=(
        Step(
            rule="long-run limit",
            claim=ge(s.limit_text_diversity, guaranteed),
            uses=("theorem:new_text_curve_lower_bound",),
            given={"vanishing": {_factor: (1 - drift) + drift * dose}},
        ),
    ),
)

_strength = _alpha * drift / (1 - drift)  # alpha (N - 1) when M = 1
_root = sp.sqrt(1 + _strength)
_b = sp.Symbol("b", positive=True)
_sigma = sp.sqrt(1 + _b)
_by_strength = 2 * _b * _eps * (1 - _eps) / (1 + _b * _eps * (2 - _eps))
_square = 1 - _eps * (1 + _sigma)
_weight = (1 - 1 / _sigma) / (1 + _b * _eps * (2 - _eps))
_excess = sp.Symbol("excess", positive=True)  # sqrt(1 + b) - 1
_positive = {_b: _excess * (2 + _excess)}
_best = (
    Step(
        rule="abbreviation",
        claim=ge(s.limit_text_diversity, _by_strength),
        note="the bound depends on N, M and alpha through b = alpha a^M / (1 - a^M) only",
        label="by strength",
        uses=("theorem:new_text_lower_bound",),
        given={"name": _b, "stands for": _strength},
    ),
    Step(
        rule="algebra",
        claim=eq(1 - 1 / _sigma - _by_strength, _weight * _square**2),
        label="gap",
    ),
)
new_text_best_fraction = Theorem(
    name="new_text_best_fraction",
    title="Best fraction for new texts",
    in_words="The injection fraction that makes the guaranteed diversity largest.",
    statement=eq(s.best_injection_fraction, 1 / (1 + _root)),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="T5",
    assumptions=(NEW_TEXT, BEFORE, DOMAIN),
    conditions=(s.batch_size >= 2, _M >= 1, _alpha > 0),
    derivation=(
        *_best,
        Step(
            rule="maximum",
            claim=eq(s.best_injection_fraction, 1 / (1 + _sigma)),
            label="best",
            uses=("by strength", "gap"),
            given={"variable": _eps, "root": _square, "weight": _weight, "domain": _positive},
        ),
        Step(
            rule="instance",
            claim=eq(s.best_injection_fraction, 1 / (1 + _root)),
            uses=("best",),
            given={_b: _strength},
        ),
    ),
)
new_text_best_value = Theorem(
    name="new_text_best_value",
    title="Largest diversity that new texts guarantee",
    in_words="The guaranteed diversity at the best injection fraction.",
    statement=eq(s.best_text_diversity, 1 - 1 / _root),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="T5",
    assumptions=(NEW_TEXT, BEFORE, DOMAIN),
    conditions=(s.batch_size >= 2, _M >= 1, _alpha > 0),
    derivation=(
        *_best,
        Step(
            rule="maximal value",
            claim=eq(s.best_text_diversity, 1 - 1 / _sigma),
            label="best",
            uses=("by strength", "gap"),
            given={"root": _square, "weight": _weight, "variable": _eps,
                   "at": 1 / (1 + _sigma), "domain": _positive},
        ),
        Step(
            rule="instance",
            claim=eq(s.best_text_diversity, 1 - 1 / _root),
            uses=("best",),
            given={_b: _strength},
        ),
    ),
)  # fmt: skip

_h_min = s.diversity_floor
_part = sp.Symbol("over_h", positive=True)
_odds = drift / (1 - drift)  # the strength b of injections that always happen
_now, _wanted = sp.sqrt(1 + _b * _alpha), 1 / (1 - _h_min)
_least = (_wanted**2 - 1) / _b
new_text_smallest_prob = Theorem(
    name="new_text_smallest_prob",
    title="Smallest probability of new texts for a wanted diversity",
    in_words="The probability from which new texts, at the best fraction, guarantee h.",
    statement=eq(s.smallest_injection_prob, _least.subs(_b, _odds)),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="T5",
    assumptions=(
        NEW_TEXT, BEFORE, "h < 1, N >= 2, M >= 1; the fraction is the best one",
        "reachable only if it is at most 1: see new_text_ceiling",
    ),
    conditions=(s.batch_size >= 2, _M >= 1, _h_min < 1),
    derivation=(
        Step(
            rule="abbreviation",
            claim=eq(s.best_text_diversity, 1 - 1 / _now),
            note="b = a^M/(1 - a^M)",
            label="by strength",
            uses=("theorem:new_text_best_value",),
            given={"name": _b, "stands for": _odds},
        ),
        Step(
            rule="threshold",
            claim=eq(s.smallest_injection_prob, _least),
            label="threshold",
            uses=("by strength",),
            given={
                "variable": _alpha,
                "level": _h_min,
                "weight": _b / (_now * _wanted * (_now + _wanted)),
                "domain": {_h_min: 1 / (1 + _part)},
            },
        ),
        Step(
            rule="instance",
            claim=eq(s.smallest_injection_prob, _least.subs(_b, _odds)),
            uses=("threshold",),
            given={_b: _odds},
        ),
    ),
)  # fmt: skip

_top = 1 - sp.sqrt(1 - drift)
new_text_ceiling = Theorem(
    name="new_text_ceiling",
    title="Largest diversity that new texts can guarantee",
    in_words="No probability and no fraction of new texts guarantee more than this.",
    statement=sp.Le(s.best_text_diversity, _top, evaluate=False),
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="T5",
    assumptions=(NEW_TEXT, BEFORE, DOMAIN, "equality if alpha = 1"),
    conditions=(s.batch_size >= 2, _M >= 1),
    derivation=(
        Step(
            rule="nonnegative form",
            claim=ge(1 / (1 + _strength), 1 - drift),
            label="squares",
            given={"form": (1 - drift) * drift * (1 - _alpha) / ((1 - drift) + _alpha * drift)},
        ),
        Step(
            rule="square root",
            claim=ge(1 / _root, sp.sqrt(1 - drift)),
            label="roots",
            uses=("squares",),
        ),
        Step(
            rule="combination",
            claim=sp.Le(s.best_text_diversity, _top, evaluate=False),
            uses=("roots", "theorem:new_text_best_value"),
            given={"weights": (1, -1)},
        ),
    ),
)

THEOREMS = (
    new_text_curve_lower_bound,
    new_text_lower_bound,
    new_text_best_fraction,
    new_text_best_value,
    new_text_smallest_prob,
    new_text_ceiling,
)
