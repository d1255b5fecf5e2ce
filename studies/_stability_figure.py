"""The figure of the study of stability."""

from __future__ import annotations

from typing import Any

import numpy as np

from studies import _stability_cases as cases
from studies._stability_cases import EM, MISFIT, WELL, of_kind, value
from toolkit import labels, plotting
from toolkit.theory import number


def _times(config: Any, runs: Any) -> np.ndarray:
    """Rows of ratio, predicted and observed time of the well-specified Gaussian."""
    rows = []
    for claim in of_kind(runs.claims, WELL):
        logs = np.log(np.maximum(claim.measured.distance, 1e-300)).mean(axis=0)
        below = np.flatnonzero(logs < np.log(config.share_left))
        if below.size == 0:
            continue
        last = int(below[0])
        ends = logs[last - 1], logs[last]
        observed = last - 1 + (ends[0] - np.log(config.share_left)) / (ends[0] - ends[1])
        predicted = number(
            "retraining_time",
            share_left=config.share_left,
            synthetic_ratio=claim.ratio,
            misfit_eigenvalue=1.0,
        )
        rows.append((claim.ratio, float(predicted), float(observed)))
    return np.asarray(rows)


@plotting.styled
def figure(config: Any, runs: Any) -> Any:
    """Claims, transient, time; boundaries, selection and the envelope."""
    drawn, axes = plotting.panels(2, 3, size=(15, 8.4))
    _claims_panel(config, axes[0, 0], runs)
    _transient_panel(axes[0, 1], runs)
    _time_panel(config, axes[0, 2], runs)
    _crossing_panel(axes[1, 0], runs)
    _curated_panel(axes[1, 1], runs)
    _envelope_panel(config, axes[1, 2], runs)
    return drawn


def _claims_panel(config: Any, ax: Any, runs: Any) -> None:
    ratios = np.geomspace(min(config.ratios) / 1.5, 1.5 * max(config.ratios), 100)
    ax.plot(ratios, number("retraining_jacobian_well_specified", synthetic_ratio=ratios),
            color="0.4", label=r"$\lambda/(1+\lambda)$")  # fmt: skip
    kinds = (WELL, MISFIT, EM)
    styles = (("o", 8), ("s", 4.5), ("D", 5))
    for kind, colour, (marker, size) in zip(kinds, plotting.colours(3), styles, strict=True):
        own = of_kind(runs.claims, kind)
        if not own:
            continue
        at = [claim.ratio for claim in own]
        ax.errorbar(
            at,
            [claim.measured.factor for claim in own],
            [plotting.BAND * claim.measured.standard_error for claim in own],
            fmt=marker,
            markersize=size,
            color=colour,
            label=f"{kind} (observed)",
        )
        if kind == EM:
            ax.plot(at, [value(claim, labels.SPECTRAL_RADIUS) for claim in own], "_",
                    markersize=16, color=colour, label="the mixture's radius")  # fmt: skip
        threshold = value(own[0], labels.PAPER_RATIO)
        if threshold > ratios[0]:
            # From above the legend on.
            ax.axvline(threshold, ymin=0.33, color=colour, ls=":", label="paper's condition ends")
    ax.axhline(1, color="0.4", linewidth=0.8)
    plotting.log_axis(ax, horizontal=True)
    ax.set_xlim(ratios[0], ratios[-1])
    ax.set_ylim(0, 1.05)
    ax.set_xlabel(r"generated over real examples, $\lambda$")
    ax.set_ylabel("distance after a generation / before")
    ax.set_title("Full refits contract at every ratio, far beyond\nthe paper's condition")
    ax.legend(loc="lower right", fontsize=7, handlelength=2)


def _transient_panel(ax: Any, runs: Any) -> None:
    found = runs.transient
    claim = found.claim
    generation = np.arange(len(found.linear))
    blue, red, *_ = plotting.colours(2)
    ax.plot(generation, found.linear, color=blue, label="linear part")
    ax.plot(generation, found.distance, "o", markersize=4.5, color=red,
            label="two models retrained with endless data")  # fmt: skip
    ax.axhline(1, color="0.4", linewidth=0.8)
    ax.set_ylim(0, None)
    ax.set_xlim(-0.2, None)
    ax.set_xlabel("generation")
    ax.set_ylabel("distance / distance at the start")
    ax.set_title(
        f"{claim.kind[:1].upper()}{claim.kind[1:]}, λ = {claim.ratio:g}: the norm is "
        f"{value(claim, labels.OPERATOR_NORM):.2f}, the radius\n"
        f"{value(claim, labels.SPECTRAL_RADIUS):.2f}: a distance first grows, then falls"
    )
    ax.legend(loc="upper right")


