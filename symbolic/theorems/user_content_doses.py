"""How much user content a fidelity costs: closed forms and inverse problems for I10."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.relations import eq
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.user_content import POOLED

_n, _n0, _F = s.image_count, s.user_images, s.stationary_fidelity
_tau, _cap = s.image_variance, s.fidelity_cap
_some = {_n0: 1 + sp.Symbol("over_users", nonnegative=True)}
_several = {_n0: 2 + sp.Symbol("over_users", nonnegative=True)}
_below = _n * (2 * _n0 - 1) + _n0 * (_n0 - 1)  # m (m - 1) - n^2 for m = n + N_0
_unbiased = _tau * (_n + _n0 - 1) / _below
SETTING = (*POOLED, "N_0 >= 1", "ddof = 1, shrinkage_factor = 1")


def _dose(
    name: str, title: str, in_words: str, statement: sp.Rel, kind: Kind,
    step: Step, assumptions: tuple[str, ...] = (), conditions: tuple[sp.Rel, ...] = (),
) -> Theorem:  # fmt: skip
    return Theorem(
        name=name,
        title=title,
        in_words=in_words,
        statement=statement,
        kind=kind,
        source=Source.OURS,
        reference="Theorem 6.2 (I10)",
        assumptions=(*SETTING, *assumptions),
        conditions=conditions,
        derivation=(step,),
    )


_closed = eq(_F, _unbiased)
user_content_fidelity = _dose(
    "user_content_fidelity",
    "Stationary squared fidelity, unbiased covariance",
    "The stationary squared fidelity in closed form; it falls with N_0, and for N_0 >= 2 with n.",
    _closed,
    Kind.FIXED_POINT,
    Step(
        rule="substitution bound",
        claim=_closed,
        uses=(
            "theorem:user_content_stationary_fidelity",
            "model:unbiased",
            "model:no_shrinkage",
        ),
    ),
    conditions=(_n0 >= 1,),
)
_floor = sp.Ge(_F, _tau / (2 * _n0 - 1), evaluate=False)
user_content_fidelity_floor = _dose(
    "user_content_fidelity_floor",
    "What user content cannot reach",
    "However many images are generated, squared fidelity stays above tr Sigma_0 / (2 N_0 - 1).",
    _floor,
    Kind.LOWER_BOUND,
    Step(
        rule="nonnegative form",
        claim=_floor,
        note="equality for N_0 = 1; attained as n grows",
        uses=("theorem:user_content_fidelity",),
        given={
            "weights": (1,),
            "form": _tau * (_n0 - 1) ** 2 / ((2 * _n0 - 1) * _below),
            "domain": _some,
        },
    ),
    conditions=(_n0 >= 1,),
)
_ceiling = sp.Le(_F, _tau / _n0, evaluate=False)
user_content_fidelity_ceiling = _dose(
    "user_content_fidelity_ceiling",
    "What user content guarantees",
    "However few images are generated, squared fidelity stays below tr Sigma_0 / N_0.",
    _ceiling,
    Kind.UPPER_BOUND,
    Step(
        rule="nonnegative form",
        claim=_ceiling,
        note="equality for N_0 = 1; attained as n falls",
        uses=("theorem:user_content_fidelity",),
        given={
            "weights": (-1,),
            "form": _tau * _n * (_n0 - 1) / (_n0 * _below),
            "domain": _some,
        },
    ),
    conditions=(_n0 >= 1,),
)
_excess = _tau / _cap - 1
_needed = 1 - _n + (_excess + sp.sqrt(_excess**2 + 4 * _n**2)) / 2
user_content_smallest_user_images = _dose(
    "user_content_smallest_user_images",
    "User images for a cap on fidelity",
    "So many user images per update hold the stationary squared fidelity at its cap.",
    eq(s.smallest_user_images, _needed),
    Kind.EXACT,
    Step(
        rule="level reached",
        claim=eq(s.smallest_user_images, _needed),
        note="the positive root of m (m - 1) - n^2 = (m - 1) tr Sigma_0 / f, m = n + N_0",
        uses=("theorem:user_content_fidelity",),
        given={"level": _cap, "variable": _n0, "domain": _some},
    ),
    assumptions=("round up; as a real number it may be below 1",),
)
_generated = (_n0 - 1) * (_tau - _cap * _n0) / (_cap * (2 * _n0 - 1) - _tau)
user_content_smallest_image_count = _dose(
    "user_content_smallest_image_count",
    "Generated images for a cap on fidelity",
    "With N_0 user images, so many generated ones hold the squared fidelity at its cap.",
    eq(s.smallest_image_count, _generated),
    Kind.EXACT,
    Step(
        rule="level reached",
        claim=eq(s.smallest_image_count, _generated),
        uses=("theorem:user_content_fidelity",),
        given={"level": _cap, "variable": _n, "domain": _several},
    ),
    assumptions=(
        "N_0 >= 2",
        "no number does it for f <= tr Sigma_0 / (2 N_0 - 1), any for f >= tr Sigma_0 / N_0",
    ),
    conditions=(_n0 >= 2, _cap > _tau / (2 * _n0 - 1), _cap <= _tau / _n0),
)

THEOREMS = (
    user_content_fidelity,
    user_content_fidelity_floor,
    user_content_fidelity_ceiling,
    user_content_smallest_user_images,
    user_content_smallest_image_count,
)
