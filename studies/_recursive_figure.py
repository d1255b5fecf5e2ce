"""The figure of the study of recursive stability."""

from __future__ import annotations

from typing import Any

import numpy as np

from studies import _recursive_cases as cases
from toolkit import labels, plotting


@plotting.styled
def figure(config: Any, runs: Any) -> Any:
    """Closed forms by generation and all at once; families; growing data."""
    drawn, axes = plotting.panels(2, 2, size=(11.5, 8.4))
    _course_panel(axes[0, 0], runs)
    _grid_panel(axes[0, 1], runs)
    _families_panel(axes[1, 0], runs)
    _growing_panel(axes[1, 1], runs)
    return drawn


def _course_panel(ax: Any, runs: Any) -> None:
    largest = max(cell.number for cell in runs.grid)
    own = [one for one in runs.grid if (one.kind, one.number) == (cases.GAUSSIAN, largest)]
    for cell, colour in zip(own, plotting.colours(len(own)), strict=True):
        generation = np.arange(cell.predicted.size)
        ax.plot(generation, cell.predicted, color=colour, label=f"{cell.share:.0%} real data")
        ax.errorbar(generation, cell.measured, plotting.BAND * cell.error, fmt="o", markersize=3,
                    color=colour)  # fmt: skip
    ax.set_ylim(0, None)
    ax.set_xlabel("generation [generation]")
    ax.set_ylabel(r"total variation $\gamma$")
    ax.set_title(
        f"Noise covers one example of {largest}, unless real data show it again\n"
        "(lines: closed form; points: two-sample estimates)"
    )
    ax.legend()


def _grid_panel(ax: Any, runs: Any) -> None:
    kinds = (cases.GAUSSIAN, cases.REGRESSION)
    for kind, colour, marker in zip(kinds, plotting.colours(2), "os", strict=True):
        own = [cell for cell in runs.grid if cell.kind == kind]
        ax.errorbar(
            np.concatenate([cell.predicted for cell in own]),
            np.concatenate([cell.measured for cell in own]),
            plotting.BAND * np.concatenate([cell.error for cell in own]),
            fmt=marker,
            markersize=3,
            color=colour,
            label=kind,
            linewidth=0.8,
        )
    ax.axline((0, 0), slope=1, color="0.4", linewidth=0.8)
    ax.set_xlabel(r"predicted $\gamma$")
    ax.set_ylabel(r"measured $\gamma$")
    ax.set_title("Closed forms agree over sizes, shares and generations")
    ax.legend()


def _families_panel(ax: Any, runs: Any) -> None:
    kinds = list(dict.fromkeys(one.kind for one in runs.families))
    for row, kind in enumerate(kinds):
        for one in (one for one in runs.families if one.kind == kind):
            real = one.share > 0
            for at, (generation, shade) in enumerate(((0, 1.0), (-1, 0.45))):
                low = one.found[labels.TV_LOW].values[0, generation]
                high = one.found[labels.TV_HIGH].values[0, generation]
                typical = one.found[labels.TV_HIGH].values[1:, generation].mean()
                y = row + 0.16 * (2 * real - 1) + 0.14 * (at - 0.5)
                colour = plotting.colours(2)[int(real)]
                ax.plot([low, high], [y, y], color=colour, alpha=shade, linewidth=4,
                        solid_capstyle="butt")  # fmt: skip
                ax.plot([typical], [y], "|", color="0.2", markersize=6)
    for real in (0, 1):
        share = max(one.share for one in runs.families)
        name = f"{share:.0%} real data" if real else "no real data"
        ax.plot([], [], color=plotting.colours(2)[real], linewidth=4, label=name)
    ax.plot([], [], "|", color="0.2", label="typical neighbours, at most")
    ax.set_yticks(range(len(kinds)), kinds)
    ax.invert_yaxis()
    ax.set_ylabel("family")
    ax.set_xlim(0, 1)
    ax.set_xlabel(r"total variation $\gamma$, worst neighbour tried (95 % interval)")
    last = runs.families[0].found.sizes[labels.GENERATION] - 1
    ax.set_title(f"Every family, at generation 0 (dark) and {last} (pale)")
    plotting.legend_below(ax, columns=3)


def _growing_panel(ax: Any, runs: Any) -> None:
    kinds = list(dict.fromkeys(one.kind for one in runs.growing))
    for kind, colour in zip(kinds, plotting.colours(7), strict=False):
        own = [one for one in runs.growing if one.kind == kind]
        sizes = np.array([one.number for one in own], float)
        low, high = (
            np.array([one.found[end].values[0, 0] for one in own])
            for end in (labels.TV_LOW, labels.TV_HIGH)
        )
        ax.fill_between(sizes, low, high, color=colour, alpha=0.25, linewidth=0)
        ax.plot(sizes, (low + high) / 2, "o-", color=colour, markersize=4, label=kind)
    top = max(one.found[labels.TV_HIGH].values[0, 0] for one in runs.growing)
    sizes = np.array(sorted({one.number for one in runs.growing}), float)
    ax.plot(sizes, top * np.sqrt(sizes[0] / sizes), color="0.4", ls="--", label=r"$n^{-1/2}$")
    plotting.log_axis(ax)
    plotting.log_axis(ax, horizontal=True)
    ax.set_xticks(sizes, [f"{size:g}" for size in sizes])
    ax.set_xlabel("real examples, as many as generated ones, n")
    ax.set_ylabel(r"$\gamma$ of the first generation")
    ax.set_title("Averages forget one example as data grow, memory does not")
    ax.legend()
