"""Linear attention in a self-consuming loop with a kept real context: steps and recursions.

``w_(t+1) = eta (alpha u_0 + (1 - alpha) b)`` with ``b`` the mean product of a batch that ``w_t``
labels.  The overlap with ``u_0`` relaxes by ``eta (1 - alpha)``; the mean squared length is
multiplied by ``eta^2 (1 - alpha)^2 (1 + (d + 1)/n_g)``, which may be above 1.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.in_context_loop import (
    aim_at,
    batch_aim,
    batch_product,
    first_aim_at,
    first_context_aim,
    first_context_square,
    first_square_at,
    next_aim,
    next_product,
    product_at,
)
from symbolic.model.in_context_loop import batch_square as batch
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Step
from symbolic.theorems.in_context import batch_square, excess, theorem

_n, _d, _t, _eta, _share = (
    s.num_generated, s.num_features, s.generations, s.attention_gain, s.real_share,
)  # fmt: skip
_now, _square, _norm = s.context_product_now, s.first_square, s.squared_norm
_m, _N, _omega = s.location_error_at, s.coefficient_square_at, s.context_overlap_at
kept = _eta * (1 - _share)
growth = _eta**2 * (1 - _share) ** 2 * excess(_n)

LOOP = (
    "w_(t+1) = eta (alpha u_0 + (1 - alpha) b), b the mean product over n_g fresh inputs with "
    "labels by w_t (and noise of variance sigma2); w_0 = eta u_0; u_0 of n_r real examples, kept"
)
GIVEN = "expectation given w_t and the real context"
ALONE = "alpha = 0: real examples in the first fit only"
STABLE = growth < 1

# ------------------------------------------------------------------------------------- one step

_batch_means = (
    Step(
        rule="instance",
        claim=eq(Mean(batch_product), _now),
        label="batch product",
        uses=("theorem:context_mean",),
        given={s.context_product: batch_product, s.coefficient_product: _now},
    ),
    Step(
        rule="instance",
        claim=eq(Mean(batch), batch_square(s.coefficient_square, _n)),
        label="batch square",
        uses=("theorem:context_moment",),
        given={
            s.context_square: batch,
            s.num_context: _n,
            _norm: s.coefficient_square,
        },
    ),
)
_product_step = Step(
    rule="substitution",
    claim=eq(Mean(next_product), _eta * (_share * _square + (1 - _share) * _now)),
    label="next product",
    uses=("model:next_context_product", "batch product"),
)
_overlap = eq(Mean(s.next_context_overlap), _eta * (_share + (1 - _share) * s.context_overlap))
context_overlap_step = theorem(
    "context_overlap_step",
    "Overlap with the real context after one retraining",
    "What is kept of the overlap is eta (1 - alpha); the real context adds eta alpha.",
    _overlap,
    (
        _batch_means[0],
        _product_step,
        Step(
            rule="monotone",
            claim=eq(Mean(s.next_context_overlap * _square), Mean(next_product)),
            label="overlap",
            uses=("model:next_overlap",),
            given={"apply": Mean},
        ),
        Step(
            rule="combination",
            claim=_overlap,
            uses=("overlap", "next product", "model:context_overlap"),
            given={"weights": (1 / _square, 1 / _square, kept / _square)},
        ),
    ),
    LOOP, GIVEN,
)  # fmt: skip


def _length(product: sp.Expr) -> sp.Expr:
    """Mean squared length after a retraining, by the product of the coefficients and u_0."""
    return _eta**2 * (
        _share**2 * _square
        + 2 * _share * (1 - _share) * product
        + (1 - _share) ** 2 * batch_square(s.coefficient_square, _n)
    )


_length_step = Step(
    rule="substitution",
    claim=eq(Mean(s.next_coefficient_square), _length(_now)),
    label="next length",
    uses=("model:next_coefficient_square", *(step.label for step in _batch_means)),
)
_norm_step = eq(Mean(s.next_coefficient_square), _length(s.context_overlap * _square))
context_norm_step = theorem(
    "context_norm_step",
    "Squared length of the coefficients after one retraining",
    "Without real examples it is multiplied by eta^2 (1 + (d + 1)/n_g), and noise adds to it.",
    _norm_step,
    (
        *_batch_means,
        _length_step,
        Step(
            rule="substitution",
            claim=_norm_step,
            uses=("next length", "model:context_overlap"),
        ),
    ),
    LOOP, GIVEN, "context_overlap = u_0'w_t/|u_0|^2",
)  # fmt: skip

# ------------------------------------------------------------------------------------- in time

overlap = _eta * (_share + (1 - _share) * (1 - _eta) * kept**_t) / (1 - kept)
_path = eq(Mean(_omega[_t]), overlap)
context_overlap = theorem(
    "context_overlap",
    "Overlap of the mean coefficients with the real context",
    "Given the real context the mean coefficients are this multiple of its mean product u_0.",
    _path,
    (
        Step(
            rule="tower",
            claim=eq(Mean(_omega[_t + 1]), _eta * (_share + (1 - _share) * Mean(_omega[_t]))),
            label="each",
            uses=("theorem:context_overlap_step",),
            given={s.next_context_overlap: _omega[_t + 1], s.context_overlap: _omega[_t]},
        ),
        Step(
            rule="monotone",
            claim=eq(Mean(_omega[0]), _eta),
            label="first",
            uses=("model:first_overlap",),
            given={"apply": Mean},
        ),
        Step(rule="linear recursion", claim=_path, uses=("each", "first")),
    ),
    LOOP, "eta (1 - alpha) is not 1",
)  # fmt: skip

#: Mean squared length of the real context's mean product.
first = batch_square(_norm, s.num_real, s.real_label_noise)
_of_first = (
    Step(
        rule="instance",
        claim=eq(Mean(first_context_square), first),
        label="real square",
        uses=("theorem:context_moment",),
        given={
            s.context_square: first_context_square,
            s.num_context: s.num_real,
            s.label_noise: s.real_label_noise,
        },
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(first_square_at), first),
        label="kept square",
        uses=("model:kept_context_square", "real square"),
    ),
    Step(
        rule="instance",
        claim=eq(Mean(first_context_aim), _norm),
        label="real aim",
        uses=("theorem:context_mean",),
        given={s.context_product: first_context_aim, s.coefficient_product: _norm},
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(first_aim_at), _norm),
        label="kept aim",
        uses=("model:kept_context_aim", "real aim"),
    ),
)


def _start(base: sp.Expr, value: sp.Expr, kept_fact: str, premise: str, name: str) -> Step:
    return Step(
        rule="substitution",
        claim=eq(Mean(base.subs(_t, 0)), value),
        label=name,
        uses=(f"model:{premise}", f"{kept_fact} at first"),
    )


def _at_first(kept_fact: str, quantity: sp.Expr, value: sp.Expr) -> Step:
    return Step(
        rule="instance",
        claim=eq(Mean(quantity.subs(_t, 0)), value),
        label=f"{kept_fact} at first",
        uses=(kept_fact,),
        given={_t: sp.S.Zero},
    )


_later = _t + 1
#: Steps to each recursion in time: products with u_0, with the true coefficients, lengths.
recursions = (
    *_batch_means,
    Step(
        rule="instance",
        claim=eq(Mean(batch_aim), s.aim_now),
        label="batch aim",
        uses=("theorem:context_mean",),
        given={s.context_product: batch_aim, s.coefficient_product: s.aim_now},
    ),
    *_of_first,
    _at_first("kept square", first_square_at, first),
    _at_first("kept aim", first_aim_at, _norm),
    _product_step,
    Step(
        rule="substitution",
        claim=eq(Mean(next_aim), _eta * (_share * s.first_aim + (1 - _share) * s.aim_now)),
        label="next aim",
        uses=("model:next_aim", "batch aim"),
    ),
    _length_step,
    Step(
        rule="tower",
        claim=eq(
            Mean(product_at.subs(_t, _later)),
            _eta * (_share * Mean(first_square_at) + (1 - _share) * Mean(product_at)),
        ),
        label="each product",
        uses=("next product",),
        given={
            next_product: product_at.subs(_t, _later),
            _now: product_at,
            _square: first_square_at,
        },
    ),
    Step(
        rule="tower",
        claim=eq(
            Mean(aim_at.subs(_t, _later)),
            _eta * (_share * Mean(first_aim_at) + (1 - _share) * Mean(aim_at)),
        ),
        label="each aim",
        uses=("next aim",),
        given={
            next_aim: aim_at.subs(_t, _later),
            s.aim_now: aim_at,
            s.first_aim: first_aim_at,
        },
    ),
    Step(
        rule="tower",
        claim=eq(
            Mean(_N[_later]),
            _eta**2
            * (
                _share**2 * Mean(first_square_at)
                + 2 * _share * (1 - _share) * Mean(product_at)
                + (1 - _share) ** 2 * batch_square(Mean(_N[_t]), _n)
            ),
        ),
        label="each length",
        uses=("next length",),
        given={
            s.next_coefficient_square: _N[_later],
            s.coefficient_square: _N[_t],
            _now: product_at,
            _square: first_square_at,
        },
    ),
    _start(product_at, _eta * first, "kept square", "first_product", "start of products"),
    _start(aim_at, _eta * _norm, "kept aim", "first_aim", "start of aims"),
    _start(_N[_t], _eta**2 * first, "kept square", "first_coefficient_square", "start of lengths"),
)

THEOREMS = (context_overlap_step, context_norm_step, context_overlap)
