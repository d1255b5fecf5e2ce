"""The figure of retrained Gaussians and mixtures."""

from __future__ import annotations

from typing import Any

import numpy as np

from studies._collapse import DRIFT, MIXED, NARROW, OWN, VARIANCE, Case, Modes, Runs, roots
from toolkit import labels, plotting
from toolkit.theory import retraining_diversity as names

_GENERATION = labels.COORDINATES[labels.GENERATION].long_name
#: Of a run's mixture, when it is drawn: shares of all generations.
_SHOWN = (0.0, 0.1, 0.3, 1.0)
#: Standard deviations from a mode's mean to its outline.
_OUTLINE = 2.0


@plotting.styled
def figure(runs: Runs) -> Any:
    """Nine panels: rates, bounds, means and runs; what the mean does; real data; modes."""
    drawn, axes = plotting.panels(3, 3, size=(14, 11))
    counts = sorted({count for _, _, count in runs.own})
    _line_panel(axes[0, 0], runs, counts)
    _plane_panel(axes[0, 1], runs, counts)
    _root_panel(axes[0, 2], runs, counts[0])
    _variance_panel(axes[1, 0], runs, counts[0])
    _drift_panel(axes[1, 1], runs, counts[0])
    _mix_panel(axes[1, 2], runs)
    few = min(count for _, count in runs.modes)
    _outlines(axes[2, 0], runs.modes[OWN, few], "own samples alone: modes shrink and vanish")
    _outlines(axes[2, 1], runs.modes[MIXED, few], "half real data: modes stay")
    _within_panel(axes[2, 2], runs)
    return drawn


def _of(one: Case, name: str) -> np.ndarray:
    """A variable of all replicates, shape (replicates, generations + 1)."""
    return np.asarray(one.simulated[name].isel(model=0).values)


def _generations(one: Case) -> np.ndarray:
    return np.asarray(one.simulated[labels.GENERATION].values)


def _typical(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(np.log(values).mean(axis=0)))


def _line_panel(ax: Any, runs: Runs, counts: list[int]) -> None:
    for count, colour in zip(counts, plotting.colours(len(counts)), strict=True):
        one = runs.own["line", 1, count]
        until = one.first_undecidable(names.MEAN)
        time, values = _generations(one), _of(one, labels.MODEL_DIVERSITY)
        plotting.plot_band(ax, time[:until], values.mean(axis=0)[:until], colour=colour, lw=2)
        plotting.plot_band(ax, time, _typical(values), label=f"n = {count}", colour=colour, lw=0.9)
        for result in (names.MEAN, names.LOG_MEAN):
            plotting.plot_prediction(one.comparison, result, ax=ax, colour="0.25", label="_")
    plotting.log_axis(ax)
    ax.set_xlim(0, time[-1])
    ax.set_ylabel("standard deviation of the model, d = 1")
    ax.set_title(
        "One dimension: the mean (thick) falls as $c(n-1)^t$,\n"
        "a typical run (thin) twice as fast (dashed: exact)"
    )
    plotting.label_ends(ax)


def _plane_panel(ax: Any, runs: Runs, counts: list[int]) -> None:
    styles = {"plane": "-", NARROW: (0, (1, 1))}
    for count, colour in zip(counts, plotting.colours(len(counts)), strict=True):
        for kind, style in styles.items():
            one = runs.own[kind, 1, count]
            until = one.first_undecidable(names.UPPER)
            upper = one.comparison[labels.PREDICTED].sel(result=names.UPPER).values[:, 0]
            ratio = (_of(one, labels.MODEL_DIVERSITY).mean(axis=0) / upper)[:until]
            words = "isotropic" if kind == "plane" else "anisotropic"
            ax.plot(_generations(one)[:until], ratio, color=colour, linestyle=style,
                    label=f"n = {count}, {words}")  # fmt: skip
    ax.axhline(1, color="0.3", lw=0.9)
    ax.axhline(0.5, color="0.3", lw=0.9, linestyle=plotting.LINE_STYLES["lower bound"])
    ax.set_ylim(0.45, 1.25)
    ax.set_xlim(0, _generations(one)[-1])
    ax.set_xlabel(_GENERATION)
    ax.set_ylabel("mean diversity / upper bound $c(n-1)^t D_0$")
    ax.set_title(
        "The plane: the mean stays between the bounds (grey; the\n"
        "lower: isotropic start), as far as enough runs bear it"
    )
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 0.12), ncols=2, fontsize=7)


def _root_panel(ax: Any, runs: Runs, count: int) -> None:
    generation, mean, bound = roots(runs.own[NARROW, 1, count])
    reached = 1 + mean.value / bound
    error = mean.standard_error / bound
    keep = generation <= 60
    words = ("wide axis", "narrow axis", "diagonals")
    for index, colour in zip(range(3), plotting.colours(3), strict=True):
        plotting.plot_band(
            ax,
            generation[keep],
            reached[keep, index],
            error[keep, index],
            label=words[index],
            colour=colour,
        )
    ax.axhline(1, color="0.3", lw=0.9)
    ax.set_ylim(0, None)
    ax.set_xlim(0, generation[keep][-1])
    ax.set_xlabel(_GENERATION)
    ax.set_ylabel("mean $v'\\Sigma_t^{1/2}v$ / its bound")
    ax.set_title(
        f"Proposition 1 in every direction (n = {count}, anisotropic):\n"
        "the root stays below $c(n-1)^t$ times its start"
    )
    plotting.label_ends(ax)


