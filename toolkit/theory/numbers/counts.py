"""Means over a text's image count."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import stats

FloatArray = npt.NDArray[np.float64]

#: Image counts whose total probability is below this are left out of a mean over counts.
_TAIL = 1e-16


def mean_over_counts(
    function: Callable[[FloatArray], npt.ArrayLike],
    *,
    batch_size: int,
    prob: npt.ArrayLike,
    min_images: int = 1,
    kept: float = 1.0,
) -> FloatArray:
    """Mean of a function of a text's image count ``n ~ Binomial(batch_size, prob)``.

    The sum is exact up to counts of total probability below 1e-15.

    Parameters
    ----------
    function : callable
        Of an array of counts.
    batch_size : int
    prob : array_like
        One or several texts' probabilities.
    min_images : int
        With fewer images the value is ``kept`` instead: the keep rule.
    kept : float

    Returns
    -------
    ndarray
        Of the shape of ``prob``.

    Examples
    --------
    >>> float(mean_over_counts(lambda n: n, batch_size=10, prob=0.5, kept=0.0)).__round__(12)
    5.0
    """
    probs = np.asarray(prob, dtype=np.float64)
    means = [_count_mean(function, batch_size, p, min_images, kept) for p in probs.ravel()]
    return np.asarray(means).reshape(probs.shape)


def _count_mean(
    function: Callable[[FloatArray], npt.ArrayLike],
    batch_size: int,
    prob: float,
    min_images: int,
    kept: float,
) -> float:
    count = stats.binom(batch_size, prob)
    low = max(int(np.nan_to_num(count.ppf(_TAIL))) - 1, min_images, 0)
    high = min(int(np.nan_to_num(count.isf(_TAIL), nan=batch_size)) + 1, batch_size)
    total = kept * float(count.cdf(min_images - 1))
    if low <= high:
        counts = np.arange(low, high + 1, dtype=np.float64)
        total += float(np.sum(count.pmf(counts) * np.asarray(function(counts))))
    return total
