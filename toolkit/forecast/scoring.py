"""How a forecast did once what it spoke of has come."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import stats

from toolkit import labels, metrics
from toolkit.models.states import component_names

FloatArray = npt.NDArray[np.float64]

#: Of the interval of a coverage.
_CONFIDENCE = 0.95


def forecast_scores(forecasted: xr.Dataset, held_out: xr.Dataset) -> xr.Dataset:
    """Score a forecast by what came.

    Parameters
    ----------
    forecasted : xr.Dataset
        From :func:`toolkit.forecast`.
    held_out : xr.Dataset
        A trajectory with the variable, or with what it is computed from, at generations that were
        forecast; replicates and generations are matched by their coordinates. Of
        ``diversity_decay`` measured scores are expected, and ``measured`` is scored.

    Returns
    -------
    xr.Dataset
        By replicate and generation: ``held_out``, ``crps`` (0 is perfect, in the variable's
        units), ``pit`` (the share of the draws below what came, a tie counted half; uniform where
        the forecast is calibrated), ``covered`` (by ``probability``). By generation: ``coverage``,
        with the exact binomial interval (95 %) over replicates. Generations of a replicate are
        not independent, so that none is given over all of them; replicates of one fit share
        its posterior, so that even theirs is too narrow where the posterior is wide.

    Raises
    ------
    ValueError
        When nothing that was forecast is among what is held out.

    Examples
    --------
    >>> import numpy as np, toolkit as tk
    >>> score = 0.2 + 0.6 * 0.9 ** np.arange(60) + 0.01 * np.random.default_rng(1).normal(size=60)
    >>> whole = tk.read_trajectory(score=score[None])
    >>> found = tk.fit(whole.isel(generation=slice(30)), model="diversity_decay", seed=1)
    >>> scored = tk.forecast_scores(tk.forecast(found, generations=30, variable="score"), whole)
    >>> scored.sizes["generation"], bool(scored.crps.mean() < 0.02)
    (30, True)
    """
    came = _came(forecasted, held_out)
    name = labels.MEASURED if labels.MEASURED in forecasted else labels.FORECAST
    draws, came = xr.align(
        forecasted[name], came, join="inner", exclude=labels.SAMPLE_DIMS, copy=False
    )
    if not came.size or not came.notnull().any():
        raise ValueError(
            f"nothing held out was forecast: the forecast is of replicates "
            f"{_some(forecasted, labels.REPLICATE)} at generations "
            f"{_some(forecasted, labels.GENERATION)}, held out are "
            f"{_some(held_out, labels.REPLICATE)} at {_some(held_out, labels.GENERATION)}."
        )
    came = came.transpose(*(dim for dim in draws.dims if dim not in labels.SAMPLE_DIMS))
    sample = draws.transpose(*labels.SAMPLE_DIMS, ...).values.reshape(-1, *came.shape)
    known = np.isfinite(came.values)
    below = (sample < came.values).mean(axis=0) + (sample == came.values).mean(axis=0) / 2
    result = xr.Dataset(
        {
            labels.HELD_OUT: came,
            labels.CRPS: came.copy(data=np.where(known, crps(sample, came.values), np.nan)),
            labels.PIT: came.copy(data=np.where(known, below, np.nan)),
        }
    )
    result = result.merge(_coverage(draws, came, forecasted[labels.PROBABILITY]))
    for one in result.data_vars:
        label = labels.FORECASTS[str(one)]
        result[one].attrs = label.attrs
    units = forecasted[labels.FORECAST].attrs.get("units", "1")
    for one in (labels.HELD_OUT, labels.CRPS):
        result[one].attrs["units"] = units
    result.attrs = {key: forecasted.attrs[key] for key in ("model", labels.VARIABLE)}
    return result


def crps(sample: npt.ArrayLike, came: npt.ArrayLike) -> FloatArray:
    """The continuous ranked probability score of a sample.

    ``E|X - y| - E|X - X'|/2`` with X and X' from the sample's empirical distribution, exactly
    (Gneiting and Raftery, 2007, equation 21): with the sample in order,
    ``E|X - X'| = (2/n^2) sum_i (2 i - n - 1) x_(i)``.

    Parameters
    ----------
    sample : array_like, shape (draw, ...)
    came : array_like, shape (...)

    Examples
    --------
    >>> float(crps([0.0, 1.0], 0.0))  # |x - y| is 1/2 on average, |x - x'|/2 is 1/4
    0.25
    """
    ordered = np.sort(np.asarray(sample, float), axis=0)
    number = len(ordered)
    error = np.abs(ordered - np.asarray(came, float)).mean(axis=0)
    weight = (2 * np.arange(1, number + 1) - number - 1) / number**2
    return np.asarray(error - np.tensordot(weight, ordered, (0, 0)))


def _coverage(draws: xr.DataArray, came: xr.DataArray, probability: xr.DataArray) -> xr.Dataset:
    """Whether the central intervals of what is measured hold it, and how often."""
    tail = (1 - probability.values) / 2
    ends = draws.quantile(np.concatenate([tail, 1 - tail]), dim=labels.SAMPLE_DIMS)
    low, high = ends.values[: tail.size], ends.values[tail.size :]
    inside = (low <= came.values) & (came.values <= high)
    covered = xr.DataArray(
        inside, dims=(labels.PROBABILITY, *came.dims), coords={labels.PROBABILITY: probability}
    ).assign_coords(came.coords)
    others = [dim for dim in came.dims if dim != labels.GENERATION]
    number = came.notnull().sum(others)
    hits = (covered & came.notnull()).sum(others)
    # Several texts of a replicate are not independent: only replicates count.
    units = came.notnull().any([dim for dim in others if dim != labels.REPLICATE])
    units = units.sum(labels.REPLICATE)
    share = hits / number.where(number > 0)
    low_end, high_end = binomial_interval(share.values * units.values, units.values)
    return xr.Dataset(
        {
            labels.COVERED: covered,
            labels.COVERAGE: share,
            labels.COVERAGE_LOW: share.copy(data=low_end),
            labels.COVERAGE_HIGH: share.copy(data=high_end),
        }
    )


def binomial_interval(hits: npt.ArrayLike, number: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Clopper and Pearson's interval (95 %) for a probability, also for hits that are averages.

    Parameters
    ----------
    hits, number : array_like

    Examples
    --------
    >>> [round(float(end), 4) for end in binomial_interval(9, 10)]
    [0.555, 0.9975]
    """
    hits, number = np.asarray(hits, float), np.asarray(number, float)
    tail = (1 - _CONFIDENCE) / 2
    low = np.where(hits > 0, stats.beta.ppf(tail, hits, number - hits + 1), 0.0)
    high = np.where(hits < number, stats.beta.isf(tail, hits + 1, number - hits), 1.0)
    return low, high


