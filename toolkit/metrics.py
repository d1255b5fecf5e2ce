"""Means over replicates that know when they are not to be trusted.

The scale of a collapsing Gaussian is a product of random factors: its logarithm is close to
normal with a variance that grows by about ``1/(2 nu)`` per generation (theory, I6). Its mean
over replicates is then borne by a few of them, and the standard error computed from the same
replicates is too small, mostly because the rare large ones are missing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit import labels, measures

FloatArray = npt.NDArray[np.float64]


class Mean(NamedTuple):
    """A mean over replicates (the first axis) with what is needed to judge it.

    Attributes
    ----------
    value, standard_error : array
    effective_replicates : array
        Number of equal replicates that would bear the mean as well.
    skewness : array
        Of one replicate.
    """

    value: FloatArray
    standard_error: FloatArray
    effective_replicates: FloatArray
    skewness: FloatArray


def mean_over_replicates(
    deviation: FloatArray, values: FloatArray | None = None, *, tail: FloatArray | None = None
) -> Mean:
    """Mean over the first axis, its standard error, and how many replicates bear it.

    Parameters
    ----------
    deviation : array, shape (num_replicates, ...)
        What is averaged (a variable, or its deviation from a prediction).
    values : array, shape (num_replicates, ...), optional
        The positive variable itself, whose sum the replicates bear; without it each counts in
        full.
    tail : array, shape (num_replicates, ...), optional
        Positive; take the variable's tail for log-normal with the variance ``s2`` of this
        one's logarithm: ``R`` replicates are then worth ``R exp(-s2)``, and the skewness is
        ``(exp(s2) + 2) sqrt(exp(s2) - 1)``. Both are taken where they are worse than the
        sample's own, since a sample that misses the tail does not show it.

    Raises
    ------
    ValueError
        With fewer than two replicates.

    Examples
    --------
    >>> import numpy as np
    >>> values = np.array([1.0, 1.0, 1.0, 5.0])
    >>> mean = mean_over_replicates(values, values)
    >>> float(mean.value), round(float(mean.effective_replicates), 2)
    (2.0, 2.29)
    """
    replicates = len(deviation)
    if replicates < 2:
        raise ValueError("a standard error needs at least 2 replicates; simulate more.")
    value = deviation.mean(axis=0)
    centred = deviation - value
    # Scaled before powers are taken: a diversity may be 1e-150, its cube is not representable.
    spread = np.max(np.abs(centred), axis=0)
    scaled = centred / np.where(spread > 0, spread, 1)
    variance = np.sum(scaled**2, axis=0) / (replicates - 1)
    third = np.mean(scaled**3, axis=0)
    skewness = third / np.where(variance > 0, variance, 1) ** 1.5
    effective = np.full(value.shape, float(replicates)) if values is None else _kish(values)
    if tail is not None:
        log_variance = np.var(np.log(np.maximum(tail, np.finfo(float).tiny)), axis=0, ddof=1)
        growth = np.exp(np.minimum(log_variance, 400.0))  # its 3/2nd power is representable
        effective = np.minimum(effective, replicates / growth)
        skewness = np.maximum(skewness, (growth + 2) * np.sqrt(growth - 1))
    return Mean(value, np.sqrt(variance / replicates) * spread, effective, skewness)


def _kish(values: FloatArray) -> FloatArray:
    """``(sum x)^2 / sum x^2``; all replicates where a variable vanishes."""
    largest = np.max(np.abs(values), axis=0)
    scaled = values / np.where(largest > 0, largest, 1)
    total, square = np.sum(scaled, axis=0) ** 2, np.sum(scaled**2, axis=0)
    full = float(len(values))
    return np.where(square > 0, total / np.where(square > 0, square, 1), full)


def ratio_of_means(numerator: FloatArray, denominator: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Ratio of two means over replicates (the first axis), and its standard error.

    The error is the ratio estimator's, to first order: that of the mean of
    ``numerator - ratio * denominator``, divided by the mean of the denominator.

    Parameters
    ----------
    numerator, denominator : array, shape (num_replicates, ...)

    Raises
    ------
    ValueError
        With fewer than two replicates.

    Examples
    --------
    >>> import numpy as np
    >>> below = np.array([1.0, 2.0, 3.0])
    >>> ratio, error = ratio_of_means(2 * below, below)
    >>> float(ratio), float(error)
    (2.0, 0.0)
    """
    below = denominator.mean(axis=0)
    ratio = numerator.mean(axis=0) / below
    rest = mean_over_replicates(numerator - ratio * denominator)
    return ratio, rest.standard_error / np.abs(below)


def widening(mean: Mean, replicates: int, critical: float) -> FloatArray:
    """How much a critical value must grow because the replicates are skewed.

    A t-statistic of a mean of variables of skewness ``g`` is shifted, near ``z``, by
    ``g z^2 / (3 sqrt(R))`` to first order (Johnson, 1978). For log-normal replicates with a
    log-variance up to 0.8 a test with the widened value raises fewer false alarms than its
    level, one without it up to thirty times as many (tests/toolkit/test_metrics.py).

    Parameters
    ----------
    mean : Mean
    replicates : int
    critical : float
    """
    return np.asarray(np.abs(mean.skewness) * critical**2 / (3 * np.sqrt(replicates)))


