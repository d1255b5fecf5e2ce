"""The figures of a report, each drawn by :mod:`toolkit.plotting` and put into the page itself."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toolkit import labels, plotting
from toolkit.forecast.dosing import DISTANCES
from toolkit.report.gathering import Findings
from toolkit.report.markup import Html, tag

#: An SVG longer than this is put in as a picture of points instead.
_LONGEST_SVG = 120_000
_DPI = 140
_COLUMNS = 3
_MOST_FANS = 4
_MOST_PARAMETERS = 9
_MOST_LINES = 60
#: Draws of a chain that are drawn, evenly spaced.
_MOST_DRAWS = 250


def figure(drawn: Figure, alt: str, caption: str) -> Html:
    """A figure inside the page: SVG where that is small, PNG otherwise.

    Parameters
    ----------
    drawn : Figure
    alt : str
        What it shows, for readers who cannot see it.
    caption : str
    """
    width = drawn.get_size_inches()[0] * 96
    image = tag("img", src=_inline(drawn), alt=alt, width=f"{width:.0f}")
    return tag("figure", image, tag("figcaption", caption))


@plotting.styled
def _inline(drawn: Figure) -> str:
    # In a data URI the ids of one SVG cannot meet those of another.
    svg = io.BytesIO()
    drawn.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    if svg.tell() <= _LONGEST_SVG:
        return f"data:image/svg+xml;base64,{base64.b64encode(svg.getvalue()).decode()}"
    png = io.BytesIO()
    drawn.savefig(png, format="png", dpi=_DPI, metadata={"Software": None})
    return f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"


@plotting.styled
def observed(found: Findings) -> Figure | None:
    """What was observed: a line for each replicate (or text), and their mean.

    Parameters
    ----------
    found : Findings
    """
    if labels.OBSERVED_VALUE not in found.ahead:
        return None
    values = found.ahead[labels.OBSERVED_VALUE]
    generation = values[labels.OBSERVED_GENERATION].values
    drawn, axes = plotting.panels(size=(6.6, 3.2))
    ax = axes[0, 0]
    lines = values.transpose(labels.OBSERVED_GENERATION, ...).values.reshape(len(generation), -1)
    marker = "." if np.isnan(lines).any() else ""  # a point between two gaps has no line
    for number, line in enumerate(lines.T[:_MOST_LINES]):
        label = "each" if number == 0 else None
        ax.plot(generation, line, marker=marker, ms=3, color="0.6", lw=0.8, label=label)
    if lines.shape[1] > 1:
        # A score may be missing somewhere; a mean of none is not drawn.
        seen = np.isfinite(lines)
        total = np.where(seen, lines, 0).sum(axis=1)
        mean = np.divide(
            total, seen.sum(axis=1), out=np.full(len(lines), np.nan), where=seen.any(axis=1)
        )
        ax.plot(generation, mean, color=plotting.colours(1)[0], lw=2.2, label="mean")
        ax.legend()
    if found.level is not None:
        ax.axhline(found.level, color=plotting.colours(2)[1], lw=0.9, linestyle=(0, (5, 1.5)))
    ax.set_xlabel("generation")
    ax.set_ylabel(axis_of(found.variable))
    ax.set_title("observed" + (f"; dashed: level {found.level:g}" if found.level else ""))
    return drawn


def axis_of(variable: str) -> str:
    """The axis label of a variable, also of one that only a forecast knows."""
    for known in (labels.VARIABLES, labels.OBSERVED, labels.PARAMETERS):
        if variable in known:
            return known[variable].axis
    return variable.replace("_", " ")


@plotting.styled
def priors_and_posteriors(fit: xr.DataTree) -> Figure | None:
    """For each number of the fit what was assumed before, and what is known now."""
    posterior, prior = fit["posterior"].to_dataset(), fit["prior"].to_dataset()
    names = _inferred(posterior)
    if not names:
        return None
    drawn, panels = _grid(len(names), 2.2)
    for ax, name in zip(panels, names, strict=False):
        _densities(ax, np.ravel(prior[name].values), np.ravel(posterior[name].values))
        ax.set_xlabel(name.replace("_", " "))
        ax.set_yticks([])
    panels[0].legend(loc="upper right", fontsize=7)
    return drawn


def _inferred(posterior: xr.Dataset) -> list[str]:
    """Names of single numbers that were not known."""
    found = []
    for name, variable in posterior.data_vars.items():
        if variable.ndim == len(labels.SAMPLE_DIMS) and np.ptp(variable.values) > 0:
            found.append(str(name))
    return found[:_MOST_PARAMETERS]


def _densities(ax: Axes, before: np.ndarray, after: np.ndarray) -> None:
    """Two histograms, in logs where the numbers span decades; the prior may run out of sight."""
    low, high = np.quantile(after, [0.001, 0.999])
    wide_low, wide_high = np.quantile(before, [0.02, 0.98])
    # Much wider a prior is shown in part, so that the posterior stays in sight.
    reach = 4 * (high - low)
    low, high = min(low, max(wide_low, low - reach)), max(high, min(wide_high, high + reach))
    if low > 0 and high > max(30 * low, 1):  # shares are shown as they are
        edges = np.geomspace(low, high, 45)
        ax.set_xscale("log")
    else:
        edges = np.linspace(low, high, 45)
    for values, colour, label, filled in (
        (before, "0.45", "prior", False),
        (after, plotting.colours(1)[0], "posterior", True),
    ):
        counts, _ = np.histogram(values, edges)
        height = counts / (len(values) * np.diff(edges))
        height = height * edges[1:] if ax.get_xscale() == "log" else height
        ax.stairs(height, edges, color=colour, fill=filled, alpha=0.55 if filled else 1.0, lw=1.3,
                  label=label)  # fmt: skip
    ax.set_ylim(0, None)


@plotting.styled
def traces(fit: xr.DataTree) -> Figure | None:
    """The draws of every chain, one after another: they should look alike and wander freely."""
    posterior = fit["posterior"].to_dataset()
    names = _inferred(posterior)
    if not names:
        return None
    drawn, panels = _grid(len(names), 1.9)
    for ax, name in zip(panels, names, strict=False):
        chains = posterior[name].transpose(*labels.SAMPLE_DIMS).values
        for chain, colour in zip(chains, plotting.colours(len(chains)), strict=True):
            every = -(-len(chain) // _MOST_DRAWS)
            at = np.arange(0, len(chain), every)
            ax.plot(at, chain[at], color=colour, lw=0.5, alpha=0.8)
        ax.set_xlabel("draw")
        ax.set_ylabel(name.replace("_", " "), fontsize=7.5)
    return drawn


def _grid(number: int, height: float) -> tuple[Figure, list[Axes]]:
    """So many panels in rows; what is left over is blank."""
    columns = 2 if number == 4 else min(number, _COLUMNS)
    rows = -(-number // columns)
    drawn, axes = plotting.panels(rows, columns, size=(2.75 * columns, height * rows))
    panels = list(axes.ravel())
    for ax in panels[number:]:
        ax.axis("off")
    return drawn, panels


@plotting.styled
def causes(found: Findings) -> Figure | None:
    """What the loss is due to, where that can be told."""
    if labels.CAUSE not in found.summary.dims:
        return None
    drawn, axes = plotting.panels(size=(6.6, 2.9))
    plotting.plot_causes(found.summary, ax=axes[0, 0])
    return drawn


@plotting.styled
def predictive_check(check: xr.Dataset) -> Figure:
    """How far each statistic of the data is from what the fit predicts."""
    rows = check.sizes[labels.STATISTIC]
    drawn, axes = plotting.panels(size=(7.4, 1.3 + 0.26 * rows))
    plotting.plot_predictive_check(check, ax=axes[0, 0])
    return drawn


@plotting.styled
def fans(found: Findings) -> tuple[Figure, list[dict[str, Any]]]:
    """The forecast of some replicates (and texts): those that are expected to lose most.

    Returns
    -------
    Figure
    list of dict
        Which ones, by coordinate.
    """
    chosen = _worst(found)
    columns = min(len(chosen), 2)
    rows = -(-len(chosen) // columns)
    # The legend, beside the last panel of the first row, has a column of its own.
    # Components have units of their own; replicates and texts are to be compared.
    alike = labels.COMPONENT not in found.ahead.dims
    size = (4.3 * columns + 1.7, 2.7 * rows)
    drawn, axes = plotting.panels(rows, columns, size=size, sharey=alike)
    for position, (ax, where) in enumerate(zip(axes.ravel(), chosen, strict=False)):
        plotting.plot_forecast(found.ahead, ax=ax, **where)
        ax.set_ylabel(found.variable.replace("_", " "))
        if position != columns - 1:
            ax.get_legend().remove()
    for ax in axes.ravel()[len(chosen) :]:
        ax.axis("off")
    return drawn, chosen


def _worst(found: Findings) -> list[dict[str, Any]]:
    """Those that are expected lowest; of a distance, highest."""
    last = found.ahead[labels.FORECAST_MEAN].isel({labels.GENERATION: -1})
    sign = -1 if found.variable in DISTANCES else 1
    order = np.argsort(sign * last.values, axis=None, kind="stable")[:_MOST_FANS]
    chosen = []
    for at in np.sort(order):
        index = np.unravel_index(at, last.shape)
        chosen.append({str(d): last[d].values[i] for d, i in zip(last.dims, index, strict=True)})
    return chosen


@plotting.styled
def dose_response(dose: xr.Dataset) -> Figure:
    """The probability to keep the target, by dose."""
    drawn, axes = plotting.panels(size=(7.4, 3.0))
    plotting.plot_dose_response(dose, ax=axes[0, 0])
    return drawn
