"""Augmentation: how many inputs labelled by the first fit help the next one.

Coefficients ``eta u_0`` of ``n_r`` real examples label ``n_s`` more, and attention sees them all.
The mean coefficients fade from ``eta w`` towards ``eta^2 w``, as if the gain were smaller, and the
synthetic inputs add a variance of their own.  So they help only where the gain is too large for
the real examples; where the fit is unbiased they never do.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.in_context import coefficient
from symbolic.model.in_context_augmentation import after_entry, batch_entry, first_entry
from symbolic.model.in_context_loop import aim_at
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Step
from symbolic.theorems.in_context import batch_square, theorem
from symbolic.theorems.in_context_loop import first, recursions

_n, _n0, _d, _t, _eta = (
    s.num_synthetic, s.num_real, s.num_features, s.generations, s.attention_gain,
)  # fmt: skip
_a, _share, _norm, _V = s.feature, s.real_share, s.squared_norm, s.real_variance
_m, _N, _entry = s.location_error_at, s.coefficient_square_at, s.coefficient_product
_E = s.augmentation_error(_n)

AUGMENTED = (
    "eta u_0 of n_r real examples labels n_s fresh inputs (with noise of variance sigma2); the "
    "next coefficients are eta times the mean product over all n_r + n_s"
)
_SIZES = ("model:augmented_share", "model:augmented_size")

# ------------------------------------------------------------------------------------- the error

_faded = _eta * (_n0 + _eta * _n) / (_n0 + _n)  # the mean coefficients are this multiple of w
spread = ((_d + 1) * _norm + _d * s.real_label_noise) / _n0  # variance of u_0
#: What the synthetic inputs scatter, times their number over the square of that of all.
own = _eta**4 * (_d + 1) * (_norm + spread) + _eta**2 * _d * s.label_noise
_sampling = _faded**2 * spread + own * _n / (_n0 + _n) ** 2
_biased = _norm * (1 - _faded) ** 2
value = _biased + _sampling
_once = (
    Step(
        rule="substitution",
        claim=eq(
            Mean(_N[1]),
            _eta**2
            * (
                _share**2 * first
                + 2 * _share * (1 - _share) * _eta * first
                + (1 - _share) ** 2 * batch_square(_eta**2 * first, s.num_generated)
            ),
        ),
        label="length at one",
        uses=("each length at first", "kept square at first", "start of products",
              "start of lengths"),
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(aim_at.subs(_t, 1)), _eta * (_share + (1 - _share) * _eta) * _norm),
        label="aim at one",
        uses=("each aim at first", "kept aim at first", "start of aims"),
    ),
    Step(
        rule="instance",
        claim=eq(_m[1], _N[1] - 2 * aim_at.subs(_t, 1) + _norm),
        label="error at one",
        uses=("model:coefficient_error",),
        given={_t: sp.S.One},
    ),
)  # fmt: skip


def _at_first(name: str) -> Step:
    """Take a recursion at its first step."""
    (each,) = (step for step in recursions if step.label == name)
    return Step(
        rule="instance",
        claim=each.claim.subs(_t, 0),
        label=f"{name} at first",
        uses=(name,),
        given={_t: sp.S.Zero},
    )


_error = eq(_E, value)
augmentation_error = theorem(
    "augmentation_error",
    "Error of linear attention on real examples and inputs that it labelled itself",
    "The mean coefficients fade from eta w towards eta^2 w, and variance is added.",
    _error,
    (
        *recursions,
        _at_first("each length"),
        _at_first("each aim"),
        *_once,
        Step(
            rule="substitution",
            claim=_error,
            uses=("model:augmentation_error", "error at one", "length at one", "aim at one",
                  *_SIZES),
        ),
    ),
    AUGMENTED,
)  # fmt: skip
_shift = eq(s.augmentation_shift, _biased)
augmentation_shift = theorem(
    "augmentation_shift",
    "Squared bias of linear attention on real examples and inputs that it labelled itself",
    "Each synthetic input moves the mean coefficients from eta w towards eta^2 w.",
    _shift,
    (
        Step(
            rule="instance",
            claim=eq(Mean(first_entry), coefficient[_a]),
            label="real entry",
            uses=("theorem:context_mean",),
            given={s.context_product: first_entry, _entry: coefficient[_a]},
        ),
        Step(
            rule="instance",
            claim=eq(Mean(batch_entry), s.context_product_now),
            label="batch entry",
            uses=("theorem:context_mean",),
            given={s.context_product: batch_entry, _entry: s.context_product_now},
        ),
        Step(
            rule="tower",
            claim=eq(Mean(batch_entry), _eta * Mean(first_entry)),
            label="mean batch entry",
            uses=("batch entry",),
            given={s.context_product_now: _eta * first_entry},
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(after_entry), _eta * (_share + (1 - _share) * _eta) * coefficient[_a]),
            label="entry",
            uses=("model:augmented_entry", "mean batch entry", "real entry"),
        ),
        Step(
            rule="substitution",
            claim=_shift,
            uses=("model:augmentation_shift", "entry", *_SIZES, "model:coefficient_norm"),
        ),
    ),
    AUGMENTED,
)  # fmt: skip
_rest = eq(s.augmentation_sampling_error, _sampling)
augmentation_sampling_error = theorem(
    "augmentation_sampling_error",
    "Variance of linear attention on real examples and inputs that it labelled itself",
    "That of the real examples, faded like the coefficients, and that of the synthetic inputs.",
    _rest,
    (
        Step(
            rule="substitution",
            claim=_rest,
            uses=("model:augmentation_sampling_error", "theorem:augmentation_error",
                  "theorem:augmentation_shift"),
        ),
    ),
    AUGMENTED,
)  # fmt: skip

# -------------------------------------------------------------------------- does it help at all

_slope_value = sp.diff(value, _n)
_turn = (1 - _eta) * _norm - _eta * spread
_slope = eq(s.augmentation_slope(0), 2 * _eta * (1 - _eta) * _turn / _n0 + own / _n0**2)
augmentation_slope = theorem(
    "augmentation_slope",
    "What the first synthetic input does to the error",
    "Its own variance always adds; its fading of the coefficients helps where eta is too large.",
    _slope,
    (
        Step(
            rule="derivative",
            claim=eq(sp.Derivative(value, _n), _slope_value),
            label="derivative",
        ),
        Step(
            rule="substitution",
            claim=eq(s.augmentation_slope(_n), _slope_value),
            label="slope",
            uses=("model:augmentation_slope", "theorem:augmentation_error", "derivative"),
        ),
        Step(rule="instance", claim=_slope, uses=("slope",), given={_n: sp.S.Zero}),
    ),
    AUGMENTED, "derivative of the error in n_s at n_s = 0",
)  # fmt: skip
_plain = eq(_E, _V / _n0 + _V * _n / (_n0 + _n) ** 2)
augmentation_useless = theorem(
    "augmentation_useless",
    "Error of an unbiased fit to real examples and its own",
    "Generated examples only add to it: the best number of them is none.",
    _plain,
    (
        Step(
            rule="instance",
            claim=eq(
                Mean(_m[1]),
                _V / _n0
                + s.synthetic_ratio**2 / (1 + 2 * s.synthetic_ratio) * _V / s.num_generated
                * (1 - (s.synthetic_ratio / (1 + s.synthetic_ratio)) ** 2),
            ),
            label="at one",
            uses=("theorem:mixed_location",),
            given={_t: sp.S.One},
        ),
        Step(
            rule="substitution",
            claim=_plain,
            uses=("model:augmentation_error", "at one", "model:augmented_ratio",
                  "model:augmented_size"),
        ),
    ),
    "a mean is fitted, or regression on an orthogonal design (V = d sigma2): unbiased, of known "
    "variance V", "all examples count alike",
)  # fmt: skip

THEOREMS = (
    augmentation_error,
    augmentation_shift,
    augmentation_sampling_error,
    augmentation_slope,
    augmentation_useless,
)
