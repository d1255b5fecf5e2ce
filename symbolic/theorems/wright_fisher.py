"""One-hot posteriors along a trajectory: the neutral Wright-Fisher model with N haploid copies.

The means of 1, the diversity, the sum of cubes and the squared homozygosity follow a closed
triangular system, with eigenvalues ``(N)_k / N**k`` for k = 2, 3, 4.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.moments import falling
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.text import ONE_UPDATE, along, retention
from symbolic.theorems.text_variance import ONE_HOT, of_probs

DRIFT = (*ONE_UPDATE, ONE_HOT)
PATH = (*DRIFT, "the start is given; t counts text updates")

_N, _K, _t = s.batch_size, s.num_texts, s.generations
_i, _k, _p = s.text, s.other_text, s.text_probs
_texts = (_i, 0, _K - 1)
_n, _path, _h, _cubes = s.text_counts, s.text_probs_at, s.text_diversity_at, s.third_power_sum_at
_H0 = s.initial_text_diversity
_three, _four = retention * (1 - 2 / _N), retention * (1 - 2 / _N) * (1 - 3 / _N)

_later = eq(Mean(_h[_t]), retention**_t * _H0)
text_diversity_one_hot = Theorem(
    name="text_diversity_one_hot",
    title="Mean text diversity under pure drift",
    in_words="With one-hot posteriors mean diversity shrinks by exactly 1 - 1/N in each update.",
    statement=_later,
    kind=Kind.EXACT,
    source=Source.RECONSTRUCTED,
    reference="Corollary 3.2 (T2)",
    assumptions=PATH,
    derivation=(
        Step(
            rule="substitution",
            claim=eq(Mean(s.next_text_diversity), retention * s.text_diversity),
            label="one update",
            uses=("theorem:text_diversity_recursion", "model:one_hot_confusion"),
        ),
        Step(
            rule="tower",
            claim=eq(Mean(_h[_t + 1]), retention * Mean(_h[_t])),
            label="each update",
            uses=("one update",),
            given=along,
        ),
        Step(rule="induction", claim=_later, uses=("each update", "model:text_start")),
    ),
)

# ------------------------------------------------------------------------------ sum of cubes

_cubes_step = eq(
    Mean(s.next_third_power_sum),
    (falling(_N, 3) * s.third_power_sum + 3 * falling(_N, 2) * (1 - s.text_diversity) + _N) / _N**3,
)
wright_fisher_third_moment = Theorem(
    name="wright_fisher_third_moment",
    title="Mean sum of cubes in one update, one-hot posteriors",
    in_words="The chance that three draws agree, after one update, through two and three draws.",
    statement=_cubes_step,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="T2",
    assumptions=(*DRIFT, "expectation given the state"),
    conditions=of_probs(1 - s.text_diversity, s.third_power_sum),
    derivation=(
        Step(
            rule="multinomial moments",
            claim=eq(
                Mean(_n[_i] ** 3),
                falling(_N, 3) * _p[_i] ** 3 + 3 * falling(_N, 2) * _p[_i] ** 2 + _N * _p[_i],
            ),
            label="cubed count",
        ),
        Step(
            rule="substitution",
            claim=eq(
                Mean(s.next_third_power_sum),
                (
                    falling(_N, 3) * s.third_power_sum
                    + 3 * falling(_N, 2) * s.homozygosity
                    + _N
                )
                / _N**3,
            ),
            label="through homozygosity",
            uses=(
                "model:next_third_power",
                "model:one_hot_counts",
                "cubed count",
                "model:third_power",
                "model:second_power",
                "model:total",
            ),
        ),
        Step(
            rule="combination",
            claim=_cubes_step,
            uses=("through homozygosity", "model:second_power", "model:diversity"),
            given={"weights": (1, -3 * falling(_N, 2) / _N**3, 3 * falling(_N, 2) / _N**3)},
        ),
    ),
)  # fmt: skip

_excess = s.initial_third_power_sum - 1 + sp.Rational(3, 2) * _H0  # zero for two texts
_cubes_path = eq(
    Mean(_cubes[_t]), 1 - sp.Rational(3, 2) * retention**_t * _H0 + _three**_t * _excess
)
_each_cubes = eq(
    Mean(_cubes[_t + 1]),
    _three * Mean(_cubes[_t]) + (3 * retention * (1 - Mean(_h[_t])) + 1 / _N) / _N,
)
wright_fisher_third_power_sum = Theorem(
    name="wright_fisher_third_power_sum",
    title="Mean sum of cubes along a trajectory, one-hot posteriors",
    in_words="The sum of cubes tends to 1 through the eigenvalues of two and of three draws.",
    statement=_cubes_path,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="T2",
    assumptions=PATH,
    conditions=of_probs(1 - _H0, s.initial_third_power_sum),
    derivation=(
        Step(
            rule="tower",
            claim=_each_cubes,
            label="each update",
            uses=("theorem:wright_fisher_third_moment",),
            given={
                s.next_third_power_sum: _cubes[_t + 1],
                s.third_power_sum: _cubes[_t],
                s.text_diversity: _h[_t],
            },
        ),
        Step(
            rule="substitution",
            claim=eq(
                Mean(_cubes[_t + 1]),
                _three * Mean(_cubes[_t])
                + (3 * retention * (1 - retention**_t * _H0) + 1 / _N) / _N,
            ),
            label="diversity known",
            uses=("each update", "theorem:text_diversity_one_hot"),
        ),
        Step(
            rule="linear recursion",
            claim=_cubes_path,
            uses=("diversity known", "model:third_power_start"),
        ),
    ),
)

# ------------------------------------------------------------------------ variance of diversity

_spread = 2 * (_N - 1) / (5 * _N - 6)
_square_path = (
    _spread * retention**_t * _H0
    + sp.Rational(4, 3) * _three**_t * _excess
    + _four**_t * (_H0**2 - _spread * _H0 - sp.Rational(4, 3) * _excess)
)
_variance = eq(s.text_diversity_variance_at[_t], _square_path - retention ** (2 * _t) * _H0**2)
_cube_share, _own_share = 4 * _three / _N, 2 * retention * (4 * _N - 7) / _N**2
_square_step = eq(
    Mean(s.next_text_diversity**2),
    _four * s.text_diversity**2
    + _cube_share * (s.third_power_sum - 1)
    + _own_share * s.text_diversity,
)
_each_square = eq(
    Mean(_h[_t + 1] ** 2),
    _four * Mean(_h[_t] ** 2) + _cube_share * (Mean(_cubes[_t]) - 1) + _own_share * Mean(_h[_t]),
)
_known = ("theorem:wright_fisher_third_power_sum", "theorem:text_diversity_one_hot")
text_diversity_variance = Theorem(
    name="text_diversity_variance",
    title="Variance of text diversity along a trajectory, one-hot posteriors",
    in_words="Diversity's variance from its start: the eigenvalues of two, three and four draws.",
    statement=_variance,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="T2",
    assumptions=PATH,
    conditions=of_probs(1 - _H0, s.initial_third_power_sum),
    derivation=(
        Step(
            rule="combination",
            claim=eq(
                Mean(s.next_text_diversity**2),
                s.text_diversity_variance + Mean(s.next_text_diversity) ** 2,
            ),
            label="second moment",
            uses=("model:diversity_variance",),
            given={"weights": (-1,)},
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(s.next_text_diversity), retention * s.text_diversity),
            label="mean",
            uses=("theorem:text_diversity_recursion", "model:one_hot_confusion"),
        ),
        Step(
            rule="substitution",
            claim=_square_step,
            note="E H'^2 = Var H' + (E H')^2",
            label="one update",
            uses=("second moment", "theorem:wright_fisher_diversity_variance", "mean"),
        ),
        Step(
            rule="tower",
            claim=_each_square,
            label="each update",
            uses=("one update",),
            given={
                s.next_text_diversity: _h[_t + 1],
                s.text_diversity: _h[_t],
                s.third_power_sum: _cubes[_t],
            },
        ),
        Step(
            rule="substitution",
            claim=eq(
                Mean(_h[_t + 1] ** 2),
                _four * Mean(_h[_t] ** 2)
                + _cube_share * (_cubes_path.rhs - 1)
                + _own_share * _later.rhs,
            ),
            label="others known",
            uses=("each update", *_known),
        ),
        Step(
            rule="linear recursion",
            claim=eq(Mean(_h[_t] ** 2), _square_path),
            label="mean square",
            uses=("others known", "model:squared_diversity_start"),
        ),
        Step(
            rule="substitution",
            claim=_variance,
            uses=("model:diversity_variance_at", "mean square", "theorem:text_diversity_one_hot"),
        ),
    ),
)

# --------------------------------------------------------------------- covariance of two texts

_delta = sp.KroneckerDelta(_i, _k)
_product = s.next_text_probs[_i] * s.next_text_probs[_k]
_now = _path[_t, _i] * _path[_t, _k]
_product_path = (1 - retention**_t) * _delta * _p[_i] + retention**_t * _p[_i] * _p[_k]
_covariance = eq(
    s.text_prob_covariance_at[_t], (1 - retention**_t) * (_delta * _p[_i] - _p[_i] * _p[_k])
)
_onto_path = {
    s.next_text_probs[_i]: _path[_t + 1, _i],
    s.next_text_probs[_k]: _path[_t + 1, _k],
    _p[_i]: _path[_t, _i],
    _p[_k]: _path[_t, _k],
}
martingale_path = (
    Step(
        rule="tower",
        claim=eq(Mean(_path[_t + 1, _i]), Mean(_path[_t, _i])),
        label="each mean",
        uses=("theorem:text_probs_martingale",),
        given=_onto_path,
    ),
    Step(
        rule="induction",
        claim=eq(Mean(_path[_t, _i]), _p[_i]),
        label="mean at t",
        uses=("each mean", "model:probs_start"),
    ),
)
products_path = (
    Step(
        rule="multinomial moments",
        claim=eq(
            Mean(_n[_i] * _n[_k]), _N * (_N - 1) * _p[_i] * _p[_k] + _N * _delta * _p[_i]
        ),
        label="two counts",
    ),
    Step(
        rule="instance",
        claim=eq(s.next_text_probs[_k], _n[_k] / _N),
        label="other count",
        uses=("model:one_hot_counts",),
        given={_i: _k},
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(_product), retention * _p[_i] * _p[_k] + _delta * _p[_i] / _N),
        label="one update",
        uses=("model:one_hot_counts", "other count", "two counts"),
    ),
    Step(
        rule="tower",
        claim=eq(
            Mean(_path[_t + 1, _i] * _path[_t + 1, _k]),
            retention * Mean(_now) + _delta * Mean(_path[_t, _i]) / _N,
        ),
        label="each update",
        uses=("one update",),
        given=_onto_path,
    ),
    Step(
        rule="substitution",
        claim=eq(
            Mean(_path[_t + 1, _i] * _path[_t + 1, _k]),
            retention * Mean(_now) + _delta * _p[_i] / _N,
        ),
        label="mean known",
        uses=("each update", "mean at t"),
    ),
    Step(
        rule="linear recursion",
        claim=eq(Mean(_now), _product_path),
        label="product at t",
        uses=("mean known", "model:product_start"),
    ),
)  # fmt: skip
text_probs_covariance_path = Theorem(
    name="text_probs_covariance_path",
    title="Covariance of two texts after t updates, one-hot posteriors",
    in_words="The covariance of one multinomial draw, times the share of diversity that is lost.",
    statement=_covariance,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="T2",
    assumptions=PATH,
    conditions=(_i < _K, _k < _K),
    derivation=(
        *martingale_path,
        *products_path,
        Step(
            rule="instance",
            claim=eq(Mean(_path[_t, _k]), _p[_k]),
            label="other mean",
            uses=("mean at t",),
            given={_i: _k},
        ),
        Step(
            rule="substitution",
            claim=_covariance,
            uses=("model:prob_covariance_at", "product at t", "mean at t", "other mean"),
        ),
    ),
)

THEOREMS = (
    text_diversity_one_hot,
    wright_fisher_third_moment,
    wright_fisher_third_power_sum,
    text_diversity_variance,
    text_probs_covariance_path,
)