def _variance_panel(ax: Any, runs: Runs, count: int) -> None:
    for ddof, colour in zip((1, 0), plotting.colours(2), strict=True):
        one = runs.own["line", ddof, count]
        time, values = _generations(one), _of(one, labels.MODEL_VARIANCE)
        words = "unbiased" if ddof else "likeliest"
        plotting.plot_band(ax, time, values.mean(axis=0), label=f"{words}: mean", colour=colour)
        plotting.plot_band(ax, time, _typical(values), label=f"{words}: typical", colour=colour,
                           lw=0.9)  # fmt: skip
        plotting.plot_prediction(one.comparison, VARIANCE, ax=ax, colour="0.25", label="_")
    lost = runs.own["line", 1, count].first_undecidable(VARIANCE)
    ax.axvline(lost, color="0.5", lw=0.8)
    ax.annotate("too few runs bear the\nmean from here on", (lost, 0.04),
                xycoords=("data", "axes fraction"), xytext=(4, 0),
                textcoords="offset points", fontsize=8, color="0.4")  # fmt: skip
    plotting.log_axis(ax)
    ax.set_xlim(0, time[-1])
    ax.set_xlabel(_GENERATION)
    ax.set_ylabel("variance of the model [feature unit$^2$]")
    ax.set_title(
        f"n = {count}: the exact mean (dashed) of the unbiased variance\n"
        "never falls, though every run collapses"
    )
    plotting.label_ends(ax)


def _drift_panel(ax: Any, runs: Runs, count: int) -> None:
    for ddof, colour in zip((1, 0), plotting.colours(2), strict=True):
        one = runs.own["line", ddof, count]
        time, values = _generations(one), _of(one, labels.MODEL_ERROR)
        words = "unbiased" if ddof else "likeliest"
        plotting.plot_band(ax, time, values.mean(axis=0), label=f"{words}: mean", colour=colour)
        plotting.plot_band(ax, time, np.median(values, axis=0), label=f"{words}: median",
                           colour=colour, lw=0.9)  # fmt: skip
        plotting.plot_prediction(one.comparison, DRIFT, ax=ax, colour="0.25", label="_")
    plotting.log_axis(ax)
    ax.set_ylim(1e-2, None)
    ax.set_xlim(0, time[-1])
    ax.set_xlabel(_GENERATION)
    ax.set_ylabel("squared drift of the mean [feature unit$^2$]")
    ax.set_title(
        f"n = {count}: the mean squared drift grows as V t/n or to V\n"
        "(likeliest; both dashed), its median comes to rest"
    )
    plotting.label_ends(ax)


def _mix_panel(ax: Any, runs: Runs) -> None:
    for (ratio, one), colour in zip(
        runs.mixed.items(), plotting.colours(len(runs.mixed)), strict=True
    ):
        plotting.plot_trajectory(
            one.simulated, labels.MODEL_VARIANCE, ax=ax, label=f"{ratio} to 1", colour=colour
        )
        plotting.plot_prediction(one.comparison, VARIANCE, ax=ax, colour="0.25", label="_")
    ax.set_ylim(0, 1.2)
    ax.set_ylabel("mean variance [feature unit$^2$]")
    ax.set_title(
        f"{one.system.num_real} real examples in every training set: the variance\n"
        "settles (dashed: exact), however many are generated"
    )
    plotting.label_ends(ax)


def _outlines(ax: Any, one: Modes, words: str) -> None:
    last = one.within.shape[1] - 1
    shown = [round(share * last) for share in _SHOWN]
    angle = np.linspace(0, 2 * np.pi, 60)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    weights, means, covariance_roots = one.first
    for generation, colour in zip(shown, plotting.colours(len(shown), ordered=True), strict=True):
        for component in range(weights.shape[1]):
            if weights[generation, component] < 1e-3:
                continue
            root = covariance_roots[generation, component]
            x, y = means[generation, component][:, None] + _OUTLINE * root @ circle
            label = f"generation {generation}" if component == 0 else None
            ax.plot(x, y, color=colour, lw=1.2, label=label)
    for generation, colour in zip(shown, plotting.colours(len(shown), ordered=True), strict=True):
        ax.plot([], [], color=colour, label=f"generation {generation}")
    handles = ax.get_lines()[-len(shown) :]
    ax.set_aspect("equal")
    ax.set_xlabel("feature 0 [feature unit]")
    ax.set_ylabel("feature 1 [feature unit]")
    number = one.system.num_generated + (one.system.num_real if "half" in words else 0)
    ax.set_title(f"One run, {number} examples (outlines at 2 sd):\n{words}")
    ax.legend(handles=handles, loc="center")


def _within_panel(ax: Any, runs: Runs) -> None:
    counts = sorted({count for _, count in runs.modes})
    for policy, words in ((OWN, "own"), (MIXED, "half real")):
        colour = plotting.colours(2)[(OWN, MIXED).index(policy)]
        for count, width in zip(counts, (0.9, 1.8, 2.6), strict=False):
            one = runs.modes[policy, count]
            plotting.plot_band(
                ax,
                np.arange(one.within.shape[1]),
                _typical(one.within),
                label=f"{words}, n = {count}",
                colour=colour,
                lw=width,
            )
    plotting.log_axis(ax)
    ax.set_xlim(0, one.within.shape[1] - 1)
    ax.set_xlabel(_GENERATION)
    ax.set_ylabel("sd within modes / real one, typical run")
    ax.set_title(
        "On its own samples a mixture shrinks onto the means of\n"
        "its modes, the sooner the fewer examples; not on a mix"
    )
    plotting.label_ends(ax)
