"""Generalisation of a model fitted to real and generated examples (F3).

The gap is the risk on real data less the mean loss on the training set.  It has three parts: what
is generated has another law (distribution shift), the fit leans on its examples (uniform
stability), and what is generated leans on the real ones (recursive stability).
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.generalization import quantity
from symbolic.relations import eq, le
from symbolic.symbols import Mean
from symbolic.symbols import generalization_parts as g
from symbolic.theorem import Step
from symbolic.theorems.distribution_shift import WITHIN, shift
from symbolic.theorems.generalization_parts import bound_of, part_bound

_a, _t, _M = s.real_share, s.generations, s.loss_bound
_beta, _gamma, _e = s.uniform_stability, s.recursive_stability, s.generation_error
_m, _follow = s.part_size, s.part_stability
real_gap, made_gap = g.population_risk - g.real_risk, g.generated_risk - g.synthetic_risk
_away = g.population_risk - g.generated_risk

LOOP = (
    "fitted to n_r real and n_g generated examples, alpha = n_r/(n_r + n_g); these, given their "
    "model, are independent draws of its law, which is that after t fits"
)
EVER = "that is so whatever the examples"
ALONE = "alpha = 0: fitted to generated examples alone"


def parts(name: str, of: sp.Expr, bound: sp.Expr) -> tuple[Step, Step]:
    """Instances of a theorem on a part: the real examples and the generated ones."""

    def one(label: str, deviation: sp.Expr, size: sp.Expr, follow: sp.Expr) -> Step:
        given = {g.part_deviation: deviation, _follow: follow, _m: size}
        here = bound.subs({_follow: follow, _m: size})
        return Step(
            rule="instance",
            claim=le(of.subs(g.part_deviation, deviation), here),
            label=label,
            uses=(f"theorem:{name}",),
            given=given,
        )

    return (
        one("real part", real_gap, s.num_real, _gamma),
        one("generated part", made_gap, s.num_generated, sp.S.Zero),
    )


def _shifted(far: sp.Expr, of: str) -> tuple[Step, ...]:
    """Steps to the mean difference of the two risks."""
    return (
        Step(
            rule="combination",
            claim=le(sp.Abs(_away), _M * far),
            label="each model",
            uses=("lemma:mean_duality", "model:worst_model", f"theorem:{of}"),
            given={"weights": (1, _M, _M)},
        ),
        Step(
            rule="monotone",
            claim=le(Mean(sp.Abs(_away)), _M * far),
            label="all models",
            uses=("each model",),
            given={"apply": Mean},
        ),
        Step(
            rule="instance",
            claim=le(sp.Abs(Mean(_away)), Mean(sp.Abs(_away))),
            label="inside shift",
            uses=("lemma:mean_absolute",),
            given={quantity: _away},
        ),
    )


_gap = sp.Abs(Mean(s.generalization_gap))
_means = parts("generalization_part", sp.Abs(Mean(g.part_deviation)), part_bound.rhs)
_expected = le(_gap, (1 - _a) * _M * shift + _beta + _a * _M * _gamma)
_three = ((_a, Mean(real_gap)), (1 - _a, Mean(_away)), (1 - _a, Mean(made_gap)))
generalization_expected = bound_of(
    "generalization_expected",
    "Mean generalisation gap",
    "Distribution shift, uniform stability and recursive stability, each with its weight.",
    _expected,
    (
        Step(
            rule="substitution",
            claim=eq(Mean(s.generalization_gap), sum(w * part for w, part in _three)),
            label="three parts",
            uses=("model:generalization_gap",),
        ),
        Step(
            rule="triangle inequality",
            claim=le(_gap, sum(w * sp.Abs(part) for w, part in _three)),
            label="split",
            uses=("three parts",),
            given={"parts": _three},
        ),
        *_means,
        *_shifted(shift, "distribution_shift"),
        Step(
            rule="combination",
            claim=_expected,
            uses=("split", "real part", "generated part", "all models", "inside shift"),
            given={"weights": (1, _a, 1 - _a, 1 - _a, 1 - _a)},
        ),
    ),
    LOOP, WITHIN, EVER,
    conditions=(_a > 0,), lemmas=("mean_absolute", "mean_duality"),
)  # fmt: skip
_without = le(_gap, _M * _t * _e + _beta)
_two = _three[1:]
generalization_expected_without_real = bound_of(
    "generalization_expected_without_real",
    "Mean generalisation gap without real data",
    "The shift grows with every fit; what one real example does plays no part.",
    _without,
    (
        Step(
            rule="substitution",
            claim=eq(Mean(s.generalization_gap), sum(part for _, part in _two)),
            label="two parts",
            uses=("model:generalization_gap", "model:without_real"),
        ),
        Step(
            rule="triangle inequality",
            claim=le(_gap, sum(sp.Abs(part) for _, part in _two)),
            label="split",
            uses=("two parts",),
            given={"parts": tuple((sp.S.One, part) for _, part in _two)},
        ),
        _means[1],
        *_shifted(_t * _e, "distribution_shift_without_real"),
        Step(
            rule="combination",
            claim=_without,
            uses=("split", "generated part", "all models", "inside shift"),
            given={"weights": (1, 1, 1, 1)},
        ),
    ),
    LOOP, WITHIN, EVER, ALONE,
    lemmas=("mean_absolute", "mean_duality"),
)  # fmt: skip

THEOREMS = (
    generalization_expected,
    generalization_expected_without_real,
)
