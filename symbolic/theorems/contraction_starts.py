"""One image update to second order from an isotropic and from a rank-one covariance: I3."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.general import entry
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.contraction import UNBIASED, image_contraction_second_order, pair_sum

_nu, _d, _a, _b = s.degrees_of_freedom, s.num_features, s.feature, s.other_feature
_sd, _rho, _next = s.image_sd, s.contraction_factor, s.next_image_diversity
_sum, _pair_sum = sp.Sum(_sd[_a], (_a, 0, _d - 1)), pair_sum
_second_order = image_contraction_second_order.rhs

_sigma = sp.Symbol("sigma", positive=True)
_flat = {_sd[_a]: _sigma, _sd[_b]: _sigma}
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
            claim=eq(Mean(_next), _second_order.xreplace(_flat)),
            label="second order",
            uses=("theorem:image_contraction_second_order",),
            given=_flat,
        ),
        Step(
            rule="instance",
            claim=eq(Mean(_next), _rho * _sigma * _d),
            label="factor",
            uses=("model:contraction_factor",),
            given=_flat,
        ),
        Step(
            rule="combination",
            claim=_isotropic,
            uses=("second order", "factor"),
            given={"weights": (1 / (_sigma * _d), -1 / (_sigma * _d))},
        ),
    ),
)
_tau = sp.Symbol("tau", positive=True)  # the other standard deviations, over the first
_first_pairs = (_d - 1) * _sigma * _tau / (1 + _tau)
_other_pairs = (_d - 1) * (_d - 2) * _sigma * _tau / 4
_lopsided = _sigma + (_d - 1) * _sigma * _tau
_rank_one = eq(_rho, 1 - 1 / (4 * _nu))
_lopsided_rho = 1 - (_lopsided + 2 * (_first_pairs + _other_pairs)) / (4 * _nu * _lopsided)
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
            claim=eq(
                _rho * _lopsided,
                (1 - 1 / (4 * _nu)) * _lopsided - (_first_pairs + _other_pairs) / (2 * _nu),
            ),
            note="first standard deviation sigma, all others tau sigma",
            label="lopsided",
            uses=("apart",),
            given={_sd[0]: _sigma, _sd[_a]: _tau * _sigma, _sd[_b]: _tau * _sigma},
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
