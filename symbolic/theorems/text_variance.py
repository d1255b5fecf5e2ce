"""How far one text update may throw the text diversity: its variance, for any posteriors.

With one-hot posteriors an update is one generation of the neutral Wright-Fisher model.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.moments import falling
from symbolic.relations import eq
from symbolic.symbols import Mean, SampleMean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.text import ONE_UPDATE, posterior_mean, retention

ONE_HOT = "posteriors are one-hot"


def of_probs(squares: sp.Expr, cubes: sp.Expr) -> tuple[sp.Rel, ...]:
    """Say that sums of squared and of cubed probabilities are of the same probabilities."""
    return cubes >= squares**2, cubes <= squares ** sp.Rational(3, 2)


_N, _K = s.batch_size, s.num_texts
_i, _k, _p, _y = s.text, s.other_text, s.text_probs, s.image_draw
_texts = (_i, 0, _K - 1)
_ri, _rk = s.posterior(_i, _y), s.posterior(_k, _y)
_both = ((_k, 0, _K - 1), (_i, 0, _K - 1))
_quartic = Mean(SampleMean(_ri, _N) ** 2 * SampleMean(_rk, _N) ** 2)

# --------------------------------------------------------------------------- any posteriors

four_draws = (
    Step(
        rule="i.i.d. sum",
        claim=eq(
            _quartic,
            falling(_N, 4) / _N**4 * Mean(_ri) ** 2 * Mean(_rk) ** 2
            + falling(_N, 3)
            / _N**4
            * (
                Mean(_ri**2) * Mean(_rk) ** 2
                + Mean(_ri) ** 2 * Mean(_rk**2)
                + 4 * Mean(_ri * _rk) * Mean(_ri) * Mean(_rk)
            )
            + falling(_N, 2)
            / _N**4
            * (
                Mean(_ri**2) * Mean(_rk**2)
                + 2 * Mean(_ri * _rk) ** 2
                + 2 * Mean(_ri**2 * _rk) * Mean(_rk)
                + 2 * Mean(_ri * _rk**2) * Mean(_ri)
            )
            + _N / _N**4 * Mean(_ri**2 * _rk**2),
        ),
        note="15 set partitions of four draws",
        label="four draws",
    ),
    Step(
        rule="double sum",
        claim=eq(Mean(sp.Sum(SampleMean(_ri, _N) ** 2, _texts) ** 2), sp.Sum(_quartic, *_both)),
        label="pairs of texts",
    ),
)
through_homozygosity = (
    Step(
        rule="combination",
        claim=eq(s.next_text_diversity, 1 - s.next_homozygosity),
        label="diversity and homozygosity",
        uses=("model:next_diversity", "model:next_homozygosity"),
        given={"weights": (1, 1)},
    ),
    Step(
        rule="substitution",
        claim=eq(
            s.text_diversity_variance,
            Mean(s.next_homozygosity**2) - Mean(s.next_homozygosity) ** 2,
        ),
        label="variance of homozygosity",
        uses=("model:diversity_variance", "diversity and homozygosity"),
    ),
)
_swapped = sp.Sum(Mean(_ri * _rk**2) * Mean(_ri), *_both)
_shares = (  # draws j, l, m, n in k(y_j, y_l) k(y_m, y_n): 1, 2 or 3 different ones that matter
    _N / _N**4,
    4 * falling(_N, 2) / _N**4,
    2 * falling(_N, 2) / _N**4,
    4 * falling(_N, 3) / _N**4,
)
_overlaps = (
    s.self_overlap_variance,
    s.self_overlap_covariance,
    s.overlap_variance,
    s.shared_overlap_covariance,
)
_variance = eq(
    s.text_diversity_variance,
    sp.Add(*(share * overlap for share, overlap in zip(_shares, _overlaps, strict=True))),
)
_in_sums = eq(
    s.text_diversity_variance,
    _shares[0] * (sp.Sum(Mean(_ri**2 * _rk**2), *_both) - sp.Sum(Mean(_ri**2), _texts) ** 2)
    + _shares[1]
    * (
        sp.Sum(Mean(_ri**2 * _rk) * Mean(_rk), *_both)
        - sp.Sum(Mean(_ri**2), _texts) * sp.Sum(Mean(_ri) ** 2, _texts)
    )
    + _shares[2] * (sp.Sum(Mean(_ri * _rk) ** 2, *_both) - sp.Sum(Mean(_ri) ** 2, _texts) ** 2)
    + _shares[3]
    * (
        sp.Sum(Mean(_ri * _rk) * Mean(_ri) * Mean(_rk), *_both)
        - sp.Sum(Mean(_ri) ** 2, _texts) ** 2
    ),
)
text_update_diversity_variance = Theorem(
    name="text_update_diversity_variance",
    title="Variance of text diversity in one text update",
    in_words="Diversity scatters by how the posteriors of independent images overlap.",
    statement=_variance,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="T1",
    assumptions=(
        *ONE_UPDATE,
        "expectation given the state before the update",
        "overlap of two images: k(y, y') = sum_i r_i(y) r_i(y')",
    ),
    derivation=(
        *through_homozygosity,
        *four_draws,
        Step(
            rule="i.i.d. sum",
            claim=eq(
                Mean(SampleMean(_ri, _N) ** 2), Mean(_ri**2) / _N + retention * Mean(_ri) ** 2
            ),
            label="second moment",
        ),
        Step(
            rule="order of summation",
            claim=eq(_swapped, sp.Sum(Mean(_ri**2 * _rk) * Mean(_rk), *_both)),
            note="i and k change places",
            label="swapped",
        ),
        Step(
            rule="substitution",
            claim=_in_sums,
            label="over texts",
            uses=(
                "variance of homozygosity",
                "model:next_homozygosity",
                "model:text_update",
                "pairs of texts",
                "four draws",
                "second moment",
                "swapped",
            ),
        ),
        Step(
            rule="combination",
            claim=_variance,
            uses=(
                "over texts",
                "model:self_overlap_variance",
                "model:self_overlap_covariance",
                "model:overlap_variance",
                "model:shared_overlap_covariance",
            ),
            given={"weights": (1, *(-share for share in _shares))},
        ),
    ),
)

# ------------------------------------------------------------------------ one-hot posteriors

# One-hot posteriors: any product of powers of r_i and r_k is r_i if i = k, and 0 otherwise.
_delta = sp.KroneckerDelta(_i, _k)
_powers = {  # product: weights of the two premises that reduce it
    _ri * _rk: (sp.S.One, sp.S.Zero),
    _ri**2 * _rk: (_ri, _delta),
    _ri * _rk**2: (_rk + _delta, sp.S.Zero),
    _ri**2 * _rk**2: (_ri * _rk + _delta * _ri, _delta),
}


def _one_hot_steps() -> tuple[Step, ...]:
    steps = [
        Step(rule="monotone", claim=eq(Mean(_ri**2), Mean(_ri)), label="square",
             uses=("model:one_hot",), given={"apply": Mean}),
        Step(rule="instance", claim=eq(Mean(_rk**2), Mean(_rk)), label="other square",
             uses=("square",), given={_i: _k}),
        Step(rule="instance", claim=eq(Mean(_rk), _p[_k]), label="other mean",
             uses=("posterior mean",), given={_i: _k}),
    ]  # fmt: skip
    for product, weights in _powers.items():
        steps += [
            Step(rule="combination", claim=eq(product, _delta * _ri), label=f"{product}",
                 uses=("model:one_hot_pair", "model:one_hot"), given={"weights": weights}),
            Step(rule="monotone", claim=eq(Mean(product), Mean(_delta * _ri)),
                 label=f"mean {product}", uses=(f"{product}",), given={"apply": Mean}),
        ]  # fmt: skip
    return tuple(steps)


_mi, _mk, _mik = _p[_i], _p[_k], _delta * _p[_i]
# Set partitions of (i, i, k, k), by their number of blocks.
_one_hot_quartic = (
    falling(_N, 4) * _mi**2 * _mk**2
    + falling(_N, 3) * (_mi * _mk**2 + _mi**2 * _mk + 4 * _mik * _mi * _mk)
    + falling(_N, 2) * (_mi * _mk + 2 * _mik**2 + 2 * _mik * _mi + 2 * _mik * _mk)
    + _N * _mik
) / _N**4
_second_moment = eq(
    Mean(s.next_homozygosity**2),
    (
        falling(_N, 4) * s.homozygosity**2
        + falling(_N, 3) * (2 * s.homozygosity + 4 * s.third_power_sum)
        + falling(_N, 2) * (1 + 6 * s.homozygosity)
        + _N
    )
    / _N**4,
)
wright_fisher_homozygosity_moment = Theorem(
    name="wright_fisher_homozygosity_moment",
    title="Second moment of homozygosity, one-hot posteriors",
    in_words="With one-hot posteriors a text update is one generation of neutral Wright-Fisher.",
    statement=_second_moment,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="T2",
    assumptions=(*ONE_UPDATE, ONE_HOT, "expectation given the state"),
    conditions=of_probs(s.homozygosity, s.third_power_sum),
    derivation=(
        *posterior_mean,
        *_one_hot_steps(),
        *four_draws,
        Step(
            rule="substitution",
            claim=eq(_quartic, _one_hot_quartic),
            label="four one-hot draws",
            uses=(
                "four draws",
                *(f"mean {product}" for product in _powers),
                "square",
                "other square",
                "posterior mean",
                "other mean",
            ),
        ),
        Step(
            rule="substitution",
            claim=_second_moment,
            uses=(
                "model:next_homozygosity",
                "model:text_update",
                "pairs of texts",
                "four one-hot draws",
                "model:total",
                "model:second_power",
                "model:third_power",
            ),
        ),
    ),
)

_shared = s.third_power_sum - (1 - s.text_diversity) ** 2
_hot_variance = eq(
    s.text_diversity_variance,
    2 * (_N - 1) / _N**3 * (s.text_diversity * (1 - s.text_diversity) + 2 * (_N - 2) * _shared),
)
wright_fisher_diversity_variance = Theorem(
    name="wright_fisher_diversity_variance",
    title="Variance of text diversity in one update, one-hot posteriors",
    in_words="In one update the diversity scatters by the chance that two or three draws agree.",
    statement=_hot_variance,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="T2",
    assumptions=(*ONE_UPDATE, ONE_HOT, "expectation given the state"),
    conditions=of_probs(1 - s.text_diversity, s.third_power_sum),
    derivation=(
        *through_homozygosity,
        Step(
            rule="combination",
            claim=eq(s.homozygosity, 1 - s.text_diversity),
            label="homozygosity",
            uses=("model:second_power", "model:diversity"),
            given={"weights": (-1, 1)},
        ),
        Step(
            rule="combination",
            claim=eq(s.next_homozygosity, 1 - s.next_text_diversity),
            label="next homozygosity",
            uses=("diversity and homozygosity",),
            given={"weights": (1,)},
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(s.next_homozygosity), 1 - retention * s.text_diversity),
            label="mean",
            uses=(
                "next homozygosity",
                "theorem:text_diversity_recursion",
                "model:one_hot_confusion",
            ),
        ),
        Step(
            rule="substitution",
            claim=_hot_variance,
            uses=(
                "variance of homozygosity",
                "theorem:wright_fisher_homozygosity_moment",
                "mean",
                "homozygosity",
            ),
        ),
    ),
)

THEOREMS = (
    text_update_diversity_variance,
    wright_fisher_homozygosity_moment,
    wright_fisher_diversity_variance,
)
