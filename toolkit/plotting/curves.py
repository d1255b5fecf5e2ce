"""Trajectories, predictions and comparisons as curves; nothing is computed here.

Means and standard errors come from :mod:`toolkit.metrics` and :mod:`toolkit.compare`. The
shape of a line says what is drawn: a simulation is solid, a prediction dashed by its kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from toolkit import labels, metrics
from toolkit.plotting.style import PALETTE, colours, legend_below, panels, styled

#: A band is the mean with so many standard errors on either side: 95 % if it is normal.
BAND = 1.96
#: Line style of a prediction, by its kind.
LINE_STYLES: Mapping[str, Any] = {
    "exact": (0, (5, 1.5)),
    "fixed point": (0, (5, 1.5)),
    "lower bound": (0, (3, 1, 1, 1)),
    "upper bound": (0, (3, 1, 1, 1, 1, 1)),
    "asymptotic": (0, (1, 1.2)),
    "approximation": (0, (2, 2)),
}
#: The variables of ``image_rates``, in words.
RATES: Mapping[str, str] = {
    "lyapunov_rate": "typical run",
    "isotropic_rate": "mean, isotropic (second order)",
    "caption_rate": "mean, caption",
    "exact_rate": "mean, exact asymptotic",
    "rank_one_rate": "mean, rank one (second order)",
}


@styled
def plot_trajectory(
    dataset: xr.Dataset,
    variable: str = labels.TEXT_DIVERSITY,
    *,
    text: int | None = None,
    ax: Axes | None = None,
    label: str | None = None,
    colour: Any = None,
    band: bool = True,
) -> Axes:
    """Mean over replicates with a band of 1.96 standard errors.

    Parameters
    ----------
    dataset : xr.Dataset
        A trajectory.
    variable : str
        A variable that it holds, or that follows from what it holds.
    text : int, optional
        Of a variable per text (or per model): this one only; all of them unless given.
    ax : Axes, optional
    label : str, optional
        Of the line.
    colour : optional
    band : bool
        No band without it: of a heavy-tailed variable the standard error is too small.

    Raises
    ------
    ValueError
        When the dataset does not hold the variable, or not this text.

    Examples
    --------
    >>> import toolkit as tk
    >>> system = tk.CoevolvingSystem.on_unit_circle(num_texts=3, variance=1.0, batch_size=50)
    >>> simulated = tk.simulate(system, generations=5, replicates=3, seed=1)
    >>> plot_trajectory(simulated).get_ylabel()
    'text diversity (Gini-Simpson)'
    """
    values = metrics.variable(dataset, variable)
    if values is None:
        labels.variable(variable)
        raise ValueError(f"{variable} was not recorded; record it, or what it follows from.")
    ax = _axes(ax, dataset[labels.GENERATION].values, labels.variable(variable).axis)
    lines = _lines(values, text, label, colour)
    for series, name, shade in lines:
        mean = metrics.mean_over_replicates(series.values.astype(float))
        plot_band(
            ax,
            series[labels.GENERATION].values,
            mean.value,
            mean.standard_error if band else None,
            label=name,
            colour=shade,
        )
    return ax


@styled
def plot_band(
    ax: Axes,
    generation: np.ndarray,
    mean: np.ndarray,
    standard_error: np.ndarray | None = None,
    *,
    label: str | None = None,
    colour: Any = None,
    **line: Any,
) -> Axes:
    """A line with a band of 1.96 standard errors.

    Parameters
    ----------
    ax : Axes
    generation, mean : ndarray
    standard_error : ndarray, optional
        No band without it.
    label : str, optional
    colour : optional
    **line
        Passed to ``Axes.plot``.
    """
    (drawn,) = ax.plot(generation, mean, color=colour, **line)
    if standard_error is not None:
        low, high = mean - BAND * standard_error, mean + BAND * standard_error
        ax.fill_between(generation, low, high, color=drawn.get_color(), alpha=0.2, linewidth=0)
    if label:
        drawn.set_label(label)
    return ax


@styled
def plot_prediction(
    predicted: xr.Dataset,
    result: str,
    *,
    text: int | None = None,
    ax: Axes | None = None,
    label: str | None = None,
    colour: Any = "black",
) -> Axes:
    """One predicted curve, its line style by the kind of the result.

    Where the result is about the logarithm (``scale`` "log"), its exponential is drawn: a
    typical run rather than the mean.

    Parameters
    ----------
    predicted : xr.Dataset
        From ``predict`` or ``compare``.
    result : str
    text : int, optional
        Of a result per text (or per model): this one only; all of them unless given.
    ax : Axes, optional
    label : str, optional
        The result's name unless given.
    colour : optional

    Raises
    ------
    ValueError
        When there is no such result or text.
    """
    names = [str(name) for name in predicted[labels.RESULT].values]
    if result not in names:
        raise ValueError(f"no result is called {result!r}; choose from: {', '.join(names)}.")
    one = predicted.sel({labels.RESULT: result})
    label_of = labels.variable(str(one[labels.VARIABLE].values))
    values = one[labels.PREDICTED]
    if labels.REPLICATE in values.dims:
        raise ValueError(f"{result} is predicted replicate by replicate; plot its comparison.")
    item = labels.item(values.dims)
    if item is not None and item not in label_of.dims:
        values = values.isel({item: 0})  # the same value stands at every one
    if str(one[labels.SCALE].values) == labels.LOG:
        values = values.copy(data=np.exp(values.values))
    values = values.where(values[labels.GENERATION] >= int(one[labels.VALID_FROM]))
    ax = _axes(ax, predicted[labels.GENERATION].values, label_of.axis)
    kind = str(one[labels.KIND].values)
    for series, name, shade in _lines(values, text, label or f"{_words(result)} ({kind})", colour):
        ax.plot(
            series[labels.GENERATION],
            series,
            linestyle=LINE_STYLES.get(kind, "--"),
            color=shade,
            label=name,
        )
    return ax


@styled
def plot_comparison(
    comparison: xr.Dataset,
    variable: str = labels.TEXT_DIVERSITY,
    *,
    text: int = 0,
    results: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """The simulated band, each predicted curve beside it, and the verdicts in the legend.

    Parameters
    ----------
    comparison : xr.Dataset
        From ``compare``.
    variable : str
    text : int
        Of a variable per text (or per model): which one.
    results : sequence of str, optional
        All results about the variable unless given.
    ax : Axes, optional

    Raises
    ------
    ValueError
        When no result is about the variable.
    """
    about = comparison[labels.VARIABLE].values == variable
    names = [str(name) for name in comparison[labels.RESULT].values[about]]
    names = [name for name in names if results is None or name in results]
    if not names:
        raise ValueError(f"no result of the comparison is about {variable}.")
    generation = comparison[labels.GENERATION].values
    ax = _axes(ax, generation, labels.variable(variable).axis)
    chosen = comparison.sel({labels.RESULT: names})
    item = labels.item(chosen.dims)
    if item is not None:
        chosen = chosen.sel({item: text})
    for scale, label in (
        (labels.LINEAR, "simulated, mean"),
        (labels.LOG, "simulated, geometric mean"),
    ):
        of_scale = np.flatnonzero(chosen[labels.SCALE].values == scale)
        if of_scale.size:
            first = chosen.isel({labels.RESULT: of_scale[0]})
            mean, error = (first[name].values for name in (labels.SIMULATED, labels.STANDARD_ERROR))
            if scale == labels.LOG:
                mean = np.exp(mean)
                error = mean * error  # of the exponential, to first order
            colour = PALETTE[0] if scale == "linear" else PALETTE[5]
            plot_band(ax, generation, mean, error, label=label, colour=colour)
    for name, colour in zip(names, colours(len(names) + 1)[1:], strict=True):
        row = chosen.sel({labels.RESULT: name})
        label = f"{_words(name)} ({row[labels.KIND].values}): {row[labels.VERDICT].values}"
        plot_prediction(comparison, name, text=text, ax=ax, label=label, colour=colour)
    legend_below(ax)
    return ax


@styled
def plot_z_scores(
    comparison: xr.Dataset,
    result: str,
    *,
    critical: float = 4.0,
    ax: Axes | None = None,
    label: str | None = None,
    colour: Any = None,
) -> Axes:
    """Z-scores of a result over the generations, with the critical values.

    Parameters
    ----------
    comparison : xr.Dataset
    result : str
    critical : float
    ax : Axes, optional
    label : str, optional
    colour : optional

    Raises
    ------
    ValueError
        When there is no such result.
    """
    if result not in comparison[labels.RESULT].values:
        raise ValueError(f"the comparison has no result {result!r}.")
    new = ax is None
    ax = _axes(ax, comparison[labels.GENERATION].values, "z-score of the residual")
    if new or not ax.lines:
        for value in (-critical, critical):
            ax.axhline(value, color="0.5", linewidth=0.8, linestyle=(0, (4, 2)))
    scores = comparison[labels.Z_SCORE].sel({labels.RESULT: result})
    scores = scores.where(comparison[labels.DECIDABLE].sel({labels.RESULT: result}))
    for series, name, shade in _lines(scores, None, label, colour):
        ax.plot(series[labels.GENERATION], series, color=shade, label=name, linewidth=0.9)
    return ax


@styled
def plot_rates(rates: xr.Dataset, text_probs: np.ndarray, *, ax: Axes | None = None) -> Axes:
    """Decay rates of image diversity in one image update, against the texts' probabilities.

    Parameters
    ----------
    rates : xr.Dataset
        From ``image_rates``: contraction factors of each text, drawn as ``-log(factor)``.
    text_probs : ndarray, shape (num_texts,)
    ax : Axes, optional

    Raises
    ------
    ValueError
        When the numbers of texts differ.
    """
    if np.shape(text_probs) != (rates.sizes[labels.TEXT],):
        raise ValueError(
            f"text_probs must give {rates.sizes[labels.TEXT]} probabilities, one per text."
        )
    ax = _axes(ax, None, "decay rate of image diversity [1/update]")
    order = np.argsort(text_probs)
    for (name, words), colour in zip(RATES.items(), colours(len(RATES)), strict=True):
        values = rates[name].values
        decay = -values if name == "lyapunov_rate" else -np.log(values)
        ax.loglog(text_probs[order], decay[order], "o-", markersize=3.5, color=colour, label=words)
    ax.set_xlabel(labels.variable(labels.TEXT_PROBS).axis)
    ax.legend()
    return ax


def _axes(ax: Axes | None, generation: np.ndarray | None, y_label: str) -> Axes:
    """The axes, or new ones, with their labels."""
    if ax is None:
        _, array = panels()
        ax = array[0, 0]
    if generation is not None:
        ax.set_xlabel(labels.COORDINATES[labels.GENERATION].long_name)
        ax.set_xlim(generation[0], max(generation[-1], ax.get_xlim()[1] if ax.lines else 0))
    if not ax.get_ylabel():
        ax.set_ylabel(y_label)
    return ax


def _lines(
    values: xr.DataArray, text: int | None, label: str | None, colour: Any
) -> list[tuple[xr.DataArray, str | None, Any]]:
    """The series to draw, each with its label and colour: one, or one per text or model."""
    item = labels.item(values.dims)
    if item is None:
        return [(values, label, colour)]
    known = values[item].values
    if text is None and len(known) == 1:
        text = known[0]
    if text is not None:
        if text not in known:
            raise ValueError(f"there is no {item} {text}; choose from 0 to {known[-1]}.")
        return [(values.sel({item: text}), label, colour)]
    words = "" if label is None else f"{label}, "
    return [
        (values.sel({item: one}), f"{words}{item} {one}", shade)
        for one, shade in zip(known, colours(len(known), ordered=True), strict=True)
    ]


def _words(result: str) -> str:
    return result.replace("_", " ")
