"""Test statistics of standardised residuals, each with what a departure suggests.

Each takes residuals with a leading axis of rows and gives one number for each row, transformed so
that it is about normal over data sets: a log where it is a mean square, the normal quantile where
it is a largest value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from toolkit import labels
from toolkit.criticism.residuals import Floats, Residuals

#: With fewer replicates nothing is said of how they differ.
_FEW = 4
#: With fewer pairs or numbers a statistic is left out.
_LEAST = 8
_LARGEST_QUANTILE = 8.0


class Statistic(NamedTuple):
    """A test statistic.

    Attributes
    ----------
    of : callable
        From residuals to one number for each row; NaN where there is too little to say.
    high, low : str
        What it suggests when the data's value is higher or lower than those drawn.
    """

    of: Callable[[Residuals], Floats]
    high: str
    low: str


def _mean(values: Floats, seen: npt.NDArray[np.bool_]) -> Floats:
    """Over all that is seen, for each row."""
    return np.asarray(np.sum(values * seen, axis=(1, 2, 3)) / max(int(seen.sum()), 1))


def _along(weights: Floats, seen: npt.NDArray[np.bool_]) -> Floats:
    """Weights with mean 0 and sd 1 over what is seen; 0 where they do not vary."""
    if not seen.any() or np.ptp(weights[seen]) == 0:
        return np.zeros_like(weights)
    return (weights - weights[seen].mean()) / weights[seen].std()


def _enough(result: Floats, number: int) -> Floats:
    return result if number >= _LEAST else np.full_like(result, np.nan)


def _time(residuals: Residuals) -> Floats:
    shape = residuals.seen.shape
    return np.broadcast_to(np.arange(float(shape[1]))[:, None], shape)


def dispersion(residuals: Residuals) -> Floats:
    """Log mean square: whether increments scatter as the fit says.

    Parameters
    ----------
    residuals : Residuals

    Examples
    --------
    >>> ones = np.ones((2, 1, 9, 1))
    >>> dispersion(Residuals(ones * [[[[1]]], [[[2]]]], ones[0] > 0, ones[0])).round(3).tolist()
    [0.0, 1.386]
    """
    found = np.log(np.maximum(_mean(np.square(residuals.values), residuals.seen), 1e-300))
    return _enough(found, int(residuals.seen.sum()))


def dispersion_over_time(residuals: Residuals) -> Floats:
    """Mean of squares times standardised time: whether the scatter grows or fades."""
    return _enough(_squares_along(residuals, _time(residuals)), int(residuals.seen.sum()))


def dispersion_by_size(residuals: Residuals) -> Floats:
    """Mean of squares times the standardised log of the level: do rare ones have their share."""
    level = np.log(np.where(residuals.seen, np.maximum(residuals.level, 1e-300), 1.0))
    return _enough(_squares_along(residuals, level), int(residuals.seen.sum()))


def _squares_along(residuals: Residuals, weights: Floats) -> Floats:
    squares = np.square(residuals.values)
    weighted = _mean(squares * _along(weights, residuals.seen), residuals.seen)
    # Per mean square, so that a wrong scale alone does not show here too.
    return weighted / np.maximum(_mean(squares, residuals.seen), 1e-300)


def trend(residuals: Residuals) -> Floats:
    """Mean: whether the states move as fast as the fit says."""
    return _enough(_mean(residuals.values, residuals.seen), int(residuals.seen.sum()))


def bend(residuals: Residuals) -> Floats:
    """Mean times standardised time: whether the fit errs one way first and the other then."""
    weights = _along(_time(residuals), residuals.seen)
    return _enough(_mean(residuals.values * weights, residuals.seen), int(residuals.seen.sum()))


def memory(residuals: Residuals) -> Floats:
    """Lag-1 correlation within replicates."""
    seen = residuals.seen[:, 1:] & residuals.seen[:, :-1]
    product = _mean(residuals.values[:, :, 1:] * residuals.values[:, :, :-1], seen)
    square = np.maximum(_mean(np.square(residuals.values), residuals.seen), 1e-300)
    return _enough(product / square, int(seen.sum()))


def favourites(residuals: Residuals) -> Floats:
    """Log mean square of the components' means: whether the same ones gain or lose always."""
    number = residuals.seen.sum(axis=(0, 1))
    total = np.sum(residuals.values * residuals.seen, axis=(1, 2))
    used = number >= _LEAST
    if used.sum() < 2:
        return np.full(len(total), np.nan)
    return np.asarray(np.log(np.mean(np.square(total[:, used]) / number[used], axis=1) + 1e-300))


