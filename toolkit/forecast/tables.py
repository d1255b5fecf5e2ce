"""A forecast as a table of few numbers."""

from __future__ import annotations

import itertools

import pandas as pd
import xarray as xr

from toolkit import labels
from toolkit.forecast.forecasting import censored_quantiles
from toolkit.inference.checks import TAILS

ANY = "any"


def forecast_table(forecasted: xr.Dataset) -> pd.DataFrame:
    """A forecast in few numbers: a row for each replicate (and text), and for any of them.

    Parameters
    ----------
    forecasted : xr.Dataset
        From :func:`forecast`.

    Returns
    -------
    pandas.DataFrame
        Where it is now, the expected value and the central 90 % interval at the last generation;
        with a level, the probability to be below it then and the quantiles 5 %, 50 % and 95 % of
        the time until it is first below, inf where beyond the horizon. The row ``any`` is that of
        a replicate drawn by lot.

    Examples
    --------
    >>> import numpy as np, toolkit as tk
    >>> score = 0.2 + 0.6 * 0.9 ** np.arange(30) + 0.01 * np.random.default_rng(1).normal(size=30)
    >>> found = tk.fit(tk.read_trajectory(score=score[None]), model="diversity_decay", seed=1)
    >>> table = forecast_table(tk.forecast(found, generations=9, variable="score", below=0.3))
    >>> list(table.columns)
    ['now', 'expected', '5%', '95%', 'below', 'time 5%', 'time 50%', 'time 95%']
    """
    last = forecasted.isel({labels.GENERATION: -1})
    extra = [str(dim) for dim in last[labels.FORECAST_MEAN].dims if dim != labels.REPLICATE]
    rows: dict[str, dict[str, float]] = {}
    if last.sizes[labels.REPLICATE] > 1:
        for at, words in _each(last, extra):
            rows[", ".join([ANY, *words])] = _row(last.isel(at), labels.REPLICATE)
    for at, words in _each(last, [labels.REPLICATE, *extra]):
        rows[", ".join(words)] = _row(last.isel(at))
    return pd.DataFrame.from_dict(rows, orient="index")


def _each(last: xr.Dataset, dims: list[str]) -> list[tuple[dict[str, int], list[str]]]:
    """Positions along dims, with words that name them."""
    found = []
    for at in itertools.product(*(range(last.sizes[dim]) for dim in dims)):
        place = dict(zip(dims, at, strict=True))
        found.append((place, [f"{dim} {last[dim].values[i]}" for dim, i in place.items()]))
    return found


def _row(one: xr.Dataset, *more: str) -> dict[str, float]:
    """The numbers of a replicate, or over the dims ``more`` as well."""
    dims = (*labels.SAMPLE_DIMS, *more)
    draws = one[labels.FORECAST]
    low, high = (float(draws.quantile(tail, dim=dims)) for tail in TAILS)
    row = {
        "now": float(one[labels.CURRENT].mean(more or None)),
        "expected": float(draws.mean(dims)),
        "5%": low,
        "95%": high,
    }
    if labels.TIME_TO_LEVEL in one:
        below = float(one.attrs["below"])
        times = one[labels.TIME_TO_LEVEL].stack({"path": dims}, create_index=False)
        whole = xr.DataArray(times.values[None], dims=labels.SAMPLE_DIMS)
        quantiles = censored_quantiles(whole).sel({labels.QUANTILE: [TAILS[0], 0.5, TAILS[1]]})
        row["below"] = float((draws < below).mean(dims))
        row |= dict(zip(("time 5%", "time 50%", "time 95%"), quantiles.values, strict=True))
    return row
