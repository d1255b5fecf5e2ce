"""Statistical helpers, and the written false-alarm budget of the whole suite.

Every statistical test takes its level from ``BUDGET``: the probability that it would fail
although the program is right, were its seed drawn at random. The shares sum to at most
``FALSE_ALARM_BUDGET``, which a test checks; inside a test the level is divided among its
comparisons (Bonferroni). Seeds are fixed, so a test that passed keeps passing.

A helper returns p-values, never a bare verdict; ``tests/toolkit/test_law.py`` shows that each of
them rejects a factor that is 5 % wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from tests.tolerances import STANDARD_ERRORS

Array = npt.NDArray[Any]

#: One in five hundred, and a twentieth more for a second kind of loop with laws of its own.
FALSE_ALARM_BUDGET = 2.1e-3

#: Level of each statistical test, by the name that it passes to :func:`level`.
BUDGET: dict[str, float] = {
    # tests/toolkit
    "rng: normals": 5e-5,
    "rng: bartlett": 5e-5,
    "law: exact and twin": 1e-4,
    "law: literal and twin": 1e-4,
    "law: benchmarks' NumPy": 2e-5,
    "symmetry: permuted texts": 2e-5,
    "loops: fewer images": 1e-5,
    "law: NumPyro program": 2e-5,
    "law: coevolution's own": 1e-5,
    "calibration: ranks": 4e-5,
    "image pool: moments": 2e-5,
    "image scores": 2e-5,
    "image replicates": 1e-5,
    "models: diversity_decay": 1e-6,
    "models: retraining": 1e-6,
    # Published values are compared at 4 standard errors, as they are stated: 1 + 12 + 1 of them.
    "check values": 14 * 2 * float(stats.norm.sf(STANDARD_ERRORS)),
    "confusion": 1.2e-4,
    "retraining: families": 4e-5,
    "retraining: policies": 2e-5,
    "retraining: loop and twin": 4e-5,
    "retraining: predictions": 2e-5,
    "transformers": 2e-7,
    "stability: closed forms": 1e-6,
    # tests/verification
    "verification: grid of systems": 1e-4,
    "verification: coupled table": 1e-4,
    # other modules take theirs from here
    "theory and comparison": 1e-4,
    "tilted means": 5e-5,
    "comparison": 5e-5,
    "text drift": 5e-5,
    "inference": 5e-5,
}


def level(name: str, shares: int = 1) -> float:
    """The level of a statistical test, or of one of its equal parts."""
    return BUDGET[name] / shares


class Verdict(NamedTuple):
    """Outcome of many comparisons at once.

    Attributes
    ----------
    p_value : float
        Smallest p-value times the number of comparisons (Bonferroni), at most 1.
    worst : str
        Which comparison had it.
    comparisons : int
    """

    p_value: float
    worst: str
    comparisons: int

    def require(self, alpha: float) -> None:
        """Fail, naming the worst comparison, when the p-value is below the level."""
        assert self.p_value >= alpha, (
            f"p = {self.p_value:.2g} below {alpha:.2g} over {self.comparisons} comparisons; "
            f"worst: {self.worst}"
        )


def combine(p_values: Mapping[str, float]) -> Verdict:
    """Bonferroni's rule over named p-values."""
    if not p_values:
        raise ValueError("there is nothing to compare.")
    for name, p_value in p_values.items():
        if not 0 <= p_value <= 1:
            raise ValueError(f"the p-value of {name} is {p_value}, expected one in [0, 1].")
    worst = min(p_values, key=lambda name: p_values[name])
    return Verdict(min(1.0, p_values[worst] * len(p_values)), worst, len(p_values))


def mean_is(sample: Array, expected: float) -> float:
    """P-value of the sample's mean being the expected value (Student's t)."""
    sample = np.asarray(sample, float)
    if np.ptp(sample) == 0:
        return float(sample[0] == expected)
    return float(stats.ttest_1samp(sample, expected).pvalue)


def variance_is(sample: Array, expected: float) -> float:
    """P-value of the sample's variance being the expected value, for any law with 4 moments."""
    centred = np.asarray(sample, float) - np.mean(sample)
    count = len(centred)
    return mean_is(np.square(centred) * count / (count - 1), expected)


