"""Forecasts and doses as figures: what was found is drawn, nothing is computed."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from toolkit import labels
from toolkit.plotting.style import PALETTE, panels, styled

_OBSERVED, _AHEAD, _LEVEL = "black", PALETTE[0], PALETTE[1]
#: Opacity of the widest and of the narrowest band.
_FAINT, _STRONG = 0.18, 0.42
_DASHED = (0, (5, 1.5))
#: Width and height in inches, with room for the legend beside the axes.
_SIZE = (7.2, 3.4)
#: Letters of a title's line, and of one that may stand beside others.
_TITLE_WIDTH, _PANEL_WIDTH = 60, 58
_DOSES = {
    labels.INJECTION_FRACTION: "share of the mass that is injected",
    labels.INJECTION_PROB: "probability of a corpus injection",
    labels.NUM_USER_IMAGES: "real images given to a text in an update",
}


@styled
def plot_forecast(
    forecasted: xr.Dataset,
    *,
    replicate: Any = None,
    ax: Axes | None = None,
    title: str | None = None,
    **where: Any,
) -> Axes:
    """A fan: what was observed of a replicate, then the median and the central intervals.

    With a level, its line, and the interval of the time at which it is passed (marked with an
    arrow where that is beyond the horizon).

    Parameters
    ----------
    forecasted : xr.Dataset
        From ``forecast``.
    replicate : optional
        Its coordinate; the first unless given.
    ax : Axes, optional
    title : str, optional
        The replicate, and the probability to be below the level at the end, unless given.
    **where
        Of a variable with further dims the one to draw, as in ``text=2``; the first unless given.

    Raises
    ------
    ValueError
        When there is no such replicate, text or dim.
    """
    one = _chosen(forecasted, {labels.REPLICATE: replicate, **where})
    ax = panels(size=_SIZE)[1][0, 0] if ax is None else ax
    generation = one[labels.GENERATION].values
    if labels.OBSERVED_VALUE in one:
        seen, values = one[labels.OBSERVED_GENERATION].values, one[labels.OBSERVED_VALUE].values
        # A point between two gaps has no line.
        marker = "." if np.isnan(values).any() else ""
        ax.plot(seen, values, marker=marker, ms=3, color=_OBSERVED, lw=1, label="observed")
    widest_first = np.argsort(-one[labels.PROBABILITY].values)
    shades = np.linspace(_FAINT, _STRONG, len(widest_first))
    for index, alpha in zip(widest_first, shades, strict=True):
        band = one.isel({labels.PROBABILITY: index})
        ax.fill_between(
            generation,
            band[labels.INTERVAL_LOW],
            band[labels.INTERVAL_HIGH],
            color=_AHEAD,
            alpha=alpha,
            linewidth=0,
            label=f"{100 * float(band[labels.PROBABILITY]):.0f} % interval",
        )
    ax.plot(generation, one[labels.FORECAST_MEDIAN], color=_AHEAD, label="median forecast")
    if labels.TIME_QUANTILE in one:
        _draw_level(ax, one)
    ax.set_xlabel(labels.COORDINATES[labels.GENERATION].long_name)
    ax.set_ylabel(_axis(one, labels.FORECAST))
    ax.set_title(_fan_title(one) if title is None else title)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def _draw_level(ax: Axes, one: xr.Dataset) -> None:
    """The level, and on it the interval of the first time below with its median."""
    level, last = float(one.attrs["below"]), float(one[labels.GENERATION][-1])
    # Times count from the generation before the first one that was forecast.
    now = float(one[labels.GENERATION][0]) - 1
    ax.axhline(level, color=_LEVEL, linewidth=0.9, linestyle=_DASHED, label=f"level {level:g}")
    low, middle, high = (
        now + float(one[labels.TIME_QUANTILE].sel({labels.QUANTILE: q})) for q in (0.05, 0.5, 0.95)
    )
    if not np.isfinite(low):
        return
    end = high if np.isfinite(high) else last
    label = "first below (90 % interval)"
    ax.plot([low, end], [level, level], color=_LEVEL, linewidth=3.5, label=label, zorder=4)
    if not np.isfinite(high):
        ax.plot(last, level, ">", color=_LEVEL, markersize=7, clip_on=False, zorder=5)
    if np.isfinite(middle):
        ax.plot(middle, level, "o", color="white", markeredgecolor=_LEVEL, ms=6, zorder=6)


def _fan_title(one: xr.Dataset) -> str:
    named = [
        f"{name} {one[name].item()}"
        for name in (labels.REPLICATE, labels.TEXT, labels.COMPONENT)
        if name in one.coords
    ]
    if labels.PROBABILITY_BELOW in one:
        share = float(one[labels.PROBABILITY_BELOW][-1])
        last = one[labels.GENERATION][-1].item()
        level = float(one.attrs["below"])
        named.append(f"below {level:g} at generation {last}: {100 * share:.0f} %")
    return textwrap.fill(", ".join(named), _PANEL_WIDTH)


@styled
def plot_dose_response(
    found: xr.Dataset, *, ax: Axes | None = None, title: str | None = None
) -> Axes:
    """The probability to keep the target against the dose, with the answer and its interval.

    Parameters
    ----------
    found : xr.Dataset
        From ``dose``.
    ax : Axes, optional
    title : str, optional
        The answer, unless given.

    Raises
    ------
    ValueError
        When it is no dose.
    """
    if labels.DOSE_ANSWER not in found:
        raise ValueError("there is no dose in it; give what dose returns.")
    ax = panels(size=_SIZE)[1][0, 0] if ax is None else ax
    at, kept = found[labels.DOSE].values, found[labels.PROBABILITY_KEPT].values
    bars = 2 * found[labels.STANDARD_ERROR].values
    ax.errorbar(
        at, kept, yerr=bars, color=_AHEAD, marker="o", ms=3.5, linewidth=1.2, elinewidth=0.9,
        clip_on=False,
        label="probability (±2 standard errors)",
    )  # fmt: skip
    wanted = float(found.attrs["probability"])
    label = f"wanted: {wanted:g}"
    ax.axhline(wanted, color="0.35", linewidth=0.9, linestyle=_DASHED, label=label)
    answer = float(found[labels.DOSE_ANSWER])
    low, high = float(found[labels.DOSE_LOW]), float(found[labels.DOSE_HIGH])
    if answer > 0:
        ax.axvline(answer, color=_LEVEL, linewidth=1.2, label=f"answer: {answer:.3g}")
        if np.isfinite(low):
            ax.axvspan(low, high if np.isfinite(high) else at[-1], color=_LEVEL, alpha=0.2, lw=0)
    if labels.CLOSED_FORM in found:
        quick = float(found[labels.CLOSED_FORM].sel({labels.QUANTILE: 0.5}))
        if np.isfinite(quick):
            label = f"closed form for the mean: {quick:.3g}"
            ax.axvline(quick, color=PALETTE[2], linewidth=1.2, linestyle=(0, (1, 1.2)), label=label)
    positive = at[at > 0]
    ax.set_xscale("symlog", linthresh=positive[0], linscale=0.4)
    ax.set_xlim(0, at[-1])
    ax.set_ylim(-0.02, 1.02)
    ax.set_xlabel(_DOSES[str(found.attrs["vary"])])
    ax.set_ylabel("probability to keep the target")
    ax.set_title(_dose_title(found) if title is None else title)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def _dose_title(found: xr.Dataset) -> str:
    """The answer without its probability, which the legend tells."""
    answer = str(found.attrs["answer"]).partition(" with probability")[0]
    return textwrap.fill(answer.replace("_", " "), _TITLE_WIDTH)


def _chosen(forecasted: xr.Dataset, where: dict[str, Any]) -> xr.Dataset:
    """One replicate, and one text or component where there are several."""
    if labels.FORECAST_MEAN not in forecasted:
        raise ValueError("there is no forecast in it; give what forecast returns.")
    dims = [str(d) for d in forecasted[labels.FORECAST_MEAN].dims if d != labels.GENERATION]
    for name in where:
        if name not in dims:
            raise ValueError(f"the forecast has no dim {name!r}; choose from: {', '.join(dims)}.")
    one = forecasted
    for dim in dims:
        values = forecasted[dim].values.tolist()
        value = where.get(dim)
        if value is None:
            value = values[0]
        if value not in values:
            known = ", ".join(map(str, values[:10]))
            raise ValueError(f"no {dim} is called {value!r}; choose from: {known}.")
        one = one.isel({dim: values.index(value)})
    return one


def _axis(one: xr.Dataset, name: str) -> str:
    attrs = one[name].attrs
    words, units = str(attrs.get("long_name", one.attrs[labels.VARIABLE])), attrs.get("units", "1")
    if words == labels.FORECASTS[labels.FORECAST].long_name:
        words = str(one.attrs[labels.VARIABLE]).replace("_", " ")
    return words if units == "1" else f"{words} [{units}]"
