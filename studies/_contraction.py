"""How fast two runs of one loop, begun apart and driven by the same random numbers, draw together.

Their distance obeys the Jacobian of a retraining but for small terms: the noise of the samples is
the same in both, so that it cancels, and rates can be measured far below it.
"""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from toolkit import labels, metrics
from toolkit.simulate import simulate
from toolkit.systems import Gaussian, RetrainingSystem
from toolkit.systems.families import Family

#: A distance that rounding has reached is not followed.
_SMALLEST = 1e-12


class Contraction(NamedTuple):
    """What was measured.

    Attributes
    ----------
    factor, standard_error : float
        What the distance is multiplied by in a generation, in the geometric mean.
    distance : ndarray, shape (replicates, generations + 1)
        Divided by that at the start.
    simulated : Dataset
        The first of the two runs.
    """

    factor: float
    standard_error: float
    distance: np.ndarray
    simulated: xr.Dataset


def normal(mean: float, variance: float, ddof: int = 1) -> Gaussian:
    """A Gaussian in one dimension.

    Examples
    --------
    >>> normal(0.5, 2.0).cov.tolist()
    [[2.0]]
    """
    return Gaussian(mean=np.array([mean]), cov=np.array([[variance]]), ddof=ddof)


def contraction(
    system: RetrainingSystem,
    starts: tuple[Family, Family],
    *,
    generations: int,
    replicates: int,
    seed: int,
    variable: str = labels.MODEL_PARAMETERS,
    first: int = 1,
) -> Contraction:
    """Simulate from both starts with one seed, and measure from generation ``first`` on.

    Parameters
    ----------
    system : RetrainingSystem
        With ``real`` given: the starts replace its family. Both runs of a replicate have the same
        real data, whether or not replicates share them by ``real_seed``.
    starts : pair of Family
    generations, replicates, seed : int
    variable : str
        Whose distance is measured, in Euclid's norm over all but replicates and generations.
    first : int
        The generation from which the transient of other directions is taken to be over.

    Returns
    -------
    Contraction
    """
    one, other = (
        simulate(
            dataclasses.replace(system, family=start, first_fit=False),
            generations=generations,
            replicates=replicates,
            seed=seed,
            record=(variable,),
            progress=False,
        )
        for start in starts
    )
    apart = (one[variable] - other[variable]).values
    distance = np.sqrt(np.sum(np.square(apart), axis=tuple(range(2, apart.ndim))))
    distance = distance / distance[:, :1]
    last = _last(distance, first)
    logs = np.log(np.maximum(distance, 1e-300))
    rate = metrics.mean_over_replicates((logs[:, last] - logs[:, first]) / (last - first))
    factor = float(np.exp(rate.value))
    return Contraction(factor, factor * float(rate.standard_error), distance, one)


def _last(distance: np.ndarray, first: int) -> int:
    """The last generation at which no replicate's distance is lost in rounding."""
    seen = np.flatnonzero(np.all(distance > _SMALLEST, axis=0) & np.all(distance < 1e12, axis=0))
    return max(int(seen[-1]), first + 1)


def within(measured: Any, errors: Any, predicted: Any, slack: float = 0.0) -> np.ndarray:
    """Standard errors between what was measured and predicted, beyond a stated slack.

    Examples
    --------
    >>> within([1.0, 1.5], [0.1, 0.1], [1.0, 1.0]).round(6).tolist()
    [0.0, 5.0]
    """
    off = np.abs(np.asarray(measured) - np.asarray(predicted)) - slack
    return np.asarray(np.maximum(off, 0) / np.maximum(np.asarray(errors), 1e-15))
