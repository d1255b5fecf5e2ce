"""The figure of the study of regression in context."""

from __future__ import annotations

from typing import Any

import numpy as np

from studies import _in_context_cases as cases
from studies._in_context_cases import CLOSED, LONG, ONE, SOFTMAX, TWO
from studies._in_context_theory import (
    predicted_growth,
    predicted_path,
    stationary,
    threshold,
    typical_threshold,
)
from toolkit import plotting

#: Errors above so many times that of answering 0 are drawn at the top.
_TOP = 1e4


@plotting.styled
def figure(config: Any, runs: Any) -> Any:
    """Paths and thresholds; architectures and lengths of contexts."""
    drawn, axes = plotting.panels(2, 2, size=(11.5, 8.6))
    _paths_panel(config, axes[0, 0], runs)
    _growth_panel(config, axes[0, 1], runs)
    _late_panel(config, axes[1, 0], runs)
    _sizes_panel(config, axes[1, 1], runs)
    return drawn


def _paths_panel(config: Any, ax: Any, runs: Any) -> None:
    norm = cases.squared_norm(config)
    generation = np.arange(config.generations + 1)
    shades = plotting.colours(len(runs.paths) + 1)
    for one, colour in zip(runs.paths, shades, strict=False):
        real = round(one.share * config.context)
        ax.plot(generation, predicted_path(config, one.share) / norm, color=colour,
                label=f"{real} of {config.context} real: mean, theory")  # fmt: skip
        sure = one.decidable
        ax.plot(generation[sure], one.mean.value[sure] / norm, "o", ms=4, color=colour)
        ax.plot(generation[~sure], one.mean.value[~sure] / norm, "o", ms=4, mfc="white",
                color=colour)  # fmt: skip
        ax.plot(generation, np.median(one.errors, axis=0) / norm, color=colour, ls="--", lw=1,
                label="half of the runs")  # fmt: skip
    ax.plot(generation, runs.designs.mean(axis=0) / norm, color=shades[-1], lw=1.2, ls=":",
            label="orthogonal designs, gain 1, none real")  # fmt: skip
    ax.axhline(1, color="0.4", linewidth=0.8)
    plotting.log_axis(ax)
    ax.set_xlim(0, config.generations)
    ax.set_xlabel("generation (open marks: too few runs bear the mean)")
    ax.set_ylabel("squared error / that of answering 0")
    ax.set_title(
        f"Gain of contexts of {config.long} in contexts of {config.context}: the mean error\n"
        "explodes where half of the runs are still bounded"
    )
    ax.legend(loc="upper left", fontsize=7)


def _growth_panel(config: Any, ax: Any, runs: Any) -> None:
    real = np.arange(config.context)
    curves = predicted_growth(config, real)
    blue, red, *_ = plotting.colours(2)
    share = np.array([one.real for one in runs.growth]) / config.context
    for curve, name, colour, mark in (
        (curves[0], "square", blue, "o"),
        (curves[1], "typical", red, "s"),
    ):
        words = {"square": "mean square", "typical": "typical run"}[name]
        ax.plot(real / config.context, curve, color=colour,
                label=f"{words}: theory, trained transformers")  # fmt: skip
        ax.errorbar(share, [getattr(one, name) for one in runs.growth],
                    [plotting.BAND * getattr(one, f"{name}_error") for one in runs.growth],
                    fmt=mark, ms=4.5, color=colour, capsize=2)  # fmt: skip
    ax.axhline(1, color="0.4", linewidth=0.8)
    ax.axvspan(0, threshold(config), color="0.93", zorder=0)
    for at, colour in ((threshold(config), blue), (typical_threshold(config), red)):
        ax.axvline(at, color=colour, ls=":", lw=1)
    ax.set_xlim(-0.015, 0.8)
    ax.set_ylim(0, None)
    ax.set_xlabel(f"share of real examples in a context of {config.context}")
    ax.set_ylabel("squared difference of two runs after / before")
    ax.set_title(
        f"In the mean unbounded below a share of {threshold(config):.2f}, typically below\n"
        f"{typical_threshold(config):.2f}: predicted, and seen in {config.num_seeds} trained "
        "transformers"
    )
    ax.legend(loc="upper right")


