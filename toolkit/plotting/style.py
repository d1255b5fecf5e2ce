"""The one style of the toolkit's figures: panels, colours, labels at line ends, files.

Colours are Okabe and Ito's, which colour-blind readers can tell apart, or viridis where series
have an order.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

#: Okabe and Ito's colours, without their yellow, which is faint on paper.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
#: The part of viridis that is legible on white.
_VIRIDIS = (0.0, 0.85)
_STYLE: dict[Any, Any] = {
    "figure.dpi": 100,
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=PALETTE),
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "0.92",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.4,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "legend.handlelength": 2.6,
    "pdf.fonttype": 42,
    "svg.hashsalt": "coevo",
}


def styled[**P, T](function: Callable[P, T]) -> Callable[P, T]:
    """Run a function of figures under the toolkit's one style, and no other setting.

    Examples
    --------
    >>> styled(lambda: mpl.rcParams["axes.spines.top"])()
    False
    """

    @wraps(function)
    def inner(*args: P.args, **kwargs: P.kwargs) -> T:
        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update(_STYLE)
            return function(*args, **kwargs)

    return inner


@styled
def panels(
    rows: int = 1, columns: int = 1, *, size: tuple[float, float] | None = None, **same: Any
) -> tuple[Figure, np.ndarray]:
    """A figure of some panels, outside pyplot's global state.

    Parameters
    ----------
    rows, columns : int
    size : tuple of float, optional
        Width and height in inches.
    **same
        Passed to ``Figure.subplots``.

    Returns
    -------
    Figure
    ndarray of Axes, shape (rows, columns)

    Examples
    --------
    >>> figure, axes = panels(1, 2)
    >>> axes.shape
    (1, 2)
    """
    figure = Figure(figsize=size or (4.6 * columns, 3.4 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    axes: np.ndarray = figure.subplots(rows, columns, squeeze=False, **same)
    return figure, axes


def colours(number: int, *, ordered: bool = False) -> list[Any]:
    """So many colours that can be told apart: for names, or for an ordered series.

    Examples
    --------
    >>> colours(2)
    ['#0072B2', '#D55E00']
    >>> len(colours(5, ordered=True))
    5
    """
    if ordered or number > len(PALETTE):
        position = np.linspace(*_VIRIDIS, number) if number > 1 else np.array([0.3])
        return [tuple(colour) for colour in mpl.colormaps["viridis"](position).tolist()]
    return list(PALETTE[:number])


@styled
def label_ends(ax: Axes, *, size: float = 8) -> Axes:
    """Write each labelled line's label beside its right end, instead of a legend.

    Call it when everything is drawn and the limits are set.

    Parameters
    ----------
    ax : Axes
    size : float
        Of the letters, in points.
    """
    ends = []
    for line in ax.get_lines():
        points = np.column_stack([np.asarray(line.get_xdata(), float), line.get_ydata()])
        points = points[np.isfinite(points).all(axis=1)]
        if points.size and not str(line.get_label()).startswith("_"):
            ends.append((line, *points[-1]))
    figure = ax.get_figure(root=True)
    if not ends or figure is None:
        return ax
    figure.draw_without_rendering()  # so that the layout has its final height
    heights = np.array([ax.transData.transform((0, y))[1] for _, _, y in ends])
    placed = _spread(heights, 1.25 * size * figure.dpi / 72)
    for (line, x, _), height in zip(ends, placed, strict=True):
        share = ax.transAxes.inverted().transform((0, height))[1]
        ax.annotate(
            str(line.get_label()),
            (x, share),
            xytext=(4, 0),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            color=line.get_color(),
            fontsize=size,
            va="center",
            annotation_clip=False,
        )
    return ax


@styled
def log_axis(ax: Axes, *, horizontal: bool = False) -> Axes:
    """A logarithmic axis, with plain numbers where it spans less than two decades.

    The vertical axis, or the horizontal one.
    """
    (ax.set_xscale if horizontal else ax.set_yscale)("log")
    low, high = ax.get_xlim() if horizontal else ax.get_ylim()
    axis = ax.xaxis if horizontal else ax.yaxis
    if high < 100 * low:
        steps = tuple(range(1, 10)) if high < 8 * low else (1, 2, 5)
        axis.set_major_locator(LogLocator(subs=steps))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_locator(NullLocator())
    return ax


@styled
def legend_below(ax: Axes, *, columns: int = 1) -> Axes:
    """A legend under the axes, where it covers nothing."""
    ax.legend(loc="upper left", bbox_to_anchor=(0, -0.2), ncols=columns, borderaxespad=0)
    return ax


@styled
def save_figure(figure: Figure, stem: str | Path) -> tuple[Path, Path]:
    """Write ``stem.png`` (150 dpi) and ``stem.pdf``; equal figures give equal files.

    Parameters
    ----------
    figure : Figure
    stem : str or Path
        The path without an ending.

    Returns
    -------
    tuple of Path

    Examples
    --------
    >>> import tempfile
    >>> figure, _ = panels()
    >>> [path.name for path in save_figure(figure, tempfile.mkdtemp() + "/empty")]
    ['empty.png', 'empty.pdf']
    """
    png, pdf = Path(f"{stem}.png"), Path(f"{stem}.pdf")
    figure.savefig(png, dpi=150, metadata={"Software": None})
    figure.savefig(pdf, metadata={"CreationDate": None, "Producer": None, "Creator": None})
    return png, pdf


def _spread(heights: np.ndarray, apart: float) -> np.ndarray:
    """The heights moved as little as needed so that neighbours are ``apart``."""
    order = np.argsort(heights, kind="stable")
    placed = heights[order].astype(float)
    for _ in range(200):
        gap = apart - np.diff(placed)
        if (gap <= 1e-6).all():
            break
        push = np.maximum(gap, 0) / 2
        placed[:-1] -= push
        placed[1:] += push
    result = np.empty_like(placed)
    result[order] = placed
    return result
