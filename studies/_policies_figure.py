"""The figure of data policies: a row for each family, then the policies' numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from studies._policies import (
    ACCUMULATE,
    BEST,
    CLOSED,
    CURATED,
    INJECTED,
    MIX,
    OPEN,
    REPLACE,
    RESERVOIR,
    Cell,
    Sweep,
)
from toolkit import labels, plotting
from toolkit.metrics import Mean
from toolkit.theory import number

_GENERATION = labels.COORDINATES[labels.GENERATION].long_name
_EXACT = plotting.LINE_STYLES["exact"]
_ERROR, _VARIANCE = "error / that of the first fit", "variance / the real one"


@plotting.styled
def figure(
    cells: Mapping[tuple[str, str], Cell],
    sweeps: list[Sweep],
    schedules: Mapping[float, Cell],
    ratios: Mapping[float, Cell],
) -> Any:
    """Errors and variances of all policies on each family; weights, schedules and ratios."""
    families = list(dict.fromkeys(family for family, _ in cells))
    drawn, axes = plotting.panels(len(families) + 1, 4, size=(16, 3.1 * (len(families) + 1)))
    for row, family in zip(axes, families, strict=False):
        last = family == families[-1]
        for ax, policies, variable in (
            (row[0], CLOSED, labels.MODEL_ERROR),
            (row[1], OPEN, labels.MODEL_ERROR),
            (row[2], CLOSED, labels.MODEL_VARIANCE),
            (row[3], OPEN, labels.MODEL_VARIANCE),
        ):
            own = {policy: cells[family, policy] for policy in policies}
            _panel(ax, family, own, variable)
            if last and variable == labels.MODEL_ERROR:
                ax.legend(loc="upper left", bbox_to_anchor=(0, -0.22), ncols=2, borderaxespad=0)
    names = list(dict.fromkeys(one.family for one in sweeps))
    _weights(axes[-1, 0], [one for one in sweeps if one.family == names[0]])
    _minima(axes[-1, 1], sweeps)
    _schedules(axes[-1, 2], schedules)
    _ratios(axes[-1, 3], ratios)
    return drawn


def _panel(ax: Any, family: str, own: Mapping[str, Cell], variable: str) -> None:
    error = variable == labels.MODEL_ERROR
    for (policy, cell), colour in zip(own.items(), plotting.colours(len(own)), strict=True):
        mean = cell.error if error else cell.variance
        plotting.plot_band(
            ax, cell.generation, mean.value, mean.standard_error, label=policy, colour=colour
        )
        if variable in cell.predicted:
            ax.plot(cell.generation, cell.predicted[variable], color="black", lw=0.8,
                    linestyle=_EXACT)  # fmt: skip
    if not error and np.ptp(cell.variance.value) == 0:
        ax.set_ylim(0, 2)
    else:
        plotting.log_axis(ax)
    ax.set_xlim(0, cell.generation[-1])
    ax.set_xlabel(_GENERATION)
    ax.set_ylabel(_ERROR if error else _VARIANCE)
    ax.set_title(f"{family}: {_words(own, error)}")


def _words(own: Mapping[str, Cell], error: bool) -> str:
    """What a panel shows, in numbers."""

    def end(policy: str) -> str:
        mean: Mean = own[policy].error if error else own[policy].variance
        return f"{mean.value[-1]:.3g}"

    first = next(iter(own.values()))
    if not error and np.ptp(first.variance.value) == 0:
        return "its variance is known"
    if REPLACE in own and error:
        return (
            f"replacing ends at {end(REPLACE)},\na reservoir at {end(RESERVOIR)}, "
            f"all generations at {end(ACCUMULATE)}"
        )
    if REPLACE in own:
        return f"replaced {end(REPLACE)},\naccumulated {end(ACCUMULATE)}, mixed {end(MIX)}"
    if error:
        return f"fresh data end at {end(BEST)},\ninjected {end(INJECTED)}, selection {end(CURATED)}"
    return f"selection leaves {end(CURATED)},\nfresh data {end(BEST)}"


def _weights(ax: Any, sweeps: list[Sweep]) -> None:
    for one, colour in zip(sweeps, plotting.colours(len(sweeps)), strict=True):
        words = f"{one.num_fresh} fresh, {one.num_generated} generated"
        plotting.plot_band(ax, one.weights, one.error, one.standard_error, label=words,
                           colour=colour)  # fmt: skip
        ax.plot(one.weights, one.exact, color="black", lw=0.8, linestyle=_EXACT)
        ax.axvline(one.predicted, color=colour, lw=0.8, linestyle=":")
    plotting.log_axis(ax)
    ax.set_xlim(0, 1)
    ax.set_xlabel("weight of the fresh examples")
    ax.set_ylabel(_ERROR)
    equal = [one for one in sweeps if one.num_fresh == one.num_generated]
    ax.set_title(
        f"{sweeps[0].family}, fresh data: least at {equal[0].least:.3f} for equal\n"
        f"numbers (dotted: predicted; 1/golden ratio = {number('golden_weight'):.3f})"
    )
    ax.legend(loc="best")


def _minima(ax: Any, sweeps: list[Sweep]) -> None:
    size = sweeps[0].num_generated
    fresh = np.geomspace(0.1, 10, 60)
    predicted = [
        number("best_fresh_weight", num_real=number_fresh, num_generated=size)
        for number_fresh in np.rint(fresh * size)
    ]
    ax.plot(
        np.rint(fresh * size) / size,
        predicted,
        color="black",
        lw=0.9,
        linestyle=_EXACT,
        label="predicted",
    )
    names = list(dict.fromkeys(one.family for one in sweeps))
    for name, colour in zip(names, plotting.colours(len(names)), strict=True):
        own = [one for one in sweeps if one.family == name]
        ax.errorbar(
            [one.num_fresh / one.num_generated for one in own],
            [one.least for one in own],
            [plotting.BAND * one.least_error for one in own],
            fmt="o",
            color=colour,
            markersize=9 - 4 * names.index(name),
            fillstyle="none",
            capsize=2,
            label=name,
        )
    plotting.log_axis(ax, horizontal=True)
    ax.set_ylim(0, 1)
    ax.set_xlabel("fresh examples for each generated one")
    ax.set_ylabel("weight of the least error")
    ax.set_title("The best weight depends on the numbers:\n1/golden ratio for equal ones alone")
    ax.legend(loc="lower right")


def _schedules(ax: Any, schedules: Mapping[float, Cell]) -> None:
    shades = plotting.colours(len(schedules), ordered=True)
    for (growth, cell), colour in zip(schedules.items(), shades, strict=True):
        plotting.plot_band(ax, cell.generation, cell.error.value, cell.error.standard_error,
                           label=f"a = {growth:g}", colour=colour)  # fmt: skip
        ax.plot(cell.generation, cell.predicted[labels.MODEL_ERROR], color="black", lw=0.8,
                linestyle=_EXACT)  # fmt: skip
    plotting.log_axis(ax)
    ax.set_xlim(0, cell.generation[-1])
    ax.set_xlabel(_GENERATION)
    ax.set_ylabel(_ERROR)
    ax.set_title("Replaced by n (t+1)^a examples: the error\nstays bounded for a > 1 alone")
    plotting.label_ends(ax)


def _ratios(ax: Any, ratios: Mapping[float, Cell]) -> None:
    shades = plotting.colours(len(ratios), ordered=True)
    for (ratio, cell), colour in zip(ratios.items(), shades, strict=True):
        plotting.plot_band(ax, cell.generation, cell.error.value, cell.error.standard_error,
                           label=f"{ratio:g} to 1", colour=colour)  # fmt: skip
        ax.plot(cell.generation, cell.predicted[labels.MODEL_ERROR], color="black", lw=0.8,
                linestyle=_EXACT)  # fmt: skip
    ax.axhline(1, color="0.4", lw=0.8)
    ax.set_xlim(0, cell.generation[-1])
    ax.set_xlabel(_GENERATION)
    ax.set_ylabel(_ERROR)
    ax.set_title(
        "The same real data every time: the more are\ngenerated for each, the larger the error"
    )
    plotting.label_ends(ax)
