"""The figure of the study of synthetic sizes."""

from __future__ import annotations

from typing import Any

import numpy as np

from studies import _in_context_cases as training
from studies import _synthetic_size_cases as cases
from studies._synthetic_size_cases import ONE, SOFTMAX, TWO
from toolkit import plotting

#: Where no synthetic example is drawn on a logarithmic axis, and where ever more of them are.
_NONE, _ENDLESS = 0.3, 3000.0


@plotting.styled
def figure(config: Any, runs: Any) -> Any:
    """Errors and best numbers; architectures and fits without a bias."""
    drawn, axes = plotting.panels(2, 2, size=(14, 8.6))
    _error_panel(config, axes[0, 0], runs)
    _best_panel(config, axes[0, 1], runs)
    _change_panel(config, axes[1, 0], runs)
    _unbiased_panel(config, axes[1, 1], runs)
    return drawn


def _error_panel(config: Any, ax: Any, runs: Any) -> None:
    norm = training.squared_norm(config)
    numbers = np.unique(np.round(np.geomspace(1, 2 * max(config.sizes), 60)))
    for real, colour in zip(config.shown, plotting.colours(len(config.shown)), strict=True):
        whole = cases.predicted(config, "error", real, numbers) / norm
        ax.plot(numbers, whole, color=colour, label=f"{real} real")
        none = float(cases.predicted(config, "error", real, 0)) / norm
        ax.axhline(none, color=colour, lw=0.7, ls=":")
        own = [one for one in runs.transformers[ONE] if one.num_real == real]
        ax.errorbar([one.num_synthetic for one in own], [one.after / norm for one in own],
                    [plotting.BAND * one.after_error / norm for one in own], fmt="o", ms=4.5,
                    color=colour, capsize=2)  # fmt: skip
        if real == config.shown[len(config.shown) // 2]:
            shift = cases.predicted(config, "shift", real, numbers) / norm
            ax.plot(numbers, shift, color=colour, ls="--", lw=1, label=f"{real} real: shift")
            ax.plot(numbers, whole - shift, color=colour, ls="-.", lw=1,
                    label=f"{real} real: sampling error")  # fmt: skip
    plotting.log_axis(ax, horizontal=True)
    plotting.log_axis(ax)
    ax.set_xlabel("synthetic examples (dotted: none)")
    ax.set_ylabel("squared error / that of answering 0")
    ax.set_title(
        f"One layer trained at {config.context}, theory and {config.num_seeds} transformers: a few "
        "synthetic\nexamples hurt, very many help where real ones are few"
    )
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=7.5)


def _place(config: Any, number: float) -> float:
    """Where a number of synthetic examples is drawn."""
    return _ENDLESS if number >= config.most else max(number, _NONE)


def _best_panel(config: Any, ax: Any, runs: Any) -> None:
    real = list(runs.best)
    colours = plotting.colours(2 + len(config.shifts))
    for context, best, colour, width in (
        (config.context, runs.best, colours[0], 2.4),
        (config.short, runs.short, colours[1], 1.4),
    ):
        ax.plot(real, [_place(config, one.num_synthetic) for one in best.values()], color=colour,
                lw=width, label=f"best, one layer trained at {context} (theory)")  # fmt: skip
    for (shift, found), colour in zip(runs.bound.items(), colours[2:], strict=True):
        ax.plot(real, [_place(config, one) for one in found], color=colour, lw=1, ls="--",
                label=f"bound, assumed shift {shift:g}")  # fmt: skip
    plotting.log_axis(ax)
    ax.set_ylim(_NONE / 1.5, 2 * _ENDLESS)
    ticks = [_NONE, 1, 10, 100, 1000, _ENDLESS]
    ax.set_yticks(ticks, ["none", "1", "10", "100", "1000", "ever more"])
    ax.minorticks_off()
    ax.set_xlabel("real examples")
    ax.set_ylabel("synthetic examples")
    ax.set_title(
        "For one layer the best number is all or nothing; what a\nbound "
        "recommends is decided by the constants that it assumes"
    )
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=7.5)


def _change_panel(config: Any, ax: Any, runs: Any) -> None:
    reals = sorted({one.num_real for one in runs.transformers[SOFTMAX]})
    shades = plotting.colours(len(reals), ordered=True)
    for name, mark, line in ((ONE, "o", "-"), (TWO, "s", "--"), (SOFTMAX, "D", ":")):
        for real, colour in zip(reals, shades, strict=True):
            own = [one for one in runs.transformers[name] if one.num_real == real]
            if not own:
                continue
            ax.errorbar(
                [one.num_synthetic for one in own],
                [one.change / one.before for one in own],
                [plotting.BAND * one.change_error / one.before for one in own],
                fmt=mark + line, ms=4.5, lw=1, color=colour, capsize=2,
                mfc=colour if name == ONE else "white",
                label=f"{name}, {real} real",
            )  # fmt: skip
    ax.axhline(0, color="0.4", linewidth=0.8)
    plotting.log_axis(ax, horizontal=True)
    ax.set_xlabel("synthetic examples")
    ax.set_ylabel("change of the error / error without them")
    ax.set_title(
        f"Trained at {config.context} (two layers: in closed form): architectures\n"
        "differ in what synthetic examples do to them"
    )
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=7)


def _unbiased_panel(config: Any, ax: Any, runs: Any) -> None:
    names = dict.fromkeys(one.name for one in runs.unbiased)
    for name, colour, mark in zip(names, plotting.colours(3), "osD", strict=True):
        own = [one for one in runs.unbiased if one.name == name]
        ax.errorbar([one.num_synthetic / one.num_real for one in own],
                    [one.change / one.before for one in own],
                    [plotting.BAND * one.change_error / one.before for one in own],
                    fmt=mark, ms=4.5, color=colour, capsize=2, label=name)  # fmt: skip
    ratios = np.geomspace(min(config.ratios), max(config.ratios), 100)
    ax.plot(ratios, cases.without_bias(config, ratios), color="0.4", label="theorem")
    ax.set_ylim(0, None)
    plotting.log_axis(ax, horizontal=True)
    ax.set_xlabel("synthetic examples for each real one")
    ax.set_ylabel("change of the error / error without them")
    ax.set_title(
        f"Fits without a bias ({config.unbiased_real} real examples): synthetic\n"
        "examples only add noise, most as many as real ones"
    )
    ax.legend(loc="lower center")