def _time_panel(config: Any, ax: Any, runs: Any) -> None:
    ratios = np.geomspace(min(config.ratios), max(config.ratios), 100)
    given = {"share_left": config.share_left, "synthetic_ratio": ratios}
    blue, red, green = plotting.colours(3)
    ax.plot(ratios, number("retraining_time", misfit_eigenvalue=1.0, **given), color=blue,
            label="theorem, well specified")  # fmt: skip
    ax.plot(ratios, number("retraining_time_bound", **given), color=green, ls="--",
            label=r"bound, $(1+\lambda)\log(1/\ell)$")  # fmt: skip
    times = _times(config, runs)
    ax.plot(times[:, 0], times[:, 2], "o", color=red, label="observed")
    plotting.log_axis(ax, horizontal=True)
    plotting.log_axis(ax)
    ax.set_xlabel(r"generated over real examples, $\lambda$")
    ax.set_ylabel(f"generations until {config.share_left:.0%} of a distance is left")
    ax.set_title("More generated data: not unstable, but slower,\nin proportion to their ratio")
    ax.legend(loc="upper left")


def _crossing_panel(ax: Any, runs: Any) -> None:
    kinds = dict.fromkeys(case.kind for case in runs.boundary)
    for kind, colour in zip(kinds, plotting.colours(len(kinds)), strict=True):
        own = [case for case in runs.boundary if case.kind == kind]
        own = [case for case in own if np.isfinite(case.predicted)]
        ax.errorbar(
            [case.predicted for case in own],
            [case.observed for case in own],
            [plotting.BAND * case.error for case in own],
            fmt="o",
            markersize=5,
            color=colour,
            label=kind,
        )
    low, high = ax.get_xlim()
    ax.plot([low, high], [low, high], color="0.4", lw=1)
    ax.set_xlim(low, high)
    ax.axhline(1, color="0.4", linewidth=0.8)
    ax.axvline(1, color="0.4", linewidth=0.8)
    ax.set_xlabel("predicted factor of a generation")
    ax.set_ylabel("observed factor")
    ax.set_title("Where retraining is unstable, samples are biased:\nboth cross 1 together")
    ax.legend(loc="upper left")


def _curated_panel(ax: Any, runs: Any) -> None:
    own = [case for case in runs.boundary if case.kind == cases.CURATED]
    threshold = float(number("curated_threshold", **cases.selection()))
    ratios = np.linspace(0.2, threshold, 100)[:-1]
    blue, red, *_ = plotting.colours(2)
    radius = number("curated_radius", synthetic_ratio=ratios, **cases.selection())
    ax.plot(ratios, radius, color=blue, label="spectral radius at the fixed point")
    ax.errorbar([case.setting for case in own], [case.observed for case in own],
                [plotting.BAND * case.error for case in own], fmt="o", color=red, markersize=5,
                label="observed")  # fmt: skip
    ax.axhline(1, color="0.4", linewidth=0.8)
    ax.axvspan(threshold, max(3.0, own[-1].setting * 1.1), color="0.92", zorder=0)
    ax.set_xlim(0.2, max(3.0, own[-1].setting * 1.1))
    ax.text(threshold, 0.02, " no fixed point", transform=ax.get_xaxis_transform(), fontsize=8)
    ax.set_xlabel(r"selected over real examples, $\lambda$")
    ax.set_ylabel("distance after a generation / before")
    ax.set_title(
        "The better of two samples kept: stable up to\n"
        rf"$\lambda$ = {threshold:.3f}, where the fixed point is lost"
    )
    ax.legend(loc="upper left")


def _envelope_panel(config: Any, ax: Any, runs: Any) -> None:
    found = runs.envelope
    generation = np.arange(len(found.bound))
    blue, red, green = plotting.colours(3)
    middle, high = np.quantile(found.errors, [0.5, 1 - config.delta], axis=0)
    ax.plot(generation, found.bound, color=red, label="Theorem 2's envelope")
    ax.plot(generation, high, color=blue, label=f"{1 - config.delta:.0%} of runs")
    ax.plot(generation, middle, color=green, label="half of the runs")
    ax.set_xlim(0, generation[-1])
    ax.set_ylim(0, None)
    ax.set_xlabel("generation")
    ax.set_ylabel("distance of the parameters from the best")
    ax.set_title(
        f"Finite samples (n = {config.envelope_size}, λ = 1): the envelope holds,\n"
        f"and is {found.bound[-1] / high[-1]:.1f} times too wide"
    )
    plotting.label_ends(ax)