def _late_panel(config: Any, ax: Any, runs: Any) -> None:
    norm = cases.squared_norm(config)
    names = (ONE, LONG, TWO, SOFTMAX)
    marks = ("o", "^", "s", "D")
    for index, (name, colour, mark) in enumerate(
        zip(names, plotting.colours(4), marks, strict=True)
    ):
        share = np.array(config.late_real) / config.context
        found = np.array([
            np.quantile(np.minimum(np.nan_to_num(runs.late[name, real], nan=np.inf), _TOP * norm),
                        (0.05, 0.5, 0.95))
            for real in config.late_real
        ]) / norm  # fmt: skip
        at = share + 0.006 * (index - 1.5)
        ax.errorbar(at, found[:, 1], np.abs(found[:, [0, 2]] - found[:, [1]]).T, fmt=mark, ms=4.5,
                    color=colour, capsize=2, lw=0.9,
                    label=f"{name} ({_trained_at(config, name)})")  # fmt: skip
    curve = np.arange(1, config.context) / config.context
    ax.plot(curve, [stationary(config, share, config.context) / norm for share in curve],
            color=plotting.colours(1)[0], lw=1, label="one layer: theorem, mean")  # fmt: skip
    ax.axhline(1, color="0.4", linewidth=0.8)
    plotting.log_axis(ax)
    ax.set_ylim(None, 1.5 * _TOP)
    ax.set_xlabel(f"share of real examples in a context of {config.context}")
    ax.set_ylabel("squared error / that of answering 0")
    ax.set_title(
        f"After {config.generations} generations, median and 90 % of runs: the architecture\n"
        f"decides (in brackets: trained at; above {_TOP:g} drawn at the top)"
    )
    ax.legend(loc="upper right", fontsize=7.5)


def _trained_at(config: Any, name: str) -> int:
    return int(config.long if name == LONG else config.context)


def _sizes_panel(config: Any, ax: Any, runs: Any) -> None:
    norm = cases.squared_norm(config)
    colours = plotting.colours(len(config.shares))
    for share, colour in zip(config.shares, colours, strict=True):
        lengths = np.array(sorted({*config.lengths, *config.closed_lengths}))
        exact = [stationary(config, share, context) / norm for context in lengths]
        ax.plot(lengths, exact, color=colour, label=f"one layer, share {share:g}: theorem")
        marks = (ONE, "o", colour), (CLOSED, "x", colour), (SOFTMAX, "D", "white")
        for name, mark, fill in marks:
            own = {at: found for (of, part, at), found in runs.sizes.items()
                   if (of, part) == (name, share)}  # fmt: skip
            values = np.array(list(own.values())) / norm
            error = values.std(axis=1, ddof=1) / np.sqrt(values.shape[1])
            ax.errorbar(list(own), values.mean(axis=1), plotting.BAND * error, fmt=mark, ms=4.5,
                        color=colour, mfc=fill, capsize=2,
                        label=f"{name}, share {share:g}")  # fmt: skip
    first = stationary(config, max(config.shares), int(lengths[-1])) / norm
    ax.plot(lengths, first * lengths[-1] / lengths, color="0.5", ls=":", label="1 / length")
    plotting.log_axis(ax, horizontal=True)
    plotting.log_axis(ax)
    ax.set_ylim(None, 3)  # softmax attention may run away
    ax.set_xticks(lengths, [str(one) for one in lengths])
    ax.set_xlabel("examples in a context, whose gain (or training) it has")
    ax.set_ylabel("squared error / that of answering 0")
    ax.set_title(
        "At a constant share of real examples the error of one\n"
        "layer falls like 1 / length, once contexts are long"
    )
    ax.legend(loc="lower left", fontsize=7.5)
