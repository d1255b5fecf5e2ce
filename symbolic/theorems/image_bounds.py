"""The image model as a whole: bounds on mean image diversity and its exact rate, I2 and I5."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.image import count_weight, counts_below, mean_after, update_factor
from symbolic.model.spectra import axes
from symbolic.relations import eq, ge, le
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.image import (
    COUNTED,
    ENOUGH_COUNTED,
    ENOUGH_IMAGES,
    UPDATES,
    directional_factor,
    freedom,
    kept_mean,
    log_contraction_constant,
    log_scale,
)
from symbolic.theorems.image_root import diagonal_of_root

_n, _t, _m = s.image_count, s.generations, s.count_index
_D, _D0, _next = s.image_diversity_at, s.image_diversity, s.next_image_diversity
_means = sp.Sum(Mean(s.root_diagonal[s.feature]), axes)
_one_update = (
    *diagonal_of_root,
    Step(
        rule="monotone",
        claim=le(_means, sp.Sum(directional_factor * s.image_sd[s.feature], axes)),
        label="all axes",
        uses=("diagonal",),
        given={"apply": sp.Sum, "over": (axes,)},
    ),
    Step(
        rule="monotone",
        claim=eq(Mean(_next), Mean(sp.Sum(s.root_diagonal[s.feature], axes))),
        label="mean trace",
        uses=("model:diversity_of_root",),
        given={"apply": Mean},
    ),
    Step(
        rule="combination",
        claim=le(Mean(_next), directional_factor * _D0),
        label="one update",
        uses=("mean trace", "all axes", "model:image_diversity"),
        given={"weights": (-1, 1, directional_factor)},
    ),
)


def _upper(factor: sp.Expr) -> sp.Le:
    return le(Mean(_D[_t]), factor**_t * _D0)


def _compose(factor: sp.Expr) -> tuple[Step, ...]:
    """Carry a one-update bound along a trajectory."""
    return (
        Step(
            rule="tower",
            claim=le(Mean(_D[_t + 1]), factor * Mean(_D[_t])),
            label="each update",
            uses=("one update",),
            given={_D0: _D[_t], _next: _D[_t + 1]},
        ),
        Step(rule="induction", claim=_upper(factor), uses=("each update", "model:image_start")),
    )


image_diversity_upper_bound = Theorem(
    name="image_diversity_upper_bound",
    title="Image diversity contracts at least by c(nu)",
    in_words="Mean image diversity is at most c(nu)^t times its start, in any dimension.",
    statement=_upper(directional_factor),
    kind=Kind.UPPER_BOUND,
    source=Source.RECONSTRUCTED,
    reference="Theorem 3.3 (I2, I5)",
    assumptions=UPDATES,
    conditions=ENOUGH_IMAGES,
    lemmas=("sample_variance",),
    derivation=(*_one_update, *_compose(directional_factor)),
)
_largest = directional_factor**_t * sp.sqrt(s.largest_variance)
_sd = sp.sqrt(s.directional_variance_at[_t])
image_diversity_lower_bound = Theorem(
    name="image_diversity_lower_bound",
    title="Image diversity contracts at most by c(nu)",
    in_words="Mean image diversity is at least c(nu)^t times the largest standard deviation.",
    statement=ge(Mean(_D[_t]), _largest),
    kind=Kind.LOWER_BOUND,
    source=Source.OURS,
    reference="I5",
    assumptions=UPDATES,
    conditions=ENOUGH_IMAGES,
    lemmas=("trace_root_dominates",),
    derivation=(
        Step(
            rule="lemma",
            claim=ge(_D[_t], _sd),
            note="along the direction of the largest initial variance",
            label="one direction",
            uses=("lemma:trace_root_dominates",),
        ),
        Step(
            rule="monotone",
            claim=ge(Mean(_D[_t]), Mean(_sd)),
            label="mean",
            uses=("one direction",),
            given={"apply": Mean},
        ),
        Step(
            rule="substitution bound",
            claim=eq(Mean(_sd), _largest),
            label="largest direction",
            uses=("theorem:directional_diversity_mean", "model:top_direction"),
        ),
        Step(
            rule="combination",
            claim=ge(Mean(_D[_t]), _largest),
            uses=("mean", "largest direction"),
            given={"weights": (1, 1)},
        ),
    ),
)
_rate = eq(s.decay_rate_limit, log_contraction_constant(freedom) + log_scale)
image_exact_rate = Theorem(
    name="image_exact_rate",
    title="The exact exponential rate of mean image diversity",
    in_words="In every dimension mean image diversity decays at the exponential rate log c(nu).",
    statement=_rate,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="I5",
    assumptions=(*UPDATES, "limit of log E D_t / t"),
    conditions=ENOUGH_IMAGES,
    derivation=(
        Step(
            rule="squeeze",
            claim=_rate,
            uses=("theorem:image_diversity_upper_bound", "theorem:image_diversity_lower_bound"),
            given={"factor": directional_factor},
        ),
    ),
)

# -------------------------------------------------------------------------- over image counts

BINOMIAL = (
    "n ~ Binomial(N, p) afresh in each update (text model frozen)",
    "the Gaussian is kept if n < min_images",
    COUNTED,
)
_counts = (_m, s.min_images, s.batch_size)
_factor_of_count = directional_factor.subs(_n, _m)
_mean_factor = eq(s.mean_image_factor, kept_mean(directional_factor))
_keep_rule = Step(
    rule="instance",
    claim=eq(s.mean_image_factor, counts_below + sp.Sum(count_weight * _factor_of_count, _counts)),
    label="keep rule",
    uses=("model:keep_rule",),
    given={update_factor(_m): _factor_of_count},
)
image_factor_mean = Theorem(
    name="image_factor_mean",
    title="Mean contraction factor over image counts",
    in_words="With binomial image counts c(nu) is replaced by its mean, 1 when the text is kept.",
    statement=_mean_factor,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="I5",
    assumptions=BINOMIAL,
    conditions=ENOUGH_COUNTED,
    lemmas=("binomial_total",),
    derivation=(
        _keep_rule,
        Step(
            rule="combination",
            claim=_mean_factor,
            uses=("keep rule", "lemma:binomial_total"),
            given={"weights": (1, 1)},
        ),
    ),
)
_weighted = le(count_weight * mean_after(_m), count_weight * _factor_of_count * _D0)
image_diversity_upper_bound_counts = Theorem(
    name="image_diversity_upper_bound_counts",
    title="Image diversity over random image counts",
    in_words="With binomial image counts the bound holds with the mean factor in place of c(nu).",
    statement=_upper(s.mean_image_factor),
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="I5",
    assumptions=(*BINOMIAL, "mean_image_factor as in image_factor_mean"),
    lemmas=("sample_variance",),
    derivation=(
        *_one_update,
        Step(
            rule="combination",
            claim=le(mean_after(_n), directional_factor * _D0),
            label="given the count",
            uses=("one update", "model:mean_after"),
            given={"weights": (1, -1)},
        ),
        Step(
            rule="instance",
            claim=le(mean_after(_m), _factor_of_count * _D0),
            label="count m",
            uses=("given the count",),
            given={_n: _m},
        ),
        Step(
            rule="combination",
            claim=_weighted,
            label="weighted",
            uses=("count m",),
            given={"weights": (count_weight,)},
        ),
        Step(
            rule="monotone",
            claim=le(sp.Sum(_weighted.lhs, _counts), sp.Sum(_weighted.rhs, _counts)),
            label="all counts",
            uses=("weighted",),
            given={"apply": sp.Sum, "over": (_counts,)},
        ),
        _keep_rule,
        Step(
            rule="combination",
            claim=le(Mean(_next), s.mean_image_factor * _D0),
            label="one update",
            uses=("model:mean_over_counts", "all counts", "keep rule"),
            given={"weights": (-1, 1, _D0)},
        ),
        *_compose(s.mean_image_factor),
    ),
)

THEOREMS = (
    image_diversity_upper_bound,
    image_diversity_lower_bound,
    image_exact_rate,
    image_factor_mean,
    image_diversity_upper_bound_counts,
)
