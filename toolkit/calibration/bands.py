"""Simultaneous bands for the distribution of ranks, exact for any number of data sets.

Ranks of n data sets are uniform on {0, ..., L} when a fit is calibrated. With
``C_j = #{ranks < j}``, j = 1..L, each ``C_j ~ Binomial(n, j/(L+1))`` and the sequence is a Markov
chain, ``C_{j+1} - C_j | C_j ~ Binomial(n - C_j, 1/(L+1-j))``. The pointwise statistic is the
smallest two-sided tail, ``g = min_j 2 min(P(C_j <= c_j), P(C_j >= c_j))``; its law follows from the
chain, one step after another, without simulation (Säilynoja, Bürkner, Vehtari 2022, "Graphical
test for discrete uniformity and its applications in goodness-of-fit evaluation and multiple
sample comparison", Statistics and Computing 32, section 2.2, algorithm 1).

The bands of ``arviz_stats.ecdf_utils`` come from simulated quantiles, which at a level of .01
shared by several parameters would need 10^5 simulations or more for each band; a test holds the
two against each other at a level where they can be compared.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special, stats

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

#: Halvings of the logarithm of the pointwise level; it starts within 1e-12 and 1.
_HALVINGS = 40
#: Tails that differ by less, relatively, are equal.
_ROUNDING = 1e-9


class Band(NamedTuple):
    """A simultaneous band for ``C_j = #{ranks < j}``, j = 1..L.

    Attributes
    ----------
    low, high : ndarray of int, shape (L,)
        The counts inside, both ends included.
    pointwise : float
        The level of each of its intervals.
    """

    low: Counts
    high: Counts
    pointwise: float


def counts_below(ranks: npt.ArrayLike, num_ranks: int) -> Counts:
    """How many ranks are below each bound 1, ..., L = ``num_ranks - 1``.

    Parameters
    ----------
    ranks : array of int, shape (num_datasets,)
        In {0, ..., L}.
    num_ranks : int
        L + 1.

    Examples
    --------
    >>> counts_below([0, 2, 2, 3], 4).tolist()
    [1, 1, 3]
    """
    number = np.bincount(np.asarray(ranks, int), minlength=num_ranks)
    if number.size > num_ranks:
        raise ValueError(f"ranks must be below num_ranks = {num_ranks}, not {number.size - 1}.")
    return np.cumsum(number)[:-1].astype(np.int64)


@functools.cache
def simultaneous_band(num_datasets: int, num_ranks: int, level: float) -> Band:
    """The band that uniform ranks leave anywhere with probability at most ``level``.

    Of the bands of equal pointwise levels it is the narrowest that keeps the level.

    Parameters
    ----------
    num_datasets : int
    num_ranks : int
    level : float

    Examples
    --------
    >>> band = simultaneous_band(100, 10, 0.05)
    >>> int(band.low[4]), int(band.high[4])
    (37, 63)
    """
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, not {level}.")
    low, high = np.log(1e-12), 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _leaving(num_datasets, num_ranks, float(np.exp(middle))) <= level:
            low = middle
        else:
            high = middle
    return _band(num_datasets, num_ranks, float(np.exp(low)))


def uniformity_p_value(ranks: npt.ArrayLike, num_ranks: int) -> float:
    """P-value of ranks being uniform: at most ``level`` exactly where they leave its band.

    Parameters
    ----------
    ranks : array of int, shape (num_datasets,)
    num_ranks : int

    Examples
    --------
    >>> import numpy as np
    >>> uniformity_p_value(np.arange(100) % 10, 10)
    1.0
    >>> uniformity_p_value(np.arange(100) % 7, 10) < 1e-4
    True
    """
    below = counts_below(ranks, num_ranks)
    num_datasets = len(np.asarray(ranks))
    # Mirror images have one tail, up to rounding: neither may count without the other.
    smallest = float(_two_sided(below, num_datasets, num_ranks).min()) * (1 + _ROUNDING)
    return min(1.0, _leaving(num_datasets, num_ranks, smallest)) if smallest < 1 else 1.0


def _two_sided(counts: Counts, num_datasets: int, num_ranks: int) -> Array:
    """Twice the smaller tail of each count, both tails holding the count itself."""
    share = np.arange(1, num_ranks) / num_ranks
    below = stats.binom.cdf(counts, num_datasets, share)
    above = stats.binom.sf(counts - 1, num_datasets, share)
    return np.asarray(np.minimum(1.0, 2 * np.minimum(below, above)), float)


def _band(num_datasets: int, num_ranks: int, pointwise: float) -> Band:
    """The counts whose two-sided tail exceeds the pointwise level."""
    share = np.arange(1, num_ranks) / num_ranks
    # The first guess of a quantile may miss by one where a tail equals the level to rounding.
    low = stats.binom.ppf(pointwise / 2, num_datasets, share).astype(np.int64)
    low += stats.binom.cdf(low, num_datasets, share) * 2 <= pointwise
    high = stats.binom.isf(pointwise / 2, num_datasets, share).astype(np.int64)
    high += 1
    for _ in range(2):
        high -= stats.binom.sf(high - 1, num_datasets, share) * 2 <= pointwise
    return Band(low, high, pointwise)


def _leaving(num_datasets: int, num_ranks: int, pointwise: float) -> float:
    """The probability that some count has a two-sided tail of at most ``pointwise``."""
    band = _band(num_datasets, num_ranks, pointwise)
    if (band.low > band.high).any():
        return 1.0
    state, weight = np.zeros(1, np.int64), np.ones(1)
    for index, (low, high) in enumerate(zip(band.low, band.high, strict=True)):
        new = np.arange(low, high + 1)
        weight = weight @ _step(num_datasets, state, new, 1 / (num_ranks - index))
        state = new
    return max(0.0, float(1 - weight.sum()))  # rounding, where it is next to nothing


def _step(num_datasets: int, before: Counts, after: Counts, share: float) -> Array:
    """Transition probabilities of the counts: binomial increments among those that are left."""
    left = (num_datasets - before)[:, None]
    more = after[None, :] - before[:, None]
    possible = (more >= 0) & (more <= left)
    more = np.where(possible, more, 0)
    log = (
        special.gammaln(left + 1)
        - special.gammaln(more + 1)
        - special.gammaln(left - more + 1)
        + special.xlogy(more, share)
        + special.xlog1py(left - more, -share)
    )
    return np.where(possible, np.exp(log), 0.0)