def _came(forecasted: xr.Dataset, held_out: xr.Dataset) -> xr.DataArray:
    """The variable in what is held out, with the forecast's dims."""
    if not isinstance(forecasted, xr.Dataset) or labels.FORECAST not in forecasted:
        raise TypeError("forecasted must be what forecast returns, a dataset with 'forecast'.")
    if not isinstance(held_out, xr.Dataset):
        raise TypeError(
            f"held_out must be an xr.Dataset, not {type(held_out).__name__}; read it with "
            "read_trajectory."
        )
    variable = str(forecasted.attrs[labels.VARIABLE])
    came = metrics.variable(held_out, variable)
    if came is None:
        raise ValueError(
            f"held_out has no {variable!r}, nor what it is computed from; it holds: "
            f"{', '.join(map(str, held_out.data_vars)) or 'nothing'}."
        )
    if labels.COMPONENT in forecasted.dims and labels.COMPONENT not in came.dims:
        names = component_names(came)
        flat: Any = came.values.reshape(*came.shape[:2], -1)
        axes = (labels.REPLICATE, labels.GENERATION, labels.COMPONENT)
        kept = {dim: came[dim] for dim in axes[:2] if dim in came.coords}
        came = xr.DataArray(flat, dims=axes, coords={**kept, labels.COMPONENT: names})
    # Where coordinates are left out they count from 0.
    missing = [dim for dim in came.dims if dim not in came.coords]
    came = came.assign_coords({dim: np.arange(came.sizes[dim]) for dim in missing})
    expected = {str(d) for d in forecasted[labels.FORECAST].dims} - set(labels.SAMPLE_DIMS)
    if set(map(str, came.dims)) != expected:
        raise ValueError(
            f"{variable} of held_out has dims {came.dims}, expected {tuple(sorted(expected))}."
        )
    return came.reset_coords(drop=True)


def _some(dataset: xr.Dataset, dim: str) -> str:
    if dim not in dataset.coords:
        return "without coordinates"
    values = dataset[dim].values.tolist()
    return f"{values[0]} to {values[-1]}" if len(values) > 1 else str(values[0])