def same_mean(first: Array, second: Array) -> float:
    """P-value of two samples having one mean (Welch)."""
    first, second = np.asarray(first, float), np.asarray(second, float)
    if np.ptp(first) == 0 and np.ptp(second) == 0:
        return float(first[0] == second[0])
    return float(stats.ttest_ind(first, second, equal_var=False).pvalue)


def same_variance(first: Array, second: Array) -> float:
    """P-value of two samples having one variance (Welch on the squared deviations)."""
    parts = []
    for sample in (np.asarray(first, float), np.asarray(second, float)):
        count = len(sample)
        parts.append(np.square(sample - sample.mean()) * count / (count - 1))
    return same_mean(*parts)


def same_covariance(first: tuple[Array, Array], second: tuple[Array, Array]) -> float:
    """P-value of two pairs of samples having one covariance (Welch on the products)."""
    parts = []
    for x, y in (first, second):
        x, y = np.asarray(x, float), np.asarray(y, float)
        parts.append((x - x.mean()) * (y - y.mean()) * len(x) / (len(x) - 1))
    return same_mean(*parts)


def same_frequency(first: Array, second: Array) -> float:
    """P-value of an event having one probability in two samples (Fisher's exact test)."""
    table = [[int(np.sum(sample)), int(np.sum(~sample))] for sample in (first, second)]
    return float(stats.fisher_exact(table).pvalue)


def follows(sample: Array, cdf: Any) -> float:
    """P-value of a sample following a continuous law (Kolmogorov and Smirnov)."""
    return float(stats.kstest(np.asarray(sample, float), cdf).pvalue)


def same_distribution(first: Array, second: Array) -> float:
    """P-value of two samples having one law (Kolmogorov and Smirnov; ties make it cautious)."""
    first, second = np.asarray(first, float), np.asarray(second, float)
    # The exact law has a trap: for large samples it divides numbers that underflow.
    return float(stats.ks_2samp(first, second, method="asymp").pvalue)


def same_law(first: Mapping[str, Array], second: Mapping[str, Array]) -> Verdict:
    """Compare two sets of samples: means, variances and distributions of every component.

    Events (booleans) are compared by their frequency; a rare one is far from normal.

    Parameters
    ----------
    first, second : mapping of array
        By name, with replicates along the first axis and equal shapes along the others.
    """
    p_values: dict[str, float] = {}
    if set(first) != set(second):
        raise ValueError(f"statistics differ: {sorted(set(first) ^ set(second))}.")
    for name in first:
        a, b = np.asarray(first[name]), np.asarray(second[name])
        if a.shape[1:] != b.shape[1:]:
            raise ValueError(f"{name} has shapes {a.shape} and {b.shape}.")
        a, b = a.reshape(len(a), -1), b.reshape(len(b), -1)
        for index in range(a.shape[1]):
            pair = a[:, index], b[:, index]
            where = f"{name}[{index}]"
            if a.dtype == b.dtype == bool:
                p_values[f"frequency of {where}"] = same_frequency(*pair)
                continue
            if np.ptp(pair[0]) == 0 and np.ptp(pair[1]) == 0:
                # A constant is no matter of chance: it is the same number or an error.
                assert np.isclose(pair[0][0], pair[1][0], rtol=1e-12, atol=1e-300), (
                    f"{where} is constant, {pair[0][0]!r}, but should be {pair[1][0]!r}"
                )
                continue
            p_values[f"mean of {where}"] = same_mean(*pair)
            p_values[f"variance of {where}"] = same_variance(*pair)
            p_values[f"distribution of {where}"] = same_distribution(*pair)
    return combine(p_values)


def means_are(sample: Array, expected: Array) -> Verdict:
    """Compare the means over the first axis with expected values, component by component."""
    sample = np.asarray(sample, float)
    values = np.broadcast_to(np.asarray(expected, float), sample.shape[1:]).ravel()
    columns = sample.reshape(len(sample), -1).T
    return combine(
        {
            f"component {index}": mean_is(column, value)
            for index, (column, value) in enumerate(zip(columns, values, strict=True))
        }
    )
