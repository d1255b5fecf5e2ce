"""Moments of the better of two, and a Gaussian that is fitted to its best samples alone."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.retraining_map_samples import line
from symbolic.relations import eq
from symbolic.theorem import Kind, Step
from symbolic.theorems.ours import ours

_e, _c, _t = s.selected_mean, s.selected_variance, s.generations
_m, _sd, _start = s.fitted_shift_at, s.fitted_sd_at, s.initial_sd


_theorem = ours("iterative retraining: selected samples")


best_of_two_mean = _theorem(
    "best_of_two_mean",
    "Mean of the better of two",
    "The larger of two standard normal values has this mean.",
    eq(_e, 1 / sp.sqrt(sp.pi)),
    (
        Step(
            rule="integral",
            claim=eq(
                sp.Integral(
                    2 * (sp.exp(-(line**2) / 2) / sp.sqrt(2 * sp.pi)) ** 2, (line, -sp.oo, sp.oo)
                ),
                1 / sp.sqrt(sp.pi),
            ),
            label="integral",
        ),
        Step(
            rule="combination",
            claim=eq(_e, 1 / sp.sqrt(sp.pi)),
            uses=("model:best_of_two_mean", "integral"),
            given={"weights": (1, 1)},
        ),
    ),
    "selection of the better of k = 2",
)
best_of_two_variance = _theorem(
    "best_of_two_variance",
    "Variance of the better of two",
    "The larger of two standard normal values has this variance.",
    eq(_c, 1 - 1 / sp.pi),
    (
        Step(
            rule="substitution",
            claim=eq(_e**2, 1 / sp.pi),
            label="square",
            uses=("theorem:best_of_two_mean",),
        ),
        Step(
            rule="combination",
            claim=eq(_c, 1 - 1 / sp.pi),
            uses=("model:best_of_two_square", "square"),
            given={"weights": (1, -1)},
        ),
    ),
    "selection of the better of k = 2",
)

# ------------------------------------------------------------------------------ no real data

REPLACED = (
    "infinite samples, the best of k by their value, and no real data",
    "a one-dimensional Gaussian, fitted by moments",
)
_ALL = (_c < 1,)
_shift = eq(_m[_t], _e * _start * (1 - sp.sqrt(_c) ** _t) / (1 - sp.sqrt(_c)))
_steps = (
    Step(
        rule="square root",
        claim=eq(_sd[_t + 1], sp.sqrt(_c) * _sd[_t]),
        label="each sd",
        uses=("model:replaced_sd",),
    ),
    Step(
        rule="linear recursion",
        claim=eq(_sd[_t], sp.sqrt(_c) ** _t * _start),
        label="sd",
        uses=("each sd", "model:sd_start"),
    ),
    Step(
        rule="combination",
        claim=eq(_m[_t + 1], _m[_t] + _e * sp.sqrt(_c) ** _t * _start),
        label="each shift",
        uses=("model:replaced_shift", "sd"),
        given={"weights": (1, _e)},
    ),
    Step(
        rule="linear recursion",
        claim=_shift,
        label="shift",
        uses=("each shift", "model:shift_start"),
    ),
)
selected_shift = _theorem(
    "selected_shift",
    "Shift of a model fitted to its best samples alone",
    "The mean moves on by steps that shrink with the standard deviation.",
    _shift,
    _steps,
    *REPLACED,
    conditions=_ALL,
)
_total = eq(s.total_shift, _e * _start / (1 - sp.sqrt(_c)))
selected_total_shift = _theorem(
    "selected_total_shift",
    "How far a model goes that is fitted to its best samples alone",
    "Selection without real data ends at a point, a few standard deviations from the start.",
    _total,
    (
        *_steps,
        Step(
            rule="combination",
            claim=eq(_m[_t + 1], sp.sqrt(_c) * _m[_t] + _e * _start),
            label="from the start",
            uses=("each shift", "shift"),
            given={
                "weights": (1, 1 - sp.sqrt(_c)),
                "domain": {_c: 1 / (1 + sp.Symbol("over_selected", positive=True)) ** 2},
            },
        ),
        Step(
            rule="fixed point of a linear recursion",
            claim=_total,
            uses=("from the start",),
            given={"domain": {_c: 1 / (1 + sp.Symbol("over_selected", positive=True)) ** 2}},
        ),
    ),
    *REPLACED,
    conditions=_ALL,
    kind=Kind.FIXED_POINT,
)

THEOREMS = (best_of_two_mean, best_of_two_variance, selected_shift, selected_total_shift)
