"""Recursive stability of other laws: one example by Wasserstein distance; lines, in regression.

Total variation falls as noise gathers; Wasserstein distance does not: what one example may be moves
by as much as the first mean.  Where the variance is fitted, too, the distance grows with the
generations, because two standard deviations drift apart as they drift.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.recursive_stability import distance, variance
from symbolic.model.recursive_stability import normal_shift
from symbolic.model.recursive_stability_laws import (
    axes,
    axis,
    changed_input,
    other_weight_at,
    pair_difference,
    standard_mean,
    standard_sd,
    weight_at,
    weight_distance_at,
    weight_shift_at,
)
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Step
from symbolic.theorems.recursive_stability import CHANGED, LOOP, MIXED, memory, theorem

_t, _a, _n, _n0 = s.generations, s.real_share, s.num_generated, s.num_real
_R, _W, _d = s.example_distance, s.wasserstein_stability_at, pair_difference[_t]
_REFERENCE = "recursive stability (F2), Wasserstein distance"
_translated = eq(_W[_t], _R / _n0)
wasserstein_stability_gaussian = theorem(
    "wasserstein_stability_gaussian",
    "Wasserstein distance of one generated example, the variance known",
    "The law is moved as the first mean is, in every generation and for any share of real data.",
    _translated,
    (
        Step(
            rule="substitution",
            claim=_translated,
            uses=("lemma:translated_law", "theorem:paired_shift"),
        ),
    ),
    LOOP, CHANGED, "of order 1 and 2; any law of the residuals",
    lemmas=("translated_law",), reference=_REFERENCE,
)  # fmt: skip

# --------------------------------------------------------------------------- mean and variance

_A, _B, _later = standard_mean, standard_sd, _t + 1
_squares = eq(Mean(_B[_t] ** 2), sp.S.One)
_centred = eq(Mean(_A[_t]), sp.S.Zero)
_spread = eq(Mean(_A[_t] ** 2), _t / _n)
_apart = eq(_W[_t] ** 2, s.mean_shift**2 + s.sd_shift**2 * (1 + _t / _n))


def _recursion(claim: sp.Eq, name: str, step: sp.Eq, start: sp.Eq, *uses: str) -> tuple[Step, ...]:
    """Steps to a mean along the generations."""
    which = "sd" if claim.lhs.has(_B) else "mean"
    return (
        Step(
            rule="substitution",
            claim=step,
            label=f"each {name}",
            uses=(f"model:standard_{which}", *uses),
        ),
        Step(
            rule="monotone" if start.lhs == Mean(_A[0]) else "substitution",
            claim=start,
            label=f"first {name}",
            uses=(f"model:standard_{which}_start",),
            given={"apply": Mean} if start.lhs == Mean(_A[0]) else {},
        ),
        Step(
            rule="linear recursion",
            claim=claim,
            label=name,
            uses=(f"each {name}", f"first {name}"),
        ),
    )


wasserstein_stability_fitted = theorem(
    "wasserstein_stability_fitted",
    "Wasserstein distance of one generated example, mean and variance fitted",
    "The difference of the first standard deviations counts ever more.",
    _apart,
    (
        *_recursion(
            _squares, "square", eq(Mean(_B[_later] ** 2), Mean(_B[_t] ** 2)),
            eq(Mean(_B[0] ** 2), sp.S.One), "model:sample_variance_mean",
        ),
        *_recursion(
            _centred, "centre", eq(Mean(_A[_later]), Mean(_A[_t])),
            eq(Mean(_A[0]), sp.S.Zero), "model:sample_centred",
        ),
        *_recursion(
            _spread, "spread", eq(Mean(_A[_later] ** 2), Mean(_A[_t] ** 2) + 1 / _n),
            eq(Mean(_A[0] ** 2), sp.S.Zero),
            "model:sample_fresh", "model:sample_mean_square", "square",
        ),
        Step(
            rule="substitution",
            claim=_apart,
            uses=("lemma:increasing_pairing", "model:pair_difference", "model:residual_centred",
                  "model:residual_fresh", "model:residual_square", "square", "centre", "spread"),
        ),
    ),
    "mean and variance (divided by n - 1) of a law on the line are fitted: first to n_r real "
    "examples, then to n_g generated ones alone",
    "the law is one of location and scale (a Gaussian, say)",
    "real data whose means and standard deviations (none zero) differ by mean_shift and sd_shift",
    "of order 2; generation t is what the model after t + 1 fits generates",
    lemmas=("increasing_pairing",), reference=_REFERENCE,
)  # fmt: skip

# ---------------------------------------------------------------------------------- regression

_shift, _far, _x = weight_shift_at, weight_distance_at, changed_input[axis]
_gap = other_weight_at[_t, axis] - weight_at[_t, axis]
_along = eq(_shift[_t, axis], _x * _R / _n0)
_start = eq(_shift[0, axis], _x * _R / _n0)
_square = eq(_shift[_t, axis] ** 2, _x**2 * (_R / _n0) ** 2)
_distance = _R * s.input_norm / _n0
_value = sp.erf(_distance / (2 * sp.sqrt(2) * sp.sqrt(memory)))
_stability = eq(s.recursive_stability_at[_t], _value)


def _when(time: sp.Expr, label: str) -> Step:
    """The distance of two weights at another time."""
    return Step(
        rule="instance",
        claim=eq(_shift[time, axis], _gap.subs(_t, time)),
        label=label,
        uses=("model:weight_shift",),
        given={_t: time},
    )


recursive_stability_regression = theorem(
    "recursive_stability_regression",
    "Recursive stability of linear regression with known noise",
    "One label moves the weights along its input: the longer that, the more it is felt.",
    _stability,
    (
        _when(_later, "later"),
        _when(sp.S.Zero, "first"),
        Step(
            rule="substitution",
            claim=_start,
            label="start",
            uses=("first", "model:first_weight", "model:other_first_weight",
                  "model:changed_label"),
        ),
        Step(
            rule="substitution",
            claim=eq(_shift[_later, axis], (1 - _a) * _shift[_t, axis] + _a * _shift[0, axis]),
            label="each",
            uses=("later", "model:weight_step", "model:other_weight_step", "model:weight_shift",
                  "first"),
        ),
        Step(
            rule="substitution",
            claim=eq(_shift[_later, axis], (1 - _a) * _shift[_t, axis] + _a * _x * _R / _n0),
            label="recursion",
            uses=("each", "start"),
        ),
        Step(
            rule="linear recursion", claim=_along, label="along", uses=("recursion", "start")
        ),
        Step(
            rule="substitution",
            claim=_square,
            label="square",
            uses=("along",),
        ),
        Step(
            rule="monotone",
            claim=eq(sp.Sum(_square.lhs, axes), sp.Sum(_square.rhs, axes)),
            label="all axes",
            uses=("square",),
            given={"apply": sp.Sum, "over": (axes,)},
        ),
        Step(
            rule="combination",
            claim=eq(_far[_t] ** 2, _distance**2),
            label="squared",
            uses=("all axes", "model:weight_distance", "model:input_norm"),
            given={"weights": (1, 1, -((_R / _n0) ** 2))},
        ),
        Step(
            rule="square root", claim=eq(_far[_t], _distance), label="distance", uses=("squared",)
        ),
        Step(
            rule="instance",
            claim=eq(normal_shift(_distance, memory), _value),
            label="normals",
            uses=("lemma:normal_total_variation",),
            given={distance: _distance, variance: memory},
        ),
        Step(
            rule="substitution",
            claim=_stability,
            uses=("lemma:sufficient_weights", "distance", "theorem:memory_variance", "normals"),
        ),
    ),
    "least squares on inputs with X'X = n I in every batch, all the same in both loops; normal "
    "noise of known_variance",
    "first n_r real labels, then real ones of weight alpha and n_g generated ones; of all labels "
    "of generation t, which the weights after t + 1 fits generate",
    "one real label is changed, by example_distance", MIXED,
    conditions=(_a > 0,), lemmas=("sufficient_weights", "normal_total_variation"),
)  # fmt: skip

THEOREMS = (
    wasserstein_stability_gaussian,
    wasserstein_stability_fitted,
    recursive_stability_regression,
)
