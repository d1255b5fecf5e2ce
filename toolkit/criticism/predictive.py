"""``check_fit``: whether the fitted model describes the data at all.

A fit keeps 100 data sets drawn from its posterior, each generation from the one observed before it.
Test statistics of the data are compared with theirs (D. Rubin, 1984; A. Gelman, X.-L. Meng and H.
Stern, 1996). With 100 draws a rank alone could not say less than 1 in 50, which no correction for
several statistics survives; so statistics are transformed to be about normal, and the p-value is
Student's: with mean m and sd s of the n draws, (T - m) / (s sqrt(1 + 1/n)) has n - 1 degrees of
freedom. More draws would need the data as the model takes them, which a fit does not keep.

The p-values are corrected for the number of statistics (S. Holm, 1979). What parameters were fitted
to, such as the scatter to a batch size, deviates less than by chance, so that the check alarms
too rarely rather than too often; what it does to loops that a model does not know is measured by
the study ``misspecification``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy import stats

from toolkit import labels
from toolkit.criticism.residuals import residuals_of
from toolkit.criticism.statistics import OF_SCORES, STATISTICS, Statistic

Floats = npt.NDArray[np.float64]

_NEEDED = ("posterior_predictive", "observed_data", "constant_data")


def check_fit(fit: xr.DataTree, *, level: float = 0.05) -> xr.Dataset:
    """Compare test statistics of the data with those of data drawn from the fit.

    Parameters
    ----------
    fit : xr.DataTree
        What ``fit`` returned.
    level : float
        Chance of any alarm at all when the model is right.

    Returns
    -------
    xr.Dataset
        Dim statistic: value of the data, mean and sd of those drawn, p-value, and the p-value
        corrected for their number. Attributes: ``alarm``, ``answer`` (sentences: what deviates,
        and what that suggests), ``level``.

    Raises
    ------
    TypeError, ValueError
        When it is no fit, or the level is no probability.

    Examples
    --------
    >>> import numpy as np, toolkit as tk
    >>> score = 0.2 + 0.6 * 0.9 ** np.arange(30) + 0.01 * np.random.default_rng(1).normal(size=30)
    >>> right = tk.fit(tk.read_trajectory(score=score[None]), model="diversity_decay", seed=1)
    >>> tk.check_fit(right).attrs["alarm"]
    'false'
    >>> score[20] += 0.2
    >>> wrong = tk.fit(tk.read_trajectory(score=score[None]), model="diversity_decay", seed=1)
    >>> tk.check_fit(wrong).attrs["alarm"]
    'true'
    """
    if not isinstance(fit, xr.DataTree) or any(name not in fit.children for name in _NEEDED):
        raise TypeError(
            f"expected what fit returns, with the groups {', '.join(_NEEDED)}, not "
            f"{type(fit).__name__}; read one from a file with read_fit."
        )
    if not 0 < float(level) < 1:
        raise ValueError(f"level must be between 0 and 1, not {level!r}.")
    groups = (fit[name].to_dataset() for name in _NEEDED)
    predictive, observed, constant = groups
    result = check_draws(str(fit.attrs["model"]), observed, predictive, constant, level=level)
    if str(fit.attrs.get("converged", "true")) != "true":
        result.attrs["answer"] = (
            "The chains of the fit did not come to agree: its draws must not be used. "
            + result.attrs["answer"]
        )
    return result


def check_draws(
    model: str,
    observed: xr.Dataset,
    predictive: xr.Dataset,
    constant: xr.Dataset,
    *,
    level: float = 0.05,
) -> xr.Dataset:
    """The same from the groups of a fit.

    Parameters
    ----------
    model : str
    observed, predictive, constant : xr.Dataset
    level : float
    """
    rows: dict[str, tuple[Floats, Statistic]] = {}
    for field, residuals in residuals_of(model, observed, predictive, constant).items():
        for name, statistic in STATISTICS.get(field, OF_SCORES).items():
            values = statistic.of(residuals)
            if np.isfinite(values).all() and np.ptp(values) > 0:
                rows[f"{field.replace('_', ' ')}: {name}"] = (values, statistic)
    if not rows:
        raise ValueError(
            "the fit has too few transitions for any test statistic; give more generations."
        )
    values = np.array([row for row, _ in rows.values()])
    p_value = two_sided(values)
    adjusted = holm(p_value)
    columns = {
        labels.DATA_VALUE: values[:, 0],
        labels.PREDICTED_MEAN: values[:, 1:].mean(axis=1),
        labels.PREDICTED_SD: values[:, 1:].std(axis=1, ddof=1),
        labels.P_VALUE: p_value,
        labels.ADJUSTED_P: adjusted,
    }
    result = xr.Dataset(
        {
            name: (labels.CRITICISM[name].dims, column, labels.CRITICISM[name].attrs)
            for name, column in columns.items()
        },
        coords={labels.STATISTIC: list(rows)},
    )
    alarms = [
        _words(name, statistic, result.sel({labels.STATISTIC: name}))
        for (name, (_, statistic)), p in zip(rows.items(), adjusted, strict=True)
        if p < level
    ]
    silent = (
        f"None of {len(rows)} statistics deviates from what the fit predicts: the data do not "
        "contradict the model."
    )
    result.attrs = {
        "model": model,
        "level": level,
        "alarm": "true" if alarms else "false",
        "answer": " ".join(alarms) or silent,
    }
    return result


def two_sided(values: npt.ArrayLike) -> Floats:
    """P-values of the first of each row against the others.

    Parameters
    ----------
    values : array_like, shape (statistic, row)

    Examples
    --------
    >>> two_sided([[0.0, 1.0, -1.0], [3.0, 1.0, -1.0]]).round(3).tolist()
    [1.0, 0.333]
    """
    array = np.asarray(values, float)
    first, drawn = array[:, 0], array[:, 1:]
    number = drawn.shape[1]
    sd = np.maximum(drawn.std(axis=1, ddof=1), 1e-300) * np.sqrt(1 + 1 / number)
    return np.asarray(2 * stats.t.sf(np.abs(first - drawn.mean(axis=1)) / sd, number - 1))


def holm(p_values: npt.ArrayLike) -> Floats:
    """P-values corrected for their number: the chance of any false alarm is then the level.

    Parameters
    ----------
    p_values : array_like, shape (number,)

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    array = np.asarray(p_values, float)
    order = np.argsort(array)
    steps = array[order] * np.arange(len(array), 0, -1)
    found = np.empty_like(array)
    found[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return found


def _words(name: str, statistic: Statistic, row: Any) -> str:
    higher = float(row[labels.DATA_VALUE]) > float(row[labels.PREDICTED_MEAN])
    suggests = statistic.high if higher else statistic.low
    apart = (row[labels.DATA_VALUE] - row[labels.PREDICTED_MEAN]) / row[labels.PREDICTED_SD]
    return (
        f"{name[0].upper()}{name[1:]} deviates by {abs(float(apart)):.1f} sd (corrected p = "
        f"{float(row[labels.ADJUSTED_P]):.2g}): {suggests}."
    )


def check_table(result: xr.Dataset) -> pd.DataFrame:
    """A check as a table, the least probable statistic first.

    Parameters
    ----------
    result : xr.Dataset
        From :func:`check_fit`.

    Returns
    -------
    pandas.DataFrame
        Indexed by statistic.
    """
    return result.to_dataframe().sort_values(labels.P_VALUE)
