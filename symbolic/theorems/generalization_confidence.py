"""Generalisation of a model fitted to real and generated examples: most of the time (F3).

Total variation says nothing of losses but their mean, so that a bound with a given confidence
rests on a second moment, by Chebyshev's inequality: it grows like one over the root of the
probability of failing, and not like the root of its logarithm.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.relations import eq, le
from symbolic.symbols import Mean
from symbolic.symbols import generalization_parts as g
from symbolic.theorem import Step
from symbolic.theorems.distribution_shift import WITHIN, shift
from symbolic.theorems.generalization import ALONE, EVER, LOOP, made_gap, parts, real_gap
from symbolic.theorems.generalization_parts import bound_of, square_bound

_a, _n, _M, _delta = s.real_share, s.num_examples, s.loss_bound, s.error_chance
_beta, _gamma = s.uniform_stability, s.recursive_stability
_deviation = s.generalization_deviation
_convex = _a * real_gap**2 + (1 - _a) * made_gap**2
_moment = _M**2 / _n + 4 * _M * _beta + 2 * _a * _M**2 * _gamma
_claim = le(Mean(_deviation**2), _moment)
generalization_second_moment = bound_of(
    "generalization_second_moment",
    "Mean square of the generalisation gap about its shift",
    "Of independent examples it would be of order one over their number; stability adds to it.",
    _claim,
    (
        *parts("generalization_part_square", Mean(g.part_deviation**2), square_bound.rhs),
        Step(
            rule="nonnegative form",
            claim=le(_deviation**2, _convex),
            note="convexity of the square",
            label="convex",
            uses=("model:gap_deviation",),
            given={
                "weights": (-_deviation - _a * real_gap - (1 - _a) * made_gap,),
                "form": _a * (1 - _a) * (real_gap - made_gap) ** 2,
            },
        ),
        Step(
            rule="monotone",
            claim=le(Mean(_deviation**2), Mean(_convex)),
            label="mean",
            uses=("convex",),
            given={"apply": Mean},
        ),
        Step(
            rule="combination",
            claim=_claim,
            uses=("mean", "real part", "generated part", "model:share_of_real",
                  "model:share_of_generated"),
            given={
                "weights": (
                    1, _a, 1 - _a, -(_M**2) / (2 * _n * s.num_real),
                    -(_M**2) / (2 * _n * s.num_generated),
                )
            },
        ),
    ),
    LOOP, "the deviation is the gap less (1 - alpha)(R_0 - R_t), of the model's own law",
    conditions=(_a > 0,),
)  # fmt: skip
_quantile = le(g.gap_quantile, (1 - _a) * _M * shift + sp.sqrt(_moment / _delta))
generalization_confidence = bound_of(
    "generalization_confidence",
    "Generalisation gap with confidence",
    "The size of the gap that is reached with probability delta is at most this.",
    _quantile,
    (
        Step(
            rule="combination",
            claim=le(g.deviation_quantile**2, _moment / _delta),
            label="squared",
            uses=("lemma:quantile_chebyshev", "theorem:generalization_second_moment"),
            given={"weights": (1, 1 / _delta)},
        ),
        Step(
            rule="square root",
            claim=le(g.deviation_quantile, sp.sqrt(_moment / _delta)),
            label="deviation",
            uses=("squared",),
        ),
        Step(
            rule="combination",
            claim=_quantile,
            uses=("lemma:quantile_shift", "deviation", "theorem:distribution_shift"),
            given={"weights": (1, 1, (1 - _a) * _M)},
        ),
    ),
    LOOP, WITHIN, EVER, "with probability 1 - delta at least the gap is no larger",
    "total variation alone gives no exponential confidence: delta stands under a root, not in a "
    "logarithm",
    conditions=(_a > 0,), lemmas=("quantile_chebyshev", "quantile_shift"),
)  # fmt: skip
_alone = _M**2 / (2 * s.num_generated) + 4 * _M * _beta
_far = _M * s.generations * s.generation_error
_without = le(g.gap_quantile, _far + sp.sqrt(_alone / _delta))
generalization_confidence_without_real = bound_of(
    "generalization_confidence_without_real",
    "Generalisation gap with confidence, without real data",
    "The shift grows with every fit; the rest is that of independent examples.",
    _without,
    (
        parts("generalization_part_square", Mean(g.part_deviation**2), square_bound.rhs)[1],
        Step(
            rule="substitution",
            claim=eq(Mean(_deviation**2), Mean(made_gap**2)),
            label="generated alone",
            uses=("model:gap_deviation", "model:without_real"),
        ),
        Step(
            rule="combination",
            claim=le(g.deviation_quantile**2, _alone / _delta),
            label="squared",
            uses=("lemma:quantile_chebyshev", "generated alone", "generated part"),
            given={"weights": (1, -1 / _delta, 1 / _delta)},
        ),
        Step(
            rule="square root",
            claim=le(g.deviation_quantile, sp.sqrt(_alone / _delta)),
            label="deviation",
            uses=("squared",),
        ),
        Step(
            rule="combination",
            claim=_without,
            uses=("lemma:quantile_shift", "deviation", "model:without_real",
                  "theorem:distribution_shift_without_real"),
            given={
                "weights": (1, 1, _M * s.distribution_shift_at[s.generations], _M)
            },
        ),
    ),
    LOOP, WITHIN, EVER, ALONE, "with probability 1 - delta at least the gap is no larger",
    lemmas=("quantile_chebyshev", "quantile_shift"),
)  # fmt: skip
_step = s.example_distance / _n
_stable = le(s.uniform_stability, s.loss_lipschitz * _step)
uniform_stability_lipschitz = bound_of(
    "uniform_stability_lipschitz",
    "Uniform stability of a fitted mean",
    "One example moves the mean by its share of its distance, and the loss in proportion.",
    _stable,
    (
        Step(
            rule="substitution",
            claim=eq(g.mean_change, _step),
            label="mean",
            uses=("model:fitted_mean", "model:one_member"),
        ),
        Step(
            rule="combination",
            claim=_stable,
            uses=("model:lipschitz_loss", "mean"),
            given={"weights": (1, -s.loss_lipschitz)},
        ),
    ),
    "the fitted mean is that of all n examples; the loss is Lipschitz in it",
)  # fmt: skip

THEOREMS = (
    generalization_second_moment,
    generalization_confidence,
    generalization_confidence_without_real,
    uniform_stability_lipschitz,
)
