"""Whether inputs that linear attention labelled itself help it, and how many.

The error is a parabola in the share of the synthetic inputs.  From the real examples on for which
``eta`` is the best gain none help.  With fewer, endless ones act as a smaller gain, ``eta^2``.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.in_context_augmentation import endless_gap, gain_gap
from symbolic.model.in_context_loop import first_context_aim, first_context_square
from symbolic.relations import eq, ge
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Step
from symbolic.theorems.in_context import theorem
from symbolic.theorems.in_context_augmentation import AUGMENTED, own, spread, value
from symbolic.theorems.in_context_loop import first

_n, _n0, _d, _eta = s.num_synthetic, s.num_real, s.num_features, s.attention_gain
_norm, _entry, _E = s.squared_norm, s.coefficient_product, s.augmentation_error
_scattered = own * _n / (_n0 + _n) ** 2

_of_first = (
    Step(
        rule="instance",
        claim=eq(Mean(first_context_square), first),
        label="square",
        uses=("theorem:context_moment",),
        given={
            s.context_square: first_context_square,
            s.num_context: _n0,
            s.label_noise: s.real_label_noise,
        },
    ),
    Step(
        rule="instance",
        claim=eq(Mean(first_context_aim), _norm),
        label="aim",
        uses=("theorem:context_mean",),
        given={s.context_product: first_context_aim, _entry: _norm},
    ),
)
_level = _eta * _n0 * spread / ((1 - _eta) * _norm)
_threshold = eq(s.augmentation_threshold, _level)
augmentation_threshold = theorem(
    "augmentation_threshold",
    "Real examples from which on no synthetic input helps",
    "There eta is the best gain for the real examples; with more of them it is below the best.",
    _threshold,
    (
        *_of_first,
        Step(
            rule="substitution",
            claim=eq(gain_gap, _norm - _eta * first),
            label="gap",
            uses=("model:gain_gap", "square", "aim"),
        ),
        Step(
            rule="level reached",
            claim=_threshold,
            uses=("gap",),
            given={"level": sp.S.Zero, "variable": _n0},
        ),
    ),
    AUGMENTED, "eta u_0 and w - eta u_0 have the mean product 0; true coefficients are not all 0",
    "a sufficient number (see augmentation_useless_from); with fewer the slope tells",
    conditions=(_eta < 1, _norm > 0),
)  # fmt: skip
_without = _norm * (1 - _eta) ** 2 + _eta**2 * spread
_at_least = ge(_E(_n), _without + _scattered)
_over = sp.Symbol("over_gain", positive=True), sp.Symbol("over_real", nonnegative=True)
_small = {  # a gain below 1, and as many real examples as the threshold, or more
    _n0: ((_d + 1) * _norm + _d * s.real_label_noise) / (_over[0] * _norm) + _over[1],
    _eta: 1 / (1 + _over[0]),
}
augmentation_useless_from = theorem(
    "augmentation_useless_from",
    "From the threshold on no number of synthetic inputs helps",
    "The error is that of the real examples alone, and what the synthetic inputs scatter.",
    _at_least,
    (
        Step(
            rule="combination",
            claim=_at_least,
            uses=("theorem:augmentation_error",),
            given={
                "weights": (1,),
                "form": value - _without - _scattered,
                "domain": _small,
            },
        ),
    ),
    AUGMENTED, "eta is at most the best gain for the real examples", "attained without any",
    conditions=(_eta < 1, _norm > 0, _n0 >= _level), kind=Kind.LOWER_BOUND,
)  # fmt: skip

# ------------------------------------------------------------------------------- endless inputs

_endless = _norm * (1 - _eta**2) ** 2 + _eta**4 * spread
_limit = eq(s.augmentation_limit, _endless)
augmentation_endless = theorem(
    "augmentation_endless",
    "Error of linear attention on endless inputs that it labelled itself",
    "They have no scatter of their own, and outweigh the real examples: the gain is eta^2.",
    _limit,
    (
        *_of_first,
        Step(
            rule="substitution",
            claim=_limit,
            uses=("model:augmentation_limit", "square", "aim"),
        ),
    ),
    AUGMENTED, "n_s without end",
)  # fmt: skip
_below_one = {_eta: 1 / (1 + _over[0])}
_last = eq(
    s.endless_threshold, _eta * (1 + _eta) * _n0 * spread / ((1 - _eta) * (2 + _eta) * _norm)
)
augmentation_endless_threshold = theorem(
    "augmentation_endless_threshold",
    "Real examples from which on endless synthetic inputs do not help",
    "Fewer real examples gain from the smaller gain eta^2, more lose by it.",
    _last,
    (
        Step(
            rule="instance",
            claim=eq(_E(0), _without),
            label="without",
            uses=("theorem:augmentation_error",),
            given={_n: sp.S.Zero},
        ),
        Step(
            rule="substitution",
            claim=eq(endless_gap, _endless - _without),
            label="gap",
            uses=("model:endless_gap", "theorem:augmentation_endless", "without"),
        ),
        Step(
            rule="level reached",
            claim=_last,
            uses=("gap",),
            given={"level": sp.S.Zero, "variable": _n0, "domain": _below_one},
        ),
    ),
    AUGMENTED, "n_s without end; eta < 1; true coefficients are not all 0",
    conditions=(_eta < 1, _norm > 0),
)  # fmt: skip
_chord = ge(_E(_n), (_n0 * _without + _n * _endless) / (_n0 + _n))
_room = (_d + 1) * _eta**2 - _n0 * (1 - _eta) ** 2
_bend = _eta**2 * first * _room + _eta**2 * _d * s.label_noise
_many = {  # a gain below 1, and fewer real examples than make up for the scatter
    _n0: (_d + 1) / (_over[0] ** 2 + _over[1]),
    _eta: 1 / (1 + _over[0]),
}
augmentation_none_or_endless = theorem(
    "augmentation_none_or_endless",
    "The best number of synthetic inputs is none, or no number is enough",
    "The error is at least the average of those without and with endless ones.",
    _chord,
    (
        Step(
            rule="combination",
            claim=_chord,
            uses=("theorem:augmentation_error",),
            given={
                "weights": (1,),
                "form": _n / (_n0 + _n) ** 2 * _bend,
                "domain": _many,
            },
        ),
    ),
    AUGMENTED, "n_r (1 - eta)^2 is at most (d + 1) eta^2, eta < 1", "attained without any",
    conditions=(_n0 * (1 - _eta) ** 2 <= (_d + 1) * _eta**2, _eta < 1), kind=Kind.LOWER_BOUND,
)  # fmt: skip

THEOREMS = (
    augmentation_threshold,
    augmentation_useless_from,
    augmentation_endless,
    augmentation_endless_threshold,
    augmentation_none_or_endless,
)
