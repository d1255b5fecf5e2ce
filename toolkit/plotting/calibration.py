"""Calibrations as figures: what ``calibrate`` found is drawn, nothing is computed.

In every panel the grey region is where calibrated fits stay, all at once, with the probability
that the calibration was run for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from toolkit import labels
from toolkit.plotting.style import PALETTE, colours, panels, styled

_GREY = "0.85"
_RIGHT, _WRONG = PALETTE[0], PALETTE[1]


@styled
def plot_ecdf_difference(
    result: xr.Dataset, parameter: str, *, ax: Axes | None = None, title: str | None = None
) -> Axes:
    """The distribution of a parameter's ranks minus the uniform one, with its band.

    Above zero on the left: true values lie too low among the draws, the fit is biased upward. An
    arch on the left and its mirror below on the right: intervals are too narrow.

    Parameters
    ----------
    result : xr.Dataset
        From ``calibrate``.
    parameter : str
    ax : Axes, optional
    title : str, optional
        The parameter and its verdict unless given.

    Raises
    ------
    ValueError
        When there is no such parameter.
    """
    one = _of(result, parameter)
    ax = _axes(ax)
    share = one[labels.RANK_SHARE].values
    ax.fill_between(
        share, one[labels.BAND_LOW], one[labels.BAND_HIGH], color=_GREY, linewidth=0, step="mid"
    )
    ax.axhline(0, color="0.5", linewidth=0.8)
    ax.step(share, one[labels.ECDF_DIFFERENCE], where="mid", color=_colour(one))
    ax.set_xlim(0, 1)
    ax.set_xlabel("rank of the true value, as a share")
    ax.set_ylabel("share of ranks below,\nminus uniform")
    ax.set_title(_title(one, parameter) if title is None else title)
    return ax


@styled
def plot_ranks(
    result: xr.Dataset, parameter: str, *, ax: Axes | None = None, title: str | None = None
) -> Axes:
    """How many true values have which rank, in bins of equal width.

    Parameters
    ----------
    result : xr.Dataset
    parameter : str
    ax : Axes, optional
    title : str, optional

    Raises
    ------
    ValueError
        When there is no such parameter.
    """
    one = _of(result, parameter)
    ax = _axes(ax)
    counts = one[labels.RANK_HISTOGRAM].values
    ax.bar(one[labels.RANK_BIN].values, counts, width=0.9 / counts.size, color=_colour(one))
    ax.axhline(counts.sum() / counts.size, color="black", linewidth=1, linestyle=(0, (5, 1.5)))
    ax.set_xlim(0, 1)
    ax.set_xlabel("rank of the true value, as a share")
    ax.set_ylabel("data sets")
    ax.set_title(_title(one, parameter) if title is None else title)
    return ax


@styled
def plot_coverage(
    results: Mapping[str, xr.Dataset],
    probability: float = 0.9,
    *,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """How often intervals covered, with binomial intervals: a row for each parameter.

    Parameters
    ----------
    results : mapping of xr.Dataset
        Calibrations by their names.
    probability : float
        Of the intervals.
    ax : Axes, optional
    title : str, optional
        The number of rows that cover as promised unless given.

    Raises
    ------
    ValueError
        When intervals of this probability were not counted.
    """
    ax = _axes(ax)
    rows: list[tuple[str, Any]] = []
    for name, result in results.items():
        known = result[labels.PROBABILITY].values
        if not np.isclose(known, probability).any():
            raise ValueError(f"coverage was counted at {known.tolist()}, not at {probability}.")
        at = result.isel({labels.PROBABILITY: int(np.isclose(known, probability).argmax())})
        rows += [
            (f"{name}: {_words(str(parameter))}", at.sel({labels.PARAMETER: parameter}))
            for parameter in result[labels.PARAMETER].values
        ]
    held = 0
    for height, (_, row) in enumerate(rows):
        low, high = float(row[labels.COVERAGE_LOW]), float(row[labels.COVERAGE_HIGH])
        right = low <= probability <= high
        held += right
        colour = _RIGHT if right else _WRONG
        ax.plot([low, high], [height, height], color=colour)
        ax.plot(float(row[labels.COVERAGE]), height, "o" if right else "s", color=colour, ms=4)
    ax.axvline(probability, color="black", linewidth=1, linestyle=(0, (5, 1.5)))
    ax.set_yticks(range(len(rows)), [name for name, _ in rows])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_ylabel("calibration: parameter")
    ax.set_xlim(max(0.0, ax.get_xlim()[0]), min(1.0, ax.get_xlim()[1]))
    ax.set_xlabel(f"coverage of central {probability:.0%} intervals")
    ax.set_title(f"{held} of {len(rows)} cover as promised" if title is None else title)
    return ax


@styled
def plot_ecdf_differences(
    results: Mapping[str, xr.Dataset], *, ax: Axes | None = None, title: str | None = None
) -> Axes:
    """Every parameter of several calibrations in one panel, each in units of its band.

    Beyond 1 or -1 the ranks have left their band.

    Parameters
    ----------
    results : mapping of xr.Dataset
    ax : Axes, optional
    title : str, optional
    """
    ax = _axes(ax)
    ax.axhspan(-1, 1, color=_GREY, linewidth=0)
    ax.axhline(0, color="0.5", linewidth=0.8)
    inside = total = 0
    for (name, result), colour in zip(results.items(), colours(len(results)), strict=True):
        difference = result[labels.ECDF_DIFFERENCE]
        edge = result[labels.BAND_HIGH].where(difference > 0, -result[labels.BAND_LOW])
        for index, parameter in enumerate(result[labels.PARAMETER].values):
            chosen = {labels.PARAMETER: parameter}
            curve = (difference / edge).sel(chosen)
            total, inside = total + 1, inside + bool(abs(curve).max() <= 1)
            label = name if index == 0 else None
            ax.plot(result[labels.RANK_SHARE], curve, color=colour, linewidth=0.9, label=label)
    ax.set_xlim(0, 1)
    ax.set_xlabel("rank of the true value, as a share")
    ax.set_ylabel("share of ranks below, minus uniform,\nover the half-width of its band")
    ax.set_title(
        f"Ranks of {inside} of {total} parameters are inside their bands"
        if title is None
        else title
    )
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def _of(result: xr.Dataset, parameter: str) -> xr.Dataset:
    names = [str(name) for name in result[labels.PARAMETER].values]
    if parameter not in names:
        raise ValueError(f"no parameter is called {parameter!r}; choose from: {', '.join(names)}.")
    return result.sel({labels.PARAMETER: parameter})


def _axes(ax: Axes | None) -> Axes:
    if ax is None:
        ax = panels()[1][0, 0]
    return ax


def _colour(one: xr.Dataset) -> Any:
    return _RIGHT if str(one[labels.VERDICT].values) == "calibrated" else _WRONG


def _title(one: xr.Dataset, parameter: str) -> str:
    return f"{_words(parameter)}:\n{one[labels.VERDICT].values}"


def _words(parameter: str) -> str:
    return parameter.replace("_", " ")
