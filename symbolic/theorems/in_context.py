"""In-context regression by one layer of linear attention: one context, and the best gain.

Trained linear attention predicts with the coefficients ``eta u``, where ``u`` is the context's
mean product of input and label: one step of gradient descent from zero (von Oswald et al.,
Transformers learn in-context by gradient descent, 2023; Zhang, Frei and Bartlett, Trained
transformers learn linear models in-context, 2023).  The scatter of few inputs makes ``u`` longer
than the true coefficients, which the best gain answers by a shrinkage.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.in_context import (
    axes,
    coefficient,
    label_error,
    label_product,
    other_axes,
    task_context_product,
    task_context_square,
    task_square,
)
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Step
from symbolic.theorems.ours import ours
from symbolic.theorems.retraining_errors import names, of_means

_a, _b, _c = s.feature, s.other_feature, s.classes.index("c_f")
_n, _d, _noise, _z = s.num_context, s.num_features, s.label_noise, s.normal_draw
_eta, _norm, _prior = s.attention_gain, s.squared_norm, s.prior_variance
_third_axes = (_c, 0, _d - 1)
REFERENCE = "in-context learning by linear attention (F4)"

CONTEXT = "a context has n_c inputs of d independent standard normals and labels w'x + noise"
PRIOR = "true coefficients have mean square tau^2 each (of any such prior); real labels"
ATTENTION = "the coefficients are eta u, u the context's mean product of input and label"


theorem = ours(REFERENCE)


def excess(size: sp.Expr) -> sp.Expr:
    """What the scatter of so many inputs multiplies a mean squared length by.

    Examples
    --------
    >>> excess(s.num_generated)
    1 + (d + 1)/n_g
    """
    return 1 + (_d + 1) / size


def batch_square(square: sp.Expr, size: sp.Expr, noise: sp.Expr = _noise) -> sp.Expr:
    """Mean squared length of the mean product over a batch that some coefficients label.

    Examples
    --------
    >>> batch_square(s.squared_norm, s.num_context)
    d*sigma2/n_c + w2*(1 + (d + 1)/n_c)
    """
    return square * excess(size) + _d * noise / size


# ---------------------------------------------------------------------------------- one context

_label = sp.Sum(coefficient[_b] * _z[_b], other_axes)
_four = coefficient[_b] * coefficient[_c] * _z[_a] ** 2 * _z[_b] * _z[_c]
_two_axes, _delta = (_third_axes, other_axes), sp.KroneckerDelta
_square_by_axis = sp.Sum(coefficient[_a] ** 2, axes) + 2 * coefficient[_a] ** 2 + _noise


def _taken_out(weight: sp.Expr, name: str) -> Step:
    """Average a weighted label term by term."""
    terms = sp.Sum(Mean(weight * coefficient[_b] * _z[_b]), other_axes)
    return Step(rule="sum taken out", claim=eq(Mean(weight * _label), terms), label=name)


_by_axis = (
    *of_means(label_product, _n, "products")[:2],
    Step(rule="Isserlis", claim=eq(Mean(_z[_a] * _z[_b]), _delta(_a, _b)), label="second"),
    _taken_out(_z[_a], "one label"),
    Step(
        rule="substitution",
        claim=eq(Mean(label_product), coefficient[_a]),
        label="product",
        uses=("model:label_product", "one label", "second", "model:input_noise"),
    ),
)
_fourth = (
    Step(
        rule="Isserlis",
        claim=eq(
            Mean(_z[_a] ** 2 * _z[_b] * _z[_c]),
            _delta(_b, _c) + 2 * _delta(_a, _b) * _delta(_a, _c),
        ),
        label="fourth",
    ),
    Step(
        rule="double sum",
        claim=eq(Mean((_z[_a] * _label) ** 2), sp.Sum(Mean(_four), *_two_axes)),
        label="two axes",
    ),
    Step(
        rule="substitution",
        claim=eq(Mean((_z[_a] * _label) ** 2), _square_by_axis - _noise),
        label="label",
        uses=("two axes", "fourth"),
    ),
    _taken_out(_z[_a] ** 2 * label_error, "noisy label"),
    Step(
        rule="substitution",
        claim=eq(Mean(label_product**2), _square_by_axis),
        label="squared product",
        uses=("model:label_product", "label", "noisy label", "model:input_noise_cross",
              "model:input_noise_square"),
    ),
)  # fmt: skip
_mean = eq(Mean(s.context_product), s.coefficient_product)
context_mean = theorem(
    "context_mean",
    "Mean product of input and label over a context",
    "Its mean is the vector of true coefficients, here along any vector.",
    _mean,
    (
        *_by_axis,
        Step(
            rule="substitution",
            claim=_mean,
            uses=("model:context_product", *names("products")[:1], "product",
                  "model:coefficient_product"),
        ),
    ),
    CONTEXT,
)  # fmt: skip
_moment = eq(Mean(s.context_square), batch_square(_norm, _n))
context_moment = theorem(
    "context_moment",
    "Mean squared length of a context's mean product of input and label",
    "The scatter of the inputs lengthens it by (d + 1)/n_c, the labels' noise by d sigma2/n_c.",
    _moment,
    (
        *_by_axis,
        *_fourth,
        Step(
            rule="substitution",
            claim=_moment,
            uses=("model:context_square", *names("products")[:2], "product", "squared product",
                  "model:coefficient_norm"),
        ),
    ),
    CONTEXT,
)  # fmt: skip

# -------------------------------------------------------------------------------- over the prior

_whole = _prior * _d
_error_value = _eta**2 * batch_square(_whole, _n) - 2 * _eta * _whole + _whole
_error = eq(s.attention_error, _error_value)
_averaged = (
    Step(
        rule="instance",
        claim=eq(Mean(task_context_product), _norm),
        label="along itself",
        uses=("theorem:context_mean",),
        given={s.context_product: task_context_product, s.coefficient_product: _norm},
    ),
    Step(
        rule="tower",
        claim=eq(Mean(task_context_product), Mean(task_square)),
        label="products of tasks",
        uses=("along itself",),
        given={_norm: task_square},
    ),
    Step(
        rule="tower",
        claim=eq(Mean(task_context_square), batch_square(Mean(task_square), _n)),
        label="squares of tasks",
        uses=("theorem:context_moment",),
        given={_norm: task_square, s.context_square: task_context_square},
    ),
)
attention_error = theorem(
    "attention_error",
    "Error of linear attention at any gain",
    "Mean squared distance of the coefficients from the true ones, over contexts and the prior.",
    _error,
    (
        *_averaged,
        Step(
            rule="substitution",
            claim=_error,
            uses=("model:attention_error", "products of tasks", "squares of tasks", "model:prior"),
        ),
    ),
    CONTEXT, ATTENTION, PRIOR,
)  # fmt: skip
best = 1 / (excess(_n) + _noise / (_n * _prior))
_least = _whole * (1 - best)
_gap = Step(
    rule="algebra",
    claim=eq(_error_value - _least, _whole / best * (_eta - best) ** 2),
    label="gap",
)
_square = {"variable": _eta, "weight": _whole / best, "root": _eta - best}
_best_gain = eq(s.best_attention_gain, best)
best_attention_gain = theorem(
    "best_attention_gain",
    "Best gain of linear attention",
    "Training finds it: below 1, the more so the fewer the examples and the more the noise.",
    _best_gain,
    (
        _gap,
        Step(
            rule="minimum",
            claim=_best_gain,
            uses=("theorem:attention_error", "gap"),
            given=_square,
        ),
    ),
    CONTEXT, ATTENTION, PRIOR,
)  # fmt: skip
_best_error = eq(s.best_attention_error, _least)
best_attention_error = theorem(
    "best_attention_error",
    "Smallest error of linear attention",
    "What the best gain lacks to 1 is the share of the prior's variance that is left.",
    _best_error,
    (
        _gap,
        Step(
            rule="minimal value",
            claim=_best_error,
            uses=("theorem:attention_error", "gap"),
            given={**_square, "at": best},
        ),
    ),
    CONTEXT, ATTENTION, PRIOR,
)  # fmt: skip

THEOREMS = (
    context_mean,
    context_moment,
    attention_error,
    best_attention_gain,
    best_attention_error,
)
