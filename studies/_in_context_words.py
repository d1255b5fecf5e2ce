"""What the study of regression in context found, in words."""

from __future__ import annotations

from typing import Any

import numpy as np

from studies import _in_context_cases as cases
from studies._contraction import within
from studies._in_context_cases import CLOSED, ONE, Path
from studies._in_context_theory import (
    away,
    predicted_designs,
    predicted_growth,
    predicted_path,
    slope,
    threshold,
    typical_threshold,
)
from studies._study import CAVEAT, FAILS, HOLDS, Verdict

#: Standard errors beyond which a number is apart.
CRITICAL = 4.0
#: How far, relatively, a trained transformer may be from the closed form.
SLACK = 0.01


def _scores(config: Any, runs: Any) -> tuple[float, float]:
    """Standard errors from the predicted growth: of the mean square, and of typical runs."""
    found = np.array([one[1:] for one in runs.growth])
    square, typical = predicted_growth(config, [one.real for one in runs.growth])
    return (
        float(within(found[:, 0] / square, found[:, 1] / square, 1.0, SLACK).max()),
        float(within(found[:, 2] / typical, found[:, 3] / typical, 1.0, SLACK).max()),
    )


def finding(config: Any, runs: Any) -> str:
    best = cases.closed_gain(config, config.context)
    gains = "; ".join(
        f"n = {one.context}: {one.gain.mean():.4f} +- {_spread(one.gain):.4f} "
        f"({cases.closed_gain(config, one.context):.4f}), error {one.error.mean():.4f} "
        f"({one.best:.4f})"
        for one in runs.one
    )
    square, typical = predicted_growth(config, [one.real for one in runs.growth])
    factors = "; ".join(
        f"{one.real}: {one.square:.3f} +- {one.square_error:.3f} ({p:.3f}), "
        f"{one.typical:.3f} +- {one.typical_error:.3f} ({q:.3f})"
        for one, p, q in zip(runs.growth, square, typical, strict=True)
    )
    paths = "; ".join(_path_words(config, one) for one in runs.paths)
    own = _mean_of(runs, ONE, 0) / cases.squared_norm(config)
    return (
        f"Regressions on {config.num_inputs} inputs, coefficients of variance "
        f"{config.prior_variance:g}, noise of sd {config.noise_sd:g}; {config.num_seeds} seeds. "
        f"Trained, one layer of linear attention is one step of gradient descent with the gain of "
        f"theory (in brackets, as everywhere): {gains}. Two layers that may only descend end at "
        f"{runs.restricted.error.mean():.4f} ({runs.restricted.best:.4f}) at n = {config.context}, "
        f"free ones at {runs.two.error.mean():.4f}. In a loop of {config.context} examples, the "
        f"gain of contexts of {config.long} multiplies a squared difference of two runs in each "
        f"generation, by number of real examples, in the mean and typically, by {factors}: bounded "
        f"in the mean from a share of {threshold(config):.3f} on, typically from about "
        f"{typical_threshold(config):.3f}. Mean error after {config.generations} generations: "
        f"{paths}. With the gain of its own length, {best:.3f}, nothing explodes, but without real "
        f"data the error ends at {own:.1%} of that of answering 0. Runs that ran away, by real "
        f"examples among {config.context}: {_away_words(config, runs)}. Slopes of log error in log "
        f"length of contexts between the two longest, at a constant share, each at its own: "
        f"{_slope_words(config, runs)}."
    )


