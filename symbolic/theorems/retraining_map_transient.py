"""Transient growth: the Jacobian's norm above 1 while all its eigenvalues are below 1.

Where samples tell one combination ``b`` of the parameters only, ``B = b b'`` and
``J = lambda A^-1 b b' / (1 + lambda b' A^-1 b)``.  Its norm reaches 1 unless ``b`` is an
eigenvector of ``A``; how soon depends on how unequal the curvatures of ``A`` are.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.retraining_map_transient import axes, informed, pulled, squares
from symbolic.relations import eq, ge, le
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.retraining_map import MAP

_a, _b, _lam, _norm = s.parameter, s.other_parameter, s.synthetic_ratio, s.jacobian_norm
_score, _curved, _u, _v = s.axis_score, s.axis_curvature, s.mapped_direction, s.parameter_direction
_p, _q, _length = s.score_before, s.score_after, s.score_length
_row = (_b, 0, s.num_parameters - 1)
_told = sp.Sum(_score[_b] * _v[_b], _row)
_kept = sp.Sum(_score[_b] * _u[_b], _row)
_bent = sp.Sum(s.real_curvature[_a, _b] * _u[_b], _row)
_below = 1 + _lam * informed
_REFERENCE = "iterative retraining (R3')"
RANK_ONE = "the Fisher information is of rank one, b b'; a is the curvature along A's axes"


def _summed(claim: sp.Eq, label: str, uses: str) -> Step:
    return Step(
        rule="monotone",
        claim=eq(sp.Sum(claim.lhs, axes), sp.Sum(claim.rhs, axes)),
        label=label,
        uses=(uses,),
        given={"apply": sp.Sum, "over": (axes,)},
    )


_weighted = eq(_score[_a] * _u[_a], _lam * _score[_a] ** 2 / _curved[_a] * (_p - _q))
_image = eq(_u[_a], _lam * _score[_a] / _curved[_a] * _length / _below)
_square = eq(_u[_a] ** 2, (_lam * _score[_a] / _curved[_a] * _length / _below) ** 2)
_value = _lam * sp.sqrt(squares) * sp.sqrt(pulled) / _below
_steps = (
    Step(
        rule="substitution bound",
        claim=eq(_lam * sp.Sum(s.fisher_information[_a, _b] * (_v[_b] - _u[_b]), _row), _bent),
        note="implicit differentiation of the mixed score",
        label="row",
        uses=("model:retrained_score", "model:own_score", "model:fisher_information"),
    ),
    Step(
        rule="substitution bound",
        claim=eq(_lam * _score[_a] * (_told - _kept), _bent),
        label="row of rank one",
        uses=("row", "model:rank_one_information"),
    ),
    Step(
        rule="combination",
        claim=eq(_u[_a], _lam * _score[_a] / _curved[_a] * (_p - _q)),
        label="image",
        uses=("row of rank one", "model:curvature_axes", "model:score_before",
              "model:score_after"),
        given={
            "weights": (
                -1 / _curved[_a],
                -1 / _curved[_a],
                _lam * _score[_a] / _curved[_a],
                -_lam * _score[_a] / _curved[_a],
            )
        },
    ),
    Step(
        rule="combination",
        claim=_weighted,
        label="weighted image",
        uses=("image",),
        given={"weights": (_score[_a],)},
    ),
    _summed(_weighted, "all axes", "weighted image"),
    Step(
        rule="combination",
        claim=eq(_p - _q, _p / _below),
        label="what is lost",
        uses=("all axes", "model:score_after"),
        given={"weights": (-1 / _below, 1 / _below)},
    ),
    Step(
        rule="combination",
        claim=eq(_score[_b] * _v[_b], _score[_b] ** 2 / _length),
        label="told by axis",
        uses=("model:told_direction",),
        given={"weights": (_score[_b] / _length,)},
    ),
    Step(
        rule="monotone",
        claim=eq(_told, sp.Sum(_score[_b] ** 2 / _length, _row)),
        label="told in all",
        uses=("told by axis",),
        given={"apply": sp.Sum, "over": (_row,)},
    ),
    Step(
        rule="combination",
        claim=eq(_p, _length),
        label="told",
        uses=("told in all", "model:score_before", "model:score_length"),
        given={"weights": (1, -1, -1 / _length)},
    ),
    Step(
        rule="combination",
        claim=_image,
        label="image in numbers",
        uses=("image", "what is lost", "told"),
        given={
            "weights": (
                1,
                _lam * _score[_a] / _curved[_a],
                _lam * _score[_a] / _curved[_a] / _below,
            )
        },
    ),
    Step(
        rule="combination",
        claim=_square,
        label="square",
        uses=("image in numbers",),
        given={"weights": (_u[_a] + _image.rhs,)},
    ),
    _summed(_square, "squares", "square"),
    Step(
        rule="combination",
        claim=eq(_norm**2, _lam**2 * squares * pulled / _below**2),
        label="norm squared",
        uses=("squares", "model:norm_along", "model:score_length"),
        given={"weights": (1, 1, _lam**2 * pulled / _below**2)},
    ),
)  # fmt: skip
rank_one_retraining_norm = Theorem(
    name="rank_one_retraining_norm",
    title="Norm of the Jacobian, samples telling of one combination of parameters",
    in_words="Above 1 with enough samples, though all eigenvalues are below 1: transient growth.",
    statement=eq(_norm, _value),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference=_REFERENCE,
    assumptions=(*MAP, RANK_ONE),
    derivation=(
        *_steps,
        Step(rule="square root", claim=eq(_norm, _value), uses=("norm squared",)),
    ),
)
_last = eq(s.critical_ratio, 1 / (sp.sqrt(squares) * sp.sqrt(pulled) - informed))
rank_one_threshold = Theorem(
    name="rank_one_threshold",
    title="Synthetic data with which that norm is 1",
    in_words="From this ratio on a small distance may grow before it falls.",
    statement=_last,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference=_REFERENCE,
    assumptions=(*MAP, RANK_ONE, "b is no eigenvector of A (otherwise the norm is below 1)"),
    conditions=(sp.sqrt(squares) * sp.sqrt(pulled) > informed,),
    derivation=(
        Step(
            rule="level reached",
            claim=_last,
            uses=("theorem:rank_one_retraining_norm",),
            given={"level": sp.S.One, "variable": _lam},
        ),
    ),
)
_alpha, _h, _size, _product = (
    s.smallest_curvature,
    s.condition_number,
    s.fisher_size,
    s.norm_product,
)
_first, _second = 1 / _alpha, 1 / (_h * _alpha)  # the two values of 1 / curvature
_mean = (_first + _second) / 2
_by_axis = eq(
    _score[_a] ** 2 / _curved[_a] ** 2,
    2 * _mean * _score[_a] ** 2 / _curved[_a] - _first * _second * _score[_a] ** 2,
)
_room = _size * (_first - _second) ** 2 / (8 * _mean)
_over = {_h: 1 + sp.Symbol("over_condition", positive=True)}
_soonest = ge(s.critical_ratio, 4 * _alpha * _h * (_h + 1) / (_size * (_h - 1) ** 2))
retraining_threshold_transient = Theorem(
    name="retraining_threshold_transient",
    title="Synthetic data with which the norm may reach 1, by the condition number",
    in_words="Equal curvatures allow for any ratio, very unequal ones for 4 alpha over Fisher's.",
    statement=_soonest,
    kind=Kind.LOWER_BOUND,
    source=Source.OURS,
    reference=_REFERENCE,
    assumptions=(
        *MAP,
        RANK_ONE,
        "the curvatures are alpha and h alpha, h > 1",
        "attained by a direction b between the two",
    ),
    conditions=(_h > 1,),
    derivation=(
        Step(
            rule="combination",
            claim=_by_axis,
            label="by axis",
            uses=("model:two_curvatures",),
            given={"weights": (_score[_a] ** 2 * _first * _second / _curved[_a] ** 2,)},
        ),
        _summed(_by_axis, "all axes", "by axis"),
        Step(
            rule="substitution",
            claim=eq(_product**2, squares * pulled),
            label="product squared",
            uses=("model:norm_product",),
        ),
        Step(
            rule="substitution bound",
            claim=eq(_product**2, _size * pulled),
            label="product",
            uses=("product squared", "model:fisher_size"),
        ),
        Step(
            rule="substitution bound",
            claim=eq(pulled, 2 * _mean * informed - _first * _second * _size),
            label="pulled",
            uses=("all axes", "model:fisher_size"),
        ),
        Step(
            rule="combination",
            claim=le(_product, informed + _room),
            note="AM-GM: the square is not negative",
            label="most",
            uses=("product", "pulled"),
            given={
                "weights": (-1 / (2 * _size * _mean), -1 / (2 * _mean)),
                "form": (_product - _size * _mean) ** 2 / (2 * _size * _mean),
            },
        ),
        Step(
            rule="combination",
            claim=eq(s.critical_ratio * (_product - informed), 1),
            label="at the threshold",
            uses=("theorem:rank_one_threshold", "model:norm_product"),
            given={
                "weights": (
                    sp.sqrt(squares) * sp.sqrt(pulled) - informed,
                    s.critical_ratio,
                )
            },
        ),
        Step(
            rule="combination",
            claim=ge(s.critical_ratio * _room, 1),
            label="room",
            uses=("most", "at the threshold"),
            given={"weights": (s.critical_ratio, 1)},
        ),
        Step(
            rule="combination",
            claim=_soonest,
            uses=("room",),
            given={"weights": (1 / _room,), "domain": _over},
        ),
    ),
)

THEOREMS = (rank_one_retraining_norm, rank_one_threshold, retraining_threshold_transient)
