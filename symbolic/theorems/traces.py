"""Second moments of the covariance: its squared trace and the trace of its square, I7.

They form a closed linear system.  Their combinations ``(tr)^2 + 2 tr(square)`` and
``(tr)^2 - tr(square)`` have factors ``1 + 2/nu`` and ``1 - 1/nu`` of their own, which gives the
variance of the trace after any number of updates.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.fidelity import variance_at
from symbolic.model.spectra import axes, growing_mode, next_entry, other_axes, shrinking_mode
from symbolic.symbols import Mean, SampleMean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.image import UPDATES, covariance_scale, freedom
from symbolic.theorems.text import eq

_t, _a, _b = s.generations, s.feature, s.other_feature
_T, _Q, _T0, _Q0 = variance_at, s.square_trace_at, s.image_variance, s.image_square_trace
_za, _zb, _sd = s.normal_draw[_a], s.normal_draw[_b], s.image_sd
_delta, _scale = sp.KroneckerDelta(_a, _b), covariance_scale
_trace, _squares = sp.Sum(_sd[_a] ** 2, axes), sp.Sum(_sd[_a] ** 4, axes)
_next_trace = sp.Sum(next_entry(_a, _a), axes)
ONE_UPDATE = (
    "one image update with n images, n >= 2, n > ddof; no user content",
    "expectation given the covariance before the update",
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
        Step(rule="Isserlis", claim=eq(Mean(_zb**2), 1), label="other second"),
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

# ------------------------------------------------------------------------- along a trajectory

_along = {
    s.current_variance: _T[_t],
    s.current_square_trace: _Q[_t],
    s.next_trace: _T[_t + 1],
    s.next_square_trace: _Q[_t + 1],
}
_squared_mean, _product_mean = Mean(_T[_t] ** 2), Mean(_Q[_t])
_step_square = eq(Mean(_T[_t + 1] ** 2), _scale**2 * (_squared_mean + 2 * _product_mean / freedom))
_step_product = eq(
    Mean(_Q[_t + 1]),
    _scale**2 * ((1 + 1 / freedom) * _product_mean + _squared_mean / freedom),
)
_two_steps = (
    Step(
        rule="tower",
        claim=_step_square,
        label="square",
        uses=("theorem:image_trace_square_step",),
        given=_along,
    ),
    Step(
        rule="tower",
        claim=_step_product,
        label="trace of the square",
        uses=("theorem:image_square_trace_step",),
        given=_along,
    ),
)


def _mode(
    base: sp.IndexedBase, premise: str, weight: int, factor: sp.Expr
) -> tuple[tuple[Step, ...], sp.Expr]:
    """Solve for one combination of the two moments that has a factor of its own."""
    start, each = _T0**2 + weight * _Q0, _scale**2 * factor

    def now(t: sp.Expr) -> sp.Expr:
        return _T[t] ** 2 + weight * _Q[t]

    later = f"later {premise}"
    steps = (
        Step(
            rule="instance",
            claim=eq(base[_t + 1], now(_t + 1)),
            label=later,
            uses=(f"model:{premise}",),
            given={_t: _t + 1},
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(base[_t + 1]), each * Mean(now(_t))),
            label=f"moments of {premise}",
            uses=(later, "square", "trace of the square"),
        ),
        Step(
            rule="monotone",
            claim=eq(Mean(base[_t]), Mean(now(_t))),
            label=f"mean {premise}",
            uses=(f"model:{premise}",),
            given={"apply": Mean},
        ),
        Step(
            rule="combination",
            claim=eq(Mean(base[_t + 1]), each * Mean(base[_t])),
            label=f"step of {premise}",
            uses=(f"moments of {premise}", f"mean {premise}"),
            given={"weights": (1, -each)},
        ),
        Step(
            rule="instance",
            claim=eq(base[0], now(sp.S.Zero)),
            label=f"first {premise}",
            uses=(f"model:{premise}",),
            given={_t: sp.S.Zero},
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(base[0]), start),
            label=f"start of {premise}",
            uses=(f"first {premise}", "model:trace_start", "model:square_trace_start"),
        ),
        Step(
            rule="linear recursion",
            claim=eq(Mean(base[_t]), _scale ** (2 * _t) * factor**_t * start),
            label=f"solved {premise}",
            uses=(f"step of {premise}", f"start of {premise}"),
        ),
    )
    return steps, _scale ** (2 * _t) * factor**_t * start


_up_steps, _up = _mode(growing_mode, "growing_mode", 2, 1 + 2 / freedom)
_down_steps, _down = _mode(shrinking_mode, "shrinking_mode", -1, 1 - 1 / freedom)
_modes = (*_two_steps, *_up_steps, *_down_steps)
_third, _two_thirds = sp.Rational(1, 3), sp.Rational(2, 3)
_solved = ("mean growing_mode", "solved growing_mode", "mean shrinking_mode",
           "solved shrinking_mode")  # fmt: skip


def _trajectory(
    name: str, title: str, in_words: str, statement: sp.Eq, up: sp.Expr, down: sp.Expr
) -> Theorem:
    return Theorem(
        name=name,
        title=title,
        in_words=in_words,
        statement=statement,
        kind=Kind.EXACT,
        source=Source.OURS,
        reference="I7",
        assumptions=UPDATES,
        derivation=(
            *_modes,
            Step(
                rule="combination",
                claim=statement,
                uses=_solved,
                given={"weights": (-up, up, -down, down)},
            ),
        ),
    )


image_trace_square_mean = _trajectory(
    "image_trace_square_mean",
    "Mean squared trace of the covariance",
    "The mean squared trace after t updates, from the two modes of the second moments.",
    eq(_squared_mean, _scale ** (2 * _t) * (
        (1 + 2 / freedom) ** _t * (_T0**2 + 2 * _Q0)
        + 2 * (1 - 1 / freedom) ** _t * (_T0**2 - _Q0)
    ) / 3),
    _third,
    _two_thirds,
)  # fmt: skip
image_square_trace_mean = _trajectory(
    "image_square_trace_mean",
    "Mean trace of the squared covariance",
    "The mean trace of the squared covariance after t updates.",
    eq(_product_mean, _scale ** (2 * _t) * (
        (1 + 2 / freedom) ** _t * (_T0**2 + 2 * _Q0) - (1 - 1 / freedom) ** _t * (_T0**2 - _Q0)
    ) / 3),
    _third,
    -_third,
)  # fmt: skip
_variance = eq(
    s.trace_variance, image_trace_square_mean.rhs - (_scale**_t * _T0) ** 2
)  # fmt: skip
image_trace_variance = Theorem(
    name="image_trace_variance",
    title="Variance of the trace of the covariance",
    in_words="How far the total variance of the images spreads over runs after t updates.",
    statement=_variance,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="I7",
    assumptions=UPDATES,
    derivation=(
        Step(
            rule="instance",
            claim=eq(Mean(s.directional_variance_at[_t]), _scale**_t * s.directional_variance),
            label="direction",
            uses=("theorem:directional_variance_mean",),
        ),
        Step(
            rule="combination",
            claim=eq(Mean(_T[_t]), _scale**_t * _T0),
            label="mean",
            uses=("model:trace_by_direction", "direction"),
            given={"weights": (1, _T0 / s.directional_variance)},
        ),
        Step(
            rule="combination",
            claim=_variance,
            uses=("model:trace_variance", "theorem:image_trace_square_mean", "mean"),
            given={"weights": (1, 1, -Mean(_T[_t]) - _scale**_t * _T0)},
        ),
    ),
)

THEOREMS = (
    image_trace_square_step,
    image_square_trace_step,
    image_trace_square_mean,
    image_square_trace_mean,
    image_trace_variance,
)