def between_replicates(residuals: Residuals) -> Floats:
    """Log of the variance between replicates of their log mean squares."""
    number = residuals.seen.sum(axis=(1, 2))
    used = number >= _LEAST
    squares = np.sum(np.square(residuals.values) * residuals.seen, axis=(2, 3))
    if used.sum() < _FEW:
        return np.full(len(squares), np.nan)
    logs = np.log(squares[:, used] / number[used] + 1e-300)
    return np.asarray(np.log(np.var(logs, axis=1) + 1e-300))


def largest(residuals: Residuals) -> Floats:
    """Normal quantile of the largest deviation, were all deviations normal and independent."""
    number = int(residuals.seen.sum())
    most = np.max(np.abs(residuals.values), axis=(1, 2, 3))
    log_below = number * np.log1p(-2 * stats.norm.sf(most) * (1 - 1e-12))
    found = np.where(
        log_below > -1e-3, -special.ndtri(-np.expm1(log_below)), special.ndtri_exp(log_below)
    )
    return _enough(np.clip(found, -_LARGEST_QUANTILE, _LARGEST_QUANTILE), number)


_MORE = "chance is larger than the fit says, or something besides chance acts"
_LESS = "chance is smaller than the fit says, or held in check"
_SCATTER = Statistic(dispersion, _MORE, _LESS)
_OVER_TIME = Statistic(
    dispersion_over_time,
    "fluctuations grow with time: the batch size falls",
    "fluctuations fade with time: the batch size grows",
)
_MEMORY = Statistic(
    memory,
    "a deviation goes on in the next generation: the loop remembers more than its last state",
    "a deviation is undone in the next generation: noise of measurement, or old data kept",
)
_LARGEST = Statistic(
    largest, "single generations jump: rare events that the model does not know", _LESS
)
_REPLICATES = Statistic(
    between_replicates,
    "replicates differ in how much they fluctuate: they have batch sizes of their own",
    "replicates are too much alike: they are no independent runs",
)
_FAVOURITES = Statistic(
    favourites,
    "the same ones gain in every generation: outputs are selected, or the corpus is another",
    _LESS,
)
_BEND = Statistic(
    bend,
    "the loss slows down more than the model allows",
    "the loss speeds up: no one exponential describes it",
)

#: The statistics of each kind of residuals.
STATISTICS: Mapping[str, Mapping[str, Statistic]] = {
    labels.TEXT_PROBS: {
        "dispersion": _SCATTER,
        "dispersion over time": _OVER_TIME,
        "dispersion by size": Statistic(
            dispersion_by_size,
            "common texts fluctuate too much for the rare ones: captions are dependent, or texts "
            "are sampled from other probabilities than they had",
            "rare texts fluctuate too much for the common ones",
        ),
        "memory": _MEMORY,
        "favourites": _FAVOURITES,
        "largest": _LARGEST,
        "between replicates": _REPLICATES,
    },
    labels.TEXT_DIVERSITY: {
        "trend": Statistic(
            trend,
            "diversity is kept better than any cause in the model can",
            "diversity is lost faster than any cause in the model can",
        ),
    },
    "image_scale": {
        "dispersion": _SCATTER,
        "dispersion over time": _OVER_TIME,
        "memory": _MEMORY,
        "favourites": _FAVOURITES,
        "largest": _LARGEST,
    },
    "image_anisotropy": {
        "trend": Statistic(
            trend,
            "Gaussians grow less round than the degrees of freedom allow",
            "Gaussians stay rounder than the degrees of freedom allow",
        ),
    },
    labels.IMAGE_MEAN: {
        "dispersion": _SCATTER,
        "dispersion over time": _OVER_TIME,
        "memory": _MEMORY,
        "favourites": _FAVOURITES,
    },
}
#: Those of any other variable, which a model takes for a score or a state.
OF_SCORES: Mapping[str, Statistic] = {
    "bend": _BEND,
    "dispersion over time": _OVER_TIME,
    "memory": _MEMORY,
    "largest": _LARGEST,
    "between replicates": _REPLICATES,
}
