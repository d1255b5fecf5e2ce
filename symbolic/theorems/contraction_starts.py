"""One image update to second order from an isotropic and from a rank-one covariance: I3."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.general import entry
from symbolic.model.image import axis_ratio
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.contraction import UNBIASED, image_contraction_second_order, pair_sum

_nu, _d, _a, _b = s.degrees_of_freedom, s.num_features, s.feature, s.other_feature
_sd, _rho, _next = s.image_sd, s.contraction_factor, s.next_image_diversity
_sum, _pair_sum = sp.Sum(_sd[_a], (_a, 0, _d - 1)), pair_sum
_second_order = image_contraction_second_order.rhs

_first = _sd[0]
_flat = {_sd[_a]: _first, _sd[_b]: _first}
_isotropic = eq(_rho, 1 - (_d + 1) / (8 * _nu))


def _special(
    name: str, title: str, in_words: str, source: Source, statement: sp.Eq, start: str,
    lemmas: tuple[str, ...], steps: tuple[Step, ...],
) -> Theorem:  # fmt: skip
    return Theorem(
        name=name,
        title=title,
        in_words=in_words,
        statement=statement,
        kind=Kind.ASYMPTOTIC,
        source=source,
        reference="Theorem 5.1 (I3)",
        assumptions=(UNBIASED, start, "error of order nu^-2"),
        lemmas=lemmas,
        derivation=steps,
    )


image_contraction_isotropic = _special(
    "image_contraction_isotropic",
    "One update from an isotropic covariance, to second order",
    "At an isotropic covariance one update costs a share (d+1)/(8 nu) of diversity.",
    Source.RECONSTRUCTED,
    _isotropic,
    "isotropic covariance before the update",
    (),
    (
        Step(
            rule="instance",
            claim=eq(_sd[_b], _first),
            label="other axis",
            uses=("model:isotropic",),
            given={_a: _b},
        ),
        Step(
            rule="substitution bound",
            claim=eq(Mean(_next), _second_order.xreplace(_flat)),
            label="second order",
            uses=("theorem:image_contraction_second_order", "model:isotropic", "other axis"),
        ),
        Step(
            rule="substitution bound",
            claim=eq(Mean(_next), _rho * _first * _d),
            label="factor",
            uses=("model:contraction_factor", "model:isotropic"),
        ),
        Step(
            rule="combination",
            claim=_isotropic,
            uses=("second order", "factor"),
            given={"weights": (1 / (_first * _d), -1 / (_first * _d))},
        ),
    ),
)
_tau = axis_ratio  # the other standard deviations, over the first
_first_pairs = (_d - 1) * _first * _tau / (1 + _tau)
_other_pairs = (_d - 1) * (_d - 2) * _first * _tau / 4
_lopsided = _first + (_d - 1) * _first * _tau
_rank_one = eq(_rho, 1 - 1 / (4 * _nu))
_lopsided_rho = 1 - (_lopsided + 2 * (_first_pairs + _other_pairs)) / (4 * _nu * _lopsided)
_others, _other_axes = (_a, 1, _d - 1), (_b, 1, _d - 1)
_later = ((_b, _a + 1, _d - 1), _others)
_pair = _sd[_a] * _sd[_b] / (_sd[_a] + _sd[_b])
_share_of_first = _sd[_b] / (_first + _sd[_b])  # of a pair with the first axis


def _off_first(
    label: str, function: sp.Expr, value: sp.Expr, *limits: tuple[sp.Expr, ...]
) -> tuple[Step, ...]:
    """Put the long axis into a sum over the others: its summands have no delta of the first."""
    long = {_sd[x]: _first * (_tau + (1 - _tau) * sp.KroneckerDelta(x, 0)) for x in (_a, _b)}
    return (
        Step(
            rule="substitution",
            claim=eq(function, function.xreplace(long)),
            label=f"{label}, each",
            uses=("model:long_axis", "second axis"),
        ),
        Step(
            rule="monotone",
            claim=eq(sp.Sum(function, *limits), sp.Sum(function.xreplace(long), *limits)),
            label=f"{label}, deltas",
            uses=(f"{label}, each",),
            given={"apply": sp.Sum, "over": limits},
        ),
        Step(
            rule="off the diagonal",
            claim=eq(sp.Sum(function.xreplace(long), *limits), sp.Sum(value, *limits)),
            label=f"{label}, values",
        ),
        Step(
            rule="combination",
            claim=eq(sp.Sum(function, *limits), sp.Sum(value, *limits)),
            label=label,
            uses=(f"{label}, deltas", f"{label}, values"),
            given={"weights": (1, 1)},
        ),
    )


image_contraction_rank_one = _special(
    "image_contraction_rank_one",
    "One update from a rank-one covariance, to second order",
    "When one direction dominates, one update costs a share 1/(4 nu) of diversity.",
    Source.OURS,
    _rank_one,
    "one eigenvalue dominates all others",
    ("first_apart", "first_pairs_apart"),
    (
        Step(
            rule="lemma",
            claim=eq(_sum, _sd[0] + sp.Sum(_sd[_a], (_a, 1, _d - 1))),
            label="first",
            uses=("lemma:first_apart",),
            given={},
        ),
        Step(
            rule="lemma",
            claim=eq(
                _pair_sum,
                sp.Sum(_sd[0] * _sd[_b] / (_sd[0] + _sd[_b]), (_b, 1, _d - 1))
                + sp.Sum(
                    _sd[_a] * _sd[_b] / (_sd[_a] + _sd[_b]),
                    (_b, _a + 1, _d - 1),
                    (_a, 1, _d - 1),
                ),
            ),
            label="first pairs",
            uses=("lemma:first_pairs_apart",),
            given={
                entry(_a, _b): _sd[_a] * _sd[_b] / (_sd[_a] + _sd[_b]),
                entry(0, _b): _sd[0] * _sd[_b] / (_sd[0] + _sd[_b]),
            },
        ),
        Step(
            rule="combination",
            claim=eq(
                _rho * (_sd[0] + sp.Sum(_sd[_a], (_a, 1, _d - 1))),
                (1 - 1 / (4 * _nu)) * (_sd[0] + sp.Sum(_sd[_a], (_a, 1, _d - 1)))
                - (
                    sp.Sum(_sd[0] * _sd[_b] / (_sd[0] + _sd[_b]), (_b, 1, _d - 1))
                    + sp.Sum(
                        _sd[_a] * _sd[_b] / (_sd[_a] + _sd[_b]),
                        (_b, _a + 1, _d - 1),
                        (_a, 1, _d - 1),
                    )
                )
                / (2 * _nu),
            ),
            label="apart",
            uses=(
                "theorem:image_contraction_second_order",
                "model:contraction_factor",
                "first",
                "first pairs",
            ),
            given={"weights": (1, -1, 1 - 1 / (4 * _nu) - _rho, -1 / (2 * _nu))},
        ),
        Step(
            rule="instance",
            claim=eq(_sd[_b], _first * (_tau + (1 - _tau) * sp.KroneckerDelta(_b, 0))),
            label="second axis",
            uses=("model:long_axis",),
            given={_a: _b},
        ),
        *_off_first("the others", _sd[_a], _first * _tau, _others),
        *_off_first("its pairs", _share_of_first, _tau / (1 + _tau), _other_axes),
        *_off_first("their pairs", _pair, _first * _tau / 2, *_later),
        Step(
            rule="substitution bound",
            claim=eq(
                _rho * _lopsided,
                (1 - 1 / (4 * _nu)) * _lopsided - (_first_pairs + _other_pairs) / (2 * _nu),
            ),
            note="all standard deviations but the first are tau times the first",
            label="lopsided",
            uses=("apart", "the others", "its pairs", "their pairs"),
        ),
        Step(
            rule="combination",
            claim=eq(_rho, _lopsided_rho),
            label="factor",
            uses=("lopsided",),
            given={"weights": (1 / _lopsided,)},
        ),
        Step(rule="limit", claim=_rank_one, uses=("factor",), given={"small": _tau}),
    ),
)

THEOREMS = (image_contraction_isotropic, image_contraction_rank_one)
