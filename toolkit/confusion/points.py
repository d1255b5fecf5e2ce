"""Fixed points and weights for integrals against a standard normal density."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special, stats

FloatArray = npt.NDArray[np.float64]

#: Up to so many features points lie on a grid; above, they are random.
MOST_FEATURES_ON_GRID = 3
#: Steps along the line between two texts (where posteriors change) and across it, and radius.
_GRIDS = {1: (0.15, 0.15, 6.5), 2: (0.3, 0.6, 5.5), 3: (0.4, 0.75, 5.0)}
_COARSER = 1.5
#: Step and radius of a grid as fine across as along, where all entries of a matrix must be seen.
_EVEN_GRIDS = {1: (0.15, 6.5), 2: (0.4, 5.5), 3: (0.55, 5.0)}
_RANDOMISATIONS, _LOG_POINTS = 8, 7


class Rule(NamedTuple):
    """Points, and where each of several estimates of an integral begins.

    Attributes
    ----------
    features : ndarray, shape (features, points)
        1, z_a and z_a z_b (a <= b) of each point, of which a log density is a combination.
    log_weight : ndarray, shape (points,)
        Against ``dz / (2 pi)^(d/2)``.
    first : tuple of int
        Estimate ``e`` is the weighted sum over the points ``first[e]`` to ``first[e + 1] - 1``.
    """

    features: FloatArray
    log_weight: FloatArray
    first: tuple[int, ...]


@functools.cache
def rule(num_features: int) -> Rule:
    """A fine grid and a coarser one, or independent sets of random points above 3 features.

    Every estimate integrates the standard normal density itself to 1: what a grid cuts off is
    made up in proportion, which is exact for integrands close to a multiple of that density.
    """
    if num_features <= MOST_FEATURES_ON_GRID:
        along, across, radius = _GRIDS[num_features]
        sets = [_ball(num_features, s * along, s * across, radius) for s in (1.0, _COARSER)]
    else:
        sets = [_random_points(num_features, seed) for seed in range(_RANDOMISATIONS)]
    return _joined(sets)


@functools.cache
def even_rule(num_features: int) -> Rule:
    """One grid with equal steps in all directions, or the random points of :func:`rule`.

    Examples
    --------
    >>> import numpy as np
    >>> even = even_rule(2)
    >>> density = np.exp(-(even.features[3] + even.features[5]) / 2)
    >>> round(float(density @ np.exp(even.log_weight)), 12)
    1.0
    """
    if num_features > MOST_FEATURES_ON_GRID:
        return rule(num_features)
    step, radius = _EVEN_GRIDS[num_features]
    return _joined([_ball(num_features, step, step, radius)])


def _joined(sets: list[tuple[FloatArray, FloatArray]]) -> Rule:
    first = np.concatenate([[0], np.cumsum([len(points) for points, _ in sets])])
    points = np.concatenate([points for points, _ in sets])
    log_weight = np.concatenate([weight for _, weight in sets])
    return Rule(_quadratic_features(points), log_weight, tuple(int(index) for index in first))


def _ball(
    num_features: int, along: float, across: float, radius: float
) -> tuple[FloatArray, FloatArray]:
    steps = [along] + [across] * (num_features - 1)
    axes = [np.arange(-int(radius / step), int(radius / step) + 1) * step for step in steps]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, num_features)
    squared = np.sum(points**2, axis=1)
    points, squared = points[squared <= radius**2], squared[squared <= radius**2]
    return points, np.full(len(points), -special.logsumexp(-0.5 * squared))


def _random_points(num_features: int, seed: int) -> tuple[FloatArray, FloatArray]:
    sobol = stats.qmc.Sobol(num_features, scramble=True, rng=np.random.default_rng(seed))
    points = special.ndtri(np.clip(sobol.random_base2(_LOG_POINTS), 1e-300, 1 - 1e-16))
    return points, 0.5 * np.sum(points**2, axis=1) - _LOG_POINTS * np.log(2.0)


def _quadratic_features(points: FloatArray) -> FloatArray:
    row, column = np.triu_indices(points.shape[1])
    ones = np.ones((len(points), 1))
    return np.concatenate([ones, points, points[:, row] * points[:, column]], axis=1).T
