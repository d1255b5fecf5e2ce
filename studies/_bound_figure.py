"""The figure of the study of the generalisation bound."""

from __future__ import annotations

from typing import Any

import numpy as np

from studies import _recursive_cases as families
from toolkit import labels, plotting

_TERMS = (
    (labels.BOUND_SHIFT, "distribution shift"),
    (labels.BOUND_UNIFORM, "uniform stability"),
    (labels.BOUND_RECURSIVE, "recursive stability"),
)


@plotting.styled
def figure(config: Any, runs: Any) -> Any:
    """F1 in random loops, one family by generation, all families, and growing data."""
    drawn, axes = plotting.panels(2, 2, size=(12.5, 9.5))
    _shift_panel(axes[0, 0], runs)
    _course_panel(axes[0, 1], runs)
    _families_panel(axes[1, 0], runs)
    _growing_panel(axes[1, 1], runs)
    return drawn


def _shift_panel(ax: Any, runs: Any) -> None:
    shifts = runs.shifts
    edges = np.linspace(0, 1, 41)
    for real, colour in zip((False, True), plotting.colours(7), strict=False):
        own = shifts.ratio[(shifts.share > 0) == real]
        name = "some real data" if real else "no real data"
        ax.hist(own, edges, color=colour, alpha=0.55, label=f"{name} ({own.size} loops)")
    ax.axvline(1, color="0.2", ls="--", label="attained: the same mass in every generation")
    ax.set_xlim(0, 1.03)
    ax.set_xlabel("total variation from the real law over F1's bound, largest by generation")
    ax.set_ylabel("random loops")
    ax.set_title(f"F1 holds in all {shifts.ratio.size} random loops")
    ax.legend(loc="upper left")
    ax.set_ylim(0, 1.35 * ax.get_ylim()[1])


def _course_panel(ax: Any, runs: Any) -> None:
    own = [one for one in runs.bounds if one.kind == families.GAUSSIAN] or runs.bounds[:3]
    for one, colour in zip(own, plotting.colours(7), strict=False):
        generation = one.found[labels.GENERATION].values
        ax.plot(generation, one.found[labels.BOUND_EXPECTED], color=colour, ls="--")
        gap = np.abs(one.found[labels.GAP].values)
        reach = plotting.BAND * one.found[labels.GAP + labels.OF_ERROR].values
        ax.errorbar(generation, gap, reach, fmt="o-", markersize=3.5, color=colour,
                    label=f"{one.share:.0%} real data")  # fmt: skip
    whole = float(own[0].found[labels.LOSS_BOUND])
    ax.axhline(whole, color="0.4", linewidth=0.8)
    ax.text(generation[-1], whole, "range of the loss: vacuous above", ha="right", va="bottom",
            fontsize=8)  # fmt: skip
    plotting.log_axis(ax)
    ax.set_xlabel("generation [generation]")
    ax.set_ylabel("generalisation gap")
    ax.set_title(f"{own[0].kind}:\nthe gap (points) is far below the bound (dashed)")
    ax.set_xticks(generation)
    ax.legend(loc="upper left")


def _families_panel(ax: Any, runs: Any) -> None:
    rows = list(runs.bounds)
    for row, one in enumerate(rows):
        start, whole = 0.0, float(one.found[labels.LOSS_BOUND])
        for (name, _), colour in zip(_TERMS, plotting.colours(7), strict=False):
            width = float(one.found[name].values[-1]) / whole
            ax.barh(row, width, left=start, color=colour, height=0.6)
            start += width
        gap = abs(float(one.found[labels.GAP].values[-1])) / whole
        ax.plot([gap], [row], "D", color="black", markersize=4)
    for (_, name), colour in zip(_TERMS, plotting.colours(7), strict=False):
        ax.barh([0], [0], color=colour, label=name)
    ax.plot([], [], "D", color="black", markersize=4, label="measured gap")
    ax.axvline(1, color="0.3", ls=":")
    ax.set_yticks(range(len(rows)), [f"{one.kind}, {one.share:.0%} real" for one in rows],
                  fontsize=7)  # fmt: skip
    ax.invert_yaxis()
    ax.set_ylabel("family and share of real data")
    ax.set_xlabel("over the range of the loss (beyond the dotted line: vacuous)")
    last = int(rows[0].found[labels.GENERATION].values[-1])
    ax.set_title(f"The bound's terms after {last} generations, constants measured")
    ax.legend(loc="lower right")


def _growing_panel(ax: Any, runs: Any) -> None:
    sizes = np.array([one.number for one in runs.growing], float)

    def over_range(name: str) -> np.ndarray:
        return np.array(
            [
                abs(float(one.found[name].values[-1])) / float(one.found[labels.LOSS_BOUND])
                for one in runs.growing
            ]
        )

    names = (
        (labels.BOUND_CONFIDENT, "bound with confidence", "s--"),
        (labels.BOUND_EXPECTED, "bound on the mean gap", "o--"),
        (labels.GAP_QUANTILE, "95 % quantile of the gap, measured", "s-"),
        (labels.GAP, "mean gap, measured", "o-"),
    )
    for (name, said, style), colour in zip(names, plotting.colours(7), strict=False):
        ax.plot(sizes, over_range(name), style, color=colour, markersize=4, label=said)
    ax.axhline(1, color="0.3", ls=":")
    plotting.log_axis(ax)
    plotting.log_axis(ax, horizontal=True)
    one = runs.growing[0]
    ax.set_xlabel(f"examples of a training set, {one.share:.0%} real")
    ax.set_ylabel("over the range of the loss")
    ax.set_title(f"{one.kind}:\nthe bound falls with the data, and stays loose")
    ax.set_xticks(sizes, [f"{size:g}" for size in sizes])
    ax.minorticks_off()
    ax.set_ylim(ax.get_ylim()[0] / 30, None)
    ax.legend(loc="lower left")
