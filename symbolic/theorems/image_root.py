"""The root of the covariance after image updates, in Loewner order: I2 (and R1).

In the eigenbasis of the covariance the next root ``R`` has ``R_aa^2 <= (R^2)_aa``, whose law is
known exactly; off the diagonal ``R`` has mean zero by symmetry.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.image import image_scale
from symbolic.model.spectra import axes, other_axes
from symbolic.relations import eq, ge, le
from symbolic.symbols import ChiSquare, Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.image import (
    ENOUGH_IMAGES,
    UPDATES,
    contraction_constant,
    directional_factor,
    freedom,
    root_moment,
)

_t, _a, _b = s.generations, s.feature, s.other_feature
_n, _nu = s.image_count, s.degrees_of_freedom
_sd, _v, _form = s.image_sd[_a], s.direction, s.root_form_at
_diagonal, _off = s.root_diagonal[_a], s.root_off[_a, _b]
_variance = image_scale * ChiSquare(freedom) * _sd**2
_root = sp.sqrt(image_scale) * sp.sqrt(ChiSquare(freedom)) * _sd


#: Each diagonal entry of the next root has a mean of at most ``c(nu)`` times the old one.
diagonal_of_root = (
    *root_moment,
    Step(
        rule="lemma",
        claim=eq(s.next_axis_variance[_a], _variance),
        note="along an axis of the eigenbasis",
        label="axis variance",
        uses=("lemma:sample_variance",),
        given={
            s.directional_variance_at[_t + 1]: s.next_axis_variance[_a],
            s.directional_variance_at[_t]: _sd**2,
        },
    ),
    Step(
        rule="combination",
        claim=le(_diagonal**2, _variance),
        note="the row's other squares are dropped",
        label="square below",
        uses=("model:root_square", "axis variance"),
        given={"weights": (-1, -1), "form": sp.Sum(_off**2, other_axes)},
    ),
    Step(rule="square root", claim=le(_diagonal, _root), label="entry", uses=("square below",)),
    Step(
        rule="monotone",
        claim=le(Mean(_diagonal), Mean(_root)),
        label="mean entry",
        uses=("entry",),
        given={"apply": Mean},
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(_root), directional_factor * _sd),
        label="mean root of the axis variance",
        uses=("mean root of chi-square",),
    ),
    Step(
        rule="combination",
        claim=le(Mean(_diagonal), directional_factor * _sd),
        label="diagonal",
        uses=("mean entry", "mean root of the axis variance"),
        given={"weights": (1, -1)},
    ),
)

_weighted = le(_v[_a] ** 2 * Mean(_diagonal), _v[_a] ** 2 * directional_factor * _sd)
_by_axis = sp.Sum(_v[_a] ** 2 * Mean(_diagonal), axes)
_one_update = le(
    Mean(s.next_root_form), directional_factor * sp.Sum(_v[_a] ** 2 * _sd, axes)
)  # fmt: skip
image_root_loewner = Theorem(
    name="image_root_loewner",
    title="The covariance's root contracts by c(nu) in Loewner order",
    in_words="Along any vector the mean root of the covariance is at most c(nu) times the root.",
    statement=_one_update,
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="Theorem 3.3 (I2)",
    assumptions=(
        "one image update with n images, n >= 2, n > ddof; no user content",
        "expectation given the covariance before the update; v any vector, in its eigenbasis",
    ),
    conditions=ENOUGH_IMAGES,
    lemmas=("sample_variance", "root_sign_symmetry"),
    derivation=(
        *diagonal_of_root,
        Step(
            rule="combination",
            claim=_weighted,
            label="weighted",
            uses=("diagonal",),
            given={"weights": (_v[_a] ** 2,)},
        ),
        Step(
            rule="monotone",
            claim=le(sp.Sum(_weighted.lhs, axes), sp.Sum(_weighted.rhs, axes)),
            label="all axes",
            uses=("weighted",),
            given={"apply": sp.Sum, "over": (axes,)},
        ),
        Step(
            rule="monotone",
            claim=eq(
                Mean(s.next_root_form),
                Mean(
                    sp.Sum(_v[_a] ** 2 * _diagonal, axes)
                    + sp.Sum(_v[_a] * _v[_b] * _off, other_axes, axes)
                ),
            ),
            label="form",
            uses=("model:next_root_form",),
            given={"apply": Mean},
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(s.next_root_form), _by_axis),
            note="off the diagonal the mean vanishes",
            label="mean form",
            uses=("form", "lemma:root_sign_symmetry"),
        ),
        Step(
            rule="combination",
            claim=_one_update,
            uses=("all axes", "mean form"),
            given={"weights": (1, -1)},
        ),
    ),
)
_along = le(Mean(_form[_t]), directional_factor**_t * s.root_form)
image_root_trajectory = Theorem(
    name="image_root_trajectory",
    title="The covariance's root along a trajectory, in Loewner order",
    in_words="After t updates the mean root of the covariance is at most c(nu)^t times its start.",
    statement=_along,
    kind=Kind.UPPER_BOUND,
    source=Source.RECONSTRUCTED,
    reference="Theorem 3.3 (I2); iterative retraining, Proposition 1 (R1)",
    assumptions=(*UPDATES, "along any fixed vector v, hence in Loewner order"),
    conditions=ENOUGH_IMAGES,
    derivation=(
        Step(
            rule="combination",
            claim=le(Mean(s.next_root_form), directional_factor * s.root_form),
            label="one update",
            uses=("theorem:image_root_loewner", "model:root_form"),
            given={"weights": (1, directional_factor)},
        ),
        Step(
            rule="tower",
            claim=le(Mean(_form[_t + 1]), directional_factor * Mean(_form[_t])),
            label="each update",
            uses=("one update",),
            given={s.root_form: _form[_t], s.next_root_form: _form[_t + 1]},
        ),
        Step(rule="induction", claim=_along, uses=("each update", "model:root_form_start")),
    ),
)

# ------------------------------------------------------------------------------ from below

_j = s.exponent_index
_row, _rows = _n - _j, (_j, 1, s.num_features)  # a chi-square of the factor's diagonal
_row_root = sp.sqrt(image_scale) * s.image_sd[_j - 1]
_in_factors = sp.Sum(_row_root * sp.sqrt(ChiSquare(_row)), _rows)
_in_numbers = sp.Sum(_row_root * sp.sqrt(_row) * contraction_constant(_row), _rows)
_below = ge(Mean(s.next_image_diversity), _in_numbers)
image_one_step_lower_bound = Theorem(
    name="image_one_step_lower_bound",
    title="Image diversity after one update, from below",
    in_words="One update keeps at least the mean trace of the Bartlett factor, axis by axis.",
    statement=_below,
    kind=Kind.LOWER_BOUND,
    source=Source.OURS,
    reference="I2, I3",
    assumptions=(
        "one image update with n images, n > d, n > ddof; no user content",
        "expectation given the covariance before the update",
        "the axes in any order: decreasing standard deviations give the best bound",
    ),
    conditions=(_n > s.num_features, _n > s.ddof),
    lemmas=("trace_norm",),
    derivation=(
        root_moment[0],
        Step(
            rule="instance",
            claim=eq(Mean(sp.sqrt(ChiSquare(_row))), sp.sqrt(_row) * contraction_constant(_row)),
            label="mean root of chi-square",
            uses=("mean root",),
            given={_nu: _row},
        ),
        Step(
            rule="lemma",
            claim=ge(s.next_image_diversity, _in_factors),
            label="factor",
            uses=("lemma:trace_norm",),
        ),
        Step(
            rule="monotone",
            claim=ge(Mean(s.next_image_diversity), Mean(_in_factors)),
            label="mean",
            uses=("factor",),
            given={"apply": Mean},
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(_in_factors), _in_numbers),
            label="axis by axis",
            uses=("mean root of chi-square",),
        ),
        Step(
            rule="combination",
            claim=_below,
            uses=("mean", "axis by axis"),
            given={"weights": (1, 1)},
        ),
    ),
)

THEOREMS = (image_root_loewner, image_root_trajectory, image_one_step_lower_bound)
