"""``forecast``: where a fitted loop will be, how sure that is, and when it passes a level."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit import labels, metrics
from toolkit.forecast.continuation import (
    Continuation,
    Start,
    check_variable,
    continue_loop,
    own_seed,
    source_of,
)
from toolkit.forecast.source import Source
from toolkit.inference.checks import PROBABILITIES
from toolkit.systems.validation import integer, real

FloatArray = npt.NDArray[np.float64]

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
#: Variables of the loop that may be negative; no other ever is.
_SIGNED = (labels.IMAGE_MEAN, labels.IMAGE_COV)
#: Those that are never above 1.
_SHARES = (labels.TEXT_DIVERSITY, labels.TEXT_PROBS)
#: Numbers that the paths of one answer may have, 2 GB of them.
_MOST_NUMBERS = 2**28
#: Draws that a forecast has at least unless fewer are asked for.
_FEWEST = 50


def forecast(
    fit: xr.DataTree,
    *,
    generations: int,
    variable: str = labels.TEXT_DIVERSITY,
    below: float | None = None,
    seed: int | None = None,
    num_draws: int | None = None,
    start: Start = "last",
    overrides: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """Forecast a fitted loop: posterior and chance together.

    Every replicate is continued from its last observed state under many draws of the posterior
    (:func:`toolkit.forecast.continue_loop`). For ``diversity_decay`` the forecast, and ``below``,
    are of the *latent* score, what the loop does; ``measured`` is the same with the noise of a
    measurement.

    Parameters
    ----------
    fit : xr.DataTree
        From ``fit`` or ``read_fit``.
    generations : int
        How far ahead.
    variable : str
        What the fit's model gives a future to; a wrong one is answered by those.
    below : float, optional
        A level: how probable is it to be below, and when is that first so?
    seed : int, optional
        That of the fit unless given. It fixes the result.
    num_draws : int, optional
        Draws of the posterior; about 400 unless given.
    start : {"last", "first"}
        ``"first"``: a new replicate, from the first state of each.
    overrides : mapping, optional
        What is to be different from now on (:func:`toolkit.forecast.continue_loop`).

    Returns
    -------
    xr.Dataset
        ``forecast`` (draws), ``forecast_mean``, ``forecast_median``, ``interval_low`` and
        ``interval_high`` (central, by ``probability``), at the generations after the last one
        observed; ``observed``, by ``observed_generation``; ``current``, the mean of where paths
        start. With ``below``: ``probability_below`` at each generation; ``time_to_level``, the
        generations until a path is first below, 0 if it is now and inf if not within the horizon;
        its quantiles ``time_quantile``, inf where beyond the horizon; ``probability_reached``,
        the probability that it is within.

    Raises
    ------
    ValueError
        When the model says nothing of the variable, or a number is wrong.

    Examples
    --------
    >>> import numpy as np, toolkit as tk
    >>> score = 0.2 + 0.6 * 0.9 ** np.arange(30) + 0.01 * np.random.default_rng(1).normal(size=30)
    >>> found = tk.fit(tk.read_trajectory(score=score[None]), model="diversity_decay", seed=1)
    >>> ahead = tk.forecast(found, generations=20, variable="score", below=0.1)
    >>> 0.15 < float(ahead.forecast_median[0, -1]) < 0.25
    True
    >>> float(ahead.time_quantile.sel(quantile=0.5)[0])  # not within 20 generations
    inf
    """
    source = source_of(fit)
    check_variable(source, variable)
    if below is not None:
        below = level_of(variable, below, "below")
    drawn = (variable, labels.MEASURED) if labels.MEASURED in source.variables else (variable,)
    check_length(
        generations,
        "generations",
        sum(source.size(name) for name in drawn) * len(source.replicate) * (num_draws or _FEWEST),
    )
    ahead = continue_loop(
        fit,
        generations=generations,
        variables=drawn,
        seed=seed,
        num_draws=num_draws,
        start=start,
        overrides=overrides,
    )
    result = _draws(ahead, variable).merge(_observed(source, variable))
    result = result.merge(_summaries(result[labels.FORECAST]))
    if below is not None:
        result = result.merge(_level(result[labels.FORECAST], ahead, variable, below))
    for name in result.variables:
        if name in labels.FORECASTS:
            result[name].attrs |= labels.FORECASTS[str(name)].attrs
    _units(result, variable)
    result.attrs = {
        "model": source.model,
        labels.VARIABLE: variable,
        "seed": str(own_seed(fit) if seed is None else seed),
        "start": start,
        "converged": str(fit.attrs.get("converged", "true")),
        "overrides": json.dumps({k: np.asarray(v).tolist() for k, v in (overrides or {}).items()}),
        **({} if below is None else {"below": below}),
    }
    return result


def level_of(variable: str, value: Any, name: str) -> float:
    """A level or target as a number that the variable can have.

    Whoever writes percents, or mistakes the variable, would otherwise get an answer that is true
    and says nothing.

    Parameters
    ----------
    variable : str
    value : Any
    name : str
        Of the argument, for messages.

    Raises
    ------
    ValueError
        When it is no finite number, or lies outside the variable's range.

    Examples
    --------
    >>> level_of("text_diversity", 70, "below")
    Traceback (most recent call last):
    ValueError: below is 70, but text_diversity lies within [0, 1]; give a level within it.
    """
    try:
        level = real(value, name, -math.inf)
    except ValueError:
        raise ValueError(f"{name} must be a finite number, not {value!r}.") from None
    ranged = variable in labels.VARIABLES and variable not in _SIGNED
    low, high = (0.0 if ranged else -math.inf), (1.0 if variable in _SHARES else math.inf)
    if low <= level <= high:
        return level
    if math.isinf(high):
        raise ValueError(f"{name} is {level:g}, but {variable} is never negative; give 0 or more.")
    raise ValueError(
        f"{name} is {level:g}, but {variable} lies within [{low:g}, {high:g}]; give a level "
        "within it."
    )


def check_length(generations: Any, name: str, numbers: int) -> None:
    """Refuse a number of generations whose paths could not be held in memory.

    Parameters
    ----------
    generations : Any
    name : str
        Of the argument, for messages.
    numbers : int
        At least so many are kept of each generation.

    Examples
    --------
    >>> check_length(10**9, "horizon", 1000)
    Traceback (most recent call last):
    ValueError: horizon is 1000000000, too far to be computed; give at most 268435.
    """
    most = _MOST_NUMBERS // numbers
    if integer(generations, name, 1) > most:
        raise ValueError(f"{name} is {generations}, too far to be computed; give at most {most}.")


def _draws(ahead: Continuation, variable: str) -> xr.Dataset:
    """Draws as dims (chain, draw, replicate, generation, ...), and where they start on average."""
    chains, draws = np.unique(ahead.chain), np.unique(ahead.draw)
    rest = ahead.dims[variable]
    dims = (*labels.SAMPLE_DIMS, labels.REPLICATE, labels.GENERATION, *rest)
    coords = {
        labels.CHAIN: chains,
        labels.DRAW: draws,
        labels.REPLICATE: ahead.replicate,
        labels.GENERATION: ahead.generation,
        **{dim: ahead.coords[dim] for dim in rest},
    }
    variables = {labels.FORECAST: ahead.values[variable]}
    if labels.MEASURED in ahead.values:
        variables[labels.MEASURED] = ahead.values[labels.MEASURED]
    shape = (chains.size, draws.size)
    dataset = xr.Dataset(
        {
            name: (dims, array.reshape(*shape, *array.shape[1:]))
            for name, array in variables.items()
        },
        coords=coords,
    )
    dataset[labels.CURRENT] = ((labels.REPLICATE, *rest), ahead.current[variable].mean(axis=0))
    return dataset


def _observed(source: Source, variable: str) -> xr.Dataset:
    """What was observed, along a dim of its own; nothing where it cannot be computed."""
    found = metrics.variable(source.observed, variable) if variable in source.variables else None
    if found is None:
        return xr.Dataset()
    dims = (labels.REPLICATE, labels.GENERATION, *source.variables[variable])
    if set(found.dims) != set(dims):
        return xr.Dataset()
    renamed = {labels.GENERATION: labels.OBSERVED_GENERATION}
    values = found.transpose(*dims).values
    return xr.Dataset(
        {labels.OBSERVED_VALUE: ([renamed.get(dim, dim) for dim in dims], values)},
        coords={
            labels.OBSERVED_GENERATION: source.generation,
            labels.REPLICATE: source.replicate,
            **{dim: source.coords[dim] for dim in source.variables[variable]},
        },
    )


def _summaries(draws: xr.DataArray) -> xr.Dataset:
    tails = [(1 - p) / 2 for p in PROBABILITIES]
    ends = draws.quantile([*tails, 0.5, *(1 - tail for tail in tails)], dim=labels.SAMPLE_DIMS)
    number = len(tails)
    probability = xr.DataArray(list(PROBABILITIES), dims=labels.PROBABILITY)

    def at(part: slice) -> xr.DataArray:
        chosen = ends.isel({labels.QUANTILE: part}).rename({labels.QUANTILE: labels.PROBABILITY})
        return chosen.assign_coords({labels.PROBABILITY: probability})

    return xr.Dataset(
        {
            labels.FORECAST_MEAN: draws.mean(labels.SAMPLE_DIMS),
            labels.FORECAST_MEDIAN: ends.isel({labels.QUANTILE: number}, drop=True),
            labels.INTERVAL_LOW: at(slice(number)),
            labels.INTERVAL_HIGH: at(slice(number + 1, None)),
        }
    )


def _level(draws: xr.DataArray, ahead: Continuation, variable: str, below: float) -> xr.Dataset:
    """When paths are below a level; a first time beyond the horizon is not known, and inf."""
    shape = draws.shape[:2]
    now = ahead.current[variable].reshape(*shape, *ahead.current[variable].shape[1:])
    axis = draws.get_axis_num(labels.GENERATION)
    under = np.concatenate([np.expand_dims(now, axis), draws.values], axis=axis) < below
    first = np.where(under.any(axis=axis), under.argmax(axis=axis), np.inf)
    template = draws.isel({labels.GENERATION: 0}, drop=True)
    time = template.copy(data=first)
    return xr.Dataset(
        {
            labels.PROBABILITY_BELOW: (draws < below).mean(labels.SAMPLE_DIMS),
            labels.TIME_TO_LEVEL: time,
            labels.TIME_QUANTILE: censored_quantiles(time),
            labels.PROBABILITY_REACHED: (time < np.inf).mean(labels.SAMPLE_DIMS),
        }
    )


def censored_quantiles(time: xr.DataArray) -> xr.DataArray:
    """Quantiles of times of which those beyond the horizon are inf.

    The smallest time within which a path of the given share is there: an order statistic, so that
    nothing is interpolated between a time and a time that is not known.

    Parameters
    ----------
    time : xr.DataArray, dims (chain, draw, ...)

    Examples
    --------
    >>> time = xr.DataArray([[3.0, 5.0, np.inf, np.inf]], dims=("chain", "draw"))
    >>> censored_quantiles(time).values.tolist()
    [3.0, 3.0, 5.0, inf, inf]
    """
    rest = [str(dim) for dim in time.dims if dim not in labels.SAMPLE_DIMS]
    values = np.sort(
        time.transpose(*labels.SAMPLE_DIMS, *rest).values.reshape(-1, *time.shape[2:]), axis=0
    )
    number = len(values)
    at = [max(int(np.ceil(round(q * number, 9))) - 1, 0) for q in QUANTILES]
    return xr.DataArray(
        values[at],
        dims=(labels.QUANTILE, *rest),
        coords={labels.QUANTILE: list(QUANTILES), **{d: time[d] for d in rest if d in time.coords}},
    )


def _units(result: xr.Dataset, variable: str) -> None:
    """The variable's own units and words where the values are its own."""
    try:
        label = labels.variable(variable)
    except ValueError:
        return
    for name in (
        labels.FORECAST,
        labels.MEASURED,
        labels.FORECAST_MEAN,
        labels.FORECAST_MEDIAN,
        labels.INTERVAL_LOW,
        labels.INTERVAL_HIGH,
        labels.OBSERVED_VALUE,
        labels.CURRENT,
    ):
        if name in result:
            result[name].attrs["units"] = label.units
    result[labels.FORECAST].attrs["long_name"] = label.long_name
