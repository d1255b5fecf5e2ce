"""How fast retraining forgets a distance from its fixed point, and what gradient steps change.

Along an eigenvector of the Jacobian each retraining multiplies a small distance by
``lambda kappa / (1 + lambda kappa)``.  ``K`` gradient steps from the last parameters keep, besides,
what they have not yet forgotten of them.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.calculus import positive_quantity
from symbolic.recursions import time_to_level
from symbolic.relations import eq, le
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.retraining_map import (
    MAP,
    WELL_SPECIFIED,
    eigenvalue,
    information_equality,
    share,
)

_lam, _kappa, _j, _t = (
    s.synthetic_ratio,
    s.misfit_eigenvalue,
    s.retraining_eigenvalue,
    s.generations,
)
_x, _start, _ell = s.deviation_at, s.transient_size, s.share_left
_left = {_ell: 1 / (1 + sp.Symbol("over_share", positive=True))}
_SHARE = "0 < ell < 1"
_SMALL = "a small distance along an eigenvector of the Jacobian: its linear part"


def _theorem(
    name: str, title: str, in_words: str, statement: sp.Rel, steps: tuple[Step, ...], *extra: str,
    conditions: tuple[sp.Rel, ...] = (), lemmas: tuple[str, ...] = (),
) -> Theorem:  # fmt: skip
    return Theorem(
        name=name,
        title=title,
        in_words=in_words,
        statement=statement,
        kind=Kind.UPPER_BOUND if isinstance(statement, sp.Le) else Kind.EXACT,
        source=Source.OURS,
        reference="iterative retraining (R3')",
        assumptions=(*MAP, *extra),
        conditions=conditions,
        derivation=steps,
        lemmas=lemmas,
    )


# ---------------------------------------------------------------------------------------- time

_path = eq(_x[_t], eigenvalue**_t * _start)
retraining_path = _theorem(
    "retraining_path",
    "Distance from the fixed point, retraining by retraining",
    "A small distance along an eigenvector falls geometrically.",
    _path,
    (
        Step(
            rule="combination",
            claim=eq(_x[_t + 1], eigenvalue * _x[_t]),
            label="each retraining",
            uses=("model:linearised_path", "theorem:retraining_jacobian_eigenvalue"),
            given={"weights": (1, _x[_t])},
        ),
        Step(
            rule="linear recursion",
            claim=_path,
            uses=("each retraining", "model:deviation_start"),
        ),
    ),
    _SMALL,
)
_time = eq(s.retraining_time, time_to_level(eigenvalue, _ell))
retraining_time = _theorem(
    "retraining_time",
    "Retrainings until a share of the distance is left",
    "A small distance along an eigenvector has fallen to the share ell after so many retrainings.",
    _time,
    (
        Step(
            rule="level reached",
            claim=_time,
            uses=("theorem:retraining_path",),
            given={
                "level": _ell * _start,
                "variable": _t,
                "domain": {**_left, _kappa: sp.Symbol("over_misfit", positive=True)},
            },
        ),
    ),
    _SMALL,
    _SHARE,
    "kappa > 0",
    conditions=(_ell < 1, _kappa > 0),
)
_slow = sp.exp(-_t / (1 + _lam))
_long = le(s.retraining_time, -(1 + _lam) * sp.log(_ell))
retraining_time_bound = _theorem(
    "retraining_time_bound",
    "Retrainings until a share of the distance is left, well specified",
    "They grow no faster than in proportion to 1 + lambda.",
    _long,
    (
        Step(
            rule="lemma",
            claim=le(sp.log(share), share - 1),
            label="tangent",
            uses=("lemma:log_tangent",),
            given={positive_quantity: share},
        ),
        Step(
            rule="combination",
            claim=le(_t * sp.log(share), -_t / (1 + _lam)),
            label="in logarithms",
            uses=("tangent",),
            given={"weights": (_t,)},
        ),
        Step(
            rule="exponential",
            claim=le(share**_t, _slow),
            label="factor",
            uses=("in logarithms",),
        ),
        *information_equality,
        Step(
            rule="substitution bound",
            claim=eq(_x[_t], share**_t * _start),
            label="path",
            uses=("theorem:retraining_path", "no misfit"),
        ),
        Step(
            rule="combination",
            claim=le(_x[_t], _slow * _start),
            label="path below",
            uses=("factor", "path"),
            given={"weights": (_start, -1)},
        ),
        Step(
            rule="level reached",
            claim=_long,
            uses=("path below",),
            given={"level": _ell * _start, "variable": _t, "domain": _left},
        ),
    ),
    _SMALL,
    _SHARE,
    WELL_SPECIFIED,
    conditions=(_ell < 1,),
    lemmas=("log_tangent",),
)

# ------------------------------------------------------------------------------- gradient steps

_K, _rate, _curvature = s.gradient_steps, s.learning_rate, s.curvature
_forgets = 1 - _rate * _curvature * (1 + _lam * _kappa)
_after = eigenvalue + _forgets**_K * (1 - eigenvalue)
_COMMON = "v is a common eigenvector of A (curvature a) and B (curvature kappa a)"
_STEPS = "K gradient steps of size eta on the mixed likelihood, from the last parameters"
_gradient = eq(s.gradient_eigenvalue_at[_K], _after)
gradient_retraining_eigenvalue = _theorem(
    "gradient_retraining_eigenvalue",
    "Eigenvalue of retraining by gradient steps",
    "Retraining that stops early adds what is left of the start to the eigenvalue.",
    _gradient,
    (
        Step(
            rule="linear recursion",
            claim=eq(s.gradient_eigenvalue_at[_t], eigenvalue + _forgets**_t * (1 - eigenvalue)),
            label="step by step",
            uses=("model:gradient_step", "model:gradient_start"),
        ),
        Step(rule="instance", claim=_gradient, uses=("step by step",), given={_t: _K}),
    ),
    _COMMON,
    _STEPS,
)
_single = eq(s.gradient_eigenvalue_at[1], 1 - _rate * _curvature)
one_gradient_step_eigenvalue = _theorem(
    "one_gradient_step_eigenvalue",
    "Eigenvalue of retraining by a single gradient step",
    "A model's own samples have no gradient at its parameters, so their number does not matter.",
    _single,
    (
        Step(
            rule="instance",
            claim=_single,
            uses=("theorem:gradient_retraining_eigenvalue",),
            given={_K: sp.S.One},
        ),
    ),
    _COMMON,
    "one gradient step of size eta on the mixed likelihood, from the last parameters",
)
_overshoots = eq(s.critical_rate, 2 / _curvature)
one_gradient_step_threshold = _theorem(
    "one_gradient_step_threshold",
    "Learning rate from which a single gradient step overshoots for ever",
    "The boundary is that of plain training, whatever the number of samples.",
    _overshoots,
    (
        Step(
            rule="level reached",
            claim=_overshoots,
            uses=("theorem:one_gradient_step_eigenvalue",),
            given={"level": sp.S.NegativeOne, "variable": _rate},
        ),
    ),
    "a is the largest curvature; eta_c is where an eigenvalue reaches -1",
)

THEOREMS = (
    retraining_path,
    retraining_time,
    retraining_time_bound,
    gradient_retraining_eigenvalue,
    one_gradient_step_eigenvalue,
    one_gradient_step_threshold,
)
