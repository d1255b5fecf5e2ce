"""The exact contraction factor of an isotropic covariance in the plane, in two forms: I4."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.image import image_scale
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.image import contraction_constant, covariance_scale, freedom
from symbolic.theorems.isotropic_plane import PLANE, PLANE_IMAGES, THREE_IMAGES

_n, _q, _D0, _rho, _next = (
    s.image_count, s.power, s.image_diversity, s.contraction_factor, s.next_image_diversity
)  # fmt: skip
_one_half, _b = sp.Rational(1, 2), sp.Symbol("b", positive=True)
_factor = eq(
    _rho,
    sp.sqrt(covariance_scale)
    * contraction_constant(2 * freedom)
    * sp.hyper((-_one_half, 1), (freedom,), _one_half),
)
_by_gammas = sp.sqrt(image_scale) * sp.gamma(_n - _one_half) / sp.gamma(_n - 1)
_by_c = sp.sqrt(covariance_scale) * contraction_constant(2 * freedom)
_first_hyper = sp.hyper((-_one_half, 1), (freedom,), _one_half)
image_plane_factor = Theorem(
    name="image_plane_factor",
    title="The exact contraction factor in the isotropic plane",
    in_words="In the plane an isotropic covariance loses exactly this share of diversity.",
    statement=_factor,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="I4",
    assumptions=PLANE,
    conditions=PLANE_IMAGES,
    derivation=(
        Step(
            rule="instance",
            claim=eq(Mean(_next), _D0 * _by_gammas * _first_hyper),
            label="mean",
            uses=("theorem:image_plane_power_mean",),
            given={_q: sp.S.One},
        ),
        Step(rule="Gamma duplication", claim=eq(_by_gammas, _by_c), label="without cancellation"),
        Step(
            rule="combination",
            claim=_factor,
            uses=(
                "mean",
                "without cancellation",
                "model:contraction_factor",
                "model:image_diversity",
            ),
            given={
                "weights": (1 / _D0, _first_hyper, -1 / _D0, _rho / _D0),
                "domain": THREE_IMAGES,
            },
        ),
    ),
)

# ------------------------------------------------------------------------- the alternating form

_t = sp.Symbol("t_1", positive=True)
_last = sp.hyper((freedom + _one_half, 1), (freedom,), -1)
_beta = sp.gamma(_n - 2) / sp.gamma(_n - 1)
_on_share = sp.Integral((1 - _b) ** (_n - 3) * (1 - _b / 2) ** _one_half, (_b, 0, 1))
_on_other = sp.Integral((1 - _t) ** (_n - 3) * (1 + _t) ** (_one_half - _n), (_t, 0, 1))
_alternating = eq(_rho, 2 * _by_gammas * _last)
image_plane_factor_alternating = Theorem(
    name="image_plane_factor_alternating",
    title="The exact factor in the isotropic plane, alternating form",
    in_words="The same factor by Gauss's function at -1 (Pfaff's transformation).",
    statement=_alternating,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="I4",
    assumptions=PLANE,
    conditions=PLANE_IMAGES,
    derivation=(
        Step(
            rule="Euler integral",
            claim=eq(_on_share, _beta * _first_hyper),
            label="first",
            given={"a": -_one_half, "b": sp.S.One, "c": freedom, "z": _one_half},
        ),
        Step(
            rule="Euler integral",
            claim=eq(_on_other, _beta * _last),
            label="second",
            given={"a": freedom + _one_half, "b": sp.S.One, "c": freedom, "z": -1},
        ),
        Step(
            rule="change of variables",
            claim=eq(_on_share / 2, _on_other),
            label="t = b/(2 - b)",
            given={"map": {_t: _b / (2 - _b)}, "inverse": {_b: 2 * _t / (1 + _t)}},
        ),
        Step(
            rule="combination",
            claim=eq(_first_hyper, 2 * _last),
            label="Pfaff",
            uses=("first", "second", "t = b/(2 - b)"),
            given={"weights": (-1 / _beta, 2 / _beta, 2 / _beta), "domain": THREE_IMAGES},
        ),
        Step(rule="Gamma duplication", claim=eq(_by_gammas, _by_c), label="without cancellation"),
        Step(
            rule="combination",
            claim=_alternating,
            uses=("theorem:image_plane_factor", "without cancellation", "Pfaff"),
            given={"weights": (1, -_first_hyper, _by_gammas), "domain": THREE_IMAGES},
        ),
    ),
)

THEOREMS = (image_plane_factor, image_plane_factor_alternating)
