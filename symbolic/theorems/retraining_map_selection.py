"""Retraining a Gaussian on real data and on the best of k of its samples, by their value.

The best of ``k`` samples lie ``e`` standard deviations above the model's mean and have ``c`` times
its variance.  ``beta = lambda / (1 + lambda)`` is their share of the training set.  Mean and
variance settle as long as ``beta c + lambda e**2 < 1``; then retraining is stable, too.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.retraining_map_samples import of_shift, of_variance, shift, variance
from symbolic.relations import eq
from symbolic.theorem import Kind, Step
from symbolic.theorems.ours import ours
from symbolic.theorems.retraining_map_network import larger_eigenvalue
from symbolic.theorems.retraining_map_samples import MIXED

_lam, _V, _e, _c = s.synthetic_ratio, s.real_variance, s.selected_mean, s.selected_variance
_m, _v, _sd = s.fitted_shift, s.fitted_variance, s.fitted_sd
_beta = _lam / (1 + _lam)
_over = sp.symbols("over_mean over_variance", positive=True)

#: What is left to the real data, times (1 + lambda): positive where retraining settles.
room = 1 + _lam - _lam * _c - _lam * (1 + _lam) * _e**2
SELECTED = (
    MIXED,
    "a one-dimensional Gaussian; samples are the best of k by their value (the larger the better)",
    "the real data have mean 0",
)
_SETTLED = (room > 0,)
# Both are needed for the room: e below 1/sqrt(lambda), then c.
_inside = {
    _e: 1 / sp.sqrt(_lam * (1 + _over[0])),
    _c: (1 + _lam) * _over[0] / (_lam * (1 + _over[0]) * (1 + _over[1])),
}


_theorem = ours("iterative retraining: selected samples")


# ------------------------------------------------------------------------------------- the map

_best = _m + _e * sp.sqrt(_v)
_shifted = _beta * _best
_squares = _V + _lam * (_c * _v + _best**2)
_spread = _squares / (1 + _lam) - _shifted**2
_maps = (
    Step(
        rule="combination",
        claim=eq(shift, _shifted),
        label="shift",
        uses=("model:joint_shift", "model:chosen_mean"),
        given={"weights": (1 / (1 + _lam), _beta)},
    ),
    Step(
        rule="substitution bound",
        claim=eq((1 + _lam) * (variance + _shifted**2), _squares),
        label="mean square",
        uses=("model:joint_variance", "shift", "model:chosen_mean", "model:chosen_spread"),
    ),
    Step(
        rule="combination",
        claim=eq(variance, _spread),
        label="variance",
        uses=("mean square",),
        given={"weights": (1 / (1 + _lam),)},
    ),
)

# ----------------------------------------------------------------------------- the fixed point

_at_rest = (
    *_maps,
    Step(
        rule="combination",
        claim=eq(_m, _lam * _e * sp.sqrt(_v)),
        label="rest of the mean",
        uses=("model:fixed_shift", "shift"),
        given={"weights": (-(1 + _lam), 1 + _lam)},
    ),
)
_moved = eq(_m, _lam * _e * _sd)
curated_stationary_shift = _theorem(
    "curated_stationary_shift",
    "Where the mean settles under selection",
    "Real data hold the mean back at lambda e standard deviations.",
    _moved,
    (
        *_at_rest,
        Step(
            rule="substitution bound",
            claim=_moved,
            uses=("rest of the mean", "model:fitted_sd"),
        ),
    ),
    *SELECTED,
    "at a fixed point, of standard deviation sigma",
    kind=Kind.FIXED_POINT,
)
_kept = eq(_v, _V / room)
curated_stationary_variance = _theorem(
    "curated_stationary_variance",
    "Where the variance settles under selection",
    "Selection narrows the samples, and by moving them away from the real data widens the mixture.",
    _kept,
    (
        *_at_rest,
        Step(
            rule="combination",
            claim=eq(_v, _spread),
            label="variance at rest",
            uses=("model:fixed_variance", "variance"),
            given={"weights": (-1, 1)},
        ),
        Step(
            rule="substitution bound",
            claim=eq(_v, (_V + _lam * (_c * _v + ((1 + _lam) * _e) ** 2 * _v)) / (1 + _lam)
                     - (_lam * _e) ** 2 * _v),
            label="rest of the variance",
            uses=("variance at rest", "rest of the mean"),
        ),
        Step(
            rule="combination",
            claim=_kept,
            uses=("rest of the variance",),
            given={"weights": ((1 + _lam) / room,), "domain": _inside},
        ),
    ),
    *SELECTED,
    "at a fixed point; there is none once beta c + lambda e^2 >= 1",
    conditions=_SETTLED,
    kind=Kind.FIXED_POINT,
)  # fmt: skip

# -------------------------------------------------------------------------------- the Jacobian

_slopes = {
    ("shift", _m): _beta,
    ("shift", _v): _beta * _e / (2 * sp.sqrt(_v)),
    ("variance", _m): 2 * _beta * _best / (1 + _lam),
    ("variance", _v): _beta * _c + _beta * _best * _e / ((1 + _lam) * sp.sqrt(_v)),
}
_EXPLICIT = {"shift": (of_shift, _shifted), "variance": (of_variance, _spread)}


def _entry(which: str, name: sp.Symbol) -> tuple[Step, Step]:
    """One derivative of the map."""
    derivatives, explicit = _EXPLICIT[which]
    slope, value = sp.Derivative(explicit, name), _slopes[which, name]
    label = f"{which} in {'mean' if name == _m else 'variance'}"
    return (
        Step(rule="derivative", claim=eq(slope, value), label=f"slope of {label}"),
        Step(
            rule="substitution",
            claim=eq(derivatives[name], value),
            label=label,
            uses=(which, f"slope of {label}"),
        ),
    )


_trace = _beta * (1 + _c + _e**2)
_det = _beta**2 * _c
_FIXED = ("rest of the mean", "model:fitted_sd")
_trace_steps = (
    *_at_rest,
    *_entry("shift", _m),
    *_entry("variance", _v),
    Step(
        rule="substitution",
        claim=eq(s.jacobian_trace, _trace),
        uses=("model:jacobian_trace", "shift in mean", "variance in variance", *_FIXED),
    ),
)
curated_jacobian_trace = _theorem(
    "curated_jacobian_trace",
    "Trace of the Jacobian under selection",
    "Sum of the two eigenvalues, in mean and variance.",
    eq(s.jacobian_trace, _trace),
    _trace_steps,
    *SELECTED,
    "at the fixed point",
    conditions=_SETTLED,
)
curated_jacobian_determinant = _theorem(
    "curated_jacobian_determinant",
    "Determinant of the Jacobian under selection",
    "Product of the two eigenvalues, in mean and variance.",
    eq(s.jacobian_determinant, _det),
    (
        *_at_rest,
        *_entry("shift", _m),
        *_entry("shift", _v),
        *_entry("variance", _m),
        *_entry("variance", _v),
        Step(
            rule="substitution",
            claim=eq(s.jacobian_determinant, _det),
            uses=("model:jacobian_determinant", "shift in mean", "shift in variance",
                  "variance in mean", "variance in variance", *_FIXED),
        ),
    ),
    *SELECTED,
    "at the fixed point",
)  # fmt: skip
_margin = room / (1 + _lam) ** 2
curated_stability_margin = _theorem(
    "curated_stability_margin",
    "Determinant of I - J under selection",
    "An eigenvalue reaches 1 exactly where the fixed point is lost.",
    eq(s.stability_margin, _margin),
    (
        Step(
            rule="substitution",
            claim=eq(s.stability_margin, _margin),
            uses=("model:stability_margin", "theorem:curated_jacobian_trace",
                  "theorem:curated_jacobian_determinant"),
        ),
    ),
    *SELECTED,
    "at the fixed point; both eigenvalues are below 1 where it is positive",
    conditions=_SETTLED,
)  # fmt: skip
_gap = 1 - _c - _e**2
_last = (_gap + sp.sqrt(_gap**2 + 4 * _e**2)) / (2 * _e**2)
curated_threshold = _theorem(
    "curated_threshold",
    "Ratio of selected samples from which nothing settles",
    "With more selected samples mean and variance grow without bound.",
    eq(s.critical_ratio, _last),
    (
        Step(
            rule="level reached",
            claim=eq(s.critical_ratio, _last),
            uses=("theorem:curated_stability_margin",),
            given={
                "level": sp.S.Zero,
                "variable": _lam,
                "domain": {_c: 1 / (1 + _over[1])},
            },
        ),
    ),
    *SELECTED,
    "c <= 1, as it is for any k >= 1",
    conditions=(_c <= 1,),
)

# --------------------------------------------------------------------------- its larger eigenvalue

_apart = _beta**2 * ((1 - _c) ** 2 + _e**2 * (2 + 2 * _c + _e**2))  # trace^2 - 4 determinant
_radius = (_trace + sp.sqrt(_apart)) / 2
curated_radius = _theorem(
    "curated_radius",
    "Spectral radius of the Jacobian under selection",
    "How fast mean and variance settle: the larger of the two eigenvalues.",
    eq(s.retraining_eigenvalue, _radius),
    larger_eigenvalue(
        "theorem:curated_jacobian_trace", "theorem:curated_jacobian_determinant", _trace, _apart
    ),
    *SELECTED,
    "at the fixed point",
    conditions=_SETTLED,
)

THEOREMS = (
    curated_stationary_shift,
    curated_stationary_variance,
    curated_jacobian_trace,
    curated_jacobian_determinant,
    curated_stability_margin,
    curated_threshold,
    curated_radius,
)
