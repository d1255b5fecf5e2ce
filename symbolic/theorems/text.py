"""The text model under a frozen or moving image model: T1 and T2.

`symbolic.theorems.text_variance` has variances, `symbolic.theorems.confusion` what the posterior
confusion does (T3, T4).
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.general import term
from symbolic.relations import eq
from symbolic.symbols import Mean, SampleMean
from symbolic.theorem import Kind, Source, Step, Theorem

ONE_UPDATE = (
    "one text update: batch_size independent images from the mixture, averaged posteriors",
)
CONFUSED = "H > 0 (C is undefined at H = 0)"
retention = 1 - 1 / s.batch_size  # the factor of H in one update with one-hot posteriors

_N, _K, _t = s.batch_size, s.num_texts, s.generations
_i, _k, _p, _y, _x = s.text, s.other_text, s.text_probs, s.image_draw, s.image
_r, _next = s.posterior, s.next_text_probs
_texts = (_i, 0, _K - 1)
_ri, _rk = _r(_i, _y), _r(_k, _y)


posterior_mean = (
    Step(
        rule="expectation under the mixture",
        claim=eq(Mean(_ri), sp.Integral(_r(_i, _x) * s.mixture(_x), _x)),
        label="mean as integral",
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(_ri), _p[_i]),
        note="the mixture's density cancels",
        label="posterior mean",
        uses=("mean as integral", "model:posterior", "model:density_total"),
    ),
)

text_probs_martingale = Theorem(
    name="text_probs_martingale",
    title="Text probabilities are a martingale",
    in_words="One text update leaves every text's probability unchanged in the mean.",
    statement=eq(Mean(_next[_i]), _p[_i]),
    kind=Kind.EXACT,
    source=Source.RECONSTRUCTED,
    reference="Theorem 3.1 (T1)",
    assumptions=ONE_UPDATE,
    conditions=(_i < _K,),
    derivation=(
        *posterior_mean,
        Step(
            rule="i.i.d. sum",
            claim=eq(Mean(SampleMean(_ri, _N)), Mean(_ri)),
            label="mean of the average",
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(_next[_i]), _p[_i]),
            uses=("model:text_update", "mean of the average", "posterior mean"),
        ),
    ),
)

_product = eq(
    Mean(SampleMean(_ri, _N) * SampleMean(_rk, _N)),
    Mean(_ri * _rk) / _N + (1 - 1 / _N) * Mean(_ri) * Mean(_rk),
)
text_probs_covariance = Theorem(
    name="text_probs_covariance",
    title="Covariance of the text probabilities",
    in_words="One text update spreads the probabilities by the posteriors' covariance over N.",
    statement=eq(s.text_prob_covariance, s.posterior_covariance / _N),
    kind=Kind.EXACT,
    source=Source.RECONSTRUCTED,
    reference="Theorem 3.1 (T1)",
    assumptions=ONE_UPDATE,
    derivation=(
        Step(rule="i.i.d. sum", claim=_product, label="second moment"),
        Step(rule="i.i.d. sum", claim=eq(Mean(SampleMean(_ri, _N)), Mean(_ri)), label="first"),
        Step(
            rule="i.i.d. sum", claim=eq(Mean(SampleMean(_rk, _N)), Mean(_rk)), label="other first"
        ),
        Step(
            rule="instance",
            claim=eq(_next[_k], SampleMean(_rk, _N)),
            label="other update",
            uses=("model:text_update",),
            given={_i: _k},
        ),
        Step(
            rule="substitution",
            claim=eq(s.text_prob_covariance, s.posterior_covariance / _N),
            uses=(
                "model:prob_covariance",
                "model:posterior_covariance",
                "model:text_update",
                "other update",
                "second moment",
                "first",
                "other first",
            ),
        ),
    ),
)

_one_step = eq(
    Mean(s.next_text_diversity),
    (1 - (1 - s.posterior_confusion) / _N) * s.text_diversity,
)
text_diversity_recursion = Theorem(
    name="text_diversity_recursion",
    title="Text diversity in one text update",
    in_words="Mean text diversity shrinks by the factor 1 - (1 - C)/N, C the posterior confusion.",
    statement=_one_step,
    kind=Kind.EXACT,
    source=Source.RECONSTRUCTED,
    reference="Theorem 3.1 (T1)",
    assumptions=(*ONE_UPDATE, "expectation given the state before the update", CONFUSED),
    derivation=(
        *posterior_mean,
        Step(
            rule="i.i.d. sum",
            claim=eq(
                Mean(SampleMean(_ri, _N) ** 2), Mean(_ri**2) / _N + retention * Mean(_ri) ** 2
            ),
            label="second moment",
        ),
        Step(
            rule="substitution",
            claim=eq(
                Mean(s.next_text_diversity),
                1 - sp.Sum(Mean(_ri**2), _texts) / _N - retention * sp.Sum(_p[_i] ** 2, _texts),
            ),
            note="linearity over the texts",
            label="through posteriors",
            uses=(
                "model:next_diversity",
                "model:text_update",
                "second moment",
                "posterior mean",
            ),
        ),
        Step(
            rule="combination",
            claim=_one_step,
            note="sum r^2 is 1 - C H in the mean, sum p^2 is 1 - H",
            uses=("through posteriors", "model:confusion", "model:diversity"),
            given={"weights": (1, -1 / _N, -retention)},
        ),
    ),
)

# C H is the mean of 2 sum_{i<k} r_i r_k: the pairs that a posterior cannot tell apart.
pairs = ((_k, _i + 1, _K - 1), (_i, 0, _K - 1))
confused_pairs = (
    Step(
        rule="lemma",
        claim=eq(
            sp.Sum(_ri, _texts) ** 2,
            sp.Sum(_ri**2, _texts) + 2 * sp.Sum(_ri * _rk, *pairs),
        ),
        label="square of the total",
        uses=("lemma:square_of_sum",),
        given={term[_i]: _ri, term[_k]: _rk},
    ),
    Step(
        rule="combination",
        claim=eq(1 - sp.Sum(_ri**2, _texts), 2 * sp.Sum(_ri * _rk, *pairs)),
        label="posterior's diversity",
        uses=("square of the total", "model:posterior_total"),
        given={"weights": (1, -1 - sp.Sum(_ri, _texts))},
    ),
    Step(
        rule="monotone",
        claim=eq(Mean(1 - sp.Sum(_ri**2, _texts)), Mean(2 * sp.Sum(_ri * _rk, *pairs))),
        label="mean diversity of the posterior",
        uses=("posterior's diversity",),
        given={"apply": Mean},
    ),
    Step(
        rule="combination",
        claim=eq(
            s.posterior_confusion * s.text_diversity,
            2 * sp.Sum(Mean(_ri * _rk), *pairs),
        ),
        label="confused pairs",
        uses=("model:confusion", "mean diversity of the posterior"),
        given={"weights": (1, 1)},
    ),
)

along = {
    s.text_diversity: s.text_diversity_at[_t],
    s.next_text_diversity: s.text_diversity_at[_t + 1],
    s.posterior_confusion: s.posterior_confusion_at[_t],
}
_drift_only = sp.Ge(Mean(s.next_text_diversity), retention * s.text_diversity, evaluate=False)
text_diversity_lower_bound = Theorem(
    name="text_diversity_lower_bound",
    title="Text diversity decays no faster than genetic drift",
    in_words="After t text updates at least a share (1 - 1/N)^t of the diversity is left.",
    statement=sp.Ge(
        Mean(s.text_diversity_at[_t]),
        retention**_t * s.initial_text_diversity,
        evaluate=False,
    ),
    kind=Kind.LOWER_BOUND,
    source=Source.RECONSTRUCTED,
    reference="Corollary 3.2 (T2)",
    assumptions=(*ONE_UPDATE, "t counts text updates", "equality if posteriors are one-hot"),
    lemmas=("square_of_sum",),
    derivation=(
        *confused_pairs,
        Step(
            rule="nonnegative form",
            claim=sp.Ge(s.posterior_confusion * s.text_diversity, 0, evaluate=False),
            note="posteriors are non-negative",
            label="C H >= 0",
            uses=("confused pairs",),
            given={"weights": (1,), "form": 2 * sp.Sum(Mean(_ri * _rk), *pairs)},
        ),
        Step(
            rule="combination",
            claim=_drift_only,
            label="one update",
            uses=("theorem:text_diversity_recursion", "C H >= 0"),
            given={"weights": (1, 1 / _N)},
        ),
        Step(
            rule="tower",
            claim=sp.Ge(
                Mean(s.text_diversity_at[_t + 1]),
                retention * Mean(s.text_diversity_at[_t]),
                evaluate=False,
            ),
            label="each update",
            uses=("one update",),
            given=along,
        ),
        Step(
            rule="induction",
            claim=sp.Ge(
                Mean(s.text_diversity_at[_t]),
                retention**_t * s.initial_text_diversity,
                evaluate=False,
            ),
            uses=("each update", "model:text_start"),
        ),
    ),
)

THEOREMS = (
    text_probs_martingale,
    text_probs_covariance,
    text_diversity_recursion,
    text_diversity_lower_bound,
)
