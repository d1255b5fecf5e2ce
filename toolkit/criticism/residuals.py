"""What was observed and what the fit would have drawn instead, on one scale.

Rows are the observed data and data sets drawn from the fit, each generation from the one observed
before it. Every number is standardised by mean and sd over all rows, the observed one among them:
were the model right and its parameters known, the rows could be exchanged for one another, so that
a statistic of the observed row has the law of those of the others, whatever the law of the numbers.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit import labels

Floats = npt.NDArray[np.float64]

#: A probability is judged where it is that of so many captions or more, (mean / sd)^2: the law of
#: rarer ones is drawn too roughly to judge it.
_LEAST_COUNT = 5.0
#: Relative sd below which a number is taken for fixed.
_FIXED = 1e-9


class Residuals(NamedTuple):
    """Standardised numbers of one kind.

    Attributes
    ----------
    values : ndarray, shape (row, replicate, transition, component)
        The observed row first; 0 where not ``seen``.
    seen : ndarray of bool, shape (replicate, transition, component)
    level : ndarray, shape (replicate, transition, component)
        The mean over rows, in the numbers' own units; 0 where not seen.
    """

    values: Floats
    seen: npt.NDArray[np.bool_]
    level: Floats


def residuals_of(
    model: str, observed: xr.Dataset, predictive: xr.Dataset, constant: xr.Dataset
) -> dict[str, Residuals]:
    """Residuals of a fit, by what they are of.

    Parameters
    ----------
    model : str
    observed, predictive, constant : xr.Dataset
        The groups of the fit; ``predictive`` with dims chain and draw.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> dims = ("replicate", "generation")
    >>> observed = xr.Dataset({"score": (dims, rng.normal(size=(1, 9)))})
    >>> drawn = xr.Dataset({"score": (("chain", "draw", *dims), rng.normal(size=(1, 50, 1, 9)))})
    >>> found = residuals_of("diversity_decay", observed, drawn, xr.Dataset())["score"]
    >>> found.values.shape, bool(np.isclose(found.values.std(axis=0), 1).all())
    ((51, 1, 9, 1), True)
    """
    known_start = labels.START in constant
    found = {}
    for name in predictive.data_vars:
        rows = _rows(observed[name], predictive[name])
        if known_start:
            rows[:, :, 0] = np.nan
        shown = _VIEWS.get(str(name), {}) if model in _OF_STATES else {}
        if not shown:
            shown = {str(name): _as_is}
        for field, view in shown.items():
            found[field] = _standardised(view(rows), counted=field == labels.TEXT_PROBS)
    return {name: one for name, one in found.items() if one.seen.any()}


def _rows(observed: xr.DataArray, predictive: xr.DataArray) -> Floats:
    """Observed and drawn numbers with axes (row, replicate, generation, ...)."""
    dims = [dim for dim in predictive.dims if dim not in (labels.CHAIN, labels.DRAW)]
    drawn = predictive.transpose(labels.CHAIN, labels.DRAW, *dims).values
    # The first generation has no law in most models.
    seen = observed.transpose(*dims).values[:, -drawn.shape[3] :]
    return np.concatenate([seen[None], drawn.reshape(-1, *drawn.shape[2:])]).astype(float)


def _as_is(rows: Floats) -> Floats:
    return rows.reshape(*rows.shape[:3], -1)


def _diversity(rows: Floats) -> Floats:
    return 1 - np.sum(np.square(rows), axis=-1, keepdims=True)


def _scale(rows: Floats) -> Floats:
    """Half the log determinant per feature: the log of the geometric mean sd."""
    return _log_det(rows) / (2 * rows.shape[-1])


def _anisotropy(rows: Floats) -> Floats:
    """Log of arithmetic over geometric mean of the eigenvalues: 0 for a round Gaussian."""
    d = rows.shape[-1]
    trace = np.trace(rows, axis1=-2, axis2=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.log(trace / d) - _log_det(rows) / d
    # What is round, as all Gaussians of one feature are, is so within rounding.
    return np.round(found, 12)


def _log_det(rows: Floats) -> Floats:
    sign, value = np.linalg.slogdet(np.where(np.isfinite(rows), rows, np.nan))
    return np.where(sign > 0, value, np.nan)


_VIEWS: Mapping[str, Mapping[str, Callable[[Floats], Floats]]] = {
    labels.TEXT_PROBS: {labels.TEXT_PROBS: _as_is, labels.TEXT_DIVERSITY: _diversity},
    labels.IMAGE_COV: {"image_scale": _scale, "image_anisotropy": _anisotropy},
    labels.IMAGE_MEAN: {labels.IMAGE_MEAN: _as_is},
}
#: Models of the states themselves; others take whatever variable for a score.
_OF_STATES = ("text_drift", "image_contraction", "coevolution")


def _standardised(rows: Floats, *, counted: bool) -> Residuals:
    mean, sd = rows.mean(axis=0), rows.std(axis=0)
    with warnings.catch_warnings():  # of numbers that are nowhere finite
        warnings.simplefilter("ignore")
        drawn = rows[1:].std(axis=0)
        size = np.nanmax(np.abs(rows), axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        # What the draws only repeat has no law: kept Gaussians, states after a gap.
        seen = np.isfinite(mean) & (drawn > _FIXED * size) & (drawn > 0)
        if counted:
            nearest = np.minimum(mean, 1 - mean)
            seen &= nearest**2 >= _LEAST_COUNT * np.square(sd)
    safe: Any = np.where(seen, sd, 1.0)
    values = np.where(seen, rows - np.where(seen, mean, 0.0), 0.0) / safe
    return Residuals(np.where(seen, values, 0.0), seen, np.where(seen, mean, 0.0))
