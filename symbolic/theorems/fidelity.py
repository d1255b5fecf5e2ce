"""How far a text's mean drifts from its start: I8."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.general import quantity, term
from symbolic.model.fidelity import (
    squared_after,
    squared_offset_next,
    step_after,
    step_length,
    step_length_at,
    variance_at,
)
from symbolic.model.image import count_weight
from symbolic.relations import eq, le
from symbolic.symbols import Mean, SampleMean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.contraction import UNBIASED
from symbolic.theorems.image import COUNTED

_t, _rho, _n, _m, _d = (
    s.generations, s.contraction_factor, s.image_count, s.count_index, s.num_features
)  # fmt: skip
_a, _b = s.feature, s.other_feature
_axes, _counts = (_a, 0, _d - 1), (_m, s.min_images, s.batch_size)
_pairs = ((_b, _a + 1, _d - 1), _axes)
_sd, _z, _D0 = s.image_sd[_a], s.normal_draw[_a], s.image_diversity
_F, _F2, _D = s.image_fidelity_at, s.squared_fidelity_at, s.image_diversity_at
_g_half, _g_one = s.inverse_root_count, s.inverse_count
COUNTS = (
    "n ~ Binomial(N, p) afresh in each update, independent of the Gaussian",
    "a text with n < min_images does not move",
)
MOVES = (*COUNTS, COUNTED)
FACTOR = "rho = mean factor of an update, rho < 1 (image_factor_mean)"


_noise = (
    Step(rule="i.i.d. sum", claim=eq(Mean(SampleMean(_z, _n)), Mean(_z)), label="noise mean"),
    Step(
        rule="i.i.d. sum",
        claim=eq(Mean(SampleMean(_z, _n) ** 2), Mean(_z**2) / _n + (1 - 1 / _n) * Mean(_z) ** 2),
        label="noise square",
    ),
    Step(rule="Isserlis", claim=eq(Mean(_z), 0), label="normal mean"),
    Step(rule="Isserlis", claim=eq(Mean(_z**2), 1), label="normal square"),
)
_noise_labels = ("noise mean", "noise square", "normal mean", "normal square")
_trace = sp.Sum(_sd**2, _axes)
_pair_products = sp.Sum(_sd * s.image_sd[_b], *_pairs)
_one_step = (
    *_noise,
    Step(
        rule="monotone",
        claim=eq(
            Mean(step_length**2), Mean(sp.Sum(_sd**2 * SampleMean(_z, _n) ** 2, _axes))
        ),
        label="mean square by axis",
        uses=("model:step_square",),
        given={"apply": Mean},
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(step_length**2), _trace / _n),
        label="mean square",
        uses=("mean square by axis", *_noise_labels),
    ),
    Step(
        rule="lemma",
        claim=le(Mean(step_length), sp.sqrt(Mean(step_length**2))),
        label="Jensen",
        uses=("lemma:jensen_root",),
        given={quantity: step_length**2},
    ),
    Step(
        rule="lemma",
        claim=eq(sp.Sum(_sd, _axes) ** 2, _trace + 2 * _pair_products),
        label="square of the trace of the root",
        uses=("lemma:square_of_sum",),
        given={term[s.text]: _sd, term[s.other_text]: s.image_sd[_b], s.text: _a,
               s.other_text: _b, s.num_texts: _d},
    ),
    Step(
        rule="combination",
        claim=le(Mean(step_length**2), sp.Sum(_sd, _axes) ** 2 / _n),
        label="square below",
        uses=("mean square", "square of the trace of the root"),
        given={"weights": (-1, 1 / _n), "form": 2 * _pair_products / _n},
    ),
    Step(
        rule="square root",
        claim=le(sp.sqrt(Mean(step_length**2)), sp.Sum(_sd, _axes) / sp.sqrt(_n)),
        label="root below",
        uses=("square below",),
    ),
    Step(
        rule="combination",
        claim=le(step_after(_n), _D0 / sp.sqrt(_n)),
        label="given the count",
        uses=("Jensen", "root below", "model:step_after", "model:image_diversity"),
        given={"weights": (1, 1, -1, 1 / sp.sqrt(_n))},
    ),
    Step(
        rule="instance",
        claim=le(step_after(_m), _D[_t] / sp.sqrt(_m)),
        label="count m",
        uses=("given the count",),
        given={_n: _m, _D0: _D[_t]},
    ),
    Step(
        rule="combination",
        claim=le(count_weight * step_after(_m), count_weight * _D[_t] / sp.sqrt(_m)),
        label="weighted",
        uses=("count m",),
        given={"weights": (count_weight,)},
    ),
    Step(
        rule="monotone",
        claim=le(
            sp.Sum(count_weight * step_after(_m), _counts),
            sp.Sum(count_weight * _D[_t] / sp.sqrt(_m), _counts),
        ),
        label="all counts",
        uses=("weighted",),
        given={"apply": sp.Sum, "over": (_counts,)},
    ),
    Step(
        rule="combination",
        claim=le(Mean(step_length_at[_t]), _D[_t] * _g_half),
        note="given the state before the update",
        label="one step",
        uses=("model:step_over_counts", "all counts", "model:inverse_root_count"),
        given={"weights": (-1, 1, -_D[_t])},
    ),
    Step(
        rule="tower",
        claim=le(Mean(step_length_at[_t]), _g_half * Mean(_D[_t])),
        label="mean step",
        uses=("one step",),
    ),
)  # fmt: skip

_path = _D0 * _g_half * (1 - _rho**_t) / (1 - _rho)
image_fidelity_bound_at = Theorem(
    name="image_fidelity_bound_at",
    title="First-moment fidelity after t updates",
    in_words="The mean distance of a text's mean from its start after t image updates.",
    statement=le(Mean(_F[_t]), _path),
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="I8",
    assumptions=(*MOVES, FACTOR),
    conditions=(_rho < 1,),
    lemmas=("jensen_root", "square_of_sum"),
    derivation=(
        *_one_step,
        Step(
            rule="substitution bound",
            claim=le(Mean(_D[_t]), _rho**_t * _D0),
            label="diversity",
            uses=("theorem:image_diversity_upper_bound_counts", "model:rho"),
        ),
        Step(
            rule="combination",
            claim=le(Mean(_F[_t + 1]), Mean(_F[_t]) + _g_half * _D0 * _rho**_t),
            label="each update",
            uses=("model:fidelity_triangle", "mean step", "diversity"),
            given={"weights": (1, 1, _g_half)},
        ),
        Step(
            rule="geometric sum",
            claim=le(Mean(_F[_t]), _path),
            uses=("each update", "model:fidelity_start"),
        ),
    ),
)
image_fidelity_bound = Theorem(
    name="image_fidelity_bound",
    title="First-moment fidelity is bounded",
    in_words="The mean distance of a text's mean from its start never exceeds this.",
    statement=le(Mean(_F[_t]), _D0 * _g_half / (1 - _rho)),
    kind=Kind.UPPER_BOUND,
    source=Source.RECONSTRUCTED,
    reference="Theorem 3.4 (I8)",
    assumptions=(*MOVES, FACTOR),
    conditions=(_rho < 1,),
    derivation=(
        Step(
            rule="combination",
            claim=le(Mean(_F[_t]), _D0 * _g_half / (1 - _rho)),
            note="what is left of the geometric series",
            uses=("theorem:image_fidelity_bound_at",),
            given={"weights": (1,), "form": _D0 * _g_half * _rho**_t / (1 - _rho)},
        ),
    ),
)

_linear = eq(Mean(_F2[_t]), _t * s.image_variance * _g_one)
image_fidelity_squared = Theorem(
    name="image_fidelity_squared",
    title="Squared fidelity grows without bound",
    in_words="The mean squared distance of a text's mean from its start grows linearly.",
    statement=_linear,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="I8",
    assumptions=(*MOVES, UNBIASED),
    conditions=(_g_one <= sp.Rational(1, 2),),
    lemmas=("binomial_total",),
    derivation=(
        *_noise,
        Step(
            rule="substitution",
            claim=eq(squared_after(_n), s.squared_offset + s.current_variance / _n),
            label="given the count",
            uses=(
                "model:squared_after",
                *_noise_labels,
                "model:squared_offset",
                "model:current_variance",
            ),
        ),
        Step(
            rule="instance",
            claim=eq(squared_after(_m), s.squared_offset + s.current_variance / _m),
            label="count m",
            uses=("given the count",),
            given={_n: _m},
        ),
        Step(
            rule="substitution",
            claim=eq(
                Mean(squared_offset_next),
                sp.Symbol("P_below", nonnegative=True) * s.squared_offset
                + s.squared_offset * sp.Sum(count_weight, _counts)
                + s.current_variance * sp.Sum(count_weight / _m, _counts),
            ),
            label="over counts",
            uses=("model:squared_over_counts", "count m"),
        ),
        Step(
            rule="combination",
            claim=eq(Mean(squared_offset_next), s.squared_offset + s.current_variance * _g_one),
            label="one update",
            uses=("over counts", "lemma:binomial_total", "model:inverse_count"),
            given={"weights": (1, s.squared_offset, s.current_variance)},
        ),
        Step(
            rule="tower",
            claim=eq(Mean(_F2[_t + 1]), Mean(_F2[_t]) + _g_one * Mean(variance_at[_t])),
            label="each update",
            uses=("one update",),
            given={
                squared_offset_next: _F2[_t + 1],
                s.squared_offset: _F2[_t],
                s.current_variance: variance_at[_t],
            },
        ),
        Step(
            rule="substitution bound",
            claim=eq(Mean(s.directional_variance_at[_t]), s.directional_variance),
            note="ddof = 1 and no shrinkage: the mean covariance stays",
            label="mean variance",
            uses=("theorem:directional_variance_mean", "model:unbiased", "model:no_shrinkage"),
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(_F2[_t + 1]), Mean(_F2[_t]) + _g_one * s.image_variance),
            label="each update in numbers",
            uses=("each update", "model:trace_by_direction", "mean variance"),
        ),
        Step(
            rule="linear recursion",
            claim=_linear,
            uses=("each update in numbers", "model:squared_start"),
        ),
    ),
)

THEOREMS = (image_fidelity_bound_at, image_fidelity_bound, image_fidelity_squared)
