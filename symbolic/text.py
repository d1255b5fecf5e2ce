"""The text model under a frozen or moving image model: T1 to T4."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.moments import falling
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Theorem

ONE_UPDATE = (
    "one text update: batch_size independent images from the mixture, averaged posteriors",
)
retention = 1 - 1 / s.batch_size  # the factor of H in one update with one-hot posteriors


text_probs_martingale = Theorem(
    name="text_probs_martingale",
    title="Text probabilities are a martingale",
    in_words="One text update leaves every text's probability unchanged in the mean.",
    statement=sp.Eq(Mean(s.next_text_probs[s.text]), s.text_probs[s.text], evaluate=False),
    kind=Kind.EXACT,
    source=Source.RECONSTRUCTED,
    reference="Theorem 3.1 (T1)",
    assumptions=ONE_UPDATE,
)
text_probs_covariance = Theorem(
    name="text_probs_covariance",
    title="Covariance of the text probabilities",
    in_words="One text update spreads the probabilities by the posteriors' covariance over N.",
    statement=sp.Eq(s.text_prob_covariance, s.posterior_covariance / s.batch_size, evaluate=False),
    kind=Kind.EXACT,
    source=Source.RECONSTRUCTED,
    reference="Theorem 3.1 (T1)",
    assumptions=ONE_UPDATE,
)
text_diversity_recursion = Theorem(
    name="text_diversity_recursion",
    title="Text diversity in one text update",
    in_words="Mean text diversity shrinks by the factor 1 - (1 - C)/N, C the posterior confusion.",
    statement=sp.Eq(
        Mean(s.next_text_diversity),
        (1 - (1 - s.posterior_confusion) / s.batch_size) * s.text_diversity,
        evaluate=False,
    ),
    kind=Kind.EXACT,
    source=Source.RECONSTRUCTED,
    reference="Theorem 3.1 (T1)",
    assumptions=(*ONE_UPDATE, "expectation given the state before the update"),
)
text_diversity_lower_bound = Theorem(
    name="text_diversity_lower_bound",
    title="Text diversity decays no faster than genetic drift",
    in_words="After t text updates at least a share (1 - 1/N)^t of the diversity is left.",
    statement=sp.Ge(
        Mean(s.text_diversity_at[s.generations]),
        retention**s.generations * s.initial_text_diversity,
        evaluate=False,
    ),
    kind=Kind.LOWER_BOUND,
    source=Source.RECONSTRUCTED,
    reference="Corollary 3.2 (T2)",
    assumptions=(*ONE_UPDATE, "t counts text updates", "equality if posteriors are one-hot"),
)
_N = s.batch_size
wright_fisher_homozygosity_moment = Theorem(
    name="wright_fisher_homozygosity_moment",
    title="Second moment of homozygosity, one-hot posteriors",
    in_words="With one-hot posteriors a text update is one generation of neutral Wright-Fisher.",
    statement=sp.Eq(
        Mean(s.next_homozygosity**2),
        (
            falling(_N, 4) * s.homozygosity**2
            + falling(_N, 3) * (2 * s.homozygosity + 4 * s.third_power_sum)
            + falling(_N, 2) * (1 + 6 * s.homozygosity)
            + _N
        )
        / _N**4,
        evaluate=False,
    ),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="T2",
    assumptions=(*ONE_UPDATE, "posteriors are one-hot", "expectation given the state"),
)
confusion_large_covariance = Theorem(
    name="confusion_large_covariance",
    title="Posterior confusion at large covariance",
    in_words="With one common, large covariance the confusion tends to 1 at the rate of 1/variance.",
    statement=sp.Eq(
        1 - s.posterior_confusion,
        sp.Sum(s.text_probs[s.text] ** 2 * s.text_distance[s.text], (s.text, 0, s.num_texts - 1))
        / s.text_diversity,
        evaluate=False,
    ),
    kind=Kind.ASYMPTOTIC,
    source=Source.OURS,
    reference="Theorem 4.1 (T3)",
    assumptions=(
        "all texts share one covariance S, and S grows",
        "text_distance[i] = (mu_i - mubar)' S^-1 (mu_i - mubar), mubar = sum_i p_i mu_i",
        "leading order: the relative error vanishes as S grows",
    ),
)
confusion_bound = Theorem(
    name="confusion_bound",
    title="Posterior confusion under Bhattacharyya overlap",
    in_words="Confused diversity is at most the overlap of the texts' Gaussians, pair by pair.",
    statement=sp.Le(
        s.posterior_confusion * s.text_diversity,
        sp.Sum(
            sp.sqrt(s.text_probs[s.text] * s.text_probs[s.other_text])
            * s.bhattacharyya[s.text, s.other_text],
            (s.other_text, s.text + 1, s.num_texts - 1),
            (s.text, 0, s.num_texts - 1),
        ),
        evaluate=False,
    ),
    kind=Kind.UPPER_BOUND,
    source=Source.RECONSTRUCTED,
    reference="Theorem 4.2 (T4)",
    assumptions=(
        "the sum runs over unordered pairs, half of the sum over ordered pairs",
        "any densities q_i; for Gaussians see bhattacharyya_gaussian",
    ),
)
bhattacharyya_gaussian = Theorem(
    name="bhattacharyya_gaussian",
    title="Bhattacharyya coefficient of two Gaussians",
    in_words="Overlap falls with the Mahalanobis distance and with the difference of shapes.",
    statement=sp.Eq(
        s.log_bhattacharyya,
        -s.mahalanobis / 8 - (s.log_det_average - (s.log_det_first + s.log_det_second) / 2) / 2,
        evaluate=False,
    ),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="T4",
    assumptions=(
        "positive definite covariances S_1, S_2; average (S_1 + S_2)/2",
        "mahalanobis = (mu_1 - mu_2)' ((S_1 + S_2)/2)^-1 (mu_1 - mu_2)",
    ),
)
text_diversity_decomposition = Theorem(
    name="text_diversity_decomposition",
    title="Text diversity as drift plus confusion",
    in_words="Mean diversity is pure drift plus what posterior confusion gave back, discounted.",
    statement=sp.Eq(
        Mean(s.text_diversity_at[s.generations]),
        retention**s.generations * s.initial_text_diversity
        + sp.Sum(
            retention ** (s.generations - 1 - s.past_generation)
            * s.mean_confused_diversity[s.past_generation],
            (s.past_generation, 0, s.generations - 1),
        )
        / s.batch_size,
        evaluate=False,
    ),
    kind=Kind.EXACT,
    source=Source.RECONSTRUCTED,
    reference="Theorem 4.2 (T4)",
    assumptions=(*ONE_UPDATE, "t counts text updates", "mean_confused_diversity[s] = E[C_s H_s]"),
)

THEOREMS = (
    text_probs_martingale,
    text_probs_covariance,
    text_diversity_recursion,
    text_diversity_lower_bound,
    wright_fisher_homozygosity_moment,
    confusion_large_covariance,
    confusion_bound,
    bhattacharyya_gaussian,
    text_diversity_decomposition,
)
