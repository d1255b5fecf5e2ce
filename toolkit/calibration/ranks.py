"""Ranks of true values among posterior draws, and what they say of a fit.

If a value is drawn from the prior, data from the model given it, and L independent draws from the
posterior given the data, then the value's rank among the draws is uniform on {0, ..., L} (Talts,
Betancourt, Simpson, Vehtari, Gelman 2018, "Validating Bayesian inference algorithms with
simulation-based calibration", theorem 1). Hence every central interval covers at its nominal
frequency. What is read off the ranks here is exact under that law, given independent draws.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

Array = npt.NDArray[np.float64]
Ranks = npt.NDArray[np.int64]

#: Least expected ranks in a bin of the chi-square.
_PER_BIN = 10
_MOST_BINS = 20


class Coverage(NamedTuple):
    """How often central intervals held the true value.

    Attributes
    ----------
    frequency : float
    low, high : float
        Clopper and Pearson's interval for it.
    p_value : float
        Of the nominal coverage, two-sided (binomial).
    nominal : float
        What uniform ranks give: the nominal probability, or the nearest to it that whole ranks
        allow.
    """

    frequency: float
    low: float
    high: float
    p_value: float
    nominal: float


def thin(draws: npt.ArrayLike, number: int, axis: int = 1) -> Array:
    """So many draws, equally spaced along an axis.

    Parameters
    ----------
    draws : array
    number : int
    axis : int

    Raises
    ------
    ValueError
        When there are fewer.

    Examples
    --------
    >>> thin(np.arange(10.0)[None], 3).tolist()
    [[1.0, 5.0, 8.0]]
    """
    draws = np.asarray(draws, float)
    have = draws.shape[axis]
    if have < number:
        raise ValueError(f"{number} draws are needed of each data set, but there are {have}.")
    index = ((np.arange(number) + 0.5) * have / number).astype(int)
    return np.take(draws, index, axis=axis)


def ranks_of(true: npt.ArrayLike, draws: npt.ArrayLike, rng: np.random.Generator) -> Ranks:
    """The rank of each true value among its posterior draws, ties broken at random.

    A data set with a draw that is not finite has no rank: -1.

    Parameters
    ----------
    true : array, shape (num_datasets, ...)
    draws : array, shape (num_datasets, num_draws, ...)
    rng : numpy Generator

    Returns
    -------
    ndarray of int, shape (num_datasets, ...)

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> ranks_of([0.5, 9.0], [[0.1, 0.2, 0.9], [1.0, 2.0, 3.0]], rng).tolist()
    [2, 3]
    """
    true, draws = np.asarray(true, float), np.asarray(draws, float)
    below = (draws < true[:, None]).sum(axis=1)
    ties = (draws == true[:, None]).sum(axis=1)
    rank = below + rng.integers(0, ties + 1)
    known = np.isfinite(draws).all(axis=1) & np.isfinite(true)
    return np.where(known, rank, -1).astype(np.int64)


def chi_square_p_value(ranks: npt.ArrayLike, num_ranks: int) -> float:
    """Pearson's chi-square of equal bins of ranks against uniformity.

    Less powerful than the band against a shift or a wrong width; it sees bumps elsewhere.

    Parameters
    ----------
    ranks : array of int, shape (num_datasets,)
    num_ranks : int

    Examples
    --------
    >>> chi_square_p_value(np.arange(1000) % 100, 100)
    1.0
    """
    observed = histogram(ranks, num_ranks)
    width = num_ranks / len(observed)
    edges = np.round(np.arange(len(observed) + 1) * width)
    expected = np.sum(observed) * np.diff(edges) / num_ranks
    return float(stats.chisquare(observed, expected).pvalue)


def histogram(ranks: npt.ArrayLike, num_ranks: int) -> Ranks:
    """Ranks counted in bins of equal width, about ten or more expected in each.

    Parameters
    ----------
    ranks : array of int, shape (num_datasets,)
    num_ranks : int

    Examples
    --------
    >>> histogram(np.arange(100), 100).tolist()
    [10, 10, 10, 10, 10, 10, 10, 10, 10, 10]
    """
    ranks = np.asarray(ranks, int)
    bins = int(np.clip(len(ranks) // _PER_BIN, 2, min(_MOST_BINS, num_ranks)))
    edges = np.round(np.arange(bins + 1) * num_ranks / bins)
    return np.histogram(ranks, edges - 0.5)[0].astype(np.int64)


def central_ranks(num_ranks: int, probability: float) -> tuple[int, int]:
    """First and last rank inside the central interval of a probability.

    The interval's ends are order statistics of the draws, so that its coverage is exactly the
    share of ranks inside; with 100 ranks 50 % and 90 % are met exactly.

    Parameters
    ----------
    num_ranks : int
    probability : float

    Examples
    --------
    >>> central_ranks(100, 0.9)
    (5, 94)
    """
    outside = round(num_ranks * (1 - probability) / 2)
    return outside, num_ranks - 1 - outside


def coverage(
    ranks: npt.ArrayLike, num_ranks: int, probability: float, level: float = 0.05
) -> Coverage:
    """How often central intervals covered, against the binomial law.

    Parameters
    ----------
    ranks : array of int, shape (num_datasets,)
        A rank of -1 (no posterior) covers nothing.
    num_ranks : int
    probability : float
        Of the interval.
    level : float
        The interval for the frequency holds with probability ``1 - level``.

    Examples
    --------
    >>> found = coverage(np.arange(100), 100, 0.5)
    >>> found.frequency, round(found.p_value, 3)
    (0.5, 1.0)
    """
    ranks = np.asarray(ranks, int)
    first, last = central_ranks(num_ranks, probability)
    nominal = (last - first + 1) / num_ranks
    inside = int(((ranks >= first) & (ranks <= last)).sum())
    test = stats.binomtest(inside, len(ranks), nominal)
    interval = test.proportion_ci(1 - level, method="exact")
    return Coverage(
        inside / len(ranks),
        float(interval.low),
        float(interval.high),
        float(test.pvalue),
        nominal,
    )