def is_decidable(mean: Mean, replicates: int, critical: float) -> npt.NDArray[np.bool_]:
    """Whether the replicates can decide at all.

    Where the widening exceeds half the critical value (as far as it was checked), or fewer
    than ten replicates bear the mean, a plain mean says nothing.
    """
    enough = mean.effective_replicates >= min(10.0, replicates / 2)
    return np.asarray((widening(mean, replicates, critical) <= critical / 2) & enough)


def variable(dataset: xr.Dataset, name: str) -> xr.DataArray | None:
    """A variable of a trajectory, computed from the stored ones if need be.

    Returns
    -------
    xr.DataArray or None
        None when the dataset does not hold what it is computed from.
    """
    if name in dataset:
        return dataset[name]
    computed = _computed(dataset, name)
    if computed is None:
        return None
    label = labels.variable(name)
    dims = labels.dims(name)
    coords = {dim: dataset[dim] for dim in dims if dim in dataset.coords}
    return xr.DataArray(np.asarray(computed), coords, dims, name, label.attrs)


def _computed(dataset: xr.Dataset, name: str) -> FloatArray | None:
    of_text = {
        labels.TEXT_DIVERSITY: measures.text_diversity,
        labels.TEXT_ENTROPY: measures.text_entropy,
        labels.TEXT_EFFECTIVE_NUMBER: measures.text_effective_number,
    }
    if name in of_text and labels.TEXT_PROBS in dataset:
        return np.asarray(of_text[name](dataset[labels.TEXT_PROBS].values))
    if name == labels.IMAGE_FIDELITY_SQUARED and labels.IMAGE_FIDELITY in dataset:
        return np.asarray(np.square(dataset[labels.IMAGE_FIDELITY].values))
    if labels.IMAGE_COV in dataset:
        cov = dataset[labels.IMAGE_COV].values
        if name == labels.IMAGE_DIRECTIONAL_SD:
            return np.asarray(np.sqrt(cov[..., 0, 0]))
        if name == labels.IMAGE_TOTAL_VARIANCE:
            return np.asarray(np.trace(cov, axis1=-2, axis2=-1))
        if name == labels.IMAGE_TOTAL_SD:
            return np.asarray(np.sqrt(np.trace(cov, axis1=-2, axis2=-1)))
        if name == labels.IMAGE_DIVERSITY:
            return np.asarray(measures.image_diversity(cov))
    return None


def root_forms(cov: npt.ArrayLike, directions: npt.ArrayLike) -> FloatArray:
    """``v' cov^(1/2) v`` for each direction v: what an order of matrices (Loewner) compares.

    Parameters
    ----------
    cov : array_like, shape (..., d, d)
        Positive semidefinite.
    directions : array_like, shape (number, d)

    Returns
    -------
    ndarray, shape (..., number)

    Examples
    --------
    >>> root_forms([[4.0, 0.0], [0.0, 9.0]], [[1.0, 0.0], [0.0, 1.0]]).tolist()
    [2.0, 3.0]
    """
    values, vectors = np.linalg.eigh(np.asarray(cov, float))
    along = np.asarray(directions, float) @ vectors
    return np.asarray(np.square(along) @ np.sqrt(np.maximum(values, 0))[..., None])[..., 0]


def within_variance(weights: npt.ArrayLike, roots: npt.ArrayLike) -> FloatArray:
    """Mean total variance of a mixture's components, ``sum_k w_k tr(root_k root_k')``.

    The mixture's total variance less that of its components' means.

    Parameters
    ----------
    weights : array_like, shape (..., num_components)
    roots : array_like, shape (..., num_components, d, d)

    Examples
    --------
    >>> float(within_variance([0.5, 0.5], [[[1.0]], [[3.0]]]))
    5.0
    """
    traces = np.sum(np.square(roots), axis=(-2, -1))
    return np.asarray(np.sum(np.asarray(weights) * traces, axis=-1))


def least_along(values: FloatArray, positions: npt.ArrayLike) -> tuple[float, float]:
    """Where a mean over replicates is least along an axis, and the standard error of that place.

    The vertex of the parabola of least squares through the mean, ``-b/(2a)``; coefficients are
    linear in the values, so that each replicate has its own, and the vertex is a ratio of two
    means. Positions should be close to the minimum: the error of taking the curve for a parabola
    is in neither number.

    Parameters
    ----------
    values : array, shape (num_replicates, num_positions)
        At least 2 replicates; differences between positions are better known if all positions
        have the same random numbers.
    positions : array_like, shape (num_positions,)
        At least 3.

    Raises
    ------
    ValueError
        When the mean has no minimum: the parabola opens downwards.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(0, 1, 5)
    >>> curves = np.stack([(x - 0.25) ** 2, (x - 0.35) ** 2])
    >>> [round(number, 6) for number in least_along(curves, x)]
    [0.3, 0.05]
    """
    x = np.asarray(positions, float)
    centre = x.mean()
    _, slope, square = np.polynomial.polynomial.polyfit(x - centre, values.T, 2)
    if square.mean() <= 0:
        raise ValueError("the mean has no minimum here: the parabola opens downwards.")
    vertex, error = ratio_of_means(-slope, 2 * square)
    return float(centre + vertex), float(error)
