"""Second moments of the covariance along a trajectory, and the variance of its trace: I7.

The squared trace and the trace of the square form a closed linear system.  Their combinations
``(tr)^2 + 2 tr(square)`` and ``(tr)^2 - tr(square)`` have factors ``1 + 2/nu`` and ``1 - 1/nu`` of
their own.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.fidelity import variance_at
from symbolic.model.spectra import growing_mode, shrinking_mode
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.image import ENOUGH_IMAGES, UPDATES, covariance_scale, freedom

_t, _scale = s.generations, covariance_scale
_T, _Q, _T0, _Q0 = variance_at, s.square_trace_at, s.image_variance, s.image_square_trace
_TRACES = (*ENOUGH_IMAGES, _Q0 / _T0**2 <= 1)  # a square trace is at most the squared trace
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
        conditions=_TRACES,
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
    conditions=_TRACES,
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
    image_trace_square_mean,
    image_square_trace_mean,
    image_trace_variance,
)
