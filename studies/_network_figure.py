"""The figure of the study of networks: contraction, errors, drift and diversity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from toolkit import plotting
from toolkit.theory import number

WORDS = {"alone": "each alone", "ring": "ring", "star": "star", "complete": "complete graph"}


@plotting.styled
def figure(config: Any, runs: Any) -> Any:
    """Contraction, errors, drift and diversity, graph by graph."""
    drawn, axes = plotting.panels(2, 2, size=(11, 8))
    colours = dict(zip(config.graphs, plotting.colours(len(config.graphs)), strict=True))
    _contraction_panel(config, axes[0, 0], runs, colours)
    _error_panel(config, axes[0, 1], runs, colours)
    _drift_panel(config, axes[1, 0], runs, colours)
    _diversity_panel(config, axes[1, 1], runs, colours)
    return drawn


def _contraction_panel(config: Any, ax: Any, runs: Any, colours: Mapping[str, Any]) -> None:
    ratios = np.geomspace(min(config.ratios) / 2, 2 * max(config.ratios), 100)
    ax.plot(ratios, number("retraining_jacobian_well_specified", synthetic_ratio=ratios),
            color="0.4", label=r"$\lambda/(1+\lambda)$, whatever W")  # fmt: skip
    sizes = np.linspace(12, 3, len(config.graphs))
    for (name, colour), markersize in zip(colours.items(), sizes, strict=True):
        own = [runs.contractions[name, ratio] for ratio in config.ratios]
        ax.errorbar(
            config.ratios,
            [one.factor for one in own],
            [plotting.BAND * one.standard_error for one in own],
            fmt="o",
            markersize=markersize,
            color=colour,
            label=f"{WORDS[name]}: runs",
        )
    ax.axhline(1, color="0.4", linewidth=0.8)
    ax.set_ylim(0, 1.05)
    plotting.log_axis(ax, horizontal=True)
    ax.set_xlabel(r"generated over real examples of each model, $\lambda$")
    ax.set_ylabel("distance after a generation / before")
    ax.set_title("A common distance is forgotten as by one model alone,\nwhatever the network")
    ax.legend(loc="lower right")


def _error_panel(config: Any, ax: Any, runs: Any, colours: Mapping[str, Any]) -> None:
    generation = np.arange(config.generations + 1)
    for name, colour in colours.items():
        errors = runs.errors[name]
        ax.plot(generation, errors.predicted, color=colour, lw=1.2, label=WORDS[name])
        ax.errorbar(
            generation[::3],
            errors.mean[::3],
            plotting.BAND * errors.error[::3],
            fmt="o",
            markersize=3,
            color=colour,
        )
    ax.set_xlim(0, config.generations)
    ax.set_ylim(0, None)
    ax.set_xlabel("generation")
    ax.set_ylabel("mean squared distance from the settled model")
    ax.set_title(
        f"Exchange averages the noise of sampling away (λ = {config.ratio:g}):\n"
        "theorem (lines) and runs (points)"
    )
    plotting.label_ends(ax)


def _drift_panel(config: Any, ax: Any, runs: Any, colours: Mapping[str, Any]) -> None:
    generation = np.arange(config.closed_generations + 1)
    every = max(config.closed_generations // 20, 1)
    for name, colour in colours.items():
        closed = runs.closed[name]
        ax.plot(generation, closed.predicted * generation, color=colour, lw=1.2,
                label=WORDS[name])  # fmt: skip
        ax.errorbar(
            generation[::every],
            closed.drift[::every],
            plotting.BAND * closed.drift_error[::every],
            fmt="o",
            markersize=3,
            color=colour,
        )
    ax.set_xlim(0, config.closed_generations)
    ax.set_ylim(0, None)
    ax.set_xlabel("generation, without real data")
    ax.set_ylabel("squared distance of the consensus")
    ax.set_title(
        "Without real data the consensus wanders for ever, the slower\n"
        r"the more models bear it: $(V/n)\sum\pi_i^2$ a generation"
    )
    plotting.label_ends(ax)


def _diversity_panel(config: Any, ax: Any, runs: Any, colours: Mapping[str, Any]) -> None:
    generation = np.arange(config.closed_generations + 1)
    for name, colour in colours.items():
        likeliest, unbiased = runs.closed[name].diversity
        ax.plot(generation, likeliest, color=colour, label=f"{WORDS[name]}, ddof 0")
        ax.plot(generation, unbiased, color=colour, ls="--", label=f"{WORDS[name]}, ddof 1")
    ax.set_xlim(0, config.closed_generations)
    plotting.log_axis(ax)
    ax.set_xlabel("generation, without real data")
    ax.set_ylabel("typical diversity of a model (geometric mean)")
    ax.set_title(
        f"Diversity of Gaussians of n = {config.closed_size} examples:\n"
        "disagreement in a network offsets the loss, or outdoes it"
    )
    plotting.label_ends(ax)
