"""The squared trace of the covariance and the trace of its square after one update: I7."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.spectra import axes, next_entry, other_axes
from symbolic.relations import eq
from symbolic.symbols import Mean, SampleMean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.image import ENOUGH_IMAGES, covariance_scale, freedom

_a, _b = s.feature, s.other_feature
_za, _zb, _sd = s.normal_draw[_a], s.normal_draw[_b], s.image_sd
_delta, _scale = sp.KroneckerDelta(_a, _b), covariance_scale
_trace, _squares = sp.Sum(_sd[_a] ** 2, axes), sp.Sum(_sd[_a] ** 4, axes)
_next_trace = sp.Sum(next_entry(_a, _a), axes)
ONE_UPDATE = (
    "one image update with n images, n >= 2, n > ddof; no user content",
    "expectation given the covariance before the update",
    "square trace: the trace of Sigma^2, at most (tr Sigma)^2",
)


def _cross(first: sp.Expr, second: sp.Expr, label: str) -> Step:
    means = Mean(first) * Mean(second)
    return Step(
        rule="i.i.d. sum",
        claim=eq(
            Mean(SampleMean(first, freedom) * SampleMean(second, freedom)),
            Mean(first * second) / freedom + (1 - 1 / freedom) * means,
        ),
        label=label,
    )


_fourth = Step(rule="Isserlis", claim=eq(Mean(_za**2 * _zb**2), 1 + 2 * _delta), label="fourth")
_one_square = _scale**2 * (s.current_variance**2 + 2 * s.current_square_trace / freedom)
_one_product = _scale**2 * (
    (1 + 1 / freedom) * s.current_square_trace + s.current_variance**2 / freedom
)


def _one_update(
    name: str,
    title: str,
    in_words: str,
    quantity: sp.Expr,
    by_axis: tuple[Step, ...],
    value: sp.Expr,
    steps: tuple[Step, ...],
) -> Theorem:
    squared, single = (value.coeff(s.current_variance, 2), value.coeff(s.current_square_trace))
    weights = (1, -squared * (s.current_variance + _trace), -single)
    by_sums = squared * _trace**2 + single * _squares
    labels = tuple(step.label for step in steps)
    return Theorem(
        name=name,
        title=title,
        in_words=in_words,
        statement=eq(Mean(quantity), value),
        kind=Kind.EXACT,
        source=Source.OURS,
        reference="I7",
        assumptions=ONE_UPDATE,
        conditions=(*ENOUGH_IMAGES, s.current_square_trace / s.current_variance**2 <= 1),
        derivation=(
            *steps,
            *by_axis,
            Step(
                rule="substitution",
                claim=eq(by_axis[-1].claim.rhs, by_sums),
                label="value by axis",
                uses=labels,
            ),
            Step(
                rule="combination",
                claim=eq(Mean(quantity), by_sums),
                label="mean by axis",
                uses=(*(step.label for step in by_axis), "value by axis"),
                given={"weights": (1,) * (len(by_axis) + 1)},
            ),
            Step(
                rule="combination",
                claim=eq(Mean(quantity), value),
                uses=("mean by axis", "model:current_variance", "model:current_square_trace"),
                given={"weights": weights},
            ),
        ),
    )


image_trace_square_step = _one_update(
    "image_trace_square_step",
    "Squared trace of the covariance after one update",
    "The mean squared trace gains twice the trace of the square over nu.",
    s.next_trace**2,
    (
        Step(
            rule="substitution",
            claim=eq(Mean(s.next_trace**2), Mean(_next_trace**2)),
            label="by axis",
            uses=("model:next_trace",),
        ),
        Step(
            rule="double sum",
            claim=eq(
                Mean(_next_trace**2),
                sp.Sum(Mean(next_entry(_a, _a) * next_entry(_b, _b)), other_axes, axes),
            ),
            label="two axes",
        ),
    ),
    sp.expand(_one_square, deep=False),
    (
        _cross(_za**2, _zb**2, "product"),
        Step(rule="Isserlis", claim=eq(Mean(_za**2), 1), label="second"),
        _fourth,
    ),
)
image_square_trace_step = _one_update(
    "image_square_trace_step",
    "Trace of the squared covariance after one update",
    "The trace of the squared covariance gains its own share and the squared trace over nu.",
    s.next_square_trace,
    (
        Step(
            rule="monotone",
            claim=eq(
                Mean(s.next_square_trace), Mean(sp.Sum(next_entry(_a, _b) ** 2, other_axes, axes))
            ),
            label="by axis",
            uses=("model:next_square_trace",),
            given={"apply": Mean},
        ),
    ),
    sp.expand(_one_product, deep=False),
    (
        _cross(_za * _zb, _za * _zb, "product"),
        Step(rule="Isserlis", claim=eq(Mean(_za * _zb), _delta), label="second"),
        _fourth,
    ),
)

THEOREMS = (image_trace_square_step, image_square_trace_step)
