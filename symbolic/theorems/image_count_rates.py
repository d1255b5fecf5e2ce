"""What random image counts say of the mean factor of an update and of first-moment fidelity."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.calculus import binomial_weight, of_count
from symbolic.model.image import count_weight, update_factor
from symbolic.relations import eq, le
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.contraction import UNBIASED
from symbolic.theorems.fidelity import MOVES
from symbolic.theorems.image import ENOUGH_COUNTED, directional_factor
from symbolic.theorems.image_bounds import BINOMIAL
from symbolic.theorems.image_counts import SOME_UPDATE, over_counts

_N, _p, _m, _least = s.batch_size, s.text_prob, s.count_index, s.min_images
_counts = (_m, _least, _N)
_g1, _half = s.inverse_count, s.inverse_root_count


# ------------------------------------------------------------- the mean factor and what it bounds

_unbiased = {s.ddof: sp.S.One, s.shrinkage_factor: sp.S.One}
_c = directional_factor.subs(_unbiased).subs(s.image_count, _m)
_factor_bound = le(count_weight * _c, count_weight * (1 - 1 / (4 * _m)))
_AT_MOST_HALF = _g1 <= sp.Rational(1, 2)  # as min_images >= 2
image_factor_upper_bound = Theorem(
    name="image_factor_upper_bound",
    title="An update costs at least a quarter of the mean of 1/n",
    in_words="Over image counts the mean factor is at most 1 - E[1{updated}/n]/4.",
    statement=le(s.mean_image_factor, 1 - _g1 / 4),
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="I5, I9",
    assumptions=(*BINOMIAL, UNBIASED),
    conditions=(_AT_MOST_HALF,),
    derivation=(
        Step(
            rule="substitution bound",
            claim=eq(s.mean_image_factor, 1 + sp.Sum(count_weight * (_c - 1), _counts)),
            label="mean factor",
            uses=("theorem:image_factor_mean", "model:unbiased", "model:no_shrinkage"),
        ),
        Step(
            rule="instance",
            claim=le(_c, 1 - 1 / (4 * _m)),
            label="one count",
            uses=("theorem:contraction_constant_upper_bound",),
            given={s.degrees_of_freedom: _m - 1},
        ),
        Step(
            rule="combination",
            claim=_factor_bound,
            label="weighted",
            uses=("one count",),
            given={"weights": (count_weight,)},
        ),
        over_counts(_factor_bound, "all counts", "weighted"),
        Step(
            rule="combination",
            claim=le(s.mean_image_factor, 1 - _g1 / 4),
            uses=("mean factor", "all counts", "model:inverse_count"),
            given={"weights": (-1, 1, sp.Rational(1, 4))},
        ),
    ),
)
_f, _D0 = Mean(s.image_fidelity_at[s.generations]), s.image_diversity
image_fidelity_count_bound = Theorem(
    name="image_fidelity_count_bound",
    title="First-moment fidelity by the mean of 1/n",
    in_words="A text's mean stays within 4 D_0 (E[1{updated}/n])^(-1/2) of its start, on average.",
    statement=le(_f, 4 * _D0 / sp.sqrt(_g1)),
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="Theorem 3.4 (I8)",
    assumptions=(
        *MOVES,
        UNBIASED,
        SOME_UPDATE,
        "for n images in each update: 4 D_0 sqrt(n)",
    ),
    conditions=(_g1 > 0, _AT_MOST_HALF),
    derivation=(
        Step(
            rule="combination",
            claim=le((1 - s.contraction_factor) * _f, _D0 * _half),
            label="bound",
            uses=("theorem:image_fidelity_bound",),
            given={"weights": (1 - s.contraction_factor,)},
        ),
        Step(
            rule="combination",
            claim=le(_g1 * _f / 4, _D0 * sp.sqrt(_g1)),
            label="by the mean inverse",
            uses=(
                "bound",
                "model:rho",
                "theorem:image_factor_upper_bound",
                "theorem:inverse_root_count_by_inverse",
            ),
            given={"weights": (1, _f, _f, _D0)},
        ),
        Step(
            rule="combination",
            claim=le(_f, 4 * _D0 / sp.sqrt(_g1)),
            uses=("by the mean inverse",),
            given={"weights": (4 / _g1,)},
        ),
    ),
)

# ----------------------------------------------------------------------- more images, less loss

_later = directional_factor.subs(s.image_count, _m + 1)
_now = directional_factor.subs(s.image_count, _m)
_least_factor = directional_factor.subs(s.image_count, _least)
_edge = binomial_weight(_N - 1, _least - 1)
_more = sp.Sum(binomial_weight(_N - 1, _m) * (_later - _now), (_m, _least, _N - 1))
_slope = _N * _more - _N * _edge * (1 - _least_factor)
_derivative = sp.Derivative(sp.Sum(count_weight * (_now - 1), _counts), _p)
image_factor_slope = Theorem(
    name="image_factor_slope",
    title="How the mean factor changes with a text's probability",
    in_words="More images save diversity (the sum); fewer updates skipped cost some (the rest).",
    statement=eq(s.mean_factor_slope, _slope),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="Theorem 5.2 (I9)",
    assumptions=(
        *BINOMIAL,
        "for ddof <= 1 the sum is not negative: contraction_constant_increasing",
        "the rest is why the mean factor is not monotone in p",
    ),
    conditions=ENOUGH_COUNTED,
    lemmas=("binomial_slope",),
    derivation=(
        Step(
            rule="instance",
            claim=eq(s.mean_factor_slope, _derivative),
            label="definition",
            uses=("model:mean_factor_slope",),
            given={update_factor(_m): _now},
        ),
        Step(
            rule="lemma",
            claim=eq(_derivative, _slope),
            label="derivative",
            uses=("lemma:binomial_slope",),
            given={of_count(_m): _now - 1},
        ),
        Step(
            rule="combination",
            claim=eq(s.mean_factor_slope, _slope),
            uses=("definition", "derivative"),
            given={"weights": (1, 1)},
        ),
    ),
)

THEOREMS = (
    image_factor_upper_bound,
    image_fidelity_count_bound,
    image_factor_slope,
)
