"""What a loss is due to, which model predicts best, and whether it fits: as figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from toolkit import labels
from toolkit.plotting.style import PALETTE, panels, styled

_BLUE, _RED, _GREEN = PALETTE[0], PALETTE[1], PALETTE[2]
_GREY = "0.85"


@styled
def plot_causes(result: xr.Dataset, *, ax: Axes | None = None, title: str | None = None) -> Axes:
    """What each cause takes away or brings back: median and central 90 % interval.

    Parameters
    ----------
    result : xr.Dataset
        From ``summary``.
    ax : Axes, optional
    title : str, optional
        The variable and the loss unless given.

    Raises
    ------
    ValueError
        When it has no causes, as that of a score.
    """
    if labels.CAUSE not in result.dims:
        raise ValueError("this summary holds no causes: of a score only the rate can be told.")
    draws = (
        result[labels.CONTRIBUTION]
        .stack(sample=labels.SAMPLE_DIMS)
        .transpose(labels.CAUSE, "sample")
    )
    loss = result[labels.LOSS].values.ravel()
    rows = ["whole loss", *map(str, draws[labels.CAUSE].values)]
    low, middle, high = np.quantile(np.vstack([loss, draws]), [0.05, 0.5, 0.95], axis=1)
    ax = _axes(ax)
    height = np.arange(len(rows))
    colour = [PALETTE[-1], *(_RED if value >= 0 else _GREEN for value in middle[1:])]
    colour[-1] = "0.5"  # interactions are no cause
    ax.barh(height, middle, color=colour, alpha=0.35, height=0.62)
    ax.hlines(height, low, high, color=colour, lw=2)
    ax.plot(middle, height, "|", color="black", ms=9, mew=1.5)
    ax.axvline(0, color="0.3", linewidth=0.8)
    ax.set_yticks(height, rows)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    ax.set_ylabel("loss, and what it is due to")
    variable = str(result.attrs[labels.VARIABLE]).replace("_", " ")
    ax.set_xlabel(f"{variable} lost (+) or brought back (-)")
    if title is None:
        title = f"Loss of {variable} in {result.attrs['horizon']} generations"
    ax.set_title(title)
    return ax


@styled
def plot_comparison_of_models(
    result: xr.Dataset, *, ax: Axes | None = None, title: str | None = None
) -> Axes:
    """Differences of elpd from the reference with their standard errors, the best first.

    Parameters
    ----------
    result : xr.Dataset
        From ``compare_models``.
    ax : Axes, optional
    title : str, optional
        What was left out, unless given.
    """
    ax = _axes(ax)
    best = result.sortby(labels.ELPD, ascending=False)
    difference = best[labels.ELPD_DIFFERENCE].values
    error = best[labels.ELPD_DIFFERENCE_SE].values
    weight = best[labels.STACKING_WEIGHT].values
    height = np.arange(difference.size)
    ax.axvline(0, color="0.5", linewidth=0.8)
    ax.hlines(height, difference - 2 * error, difference + 2 * error, color=_BLUE, lw=1.2)
    ax.hlines(height, difference - error, difference + error, color=_BLUE, lw=3.5)
    ax.plot(difference, height, "o", color="white", mec=_BLUE, ms=5)
    names = [
        f"{name}\n{f'weight {share:.2f}' if np.isfinite(apart) else 'impossible'}"
        for name, share, apart in zip(best[labels.VARIANT].values, weight, difference, strict=True)
    ]
    ax.set_yticks(height, names)
    ax.set_ylim(difference.size - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    ax.set_ylabel("variant, with its stacking weight")
    ax.set_xlabel(f"elpd minus that of {result.attrs['reference']!r}\n(bars: 1 and 2 se)")
    ax.set_title(f"Each {result.attrs['left_out']} left out" if title is None else title)
    return ax


@styled
def plot_predictive_check(
    result: xr.Dataset, *, ax: Axes | None = None, title: str | None = None
) -> Axes:
    """Each test statistic's distance from what the fit predicts, in sds.

    Those in red deviate after the correction for their number.

    Parameters
    ----------
    result : xr.Dataset
        From ``check_fit``.
    ax : Axes, optional
    title : str, optional
        Whether there is an alarm, unless given.
    """
    ax = _axes(ax)
    apart = (result[labels.DATA_VALUE] - result[labels.PREDICTED_MEAN]).values
    apart = apart / result[labels.PREDICTED_SD].values
    wrong = result[labels.ADJUSTED_P].values < float(result.attrs["level"])
    height = np.arange(apart.size)
    ax.axvspan(-2, 2, color=_GREY, linewidth=0)
    ax.axvline(0, color="0.5", linewidth=0.8)
    for chosen, colour, mark in ((~wrong, _BLUE, "o"), (wrong, _RED, "s")):
        ax.plot(apart[chosen], height[chosen], mark, color=colour, ms=5)
    ax.set_yticks(height, [str(name) for name in result[labels.STATISTIC].values])
    ax.set_ylim(apart.size - 0.5, -0.5)
    ax.set_xlim(*_symmetric(apart))
    ax.grid(axis="y", visible=False)
    ax.set_ylabel("test statistic")
    ax.set_xlabel("data minus mean of predicted, in sds of predicted")
    number = int(wrong.sum())
    told = f"Alarm: {number} of {apart.size} deviate" if number else "No alarm"
    ax.set_title(f"{told} ({result.attrs['model']})" if title is None else title)
    return ax


def _symmetric(values: Any) -> tuple[float, float]:
    most = max(3.0, 1.1 * float(np.max(np.abs(values))))
    return -most, most


def _axes(ax: Axes | None) -> Axes:
    if ax is None:
        ax = panels(size=(5.2, 3.6))[1][0, 0]
    return ax