def _spread(values: np.ndarray) -> float:
    """The standard error of a mean over seeds."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))


def _path_words(config: Any, one: Path) -> str:
    undecided = np.flatnonzero(~one.decidable)
    where = "" if undecided.size == 0 else (
        f", which {len(one.errors)} runs no longer bear from generation {undecided[0]} on"
    )  # fmt: skip
    return (
        f"share {one.share:g}: {one.mean.value[-1]:.4g} "
        f"({predicted_path(config, one.share)[-1]:.4g}){where}, median "
        f"{np.median(one.errors[:, -1]):.3g}"
    )


def _mean_of(runs: Any, name: str, real: int) -> float:
    return float(np.median(runs.late[name, real]))


def _away_words(config: Any, runs: Any) -> str:
    return "; ".join(
        f"{name} "
        + ", ".join(f"{away(config, runs.late[name, real]):.1%} ({real})"
                    for real in config.late_real)
        for name in dict.fromkeys(name for name, _ in runs.late)
    )  # fmt: skip


def _slope_words(config: Any, runs: Any) -> str:
    return ", ".join(
        "{}, share {:g}: {:.2f} +- {:.2f}".format(name, share, *slope(runs.sizes, name, share))
        for name, lengths in ((ONE, config.lengths), (CLOSED, config.closed_lengths))
        for share in config.shares
        if len(lengths) > 1
    )


def verdicts(config: Any, runs: Any) -> dict[str, Verdict]:
    square, typical = _scores(config, runs)
    best = [cases.closed_gain(config, one.context) for one in runs.one]
    off = max(abs(one.gain.mean() - g) for one, g in zip(runs.one, best, strict=True))
    excess = max(float(one.excess.max()) for one in runs.one)
    better = float(runs.restricted.best / runs.two.error.mean())
    smallest = min(config.shares)
    steep, error = slope(runs.sizes, CLOSED, smallest)
    norm = cases.squared_norm(config)
    without = {name: float(np.median(found)) / norm
               for (name, real), found in runs.late.items() if real == 0}  # fmt: skip
    half = {name: float(np.median(runs.late[name, real])) / norm
            for name, real in runs.late if real == config.context // 2}  # fmt: skip
    gone = {name: max(away(config, found) for (own, _), found in runs.late.items() if own == name)
            for name in without}  # fmt: skip
    linear = predicted_designs(config)
    rise = float(runs.designs.mean(axis=0)[-1] / linear[-1])
    return {
        "One layer, trained, is the closed form": Verdict(
            HOLDS if excess < 0.01 and off < 0.01 else FAILS,
            f"Over {len(runs.one)} lengths and {config.num_seeds} seeds the error is at most "
            f"{excess:.2%} above that of the best gain, the mean gain at most {off:.4f} from it.",
        ),
        "Two layers, trained, are the closed form of two steps": Verdict(
            CAVEAT if runs.restricted.excess.max() < 0.01 and better > 1.01 else
            HOLDS if runs.two.excess.max() < 0.01 else FAILS,
            f"Where only steps are trained: at most {runs.restricted.excess.max():.2%} above it. "
            f"Free layers also transform the inputs: their error is {better:.2f} times smaller.",
        ),
        '"Even a constant-sized proportion of real data ensures convergence"': Verdict(
            CAVEAT if steep < -0.5 else FAILS,
            f"With one layer at the best gain of its contexts' length (the closed form; trained "
            f"ones agree as far as {max(config.lengths)}) the error falls, at a share of "
            f"{smallest:g}, like the length to the power {steep:.2f} +- {error:.2f} between "
            f"{sorted(config.closed_lengths)[-2]} and {max(config.closed_lengths)}. But at a given "
            f"length the share must be large enough: with "
            f"{config.context} examples and the gain of contexts of {config.long} the mean square "
            f"is unbounded below a share of {threshold(config):.3f} (with {config.long} examples "
            f"below {threshold(config, config.long):.3f}).",
        ),
        "Growth of the mean square and of typical runs, and their thresholds": Verdict(
            HOLDS if max(square, typical) < CRITICAL else FAILS,
            f"{len(runs.growth)} shares: beyond {SLACK:.0%}, at most {square:.1f} and "
            f"{typical:.1f} standard errors from the theorems' factors for the closed form.",
        ),
        '"The architecture matters"': Verdict(
            HOLDS if max(half.values()) > 1.5 * min(half.values()) else FAILS,
            "Median error over that of answering 0 with half the examples real: "
            + ", ".join(f"{name} {found:.3f}" for name, found in half.items())
            + "; largest share of runs that run away at any share of real data: "
            + ", ".join(f"{name} {found:.1%}" for name, found in gone.items())
            + ".",
        ),
        "Without real data the loop collapses": Verdict(
            HOLDS if min(without.values()) > 0.9 else CAVEAT if max(without.values()) > 0.9
            else FAILS,
            f"Median error after {config.generations} generations over that of answering 0: "
            + ", ".join(f"{name} {found:.3g}" for name, found in without.items())
            + f". On orthogonal designs at gain 1 it grows by the same in each generation: "
            f"{rise:.3f} of what theory says at the end.",
        ),
    }  # fmt: skip
