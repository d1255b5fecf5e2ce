"""One image update to second order in 1/nu: I3.

The root of ``diag(s^2) + eta X`` is expanded entry by entry, for a symbolic dimension; ``eta``
keeps count of the order, ``X`` being of order ``nu^(-1/2)``.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.general import entry
from symbolic.model.image import cube_rest, deviation, root_entry, spread_size
from symbolic.relations import eq
from symbolic.symbols import Mean, SampleMean
from symbolic.theorem import Kind, Source, Step, Theorem

UNBIASED = "covariance with denominator n - 1 (ddof = 1), shrinkage_factor = 1"
_nu, _d, _a, _b = s.degrees_of_freedom, s.num_features, s.feature, s.other_feature
_sd, _X, _eta = s.image_sd, deviation, spread_size
_axes, _other_axes = (_a, 0, _d - 1), (_b, 0, _d - 1)
_pairs = ((_b, _a + 1, _d - 1), _axes)
_e = sp.Symbol("e", integer=True, nonnegative=True)
_sum = sp.Sum(_sd[_a], _axes)
pair_sum = sp.Sum(_sd[_a] * _sd[_b] / (_sd[_a] + _sd[_b]), *_pairs)
_next = s.next_image_diversity

# ----------------------------------------------------------------------- moments of the deviation

_za, _zb = s.normal_draw[_a], s.normal_draw[_b]
_cross = SampleMean(_za * _zb, _nu)
_delta = sp.KroneckerDelta(_a, _b)
_square = _sd[_a] ** 2 * _sd[_b] ** 2 * (1 + _delta) / _nu
_swapped = _X[_b, _a]
deviation_moments = (
    Step(
        rule="i.i.d. sum",
        claim=eq(
            Mean((_cross - _delta) ** 2),
            Mean(_za**2 * _zb**2) / _nu
            + (1 - 1 / _nu) * Mean(_za * _zb) ** 2
            - 2 * _delta * Mean(_za * _zb)
            + _delta,
        ),
        label="square",
    ),
    Step(rule="Isserlis", claim=eq(Mean(_za * _zb), _delta), label="second"),
    Step(rule="Isserlis", claim=eq(Mean(_za**2 * _zb**2), 1 + 2 * _delta), label="fourth"),
    Step(rule="i.i.d. sum", claim=eq(Mean(_cross), Mean(_za * _zb)), label="first"),
    Step(
        rule="instance",
        claim=eq(_swapped, _sd[_a] * _sd[_b] * (_cross - _delta)),
        note="the deviation is symmetric",
        label="swapped",
        uses=("model:deviation",),
        given={_a: _b, _b: _a},
    ),
    Step(
        rule="combination",
        claim=eq(Mean((_cross - _delta) ** 2), (1 + _delta) / _nu),
        label="square in numbers",
        uses=("square", "fourth", "second"),
        given={"weights": (1, 1 / _nu, (1 - 1 / _nu) * (Mean(_za * _zb) + _delta) - 2 * _delta)},
    ),
    Step(
        rule="combination",
        claim=eq(_X[_a, _b] * _swapped, _sd[_a] ** 2 * _sd[_b] ** 2 * (_cross - _delta) ** 2),
        label="product",
        uses=("model:deviation", "swapped"),
        given={"weights": (_swapped, _sd[_a] * _sd[_b] * (_cross - _delta))},
    ),
    Step(
        rule="monotone",
        claim=eq(
            Mean(_X[_a, _b] * _swapped),
            Mean(_sd[_a] ** 2 * _sd[_b] ** 2 * (_cross - _delta) ** 2),
        ),
        label="mean product",
        uses=("product",),
        given={"apply": Mean},
    ),
    Step(
        rule="combination",
        claim=eq(Mean(_X[_a, _b] * _swapped), _square),
        label="variance",
        uses=("mean product", "square in numbers"),
        given={"weights": (1, _sd[_a] ** 2 * _sd[_b] ** 2)},
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(_X[_a, _b]), 0),
        label="centred",
        uses=("model:deviation", "first", "second"),
    ),
    Step(
        rule="instance",
        claim=eq(Mean(_X[_a, _a]), 0),
        label="centred diagonal",
        uses=("centred",),
        given={_b: _a},
    ),
)

# --------------------------------------------------------------------------- the root, its trace

_product_rest = sp.Symbol("product_rest", real=True)
_root_squared = Step(
    rule="perturbation",
    claim=eq(
        sp.Sum(root_entry(_a, _e) * root_entry(_e, _b), (_e, 0, _d - 1)),
        _sd[_a] ** 2 * _delta + _eta * _X[_a, _b] + _eta**3 * _product_rest,
    ),
    note="the expansion squares to Sigma + eta X up to third order",
    given={"small": _eta, "order": 3, "rest": _product_rest},
)
_loss = sp.Sum(
    _X[_a, _b] * _X[_b, _a] / ((_sd[_a] + _sd[_b]) ** 2 * 2 * _sd[_a]), _other_axes, _axes
)
_rest = _eta**3 * sp.Sum(cube_rest[_a, _a], _axes)
_kernel = _square / ((_sd[_a] + _sd[_b]) ** 2 * 2 * _sd[_a])
_mean_loss = sp.Sum(_kernel, _other_axes, _axes)
_second_order = _sum - (_sum + 2 * pair_sum) / (4 * _nu)
_smooth = _sd[_a] * _sd[_b] ** 2 / (2 * _nu * (_sd[_a] + _sd[_b]) ** 2)
image_contraction_second_order = Theorem(
    name="image_contraction_second_order",
    title="Image diversity after one update, to second order",
    in_words="The loss of one update to order 1/nu, for any covariance.",
    statement=eq(Mean(_next), _second_order),
    kind=Kind.ASYMPTOTIC,
    source=Source.OURS,
    reference="Theorem 5.1 (I3)",
    assumptions=(UNBIASED, "error of order nu^-2"),
    lemmas=("double_sum", "small_deviation"),
    derivation=(
        _root_squared,
        *deviation_moments,
        Step(
            rule="substitution",
            claim=eq(
                _next,
                _sum + _eta * sp.Sum(_X[_a, _a] / (2 * _sd[_a]), _axes) - _eta**2 * _loss + _rest,
            ),
            label="trace",
            uses=("model:root_trace",),
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(_next), _sum - _eta**2 * _mean_loss + Mean(_rest)),
            label="mean trace",
            uses=("trace", "centred diagonal", "variance"),
        ),
        Step(
            rule="lemma",
            claim=eq(
                sp.Sum(_smooth, _other_axes, _axes),
                sp.Sum(_smooth.xreplace({_b: _a}), _axes)
                + sp.Sum(_smooth + _smooth.xreplace({_a: _b, _b: _a}), *_pairs),
            ),
            label="pairs",
            uses=("lemma:double_sum",),
            given={
                entry(_a, _b): _smooth,
                entry(_a, _a): _smooth.xreplace({_b: _a}),
                entry(_b, _a): _smooth.xreplace({_a: _b, _b: _a}),
            },
        ),
        Step(
            rule="algebra",
            claim=eq(
                _smooth + _smooth.xreplace({_a: _b, _b: _a}),
                _sd[_a] * _sd[_b] / (2 * _nu * (_sd[_a] + _sd[_b])),
            ),
            label="one pair",
        ),
        Step(
            rule="monotone",
            claim=eq(
                sp.Sum(_smooth + _smooth.xreplace({_a: _b, _b: _a}), *_pairs),
                sp.Sum(_sd[_a] * _sd[_b] / (2 * _nu * (_sd[_a] + _sd[_b])), *_pairs),
            ),
            label="all pairs",
            uses=("one pair",),
            given={"apply": sp.Sum, "over": _pairs},
        ),
        Step(
            rule="combination",
            claim=eq(
                Mean(_next),
                _sum - _eta**2 * (_sum + 2 * pair_sum) / (4 * _nu) + Mean(_rest),
            ),
            label="expanded",
            uses=("mean trace", "pairs", "all pairs"),
            given={"weights": (1, -(_eta**2), -(_eta**2))},
        ),
        Step(
            rule="leading order",
            claim=eq(Mean(_next), _second_order),
            note="the third-order term has a mean of order nu^-2",
            uses=("expanded", "lemma:small_deviation"),
            given={"small": _eta, "order": 2},
        ),
    ),
)

THEOREMS = (image_contraction_second_order,)
